//! Code as data: `exec`, `eval`, `compile`, `__import__`, `globals`, `locals`.

use super::{Arguments, Arity, Owner, builtins, literals};
use crate::front::{self, Form, Malformed};
use crate::interp::{call, import};
use crate::runtime::object::{CodeObject, ShapeId};
use crate::runtime::strings::{as_text, text};
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};
use crate::runtime::{bytes, dict, frame_variables, modules};

builtins! { FUNCTIONS of Owner::Builtins;
    "__import__" Arity::Free, import_function, "Imports a module.";
    "compile" Arity::Free, compile, "Compiles source text to a code object.";
    "eval" Arity::Range(1, 3), eval, "The value of an expression given as text or code.";
    "exec" Arity::Range(1, 3), exec, "Executes statements given as text or code.";
    "globals" Arity::Zero, globals, "The dict of the module's variables.";
    "locals" Arity::Zero, locals, "The variables of the function, class body or module.";
}

builtins! {
    /// For the embedded module `ast`.
    PRIVATE of Owner::Module("_jitvm");
    "literal" Arity::One, literal, "The value of a text that is a literal.";
}

/// A code object of the program.
fn code_object(vm: &mut Vm, index: usize) -> Value {
    vm.texts.lend(index);
    let object = vm.allocate(size_of::<CodeObject>(), ShapeId::CODE).cast::<CodeObject>();
    // SAFETY: the allocation has room for it.
    unsafe { (*object).fields = [Value::from_fixnum(index as i64), Value::NONE] };
    Value::of(object)
}

/// The source of `exec`, `eval` and `compile`: a str, or bytes of UTF-8.
fn source_text(vm: &mut Vm, source: Value, function: &str, number: u32) -> Outcome<String> {
    if let Some(text) = as_text(source) {
        // Surrogates are no source text.
        crate::runtime::codecs::encode(vm, source, "utf-8", "strict")?;
        return Ok(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned());
    }
    if source.has_layout(ShapeId::BYTES) || source.has_layout(ShapeId::BYTEARRAY) {
        return front::decode("<string>", bytes::data(source), false)
            .map_err(|error| import::raise_compile_error(vm, &error));
    }
    let _ = number;
    Err(vm.type_error(format!("{function}() arg 1 must be a string, bytes or code object")))
}

/// The number of a text in [`Vm::texts`].
fn compile_text(vm: &mut Vm, path: &str, source: &str, form: Form) -> Outcome<usize> {
    if source.contains('\0') {
        return Err(vm.value_error("source code string cannot contain null bytes"));
    }
    let source = if form == Form::Expression { source.trim_start_matches([' ', '\t']) } else { source };
    // A program that evaluates one text again and again compiles it once.
    if let Some(number) = vm.texts.find(path, source, form) {
        return Ok(number);
    }
    match front::compile_as(path, source, form) {
        Ok(module) => {
            import::warn_of(vm, &module)?;
            Ok(vm.add_text(module, form))
        }
        Err(error) => Err(import::raise_compile_error(vm, &error)),
    }
}

fn compile(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let names = ["source", "filename", "mode", "flags", "dont_inherit", "optimize"];
    let [source, filename, mode, ..] = arguments.bind(vm, "compile", names)?;
    let (Some(source), Some(filename), Some(mode)) = (source, filename, mode) else {
        return Err(vm.type_error("compile() missing required argument 'filename' (pos 2)"));
    };
    let form = match as_text(mode) {
        Some("exec") => Form::Statements,
        Some("eval") => Form::Expression,
        Some("single") => Form::Interactive,
        _ => return Err(vm.value_error("compile() mode must be 'exec', 'eval' or 'single'")),
    };
    if source.has_layout(ShapeId::CODE) {
        return Ok(source);
    }
    let path = as_text(filename).unwrap_or("<string>").to_owned();
    let source = source_text(vm, source, "compile", 1)?;
    let number = compile_text(vm, &path, &source, form)?;
    Ok(code_object(vm, number))
}

/// The module object whose globals `globals` is: an imported one, or one made for a dict of the program.
fn module_of(vm: &mut Vm, globals: Value) -> Value {
    let mut position = 0;
    let imported = vm.modules_dict();
    while let Some((_, module)) = dict::entry_at(imported, &mut position) {
        if module.has_layout(ShapeId::MODULE) && modules::module_dict(module) == globals {
            return module;
        }
    }
    dict::make_globals(vm, globals);
    vm.module_of_dict(globals)
}

fn globals_argument(vm: &mut Vm, function: &str, value: Option<Value>) -> Outcome<Option<Value>> {
    match value {
        None | Some(Value::NONE) => Ok(None),
        Some(globals) if globals.has_layout(ShapeId::DICT) => Ok(Some(globals)),
        Some(other) => {
            let name = vm.type_name(other);
            Err(vm.type_error(format!("{function}() globals must be a dict, not {name}")))
        }
    }
}

