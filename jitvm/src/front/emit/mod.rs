//! The tree to bytecode: one emitter per function, and what all of its parts share.

mod assignments;
mod blocks;
mod builder;
mod calls;
mod comprehensions;
mod conditions;
mod definitions;
mod displays;
mod exceptions;
mod expressions;
mod flow;
mod generators;
mod imports;
mod names;
mod patterns;
mod positions;
mod statements;

use blocks::Block;
use builder::{Builder, Register};

use super::error::{Fault, Feature};
use super::hir::{Comprehension, Function, FunctionKind, Symbol, Symbols, Tree};
use super::scope::{Place, Scope};
use crate::bytecode::{CodeKind, CodeProto, Constant, InlinedFrame, Instruction, Op, Position, Source, Span};
use flow::Label;

/// Emits a program; the code of its body comes first.
pub fn emit(source: &Source, tree: &Tree, scopes: &[Scope]) -> Result<Vec<CodeProto>, Fault> {
    let mut program = Program {
        source,
        symbols: &tree.symbols,
        scopes,
        shows_values: tree.shows_values,
        codes: Vec::new(),
        fault: None,
    };
    program.code(Body::Function(&tree.body), "<module>".to_owned());
    match program.fault {
        Some(fault) => Err(fault),
        None => Ok(program.codes.into_iter().map(|code| code.expect("a code is finished before its user")).collect()),
    }
}

/// What the emitters of all functions share.
struct Program<'a> {
    source: &'a Source,
    symbols: &'a Symbols,
    scopes: &'a [Scope],
    /// Expression statements of the body show their values.
    shows_values: bool,
    /// By index in the module; none while being emitted.
    codes: Vec<Option<CodeProto>>,
    /// The first function that cannot be emitted.
    fault: Option<Fault>,
}

/// What a code is made of.
#[derive(Clone, Copy)]
enum Body<'a> {
    Function(&'a Function),
    Comprehension(&'a Comprehension),
}

impl<'a> Program<'a> {
    /// Emits a function and those inside; its index.
    fn code(&mut self, body: Body<'a>, qualname: String) -> u32 {
        let index = self.codes.len();
        self.codes.push(None);
        let function = match body {
            Body::Function(function) => function,
            Body::Comprehension(comprehension) => &comprehension.function,
        };
        let scope = &self.scopes[function.id];
        let parameters = if function.kind == FunctionKind::Namespace { 1 } else { function.parameters.len() as u16 };
        let mut emitter = Emitter {
            builder: Builder::new(scope.locals.len() as u16, parameters),
            program: self,
            function,
            scope,
            qualname,
            blocks: Vec::new(),
            hidden: Vec::new(),
            inlined_frames: Vec::new(),
        };
        emitter.prologue();
        match body {
            Body::Function(function) => emitter.statements(&function.body),
            Body::Comprehension(comprehension) => emitter.comprehension_body(comprehension),
        }
        let code = emitter.finish();
        self.codes[index] = Some(code);
        index as u32
    }
}

/// Where an expression's value is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Want {
    /// In any register: a variable's own, or else the next temporary.
    Any,
    /// In the next temporary.
    Fresh,
    /// In a variable's register, which is written last, when nothing can fail or read it any more.
    Into(Register),
}

/// Where a name's value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Variable {
    /// Variable of a comprehension around; surely assigned.
    Hidden(Register),
    Place(Place),
}

struct Emitter<'p, 'a> {
    builder: Builder,
    program: &'p mut Program<'a>,
    function: &'a Function,
    scope: &'a Scope,
    qualname: String,
    /// What the statement being emitted is in.
    blocks: Vec<Block<'a>>,
    /// Variables of the comprehensions around, innermost last.
    hidden: Vec<(Symbol, Register)>,
    inlined_frames: Vec<InlinedFrame>,
}

