//! Displays of lists, tuples, sets and dicts.

use super::builder::Register;
use super::calls::is_starred;
use super::{Emitter, Want};
use crate::bytecode::{Constant, Op, Position};
use crate::front::hir::{Expression, ExpressionKind};

/// Displays longer than this are built item by item, so that they need no register for each.
const LONGEST_BLOCK: usize = 64;

/// The values of expressions that are all constants.
fn constants_of(items: &[Expression]) -> Option<Vec<Constant>> {
    let constant = |item: &Expression| match &item.kind {
        ExpressionKind::Constant(constant) => Some(constant.clone()),
        _ => None,
    };
    items.iter().map(constant).collect()
}

impl<'a> Emitter<'_, 'a> {
    pub(super) fn list(&mut self, items: &'a [Expression], want: Want, position: Position) -> Register {
        let mark = self.builder.mark();
        if items.len() <= LONGEST_BLOCK && !items.iter().any(is_starred) {
            self.fresh(items);
            return self.block(Op::BuildList, mark, want, position);
        }
        let list = self.builder.push(1);
        self.emit(Op::BuildList, list, list, 0, position);
        self.extend_list(list, items, None, position);
        self.deliver(mark, want, position)
    }

    pub(super) fn tuple(&mut self, items: &'a [Expression], want: Want, position: Position) -> Register {
        let mark = self.builder.mark();
        if !items.iter().any(is_starred) {
            self.fresh(items);
            return self.block(Op::BuildTuple, mark, want, position);
        }
        let list = self.list(items, Want::Fresh, position);
        self.emit(Op::ListToTuple, list, list, 0, position);
        self.deliver(mark, want, position)
    }

    /// Adds items to a list, starred ones among them; `callee` is the register of what they are arguments for.
    pub(super) fn extend_list(
        &mut self,
        list: Register,
        items: &'a [Expression],
        callee: Option<Register>,
        position: Position,
    ) {
        for item in items {
            let mark = self.builder.mark();
            if let ExpressionKind::Starred(iterable) = &item.kind {
                let iterable = self.operand(iterable, &[]);
                let (mark, callee) = (u8::from(callee.is_some()), callee.unwrap_or(iterable));
                self.emit_marked(Op::ListExtend, mark, list, iterable, callee, position);
            } else {
                let item = self.operand(item, &[]);
                self.emit(Op::ListAppend, list, item, 0, position);
            }
            self.builder.release(mark);
        }
    }

    /// A display of constants, made as CPython makes it: the order of the elements depends on it.
    fn constant_set(&mut self, constants: Vec<Constant>, want: Want, position: Position) -> Register {
        let mark = self.builder.mark();
        let set = self.builder.push(1);
        self.emit(Op::BuildSet, set, set, 0, position);
        let constant = self.builder.push(1);
        self.load_constant(constant, &Constant::FrozenSet(constants), position);
        self.emit(Op::SetUpdate, set, constant, 0, position);
        self.builder.release(mark + 1);
        self.deliver(mark, want, position)
    }

    pub(super) fn set(&mut self, items: &'a [Expression], want: Want, position: Position) -> Register {
        let mark = self.builder.mark();
        if let Some(constants) = constants_of(items).filter(|constants| constants.len() > 2) {
            return self.constant_set(constants, want, position);
        }
        if items.len() <= LONGEST_BLOCK && !items.iter().any(is_starred) {
            self.fresh(items);
            return self.block(Op::BuildSet, mark, want, position);
        }
        let set = self.builder.push(1);
        self.emit(Op::BuildSet, set, set, 0, position);
        for item in items {
            let mark = self.builder.mark();
            if let ExpressionKind::Starred(iterable) = &item.kind {
                let iterable = self.operand(iterable, &[]);
                self.emit(Op::SetUpdate, set, iterable, 0, position);
            } else {
                let item = self.operand(item, &[]);
                self.emit(Op::SetAdd, set, item, 0, position);
            }
            self.builder.release(mark);
        }
        self.deliver(mark, want, position)
    }

    pub(super) fn dict(
        &mut self,
        items: &'a [(Option<Expression>, Expression)],
        want: Want,
        position: Position,
    ) -> Register {
        let mark = self.builder.mark();
        if items.len() <= LONGEST_BLOCK && items.iter().all(|(key, _)| key.is_some()) {
            for (key, value) in items {
                key.iter().for_each(|key| _ = self.value(key, Want::Fresh));
                self.value(value, Want::Fresh);
            }
            return self.block(Op::BuildDict, mark, want, position);
        }
        let dict = self.builder.push(1);
        self.emit(Op::BuildDict, dict, dict, 0, position);
        for (key, value) in items {
            let mark = self.builder.mark();
            match key {
                Some(key) => {
                    let key = self.operand(key, &[value]);
                    let value = self.operand(value, &[]);
                    self.emit(Op::DictAdd, dict, key, value, position);
                }
                None => {
                    let mapping = self.operand(value, &[]);
                    self.emit(Op::DictUpdate, dict, mapping, 0, position);
                }
            }
            self.builder.release(mark);
        }
        self.deliver(mark, want, position)
    }
}
