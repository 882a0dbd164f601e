//! Conditions to jumps: truth is tested where it is known, and seldom becomes a value.

use super::flow::Label;
use super::{Emitter, Op, Position};
use crate::front::fold;
use crate::front::hir::{Expression, ExpressionKind};

impl<'a> Emitter<'_, 'a> {
    /// Goes to `label` if an expression's truth is `jump_if`, and on otherwise. `position` is that of the statement or
    /// expression that asks.
    pub(super) fn condition(&mut self, expression: &'a Expression, jump_if: bool, label: Label, position: Position) {
        let mark = self.builder.mark();
        match &expression.kind {
            ExpressionKind::Constant(constant) => {
                if fold::truth(constant) == jump_if {
                    self.go(label, position);
                }
            }
            ExpressionKind::Unary { operator: Op::Not, operand } => {
                self.condition(operand, !jump_if, label, position);
            }
            ExpressionKind::And(items) => self.conditions(items, false, jump_if, label, position),
            ExpressionKind::Or(items) => self.conditions(items, true, jump_if, label, position),
            ExpressionKind::Compare { first, rest } => {
                let own = self.position(expression);
                let result = self.builder.push(1);
                let skip = self.builder.new_label();
                self.comparisons(first, rest, result, own, |emitter, last| match (last, jump_if) {
                    (true, true) => emitter.builder.jump(Op::JumpIfTrue, result, label, own),
                    (false, true) => emitter.builder.jump(Op::JumpIfFalse, result, skip, own),
                    (_, false) => emitter.builder.jump(Op::JumpIfFalse, result, label, own),
                });
                self.builder.bind(skip);
            }
            ExpressionKind::Conditional { test, body, otherwise } => {
                let own = self.position(expression);
                let (other, end) = (self.builder.new_label(), self.builder.new_label());
                self.condition(test, false, other, own);
                self.condition(body, jump_if, label, own);
                self.go(end, own);
                self.builder.bind(other);
                self.condition(otherwise, jump_if, label, own);
                self.builder.bind(end);
            }
            _ => {
                let register = self.operand(expression, &[]);
                let op = if jump_if { Op::JumpIfTrue } else { Op::JumpIfFalse };
                self.builder.jump(op, register, label, position);
            }
        }
        self.builder.release(mark);
    }

    /// Items of which one with the truth `deciding` decides: true for `or`, false for `and`.
    fn conditions(&mut self, items: &'a [Expression], deciding: bool, jump_if: bool, label: Label, position: Position) {
        let Some((last, others)) = items.split_last() else { return };
        let skip = self.builder.new_label();
        let decided = if deciding == jump_if { label } else { skip };
        for item in others {
            self.condition(item, deciding, decided, position);
        }
        self.condition(last, jump_if, label, position);
        self.builder.bind(skip);
    }
}
