//! The names of each block of code - function, class body, comprehension - in the order they are met, and the errors
//! of `global`, `nonlocal` and `:=`.

use std::collections::{HashMap, HashSet};

use super::{block_kind, bound_names};
use crate::bytecode::Span;
use crate::front::error::Fault;
use crate::front::hir::{
    Comprehension, ComprehensionKind, Expression, ExpressionKind, FormatPart, Function, Statement, StatementKind,
    Symbol, Symbols, Tree,
};

/// Functions that see the variables of the frame they are called from: a comprehension that calls one keeps its frame.
const FRAME_FUNCTIONS: [&str; 5] = ["locals", "vars", "dir", "eval", "exec"];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BlockKind {
    Module,
    Namespace,
    Class,
    Function,
    Comprehension(ComprehensionKind),
}

/// What is known of the names of a block before those around it are looked at.
pub struct Block {
    pub kind: BlockKind,
    /// Of its function.
    pub id: usize,
    pub span: Span,
    parent: usize,
    pub children: Vec<usize>,
    /// Own variables in the order of their first binding, parameters first.
    pub bound: Vec<Symbol>,
    is_bound: HashSet<Symbol>,
    /// Names its own code looks up, or declares nonlocal; in the order of the source.
    pub used: Vec<Symbol>,
    is_used: HashSet<Symbol>,
    pub global: Vec<Symbol>,
    /// Places of `global` and `nonlocal` statements, by name.
    declared: Vec<(Symbol, Span)>,
    pub nonlocal: Vec<(Symbol, Span)>,
    pub rebound: HashSet<Symbol>,
    pub deleted: HashSet<Symbol>,
    seen: HashMap<Symbol, Seen>,
    /// Variables of a comprehension whose `for` has come.
    reached: HashSet<Symbol>,
    /// Variables of a comprehension that `:=` binds before their `for`.
    assigned_early: HashSet<Symbol>,
    /// A comprehension uses a variable of its own before the variable's `for`.
    pub early: bool,
    /// A comprehension may look at its own frame.
    pub looks_at_frame: bool,
    /// Names that functions inside need from here or further out.
    pub captured: HashSet<Symbol>,
    pub inlined: bool,
}

impl Block {
    pub fn is_bound(&self, symbol: Symbol) -> bool {
        self.is_bound.contains(&symbol)
    }

    pub fn use_name(&mut self, symbol: Symbol) {
        if self.is_used.insert(symbol) {
            self.used.push(symbol);
        }
    }
}

/// How a name was met, the later ones naming the error of a late `global`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    Assigned,
    Annotated,
    Used,
    Parameter,
}

/// The blocks of a program, outer ones before those inside.
pub fn collect(tree: &Tree) -> Result<Vec<Block>, Fault> {
    let mut walker = Walker {
        symbols: &tree.symbols,
        super_symbol: tree.symbols.find("super"),
        class_symbol: tree.symbols.find("__class__"),
        frame_symbols: FRAME_FUNCTIONS.iter().filter_map(|name| tree.symbols.find(name)).collect(),
        blocks: Vec::new(),
        current: 0,
        in_iterable: 0,
    };
    walker.open(&tree.body, block_kind(tree.body.kind));
    walker.statements(&tree.body.body)?;
    Ok(walker.blocks)
}

struct Walker<'a> {
    symbols: &'a Symbols,
    super_symbol: Option<Symbol>,
    class_symbol: Option<Symbol>,
    frame_symbols: Vec<Symbol>,
    blocks: Vec<Block>,
    current: usize,
    /// Iterables of comprehensions around the expression being walked.
    in_iterable: u32,
}

impl<'a> Walker<'a> {
    fn block(&mut self) -> &mut Block {
        &mut self.blocks[self.current]
    }

