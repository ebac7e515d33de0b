// SPDX-License-Identifier: EUPL-1.2
//! Appointments: which slots a service has, which are free, and what becomes of a booking.

mod calendar;
mod chat;
mod notice;
mod payload;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::contact::Contact;
use crate::conversation::window_is_open;
use crate::hours::ROME;
use crate::ids::{AppointmentId, ContactId, ServiceId};
use crate::line::{Line, Service};
use crate::message::{FilledTemplate, Outgoing};
use crate::reply::{self, Reply};

pub use calendar::{calendar, cancelled_calendar};
pub use chat::{Agenda, Day, Said, asked, decide};
pub use notice::office_mail;
pub use payload::Ask;

/// From when to when, the end excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
}

/// How many places of a slot are taken. It may be one of before the service's hours changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    pub slot: Slot,
    pub places: u16,
}

/// A slot with places left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Free {
    pub slot: Slot,
    pub places: u16,
}

/// Who wants a slot: the office is not bound to notice and days ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Citizen,
    Office,
}

/// One person's appointment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appointment {
    pub id: AppointmentId,
    pub contact: ContactId,
    pub service: ServiceId,
    pub slot: Slot,
    pub state: State,
    /// How often it has been written: 1 when it is new.
    pub revision: u32,
    pub made_at: Timestamp,
    pub changed_at: Timestamp,
    /// When its slot was another one last.
    pub moved_at: Option<Timestamp>,
    /// When the citizen pressed that they will come.
    pub confirmed_at: Option<Timestamp>,
    pub reminded_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Booked,
    Cancelled,
    Done,
    /// Nobody came.
    NoShow,
}

/// A write: what an appointment was, if it was there, and what it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub before: Option<Appointment>,
    pub after: Appointment,
}

/// Why an appointment cannot be changed like that. Worded for the office.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("l'appuntamento è già chiuso")]
    Closed,
    #[error("l'appuntamento non è ancora cominciato")]
    NotYet,
    #[error("in questo orario non ci sono posti liberi per la prestazione")]
    NotFree,
    #[error("la persona ha già un appuntamento per questa prestazione")]
    HasOne,
}

impl State {
    pub const ALL: [Self; 4] = [Self::Booked, Self::Cancelled, Self::Done, Self::NoShow];

    pub fn name(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Cancelled => "cancelled",
            Self::Done => "done",
            Self::NoShow => "no-show",
        }
    }

    /// For who reads it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Booked => "prenotato",
            Self::Cancelled => "disdetto",
            Self::Done => "svolto",
            Self::NoShow => "nessuno si è presentato",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

impl Slot {
    fn overlaps(self, other: Self) -> bool {
        self.starts_at < other.ends_at && other.starts_at < self.ends_at
    }

    /// The day it is on, in Rome.
    pub fn day(self) -> Date {
        ROME.to_datetime(self.starts_at).date()
    }
}

/// The slots of a day, one after the other from each opening on, taken or not.
pub fn slots_on(service: &Service, line: &Line, day: Date) -> Vec<Slot> {
    let Some(hours) = service.hours.as_ref().or(line.hours.as_ref()) else { return Vec::new() };
    let lasts = SignedDuration::from_mins(i64::from(service.duration_minutes.max(1)));
    let mut slots = Vec::new();
    for (from, to) in hours.open_on(day, line.patron_day.as_ref()) {
        let mut starts_at = from;
        while starts_at + lasts <= to {
            slots.push(Slot { starts_at, ends_at: starts_at + lasts });
            starts_at += lasts;
        }
    }
    slots
}

/// Whether a service has this slot, by its hours as they are now. What was booked before they
/// changed may not be: the office is shown it.
pub fn is_offered(service: &Service, line: &Line, slot: Slot) -> bool {
    slots_on(service, line, slot.day()).contains(&slot)
}

/// Between what instants a slot may begin for somebody to book it, the end excluded.
pub fn bookable(service: &Service, who: Who, now: Timestamp) -> (Timestamp, Timestamp) {
    let days = |n: u16| {
        let today = ROME.to_datetime(now).date();
        let last = today.saturating_add(i64::from(n).days());
        let end = last.tomorrow().ok().and_then(|it| it.to_zoned(ROME.clone()).ok());
        end.map_or(Timestamp::MAX, |it| it.timestamp())
    };
    match who {
        Who::Citizen => (now + i64::from(service.notice_hours).hours(), days(service.days_ahead)),
        Who::Office => (now, days(366)),
    }
}

