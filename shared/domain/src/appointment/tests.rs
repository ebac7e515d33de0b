// SPDX-License-Identifier: EUPL-1.2
//! Slots are inside the hours and free; a chat leads to at most one appointment for a service.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::civil::{DateTime, date};
use proptest::prelude::*;

use super::*;
use crate::hours::{Hours, PatronDay};
use crate::line::{Address, sample};
use crate::message::{Outgoing, Row};
use crate::reply::{self, Reply};

/// A local time of Rome.
pub(crate) fn at(local: &str) -> Timestamp {
    let local: DateTime = local.parse().unwrap();
    local.to_zoned(ROME.clone()).unwrap().timestamp()
}

pub(crate) fn booked(starts_at: Timestamp) -> Appointment {
    let slot = Slot { starts_at, ends_at: starts_at + 20.minutes() };
    let booking = Booking {
        id: AppointmentId::new("0b9e-7f"),
        contact: ContactId::new("0b9e"),
        service: ServiceId::new("carta"),
        slot,
    };
    book(booking, &[], at("2026-11-24T09:00")).unwrap().after
}

fn clocks(slots: &[Slot]) -> String {
    let clock = |it: Timestamp| ROME.to_datetime(it).strftime("%H:%M").to_string();
    let words = slots.iter().map(|it| format!("{}-{}", clock(it.starts_at), clock(it.ends_at)));
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_day_is_cut_into_slots() {
    let line = sample::line();
    let service = |minutes, open: Option<&str>| Service {
        duration_minutes: minutes,
        hours: open.map(|it| Hours::parse(it).unwrap()),
        ..line.services[0].clone()
    };
    for (minutes, open, day, want) in [
        (120, None, date(2026, 11, 30), "09:00-11:00 11:00-13:00"),
        // What is left over is no slot.
        (90, None, date(2026, 11, 30), "09:00-10:30 10:30-12:00"),
        (60, None, date(2026, 11, 29), ""),
        (
            30,
            Some("Mo 09:00-10:00,15:30-16:00"),
            date(2026, 11, 30),
            "09:00-09:30 09:30-10:00 15:30-16:00",
        ),
        (30, Some("Mo 09:00-10:00; 2026 Nov 30 off"), date(2026, 11, 30), ""),
        (30, Some("Mo-Su 09:00-10:00; PH off"), date(2026, 12, 8), ""),
        (30, Some("Mo-Su 23:00-24:00"), date(2026, 12, 31), "23:00-23:30 23:30-00:00"),
        // At two it is three: an hour less.
        (60, Some("Su 01:00-05:00"), date(2026, 3, 29), "01:00-03:00 03:00-04:00 04:00-05:00"),
        // At three it is two again: an hour more.
        (
            60,
            Some("Su 01:00-04:00"),
            date(2026, 10, 25),
            "01:00-02:00 02:00-02:00 02:00-03:00 03:00-04:00",
        ),
    ] {
        assert_eq!(clocks(&slots_on(&service(minutes, open), &line, day)), want, "{open:?} {day}");
    }
}

fn hours() -> impl Strategy<Value = Hours> {
    let span = (0u16..1_440, 1u16..1_440).prop_map(|(from, lasts)| {
        let to = (from + lasts).min(1_440);
        format!("{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    });
    let closed = prop::sample::select(vec!["", "; PH off", "; 2026 Oct 24-26 off", "; Mar 29 off"]);
    (span, closed)
        .prop_map(|(span, closed)| Hours::parse(&format!("Mo-Su {span}{closed}")).unwrap())
}

proptest! {
    #[test]
    fn slots_are_inside_the_hours_and_apart(
        hours in hours(),
        minutes in 5u16..300,
        // Clocks change on 29 March and 25 October 2026.
        day in prop::sample::select(vec![
            date(2026, 3, 28), date(2026, 3, 29), date(2026, 4, 25), date(2026, 10, 24),
            date(2026, 10, 25), date(2026, 11, 30), date(2026, 12, 31),
        ]),
    ) {
        let patron = PatronDay::parse("30 novembre").unwrap();
        let line = Line { patron_day: Some(patron.clone()), ..sample::line() };
        let service = Service {
            duration_minutes: minutes,
            hours: Some(hours.clone()),
            ..line.services[0].clone()
        };
        let slots = slots_on(&service, &line, day);
        for slot in &slots {
            let mut minute = slot.starts_at;
            while minute < slot.ends_at {
                let local = ROME.to_datetime(minute);
                prop_assert!(hours.is_open(local, Some(&patron)), "{local} is closed");
                minute += 1.minute();
            }
            prop_assert_eq!(slot.ends_at, slot.starts_at + i64::from(minutes).minutes());
            prop_assert!(is_offered(&service, &line, *slot));
        }
        prop_assert!(slots.windows(2).all(|it| it[0].ends_at <= it[1].starts_at));
    }

    /// Everybody who is told that a slot is free takes it, until none is.
    #[test]
    fn capacity_is_never_exceeded(
        capacity in 1u16..4,
        wishes in prop::collection::vec(0usize..40, 0..120),
        before in prop::collection::vec((0i64..240, 5i64..50, 1u16..3), 0..4),
    ) {
        let line = sample::line();
        let service = Service { capacity, ..line.services[0].clone() };
        let nine = at("2026-11-30T09:00");
        // Some were booked when the slots were other ones.
        let mut taken: Vec<Taken> = before
            .into_iter()
            .map(|(from, lasts, places)| {
                let starts_at = nine + from.minutes();
                let slot = Slot { starts_at, ends_at: starts_at + lasts.minutes() };
                Taken { slot, places: places.min(capacity) }
            })
            .collect();
        let old = taken.clone();
        let mut booked: BTreeMap<Slot, u16> = BTreeMap::new();
        for wish in wishes {
            let range = (nine, nine + 24.hours());
            let free = free(&service, &line, &taken, range);
            prop_assert!(free.iter().all(|it| it.places > 0));
            let Some(free) = free.get(wish % free.len().max(1)) else { break };
            *booked.entry(free.slot).or_default() += 1;
            taken.push(Taken { slot: free.slot, places: 1 });
        }
        for (slot, places) in booked {
            let old = old.iter().filter(|it| it.slot.overlaps(slot)).map(|it| it.places);
            prop_assert!(places + old.sum::<u16>() <= capacity);
        }
    }

    #[test]
    fn a_change_takes_and_releases_what_it_says(ways in prop::collection::vec(0u8..4, 0..12)) {
        let mut held = Vec::new();
        let mut appointment = booked(at("2026-11-30T09:00"));
        let first = Change { before: None, after: appointment.clone() };
        held.extend(first.takes());
        prop_assert_eq!(first.releases(), None);
        for (n, way) in (1i64..).zip(ways) {
            let now = at("2026-12-02T09:00");
            let starts_at = at("2026-11-30T09:00") + (20 * n).minutes();
            let change = match way {
                0 => appointment.cancel(now),
                1 => appointment.close(State::Done, now),
                2 => appointment.confirm(now),
                _ => appointment.move_to(Slot { starts_at, ends_at: starts_at + 20.minutes() }, now),
            };
            let Ok(change) = change else {
                prop_assert!(appointment.state != State::Booked);
                continue;
            };
            if let Some(slot) = change.releases() {
                held.retain(|it| *it != slot);
            }
            held.extend(change.takes());
            appointment = change.after;
            let cancelled = appointment.state == State::Cancelled;
            let want = if cancelled { vec![] } else { vec![appointment.slot] };
            prop_assert_eq!(&held, &want);
        }
    }
}

#[test]
fn what_is_possible_depends_on_the_time() {
    let line = sample::line();
    let service = &line.services[0];
    let now = at("2026-11-27T12:00");
    let slot = |local: &str, who| slot_at(service, &line, &[], at(local), (who, now)).is_some();
    assert!(!slot("2026-11-27T12:20", Who::Citizen), "a day's notice");
    assert!(slot("2026-11-27T12:20", Who::Office));
    assert!(!slot("2026-11-27T11:40", Who::Office), "it is over");
    assert!(slot("2026-12-24T09:00", Who::Citizen));
    assert!(!slot("2026-12-28T09:00", Who::Citizen), "more than 30 days ahead");
    assert!(!slot("2026-11-30T09:10", Who::Office), "no slot begins then");

    let appointment = booked(at("2026-11-30T09:00"));
    for (local, may) in [("2026-11-30T06:59", true), ("2026-11-30T07:00", false)] {
        assert_eq!(appointment.citizen_may_change(Some(service), at(local)), may, "{local}");
    }
    assert_eq!(appointment.remind_at(service), Some(at("2026-11-29T09:00")));
    let soon = Appointment { made_at: at("2026-11-29T10:00"), ..appointment.clone() };
    assert_eq!(soon.remind_at(service), None, "they have just been told");
    assert_eq!(appointment.close(State::Done, at("2026-11-30T08:59")), Err(Refused::NotYet));
    let done = appointment.close(State::NoShow, at("2026-11-30T09:00")).unwrap().after;
    assert_eq!(done.cancel(at("2026-11-30T10:00")), Err(Refused::Closed));
}

#[test]
fn only_who_says_nothing_else_is_offered_an_appointment() {
    let line = sample::line();
    let days = Some(Ask::Days { service: ServiceId::new("carta"), from: None });
    for (text, want) in [
        ("appuntamento", Some(Ask::Start)),
        ("Buongiorno, vorrei prenotare un appuntamento, grazie!", Some(Ask::Start)),
        ("disdire l'appuntamento", Some(Ask::Start)),
        ("APPUNTAMENTO carta d'identità", days.clone()),
        ("vorrei un appuntamento per la carta di identità", days),
        ("appuntamento per il passaporto", None),
        ("Come si prenota un appuntamento?", None),
        ("ho un appuntamento domani ma ho la febbre", None),
        ("prenota", None),
        ("grazie", None),
        ("", None),
    ] {
        assert_eq!(asked(text, &line), want, "{text:?}");
    }
    let without = Line { services: Vec::new(), ..line };
    assert_eq!(asked("appuntamento", &without), None);
}

/// A chat about appointments with one person, whose steps are words or titles pressed.
struct Play {
    line: Line,
    now: Timestamp,
    ahead: Vec<Appointment>,
    taken: Vec<Taken>,
    last: Option<Outgoing>,
    script: String,
}

impl Play {
    fn new(line: Line) -> Self {
        let now = at("2026-11-26T10:00");
        Self { line, now, ahead: Vec::new(), taken: Vec::new(), last: None, script: String::new() }
    }

    fn says(&mut self, text: &str) {
        let ask = self
            .payload(text)
            .map_or_else(|| asked(text, &self.line).unwrap(), |it| Ask::parse(&it).unwrap());
        let fresh = AppointmentId::new(format!("0b9e-{}", self.ahead.len()));
        let (ahead, taken) = (self.ahead.clone(), self.taken.clone());
        let agenda = Agenda { ask, ahead, taken, fresh };
        let (change, said) = decide(&agenda, &ContactId::new("0b9e"), &self.line, self.now);
        writeln!(self.script, "> {text}").unwrap();
        if let Some(change) = change {
            let slot = change.releases();
            self.taken.retain(|it| Some(it.slot) != slot);
            self.taken.extend(change.takes().map(|slot| Taken { slot, places: 1 }));
            self.ahead.retain(|it| it.id != change.after.id);
            self.ahead.push(change.after);
            self.ahead.retain(|it| it.is_ahead(self.now));
        }
        self.last = said.map(|it| reply::render(&Reply::Appointment(it), &self.line, self.now));
        let (body, below) = match &self.last {
            None => return,
            Some(Outgoing::Buttons { body, buttons }) => {
                (body, buttons.iter().map(|it| format!("[{}]", it.title)).collect())
            }
            Some(Outgoing::List { body, button, rows }) => {
                let row = |it: &Row| match &it.description {
                    Some(more) => format!("({}: {more})", it.title),
                    None => format!("({})", it.title),
                };
                (body, std::iter::once(format!("[{button}]")).chain(rows.iter().map(row)).collect())
            }
            Some(Outgoing::Text(body)) => (body, Vec::new()),
            Some(other) => unreachable!("nothing of appointments is said as {other:?}"),
        };
        for row in body.lines().map(str::to_owned).chain(below) {
            writeln!(self.script, "{}", format!("  {row}").trim_end()).unwrap();
        }
    }

    /// What a title among the last answer's buttons and rows says to us.
    fn payload(&self, title: &str) -> Option<String> {
        match self.last.as_ref()? {
            Outgoing::Buttons { buttons, .. } => {
                buttons.iter().find(|it| it.title == title).map(|it| it.payload.clone())
            }
            Outgoing::List { rows, .. } => {
                rows.iter().find(|it| it.title == title).map(|it| it.payload.clone())
            }
            _ => None,
        }
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a chat, word for word")]
fn a_citizen_books_moves_and_cancels() {
    let mut line = Line { address: Address::Lei, ..sample::line() };
    line.services[0].days_ahead = 4;
    line.services[0].duration_minutes = 30;
    let mut play = Play::new(line);
    for step in [
        "appuntamento",
        "lunedì 30 novembre",
        "9:00 – 9:30",
        "Prenoto",
        "Sposto",
        "lunedì 30 novembre",
        "10:30 – 11:00",
        "Sposto",
        "appuntamento",
        "Disdico",
    ] {
        play.says(step);
    }
    assert!(play.ahead.is_empty() && play.taken.is_empty());
    insta::assert_snapshot!(play.script, @r"
    > appuntamento
      *Carta d'identità*: in quale giorno?
      Dove: piazza della Prova 1
      [Giorni liberi]
      (venerdì 27 novembre: 6 orari liberi, il primo alle 10:00)
      (lunedì 30 novembre: 8 orari liberi, il primo alle 9:00)
    > lunedì 30 novembre
      *Carta d'identità*, lunedì 30 novembre: a che ora?
      Dove: piazza della Prova 1
      [Orari liberi]
      (9:00 – 9:30)
      (9:30 – 10:00)
      (10:00 – 10:30)
      (10:30 – 11:00)
      (11:00 – 11:30)
      (11:30 – 12:00)
      (12:00 – 12:30)
      (12:30 – 13:00)
      (Altri giorni)
    > 9:00 – 9:30
      *Carta d'identità*
      lunedì 30 novembre 2026 alle 9:00
      Dove: piazza della Prova 1

      Va bene?
      [Prenoto]
      [Altri giorni]
    > Prenoto
      *Appuntamento prenotato.*
      Carta d'identità, lunedì 30 novembre 2026 alle 9:00
      Dove: piazza della Prova 1
      Da portare:
      - una fototessera
      - la carta scaduta

      Per il calendario: 30/11/2026, 9:00–9:30, Carta d'identità, piazza della Prova 1
      Può spostarlo o disdirlo qui fino a lunedì 30 novembre alle 7:00.
      [Sposto]
      [Disdico]
    > Sposto
      *Carta d'identità*: in quale giorno?
      Dove: piazza della Prova 1
      Al posto di: lunedì 30 novembre 2026 alle 9:00
      [Giorni liberi]
      (venerdì 27 novembre: 6 orari liberi, il primo alle 10:00)
      (lunedì 30 novembre: 7 orari liberi, il primo alle 9:30)
    > lunedì 30 novembre
      *Carta d'identità*, lunedì 30 novembre: a che ora?
      Dove: piazza della Prova 1
      Al posto di: lunedì 30 novembre 2026 alle 9:00
      [Orari liberi]
      (9:30 – 10:00)
      (10:00 – 10:30)
      (10:30 – 11:00)
      (11:00 – 11:30)
      (11:30 – 12:00)
      (12:00 – 12:30)
      (12:30 – 13:00)
      (Altri giorni)
    > 10:30 – 11:00
      *Carta d'identità*
      lunedì 30 novembre 2026 alle 10:30
      Dove: piazza della Prova 1
      Al posto di: lunedì 30 novembre 2026 alle 9:00

      Va bene?
      [Sposto]
      [Altri giorni]
    > Sposto
      *Appuntamento spostato.*
      Carta d'identità, lunedì 30 novembre 2026 alle 10:30
      Dove: piazza della Prova 1
      Da portare:
      - una fototessera
      - la carta scaduta

      Per il calendario: 30/11/2026, 10:30–11:00, Carta d'identità, piazza della Prova 1
      Può spostarlo o disdirlo qui fino a lunedì 30 novembre alle 8:30.
      [Sposto]
      [Disdico]
    > appuntamento
      Ha un appuntamento.
      *Carta d'identità*, lunedì 30 novembre 2026 alle 10:30
      Dove: piazza della Prova 1
      Da portare:
      - una fototessera
      - la carta scaduta

      Può spostarlo o disdirlo qui fino a lunedì 30 novembre alle 8:30.
      [Sposto]
      [Disdico]
    > Disdico
      *Appuntamento disdetto*: Carta d'identità, lunedì 30 novembre 2026 alle 10:30.
      Per prenotarne un altro scriva APPUNTAMENTO.
      [Nuovo appuntamento]
    ");
}

#[test]
fn more_days_and_times_than_a_list_holds_go_on_in_the_next() {
    let mut play = Play::new(sample::line());
    for step in
        ["appuntamento", "Altri giorni", "venerdì 11 dicembre", "Altri orari", "Altri giorni"]
    {
        play.says(step);
    }
    insta::assert_snapshot!(play.script, @r"
    > appuntamento
      *Carta d'identità*: in quale giorno?
      Dove: piazza della Prova 1
      [Giorni liberi]
      (venerdì 27 novembre: 9 orari liberi, il primo alle 10:00)
      (lunedì 30 novembre: 12 orari liberi, il primo alle 9:00)
      (martedì 1 dicembre: 12 orari liberi, il primo alle 9:00)
      (mercoledì 2 dicembre: 12 orari liberi, il primo alle 9:00)
      (giovedì 3 dicembre: 12 orari liberi, il primo alle 9:00)
      (venerdì 4 dicembre: 12 orari liberi, il primo alle 9:00)
      (lunedì 7 dicembre: 12 orari liberi, il primo alle 9:00)
      (martedì 8 dicembre: 12 orari liberi, il primo alle 9:00)
      (mercoledì 9 dicembre: 12 orari liberi, il primo alle 9:00)
      (Altri giorni)
    > Altri giorni
      *Carta d'identità*: in quale giorno?
      Dove: piazza della Prova 1
      [Giorni liberi]
      (giovedì 10 dicembre: 12 orari liberi, il primo alle 9:00)
      (venerdì 11 dicembre: 12 orari liberi, il primo alle 9:00)
      (lunedì 14 dicembre: 12 orari liberi, il primo alle 9:00)
      (martedì 15 dicembre: 12 orari liberi, il primo alle 9:00)
      (mercoledì 16 dicembre: 12 orari liberi, il primo alle 9:00)
      (giovedì 17 dicembre: 12 orari liberi, il primo alle 9:00)
      (venerdì 18 dicembre: 12 orari liberi, il primo alle 9:00)
      (lunedì 21 dicembre: 12 orari liberi, il primo alle 9:00)
      (martedì 22 dicembre: 12 orari liberi, il primo alle 9:00)
      (Altri giorni)
    > venerdì 11 dicembre
      *Carta d'identità*, venerdì 11 dicembre: a che ora?
      Dove: piazza della Prova 1
      [Orari liberi]
      (9:00 – 9:20)
      (9:20 – 9:40)
      (9:40 – 10:00)
      (10:00 – 10:20)
      (10:20 – 10:40)
      (10:40 – 11:00)
      (11:00 – 11:20)
      (11:20 – 11:40)
      (11:40 – 12:00)
      (Altri orari)
    > Altri orari
      *Carta d'identità*, venerdì 11 dicembre: a che ora?
      Dove: piazza della Prova 1
      [Orari liberi]
      (12:00 – 12:20)
      (12:20 – 12:40)
      (12:40 – 13:00)
      (Altri giorni)
    > Altri giorni
      *Carta d'identità*: in quale giorno?
      Dove: piazza della Prova 1
      [Giorni liberi]
      (venerdì 27 novembre: 9 orari liberi, il primo alle 10:00)
      (lunedì 30 novembre: 12 orari liberi, il primo alle 9:00)
      (martedì 1 dicembre: 12 orari liberi, il primo alle 9:00)
      (mercoledì 2 dicembre: 12 orari liberi, il primo alle 9:00)
      (giovedì 3 dicembre: 12 orari liberi, il primo alle 9:00)
      (venerdì 4 dicembre: 12 orari liberi, il primo alle 9:00)
      (lunedì 7 dicembre: 12 orari liberi, il primo alle 9:00)
      (martedì 8 dicembre: 12 orari liberi, il primo alle 9:00)
      (mercoledì 9 dicembre: 12 orari liberi, il primo alle 9:00)
      (Altri giorni)
    ");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a chat, word for word")]
fn who_is_too_late_is_told_so() {
    let mut line = sample::line();
    line.services.push(Service {
        id: ServiceId::new("nascita"),
        name: "Denuncia di nascita".to_owned(),
        notice_hours: 0,
        days_ahead: 0,
        ..line.services[0].clone()
    });
    let mut play = Play::new(line);
    play.says("appuntamento");
    play.says("Denuncia di nascita");
    play.says("giovedì 26 novembre");
    play.says("10:00 – 10:20");
    // Somebody else was faster.
    let slot = Slot { starts_at: at("2026-11-26T10:00"), ends_at: at("2026-11-26T10:20") };
    play.taken.push(Taken { slot, places: 1 });
    play.says("Prenoto");
    play.says("giovedì 26 novembre");
    play.says("12:40 – 13:00");
    play.says("Prenoto");
    play.now = at("2026-11-26T12:30");
    play.says("Disdico");
    assert_eq!(play.ahead.len(), 1);
    play.ahead.clear();
    play.last = Some(Outgoing::Buttons {
        body: String::new(),
        buttons: vec![crate::message::Button {
            payload: Ask::Cancel(AppointmentId::new("0b9e-0")).to_string(),
            title: "Disdico".to_owned(),
        }],
    });
    play.says("Disdico");
    insta::assert_snapshot!(play.script, @r"
    > appuntamento
      Per che cosa vuoi un appuntamento?
      [Scegli]
      (Carta d'identità: rilascio e rinnovo)
      (Denuncia di nascita: rilascio e rinnovo)
    > Denuncia di nascita
      *Denuncia di nascita*: in quale giorno?
      Dove: piazza della Prova 1
      [Giorni liberi]
      (giovedì 26 novembre: 9 orari liberi, il primo alle 10:00)
    > giovedì 26 novembre
      *Denuncia di nascita*, giovedì 26 novembre: a che ora?
      Dove: piazza della Prova 1
      [Orari liberi]
      (10:00 – 10:20)
      (10:20 – 10:40)
      (10:40 – 11:00)
      (11:00 – 11:20)
      (11:20 – 11:40)
      (11:40 – 12:00)
      (12:00 – 12:20)
      (12:20 – 12:40)
      (12:40 – 13:00)
      (Altri giorni)
    > 10:00 – 10:20
      *Denuncia di nascita*
      giovedì 26 novembre 2026 alle 10:00
      Dove: piazza della Prova 1

      Va bene?
      [Prenoto]
      [Altri giorni]
    > Prenoto
      Quell'orario non è più libero. *Denuncia di nascita*: in quale giorno?
      Dove: piazza della Prova 1
      [Giorni liberi]
      (giovedì 26 novembre: 8 orari liberi, il primo alle 10:20)
    > giovedì 26 novembre
      *Denuncia di nascita*, giovedì 26 novembre: a che ora?
      Dove: piazza della Prova 1
      [Orari liberi]
      (10:20 – 10:40)
      (10:40 – 11:00)
      (11:00 – 11:20)
      (11:20 – 11:40)
      (11:40 – 12:00)
      (12:00 – 12:20)
      (12:20 – 12:40)
      (12:40 – 13:00)
      (Altri giorni)
    > 12:40 – 13:00
      *Denuncia di nascita*
      giovedì 26 novembre 2026 alle 12:40
      Dove: piazza della Prova 1

      Va bene?
      [Prenoto]
      [Altri giorni]
    > Prenoto
      *Appuntamento prenotato.*
      Denuncia di nascita, giovedì 26 novembre 2026 alle 12:40
      Dove: piazza della Prova 1
      Da portare:
      - una fototessera
      - la carta scaduta

      Per il calendario: 26/11/2026, 12:40–13:00, Denuncia di nascita, piazza della Prova 1
      Puoi spostarlo o disdirlo qui fino a oggi alle 10:40.
      [Sposto]
      [Disdico]
    > Disdico
      L'appuntamento è giovedì 26 novembre 2026 alle 12:40: da qui è tardi per spostarlo o disdirlo.
      Scrivi qui che cosa succede: risponde l'Ufficio di prova, dal lunedì al venerdì dalle 9 alle 13.
    > Disdico
      Questo appuntamento non c'è più.
      Per prenotarne un altro scrivi APPUNTAMENTO.
      [Nuovo appuntamento]
    ");
}
