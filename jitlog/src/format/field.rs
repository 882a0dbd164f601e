//! The field types a record may have: how each lies in the fixed part, and how it is shown.
//!
//! Scalars lie at their natural alignment. `&str` and `&[u8]` have a `u32` length in the fixed part; their bytes follow
//! the fixed part in schema order, each padded to 8.

use crate::format::bytes;
use crate::format::ids::IdKind;
use crate::format::layout::pad8;

/// A field's value without its type, for printing, JSON and resolving.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    /// An address or fingerprint, shown in hexadecimal.
    Hex(u64),
    /// A 16-byte hash, shown in hexadecimal.
    Hash(u128),
    /// A value of a closed vocabulary.
    Name(Option<&'static str>, u64),
    Id(IdKind, u64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// A fixed-size field type: a primitive, or a newtype of one.
pub trait Scalar: Copy {
    type Repr: Primitive;
    /// Type name in the schema.
    const SEMANTIC: &'static str;
    fn to_repr(self) -> Self::Repr;
    fn from_repr(raw: Self::Repr) -> Self;
    fn value(self) -> Value<'static>;
}

/// A number as it lies in memory.
pub trait Primitive: Copy {
    const NAME: &'static str;
    const SIZE: usize;
    fn put(self, out: &mut [u8]);
    fn get(raw: &[u8], at: usize) -> Self;
}

/// Any type a field may have.
pub trait Field<'a>: Copy {
    /// Bytes in the fixed part.
    const SIZE: usize;
    const ALIGN: usize;
    /// Physical type in the schema: `u32`, `str`, `bytes`, `u8[16]`.
    const PHYSICAL: &'static str;
    /// Meaning in the schema; equals the physical type when there is none.
    const SEMANTIC: &'static str;
    /// Bytes in the variable part, padding included.
    fn tail_bytes(self) -> usize {
        0
    }
    fn put(self, fixed: &mut [u8], tail: &mut TailWriter<'_>);
    fn get(body: &mut BodyReader<'a>, at: usize) -> Self;
    fn value(self) -> Value<'a>;
}

/// The variable part while it is written.
pub struct TailWriter<'a> {
    rest: &'a mut [u8],
}

impl<'a> TailWriter<'a> {
    pub fn new(tail: &'a mut [u8]) -> TailWriter<'a> {
        TailWriter { rest: tail }
    }
    fn put(&mut self, data: &[u8]) {
        let rest = std::mem::take(&mut self.rest);
        let (mine, others) = rest.split_at_mut(pad8(data.len()));
        mine[..data.len()].copy_from_slice(data);
        self.rest = others;
    }
}

/// A record's body while it is read. `fixed` ends where the file's schema says, so that records of older and newer
/// writers are both understood.
pub struct BodyReader<'a> {
    fixed: &'a [u8],
    tail: &'a [u8],
}

impl<'a> BodyReader<'a> {
    /// `fixed_bytes` is the size of the fixed part according to the file.
    #[inline]
    pub fn new(body: &'a [u8], fixed_bytes: usize) -> BodyReader<'a> {
        let (fixed, tail) = body.split_at(fixed_bytes.min(body.len()));
        BodyReader { fixed, tail }
    }
    /// The next variable field; cut short, never out of bounds, if its length lies.
    #[inline]
    fn take(&mut self, length_at: usize) -> &'a [u8] {
        let length = bytes::u32_at(self.fixed, length_at) as usize;
        let data = &self.tail[..length.min(self.tail.len())];
        self.tail = &self.tail[pad8(data.len()).min(self.tail.len())..];
        data
    }
}

macro_rules! primitives {
    ($($type:ident)*) => {
        $(
            impl Primitive for $type {
                const NAME: &'static str = stringify!($type);
                const SIZE: usize = size_of::<$type>();
                #[inline]
                fn put(self, out: &mut [u8]) {
                    out.copy_from_slice(&self.to_le_bytes());
                }
                #[inline]
                fn get(raw: &[u8], at: usize) -> $type {
                    $type::from_le_bytes(bytes::array_at(raw, at))
                }
            }
        )*
    };
}
primitives! { u8 u16 u32 u64 i32 i64 f64 }

macro_rules! plain_scalars {
    ($($type:ident $value:expr;)*) => {
        $(
            impl Scalar for $type {
                type Repr = $type;
                const SEMANTIC: &'static str = stringify!($type);
                #[inline]
                fn to_repr(self) -> $type {
                    self
                }
                #[inline]
                fn from_repr(raw: $type) -> $type {
                    raw
                }
                fn value(self) -> Value<'static> {
                    #[allow(clippy::redundant_closure_call)]
                    ($value)(self)
                }
            }
        )*
    };
}
plain_scalars! {
    u8 |raw| Value::Unsigned(u64::from(raw));
    u16 |raw| Value::Unsigned(u64::from(raw));
    u32 |raw| Value::Unsigned(u64::from(raw));
    u64 Value::Unsigned;
    i32 |raw| Value::Signed(i64::from(raw));
    i64 Value::Signed;
    f64 Value::Float;
}

macro_rules! hex_scalars {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
            pub struct $name(pub u64);

            impl From<u64> for $name {
                fn from(raw: u64) -> $name {
                    $name(raw)
                }
            }
            impl std::fmt::Display for $name {
                fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    write!(out, "0x{:x}", self.0)
                }
            }
            impl Scalar for $name {
                type Repr = u64;
                const SEMANTIC: &'static str = stringify!($name);
                fn to_repr(self) -> u64 {
                    self.0
                }
                fn from_repr(raw: u64) -> $name {
                    $name(raw)
                }
                fn value(self) -> Value<'static> {
                    Value::Hex(self.0)
                }
            }
        )*
    };
}
hex_scalars! {
    /// An address in the writing process. In JSON a hexadecimal string, since JSON numbers lose bits.
    Address;
    /// An xxh3-64 that makes ids comparable across processes. In JSON a hexadecimal string.
    Fingerprint;
    /// Eight bytes as they lay in memory, their meaning given elsewhere. In JSON a hexadecimal string.
    RawWord;
}

