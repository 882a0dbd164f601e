//! Native call chains of samples: which functions of the VM and its libraries ran below the Python function or builtin.
//!
//! jitlog finds the functions (`jitlog::native`); here chains are joined to samples and weighed.

use std::collections::{BTreeMap, HashMap};

use jitlog::native::{Mappings, Names, Spot};

use super::{FuncId, Part, StackId, Weight};

pub use jitlog::native::NativeFunction;

/// What the chains of one group of samples weigh, by chain.
type Chains = BTreeMap<u32, Weight>;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Native {
    mappings: Mappings,
    /// Of the next sample, innermost first.
    pending: Vec<Spot>,
    chains: BTreeMap<Vec<Spot>, u32>,
    /// By the Python stack, the state and the builtin: the samples that have a chain, by its number.
    weights: BTreeMap<(StackId, Part, FuncId), Chains>,
    /// By the number of the chain: what runs, outermost first, as indices of `functions`.
    named: Vec<Vec<usize>>,
    pub functions: Vec<NativeFunction>,
    /// What could not be named, and why.
    pub notes: Vec<String>,
}

/// A program has some thousands of chains: more are of a damaged log.
const MOST_CHAINS: usize = 1 << 16;

impl Native {
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    pub fn mapping(&mut self, mapping: &jitlog::MappingDef<'_>) {
        self.mappings.add(mapping);
    }

    /// The chain of the next sample: words, innermost first.
    pub fn stack(&mut self, addresses: &[u8]) {
        self.pending = self.mappings.chain(addresses);
    }

    /// A sample came, whose chain is the pending one if it is of a state that has chains.
    pub fn sample(&mut self, of: Option<(StackId, Part, FuncId)>, ns: u64) {
        let chain = std::mem::take(&mut self.pending);
        let Some(of) = of.filter(|_| !chain.is_empty()) else { return };
        let next = self.chains.len();
        if next < MOST_CHAINS || self.chains.contains_key(&chain) {
            let number = *self.chains.entry(chain).or_insert(next as u32);
            self.weights.entry(of).or_default().entry(number).or_default().add(ns);
        }
    }

    /// The samples of a group that have named chains: functions, outermost first, as indices, and what they weigh.
    pub fn of(&self, group: (StackId, Part, FuncId)) -> impl Iterator<Item = (&[usize], Weight)> {
        let chains = self.weights.get(&group).into_iter().flatten();
        chains.filter_map(|(number, weight)| {
            Some((self.named.get(*number as usize)?.as_slice(), *weight)).filter(|(functions, _)| !functions.is_empty())
        })
    }

    /// By the function that itself ran, and the state.
    pub fn innermost(&self) -> BTreeMap<(usize, Part), Weight> {
        let mut sums: BTreeMap<(usize, Part), Weight> = BTreeMap::new();
        for group in self.weights.keys() {
            for (functions, weight) in self.of(*group) {
                let Some(&innermost) = functions.last() else { continue };
                let sum = sums.entry((innermost, group.1)).or_default();
                sum.samples += weight.samples;
                sum.ns = sum.ns.saturating_add(weight.ns);
            }
        }
        sums
    }

    /// Finds the names, once everything was read. `started_ns`: when the run began, since the epoch.
    pub fn name(&mut self, vm: &str, started_ns: i64) {
        if self.chains.is_empty() {
            return;
        }
        let mut names = Names::new(vm, started_ns);
        let mut index: HashMap<NativeFunction, usize> = HashMap::new();
        self.named = vec![Vec::new(); self.chains.len()];
        for (chain, number) in &self.chains {
            let numbers = names.of(&self.mappings, chain).into_iter().map(|function| {
                *index.entry(function).or_insert_with_key(|function| {
                    self.functions.push(function.clone());
                    self.functions.len() - 1
                })
            });
            self.named[*number as usize] = numbers.collect();
        }
        self.notes = names.notes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(native: &mut Native, addresses: &[u64], ns: u64) {
        let bytes: Vec<u8> = addresses.iter().flat_map(|address| address.to_le_bytes()).collect();
        native.stack(&bytes);
        native.sample(Some((StackId(1), Part::Native, FuncId(2))), ns);
    }

    fn mapped() -> Native {
        let mut native = Native::default();
        for (start, path) in [(0x1000_u64, "/nowhere/vm"), (0x5000, "/nowhere/libm.so")] {
            let (start, end) = (start.into(), (start + 0x1000).into());
            native.mapping(&jitlog::MappingDef { start, end, file_offset: 0x200, path });
        }
        native
    }

    #[test]
    fn chains_end_at_machine_code_and_weigh_what_their_samples_do() {
        let mut native = mapped();
        // In a library, called by the VM, called by a trace, which the VM had entered.
        stack(&mut native, &[0x5010, 0x1020, 0x9000, 0x1040], 10);
        stack(&mut native, &[0x5010, 0x1020, 0x9000, 0x1080], 20);
        // In machine code itself.
        stack(&mut native, &[0x9000], 40);
        // A sample without a chain of its own must not get the last one's.
        native.sample(Some((StackId(1), Part::Native, FuncId(2))), 80);
        native.name("vm", 1);
        let found: Vec<_> = native.of((StackId(1), Part::Native, FuncId(2))).collect();
        assert_eq!(found, [(&[0, 1][..], Weight { samples: 2, ns: 30 })]);
        let names: Vec<_> = native.functions.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["[vm]", "[libm.so]"], "outermost first");
        assert_eq!(native.innermost(), BTreeMap::from([((1, Part::Native), Weight { samples: 2, ns: 30 })]));
        assert_eq!(native.notes.len(), 2, "{:?}", native.notes);
    }
}
