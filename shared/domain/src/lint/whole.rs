// SPDX-License-Identifier: EUPL-1.2
//! What a notice must say: when, where, and whom to ask.

use crate::lint::{Finding, date};

/// Beginnings of names of parameters that say it by themselves.
const WHEN: [&str; 10] =
    ["quando", "data", "giorn", "dal", "al", "inizio", "fine", "ora", "orari", "scadenza"];
const WHERE: [&str; 8] = ["dove", "luogo", "via", "strada", "zona", "sede", "indirizzo", "sezion"];
const WHOM: [&str; 7] = ["pagina", "sito", "telefon", "contatt", "email", "link", "aggiornament"];

const PLACES: [&str; 32] = [
    "piazza",
    "via",
    "viale",
    "corso",
    "vicolo",
    "strada",
    "strade",
    "contrada",
    "località",
    "frazione",
    "quartiere",
    "zona",
    "zone",
    "rione",
    "sede",
    "ufficio",
    "uffici",
    "sportello",
    "municipio",
    "scuola",
    "scuole",
    "palestra",
    "biblioteca",
    "parco",
    "ponte",
    "cimitero",
    "sito",
    "territorio",
    "seggio",
    "centro",
    "casa",
    "chat",
];
const CONTACTS: [&str; 13] = [
    "http",
    "www.",
    "@",
    ".it",
    "sito",
    "telefono",
    "chiama",
    "chiami",
    "scrivici",
    "scrivi qui",
    "scrivere qui",
    "scriva qui",
    "rispond",
];

pub(super) fn missing(text: &str, parameters: &[String], at: &str) -> Vec<Finding> {
    let lower = text.to_lowercase();
    let named = |beginnings: &[&str]| {
        let says = |name: &String| beginnings.iter().any(|it| name.starts_with(it));
        parameters.iter().any(says)
    };
    let word = |list: &[&str]| {
        let mut words = lower.split(|it: char| !it.is_alphanumeric());
        words.any(|it| list.contains(&it))
    };
    let part = |list: &[&str]| list.iter().any(|it| lower.contains(it));
    let mut findings = Vec::new();
    if !date::says_when(&lower) && !named(&WHEN) {
        findings.push(Finding::warning(
            at,
            "no-date",
            "il messaggio non dice quando".to_owned(),
            "aggiungi il giorno, e l'ora se serve: «lunedì 30 novembre dalle 9 alle 12»",
        ));
    }
    if !word(&PLACES) && !named(&WHERE) {
        findings.push(Finding::warning(
            at,
            "no-place",
            "il messaggio non dice dove".to_owned(),
            "aggiungi la via, la zona o l'ufficio",
        ));
    }
    if !part(&CONTACTS) && !named(&WHOM) {
        findings.push(Finding::warning(
            at,
            "no-contact",
            "il messaggio non dice dove sapere di più".to_owned(),
            "aggiungi la pagina del sito, il telefono, oppure «scrivici qui»",
        ));
    }
    findings
}
