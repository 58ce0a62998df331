//! One exchange's REST host: what is asked of it stays within its limits, and it is left alone when it says so.
#![allow(clippy::disallowed_methods, reason = "whoever asks a venue may have to wait first")]

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tickplane_control::Budget;
use tickplane_exchanges::{Exchange, Meta, Rate, Request};
use tickplane_model::Product;
use tickplane_runtimes::SystemClock;
use tickplane_segments::{RestCounter, RestRecord};
use tickplane_shards::{Clock, FetchError, Now};

use crate::https::{Https, HttpsError};
use crate::ledger::Ledger;
use crate::talk::Talk;
use crate::trust::Trust;

/// How long to stay away where the venue does not say: too many requests (429), an IP that is banned for going on
/// (418, Binance: from two minutes up), a firewall that takes us for an attacker (403), a region that is not served (451).
const TOO_MANY_S: u32 = 30;
const BANNED_S: u32 = 120;
const FORBIDDEN_S: u32 = 300;
/// The longest that we stay away, whatever is said: Binance bans for three days at most.
const STAY_S_MAX: u32 = 3 * 86_400;
/// How long a question waits for room in the budget if nothing else was agreed.
const WAIT_NS_MAX: u64 = 30_000_000_000;
/// What a venue without a stated limit is taken to allow: its number is unknown, not endless.
const RATE_UNKNOWN: Rate = Rate { count: 10, per_ms: 1_000 };

/// How soon a question that gave way to another looks again.
const GIVE_WAY_NS: u64 = 20_000_000;
/// What the plane takes of the venue's limit, which is per IP: the user's own programs ask from the same one.
const SHARE_PERCENT: u32 = 50;

/// A market's hosts, and what they allow.
struct Site {
    /// The preferred one first. Whoever is refused at one for where it is goes on to the next.
    hosts: Vec<Host>,
    /// Under which the ledger keeps the venue's bans.
    key: String,
    budget: Mutex<Budget>,
    /// What readers see, from when the exchange is started on.
    record: OnceLock<Mutex<RestRecord>>,
}

struct Host {
    base: String,
    https: Https,
    /// Until when it is left alone because it does not serve this address, by the monotonic clock.
    barred_until_ns: AtomicU64,
}

/// Asks one exchange, for every thread that has a question.
pub(crate) struct Rest {
    exchange: &'static dyn Exchange,
    /// Each host once.
    sites: Vec<Site>,
    /// Which of them each market of the exchange is asked at.
    site_of_market: Vec<usize>,
    /// Questions that wait for room in the budget and go before any history.
    urgent: AtomicU32,
    ledger: Arc<Ledger>,
    talk: Talk,
}

impl Rest {
    /// `base` tells where each market is asked.
    pub(crate) fn new(
        exchange: &'static dyn Exchange,
        base: impl Fn(&Meta) -> String,
        trust: &Trust,
        ledger: Arc<Ledger>,
        talk: Talk,
    ) -> Self {
        let (mut sites, mut site_of_market) = (Vec::<Site>::new(), Vec::new());
        for meta in exchange.markets() {
            let base = base(meta);
            let at = sites.iter().position(|site| site.hosts[0].base == base).unwrap_or_else(|| {
                sites.push(Site::new(exchange, meta, &base, trust));
                sites.len() - 1
            });
            site_of_market.push(at);
        }
        Self { exchange, sites, site_of_market, urgent: AtomicU32::new(0), ledger, talk }
    }

    /// Where a product's market is asked.
    pub(crate) fn host(&self, product: Product) -> &str {
        &self.site(product).host().base
    }

    /// Opens the record of each host that has none as yet.
    ///
    /// # Errors
    /// When there is no room for one: it is asked all the same.
    pub(crate) fn show(&self, mut open: impl FnMut(&str) -> Result<RestRecord, String>) -> Result<(), String> {
        for site in self.sites.iter().filter(|site| site.record.get().is_none()) {
            let base = &site.hosts[0].base;
            let mut record = open(base.split_once("://").map_or(base.as_str(), |(_, host)| host))?;
            let now_ns = SystemClock::new().now().epoch_ns;
            // An earlier plane may have been told to stay away.
            if let Ok(closed) = self.ledger.closed_for(&site.key, now_ns)
                && !closed.is_zero()
            {
                record.closed(now_ns + closed.as_nanos() as i64);
            }
            // Only the cold thread opens them.
            let _ = site.record.set(Mutex::new(record));
        }
        Ok(())
    }

