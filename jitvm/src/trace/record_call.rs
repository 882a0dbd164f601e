//! Recording of calls: inlined Python functions, builtins with an IR form, and everything else as a helper call.

use std::mem::offset_of;

use super::abort::{AbortReason, LeaveReason};
use super::decision::CallDecision;
use super::record_end::Outside;
use super::record_operation::shape;
use super::recorder::{Recorder, Recording, Step, abort};
use crate::bytecode::{CodeKind, Constant, Instruction, Op as Bytecode};
use crate::interp::bind::{self, Binding, CallShape};
use crate::interp::call;
use crate::interp::helpers;
use crate::ir::{CodeId, Op, Ref, Ty};
use crate::runtime::object::{BoundMethod, ShapeId};
use crate::runtime::traceback_objects;
use crate::runtime::types;
use crate::runtime::value::Value;
use crate::runtime::vm::{Code, Vm};

/// Longest function that is inlined, in bytecodes.
const INLINE_LIMIT: usize = 200;

/// Builtins that look at the Python frame they are called from.
const FRAME_READERS: &[&str] = &[
    "__build_class__",
    "__import__",
    "dir",
    "eval",
    "exec",
    "globals",
    "locals",
    "vars",
    "sys._getframe",
    "sys.exc_info",
];

/// The class `super`.
fn is_super(callee: Value) -> bool {
    shape(callee) == Some(ShapeId::TYPE) && types::type_id(callee) == types::TypeId::SUPER
}

fn reads_frames(vm: &Vm, callee: Value, count: usize) -> bool {
    if callee.has_layout(ShapeId::TYPE) {
        // A new class is one of the module that made it.
        return count == 0 && is_super(callee) || count == 3 && types::type_id(callee) == types::TypeId::TYPE;
    }
    callee.has_shape(ShapeId::BUILTIN)
        && FRAME_READERS.contains(&crate::library::row_of(vm, callee).full_name().as_str())
}

/// Whether a function has a generator expression or a generator in it.
fn makes_generators(vm: &Vm, code: *const Code) -> bool {
    // SAFETY: code objects live as long as the VM.
    let code = unsafe { &*code };
    let is_generator = |value: &Value| vm.codes[value.as_fixnum() as usize].proto.kind == CodeKind::Generator;
    let constants = code.proto.constants.iter().zip(&code.constants);
    constants.into_iter().any(|(constant, value)| matches!(constant, Constant::Code(_)) && is_generator(value))
}

/// Which parameter gets which argument of a call.
pub(super) struct BoundCall {
    call: bind::Bound,
    /// The names of the last arguments.
    keywords: Vec<Value>,
}

impl BoundCall {
    /// Nothing if the call is wrong.
    pub(super) fn of(code: &Code, count: usize, keywords: Option<Value>) -> Option<BoundCall> {
        let keywords = keywords.map_or(Vec::new(), |names| call::tuple_items(names).to_vec());
        let call = bind::bind(code, CallShape { count, keywords: &keywords }).ok()?;
        Some(BoundCall { call, keywords })
    }

    /// The first parameter is the first argument.
    pub(super) fn begins_with_argument(&self) -> bool {
        self.call.bindings.first() == Some(&Binding::Argument(0))
    }
}

/// A call as the recorder sees it: references and the values they have now.
struct Call<'a> {
    references: &'a [Ref],
    values: &'a [Value],
    keywords: Option<Value>,
}

