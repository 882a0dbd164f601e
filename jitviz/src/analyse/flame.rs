//! The samples by stack of Python functions: which function was running, called from where, in which state.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{FuncId, LocId, Model, Part, StackId, Weight};

/// A function as it was called from the one above it, and everything it called.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Frame {
    pub id: usize,
    /// `None` for the root, which stands for the whole.
    pub parent: Option<usize>,
    pub depth: usize,
    pub function: String,
    pub file: Option<String>,
    /// Of the function's samples, the line that has most.
    pub line: Option<u32>,
    /// True for a builtin, which has no Python frames of its own.
    pub builtin: bool,
    /// True for a function of the VM or a library, from native call chains.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub native: bool,
    pub samples: u64,
    pub total_ns: u64,
    /// Without what it called.
    pub own_ns: u64,
    pub interp_ns: u64,
    pub compiled_ns: u64,
    pub native_ns: u64,
    /// Most time first.
    #[serde(skip)]
    pub children: Vec<usize>,
    /// A place within it, for links.
    #[serde(skip)]
    pub loc: LocId,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Flame {
    /// The root first; a parent before its children.
    pub frames: Vec<Frame>,
    /// Frames below the deepest shown, whose time is their ancestor's own.
    pub cut: u64,
    /// The depth of the deepest frame.
    #[serde(skip)]
    pub deepest: usize,
}

/// Deeper stacks are cut: nobody reads them, and a runaway recursion would be all there is.
const DEEPEST: usize = 256;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Function(FuncId),
    Builtin(FuncId),
    /// A native function, by its index.
    Native(usize),
    Unknown,
}

/// Everything the samples say about stacks; of one state if it is given.
pub fn flame(model: &Model, only: Option<Part>) -> Flame {
    let mut flame = Flame { frames: vec![Frame { function: "all".into(), ..Frame::default() }], ..Flame::default() };
    let mut index: BTreeMap<(usize, Key), usize> = BTreeMap::new();
    let mut lines: BTreeMap<(usize, LocId), u64> = BTreeMap::new();
    for (&group, whole) in &model.samples.by_stack {
        let (stack, part, builtin) = group;
        if only.is_some_and(|only| only != part) {
            continue;
        }
        let mut frames = frames_of(model, stack);
        if frames.len() > DEEPEST {
            flame.cut += (frames.len() - DEEPEST) as u64;
            frames.truncate(DEEPEST);
        }
        let keyed = frames.into_iter().map(|loc| {
            let func = model.program.locs.get(&loc).map(|l| l.func);
            (func.map_or(Key::Unknown, Key::Function), loc)
        });
        let callee = (part == Part::Native && builtin.0 != 0).then_some((Key::Builtin(builtin), LocId(0)));
        let above: Vec<(Key, LocId)> = keyed.chain(callee).collect();
        // Samples with a native chain, then those without.
        let mut rest = *whole;
        let mut add = |below: &[usize], weight: Weight| {
            let mut at = 0;
            flame.frames[0].add(part, weight.ns, weight.samples);
            let below = below.iter().take(DEEPEST.saturating_sub(above.len()));
            for (key, loc) in above.iter().copied().chain(below.map(|&function| (Key::Native(function), LocId(0)))) {
                let next = flame.frames.len();
                let child = *index.entry((at, key)).or_insert(next);
                if child == next {
                    let depth = flame.frames[at].depth + 1;
                    flame.frames.push(Frame { id: child, parent: Some(at), depth, ..new(model, key, loc) });
                    flame.frames[at].children.push(child);
                }
                at = child;
                flame.frames[at].add(part, weight.ns, weight.samples);
                *lines.entry((at, loc)).or_default() += weight.ns;
            }
            flame.frames[at].own_ns = flame.frames[at].own_ns.saturating_add(weight.ns);
        };
        for (functions, weight) in model.samples.native.of(group) {
            rest.samples = rest.samples.saturating_sub(weight.samples);
            rest.ns = rest.ns.saturating_sub(weight.ns);
            add(functions, weight);
        }
        if rest.samples > 0 {
            add(&[], rest);
        }
    }
    for frame in &mut flame.frames {
        let own = lines.range((frame.id, LocId(0))..=(frame.id, LocId(u32::MAX)));
        if let Some(((_, loc), _)) = own.max_by_key(|(_, ns)| **ns).filter(|_| !frame.native) {
            frame.loc = *loc;
            frame.line = model.program.place(*loc).line;
        }
    }
    flame.deepest = flame.frames.iter().map(|f| f.depth).max().unwrap_or(0);
    let totals: Vec<u64> = flame.frames.iter().map(|f| f.total_ns).collect();
    for frame in &mut flame.frames {
        frame.children.sort_by_key(|&child| (std::cmp::Reverse(totals[child]), child));
    }
    flame
}

