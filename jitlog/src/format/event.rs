//! The types that come from the event table: one struct per event, and [`Event`], any of them.

use crate::format::field::{Address, BodyReader, Field, Fingerprint, Hash16, RawWord, TailWriter, Value};
use crate::format::ids::*;
use crate::format::kinds::*;
use crate::format::record::{
    Class, EventSpec, FieldSpec, Record, Unknown, align_up, define_events, fixed_bytes, with_offsets,
};
use crate::format::table::event_table;

event_table!(define_events);
