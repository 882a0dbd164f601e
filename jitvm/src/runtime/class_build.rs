//! Making classes: `__build_class__`, metaclasses, `type(name, bases, namespace)`.

use super::attributes;
use super::classes::{Attributes, Class};
use super::namespace;
use super::object::{ClosureCell, ShapeId, TypeObject};
use super::sequences::items;
use super::shapes::MOST_SLOTS;
use super::strings::text;
use super::types::{TypeId, type_id};
use super::value::Value;
use super::vm::{Outcome, Raised, Vm};
use crate::bytecode::Op;

/// Keyword arguments of a class statement: a name and a value each, in a list that the collector finds.
pub type Keywords<'a> = &'a [(Value, Value)];

/// The base whose layout the instances of a class have.
pub fn solid_base(vm: &Vm, id: TypeId) -> Option<TypeId> {
    let class = vm.class(id);
    let extends = |&&base: &&TypeId| vm.class(base).layout == class.layout && vm.class(base).native == class.native;
    class.bases.iter().find(extends).or(class.bases.first()).copied()
}

#[cold]
fn metaclass_conflict(vm: &mut Vm) -> Raised {
    vm.type_error(
        "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the metaclasses of all \
         its bases",
    )
}

/// The most derived of a metaclass and those of the bases.
fn winner(vm: &mut Vm, metaclass: TypeId, bases: &[TypeId]) -> Outcome<TypeId> {
    let mut best = metaclass;
    for &base in bases {
        let other = vm.class(base).metaclass;
        if vm.is_subtype(best, other) {
            continue;
        }
        if !vm.is_subtype(other, best) {
            return Err(metaclass_conflict(vm));
        }
        best = other;
    }
    Ok(best)
}

/// Bases as given, with those that are no classes replaced by what their `__mro_entries__` gives.
fn resolve_bases(vm: &mut Vm, bases: Value) -> Outcome {
    let mut resolved = Value::UNDEF;
    for index in 0..items(bases).len() {
        let base = items(bases)[index];
        let name = vm.names.mro_entries;
        let hook = match base.has_layout(ShapeId::TYPE) {
            true => None,
            false => attributes::try_attr(vm, base, name)?,
        };
        if resolved == Value::UNDEF {
            if hook.is_none() {
                continue;
            }
            resolved = vm.list(&items(bases)[..index])?;
        }
        match hook {
            None => vm.push(resolved, base)?,
            Some(hook) => {
                let entries = vm.call(hook, &[bases])?;
                if !entries.has_layout(ShapeId::TUPLE) {
                    return Err(vm.type_error("__mro_entries__ must return a tuple"));
                }
                for position in 0..items(entries).len() {
                    vm.push(resolved, items(entries)[position])?;
                }
            }
        }
    }
    if resolved == Value::UNDEF { Ok(bases) } else { vm.tuple(items(resolved)) }
}

