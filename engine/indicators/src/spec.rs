//! An indicator's name and parameters: `rsi_14`, `macd_12_26_9`.

use std::fmt;
use std::str::FromStr;

use crate::kind::{ANCHORS, Form, Kind, PERIOD_MAX, Parameter};

/// The most standard deviations a band takes, in hundredths.
const DEVIATIONS_MAX: u16 = 10_000;

/// An indicator with all its parameters. Its text is its name in keys and column tables.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct IndicatorSpec {
    kind: Kind,
    /// In the order of the name; 0 beyond the kind's own.
    parameters: [u16; 4],
}

impl IndicatorSpec {
    /// A kind with its default parameters.
    pub(crate) fn of(kind: Kind) -> Self {
        let mut parameters = [0; 4];
        for (slot, parameter) in parameters.iter_mut().zip(kind.parameters()) {
            *slot = parameter.default;
        }
        Self { kind, parameters }
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The parameters as they are kept: periods, hundredths of a deviation, the place of an anchor; 0 beyond the kind's.
    pub(crate) const fn parameters(&self) -> [u16; 4] {
        self.parameters
    }

    /// What it puts out, in the order of [`crate::IndicatorSet::update`]'s slice.
    #[must_use]
    pub const fn outputs(&self) -> &'static [&'static str] {
        self.kind.outputs()
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
    /// feed nothing count extra: gaps always, rows without trades where a true range is awaited.
    #[must_use]
    pub fn defined_rows(&self) -> usize {
        let [first, second, third, fourth] = self.parameters.map(usize::from);
        match self.kind {
            Kind::Sma | Kind::Ema | Kind::Rma | Kind::Bbands | Kind::AtrTv => first,
            Kind::Rsi | Kind::Atr => first + 1,
            Kind::Macd | Kind::MacdTv => second + third - 1,
            Kind::Macdv => second.max(third) + fourth - 1,
            Kind::Vwap | Kind::Obv => 1,
            Kind::ObvTv => 2,
        }
    }

    /// How many rows until the first row no longer matters to four digits, by TA-Lib's counts of the unstable period
    /// (ema 5n, Wilder's average 5(2n-1), rsi 10n beyond the lookback). Rows that feed nothing count extra.
    ///
    /// What runs over a window is settled where it is defined. So is a total since the first row (`obv`,
    /// `vwap_cumulative`): its level is where the rows begin, for good, and its changes are right at once. A session's
    /// average is settled from the first session on that the rows hold from its beginning, however many rows that takes.
    #[must_use]
    pub fn settled_rows(&self) -> usize {
        let [first, second, third, fourth] = self.parameters.map(usize::from);
        let unstable = match self.kind {
            Kind::Ema => 5 * first,
            Kind::Rsi => 10 * first,
            Kind::Rma | Kind::Atr | Kind::AtrTv => 5 * (2 * first - 1),
            Kind::Macd | Kind::MacdTv => 5 * (second + third),
            Kind::Macdv => return second.max(third) + (5 * second).max(5 * (2 * third - 1)).max(6 * fourth),
            Kind::Sma | Kind::Bbands | Kind::Vwap | Kind::Obv | Kind::ObvTv => 0,
        };
        self.defined_rows() + unstable
    }

    fn check(self) -> Result<Self, SpecError> {
        let fail = |reason| Err(SpecError { name: self.to_string(), reason });
        for (parameter, value) in self.kind.parameters().iter().zip(self.parameters) {
            let (name, least) = (parameter.name, self.kind.period_min());
            match parameter.form {
                Form::Period if !(least..=PERIOD_MAX).contains(&value) => {
                    return fail(format!("{name} is {value}; take {least} to {PERIOD_MAX}"));
                }
                Form::Hundredths if !(1..=DEVIATIONS_MAX).contains(&value) => {
                    let (value, most) = (Hundredths(value), Hundredths(DEVIATIONS_MAX));
                    return fail(format!("{name} is {value}; take 0.01 to {most}"));
                }
                _ => {}
            }
        }
        let [fast, slow, ..] = self.parameters;
        if matches!(self.kind, Kind::Macd | Kind::MacdTv | Kind::Macdv) && fast >= slow {
            return fail(format!("fast is {fast}, slow is {slow}; fast comes first and must be the shorter"));
        }
        Ok(self)
    }
}

impl fmt::Display for IndicatorSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.kind.as_str().to_owned();
        for (parameter, value) in self.kind.parameters().iter().zip(self.parameters) {
            text.push('_');
            match parameter.form {
                Form::Period => text.push_str(&value.to_string()),
                Form::Hundredths => text.push_str(&Hundredths(value).to_string()),
                Form::Anchor => text.push_str(ANCHORS[usize::from(value)]),
            }
        }
        if self.kind.is_tv() {
            text.push_str(TV);
        }
        f.pad(&text)
    }
}

