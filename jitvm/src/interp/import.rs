//! The import statements: relative names, packages, source files on `sys.path`, and the embedded modules.

use std::path::{Path, PathBuf};

use super::{call, special};
use crate::front;
use crate::library::{embedded, modules::builtin_module, unsupported};
use crate::runtime::exceptions::exception;
use crate::runtime::object::ShapeId;
use crate::runtime::sequences::items;
use crate::runtime::strings::text;
use crate::runtime::types::TypeId;
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Outcome, Raised, Vm};
use crate::runtime::{attributes, subscript};
use crate::trace::policy;

/// IMPORT: the module of a name as it stands in the source, `level` dots before it; of a dotted name the whole module,
/// or its top package where that is what gets bound.
///
/// # Errors
/// ImportError and its kin, or what the module's body raised.
pub fn import(vm: &mut Vm, code: &Code, name: Value, top: bool, level: u16) -> Outcome {
    let name = if level == 0 { text(name).to_owned() } else { absolute_name(vm, code.module, text(name), level)? };
    let module = import_module(vm, &name)?;
    match name.split_once('.') {
        Some((package, _)) if top => import_module(vm, package),
        _ => Ok(module),
    }
}

/// The absolute name of a relative import in the module whose globals are `module`.
pub fn absolute_name(vm: &mut Vm, module: Value, name: &str, level: u16) -> Outcome<String> {
    let global = |vm: &mut Vm, name: &str| {
        let name = vm.intern(name);
        vm.global(module, name).filter(|value| value.is_str()).map(|value| text(value).to_owned())
    };
    let package = match global(vm, "__package__") {
        Some(package) => package,
        None => {
            let own = global(vm, "__name__").unwrap_or_default();
            let path = vm.intern("__path__");
            if vm.global(module, path).is_some() {
                own
            } else {
                own.rsplit_once('.').map_or(String::new(), |(package, _)| package.to_owned())
            }
        }
    };
    if package.is_empty() {
        return Err(vm.raise(TypeId::IMPORT_ERROR, "attempted relative import with no known parent package"));
    }
    let mut base = package.as_str();
    for _ in 1..level {
        match base.rsplit_once('.') {
            Some((outer, _)) => base = outer,
            None => return Err(vm.raise(TypeId::IMPORT_ERROR, "attempted relative import beyond top-level package")),
        }
    }
    Ok(if name.is_empty() { base.to_owned() } else { format!("{base}.{name}") })
}

/// The module of an absolute name, imported if need be, its packages first.
///
/// # Errors
/// ModuleNotFoundError, or what a module's body raised.
pub fn import_module(vm: &mut Vm, name: &str) -> Outcome {
    if let Some(module) = vm.find_module(name) {
        return Ok(module);
    }
    if name.is_empty() {
        return Err(vm.value_error("Empty module name"));
    }
    let Some((package_name, short)) = name.rsplit_once('.') else {
        return load(vm, name, None);
    };
    let package = import_module(vm, package_name)?;
    if let Some(module) = vm.find_module(name) {
        return Ok(module);
    }
    let Some(path) = special::attribute(vm, package, "__path__")? else {
        let raised = vm.raise_module_not_found(name);
        let message = vm.str(&format!("No module named '{name}'; '{package_name}' is not a package"));
        exception(vm.exception).args = vm.tuple(&[message])?;
        return Err(raised);
    };
    let module = load(vm, name, Some(path))?;
    let short = vm.intern(short);
    attributes::set_attr(vm, package, short, module)?;
    Ok(module)
}

/// Where a module's source is.
enum Found {
    File { path: PathBuf, package: bool },
    Embedded(&'static embedded::Row),
}

/// Finds and runs a module that was not imported before; `path` is the `__path__` of its package.
fn load(vm: &mut Vm, name: &str, path: Option<Value>) -> Outcome {
    if let Some(module) = builtin_module(vm, name)? {
        return Ok(module);
    }
    let found = match path {
        None => {
            // As with CPython, whose library comes last on `sys.path`: a program's own file of a name goes before.
            let sys = import_module(vm, "sys")?;
            let sys_path = special::attribute(vm, sys, "path")?;
            let found = sys_path.and_then(|path| find_file(path, name));
            found.or_else(|| embedded::find(name).map(Found::Embedded))
        }
        Some(path) => {
            let short = name.rsplit('.').next().unwrap_or(name);
            embedded::find(name).map(Found::Embedded).or_else(|| find_file(path, short))
        }
    };
    match found {
        Some(found) => run_found(vm, name, found),
        None => Err(vm.raise_module_not_found(name)),
    }
}

/// The file of a module in one of the directories of a list.
fn find_file(path: Value, name: &str) -> Option<Found> {
    let directories = crate::runtime::sequences::as_items(path)?;
    find_in(directories.iter().filter(|directory| directory.is_str()).map(|directory| text(*directory)), name)
}

fn find_in<'a>(directories: impl Iterator<Item = &'a str>, name: &str) -> Option<Found> {
    for directory in directories {
        let directory = Path::new(if directory.is_empty() { "." } else { directory });
        let package = directory.join(name).join("__init__.py");
        if package.is_file() {
            return Some(Found::File { path: package, package: true });
        }
        let file = directory.join(format!("{name}.py"));
        if file.is_file() {
            return Some(Found::File { path: file, package: false });
        }
    }
    None
}

