//! Keys as a user types them: checked, with venue tickers understood, and helped when they are not there.

use tickplane_daemon::nearest;
use tickplane_model::{ExchangeId, Key};
use tickplane_segments::{FindError, Instance, Plane};

use crate::failure::Failure;

/// How many keys are suggested.
const SUGGESTIONS_MAX: usize = 3;

/// The keys of these texts and the plane they are looked for in.
pub(super) fn keys(texts: &[String], instance: &Instance) -> Result<(Plane, Vec<Key>), Failure> {
    // A key that cannot be one is told before anything else, plane or not.
    let wrong = texts.iter().find_map(|text| text.parse::<Key>().err().map(|error| (text, error)));
    let plane = match (Plane::open(instance), wrong) {
        (Ok(plane), _) => plane,
        (Err(_), Some((_, error))) => return Err(Failure::usage(error)),
        (Err(error), None) => return Err(error.into()),
    };
    let keys = texts.iter().map(|text| key(text, &plane)).collect::<Result<_, _>>()?;
    Ok((plane, keys))
}

fn key(text: &str, plane: &Plane) -> Result<Key, Failure> {
    let parsed = text.parse::<Key>();
    let is_there = |key: &Key| plane.series(key).is_ok() || plane.trades(key).is_ok() || plane.quote(key).is_ok();
    match parsed {
        Ok(key) if is_there(&key) => Ok(key),
        Ok(key) => Ok(by_ticker(text, plane).unwrap_or(key)),
        Err(error) => by_ticker(text, plane).ok_or_else(|| Failure::usage(error)),
    }
}

/// The key with a part that is a venue's ticker replaced by its symbol.
fn by_ticker(text: &str, plane: &Plane) -> Option<Key> {
    let parts: Vec<&str> = text.split(':').collect();
    let exchange = parts.iter().find_map(|part| part.parse::<ExchangeId>().ok())?;
    let instruments = plane.instruments(exchange).ok()?;
    let symbol_of = |part: &str| instruments.iter().find(|i| i.venue_symbol == part).map(|i| i.symbol.to_string());
    let (at, symbol) = parts.iter().enumerate().find_map(|(at, part)| Some((at, symbol_of(part)?)))?;
    let mut parts = parts;
    parts[at] = &symbol;
    parts.join(":").parse().ok()
}

/// A key that was not found, with the nearest that are there.
pub(super) fn named(error: FindError, plane: &Plane) -> Failure {
    let FindError::NoKey(key) = &error else {
        return error.into();
    };
    let (wanted, mut texts) = (key.to_string(), plane.keys().iter().map(Key::to_string).collect::<Vec<_>>());
    let kind = wanted.split(':').next().unwrap_or_default();
    texts.retain(|text| text.starts_with(kind));
    let mut near = Vec::new();
    while near.len() < SUGGESTIONS_MAX
        && let Some(found) = nearest(&wanted, texts.iter().map(String::as_str)).map(str::to_owned)
    {
        texts.retain(|text| *text != found);
        near.push(found);
    }
    match near.is_empty() {
        true => error.into(),
        false => Failure::NotFound(format!("{error}; near it are {}", near.join(", "))),
    }
}
