// SPDX-License-Identifier: EUPL-1.2
//! Moderation: what an office does about what somebody wrote, until when, and what undoes it.
//!
//! Nothing here happens by itself but the end: an operator decides, cites a rule of the policy,
//! and the person may object. The one automatic guard, against a flood, keeps what comes in and
//! only stops raising it.

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::contact::{ConsentEvent, ConsentSource, Contact, Subscription};
use crate::conversation::{Wish, record, window_is_open};
use crate::hours::rfc3339;
use crate::ids::{ContactId, MeasureId, UserId};
use crate::line::{Line, Rule};
use crate::message::{Content, Inbound, ProfileName};
use crate::phone::Phone;
use crate::reading::Reading;
use crate::reply::{PAYLOAD_REVIEW, REVIEW_WORD, Reply};

/// The longest block, in days, before somebody must look again. Source: italian-pa, section 2.4.
pub const MOST_DAYS: i64 = 365;

/// The most messages in one report: within what one item of a table holds, however long they are.
pub const MOST_REPORTED: usize = 20;

/// A measure is kept so many days after its end: as long as the person may dispute it.
const KEPT_DAYS: i64 = 365;

/// Of a block that holds: what is known with the contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub measure: MeasureId,
    /// When it ends by itself.
    pub until: Timestamp,
    /// The rule that was cited, in the policy's words.
    pub rule: String,
    /// Whether the subscription ended by it.
    pub ended_subscription: bool,
    /// Whether the person was told. They are as soon as they can be, and once.
    pub told: bool,
    /// When they asked for a review.
    pub objected_at: Option<Timestamp>,
}

impl Block {
    pub fn of(measure: &MeasureId, until: Timestamp, rule: &str) -> Self {
        Self {
            measure: measure.clone(),
            until,
            rule: rule.to_owned(),
            ended_subscription: false,
            told: false,
            objected_at: None,
        }
    }
}

/// How many messages came since when, for the guard against floods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Meta's time of the first.
    pub since: Timestamp,
    pub messages: u32,
}

/// The pace with one more message.
pub fn paced(before: Option<Pace>, at: Timestamp) -> Pace {
    match before {
        Some(it) if at < it.since + 1.minute() => {
            Pace { messages: it.messages.saturating_add(1), ..it }
        }
        _ => Pace { since: at, messages: 1 },
    }
}

/// Whether so much comes that it raises nothing any more.
pub fn floods(pace: Option<Pace>, line: &Line) -> bool {
    pace.is_some_and(|it| it.messages > line.moderation.messages_a_minute)
}

/// One act of an office about one person.
#[derive(Clone, PartialEq, Eq)]
pub struct Measure {
    pub id: MeasureId,
    pub contact: ContactId,
    pub at: Timestamp,
    pub act: Act,
    pub rule: Rule,
    /// The operator's own words.
    pub reason: String,
    pub by: String,
}

// Written by hand because a reason may say something of the person.
impl std::fmt::Debug for Measure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Measure({}, {})", self.id, self.act.name())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Block {
        level: Level,
        until: Timestamp,
        /// What Meta said, where it was asked to block.
        meta: Option<AtMeta>,
        objected_at: Option<Timestamp>,
        lifted: Option<Lifted>,
    },
    /// The row of the message.
    Deletion { message: String },
    Report {
        messages: usize,
        recipient: Recipient,
        /// Of the pack's bytes.
        sha256: String,
        expires_at: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifted {
    pub at: Timestamp,
    pub by: String,
}

/// How far a block goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// We do not answer; opt-out, one's data and help work as ever.
    Mute,
    /// Meta takes no message of theirs for our number either.
    Meta,
}

impl Level {
    pub const ALL: [Self; 2] = [Self::Mute, Self::Meta];

    pub fn name(self) -> &'static str {
        match self {
            Self::Mute => "mute",
            Self::Meta => "meta",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// How a block stands at Meta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtMeta {
    Blocked,
    /// More than 24 hours since their last message: Meta refuses (131047).
    TooLate,
    /// Meta refused or did not answer.
    Refused,
    /// It was lifted.
    Lifted,
}

impl AtMeta {
    pub const ALL: [Self; 4] = [Self::Blocked, Self::TooLate, Self::Refused, Self::Lifted];

