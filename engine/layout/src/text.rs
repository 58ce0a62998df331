//! Text in words: UTF-8 bytes, little-endian, padded with zeros.

/// Puts text into words. `None` if it does not fit or holds a zero byte.
#[must_use]
pub fn pack<const N: usize>(text: &str) -> Option<[u64; N]> {
    if text.len() > N * 8 || text.bytes().any(|byte| byte == 0) {
        return None;
    }
    let mut words = [0; N];
    for (at, byte) in text.bytes().enumerate() {
        words[at / 8] |= u64::from(byte) << (at % 8 * 8);
    }
    Some(words)
}

/// Room for the bytes of a text of at most 8 words.
pub type Bytes = [u8; 64];

/// Takes text of at most 8 words out again. `None` if it is not UTF-8 padded with zeros.
#[must_use]
pub fn unpack<'a>(words: &[u64], bytes: &'a mut Bytes) -> Option<&'a str> {
    let length_max = bytes.len().min(words.len() * 8);
    for (chunk, word) in bytes.chunks_exact_mut(8).zip(words) {
        chunk.copy_from_slice(&word.to_le_bytes());
    }
    let length = bytes[..length_max].iter().position(|byte| *byte == 0).unwrap_or(length_max);
    if bytes[length..length_max].iter().any(|byte| *byte != 0) {
        return None;
    }
    core::str::from_utf8(&bytes[..length]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_and_damage_is_refused() {
        for text in ["", "BTC-USDT", "12345678", "macdv_12_26_26_9.hist"] {
            let words: [u64; 6] = pack(text).unwrap();
            assert_eq!(unpack(&words, &mut [0; 64]), Some(text));
        }
        assert_eq!(pack::<1>("123456789"), None);
        assert_eq!(pack::<2>("a\0b"), None);
        assert_eq!(unpack(&[0x41, 0x42], &mut [0; 64]), None, "text after the padding");
        assert_eq!(unpack(&[0xff], &mut [0; 64]), None, "not UTF-8");
    }
}
