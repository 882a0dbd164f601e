//! The instructions that are not worth a place in the bytecode loop: each is one call into the runtime.

use super::operands::{join_pieces, raise_assertion, raise_unbound};
use super::{call, coroutine, generator, groups, import, pattern, special, unwind};
use crate::bytecode::{Instruction, Op};
use crate::library::streams;
use crate::runtime::exceptions::exception;
use crate::runtime::object::{ClosureCell, Function, ShapeId};
use crate::runtime::strings::text;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Outcome, Raised, Vm};
use crate::runtime::{
    attributes, dict, dict_views, format_spec, iterate, operators_sequence, repr, sequences, set, set_operations,
    subscript,
};

/// Every operation that [`execute`] executes. All by name: the jump table then needs no test of the opcode's range.
macro_rules! operations {
    () => {
        Op::DeleteLocal
            | Op::DeleteGlobal
            | Op::GetIterator
            | Op::BuildSlice
            | Op::BuildString
            | Op::FormatValue
            | Op::MakeFunction
            | Op::SetClosure
            | Op::SetAnnotations
            | Op::Import
            | Op::ImportStar
            | Op::ImportFrom
            | Op::Display
            | Op::AssertFail
            | Op::MakeCell
            | Op::DeleteCell
            | Op::LoadName
            | Op::FindName
            | Op::StoreName
            | Op::DeleteName
            | Op::LoadBuildClass
            | Op::SetupAnnotations
            | Op::DeleteAttr
            | Op::BuildDict
            | Op::BuildSet
            | Op::SetAdd
            | Op::DictAdd
            | Op::ListExtend
            | Op::SetUpdate
            | Op::DictUpdate
            | Op::DictMerge
            | Op::ListToTuple
            | Op::UnpackStar
            | Op::EnterHandler
            | Op::LeaveHandler
            | Op::MatchException
            | Op::SplitGroup
            | Op::JoinGroup
            | Op::EnterContext
            | Op::ExitContext
            | Op::GetYieldFrom
            | Op::GetAwaitable
            | Op::GetAsyncIter
            | Op::GetAsyncNext
            | Op::MatchSequence
            | Op::MatchMapping
            | Op::MatchKeys
            | Op::MatchClass
            | Op::GetLength
    };
}
pub(super) use operations;

