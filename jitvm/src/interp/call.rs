//! Calls of Python functions: binding arguments to parameters, pushing frames, and calling from native code.

use super::run;
use crate::bytecode::CodeProto;
use crate::ir::CodeId;
use crate::runtime::object::{Function, ShapeId};
use crate::runtime::sequences;
use crate::runtime::strings::text;
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Frame, Outcome, Raised, Vm};

/// Where a parameter's value comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Binding {
    /// The n-th value of the call, keywords counted after the positional ones.
    Argument(u16),
    /// The n-th entry of the function's defaults.
    Default(u16),
}

/// The shape of a call: how many values it passes and the names of the last ones.
#[derive(Clone, Copy, Debug)]
pub struct CallShape<'a> {
    pub count: usize,
    pub keywords: &'a [Value],
}

/// Decides what each parameter is bound to, in register order.
///
/// # Errors
/// The message of CPython's TypeError.
pub fn bind(code: &CodeProto, call: CallShape<'_>, text: impl Fn(Value) -> String) -> Result<Vec<Binding>, String> {
    let positional = code.positional as usize;
    let keyword_only = code.keyword_only as usize;
    let given = call.count - call.keywords.len();
    let name = &code.qualname;
    let mut bound: Vec<Option<Binding>> = vec![None; positional + keyword_only];
    for (i, slot) in bound.iter_mut().enumerate().take(given.min(positional)) {
        *slot = Some(Binding::Argument(i as u16));
    }
    for (k, &keyword) in call.keywords.iter().enumerate() {
        let keyword = text(keyword);
        let found = code.local_names[..positional + keyword_only].iter().position(|n| *n == keyword);
        match found {
            Some(p) if p < code.positional_only as usize => {
                return Err(format!(
                    "{name}() got some positional-only arguments passed as keyword arguments: '{keyword}'"
                ));
            }
            Some(p) if bound[p].is_some() => {
                return Err(format!("{name}() got multiple values for argument '{keyword}'"));
            }
            Some(p) => bound[p] = Some(Binding::Argument((given + k) as u16)),
            None => return Err(format!("{name}() got an unexpected keyword argument '{keyword}'")),
        }
    }
    if given > positional {
        return Err(too_many(code, given, &bound));
    }
    for (index, &parameter) in code.defaulted.iter().enumerate() {
        bound[parameter as usize].get_or_insert(Binding::Default(index as u16));
    }
    for (range, kind) in [(0..positional, "positional"), (positional..positional + keyword_only, "keyword-only")] {
        let missing: Vec<&str> = range.filter(|&p| bound[p].is_none()).map(|p| code.local_names[p].as_str()).collect();
        if !missing.is_empty() {
            let plural = if missing.len() == 1 { "" } else { "s" };
            let count = missing.len();
            return Err(format!("{name}() missing {count} required {kind} argument{plural}: {}", quoted(&missing)));
        }
    }
    Ok(bound.into_iter().flatten().collect())
}

/// `'a'`, `'a' and 'b'`, `'a', 'b', and 'c'`.
fn quoted(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("'{n}'")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [rest @ .., last] => format!("{}, and {last}", rest.join(", ")),
    }
}

fn too_many(code: &CodeProto, given: usize, bound: &[Option<Binding>]) -> String {
    let positional = code.positional as usize;
    let defaults = code.defaulted.iter().filter(|&&parameter| (parameter as usize) < positional).count();
    let takes = if defaults > 0 {
        format!("from {} to {positional} positional arguments", positional - defaults)
    } else {
        format!("{positional} positional argument{}", if positional == 1 { "" } else { "s" })
    };
    let keyword_only_given = bound[positional..].iter().flatten().count();
    let were = if keyword_only_given > 0 {
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        format!(
            "{given} positional argument{} (and {keyword_only_given} keyword-only argument{}) were given",
            plural(given),
            plural(keyword_only_given)
        )
    } else {
        format!("{given} {} given", if given == 1 { "was" } else { "were" })
    };
    format!("{}() takes {takes} but {were}", code.qualname)
}

