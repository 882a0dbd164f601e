//! Calls of Python functions: arguments into place, pushing frames, and calling from native code.

use super::bind::{Binding, Bound, CallShape, bind, same_name};
use super::execute;
use crate::bytecode::{CodeKind, Op};
use crate::ir::CodeId;
use crate::runtime::object::{BoundMethod, Function, ShapeId};
use crate::runtime::sequences;
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Continuation, Frame, Outcome, Raised, Vm};

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

/// Brings the values of a call to the parameters' registers, in place at `arguments`, and writes the function before
/// them. The usual call, one positional value per parameter, is the caller's to know.
///
/// # Errors
/// TypeError is pending.
///
/// # Safety
/// `arguments` points at the callee's base in the value stack, holding the call's values.
#[inline]
pub unsafe fn bind_in_place(
    vm: &mut Vm,
    function: *const Function,
    arguments: *mut Value,
    count: usize,
    keywords: Option<Value>,
) -> Outcome<()> {
    // SAFETY: `function` is a live function object; its code lives as long as the VM.
    let (code, defaults) = unsafe { (&*code_pointer(vm, (*function).code), (*function).defaults) };
    let positional = code.proto.positional as usize;
    if keywords.is_none() && code.proto.is_plain() && count < positional {
        // Defaults fill up the end.
        let defaults = tuple_items(defaults);
        if count + defaults.len() >= positional {
            let first = defaults.len() - (positional - count);
            for (i, &value) in defaults[first..].iter().enumerate() {
                // SAFETY: the frame has room for its parameters (`push_frame` checks before anything runs; the stack
                // ends in a guard page far above what a window can need).
                unsafe { *arguments.add(count + i) = value };
            }
            return Ok(());
        }
    }
    // SAFETY: by the caller.
    unsafe {
        match bind_quickly(vm, code, defaults, arguments, count, keywords) {
            Some(done) => done,
            None => bind_slowly(vm, function, code, defaults, arguments, count, keywords),
        }
    }
}

/// So many parameters and values are bound without memory of their own.
const FEW: usize = 32;

/// Binds a call of few values whose keywords are the interned names of parameters, as those of calls in source text are.
/// `None`, and nothing is changed, if it is another call or one that is an error.
///
/// # Safety
/// As [`bind_in_place`].
unsafe fn bind_quickly(
    vm: &mut Vm,
    code: &Code,
    defaults: Value,
    arguments: *mut Value,
    count: usize,
    keywords: Option<Value>,
) -> Option<Outcome<()>> {
    let proto = &code.proto;
    let positional = proto.positional as usize;
    let named = positional + proto.keyword_only as usize;
    let names = keywords.map_or(&[][..], tuple_items);
    let given = count - names.len();
    if named > FEW || count > FEW || (given > positional && !proto.star_arguments) {
        return None;
    }
    // SAFETY: the caller passed `count` values there.
    let values = unsafe { std::slice::from_raw_parts(arguments, count) };
    let mut bound = [Value::UNDEF; FEW];
    let direct = given.min(positional);
    bound[..direct].copy_from_slice(&values[..direct]);
    // One bit for each keyword that no parameter has.
    let mut others = 0_u32;
    for (k, &name) in names.iter().enumerate() {
        match code.parameters[..named].iter().position(|&parameter| parameter == name) {
            Some(p) if p >= proto.positional_only as usize && bound[p] == Value::UNDEF => bound[p] = values[given + k],
            Some(_) => return None,
            // The same name may be another object if it was made at run time.
            None if proto.star_keywords && code.parameters[..named].iter().all(|&p| !same_name(p, name)) => {
                others |= 1 << k;
            }
            None => return None,
        }
    }
    let defaults = tuple_items(defaults);
    for (&parameter, &default) in proto.defaulted.iter().zip(defaults) {
        let slot = &mut bound[parameter as usize];
        if *slot == Value::UNDEF {
            *slot = default;
        }
    }
    if bound[..named].contains(&Value::UNDEF) {
        return None;
    }
    if proto.star_arguments || proto.star_keywords {
        // What the call passes stays on the stack while tuple and dict are made.
        // SAFETY: both point into the value stack.
        let above = unsafe { arguments.add(count).offset_from(vm.stack) } as u32;
        let saved = vm.stack_high;
        vm.stack_high = above.max(saved);
        let mut made = Ok((Value::UNDEF, Value::UNDEF));
        if proto.star_arguments {
            made = vm.tuple(&values[direct..given]).map(|rest| (rest, Value::UNDEF));
        }
        if proto.star_keywords
            && let Ok((_, dict)) = &mut made
        {
            *dict = vm.new_dict();
            let dict = *dict;
            for (k, &name) in names.iter().enumerate() {
                if others & 1 << k != 0
                    && let Err(raised) = crate::runtime::dict::set(vm, dict, name, values[given + k])
                {
                    made = Err(raised);
                    break;
                }
            }
        }
        vm.stack_high = saved;
        let (rest, dict) = match made {
            Ok(made) => made,
            Err(raised) => return Some(Err(raised)),
        };
        // SAFETY: the frame has room for its parameters, as in `bind_in_place`.
        unsafe {
            let mut at = arguments.add(named);
            if proto.star_arguments {
                *at = rest;
                at = at.add(1);
            }
            if proto.star_keywords {
                *at = dict;
            }
        }
    }
    for (p, &value) in bound[..named].iter().enumerate() {
        // SAFETY: as above.
        unsafe { *arguments.add(p) = value };
    }
    Some(Ok(()))
}

