//! The volume-weighted average price since an anchor.

use tickplane_model::{NS_PER_DAY, civil_from_days};

use crate::input::Input;
use crate::sum::Sum;

/// Where a volume-weighted average begins anew: a function of a row's open time, in UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Anchor {
    /// At the session. Where trading never stops that is the day; a venue with sessions opens and closes within one
    /// day of UTC, so its session begins with the day's first row.
    Session,
    /// At the month.
    Month,
    /// Never.
    Cumulative,
}

impl Anchor {
    /// In the order of the words in names.
    pub(crate) const ALL: [Self; 3] = [Self::Session, Self::Month, Self::Cumulative];

    /// The number of the stretch that holds this time.
    #[inline]
    fn stretch(self, open_time_ns: i64) -> i64 {
        let day = open_time_ns.div_euclid(NS_PER_DAY);
        match self {
            Self::Session => day,
            Self::Month => {
                let (year, month, _) = civil_from_days(day);
                12 * year + month
            }
            Self::Cumulative => 0,
        }
    }

    /// Whether a stretch begins exactly here.
    fn is_start(self, open_time_ns: i64) -> bool {
        self == Self::Cumulative || self.stretch(open_time_ns) != self.stretch(open_time_ns - 1)
    }
}

/// The average of the typical price (high + low + close) / 3, weighted by volume, since the anchor.
///
/// The typical price is the definition of TA-Lib and TradingView, so the value is the one a user compares with, and
/// the same over rows from a venue that gives no quote volume.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vwap {
    anchor: Anchor,
    stretch: Option<i64>,
    /// Whether the rows began with the stretch or before it.
    is_whole: bool,
    turnover: Sum,
    volume: Sum,
}

impl Vwap {
    pub(crate) fn new(anchor: Anchor) -> Self {
        Self { anchor, stretch: None, is_whole: false, turnover: Sum::default(), volume: Sum::default() }
    }

    /// NaN until something was traded since the anchor.
    #[inline]
    pub(crate) fn update(&mut self, input: &Input) -> f64 {
        let stretch = self.anchor.stretch(input.open_time_ns);
        if self.stretch != Some(stretch) {
            let is_whole = self.stretch.is_some() || self.anchor.is_start(input.open_time_ns);
            *self = Self { stretch: Some(stretch), is_whole, ..Self::new(self.anchor) };
        }
        if input.traded {
            self.turnover.add((input.high + input.low + input.close) / 3.0 * input.volume);
            self.volume.add(input.volume);
        }
        let volume = self.volume.value();
        if volume > 0.0 { self.turnover.value() / volume } else { f64::NAN }
    }

    /// Whether it is independent of where the rows began.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tickplane_model::days_from_civil;

    #[test]
    fn stretches_begin_at_midnight_and_on_the_first() {
        let ns = |year, month, day| days_from_civil(year, month, day) * NS_PER_DAY;
        for (anchor, time, starts) in [
            (Anchor::Session, ns(2026, 2, 28), true),
            (Anchor::Session, ns(2026, 2, 28) + 1, false),
            (Anchor::Session, ns(1969, 12, 31), true),
            (Anchor::Month, ns(2026, 2, 28), false),
            (Anchor::Month, ns(2026, 3, 1), true),
            (Anchor::Month, ns(2026, 1, 1), true),
            (Anchor::Month, ns(2026, 1, 1) + NS_PER_DAY, false),
            (Anchor::Cumulative, 17, true),
        ] {
            assert_eq!(anchor.is_start(time), starts, "{anchor:?} {time}");
        }
        assert_ne!(Anchor::Month.stretch(ns(2025, 12, 31)), Anchor::Month.stretch(ns(2026, 12, 31)));
    }
}
