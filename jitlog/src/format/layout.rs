//! The bytes of a log: sizes, offsets, the header word, directory entries, the two SUPER pages.
//!
//! Everything here is plain little-endian encoding and decoding without knowledge of events. The writer lays the
//! same offsets over mapped memory (`write::map`); a test pins them against each other.

use crate::format::kinds::{BlockKind, BlockState, ClockSource, StopReason};
use crate::{StreamId, format::bytes};

/// log2 of the block size.
pub const BLOCK_SHIFT: u8 = 16;
/// log2 of the extent size.
pub const EXTENT_SHIFT: u8 = 26;
/// Bytes of a block, the unit of ownership: one thread writes it, one checksum covers it.
pub const BLOCK: usize = 1 << BLOCK_SHIFT;
/// Blocks of an extent; the first is its directory.
pub const BLOCKS_PER_EXTENT: u32 = 1 << (EXTENT_SHIFT - BLOCK_SHIFT);
/// Bytes of an extent.
pub const EXTENT: u64 = 1 << EXTENT_SHIFT;
/// Bytes of a directory entry, and of the extent header that stands in place of entry 0.
pub const ENTRY: usize = 64;
/// Bytes of the prologue of a payload block.
pub const PROLOGUE: usize = 16;
/// Bytes of the prologue of a COUNTERS block, one cache line.
pub const COUNTERS_PROLOGUE: usize = 64;
/// Counter slots of one COUNTERS block.
pub const COUNTERS_PER_BLOCK: u32 = ((BLOCK - COUNTERS_PROLOGUE) / 8) as u32;
/// The largest record that fits an ordinary block, header word included.
pub const MAX_PLAIN_RECORD: usize = BLOCK - PROLOGUE;
/// Blocks of the largest jumbo record (16 MiB).
pub const MAX_JUMBO_BLOCKS: u32 = 256;

/// First bytes of every extent: the PNG idea (high bit, name, line ends, end-of-file) so that damage in transfer shows.
pub const MAGIC: [u8; 8] = [0x89, 0x4A, 0x4C, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];
/// Changes only when a struct of this file changes.
pub const MAJOR: u16 = 1;
/// Grows with every added event or field.
pub const MINOR: u16 = 0;
/// Features without which a reader would misread the file; none exist yet.
pub const KNOWN_INCOMPATIBLE: u64 = 0;
/// Compatible feature, bit 0: a repaired log, from which parts of the original may be missing.
pub const COMPATIBLE_REPAIRED: u64 = 1;
/// Flag of a directory entry, bit 0: the block was sealed by a repair that found no checksum for its bytes. What its
/// checksum says is that they have not changed since.
pub const FLAG_UNVERIFIED: u8 = 1;
/// First word of a payload block.
pub const BLOCK_MAGIC: u32 = u32::from_le_bytes(*b"JBLK");

/// Block number of the SUPER block, in extent 0.
pub const SUPER_BLOCK: u32 = 1;
/// Bytes of a page of the SUPER block (a format constant, not the machine's page).
pub const SUPER_PAGE: usize = 4096;
/// Offset of the hot page in the SUPER block.
pub const HOT_PAGE: usize = SUPER_PAGE;
/// Offset of the second copy of the static page's contents, in the hot page's unused half.
pub const STATIC_COPY: usize = HOT_PAGE + 2048;
/// Offset of the schema in the SUPER block.
pub const SCHEMA_OFFSET: usize = 2 * SUPER_PAGE;
/// Room for the schema.
pub const SCHEMA_ROOM: usize = BLOCK - SCHEMA_OFFSET;

/// CRC32C as the format uses it.
pub fn checksum(data: &[u8]) -> u32 {
    crc32c::crc32c(data)
}

/// Rounds up to the 8-byte grain of records.
pub const fn pad8(bytes: usize) -> usize {
    bytes.wrapping_add(7) & !7
}

/// Byte offset of a block in the file.
pub const fn block_offset(block: u32) -> u64 {
    (block as u64) << BLOCK_SHIFT
}

/// Byte offset of a block's directory entry in the file.
pub const fn entry_offset(block: u32) -> u64 {
    let extent = block / BLOCKS_PER_EXTENT;
    block_offset(extent * BLOCKS_PER_EXTENT) + (block % BLOCKS_PER_EXTENT) as u64 * ENTRY as u64
}

/// The word before every record: bits 0–11 type, 12–15 flags, 16–31 size in 8-byte words, 32–63 time offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderWord(pub u64);

impl HeaderWord {
    /// In the size field: a u64 with the byte length follows, and the record owns a run of blocks.
    pub const JUMBO: u16 = 0xFFFF;