    pub fn name(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::TooLate => "too-late",
            Self::Refused => "refused",
            Self::Lifted => "lifted",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// For the office.
    pub fn words(self) -> &'static str {
        match self {
            Self::Blocked => "Bloccato anche su WhatsApp: i suoi messaggi non arrivano più.",
            Self::TooLate => {
                "WhatsApp blocca solo chi ha scritto nelle ultime 24 ore: resta il silenzio dello \
                 sportello, e i suoi messaggi continuano ad arrivare."
            }
            Self::Refused => {
                "WhatsApp non ha accettato il blocco: resta il silenzio dello sportello, e i suoi \
                 messaggi continuano ad arrivare."
            }
            Self::Lifted => "Il blocco su WhatsApp è stato tolto.",
        }
    }
}

/// Whom a report is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// WhatsApp.
    Platform,
    Authorities,
}

impl Recipient {
    pub const ALL: [Self; 2] = [Self::Platform, Self::Authorities];

    pub fn name(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Authorities => "authorities",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

impl Act {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Block { .. } => "block",
            Self::Deletion { .. } => "deletion",
            Self::Report { .. } => "report",
        }
    }
}

impl Measure {
    /// Whether it is a block that still holds.
    pub fn holds(&self, now: Timestamp) -> bool {
        matches!(&self.act, Act::Block { until, lifted: None, .. } if now < *until)
    }

    /// When nobody needs it any more.
    pub fn expires_at(&self) -> Timestamp {
        let end = match &self.act {
            Act::Block { until, .. } => *until,
            Act::Report { expires_at, .. } => *expires_at,
            Act::Deletion { .. } => self.at,
        };
        end + (24 * KEPT_DAYS).hours()
    }
}

/// What blocking somebody changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    pub contact: Contact,
    /// The end of the subscription, where the line has it so.
    pub event: Option<ConsentEvent>,
    /// What they are told now; if they cannot be, they are at their next message.
    pub reply: Option<Reply>,
}

/// Blocks a contact by a measure; `None` if a block holds already.
pub fn block(contact: &Contact, measure: &Measure, line: &Line, now: Timestamp) -> Option<Blocked> {
    let Act::Block { until, .. } = measure.act else { return None };
    let mut contact = unless_over(contact, now);
    if contact.blocked.is_some() {
        return None;
    }
    let mut block = Block::of(&measure.id, until, &measure.rule.words);
    let mut event = None;
    let active = matches!(contact.subscription, Subscription::Active { .. });
    if line.moderation.block_ends_subscription && active {
        let source = ConsentSource::Operator {
            who: measure.by.clone(),
            channel: None,
            proof: format!("blocco, regola «{}»: {}", measure.rule.id, measure.reason),
        };
        if let Ok((left, written)) = record(&contact, &Wish::Unsubscribe, now, &source, line) {
            block.ended_subscription = !left.is_subscribed();
            (contact, event) = (left, Some(written));
        }
    }
    block.told = window_is_open(&contact, now);
    let told = block.told;
    contact.blocked = Some(block);
    let reply = notice(&contact).filter(|_| told);
    Some(Blocked { contact, event, reply })
}

/// The contact without a block that is over.
#[must_use]
pub fn unless_over(contact: &Contact, now: Timestamp) -> Contact {
    let over = contact.blocked.as_ref().is_some_and(|it| it.until <= now);
    let blocked = if over { None } else { contact.blocked.clone() };
    Contact { blocked, ..contact.clone() }
}

/// What a blocked person is told.
pub(crate) fn notice(contact: &Contact) -> Option<Reply> {
    let block = contact.blocked.as_ref()?;
    let rests = matches!(contact.subscription, Subscription::Active { .. });
    let news = match (block.ended_subscription, rests) {
        (true, _) => News::Ended,
        (false, true) => News::Rest,
        (false, false) => News::Unaffected,
    };
    Some(Reply::Blocked { rule: block.rule.clone(), until: block.until, news })
}

