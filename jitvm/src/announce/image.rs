//! An ELF image with symbols, lines and unwinding tables of code that is in memory already, for gdb.

use gimli::write::{
    Address, AttributeValue, DwarfUnit, EndianVec, FileId, LineProgram, LineString, Range, RangeList, Sections,
};
use gimli::{Encoding, Format, LineEncoding, LittleEndian};
use object::Endianness;
use object::elf;
use object::write::elf::{FileHeader, SectionHeader, Sym, Writer};
use std::collections::HashMap;

use super::{Unit, frames};

/// The index of `.text`, which comes first.
const TEXT: u32 = 1;

/// The bytes of an image that describes these pieces of code.
pub(super) fn build(units: &[Unit]) -> Result<Vec<u8>, String> {
    let dwarf = debug_information(units).map_err(|error| error.to_string())?;
    let tables = frames::for_debugger(units.iter()).map_err(|error| error.to_string())?;
    elf_file(units, &tables, &dwarf).map_err(|error| error.to_string())
}

type DwarfSections = Sections<EndianVec<LittleEndian>>;

/// One compilation unit: a function per piece of code and a line table with a sequence for each.
fn debug_information(units: &[Unit]) -> gimli::write::Result<DwarfSections> {
    let encoding = Encoding { format: Format::Dwarf32, version: 4, address_size: 8 };
    let mut dwarf = DwarfUnit::new(encoding);
    let string =
        |text: &str| LineString::String(text.bytes().map(|byte| if byte == 0 { b'?' } else { byte }).collect());
    let main = units.iter().flat_map(|unit| &unit.rows).next().map_or("?", |row| &row.file);
    let mut program = LineProgram::new(encoding, LineEncoding::default(), string("/"), None, string(main), None);
    let directory = program.default_directory();
    let mut files: HashMap<&str, FileId> = HashMap::new();
    let root = dwarf.unit.root();
    let mut ranges = Vec::new();
    for unit in units {
        let start = Address::Constant(unit.range.start as u64);
        ranges.push(Range::StartLength { begin: start, length: unit.range.size as u64 });
        let entry = dwarf.unit.add(root, gimli::DW_TAG_subprogram);
        let name = dwarf.strings.add(unit.function.replace('\0', "?"));
        let entry = dwarf.unit.get_mut(entry);
        entry.set(gimli::DW_AT_name, AttributeValue::StringRef(name));
        entry.set(gimli::DW_AT_low_pc, AttributeValue::Address(start));
        entry.set(gimli::DW_AT_high_pc, AttributeValue::Udata(unit.range.size as u64));
        entry.set(gimli::DW_AT_external, AttributeValue::Flag(true));
        if unit.rows.is_empty() {
            continue;
        }
        program.begin_sequence(Some(start));
        for (index, row) in unit.rows.iter().enumerate() {
            let path: &str = if row.file.is_empty() { "?" } else { &row.file };
            let file = *files.entry(path).or_insert_with(|| program.add_file(string(path), directory, None));
            if index == 0 {
                entry.set(gimli::DW_AT_decl_file, AttributeValue::FileIndex(Some(file)));
                entry.set(gimli::DW_AT_decl_line, AttributeValue::Udata(row.line.into()));
            }
            let next = program.row();
            next.address_offset = row.offset.into();
            next.file = file;
            next.line = row.line.into();
            next.is_statement = true;
            program.generate_row();
        }
        program.end_sequence(unit.range.size as u64);
    }
    let ranges = dwarf.unit.ranges.add(RangeList(ranges));
    let (name, producer) = (dwarf.strings.add(main.replace('\0', "?")), dwarf.strings.add("jitvm"));
    let language = gimli::DW_LANG_Python;
    let unit = dwarf.unit.get_mut(root);
    unit.set(gimli::DW_AT_name, AttributeValue::StringRef(name));
    unit.set(gimli::DW_AT_producer, AttributeValue::StringRef(producer));
    unit.set(gimli::DW_AT_language, AttributeValue::Language(language));
    unit.set(gimli::DW_AT_low_pc, AttributeValue::Address(Address::Constant(0)));
    unit.set(gimli::DW_AT_ranges, AttributeValue::RangeListRef(ranges));
    unit.set(gimli::DW_AT_stmt_list, AttributeValue::LineProgramRef);
    dwarf.unit.line_program = program;
    let mut sections = Sections::new(EndianVec::new(LittleEndian));
    dwarf.write(&mut sections)?;
    Ok(sections)
}

