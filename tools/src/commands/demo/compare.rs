//! The rows another process read against the market's own account.

use std::collections::BTreeMap;
use std::fmt;

use tickplane_model::{Candle, ExchangeId, Key, Quality, Symbol, Timeframe, format_time};
use tickplane_simulator::{Simulation, TallyRow};

use super::protocol::numbers;

/// Differences that are shown.
const SHOWN_MAX: usize = 10;

/// The rows of every series, as the reader saw them last.
pub(super) type Rows = BTreeMap<String, (Key, BTreeMap<u64, Candle>)>;

/// How the rows and the account agree.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Comparison {
    /// Series with at least one whole candle.
    pub(super) series: u64,
    /// Candles that were compared.
    pub(super) compared: u64,
    /// Of these, candles in which something was traded.
    pub(super) traded: u64,
    /// Equal to the bit.
    pub(super) equal: u64,
    /// Not equal, and saying so: they carry the gap of an outage.
    pub(super) with_gap: u64,
    /// Different, or absent from the account, and silent about it.
    pub(super) different: u64,
    /// Intervals between the first and the last row without a row.
    pub(super) missing: u64,
    /// Markets that traded, of which there is no row.
    pub(super) mute: u64,
    /// The first differences, for people.
    pub(super) examples: Vec<Difference>,
    had_outages: bool,
}

/// One candle that is not what the account says.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Difference {
    key: Key,
    open_time_ns: i64,
    read: Candle,
    account: Option<TallyRow>,
}

impl Comparison {
    /// Compares every series with the simulation's account; only after outages may a row carry a gap.
    pub(super) fn new(rows: &Rows, simulation: &Simulation, had_outages: bool) -> Self {
        let mut comparison = Self { had_outages, ..Self::default() };
        for (key, rows) in rows.values() {
            if let Key::Candles { exchange, symbol, timeframe } = key {
                let Some((first, last)) = rows.values().next().zip(rows.values().next_back()) else { continue };
                let span = (first.open_time_ns, last.open_time_ns + 1);
                let told = simulation.candles(*exchange, symbol, *timeframe, span).into_iter();
                comparison.series(key, rows, &told.map(|row| (row.open_time_ns, row)).collect());
            }
        }
        let venues = simulation.endpoints().iter().map(|endpoint| endpoint.exchange);
        comparison.mute = venues.map(|exchange| mute(rows, simulation, exchange)).sum();
        comparison
    }

    /// Compares one series: what history brought, and from the first whole candle of trades on every row, which must be
    /// whole. Between them stands the one that the plane began to listen in.
    fn series(&mut self, key: &Key, rows: &BTreeMap<u64, Candle>, account: &BTreeMap<i64, TallyRow>) {
        let is_partial = |candle: &Candle| candle.quality.contains(Quality::PARTIAL);
        // Rows between what history brought and the first trade say that they are gaps.
        let is_hole = |candle: &Candle| candle.trade_count == 0 && candle.quality.gap_ms() > 0;
        let is_before =
            |candle: &Candle| is_partial(candle) || is_hole(candle) || candle.quality.contains(Quality::VENUE);
        let listening = rows.iter().find(|(_, candle)| !is_before(candle)).map_or(u64::MAX, |(row, _)| *row);
        let is_known = |candle: &Candle| !is_partial(candle) && !is_hole(candle);
        let mut expected: Option<u64> = None;
        for (row, candle) in rows.iter().filter(|(row, candle)| **row >= listening || is_known(candle)) {
            // The row that the plane began to listen in stands between the history and the first whole one.
            let passed = expected.map_or(0, |expected| (expected..*row).filter(|row| !rows.contains_key(row)).count());
            self.missing += if *row == listening { passed.saturating_sub(1) } else { passed } as u64;
            expected = Some(row + 1);
            let told = account.get(&candle.open_time_ns);
            self.compared += 1;
            self.traded += u64::from(candle.volume > 0.0);
            if !is_partial(candle) && is_equal(candle, told) {
                self.equal += 1;
            } else if candle.quality.gap_ms() > 0 && (self.had_outages || told.is_none()) {
                // Of a stream that has not spoken yet the plane does not claim to know that its market is quiet.
                self.with_gap += 1;
            } else {
                self.different += 1;
                self.example(key, *candle, told.copied());
            }
        }
        self.series += u64::from(expected.is_some());
    }

    fn example(&mut self, key: &Key, read: Candle, account: Option<TallyRow>) {
        if self.examples.len() < SHOWN_MAX {
            let open_time_ns = read.open_time_ns;
            self.examples.push(Difference { key: key.clone(), open_time_ns, read, account });
        }
    }
}

