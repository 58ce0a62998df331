//! Requests to Kraken's socket and the answers to them.

use serde_json::{Map, Value};

use crate::stamp;
use crate::venue::Outbox;

/// A request, as far as answers repeat it.
pub(super) struct Asked<'a> {
    pub(super) method: &'a str,
    req_id: Option<u64>,
    time_in: String,
    time_out: String,
}

impl Asked<'_> {
    /// Something asked at a time of the venue's clock.
    pub(super) fn at(method: &str, req_id: Option<u64>, time_ns: i64) -> Asked<'_> {
        // Answers leave some tens of microseconds after their question.
        let (time_in, time_out) = (stamp::rfc3339(time_ns, 6), stamp::rfc3339(time_ns + 36_000, 6));
        Asked { method, req_id, time_in, time_out }
    }
}

/// An answer under a method's name.
pub(super) fn answer(asked: &Asked<'_>, method: &str, mut fields: Map<String, Value>) -> String {
    fields.insert("method".to_owned(), method.into());
    if let Some(req_id) = asked.req_id {
        fields.insert("req_id".to_owned(), req_id.into());
    }
    fields.insert("time_in".to_owned(), asked.time_in.as_str().into());
    fields.insert("time_out".to_owned(), asked.time_out.as_str().into());
    Value::Object(fields).to_string()
}

/// It is granted.
pub(super) fn success(asked: &Asked<'_>, result: Map<String, Value>) -> String {
    let mut fields = Map::new();
    fields.insert("result".to_owned(), Value::Object(result));
    fields.insert("success".to_owned(), true.into());
    answer(asked, asked.method, fields)
}

/// It is refused, for one symbol perhaps.
pub(super) fn refuse(asked: &Asked<'_>, error: &str, symbol: Option<&str>, outbox: &mut Outbox) {
    let mut fields = Map::new();
    fields.insert("error".to_owned(), error.into());
    fields.insert("success".to_owned(), false.into());
    if let Some(symbol) = symbol {
        fields.insert("symbol".to_owned(), symbol.into());
    }
    outbox.refuse(answer(asked, asked.method, fields));
}
