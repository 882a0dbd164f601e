//! What classes with the metaclass `abc.ABCMeta` have answered to `isinstance` and `issubclass`, so that they are asked once.
//!
//! As in CPython a yes is for good, and a no until a class is registered anywhere.

use super::attributes;
use super::types::{TypeId, type_id};
use super::value::Value;
use super::vm::{Vm, WordMap};

/// The answers so far.
#[derive(Debug)]
pub struct AbstractAnswers {
    /// ABCMeta's own `__instancecheck__` and `__subclasscheck__`: a metaclass with others answers each time.
    instance_check: Value,
    subclass_check: Value,
    /// By abstract class and class: the number of registrations when it was asked, and the answer.
    answers: WordMap<u64, (u32, bool)>,
    registrations: u32,
}

impl Default for AbstractAnswers {
    fn default() -> AbstractAnswers {
        AbstractAnswers {
            instance_check: Value::UNDEF,
            subclass_check: Value::UNDEF,
            answers: WordMap::default(),
            registrations: 0,
        }
    }
}

/// A question that has no answer yet, or whose answer is not kept.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    key: u64,
    registrations: u32,
}

impl Vm {
    /// ABCMeta is this.
    pub fn know_abstract(&mut self, metaclass: Value) {
        let id = type_id(metaclass);
        let (instance, subclass) = (self.names.instancecheck, self.names.subclasscheck);
        if let (Some(instance), Some(subclass)) = (self.lookup(id, instance), self.lookup(id, subclass)) {
            (self.abstracts.instance_check, self.abstracts.subclass_check) = (instance, subclass);
        }
    }

    /// A class was registered: each no may be a yes now.
    pub fn abstract_was_registered(&mut self) {
        self.abstracts.registrations += 1;
    }

    /// What `isinstance(value, class)` has been for values of this type: the answer, or the question to remember it by;
    /// `None` where it is to be asked each time.
    pub fn abstract_instance(&self, class: Value, value: Value) -> Option<Result<bool, Question>> {
        if self.special(class, self.names.instancecheck) != Some(self.abstracts.instance_check) {
            return None;
        }
        let own = self.type_of(value);
        let name = self.names.class;
        let is_usual = !own.is_dynamic()
            || self.lookup(own, name) == self.lookup(TypeId::OBJECT, name)
                && attributes::custom_hook(self, own, self.names.getattribute).is_none();
        is_usual.then(|| self.abstract_answer(type_id(class), own))
    }

    /// As [`Vm::abstract_instance`], for `issubclass(own, class)`.
    pub fn abstract_subclass(&self, class: Value, own: TypeId) -> Option<Result<bool, Question>> {
        let is_own = self.special(class, self.names.subclasscheck) == Some(self.abstracts.subclass_check);
        is_own.then(|| self.abstract_answer(type_id(class), own))
    }

    fn abstract_answer(&self, class: TypeId, own: TypeId) -> Result<bool, Question> {
        let key = u64::from(class.0) << 32 | u64::from(own.0);
        match self.abstracts.answers.get(&key) {
            Some(&(_, true)) => Ok(true),
            Some(&(registrations, false)) if registrations == self.abstracts.registrations => Ok(false),
            _ => Err(Question { key, registrations: self.abstracts.registrations }),
        }
    }

    pub fn remember_answer(&mut self, question: Question, answer: bool) {
        self.abstracts.answers.insert(question.key, (question.registrations, answer));
    }
}