/// The slots with places left that begin from `from` on and before `to`.
///
/// `taken` has all slots that are taken in part and overlap with one of these.
pub fn free(
    service: &Service,
    line: &Line,
    taken: &[Taken],
    (from, to): (Timestamp, Timestamp),
) -> Vec<Free> {
    if from >= to {
        return Vec::new();
    }
    let first = ROME.to_datetime(from).date();
    let days = first
        .series(1.day())
        .take_while(|day| day.to_zoned(ROME.clone()).is_ok_and(|it| it.timestamp() < to));
    let in_range = |it: &Slot| from <= it.starts_at && it.starts_at < to;
    let slots = days.flat_map(|day| slots_on(service, line, day)).filter(in_range);
    slots
        .filter_map(|slot| {
            let places = places_left(service, taken, slot);
            (places > 0).then_some(Free { slot, places })
        })
        .collect()
}

/// A slot of other hours than today's that overlaps counts as a whole.
fn places_left(service: &Service, taken: &[Taken], slot: Slot) -> u16 {
    let taken = taken.iter().filter(|it| it.slot.overlaps(slot)).map(|it| it.places);
    service.capacity.saturating_sub(taken.fold(0, u16::saturating_add))
}

/// The slot that begins at `starts_at`, if somebody may book it now.
pub fn slot_at(
    service: &Service,
    line: &Line,
    taken: &[Taken],
    starts_at: Timestamp,
    (who, now): (Who, Timestamp),
) -> Option<Slot> {
    let (first, end) = bookable(service, who, now);
    let range = (first.max(starts_at), end.min(starts_at + 1.second()));
    free(service, line, taken, range).first().map(|it| it.slot)
}

/// What is new of an appointment that is booked.
pub struct Booking {
    pub id: AppointmentId,
    pub contact: ContactId,
    pub service: ServiceId,
    pub slot: Slot,
}

/// Books a slot that [`slot_at`] found; `open` are the person's appointments.
pub fn book(it: Booking, open: &[Appointment], now: Timestamp) -> Result<Change, Refused> {
    if open.iter().any(|other| other.service == it.service && other.is_ahead(now)) {
        return Err(Refused::HasOne);
    }
    let Booking { id, contact, service, slot } = it;
    let after = Appointment {
        id,
        contact,
        service,
        slot,
        state: State::Booked,
        revision: 1,
        made_at: now,
        changed_at: now,
        moved_at: None,
        confirmed_at: None,
        reminded_at: None,
    };
    Ok(Change { before: None, after })
}

impl Appointment {
    /// Whether it is booked and has not begun.
    pub fn is_ahead(&self, now: Timestamp) -> bool {
        self.state == State::Booked && now < self.slot.starts_at
    }

    /// Whether the citizen may still move or cancel it. The office always may.
    pub fn citizen_may_change(&self, service: Option<&Service>, now: Timestamp) -> bool {
        let until = self.changeable_until(service);
        self.state == State::Booked && now < until
    }

    /// Until when they may.
    pub fn changeable_until(&self, service: Option<&Service>) -> Timestamp {
        let hours = service.map_or(0, |it| it.change_until_hours);
        self.slot.starts_at - i64::from(hours).hours()
    }

    /// When the citizen is to be reminded: as long before as the service says, unless they have
    /// booked it later than that.
    pub fn remind_at(&self, service: &Service) -> Option<Timestamp> {
        let hours = service.remind_hours_before?;
        let at = self.slot.starts_at - i64::from(hours).hours();
        let said_at = self.moved_at.unwrap_or(self.made_at);
        (self.state == State::Booked && at > said_at).then_some(at)
    }

    pub fn move_to(&self, slot: Slot, now: Timestamp) -> Result<Change, Refused> {
        self.open()?;
        let after = Self {
            slot,
            moved_at: Some(now),
            confirmed_at: None,
            reminded_at: None,
            ..self.next(now)
        };
        Ok(Change { before: Some(self.clone()), after })
    }

