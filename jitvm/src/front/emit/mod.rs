//! The tree to bytecode: one emitter per function, and what all of its parts share.

mod assignments;
mod builder;
mod calls;
mod comprehensions;
mod conditions;
mod expressions;
mod flow;
mod statements;

use builder::{Builder, Register};
use flow::Label;

use super::error::{Fault, Feature};
use super::hir::{Expression, ExpressionKind, Function, FunctionKind, Symbol, Symbols, Tree};
use super::scope::Scope;
use crate::bytecode::{CodeProto, Constant, Instruction, Op, Position, Source, Span};

/// Emits a program; the code of its body comes first.
pub fn emit(source: &Source, tree: &Tree, scopes: &[Scope]) -> Result<Vec<CodeProto>, Fault> {
    let mut program = Program { source, symbols: &tree.symbols, scopes, codes: Vec::new(), fault: None };
    program.function(&tree.body, "<module>".to_owned());
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
    /// By index in the module; none while being emitted.
    codes: Vec<Option<CodeProto>>,
    /// The first function that outgrew the instruction format.
    fault: Option<Fault>,
}

impl<'a> Program<'a> {
    /// Emits a function and those inside; its index.
    fn function(&mut self, function: &'a Function, qualname: String) -> u32 {
        let index = self.codes.len();
        self.codes.push(None);
        let scope = &self.scopes[function.id];
        let parameters = function.parameters.len() as u16;
        let mut emitter = Emitter {
            builder: Builder::new(scope.locals.len() as u16, parameters),
            program: self,
            function,
            scope,
            qualname,
            loops: Vec::new(),
            hidden: Vec::new(),
        };
        emitter.statements(&function.body);
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
    Local(Register),
    /// Variable of a comprehension around; surely assigned.
    Hidden(Register),
    Global,
}

/// A loop around a statement.
#[derive(Clone, Copy)]
struct Loop {
    again: Label,
    done: Label,
}

struct Emitter<'p, 'a> {
    builder: Builder,
    program: &'p mut Program<'a>,
    function: &'a Function,
    scope: &'a Scope,
    qualname: String,
    loops: Vec<Loop>,
    /// Variables of the comprehensions around, innermost last.
    hidden: Vec<(Symbol, Register)>,
}

impl<'a> Emitter<'_, 'a> {
    fn variable(&self, symbol: Symbol) -> Variable {
        match self.hidden.iter().rev().find(|&&(hidden, _)| hidden == symbol) {
            Some(&(_, register)) => Variable::Hidden(register),
            None => self.scope.register(symbol).map_or(Variable::Global, Variable::Local),
        }
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

    fn store_name(&mut self, symbol: Symbol, register: Register, position: Position) {
        match self.variable(symbol) {
            Variable::Local(local) => {
                self.move_to(local, register, position);
                self.builder.set_assigned(local, true);
            }
            Variable::Hidden(hidden) => self.move_to(hidden, register, position),
            Variable::Global => {
                let global = self.builder.global(symbol);
                self.emit(Op::StoreGlobal, register, global, 0, position);
            }
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

    /// Where CPython 3.11 places an expression's instructions, with the anchor its traceback derives from the text.
    fn position(&self, expression: &Expression) -> Position {
        let span = expression.span;
        let anchor = match &expression.kind {
            ExpressionKind::Binary { left, right, .. } => self.operator(left.span.end, right.span.start),
            ExpressionKind::Subscript { object, .. } => self.bracket(object.span.end, span.end),
            ExpressionKind::Attribute { name_span, .. } => return at(self.attribute_span(span, *name_span)),
            ExpressionKind::Call { function, .. } => match function.kind {
                ExpressionKind::Attribute { name_span, .. } => return at(self.attribute_span(span, name_span)),
                _ => Span::default(),
            },
            _ => Span::default(),
        };
        Position { span, anchor }
    }

    /// The operator between two operands: the first character that is neither a space nor closes a parenthesis, and the
    /// next unless it is a space.
    fn operator(&self, start: u32, end: u32) -> Span {
        let bytes = self.program.source.text.as_bytes().get(start as usize..end as usize).unwrap_or_default();
        let Some(first) = bytes.iter().position(|&byte| !byte.is_ascii_whitespace() && byte != b')') else {
            return Span::default();
        };
        let wide = bytes.get(first + 1).is_some_and(|byte| !byte.is_ascii_whitespace());
        let start = start + first as u32;
        Span { start, end: start + 1 + u32::from(wide) }
    }

    /// The brackets of a subscript, from the first after the object to the end of the expression.
    fn bracket(&self, start: u32, end: u32) -> Span {
        let bytes = self.program.source.text.as_bytes().get(start as usize..end as usize).unwrap_or_default();
        let opening = bytes.iter().position(|&byte| byte == b'[').unwrap_or(0) as u32;
        Span { start: start + opening, end }
    }

    /// An attribute on another line than its expression's start is placed from its name on.
    fn attribute_span(&self, span: Span, name: Span) -> Span {
        let before = self.program.source.text.get(span.start as usize..name.start as usize).unwrap_or_default();
        if before.contains('\n') { Span { start: name.start, end: span.end } } else { span }
    }

    /// The name by which a function inside is known.
    fn inner_qualname(&self, function: &Function) -> String {
        let name = self.program.symbols.name(function.name);
        let global = self.function.kind == FunctionKind::Module
            || function.kind == FunctionKind::Definition && self.scope.declared_global.contains(&function.name);
        if global { name.to_owned() } else { format!("{}.<locals>.{name}", self.qualname) }
    }

    fn finish(mut self) -> CodeProto {
        if self.builder.reachable() {
            let position = self.last_position();
            let register = self.builder.push(1);
            self.load_constant(register, &Constant::None, position);
            self.emit(Op::Return, register, 0, 0, position);
        }
        self.builder.resolve();
        let registers = self.builder.registers();
        if self.builder.overflow && self.program.fault.is_none() {
            self.program.fault = Some(Fault::unsupported(Feature::Size, self.function.span));
        }
        let symbols = self.program.symbols;
        let names = |symbols_of: &[Symbol]| symbols_of.iter().map(|&symbol| symbols.name(symbol).to_owned()).collect();
        let Function { positional, positional_only, keyword_only, .. } = *self.function;
        let defaulted =
            self.function.parameters.iter().zip(0u16..).filter(|(parameter, _)| parameter.default.is_some());
        CodeProto {
            name: symbols.name(self.function.name).to_owned(),
            first_line: self.program.source.line_column(self.function.span.start).0,
            positional,
            positional_only,
            keyword_only,
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
            ..CodeProto::default()
        }
    }
}

/// A position without anchor.
fn at(span: Span) -> Position {
    Position { span, anchor: Span::default() }
}
