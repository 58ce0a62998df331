//! The indicators of the `ta-lib` crate, fed row by row from the first one.
//!
//! A `ta-lib` handle opens on a whole history. So it opens on the rows of the past once there are as many as it needs
//! for its first value; from then on it is plain data. What follows is bit for bit what TA-Lib's batch call gives,
//! because the handle promises it.
//!
//! A handle counts at most `Core::INDEX_MAX` (100,000,000) bars: three years of seconds. Before that it is renewed: a
//! successor opens on the last rows, runs beside it until the rows before have no weight left in an `f64`, and takes
//! over. That happens at a fixed row, so it is the same in every process.
//!
//! Only recurrences are the library's here. Its windowed sums (sma, bbands) drift, see `window.rs`, and it has no
//! totals with an anchor (vwap) or beyond 100,000,000 rows (obv).

use ta_lib::{AtrStream, Core, EmaStream, MacdStream, RetCode, RmaStream, RsiStream};

use crate::input::Input;
use crate::kind::{Kind, OUTPUTS_MAX, PERIOD_MAX};
use crate::past::Pasts;
use crate::spec::IndicatorSpec;

/// The values of one row, in the order of the outputs; NaN where there is none.
pub(crate) type Values = [f64; OUTPUTS_MAX];

/// No value.
pub(crate) const UNDEFINED: Values = [f64::NAN; OUTPUTS_MAX];

/// The most rows a handle needs to open: MACD's slow average and its signal.
const SEED_ROWS_MAX: usize = 2 * PERIOD_MAX as usize;

/// When a handle is renewed.
#[derive(Clone, Copy, Debug)]
struct Renewal {
    /// Bars after which the successor takes over.
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
    /// None until there are rows enough.
    handle: Option<Handle>,
    /// Bars the handle has counted.
    rows: u32,
    renewal: Renewal,
    /// Apart, because it is there for one row in a thousand.
    successor: Option<Box<Handle>>,
}

impl Talib {
    pub(crate) fn new(spec: &IndicatorSpec) -> Self {
        Self::renewed_at(spec, RENEWAL)
    }

    fn renewed_at(spec: &IndicatorSpec, renewal: Renewal) -> Self {
        Self { spec: *spec, handle: None, rows: 0, renewal, successor: None }
    }

    /// Takes a row; `pasts` are those before it. A row without trades has no true range: there an ATR is carried.
    #[inline]
    pub(crate) fn update(&mut self, input: &Input, pasts: &Pasts) -> Values {
        if self.is_carried(input) {
            return self.values();
        }
        let Some(handle) = &mut self.handle else {
            return self.open(input, pasts);
        };
        let values = handle.update(input).unwrap_or(UNDEFINED);
        self.rows += 1;
        if self.rows >= self.renewal.rows - self.renewal.beside_rows {
            self.renew(input, pasts);
        }
        values
    }

    /// What [`Self::update`] would return.
    #[inline]
    pub(crate) fn peek(&self, input: &Input, pasts: &Pasts) -> Values {
        match &self.handle {
            _ if self.is_carried(input) => self.values(),
            Some(handle) => handle.peek(input).unwrap_or(UNDEFINED),
            None => Handle::open(&self.spec, input, pasts).map_or(UNDEFINED, |handle| handle.values()),
        }
    }

    fn is_carried(&self, input: &Input) -> bool {
        self.spec.kind().ranges() && !input.traded
    }

    /// The values of the last row taken.
    fn values(&self) -> Values {
        self.handle.as_ref().map_or(UNDEFINED, Handle::values)
    }

    #[cold]
    fn open(&mut self, input: &Input, pasts: &Pasts) -> Values {
        self.handle = Handle::open(&self.spec, input, pasts);
        self.rows = self.spec.defined_rows() as u32;
        self.values()
    }

