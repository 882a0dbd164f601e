//! Two pieces of machine code at one address, one after the other, each told to perf and then run for some time: what
//! the announcements look like once code memory is used again. Arguments: the dump's folder, and for each phase how many
//! millions of rounds it runs. Prints the processor time of each phase.
//!
//! The VM itself never uses an address again, so `scripts/check-perf` asks this program.

use std::process::ExitCode;
use std::time::Duration;

use jitvm::announce::{Announcer, Frame, Unit, Wanted};
use jitvm::codegen::{Arena, Bounds, ExitState};
use jitvm::runtime::vm::Vm;

/// `push rbp; mov rbp, rsp; mov rax, rdi; 1: dec rax; jnz 1b; pop rbp; ret`, with a padding that tells the phases apart.
fn countdown(padding: &[u8]) -> Vec<u8> {
    let mut code = vec![0x55, 0x48, 0x89, 0xe5, 0x48, 0x89, 0xf8];
    code.extend(padding);
    code.extend([0x48, 0xff, 0xc8, 0x75, 0xfb, 0x5d, 0xc3]);
    code
}

extern "C" fn no_exit(_: *mut Vm, _: *mut ExitState) -> u64 {
    0
}

fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock exists on every Linux and the structure is ours.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, first, second] = &arguments[..] else {
        eprintln!("usage: reused_code FOLDER MILLIONS MILLIONS");
        return ExitCode::from(2);
    };
    let mut announcer = Announcer::new(&Wanted { perf_map: false, jitdump: Some(folder.into()), gdb: false });
    let mut addresses = Vec::new();
    for (name, rounds, padding) in [("first", first, &[][..]), ("second", second, &[0x90; 8][..])] {
        let Ok(millions) = rounds.parse::<u64>() else {
            eprintln!("reused_code: {rounds} is not a number");
            return ExitCode::from(2);
        };
        // A new arena of the same size is put where the one before was.
        let mut arena =
            Arena::new(no_exit, Bounds { gap: announcer.gap(), ..Bounds::default() }).expect("memory for code");
        let code = countdown(padding);
        let range = arena.install(&code).expect("memory for code").expect("a new arena has room");
        let function = format!("py::{name}");
        let name = format!("{function}:/reused.py [trace 1]");
        announcer.tell(Unit { function, name, range, frame: Frame::Made, rows: Vec::new() }, &code);
        // SAFETY: the code was just installed, takes a number and keeps all registers that are not its own.
        let run = unsafe { std::mem::transmute::<usize, extern "C" fn(u64) -> u64>(range.start) };
        let before = processor_time();
        run(millions * 1_000_000);
        println!("{:#x} {}", range.start, (processor_time() - before).as_nanos());
        addresses.push(range.start);
    }
    if addresses[0] != addresses[1] {
        eprintln!("reused_code: the address was not used again");
        return ExitCode::from(1);
    }
    ExitCode::SUCCESS
}
