//! Module objects and their global cells.

use super::object::{Cell, Module, ShapeId};
use super::strings::text;
use super::value::Value;
use super::vm::{Vm, WordMap};
use crate::ir::CodeId;

/// The globals of one module, in the order they were first mentioned.
#[derive(Default)]
pub struct ModuleTable {
    by_name: WordMap<Value, *mut Cell>,
    order: Vec<*mut Cell>,
}

impl ModuleTable {
    pub fn cells(&self) -> impl Iterator<Item = *mut Cell> + '_ {
        self.order.iter().copied()
    }
}

fn table_index(module: Value) -> usize {
    debug_assert!(module.has_shape(ShapeId::MODULE));
    // SAFETY: the shape was checked.
    unsafe { (*module.object::<Module>()).table as usize }
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
        let table = self.module_tables.len() as u64;
        self.module_tables.push(ModuleTable::default());
        let object = self.allocate(size_of::<Module>(), ShapeId::MODULE).cast::<Module>();
        // SAFETY: the allocation has room for a `Module`.
        unsafe {
            (*object).table = table;
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

    /// An import failed: the module counts as not imported.
    pub fn forget_module(&mut self, name: &str) {
        self.modules.retain(|(known, _)| known != name);
    }

    /// The cell of a global variable, made if need be; `name` is interned.
    pub fn global_cell(&mut self, module: Value, name: Value) -> *mut Cell {
        let index = table_index(module);
        if let Some(&cell) = self.module_tables[index].by_name.get(&name) {
            return cell;
        }
        let fallback = self.builtins.get(&name).copied().unwrap_or(Value::UNDEF);
        let cell = self.allocate(size_of::<Cell>(), ShapeId::CELL).cast::<Cell>();
        // SAFETY: the allocation has room for a `Cell`.
        unsafe {
            (*cell).value = Value::UNDEF;
            (*cell).fallback = fallback;
            (*cell).name = name;
        }
        let table = &mut self.module_tables[index];
        table.by_name.insert(name, cell);
        table.order.push(cell);
        cell
    }

    pub fn set_global(&mut self, module: Value, name: &str, value: Value) {
        let name = self.intern(name);
        let cell = self.global_cell(module, name);
        // SAFETY: cells live as long as their module.
        unsafe { (*cell).value = value };
    }

    /// Value of a module's global, `None` while unassigned; `name` is interned.
    pub fn global(&self, module: Value, name: Value) -> Option<Value> {
        let cell = self.module_tables[table_index(module)].by_name.get(&name)?;
        // SAFETY: cells live as long as their module.
        let value = unsafe { (**cell).value };
        (value != Value::UNDEF).then_some(value)
    }

    /// Names of the assigned globals of the module that a code belongs to.
    pub fn globals_of_code(&self, code: CodeId) -> Vec<Value> {
        let cells = &self.codes[code.index()].globals;
        let owner = |table: &&ModuleTable| cells.first().is_some_and(|cell| table.order.contains(cell));
        let table = self.module_tables.iter().find(owner);
        // SAFETY: cells live as long as their module.
        let cells = table.into_iter().flat_map(ModuleTable::cells).map(|cell| unsafe { &*cell });
        cells.filter(|cell| cell.value != Value::UNDEF).map(|cell| cell.name).collect()
    }

    /// Names of the module's assigned globals, in the order they were first mentioned.
    pub fn global_names(&self, module: Value) -> Vec<Value> {
        // SAFETY: cells live as long as their module.
        let cells = self.module_tables[table_index(module)].cells().map(|cell| unsafe { &*cell });
        cells.filter(|cell| cell.value != Value::UNDEF).map(|cell| cell.name).collect()
    }
}
