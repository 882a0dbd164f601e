//! What the language needs of classes as builtins: `__build_class__`, `super`, descriptors, and the methods of `object`
//! and `type`.

use super::{Arguments, Arity, Owner, builtins};
use crate::runtime::attributes;
use crate::runtime::class_build;
use crate::runtime::descriptors::{self, fields};
use crate::runtime::instantiate;
use crate::runtime::namespace;
use crate::runtime::object::{ClosureCell, ShapeId};
use crate::runtime::sequences::items;
use crate::runtime::strings::text;
use crate::runtime::types::{TypeId, type_id};
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

builtins! {
    /// Functions on classes and attributes, known everywhere.
    FUNCTIONS of Owner::Builtins;
    "__build_class__" Arity::Free, build_class, "Makes a class of its body.";
    "delattr" Arity::Range(2, 2), delattr, "Deletes an attribute by name.";
    "dir" Arity::Range(0, 1), dir, "Names of the attributes of an object.";
    "vars" Arity::Range(0, 1), vars, "The dict of an object's attributes.";
}

builtins! {
    OBJECT of Owner::Type(TypeId::OBJECT);
    "__new__" Arity::Free, object_new, "Makes an instance.";
    "__init__" Arity::Free, object_init, "Initialises an instance.";
    "__getattribute__" Arity::One, object_getattribute, "Reads an attribute.";
    "__setattr__" Arity::Range(2, 2), object_setattr, "Sets an attribute.";
    "__delattr__" Arity::One, object_delattr, "Deletes an attribute.";
    "__dir__" Arity::Zero, object_dir, "Names of the attributes.";
    "__init_subclass__" Arity::Free, init_subclass, "Called for each new subclass.";
    "__subclasshook__" Arity::Free, subclass_hook, "Says whether a class counts as a subclass.";
    "__sizeof__" Arity::Zero, size_of, "Bytes of the object.";
    "__getstate__" Arity::Zero, object_getstate, "What a copy must have besides its class.";
    "__reduce__" Arity::Zero, object_reduce, "How to make the object again.";
    "__reduce_ex__" Arity::One, object_reduce_ex, "How to make the object again, by a protocol of pickle.";
}

builtins! {
    TYPE of Owner::Type(TypeId::TYPE);
    "__new__" Arity::Free, native_new, "Makes a class.";
    "__init__" Arity::Free, type_init, "Initialises a class.";
    "__call__" Arity::Free, type_call, "Makes an instance.";
    "__getattribute__" Arity::One, object_getattribute, "Reads an attribute.";
    "__setattr__" Arity::Range(2, 2), object_setattr, "Sets an attribute.";
    "__delattr__" Arity::One, object_delattr, "Deletes an attribute.";
    "__instancecheck__" Arity::One, instance_check, "isinstance() of this class.";
    "__subclasscheck__" Arity::One, subclass_check, "issubclass() of this class.";
    "__subclasses__" Arity::Zero, subclasses, "The classes that derive from it directly.";
    "__prepare__" Arity::Free, prepare, "The namespace for a class body.";
    "mro" Arity::Zero, mro, "The order in which attributes are looked up.";
}

builtins! {
    PROPERTY of Owner::Type(TypeId::PROPERTY);
    "__get__" Arity::Range(1, 2), property_get, "Calls the getter.";
    "__set__" Arity::Range(2, 2), property_set, "Calls the setter.";
    "__delete__" Arity::One, property_delete, "Calls the deleter.";
    "getter" Arity::One, property_getter, "A copy with another getter.";
    "setter" Arity::One, property_setter, "A copy with another setter.";
    "deleter" Arity::One, property_deleter, "A copy with another deleter.";
    "__new__" Arity::Free, native_new, "Makes a property.";
    "__init__" Arity::Free, property_init, "Sets its functions.";
}

builtins! {
    STATIC_METHOD of Owner::Type(TypeId::STATIC_METHOD);
    "__get__" Arity::Range(1, 2), static_get, "The function.";
    "__new__" Arity::Free, native_new, "Makes a staticmethod.";
    "__init__" Arity::Free, wrapper_init, "Sets its function.";
}

builtins! {
    CLASS_METHOD of Owner::Type(TypeId::CLASS_METHOD);
    "__get__" Arity::Range(1, 2), class_get, "The function bound to the class.";
    "__new__" Arity::Free, native_new, "Makes a classmethod.";
    "__init__" Arity::Free, wrapper_init, "Sets its function.";
}

