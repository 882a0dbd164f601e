//! The threads of a log: streams of one thread of the system are one, whoever writes them.

use std::collections::HashMap;

use jitlog::{Definitions, StreamId, StreamKind};

/// A thread as other tools show it.
pub struct Thread {
    /// The system's number; of a stream that has none, a number no thread has.
    pub tid: u32,
    pub name: String,
    /// Whether it runs the program.
    pub runs_program: bool,
}

/// The threads, and which of them a stream belongs to.
pub struct Threads {
    list: Vec<Thread>,
    by_stream: HashMap<StreamId, usize>,
}

/// The first thread number for streams without one: above what Linux gives.
const FIRST_OWN: u32 = 1 << 30;

impl Threads {
    pub fn of(definitions: &Definitions) -> Threads {
        let mut threads = Threads { list: Vec::new(), by_stream: HashMap::new() };
        let mut by_tid: HashMap<u32, usize> = HashMap::new();
        let streams = || definitions.streams().filter(|stream| stream.kind != StreamKind::Definitions);
        // A sampler writes about the thread whose number it gives, so its name is the last choice.
        let owners = streams().filter(|stream| stream.kind != StreamKind::Sampler);
        for stream in owners.chain(streams().filter(|stream| stream.kind == StreamKind::Sampler)) {
            // The log's helper has a thread of its own, but a stream that was made on another.
            let tid = if stream.kind == StreamKind::Helper { 0 } else { stream.os_tid };
            let known = by_tid.get(&tid).copied().filter(|_| tid != 0);
            let index = known.unwrap_or_else(|| threads.add(tid, stream.name.to_string()));
            by_tid.entry(tid).or_insert(index);
            threads.by_stream.insert(stream.stream_id, index);
            threads.list[index].runs_program |= matches!(stream.kind, StreamKind::Mutator | StreamKind::Sampler);
        }
        threads
    }

    fn add(&mut self, tid: u32, name: String) -> usize {
        let index = self.list.len();
        let tid = if tid == 0 { FIRST_OWN + index as u32 } else { tid };
        self.list.push(Thread { tid, name, runs_program: false });
        index
    }

    /// The thread of a stream. One the log does not define gets a thread of its own.
    pub fn of_stream(&mut self, stream: StreamId) -> usize {
        match self.by_stream.get(&stream) {
            Some(index) => *index,
            None => {
                let index = self.add(0, format!("stream {stream}"));
                self.by_stream.insert(stream, index);
                index
            }
        }
    }

    pub fn get(&self, index: usize) -> &Thread {
        &self.list[index]
    }
}
