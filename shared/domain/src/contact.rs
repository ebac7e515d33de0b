// SPDX-License-Identifier: EUPL-1.2
//! A person on WhatsApp as one line knows them, subscribed or not.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::ids::{AppId, BroadcastId, ContactId, MessageId, TopicId, UserId};
use crate::message::{MarketingChoice, ProfileName};
use crate::moderation::{Block, Pace};
use crate::phone::Phone;
use crate::rights::{RequestNumber, Right};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub id: ContactId,
    pub phone: Option<Phone>,
    pub user_id: Option<UserId>,
    /// Within what the user id was given: [`crate::line::Line::scope_of_user_ids`].
    pub user_id_scope: Option<String>,
    pub name: Option<ProfileName>,
    pub subscription: Subscription,
    /// Meta's time of the newest consent change taken. An older one is ignored.
    pub consent_at: Option<Timestamp>,
    /// Meta's time of the last message; opens the service window.
    pub last_inbound_at: Option<Timestamp>,
    /// When we last asked what an unclear message meant, or invited to subscribe.
    pub asked_at: Option<Timestamp>,
    /// Wants to subscribe, and was asked to confirm it.
    pub joining: Option<Joining>,
    pub invited_at: Option<Timestamp>,
    /// The newest policy they accepted, by its date; `None` where that was not kept yet.
    pub accepted: Option<Date>,
    /// Whether the subscription rests on somebody else's list, without a word of theirs. The next
    /// notice asks them; whatever they choose themselves proves it.
    pub unproven: bool,
    /// Which policies they were asked to accept, each with the broadcast that asked.
    pub asked_to_accept: BTreeSet<(Date, BroadcastId)>,
    /// The right they last asked to use, in chat.
    pub requested: Option<Requested>,
    /// Until when they know that the desk is closed.
    pub told_closed_until: Option<Timestamp>,
    /// The automatic answer they last got, by our clock.
    pub answered: Option<Answered>,
    /// The block that holds, or held until its end came.
    pub blocked: Option<Block>,
    /// How fast they write, for the guard against floods.
    pub pace: Option<Pace>,
    /// The latest broadcasts in a row of which Meta said that they cannot be delivered to this
    /// person (131026), at most [`SUSPENDED_FROM`]. Empty again as soon as we hear from them or
    /// something arrives.
    pub undeliverable: BTreeSet<BroadcastId>,
    /// What Meta last told us of WhatsApp's own switch for our marketing messages; `None` if it
    /// never did. It is no part of the subscription: only the person can turn it, and not by
    /// writing to us.
    pub marketing: Option<MarketingSwitch>,
    /// Ids of contacts merged into this one, in order. A claim is checked against them too.
    pub former_ids: Vec<ContactId>,
    /// When another contact was last merged into this one, by our clock. Who read of the two before
    /// may still be at work on a chunk for a minute.
    pub merged_at: Option<Timestamp>,
}

/// An automatic answer that somebody got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Its name: [`crate::reply::Reply::name`].
    pub name: String,
    pub at: Timestamp,
}

/// A right that somebody asked to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requested {
    pub right: Right,
    pub number: RequestNumber,
    /// Meta's time of the message.
    pub at: Timestamp,
}

