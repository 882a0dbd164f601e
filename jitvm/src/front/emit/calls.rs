//! Calls in register windows, and the making of functions.

use super::builder::Register;
use super::{Emitter, Want};
use crate::bytecode::{Constant, Op, Position};
use crate::front::hir::{Expression, ExpressionKind, Function, Symbol};

impl<'a> Emitter<'_, 'a> {
    pub(super) fn call(
        &mut self,
        function: &'a Expression,
        arguments: &'a [Expression],
        keywords: &'a [(Symbol, Expression)],
        want: Want,
        position: Position,
    ) -> Register {
        let mark = self.builder.mark();
        let op = match &function.kind {
            ExpressionKind::Attribute { object, name, .. } => {
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
        self.fresh(arguments);
        for (_, value) in keywords {
            self.value(value, Want::Fresh);
        }
        let window = self.builder.narrow(mark);
        let count = self.builder.narrow((arguments.len() + keywords.len()) as u32);
        let names = if keywords.is_empty() {
            0
        } else {
            let name = |&(symbol, _): &(Symbol, _)| Constant::Str(self.program.symbols.name(symbol).to_owned());
            let names = Constant::Tuple(keywords.iter().map(name).collect());
            let index = self.builder.constant(names);
            self.builder.narrow(u32::from(index) + 1)
        };
        self.emit(op, window, count, names, position);
        self.deliver(mark, want, position)
    }

    /// The function object of a `def` or `lambda`.
    pub(super) fn make_function(&mut self, function: &'a Function, want: Want, position: Position) -> Register {
        let mark = self.builder.mark();
        let defaults: Vec<&'a Expression> =
            function.parameters.iter().filter_map(|parameter| parameter.default.as_ref()).collect();
        let constants = defaults.iter().map(|default| match &default.kind {
            ExpressionKind::Constant(constant) => Some(constant.clone()),
            _ => None,
        });
        let constants: Option<Vec<Constant>> = constants.collect();
        match constants {
            Some(constants) => {
                let constant = if constants.is_empty() { Constant::None } else { Constant::Tuple(constants) };
                let register = self.builder.push(1);
                self.load_constant(register, &constant, position);
            }
            None => {
                for default in &defaults {
                    self.value(default, Want::Fresh);
                }
                let first = self.builder.narrow(mark);
                let count = self.builder.narrow(defaults.len() as u32);
                self.emit(Op::BuildTuple, first, first, count, position);
            }
        }
        self.builder.release(mark);
        let defaults = self.builder.narrow(mark);
        let qualname = self.inner_qualname(function);
        let index = self.program.function(function, qualname);
        let code = self.builder.constant(Constant::Code(index));
        let register = self.destination(want);
        self.emit(Op::MakeFunction, register, code, defaults, position);
        register
    }
}
