//! The process: one cold thread that hears wishes, answers and notices, and acts on what control decides.
#![allow(
    clippy::disallowed_methods,
    reason = "this file is the cold thread: it measures its heartbeat and starts threads that ask venues"
)]

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use tickplane_control::{Action, Control, Input, Listing, Outcome, Wanted};
use tickplane_exchanges::{Exchange, Request};
use tickplane_model::{ExchangeId, Instrument, Product, Symbol};
use tickplane_runtimes::{Notice, Ringer, SystemClock};
use tickplane_segments::{HoldKind, Instance};
use tickplane_shards::{Clock, Happening, Report};

use crate::bell::BellThread;
use crate::config::{Config, HistoryRows, Reconcile};
use crate::control_socket::{ControlRequest, ControlSocket};
use crate::error::DaemonError;
use crate::fetch_pool::FetchPool;
use crate::gate::ConnectGate;
use crate::history::{Answered, Histories, History, Subject};
use crate::ledger::Ledger;
use crate::plane::Plane;
use crate::rest::Rest;
use crate::talk::Talk;
use crate::threads::Outside;
use crate::venue::{Venue, trusts, venues};

/// Answers that a listing takes at most: none of a venue's is nearly as long.
const PAGES_MAX: usize = 64;

/// How often the cold thread shows that the plane lives.
const HEARTBEAT: Duration = Duration::from_millis(100);

/// An exchange that was started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Started {
    /// The exchange.
    pub exchange: ExchangeId,
    /// The symbols it carries.
    pub symbols: Vec<Symbol>,
}

/// What came of a wish: the symbols, empty when an exchange was stopped, or why not.
type Reply = Result<Vec<Symbol>, String>;

enum Message {
    Wish(Input, Sender<Reply>),
    Listed(ExchangeId, Result<Vec<Listing>, String>),
    Candles(Answered),
    Shutdown { is_removing: bool },
}

/// A running plane. Dropped without [`Daemon::shutdown`], its threads end with the process.
pub struct Daemon {
    messages: Sender<Message>,
    cold: JoinHandle<()>,
    description: String,
}

impl Daemon {
    /// Takes the instance and starts the plane, idle. `talk` gets one line for people per event.
    ///
    /// # Errors
    /// When another plane holds the instance, or memory, permissions or config do not allow it.
    pub fn start(config: Config, talk: Sender<String>) -> Result<Self, DaemonError> {
        Self::start_with(config, tickplane_exchanges::all(), talk)
    }

