// SPDX-License-Identifier: EUPL-1.2
//! What a citizen makes an appointment for, as the line file has it.

use crate::hours::Hours;
use crate::ids::ServiceId;

/// Most characters of a service's name: a list row's title.
pub const SERVICE_NAME_LIMIT: usize = 24;

#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    pub id: ServiceId,
    /// As a citizen reads it, at most 24 characters: `Carta d'identità`.
    pub name: String,
    /// At most 72 characters.
    pub description: Option<String>,
    pub duration_minutes: u16,
    /// How many people at the same time.
    pub capacity: u16,
    /// When appointments are given, closures included; `None` is the office's own hours.
    pub hours: Option<Hours>,
    /// How long before its beginning a citizen may still book a slot.
    pub notice_hours: u16,
    /// How many days ahead a citizen may book.
    pub days_ahead: u16,
    /// Until how long before it a citizen may move or cancel an appointment.
    pub change_until_hours: u16,
    /// What to bring, one document each.
    pub bring: Vec<String>,
    /// Where; `None` is the office's desk.
    pub place: Option<String>,
    /// How long before it the citizen is reminded; `None` is never.
    pub remind_hours_before: Option<u16>,
    /// The template that reminds outside the service window; `None` is not then.
    pub reminder_template: Option<String>,
}

#[cfg(test)]
pub(crate) fn sample(id: &str) -> Service {
    Service {
        id: ServiceId::new(id),
        name: "Carta d'identità".to_owned(),
        description: Some("rilascio e rinnovo".to_owned()),
        duration_minutes: 20,
        capacity: 1,
        hours: None,
        notice_hours: 24,
        days_ahead: 30,
        change_until_hours: 2,
        bring: vec!["una fototessera".to_owned(), "la carta scaduta".to_owned()],
        place: None,
        remind_hours_before: Some(24),
        reminder_template: None,
    }
}
