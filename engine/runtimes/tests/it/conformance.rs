//! What a connection may rely on, whatever waits for its socket.

use std::io::Write;
use std::net::{Shutdown, TcpListener};
use std::process::Command as Process;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::process::{Resource, Rlimit, setrlimit};
use tickplane_runtimes::{Booking, Command, Gate, Notice, Runtime, probe};
use tickplane_segments::HoldKind;

use crate::rig::{LIMIT, Peer, Rig, refusing};

/// One test of each scenario on each runtime; one that the machine refuses is skipped aloud.
macro_rules! on_every_runtime {
    ($($scenario:ident),* $(,)?) => {
        on_every_runtime!(@ poll Poll: $($scenario)*);
        on_every_runtime!(@ park Park: $($scenario)*);
        on_every_runtime!(@ glommio Glommio: $($scenario)*);
    };
    (@ $module:ident $runtime:ident: $($scenario:ident)*) => {
        mod $module {
            $(
                #[test]
                fn $scenario() {
                    match super::probe(super::Runtime::$runtime) {
                        Ok(()) => super::$scenario(super::Runtime::$runtime),
                        Err(reason) => eprintln!("skipped: {} is refused: {reason}", super::Runtime::$runtime),
                    }
                }
            )*
        }
    };
}

on_every_runtime!(
    a_host_without_address_is_told,
    a_refused_port_is_told,
    the_next_address_of_a_name_is_tried_when_the_first_refuses,
    a_burst_that_the_peer_reads_slowly_arrives_whole,
    a_peer_that_half_closes_is_left,
    an_attempt_waits_as_long_as_the_gate_says,
    an_attempt_that_was_booked_before_a_ban_does_not_leave_within_it,
    a_stop_says_goodbye_and_closes,
    wakes_are_never_lost,
);

fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    (listener, url)
}

/// Books half a second; is then closed once.
#[derive(Default)]
struct Closing {
    looks: AtomicUsize,
    bookings: AtomicUsize,
}

impl Gate for Closing {
    fn book(&self, _host: &str, _port: u16) -> Booking {
        let hold = [HoldKind::Limit, HoldKind::Ban][self.bookings.fetch_add(1, Ordering::Relaxed).min(1)];
        Booking { wait: Duration::from_millis(500), hold }
    }

    fn closed_for(&self, _host: &str, _port: u16) -> Duration {
        let is_first = self.looks.fetch_add(1, Ordering::Relaxed) == 0;
        if is_first { Duration::from_secs(1) } else { Duration::ZERO }
    }
}

fn an_attempt_that_was_booked_before_a_ban_does_not_leave_within_it(runtime: Runtime) {
    let (listener, url) = listen();
    let begin = Instant::now();
    let rig = Rig::start(runtime, &url, Some(Arc::new(Closing::default())));
    let delayed = |rig: &Rig| {
        rig.hear("a delay", |notice| match notice {
            Notice::Delayed { hold, .. } => Some(*hold),
            _ => None,
        })
    };
    assert_eq!((delayed(&rig), delayed(&rig)), (HoldKind::Limit, HoldKind::Ban), "it is booked once more");
    let _peer = Peer::accept(&listener);
    assert!(begin.elapsed() >= Duration::from_millis(1_000), "{:?}", begin.elapsed());
}

struct Wait(Duration);

impl Gate for Wait {
    fn book(&self, _host: &str, _port: u16) -> Booking {
        Booking { wait: self.0, hold: HoldKind::Limit }
    }
}

fn a_host_without_address_is_told(runtime: Runtime) {
    let rig = Rig::start(runtime, "ws://nowhere.invalid:1/", None);
    let reason = rig.closed();
    assert!(reason.contains("nowhere.invalid"), "{reason}");
}

fn a_refused_port_is_told(runtime: Runtime) {
    let rig = Rig::start(runtime, &format!("ws://{}/", refusing()), None);
    let reason = rig.closed();
    assert!(reason.contains("refused"), "{reason}");
    assert!(rig.closed().contains("refused"), "and it is tried again");
}

fn the_next_address_of_a_name_is_tried_when_the_first_refuses(runtime: Runtime) {
    let (listener, _) = listen();
    // The gate keeps the resolver's own answer back; this one comes in its place.
    let rig = Rig::start(runtime, "ws://127.0.0.1:1/", Some(Arc::new(Wait(LIMIT))));
    rig.hear("the attempt", |notice| matches!(notice, Notice::Delayed { .. }).then_some(()));
    let addresses = vec![refusing(), refusing(), listener.local_addr().unwrap()];
    rig.thread.waking().send(Command::Resolved { connection: 0, attempt: 1, result: Ok(addresses) });
    Peer::accept(&listener);
}

/// More than both ends' buffers hold.
const PINGS: u32 = 60_000;
const PING_BYTES: usize = 125;

