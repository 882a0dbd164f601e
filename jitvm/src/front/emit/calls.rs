//! Calls in register windows.

use super::builder::Register;
use super::{Emitter, Want};
use crate::bytecode::{Constant, Op, Position};
use crate::front::hir::{Expression, ExpressionKind, Keyword, Symbol};

impl<'a> Emitter<'_, 'a> {
    pub(super) fn call(
        &mut self,
        function: &'a Expression,
        arguments: &'a [Expression],
        keywords: &'a [Keyword],
        want: Want,
        position: Position,
    ) -> Register {
        let mark = self.builder.mark();
        let op = match &function.kind {
            ExpressionKind::Attribute { object, name, .. } if !is_variadic(arguments, keywords) => {
                let attribute = self.position(function);
                let object = self.operand(object, &[]);
                self.builder.release(mark);
                let window = self.builder.push(2);
                let name = self.builder.name(*name);
                self.emit(Op::LoadMethod, window, object, name, attribute);
                Op::CallMethod
            }
            _ => {
                self.value(function, Want::Fresh);
                Op::Call
            }
        };
        let window = self.builder.narrow(mark);
        self.arguments_and_call(op, window, arguments, keywords, position);
        self.deliver(mark, want, position)
    }

    /// Evaluates arguments and calls `R[window]`. Temporaries behind it, but for the `self` of `CallMethod`, are arguments
    /// that come first.
    pub(super) fn arguments_and_call(
        &mut self,
        op: Op,
        window: Register,
        arguments: &'a [Expression],
        keywords: &'a [Keyword],
        position: Position,
    ) {
        if is_variadic(arguments, keywords) {
            self.variadic_arguments(window, arguments, keywords, position);
            let first = self.builder.narrow(u32::from(window) + 1);
            return self.emit(Op::CallVariadic, window, first, 2, position);
        }
        self.fresh(arguments);
        let mut names = Vec::with_capacity(keywords.len());
        for keyword in keywords {
            self.value(&keyword.value, Want::Fresh);
            names.extend(keyword.name.map(|name| self.text(name)));
        }
        let head = if op == Op::CallMethod { 2 } else { 1 };
        let count = self.builder.mark() - u32::from(window) - head;
        let count = self.builder.narrow(count);
        let names = if names.is_empty() {
            0
        } else {
            let index = self.builder.constant(Constant::Tuple(names));
            self.builder.narrow(u32::from(index) + 1)
        };
        self.emit(op, window, count, names, position);
    }

    fn text(&self, symbol: Symbol) -> Constant {
        Constant::Str(self.program.symbols.name(symbol).to_owned())
    }

    /// The tuple of arguments and the dict of keywords (or None), in the two registers behind the window's first.
    fn variadic_arguments(
        &mut self,
        window: Register,
        arguments: &'a [Expression],
        keywords: &'a [Keyword],
        position: Position,
    ) {
        let first = self.builder.narrow(u32::from(window) + 1);
        let plain = arguments.iter().position(is_starred).unwrap_or(arguments.len());
        let (plain, rest) = arguments.split_at(plain);
        self.fresh(plain);
        let count = self.builder.mark() - u32::from(first);
        let count = self.builder.narrow(count);
        self.builder.release(u32::from(first));
        let list = self.builder.push(1);
        self.emit(if rest.is_empty() { Op::BuildTuple } else { Op::BuildList }, list, first, count, position);
        if !rest.is_empty() {
            self.extend_list(list, rest, Some(window), position);
            self.emit(Op::ListToTuple, list, list, 0, position);
        }
        let dict = self.builder.push(1);
        if keywords.is_empty() {
            return self.load_constant(dict, &Constant::None, position);
        }
        let mut made = false;
        let mut rest = keywords;
        while let Some((next, others)) = rest.split_first() {
            let mark = self.builder.mark();
            if next.name.is_none() {
                if !made {
                    self.emit(Op::BuildDict, dict, dict, 0, position);
                }
                let mapping = self.operand(&next.value, &[]);
                self.emit(Op::DictMerge, dict, mapping, window, position);
                rest = others;
            } else {
                let named = rest.iter().position(|keyword| keyword.name.is_none()).unwrap_or(rest.len());
                let (run, others) = rest.split_at(named);
                for keyword in run {
                    let name = self.builder.push(1);
                    let text = keyword.name.map_or(Constant::None, |name| self.text(name));
                    self.load_constant(name, &text, position);
                    self.value(&keyword.value, Want::Fresh);
                }
                let (pairs, count) = (self.builder.narrow(mark), self.builder.narrow(2 * run.len() as u32));
                if made {
                    self.emit(Op::BuildDict, pairs, pairs, count, position);
                    self.emit(Op::DictMerge, dict, pairs, window, position);
                } else {
                    self.emit(Op::BuildDict, dict, pairs, count, position);
                }
                rest = others;
            }
            made = true;
            self.builder.release(mark);
        }
    }
}

fn is_variadic(arguments: &[Expression], keywords: &[Keyword]) -> bool {
    arguments.iter().any(is_starred) || keywords.iter().any(|keyword| keyword.name.is_none())
}

pub(super) fn is_starred(expression: &Expression) -> bool {
    matches!(expression.kind, ExpressionKind::Starred(_))
}
