// SPDX-License-Identifier: EUPL-1.2
//! Appointments in chat: what a word, a button or a row leads to.
//!
//! A person has at most one appointment ahead for a service, so who has one and takes another slot
//! of the same service moves it.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{
    Appointment, Ask, Booking, Change, Free, Refused, Slot, Taken, Who, book, bookable, free,
    slot_at,
};
use crate::ids::{AppointmentId, ContactId, ServiceId};
use crate::line::{Line, Service};
use crate::reply::LIST_ROWS_LIMIT;

/// What a decision rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agenda {
    pub ask: Ask,
    /// The person's appointments that are ahead, the next one first.
    pub ahead: Vec<Appointment>,
    /// What is taken of the service that is asked for: [`Ask::service`].
    pub taken: Vec<Taken>,
    /// For an appointment that is made now.
    pub fresh: AppointmentId,
}

/// What a citizen is told of appointments. `instead_of` is the slot they have now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// For what?
    Services,
    /// Which day? `more` are days from that instant on; `taken` is said to who chose too late.
    Days {
        service: ServiceId,
        days: Vec<Day>,
        more: Option<Timestamp>,
        instead_of: Option<Slot>,
        taken: bool,
    },
    /// What time?
    Hours {
        service: ServiceId,
        slots: Vec<Slot>,
        more: Option<Timestamp>,
        instead_of: Option<Slot>,
    },
    NoneFree {
        service: ServiceId,
    },
    /// Really?
    Check {
        service: ServiceId,
        slot: Slot,
        instead_of: Option<Slot>,
    },
    Booked(Appointment),
    Moved(Appointment),
    Cancelled(Appointment),
    /// By the office.
    CalledOff(Appointment),
    /// The one they have.
    Yours(Appointment),
    /// Which of them?
    YoursSeveral(Vec<Appointment>),
    Reminder(Appointment),
    /// For the citizen to change; the office can.
    TooLate(Appointment),
    /// There is none, or none any more.
    Gone,
}

/// A day with free slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    pub on: Date,
    /// When its first free slot begins.
    pub from: Timestamp,
    pub slots: usize,
}

/// Words of somebody who wants an appointment, or something done with theirs.
const WORDS: &str = "buongiorno buonasera salve ciao grazie per favore cortesia vorrei voglio \
    posso potrei prenotare prenoto prenota prenotazione prendere fissare fisso chiedere richiedere \
    avere un uno una l il lo la i gli le di del della dell mio mia miei mi serve ho bisogno nuovo \
    altro spostare disdire cambiare annullare cancellare vedere in con ufficio sportello";

/// What makes it one of an appointment.
const STEMS: [&str; 3] = ["appuntament", "prenotar", "prenotazion"];

/// Reads "appuntamento", "vorrei prenotare un appuntamento per la carta d'identità": nothing else
/// may be said, so that a question about appointments reaches a person.
pub fn asked(text: &str, line: &Line) -> Option<Ask> {
    if line.services.is_empty() {
        return None;
    }
    let words = words(text);
    if !words.iter().any(|word| STEMS.iter().any(|it| word.starts_with(it))) {
        return None;
    }
    let known = |word: &String| {
        word.starts_with("appuntament") || WORDS.split_whitespace().any(|it| it == word)
    };
    let others: Vec<&String> = words.iter().filter(|it| !known(it)).collect();
    if others.is_empty() {
        return Some(Ask::Start);
    }
    let is_meant = |service: &&Service| {
        let name = self::words(&service.name);
        others.iter().all(|it| name.contains(it))
    };
    let mut named = line.services.iter().filter(is_meant);
    let service = named.next().filter(|_| named.next().is_none())?;
    Some(Ask::Days { service: service.id.clone(), from: None })
}

fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty());
    words.map(str::to_owned).collect()
}

