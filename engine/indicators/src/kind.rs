//! The kinds of indicators: their names, parameters and outputs.

use crate::spec::IndicatorSpec;

/// The longest period an indicator takes.
pub const PERIOD_MAX: u16 = 1_000;

/// The most outputs an indicator has.
pub const OUTPUTS_MAX: usize = 3;

/// The kind of an indicator. Plain names mean what TA-Lib means by them; `_tv` is TradingView's where it differs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// Simple moving average of closes: `sma_{period}`. The same in TA-Lib and TradingView.
    Sma,
    /// Exponential moving average of closes: `ema_{period}`. k = 2 / (period + 1), seeded by a mean. The same in both.
    Ema,
    /// Wilder's moving average of closes: `rma_{period}`. k = 1 / period, seeded by a mean. The same in both.
    Rma,
    /// Relative strength index: `rsi_{period}`. Wilder's, the same in both; 50 where no close ever changed.
    Rsi,
    /// Average true range: `atr_{period}`. Wilder's, as TA-Lib has it: the first row has no true range.
    Atr,
    /// Average true range: `atr_{period}_tv`. As TradingView has it: the true range of the first row is high - low.
    AtrTv,
    /// Moving average convergence divergence: `macd_{fast}_{slow}_{signal}`. TA-Lib's: nothing is defined before the
    /// signal is, and the fast average is seeded where the slow one is.
    Macd,
    /// The same with TradingView's seeds: `macd_{fast}_{slow}_{signal}_tv`. The line is defined before its signal.
    MacdTv,
    /// Bollinger bands of closes: `bbands_{period}_{deviations}`. The mean and so many standard deviations of the whole
    /// population above and below; `bbands_20_2.5` takes two and a half. The same in both.
    Bbands,
    /// Volatility-normalised MACD: `macdv_{fast}_{slow}_{atr}_{signal}`. (EMA fast - EMA slow) / ATR * 100, after
    /// Spiroglou 2022, with averages and ATR as TradingView seeds them: the first row has a true range of high - low.
    Macdv,
    /// Volume-weighted average of the typical price (high + low + close) / 3 since the session opened: `vwap_session`;
    /// since the month opened: `vwap_month`; since the first row, as TA-Lib has it: `vwap_cumulative`.
    Vwap,
    /// On-balance volume: `obv`. TA-Lib's: begins at the volume of the first row.
    Obv,
    /// On-balance volume: `obv_tv`. TradingView's: undefined in the first row, begins at 0 there.
    ObvTv,
}

/// What a parameter is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// A count of rows.
    Period,
    /// A number kept in hundredths.
    Hundredths,
    /// Where a sum begins anew: a place in [`ANCHORS`].
    Anchor,
}

/// One parameter of a kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    /// What a bare name takes.
    pub(crate) default: u16,
}

/// The words for where a volume-weighted average begins, in the order of [`Form::Anchor`]'s numbers.
pub(crate) const ANCHORS: [&str; 3] = ["session", "month", "cumulative"];

const fn period(name: &'static str, default: u16) -> Parameter {
    Parameter { name, form: Form::Period, default }
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Sma,
        Self::Ema,
        Self::Rma,
        Self::Rsi,
        Self::Atr,
        Self::AtrTv,
        Self::Macd,
        Self::MacdTv,
        Self::Bbands,
        Self::Macdv,
        Self::Vwap,
        Self::Obv,
        Self::ObvTv,
    ];

    /// The first part of the name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sma => "sma",
            Self::Ema => "ema",
            Self::Rma => "rma",
            Self::Rsi => "rsi",
            Self::Atr | Self::AtrTv => "atr",
            Self::Macd | Self::MacdTv => "macd",
            Self::Bbands => "bbands",
            Self::Macdv => "macdv",
            Self::Vwap => "vwap",
            Self::Obv | Self::ObvTv => "obv",
        }
    }

    /// Whether the name ends in `_tv`: TradingView's variant of something that TA-Lib computes otherwise.
    #[must_use]
    pub const fn is_tv(self) -> bool {
        matches!(self, Self::AtrTv | Self::MacdTv | Self::ObvTv)
    }

    /// What the kind puts out.
    pub(crate) const fn outputs(self) -> &'static [&'static str] {
        match self {
            Self::Sma => &["sma"],
            Self::Ema => &["ema"],
            Self::Rma => &["rma"],
            Self::Rsi => &["rsi"],
            Self::Atr | Self::AtrTv => &["atr"],
            Self::Macd | Self::MacdTv => &["macd", "signal", "hist"],
            Self::Bbands => &["upper", "middle", "lower"],
            Self::Macdv => &["macdv", "signal", "hist"],
            Self::Vwap => &["vwap"],
            Self::Obv | Self::ObvTv => &["obv"],
        }
    }

    pub(crate) const fn parameters(self) -> &'static [Parameter] {
        const AVERAGE: [Parameter; 1] = [period("period", 20)];
        const WILDER: [Parameter; 1] = [period("period", 14)];
        const MACD: [Parameter; 3] = [period("fast", 12), period("slow", 26), period("signal", 9)];
        const BANDS: [Parameter; 2] =
            [period("period", 20), Parameter { name: "deviations", form: Form::Hundredths, default: 200 }];
        const MACDV: [Parameter; 4] = [period("fast", 12), period("slow", 26), period("atr", 26), period("signal", 9)];
        const ANCHOR: [Parameter; 1] = [Parameter { name: "anchor", form: Form::Anchor, default: 0 }];
        match self {
            Self::Sma | Self::Ema => &AVERAGE,
            Self::Rma | Self::Rsi | Self::Atr | Self::AtrTv => &WILDER,
            Self::Macd | Self::MacdTv => &MACD,
            Self::Bbands => &BANDS,
            Self::Macdv => &MACDV,
            Self::Vwap => &ANCHOR,
            Self::Obv | Self::ObvTv => &[],
        }
    }

    /// The shortest period; an average over one value is none, a true range over one row is.
    pub(crate) const fn period_min(self) -> u16 {
        match self {
            Self::Atr | Self::AtrTv => 1,
            _ => 2,
        }
    }

    /// Whether it waits for true ranges: rows without trades have none.
    pub(crate) const fn ranges(self) -> bool {
        matches!(self, Self::Atr | Self::AtrTv | Self::Macdv)
    }

    /// The kind with its default parameters.
    #[must_use]
    pub fn default_spec(self) -> IndicatorSpec {
        IndicatorSpec::of(self)
    }
}
