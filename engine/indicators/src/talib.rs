//! The indicators of the `ta-lib` crate, fed row by row from the first one.
//!
//! A `ta-lib` handle opens on a whole history. So the first rows are kept until there are as many as the handle needs
//! for its first value, it opens on them, and their memory is freed; from then on an indicator is plain data. What
//! follows is bit for bit what TA-Lib's batch call gives, because the handle promises it.
//!
//! A handle counts at most `Core::INDEX_MAX` (100,000,000) bars: three years of seconds. Before that it is renewed: a
//! successor opens on the rows of the last stretch, runs beside it until the rows before have no weight left in an
//! `f64`, and takes over. That happens at a fixed row, so it is the same in every process.

use ta_lib::{AtrStream, Core, EmaStream, MacdStream, RetCode, RsiStream};

use crate::spec::{IndicatorSpec, Kind, OUTPUTS_MAX, PERIOD_MAX};

/// The values of one row, in the order of the outputs; NaN where there is none.
pub(crate) type Values = [f64; OUTPUTS_MAX];

/// No value.
pub(crate) const UNDEFINED: Values = [f64::NAN; OUTPUTS_MAX];

/// High, low and close.
pub(crate) type Bar = [f64; 3];

/// The most rows a handle needs to open: MACD's slow average and its signal.
const SEED_ROWS_MAX: usize = 2 * PERIOD_MAX as usize;

/// When a handle is renewed.
#[derive(Clone, Copy, Debug)]
struct Renewal {
    /// Rows after which the successor takes over.
    rows: u32,
    /// For how many of them it runs beside.
    beside_rows: u32,
}

/// Wilder's average forgets fastest per row at short periods: after 37 periods a row weighs less than 2^-53. A hundred
/// of the longest periods are beyond all doubt for every kind, with its seed.
const RENEWAL: Renewal = Renewal { rows: 99_000_000, beside_rows: 100 * PERIOD_MAX as u32 };
const _: () = assert!((RENEWAL.rows as usize) < Core::INDEX_MAX && RENEWAL.beside_rows as usize > 2 * SEED_ROWS_MAX);

/// One indicator of the library over one series.
#[derive(Clone, Debug)]
pub(crate) struct Talib {
    spec: IndicatorSpec,
    state: State,
    /// Rows taken.
    rows: u32,
    renewal: Renewal,
    successor: Option<Box<Talib>>,
}

#[derive(Clone, Debug)]
enum State {
    Seeding(Seed),
    Open(Handle),
}

impl Talib {
    pub(crate) fn new(spec: &IndicatorSpec) -> Self {
        Self::renewed_at(spec, RENEWAL)
    }

    fn renewed_at(spec: &IndicatorSpec, renewal: Renewal) -> Self {
        let state = State::Seeding(Seed::new(spec.defined_rows()));
        Self { spec: *spec, state, rows: 0, renewal, successor: None }
    }

    /// Takes a row.
    pub(crate) fn update(&mut self, bar: Bar) -> Values {
        let values = match &mut self.state {
            State::Open(handle) => handle.update(bar).unwrap_or(UNDEFINED),
            State::Seeding(seed) => match seed.push(bar, &self.spec) {
                Some((handle, values)) => {
                    self.state = State::Open(handle);
                    values
                }
                None => UNDEFINED,
            },
        };
        self.rows += 1;
        if self.rows > self.renewal.rows - self.renewal.beside_rows {
            self.renew(bar);
        }
        values
    }

    /// What [`Self::update`] would return.
    pub(crate) fn peek(&self, bar: Bar) -> Values {
        match &self.state {
            State::Open(handle) => handle.peek(bar).unwrap_or(UNDEFINED),
            State::Seeding(seed) => seed.peek(bar, &self.spec),
        }
    }

    /// The values of the last row taken.
    pub(crate) fn values(&self) -> Values {
        match &self.state {
            State::Open(handle) => handle.values(),
            State::Seeding(_) => UNDEFINED,
        }
    }

    #[cold]
    fn renew(&mut self, bar: Bar) {
        let (spec, renewal) = (self.spec, self.renewal);
        let successor = self.successor.get_or_insert_with(|| Box::new(Self::renewed_at(&spec, renewal)));
        successor.update(bar);
        if self.rows == self.renewal.rows
            && let Some(successor) = self.successor.take()
        {
            *self = *successor;
        }
    }
}

/// The first rows, until there are enough to open a handle.
#[derive(Clone, Debug)]
struct Seed {
    /// Highs, lows and closes, each as long as the handle needs.
    columns: Box<[f64]>,
    taken: usize,
}

impl Seed {
    fn new(rows: usize) -> Self {
        Self { columns: vec![0.0; 3 * rows].into_boxed_slice(), taken: 0 }
    }

    fn rows(&self) -> usize {
        self.columns.len() / 3
    }

    /// Keeps a row; opens the handle if it was the last one missing. Where that fails, because the rows sum to more
    /// than an `f64` holds, it starts again with the next row.
    fn push(&mut self, bar: Bar, spec: &IndicatorSpec) -> Option<(Handle, Values)> {
        let rows = self.rows();
        put(&mut self.columns, rows, self.taken, bar);
        self.taken += 1;
        if self.taken < rows {
            return None;
        }
        let opened = Handle::open(spec, &self.columns);
        if opened.is_err() {
            self.taken = 0;
        }
        opened.ok()
    }

