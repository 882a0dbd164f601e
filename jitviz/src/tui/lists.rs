//! What the views show of a model, made where the log is read, so that the UI never waits for it: rows, how wide their
//! columns are, the flame. The lines of the source are made on demand: they take the inside of every trace.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::views::traces as tree;
use crate::analyse::aborts::{self, AbortRow};
use crate::analyse::flame::{self, Flame};
use crate::analyse::guards::{self, GuardRow};
use crate::analyse::lines::LineRow;
use crate::analyse::memory::{self, MemoryReport, SiteRow};
use crate::analyse::overview::{Overview, overview};
use crate::analyse::timeline::Tracks;
use crate::analyse::traces::{self, TraceRow};
use crate::model::Model;
use crate::styled::Charset;
use crate::text::columns::{ABORTS, GUARDS, TRACES};
use crate::text::sites::SITES;
use crate::text::table::{self, Column};

/// The rows of a table, and the width of every column's widest cell.
#[derive(Debug)]
pub struct Rows<R> {
    pub rows: Vec<R>,
    pub widths: Vec<usize>,
}

impl<R> Rows<R> {
    pub fn new(columns: &[Column<R>], rows: Vec<R>, charset: Charset) -> Rows<R> {
        Rows { widths: table::widths(columns, &rows, charset), rows }
    }
}

/// A model and what the views show of it. Cheap to clone: the whole run is kept while a part of it is shown.
#[derive(Clone, Debug)]
pub struct Seen {
    pub model: Arc<Model>,
    pub overview: Arc<Overview>,
    pub traces: Arc<Rows<TraceRow>>,
    pub guards: Arc<Rows<GuardRow>>,
    pub aborts: Arc<Rows<AbortRow>>,
    /// Without its rows, which are in `sites`.
    pub memory: Arc<MemoryReport>,
    pub sites: Arc<Rows<SiteRow>>,
    pub flame: Arc<Flame>,
    pub tracks: Arc<Tracks>,
}

/// How many lists there are to make.
pub const LISTS: u64 = 7;

impl Seen {
    /// Makes all of it at once.
    pub fn new(model: impl Into<Arc<Model>>, charset: Charset) -> Seen {
        Seen::watched(model.into(), charset, &mut |_| ControlFlow::Continue(())).expect("nobody stopped it")
    }

    /// Tells before each list how many are done; `None` if that said to stop.
    pub fn watched(model: Arc<Model>, charset: Charset, watch: &mut dyn FnMut(u64) -> ControlFlow<()>) -> Option<Seen> {
        let mut done = 0;
        let mut go_on = || {
            let flow = watch(done);
            done += 1;
            flow.is_continue().then_some(())
        };
        go_on()?;
        let overview = overview(&model);
        go_on()?;
        let mut traces = Rows::new(TRACES, traces::rows(&model), charset);
        tree::make_room(&mut traces);
        go_on()?;
        let guards = Rows::new(GUARDS, guards::rows(&model), charset);
        go_on()?;
        let aborts = Rows::new(ABORTS, aborts::rows(&model), charset);
        go_on()?;
        let mut memory = memory::report(&model, &overview.summary);
        let sites = Rows::new(SITES, std::mem::take(&mut memory.sites), charset);
        go_on()?;
        let flame = flame::flame(&model, None);
        go_on()?;
        let tracks = Tracks::of(&model);
        Some(Seen {
            overview: Arc::new(overview),
            traces: Arc::new(traces),
            guards: Arc::new(guards),
            aborts: Arc::new(aborts),
            memory: Arc::new(memory),
            sites: Arc::new(sites),
            flame: Arc::new(flame),
            tracks: Arc::new(tracks),
            model,
        })
    }
}

/// The lines of the source, and the model they are of.
#[derive(Clone, Debug)]
pub struct SourceLines {
    pub model: Arc<Model>,
    pub rows: Arc<Vec<LineRow>>,
}
