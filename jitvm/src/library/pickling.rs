//! The module `_pickling`: plain objects as bytes of pickle's protocols 4 and 5. What is not plain, `lib/pickle.py` saves.

use super::structures::structure_of;
use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::bytes::data;
use crate::runtime::object::ShapeId;
use crate::runtime::sequences::items;
use crate::runtime::strings::text;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};
use crate::runtime::{attributes, dict, iterate, surrogates};

builtins! {
    FUNCTIONS of Owner::Module("_pickling");
    "save" Arity::Range(4, 4), save, "The bytes of an object that are not yet in the pickler's frame.";
}

pub fn fill(_: &mut Vm, _: Value) -> Outcome<()> {
    Ok(())
}

/// Bytes from which on a frame ends before the next operation, and data too large for one.
const FRAME_TARGET: usize = 64 * 1024;
/// Items stored by one operation.
const BATCH: usize = 1000;

struct Encoder {
    pickler: Value,
    /// The pickler's dict of what was written, `id -> (number, object)`.
    memo: Value,
    out: Vec<u8>,
    /// Bytes that the pickler's frame has before `out`.
    before: usize,
}

/// `save(pickler, object, memo, size)`: the pickler's frame has so many bytes. The pickler's `_flush` takes bytes and gives
/// the size of the frame then; its `_save_rest` takes bytes and an object that is not plain.
fn save(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [pickler, value, memo, size] = [0, 1, 2, 3].map(|index| arguments.positional()[index]);
    let before = iterate::to_index(vm, size)? as usize;
    let mut encoder = Encoder { pickler, memo, out: Vec::with_capacity(256), before };
    encoder.value(vm, value)?;
    vm.bytes(&encoder.out)
}

impl Encoder {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Gives the pickler what was written, and an object to write.
    #[cold]
    fn hand_over(&mut self, vm: &mut Vm, method: &str, value: Option<Value>) -> Outcome<()> {
        let written = vm.bytes(&self.out)?;
        self.out.clear();
        let name = vm.intern(method);
        let method = attributes::get_attr(vm, self.pickler, name)?;
        let size = match value {
            Some(value) => vm.call(method, &[written, value])?,
            None => vm.call(method, &[written])?,
        };
        self.before = iterate::to_index(vm, size)? as usize;
        Ok(())
    }

    fn rest(&mut self, vm: &mut Vm, value: Value) -> Outcome<()> {
        self.hand_over(vm, "_save_rest", Some(value))
    }

    fn value(&mut self, vm: &mut Vm, value: Value) -> Outcome<()> {
        // A frame that is full ends where an object begins.
        if self.before + self.out.len() >= FRAME_TARGET {
            self.hand_over(vm, "_flush", None)?;
        }
        match value {
            Value::NONE => self.write(b"N"),
            Value::TRUE => self.write(b"\x88"),
            Value::FALSE => self.write(b"\x89"),
            int if int.is_int() => self.int(int.as_fixnum()),
            float if float.is_float() => {
                self.write(b"G");
                self.write(&float.as_float().to_be_bytes());
            }
            value if value.is_pointer() => return self.object(vm, value),
            value => return self.rest(vm, value),
        }
        Ok(())
    }

    fn object(&mut self, vm: &mut Vm, value: Value) -> Outcome<()> {
        match value.shape() {
            ShapeId::STR => self.text(vm, value),
            ShapeId::BYTES => self.bytes(vm, value),
            ShapeId::LIST | ShapeId::DICT => self.container(vm, value),
            ShapeId::TUPLE if structure_of(value).is_none() => self.container(vm, value),
            _ => self.rest(vm, value),
        }
    }

    fn int(&mut self, int: i64) {
        let bytes = int.to_le_bytes();
        match int {
            0..256 => self.write(&[b'K', bytes[0]]),
            256..65536 => self.write(&[b'M', bytes[0], bytes[1]]),
            -0x8000_0000..=0x7fff_ffff => self.write(&[b'J', bytes[0], bytes[1], bytes[2], bytes[3]]),
            _ => {
                // The fewest bytes of which the last has the sign.
                let sign = if int < 0 { 0xff } else { 0 };
                let mut size = bytes.len();
                while size > 1 && bytes[size - 1] == sign && (bytes[size - 2] ^ sign) & 0x80 == 0 {
                    size -= 1;
                }
                self.write(&[0x8a, size as u8]);
                self.write(&bytes[..size]);
            }
        }
    }

    fn key(value: Value) -> Value {
        Value::from_fixnum(value.address() as i64)
    }

