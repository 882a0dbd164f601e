//! Finalisers: which objects have something to run when nothing refers to them any more, and running it.
//!
//! CPython runs `__del__` when the last reference goes. Here a collection finds out, and the program runs it at its next
//! poll, in `gc.collect()` or at its end; the order among the objects of one collection is that of counted references.

use std::collections::{HashMap, HashSet, VecDeque};

use super::collect::GcCause;
use super::heap::Heap;
use super::object::{Generator, GeneratorState, Header, ShapeId};
use super::references::for_each_reference;
use super::shapes::FloatSlots;
use super::types::TypeId;
use super::value::Value;
use super::vm::{Outcome, Vm};
use super::{attributes, descriptors};
use crate::interp::{coroutine, generator, import};

/// Collections after one that found something to run: what a finaliser lets go of may have one itself.
const MOST_ROUNDS: usize = 8;

#[derive(Default)]
pub struct Finalisers {
    /// Addresses of the objects that have a finaliser, in the order they were made. No roots.
    watched: Vec<usize>,
    /// The same, once it was asked whether some object is among them.
    known: Option<HashSet<usize>>,
    /// Unreachable ones, in the order in which they go: roots until it has run.
    pub(super) due: VecDeque<Value>,
    /// What is due is being run; what becomes due meanwhile is run by the same loop.
    running: bool,
    /// The program wants a collection.
    asked: bool,
}

impl Finalisers {
    /// Whether the next poll is to collect.
    pub fn is_collection_asked_for(&self) -> bool {
        self.asked
    }

    /// The object has a finaliser, which runs once.
    pub fn watch(&mut self, object: Value) {
        self.watched.push(object.address());
        if let Some(known) = &mut self.known {
            known.insert(object.address());
        }
    }

    /// If the object is the newest that is watched, it no longer is. Returns whether it was.
    #[inline(always)]
    pub fn let_go(&mut self, object: Value) -> bool {
        let is_newest = self.known.is_none() && self.watched.last() == Some(&object.address());
        if is_newest {
            self.watched.pop();
        }
        is_newest
    }

    /// The object has a finaliser now, and may have had one before.
    fn watch_once(&mut self, object: Value) {
        let known = self.known.get_or_insert_with(|| self.watched.iter().copied().collect());
        if known.insert(object.address()) {
            self.watched.push(object.address());
        }
    }
}

/// Whether there is anything to run for a dead object: generators that wait nowhere are just gone, but a coroutine that was
/// never begun is told of.
fn runs_something(address: usize) -> bool {
    let value = Value::from_address(address);
    match value.shape() {
        // SAFETY: the shape was checked.
        ShapeId::GENERATOR | ShapeId::ASYNC_GENERATOR => unsafe {
            (*value.object::<Generator>()).state == GeneratorState::Suspended
        },
        // SAFETY: as above.
        ShapeId::COROUTINE => unsafe {
            matches!((*value.object::<Generator>()).state, GeneratorState::Suspended | GeneratorState::Created)
        },
        _ => true,
    }
}