    /// The same with these exchanges only, by their own account of what they are and allow.
    ///
    /// # Errors
    /// As [`Daemon::start`].
    pub fn start_with(
        config: Config,
        exchanges: &[&'static dyn Exchange],
        talk: Sender<String>,
    ) -> Result<Self, DaemonError> {
        let instance = Instance::new(config.root.as_deref(), &config.instance)?;
        let clock = SystemClock::new();
        let talk = Talk::new(talk);
        let trusts = trusts(&config, exchanges)?;
        let writer = Plane::take(&config, &instance, clock.now().epoch_ns)?;
        let ledger = Arc::new(ledger(&instance, &talk)?);
        let venues = venues(&config, exchanges, trusts, &ledger, &talk);
        let gate = Arc::new(ConnectGate::new(ledger, venues.values()));
        let fetches = Arc::new(FetchPool::new(venues.keys().copied()));
        let (notices, notice_inbox) = unbounded();
        let (ringer, sleep) = Ringer::new();
        let outside = Outside { gate: gate.clone(), fetcher: fetches.clone(), ringer, notices };
        let plane = Plane::start(&config, &instance, writer, &outside)?;
        let (messages, inbox) = unbounded();
        let socket = ControlSocket::listen(&instance, answering(messages.clone())).map_err(DaemonError::Control)?;
        let description = plane.description().to_owned();
        let control = Control::new(venues.values().map(|venue| (venue.exchange, wanted(&config, venue.id()))));
        let bell = BellThread::start(plane.bell(), sleep).map_err(DaemonError::Thread)?;
        let waiting = HashMap::new();
        let cold = Cold {
            histories: Histories::default(),
            config,
            plane,
            control,
            venues,
            gate,
            fetches,
            waiting,
            messages: messages.clone(),
            talk,
            clock,
        };
        let cold = std::thread::Builder::new()
            .name("cold".to_owned())
            .spawn(move || {
                // The socket goes first, so that no client asks a plane that is ending.
                let ending = cold.run(&inbox, &notice_inbox);
                drop(socket);
                ending.end();
                drop(bell);
            })
            .map_err(DaemonError::Thread)?;
        Ok(Self { messages, cold, description })
    }

    /// Which runtime, how many threads, how much memory: one line for people.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Starts an exchange and waits until its connections are under way.
    ///
    /// # Errors
    /// Why it does not run; it may be tried again by itself, and the text says so.
    pub fn start_exchange(&self, exchange: ExchangeId) -> Result<Started, String> {
        let symbols = wish(&self.messages, Input::Start(exchange))?;
        Ok(Started { exchange, symbols })
    }

    /// Stops an exchange: closes its connections, keeps what was published.
    ///
    /// # Errors
    /// When it does not run.
    pub fn stop_exchange(&self, exchange: ExchangeId) -> Result<(), String> {
        wish(&self.messages, Input::Stop(exchange)).map(drop)
    }

    /// Ends the plane: says goodbye to the venues, marks every segment closed, and removes the instance's files if
    /// asked to.
    pub fn shutdown(self, remove: bool) {
        // A cold thread that is gone has nothing left to do.
        let _ = self.messages.send(Message::Shutdown { is_removing: remove });
        let _ = self.cold.join();
    }
}

fn wish(messages: &Sender<Message>, input: Input) -> Reply {
    let (reply, answer) = bounded(1);
    let ended = || "the plane is ending".to_owned();
    messages.send(Message::Wish(input, reply)).map_err(|_| ended())?;
    answer.recv().map_err(|_| ended())?
}

/// How the control socket answers: in one line.
fn answering(messages: Sender<Message>) -> impl Fn(ControlRequest) -> Result<String, String> + Clone + Send + 'static {
    move |request| match request {
        ControlRequest::Start(exchange) => {
            let symbols = wish(&messages, Input::Start(exchange))?;
            Ok(format!("{exchange}: started with {}", list(&symbols)))
        }
        ControlRequest::Stop(exchange) => {
            wish(&messages, Input::Stop(exchange))?;
            Ok(format!("{exchange}: stopped"))
        }
    }
}

fn list(symbols: &[Symbol]) -> String {
    let names: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
    match names.len() {
        1 => format!("1 symbol: {}", names[0]),
        count => format!("{count} symbols: {}", names.join(" ")),
    }
}

/// The root's ledger of attempts; one in memory, said aloud, where the root has no room or no right for it.
fn ledger(instance: &Instance, talk: &Talk) -> Result<Ledger, DaemonError> {
    let root = instance.directory().parent().unwrap_or_else(|| instance.directory());
    Ledger::open(root).or_else(|error| {
        let root = root.display();
        talk.say(&format!("attempts are not kept over restarts: the ledger in {root} cannot be had: {error}"));
        Ledger::in_memory().map_err(DaemonError::Thread)
    })
}

fn wanted(config: &Config, id: ExchangeId) -> Wanted {
    let own = config.exchange(id);
    Wanted { symbols: own.symbols, top: own.top, products: own.products }
}

/// The cold thread.
struct Cold {
    config: Config,
    plane: Plane,
    histories: Histories,
    control: Control,
    venues: BTreeMap<ExchangeId, Venue>,
    gate: Arc<ConnectGate>,
    fetches: Arc<FetchPool>,
    /// Who waits for what comes of a wish.
    waiting: HashMap<ExchangeId, Vec<Sender<Reply>>>,
    messages: Sender<Message>,
    talk: Talk,
    clock: SystemClock,
}

