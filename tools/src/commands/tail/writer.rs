//! Rows of several keys on stdout, and the lines at the bottom of a terminal that show what is still forming.

use std::io::{Write, stdout};

use tickplane_model::Key;

use super::source::Source;
use crate::failure::Failure;
use crate::output::{Cell, Column, Format, Sheet, line, plain_cells};
use crate::terminal::{Style, size, stdout_has_colour, stdout_is_terminal, talk};

/// Writes the rows of all sources.
pub(super) struct Writer {
    format: Format,
    /// The rows of each kind of key: keys of one kind share a sheet.
    sheets: Vec<(Vec<Column>, Sheet)>,
    last_sheet: Option<usize>,
    has_key_column: bool,
    key_width: usize,
    shows_live: bool,
    is_quiet: bool,
    block: Block,
}

/// Forming rows at the bottom of a terminal, redrawn in place.
struct Block {
    is_on: bool,
    lines: Vec<(Key, String)>,
    drawn: usize,
    is_stale: bool,
}

impl Writer {
    /// For these sources. CSV takes one kind of key only: its rows have one header.
    pub(super) fn new(format: Format, sources: &[Source], shows_live: bool, is_quiet: bool) -> Result<Self, Failure> {
        let has_key_column = sources.len() > 1;
        let key_width = sources.iter().map(|source| source.key().to_string().len()).max().unwrap_or(0);
        let mut sheets: Vec<(Vec<Column>, Sheet)> = Vec::new();
        for source in sources {
            let columns = source.columns(format);
            if sheets.iter().all(|(known, _)| *known != columns) {
                let sheet = Sheet::new(format, &with_key(format, has_key_column, key_width, &columns));
                sheets.push((columns, sheet));
            }
        }
        if format == Format::Csv && sheets.len() > 1 {
            return Err(Failure::usage("CSV has one header: give keys of one kind, or --format json"));
        }
        let is_on = shows_live && format == Format::Table && stdout_is_terminal();
        let block = Block { is_on, lines: Vec::new(), drawn: 0, is_stale: false };
        Ok(Self { format, sheets, last_sheet: None, has_key_column, key_width, shows_live, is_quiet, block })
    }

    /// Whether forming rows are wanted.
    pub(super) const fn shows_live(&self) -> bool {
        self.shows_live
    }

    /// The format of the rows.
    pub(super) const fn format(&self) -> Format {
        self.format
    }

    /// Writes one row of a key.
    pub(super) fn row(&mut self, key: &Key, columns: &[Column], mut cells: Vec<Cell>) -> Result<(), Failure> {
        let Some(at) = self.sheets.iter().position(|(known, _)| known == columns) else {
            return Ok(());
        };
        if self.format == Format::Json || self.has_key_column {
            cells.insert(0, Cell::text(key));
        }
        self.block.erase()?;
        if self.last_sheet.replace(at) != Some(at) {
            self.sheets[at].1.repeat_header();
        }
        self.sheets[at].1.row(&cells)?;
        Ok(())
    }

    /// Shows a forming row: at the bottom of a terminal, else as a row.
    pub(super) fn live(&mut self, key: &Key, columns: &[Column], cells: Vec<Cell>) -> Result<(), Failure> {
        if !self.block.is_on {
            return self.row(key, columns, cells);
        }
        let mut cells = plain_cells(&cells);
        if self.has_key_column {
            cells.insert(0, key.to_string());
        }
        let text = line(&with_key(self.format, self.has_key_column, self.key_width, columns), cells.into_iter());
        self.block.is_stale = true;
        match self.block.lines.iter_mut().find(|(of, _)| of == key) {
            Some((_, shown)) => *shown = text,
            None => self.block.lines.push((key.clone(), text)),
        }
        Ok(())
    }

    /// Says on stderr how the plane is, unless asked to be quiet.
    pub(super) fn tell(&mut self, text: impl std::fmt::Display) -> Result<(), Failure> {
        if self.is_quiet { Ok(()) } else { self.note(text) }
    }

    /// Says on stderr what a reader must know, such as records that were lost.
    pub(super) fn note(&mut self, text: impl std::fmt::Display) -> Result<(), Failure> {
        self.block.erase()?;
        talk(text);
        Ok(())
    }

    /// A round is over: draws the forming rows if they changed or were taken away.
    pub(super) fn draw(&mut self) -> Result<(), Failure> {
        self.block.draw()
    }
}

fn with_key(format: Format, has_key_column: bool, key_width: usize, columns: &[Column]) -> Vec<Column> {
    let mut all = columns.to_vec();
    if format == Format::Json || has_key_column {
        all.insert(0, Column::left("key", key_width));
    }
    all
}

impl Block {
    /// Takes the drawn lines away, so that rows can be written in their place.
    fn erase(&mut self) -> Result<(), Failure> {
        if self.drawn > 0 {
            write!(stdout().lock(), "\x1b[{}A\x1b[J", self.drawn)?;
            self.drawn = 0;
            self.is_stale = true;
        }
        Ok(())
    }

    fn draw(&mut self) -> Result<(), Failure> {
        if !self.is_on || !self.is_stale || self.lines.is_empty() {
            return Ok(());
        }
        self.erase()?;
        let (columns, lines) = size();
        let shown = self.lines.len().min(lines.saturating_sub(2));
        let mut text = String::new();
        for (_, line) in &self.lines[..shown] {
            // A line that wrapped would take two and break the way back up.
            let line: String = line.chars().take(columns.saturating_sub(1)).collect();
            text.push_str(&Style::Dim.paint(&line, stdout_has_colour()));
            text.push('\n');
        }
        self.drawn = shown;
        self.is_stale = false;
        let mut out = stdout().lock();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }
}