/// The end of the names of TradingView's variants.
const TV: &str = "_tv";

impl FromStr for IndicatorSpec {
    type Err = SpecError;

    /// Takes a full name, or a bare one such as `rsi` or `atr_tv` for the default parameters.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |reason| Err(SpecError { name: text.to_owned(), reason });
        let (name, tv) = text.strip_suffix(TV).map_or((text, false), |name| (name, true));
        let mut parts = name.split('_');
        let word = parts.next().unwrap_or_default();
        let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.as_str() == word && kind.is_tv() == tv) else {
            if Kind::ALL.into_iter().any(|kind| kind.as_str() == word) {
                return fail(format!("has no variant of TradingView's own; write {name}"));
            }
            let known: Vec<_> = Kind::ALL.map(|kind| kind.default_spec().to_string()).into_iter().collect();
            return fail(format!("is not known; known are, with other parameters too: {}", known.join(" ")));
        };
        let mut spec = Self::of(kind);
        let values: Vec<&str> = parts.collect();
        if values.is_empty() {
            return Ok(spec);
        }
        let parameters = kind.parameters();
        if values.len() != parameters.len() {
            let names: Vec<_> = parameters.iter().map(|parameter| parameter.name).collect();
            let form = [&[kind.as_str()], &names[..]].concat().join("_");
            let suffix = if tv { TV } else { "" };
            return fail(format!("has {} parameters; write {form}{suffix}, as in {spec}", values.len()));
        }
        for ((slot, parameter), value) in spec.parameters.iter_mut().zip(parameters).zip(values) {
            match parameter.read(value) {
                Ok(number) => *slot = number,
                Err(remedy) => return fail(format!("{} is \"{value}\"; {remedy}", parameter.name)),
            }
        }
        spec.check()
    }
}

impl Parameter {
    /// A number as it stands in a name, or what to write instead.
    fn read(&self, text: &str) -> Result<u16, String> {
        match self.form {
            Form::Period => whole(text).ok_or_else(|| format!("take a whole number up to {PERIOD_MAX}")),
            Form::Hundredths => hundredths(text).ok_or_else(|| "take a number such as 2 or 2.5".to_owned()),
            Form::Anchor => {
                let place = ANCHORS.iter().position(|anchor| *anchor == text);
                place.map(|place| place as u16).ok_or_else(|| format!("take {}", ANCHORS.join(", ")))
            }
        }
    }
}

