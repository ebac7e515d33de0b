// SPDX-License-Identifier: EUPL-1.2
//! What a citizen sends us and what we send them, in our own words.

use jiff::{SignedDuration, Timestamp};

use crate::ids::{FileId, MessageId, UserId};
use crate::line::HeaderFormat;
use crate::media::File;
use crate::phone::Phone;

/// One message from a person, as far as we could read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound {
    pub id: MessageId,
    pub sender: Sender,
    /// Meta's time, whole seconds. It opens the service window and orders consent changes.
    pub at: Timestamp,
    pub content: Content,
}

/// How far ahead of ours Meta's clock may be.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

impl Inbound {
    /// The message as we take it, which we got at `received_at`: nothing is written later than it
    /// arrives. A time from the future would keep the service window open until then, and make
    /// every later word of the person's an older one, a goodbye too.
    #[must_use]
    pub fn received(self, received_at: Timestamp) -> Self {
        let is_ahead = self.at.duration_since(received_at) > AHEAD;
        Self { at: if is_ahead { received_at } else { self.at }, ..self }
    }

    /// Whether it is a change of number or user id that says whose: without the user id from
    /// before, the number may be somebody else's by now, and nobody can be taken along.
    pub fn says_who_moved(&self) -> bool {
        matches!(self.content, Content::Moved { .. }) && self.sender.user_id.is_some()
    }
}

/// Who wrote. At least one of the two identifiers is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    pub phone: Option<Phone>,
    pub user_id: Option<UserId>,
    /// The profile name. Chosen by the person, so never to be trusted or matched.
    pub name: Option<ProfileName>,
}

/// A profile name: personal data, so it has no `Display` and a silent `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct ProfileName(String);

impl ProfileName {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The name itself, for the desk. Never for a log line.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for ProfileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProfileName(redacted)")
    }
}

#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    Text(String),
    /// A tap on a button or list row of ours: the payload we gave it, and what the person saw.
    Tap {
        payload: String,
        title: String,
    },
    Media(Media),
    /// A location, contact card, poll, unsupported type …: the desk sees that it came.
    /// `kind` is Meta's `type`.
    Other {
        kind: String,
    },
    /// A reaction to a message of ours. It asks nothing and is never answered.
    Reaction {
        emoji: Option<String>,
    },
    /// The number or the user id changed. Source: Cloud API, `system` messages.
    Moved {
        phone: Option<Phone>,
        user_id: Option<UserId>,
        previous_user_id: Option<UserId>,
    },
    /// A voice or video call, which nobody takes. Like a message, it opens the service window.
    Call,
    /// A press on one of WhatsApp's own buttons, outside the conversation.
    Marketing(MarketingChoice),
}

/// Whether a person wants a number's marketing messages, as they told WhatsApp and not us.
///
/// Meta refuses ours while they are stopped (131050), and takes every other kind.
/// Source: Cloud API, webhook `user_preferences`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarketingChoice {
    Stop,
    Resume,
}

impl MarketingChoice {
    /// Meta's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Resume => "resume",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Self::Stop, Self::Resume].into_iter().find(|it| it.name() == name)
    }
}

// Written by hand because a text is personal data.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(redacted)",
            Self::Tap { .. } => "Tap(redacted)",
            Self::Media(_) => "Media(redacted)",
            Self::Other { .. } => "Other(redacted)",
            Self::Reaction { .. } => "Reaction(redacted)",
            Self::Moved { .. } => "Moved(redacted)",
            Self::Call => "Call",
            Self::Marketing(_) => "Marketing(redacted)",
        })
    }
}

#[derive(Clone, PartialEq, Eq)]
pub struct Media {
    /// Meta's `type`: `image`, `video`, `audio`, `document`, `sticker`.
    pub kind: String,
    /// Meta's media id. It can be fetched for 7 days.
    pub id: String,
    pub mime_type: Option<String>,
    pub file_name: Option<String>,
    pub caption: Option<String>,
    /// Our own id of it, where it is written down.
    pub file: Option<FileId>,
}

