//! Tracebacks and frames as objects of the program. The exception keeps a plain list of places; objects are made of it
//! when asked for.

use super::descriptors::fields;
use super::exceptions::exception;
use super::object::{CodeObject, GeneratorState, ShapeId};
use super::sequences::items;
use super::strings::text;
use super::value::Value;
use super::vm::{Frame, Outcome, Vm};
use crate::bytecode::CodeKind;
use crate::interp::{chain, generator};
use crate::ir::CodeId;

/// `__traceback__`: a chain of TRACEBACK objects, outermost frame first, or None. Fields: rest of the chain, the place
/// as the exception has it.
pub fn traceback_of(vm: &mut Vm, value: Value) -> Value {
    let list = exception(value).traceback;
    if list == Value::NONE {
        return Value::NONE;
    }
    let mut chain = Value::NONE;
    let mut index = 0;
    // The list has the innermost frame first, which is the end of the chain.
    while let Some(&place) = items(list).get(index) {
        chain = vm.descriptor(ShapeId::TRACEBACK, [chain, place, Value::NONE, Value::NONE]);
        index += 1;
    }
    chain
}

/// `exception.__traceback__ = traceback`.
pub fn set_traceback(vm: &mut Vm, value: Value, traceback: Value) -> Outcome<()> {
    if traceback == Value::NONE {
        exception(value).traceback = Value::NONE;
        return Ok(());
    }
    if !traceback.has_shape(ShapeId::TRACEBACK) {
        return Err(vm.type_error("__traceback__ must be a traceback or None"));
    }
    let mut places = Vec::new();
    let mut at = traceback;
    while at != Value::NONE {
        places.push(fields(at)[1]);
        at = fields(at)[0];
    }
    places.reverse();
    // Fixnums: nothing for the collector to find.
    let list = vm.list(&places)?;
    exception(value).traceback = list;
    Ok(())
}

/// The code and the instruction of a place.
pub fn place_of(place: Value) -> (CodeId, u32) {
    (CodeId((place.as_fixnum() >> 32) as u32), place.as_fixnum() as u32)
}

fn line_of(vm: &Vm, place: Value) -> u32 {
    let (code, pc) = place_of(place);
    let code = &vm.codes[code.index()];
    let position = code.proto.positions.get(pc as usize).copied().unwrap_or_default();
    code.source.line_column(position.span.start).0
}

/// An attribute of a TRACEBACK.
pub fn field(vm: &mut Vm, traceback: Value, name: &str) -> Option<Value> {
    let [next, place, ..] = *fields(traceback);
    match name {
        "tb_next" => Some(next),
        "tb_lineno" => Some(Value::from_fixnum(i64::from(line_of(vm, place)))),
        "tb_lasti" => Some(Value::from_fixnum(i64::from(place_of(place).1))),
        "tb_frame" => Some(vm.descriptor(ShapeId::FRAME, [place, Value::NONE, Value::NONE, Value::NONE])),
        _ => None,
    }
}

/// A CODE object for the code of a function.
pub fn code_object(vm: &mut Vm, code: CodeId) -> Value {
    let object = vm.allocate(size_of::<CodeObject>(), ShapeId::CODE).cast::<CodeObject>();
    // SAFETY: the allocation has room for it.
    unsafe { (*object).fields = [Value::NONE, Value::from_fixnum(i64::from(code.0))] };
    Value::of(object)
}

/// The frame that a module's function works for: from its caller on outwards the `level`-th that is of another module, or
/// the outermost; its index.
pub fn caller(vm: &Vm, level: i64) -> Option<usize> {
    let module = |frame: &Frame| vm.codes[frame.code.index()].module;
    let own = module(vm.frames.last()?);
    let (mut left, mut last) = (level, None);
    for (index, frame) in vm.frames.iter().enumerate().rev() {
        if vm.is_consumer(frame.code) {
            continue;
        }
        last = Some(index);
        if module(frame) != own {
            left -= 1;
            if left <= 0 {
                break;
            }
        }
    }
    last
}

/// File, line and name of the function where a frame is; the same tuple each time.
pub fn caller_at(vm: &mut Vm, index: usize) -> Outcome {
    let frame = &vm.frames[index];
    let place = Value::from_fixnum(i64::from(frame.code.0) << 32 | i64::from(frame.pc));
    let code = &vm.codes[frame.code.index()];
    let line = Value::from_fixnum(i64::from(line_of(vm, place)));
    if let Some(&known) = vm.callers.get(&place.0)
        && let &[path, its_line, name] = items(known)
        // Numbers of codes come back.
        && its_line == line
        && text(path) == &*code.source.path
        && text(name) == &*code.proto.name
    {
        return Ok(known);
    }
    let (path, name) = (code.source.path.to_string(), code.proto.name.to_string());
    let path = vm.intern(&path);
    let name = vm.intern(&name);
    let made = vm.tuple(&[path, line, name])?;
    vm.permanent.push(made);
    vm.callers.insert(place.0, made);
    Ok(made)
}

/// An attribute of a FRAME. Fields: its place; the places of the frames around it, from the inside out, or None; the index
/// of the next of them; the generator whose frame it is, or None.
pub fn frame_field(vm: &mut Vm, frame: Value, name: &str) -> Option<Value> {
    let [place, outer, next, _] = *fields(frame);
    match name {
        "f_lineno" => Some(Value::from_fixnum(i64::from(line_of(vm, place)))),
        "f_lasti" => Some(Value::from_fixnum(i64::from(place_of(place).1))),
        "f_code" => Some(code_object(vm, place_of(place).0)),
        "f_globals" => Some(super::modules::module_dict(vm.codes[place_of(place).0.index()].module)),
        "f_locals" => variables(vm, frame),
        "f_back" if outer == Value::NONE => Some(Value::NONE),
        "f_back" => match items(outer).get(next.as_fixnum() as usize) {
            Some(&place) => {
                let next = Value::from_fixnum(next.as_fixnum() + 1);
                Some(vm.descriptor(ShapeId::FRAME, [place, outer, next, Value::NONE]))
            }
            None => Some(Value::NONE),
        },
        "f_builtins" => {
            let builtins = vm.find_module("builtins")?;
            Some(super::modules::module_dict(builtins))
        }
        _ => None,
    }
}

