//! Data on stdout: as a table, as JSON lines or as CSV.

use std::borrow::Cow;
use std::io::{self, Write, stdout};

use clap::ValueEnum;
use serde_json::{Number, Value};
use tickplane_model::format_time;

/// How data is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// One JSON object a line.
    Json,
    /// Comma-separated, with a header.
    Csv,
}

/// A time as the format has it.
pub(crate) fn time(format: Format, time_ns: i64) -> Cell {
    match format {
        Format::Table => Cell::Text(format_time(time_ns)),
        _ => Cell::Integer(time_ns),
    }
}

/// One value of a row.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Cell {
    /// Nothing: empty in CSV, null in JSON.
    None,
    /// Text.
    Text(String),
    /// A number; NaN is nothing.
    Number(f64),
    /// A count or a time.
    Integer(i64),
}

impl Cell {
    /// Text.
    pub(crate) fn text(text: impl ToString) -> Self {
        Self::Text(text.to_string())
    }

    /// A count.
    pub(crate) fn count(count: u64) -> Self {
        i64::try_from(count).map_or(Self::None, Self::Integer)
    }

    /// As tables and CSV show it.
    pub(crate) fn plain(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Text(text) => text.clone(),
            Self::Number(number) => decimal(*number),
            Self::Integer(integer) => integer.to_string(),
        }
    }

    /// As JSON shows it.
    pub(crate) fn json(&self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Text(text) => Value::String(text.clone()),
            Self::Number(number) => json_number(*number),
            Self::Integer(integer) => Value::from(*integer),
        }
    }
}

/// The shortest decimal that gives the number back, without an exponent; empty for NaN.
pub(crate) fn decimal(number: f64) -> String {
    if number.is_nan() { String::new() } else { format!("{number}") }
}

/// A number of bytes as people read it.
pub(crate) fn bytes(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && value < 100.0);
    format!("{value:.digits$} {}", units[unit])
}

/// A column: its name, and its least width in a table that grows as it is written (right-aligned if negative).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Column {
    name: Cow<'static, str>,
    title: Option<&'static str>,
    width: usize,
    is_right: bool,
}

impl Column {
    /// Text, aligned left.
    pub(crate) fn left(name: impl Into<Cow<'static, str>>, width: usize) -> Self {
        Self { name: name.into(), title: None, width, is_right: false }
    }

    /// Numbers, aligned right.
    pub(crate) fn right(name: impl Into<Cow<'static, str>>, width: usize) -> Self {
        Self { name: name.into(), title: None, width, is_right: true }
    }

    /// A time: nanoseconds since the epoch for programs, UTC in tables, under this title.
    pub(crate) fn time(name: impl Into<Cow<'static, str>>, title: &'static str) -> Self {
        Self { name: name.into(), title: Some(title), width: 23, is_right: false }
    }

    /// What stands over the column in a table.
    fn title(&self) -> &str {
        self.title.unwrap_or(&self.name)
    }

    fn pad(&self, text: &str, width: usize) -> String {
        if self.is_right { format!("{text:>width$}") } else { format!("{text:<width$}") }
    }
}

/// Rows of the same columns, written as they come.
#[derive(Debug)]
pub(crate) struct Sheet {
    format: Format,
    columns: Vec<Column>,
    has_header: bool,
}

impl Sheet {
    /// Rows of these columns.
    pub(crate) fn new(format: Format, columns: &[Column]) -> Self {
        Self { format, columns: columns.to_vec(), has_header: false }
    }

