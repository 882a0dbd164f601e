//! Module objects, and the global cells in their dicts.

use super::dict;
use super::object::{Cell, Module, ShapeId};
use super::strings::text;
use super::value::Value;
use super::vm::Vm;
use crate::ir::CodeId;

/// The dict of a module's globals: what `module.__dict__` is.
pub fn module_dict(module: Value) -> Value {
    debug_assert!(module.has_shape(ShapeId::MODULE));
    // SAFETY: the caller passes a module.
    unsafe { (*module.object::<Module>()).dict }
}

/// The name of a module object.
pub fn module_name<'a>(module: Value) -> &'a str {
    // SAFETY: the caller passes a module; its name is a str.
    text(unsafe { (*module.object::<Module>()).name })
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
        self.modules.push((name.to_owned(), module));
        self.set_global(module, "__name__", name_value);
        module
    }

    /// An imported module.
    pub fn find_module(&self, name: &str) -> Option<Value> {
        self.modules.iter().find(|(known, _)| known == name).map(|&(_, module)| module)
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
        unsafe { (*cell).value = value };
    }

    /// Value of a module's global, `None` while unassigned; `name` is interned.
    pub fn global(&self, module: Value, name: Value) -> Option<Value> {
        dict::get_str(module_dict(module), name)
    }

    /// Names of the assigned globals of the module that a code belongs to.
    pub fn globals_of_code(&self, code: CodeId) -> Vec<Value> {
        // SAFETY: a code's cells live as long as it does.
        let cells = self.codes[code.index()].globals.iter().map(|&cell| unsafe { &*cell });
        let Some(first) = cells.clone().next() else { return Vec::new() };
        let owns = |module: &Value| {
            dict::cells(module_dict(*module))
                .any(|cell| Value::of(cell) == Value::of(std::ptr::from_ref(first).cast_mut()))
        };
        match self.modules.iter().map(|&(_, module)| module).find(owns) {
            Some(module) => self.global_names(module),
            None => cells.filter(|cell| cell.value != Value::UNDEF).map(|cell| cell.name).collect(),
        }
    }

    /// Names of the module's assigned globals, in the order they were first mentioned.
    pub fn global_names(&self, module: Value) -> Vec<Value> {
        let (globals, mut position) = (module_dict(module), 0);
        let names = std::iter::from_fn(|| dict::entry_at(globals, &mut position)).map(|(name, _)| name);
        names.filter(|name| name.is_str()).collect()
    }
}
