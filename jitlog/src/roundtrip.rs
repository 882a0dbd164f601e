//! Tests driven by the event table: every event of it is written to a log and read back.

use crate::format::event_table;
use crate::format::field::{BodyReader, Value};
use crate::format::record::{Class, Record};
use crate::write::Log;
use crate::*;

/// A value of a field type that differs from call to call and from the default.
trait Generate<'a> {
    fn generate(counter: &mut u64) -> Self;
}

macro_rules! sample_newtypes {
    ($($name:ident($repr:ty))*) => {
        $(impl Generate<'_> for $name {
            fn generate(counter: &mut u64) -> $name {
                *counter += 1;
                $name(*counter as $repr)
            }
        })*
    };
}
macro_rules! sample_numbers {
    ($($name:ident)*) => {
        $(impl Generate<'_> for $name {
            fn generate(counter: &mut u64) -> $name {
                *counter += 1;
                (*counter * 3) as $name
            }
        })*
    };
}
sample_numbers! { u8 u16 u32 u64 i32 i64 f64 }
sample_newtypes! {
    StringId(u32) StreamId(u32) SourceId(u32) FuncId(u32) LocId(u32) StackId(u32) CounterId(u32) PassId(u16)
    GuardId(u32) TraceId(u32) IrOpId(u32) GcId(u32) AbortReason(u16) GuardKind(u16) GcCause(u16) GcPhaseKind(u16)
    LinkKind(u8) ExitReason(u16) InvalidateReason(u16) CodeFreeReason(u16) ObservedType(u32) Address(u64)
    Fingerprint(u64) RawWord(u64) StreamKind(u8) HotWhat(u8) TraceKind(u8) CompileOutcome(u8) GuardAction(u8)
    SampleState(u8) FrameKind(u8) GcKind(u8) Arch(u8) OpcodeSet(u8) ReasonDomain(u8) CounterKind(u16)
    CounterUnit(u8) ExitHow(u8) Fact(u8) UnreadKind(u8) PerfCounter(u8) MemoryPurpose(u8)
    SampleSource(u8) ShapeId(u32) CacheKind(u8) DecisionKind(u8) DecisionReason(u16)
}

impl Generate<'_> for Hash16 {
    fn generate(counter: &mut u64) -> Hash16 {
        *counter += 1;
        Hash16([*counter as u8; 16])
    }
}
impl<'a> Generate<'a> for &'a str {
    fn generate(counter: &mut u64) -> &'a str {
        *counter += 1;
        &"naïve \u{1b}[0m text"[..6 + *counter as usize % 2]
    }
}
impl<'a> Generate<'a> for &'a [u8] {
    fn generate(counter: &mut u64) -> &'a [u8] {
        *counter += 1;
        &[1, 2, 3, 4, 5, 6, 7, 8, 9][..*counter as usize % 10]
    }
}

/// The process-wide definitions are written through the log's own, the others through a stream.
fn write<R: Record>(log: &Log, stream: &mut Stream, record: &R) {
    if R::CLASS == Class::D {
        log.write_definition(record);
    } else {
        stream.emit_any(record);
    }
}

macro_rules! define_round_trip {
    ($life:lifetime; $($(#[doc = $doc:literal])+ $id:literal $snake:ident $Name:ident $(<$lt:lifetime>)? $class:ident {
        $($(#[doc = $field_doc:literal])* $field:ident: $type:ty,)*
    })*) => {
        /// Writes one of each; shows what must come back, as type and debug text.
        fn write_all(log: &Log, stream: &mut Stream) -> Vec<(u16, String)> {
            let mut counter = 0;
            let mut written = Vec::new();
            $({
                let record = $Name { $($field: Generate::generate(&mut counter)),* };
                write(log, stream, &record);
                written.push(($id, format!("{:?}", Event::from(record))));
            })*
            written
        }

        /// Encodes one of each and decodes it as older and newer files would hold it.
        fn evolve_all(check: &mut dyn FnMut(&'static EventSpec, &[u8], &dyn Fn(&[u8], usize) -> Vec<(&'static str, String)>)) {
            let mut counter = 0;
            $({
                let record = $Name { $($field: Generate::generate(&mut counter)),* };
                let mut body = vec![0; $Name::FIXED + record.tail_bytes()];
                record.encode(&mut body);
                let decode = |body: &[u8], fixed: usize| {
                    let mut fields = Vec::new();
                    $Name::decode(BodyReader::new(body, fixed)).fields(&mut |name, value| {
                        fields.push((name, format!("{value:?}")));
                    });
                    fields
                };
                check(<$Name as Record>::SPEC, &body, &decode);
            })*
        }
    };
}
event_table!(define_round_trip);

#[test]
fn every_event_comes_back_as_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("all.jlog");
    let log = Log::create(LogOptions::new(&path).logical_clock(true)).unwrap();
    let mut stream = log.stream("main", StreamKind::Mutator);
    let written = write_all(&log, &mut stream);
    assert_eq!(written.len(), EVENTS.len());
    drop(stream);
    log.close();

    let reader = Reader::open(&path).unwrap();
    let mut found: Vec<(u16, String)> = Vec::new();
    for entry in reader.events().types(Types::all()) {
        let entry = entry.unwrap();
        found.push((entry.event_type, format!("{:?}", entry.event())));
    }
    assert_eq!(reader.problems(), []);
    for record in &written {
        assert!(found.contains(record), "{record:?}");
    }
}

