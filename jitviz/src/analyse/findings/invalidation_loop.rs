//! `invalidation-loop`: a global or class attribute that traces take for constant is set again and again.
//! Cost: exits to the interpreter there, recording and compiling the bridges, and compiled code on the line. Saving:
//! about all of it; the work itself is not told apart from the tests.

use super::places::{Fork, Sort, forks};
use super::{Finding, fork_finding};
use crate::model::Model;
use crate::units::{count, plural};

pub const ID: &str = "invalidation-loop";

pub fn find(model: &Model) -> Vec<Finding> {
    let wanted = |f: &Fork| f.sort == Sort::Constant && f.bridges.len() + f.guards.len() >= 8 && f.passes >= 1_000;
    let finding = |f: Fork| {
        let cause = format!(
            "A value that was taken for a constant when it was recorded was another one {} times, with {}.",
            count(f.passes),
            plural(f.bridges.len() as u64, "bridge"),
        );
        let advice = "Pass the value as an argument or keep it in a local variable or an instance; leave globals and class attributes alone while the loop runs.";
        fork_finding(model, ID, f, cause, advice)
    };
    forks(model).into_iter().filter(wanted).map(finding).collect()
}