impl Recorder {
    /// Records CALL and CALL_METHOD.
    pub(super) fn record_call(&mut self, vm: &mut Vm, ins: Instruction, base: *const Value) -> Recording<Step> {
        // SAFETY: registers of a verified instruction lie inside its frame.
        let at = |register: u16| unsafe { *base.add(register as usize) };
        let (first, count) = match ins.op {
            Bytecode::CallMethod if at(ins.a + 1) == Value::UNDEF => (ins.a + 2, ins.b),
            Bytecode::CallMethod => (ins.a + 1, ins.b + 1),
            _ => (ins.a + 1, ins.b),
        };
        let (mut callee_value, mut callee) = (at(ins.a), self.get(ins.a));
        if callee_value.has_shape(ShapeId::TYPE)
            && let Some(maker) = vm.maker_of(callee_value)
        {
            self.same_word(vm, callee, callee_value);
            (callee_value, callee) = (maker, self.constant(vm, maker));
        }
        let references: Vec<Ref> = (first..first + count).map(|r| self.get(r)).collect();
        let values: Vec<Value> = (first..first + count).map(at).collect();
        let keywords = (ins.c != 0).then(|| {
            let code = self.frames.last().expect("the anchor frame stays").code;
            // SAFETY: code objects live as long as the VM.
            unsafe { (&(*code).constants)[ins.c as usize - 1] }
        });
        let call = Call { references: &references, values: &values, keywords };
        if callee_value.has_shape(ShapeId::BOUND_METHOD) && !callee.is_constant() {
            return self.bound_method(vm, ins, callee, callee_value, &call);
        }
        if keywords.is_none() && is_super(callee_value) {
            self.same_word(vm, callee, callee_value);
            let made = match (references.as_slice(), values.as_slice()) {
                ([], _) => self.implicit_super(vm, base)?,
                (&[start, receiver], &[class, of]) => self.super_of(vm, (start, class), (receiver, of)),
                _ => None,
            };
            if let Some(made) = made {
                self.decide_call(CallDecision::OwnForm, None);
                self.set(ins.a, made);
                return Ok(Step::Interpret);
            }
        }
        if let Some(step) = self.caller_here(vm, ins, callee_value, &call)? {
            return Ok(step);
        }
        if self.reads_frames_here(vm, callee_value, references.len()) {
            return self.leave_before(
                Outside::ForGood,
                LeaveReason::Frame,
                "a builtin that looks at its caller's frame",
            );
        }
        if let Some(function) = call::as_function(callee_value) {
            if self.calls_any(callee) {
                self.decide_call(CallDecision::ManyFunctions, None);
                let callee = self.object(callee, ShapeId::FUNCTION);
                let result = self.builtin_call(vm, callee, &call);
                self.set(ins.a, result);
                return Ok(Step::CallOut);
            }
            // SAFETY: the function is in a register, so it is alive.
            let (id, defaults) = unsafe { ((*function).code, (*function).defaults) };
            let callee = self.function_of(callee, id);
            return self.python_call(vm, ins, callee, id, defaults, first, &call);
        }
        let callee = self.same_word(vm, callee, callee_value);
        if shape(callee_value).is_some()
            && callee_value.has_layout(ShapeId::TYPE)
            && let Some(()) = self.instantiate(vm, ins, callee_value, &references, keywords)?
        {
            self.decide_call(CallDecision::OwnForm, None);
            return Ok(Step::Interpret);
        }
        if let Some(result) = self.intrinsic(vm, callee_value, &call) {
            self.decide_call(CallDecision::OwnForm, None);
            self.set(ins.a, result);
            return Ok(Step::Interpret);
        }
        if keywords.is_none()
            && let Some(name) = super::describe::builtin_name(vm, callee_value)
            && (name == "getattr" || name == "hasattr" && references.len() == 2)
            && let Some(found) = self.attribute_by_call(vm, &references, &values)?
        {
            self.decide_call(CallDecision::OwnForm, None);
            let result = if name == "getattr" { found } else { self.constant(vm, Value::TRUE) };
            self.set(ins.a, result);
            return Ok(Step::Interpret);
        }
        if keywords.is_none()
            && first == ins.a + 1
            && values.first().is_some_and(|value| value.has_shape(ShapeId::GENERATOR))
            && let Some(step) = self.resume_by_call(vm, ins, callee_value, &references, &values)?
        {
            return Ok(step);
        }
        // The interpreter would begin a frame for some of these, such as bound methods; the trace calls them.
        let result = self.call_of_builtin(vm, callee, callee_value, &call);
        self.set(ins.a, result);
        Ok(Step::CallOut)
    }