/// The order in which counted references would let go of objects. `enter` says of each address reached whether it is
/// one of the dead seen for the first time.
fn in_order(dead: &[usize], float_slots: &FloatSlots, mut enter: impl FnMut(usize) -> bool) -> Vec<usize> {
    let references = |address: usize, visit: &mut dyn FnMut(usize)| {
        // SAFETY: only addresses of objects come here, none of them swept.
        unsafe {
            for_each_reference(address as *mut Header, float_slots, &mut |value| {
                if value.is_pointer() {
                    visit(value.address());
                }
            });
        }
    };
    // How many dead objects refer to each.
    let mut counts: HashMap<usize, usize> = HashMap::new();
    let mut pending: Vec<usize> = dead.iter().copied().filter(|&address| enter(address)).collect();
    counts.extend(pending.iter().map(|&address| (address, 0)));
    while let Some(address) = pending.pop() {
        references(address, &mut |other| {
            if enter(other) {
                counts.insert(other, 0);
                pending.push(other);
            }
            if let Some(count) = counts.get_mut(&other) {
                *count += 1;
            }
        });
    }
    let mut left: HashSet<usize> = dead.iter().copied().collect();
    let mut order = Vec::with_capacity(dead.len());
    for address in dead.iter().filter(|address| counts[address] == 0).copied().collect::<Vec<_>>() {
        pending.push(address);
        while let Some(address) = pending.pop() {
            if left.remove(&address) {
                order.push(address);
            }
            let first = pending.len();
            references(address, &mut |other| {
                if let Some(count) = counts.get_mut(&other) {
                    *count -= 1;
                    if *count == 0 {
                        pending.push(other);
                    }
                }
            });
            // The last pushed is let go of first: of lists and tuples the last item, of others the first.
            if !matches!(Value::from_address(address).layout(), ShapeId::LIST | ShapeId::TUPLE) {
                pending[first..].reverse();
            }
        }
    }
    // Those in cycles and behind them go together.
    order.extend(dead.iter().filter(|address| left.contains(address)));
    order
}

impl Heap {
    /// Between marking and sweeping: unreachable objects with finalisers become due, and all they refer to lives on.
    pub(super) fn queue_finalisers(&mut self) {
        if self.finalisers.watched.is_empty() {
            return;
        }
        let mut finalisers = std::mem::take(&mut self.finalisers);
        finalisers.known = None;
        let mut dead = Vec::new();
        finalisers.watched.retain(|&address| {
            let lives = self.is_live(address);
            if !lives && runs_something(address) {
                dead.push(address);
            }
            lives
        });
        if !dead.is_empty() {
            let order = in_order(&dead, &self.float_slots.clone(), |address| self.keep(address));
            finalisers.due.extend(order.into_iter().map(Value::from_address));
        }
        self.finalisers = finalisers;
    }

    /// All objects with finalisers become due: the program has ended.
    fn queue_all_finalisers(&mut self) {
        self.finalisers.known = None;
        let dead: Vec<usize> = std::mem::take(&mut self.finalisers.watched)
            .into_iter()
            .filter(|&address| runs_something(address))
            .collect();
        let mut seen = HashSet::new();
        let order = in_order(&dead, &self.float_slots, |address| seen.insert(address));
        self.finalisers.due.extend(order.into_iter().map(Value::from_address));
    }

    /// Something is to be run for what a collection has found.
    pub(super) fn has_due(&self) -> bool {
        !self.finalisers.due.is_empty() || !self.weak.died.is_empty()
    }
}

impl Vm {
    /// Instances of the class have a `__del__`.
    pub fn has_finaliser(&self, id: TypeId) -> bool {
        id.is_dynamic() && self.lookup(id, self.names.del).is_some()
    }

    /// Notes a new instance if its class has a `__del__`.
    pub fn watch_instance(&mut self, id: TypeId, instance: Value) {
        if self.has_finaliser(id) {
            self.heap.finalisers.watch(instance);
        }
    }

    /// The class of an instance has changed.
    pub fn watch_changed(&mut self, id: TypeId, instance: Value) {
        if self.has_finaliser(id) {
            self.heap.finalisers.watch_once(instance);
        }
    }

    /// A class has got a `__del__`: notes the instances that it and the classes derived from it have already.
    pub fn watch_existing(&mut self, id: TypeId) {
        // What the collection leaves marked is what there is.
        self.collect(GcCause::Explicit);
        for address in self.heap.blocks.all_marked() {
            let value = Value::from_address(address);
            if value.is_instance() && self.is_subtype(self.type_of(value), id) {
                self.heap.finalisers.watch_once(value);
            }
        }
    }

    /// [`Vm::run_finalisers`] has something to do.
    pub fn has_due_finalisers(&self) -> bool {
        !self.heap.finalisers.running && self.heap.has_due()
    }

