// SPDX-License-Identifier: EUPL-1.2
//! `[desk]`: how the desk works. Everything in it may be left out.

use std::collections::BTreeSet;

use domain::desk::check_canned;
use domain::hours::Hours;
use domain::line::{Canned, Desk, OtherOffice};
use domain::reply::{BUTTONS_BODY_LIMIT, length};
use jiff::SignedDuration;

use super::document::{Found, Section};
use super::parts::template_name;
use super::{optional, slug};

/// Most characters of what an operator picks from a list.
const TITLE_LIMIT: usize = 60;

pub(super) fn read(mut section: Section) -> Desk {
    let usual = Desk::default();
    let report = section.report;
    let answer_within = section.number("answer_within_hours", 1u16..=200);
    let answer_within =
        answer_within.map_or(usual.answer_within, |it| SignedDuration::from_hours(it.value.into()));
    let open = section.text("open").and_then(|it| match Hours::parse(&it.value) {
        Ok(hours) => Some(hours),
        Err(problem) => {
            report.add(it.line, problem.what, problem.remedy);
            None
        }
    });
    let notify = section.texts("notify").unwrap_or_default();
    for address in &notify {
        check_address(&section, address, "notify = [\"urp@comune.esempio.it\"]");
    }
    let notify_appointments =
        section.boolean("notify_appointments").unwrap_or(usual.notify_appointments);
    let ready_template = if section.has("ready_template") {
        Some(template_name(&mut section, "ready_template"))
    } else {
        // Asked for all the same, so that it is a known key.
        optional(section.text("ready_template"))
    };
    let courtesy = section.text("courtesy");
    if let Some(it) = &courtesy {
        check_words(&section, it);
        super::parts::fits(report, it.line, "courtesy", &it.value, BUTTONS_BODY_LIMIT);
    }
    let canned = each(&mut section, "canned", canned);
    let offices = each(&mut section, "offices", office);
    let desk = Desk {
        answer_within,
        open,
        notify: super::values(notify),
        notify_appointments,
        canned,
        offices,
        ready_template,
        courtesy: optional(courtesy),
    };
    section.done();
    desk
}

/// Every `[[desk.…]]` of a kind, whose ids must differ.
fn each<T>(
    section: &mut Section,
    key: &'static str,
    read: impl Fn(&mut Section) -> (String, T),
) -> Vec<T> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for mut one in section.sections(key) {
        let line = one.line_of("id");
        let (id, value) = read(&mut one);
        if !id.is_empty() && !seen.insert(id.clone()) {
            one.report.add(
                line,
                format!("c'è già «{id}» in [[desk.{key}]]"),
                "dai un altro id a uno dei due",
            );
        }
        one.done();
        all.push(value);
    }
    all
}

fn canned(section: &mut Section) -> (String, Canned) {
    let id = slug(section, "id", "orari-estivi");
    let title = section.needed_text("title", "Orari estivi");
    super::parts::fits(section.report, title.line, "title", &title.value, TITLE_LIMIT);
    let text = section.needed_text("text", "Ad agosto rispondiamo {quando}.");
    check_words(section, &text);
    (id.clone(), Canned { id, title: title.value, text: text.value.trim().to_owned() })
}

fn check_words(section: &Section, text: &Found<String>) {
    for (what, remedy) in check_canned(&text.value) {
        section.report.add(text.line, what, remedy);
    }
}

fn office(section: &mut Section) -> (String, OtherOffice) {
    let id = slug(section, "id", "tributi");
    let name = section.needed_text("name", "Ufficio tributi");
    let email = section.needed_text("email", "tributi@comune.esempio.it");
    check_address(section, &email, "email = \"tributi@comune.esempio.it\"");
    (id.clone(), OtherOffice { id, name: name.value, email: email.value })
}

fn check_address(section: &Section, address: &Found<String>, example: &str) {
    let parts = address.value.split_once('@');
    let good = parts.is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
        && !address.value.contains(char::is_whitespace)
        && length(&address.value) <= 254;
    if !good && !address.value.is_empty() {
        section.report.add(
            address.line,
            format!("«{}» non è un indirizzo e-mail", address.value),
            format!("scrivi per esempio «{example}»"),
        );
    }
}
