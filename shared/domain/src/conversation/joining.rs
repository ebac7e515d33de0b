// SPDX-License-Identifier: EUPL-1.2
//! Double opt-in: where a line asks twice, who writes to subscribe is asked once more, and only
//! what they answer to that subscribes them. What an operator records is confirmed already.

use jiff::{Timestamp, ToSpan};

use super::is_outdated;
use crate::contact::{Contact, Subscription};
use crate::ids::TopicId;
use crate::line::Line;
use crate::message::{Content, Inbound};
use crate::reading::Reading;
use crate::reply::{CONFIRM_WORD, PAYLOAD_CONFIRM};

/// How long the question stands, in hours.
const HOURS: i64 = 24;

/// What a message confirms.
pub(super) enum Confirmed {
    /// The wish to subscribe to these topics.
    Wish(Vec<TopicId>),
    /// They pressed the button, but no question stands.
    Nothing,
}

/// Whether a wish to subscribe is asked about before it counts. One that comes after a newer word
/// of theirs is not: nothing will come of it.
pub(super) fn asks_first(contact: &Contact, at: Timestamp, line: &Line) -> bool {
    let active = matches!(contact.subscription, Subscription::Active { .. });
    line.double_opt_in && !active && !is_outdated(contact, at)
}

/// Whether a message answers our question: by the button, or by the word as long as it stands.
pub(super) fn confirmed(
    contact: &Contact,
    message: &Inbound,
    reading: &Reading,
) -> Option<Confirmed> {
    let pressed = match &message.content {
        Content::Tap { payload, .. } => payload == PAYLOAD_CONFIRM,
        _ => false,
    };
    if !pressed && reading.normalised != CONFIRM_WORD {
        return None;
    }
    let stands = |asked: Timestamp| message.at < asked + HOURS.hours();
    match &contact.joining {
        Some(it) if stands(it.at) => Some(Confirmed::Wish(it.topics.iter().cloned().collect())),
        _ => pressed.then_some(Confirmed::Nothing),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{Decision, decide};
    use super::*;
    use crate::contact::{ConsentChange, ConsentSource};
    use crate::ids::{ContactId, MessageId};
    use crate::line::sample;
    use crate::message::Sender;
    use crate::phone::Phone;
    use crate::reading::Reader;
    use crate::reply::Reply;

    fn line() -> Line {
        Line { double_opt_in: true, opt_in: vec!["ISCRIVIMI".to_owned()], ..sample::line() }
    }

    fn moment(text: &str) -> Timestamp {
        format!("2026-11-{text}:00Z").parse().unwrap()
    }

    /// Hears `24T09:00 words`, or `24T09:00 [payload]` for a press on a button.
    fn hear(line: &Line, contact: &Contact, message: &str) -> Decision {
        let (at, text) = message.split_once(' ').unwrap();
        let payload = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        let content = match payload {
            Some(payload) => {
                Content::Tap { payload: payload.to_owned(), title: "Premuto".to_owned() }
            }
            None => Content::Text(text.to_owned()),
        };
        let reading = payload.and_then(Reading::of_tap).unwrap_or_else(|| {
            Reader::new(line).read(if payload.is_some() { "Premuto" } else { text })
        });
        let sender = Sender { phone: Phone::parse("393330000001").ok(), user_id: None, name: None };
        let at = moment(at);
        let message = Inbound { id: MessageId::new("wamid.1"), sender, at, content };
        decide(contact, &message, Some(&reading), line, &[], None, at).unwrap()
    }

    /// The replies to messages one after the other, and whether they are subscribed then.
    fn play(line: &Line, messages: &[&str]) -> (Vec<&'static str>, bool) {
        let mut contact = Contact::new(ContactId::new("c"));
        let mut replies = Vec::new();
        for message in messages {
            let decision = hear(line, &contact, message);
            replies.push(decision.reply.as_ref().map_or("", Reply::name));
            let subscribes = matches!(
                decision.event.as_ref().map(|it| &it.change),
                Some(ConsentChange::Subscribed { .. })
            );
            let joined = !contact.is_subscribed() && decision.contact.is_subscribed();
            assert_eq!(joined, subscribes, "{message}: subscribed exactly by what is written down");
            contact = decision.contact;
        }
        (replies, contact.is_subscribed())
    }

    #[test]
    fn only_the_answer_to_our_question_subscribes() {
        let line = line();
        let once = Line { double_opt_in: false, ..line.clone() };
        assert_eq!(play(&once, &["24T09:00 ISCRIVIMI"]), (vec!["welcome"], true));
        for (messages, replies, subscribed) in [
            (&["24T09:00 ISCRIVIMI"][..], &["confirm"][..], false),
            (&["24T09:00 [subscribe]"], &["confirm"], false),
            (&["24T09:00 ISCRIVIMI", "24T09:01 [confirm]"], &["confirm", "welcome"], true),
            (&["24T09:00 ISCRIVIMI", "25T08:59 Confermo!"], &["confirm", "welcome"], true),
            (&["24T09:00 ISCRIVIMI", "24T09:05 ISCRIVIMI"], &["confirm", "confirm"], false),
            (
                &["24T09:00 ISCRIVIMI", "24T09:01 [confirm]", "24T09:02 [confirm]"],
                &["confirm", "welcome", "already"],
                true,
            ),
            // Too late: the button asks anew.
            (&["24T09:00 ISCRIVIMI", "25T09:00 [confirm]"], &["confirm", "confirm"], false),
            // They thought better of it.
            (
                &["24T09:00 ISCRIVIMI", "24T09:01 CANCELLAMI", "24T09:02 [confirm]"],
                &["confirm", "not_subscribed", "confirm"],
                false,
            ),
            // The button of before the goodbye, heard after it.
            (
                &["24T09:00 ISCRIVIMI", "24T09:03 CANCELLAMI", "24T09:02 [confirm]"],
                &["confirm", "not_subscribed", ""],
                false,
            ),
        ] {
            assert_eq!(play(&line, messages), (replies.to_vec(), subscribed), "{messages:?}");
        }
        let (replies, subscribed) = play(&line, &["24T09:00 Confermo"]);
        assert!(!subscribed && replies != ["confirm"], "nothing was asked: {replies:?}");
    }

    #[test]
    fn what_is_written_down_is_the_answer_and_the_topics_of_the_wish() {
        let line = line();
        let asked = hear(&line, &Contact::new(ContactId::new("c")), "24T09:00 ISCRIVIMI");
        assert_eq!(asked.event, None);
        let wish = asked.contact.joining.clone().unwrap();
        assert!(!wish.topics.is_empty());
        let one: BTreeSet<_> = wish.topics.into_iter().take(1).collect();
        let joining = Some(crate::contact::Joining { topics: one.clone(), at: wish.at });
        let contact = Contact { joining, ..asked.contact };
        let answered = hear(&line, &contact, "24T09:01 [confirm]");
        let event = answered.event.unwrap();
        assert_eq!(event.change, ConsentChange::Subscribed { topics: one });
        let ConsentSource::Message { payload, rule, .. } = event.source else { panic!() };
        assert_eq!((payload.as_deref(), rule.as_str()), (Some("confirm"), "double-opt-in"));
        assert_eq!(answered.contact.joining, None);
    }

    #[test]
    fn who_is_blocked_confirms_nothing() {
        let line = line();
        let asked = hear(&line, &Contact::new(ContactId::new("c")), "24T09:00 ISCRIVIMI");
        let blocked = Contact { blocked: Some(crate::moderation::tests::held()), ..asked.contact };
        let decision = hear(&line, &blocked, "24T09:01 [confirm]");
        assert_eq!((decision.event, decision.reply), (None, None));
    }
}
