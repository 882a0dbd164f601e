//! Operators on instances of program classes: their special methods, with reflections, and builtin behaviour where the
//! class only inherits it.
//!
//! The builtin types have their own special methods as rows of `library::dunders`, so a lookup in the class finds
//! either those or the program's; nothing here asks which.

use super::compare::CompareKind;
use super::descriptors;
use super::object::ShapeId;
use super::operators::{self, Binary, Unary};
use super::strings::text;
use super::types::TypeId;
use super::value::Value;
use super::vm::{Outcome, Raised, Vm};
use super::{attributes, compare, iterate, subscript};

impl Vm {
    /// Calls the special method that a lookup in the receiver's class found.
    pub fn call_special(&mut self, method: Value, receiver: Value, arguments: &[Value]) -> Outcome {
        if !self.frames.is_empty() && self.heap.native_stack_is_short() {
            return Err(self.raise_recursion_error());
        }
        descriptors::call_unbound(self, method, receiver, arguments)
    }

    /// Calls a special method of a value by name; `None` if its class has none (or says so with None).
    pub fn try_special(&mut self, receiver: Value, name: Value, arguments: &[Value]) -> Outcome<Option<Value>> {
        match self.special(receiver, name) {
            Some(method) if method != Value::NONE => self.call_special(method, receiver, arguments).map(Some),
            _ => Ok(None),
        }
    }
}

/// Whether the method that an instance's class has is the very one of the builtin type that it is laid out as: the native
/// operation is what a call would come to.
fn is_native(vm: &Vm, value: Value, name: Value, method: Value) -> bool {
    let native = vm.native_type(value);
    native != TypeId::OBJECT && method.has_shape(ShapeId::BUILTIN) && vm.lookup(native, name) == Some(method)
}

/// Names of a binary operator's methods: plain, reflected, in place.
pub const fn binary_names(op: Binary) -> [&'static str; 3] {
    match op {
        Binary::Add => ["__add__", "__radd__", "__iadd__"],
        Binary::Sub => ["__sub__", "__rsub__", "__isub__"],
        Binary::Mul => ["__mul__", "__rmul__", "__imul__"],
        Binary::TrueDiv => ["__truediv__", "__rtruediv__", "__itruediv__"],
        Binary::FloorDiv => ["__floordiv__", "__rfloordiv__", "__ifloordiv__"],
        Binary::Mod => ["__mod__", "__rmod__", "__imod__"],
        Binary::Pow => ["__pow__", "__rpow__", "__ipow__"],
        Binary::LeftShift => ["__lshift__", "__rlshift__", "__ilshift__"],
        Binary::RightShift => ["__rshift__", "__rrshift__", "__irshift__"],
        Binary::BitAnd => ["__and__", "__rand__", "__iand__"],
        Binary::BitXor => ["__xor__", "__rxor__", "__ixor__"],
        Binary::BitOr => ["__or__", "__ror__", "__ior__"],
        Binary::MatMul => ["__matmul__", "__rmatmul__", "__imatmul__"],
    }
}

/// The method of the left operand's class that `a op b` comes down to: it goes first, and there is no other if it
/// returns NotImplemented. `None` where that is not so.
pub fn only_method(vm: &Vm, op: Binary, a: Value, b: Value, augmented: bool) -> Option<Value> {
    let [plain, _, in_place] = vm.names.binary[op as usize];
    let (left, right) = (vm.type_of(a), vm.type_of(b));
    let is_usual = a.is_instance() && vm.class(left).native == TypeId::OBJECT;
    let is_number = b.is_int() || b.is_float() || b == Value::NONE;
    if !is_usual || !(left == right || is_number) {
        return None;
    }
    if augmented && vm.lookup(left, in_place).is_some() {
        return None;
    }
    vm.lookup(left, plain)
}

/// As [`only_method`], where it is the reflected one of the right operand's class: the left one is an immediate number.
pub fn only_reflected_method(vm: &Vm, op: Binary, a: Value, b: Value) -> Option<Value> {
    let right = vm.type_of(b);
    let is_usual = (a.is_int() || a.is_float()) && b.is_instance() && vm.class(right).native == TypeId::OBJECT;
    if is_usual { vm.lookup(right, vm.names.binary[op as usize][1]) } else { None }
}