/// Executes `ins`, whose registers are at `base`.
///
/// # Errors
/// The exception is pending.
///
/// # Safety
/// The frame of `code` is on top, at `base`, and its bytecode is verified.
#[inline(never)]
pub unsafe fn execute(vm: &mut Vm, code: *const Code, ins: Instruction, base: *mut Value) -> Outcome<()> {
    macro_rules! at {
        ($index:expr) => {
            // SAFETY: registers of verified bytecode lie inside the frame.
            *unsafe { &mut *base.add($index as usize) }
        };
    }
    // SAFETY: codes live as long as the VM.
    let code = unsafe { &*code };
    let name = |index: u16| code.names[index as usize];
    match ins.op {
        Op::DeleteLocal => {
            if at!(ins.a) == Value::UNDEF {
                raise_unbound(vm, code, ins.b);
                return Err(Raised);
            }
            at!(ins.a) = Value::UNDEF;
        }
        Op::DeleteGlobal => {
            let cell = code.globals[ins.b as usize];
            // SAFETY: a code's cells live as long as it does.
            let value = unsafe { &mut (*cell).value };
            if *value == Value::UNDEF {
                // SAFETY: as above.
                return Err(vm.raise_name_error(text(unsafe { (*cell).name })));
            }
            *value = Value::UNDEF;
        }
        // The word of the instruction may have the fused operation.
        Op::BuildSlice | Op::GetSlice => at!(ins.a) = vm.slice(at!(ins.b), at!(ins.b + 1), at!(ins.b + 2)),
        Op::BuildString => {
            // SAFETY: the block was verified.
            let pieces = unsafe { std::slice::from_raw_parts(base.add(ins.b as usize), ins.c as usize) };
            at!(ins.a) = join_pieces(vm, pieces)?;
        }
        Op::FormatValue => at!(ins.a) = format_spec::format_value(vm, at!(ins.b), ins.x, at!(ins.c))?,
        Op::MakeFunction => {
            let id = code.constants[ins.b as usize].as_fixnum();
            at!(ins.a) = vm.function(crate::ir::CodeId(id as u32), at!(ins.c));
        }
        Op::Import => at!(ins.a) = import::import(vm, code, name(ins.b), ins.x == 1, ins.c)?,
        Op::ImportFrom => at!(ins.a) = import::import_from(vm, at!(ins.b), name(ins.c))?,
        Op::AssertFail => {
            raise_assertion(vm, if ins.x == 1 { Value::UNDEF } else { at!(ins.a) });
            return Err(Raised);
        }
        Op::MakeCell => at!(ins.a) = vm.closure_cell(at!(ins.b)),
        Op::SetClosure => {
            let (function, closure) = (at!(ins.a).object::<Function>(), at!(ins.b));
            // SAFETY: the emitter has just made the function.
            unsafe { (*function).closure = closure };
        }
        Op::SetAnnotations => {
            let (function, annotations) = (at!(ins.a).object::<Function>(), at!(ins.b));
            // SAFETY: as above.
            unsafe { (*function).annotations = annotations };
        }
        Op::DeleteCell => {
            let cell = at!(ins.a).object::<ClosureCell>();
            // SAFETY: the register holds a cell since the prologue.
            let cell = unsafe { &mut *cell };
            if cell.value == Value::UNDEF {
                return Err(raise_empty_cell(vm, code, ins.b, ins.x));
            }
            cell.value = Value::UNDEF;
        }
        Op::LoadName => at!(ins.a) = load_name(vm, code, at!(ins.c), name(ins.b))?,
        Op::FindName => at!(ins.a) = find_name(vm, at!(ins.c), name(ins.b))?.unwrap_or(Value::UNDEF),
        Op::StoreName => subscript::set_item(vm, at!(ins.c), name(ins.b), at!(ins.a))?,
        Op::DeleteName => {
            if subscript::delete_item(vm, at!(ins.c), name(ins.b)).is_err() {
                if !attributes::pending_is(vm, TypeId::KEY_ERROR) {
                    return Err(Raised);
                }
                vm.take_exception();
                return Err(vm.raise_name_error(text(name(ins.b))));
            }
        }
        Op::LoadBuildClass => {
            let name = vm.intern("__build_class__");
            at!(ins.a) = vm.builtins.get(&name).copied().unwrap_or(Value::UNDEF);
        }
        Op::SetupAnnotations => setup_annotations(vm, code, (ins.x == 1).then(|| at!(ins.a)))?,
        Op::DeleteAttr => attributes::delete_attr(vm, at!(ins.a), name(ins.b))?,
        Op::BuildDict => {
            let dict = vm.new_dict();
            for pair in 0..ins.c / 2 {
                dict::set(vm, dict, at!(ins.b + 2 * pair), at!(ins.b + 2 * pair + 1))?;
            }
            at!(ins.a) = dict;
        }
        Op::BuildSet => {
            let set = vm.new_set();
            for item in 0..ins.c {
                set::add(vm, set, at!(ins.b + item))?;
            }
            at!(ins.a) = set;
        }
        Op::SetAdd => {
            set::add(vm, at!(ins.a), at!(ins.b))?;
        }
        Op::DictAdd => dict::set(vm, at!(ins.a), at!(ins.b), at!(ins.c))?,
        Op::ListExtend => list_extend(vm, at!(ins.a), at!(ins.b), (ins.x == 1).then(|| at!(ins.c)))?,
        Op::SetUpdate => set_operations::update(vm, at!(ins.a), at!(ins.b))?,
        Op::DictUpdate => dict_update(vm, at!(ins.a), at!(ins.b))?,
        Op::DictMerge => dict_merge(vm, at!(ins.a), at!(ins.b), at!(ins.c))?,
        Op::ListToTuple => at!(ins.a) = vm.tuple(sequences::items(at!(ins.b)))?,
        Op::UnpackStar => {
            // SAFETY: the block was verified.
            let out = unsafe { base.add(ins.a as usize) };
            unpack_star(vm, at!(ins.c), out, ins.b as usize, ins.x as usize)?;
        }
        Op::Display => display(vm, at!(ins.a))?,
        Op::EnterHandler => at!(ins.b) = unwind::enter_handler(vm, at!(ins.a)),
        Op::LeaveHandler => vm.handled = at!(ins.a),
        Op::MatchException => {
            let matches = match_exception(vm, at!(ins.b), at!(ins.c))?;
            at!(ins.a) = Value::from_bool(matches);
        }
        Op::SplitGroup => {
            let (rest, matched) = groups::split(vm, at!(ins.a), at!(ins.b))?;
            at!(ins.a) = rest;
            at!(ins.c) = matched;
        }
        Op::JoinGroup => at!(ins.a) = groups::join(vm, at!(ins.b), at!(ins.c))?,
        Op::EnterContext => {
            let (exit, entered) = enter_context(vm, at!(ins.b), ins.x == 1)?;
            at!(ins.a) = exit;
            at!(ins.c) = entered;
        }
        Op::ExitContext => {
            let caught = at!(ins.c);
            let traceback = special::attribute(vm, caught, "__traceback__")?.unwrap_or(Value::NONE);
            let class = exception(caught).class;
            at!(ins.a) = vm.call(at!(ins.b), &[class, caught, traceback])?;
        }
        Op::GetIterator if iterate::is_taken_apart(at!(ins.b)) => at!(ins.a) = at!(ins.b),
        Op::GetIterator => at!(ins.a) = iterate::iterator(vm, at!(ins.b))?,
        Op::GetYieldFrom => at!(ins.a) = get_yield_from(vm, code, at!(ins.b))?,
        Op::GetAwaitable => at!(ins.a) = coroutine::get_awaitable(vm, at!(ins.b), ins.x)?,
        Op::GetAsyncIter => at!(ins.a) = coroutine::get_async_iterator(vm, at!(ins.b))?,
        Op::GetAsyncNext => at!(ins.a) = coroutine::get_async_next(vm, at!(ins.b))?,
        Op::MatchSequence => at!(ins.a) = Value::from_bool(pattern::is_sequence(vm, at!(ins.b))?),
        Op::MatchMapping => at!(ins.a) = Value::from_bool(pattern::is_mapping(vm, at!(ins.b))?),
        Op::MatchKeys => at!(ins.a) = pattern::match_keys(vm, at!(ins.b), at!(ins.c))?,
        Op::MatchClass => {
            let b = ins.b;
            at!(ins.a) = pattern::match_class(vm, at!(b), at!(b + 1), at!(b + 2), ins.x as usize)?;
        }
        Op::GetLength => at!(ins.a) = special::call_builtin_function(vm, "len", &[at!(ins.b)])?,
        Op::ImportStar => import::import_star(vm, at!(ins.a), code.module, (ins.x == 1).then(|| at!(ins.b)))?,
        other => {
            return Err(vm.raise(TypeId::SYSTEM_ERROR, format!("unknown instruction {}", other.name())));
        }
    }
    Ok(())
}

