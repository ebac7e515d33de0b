// SPDX-License-Identifier: EUPL-1.2
//! Conversations played message by message, and what holds of any of them.

mod answers;
mod moderation;

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::hours::Hours;
use crate::ids::{BroadcastId, ContactId, MessageId, UserId};
use crate::line::{Topic, sample};
use crate::message::{Media, Sender};
use crate::phone::Phone;
use crate::reading::Reader;

/// Events, which are marketing, and deadlines; anybody may ask.
fn free() -> Line {
    let line = sample::line();
    let topic = |id: &str, name: &str, category| Topic {
        id: TopicId::new(id),
        name: name.to_owned(),
        category,
        ..line.topics[0].clone()
    };
    Line {
        opt_in: vec!["ISCRIVIMI".to_owned()],
        opt_out: vec!["CANCELLAMI".to_owned()],
        topics: vec![
            topic("scadenze", "Scadenze", Category::Utility),
            topic("eventi", "Eventi", Category::Marketing),
        ],
        ..line
    }
}

/// Who asks must be subscribed.
fn closed() -> Line {
    Line { chat_needs_subscription: true, ..free() }
}

fn stranger() -> Contact {
    Contact::new(ContactId::new("c"))
}

fn blocked() -> Contact {
    let mut contact = said(&free(), &stranger(), "24T08:00 ISCRIVIMI");
    contact.blocked = Some(crate::moderation::tests::held());
    contact
}

/// `24T09:00` of November 2026.
fn moment(text: &str) -> Timestamp {
    format!("2026-11-{text}:00Z").parse().unwrap()
}

/// What came: in brackets what is no text, `[tap stop]` with its payload.
fn content(text: &str) -> Content {
    let Some(kind) = text.strip_prefix('[').and_then(|it| it.strip_suffix(']')) else {
        return Content::Text(text.to_owned());
    };
    if let Some(payload) = kind.strip_prefix("tap ") {
        return Content::Tap { payload: payload.to_owned(), title: "Premuto".to_owned() };
    }
    match kind {
        "reaction" => Content::Reaction { emoji: None },
        "call" => Content::Call,
        "stops marketing" => Content::Marketing(MarketingChoice::Stop),
        "resumes marketing" => Content::Marketing(MarketingChoice::Resume),
        "moved" | "left" => Content::Moved {
            phone: Phone::parse("393330000009").ok(),
            user_id: Some(UserId::new("IT.9")),
            previous_user_id: None,
        },
        "photo" => Content::Media(Media {
            kind: "image".to_owned(),
            id: "1".to_owned(),
            mime_type: None,
            file_name: None,
            caption: None,
            file: None,
        }),
        _ => Content::Other { kind: kind.to_owned() },
    }
}

fn inbound(at: Timestamp, text: &str) -> Inbound {
    Inbound {
        id: MessageId::new("wamid.1"),
        sender: Sender {
            phone: Phone::parse("393330000001").ok(),
            user_id: (text == "[moved]").then(|| UserId::new("IT.1")),
            name: None,
        },
        at,
        content: content(text),
    }
}

/// `None` if nothing is kept of it.
fn heard(line: &Line, contact: &Contact, message: &Inbound, now: Timestamp) -> Option<Decision> {
    let reading = match &message.content {
        Content::Text(text) => Some(Reader::new(line).read(text)),
        Content::Tap { payload, .. } => Reading::of_tap(payload),
        _ => None,
    };
    let on = jiff::civil::date(2026, 11, 23);
    let notices = [Notice { on, text: "Domani niente acqua.".to_owned() }];
    decide(contact, message, reading.as_ref(), line, &notices, None, now)
}

fn hear(line: &Line, contact: &Contact, message: &Inbound, now: Timestamp) -> Decision {
    let nothing = Decision::quiet(contact.clone(), Desk::Nothing);
    heard(line, contact, message, now).unwrap_or(nothing)
}

/// The contact after one message, heard when it was written.
fn said(line: &Line, contact: &Contact, message: &str) -> Contact {
    let (at, text) = message.split_once(' ').unwrap();
    hear(line, contact, &inbound(moment(at), text), moment(at)).contact
}

/// Hears messages one after the other, `24T09:00 words` each, and writes down what follows.
///
/// The time is Meta's; ours is the latest that was ever said. A time without words lets ours
/// pass.
fn play(line: &Line, contact: Contact, messages: &[&str]) -> String {
    let mut transcript = String::new();
    let mut contact = contact;
    let mut now = Timestamp::MIN;
    for message in messages {
        let (at, text) = message.split_once(' ').unwrap_or((message, ""));
        now = now.max(moment(at));
        writeln!(transcript, "> {message}").unwrap();
        if text.is_empty() {
            continue;
        }
        let decision = hear(line, &contact, &inbound(moment(at), text), now);
        if let Some(event) = &decision.event {
            writeln!(transcript, "  {}", in_words(&event.change)).unwrap();
        } else {
            assert_eq!(decision.contact.subscription, contact.subscription, "no change unwritten");
        }
        if decision.desk != Desk::Nothing {
            writeln!(transcript, "  desk: {:?}", decision.desk).unwrap();
        }
        if let Some(reply) = &decision.reply {
            writeln!(transcript, "  < {}", reply.name()).unwrap();
        }
        contact = decision.contact;
    }
    transcript
}

