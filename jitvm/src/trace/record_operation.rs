//! What each bytecode becomes in a trace, specialised to the values it has now.
//!
//! Two rules hold throughout: all guards of a bytecode come before its first effect, and an operation without a
//! special form is a call of a helper, not an abort.

use std::mem::offset_of;

use super::abort::AbortReason;
use super::recorder::{Recorder, Recording, Step, abort};
use crate::bytecode::{Instruction, Op as Bytecode};
use crate::interp::helpers;
use crate::ir::{Op, Ref, Ty};
use crate::runtime::attributes;
use crate::runtime::compare::CompareKind as Compare;
use crate::runtime::object::{List, Range, ShapeId, Tuple};
use crate::runtime::operators::{self as ops, Binary};
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;
use crate::runtime::{sequences, strings};

/// Shape of a heap object, if the value is one.
pub(super) fn shape(value: Value) -> Option<ShapeId> {
    // SAFETY: a pointer value is the address of a live heap object, which starts with its shape.
    value.is_pointer().then(|| unsafe { *(value.address() as *const ShapeId) })
}

/// Items of a list or tuple, code points of a str.
fn sequence_length(value: Value) -> Option<usize> {
    match shape(value)? {
        ShapeId::LIST | ShapeId::TUPLE => Some(sequences::items(value).len()),
        ShapeId::STR => Some(strings::length(value)),
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
                let cell = self.global_cell(vm, ins.b);
                let value = self.get(ins.a);
                let word = self.tagged(value);
                self.emit(Op::CellStore, cell, word, 0);
            }
            Bytecode::DeleteGlobal => return abort(AbortReason::UnsupportedOperation, "del of a global"),
            Bytecode::Add => self.binary(vm, ins, Binary::Add, at(ins.b), at(ins.c)),
            Bytecode::Sub => self.binary(vm, ins, Binary::Sub, at(ins.b), at(ins.c)),
            Bytecode::Mul => self.binary(vm, ins, Binary::Mul, at(ins.b), at(ins.c)),
            Bytecode::TrueDiv => self.binary(vm, ins, Binary::TrueDiv, at(ins.b), at(ins.c)),
            Bytecode::FloorDiv => self.binary(vm, ins, Binary::FloorDiv, at(ins.b), at(ins.c)),
            Bytecode::Mod => self.binary(vm, ins, Binary::Mod, at(ins.b), at(ins.c)),
            Bytecode::Pow => self.binary(vm, ins, Binary::Pow, at(ins.b), at(ins.c)),
            Bytecode::LeftShift => self.binary(vm, ins, Binary::LeftShift, at(ins.b), at(ins.c)),
            Bytecode::RightShift => self.binary(vm, ins, Binary::RightShift, at(ins.b), at(ins.c)),
            Bytecode::BitAnd => self.binary(vm, ins, Binary::BitAnd, at(ins.b), at(ins.c)),
            Bytecode::BitOr => self.binary(vm, ins, Binary::BitOr, at(ins.b), at(ins.c)),
            Bytecode::BitXor => self.binary(vm, ins, Binary::BitXor, at(ins.b), at(ins.c)),
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
                match self.quick_truth(vm, operand, at(ins.b)) {
                    Some(truth) => {
                        let result = self.constant(vm, Value::from_bool(!truth));
                        self.set(ins.a, result);
                    }
                    None => {
                        let result = self.call(helpers::NOT, &[operand]);
                        self.set(ins.a, result);
                    }
                }
            }
            Bytecode::Less => self.comparison(vm, ins, Compare::Less, at(ins.b), at(ins.c)),
            Bytecode::LessEqual => self.comparison(vm, ins, Compare::LessEqual, at(ins.b), at(ins.c)),
            Bytecode::Equal => self.comparison(vm, ins, Compare::Equal, at(ins.b), at(ins.c)),
            Bytecode::NotEqual => self.comparison(vm, ins, Compare::NotEqual, at(ins.b), at(ins.c)),
            Bytecode::Greater => self.comparison(vm, ins, Compare::Greater, at(ins.b), at(ins.c)),
            Bytecode::GreaterEqual => self.comparison(vm, ins, Compare::GreaterEqual, at(ins.b), at(ins.c)),
            Bytecode::Is | Bytecode::IsNot => {
                let (left, right) = (self.get(ins.b), self.get(ins.c));
                let (left, right) = (self.tagged(left), self.tagged(right));
                let same = at(ins.b) == at(ins.c);
                self.guard(if same { Op::G_Eq } else { Op::G_Ne }, Ty::Nil, left, right, 0);
                let result = self.constant(vm, Value::from_bool(same == (ins.op == Bytecode::Is)));
                self.set(ins.a, result);
            }
            Bytecode::In | Bytecode::NotIn => {
                let (item, container) = (self.get(ins.b), self.get(ins.c));
                let helper = if ins.op == Bytecode::In { helpers::CONTAINS } else { helpers::NOT_CONTAINS };
                let result = self.call(helper, &[container, item]);
                self.set(ins.a, result);
            }
            Bytecode::Jump => {}
            Bytecode::JumpIfTrue | Bytecode::JumpIfFalse => {
                let operand = self.get(ins.a);
                if self.quick_truth(vm, operand, at(ins.a)).is_none() {
                    // The truth of a builtin object is a pure question: an exit may ask it again.
                    let truth = ops::truth(at(ins.a));
                    let answer = self.call(helpers::TRUTH, &[operand]);
                    self.same_word(vm, answer, Value::from_bool(truth));
                }
            }
            Bytecode::LoopHeader | Bytecode::LoopEnter | Bytecode::LoopCold => {
                return abort(AbortReason::InnerLoop, self.place());
            }
            Bytecode::GetIter => return self.get_iter(vm, ins, at(ins.b)).map(|()| Step::Interpret),
            Bytecode::ForIter => self.for_iter(vm, ins, base)?,
            Bytecode::Call | Bytecode::CallMethod => return self.record_call(vm, ins, base),
            Bytecode::LoadMethod => self.load_method(vm, ins, at(ins.b))?,
            Bytecode::Return => {
                let result = self.get(ins.a);
                self.pop_frame(result)?;
            }
            Bytecode::BuildList | Bytecode::BuildTuple => {
                let items: Vec<Ref> = (ins.b..ins.b + ins.c).map(|r| self.get(r)).collect();
                let is_list = ins.op == Bytecode::BuildList;
                let mut result = self.tuple_of(vm, &items);
                if is_list {
                    result = self.call(helpers::LIST_OF_TUPLE, &[result]);
                }
                self.set(ins.a, result);
            }
            Bytecode::BuildSlice => {
                let parts: Vec<Ref> = (0..3).map(|i| self.get(ins.b + i)).collect();
                let result = self.call(helpers::BUILD_SLICE, &parts);
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
            Bytecode::GetItem => self.get_item(ins, at(ins.b), at(ins.c)),
            Bytecode::SetItem => self.set_item(ins, at(ins.a), at(ins.b)),
            Bytecode::DeleteItem => {
                let (object, index) = (self.get(ins.a), self.get(ins.b));
                self.call(helpers::DELETE_ITEM, &[object, index]);
            }
            Bytecode::Unpack => self.unpack(vm, ins, at(ins.c))?,
            Bytecode::GetAttr => self.get_attr(vm, ins, at(ins.b))?,
            Bytecode::SetAttr => return abort(AbortReason::UnsupportedOperation, "assignment to an attribute"),
            Bytecode::MakeFunction => return abort(AbortReason::UnsupportedOperation, "definition of a function"),
            Bytecode::Import | Bytecode::ImportFrom => return abort(AbortReason::UnsupportedOperation, "import"),
            Bytecode::Raise | Bytecode::AssertFail => return abort(AbortReason::Exception, ins.op.name()),
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

    fn binary(&mut self, vm: &mut Vm, ins: Instruction, kind: Binary, x: Value, y: Value) {
        let (left, right) = (self.get(ins.b), self.get(ins.c));
        let result = if x.is_int() && y.is_int() {
            self.int_binary(kind, left, right, x.as_fixnum(), y.as_fixnum())
        } else if (x.is_float() || x.is_int()) && (y.is_float() || y.is_int()) {
            self.float_binary(kind, left, right, x, y)
        } else {
            None
        };
        let result = result.unwrap_or_else(|| {
            let changes_list = ins.x == 1 && shape(x) == Some(ShapeId::LIST);
            if changes_list {
                // The helper's effects depend on the operand being a list or not.
                self.object(left, ShapeId::LIST);
            } else if ins.x == 1 && x.is_pointer() {
                if let Some(shape) = shape(x) {
                    self.object(left, shape);
                }
            } else if ins.x == 1 {
                self.plain_operand(vm, left, x);
            }
            let (left, right) = (self.get(ins.b), self.get(ins.c));
            let table = if changes_list { helpers::IN_PLACE } else { helpers::BINARY };
            self.call(table[kind as usize], &[left, right])
        });
        self.set(ins.a, result);
    }

    /// Checks that an operand is what it is now where a helper's effects depend on it.
    fn plain_operand(&mut self, vm: &mut Vm, r: Ref, value: Value) {
        if value.is_int() {
            self.int(r);
        } else if value.is_float() {
            self.float(r);
        } else {
            self.same_word(vm, r, value);
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

    // --- comparison and truth -----------------------------------------------------------------------------------

    fn comparison(&mut self, vm: &mut Vm, ins: Instruction, kind: Compare, x: Value, y: Value) {
        let (left, right) = (self.get(ins.b), self.get(ins.c));
        let outcome = if x.is_int() && y.is_int() {
            let (left, right) = (self.int(left), self.int(right));
            Some(self.int_comparison(kind, left, right, x.as_fixnum(), y.as_fixnum()))
        } else if x.is_float() && y.is_float() {
            let (left, right) = (self.float(left), self.float(right));
            Some(self.float_comparison(kind, left, right, x.as_float(), y.as_float()))
        } else {
            self.mixed_comparison(kind, left, right, x, y)
        };
        let result = match outcome {
            Some(truth) => self.constant(vm, Value::from_bool(truth)),
            None => self.call(helpers::COMPARE[kind as usize], &[left, right]),
        };
        self.set(ins.a, result);
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

    /// A float and a small int constant: the int is exact as a float. Other mixes are left to the helper.
    fn mixed_comparison(&mut self, kind: Compare, left: Ref, right: Ref, x: Value, y: Value) -> Option<bool> {
        const EXACT: u64 = 1 << 53;
        let small = |v: Value| v.is_int() && v.as_fixnum().unsigned_abs() <= EXACT;
        let (p, q, left, right) = if x.is_float() && small(y) {
            let int = self.int(right);
            let right = self.checked(Op::IntToFltExact, int, Ref::NONE);
            (x.as_float(), y.as_fixnum() as f64, self.float(left), right)
        } else if small(x) && y.is_float() {
            let int = self.int(left);
            let left = self.checked(Op::IntToFltExact, int, Ref::NONE);
            (x.as_fixnum() as f64, y.as_float(), left, self.float(right))
        } else {
            return None;
        };
        Some(self.float_comparison(kind, left, right, p, q))
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
        let length = match shape(value)? {
            ShapeId::LIST => Op::ListLen,
            ShapeId::TUPLE => Op::TupleLen,
            ShapeId::STR => Op::StrLen,
            _ => return None,
        };
        let object = self.object(r, shape(value)?);
        let length = self.emit(length, object, Ref::NONE, 0);
        let zero = self.constant_int(0);
        let truth = ops::truth(value);
        self.guard(if truth { Op::G_Ne } else { Op::G_Eq }, Ty::Nil, length, zero, 0);
        Some(truth)
    }

    // --- globals and attributes ---------------------------------------------------------------------------------

    fn global_cell(&mut self, vm: &mut Vm, index: u16) -> Ref {
        let code = self.frames.last().expect("the anchor frame stays").code;
        // SAFETY: code objects and their cells live as long as the VM.
        let (cell, name) = unsafe {
            let cell = (&(*code).globals)[index as usize];
            (cell, (*cell).name)
        };
        let text = format!("global {}", strings::text(name));
        self.constant_raw(cell as u64, text)
    }

    fn load_global(&mut self, vm: &mut Vm, ins: Instruction) -> Recording {
        let code = self.frames.last().expect("the anchor frame stays").code;
        // SAFETY: code objects and their cells live as long as the VM.
        let (value, fallback) = unsafe {
            let cell = (&(*code).globals)[ins.b as usize];
            ((*cell).value, (*cell).fallback)
        };
        let cell = self.global_cell(vm, ins.b);
        let loaded = self.emit(Op::CellLoad, cell, Ref::NONE, 0);
        if value == Value::UNDEF {
            if fallback == Value::UNDEF {
                return abort(AbortReason::Exception, "NameError");
            }
            self.same_word(vm, loaded, Value::UNDEF);
            let builtin = self.constant(vm, fallback);
            self.set(ins.a, builtin);
            return Ok(());
        }
        let result = self.code_like(vm, loaded, value);
        self.set(ins.a, result);
        Ok(())
    }

    /// A value that is always the same in sane programs (functions, types, modules) becomes a constant.
    fn code_like(&mut self, vm: &mut Vm, r: Ref, value: Value) -> Ref {
        match shape(value) {
            Some(ShapeId::FUNCTION | ShapeId::BUILTIN | ShapeId::TYPE | ShapeId::MODULE | ShapeId::BOUND_METHOD) => {
                self.same_word(vm, r, value)
            }
            _ => r,
        }
    }

    fn get_attr(&mut self, vm: &mut Vm, ins: Instruction, object: Value) -> Recording {
        let name = self.name(ins.c);
        let receiver = self.get(ins.b);
        if shape(object) == Some(ShapeId::MODULE) {
            if let Some(result) = self.module_attribute(vm, receiver, object, name) {
                self.set(ins.a, result);
                return Ok(());
            }
        }
        let name = self.constant(vm, name);
        let result = self.call(helpers::GET_ATTR, &[receiver, name]);
        self.set(ins.a, result);
        Ok(())
    }

    fn name(&self, index: u16) -> Value {
        let code = self.frames.last().expect("the anchor frame stays").code;
        // SAFETY: code objects live as long as the VM.
        unsafe { (&(*code).names)[index as usize] }
    }

    /// A global of a known module.
    fn module_attribute(&mut self, vm: &mut Vm, receiver: Ref, module: Value, name: Value) -> Option<Ref> {
        vm.global(module, name)?;
        let cell = vm.global_cell(module, name);
        // SAFETY: cells live as long as their module, which the guard below makes a constant.
        let value = unsafe { (*cell).value };
        if value == Value::UNDEF {
            return None;
        }
        self.same_word(vm, receiver, module);
        let text = format!("{}", strings::text(name));
        let cell = self.constant_raw(cell as u64, format!("module {text}"));
        let loaded = self.emit(Op::CellLoad, cell, Ref::NONE, 0);
        Some(self.code_like(vm, loaded, value))
    }

    fn load_method(&mut self, vm: &mut Vm, ins: Instruction, object: Value) -> Recording {
        let name = self.name(ins.c);
        let receiver = self.get(ins.b);
        let unbound = self.constant(vm, Value::UNDEF);
        if shape(object) == Some(ShapeId::MODULE) {
            if let Some(result) = self.module_attribute(vm, receiver, object, name) {
                self.set(ins.a, result);
                self.set(ins.a + 1, unbound);
                return Ok(());
            }
        }
        // The receiver's class decides which method it is; those of builtin types never change.
        let receiver = match shape(object) {
            Some(shape) => self.object(receiver, shape),
            None if object.is_int() => self.int(receiver),
            None if object.is_float() => self.float(receiver),
            None => self.same_word(vm, receiver, object),
        };
        match attributes::load_method(vm, object, name) {
            Ok((callable, this)) if this == object && shape(callable).is_some() => {
                let callable = self.constant(vm, callable);
                self.set(ins.a, callable);
                self.set(ins.a + 1, receiver);
                Ok(())
            }
            Ok(_) => abort(AbortReason::UnsupportedOperation, format!("attribute {}", strings::text(name))),
            Err(_) => {
                vm.exception = Value::UNDEF;
                abort(AbortReason::Exception, format!("attribute {}", strings::text(name)))
            }
        }
    }

    // --- subscripts ---------------------------------------------------------------------------------------------

    /// The index as an Int in `0..length`, with its guards; `None` if it is out of range now.
    fn element_index(&mut self, index: Ref, i: i64, length: Ref, n: i64) -> Option<Ref> {
        let index = self.int(index);
        if i >= 0 {
            if i >= n {
                return None;
            }
            self.guard(Op::G_Ult, Ty::Nil, index, length, 0);
            return Some(index);
        }
        if i + n < 0 {
            return None;
        }
        let zero = self.constant_int(0);
        self.guard(Op::G_Lt, Ty::Nil, index, zero, 0);
        let wrapped = self.emit(Op::Add, index, length, 0);
        self.guard(Op::G_Ult, Ty::Nil, wrapped, length, 0);
        Some(wrapped)
    }

    fn get_item(&mut self, ins: Instruction, object: Value, index: Value) {
        let (container, key) = (self.get(ins.b), self.get(ins.c));
        let result = self.element(container, key, object, index);
        let result = match result {
            Some(element) => element,
            None => {
                let (container, key) = (self.get(ins.b), self.get(ins.c));
                self.call(helpers::GET_ITEM, &[container, key])
            }
        };
        self.set(ins.a, result);
    }

    fn element(&mut self, container: Ref, key: Ref, object: Value, index: Value) -> Option<Ref> {
        if !index.is_int() {
            return None;
        }
        let i = index.as_fixnum();
        match shape(object)? {
            ShapeId::LIST => {
                // SAFETY: the shape says it is a list.
                let n = unsafe { (*(object.address() as *const List)).length };
                let list = self.object(container, ShapeId::LIST);
                let length = self.emit(Op::ListLen, list, Ref::NONE, 0);
                let index = self.element_index(key, i, length, n.into())?;
                let data = self.emit(Op::ListData, list, Ref::NONE, 0);
                Some(self.emit(Op::ElemLoad, data, index, 0))
            }
            ShapeId::TUPLE => {
                // SAFETY: the shape says it is a tuple.
                let n = unsafe { (*(object.address() as *const Tuple)).length };
                let tuple = self.object(container, ShapeId::TUPLE);
                let length = self.emit(Op::TupleLen, tuple, Ref::NONE, 0);
                let index = self.element_index(key, i, length, n as i64)?;
                let data = self.emit(Op::TupleData, tuple, Ref::NONE, 0);
                Some(self.emit(Op::ItemLoad, data, index, 0))
            }
            _ => None,
        }
    }

    fn set_item(&mut self, ins: Instruction, object: Value, index: Value) {
        let (container, key, value) = (self.get(ins.a), self.get(ins.b), self.get(ins.c));
        if shape(object) == Some(ShapeId::LIST) && index.is_int() {
            // SAFETY: the shape says it is a list.
            let n = unsafe { (*(object.address() as *const List)).length };
            let list = self.object(container, ShapeId::LIST);
            let length = self.emit(Op::ListLen, list, Ref::NONE, 0);
            if let Some(index) = self.element_index(key, index.as_fixnum(), length, n.into()) {
                let word = self.tagged(value);
                // Boxing may collect, so the address is taken after it.
                let data = self.emit(Op::ListData, list, Ref::NONE, 0);
                self.store_element(data, index, word);
                return;
            }
        }
        let (container, key) = (self.get(ins.a), self.get(ins.b));
        self.call(helpers::SET_ITEM, &[container, key, value]);
    }

    fn unpack(&mut self, vm: &mut Vm, ins: Instruction, object: Value) -> Recording {
        let source = self.get(ins.c);
        let (length, data, load) = match shape(object) {
            Some(ShapeId::LIST) => (Op::ListLen, Op::ListData, Op::ElemLoad),
            Some(ShapeId::TUPLE) => (Op::TupleLen, Op::TupleData, Op::ItemLoad),
            _ => return abort(AbortReason::UnsupportedOperation, "unpacking of this type"),
        };
        if sequence_length(object) != Some(ins.b as usize) {
            return abort(AbortReason::Exception, "unpacking of the wrong length");
        }
        let sequence = self.object(source, shape(object).expect("a heap object"));
        let length = self.emit(length, sequence, Ref::NONE, 0);
        let expected = self.constant_int(ins.b.into());
        self.guard(Op::G_Eq, Ty::Nil, length, expected, 0);
        let data = self.emit(data, sequence, Ref::NONE, 0);
        for i in 0..ins.b {
            let index = self.constant_int(i.into());
            let item = self.emit(load, data, index, 0);
            self.set(ins.a + i, item);
        }
        Ok(())
    }

    // --- iteration ----------------------------------------------------------------------------------------------

    fn get_iter(&mut self, vm: &mut Vm, ins: Instruction, iterable: Value) -> Recording {
        let source = self.get(ins.b);
        let zero = self.constant_int(0);
        match shape(iterable) {
            Some(shape @ (ShapeId::LIST | ShapeId::TUPLE | ShapeId::STR)) => {
                let object = self.object(source, shape);
                self.set(ins.a, object);
                self.set(ins.a + 1, zero);
                let unused = self.constant(vm, Value::UNDEF);
                self.set(ins.a + 2, unused);
                self.set(ins.a + 3, unused);
                Ok(())
            }
            Some(ShapeId::RANGE) => {
                let bounds = match self.range_made_here(source) {
                    Some(bounds) => bounds,
                    None => {
                        let range = self.object(source, ShapeId::RANGE);
                        let fields = [offset_of!(Range, start), offset_of!(Range, stop), offset_of!(Range, step)];
                        fields.map(|offset| self.emit(Op::FieldLoad, range, Ref::NONE, offset as u32))
                    }
                };
                let state = self.constant(vm, Value::RANGE_STATE);
                self.set(ins.a, state);
                for (i, bound) in bounds.into_iter().enumerate() {
                    self.set(ins.a + 1 + i as u16, bound);
                }
                Ok(())
            }
            _ => abort(AbortReason::UnsupportedOperation, "iteration over this type"),
        }
    }

    /// Start, stop and step of a range that the trace itself makes: then the object is not needed.
    fn range_made_here(&self, r: Ref) -> Option<[Ref; 3]> {
        if r.is_constant() {
            return None;
        }
        let ins = self.body.ins[r.index()];
        if ins.op != Op::CallH || ins.c != u32::from(helpers::RANGE.0) {
            return None;
        }
        self.body.arguments(ins.a).try_into().ok()
    }

    fn for_iter(&mut self, vm: &mut Vm, ins: Instruction, base: *const Value) -> Recording {
        // SAFETY: registers of a verified instruction lie inside its frame.
        let at = |register: u16| unsafe { *base.add(register as usize) };
        let state = ins.b;
        let iterable = at(state);
        let holder = self.get(state);
        if iterable == Value::RANGE_STATE {
            self.same_word(vm, holder, iterable);
            let (next, stop, step) = (at(state + 1), at(state + 2), at(state + 3));
            let (n, s) = (next.as_fixnum(), stop.as_fixnum());
            let ascending = step.as_fixnum() > 0;
            let ends = if ascending { n >= s } else { n <= s };
            if ends && self.parent.is_none() {
                return abort(AbortReason::LeftLoop, self.place());
            }
            let step_ref = self.get(state + 3);
            // A step of one is worth a trace of its own; of others only the direction matters.
            let unit = step.as_fixnum().abs() == 1;
            let step_ref = if unit { self.same_word(vm, step_ref, step) } else { self.int(step_ref) };
            if !unit && !step_ref.is_constant() {
                let zero = self.constant_int(0);
                let (low, high) = if ascending { (zero, step_ref) } else { (step_ref, zero) };
                self.guard(Op::G_Lt, Ty::Nil, low, high, 0);
            }
            let next_ref = self.get(state + 1);
            let stop_ref = self.get(state + 2);
            let (next_ref, stop_ref) = (self.int(next_ref), self.int(stop_ref));
            let (low, high) = if ascending { (next_ref, stop_ref) } else { (stop_ref, next_ref) };
            if ends {
                // A side trace goes on behind the loop.
                self.guard(Op::G_Le, Ty::Nil, high, low, 0);
                return Ok(());
            }
            self.guard(Op::G_Lt, Ty::Nil, low, high, 0);
            // Stepping by one cannot pass the stop, so it cannot overflow either.
            let advanced = if unit {
                self.emit(Op::Add, next_ref, step_ref, 0)
            } else {
                self.checked(Op::AddOv, next_ref, step_ref)
            };
            self.set(ins.a, next_ref);
            self.set(state + 1, advanced);
            return Ok(());
        }
        let shape = shape(iterable);
        let Some(shape @ (ShapeId::LIST | ShapeId::TUPLE | ShapeId::STR)) = shape else {
            return self.iterator_object(vm, ins, holder);
        };
        let sequence = self.object(holder, shape);
        let index = self.get(state + 1);
        let index = self.int(index);
        let position = at(state + 1).as_fixnum();
        let Some(n) = sequence_length(iterable) else {
            return abort(AbortReason::UnsupportedOperation, "iteration");
        };
        let ends = position as usize >= n;
        if ends && self.parent.is_none() {
            return abort(AbortReason::LeftLoop, self.place());
        }
        let (length, data, load) = match shape {
            ShapeId::LIST => (Op::ListLen, Some(Op::ListData), Op::ElemLoad),
            ShapeId::TUPLE => (Op::TupleLen, Some(Op::TupleData), Op::ItemLoad),
            _ => (Op::StrLen, None, Op::Nop),
        };
        let length = self.emit(length, sequence, Ref::NONE, 0);
        if ends {
            self.guard(Op::G_Le, Ty::Nil, length, index, 0);
            return Ok(());
        }
        self.guard(Op::G_Ult, Ty::Nil, index, length, 0);
        let one = self.constant_int(1);
        let advanced = self.emit(Op::Add, index, one, 0);
        let item = match data {
            Some(data) => {
                let data = self.emit(data, sequence, Ref::NONE, 0);
                self.emit(load, data, index, 0)
            }
            None => self.call(helpers::STR_ITEM, &[sequence, index]),
        };
        self.set(ins.a, item);
        self.set(state + 1, advanced);
        Ok(())
    }

    /// Any other iterator: a call, which answers UNDEF at the end.
    fn iterator_object(&mut self, _vm: &mut Vm, _ins: Instruction, _holder: Ref) -> Recording {
        abort(AbortReason::UnsupportedOperation, "iteration over this type")
    }

    // --- small parts --------------------------------------------------------------------------------------------

    fn empty_string(&mut self, vm: &mut Vm) -> Ref {
        let empty = vm.str("");
        self.constant(vm, empty)
    }

    /// A new tuple of any number of items: helpers take at most five words.
    pub(super) fn tuple_of(&mut self, vm: &mut Vm, items: &[Ref]) -> Ref {
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
