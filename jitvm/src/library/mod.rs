//! Builtin functions, methods and modules: how they are called, their tables, and the names a program finds.

pub mod bytearray_methods;
pub mod bytes_methods;
pub mod bytes_text;
pub mod class_checks;
pub mod class_functions;
pub mod complex_methods;
pub mod constructors;
pub mod dict_methods;
pub mod digests;
pub mod dunders;
pub mod embedded;
pub mod exception_methods;
pub mod execution;
mod file_status;
pub mod functions;
pub mod generator_methods;
pub mod integer_bytes;
pub mod introspection;
pub mod json;
pub mod json_encode;
pub mod letters;
pub mod list_methods;
pub mod literals;
pub mod marks;
pub mod math;
pub mod math_integer;
pub mod math_sums;
pub mod module_methods;
pub mod modules;
pub mod number_methods;
pub mod pickling;
pub mod posix;
pub mod pretty;
pub mod random_core;
pub mod re;
pub mod regex;
pub mod set_methods;
pub mod sort;
pub mod streams;
pub mod structs;
pub mod structures;
pub mod sys;
pub mod system;
pub mod text_case;
pub mod text_methods;
pub mod text_template;
pub mod text_translate;
pub mod time;
pub mod unsupported;
pub mod weak_references;

use crate::runtime::object::{BoundMethod, Builtin, ShapeId};
use crate::runtime::sequences::items;
use crate::runtime::strings::text;
use crate::runtime::types::{ALIASES, TypeId, Visibility, type_id};
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};
use crate::runtime::{descriptors, instantiate};

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
    /// All values, those with names last.
    pub fn all(&self) -> &'a [Value] {
        self.values
    }
    /// The same names for other values, one or more positional ones being added or removed.
    pub fn with_values<'b>(&self, values: &'b [Value]) -> Arguments<'b>
    where
        'a: 'b,
    {
        Arguments { values, names: self.names }
    }
    /// Without the first positional one.
    pub fn rest(&self) -> Arguments<'a> {
        Arguments { values: &self.values[1..], names: self.names }
    }
    /// The last of `values` are named by `names`.
    pub fn with_names(values: &'a [Value], names: &'a [Value]) -> Arguments<'a> {
        Arguments { values, names }
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
    /// As [`Arity::Range`], of functions that word the error in another way.
    Parsed(u8, u8),
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
    /// A method of the class; its first argument is the class.
    Class(TypeId),
    /// A function found in a class.
    Static(TypeId),
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

    /// The type of the function object.
    pub fn type_id(&self) -> TypeId {
        match self.owner {
            Owner::Type(_) if self.name.starts_with("__") => TypeId::SLOT_WRAPPER,
            Owner::Type(_) => TypeId::METHOD_DESCRIPTOR,
            _ => TypeId::BUILTIN,
        }
    }

    /// The name with its type, as most errors give it.
    pub fn full_name(&self) -> String {
        match self.owner {
            Owner::Type(id) | Owner::Class(id) | Owner::Static(id) => format!("{}.{}", id.name(), self.name),
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
    class_checks::FUNCTIONS,
    exception_methods::BASE,
    exception_methods::GROUP,
    class_functions::CLASS_METHOD,
    class_functions::DICT,
    class_functions::LIST,
    class_functions::SET,
    class_functions::FUNCTION,
    class_functions::FUNCTIONS,
    class_functions::MAPPING_PROXY,
    class_functions::MEMBER,
    class_functions::METHOD,
    class_functions::OBJECT,
    class_functions::PROPERTY,
    class_functions::STATIC_METHOD,
    class_functions::TYPE,
    execution::FUNCTIONS,
    execution::PRIVATE,
    functions::FUNCTIONS,
    generator_methods::ASYNC_GENERATOR,
    generator_methods::COROUTINE,
    generator_methods::COROUTINE_WRAPPER,
    generator_methods::GENERATOR,
    generator_methods::STEP,
    digests::FUNCTIONS,
    letters::FUNCTIONS,
    introspection::PRIVATE,
    introspection::SYS,
    system::FUNCTIONS,
    structs::FUNCTIONS,
    json::FUNCTIONS,
    list_methods::LIST,
    list_methods::TUPLE,
    marks::FUNCTIONS,
    math::FUNCTIONS,
    math_integer::FUNCTIONS,
    math_sums::FUNCTIONS,
    module_methods::METHODS,
    number_methods::FLOAT,
    number_methods::INT,
    number_methods::RANGE,
    number_methods::SLICE,
    random_core::FUNCTIONS,
    pickling::FUNCTIONS,
    posix::FUNCTIONS,
    file_status::FUNCTIONS,
    pretty::FUNCTIONS,
    re::FUNCTIONS,
    streams::METHODS,
    sys::FUNCTIONS,
    text_case::METHODS,
    text_methods::METHODS,
    text_template::METHODS,
    time::FUNCTIONS,
    weak_references::FUNCTIONS,
    dict_methods::DICT,
    dict_methods::KEYS,
    dict_methods::ITEMS,
    set_methods::TABLES[0],
    set_methods::TABLES[1],
    set_methods::TABLES[2],
    dict_methods::CLASS,
    dict_methods::INIT,
    set_methods::INIT,
    bytes_methods::TABLES[0],
    bytes_methods::TABLES[1],
    bytes_text::TABLES[0],
    bytes_text::TABLES[1],
    bytearray_methods::BYTEARRAY,
    bytearray_methods::MEMORYVIEW,
    bytearray_methods::CLASS_TABLES[0],
    bytearray_methods::CLASS_TABLES[1],
    bytearray_methods::CLASS_TABLES[2],
    bytearray_methods::CLASS_TABLES[3],
    complex_methods::METHODS,
    integer_bytes::INT,
    integer_bytes::INT_CLASS,
    integer_bytes::FLOAT_CLASS,
    text_translate::METHODS,
    text_translate::STATIC,
];

/// Methods that get the class in place of an instance.
const CLASS_METHODS: &[&str] = &["__init_subclass__", "__prepare__", "__subclasshook__"];

/// Fills a new VM with the builtin names and methods.
pub fn install(vm: &mut Vm) {
    let special = dunders::TABLES.iter().chain(class_functions::NEWS);
    for row in special.chain(TABLES).copied().flatten() {
        let mut function = new_builtin(vm, row);
        if CLASS_METHODS.contains(&row.name) && matches!(row.owner, Owner::Type(_)) {
            let fields = [function, Value::NONE, Value::NONE, Value::NONE];
            function = vm.descriptor(ShapeId::CLASS_METHOD, fields);
        }
        let name = vm.intern(row.name);
        match row.owner {
            Owner::Builtins => drop(vm.builtins.insert(name, function)),
            Owner::Type(id) => drop(vm.set_class_attribute(id, name, Some(function))),
            Owner::Class(id) => {
                let none = Value::NONE;
                let method = vm.descriptor(ShapeId::CLASS_METHOD, [function, none, none, none]);
                vm.set_class_attribute(id, name, Some(method));
            }
            Owner::Static(id) => {
                let none = Value::NONE;
                let method = vm.descriptor(ShapeId::STATIC_METHOD, [function, none, none, none]);
                vm.set_class_attribute(id, name, Some(method));
            }
            // Found through the table when the module is imported.
            Owner::Module(_) => vm.permanent.push(function),
        }
    }
    for &id in dunders::UNHASHABLE {
        let name = vm.names.hash;
        vm.set_class_attribute(id, name, Some(Value::NONE));
    }
    let visible = TypeId::builtin().filter(|id| id.row().visibility == Visibility::Builtin);
    let named: Vec<(&str, TypeId)> = visible.map(|id| (id.name(), id)).chain(ALIASES.iter().copied()).collect();
    for (name, id) in named {
        let name = vm.intern(name);
        let object = vm.type_object(id);
        vm.builtins.insert(name, object);
    }
    // The namespace of exec has no `__name__`, which classes made there want as their module.
    let own_name = vm.str("builtins");
    let constants = [("NotImplemented", Value::NOT_IMPLEMENTED), ("Ellipsis", Value::ELLIPSIS), ("__name__", own_name)];
    for (name, value) in constants {
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
    debug_assert!(builtin.has_layout(ShapeId::BUILTIN));
    // SAFETY: the caller has checked the shape.
    vm.builtin_table[unsafe { (*builtin.object::<Builtin>()).index } as usize]
}

/// [`call_native`] for the interpreter, which tells the sampler.
///
/// # Safety
/// As there.
pub unsafe fn call_builtin(
    vm: &mut Vm,
    callee: Value,
    argv: *mut Value,
    count: usize,
    keywords: Option<Value>,
) -> Outcome {
    let outer = vm.perf.enter_call(callee);
    // SAFETY: by the caller.
    let result = unsafe { call_native(vm, callee, argv, count, keywords) };
    vm.perf.leave_call(outer);
    result
}

/// Calls a builtin function, a bound method or a type. The last of the `count` arguments are named by the tuple
/// `keywords`. After `LoadMethod` the receiver is the first argument.
///
/// # Safety
/// `argv` points to `count` values that stay where they are (on the value stack).
pub unsafe fn call_native(
    vm: &mut Vm,
    callee: Value,
    argv: *mut Value,
    count: usize,
    keywords: Option<Value>,
) -> Outcome {
    // SAFETY: the caller passes `count` values.
    let values = if count == 0 { &[][..] } else { unsafe { std::slice::from_raw_parts(argv, count) } };
    let arguments = Arguments { values, names: keywords.map_or(&[], items) };
    if callee.has_shape(ShapeId::BUILTIN) { call_row(vm, callee, arguments) } else { call_with(vm, callee, arguments) }
}

/// Calls a BUILTIN.
#[inline]
fn call_row(vm: &mut Vm, callee: Value, arguments: Arguments) -> Outcome {
    let row = row_of(vm, callee);
    if !fits_arity(row, arguments) {
        check_arity(vm, row, arguments)?;
    }
    if let Owner::Type(id) = row.owner {
        check_receiver(vm, row, id, arguments)?;
    }
    (row.function)(vm, arguments)
}

/// Whether [`call_fitting`] can call this: the exact type of a builtin method's receiver is what the caller checks.
pub fn fits(vm: &Vm, callee: Value, values: &[Value]) -> bool {
    if callee.has_shape(ShapeId::TYPE) {
        let id = type_id(callee);
        return !id.is_dynamic() && vm.class(id).metaclass == TypeId::TYPE;
    }
    if !callee.has_shape(ShapeId::BUILTIN) {
        return false;
    }
    let row = row_of(vm, callee);
    let is_receiver = |id: TypeId| {
        let own = values.first().map(|&receiver| vm.type_of(receiver));
        own.is_some_and(|own| own == id || id == TypeId::OBJECT || vm.is_subtype(own, id))
    };
    fits_arity(row, Arguments::positional_only(values)) && row.receiver().is_none_or(is_receiver)
}

/// Calls a builtin function, method or type with positional values that fit.
///
/// # Safety
/// [`fits`] was true of values of these types.
#[inline]
pub unsafe fn call_fitting(vm: &mut Vm, callee: Value, arguments: Arguments) -> Outcome {
    if callee.has_shape(ShapeId::TYPE) {
        return constructors::construct(vm, type_id(callee), arguments);
    }
    (row_of(vm, callee).function)(vm, arguments)
}

/// Only positional values, as many as the function takes.
#[inline(always)]
fn fits_arity(row: &BuiltinRow, arguments: Arguments) -> bool {
    // Wraps around where the receiver is missing: too many then.
    let given = arguments.values.len().wrapping_sub(usize::from(matches!(row.owner, Owner::Type(_) | Owner::Class(_))));
    arguments.names.is_empty()
        && match row.arity {
            Arity::Zero => given == 0,
            Arity::One => given == 1,
            Arity::Range(least, most) | Arity::Parsed(least, most) => (least as usize..=most as usize).contains(&given),
            Arity::Free => true,
        }
}

/// As [`call_builtin`], with arguments that are reachable from elsewhere.
pub fn call_with(vm: &mut Vm, callee: Value, arguments: Arguments) -> Outcome {
    match callee.layout() {
        ShapeId::FUNCTION => {
            let hook = vm.call_hook;
            hook(vm, callee, arguments.values, arguments.names)
        }
        ShapeId::BUILTIN => call_row(vm, callee, arguments),
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
            let result = call_with(vm, function, Arguments { values: &values, names: arguments.names });
            std::hint::black_box((callee, receiver));
            result
        }
        ShapeId::TYPE => instantiate::call_class(vm, callee, arguments),
        ShapeId::STATIC_METHOD if !callee.is_instance() => call_with(vm, descriptors::fields(callee)[0], arguments),
        ShapeId::GENERIC_ALIAS => call_with(vm, descriptors::fields(callee)[0], arguments),
        _ => {
            if let Some(method) = vm.special(callee, vm.names.call).filter(|_| callee.is_instance()) {
                vm.enter_native(" while calling a Python object")?;
                let result = if descriptors::is_method(vm, method) {
                    instantiate::call_with_receiver(vm, method, callee, arguments)
                } else {
                    let owner = vm.type_of(callee);
                    descriptors::get(vm, method, callee, owner).and_then(|bound| call_with(vm, bound, arguments))
                };
                vm.leave_native();
                return result;
            }
            let name = vm.type_name(callee);
            Err(vm.type_error(format!("'{name}' object is not callable")))
        }
    }
}

/// True for what [`call_builtin`] can call.
pub fn is_builtin_callable(value: Value) -> bool {
    matches!(
        value.layout(),
        ShapeId::BUILTIN | ShapeId::BOUND_METHOD | ShapeId::TYPE | ShapeId::STATIC_METHOD | ShapeId::GENERIC_ALIAS
    )
}

impl Vm {
    /// Calls anything callable with positional arguments, which are reachable from elsewhere.
    pub fn call(&mut self, callee: Value, arguments: &[Value]) -> Outcome {
        call_with(self, callee, Arguments::positional_only(arguments))
    }

    /// As [`Vm::call`]; the last arguments are named by the tuple `names`.
    pub fn call_with_keywords(&mut self, callee: Value, arguments: &[Value], names: Value) -> Outcome {
        call_with(self, callee, Arguments { values: arguments, names: items(names) })
    }
}

/// The first argument of a method must be of the type it belongs to: the method trusts its layout.
#[inline]
fn check_receiver(vm: &mut Vm, row: &BuiltinRow, id: TypeId, arguments: Arguments) -> Outcome<()> {
    if arguments.get(0).is_some_and(|receiver| vm.type_of(receiver) == id) {
        return Ok(());
    }
    check_other_receiver(vm, row, id, arguments)
}

/// As [`check_receiver`], of what is not exactly of the type.
fn check_other_receiver(vm: &mut Vm, row: &BuiltinRow, id: TypeId, arguments: Arguments) -> Outcome<()> {
    let Some(receiver) = arguments.get(0).or((row.name == "__new__").then_some(Value::NONE)) else {
        let (method, class) = (row.name, id.name());
        return Err(vm.type_error(format!("unbound method {class}.{method}() needs an argument")));
    };
    let own = vm.type_of(receiver);
    if own == id || id == TypeId::OBJECT || row.name == "__new__" || vm.is_subtype(own, id) {
        return Ok(());
    }
    if CLASS_METHODS.contains(&row.name) {
        return Ok(());
    }
    let (method, class, given) = (row.name, id.name(), vm.class_name(own));
    Err(vm.type_error(if method.starts_with("__") {
        format!("descriptor '{method}' requires a '{class}' object but received a '{given}'")
    } else {
        format!("descriptor '{method}' for '{class}' objects doesn't apply to a '{given}' object")
    }))
}

#[cold]
fn check_arity(vm: &mut Vm, row: &BuiltinRow, arguments: Arguments) -> Outcome<()> {
    if row.arity == Arity::Free {
        return Ok(());
    }
    let is_method = matches!(row.owner, Owner::Type(_) | Owner::Class(_));
    let Some(given) = arguments.positional().len().checked_sub(is_method as usize) else {
        let name = row.full_name();
        return Err(match (row.owner, row.type_id()) {
            (Owner::Type(id), TypeId::SLOT_WRAPPER) => {
                let (method, class) = (row.name, id.name());
                vm.type_error(format!("descriptor '{method}' of '{class}' object needs an argument"))
            }
            _ => vm.type_error(format!("unbound method {name}() needs an argument")),
        });
    };
    if arguments.has_keywords() {
        let name = row.full_name();
        return Err(vm.type_error(format!("{name}() takes no keyword arguments")));
    }
    let is_wrapper = row.type_id() == TypeId::SLOT_WRAPPER;
    let message = match row.arity {
        Arity::Zero if is_wrapper && given != 0 => format!("expected 0 arguments, got {given}"),
        Arity::One if is_wrapper && given != 1 => format!("expected 1 argument, got {given}"),
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
        Arity::Parsed(least, most) if given < least as usize || given > most as usize => {
            let (bound, limit) = if given < least as usize { ("least", least) } else { ("most", most) };
            let s = if limit == 1 { "" } else { "s" };
            format!("{}() takes at {bound} {limit} argument{s} ({given} given)", row.name)
        }
        _ => return Ok(()),
    };
    Err(vm.type_error(message))
}