/// The function object behind a value, if it is a Python function.
#[inline(always)]
pub fn as_function(callee: Value) -> Option<*const Function> {
    if !callee.is_pointer() {
        return None;
    }
    let function = callee.address() as *const Function;
    // SAFETY: a pointer value is the address of a live heap object, which starts with a Header.
    (unsafe { (*function).header.shape } == ShapeId::FUNCTION).then_some(function)
}

/// Binds a call whose shape is not simply "one positional value per parameter", in place at `arguments`.
///
/// # Errors
/// TypeError is pending.
///
/// # Safety
/// `arguments` points at the callee's base in the value stack, holding the call's values.
#[cold]
#[inline(never)]
pub unsafe fn bind_in_place(
    vm: &mut Vm,
    function: *const Function,
    arguments: *mut Value,
    count: usize,
    keywords: Option<Value>,
) -> Outcome<()> {
    // SAFETY: `function` is a live function object; its code lives as long as the VM.
    let (code, defaults) = unsafe { (&*code_pointer(vm, (*function).code), (*function).defaults) };
    let defaults: Vec<Value> = tuple_items(defaults).to_vec();
    let keywords: Vec<Value> = keywords.map_or(Vec::new(), |names| tuple_items(names).to_vec());
    let shape = CallShape { count, keywords: &keywords };
    match bind(&code.proto, shape, |v| text(v).to_owned()) {
        Ok(bindings) => {
            // SAFETY: the caller passed `count` values at `arguments`, and the frame has room for its parameters.
            let values: Vec<Value> = (0..count).map(|i| unsafe { *arguments.add(i) }).collect();
            for (p, binding) in bindings.into_iter().enumerate() {
                let value = match binding {
                    Binding::Argument(i) => values[i as usize],
                    Binding::Default(i) => defaults[i as usize],
                };
                // SAFETY: as above.
                unsafe { *arguments.add(p) = value };
            }
            Ok(())
        }
        Err(message) => Err(vm.type_error(message)),
    }
}

/// Checks depth and stack, pushes the frame and unbinds the locals that are no parameters.
///
/// # Errors
/// RecursionError is pending.
///
/// # Safety
/// `base` points into the value stack and holds the bound parameters.
#[inline(always)]
pub unsafe fn push_frame(vm: &mut Vm, code: CodeId, base: *mut Value) -> Outcome<()> {
    // SAFETY: the code lives as long as the VM.
    let proto = unsafe { &(*code_pointer(vm, code)).proto };
    // SAFETY: only the address is computed.
    let end = unsafe { base.add(proto.registers as usize) };
    if vm.frames.len() >= vm.recursion_limit as usize || end >= vm.stack_end {
        return Err(vm.raise_recursion_error());
    }
    let parameters = proto.positional as usize + proto.keyword_only as usize;
    for i in parameters..proto.local_names.len() {
        // SAFETY: locals lie below `end`, which is inside the stack.
        unsafe { *base.add(i) = Value::UNDEF };
    }
    // SAFETY: both point into the value stack.
    let index = unsafe { base.offset_from(vm.stack) } as u32;
    vm.frames.push(Frame { code, pc: 0, base: index });
    Ok(())
}

/// First slot above everything the current frames use.
pub fn stack_top(vm: &Vm) -> *mut Value {
    let top = vm.frames.last().map_or(0, |f| {
        // SAFETY: the code lives as long as the VM.
        let registers = unsafe { (*code_pointer(vm, f.code)).proto.registers };
        f.base as usize + registers as usize
    });
    // SAFETY: frames lie inside the stack (checked when pushed).
    unsafe { vm.stack.add(top.max(vm.stack_high as usize)) }
}

/// Calls anything callable from native code; nothing of it is recorded.
///
/// # Errors
/// The callee raised.
pub fn call_value(vm: &mut Vm, callee: Value, arguments: &[Value]) -> Outcome {
    let top = stack_top(vm);
    // SAFETY: `stack_top` is inside the stack; push_frame checks the end before the callee uses more.
    unsafe {
        if top.add(arguments.len() + 1) >= vm.stack_end {
            return Err(vm.raise_recursion_error());
        }
        *top = callee;
        for (i, &argument) in arguments.iter().enumerate() {
            *top.add(i + 1) = argument;
        }
        call_window(vm, top, arguments.len(), None)
    }
}

