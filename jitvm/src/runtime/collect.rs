//! A collection: conservative roots, precise heap, marks; sweeping is left to the allocator. Which objects a young one
//! looks at is said in [`super::generations`].

use std::time::Instant;

use super::generations::grow_old;
use super::heap::{Heap, POISON, SizeClass};
use super::large::LargeSpace;
use super::object::{Header, STORAGE_ITEMS, ShapeId};
use super::references::for_each_reference;
use super::roots::with_registers_on_stack;
use super::value::Value;
use super::vm::Vm;
use crate::interp::chain::unpark;
use crate::perf::State;

/// Which part of the heap a collection looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GcKind {
    /// What was allocated since the last collection.
    Young,
    Full,
}

/// Why a collection began.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GcCause {
    /// So many bytes were allocated since the last one.
    Allocation,
    /// No block was left.
    Exhausted,
    /// The program or the embedder asked.
    Explicit,
    /// A stress mode.
    Stress,
}

/// In stress modes every so many-th collection is a full one.
const FULL_OF_STRESSED: u64 = 8;

/// One collection, for the log.
#[derive(Clone, Copy, Debug)]
pub struct GcRecord {
    pub kind: GcKind,
    pub cause: GcCause,
    pub pause_ns: u64,
    pub roots_ns: u64,
    pub mark_ns: u64,
    pub sweep_ns: u64,
    /// Bytes of objects when it began: alive after the last collection or allocated since.
    pub before_bytes: u64,
    pub after_bytes: u64,
    /// Of what was allocated since the last collection, what a young one left alive.
    pub promoted_bytes: u64,
    pub freed_objects: u64,
    pub live_objects: u64,
    /// Memory held after it.
    pub heap_bytes: u64,
}

struct Request {
    vm: *mut Vm,
    cause: GcCause,
    record: Option<GcRecord>,
}

impl Vm {
    /// Collects garbage now.
    #[inline(never)]
    pub fn collect(&mut self, cause: GcCause) {
        unpark(self);
        let mut request = Request { vm: self, cause, record: None };
        let context = (&raw mut request).cast::<libc::c_void>();
        let timed = self.perf.enter_timed(State::Gc);
        with_registers_on_stack(context, run);
        self.perf.leave_timed(State::Gc, timed);
        if let (Some(hook), Some(record)) = (self.gc_hook, request.record) {
            hook(self, &record);
        }
    }
}

extern "C" fn run(context: *mut libc::c_void, stack_pointer: usize) {
    // SAFETY: `collect` passes its own `Request` and waits for this call.
    let request = unsafe { &mut *context.cast::<Request>() };
    // SAFETY: the VM outlives the request, and `collect` does not touch it meanwhile.
    let vm = unsafe { &mut *request.vm };
    request.record = Some(collect_from(vm, request.cause, stack_pointer));
}

fn collect_from(vm: &mut Vm, cause: GcCause, stack_pointer: usize) -> GcRecord {
    let begin = Instant::now();
    vm.text_indexes.clear();
    vm.known_keys.clear();
    let kind = vm.heap.kind_of_collection(cause);
    let in_hand = push_roots(vm, kind, stack_pointer);
    let roots_done = Instant::now();
    let heap = &mut vm.heap;
    vm.shapes.copy_float_slots(&mut heap.float_slots);
    let (allocated_bytes, allocated_objects) = heap.take_allocated();
    let before_bytes = heap.statistics.live_bytes + allocated_bytes as u64;
    let before_objects = heap.statistics.live_objects + allocated_objects as u64;
    heap.mark_all(kind, in_hand);
    heap.queue_finalisers();
    heap.sweep_weak();
    if heap.has_due() {
        vm.poll = 1;
    }
    let heap = &mut vm.heap;
    let mark_done = Instant::now();
    let (live_objects, live_bytes) = heap.finish(kind);
    let end = Instant::now();

    let pause_ns = (end - begin).as_nanos() as u64;
    let statistics = &mut heap.statistics;
    statistics.collections += 1;
    statistics.pause_ns += pause_ns;
    statistics.pause_max_ns = statistics.pause_max_ns.max(pause_ns);
    statistics.allocated_bytes += allocated_bytes as u64;
    statistics.allocated_objects += allocated_objects as u64;
    statistics.live_bytes = live_bytes as u64;
    statistics.live_objects = live_objects as u64;
    heap.reset_sweep(kind);
    GcRecord {
        kind,
        cause,
        pause_ns,
        roots_ns: (roots_done - begin).as_nanos() as u64,
        mark_ns: (mark_done - roots_done).as_nanos() as u64,
        sweep_ns: (end - mark_done).as_nanos() as u64,
        before_bytes,
        after_bytes: live_bytes as u64,
        promoted_bytes: match kind {
            GcKind::Young => (live_bytes as u64).saturating_sub(before_bytes - allocated_bytes as u64),
            GcKind::Full => 0,
        },
        freed_objects: before_objects.saturating_sub(live_objects as u64),
        live_objects: live_objects as u64,
        heap_bytes: heap.heap_bytes() as u64,
    }
}

