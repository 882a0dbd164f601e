//! Work on several threads whose results come in order and never pile up.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Results per thread that may wait for an earlier one.
const WAITING_PER_THREAD: usize = 4;

struct State<T> {
    /// The next job nobody has.
    next: usize,
    /// Results given out.
    given: usize,
    done: BTreeMap<usize, T>,
    /// No further result is wanted, or will come.
    over: bool,
}

struct Desk<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

impl<T> Desk<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'s>(&self, state: MutexGuard<'s, State<T>>) -> MutexGuard<'s, State<T>> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        self.lock().over = true;
        self.changed.notify_all();
    }
}

/// Ends the others' waiting if its thread panics.
struct Alarm<'d, T>(&'d Desk<T>);

impl<T> Drop for Alarm<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end();
        }
    }
}

/// Does each job on one of `threads` threads and gives what it made to `take`, in the order of the jobs, on the calling
/// thread, until `take` breaks off. With one thread or one job there is no other thread.
pub fn in_order<J: Sync, T: Send, B>(
    threads: usize,
    jobs: &[J],
    work: impl Fn(&J) -> T + Sync,
    mut take: impl FnMut(T) -> ControlFlow<B>,
) -> ControlFlow<B> {
    if threads <= 1 || jobs.len() <= 1 {
        return jobs.iter().map(work).try_for_each(take);
    }
    let desk = Desk {
        state: Mutex::new(State { next: 0, given: 0, done: BTreeMap::new(), over: false }),
        changed: Condvar::new(),
    };
    let ahead = threads * WAITING_PER_THREAD;
    std::thread::scope(|scope| {
        for _ in 0..threads.min(jobs.len()) {
            scope.spawn(|| {
                let alarm = Alarm(&desk);
                loop {
                    let mut state = desk.lock();
                    while !state.over && state.next < jobs.len() && state.next >= state.given + ahead {
                        state = desk.wait(state);
                    }
                    let index = state.next;
                    let Some(job) = jobs.get(index).filter(|_| !state.over) else {
                        break;
                    };
                    state.next += 1;
                    drop(state);
                    let made = work(job);
                    desk.lock().done.insert(index, made);
                    desk.changed.notify_all();
                }
                drop(alarm);
            });
        }
        let mut result = ControlFlow::Continue(());
        for index in 0..jobs.len() {
            let mut state = desk.lock();
            let made = loop {
                match state.done.remove(&index) {
                    Some(made) => break Some(made),
                    None if state.over => break None,
                    None => state = desk.wait(state),
                }
            };
            state.given = index + 1;
            drop(state);
            desk.changed.notify_all();
            // None after a panic, which leaving the scope passes on.
            result = made.map_or(ControlFlow::Continue(()), &mut take);
            if result.is_break() {
                break;
            }
        }
        desk.end();
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_stop_when_told() {
        let jobs: Vec<u32> = (0..1000).collect();
        for threads in [1, 2, 7] {
            let mut seen = Vec::new();
            let end = in_order(
                threads,
                &jobs,
                |job| job * 2,
                |made| {
                    seen.push(made);
                    if made == 1200 { ControlFlow::Break(made) } else { ControlFlow::Continue(()) }
                },
            );
            assert_eq!(end, ControlFlow::Break(1200));
            assert!(seen.iter().copied().eq((0..=600).map(|job| job * 2)));
            let end: ControlFlow<()> = in_order(threads, &jobs, |job| *job, |_| ControlFlow::Continue(()));
            assert_eq!(end, ControlFlow::Continue(()));
        }
    }
}