/// Calls `window[0]` with the values after it, natively nested.
///
/// # Errors
/// The callee raised.
///
/// # Safety
/// `window` points into the value stack at or above `stack_top`, or at a call window of the top frame.
pub unsafe fn call_window(vm: &mut Vm, window: *mut Value, count: usize, keywords: Option<Value>) -> Outcome {
    if &raw const count as usize <= vm.native_limit {
        return Err(vm.raise_recursion_error());
    }
    // SAFETY: by the caller.
    let callee = unsafe { *window };
    // SAFETY: as above.
    let arguments = unsafe { window.add(1) };
    if let Some(function) = as_function(callee) {
        // SAFETY: `function` is live (it is in the window, which the collector scans).
        unsafe {
            let code = (*function).code;
            let proto = &(*code_pointer(vm, code)).proto;
            if keywords.is_some() || count != proto.positional as usize || proto.keyword_only > 0 {
                bind_in_place(vm, function, arguments, count, keywords)?;
            }
            push_frame(vm, code, arguments)?;
        }
        run::execute(vm)
    } else {
        // The arguments stay visible to the collector, and calls back into Python stay above them.
        // SAFETY: both point into the stack.
        let above = unsafe { arguments.add(count).offset_from(vm.stack) } as u32;
        let saved = vm.stack_high;
        vm.stack_high = above.max(saved);
        // SAFETY: by the caller.
        let result = unsafe { crate::library::call_builtin(vm, callee, arguments, count, keywords) };
        vm.stack_high = saved;
        result
    }
}

/// Runs a module's body.
///
/// # Errors
/// The exception is pending.
pub fn run_module(vm: &mut Vm, code: CodeId) -> Outcome {
    let base = stack_top(vm);
    // SAFETY: `stack_top` is inside the stack.
    unsafe { push_frame(vm, code, base)? };
    run::execute(vm)
}

/// What `Vm::call_hook` points to.
///
/// # Errors
/// The callee raised.
pub fn call_hook(vm: &mut Vm, callee: Value, arguments: &[Value], names: &[Value]) -> Outcome {
    if names.is_empty() {
        return call_value(vm, callee, arguments);
    }
    // The values are reachable from elsewhere while the tuples are made.
    let names = vm.tuple(names)?;
    let arguments = vm.tuple(arguments)?;
    call_tuple(vm, callee, arguments, names)
}

/// Marks a raise on the way through a frame.
pub fn add_traceback(vm: &mut Vm, frame: Frame) -> Raised {
    vm.add_traceback_entry(frame.code, frame.pc);
    Raised
}

/// Calls with the items of a tuple, the last of them being keywords named by `names` (a tuple, or None).
///
/// # Errors
/// The callee raised.
pub fn call_tuple(vm: &mut Vm, callee: Value, arguments: Value, names: Value) -> Outcome {
    let items = tuple_items(arguments).to_vec();
    let top = stack_top(vm);
    // SAFETY: as in `call_value`.
    unsafe {
        if top.add(items.len() + 1) >= vm.stack_end {
            return Err(vm.raise_recursion_error());
        }
        *top = callee;
        for (i, &item) in items.iter().enumerate() {
            *top.add(i + 1) = item;
        }
        call_window(vm, top, items.len(), (names != Value::NONE).then_some(names))
    }
}

/// Items of a tuple of ours, or of None as of an empty one.
pub fn tuple_items<'a>(value: Value) -> &'a [Value] {
    if value == Value::NONE { &[] } else { sequences::items(value) }
}

/// Address of a code object, which lives as long as the VM.
#[inline(always)]
pub fn code_pointer(vm: &Vm, id: CodeId) -> *const Code {
    &raw const *vm.codes[id.index()]
}
