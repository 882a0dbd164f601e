//! What the arms of the bytecode loop (`run.rs`) are made of, as macros: operands in line, calls and returns, and the fast
//! parts of fused operations.
//!
//! They use the loop's variables and labels, which is why they are macros, and why one macro defines them all: it is
//! given those names. `$d` is a dollar sign, for the macros inside.

macro_rules! operations {
    (
        $d:tt $dispatch:lifetime $again:lifetime $raise:lifetime $enter:lifetime
        $vm:ident $code:ident $pc:ident $base:ident $op:ident $floor:ident
    ) => {
            macro_rules! next {
                () => {{
                    $pc = $pc.add(1);
                    continue $dispatch;
                }};
            }
            // Runs an out-of-line operation and stores its result in R[a].
            macro_rules! out_of_line {
                ($d call:expr) => {{
                    save_pc!();
                    match $d call {
                        Ok(value) => {
                            at!(ins!(a)) = value;
                            next!();
                        }
                        Err(Raised) => break $raise,
                    }
                }};
            }
            macro_rules! out_of_line_unit {
                ($d call:expr) => {{
                    save_pc!();
                    match $d call {
                        Ok(()) => next!(),
                        Err(Raised) => break $raise,
                    }
                }};
            }
            // An operation that may go on in a frame it has pushed.
            macro_rules! begun {
                ($d call:expr) => {{
                    save_pc!();
                    match $d call {
                        Ok(Begun::Done(value)) => {
                            at!(ins!(a)) = value;
                            next!();
                        }
                        Ok(Begun::Frame) => break $enter,
                        Err(Raised) => break $raise,
                    }
                }};
            }
            macro_rules! arithmetic {
                ($d kind:ident, |$d x:ident, $d y:ident| $d int:expr, |$d p:ident, $d q:ident| $d float:expr) => {{
                    let (left, right) = (at!(ins!(b)), at!(ins!(c)));
                    if left.is_int() && right.is_int() {
                        let ($d x, $d y) = (left.0 as i64, right.0 as i64);
                        if let Some(word) = $d int {
                            at!(ins!(a)) = Value(word as u64);
                            next!();
                        }
                    } else if let Some(($d p, $d q)) = floats(left, right) {
                        if let Some(value) = $d float.and_then(Value::try_float) {
                            at!(ins!(a)) = value;
                            next!();
                        }
                    }
                    begun!(methods::binary::<RECORD>(&mut *$vm, Binary::$d kind, left, right, ins!(x) == 1))
                }};
            }
            macro_rules! generic_binary {
                ($d kind:ident) => {{
                    let (left, right) = (at!(ins!(b)), at!(ins!(c)));
                    begun!(methods::binary::<RECORD>(&mut *$vm, Binary::$d kind, left, right, ins!(x) == 1))
                }};
            }
            macro_rules! bitwise {
            ($d kind:ident, $d operator:tt) => {{
                let (left, right) = (at!(ins!(b)), at!(ins!(c)));
                if left.is_int() && right.is_int() {
                    at!(ins!(a)) = Value(left.0 $d operator right.0);
                    next!();
                }
                begun!(methods::binary::<RECORD>(&mut *$vm, Binary::$d kind, left, right, ins!(x) == 1))
            }};
        }
            macro_rules! comparison {
            ($d kind:ident, $d operator:tt) => {{
                let (left, right) = (at!(ins!(b)), at!(ins!(c)));
                if left.is_int() && right.is_int() {
                    at!(ins!(a)) = Value::from_bool((left.0 as i64) $d operator (right.0 as i64));
                    next!();
                }
                if left.is_float() && right.is_float() {
                    at!(ins!(a)) = Value::from_bool(left.as_float() $d operator right.as_float());
                    next!();
                }
                if let (Some(ShapeId::STR), Some(ShapeId::STR)) = (shape(left), shape(right)) {
                    at!(ins!(a)) = Value::from_bool(compare::strs(CompareKind::$d kind, left, right));
                    next!();
                }
                begun!(methods::compare::<RECORD>(&mut *$vm, CompareKind::$d kind, left, right))
            }};
        }
            // What a fused operation leaves to the first of its instructions.
            macro_rules! leave_to {
                ($d operation:ident) => {{
                    $op = Op::$d operation;
                    continue $again;
                }};
            }
            // A fused operation goes on with the next instruction's.
            macro_rules! then {
                ($d operation:ident) => {{
                    $pc = $pc.add(1);
                    $op = Op::$d operation;
                    continue $again;
                }};
            }
            macro_rules! get_attr_then {
                ($d next:ident) => {{
                    let cache = &*((*$pc).aux as *const Cache);
                    let Some(found) = cache.get(at!(ins!(b))) else { leave_to!(GetAttr) };
                    at!(ins!(a)) = found;
                    then!($d next);
                }};
            }
            // `BuildSlice` and `GetItem`, without the slice if it can be done without.
            macro_rules! get_slice {
                () => {{
                    let first = (*$pc).ins;
                    $pc = $pc.add(1);
                    save_pc!();
                    match slices::quick(&mut *$vm, at!(ins!(b)), $base.add(first.b as usize)) {
                        Ok(Value::UNDEF) => {
                            $pc = $pc.sub(1);
                            leave_to!(BuildSlice);
                        }
                        Ok(part) => {
                            at!(ins!(a)) = part;
                            next!();
                        }
                        Err(Raised) => break $raise,
                    }
                }};
            }
            macro_rules! load_method {
                () => {
                    let cache = &*((*$pc).aux as *const Cache);
                    let Some((callable, receiver)) = cache.method(at!(ins!(b))) else { leave_to!(LoadMethod) };
                    at!(ins!(a)) = callable;
                    at!(ins!(a) + 1) = receiver;
                };
            }
            macro_rules! load_method_then {
                ($d next:ident) => {{
                    load_method!();
                    then!($d next);
                }};
            }
            macro_rules! arithmetic_then {
                ($d kind:ident, $d next:ident, |$d x:ident, $d y:ident| $d int:expr, |$d p:ident, $d q:ident| $d float:expr) => {{
                    let (left, right) = (at!(ins!(b)), at!(ins!(c)));
                    if left.is_float() && right.is_float() {
                        let ($d p, $d q) = (left.as_float(), right.as_float());
                        let Some(value) = Value::try_float($d float) else { leave_to!($d kind) };
                        at!(ins!(a)) = value;
                    } else if left.is_int() && right.is_int() {
                        let ($d x, $d y) = (left.0 as i64, right.0 as i64);
                        let Some(word) = $d int else { leave_to!($d kind) };
                        at!(ins!(a)) = Value(word as u64);
                    } else {
                        leave_to!($d kind);
                    }
                    then!($d next);
                }};
            }
            // Goes where the jump so many words further on leads to, or on behind it.
            macro_rules! jump_if {
                ($d words:literal, $d taken:expr) => {{
                    let jump = $pc.add($d words);
                    let taken = $d taken;
                    words::note_way(jump, taken);
                    $pc = if taken { jump.byte_offset((*jump).aux as isize) } else { jump.add(1) };
                    continue $dispatch;
                }};
            }
            macro_rules! comparison_jump {
            ($d kind:ident, $d operator:tt) => {{
                let (left, right) = (at!(ins!(b)), at!(ins!(c)));
                let truth = if left.is_int() && right.is_int() {
                    (left.0 as i64) $d operator (right.0 as i64)
                } else if left.is_float() && right.is_float() {
                    left.as_float() $d operator right.as_float()
                } else if let Some(truth) = quick_compare(CompareKind::$d kind, left, right) {
                    truth
                } else {
                    leave_to!($d kind);
                };
                at!(ins!(a)) = Value::from_bool(truth);
                jump_if!(1, truth == (ins!(x) != 0));
            }};
        }
            macro_rules! identity_jump {
            ($d operator:tt) => {{
                let truth = at!(ins!(b)) $d operator at!(ins!(c));
                at!(ins!(a)) = Value::from_bool(truth);
                jump_if!(1, truth == (ins!(x) != 0));
            }};
        }
            // With the constant of this word on the right.
            macro_rules! constant_identity_jump {
            ($d operator:tt) => {{
                let right = Value((*$pc).aux);
                let comparison = (*$pc.add(1)).ins;
                let truth = at!(comparison.b) $d operator right;
                at!(ins!(a)) = right;
                at!(comparison.a) = Value::from_bool(truth);
                jump_if!(2, truth == (ins!(x) != 0));
            }};
        }
            macro_rules! constant_comparison_jump {
            ($d operator:tt) => {{
                let comparison = (*$pc.add(1)).ins;
                let left = at!(comparison.b);
                let right = (*$pc).aux;
                let truth = if left.is_int() {
                    (left.0 as i64) $d operator (right as i64)
                } else if left.is_float() && is_exact(right) {
                    left.as_float() $d operator (Value(right).as_fixnum() as f64)
                } else {
                    leave_to!(LoadConst);
                };
                at!(ins!(a)) = Value(right);
                at!(comparison.a) = Value::from_bool(truth);
                jump_if!(2, truth == (ins!(x) != 0));
            }};
        }
            macro_rules! constant_arithmetic {
                ($d checked:ident) => {{
                    let operation = (*$pc.add(1)).ins;
                    let left = at!(operation.b);
                    if !left.is_int() {
                        leave_to!(LoadConst);
                    }
                    let Some(word) = (left.0 as i64).$d checked((*$pc).aux as i64) else { leave_to!(LoadConst) };
                    at!(ins!(a)) = Value((*$pc).aux);
                    at!(operation.a) = Value(word as u64);
                    $pc = $pc.add(2);
                    continue $dispatch;
                }};
            }
            // A frame is gone: its result goes to the register of the instruction that waits for it.
            macro_rules! leave_function {
                ($d value:expr) => {{
                    let value = $d value;
                    let frame = (*$vm).frames.pop_top();
                    if frame.continuation != Continuation::Call {
                        match frame.continuation {
                            Continuation::Call => {}
                            Continuation::Operator => {
                                if value == Value::NOT_IMPLEMENTED {
                                    // The frame is gone: the error is the caller's.
                                    raise_unsupported(&mut *$vm);
                                    break $raise;
                                }
                            }
                            Continuation::Init => {
                                if value != Value::NONE {
                                    raise_init_result(&mut *$vm, value);
                                    // The frame is gone: the error is the caller's.
                                    break $raise;
                                }
                                // The caller's register has the instance.
                                load_frame!();
                                next!();
                            }
                            Continuation::Discard => {
                                load_frame!();
                                next!();
                            }
                            Continuation::Compare => {
                                if value == Value::NOT_IMPLEMENTED {
                                    load_frame!();
                                    out_of_line!(methods::compare_further(&mut *$vm, &*$code, $base));
                                }
                            }
                            Continuation::Resume => generator::finished(&mut *$vm, frame.value),
                            Continuation::Step => {
                                generator::finished(&mut *$vm, frame.value);
                                load_frame!();
                                coroutine::step_ended(at!(ins!(b)));
                                (*$vm).raise_with(TypeId::STOP_ASYNC_ITERATION, &[]);
                                break $raise;
                            }
                            Continuation::Next => {
                                generator::finished(&mut *$vm, frame.value);
                                load_frame!();
                                // Exhausted: on to the JUMP behind the FOR_ITER.
                                at!(ins!(b)) = Value::EXHAUSTED;
                                next!();
                            }
                            Continuation::Send => {
                                generator::finished(&mut *$vm, frame.value);
                                generator::delegate_ended(&mut *$vm);
                            }
                            Continuation::Called => {
                                generator::finished(&mut *$vm, frame.value);
                                load_frame!();
                                // The word may have a fused operation.
                                let at = $pc.offset_from((*$code).words.as_ptr()) as usize;
                                let ins = (&(*$code).proto.instructions)[at];
                                match generator::ended_call(&mut *$vm, ins, $base, value) {
                                    Ok(result) => at!(ins!(a)) = result,
                                    Err(Raised) => break $raise,
                                }
                                next!();
                            }
                        }
                    }
                    if (*$vm).frames.has_length($floor) {
                        return Leave::Return(value);
                    }
                    load_frame!();
                    at!(ins!(a)) = value;
                    next!();
                }};
            }
            // A generator's frame is gone: what it has yielded goes to the instruction that has resumed it.
            macro_rules! yielded {
                ($d continuation:expr, $d value:expr, $d is_item_of_step:expr) => {{
                    load_frame!();
                    debug_assert!($d continuation != Continuation::Resume);
                    at!(ins!(a)) = $d value;
                    if $d is_item_of_step && $d continuation == Continuation::Step {
                        // The step has returned it.
                        coroutine::step_ended(at!(ins!(b)));
                        next!();
                    }
                    // The ways on of FOR_ITER and SEND begin with the one of a generator that has ended.
                    $pc = $pc.add(usize::from($d continuation != Continuation::Called));
                    next!();
                }};
            }
            macro_rules! keywords {
                () => {
                    (ins!(c) != 0).then(|| (&(*$code).constants)[ins!(c) as usize - 1])
                };
            }
            // Calls a Python function whose arguments are in place.
            macro_rules! call_function {
                ($d function:expr, $d arguments:expr, $d count:expr) => {{
                    let (function, arguments, count) = ($d function, $d arguments, $d count);
                    let id = (*function).code;
                    words::note_callee($pc, id);
                    let callee = call::code_pointer(&*$vm, id);
                    let layout = &(*callee).layout;
                    if ins!(c) != 0 || count != layout.plain_arguments as usize {
                        let keywords = keywords!();
                        if call::bind_in_place(&mut *$vm, function, arguments, count, keywords).is_err() {
                            break $raise;
                        }
                    }
                    let end = arguments.add(layout.registers as usize);
                    if !(*$vm).frames.has_room() || end >= (*$vm).stack_end {
                        if call::push_frame(&mut *$vm, id, arguments).is_err() {
                            break $raise;
                        }
                    } else {
                        for i in layout.parameters..layout.locals {
                            *arguments.add(i as usize) = Value::UNDEF;
                        }
                        let index = arguments.offset_from((*$vm).stack) as u32;
                        (*$vm).frames.push_in_room(Frame {
                            code: id,
                            pc: 0,
                            base: index,
                            continuation: Continuation::Call,
                            value: Value::UNDEF,
                        });
                    }
                    $code = callee;
                    $pc = (*$code).words.as_ptr();
                    $base = arguments;
                    begin_function!();
                    continue $dispatch;
                }};
            }
    };
}
pub(super) use operations;