    /// A call of something that is no Python function, and a constant here.
    fn call_of_builtin(&mut self, vm: &mut Vm, callee: Ref, value: Value, call: &Call<'_>) -> Ref {
        let is_type = value.has_shape(ShapeId::TYPE) && !types::type_id(value).is_dynamic();
        let is_builtin = is_type || value.has_shape(ShapeId::BUILTIN);
        self.decide_call(if is_builtin { CallDecision::Builtin } else { CallDecision::General }, None);
        let fitting = match call.keywords {
            None => self.native_builtin(vm, callee, value, call.references, call.values),
            Some(_) => None,
        };
        fitting.unwrap_or_else(|| self.builtin_call(vm, callee, call))
    }

    /// What `_jitvm.caller` says where the frame it finds is one of this trace; nothing where it is further out, and all here
    /// are of the module that asks, so that a call finds the same. Else the trace ends here.
    fn caller_here(
        &mut self,
        vm: &mut Vm,
        ins: Instruction,
        callee: Value,
        call: &Call<'_>,
    ) -> Recording<Option<Step>> {
        if !callee.has_shape(ShapeId::BUILTIN) || crate::library::row_of(vm, callee).full_name() != "_jitvm.caller" {
            return Ok(None);
        }
        let (own, known) = (self.frames.len(), vm.frames.len());
        let (&[reference], &[level]) = (call.references, call.values) else { return Ok(None) };
        let found = if level.is_int() { traceback_objects::caller(vm, level.as_fixnum()) } else { None };
        let Some(found) = found else {
            let why = "a caller that is not simply found";
            return self.leave_before(Outside::ForGood, LeaveReason::Frame, why).map(Some);
        };
        let module = |frame: &crate::runtime::vm::Frame| vm.codes[frame.code.index()].module;
        let here = &vm.frames[known - own..];
        let is_outside = found + own < known;
        if is_outside && here.iter().any(|frame| module(frame) != module(&here[own - 1])) {
            let why = "a caller beyond functions of other modules";
            return self.leave_before(Outside::ForGood, LeaveReason::Frame, why).map(Some);
        }
        let (false, Ok(place)) = (is_outside, traceback_objects::caller_at(vm, found)) else { return Ok(None) };
        self.same_word(vm, reference, level);
        let constant = self.constant(vm, place);
        self.set(ins.a, constant);
        Ok(Some(Step::Interpret))
    }

    /// Whether a callee looks for a frame that is inlined here, or whose registers have never been written.
    pub(super) fn reads_frames_here(&self, vm: &Vm, callee: Value, count: usize) -> bool {
        let inner = self.frames.len() > 1 || self.is_of_function();
        reads_frames(vm, callee, count) && (inner || self.reads_variables_here(vm, callee, count))
    }

    /// Whether a builtin looks at variables that are in registers: in those of the machine while the trace runs.
    fn reads_variables_here(&self, vm: &Vm, callee: Value, count: usize) -> bool {
        let code = self.frames.last().expect("the anchor frame stays").code;
        // SAFETY: code objects live as long as the VM.
        let kind = unsafe { &*code }.proto.kind;
        if matches!(kind, CodeKind::Module | CodeKind::Namespace) || !callee.has_shape(ShapeId::BUILTIN) {
            return false;
        }
        match crate::library::row_of(vm, callee).full_name().as_str() {
            "eval" | "exec" | "locals" | "sys._getframe" => true,
            "dir" | "vars" => count == 0,
            _ => false,
        }
    }

    /// A bound method is another object each time it is taken; what is always the same is its function.
    fn bound_method(
        &mut self,
        vm: &mut Vm,
        ins: Instruction,
        method: Ref,
        value: Value,
        call: &Call<'_>,
    ) -> Recording<Step> {
        // SAFETY: the caller has seen that it is a bound method, whose parts are alive.
        let &BoundMethod { function, receiver, .. } = unsafe { &*value.object::<BoundMethod>() };
        let method = self.object(method, ShapeId::BOUND_METHOD);
        let callee = self.emit(Op::FieldLoad, method, Ref::NONE, offset_of!(BoundMethod, function) as u32);
        let this = self.emit(Op::FieldLoad, method, Ref::NONE, offset_of!(BoundMethod, receiver) as u32);
        let references: Vec<Ref> = std::iter::once(this).chain(call.references.iter().copied()).collect();
        let values: Vec<Value> = std::iter::once(receiver).chain(call.values.iter().copied()).collect();
        let call = Call { references: &references, values: &values, keywords: call.keywords };
        if let Some(of) = call::as_function(function) {
            // SAFETY: as above.
            let (id, defaults) = unsafe { ((*of).code, (*of).defaults) };
            let callee = self.function_of(callee, id);
            // As the interpreter has it: the receiver comes right behind the call's register.
            return self.python_call(vm, ins, callee, id, defaults, ins.a + 1, &call);
        }
        let callee = self.same_word(vm, callee, function);
        let result = match self.intrinsic(vm, function, &call) {
            Some(result) => {
                self.decide_call(CallDecision::OwnForm, None);
                result
            }
            None => self.call_of_builtin(vm, callee, function, &call),
        };
        self.set(ins.a, result);
        Ok(Step::CallOut)
    }

