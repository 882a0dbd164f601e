//! What each bytecode becomes in a trace, specialised to the values it has now.
//!
//! Two rules hold throughout: all guards of a bytecode come before its first effect, and an operation without a
//! special form is a call of a helper, not an abort.

use super::abort::{AbortReason, LeaveReason};
use super::record_diamond::Condition;
use super::record_end::Outside;
use super::recorder::{Recorder, Recording, Step, abort};
use crate::bytecode::{Instruction, Op as Bytecode};
use crate::interp::helpers;
use crate::ir::{Op, Ref, Ty};
use crate::runtime::compare::CompareKind as Compare;
use crate::runtime::heap::LARGEST_CELL;
use crate::runtime::object::{ShapeId, Tuple};
use crate::runtime::operators::{self as ops, Binary};
use crate::runtime::value::Value;
use crate::runtime::vm::{Continuation, Vm};
use crate::runtime::{iterate, sequences, strings};

/// Shape of a heap object, if the value is one.
pub(super) fn shape(value: Value) -> Option<ShapeId> {
    // SAFETY: a pointer value is the address of a live heap object, which starts with its shape.
    value.is_pointer().then(|| unsafe { *(value.address() as *const ShapeId) })
}

/// Items of a tuple or of what is laid out as a list, code points of a str.
pub(super) fn sequence_length(value: Value) -> Option<usize> {
    match shape(value)? {
        ShapeId::TUPLE => Some(sequences::items(value).len()),
        ShapeId::STR => Some(strings::length(value)),
        _ if value.has_layout(ShapeId::LIST) => Some(sequences::items(value).len()),
        _ => None,
    }
}

