// SPDX-License-Identifier: EUPL-1.2
//! Answers about appointments: lists of days and times, buttons, and what the texts put in.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use super::placeholders::shorten;
use super::{BUTTON_TITLE_LIMIT, BUTTONS_BODY_LIMIT, LIST_ROWS_LIMIT, ROW_TITLE_LIMIT, TEXT_LIMIT};
use crate::appointment::{Appointment, Ask, Day, Said, Slot, State, place};
use crate::hours::{ROME, at_time, date_words, month_name, opening_words, weekday_name};
use crate::ids::{AppointmentId, ContactId};
use crate::line::{Address, Line, Service};
use crate::message::{Button, Outgoing, Row};

/// Most characters of a row's second line.
const ROW_DESCRIPTION_LIMIT: usize = 72;

/// The text's name, as in `[texts]`.
pub(super) fn name(said: &Said) -> &'static str {
    match said {
        Said::Services => "appointment_services",
        Said::Days { taken: true, .. } => "appointment_taken",
        Said::Days { .. } => "appointment_days",
        Said::Hours { .. } => "appointment_hours",
        Said::NoneFree { .. } => "appointment_none_free",
        Said::Check { .. } => "appointment_check",
        Said::Booked(_) => "appointment_booked",
        Said::Moved(_) => "appointment_moved",
        Said::Cancelled(_) => "appointment_cancelled",
        Said::CalledOff(_) => "appointment_called_off",
        Said::Yours(_) => "appointment_yours",
        Said::YoursSeveral(_) => "appointment_yours_several",
        Said::Reminder(_) => "appointment_reminder",
        Said::TooLate(_) => "appointment_too_late",
        Said::Gone => "appointment_gone",
    }
}

/// The message whose words are `body`.
pub(super) fn outgoing(said: &Said, body: &str, line: &Line) -> Outgoing {
    let list = |button: &str, rows| {
        let body = shorten(body, TEXT_LIMIT);
        Outgoing::List { body, button: shorten(button, BUTTON_TITLE_LIMIT), rows }
    };
    let choose = match line.address {
        Address::Tu => "Scegli",
        Address::Lei => "Scelga",
    };
    match said {
        Said::Services => list(choose, service_rows(line)),
        Said::Days { service, days, more, .. } => {
            let mut rows: Vec<Row> = days
                .iter()
                .map(|it| Row {
                    payload: Ask::Hours { service: service.clone(), from: it.from }.to_string(),
                    title: day_title(it.on),
                    description: Some(day_description(it.slots, it.from)),
                })
                .collect();
            rows.extend(more.map(|at| Row {
                payload: Ask::Days { service: service.clone(), from: Some(at) }.to_string(),
                title: "Altri giorni".to_owned(),
                description: None,
            }));
            list("Giorni liberi", rows)
        }
        Said::Hours { service, slots, more, .. } => {
            let row = |slot: &Slot| Row {
                payload: Ask::Pick { service: service.clone(), at: slot.starts_at }.to_string(),
                title: format!("{} – {}", clock(slot.starts_at), clock(slot.ends_at)),
                description: None,
            };
            let (ask, title) = match more {
                Some(at) => (Ask::Hours { service: service.clone(), from: *at }, "Altri orari"),
                None => (Ask::Days { service: service.clone(), from: None }, "Altri giorni"),
            };
            let other =
                Row { payload: ask.to_string(), title: title.to_owned(), description: None };
            list("Orari liberi", slots.iter().map(row).chain([other]).collect())
        }
        Said::YoursSeveral(all) => {
            let row = |it: &Appointment| Row {
                payload: Ask::Show(it.id.clone()).to_string(),
                title: shorten(service_name(line.service(&it.service)), ROW_TITLE_LIMIT),
                description: Some(shorten(&slot_words(it.slot), ROW_DESCRIPTION_LIMIT)),
            };
            let new = Row {
                payload: Ask::New.to_string(),
                title: "Nuovo appuntamento".to_owned(),
                description: None,
            };
            list(choose, all.iter().map(row).chain([new]).collect())
        }
        _ => with_buttons(said, body, line),
    }
}

fn with_buttons(said: &Said, body: &str, line: &Line) -> Outgoing {
    let button =
        |ask: Ask, title: &str| Button { payload: ask.to_string(), title: title.to_owned() };
    let change = |id: &AppointmentId| {
        vec![button(Ask::Move(id.clone()), "Sposto"), button(Ask::Cancel(id.clone()), "Disdico")]
    };
    let buttons = match said {
        Said::Check { service, slot, instead_of } => {
            let take = Ask::Take { service: service.clone(), at: slot.starts_at };
            let title = if instead_of.is_some() { "Sposto" } else { "Prenoto" };
            let others = Ask::Days { service: service.clone(), from: None };
            vec![button(take, title), button(others, "Altri giorni")]
        }
        Said::Booked(it) | Said::Moved(it) => change(&it.id),
        // Who was reminded and pressed the template's button.
        Said::Yours(it) if it.reminded_at.is_some() && it.confirmed_at.is_none() => {
            let mut buttons = vec![button(Ask::Confirm(it.id.clone()), "Confermo")];
            buttons.extend(change(&it.id));
            buttons
        }
        Said::Yours(it) => {
            let mut buttons = change(&it.id);
            if line.services.len() > 1 {
                buttons.push(button(Ask::New, "Nuovo appuntamento"));
            }
            buttons
        }
        Said::Reminder(it) => {
            let mut buttons = vec![button(Ask::Confirm(it.id.clone()), "Confermo")];
            buttons.extend(change(&it.id));
            buttons
        }
        Said::Cancelled(_) | Said::CalledOff(_) | Said::Gone => {
            vec![button(Ask::New, "Nuovo appuntamento")]
        }
        _ => return Outgoing::Text(shorten(body, TEXT_LIMIT)),
    };
    Outgoing::Buttons { body: shorten(body, BUTTONS_BODY_LIMIT), buttons }
}

