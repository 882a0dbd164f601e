//! The lines of `jitlog-events.lua`: one JSON object each, with times.

use serde_json::Value;

use super::book::{Book, Ended, Step};
use crate::LocId;
use crate::import::sink::Sink;

/// Whether the line was understood.
pub fn line(book: &mut Book, text: &str, out: &mut Sink) -> bool {
    let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(text) else { return false };
    let number = |name: &str| fields.get(name).and_then(|value| value.as_u64().or(value.as_f64().map(|v| v as u64)));
    let word = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let (Some(t_ns), Some(trace)) = (number("ns"), number("tr")) else { return false };
    let first = number("first").unwrap_or(0) as u32;
    match word("ev") {
        "start" => {
            let (_, loc) = Book::place(word("loc"), first, out);
            let parent = number("parent").map(|parent| (parent, number("exit")));
            book.start_at(t_ns, trace, loc, parent, out);
        }
        "bc" => {
            let (func, loc) = Book::place(word("loc"), first, out);
            let op = word("op");
            let enters = op.contains("FUNC");
            let step = Step {
                func,
                pc: number("pc").unwrap_or(0) as u32,
                loc: if word("loc").is_empty() { LocId::NONE } else { loc },
                depth: number("depth").unwrap_or(0) as u32,
                note: if enters { word("loc").to_string() } else { op.to_string() },
            };
            book.step(trace, step);
        }
        "stop" => {
            let link = match number("link") {
                Some(link) if link > 0 && link != trace => format!("-> {link} {}", word("linktype")),
                _ => word("linktype").to_string(),
            };
            let ended = Ended {
                mcode: number("mcode").unwrap_or(0) as u32,
                addr: number("addr").unwrap_or(0),
                n_exits: number("nexit").unwrap_or(0) as u32,
            };
            if let Some(current) = book.current(trace) {
                current.n_ir = number("nins").unwrap_or(0) as u32;
            }
            book.stop(t_ns, trace, &link, &ended, out);
        }
        "abort" => book.abort(t_ns, trace, word("loc"), word("err"), out),
        "exit" => {
            let n = number("n").unwrap_or(1).min(u64::from(u32::MAX)) as u32;
            book.exit(t_ns, trace, number("exit").unwrap_or(0), n, out);
        }
        "flush" => book.flush(t_ns, out),
        _ => return false,
    }
    true
}