/// The next objects to be scanned. Each is fetched into the caches when it leaves the mark stack, and scanned a few
/// objects later: most of the time of marking is waiting for memory.
#[derive(Default)]
struct Coming {
    ring: [usize; Coming::LENGTH],
    at: usize,
    count: usize,
}

impl Coming {
    const LENGTH: usize = 8;

    #[inline(always)]
    fn next(&mut self, pending: &mut Vec<usize>) -> Option<usize> {
        while self.count < Coming::LENGTH
            && let Some(address) = pending.pop()
        {
            // SAFETY: a hint, which may name any address.
            unsafe { std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(address as *const i8) };
            self.ring[(self.at + self.count) % Coming::LENGTH] = address;
            self.count += 1;
        }
        self.count = self.count.checked_sub(1)?;
        let address = self.ring[self.at];
        self.at = (self.at + 1) % Coming::LENGTH;
        Some(address)
    }
}

/// Fills the mark stack with every root. Words are judged by the marks of the last collection, so this comes before
/// those are cleared. How many of the first come from native frames.
fn push_roots(vm: &mut Vm, kind: GcKind, stack_pointer: usize) -> usize {
    let heap = &mut vm.heap;
    heap.statistics.heap_peak_bytes = heap.statistics.heap_peak_bytes.max(heap.heap_bytes() as u64);
    for class in 0..heap.classes.len() {
        heap.retire(class);
    }
    heap.large.sort();
    let native_base = heap.native_base;
    // SAFETY: the native stack from the stub's frame up to its base is mapped; pushes keep it aligned to 8.
    unsafe { heap.scan_conservatively(stack_pointer, native_base) };
    let in_hand = vm.heap.mark_stack.len();
    let stack = vm.stack as usize;
    let used = vm.stack_in_use();
    // SAFETY: the value stack is one mapping, and `stack_in_use` does not exceed it.
    unsafe { vm.heap.scan_conservatively(stack, stack + used * size_of::<Value>()) };
    vm.heap.scan_storage();
    let mut roots = std::mem::take(&mut vm.heap.mark_stack);
    vm.visit_roots(&mut |value| {
        if value.is_pointer() {
            roots.push(value.address());
        }
    });
    vm.push_fixed_roots(kind, &mut roots);
    roots.extend(vm.heap.weak.died.iter().map(|reference| reference.address()));
    roots.extend(vm.heap.finalisers.due.iter().map(|object| object.address()));
    vm.heap.mark_stack = roots;
    in_hand
}

impl Heap {
    /// Native code that reads the items of a list may hold nothing but the address of its storage. How much of it is
    /// in use is unknown then, so its words are judged like those of the stack.
    fn scan_storage(&mut self) {
        for index in 0..self.mark_stack.len() {
            let address = self.mark_stack[index];
            // SAFETY: the mark stack holds addresses of objects.
            if unsafe { (*(address as *const Header)).shape } != ShapeId::STORAGE {
                continue;
            }
            let bytes = self.blocks.cell_bytes(address).or_else(|| self.large.bytes_of(address));
            // SAFETY: the range is that of the object.
            unsafe { self.scan_conservatively(address + STORAGE_ITEMS, address + bytes.unwrap_or(0)) };
        }
    }

