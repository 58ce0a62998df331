//! Damaged messages end in events or a counted reject, never in a panic; both JSON readings agree on what is damaged.

use serde_json::Value;

use crate::fixtures::fixtures;
use crate::shown;

/// Bytes that mean something to JSON, to numbers, to times or to UTF-8.
const BYTES: [u8; 16] = *b"\"{}[],:\\-.9e \x00\x80\xff";

#[test]
fn every_prefix_is_survived() {
    for fixture in fixtures() {
        for message in &fixture.messages {
            let mut session = fixture.session();
            for end in 0..message.len() {
                let text = &message.as_bytes()[..end];
                let events = shown::read(&mut *session, text);
                assert_rejected_if_broken(text, &events);
            }
        }
    }
}

#[test]
fn every_changed_byte_is_survived() {
    let mut count = 0;
    for fixture in fixtures() {
        for message in &fixture.messages {
            let mut session = fixture.session();
            let mut text = message.clone().into_bytes();
            for at in 0..text.len() {
                let original = text[at];
                for byte in BYTES.into_iter().chain((0..8).map(|bit| original ^ 1 << bit)) {
                    text[at] = byte;
                    if text == message.as_bytes() {
                        continue;
                    }
                    let events = shown::read(&mut *session, &text);
                    assert_rejected_if_broken(&text, &events);
                    count += 1;
                }
                text[at] = original;
            }
        }
    }
    eprintln!("{count} damaged messages survived");
}

/// What serde_json cannot read must be rejected as malformed and give nothing else; what it reads must not be, unless
/// a key stands twice.
fn assert_rejected_if_broken(text: &[u8], events: &[Value]) {
    let malformed = events.iter().any(|event| event["type"] == "reject" && event["reason"] == "malformed");
    let shown = String::from_utf8_lossy(text);
    match serde_json::from_slice::<Value>(text) {
        Err(error) if !malformed || events.len() != 1 => panic!("{shown}: {error}, but {events:?}"),
        Ok(_) if malformed && !has_a_key_twice(text) => panic!("{shown}: is JSON, but {events:?}"),
        _ => {}
    }
}

/// Written out again by serde_json, which keeps one of equal keys, such a text loses a key.
fn has_a_key_twice(text: &[u8]) -> bool {
    let value: Value = serde_json::from_slice(text).expect("JSON");
    let colons = |text: &str| {
        let (mut inside, mut escaped, mut count) = (false, false, 0);
        for c in text.chars() {
            match c {
                _ if escaped => escaped = false,
                '\\' if inside => escaped = true,
                '"' => inside = !inside,
                ':' if !inside => count += 1,
                _ => {}
            }
        }
        count
    };
    colons(&value.to_string()) < colons(&String::from_utf8_lossy(text))
}
