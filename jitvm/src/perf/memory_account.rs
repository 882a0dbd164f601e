//! What the resident memory of the process is for.
//!
//! Ranges of our own are asked for page by page; what the files of the process take is in the kernel's list of mappings;
//! the rest is the allocator's, of which large objects, traces and code objects are known by their sizes. What is left
//! is not explained, and whoever shows the account says so.

use std::collections::HashSet;
use std::fs;
use std::sync::Arc;

use jitlog::{MappingDef, Memory, MemoryPart, MemoryPurpose};

use crate::events::Events;
use crate::runtime::vm::{Frame, Vm};
use crate::sizes;

const PAGE: usize = 4096;

/// Resident bytes, quickly; 0 where the kernel does not say.
pub fn resident_now() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let resident = pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    resident.unwrap_or(0) * PAGE as u64
}

/// Resident bytes now and at most so far; 0 where the kernel does not say.
fn resident() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse::<u64>().ok());
        number.unwrap_or(0) * 1024
    };
    (of("VmRSS:"), of("VmHWM:"))
}

/// Bytes that the allocator has given out and not got back.
pub fn given_out() -> u64 {
    // SAFETY: reads the allocator's statistics.
    let info = unsafe { libc::mallinfo2() };
    (info.uordblks + info.hblkhd) as u64
}

/// Bytes of a range that are resident.
fn touched((start, bytes): (usize, usize)) -> u64 {
    let first = start & !(PAGE - 1);
    let length = (start + bytes).next_multiple_of(PAGE) - first;
    let mut pages = vec![0_u8; length / PAGE];
    // SAFETY: the call reads nothing of the range, which may be unmapped, and writes a byte for each of its pages.
    if unsafe { libc::mincore(first as *mut libc::c_void, length, pages.as_mut_ptr()) } != 0 {
        return 0;
    }
    (pages.iter().filter(|&&page| page & 1 != 0).count() * PAGE) as u64
}

/// Resident bytes of all mappings, of the log's, and of other files' (the program and its libraries). All from one look:
/// the log's helper thread touches pages at any moment.
fn mappings(log: &str) -> (u64, u64, u64) {
    let maps = fs::read_to_string("/proc/self/smaps").unwrap_or_default();
    let (mut all, mut of_log, mut others) = (0, 0, 0);
    let mut path = "";
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or("");
        if first == "Rss:" {
            let bytes = words.next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) * 1024;
            all += bytes;
            match path {
                path if path == log => of_log += bytes,
                path if path.starts_with('/') || path == "[vdso]" => others += bytes,
                _ => {}
            }
        } else if !first.ends_with(':') {
            path = words.nth(4).unwrap_or("");
        }
    }
    (all, of_log, others)
}

/// Gives every mapping of a file with machine code: the program and its libraries.
pub fn code_files(each: &mut dyn FnMut(&MappingDef)) {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    for line in maps.lines() {
        let words: Vec<&str> = line.splitn(6, ' ').collect();
        let [range, rights, offset, _, _, path] = words[..] else { continue };
        let hex = |text: &str| u64::from_str_radix(text, 16).unwrap_or(0);
        let path = path.trim_start();
        if let Some((start, end)) = range.split_once('-')
            && rights.contains('x')
            && path.starts_with('/')
        {
            each(&MappingDef { start: hex(start).into(), end: hex(end).into(), file_offset: hex(offset), path });
        }
    }
}

/// Memory of the source files and of what was compiled but not linked yet.
fn sources(vm: &Vm) -> u64 {
    let modules = vm.texts.modules();
    let of_modules = modules
        .clone()
        .map(|module| sizes::list(&module.codes) + module.codes.iter().map(|code| code.bytes()).sum::<usize>());
    let sources = vm.codes.iter().map(|code| &code.source).chain(modules.map(|module| &module.source));
    let mut seen = HashSet::new();
    let of_sources = sources.filter(|source| seen.insert(Arc::as_ptr(source))).map(|source| source.bytes());
    (of_modules.sum::<usize>() + of_sources.sum::<usize>()) as u64
}

/// Makes the account and writes it.
pub fn write(vm: &Vm, runtime_bytes: u64, events: &mut Events) {
    use MemoryPurpose as For;
    let (mapped, log, program) = mappings(events.path());
    let (counted, peak) = resident();
    // The kernel's own sum of the same lags behind, and is rounded by processor.
    let resident_bytes = if mapped == 0 { counted } else { mapped };
    let peak_bytes = peak.max(resident_bytes);
    let own = |ranges: &[(usize, usize)]| ranges.iter().copied().map(touched).sum::<u64>();
    let blocks = own(&vm.heap.block_ranges());
    let code = vm.jit.arena.as_ref().map_or(0, |arena| own(&[arena.range()]));
    let value_stack = vm.stack_end as usize - vm.stack as usize;
    let stacks = own(&[(vm.stack as usize, value_stack), vm.heap.native_stack()]);
    let frames = (vm.frames.as_ptr() as usize, vm.frames.capacity() * size_of::<Frame>());
    let tables = vm.perf.sampler().map_or([(0, 0); 4], |sampler| sampler.ranges());
    let tables: Vec<(usize, usize)> = tables.into_iter().chain([frames]).collect();
    let sampler = own(&tables);
    let mut of_collector = vm.heap.collector_ranges().to_vec();
    of_collector.push(vm.fixed_roots.range());
    let collector = own(&of_collector);

    // Of what the allocator has: all that is resident and in none of the ranges above and no file.
    let arena = resident_bytes.saturating_sub(log + program + blocks + code + stacks + sampler + collector);
    let untouched = tables.iter().chain(&of_collector).map(|range| range.1 as u64).sum::<u64>();
    let given_out = given_out().saturating_sub(untouched);
    let log_tables = events.table_bytes();
    let traces: u64 = vm.jit.traces.iter().map(|trace| trace.metadata_bytes()).sum();
    let caches: u64 = vm.codes.iter().map(|code| code.caches.bytes()).sum();
    let codes: u64 = vm.codes.iter().map(|code| code.bytes()).sum::<u64>() + sources(vm);
    let parts = [
        (For::HeapBlocks, blocks),
        (For::LargeObjects, vm.heap.large_bytes()),
        (For::MachineCode, code),
        (For::Traces, traces),
        (For::CodeObjects, codes),
        (For::InlineCaches, caches),
        (For::Log, log + log_tables),
        (For::Program, program),
        (For::Stacks, stacks),
        (For::Runtime, runtime_bytes),
        (For::Sampler, sampler),
        (For::Collector, collector),
        (For::Kept, arena.saturating_sub(given_out)),
    ];
    events.memory(&Memory { resident_bytes, peak_bytes }, parts.map(|(part, bytes)| MemoryPart { part, bytes }));
}