impl Cold {
    /// Runs until told to shut down; the caller then ends what is left.
    fn run(mut self, inbox: &Receiver<Message>, notices: &Receiver<Notice>) -> Ending {
        let mut heartbeat = Instant::now();
        loop {
            crossbeam_channel::select! {
                recv(inbox) -> message => match message {
                    Ok(Message::Shutdown { is_removing }) => return Ending { cold: self, is_removing },
                    Ok(message) => self.message(message),
                    Err(_) => return Ending { cold: self, is_removing: false },
                },
                recv(notices) -> notice => {
                    if let Ok(notice) = notice {
                        self.notice(&notice);
                    }
                }
                default(HEARTBEAT.saturating_sub(heartbeat.elapsed())) => {}
            }
            if heartbeat.elapsed() >= HEARTBEAT {
                heartbeat = Instant::now();
                let now = self.clock.now();
                self.plane.heartbeat(now.epoch_ns);
                let actions = self.control.timeout(now.monotonic_ns);
                self.act(actions);
                for (id, fills) in self.histories.tick(now) {
                    self.plane.fill(id, fills);
                }
            }
        }
    }

    fn message(&mut self, message: Message) {
        let input = match message {
            Message::Wish(input, reply) => {
                let (Input::Start(id) | Input::Stop(id) | Input::Listed(id, _)) = &input;
                self.waiting.entry(*id).or_default().push(reply);
                input
            }
            Message::Listed(id, result) => Input::Listed(id, result),
            Message::Candles(answered) => {
                let id = answered.exchange;
                let fills = self.histories.answered(answered, self.clock.now());
                self.plane.fill(id, fills);
                return;
            }
            Message::Shutdown { .. } => return,
        };
        let actions = self.control.handle(input, self.clock.now().monotonic_ns);
        self.act(actions);
    }

    fn act(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::List(id) => self.list(id),
                Action::Launch(id, instruments) => {
                    let venue = &self.venues[&id];
                    let opened = self.fetches.open(id, &venue.rest).map_err(|error| format!("REST threads: {error}"));
                    if let Err(reason) = opened.and_then(|()| self.plane.launch(venue, &instruments)) {
                        let undone = self.control.handle(Input::Stop(id), self.clock.now().monotonic_ns);
                        drop(undone);
                        self.tell(id, Outcome::Failed { reason, retry_ms: None });
                        return;
                    }
                    // Trades flow without it.
                    if let Err(reason) = self.begin_history(id, instruments) {
                        self.say(&format!("{id}: no history, and no comparison with the venue's candles: {reason}"));
                    }
                }
                Action::Halt(id) => {
                    self.histories.end(id);
                    self.plane.halt(id);
                }
                Action::Tell(id, outcome) => self.tell(id, outcome),
            }
        }
    }

    /// Fills what is missing of an exchange's series, and compares them with the venue's, from now on.
    fn begin_history(&mut self, id: ExchangeId, instruments: Vec<Instrument>) -> Result<(), String> {
        if self.config.history == HistoryRows::Off && self.config.reconcile == Reconcile::Off {
            return Ok(());
        }
        let venue = &self.venues[&id];
        let subject = Subject { exchange: venue.exchange, instruments, rest: venue.rest.clone() };
        // One of an earlier start holds the record as long as it is there.
        self.histories.end(id);
        let (record, reader) = self.plane.history(id)?;
        let (messages, config, talk, now) = (&self.messages, &self.config, self.talk.clone(), self.clock.now());
        self.histories.start(id, |start| {
            let messages = messages.clone();
            // A plane that ended meanwhile needs no answer.
            let answer = move |ticket, answer| {
                drop(messages.send(Message::Candles(Answered { exchange: id, start, ticket, answer })));
            };
            History::begin(config, subject, reader, record, answer, talk, now)
        })
    }

    /// Asks the venue for its instruments, on a thread of its own: answers are large and venues slow.
    fn list(&mut self, id: ExchangeId) {
        let venue = &self.venues[&id];
        let (exchange, rest, products) = (venue.exchange, venue.rest.clone(), self.control.products(id));
        if let Err(error) = rest.show(|host| self.plane.rest(id, host)) {
            self.say(&format!("{id}: what is asked by REST is not shown: {error}"));
        }
        for product in &products {
            self.say(&format!("{id}: listing instruments ({product}) from {}", rest.host(*product)));
        }
        let messages = self.messages.clone();
        let asking = move || {
            let listings = products.into_iter().map(|product| list_product(exchange, &rest, product)).collect();
            // A plane that ended meanwhile needs no answer.
            let _ = messages.send(Message::Listed(id, listings));
        };
        if let Err(error) = std::thread::Builder::new().name(format!("list-{id}")).spawn(asking) {
            let _ = self.messages.send(Message::Listed(id, Err(format!("no thread to ask with: {error}"))));
        }
    }

    fn tell(&mut self, id: ExchangeId, outcome: Outcome) {
        let reply = match outcome {
            Outcome::Started(symbols) => {
                self.say(&format!("{id}: subscribing {}", list(&symbols)));
                Ok(symbols)
            }
            Outcome::Stopped => {
                self.say(&format!("{id}: stopped"));
                Ok(Vec::new())
            }
            Outcome::AlreadyRunning => Err(format!("{id} runs already")),
            Outcome::AlreadyStarting => Err(format!("{id} is being started already")),
            Outcome::NotRunning => Err(format!("{id} does not run")),
            Outcome::Failed { reason, retry_ms } => {
                let retry = retry_ms.map_or(String::new(), |ms| format!("; next try in {} s", ms / 1_000));
                let text = format!("{id}: not started: {reason}{retry}");
                self.say(&text);
                Err(text)
            }
        };
        for waiting in self.waiting.remove(&id).unwrap_or_default() {
            // Who asked may have gone.
            let _ = waiting.send(reply.clone());
        }
    }

    fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::Report(report) => {
                self.obey(report);
                self.say(&sentence(report));
            }
            Notice::Delayed { host, wait, hold } => {
                let seconds = wait.as_secs_f64();
                let why = match hold {
                    HoldKind::Ban => "as long as the venue wants nobody",
                    HoldKind::Limit | HoldKind::Backoff => "to stay within the venue's limit",
                };
                self.say(&format!("{host}: the next attempt waits {seconds:.1} s {why}"));
            }
            Notice::FellBack { thread, wanted, used, reason } => {
                self.say(&format!("thread {thread}: runtime {wanted} is refused: {reason}; it runs on {used}"));
            }
            Notice::Panicked { thread, is_final: false } => {
                self.say(&format!("thread {thread} met a defect and started over: a shard opens its connections anew, candles say what is missing"));
            }
            Notice::Panicked { thread, is_final: true } => {
                self.say(&format!("thread {thread} met defects again and again and ended; restart the plane"));
            }
        }
    }

    /// What one connection was told holds for all of the venue's, and for those of the next start.
    fn obey(&self, report: &Report) {
        if let Happening::Closed { reason, retry_ms: Some(ms) } = &report.what
            && reason.stay_away().is_some_and(|stay| !stay.is_of_host)
            && let Err(error) = self.gate.close(report.exchange, *ms)
        {
            self.say(&format!("{}: a restart will not know that the venue asked to wait: {error}", report.exchange));
        }
    }

    fn say(&self, text: &str) {
        self.talk.say(text);
    }
}