builtins! {
    FUNCTION of Owner::Type(TypeId::FUNCTION);
    "__get__" Arity::Range(1, 2), function_get, "The function bound to a receiver.";
    "__call__" Arity::Free, call_itself, "Calls the function.";
}

builtins! {
    METHOD of Owner::Type(TypeId::METHOD);
    "__call__" Arity::Free, call_itself, "Calls the method.";
}

builtins! {
    MEMBER of Owner::Type(TypeId::MEMBER);
    "__get__" Arity::Range(1, 2), member_get, "Reads the slot.";
    "__set__" Arity::Range(2, 2), member_set, "Assigns the slot.";
    "__delete__" Arity::One, member_delete, "Empties the slot.";
}

builtins! {
    LIST of Owner::Type(TypeId::LIST);
    "__init__" Arity::Free, list_init, "Takes the items of an iterable.";
}

builtins! {
    DICT of Owner::Type(TypeId::DICT);
    "__init__" Arity::Free, dict_init, "Takes the entries of a mapping, of pairs, and of keywords.";
}

builtins! {
    SET of Owner::Type(TypeId::SET);
    "__init__" Arity::Free, set_init, "Takes the items of an iterable.";
}

builtins! {
    MAPPING_PROXY of Owner::Type(TypeId::MAPPING_PROXY);
    "__getitem__" Arity::One, proxy_item, "The value of a name.";
    "__contains__" Arity::One, proxy_contains, "True if there is such a name.";
    "__iter__" Arity::Zero, proxy_iter, "Iterates over the names.";
    "__len__" Arity::Zero, proxy_len, "Number of names.";
    "get" Arity::Range(1, 2), proxy_get, "The value of a name, or a default.";
    "keys" Arity::Zero, proxy_keys, "The names.";
    "values" Arity::Zero, proxy_values, "The values.";
    "items" Arity::Zero, proxy_items, "Names and values.";
    "copy" Arity::Zero, proxy_copy, "A dict of the same.";
}

macro_rules! native_news {
    ($($type:ident;)*) => {
        /// `__new__` of the types whose instances have a layout of their own.
        pub const NEWS: &[&[super::BuiltinRow]] = &[$(&[super::BuiltinRow {
            owner: Owner::Type(TypeId::$type),
            name: "__new__",
            arity: Arity::Free,
            function: |vm, arguments| native_new_of(vm, TypeId::$type, arguments),
            doc: "Makes an instance.",
        }]),*];
    };
}

native_news! {
    INT;
    BOOL;
    FLOAT;
    STR;
    TUPLE;
    LIST;
    DICT;
    SET;
    FROZENSET;
    BYTES;
    BYTEARRAY;
    MEMORYVIEW;
    COMPLEX;
    RANGE;
    SLICE;
    ENUMERATE;
    ZIP;
    MAP;
    FILTER;
    REVERSED;
    SUPER;
    MODULE;
    BASE_EXCEPTION;
}

fn build_class(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let [body, name, bases @ ..] = values else {
        return Err(vm.type_error("__build_class__: not enough arguments"));
    };
    let bases = vm.tuple(bases)?;
    let keywords = instantiate::keyword_pairs(vm, arguments);
    class_build::build_class(vm, *body, *name, bases, &keywords)
}

/// The one optional argument of a container's `__init__`.
fn optional(vm: &mut Vm, arguments: Arguments, class: &str) -> Outcome<Option<Value>> {
    if arguments.has_keywords() {
        return Err(vm.type_error(format!("{class}() takes no keyword arguments")));
    }
    match *arguments.positional() {
        [_] => Ok(None),
        [_, iterable] => Ok(Some(iterable)),
        [..] => {
            let given = arguments.positional().len().saturating_sub(1);
            Err(vm.type_error(format!("{class} expected at most 1 argument, got {given}")))
        }
    }
}

fn list_init(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let iterable = optional(vm, arguments, "list")?;
    let list = arguments.positional()[0];
    crate::runtime::sequences::truncate(list, 0);
    if let Some(iterable) = iterable {
        crate::runtime::operators_sequence::extend(vm, list, iterable)?;
    }
    Ok(Value::NONE)
}

fn dict_init(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let dict = arguments.positional()[0];
    super::dict_methods::update_from(vm, dict, "dict", &arguments.positional()[1..], arguments)?;
    Ok(Value::NONE)
}

