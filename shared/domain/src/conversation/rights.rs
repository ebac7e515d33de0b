// SPDX-License-Identifier: EUPL-1.2
//! Rights used in chat: a copy is sent at once, everything goes after one confirmation, and what
//! only the office can answer is written down with its date.

use jiff::{SignedDuration, Timestamp, ToSpan};

use super::{CLOCKS_APART_SECONDS, Decision, Desk, answer, source, take_word, window_is_open};
use crate::contact::{Contact, Requested};
use crate::export;
use crate::line::Line;
use crate::message::{Content, Inbound};
use crate::reading::{self, AboutData, Answer, Intent, Reading};
use crate::reply::{self, CONFIRM_WORD, PAYLOAD_ERASE_NO, PAYLOAD_ERASE_YES, Reply};
use crate::rights::{Outcome, Request, Right, due};

/// How long the question before an erasure stands.
const STANDS: SignedDuration = SignedDuration::from_hours(24);

/// What may be written instead of pressing the button that erases. "Confermi?" is answered so.
const YES: [&str; 4] = [CONFIRM_WORD, "si", "si confermo", "confermo si"];

/// What somebody answered to the question before an erasure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Erasure {
    /// Everything goes.
    Confirmed,
    /// Nothing goes.
    Withdrawn,
    /// They pressed a button, but no question stands any more.
    Expired,
}

/// Whether a message answers the question before an erasure: by a button, or in words as long as
/// nothing else was said. `contact` is as it stood before the message.
pub(super) fn answered(
    contact: &Contact,
    message: &Inbound,
    reading: Option<&Reading>,
    line: &Line,
    now: Timestamp,
) -> Option<Erasure> {
    if contact.blocked.is_some() {
        return None;
    }
    let asked = contact.requested.as_ref().filter(|it| it.right == Right::Erasure);
    let standing = asked.filter(|it| message.at < it.at + STANDS);
    let pressed = match &message.content {
        Content::Tap { payload, .. } if is(payload, PAYLOAD_ERASE_YES) => Some(Erasure::Confirmed),
        Content::Tap { payload, .. } if is(payload, PAYLOAD_ERASE_NO) => Some(Erasure::Withdrawn),
        _ => None,
    };
    if pressed.is_some() {
        return if standing.is_some() { pressed } else { Some(Erasure::Expired) };
    }
    let (Content::Text(text), Some(asked)) = (&message.content, standing) else { return None };
    // Anything said in between was the answer, or changed the subject.
    if contact.last_inbound_at.is_some_and(|it| it > asked.at + CLOCKS_APART_SECONDS.seconds()) {
        return None;
    }
    if reading.is_some_and(|it| YES.contains(&it.normalised.as_str())) {
        return Some(Erasure::Confirmed);
    }
    reply::erasure_buttons(line, now).into_iter().find_map(|titles| {
        let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
        match reading::answer(text, &titles)? {
            Answer::Button(0) => Some(Erasure::Confirmed),
            Answer::Button(_) | Answer::Neither => Some(Erasure::Withdrawn),
        }
    })
}

/// A button in another language has its code behind: `erase-yes:ro`.
fn is(payload: &str, name: &str) -> bool {
    payload.split(':').next() == Some(name)
}

/// What the answer means. `contact` is as it stands after the message.
pub(super) fn decide_erasure(
    contact: Contact,
    erasure: Erasure,
    message: &Inbound,
    line: &Line,
) -> Decision {
    let requested = contact.requested.clone();
    let closed = |outcome| {
        requested.map(|it| Request {
            number: it.number,
            ..Request::open(&contact.id, it.right, it.at).closed_in_chat(outcome, message.at)
        })
    };
    match erasure {
        Erasure::Confirmed => {
            let request = closed(Outcome::Granted);
            let left = source(message, "erasure-confirmed", line);
            let left = take_word(contact.clone(), &Intent::Unsubscribe, message.at, &left, line);
            // Even where a newer word stands, it goes with everything else.
            Decision { request, erases: true, reply: None, ..left }
        }
        Erasure::Withdrawn => {
            let request = closed(Outcome::Withdrawn);
            let contact = Contact { requested: None, ..contact.clone() };
            Decision { request, ..answer(contact, Reply::EraseKept) }
        }
        Erasure::Expired => ask(contact, message),
    }
}

/// What a message asks about the data of who wrote it.
pub(super) fn decide(
    contact: Contact,
    message: &Inbound,
    about: AboutData,
    line: &Line,
    now: Timestamp,
) -> Decision {
    let right = match about {
        AboutData::Status if contact.blocked.is_none() => return status(contact),
        AboutData::Right(right) if right.is_granted_by(line) => right,
        AboutData::Status | AboutData::Notice | AboutData::Right(_) => {
            return Decision { desk: Desk::Opens, ..answer(contact, Reply::MyData) };
        }
    };
    match right {
        // What the chat cannot answer any more, the office does.
        Right::Access | Right::Portability if window_is_open(&contact, now) => {
            let (contact, _, request) = requested(contact, right, message.at);
            let request = request.map(|it| it.closed_in_chat(Outcome::Granted, message.at));
            let held = export::kinds(&contact, line);
            Decision { request, ..answer(contact, Reply::DataCopy { held }) }
        }
        Right::Erasure if contact.blocked.is_none() && window_is_open(&contact, now) => {
            ask(contact, message)
        }
        Right::Objection if contact.is_subscribed() => {
            let left = source(message, "objection", line);
            let left = take_word(contact, &Intent::Unsubscribe, message.at, &left, line);
            let stopped = !left.contact.is_subscribed();
            let (event, taken) = (left.event, take(left.contact, right, message.at, stopped));
            Decision { event, ..taken }
        }
        _ => take(contact, right, message.at, false),
    }
}

/// Whether they are subscribed.
fn status(contact: Contact) -> Decision {
    let topics = contact.topics();
    let reply = if contact.is_subscribed() {
        Reply::AlreadySubscribed { topics }
    } else {
        Reply::Topics { chosen: topics }
    };
    answer(contact, reply)
}

/// The question before an erasure. Until it is answered the request is the office's.
fn ask(contact: Contact, message: &Inbound) -> Decision {
    let (contact, _, request) = requested(contact, Right::Erasure, message.at);
    Decision { request, ..answer(contact, Reply::EraseAsk) }
}

/// Writes a request down for the office, and tells by when it is answered.
fn take(contact: Contact, right: Right, at: Timestamp, stopped: bool) -> Decision {
    let (contact, Requested { number, at, .. }, request) = requested(contact, right, at);
    let reply = Reply::RequestTaken { right, number, due: due(at), stopped };
    Decision { request, desk: Desk::Opens, ..answer(contact, reply) }
}

/// What is asked for now, and what is to be written down of it: nothing if the same was asked for
/// within a day, since who repeats themselves has asked once.
fn requested(
    contact: Contact,
    right: Right,
    at: Timestamp,
) -> (Contact, Requested, Option<Request>) {
    let same = |it: &&Requested| it.right == right && at < it.at + STANDS;
    if let Some(before) = contact.requested.clone().filter(|it| same(&it)) {
        return (contact, before, None);
    }
    let request = Request::open(&contact.id, right, at);
    let asked = Requested { right, number: request.number.clone(), at };
    (Contact { requested: Some(asked.clone()), ..contact }, asked, Some(request))
}

#[cfg(test)]
mod tests;
