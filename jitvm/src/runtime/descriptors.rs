//! Descriptors: what an attribute found in a class becomes when it is read through an instance or a class.

use super::object::{BoundMethod, Descriptor, ShapeId};
use super::types::TypeId;
use super::value::Value;
use super::vm::{Outcome, Vm};
use crate::library::{self, Owner};

/// The fields of a PROPERTY and the other small objects that share the layout.
pub fn fields<'a>(value: Value) -> &'a mut [Value; 4] {
    // SAFETY: the caller has checked the layout; no one keeps the reference over a collection of the object.
    unsafe { &mut (*value.object::<Descriptor>()).fields }
}

impl Vm {
    /// A new object of four fields.
    pub fn descriptor(&mut self, shape: ShapeId, fields: [Value; 4]) -> Value {
        let object = self.allocate(size_of::<Descriptor>(), shape).cast::<Descriptor>();
        // SAFETY: the allocation has room for a `Descriptor`.
        unsafe { (*object).fields = fields };
        Value::of(object)
    }
}

/// A value whose `__get__` makes it a method of its receiver, and that is called with the receiver first.
#[inline]
pub fn is_method(vm: &Vm, value: Value) -> bool {
    match value.shape() {
        ShapeId::FUNCTION => true,
        ShapeId::BUILTIN => {
            let row = library::row_of(vm, value);
            matches!(row.owner, Owner::Type(_)) && row.name != "__new__"
        }
        _ => false,
    }
}

/// The attribute decides before the instance's own ones.
pub fn is_data(vm: &Vm, value: Value) -> bool {
    match value.shape() {
        ShapeId::PROPERTY | ShapeId::MEMBER => true,
        _ if value.is_instance() => {
            vm.special(value, vm.names.set).is_some() || vm.special(value, vm.names.delete).is_some()
        }
        _ => false,
    }
}

/// `descriptor.__get__(receiver, owner)`; the receiver is UNDEF for access through a class.
pub fn get(vm: &mut Vm, descriptor: Value, receiver: Value, owner: TypeId) -> Outcome {
    let through_class = receiver == Value::UNDEF;
    match descriptor.shape() {
        ShapeId::FUNCTION if through_class => Ok(descriptor),
        ShapeId::FUNCTION => Ok(vm.bound_method(descriptor, receiver)),
        ShapeId::BUILTIN => {
            if through_class || !is_method(vm, descriptor) {
                return Ok(descriptor);
            }
            Ok(vm.bound_method(descriptor, receiver))
        }
        ShapeId::STATIC_METHOD => Ok(fields(descriptor)[0]),
        ShapeId::CLASS_METHOD => {
            let (inner, class) = (fields(descriptor)[0], vm.type_object(owner));
            // Other descriptors are asked in turn, with the class as their object.
            if wraps_descriptor(vm, inner) {
                return get(vm, inner, class, owner);
            }
            Ok(vm.bound_method(inner, class))
        }
        ShapeId::PROPERTY if through_class => Ok(descriptor),
        ShapeId::PROPERTY => property_get(vm, descriptor, receiver),
        ShapeId::MEMBER if through_class => Ok(descriptor),
        ShapeId::MEMBER => member_get(vm, descriptor, receiver),
        _ if descriptor.is_instance() => {
            let Some(method) = vm.special(descriptor, vm.names.get) else { return Ok(descriptor) };
            let owner = vm.type_object(owner);
            let receiver = if through_class { Value::NONE } else { receiver };
            call_unbound(vm, method, descriptor, &[receiver, owner])
        }
        _ => Ok(descriptor),
    }
}

/// What a classmethod wraps is no function but has a `__get__`.
pub fn wraps_descriptor(vm: &Vm, inner: Value) -> bool {
    match inner.shape() {
        ShapeId::PROPERTY | ShapeId::CLASS_METHOD | ShapeId::STATIC_METHOD => true,
        _ => inner.is_instance() && vm.special(inner, vm.names.get).is_some(),
    }
}

/// `property.__get__` for an instance.
pub fn property_get(vm: &mut Vm, property: Value, receiver: Value) -> Outcome {
    let getter = fields(property)[0];
    if getter == Value::NONE {
        return Err(property_error(vm, property, receiver, "getter"));
    }
    vm.call(getter, &[receiver])
}

/// `property.__set__`, or with UNDEF `__delete__`.
pub fn property_set(vm: &mut Vm, property: Value, receiver: Value, value: Value) -> Outcome<()> {
    let (field, what) = if value == Value::UNDEF { (2, "deleter") } else { (1, "setter") };
    let function = fields(property)[field];
    if function == Value::NONE {
        return Err(property_error(vm, property, receiver, what));
    }
    let arguments = [receiver, value];
    let count = if value == Value::UNDEF { 1 } else { 2 };
    vm.call(function, &arguments[..count])?;
    Ok(())
}