/// `a op b` where one is an instance of a program class.
pub fn binary(vm: &mut Vm, op: Binary, a: Value, b: Value, augmented: bool) -> Outcome {
    if let Some(result) = vm.decimal_operator(op, a, b) {
        return Ok(result);
    }
    let [plain, reflected, in_place] = vm.names.binary[op as usize];
    if augmented
        && let Some(result) = vm.try_special(a, in_place, &[b])?
        && result != Value::NOT_IMPLEMENTED
    {
        return Ok(result);
    }
    let result = reflect(vm, a, b, plain, reflected, &|vm| operators::native(vm, op, a, b, augmented))?;
    match result {
        Some(value) => Ok(value),
        None => Err(operators::unsupported(vm, op, a, b, augmented)),
    }
}

/// The protocol of binary operators: the right operand goes first if its class derives from the left one's and has a
/// reflected method of its own. `native` is what builtin operands do.
fn reflect(
    vm: &mut Vm,
    a: Value,
    b: Value,
    plain: Value,
    reflected: Value,
    native: &dyn Fn(&mut Vm) -> Option<Outcome>,
) -> Outcome<Option<Value>> {
    let (left, right) = (vm.type_of(a), vm.type_of(b));
    let of_left = vm.lookup(left, plain).filter(|&method| method != Value::NONE);
    let mut of_right = match left == right {
        true => None,
        false => vm.lookup(right, reflected).filter(|&method| method != Value::NONE),
    };
    let is_native = |method: Option<Value>| method.is_none_or(|method| method.has_shape(ShapeId::BUILTIN));
    if let Some(method) = of_right
        && vm.is_subtype(right, left)
        && vm.lookup(left, reflected) != of_right
    {
        of_right = None;
        let result = vm.call_special(method, b, &[a])?;
        if result != Value::NOT_IMPLEMENTED {
            return Ok(Some(result));
        }
    }
    // A builtin sequence on the left concatenates only after the right operand has been asked.
    let concatenates = is_native(of_left) && is_sequence(a);
    if concatenates && let Some(method) = of_right {
        of_right = None;
        if !is_native(Some(method)) {
            let result = vm.call_special(method, b, &[a])?;
            if result != Value::NOT_IMPLEMENTED {
                return Ok(Some(result));
            }
        }
    }
    match of_left {
        Some(method) if !is_native(of_left) => {
            let result = vm.call_special(method, a, &[b])?;
            if result != Value::NOT_IMPLEMENTED {
                return Ok(Some(result));
            }
        }
        _ if vm.class(left).native != TypeId::OBJECT => {
            // Both as the builtin types they derive from; what those do not know is left to the right operand.
            if (is_native(of_right) || of_right.is_none())
                && let Some(result) = native(vm)
            {
                return result.map(Some);
            }
            if !is_native(of_right)
                && natively_supported(a, b)
                && let Some(result) = native(vm)
            {
                return result.map(Some);
            }
        }
        _ => {}
    }
    if let Some(method) = of_right {
        if is_native(Some(method)) {
            if let Some(result) = native(vm) {
                return result.map(Some);
            }
        } else {
            let result = vm.call_special(method, b, &[a])?;
            if result != Value::NOT_IMPLEMENTED {
                return Ok(Some(result));
            }
        }
    }
    Ok(None)
}

fn is_sequence(value: Value) -> bool {
    matches!(value.layout(), ShapeId::STR | ShapeId::LIST | ShapeId::TUPLE)
}

/// Both operands are numbers, or of one layout: the builtin method of the left one answers.
fn natively_supported(a: Value, b: Value) -> bool {
    let number =
        |value: Value| super::numbers::as_integer(value).is_some() || super::numbers::as_float(value).is_some();
    number(a) && number(b) || a.layout() == b.layout()
}

/// `-a`, `+a`, `~a` of an instance.
pub fn unary(vm: &mut Vm, op: Unary, a: Value) -> Outcome<Option<Value>> {
    let names = vm.names;
    let name = match op {
        Unary::Negate => names.neg,
        Unary::Plus => names.pos,
        Unary::Invert => names.invert,
    };
    vm.try_special(a, name, &[])
}

