//! One venue on its port: whether it listens, and how new connections are met.
#![allow(clippy::disallowed_methods, reason = "this file opens the ports again that a fault closed")]

use std::io;
use std::net::SocketAddr;

use mio::net::TcpListener;
use mio::{Interest, Registry, Token};

use super::connection::Turn;
use super::counts::Counters;
use super::tls::{Authority, Handshake};
use crate::capture::{Playback, Played};
use crate::fault::{Edits, FaultKind, FaultStage, Faults};
use crate::market::{Market, MarketEvent};
use crate::venue::Venue;

/// One venue, and what is wrong with it.
pub(crate) struct Site {
    pub(crate) venue: Box<dyn Venue>,
    pub(crate) faults: Faults,
    pub(super) edits: Edits<MarketEvent>,
    /// What is played in place of a made market.
    pub(crate) playback: Option<Playback>,
    pub(super) played: Edits<Played>,
    address: SocketAddr,
    /// Absent while nobody listens.
    pub(super) listener: Option<TcpListener>,
    /// How new connections are met in place of the usual way.
    pub(super) handshake: Option<Handshake>,
}

impl Site {
    /// A venue that listens.
    pub(crate) fn new(venue: Box<dyn Venue>, listener: TcpListener, faults: Faults) -> io::Result<Self> {
        let address = listener.local_addr()?;
        Ok(Self {
            venue,
            faults,
            edits: Edits::default(),
            playback: None,
            played: Edits::default(),
            address,
            listener: Some(listener),
            handshake: None,
        })
    }

    /// What a connection of this venue works with.
    pub(super) fn turn<'a>(&'a mut self, market: &'a mut Market, counters: &'a Counters, now_ns: i64) -> Turn<'a> {
        Turn { venue: &mut *self.venue, market, faults: &self.faults, counters, now_ns }
    }

    /// Decides how new connections are met.
    pub(super) fn meet(&mut self, authority: Option<&Authority>) {
        self.handshake = self.faults.find(|kind| match kind {
            // A certificate that cannot be made is no reason to end the simulation: the handshake fails all the same.
            FaultKind::Tls(fault) => authority.map(|authority| authority.faulty(*fault).unwrap_or(Handshake::Reset)),
            FaultKind::ResetHandshake(FaultStage::Tls) => Some(Handshake::Reset),
            _ => None,
        });
    }

    /// Listens, or does not, as the faults have it. A port that cannot be had back is asked for again.
    pub(super) fn listen(&mut self, registry: &Registry, token: Token) {
        match (self.faults.has(&FaultKind::RefuseConnects), &mut self.listener) {
            (true, Some(listener)) => {
                let _ = registry.deregister(listener);
                self.listener = None;
            }
            (false, None) => {
                let Ok(mut listener) = TcpListener::bind(self.address) else { return };
                if registry.register(&mut listener, token, Interest::READABLE).is_ok() {
                    self.listener = Some(listener);
                }
            }
            _ => {}
        }
    }
}
