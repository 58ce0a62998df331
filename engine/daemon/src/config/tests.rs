//! What a config says, and what it says about mistakes.
#![allow(clippy::disallowed_methods, reason = "tests have every power")]

use tickplane_exchanges::Meta;
use tickplane_model::Product;

use super::*;

const DEFAULT: &str = include_str!("../../../../config/default.toml");

fn uncommented(text: &str) -> String {
    let setting = |line: &str| line.starts_with('#') && !line.starts_with("# ") && line.len() > 1;
    text.lines().map(|line| if setting(line) { &line[1..] } else { line }).collect::<Vec<_>>().join("\n")
}

fn errors(text: &str) -> Vec<(usize, String)> {
    let errors = Config::parse(text).expect_err("the config has mistakes");
    errors.into_iter().map(|error| (error.line, error.message)).collect()
}

#[test]
fn the_commented_default_is_the_default() {
    assert_eq!(Config::parse(DEFAULT), Ok(Config::default()));
    assert_eq!(Config::parse(""), Ok(Config::default()));
}

#[test]
fn the_commented_default_names_every_key_and_every_line_works() {
    let text = uncommented(DEFAULT);
    for key in super::file::KEYS.iter().filter(|key| **key != "exchanges").chain(&super::exchange::KEYS) {
        let named = text.lines().any(|line| line.starts_with(&format!("{key} =")));
        assert!(named, "{key} is missing in default.toml");
    }
    let config = Config::parse(&text).unwrap();
    assert_eq!(config.root, Some(PathBuf::from(tickplane_segments::DEFAULT_ROOT)));
    let binance = &config.exchanges[&ExchangeId::Binance];
    let addresses = ExchangeConfig { websocket: None, rest: None, ca: None, ..binance.clone() };
    assert_eq!(addresses, ExchangeConfig::default(), "the commented settings are the defaults");
    assert_eq!(binance.websocket.as_deref(), Some("wss://127.0.0.1:9443/binance"));
}

#[test]
fn the_examples_are_right() {
    for (name, text, cores) in [
        ("laptop", include_str!("../../../../config/laptop.toml"), 1),
        ("colocated", include_str!("../../../../config/colocated.toml"), 5),
    ] {
        let config = Config::parse(text).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
        assert_eq!(config.shards.unwrap() + config.workers.unwrap(), cores, "{name}");
        assert!(config.exchanges.values().all(|exchange| exchange.autostart), "{name}");
    }
}

#[test]
fn every_value_arrives() {
    let text = r#"
        instance = "a-c_1"
        root = "/dev/shm/x"
        runtime = "poll"
        shards = 3
        workers = 0
        pin = true
        stall_ms_max = 5
        timeframes = ["1h", "1s"]
        depth = 1_000
        revise_rows = 7
        grace_ms = 0
        history = 300
        heal_ms = 1_000
        reconcile = "repair"
        reconcile_ms = 5_000
        indicators = ["rsi_7"]
        trades_kept = 0x100
        exchanges.kraken = { autostart = true, symbols = ["BTC-USD", "ETH/USD"], websocket = "ws://[::1]:8080/v2/" }
        exchanges.coinbase.rest = "https://example.org"
    "#;
    let config = Config::parse(text).unwrap();
    let kraken = ExchangeConfig {
        autostart: true,
        symbols: vec!["BTC-USD".into(), "ETH/USD".into()],
        websocket: Some("ws://[::1]:8080/v2".into()),
        ..ExchangeConfig::default()
    };
    let coinbase = ExchangeConfig { rest: Some("https://example.org".into()), ..ExchangeConfig::default() };
    let expect = Config {
        instance: "a-c_1".into(),
        root: Some("/dev/shm/x".into()),
        runtime: Some(Runtime::Poll),
        shards: Some(3),
        workers: Some(0),
        pin: Some(true),
        stall_ms_max: 5,
        timeframes: vec![Timeframe::S1, Timeframe::H1],
        depth: 1_000,
        revise_rows: 7,
        grace_ms: 0,
        history: HistoryRows::Rows(300),
        heal_ms: 1_000,
        reconcile: Reconcile::Repair,
        reconcile_ms: 5_000,
        indicators: vec!["rsi_7".parse().unwrap()],
        trades_kept: 256,
        exchanges: [(ExchangeId::Kraken, kraken), (ExchangeId::Coinbase, coinbase)].into(),
    };
    assert_eq!(config, expect);
    assert_eq!(config.exchange(ExchangeId::Binance), ExchangeConfig::default());
}

