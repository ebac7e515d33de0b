// SPDX-License-Identifier: EUPL-1.2
use super::super::decide as hear_message;
use super::*;
use crate::contact::{ConsentChange, Subscription};
use crate::ids::{ContactId, MessageId};
use crate::line::sample;
use crate::message::Sender;
use crate::phone::Phone;
use crate::reading::Reader;

/// Everybody may ask; the notice has every right.
fn line() -> Line {
    Line {
        opt_in: vec!["ISCRIVIMI".to_owned()],
        opt_out: vec!["CANCELLAMI".to_owned()],
        rights: vec![7, 15, 16, 17, 18, 19, 20, 21, 77],
        ..sample::line()
    }
}

fn moment(text: &str) -> Timestamp {
    format!("2026-11-{text}:00Z").parse().unwrap()
}

fn stranger() -> Contact {
    Contact::new(ContactId::new("0b9e4c7f3a"))
}

/// Hears `24T09:00 words` at `now`; `[payload]` is a press on a button. `about` stands for what the
/// reader makes of words about data.
fn hear(line: &Line, contact: &Contact, message: &str, about: Option<AboutData>) -> Decision {
    let (at, text) = message.split_once(' ').unwrap();
    let payload = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let content = match payload {
        Some(payload) => Content::Tap { payload: payload.to_owned(), title: "Premuto".to_owned() },
        None => Content::Text(text.to_owned()),
    };
    let mut reading = payload.and_then(Reading::of_tap).unwrap_or_else(|| {
        Reader::new(line).read(if payload.is_some() { "Premuto" } else { text })
    });
    if let Some(about) = about {
        reading.intent = Intent::MyData(about);
    }
    let sender = Sender { phone: Phone::parse("393330000001").ok(), user_id: None, name: None };
    let at = moment(at);
    let message = Inbound { id: MessageId::new("wamid.1"), sender, at, content };
    hear_message(contact, &message, Some(&reading), line, &[], None, at).unwrap()
}

fn subscriber(line: &Line) -> Contact {
    hear(line, &stranger(), "24T08:00 ISCRIVIMI", None).contact
}

fn reply(decision: &Decision) -> &'static str {
    decision.reply.as_ref().map_or("", Reply::name)
}

fn outcome(decision: &Decision) -> Option<Outcome> {
    decision.request.as_ref().and_then(|it| it.closed.as_ref()).map(|it| it.outcome)
}

#[test]
fn each_right_is_answered_in_its_own_way() {
    let line = line();
    for (about, name, desk, closed) in [
        (Right::Access, "data_copy", Desk::Recorded, Some(Outcome::Granted)),
        (Right::Portability, "data_copy", Desk::Recorded, Some(Outcome::Granted)),
        (Right::Erasure, "erase_ask", Desk::Recorded, None),
        (Right::Rectification, "request_taken", Desk::Opens, None),
        (Right::Restriction, "request_taken", Desk::Opens, None),
        (Right::Recipients, "request_taken", Desk::Opens, None),
        (Right::Objection, "request_taken", Desk::Opens, None),
    ] {
        // In the chat of who never subscribed just as well.
        for contact in [stranger(), subscriber(&line)] {
            let decision =
                hear(&line, &contact, "24T09:00 i miei dati", Some(AboutData::Right(about)));
            assert_eq!((reply(&decision), decision.desk), (name, desk), "{about:?}");
            let request = decision.request.as_ref().expect("is written down");
            assert_eq!((request.right, outcome(&decision)), (about, closed));
            assert_eq!(request.due.to_string(), "2026-12-24");
            assert!(!decision.erases);
        }
    }
}

#[test]
fn an_objection_ends_the_subscription_and_no_other_right_does() {
    let line = line();
    for about in Right::ALL {
        let decision =
            hear(&line, &subscriber(&line), "24T09:00 i miei dati", Some(AboutData::Right(about)));
        let left = matches!(decision.contact.subscription, Subscription::Ended { .. });
        assert_eq!(left, about == Right::Objection, "{about:?}");
        let written = decision.event.map(|it| it.change);
        assert_eq!(written, left.then_some(ConsentChange::Unsubscribed), "{about:?}");
        let told = matches!(decision.reply, Some(Reply::RequestTaken { stopped: true, .. }));
        assert_eq!(told, left, "{about:?}");
    }
}

#[test]
fn a_right_that_the_notice_does_not_have_goes_to_a_person() {
    let line = Line { rights: vec![15], ..line() };
    for about in [Right::Erasure, Right::Recipients] {
        let decision =
            hear(&line, &stranger(), "24T09:00 i miei dati", Some(AboutData::Right(about)));
        assert_eq!((reply(&decision), decision.desk), ("my_data", Desk::Opens));
        assert_eq!(decision.request, None);
    }
}

#[test]
fn says_whether_somebody_is_subscribed() {
    let line = line();
    let status = Some(AboutData::Status);
    let asked = hear(&line, &subscriber(&line), "24T09:00 sono iscritto?", status);
    assert_eq!(reply(&asked), "already");
    assert_eq!(reply(&hear(&line, &stranger(), "24T09:00 sono iscritto?", status)), "topics_none");
}

