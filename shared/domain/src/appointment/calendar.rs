// SPDX-License-Identifier: EUPL-1.2
//! Appointments as a calendar reads them: iCalendar. Source: RFC 5545, RFC 7986 for `NAME`.
//!
//! Times are in UTC, which every calendar shows in its own zone: no definition of Rome's has to
//! travel along. Nothing in it says whose the appointment is but its id.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{Appointment, State, place};
use crate::line::{Line, Service};

/// Most bytes of a line, without its end. Source: RFC 5545, 3.1.
const LINE_BYTES: usize = 75;

/// A calendar with these appointments, those that were cancelled as such.
pub fn calendar(appointments: &[Appointment], line: &Line) -> String {
    write(appointments, line, "PUBLISH")
}

/// Takes an appointment out of the calendar that it was put in.
pub fn cancelled_calendar(appointment: &Appointment, line: &Line) -> String {
    write(std::slice::from_ref(appointment), line, "CANCEL")
}

fn write(appointments: &[Appointment], line: &Line, method: &str) -> String {
    let mut out = Lines::default();
    out.add("BEGIN", "VCALENDAR");
    out.add("VERSION", "2.0");
    out.add("PRODID", "-//Filo Diretto//Appuntamenti//IT");
    out.add("CALSCALE", "GREGORIAN");
    out.add("METHOD", method);
    out.add("NAME", &escaped(&line.service));
    out.add("X-WR-TIMEZONE", "Europe/Rome");
    for it in appointments {
        event(&mut out, it, line);
    }
    out.add("END", "VCALENDAR");
    out.0
}

fn event(out: &mut Lines, it: &Appointment, line: &Line) {
    let service = line.service(&it.service);
    out.add("BEGIN", "VEVENT");
    out.add("UID", &format!("{}@{}.filodiretto", it.id, line.id));
    out.add("DTSTAMP", &utc(it.changed_at));
    out.add("SEQUENCE", &(it.revision - 1).to_string());
    out.add("DTSTART", &utc(it.slot.starts_at));
    out.add("DTEND", &utc(it.slot.ends_at));
    let status = if it.state == State::Cancelled { "CANCELLED" } else { "CONFIRMED" };
    out.add("STATUS", status);
    out.add("SUMMARY", &escaped(service.map_or(it.service.as_str(), |it| &it.name)));
    if let Some(place) = service.and_then(|it| place(it, line)) {
        out.add("LOCATION", &escaped(place));
    }
    if let Some(bring) = service.map(bring_words).filter(|it| !it.is_empty()) {
        out.add("DESCRIPTION", &escaped(&bring));
    }
    out.add("END", "VEVENT");
}

fn bring_words(service: &Service) -> String {
    if service.bring.is_empty() {
        return String::new();
    }
    service.bring.iter().fold("Da portare:".to_owned(), |words, it| format!("{words}\n- {it}"))
}

fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A text as a value.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for it in text.chars() {
        match it {
            '\\' | ';' | ',' => {
                out.push('\\');
                out.push(it);
            }
            '\n' => out.push_str("\\n"),
            it if it.is_control() => {}
            it => out.push(it),
        }
    }
    out
}

/// Lines of at most 75 bytes; what is longer goes on after a space in the next.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, name: &str, value: &str) {
        let mut bytes = 0;
        let mut line = String::new();
        let _ = write!(line, "{name}:{value}");
        for it in line.chars() {
            if bytes + it.len_utf8() > LINE_BYTES {
                self.0.push_str("\r\n ");
                bytes = 1;
            }
            self.0.push(it);
            bytes += it.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::appointment::tests::{at, booked};
    use crate::line::sample;
    use proptest::prelude::*;

    #[test]
    fn a_calendar_has_the_appointment_and_what_to_bring() {
        let appointment = booked(at("2026-11-30T09:00"));
        insta::assert_snapshot!(calendar(&[appointment], &sample::line()).replace('\r', ""), @r"
        BEGIN:VCALENDAR
        VERSION:2.0
        PRODID:-//Filo Diretto//Appuntamenti//IT
        CALSCALE:GREGORIAN
        METHOD:PUBLISH
        NAME:Prova su WhatsApp
        X-WR-TIMEZONE:Europe/Rome
        BEGIN:VEVENT
        UID:0b9e-7f@prova.filodiretto
        DTSTAMP:20261124T080000Z
        SEQUENCE:0
        DTSTART:20261130T080000Z
        DTEND:20261130T082000Z
        STATUS:CONFIRMED
        SUMMARY:Carta d'identità
        LOCATION:piazza della Prova 1
        DESCRIPTION:Da portare:\n- una fototessera\n- la carta scaduta
        END:VEVENT
        END:VCALENDAR
        ");
    }

    #[test]
    fn a_move_counts_up_and_a_cancellation_takes_it_out() {
        let line = sample::line();
        let appointment = booked(at("2026-11-30T09:00"));
        let later = crate::appointment::Slot {
            starts_at: at("2026-11-30T10:00"),
            ends_at: at("2026-11-30T10:20"),
        };
        let moved = appointment.move_to(later, at("2026-11-25T09:00")).unwrap().after;
        let gone = moved.cancel(at("2026-11-26T09:00")).unwrap().after;
        let (before, moved) = (calendar(&[appointment], &line), calendar(&[moved], &line));
        let gone = cancelled_calendar(&gone, &line);
        let uid = |it: &str| it.lines().find(|it| it.starts_with("UID:")).map(str::to_owned);
        assert!(uid(&before).is_some() && uid(&before) == uid(&moved) && uid(&moved) == uid(&gone));
        assert!(before.contains("SEQUENCE:0\r\n") && moved.contains("SEQUENCE:1\r\n"));
        assert!(moved.contains("DTSTART:20261130T090000Z\r\n"), "{moved}");
        assert!(gone.contains("METHOD:CANCEL\r\n") && gone.contains("STATUS:CANCELLED\r\n"));
        assert!(gone.contains("SEQUENCE:2\r\n"), "{gone}");
    }

    proptest! {
        #[test]
        fn lines_are_short_and_join_to_the_whole(name in "[A-Z]{1,10}", value in "(.|\n|[;,è🙂]){0,300}") {
            let mut out = Lines::default();
            let value = escaped(&value);
            out.add(&name, &value);
            prop_assert!(out.0.ends_with("\r\n"));
            prop_assert!(out.0.split("\r\n").all(|it| it.len() <= LINE_BYTES));
            prop_assert!(!out.0.replace("\r\n", "").contains(['\r', '\n']));
            let whole = out.0.replace("\r\n ", "");
            prop_assert_eq!(whole.trim_end_matches("\r\n"), format!("{name}:{value}"));
        }
    }
}