    fn python_call(
        &mut self,
        vm: &mut Vm,
        ins: Instruction,
        callee: Ref,
        id: CodeId,
        defaults: Value,
        first: u16,
        call: &Call<'_>,
    ) -> Recording<Step> {
        let code = call::code_pointer(vm, id);
        // SAFETY: code objects live as long as the VM.
        let proto = unsafe { &(*code).proto };
        // SAFETY: code objects live as long as the VM.
        let Some(bound) = BoundCall::of(unsafe { &*code }, call.references.len(), call.keywords) else {
            return abort(AbortReason::Exception, format!("call of {}", proto.qualname));
        };
        let parameters = self.bound_parameters(vm, &bound, callee, defaults, call.references)?;
        if let Some(made) = self.called_generator(vm, code, callee, &parameters) {
            self.decide_call(CallDecision::MakesGenerator, Some(id));
            self.set(ins.a, made);
            return Ok(Step::CallOut);
        }
        match self.why_not_inlined(vm, code) {
            None => {
                let base = self.slot_of(first);
                self.begin_attempt(code, callee, first, &parameters);
                self.push_frame(vm, id, base, &parameters, callee)?;
                return Ok(Step::Interpret);
            }
            Some(reason) => self.decide_call(reason, Some(id)),
        }
        let result = if let Some(result) = self.native_call(code, callee, first, &parameters) {
            result
        } else if proto.is_plain() {
            self.call_positional(vm, callee, &parameters)
        } else {
            self.builtin_call(vm, callee, call)
        };
        self.set(ins.a, result);
        Ok(Step::CallOut)
    }

    /// What a function's parameters are in a call.
    pub(super) fn bound_parameters(
        &mut self,
        vm: &mut Vm,
        bound: &BoundCall,
        function: Ref,
        defaults: Value,
        arguments: &[Ref],
    ) -> Recording<Vec<Ref>> {
        let mut parameters = Vec::with_capacity(bound.call.bindings.len());
        for &binding in &bound.call.bindings {
            parameters.push(match binding {
                Binding::Argument(i) => arguments[i as usize],
                Binding::Default(i) => self.default_value(vm, function, defaults, i)?,
                Binding::ExtraPositional(first) => {
                    let last = arguments.len() - bound.keywords.len();
                    self.tuple_of(vm, &arguments[(first as usize).min(last)..last])
                }
                Binding::ExtraKeywords => {
                    let dict = self.call(helpers::NEW_DICT, &[]);
                    for &(name, index) in &bound.call.extra_keywords {
                        let name = self.constant(vm, bound.keywords[name as usize]);
                        self.call(helpers::DICT_SET, &[dict, name, arguments[index as usize]]);
                    }
                    dict
                }
            });
        }
        Ok(parameters)
    }

    /// Why what may only be inlined whole is not inlined.
    pub(super) fn why_not_inlined_whole(&self, vm: &Vm, code: *const Code) -> Option<CallDecision> {
        // SAFETY: code objects live as long as the VM.
        let has_loops = unsafe { !(*code).proto.loops.is_empty() };
        self.why_not_inlined(vm, code).or(has_loops.then_some(CallDecision::HasLoop))
    }