impl<'a> Emitter<'_, 'a> {
    fn variable(&self, symbol: Symbol) -> Variable {
        match self.hidden.iter().rev().find(|&&(hidden, _)| hidden == symbol) {
            Some(&(_, register)) => Variable::Hidden(register),
            None => Variable::Place(self.scope.place(symbol)),
        }
    }

    /// Register of a variable that is in one.
    fn variable_register(&self, symbol: Symbol) -> Option<Register> {
        match self.variable(symbol) {
            Variable::Hidden(register) | Variable::Place(Place::Local(register)) => Some(register),
            Variable::Place(_) => None,
        }
    }

    /// A name that need not be in the source.
    fn implicit(&self, name: &str) -> Symbol {
        self.program.symbols.find(name).expect("implicit names are interned")
    }

    fn refuse(&mut self, fault: Fault) {
        self.program.fault.get_or_insert(fault);
    }

    fn is_local(&self, register: Register) -> bool {
        usize::from(register) < self.scope.locals.len()
    }

    fn emit(&mut self, op: Op, a: u16, b: u16, c: u16, position: Position) {
        self.builder.emit(Instruction::new(op, a, b, c), position);
    }

    fn emit_marked(&mut self, op: Op, x: u8, a: u16, b: u16, c: u16, position: Position) {
        self.builder.emit(Instruction { op, x, a, b, c }, position);
    }

    /// A jump that is always taken.
    fn go(&mut self, label: Label, position: Position) {
        self.builder.jump(Op::Jump, 0, label, position);
        self.builder.end_path();
    }

    /// The register for a result, once its operands are released.
    fn destination(&mut self, want: Want) -> Register {
        match want {
            Want::Into(register) => register,
            Want::Any | Want::Fresh => self.builder.push(1),
        }
    }

    /// Brings a value that stands in the next temporary (at `mark`) to where it is wanted.
    fn deliver(&mut self, mark: u32, want: Want, position: Position) -> Register {
        self.builder.release(mark);
        let temporary = self.builder.push(1);
        match want {
            Want::Any | Want::Fresh => temporary,
            Want::Into(register) => {
                self.builder.release(mark);
                self.emit(Op::Move, register, temporary, 0, position);
                register
            }
        }
    }

    fn load_constant(&mut self, register: Register, constant: &Constant, position: Position) {
        if let Constant::Int(value) = constant
            && let Ok(small) = i32::try_from(*value)
        {
            self.builder.emit(Instruction::with_target(Op::LoadInt, register, small as u32), position);
        } else {
            let index = self.builder.constant(constant.clone());
            self.emit(Op::LoadConst, register, index, 0, position);
        }
    }

    fn move_to(&mut self, to: Register, from: Register, position: Position) {
        if to != from {
            self.emit(Op::Move, to, from, 0, position);
        }
    }

    /// Position of the instruction before: where jumps belong that end a block.
    fn last_position(&self) -> Position {
        self.builder.positions.last().copied().unwrap_or_default()
    }

    /// The name by which a function inside is known.
    fn inner_qualname(&self, function: &Function) -> String {
        let name = self.program.symbols.name(function.own_name);
        let declared = matches!(function.kind, FunctionKind::Definition | FunctionKind::Class)
            && self.scope.declared_global.contains(&function.name);
        match self.function.kind {
            _ if declared => name.to_owned(),
            FunctionKind::Module | FunctionKind::Namespace => name.to_owned(),
            FunctionKind::Class => format!("{}.{name}", self.qualname),
            _ => format!("{}.<locals>.{name}", self.qualname),
        }
    }

    fn kind(&self) -> CodeKind {
        match (self.function.kind, self.function.is_async, self.function.yields) {
            (FunctionKind::Module, ..) => CodeKind::Module,
            (FunctionKind::Namespace | FunctionKind::Class, ..) => CodeKind::Namespace,
            (_, false, false) => CodeKind::Function,
            (_, false, true) => CodeKind::Generator,
            (_, true, false) => CodeKind::Coroutine,
            (_, true, true) => CodeKind::AsyncGenerator,
        }
    }

    fn finish(mut self) -> CodeProto {
        if self.builder.reachable() {
            let position = self.last_position();
            let register = match self.scope.class_cell {
                Some(cell) if self.function.kind == FunctionKind::Class => {
                    let name = self.implicit("__classcell__");
                    self.store_name(name, cell, position);
                    cell
                }
                _ => {
                    let register = self.builder.push(1);
                    self.load_constant(register, &Constant::None, position);
                    register
                }
            };
            self.emit(Op::Return, register, 0, 0, position);
        }
        let exception_ranges = self.builder.resolve();
        let registers = self.builder.registers();
        if self.builder.overflow {
            self.refuse(Fault::unsupported(Feature::Size, self.function.span));
        }
        let kind = self.kind();
        let symbols = self.program.symbols;
        let names = |symbols_of: &[Symbol]| symbols_of.iter().map(|&symbol| symbols.name(symbol).to_owned()).collect();
        let Function { positional, positional_only, keyword_only, .. } = *self.function;
        let defaulted =
            self.function.parameters.iter().zip(0u16..).filter(|(parameter, _)| parameter.default.is_some());
        let cells = self.scope.free.iter().chain(&self.scope.cells);
        CodeProto {
            name: symbols.name(self.function.own_name).to_owned(),
            first_line: self.program.source.line_column(self.function.span.start).0,
            kind,
            positional: if self.function.kind == FunctionKind::Namespace { 1 } else { positional },
            positional_only,
            keyword_only,
            star_arguments: self.function.star_arguments,
            star_keywords: self.function.star_keywords,
            documentation: match self.function.kind {
                FunctionKind::Definition => self.function.documentation.clone(),
                _ => None,
            },
            cells: cells.map(|&(symbol, register)| (symbols.name(symbol).to_owned(), register)).collect(),
            free: self.scope.free.len() as u16,
            defaulted: defaulted.map(|(_, register)| register).collect(),
            local_names: names(&self.scope.locals),
            registers,
            names: names(&self.builder.names),
            globals: names(&self.builder.globals),
            qualname: self.qualname,
            instructions: self.builder.instructions,
            positions: self.builder.positions,
            constants: self.builder.constants,
            loops: self.builder.loops,
            exception_ranges,
            inlined_frames: self.inlined_frames,
        }
    }
}

/// A position without anchor.
fn at(span: Span) -> Position {
    Position { span, anchor: Span::default() }
}
