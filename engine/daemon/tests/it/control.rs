//! Start, stop and what goes wrong, as another process sees it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, unbounded};
use tickplane_daemon::{Config, ControlError, ControlRequest, Daemon, request};
use tickplane_model::ExchangeId;

use crate::support::{World, start, wait_until};

#[test]
fn the_control_socket_starts_and_stops() {
    let world = World::new(2, false);
    let (daemon, _talk) = start(world.config(2));
    let socket = world.instance().directory().join("control.sock");
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);

    let ask = |wish| request(&world.instance(), &wish).map(|answer| answer.text);
    let text = ask(ControlRequest::Start(ExchangeId::Coinbase)).unwrap_or_else(|error| panic!("{error}"));
    assert!(text.starts_with("coinbase: started with 2 symbols: "), "{text}");
    let error = ask(ControlRequest::Start(ExchangeId::Coinbase)).unwrap_err().to_string();
    assert_eq!(error, "coinbase runs already");
    let error = ask(ControlRequest::Start(ExchangeId::Fyers)).unwrap_err().to_string();
    assert!(error.contains("fyers is not carried yet"), "{error}");
    assert_eq!(ask(ControlRequest::Stop(ExchangeId::Coinbase)).unwrap(), "coinbase: stopped");
    assert_eq!(ask(ControlRequest::Stop(ExchangeId::Coinbase)).unwrap_err().to_string(), "coinbase does not run");
    daemon.shutdown(false);

    let error = ask(ControlRequest::Stop(ExchangeId::Coinbase)).unwrap_err();
    assert!(matches!(error, ControlError::NoPlane { .. }), "{error}");
}

#[test]
fn a_second_plane_on_the_instance_is_told_who_holds_it() {
    let world = World::new(1, true);
    let (daemon, _talk) = start(world.config(1));
    let (talk, _heard) = crossbeam_channel::unbounded();
    let error = Daemon::start(world.config(1), talk).err().expect("one plane per instance");
    assert_eq!(error.exit_code(), 2);
    assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
    daemon.shutdown(false);
}

#[test]
fn a_symbol_the_venue_does_not_list_is_named() {
    let world = World::new(3, true);
    let mut config: Config = world.config(3);
    config.exchanges.get_mut(&ExchangeId::Kraken).expect("an entry").symbols = vec!["NOPE-USD".to_owned()];
    let (daemon, _talk) = start(config);
    let error = daemon.start_exchange(ExchangeId::Kraken).unwrap_err();
    assert!(error.contains("kraken does not list \"NOPE-USD\""), "{error}");
    daemon.shutdown(false);
}

#[test]
fn a_venue_that_cannot_be_reached_is_tried_again() {
    let world = World::new(1, true);
    let mut config = world.config(1);
    let own = config.exchanges.get_mut(&ExchangeId::Binance).expect("an entry");
    own.rest = Some("http://127.0.0.1:9".to_owned());
    let (daemon, talk) = start(config);
    let error = daemon.start_exchange(ExchangeId::Binance).unwrap_err();
    assert!(error.contains("127.0.0.1:9") && error.contains("next try in 2 s"), "{error}");
    wait_until("a second try", Duration::from_secs(5), || {
        talk.try_iter().filter(|line| line.contains("listing instruments")).count() > 0
    });
    daemon.shutdown(false);
}

#[test]
fn a_server_with_a_certificate_of_unknown_authority_is_refused() {
    let world = World::new(1, false);
    let mut config = world.config(1);
    config.exchanges.get_mut(&ExchangeId::Binance).expect("an entry").ca = None;
    let (daemon, _talk) = start(config);
    let error = daemon.start_exchange(ExchangeId::Binance).unwrap_err();
    assert!(error.contains("certificate") || error.contains("UnknownIssuer"), "{error}");
    daemon.shutdown(false);
}

/// Answers every upgrade with 429; tells when each came.
fn refusing_upgrades(retry_after_s: u32) -> (String, Receiver<Instant>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let (tell, told) = unbounded();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            if tell.send(Instant::now()).is_err() {
                return;
            }
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let answer =
                format!("HTTP/1.1 429 Too Many Requests\r\nRetry-After: {retry_after_s}\r\nContent-Length: 0\r\n\r\n");
            // The plane may have left.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (url, told)
}

#[test]
fn a_venue_that_wants_to_be_left_alone_is_over_a_restart_too() {
    let world = World::new(1, true);
    let stay = Duration::from_secs(4);
    let (url, told) = refusing_upgrades(stay.as_secs() as u32);
    let mut config = world.config(1);
    config.exchanges.get_mut(&ExchangeId::Kraken).expect("an entry").websocket = Some(url);
    let limit = Duration::from_secs(20);

    let (daemon, talk) = start(config.clone());
    daemon.start_exchange(ExchangeId::Kraken).unwrap_or_else(|error| panic!("{error}"));
    let refused = told.recv_timeout(limit).unwrap();
    wait_until("the refusal", limit, || talk.try_iter().any(|line| line.contains("429")));
    daemon.shutdown(false);

    let (daemon, talk) = start(config);
    daemon.start_exchange(ExchangeId::Kraken).unwrap_or_else(|error| panic!("{error}"));
    let again = told.recv_timeout(limit).unwrap();
    let waited = again.duration_since(refused);
    assert!(waited >= stay, "asked again after {waited:?}");
    assert!(talk.try_iter().any(|line| line.contains("waits") && line.contains("wants nobody")));
    daemon.shutdown(true);
}