/// `divmod(a, b)` or three-argument `pow` and the like by name.
pub fn named_binary(vm: &mut Vm, a: Value, b: Value, plain: Value, reflected: Value) -> Outcome<Option<Value>> {
    let (left, right) = (vm.type_of(a), vm.type_of(b));
    let of_right = if left == right { None } else { vm.lookup(right, reflected) };
    let right_first = of_right.is_some() && vm.is_subtype(right, left) && vm.lookup(left, reflected) != of_right;
    if right_first {
        let result = vm.try_special(b, reflected, &[a])?;
        if let Some(result) = result.filter(|&result| result != Value::NOT_IMPLEMENTED) {
            return Ok(Some(result));
        }
    }
    let result = vm.try_special(a, plain, &[b])?;
    if let Some(result) = result.filter(|&result| result != Value::NOT_IMPLEMENTED) {
        return Ok(Some(result));
    }
    if of_right.is_some() && !right_first {
        let result = vm.try_special(b, reflected, &[a])?;
        return Ok(result.filter(|&result| result != Value::NOT_IMPLEMENTED));
    }
    Ok(None)
}

fn comparison_name(vm: &Vm, kind: CompareKind) -> Value {
    let names = &vm.names;
    match kind {
        CompareKind::Less => names.lt,
        CompareKind::LessEqual => names.le,
        CompareKind::Equal => names.eq,
        CompareKind::NotEqual => names.ne,
        CompareKind::Greater => names.gt,
        CompareKind::GreaterEqual => names.ge,
    }
}

fn swapped(kind: CompareKind) -> CompareKind {
    match kind {
        CompareKind::Less => CompareKind::Greater,
        CompareKind::LessEqual => CompareKind::GreaterEqual,
        CompareKind::Greater => CompareKind::Less,
        CompareKind::GreaterEqual => CompareKind::LessEqual,
        same => same,
    }
}

/// `==` and `!=` are what `object` makes of them.
fn is_identity(vm: &Vm, kind: CompareKind, id: TypeId) -> bool {
    if !matches!(kind, CompareKind::Equal | CompareKind::NotEqual) {
        return false;
    }
    let class = vm.class(id);
    let (version, known) = class.equality.get();
    if version == class.version {
        return known;
    }
    let is_of_object = |name| vm.lookup(id, name) == vm.lookup(TypeId::OBJECT, name);
    let answer = is_of_object(vm.names.ne) && is_of_object(vm.names.eq);
    class.equality.set((class.version, answer));
    answer
}

/// The method of the left operand's class that `a < b` and the like begin with; `None` where nothing or another comes
/// first.
pub fn first_comparison(vm: &Vm, kind: CompareKind, a: Value, b: Value) -> Option<Value> {
    let (left, right) = (vm.type_of(a), vm.type_of(b));
    if left != right && vm.is_subtype(right, left) || is_identity(vm, kind, left) {
        return None;
    }
    vm.lookup(left, comparison_name(vm, kind))
}

/// The left operand's method has returned NotImplemented: what the right one says, or the default.
pub fn compare_further(vm: &mut Vm, kind: CompareKind, a: Value, b: Value) -> Outcome {
    let reflected = comparison_name(vm, swapped(kind));
    if let Some(result) = vm.try_special(b, reflected, &[a])?
        && result != Value::NOT_IMPLEMENTED
    {
        return Ok(result);
    }
    undecided(vm, kind, a, b)
}

/// What a comparison is if no method knows.
fn undecided(vm: &mut Vm, kind: CompareKind, a: Value, b: Value) -> Outcome {
    match kind {
        CompareKind::Equal => Ok(Value::from_bool(a == b)),
        CompareKind::NotEqual => Ok(Value::from_bool(a != b)),
        _ => Err(compare::unordered(vm, kind, a, b)),
    }
}

