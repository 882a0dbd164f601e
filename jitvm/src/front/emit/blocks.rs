//! What a statement is in - loops, handlers, things to clean up - and the ways out of it.

use super::builder::{OpenRange, Register};
use super::flow::Label;
use super::{Emitter, Fault};
use crate::bytecode::{Constant, Op, Position};
use crate::front::hir::{Statement, Symbol};

/// CPython's limit of blocks in each other.
const MOST_BLOCKS: usize = 20;

/// Something a statement is in. All but loops are exception ranges.
#[derive(Clone, Copy)]
pub(super) enum Block<'a> {
    Loop {
        again: Label,
        done: Label,
    },
    /// The body of a `try` with handlers.
    Try,
    /// What a `finally` belongs to.
    Finally(&'a [Statement]),
    With {
        exit: Register,
        is_async: bool,
        position: Position,
    },
    /// A handler; the exception that was handled before it is in the register.
    Handler(Register),
    /// The body of `except ... as name`.
    HandlerName(Symbol),
}

impl Block<'_> {
    fn has_range(&self) -> bool {
        !matches!(self, Block::Loop { .. })
    }

    /// Leaving it runs code that may change variables.
    fn runs_code(&self) -> bool {
        matches!(self, Block::Finally(_) | Block::With { .. } | Block::HandlerName(_))
    }
}

/// Blocks that are left, innermost first, with their ranges.
pub(super) type Left<'a> = Vec<(Block<'a>, Option<OpenRange>)>;

impl<'a> Emitter<'_, 'a> {
    pub(super) fn enter(&mut self, block: Block<'a>, position: Position) {
        if block.has_range() {
            self.builder.open_range();
        }
        self.blocks.push(block);
        if self.blocks.iter().filter(|block| !matches!(block, Block::HandlerName(_))).count() > MOST_BLOCKS {
            self.refuse(Fault::syntax("too many statically nested blocks", position.span));
            // The program is refused; nothing more of it is emitted.
            self.builder.end_path();
        }
    }

    /// Ends the innermost block, which is no loop.
    pub(super) fn leave(&mut self) -> OpenRange {
        self.blocks.pop();
        self.builder.suspend_range()
    }

    pub(super) fn leave_loop(&mut self) {
        self.blocks.pop();
    }

    /// Whether a `return` from here runs code before it returns.
    pub(super) fn returns_through_code(&self) -> bool {
        self.blocks.iter().any(Block::runs_code)
    }

    /// Emits what is to be done on the way out of the blocks above `depth`, which are not in force meanwhile.
    pub(super) fn unwind(&mut self, depth: usize, position: Position) -> Left<'a> {
        let mut left = Vec::new();
        while self.blocks.len() > depth {
            let Some(block) = self.blocks.pop() else { break };
            let range = block.has_range().then(|| self.builder.suspend_range());
            match block {
                Block::Loop { .. } | Block::Try => {}
                Block::Finally(body) => self.statements(body),
                Block::With { exit, is_async, position } => self.exit_normally(exit, is_async, position),
                Block::Handler(previous) => self.emit(Op::LeaveHandler, previous, 0, 0, position),
                Block::HandlerName(name) => self.clear_name(name, position),
            }
            left.push((block, range));
        }
        left
    }

    /// Takes up the blocks that were left.
    pub(super) fn rewind(&mut self, left: Left<'a>) {
        for (block, range) in left.into_iter().rev() {
            self.blocks.push(block);
            if let Some(range) = range {
                self.builder.resume_range(range);
            }
        }
    }

    /// `break` or `continue`.
    pub(super) fn leave_for(&mut self, breaks: bool, position: Position) {
        let innermost = self.blocks.iter().enumerate().rev().find_map(|(index, block)| match block {
            Block::Loop { again, done } => Some((index, if breaks { *done } else { *again })),
            _ => None,
        });
        if let Some((index, label)) = innermost {
            let left = self.unwind(index + 1, position);
            self.go(label, position);
            self.rewind(left);
        }
    }

    /// Unbinds the name of a handler.
    pub(super) fn clear_name(&mut self, name: Symbol, position: Position) {
        let mark = self.builder.mark();
        let register = self.variable_or_temporary(name);
        self.load_constant(register, &Constant::None, position);
        self.store_name(name, register, position);
        self.builder.release(mark);
        self.delete_name(name, position);
    }
}
