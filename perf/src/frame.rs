//! The one frame the venue sends: a Binance trade with its changing digits written in place.

use std::ops::Range;

/// hftbacktest btcusdt_20240808, unwrapped.
const TEXT: &str = r#"{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}"#;

/// FIN and text (RFC 6455, 5.2).
const FIN_TEXT: u8 = 0x81;
/// The length stands in the next two bytes.
const LENGTH_16: u8 = 126;
const HEAD_BYTES: usize = 4;

const FIRST_ID: u64 = 3_735_683_260;
const TICKS_MIN: u64 = 6_100_000;
const TICKS: u64 = 100_000;

/// An unmasked text frame with a trade in it.
pub(crate) struct TradeFrame {
    bytes: Vec<u8>,
    event_time: Range<usize>,
    trade_time: Range<usize>,
    id: Range<usize>,
    whole: Range<usize>,
    cents: Range<usize>,
}

impl TradeFrame {
    pub(crate) fn new() -> Self {
        let length = u16::try_from(TEXT.len()).expect("a short message").to_be_bytes();
        let mut bytes = vec![FIN_TEXT, LENGTH_16, length[0], length[1]];
        bytes.extend_from_slice(TEXT.as_bytes());
        let price = after(r#""p":""#);
        Self {
            bytes,
            event_time: digits(after(r#""E":"#), 13),
            trade_time: digits(after(r#""T":"#), 13),
            id: digits(after(r#""t":"#), 10),
            whole: digits(price, 5),
            cents: digits(price + 6, 2),
        }
    }

    /// Writes the `number`-th trade (from 1) of this time into the frame.
    pub(crate) fn write(&mut self, number: u64, time_ms: u64) {
        let ticks = ticks(number);
        let fields = [
            (self.event_time.clone(), time_ms),
            (self.trade_time.clone(), time_ms),
            (self.id.clone(), id(number)),
            (self.whole.clone(), ticks / 100),
            (self.cents.clone(), ticks % 100),
        ];
        for (place, value) in fields {
            write_digits(&mut self.bytes[place], value);
        }
    }

    /// The frame as it goes over the wire.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The venue's id of the `number`-th trade.
pub(crate) const fn id(number: u64) -> u64 {
    FIRST_ID + number
}

/// The price of the `number`-th trade.
pub(crate) fn price(number: u64) -> f64 {
    ticks(number) as f64 / 100.0
}

const fn ticks(number: u64) -> u64 {
    TICKS_MIN + number * 37 % TICKS
}

fn after(name: &str) -> usize {
    HEAD_BYTES + TEXT.find(name).expect("a field of the message") + name.len()
}

const fn digits(start: usize, count: usize) -> Range<usize> {
    start..start + count
}

fn write_digits(place: &mut [u8], mut value: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
    debug_assert_eq!(value, 0, "a field keeps its width");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_digits_change() {
        let mut frame = TradeFrame::new();
        frame.write(1, 1_790_000_000_123);
        assert_eq!(frame.bytes()[..HEAD_BYTES], [0x81, 126, 0, TEXT.len() as u8]);
        let text = std::str::from_utf8(&frame.bytes()[HEAD_BYTES..]).unwrap();
        assert_eq!(
            text,
            r#"{"e":"trade","E":1790000000123,"s":"BTCUSDT","t":3735683261,"p":"61000.37000000","q":"0.02000000","T":1790000000123,"m":true,"M":true}"#
        );
        assert_eq!((id(1), price(1)), (3_735_683_261, 61_000.37));
    }
}