/// `a < b` and the like where one is an instance of a program class.
pub fn rich_compare(vm: &mut Vm, kind: CompareKind, a: Value, b: Value) -> Outcome {
    if let Some(answer) = vm.decimal_comparison(kind, a, b) {
        return Ok(Value::from_bool(answer));
    }
    let (left, right) = (vm.type_of(a), vm.type_of(b));
    if is_identity(vm, kind, left) && (left == right || is_identity(vm, kind, right)) {
        return Ok(Value::from_bool((a == b) == (kind == CompareKind::Equal)));
    }
    let (plain, reflected) = (comparison_name(vm, kind), comparison_name(vm, swapped(kind)));
    if left == right
        && vm.class(left).native == TypeId::TUPLE
        && vm.special(a, plain).is_some_and(|method| is_native(vm, a, plain, method))
    {
        return compare::native_compare(vm, kind, a, b, &mut false).map(Value::from_bool);
    }
    let mut asked_right = false;
    if left != right && vm.is_subtype(right, left) {
        asked_right = true;
        if let Some(result) = vm.try_special(b, reflected, &[a])?
            && result != Value::NOT_IMPLEMENTED
        {
            return Ok(result);
        }
    }
    if let Some(result) = vm.try_special(a, plain, &[b])?
        && result != Value::NOT_IMPLEMENTED
    {
        return Ok(result);
    }
    if asked_right { undecided(vm, kind, a, b) } else { compare_further(vm, kind, a, b) }
}

/// `bool(value)` of an instance.
pub fn truth(vm: &mut Vm, value: Value) -> Outcome<bool> {
    let class = vm.class(vm.type_of(value));
    if class.always_true.get() == class.version { Ok(true) } else { asked_truth(vm, value) }
}

/// As [`truth`], by the special methods.
#[inline(never)]
fn asked_truth(vm: &mut Vm, value: Value) -> Outcome<bool> {
    let names = vm.names;
    if let Some(method) = vm.special(value, names.bool)
        && method != Value::NONE
    {
        let result = vm.call_special(method, value, &[])?;
        if result.is_bool() {
            return Ok(result == Value::TRUE);
        }
        let name = vm.type_name(result);
        return Err(vm.type_error(format!("__bool__ should return bool, returned {name}")));
    }
    if vm.special(value, names.len).is_some() {
        return Ok(length(vm, value)? != 0);
    }
    let class = vm.class(vm.type_of(value));
    if class.native == TypeId::OBJECT && vm.special(value, names.bool).is_none() {
        class.always_true.set(class.version);
    }
    Ok(operators::native_truth(value))
}

/// `len(value)` of an instance.
pub fn length(vm: &mut Vm, value: Value) -> Outcome<i64> {
    let names = vm.names;
    let Some(method) = vm.special(value, names.len).filter(|&method| method != Value::NONE) else {
        return crate::library::functions::native_length(vm, value);
    };
    if is_native(vm, value, names.len, method) {
        return crate::library::functions::native_length(vm, value);
    }
    let result = vm.call_special(method, value, &[])?;
    let Some(result) = iterate::as_index(vm, result)? else {
        let name = vm.type_name(result);
        return Err(vm.type_error(format!("'{name}' object cannot be interpreted as an integer")));
    };
    let Some(length) = super::numbers::as_i64(result) else {
        let negative = !result.is_int() && super::numbers::Limbs::of_big(result).negative;
        if negative {
            return Err(vm.value_error("__len__() should return >= 0"));
        }
        return Err(vm.overflow_error("cannot fit 'int' into an index-sized integer"));
    };
    if length < 0 {
        return Err(vm.value_error("__len__() should return >= 0"));
    }
    Ok(length)
}

/// `value in container` of an instance; `None` if only iterating can tell.
pub fn contains(vm: &mut Vm, container: Value, value: Value) -> Outcome<Option<bool>> {
    let names = vm.names;
    match vm.special(container, names.contains) {
        Some(Value::NONE) => {
            let name = vm.type_name(container);
            Err(vm.type_error(format!("'{name}' object is not a container")))
        }
        Some(method) => {
            let result = vm.call_special(method, container, &[value])?;
            operators::truth(vm, result).map(Some)
        }
        None => Ok(None),
    }
}

