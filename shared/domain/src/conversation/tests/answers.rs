// SPDX-License-Identifier: EUPL-1.2
//! What people type in answer to our one question.

use super::*;

const ASK: &str = "24T09:00 registrazione";

/// The decision about the last of these messages.
fn last(line: &Line, start: Contact, messages: &[&str]) -> Decision {
    let (last, before) = messages.split_last().unwrap();
    let contact = before.iter().fold(start, |contact, message| said(line, &contact, message));
    let (at, text) = last.split_once(' ').unwrap();
    hear(line, &contact, &inbound(moment(at), text), moment(at))
}

fn subscriber() -> Contact {
    said(&free(), &stranger(), "23T09:00 ISCRIVIMI")
}

#[test]
fn right_after_the_question_the_first_button_may_be_typed() {
    for text in [
        "1",
        "1.",
        "1️⃣",
        "La prima",
        "il primo, grazie",
        "opzione 1",
        "A",
        "ricevere gli avvisi",
        "Ricevere avvisi",
        "Get the notices",
        "recevoir les avis",
        "接收通知",
    ] {
        let decision = last(&free(), stranger(), &[ASK, &format!("24T09:01 {text}")]);
        assert!(decision.contact.is_subscribed(), "{text}");
        let Some(ConsentEvent { source: ConsentSource::Message { rule, .. }, .. }) = decision.event
        else {
            panic!("{text}: no event");
        };
        assert_eq!(rule, "answer-to-our-question", "{text}");
    }
}

#[test]
fn the_second_button_may_be_typed_and_ends_a_subscription() {
    for text in ["2", "la seconda", "B", "non riceverli più", "No more notices"] {
        let decision = last(&free(), subscriber(), &[ASK, &format!("24T09:01 {text}")]);
        assert!(!decision.contact.is_subscribed(), "{text}");
        assert_eq!(decision.reply, Some(Reply::Goodbye), "{text}");
    }
}

#[test]
fn the_rest_of_the_answers_change_nothing() {
    for (text, desk) in [
        ("3", Desk::Opens),
        ("ho una domanda", Desk::Opens),
        // Yes to which of the three?
        ("sì", Desk::Opens),
        ("ok", Desk::Opens),
        ("no", Desk::Recorded),
        ("nessuna delle tre", Desk::Recorded),
        ("grazie", Desk::Recorded),
    ] {
        for start in [stranger(), subscriber()] {
            let before = start.subscription.clone();
            let decision = last(&free(), start, &[ASK, &format!("24T09:01 {text}")]);
            assert_eq!(decision.event, None, "{text}");
            assert_eq!(decision.contact.subscription, before, "{text}");
            assert_eq!((decision.desk, decision.reply), (desk, None), "{text}");
        }
    }
}

#[test]
fn without_a_question_of_ours_pending_an_answer_subscribes_nobody() {
    for text in ["1", "sì", "si grazie", "ok", "la prima", "A", "ricevere gli avvisi", "accetto"] {
        let never_asked = [format!("24T09:01 {text}")];
        let too_late = [ASK.to_owned(), format!("25T09:00 {text}")];
        let said_more = [
            ASK.to_owned(),
            "24T09:01 la scuola di mio figlio".to_owned(),
            format!("24T09:02 {text}"),
        ];
        let answered = [ASK.to_owned(), "24T09:01 no".to_owned(), format!("24T09:02 {text}")];
        for messages in [&never_asked[..], &too_late, &said_more, &answered] {
            let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
            let decision = last(&free(), stranger(), &messages);
            assert_eq!(decision.event, None, "{messages:?}");
            assert!(!decision.contact.is_subscribed(), "{messages:?}");
        }
    }
}

#[test]
fn what_was_written_before_the_question_does_not_answer_it() {
    let line = free();
    let asked = said(&line, &stranger(), ASK);
    let decision = hear(&line, &asked, &inbound(moment("24T08:59"), "1"), moment("24T09:01"));
    assert!(!decision.contact.is_subscribed());
}

#[test]
fn an_answer_a_minute_after_midnight_still_counts() {
    let asked = "24T23:30 registrazione";
    assert!(last(&free(), stranger(), &[asked, "25T23:29 1"]).contact.is_subscribed());
}

#[test]
fn replies_speak_the_language_they_were_asked_in() {
    for (text, language) in [
        ("ISCRIVIMI", Language::Italian),
        ("subscribe", Language::English),
        ("vreau să mă abonez", Language::Romanian),
        ("帮助", Language::Chinese),
        ("[tap subscribe]", Language::Italian),
        ("[tap subscribe:sq]", Language::Albanian),
    ] {
        let decision = last(&free(), stranger(), &[&format!("24T09:00 {text}")]);
        assert!(decision.reply.is_some(), "{text}");
        assert_eq!(decision.language, language, "{text}");
    }
    let typed = last(&free(), stranger(), &["24T09:00 register", "24T09:01 Get the notices"]);
    assert_eq!(typed.language, Language::English);
}
