//! A stream that a signal handler writes: nothing of it or of what it interrupts is torn, lost uncounted or out of order.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

use common::scratch;
use jitlog::*;

/// What the handler writes to, and what it has written.
static STREAM: AtomicPtr<SignalStream> = AtomicPtr::new(std::ptr::null_mut());
static TAKEN: AtomicU32 = AtomicU32::new(0);
static WRITTEN: AtomicU32 = AtomicU32::new(0);

/// Each sample has a place and a stack of its own, so that definitions and samples are claimed alike often.
extern "C" fn on_signal(_signal: libc::c_int) {
    // SAFETY: points to a stream that outlives the storm; only this handler uses it, and it does not interrupt itself.
    let Some(stream) = (unsafe { STREAM.load(Ordering::Relaxed).as_mut() }) else { return };
    let number = TAKEN.fetch_add(1, Ordering::Relaxed) + 1;
    let id = SignalStream::FIRST_ID + number;
    let loc = LocDef { loc_id: LocId(id), func_id: FuncId(1), bc_off: number, line: number, ..Default::default() };
    let stack = StackDef { stack_id: StackId(id), loc_id: LocId(id), ..Default::default() };
    let known = stream.loc(&loc) && stream.stack(&stack);
    let stack_id = if known { StackId(id) } else { StackId::NONE };
    let sample = Sample { trace_id: TraceId(number), stack_id, weight_ns: 7, ..Default::default() };
    WRITTEN.fetch_add(u32::from(stream.sample(&sample)), Ordering::Relaxed);
}

#[test]
fn a_storm_of_signals_tears_nothing() {
    let (_directory, path) = scratch();
    let log = Log::create(LogOptions::new(&path)).unwrap();
    let defs = log.defs();
    let source = defs.source("storm.py", b"x\n");
    let function = defs.func(source, "storm", 1, 1);
    let mut own = log.stream("main", StreamKind::Mutator);
    STREAM.store(Box::into_raw(Box::new(log.signal_stream("samples"))), Ordering::Relaxed);
    // SAFETY: a handler that only does what is allowed in one.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_signal as extern "C" fn(libc::c_int) as usize;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut());
    }
    // SAFETY: no preconditions.
    let target = unsafe { libc::pthread_self() } as usize;
    let done = AtomicBool::new(false);
    let mut events = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) && TAKEN.load(Ordering::Relaxed) < 60_000 {
                // SAFETY: the thread lives until the scope has joined this one.
                unsafe { libc::pthread_kill(target as libc::pthread_t, libc::SIGUSR1) };
            }
            done.store(true, Ordering::Relaxed);
        });
        // The interrupted thread is in claims, locks and the allocator all the time.
        while events < 2_000_000 && !done.load(Ordering::Relaxed) {
            events += 1;
            own.invalidate(&Invalidate { trace_id: TraceId(events), ..Default::default() });
            if events % 8 == 0 {
                let loc_id = defs.loc(function, events, events, 0);
                log.counter(CounterKind::IcMiss, loc_id, 0).increment();
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    // SAFETY: made above by `Box::into_raw`; the handler sees null from here on.
    drop(unsafe { Box::from_raw(STREAM.swap(std::ptr::null_mut(), Ordering::SeqCst)) });
    drop(own);
    log.close();

    let reader = Reader::open(&path).unwrap();
    assert_eq!((reader.health(), reader.problems()), (Health::Clean, vec![]));
    let (mut last, mut found, mut lost, mut own_events) = (0, 0, 0, 0);
    for entry in reader.events() {
        match entry.unwrap().event() {
            Event::Sample(sample) => {
                assert!(sample.trace_id.0 > last && sample.weight_ns == 7, "out of order or torn: {sample:?}");
                last = sample.trace_id.0;
                found += 1;
                if !sample.stack_id.is_none() {
                    let stack = reader.defs().stack(sample.stack_id).expect("defined before it is used");
                    assert_eq!(reader.defs().loc(stack.loc_id).unwrap().line, last);
                }
            }
            Event::SamplesLost(e) => lost += e.n,
            Event::Invalidate(e) => {
                own_events += 1;
                assert_eq!(e.trace_id.0, own_events);
            }
            _ => {}
        }
    }
    let (taken, written) = (TAKEN.load(Ordering::Relaxed), WRITTEN.load(Ordering::Relaxed));
    println!("{taken} signals, {written} samples written, {events} events of the interrupted thread");
    assert_eq!(own_events, events);
    assert_eq!(found, written);
    // What found no room at the very end could not be told either.
    assert!(found + lost <= taken);
    assert!(written > 0, "no signal arrived");
    assert_eq!(reader.defs().stream(StreamId(3)).unwrap().kind, StreamKind::Sampler);
}