/// Markets of a venue that traded while others had rows, and have none.
fn mute(rows: &Rows, simulation: &Simulation, exchange: ExchangeId) -> u64 {
    let timeframe = Timeframe::DEMO[0];
    let key = |symbol: &Symbol| Key::Candles { exchange, symbol: symbol.clone(), timeframe };
    let symbols = simulation.symbols(exchange);
    let read: Vec<_> = symbols.iter().map(|symbol| rows.values().find(|(of, _)| *of == key(symbol))).collect();
    let times = read.iter().flatten().flat_map(|(_, rows)| rows.values()).map(|candle| candle.open_time_ns);
    let (first_ns, last_ns) = times.fold((i64::MAX, i64::MIN), |(first, last), at| (first.min(at), last.max(at)));
    let is_mute = |symbol: &Symbol| {
        // Of the first row a part was before the plane began to listen.
        let span = (first_ns.saturating_add(timeframe.length_ns()), last_ns);
        span.0 < span.1
            && simulation.candles(exchange, symbol, timeframe, span).into_iter().any(|row| row.trade_count > 0)
    };
    let pairs = symbols.iter().zip(read);
    let silent = pairs.filter(|(_, read)| read.is_none_or(|(_, rows)| rows.is_empty()));
    silent.filter(|(symbol, _)| is_mute(symbol)).count() as u64
}

/// An interval without trades is absent from the account and synthetic in the plane.
fn is_equal(candle: &Candle, told: Option<&TallyRow>) -> bool {
    let Some(told) = told else {
        return candle.trade_count == 0 && candle.quality.contains(Quality::SYNTHETIC) && candle.quality.gap_ms() == 0;
    };
    // What a venue's own candle does not tell is not a number, and no trades.
    let is_venue = candle.quality.contains(Quality::VENUE);
    let is_same = |(read, told): (&f64, f64)| read.to_bits() == told.to_bits() || (is_venue && read.is_nan());
    (candle.trade_count == told.trade_count || (is_venue && candle.trade_count == 0))
        && numbers(candle).iter().zip(told_numbers(told)).all(is_same)
}

const fn told_numbers(told: &TallyRow) -> [f64; 7] {
    [told.open, told.high, told.low, told.close, told.volume, told.quote_volume, told.taker_buy_volume]
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.key, format_time(self.open_time_ns))?;
        let Candle { trade_count, quality, .. } = self.read;
        writeln!(f, "    read     {} trades {trade_count} ({quality})", values(numbers(&self.read)))?;
        match &self.account {
            Some(told) => write!(f, "    account  {} trades {}", values(told_numbers(told)), told.trade_count),
            None => write!(f, "    account  nothing was traded"),
        }
    }
}