/// `__build_class__(body, name, *bases, **keywords)`; `bases` is a tuple.
pub fn build_class(vm: &mut Vm, body: Value, name: Value, given: Value, keywords: Keywords) -> Outcome {
    let names = vm.names;
    let bases = resolve_bases(vm, given)?;
    let explicit = keywords.iter().find(|&&(key, _)| text(key) == "metaclass").map(|&(_, value)| value);
    let keywords: Vec<(Value, Value)> = keywords.iter().copied().filter(|&(key, _)| text(key) != "metaclass").collect();
    let start = match explicit {
        Some(metaclass) => metaclass,
        None => match items(bases).first() {
            Some(&base) => vm.type_object(vm.type_of(base)),
            None => vm.type_object(TypeId::TYPE),
        },
    };
    // A metaclass that is no class is only called.
    let metaclass = if start.has_layout(ShapeId::TYPE) {
        let ids: Vec<TypeId> =
            items(bases).iter().filter(|base| base.has_layout(ShapeId::TYPE)).map(|&base| type_id(base)).collect();
        let id = winner(vm, type_id(start), &ids)?;
        vm.type_object(id)
    } else {
        start
    };
    let plain = metaclass == vm.type_object(TypeId::TYPE);
    let prepare = if plain { None } else { attributes::try_attr(vm, metaclass, names.prepare)? };
    let body_namespace = match prepare {
        Some(hook) if !hook.has_shape(ShapeId::BUILTIN) && !is_builtin_method(hook) => {
            let result = call_with_pairs(vm, hook, &[name, bases], &keywords)?;
            if !is_mapping(vm, result) {
                let given = vm.type_name(result);
                let metaclass =
                    if metaclass.has_layout(ShapeId::TYPE) { vm.class_name(type_id(metaclass)) } else { "<metaclass>" };
                return Err(vm.type_error(format!("{metaclass}.__prepare__() must return a mapping, not {given}")));
            }
            result
        }
        _ => namespace::new(vm)?,
    };
    let cell = vm.call(body, &[body_namespace])?;
    if bases != given {
        set_item(vm, body_namespace, names.orig_bases, given)?;
    }
    if cell.has_shape(ShapeId::CLOSURE_CELL) {
        set_item(vm, body_namespace, names.class_cell, cell)?;
    }
    let class = if plain {
        type_new(vm, TypeId::TYPE, name, bases, body_namespace, &keywords)?
    } else {
        call_with_pairs(vm, metaclass, &[name, bases, body_namespace], &keywords)?
    };
    if cell.has_shape(ShapeId::CLOSURE_CELL) && class.has_layout(ShapeId::TYPE) {
        // SAFETY: the shape was checked.
        let content = unsafe { (*cell.object::<ClosureCell>()).value };
        if content == Value::UNDEF {
            let message = format!(
                "__class__ not set defining '{}' as <class '{}.{}'>. Was __classcell__ propagated to type.__new__?",
                text(name),
                module_text(vm, type_id(class)),
                text(vm.class(type_id(class)).qualname),
            );
            return Err(vm.raise(TypeId::RUNTIME_ERROR, message));
        }
    }
    Ok(class)
}

fn is_builtin_method(value: Value) -> bool {
    value.has_shape(ShapeId::BOUND_METHOD) && super::descriptors::bound_parts(value).0.has_shape(ShapeId::BUILTIN)
}

/// `__module__` of a class as text.
pub fn module_text(vm: &Vm, id: TypeId) -> String {
    match vm.class(id).attributes.get(vm.names.module) {
        Some(module) if module.is_str() => text(module).to_owned(),
        _ => "builtins".to_owned(),
    }
}

fn is_mapping(vm: &Vm, value: Value) -> bool {
    value.has_layout(namespace::LAYOUT) || vm.special(value, vm.names.getitem).is_some()
}

fn set_item(vm: &mut Vm, map: Value, name: Value, value: Value) -> Outcome<()> {
    if map.has_shape(namespace::LAYOUT) {
        return namespace::set(vm, map, name, value);
    }
    super::subscript::set_item(vm, map, name, value)
}

/// Calls with keyword arguments given as pairs.
pub fn call_with_pairs(vm: &mut Vm, callee: Value, positional: &[Value], keywords: Keywords) -> Outcome {
    if keywords.is_empty() {
        return vm.call(callee, positional);
    }
    let names: Vec<Value> = keywords.iter().map(|&(key, _)| key).collect();
    let values: Vec<Value> = positional.iter().copied().chain(keywords.iter().map(|&(_, value)| value)).collect();
    // Tuples, which the collector sees.
    let (names, values) = (vm.tuple(&names)?, vm.tuple(&values)?);
    vm.call_with_keywords(callee, items(values), names)
}