fn set_init(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let iterable = optional(vm, arguments, "set")?;
    let set = arguments.positional()[0];
    crate::runtime::set::clear(set);
    if let Some(iterable) = iterable {
        crate::runtime::set_operations::update(vm, set, iterable)?;
    }
    Ok(Value::NONE)
}

/// The interned name in an argument.
pub fn attribute_name(vm: &mut Vm, value: Value) -> Outcome {
    if value.is_str() {
        return Ok(vm.intern(text(value)));
    }
    let name = vm.type_name(value);
    Err(vm.type_error(format!("attribute name must be string, not '{name}'")))
}

fn delattr(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let name = attribute_name(vm, values[1])?;
    attributes::delete_attr(vm, values[0], name)?;
    Ok(Value::NONE)
}

/// A sorted list of strs.
fn list_of_names(vm: &mut Vm, names: &[&str]) -> Outcome {
    let list = vm.list(&[])?;
    for name in names {
        let name = vm.intern(name);
        vm.push(list, name)?;
    }
    Ok(list)
}

fn dir(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let Some(value) = arguments.get(0) else {
        let variables = crate::runtime::frame_variables::of_innermost(vm)?;
        let list = crate::runtime::iterate::list_of(vm, variables)?;
        super::sort::sort(vm, list, None, None)?;
        return Ok(list);
    };
    let hook = vm.intern("__dir__");
    let id = vm.type_of(value);
    if let Some(hook) = attributes::custom_hook(vm, id, hook) {
        let names = vm.call_special(hook, value, &[])?;
        let list = crate::runtime::iterate::list_of(vm, names)?;
        super::sort::sort(vm, list, None, None)?;
        return Ok(list);
    }
    object_dir(vm, arguments)
}

fn object_dir(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let value = arguments.positional()[0];
    let mut names = attributes::attribute_names(vm, value);
    if !value.has_layout(ShapeId::MODULE) {
        names.extend(["__class__", "__doc__"]);
        if vm.has_instance_dict(value) && value.is_instance() {
            names.push("__dict__");
        }
        let id = if value.has_layout(ShapeId::TYPE) { type_id(value) } else { vm.type_of(value) };
        if id.is_dynamic() {
            names.push("__module__");
        }
        names.sort_unstable();
        names.dedup();
    }
    list_of_names(vm, &names)
}

fn vars(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let Some(value) = arguments.get(0) else {
        return crate::runtime::frame_variables::of_innermost(vm);
    };
    let name = vm.names.dict;
    match attributes::try_attr(vm, value, name)? {
        Some(dict) => Ok(dict),
        None => Err(vm.type_error("vars() argument must have __dict__ attribute")),
    }
}

fn class_argument(vm: &mut Vm, arguments: Arguments, function: &str) -> Outcome<TypeId> {
    let Some(class) = arguments.get(0) else {
        return Err(vm.type_error(format!("{function}(): not enough arguments")));
    };
    if !class.has_layout(ShapeId::TYPE) {
        let given = vm.type_name(class);
        return Err(vm.type_error(format!("{function}(X): X is not a type object ({given})")));
    }
    Ok(type_id(class))
}

fn object_new(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let id = class_argument(vm, arguments, "object.__new__")?;
    let native = vm.class(id).native;
    if native != TypeId::OBJECT && !vm.is_exception_class(native) {
        let (class, native) = (vm.class_name(id), native.name());
        return Err(vm.type_error(format!("object.__new__({class}) is not safe, use {native}.__new__()")));
    }
    if native != TypeId::OBJECT {
        return instantiate::native_new(vm, id, arguments.rest());
    }
    instantiate::object_new(vm, id, arguments.rest())
}

/// `__new__` of a builtin type, for it or a class derived from it.
fn native_new_of(vm: &mut Vm, native: TypeId, arguments: Arguments) -> Outcome {
    let name = native.name();
    let id = class_argument(vm, arguments, &format!("{name}.__new__"))?;
    if !vm.is_subtype(id, native) {
        let class = vm.class_name(id);
        return Err(vm.type_error(format!("{name}.__new__({class}): {class} is not a subtype of {name}")));
    }
    instantiate::native_new(vm, id, arguments.rest())
}

/// `__new__` of types whose functions are listed above.
fn native_new(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let id = class_argument(vm, arguments, "__new__")?;
    instantiate::native_new(vm, id, arguments.rest())
}

