//! Functions, lambdas and classes of the parser.

use ruff_python_ast as ast;
use ruff_text_size::Ranged;

use super::{Context, Lowerer, span};
use crate::bytecode::Span;
use crate::front::error::{Fault, Feature};
use crate::front::hir::{Class, Expression, Function, FunctionKind, Parameter, Statement, StatementKind};

impl Lowerer<'_> {
    /// A definition without its decorators: where its own instructions stand.
    pub(super) fn after_decorators(&self, decorators: &[ast::Decorator], whole: Span) -> Span {
        let Some(last) = decorators.last() else { return whole };
        let mut start = span(last.range).end as usize;
        loop {
            let rest = &self.text[start..whole.end as usize];
            let trimmed = rest.trim_start();
            start += rest.len() - trimmed.len();
            // A comment, or a line that goes on.
            match trimmed.as_bytes().first() {
                Some(b'#') => start += trimmed.find('\n').unwrap_or(trimmed.len()),
                Some(b'\\') => start += 1,
                _ => return Span { start: start as u32, end: whole.end },
            }
        }
    }

    fn decorators(&mut self, decorators: &[ast::Decorator]) -> Result<Vec<Expression>, Fault> {
        decorators.iter().map(|decorator| self.expression(&decorator.expression)).collect()
    }

    pub(super) fn definition(&mut self, definition: &ast::StmtFunctionDef) -> Result<StatementKind, Fault> {
        let whole = span(definition.range);
        let decorators = self.decorators(&definition.decorator_list)?;
        let name = self.identifier_binding(&definition.name)?;
        let mut function = self.new_function(FunctionKind::Definition, name, whole);
        function.own_name = self.symbols.intern(&definition.name.id);
        function.decorators = decorators;
        self.parameters(&mut function, Some(&definition.parameters))?;
        function.returns = definition.returns.as_deref().map(|returns| self.annotation(returns)).transpose()?;
        let mut context = Context::new(FunctionKind::Definition);
        context.is_async = definition.is_async;
        function.documentation = self.docstring(&definition.body);
        let (body, context) = self.within(context, |lowerer| lowerer.statements(&definition.body))?;
        function.body = body;
        function.is_async = definition.is_async;
        function.yields = context.yields;
        match context.returns {
            Some(place) if function.is_async && function.yields => {
                return Err(Fault::syntax("'return' with value in async generator", place));
            }
            _ => {}
        }
        Ok(StatementKind::Function(Box::new(function)))
    }

    pub(super) fn lambda(&mut self, lambda: &ast::ExprLambda) -> Result<Function, Fault> {
        let name = self.symbols.intern("<lambda>");
        let mut function = self.new_function(FunctionKind::Lambda, name, span(lambda.range));
        self.parameters(&mut function, lambda.parameters.as_deref())?;
        let context = Context::new(FunctionKind::Lambda);
        let (value, context) = self.within(context, |lowerer| lowerer.expression(&lambda.body))?;
        function.yields = context.yields;
        function.body = vec![Statement { span: value.span, kind: StatementKind::Return(Some(value)) }];
        Ok(function)
    }

    pub(super) fn class(&mut self, definition: &ast::StmtClassDef) -> Result<StatementKind, Fault> {
        let whole = span(definition.range);
        let decorators = self.decorators(&definition.decorator_list)?;
        let before = self.warnings.len();
        let (bases, keywords) = match &definition.arguments {
            Some(arguments) => self.arguments(arguments)?,
            None => (Vec::new(), Vec::new()),
        };
        let behind = self.warnings.len();
        let name = self.identifier_binding(&definition.name)?;
        let mut function = self.new_function(FunctionKind::Class, name, whole);
        function.own_name = self.symbols.intern(&definition.name.id);
        function.decorators = decorators;
        let namespace = self.symbols.intern(".namespace");
        function.parameters.push(Parameter { name: namespace, default: None, annotation: None });
        function.positional = 1;
        function.documentation = self.docstring(&definition.body);
        let stripped = definition.name.id.trim_start_matches('_');
        let class = (!stripped.is_empty()).then(|| stripped.to_owned());
        let outer = std::mem::replace(&mut self.class, class);
        let result = self.within(Context::new(FunctionKind::Class), |lowerer| lowerer.statements(&definition.body));
        self.class = outer;
        let (body, context) = result?;
        self.warned_of_later(before, behind);
        function.body = body;
        function.annotates = context.annotates;
        Ok(StatementKind::Class(Box::new(Class { function, bases, keywords })))
    }

    fn parameters(&mut self, function: &mut Function, parameters: Option<&ast::Parameters>) -> Result<(), Fault> {
        let Some(parameters) = parameters else { return Ok(()) };
        let whole = span(parameters.range);
        let count = |length: usize| u16::try_from(length).map_err(|_| Fault::unsupported(Feature::Size, whole));
        function.positional_only = count(parameters.posonlyargs.len())?;
        function.positional = count(parameters.posonlyargs.len() + parameters.args.len())?;
        function.keyword_only = count(parameters.kwonlyargs.len())?;
        function.star_arguments = parameters.vararg.is_some();
        function.star_keywords = parameters.kwarg.is_some();
        let mut seen = std::collections::HashSet::new();
        let plain = parameters.posonlyargs.iter().chain(&parameters.args).chain(&parameters.kwonlyargs);
        let plain = plain.map(|parameter| (&parameter.parameter, parameter.default.as_deref()));
        let starred = parameters.vararg.iter().chain(&parameters.kwarg).map(|parameter| (&**parameter, None));
        for (parameter, default) in plain.chain(starred) {
            let name = self.identifier_binding(&parameter.name)?;
            if !seen.insert(name) {
                let message = format!("duplicate argument '{}' in function definition", self.symbols.name(name));
                return Err(Fault::syntax(message, span(parameter.range)));
            }
            let default = self.optional(default)?;
            let annotation =
                parameter.annotation.as_deref().map(|annotation| self.annotation(annotation)).transpose()?;
            function.parameters.push(Parameter { name, default, annotation });
        }
        Ok(())
    }

    /// `return a, *b` and the like: where a starred tuple needs no parentheses.
    pub(super) fn starred_expression(&mut self, expression: &ast::Expr) -> Result<Expression, Fault> {
        match expression {
            ast::Expr::Starred(_) => Err(Fault::syntax("can't use starred expression here", span(expression.range()))),
            _ => self.expression(expression),
        }
    }
}