/// `type.__new__(metaclass, name, bases, namespace, **keywords)`.
pub fn type_new(vm: &mut Vm, metaclass: TypeId, name: Value, bases: Value, body: Value, keywords: Keywords) -> Outcome {
    let names = vm.names;
    if !name.is_str() {
        let given = vm.type_name(name);
        return Err(vm.type_error(format!("type.__new__() argument 1 must be str, not {given}")));
    }
    if !bases.has_layout(ShapeId::TUPLE) {
        let given = vm.type_name(bases);
        return Err(vm.type_error(format!("type.__new__() argument 2 must be tuple, not {given}")));
    }
    if !body.has_layout(namespace::LAYOUT) {
        let given = vm.type_name(body);
        return Err(vm.type_error(format!("type.__new__() argument 3 must be dict, not {given}")));
    }
    let mut ids = Vec::new();
    for &base in items(bases) {
        if !base.has_layout(ShapeId::TYPE) {
            if attributes::try_attr(vm, base, names.mro_entries)?.is_some() {
                return Err(vm.type_error("type() doesn't support MRO entry resolution; use types.new_class()"));
            }
            return Err(metaclass_conflict(vm));
        }
        ids.push(type_id(base));
    }
    let best = winner(vm, metaclass, &ids)?;
    if best != metaclass
        && let Some(hook) = attributes::custom_hook(vm, best, names.new)
    {
        let hook = super::descriptors::get(vm, hook, Value::UNDEF, best)?;
        let object = vm.type_object(best);
        return call_with_pairs(vm, hook, &[object, name, bases, body], keywords);
    }
    if ids.is_empty() {
        ids.push(TypeId::OBJECT);
    }
    let id = new_class(vm, best, name, &ids, body)?;
    let object = vm.type_object(id);
    call_set_name_hooks(vm, id, object)?;
    if let Some(hook) = vm.lookup_after(id, id, names.init_subclass) {
        let hook = super::descriptors::get(vm, hook, Value::UNDEF, id)?;
        call_with_pairs(vm, hook, &[], keywords)?;
    }
    Ok(object)
}

fn call_set_name_hooks(vm: &mut Vm, id: TypeId, object: Value) -> Outcome<()> {
    let entries = vm.class(id).attributes.entries().to_vec();
    // A hook may take another attribute out of the class.
    let values: Vec<Value> = entries.iter().map(|&(_, value)| value).collect();
    let values = vm.list(&values)?;
    for (name, value) in entries {
        let Some(hook) = vm.special(value, vm.names.set_name) else { continue };
        if vm.call_special(hook, value, &[object, name]).is_err() {
            let cause = vm.take_exception().unwrap_or(Value::NONE);
            let (given, class) = (vm.type_name(value), vm.class_name(id));
            let message = format!("Error calling __set_name__ on '{given}' instance '{}' in '{class}'", text(name));
            let raised = vm.raise(TypeId::RUNTIME_ERROR, message);
            let fields = super::exceptions::exception(vm.exception);
            (fields.cause, fields.context, fields.suppress_context) = (cause, cause, Value::TRUE);
            return Err(raised);
        }
    }
    std::hint::black_box(values);
    Ok(())
}