impl Recorder {
    /// Records `ins`, whose registers are at `base`.
    pub(super) fn operation(&mut self, vm: &mut Vm, ins: Instruction, base: *const Value) -> Recording<Step> {
        // SAFETY: registers of a verified instruction lie inside its frame.
        let at = |register: u16| unsafe { *base.add(register as usize) };
        match ins.op {
            Bytecode::LoadConst => {
                let code = self.frames.last().expect("the anchor frame stays").code;
                // SAFETY: code objects live as long as the VM.
                let value = unsafe { (&(*code).constants)[ins.b as usize] };
                let constant = self.constant(vm, value);
                self.set(ins.a, constant);
            }
            Bytecode::LoadInt => {
                let constant = self.constant_int((ins.wide() as i32).into());
                self.set(ins.a, constant);
            }
            Bytecode::Move => {
                let value = self.get(ins.b);
                self.set(ins.a, value);
            }
            Bytecode::CheckBound | Bytecode::DeleteLocal => {
                let value = at(ins.a);
                if value == Value::UNDEF {
                    return abort(AbortReason::Exception, "UnboundLocalError");
                }
                self.check_bound(vm, ins.a);
                if ins.op == Bytecode::DeleteLocal {
                    let unbound = self.constant(vm, Value::UNDEF);
                    self.set(ins.a, unbound);
                }
            }
            Bytecode::LoadGlobal => self.load_global(vm, ins)?,
            Bytecode::StoreGlobal => {
                let cell = self.global_cell(ins.b);
                let value = self.get(ins.a);
                let word = self.tagged(value);
                self.emit(Op::CellStore, cell, word, 0);
            }
            Bytecode::Add => return self.binary(vm, ins, Binary::Add, [at(ins.b), at(ins.c)]),
            Bytecode::Sub => return self.binary(vm, ins, Binary::Sub, [at(ins.b), at(ins.c)]),
            Bytecode::Mul => return self.binary(vm, ins, Binary::Mul, [at(ins.b), at(ins.c)]),
            Bytecode::TrueDiv => return self.binary(vm, ins, Binary::TrueDiv, [at(ins.b), at(ins.c)]),
            Bytecode::FloorDiv => return self.binary(vm, ins, Binary::FloorDiv, [at(ins.b), at(ins.c)]),
            Bytecode::Mod => return self.binary(vm, ins, Binary::Mod, [at(ins.b), at(ins.c)]),
            Bytecode::Pow => return self.binary(vm, ins, Binary::Pow, [at(ins.b), at(ins.c)]),
            Bytecode::LeftShift => return self.binary(vm, ins, Binary::LeftShift, [at(ins.b), at(ins.c)]),
            Bytecode::RightShift => return self.binary(vm, ins, Binary::RightShift, [at(ins.b), at(ins.c)]),
            Bytecode::BitAnd => return self.binary(vm, ins, Binary::BitAnd, [at(ins.b), at(ins.c)]),
            Bytecode::BitOr => return self.binary(vm, ins, Binary::BitOr, [at(ins.b), at(ins.c)]),
            Bytecode::BitXor => return self.binary(vm, ins, Binary::BitXor, [at(ins.b), at(ins.c)]),
            Bytecode::Negate => self.negate(ins, at(ins.b)),
            Bytecode::Plus => {
                let operand = self.get(ins.b);
                let value = at(ins.b);
                let result = if value.is_int() {
                    self.int(operand)
                } else if value.is_float() {
                    self.float(operand)
                } else {
                    self.call(helpers::PLUS, &[operand])
                };
                self.set(ins.a, result);
            }
            Bytecode::Invert => {
                let operand = self.get(ins.b);
                let result = if at(ins.b).is_int() {
                    let int = self.int(operand);
                    let ones = self.constant_int(-1);
                    self.emit(Op::Xor, int, ones, 0)
                } else {
                    self.call(helpers::INVERT, &[operand])
                };
                self.set(ins.a, result);
            }
            Bytecode::Not => {
                let operand = self.get(ins.b);
                if let Some(condition) = self.truth_condition(operand, at(ins.b)) {
                    let result = self.bool_of(vm, condition.negated());
                    self.set(ins.a, result);
                    return Ok(Step::Interpret);
                }
                let truth = match self.quick_truth(vm, operand, at(ins.b)) {
                    Some(truth) => Some(truth),
                    None => self.object_truth(vm, operand, at(ins.b)),
                };
                let result = match truth {
                    Some(truth) => self.constant(vm, Value::from_bool(!truth)),
                    None => self.call(helpers::NOT, &[operand]),
                };
                self.set(ins.a, result);
            }
            Bytecode::Less => return self.comparison(vm, ins, Compare::Less, base),
            Bytecode::LessEqual => return self.comparison(vm, ins, Compare::LessEqual, base),
            Bytecode::Equal => return self.comparison(vm, ins, Compare::Equal, base),
            Bytecode::NotEqual => return self.comparison(vm, ins, Compare::NotEqual, base),
            Bytecode::Greater => return self.comparison(vm, ins, Compare::Greater, base),
            Bytecode::GreaterEqual => return self.comparison(vm, ins, Compare::GreaterEqual, base),
            Bytecode::Is | Bytecode::IsNot => {
                let (left, right) = (self.get(ins.b), self.get(ins.c));
                let (left, right) = (self.tagged(left), self.tagged(right));
                let same = at(ins.b) == at(ins.c);
                let is_float = at(ins.b).is_float() || at(ins.c).is_float();
                if self.jump_on(ins.a).is_none() && !is_float {
                    let result = self.bool_of(vm, Condition::same(left, right, ins.op == Bytecode::IsNot));
                    self.set(ins.a, result);
                    return Ok(Step::Interpret);
                }
                self.guard(if same { Op::G_Eq } else { Op::G_Ne }, Ty::Nil, left, right, 0);
                let result = self.constant(vm, Value::from_bool(same == (ins.op == Bytecode::Is)));
                self.set(ins.a, result);
            }
            Bytecode::In | Bytecode::NotIn => {
                let (item, container) = (self.get(ins.b), self.get(ins.c));
                if let Some(found) = self.table_has(vm, [(container, at(ins.c)), (item, at(ins.b))]) {
                    let result = self.truth_of(vm, found, at(ins.c), at(ins.b), ins.op == Bytecode::In);
                    self.set(ins.a, result);
                    return Ok(Step::Interpret);
                }
                let (item, container) = (self.get(ins.b), self.get(ins.c));
                let helper = if ins.op == Bytecode::In { helpers::CONTAINS } else { helpers::NOT_CONTAINS };
                let result = self.call(helper, &[container, item]);
                self.set(ins.a, result);
            }
            Bytecode::Jump => {}
            Bytecode::JumpIfTrue | Bytecode::JumpIfFalse => {
                let operand = self.get(ins.a);
                if let Some(condition) = self.truth_condition(operand, at(ins.a)) {
                    let pc = self.frames.last().expect("the anchor frame stays").pc;
                    if self.convert(vm, (pc, ins), base, condition, None)? {
                        return Ok(Step::Interpret);
                    }
                }
                if self.quick_truth(vm, operand, at(ins.a)).is_none()
                    && self.object_truth(vm, operand, at(ins.a)).is_none()
                {
                    self.branch_on_call(ins);
                }
            }
            Bytecode::LoopHeader | Bytecode::LoopEnter | Bytecode::LoopCold => {
                return abort(AbortReason::InnerLoop, self.place());
            }
            Bytecode::GetIterator if iterate::is_taken_apart(at(ins.b)) => {
                let iterable = self.get(ins.b);
                let iterable = self.object(iterable, at(ins.b).shape());
                self.set(ins.a, iterable);
            }
            Bytecode::GetIter => return self.get_iter(vm, ins, at(ins.b)).map(|()| Step::Interpret),
            Bytecode::ForIter => return self.for_iter(vm, ins, base),
            Bytecode::Call | Bytecode::CallMethod => return self.record_call(vm, ins, base),
            Bytecode::LoadMethod => return self.load_method(vm, ins, at(ins.b)),
            Bytecode::Return if self.is_in_generator() => return self.finish_generator(vm, ins),
            Bytecode::Yield if self.can_suspend(vm, ins) => self.suspend_generator(vm, ins)?,
            Bytecode::Return => {
                let frame = self.frames.last().expect("the anchor frame stays");
                if at(ins.a) == Value::NOT_IMPLEMENTED && frame.continuation == Continuation::Operator {
                    return abort(AbortReason::Exception, "NotImplemented");
                }
                let result = self.get(ins.a);
                self.pop_frame(vm, result)?;
            }
            Bytecode::BuildList | Bytecode::BuildTuple => {
                let items: Vec<Ref> = (ins.b..ins.b + ins.c).map(|r| self.get(r)).collect();
                let is_list = ins.op == Bytecode::BuildList;
                let few =
                    items.len().checked_sub(1).and_then(|number| helpers::BUILD_LIST.get(number)).filter(|_| is_list);
                let result = match few {
                    Some(&helper) => self.call(helper, &items),
                    None if is_list => {
                        let items = self.tuple_of(vm, &items);
                        self.call(helpers::LIST_OF_TUPLE, &[items])
                    }
                    None => self.tuple_of(vm, &items),
                };
                self.set(ins.a, result);
            }
            Bytecode::BuildSlice => {
                let result = self.slice_of(ins.b);
                self.set(ins.a, result);
            }
            Bytecode::BuildString => {
                // Pieces are joined two at a time: all are strs, so this is concatenation.
                let mut result = if ins.c == 0 { self.empty_string(vm) } else { self.get(ins.b) };
                for i in 1..ins.c {
                    let piece = self.get(ins.b + i);
                    result = self.call(helpers::JOIN_TWO, &[result, piece]);
                }
                self.set(ins.a, result);
            }
            Bytecode::FormatValue => {
                let (value, format) = (self.get(ins.b), self.get(ins.c));
                let conversion = self.constant_int(ins.x.into());
                let result = self.call(helpers::FORMAT_VALUE, &[value, conversion, format]);
                self.set(ins.a, result);
            }
            Bytecode::ListAppend => {
                let (list, item) = (self.get(ins.a), self.get(ins.b));
                let list = self.object(list, ShapeId::LIST);
                self.call(helpers::LIST_APPEND, &[list, item]);
            }
            Bytecode::GetItem => return self.get_item(vm, ins, at(ins.b), at(ins.c)),
            Bytecode::SetItem => return self.set_item(vm, ins, [at(ins.a), at(ins.b), at(ins.c)]),
            Bytecode::DeleteItem => {
                let (object, index) = (self.get(ins.a), self.get(ins.b));
                self.call(helpers::DELETE_ITEM, &[object, index]);
            }
            Bytecode::Unpack => self.unpack(vm, ins, at(ins.c))?,
            Bytecode::GetAttr => return self.get_attr(vm, ins, at(ins.b)),
            Bytecode::SetAttr => self.set_attr(vm, ins, at(ins.a), at(ins.b))?,
            Bytecode::DeleteAttr => {
                let (object, name) = (self.get(ins.a), self.name(ins.b));
                let name = self.constant(vm, name);
                self.call(helpers::DELETE_ATTR, &[object, name]);
            }
            Bytecode::MakeFunction => self.make_function(vm, ins),
            Bytecode::SetClosure | Bytecode::SetAnnotations => self.complete_function(ins),
            Bytecode::MakeCell => self.make_cell(ins),
            // SAFETY: the function that runs is in the slot before its frame's registers.
            Bytecode::LoadFree => self.load_free(vm, ins, unsafe { *base.sub(1) })?,
            Bytecode::LoadCell => self.load_cell(vm, ins, at(ins.b))?,
            Bytecode::StoreCell => self.store_cell(ins),
            Bytecode::JumpIfBound => {
                if at(ins.a) != Value::UNDEF {
                    self.check_bound(vm, ins.a);
                } else {
                    let r = self.get(ins.a);
                    self.same_word(vm, r, Value::UNDEF);
                }
            }
            Bytecode::MatMul => return self.binary(vm, ins, Binary::MatMul, [at(ins.b), at(ins.c)]),
            Bytecode::BuildDict => {
                let dict = self.call(helpers::NEW_DICT, &[]);
                for pair in 0..ins.c / 2 {
                    let (key, value) = (self.get(ins.b + 2 * pair), self.get(ins.b + 2 * pair + 1));
                    self.call(helpers::DICT_SET, &[dict, key, value]);
                }
                self.set(ins.a, dict);
            }
            Bytecode::BuildSet => {
                let set = self.call(helpers::NEW_SET, &[]);
                for item in 0..ins.c {
                    let item = self.get(ins.b + item);
                    self.call(helpers::SET_ADD, &[set, item]);
                }
                self.set(ins.a, set);
            }
            Bytecode::DictAdd => {
                let (dict, key, value) = (self.get(ins.a), self.get(ins.b), self.get(ins.c));
                if self.dict_put(vm, [(dict, at(ins.a)), (key, at(ins.b))], value) {
                    return Ok(Step::Interpret);
                }
                let (dict, key) = (self.get(ins.a), self.get(ins.b));
                self.call(helpers::DICT_SET, &[dict, key, value]);
            }
            Bytecode::SetAdd => {
                let (set, item) = (self.get(ins.a), self.get(ins.b));
                if self.set_put(vm, [(set, at(ins.a)), (item, at(ins.b))]) {
                    return Ok(Step::Interpret);
                }
                let (set, item) = (self.get(ins.a), self.get(ins.b));
                self.call(helpers::SET_ADD, &[set, item]);
            }
            Bytecode::ListExtend | Bytecode::DictUpdate | Bytecode::SetUpdate => {
                let (target, source) = (self.get(ins.a), self.get(ins.b));
                let helper = match ins.op {
                    Bytecode::ListExtend => helpers::LIST_EXTEND,
                    Bytecode::DictUpdate => helpers::DICT_UPDATE,
                    _ => helpers::SET_UPDATE,
                };
                self.call(helper, &[target, source]);
            }
            Bytecode::ListToTuple => {
                let list = self.get(ins.b);
                let tuple = self.call(helpers::TUPLE_OF_LIST, &[list]);
                self.set(ins.a, tuple);
            }
            Bytecode::CallVariadic => {
                if self.reads_frames_here(vm, at(ins.a), 1) {
                    return self.leave_before(
                        Outside::ForGood,
                        LeaveReason::Frame,
                        "a builtin that looks at its caller's frame",
                    );
                }
                self.call_variadic(ins);
                return Ok(Step::CallOut);
            }
            Bytecode::Raise | Bytecode::AssertFail | Bytecode::Reraise | Bytecode::EndAsyncFor => {
                return self.record_raise(vm, ins, base);
            }
            Bytecode::EnterHandler | Bytecode::LeaveHandler => self.handler(vm, ins),
            Bytecode::MatchException => return self.match_exception(vm, ins, [at(ins.b), at(ins.c)]),
            Bytecode::Send if let Some(step) = self.record_send(vm, ins, [at(ins.a), at(ins.b)])? => return Ok(step),
            Bytecode::GetYieldFrom if self.is_own_iterator(ins, at(ins.b)) => {
                let generator = self.get(ins.b);
                let generator = self.object(generator, at(ins.b).shape());
                self.set(ins.a, generator);
            }
            Bytecode::GetAwaitable if self.awaits_itself(vm, ins, at(ins.b)) => {}
            Bytecode::Generator | Bytecode::Yield | Bytecode::Send => {
                let why = match ins.op {
                    Bytecode::Generator => LeaveReason::Generator,
                    Bytecode::Yield => match vm.frames.last().expect("a recording runs in a frame").continuation {
                        Continuation::Next if self.is_in_generator() => LeaveReason::YieldOther,
                        Continuation::Next => LeaveReason::YieldLoop,
                        Continuation::Send => LeaveReason::YieldOther,
                        _ => LeaveReason::Yield,
                    },
                    _ => LeaveReason::Await,
                };
                return self.leave_before(Outside::ForGood, why, ins.op.name());
            }
            _ => self.execute_apart(vm, ins)?,
        }
        Ok(Step::Interpret)
    }

