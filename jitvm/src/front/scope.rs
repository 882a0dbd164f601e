//! Which variables are a function's own: locals by register, names bound in comprehensions, captures (refused so far).

use std::collections::{HashMap, HashSet};

use super::error::{Fault, Feature};
use super::hir::{
    Clause, Expression, ExpressionKind, FormatPart, Function, FunctionKind, Statement, StatementKind, Symbol, Symbols,
    Tree,
};
use crate::bytecode::Span;

/// The variables of one function.
#[derive(Default, Debug)]
pub struct Scope {
    /// Parameters, then other locals in the order of their first binding: by register.
    pub locals: Vec<Symbol>,
    registers: HashMap<Symbol, u16>,
    /// Locals that a `:=` binds, which can thus change in the middle of an expression.
    pub rebound: HashSet<Symbol>,
    /// Locals that a `del` unbinds.
    pub deleted: HashSet<Symbol>,
    /// Names declared `global`.
    pub declared_global: HashSet<Symbol>,
}

impl Scope {
    /// Register of a local; none for a global.
    pub fn register(&self, symbol: Symbol) -> Option<u16> {
        self.registers.get(&symbol).copied()
    }
}

/// Finds the scopes of a program, by the ids of its functions.
pub fn analyse(tree: &Tree) -> Result<Vec<Scope>, Fault> {
    let mut scopes = Vec::new();
    scopes.resize_with(tree.functions, Scope::default);
    analyse_function(&tree.symbols, &tree.body, &[], &mut scopes)?;
    Ok(scopes)
}

/// What a function knows about a name when it looks further out.
enum Outer<'a> {
    Function(&'a Scope),
    /// Variables of the comprehensions around a lambda.
    Comprehension(Vec<Symbol>),
}