fn in_words(change: &ConsentChange) -> String {
    let list = |topics: &BTreeSet<TopicId>| {
        let names: Vec<_> = topics.iter().map(TopicId::as_str).collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    };
    match change {
        ConsentChange::Subscribed { topics } => format!("subscribed to {}", list(topics)),
        ConsentChange::TopicsChosen { topics } => format!("chose {}", list(topics)),
        ConsentChange::Unsubscribed => "left".to_owned(),
        ConsentChange::PolicyAccepted => "accepted a policy".to_owned(),
        ConsentChange::MarketingStopped { topics } => {
            format!("stopped marketing, which leaves {}", list(topics))
        }
        ConsentChange::MarketingResumed => "resumed marketing".to_owned(),
        ConsentChange::Outdated { wanted } => format!("too old: {wanted}"),
    }
}

#[test]
fn a_newer_policy_is_accepted_by_its_button_and_once() {
    let line = free();
    let joined = said(&line, &stranger(), "24T08:00 ISCRIVIMI");
    assert_eq!(joined.accepted, Some(line.policy.date));
    let heard = |contact: &Contact, message: &str| {
        let (at, text) = message.split_once(' ').unwrap();
        hear(&line, contact, &inbound(moment(at), text), moment(at))
    };
    let tap = "24T09:00 [tap accept-policy:2026-11-24]";
    let accepted = heard(&joined, tap);
    let event = accepted.event.as_ref().expect("is written down");
    assert_eq!(event.change, ConsentChange::PolicyAccepted);
    assert_eq!(event.policy, jiff::civil::date(2026, 11, 24), "the one they were shown");
    assert_eq!((&accepted.reply, accepted.desk), (&None, Desk::Recorded));
    assert_eq!(accepted.contact.accepted, Some(event.policy));
    assert_eq!(accepted.contact.consent_at, joined.consent_at, "it is no newer word on topics");
    for (contact, text) in [
        (&accepted.contact, tap),
        (&accepted.contact, "24T09:01 [tap accept-policy:2026-11-01]"),
        (&stranger(), tap),
        (&blocked(), tap),
    ] {
        let again = heard(contact, text);
        assert_eq!((again.event, again.reply, again.desk), (None, None, Desk::Recorded));
        assert_eq!(again.contact.accepted, contact.accepted);
    }
}