    /// Recursion has no end, so it is called, not inlined. So is what makes generator expressions: builtins consume them,
    /// which nests natively, and a recursion through those is to be counted. Loops get traces of their own: a function that
    /// has some is called, or inlined up to its loop.
    fn why_not_inlined(&self, vm: &Vm, code: *const Code) -> Option<CallDecision> {
        // SAFETY: code objects live as long as the VM.
        let Code { proto, function, .. } = unsafe { &*code };
        let has_loops = !proto.loops.is_empty();
        let running = self.frames.iter().filter(|f| f.code == code).count();
        let reasons = [
            (self.frames.len() > self.inline_depth, CallDecision::TooDeep),
            (has_loops && (!self.functions || running == 0), CallDecision::HasLoop),
            (has_loops && !self.may_come_to_loops(code), CallDecision::ComesToLoop),
            (proto.instructions.first().is_some_and(|ins| ins.op == Bytecode::Generator), CallDecision::MakesGenerator),
            (function.grows_too_long.get(), CallDecision::GrowsTooLong),
            (proto.instructions.len() > INLINE_LIMIT, CallDecision::TooLong),
            (running > self.inline_recursion(has_loops), CallDecision::Recursion),
        ];
        let reason = reasons.into_iter().find_map(|(holds, reason)| holds.then_some(reason));
        reason.or_else(|| makes_generators(vm, code).then_some(CallDecision::ConsumesGenerators))
    }

    fn call_positional(&mut self, vm: &mut Vm, callee: Ref, arguments: &[Ref]) -> Ref {
        if let Some(&helper) = helpers::CALL.get(arguments.len()) {
            let mut words = vec![callee];
            words.extend_from_slice(arguments);
            return self.call(helper, &words);
        }
        let tuple = self.tuple_of(vm, arguments);
        let none = self.constant(vm, Value::NONE);
        self.call(helpers::CALL_TUPLE, &[callee, tuple, none])
    }

    fn builtin_call(&mut self, vm: &mut Vm, callee: Ref, call: &Call<'_>) -> Ref {
        match call.keywords {
            None => self.call_positional(vm, callee, call.references),
            Some(names) => {
                let tuple = self.tuple_of(vm, call.references);
                let names = self.constant(vm, names);
                self.call(helpers::CALL_TUPLE, &[callee, tuple, names])
            }
        }
    }