    #[cold]
    fn renew(&mut self, input: &Input, pasts: &Pasts) {
        let Some(successor) = &mut self.successor else {
            self.successor = Handle::open(&self.spec, input, pasts).map(Box::new);
            return;
        };
        // The handle beside it took the same bar.
        let _ = successor.update(input);
        if self.rows == self.renewal.rows {
            self.handle = self.successor.take().map(|successor| *successor);
            self.rows = self.renewal.beside_rows + self.spec.defined_rows() as u32;
        }
    }
}

/// A handle of the library.
#[derive(Clone, Debug)]
enum Handle {
    Ema(EmaStream),
    Rma(RmaStream),
    Rsi(RsiStream),
    Atr(AtrStream),
    Macd(MacdStream),
}

impl Handle {
    /// Opens a handle on the last rows, as soon as there are enough with this one. On the stack: a look at the open
    /// candle must not allocate, and it matters for one row only.
    fn open(spec: &IndicatorSpec, input: &Input, pasts: &Pasts) -> Option<Self> {
        let rows = spec.defined_rows();
        let taken = if spec.kind().ranges() { pasts.bars.taken() } else { pasts.closes.taken() };
        if taken + 1 < rows as u64 { None } else { Self::open_on(spec, rows, input, pasts) }
    }

    #[cold]
    #[inline(never)]
    fn open_on(spec: &IndicatorSpec, rows: usize, input: &Input, pasts: &Pasts) -> Option<Self> {
        let mut columns = [[0.0; SEED_ROWS_MAX]; 3];
        let mut put = |row: usize, bar: [f64; 3]| (0..3).for_each(|column| columns[column][row] = bar[column]);
        if spec.kind().ranges() {
            pasts.bars.last(rows - 1).enumerate().for_each(|(row, bar)| put(row, bar));
        } else {
            pasts.closes.last(rows - 1).enumerate().for_each(|(row, [close])| put(row, [close; 3]));
        }
        put(rows - 1, input.bar());
        Self::of(spec, [&columns[0][..rows], &columns[1][..rows], &columns[2][..rows]]).ok()
    }

    fn of(spec: &IndicatorSpec, [highs, lows, closes]: [&[f64]; 3]) -> Result<Self, RetCode> {
        let core = Core::new();
        let [first, second, third, _] = spec.parameters().map(i32::from);
        Ok(match spec.kind() {
            Kind::Ema => Self::Ema(core.ema_open(closes, first)?.0),
            Kind::Rma => Self::Rma(core.rma_open(closes, first)?.0),
            Kind::Rsi => Self::Rsi(core.rsi_open(closes, first)?.0),
            Kind::Atr => Self::Atr(core.atr_open(highs, lows, closes, first)?.0),
            Kind::Macd => Self::Macd(core.macd_open(closes, first, second, third)?.0),
            // Ours, not the library's.
            _ => return Err(RetCode::BadParam),
        })
    }

    #[inline]
    fn update(&mut self, input: &Input) -> Result<Values, RetCode> {
        Ok(match self {
            Self::Ema(stream) => single(stream.update(input.close)?),
            Self::Rma(stream) => single(stream.update(input.close)?),
            Self::Rsi(stream) => single(stream.update(input.close)?),
            Self::Atr(stream) => single(stream.update(input.high, input.low, input.close)?),
            Self::Macd(stream) => stream.update(input.close)?.into(),
        })
    }

    #[inline]
    fn peek(&self, input: &Input) -> Result<Values, RetCode> {
        Ok(match self {
            Self::Ema(stream) => single(stream.peek(input.close)?),
            Self::Rma(stream) => single(stream.peek(input.close)?),
            Self::Rsi(stream) => single(stream.peek(input.close)?),
            Self::Atr(stream) => single(stream.peek(input.high, input.low, input.close)?),
            Self::Macd(stream) => stream.peek(input.close)?.into(),
        })
    }

    /// Counts bars without taking any.
    #[cfg(test)]
    fn sleep(&mut self, bars: u32) {
        (0..bars).for_each(|_| {
            let counted = match self {
                Self::Ema(stream) => stream.advance(),
                Self::Rma(stream) => stream.advance(),
                Self::Rsi(stream) => stream.advance(),
                Self::Atr(stream) => stream.advance(),
                Self::Macd(stream) => stream.advance(),
            };
            counted.expect("below the limit");
        });
    }

