//! Functions and classes: what is evaluated where they are defined, and how their codes begin.

use super::builder::Register;
use super::{Body, Emitter, Want};
use crate::bytecode::{CodeKind, Constant, Op, Position, Span};
use crate::front::hir::{Class, Expression, ExpressionKind, Function, FunctionKind};

impl<'a> Emitter<'_, 'a> {
    /// What a code does before its first statement.
    pub(super) fn prologue(&mut self) {
        let kind = self.kind();
        let span = self.function.span;
        let position = super::at(Span { start: span.start, end: span.start });
        if matches!(kind, CodeKind::Generator | CodeKind::Coroutine | CodeKind::AsyncGenerator) {
            self.emit(Op::Generator, 0, 0, 0, position);
        }
        if kind == CodeKind::Coroutine {
            // What awaits it calls its body, which gets a trace like the body of a loop.
            self.header_here(position);
        }
        for (index, &(_, register)) in (0..).zip(&self.scope.free) {
            self.emit(Op::LoadFree, register, index, 0, position);
        }
        for &(_, register) in &self.scope.cells {
            self.emit(Op::MakeCell, register, register, 0, position);
        }
        if self.function.kind == FunctionKind::Class {
            let mark = self.builder.mark();
            let register = self.builder.push(1);
            let name = self.builder.name(self.implicit("__name__"));
            self.emit(Op::LoadName, register, name, 0, position);
            self.store_implicit("__module__", register, position);
            let qualname = Constant::Str(self.qualname.clone());
            self.load_constant(register, &qualname, position);
            self.store_implicit("__qualname__", register, position);
            self.builder.release(mark);
        }
        if !matches!(self.function.kind, FunctionKind::Class | FunctionKind::Module | FunctionKind::Namespace) {
            return;
        }
        if self.function.annotates {
            let namespace = u8::from(self.function.has_namespace());
            self.emit_marked(Op::SetupAnnotations, namespace, 0, 0, 0, position);
        }
        if let Some(documentation) = &self.function.documentation {
            let mark = self.builder.mark();
            let register = self.builder.push(1);
            let position = self.function.body.first().map_or(position, |first| super::at(first.span));
            self.load_constant(register, &Constant::Str(documentation.clone()), position);
            self.store_implicit("__doc__", register, position);
            self.builder.release(mark);
        }
    }

    fn store_implicit(&mut self, name: &str, register: Register, position: Position) {
        let name = self.implicit(name);
        self.store_name(name, register, position);
    }

    /// A `def`, with its decorators.
    pub(super) fn definition(&mut self, function: &'a Function, position: Position) {
        let mark = self.builder.mark();
        self.fresh(&function.decorators);
        let want = match self.variable_register(function.name) {
            Some(local) if function.decorators.is_empty() => Want::Into(local),
            _ => Want::Fresh,
        };
        let register = self.make_function(function, want, position);
        self.decorate_and_store(function, register, mark, position);
    }

    /// Calls the decorators that stand from `mark` on, the decorated thing behind them, and binds the result.
    fn decorate_and_store(&mut self, function: &'a Function, register: Register, mark: u32, position: Position) {
        let mut register = register;
        for (index, decorator) in function.decorators.iter().enumerate().rev() {
            register = self.builder.narrow(mark + index as u32);
            let position = self.position(decorator);
            self.emit(Op::Call, register, 1, 0, position);
        }
        self.store_name(function.name, register, position);
        self.builder.release(mark);
    }

    pub(super) fn class(&mut self, class: &'a Class, position: Position) {
        let function = &class.function;
        let mark = self.builder.mark();
        self.fresh(&function.decorators);
        let window = self.builder.push(1);
        self.emit(Op::LoadBuildClass, window, 0, 0, position);
        self.make_code(Body::Function(function), None, None, Want::Fresh, position);
        let name = self.builder.push(1);
        let text = Constant::Str(self.program.symbols.name(function.own_name).to_owned());
        self.load_constant(name, &text, position);
        self.arguments_and_call(Op::Call, window, &class.bases, &class.keywords, position);
        self.builder.release(u32::from(window) + 1);
        self.decorate_and_store(function, window, mark, position);
    }

    /// The function object of a `def` or `lambda`.
    pub(super) fn make_function(&mut self, function: &'a Function, want: Want, position: Position) -> Register {
        let mark = self.builder.mark();
        let defaults = self.defaults(function, position);
        self.builder.release(mark + 1);
        let annotations = self.annotations(function, position);
        if annotations.is_none() && self.program.scopes[function.id].free.is_empty() {
            self.builder.release(mark);
            return self.make_code(Body::Function(function), Some(defaults), None, want, position);
        }
        // The function is put in its place when it is complete.
        let register = self.make_code(Body::Function(function), Some(defaults), annotations, Want::Fresh, position);
        self.builder.release(mark);
        let result = self.destination(want);
        self.move_to(result, register, position);
        result
    }

    /// The tuple of defaults, in the next temporary.
    fn defaults(&mut self, function: &'a Function, position: Position) -> Register {
        let mark = self.builder.mark();
        let defaults: Vec<&'a Expression> =
            function.parameters.iter().filter_map(|parameter| parameter.default.as_ref()).collect();
        let constants = defaults.iter().map(|default| match &default.kind {
            ExpressionKind::Constant(constant) => Some(constant.clone()),
            _ => None,
        });
        let constants: Option<Vec<Constant>> = constants.collect();
        let first = self.builder.narrow(mark);
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
                let count = self.builder.narrow(defaults.len() as u32);
                self.emit(Op::BuildTuple, first, first, count, position);
            }
        }
        first
    }

    /// The tuple of names and annotations, in the next temporary, if there are any.
    fn annotations(&mut self, function: &'a Function, position: Position) -> Option<Register> {
        let mark = self.builder.mark();
        let symbols = self.program.symbols;
        let annotated = |parameter: &'a crate::front::hir::Parameter| {
            parameter.annotation.as_ref().map(|annotation| (symbols.name(parameter.name), annotation))
        };
        let returns = function.returns.as_ref().map(|returns| ("return", returns));
        // `__annotations__` has `*args` before what may only be given by name.
        let (before, after) = function.parameters.split_at(usize::from(function.positional));
        let (named, starred) = after.split_at(usize::from(function.keyword_only));
        let (arguments, keywords) = starred.split_at(usize::from(function.star_arguments));
        let ordered = before.iter().chain(arguments).chain(named).chain(keywords);
        for (name, annotation) in ordered.filter_map(annotated).chain(returns) {
            let register = self.builder.push(1);
            self.load_constant(register, &Constant::Str(name.to_owned()), position);
            match &annotation.kind {
                // `*args: *Ts` is what `*Ts` alone unpacks to.
                ExpressionKind::Starred(value) => {
                    let register = self.value(value, Want::Fresh);
                    self.emit(Op::Unpack, register, 1, register, position);
                }
                _ => _ = self.value(annotation, Want::Fresh),
            }
        }
        let count = self.builder.mark() - mark;
        if count == 0 {
            return None;
        }
        self.builder.release(mark);
        let (first, count) = (self.builder.push(1), self.builder.narrow(count));
        self.emit(Op::BuildTuple, first, first, count, position);
        Some(first)
    }

    /// Emits a code and makes a function of it, with the cells it captures. The registers of defaults and annotations
    /// are in the way of nothing.
    pub(super) fn make_code(
        &mut self,
        body: Body<'a>,
        defaults: Option<Register>,
        annotations: Option<Register>,
        want: Want,
        position: Position,
    ) -> Register {
        let function = match body {
            Body::Function(function) => function,
            Body::Comprehension(comprehension) => &comprehension.function,
        };
        let qualname = self.inner_qualname(function);
        let index = self.program.code(body, qualname);
        let code = self.builder.constant(Constant::Code(index));
        let register = self.destination(want);
        let defaults = match defaults {
            Some(defaults) => defaults,
            None => {
                self.load_constant(register, &Constant::None, position);
                register
            }
        };
        self.emit(Op::MakeFunction, register, code, defaults, position);
        if let Some(annotations) = annotations {
            self.emit(Op::SetAnnotations, register, annotations, 0, position);
        }
        let free = &self.program.scopes[function.id].free;
        if !free.is_empty() {
            let mark = self.builder.mark();
            for &(symbol, _) in free {
                let cell = self.scope.cell(symbol).expect("what a function captures is in a cell around it");
                let register = self.builder.push(1);
                self.emit(Op::Move, register, cell, 0, position);
            }
            let first = self.builder.narrow(mark);
            self.emit(Op::BuildTuple, first, first, free.len() as u16, position);
            self.emit(Op::SetClosure, register, first, 0, position);
            self.builder.release(mark);
        }
        register
    }
}