/// A wish to subscribe that is not confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joining {
    pub topics: BTreeSet<TopicId>,
    /// Meta's time of the message that said so.
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketingSwitch {
    pub choice: MarketingChoice,
    /// Meta's time of it.
    pub at: Timestamp,
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
            user_id_scope: None,
            name: None,
            subscription: Subscription::Never,
            consent_at: None,
            last_inbound_at: None,
            asked_at: None,
            joining: None,
            invited_at: None,
            accepted: None,
            unproven: false,
            asked_to_accept: BTreeSet::new(),
            requested: None,
            told_closed_until: None,
            answered: None,
            blocked: None,
            pace: None,
            undeliverable: BTreeSet::new(),
            marketing: None,
            former_ids: Vec::new(),
            merged_at: None,
        }
    }

    /// The topics that reach this person now; none if not subscribed or blocked.
    pub fn topics(&self) -> BTreeSet<TopicId> {
        match &self.subscription {
            Subscription::Active { topics, .. } if self.blocked.is_none() => topics.clone(),
            _ => BTreeSet::new(),
        }
    }

    pub fn is_subscribed(&self) -> bool {
        matches!(self.subscription, Subscription::Active { .. }) && self.blocked.is_none()
    }

    /// Every id of ours that is or was this contact's, with blanks between: for the log line that
    /// outlives an erasure.
    pub fn all_ids(&self) -> String {
        let all = std::iter::once(&self.id).chain(&self.former_ids);
        all.map(ContactId::as_str).collect::<Vec<_>>().join(" ")
    }

    /// The other ids under which this person may be in a broadcast's audience, or have been sent
    /// it already, for whoever works on them under `id`.
    pub fn ids_besides(&self, id: &ContactId) -> Vec<ContactId> {
        let all = std::iter::once(&self.id).chain(&self.former_ids);
        all.filter(|it| *it != id).cloned().collect()
    }

    /// Whether somebody with this contact's number, whose messages come under these user ids, may be
    /// this person.
    ///
    /// A number is given to somebody else some time after it was left; a user id never is, and Meta
    /// names a person's new one together with the one before. So who comes with another user id is
    /// somebody else, and gets neither the subscription nor the history. Where one side has no user
    /// id, or has it from before the number moved to another portfolio, the number is all there is to
    /// go by.
    ///
    /// Source: Cloud API, business-scoped-user-ids.
    pub fn may_have(&self, user_ids: &[&UserId], scope: Option<&str>) -> bool {
        let elsewhere = |it: &String| scope.is_some_and(|scope| it != scope);
        let known = self.user_id.as_ref();
        let known = known.filter(|_| !self.user_id_scope.as_ref().is_some_and(elsewhere));
        user_ids.is_empty() || known.is_none_or(|it| user_ids.contains(&it))
    }

    /// The contact as these events made it that came later than what it knows, in their order.
    #[must_use]
    pub fn after(self, events: &[ConsentEvent]) -> Self {
        events.iter().fold(self, Self::after_one)
    }

    fn after_one(mut self, event: &ConsentEvent) -> Self {
        use ConsentChange::{
            MarketingResumed, MarketingStopped, Outdated, PolicyAccepted, Subscribed, TopicsChosen,
            Unsubscribed,
        };
        let at = event.at;
        let switch = |choice| Some(MarketingSwitch { choice, at });
        if matches!(event.change, MarketingStopped { .. } | MarketingResumed) {
            if self.marketing.is_some_and(|it| it.at > at) {
                return self;
            }
        } else if self.consent_at.is_some_and(|it| it > at) {
            return self;
        }
        match (&event.change, &mut self.subscription) {
            (Subscribed { topics }, subscription) => {
                let since = match subscription {
                    Subscription::Active { since, .. } => *since,
                    _ => at,
                };
                *subscription = Subscription::Active { topics: topics.clone(), since };
                self.accepted = self.accepted.max(Some(event.policy));
            }
            (TopicsChosen { topics: chosen }, Subscription::Active { topics, .. }) => {
                topics.clone_from(chosen);
            }
            (Unsubscribed, subscription) => *subscription = Subscription::Ended { at },
            (MarketingStopped { topics: left }, subscription) => {
                if let Subscription::Active { topics, .. } = subscription {
                    topics.retain(|it| left.contains(it));
                }
                self.marketing = switch(MarketingChoice::Stop);
                return self;
            }
            (MarketingResumed, _) => {
                self.marketing = switch(MarketingChoice::Resume);
                return self;
            }
            (PolicyAccepted, _) => self.accepted = self.accepted.max(Some(event.policy)),
            (TopicsChosen { .. } | Outdated { .. }, _) => return self,
        }
        self.consent_at = Some(at);
        self
    }

    /// Whether so many broadcasts in a row did not reach this person that trying is no use.
    ///
    /// The subscription is not touched: nobody decided anything about it, and who writes again
    /// after years is reached again.
    pub fn is_suspended(&self) -> bool {
        self.undeliverable.len() >= SUSPENDED_FROM
    }

    /// Since when Meta takes no marketing message of ours to this person.
    pub fn marketing_stopped_at(&self) -> Option<Timestamp> {
        self.marketing.filter(|it| it.choice == MarketingChoice::Stop).map(|it| it.at)
    }
}

