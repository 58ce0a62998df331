//! Connections whose address the venue hands out: each attempt asks by REST first.

use tickplane_exchanges::Grant;

use crate::close_reason::CloseReason;
use crate::fetch::{Fetch, FetchError};
use crate::link::Address;
use crate::now::Now;
use crate::report::Action;
use crate::shard::{ConnectionId, Shard};

impl Shard {
    /// Asks for a connection's address; false where it is known.
    pub(crate) fn ask_for_address(&mut self, id: ConnectionId) -> bool {
        let Some(Some(connection)) = self.connections.get_mut(id) else { return false };
        let Some(request) = connection.spec.grant.clone() else { return false };
        let ticket = self.questions.ticket();
        connection.asked = Some(ticket);
        let exchange = connection.exchange();
        self.actions.push_back(Action::Fetch(Fetch { exchange, ticket, request, is_urgent: true }));
        true
    }

    /// Takes the answer if a connection waits for it: the attempt goes on, or ends.
    pub(crate) fn take_grant(&mut self, ticket: u64, answer: &Result<Vec<u8>, FetchError>, now: Now) -> bool {
        let waits = |connection: &crate::connection::Connection| connection.asked == Some(ticket);
        let Some(id) = self.connections.iter().position(|connection| connection.as_ref().is_some_and(waits)) else {
            return false;
        };
        let Some(connection) = &mut self.connections[id] else { return false };
        connection.asked = None;
        let name = connection.spec.seed ^ connection.attempt;
        match read(answer, |bytes| connection.spec.exchange.grant(bytes, name).map_err(|error| error.to_string())) {
            Ok((grant, address)) => {
                connection.granted(grant, address);
                self.connect(id);
            }
            Err(reason) => self.end(id, reason, now),
        }
        true
    }
}

fn read(
    answer: &Result<Vec<u8>, FetchError>,
    grant: impl FnOnce(&[u8]) -> Result<Grant, String>,
) -> Result<(Grant, Address), CloseReason> {
    let refused = |text: String, retry_after_s| CloseReason::NotGranted { text, retry_after_s };
    let bytes = answer.as_ref().map_err(|error| match error {
        FetchError::RetryAfter { seconds } | FetchError::NoRoom { seconds } => {
            refused(error.to_string(), Some(*seconds))
        }
        FetchError::Failed(text) => refused(text.clone(), None),
    })?;
    let grant = grant(bytes).map_err(|text| refused(text, None))?;
    let address = Address::parse(&grant.url).map_err(|error| refused(error.to_string(), None))?;
    Ok((grant, address))
}
