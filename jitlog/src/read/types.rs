//! A set of event types.

use crate::format::event::EVENTS;
use crate::format::record::{Class, spec_named};

/// Which events are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Types {
    /// One bit per event number, 0–4095.
    bits: [u64; 64],
    /// Whether numbers this version does not know are wanted.
    unknown: bool,
}

impl Types {
    pub fn none() -> Types {
        Types { bits: [0; 64], unknown: false }
    }

    /// Every known event of a class.
    pub fn class(class: Class) -> Types {
        EVENTS.iter().filter(|spec| spec.class == class).fold(Types::none(), |types, spec| types.with(spec.id))
    }

    /// Everything, unknown events included.
    pub fn all() -> Types {
        Types { unknown: true, ..Types::known() }
    }

    /// Events by number, e.g. `Types::of(&[TraceStart::TYPE, TraceAbort::TYPE])`.
    pub fn of(numbers: &[u16]) -> Types {
        numbers.iter().fold(Types::none(), |types, number| types.with(*number))
    }

    /// Events by name; the first unknown name is the error.
    pub fn named<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Types, &'n str> {
        names.into_iter().try_fold(Types::none(), |types, name| match spec_named(name) {
            Some(spec) => Ok(types.with(spec.id)),
            None => Err(name),
        })
    }

    pub fn with(mut self, number: u16) -> Types {
        self.bits[usize::from(number & 0xFFF) / 64] |= 1 << (number & 63);
        self
    }

    pub fn without(mut self, number: u16) -> Types {
        self.bits[usize::from(number & 0xFFF) / 64] &= !(1 << (number & 63));
        self
    }

    pub fn union(mut self, other: Types) -> Types {
        self.bits.iter_mut().zip(other.bits).for_each(|(mine, theirs)| *mine |= theirs);
        self.unknown |= other.unknown;
        self
    }

    #[inline]
    pub fn contains(&self, number: u16) -> bool {
        self.bits[usize::from(number & 0xFFF) / 64] & (1 << (number & 63)) != 0
    }

    pub fn wants_unknown(&self) -> bool {
        self.unknown
    }

    /// The numbers this version knows.
    pub fn known() -> Types {
        EVENTS.iter().fold(Types::none(), |types, spec| types.with(spec.id))
    }

    /// Whether any event of a class is wanted.
    pub fn has_class(&self, class: Class) -> bool {
        self.unknown || EVENTS.iter().any(|spec| spec.class == class && self.contains(spec.id))
    }

    /// The bits a block's type mask must share.
    pub fn mask(&self) -> u64 {
        if self.unknown { u64::MAX } else { self.bits.iter().fold(0, |mask, bits| mask | bits) }
    }
}