    fn values(&self) -> Values {
        match self {
            Self::Ema(stream) => single(stream.value()),
            Self::Rma(stream) => single(stream.value()),
            Self::Rsi(stream) => single(stream.value()),
            Self::Atr(stream) => single(stream.value()),
            Self::Macd(stream) => stream.value().into(),
        }
    }
}

/// The values of an indicator with one output.
pub(crate) const fn single(value: f64) -> Values {
    [value, f64::NAN, f64::NAN]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::past::Past;

    /// A walk that never repeats.
    fn input(n: u32) -> Input {
        let x = f64::from(n);
        let close = 100.0 + (x * 0.37).sin() * 9.0 + (x * 0.011).cos() * 30.0;
        let (high, low) = (close + 1.0 + (x * 0.9).sin(), close - 1.5 - (x * 0.7).cos());
        Input { open_time_ns: 0, high, low, close, volume: 1.0, traded: true }
    }

    #[test]
    fn a_renewal_leaves_no_seam() {
        let renewal = Renewal { rows: 5_000, beside_rows: 2_500 };
        for name in ["ema_20", "rma_14", "rsi_14", "atr_14", "macd_12_26_9"] {
            let spec = name.parse().unwrap();
            let mut pasts = Pasts { closes: Past::new(64), bars: Past::new(64) };
            let (mut renewed, mut endless) = (Talib::renewed_at(&spec, renewal), Talib::new(&spec));
            let mut renewals = 0;
            for n in 0..12_000 {
                let (input, before) = (input(n), renewed.rows);
                let (ours, theirs) = (renewed.update(&input, &pasts), endless.update(&input, &pasts));
                for (ours, theirs) in ours.into_iter().zip(theirs).take(spec.outputs().len()) {
                    let same = ours.to_bits() == theirs.to_bits() || (ours - theirs).abs() < 1e-13;
                    assert!(same, "{name} row {n}: {ours} and {theirs}");
                }
                pasts.closes.push([input.close]);
                pasts.bars.push(input.bar());
                assert!(renewed.rows <= renewal.rows);
                renewals += u32::from(renewed.rows < before);
            }
            assert_eq!((renewals, endless.rows), (3, 12_000), "{name}");
        }
    }

    /// Years on: an indicator whose handle would have refused rows long ago gives what its twin gives that is young.
    #[test]
    fn the_limit_of_a_handle_is_never_met() {
        for name in ["ema_20", "atr_14"] {
            let spec = name.parse().unwrap();
            let mut pasts = Pasts { closes: Past::new(64), bars: Past::new(64) };
            let (mut old, mut young) = (Talib::new(&spec), Talib::new(&spec));
            let refuses_at = Core::INDEX_MAX as u32 + 1_000;
            let mut years = 0;
            for n in 0.. {
                let input = input(n);
                let (ours, theirs) = (old.update(&input, &pasts), young.update(&input, &pasts));
                for (ours, theirs) in ours.into_iter().zip(theirs).take(spec.outputs().len()) {
                    let same = ours.to_bits() == theirs.to_bits() || (ours - theirs).abs() < 1e-13;
                    assert!(same, "{name} row {n}: {ours} and {theirs}");
                }
                pasts.closes.push([input.close]);
                pasts.bars.push(input.bar());
                if n == 100 {
                    years = RENEWAL.rows - RENEWAL.beside_rows - 200;
                    old.handle.as_mut().expect("open").sleep(years);
                    old.rows += years;
                }
                if n + years == refuses_at {
                    break;
                }
            }
            assert!(old.rows < 2_000_000, "{name} was renewed");
        }
    }

    #[test]
    fn what_a_successor_has_not_seen_weighs_nothing() {
        let alone = RENEWAL.beside_rows as i32 - SEED_ROWS_MAX as i32;
        let wilder = 1.0 - 1.0 / f64::from(PERIOD_MAX);
        assert!(wilder.powi(alone) < f64::EPSILON / 2.0);
    }
}