/// `container[key]` of an instance.
pub fn get_item(vm: &mut Vm, container: Value, key: Value) -> Outcome {
    let name = vm.names.getitem;
    if matches!(vm.native_type(container), TypeId::TUPLE | TypeId::LIST | TypeId::DICT)
        && vm.special(container, name).is_some_and(|method| is_native(vm, container, name, method))
    {
        return subscript::native_get_item(vm, container, key);
    }
    match vm.try_special(container, name, &[key])? {
        Some(found) => Ok(found),
        None => subscript::native_get_item(vm, container, key),
    }
}

/// `container[key] = value` of an instance.
pub fn set_item(vm: &mut Vm, container: Value, key: Value, value: Value) -> Outcome<()> {
    let name = vm.names.setitem;
    if matches!(vm.native_type(container), TypeId::LIST | TypeId::DICT)
        && vm.special(container, name).is_some_and(|method| is_native(vm, container, name, method))
    {
        return subscript::native_set_item(vm, container, key, value);
    }
    match vm.try_special(container, name, &[key, value])? {
        Some(_) => Ok(()),
        None => subscript::native_set_item(vm, container, key, value),
    }
}

/// `del container[key]` of an instance.
pub fn delete_item(vm: &mut Vm, container: Value, key: Value) -> Outcome<()> {
    let name = vm.names.delitem;
    match vm.try_special(container, name, &[key])? {
        Some(_) => Ok(()),
        None => subscript::native_delete_item(vm, container, key),
    }
}

/// `class[key]`: the metaclass's `__getitem__`, or `__class_getitem__`.
pub fn get_class_item(vm: &mut Vm, class: Value, key: Value) -> Outcome {
    let names = vm.names;
    if class.is_instance()
        && let Some(found) = vm.try_special(class, names.getitem, &[key])?
    {
        return Ok(found);
    }
    if let Some(hook) = attributes::try_attr(vm, class, names.class_getitem)? {
        return vm.call(hook, &[key]);
    }
    let id = super::types::type_id(class);
    let generic = matches!(
        vm.class_name(id),
        "list" | "tuple" | "dict" | "set" | "frozenset" | "type" | "enumerate" | "slice" | "collections.deque"
    );
    if generic && id != TypeId::SLICE {
        return super::aliases::new_alias(vm, class, key);
    }
    let name = vm.class_name(id);
    Err(vm.type_error(format!("type '{name}' is not subscriptable")))
}

/// The iterator of an instance: what its `__iter__` gives, or an iterator over its `__getitem__`.
pub fn iterator(vm: &mut Vm, value: Value) -> Outcome<Option<Value>> {
    let names = vm.names;
    match vm.special(value, names.iter) {
        Some(Value::NONE) => Ok(None),
        Some(method) => {
            let iterator = vm.call_special(method, value, &[])?;
            if !iterate::is_iterator_object(vm, iterator) {
                let name = vm.type_name(iterator);
                return Err(vm.type_error(format!("iter() returned non-iterator of type '{name}'")));
            }
            Ok(Some(iterator))
        }
        None if vm.special(value, names.getitem).is_some() => {
            let zero = Value::from_fixnum(0);
            Ok(Some(vm.descriptor(ShapeId::ITEM_ITERATOR, [value, zero, Value::NONE, Value::NONE])))
        }
        None => Ok(None),
    }
}

/// The next item of an instance with `__next__`, or of an iterator over `__getitem__`.
pub fn next(vm: &mut Vm, iterator: Value) -> Outcome<Option<Value>> {
    if iterator.has_shape(ShapeId::ITEM_ITERATOR) {
        return next_item(vm, iterator);
    }
    let names = vm.names;
    let Some(method) = vm.special(iterator, names.next) else {
        let name = vm.type_name(iterator);
        return Err(vm.type_error(format!("'{name}' object is not an iterator")));
    };
    let result = vm.call_special(method, iterator, &[]);
    ended_by(vm, result, TypeId::STOP_ITERATION)
}

