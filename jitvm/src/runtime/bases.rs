//! `SomeClass.__bases__ = bases`: another order of resolution for a class and those that derive from it.

use super::class_build::{inherited_slots, solid_base};
use super::object::ShapeId;
use super::sequences::items;
use super::types::{TypeId, type_id};
use super::value::Value;
use super::vm::{Outcome, Vm};

/// Sets the bases of a class of the program.
///
/// # Errors
/// TypeError where they are no classes, derive from the class, give its instances another layout, or contradict each
/// other.
pub fn set(vm: &mut Vm, id: TypeId, bases: Value) -> Outcome<()> {
    let class = vm.class_name(id);
    if bases == Value::UNDEF {
        return Err(vm.type_error(format!("cannot delete '__bases__' attribute of immutable type '{class}'")));
    }
    if !bases.has_layout(ShapeId::TUPLE) {
        let given = vm.type_name(bases);
        return Err(vm.type_error(format!("can only assign tuple to {class}.__bases__, not {given}")));
    }
    if items(bases).is_empty() {
        return Err(vm.type_error(format!("can only assign non-empty tuple to {class}.__bases__, not ()")));
    }
    let mut ids = Vec::new();
    for &base in items(bases) {
        if !base.has_layout(ShapeId::TYPE) {
            let given = vm.type_name(base);
            return Err(vm.type_error(format!("{class}.__bases__ must be tuple of classes, not '{given}'")));
        }
        if vm.is_subtype(type_id(base), id) {
            return Err(vm.type_error("a __bases__ item causes an inheritance cycle"));
        }
        ids.push(type_id(base));
    }
    check_layout(vm, id, &ids)?;
    let old = std::mem::replace(&mut vm.class_mut(id).bases, ids.clone());
    if let Err(raised) = order_again(vm, id) {
        vm.class_mut(id).bases = old;
        return Err(raised);
    }
    for base in old {
        vm.class_mut(base).subclasses.retain(|&other| other != id);
    }
    for base in ids {
        vm.class_mut(base).subclasses.push(id);
    }
    vm.class_changed(id);
    if vm.is_descriptor_class(id) {
        vm.becomes_descriptor();
    }
    Ok(())
}

/// Instances are laid out as before.
fn check_layout(vm: &mut Vm, id: TypeId, bases: &[TypeId]) -> Outcome<()> {
    let old = solid_base(vm, id).unwrap_or(TypeId::OBJECT);
    let native = vm.class(id).native;
    // Of the new bases, the one that says what the instances are.
    let new = *bases.iter().find(|&&base| vm.class(base).native == native).unwrap_or(&bases[0]);
    let refuse = |vm: &mut Vm, what: &str| {
        let (old, new) = (vm.class_name(old), vm.class_name(new));
        Err(vm.type_error(format!("__bases__ assignment: '{new}' {what} differs from '{old}'")))
    };
    let other = bases.iter().copied().find(|&base| !vm.is_subtype(native, vm.class(base).native));
    if let Some(other) = other {
        let (old, other) = (vm.class_name(old), vm.class_name(other));
        return Err(vm.type_error(format!("__bases__ assignment: '{other}' deallocator differs from '{old}'")));
    }
    if old != new && !(old.is_dynamic() && new.is_dynamic()) {
        return refuse(vm, "deallocator");
    }
    let old_bases = vm.class(id).bases.clone();
    let slots = inherited_slots(vm, bases)?;
    if vm.class(new).native != native
        || slots != inherited_slots(vm, &old_bases)?
        || bases.iter().any(|&base| vm.class(base).has_dict) != old_bases.iter().any(|&base| vm.class(base).has_dict)
    {
        return refuse(vm, "object layout");
    }
    Ok(())
}

/// Computes the orders of a class and of all that derive from it; none is changed if one fails.
fn order_again(vm: &mut Vm, id: TypeId) -> Outcome<()> {
    let mut pending = vec![id];
    let mut before: Vec<(TypeId, Vec<TypeId>)> = Vec::new();
    while let Some(at) = pending.pop() {
        let bases = vm.class(at).bases.clone();
        let Some(order) = vm.linearise(at, &bases) else {
            for (changed, order) in before.into_iter().rev() {
                vm.class_mut(changed).mro = order;
            }
            let list: Vec<&str> = bases.iter().map(|&base| vm.class_name(base)).collect();
            let list = list.join(", ");
            return Err(
                vm.type_error(format!("Cannot create a consistent method resolution\norder (MRO) for bases {list}"))
            );
        };
        let class = vm.class_mut(at);
        before.push((at, std::mem::replace(&mut class.mro, order)));
        pending.extend(class.subclasses.iter().rev());
    }
    Ok(())
}
