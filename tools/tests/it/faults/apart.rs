//! Connections that never open: each reason has its own name in the plane's counters.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tickplane_segments::CloseKind;
use tickplane_simulator::TlsFault;

use super::table::{self, Refusal};
use super::world::World;

/// Planes that run at the same time.
const TOGETHER: usize = 8;
/// An attempt that is not answered is given up after ten seconds.
const LIMIT: Duration = Duration::from_secs(20);
/// So many reasons of TLS at least must be told apart.
const TLS_REASONS_MIN: usize = 20;

/// What the plane has to call a handshake that fails in this way. rustls has one word for every chain that ends at
/// nobody we know, one for every signature that does not fit, and one for bytes that are no TLS.
const fn name_of(fault: TlsFault) -> CloseKind {
    match fault {
        TlsFault::Expired | TlsFault::ExpiredIntermediate => CloseKind::TlsExpired,
        TlsFault::NotYetValid => CloseKind::TlsNotYetValid,
        TlsFault::WrongHost => CloseKind::TlsWrongHost,
        TlsFault::UnknownCa | TlsFault::SelfSigned | TlsFault::MissingIntermediate => CloseKind::TlsUnknownAuthority,
        TlsFault::NameConstraint => CloseKind::TlsNameConstraint,
        TlsFault::WrongPurpose => CloseKind::TlsWrongPurpose,
        TlsFault::CaAsServer => CloseKind::TlsCaAsServer,
        TlsFault::BadSignature | TlsFault::WrongKey => CloseKind::TlsBadSignature,
        TlsFault::BadEncoding => CloseKind::TlsBadEncoding,
        TlsFault::UnknownExtension => CloseKind::TlsUnknownExtension,
        TlsFault::ClientCertificate => CloseKind::TlsClientCertificate,
        TlsFault::Garbage | TlsFault::Plaintext => CloseKind::TlsGarbage,
        TlsFault::OversizedRecord => CloseKind::TlsTooLarge,
        TlsFault::CorruptRecord => CloseKind::TlsDamaged,
        TlsFault::ProtocolVersion => CloseKind::TlsVersion,
        TlsFault::NoCipher => CloseKind::TlsHandshakeFailure,
        TlsFault::NoProtocol => CloseKind::TlsNoProtocol,
        TlsFault::UnrecognizedName => CloseKind::TlsUnknownName,
        TlsFault::InternalError => CloseKind::TlsInternalError,
        TlsFault::Eof => CloseKind::TlsCut,
        TlsFault::Stall => CloseKind::OpeningTimeout,
    }
}

/// Other ways in which a connection does not open, and how long the plane must stay away at least, in seconds.
const OTHERS: [(&str, CloseKind, u64); 10] = [
    ("binance:refuse-connects@0", CloseKind::TcpRefused, 0),
    ("binance:reset-handshake@0:tls", CloseKind::TlsCut, 0),
    ("binance:reset-handshake@0:upgrade", CloseKind::TcpReset, 0),
    ("binance:upgrade-400@0", CloseKind::Upgrade, 0),
    ("binance:upgrade-403@0", CloseKind::Upgrade403, 300),
    ("binance:upgrade-418@0", CloseKind::Upgrade418, 120),
    ("binance:upgrade-429@0:7", CloseKind::Upgrade429, 7),
    ("binance:upgrade-429@0", CloseKind::Upgrade429, 30),
    ("binance:upgrade-451@0", CloseKind::Upgrade451, 300),
    ("binance:upgrade-503@0:9", CloseKind::Upgrade5xx, 9),
];

/// A way in which a connection does not open.
struct Case {
    fault: String,
    expected: CloseKind,
    away_s: u64,
}

fn cases() -> Vec<Case> {
    let tls = TlsFault::ALL.into_iter().map(|fault| {
        let text = format!("binance:tls@0:{}", fault.as_str());
        Case { fault: text, expected: name_of(fault), away_s: 0 }
    });
    let others = OTHERS.map(|(fault, expected, away_s)| Case { fault: fault.to_owned(), expected, away_s });
    // The one that takes longest goes first.
    let mut cases: Vec<Case> = tls.chain(others).collect();
    cases.rotate_left(TlsFault::ALL.len() - 1);
    cases
}

/// Lets a plane meet it.
fn meet(case: &Case) -> Result<Refusal, String> {
    let mut world = World::start(&case.fault);
    let Some((kind, after)) = world.refuse(&case.fault, LIMIT) else {
        return Err(format!("{}: not noticed", case.fault));
    };
    let next_ms = world.next_attempt_ms().ok_or_else(|| format!("{}: no next attempt is told of", case.fault))?;
    if kind != case.expected || next_ms < case.away_s * 1_000 {
        return Err(format!("{}: {} and {next_ms} ms, not {}", case.fault, kind.as_str(), case.expected.as_str()));
    }
    Ok(Refusal { fault: case.fault.clone(), kind, after, next_ms })
}

#[test]
fn every_fault_of_a_handshake_is_told_apart() {
    if std::env::var_os("TICKPLANE_FAULT").is_some() {
        return;
    }
    let cases = cases();
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..TOGETHER {
            scope.spawn(|| {
                // SYNC case: nothing but the number itself; each is taken once.
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = meet(case);
                    outcomes.lock().unwrap().push(outcome);
                }
            });
        }
    });
    let (refusals, wrong): (Vec<_>, Vec<_>) = outcomes.into_inner().unwrap().into_iter().partition(Result::is_ok);
    let wrong: Vec<String> = wrong.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let mut refusals: Vec<Refusal> = refusals.into_iter().flatten().collect();
    refusals.sort_by(|a, b| (a.kind as u8, &a.fault).cmp(&(b.kind as u8, &b.fault)));
    let of_tls = refusals.iter().filter(|refusal| refusal.fault.contains(":tls@"));
    let reasons: BTreeSet<&str> = of_tls.map(|refusal| refusal.kind.as_str()).collect();
    assert!(reasons.len() >= TLS_REASONS_MIN, "{} reasons: {reasons:?}", reasons.len());
    table::bless_refusals(&refusals, reasons.len());
}
