// SPDX-License-Identifier: EUPL-1.2
//! Who is at the other end: profiles, what they write, and what their phones show.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How Meta names a person to a business.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Identity {
    /// Phone and user id: everybody without a username.
    #[default]
    Phone,
    /// A username, so no phone: only the user id.
    UserIdOnly,
    /// The user id stands where the phone should: seen in the wild.
    UserIdInFrom,
}

impl Identity {
    pub(crate) fn slug(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::UserIdOnly => "user-id-only",
            Self::UserIdInFrom => "user-id-in-from",
        }
    }

    pub(crate) fn from_slug(slug: &str) -> Self {
        [Self::UserIdOnly, Self::UserIdInFrom]
            .into_iter()
            .find(|it| it.slug() == slug)
            .unwrap_or_default()
    }
}

/// One person's phone. No `Debug`: a name is personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// The profile name.
    pub name: String,
    /// Sent only with [`Identity::UserIdOnly`].
    pub username: Option<String>,
    pub identity: Identity,
    /// Whether read receipts are on: messages that arrive are read.
    pub reads: bool,
    pub on_whatsapp: bool,
    /// Lines this person blocked.
    pub blocks: BTreeSet<String>,
    /// Lines whose marketing this person stopped.
    pub stopped_marketing: BTreeSet<String>,
}

impl Person {
    /// Somebody new: the name depends on the number, so it is the same every time.
    pub(crate) fn somebody(phone: &str) -> Self {
        const NAMES: [&str; 12] = [
            "Anna", "Bruno", "Carla", "Dario", "Elena", "Franco", "Giulia", "Ivo", "Lucia",
            "Marco", "Nadia", "Piero",
        ];
        let sum: usize = phone.bytes().skip(5).fold(0, |sum, it| sum * 10 + usize::from(it - b'0'));
        Self {
            name: NAMES[sum.wrapping_sub(1) % NAMES.len()].to_owned(),
            username: None,
            identity: Identity::Phone,
            reads: true,
            on_whatsapp: true,
            blocks: BTreeSet::new(),
            stopped_marketing: BTreeSet::new(),
        }
    }
}

/// What a person sends. No `Debug`: it is what they say.
#[derive(Clone)]
pub enum WriteBody {
    Text(String),
    /// A tap on a reply button, a list row or a template's quick reply.
    Button {
        payload: String,
        title: String,
        /// The message that had the button; `None`: the last one from that line that has it.
        context: Option<String>,
    },
    Media {
        /// `image`, `video`, `audio`, `document`, `sticker`.
        kind: String,
        mime_type: String,
        bytes: Vec<u8>,
        file_name: Option<String>,
        caption: Option<String>,
    },
    /// `emoji: None` takes the reaction back.
    Reaction {
        message_id: String,
        emoji: Option<String>,
    },
    /// Any other type: `object` stands under the key `kind`, as for `location` or `unsupported`.
    Other {
        kind: String,
        object: serde_json::Value,
    },
}

impl From<&str> for WriteBody {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// What a phone shows of a message.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Content {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) header: Option<String>,
    #[serde(default)]
    pub(crate) body: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) footer: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) buttons: Vec<PhoneButton>,
    /// What opens the list of buttons, if they are a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) list: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) media: Option<PhoneMedia>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reply_to: Option<String>,
}

impl Content {
    /// Header, body and footer as one text, a blank line between them.
    pub(crate) fn text(&self) -> String {
        let parts = [self.header.as_deref(), Some(&*self.body), self.footer.as_deref()];
        parts.into_iter().flatten().filter(|it| !it.is_empty()).collect::<Vec<_>>().join("\n\n")
    }
}

#[derive(Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct PhoneButton {
    /// What the business gets back; empty for a link.
    pub payload: String,
    pub title: String,
    /// A list row's second line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where a link leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

#[derive(Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct PhoneMedia {
    pub mime_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// Of a file that can be opened: its media id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// One message as a phone shows it. No `Debug`: it is personal data throughout.
///
/// ```json
/// {"id":"wamid.…","direction":"in","line":"pordenone","kind":"interactive",
///  "text":"Titolo\n\nTesto\n\nPiede","header":"Titolo","body":"Testo","footer":"Piede",
///  "buttons":[{"payload":"1","title":"Sì"}],"list":null,"media":null,"reply_to":null,
///  "reaction":null,"template":null,"at":"2026-11-22T09:00:00Z","status":"delivered"}
/// ```
#[derive(Clone, Serialize, PartialEq, Eq)]
pub struct PhoneMessage {
    pub id: String,
    pub direction: Direction,
    pub line: String,
    /// Meta's `type`.
    pub kind: String,
    /// Header, body and footer, a blank line between them.
    pub text: String,
    pub header: Option<String>,
    pub body: String,
    pub footer: Option<String>,
    pub buttons: Vec<PhoneButton>,
    /// The label that opens the buttons, when they are the rows of a list.
    pub list: Option<String>,
    pub media: Option<PhoneMedia>,
    /// Id of the message it answers.
    pub reply_to: Option<String>,
    /// The other side's emoji on it.
    pub reaction: Option<String>,
    /// The template's name.
    pub template: Option<String>,
    /// RFC 3339 in JSON.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    pub status: Status,
}

fn as_text<S: serde::Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(at)
}

/// As seen from the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The citizen wrote it.
    Out,
    /// The business sent it.
    In,
}

/// The ticks. For a message of the business: as the business is told. For a citizen's: `sent`
/// until the webhook was answered 200, then `delivered`; `read` when the business marks it so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Accepted,
    Sent,
    Delivered,
    Read,
    Failed,
}

/// One message of the business, whatever became of it. No `Debug`: it is personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct SentMessage {
    pub id: String,
    pub phone: String,
    pub at: Timestamp,
    pub kind: String,
    pub text: String,
    pub template: Option<String>,
    /// `biz_opaque_callback_data`.
    pub callback: Option<String>,
    pub status: Status,
    /// The code of its `failed` status.
    pub failed: Option<u32>,
    pub held: bool,
}

/// `+39 333 000 0001` as `393330000001`: 6 to 15 digits, the country code first.
pub fn digits(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches('+');
    let readable = text.chars().all(|c| c.is_ascii_digit() || " .-/()\u{a0}".contains(c));
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (readable && (6..=15).contains(&digits.len()) && !digits.starts_with('0')).then_some(digits)
}