/// Puts the sections into a file of the kind executable, whose `.text` has addresses and no bytes: they are in memory.
fn elf_file(units: &[Unit], tables: &[u8], dwarf: &DwarfSections) -> object::write::Result<Vec<u8>> {
    let start = units.iter().map(|unit| unit.range.start).min().unwrap_or(0) as u64;
    let end = units.iter().map(|unit| unit.range.end()).max().unwrap_or(0) as u64;
    let mut bytes = Vec::new();
    let mut header = Vec::new();
    {
        let mut writer = Writer::new_single_phase(Endianness::Little, true, &mut bytes);
        writer.write_file_header(&FileHeader {
            os_abi: elf::ELFOSABI_NONE,
            abi_version: 0,
            e_type: elf::ET_EXEC,
            e_machine: elf::EM_X86_64,
            e_entry: 0,
            e_flags: elf::FileFlags(0),
        })?;
        let text_name = writer.add_section_name(b".text");
        let mut contents: Vec<(&'static str, &[u8])> = vec![(".eh_frame", tables)];
        dwarf.for_each(|id, section| {
            if !section.slice().is_empty() {
                contents.push((id.name(), section.slice()));
            }
            Ok::<(), object::write::Error>(())
        })?;
        let mut placed = Vec::new();
        for (name, data) in contents {
            let name = writer.add_section_name(name.as_bytes());
            let offset = writer.write_align(8);
            writer.write(data);
            placed.push((name, offset, data.len() as u64));
        }
        let names: Vec<_> = units.iter().map(|unit| writer.add_string(unit.function.as_bytes())).collect();
        writer.write_strtab()?;
        writer.write_null_symbol();
        for (unit, name) in units.iter().zip(names) {
            let symbol = Sym {
                section: Some(TEXT),
                st_name: writer.string_offset(Some(name)),
                st_info: elf::SymbolInfo::new(elf::STB_GLOBAL, elf::STT_FUNC),
                st_other: elf::SymbolOther(0),
                st_shndx: elf::SymbolSection(0),
                st_value: unit.range.start as u64,
                st_size: unit.range.size as u64,
            };
            writer.write_symbol(&symbol);
        }
        writer.write_shstrtab()?;
        writer.write_null_section_header();
        writer.write_section_header(&SectionHeader {
            sh_name: writer.section_name_offset(Some(text_name)),
            sh_type: elf::SHT_NOBITS,
            sh_flags: elf::SectionFlags(elf::SHF_ALLOC.0 | elf::SHF_EXECINSTR.0),
            sh_addr: start,
            sh_offset: 0,
            sh_size: end - start,
            sh_link: 0,
            sh_info: 0,
            sh_addralign: 16,
            sh_entsize: 0,
        });
        for (name, offset, size) in placed {
            writer.write_section_header(&SectionHeader {
                sh_name: writer.section_name_offset(Some(name)),
                sh_type: elf::SHT_PROGBITS,
                // `.eh_frame` too is not loaded: overlapping loaded sections make gdb slow.
                sh_flags: elf::SectionFlags(0),
                sh_addr: 0,
                sh_offset: offset,
                sh_size: size,
                sh_link: 0,
                sh_info: 0,
                sh_addralign: 8,
                sh_entsize: 0,
            });
        }
        writer.write_strtab_section_header();
        writer.write_symtab_section_header(1);
        writer.write_shstrtab_section_header();
        writer.write_file_header_to(&mut header)?;
    }
    bytes[..header.len()].copy_from_slice(&header);
    Ok(bytes)
}
