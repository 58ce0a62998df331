//! serde_json and the standard library read the same values from the same bytes, or both refuse.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value as Second;
use tickplane_scan::{JsonError, JsonReader, Value, decimal};

const DEPTH_MAX: usize = 32;

/// Both readings of one text, compared.
fn check(reader: &mut JsonReader, text: &[u8]) {
    let second: Result<Second, _> = serde_json::from_slice(text);
    match (reader.read(text), second) {
        (Ok(document), Ok(second)) => assert_same(document.root(), &second, text),
        (Err(_), Err(_)) => {}
        // serde_json allows 128 levels, the reader fewer.
        (Err(JsonError::TooDeep), Ok(_)) => {}
        (ours, second) => panic!(
            "{}: ours {:?}, serde_json {second:?}",
            String::from_utf8_lossy(text),
            ours.map(|document| format!("{:?}", document.root()))
        ),
    }
}

fn assert_same(ours: Value<'_>, second: &Second, text: &[u8]) {
    let shown = String::from_utf8_lossy(text);
    match second {
        Second::Null => assert!(ours.is_null(), "{shown}"),
        Second::Bool(truth) => assert_eq!(ours.truth(), Some(*truth), "{shown}"),
        Second::String(text) => assert_eq!(ours.text(), Some(text.as_str()), "{shown}"),
        Second::Number(number) => {
            assert_eq!(ours.decimal(), number.as_f64().map(Ok), "{shown}");
            if let Some(integer) = number.as_u64() {
                assert_eq!(ours.integer(), Some(Ok(integer)), "{shown}");
                assert_eq!(ours.integer128(), Some(Ok(u128::from(integer))), "{shown}");
            }
        }
        Second::Array(items) => {
            let array = ours.array().expect("an array");
            assert_eq!(array.len(), items.len(), "{shown}");
            assert_eq!(array.items().count(), items.len(), "{shown}");
            array.items().zip(items).for_each(|(ours, second)| assert_same(ours, second, text));
        }
        Second::Object(fields) => {
            let object = ours.object().expect("an object");
            for (key, second) in fields {
                // serde_json keeps the last of equal keys; `field` refuses them.
                match object.field(key) {
                    Ok(value) => assert_same(value.expect("the key"), second, text),
                    Err(error) => assert_eq!(error, JsonError::DuplicateKey),
                }
            }
            assert!(object.fields().all(|(key, _)| fields.contains_key(key)), "{shown}");
        }
    }
}

fn json() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        any::<u64>().prop_map(|n| n.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,24})?([eE][+-]?[0-9]{1,2})?",
    ];
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        number,
        any::<String>().prop_map(|text| Second::String(text).to_string()),
        r#""(\\u[0-9a-fA-F]{4}|\\[nt"/\\]|[a-z]){0,6}""#.prop_map(|text| text),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(|items| format!("[ {} ]", items.join(" , "))),
            vec(("[a-d]{1,2}", inner), 0..6).prop_map(|fields| {
                let mut text = String::from("{");
                for (index, (key, value)) in fields.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(text, "{comma}\"{key}\" :\n{value}").expect("a String takes it");
                }
                text + "}"
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn valid_texts_read_the_same(text in json()) {
        check(&mut JsonReader::new(1 << 20, DEPTH_MAX), text.as_bytes());
    }

    #[test]
    fn broken_texts_are_refused_by_both(text in json(), cut in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut reader = JsonReader::new(1 << 20, DEPTH_MAX);
        let mut bytes = text.into_bytes();
        let at = cut.index(bytes.len());
        check(&mut reader, &bytes[..at]);
        bytes[at] = byte;
        check(&mut reader, &bytes);
    }

    #[test]
    fn any_bytes_are_safe(bytes in vec(any::<u8>(), 0..300)) {
        check(&mut JsonReader::new(1 << 20, DEPTH_MAX), &bytes);
    }

    #[test]
    fn decimals_are_what_the_standard_library_reads(text in "-?[0-9]{1,22}(\\.[0-9]{1,22})?([eE][+-]?[0-9]{1,2})?") {
        prop_assert_eq!(decimal(text.as_bytes()), Ok(text.parse::<f64>().unwrap()));
    }

    #[test]
    fn a_shortest_print_reads_back(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
        prop_assert_eq!(decimal(value.to_string().as_bytes()), Ok(value));
    }
}

#[test]
fn limits_are_kept() {
    let mut reader = JsonReader::new(64, 4);
    assert_eq!(reader.read(&[b' '; 65]).err(), Some(JsonError::TooLarge));
    assert!(reader.read(b"[[[1]]]").is_ok());
    assert_eq!(reader.read(b"[[[[[[1]]]]]]").err(), Some(JsonError::TooDeep));
    for text in ["", " ", "{", "[", "{\"a\":", "\"a", "nul", "\u{feff}{}", "{} {}", "[1,]", "{\"a\" 1}"] {
        assert_eq!(reader.read(text.as_bytes()).err(), Some(JsonError::Malformed), "{text}");
    }
    let mut roomy = JsonReader::new(1 << 20, 4);
    assert_eq!(roomy.read(&[b'['; 1 << 20]).err(), Some(JsonError::TooDeep));
    assert_eq!(roomy.read("{\"a\":".repeat(100_000).as_bytes()).err(), Some(JsonError::TooDeep));
    assert_eq!(reader.read(b"[\"\xff\"]").err(), Some(JsonError::Malformed));
    assert!(reader.read(b"{}").is_ok(), "the reader is usable after every error");
}

#[test]
fn duplicate_keys_are_refused_where_they_matter() {
    let mut reader = JsonReader::new(1 << 10, 4);
    let document = reader.read(br#"{"p":"1","q":2,"p":"3"}"#).unwrap();
    let object = document.root().object().unwrap();
    assert_eq!(object.pick(["p", "q"]).err(), Some(JsonError::DuplicateKey));
    assert_eq!(object.field("q").unwrap().unwrap().decimal(), Some(Ok(2.0)));
    assert!(object.field("z").unwrap().is_none());
}

#[test]
fn ids_beyond_64_bits_are_whole() {
    let mut reader = JsonReader::new(1 << 10, 4);
    let document =
        reader.read(br#"[1234567890123456789012345678,18125794168470749634,"1234567890123456789012345678"]"#).unwrap();
    let [large, edge, text] = document.root().array().unwrap().first().unwrap();
    assert_eq!(large.integer128(), Some(Ok(1_234_567_890_123_456_789_012_345_678)));
    assert!(large.integer().unwrap().is_err());
    assert_eq!(edge.integer(), Some(Ok(18_125_794_168_470_749_634)));
    assert_eq!(text.integer128(), large.integer128());
}