/// The variables of a FRAME that still runs, of a suspended generator, or of a module.
fn variables(vm: &mut Vm, frame: Value) -> Option<Value> {
    let [place, outer, next, generator] = *fields(frame);
    let code = place_of(place).0;
    if vm.codes[code.index()].proto.kind == CodeKind::Module {
        return Some(super::modules::module_dict(vm.codes[code.index()].module));
    }
    if generator != Value::NONE {
        return super::frame_variables::of_generator(vm, generator).ok();
    }
    let around = if outer == Value::NONE { return None } else { items(outer).len() };
    let known = around.checked_sub(next.as_fixnum() as usize)?;
    // The frames of loops that builtins run are not among the places.
    let index = (0..vm.frames.len()).filter(|&index| !vm.is_consumer(vm.frames[index].code)).nth(known)?;
    if vm.frames[index].code != code {
        return None;
    }
    super::frame_variables::of_frame(vm, index).ok()
}

/// An attribute of a CODE.
pub fn code_field(vm: &mut Vm, code: Value, name: &str) -> Option<Value> {
    // SAFETY: the caller passes a CODE.
    let [compiled, id] = unsafe { (*code.object::<CodeObject>()).fields };
    let module;
    let (proto, path) = if id == Value::NONE {
        module = vm.texts.module(compiled.as_fixnum() as usize)?;
        (module.codes.first()?, &module.source.path)
    } else {
        let code = &vm.codes[id.as_fixnum() as usize];
        (&code.proto, &code.source.path)
    };
    let positional = usize::from(proto.positional);
    let number = |number: usize| Some(Value::from_fixnum(number as i64));
    match name {
        "co_name" | "co_qualname" | "co_filename" => {
            let text = match name {
                "co_name" => &proto.name,
                "co_qualname" => &proto.qualname,
                _ => path,
            };
            let text = text.to_string();
            Some(vm.intern(&text))
        }
        "co_firstlineno" => number(proto.first_line as usize),
        "co_argcount" => number(positional),
        "co_posonlyargcount" => number(usize::from(proto.positional_only)),
        "co_kwonlyargcount" => number(usize::from(proto.keyword_only)),
        "co_nlocals" => number(proto.local_names.len()),
        "co_varnames" => {
            let names = proto.local_names.clone();
            let names: Vec<Value> = names.iter().map(|name| vm.intern(name)).collect();
            vm.tuple(&names).ok()
        }
        "co_freevars" => {
            let names: Vec<String> =
                proto.cells[..usize::from(proto.free)].iter().map(|(name, _)| name.to_string()).collect();
            let names: Vec<Value> = names.iter().map(|name| vm.intern(name)).collect();
            vm.tuple(&names).ok()
        }
        "co_flags" => {
            // As CPython's CO_OPTIMIZED | CO_NEWLOCALS, CO_VARARGS, CO_VARKEYWORDS, and the kinds of generators.
            let kind = match proto.kind {
                CodeKind::Generator => 0x23,
                CodeKind::Coroutine => 0x83,
                CodeKind::AsyncGenerator => 0x203,
                CodeKind::Module | CodeKind::Namespace => 0,
                _ => 3,
            };
            number(kind | usize::from(proto.star_arguments) << 2 | usize::from(proto.star_keywords) << 3)
        }
        _ => None,
    }
}

/// An attribute of a generator, coroutine or asynchronous generator.
pub fn generator_field(vm: &mut Vm, value: Value, name: &str) -> Option<Value> {
    chain::unpark(vm);
    let fields = generator::fields(value);
    if name == "__name__" || name == "__qualname__" {
        let is_function = fields.function.has_layout(ShapeId::FUNCTION);
        let proto = &vm.codes[fields.code.index()].proto;
        let text = match (name, is_function) {
            ("__name__", true) => super::functions::name(vm, fields.function),
            ("__name__", false) => proto.name.clone(),
            (_, true) => super::functions::qualname(vm, fields.function),
            (_, false) => proto.qualname.clone(),
        };
        return Some(vm.str(&text));
    }
    let prefix = match value.shape() {
        ShapeId::GENERATOR => "gi_",
        ShapeId::COROUTINE => "cr_",
        _ => "ag_",
    };
    match name.strip_prefix(prefix)? {
        "frame" if fields.state == GeneratorState::Finished => Some(Value::NONE),
        "frame" => {
            let place = Value::from_fixnum(i64::from(fields.code.0) << 32 | i64::from(fields.pc));
            Some(vm.descriptor(ShapeId::FRAME, [place, Value::NONE, Value::NONE, value]))
        }
        // One of its steps was begun, and may wait.
        "running" if value.has_shape(ShapeId::ASYNC_GENERATOR) => Some(Value::from_bool(fields.busy == Value::TRUE)),
        "running" => Some(Value::from_bool(generator::runs(fields))),
        "suspended" => Some(Value::from_bool(fields.state == GeneratorState::Suspended)),
        "yieldfrom" | "await" if fields.delegate == Value::UNDEF || generator::runs(fields) => Some(Value::NONE),
        "yieldfrom" | "await" => Some(fields.delegate),
        "code" => Some(code_object(vm, fields.code)),
        "origin" => Some(Value::NONE),
        _ => None,
    }
}
