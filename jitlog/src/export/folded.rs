//! Collapsed stacks: one line per distinct stack of the samples, outermost frame first, with its nanoseconds; timed
//! states that no sample stands for are frames of their own.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use jitlog::{Definitions, Event, LocId, Reader};

use crate::export::entries;
use crate::export::frames::Standing;
use crate::export::native::Natives;
use crate::export::threads::Threads;
use crate::export::timed::{self, Timed};
use crate::tool::show::plain;

pub fn write(reader: &Reader, out: &mut impl Write) -> io::Result<()> {
    let mut weights: HashMap<Standing, u64> = HashMap::new();
    let mut add = |standing, ns: u64| {
        let weight = weights.entry(standing).or_default();
        *weight = weight.saturating_add(ns);
    };
    let (mut threads, mut timed) = (Threads::of(reader.defs()), Timed::default());
    let mut natives = Natives::of(reader);
    for entry in entries(reader, timed::types()) {
        let event = entry.event();
        let thread = threads.of_stream(entry.stream);
        timed.see(thread, &event);
        natives.see(thread, &event);
        if let Event::Sample(sample) = event {
            // A sample whose weight its writer did not know still counts.
            add(Standing::of(&sample, natives.take(thread)), sample.weight_ns.max(1));
        }
    }
    timed.rest().iter().for_each(|rest| add(Standing::nowhere(rest.state), rest.ns));
    // Different ids may read the same, and the order must not depend on hashing.
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for (standing, weight) in weights {
        let sum = lines.entry(line(reader.defs(), &natives, &standing)).or_default();
        *sum = sum.saturating_add(weight);
    }
    for (line, weight) in lines {
        writeln!(out, "{line} {weight}")?;
    }
    Ok(())
}

/// The frames, and what the innermost was doing in brackets, as flame graphs annotate.
fn line(definitions: &Definitions, natives: &Natives, standing: &Standing) -> String {
    let frames = standing.places(definitions).into_iter().map(|place| frame(definitions, place));
    let functions = natives.functions(standing.chain).iter().map(|number| safe(&natives.function(*number).name));
    frames.chain(functions).chain([format!("[{}]", standing.state)]).collect::<Vec<_>>().join(";")
}

fn frame(definitions: &Definitions, place: LocId) -> String {
    let text = definitions.describe_loc(place).unwrap_or_else(|| "?".into());
    safe(&text)
}

/// The format has two characters of its own: `;` between frames, and the last space before the number.
fn safe(text: &str) -> String {
    plain(text).replace(';', ",")
}
