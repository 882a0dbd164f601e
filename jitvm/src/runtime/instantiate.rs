//! Calling classes: `type.__call__`, `__new__` and `__init__`, of program classes and of builtin types.

use super::attributes::custom_hook;
use super::class_build::{self, call_with_pairs};
use super::classes::Instantiation;
use super::descriptors;
use super::exceptions::exception;
use super::object::ShapeId;
use super::sequences::items;
use super::strings::text;
use super::types::{TypeId, type_id};
use super::value::Value;
use super::vm::{Outcome, Vm};
use crate::library::{Arguments, constructors};

/// How the interpreter may make an instance itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InstantiatePlan {
    /// An instance of this root shape and capacity ([`Vm::new_instance_of`]), then a call of the Python function
    /// `init` with it and the arguments; UNDEF: there is no `__init__`, and there must be no arguments. `watched`: it has
    /// a `__del__`, and the collector is told of it ([`Finalisers::watch`](super::finalisers::Finalisers::watch)).
    Plain { shape: ShapeId, capacity: u16, init: Value, watched: bool },
    /// Whatever [`call_class`] does.
    Generic,
}

/// The plan for calls of a class; it holds while the class and its metaclass have their versions, and `shape` only for
/// this once (later instances may get more slots).
pub fn instantiate_plan(vm: &mut Vm, id: TypeId) -> InstantiatePlan {
    if !id.is_dynamic() {
        return InstantiatePlan::Generic;
    }
    let class = vm.class(id);
    let versions = (class.version, vm.class(class.metaclass).version);
    if let Some(known) = class.instantiation.get().filter(|known| known.versions == versions) {
        let shape = vm.root_shape(id);
        let capacity = vm.shapes.get(shape).capacity;
        return InstantiatePlan::Plain { shape, capacity, init: known.init, watched: known.watched };
    }
    if class.layout != ShapeId::INSTANCE || class.native != TypeId::OBJECT {
        return InstantiatePlan::Generic;
    }
    let names = vm.names;
    if custom_hook(vm, class.metaclass, names.call).is_some()
        || custom_hook(vm, id, names.new).is_some()
        || is_abstract(vm, id)
    {
        return InstantiatePlan::Generic;
    }
    let init = match vm.lookup(id, names.init) {
        Some(init) if init.has_shape(ShapeId::FUNCTION) => init,
        Some(init) if init.has_shape(ShapeId::BUILTIN) => Value::UNDEF,
        None => Value::UNDEF,
        Some(_) => return InstantiatePlan::Generic,
    };
    let shape = vm.root_shape(id);
    let watched = vm.has_finaliser(id);
    vm.class(id).instantiation.set(Some(Instantiation { versions, init, watched }));
    InstantiatePlan::Plain { shape, capacity: vm.shapes.get(shape).capacity, init, watched }
}

impl Vm {
    /// The function that is called in place of a class.
    pub fn maker_of(&self, class: Value) -> Option<Value> {
        let id = type_id(class);
        let maker = if id.is_dynamic() { self.class(id).maker } else { Value::UNDEF };
        (maker != Value::UNDEF).then_some(maker)
    }

    /// The class has abstract methods left.
    pub fn is_abstract(&self, id: TypeId) -> bool {
        is_abstract(self, id)
    }
}

fn is_abstract(vm: &Vm, id: TypeId) -> bool {
    let names = vm.names;
    vm.class(id).attributes.get(names.abstractmethods).is_some_and(super::operators::native_truth)
}

/// Calls a class object.
pub fn call_class(vm: &mut Vm, class: Value, arguments: Arguments) -> Outcome {
    let id = type_id(class);
    let metaclass = vm.class(id).metaclass;
    if metaclass != TypeId::TYPE
        && let Some(hook) = custom_hook(vm, metaclass, vm.names.call)
    {
        let bound = descriptors::get(vm, hook, class, metaclass)?;
        return crate::library::call_with(vm, bound, arguments);
    }
    type_call(vm, id, arguments)
}

