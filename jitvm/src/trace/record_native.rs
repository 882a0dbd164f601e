//! Recording of calls of builtin functions, methods and types whose operands are seen to fit: straight to the native code.
//!
//! What a call checks each time (how many values it takes, the type of a method's receiver) the recorder checks once,
//! and a guard on the receiver's type keeps it true.

use super::record_operation::shape;
use super::recorder::Recorder;
use crate::interp::helpers;
use crate::ir::{Op, Ref, Ty};
use crate::library::{self, Owner};
use crate::runtime::attributes;
use crate::runtime::object::ShapeId;
use crate::runtime::sequences::items;
use crate::runtime::types::{TypeId, type_id};
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;

/// Builtin functions of scalars that look at nothing else.
const OF_SCALARS: &[&str] =
    &["abs", "bin", "chr", "divmod", "hash", "hex", "max", "min", "oct", "ord", "pow", "repr", "round"];

/// Builtin functions that do not look into their operand.
const OF_ANY: &[&str] = &["id", "callable"];

/// Methods of strs and bytes that may ask the program, whatever their operands.
const ASKING: &[&str] = &["encode", "decode"];

/// Shapes whose objects can be of several types.
const SEVERAL: &[ShapeId] = &[ShapeId::EXCEPTION, ShapeId::BOUND_METHOD, ShapeId::BUILTIN, ShapeId::GENERATOR];

/// Instances may say with `__class__` that they are of another class.
fn claims_a_class(vm: &Vm, own: TypeId) -> bool {
    vm.lookup(own, vm.names.class) != vm.lookup(TypeId::OBJECT, vm.names.class)
        || attributes::custom_hook(vm, own, vm.names.getattribute).is_some()
}

/// Neither an operation on it nor its methods run code of the program or change it.
fn is_scalar(value: Value) -> bool {
    match shape(value) {
        None => true,
        Some(shape) => matches!(shape, ShapeId::STR | ShapeId::BYTES | ShapeId::BIG_INT | ShapeId::FLOAT_BOX),
    }
}

/// A builtin that looks at nothing but its operands, which are scalars, and makes another one.
fn is_of_scalars(vm: &Vm, callee: Value, values: &[Value]) -> bool {
    if callee.has_shape(ShapeId::TYPE) {
        let makes_scalars = [TypeId::INT, TypeId::FLOAT, TypeId::BOOL, TypeId::STR].contains(&type_id(callee));
        return makes_scalars && values.len() == 1 && is_scalar(values[0]);
    }
    if !callee.has_shape(ShapeId::BUILTIN) {
        return false;
    }
    let row = library::row_of(vm, callee);
    let is_owned = match row.owner {
        Owner::Type(id) => {
            matches!(id, TypeId::STR | TypeId::BYTES | TypeId::INT | TypeId::FLOAT) && !ASKING.contains(&row.name)
        }
        Owner::Module(module) => module == "math",
        Owner::Builtins => OF_SCALARS.contains(&row.name),
        _ => false,
    };
    is_owned && values.iter().all(|&value| is_scalar(value))
}

impl Recorder {
    /// A call with positional operands of a builtin that is a constant here; `None` leaves it to others.
    pub(super) fn native_builtin(
        &mut self,
        vm: &mut Vm,
        callee: Ref,
        value: Value,
        references: &[Ref],
        values: &[Value],
    ) -> Option<Ref> {
        if !callee.is_constant() || values.len() >= helpers::NATIVE.len() || !library::fits(vm, value, values) {
            return None;
        }
        if let (&[operand], &[generator]) = (references, values)
            && generator.has_shape(ShapeId::GENERATOR)
            && value.has_shape(ShapeId::TYPE)
            && [TypeId::LIST, TypeId::TUPLE, TypeId::SET].contains(&type_id(value))
        {
            let operand = self.of_type(vm, operand, generator);
            return Some(self.call(helpers::GATHER, &[callee, operand]));
        }
        let of_scalars = is_of_scalars(vm, value, values);
        let is_method = value.has_shape(ShapeId::BUILTIN) && library::row_of(vm, value).receiver().is_some();
        // Only the receiver's type is relied on, unless nothing else may be looked at.
        let of_any =
            value.has_shape(ShapeId::BUILTIN) && OF_ANY.contains(&library::row_of(vm, value).full_name().as_str());
        let checked = if of_scalars { values.len() } else { usize::from(is_method) };
        let mut words = vec![callee];
        for (i, &operand) in references.iter().enumerate() {
            let known = if i < checked { self.of_type(vm, operand, values[i]) } else { operand };
            words.push(known);
        }
        let helper = if (of_scalars || of_any) && !values.is_empty() {
            helpers::SCALAR[values.len() - 1]
        } else {
            helpers::NATIVE[values.len()]
        };
        Some(self.call(helper, &words))
    }

