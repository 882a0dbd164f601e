//! What the event table expands to: structs, encoding, decoding, field visiting, the `Event` enum.

use crate::format::field::Value;
use crate::format::layout::pad8;

/// Which blocks an event lives in, and what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// A definition: DEFS blocks.
    D,
    /// An event in time: EVENTS blocks.
    E,
    /// A payload looked up by id: BULK blocks.
    B,
}

impl Class {
    pub fn name(self) -> &'static str {
        match self {
            Class::D => "definition",
            Class::E => "event",
            Class::B => "bulk",
        }
    }
}

/// One field in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldSpec {
    pub name: &'static str,
    pub physical: &'static str,
    pub semantic: &'static str,
    pub offset: usize,
    pub doc: &'static str,
}

/// One event in the schema.
#[derive(Clone, Copy, Debug)]
pub struct EventSpec {
    pub id: u16,
    pub name: &'static str,
    pub class: Class,
    pub fixed: usize,
    pub fields: &'static [FieldSpec],
    pub doc: &'static str,
}

/// A record of the table.
pub trait Record {
    const TYPE: u16;
    /// Bytes of the fixed part in this version.
    const FIXED: usize;
    const CLASS: Class;
    const SPEC: &'static EventSpec;
    /// Bytes of the variable part, each field padded to 8.
    fn tail_bytes(&self) -> usize;
    /// Writes fixed part and variable part; `out` is exactly as long as both and zeroed.
    fn encode(&self, out: &mut [u8]);
    /// Shows every field, in order.
    fn fields(&self, visit: &mut dyn FnMut(&'static str, Value<'_>));
}

/// A record of a type this version does not know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unknown<'a> {
    pub event_type: u16,
    pub body: &'a [u8],
}

/// Rounds an offset up to a field's alignment.
pub const fn align_up(at: usize, align: usize) -> usize {
    (at + align - 1) & !(align - 1)
}

/// Gives every field its natural offset, in declared order.
pub const fn with_offsets<const N: usize>(mut fields: [FieldSpec; N], shapes: [(usize, usize); N]) -> [FieldSpec; N] {
    let mut at = 0;
    let mut index = 0;
    while index < N {
        at = align_up(at, shapes[index].1);
        fields[index].offset = at;
        at += shapes[index].0;
        index += 1;
    }
    fields
}

/// The size of a fixed part, padded to 8.
pub const fn fixed_bytes(shapes: &[(usize, usize)]) -> usize {
    let mut at = 0;
    let mut index = 0;
    while index < shapes.len() {
        at = align_up(at, shapes[index].1) + shapes[index].0;
        index += 1;
    }
    pad8(at)
}

