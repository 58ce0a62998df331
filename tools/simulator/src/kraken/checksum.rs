//! Kraken's book checksum: CRC32 over the digits of the ten best levels of each side.

use crate::market::{Book, Listing};

use super::messages::{price, quantity};

/// Levels a side that count, whatever the depth.
const TOP: usize = 10;

/// The checksum of a book: asks from the lowest, then bids from the highest, price and quantity of each without
/// point and leading zeros.
pub(super) fn checksum(listing: &Listing, book: &Book) -> u32 {
    let top = book.asks.iter().take(TOP).chain(book.bids.iter().take(TOP));
    let texts =
        top.flat_map(|(ticks, lots)| [price(listing, *ticks).to_string(), quantity(listing, *lots).to_string()]);
    of_texts(texts)
}

pub(super) fn of_texts(texts: impl Iterator<Item = impl AsRef<str>>) -> u32 {
    let mut crc = u32::MAX;
    for text in texts {
        let digits = text.as_ref().bytes().filter(|byte| *byte != b'.').skip_while(|byte| *byte == b'0');
        crc = digits.fold(crc, step);
    }
    !crc
}

/// IEEE 802.3, bit by bit: a few hundred bytes per book message need no table.
fn step(crc: u32, byte: u8) -> u32 {
    (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of docs.kraken.com, "Book checksum".
    #[test]
    fn the_documented_example() {
        let asks = "45285.2 0.00100000 45286.4 1.54571953 45286.6 1.54571109 45289.6 1.54560911 45290.2 0.15890660 \
            45291.8 1.54553491 45294.7 0.04454749 45296.1 0.35380000 45297.5 0.09945542 45299.5 0.18772827";
        let bids = "45283.5 0.10000000 45283.4 1.54582015 45282.1 0.10000000 45281.0 0.10000000 45280.3 1.54592586 \
            45279.0 0.07990000 45277.6 0.03310103 45277.5 0.30000000 45277.3 1.54602737 45276.6 0.15445238";
        assert_eq!(of_texts(asks.split_whitespace().chain(bids.split_whitespace())), 3_310_070_434);
    }
}
