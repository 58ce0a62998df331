//! Starting, refusing to start, stopping.

use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use tickplane_model::ExchangeId::{self, Binance, Coinbase, Kraken};
use tickplane_simulator::{Simulation, SimulationConfig, SimulationError};

use crate::client;

#[test]
fn a_port_in_use_is_named_with_the_remedy() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let error = Simulation::start(SimulationConfig { port: Some(port), ..SimulationConfig::default() }).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, SimulationError::PortInUse { exchange: Binance, port: named } if named == port));
    assert!(text.contains(&port.to_string()) && text.contains("in use") && text.contains("--port"), "{text}");
}

#[test]
fn bad_values_are_named_with_their_range() {
    let start = |config| Simulation::start(config).unwrap_err().to_string();
    let text = start(SimulationConfig { symbols: 1_001, ..SimulationConfig::default() });
    assert!(text.contains("symbols is 1001") && text.contains("1 to 1000"), "{text}");
    let text = start(SimulationConfig { rate: f64::NAN, ..SimulationConfig::default() });
    assert!(text.contains("rate is NaN"), "{text}");
    let text = start(SimulationConfig { venues: vec![ExchangeId::Fyers], ..SimulationConfig::default() });
    assert!(text.contains("no simulated fyers"), "{text}");
    let path = std::path::PathBuf::from("/nonexistent/ca.pem");
    let text = start(SimulationConfig { ca_path: Some(path), ..SimulationConfig::default() });
    assert!(text.contains("/nonexistent/ca.pem"), "{text}");
}

#[test]
fn endpoints_have_the_form_of_host_settings_and_close_on_stop() {
    let simulation = Simulation::start(SimulationConfig::default()).unwrap();
    let endpoints = simulation.endpoints().to_vec();
    assert_eq!(endpoints.iter().map(|e| e.exchange).collect::<Vec<_>>(), [Binance, Coinbase, Kraken]);
    assert!(endpoints[0].websocket.starts_with("wss://localhost:"));
    assert!(endpoints[2].websocket.ends_with("/v2") && endpoints[2].rest.starts_with("https://localhost:"));
    assert_eq!(simulation.symbols(Binance)[0].as_str(), "BTC-USDT");
    assert!(simulation.counts().trades_made > 1_000, "there is a past");
    simulation.stop();
    assert!(TcpStream::connect(client::authority(&endpoints[0].rest)).is_err());
}

#[test]
fn plain_needs_no_certificate_and_consecutive_ports_are_kept() {
    // A free port whose neighbours are probably free too; when they are not, the error says so.
    let port = 20_000 + (std::process::id() % 20_000) as u16;
    let config = SimulationConfig { plain: true, port: Some(port), ..SimulationConfig::default() };
    match Simulation::start(config) {
        Ok(simulation) => {
            assert_eq!(simulation.ca_pem(), None);
            let expected = format!("ws://localhost:{}/v2", port + 2);
            assert_eq!(simulation.endpoints()[2].websocket, expected);
            assert_eq!(client::get(&simulation, Binance, &["/api/v3/ping"])[0].0, 200);
        }
        Err(error) => assert!(matches!(error, SimulationError::PortInUse { .. }), "{error}"),
    }
}

#[test]
fn the_ca_is_written_and_a_client_without_it_refuses() {
    let path = std::env::temp_dir().join(format!("tickplane-simulator-ca-{}.pem", std::process::id()));
    let config = SimulationConfig { ca_path: Some(path.clone()), ..SimulationConfig::default() };
    let simulation = Simulation::start(config).unwrap();
    let written = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(Some(written.as_str()), simulation.ca_pem());
    let stranger = Simulation::start(SimulationConfig::default()).unwrap();
    let url = client::endpoint(&simulation, Kraken).websocket;
    let stream = client::connect(&url, stranger.ca_pem());
    assert!(tungstenite::client(url.as_str(), stream).is_err(), "another authority is not trusted");
    // A failed handshake harms nobody else.
    assert_eq!(client::get(&simulation, Kraken, &["/0/public/Time"])[0].0, 200);
}

#[test]
fn a_thousand_symbols_and_a_busy_market_start_soon() {
    let begin = Instant::now();
    let config = SimulationConfig { symbols: 1_000, plain: true, ..SimulationConfig::default() };
    let wide = Simulation::start(config).unwrap();
    let config = SimulationConfig { rate: 100.0, plain: true, ..SimulationConfig::default() };
    let busy = Simulation::start(config).unwrap();
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    eprintln!("both started in {:?}", begin.elapsed());
    let info = client::get(&wide, Binance, &["/api/v3/exchangeInfo", "/api/v3/ticker/24hr?type=MINI"]);
    assert_eq!(info[0].1["symbols"].as_array().unwrap().len(), 1_000);
    assert_eq!(info[1].1.as_array().unwrap().len(), 1_000);
    eprintln!("listed and summed after {:?}", begin.elapsed());
    let before = busy.counts().trades_made;
    std::thread::sleep(Duration::from_secs(2));
    let rate = (busy.counts().trades_made - before) / 2;
    assert!(rate > 15_000, "{rate} trades a second");
}