fn object_init(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let Some(instance) = arguments.get(0) else {
        return Err(vm.type_error("descriptor '__init__' of 'object' object needs an argument"));
    };
    instantiate::object_init(vm, instance, arguments.all().len() > 1)?;
    Ok(Value::NONE)
}

fn object_getattribute(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let name = attribute_name(vm, values[1])?;
    match attributes::builtin_find(vm, values[0], name)? {
        Some(found) => Ok(found),
        None => Err(attributes::raise_missing(vm, values[0], name)),
    }
}

fn object_setattr(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let name = attribute_name(vm, values[1])?;
    attributes::builtin_set(vm, values[0], name, values[2])?;
    Ok(Value::NONE)
}

fn object_delattr(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let name = attribute_name(vm, values[1])?;
    attributes::builtin_set(vm, values[0], name, Value::UNDEF)?;
    Ok(Value::NONE)
}

fn init_subclass(vm: &mut Vm, arguments: Arguments) -> Outcome {
    if arguments.has_keywords() {
        let class = arguments.get(0).filter(|class| class.has_layout(ShapeId::TYPE));
        let name = class.map_or("object", |class| text(vm.class(type_id(class)).qualname));
        return Err(vm.type_error(format!("{name}.__init_subclass__() takes no keyword arguments")));
    }
    Ok(Value::NONE)
}

fn subclass_hook(_: &mut Vm, _: Arguments) -> Outcome {
    Ok(Value::NOT_IMPLEMENTED)
}

/// Calls a function of the module `copyreg`, which knows how objects are taken apart.
fn call_copyreg(vm: &mut Vm, function: &str, arguments: &[Value]) -> Outcome {
    let module = crate::interp::import::import_module(vm, "copyreg")?;
    let name = vm.intern(function);
    let function = attributes::get_attr(vm, module, name)?;
    vm.call(function, arguments)
}

fn object_getstate(vm: &mut Vm, arguments: Arguments) -> Outcome {
    call_copyreg(vm, "default_state", &[arguments.positional()[0]])
}

fn object_reduce(vm: &mut Vm, arguments: Arguments) -> Outcome {
    call_copyreg(vm, "reduce_default", &[arguments.positional()[0], Value::from_fixnum(0)])
}

fn object_reduce_ex(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let &[value, protocol, ..] = arguments.positional() else {
        return Err(vm.type_error("object.__reduce_ex__() takes exactly one argument (0 given)"));
    };
    let protocol = crate::runtime::iterate::to_index(vm, protocol)?;
    call_copyreg(vm, "reduce_ex", &[value, Value::from_fixnum(protocol)])
}

fn size_of(_: &mut Vm, _: Arguments) -> Outcome {
    Ok(Value::from_fixnum(32))
}

fn type_init(vm: &mut Vm, arguments: Arguments) -> Outcome {
    match arguments.positional().len() {
        2 | 4 => Ok(Value::NONE),
        _ => Err(vm.type_error("type.__init__() takes 1 or 3 arguments")),
    }
}

fn type_call(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let id = class_argument(vm, arguments, "type.__call__")?;
    instantiate::type_call(vm, id, arguments.rest())
}

fn instance_check(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    super::class_checks::native_is_instance(vm, values[1], values[0]).map(Value::from_bool)
}

fn subclass_check(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    super::class_checks::native_is_subclass(vm, values[1], values[0]).map(Value::from_bool)
}

fn subclasses(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let ids = vm.class(type_id(arguments.positional()[0])).subclasses.clone();
    let objects: Vec<Value> = ids.into_iter().map(|id| vm.type_object(id)).collect();
    vm.list(&objects)
}

fn prepare(vm: &mut Vm, _: Arguments) -> Outcome {
    namespace::new(vm)
}

fn mro(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let ids = vm.class(type_id(arguments.positional()[0])).mro.clone();
    let objects: Vec<Value> = ids.into_iter().map(|id| vm.type_object(id)).collect();
    vm.list(&objects)
}

// --- descriptors ---------------------------------------------------------------------------------------------------

fn property_get(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    if values[1] == Value::NONE {
        return Ok(values[0]);
    }
    descriptors::property_get(vm, values[0], values[1])
}

fn property_set(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    descriptors::property_set(vm, values[0], values[1], values[2])?;
    Ok(Value::NONE)
}

fn property_delete(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    descriptors::property_set(vm, values[0], values[1], Value::UNDEF)?;
    Ok(Value::NONE)
}

