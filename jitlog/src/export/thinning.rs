//! Which part of a large log is kept for a viewer that holds everything in memory and draws all of it.
//!
//! Records are counted first, so that what is kept is spread evenly over the whole run rather than its start.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use jitlog::format::record::Class;
use jitlog::{Reader, Sample, Types, spec_of};

/// How much is kept.
#[derive(Clone, Copy)]
pub struct Limits {
    pub samples: u64,
    /// Markers of each event.
    pub markers: u64,
    /// Values of each counter.
    pub points: u64,
}

/// A profile of about 100 MB, which is what the Firefox Profiler opens without trouble.
pub const LIMITS: Limits = Limits { samples: 1_000_000, markers: 25_000, points: 25_000 };

/// What takes this long is kept whatever else happened: there cannot be many.
const LONG_NS: u64 = 10_000_000;

/// Samples of one thread since the last that was kept.
#[derive(Clone, Copy, Default)]
struct Waiting {
    samples: u64,
    weight_ns: u64,
    last: Option<(u64, Sample)>,
}

/// Decides, record by record.
pub struct Thinning {
    limits: Limits,
    /// Records in the log and those seen so far, by event.
    counts: HashMap<u16, (u64, u64)>,
    left_out: BTreeMap<u16, u64>,
    waiting: BTreeMap<usize, Waiting>,
    /// Least time between two values of a counter.
    pub spacing_ns: u64,
}