    /// What [`Self::push`] would give. On the stack: a look at the open candle must neither change anything nor
    /// allocate, and it matters for one row only.
    fn peek(&self, bar: Bar, spec: &IndicatorSpec) -> Values {
        let rows = self.rows();
        if self.taken + 1 < rows {
            return UNDEFINED;
        }
        let mut copy = [0.0; 3 * SEED_ROWS_MAX];
        let columns = &mut copy[..3 * rows];
        columns.copy_from_slice(&self.columns);
        put(columns, rows, self.taken, bar);
        Handle::open(spec, columns).map_or(UNDEFINED, |(_, values)| values)
    }
}

fn put(columns: &mut [f64], rows: usize, row: usize, bar: Bar) {
    for (column, x) in bar.into_iter().enumerate() {
        columns[column * rows + row] = x;
    }
}

/// A handle of the library.
#[derive(Clone, Debug)]
enum Handle {
    Ema(EmaStream),
    Rsi(RsiStream),
    Atr(AtrStream),
    Macd(MacdStream),
}

impl Handle {
    /// Opens a handle on columns of highs, lows and closes. A handle that begins beyond every number would stay there:
    /// that is refused.
    fn open(spec: &IndicatorSpec, columns: &[f64]) -> Result<(Self, Values), RetCode> {
        let (handle, values) = Self::open_unchecked(spec, columns)?;
        if values[0].is_finite() { Ok((handle, values)) } else { Err(RetCode::BadParam) }
    }

    fn open_unchecked(spec: &IndicatorSpec, columns: &[f64]) -> Result<(Self, Values), RetCode> {
        let rows = columns.len() / 3;
        let (highs, rest) = columns.split_at(rows);
        let (lows, closes) = rest.split_at(rows);
        let core = Core::new();
        let parameter = |index: usize| spec.parameters().get(index).map_or(Core::INTEGER_DEFAULT, |n| i32::from(*n));
        Ok(match spec.kind() {
            Kind::Ema => {
                let (stream, value) = core.ema_open(closes, parameter(0))?;
                (Self::Ema(stream), single(value))
            }
            Kind::Rsi => {
                let (stream, value) = core.rsi_open(closes, parameter(0))?;
                (Self::Rsi(stream), single(value))
            }
            Kind::Atr => {
                let (stream, value) = core.atr_open(highs, lows, closes, parameter(0))?;
                (Self::Atr(stream), single(value))
            }
            Kind::Macd => {
                let (stream, values) = core.macd_open(closes, parameter(0), parameter(1), parameter(2))?;
                (Self::Macd(stream), values.into())
            }
            // Ours, not the library's.
            Kind::Macdv => return Err(RetCode::BadParam),
        })
    }

    #[inline]
    fn update(&mut self, [high, low, close]: Bar) -> Result<Values, RetCode> {
        Ok(match self {
            Self::Ema(stream) => single(stream.update(close)?),
            Self::Rsi(stream) => single(stream.update(close)?),
            Self::Atr(stream) => single(stream.update(high, low, close)?),
            Self::Macd(stream) => stream.update(close)?.into(),
        })
    }

    #[inline]
    fn peek(&self, [high, low, close]: Bar) -> Result<Values, RetCode> {
        Ok(match self {
            Self::Ema(stream) => single(stream.peek(close)?),
            Self::Rsi(stream) => single(stream.peek(close)?),
            Self::Atr(stream) => single(stream.peek(high, low, close)?),
            Self::Macd(stream) => stream.peek(close)?.into(),
        })
    }

    fn values(&self) -> Values {
        match self {
            Self::Ema(stream) => single(stream.value()),
            Self::Rsi(stream) => single(stream.value()),
            Self::Atr(stream) => single(stream.value()),
            Self::Macd(stream) => stream.value().into(),
        }
    }
}

const fn single(value: f64) -> Values {
    [value, f64::NAN, f64::NAN]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A walk that never repeats.
    fn bar(n: u32) -> Bar {
        let x = f64::from(n);
        let close = 100.0 + (x * 0.37).sin() * 9.0 + (x * 0.011).cos() * 30.0;
        [close + 1.0 + (x * 0.9).sin(), close - 1.5 - (x * 0.7).cos(), close]
    }

    #[test]
    fn a_renewal_leaves_no_seam() {
        let renewal = Renewal { rows: 5_000, beside_rows: 2_500 };
        for name in ["ema_20", "rsi_14", "atr_14", "macd_12_26_9"] {
            let spec = name.parse().unwrap();
            let (mut renewed, mut endless) = (Talib::renewed_at(&spec, renewal), Talib::new(&spec));
            for n in 0..12_000 {
                let (ours, theirs) = (renewed.update(bar(n)), endless.update(bar(n)));
                for (ours, theirs) in ours.into_iter().zip(theirs).take(spec.outputs().len()) {
                    let same = ours.to_bits() == theirs.to_bits() || (ours - theirs).abs() < 1e-13;
                    assert!(same, "{name} row {n}: {ours} and {theirs}");
                }
                assert!(renewed.rows <= renewal.rows);
            }
            assert!(renewed.rows < 5_000 && endless.rows == 12_000);
        }
    }

    #[test]
    fn a_seed_beyond_every_number_starts_again() {
        let spec = "ema_2".parse().unwrap();
        let mut ema = Talib::new(&spec);
        for (close, defined) in [(f64::MAX, false), (f64::MAX, false), (1.0, false), (2.0, true), (3.0, true)] {
            assert_eq!(ema.update([close; 3])[0].is_finite(), defined);
        }
    }
}
