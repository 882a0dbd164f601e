//! Attributes: reading, setting and deleting them on any value, by Python's rules for descriptors and hooks.

use super::descriptors::{self, is_data, is_method};
use super::exceptions::exception;
use super::modules::module_name;
use super::native_attributes::{data_attribute, set_data_attribute, set_type_data, type_data};
use super::object::ShapeId;
use super::strings::text;
use super::types::{TypeId, type_id};
use super::value::Value;
use super::vm::{Outcome, Raised, Vm};

/// `value.name`; the name is interned.
pub fn get_attr(vm: &mut Vm, value: Value, name: Value) -> Outcome {
    match find_attr(vm, value, name)? {
        Some(found) => Ok(found),
        None => Err(raise_missing(vm, value, name)),
    }
}

/// `LoadMethod`: the callable and its receiver, or UNDEF as receiver where the attribute is not a method.
pub fn load_method(vm: &mut Vm, value: Value, name: Value) -> Outcome<(Value, Value)> {
    match value.layout() {
        ShapeId::MODULE | ShapeId::SUPER => {}
        ShapeId::TYPE => {
            let (id, metaclass) = (type_id(value), vm.type_of(value));
            if metaclass == TypeId::TYPE
                && let Some(found) = vm.lookup(id, name)
                && found.has_shape(ShapeId::CLASS_METHOD)
                && !descriptors::wraps_descriptor(vm, descriptors::fields(found)[0])
            {
                return Ok((descriptors::fields(found)[0], value));
            }
        }
        _ => {
            let id = vm.type_of(value);
            if let Some(found) = vm.lookup(id, name)
                && is_method(vm, found)
                && custom_hook(vm, id, vm.names.getattribute).is_none()
                && vm.instance_get(value, name).is_none()
            {
                return Ok((found, value));
            }
        }
    }
    Ok((get_attr(vm, value, name)?, Value::UNDEF))
}

/// A hook (`__getattribute__`, `__setattr__`, ...) that the program defines in place of the builtin one.
pub fn custom_hook(vm: &Vm, id: TypeId, name: Value) -> Option<Value> {
    if !id.is_dynamic() {
        return None;
    }
    vm.lookup(id, name).filter(|hook| !hook.has_shape(ShapeId::BUILTIN))
}

/// The function that an instance's class has for `name`, if a call of that attribute calls just it with the instance.
pub fn plain_method(vm: &Vm, value: Value, name: Value) -> Option<Value> {
    if !value.is_instance() || !value.has_layout(ShapeId::INSTANCE) {
        return None;
    }
    let shape = value.shape();
    let of = vm.shapes.get(shape);
    if of.is_dictionary || vm.shapes.lookup(shape, name).is_some() {
        return None;
    }
    let found = vm.lookup(of.class, name).filter(|found| found.has_shape(ShapeId::FUNCTION))?;
    custom_hook(vm, of.class, vm.names.getattribute).is_none().then_some(found)
}

/// The attribute as `getattr` with a default sees it: `None` where reading raises AttributeError.
pub fn try_attr(vm: &mut Vm, value: Value, name: Value) -> Outcome<Option<Value>> {
    let result = find_attr(vm, value, name);
    without_attribute_error(vm, result)
}

fn without_attribute_error(vm: &mut Vm, result: Outcome<Option<Value>>) -> Outcome<Option<Value>> {
    match result {
        Err(Raised) if pending_is(vm, TypeId::ATTRIBUTE_ERROR) => {
            vm.take_exception();
            Ok(None)
        }
        other => other,
    }
}

/// The pending exception is an instance of this class.
pub fn pending_is(vm: &Vm, class: TypeId) -> bool {
    vm.exception != Value::UNDEF && vm.is_subtype(vm.type_of(vm.exception), class)
}

/// The attribute; `None` stands for an AttributeError that has not been raised yet.
pub fn find_attr(vm: &mut Vm, value: Value, name: Value) -> Outcome<Option<Value>> {
    let id = vm.type_of(value);
    if !id.is_dynamic() {
        return builtin_find(vm, value, name);
    }
    let names = vm.names;
    let result = match custom_hook(vm, id, names.getattribute) {
        Some(hook) => descriptors::call_unbound(vm, hook, value, &[name]).map(Some),
        None => builtin_find(vm, value, name),
    };
    let Some(hook) = vm.lookup(id, names.getattr) else { return result };
    match without_attribute_error(vm, result)? {
        Some(found) => Ok(Some(found)),
        None => descriptors::call_unbound(vm, hook, value, &[name]).map(Some),
    }
}

/// What the builtin `__getattribute__` of the value's layout finds.
pub fn builtin_find(vm: &mut Vm, value: Value, name: Value) -> Outcome<Option<Value>> {
    match value.layout() {
        ShapeId::TYPE => type_find(vm, value, name),
        ShapeId::MODULE => module_find(vm, value, name),
        ShapeId::SUPER => super_find(vm, value, name),
        ShapeId::GENERIC_ALIAS => super::aliases::find(vm, value, name),
        _ => generic_find(vm, value, name),
    }
}

