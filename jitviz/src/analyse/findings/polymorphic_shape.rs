//! `polymorphic-shape`: instances of one class have their attributes in different orders, so they look like many classes.
//! Cost: exits to the interpreter there, recording and compiling the bridges, and compiled code on the line, without what
//! that calls for other than attributes (`calls.rs`). Saving: where attributes are looked up by calls, since there are more
//! shapes than bridges, about all of it, the work itself not being told apart from the tests; else what testing and
//! following the shapes takes of the loop's own instructions.

use super::places::{Fork, Sort, forks};
use super::{Finding, fork_finding};
use crate::model::Model;
use crate::units::{count, plural};

pub const ID: &str = "polymorphic-shape";

pub fn find(model: &Model) -> Vec<Finding> {
    let wanted = |f: &Fork| f.sort == Sort::Layout && f.passes >= 1_000;
    let finding = |f: Fork| {
        let cause = format!(
            "Instances of one class met here have different attributes, orders of them, or floats in some where others have none: {} times another than the one recorded, with {}.",
            count(f.passes),
            plural(f.bridges.len() as u64, "bridge"),
        );
        let advice = "Set all attributes in __init__, always in the same order, with None for those that come later, 0.0 for those that will be floats.";
        fork_finding(model, ID, f, cause, advice)
    };
    forks(model).into_iter().filter(wanted).map(finding).collect()
}