impl<'a, S: Scalar> Field<'a> for S {
    const SIZE: usize = <S::Repr as Primitive>::SIZE;
    const ALIGN: usize = <S::Repr as Primitive>::SIZE;
    const PHYSICAL: &'static str = <S::Repr as Primitive>::NAME;
    const SEMANTIC: &'static str = <S as Scalar>::SEMANTIC;
    #[inline]
    fn put(self, fixed: &mut [u8], _tail: &mut TailWriter<'_>) {
        self.to_repr().put(fixed);
    }
    #[inline]
    fn get(body: &mut BodyReader<'a>, at: usize) -> S {
        S::from_repr(<S::Repr as Primitive>::get(body.fixed, at))
    }
    fn value(self) -> Value<'a> {
        Scalar::value(self)
    }
}

impl<'a> Field<'a> for &'a str {
    const SIZE: usize = 4;
    const ALIGN: usize = 4;
    const PHYSICAL: &'static str = "str";
    const SEMANTIC: &'static str = "str";
    fn tail_bytes(self) -> usize {
        pad8(self.len())
    }
    #[inline]
    fn put(self, fixed: &mut [u8], tail: &mut TailWriter<'_>) {
        self.as_bytes().put(fixed, tail);
    }
    fn get(body: &mut BodyReader<'a>, at: usize) -> &'a str {
        let data = body.take(at);
        match std::str::from_utf8(data) {
            Ok(text) => text,
            // Only a damaged, unsealed block gets here: keep what is text.
            Err(error) => std::str::from_utf8(&data[..error.valid_up_to()]).unwrap_or_default(),
        }
    }
    fn value(self) -> Value<'a> {
        Value::Text(self)
    }
}

impl<'a> Field<'a> for &'a [u8] {
    const SIZE: usize = 4;
    const ALIGN: usize = 4;
    const PHYSICAL: &'static str = "bytes";
    const SEMANTIC: &'static str = "bytes";
    fn tail_bytes(self) -> usize {
        pad8(self.len())
    }
    #[inline]
    fn put(self, fixed: &mut [u8], tail: &mut TailWriter<'_>) {
        fixed.copy_from_slice(&(self.len() as u32).to_le_bytes());
        tail.put(self);
    }
    fn get(body: &mut BodyReader<'a>, at: usize) -> &'a [u8] {
        body.take(at)
    }
    fn value(self) -> Value<'a> {
        Value::Bytes(self)
    }
}

/// Sixteen bytes: a content hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hash16(pub [u8; 16]);

impl<'a> Field<'a> for Hash16 {
    const SIZE: usize = 16;
    const ALIGN: usize = 1;
    const PHYSICAL: &'static str = "u8[16]";
    const SEMANTIC: &'static str = "Hash16";
    fn put(self, fixed: &mut [u8], _tail: &mut TailWriter<'_>) {
        fixed.copy_from_slice(&self.0);
    }
    fn get(body: &mut BodyReader<'a>, at: usize) -> Hash16 {
        Hash16(bytes::array_at(body.fixed, at))
    }
    fn value(self) -> Value<'a> {
        Value::Hash(u128::from_be_bytes(self.0))
    }
}
