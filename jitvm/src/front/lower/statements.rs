//! Statements of the parser to statements of the tree.

use ruff_python_ast as ast;
use ruff_text_size::{Ranged, TextRange};

use super::{Lowerer, span};
use crate::bytecode::Span;
use crate::front::error::{Fault, Feature};
use crate::front::fold;
use crate::front::hir::{
    Branch, Expression, ExpressionKind, Function, FunctionKind, Import, Parameter, Statement, StatementKind,
};

/// What `from __future__` knows; all of it is either always on or without effect here.
const FUTURE_FEATURES: [&str; 10] = [
    "nested_scopes",
    "generators",
    "division",
    "absolute_import",
    "with_statement",
    "print_function",
    "unicode_literals",
    "barry_as_FLUFL",
    "generator_stop",
    "annotations",
];

impl Lowerer<'_> {
    pub(super) fn statements(&mut self, body: &[ast::Stmt]) -> Result<Vec<Statement>, Fault> {
        let mut statements = Vec::with_capacity(body.len());
        for statement in body {
            self.nested(span(statement.range()), |lowerer| lowerer.statement(statement, &mut statements))?;
        }
        Ok(statements)
    }

    /// A body of a loop.
    fn loop_body(&mut self, body: &[ast::Stmt]) -> Result<Vec<Statement>, Fault> {
        self.loops += 1;
        let body = self.statements(body);
        self.loops -= 1;
        body
    }

    fn refuse(&self, feature: Feature, range: TextRange) -> Result<StatementKind, Fault> {
        Err(Fault::unsupported(feature, self.keyword(range)))
    }

    fn statement(&mut self, statement: &ast::Stmt, out: &mut Vec<Statement>) -> Result<(), Fault> {
        let whole = span(statement.range());
        if !matches!(statement, ast::Stmt::ImportFrom(_)) && !is_docstring(statement) {
            self.at_start = false;
        }
        let kind = match statement {
            ast::Stmt::FunctionDef(definition) => self.definition(definition)?,
            ast::Stmt::ClassDef(definition) => match definition.decorator_list.first() {
                Some(decorator) => return Err(Fault::unsupported(Feature::Decorator, span(decorator.range))),
                None => self.refuse(Feature::Class, definition.range)?,
            },
            ast::Stmt::Return(return_) => {
                if self.kind != FunctionKind::Definition {
                    return Err(Fault::syntax("'return' outside function", whole));
                }
                StatementKind::Return(self.optional(return_.value.as_deref())?)
            }
            ast::Stmt::Delete(delete) => {
                let mut targets = Vec::new();
                for target in &delete.targets {
                    self.delete_target(target, &mut targets)?;
                }
                StatementKind::Delete(targets)
            }
            ast::Stmt::TypeAlias(alias) => self.refuse(Feature::TypeAlias, alias.range)?,
            ast::Stmt::Assign(assign) => {
                let value = self.expression(&assign.value)?;
                let targets = assign.targets.iter().map(|target| self.target(target)).collect::<Result<_, _>>()?;
                StatementKind::Assign { targets, value }
            }
            ast::Stmt::AugAssign(assign) => {
                let target = self.target(&assign.target)?;
                let operator = self.binary_operator(assign.op, whole)?;
                let value = self.expression(&assign.value)?;
                StatementKind::AugmentedAssign { target, operator, value }
            }
            ast::Stmt::AnnAssign(assign) => return self.annotated_assignment(assign, out),
            ast::Stmt::For(for_) => {
                if for_.is_async {
                    return Err(Fault::unsupported(Feature::AsyncStatement, self.keyword(for_.range)));
                }
                let mut iterable = self.expression(&for_.iter)?;
                fold::list_as_tuple(&mut iterable);
                let target = self.target(&for_.target)?;
                let body = self.loop_body(&for_.body)?;
                StatementKind::For { target, iterable, body, otherwise: self.statements(&for_.orelse)? }
            }
            ast::Stmt::While(while_) => {
                let test = self.expression(&while_.test)?;
                let body = self.loop_body(&while_.body)?;
                StatementKind::While { test, body, otherwise: self.statements(&while_.orelse)? }
            }
            ast::Stmt::If(if_) => self.if_statement(if_)?,
            ast::Stmt::With(with) if with.is_async => self.refuse(Feature::AsyncStatement, with.range)?,
            ast::Stmt::With(with) => self.refuse(Feature::With, with.range)?,
            ast::Stmt::Match(match_) => self.refuse(Feature::Match, match_.range)?,
            ast::Stmt::Raise(raise) => StatementKind::Raise {
                exception: self.optional(raise.exc.as_deref())?,
                cause: self.optional(raise.cause.as_deref())?,
            },
            ast::Stmt::Try(try_) => self.refuse(Feature::Try, try_.range)?,
            ast::Stmt::Assert(assert) => {
                let test = self.expression(&assert.test)?;
                StatementKind::Assert { test, message: self.optional(assert.msg.as_deref())? }
            }
            ast::Stmt::Import(import) => self.import(import)?,
            ast::Stmt::ImportFrom(import) => self.import_from(import)?,
            ast::Stmt::Global(global) => {
                StatementKind::Global(global.names.iter().map(|name| self.symbols.intern(&name.id)).collect())
            }
            ast::Stmt::Nonlocal(_) if self.kind == FunctionKind::Module => {
                return Err(Fault::syntax("nonlocal declaration not allowed at module level", whole));
            }
            ast::Stmt::Nonlocal(_) => return Err(Fault::unsupported(Feature::Closure, whole)),
            ast::Stmt::Expr(expression) => StatementKind::Expression(self.expression(&expression.value)?),
            ast::Stmt::Pass(_) => StatementKind::Pass,
            ast::Stmt::Break(_) if self.loops == 0 => return Err(Fault::syntax("'break' outside loop", whole)),
            ast::Stmt::Break(_) => StatementKind::Break,
            ast::Stmt::Continue(_) if self.loops == 0 => {
                return Err(Fault::syntax("'continue' not properly in loop", whole));
            }
            ast::Stmt::Continue(_) => StatementKind::Continue,
            ast::Stmt::IpyEscapeCommand(_) => return Err(Fault::syntax("invalid syntax", whole)),
        };
        out.push(Statement { kind, span: whole });
        Ok(())
    }

    fn if_statement(&mut self, if_: &ast::StmtIf) -> Result<StatementKind, Fault> {
        let end = if_.range.end();
        let test = self.expression(&if_.test)?;
        let mut branches = vec![Branch { span: span(if_.range), test, body: self.statements(&if_.body)? }];
        let mut otherwise = Vec::new();
        for clause in &if_.elif_else_clauses {
            match &clause.test {
                Some(test) => {
                    let test = self.expression(test)?;
                    let span = span(TextRange::new(clause.range.start(), end));
                    branches.push(Branch { span, test, body: self.statements(&clause.body)? });
                }
                None => otherwise = self.statements(&clause.body)?,
            }
        }
        Ok(StatementKind::If { branches, otherwise })
    }

    fn delete_target(&mut self, target: &ast::Expr, out: &mut Vec<Expression>) -> Result<(), Fault> {
        match target {
            ast::Expr::Tuple(ast::ExprTuple { elts, .. }) | ast::Expr::List(ast::ExprList { elts, .. }) => self
                .nested(span(target.range()), |lowerer| {
                    elts.iter().try_for_each(|element| lowerer.delete_target(element, out))
                }),
            ast::Expr::Attribute(_) => Err(Fault::unsupported(Feature::DeleteAttribute, span(target.range()))),
            _ => {
                out.push(self.target(target)?);
                Ok(())
            }
        }
    }

    /// Annotations are not evaluated, as if `from __future__ import annotations` were given.
    fn annotated_assignment(&mut self, assign: &ast::StmtAnnAssign, out: &mut Vec<Statement>) -> Result<(), Fault> {
        let whole = span(assign.range);
        let target = self.target(&assign.target)?;
        let value = self.optional(assign.value.as_deref())?;
        if let (ExpressionKind::Name(name), true) = (&target.kind, assign.simple) {
            out.push(Statement { kind: StatementKind::Declare(*name), span: whole });
        }
        match value {
            Some(value) => {
                let kind = StatementKind::Assign { targets: vec![target], value };
                out.push(Statement { kind, span: whole });
            }
            None => {
                let evaluated = match target.kind {
                    ExpressionKind::Attribute { object, .. } => vec![*object],
                    ExpressionKind::Subscript { object, index } => vec![*object, *index],
                    _ => Vec::new(),
                };
                let statement = |value: Expression| Statement { kind: StatementKind::Expression(value), span: whole };
                out.extend(evaluated.into_iter().map(statement));
            }
        }
        Ok(())
    }

    fn import(&mut self, import: &ast::StmtImport) -> Result<StatementKind, Fault> {
        if import.is_lazy {
            return self.refuse(Feature::LazyImport, import.range);
        }
        let mut imports = Vec::new();
        for alias in &import.names {
            let module = self.symbols.intern(&alias.name.id);
            let (name, top) = match &alias.asname {
                Some(name) => (self.identifier_binding(name)?, false),
                None => {
                    let top = alias.name.id.split('.').next().unwrap_or_default();
                    (self.binding(top, span(alias.range))?, top.len() < alias.name.id.len())
                }
            };
            imports.push(Import { module, top, name });
        }
        Ok(StatementKind::Import(imports))
    }

    fn import_from(&mut self, import: &ast::StmtImportFrom) -> Result<StatementKind, Fault> {
        if import.is_lazy {
            return self.refuse(Feature::LazyImport, import.range);
        }
        let module = match &import.module {
            Some(module) if import.level == 0 => module,
            _ => return self.refuse(Feature::RelativeImport, import.range),
        };
        if module.id.as_str() == "__future__" {
            return self.import_from_future(import);
        }
        self.at_start = false;
        let mut names = Vec::new();
        for alias in &import.names {
            if alias.name.id.as_str() == "*" {
                return match self.kind {
                    FunctionKind::Module => Err(Fault::unsupported(Feature::ImportStar, span(alias.range))),
                    _ => Err(Fault::syntax("import * only allowed at module level", span(import.range))),
                };
            }
            let variable = self.identifier_binding(alias.asname.as_ref().unwrap_or(&alias.name))?;
            names.push((self.symbols.intern(&alias.name.id), variable));
        }
        Ok(StatementKind::ImportFrom { module: self.symbols.intern(&module.id), names })
    }

    fn import_from_future(&mut self, import: &ast::StmtImportFrom) -> Result<StatementKind, Fault> {
        if !self.at_start {
            let message = "from __future__ imports must occur at the beginning of the file";
            return Err(Fault::syntax(message, span(import.range)));
        }
        let here = span(TextRange::empty(import.range.start()));
        for alias in &import.names {
            match alias.name.id.as_str() {
                "braces" => return Err(Fault::syntax("not a chance", here)),
                name if FUTURE_FEATURES.contains(&name) => {}
                name => return Err(Fault::syntax(format!("future feature {name} is not defined"), here)),
            }
        }
        Ok(StatementKind::Pass)
    }

    fn definition(&mut self, definition: &ast::StmtFunctionDef) -> Result<StatementKind, Fault> {
        if let Some(decorator) = definition.decorator_list.first() {
            return Err(Fault::unsupported(Feature::Decorator, span(decorator.range)));
        }
        if definition.is_async {
            return self.refuse(Feature::AsyncFunction, definition.range);
        }
        if let Some(parameters) = &definition.type_params {
            return Err(Fault::unsupported(Feature::TypeParameters, span(parameters.range)));
        }
        let name = self.identifier_binding(&definition.name)?;
        let mut function = self.parameters(Some(&definition.parameters))?;
        let outer = (std::mem::replace(&mut self.kind, FunctionKind::Definition), std::mem::take(&mut self.loops));
        let body = self.statements(&definition.body);
        (self.kind, self.loops) = outer;
        function.kind = FunctionKind::Definition;
        function.name = name;
        function.span = span(definition.range);
        function.body = body?;
        Ok(StatementKind::Function(Box::new(function)))
    }

    pub(super) fn lambda(&mut self, lambda: &ast::ExprLambda) -> Result<Function, Fault> {
        let mut function = self.parameters(lambda.parameters.as_deref())?;
        let outer = std::mem::replace(&mut self.kind, FunctionKind::Lambda);
        let value = self.expression(&lambda.body);
        self.kind = outer;
        let value = value?;
        let span = span(lambda.range);
        function.span = span;
        function.body = vec![Statement { span: value.span, kind: StatementKind::Return(Some(value)) }];
        Ok(function)
    }

    /// A function that has its parameters only.
    fn parameters(&mut self, parameters: Option<&ast::Parameters>) -> Result<Function, Fault> {
        let name = self.symbols.intern("<lambda>");
        let id = self.functions;
        self.functions += 1;
        let mut function = Function {
            id,
            kind: FunctionKind::Lambda,
            name,
            span: Span::default(),
            parameters: Vec::new(),
            positional: 0,
            positional_only: 0,
            keyword_only: 0,
            body: Vec::new(),
        };
        let Some(parameters) = parameters else { return Ok(function) };
        if let Some(star) = parameters.vararg.as_ref().or(parameters.kwarg.as_ref()) {
            return Err(Fault::unsupported(Feature::StarParameter, span(star.range)));
        }
        let whole = span(parameters.range);
        let count = |length: usize| u16::try_from(length).map_err(|_| Fault::unsupported(Feature::Size, whole));
        function.positional_only = count(parameters.posonlyargs.len())?;
        function.positional = count(parameters.posonlyargs.len() + parameters.args.len())?;
        function.keyword_only = count(parameters.kwonlyargs.len())?;
        let mut seen = std::collections::HashSet::new();
        for parameter in parameters.posonlyargs.iter().chain(&parameters.args).chain(&parameters.kwonlyargs) {
            let name = self.identifier_binding(&parameter.parameter.name)?;
            let span = span(parameter.parameter.range);
            if !seen.insert(name) {
                let message = format!("duplicate argument '{}' in function definition", self.symbols.name(name));
                return Err(Fault::syntax(message, span));
            }
            let default = self.optional(parameter.default.as_deref())?;
            function.parameters.push(Parameter { name, default });
        }
        Ok(function)
    }
}

fn is_docstring(statement: &ast::Stmt) -> bool {
    matches!(statement, ast::Stmt::Expr(expression) if expression.value.is_string_literal_expr())
}
