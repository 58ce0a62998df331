//! An indicator's name and parameters: `rsi_14`, `macd_12_26_9`.

use std::fmt;
use std::str::FromStr;

/// The longest period an indicator takes.
pub const PERIOD_MAX: u16 = 1_000;

/// The most outputs an indicator has.
pub const OUTPUTS_MAX: usize = 3;

/// The kind of an indicator.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// Exponential moving average of closes: `ema_{period}`. TA-Lib's: k = 2 / (period + 1), seeded by a mean.
    Ema,
    /// Relative strength index: `rsi_{period}`. Wilder's, as TA-Lib has it; 50 where no close ever changed.
    Rsi,
    /// Average true range: `atr_{period}`. Wilder's, as TA-Lib has it: the first row has no true range.
    Atr,
    /// Moving average convergence divergence: `macd_{fast}_{slow}_{signal}`. TA-Lib's: nothing is defined before the
    /// signal is.
    Macd,
    /// Volatility-normalised MACD: `macdv_{fast}_{slow}_{atr}_{signal}`. (EMA fast - EMA slow) / ATR * 100, after
    /// Spiroglou 2022, with averages and ATR as TradingView seeds them: the first row has a true range of high - low.
    Macdv,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Ema, Self::Rsi, Self::Atr, Self::Macd, Self::Macdv];

    /// The first part of the name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ema => "ema",
            Self::Rsi => "rsi",
            Self::Atr => "atr",
            Self::Macd => "macd",
            Self::Macdv => "macdv",
        }
    }

    /// What the parameters are called, and what a bare name takes for them.
    const fn parameters(self) -> &'static [(&'static str, u16)] {
        match self {
            Self::Ema => &[("period", 20)],
            Self::Rsi | Self::Atr => &[("period", 14)],
            Self::Macd => &[("fast", 12), ("slow", 26), ("signal", 9)],
            Self::Macdv => &[("fast", 12), ("slow", 26), ("atr", 26), ("signal", 9)],
        }
    }

    /// The shortest period; an average over one value is none, a true range over one row is.
    const fn period_min(self) -> u16 {
        match self {
            Self::Atr => 1,
            _ => 2,
        }
    }

    /// The kind with its default parameters.
    #[must_use]
    pub fn default_spec(self) -> IndicatorSpec {
        let mut parameters = [0; 4];
        for (slot, (_, default)) in parameters.iter_mut().zip(self.parameters()) {
            *slot = *default;
        }
        IndicatorSpec { kind: self, parameters }
    }
}

/// An indicator with all its parameters. Its text is its name in keys and column tables.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct IndicatorSpec {
    kind: Kind,
    /// In the order of the name; 0 beyond the kind's own.
    parameters: [u16; 4],
}

impl IndicatorSpec {
    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The parameters, in the order of the name.
    #[must_use]
    pub fn parameters(&self) -> &[u16] {
        &self.parameters[..self.kind.parameters().len()]
    }

    /// What it puts out, in the order of [`crate::Indicator::update`]'s slice.
    #[must_use]
    pub const fn outputs(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Ema => &["ema"],
            Kind::Rsi => &["rsi"],
            Kind::Atr => &["atr"],
            Kind::Macd => &["macd", "signal", "hist"],
            Kind::Macdv => &["macdv", "signal", "hist"],
        }
    }

    /// The name of each output as in keys: the indicator's own where there is one, `macd_12_26_9.signal` where there
    /// are several.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        match self.outputs() {
            [_] => vec![self.to_string()],
            outputs => outputs.iter().map(|output| format!("{self}.{output}")).collect(),
        }
    }

    /// How many rows until every output is defined: the row of this number, counted from 1, is the first. Rows that
    /// feed nothing count extra.
    #[must_use]
    pub fn defined_rows(&self) -> usize {
        let [first, second, third, fourth] = self.parameters.map(usize::from);
        match self.kind {
            Kind::Ema => first,
            Kind::Rsi | Kind::Atr => first + 1,
            Kind::Macd => second + third - 1,
            Kind::Macdv => second.max(third) + fourth - 1,
        }
    }

    /// How many rows until the first row no longer matters to four digits, by TA-Lib's counts of the unstable period
    /// (ema 5n, Wilder's average 5(2n-1), rsi 10n beyond the lookback).
    #[must_use]
    pub fn settled_rows(&self) -> usize {
        let [first, second, third, fourth] = self.parameters.map(usize::from);
        match self.kind {
            Kind::Ema => first + 5 * first,
            Kind::Rsi => first + 1 + 10 * first,
            Kind::Atr => first + 1 + 5 * (2 * first - 1),
            Kind::Macd => self.defined_rows() + 5 * (second + third),
            Kind::Macdv => second.max(third) + (5 * second).max(5 * (2 * third - 1)).max(6 * fourth),
        }
    }

    fn check(self) -> Result<Self, SpecError> {
        let fail = |reason| Err(SpecError { name: self.to_string(), reason });
        let least = self.kind.period_min();
        for ((parameter, _), value) in self.kind.parameters().iter().zip(self.parameters) {
            if !(least..=PERIOD_MAX).contains(&value) {
                return fail(format!("{parameter} is {value}; take {least} to {PERIOD_MAX}"));
            }
        }
        let [fast, slow, ..] = self.parameters;
        if matches!(self.kind, Kind::Macd | Kind::Macdv) && fast >= slow {
            return fail(format!("fast is {fast}, slow is {slow}; fast comes first and must be the shorter"));
        }
        Ok(self)
    }
}

