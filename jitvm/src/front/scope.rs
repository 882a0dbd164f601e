//! Where the variables of each function live: the names of each block of code, then which of them are locals, cells, free.

mod blocks;

use std::collections::{HashMap, HashSet};

use super::error::{Fault, Feature};
use super::hir::{ComprehensionKind, Expression, ExpressionKind, FunctionKind, Symbol, Symbols, Tree};
use blocks::{Block, BlockKind};

/// Where a name's value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Local(u16),
    /// In the cell in a register; `own`: this function makes the cell.
    Cell {
        register: u16,
        own: bool,
    },
    Global,
    /// In the namespace, else global.
    Name,
    /// In the namespace, else in the cell in a register.
    NameOrCell(u16),
}

/// The variables of one function.
#[derive(Default, Debug)]
pub struct Scope {
    /// Parameters, then other locals in the order of their first binding, then free variables: by register.
    pub locals: Vec<Symbol>,
    places: HashMap<Symbol, Place>,
    /// Own variables that are cells, with their registers.
    pub cells: Vec<(Symbol, u16)>,
    /// Free variables, in the order of the closure, with their registers.
    pub free: Vec<(Symbol, u16)>,
    /// Locals that a `:=` binds, which can thus change in the middle of an expression.
    pub rebound: HashSet<Symbol>,
    /// Locals that something unbinds.
    pub deleted: HashSet<Symbol>,
    /// Names declared `global`.
    pub declared_global: HashSet<Symbol>,
    /// A comprehension that is compiled where it stands.
    pub inlined: bool,
    /// The class body's cell that `super` and `__class__` in its functions refer to.
    pub class_cell: Option<u16>,
    has_namespace: bool,
}

impl Scope {
    pub fn place(&self, symbol: Symbol) -> Place {
        let elsewhere = if self.has_namespace { Place::Name } else { Place::Global };
        self.places.get(&symbol).copied().unwrap_or(elsewhere)
    }

    /// Register of a plain local.
    pub fn register(&self, symbol: Symbol) -> Option<u16> {
        match self.place(symbol) {
            Place::Local(register) => Some(register),
            _ => None,
        }
    }

    /// Register of the cell that a function inside captures.
    pub fn cell(&self, symbol: Symbol) -> Option<u16> {
        self.cells.iter().chain(&self.free).find(|&&(cell, _)| cell == symbol).map(|&(_, register)| register)
    }
}

/// Finds the scopes of a program, by the ids of its functions.
pub fn analyse(tree: &Tree) -> Result<Vec<Scope>, Fault> {
    let blocks = blocks::collect(tree)?;
    let mut scopes = Vec::new();
    scopes.resize_with(tree.functions, Scope::default);
    let mut analysis = Analysis {
        symbols: &tree.symbols,
        class_symbol: tree.symbols.find("__class__"),
        namespace: tree.symbols.find(".namespace"),
        blocks,
        scopes,
    };
    analysis.gather(0);
    analysis.resolve(0, &HashSet::new())?;
    Ok(analysis.scopes)
}

struct Analysis<'a> {
    symbols: &'a Symbols,
    class_symbol: Option<Symbol>,
    /// The parameter of class bodies.
    namespace: Option<Symbol>,
    blocks: Vec<Block>,
    scopes: Vec<Scope>,
}

