// SPDX-License-Identifier: EUPL-1.2
//! The event bus: what other systems of the comune may subscribe to, and what wakes `fanout`.
//!
//! Nothing published here is or contains personal data.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_types::SdkConfig;
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use crate::aws::Fault;

/// Our `source` on the bus.
pub const SOURCE: &str = "filodiretto";

/// One thing that happened: `broadcast.finished`, `{"line":"pordenone","broadcast":"0197…"}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub detail_type: &'static str,
    /// Ids and counts only.
    pub detail: Value,
}

#[derive(Clone)]
pub enum Bus {
    EventBridge {
        client: Client,
        name: String,
    },
    /// The local stack takes events from the other end.
    Local(LocalBus),
}

/// The near end of the local stack's bus. It knows whether everything published was handled, and
/// how much that was.
#[derive(Clone)]
pub struct LocalBus {
    events: mpsc::UnboundedSender<Event>,
    unhandled: Arc<watch::Sender<usize>>,
    published: Arc<Mutex<BTreeMap<&'static str, u64>>>,
}

/// The far end: events in their order, each counted as handled when the next one is asked for.
pub struct Events {
    published: mpsc::UnboundedReceiver<Event>,
    unhandled: Arc<watch::Sender<usize>>,
    in_hand: bool,
}

impl LocalBus {
    pub fn new() -> (Self, Events) {
        let (near, far) = mpsc::unbounded_channel();
        let unhandled = Arc::new(watch::Sender::new(0));
        let events = Events { published: far, unhandled: Arc::clone(&unhandled), in_hand: false };
        (Self { events: near, unhandled, published: Arc::default() }, events)
    }

    /// How many events of each type were published so far.
    pub fn published(&self) -> BTreeMap<&'static str, u64> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn publish(&self, event: Event) -> Result<(), NotPublished> {
        self.unhandled.send_modify(|it| *it += 1);
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        *published.entry(event.detail_type).or_default() += 1;
        self.events.send(event).map_err(|_| NotPublished("bus closed".to_owned()))
    }

    /// Whether everything published was handled.
    pub fn is_idle(&self) -> bool {
        *self.unhandled.borrow() == 0
    }

    /// Resolves when everything published was handled.
    pub async fn worked_off(&self) {
        // The sender is ours, so waiting cannot fail.
        self.unhandled.subscribe().wait_for(|it| *it == 0).await.ok();
    }
}

impl Events {
    /// The next event; `None` once nobody can publish any more.
    pub async fn next(&mut self) -> Option<Event> {
        if std::mem::take(&mut self.in_hand) {
            self.unhandled.send_modify(|it| *it = it.saturating_sub(1));
        }
        let event = self.published.recv().await;
        self.in_hand = event.is_some();
        event
    }
}

/// The event may not have been published. Whoever must not lose it leaves a trace that a later
/// tick finds.
#[derive(Debug, thiserror::Error)]
#[error("event not published ({0})")]
pub struct NotPublished(String);

impl Bus {
    pub fn event_bridge(config: &SdkConfig, name: impl Into<String>) -> Self {
        Self::EventBridge { client: Client::new(config), name: name.into() }
    }

    pub async fn publish(&self, event: Event) -> Result<(), NotPublished> {
        match self {
            Self::EventBridge { client, name } => put(client, name, event).await,
            Self::Local(bus) => bus.publish(event),
        }
    }
}

/// `PutEvents` answers 200 also when it took nothing: the entry has its own error code.
/// Source: EventBridge API Reference, `PutEvents`.
async fn put(client: &Client, name: &str, event: Event) -> Result<(), NotPublished> {
    let entry = PutEventsRequestEntry::builder()
        .event_bus_name(name)
        .source(SOURCE)
        .detail_type(event.detail_type)
        .detail(event.detail.to_string())
        .build();
    let answer = client
        .put_events()
        .entries(entry)
        .send()
        .await
        .map_err(|err| NotPublished(Fault::of(&err).to_string()))?;
    let refused = answer.entries().iter().find_map(|it| it.error_code());
    match refused {
        Some(code) => Err(NotPublished(code.to_owned())),
        None if answer.failed_entry_count() > 0 => Err(NotPublished("unnamed".to_owned())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_local_bus_is_idle_once_everything_was_handled() {
        let (bus, mut events) = LocalBus::new();
        let event = Event { detail_type: "broadcast.finished", detail: Value::Null };
        assert!(bus.is_idle());
        Bus::Local(bus.clone()).publish(event.clone()).await.unwrap();
        assert_eq!(events.next().await, Some(event));
        assert!(!bus.is_idle(), "in somebody's hands");
        assert_eq!(bus.published(), [("broadcast.finished", 1)].into());
        tokio::select! {
            biased;
            _ = events.next() => panic!("there is no other event"),
            () = bus.worked_off() => {}
        }
        assert!(bus.is_idle());
    }
}