/// What messages after a request to be erased lead to: the last reply, whether everything goes,
/// and how the register has it.
fn after_asking(messages: &[&str]) -> (&'static str, bool, Option<Outcome>) {
    let line = line();
    let asked =
        hear(&line, &subscriber(&line), "24T09:00 dati", Some(AboutData::Right(Right::Erasure)));
    let mut decision = asked;
    for message in messages {
        let about = message.ends_with("dati").then_some(AboutData::Right(Right::Erasure));
        decision = hear(&line, &decision.contact, message, about);
    }
    (reply(&decision), decision.erases, outcome(&decision))
}

#[test]
fn everything_goes_after_one_confirmation_and_only_then() {
    let gone = ("", true, Some(Outcome::Granted));
    let stays = ("erase_kept", false, Some(Outcome::Withdrawn));
    for (messages, want) in [
        (&["24T09:01 [erase-yes]"][..], gone),
        (&["24T09:01 [erase-yes:ro]"], gone),
        (&["24T09:01 CONFERMO"], gone),
        (&["24T09:01 Sì"], gone),
        (&["24T09:01 cancella tutto"], gone),
        (&["24T09:01 Șterge tot"], gone),
        (&["25T08:59 [erase-yes]"], gone),
        (&["24T09:01 [erase-no]"], stays),
        (&["24T09:01 no"], stays),
        (&["24T09:01 No, lascia così"], stays),
        // Asked twice, it still takes one answer.
        (&["24T09:01 dati", "24T09:02 [erase-yes]"], gone),
        // Too late, or pressed once more: it is asked anew.
        (&["25T09:00 [erase-yes]"], ("erase_ask", false, None)),
        (&["24T09:01 [erase-no]", "24T09:02 [erase-yes]"], ("erase_ask", false, None)),
    ] {
        assert_eq!(after_asking(messages), want, "{messages:?}");
    }
    for message in ["24T09:01 Cancellami", "24T09:01 grazie", "24T09:01 Quando aprite?"] {
        assert!(!after_asking(&[message]).1, "{message}");
        // What they said in between changed the subject; the button still holds.
        assert!(!after_asking(&[message, "24T09:02 sì"]).1, "{message}");
        assert!(after_asking(&[message, "24T09:02 [erase-yes]"]).1, "{message}");
    }
    let line = line();
    for message in ["24T09:00 [erase-yes]", "24T09:00 confermo", "24T09:00 cancella tutto"] {
        assert!(!hear(&line, &subscriber(&line), message, None).erases, "nothing was asked");
    }
}

#[test]
fn who_is_being_erased_is_sent_nothing_from_then_on() {
    let line = line();
    let asked =
        hear(&line, &subscriber(&line), "24T09:00 dati", Some(AboutData::Right(Right::Erasure)));
    assert!(asked.contact.is_subscribed(), "asking is not leaving");
    let number = asked.request.unwrap().number;
    let gone = hear(&line, &asked.contact, "24T09:01 [erase-yes]", None);
    assert!(!gone.contact.is_subscribed());
    assert_eq!(gone.request.map(|it| it.number), Some(number), "the same request");
}

#[test]
fn who_is_blocked_is_not_erased_by_themselves() {
    let line = line();
    let blocked = Contact { blocked: Some(crate::moderation::tests::held()), ..subscriber(&line) };
    let asked = hear(&line, &blocked, "24T09:00 dati", Some(AboutData::Right(Right::Erasure)));
    assert_eq!((reply(&asked), asked.desk), ("request_taken", Desk::Opens));
    assert!(!hear(&line, &asked.contact, "24T09:01 [erase-yes]", None).erases);
    let copy = hear(&line, &blocked, "24T09:00 dati", Some(AboutData::Right(Right::Access)));
    assert_eq!(reply(&copy), "data_copy");
}

#[test]
fn who_repeats_themselves_has_asked_once() {
    let line = line();
    let asked =
        hear(&line, &stranger(), "24T09:00 dati", Some(AboutData::Right(Right::Restriction)));
    let again =
        hear(&line, &asked.contact, "24T10:00 dati", Some(AboutData::Right(Right::Restriction)));
    assert_eq!(again.request, None);
    assert_eq!(again.reply, asked.reply, "with the same number");
    let other =
        hear(&line, &again.contact, "24T10:01 dati", Some(AboutData::Right(Right::Rectification)));
    assert!(other.request.is_some());
    let later =
        hear(&line, &asked.contact, "25T09:00 dati", Some(AboutData::Right(Right::Restriction)));
    assert!(later.request.is_some());
}

#[test]
fn what_comes_too_late_for_an_answer_is_the_offices() {
    let line = line();
    for about in [Right::Access, Right::Erasure] {
        let sender = Sender { phone: Phone::parse("393330000001").ok(), user_id: None, name: None };
        let content = Content::Text("i miei dati".to_owned());
        let at = moment("24T09:00");
        let message = Inbound { id: MessageId::new("wamid.1"), sender, at, content };
        let mut reading = Reader::new(&line).read("i miei dati");
        reading.intent = Intent::MyData(AboutData::Right(about));
        let now = moment("25T09:00");
        let late =
            hear_message(&stranger(), &message, Some(&reading), &line, &[], None, now).unwrap();
        assert_eq!((reply(&late), late.desk, outcome(&late)), ("", Desk::Opens, None));
        assert!(late.request.is_some());
    }
}