/// Asks a venue for the instruments of a product, page after page.
fn list_product(exchange: &dyn Exchange, rest: &Rest, product: Product) -> Result<Listing, String> {
    let ask = |request: &Request| rest.ask(request).map_err(|error| format!("{}: {error}", rest.host(request.product)));
    let mut answers = exchange.instrument_requests(product).iter().map(ask).collect::<Result<Vec<_>, _>>()?;
    while answers.len() < PAGES_MAX
        && let Some(request) = exchange.next_instrument_request(product, &answers)
    {
        answers.push(ask(&request)?);
    }
    Ok(Listing { product, answers })
}

/// What is left of a plane that was told to end.
struct Ending {
    cold: Cold,
    is_removing: bool,
}

impl Ending {
    fn end(self) {
        let Self { cold, is_removing } = self;
        let Cold { plane, talk, clock, .. } = cold;
        if let Err(error) = plane.shutdown(is_removing, clock.now().epoch_ns) {
            talk.say(&error);
        }
    }
}

fn sentence(report: &Report) -> String {
    let id = report.exchange;
    match &report.what {
        Happening::Connected { host, instruments } => format!("{id}: connected to {host} for {instruments} symbols"),
        Happening::Refused { text } => format!("{id}: the venue refused {text}"),
        Happening::Stream { symbol, change } => format!("{id}: {symbol}: {change}"),
        Happening::Closed { reason, retry_ms: None } => format!("{id}: connection closed: {reason}"),
        Happening::Closed { reason, retry_ms: Some(ms) } => {
            format!("{id}: connection closed: {reason}; next attempt in {ms} ms")
        }
    }
}