/// Expands the table to everything that is independent of reading and writing a file.
macro_rules! define_events {
    ($life:lifetime; $($(#[doc = $doc:literal])+ $id:literal $snake:ident $Name:ident $(<$lt:lifetime>)? $class:ident {
        $($(#[doc = $field_doc:literal])* $field:ident: $type:ty,)*
    })*) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Copy, Debug, Default, PartialEq)]
            pub struct $Name $(<$lt>)? {
                $($(#[doc = $field_doc])* pub $field: $type,)*
            }

            impl<$life> $Name $(<$lt>)? {
                /// The event's number.
                pub const TYPE: u16 = $id;
                const SHAPES: [(usize, usize); [$(stringify!($field)),*].len()] =
                    [$((<$type as Field<$life>>::SIZE, <$type as Field<$life>>::ALIGN)),*];
                const FIELDS: [FieldSpec; [$(stringify!($field)),*].len()] = with_offsets(
                    [$(FieldSpec {
                        name: stringify!($field),
                        physical: <$type as Field<$life>>::PHYSICAL,
                        semantic: <$type as Field<$life>>::SEMANTIC,
                        offset: 0,
                        doc: concat!("", $($field_doc),*),
                    }),*],
                    Self::SHAPES,
                );
                /// Bytes of the fixed part in this version.
                pub const FIXED: usize = fixed_bytes(&Self::SHAPES);

                /// Reads the record; fields the writer did not know are 0 or empty.
                #[inline]
                pub fn decode(mut body: BodyReader<$life>) -> Self {
                    let mut at = 0;
                    $(
                        at = align_up(at, <$type as Field<$life>>::ALIGN);
                        let $field = <$type as Field<$life>>::get(&mut body, at);
                        at += <$type as Field<$life>>::SIZE;
                    )*
                    let _ = at;
                    Self { $($field),* }
                }
            }

            impl<$life> Record for $Name $(<$lt>)? {
                const TYPE: u16 = $id;
                const FIXED: usize = Self::FIXED;
                const CLASS: Class = Class::$class;
                const SPEC: &'static EventSpec = &EventSpec {
                    id: $id,
                    name: stringify!($snake),
                    class: Class::$class,
                    fixed: Self::FIXED,
                    fields: &Self::FIELDS,
                    doc: concat!($($doc),+),
                };

                #[inline]
                fn tail_bytes(&self) -> usize {
                    0 $(+ Field::tail_bytes(self.$field))*
                }

                #[inline]
                fn encode(&self, out: &mut [u8]) {
                    let (fixed, tail) = out.split_at_mut(Self::FIXED);
                    let mut tail = TailWriter::new(tail);
                    let mut at = 0;
                    $(
                        at = align_up(at, <$type as Field<$life>>::ALIGN);
                        Field::put(self.$field, &mut fixed[at..at + <$type as Field<$life>>::SIZE], &mut tail);
                        at += <$type as Field<$life>>::SIZE;
                    )*
                    let _ = at;
                }

                fn fields(&self, visit: &mut dyn FnMut(&'static str, Value<'_>)) {
                    $(visit(stringify!($field), Field::value(self.$field));)*
                }
            }

            impl $(<$lt>)? serde::Serialize for $Name $(<$lt>)? {
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    crate::format::json::serialize_record(self, serializer)
                }
            }
        )*

        /// Any record, decoded. Strings and bytes borrow from the block.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Event<$life> {
            $($(#[doc = $doc])+ $Name($Name $(<$lt>)?),)*
            /// A type of a newer writer.
            Unknown(Unknown<$life>),
        }

        impl<$life> Event<$life> {
            /// Decodes a record's body, where it is called: a loop over records then never builds the whole enum.
            /// `fixed` is the size of its fixed part according to the file.
            #[inline(always)]
            pub fn decode(event_type: u16, body: &$life [u8], fixed: usize) -> Event<$life> {
                match event_type {
                    $($id => Event::$Name($Name::decode(BodyReader::new(body, fixed))),)*
                    _ => Event::Unknown(Unknown { event_type, body }),
                }
            }

            /// The table's entry for this event.
            pub fn spec(&self) -> Option<&'static EventSpec> {
                match self {
                    $(Event::$Name(_) => Some(<$Name as Record>::SPEC),)*
                    Event::Unknown(_) => None,
                }
            }

            /// Shows every field, in order.
            pub fn fields(&self, visit: &mut dyn FnMut(&'static str, Value<'_>)) {
                match self {
                    $(Event::$Name(record) => record.fields(visit),)*
                    Event::Unknown(unknown) => visit("body", Value::Bytes(unknown.body)),
                }
            }
        }

        $(
            impl<$life> From<$Name $(<$lt>)?> for Event<$life> {
                fn from(record: $Name $(<$lt>)?) -> Event<$life> {
                    Event::$Name(record)
                }
            }
        )*

        /// Every event of this version, by number.
        pub const EVENTS: &[&EventSpec] = &[$(<$Name as Record>::SPEC),*];
    };
}

pub(crate) use define_events;

/// The table's entry for an event number.
pub fn spec_of(event_type: u16) -> Option<&'static EventSpec> {
    let events = crate::format::event::EVENTS;
    events.binary_search_by_key(&event_type, |spec| spec.id).ok().map(|index| events[index])
}

/// The table's entry for an event name.
pub fn spec_named(name: &str) -> Option<&'static EventSpec> {
    crate::format::event::EVENTS.iter().find(|spec| spec.name == name).copied()
}