    /// The operand, guarded to be of the type that it has now.
    pub(super) fn of_type(&mut self, vm: &mut Vm, operand: Ref, value: Value) -> Ref {
        if value.is_int() {
            return self.int(operand);
        }
        if value.is_float() {
            return self.float(operand);
        }
        match shape(value) {
            Some(shape) => {
                let object = self.object(operand, shape);
                if shape == ShapeId::GENERATOR {
                    self.same_generator_code(vm, object, value);
                }
                object
            }
            None => self.same_word(vm, operand, value),
        }
    }

    /// `isinstance` of a class or of a tuple of classes, all of them of metaclass `type`: decided by the value's type.
    pub(super) fn instance_test(&mut self, vm: &mut Vm, references: &[Ref], values: &[Value]) -> Option<Ref> {
        let (&[operand, of], &[value, class]) = (references, values) else { return None };
        let own = vm.type_of(value);
        if shape(value).is_some_and(|shape| SEVERAL.contains(&shape)) {
            return None;
        }
        let classes = match shape(class)? {
            ShapeId::TYPE => vec![class],
            ShapeId::TUPLE => items(class).to_vec(),
            _ => return None,
        };
        if classes.len() > 8 || !classes.iter().all(|class| class.has_shape(ShapeId::TYPE)) {
            return None;
        }
        let answer = classes.iter().any(|&class| vm.is_subtype(own, type_id(class)));
        if !answer && own.is_dynamic() && claims_a_class(vm, own) {
            return None;
        }
        if class.has_shape(ShapeId::TYPE) {
            self.same_word(vm, of, class);
        } else {
            self.same_items(vm, of, &classes);
        }
        self.guard_type(vm, operand, value);
        // The bases of a program's class may be others later.
        if own.is_dynamic() {
            self.class_unchanged(vm, own);
        }
        Some(self.constant(vm, Value::from_bool(answer)))
    }

    /// A tuple has just these items.
    fn same_items(&mut self, vm: &mut Vm, tuple: Ref, items: &[Value]) {
        if tuple.is_constant() {
            return;
        }
        let tuple = self.object(tuple, ShapeId::TUPLE);
        let length = self.emit(Op::TupleLen, tuple, Ref::NONE, 0);
        let count = self.constant_int(items.len() as i64);
        self.guard(Op::G_Eq, Ty::Nil, length, count, 0);
        let data = self.emit(Op::TupleData, tuple, Ref::NONE, 0);
        for (i, &item) in items.iter().enumerate() {
            let index = self.constant_int(i as i64);
            let held = self.emit(Op::ItemLoad, data, index, 0);
            self.same_word(vm, held, item);
        }
    }

    /// `type` of one operand, which its guard tells.
    pub(super) fn type_of_operand(&mut self, vm: &mut Vm, operand: Ref, value: Value) -> Option<Ref> {
        if shape(value).is_some_and(|shape| SEVERAL.contains(&shape)) {
            return None;
        }
        self.guard_type(vm, operand, value);
        let class = vm.type_of(value);
        let class = vm.type_object(class);
        Some(self.constant(vm, class))
    }
}