fn values(numbers: [f64; 7]) -> String {
    let names = ["open", "high", "low", "close", "volume", "quote", "taker-buy"];
    let words: Vec<String> = names.iter().zip(numbers).map(|(name, number)| format!("{name} {number}")).collect();
    words.join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Comparison {
        fn agrees(&self) -> bool {
            self.compared == self.equal && self.different == 0 && self.missing == 0
        }
    }

    const OPEN_NS: i64 = 60_000_000_000;

    fn candle(row: u64, quality: Quality) -> Candle {
        let numbers = (1.5, 2.0, 1.0, 1.75);
        Candle {
            open_time_ns: row as i64 * OPEN_NS,
            open: numbers.0,
            high: numbers.1,
            low: numbers.2,
            close: numbers.3,
            volume: 0.3,
            quote_volume: 0.45,
            taker_buy_volume: 0.1,
            trade_count: 3,
            quality,
        }
    }

    fn told(row: u64) -> (i64, TallyRow) {
        let Candle {
            open_time_ns, open, high, low, close, volume, quote_volume, taker_buy_volume, trade_count, ..
        } = candle(row, Quality::FINAL);
        let row =
            TallyRow { open_time_ns, open, high, low, close, volume, quote_volume, taker_buy_volume, trade_count };
        (open_time_ns, row)
    }

    fn compare(rows: &[(u64, Candle)], account: &[u64]) -> Comparison {
        compare_after(false, rows, account)
    }

    fn compare_after(had_outages: bool, rows: &[(u64, Candle)], account: &[u64]) -> Comparison {
        let key: Key = "candles:kraken:BTC-USD:1m".parse().unwrap();
        let mut comparison = Comparison { had_outages, ..Comparison::default() };
        let rows = rows.iter().copied().collect();
        comparison.series(&key, &rows, &account.iter().map(|row| told(*row)).collect());
        comparison
    }

    fn good(row: u64) -> (u64, Candle) {
        (row, candle(row, Quality::FINAL))
    }

    #[test]
    fn equal_rows_agree_and_partial_ones_before_them_do_not_count() {
        let partial = (4, Candle { volume: 0.1, ..candle(4, Quality::FINAL.with(Quality::PARTIAL)) });
        let comparison = compare(&[partial, good(5), good(6)], &[4, 5, 6, 7]);
        assert!(comparison.agrees(), "{comparison:?}");
        assert_eq!((comparison.compared, comparison.equal), (2, 2));
    }

    #[test]
    fn what_history_brought_is_compared_as_far_as_the_venue_tells_it() {
        let venue = |row, volume| {
            let quality = Quality::FINAL.with(Quality::VENUE);
            let bare =
                Candle { quote_volume: f64::NAN, taker_buy_volume: f64::NAN, trade_count: 0, ..candle(row, quality) };
            (row, Candle { volume, ..bare })
        };
        let partial = (5, Candle { volume: 0.1, ..candle(5, Quality::FINAL.with(Quality::PARTIAL)) });
        let comparison = compare(&[venue(3, 0.3), venue(4, 0.3), partial, good(6)], &[3, 4, 5, 6]);
        assert!(comparison.agrees() && comparison.compared == 3, "{comparison:?}");
        assert!(!compare(&[venue(3, 0.3), venue(4, 0.2), partial, good(6)], &[3, 4, 5, 6]).agrees());
        assert!(!compare(&[venue(1, 0.3), venue(3, 0.3), good(4)], &[1, 2, 3, 4]).agrees(), "a row is missing");
    }

    #[test]
    fn a_quiet_interval_is_synthetic() {
        let quiet = Candle { volume: 0.0, quote_volume: 0.0, taker_buy_volume: 0.0, trade_count: 0, ..good(6).1 };
        let synthetic = Candle { quality: Quality::FINAL.with(Quality::SYNTHETIC), ..quiet };
        assert!(compare(&[good(5), (6, synthetic)], &[5]).agrees());
        assert!(!compare(&[good(5), (6, quiet)], &[5]).agrees(), "a gap is not a quiet market");
        assert!(!compare(&[good(5), (6, synthetic)], &[5, 6]).agrees(), "a traded interval is not quiet");
    }

    #[test]
    fn a_hole_before_the_first_trade_says_so_and_a_later_one_is_told() {
        let venue = |row| (row, candle(row, Quality::FINAL.with(Quality::VENUE)));
        let hole = |row| {
            let quality = Quality::FINAL.with_gap_ms(60_000);
            let nan = f64::NAN;
            (
                row,
                Candle {
                    open: nan,
                    high: nan,
                    low: nan,
                    close: nan,
                    volume: 0.0,
                    trade_count: 0,
                    ..candle(row, quality)
                },
            )
        };
        let partial = (5, Candle { volume: 0.1, ..candle(5, Quality::FINAL.with(Quality::PARTIAL)) });
        assert!(compare(&[venue(3), hole(4), partial, good(6), good(7)], &[3, 4, 5, 6, 7]).agrees());
        assert_eq!(compare(&[venue(3), partial, good(6), hole(7), good(8)], &[3, 5, 6, 7, 8]).different, 1);
    }

    #[test]
    fn after_an_outage_a_row_is_equal_or_carries_the_gap() {
        let short = Candle { volume: 0.1, trade_count: 1, ..good(6).1 };
        let honest = Candle { quality: short.quality.with_gap_ms(400), ..short };
        for (had_outages, row, different, with_gap) in
            [(true, honest, 0, 1), (true, short, 1, 0), (false, honest, 1, 0)]
        {
            let comparison = compare_after(had_outages, &[good(5), (6, row)], &[5, 6]);
            assert_eq!((comparison.different, comparison.with_gap), (different, with_gap), "{had_outages} {row:?}");
        }
    }

    #[test]
    fn one_bit_a_missing_row_and_a_late_partial_are_told() {
        let bit = Candle { volume: f64::from_bits(0.3_f64.to_bits() + 1), ..good(6).1 };
        let late = candle(6, Quality::FINAL.with(Quality::PARTIAL));
        for (rows, different, missing) in
            [(vec![good(5), (6, bit)], 1, 0), (vec![good(5), good(7)], 0, 1), (vec![good(5), (6, late)], 1, 0)]
        {
            let comparison = compare(&rows, &[5, 6, 7]);
            assert!(!comparison.agrees());
            assert_eq!((comparison.different, comparison.missing), (different, missing), "{rows:?}");
        }
        assert_eq!(compare(&[], &[5]).traded, 0, "nothing compared proves nothing: the summary says so");
    }
}
