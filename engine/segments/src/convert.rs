//! The model's values as words, and back.

use tickplane_layout::calendar;
use tickplane_layout::instrument::{
    FACT_EPOCH, FACT_VENUE_SYMBOL, FACT_WORDS, QUOTE_WORDS, TRADE_DELAY_SHIFT, TRADE_ID_FORM_SHIFT, VENUE_SYMBOL_WORDS,
};
use tickplane_layout::ring::Record;
use tickplane_layout::series::CANDLE_WORDS;
use tickplane_layout::text;
use tickplane_model::{
    Calendar, Candle, ExchangeId, IdForm, Instrument, InstrumentStatus, NS_PER_DAY, NS_PER_SECOND, Product, Quality,
    Quote, Sessions, Symbol, Trade, TradeFlags, TradeId,
};

const NS_PER_QUARTER: i64 = 900 * NS_PER_SECOND;

/// A calendar as a series' shape has it. Its holidays stand in no shape: their rows say that the market was closed.
pub(crate) const fn calendar_word(of: Calendar) -> calendar::Calendar {
    match of {
        Calendar::AlwaysOpen => calendar::Calendar::AlwaysOpen,
        Calendar::Sessions(sessions) => calendar::Calendar::Weekdays(calendar::Weekdays {
            open_s: (sessions.open_ns() / NS_PER_SECOND) as u32,
            close_s: (sessions.close_ns() / NS_PER_SECOND) as u32,
            zone_quarters: 0,
        }),
    }
}

/// The calendar of a shape; `None` where the model has none like it: sessions of its own lie within one UTC day.
pub(crate) fn calendar(of: calendar::Calendar) -> Option<Calendar> {
    let calendar::Calendar::Weekdays(calendar::Weekdays { open_s, close_s, zone_quarters }) = of else {
        return Some(Calendar::AlwaysOpen);
    };
    let shift_ns = i64::from(zone_quarters) * NS_PER_QUARTER;
    let (open_ns, close_ns) = (i64::from(open_s) * NS_PER_SECOND, i64::from(close_s) * NS_PER_SECOND);
    let (open_ns, close_ns) = (open_ns - shift_ns, close_ns - shift_ns);
    let fits = 0 <= open_ns && open_ns < close_ns && close_ns <= NS_PER_DAY;
    fits.then(|| Calendar::Sessions(Sessions::new(open_ns, close_ns, &[])))
}

/// The candle's columns in the layout's order.
#[inline]
pub(crate) fn candle_words(candle: &Candle) -> [u64; CANDLE_WORDS] {
    [
        candle.open_time_ns.cast_unsigned(),
        candle.open.to_bits(),
        candle.high.to_bits(),
        candle.low.to_bits(),
        candle.close.to_bits(),
        candle.volume.to_bits(),
        candle.quote_volume.to_bits(),
        candle.taker_buy_volume.to_bits(),
        candle.trade_count,
        candle.quality.0,
    ]
}

/// The candle of its columns' words.
#[inline]
pub(crate) fn candle(words: &[u64; CANDLE_WORDS]) -> Candle {
    Candle {
        open_time_ns: words[0].cast_signed(),
        open: f64::from_bits(words[1]),
        high: f64::from_bits(words[2]),
        low: f64::from_bits(words[3]),
        close: f64::from_bits(words[4]),
        volume: f64::from_bits(words[5]),
        quote_volume: f64::from_bits(words[6]),
        taker_buy_volume: f64::from_bits(words[7]),
        trade_count: words[8],
        quality: Quality(words[9]),
    }
}

/// The words of a row: the candle's, then the indicators'; missing values are NaN.
#[inline]
pub(crate) fn row_words<'a>(candle: &Candle, indicators: &'a [f64]) -> impl Iterator<Item = u64> + Clone + use<'a> {
    let values = indicators.iter().map(|value| value.to_bits());
    candle_words(candle).into_iter().chain(values).chain(std::iter::repeat(f64::NAN.to_bits()))
}

const MODEL_FLAGS: u64 = (1 << TRADE_ID_FORM_SHIFT) - 1;

