//! Events about objects: hidden classes, inline caches, and what is alive by type.

use std::time::Instant;

use jitlog::{CacheKind, CacheMiss, GcId, HeapType, LocId, StringId};

use super::Events;
use crate::ir::Origin;
use crate::runtime::object::ShapeId;
use crate::runtime::shapes::SlotKind;
use crate::runtime::strings::text;
use crate::runtime::vm::Vm;

/// Types that a census names; what is left is one sum.
const CENSUS_TYPES: usize = 40;
/// After a census none is taken for so many times as long as it took.
const CENSUS_REST: u32 = 100;

impl Events {
    /// Where the frame on top is.
    fn here(&mut self, vm: &Vm) -> LocId {
        match vm.frames.last() {
            Some(frame) => self.loc(vm, Origin { code: frame.code, pc: frame.pc }),
            None => LocId::NONE,
        }
    }

    /// The inline cache of the instruction at which the frame on top stands had no entry for an object of this type.
    pub fn cache_miss(&mut self, vm: &Vm, kind: CacheKind, type_name: &str, misses: u32, entries: u8) {
        let loc_id = self.here(vm);
        let type_str = self.log.defs().string(type_name);
        self.stream.cache_miss(&CacheMiss { loc_id, kind, type_str, misses, entries });
    }

    /// The hidden classes that the log does not know yet, which came to be where the frame on top stands if that `is_here`.
    pub fn shapes(&mut self, vm: &Vm, is_here: bool) {
        let known = std::mem::replace(&mut self.shapes, vm.shapes.count());
        if known == self.shapes {
            return;
        }
        let loc_id = if is_here { self.here(vm) } else { LocId::NONE };
        for (id, shape) in vm.shapes.since(known) {
            let defs = self.log.defs();
            let attribute_str = match (shape.parent, shape.keys.last()) {
                (ShapeId::FREE, _) | (_, None) => StringId::NONE,
                (_, Some(&name)) if shape.kind(shape.keys.len() as u16 - 1) == SlotKind::Float => {
                    defs.string(&format!("{} (float)", text(name)))
                }
                (_, Some(&name)) => defs.string(text(name)),
            };
            self.stream.shape(&jitlog::Shape {
                shape_id: jitlog::ShapeId(id.0),
                parent_shape: jitlog::ShapeId(shape.parent.0),
                class_str: defs.string(vm.class_name(shape.class)),
                attribute_str,
                loc_id: if shape.parent == ShapeId::FREE { LocId::NONE } else { loc_id },
                attributes: shape.keys.len() as u16,
                is_dictionary: shape.is_dictionary.into(),
            });
        }
    }

    /// What a collection left alive by type, unless counting would take more than its part of the time.
    pub(super) fn census(&mut self, vm: &Vm, gc_id: GcId) {
        let begun = Instant::now();
        if begun < self.next_census {
            return;
        }
        let rows = vm.census();
        for &(name, living) in rows.iter().take(CENSUS_TYPES) {
            let type_str = self.log.defs().string(name);
            self.stream.heap_type(&HeapType { gc_id, type_str, objs: living.objects, bytes: living.bytes });
        }
        let rest = rows.iter().skip(CENSUS_TYPES);
        let (objs, bytes) = rest.fold((0, 0), |sum, row| (sum.0 + row.1.objects, sum.1 + row.1.bytes));
        if objs > 0 {
            let type_str = self.log.defs().string("other types");
            self.stream.heap_type(&HeapType { gc_id, type_str, objs, bytes });
        }
        let ended = Instant::now();
        self.next_census = ended + (ended - begun) * CENSUS_REST;
    }
}
