//! One table being written: rows are gathered by column and go to the file in groups.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, Type, TypePtr};

use crate::export::parquet::schema::{Column, Kind, Spec};

/// Rows of a group: what a table holds in memory at most, some tens of bytes per row and column.
const GROUP_ROWS: usize = 1 << 17;
/// Distinct texts a column remembers so as not to copy them again.
const MAX_TEXTS: usize = 1 << 12;

/// One value of a row.
#[derive(Clone, Copy)]
pub enum Cell<'a> {
    Null,
    Int(i64),
    Hash(u64),
    Float(f64),
    Text(&'a str),
    Hashes(&'a [u64]),
}

impl Cell<'_> {
    /// A count or an id. Parquet's readers agree on signed integers only; no such number is larger.
    pub fn count(number: impl Into<u64>) -> Cell<'static> {
        Cell::Int(i64::try_from(number.into()).unwrap_or(i64::MAX))
    }

    /// A number whose 0 means that it is not known, such as an id.
    pub fn known(number: impl Into<u64>) -> Cell<'static> {
        match number.into() {
            0 => Cell::Null,
            number => Cell::count(number),
        }
    }
}

impl<'a> From<Option<&'a str>> for Cell<'a> {
    fn from(text: Option<&'a str>) -> Cell<'a> {
        text.map_or(Cell::Null, Cell::Text)
    }
}

enum Values {
    Ints(Vec<i64>),
    Floats(Vec<f64>),
    Texts(Vec<ByteArray>, HashMap<Box<str>, ByteArray>),
}

/// A column's values of the group being gathered.
struct Buffer {
    values: Values,
    /// Per row, or per list entry: whether there is a value, and for lists how deep.
    definitions: Vec<i16>,
    /// For lists: 0 where a row starts.
    repetitions: Option<Vec<i16>>,
}

impl Buffer {
    fn new(kind: Kind) -> Buffer {
        let values = match kind {
            Kind::Float => Values::Floats(Vec::new()),
            Kind::Text => Values::Texts(Vec::new(), HashMap::new()),
            _ => Values::Ints(Vec::new()),
        };
        Buffer { values, definitions: Vec::new(), repetitions: (kind == Kind::Hashes).then(Vec::new) }
    }

    fn push(&mut self, cell: Cell<'_>) {
        if let Some(repetitions) = &mut self.repetitions {
            // A required list of required entries: 0 says that it is empty, 1 that there is an entry.
            let entries: &[u64] = if let Cell::Hashes(entries) = cell { entries } else { &[] };
            let levels = entries.len().max(1);
            repetitions.extend((0..levels).map(|index| i16::from(index > 0)));
            self.definitions.extend((0..levels).map(|_| i16::from(!entries.is_empty())));
            if let Values::Ints(values) = &mut self.values {
                values.extend(entries.iter().map(|entry| *entry as i64));
            }
            return;
        }
        let present = match (&mut self.values, cell) {
            (Values::Ints(values), Cell::Int(number)) => {
                values.push(number);
                true
            }
            (Values::Ints(values), Cell::Hash(number)) => {
                values.push(number as i64);
                true
            }
            (Values::Floats(values), Cell::Float(number)) => {
                values.push(number);
                true
            }
            (Values::Texts(values, known), Cell::Text(text)) => {
                let text = match known.get(text) {
                    Some(text) => text.clone(),
                    None => {
                        let new = ByteArray::from(text.as_bytes().to_vec());
                        if known.len() < MAX_TEXTS {
                            known.insert(text.into(), new.clone());
                        }
                        new
                    }
                };
                values.push(text);
                true
            }
            (_, cell) => {
                debug_assert!(matches!(cell, Cell::Null), "a value of another kind than its column");
                false
            }
        };
        self.definitions.push(i16::from(present));
    }

    fn clear(&mut self) {
        match &mut self.values {
            Values::Ints(values) => values.clear(),
            Values::Floats(values) => values.clear(),
            Values::Texts(values, _) => values.clear(),
        }
        self.definitions.clear();
        self.repetitions.iter_mut().for_each(Vec::clear);
    }
}