/// Broadcasts in a row that Meta could not deliver until a person is suspended.
///
/// One may be a phone that has not taken WhatsApp's new terms yet, or an afternoon of Meta's: the
/// code does not say. Every message that cannot be delivered also lowers the number's quality.
pub const SUSPENDED_FROM: usize = 3;

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
    /// No marketing messages any more; the topics are those that are left.
    MarketingStopped {
        topics: BTreeSet<TopicId>,
    },
    /// A newer policy than the one they had accepted.
    PolicyAccepted,
    /// Marketing messages may come again. No topic comes back by it.
    MarketingResumed,
    /// A change older than the newest one taken: written down, not applied.
    Outdated {
        wanted: String,
    },
}

impl ConsentChange {
    /// As it is stored and sealed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Subscribed { .. } => "subscribed",
            Self::TopicsChosen { .. } => "topics-chosen",
            Self::Unsubscribed => "unsubscribed",
            Self::PolicyAccepted => "policy-accepted",
            Self::MarketingStopped { .. } => "marketing-stopped",
            Self::MarketingResumed => "marketing-resumed",
            Self::Outdated { .. } => "outdated",
        }
    }

    /// The event on the bus by which the comune's other systems learn of it, if it is news to them.
    pub fn announced_as(&self) -> Option<&'static str> {
        match self {
            Self::Subscribed { .. } => Some("subscriber.joined"),
            Self::Unsubscribed => Some("subscriber.left"),
            Self::TopicsChosen { .. } | Self::MarketingStopped { .. } => {
                Some("subscriber.topics-chosen")
            }
            Self::PolicyAccepted | Self::MarketingResumed | Self::Outdated { .. } => None,
        }
    }

    /// What is followed from then on, where the change says so.
    pub fn topics(&self) -> Option<&BTreeSet<TopicId>> {
        match self {
            Self::Subscribed { topics }
            | Self::TopicsChosen { topics }
            | Self::MarketingStopped { topics } => Some(topics),
            Self::Unsubscribed
            | Self::PolicyAccepted
            | Self::MarketingResumed
            | Self::Outdated { .. } => None,
        }
    }
}

#[derive(Clone, PartialEq, Eq)]
pub enum ConsentSource {
    /// The text as received, or a button's title and its payload; Meta's id of it; the rule that
    /// read it.
    ///
    /// `signed_by` is the Meta app whose secret had signed the webhook that brought it, which was
    /// checked before anything of it was read. What was stored before that was kept has none.
    Message {
        id: MessageId,
        text: String,
        payload: Option<String>,
        rule: String,
        signed_by: Option<AppId>,
    },
    /// Asked for off WhatsApp and recorded by an operator with its proof. No channel is known of
    /// what was done by the line's own rules.
    Operator { who: String, channel: Option<AskedBy>, proof: String },
    /// A button of WhatsApp's own, of which Meta told us.
    Button { told_by: ToldBy },
}

/// How somebody asks for a change of consent off WhatsApp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedBy {
    Paper,
    Counter,
    Email,
    Phone,
}

impl AskedBy {
    pub const ALL: [Self; 4] = [Self::Paper, Self::Counter, Self::Email, Self::Phone];

    pub fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Counter => "counter",
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// How Meta tells of a press on WhatsApp's own button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldBy {
    /// By the webhook `user_preferences`.
    Webhook,
    /// By refusing a marketing message: [`crate::failure::MARKETING_STOPPED`].
    Refusal,
}

impl ToldBy {
    pub fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Refusal => "refusal",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Self::Webhook, Self::Refusal].into_iter().find(|it| it.name() == name)
    }
}

// Written by hand because a text is personal data.
impl std::fmt::Debug for ConsentSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Message { .. } => "Message(redacted)",
            Self::Operator { .. } => "Operator(redacted)",
            Self::Button { .. } => "Button",
        })
    }
}