    /// The IR form of a builtin for these operands, if it has one.
    fn intrinsic(&mut self, vm: &mut Vm, callee: Value, call: &Call<'_>) -> Option<Ref> {
        if call.keywords.is_some() {
            return None;
        }
        let name = super::describe::builtin_name(vm, callee)?;
        match (name.as_str(), call.references, call.values) {
            ("len", &[r], &[v]) if matches!(shape(v), Some(ShapeId::DICT | ShapeId::SET | ShapeId::FROZENSET)) => {
                let object = self.object(r, shape(v)?);
                Some(self.call(helpers::TABLE_LENGTH, &[object]))
            }
            ("len", &[r], &[v]) if shape(v) == Some(ShapeId::RANGE) => self.range_length(vm, r, v),
            ("len", &[r], &[v]) => {
                if let Some(length) = self.builtin_length(r, v) {
                    return Some(length);
                }
                let (object, length) = self.with_length(vm, r, v)?;
                Some(self.emit(length, object, Ref::NONE, 0))
            }
            ("abs", &[r], &[v]) if v.is_float() => {
                let float = self.float(r);
                Some(self.emit(Op::AbsF, float, Ref::NONE, 0))
            }
            ("abs", &[r], &[v]) if v.is_int() => {
                let int = self.int(r);
                let zero = self.constant_int(0);
                if v.as_fixnum() < 0 {
                    self.guard(Op::G_Lt, Ty::Nil, int, zero, 0);
                    Some(self.checked(Op::SubOv, zero, int))
                } else {
                    self.guard(Op::G_Le, Ty::Nil, zero, int, 0);
                    Some(int)
                }
            }
            ("min" | "max", &[a, b], &[x, y]) if x.is_int() && y.is_int() => {
                let (a, b) = (self.int(a), self.int(b));
                Some(self.emit(if name == "min" { Op::Min } else { Op::Max }, a, b, 0))
            }
            ("min" | "max", &[a, b], &[x, y]) if x.is_float() && y.is_float() => {
                let (a, b) = (self.float(a), self.float(b));
                // Python keeps the first unless the second is smaller (or larger): NaN and equal keep the first.
                let (p, q) = (x.as_float(), y.as_float());
                let (left, right) = if name == "min" { (b, a) } else { (a, b) };
                let second = if name == "min" { q < p } else { p < q };
                self.guard(if second { Op::G_FltLt } else { Op::G_FltNlt }, Ty::Nil, left, right, 0);
                Some(if second { b } else { a })
            }
            ("float", &[r], &[v]) if v.is_int() || v.is_float() => Some(self.number_as_float(r, v)),
            ("int", &[r], &[v]) if v.is_int() => Some(self.int(r)),
            ("int", &[r], &[v]) if v.is_float() && v.as_float().abs() < 1e18 => {
                let float = self.float(r);
                Some(self.checked(Op::FltToInt, float, Ref::NONE))
            }
            ("range", references, values) if (1..=3).contains(&values.len()) && values.iter().all(|v| v.is_int()) => {
                let ints: Vec<Ref> = references.iter().map(|&r| self.int(r)).collect();
                let (zero, one) = (self.constant_int(0), self.constant_int(1));
                let bounds = match *ints.as_slice() {
                    [stop] => [zero, stop, one],
                    [start, stop] => [start, stop, one],
                    [start, stop, step] if values[2].as_fixnum() != 0 => {
                        self.guard(Op::G_Ne, Ty::Nil, step, zero, 0);
                        [start, stop, step]
                    }
                    _ => return None,
                };
                Some(self.new_object(ShapeId::RANGE, ShapeId::RANGE.0 as u8, 0, &bounds))
            }
            ("enumerate" | "zip" | "reversed", references, values) => self.made_iterator(vm, &name, references, values),
            ("math.sqrt", &[r], &[v]) if v.is_float() && v.as_float() >= 0.0 => {
                let float = self.float(r);
                let zero = self.constant_float(0.0);
                self.guard(Op::G_FltLe, Ty::Nil, zero, float, 0);
                Some(self.emit(Op::SqrtF, float, Ref::NONE, 0))
            }
            ("math.sqrt", &[r], &[v]) if v.is_int() && v.as_fixnum() >= 0 => {
                let int = self.int(r);
                let zero = self.constant_int(0);
                self.guard(Op::G_Le, Ty::Nil, zero, int, 0);
                let float = self.emit(Op::IntToFlt, int, Ref::NONE, 0);
                Some(self.emit(Op::SqrtF, float, Ref::NONE, 0))
            }
            ("dict.get", &[dict, key, ref rest @ ..], &[object, value, ..]) if rest.len() <= 1 => {
                self.dict_get(vm, [(dict, object), (key, value)], rest.first().copied())
            }
            ("set.add", &[set, key], &[object, value]) if self.set_put(vm, [(set, object), (key, value)]) => {
                Some(self.constant(vm, Value::NONE))
            }
            ("str", &[r], &[v]) if v.has_shape(ShapeId::STR) => Some(self.object(r, ShapeId::STR)),
            ("isinstance", references, values) => self.instance_test(vm, references, values),
            ("type", &[r], &[v]) => self.type_of_operand(vm, r, v),
            // With an index they move items, and that time is the builtin's: samples name it.
            ("list.pop", &[list], &[object]) => self.list_pop(list, object),
            ("list.append", &[list, item], &[object, _])
                if shape(object).is_some() && object.has_layout(ShapeId::LIST) =>
            {
                let list = self.object(list, object.shape());
                self.call(helpers::LIST_APPEND, &[list, item]);
                Some(self.constant(vm, Value::NONE))
            }
            _ => None,
        }
    }

    /// Guards that a value is of the type it has now.
    pub(super) fn guard_type(&mut self, vm: &mut Vm, r: Ref, value: Value) {
        if value.is_int() {
            self.int(r);
        } else if value.is_float() {
            self.float(r);
        } else if let Some(shape) = shape(value) {
            self.object(r, shape);
        } else {
            self.same_word(vm, r, value);
        }
    }
}
