//! A thread's stream of records. Its methods come from the event table.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::format::event::*;
use crate::format::event_table;
use crate::format::record::{Class, Record};
use crate::write::Shared;
use crate::write::cursor::Cursor;
use crate::{BlockKind, StreamId};

/// One thread's way into the log: may move to another thread, is never shared between two.
///
/// No method fails. What finds no room is dropped and counted; the program goes on.
pub struct Stream {
    shared: Arc<Shared>,
    id: StreamId,
    events: Cursor,
    bulk: Cursor,
    not_sync: PhantomData<Cell<()>>,
}

impl Stream {
    pub(crate) fn new(shared: Arc<Shared>, id: StreamId) -> Stream {
        Stream {
            events: Cursor::new(BlockKind::Events, id),
            bulk: Cursor::new(BlockKind::Bulk, id),
            shared,
            id,
            not_sync: PhantomData,
        }
    }

    pub fn id(&self) -> StreamId {
        self.id
    }

    /// Writes any event or bulk record.
    #[inline]
    pub fn emit<R: Record>(&mut self, record: &R) {
        const { assert!(!matches!(R::CLASS, Class::D), "definitions go through Log::defs") };
        self.emit_any(record);
    }

    #[inline]
    pub(crate) fn emit_any<R: Record>(&mut self, record: &R) {
        let ticks = self.shared.clock.record();
        match R::CLASS {
            Class::B => self.bulk.write(&self.shared, ticks, record),
            _ => self.events.write(&self.shared, ticks, record),
        };
    }
}

impl Stream {
    /// Lets go of blocks that were sealed under it.
    pub(crate) fn forget(&mut self) {
        self.events.forget();
        self.bulk.forget();
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.events.leave(&self.shared);
        self.bulk.leave(&self.shared);
    }
}

macro_rules! stream_method {
    (D $($rest:tt)*) => {};
    ($class:ident $doc:literal $snake:ident $Name:ident $($lt:lifetime)?) => {
        #[doc = $doc]
        #[inline]
        pub fn $snake(&mut self, record: &$Name $(<$lt>)?) {
            self.emit(record);
        }
    };
}

macro_rules! define_stream_methods {
    ($life:lifetime; $($(#[doc = $doc:literal])+ $id:literal $snake:ident $Name:ident $(<$lt:lifetime>)? $class:ident {
        $($(#[doc = $field_doc:literal])* $field:ident: $type:ty,)*
    })*) => {
        impl<$life> Stream {
            $(stream_method! { $class $($doc)+ $snake $Name $($lt)? })*
        }
    };
}

event_table!(define_stream_methods);