/// Checks bases, and makes the record and the object of a class.
fn new_class(vm: &mut Vm, metaclass: TypeId, name: Value, bases: &[TypeId], body: Value) -> Outcome<TypeId> {
    let names = vm.names;
    for &base in bases {
        if vm.class(base).is_final {
            let name = vm.class_name(base);
            return Err(vm.type_error(format!("type '{name}' is not an acceptable base type")));
        }
    }
    let (layout, native) = common_layout(vm, bases)?;
    let id = TypeId(vm.classes.len() as u32);
    if let Some(twice) = (1..bases.len()).find(|&at| bases[..at].contains(&bases[at])) {
        let name = vm.class_name(bases[twice]);
        return Err(vm.type_error(format!("duplicate base class {name}")));
    }
    let Some(mro) = vm.linearise(id, bases) else {
        let list: Vec<&str> = bases.iter().map(|&base| vm.class_name(base)).collect();
        let list = list.join(", ");
        return Err(
            vm.type_error(format!("Cannot create a consistent method resolution\norder (MRO) for bases {list}"))
        );
    };
    let short = vm.intern(text(name));
    let mut attributes = Attributes::default();
    let mut qualname = short;
    let mut cell = Value::UNDEF;
    for (key, value) in namespace::entries(body) {
        if !key.is_str() {
            continue;
        }
        let key = vm.intern(text(key));
        if key == names.qualname {
            if !value.is_str() {
                let given = vm.type_name(value);
                return Err(vm.type_error(format!("type __qualname__ must be a str, not {given}")));
            }
            qualname = vm.intern(text(value));
        } else if key == names.class_cell {
            if !value.has_shape(ShapeId::CLOSURE_CELL) {
                let given = vm.type_name(value);
                let message = format!("type.__new__(): __classcell__ must be a nonlocal cell, not <class '{given}'>");
                return Err(vm.type_error(message));
            }
            cell = value;
        } else {
            attributes.set(key, value);
        }
    }
    // The namespace keeps the attributes alive until the class does; what wraps them is kept for good.
    let wrap = [
        (names.new, ShapeId::STATIC_METHOD),
        (names.init_subclass, ShapeId::CLASS_METHOD),
        (names.class_getitem, ShapeId::CLASS_METHOD),
    ];
    for (key, shape) in wrap {
        if let Some(function) = attributes.get(key).filter(|value| value.has_shape(ShapeId::FUNCTION)) {
            let wrapped = vm.descriptor(shape, [function, Value::NONE, Value::NONE, Value::NONE]);
            vm.permanent.push(wrapped);
            attributes.set(key, wrapped);
        }
    }
    if attributes.get(names.eq).is_some() && attributes.get(names.hash).is_none() {
        attributes.set(names.hash, Value::NONE);
    }
    if attributes.get(names.module).is_none()
        && let Some(module) = caller_module(vm)
    {
        attributes.set(names.module, module);
    }
    if attributes.get(names.doc).is_none() {
        attributes.set(names.doc, Value::NONE);
    }
    let slots = declared_slots(vm, &attributes, bases, short)?;
    let inherited: Vec<Value> = inherited_slots(vm, bases)?;
    let has_dict = slots.as_ref().is_none_or(|slots| slots.dict)
        || bases.iter().any(|&base| vm.class(base).has_dict)
        || vm.class(native).has_dict;
    let own = slots.map_or(Vec::new(), |slots| slots.names);
    if !own.is_empty() && matches!(layout, ShapeId::BIG_INT | ShapeId::TUPLE | ShapeId::BYTES) {
        let base = vm.class_name(bases[0]);
        return Err(vm.type_error(format!("nonempty __slots__ not supported for subtype of '{base}'")));
    }
    let all: Vec<Value> = inherited.iter().chain(&own).copied().collect();
    let capacity = first_capacity(vm, &attributes, bases, all.len());

    let object = new_type_object(vm, metaclass, id);
    if cell != Value::UNDEF {
        // SAFETY: the shape was checked above.
        unsafe { (*cell.object::<ClosureCell>()).value = object };
    }
    vm.class_epoch += 1;
    let version = vm.class_epoch;
    let watch = vm.new_watch(version);
    vm.classes.push(Box::new(Class {
        object,
        name: short,
        qualname,
        bases: bases.to_vec(),
        mro,
        attributes,
        layout,
        native,
        metaclass,
        subclasses: Vec::new(),
        version,
        watch,
        has_dict,
        slots: all,
        roots: Vec::new(),
        dictionary_shape: None,
        capacity,
        maker: Value::UNDEF,
        instantiation: Default::default(),
        equality: Default::default(),
        always_true: std::cell::Cell::new(u32::MAX),
        is_final: false,
    }));
    for &base in bases {
        vm.class_mut(base).subclasses.push(id);
    }
    for name in own {
        let member = vm.descriptor(ShapeId::MEMBER, [name, object, Value::NONE, Value::NONE]);
        vm.set_class_attribute(id, name, Some(member));
    }
    Ok(id)
}

fn new_type_object(vm: &mut Vm, metaclass: TypeId, id: TypeId) -> Value {
    let exact = metaclass == TypeId::TYPE;
    let shape = if exact { ShapeId::TYPE } else { vm.root_shape(metaclass) };
    let object = vm.allocate(size_of::<TypeObject>() + 8, shape).cast::<TypeObject>();
    // SAFETY: the allocation has room for a `TypeObject` and the word of attributes.
    unsafe {
        (*object).header.kind = ShapeId::TYPE.0 as u8;
        (*object).id = u64::from(id.0);
        *object.add(1).cast::<Value>() = Value::UNDEF;
    }
    Value::of(object)
}

/// The layout of instances and the builtin type it is of: that of the one base which is not plain.
fn common_layout(vm: &mut Vm, bases: &[TypeId]) -> Outcome<(ShapeId, TypeId)> {
    let mut native = TypeId::OBJECT;
    for &base in bases {
        let other = vm.class(base).native;
        if vm.is_subtype(other, native) {
            native = other;
        } else if !vm.is_subtype(native, other) {
            // Exceptions share a layout.
            if vm.is_exception_class(native) && vm.is_exception_class(other) {
                continue;
            }
            return Err(vm.type_error("multiple bases have instance lay-out conflict"));
        }
    }
    Ok((vm.class(native).layout, native))
}

