//! Comprehensions and generator expressions of the parser.

use ruff_python_ast as ast;

use super::{Context, Lowerer};
use crate::bytecode::Span;
use crate::front::error::Fault;
use crate::front::fold;
use crate::front::hir::{Clause, Comprehension, ComprehensionKind, ExpressionKind, FunctionKind, Parameter};

/// A comprehension as the parser has it.
pub(super) struct Parsed<'a> {
    pub kind: ComprehensionKind,
    pub key: Option<&'a ast::Expr>,
    pub element: &'a ast::Expr,
    pub generators: &'a [ast::Comprehension],
}

impl Lowerer<'_> {
    pub(super) fn comprehension(&mut self, parsed: &Parsed<'_>, whole: Span) -> Result<ExpressionKind, Fault> {
        let (name, text) = match parsed.kind {
            ComprehensionKind::List => ("<listcomp>", "list comprehension"),
            ComprehensionKind::Set => ("<setcomp>", "set comprehension"),
            ComprehensionKind::Dict => ("<dictcomp>", "dict comprehension"),
            ComprehensionKind::Generator => ("<genexpr>", "generator expression"),
        };
        let name = self.symbols.intern(name);
        let mut function = self.new_function(FunctionKind::Comprehension, name, whole);
        let parameter = self.symbols.intern(".0");
        function.parameters.push(Parameter { name: parameter, default: None, annotation: None });
        function.positional = 1;
        let Some((first, others)) = parsed.generators.split_first() else {
            return Err(Fault::syntax(format!("invalid {text}"), whole));
        };
        let before = self.warnings.len();
        let mut iterable = self.expression(&first.iter)?;
        let behind = self.warnings.len();
        if !first.is_async && parsed.kind != ComprehensionKind::Generator {
            fold::list_as_tuple(&mut iterable);
        }
        let mut context = Context::new(FunctionKind::Comprehension);
        context.comprehension = Some(parsed.kind);
        context.is_async = parsed.generators.iter().any(|generator| generator.is_async);
        let ((clauses, key, element), context) = self.within(context, |lowerer| {
            let mut clauses = Vec::with_capacity(parsed.generators.len());
            let target = lowerer.target(&first.target)?;
            clauses.push(Clause {
                is_async: first.is_async,
                target,
                iterable,
                tests: lowerer.expressions(&first.ifs)?,
            });
            for generator in others {
                let target = lowerer.target(&generator.target)?;
                let mut iterable = lowerer.expression(&generator.iter)?;
                if !generator.is_async {
                    fold::list_as_tuple(&mut iterable);
                }
                let tests = lowerer.expressions(&generator.ifs)?;
                clauses.push(Clause { is_async: generator.is_async, target, iterable, tests });
            }
            let key = lowerer.optional(parsed.key)?;
            let element = lowerer.expression(parsed.element)?;
            Ok((clauses, key, element))
        })?;
        self.warned_of_later(before, behind);
        function.is_async = context.is_async;
        if parsed.kind == ComprehensionKind::Generator {
            function.yields = true;
        } else if function.is_async {
            // As in CPython, an asynchronous comprehension makes the one around asynchronous, and all else must be.
            if !self.context.is_async && self.context.kind != FunctionKind::Comprehension {
                let message = "asynchronous comprehension outside of an asynchronous function";
                return Err(Fault::syntax(message, whole));
            }
            self.context.is_async = true;
        }
        let comprehension = Comprehension { kind: parsed.kind, function, key, element, clauses };
        Ok(ExpressionKind::Comprehension(Box::new(comprehension)))
    }

    /// `await`: makes the comprehension around asynchronous.
    pub(super) fn check_await(&mut self, whole: Span) -> Result<(), Fault> {
        if !self.context.is_function() {
            return Err(Fault::syntax("'await' outside function", whole));
        }
        if self.context.kind == FunctionKind::Comprehension {
            self.context.is_async = true;
        }
        if !self.context.is_async {
            return Err(Fault::syntax("'await' outside async function", whole));
        }
        Ok(())
    }

    /// `yield` and `yield from`.
    pub(super) fn check_yield(&mut self, from: bool, whole: Span) -> Result<(), Fault> {
        if let Some(kind) = self.context.comprehension {
            let text = match kind {
                ComprehensionKind::List => "list comprehension",
                ComprehensionKind::Set => "set comprehension",
                ComprehensionKind::Dict => "dict comprehension",
                ComprehensionKind::Generator => "generator expression",
            };
            return Err(Fault::syntax(format!("'yield' inside {text}"), whole));
        }
        if !self.context.is_function() {
            return Err(Fault::syntax("'yield' outside function", whole));
        }
        if from && self.context.is_async {
            return Err(Fault::syntax("'yield from' inside async function", whole));
        }
        self.context.yields = true;
        Ok(())
    }
}
