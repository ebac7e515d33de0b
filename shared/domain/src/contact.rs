//! A person on WhatsApp as one line knows them, subscribed or not.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::ids::{ContactId, MessageId, TopicId, UserId};
use crate::message::ProfileName;
use crate::phone::Phone;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub id: ContactId,
    pub phone: Option<Phone>,
    pub user_id: Option<UserId>,
    pub name: Option<ProfileName>,
    pub subscription: Subscription,
    /// Meta's time of the newest consent change taken. An older one is ignored.
    pub consent_at: Option<Timestamp>,
    /// Meta's time of the last message; opens the service window.
    pub last_inbound_at: Option<Timestamp>,
    /// When we last asked what an unclear message meant, or invited to subscribe.
    pub asked_at: Option<Timestamp>,
    pub invited_at: Option<Timestamp>,
    pub blocked: bool,
    /// Ids of contacts merged into this one. A claim is checked against them too.
    pub former_ids: Vec<ContactId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subscription {
    /// Wrote, never subscribed.
    Never,
    Active {
        topics: BTreeSet<TopicId>,
        since: Timestamp,
    },
    Ended {
        at: Timestamp,
    },
}

impl Contact {
    /// Someone we hear from for the first time.
    pub fn new(id: ContactId) -> Self {
        Self {
            id,
            phone: None,
            user_id: None,
            name: None,
            subscription: Subscription::Never,
            consent_at: None,
            last_inbound_at: None,
            asked_at: None,
            invited_at: None,
            blocked: false,
            former_ids: Vec::new(),
        }
    }

    /// The topics that reach this person now; none if not subscribed or blocked.
    pub fn topics(&self) -> BTreeSet<TopicId> {
        match &self.subscription {
            Subscription::Active { topics, .. } if !self.blocked => topics.clone(),
            _ => BTreeSet::new(),
        }
    }

    pub fn is_subscribed(&self) -> bool {
        matches!(self.subscription, Subscription::Active { .. }) && !self.blocked
    }
}

/// One change of consent, or one we refused to make. Append-only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentEvent {
    pub contact: ContactId,
    /// Meta's time of the message, or the operator's.
    pub at: Timestamp,
    pub change: ConsentChange,
    pub source: ConsentSource,
    /// The policy and privacy notice that were in force, by their dates.
    pub policy: Date,
    pub privacy: Date,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsentChange {
    Subscribed {
        topics: BTreeSet<TopicId>,
    },
    TopicsChosen {
        topics: BTreeSet<TopicId>,
    },
    Unsubscribed,
    /// A change older than the newest one taken: written down, not applied.
    Outdated {
        wanted: String,
    },
}

#[derive(Clone, PartialEq, Eq)]
pub enum ConsentSource {
    /// The text or button payload as received, Meta's id of it, and the rule that read it.
    Message { id: MessageId, text: String, rule: String },
    /// Asked for off WhatsApp and recorded by an operator with its proof.
    Operator { who: String, proof: String },
}

// Written by hand because a text is personal data.
impl std::fmt::Debug for ConsentSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Message { .. } => "Message(redacted)",
            Self::Operator { .. } => "Operator(redacted)",
        })
    }
}

/// One person out of two contacts: `kept` goes on, and knows `other`'s id as a former one.
///
/// The newer decision about the subscription holds for both.
pub fn merge(kept: &Contact, other: &Contact) -> Contact {
    let newer = if other.consent_at > kept.consent_at { other } else { kept };
    let mut former_ids = kept.former_ids.clone();
    former_ids.push(other.id.clone());
    former_ids.extend(other.former_ids.iter().cloned());
    Contact {
        id: kept.id.clone(),
        phone: kept.phone.clone().or_else(|| other.phone.clone()),
        user_id: kept.user_id.clone().or_else(|| other.user_id.clone()),
        name: kept.name.clone().or_else(|| other.name.clone()),
        subscription: newer.subscription.clone(),
        consent_at: newer.consent_at,
        last_inbound_at: kept.last_inbound_at.max(other.last_inbound_at),
        asked_at: kept.asked_at.max(other.asked_at),
        invited_at: kept.invited_at.max(other.invited_at),
        blocked: kept.blocked || other.blocked,
        former_ids,
    }
}