fn property_error(vm: &mut Vm, property: Value, receiver: Value, what: &str) -> super::vm::Raised {
    let name = vm.type_name(receiver);
    let known = fields(property)[0];
    let own = known.has_shape(ShapeId::FUNCTION).then(|| super::functions::name(vm, known));
    match own {
        Some(own) => vm.attribute_error(format!("property '{own}' of '{name}' object has no {what}")),
        None => vm.attribute_error(format!("property of '{name}' object has no {what}")),
    }
}

fn member_get(vm: &mut Vm, member: Value, receiver: Value) -> Outcome {
    let [name, class, ..] = *fields(member);
    check_member(vm, member, receiver)?;
    let _ = class;
    match vm.member_get(receiver, name) {
        Some(value) => Ok(value),
        None => Err(super::attributes::raise_missing(vm, receiver, name)),
    }
}

/// The receiver must be an instance of the class whose slot this is.
fn check_member(vm: &mut Vm, member: Value, receiver: Value) -> Outcome<()> {
    let [name, class, ..] = *fields(member);
    let owner = super::types::type_id(class);
    if vm.is_subtype(vm.type_of(receiver), owner) {
        return Ok(());
    }
    let (name, owner, given) = (super::strings::text(name), vm.class_name(owner), vm.type_name(receiver));
    Err(vm.type_error(format!("descriptor '{name}' for '{owner}' objects doesn't apply to a '{given}' object")))
}

/// `descriptor.__set__(receiver, value)`, or `__delete__` where the value is UNDEF. False if the attribute has neither.
pub fn set(vm: &mut Vm, descriptor: Value, receiver: Value, value: Value) -> Outcome<bool> {
    match descriptor.shape() {
        ShapeId::PROPERTY => property_set(vm, descriptor, receiver, value).map(|()| true),
        ShapeId::MEMBER => {
            check_member(vm, descriptor, receiver)?;
            let name = fields(descriptor)[0];
            if value != Value::UNDEF {
                vm.set_slot(receiver, name, value);
            } else if !vm.member_delete(receiver, name)? {
                // CPython 3.11 names the slot only.
                return Err(vm.attribute_error(super::strings::text(name)));
            }
            Ok(true)
        }
        _ if descriptor.is_instance() => {
            let names = vm.names;
            let (name, text) =
                if value == Value::UNDEF { (names.delete, "__delete__") } else { (names.set, "__set__") };
            let Some(method) = vm.special(descriptor, name) else {
                if is_data(vm, descriptor) {
                    return Err(vm.attribute_error(text));
                }
                return Ok(false);
            };
            let arguments = [receiver, value];
            let count = if value == Value::UNDEF { 1 } else { 2 };
            call_unbound(vm, method, descriptor, &arguments[..count])?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// Calls what a lookup in the receiver's class found, as a method of the receiver.
pub fn call_unbound(vm: &mut Vm, method: Value, receiver: Value, arguments: &[Value]) -> Outcome {
    if is_method(vm, method) {
        // On the native stack, where the collector finds them.
        let mut buffer = [Value::UNDEF; 4];
        if arguments.len() < buffer.len() {
            buffer[0] = receiver;
            buffer[1..=arguments.len()].copy_from_slice(arguments);
            return vm.call(method, &buffer[..=arguments.len()]);
        }
    }
    let owner = vm.type_of(receiver);
    let bound = get(vm, method, receiver, owner)?;
    vm.call(bound, arguments)
}

/// Function and receiver of a bound method.
pub fn bound_parts(method: Value) -> (Value, Value) {
    debug_assert!(method.has_shape(ShapeId::BOUND_METHOD));
    // SAFETY: the shape was checked.
    unsafe {
        let method = &*method.object::<BoundMethod>();
        (method.function, method.receiver)
    }
}

/// Reading the attribute through an instance gives the value itself.
pub fn is_plain(vm: &Vm, value: Value) -> bool {
    match value.shape() {
        ShapeId::FUNCTION | ShapeId::STATIC_METHOD | ShapeId::CLASS_METHOD | ShapeId::PROPERTY | ShapeId::MEMBER => {
            false
        }
        ShapeId::BUILTIN => !is_method(vm, value),
        _ if value.is_instance() => vm.special(value, vm.names.get).is_none(),
        _ => true,
    }
}
