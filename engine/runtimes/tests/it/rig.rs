//! A thread with one Kraken connection over a plain socket, and the peer it connects to.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, unbounded};
use rustls::{ClientConfig, RootCertStore};
use tickplane_model::ExchangeId;
use tickplane_runtimes::{Command, Gate, Notice, Resolver, Runtime, SystemClock, Thread, ThreadSpec, spawn};
use tickplane_segments::{Instance, PlaneShape, PlaneWriter};
use tickplane_shards::{Address, Clock, ConnectionSpec, Happening, Shard};
use tungstenite::handshake::derive_accept_key;

/// The most that anything here may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

pub(crate) struct Rig {
    pub(crate) thread: Thread,
    notices: Receiver<Notice>,
    _writer: PlaneWriter,
    _root: tempfile::TempDir,
}

impl Rig {
    /// A thread that begins to connect to `url`.
    pub(crate) fn start(runtime: Runtime, url: &str, gate: Option<Arc<dyn Gate>>) -> Self {
        let root = tempfile::tempdir().unwrap();
        let instance = Instance::new(Some(root.path()), "rig").unwrap();
        let start_ns = SystemClock::new().now().epoch_ns;
        let mut writer = PlaneWriter::open(&instance, &PlaneShape::default(), start_ns).unwrap();
        let (events, health) = (writer.events("shard-0").unwrap(), writer.thread("shard-0").unwrap());
        let (told, notices) = unbounded();
        let spec = ThreadSpec {
            name: format!("shard-{runtime}"),
            runtime,
            core: None,
            shard: Some(Shard::new(Vec::new(), events, health, 200)),
            worker: None,
            workers: Vec::new(),
            resolver: Resolver::start(gate).unwrap(),
            fetcher: None,
            bell: writer.bell(),
            ringer: None,
            notices: told,
        };
        let thread = spawn(spec).unwrap();
        let connection = connection(&mut writer, url);
        let (done, _) = crossbeam_channel::bounded(0);
        thread.waking().send(Command::AddConnections(vec![connection], done));
        Self { thread, notices, _writer: writer, _root: root }
    }

    /// Waits for the first notice that `pick` takes.
    pub(crate) fn hear<T>(&self, what: &str, pick: impl Fn(&Notice) -> Option<T>) -> T {
        loop {
            let notice = self.notices.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("{what}: nothing heard"));
            if let Some(picked) = pick(&notice) {
                return picked;
            }
        }
    }

    /// Waits until the connection closed; returns why.
    pub(crate) fn closed(&self) -> String {
        self.hear("a closed connection", |notice| match notice {
            Notice::Report(report) => match &report.what {
                Happening::Closed { reason, .. } => Some(reason.to_string()),
                _ => None,
            },
            _ => None,
        })
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.thread.waking().send(Command::Stop);
        self.thread.clone().join();
    }
}

fn connection(writer: &mut PlaneWriter, url: &str) -> ConnectionSpec {
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    ConnectionSpec {
        exchange: tickplane_exchanges::exchange(ExchangeId::Kraken).unwrap(),
        addresses: vec![Address::parse(url).unwrap()],
        grant: None,
        has_trades: true,
        route: "",
        headers: Vec::new(),
        tls: Arc::new(tls),
        instruments: Arc::new([]),
        health: writer.connection(ExchangeId::Kraken, "kraken #1").unwrap(),
        trial_ms: tickplane_shards::TRIAL_MS,
        first_attempt_ms: 0,
        seed: 7,
    }
}

/// A port of this machine that nobody listens on.
pub(crate) fn refusing() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// The venue's end.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
}

impl Peer {
    /// Takes the next connection and answers its upgrade.
    pub(crate) fn accept(listener: &TcpListener) -> Self {
        listener.set_nonblocking(true).unwrap();
        let start = Instant::now();
        let mut stream = loop {
            match listener.accept() {
                Ok((stream, _)) => break stream,
                Err(error) => assert!(start.elapsed() < LIMIT, "nobody connects: {error}"),
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        let request = String::from_utf8(request).unwrap();
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap().trim();
        let accept = derive_accept_key(key.as_bytes());
        write!(
            stream,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        )
        .unwrap();
        Self { stream }
    }

    /// The next frame the client sends: its opcode and its payload, unmasked. `None` at the end of the stream.
    pub(crate) fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut head = [0; 2];
        self.stream.read_exact(&mut head).ok()?;
        let mut length = usize::from(head[1] & 0x7f);
        if length == 126 {
            let mut long = [0; 2];
            self.stream.read_exact(&mut long).unwrap();
            length = usize::from(u16::from_be_bytes(long));
        }
        assert!(length < 1 << 16 && head[1] & 0x80 != 0, "a client masks its frames");
        let (mut mask, mut payload) = ([0; 4], vec![0; length]);
        self.stream.read_exact(&mut mask).unwrap();
        self.stream.read_exact(&mut payload).unwrap();
        payload.iter_mut().enumerate().for_each(|(at, byte)| *byte ^= mask[at % 4]);
        Some((head[0] & 0x0f, payload))
    }
}