    /// That of the main market for a product that is not carried, as [`Exchange::market`] has it.
    fn site(&self, product: Product) -> &Site {
        let markets = self.exchange.markets();
        let at = markets.iter().position(|market| market.products.contains(&product)).unwrap_or(0);
        &self.sites[self.site_of_market[at]]
    }

    /// Sends one request when the budget allows it, and waits for the answer.
    pub(crate) fn ask(&self, request: &Request) -> Result<Vec<u8>, FetchError> {
        self.ask_until(request, now_ns() + WAIT_NS_MAX)
    }

    /// The same for what can wait: nothing goes out while another question waits for room in the budget.
    pub(crate) fn ask_in_spare_time(&self, request: &Request) -> Result<Vec<u8>, FetchError> {
        self.ask_aside(request, now_ns() + WAIT_NS_MAX)
    }

    /// Sends one request when the budget allows it, if that is before a time of the monotonic clock.
    pub(crate) fn ask_until(&self, request: &Request, until_ns: u64) -> Result<Vec<u8>, FetchError> {
        self.urgent.fetch_add(1, Ordering::Relaxed);
        let turn = self.turn(request, until_ns, || false);
        self.urgent.fetch_sub(1, Ordering::Relaxed);
        turn?;
        self.send(request)
    }

    /// The same in spare time.
    pub(crate) fn ask_aside(&self, request: &Request, until_ns: u64) -> Result<Vec<u8>, FetchError> {
        self.turn(request, until_ns, || self.urgent.load(Ordering::Relaxed) > 0)?;
        self.send(request)
    }

    fn send(&self, request: &Request) -> Result<Vec<u8>, FetchError> {
        let site = self.site(request.product);
        loop {
            let host = site.host();
            site.record(|record| record.count(RestCounter::Requests));
            let answer = host.https.fetch(request);
            site.record(|record| match &answer {
                Ok(_) => record.answered(200, SystemClock::new().now().epoch_ns),
                Err(HttpsError::Failed(_)) => record.count(RestCounter::Failures),
                Err(HttpsError::Status { status, .. }) => record.answered(*status, SystemClock::new().now().epoch_ns),
            });
            let (status, retry_after_s, text) = match answer {
                Ok(answer) => return Ok(answer),
                Err(HttpsError::Failed(text)) => return Err(FetchError::Failed(text)),
                Err(HttpsError::Status { status, retry_after_s, text }) => (status, retry_after_s, text),
            };
            let Some(seconds) = stay_away_s(status, retry_after_s) else { return Err(FetchError::Failed(text)) };
            if matches!(status, 403 | 451) && site.hosts.len() > 1 {
                host.barred_until_ns.store(now_ns() + u64::from(seconds) * 1_000_000_000, Ordering::Relaxed);
                let next = site.host();
                if !next.is_barred() {
                    self.talk.say(&format!("{}: {text}; {} is asked instead", host.base, next.base));
                    continue;
                }
            }
            self.close(site, seconds, &text);
            return Err(FetchError::RetryAfter { seconds });
        }
    }

    /// Waits until the budget has room and nobody goes before; fails where that takes too long, and while the venue
    /// wants no requests.
    fn turn(&self, request: &Request, until_ns: u64, is_held_back: impl Fn() -> bool) -> Result<(), FetchError> {
        let (clock, site) = (SystemClock::new(), self.site(request.product));
        loop {
            let now = clock.now();
            // A ledger that cannot be read says nothing; the venue repeats itself.
            let closed = self.ledger.closed_for(&site.key, now.epoch_ns).unwrap_or_default();
            if !closed.is_zero() {
                site.record(|record| record.count(RestCounter::Closed));
                return Err(FetchError::RetryAfter { seconds: closed.as_secs() as u32 + 1 });
            }
            let spent = if is_held_back() { Err(GIVE_WAY_NS) } else { site.spend(request.weight, now) };
            let wait_ns = match spent {
                Ok(()) => return Ok(()),
                Err(wait_ns) => wait_ns,
            };
            if now.monotonic_ns + wait_ns > until_ns {
                site.record(|record| record.count(RestCounter::NoRoom));
                return Err(FetchError::NoRoom { seconds: wait_ns.div_ceil(1_000_000_000) as u32 });
            }
            std::thread::sleep(Duration::from_nanos(wait_ns));
        }
    }

    fn close(&self, site: &Site, seconds: u32, text: &str) {
        let now_ns = SystemClock::new().now().epoch_ns;
        let until_ns = now_ns + i64::from(seconds) * 1_000_000_000;
        let kept = match self.ledger.close(&site.key, until_ns, now_ns) {
            Ok(()) => String::new(),
            Err(error) => format!("; a restart will not know: {error}"),
        };
        site.record(|record| record.closed(until_ns));
        self.talk.say(&format!("{}: no requests for {seconds} s: {text}{kept}", site.host().base));
    }
}