    /// Where the recording is, for messages.
    pub(super) fn place(&self) -> String {
        let frame = self.frames.last().expect("the anchor frame stays");
        // SAFETY: code objects live as long as the VM.
        let code = unsafe { &*frame.code };
        let line = code.proto.positions.get(frame.pc as usize).map_or(0, |p| code.source.line_column(p.span.start).0);
        format!("{} line {line}", code.proto.qualname)
    }

    fn check_bound(&mut self, vm: &mut Vm, register: u16) {
        let value = self.get(register);
        if self.ty(value) == Ty::Val && !value.is_constant() {
            let unbound = self.constant(vm, Value::UNDEF);
            self.guard(Op::G_Ne, Ty::Nil, value, unbound, 0);
        }
    }

    // --- arithmetic ---------------------------------------------------------------------------------------------

    fn binary(&mut self, vm: &mut Vm, ins: Instruction, kind: Binary, [x, y]: [Value; 2]) -> Recording<Step> {
        let (left, right) = (self.get(ins.b), self.get(ins.c));
        if let Some(step) = self.operator_method(vm, ins, [(left, x), (right, y)])? {
            return Ok(step);
        }
        let result = if x.is_int() && y.is_int() {
            self.int_binary(kind, left, right, x.as_fixnum(), y.as_fixnum())
        } else if (x.is_float() || x.is_int()) && (y.is_float() || y.is_int()) {
            self.float_binary(kind, left, right, x, y)
        } else if ins.x == 0 {
            self.set_operation(kind, [(left, x), (right, y)])
        } else {
            None
        };
        let result = result.unwrap_or_else(|| {
            // Of operands that are exactly builtin the helper runs no code of the program, and changes a list only.
            // Formatting asks the items of a tuple.
            let asks_items = kind == Binary::Mod && matches!(shape(y), Some(ShapeId::LIST | ShapeId::TUPLE));
            let known = !asks_items && self.is_builtin(left, x) && self.is_builtin(right, y);
            let (left, right) = (self.get(ins.b), self.get(ins.c));
            let changes = ins.x == 1 && !(known && means_the_same(kind, x, y));
            let table = match (changes, known) {
                (true, _) => helpers::IN_PLACE,
                (false, true) => helpers::BUILTIN_BINARY,
                (false, false) => helpers::BINARY,
            };
            let is_list = |value| shape(value) == Some(ShapeId::LIST);
            let helper = match kind {
                Binary::Pow if known && x.is_float() && y.is_float() => helpers::FLOAT_POWER,
                Binary::Add if known && !changes && is_list(x) && is_list(y) => helpers::JOIN_LISTS,
                Binary::Mul if known && !changes && is_list(x) && y.is_int() => helpers::REPEAT_LIST,
                _ => table[kind as usize],
            };
            match self.item_of_new_list(vm, ins.b).filter(|_| helper == helpers::REPEAT_LIST) {
                Some(item) => self.call(helpers::REPEAT_ITEM, &[item, right]),
                None => self.call(helper, &[left, right]),
            }
        });
        self.set(ins.a, result);
        Ok(Step::Interpret)
    }