/// # Safety
/// As [`bind_in_place`].
#[cold]
#[inline(never)]
unsafe fn bind_slowly(
    vm: &mut Vm,
    function: *const Function,
    code: &Code,
    defaults: Value,
    arguments: *mut Value,
    count: usize,
    keywords: Option<Value>,
) -> Outcome<()> {
    let names: Vec<Value> = keywords.map_or(Vec::new(), |names| tuple_items(names).to_vec());
    let shape = CallShape { count, keywords: &names };
    let bound = match bind(code, shape) {
        Ok(bound) => bound,
        Err(message) => {
            // The function may have another name than its code.
            let name = crate::runtime::functions::qualname(vm, Value::of(function.cast_mut()));
            let rest = message.strip_prefix(&*code.proto.qualname).map(str::to_owned);
            return Err(vm.type_error(rest.map_or(message, |rest| name + &rest)));
        }
    };
    // What the call passes stays on the stack while the tuple and the dict are made, and so do these.
    // SAFETY: both point into the value stack.
    let above = unsafe { arguments.add(count).offset_from(vm.stack) } as u32;
    let saved = vm.stack_high;
    vm.stack_high = above.max(saved);
    let made = extras(vm, &bound, arguments, count, &names);
    vm.stack_high = saved;
    let (rest, dict) = made?;
    // SAFETY: the caller passed `count` values at `arguments`, and the frame has room for its parameters.
    let values: Vec<Value> = (0..count).map(|i| unsafe { *arguments.add(i) }).collect();
    let defaults = tuple_items(defaults);
    for (p, &binding) in bound.bindings.iter().enumerate() {
        let value = match binding {
            Binding::Argument(i) => values[i as usize],
            Binding::Default(i) => defaults[i as usize],
            Binding::ExtraPositional(_) => rest,
            Binding::ExtraKeywords => dict,
        };
        // SAFETY: as above.
        unsafe { *arguments.add(p) = value };
    }
    Ok(())
}

/// The tuple for `*args` and the dict for `**kwargs`, as far as the code has them.
fn extras(vm: &mut Vm, bound: &Bound, arguments: *mut Value, count: usize, names: &[Value]) -> Outcome<(Value, Value)> {
    let (mut rest, mut dict) = (Value::UNDEF, Value::UNDEF);
    for &binding in &bound.bindings {
        match binding {
            Binding::ExtraPositional(first) => {
                let last = count - names.len();
                let first = (first as usize).min(last);
                // SAFETY: the caller's values are at `arguments`, on the value stack.
                let values = unsafe { std::slice::from_raw_parts(arguments.add(first), last - first) };
                rest = vm.tuple(values)?;
            }
            Binding::ExtraKeywords => {
                dict = vm.new_dict();
                for &(name, index) in &bound.extra_keywords {
                    // SAFETY: as above.
                    let value = unsafe { *arguments.add(index as usize) };
                    crate::runtime::dict::set(vm, dict, names[name as usize], value)?;
                }
            }
            Binding::Argument(_) | Binding::Default(_) => {}
        }
    }
    Ok((rest, dict))
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
    // SAFETY: by the caller.
    unsafe { push_continuation(vm, code, base, Continuation::Call, Value::UNDEF) }
}

