// SPDX-License-Identifier: EUPL-1.2
//! The mail that tells the office what a citizen did with an appointment. It says nothing of them.

use super::{Appointment, State};
use crate::line::Line;
use crate::reply::slot_words;

/// Subject and text, of what the appointment is by now; `None` where nothing is ahead to be told of.
pub fn office_mail(it: &Appointment, line: &Line) -> Option<(String, String)> {
    let what = match (it.state, it.moved_at) {
        (State::Booked, None) => "prenotato",
        (State::Booked, Some(_)) => "spostato",
        (State::Cancelled, _) => "disdetto",
        (State::Done | State::NoShow, _) => return None,
    };
    let service = line.service(&it.service).map_or(it.service.as_str(), |it| &it.name);
    let subject = format!("{}: appuntamento {what}", line.service);
    let text = format!(
        "Un appuntamento è stato {what}.\n\nPrestazione: {service}\nQuando: {}\nCodice: {}\n\nPer \
         vedere l'agenda aprire lo sportello di Filo Diretto. Questo avviso non contiene né nomi né \
         numeri.",
        slot_words(it.slot),
        it.id
    );
    Some((subject, text))
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::super::tests::{at, booked};
    use super::*;
    use crate::line::sample;

    #[test]
    fn a_mail_says_what_became_of_an_appointment_and_nothing_of_anybody() {
        let line = sample::line();
        let it = booked(at("2026-11-30T09:20"));
        let slot = super::super::Slot {
            starts_at: it.slot.starts_at + 1.hour(),
            ends_at: it.slot.ends_at + 1.hour(),
        };
        let moved = it.move_to(slot, at("2026-11-25T09:00")).unwrap().after;
        let cancelled = moved.cancel(at("2026-11-26T09:00")).unwrap().after;
        let done = it.close(State::Done, at("2026-11-30T10:00")).unwrap().after;
        let all = [&it, &moved, &cancelled, &done].map(|it| office_mail(it, &line));
        assert_eq!(all[3], None);
        let all: Vec<_> =
            all.into_iter().flatten().map(|it| format!("{}\n\n{}", it.0, it.1)).collect();
        insta::assert_snapshot!(all.join("\n---\n"), @r"
        Prova su WhatsApp: appuntamento prenotato

        Un appuntamento è stato prenotato.

        Prestazione: Carta d'identità
        Quando: lunedì 30 novembre 2026 alle 9:20
        Codice: 0b9e-7f

        Per vedere l'agenda aprire lo sportello di Filo Diretto. Questo avviso non contiene né nomi né numeri.
        ---
        Prova su WhatsApp: appuntamento spostato

        Un appuntamento è stato spostato.

        Prestazione: Carta d'identità
        Quando: lunedì 30 novembre 2026 alle 10:20
        Codice: 0b9e-7f

        Per vedere l'agenda aprire lo sportello di Filo Diretto. Questo avviso non contiene né nomi né numeri.
        ---
        Prova su WhatsApp: appuntamento disdetto

        Un appuntamento è stato disdetto.

        Prestazione: Carta d'identità
        Quando: lunedì 30 novembre 2026 alle 10:20
        Codice: 0b9e-7f

        Per vedere l'agenda aprire lo sportello di Filo Diretto. Questo avviso non contiene né nomi né numeri.
        ");
    }
}