    /// The item of a list of one that the trace has made, which only this register refers to, and that is no variable's.
    fn item_of_new_list(&mut self, vm: &Vm, register: u16) -> Option<Ref> {
        let list = self.get(register);
        let frame = self.frames.last().expect("the anchor frame stays");
        let is_temporary = usize::from(register) >= vm.codes[frame.id.0 as usize].proto.local_names.len();
        if list.is_constant() || !is_temporary || self.slots.iter().filter(|slot| slot.value == list).count() != 1 {
            return None;
        }
        let (call, since) = self.body.ins.get(list.index()..)?.split_first()?;
        let is_new = call.op == Op::CallH && call.c == u32::from(helpers::BUILD_LIST[0].0);
        let is_used = || since.iter().any(|ins| ins.operands().any(|operand| operand == list));
        (is_new && !is_used()).then(|| self.body.ins[call.a.index()].b)
    }

    /// Whether an operand is an exactly builtin one whose operators run no code of the program; checks that it stays so.
    /// Ints are not checked, as they may be of any size.
    pub(super) fn is_builtin(&mut self, r: Ref, value: Value) -> bool {
        match shape(value) {
            Some(shape @ (ShapeId::STR | ShapeId::BYTES | ShapeId::LIST | ShapeId::TUPLE)) => {
                self.object(r, shape);
                true
            }
            Some(_) => false,
            None if value.is_float() => {
                self.float(r);
                true
            }
            None => matches!(self.ty(r), Ty::Int | Ty::Flt | Ty::Bool) || (r.is_constant() && !value.is_pointer()),
        }
    }

