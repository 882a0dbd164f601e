//! Expressions to instructions that leave a value in a register.

use super::builder::Register;
use super::{Emitter, Want, at};
use crate::bytecode::{Constant, Op, Position, Span};
use crate::front::hir::{Expression, ExpressionKind, FormatPart, Symbol};

impl<'a> Emitter<'_, 'a> {
    /// Evaluates an expression; the register that holds its value.
    pub(super) fn value(&mut self, expression: &'a Expression, want: Want) -> Register {
        let mark = self.builder.mark();
        let position = self.position(expression);
        match &expression.kind {
            ExpressionKind::Constant(constant) => {
                let register = self.destination(want);
                self.load_constant(register, constant, position);
                register
            }
            ExpressionKind::Name(symbol) => self.name(*symbol, want, position),
            ExpressionKind::Binary { operator, left, right } => {
                let left = self.operand(left, &[right]);
                let right = self.operand(right, &[]);
                self.result(*operator, left, right, mark, want, position)
            }
            ExpressionKind::Unary { operator, operand } => {
                let operand = self.operand(operand, &[]);
                self.result(*operator, operand, 0, mark, want, position)
            }
            ExpressionKind::And(items) => self.short_circuit(Op::JumpIfFalse, items, want, position),
            ExpressionKind::Or(items) => self.short_circuit(Op::JumpIfTrue, items, want, position),
            ExpressionKind::Compare { first, rest } => match rest.as_slice() {
                [(operator, second)] => {
                    let left = self.operand(first, &[second]);
                    let right = self.operand(second, &[]);
                    self.result(*operator, left, right, mark, want, position)
                }
                _ => {
                    let result = self.builder.push(1);
                    let end = self.builder.new_label();
                    self.comparisons(first, rest, result, position, |emitter, last| {
                        if !last {
                            emitter.builder.jump(Op::JumpIfFalse, result, end, position);
                        }
                    });
                    self.builder.bind(end);
                    self.deliver(mark, want, position)
                }
            },
            ExpressionKind::Conditional { test, body, otherwise } => {
                let (other, end) = (self.builder.new_label(), self.builder.new_label());
                let want = if want == Want::Any { Want::Fresh } else { want };
                self.condition(test, false, other, position);
                self.value(body, want);
                let last = self.last_position();
                self.go(end, last);
                self.builder.bind(other);
                self.builder.release(mark);
                let register = self.value(otherwise, want);
                self.builder.bind(end);
                register
            }
            ExpressionKind::Named { name, target, value } => self.named(*name, *target, value, want, position),
            ExpressionKind::Call { function, arguments, keywords } => {
                self.call(function, arguments, keywords, want, position)
            }
            ExpressionKind::Attribute { object, name, .. } => {
                let object = self.operand(object, &[]);
                let name = self.builder.name(*name);
                self.result(Op::GetAttr, object, name, mark, want, position)
            }
            ExpressionKind::Subscript { object, index } => {
                let object = self.operand(object, &[index]);
                let index = self.operand(index, &[]);
                self.result(Op::GetItem, object, index, mark, want, position)
            }
            ExpressionKind::Slice(parts) => {
                for part in &**parts {
                    match part {
                        Some(part) => _ = self.value(part, Want::Fresh),
                        None => {
                            let register = self.builder.push(1);
                            self.load_constant(register, &Constant::None, position);
                        }
                    }
                }
                self.block(Op::BuildSlice, mark, want, position)
            }
            ExpressionKind::List(items) => self.list(items, want, position),
            ExpressionKind::Tuple(items) => self.tuple(items, want, position),
            ExpressionKind::Set(items) => self.set(items, want, position),
            ExpressionKind::Dict(items) => self.dict(items, want, position),
            ExpressionKind::FormatString(parts) => self.format_string(parts, want, position),
            ExpressionKind::Comprehension(comprehension) => self.comprehension(comprehension, want, position),
            ExpressionKind::Yield(value) => self.yield_value(value.as_deref(), want, position),
            ExpressionKind::YieldFrom(value) => self.yield_from(value, want, position),
            ExpressionKind::Await(value) => self.await_expression(value, want, position),
            // Displays, calls and targets look at their starred items themselves.
            ExpressionKind::Starred(value) => self.value(value, want),
            ExpressionKind::Lambda(function) => self.make_function(function, want, position),
        }
    }

    /// Evaluates an operand: a variable is read where it stands, unless one of the expressions evaluated before the
    /// operand is used (`later`) rebinds it.
    pub(super) fn operand(&mut self, expression: &'a Expression, later: &[&Expression]) -> Register {
        let register = self.value(expression, Want::Any);
        if self.is_local(register) && later.iter().any(|later| self.rebinds(later, register)) {
            let copy = self.builder.push(1);
            let position = self.position(expression);
            self.emit(Op::Move, copy, register, 0, position);
            return copy;
        }
        register
    }

    /// Whether evaluating an expression assigns the local in a register.
    pub(super) fn rebinds(&self, expression: &Expression, local: Register) -> bool {
        let symbol = self.scope.locals[usize::from(local)];
        self.scope.rebound.contains(&symbol) && contains_binding(expression, symbol)
    }

    /// Evaluates expressions to consecutive temporaries.
    pub(super) fn fresh(&mut self, expressions: &'a [Expression]) {
        for expression in expressions {
            self.value(expression, Want::Fresh);
        }
    }

    /// Evaluates an expression to the temporary at a mark, all from there on being free.
    pub(super) fn fill(&mut self, expression: &'a Expression, mark: u32) {
        self.builder.release(mark);
        self.value(expression, Want::Fresh);
    }

    /// Emits an instruction that has its result in a and operands in b and c, the temporaries from `mark` being done.
    fn result(&mut self, op: Op, b: u16, c: u16, mark: u32, want: Want, position: Position) -> Register {
        self.builder.release(mark);
        let register = self.destination(want);
        self.emit(op, register, b, c, position);
        register
    }

    /// Emits an instruction that has its result in a and takes all temporaries from `mark` on as a block.
    pub(super) fn block(&mut self, op: Op, mark: u32, want: Want, position: Position) -> Register {
        let count = self.builder.mark() - mark;
        let count = self.builder.narrow(count);
        let first = self.builder.narrow(mark);
        self.result(op, first, count, mark, want, position)
    }

    fn named(&mut self, name: Symbol, target: Span, value: &'a Expression, want: Want, position: Position) -> Register {
        if let Some(local) = self.variable_register(name) {
            self.value(value, Want::Into(local));
            self.builder.set_assigned(local, true);
            return self.place(local, want, position);
        }
        let register = self.value(value, want);
        self.store_name(name, register, at(target));
        register
    }

    fn short_circuit(&mut self, op: Op, items: &'a [Expression], want: Want, position: Position) -> Register {
        let mark = self.builder.mark();
        let end = self.builder.new_label();
        for (index, item) in items.iter().enumerate() {
            self.fill(item, mark);
            if index + 1 < items.len() {
                let register = self.builder.narrow(mark);
                self.builder.jump(op, register, end, position);
            }
        }
        self.builder.bind(end);
        self.deliver(mark, want, position)
    }

    /// Compares neighbours one pair after the other, each result in `result`, calling `after` with whether it was the
    /// last.
    pub(super) fn comparisons(
        &mut self,
        first: &'a Expression,
        rest: &'a [(Op, Expression)],
        result: Register,
        position: Position,
        mut after: impl FnMut(&mut Self, bool),
    ) {
        let mut left = match rest.first() {
            Some((_, second)) => self.operand(first, &[second]),
            None => return,
        };
        for (index, (operator, operand)) in rest.iter().enumerate() {
            let right = match rest.get(index + 1) {
                Some((_, next)) => self.operand(operand, &[next]),
                None => self.operand(operand, &[]),
            };
            self.emit(*operator, result, left, right, position);
            after(self, index + 1 == rest.len());
            left = right;
        }
    }

    fn format_string(&mut self, parts: &'a [FormatPart], want: Want, position: Position) -> Register {
        if let [part] = parts {
            return self.format_part(part, want, position);
        }
        let mark = self.builder.mark();
        for part in parts {
            self.format_part(part, Want::Fresh, position);
        }
        self.block(Op::BuildString, mark, want, position)
    }

    fn format_part(&mut self, part: &'a FormatPart, want: Want, position: Position) -> Register {
        let mark = self.builder.mark();
        match part {
            FormatPart::Literal(text) => {
                let register = self.destination(want);
                self.load_constant(register, text, position);
                register
            }
            FormatPart::Field { value, conversion, specification } => {
                let mut later = Vec::new();
                field_values(specification, &mut later);
                let value = self.operand(value, &later);
                let specification = match specification.as_slice() {
                    [] => {
                        let register = self.builder.push(1);
                        self.load_constant(register, &Constant::Str(String::new()), position);
                        register
                    }
                    parts => self.format_string(parts, Want::Fresh, position),
                };
                self.builder.release(mark);
                let register = self.destination(want);
                self.emit_marked(Op::FormatValue, *conversion, register, value, specification, position);
                register
            }
        }
    }
}

fn contains_binding(expression: &Expression, symbol: Symbol) -> bool {
    if let ExpressionKind::Named { name, .. } = expression.kind
        && name == symbol
    {
        return true;
    }
    let mut found = false;
    expression.for_each_child(|child| found = found || contains_binding(child, symbol));
    found
}

fn field_values<'e>(parts: &'e [FormatPart], values: &mut Vec<&'e Expression>) {
    for part in parts {
        if let FormatPart::Field { value, specification, .. } = part {
            values.push(value);
            field_values(specification, values);
        }
    }
}
