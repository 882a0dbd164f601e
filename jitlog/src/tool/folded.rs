//! Collapsed stacks: one line per distinct stack of the samples, outermost frame first, with its nanoseconds.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use jitlog::{Definitions, Event, LocId, Reader, Sample, SampleState, StackId, Types};

use crate::tool::show::plain;

pub fn write(reader: &Reader, out: &mut impl Write) -> io::Result<()> {
    let mut weights: HashMap<(StackId, LocId, SampleState), u64> = HashMap::new();
    for entry in reader.events().types(Types::of(&[Sample::TYPE])).flatten() {
        if let Event::Sample(sample) = entry.event() {
            // A sample whose weight its writer did not know still counts.
            *weights.entry((sample.stack_id, sample.loc_id, sample.state)).or_default() += sample.weight_ns.max(1);
        }
    }
    // Different ids may read the same, and the order must not depend on hashing.
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for ((stack, place, state), weight) in weights {
        *lines.entry(line(reader.defs(), stack, place, state)).or_default() += weight;
    }
    for (line, weight) in lines {
        writeln!(out, "{line} {weight}")?;
    }
    Ok(())
}

/// The frames, and what the innermost was doing in brackets, as flame graphs annotate.
fn line(definitions: &Definitions, stack: StackId, place: LocId, state: SampleState) -> String {
    let mut places: Vec<LocId> = definitions.frames(stack).map(|frame| frame.loc_id).collect();
    places.reverse();
    // The innermost frame of the stack is where its thread was called; the sample's own place is nearer.
    if !place.is_none() {
        places.pop();
        places.push(place);
    }
    let frames = places.into_iter().map(|place| frame(definitions, place));
    frames.chain([format!("[{state}]")]).collect::<Vec<_>>().join(";")
}

fn frame(definitions: &Definitions, place: LocId) -> String {
    let text = definitions.describe_loc(place).unwrap_or_else(|| "?".into());
    // The format has two characters of its own: `;` between frames, and the last space before the number.
    plain(&text).replace(';', ",")
}
