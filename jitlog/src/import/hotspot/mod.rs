//! HotSpot: the XML of `-XX:+LogCompilation`, and the lines of `-XX:+PrintCompilation` and `-Xlog:jit*`.
//!
//! One compilation is one trace, its tier the level. Run-time deoptimisations are in the XML alone. Lines of source are in
//! none of them: a place is a method and an offset in its bytecode.

mod element;
mod known;
mod text;
mod xml;

use crate::import::sink::Sink;
use crate::import::{Importer, Line};
use crate::*;
pub use element::is_xml;
use text::Text;
pub use text::is_text;
use xml::Xml;

pub struct Hotspot {
    xml: Xml,
    text: Text,
    /// This file is XML; nothing until a line tells.
    kind: Option<bool>,
}

impl Hotspot {
    pub fn new(_out: &mut Sink) -> Hotspot {
        Hotspot { xml: Xml::default(), text: Text::default(), kind: None }
    }
}

/// The function of `java.lang.String` and `charAt`: a class is in a file of the name of its outermost class.
pub(super) fn method(out: &mut Sink, class: &str, name: &str) -> FuncId {
    let outer = class.split('$').next().unwrap_or(class);
    let simple = outer.rsplit(['.', '/']).next().unwrap_or(outer);
    let file = if simple.is_empty() { String::new() } else { format!("{simple}.java") };
    out.func(&file, &format!("{}::{name}", class.replace('/', ".")), 0)
}

impl Importer for Hotspot {
    fn line(&mut self, line: &Line<'_>, out: &mut Sink) {
        if self.kind.is_none() {
            if is_xml(line.text) {
                self.kind = Some(true);
            } else if is_text(line.text) {
                self.kind = Some(false);
            }
        }
        let understood = match self.kind {
            Some(true) => self.xml.line(line.text, out),
            _ => self.text.line(line.text, out),
        };
        if !understood && !line.cut {
            out.unread(UnreadKind::Unknown, line.text);
        }
    }

    fn end_of_file(&mut self, out: &mut Sink) {
        if self.kind == Some(true) {
            self.xml.end_of_file(out);
        }
        self.kind = None;
    }

    fn end(&mut self, out: &mut Sink) {
        let (xml, text) = (self.xml.seen, self.text.seen);
        self.xml.end(out);
        if !xml {
            out.process("OpenJDK", "", &[], "");
        }
        let log = "-XX:+UnlockDiagnosticVMOptions -XX:+LogCompilation -XX:LogFile=FILE";
        let wanted = [
            (xml || text, Fact::Traces, log),
            (xml, Fact::Guards, log),
            (xml, Fact::GuardFailures, log),
            (xml, Fact::CompileTimes, log),
            (xml, Fact::CodeSize, log),
            (false, Fact::ObservedTypes, "-XX:+PrintInlining shows type profiles"),
            (false, Fact::Samples, "-XX:StartFlightRecording"),
            (false, Fact::Collections, "-Xlog:gc"),
            (false, Fact::GcPauses, "-Xlog:gc"),
            (false, Fact::Heap, "-Xlog:gc"),
            (false, Fact::MachineCode, "-XX:+PrintAssembly, with hsdis"),
        ];
        for (has, fact, switch) in wanted {
            if !has {
                out.absent(fact, switch);
            }
        }
        for fact in [Fact::Executions, Fact::Bytecode, Fact::Iterations, Fact::SourceText] {
            out.absent(fact, "");
        }
    }
}
