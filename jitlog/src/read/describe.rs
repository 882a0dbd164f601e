//! Ids in words: what `--resolve` prints.

use crate::format::IdKind;
use crate::format::field::Value;
use crate::read::definitions::Definitions;
use crate::*;

/// Frames of a stack that are shown; deeper ones are counted.
const SHOWN_FRAMES: usize = 8;

impl Definitions {
    /// An id in words; None for 0, for what has no words, and for what is not defined.
    pub fn describe(&self, kind: IdKind, id: u64) -> Option<String> {
        let narrow = u32::try_from(id).ok()?;
        if let Some(domain) = kind.reason_domain() {
            return self.reason(domain, u16::try_from(id).ok()?).map(|reason| reason.name.to_string());
        }
        if id == 0 && kind != IdKind::Stream {
            return None;
        }
        match kind {
            IdKind::String => self.string(StringId(narrow)).map(str::to_string),
            IdKind::Stream => self.stream(StreamId(narrow)).map(|stream| stream.name.to_string()),
            IdKind::Source => self.source(SourceId(narrow)).map(|source| source.path.to_string()),
            IdKind::Function => self.func(FuncId(narrow)).map(|func| func.name.to_string()),
            IdKind::Location => self.describe_loc(LocId(narrow)),
            IdKind::Stack => self.describe_stack(StackId(narrow)),
            IdKind::Counter => self.describe_counter(CounterId(narrow)),
            IdKind::Pass => self.pass(PassId(u16::try_from(id).ok()?)).map(|pass| pass.name.to_string()),
            IdKind::Guard => self.describe_guard(GuardId(narrow)),
            _ => None,
        }
    }

    /// `file:line in function`.
    pub fn describe_loc(&self, id: LocId) -> Option<String> {
        let loc = self.loc(id)?;
        let func = self.func(loc.func_id);
        let path = func.and_then(|func| self.source(func.source_id)).map_or("?", |source| source.path);
        let name = func.map_or("?", |func| func.name);
        Some(format!("{path}:{} in {name}", loc.line))
    }

    fn describe_guard(&self, id: GuardId) -> Option<String> {
        let guard = self.guard(id)?;
        let kind = self.describe(IdKind::GuardKind, guard.kind.into()).unwrap_or_else(|| guard.kind.to_string());
        let expected = if guard.expected.is_empty() { String::new() } else { format!(" {}", guard.expected) };
        let place = self.describe_loc(guard.loc_id).map(|place| format!(" at {place}")).unwrap_or_default();
        Some(format!("{kind}{expected}{place}"))
    }

    fn describe_stack(&self, id: StackId) -> Option<String> {
        let frames: Vec<String> = self
            .frames(id)
            .map(|frame| self.describe_loc(frame.loc_id).unwrap_or_else(|| frame.loc_id.to_string()))
            .collect();
        let hidden = frames.len().saturating_sub(SHOWN_FRAMES);
        let shown = frames.iter().take(SHOWN_FRAMES).map(String::as_str).collect::<Vec<_>>().join(" < ");
        match (frames.is_empty(), hidden) {
            (true, _) => None,
            (_, 0) => Some(shown),
            _ => Some(format!("{shown} < {hidden} more")),
        }
    }

    /// The frames of a stack, innermost first. Ends at an undefined frame, and at a cycle a damaged log may have.
    pub fn frames(&self, id: StackId) -> impl Iterator<Item = StackDef> {
        // A parent is always defined before its children, so ids fall.
        let mut next = id;
        std::iter::from_fn(move || {
            let frame = self.stack(next)?;
            next = if frame.parent_stack < next { frame.parent_stack } else { StackId::NONE };
            Some(frame)
        })
    }

    fn describe_counter(&self, id: CounterId) -> Option<String> {
        let counter = self.counter(id)?;
        let entity = counter.kind.entity().and_then(|kind| self.describe(kind, counter.entity));
        let entity = entity.unwrap_or_else(|| counter.entity.to_string());
        Some(format!("{} of {entity}", counter.kind))
    }

    /// A field's value in words, under the name it gets beside the field: `loc_id` gives `loc`, `reason` gives
    /// `reason_name`.
    pub fn describe_field(&self, name: &str, value: Value<'_>) -> Option<(String, String)> {
        let Value::Id(kind, id) = value else {
            return None;
        };
        // A stream's number stands beside its name already.
        let text = if kind == IdKind::Stream { return None } else { self.describe(kind, id)? };
        let name = match name.strip_suffix("_id") {
            Some(stem) => stem.to_string(),
            None => format!("{name}_name"),
        };
        Some((name, text))
    }
}
