//! The layout pinned by numbers: a change here breaks every log there is.

use crate::format::layout::*;
use crate::{BlockKind, BlockState, ClockSource, StreamId};

#[test]
fn sizes_are_those_of_the_specification() {
    assert_eq!((BLOCK, BLOCKS_PER_EXTENT, EXTENT), (65_536, 1_024, 67_108_864));
    assert_eq!((ENTRY, PROLOGUE, COUNTERS_PROLOGUE, COUNTERS_PER_BLOCK), (64, 16, 64, 8_184));
    assert_eq!((HOT_PAGE, STATIC_COPY, SCHEMA_OFFSET, SCHEMA_ROOM), (4_096, 6_144, 8_192, 57_344));
    assert_eq!((entry_offset(1), entry_offset(1_023), entry_offset(1_025)), (64, 65_472, 67_108_928));
    assert!(crate::format::schema::own().len() <= SCHEMA_ROOM, "{}", crate::format::schema::own().len());
}

#[test]
fn the_header_word_has_its_fields_where_the_specification_says() {
    let word = HeaderWord::new(0x123, 0x4567, 0x89AB_CDEF);
    assert_eq!(word.0, 0x89AB_CDEF_4567_0123);
    assert_eq!((word.event_type(), word.words(), word.dt()), (0x123, 0x4567, 0x89AB_CDEF));
    assert!(HeaderWord(0).is_end() && !word.is_end());
}

#[test]
fn an_extent_header_is_64_bytes_with_a_checksum() {
    let header = ExtentHeader {
        major: 0x0201,
        minor: 0x0403,
        extent: 5,
        flags: 1,
        pid: 6,
        run_id: [7; 16],
        incompatible: 8,
        compatible: 9,
    };
    let mut raw = header.encode();
    assert_eq!(&raw[..24], b"\x89JLG\r\n\x1a\n\x01\x02\x03\x04\x05\0\0\0\x10\x1a\x01\0\x06\0\0\0");
    assert_eq!(raw[24..40], [7; 16]);
    assert_eq!((raw[40], raw[48], raw[60]), (8, 9, 0));
    assert!(ExtentHeader::is_intact(&raw));
    assert_eq!(ExtentHeader::decode(&raw), header);
    raw[30] ^= 1;
    assert!(!ExtentHeader::is_intact(&raw));
}

#[test]
fn a_directory_entry_has_its_fields_where_the_specification_says() {
    let entry = DirEntry {
        kind: BlockKind::Bulk,
        state: BlockState::Open,
        codec: 2,
        flags: 3,
        stream: StreamId(4),
        sequence: 8,
        t_first: 16,
        t_last: 24,
        type_mask: 32,
        records: 40,
        used: 44,
        raw_len: 48,
        crc: 52,
        blocks: 56,
        entry_crc: 60,
    };
    let raw = entry.encode();
    assert_eq!(raw[..5], [4, 1, 2, 3, 4]);
    for at in [8, 16, 24, 32, 40, 44, 48, 52, 56, 60] {
        assert_eq!(usize::from(raw[at]), at, "offset {at}");
    }
    assert_eq!(DirEntry::decode(&raw), entry);
    // The state may still change between storing the checksum and the state.
    let sealed = DirEntry { entry_crc: entry.seal_crc(), ..entry };
    assert!(sealed.is_intact());
    assert!(DirEntry { state: BlockState::Sealed, ..sealed }.is_intact());
    assert!(!DirEntry { used: 45, ..sealed }.is_intact());
}

#[test]
fn the_static_page_has_its_fields_where_the_specification_says() {
    let page = StaticPage {
        boot_id: [8; 16],
        pid: 24,
        parent_pid: 28,
        page_bytes: 32,
        start_real_ns: 40,
        start_mono_ns: 48,
        start_ticks: 56,
        ticks_per_second: 64,
        dt_shift: 3,
        clock: ClockSource::Tsc,
        schema_len: 76,
        schema_crc: 80,
    };
    let raw = page.encode();
    for at in [24, 28, 32, 40, 48, 56, 64, 76, 80] {
        assert_eq!(usize::from(raw[at]), at, "offset {at}");
    }
    assert_eq!((raw[4], raw[8], raw[36], raw[37]), (96, 8, 3, 1));
    assert_eq!(StaticPage::decode(&raw), Some(page));
    assert_eq!(StaticPage::decode(&raw[..80]), None);
}
