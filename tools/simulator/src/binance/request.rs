//! Requests to Binance's sockets: `{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1}`.

use serde_json::Value;

/// A request that has an id and a method.
pub(super) struct Asked<'a> {
    pub(super) id: &'a Value,
    pub(super) method: &'a str,
    pub(super) params: Option<&'a Value>,
}

impl<'a> Asked<'a> {
    /// Reads a request.
    ///
    /// # Errors
    /// Binance's code and words for what is wrong with it.
    pub(super) fn read(request: &'a Value) -> Result<Self, (u8, String)> {
        let fields = request.as_object().ok_or_else(|| invalid("request must be an object"))?;
        let id = fields.get("id").unwrap_or(&Value::Null);
        let good = id.is_null() || id.as_i64().is_some() || id.as_str().is_some_and(good_id);
        if !good {
            return Err(invalid("request ID must be an unsigned integer or an alphanumeric string of at most 36"));
        }
        let method = fields.get("method").and_then(Value::as_str).ok_or_else(|| invalid("missing field `method`"))?;
        Ok(Self { id, method, params: fields.get("params") })
    }
}

/// A request that is no good.
pub(super) fn invalid(what: &str) -> (u8, String) {
    (2, format!("Invalid request: {what}"))
}

fn good_id(id: &str) -> bool {
    id.len() <= 36 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// The names of streams.
pub(super) fn names(params: Option<&Value>) -> Option<Vec<String>> {
    params?.as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect()
}
