//! `list-kind-change`: a list holds values of several types, so what is read from it has to be tested and the loop has a
//! bridge for each. Cost and saving as of other forks. jitvm does not unbox lists; other VMs' logs show the same guards.

use serde_json::json;

use super::places::{Fork, Sort, forks};
use super::{Finding, fork_finding};
use crate::model::{Model, Operand};
use crate::units::{count, plural};

pub const ID: &str = "list-kind-change";

/// True if the guard tests what was read from a list.
pub fn reads_a_list(model: &Model, fork: &Fork) -> bool {
    fork.guards.iter().any(|row| {
        let (body, _) = model.body(row.trace);
        let Some(stage) = body.stages.first() else { return false };
        let name = |op: u8| model.words.ir_ops.get(&u16::from(op)).map_or("", |def| def.name.as_str());
        let mut at = row.op;
        // A bridge begins with the value that its parent read.
        for _ in 0..3 {
            let Some(ins) = stage.ins.get(at.0 as usize) else { return false };
            let Operand::Op(from) = ins.a.operand() else { return false };
            match stage.ins.get(from.0 as usize).map(|ins| name(ins.op)) {
                Some("ELEM_LOAD") => return true,
                // An attribute of what was read from a list has types of its own.
                Some(op) if op.ends_with("LOAD") => return false,
                Some(_) if from != at => at = from,
                _ => return false,
            }
        }
        false
    })
}

pub fn find(model: &Model) -> Vec<Finding> {
    let wanted = |f: &Fork| f.sort == Sort::Type && f.passes >= 1_000 && reads_a_list(model, f);
    let finding = |f: Fork| {
        let cause = format!(
            "What is read from a list here has now one type and now another: {} times another than the one recorded, with {}.",
            count(f.passes),
            plural(f.bridges.len() as u64, "bridge"),
        );
        let advice = "Keep one type in the list: floats throughout instead of ints and floats, and marks of the end or of \
                      gaps in a list of their own.";
        let mut finding = fork_finding(model, ID, f, cause, advice);
        finding.evidence["read_from"] = json!("a list");
        finding
    };
    forks(model).into_iter().filter(wanted).map(finding).collect()
}
