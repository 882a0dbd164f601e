//! The native functions below a sample's Python frames, where the kernel sampled and took the call chain.

use std::collections::HashMap;

use jitlog::native::{Mappings, Names, NativeFunction, Spot};
use jitlog::{Event, MappingDef, Reader, Types};

use crate::export::entries;

/// The functions of a sample, by number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Chain(u32);

impl Chain {
    /// Of a sample that has none.
    pub const NONE: Chain = Chain(0);
}

/// All that were met.
pub struct Natives {
    names: Names,
    mappings: Mappings,
    /// Of the next sample, by thread.
    pending: HashMap<usize, Vec<Spot>>,
    chains: HashMap<Vec<Spot>, Chain>,
    /// Functions by chain, outermost first, as indices.
    named: Vec<Vec<u32>>,
    functions: Vec<NativeFunction>,
    numbers: HashMap<NativeFunction, u32>,
}

impl Natives {
    pub fn of(reader: &Reader) -> Natives {
        let mut mappings = Mappings::default();
        for entry in entries(reader, Types::of(&[MappingDef::TYPE])) {
            if let Event::MappingDef(mapping) = entry.event() {
                mappings.add(&mapping);
            }
        }
        let vm = reader.defs().process().map_or("", |process| process.vm_name);
        Natives {
            names: Names::new(vm, reader.static_page().start_real_ns as i64),
            mappings,
            pending: HashMap::new(),
            chains: HashMap::new(),
            named: vec![Vec::new()],
            functions: Vec::new(),
            numbers: HashMap::new(),
        }
    }

    /// Takes note of an event of a thread.
    pub fn see(&mut self, thread: usize, event: &Event<'_>) {
        if let Event::NativeStack(stack) = event {
            self.pending.insert(thread, self.mappings.chain(stack.addresses));
        }
    }

    /// The chain of the thread's sample that has just come.
    pub fn take(&mut self, thread: usize) -> Chain {
        let spots = self.pending.remove(&thread).unwrap_or_default();
        if spots.is_empty() {
            return Chain::NONE;
        }
        if let Some(chain) = self.chains.get(&spots) {
            return *chain;
        }
        let functions = self.names.of(&self.mappings, &spots).into_iter().map(|function| {
            *self.numbers.entry(function).or_insert_with_key(|function| {
                self.functions.push(function.clone());
                self.functions.len() as u32 - 1
            })
        });
        let functions: Vec<u32> = functions.collect();
        let chain = match functions.is_empty() {
            true => Chain::NONE,
            false => {
                self.named.push(functions);
                Chain(self.named.len() as u32 - 1)
            }
        };
        self.chains.insert(spots, chain);
        chain
    }

    /// The numbers of the functions, outermost first.
    pub fn functions(&self, chain: Chain) -> &[u32] {
        self.named.get(chain.0 as usize).map_or(&[], Vec::as_slice)
    }

    pub fn function(&self, number: u32) -> &NativeFunction {
        &self.functions[number as usize]
    }
}