impl Ask {
    /// The service whose taken slots a decision needs.
    pub fn service<'a>(
        &'a self,
        line: &'a Line,
        ahead: &'a [Appointment],
    ) -> Option<&'a ServiceId> {
        let only = || match line.services.as_slice() {
            [only] => Some(&only.id),
            _ => None,
        };
        match self {
            Self::Start if ahead.is_empty() => only(),
            Self::New => only(),
            Self::Days { service, .. }
            | Self::Hours { service, .. }
            | Self::Pick { service, .. }
            | Self::Take { service, .. } => Some(service),
            Self::Move(id) => ahead.iter().find(|it| it.id == *id).map(|it| &it.service),
            Self::Start | Self::Show(_) | Self::Cancel(_) | Self::Confirm(_) => None,
        }
    }
}

/// What is to be changed, and what is said.
type Outcome = (Option<Change>, Option<Said>);

/// What a press or a word leads to. Who confirms is told nothing: they see that they pressed
/// it, and a reply is paid.
pub fn decide(
    agenda: &Agenda,
    contact: &ContactId,
    line: &Line,
    now: Timestamp,
) -> (Option<Change>, Option<Said>) {
    let ahead = &agenda.ahead;
    let says = |said| (None, Some(said));
    let with = |id: &AppointmentId, then: &dyn Fn(&Appointment) -> Outcome| {
        ahead.iter().find(|it| it.id == *id).map_or_else(|| says(Said::Gone), then)
    };
    let changes =
        |it: &Appointment, change: Result<Change, Refused>, say: fn(Appointment) -> Said| {
            let may = it.citizen_may_change(line.service(&it.service), now);
            match change.ok().filter(|_| may) {
                Some(change) => (Some(change.clone()), Some(say(change.after))),
                None => says(Said::TooLate(it.clone())),
            }
        };
    let of = |id: &ServiceId, then: &dyn Fn(&Service) -> Outcome| {
        line.service(id).map_or_else(|| says(Said::Services), then)
    };
    match &agenda.ask {
        Ask::Start => match ahead.as_slice() {
            [] => says(for_what(agenda, line, now)),
            [one] => says(Said::Yours(one.clone())),
            several => says(Said::YoursSeveral(several[..several.len().min(MOST)].to_vec())),
        },
        Ask::New => says(for_what(agenda, line, now)),
        Ask::Show(id) => with(id, &|it| says(Said::Yours(it.clone()))),
        Ask::Days { service, from } => of(service, &|it| says(days(agenda, it, line, *from, now))),
        Ask::Hours { service, from } => {
            of(service, &|it| says(hours(agenda, it, line, *from, now)))
        }
        Ask::Pick { service, at } => of(service, &|it| says(check(agenda, it, line, *at, now))),
        Ask::Take { service, at } => of(service, &|service| {
            let theirs = ahead.iter().find(|it| it.service == service.id);
            if let Some(it) = theirs.filter(|it| it.slot.starts_at == *at) {
                return says(Said::Yours(it.clone()));
            }
            let slot = slot_at(service, line, &agenda.taken, *at, (Who::Citizen, now));
            let Some(slot) = slot else { return says(too_late_for(agenda, service, line, now)) };
            if let Some(it) = theirs {
                return changes(it, it.move_to(slot, now), Said::Moved);
            }
            let booking = Booking {
                id: agenda.fresh.clone(),
                contact: contact.clone(),
                service: service.id.clone(),
                slot,
            };
            match book(booking, ahead, now) {
                Ok(change) => (Some(change.clone()), Some(Said::Booked(change.after))),
                Err(_) => says(too_late_for(agenda, service, line, now)),
            }
        }),
        Ask::Move(id) => with(id, &|it| {
            if !it.citizen_may_change(line.service(&it.service), now) {
                return says(Said::TooLate(it.clone()));
            }
            of(&it.service, &|service| says(days(agenda, service, line, None, now)))
        }),
        Ask::Cancel(id) => with(id, &|it| changes(it, it.cancel(now), Said::Cancelled)),
        Ask::Confirm(id) => with(id, &|it| (it.confirm(now).ok(), None)),
    }
}

/// The last row of a list leads on.
const MOST: usize = LIST_ROWS_LIMIT - 1;

fn for_what(agenda: &Agenda, line: &Line, now: Timestamp) -> Said {
    match line.services.as_slice() {
        [only] => days(agenda, only, line, None, now),
        _ => Said::Services,
    }
}