    fn kind_of_collection(&mut self, cause: GcCause) -> GcKind {
        match cause {
            GcCause::Exhausted | GcCause::Explicit => GcKind::Full,
            GcCause::Stress if self.statistics.collections.is_multiple_of(FULL_OF_STRESSED) => GcKind::Full,
            GcCause::Allocation if self.full_is_due() => GcKind::Full,
            GcCause::Stress if self.remembered.incomplete != 0 => GcKind::Full,
            GcCause::Allocation | GcCause::Stress => GcKind::Young,
        }
    }

    /// Marks what the mark stack's objects reach; the first `in_hand` of them are from native frames.
    fn mark_all(&mut self, kind: GcKind, in_hand: usize) {
        let roots = std::mem::take(&mut self.mark_stack);
        let mut pending = Vec::with_capacity(roots.len());
        match kind {
            GcKind::Full => {
                self.forget_generations();
                self.blocks.clear_marks();
                self.large.clear_marks();
            }
            GcKind::Young => {
                let again = self.take_rescanned(&roots[..in_hand]);
                self.rescan(&again, &mut pending);
            }
        }
        let mut unseen = self.take_unseen();
        for &root in &roots {
            self.mark_object(root, &mut pending);
        }
        let float_slots = self.float_slots.clone();
        let mut coming = Coming::default();
        while let Some(address) = coming.next(&mut pending) {
            // SAFETY: only addresses of objects reach the stack: roots were validated, and the heap is precise.
            unsafe {
                grow_old(address as *mut Header, &mut unseen);
                for_each_reference(address as *mut Header, &float_slots, &mut |value| {
                    if value.is_pointer() {
                        self.mark_object(value.address(), &mut pending);
                    }
                });
            }
        }
        self.set_unseen(unseen);
        self.remember_in_hand(&roots[..in_hand]);
        if kind == GcKind::Young && (self.verify || self.stress != 0) {
            let missed = self.missed(&roots);
            assert!(missed.is_none(), "a young collection missed {}", missed.unwrap_or_default());
        }
        self.mark_stack = roots;
        self.mark_stack.clear();
    }

    /// An object that this collection has marked.
    pub(super) fn is_live(&self, address: usize) -> bool {
        if self.blocks.contains(address) { self.blocks.is_marked(address) } else { LargeSpace::is_marked(address) }
    }

    #[inline(always)]
    pub(super) fn mark_object(&mut self, address: usize, pending: &mut Vec<usize>) {
        let fresh = if self.blocks.contains(address) { self.blocks.mark(address) } else { LargeSpace::mark(address) };
        if fresh {
            pending.push(address);
        }
    }

