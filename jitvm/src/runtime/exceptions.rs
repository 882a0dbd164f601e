//! Exception objects, and raising them from Rust.

use super::object::{Exception, ShapeId};
use super::sequences::items;
use super::types::{TypeId, type_id};
use super::value::Value;
use super::vm::{Outcome, Raised, Vm};
use crate::ir::CodeId;
use crate::library::{Arguments, constructors};

/// The fields of an exception object.
pub fn exception<'a>(value: Value) -> &'a mut Exception {
    debug_assert!(value.has_layout(ShapeId::EXCEPTION));
    // SAFETY: the shape was checked; the VM is single-threaded and no caller keeps the reference over an allocation.
    unsafe { &mut *value.object::<Exception>() }
}

/// The class of an exception object.
pub fn class_of(value: Value) -> TypeId {
    type_id(exception(value).class)
}

impl Vm {
    /// An exception object; `args` is a tuple.
    pub fn new_exception(&mut self, class: TypeId, args: Value) -> Value {
        // Every exception has a word for the dict of its attributes.
        let shape = if class.is_dynamic() { self.root_shape(class) } else { ShapeId::EXCEPTION };
        let object = self.allocate(size_of::<Exception>() + 8, shape).cast::<Exception>();
        // SAFETY: the allocation has room for an `Exception`.
        unsafe {
            (*object).header.kind = ShapeId::EXCEPTION.0 as u8;
            *object.add(1).cast::<Value>() = Value::UNDEF;
            (*object).class = self.type_object(class);
            (*object).args = args;
            (*object).traceback = Value::NONE;
            (*object).cause = Value::NONE;
            (*object).context = Value::NONE;
            (*object).suppress_context = Value::FALSE;
            (*object).name = Value::NONE;
            (*object).object = Value::NONE;
        }
        let value = Value::of(object);
        self.watch_instance(class, value);
        value
    }

    /// Raises an exception with a message.
    #[cold]
    pub fn raise(&mut self, class: TypeId, message: impl AsRef<str>) -> Raised {
        let message = self.str(message.as_ref());
        self.raise_with(class, &[message])
    }

    /// Raises an exception with these arguments.
    #[cold]
    pub fn raise_with(&mut self, class: TypeId, args: &[Value]) -> Raised {
        match self.tuple(args) {
            Ok(args) => {
                let value = self.new_exception(class, args);
                self.raise_value(value)
            }
            Err(raised) => raised,
        }
    }

    /// Makes an exception object the pending one.
    pub fn raise_value(&mut self, value: Value) -> Raised {
        debug_assert!(value.has_layout(ShapeId::EXCEPTION));
        if self.handled.is_pointer() {
            crate::interp::unwind::set_context(self, value);
        }
        self.exception = value;
        Raised
    }

    /// Takes the pending exception.
    pub fn take_exception(&mut self) -> Option<Value> {
        let value = std::mem::replace(&mut self.exception, Value::UNDEF);
        (value != Value::UNDEF).then_some(value)
    }

    /// What `raise value [from cause]` does: instantiates classes, checks types, sets the cause.
    pub fn raise_statement(&mut self, value: Value, cause: Option<Value>) -> Raised {
        let value = match self.instantiate(value, "exceptions must derive from BaseException") {
            Ok(value) => value,
            Err(raised) => return raised,
        };
        if let Some(cause) = cause {
            let cause = if cause == Value::NONE {
                cause
            } else {
                match self.instantiate(cause, "exception causes must derive from BaseException") {
                    Ok(cause) => cause,
                    Err(raised) => return raised,
                }
            };
            let fields = exception(value);
            fields.cause = cause;
            fields.suppress_context = Value::TRUE;
        }
        self.raise_value(value)
    }

    fn instantiate(&mut self, value: Value, message: &str) -> Outcome {
        if value.has_layout(ShapeId::EXCEPTION) {
            return Ok(value);
        }
        if value.has_layout(ShapeId::TYPE) && self.is_exception_class(type_id(value)) {
            return super::instantiate::new_raised(self, value);
        }
        Err(self.type_error(message))
    }

    /// Notes that the pending exception passes through a frame.
    pub fn add_traceback_entry(&mut self, code: CodeId, pc: u32) {
        let value = self.exception;
        if !value.has_layout(ShapeId::EXCEPTION) || self.is_consumer(code) {
            return;
        }
        if exception(value).traceback == Value::NONE {
            let Ok(list) = self.list(&[]) else { return };
            exception(value).traceback = list;
        }
        let entry = Value::from_fixnum(i64::from(code.0) << 32 | i64::from(pc));
        // Out of memory: the traceback lacks an entry, and the exception is MemoryError already.
        let _ = self.push(exception(value).traceback, entry);
    }