/// One person out of two contacts, whichever way round they are given. `now` is our clock.
///
/// The larger id goes on and knows the other as a former one. Audiences are planned in the order of
/// ids, so of somebody who is merged in the middle of it the larger is still to come as long as not
/// both are behind; the smaller could be behind although only the larger had been in the audience.
///
/// The newer decision about the subscription holds for both. Of two from the same instant, the
/// one to leave: a missed goodbye is worse than a repaired one. Number, user id and name are those
/// of the one we heard from last.
pub fn merge(a: &Contact, b: &Contact, now: Timestamp) -> Contact {
    let (kept, other) = if a.id > b.id { (a, b) } else { (b, a) };
    let ended = matches!(other.subscription, Subscription::Ended { .. });
    let newer = match other.consent_at.cmp(&kept.consent_at) {
        Ordering::Greater => other,
        Ordering::Equal if ended => other,
        Ordering::Equal | Ordering::Less => kept,
    };
    let is_later = other.last_inbound_at > kept.last_inbound_at;
    let (last, first) = if is_later { (other, kept) } else { (kept, other) };
    let ids: BTreeSet<_> =
        kept.former_ids.iter().chain(&other.former_ids).chain([&other.id]).collect();
    Contact {
        id: kept.id.clone(),
        phone: last.phone.clone().or_else(|| first.phone.clone()),
        user_id: last.user_id.clone().or_else(|| first.user_id.clone()),
        user_id_scope: if last.user_id.is_some() { last } else { first }.user_id_scope.clone(),
        name: last.name.clone().or_else(|| first.name.clone()),
        subscription: newer.subscription.clone(),
        consent_at: newer.consent_at,
        last_inbound_at: last.last_inbound_at,
        asked_at: kept.asked_at.max(other.asked_at),
        joining: last.joining.clone().or_else(|| first.joining.clone()),
        invited_at: kept.invited_at.max(other.invited_at),
        accepted: kept.accepted.max(other.accepted),
        unproven: newer.unproven,
        asked_to_accept: &kept.asked_to_accept | &other.asked_to_accept,
        requested: later_request(kept, other),
        told_closed_until: kept.told_closed_until.max(other.told_closed_until),
        answered: later_answer(kept, other),
        blocked: longer_block(kept, other),
        pace: last.pace,
        // They turned out to be one by a message: the person is there.
        undeliverable: BTreeSet::new(),
        marketing: newer_switch(kept.marketing, other.marketing),
        former_ids: ids.into_iter().filter(|it| **it != kept.id).cloned().collect(),
        merged_at: Some(now),
    }
}

fn longer_block(a: &Contact, b: &Contact) -> Option<Block> {
    let both = a.blocked.iter().chain(&b.blocked);
    both.max_by(|a, b| (a.until, &a.measure).cmp(&(b.until, &b.measure))).cloned()
}

fn later_answer(a: &Contact, b: &Contact) -> Option<Answered> {
    let both = a.answered.iter().chain(&b.answered);
    both.max_by(|a, b| (a.at, &a.name).cmp(&(b.at, &b.name))).cloned()
}

fn later_request(a: &Contact, b: &Contact) -> Option<Requested> {
    let both = a.requested.iter().chain(&b.requested);
    both.max_by(|a, b| (a.at, &a.number).cmp(&(b.at, &b.number))).cloned()
}