    fn int_binary(&mut self, kind: Binary, left: Ref, right: Ref, x: i64, y: i64) -> Option<Ref> {
        let fits = |result: Option<i64>| result.and_then(Value::try_fixnum).is_some();
        let op = match kind {
            Binary::Add if fits(x.checked_add(y)) => Op::AddOv,
            Binary::Sub if fits(x.checked_sub(y)) => Op::SubOv,
            Binary::Mul if fits(x.checked_mul(y)) => Op::MulOv,
            Binary::BitAnd => Op::And,
            Binary::BitOr => Op::Or,
            Binary::BitXor => Op::Xor,
            Binary::FloorDiv if y > 0 => Op::Div,
            Binary::Mod if y > 0 => Op::Mod,
            Binary::RightShift if y >= 0 => Op::Shr,
            Binary::LeftShift if (0..=60).contains(&y) && fits(x.checked_mul(1i64 << y)) => Op::ShlOv,
            Binary::TrueDiv if y != 0 => {
                const EXACT: u64 = 1 << 53;
                if x.unsigned_abs() > EXACT || y.unsigned_abs() > EXACT {
                    return None;
                }
                let (left, right) = (self.int(left), self.int(right));
                let zero = self.constant_int(0);
                self.guard(Op::G_Ne, Ty::Nil, right, zero, 0);
                let p = self.checked(Op::IntToFltExact, left, Ref::NONE);
                let q = self.checked(Op::IntToFltExact, right, Ref::NONE);
                return Some(self.emit(Op::DivF, p, q, 0));
            }
            _ => return None,
        };
        let (left, right) = (self.int(left), self.int(right));
        match op {
            // Positive divisors only: floor and the absence of overflow follow.
            Op::Div | Op::Mod => {
                let zero = self.constant_int(0);
                self.guard(Op::G_Lt, Ty::Nil, zero, right, 0);
            }
            Op::Shr => {
                let zero = self.constant_int(0);
                self.guard(Op::G_Le, Ty::Nil, zero, right, 0);
            }
            _ => {}
        }
        Some(if op.is_guard() { self.checked(op, left, right) } else { self.emit(op, left, right, 0) })
    }

