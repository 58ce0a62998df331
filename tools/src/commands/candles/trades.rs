//! A line of CSV into a trade.

use tickplane_model::{IdForm, Trade, TradeFlags, TradeId};
use tickplane_scan::{NumberError, integer128};

use crate::csv::{Reason, Wanted, price, text, time_ns};

/// What a trade is made of, in the order [`trade`] takes it.
pub(super) const WANTED: [Wanted; 5] = [
    Wanted::required(&["time_ns", "time_us", "time_ms", "time_s"]),
    Wanted::required(&["price"]),
    Wanted::required(&["quantity"]),
    Wanted::required(&["side"]),
    Wanted::optional(&["id"]),
];

const SIDE: Reason = Reason::new("side", "neither buy nor sell");
const ZERO_PRICE: Reason = Reason::new("price", "zero");

/// The trade of a line. When it was received is not known: at once, as far as the rows are concerned.
#[inline]
pub(super) fn trade(fields: &[&[u8]; 5], time_column: &'static str, unit_ns: i64) -> Result<Trade, Reason> {
    let [time, price_, quantity, side, id] = fields;
    let exchange_ns = time_ns(time_column, time, unit_ns)?;
    let price = price("price", price_).and_then(|price| if price > 0.0 { Ok(price) } else { Err(ZERO_PRICE) })?;
    let quantity = crate::csv::price("quantity", quantity)?;
    Ok(Trade {
        exchange_ns,
        receive_ns: exchange_ns,
        price,
        quantity,
        id: trade_id(text(id)),
        flags: flags(text(side))?,
    })
}

#[inline]
fn flags(side: &[u8]) -> Result<TradeFlags, Reason> {
    match side {
        b"buy" => Ok(TradeFlags::default()),
        b"sell" => Ok(TradeFlags::SELL),
        _ if side.eq_ignore_ascii_case(b"buy") => Ok(TradeFlags::default()),
        _ if side.eq_ignore_ascii_case(b"sell") => Ok(TradeFlags::SELL),
        _ => Err(SIDE),
    }
}

/// Any text will do as an id: digits are a number, which orders trades of the same time; other text only tells whether
/// two trades are the same.
#[inline]
fn trade_id(text: &[u8]) -> TradeId {
    if text.is_empty() {
        return TradeId::NONE;
    }
    match integer128(text) {
        Ok(number) => TradeId::number(number),
        Err(NumberError::Malformed | NumberError::TooLarge | NumberError::Negative) => opaque(text),
    }
}

/// FNV-1a with 128 bits (draft-eastlake-fnv, section 6).
fn opaque(text: &[u8]) -> TradeId {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let hash = text.iter().fold(OFFSET, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME));
    TradeId { form: IdForm::Hash, ..TradeId::number(hash) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_numbers_or_told_apart() {
        assert_eq!(trade_id(b""), TradeId::NONE);
        assert_eq!(trade_id(b"1234567890123456789012345678"), TradeId::number(1_234_567_890_123_456_789_012_345_678));
        let uuid = trade_id(b"01234567-89ab-cdef-fedc-ba9876543210");
        assert_eq!(uuid, trade_id(b"01234567-89ab-cdef-fedc-ba9876543210"));
        assert_ne!(uuid, trade_id(b"01234567-89ab-cdef-fedc-ba9876543211"));
        assert_eq!(uuid.form, IdForm::Hash);
        // The hash of "a": test suite of draft-eastlake-fnv.
        assert_eq!(opaque(b"a").bits(), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
    }
}