    pub fn cancel(&self, now: Timestamp) -> Result<Change, Refused> {
        self.open()?;
        let after = Self { state: State::Cancelled, ..self.next(now) };
        Ok(Change { before: Some(self.clone()), after })
    }

    /// The office notes that it took place, or that nobody came; not before it has begun.
    pub fn close(&self, state: State, now: Timestamp) -> Result<Change, Refused> {
        self.open()?;
        if now < self.slot.starts_at {
            return Err(Refused::NotYet);
        }
        let after = Self { state, ..self.next(now) };
        Ok(Change { before: Some(self.clone()), after })
    }

    pub fn confirm(&self, now: Timestamp) -> Result<Change, Refused> {
        self.open()?;
        let after = Self { confirmed_at: Some(now), ..self.next(now) };
        Ok(Change { before: Some(self.clone()), after })
    }

    /// Notes that the reminder goes out, before it does.
    pub fn remind(&self, now: Timestamp) -> Result<Change, Refused> {
        self.open()?;
        let after = Self { reminded_at: Some(now), ..self.next(now) };
        Ok(Change { before: Some(self.clone()), after })
    }

    fn open(&self) -> Result<(), Refused> {
        if self.state == State::Booked { Ok(()) } else { Err(Refused::Closed) }
    }

    fn next(&self, now: Timestamp) -> Self {
        Self { revision: self.revision + 1, changed_at: now, ..self.clone() }
    }
}

impl Change {
    /// The slot a place is to be taken of.
    pub fn takes(&self) -> Option<Slot> {
        let has = |it: &Appointment| it.state != State::Cancelled;
        let before = self.before.as_ref().filter(|it| has(it)).map(|it| it.slot);
        Some(self.after.slot).filter(|it| has(&self.after) && before != Some(*it))
    }

    /// The slot a place of which is free again.
    pub fn releases(&self) -> Option<Slot> {
        let before = self.before.as_ref().filter(|it| it.state != State::Cancelled)?;
        let stays = self.after.state != State::Cancelled && self.after.slot == before.slot;
        (!stays).then_some(before.slot)
    }
}

/// What the template that reminds may say of an appointment.
pub const REMINDER_PARAMETERS: [&str; 3] = ["prestazione", "quando", "luogo"];

/// What stands on its button, below which the appointment can be confirmed, moved and cancelled.
pub const REMINDER_BUTTON: &str = "Conferma o cambia";

/// How somebody is reminded of an appointment: a text in the service window, the service's template
/// outside it. `None` if there is no way, or they want none: with consent to the chat goes the
/// consent to be reminded, and nobody who is blocked is written to.
pub fn reminder(
    it: &Appointment,
    contact: &Contact,
    line: &Line,
    now: Timestamp,
) -> Option<Outgoing> {
    let consents = !line.chat_needs_subscription || contact.is_subscribed();
    if !consents || contact.blocked.is_some() {
        return None;
    }
    if window_is_open(contact, now) {
        let said = Said::Reminder(it.clone());
        return Some(reply::render(&Reply::Appointment(said), line, now));
    }
    let service = line.service(&it.service)?;
    let name = service.reminder_template.as_deref()?;
    let template = line.templates.iter().find(|it| it.name == name)?;
    let value = |name: &str| match name {
        "prestazione" => service.name.clone(),
        "quando" => reply::slot_words(it.slot),
        _ => place(service, line).unwrap_or(&line.comune.name).to_owned(),
    };
    let parameters = template.parameters.iter().map(|it| (it.clone(), value(it)));
    Some(Outgoing::Template(FilledTemplate {
        name: template.name.clone(),
        language: template.language.clone(),
        parameters: parameters.collect(),
        header: None,
        quick_reply: Some(Ask::Show(it.id.clone()).to_string()),
    }))
}

/// Where an appointment of this service takes place.
pub fn place<'a>(service: &'a Service, line: &'a Line) -> Option<&'a str> {
    service.place.as_deref().or(line.office.desk.as_deref())
}

#[cfg(test)]
pub(crate) mod tests;