    fn float_binary(&mut self, kind: Binary, left: Ref, right: Ref, x: Value, y: Value) -> Option<Ref> {
        let op = match kind {
            Binary::Add => Op::AddF,
            Binary::Sub => Op::SubF,
            Binary::Mul => Op::MulF,
            Binary::TrueDiv => {
                let zero = if y.is_float() { y.as_float() == 0.0 } else { y.as_fixnum() == 0 };
                if zero {
                    return None;
                }
                Op::DivF
            }
            Binary::Pow if x.is_float() && y == Value::from_fixnum(2) => {
                let base = self.float(left);
                let two = self.int(right);
                if !two.is_constant() {
                    let constant = self.constant_int(2);
                    self.guard(Op::G_Eq, Ty::Nil, two, constant, 0);
                }
                // pow(x, 2.0) of the C library is the correctly rounded x * x but for overflow, which raises.
                if !(x.as_float() * x.as_float()).is_finite() {
                    return None;
                }
                let limit = self.constant_float(1e150);
                let magnitude = self.emit(Op::AbsF, base, Ref::NONE, 0);
                self.guard(Op::G_FltLe, Ty::Nil, magnitude, limit, 0);
                return Some(self.emit(Op::MulF, base, base, 0));
            }
            _ => return None,
        };
        let left = self.number_as_float(left, x);
        let right = self.number_as_float(right, y);
        if op == Op::DivF {
            let zero = self.constant_float(0.0);
            self.guard(Op::G_FltNe, Ty::Nil, right, zero, 0);
        }
        Some(self.emit(op, left, right, 0))
    }

    /// A float operand, or an int one converted as Python's mixed arithmetic does.
    pub(super) fn number_as_float(&mut self, r: Ref, value: Value) -> Ref {
        if value.is_float() {
            self.float(r)
        } else {
            let int = self.int(r);
            self.emit(Op::IntToFlt, int, Ref::NONE, 0)
        }
    }

    fn negate(&mut self, ins: Instruction, value: Value) {
        let operand = self.get(ins.b);
        let result = if value.is_int() && value.as_fixnum() != crate::runtime::value::FIXNUM_MIN {
            let int = self.int(operand);
            let zero = self.constant_int(0);
            self.checked(Op::SubOv, zero, int)
        } else if value.is_float() {
            let float = self.float(operand);
            self.emit(Op::NegF, float, Ref::NONE, 0)
        } else {
            self.call(helpers::NEGATE, &[operand])
        };
        self.set(ins.a, result);
    }

    /// The truth of an object where finding it out runs no code of the program, guarded.
    fn object_truth(&mut self, vm: &mut Vm, operand: Ref, value: Value) -> Option<bool> {
        let shape = shape(value)?;
        if !value.is_instance() {
            // Only looks at the object, so that an exit may ask again.
            let operand = self.object(operand, shape);
            let truth = ops::native_truth(value);
            let answer = self.call(helpers::BUILTIN_TRUTH, &[operand]);
            self.same_word(vm, answer, Value::from_bool(truth));
            return Some(truth);
        }
        let class = vm.type_of(value);
        let names = vm.names;
        let is_plain = value.has_layout(ShapeId::INSTANCE)
            && vm.lookup(class, names.bool).is_none()
            && vm.lookup(class, names.len).is_none();
        if !is_plain {
            return None;
        }
        self.object(operand, shape);
        self.class_unchanged(vm, class);
        Some(true)
    }

