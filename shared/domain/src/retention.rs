//! Until when each kind of data stays.

use jiff::{Timestamp, ToSpan};

use crate::contact::{Contact, Subscription};
use crate::line::Retention;

/// The instants before which each kind of data goes, for one line and one night.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cutoffs {
    pub chat: Timestamp,
    pub delivery: Timestamp,
    pub consent: Timestamp,
    pub inactivity: Option<Timestamp>,
}

pub fn cutoffs(retention: &Retention, now: Timestamp) -> Cutoffs {
    // A day is 24 hours here: a night's run an hour early or late twice a year harms nobody.
    let days_ago = |days: u16| now.checked_sub((i64::from(days) * 24).hours()).unwrap_or(now);
    Cutoffs {
        chat: days_ago(retention.chat_days),
        delivery: days_ago(retention.delivery_days),
        consent: days_ago(retention.consent_days),
        inactivity: retention.inactivity_days.map(days_ago),
    }
}

/// What the night does with one contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Stays,
    /// The subscription ends for want of any sign of life; the proof stays for its own time.
    Lapses,
    /// Nothing holds the contact any more: identifiers, name and proof go.
    Goes,
}

/// Decides on one contact.
///
/// A subscriber stays until they leave, or lapses where the notice says so. Who left stays as
/// long as the proof of consent. Who never subscribed stays as long as their chat.
pub fn fate(contact: &Contact, cutoffs: &Cutoffs) -> Fate {
    let last_sign = contact.last_inbound_at;
    match &contact.subscription {
        Subscription::Active { since, .. } => {
            let last_sign = last_sign.unwrap_or(*since).max(*since);
            match cutoffs.inactivity {
                Some(cutoff) if last_sign < cutoff => Fate::Lapses,
                _ => Fate::Stays,
            }
        }
        Subscription::Ended { at } => {
            let chatted = last_sign.is_some_and(|it| it >= cutoffs.chat);
            if *at < cutoffs.consent && !chatted { Fate::Goes } else { Fate::Stays }
        }
        Subscription::Never => match last_sign {
            Some(at) if at >= cutoffs.chat => Fate::Stays,
            // A block outlives the chat: it holds until an operator lifts it.
            _ if contact.blocked => Fate::Stays,
            _ => Fate::Goes,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::ids::ContactId;

    const RULES: Retention = Retention {
        inactivity_days: None,
        consent_days: 730,
        chat_days: 180,
        media_days: 30,
        delivery_days: 90,
    };

    fn days_ago(days: i64) -> Timestamp {
        now() - (days * 24).hours()
    }

    fn now() -> Timestamp {
        "2026-11-22T02:00:00Z".parse().unwrap()
    }

    fn contact(subscription: Subscription, last_inbound: i64) -> Contact {
        Contact {
            subscription,
            last_inbound_at: Some(days_ago(last_inbound)),
            ..Contact::new(ContactId::new("c"))
        }
    }

    fn active(since: i64) -> Subscription {
        Subscription::Active { topics: BTreeSet::new(), since: days_ago(since) }
    }

    fn ended(at: i64) -> Subscription {
        Subscription::Ended { at: days_ago(at) }
    }

    #[test]
    fn each_kind_of_contact_goes_in_its_own_time() {
        let until_they_leave = cutoffs(&RULES, now());
        let two_years = cutoffs(&Retention { inactivity_days: Some(730), ..RULES }, now());
        for (who, subscription, last_inbound, rules, want) in [
            ("a subscriber of ten years", active(3650), 3650, until_they_leave, Fate::Stays),
            ("a silent one where the notice says so", active(800), 731, two_years, Fate::Lapses),
            ("one who wrote lately", active(800), 700, two_years, Fate::Stays),
            ("one who left last year", ended(365), 365, until_they_leave, Fate::Stays),
            ("one who left three years ago", ended(1000), 1000, until_they_leave, Fate::Goes),
            ("one who left, but chats", ended(1000), 10, until_they_leave, Fate::Stays),
            ("a stranger who asked", Subscription::Never, 179, until_they_leave, Fate::Stays),
            ("a stranger long ago", Subscription::Never, 181, until_they_leave, Fate::Goes),
        ] {
            assert_eq!(fate(&contact(subscription, last_inbound), &rules), want, "{who}");
        }
    }

    #[test]
    fn a_block_outlives_the_chat() {
        let blocked = Contact { blocked: true, ..contact(Subscription::Never, 400) };
        assert_eq!(fate(&blocked, &cutoffs(&RULES, now())), Fate::Stays);
    }
}