/// What `-m` runs.
pub struct MainModule {
    /// The file, as tracebacks and `sys.argv` name it.
    pub path: String,
    pub source: Vec<u8>,
    /// The package it belongs to, which is imported before it runs; empty for none.
    pub package: String,
}

/// Finds the module that `-m` names: the `__main__` of a package, else the module itself.
///
/// # Errors
/// The message CPython prints after its own name.
pub fn find_main(search_path: &[String], name: &str) -> Result<MainModule, String> {
    let missing = |name: &str| format!("No module named {name}");
    let mut directories = search_path.to_vec();
    let mut package = String::new();
    let mut parts = name.split('.').peekable();
    let mut part = parts.next().unwrap_or_default();
    loop {
        let full = if package.is_empty() { part.to_owned() } else { format!("{package}.{part}") };
        let found = embedded::find(&full).map(Found::Embedded);
        let found = found.or_else(|| find_in(directories.iter().map(String::as_str), part));
        let Some(found) = found else {
            let is_main = part == "__main__" && full != name;
            let reason = format!("; '{package}' is a package and cannot be directly executed");
            return Err(missing(&full) + if is_main { &reason } else { "" });
        };
        let is_package = match &found {
            Found::Embedded(row) => row.package,
            Found::File { package, .. } => *package,
        };
        match (is_package, parts.next()) {
            (true, next) => part = next.unwrap_or("__main__"),
            (false, Some(_)) => return Err(missing(name)),
            (false, None) => {
                let (path, source) = match found {
                    Found::Embedded(row) => (format!("<embedded {full}>"), row.source.as_bytes().to_vec()),
                    Found::File { path, .. } => {
                        let path = std::path::absolute(&path).unwrap_or(path);
                        let source = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                        (path.display().to_string(), source)
                    }
                };
                return Ok(MainModule { path, source, package });
            }
        }
        if let Found::File { path, .. } = &found {
            directories = path.parent().map(|directory| directory.display().to_string()).into_iter().collect();
        }
        package = full;
    }
}

fn run_found(vm: &mut Vm, name: &str, found: Found) -> Outcome {
    let (shown, source, package) = match found {
        Found::Embedded(row) => (format!("<embedded {name}>"), row.source.to_owned(), row.package),
        Found::File { path, package } => {
            let path = std::path::absolute(&path).unwrap_or(path);
            let shown = path.display().to_string();
            let source = match std::fs::read(&path).map(|bytes| front::decode(&shown, &bytes, false)) {
                Ok(Ok(source)) => source,
                Ok(Err(error)) => return Err(raise_compile_error(vm, &error)),
                Err(error) => {
                    return Err(vm.raise(TypeId::IMPORT_ERROR, format!("cannot read {shown}: {error}")));
                }
            };
            (shown, source, package)
        }
    };
    let compiled = match front::compile(&shown, &source) {
        Ok(compiled) => compiled,
        Err(error) => return Err(raise_compile_error(vm, &error)),
    };
    warn_of(vm, &compiled)?;
    let body = vm.link_module(&compiled, name);
    for index in body.index()..body.index() + compiled.codes.len() {
        policy::code_linked(vm, crate::ir::CodeId(index as u32));
    }
    let module = vm.find_module(name).expect("linking made the module");
    let parent = if package { name } else { name.rsplit_once('.').map_or("", |(parent, _)| parent) };
    let parent = vm.str(parent);
    vm.set_global(module, "__package__", parent);
    if package {
        let directory = Path::new(&shown).parent().map_or(String::new(), |path| path.display().to_string());
        let directory = vm.str(&directory);
        let list = vm.list(&[directory])?;
        vm.set_global(module, "__path__", list);
    }
    let result = call::run_module(vm, body);
    if result.is_err() {
        vm.forget_module(name);
    }
    result?;
    // The body may have put something else in its place.
    Ok(vm.find_module(name).unwrap_or(module))
}