fn a_burst_that_the_peer_reads_slowly_arrives_whole(runtime: Runtime) {
    let (listener, url) = listen();
    set_socket_recv_buffer_size(&listener, 4_096).unwrap();
    let _rig = Rig::start(runtime, &url, None);
    let mut peer = Peer::accept(&listener);
    let mut sending = peer.stream.try_clone().unwrap();
    let pings = std::thread::spawn(move || {
        let mut frame = [0; 2 + PING_BYTES];
        (frame[0], frame[1]) = (0x89, PING_BYTES as u8);
        for number in 0..PINGS {
            frame[2..6].copy_from_slice(&number.to_be_bytes());
            sending.write_all(&frame).unwrap();
        }
    });
    std::thread::sleep(Duration::from_millis(300));
    let mut answered = 0;
    while answered < PINGS {
        let (opcode, payload) = peer.frame().expect("the client answers every ping");
        if opcode == 0xa {
            assert_eq!((payload.len(), &payload[..4]), (PING_BYTES, &answered.to_be_bytes()[..]));
            answered += 1;
        }
    }
    pings.join().unwrap();
}

fn a_peer_that_half_closes_is_left(runtime: Runtime) {
    let (listener, url) = listen();
    let rig = Rig::start(runtime, &url, None);
    let mut peer = Peer::accept(&listener);
    peer.stream.shutdown(Shutdown::Write).unwrap();
    let reason = rig.closed();
    assert!(reason.contains("closed"), "{reason}");
    while peer.frame().is_some() {}
    Peer::accept(&listener);
}

fn an_attempt_waits_as_long_as_the_gate_says(runtime: Runtime) {
    let (listener, url) = listen();
    let wait = Duration::from_millis(400);
    let start = Instant::now();
    let rig = Rig::start(runtime, &url, Some(Arc::new(Wait(wait))));
    let told = rig.hear("a delay", |notice| match notice {
        Notice::Delayed { host, wait, .. } => Some((host.clone(), *wait)),
        _ => None,
    });
    assert_eq!(told, (listener.local_addr().unwrap().to_string(), wait));
    Peer::accept(&listener);
    assert!(start.elapsed() >= wait, "after {:?}", start.elapsed());
}

fn a_stop_says_goodbye_and_closes(runtime: Runtime) {
    let (listener, url) = listen();
    let rig = Rig::start(runtime, &url, None);
    let mut peer = Peer::accept(&listener);
    rig.hear("a connection", |notice| matches!(notice, Notice::Report(_)).then_some(()));
    drop(rig);
    let mut said = Vec::new();
    while let Some((opcode, _)) = peer.frame() {
        said.push(opcode);
    }
    assert_eq!(said.last(), Some(&8), "a close frame comes last: {said:?}");
}

/// A thread that sleeps takes a command within a moment, again and again: one lost wake costs the rest of its sleep.
fn wakes_are_never_lost(runtime: Runtime) {
    let (listener, url) = listen();
    let rig = Rig::start(runtime, &url, None);
    let _peer = Peer::accept(&listener);
    let mut slow = 0;
    for round in 0..300_u64 {
        std::thread::sleep(Duration::from_micros(round % 50 * 100));
        let (done, taken) = crossbeam_channel::bounded(0);
        let start = Instant::now();
        rig.thread.waking().send(Command::AddConnections(Vec::new(), done));
        let _ = taken.recv();
        slow += u32::from(start.elapsed() > Duration::from_millis(250));
        // The machine itself may pause; a lost wake costs up to a second each time.
        assert!(slow <= 2, "{slow} of {} wakes came late", round + 1);
    }
}

/// The process in which memory may hardly be locked, as in many a container.
#[test]
#[ignore = "the test below starts it"]
fn a_process_without_locked_memory() {
    let none = Rlimit { current: Some(64 << 10), maximum: Some(64 << 10) };
    setrlimit(Resource::Memlock, none).unwrap();
    let reason = probe(Runtime::Glommio).unwrap_err();
    let (listener, url) = listen();
    let rig = Rig::start(Runtime::Glommio, &url, None);
    let told = rig.hear("the fallback", |notice| match notice {
        Notice::FellBack { thread, wanted, used, reason } => Some((thread.clone(), *wanted, *used, reason.clone())),
        _ => None,
    });
    assert_eq!(told, ("shard-glommio".to_owned(), Runtime::Glommio, Runtime::Park, reason.clone()));
    Peer::accept(&listener);
    println!("refused: {reason}");
}

#[test]
fn a_refused_io_uring_falls_back_and_says_why() {
    let child = Process::new(std::env::current_exe().unwrap())
        .args(["conformance::a_process_without_locked_memory", "--exact", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{text}\n{}", String::from_utf8_lossy(&child.stderr));
    let remedy = if cfg!(feature = "glommio") { "ulimit -l" } else { "cargo feature" };
    assert!(text.contains("refused: ") && text.contains(remedy), "{text}");
}
