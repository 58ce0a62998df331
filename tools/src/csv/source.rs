//! Where the bytes come from: a file or stdin, unpacked if they are gzip.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Read, stdin};
use std::path::Path;
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;

use crate::arguments::Global;
use crate::failure::Failure;

/// What a gzip member begins with (RFC 1952, section 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Packed bytes that are read at once.
const PACKED_BYTES: usize = 1 << 16;

/// Bytes of text, and how far into the file they are.
pub(crate) struct Source {
    name: String,
    input: Box<dyn Read>,
    is_gzip: bool,
    length: Option<u64>,
    position: Rc<Cell<u64>>,
}

impl Source {
    /// A file; stdin without a path or for `-`. `what` is what it should hold.
    pub(crate) fn open(path: Option<&Path>, what: &str, global: &Global) -> Result<Self, Failure> {
        let (name, input, length): (_, Box<dyn Read>, _) = match path {
            Some(path) if path != Path::new("-") => {
                let name = path.display().to_string();
                let failed = |error: io::Error| Failure::Usage(format!("{name}: {error}"));
                let file = File::open(path).map_err(failed)?;
                let metadata = file.metadata().map_err(failed)?;
                (name, Box::new(file), metadata.is_file().then_some(metadata.len()))
            }
            _ => {
                if path.is_none() && stdin().is_terminal() {
                    global.talk(format_args!("reading {what} as CSV from this terminal; Ctrl-D ends it"));
                }
                ("stdin".to_owned(), Box::new(stdin()), None)
            }
        };
        Self::sniff(name, input, length)
    }

    /// Looks at the first bytes to see whether they are packed.
    fn sniff(name: String, input: Box<dyn Read>, length: Option<u64>) -> Result<Self, Failure> {
        let position = Rc::new(Cell::new(0));
        let mut input = Counted { input, position: Rc::clone(&position) };
        let mut first = Vec::with_capacity(GZIP_MAGIC.len());
        let sniffed = input.by_ref().take(GZIP_MAGIC.len() as u64).read_to_end(&mut first);
        sniffed.map_err(|error| Failure::Usage(format!("{name}: {error}")))?;
        let is_gzip = first == GZIP_MAGIC;
        let all = io::Cursor::new(first).chain(input);
        let input: Box<dyn Read> = if is_gzip {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(PACKED_BYTES, all)))
        } else {
            Box::new(all)
        };
        Ok(Self { name, input, is_gzip, length, position })
    }

    /// The path, or `stdin`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Bytes of the file as it is stored, where that is known.
    pub(crate) const fn length(&self) -> Option<u64> {
        self.length
    }

    /// How many of them have been read.
    pub(crate) fn position(&self) -> u64 {
        self.position.get()
    }

    /// Reads until `buffer` is full, nothing more comes at once, or the end; 0 is the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        loop {
            match self.input.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if self.is_gzip => {
                    return Err(Failure::Failed(format!("{}: cut short or damaged gzip: {error}", self.name)));
                }
                result => return result.map_err(|error| Failure::Failed(format!("{}: {error}", self.name))),
            }
        }
    }
}

/// Counts what is read.
struct Counted {
    input: Box<dyn Read>,
    position: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.position.set(self.position.get() + count as u64);
        Ok(count)
    }
}