/// NameError of a free variable, UnboundLocalError (`own`) of the function's own variable.
#[cold]
pub fn raise_empty_cell(vm: &mut Vm, code: &Code, name: u16, own: u8) -> Raised {
    let name = &code.proto.names[name as usize];
    if own == 1 {
        return vm.raise_unbound_local_error(name);
    }
    let message =
        format!("cannot access free variable '{name}' where it is not associated with a value in enclosing scope");
    let raised = vm.raise(TypeId::NAME_ERROR, message);
    exception(vm.exception).name = vm.intern(name);
    raised
}

/// A name in a mapping, or `None`.
fn find_name(vm: &mut Vm, namespace: Value, name: Value) -> Outcome<Option<Value>> {
    if namespace.has_shape(ShapeId::DICT) {
        return Ok(dict::get_str(namespace, name));
    }
    match subscript::get_item(vm, namespace, name) {
        Ok(value) => Ok(Some(value)),
        Err(Raised) => {
            if !attributes::pending_is(vm, TypeId::KEY_ERROR) {
                return Err(Raised);
            }
            vm.take_exception();
            Ok(None)
        }
    }
}

fn load_name(vm: &mut Vm, code: &Code, namespace: Value, name: Value) -> Outcome {
    if let Some(value) = find_name(vm, namespace, name)? {
        return Ok(value);
    }
    if let Some(value) = vm.global(code.module, name) {
        return Ok(value);
    }
    match vm.builtins.get(&name) {
        Some(&value) => Ok(value),
        None => Err(vm.raise_name_error(text(name))),
    }
}