/// `object.__getattribute__`.
pub fn generic_find(vm: &mut Vm, value: Value, name: Value) -> Outcome<Option<Value>> {
    let id = vm.type_of(value);
    let found = vm.lookup(id, name);
    if let Some(descriptor) = found
        && is_data(vm, descriptor)
    {
        return descriptors::get(vm, descriptor, value, id).map(Some);
    }
    if let Some(own) = vm.instance_get(value, name) {
        return Ok(Some(own));
    }
    if let Some(descriptor) = found {
        return descriptors::get(vm, descriptor, value, id).map(Some);
    }
    data_attribute(vm, value, name)
}

fn module_find(vm: &mut Vm, module: Value, name: Value) -> Outcome<Option<Value>> {
    if name == vm.names.dict {
        return Ok(Some(super::modules::module_dict(module)));
    }
    // Only classes derived from `module` have descriptors that come first.
    let is_hidden = module.is_instance() && {
        let id = vm.type_of(module);
        vm.lookup(id, name).is_some_and(|found| is_data(vm, found))
    };
    if !is_hidden && let Some(found) = vm.global(module, name) {
        return Ok(Some(found));
    }
    if let Some(found) = generic_find(vm, module, name)? {
        return Ok(Some(found));
    }
    match vm.global(module, vm.names.getattr) {
        Some(hook) if name != vm.names.getattr => vm.call(hook, &[name]).map(Some),
        _ => Ok(None),
    }
}

/// `type.__getattribute__`: descriptors of the metaclass, then the class and its bases, then the metaclass.
fn type_find(vm: &mut Vm, class: Value, name: Value) -> Outcome<Option<Value>> {
    let (id, metaclass) = (type_id(class), vm.type_of(class));
    let of_metaclass = vm.lookup(metaclass, name);
    if let Some(descriptor) = of_metaclass
        && is_data(vm, descriptor)
    {
        return descriptors::get(vm, descriptor, class, metaclass).map(Some);
    }
    if let Some(found) = type_data(vm, id, name)? {
        return Ok(Some(found));
    }
    if let Some(own) = vm.lookup(id, name) {
        return descriptors::get(vm, own, Value::UNDEF, id).map(Some);
    }
    match of_metaclass {
        Some(descriptor) => descriptors::get(vm, descriptor, class, metaclass).map(Some),
        None => Ok(None),
    }
}

/// `super().name`.
fn super_find(vm: &mut Vm, value: Value, name: Value) -> Outcome<Option<Value>> {
    let [start, receiver, owner, _] = *descriptors::fields(value);
    if receiver != Value::UNDEF && name != vm.names.class {
        let owner_id = type_id(owner);
        if let Some(found) = vm.lookup_after(owner_id, type_id(start), name) {
            let receiver = if receiver == owner { Value::UNDEF } else { receiver };
            return descriptors::get(vm, found, receiver, owner_id).map(Some);
        }
    }
    generic_find(vm, value, name)
}

/// `value.name = new`.
pub fn set_attr(vm: &mut Vm, value: Value, name: Value, new: Value) -> Outcome<()> {
    let id = vm.type_of(value);
    if let Some(hook) = custom_hook(vm, id, vm.names.setattr) {
        return descriptors::call_unbound(vm, hook, value, &[name, new]).map(drop);
    }
    builtin_set(vm, value, name, new)
}

/// `del value.name`.
pub fn delete_attr(vm: &mut Vm, value: Value, name: Value) -> Outcome<()> {
    let id = vm.type_of(value);
    if let Some(hook) = custom_hook(vm, id, vm.names.delattr) {
        return descriptors::call_unbound(vm, hook, value, &[name]).map(drop);
    }
    builtin_set(vm, value, name, Value::UNDEF)
}

/// What the builtin `__setattr__` of the value's layout does, or with UNDEF `__delattr__`.
pub fn builtin_set(vm: &mut Vm, value: Value, name: Value, new: Value) -> Outcome<()> {
    match value.layout() {
        ShapeId::MODULE => module_set(vm, value, name, new),
        ShapeId::TYPE => type_set(vm, value, name, new),
        _ => generic_set(vm, value, name, new),
    }
}

fn module_set(vm: &mut Vm, module: Value, name: Value, new: Value) -> Outcome<()> {
    if module.is_instance() {
        let id = vm.type_of(module);
        if let Some(descriptor) = vm.lookup(id, name)
            && descriptors::set(vm, descriptor, module, new)?
        {
            return Ok(());
        }
    }
    let cell = vm.global_cell(module, name);
    // SAFETY: cells live as long as their module.
    unsafe {
        if new == Value::UNDEF && (*cell).value == Value::UNDEF {
            let message = format!("'module' object has no attribute '{}'", text(name));
            return Err(raise_own(vm, module, name, message));
        }
        vm.set_cell(cell, new);
    }
    Ok(())
}

