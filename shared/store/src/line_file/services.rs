// SPDX-License-Identifier: EUPL-1.2
//! `[[services]]`: what citizens make appointments for.

use std::collections::BTreeSet;

use domain::appointment::{REMINDER_BUTTON, REMINDER_PARAMETERS};
use domain::hours::Hours;
use domain::ids::ServiceId;
use domain::line::{Category, SERVICE_NAME_LIMIT, Service, Template};
use domain::reply::LIST_ROWS_LIMIT;

use super::document::{Found, Section};
use super::parts::{TOPIC_DESCRIPTION_LIMIT, fits};
use super::{optional, slug, values};

/// Templates that remind get their button by it.
pub(super) fn services(
    top: &mut Section,
    has_hours: bool,
    templates: &mut [Template],
) -> Vec<Service> {
    let sections = top.sections("services");
    let mut seen = BTreeSet::new();
    let mut services = Vec::new();
    for (n, mut section) in sections.into_iter().enumerate() {
        let (at, line) = (section.line_of("id"), section.line);
        let service = service(&mut section, has_hours, templates);
        if !service.id.as_str().is_empty() && !seen.insert(service.id.clone()) {
            section.report.add(
                at,
                format!("c'è già una prestazione «{}»", service.id),
                "dai un altro id a una delle due",
            );
        }
        if n == LIST_ROWS_LIMIT {
            section.report.add(
                line,
                format!("le prestazioni sono più di {LIST_ROWS_LIMIT}"),
                "lasciane meno: WhatsApp non ne mostra di più in un elenco",
            );
        }
        section.done();
        services.push(service);
    }
    let remind: BTreeSet<_> =
        services.iter().filter_map(|it| it.reminder_template.as_ref()).collect();
    for template in templates.iter_mut().filter(|it| remind.contains(&it.name)) {
        template.quick_reply = Some(REMINDER_BUTTON.to_owned());
    }
    services
}

fn service(section: &mut Section, has_hours: bool, templates: &[Template]) -> Service {
    let id = slug(section, "id", "carta-identita");
    let name = section.needed_text("name", "Carta d'identità");
    fits(section.report, name.line, "name", &name.value, SERVICE_NAME_LIMIT);
    let description = section.text("description");
    if let Some(it) = &description {
        fits(section.report, it.line, "description", &it.value, TOPIC_DESCRIPTION_LIMIT);
    }
    let duration = section.number("duration_minutes", 5u16..=480);
    if duration.is_none() && !section.has("duration_minutes") {
        section.missing("duration_minutes", "duration_minutes = 20");
    }
    let capacity = section.number("capacity", 1u16..=100);
    let hours = open(section);
    if hours.is_none() && !has_hours && !section.has("open") {
        section.missing("open", "open = \"Mo-Fr 09:00-12:00; PH off\"");
    }
    let notice_hours = section.number("notice_hours", 0u16..=720);
    let days_ahead = section.number("days_ahead", 1u16..=366);
    let change_until = section.number("change_until_hours", 0u16..=720);
    let remind = section.number("remind_hours_before", 1u16..=168);
    let reminder_template = reminder_template(section, templates, remind.is_some());
    let number = |found: Option<Found<u16>>, usual| found.map_or(usual, |it| it.value);
    Service {
        id: ServiceId::new(id),
        name: name.value,
        description: optional(description),
        duration_minutes: number(duration, 20),
        capacity: number(capacity, 1),
        hours,
        notice_hours: number(notice_hours, 24),
        days_ahead: number(days_ahead, 30),
        change_until_hours: number(change_until, 0),
        bring: values(section.texts("bring").unwrap_or_default()),
        place: optional(section.text("place")),
        remind_hours_before: optional(remind),
        reminder_template,
    }
}

fn open(section: &mut Section) -> Option<Hours> {
    let open = section.text("open")?;
    match Hours::parse(&open.value) {
        Ok(hours) => Some(hours),
        Err(problem) => {
            section.report.add(open.line, problem.what, problem.remedy);
            None
        }
    }
}

/// A template of the line that says when and for what, and nothing that we could not fill in.
fn reminder_template(
    section: &mut Section,
    templates: &[Template],
    reminds: bool,
) -> Option<String> {
    let found = section.text("reminder_template")?;
    let report = section.report;
    if !reminds {
        report.add(
            found.line,
            "c'è un modello per il promemoria, ma non quando mandarlo",
            "aggiungi «remind_hours_before = 24», oppure togli «reminder_template»",
        );
    }
    let Some(template) = templates.iter().find(|it| it.name == found.value) else {
        report.add(
            found.line,
            format!("non c'è un modello «{}»", found.value),
            "scrivi il nome di uno dei [[templates]] di questo file",
        );
        return None;
    };
    if template.category != Category::Utility {
        report.add(
            found.line,
            format!("il modello «{}» non è di categoria utility", found.value),
            "un promemoria non è pubblicità: scegli un modello «category = \"utility\"»",
        );
    }
    if let Some(media) = template.header_media {
        report.add(
            found.line,
            format!("il modello «{}» ha in testa {}", found.value, media.in_words()),
            "un promemoria non porta file: scegli un modello senza «header_media»",
        );
    }
    let known = |it: &&String| !REMINDER_PARAMETERS.contains(&it.as_str());
    if let Some(other) = template.parameters.iter().find(known) {
        report.add(
            found.line,
            format!("nel modello «{}» non so che cosa scrivere per «{{{{{other}}}}}»", found.value),
            format!("usa solo questi parametri: {}", REMINDER_PARAMETERS.join(", ")),
        );
    }
    Some(found.value)
}
