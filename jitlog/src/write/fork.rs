//! Forked children: they have the parent's memory but not its helper thread, and the log is the parent's.
//!
//! In a child every open log becomes memory of its own: pointers into it stay valid, machine code counts on, streams
//! write until their block ends and then drop, and nothing reaches the parent's file. The child may create a log of its
//! own. The log's locks are held across the fork, so that a child never meets one that a thread it does not have took.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, Once, Weak};

use crate::write::Shared;
use crate::write::counters::Counters;
use crate::write::defs::{Definitions, lock};
use crate::write::map::Map;

static LOGS: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());

/// The locks of one log, in the order they are taken everywhere. The log itself is dropped last.
struct Held {
    _counters: MutexGuard<'static, Counters>,
    _definitions: MutexGuard<'static, Definitions>,
    _growth: MutexGuard<'static, u64>,
    shared: Arc<Shared>,
}

/// All locks of a thread that is forking.
struct Forking {
    logs: Vec<Held>,
    _registry: MutexGuard<'static, Vec<Weak<Shared>>>,
}

thread_local! {
    static FORKING: RefCell<Option<Forking>> = const { RefCell::new(None) };
}

/// Makes a log known to the handlers.
pub fn register(shared: &Arc<Shared>) {
    static HANDLERS: Once = Once::new();
    // SAFETY: the handlers are functions of this program and never unloaded.
    HANDLERS.call_once(|| unsafe {
        libc::pthread_atfork(Some(before), Some(after_in_parent), Some(after_in_child));
    });
    let mut logs = lock(&LOGS);
    logs.retain(|log| log.strong_count() > 0);
    logs.push(Arc::downgrade(shared));
}

extern "C" fn before() {
    let registry = lock(&LOGS);
    let logs = registry.iter().filter_map(Weak::upgrade).map(hold).collect();
    // A thread that forks while it is ending has no place for its locks: it forks without them.
    let _ = FORKING.try_with(|forking| *forking.borrow_mut() = Some(Forking { logs, _registry: registry }));
}

fn hold(shared: Arc<Shared>) -> Held {
    // SAFETY: the guards are dropped before `shared`, which keeps what they borrow alive (fields drop in order).
    let log: &'static Shared = unsafe { &*Arc::as_ptr(&shared) };
    Held {
        _counters: lock(&log.counters),
        _definitions: lock(&log.definitions),
        _growth: log.space.hold_growth(),
        shared,
    }
}

extern "C" fn after_in_parent() {
    let _ = FORKING.try_with(|forking| forking.borrow_mut().take());
}

extern "C" fn after_in_child() {
    Map::all().filter(|map| map.is_attached()).for_each(|map| {
        map.lose();
    });
    let _ = FORKING.try_with(|forking| {
        let forking = forking.borrow_mut().take();
        forking.iter().flat_map(|forking| &forking.logs).for_each(|log| give_up(log.shared.space.descriptor()));
    });
}

/// Makes the child's descriptor another file's: the lock on the log then ends with the parent.
fn give_up(descriptor: i32) {
    // SAFETY: plain system calls; the descriptor stays open, so that its owner may close it as ever.
    unsafe {
        let nothing = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
        if nothing >= 0 {
            libc::dup3(nothing, descriptor, libc::O_CLOEXEC);
            libc::close(nothing);
        }
    }
}
