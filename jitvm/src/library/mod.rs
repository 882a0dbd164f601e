//! Builtin functions, methods and modules: how they are called, their tables, and the names a program finds.

pub mod constructors;
pub mod functions;
pub mod list_methods;
pub mod marks;
pub mod math;
pub mod math_integer;
pub mod math_sums;
pub mod modules;
pub mod number_methods;
pub mod sort;
pub mod streams;
pub mod structures;
pub mod sys;
pub mod text_case;
pub mod text_methods;
pub mod text_template;
pub mod time;

use crate::runtime::object::{BoundMethod, Builtin, ShapeId};
use crate::runtime::sequences::items;
use crate::runtime::strings::text;
use crate::runtime::types::{ALIASES, TypeId, Visibility, type_id, type_name};
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

pub use modules::import_module;

/// Arguments of a call: positional ones, then those with names.
#[derive(Clone, Copy, Debug)]
pub struct Arguments<'a> {
    values: &'a [Value],
    /// Strs naming the last values.
    names: &'a [Value],
}

impl<'a> Arguments<'a> {
    pub fn positional_only(values: &'a [Value]) -> Arguments<'a> {
        Arguments { values, names: &[] }
    }
    pub fn positional(&self) -> &'a [Value] {
        &self.values[..self.values.len() - self.names.len()]
    }
    /// Names and values of the keyword arguments.
    pub fn keywords(&self) -> impl Iterator<Item = (&'a str, Value)> + use<'a> {
        let values = &self.values[self.values.len() - self.names.len()..];
        self.names.iter().map(|&name| text(name)).zip(values.iter().copied())
    }
    pub fn get(&self, index: usize) -> Option<Value> {
        self.positional().get(index).copied()
    }
    pub fn has_keywords(&self) -> bool {
        !self.names.is_empty()
    }

    /// Keyword arguments by `names`, in their order; others are errors that name `function`.
    pub fn only_keywords<const N: usize>(
        &self,
        vm: &mut Vm,
        function: &str,
        names: [&str; N],
    ) -> Outcome<[Option<Value>; N]> {
        let mut result = [None; N];
        for (name, value) in self.keywords() {
            match names.iter().position(|&known| known == name) {
                Some(index) => result[index] = Some(value),
                None => {
                    return Err(vm.type_error(format!("'{name}' is an invalid keyword argument for {function}()")));
                }
            }
        }
        Ok(result)
    }

    /// Parameters that may be given by position or by name.
    pub fn bind<const N: usize>(&self, vm: &mut Vm, function: &str, names: [&str; N]) -> Outcome<[Option<Value>; N]> {
        let mut result = self.only_keywords(vm, function, names)?;
        let positional = self.positional();
        if positional.len() > N {
            let (s, given) = (if N == 1 { "" } else { "s" }, self.values.len());
            return Err(vm.type_error(format!("{function}() takes at most {N} argument{s} ({given} given)")));
        }
        for (index, &value) in positional.iter().enumerate() {
            if result[index].is_some() {
                let (name, position) = (names[index], index + 1);
                let message = format!("argument for {function}() given by name ('{name}') and position ({position})");
                return Err(vm.type_error(message));
            }
            result[index] = Some(value);
        }
        Ok(result)
    }
}

/// How many arguments a builtin takes, which also decides the wording of the error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arity {
    /// None (besides the receiver).
    Zero,
    /// Exactly one.
    One,
    /// From so many to so many positional ones.
    Range(u8, u8),
    /// The function checks, and may take keywords.
    Free,
}

/// Where a builtin is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// A name known everywhere.
    Builtins,
    /// A method; its first argument is the receiver.
    Type(TypeId),
    /// A function of a module.
    Module(&'static str),
}

pub type BuiltinFunction = fn(&mut Vm, Arguments) -> Outcome;