    #[cold]
    pub fn type_error(&mut self, message: impl AsRef<str>) -> Raised {
        self.raise(TypeId::TYPE_ERROR, message)
    }
    #[cold]
    pub fn value_error(&mut self, message: impl AsRef<str>) -> Raised {
        self.raise(TypeId::VALUE_ERROR, message)
    }
    #[cold]
    pub fn index_error(&mut self, message: impl AsRef<str>) -> Raised {
        self.raise(TypeId::INDEX_ERROR, message)
    }
    #[cold]
    pub fn overflow_error(&mut self, message: impl AsRef<str>) -> Raised {
        self.raise(TypeId::OVERFLOW_ERROR, message)
    }
    #[cold]
    pub fn zero_division_error(&mut self, message: impl AsRef<str>) -> Raised {
        self.raise(TypeId::ZERO_DIVISION_ERROR, message)
    }
    #[cold]
    pub fn attribute_error(&mut self, message: impl AsRef<str>) -> Raised {
        self.raise(TypeId::ATTRIBUTE_ERROR, message)
    }
    /// Reading a global that is neither assigned nor builtin.
    #[cold]
    pub fn raise_name_error(&mut self, name: &str) -> Raised {
        let raised = self.raise(TypeId::NAME_ERROR, format!("name '{name}' is not defined"));
        self.name_exception(name);
        raised
    }
    /// Reading a local before its assignment.
    #[cold]
    pub fn raise_unbound_local_error(&mut self, name: &str) -> Raised {
        let message = format!("cannot access local variable '{name}' where it is not associated with a value");
        let raised = self.raise(TypeId::UNBOUND_LOCAL_ERROR, message);
        self.name_exception(name);
        raised
    }
    /// `import` of a module there is not.
    #[cold]
    pub fn raise_module_not_found(&mut self, name: &str) -> Raised {
        let note = crate::library::unsupported::module_note(name);
        let raised = self.raise(TypeId::MODULE_NOT_FOUND_ERROR, format!("No module named '{name}'{note}"));
        self.name_exception(name);
        raised
    }
    fn name_exception(&mut self, name: &str) {
        let name = self.intern(name);
        exception(self.exception).name = name;
    }
    #[cold]
    pub fn raise_memory_error(&mut self) -> Raised {
        self.raise_with(TypeId::MEMORY_ERROR, &[])
    }
    #[cold]
    pub fn raise_recursion_error(&mut self) -> Raised {
        self.raise(TypeId::RECURSION_ERROR, "maximum recursion depth exceeded")
    }
    /// An OSError of the class that belongs to an error number.
    #[cold]
    pub fn raise_os_error(&mut self, error: &std::io::Error) -> Raised {
        self.raise_os_error_about(error, &[])
    }

    /// As [`Vm::raise_os_error`], naming up to two files.
    #[cold]
    pub fn raise_os_error_about(&mut self, error: &std::io::Error, files: &[Value]) -> Raised {
        let number = Value::from_fixnum(i64::from(error.raw_os_error().unwrap_or(0)));
        let message = self.str(&error_words(error));
        // On the native stack, which the collector looks at.
        let mut arguments = [number, message, Value::NONE, Value::NONE, Value::NONE];
        let count = match *files {
            [] => 2,
            [file] => {
                arguments[2] = file;
                3
            }
            [file, second, ..] => {
                (arguments[2], arguments[4]) = (file, second);
                5
            }
        };
        match constructors::new_exception(self, TypeId::OS_ERROR, Arguments::positional_only(&arguments[..count])) {
            Ok(value) => self.raise_value(value),
            Err(raised) => raised,
        }
    }
}

/// The system's words for an error.
pub fn error_words(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or("").to_owned()
}

/// Code and pc of each frame an exception passed through, outermost first.
pub fn traceback_entries(value: Value) -> Vec<(CodeId, u32)> {
    let list = exception(value).traceback;
    if list == Value::NONE {
        return Vec::new();
    }
    let entry = |value: &Value| (CodeId((value.as_fixnum() >> 32) as u32), value.as_fixnum() as u32);
    items(list).iter().rev().map(entry).collect()
}
