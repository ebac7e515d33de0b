// SPDX-License-Identifier: EUPL-1.2
//! `[authoring]`: how notices are written and let go.

use domain::line::{Authoring, Period};
use domain::phone::Phone;

use super::document::Section;

/// Numbers a line may try its notices on.
const MOST_TEST_NUMBERS: usize = 20;

pub(super) fn read(top: &mut Section) -> Authoring {
    let mut section = top.section("authoring");
    let electoral_periods =
        section.sections("electoral_periods").into_iter().filter_map(period).collect();
    let given = section.texts("test_numbers").unwrap_or_default();
    if given.len() > MOST_TEST_NUMBERS {
        section.report.add(
            section.line_of("test_numbers"),
            format!("i numeri di prova sono {}", given.len()),
            format!("lasciane al massimo {MOST_TEST_NUMBERS}"),
        );
    }
    let mut test_numbers = Vec::new();
    for number in given {
        match Phone::parse(&number.value) {
            Ok(phone) => test_numbers.push(phone),
            Err(_) => section.report.add(
                number.line,
                "un numero di prova non è un numero di telefono",
                "scrivi il numero con il prefisso: «+39 333 000 0000»",
            ),
        }
    }
    section.done();
    Authoring { electoral_periods, test_numbers }
}

fn period(mut section: Section) -> Option<Period> {
    let line = section.line;
    for key in ["from", "to"] {
        if !section.has(key) {
            section.missing(key, &format!("{key} = 2027-04-01"));
        }
    }
    let (from, to) = (section.date("from"), section.date("to"));
    let report = section.report;
    section.done();
    let (from, to) = from.zip(to)?;
    if to < from {
        report.add(
            line,
            "il periodo elettorale finisce prima di cominciare",
            "scrivi in «from» il giorno in cui si convocano i comizi, in «to» l'ultimo giorno di voto",
        );
    }
    Some(Period { from, to })
}