    /// Writes where an object is in the memo, if it is there.
    fn known(&mut self, vm: &mut Vm, value: Value) -> Outcome<bool> {
        let Some(entry) = dict::get(vm, self.memo, Self::key(value))? else { return Ok(false) };
        let Some(number) = items(entry).first().filter(|number| number.is_int()) else { return Ok(false) };
        let bytes = (number.as_fixnum() as u32).to_le_bytes();
        match number.as_fixnum() {
            0..256 => self.write(&[b'h', bytes[0]]),
            _ => self.write(&[b'j', bytes[0], bytes[1], bytes[2], bytes[3]]),
        }
        Ok(true)
    }

    fn memoize(&mut self, vm: &mut Vm, value: Value) -> Outcome<()> {
        let number = Value::from_fixnum(dict::length(self.memo) as i64);
        let entry = vm.tuple(&[number, value])?;
        dict::set(vm, self.memo, Self::key(value), entry)?;
        self.write(b"\x94");
        Ok(())
    }

    fn text(&mut self, vm: &mut Vm, value: Value) -> Outcome<()> {
        let source = text(value);
        if source.len() >= FRAME_TARGET || surrogates::find(source).is_some() {
            return self.rest(vm, value);
        }
        self.counted(vm, value, source.as_bytes(), 0x8c, b'X')
    }

    fn bytes(&mut self, vm: &mut Vm, value: Value) -> Outcome<()> {
        let source = data(value);
        if source.len() >= FRAME_TARGET {
            return self.rest(vm, value);
        }
        self.counted(vm, value, source, b'C', b'B')
    }

    /// Bytes after their number, by the operation for short ones or that for others.
    fn counted(&mut self, vm: &mut Vm, value: Value, source: &[u8], short: u8, long: u8) -> Outcome<()> {
        if self.known(vm, value)? {
            return Ok(());
        }
        match u8::try_from(source.len()) {
            Ok(size) => self.write(&[short, size]),
            Err(_) => {
                self.out.push(long);
                self.write(&(source.len() as u32).to_le_bytes());
            }
        }
        self.write(source);
        self.memoize(vm, value)
    }

    fn container(&mut self, vm: &mut Vm, value: Value) -> Outcome<()> {
        if self.known(vm, value)? {
            return Ok(());
        }
        vm.enter_native(" while pickling an object")?;
        let result = match value.shape() {
            ShapeId::LIST => self.list(vm, value),
            ShapeId::DICT => self.dict(vm, value),
            _ => self.tuple(vm, value),
        };
        vm.leave_native();
        result
    }

    fn tuple(&mut self, vm: &mut Vm, tuple: Value) -> Outcome<()> {
        let items = items(tuple);
        let size = items.len();
        if size == 0 {
            self.write(b")");
            return Ok(());
        }
        if size > 3 {
            self.write(b"(");
        }
        for &item in items {
            self.value(vm, item)?;
        }
        if dict::get(vm, self.memo, Self::key(tuple))?.is_some() {
            // A tuple that contains itself, by way of a list say, is there by now.
            self.write(if size > 3 { b"1" } else { &b"000"[..size] });
            return self.known(vm, tuple).map(drop);
        }
        self.write(if size > 3 { b"t" } else { &b"\x85\x86\x87"[size - 1..size] });
        self.memoize(vm, tuple)
    }

    fn list(&mut self, vm: &mut Vm, list: Value) -> Outcome<()> {
        self.write(b"]");
        self.memoize(vm, list)?;
        if let &[item] = items(list) {
            self.value(vm, item)?;
            self.write(b"a");
            return Ok(());
        }
        let mut index = 0;
        // The program may change the list meanwhile.
        while index < items(list).len() {
            self.write(b"(");
            let end = index + BATCH;
            while let Some(&item) = items(list).get(index).filter(|_| index < end) {
                self.value(vm, item)?;
                index += 1;
            }
            self.write(b"e");
        }
        Ok(())
    }

    fn dict(&mut self, vm: &mut Vm, dict: Value) -> Outcome<()> {
        self.write(b"}");
        self.memoize(vm, dict)?;
        let size = dict::length(dict);
        let (mut position, mut count) = (0, BATCH);
        if size == 1 {
            if let Some((key, item)) = dict::entry_at(dict, &mut position) {
                self.value(vm, key)?;
                self.value(vm, item)?;
            }
            self.write(b"s");
            return Ok(());
        }
        while size > 0 && count == BATCH {
            count = 0;
            self.write(b"(");
            while count < BATCH
                && let Some((key, item)) = dict::entry_at(dict, &mut position)
            {
                self.value(vm, key)?;
                self.value(vm, item)?;
                count += 1;
            }
            self.write(b"u");
            if dict::length(dict) != size {
                return Err(vm.raise(TypeId::RUNTIME_ERROR, "dictionary changed size during iteration"));
            }
        }
        Ok(())
    }
}