    // --- comparison and truth -----------------------------------------------------------------------------------

    fn comparison(&mut self, vm: &mut Vm, ins: Instruction, kind: Compare, base: *const Value) -> Recording<Step> {
        // SAFETY: registers of a verified instruction lie inside its frame.
        let [x, y] = [ins.b, ins.c].map(|register| unsafe { *base.add(register as usize) });
        let (left, right) = (self.get(ins.b), self.get(ins.c));
        if let Some([a, b]) = self.numbers([(left, x), (right, y)]) {
            let is_float = self.ty(a) == Ty::Flt;
            let condition = Condition::of(kind, is_float, a, b);
            match self.jump_on(ins.a) {
                None => {
                    let result = self.bool_of(vm, condition);
                    self.set(ins.a, result);
                    return Ok(Step::Interpret);
                }
                Some(jump) if self.convert(vm, jump, base, condition, Some(ins.a))? => return Ok(Step::Interpret),
                Some(_) => {}
            }
            let truth = if is_float {
                let float = |v: Value| if v.is_float() { v.as_float() } else { v.as_fixnum() as f64 };
                self.float_comparison(kind, a, b, float(x), float(y))
            } else {
                self.int_comparison(kind, a, b, x.as_fixnum(), y.as_fixnum())
            };
            let result = self.constant(vm, Value::from_bool(truth));
            self.set(ins.a, result);
            return Ok(Step::Interpret);
        }
        let operands = [(left, x), (right, y)];
        let result = match self.identity_comparison(vm, kind, operands) {
            Some(truth) => self.constant(vm, Value::from_bool(truth)),
            None => match self.str_comparison(kind, operands).or_else(|| self.set_comparison(kind, operands)) {
                Some(result) => result,
                None => self.call(helpers::COMPARE[kind as usize], &[left, right]),
            },
        };
        self.set(ins.a, result);
        Ok(Step::Interpret)
    }

    /// Operands of a comparison as two Ints or two Flts. A float and a small int constant: the int is exact as a float. Other
    /// mixes are left to the helper.
    fn numbers(&mut self, [(left, x), (right, y)]: [(Ref, Value); 2]) -> Option<[Ref; 2]> {
        const EXACT: u64 = 1 << 53;
        let small = |v: Value| v.is_int() && v.as_fixnum().unsigned_abs() <= EXACT;
        if x.is_int() && y.is_int() {
            Some([self.int(left), self.int(right)])
        } else if x.is_float() && y.is_float() {
            Some([self.float(left), self.float(right)])
        } else if x.is_float() && small(y) {
            let int = self.int(right);
            let right = self.checked(Op::IntToFltExact, int, Ref::NONE);
            Some([self.float(left), right])
        } else if small(x) && y.is_float() {
            let int = self.int(left);
            let left = self.checked(Op::IntToFltExact, int, Ref::NONE);
            Some([left, self.float(right)])
        } else {
            None
        }
    }

    /// Whether a bool that is not known, or an int, is true.
    fn truth_condition(&mut self, r: Ref, value: Value) -> Option<Condition> {
        if r.is_constant() {
            None
        } else if value.is_bool() {
            (self.ty(r) == Ty::Bool).then(|| Condition::bool(r))
        } else if value.is_int() {
            let (int, zero) = (self.int(r), self.constant_int(0));
            Some(Condition::same(int, zero, true))
        } else {
            None
        }
    }

    fn int_comparison(&mut self, kind: Compare, left: Ref, right: Ref, x: i64, y: i64) -> bool {
        let (truth, op, a, b) = match kind {
            Compare::Equal | Compare::NotEqual => {
                let op = if x == y { Op::G_Eq } else { Op::G_Ne };
                ((x == y) == (kind == Compare::Equal), op, left, right)
            }
            Compare::Less if x < y => (true, Op::G_Lt, left, right),
            Compare::Less => (false, Op::G_Le, right, left),
            Compare::LessEqual if x <= y => (true, Op::G_Le, left, right),
            Compare::LessEqual => (false, Op::G_Lt, right, left),
            Compare::Greater if x > y => (true, Op::G_Lt, right, left),
            Compare::Greater => (false, Op::G_Le, left, right),
            Compare::GreaterEqual if x >= y => (true, Op::G_Le, right, left),
            Compare::GreaterEqual => (false, Op::G_Lt, left, right),
        };
        self.guard(op, Ty::Nil, a, b, 0);
        if op == Op::G_Eq && b.is_constant() {
            self.refine(a, b);
        }
        truth
    }