    /// Starts a block inside the current one; the index of the latter.
    fn open(&mut self, function: &'a Function, kind: BlockKind) -> usize {
        let index = self.blocks.len();
        let parent = std::mem::replace(&mut self.current, index);
        if index > 0 {
            self.blocks[parent].children.push(index);
        }
        self.blocks.push(Block {
            kind,
            id: function.id,
            span: function.span,
            parent,
            children: Vec::new(),
            bound: Vec::new(),
            is_bound: HashSet::new(),
            used: Vec::new(),
            is_used: HashSet::new(),
            global: Vec::new(),
            declared: Vec::new(),
            nonlocal: Vec::new(),
            rebound: HashSet::new(),
            deleted: HashSet::new(),
            seen: HashMap::new(),
            reached: HashSet::new(),
            assigned_early: HashSet::new(),
            early: false,
            looks_at_frame: false,
            captured: HashSet::new(),
            inlined: false,
        });
        for parameter in &function.parameters {
            if kind != BlockKind::Class && kind != BlockKind::Namespace {
                self.see(parameter.name, Seen::Parameter);
                self.add_local(parameter.name);
            }
        }
        parent
    }

    fn function(&mut self, function: &'a Function) -> Result<(), Fault> {
        let parent = self.open(function, block_kind(function.kind));
        self.statements(&function.body)?;
        self.current = parent;
        Ok(())
    }

    fn add_local(&mut self, symbol: Symbol) {
        let block = self.block();
        let declared = block.global.contains(&symbol) || block.nonlocal.iter().any(|&(name, _)| name == symbol);
        if !declared && block.is_bound.insert(symbol) {
            block.bound.push(symbol);
        }
    }

    fn bind(&mut self, symbol: Symbol) {
        self.see(symbol, Seen::Assigned);
        self.add_local(symbol);
    }