/// A copy of a property with one function replaced; of a derived class, made by calling it.
fn with_function(vm: &mut Vm, arguments: Arguments, index: usize) -> Outcome {
    let values = arguments.positional();
    let mut parts = *fields(values[0]);
    parts[index] = values[1];
    if values[0].is_instance() {
        let class = vm.type_object(vm.type_of(values[0]));
        return vm.call(class, &parts);
    }
    if index == 0 {
        parts[3] = documentation(vm, values[1])?;
    }
    Ok(vm.descriptor(ShapeId::PROPERTY, parts))
}

fn property_getter(vm: &mut Vm, arguments: Arguments) -> Outcome {
    with_function(vm, arguments, 0)
}
fn property_setter(vm: &mut Vm, arguments: Arguments) -> Outcome {
    with_function(vm, arguments, 1)
}
fn property_deleter(vm: &mut Vm, arguments: Arguments) -> Outcome {
    with_function(vm, arguments, 2)
}

fn documentation(vm: &mut Vm, getter: Value) -> Outcome {
    let name = vm.names.doc;
    Ok(attributes::try_attr(vm, getter, name)?.unwrap_or(Value::NONE))
}

/// `property(...)`, also what `property.__init__` sets.
pub fn property_parts(vm: &mut Vm, arguments: Arguments) -> Outcome<[Value; 4]> {
    let parts = arguments.bind(vm, "property", ["fget", "fset", "fdel", "doc"])?;
    let mut parts = parts.map(|part| part.unwrap_or(Value::NONE));
    if parts[3] == Value::NONE && parts[0] != Value::NONE {
        parts[3] = documentation(vm, parts[0])?;
    }
    Ok(parts)
}

fn property_init(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let property = arguments.positional()[0];
    let parts = property_parts(vm, arguments.rest())?;
    *fields(property) = parts;
    Ok(Value::NONE)
}

fn wrapper_init(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let &[wrapper, function] = values else {
        let (name, given) = (vm.type_name(values[0]), values.len() - 1);
        return Err(vm.type_error(format!("{name} expected 1 argument, got {given}")));
    };
    fields(wrapper)[0] = function;
    Ok(Value::NONE)
}

fn static_get(_: &mut Vm, arguments: Arguments) -> Outcome {
    Ok(fields(arguments.positional()[0])[0])
}

fn class_get(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let owner = match values.get(2) {
        Some(&owner) if owner != Value::NONE => owner,
        _ => vm.type_object(vm.type_of(values[1])),
    };
    Ok(vm.bound_method(fields(values[0])[0], owner))
}

fn function_get(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    if values[1] == Value::NONE {
        if values.len() < 3 || values[2] == Value::NONE {
            return Err(vm.type_error("__get__(None, None) is invalid"));
        }
        return Ok(values[0]);
    }
    Ok(vm.bound_method(values[0], values[1]))
}

fn call_itself(vm: &mut Vm, arguments: Arguments) -> Outcome {
    super::call_with(vm, arguments.positional()[0], arguments.rest())
}

fn member_get(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    if values[1] == Value::NONE {
        return Ok(values[0]);
    }
    let id = vm.type_of(values[1]);
    descriptors::get(vm, values[0], values[1], id)
}

fn member_set(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    descriptors::set(vm, values[0], values[1], values[2])?;
    Ok(Value::NONE)
}

fn member_delete(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    descriptors::set(vm, values[0], values[1], Value::UNDEF)?;
    Ok(Value::NONE)
}

// --- super -----------------------------------------------------------------------------------------------------------

/// `super()`, `super(class)` and `super(class, object)`.
pub fn new_super(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let (start, receiver) = match *arguments.positional() {
        [] => implicit_super(vm)?,
        [start] => (start, Value::UNDEF),
        [start, receiver] => (start, receiver),
        [..] => {
            let given = arguments.positional().len();
            return Err(vm.type_error(format!("super expected at most 2 arguments, got {given}")));
        }
    };
    if !start.has_layout(ShapeId::TYPE) {
        let given = vm.type_name(start);
        return Err(vm.type_error(format!("super() argument 1 must be a type, not {given}")));
    }
    let receiver = if receiver == Value::NONE { Value::UNDEF } else { receiver };
    let mut owner = Value::UNDEF;
    if receiver != Value::UNDEF {
        let id = type_id(start);
        if receiver.has_layout(ShapeId::TYPE) && vm.is_subtype(type_id(receiver), id) {
            owner = receiver;
        } else if vm.is_subtype(vm.type_of(receiver), id) {
            owner = vm.type_object(vm.type_of(receiver));
        } else {
            return Err(vm.type_error("super(type, obj): obj must be an instance or subtype of type"));
        }
    }
    Ok(vm.descriptor(ShapeId::SUPER, [start, receiver, owner, Value::NONE]))
}

