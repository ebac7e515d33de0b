// SPDX-License-Identifier: EUPL-1.2
//! What a block changes, until when, and what is left of it.

use super::*;
use crate::contact::ConsentChange;
use crate::ids::TopicId;
use crate::line::{Address, sample};
use crate::message::Outgoing;
use crate::reply::render;

/// A block of which the person knows, far from its end.
pub(crate) fn held() -> Block {
    Block { told: true, ..Block::of(&MeasureId::new("m"), Timestamp::MAX, "spam") }
}

const NOW: &str = "2026-11-24T09:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn line(block_ends_subscription: bool) -> Line {
    let mut line = sample::line();
    line.moderation.block_ends_subscription = block_ends_subscription;
    line
}

fn subscriber() -> Contact {
    let topics = [TopicId::new("acqua")].into();
    Contact {
        subscription: Subscription::Active { topics, since: at("2026-01-01T09:00:00Z") },
        last_inbound_at: Some(at("2026-11-24T08:00:00Z")),
        ..Contact::new(ContactId::new("c"))
    }
}

pub(crate) fn measure() -> Measure {
    Measure {
        id: MeasureId::new("m"),
        contact: ContactId::new("c"),
        at: at(NOW),
        act: Act::Block {
            level: Level::Mute,
            until: at("2026-12-24T09:00:00Z"),
            meta: None,
            objected_at: None,
            lifted: None,
        },
        rule: Rule { id: "spam".to_owned(), words: "spam o link fuori tema".to_owned() },
        reason: "venti annunci in un'ora".to_owned(),
        by: "Sportello".to_owned(),
    }
}

#[test]
fn a_block_rests_or_ends_the_subscription_as_the_policy_says() {
    let blocked = block(&subscriber(), &measure(), &line(false), at(NOW)).unwrap();
    assert_eq!(blocked.event, None);
    assert!(!blocked.contact.is_subscribed() && blocked.contact.topics().is_empty());
    let lifted = Contact { blocked: None, ..blocked.contact.clone() };
    assert!(lifted.is_subscribed(), "it only rested");
    assert!(given_back(&blocked.contact, &line(false)).contains("riceve di nuovo"));

    let blocked = block(&subscriber(), &measure(), &line(true), at(NOW)).unwrap();
    let event = blocked.event.unwrap();
    assert_eq!(event.change, ConsentChange::Unsubscribed);
    assert_eq!(blocked.contact.subscription, Subscription::Ended { at: at(NOW) });
    assert_eq!(blocked.contact.consent_at, Some(at(NOW)), "an older paper does not undo it");
    assert!(given_back(&blocked.contact, &line(true)).contains("scrivendo ENTRO"));
    let over = unless_over(&blocked.contact, at("2026-12-24T09:00:00Z"));
    assert!(over.blocked.is_none() && !over.is_subscribed(), "only they subscribe again");
}

#[test]
fn they_are_told_now_if_whatsapp_lets_us_and_else_at_their_next_message() {
    let told = block(&subscriber(), &measure(), &line(true), at(NOW)).unwrap();
    assert!(matches!(told.reply, Some(Reply::Blocked { news: News::Ended, .. })));
    let silent = Contact { last_inbound_at: Some(at("2026-11-22T08:00:00Z")), ..subscriber() };
    let waits = block(&silent, &measure(), &line(true), at(NOW)).unwrap();
    assert_eq!(waits.reply, None);
    assert!(waits.contact.blocked.is_some_and(|it| !it.told));
}

#[test]
fn nobody_is_blocked_twice_but_again_after_the_end() {
    let once = block(&subscriber(), &measure(), &line(false), at(NOW)).unwrap().contact;
    assert_eq!(block(&once, &measure(), &line(false), at("2026-12-24T08:59:59Z")), None);
    assert!(block(&once, &measure(), &line(false), at("2026-12-24T09:00:00Z")).is_some());
}

#[test]
fn says_what_it_does_to_who_reads_it() {
    for (address, ends) in [(Address::Tu, true), (Address::Lei, false)] {
        let line = Line { address, ..line(ends) };
        let reply = block(&subscriber(), &measure(), &line, at(NOW)).unwrap().reply.unwrap();
        let Outgoing::Buttons { body, buttons } = render(&reply, &line, at(NOW)) else {
            panic!("no button");
        };
        assert_eq!(buttons[0].title, "Chiedo il riesame");
        match address {
            Address::Tu => insta::assert_snapshot!(body, @r"
            *Fino al 24 dicembre 2026 alle 10:00 l'ufficio non risponde a questo numero.* Un tuo messaggio è contrario alle regole del servizio: spam o link fuori tema.
            *Iscrizione cancellata.* Non ricevi più gli avvisi. Dopo quella data puoi iscriverti di nuovo: scrivi ENTRO.
            Non sei d'accordo? Chiedi il riesame con il pulsante qui sotto, oppure scrivi RIESAME: decide una persona.
            Puoi chiederlo anche a urp@comune.prova.it.
            Restano attivi ESCO, I MIEI DATI e AIUTO. Per le emergenze chiama il 112.
            "),
            Address::Lei => insta::assert_snapshot!(body, @r"
            *Fino al 24 dicembre 2026 alle 10:00 l'ufficio non risponde a questo numero.* Un suo messaggio è contrario alle regole del servizio: spam o link fuori tema.
            Fino ad allora non riceve gli avvisi.
            Non è d'accordo? Chieda il riesame con il pulsante qui sotto, oppure scriva RIESAME: decide una persona.
            Può chiederlo anche a urp@comune.prova.it.
            Restano attivi ESCO, I MIEI DATI e AIUTO. Per le emergenze chiami il 112.
            "),
        }
    }
}

#[test]
fn a_pack_says_what_was_written_and_its_hash_is_of_its_bytes() {
    let message = |text: &str| Reported {
        id: "0001#a#in".to_owned(),
        at: at(NOW),
        is_theirs: true,
        kind: "text".to_owned(),
        text: text.to_owned(),
        file_name: None,
        file_sha256: None,
    };
    let contact = Contact { phone: Phone::parse("393330000001").ok(), ..subscriber() };
    let line = line(false);
    let made =
        |text: &str| pack(&line, &contact, &measure(), Recipient::Platform, &[message(text)]);
    let (one, other) = (made("ti trovo"), made("ti trovo!"));
    assert_eq!(one.sha256, sha256(one.text.as_bytes()));
    assert_ne!(one.sha256, other.sha256);
    let read: Value = serde_json::from_str(&one.text).unwrap();
    assert_eq!(read["person"]["number"], "+393330000001");
    assert_eq!(read["rule"]["words"], "spam o link fuori tema");
    let mut row = read["messages"][0].clone();
    let hash = row.as_object_mut().unwrap().remove("sha256").unwrap();
    assert_eq!(hash, sha256(row.to_string().as_bytes()), "each message by itself, too");
}
