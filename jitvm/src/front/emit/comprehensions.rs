//! List comprehensions, run in the frame around them with variables of their own.

use super::builder::Register;
use super::{Emitter, Want};
use crate::bytecode::{Op, Position};
use crate::front::hir::{Clause, Expression};
use crate::front::scope::bound_names;

impl<'a> Emitter<'_, 'a> {
    pub(super) fn comprehension(
        &mut self,
        element: &'a Expression,
        clauses: &'a [Clause],
        want: Want,
        position: Position,
    ) -> Register {
        let mark = self.builder.mark();
        let list = self.builder.push(1);
        let mut names = Vec::new();
        clauses.iter().for_each(|clause| bound_names(&clause.target, &mut names));
        let variables = self.builder.push(names.len() as u32);
        let outer = self.hidden.len();
        let Some((first, _)) = clauses.split_first() else { return list };
        // The first iterable does not see the variables.
        let iterator = self.iterator(&first.iterable, position);
        self.hidden.extend(names.into_iter().zip(variables..));
        self.emit(Op::BuildList, list, list, 0, position);
        self.clause(list, iterator, element, clauses, position);
        self.hidden.truncate(outer);
        self.deliver(mark, want, position)
    }

    /// The loop of the first clause, around those of the others.
    fn clause(
        &mut self,
        list: Register,
        iterator: Register,
        element: &'a Expression,
        clauses: &'a [Clause],
        position: Position,
    ) {
        let Some((clause, inner)) = clauses.split_first() else { return };
        let exit = self.builder.new_label();
        let again = self.builder.new_label();
        let header = self.builder.new_label();
        self.loop_header(header, position);
        self.next_item(iterator, &clause.target, exit, position);
        for test in &clause.tests {
            self.condition(test, false, again, position);
        }
        let mark = self.builder.mark();
        if let [next, ..] = inner {
            let iterator = self.iterator(&next.iterable, position);
            self.clause(list, iterator, element, inner, position);
        } else {
            let item = self.operand(element, &[]);
            self.emit(Op::ListAppend, list, item, 0, position);
        }
        self.builder.release(mark);
        self.builder.bind(again);
        self.go(header, position);
        self.builder.bind(exit);
    }
}
