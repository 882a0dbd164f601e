//! Machine code of a trace, disassembled and tied to the IR and the source through the log's code map.

use iced_x86::{Decoder, DecoderOptions, Formatter, Instruction, IntelFormatter};
use serde::Serialize;

use crate::model::{Code, CodeMark, LocId, OpIx, Place, Program};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AsmLine {
    /// From the start of the trace's code.
    pub offset: u32,
    pub bytes: String,
    pub text: String,
    /// Where a jump inside the trace goes, as an offset.
    pub target: Option<u32>,
    /// The IR instruction this was made for.
    pub op: Option<OpIx>,
    #[serde(flatten)]
    pub place: Place,
    #[serde(skip)]
    pub loc: LocId,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AsmListing {
    pub addr: String,
    pub code_bytes: u64,
    pub lines: Vec<AsmLine>,
}

/// Disassembles. Bytes that are no instruction become `db` lines; another machine's code is shown as bytes alone.
pub fn listing(program: &Program, code: &Code, ops: usize) -> AsmListing {
    let lines = if code.arch == jitlog::Arch::X86_64 { x86(code) } else { raw(code) };
    let mut lines: Vec<AsmLine> = lines;
    for line in &mut lines {
        if let Some(mark) = mark_at(&code.map, line.offset) {
            line.op = ((mark.op.0 as usize) < ops).then_some(mark.op);
            line.loc = mark.loc;
            line.place = program.place(mark.loc);
        }
    }
    AsmListing { addr: format!("{:#x}", code.addr), code_bytes: code.bytes.len() as u64, lines }
}

/// The last mark at or before an offset.
fn mark_at(map: &[CodeMark], offset: u32) -> Option<&CodeMark> {
    let after = map.partition_point(|m| m.offset <= offset);
    map.get(after.checked_sub(1)?)
}

fn x86(code: &Code) -> Vec<AsmLine> {
    let mut decoder = Decoder::with_ip(64, &code.bytes, code.addr, DecoderOptions::NONE);
    let mut formatter = IntelFormatter::new();
    let options = formatter.options_mut();
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_space_after_operand_separator(true);
    options.set_uppercase_hex(false);
    options.set_branch_leading_zeros(false);
    options.set_small_hex_numbers_in_decimal(true);
    options.set_first_operand_char_index(8);
    options.set_show_branch_size(false);
    let mut lines = Vec::new();
    let mut instruction = Instruction::default();
    while decoder.can_decode() {
        let start = decoder.position();
        decoder.decode_out(&mut instruction);
        let bytes = &code.bytes[start..decoder.position()];
        let mut text = String::new();
        if instruction.is_invalid() {
            text = format!("db      {}", hex(bytes, ", 0x"));
            text.insert_str(8, "0x");
        } else {
            formatter.format(&instruction, &mut text);
            // Names are padded for operands that some instructions do not have.
            text.truncate(text.trim_end().len());
        }
        let target = instruction.near_branch_target().checked_sub(code.addr);
        let target = target.filter(|t| instruction.near_branch_target() != 0 && *t < code.bytes.len() as u64);
        lines.push(line(start, bytes, text, target.map(|t| t as u32)));
    }
    lines
}

fn raw(code: &Code) -> Vec<AsmLine> {
    let chunks = code.bytes.chunks(8).enumerate();
    chunks.map(|(i, bytes)| line(i * 8, bytes, format!("db      0x{}", hex(bytes, ", 0x")), None)).collect()
}

fn line(offset: usize, bytes: &[u8], text: String, target: Option<u32>) -> AsmLine {
    AsmLine {
        offset: offset as u32,
        bytes: hex(bytes, " "),
        text,
        target,
        op: None,
        place: Place::default(),
        loc: LocId(0),
    }
}

fn hex(bytes: &[u8], between: &str) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(arch: jitlog::Arch, bytes: &[u8]) -> Vec<String> {
        let code = Code { addr: 0x7f00_1000, arch, bytes: bytes.to_vec(), map: Vec::new() };
        let lines = listing(&Program::default(), &code, 0).lines;
        lines.iter().map(|l| format!("{:x}: {} {:?}", l.offset, l.text, l.target)).collect()
    }

    #[test]
    fn intel_syntax_with_targets_inside_the_trace() {
        let shown = show(jitlog::Arch::X86_64, &[0x48, 0x01, 0xd8, 0x70, 0xfb, 0x83, 0xc0, 0x20, 0xc3]);
        assert_eq!(
            shown,
            ["0: add     rax, rbx None", "3: jo      0x7f001000 Some(0)", "5: add     eax, 0x20 None", "8: ret None"]
        );
    }

    #[test]
    fn bytes_that_are_no_instruction_are_shown_as_bytes() {
        assert_eq!(show(jitlog::Arch::X86_64, &[0xc3, 0x06]), ["0: ret None", "1: db      0x06 None"]);
        assert_eq!(show(jitlog::Arch::Aarch64, &[1, 2]), ["0: db      0x01, 0x02 None"]);
    }

    #[test]
    fn code_belongs_to_the_last_mark_before_it() {
        let mark = |offset, op| CodeMark { offset, op: OpIx(op), loc: LocId(0) };
        let map = [mark(0, 1), mark(3, 5)];
        let code = Code { addr: 0, arch: jitlog::Arch::X86_64, bytes: vec![0x48, 0x01, 0xd8, 0xc3], map: map.to_vec() };
        let ops: Vec<_> = listing(&Program::default(), &code, 6).lines.iter().map(|l| l.op).collect();
        assert_eq!(ops, [Some(OpIx(1)), Some(OpIx(5))]);
        let ops: Vec<_> = listing(&Program::default(), &code, 5).lines.iter().map(|l| l.op).collect();
        assert_eq!(ops, [Some(OpIx(1)), None], "an instruction the IR does not have is not claimed");
    }
}