fn analyse_function(
    symbols: &Symbols,
    function: &Function,
    outer: &[&Outer<'_>],
    scopes: &mut [Scope],
) -> Result<(), Fault> {
    let mut walker = Walker {
        symbols,
        function,
        scope: Scope::default(),
        seen: HashMap::new(),
        uses: Vec::new(),
        inner: Vec::new(),
        comprehensions: Vec::new(),
        in_iterable: 0,
    };
    for parameter in &function.parameters {
        walker.see(parameter.name, Seen::Parameter);
        walker.add_local(parameter.name)?;
    }
    walker.statements(&function.body)?;
    let Walker { scope, uses, inner, .. } = walker;
    for (symbol, span) in uses {
        if scope.register(symbol).is_none() && !scope.declared_global.contains(&symbol) {
            refuse_capture(symbol, span, outer)?;
        }
    }
    let own = Outer::Function(&scope);
    for (function, variables) in inner {
        let comprehension = Outer::Comprehension(variables);
        let mut around = outer.to_vec();
        around.push(&own);
        around.push(&comprehension);
        analyse_function(symbols, function, &around, scopes)?;
    }
    scopes[function.id] = scope;
    Ok(())
}

/// A name that is not the function's own may be a variable of a function around it: a capture.
fn refuse_capture(symbol: Symbol, span: Span, outer: &[&Outer<'_>]) -> Result<(), Fault> {
    for outer in outer.iter().rev() {
        let found = match outer {
            Outer::Function(scope) if scope.declared_global.contains(&symbol) => return Ok(()),
            Outer::Function(scope) => scope.register(symbol).is_some(),
            Outer::Comprehension(variables) => variables.contains(&symbol),
        };
        if found {
            return Err(Fault::unsupported(Feature::Closure, span));
        }
    }
    Ok(())
}

/// How a name was met, the later ones naming the error of a late `global`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    Assigned,
    Annotated,
    Used,
    Parameter,
}

/// A comprehension being walked: its variables, and whether their `for` has come yet.
struct Comprehension {
    variables: Vec<(Symbol, bool)>,
}

struct Walker<'a> {
    symbols: &'a Symbols,
    function: &'a Function,
    scope: Scope,
    seen: HashMap<Symbol, Seen>,
    uses: Vec<(Symbol, Span)>,
    inner: Vec<(&'a Function, Vec<Symbol>)>,
    comprehensions: Vec<Comprehension>,
    /// Iterables of comprehensions around the expression being walked.
    in_iterable: u32,
}

impl<'a> Walker<'a> {
    fn add_local(&mut self, symbol: Symbol) -> Result<(), Fault> {
        if self.function.kind == FunctionKind::Module
            || self.scope.declared_global.contains(&symbol)
            || self.scope.registers.contains_key(&symbol)
        {
            return Ok(());
        }
        let register = u16::try_from(self.scope.locals.len())
            .map_err(|_| Fault::unsupported(Feature::Size, self.function.span))?;
        self.scope.locals.push(symbol);
        self.scope.registers.insert(symbol, register);
        Ok(())
    }

    fn bind(&mut self, symbol: Symbol) -> Result<(), Fault> {
        self.see(symbol, Seen::Assigned);
        self.add_local(symbol)
    }

    fn see(&mut self, symbol: Symbol, how: Seen) {
        let seen = self.seen.entry(symbol).or_insert(how);
        *seen = (*seen).max(how);
    }

    fn statements(&mut self, statements: &'a [Statement]) -> Result<(), Fault> {
        statements.iter().try_for_each(|statement| self.statement(statement))
    }

    fn statement(&mut self, statement: &'a Statement) -> Result<(), Fault> {
        match &statement.kind {
            StatementKind::Expression(value) => self.expression(value),
            StatementKind::Assign { targets, value } => {
                self.expression(value)?;
                targets.iter().try_for_each(|target| self.target(target))
            }
            StatementKind::AugmentedAssign { target, value, .. } => {
                self.target(target)?;
                self.expression(value)
            }
            StatementKind::Declare(name) => {
                if self.scope.declared_global.contains(name) && self.function.kind != FunctionKind::Module {
                    let message = format!("annotated name '{}' can't be global", self.symbols.name(*name));
                    return Err(Fault::syntax(message, statement.span));
                }
                self.see(*name, Seen::Annotated);
                self.add_local(*name)
            }
            StatementKind::Return(value) => self.optional(value.as_ref()),
            StatementKind::If { branches, otherwise } => {
                for branch in branches {
                    self.expression(&branch.test)?;
                    self.statements(&branch.body)?;
                }
                self.statements(otherwise)
            }
            StatementKind::While { test, body, otherwise } => {
                self.expression(test)?;
                self.statements(body)?;
                self.statements(otherwise)
            }
            StatementKind::For { target, iterable, body, otherwise } => {
                self.expression(iterable)?;
                self.target(target)?;
                self.statements(body)?;
                self.statements(otherwise)
            }
            StatementKind::Break | StatementKind::Continue | StatementKind::Pass => Ok(()),
            StatementKind::Delete(targets) => targets.iter().try_for_each(|target| {
                if let ExpressionKind::Name(name) = target.kind {
                    self.scope.deleted.insert(name);
                }
                self.target(target)
            }),
            StatementKind::Global(names) => {
                names.iter().try_for_each(|&name| self.declare_global(name, statement.span))
            }
            StatementKind::Assert { test, message } => {
                self.expression(test)?;
                self.optional(message.as_ref())
            }
            StatementKind::Raise { exception, cause } => {
                self.optional(exception.as_ref())?;
                self.optional(cause.as_ref())
            }
            StatementKind::Import(imports) => imports.iter().try_for_each(|import| self.bind(import.name)),
            StatementKind::ImportFrom { names, .. } => names.iter().try_for_each(|&(_, name)| self.bind(name)),
            StatementKind::Function(function) => {
                self.defaults(function)?;
                self.bind(function.name)?;
                self.enter(function);
                Ok(())
            }
        }
    }

    fn declare_global(&mut self, name: Symbol, span: Span) -> Result<(), Fault> {
        let text = self.symbols.name(name);
        let message = match self.seen.get(&name) {
            Some(Seen::Parameter) => format!("name '{text}' is parameter and global"),
            Some(Seen::Annotated) => format!("annotated name '{text}' can't be global"),
            Some(Seen::Assigned) => format!("name '{text}' is assigned to before global declaration"),
            Some(Seen::Used) => format!("name '{text}' is used prior to global declaration"),
            None => {
                self.scope.declared_global.insert(name);
                return Ok(());
            }
        };
        Err(Fault::syntax(message, span))
    }

    fn optional(&mut self, value: Option<&'a Expression>) -> Result<(), Fault> {
        value.map_or(Ok(()), |value| self.expression(value))
    }

    fn defaults(&mut self, function: &'a Function) -> Result<(), Fault> {
        function.parameters.iter().try_for_each(|parameter| self.optional(parameter.default.as_ref()))
    }

    /// Notes a function inside, with the comprehension variables it must not capture.
    fn enter(&mut self, function: &'a Function) {
        let variables = self.comprehensions.iter().flat_map(|comprehension| &comprehension.variables);
        self.inner.push((function, variables.map(|&(symbol, _)| symbol).collect()));
    }

    fn target(&mut self, target: &'a Expression) -> Result<(), Fault> {
        match &target.kind {
            ExpressionKind::Name(symbol) => self.bind(*symbol),
            ExpressionKind::Tuple(items) => items.iter().try_for_each(|item| self.target(item)),
            _ => self.children(target),
        }
    }

    fn children(&mut self, expression: &'a Expression) -> Result<(), Fault> {
        let mut result = Ok(());
        expression.for_each_child(|child| {
            if result.is_ok() {
                result = self.expression(child);
            }
        });
        result
    }

    fn expression(&mut self, expression: &'a Expression) -> Result<(), Fault> {
        match &expression.kind {
            ExpressionKind::Name(symbol) => self.use_name(*symbol, expression.span),
            ExpressionKind::Named { name, target, value } => {
                self.expression(value)?;
                self.named(*name, *target, expression.span)
            }
            ExpressionKind::Lambda(function) => {
                self.defaults(function)?;
                self.enter(function);
                Ok(())
            }
            ExpressionKind::ListComprehension { element, clauses } => self.comprehension(element, clauses),
            ExpressionKind::FormatString(parts) => self.format_parts(parts),
            _ => self.children(expression),
        }
    }

    fn format_parts(&mut self, parts: &'a [FormatPart]) -> Result<(), Fault> {
        for part in parts {
            if let FormatPart::Field { value, specification, .. } = part {
                self.expression(value)?;
                self.format_parts(specification)?;
            }
        }
        Ok(())
    }

    fn use_name(&mut self, symbol: Symbol, span: Span) -> Result<(), Fault> {
        for comprehension in self.comprehensions.iter().rev() {
            match comprehension.variables.iter().find(|&&(variable, _)| variable == symbol) {
                Some((_, true)) => return Ok(()),
                Some((_, false)) => return Err(Fault::unsupported(Feature::EarlyComprehensionVariable, span)),
                None => {}
            }
        }
        self.see(symbol, Seen::Used);
        self.uses.push((symbol, span));
        Ok(())
    }

    /// `name := ...` binds in the function, past the comprehensions around it.
    fn named(&mut self, name: Symbol, target: Span, whole: Span) -> Result<(), Fault> {
        if self.in_iterable > 0 {
            let message = "assignment expression cannot be used in a comprehension iterable expression";
            return Err(Fault::syntax(message, whole));
        }
        let iterates =
            |comprehension: &Comprehension| comprehension.variables.iter().any(|&(variable, _)| variable == name);
        if self.comprehensions.iter().any(iterates) {
            let text = self.symbols.name(name);
            let message = format!("assignment expression cannot rebind comprehension iteration variable '{text}'");
            return Err(Fault::syntax(message, target));
        }
        self.scope.rebound.insert(name);
        self.bind(name)
    }

    fn comprehension(&mut self, element: &'a Expression, clauses: &'a [Clause]) -> Result<(), Fault> {
        let Some((first, others)) = clauses.split_first() else { return Ok(()) };
        self.iterable(&first.iterable)?;
        let mut variables = Vec::new();
        clauses.iter().for_each(|clause| bound_names(&clause.target, &mut variables));
        let variables = variables.into_iter().map(|symbol| (symbol, false)).collect();
        self.comprehensions.push(Comprehension { variables });
        self.clause(first)?;
        for clause in others {
            self.iterable(&clause.iterable)?;
            self.clause(clause)?;
        }
        self.expression(element)?;
        self.comprehensions.pop();
        Ok(())
    }

    fn iterable(&mut self, iterable: &'a Expression) -> Result<(), Fault> {
        self.in_iterable += 1;
        let result = self.expression(iterable);
        self.in_iterable -= 1;
        result
    }

    /// The target and the tests of a clause.
    fn clause(&mut self, clause: &'a Clause) -> Result<(), Fault> {
        self.comprehension_target(&clause.target)?;
        clause.tests.iter().try_for_each(|test| self.expression(test))
    }

    fn comprehension_target(&mut self, target: &'a Expression) -> Result<(), Fault> {
        match &target.kind {
            ExpressionKind::Name(symbol) => {
                let variables = self.comprehensions.last_mut().into_iter().flat_map(|inner| &mut inner.variables);
                variables.filter(|(variable, _)| variable == symbol).for_each(|(_, bound)| *bound = true);
                Ok(())
            }
            ExpressionKind::Tuple(items) => items.iter().try_for_each(|item| self.comprehension_target(item)),
            _ => self.children(target),
        }
    }
}

/// Names a target binds, each once.
pub fn bound_names(target: &Expression, names: &mut Vec<Symbol>) {
    match &target.kind {
        ExpressionKind::Name(symbol) if !names.contains(symbol) => names.push(*symbol),
        ExpressionKind::Tuple(items) => items.iter().for_each(|item| bound_names(item, names)),
        _ => {}
    }
}
