//! Rows as Parquet: a row group for each page, for DuckDB, ClickHouse, Spark and the like.

use std::io::{self, Write};
use std::mem::take;
use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};
use plimsoll::histogram::Histogram;

use crate::store::Store;
use crate::store::query::{Answer, AnswerSeries, Value};
use crate::store::schema::Type as FieldType;
use crate::store::table::Nanos;

/// A file that is being written.
pub(super) struct Parquet {
    writer: SerializedFileWriter<Written>,
    written: Written,
    columns: Vec<Source>,
}

/// What a column of the file is made of.
enum Source {
    Time,
    Tag(String),
    /// The number of a field in the pages.
    Field(usize),
    /// Of a distribution: see [`Part::ALL`].
    Part(usize, Part),
}

/// What a distribution comes to, a column each: `FIELD_count` and so on.
#[derive(Clone, Copy)]
enum Part {
    Count,
    Sum,
    Min,
    Max,
}

impl Part {
    const ALL: [(Part, &'static str); 4] = [
        (Part::Count, "count"),
        (Part::Sum, "sum"),
        (Part::Min, "min"),
        (Part::Max, "max"),
    ];

    fn of(self, histogram: &Histogram) -> Value {
        match self {
            Part::Count => Value::U64(histogram.count),
            Part::Sum => Value::F64(histogram.sum),
            Part::Min => Value::F64(histogram.min),
            Part::Max => Value::F64(histogram.max),
        }
    }
}

/// Bytes on their way out.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn hand_over(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&take(&mut *self.0.lock()))
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Parquet {
    /// Columns are `time` (UTC, nanoseconds), the tags and the fields; a distribution is its count, sum and extremes.
    pub(super) fn begin(
        store: &Store,
        measurement: &str,
        fields: &[String],
        range: Range<Nanos>,
    ) -> io::Result<Self> {
        let (mut columns, mut types) = (vec![Source::Time], vec![time_type()?]);
        for tag in store.tag_keys(measurement, range) {
            types.push(text_type(&tag)?);
            columns.push(Source::Tag(tag));
        }
        for (number, name) in fields.iter().enumerate() {
            let Some(field) = store.schema().field(measurement, name) else {
                continue;
            };
            if field.value_type == FieldType::Histogram {
                for (part, suffix) in Part::ALL {
                    let name = format!("{name}_{suffix}");
                    types.push(match part {
                        Part::Count => unsigned_type(&name)?,
                        _ => optional(&name, Physical::DOUBLE, None)?,
                    });
                    columns.push(Source::Part(number, part));
                }
            } else {
                types.push(field_type(name, field.value_type)?);
                columns.push(Source::Field(number));
            }
        }
        let schema = Type::group_type_builder("rows").with_fields(types);
        let schema = Arc::new(schema.build().map_err(other)?);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(Default::default()))
            .build();
        let written = Written::default();
        let writer = SerializedFileWriter::new(written.clone(), schema, Arc::new(properties));
        Ok(Self {
            writer: writer.map_err(other)?,
            written,
            columns,
        })
    }

    /// Writes the rows of a page; returns their number.
    pub(super) fn write(&mut self, page: &Answer, out: &mut dyn Write) -> io::Result<u64> {
        let rows: usize = page.series.iter().map(|series| series.times.len()).sum();
        if rows == 0 {
            return Ok(0);
        }
        let mut group = self.writer.next_row_group().map_err(other)?;
        for source in &self.columns {
            let mut column = group
                .next_column()
                .map_err(other)?
                .expect("the schema has a column for each source");
            let written = source.write(&page.series, column.untyped());
            written.and_then(|_| column.close()).map_err(other)?;
        }
        group.close().map_err(other)?;
        self.written.hand_over(out)?;
        Ok(rows as u64)
    }

    /// Ends the file. What is missing stands in its metadata under `missing`.
    pub(super) fn finish(mut self, missing: &[String], out: &mut dyn Write) -> io::Result<()> {
        if !missing.is_empty() {
            let value = KeyValue::new("missing".to_owned(), missing.join("\n"));
            self.writer.append_key_value_metadata(value);
        }
        self.writer.close().map_err(other)?;
        self.written.hand_over(out)
    }
}

