//! Loads and stores in heap objects, list items, module cells; the closing stores of a trace.

use super::assemble::{Assembler, SCRATCH, VECTOR_SCRATCH, slot_offset};
use super::emit::emit;
use super::registers::Register;
use super::{CompileFailure, Location};
use crate::ir::{Const, Ins, Op, Ty};
use crate::runtime::object::{Cell, Header, List, Str, Tuple};
use crate::runtime::value::Value;
use dynasmrt::DynasmApi;
use std::mem::offset_of;

/// Displacement of a field from a tagged pointer.
const fn field(offset: usize) -> i32 {
    offset as i32 - 1
}

/// Where an item of an array is.
#[derive(Clone, Copy)]
enum Item {
    At {
        base: u8,
        displacement: i32,
    },
    /// A tagged index counts 4 per item, so that twice that is the distance in bytes.
    Indexed {
        base: u8,
        index: u8,
    },
}

impl Assembler<'_> {
    pub fn memory(&mut self, ins: Ins, registers: [Register; 4]) -> Result<(), CompileFailure> {
        let [ra, rb, rc, to] = registers;
        let to = to.number();
        let a = self.general(ins.a, ra, SCRATCH);
        match ins.op {
            Op::ListLen => self.short_length(to, a, field(offset_of!(List, length))),
            Op::StrLen => self.short_length(to, a, field(offset_of!(Str, length))),
            Op::TupleLen => {
                self.emitter.load(to, a, field(offset_of!(Tuple, length)));
                emit!(self.emitter.ops ; shl Rq(to), 2);
            }
            Op::ListData => self.emitter.load(to, a, field(offset_of!(List, data))),
            Op::TupleData => self.emitter.address(to, a, field(Tuple::ITEMS)),
            Op::ElemLoad | Op::ItemLoad => match self.item(ins, a, rb)? {
                Item::At { base, displacement } => self.emitter.load(to, base, displacement),
                Item::Indexed { base, index } => {
                    emit!(self.emitter.ops ; mov Rq(to), [BYTE Rq(base) + Rq(index) * 2 + 0]);
                }
            },
            Op::ElemStore => {
                let item = self.item(ins, a, rb)?;
                let word = ins.c_ref().is_constant().then(|| self.constant(ins.c_ref()));
                self.store_item(item, rc, word);
                self.item_barrier(ins, a);
            }
            Op::FieldLoad => self.emitter.load(to, a, field(number(ins.c)?)),
            Op::FieldStore => {
                self.store_operand(ins, a, field(number(ins.c)?), rb);
                self.field_barrier(ins, a);
            }
            Op::FloatLoad => self.emitter.load_vector(to, a, field(number(ins.c)?)),
            Op::FloatStore if ins.b.is_constant() => self.store_operand(ins, a, field(number(ins.c)?), rb),
            Op::FloatStore => self.emitter.store_vector(a, field(number(ins.c)?), rb.number()),
            Op::ShapeStore => self.emitter.store_half(a, field(offset_of!(Header, shape)), ins.c),
            Op::CellLoad => self.emitter.load(to, a, offset_of!(Cell, value) as i32),
            Op::CellStore => self.store_operand(ins, a, offset_of!(Cell, value) as i32, rb),
            _ => unreachable!("not a memory operation"),
        }
        Ok(())
    }

    /// A 32-bit length as a tagged Int.
    fn short_length(&mut self, to: u8, base: u8, displacement: i32) {
        self.emitter.load_half(to, base, displacement);
        emit!(self.emitter.ops ; shl Rq(to), 2);
    }

    /// Item b of the array at address `base`.
    fn item(&mut self, ins: Ins, base: u8, rb: Register) -> Result<Item, CompileFailure> {
        if !ins.b.is_constant() {
            return Ok(Item::Indexed { base, index: rb.number() });
        }
        let distance = (self.constant(ins.b) as i64).checked_mul(2);
        let displacement = distance.and_then(|d| i32::try_from(d).ok());
        displacement.map(|displacement| Item::At { base, displacement }).ok_or(CompileFailure::TooBig)
    }

    fn store_item(&mut self, item: Item, from: Register, word: Option<u64>) {
        match (item, word) {
            (Item::At { base, displacement }, None) => self.emitter.store(base, displacement, from.number()),
            (Item::At { base, displacement }, Some(word)) => self.emitter.store_word(base, displacement, word),
            (Item::Indexed { base, index }, None) => {
                emit!(self.emitter.ops ; mov [BYTE Rq(base) + Rq(index) * 2 + 0], Rq(from.number()));
            }
            (Item::Indexed { base, index }, Some(word)) => match i32::try_from(word as i64) {
                Ok(immediate) => {
                    emit!(self.emitter.ops ; mov QWORD [BYTE Rq(base) + Rq(index) * 2 + 0], DWORD immediate);
                }
                Err(_) => emit!(self.emitter.ops
                    ; mov DWORD [BYTE Rq(base) + Rq(index) * 2 + 0], DWORD word as i32
                    ; mov DWORD [BYTE Rq(base) + Rq(index) * 2 + 4], DWORD (word >> 32) as i32
                ),
            },
        }
    }

    fn store_operand(&mut self, ins: Ins, base: u8, displacement: i32, rb: Register) {
        if ins.b.is_constant() {
            let word = self.constant(ins.b);
            self.emitter.store_word(base, displacement, word);
        } else {
            self.emitter.store(base, displacement, rb.number());
        }
    }

    /// CLOSE: writes the slots of the last snapshot to the VM stack, floats tagged.
    pub fn close(&mut self) -> Result<(), CompileFailure> {
        const BASE: u8 = Register::BASE.number();
        let body = self.body;
        let Some((locations, live)) = &self.allocation.close else {
            return Err(CompileFailure::Malformed("CLOSE without a snapshot"));
        };
        let slots = body.snapshots.last().map_or(&[][..], |snapshot| &snapshot.slots);
        for (slot, &location) in slots.iter().zip(locations) {
            let displacement = slot_offset(u32::from(slot.slot))?;
            let word = match location {
                Location::Constant(constant) => match body.constants[constant.constant_index()] {
                    Const::Flt(x) => Value::try_float(x).map(|value| value.0),
                    ref other => Some(other.word()),
                },
                _ => None,
            };
            match (word, location) {
                (Some(word), _) => self.emitter.store_word(BASE, displacement, word),
                (None, Location::Vector(from)) => {
                    self.tag_float(SCRATCH, from, *live);
                    self.emitter.store(BASE, displacement, SCRATCH);
                }
                (None, Location::General(from)) => self.emitter.store(BASE, displacement, from),
                (None, _) if body.ty(slot.value) == Ty::Flt => {
                    self.emitter.transfer(Location::Vector(VECTOR_SCRATCH), location, &body.constants);
                    self.tag_float(SCRATCH, VECTOR_SCRATCH, *live);
                    self.emitter.store(BASE, displacement, SCRATCH);
                }
                (None, _) => {
                    self.emitter.transfer(Location::General(SCRATCH), location, &body.constants);
                    self.emitter.store(BASE, displacement, SCRATCH);
                }
            }
        }
        Ok(())
    }
}

/// A byte offset in an object.
fn number(offset: u32) -> Result<usize, CompileFailure> {
    if offset < i32::MAX as u32 { Ok(offset as usize) } else { Err(CompileFailure::TooBig) }
}
