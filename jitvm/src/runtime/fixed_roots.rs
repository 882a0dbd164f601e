//! Roots that seldom change, kept in one list: interned strs, attributes of classes, and what codes and compiled traces
//! refer to.
//!
//! Walking over the tables that hold them costs a small program more than marking all its objects. The list is made anew
//! when one of the tables has changed. As long as it has not, a young collection need not look at it, since the last
//! collection has marked all that is in it.

use super::collect::GcKind;
use super::value::Value;
use super::vm::Vm;
use crate::ir::Const;

/// What each table was when the list was made.
type Tables = [usize; 5];

#[derive(Default)]
pub struct FixedRoots {
    addresses: Vec<usize>,
    tables: Option<Tables>,
}

impl FixedRoots {
    /// Codes were replaced by others.
    pub fn outdate(&mut self) {
        self.tables = None;
    }

    /// Address and size of the list.
    pub fn range(&self) -> (usize, usize) {
        (self.addresses.as_ptr() as usize, self.addresses.capacity() * size_of::<usize>())
    }
}

impl Vm {
    /// Pushes the addresses of those that a collection of this kind has to mark.
    pub(super) fn push_fixed_roots(&mut self, kind: GcKind, roots: &mut Vec<usize>) {
        let tables = Some([
            self.interned.len(),
            self.codes.len(),
            // Each change of a class takes a new version; a new class has its own before it is one.
            self.classes.len(),
            self.class_epoch as usize,
            self.jit.changes,
        ]);
        let is_known = self.fixed_roots.tables == tables;
        let verifies = self.heap.verify || self.heap.stress != 0;
        if !is_known || verifies {
            let mut addresses = Vec::with_capacity(self.fixed_roots.addresses.len());
            self.visit_fixed_roots(&mut |value| {
                if value.is_pointer() {
                    addresses.push(value.address());
                }
            });
            assert!(!is_known || addresses == self.fixed_roots.addresses, "a fixed root has changed");
            self.fixed_roots.addresses = addresses;
            self.fixed_roots.tables = tables;
        }
        if !is_known || verifies || kind == GcKind::Full {
            roots.extend_from_slice(&self.fixed_roots.addresses);
        }
    }

    fn visit_fixed_roots(&self, f: &mut dyn FnMut(Value)) {
        // Names of codes and parameters are among them.
        self.interned.values().for_each(|&value| f(value));
        for class in &self.classes {
            f(class.object);
            f(class.watch);
            class.attributes.entries().iter().for_each(|&(_, value)| f(value));
        }
        let mut module = Value::UNDEF;
        for code in &self.codes {
            code.constants.iter().for_each(|&value| f(value));
            code.globals.iter().for_each(|&cell| f(Value::of(cell)));
            if code.module != module {
                module = code.module;
                f(module);
            }
        }
        for trace in &self.jit.traces {
            for constant in &trace.body.constants {
                if let Const::Val(value, _) = constant {
                    f(*value);
                }
            }
        }
    }
}
