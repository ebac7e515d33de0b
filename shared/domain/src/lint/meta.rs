// SPDX-License-Identifier: EUPL-1.2
//! What Meta refuses in a template.

use crate::line::{BODY_LIMIT, HEADER_LIMIT, Line, Template};
use crate::lint::plain::{emoji_in, phrase_in};
use crate::lint::{Finding, Level, without_parameters};
use crate::reply::length;

/// Most characters of a template's name. Source: Cloud API, template components.
pub const NAME_LIMIT: usize = 512;
/// Most characters on a quick reply.
pub const BUTTON_LIMIT: usize = 25;

/// Hosts that hide where a link leads: Meta takes them for a fraud.
pub(super) const SHORTENERS: [&str; 8] =
    ["bit.ly", "tinyurl.com", "goo.gl", "t.co", "ow.ly", "is.gd", "cutt.ly", "rebrand.ly"];

/// Words that invite or sell: a notice with them is marketing. Source: Cloud API,
/// template-categorization.
const SELLING: [&str; 27] = [
    "acquist*",
    "affrett*",
    "approfitt*",
    "biglietti in vendita",
    "compra",
    "convenient*",
    "gadget",
    "imperdibil*",
    "in omaggio",
    "in regalo",
    "non mancare",
    "non mancate",
    "non perder*",
    "non perdet*",
    "offerta speciale",
    "offerte speciali",
    "partecipa",
    "partecipate",
    "promo",
    "promozion*",
    "prezzo speciale",
    "scont*",
    "ti aspettiamo",
    "vi aspettiamo",
    "vieni a trovarci",
    "vinci",
    "unisciti",
];

pub(super) fn template(template: &Template, line: &Line) -> Vec<Finding> {
    let mut findings = names(template);
    let written = template.for_meta(line);
    for (at, text, checked) in [
        ("/header", &written.header, &template.header),
        ("/footer", &written.footer, &template.footer),
    ] {
        if let (Some(text), Some(checked)) = (text, checked) {
            findings.extend(row(text, at));
            findings.extend(named(Template::check_fixed(checked), at));
        }
    }
    if let (Some(_), Some(media)) = (&template.header, template.header_media) {
        findings.push(Finding::error(
            "/header_media",
            "header-twice",
            format!("in testa ci sono sia un titolo sia {}", media.in_words()),
            "togli «header» o «header_media»: Meta ammette uno dei due",
        ));
    }
    findings.extend(body(template, &written.body));
    findings.extend(examples(template));
    findings.extend(template.quick_reply.as_deref().map(button).into_iter().flatten());
    findings
}

fn names(template: &Template) -> Vec<Finding> {
    let mut findings = Vec::new();
    let allowed = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_';
    let name = &template.name;
    if name.is_empty() || name.len() > NAME_LIMIT || !name.bytes().all(allowed) {
        findings.push(Finding::error(
            "/name",
            "name",
            format!("«{name}» non va bene come nome di un modello"),
            "usa solo lettere minuscole senza accenti, cifre e «_», per esempio «strada_chiusa»",
        ));
    }
    let (word, region) = template.language.split_once('_').unwrap_or((&template.language, "IT"));
    let lower = (2..=3).contains(&word.len()) && word.bytes().all(|it| it.is_ascii_lowercase());
    if !lower || region.len() != 2 || !region.bytes().all(|it| it.is_ascii_uppercase()) {
        findings.push(Finding::error(
            "/language",
            "language",
            format!("«{}» non è una lingua di Meta", template.language),
            "scrivi «it» per l'italiano",
        ));
    }
    findings
}

/// A header or a footer: one short row of plain words.
fn row(text: &str, at: &str) -> Vec<Finding> {
    let part = if at == "/header" { "il titolo" } else { "il piede" };
    let mut findings = Vec::new();
    findings.extend(too_long(text, at, part, HEADER_LIMIT));
    if text.trim().is_empty() {
        findings.push(Finding::error(at, "empty", format!("{part} è vuoto"), "scrivilo o toglilo"));
    }
    if text.contains(['\n', '\r', '\t']) {
        findings.push(Finding::error(
            at,
            "line-break",
            format!("{part} va a capo"),
            "scrivi tutto su una riga",
        ));
    }
    if text.contains("{{") {
        findings.push(Finding::error(
            at,
            "parameter-place",
            format!("{part} non può avere parti che cambiano"),
            "spostale nel testo («body»)",
        ));
    }
    if emoji_in(text).next().is_some() {
        findings.push(Finding::error(
            at,
            "emoji",
            format!("{part} ha una faccina o un simbolo"),
            "lascia solo parole",
        ));
    }
    if at == "/header" && text.contains(['*', '_', '~', '`']) {
        findings.push(Finding::error(
            at,
            "formatting",
            "il titolo ha segni di formattazione".to_owned(),
            "togli «*», «_», «~»: il titolo è già in grassetto",
        ));
    }
    findings
}