pub struct TableWriter {
    writer: SerializedFileWriter<File>,
    columns: Vec<Buffer>,
    rows: usize,
}

impl TableWriter {
    pub fn create(path: &Path, spec: &Spec, metadata: &[(&str, String)]) -> io::Result<TableWriter> {
        let fields = spec.columns.iter().map(field).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let schema = Type::group_type_builder(spec.name).with_fields(fields).build().map_err(failed)?;
        let level = ZstdLevel::try_new(1).map_err(failed)?;
        let pairs = metadata.iter().map(|(key, value)| KeyValue::new((*key).to_string(), value.clone()));
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_created_by(concat!("jitlog version ", env!("CARGO_PKG_VERSION")).to_string())
            .set_key_value_metadata(Some(pairs.collect()));
        for column in spec.columns.iter().filter(|column| matches!(column.kind, Kind::Time | Kind::Moment)) {
            let path = ColumnPath::from(column.name);
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
        let file = File::create_new(path)?;
        let writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties.build())).map_err(failed)?;
        let columns = spec.columns.iter().map(|column| Buffer::new(column.kind)).collect();
        Ok(TableWriter { writer, columns, rows: 0 })
    }

    /// Adds a row: a cell for each column, in their order.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        debug_assert_eq!(cells.len(), self.columns.len(), "a cell for each column");
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.push(*cell);
        }
        self.rows += 1;
        if self.rows == GROUP_ROWS { self.group() } else { Ok(()) }
    }

    fn group(&mut self) -> io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        self.rows = 0;
        let mut group = self.writer.next_row_group().map_err(failed)?;
        for buffer in &mut self.columns {
            let mut column =
                group.next_column().map_err(failed)?.ok_or_else(|| io::Error::other("a column is missing"))?;
            let (definitions, repetitions) = (Some(&buffer.definitions[..]), buffer.repetitions.as_deref());
            let written = match &buffer.values {
                Values::Ints(values) => column.typed::<Int64Type>().write_batch(values, definitions, repetitions),
                Values::Floats(values) => column.typed::<DoubleType>().write_batch(values, definitions, repetitions),
                Values::Texts(values, _) => {
                    column.typed::<ByteArrayType>().write_batch(values, definitions, repetitions)
                }
            };
            written.map_err(failed)?;
            column.close().map_err(failed)?;
            buffer.clear();
        }
        group.close().map(drop).map_err(failed)
    }

    pub fn finish(mut self) -> io::Result<()> {
        self.group()?;
        self.writer.close().map(drop).map_err(failed)
    }
}

fn field(column: &Column) -> Result<TypePtr, ParquetError> {
    let unsigned = Some(LogicalType::integer(64, false));
    let (physical, logical) = match column.kind {
        Kind::Int | Kind::Time => (Physical::INT64, None),
        Kind::Moment => (Physical::INT64, Some(LogicalType::timestamp(false, TimeUnit::MICROS))),
        Kind::Hash => (Physical::INT64, unsigned),
        Kind::Float => (Physical::DOUBLE, None),
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Hashes => {
            // The three levels the format's specification asks of a list.
            let element = Type::primitive_type_builder("element", Physical::INT64)
                .with_logical_type(unsigned)
                .with_repetition(Repetition::REQUIRED)
                .build()?;
            let list = Type::group_type_builder("list")
                .with_repetition(Repetition::REPEATED)
                .with_fields(vec![Arc::new(element)])
                .build()?;
            return Type::group_type_builder(column.name)
                .with_logical_type(Some(LogicalType::List))
                .with_repetition(Repetition::REQUIRED)
                .with_fields(vec![Arc::new(list)])
                .build()
                .map(Arc::new);
        }
    };
    Type::primitive_type_builder(column.name, physical)
        .with_logical_type(logical)
        .with_repetition(Repetition::OPTIONAL)
        .build()
        .map(Arc::new)
}

/// What went wrong; the system's own errors keep their kind.
fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::other(other),
        },
        other => io::Error::other(other),
    }
}
