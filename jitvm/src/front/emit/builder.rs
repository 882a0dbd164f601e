//! The parts of one code object as they grow: instructions, tables, registers, labels.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use super::flow::{Label, LabelInfo, LocalSet, State, join};
use crate::bytecode::{Constant, ExceptionRange, Instruction, Op, Position};
use crate::front::hir::Symbol;

/// Number of a register.
pub type Register = u16;

/// Copies of `finally` bodies can make a small text a huge code; it is refused from here on.
const MOST_INSTRUCTIONS: usize = 1 << 22;

/// A range of instructions whose handler comes later.
pub struct OpenRange {
    start: u32,
    pieces: Vec<(u32, u32)>,
    /// What is assigned at each of its points.
    state: State,
}

#[derive(Default)]
pub struct Builder {
    pub instructions: Vec<Instruction>,
    pub positions: Vec<Position>,
    pub constants: Vec<Constant>,
    constant_index: HashMap<ConstantKey, u16>,
    pub names: Vec<Symbol>,
    name_index: HashMap<Symbol, u16>,
    pub globals: Vec<Symbol>,
    global_index: HashMap<Symbol, u16>,
    pub loops: Vec<u32>,
    labels: Vec<LabelInfo>,
    /// Jumps whose label was not bound when they were emitted.
    pending: Vec<(usize, Label)>,
    /// First register above locals and live temporaries.
    next: u32,
    highest: u32,
    /// Open exception ranges, innermost last.
    ranges: Vec<OpenRange>,
    /// Finished pieces of ranges, innermost first, whose handler's label may not be bound yet.
    finished: Vec<(u32, u32, Label, Register)>,
    /// A table or the frame outgrew its operand field.
    pub overflow: bool,
    pub state: State,
}

impl Builder {
    /// A code with these many locals, the first of them parameters.
    pub fn new(locals: u16, parameters: u16) -> Builder {
        Builder {
            next: u32::from(locals),
            highest: u32::from(locals),
            state: Some(LocalSet::below(parameters)),
            ..Builder::default()
        }
    }

    pub fn reachable(&self) -> bool {
        self.state.is_some()
    }

    /// Marks what follows as never reached.
    pub fn end_path(&mut self) {
        self.state = None;
    }

    pub fn is_assigned(&self, register: Register) -> bool {
        self.state.as_ref().is_none_or(|state| state.contains(register))
    }

    pub fn set_assigned(&mut self, register: Register, assigned: bool) {
        if let Some(state) = &mut self.state {
            if assigned { state.insert(register) } else { state.remove(register) }
        }
        if !assigned {
            // A handler can be reached from every point of its range.
            self.ranges.iter_mut().filter_map(|range| range.state.as_mut()).for_each(|state| state.remove(register));
        }
    }

    /// Exceptions go to a handler from here on.
    pub fn open_range(&mut self) {
        let start = self.instructions.len() as u32;
        self.ranges.push(OpenRange { start, pieces: Vec::new(), state: self.state.clone() });
    }

    /// The innermost range ends here, for a while or for good.
    pub fn suspend_range(&mut self) -> OpenRange {
        let mut range = self.ranges.pop().expect("ranges are opened and closed in pairs");
        let end = self.instructions.len() as u32;
        if range.start < end {
            range.pieces.push((range.start, end));
        }
        range
    }

    /// A suspended range goes on from here.
    pub fn resume_range(&mut self, mut range: OpenRange) {
        range.start = self.instructions.len() as u32;
        self.ranges.push(range);
    }

    /// The label of a range's handler, which gets the exception in a register. It is only reached if the range holds
    /// any instruction.
    pub fn finish_range(&mut self, range: OpenRange, register: Register) -> Label {
        let label = self.new_label();
        if !range.pieces.is_empty() {
            self.labels[label.0].state = range.state;
        }
        self.finished.extend(range.pieces.into_iter().map(|(start, end)| (start, end, label, register)));
        label
    }

    /// Appends an instruction, unless nothing leads here.
    pub fn emit(&mut self, instruction: Instruction, position: Position) {
        if self.instructions.len() >= MOST_INSTRUCTIONS {
            self.overflow = true;
        } else if self.reachable() {
            self.instructions.push(instruction);
            self.positions.push(position);
        }
    }

    pub fn new_label(&mut self) -> Label {
        self.labels.push(LabelInfo::default());
        Label(self.labels.len() - 1)
    }

    /// Places a label here.
    pub fn bind(&mut self, label: Label) {
        let info = &mut self.labels[label.0];
        info.target = Some(self.instructions.len() as u32);
        join(&mut self.state, &info.state);
    }

