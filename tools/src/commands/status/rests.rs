//! What was asked of the exchanges by REST, and whether they may be asked.

use tickplane_model::{ExchangeId, NS_PER_SECOND};
use tickplane_segments::{Plane, RestCounter, RestStatus};

use super::{Record, duration};
use crate::failure::Failure;
use crate::output::{Cell, Sheet};

/// The hosts of the exchanges asked for.
pub(super) struct Rests(Vec<RestStatus>);

impl Rests {
    pub(super) fn read(plane: &Plane, only: Option<ExchangeId>) -> Self {
        let wanted = |rest: &RestStatus| only.is_none_or(|id| rest.exchange == id);
        Self(plane.rests().into_iter().filter(wanted).collect())
    }

    pub(super) fn records(&self, now_ns: i64) -> impl Iterator<Item = Record> {
        self.0.iter().map(move |rest| {
            let mut fields = vec![
                ("exchange", Cell::text(rest.exchange)),
                ("host", Cell::text(&rest.host)),
                ("state", Cell::text(state(rest, now_ns))),
                ("closed_until_ns", Cell::Integer(rest.closed_until_ns)),
                ("last_answer_ns", Cell::Integer(rest.last_answer_ns)),
                ("last_status", Cell::count(rest.last_status)),
            ];
            fields.extend(rest.counters.iter().map(|(counter, count)| (counter.as_str(), Cell::count(*count))));
            Record { kind: "rest", name: format!("{} {}", rest.exchange, rest.host), fields }
        })
    }

    pub(super) fn lines(&self, now_ns: i64) -> Result<(), Failure> {
        if !self.0.is_empty() {
            Sheet::line("")?;
        }
        self.0.iter().try_for_each(|rest| Ok(Sheet::line(&sentence(rest, now_ns))?))
    }
}

fn state(rest: &RestStatus, now_ns: i64) -> &'static str {
    match (rest.closed_until_ns > now_ns, rest.count(RestCounter::Requests)) {
        (true, _) => "held",
        (false, 0) => "idle",
        (false, _) => "open",
    }
}

fn sentence(rest: &RestStatus, now_ns: i64) -> String {
    let RestStatus { exchange, host, .. } = rest;
    let mut text = format!("rest {exchange} {host}: {}", state(rest, now_ns));
    if rest.closed_until_ns > now_ns {
        let seconds = (rest.closed_until_ns - now_ns) / NS_PER_SECOND;
        text.push_str(&format!(" at the exchange's word for {} more (HTTP {})", duration(seconds), rest.last_status));
    }
    let counts = rest.counters.iter().filter(|(_, count)| *count > 0);
    let counts: Vec<String> = counts.map(|(counter, count)| format!("{} {count}", counter.as_str())).collect();
    if !counts.is_empty() {
        text.push_str(&format!("; {}", counts.join(", ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_wants_nothing_says_until_when_and_what_it_answered() {
        let counters = vec![(RestCounter::Requests, 9), (RestCounter::Answers, 8), (RestCounter::Status429, 1)];
        let (exchange, host) = (ExchangeId::Kraken, "api.kraken.com".to_owned());
        let rest = RestStatus {
            exchange,
            host,
            closed_until_ns: 90 * NS_PER_SECOND,
            last_answer_ns: 60 * NS_PER_SECOND,
            last_status: 429,
            counters,
        };
        assert_eq!(
            sentence(&rest, 60 * NS_PER_SECOND),
            "rest kraken api.kraken.com: held at the exchange's word for 30 s more (HTTP 429); requests 9, answers 8, status-429 1"
        );
        assert_eq!(state(&rest, 90 * NS_PER_SECOND), "open");
        let idle = RestStatus { counters: Vec::new(), ..rest };
        assert_eq!(sentence(&idle, 90 * NS_PER_SECOND), "rest kraken api.kraken.com: idle");
    }
}