    pub fn new(event_type: u16, words: u16, dt: u32) -> HeaderWord {
        HeaderWord(u64::from(event_type & 0xFFF) | u64::from(words) << 16 | u64::from(dt) << 32)
    }
    /// The end of the committed records of a block.
    #[inline]
    pub fn is_end(self) -> bool {
        self.0 == 0
    }
    #[inline]
    pub fn event_type(self) -> u16 {
        (self.0 & 0xFFF) as u16
    }
    #[inline]
    pub fn words(self) -> u16 {
        (self.0 >> 16) as u16
    }
    #[inline]
    pub fn dt(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// The first 64 bytes of every extent, thus of every file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtentHeader {
    pub major: u16,
    pub minor: u16,
    pub extent: u32,
    pub flags: u8,
    pub pid: u32,
    pub run_id: [u8; 16],
    pub incompatible: u64,
    pub compatible: u64,
}

impl ExtentHeader {
    pub fn encode(&self) -> [u8; ENTRY] {
        let mut out = [0u8; ENTRY];
        out[0..8].copy_from_slice(&MAGIC);
        out[8..10].copy_from_slice(&self.major.to_le_bytes());
        out[10..12].copy_from_slice(&self.minor.to_le_bytes());
        out[12..16].copy_from_slice(&self.extent.to_le_bytes());
        out[16] = BLOCK_SHIFT;
        out[17] = EXTENT_SHIFT;
        out[18] = self.flags;
        out[20..24].copy_from_slice(&self.pid.to_le_bytes());
        out[24..40].copy_from_slice(&self.run_id);
        out[40..48].copy_from_slice(&self.incompatible.to_le_bytes());
        out[48..56].copy_from_slice(&self.compatible.to_le_bytes());
        let crc = checksum(&out[0..56]);
        out[56..60].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Decodes without judging; see [`ExtentHeader::is_intact`].
    pub fn decode(raw: &[u8]) -> ExtentHeader {
        ExtentHeader {
            major: bytes::u16_at(raw, 8),
            minor: bytes::u16_at(raw, 10),
            extent: bytes::u32_at(raw, 12),
            flags: bytes::u8_at(raw, 18),
            pid: bytes::u32_at(raw, 20),
            run_id: bytes::array_at(raw, 24),
            incompatible: bytes::u64_at(raw, 40),
            compatible: bytes::u64_at(raw, 48),
        }
    }

    /// Whether the 64 bytes are as the writer left them.
    pub fn is_intact(raw: &[u8]) -> bool {
        raw.get(0..56).is_some_and(|covered| checksum(covered) == bytes::u32_at(raw, 56))
            && bytes::u8_at(raw, 16) == BLOCK_SHIFT
            && bytes::u8_at(raw, 17) == EXTENT_SHIFT
    }
}

/// One block as its directory knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirEntry {
    pub kind: BlockKind,
    pub state: BlockState,
    pub codec: u8,
    pub flags: u8,
    pub stream: StreamId,
    pub sequence: u64,
    pub t_first: u64,
    pub t_last: u64,
    pub type_mask: u64,
    pub records: u32,
    /// Bytes in use from the start of the block, prologue included.
    pub used: u32,
    pub raw_len: u32,
    /// CRC32C of the first `used` bytes of the run.
    pub crc: u32,
    /// Blocks of the run: 1, or more for a jumbo record.
    pub blocks: u32,
    /// CRC32C of the entry's first 60 bytes with the state byte read as SEALED; 0 until the block is sealed.
    pub entry_crc: u32,
}

impl DirEntry {
    pub fn encode(&self) -> [u8; ENTRY] {
        let mut out = [0u8; ENTRY];
        out[0] = self.kind.0;
        out[1] = self.state.0;
        out[2] = self.codec;
        out[3] = self.flags;
        out[4..8].copy_from_slice(&self.stream.0.to_le_bytes());
        out[8..16].copy_from_slice(&self.sequence.to_le_bytes());
        out[16..24].copy_from_slice(&self.t_first.to_le_bytes());
        out[24..32].copy_from_slice(&self.t_last.to_le_bytes());
        out[32..40].copy_from_slice(&self.type_mask.to_le_bytes());
        out[40..44].copy_from_slice(&self.records.to_le_bytes());
        out[44..48].copy_from_slice(&self.used.to_le_bytes());
        out[48..52].copy_from_slice(&self.raw_len.to_le_bytes());
        out[52..56].copy_from_slice(&self.crc.to_le_bytes());
        out[56..60].copy_from_slice(&self.blocks.to_le_bytes());
        out[60..64].copy_from_slice(&self.entry_crc.to_le_bytes());
        out
    }

