// SPDX-License-Identifier: EUPL-1.2
//! Appointments: who may make one in chat, and what a message about them changes.

use jiff::Timestamp;

use super::{Decision, Desk, window_is_open};
use crate::appointment::{self, Agenda, Ask};
use crate::contact::Contact;
use crate::line::Line;
use crate::message::Content;
use crate::reading::{Intent, Kind, Reading};
use crate::reply::Reply;

/// What a message asks of appointments, if it does: a press on one of our buttons or rows, or a text
/// that says nothing else and that no command is read in.
pub fn asks_for_appointment(
    content: &Content,
    reading: Option<&Reading>,
    line: &Line,
) -> Option<Ask> {
    match content {
        Content::Tap { payload, .. } => Ask::parse(payload).filter(|_| !line.services.is_empty()),
        Content::Text(text) => {
            let is_question = |it: &Reading| matches!(it.intent, Intent::Human(Kind::Question));
            reading.filter(|it| is_question(it)).and_then(|_| appointment::asked(text, line))
        }
        _ => None,
    }
}

/// As for any question: who is blocked, or has no chat yet, or wrote too long ago to be answered,
/// is for the desk.
pub(super) fn may_be_made(contact: &Contact, line: &Line, now: Timestamp) -> bool {
    let may_chat = !line.chat_needs_subscription || contact.is_subscribed();
    may_chat && contact.blocked.is_none() && window_is_open(contact, now)
}

pub(super) fn decide(contact: Contact, agenda: &Agenda, line: &Line, now: Timestamp) -> Decision {
    let (change, said) = appointment::decide(agenda, &contact.id, line, now);
    Decision {
        appointment: change,
        reply: said.map(Reply::Appointment),
        ..Decision::quiet(contact, Desk::Recorded)
    }
}