impl Frame {
    fn add(&mut self, part: Part, ns: u64, samples: u64) {
        self.samples += samples;
        let of_state = match part {
            Part::Compiled => &mut self.compiled_ns,
            Part::Native => &mut self.native_ns,
            _ => &mut self.interp_ns,
        };
        *of_state = of_state.saturating_add(ns);
        self.total_ns = self.total_ns.saturating_add(ns);
    }

    /// The state most of its time was in.
    pub fn state(&self) -> Part {
        let states =
            [(self.interp_ns, Part::Interp), (self.native_ns, Part::Native), (self.compiled_ns, Part::Compiled)];
        states.into_iter().max_by_key(|s| s.0).map_or(Part::Interp, |s| s.1)
    }
}

fn new(model: &Model, key: Key, loc: LocId) -> Frame {
    let name = |func: FuncId| model.program.funcs.get(&func).map(|f| f.name.clone());
    match key {
        Key::Function(func) => Frame {
            function: name(func).unwrap_or_else(|| "?".into()),
            file: model.program.place(loc).file,
            ..Frame::default()
        },
        Key::Builtin(func) => {
            Frame { function: name(func).unwrap_or_else(|| "?".into()), builtin: true, ..Frame::default() }
        }
        Key::Native(function) => {
            let function = model.samples.native.functions.get(function).cloned().unwrap_or_default();
            Frame { function: function.name, file: function.file, native: true, ..Frame::default() }
        }
        Key::Unknown => Frame { function: "?".into(), ..Frame::default() },
    }
}

/// The places of a stack, outermost first. A damaged log may lead in a circle, which ends.
fn frames_of(model: &Model, stack: StackId) -> Vec<LocId> {
    let mut frames = model.program.frames(stack, model.program.stacks.len() + 1);
    frames.reverse();
    frames
}

impl Flame {
    pub fn total_ns(&self) -> u64 {
        self.frames.first().map_or(0, |root| root.total_ns)
    }

    /// Time in frames that match, each nanosecond once: what is below a match is part of it.
    pub fn matched_ns(&self, is_match: impl Fn(&Frame) -> bool) -> u64 {
        let mut below = vec![false; self.frames.len()];
        let mut sum = 0_u64;
        for frame in &self.frames {
            let inside = frame.parent.is_some_and(|parent| below[parent]);
            below[frame.id] = inside || is_match(frame);
            if below[frame.id] && !inside {
                sum = sum.saturating_add(frame.total_ns);
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Func, Loc, SourceId, Stack};

    fn model() -> Model {
        let mut model = Model::default();
        for (id, name) in [(1, "main"), (2, "work"), (3, "sum")] {
            model.program.funcs.insert(FuncId(id), Func { source: SourceId(1), name: name.into() });
        }
        for (loc, func, line) in [(1, 1, 10), (2, 2, 20), (3, 2, 21)] {
            model.program.locs.insert(LocId(loc), Loc { func: FuncId(func), line });
        }
        for (stack, parent, loc) in [(1, 0, 1), (2, 1, 2), (3, 1, 3), (4, 3, 2)] {
            model
                .program
                .stacks
                .insert(StackId(stack), Stack { parent: (parent != 0).then_some(StackId(parent)), loc: LocId(loc) });
        }
        for (stack, state, builtin, ns) in [
            (1, jitlog::SampleState::Interp, 0, 5),
            (2, jitlog::SampleState::Trace, 0, 30),
            (3, jitlog::SampleState::Interp, 0, 10),
            (4, jitlog::SampleState::Native, 3, 7),
        ] {
            let sample = jitlog::Sample {
                state,
                stack_id: jitlog::StackId(stack),
                builtin: jitlog::FuncId(builtin),
                weight_ns: ns,
                ..Default::default()
            };
            model.samples.add(1_000, &sample, false);
        }
        model.samples.settle();
        model
    }

    #[test]
    fn lines_of_one_function_are_one_frame() {
        let flame = flame(&model(), None);
        let names: Vec<(&str, u64, u64)> =
            flame.frames.iter().map(|f| (f.function.as_str(), f.total_ns, f.own_ns)).collect();
        assert_eq!(names, [("all", 52, 0), ("main", 52, 5), ("work", 47, 40), ("work", 7, 0), ("sum", 7, 7)]);
        assert_eq!((flame.frames[2].line, flame.frames[2].state()), (Some(20), Part::Compiled));
        assert_eq!(flame.frames.iter().map(|f| f.own_ns).sum::<u64>(), flame.total_ns());
    }

    #[test]
    fn what_is_below_a_match_is_counted_once() {
        let flame = flame(&model(), None);
        assert_eq!(flame.matched_ns(|f| f.function == "work"), 47);
        assert_eq!(flame.matched_ns(|_| false), 0);
    }

    #[test]
    fn a_circle_of_stacks_ends() {
        let mut model = model();
        model.program.stacks.insert(StackId(1), Stack { parent: Some(StackId(2)), loc: LocId(1) });
        assert!(flame(&model, None).frames.len() < 30);
    }
}
