//! Tuples with named fields, such as `sys.version_info`: the tuple's `aux` says which row of the table it is.

use crate::runtime::object::Header;
use crate::runtime::sequences::items;
use crate::runtime::value::Value;
use crate::runtime::vm::{Outcome, Vm};

/// Name and field names of each structure.
pub const STRUCTURES: &[(&str, &[&str])] = &[
    ("sys.version_info", &["major", "minor", "micro", "releaselevel", "serial"]),
    (
        "sys.float_info",
        &[
            "max",
            "max_exp",
            "max_10_exp",
            "min",
            "min_exp",
            "min_10_exp",
            "dig",
            "mant_dig",
            "epsilon",
            "radix",
            "rounds",
        ],
    ),
];

/// A structure by name, with the values of its fields, which are reachable from elsewhere.
pub fn new_structure(vm: &mut Vm, name: &str, values: &[Value]) -> Outcome {
    let index = STRUCTURES.iter().position(|&(known, _)| known == name).expect("a structure of the table");
    let tuple = vm.tuple(values)?;
    // SAFETY: a tuple begins with its header.
    unsafe { (*tuple.object::<Header>()).aux = index as u16 + 1 };
    Ok(tuple)
}

/// Which structure a tuple is.
pub fn structure_of(tuple: Value) -> Option<(&'static str, &'static [&'static str])> {
    // SAFETY: the caller passes a tuple.
    let aux = unsafe { (*tuple.object::<Header>()).aux };
    STRUCTURES.get((aux as usize).checked_sub(1)?).copied()
}

/// A field of a structure by name.
pub fn field(tuple: Value, name: &str) -> Option<Value> {
    let (_, names) = structure_of(tuple)?;
    let index = names.iter().position(|&known| known == name)?;
    items(tuple).get(index).copied()
}