/// Of two from the same instant, the one that stops.
fn newer_switch(a: Option<MarketingSwitch>, b: Option<MarketingSwitch>) -> Option<MarketingSwitch> {
    let stops = |it: &MarketingSwitch| it.choice == MarketingChoice::Stop;
    a.into_iter().chain(b).max_by_key(|it| (it.at, stops(it)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NUMBERS: [&str; 2] = ["393330000001", "393330000002"];

    fn contact(id: &'static str) -> impl Strategy<Value = Contact> {
        let consent = prop::option::of((0_i64..3, any::<bool>()));
        let phone = prop::option::of(prop::sample::select(&NUMBERS[..]));
        let user_id = prop::option::of(prop::sample::select(vec!["IT.1", "IT.2"]));
        let former = prop::sample::subsequence(vec!["a", "b", "x", "y"], 0..=4);
        let heard = prop::option::of(0_i64..3);
        (consent, phone, user_id, former, heard, any::<bool>()).prop_map(
            move |(consent, phone, user_id, former, heard, blocked)| Contact {
                phone: phone.map(|it| Phone::parse(it).unwrap()),
                user_id: user_id.map(UserId::new),
                subscription: match consent {
                    None => Subscription::Never,
                    Some((at, true)) => {
                        Subscription::Active { topics: BTreeSet::new(), since: second(at) }
                    }
                    Some((at, false)) => Subscription::Ended { at: second(at) },
                },
                consent_at: consent.map(|(at, _)| second(at)),
                last_inbound_at: heard.map(second),
                blocked: blocked.then(crate::moderation::tests::held),
                former_ids: former.into_iter().filter(|it| *it != id).map(ContactId::new).collect(),
                ..Contact::new(ContactId::new(id))
            },
        )
    }

    fn second(at: i64) -> Timestamp {
        Timestamp::from_second(at).unwrap()
    }

    fn merged(a: &Contact, b: &Contact) -> Contact {
        merge(a, b, second(9))
    }

    proptest! {
        #[test]
        fn two_are_one_whichever_way_round(a in contact("a"), b in contact("b")) {
            let one = merged(&a, &b);
            prop_assert_eq!(&one, &merged(&b, &a));
            prop_assert_eq!(&one.id, &b.id, "the larger goes on");
            prop_assert_eq!(one.consent_at, a.consent_at.max(b.consent_at));
            let newer = if a.consent_at > b.consent_at { &a } else { &b };
            if a.consent_at != b.consent_at {
                prop_assert_eq!(&one.subscription, &newer.subscription);
            }
            prop_assert_eq!(one.blocked.is_some(), a.blocked.is_some() || b.blocked.is_some(), "a block is not shaken off");
            prop_assert_eq!(one.merged_at, Some(second(9)));
        }

        #[test]
        fn nothing_that_identifies_a_person_is_lost(a in contact("a"), b in contact("b")) {
            let one = merged(&a, &b);
            let a_is_last = a.last_inbound_at > b.last_inbound_at;
            let (last, first) = if a_is_last { (&a, &b) } else { (&b, &a) };
            prop_assert_eq!(&one.phone, last.phone.as_ref().map_or(&first.phone, |_| &last.phone));
            let user_id = last.user_id.as_ref().map_or(&first.user_id, |_| &last.user_id);
            prop_assert_eq!(&one.user_id, user_id);
            let known = [&a.id, &b.id].into_iter().chain(&a.former_ids).chain(&b.former_ids);
            for id in known.filter(|it| **it != b.id) {
                prop_assert_eq!(one.former_ids.iter().filter(|it| *it == id).count(), 1);
            }
            prop_assert!(!one.former_ids.contains(&b.id), "nobody is their own former self");
        }

        #[test]
        fn worked_on_under_any_id_all_the_others_are_besides(a in contact("a"), b in contact("b")) {
            let one = merged(&a, &b);
            for id in [&a.id, &b.id] {
                let besides = one.ids_besides(id);
                prop_assert_eq!(besides.len(), one.former_ids.len());
                prop_assert!(!besides.contains(id));
            }
        }
    }

    #[test]
    fn a_number_with_another_user_id_is_somebody_else() {
        let (one, two) = (UserId::new("IT.1"), UserId::new("IT.2"));
        for (known, shown, want) in [
            (Some("IT.1"), vec![&one], true),
            (Some("IT.1"), vec![&two], false),
            (Some("IT.1"), vec![&two, &one], true),
            (Some("IT.1"), vec![], true),
            (Some("it.1"), vec![&one], false),
            (None, vec![&two], true),
            (None, vec![], true),
        ] {
            let contact =
                Contact { user_id: known.map(UserId::new), ..Contact::new(ContactId::new("a")) };
            assert_eq!(contact.may_have(&shown, None), want, "{known:?} shows {}", shown.len());
            let scoped = Contact { user_id_scope: Some("200".to_owned()), ..contact };
            assert_eq!(scoped.may_have(&shown, Some("200")), want);
            assert!(scoped.may_have(&shown, Some("300")), "the number moved to another portfolio");
        }
    }

    #[test]
    fn of_two_decisions_of_one_instant_the_goodbye_holds() {
        let at = second(1);
        let active = Contact {
            subscription: Subscription::Active { topics: BTreeSet::new(), since: at },
            consent_at: Some(at),
            ..Contact::new(ContactId::new("a"))
        };
        let left = Contact {
            subscription: Subscription::Ended { at },
            id: ContactId::new("b"),
            ..active.clone()
        };
        assert!(!merged(&active, &left).is_subscribed());
        // And with the ids the other way round.
        let active = Contact { id: ContactId::new("c"), ..active };
        assert!(!merged(&active, &left).is_subscribed());
    }

    #[test]
    fn the_newer_turn_of_the_switch_holds_and_of_two_the_one_that_stops() {
        use MarketingChoice::{Resume, Stop};
        for (a, b, want) in [
            (None, None, None),
            (None, Some((Stop, 1)), Some((Stop, 1))),
            (Some((Stop, 1)), Some((Resume, 2)), Some((Resume, 2))),
            (Some((Resume, 1)), Some((Stop, 2)), Some((Stop, 2))),
            (Some((Resume, 2)), Some((Stop, 2)), Some((Stop, 2))),
        ] {
            let contact = |id, switch: Option<(MarketingChoice, i64)>| Contact {
                marketing: switch.map(|(choice, at)| MarketingSwitch { choice, at: second(at) }),
                ..Contact::new(ContactId::new(id))
            };
            let want = contact("a", want).marketing;
            assert_eq!(merged(&contact("a", a), &contact("b", b)).marketing, want);
            assert_eq!(merged(&contact("b", a), &contact("a", b)).marketing, want);
        }
    }

    /// Read by the name of the change, so that a table fits on a screen.
    fn event(at: i64, change: &str) -> ConsentEvent {
        let topics = || [TopicId::new("a")].into();
        ConsentEvent {
            contact: ContactId::new("x"),
            at: second(at),
            change: match change {
                "subscribed" => ConsentChange::Subscribed { topics: topics() },
                "chosen" => ConsentChange::TopicsChosen { topics: topics() },
                "unsubscribed" => ConsentChange::Unsubscribed,
                "stopped" => ConsentChange::MarketingStopped { topics: BTreeSet::new() },
                "outdated" => ConsentChange::Outdated { wanted: "subscribed".to_owned() },
                other => panic!("{other}"),
            },
            source: ConsentSource::Button { told_by: ToldBy::Webhook },
            policy: Date::constant(2026, 11, 1),
            privacy: Date::constant(2026, 11, 1),
        }
    }

    #[test]
    fn what_was_said_later_makes_the_contact_and_what_was_said_before_does_not() {
        let active = |topics: &[&str]| Subscription::Active {
            topics: topics.iter().map(|it| TopicId::new(*it)).collect(),
            since: second(5),
        };
        let known = Contact {
            subscription: active(&["b"]),
            consent_at: Some(second(5)),
            ..Contact::new(ContactId::new("x"))
        };
        let ended = |at| Subscription::Ended { at: second(at) };
        for (events, want) in [
            (vec![], active(&["b"])),
            (vec![event(4, "unsubscribed")], active(&["b"])),
            (vec![event(6, "chosen")], active(&["a"])),
            (vec![event(6, "outdated")], active(&["b"])),
            (vec![event(6, "stopped")], active(&[])),
            (vec![event(6, "unsubscribed")], ended(6)),
            (vec![event(6, "unsubscribed"), event(7, "chosen")], ended(6)),
            (vec![event(6, "subscribed"), event(7, "unsubscribed")], ended(7)),
        ] {
            let got = known.clone().after(&events);
            assert_eq!(got.subscription, want, "after {events:?}");
            assert_eq!(got.clone().after(&events), got, "twice is once");
        }
    }
}
