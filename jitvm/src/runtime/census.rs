//! What is alive, by type: a walk over the marks that a collection has just left.

use std::collections::HashMap;

use super::heap::Heap;
use super::object::{Header, SHAPES, ShapeId};
use super::vm::Vm;

/// Objects and bytes of one type. Bytes are those of the cells, which a type's objects fill but for a rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Living {
    pub objects: u64,
    pub bytes: u64,
}

impl Heap {
    /// By shape; right after a collection, before anything is allocated.
    fn census(&self) -> HashMap<u32, Living> {
        let mut by_shape: HashMap<u32, Living> = HashMap::new();
        let mut add = |address: usize, bytes: usize| {
            // SAFETY: a marked cell and an object of the table of large ones are objects, which begin with a header.
            let shape = unsafe { (*(address as *const Header)).shape };
            let living = by_shape.entry(shape.0).or_default();
            living.objects += 1;
            living.bytes += bytes as u64;
        };
        self.blocks.for_each_marked(&mut add);
        self.large.for_each(&mut add);
        by_shape
    }
}

impl Vm {
    /// The name of the type whose objects have this shape.
    pub fn type_name_of_shape(&self, shape: ShapeId) -> &'static str {
        match shape.is_dynamic() {
            true => self.class_name(self.shapes.class(shape)),
            false => SHAPES.iter().find(|row| row.0 == shape).map_or("object", |row| row.1),
        }
    }

    /// What the collection that has just ended left alive, by type, most bytes first.
    pub fn census(&self) -> Vec<(&'static str, Living)> {
        let mut by_type: HashMap<&'static str, Living> = HashMap::new();
        for (shape, living) in self.heap.census() {
            let sum = by_type.entry(self.type_name_of_shape(ShapeId(shape))).or_default();
            sum.objects += living.objects;
            sum.bytes += living.bytes;
        }
        let mut rows: Vec<(&'static str, Living)> = by_type.into_iter().collect();
        rows.sort_by(|a, b| b.1.bytes.cmp(&a.1.bytes).then(a.0.cmp(b.0)));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::super::collect::GcCause;
    use super::super::value::Value;
    use super::*;

    #[test]
    fn the_living_are_counted_as_the_collection_counts_them() {
        let mut vm = Vm::new(Vec::new());
        vm.gc_hook = Some(|vm, record| {
            let rows = vm.census();
            let sum = |of: fn(&Living) -> u64| rows.iter().map(|row| of(&row.1)).sum::<u64>();
            assert_eq!(sum(|living| living.objects), record.live_objects);
            assert_eq!(sum(|living| living.bytes), record.after_bytes);
        });
        let before = vm.census().iter().find(|row| row.0 == "range").map_or(0, |row| row.1.objects);
        let kept = vm.list(&[]).expect("memory");
        for index in 0..2000 {
            let range = vm.range(index, 5, 1);
            if index % 4 == 0 {
                vm.push(kept, range).expect("memory");
            }
        }
        let large = vm.list(&vec![Value::NONE; 50_000]).expect("memory");
        vm.collect(GcCause::Explicit);
        let rows = vm.census();
        let ranges = rows.iter().find(|row| row.0 == "range").expect("some live").1.objects - before;
        // A few more may live by words that look like references.
        assert!((500..520).contains(&ranges), "{ranges}");
        assert!(rows.iter().any(|row| row.1.bytes >= 400_000), "{rows:?}");
        assert!(large.is_pointer() && kept.is_pointer());
    }
}