/// `__name__` in the globals of the running frame.
fn caller_module(vm: &Vm) -> Option<Value> {
    let frame = vm.frames.last()?;
    vm.global(vm.codes[frame.code.index()].module, vm.names.name)
}

struct Declared {
    names: Vec<Value>,
    dict: bool,
}

/// `__slots__` of a class body.
fn declared_slots(vm: &mut Vm, attributes: &Attributes, bases: &[TypeId], class: Value) -> Outcome<Option<Declared>> {
    let Some(slots) = attributes.get(vm.names.slots) else { return Ok(None) };
    let list = if slots.is_str() { vm.tuple(&[slots])? } else { super::iterate::tuple_of(vm, slots)? };
    let mut declared = Declared { names: Vec::new(), dict: false };
    for &slot in items(list) {
        if !slot.is_str() {
            let given = vm.type_name(slot);
            return Err(vm.type_error(format!("__slots__ items must be strings, not '{given}'")));
        }
        let name = text(slot);
        match name {
            "__dict__" => {
                if declared.dict || bases.iter().any(|&base| vm.class(base).has_dict) {
                    return Err(vm.type_error("__dict__ slot disallowed: we already got one"));
                }
                declared.dict = true;
                continue;
            }
            "__weakref__" => {
                if bases.iter().any(|&base| vm.class(base).has_dict) {
                    let reason = "either we already got one, or __itemsize__ != 0";
                    return Err(vm.type_error(format!("__weakref__ slot disallowed: {reason}")));
                }
                continue;
            }
            _ => {}
        }
        let identifier =
            name.chars().enumerate().all(|(at, c)| c == '_' || c.is_alphabetic() || at > 0 && c.is_alphanumeric());
        if name.is_empty() || !identifier {
            return Err(vm.type_error("__slots__ must be identifiers"));
        }
        // Private names are mangled as in the class body.
        let mangled = if name.starts_with("__") && !name.ends_with("__") {
            format!("_{}{name}", text(class).trim_start_matches('_'))
        } else {
            name.to_owned()
        };
        let key = vm.intern(&mangled);
        if attributes.get(key).is_some() {
            return Err(vm.value_error(format!("'{mangled}' in __slots__ conflicts with class variable")));
        }
        declared.names.push(key);
    }
    Ok(Some(declared))
}

/// Slots of the bases; only one of them may have any.
pub(super) fn inherited_slots(vm: &mut Vm, bases: &[TypeId]) -> Outcome<Vec<Value>> {
    let mut longest: Vec<Value> = Vec::new();
    for &base in bases {
        let slots = vm.class(base).slots.clone();
        if slots.starts_with(&longest) {
            longest = slots;
        } else if !longest.starts_with(&slots) {
            return Err(vm.type_error("multiple bases have instance lay-out conflict"));
        }
    }
    Ok(longest)
}

/// Slots that the first instances get: as many as the methods seem to assign, those of the bases included. Where others
/// than `__init__` assign some, there are likely more that nobody sees here.
fn first_capacity(vm: &Vm, attributes: &Attributes, bases: &[TypeId], slots: usize) -> u16 {
    let of_bases = bases.iter().map(|&base| vm.class(base).capacity as usize).max().unwrap_or(0);
    let mut assigned: Vec<Value> = Vec::new();
    if let Some(init) = attributes.get(vm.names.init) {
        note_assigned(vm, init, &mut assigned);
    }
    let early = assigned.len();
    for &(name, value) in attributes.entries() {
        if name != vm.names.init {
            note_assigned(vm, value, &mut assigned);
        }
    }
    let wanted = of_bases.max(slots) + assigned.len();
    let wanted = wanted.next_multiple_of(if assigned.len() > early { 4 } else { 2 });
    wanted.min(MOST_SLOTS.max(slots.next_multiple_of(2))) as u16
}

/// Adds the names of the attributes that a method assigns to its first parameter.
fn note_assigned(vm: &Vm, method: Value, assigned: &mut Vec<Value>) {
    if !method.has_shape(ShapeId::FUNCTION) {
        return;
    }
    let code = &vm.codes[super::functions::function(method).code.index()];
    for instruction in &code.proto.instructions {
        if instruction.op == Op::SetAttr && instruction.a == 0 && code.proto.parameters() > 0 {
            let name = code.names[instruction.c as usize];
            if !assigned.contains(&name) {
                assigned.push(name);
            }
        }
    }
}