fn ended_by(vm: &mut Vm, result: Outcome, class: TypeId) -> Outcome<Option<Value>> {
    match result {
        Ok(item) => Ok(Some(item)),
        Err(Raised) if attributes::pending_is(vm, class) => {
            vm.take_exception();
            Ok(None)
        }
        Err(raised) => Err(raised),
    }
}

fn next_item(vm: &mut Vm, iterator: Value) -> Outcome<Option<Value>> {
    let [sequence, index, ..] = *descriptors::fields(iterator);
    if sequence == Value::NONE {
        return Ok(None);
    }
    descriptors::fields(iterator)[1] = Value::from_fixnum(index.as_fixnum() + 1);
    let result = subscript::get_item(vm, sequence, index);
    let mut item = match result {
        Err(Raised) if attributes::pending_is(vm, TypeId::STOP_ITERATION) => {
            vm.take_exception();
            None
        }
        result => ended_by(vm, result, TypeId::INDEX_ERROR)?,
    };
    if item.is_none() {
        descriptors::fields(iterator)[0] = Value::NONE;
        item = None;
    }
    Ok(item)
}

/// `hash(value)` of an instance.
pub fn hash(vm: &mut Vm, value: Value) -> Outcome<i64> {
    let names = vm.names;
    match vm.special(value, names.hash) {
        Some(Value::NONE) => {
            let name = vm.type_name(value);
            Err(vm.type_error(format!("unhashable type: '{name}'")))
        }
        Some(method) if is_native(vm, value, names.hash, method) => super::hash::native_hash(vm, value),
        Some(method) => {
            let result = vm.call_special(method, value, &[])?;
            if super::numbers::as_integer(result).is_none() {
                return Err(vm.type_error("__hash__ method should return an integer"));
            }
            match super::numbers::as_i64(result) {
                Some(-1) => Ok(-2),
                Some(hash) => Ok(hash),
                None => super::hash::native_hash(vm, result),
            }
        }
        None => super::hash::native_hash(vm, value),
    }
}

/// A method without arguments that has to return a str; `None` if the class has none.
pub fn text_method(vm: &mut Vm, value: Value, name: Value) -> Outcome<Option<Value>> {
    let Some(result) = vm.try_special(value, name, &[])? else { return Ok(None) };
    if !result.is_str() {
        let (method, given) = (text(name), vm.type_name(result));
        return Err(vm.type_error(format!("{method} returned non-string (type {given})")));
    }
    Ok(Some(result))
}

/// `format(value, spec)` of an instance; `None` if its class has no method.
pub fn format(vm: &mut Vm, value: Value, spec: &str) -> Outcome<Option<Value>> {
    let spec = vm.str(spec);
    let name = vm.names.format;
    let Some(result) = vm.try_special(value, name, &[spec])? else { return Ok(None) };
    if !result.is_str() {
        let given = vm.type_name(result);
        return Err(vm.type_error(format!("__format__ must return a str, not {given}")));
    }
    Ok(Some(result))
}

/// `__index__` of an instance: an int, or `None` if the class has no such method.
pub fn index(vm: &mut Vm, value: Value) -> Outcome<Option<Value>> {
    integer_method(vm, value, "__index__")
}

/// A conversion that has to give an int.
pub fn integer_method(vm: &mut Vm, value: Value, method: &str) -> Outcome<Option<Value>> {
    let name = vm.intern(method);
    let Some(result) = vm.try_special(value, name, &[])? else { return Ok(None) };
    match super::numbers::as_integer(result) {
        Some(integer) => Ok(Some(integer)),
        None => {
            let given = vm.type_name(result);
            Err(vm.type_error(format!("{method} returned non-int (type {given})")))
        }
    }
}

/// `__float__` of an instance; `None` if the class has no such method.
pub fn float(vm: &mut Vm, value: Value) -> Outcome<Option<Value>> {
    let name = vm.names.float;
    let Some(result) = vm.try_special(value, name, &[])? else { return Ok(None) };
    match super::numbers::as_float(result) {
        Some(x) => Ok(Some(vm.float(x))),
        None => {
            let (class, given) = (vm.type_name(value), vm.type_name(result));
            Err(vm.type_error(format!("{class}.__float__ returned non-float (type {given})")))
        }
    }
}
