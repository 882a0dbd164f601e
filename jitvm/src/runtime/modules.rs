//! Module objects, and the global cells in their dicts.

use super::dict;
use super::object::{Cell, Module, ShapeId};
use super::strings::text;
use super::value::Value;
use super::vm::Vm;
use crate::bytecode::CodeKind;
use crate::ir::CodeId;

/// What a module is called until `__init__` has named it.
pub const UNNAMED: &str = "?";

/// The dict of a module's globals: what `module.__dict__` is.
pub fn module_dict(module: Value) -> Value {
    debug_assert!(module.has_layout(ShapeId::MODULE));
    // SAFETY: the caller passes a module.
    unsafe { (*module.object::<Module>()).dict }
}

/// The name of a module object.
pub fn module_name<'a>(module: Value) -> &'a str {
    // SAFETY: the caller passes a module; its name is a str.
    text(unsafe { (*module.object::<Module>()).name })
}

/// Names a module; `name` is a str.
pub fn set_name(module: Value, name: Value) {
    // SAFETY: the caller passes a module.
    unsafe { (*module.object::<Module>()).name = name };
}

impl Vm {
    /// A new module with `__name__` set, entered into [`Vm::modules`].
    pub fn new_module(&mut self, name: &str) -> Value {
        let name_value = self.intern(name);
        let dict = self.new_globals();
        let object = self.allocate(size_of::<Module>(), ShapeId::MODULE).cast::<Module>();
        // SAFETY: the allocation has room for a `Module`.
        unsafe {
            (*object).dict = dict;
            (*object).name = name_value;
        }
        let module = Value::of(object);
        let modules = self.modules_dict();
        // Out of memory: the module is not found again.
        let _ = dict::set_str(self, modules, name_value, module);
        self.set_global(module, "__name__", name_value);
        module
    }

    /// A module without a name or anything else in it, which is not imported.
    pub fn blank_module(&mut self) -> Value {
        let (name, dict) = (self.intern(UNNAMED), self.new_globals());
        let object = self.allocate(size_of::<Module>(), ShapeId::MODULE).cast::<Module>();
        // SAFETY: the allocation has room for a `Module`.
        unsafe {
            (*object).dict = dict;
            (*object).name = name;
        }
        Value::of(object)
    }

    /// A module object for a dict of globals that belongs to no imported module.
    pub fn module_of_dict(&mut self, globals: Value) -> Value {
        let name = self.intern("__main__");
        let object = self.allocate(size_of::<Module>(), ShapeId::MODULE).cast::<Module>();
        // SAFETY: the allocation has room for a `Module`.
        unsafe {
            (*object).dict = globals;
            (*object).name = name;
        }
        Value::of(object)
    }

    /// Whether the body of a module is running.
    pub fn is_being_imported(&self, module: Value) -> bool {
        self.frames.iter().any(|frame| {
            let code = &self.codes[frame.code.index()];
            code.module == module && code.proto.kind == CodeKind::Module && module_name(module) != "__main__"
        })
    }

    /// `sys.modules`.
    pub fn modules_dict(&mut self) -> Value {
        if self.modules == Value::UNDEF {
            self.modules = self.new_dict();
        }
        self.modules
    }

    /// An imported module.
    pub fn find_module(&self, name: &str) -> Option<Value> {
        if self.modules == Value::UNDEF {
            return None;
        }
        let name = self.interned.get(name)?;
        dict::get_str(self.modules, *name)
    }

    /// An import failed: the module counts as not imported.
    pub fn forget_module(&mut self, name: &str) {
        let (name, modules) = (self.intern(name), self.modules_dict());
        dict::remove_str(self, modules, name);
    }

    /// A global cell that is in no dict yet; a str as name finds the builtin that it hides.
    pub(super) fn new_cell(&mut self, name: Value, value: Value) -> *mut Cell {
        let known = if name.is_str() { self.interned_name(name) } else { None };
        let fallback = known.and_then(|name| self.builtins.get(&name).copied()).unwrap_or(Value::UNDEF);
        let cell = self.allocate(size_of::<Cell>(), ShapeId::CELL).cast::<Cell>();
        // SAFETY: the allocation has room for a `Cell`.
        unsafe { (cell.cast::<[Value; 3]>().byte_add(8)).write([value, fallback, name]) };
        cell
    }

    /// The cell of a global variable, made if need be; `name` is interned.
    pub fn global_cell(&mut self, module: Value, name: Value) -> *mut Cell {
        dict::cell(self, module_dict(module), name)
    }

    pub fn set_global(&mut self, module: Value, name: &str, value: Value) {
        let name = self.intern(name);
        let cell = self.global_cell(module, name);
        // SAFETY: cells live as long as their module.
        unsafe { self.set_cell(cell, value) };
    }

    /// Value of a module's global, `None` while unassigned; `name` is interned.
    pub fn global(&self, module: Value, name: Value) -> Option<Value> {
        dict::get_str(module_dict(module), name)
    }

    /// Names of the assigned globals of the module that a code belongs to.
    pub fn globals_of_code(&self, code: CodeId) -> Vec<Value> {
        self.global_names(self.codes[code.index()].module)
    }

    /// Names of the module's assigned globals, in the order they were first mentioned.
    pub fn global_names(&self, module: Value) -> Vec<Value> {
        let (globals, mut position) = (module_dict(module), 0);
        let names = std::iter::from_fn(|| dict::entry_at(globals, &mut position)).map(|(name, _)| name);
        names.filter(|name| name.is_str()).collect()
    }
}