fn type_set(vm: &mut Vm, class: Value, name: Value, new: Value) -> Outcome<()> {
    let id = type_id(class);
    if !id.is_dynamic() {
        let (name, class) = (text(name), vm.class_name(id));
        return Err(vm.type_error(format!("cannot set '{name}' attribute of immutable type '{class}'")));
    }
    let metaclass = vm.type_of(class);
    if let Some(descriptor) = vm.lookup(metaclass, name)
        && descriptors::set(vm, descriptor, class, new)?
    {
        return Ok(());
    }
    if set_type_data(vm, id, name, new)? {
        return Ok(());
    }
    let new = (new != Value::UNDEF).then_some(new);
    if [vm.names.get, vm.names.set, vm.names.delete].contains(&name) || vm.is_subtype(id, TypeId::TYPE) {
        vm.becomes_descriptor();
    }
    if vm.set_class_attribute(id, name, new) { Ok(()) } else { Err(raise_missing(vm, class, name)) }
}

/// `object.__setattr__`.
pub fn generic_set(vm: &mut Vm, value: Value, name: Value, new: Value) -> Outcome<()> {
    let id = vm.type_of(value);
    let found = vm.lookup(id, name);
    if let Some(descriptor) = found
        && descriptors::set(vm, descriptor, value, new)?
    {
        return Ok(());
    }
    if set_data_attribute(vm, value, name, new)? {
        return Ok(());
    }
    let done = match new {
        Value::UNDEF => vm.instance_delete(value, name)?,
        _ => vm.instance_set(value, name, new)?,
    };
    if done {
        return Ok(());
    }
    let (class, attribute) = (vm.type_name(value), text(name));
    if vm.has_instance_dict(value) {
        return Err(raise_missing(vm, value, name));
    }
    if found.is_some() {
        return Err(raise_own(vm, value, name, format!("'{class}' object attribute '{attribute}' is read-only")));
    }
    if data_attribute(vm, value, name)?.is_some() {
        let message = format!("attribute '{attribute}' of '{class}' objects is not writable");
        return Err(vm.attribute_error(message));
    }
    Err(raise_missing(vm, value, name))
}

/// AttributeError for an attribute that a value lacks.
#[cold]
pub fn raise_missing(vm: &mut Vm, value: Value, name: Value) -> Raised {
    let attribute = text(name);
    let message = match value.layout() {
        ShapeId::MODULE => {
            let module = module_name(value);
            let note = crate::library::unsupported::attribute_note(module, attribute);
            match vm.is_being_imported(value) {
                true => format!(
                    "partially initialized module '{module}' has no attribute '{attribute}' (most likely due to a \
                     circular import)"
                ),
                false if module == super::modules::UNNAMED => format!("module has no attribute '{attribute}'"),
                false => format!("module '{module}' has no attribute '{attribute}'{note}"),
            }
        }
        ShapeId::TYPE => format!("type object '{}' has no attribute '{attribute}'", vm.class_name(type_id(value))),
        _ => format!("'{}' object has no attribute '{attribute}'", vm.type_name(value)),
    };
    raise_own(vm, value, name, message)
}

fn raise_own(vm: &mut Vm, value: Value, name: Value, message: String) -> Raised {
    let raised = vm.attribute_error(message);
    let fields = exception(vm.exception);
    (fields.name, fields.object) = (name, value);
    raised
}

/// Names of a value's attributes, as far as they are known; for suggestions and `dir`.
pub fn attribute_names<'a>(vm: &Vm, value: Value) -> Vec<&'a str> {
    if value.has_layout(ShapeId::MODULE) {
        return vm.global_names(value).into_iter().map(text).collect();
    }
    let id = if value.has_layout(ShapeId::TYPE) { type_id(value) } else { vm.type_of(value) };
    let mro = &vm.class(id).mro;
    let of_classes = mro.iter().flat_map(|&at| vm.class(at).attributes.entries()).map(|&(name, _)| name);
    let own = vm.instance_names(value);
    let mut names: Vec<&str> = own.into_iter().chain(of_classes).map(text).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The special method of a value, found on its class only: what to call, and the receiver to pass first unless that is
/// UNDEF.
pub fn special_method(vm: &mut Vm, value: Value, name: Value) -> Outcome<Option<(Value, Value)>> {
    let id = vm.type_of(value);
    let Some(found) = vm.lookup(id, name) else { return Ok(None) };
    if is_method(vm, found) {
        return Ok(Some((found, value)));
    }
    descriptors::get(vm, found, value, id).map(|callable| Some((callable, Value::UNDEF)))
}