    /// Runs the callbacks of weak references that have died, and what is due. Whether any finaliser ran.
    pub fn run_finalisers(&mut self) -> bool {
        if !self.has_due_finalisers() {
            return false;
        }
        self.heap.finalisers.running = true;
        let pending = std::mem::replace(&mut self.exception, Value::UNDEF);
        let handled = std::mem::replace(&mut self.handled, Value::UNDEF);
        if !self.heap.weak.died.is_empty()
            && let Some(module) = self.find_module("weakref")
        {
            let name = self.intern("_deliver");
            // It reports what callbacks raise; anything else is told of like that as well.
            let result = attributes::get_attr(self, module, name).and_then(|deliver| self.call(deliver, &[]));
            if result.is_err() {
                report_ignored(self, module);
            }
        }
        let mut ran = false;
        while let Some(object) = self.heap.finalisers.due.pop_front() {
            ran = true;
            let (finaliser, result) = self.finalise(object);
            if result.is_err() {
                report_ignored(self, finaliser);
            }
            std::hint::black_box(object);
        }
        self.exception = pending;
        self.handled = handled;
        self.heap.finalisers.running = false;
        ran
    }

    /// Runs the finaliser of one object: what that was, and how it ended.
    fn finalise(&mut self, object: Value) -> (Value, Outcome<()>) {
        if object.has_shape(ShapeId::ASYNC_GENERATOR) {
            return (object, coroutine::finalise(self, object));
        }
        if object.has_shape(ShapeId::COROUTINE) && generator::fields(object).state == GeneratorState::Created {
            return (object, self.tell_never_awaited(object));
        }
        if generator::is_generator(object) {
            return (object, generator::close(self, object));
        }
        let id = self.type_of(object);
        let Some(finaliser) = self.lookup(id, self.names.del) else { return (object, Ok(())) };
        let result = descriptors::get(self, finaliser, object, id).and_then(|bound| self.call(bound, &[]));
        (finaliser, result.map(drop))
    }

    fn tell_never_awaited(&mut self, object: Value) -> Outcome<()> {
        let module = import::import_module(self, "warnings")?;
        let name = self.intern("_warn_unawaited_coroutine");
        let warn = attributes::get_attr(self, module, name)?;
        self.call(warn, &[object])?;
        generator::close(self, object)
    }

    /// `gc.collect()`: has garbage collected at the next poll. There, few native frames are on the stack, and they hold
    /// little that a conservative collector can take for references.
    pub fn ask_for_collection(&mut self) {
        self.heap.finalisers.asked = true;
        self.poll = 1;
    }

    /// At a poll: collects if the program has asked for it, until nothing more has a finaliser that was not run.
    pub fn collect_as_asked(&mut self) {
        if !std::mem::take(&mut self.heap.finalisers.asked) {
            return;
        }
        for _ in 0..MOST_ROUNDS {
            clear_dead_stack();
            self.collect(GcCause::Explicit);
            if !self.has_due_finalisers() {
                break;
            }
            crate::trace::abort_recording(self, crate::trace::AbortReason::Interrupted, "a finaliser");
            self.run_finalisers();
        }
    }

    /// At the end of the program: runs the finalisers of all objects there are.
    pub fn run_last_finalisers(&mut self) {
        for _ in 0..MOST_ROUNDS {
            self.run_finalisers();
            if self.heap.finalisers.watched.is_empty() {
                break;
            }
            crate::interp::chain::unpark(self);
            self.shapes.copy_float_slots(&mut self.heap.float_slots);
            self.heap.queue_all_finalisers();
        }
    }
}

/// Overwrites the native stack below the caller's frame, so that frames made next find nothing old there.
#[inline(never)]
fn clear_dead_stack() {
    std::hint::black_box(&mut [0_u64; 8192]);
}

/// Tells of the pending exception, which nothing can handle, through `sys.unraisablehook`.
pub fn report_ignored(vm: &mut Vm, object: Value) {
    let Some(exception) = vm.take_exception() else { return };
    let name = vm.intern("report_ignored");
    let told = import::import_module(vm, "_sys_rest")
        .and_then(|module| attributes::get_attr(vm, module, name))
        .and_then(|report| vm.call(report, &[exception, object]));
    if told.is_err() {
        vm.take_exception();
    }
}