fn service_rows(line: &Line) -> Vec<Row> {
    let row = |it: &Service| Row {
        payload: Ask::Days { service: it.id.clone(), from: None }.to_string(),
        title: shorten(&it.name, ROW_TITLE_LIMIT),
        description: it.description.as_ref().map(|it| shorten(it, ROW_DESCRIPTION_LIMIT)),
    };
    line.services.iter().take(LIST_ROWS_LIMIT).map(row).collect()
}

/// One of each about a service, as long as it can get.
pub(super) fn samples(service: &Service, now: Timestamp) -> Vec<Said> {
    let slot =
        Slot { starts_at: now, ends_at: now + i64::from(service.duration_minutes).minutes() };
    let appointment = || Appointment {
        id: AppointmentId::new("0123456789abcdef0123456789abcdef-01234567"),
        contact: ContactId::new("0123456789abcdef0123456789abcdef"),
        service: service.id.clone(),
        slot,
        state: State::Booked,
        revision: 1,
        made_at: now,
        changed_at: now,
        moved_at: None,
        confirmed_at: None,
        reminded_at: None,
    };
    let (id, instead_of) = (|| service.id.clone(), Some(slot));
    let days = |taken| Said::Days {
        service: id(),
        days: vec![Day { on: slot.day(), from: now, slots: 100 }; LIST_ROWS_LIMIT - 1],
        more: Some(now),
        instead_of,
        taken,
    };
    vec![
        Said::Services,
        days(false),
        days(true),
        Said::Hours {
            service: id(),
            slots: vec![slot; LIST_ROWS_LIMIT - 1],
            more: Some(now),
            instead_of,
        },
        Said::NoneFree { service: id() },
        Said::Check { service: id(), slot, instead_of },
        Said::Booked(appointment()),
        Said::Moved(appointment()),
        Said::Cancelled(appointment()),
        Said::CalledOff(appointment()),
        Said::Yours(appointment()),
        Said::YoursSeveral(vec![appointment(); LIST_ROWS_LIMIT - 1]),
        Said::Reminder(appointment()),
        Said::TooLate(appointment()),
        Said::Gone,
    ]
}

/// The value of a placeholder of these texts.
pub(super) fn value(name: &str, said: &Said, line: &Line, now: Timestamp) -> Option<String> {
    let service = said.service().and_then(|it| line.service(it));
    match name {
        "prestazione" => Some(service_name(service).to_owned()),
        "quando" => said.slot().map(slot_words),
        "giorno" => said.slot().map(|it| day_title(it.day())),
        "prima" => said.instead_of().map(slot_words),
        "luogo" => service.and_then(|it| place(it, line)).map(str::to_owned),
        "documenti" => {
            let bring = &service?.bring;
            let rows: String = bring.iter().flat_map(|it| ["\n- ", it]).collect();
            (!bring.is_empty()).then_some(rows)
        }
        "calendario" => said.slot().map(|it| calendar_words(it, service, line)),
        "termine" => {
            let it = said.appointment()?;
            Some(opening_words(it.changeable_until(service), now))
        }
        _ => None,
    }
}

fn service_name(service: Option<&Service>) -> &str {
    service.map_or("Appuntamento", |it| it.name.as_str())
}

/// `lunedì 30 novembre 2026 alle 9:20`.
pub(crate) fn slot_words(slot: Slot) -> String {
    let at = ROME.to_datetime(slot.starts_at);
    format!("{} {} {}", weekday_name(at.date()), date_words(at.date()), at_time(at))
}

/// `lunedì 30 novembre`: at most 22 characters.
fn day_title(day: Date) -> String {
    format!("{} {} {}", weekday_name(day), day.day(), month_name(day.month()))
}

fn day_description(slots: usize, from: Timestamp) -> String {
    let first = clock(from);
    if slots == 1 {
        format!("un orario libero, alle {first}")
    } else {
        format!("{slots} orari liberi, il primo alle {first}")
    }
}

/// What to write in one's calendar: WhatsApp takes no calendar files.
fn calendar_words(slot: Slot, service: Option<&Service>, line: &Line) -> String {
    let day = slot.day();
    let place = service.and_then(|it| place(it, line)).unwrap_or(&line.comune.name);
    format!(
        "{}/{}/{}, {}–{}, {}, {place}",
        day.day(),
        day.month(),
        day.year(),
        clock(slot.starts_at),
        clock(slot.ends_at),
        service_name(service),
    )
}

fn clock(at: Timestamp) -> String {
    let at = ROME.to_datetime(at);
    format!("{}:{:02}", at.hour(), at.minute())
}