#[inline]
pub(crate) fn trade_words(trade: &Trade, publish_ns: i64) -> Record {
    let delay = u32::try_from(publish_ns.saturating_sub(trade.receive_ns).max(0)).unwrap_or(u32::MAX);
    let flags = u64::from(trade.flags.0) & MODEL_FLAGS
        | (trade.id.form as u64) << TRADE_ID_FORM_SHIFT
        | u64::from(delay) << TRADE_DELAY_SHIFT;
    [
        trade.exchange_ns.cast_unsigned(),
        trade.receive_ns.cast_unsigned(),
        trade.price.to_bits(),
        trade.quantity.to_bits(),
        trade.id.high,
        trade.id.low,
        flags,
    ]
}

/// The trade of a slot, and its publish_ns.
#[inline]
pub(crate) fn trade(words: &Record) -> (Trade, i64) {
    let form = match words[6] >> TRADE_ID_FORM_SHIFT & 0xff {
        1 => IdForm::Number,
        2 => IdForm::Uuid,
        3 => IdForm::Hash,
        _ => IdForm::None,
    };
    let receive_ns = words[1].cast_signed();
    let trade = Trade {
        exchange_ns: words[0].cast_signed(),
        receive_ns,
        price: f64::from_bits(words[2]),
        quantity: f64::from_bits(words[3]),
        id: TradeId { high: words[4], low: words[5], form },
        flags: TradeFlags((words[6] & MODEL_FLAGS) as u32),
    };
    (trade, receive_ns.saturating_add((words[6] >> TRADE_DELAY_SHIFT) as i64))
}

#[inline]
pub(crate) fn quote_words(quote: &Quote, publish_ns: i64) -> [u64; QUOTE_WORDS] {
    [
        quote.exchange_ns.cast_unsigned(),
        quote.receive_ns.cast_unsigned(),
        publish_ns.cast_unsigned(),
        quote.bid_price.to_bits(),
        quote.bid_quantity.to_bits(),
        quote.ask_price.to_bits(),
        quote.ask_quantity.to_bits(),
    ]
}

/// The quote of a slot, and its publish_ns.
#[inline]
pub(crate) fn quote(words: &[u64; QUOTE_WORDS]) -> (Quote, i64) {
    let quote = Quote {
        exchange_ns: words[0].cast_signed(),
        receive_ns: words[1].cast_signed(),
        bid_price: f64::from_bits(words[3]),
        bid_quantity: f64::from_bits(words[4]),
        ask_price: f64::from_bits(words[5]),
        ask_quantity: f64::from_bits(words[6]),
    };
    (quote, words[2].cast_signed())
}

/// The facts of an instrument; `None` if the venue's symbol is too long.
pub(crate) fn fact_words(instrument: &Instrument, epoch: u64) -> Option<[u64; FACT_WORDS]> {
    let mut words = [0; FACT_WORDS];
    words[0] = instrument.tick_size.to_bits();
    words[1] = instrument.lot_size.to_bits();
    words[2] = instrument.contract_size.to_bits();
    words[3] = instrument.quote_volume_24h.to_bits();
    words[4] = instrument.product as u64 | (instrument.status as u64) << 8;
    let venue_symbol: [u64; VENUE_SYMBOL_WORDS] = text::pack(&instrument.venue_symbol)?;
    words[FACT_VENUE_SYMBOL..FACT_EPOCH].copy_from_slice(&venue_symbol);
    words[FACT_EPOCH] = epoch;
    Some(words)
}

/// The instrument of its facts; `None` if they are damaged.
pub(crate) fn instrument(exchange: ExchangeId, symbol: Symbol, words: &[u64; FACT_WORDS]) -> Option<Instrument> {
    let product = match words[4] & 0xff {
        1 => Product::Spot,
        2 => Product::Perpetual,
        3 => Product::InversePerpetual,
        4 => Product::Dated,
        _ => return None,
    };
    let status = match words[4] >> 8 {
        1 => InstrumentStatus::Trading,
        2 => InstrumentStatus::Restricted,
        3 => InstrumentStatus::Closed,
        _ => return None,
    };
    let venue_symbol = text::unpack(&words[FACT_VENUE_SYMBOL..FACT_EPOCH], &mut [0; 64])?.to_owned();
    Some(Instrument {
        exchange,
        symbol,
        venue_symbol,
        product,
        tick_size: f64::from_bits(words[0]),
        lot_size: f64::from_bits(words[1]),
        contract_size: f64::from_bits(words[2]),
        quote_volume_24h: f64::from_bits(words[3]),
        status,
    })
}