    /// Counts what lives, frees empty blocks and dead large objects.
    fn finish(&mut self, kind: GcKind) -> (usize, usize) {
        let (large_objects, large_bytes) = self.large.sweep();
        let (mut objects, mut bytes) = if kind == GcKind::Full { (0, 0) } else { self.small };
        for class in &mut self.classes {
            let SizeClass { position, first, cell, .. } = *class;
            if kind == GcKind::Full {
                let (live, live_bytes) = self.blocks.finish_class(&mut class.blocks, cell);
                objects += live;
                bytes += live_bytes;
                class.first = 0;
            } else {
                let (begin, more) = self.blocks.finish_young(&mut class.blocks, first, position, cell);
                objects = objects.saturating_add_signed(more);
                bytes = bytes.saturating_add_signed(more * cell as isize);
                class.first = begin;
            }
            if self.poison || self.stress != 0 {
                for &block in class.blocks.iter().skip(first.min(class.first)) {
                    self.blocks.poison(block, POISON);
                }
            }
        }
        self.small = (objects, bytes);
        self.blocks.release_free();
        (objects + large_objects, bytes + large_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::sequences::items;
    use crate::runtime::strings::text;

    fn tree(vm: &mut Vm, depth: usize) -> Value {
        if depth == 0 {
            return vm.tuple(&[Value::from_fixnum(1)]).expect("memory");
        }
        let left = tree(vm, depth - 1);
        let right = tree(vm, depth - 1);
        vm.tuple(&[left, right]).expect("memory")
    }

    fn count(tree: Value) -> usize {
        match *items(tree) {
            [left, right] => count(left) + count(right),
            _ => 1,
        }
    }

    #[test]
    fn trees_rooted_on_the_native_stack_survive_stress() {
        let mut vm = Vm::new(Vec::new());
        vm.heap.stress = 3;
        for depth in 0..8 {
            let tree = tree(&mut vm, depth);
            vm.collect(GcCause::Explicit);
            assert_eq!(count(tree), 1 << depth);
        }
        assert!(vm.heap.statistics().collections > 100);
    }

    #[test]
    fn growing_lists_of_every_kind_survive_stress() {
        let mut vm = Vm::new(Vec::new());
        vm.heap.stress = 7;
        let outer = vm.list(&[]).expect("memory");
        for index in 0..400_i64 {
            let inner = vm.list(&[]).expect("memory");
            for item in 0..index % 20 {
                let value = match item % 4 {
                    0 => Value::from_fixnum(item),
                    1 => vm.float(1e100 + item as f64),
                    2 => vm.str(&format!("string {item}")),
                    _ => vm.integer_wide(i128::from(i64::MAX) * i128::from(item)),
                };
                vm.push(inner, value).expect("memory");
            }
            vm.push(outer, inner).expect("memory");
        }
        vm.collect(GcCause::Explicit);
        for (index, &inner) in items(outer).iter().enumerate() {
            assert_eq!(items(inner).len(), index % 20);
            for (item, &value) in items(inner).iter().enumerate() {
                match item % 4 {
                    0 => assert_eq!(value.as_fixnum(), item as i64),
                    1 => assert!(value.has_shape(ShapeId::FLOAT_BOX)),
                    2 => assert_eq!(text(value), format!("string {item}")),
                    _ => assert!(value.has_shape(ShapeId::BIG_INT)),
                }
            }
        }
    }

    #[test]
    fn interior_pointers_keep_objects() {
        let mut vm = Vm::new(Vec::new());
        let list = vm.list(&[Value::from_fixnum(7); 1000]).expect("memory");
        let middle = &raw const items(list)[500];
        let string = vm.str("a string that lives by a pointer to its text");
        let word = &text(string)[9..13];
        vm.heap.stress = 1;
        for _ in 0..10 {
            let _ = vm.tuple(&[Value::NONE; 5]);
        }
        // SAFETY: the pointer keeps the list's storage alive.
        assert_eq!(unsafe { std::ptr::read_volatile(middle) }.as_fixnum(), 7);
        assert_eq!(word, "that");
    }

    #[test]
    fn items_live_by_the_storage_of_a_list_that_is_gone() {
        let mut vm = Vm::new(Vec::new());
        vm.heap.stress = 1;
        let first = {
            let list = vm.list(&[]).expect("memory");
            for index in 0..300 {
                let string = vm.str(&format!("item number {index}"));
                vm.push(list, string).expect("memory");
            }
            items(list).as_ptr()
        };
        vm.collect(GcCause::Explicit);
        vm.collect(GcCause::Explicit);
        for index in [0, 150, 299] {
            // SAFETY: the pointer keeps the storage alive.
            let value = unsafe { std::ptr::read_volatile(first.add(index)) };
            assert_eq!(text(value), format!("item number {index}"));
        }
    }

    #[test]
    fn garbage_is_freed_and_memory_reused() {
        let mut vm = Vm::new(Vec::new());
        vm.gc_hook = Some(|_, record| assert!(record.after_bytes <= record.before_bytes));
        for round in 0..300 {
            let list = vm.list(&[]).expect("memory");
            for _ in 0..1000 {
                let item = vm.tuple(&[Value::from_fixnum(round); 4]).expect("memory");
                vm.push(list, item).expect("memory");
            }
        }
        let statistics = vm.heap.statistics();
        assert!(statistics.collections >= 2, "{statistics:?}");
        assert!(statistics.heap_bytes < 16 << 20, "{statistics:?}");
        assert!(statistics.allocated_bytes > 12 << 20, "{statistics:?}");
    }

    #[test]
    fn values_of_the_vm_stack_are_roots() {
        let mut vm = Vm::new(Vec::new());
        let string = vm.str("only on the value stack").0;
        // SAFETY: the first slot of the value stack is writable.
        unsafe { vm.stack.write(Value(string)) };
        vm.stack_high = 1;
        vm.heap.stress = 1;
        for _ in 0..5 {
            let _ = vm.list(&[Value::NONE]);
        }
        // SAFETY: as above.
        assert_eq!(text(unsafe { vm.stack.read() }), "only on the value stack");
    }
}