/// What a block does to the notices somebody receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Unaffected,
    /// None until the block ends.
    Rest,
    /// The subscription ended by it.
    Ended,
}

/// Whether a blocked person asks for a review: by the button under what they were told, or by its
/// word.
pub(crate) fn objects(message: &Inbound, reading: Option<&Reading>) -> bool {
    match &message.content {
        Content::Tap { payload, .. } if payload == PAYLOAD_REVIEW => true,
        Content::Text(_) => {
            let normalised = reading.map_or("", |it| it.normalised.as_str());
            [REVIEW_WORD, "chiedo il riesame", "chiedo riesame"].contains(&normalised)
        }
        _ => false,
    }
}

/// What lifting a block gives back, for the office. Nobody is subscribed again but by themselves.
pub fn given_back(contact: &Contact, line: &Line) -> String {
    let ended = contact.blocked.as_ref().is_some_and(|it| it.ended_subscription);
    match (&contact.subscription, ended) {
        (Subscription::Active { .. }, _) => {
            "Lo sportello torna a vedere i suoi messaggi, e la persona riceve di nuovo gli avvisi \
             degli argomenti che aveva scelto."
                .to_owned()
        }
        (_, true) => format!(
            "Lo sportello torna a vedere i suoi messaggi. L'iscrizione finita con il blocco non \
             torna da sola: solo la persona può iscriversi di nuovo, scrivendo {}.",
            line.opt_in_word().to_uppercase()
        ),
        (_, false) => {
            "Lo sportello torna a vedere i suoi messaggi. La persona non è iscritta agli \
                       avvisi."
                .to_owned()
        }
    }
}

/// A message of a report.
pub struct Reported {
    /// Its row.
    pub id: String,
    pub at: Timestamp,
    /// Whether it is the citizen's.
    pub is_theirs: bool,
    pub kind: String,
    pub text: String,
    pub file_name: Option<String>,
    /// SHA-256 of its bytes in hexadecimal, where they are kept for the report.
    pub file_sha256: Option<String>,
}

/// A report pack: what the platform or the authorities are handed.
pub struct Pack {
    /// JSON, to be kept as it is: its hash is of these bytes.
    pub text: String,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// Makes the pack of a report; `messages` oldest first.
///
/// Each message has a hash of its own, so that one can be shown without the others.
pub fn pack(
    line: &Line,
    contact: &Contact,
    measure: &Measure,
    recipient: Recipient,
    messages: &[Reported],
) -> Pack {
    let rows = messages.iter().map(|it| {
        let mut row = json!({
            "id": it.id,
            "at": rfc3339(it.at),
            "from": if it.is_theirs { "person" } else { "comune" },
            "kind": it.kind,
            "text": it.text,
            "file_name": it.file_name,
            "file_sha256": it.file_sha256,
        });
        let hash = sha256(row.to_string().as_bytes());
        row["sha256"] = hash.into();
        row
    });
    let pack: Value = json!({
        "report": measure.id.as_str(),
        "made_at": rfc3339(measure.at),
        "made_by": measure.by,
        "recipient": recipient.name(),
        "line": {
            "id": line.id.as_str(),
            "comune": line.comune.name,
            "service": line.service,
            "number": line.display_number,
        },
        "rule": { "id": measure.rule.id, "words": measure.rule.words },
        "policy": { "date": line.policy.date.to_string(), "url": line.policy.url },
        "reason": measure.reason,
        "person": {
            "number": contact.phone.as_ref().map(|it: &Phone| format!("+{}", it.expose())),
            "user_id": contact.user_id.as_ref().map(UserId::expose),
            "name": contact.name.as_ref().map(ProfileName::expose),
        },
        "messages": rows.collect::<Vec<_>>(),
    });
    let text = format!("{pack:#}\n");
    let sha256 = sha256(text.as_bytes());
    Pack { text, sha256 }
}

/// In hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a string succeeds");
        hex
    })
}

#[cfg(test)]
pub(crate) mod tests;
