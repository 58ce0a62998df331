//! What was fetched of the exchanges' candles, and how their own compare with ours.

use tickplane_model::ExchangeId;
use tickplane_segments::{HistoryCounter, HistoryStatus, Plane};

use super::Record;
use crate::failure::Failure;
use crate::output::{Cell, Sheet};

/// The histories of a plane, each with the key of the series that differs most.
pub(super) struct Histories(Vec<(HistoryStatus, Option<String>)>);

impl Histories {
    pub(super) fn read(plane: &Plane, only: Option<ExchangeId>) -> Self {
        let wanted = |history: &HistoryStatus| only.is_none_or(|id| history.exchange == id);
        let named = |history: HistoryStatus| {
            let key = history.worst_entry.and_then(|entry| plane.key_of(history.exchange, entry).ok().flatten());
            (history, key.map(|key| key.to_string()))
        };
        Self(plane.histories().into_iter().filter(wanted).map(named).collect())
    }

    pub(super) fn records(&self) -> impl Iterator<Item = Record> {
        self.0.iter().map(|(history, worst)| {
            let mut fields = vec![
                ("series", Cell::count(history.series)),
                ("filled", Cell::count(history.filled)),
                ("requests_left", Cell::count(history.requests_left)),
                ("eta_ns", Cell::count(history.eta_ns)),
            ];
            fields.extend(history.counters.iter().map(|(counter, count)| (counter.as_str(), Cell::count(*count))));
            fields.extend([
                ("price_difference_max", Cell::Number(history.price_difference_max)),
                ("volume_difference_max", Cell::Number(history.volume_difference_max)),
                ("worst", worst.as_ref().map_or(Cell::None, Cell::text)),
            ]);
            Record { kind: "history", name: history.exchange.to_string(), fields }
        })
    }

    pub(super) fn lines(&self) -> Result<(), Failure> {
        if !self.0.is_empty() {
            Sheet::line("")?;
        }
        for (history, worst) in &self.0 {
            Sheet::line(&sentence(history, worst.as_deref()))?;
        }
        Ok(())
    }
}

fn sentence(history: &HistoryStatus, worst: Option<&str>) -> String {
    let HistoryStatus { exchange, series, filled, requests_left, .. } = history;
    let count = |counter| history.count(counter);
    let mut text = format!("history {exchange}: {filled} of {series} series");
    if *requests_left > 0 {
        text.push_str(&format!(", {requests_left} requests left, about {} s", history.eta_ns.div_ceil(1_000_000_000)));
    }
    let failures = match count(HistoryCounter::Failures) {
        0 => String::new(),
        failures => format!(", {failures} of its requests failed"),
    };
    let (equal, different) = (count(HistoryCounter::Equal), count(HistoryCounter::Different));
    text.push_str(&format!(
        "; {} rows fetched{failures}; compared with the venue's: {equal} equal, {different} different",
        count(HistoryCounter::Fetched)
    ));
    if different > 0 {
        text.push_str(&format!(
            " ({} repaired), prices by {:.2e} and volumes by {:.2e} at most, worst {}",
            count(HistoryCounter::Repaired),
            history.price_difference_max,
            history.volume_difference_max,
            worst.unwrap_or("a series that is gone")
        ));
    }
    text
}
