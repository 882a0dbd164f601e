//! Writing at the end of an `io.StringIO`, a class of the library written in Python, without calling its method.

use super::instances::slots;
use super::object::ShapeId;
use super::types::{TypeId, type_id};
use super::value::Value;
use super::vm::{Outcome, Vm};

/// Attributes of a StringIO, in the order of [`TextFiles::slots`].
const NAMES: [&str; 3] = ["_newline", "_ends", "_more"];

/// Which objects are such files, and where their slots lie.
#[derive(Clone, Copy, Debug)]
pub struct TextFiles {
    class: TypeId,
    /// Of the class, as the library made it: later ones are left to the methods.
    version: u32,
    /// The shape that files had last, and the slots in it.
    shape: ShapeId,
    slots: [u16; NAMES.len()],
}

impl Default for TextFiles {
    /// Nothing is such a file before the module is imported.
    fn default() -> TextFiles {
        TextFiles { class: TypeId::OBJECT, version: u32::MAX, shape: ShapeId::FREE, slots: [0; NAMES.len()] }
    }
}

impl Vm {
    /// The class StringIO is this.
    pub fn know_text_files(&mut self, class: Value) {
        let class = type_id(class);
        self.text_files = TextFiles { class, version: self.class(class).version, ..TextFiles::default() };
    }

    /// The list of what was written at the end of an open StringIO that leaves newlines as they are, if that is where its
    /// next text goes; `None` of anything else.
    fn texts_at_end(&mut self, file: Value) -> Option<Value> {
        if !file.is_pointer() || !file.is_instance() || !file.has_layout(ShapeId::INSTANCE) {
            return None;
        }
        let shape = file.shape();
        if shape != self.text_files.shape {
            if self.shapes.class(shape) != self.text_files.class || !self.shapes.get(shape).has_values() {
                return None;
            }
            // A file that has been closed has the first attribute itself, and the second may be given to any.
            for name in ["_closed", "write"] {
                let name = self.intern(name);
                if self.shapes.lookup(shape, name).is_some() {
                    return None;
                }
            }
            for (index, name) in NAMES.into_iter().enumerate() {
                let name = self.intern(name);
                self.text_files.slots[index] = self.shapes.lookup(shape, name)?;
            }
            self.text_files.shape = shape;
        }
        if self.class(self.text_files.class).version != self.text_files.version {
            return None;
        }
        let [newline, ends, more] = self.text_files.slots.map(|slot| slots(file)[slot as usize]);
        let at_end = newline == self.characters[usize::from(b'\n')] && ends == Value::TRUE;
        (at_end && more.has_shape(ShapeId::LIST)).then_some(more)
    }

    /// Whether [`Vm::write_at_end`] would write to this file.
    pub fn is_written_at_end(&mut self, file: Value) -> bool {
        self.texts_at_end(file).is_some()
    }

    /// What `StringIO.write` does with a text at the end of a file; false, and nothing has happened, if it must do so itself.
    ///
    /// # Errors
    /// There is no memory for it: the exception is pending.
    pub fn write_at_end(&mut self, file: Value, text: Value) -> Outcome<bool> {
        let Some(texts) = self.texts_at_end(file) else { return Ok(false) };
        self.push(texts, text)?;
        Ok(true)
    }
}