    pub fn decode(raw: &[u8]) -> DirEntry {
        DirEntry {
            kind: BlockKind(bytes::u8_at(raw, 0)),
            state: BlockState(bytes::u8_at(raw, 1)),
            codec: bytes::u8_at(raw, 2),
            flags: bytes::u8_at(raw, 3),
            stream: StreamId(bytes::u32_at(raw, 4)),
            sequence: bytes::u64_at(raw, 8),
            t_first: bytes::u64_at(raw, 16),
            t_last: bytes::u64_at(raw, 24),
            type_mask: bytes::u64_at(raw, 32),
            records: bytes::u32_at(raw, 40),
            used: bytes::u32_at(raw, 44),
            raw_len: bytes::u32_at(raw, 48),
            crc: bytes::u32_at(raw, 52),
            blocks: bytes::u32_at(raw, 56),
            entry_crc: bytes::u32_at(raw, 60),
        }
    }

    /// The checksum a sealed entry carries. The state byte is taken as SEALED, so a writer killed between storing
    /// the checksum and the state leaves a valid entry; never 0, which means "not sealed".
    pub fn seal_crc(&self) -> u32 {
        let sealed = DirEntry { state: BlockState::Sealed, ..*self }.encode();
        checksum(&sealed[0..60]).max(1)
    }

    pub fn is_sealed(&self) -> bool {
        self.entry_crc != 0
    }

    /// Whether the checksum was made when the bytes were written, not of what a repair found.
    pub fn vouches(&self) -> bool {
        self.is_sealed() && self.flags & FLAG_UNVERIFIED == 0
    }

    /// Whether a sealed entry is as the writer left it.
    pub fn is_intact(&self) -> bool {
        self.entry_crc == self.seal_crc()
    }
}

/// Page 0 of the SUPER block: what is known when the log is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaticPage {
    pub boot_id: [u8; 16],
    pub pid: u32,
    pub parent_pid: u32,
    pub page_bytes: u32,
    pub start_real_ns: u64,
    pub start_mono_ns: u64,
    pub start_ticks: u64,
    /// A first estimate; the hot page's last synchronisation is better.
    pub ticks_per_second: u64,
    pub dt_shift: u8,
    pub clock: ClockSource,
    pub schema_len: u32,
    pub schema_crc: u32,
}

/// Encoded bytes of the static page.
pub const STATIC_BYTES: usize = 96;

impl StaticPage {
    pub fn encode(&self) -> [u8; STATIC_BYTES] {
        let mut out = [0u8; STATIC_BYTES];
        out[4..8].copy_from_slice(&(STATIC_BYTES as u32).to_le_bytes());
        out[8..24].copy_from_slice(&self.boot_id);
        out[24..28].copy_from_slice(&self.pid.to_le_bytes());
        out[28..32].copy_from_slice(&self.parent_pid.to_le_bytes());
        out[32..36].copy_from_slice(&self.page_bytes.to_le_bytes());
        out[36] = self.dt_shift;
        out[37] = self.clock.0;
        out[40..48].copy_from_slice(&self.start_real_ns.to_le_bytes());
        out[48..56].copy_from_slice(&self.start_mono_ns.to_le_bytes());
        out[56..64].copy_from_slice(&self.start_ticks.to_le_bytes());
        out[64..72].copy_from_slice(&self.ticks_per_second.to_le_bytes());
        out[72..76].copy_from_slice(&(SCHEMA_OFFSET as u32).to_le_bytes());
        out[76..80].copy_from_slice(&self.schema_len.to_le_bytes());
        out[80..84].copy_from_slice(&self.schema_crc.to_le_bytes());
        let crc = checksum(&out[4..STATIC_BYTES]);
        out[0..4].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// None if the checksum does not hold.
    pub fn decode(raw: &[u8]) -> Option<StaticPage> {
        let covered = raw.get(4..STATIC_BYTES)?;
        (checksum(covered) == bytes::u32_at(raw, 0)).then(|| StaticPage {
            boot_id: bytes::array_at(raw, 8),
            pid: bytes::u32_at(raw, 24),
            parent_pid: bytes::u32_at(raw, 28),
            page_bytes: bytes::u32_at(raw, 32),
            dt_shift: bytes::u8_at(raw, 36).min(31),
            clock: ClockSource(bytes::u8_at(raw, 37)),
            start_real_ns: bytes::u64_at(raw, 40),
            start_mono_ns: bytes::u64_at(raw, 48),
            start_ticks: bytes::u64_at(raw, 56),
            ticks_per_second: bytes::u64_at(raw, 64),
            schema_len: bytes::u32_at(raw, 76),
            schema_crc: bytes::u32_at(raw, 80),
        })
    }
}

/// Offsets of the fields of the hot page, page 1 of the SUPER block, which the writer updates while it runs.
pub mod hot {
    /// u64: blocks handed out, directories included.
    pub const CLAIMED: usize = 0;
    /// u64: blocks allocated and populated.
    pub const READY: usize = 8;
    /// u32: 0 open, 1 closed.
    pub const STATE: usize = 16;
    /// u32: why events stopped, [`StopReason`](crate::StopReason).
    pub const STOP_REASON: usize = 20;
    /// u32: errno of the failure, if any.
    pub const STOP_ERRNO: usize = 24;
    /// u32: at close, CRC32C of bytes 0..28 and 32..[`END`] of the page; 0 before.
    pub const CLOSE_CRC: usize = 28;
    /// u64: ticks of the helper's last turn.
    pub const HEARTBEAT: usize = 32;
    /// u64: events that found no room.
    pub const DROPPED_EVENTS: usize = 40;
    /// u64: their bytes.
    pub const DROPPED_BYTES: usize = 48;
    /// u64: synchronisations written; the valid one is in slot `count & 1`.
    pub const SYNC_COUNT: usize = 56;
    /// Two slots of {ticks u64, mono_ns u64, real_ns u64, spare u64}, written alternately so that a kill tears neither.
    pub const SYNC_SLOTS: usize = 64;
    /// Bytes of a slot.
    pub const SYNC_SLOT: usize = 32;
    /// End of the fields.
    pub const END: usize = 128;
}

/// The hot page as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HotPage {
    pub claimed_blocks: u64,
    pub ready_blocks: u64,
    pub closed: bool,
    pub stop_reason: StopReason,
    pub stop_errno: u32,
    pub heartbeat_ticks: u64,
    pub dropped_events: u64,
    pub dropped_bytes: u64,
    /// Ticks, monotonic and real nanoseconds of the last synchronisation.
    pub sync: Option<(u64, u64, u64)>,
}