/// As [`push_frame`], for a frame whose result does not simply go to the caller's register.
///
/// # Errors
/// RecursionError is pending.
///
/// # Safety
/// As [`push_frame`].
#[inline(always)]
pub unsafe fn push_continuation(
    vm: &mut Vm,
    code: CodeId,
    base: *mut Value,
    continuation: Continuation,
    value: Value,
) -> Outcome<()> {
    // SAFETY: the code lives as long as the VM.
    let proto = unsafe { &(*code_pointer(vm, code)).proto };
    // SAFETY: only the address is computed.
    let end = unsafe { base.add(proto.registers as usize) };
    if vm.frames.len() >= vm.recursion_limit as usize || end >= vm.stack_end {
        return Err(vm.raise_recursion_error());
    }
    for i in proto.parameters()..proto.local_names.len() {
        // SAFETY: locals lie below `end`, which is inside the stack.
        unsafe { *base.add(i) = Value::UNDEF };
    }
    // SAFETY: both point into the value stack.
    let index = unsafe { base.offset_from(vm.stack) } as u32;
    vm.frames.push(Frame { code, pc: 0, base: index, continuation, value });
    Ok(())
}

/// First slot above everything the current frames use.
#[inline]
pub fn stack_top(vm: &Vm) -> *mut Value {
    let top = vm.frames.last().map_or(0, |f| {
        // SAFETY: the code lives as long as the VM.
        let registers = unsafe { (*code_pointer(vm, f.code)).proto.registers };
        f.base as usize + registers as usize
    });
    // SAFETY: frames lie inside the stack (checked when pushed).
    unsafe { vm.stack.add(top.max(vm.stack_high as usize)) }
}

/// A call with so many positional values only makes a generator, for which no frame is needed.
#[inline]
pub fn makes_generator(vm: &Vm, callee: Value, count: usize) -> bool {
    as_function(callee).is_some_and(|function| {
        // SAFETY: the function is alive; its code lives as long as the VM.
        let proto = unsafe { &(*code_pointer(vm, (*function).code)).proto };
        matches!(proto.kind, CodeKind::Generator | CodeKind::AsyncGenerator)
            && proto.is_plain()
            && count == proto.positional as usize
            && proto.instructions.first().is_some_and(|ins| ins.op == Op::Generator)
            && vm.frames.len() < vm.recursion_limit as usize
    })
}

/// Calls anything callable from native code; nothing of it is recorded.
///
/// # Errors
/// The callee raised.
pub fn call_value(vm: &mut Vm, callee: Value, arguments: &[Value]) -> Outcome {
    if makes_generator(vm, callee, arguments.len()) {
        return Ok(super::generator::called(vm, callee, arguments));
    }
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
            if keywords.is_some() || count != proto.positional as usize || !proto.is_plain() {
                bind_in_place(vm, function, arguments, count, keywords)?;
            }
            push_frame(vm, code, arguments)?;
        }
        execute::execute(vm)
    } else if is_python_method(callee) {
        // SAFETY: the shape was checked; the window has room above (as for any callee's registers).
        unsafe {
            insert_receiver(window, count);
            call_window(vm, window, count + 1, keywords)
        }
    } else {
        // The arguments stay visible to the collector, and calls back into Python stay above them.
        // SAFETY: both point into the stack.
        let above = unsafe { arguments.add(count).offset_from(vm.stack) } as u32;
        let saved = vm.stack_high;
        vm.stack_high = above.max(saved);
        // SAFETY: by the caller.
        let result = unsafe { crate::library::call_native(vm, callee, arguments, count, keywords) };
        vm.stack_high = saved;
        result
    }
}

/// A bound method whose function is a Python function.
pub fn is_python_method(callee: Value) -> bool {
    // SAFETY: the shape is checked first.
    callee.has_shape(ShapeId::BOUND_METHOD)
        && as_function(unsafe { (*callee.object::<BoundMethod>()).function }).is_some()
}

/// Replaces the bound method at `window` by its function, its receiver becoming the first argument.
///
/// # Safety
/// `window` holds a BOUND_METHOD and `count` arguments after it, with room for one more value.
pub unsafe fn insert_receiver(window: *mut Value, count: usize) {
    // SAFETY: by the caller.
    unsafe {
        let method = (*window).object::<BoundMethod>();
        std::ptr::copy(window.add(1), window.add(2), count);
        *window.add(1) = (*method).receiver;
        *window = (*method).function;
    }
}

/// Runs a module's body.
///
/// # Errors
/// The exception is pending.
pub fn run_module(vm: &mut Vm, code: CodeId) -> Outcome {
    let top = stack_top(vm);
    // SAFETY: `stack_top` is inside the stack. The slot before the registers is for the function, and a module has none.
    unsafe {
        *top = Value::NONE;
        push_frame(vm, code, top.add(1))?;
    }
    execute::execute(vm)
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