fn run(vm: &mut Vm, arguments: Arguments, function: &str, form: Form) -> Outcome {
    let [code, given_globals, given_locals] = arguments.bind(vm, function, ["", "globals", "locals"])?;
    let code = code.expect("the arity was checked");
    let explicit = globals_argument(vm, function, given_globals)?;
    let given_locals = given_locals.filter(|&value| value != Value::NONE);
    let (module, namespace) = match explicit {
        Some(globals) => (module_of(vm, globals), given_locals.unwrap_or(globals)),
        None => {
            let module = running_module(vm);
            let namespace = match given_locals {
                Some(namespace) => namespace,
                None => frame_variables::of_innermost(vm)?,
            };
            (module, namespace)
        }
    };
    if explicit.is_some() {
        let name = vm.intern("__builtins__");
        let globals = modules::module_dict(module);
        if dict::get_str(globals, name).is_none() {
            let builtins = import::import_module(vm, "builtins")?;
            let builtins = modules::module_dict(builtins);
            dict::set_str(vm, globals, name, builtins)?;
        }
    }
    if code.has_layout(ShapeId::CODE) {
        // SAFETY: the layout was checked.
        let number = unsafe { (*code.object::<CodeObject>()).fields[0] };
        return match number {
            Value::NONE => Err(vm.type_error("code objects of functions cannot be executed")),
            number => execute(vm, number.as_fixnum() as usize, module, namespace),
        };
    }
    let source = source_text(vm, code, function, 1)?;
    let number = compile_text(vm, "<string>", &source, form)?;
    let result = execute(vm, number, module, namespace);
    vm.text_has_run(number);
    result
}

/// Runs a text with the globals of a module.
fn execute(vm: &mut Vm, number: usize, module: Value, namespace: Value) -> Outcome {
    let body = match vm.texts.body(number, module) {
        Some(body) => body,
        None => {
            let compiled = vm.texts.module(number).expect("a text that runs is kept");
            let body = vm.link_into(&compiled, module);
            for index in body.index()..body.index() + compiled.codes.len() {
                crate::trace::policy::code_linked(vm, crate::ir::CodeId(index as u32));
            }
            vm.add_body(number, module, body);
            body
        }
    };
    let function = vm.function(body, Value::NONE);
    let result = call::call_value(vm, function, &[namespace]);
    if result.is_err() {
        vm.texts.note_raised(number);
    }
    result
}

fn exec(vm: &mut Vm, arguments: Arguments) -> Outcome {
    run(vm, arguments, "exec", Form::Statements).map(|_| Value::NONE)
}

fn eval(vm: &mut Vm, arguments: Arguments) -> Outcome {
    run(vm, arguments, "eval", Form::Expression)
}

/// `ast.literal_eval` of a str.
fn literal(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let source = as_text(arguments.positional()[0]).unwrap_or_default().trim_start_matches([' ', '\t']).to_owned();
    let malformed = match front::read_literal(&source) {
        Ok(literal) => return literals::value(vm, &literal),
        Err(malformed) => malformed,
    };
    // What is no literal must compile all the same.
    if let Err(error) = front::compile_as("<unknown>", &source, Form::Expression) {
        return Err(import::raise_compile_error(vm, &error));
    }
    let message = match malformed {
        Some(Malformed::Node(name, line)) => {
            let address = vm.list(&[])?.address();
            format!("malformed node or string on line {line}: <ast.{name} object at {address:#x}>")
        }
        Some(Malformed::NoKey) | None => "malformed node or string: None".to_owned(),
    };
    Err(vm.value_error(message))
}

/// The module of the innermost Python frame.
fn running_module(vm: &mut Vm) -> Value {
    match vm.frames.last() {
        Some(frame) => vm.codes[frame.code.index()].module,
        None => vm.find_module("__main__").unwrap_or(Value::NONE),
    }
}

fn globals(vm: &mut Vm, _: Arguments) -> Outcome {
    let module = running_module(vm);
    Ok(modules::module_dict(module))
}

fn locals(vm: &mut Vm, _: Arguments) -> Outcome {
    frame_variables::of_innermost(vm)
}

fn import_function(vm: &mut Vm, arguments: Arguments) -> Outcome {
    let [name, globals, _, from_list, level] =
        arguments.bind(vm, "__import__", ["name", "globals", "locals", "fromlist", "level"])?;
    let Some(name) = name else {
        return Err(vm.type_error("__import__() missing required argument 'name' (pos 1)"));
    };
    let Some(given) = as_text(name) else {
        return Err(vm.type_error("module name must be a string"));
    };
    let level = level.map_or(Ok(0), |level| crate::runtime::iterate::to_index(vm, level))?;
    let full = if level > 0 {
        let module = match globals_argument(vm, "__import__", globals)? {
            Some(globals) => module_of(vm, globals),
            None => running_module(vm),
        };
        import::absolute_name(vm, module, given, level as u16)?
    } else {
        given.to_owned()
    };
    let module = import::import_module(vm, &full)?;
    let wants_names = match from_list {
        Some(list) => crate::runtime::operators::truth(vm, list)?,
        None => false,
    };
    if wants_names {
        let names = crate::runtime::iterate::list_of(vm, from_list.unwrap_or(Value::NONE))?;
        for index in 0..crate::runtime::sequences::items(names).len() {
            let name = crate::runtime::sequences::items(names)[index];
            if name.is_str() && text(name) != "*" && import::import_from(vm, module, name).is_err() {
                // Absent names are the caller's to miss.
                vm.take_exception();
            }
        }
        return Ok(module);
    }
    match full.split_once('.') {
        Some((package, _)) if level == 0 => import::import_module(vm, package),
        _ => Ok(module),
    }
}