fn setup_annotations(vm: &mut Vm, code: &Code, namespace: Option<Value>) -> Outcome<()> {
    let name = vm.intern("__annotations__");
    match namespace {
        Some(namespace) => {
            if find_name(vm, namespace, name)?.is_none() {
                let dict = vm.new_dict();
                subscript::set_item(vm, namespace, name, dict)?;
            }
        }
        None => {
            if vm.global(code.module, name).is_none() {
                let dict = vm.new_dict();
                vm.set_global(code.module, "__annotations__", dict);
            }
        }
    }
    Ok(())
}

/// `*items` in a list display or (with the callee) in a call.
pub fn list_extend(vm: &mut Vm, list: Value, iterable: Value, callee: Option<Value>) -> Outcome<()> {
    if !special::is_iterable(vm, iterable) {
        let kind = vm.type_name(iterable);
        let message = match callee {
            Some(callee) => {
                let name = callable_name(vm, callee)?;
                format!("{name} argument after * must be an iterable, not {kind}")
            }
            None => format!("Value after * must be an iterable, not {kind}"),
        };
        return Err(vm.type_error(message));
    }
    operators_sequence::extend(vm, list, iterable).map(drop)
}

/// How errors of variadic calls name what is called.
fn callable_name(vm: &mut Vm, callee: Value) -> Outcome<String> {
    let Some(qualname) = special::attribute(vm, callee, "__qualname__")? else {
        let value = crate::runtime::repr::to_str(vm, callee)?;
        return Ok(text(value).to_owned());
    };
    if !qualname.is_str() {
        let value = crate::runtime::repr::to_str(vm, callee)?;
        return Ok(text(value).to_owned());
    }
    let module = special::attribute(vm, callee, "__module__")?;
    Ok(match module {
        Some(module) if module.is_str() && text(module) != "builtins" => {
            format!("{}.{}()", text(module), text(qualname))
        }
        _ => format!("{}()", text(qualname)),
    })
}

pub fn dict_update(vm: &mut Vm, dict: Value, mapping: Value) -> Outcome<()> {
    if !mapping.has_shape(ShapeId::DICT) && special::attribute(vm, mapping, "keys")?.is_none() {
        let kind = vm.type_name(mapping);
        return Err(vm.type_error(format!("'{kind}' object is not a mapping")));
    }
    dict_views::update(vm, dict, mapping)
}

fn dict_merge(vm: &mut Vm, keywords: Value, mapping: Value, callee: Value) -> Outcome<()> {
    if !mapping.has_shape(ShapeId::DICT) && special::attribute(vm, mapping, "keys")?.is_none() {
        let (name, kind) = (callable_name(vm, callee)?, vm.type_name(mapping));
        return Err(vm.type_error(format!("{name} argument after ** must be a mapping, not {kind}")));
    }
    let source = if mapping.has_shape(ShapeId::DICT) {
        mapping
    } else {
        let copy = vm.new_dict();
        dict_views::update(vm, copy, mapping)?;
        copy
    };
    let mut position = 0;
    while let Some((key, value)) = dict::entry_at(source, &mut position) {
        if !key.has_layout(ShapeId::STR) {
            return Err(vm.type_error("keywords must be strings"));
        }
        if dict::get(vm, keywords, key)?.is_some() {
            let name = callable_name(vm, callee)?;
            let key = text(key);
            return Err(vm.type_error(format!("{name} got multiple values for keyword argument '{key}'")));
        }
        dict::set(vm, keywords, key, value)?;
    }
    Ok(())
}

/// `a, *b, c = value`: `count` registers at `out`, the list followed by `after` items.
fn unpack_star(vm: &mut Vm, value: Value, out: *mut Value, count: usize, after: usize) -> Outcome<()> {
    if !special::is_iterable(vm, value) {
        let kind = vm.type_name(value);
        return Err(vm.type_error(format!("cannot unpack non-iterable {kind} object")));
    }
    let before = count - after - 1;
    let list = iterate::list_of(vm, value)?;
    let length = sequences::items(list).len();
    if length < count - 1 {
        return Err(
            vm.value_error(format!("not enough values to unpack (expected at least {}, got {length})", count - 1))
        );
    }
    let middle = vm.list(&sequences::items(list)[before..length - after])?;
    let all = sequences::items(list);
    for (i, &item) in all[..before].iter().enumerate() {
        // SAFETY: the caller passes `count` registers.
        unsafe { *out.add(i) = item };
    }
    // SAFETY: as above.
    unsafe { *out.add(before) = middle };
    for (i, &item) in all[length - after..].iter().enumerate() {
        // SAFETY: as above.
        unsafe { *out.add(before + 1 + i) = item };
    }
    Ok(())
}