/// `type.__call__`.
pub fn type_call(vm: &mut Vm, id: TypeId, arguments: Arguments) -> Outcome {
    if !id.is_dynamic() {
        return constructors::construct(vm, id, arguments);
    }
    if vm.class(id).maker != Value::UNDEF {
        return crate::library::call_with(vm, vm.class(id).maker, arguments);
    }
    let names = vm.names;
    let object = vm.type_object(id);
    let instance = match custom_hook(vm, id, names.new) {
        Some(hook) => {
            let hook = descriptors::get(vm, hook, Value::UNDEF, id)?;
            call_with_receiver(vm, hook, object, arguments)?
        }
        None => native_new(vm, id, arguments)?,
    };
    if !vm.is_subtype(vm.type_of(instance), id) {
        return Ok(instance);
    }
    initialise(vm, instance, arguments)?;
    Ok(instance)
}

/// Calls `__init__`.
pub fn initialise(vm: &mut Vm, instance: Value, arguments: Arguments) -> Outcome<()> {
    let id = vm.type_of(instance);
    let Some(init) = vm.special(instance, vm.names.init) else { return Ok(()) };
    let result = if descriptors::is_method(vm, init) {
        call_with_receiver(vm, init, instance, arguments)?
    } else {
        let bound = descriptors::get(vm, init, instance, id)?;
        crate::library::call_with(vm, bound, arguments)?
    };
    if result != Value::NONE {
        let given = vm.type_name(result);
        return Err(vm.type_error(format!("__init__() should return None, not '{given}'")));
    }
    Ok(())
}

/// Calls with one more argument before the others.
pub fn call_with_receiver(vm: &mut Vm, callee: Value, receiver: Value, arguments: Arguments) -> Outcome {
    // The original arguments are reachable from elsewhere, and the receiver is on the native stack.
    let mut values = Vec::with_capacity(arguments.all().len() + 1);
    values.push(receiver);
    values.extend_from_slice(arguments.all());
    let result = crate::library::call_with(vm, callee, arguments.with_values(&values));
    // Where the collector finds it: not in the vector.
    std::hint::black_box(receiver);
    result
}

/// What the `__new__` of the builtin type that a class derives from does.
pub fn native_new(vm: &mut Vm, id: TypeId, arguments: Arguments) -> Outcome {
    let native = vm.class(id).native;
    if vm.is_exception_class(native) {
        return constructors::new_exception(vm, id, arguments);
    }
    match native {
        TypeId::OBJECT => object_new(vm, id, arguments),
        TypeId::TYPE => new_class_of(vm, id, arguments),
        TypeId::MODULE if id == native => Ok(vm.blank_module()),
        TypeId::MODULE => {
            let value = vm.blank_module();
            vm.adopt(id, value)
        }
        _ if id == native => constructors::construct(vm, native, arguments),
        _ if fills_in_init(native) => {
            let value = constructors::construct(vm, native, Arguments::positional_only(&[]))?;
            vm.adopt(id, value)
        }
        // The arguments are for an `__init__` of the program's, which calls the builtin one.
        TypeId::PROPERTY if custom_hook(vm, id, vm.names.init).is_some() => {
            let value = constructors::construct(vm, native, Arguments::positional_only(&[]))?;
            vm.adopt(id, value)
        }
        TypeId::STATIC_METHOD | TypeId::CLASS_METHOD => {
            let first = [arguments.get(0).unwrap_or(Value::NONE)];
            let value = constructors::construct(vm, native, Arguments::positional_only(&first))?;
            vm.adopt(id, value)
        }
        _ => {
            let value = constructors::construct(vm, native, arguments)?;
            vm.adopt(id, value)
        }
    }
}

/// Mutable containers: `__new__` ignores the arguments.
pub fn fills_in_init(native: TypeId) -> bool {
    matches!(native, TypeId::LIST | TypeId::DICT | TypeId::SET)
}