impl fmt::Display for IndicatorSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.kind.as_str().to_owned();
        for parameter in self.parameters() {
            text.push('_');
            text.push_str(&parameter.to_string());
        }
        f.pad(&text)
    }
}

impl FromStr for IndicatorSpec {
    type Err = SpecError;

    /// Takes a full name, or a bare one such as `rsi` for the default parameters.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |reason| Err(SpecError { name: text.to_owned(), reason });
        let mut parts = text.split('_');
        let name = parts.next().unwrap_or_default();
        let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.as_str() == name) else {
            let known: Vec<_> = Kind::ALL.iter().map(|kind| kind.default_spec().to_string()).collect();
            return fail(format!("is not known; known are, with other parameters too: {}", known.join(" ")));
        };
        let mut spec = kind.default_spec();
        let values: Vec<&str> = parts.collect();
        if values.is_empty() {
            return Ok(spec);
        }
        let (names, count) = (kind.parameters(), kind.parameters().len());
        if values.len() != count {
            let form: Vec<_> = names.iter().map(|(parameter, _)| *parameter).collect();
            let form = form.join("_");
            return fail(format!(
                "has {} parameters; write {kind}_{form}, as in {spec}",
                values.len(),
                kind = kind.as_str()
            ));
        }
        for ((slot, (parameter, _)), value) in spec.parameters.iter_mut().zip(names).zip(values) {
            let number = Some(value).filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()));
            match number.and_then(|digits| digits.parse::<u16>().ok()) {
                Some(number) => *slot = number,
                None => return fail(format!("{parameter} is \"{value}\"; take a whole number up to {PERIOD_MAX}")),
            }
        }
        spec.check()
    }
}

/// The text names no indicator.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("indicator \"{name}\": {reason}")]
pub struct SpecError {
    name: String,
    reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_bare_names_take_the_defaults() {
        for (text, full) in [
            ("ema", "ema_20"),
            ("rsi", "rsi_14"),
            ("atr", "atr_14"),
            ("macd", "macd_12_26_9"),
            ("macdv", "macdv_12_26_26_9"),
            ("ema_200", "ema_200"),
            ("atr_1", "atr_1"),
            ("macdv_5_35_14_5", "macdv_5_35_14_5"),
        ] {
            let spec: IndicatorSpec = text.parse().unwrap();
            assert_eq!(spec.to_string(), full);
            assert_eq!(full.parse(), Ok(spec));
        }
    }

    #[test]
    fn columns_are_named_as_in_keys() {
        let columns = |text: &str| text.parse::<IndicatorSpec>().unwrap().columns();
        assert_eq!(columns("rsi"), ["rsi_14"]);
        assert_eq!(columns("macd"), ["macd_12_26_9.macd", "macd_12_26_9.signal", "macd_12_26_9.hist"]);
        assert_eq!(columns("macdv"), ["macdv_12_26_26_9.macdv", "macdv_12_26_26_9.signal", "macdv_12_26_26_9.hist"]);
    }

    #[test]
    fn errors_name_the_thing_and_the_remedy() {
        for (text, message) in [
            (
                "vwap_9",
                "indicator \"vwap_9\": is not known; known are, with other parameters too: ema_20 rsi_14 atr_14 macd_12_26_9 macdv_12_26_26_9",
            ),
            ("", "indicator \"\": is not known"),
            (
                "macd_12_26",
                "indicator \"macd_12_26\": has 2 parameters; write macd_fast_slow_signal, as in macd_12_26_9",
            ),
            ("ema_x", "indicator \"ema_x\": period is \"x\"; take a whole number up to 1000"),
            ("ema_", "period is \"\"; take a whole number"),
            ("ema_+9", "period is \"+9\"; take a whole number"),
            ("macd_12_26_9.signal", "signal is \"9.signal\"; take a whole number"),
            ("ema_1", "indicator \"ema_1\": period is 1; take 2 to 1000"),
            ("atr_0", "indicator \"atr_0\": period is 0; take 1 to 1000"),
            ("rsi_1001", "period is 1001; take 2 to 1000"),
            ("rsi_99999", "period is \"99999\"; take a whole number up to 1000"),
            (
                "macd_26_12_9",
                "indicator \"macd_26_12_9\": fast is 26, slow is 12; fast comes first and must be the shorter",
            ),
        ] {
            let error = text.parse::<IndicatorSpec>().unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn the_macdv_of_the_paper_settles_after_281_rows() {
        let spec = Kind::Macdv.default_spec();
        assert_eq!((spec.defined_rows(), spec.settled_rows()), (34, 281));
    }
}