    /// Writes one row to stdout. The header comes before the first.
    pub(crate) fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        self.write(cells, &mut stdout().lock())
    }

    /// Writes one row. The header comes before the first.
    pub(crate) fn write(&mut self, cells: &[Cell], out: &mut impl Write) -> io::Result<()> {
        debug_assert_eq!(cells.len(), self.columns.len());
        self.header(out)?;
        match self.format {
            Format::Json => writeln!(out, "{}", object(&self.columns, cells)),
            Format::Csv => write_csv(cells, out),
            Format::Table => writeln!(out, "{}", line(&self.columns, cells.iter().map(Cell::plain))),
        }
    }

    /// Writes all rows; the columns of a table become as wide as they must.
    pub(crate) fn rows(&mut self, rows: &[Vec<Cell>]) -> io::Result<()> {
        for (at, column) in self.columns.iter_mut().enumerate() {
            let longest = rows.iter().map(|row| row[at].plain().chars().count()).max().unwrap_or(0);
            column.width = longest.max(column.title().chars().count());
        }
        if rows.is_empty() {
            self.header(&mut stdout().lock())?;
        }
        rows.iter().try_for_each(|row| self.row(row))
    }

    /// Writes a line that is no row.
    pub(crate) fn line(text: &str) -> io::Result<()> {
        writeln!(stdout().lock(), "{text}")
    }

    /// Shows the header of a table again before the next row.
    pub(crate) fn repeat_header(&mut self) {
        self.has_header = self.has_header && self.format != Format::Table;
    }

    /// Writes the header, unless it has been written; JSON has none.
    pub(crate) fn header(&mut self, out: &mut impl Write) -> io::Result<()> {
        if std::mem::replace(&mut self.has_header, true) {
            return Ok(());
        }
        match self.format {
            Format::Json => Ok(()),
            Format::Csv => {
                let names: Vec<Cell> = self.columns.iter().map(|column| Cell::text(&column.name)).collect();
                write_csv(&names, out)
            }
            Format::Table => {
                writeln!(out, "{}", line(&self.columns, self.columns.iter().map(|column| column.title().to_owned())))
            }
        }
    }
}

fn object(columns: &[Column], cells: &[Cell]) -> String {
    json_line(columns.iter().zip(cells).map(|(column, cell)| (column.name.as_ref(), cell.json())))
}

/// A JSON object on one line, its fields in the order given.
pub(crate) fn json_line<'f>(fields: impl IntoIterator<Item = (&'f str, Value)>) -> String {
    let fields: Vec<String> =
        fields.into_iter().map(|(name, value)| format!("{}:{value}", Value::from(name))).collect();
    format!("{{{}}}", fields.join(","))
}

/// A number as JSON; null for NaN.
pub(crate) fn json_number(number: f64) -> Value {
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// Cells as tables and CSV show them.
pub(crate) fn plain_cells(cells: &[Cell]) -> Vec<String> {
    cells.iter().map(Cell::plain).collect()
}

/// A line of a table.
pub(crate) fn line(columns: &[Column], texts: impl Iterator<Item = String>) -> String {
    let mut line = String::new();
    for (column, text) in columns.iter().zip(texts) {
        line.push_str(&column.pad(&text, column.width.max(column.title().chars().count())));
        line.push_str("  ");
    }
    line.truncate(line.trim_end().len());
    line
}

/// A row of CSV; numbers are written without detour.
fn write_csv(cells: &[Cell], out: &mut impl Write) -> io::Result<()> {
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        match cell {
            Cell::None => {}
            Cell::Number(number) if number.is_nan() => {}
            Cell::Number(number) => write!(out, "{number}")?,
            Cell::Integer(integer) => write!(out, "{integer}")?,
            Cell::Text(text) => out.write_all(quoted(text).as_bytes())?,
        }
    }
    out.write_all(b"\n")
}

/// Text as a field of CSV.
fn quoted(text: &str) -> Cow<'_, str> {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\"")).into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> [Column; 3] {
        [Column::left("name", 6), Column::right("price", 8), Column::right("count", 1)]
    }

    fn csv(cells: &[Cell]) -> String {
        let mut out = Vec::new();
        write_csv(cells, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_row_reads_the_same_in_every_format() {
        let cells = [Cell::text("a,\"b\""), Cell::Number(0.1), Cell::Integer(7)];
        assert_eq!(csv(&cells), "\"a,\"\"b\"\"\",0.1,7\n");
        assert_eq!(line(&columns(), cells.iter().map(Cell::plain)), "a,\"b\"        0.1      7");
        assert_eq!(object(&columns(), &cells), r#"{"name":"a,\"b\"","price":0.1,"count":7}"#);
    }

    #[test]
    fn nothing_is_empty_or_null() {
        let cells = [Cell::None, Cell::Number(f64::NAN), Cell::None];
        assert_eq!(csv(&cells), ",,\n");
        assert_eq!(object(&columns(), &cells), r#"{"name":null,"price":null,"count":null}"#);
    }

    #[test]
    fn bytes_read_like_bytes() {
        for (number, text) in [(0, "0 B"), (1023, "1023 B"), (1 << 20, "1.0 MiB"), (150 << 20, "150 MiB")] {
            assert_eq!(bytes(number), text);
        }
    }

    #[test]
    fn numbers_are_short_and_without_exponent() {
        for (number, text) in
            [(4.7e-6, "0.0000047"), (1e21, "1000000000000000000000"), (0.1 + 0.2, "0.30000000000000004")]
        {
            assert_eq!(decimal(number), text);
        }
    }
}