/// A file that goes out by Meta's media id, besides documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attached {
    Image,
    Video,
    Audio,
    /// Recorded by the office: OGG with Opus, shown as a voice message.
    Voice,
}

impl Attached {
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Voice => "voice",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Self::Image, Self::Video, Self::Audio, Self::Voice]
            .into_iter()
            .find(|it| it.name() == name)
    }

    /// WhatsApp shows no text beside sound.
    pub fn takes_caption(self) -> bool {
        matches!(self, Self::Image | Self::Video)
    }
}

/// One message to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// Free-form text, at most 4,096 characters; only inside the service window.
    Text(String),
    /// Text with one to three reply buttons; only inside the service window.
    Buttons { body: String, buttons: Vec<Button> },
    /// Text with one to ten rows behind a button of at most 20 characters; only inside the service
    /// window.
    List { body: String, button: String, rows: Vec<Row> },
    /// A file that was uploaded to Meta, by its media id, with a caption of at most 1,024
    /// characters, which may be empty; only inside the service window.
    Document { media_id: String, file_name: String, caption: String },
    /// A place on the map; only inside the service window.
    Location(Place),
    /// A picture, a film or a recording that was uploaded to Meta, by its media id, with a caption
    /// of at most 1,024 characters, which sound cannot have; only inside the service window.
    Media { kind: Attached, media_id: String, caption: String },
    /// A template Meta approved; at any time.
    Template(FilledTemplate),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Degrees, from -90 to 90.
    pub latitude: f64,
    /// Degrees, from -180 to 180.
    pub longitude: f64,
    /// What stands above the map.
    pub name: String,
    pub address: Option<String>,
}

// Degrees are always numbers: a request that says others is refused.
impl Eq for Place {}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// Comes back as [`Content::Tap`]'s payload. At most 256 characters.
    pub payload: String,
    /// At most 20 characters.
    pub title: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Comes back as [`Content::Tap`]'s payload. At most 200 characters.
    pub payload: String,
    /// At most 24 characters.
    pub title: String,
    /// At most 72 characters.
    pub description: Option<String>,
}

/// A template with its parameters filled in, ready to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilledTemplate {
    pub name: String,
    /// Meta's language code: `it`.
    pub language: String,
    /// Name and value, in the order of the template's text.
    pub parameters: Vec<(String, String)>,
    /// The file on top, if the template has one there.
    pub header: Option<HeaderMedia>,
    /// What its one button says to us besides its title: comes back as [`Content::Tap`]'s payload.
    pub quick_reply: Option<String>,
}

/// A file on top of a template, as Meta has it for the number that sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderMedia {
    pub format: HeaderFormat,
    pub media_id: String,
    /// What a person reads of a document before they open it.
    pub file_name: Option<String>,
}

impl HeaderMedia {
    /// `None` of what cannot be on top.
    pub fn of(file: &File, media_id: impl Into<String>) -> Option<Self> {
        let format = HeaderFormat::of(file.kind)?;
        let file_name = (format == HeaderFormat::Document).then(|| file.name.clone());
        Some(Self { format, media_id: media_id.into(), file_name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_later_than_it_arrives() {
        let second = |it| Timestamp::from_second(it).unwrap();
        let received = 1_795_507_200;
        for (at, want) in [
            (1, 1),
            (received - 7 * 86_400, received - 7 * 86_400),
            (received, received),
            (received + 300, received + 300),
            (received + 301, received),
            (253_402_200_000, received),
        ] {
            let message = Inbound {
                id: MessageId::new("wamid.A"),
                sender: Sender { phone: None, user_id: Some(UserId::new("IT.1")), name: None },
                at: second(at),
                content: Content::Call,
            };
            assert_eq!(message.received(second(received)).at, second(want), "sent at {at}");
        }
    }
}
