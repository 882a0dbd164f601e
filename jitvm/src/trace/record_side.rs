//! Where a side trace begins: what it inherits from the exit it starts at.
//!
//! Inherited are the values of the exit's snapshot and those that the loop around keeps, each a PARENT. Of some more is
//! known: that a slot of the stack holds one as well, and what guards the parent has passed that compare numbers.

use super::eager;
use super::recorder::{Parent, RecordFrame, Recorder, Slot};
use crate::codegen;
use crate::exit;
use crate::interp::call;
use crate::ir::{Body, Const, Ins, Kept, Op, Ref, Resume, SnapSlot, Snapshot, TraceId, Ty, flags};
use crate::runtime::object::ShapeId;
use crate::runtime::value::Value;
use crate::runtime::vm::Vm;

/// What slots below `count` hold in memory at an exit of a trace that has not written to them: what it has loaded from
/// there, or the constant that it has found there.
fn in_slots(body: &Body, exit: usize, count: u32) -> Vec<SnapSlot> {
    let mut slots = body.in_slots.clone();
    let before_loop = body.loop_index().map_or(exit, |start| start.min(exit));
    for (at, load) in body.ins.iter().enumerate().filter(|(_, ins)| ins.op == Op::Sload && ins.c < count) {
        // Behind LOOP the reference may be to another value, which has been carried there.
        let is_it = |ins: &&Ins| ins.op == Op::G_Eq && ins.a == Ref(at as u16) && ins.b.is_constant();
        let constant = body.ins[..before_loop].iter().find(is_it).map(|guard| guard.b);
        slots.push(SnapSlot { slot: load.c as u16, value: constant.unwrap_or(Ref(at as u16)) });
    }
    slots
}

/// What holds of numbers for which a guard has failed.
fn opposite(guard: Ins) -> Option<Ins> {
    let (op, a, b) = match guard.op {
        Op::G_Eq => (Op::G_Ne, guard.a, guard.b),
        Op::G_Ne => (Op::G_Eq, guard.a, guard.b),
        Op::G_Lt => (Op::G_Le, guard.b, guard.a),
        Op::G_Le => (Op::G_Lt, guard.b, guard.a),
        _ => return None,
    };
    Some(Ins::new(op, Ty::Nil, a, b, 0))
}

impl Recorder {
    /// A recording that goes on from an exit of a trace: values of its snapshot are where the parent left them, so they
    /// are inherited, and whatever the parent changed is still to be written at exits.
    pub fn new_side(vm: &mut Vm, trace: TraceId, parent: Parent, snapshot: usize, floor: usize) -> Recorder {
        let of: *const super::Trace = vm.jit.trace(parent.trace);
        // SAFETY: traces are boxed, and none is dropped while a recording begins.
        let of = unsafe { &*of };
        let snapshot = &of.body.snapshots[snapshot];
        let kept = of.body.kept_at(of.guards[parent.exit] as usize);
        let anchor = snapshot.frames[0];
        let code = call::code_pointer(vm, anchor.code);
        // SAFETY: code objects live as long as the VM.
        let proto = unsafe { &(*code).proto };
        let live = vm.jit.liveness(anchor.code, proto);
        let registers = u32::from(proto.registers);
        let header = proto.loops.get(of.loop_index as usize).copied().unwrap_or(u32::MAX);
        let params = vm.jit.params.clone();
        let mut recorder = Recorder::new(trace, code, anchor.code, live, of.loop_index, header, floor, &params);
        recorder.parent = Some(parent);
        recorder.for_any = eager::is_for_any(vm, parent);
        recorder.frames[0].pc = anchor.pc;
        for frame in &snapshot.frames[1..] {
            let code = call::code_pointer(vm, frame.code);
            // SAFETY: as above.
            let live = vm.jit.liveness(frame.code, unsafe { &(*code).proto });
            recorder.frames.push(RecordFrame {
                code,
                id: frame.code,
                base: frame.base,
                pc: frame.pc,
                live,
                continuation: frame.continuation,
                function: None,
                start: None,
            });
        }
        // What a guard passed on lies where its operand does: both are one value here, of the type that is known best.
        let shared = codegen::shared_values(&of.body);
        let is_same =
            |a: Ref, b: Ref| a == b || !(a.is_constant() || b.is_constant()) && shared[a.index()] == shared[b.index()];
        let mut inherited: Vec<(Ref, Ref)> = Vec::new();
        let handed_on = || snapshot.values().chain(kept.iter().map(|kept| kept.here));
        for (i, of_parent) in handed_on().enumerate() {
            if of.body.is_sunk(of_parent) || inherited.iter().any(|(from, _)| *from == of_parent) {
                continue;
            }
            let known = inherited.iter().find(|(from, _)| is_same(*from, of_parent));
            let value = if let Some(known) = known {
                known.1
            } else if of_parent.is_constant() {
                recorder.body.constant(of.body.constants[of_parent.constant_index()].clone())
            } else {
                let best = handed_on().filter(|&other| is_same(other, of_parent)).max_by_key(|other| other.0);
                let ty = of.body.ty(best.unwrap_or(of_parent));
                recorder.push(Ins::new(Op::Parent, ty, Ref::NONE, Ref::NONE, i as u32))
            };
            inherited.push((of_parent, value));
        }
        let here = |of_parent: Ref| inherited.iter().find(|(from, _)| *from == of_parent).map(|known| known.1);
        let keep = |kept: &Kept| Some(Kept { here: here(kept.here)?, ..*kept });
        recorder.body.kept = kept.iter().filter_map(keep).collect();
        recorder.replay_objects(vm, &of.body, snapshot, &mut inherited);
        for slot in &snapshot.slots {
            let known = inherited.iter().find(|(from, _)| *from == slot.value).expect("every value is inherited");
            *recorder.slot_mut(slot.slot) = Slot { value: known.1, dirty: true };
            recorder.inputs.push((slot.slot, known.1));
        }
        // What the parent has loaded from a slot and not written there is in that slot still: if it is inherited as
        // well, as the receiver of an inlined method for instance, both are one value.
        let exit = of.guards[parent.exit] as usize;
        for SnapSlot { slot, value: of_parent } in in_slots(&of.body, exit, registers) {
            let is_written = snapshot.slots.iter().any(|written| written.slot == slot);
            let known = match of_parent.is_constant() {
                true => Some(recorder.constant_of(&of.body, of_parent)),
                false => inherited.iter().find(|(from, _)| is_same(*from, of_parent)).map(|known| known.1),
            };
            if let (false, Some(value)) = (is_written, known)
                && recorder.slot_mut(slot).value.is_none()
            {
                *recorder.slot_mut(slot) = Slot { value, dirty: false };
                recorder.body.in_slots.push(SnapSlot { slot, value });
            }
        }
        if snapshot.resume == Resume::Execute {
            // Where guards are made to fail, one that has failed says nothing.
            let failed = (vm.jit.params.guard_fail == 0).then(|| opposite(of.body.ins[exit])).flatten();
            recorder.given(&of.body, exit, failed, |of_parent| {
                inherited.iter().find(|(from, _)| is_same(*from, of_parent)).map(|known| known.1)
            });
        }
        if snapshot.resume == Resume::Raise {
            recorder.begin_at_handler();
        }
        recorder
    }