fn content_of(value: Value) -> Value {
    if value.has_shape(ShapeId::CLOSURE_CELL) {
        // SAFETY: the shape was checked.
        return unsafe { (*value.object::<ClosureCell>()).value };
    }
    value
}

/// Class and receiver of the running method.
fn implicit_super(vm: &mut Vm) -> Outcome<(Value, Value)> {
    let Some(&frame) = vm.frames.last() else {
        return Err(vm.raise(TypeId::RUNTIME_ERROR, "super(): no current frame"));
    };
    let proto = &vm.codes[frame.code.index()].proto;
    if proto.positional == 0 && !proto.star_arguments {
        return Err(vm.raise(TypeId::RUNTIME_ERROR, "super(): no arguments"));
    }
    let registers = |register: u16| {
        // SAFETY: registers of the running frame lie in the value stack.
        unsafe { *vm.stack.add(frame.base as usize + register as usize) }
    };
    let Some(&(_, register)) = proto.cells.iter().find(|(name, _)| name == "__class__") else {
        return Err(vm.raise(TypeId::RUNTIME_ERROR, "super(): __class__ cell not found"));
    };
    // A parameter that inner functions share lies in its cell.
    let own = proto.cells.iter().find(|(name, _)| Some(name) == proto.local_names.first()).map(|&(_, cell)| cell);
    let class = content_of(registers(register));
    let mut receiver = content_of(registers(own.unwrap_or(0)));
    if proto.positional == 0 {
        let star = registers(proto.keyword_only);
        receiver = items(content_of(star)).first().copied().unwrap_or(Value::UNDEF);
    }
    if class == Value::UNDEF {
        return Err(vm.raise(TypeId::RUNTIME_ERROR, "super(): empty __class__ cell"));
    }
    if receiver == Value::UNDEF {
        return Err(vm.raise(TypeId::RUNTIME_ERROR, "super(): arg[0] deleted"));
    }
    Ok((class, receiver))
}

// --- the dict of a class ---------------------------------------------------------------------------------------------

fn proxy_dict(vm: &mut Vm, arguments: Arguments) -> Outcome {
    crate::runtime::mapping_proxy::to_dict(vm, arguments.positional()[0])
}

fn proxy_item(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    match crate::runtime::mapping_proxy::get(vm, values[0], values[1])? {
        Some(found) => Ok(found),
        None => Err(vm.raise_with(TypeId::KEY_ERROR, &[values[1]])),
    }
}

fn proxy_get(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    let found = crate::runtime::mapping_proxy::get(vm, values[0], values[1])?;
    Ok(found.unwrap_or(values.get(2).copied().unwrap_or(Value::NONE)))
}

fn proxy_contains(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let values = arguments.positional();
    Ok(Value::from_bool(crate::runtime::mapping_proxy::get(vm, values[0], values[1])?.is_some()))
}

fn proxy_len(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let count = crate::runtime::mapping_proxy::entries(vm, arguments.positional()[0]).len();
    Ok(Value::from_fixnum(count as i64))
}

fn proxy_copy(vm: &mut Vm, arguments: Arguments) -> Outcome {
    proxy_dict(vm, arguments)
}

fn proxy_iter(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let dict = proxy_dict(vm, arguments)?;
    crate::runtime::iterate::iterator(vm, dict)
}

fn dict_method(vm: &mut Vm, arguments: Arguments, name: &str) -> Outcome {
    let dict = proxy_dict(vm, arguments)?;
    let name = vm.intern(name);
    let method = attributes::get_attr(vm, dict, name)?;
    vm.call(method, &[])
}

fn proxy_keys(vm: &mut Vm, arguments: Arguments) -> Outcome {
    dict_method(vm, arguments, "keys")
}
fn proxy_values(vm: &mut Vm, arguments: Arguments) -> Outcome {
    dict_method(vm, arguments, "values")
}
fn proxy_items(vm: &mut Vm, arguments: Arguments) -> Outcome {
    dict_method(vm, arguments, "items")
}
