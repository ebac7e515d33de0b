// SPDX-License-Identifier: EUPL-1.2
//! The JSON between functions.
//!
//! A shape changes only by adding: new code reads jobs that old code queued, old code passes
//! over fields it does not know. A field that is not in every old job has a default.

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What may be the body of a message. Its maps have strings as keys, so writing cannot fail.
pub trait Job: Serialize + DeserializeOwned + Send + 'static {}

impl Job for Inbound {}
impl Job for Statuses {}
impl Job for Chunk {}

/// One message from a person, as Meta wrote it; `commands` reads it. Queue `inbound.fifo`.
///
/// ```json
/// {"app":"default","number":"106540352242922","received_at_ms":1767312000123,
///  "contact":{"profile":{"name":"Anna"},"wa_id":"393330000001"},
///  "message":{"from":"393330000001","id":"wamid.HBg…","timestamp":"1767311999",
///             "type":"text","text":{"body":"ISCRIVIMI"}}}
/// ```
#[derive(Clone, Serialize, Deserialize)]
pub struct Inbound {
    /// The Meta app whose webhook it came to.
    pub app: String,
    /// Meta's `phone_number_id`: the line's number.
    pub number: String,
    /// When the webhook took it, in milliseconds since 1970.
    pub received_at_ms: i64,
    /// The entry of Meta's `contacts` for the sender, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Value>,
    /// One entry of Meta's `messages`, or what `whatsapp` made look like one.
    pub message: Value,
}

/// What Meta reports of sends and accounts, many at a time. Queue `statuses`.
///
/// ```json
/// {"updates":[{"number":"106540352242922","callback":"d1f0…","state":"delivered",
///              "at":1767312003,"pricing":{"kind":"regular","category":"utility"}}],
///  "events":[{"account":"102290129340398","field":"message_template_status_update",
///             "at":1767312003,"value":{"event":"APPROVED"}}]}
/// ```
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Statuses {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub updates: Vec<StatusUpdate>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<AccountEvent>,
}

/// How one send went on. Neither the person's number nor Meta's id of the message is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusUpdate {
    /// Meta's `phone_number_id`.
    pub number: String,
    /// Our delivery id, as we gave it in `biz_opaque_callback_data`.
    pub callback: String,
    /// Meta's word: `sent`, `delivered`, `read`, `failed`, `played`.
    pub state: String,
    /// Meta's time in seconds since 1970.
    pub at: i64,
    /// Meta's error code, if it failed: 131026.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pricing: Option<Pricing>,
    /// Where the recipient is from, by `domain::cost::Market`: only if that is not Italy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market: Option<String>,
}

/// What Meta says of the price of one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pricing {
    /// Meta's `type`: `regular`, `free_customer_service`, `free_entry_point`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// `utility`, `marketing`, `service` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
}

/// Something about the account: a template's state, the number's quality, its limit.
#[derive(Clone, Serialize, Deserialize)]
pub struct AccountEvent {
    /// The messaging account's id: the entry's `id`.
    pub account: String,
    /// Meta's `field`: `message_template_status_update`.
    pub field: String,
    /// Meta's time in seconds since 1970.
    pub at: i64,
    pub value: Value,
}

/// At most 50 deliveries of one broadcast, to be sent. Queue `sends`.
///
/// ```json
/// {"line":"pordenone","broadcast":"0197…","chunk":17,"run":1,"attempt":0}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    pub line: String,
    pub broadcast: String,
    pub chunk: u32,
    /// Grows when a broadcast is resumed; jobs of an older run are dropped.
    pub run: u32,
    /// How often the chunk has sent itself again as a new job.
    #[serde(default)]
    pub attempt: u32,
}

/// What wakes `fanout`: the minute's tick, or an event about one broadcast.
///
/// As EventBridge delivers them:
/// ```json
/// {"detail-type":"Scheduled Event","source":"aws.events","time":"2026-01-02T08:00:00Z","detail":{}}
/// {"detail-type":"broadcast.scheduled","source":"filodiretto","time":"2026-01-02T08:00:03Z",
///  "detail":{"line":"pordenone","broadcast":"0197…"}}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Envelope", into = "Envelope")]
pub struct FanoutEvent {
    /// The event's time: `now` of the run, so that a second delivery is the same run.
    pub at: Timestamp,
    pub cause: FanoutCause,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FanoutCause {
    Tick,
    /// A broadcast is to be sent now.
    Scheduled(BroadcastRef),
    /// The last chunk of a broadcast may have ended.
    ChunksDone(BroadcastRef),
}

/// From the beginning of a second to its last millisecond.
const END_OF_SECOND: SignedDuration = SignedDuration::from_millis(999);

/// Which broadcast an event is about: the `detail` of `broadcast.scheduled` and
/// `broadcast.chunks-done`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BroadcastRef {
    pub line: String,
    pub broadcast: String,
}

impl BroadcastRef {
    /// As the detail of an event.
    pub fn detail(&self) -> Value {
        serde_json::json!({ "line": self.line, "broadcast": self.broadcast })
    }
}

/// A scheduled rule's event, of which only the time matters: `now` of the run.
///
/// ```json
/// {"detail-type":"Scheduled Event","source":"aws.events","time":"2026-01-02T02:00:00Z","detail":{}}
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Envelope")]
pub struct Tick {
    pub at: Timestamp,
}