    /// Appends `Jump`, `JumpIfTrue` or `JumpIfFalse`. The path goes on after a `Jump` too, as `ForIter` skips it;
    /// otherwise `end_path` is to follow.
    pub fn jump(&mut self, op: Op, register: Register, label: Label, position: Position) {
        if !self.reachable() {
            return;
        }
        let info = &mut self.labels[label.0];
        if info.target.is_none() {
            join(&mut info.state, &self.state);
            self.pending.push((self.instructions.len(), label));
        }
        let target = info.target.unwrap_or_default();
        self.emit(Instruction::with_target(op, register, target), position);
    }

    /// Gives all forward jumps their targets; the exception ranges.
    pub fn resolve(&mut self) -> Vec<ExceptionRange> {
        for (index, label) in self.pending.drain(..) {
            let target = self.labels[label.0].target.expect("every label is bound by the end of its statement");
            let Instruction { op, a, .. } = self.instructions[index];
            self.instructions[index] = Instruction::with_target(op, a, target);
        }
        let labels = &self.labels;
        let target = |label: Label| labels[label.0].target.expect("every handler is bound by the end of its statement");
        let range = |(start, end, label, register)| ExceptionRange { start, end, target: target(label), register };
        self.finished.drain(..).map(range).collect()
    }

    /// Takes a block of temporaries.
    pub fn push(&mut self, count: u32) -> Register {
        let first = self.next;
        self.next += count;
        self.highest = self.highest.max(self.next);
        self.narrow(first)
    }

    /// First free temporary.
    pub fn mark(&self) -> u32 {
        self.next
    }

    /// Frees the temporaries from a mark on.
    pub fn release(&mut self, mark: u32) {
        self.next = mark;
    }

    /// Registers of the frame. One at least, so that register 0 exists for instructions that need not name one.
    pub fn registers(&mut self) -> u16 {
        let highest = self.highest.max(1);
        self.narrow(highest)
    }

    /// An operand field; noting where it does not fit.
    pub fn narrow(&mut self, value: u32) -> u16 {
        u16::try_from(value).unwrap_or_else(|_| {
            self.overflow = true;
            u16::MAX
        })
    }

    pub fn constant(&mut self, constant: Constant) -> u16 {
        let key = ConstantKey(constant);
        if let Some(&index) = self.constant_index.get(&key) {
            return index;
        }
        let index = self.narrow(self.constants.len() as u32);
        self.constants.push(key.0.clone());
        self.constant_index.insert(key, index);
        index
    }

    pub fn name(&mut self, symbol: Symbol) -> u16 {
        let (index, overflow) = intern(&mut self.names, &mut self.name_index, symbol);
        self.overflow |= overflow;
        index
    }

    pub fn global(&mut self, symbol: Symbol) -> u16 {
        let (index, overflow) = intern(&mut self.globals, &mut self.global_index, symbol);
        self.overflow |= overflow;
        index
    }
}

fn intern(table: &mut Vec<Symbol>, index: &mut HashMap<Symbol, u16>, symbol: Symbol) -> (u16, bool) {
    if let Some(&known) = index.get(&symbol) {
        return (known, false);
    }
    let number = u16::try_from(table.len());
    table.push(symbol);
    index.insert(symbol, number.unwrap_or(u16::MAX));
    (number.unwrap_or(u16::MAX), number.is_err())
}

/// A constant as a key: same type and same bits, so that `1`, `1.0` and `True` stay apart, as do `0.0` and `-0.0`.
struct ConstantKey(Constant);

impl PartialEq for ConstantKey {
    fn eq(&self, other: &ConstantKey) -> bool {
        same(&self.0, &other.0)
    }
}

impl Eq for ConstantKey {}

fn same(left: &Constant, right: &Constant) -> bool {
    match (left, right) {
        (Constant::Float(left), Constant::Float(right)) => left.to_bits() == right.to_bits(),
        (Constant::Complex(left, left_imaginary), Constant::Complex(right, right_imaginary)) => {
            left.to_bits() == right.to_bits() && left_imaginary.to_bits() == right_imaginary.to_bits()
        }
        (Constant::Tuple(left), Constant::Tuple(right)) | (Constant::FrozenSet(left), Constant::FrozenSet(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (left, right) => left == right,
    }
}

impl Hash for ConstantKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash(&self.0, state);
    }
}

fn hash<H: Hasher>(constant: &Constant, state: &mut H) {
    std::mem::discriminant(constant).hash(state);
    match constant {
        Constant::None | Constant::True | Constant::False | Constant::Ellipsis => {}
        Constant::Int(value) => value.hash(state),
        Constant::BigInt(text) | Constant::Str(text) => text.hash(state),
        Constant::Float(value) => value.to_bits().hash(state),
        Constant::Complex(real, imaginary) => (real.to_bits(), imaginary.to_bits()).hash(state),
        Constant::Surrogates(text) => text.hash(state),
        Constant::Bytes(bytes) => bytes.hash(state),
        Constant::Tuple(items) | Constant::FrozenSet(items) => items.iter().for_each(|item| hash(item, state)),
        Constant::Code(index) => index.hash(state),
    }
}
