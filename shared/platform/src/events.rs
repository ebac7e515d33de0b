//! The event bus: what other systems of the comune may subscribe to, and what wakes `fanout`.
//!
//! Nothing published here is or contains personal data.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_types::SdkConfig;
use serde_json::Value;
use tokio::sync::mpsc;

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
    Local(mpsc::Sender<Event>),
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
            Self::Local(bus) => {
                bus.send(event).await.map_err(|_| NotPublished("bus closed".to_owned()))
            }
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