impl HotPage {
    pub fn decode(raw: &[u8]) -> HotPage {
        let count = bytes::u64_at(raw, hot::SYNC_COUNT);
        let slot = hot::SYNC_SLOTS + (count & 1) as usize * hot::SYNC_SLOT;
        HotPage {
            claimed_blocks: bytes::u64_at(raw, hot::CLAIMED),
            ready_blocks: bytes::u64_at(raw, hot::READY),
            closed: bytes::u32_at(raw, hot::STATE) == 1,
            stop_reason: StopReason(bytes::u32_at(raw, hot::STOP_REASON)),
            stop_errno: bytes::u32_at(raw, hot::STOP_ERRNO),
            heartbeat_ticks: bytes::u64_at(raw, hot::HEARTBEAT),
            dropped_events: bytes::u64_at(raw, hot::DROPPED_EVENTS),
            dropped_bytes: bytes::u64_at(raw, hot::DROPPED_BYTES),
            sync: (count > 0)
                .then(|| (bytes::u64_at(raw, slot), bytes::u64_at(raw, slot + 8), bytes::u64_at(raw, slot + 16))),
        }
    }

    /// The page of a closed log of so many blocks; the other facts are kept.
    pub fn encode_closed(&self, blocks: u64) -> [u8; hot::END] {
        let mut out = [0u8; hot::END];
        let words = [
            (hot::CLAIMED, blocks),
            (hot::READY, blocks),
            (hot::STATE, 1 | u64::from(self.stop_reason.0) << 32),
            (hot::STOP_ERRNO, u64::from(self.stop_errno)),
            (hot::HEARTBEAT, self.heartbeat_ticks),
            (hot::DROPPED_EVENTS, self.dropped_events),
            (hot::DROPPED_BYTES, self.dropped_bytes),
        ];
        let (ticks, mono_ns, real_ns) = self.sync.unwrap_or_default();
        let sync = [
            (hot::SYNC_COUNT, if self.sync.is_some() { 2 } else { 0 }),
            (hot::SYNC_SLOTS, ticks),
            (hot::SYNC_SLOTS + 8, mono_ns),
            (hot::SYNC_SLOTS + 16, real_ns),
        ];
        for (at, word) in words.into_iter().chain(sync) {
            out[at..at + 8].copy_from_slice(&word.to_le_bytes());
        }
        let crc = HotPage::close_crc(&out);
        out[hot::CLOSE_CRC..hot::CLOSE_CRC + 4].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// The checksum of a closed hot page, never 0.
    pub fn close_crc(raw: &[u8]) -> u32 {
        let head = raw.get(..hot::CLOSE_CRC).unwrap_or_default();
        let rest = raw.get(hot::HEARTBEAT..hot::END).unwrap_or_default();
        crc32c::crc32c_append(checksum(head), rest).max(1)
    }
}