#[test]
fn fields_a_writer_did_not_know_are_zero_and_fields_a_reader_does_not_know_are_ignored() {
    evolve_all(&mut |spec, body, decode| {
        let whole = decode(body, spec.fixed);
        // A newer writer: eight more fixed bytes before the variable part, and more variable bytes after it.
        let mut newer = body[..spec.fixed].to_vec();
        newer.extend([0xEE; 8]);
        newer.extend(&body[spec.fixed..]);
        newer.extend([0xDD; 16]);
        assert_eq!(decode(&newer, spec.fixed + 8), whole, "{}", spec.name);
        // An older writer: every shorter fixed part leaves the fields before the cut as they were.
        for fixed in (0..spec.fixed).step_by(8) {
            let mut older = body[..fixed].to_vec();
            older.extend(&body[spec.fixed..]);
            let fields = decode(&older, fixed);
            for (index, field) in spec.fields.iter().enumerate() {
                let next = spec.fields.get(index + 1).map_or(spec.fixed, |next| next.offset);
                if next <= fixed {
                    assert_eq!(fields[index], whole[index], "{}.{}", spec.name, field.name);
                } else if field.offset >= fixed {
                    let empty = ["0", "0.0", "\"\"", "[]"].iter().any(|zero| {
                        let text = &fields[index].1;
                        text.contains(&format!("({zero})")) || text.contains(&format!(", {zero})"))
                    });
                    assert!(
                        empty || matches!(fields[index].1.as_str(), text if text.contains("0)")),
                        "{:?}",
                        fields[index]
                    );
                }
            }
        }
    });
}

#[test]
fn a_lying_length_is_cut_short() {
    let record = StringDef { id: StringId(1), text: "hello" };
    let mut body = vec![0; StringDef::FIXED + record.tail_bytes()];
    record.encode(&mut body);
    body[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    let back = StringDef::decode(BodyReader::new(&body, StringDef::FIXED));
    assert_eq!(back.text, "hello\0\0\0");
    assert_eq!(Event::from(back).spec().unwrap().name, "string");
    Event::from(back).fields(&mut |_, value| assert!(matches!(value, Value::Id(..) | Value::Text(_))));
}

#[test]
fn the_table_is_in_order_and_aligned() {
    assert!(EVENTS.windows(2).all(|pair| pair[0].id < pair[1].id));
    for spec in EVENTS {
        assert_eq!(spec.fixed % 8, 0, "{}", spec.name);
        assert!(spec.id > 0 && spec.id < 1024 && !spec.doc.is_empty());
        let bulk_numbers = spec.id >= 128;
        assert_eq!(spec.class == Class::B, bulk_numbers, "{}", spec.name);
    }
}

proptest::proptest! {
    /// Whatever bytes a record may have, decoding it ends, and so does everything that is done with what it gives.
    #[test]
    fn decoding_any_bytes_never_panics(
        event_type in 0u16..160,
        body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
        fixed in 0usize..96,
    ) {
        let event = Event::decode(event_type, &body, fixed);
        proptest::prop_assert!(serde_json::to_string(&event).is_ok());
        if let Event::Ir(ir) = event {
            crate::format::payload::parse_snapshots(ir.snaps);
            crate::format::payload::parse_texts(ir.consts);
        }
    }

    /// Nor does stepping over the records of a block of any bytes, and it never leaves the block.
    #[test]
    fn walking_any_bytes_never_panics(words in proptest::collection::vec(0u64..1 << 40, 2..64), base: u64) {
        let run: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut walker = crate::format::walk::Walker::new(base, 4);
        while let crate::format::walk::Step::Record(record) = walker.step(&run) {
            proptest::prop_assert!(record.at < record.body.1 && record.body.1 <= run.len());
        }
    }
}