impl Analysis<'_> {
    /// Decides, from the inside out, which comprehensions are inlined, and what functions inside capture from a block.
    fn gather(&mut self, index: usize) {
        for child in std::mem::take(&mut self.blocks[index].children) {
            self.gather(child);
            self.blocks[child].inlined = self.is_inlined(child, index);
            let inlined = self.blocks[child].inlined;
            let (used, captured) = self.asked_outside(child);
            let block = &mut self.blocks[index];
            if inlined {
                block.captured.extend(captured);
                used.into_iter().for_each(|symbol| block.use_name(symbol));
            } else {
                block.captured.extend(used.into_iter().chain(captured));
            }
            block.children.push(child);
        }
    }

    fn is_inlined(&self, index: usize, parent: usize) -> bool {
        let block = &self.blocks[index];
        let BlockKind::Comprehension(kind) = block.kind else { return false };
        let around = self.blocks[parent].kind;
        kind != ComprehensionKind::Generator
            && !matches!(around, BlockKind::Class | BlockKind::Namespace)
            && !block.early
            && !block.looks_at_frame
            && !block.bound.iter().any(|symbol| block.captured.contains(symbol))
    }

    /// What a block needs from those around it: names of its own code, and those that functions inside capture.
    fn asked_outside(&self, index: usize) -> (Vec<Symbol>, Vec<Symbol>) {
        let block = &self.blocks[index];
        let own = |symbol: &Symbol| !block.is_bound(*symbol) && !block.global.contains(symbol);
        let used = block.used.iter().copied().filter(own).collect();
        let through = |symbol: &Symbol| match block.kind {
            BlockKind::Class => Some(*symbol) != self.class_symbol,
            _ => own(symbol),
        };
        (used, block.captured.iter().copied().filter(through).collect())
    }

    /// Gives the names of a block their places, `around` being the variables of the functions around it.
    fn resolve(&mut self, index: usize, around: &HashSet<Symbol>) -> Result<(), Fault> {
        let block = &self.blocks[index];
        for &(symbol, span) in &block.nonlocal {
            if !around.contains(&symbol) {
                let message = format!("no binding for nonlocal '{}' found", self.symbols.name(symbol));
                return Err(Fault::syntax(message, span));
            }
        }
        let children = block.children.clone();
        if block.inlined {
            self.scopes[block.id].inlined = true;
            // Its variables are no cells, or it would not be inlined; what is inside sees what is around.
            return children.into_iter().try_for_each(|child| self.resolve(child, around));
        }
        let mut within = around.clone();
        let scope = match block.kind {
            BlockKind::Class | BlockKind::Namespace => self.namespace_scope(index, around, &mut within),
            _ => self.function_scope(index, around, &mut within),
        };
        if scope.locals.len() > usize::from(u16::MAX) {
            return Err(Fault::unsupported(Feature::Size, block.span));
        }
        self.scopes[block.id] = scope;
        children.into_iter().try_for_each(|child| self.resolve(child, &within))
    }

    fn function_scope(&self, index: usize, around: &HashSet<Symbol>, within: &mut HashSet<Symbol>) -> Scope {
        let block = &self.blocks[index];
        let mut scope = self.new_scope(block);
        if block.kind != BlockKind::Module {
            for &symbol in &block.bound {
                let register = scope.locals.len() as u16;
                scope.locals.push(symbol);
                let captured = block.captured.contains(&symbol);
                if captured {
                    scope.cells.push((symbol, register));
                }
                let place = if captured { Place::Cell { register, own: true } } else { Place::Local(register) };
                scope.places.insert(symbol, place);
            }
            for symbol in self.free_symbols(block, around) {
                let register = add_free(&mut scope, symbol);
                scope.places.insert(symbol, Place::Cell { register, own: false });
            }
            within.extend(block.bound.iter().copied());
        }
        within.retain(|symbol| !block.global.contains(symbol));
        scope
    }

    fn namespace_scope(&self, index: usize, around: &HashSet<Symbol>, within: &mut HashSet<Symbol>) -> Scope {
        let block = &self.blocks[index];
        let mut scope = self.new_scope(block);
        scope.has_namespace = true;
        scope.locals.extend(self.namespace);
        scope.places.extend(block.global.iter().map(|&symbol| (symbol, Place::Global)));
        if block.kind == BlockKind::Namespace {
            return scope;
        }
        if let Some(class) = self.class_symbol.filter(|class| block.captured.contains(class)) {
            scope.class_cell = Some(1);
            scope.locals.push(class);
            scope.cells.push((class, 1));
            within.insert(class);
        }
        for symbol in self.free_symbols(block, around) {
            let register = add_free(&mut scope, symbol);
            if block.nonlocal.iter().any(|&(nonlocal, _)| nonlocal == symbol) {
                scope.places.insert(symbol, Place::Cell { register, own: false });
            } else if !block.is_bound(symbol) && !block.global.contains(&symbol) {
                scope.places.insert(symbol, Place::NameOrCell(register));
            }
        }
        scope
    }

    fn new_scope(&self, block: &Block) -> Scope {
        let mut scope = Scope {
            rebound: block.rebound.clone(),
            deleted: block.deleted.clone(),
            declared_global: block.global.iter().copied().collect(),
            ..Scope::default()
        };
        for &child in block.children.iter().filter(|&&child| self.blocks[child].inlined) {
            self.add_inlined(child, &mut scope);
        }
        scope
    }

    /// `:=` in an inlined comprehension rebinds variables of the block around.
    fn add_inlined(&self, index: usize, scope: &mut Scope) {
        let block = &self.blocks[index];
        scope.rebound.extend(block.rebound.iter().copied());
        for &child in block.children.iter().filter(|&&child| self.blocks[child].inlined) {
            self.add_inlined(child, scope);
        }
    }

    /// Variables of functions around that a block, or a function inside it, needs; sorted by name, as CPython does.
    fn free_symbols(&self, block: &Block, around: &HashSet<Symbol>) -> Vec<Symbol> {
        let (used, captured) = match block.kind {
            BlockKind::Class => {
                let own = |symbol: &&Symbol| !block.is_bound(**symbol) && !block.global.contains(symbol);
                let used: Vec<Symbol> = block.used.iter().filter(own).copied().collect();
                let class = |symbol: &&Symbol| Some(**symbol) != self.class_symbol;
                (used, block.captured.iter().filter(class).copied().collect())
            }
            _ => {
                let own = |symbol: &&Symbol| !block.is_bound(**symbol) && !block.global.contains(symbol);
                let used: Vec<Symbol> = block.used.iter().filter(own).copied().collect();
                (used, block.captured.iter().filter(own).copied().collect::<Vec<_>>())
            }
        };
        let mut free: Vec<Symbol> = used.into_iter().chain(captured).filter(|symbol| around.contains(symbol)).collect();
        free.sort_by_key(|&symbol| self.symbols.name(symbol));
        free.dedup();
        free
    }
}

fn add_free(scope: &mut Scope, symbol: Symbol) -> u16 {
    let register = scope.locals.len() as u16;
    scope.locals.push(symbol);
    scope.free.push((symbol, register));
    register
}

/// Names a target binds, each once.
pub fn bound_names(target: &Expression, names: &mut Vec<Symbol>) {
    match &target.kind {
        ExpressionKind::Name(symbol) if !names.contains(symbol) => names.push(*symbol),
        ExpressionKind::Tuple(items) => items.iter().for_each(|item| bound_names(item, names)),
        ExpressionKind::Starred(item) => bound_names(item, names),
        _ => {}
    }
}

/// Kind of the block of a function.
fn block_kind(kind: FunctionKind) -> BlockKind {
    match kind {
        FunctionKind::Module => BlockKind::Module,
        FunctionKind::Namespace => BlockKind::Namespace,
        FunctionKind::Class => BlockKind::Class,
        _ => BlockKind::Function,
    }
}
