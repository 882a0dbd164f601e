//! What the first page shows: the summary and the heads of the lists behind it.

use super::aborts::{self, AbortRow};
use super::findings::{Findings, Way, findings};
use super::guards::{self, GuardRow};
use super::summary::{self, Summary};
use super::traces::{self, TraceRow};
use crate::model::{Model, Problem};

#[derive(Clone, Debug)]
pub struct Overview {
    pub name: String,
    pub vm: String,
    pub summary: Summary,
    pub findings: Findings,
    /// Where each of the findings leads.
    pub ways: Vec<Way>,
    /// The hottest traces: by time if somebody sampled, else by executions or turns.
    pub traces: Vec<TraceRow>,
    pub guards: Vec<GuardRow>,
    pub aborts: Vec<AbortRow>,
    pub health: String,
    pub problems: Vec<Problem>,
}

/// How many rows of each list the page shows.
const TOP: usize = 5;

pub fn overview(model: &Model) -> Overview {
    let mut traces: Vec<TraceRow> = traces::rows(model);
    let heat = |t: &TraceRow| (t.time_ns.unwrap_or(0), t.executions.max(t.iterations).unwrap_or(0));
    traces.retain(|t| heat(t) > (0, 0));
    traces.sort_by_key(|t| std::cmp::Reverse(heat(t)));
    traces.truncate(TOP);
    let mut guards = guards::rows(model);
    guards.retain(|g| g.failures.is_some_and(|n| n > 0) || g.bailouts > 0);
    guards.truncate(TOP);
    let mut aborts = aborts::rows(model);
    aborts.truncate(TOP);
    let findings = findings(model, false);
    let process = &model.program.process;
    Overview {
        name: model.name.clone(),
        vm: format!("{} {}", process.vm_name, process.vm_version).trim().to_string(),
        summary: summary::summary(model),
        ways: findings.findings.iter().map(|f| f.way(model)).collect(),
        findings,
        traces,
        guards,
        aborts,
        health: model.health.text.clone(),
        problems: model.problems.clone(),
    }
}