impl Site {
    fn new(exchange: &dyn Exchange, meta: &Meta, base: &str, trust: &Trust) -> Self {
        let own = if base == exchange.meta().rest { String::new() } else { format!(" {base}") };
        let budget = Budget::new(meta.limits.requests.or(Some(RATE_UNKNOWN)), SHARE_PERCENT);
        let key = format!("{} rest{own}", meta.id);
        let is_own = base == meta.rest;
        let others = if is_own { exchange.other_rest(meta) } else { &[] };
        let host = |base: &str| Host {
            base: base.to_owned(),
            https: Https::new(base, trust),
            barred_until_ns: AtomicU64::new(0),
        };
        let hosts = std::iter::once(base).chain(others.iter().copied()).map(host).collect();
        Self { hosts, key, budget: Mutex::new(budget), record: OnceLock::new() }
    }

    /// The first host that is not barred; the preferred one where all are.
    fn host(&self) -> &Host {
        self.hosts.iter().find(|host| !host.is_barred()).unwrap_or(&self.hosts[0])
    }

    fn record(&self, tell: impl FnOnce(&mut RestRecord)) {
        if let Some(record) = self.record.get() {
            tell(&mut record.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn spend(&self, weight: u32, now: Now) -> Result<(), u64> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner).spend(weight, now.monotonic_ns)
    }
}

impl Host {
    fn is_barred(&self) -> bool {
        now_ns() < self.barred_until_ns.load(Ordering::Relaxed)
    }
}

/// The monotonic clock.
fn now_ns() -> u64 {
    SystemClock::new().now().monotonic_ns
}

/// How long an answer tells us to stay away; `None` if it is an ordinary failure.
fn stay_away_s(status: u16, retry_after_s: Option<u32>) -> Option<u32> {
    let unsaid_s = match status {
        429 => Some(TOO_MANY_S),
        418 => Some(BANNED_S),
        403 | 451 => Some(FORBIDDEN_S),
        // A venue under load says when to come back, or is asked again like any other that failed.
        503 => None,
        _ => return None,
    };
    retry_after_s.map(|seconds| seconds.clamp(1, STAY_S_MAX)).or(unsaid_s)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    use tickplane_model::ExchangeId;

    use super::*;

    /// A host that gives each answer once, in order; returns its address and, in the end, how often it was asked.
    fn host(answers: &'static [&'static str]) -> (String, std::thread::JoinHandle<usize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let asked = std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
                write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok").unwrap();
            }
            drop(listener);
            answers.len()
        });
        (base, asked)
    }

    fn rest(base: &str, ledger: &Arc<Ledger>) -> Rest {
        let exchange = tickplane_exchanges::exchange(ExchangeId::Binance).unwrap();
        let talk = Talk::new(crossbeam_channel::unbounded().0);
        Rest::new(exchange, |_| base.to_owned(), &Trust::load(None).unwrap(), ledger.clone(), talk)
    }

    fn ask(rest: &Rest) -> Result<Vec<u8>, FetchError> {
        rest.ask(&Request::get("/api/v3/trades", 1))
    }

    #[test]
    fn a_venue_that_wants_to_be_left_alone_is_and_a_restart_knows() {
        let (base, asked) = host(&["200 OK", "429 Too Many Requests\r\nRetry-After: 2", "200 OK"]);
        let ledger = Arc::new(Ledger::in_memory().unwrap());
        let first = rest(&base, &ledger);
        assert_eq!(ask(&first), Ok(b"ok".to_vec()));
        assert_eq!(ask(&first), Err(FetchError::RetryAfter { seconds: 2 }));
        let again = rest(&base, &ledger);
        for rest in [&first, &again] {
            assert!(matches!(ask(rest), Err(FetchError::RetryAfter { seconds: 1..=2 })), "asked no more");
        }
        std::thread::sleep(Duration::from_millis(2_100));
        assert_eq!(ask(&again), Ok(b"ok".to_vec()));
        assert_eq!(asked.join().unwrap(), 3);
    }

    #[test]
    fn a_date_to_come_back_at_is_obeyed() {
        let (base, asked) = host(&[
            "429 Too Many Requests\r\nDate: Sun, 06 Nov 1994 08:49:30 GMT\r\nRetry-After: Sunday, 06-Nov-94 08:49:37 GMT",
        ]);
        let rest = rest(&base, &Arc::new(Ledger::in_memory().unwrap()));
        assert_eq!(ask(&rest), Err(FetchError::RetryAfter { seconds: 7 }));
        assert!(matches!(ask(&rest), Err(FetchError::RetryAfter { seconds: 6..=7 })), "asked no more");
        assert_eq!(asked.join().unwrap(), 1);
    }

    #[test]
    fn a_host_that_refuses_the_region_gives_way_to_the_next() {
        let (first, asked_first) = host(&["451 Unavailable For Legal Reasons"]);
        let (second, asked_second) = host(&["200 OK", "200 OK", "403 Forbidden"]);
        let mut rest = rest(&first, &Arc::new(Ledger::in_memory().unwrap()));
        let https = Https::new(&second, &Trust::load(None).unwrap());
        rest.sites[0].hosts.push(Host { base: second.clone(), https, barred_until_ns: AtomicU64::new(0) });
        assert_eq!(ask(&rest), Ok(b"ok".to_vec()), "at once");
        assert_eq!(rest.host(Product::Spot), second);
        assert_eq!(ask(&rest), Ok(b"ok".to_vec()), "and from then on");
        assert_eq!(ask(&rest), Err(FetchError::RetryAfter { seconds: 300 }), "no host is left");
        assert!(matches!(ask(&rest), Err(FetchError::RetryAfter { .. })), "asked no more");
        assert_eq!((asked_first.join().unwrap(), asked_second.join().unwrap()), (1, 3));
    }

    #[test]
    fn an_ordinary_failure_keeps_nobody_away() {
        let (base, asked) = host(&["500 Oops", "200 OK"]);
        let rest = rest(&base, &Arc::new(Ledger::in_memory().unwrap()));
        let Err(FetchError::Failed(text)) = ask(&rest) else { panic!("a failure") };
        assert!(text.contains("/api/v3/trades") && text.contains("500"), "{text}");
        assert_eq!(ask(&rest), Ok(b"ok".to_vec()));
        asked.join().unwrap();
        let Err(FetchError::Failed(text)) = ask(&rest) else { panic!("a failure") };
        assert!(text.contains("127.0.0.1"), "{text}");
    }

    #[test]
    fn what_can_wait_gives_way() {
        let (base, asked) = host(&["200 OK"]);
        let rest = rest(&base, &Arc::new(Ledger::in_memory().unwrap()));
        rest.urgent.fetch_add(1, Ordering::Relaxed);
        let start = SystemClock::new().now().monotonic_ns;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(150));
                rest.urgent.fetch_sub(1, Ordering::Relaxed);
            });
            assert_eq!(rest.ask_in_spare_time(&Request::get("/api/v3/klines", 2)), Ok(b"ok".to_vec()));
        });
        assert!(SystemClock::new().now().monotonic_ns >= start + 150_000_000);
        assert_eq!(asked.join().unwrap(), 1);
    }

    #[test]
    fn more_than_our_share_is_not_asked_and_what_waits_in_vain_knows_for_how_long() {
        // Half of Binance's 6,000 a minute.
        let (base, asked) = host(&["200 OK", "200 OK"]);
        let rest = rest(&base, &Arc::new(Ledger::in_memory().unwrap()));
        let heavy = Request::get("/api/v3/trades", 1_500);
        let soon = || now_ns() + 200_000_000;
        assert!(rest.ask_until(&heavy, soon()).is_ok() && rest.ask_aside(&heavy, soon()).is_ok());
        for refused in [rest.ask_until(&heavy, soon()), rest.ask_aside(&heavy, soon())] {
            assert!(matches!(refused, Err(FetchError::NoRoom { seconds: 55..=61 })), "{refused:?}");
        }
        assert_eq!((asked.join().unwrap(), rest.urgent.load(Ordering::Relaxed)), (2, 0));
    }

    #[test]
    fn how_long_an_answer_keeps_us_away() {
        for (status, retry_after_s, stay) in [
            (429, None, Some(30)),
            (429, Some(7), Some(7)),
            (429, Some(0), Some(1)),
            (418, None, Some(120)),
            (418, Some(600), Some(600)),
            (403, None, Some(300)),
            (451, None, Some(300)),
            (503, Some(20), Some(20)),
            (503, None, None),
            (500, Some(20), None),
            (404, None, None),
            (429, Some(u32::MAX), Some(259_200)),
        ] {
            assert_eq!(stay_away_s(status, retry_after_s), stay, "{status} {retry_after_s:?}");
        }
    }
}