    /// What the parent has established of numbers by the guard at `exit`: without it a side trace could not tell that the
    /// loop it comes back to will not do for them.
    fn given(&mut self, parent: &Body, exit: usize, failed: Option<Ins>, here: impl Fn(Ref) -> Option<Ref>) {
        // What holds of a value before LOOP need not hold of what is carried round.
        let from = parent.loop_index().filter(|start| *start < exit).unwrap_or(0);
        let tells = |ins: &Ins| matches!(ins.op, Op::G_Eq | Op::G_Ne | Op::G_Lt | Op::G_Le);
        let guards = parent.given.iter().chain(&parent.ins[from..exit]).filter(|ins| tells(ins)).chain(&failed);
        for &guard in guards {
            let mut here = |r: Ref| match r.is_constant() {
                true => Some(self.constant_of(parent, r)),
                false => here(r),
            };
            let (Some(a), Some(b)) = (here(guard.a), here(guard.b)) else { continue };
            let is_number = |r: Ref| self.body.ty(r) == Ty::Int;
            if a.is_constant() && b.is_constant() || !is_number(a) || !is_number(b) {
                continue;
            }
            if self.body.snapshots.is_empty() {
                let snapshot = self.snapshot_here(Resume::Execute);
                self.body.snapshots.push(snapshot);
            }
            self.push(Ins { flags: flags::GIVEN, ..Ins::new(guard.op, Ty::Nil, a, b, 0) });
        }
    }

    fn constant_of(&mut self, parent: &Body, r: Ref) -> Ref {
        self.body.constant(parent.constants[r.constant_index()].clone())
    }

    /// Makes the objects that the parent has sunk at the exit; this trace may sink them again.
    fn replay_objects(&mut self, vm: &Vm, parent: &Body, snapshot: &Snapshot, inherited: &mut Vec<(Ref, Ref)>) {
        let known = |inherited: &[(Ref, Ref)], word: Ref| inherited.iter().find(|(from, _)| *from == word).map(|k| k.1);
        let undefined = self.body.constant(Const::Val(Value::UNDEF, "UNDEF".into()));
        let mut later = Vec::new();
        for object in &snapshot.objects {
            // Boxing may collect, so it comes before the object is there.
            let mut words = Vec::with_capacity(object.words.len());
            let mut doubles = Vec::new();
            for (i, &word) in object.words.iter().enumerate() {
                match known(inherited, word) {
                    Some(value) if exit::holds_double(vm, object.shape, i) => {
                        doubles.push((i, value));
                        words.push(undefined);
                    }
                    Some(value) => words.push(self.tagged(value)),
                    None => {
                        later.push((object.object, i, word));
                        words.push(undefined);
                    }
                }
            }
            let new = parent.new_object(parent.ins[object.object.index()]).expect("the checker has seen it");
            let made = self.new_object(ShapeId(object.shape), new.kind, new.aux, &words);
            for (i, double) in doubles {
                self.emit(Op::FloatStore, made, double, 8 * (i as u32 + 1));
            }
            inherited.push((object.object, made));
        }
        for (object, i, word) in later {
            let made = known(inherited, object).expect("just made");
            let word = known(inherited, word).expect("a snapshot lists every object that it refers to");
            self.emit(Op::FieldStore, made, word, 8 * (i as u32 + 1));
        }
    }
}
