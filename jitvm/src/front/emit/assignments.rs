//! Assignments: single, chained, parallel, augmented, and unpacking.

use super::builder::Register;
use super::calls::is_starred;
use super::{Emitter, Variable, Want};
use crate::bytecode::{Constant, Op, Position};
use crate::front::hir::{Expression, ExpressionKind};
use crate::front::scope::{Place, bound_names};

impl<'a> Emitter<'_, 'a> {
    pub(super) fn assign(&mut self, targets: &'a [Expression], value: &'a Expression) {
        if let [target] = targets
            && self.assign_in_parallel(target, value)
        {
            return;
        }
        let unpacks = targets.iter().any(|target| matches!(target.kind, ExpressionKind::Tuple(_)));
        let register = match &targets[0].kind {
            ExpressionKind::Name(symbol) if !unpacks => match self.variable(*symbol) {
                Variable::Place(Place::Local(local)) if !targets.iter().any(|target| self.rebinds(target, local)) => {
                    self.value(value, Want::Into(local))
                }
                _ => self.operand(value, &references(targets)),
            },
            // Unpacking into the variable that is unpacked must not change what the next target gets.
            _ if unpacks && targets.len() > 1 => self.value(value, Want::Fresh),
            _ => self.operand(value, &references(targets)),
        };
        for target in targets {
            let mark = self.builder.mark();
            self.store(target, register);
            self.builder.release(mark);
        }
    }

    /// `a, b = c, d` without making a tuple. False if it is not of this form.
    fn assign_in_parallel(&mut self, target: &'a Expression, value: &'a Expression) -> bool {
        let ExpressionKind::Tuple(targets) = &target.kind else { return false };
        match &value.kind {
            _ if targets.iter().any(is_starred) => false,
            ExpressionKind::Constant(Constant::Tuple(constants)) if constants.len() == targets.len() => {
                for (target, constant) in targets.iter().zip(constants) {
                    self.assign_constant(target, constant, value);
                }
                true
            }
            ExpressionKind::Tuple(values) | ExpressionKind::List(values)
                if values.len() == targets.len() && !values.iter().any(is_starred) =>
            {
                let registers = self.parallel_values(targets, values);
                for (target, register) in targets.iter().zip(registers) {
                    let mark = self.builder.mark();
                    self.store(target, register);
                    self.builder.release(mark);
                }
                true
            }
            _ => false,
        }
    }

    fn assign_constant(&mut self, target: &'a Expression, constant: &Constant, value: &Expression) {
        let mark = self.builder.mark();
        let register = match target.kind {
            ExpressionKind::Name(symbol) => self.variable_or_temporary(symbol),
            _ => self.builder.push(1),
        };
        let position = self.position(value);
        self.load_constant(register, constant, position);
        self.store(target, register);
        self.builder.release(mark);
    }

    /// Evaluates all values before any target is assigned; a variable is copied only if it changes before its turn.
    fn parallel_values(&mut self, targets: &'a [Expression], values: &'a [Expression]) -> Vec<Register> {
        let mut registers = Vec::with_capacity(values.len());
        let mut assigned = Vec::new();
        for (index, value) in values.iter().enumerate() {
            let later: Vec<&Expression> = values[index + 1..].iter().chain(targets).collect();
            let mut register = self.operand(value, &later);
            let changes = assigned
                .iter()
                .any(|&symbol| self.variable_register(symbol).is_some_and(|variable| variable == register));
            if changes {
                let copy = self.builder.push(1);
                let position = self.position(value);
                self.emit(Op::Move, copy, register, 0, position);
                register = copy;
            }
            registers.push(register);
            bound_names(&targets[index], &mut assigned);
        }
        registers
    }

    /// Assigns a register's value to a target.
    pub(super) fn store(&mut self, target: &'a Expression, register: Register) {
        let position = self.position(target);
        match &target.kind {
            ExpressionKind::Name(symbol) => self.store_name(*symbol, register, position),
            ExpressionKind::Attribute { object, name, .. } => {
                let object = self.operand(object, &[]);
                let name = self.builder.name(*name);
                self.emit(Op::SetAttr, object, register, name, position);
            }
            ExpressionKind::Subscript { object, index } => {
                let object = self.operand(object, &[index]);
                let index = self.operand(index, &[]);
                self.emit(Op::SetItem, object, index, register, position);
            }
            ExpressionKind::Tuple(items) => self.unpack(items, register, position),
            _ => {}
        }
    }

    fn unpack(&mut self, items: &'a [Expression], register: Register, position: Position) {
        let count = self.builder.narrow(items.len() as u32);
        let star = items.iter().position(is_starred);
        if let Some(first) = self.consecutive_variables(items) {
            self.emit(Op::Unpack, first, count, register, position);
            (first..first + count).for_each(|local| self.builder.set_assigned(local, true));
            return;
        }
        let first = self.builder.push(items.len() as u32);
        self.unpack_to(first, count, star, register, position);
        for (item, register) in items.iter().zip(first..) {
            let mark = self.builder.mark();
            match &item.kind {
                ExpressionKind::Starred(item) => self.store(item, register),
                _ => self.store(item, register),
            }
            self.builder.release(mark);
        }
    }

    /// Unpacks to consecutive registers; `star` is the index of the one that takes a list.
    pub(super) fn unpack_to(
        &mut self,
        first: Register,
        count: u16,
        star: Option<usize>,
        from: Register,
        position: Position,
    ) {
        let Some(star) = star else { return self.emit(Op::Unpack, first, count, from, position) };
        let after = u8::try_from(usize::from(count) - star - 1).unwrap_or_else(|_| {
            self.builder.overflow = true;
            u8::MAX
        });
        self.emit_marked(Op::UnpackStar, after, first, count, from, position);
    }

    /// First register, if the items are variables whose registers follow each other.
    fn consecutive_variables(&self, items: &[Expression]) -> Option<Register> {
        let register = |item: &Expression| match item.kind {
            ExpressionKind::Name(symbol) => self.variable_register(symbol),
            _ => None,
        };
        let first = register(items.first()?)?;
        items.iter().zip(first..).all(|(item, expected)| register(item) == Some(expected)).then_some(first)
    }

    pub(super) fn augmented_assign(
        &mut self,
        target: &'a Expression,
        operator: Op,
        value: &'a Expression,
        position: Position,
    ) {
        let place = self.position(target);
        match &target.kind {
            ExpressionKind::Name(symbol) => {
                let left = self.operand(target, &[value]);
                let right = self.operand(value, &[]);
                let result = self.variable_register(*symbol).unwrap_or(left);
                self.emit_marked(operator, 1, result, left, right, position);
                self.store_name(*symbol, result, place);
            }
            ExpressionKind::Attribute { object, name, .. } => {
                let object = self.operand(object, &[value]);
                let name = self.builder.name(*name);
                let result = self.builder.push(1);
                self.emit(Op::GetAttr, result, object, name, place);
                let right = self.operand(value, &[]);
                self.emit_marked(operator, 1, result, result, right, position);
                self.emit(Op::SetAttr, object, result, name, place);
            }
            ExpressionKind::Subscript { object, index } => {
                let object = self.operand(object, &[index, value]);
                let index = self.operand(index, &[value]);
                let result = self.builder.push(1);
                self.emit(Op::GetItem, result, object, index, place);
                let right = self.operand(value, &[]);
                self.emit_marked(operator, 1, result, result, right, position);
                self.emit(Op::SetItem, object, index, result, place);
            }
            _ => {}
        }
    }
}

fn references(expressions: &[Expression]) -> Vec<&Expression> {
    expressions.iter().collect()
}
