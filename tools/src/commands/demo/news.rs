//! What a demo tells of its faults as they begin and end: what the plane makes of them, the plane says itself.

use std::time::{Duration, Instant};

use tickplane_model::format_time;
use tickplane_simulator::Fault;

use crate::commands::status::now_ns;

/// The faults of a demo that have yet to begin or end.
pub(super) struct News {
    start: Instant,
    /// When, and what is said then; the next last.
    coming: Vec<(Duration, String)>,
}

impl News {
    /// Of a simulation that starts now.
    pub(super) fn new(faults: &[Fault]) -> Self {
        let mut coming: Vec<(Duration, String)> = faults.iter().flat_map(events).collect();
        coming.sort_by(|a, b| b.cmp(a));
        Self { start: Instant::now(), coming }
    }

    /// What happened since it was last asked.
    pub(super) fn heard(&mut self) -> Vec<String> {
        self.until(self.start.elapsed()).into_iter().map(|text| format!("{} {text}", format_time(now_ns()))).collect()
    }

    fn until(&mut self, now: Duration) -> Vec<String> {
        let mut heard = Vec::new();
        while self.coming.last().is_some_and(|(at, _)| *at <= now) {
            heard.extend(self.coming.pop().map(|(_, text)| text));
        }
        heard
    }
}

/// The beginning of a fault, and its end if it lasts.
fn events(fault: &Fault) -> Vec<(Duration, String)> {
    let what = format!("fault {}:{}", fault.exchange, fault.kind);
    if fault.duration.is_zero() {
        return vec![(fault.at, format!("{what} strikes"))];
    }
    let seconds = fault.duration.as_secs_f64();
    vec![(fault.at, format!("{what} begins, for {seconds} s")), (fault.at + fault.duration, format!("{what} is over"))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_of_once_each_when_they_begin_and_end() {
        let faults = ["binance:silence@5+10", "kraken:disconnect@7:fin"].map(|text| text.parse().unwrap());
        let mut news = News::new(&faults);
        let mut at = |seconds| news.until(Duration::from_secs(seconds));
        assert_eq!(at(4), Vec::<String>::new());
        assert_eq!(at(8), ["fault binance:silence begins, for 10 s", "fault kraken:disconnect:fin strikes"]);
        assert_eq!(at(14), Vec::<String>::new());
        assert_eq!(at(60), ["fault binance:silence is over"]);
        assert_eq!(at(90), Vec::<String>::new());
    }
}