impl Thinning {
    /// Counts the records of the log, which reads it once.
    pub fn of(reader: &Reader, limits: Limits) -> Thinning {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let mut counts: HashMap<u16, (u64, u64)> = HashMap::new();
        let count = |records: &mut jitlog::read::BlockRecords<'_>| {
            let mut part: HashMap<u16, u64> = HashMap::new();
            records.for_each(|view| *part.entry(view.event_type).or_default() += 1);
            part
        };
        let done: ControlFlow<()> = reader.blocks_in_parallel(Types::class(Class::E), threads, count, |part| {
            part.into_iter().for_each(|(event_type, number)| counts.entry(event_type).or_default().0 += number);
            ControlFlow::Continue(())
        });
        debug_assert!(done.is_continue());
        let spacing_ns = reader.last_ns() / limits.points.max(1);
        Thinning { limits, counts, left_out: BTreeMap::new(), waiting: BTreeMap::new(), spacing_ns }
    }

    /// One of how many records of an event is kept.
    fn stride(&self, event_type: u16) -> u64 {
        let limit = if event_type == Sample::TYPE { self.limits.samples } else { self.limits.markers };
        self.counts.get(&event_type).map_or(1, |(number, _)| number.div_ceil(limit.max(1)).max(1))
    }

    /// Whether a marker that lasted so long is kept.
    pub fn marker(&mut self, event_type: u16, lasted_ns: u64) -> bool {
        let stride = self.stride(event_type);
        let (_, seen) = self.counts.entry(event_type).or_default();
        let kept = seen.is_multiple_of(stride) || lasted_ns >= LONG_NS;
        *seen += 1;
        if !kept {
            *self.left_out.entry(event_type).or_default() += 1;
        }
        kept
    }

    /// The sample if it is kept, with the weight of those of its thread that were left out before it.
    pub fn sample(&mut self, thread: usize, t_ns: u64, sample: &Sample) -> Option<Sample> {
        let stride = self.stride(Sample::TYPE);
        let waiting = self.waiting.entry(thread).or_default();
        waiting.samples += 1;
        waiting.weight_ns = waiting.weight_ns.saturating_add(sample.weight_ns);
        if waiting.samples < stride {
            waiting.last = Some((t_ns, *sample));
            *self.left_out.entry(Sample::TYPE).or_default() += 1;
            return None;
        }
        let weight_ns = std::mem::take(waiting).weight_ns;
        Some(Sample { weight_ns, ..*sample })
    }

    /// At the end of the log: the last sample of each thread whose weight was not given yet, with thread and time.
    pub fn last_samples(&mut self) -> Vec<(usize, u64, Sample)> {
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        let last = waiting.filter_map(|(thread, waiting)| {
            let (t_ns, sample) = waiting.last?;
            Some((thread, t_ns, Sample { weight_ns: waiting.weight_ns, ..sample }))
        });
        let last: Vec<_> = last.collect();
        if let Some(left_out) = self.left_out.get_mut(&Sample::TYPE) {
            *left_out = left_out.saturating_sub(last.len() as u64);
        }
        last
    }

    /// What was left out, in words; None if nothing was.
    pub fn note(&self) -> Option<String> {
        let name = |event_type: u16| spec_of(event_type).map_or("unknown", |spec| spec.name);
        let parts: Vec<String> = self
            .left_out
            .iter()
            .filter(|(_, left_out)| **left_out > 0)
            .map(|(event_type, left_out)| {
                let all = self.counts.get(event_type).map_or(0, |(all, _)| *all);
                format!("{left_out} of {all} {}", name(*event_type))
            })
            .collect();
        (!parts.is_empty()).then(|| format!("left out to stay small: {}", parts.join(", ")))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use jitlog::*;
    use serde_json::Value;

    #[test]
    fn a_large_log_becomes_a_profile_of_bounded_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.jlog");
        let log = Log::create(LogOptions::new(&path).logical_clock(true)).unwrap();
        let mut main = log.stream("main", StreamKind::Mutator);
        for number in 0..1003 {
            main.sample(&Sample { state: SampleState::Interp, weight_ns: 1_000_000, ..Default::default() });
            main.samples_lost(&SamplesLost { n: number });
            main.heap(&Heap { used_bytes: u64::from(number), ..Default::default() });
        }
        // Collections are rarer, and one is long.
        for number in 0..30 {
            main.gc_begin(&GcBegin { gc_id: GcId(number), ..Default::default() });
            log.advance_clock(std::time::Duration::from_millis(if number == 17 { 20 } else { 1 }));
            main.gc_end(&GcEnd { gc_id: GcId(number), ..Default::default() });
        }
        drop(main);
        log.close();
        let reader = Reader::open(&path).unwrap();
        let export = |limits| {
            let mut out = Vec::new();
            let note = crate::export::firefox::write(&reader, limits, &mut out).unwrap();
            (serde_json::from_slice::<Value>(&out).unwrap(), note)
        };
        let weight = |profile: &Value| {
            let weights = profile["threads"][0]["samples"]["weight"].as_array().unwrap();
            weights.iter().map(|weight| weight.as_i64().unwrap()).sum::<i64>()
        };
        let length = |profile: &Value, table: &str| profile["threads"][0][table]["length"].as_u64().unwrap();
        let points = |profile: &Value| profile["counters"][0]["samples"]["count"].as_array().unwrap().clone();

        let (whole, note) = export(LIMITS);
        assert_eq!((note, weight(&whole), length(&whole, "markers")), (None, 1003, 1033));
        let (small, note) = export(Limits { samples: 100, markers: 10, points: 20 });
        assert_eq!(weight(&small), 1003, "samples left out weigh in those kept");
        // One of eleven, the last, and the two that mark the ends of the profile.
        assert_eq!(length(&small, "samples"), 1003 / 11 + 1 + 2);
        // One of 101 and of 3, the long collection, and the note.
        assert_eq!(length(&small, "markers"), 10 + 10 + 1 + 1);
        let note = note.unwrap();
        assert_eq!(note, "left out to stay small: 911 of 1003 sample, 993 of 1003 samples_lost, 19 of 30 gc_begin");
        let strings = small["shared"]["stringArray"].as_array().or(small["threads"][0]["stringArray"].as_array());
        assert!(strings.unwrap().iter().any(|text| text.as_str() == Some(&note)), "the profile says so too");
        let sum: f64 = points(&small).iter().map(|point| point.as_f64().unwrap()).sum();
        assert!(points(&small).len() <= 22 && sum == 1002.0, "{sum}");
    }
}