fn whole(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Digits, and at most two more behind a point.
fn hundredths(text: &str) -> Option<u16> {
    let (whole_part, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let fraction = match (fraction.len(), whole(fraction)?) {
        (1, tenths) => tenths * 10,
        (2, hundredths) => hundredths,
        _ => return None,
    };
    whole(whole_part)?.checked_mul(100)?.checked_add(fraction)
}

/// A number of hundredths, printed without needless digits.
struct Hundredths(u16);

impl fmt::Display for Hundredths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 100, self.0 % 100);
        match rest {
            0 => write!(f, "{whole}"),
            _ if rest.is_multiple_of(10) => write!(f, "{whole}.{}", rest / 10),
            _ => write!(f, "{whole}.{rest:02}"),
        }
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
            ("sma", "sma_20"),
            ("ema", "ema_20"),
            ("rma", "rma_14"),
            ("rsi", "rsi_14"),
            ("atr", "atr_14"),
            ("atr_tv", "atr_14_tv"),
            ("macd", "macd_12_26_9"),
            ("macd_tv", "macd_12_26_9_tv"),
            ("macdv", "macdv_12_26_26_9"),
            ("bbands", "bbands_20_2"),
            ("bbands_20_2.0", "bbands_20_2"),
            ("bbands_20_2.50", "bbands_20_2.5"),
            ("bbands_20_0.05", "bbands_20_0.05"),
            ("bbands_20_100", "bbands_20_100"),
            ("vwap", "vwap_session"),
            ("vwap_month", "vwap_month"),
            ("vwap_cumulative", "vwap_cumulative"),
            ("obv", "obv"),
            ("obv_tv", "obv_tv"),
            ("ema_200", "ema_200"),
            ("atr_1", "atr_1"),
            ("atr_1_tv", "atr_1_tv"),
            ("macdv_5_35_14_5", "macdv_5_35_14_5"),
        ] {
            let spec: IndicatorSpec = text.parse().unwrap();
            assert_eq!(spec.to_string(), full);
            assert_eq!(full.parse(), Ok(spec));
        }
        for kind in Kind::ALL {
            assert_eq!(kind.default_spec().to_string().parse(), Ok(kind.default_spec()));
        }
    }

    #[test]
    fn columns_are_named_as_in_keys() {
        let columns = |text: &str| text.parse::<IndicatorSpec>().unwrap().columns();
        assert_eq!(columns("rsi"), ["rsi_14"]);
        assert_eq!(columns("obv_tv"), ["obv_tv"]);
        assert_eq!(columns("macd"), ["macd_12_26_9.macd", "macd_12_26_9.signal", "macd_12_26_9.hist"]);
        assert_eq!(columns("macdv"), ["macdv_12_26_26_9.macdv", "macdv_12_26_26_9.signal", "macdv_12_26_26_9.hist"]);
        assert_eq!(columns("bbands_20_2.5"), ["bbands_20_2.5.upper", "bbands_20_2.5.middle", "bbands_20_2.5.lower"]);
    }

    #[test]
    fn errors_name_the_thing_and_the_remedy() {
        for (text, message) in [
            (
                "magic_9",
                "indicator \"magic_9\": is not known; known are, with other parameters too: sma_20 ema_20 rma_14 rsi_14 \
                 atr_14 atr_14_tv macd_12_26_9 macd_12_26_9_tv bbands_20_2 macdv_12_26_26_9 vwap_session obv obv_tv",
            ),
            ("", "indicator \"\": is not known"),
            (
                "macd_12_26",
                "indicator \"macd_12_26\": has 2 parameters; write macd_fast_slow_signal, as in macd_12_26_9",
            ),
            ("atr_1_2_tv", "has 2 parameters; write atr_period_tv, as in atr_14_tv"),
            ("obv_3", "has 1 parameters; write obv, as in obv"),
            ("rsi_14_tv", "indicator \"rsi_14_tv\": has no variant of TradingView's own; write rsi_14"),
            ("ema_x", "indicator \"ema_x\": period is \"x\"; take a whole number up to 1000"),
            ("ema_", "period is \"\"; take a whole number"),
            ("ema_+9", "period is \"+9\"; take a whole number"),
            ("macd_12_26_9.signal", "signal is \"9.signal\"; take a whole number"),
            ("bbands_20_2.505", "deviations is \"2.505\"; take a number such as 2 or 2.5"),
            ("bbands_20_.5", "deviations is \".5\"; take a number"),
            ("bbands_20_2.", "deviations is \"2.\"; take a number"),
            ("bbands_20_0", "deviations is 0; take 0.01 to 100"),
            ("bbands_20_100.01", "deviations is 100.01; take 0.01 to 100"),
            ("vwap_9", "anchor is \"9\"; take session, month, cumulative"),
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