#[test]
fn joins_and_leaves_once() {
    insta::assert_snapshot!(play(&free(), stranger(), &[
        "24T09:00 ISCRIVIMI",
        "24T09:01 iscrivimi",
        "24T09:02 CANCELLAMI",
        "24T09:03 cancellami",
        "24T09:04 ISCRIVIMI",
        "24T09:05 STOP",
        "24T09:06 stop",
    ]), @r"
    > 24T09:00 ISCRIVIMI
      subscribed to eventi, scadenze
      desk: Recorded
      < welcome
    > 24T09:01 iscrivimi
      desk: Recorded
      < already
    > 24T09:02 CANCELLAMI
      left
      desk: Recorded
      < goodbye
    > 24T09:03 cancellami
      desk: Recorded
      < not_subscribed
    > 24T09:04 ISCRIVIMI
      subscribed to eventi, scadenze
      desk: Recorded
      < welcome
    > 24T09:05 STOP
      left
      desk: Recorded
      < goodbye
    > 24T09:06 stop
      desk: Recorded
      < not_subscribed
    ");
}

#[test]
fn chooses_topics_by_words_and_leaves_with_the_last() {
    insta::assert_snapshot!(play(&free(), stranger(), &[
        "24T09:00 solo scadenze",
        "24T09:01 ISCRIVIMI",
        "24T09:02 solo scadenze",
        "24T09:03 solo scadenze",
        "24T09:04 aggiungi eventi",
        "24T09:05 argomenti",
        "24T09:06 disattiva eventi",
        "24T09:07 disattiva scadenze",
        "24T09:08 aggiungi eventi",
        "24T09:09 argomenti",
    ]), @r"
    > 24T09:00 solo scadenze
      desk: Recorded
      < topics_none
    > 24T09:01 ISCRIVIMI
      subscribed to eventi, scadenze
      desk: Recorded
      < welcome
    > 24T09:02 solo scadenze
      chose scadenze
      desk: Recorded
      < topics_saved
    > 24T09:03 solo scadenze
      desk: Recorded
      < topics_saved
    > 24T09:04 aggiungi eventi
      chose eventi, scadenze
      desk: Recorded
      < topics_saved
    > 24T09:05 argomenti
      desk: Recorded
      < topics
    > 24T09:06 disattiva eventi
      chose scadenze
      desk: Recorded
      < topics_saved
    > 24T09:07 disattiva scadenze
      left
      desk: Recorded
      < goodbye
    > 24T09:08 aggiungi eventi
      desk: Recorded
      < topics_none
    > 24T09:09 argomenti
      desk: Recorded
      < topics_none
    ");
}

#[test]
fn chooses_topics_by_tapping_rows_of_the_list() {
    insta::assert_snapshot!(play(&free(), stranger(), &[
        "24T09:00 ISCRIVIMI scadenze",
        "24T09:01 [tap add:eventi]",
        "24T09:02 [tap add:eventi]",
        "24T09:03 [tap remove:scadenze]",
        "24T09:04 [tap add:gone]",
        "24T09:05 [tap remove:eventi]",
        "24T09:06 [tap add:eventi]",
    ]), @r"
    > 24T09:00 ISCRIVIMI scadenze
      subscribed to scadenze
      desk: Recorded
      < welcome
    > 24T09:01 [tap add:eventi]
      chose eventi, scadenze
      desk: Recorded
      < topics_saved
    > 24T09:02 [tap add:eventi]
      desk: Recorded
      < topics_saved
    > 24T09:03 [tap remove:scadenze]
      chose eventi
      desk: Recorded
      < topics_saved
    > 24T09:04 [tap add:gone]
      desk: Recorded
      < topics_saved
    > 24T09:05 [tap remove:eventi]
      left
      desk: Recorded
      < goodbye
    > 24T09:06 [tap add:eventi]
      desk: Recorded
      < topics_none
    ");
}

#[test]
fn subscribing_again_with_topics_adds_them() {
    insta::assert_snapshot!(play(&free(), stranger(), &[
        "24T09:00 iscrivimi a scadenze",
        "24T09:01 iscrivimi agli eventi",
        "24T09:02 iscrivimi agli eventi",
    ]), @r"
    > 24T09:00 iscrivimi a scadenze
      subscribed to scadenze
      desk: Recorded
      < welcome
    > 24T09:01 iscrivimi agli eventi
      chose eventi, scadenze
      desk: Recorded
      < topics_saved
    > 24T09:02 iscrivimi agli eventi
      desk: Recorded
      < already
    ");
}

#[test]
fn who_stays_for_a_topic_that_the_line_dropped_is_told_goodbye() {
    let both = said(&free(), &stranger(), "24T08:00 ISCRIVIMI");
    let line = Line { topics: free().topics[..1].to_vec(), ..free() };
    insta::assert_snapshot!(play(&line, both, &["24T09:00 disattiva scadenze"]), @r"
    > 24T09:00 disattiva scadenze
      left
      desk: Recorded
      < goodbye
    ");
}

#[test]
fn tells_the_news_to_anybody_and_leaves_the_desk_alone() {
    insta::assert_snapshot!(play(&closed(), stranger(), &["24T09:00 NOVITÀ", "24T09:01 novità?"]), @r"
    > 24T09:00 NOVITÀ
      desk: Recorded
      < news
    > 24T09:01 novità?
      desk: Recorded
      < news
    ");
    insta::assert_snapshot!(play(&free(), blocked(), &["24T09:00 NOVITÀ"]), @r"
    > 24T09:00 NOVITÀ
      desk: Recorded
    ");
}

#[test]
fn answers_what_has_an_answer_and_gives_the_rest_to_the_desk() {
    insta::assert_snapshot!(play(&free(), stranger(), &[
        "24T09:00 aiuto",
        "24T09:01 i miei dati",
        "24T09:02 Quali documenti servono per la carta d'identità?",
        "24T09:03 grazie mille",
        "24T09:04 c'è un incendio in via Roma",
        "24T09:05 iscrivete mia madre al 333 0000002",
        "24T09:06 [photo]",
        "24T09:07 [location]",
        "24T09:08 [reaction]",
        "24T09:09 [moved]",
    ]), @r"
    > 24T09:00 aiuto
      desk: Recorded
      < help
    > 24T09:01 i miei dati
      desk: Recorded
      < data_copy
    > 24T09:02 Quali documenti servono per la carta d'identità?
      desk: Opens
    > 24T09:03 grazie mille
      desk: Recorded
    > 24T09:04 c'è un incendio in via Roma
      desk: Urgent
      < emergency
    > 24T09:05 iscrivete mia madre al 333 0000002
      desk: Opens
      < third_party
    > 24T09:06 [photo]
      desk: Opens
    > 24T09:07 [location]
      desk: Opens
    > 24T09:08 [reaction]
    > 24T09:09 [moved]
    ");
}

#[test]
fn asks_what_is_meant_once_a_day_and_then_leaves_it_to_a_person() {
    insta::assert_snapshot!(play(&free(), stranger(), &[
        "24T09:00 registrazione",
        "24T09:01 registrazione",
        "25T08:59 registrazione",
        "25T09:00 registrazione",
    ]), @r"
    > 24T09:00 registrazione
      desk: Recorded
      < ask
    > 24T09:01 registrazione
      desk: Opens
    > 25T08:59 registrazione
      desk: Opens
    > 25T09:00 registrazione
      desk: Recorded
      < ask
    ");
}

#[test]
fn who_is_not_subscribed_is_invited_once_where_chat_needs_it() {
    insta::assert_snapshot!(play(&closed(), stranger(), &[
        "24T09:00 Quando apre l'ufficio?",
        "24T09:01 [photo]",
        "26T09:00 E il sabato?",
        "26T09:01 ISCRIVIMI",
        "26T09:02 E la domenica?",
        "26T09:03 CANCELLAMI",
        "26T09:04 E a Natale?",
    ]), @r"
    > 24T09:00 Quando apre l'ufficio?
      desk: Opens
      < invitation
    > 24T09:01 [photo]
      desk: Opens
    > 26T09:00 E il sabato?
      desk: Opens
    > 26T09:01 ISCRIVIMI
      subscribed to eventi, scadenze
      desk: Recorded
      < welcome
    > 26T09:02 E la domenica?
      desk: Opens
    > 26T09:03 CANCELLAMI
      left
      desk: Recorded
      < goodbye
    > 26T09:04 E a Natale?
      desk: Opens
    ");
}

/// The desk answers on weekdays in the morning.
fn mornings() -> Line {
    let hours = Hours::parse("Mo-Fr 09:00-13:00; PH off").unwrap();
    Line { hours: Some(hours), ..free() }
}

#[test]
fn who_asks_while_the_desk_is_closed_is_told_once_until_it_opens() {
    // A Friday; Rome is an hour ahead.
    insta::assert_snapshot!(play(&mornings(), stranger(), &[
        "27T11:59 Quando apre l'ufficio anagrafe?",
        "27T12:00 E il sabato?",
        "27T12:01 [photo]",
        "28T10:00 Nessuno mi risponde?",
        "28T10:01 grazie",
        "30T08:00 Buongiorno, quando apre l'ufficio anagrafe?",
        "30T12:00 E il sabato?",
    ]), @r"
    > 27T11:59 Quando apre l'ufficio anagrafe?
      desk: Opens
    > 27T12:00 E il sabato?
      desk: Opens
      < closed
    > 27T12:01 [photo]
      desk: Opens
    > 28T10:00 Nessuno mi risponde?
      desk: Opens
    > 28T10:01 grazie
      desk: Recorded
    > 30T08:00 Buongiorno, quando apre l'ufficio anagrafe?
      desk: Opens
    > 30T12:00 E il sabato?
      desk: Opens
      < closed
    ");
    let subscribers = Line { chat_needs_subscription: true, ..mornings() };
    insta::assert_snapshot!(play(&subscribers, stranger(), &[
        "28T10:00 Quando apre l'ufficio anagrafe?",
        "28T10:01 E il sabato?",
        "28T10:02 ISCRIVIMI",
        "28T10:03 Quando apre l'ufficio anagrafe?",
        "28T10:04 E il sabato?",
    ]), @r"
    > 28T10:00 Quando apre l'ufficio anagrafe?
      desk: Opens
      < invitation
    > 28T10:01 E il sabato?
      desk: Opens
    > 28T10:02 ISCRIVIMI
      subscribed to eventi, scadenze
      desk: Recorded
      < welcome
    > 28T10:03 Quando apre l'ufficio anagrafe?
      desk: Opens
      < closed
    > 28T10:04 E il sabato?
      desk: Opens
    ");
}

#[test]
fn the_next_opening_is_named_and_no_opening_is_no_promise() {
    let (message, now) = (inbound(moment("28T10:00"), "E il sabato?"), moment("28T10:00"));
    let reply = |line: &Line| hear(line, &stranger(), &message, now).reply;
    let monday = moment("30T08:00");
    assert_eq!(reply(&mornings()), Some(Reply::Closed { next_opening: Some(monday) }));
    let until_spring = "Mo-Fr 09:00-13:00; 2026 Nov 01-2027 Mar 31 off";
    let long = Line { hours: Hours::parse(until_spring).ok(), ..free() };
    assert_eq!(reply(&long), Some(Reply::Closed { next_opening: None }));
    let none = Line { hours: None, ..free() };
    assert_eq!(reply(&none), None, "no hours, no promise");
}

#[test]
fn the_same_in_a_burst_is_answered_once() {
    let mut contact = stranger();
    for (second, text, want) in [
        (0, "ISCRIVIMI", Some("welcome")),
        (2, "iscrivimi", None),
        (4, "aiuto", Some("help")),
        (6, "AIUTO", None),
        (7, "argomenti", Some("topics")),
        (8, "solo eventi", Some("topics_saved")),
        (9, "solo scadenze", Some("topics_saved")),
        (10, "solo scadenze", None),
        (30, "iscrivimi", Some("already")),
        (31, "CANCELLAMI", Some("goodbye")),
        (32, "cancellami!", None),
        (50, "cancellami", Some("not_subscribed")),
    ] {
        let now = moment("24T09:00") + SignedDuration::from_secs(second);
        let decision = hear(&free(), &contact, &inbound(now, text), now);
        assert_eq!(decision.reply.map(|it| it.name()), want, "{second} {text}");
        contact = decision.contact;
    }
}

#[test]
fn who_calls_is_told_that_nobody_answers_once_an_hour() {
    insta::assert_snapshot!(play(&free(), stranger(), &[
        "24T09:00 [call]",
        "24T09:01 [call]",
        "24T10:05 [call]",
    ]), @r"
    > 24T09:00 [call]
      desk: Recorded
      < no_calls
    > 24T09:01 [call]
      desk: Recorded
    > 24T10:05 [call]
      desk: Recorded
      < no_calls
    ");
}

#[test]
fn who_is_blocked_can_leave_and_ask_for_their_data_and_nothing_else() {
    insta::assert_snapshot!(play(&closed(), blocked(), &[
        "24T09:00 ISCRIVIMI",
        "24T09:01 solo scadenze",
        "24T09:02 aiuto",
        "24T09:03 argomenti",
        "24T09:04 2",
        "24T09:05 Quando apre l'ufficio?",
        "24T09:06 [photo]",
        "24T09:07 i miei dati",
        "24T09:08 STOP",
        "24T09:09 CANCELLAMI",
    ]), @r"
    > 24T09:00 ISCRIVIMI
      desk: Recorded
    > 24T09:01 solo scadenze
      desk: Recorded
    > 24T09:02 aiuto
      desk: Recorded
      < help
    > 24T09:03 argomenti
      desk: Recorded
    > 24T09:04 2
      desk: Recorded
    > 24T09:05 Quando apre l'ufficio?
      desk: Recorded
    > 24T09:06 [photo]
      desk: Recorded
    > 24T09:07 i miei dati
      desk: Recorded
      < data_copy
    > 24T09:08 STOP
      left
      desk: Recorded
      < goodbye
    > 24T09:09 CANCELLAMI
      desk: Recorded
      < not_subscribed
    ");
}

#[test]
fn taps_say_what_they_want_by_their_payload() {
    insta::assert_snapshot!(play(&free(), stranger(), &[
        "24T09:00 [tap subscribe]",
        "24T09:01 [tap topics]",
        "24T09:02 [tap help]",
        "24T09:03 [tap question]",
        "24T09:04 [tap my-data]",
        "24T09:05 [tap unsubscribe]",
        "24T09:06 [tap stop]",
        "24T09:07 [tap something else]",
    ]), @r"
    > 24T09:00 [tap subscribe]
      subscribed to eventi, scadenze
      desk: Recorded
      < welcome
    > 24T09:01 [tap topics]
      desk: Recorded
      < topics
    > 24T09:02 [tap help]
      desk: Recorded
      < help
    > 24T09:03 [tap question]
      desk: Opens
    > 24T09:04 [tap my-data]
      desk: Opens
      < my_data
    > 24T09:05 [tap unsubscribe]
      left
      desk: Recorded
      < goodbye
    > 24T09:06 [tap stop]
      desk: Recorded
      < not_subscribed
    > 24T09:07 [tap something else]
      desk: Opens
    ");
}

#[test]
fn a_message_that_comes_a_day_late_changes_what_it_changes_and_is_not_answered() {
    insta::assert_snapshot!(play(&closed(), stranger(), &[
        "24T09:00",
        "23T08:00 Quando apre l'ufficio?",
        "23T08:01 2",
        "23T08:02 ISCRIVIMI",
        "23T08:03 CANCELLAMI",
    ]), @r"
    > 24T09:00
    > 23T08:00 Quando apre l'ufficio?
      desk: Opens
    > 23T08:01 2
      desk: Opens
    > 23T08:02 ISCRIVIMI
      subscribed to eventi, scadenze
      desk: Recorded
    > 23T08:03 CANCELLAMI
      left
      desk: Recorded
    ");
    // What was not said can still be said.
    insta::assert_snapshot!(play(&closed(), stranger(), &[
        "24T09:00",
        "23T08:00 Quando apre l'ufficio?",
        "24T09:01 Quando apre l'ufficio?",
    ]), @r"
    > 24T09:00
    > 23T08:00 Quando apre l'ufficio?
      desk: Opens
    > 24T09:01 Quando apre l'ufficio?
      desk: Opens
      < invitation
    ");
}

#[test]
fn an_older_change_after_a_newer_one_is_written_down_and_changes_nothing() {
    insta::assert_snapshot!(play(&free(), stranger(), &[
        "24T09:00 ISCRIVIMI",
        "24T09:10 CANCELLAMI",
        "24T09:05 ISCRIVIMI",
        "24T09:10 ISCRIVIMI",
        "24T09:10 solo eventi",
        "24T09:09 CANCELLAMI",
    ]), @r"
    > 24T09:00 ISCRIVIMI
      subscribed to eventi, scadenze
      desk: Recorded
      < welcome
    > 24T09:10 CANCELLAMI
      left
      desk: Recorded
      < goodbye
    > 24T09:05 ISCRIVIMI
      too old: subscribe
      desk: Recorded
    > 24T09:10 ISCRIVIMI
      subscribed to eventi, scadenze
      desk: Recorded
      < welcome
    > 24T09:10 solo eventi
      chose eventi
      desk: Recorded
      < topics_saved
    > 24T09:09 CANCELLAMI
      too old: unsubscribe
      desk: Recorded
    ");
}

#[test]
fn what_changed_nothing_still_outdates_what_was_said_before_it() {
    insta::assert_snapshot!(play(&free(), stranger(), &[
        "24T09:00 ISCRIVIMI",
        "24T09:10 ISCRIVIMI",
        "24T09:05 CANCELLAMI",
    ]), @r"
    > 24T09:00 ISCRIVIMI
      subscribed to eventi, scadenze
      desk: Recorded
      < welcome
    > 24T09:10 ISCRIVIMI
      desk: Recorded
      < already
    > 24T09:05 CANCELLAMI
      too old: unsubscribe
      desk: Recorded
    ");
    insta::assert_snapshot!(play(&free(), stranger(), &[
        "24T09:10 CANCELLAMI",
        "24T09:05 ISCRIVIMI",
    ]), @r"
    > 24T09:10 CANCELLAMI
      desk: Recorded
      < not_subscribed
    > 24T09:05 ISCRIVIMI
      too old: subscribe
      desk: Recorded
    ");
    // To choose without being in is no decision about it.
    insta::assert_snapshot!(play(&free(), stranger(), &[
        "24T09:10 solo eventi",
        "24T09:05 ISCRIVIMI",
    ]), @r"
    > 24T09:10 solo eventi
      desk: Recorded
      < topics_none
    > 24T09:05 ISCRIVIMI
      subscribed to eventi, scadenze
      desk: Recorded
      < welcome
    ");
}

#[test]
fn our_milliseconds_do_not_outdate_the_second_they_are_in() {
    let mut contact = said(&free(), &stranger(), "24T09:00 ISCRIVIMI");
    // An operator recorded something within the second in which the goodbye was written.
    contact.consent_at = Some(moment("24T09:10") + 400.milliseconds());
    let next = said(&free(), &contact, "24T09:10 CANCELLAMI");
    assert!(!next.is_subscribed());
    assert_eq!(next.consent_at, contact.consent_at, "never goes back");
}

#[test]
fn who_moved_is_known_by_what_is_new_and_opens_no_window() {
    let contact = said(&free(), &stranger(), "24T09:00 ISCRIVIMI");
    let moved = said(&free(), &contact, "25T12:00 [moved]");
    assert_eq!(moved.phone, Phone::parse("393330000009").ok());
    assert_eq!(moved.user_id, Some(UserId::new("IT.9")));
    assert!(moved.is_subscribed());
    assert!(!window_is_open(&moved, moment("25T12:00")));
}

#[test]
fn a_move_that_does_not_say_whose_takes_nobody_along() {
    let contact = said(&free(), &stranger(), "24T09:00 ISCRIVIMI");
    let known = Contact { user_id: Some(UserId::new("IT.1")), ..contact.clone() };
    let left = said(&free(), &known, "25T12:00 [left]");
    assert_eq!((left.phone, left.user_id), (None, known.user_id), "the number is not theirs");
    let left = said(&free(), &contact, "25T12:00 [left]");
    assert_eq!(left.phone, contact.phone, "or nobody could be reached");
    assert!(left.is_subscribed(), "nobody unsubscribed");
}

#[test]
fn a_move_of_somebody_unknown_or_erased_makes_nobody() {
    for step in ["[moved]", "[left]"] {
        let message = inbound(moment("24T09:00"), step);
        assert_eq!(
            decide(&stranger(), &message, None, &free(), &[], None, moment("24T09:00")),
            None
        );
    }
}

#[test]
fn whatsapps_own_button_ends_marketing_topics_and_nothing_else() {
    insta::assert_snapshot!(play(&closed(), stranger(), &[
        "24T09:00 ISCRIVIMI",
        "24T09:01 [stops marketing]",
        "24T09:02 [stops marketing]",
        "24T09:03 argomenti",
        "24T09:04 [resumes marketing]",
        "24T09:05 argomenti",
        "24T09:06 CANCELLAMI",
        "24T09:07 [stops marketing]",
        "24T09:08 [resumes marketing]",
    ]), @r"
    > 24T09:00 ISCRIVIMI
      subscribed to eventi, scadenze
      desk: Recorded
      < welcome
    > 24T09:01 [stops marketing]
      stopped marketing, which leaves scadenze
    > 24T09:02 [stops marketing]
      stopped marketing, which leaves scadenze
    > 24T09:03 argomenti
      desk: Recorded
      < topics
    > 24T09:04 [resumes marketing]
      resumed marketing
    > 24T09:05 argomenti
      desk: Recorded
      < topics
    > 24T09:06 CANCELLAMI
      left
      desk: Recorded
      < goodbye
    > 24T09:07 [stops marketing]
      stopped marketing, which leaves nothing
    > 24T09:08 [resumes marketing]
      resumed marketing
    ");
}

#[test]
fn whatsapps_own_button_makes_nobody_known() {
    for choice in ["[stops marketing]", "[resumes marketing]"] {
        let at = moment("24T09:00");
        assert_eq!(heard(&free(), &stranger(), &inbound(at, choice), at), None, "{choice}");
    }
}

#[test]
fn who_stops_marketing_and_followed_nothing_else_stays_subscribed() {
    let contact = said(&free(), &stranger(), "24T08:00 iscrivimi agli eventi");
    let contact = said(&free(), &contact, "24T09:00 [stops marketing]");
    assert!(contact.is_subscribed());
    assert!(contact.topics().is_empty());
    assert_eq!(contact.marketing_stopped_at(), Some(moment("24T09:00")));
    let contact = said(&free(), &contact, "24T09:01 [resumes marketing]");
    assert!(contact.topics().is_empty(), "nothing comes back by itself");
    assert_eq!(contact.marketing_stopped_at(), None);
}

#[test]
fn who_asks_for_a_marketing_topic_after_stopping_gets_it_and_meta_still_refuses() {
    let contact = said(&free(), &stranger(), "24T08:00 ISCRIVIMI");
    let contact = said(&free(), &contact, "24T09:00 [stops marketing]");
    insta::assert_snapshot!(play(&free(), contact.clone(), &["24T09:01 aggiungi eventi"]), @r"
    > 24T09:01 aggiungi eventi
      chose eventi, scadenze
      desk: Recorded
      < topics_saved
    ");
    let contact = said(&free(), &contact, "24T09:01 aggiungi eventi");
    assert_eq!(contact.topics(), default_topics(&free()));
    assert_eq!(contact.marketing_stopped_at(), Some(moment("24T09:00")));
}

#[test]
fn a_press_on_whatsapps_button_that_comes_late_undoes_nothing_newer() {
    insta::assert_snapshot!(play(&free(), stranger(), &[
        "24T09:00 ISCRIVIMI",
        "24T09:10 [stops marketing]",
        // Of before the stop: a topic does not come back, a goodbye is one.
        "24T09:05 aggiungi eventi",
        "24T09:06 solo eventi",
        "24T09:07 CANCELLAMI",
        "24T09:08 ISCRIVIMI",
        "24T09:09 [resumes marketing]",
        "24T09:20 aggiungi eventi",
        // Of before the choice, which stays; but Meta refuses since then.
        "24T09:15 [stops marketing]",
        "24T09:12 [resumes marketing]",
    ]), @r"
    > 24T09:00 ISCRIVIMI
      subscribed to eventi, scadenze
      desk: Recorded
      < welcome
    > 24T09:10 [stops marketing]
      stopped marketing, which leaves scadenze
    > 24T09:05 aggiungi eventi
      desk: Recorded
      < topics_saved
    > 24T09:06 solo eventi
      chose nothing
      desk: Recorded
      < topics_saved
    > 24T09:07 CANCELLAMI
      left
      desk: Recorded
      < goodbye
    > 24T09:08 ISCRIVIMI
      subscribed to scadenze
      desk: Recorded
      < welcome
    > 24T09:09 [resumes marketing]
      too old: marketing-resume
    > 24T09:20 aggiungi eventi
      chose eventi, scadenze
      desk: Recorded
      < topics_saved
    > 24T09:15 [stops marketing]
      stopped marketing, which leaves eventi, scadenze
    > 24T09:12 [resumes marketing]
      too old: marketing-resume
    ");
}

#[test]
fn a_blocked_person_is_heard_when_they_stop_marketing() {
    let contact = said(&free(), &blocked(), "24T09:00 [stops marketing]");
    let topics: BTreeSet<_> = [TopicId::new("scadenze")].into();
    let since = moment("24T08:00");
    assert_eq!(contact.subscription, Subscription::Active { topics, since });
    assert!(contact.blocked.is_some());
}

#[test]
fn a_press_on_whatsapps_button_opens_no_window() {
    let contact = said(&free(), &stranger(), "24T09:00 ISCRIVIMI");
    let contact = said(&free(), &contact, "25T12:00 [stops marketing]");
    assert!(!window_is_open(&contact, moment("25T12:00")));
}

#[test]
fn a_refusal_of_meta_stops_marketing_if_we_did_not_know() {
    use MarketingChoice::{Resume, Stop};
    let line = free();
    let subscriber = said(&line, &stranger(), "24T08:00 ISCRIVIMI");
    let refused = |contact: &Contact, at: &str| {
        switch_marketing(contact, Stop, moment(at), ToldBy::Refusal, &line)
    };
    let (stopped, event) = refused(&subscriber, "24T09:00").unwrap();
    assert_eq!(stopped.topics(), [TopicId::new("scadenze")].into());
    assert_eq!(event.source, ConsentSource::Button { told_by: ToldBy::Refusal });
    assert_eq!(refused(&stopped, "24T09:01"), None, "nothing new");
    let chosen = said(&line, &stopped, "24T09:02 aggiungi eventi");
    assert_eq!(refused(&chosen, "24T09:03"), None, "their newer word stays");

    let resumed = Contact {
        marketing: Some(MarketingSwitch { choice: Resume, at: moment("24T09:05") }),
        ..chosen
    };
    let (late, event) = refused(&resumed, "24T09:04").unwrap();
    assert_eq!(late, resumed, "a refusal of before they turned it on again");
    assert_eq!(event.change, ConsentChange::Outdated { wanted: "marketing-stop".to_owned() });
    let (stopped, _) = refused(&resumed, "24T09:06").unwrap();
    assert_eq!(stopped.topics(), [TopicId::new("scadenze")].into());
}

#[test]
fn whoever_is_heard_of_again_is_not_suspended_any_more() {
    let undeliverable: BTreeSet<_> = ["1", "2", "3"].map(BroadcastId::new).into();
    for what in [
        "Buongiorno",
        "[photo]",
        "[reaction]",
        "[moved]",
        "[tap stop]",
        "[stops marketing]",
        "[resumes marketing]",
    ] {
        let known = said(&free(), &stranger(), "24T08:00 grazie");
        let suspended = Contact { undeliverable: undeliverable.clone(), ..known };
        assert!(suspended.is_suspended());
        let contact = said(&free(), &suspended, &format!("24T09:00 {what}"));
        assert_eq!(contact.undeliverable, BTreeSet::new(), "after {what}");
    }
}

/// What a person may send: commands, questions, noise.
const WORDS: [&str; 18] = [
    "ISCRIVIMI",
    "CANCELLAMI",
    "stop",
    "solo scadenze",
    "aggiungi eventi",
    "disattiva eventi",
    "iscrivimi agli eventi",
    "argomenti",
    "aiuto",
    "i miei dati",
    "grazie",
    "2",
    "Quando apre l'ufficio?",
    "[photo]",
    "[reaction]",
    "[tap unsubscribe]",
    "[stops marketing]",
    "[resumes marketing]",
];

fn message() -> impl Strategy<Value = Inbound> {
    let hour = moment("24T09:00").as_second();
    (0_i64..300, prop::sample::select(&WORDS[..]))
        .prop_map(move |(after, text)| inbound(Timestamp::from_second(hour + after).unwrap(), text))
}

proptest! {
    #[test]
    fn the_same_message_twice_saves_the_same_contact(
        before in prop::collection::vec(message(), 0..6),
        message in message(),
        is_blocked: bool,
    ) {
        let (line, now) = (free(), moment("24T09:10"));
        let block = is_blocked.then(crate::moderation::tests::held);
        let mut contact = Contact { blocked: block, ..stranger() };
        for message in &before {
            contact = hear(&line, &contact, message, now).contact;
        }
        let once = hear(&line, &contact, &message, now).contact;
        let twice = hear(&line, &once, &message, now).contact;
        // Who has left and says so again gets another answer.
        let unanswered = |it| Contact { answered: None, pace: None, ..it };
        prop_assert_eq!(unanswered(once), unanswered(twice));
    }

    #[test]
    fn the_time_of_consent_never_goes_back_and_every_change_is_written_down(
        messages in prop::collection::vec(message(), 1..12),
    ) {
        let (line, now) = (closed(), moment("24T09:10"));
        let mut contact = stranger();
        for message in &messages {
            let next = hear(&line, &contact, message, now);
            prop_assert!(next.contact.consent_at >= contact.consent_at);
            let changed = next.contact.subscription != contact.subscription
                || next.contact.marketing != contact.marketing;
            let written = next.event.as_ref().is_some_and(|it| {
                !matches!(it.change, ConsentChange::Outdated { .. })
            });
            prop_assert_eq!(changed, written);
            contact = next.contact;
        }
    }

    /// The model knows nothing of topics: the newest word about being in or out holds, of two in
    /// the same second the later one in the queue.
    #[test]
    fn a_person_is_in_if_their_newest_word_says_so_whatever_way_their_words_came(
        said in prop::collection::vec((0_i64..40, any::<bool>()), 1..20),
    ) {
        let (line, now) = (free(), moment("24T09:10"));
        let start = moment("24T09:00").as_second();
        let mut contact = stranger();
        let mut newest: Option<(i64, bool)> = None;
        for (second, joins) in said {
            let at = Timestamp::from_second(start + second).unwrap();
            let text = if joins { "ISCRIVIMI" } else { "CANCELLAMI" };
            contact = hear(&line, &contact, &inbound(at, text), now).contact;
            if newest.is_none_or(|(at, _)| second >= at) {
                newest = Some((second, joins));
            }
            prop_assert_eq!(contact.is_subscribed(), newest.is_some_and(|it| it.1));
        }
    }
}
