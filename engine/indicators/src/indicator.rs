//! One indicator over one series.

use tickplane_model::{Candle, Quality};

use crate::macdv::Macdv;
use crate::spec::{IndicatorSpec, Kind};
use crate::talib::{Talib, UNDEFINED, Values};

/// An indicator's state after the rows it was given. The same rows from the same first row give the same bits.
///
/// A clone goes on by itself. No peek allocates, and no update, but for the renewal of a handle every 99,000,000 rows
/// (see `talib.rs`). Once every output is defined a clone allocates nothing either; before, it copies the rows kept for
/// the seed.
#[derive(Clone, Debug)]
pub struct Indicator {
    spec: IndicatorSpec,
    engine: Engine,
}

#[derive(Clone, Debug)]
enum Engine {
    Talib(Talib),
    Macdv(Macdv),
}

impl Indicator {
    /// An indicator that has seen nothing.
    #[must_use]
    pub fn new(spec: &IndicatorSpec) -> Self {
        let engine = match (spec.kind(), spec.parameters()) {
            (Kind::Macdv, &[fast, slow, range, signal]) => Engine::Macdv(Macdv::new(fast, slow, range, signal)),
            _ => Engine::Talib(Talib::new(spec)),
        };
        Self { spec: *spec, engine }
    }

    /// What it is.
    #[must_use]
    pub fn spec(&self) -> &IndicatorSpec {
        &self.spec
    }

    /// How many values a row gives.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.spec.outputs().len()
    }

    /// Takes a closed row, the one after the last, and writes its values in the order of [`IndicatorSpec::outputs`];
    /// NaN while undefined and in gap rows.
    ///
    /// # Panics
    /// If `out` is shorter than [`Self::outputs`].
    pub fn update(&mut self, row: &Candle, out: &mut [f64]) {
        let values = match (&mut self.engine, Feed::of(row)) {
            (_, Feed::Nothing) => UNDEFINED,
            (Engine::Macdv(macdv), _) => macdv.update(row),
            (Engine::Talib(talib), Feed::Closes) if self.spec.kind() == Kind::Atr => talib.values(),
            (Engine::Talib(talib), _) => talib.update([row.high, row.low, row.close]),
        };
        self.write(&values, out);
    }

    /// Writes the values the open candle would have if it closed as it is: what [`Self::update`] would write, bit for
    /// bit, without taking it.
    ///
    /// # Panics
    /// If `out` is shorter than [`Self::outputs`].
    pub fn peek(&self, open: &Candle, out: &mut [f64]) {
        let values = match (&self.engine, Feed::of(open)) {
            (_, Feed::Nothing) => UNDEFINED,
            (Engine::Macdv(macdv), _) => { *macdv }.update(open),
            (Engine::Talib(talib), Feed::Closes) if self.spec.kind() == Kind::Atr => talib.values(),
            (Engine::Talib(talib), _) => talib.peek([open.high, open.low, open.close]),
        };
        self.write(&values, out);
    }

    fn write(&self, values: &Values, out: &mut [f64]) {
        let outputs = self.outputs();
        out[..outputs].copy_from_slice(&values[..outputs]);
    }
}

/// What a row has to say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Feed {
    /// A gap: nothing.
    Nothing,
    /// A synthetic row: its close, but no true range.
    Closes,
    /// A traded row.
    All,
}

impl Feed {
    fn of(row: &Candle) -> Self {
        if !(row.high.is_finite() && row.low.is_finite() && row.close.is_finite()) {
            Self::Nothing
        } else if row.quality.contains(Quality::SYNTHETIC) {
            Self::Closes
        } else {
            Self::All
        }
    }
}