#[test]
fn each_mistake_is_told_with_its_line() {
    for (text, line, message) in [
        ("dpeth = 5", 1, "unknown key \"dpeth\"; did you mean \"depth\"?"),
        ("\n\ncolour = 5", 3, "unknown key \"colour\"; known are: instance root"),
        ("depth = \"many\"", 1, "depth must be a whole number, not a text"),
        ("depth = 1.5", 1, "depth must be a whole number, not a number with a fraction"),
        ("depth = 1", 1, "depth must be 2 to 1000000, not 1"),
        ("depth = -1", 1, "depth must be 2 to 1000000, not -1"),
        ("depth = 99999999999999999999999", 1, "depth must be 2 to 1000000, not 99999999999999999999999"),
        ("shards = 0", 1, "shards must be 1 to 64, not 0"),
        ("shards = \"all\"", 1, "shards must be a whole number, not a text"),
        ("pin = 1", 1, "pin must be true or false, not a whole number"),
        ("runtime = \"spin\"", 1, "unknown runtime \"spin\"; known are: auto poll park glommio"),
        ("instance = \"../x\"", 1, "instance name \"../x\" must be 1 to 64 letters"),
        ("root = \"x\"", 1, "root \"x\" must be a path that begins with /"),
        ("timeframes = [\n  \"1m\",\n  \"7m\",\n]", 3, "unknown timeframe \"7m\"; known are: 1s 5s"),
        ("timeframes = [\"1m\", \"1m\"]", 1, "\"1m\" stands twice in timeframes"),
        ("timeframes = []", 1, "timeframes must name at least one"),
        ("timeframes = \"1m\"", 1, "timeframes must be a list of texts"),
        ("timeframes = [1]", 1, "timeframes must be a list of texts only, not a whole number"),
        ("indicators = [\"magic_3\"]", 1, "magic_3"),
        ("history = \"all\"", 1, "history must be true, false or a number of rows"),
        ("history = 0", 1, "history must be 1 to 1000000, not 0"),
        ("reconcile = \"mend\"", 1, "unknown reconcile \"mend\"; known are: off count repair"),
        ("heal_ms = 10", 1, "heal_ms must be 1000 to 3600000, not 10"),
        ("trades_kept = 1000", 1, "trades_kept must be a power of two, like 512 or 1024, not 1000"),
        ("depth = 100", 1, "revise_rows (120) cannot exceed depth (100)"),
        ("depth = 100\nrevise_rows = 101", 2, "revise_rows (101) cannot exceed depth (100)"),
        ("[exchanges.binanse]", 1, "unknown exchange \"binanse\""),
        ("[exchanges.binanse]", 1, "did you mean \"binance\"?"),
        ("[exchanges.fyers]", 1, "exchange \"fyers\" is not carried yet; carried are: binance"),
        ("[exchanges.kraken]\nsymbol = []", 2, "unknown key \"symbol\"; did you mean \"symbols\"?"),
        ("[exchanges.kraken]\nsymbols = [\"BTC:USD\"]", 2, "symbol \"BTC:USD\" is none; write it like BTC-USDT"),
        ("[exchanges.kraken]\nsymbols = [\"A-B\", \"A-B\"]", 2, "\"A-B\" stands twice in symbols"),
        ("[exchanges.kraken]\ntop = 0", 2, "top must be 1 to 2000, not 0"),
        ("[exchanges.kraken]\nwebsocket = \"https://x\"", 2, "must begin with wss:// or ws://"),
        ("[exchanges.kraken]\nwebsocket = \"ws://x:99999\"", 2, "has a port that is none"),
        ("[exchanges.kraken]\nrest = \"https:///x\"", 2, "has no proper host"),
        ("[exchanges.kraken]\nrest = \"localhost\"", 2, "has no scheme; write it like https://host:port"),
        ("exchanges = 3", 1, "exchanges must be a table, not a whole number"),
        ("exchanges.kraken = 3", 1, "kraken must be a table, not a whole number"),
        ("depth = 500\ndepth = 600", 2, "duplicate key"),
        ("depth = ", 1, ""),
    ] {
        let errors = errors(text);
        assert!(errors.iter().any(|(at, what)| *at == line && what.contains(message)), "{text}: {errors:?}");
        assert!(errors.len() <= 1, "{text}: {errors:?}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = "dpeth = 5\nshards = 0\n[exchanges.kraken]\ntop = 0\nautostart = maybe\n[exchanges.nowhere]\n";
    let lines: Vec<usize> = errors(text).into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [1, 2, 4, 5, 6]);
}

#[test]
fn a_file_names_itself_and_finds_its_certificates() {
    let folder = std::env::temp_dir().join(format!("tickplane-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("plane.toml");
    std::fs::write(&path, "shards = 0\n[exchanges.kraken]\nca = \"ca.pem\"\n").unwrap();
    let error = Config::load(&path).unwrap_err().to_string();
    let expect = format!("{}:1: shards must be 1 to 64, not 0\n{}:3: ca file", path.display(), path.display());
    assert!(error.starts_with(&expect), "{error}");

    std::fs::write(folder.join("ca.pem"), "").unwrap();
    std::fs::write(&path, "[exchanges.kraken]\nca = \"ca.pem\"\n").unwrap();
    let config = Config::load(&path).unwrap();
    assert_eq!(config.exchange(ExchangeId::Kraken).ca, Some(folder.join("ca.pem")));
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(matches!(Config::load(&path), Err(ConfigFileError::Unreadable { .. })));
}

#[test]
fn hosts_of_a_market_are_replaced_where_it_has_its_own_and_follow_the_main_one_where_it_shares_them() {
    let text = "[exchanges.binance]\nproducts = [\"perp\", \"spot\"]\nwebsocket = \"wss://a:1\"\n[exchanges.binance.perp]\nrest = \"https://b:2\"";
    let config = Config::parse(text).unwrap().exchange(ExchangeId::Binance);
    assert_eq!(config.products, [Product::Perpetual, Product::Spot]);
    let main = tickplane_exchanges::exchange(ExchangeId::Binance).unwrap().meta();
    let on_the_same_hosts = Meta { products: &[Product::Perpetual], ..*main };
    let elsewhere = Meta { websocket: &["wss://c"], rest: "https://d", ..on_the_same_hosts };
    let (a, b) = (Some("wss://a:1".to_owned()), Some("https://b:2".to_owned()));
    assert_eq!(config.market(main, main), MarketHosts { websocket: a.clone(), rest: None });
    assert_eq!(config.market(main, &on_the_same_hosts), MarketHosts { websocket: a, rest: b.clone() });
    assert_eq!(config.market(main, &elsewhere), MarketHosts { websocket: None, rest: b });
    for (text, word) in
        [("products = []", "at least one"), ("products = [\"swap\"]", "swap"), ("perp = { ws = \"x\" }", "ws")]
    {
        let errors = Config::parse(&format!("[exchanges.kraken]\n{text}")).unwrap_err();
        assert!(errors[0].message.contains(word), "{errors:?}");
    }
}