impl Source {
    fn write(
        &self,
        series: &[AnswerSeries],
        column: &mut ColumnWriter<'_>,
    ) -> Result<usize, ParquetError> {
        if let Source::Time = self {
            let times: Vec<i64> = series
                .iter()
                .flat_map(|series| series.times.clone())
                .collect();
            return match column {
                ColumnWriter::Int64ColumnWriter(writer) => writer.write_batch(&times, None, None),
                _ => Err(mismatch()),
            };
        }
        let values: Vec<Value> = series
            .iter()
            .flat_map(|series| self.values(series))
            .collect();
        let levels: Vec<i16> = values
            .iter()
            .map(|value| i16::from(*value != Value::Null))
            .collect();
        let present = values.into_iter().filter(|value| *value != Value::Null);
        match column {
            ColumnWriter::BoolColumnWriter(writer) => {
                let values: Vec<bool> = present.map(|value| value == Value::Bool(true)).collect();
                writer.write_batch(&values, Some(&levels), None)
            }
            ColumnWriter::Int64ColumnWriter(writer) => {
                let integer = |value| match value {
                    Value::I64(value) => value,
                    // Parquet keeps unsigned integers in the same 64 bits.
                    Value::U64(value) => value as i64,
                    _ => 0,
                };
                let values: Vec<i64> = present.map(integer).collect();
                writer.write_batch(&values, Some(&levels), None)
            }
            ColumnWriter::DoubleColumnWriter(writer) => {
                let float = |value| match value {
                    Value::F64(value) => value,
                    _ => f64::NAN,
                };
                let values: Vec<f64> = present.map(float).collect();
                writer.write_batch(&values, Some(&levels), None)
            }
            ColumnWriter::ByteArrayColumnWriter(writer) => {
                let text = |value| match value {
                    Value::String(value) => ByteArray::from(value.as_bytes().to_vec()),
                    _ => ByteArray::from(Vec::new()),
                };
                let values: Vec<ByteArray> = present.map(text).collect();
                writer.write_batch(&values, Some(&levels), None)
            }
            _ => Err(mismatch()),
        }
    }

    fn values(&self, series: &AnswerSeries) -> Vec<Value> {
        match self {
            Source::Time => Vec::new(),
            Source::Tag(tag) => {
                let found = series.tags.iter().find(|(name, _)| **name == **tag);
                let value = found.map_or(Value::Null, |(_, value)| Value::String(value.clone()));
                vec![value; series.times.len()]
            }
            Source::Field(number) => series.columns[*number].clone(),
            Source::Part(number, part) => {
                let of = |value: &Value| match value {
                    Value::Histogram(histogram) => part.of(histogram),
                    _ => Value::Null,
                };
                series.columns[*number].iter().map(of).collect()
            }
        }
    }
}

fn time_type() -> io::Result<TypePtr> {
    let time = Type::primitive_type_builder("time", Physical::INT64)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::timestamp(true, TimeUnit::NANOS)));
    time.build().map(Arc::new).map_err(other)
}

fn text_type(name: &str) -> io::Result<TypePtr> {
    optional(name, Physical::BYTE_ARRAY, Some(LogicalType::String))
}

fn unsigned_type(name: &str) -> io::Result<TypePtr> {
    optional(name, Physical::INT64, Some(LogicalType::integer(64, false)))
}

fn field_type(name: &str, value_type: FieldType) -> io::Result<TypePtr> {
    match value_type {
        FieldType::F64 | FieldType::Histogram => optional(name, Physical::DOUBLE, None),
        FieldType::I64 => optional(name, Physical::INT64, None),
        FieldType::U64 => unsigned_type(name),
        FieldType::Bool => optional(name, Physical::BOOLEAN, None),
        FieldType::String => text_type(name),
    }
}

fn optional(name: &str, physical: Physical, logical: Option<LogicalType>) -> io::Result<TypePtr> {
    let column = Type::primitive_type_builder(name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical);
    column.build().map(Arc::new).map_err(other)
}

fn mismatch() -> ParquetError {
    ParquetError::General("a column of another type than its field's".to_owned())
}

fn other(error: ParquetError) -> io::Error {
    io::Error::other(error)
}