    fn see(&mut self, symbol: Symbol, how: Seen) {
        let seen = self.block().seen.entry(symbol).or_insert(how);
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
            StatementKind::Declare(name) => self.declare(*name, statement.span),
            StatementKind::Annotate { annotation, .. } => self.expression(annotation),
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
            StatementKind::For { target, iterable, body, otherwise, .. } => {
                self.expression(iterable)?;
                self.target(target)?;
                self.statements(body)?;
                self.statements(otherwise)
            }
            StatementKind::Break | StatementKind::Continue | StatementKind::Pass | StatementKind::ImportStar { .. } => {
                Ok(())
            }
            StatementKind::Delete(targets) => targets.iter().try_for_each(|target| {
                if let ExpressionKind::Name(name) = target.kind {
                    self.block().deleted.insert(name);
                }
                self.target(target)
            }),
            StatementKind::Global(names) => {
                names.iter().try_for_each(|&name| self.declare_global(name, statement.span))
            }
            StatementKind::Nonlocal(names) => {
                names.iter().try_for_each(|&name| self.declare_nonlocal(name, statement.span))
            }
            StatementKind::Assert { test, message } => {
                self.expression(test)?;
                self.optional(message.as_ref())
            }
            StatementKind::Raise { exception, cause } => {
                self.optional(exception.as_ref())?;
                self.optional(cause.as_ref())
            }
            StatementKind::Import(imports) => {
                imports.iter().for_each(|import| self.bind(import.name));
                Ok(())
            }
            StatementKind::ImportFrom { names, .. } => {
                names.iter().for_each(|&(_, name)| self.bind(name));
                Ok(())
            }
            StatementKind::Function(function) => {
                function.outer_expressions().try_for_each(|expression| self.expression(expression))?;
                self.bind(function.name);
                self.function(function)
            }
            StatementKind::Class(class) => {
                class.function.decorators.iter().try_for_each(|decorator| self.expression(decorator))?;
                class.bases.iter().try_for_each(|base| self.expression(base))?;
                class.keywords.iter().try_for_each(|keyword| self.expression(&keyword.value))?;
                self.bind(class.function.name);
                self.function(&class.function)
            }
            StatementKind::Try(try_) => {
                self.statements(&try_.body)?;
                for handler in &try_.handlers {
                    self.optional(handler.class.as_ref())?;
                    if let Some(name) = handler.name {
                        self.bind(name);
                        self.block().deleted.insert(name);
                    }
                    self.statements(&handler.body)?;
                }
                self.statements(&try_.otherwise)?;
                self.statements(&try_.finally)
            }
            StatementKind::With { items, body, .. } => {
                for (value, target) in items {
                    self.expression(value)?;
                    target.as_ref().map_or(Ok(()), |target| self.target(target))?;
                }
                self.statements(body)
            }
            StatementKind::Match { subject, cases } => {
                self.expression(subject)?;
                for case in cases {
                    let mut result = Ok(());
                    case.pattern.for_each_expression(&mut |expression| {
                        if result.is_ok() {
                            result = self.expression(expression);
                        }
                    });
                    result?;
                    case.pattern.names().into_iter().for_each(|name| self.bind(name));
                    self.optional(case.guard.as_ref())?;
                    self.statements(&case.body)?;
                }
                Ok(())
            }
        }
    }

    fn declare(&mut self, name: Symbol, span: Span) -> Result<(), Fault> {
        let text = self.symbols.name(name);
        let block = self.block();
        if block.nonlocal.iter().any(|&(nonlocal, _)| nonlocal == name) {
            return Err(Fault::syntax(format!("annotated name '{text}' can't be nonlocal"), span));
        }
        if block.global.contains(&name) && !matches!(block.kind, BlockKind::Module | BlockKind::Namespace) {
            return Err(Fault::syntax(format!("annotated name '{text}' can't be global"), span));
        }
        self.see(name, Seen::Annotated);
        self.add_local(name);
        Ok(())
    }

    /// The error of a name declared after it was met.
    fn check_declaration(&mut self, name: Symbol, what: &str, span: Span) -> Result<(), Fault> {
        let text = self.symbols.name(name);
        let message = match self.block().seen.get(&name) {
            Some(Seen::Parameter) => format!("name '{text}' is parameter and {what}"),
            Some(Seen::Annotated) => format!("annotated name '{text}' can't be {what}"),
            Some(Seen::Assigned) => format!("name '{text}' is assigned to before {what} declaration"),
            Some(Seen::Used) => format!("name '{text}' is used prior to {what} declaration"),
            None => return Ok(()),
        };
        Err(Fault::syntax(message, span))
    }

    fn declare_global(&mut self, name: Symbol, span: Span) -> Result<(), Fault> {
        self.check_declaration(name, "global", span)?;
        let block = self.block();
        block.declared.push((name, span));
        if !block.global.contains(&name) {
            block.global.push(name);
        }
        self.check_both(name)
    }

    fn declare_nonlocal(&mut self, name: Symbol, span: Span) -> Result<(), Fault> {
        if matches!(self.block().kind, BlockKind::Module | BlockKind::Namespace) {
            return Err(Fault::syntax("nonlocal declaration not allowed at module level", span));
        }
        self.check_declaration(name, "nonlocal", span)?;
        let block = self.block();
        block.declared.push((name, span));
        block.nonlocal.push((name, span));
        block.use_name(name);
        self.check_both(name)
    }

    fn check_both(&mut self, name: Symbol) -> Result<(), Fault> {
        let text = self.symbols.name(name);
        let block = self.block();
        let nonlocal = block.nonlocal.iter().any(|&(nonlocal, _)| nonlocal == name);
        match block.declared.iter().find(|&&(declared, _)| declared == name) {
            Some(&(_, span)) if nonlocal && block.global.contains(&name) => {
                Err(Fault::syntax(format!("name '{text}' is nonlocal and global"), span))
            }
            _ => Ok(()),
        }
    }

    fn optional(&mut self, value: Option<&'a Expression>) -> Result<(), Fault> {
        value.map_or(Ok(()), |value| self.expression(value))
    }

    fn target(&mut self, target: &'a Expression) -> Result<(), Fault> {
        match &target.kind {
            ExpressionKind::Name(symbol) => {
                self.bind(*symbol);
                Ok(())
            }
            ExpressionKind::Tuple(items) => items.iter().try_for_each(|item| self.target(item)),
            ExpressionKind::Starred(item) => self.target(item),
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
            ExpressionKind::Name(symbol) => {
                self.use_name(*symbol);
                Ok(())
            }
            ExpressionKind::Named { name, target, value } => {
                // CPython looks at the target first, but only its errors come of that.
                self.named(*name, *target, expression.span)?;
                self.expression(value)
            }
            ExpressionKind::Lambda(function) => {
                function.outer_expressions().try_for_each(|expression| self.expression(expression))?;
                self.function(function)
            }
            ExpressionKind::Comprehension(comprehension) => self.comprehension(comprehension),
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

    fn use_name(&mut self, symbol: Symbol) {
        self.see(symbol, Seen::Used);
        let looks_at_frame = self.frame_symbols.contains(&symbol);
        let class = self.class_symbol.filter(|_| Some(symbol) == self.super_symbol);
        let mut index = self.current;
        while let BlockKind::Comprehension(_) = self.blocks[index].kind {
            let block = &mut self.blocks[index];
            block.looks_at_frame |= looks_at_frame;
            if block.is_bound(symbol) {
                block.early |= !block.reached.contains(&symbol);
                break;
            }
            index = block.parent;
        }
        let block = self.block();
        block.use_name(symbol);
        if !matches!(block.kind, BlockKind::Module | BlockKind::Namespace | BlockKind::Class) {
            class.into_iter().for_each(|class| block.use_name(class));
        }
    }

    /// `name := ...` binds in the function, past the comprehensions around it.
    fn named(&mut self, name: Symbol, target: Span, whole: Span) -> Result<(), Fault> {
        if self.in_iterable > 0 {
            let message = "assignment expression cannot be used in a comprehension iterable expression";
            return Err(Fault::syntax(message, whole));
        }
        let innermost = self.current;
        while let BlockKind::Comprehension(_) = self.block().kind {
            let block = self.block();
            if block.is_bound(name) && !block.reached.contains(&name) {
                // An error, which is told where the variable's `for` is.
                block.assigned_early.insert(name);
                self.current = innermost;
                return Ok(());
            }
            if block.is_bound(name) {
                let text = self.symbols.name(name);
                let message = format!("assignment expression cannot rebind comprehension iteration variable '{text}'");
                return Err(Fault::syntax(message, target));
            }
            let block = self.block();
            block.rebound.insert(name);
            block.use_name(name);
            self.current = block.parent;
        }
        if self.block().kind == BlockKind::Class && self.current != innermost {
            let message = "assignment expression within a comprehension cannot be used in a class body";
            return Err(Fault::syntax(message, target));
        }
        self.block().rebound.insert(name);
        self.bind(name);
        if self.block().kind == BlockKind::Namespace && self.current != innermost {
            let block = self.block();
            block.is_bound.remove(&name);
            block.bound.retain(|&bound| bound != name);
            block.global.push(name);
        }
        self.current = innermost;
        Ok(())
    }

    fn comprehension(&mut self, comprehension: &'a Comprehension) -> Result<(), Fault> {
        let Some((first, others)) = comprehension.clauses.split_first() else { return Ok(()) };
        self.iterable(&first.iterable)?;
        let parent = self.open(&comprehension.function, BlockKind::Comprehension(comprehension.kind));
        let mut variables = Vec::new();
        comprehension.clauses.iter().for_each(|clause| bound_names(&clause.target, &mut variables));
        variables.into_iter().for_each(|variable| self.add_local(variable));
        self.comprehension_target(&first.target)?;
        first.tests.iter().try_for_each(|test| self.expression(test))?;
        for clause in others {
            self.iterable(&clause.iterable)?;
            self.comprehension_target(&clause.target)?;
            clause.tests.iter().try_for_each(|test| self.expression(test))?;
        }
        self.optional(comprehension.key.as_ref())?;
        self.expression(&comprehension.element)?;
        self.current = parent;
        Ok(())
    }

    fn iterable(&mut self, iterable: &'a Expression) -> Result<(), Fault> {
        self.in_iterable += 1;
        let result = self.expression(iterable);
        self.in_iterable -= 1;
        result
    }

    fn comprehension_target(&mut self, target: &'a Expression) -> Result<(), Fault> {
        match &target.kind {
            ExpressionKind::Name(symbol) => {
                if self.block().assigned_early.contains(symbol) {
                    let text = self.symbols.name(*symbol);
                    let message =
                        format!("comprehension inner loop cannot rebind assignment expression target '{text}'");
                    return Err(Fault::syntax(message, target.span));
                }
                self.block().reached.insert(*symbol);
                Ok(())
            }
            ExpressionKind::Tuple(items) => items.iter().try_for_each(|item| self.comprehension_target(item)),
            ExpressionKind::Starred(item) => self.comprehension_target(item),
            _ => self.children(target),
        }
    }
}
