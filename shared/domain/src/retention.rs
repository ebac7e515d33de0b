// SPDX-License-Identifier: EUPL-1.2
//! Until when each kind of data stays.

use jiff::{Timestamp, ToSpan};

use crate::contact::{Contact, Subscription};
use crate::line::Retention;

/// One kind of data, and within what a line may choose how long it stays. Defaults are of italian-pa,
/// section 2.4; the limits are ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// As a line file has it: `chat_days`.
    pub key: &'static str,
    pub floor: u16,
    pub ceiling: u16,
    /// `None` is never.
    pub default: Option<u16>,
    /// For the office.
    pub why: &'static str,
}

pub const INACTIVITY: Rule = Rule {
    key: "inactivity_days",
    floor: 180,
    ceiling: 3_650,
    default: None,
    why: "Iscrizioni senza alcun segno di vita: finiscono solo se l'informativa lo dice, perché un \
          numero può passare a un'altra persona.",
};
pub const CONSENT: Rule = Rule {
    key: "consent_days",
    floor: 180,
    ceiling: 3_650,
    default: Some(730),
    why: "Dichiarazioni di consenso e richieste sui dati, dopo la cancellazione: provano che cosa è \
          stato chiesto, se qualcuno lo contesta.",
};
pub const CHAT: Rule = Rule {
    key: "chat_days",
    floor: 7,
    ceiling: 730,
    default: Some(180),
    why: "Messaggi della chat: servono a riprendere il discorso, non sono un archivio.",
};
pub const MEDIA: Rule = Rule {
    key: "media_days",
    floor: 1,
    ceiling: 180,
    default: Some(30),
    why: "Foto, documenti e messaggi vocali ricevuti.",
};
/// Meta may report on a template for 30 days.
pub const DELIVERIES: Rule = Rule {
    key: "delivery_days",
    floor: 30,
    ceiling: 365,
    default: Some(90),
    why: "Esiti persona per persona di ogni invio: servono a capire che cosa non è arrivato e a \
          controllare i costi. I conteggi restano.",
};

pub const AUDIT: Rule = Rule {
    key: "audit_days",
    floor: 180,
    ceiling: 3_650,
    default: Some(730),
    why: "Registro delle attività di chi lavora sulla linea: chi ha fatto che cosa e quando, senza \
          alcun testo.",
};

pub const RULES: [Rule; 6] = [INACTIVITY, CONSENT, CHAT, MEDIA, DELIVERIES, AUDIT];

impl Rule {
    /// What a line chose.
    pub fn days(&self, chosen: &Retention) -> Option<u16> {
        match self.key {
            "inactivity_days" => chosen.inactivity_days,
            "consent_days" => Some(chosen.consent_days),
            "chat_days" => Some(chosen.chat_days),
            "media_days" => Some(chosen.media_days),
            "audit_days" => Some(chosen.audit_days),
            _ => Some(chosen.delivery_days),
        }
    }
}

/// A block of somebody who never subscribed ends so many days after their last message, unless an
/// operator lifted it before. Source: italian-pa, section 2.4.
const BLOCKED_DAYS: u16 = 365;

/// The instants before which each kind of data goes, for one line and one night.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cutoffs {
    pub chat: Timestamp,
    /// Of files, which never stay longer than the messages that brought them.
    pub media: Timestamp,
    pub delivery: Timestamp,
    pub consent: Timestamp,
    pub block: Timestamp,
    pub inactivity: Option<Timestamp>,
}

pub fn cutoffs(retention: &Retention, now: Timestamp) -> Cutoffs {
    // A day is 24 hours here: a night's run an hour early or late twice a year harms nobody.
    let days_ago = |days: u16| now.checked_sub((i64::from(days) * 24).hours()).unwrap_or(now);
    Cutoffs {
        chat: days_ago(retention.chat_days),
        media: days_ago(retention.media_days.min(retention.chat_days)),
        delivery: days_ago(retention.delivery_days),
        consent: days_ago(retention.consent_days),
        block: days_ago(BLOCKED_DAYS),
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
            // A block outlives the chat, but not for ever.
            Some(at) if contact.blocked.is_some() && at >= cutoffs.block => Fate::Stays,
            _ => Fate::Goes,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::ids::ContactId;

    const CHOSEN: Retention = Retention {
        inactivity_days: None,
        consent_days: 730,
        chat_days: 180,
        media_days: 30,
        delivery_days: 90,
        audit_days: 730,
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
        let until_they_leave = cutoffs(&CHOSEN, now());
        let two_years = cutoffs(&Retention { inactivity_days: Some(730), ..CHOSEN }, now());
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
    fn a_block_outlives_the_chat_by_a_year_at_most() {
        let blocked = |days| Contact {
            blocked: Some(crate::moderation::tests::held()),
            ..contact(Subscription::Never, days)
        };
        assert_eq!(fate(&blocked(364), &cutoffs(&CHOSEN, now())), Fate::Stays);
        assert_eq!(fate(&blocked(366), &cutoffs(&CHOSEN, now())), Fate::Goes);
    }

    #[test]
    fn every_default_is_within_its_limits_and_says_why() {
        for rule in RULES {
            let within = rule.default.is_none_or(|it| (rule.floor..=rule.ceiling).contains(&it));
            assert!(within && !rule.why.is_empty(), "{}", rule.key);
            assert_eq!(rule.days(&CHOSEN), rule.default, "{}", rule.key);
        }
    }
}
