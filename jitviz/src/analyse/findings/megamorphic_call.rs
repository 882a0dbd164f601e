//! `megamorphic-call`: one line calls so many functions, or methods of so many classes, that each needs a bridge.
//! Cost: exits to the interpreter there, recording and compiling the bridges, and compiled code on the line. Saving:
//! about all of it; the work itself is not told apart from the tests.

use super::places::{Fork, Sort, forks};
use super::{Finding, fork_finding};
use crate::model::Model;
use crate::units::{count, plural};

pub const ID: &str = "megamorphic-call";

pub fn find(model: &Model) -> Vec<Finding> {
    let wanted = |f: &Fork| matches!(f.sort, Sort::Target | Sort::Class) && f.bridges.len() >= 6;
    let finding = |f: Fork| {
        let cause = format!(
            "What is called on this line keeps changing: {} times it was another function or class than the one recorded, and it took {} to follow.",
            count(f.passes),
            plural(f.bridges.len() as u64, "bridge"),
        );
        let advice = "Call fewer targets from one place: give each kind a loop of its own, or put what differs into data. Sorting the work by kind alone saves less: the tests remain.";
        fork_finding(model, ID, f, cause, advice)
    };
    forks(model).into_iter().filter(wanted).map(finding).collect()
}