fn body(template: &Template, written: &str) -> Vec<Finding> {
    let at = "/body";
    let mut findings = Vec::new();
    if written.trim().is_empty() {
        let what = "il testo è vuoto".to_owned();
        return vec![Finding::error(at, "empty", what, "scrivi che cosa cambia, dove e quando")];
    }
    findings.extend(named(Template::check_body(&template.body), at));
    findings.extend(ends_with_parameter(&template.body));
    findings.extend(too_long(written, at, "il testo", BODY_LIMIT));
    if written.contains("\n\n\n") {
        findings.push(Finding::error(
            at,
            "blank-rows",
            "il testo ha più di una riga vuota di seguito".to_owned(),
            "lasciane una",
        ));
    }
    if written.contains("     ") || written.contains('\t') {
        findings.push(Finding::error(
            at,
            "spaces",
            "il testo contiene tabulazioni o più di quattro spazi di seguito".to_owned(),
            "lascia uno spazio",
        ));
    }
    let names = Template::names_in(&template.body);
    let positional = names.iter().filter(|it| it.bytes().all(|it| it.is_ascii_digit())).count();
    let in_order = names.iter().enumerate().all(|(n, it)| *it == (n + 1).to_string());
    if positional > 0 && !in_order {
        findings.push(Finding::error(
            at,
            "parameter-order",
            "i numeri delle parti che cambiano non sono 1, 2, 3 in ordine".to_owned(),
            "dai a ciascuna un nome: «{{data}}», «{{luogo}}»",
        ));
    }
    findings.extend(too_few_words(&template.body, written, names.len()));
    findings
}

/// Meta takes a parameter with only a full stop behind it for one at the end.
fn ends_with_parameter(body: &str) -> Option<Finding> {
    let trimmed = body.trim_end_matches(|it: char| it.is_whitespace() || ".,;:!?".contains(it));
    // Without the punctuation it is said elsewhere already.
    let at_the_end = trimmed.ends_with("}}") && trimmed.len() < body.trim_end().len();
    at_the_end.then(|| {
        Finding::error(
            "/body",
            "at-the-edge",
            "il testo finisce con una parte che cambia, e Meta lo rifiuta anche se dopo c'è un \
             punto"
                .to_owned(),
            "aggiungi delle parole alla fine",
        )
    })
}

/// Twice as many fixed words as parameters, and one more (Meta's 2388293). Meta does not publish the
/// number; it is what Syniverse and Maqsam found.
fn too_few_words(body: &str, written: &str, parameters: usize) -> Option<Finding> {
    let places = body.matches("{{").count().max(parameters);
    let fixed = without_parameters(written);
    let words = fixed.split_whitespace().filter(|it| it.contains(char::is_alphanumeric)).count();
    let needed = 2 * places + 1;
    (places > 0 && words < needed).then(|| {
        Finding::error(
            "/body",
            "few-words",
            format!("ci sono {places} parti che cambiano e solo {words} parole fisse"),
            format!("scrivi almeno {needed} parole fisse, o togli qualche parte"),
        )
    })
}

/// Meta wants to see what a parameter may say.
fn examples(template: &Template) -> Vec<Finding> {
    let mut findings = Vec::new();
    let names = Template::names_in(&template.body);
    for name in &names {
        let at = format!("/examples/{name}");
        match template.examples.get(name).map(|it| it.trim()) {
            None | Some("") => findings.push(Finding::error(
                &at,
                "example",
                format!("manca un esempio per «{name}»"),
                "scrivi che cosa potrebbe dire, con parole vere",
            )),
            Some(it) if it.contains(['\n', '\t', '{', '}']) || it.contains("     ") => {
                findings.push(Finding::error(
                    &at,
                    "example",
                    format!("l'esempio per «{name}» ha un a capo, una graffa o troppi spazi"),
                    "scrivilo su una riga, con parole vere",
                ));
            }
            Some(_) => {}
        }
    }
    for name in template.examples.keys().filter(|it| !names.contains(it)) {
        findings.push(Finding::error(
            &format!("/examples/{name}"),
            "example",
            format!("c'è un esempio per «{name}», che non è nel testo"),
            "toglilo, o controlla come è scritto",
        ));
    }
    findings
}

fn button(text: &str) -> Vec<Finding> {
    let at = "/quick_reply";
    let mut findings: Vec<_> =
        too_long(text, at, "il pulsante", BUTTON_LIMIT).into_iter().collect();
    let plain = !text.trim().is_empty() && !text.contains(['\n', '{', '}', '*', '_', '~']);
    if !plain || emoji_in(text).next().is_some() {
        findings.push(Finding::error(
            at,
            "button",
            "il pulsante non ha solo parole".to_owned(),
            "scrivi un verbo e poco altro, senza simboli né parti che cambiano",
        ));
    }
    findings
}

/// Words that make a notice an advertisement.
pub(super) fn selling(text: &str, at: &str, level: Level) -> Vec<Finding> {
    let finding = |words: &&str| {
        let found = phrase_in(text, words)?;
        Some(Finding {
            level,
            ..Finding::error(
                at,
                "selling",
                format!("«{found}» invita o vende: per Meta è pubblicità e costa di più"),
                "di' solo che cosa succede, oppure usa un modello «marketing»",
            )
        })
    };
    SELLING.iter().filter_map(finding).collect()
}

fn too_long(text: &str, at: &str, what: &str, limit: usize) -> Option<Finding> {
    let characters = length(text);
    (characters > limit).then(|| {
        Finding::error(
            at,
            "too-long",
            format!("{what} ha {characters} caratteri, il massimo è {limit}"),
            format!("accorcia di almeno {} caratteri", characters - limit),
        )
    })
}

fn named(problems: Vec<crate::line::TemplateProblem>, at: &str) -> Vec<Finding> {
    use crate::line::TemplateProblem as It;
    let finding = |it: It| {
        let rule = match it {
            It::AtTheEdge(_) => "at-the-edge",
            It::Adjacent(..) => "adjacent",
            It::BadName(_) => "parameter-name",
            It::UnknownPlaceholder(_) => "placeholder",
            It::Brace => "brace",
        };
        Finding::error(at, rule, it.to_string(), it.remedy())
    };
    problems.into_iter().map(finding).collect()
}