impl FanoutCause {
    pub const TICK: &str = "Scheduled Event";
    pub const SCHEDULED: &str = "broadcast.scheduled";
    pub const CHUNKS_DONE: &str = "broadcast.chunks-done";
}

/// An event as EventBridge delivers it.
#[derive(Clone, Serialize, Deserialize)]
struct Envelope {
    #[serde(rename = "detail-type")]
    detail_type: String,
    source: String,
    time: String,
    #[serde(default)]
    detail: Value,
}

#[derive(Debug, thiserror::Error)]
enum NotForFanout {
    #[error("event has no readable time")]
    Time,
    #[error("event's detail names no broadcast")]
    Detail,
    #[error("event is of a type that wakes nothing")]
    Type,
}

impl TryFrom<Envelope> for Tick {
    type Error = NotForFanout;

    fn try_from(it: Envelope) -> Result<Self, NotForFanout> {
        let at = it.time.parse().map_err(|_| NotForFanout::Time)?;
        Ok(Self { at })
    }
}

impl TryFrom<Envelope> for FanoutEvent {
    type Error = NotForFanout;

    fn try_from(it: Envelope) -> Result<Self, NotForFanout> {
        let at: Timestamp = it.time.parse().map_err(|_| NotForFanout::Time)?;
        let broadcast =
            || serde_json::from_value(it.detail.clone()).map_err(|_| NotForFanout::Detail);
        let cause = match it.detail_type.as_str() {
            FanoutCause::TICK => FanoutCause::Tick,
            FanoutCause::SCHEDULED => FanoutCause::Scheduled(broadcast()?),
            FanoutCause::CHUNKS_DONE => FanoutCause::ChunksDone(broadcast()?),
            _ => return Err(NotForFanout::Type),
        };
        let at = match cause {
            // EventBridge cuts the time to whole seconds: what it tells of would lie ahead of it.
            FanoutCause::Scheduled(_) | FanoutCause::ChunksDone(_)
                if at.subsec_nanosecond() == 0 =>
            {
                at + END_OF_SECOND
            }
            _ => at,
        };
        Ok(Self { at, cause })
    }
}

impl From<FanoutEvent> for Envelope {
    fn from(it: FanoutEvent) -> Self {
        let (detail_type, source, detail) = match it.cause {
            FanoutCause::Tick => (FanoutCause::TICK, "aws.events", serde_json::json!({})),
            FanoutCause::Scheduled(it) => {
                (FanoutCause::SCHEDULED, crate::events::SOURCE, it.detail())
            }
            FanoutCause::ChunksDone(it) => {
                (FanoutCause::CHUNKS_DONE, crate::events::SOURCE, it.detail())
            }
        };
        Self {
            detail_type: detail_type.to_owned(),
            source: source.to_owned(),
            time: it.at.to_string(),
            detail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_wakes_fanout() {
        let broadcast = || BroadcastRef { line: "pordenone".into(), broadcast: "0197".into() };
        let (tick, end_of_second) = ("2026-01-02T08:00:03Z", "2026-01-02T08:00:03.999Z");
        for (detail_type, detail, want) in [
            ("Scheduled Event", r"{}", Some((FanoutCause::Tick, tick))),
            (
                "broadcast.scheduled",
                r#"{"line":"pordenone","broadcast":"0197","later":1}"#,
                Some((FanoutCause::Scheduled(broadcast()), end_of_second)),
            ),
            (
                "broadcast.chunks-done",
                r#"{"line":"pordenone","broadcast":"0197"}"#,
                Some((FanoutCause::ChunksDone(broadcast()), end_of_second)),
            ),
            ("broadcast.scheduled", r#"{"line":"pordenone"}"#, None),
            ("subscriber.joined", r"{}", None),
        ] {
            let text = format!(
                r#"{{"version":"0","id":"e1","detail-type":"{detail_type}","source":"s",
                    "account":"1","time":"2026-01-02T08:00:03Z","region":"eu-south-1",
                    "resources":[],"detail":{detail}}}"#
            );
            let got = serde_json::from_str::<FanoutEvent>(&text).ok();
            let want = want.map(|(cause, at)| FanoutEvent { at: at.parse().unwrap(), cause });
            assert_eq!(got, want, "reading {detail_type}");
        }
    }

    #[test]
    fn what_wakes_fanout_is_read_as_it_was_written() {
        let broadcast = BroadcastRef { line: "pordenone".into(), broadcast: "0197".into() };
        for cause in [FanoutCause::Tick, FanoutCause::Scheduled(broadcast)] {
            let at = "2026-01-02T08:00:00.25Z".parse().unwrap();
            let event = FanoutEvent { at, cause };
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<FanoutEvent>(&text).unwrap(), event);
        }
    }

    #[test]
    fn jobs_queued_by_older_or_newer_code_are_read() {
        let older = r#"{"line":"pordenone","broadcast":"0197","chunk":17,"run":1}"#;
        assert_eq!(serde_json::from_str::<Chunk>(older).unwrap().attempt, 0);
        let newer =
            r#"{"updates":[{"number":"1","callback":"d1","state":"sent","at":1,"new":{}}]}"#;
        let statuses: Statuses = serde_json::from_str(newer).unwrap();
        assert_eq!(statuses.updates[0].callback, "d1");
        assert!(statuses.events.is_empty());
    }
}
