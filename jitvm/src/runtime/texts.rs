//! What `eval`, `exec` and `compile` have compiled: kept while it may be used again, and given back when it cannot be.
//!
//! The last short texts keep their code. What is dropped gives back its number and, if nothing else can know it, its code:
//! expressions or statements without functions, beside comprehensions, or handlers, that never raised (a traceback names its code) and that no
//! trace was made of. What the program holds as a code object stays.

use std::collections::VecDeque;
use std::rc::Rc;

use super::value::Value;
use super::vm::{Code, Vm};
use crate::bytecode::{CodeKind, Module};
use crate::front::Form;
use crate::ir::CodeId;

/// Texts up to this many bytes are remembered with their code, the last so many of them.
const SHORT_TEXT: usize = 1000;
const MOST_SHORT_TEXTS: usize = 64;

/// Modules that a text is linked to at a time.
const MOST_BODIES: usize = 8;

struct Text {
    module: Rc<Module>,
    form: Form,
    /// The program has a code object of it.
    lent: bool,
    /// Running it has raised something.
    raised: bool,
    /// The linked bodies, by the address of the module they run in, which they keep.
    bodies: Vec<(usize, CodeId)>,
}

#[derive(Default)]
pub struct Texts {
    slots: Vec<Option<Text>>,
    free_slots: Vec<usize>,
    short: VecDeque<usize>,
    /// Codes that nothing knows, to be replaced by the next ones: the first, and how many follow one another.
    free_codes: Vec<(CodeId, usize)>,
}

impl Texts {
    /// Codes that can be replaced by so many.
    pub fn take_free_codes(&mut self, count: usize) -> Option<CodeId> {
        let place = self.free_codes.iter().position(|&(_, free)| free == count)?;
        Some(self.free_codes.swap_remove(place).0)
    }

    /// A text compiled lately, by its number.
    pub fn find(&self, path: &str, source: &str, form: Form) -> Option<usize> {
        self.short.iter().copied().find(|&number| {
            self.slots[number].as_ref().is_some_and(|text| {
                text.form == form && text.module.source.text == source && text.module.source.path == path
            })
        })
    }

    pub fn module(&self, number: usize) -> Option<Rc<Module>> {
        Some(self.slots.get(number)?.as_ref()?.module.clone())
    }

    /// The program is given a code object of a text.
    pub fn lend(&mut self, number: usize) {
        if let Some(Some(text)) = self.slots.get_mut(number) {
            text.lent = true;
        }
    }

    /// The body that runs in a module.
    pub fn body(&self, number: usize, module: Value) -> Option<CodeId> {
        let text = self.slots.get(number)?.as_ref()?;
        text.bodies.iter().find(|(address, _)| *address == module.address()).map(|&(_, body)| body)
    }

    /// Notes that a text has raised something.
    pub fn note_raised(&mut self, number: usize) {
        if let Some(Some(text)) = self.slots.get_mut(number) {
            text.raised = true;
        }
    }
}

impl Vm {
    /// Keeps what was compiled, and gives it a number.
    pub fn add_text(&mut self, module: Module, form: Form) -> usize {
        // What is warned of is told each time.
        let short = module.source.text.len() <= SHORT_TEXT && module.warnings.is_empty();
        let text = Text { module: Rc::new(module), form, lent: false, raised: false, bodies: Vec::new() };
        let texts = &mut self.texts;
        let number = texts.free_slots.pop().unwrap_or(texts.slots.len());
        if number == texts.slots.len() {
            texts.slots.push(None);
        }
        texts.slots[number] = Some(text);
        if short {
            texts.short.push_back(number);
            if texts.short.len() > MOST_SHORT_TEXTS
                && let Some(oldest) = texts.short.pop_front()
            {
                self.forget_text(oldest);
            }
        }
        number
    }

    /// A text has run for now. Those that are not remembered go.
    pub fn text_has_run(&mut self, number: usize) {
        if !self.texts.short.contains(&number) {
            self.forget_text(number);
        }
    }

    /// Notes where a text was linked.
    pub fn add_body(&mut self, number: usize, module: Value, body: CodeId) {
        let Some(Some(text)) = self.texts.slots.get_mut(number) else { return };
        text.bodies.push((module.address(), body));
        if text.bodies.len() <= MOST_BODIES {
            return;
        }
        let oldest = text.bodies[0].1;
        if self.is_unknown(number, oldest)
            && let Some(Some(text)) = self.texts.slots.get_mut(number)
        {
            text.bodies.remove(0);
            let count = text.module.codes.len();
            self.texts.free_codes.push((oldest, count));
        }
    }

    /// Gives back all of a text, if nothing else can know of it.
    fn forget_text(&mut self, number: usize) {
        let Some(Some(text)) = self.texts.slots.get(number) else { return };
        if text.lent || !text.bodies.iter().all(|&(_, body)| self.is_unknown(number, body)) {
            return;
        }
        let text = self.texts.slots[number].take().expect("it was looked at");
        let count = text.module.codes.len();
        self.texts.free_codes.extend(text.bodies.iter().map(|&(_, body)| (body, count)));
        self.texts.free_slots.push(number);
    }

    /// Whether nothing but the text itself knows a body of it.
    fn is_unknown(&self, number: usize, body: CodeId) -> bool {
        let Some(Some(text)) = self.texts.slots.get(number) else { return false };
        let codes = &self.codes[body.index()..body.index() + text.module.codes.len()];
        let was_recorded = |code: &Code| {
            code.loops.iter().chain([&code.function]).any(|state| state.trace.is_some() || state.versions > 0)
        };
        // Functions can be kept by the program, but for those of comprehensions.
        let is_called_at_once =
            |code: &Code| matches!(code.proto.name.as_str(), "<listcomp>" | "<setcomp>" | "<dictcomp>");
        !text.raised
            && codes[1..].iter().all(|code| code.proto.kind == CodeKind::Function && is_called_at_once(code))
            && !codes.iter().any(|code| !code.proto.exception_ranges.is_empty() || was_recorded(code))
            && self.jit.recorder.is_none()
            // The log names codes by number.
            && self.jit.events.is_none()
            && !self.frames.iter().any(|frame| codes.iter().any(|code| code.id == frame.code))
    }
}