/// `object.__new__`.
pub fn object_new(vm: &mut Vm, id: TypeId, arguments: Arguments) -> Outcome {
    let names = vm.names;
    if !arguments.all().is_empty() {
        let class = vm.class_name(id);
        if custom_hook(vm, id, names.new).is_some() {
            return Err(vm.type_error("object.__new__() takes exactly one argument (the type to instantiate)"));
        }
        if custom_hook(vm, id, names.init).is_none() {
            return Err(vm.type_error(format!("{class}() takes no arguments")));
        }
    }
    if is_abstract(vm, id) {
        return Err(raise_abstract(vm, id));
    }
    Ok(vm.new_instance(id))
}

fn raise_abstract(vm: &mut Vm, id: TypeId) -> super::vm::Raised {
    let methods = vm.class(id).attributes.get(vm.names.abstractmethods).unwrap_or(Value::NONE);
    let list = match super::iterate::list_of(vm, methods) {
        Ok(list) => list,
        Err(raised) => return raised,
    };
    let mut sorted: Vec<&str> = items(list).iter().filter(|name| name.is_str()).map(|&name| text(name)).collect();
    sorted.sort_unstable();
    let s = if sorted.len() == 1 { "" } else { "s" };
    let (class, list) = (vm.class_name(id), sorted.join(", "));
    vm.type_error(format!("Can't instantiate abstract class {class} with abstract method{s} {list}"))
}

/// `object.__init__`.
pub fn object_init(vm: &mut Vm, instance: Value, has_arguments: bool) -> Outcome<()> {
    if !has_arguments {
        return Ok(());
    }
    let names = vm.names;
    let id = vm.type_of(instance);
    let class = vm.class_name(id);
    if custom_hook(vm, id, names.init).is_some() {
        return Err(vm.type_error("object.__init__() takes exactly one argument (the instance to initialize)"));
    }
    if custom_hook(vm, id, names.new).is_none() && vm.class(id).native == TypeId::OBJECT {
        let message = format!("{class}.__init__() takes exactly one argument (the instance to initialize)");
        return Err(vm.type_error(message));
    }
    Ok(())
}

/// `type.__new__` for the metaclass `id`.
pub fn new_class_of(vm: &mut Vm, id: TypeId, arguments: Arguments) -> Outcome {
    let keywords = keyword_pairs(vm, arguments);
    match *arguments.positional() {
        [value] if keywords.is_empty() && id == TypeId::TYPE => Ok(vm.type_object(vm.type_of(value))),
        [name, bases, body] => class_build::type_new(vm, id, name, bases, body, &keywords),
        [_] | [] if id == TypeId::TYPE => Err(vm.type_error("type() takes 1 or 3 arguments")),
        [..] if id == TypeId::TYPE => Err(vm.type_error("type() takes 1 or 3 arguments")),
        [..] => {
            let given = arguments.positional().len();
            Err(vm.type_error(format!("type.__new__() takes exactly 3 arguments ({given} given)")))
        }
    }
}

/// Keyword arguments as pairs of interned names and values.
pub fn keyword_pairs(vm: &mut Vm, arguments: Arguments) -> Vec<(Value, Value)> {
    arguments.keywords().map(|(name, value)| (vm.intern(name), value)).collect()
}

/// `class(*arguments, **keywords)` for a value that is a class.
pub fn instantiate(vm: &mut Vm, class: Value, positional: &[Value], keywords: &[(Value, Value)]) -> Outcome {
    call_with_pairs(vm, class, positional, keywords)
}

/// An instance of an exception class without arguments, as `raise Class` makes it.
pub fn new_raised(vm: &mut Vm, class: Value) -> Outcome {
    let value = vm.call(class, &[])?;
    if value.has_layout(ShapeId::EXCEPTION) {
        debug_assert!(exception(value).args != Value::UNDEF);
        return Ok(value);
    }
    let name = super::repr::qualified_name(vm, type_id(class));
    let given = super::repr::qualified_name(vm, vm.type_of(value));
    let message =
        format!("calling <class '{name}'> should have returned an instance of BaseException, not <class '{given}'>");
    Err(vm.type_error(message))
}