    fn float_comparison(&mut self, kind: Compare, left: Ref, right: Ref, x: f64, y: f64) -> bool {
        let (truth, yes, no, a, b) = match kind {
            Compare::Equal => (x == y, Op::G_FltEq, Op::G_FltNe, left, right),
            Compare::NotEqual => (x != y, Op::G_FltNe, Op::G_FltEq, left, right),
            Compare::Less => (x < y, Op::G_FltLt, Op::G_FltNlt, left, right),
            Compare::LessEqual => (x <= y, Op::G_FltLe, Op::G_FltNle, left, right),
            Compare::Greater => (x > y, Op::G_FltLt, Op::G_FltNlt, right, left),
            Compare::GreaterEqual => (x >= y, Op::G_FltLe, Op::G_FltNle, right, left),
        };
        self.guard(if truth { yes } else { no }, Ty::Nil, a, b, 0);
        truth
    }

    /// Guards the truth of a value where no call is needed, or `None`.
    fn quick_truth(&mut self, vm: &mut Vm, r: Ref, value: Value) -> Option<bool> {
        if value.is_bool() || value == Value::NONE {
            self.same_word(vm, r, value);
            return Some(value == Value::TRUE);
        }
        if value.is_int() {
            let int = self.int(r);
            let zero = self.constant_int(0);
            let truth = value.as_fixnum() != 0;
            self.guard(if truth { Op::G_Ne } else { Op::G_Eq }, Ty::Nil, int, zero, 0);
            return Some(truth);
        }
        if value.is_float() {
            let float = self.float(r);
            let zero = self.constant_float(0.0);
            let truth = value.as_float() != 0.0;
            self.guard(if truth { Op::G_FltNe } else { Op::G_FltEq }, Ty::Nil, float, zero, 0);
            return Some(truth);
        }
        let (object, length) = self.with_length(vm, r, value)?;
        let length = self.emit(length, object, Ref::NONE, 0);
        let zero = self.constant_int(0);
        let truth = ops::native_truth(value);
        self.guard(if truth { Op::G_Ne } else { Op::G_Eq }, Ty::Nil, length, zero, 0);
        Some(truth)
    }

    // --- small parts --------------------------------------------------------------------------------------------

    fn empty_string(&mut self, vm: &mut Vm) -> Ref {
        let empty = vm.str("");
        self.constant(vm, empty)
    }

    /// A new tuple of any number of items: one that is too long for NEW is put together by helpers of five words.
    pub(super) fn tuple_of(&mut self, vm: &mut Vm, items: &[Ref]) -> Ref {
        let bytes = Tuple::ITEMS + 8 * items.len();
        if !items.is_empty() && bytes <= LARGEST_CELL {
            // Boxes are made before the object is there.
            let mut words = vec![self.constant_raw(items.len() as u64, items.len().to_string())];
            words.extend(items.iter().map(|&item| self.tagged(item)));
            // The layout of an exact builtin object is that of its shape.
            return self.new_object(ShapeId::TUPLE, ShapeId::TUPLE.0 as u8, 0, &words);
        }
        let mut whole: Option<Ref> = None;
        for chunk in items.chunks(helpers::BUILD_TUPLE.len()) {
            let part = self.call(helpers::BUILD_TUPLE[chunk.len() - 1], chunk);
            whole = Some(match whole {
                Some(before) => self.call(helpers::BINARY[Binary::Add as usize], &[before, part]),
                None => part,
            });
        }
        whole.unwrap_or_else(|| {
            let empty = vm.tuple(&[]).unwrap_or(Value::NONE);
            self.constant(vm, empty)
        })
    }
}

/// Whether an augmented assignment to a builtin operand does what the operator does, which it has: the error of one that it
/// has not names the assignment.
fn means_the_same(kind: Binary, x: Value, y: Value) -> bool {
    let number = |value: Value| value.is_int() || value.is_float();
    match (shape(x), shape(y)) {
        (Some(ShapeId::STR), right) => match kind {
            Binary::Add => right == Some(ShapeId::STR),
            Binary::Mul => y.is_int(),
            _ => kind == Binary::Mod,
        },
        (Some(ShapeId::TUPLE), right) => match kind {
            Binary::Add => right == Some(ShapeId::TUPLE),
            _ => kind == Binary::Mul && y.is_int(),
        },
        (None, Some(ShapeId::STR | ShapeId::TUPLE)) => kind == Binary::Mul && x.is_int(),
        (None, None) if x.is_int() && y.is_int() => kind != Binary::MatMul,
        (None, None) => {
            let arithmetic = matches!(
                kind,
                Binary::Add
                    | Binary::Sub
                    | Binary::Mul
                    | Binary::TrueDiv
                    | Binary::FloorDiv
                    | Binary::Mod
                    | Binary::Pow
            );
            arithmetic && number(x) && number(y)
        }
        _ => false,
    }
}