/// Tells of what CPython would warn of when it compiles a source.
///
/// # Errors
/// The program has it that warnings are errors.
pub fn warn_of(vm: &mut Vm, module: &crate::bytecode::Module) -> Outcome<()> {
    for (line, message) in &module.warnings {
        let warnings = import_module(vm, "warnings")?;
        let name = vm.intern("_warn_of_syntax");
        let warn = attributes::get_attr(vm, warnings, name)?;
        let (message, path) = (vm.str(message), vm.str(&module.source.path));
        vm.call(warn, &[message, path, Value::from_fixnum(i64::from(*line))])?;
    }
    Ok(())
}

/// Raises what the front end found wrong as SyntaxError, IndentationError, or (of what jitvm does not run)
/// NotImplementedError.
pub fn raise_compile_error(vm: &mut Vm, error: &front::CompileError) -> Raised {
    let class = match error.kind {
        front::ErrorKind::Syntax => TypeId::SYNTAX_ERROR,
        front::ErrorKind::Indentation => TypeId::INDENTATION_ERROR,
        front::ErrorKind::Tab => TypeId::TAB_ERROR,
        front::ErrorKind::Unsupported => {
            let place = format!("{}:{}: {}", error.path, error.line, error.message);
            return vm.raise(TypeId::NOT_IMPLEMENTED_ERROR, place);
        }
    };
    match syntax_error_arguments(vm, error) {
        Ok(arguments) => vm.raise_with(class, &arguments),
        Err(raised) => raised,
    }
}

/// `(message, (filename, line, offset, text, end line, end offset))`.
fn syntax_error_arguments(vm: &mut Vm, error: &front::CompileError) -> Outcome<[Value; 2]> {
    let message = vm.str(&error.message);
    let path = vm.str(&error.path);
    let line = vm.str(&format!("{}\n", error.text));
    let number = Value::from_fixnum(error.line.into());
    let place = vm.tuple(&[
        path,
        number,
        Value::from_fixnum(i64::from(error.column) + 1),
        line,
        number,
        Value::from_fixnum(i64::from(error.end_column) + 1),
    ])?;
    Ok([message, place])
}

/// `from module import name`: an attribute, or a submodule.
///
/// # Errors
/// ImportError.
pub fn import_from(vm: &mut Vm, module: Value, name: Value) -> Outcome {
    if let Some(value) = special::attribute(vm, module, text(name))? {
        return Ok(value);
    }
    let package = special::attribute(vm, module, "__name__")?.filter(|name| name.is_str());
    let package = package.map_or("<unknown module name>", text);
    if special::attribute(vm, module, "__path__")?.is_some() {
        let full = format!("{package}.{}", text(name));
        match import_module(vm, &full) {
            Ok(module) => return Ok(module),
            Err(raised) => {
                let missing = exception(vm.exception).name;
                let is_it = attributes::pending_is(vm, TypeId::MODULE_NOT_FOUND_ERROR)
                    && missing.is_str()
                    && text(missing) == full;
                if !is_it {
                    return Err(raised);
                }
                vm.take_exception();
            }
        }
    }
    let file = special::attribute(vm, module, "__file__")?.filter(|file| file.is_str());
    let file = file.map_or("unknown location", text);
    let note = unsupported::attribute_note(package, text(name));
    let (from, circular) = match vm.is_being_imported(module) {
        true => ("partially initialized module ", "(most likely due to a circular import) "),
        false => ("", ""),
    };
    let message = format!("cannot import name '{}' from {from}'{package}' {circular}({file}){note}", text(name));
    let raised = vm.raise(TypeId::IMPORT_ERROR, message);
    let package = vm.str(package);
    exception(vm.exception).name = package;
    Err(raised)
}

/// `from module import *` into the globals of `target`, or into a namespace.
///
/// # Errors
/// AttributeError for a name of `__all__` that is not there.
pub fn import_star(vm: &mut Vm, module: Value, target: Value, namespace: Option<Value>) -> Outcome<()> {
    let names: Vec<Value> = match special::attribute(vm, module, "__all__")? {
        Some(all) => {
            let list = crate::runtime::iterate::list_of(vm, all)?;
            items(list).to_vec()
        }
        None if module.has_layout(ShapeId::MODULE) => {
            vm.global_names(module).into_iter().filter(|&name| !text(name).starts_with('_')).collect()
        }
        None => Vec::new(),
    };
    // Interned names live as long as the VM.
    for name in names {
        let value = attributes::get_attr(vm, module, name)?;
        match namespace {
            Some(namespace) => subscript::set_item(vm, namespace, name, value)?,
            None => vm.set_global(target, text(name), value),
        }
    }
    Ok(())
}