fn days(
    agenda: &Agenda,
    service: &Service,
    line: &Line,
    from: Option<Timestamp>,
    now: Timestamp,
) -> Said {
    let (first, end) = bookable(service, Who::Citizen, now);
    let from = from.map_or(first, |it| it.max(first));
    offer_days(&free(service, line, &agenda.taken, (from, end)), agenda, service)
}

/// Days to choose from among free slots.
fn offer_days(free: &[Free], agenda: &Agenda, service: &Service) -> Said {
    let days = free.chunk_by(|one, next| one.slot.day() == next.slot.day());
    let mut days: Vec<Day> = days
        .map(|it| Day { on: it[0].slot.day(), from: it[0].slot.starts_at, slots: it.len() })
        .collect();
    let more = days.get(MOST).map(|it| it.from);
    days.truncate(MOST);
    let service = service.id.clone();
    if days.is_empty() {
        return Said::NoneFree { service };
    }
    let instead_of = instead_of(agenda, &service);
    Said::Days { service, days, more, instead_of, taken: false }
}

/// The free slots of a day; of a day that has none left, other days.
fn hours(agenda: &Agenda, service: &Service, line: &Line, from: Timestamp, now: Timestamp) -> Said {
    let (first, end) = bookable(service, Who::Citizen, now);
    let all = free(service, line, &agenda.taken, (first.max(from), end));
    let day = Slot { starts_at: from, ends_at: from }.day();
    let mut slots: Vec<Slot> = all.iter().map(|it| it.slot).filter(|it| it.day() == day).collect();
    let more = slots.get(MOST).map(|it| it.starts_at);
    slots.truncate(MOST);
    if slots.is_empty() {
        return too_late_for(agenda, service, line, now);
    }
    let instead_of = instead_of(agenda, &service.id);
    Said::Hours { service: service.id.clone(), slots, more, instead_of }
}

fn check(agenda: &Agenda, service: &Service, line: &Line, at: Timestamp, now: Timestamp) -> Said {
    match slot_at(service, line, &agenda.taken, at, (Who::Citizen, now)) {
        Some(slot) => {
            let instead_of = instead_of(agenda, &service.id);
            Said::Check { service: service.id.clone(), slot, instead_of }
        }
        None => too_late_for(agenda, service, line, now),
    }
}

/// Somebody else was faster, or time has passed: the days that are left.
fn too_late_for(agenda: &Agenda, service: &Service, line: &Line, now: Timestamp) -> Said {
    match days(agenda, service, line, None, now) {
        Said::Days { service, days, more, instead_of, .. } => {
            Said::Days { service, days, more, instead_of, taken: true }
        }
        said => said,
    }
}

fn instead_of(agenda: &Agenda, service: &ServiceId) -> Option<Slot> {
    agenda.ahead.iter().find(|it| it.service == *service).map(|it| it.slot)
}

impl Said {
    /// The service it is about.
    pub fn service(&self) -> Option<&ServiceId> {
        match self {
            Self::Days { service, .. }
            | Self::Hours { service, .. }
            | Self::NoneFree { service }
            | Self::Check { service, .. } => Some(service),
            Self::Services | Self::YoursSeveral(_) | Self::Gone => None,
            _ => self.appointment().map(|it| &it.service),
        }
    }

    /// The appointment it is about.
    pub fn appointment(&self) -> Option<&Appointment> {
        match self {
            Self::Booked(it)
            | Self::Moved(it)
            | Self::Cancelled(it)
            | Self::CalledOff(it)
            | Self::Yours(it)
            | Self::Reminder(it)
            | Self::TooLate(it) => Some(it),
            _ => None,
        }
    }

    /// The slot it is about.
    pub fn slot(&self) -> Option<Slot> {
        match self {
            Self::Check { slot, .. } => Some(*slot),
            Self::Hours { slots, .. } => slots.first().copied(),
            _ => self.appointment().map(|it| it.slot),
        }
    }

    /// The slot the person has now, which another takes the place of.
    pub fn instead_of(&self) -> Option<Slot> {
        match self {
            Self::Days { instead_of, .. }
            | Self::Hours { instead_of, .. }
            | Self::Check { instead_of, .. } => *instead_of,
            _ => None,
        }
    }
}