/// What the interactive form of a program does with the value of an expression statement.
fn display(vm: &mut Vm, value: Value) -> Outcome<()> {
    if value == Value::NONE {
        return Ok(());
    }
    let line = repr::repr_text(vm, value)? + "\n";
    match vm.out.write(&line) {
        Ok(true) => {}
        Ok(false) => streams::refuse(vm, &line)?,
        Err(error) => return Err(vm.raise_os_error(&error)),
    }
    let builtins = import::import_module(vm, "builtins")?;
    vm.set_global(builtins, "_", value);
    Ok(())
}

/// Whether an exception is of a class, or of one of a tuple of classes.
///
/// # Errors
/// TypeError for what is no class of exceptions.
pub fn match_exception(vm: &mut Vm, raised: Value, class: Value) -> Outcome<bool> {
    if sequences::as_items(class).is_some() && class.has_layout(ShapeId::TUPLE) {
        for index in 0..sequences::items(class).len() {
            check_exception_class(vm, sequences::items(class)[index])?;
        }
        for index in 0..sequences::items(class).len() {
            if match_one(vm, raised, sequences::items(class)[index]) {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    check_exception_class(vm, class)?;
    Ok(match_one(vm, raised, class))
}

fn match_one(vm: &Vm, raised: Value, class: Value) -> bool {
    vm.is_subtype(vm.type_of(raised), crate::runtime::types::type_id(class))
}

fn check_exception_class(vm: &mut Vm, class: Value) -> Outcome<()> {
    if class.has_layout(ShapeId::TYPE) && vm.is_subtype(crate::runtime::types::type_id(class), TypeId::BASE_EXCEPTION) {
        return Ok(());
    }
    Err(vm.type_error("catching classes that do not inherit from BaseException is not allowed"))
}

/// `except*` may not name groups: they are what it takes apart.
pub fn refuse_group_classes(vm: &mut Vm, class: Value) -> Outcome<()> {
    let classes = if class.has_layout(ShapeId::TUPLE) { sequences::items(class) } else { &[class] };
    for &class in classes {
        check_exception_class(vm, class)?;
    }
    let is_group = |&class: &Value| vm.is_subtype(crate::runtime::types::type_id(class), TypeId::BASE_EXCEPTION_GROUP);
    if classes.iter().any(is_group) {
        return Err(vm.type_error("catching ExceptionGroup with except* is not allowed. Use except instead."));
    }
    Ok(())
}

/// The bound exit method and what entering gave.
fn enter_context(vm: &mut Vm, manager: Value, is_async: bool) -> Outcome<(Value, Value)> {
    let (enter, exit, protocol) = if is_async {
        ("__aenter__", "__aexit__", "asynchronous context manager")
    } else {
        ("__enter__", "__exit__", "context manager")
    };
    let Some(entering) = special::method(vm, manager, enter)? else {
        let kind = vm.type_name(manager);
        return Err(vm.type_error(format!("'{kind}' object does not support the {protocol} protocol")));
    };
    let Some((callable, receiver)) = special::method(vm, manager, exit)? else {
        let kind = vm.type_name(manager);
        let message = format!("'{kind}' object does not support the {protocol} protocol (missed {exit} method)");
        return Err(vm.type_error(message));
    };
    let exit = if receiver == Value::UNDEF { callable } else { vm.bound_method(callable, receiver) };
    let entered = match entering {
        (callable, Value::UNDEF) => vm.call(callable, &[])?,
        (callable, receiver) => vm.call(callable, &[receiver])?,
    };
    Ok((exit, entered))
}

fn get_yield_from(vm: &mut Vm, code: &Code, value: Value) -> Outcome {
    if value.has_shape(ShapeId::COROUTINE) {
        if code.proto.kind != crate::bytecode::CodeKind::Coroutine {
            return Err(vm.type_error("cannot 'yield from' a coroutine object in a non-coroutine generator"));
        }
        return Ok(value);
    }
    if generator::is_generator(value) && value.has_shape(ShapeId::GENERATOR) {
        return Ok(value);
    }
    if value.is_instance()
        && let Some(method) = vm.special(value, vm.names.iter)
        && call::makes_generator(vm, method, 1)
    {
        return Ok(generator::called(vm, method, &[value]));
    }
    iterate::iterator(vm, value)
}