/// A builtin function or method.
pub struct BuiltinRow {
    pub owner: Owner,
    pub name: &'static str,
    pub arity: Arity,
    pub function: BuiltinFunction,
    /// One line of documentation.
    pub doc: &'static str,
}

impl BuiltinRow {
    /// The type this is a method of.
    pub fn receiver(&self) -> Option<TypeId> {
        match self.owner {
            Owner::Type(id) => Some(id),
            _ => None,
        }
    }

    /// The name with its type, as most errors give it.
    pub fn full_name(&self) -> String {
        match self.owner {
            Owner::Type(id) => format!("{}.{}", id.name(), self.name),
            Owner::Module(module) => format!("{module}.{}", self.name),
            Owner::Builtins => self.name.to_owned(),
        }
    }
}

/// A table of builtins with one owner: name, arity, function and documentation in each row.
macro_rules! builtins {
    ($(#[$attribute:meta])* $table:ident of $owner:expr; $($name:literal $arity:expr, $function:path, $doc:literal;)*) => {
        $(#[$attribute])*
        pub const $table: &[$crate::library::BuiltinRow] = &[$($crate::library::BuiltinRow {
            owner: $owner, name: $name, arity: $arity, function: $function, doc: $doc,
        },)*];
    };
}
pub(crate) use builtins;

/// Every table of builtins.
const TABLES: &[&[BuiltinRow]] = &[
    functions::FUNCTIONS,
    list_methods::LIST,
    list_methods::TUPLE,
    marks::FUNCTIONS,
    math::FUNCTIONS,
    math_integer::FUNCTIONS,
    math_sums::FUNCTIONS,
    number_methods::FLOAT,
    number_methods::INT,
    number_methods::RANGE,
    streams::METHODS,
    sys::FUNCTIONS,
    text_case::METHODS,
    text_methods::METHODS,
    text_template::METHODS,
    time::FUNCTIONS,
];

/// Fills a new VM with the builtin names and methods.
pub fn install(vm: &mut Vm) {
    for row in TABLES.iter().copied().flatten() {
        let function = new_builtin(vm, row);
        let name = vm.intern(row.name);
        match row.owner {
            Owner::Builtins => drop(vm.builtins.insert(name, function)),
            Owner::Type(id) => drop(vm.methods.insert((id, name), function)),
            // Found through the table when the module is imported.
            Owner::Module(_) => vm.permanent.push(function),
        }
    }
    let visible = TypeId::all().filter(|id| id.row().visibility == Visibility::Builtin);
    let named: Vec<(&str, TypeId)> = visible.map(|id| (id.name(), id)).chain(ALIASES.iter().copied()).collect();
    for (name, id) in named {
        let name = vm.intern(name);
        let object = vm.type_object(id);
        vm.builtins.insert(name, object);
    }
    for (name, value) in [("NotImplemented", Value::NOT_IMPLEMENTED), ("Ellipsis", Value::ELLIPSIS)] {
        let name = vm.intern(name);
        vm.builtins.insert(name, value);
    }
}

fn new_builtin(vm: &mut Vm, row: &'static BuiltinRow) -> Value {
    let object = vm.allocate(size_of::<Builtin>(), ShapeId::BUILTIN).cast::<Builtin>();
    // SAFETY: the allocation has room for a `Builtin`.
    unsafe { (*object).index = vm.builtin_table.len() as u64 };
    vm.builtin_table.push(row);
    Value::of(object)
}

/// The table row of a BUILTIN.
pub fn row_of(vm: &Vm, builtin: Value) -> &'static BuiltinRow {
    debug_assert!(builtin.has_shape(ShapeId::BUILTIN));
    // SAFETY: the caller has checked the shape.
    vm.builtin_table[unsafe { (*builtin.object::<Builtin>()).index } as usize]
}

/// Calls a builtin function, a bound method or a type. The last of the `count` arguments are named by the tuple
/// `keywords`. After `LoadMethod` the receiver is the first argument.
///
/// # Safety
/// `argv` points to `count` values that stay where they are (on the value stack).
pub unsafe fn call_builtin(
    vm: &mut Vm,
    callee: Value,
    argv: *mut Value,
    count: usize,
    keywords: Option<Value>,
) -> Outcome {
    // SAFETY: the caller passes `count` values.
    let values = if count == 0 { &[][..] } else { unsafe { std::slice::from_raw_parts(argv, count) } };
    call_with(vm, callee, Arguments { values, names: keywords.map_or(&[], items) })
}

/// As [`call_builtin`], with arguments that are reachable from elsewhere.
pub fn call_with(vm: &mut Vm, callee: Value, arguments: Arguments) -> Outcome {
    match callee.shape() {
        ShapeId::BUILTIN => {
            let row = row_of(vm, callee);
            check_arity(vm, row, arguments)?;
            // SAFETY: the shape was checked.
            let outer = vm.perf.enter_builtin(unsafe { (*callee.object::<Builtin>()).index });
            let result = (row.function)(vm, arguments);
            vm.perf.leave_native(outer);
            result
        }
        ShapeId::BOUND_METHOD => {
            // SAFETY: the shape was checked.
            let (function, receiver) = unsafe {
                let method = &*callee.object::<BoundMethod>();
                (method.function, method.receiver)
            };
            // The copy is not seen by the collector; its values are in the original arguments and the method.
            let mut values = Vec::with_capacity(arguments.values.len() + 1);
            values.push(receiver);
            values.extend_from_slice(arguments.values);
            call_with(vm, function, Arguments { values: &values, names: arguments.names })
        }
        ShapeId::TYPE => {
            let outer = vm.perf.enter_constructor(type_id(callee));
            let result = constructors::construct(vm, type_id(callee), arguments);
            vm.perf.leave_native(outer);
            result
        }
        _ => {
            let name = type_name(callee);
            Err(vm.type_error(format!("'{name}' object is not callable")))
        }
    }
}

/// True for what [`call_builtin`] can call.
pub fn is_builtin_callable(value: Value) -> bool {
    matches!(value.shape(), ShapeId::BUILTIN | ShapeId::BOUND_METHOD | ShapeId::TYPE)
}

impl Vm {
    /// Calls anything callable with positional arguments, which are reachable from elsewhere.
    pub fn call(&mut self, callee: Value, arguments: &[Value]) -> Outcome {
        if callee.has_shape(ShapeId::FUNCTION) {
            return (self.call_hook)(self, callee, arguments);
        }
        call_with(self, callee, Arguments::positional_only(arguments))
    }
}

fn check_arity(vm: &mut Vm, row: &BuiltinRow, arguments: Arguments) -> Outcome<()> {
    if row.arity == Arity::Free {
        return Ok(());
    }
    let is_method = matches!(row.owner, Owner::Type(_));
    let Some(given) = arguments.positional().len().checked_sub(is_method as usize) else {
        let name = row.full_name();
        return Err(vm.type_error(format!("unbound method {name}() needs an argument")));
    };
    if arguments.has_keywords() {
        let name = row.full_name();
        return Err(vm.type_error(format!("{name}() takes no keyword arguments")));
    }
    let message = match row.arity {
        Arity::Zero if given != 0 => format!("{}() takes no arguments ({given} given)", row.full_name()),
        Arity::One if given != 1 => format!("{}() takes exactly one argument ({given} given)", row.full_name()),
        Arity::Range(least, most) if given < least as usize || given > most as usize => {
            let (bound, limit) = match (least == most, given < least as usize) {
                (true, _) => ("", least),
                (_, true) => ("at least ", least),
                (_, false) => ("at most ", most),
            };
            let s = if limit == 1 { "" } else { "s" };
            format!("{} expected {bound}{limit} argument{s}, got {given}", row.name)
        }
        _ => return Ok(()),
    };
    Err(vm.type_error(message))
}
