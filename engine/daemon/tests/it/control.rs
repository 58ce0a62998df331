//! Start, stop and what goes wrong, as another process sees it.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

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
