//! Unwinding tables of machine code: where the caller's frame is at each address.
//!
//! All code has its frame in rbp, so two rules do: before `push rbp; mov rbp, rsp` has run the frame is at rsp, from
//! then on at rbp. Code that goes on in another's frame has the second rule from its start. Only the last instruction
//! of the exit path, behind `leave`, is not described: a sampled `ret` there loses one frame.

use gimli::write::{
    Address, CallFrameInstruction, CommonInformationEntry, EhFrame, EndianVec, FrameDescriptionEntry, FrameTable,
    Result, Writer,
};
use gimli::{DwEhPe, Encoding, Format, LittleEndian, X86_64};

use super::{Frame, Unit};
use crate::codegen::CodeRange;

/// Bytes behind a piece of code that hold its table for perf (`for_dump`), with what aligns it.
pub(super) const ROOM: usize = 128;

const HEADER: usize = 20;

/// The offsets behind `push rbp` and `mov rbp, rsp`.
const PUSHED: u32 = 1;
const MOVED: u32 = 4;

/// Tables for perf: `.eh_frame` and the `.eh_frame_hdr` that finds it.
pub(super) struct ForDump {
    pub eh_frame: Vec<u8>,
    pub header: Vec<u8>,
}

fn entry(encoding: DwEhPe) -> CommonInformationEntry {
    let format = Encoding { format: Format::Dwarf32, version: 1, address_size: 8 };
    let mut entry = CommonInformationEntry::new(format, 1, -8, X86_64::RA);
    entry.fde_address_encoding = encoding;
    entry.add_instruction(CallFrameInstruction::Cfa(X86_64::RSP, 8));
    entry.add_instruction(CallFrameInstruction::Offset(X86_64::RA, -8));
    entry
}

fn description(address: u64, unit: &Unit) -> FrameDescriptionEntry {
    let mut description = FrameDescriptionEntry::new(Address::Constant(address), unit.range.size as u32);
    let (pushed, moved) = match unit.frame {
        Frame::Made => (PUSHED, MOVED),
        Frame::Inherited => (0, 0),
    };
    description.add_instruction(pushed, CallFrameInstruction::CfaOffset(16));
    description.add_instruction(pushed, CallFrameInstruction::Offset(X86_64::RBP, -16));
    description.add_instruction(moved, CallFrameInstruction::CfaRegister(X86_64::RBP));
    description
}

/// For a debugger: absolute addresses, so the table may lie anywhere.
pub(super) fn for_debugger<'a>(units: impl Iterator<Item = &'a Unit>) -> Result<Vec<u8>> {
    let mut table = FrameTable::default();
    let common = table.add_cie(entry(gimli::DW_EH_PE_absptr));
    for unit in units {
        table.add_fde(common, description(unit.range.start as u64, unit));
    }
    let mut out = EhFrame(EndianVec::new(LittleEndian));
    table.write_eh_frame(&mut out)?;
    out.0.write_u32(0)?;
    Ok(out.0.into_vec())
}

/// One rule for a range of addresses, every instruction of which has its frame in rbp.
pub(super) fn for_unwinder(range: CodeRange) -> Result<Vec<u8>> {
    let unit = Unit { function: String::new(), name: String::new(), range, frame: Frame::Inherited, rows: Vec::new() };
    for_debugger(std::iter::once(&unit))
}

/// For perf, which puts the table at the next multiple of 8 behind the code and the header behind the table. (The
/// specification of the dump has them the other way round; perf does not.)
pub(super) fn for_dump(unit: &Unit) -> Result<ForDump> {
    let distance = unit.range.size.next_multiple_of(8) as u64;
    let mut table = FrameTable::default();
    let common = table.add_cie(entry(gimli::DW_EH_PE_pcrel | gimli::DW_EH_PE_sdata4));
    // The writer takes the table's own start for address 0.
    table.add_fde(common, description(distance.wrapping_neg(), unit));
    let mut out = EhFrame(EndianVec::new(LittleEndian));
    table.write_eh_frame(&mut out)?;
    out.0.write_u32(0)?;
    let eh_frame = out.0.into_vec();
    // The common entry comes first: its length does not count the four bytes that hold it.
    let common_size = u32::from_le_bytes([eh_frame[0], eh_frame[1], eh_frame[2], eh_frame[3]]) + 4;
    let size = eh_frame.len() as i32;
    let mut header = EndianVec::new(LittleEndian);
    header.write_u8(1)?;
    header.write_u8((gimli::DW_EH_PE_pcrel | gimli::DW_EH_PE_sdata4).0)?;
    header.write_u8(gimli::DW_EH_PE_udata4.0)?;
    header.write_u8((gimli::DW_EH_PE_datarel | gimli::DW_EH_PE_sdata4).0)?;
    // From this field to the table, then one row: the code and its description, both from the header on.
    header.write_u32((-(size + 4)) as u32)?;
    header.write_u32(1)?;
    header.write_u32((-(distance as i32) - size) as u32)?;
    header.write_u32((common_size as i32 - size) as u32)?;
    let header = header.into_vec();
    debug_assert_eq!(header.len(), HEADER, "the header has a fixed size");
    debug_assert!(eh_frame.len() + HEADER + 8 <= ROOM, "the table fits behind the code");
    Ok(ForDump { eh_frame, header })
}
