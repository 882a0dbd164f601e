//! Collapsed stacks: one line per distinct stack of the samples, outermost frame first, with its nanoseconds.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use jitlog::{Definitions, Event, LocId, Reader, Sample, Types};

use crate::export::entries;
use crate::export::frames::Standing;
use crate::tool::show::plain;

pub fn write(reader: &Reader, out: &mut impl Write) -> io::Result<()> {
    let mut weights: HashMap<Standing, u64> = HashMap::new();
    for entry in entries(reader, Types::of(&[Sample::TYPE])) {
        if let Event::Sample(sample) = entry.event() {
            // A sample whose weight its writer did not know still counts.
            let weight = weights.entry(Standing::from(&sample)).or_default();
            *weight = weight.saturating_add(sample.weight_ns.max(1));
        }
    }
    // Different ids may read the same, and the order must not depend on hashing.
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    for (standing, weight) in weights {
        let sum = lines.entry(line(reader.defs(), &standing)).or_default();
        *sum = sum.saturating_add(weight);
    }
    for (line, weight) in lines {
        writeln!(out, "{line} {weight}")?;
    }
    Ok(())
}

/// The frames, and what the innermost was doing in brackets, as flame graphs annotate.
fn line(definitions: &Definitions, standing: &Standing) -> String {
    let frames = standing.places(definitions).into_iter().map(|place| frame(definitions, place));
    frames.chain([format!("[{}]", standing.state)]).collect::<Vec<_>>().join(";")
}

fn frame(definitions: &Definitions, place: LocId) -> String {
    let text = definitions.describe_loc(place).unwrap_or_else(|| "?".into());
    // The format has two characters of its own: `;` between frames, and the last space before the number.
    plain(&text).replace(';', ",")
}
