//! The quality word: what a candle says about itself.

use std::fmt;
use std::str::FromStr;

/// What a candle is made of, in one 64-bit word that is part of the segment format:
///
/// ```text
/// bits 0..8    flags: final, partial, synthetic, backfilled, venue, closed-market, derived
/// bits 16..32  number of revisions, saturating
/// bits 32..64  gap in milliseconds, saturating; 0 means no gap
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Quality(pub u64);

const NAMES: [(Quality, &str); 7] = [
    (Quality::FINAL, "final"),
    (Quality::PARTIAL, "partial"),
    (Quality::SYNTHETIC, "synthetic"),
    (Quality::BACKFILLED, "backfilled"),
    (Quality::VENUE, "venue"),
    (Quality::MARKET_CLOSED, "market-closed"),
    (Quality::DERIVED, "derived"),
];

impl Quality {
    /// The interval is over; only a revision changes the row from here.
    pub const FINAL: Self = Self(1);
    /// The plane began to listen inside this interval: earlier trades are missing.
    pub const PARTIAL: Self = Self(1 << 1);
    /// No trade happened; the prices are the previous close.
    pub const SYNTHETIC: Self = Self(1 << 2);
    /// Holds trades fetched by REST.
    pub const BACKFILLED: Self = Self(1 << 3);
    /// Taken from the venue's own candle instead of trades.
    pub const VENUE: Self = Self(1 << 4);
    /// The venue's market was closed.
    pub const MARKET_CLOSED: Self = Self(1 << 5);
    /// Computed from rows of a finer timeframe.
    pub const DERIVED: Self = Self(1 << 6);

    /// The bits that count revisions.
    pub const REVISIONS: Self = Self(0xffff_0000);

    /// Whether every flag of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// This word with the flags of `other` set.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This word with the flags of `other` cleared.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// How long the feed was interrupted inside the interval, in milliseconds (saturating).
    #[must_use]
    pub const fn gap_ms(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// This word with a gap of `ms` milliseconds.
    #[must_use]
    pub const fn with_gap_ms(self, ms: u32) -> Self {
        Self(self.0 & 0xffff_ffff | (ms as u64) << 32)
    }

    /// How often the row was revised after it became final (saturating).
    #[must_use]
    pub const fn revisions(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// This word with one more revision.
    #[must_use]
    pub const fn revised(self) -> Self {
        let count = self.revisions().saturating_add(1);
        Self(self.0 & !0xffff_0000 | (count as u64) << 16)
    }
}

impl fmt::Display for Quality {
    /// `final|gap=1200ms|revised=2`; `open` when nothing is set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for (flag, name) in NAMES {
            if self.contains(flag) {
                text.push_str(name);
                text.push('|');
            }
        }
        if self.gap_ms() > 0 {
            text.push_str(&format!("gap={}ms|", self.gap_ms()));
        }
        if self.revisions() > 0 {
            text.push_str(&format!("revised={}|", self.revisions()));
        }
        text.pop();
        f.pad(if text.is_empty() { "open" } else { &text })
    }
}

impl fmt::Debug for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quality({self})")
    }
}

impl FromStr for Quality {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut quality = Self::default();
        if text.is_empty() || text == "open" {
            return Ok(quality);
        }
        for part in text.split('|') {
            if let Some((flag, _)) = NAMES.iter().find(|(_, name)| *name == part) {
                quality = quality.with(*flag);
            } else if let Some(ms) = part.strip_prefix("gap=").and_then(|p| p.strip_suffix("ms")) {
                let ms = ms.parse().map_err(|_| format!("quality \"{part}\" has no number of milliseconds"))?;
                quality = quality.with_gap_ms(ms);
            } else if let Some(count) = part.strip_prefix("revised=") {
                let count: u16 = count.parse().map_err(|_| format!("quality \"{part}\" has no count"))?;
                quality = Self(quality.0 & !0xffff_0000 | u64::from(count) << 16);
            } else {
                return Err(format!("unknown quality \"{part}\""));
            }
        }
        Ok(quality)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        let revised = Quality::FINAL.with_gap_ms(1200).revised().revised();
        assert_eq!(revised.to_string(), "final|gap=1200ms|revised=2");
        for quality in [
            Quality::default(),
            Quality::FINAL,
            revised,
            Quality::FINAL.with(Quality::SYNTHETIC),
            Quality(0x7f).with_gap_ms(u32::MAX),
        ] {
            assert_eq!(quality.to_string().parse(), Ok(quality));
        }
        assert_eq!("final|odd".parse::<Quality>(), Err("unknown quality \"odd\"".into()));
    }

    #[test]
    fn revisions_saturate_and_touch_nothing_else() {
        let mut quality = Quality::FINAL.with_gap_ms(7);
        for _ in 0..70_000 {
            quality = quality.revised();
        }
        assert_eq!((quality.revisions(), quality.gap_ms(), quality.contains(Quality::FINAL)), (u16::MAX, 7, true));
    }
}
