// SPDX-License-Identifier: EUPL-1.2
//! The sections of a line file, one function each.

use std::collections::{BTreeMap, BTreeSet};

use domain::hours::{Hours, PatronDay};
use domain::ids::TopicId;
use domain::line::{
    Address, BODY_LIMIT, Category, HEADER_LIMIT, HeaderFormat, MediaRules, Office, Portfolio,
    Published, Purpose, QuietHours, Retention, SendBy, Template, TemplateProblem, Topic,
};
use domain::reply::{self, length};
use domain::retention::{AUDIT, CHAT, CONSENT, DELIVERIES, INACTIVITY, MEDIA, Rule};
use domain::zones;
use jiff::civil::{Date, Time};

use super::document::{Found, Report, Section};
use super::{optional, slug, values};

/// Most characters of a list row. Source: Cloud API, interactive list messages.
const TOPIC_NAME_LIMIT: usize = 24;
pub(super) const TOPIC_DESCRIPTION_LIMIT: usize = 72;
/// As many as the reader can tell apart.
const MOST_TOPICS: usize = 60;
/// Source: Cloud API, template components.
const TEMPLATE_NAME_LIMIT: usize = 512;

/// On which lines of the file things stand that are measured at the end.
pub(super) struct Placed {
    /// In the order of the templates.
    pub(super) templates: Vec<TemplateLines>,
    pub(super) texts: BTreeMap<String, usize>,
}

pub(super) struct TemplateLines {
    header: usize,
    body: usize,
    footer: usize,
}

impl TemplateLines {
    pub(super) fn of(&self, part: &str) -> usize {
        match part {
            "header" => self.header,
            "footer" => self.footer,
            _ => self.body,
        }
    }
}

/// The line's own keywords with their placeholders.
pub(super) struct Keywords(Vec<(String, &'static str)>);

impl Keywords {
    pub(super) fn new(opt_in: &[Found<String>], opt_out: &[Found<String>]) -> Self {
        let first = |phrases: &[Found<String>], placeholder| {
            let word = phrases.first().map(|it| it.value.trim().to_uppercase());
            word.filter(|it| !it.is_empty()).map(|it| (it, placeholder))
        };
        let words = [first(opt_in, "{iscrizione}"), first(opt_out, "{cancellazione}")];
        Self(words.into_iter().flatten().collect())
    }

    /// A keyword in capitals would stay behind when the line changes its words.
    fn check(&self, text: &str, line: usize, report: &Report) {
        for (word, placeholder) in &self.0 {
            let written = text.match_indices(word.as_str()).any(|(at, _)| {
                let letter = |it: Option<char>| it.is_some_and(char::is_alphanumeric);
                let before = text[..at].chars().next_back();
                let after = text[at + word.len()..].chars().next();
                !letter(before) && !letter(after)
            });
            if written {
                report.add(
                    line,
                    format!("la parola «{word}» è scritta per esteso"),
                    format!("scrivi «{placeholder}»: così il testo segue la parola se cambia"),
                );
            }
        }
    }
}

/// The service's name, and how it speaks to people.
pub(super) fn service(mut section: Section, comune: &str) -> (String, Address) {
    let name = optional(section.text("name")).unwrap_or_else(|| format!("{comune} su WhatsApp"));
    let address = section.choice("address", &[("tu", Address::Tu), ("lei", Address::Lei)]);
    section.done();
    (name, address.unwrap_or(Address::Tu))
}

pub(super) fn purposes(top: &mut Section) -> Vec<Purpose> {
    let read = |mut section: Section| {
        let name = section.needed_text("name", "Informare i cittadini").value;
        let legal_basis = section.needed_text("legal_basis", "art. 6 par. 1 lett. e)").value;
        section.done();
        Purpose { name, legal_basis }
    };
    top.sections("purposes").into_iter().map(read).collect()
}

pub(super) fn topics(top: &mut Section) -> Vec<Topic> {
    let sections = top.sections("topics");
    if sections.is_empty() {
        top.missing("topics", "[[topics]], con id e name,");
    }
    let mut seen = BTreeSet::new();
    let read = |mut section: Section| {
        let at = section.line_of("id");
        let topic = topic(&mut section);
        let zones = zones(&mut section, &topic);
        if !topic.id.as_str().is_empty() && !seen.insert(topic.id.clone()) {
            section.report.add(
                at,
                format!("c'è già un argomento «{}»", topic.id),
                "dai un altro id a uno dei due",
            );
        }
        section.done();
        std::iter::once(topic).chain(zones)
    };
    let topics: Vec<Topic> = sections.into_iter().flat_map(read).collect();
    if topics.len() > MOST_TOPICS {
        top.report.add(
            1,
            format!("argomenti e zone sono {}", topics.len()),
            format!("lasciane al massimo {MOST_TOPICS} in tutto"),
        );
    }
    topics
}

/// A topic for each zone of another: `zones = ["Torre", "Centro"]`.
fn zones(section: &mut Section, topic: &Topic) -> Vec<Topic> {
    let named = section.texts("zones").unwrap_or_default();
    let mut zones: Vec<Topic> = Vec::new();
    for zone in named {
        let slug: String = zone
            .value
            .to_lowercase()
            .chars()
            .map(|it| if it.is_ascii_alphanumeric() { it } else { '-' })
            .collect();
        let id = zones::id(&topic.id, &slug);
        fits(section.report, zone.line, "zones", &zone.value, TOPIC_NAME_LIMIT);
        let is_twice = zones.iter().any(|it| it.id == id);
        if slug.trim_matches('-').is_empty() || is_twice {
            section.report.add(
                zone.line,
                format!("la zona «{}» è vuota o c'è due volte", zone.value),
                "scrivi il nome di ogni zona una volta sola",
            );
            continue;
        }
        zones.push(Topic {
            id,
            description: Some(shorten_to_row(&format!("{}: solo questa zona", topic.name))),
            words: vec![zone.value.clone(), format!("zona {}", zone.value)],
            name: zone.value,
            zone_of: Some(topic.id.clone()),
            on_by_default: false,
            ..topic.clone()
        });
    }
    zones
}

/// At most what a row of a list holds.
fn shorten_to_row(text: &str) -> String {
    text.chars().take(TOPIC_DESCRIPTION_LIMIT).collect()
}

fn topic(section: &mut Section) -> Topic {
    let id = slug(section, "id", "scadenze");
    let name = section.needed_text("name", "Scadenze");
    fits(section.report, name.line, "name", &name.value, TOPIC_NAME_LIMIT);
    let description = section.text("description");
    if let Some(it) = &description {
        fits(section.report, it.line, "description", &it.value, TOPIC_DESCRIPTION_LIMIT);
    }
    let category = category(section);
    let send = section.choice("send", &[("paid", SendBy::Paid), ("channel", SendBy::Channel)]);
    // Events cost more than twice as much, so they go to the free channel unless the office pays.
    let usual = match category {
        Some(Category::Marketing) => SendBy::Channel,
        _ => SendBy::Paid,
    };
    Topic {
        id: TopicId::new(id),
        name: name.value,
        description: optional(description),
        category: category.unwrap_or(Category::Utility),
        on_by_default: section.boolean("on_by_default").unwrap_or(true),
        send: send.unwrap_or(usual),
        zone_of: None,
        words: values(section.texts("words").unwrap_or_default()),
    }
}

fn category(section: &mut Section) -> Option<Category> {
    section
        .choice("category", &[("utility", Category::Utility), ("marketing", Category::Marketing)])
}

pub(super) fn templates(
    top: &mut Section,
    topics: &[Topic],
    words: &Keywords,
) -> (Vec<Template>, Vec<TemplateLines>) {
    let mut seen = BTreeSet::new();
    let mut templates = Vec::new();
    let mut lines = Vec::new();
    for mut section in top.sections("templates") {
        let at = section.line_of("name");
        let (template, placed) = template(&mut section, topics, words);
        if !template.name.is_empty()
            && !seen.insert((template.name.clone(), template.language.clone()))
        {
            section.report.add(
                at,
                format!("c'è già un modello «{}» in «{}»", template.name, template.language),
                "dai un altro nome a uno dei due",
            );
        }
        section.done();
        templates.push(template);
        lines.push(placed);
    }
    (templates, lines)
}

fn template(
    section: &mut Section,
    topics: &[Topic],
    words: &Keywords,
) -> (Template, TemplateLines) {
    let report = section.report;
    let name = template_name(section, "name");
    let topic = template_topic(section, topics);
    let body = section.needed_text("body", "Avviso {del_ente}: {{avviso}}. Grazie.");
    fits(report, body.line, "body", &body.value, BODY_LIMIT);
    words.check(&body.value, body.line, report);
    add_all(report, body.line, Template::check_body(&body.value));
    let header = fixed(section, "header", words);
    let header_media = header_media(section, header.is_some());
    let footer = fixed(section, "footer", words);
    let names = Template::names_in(&body.value);
    parameters(section, &names, body.line);
    let examples = examples(section, &names);
    let of_topic = topics.iter().find(|it| topic.as_ref() == Some(&it.id)).map(|it| it.category);
    let lines = TemplateLines {
        header: header.as_ref().map_or(section.line, |it| it.line),
        body: body.line,
        footer: footer.as_ref().map_or(section.line, |it| it.line),
    };
    let template = Template {
        name,
        language: optional(section.text("language")).unwrap_or_else(|| "it".to_owned()),
        category: category(section).or(of_topic).unwrap_or(Category::Utility),
        topic,
        header: optional(header),
        header_media,
        body: body.value,
        footer: optional(footer),
        parameters: names,
        examples,
        valid_hours: optional(section.number("valid_hours", 1..=12)),
        quick_reply: None,
    };
    (template, lines)
}

pub(super) fn template_name(section: &mut Section, key: &'static str) -> String {
    let name = section.needed_text(key, "avviso_scadenza");
    let allowed = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_';
    if !name.value.bytes().all(allowed) || name.value.len() > TEMPLATE_NAME_LIMIT {
        section.report.add(
            name.line,
            format!("«{}» non va bene come nome di un modello", name.value),
            "usa solo lettere minuscole senza accenti, cifre e «_», per esempio «avviso_scadenza»",
        );
    }
    name.value
}

fn template_topic(section: &mut Section, topics: &[Topic]) -> Option<TopicId> {
    let found = section.text("topic")?;
    let id = TopicId::new(found.value);
    if topics.iter().all(|it| it.id != id) {
        let known: Vec<&str> = topics.iter().map(|it| it.id.as_str()).collect();
        section.report.add(
            found.line,
            format!("non c'è un argomento «{id}»"),
            format!("scrivi uno di questi: {}", known.join(", ")),
        );
    }
    Some(id)
}

/// The file that each broadcast brings on top, in place of words.
fn header_media(section: &mut Section, has_words: bool) -> Option<HeaderFormat> {
    let line = section.line_of("header_media");
    let media = section.choice("header_media", &HeaderFormat::ALL.map(|it| (it.name(), it)))?;
    if has_words {
        section.report.add(
            line,
            format!("in testa al modello ci sono sia un titolo sia {}", media.in_words()),
            "togli «header» oppure «header_media»: Meta ammette uno dei due",
        );
    }
    Some(media)
}

/// A header or a footer: one short row without parameters.
fn fixed(section: &mut Section, part: &'static str, words: &Keywords) -> Option<Found<String>> {
    let found = section.text(part)?;
    let report = section.report;
    fits(report, found.line, part, &found.value, HEADER_LIMIT);
    words.check(&found.value, found.line, report);
    if found.value.contains('\n') {
        report.add(found.line, format!("«{part}» va a capo"), "scrivi tutto su una riga");
    }
    if !Template::names_in(&found.value).is_empty() {
        report.add(
            found.line,
            format!("«{part}» non può avere parametri"),
            "sposta ciò che cambia nel testo del modello («body»)",
        );
    }
    add_all(report, found.line, Template::check_fixed(&found.value));
    Some(found)
}

/// `parameters` may be left out; if it is there, it must name what the body names.
fn parameters(section: &mut Section, names: &[String], body_line: usize) {
    let line = section.line_of("parameters");
    let Some(given) = section.texts("parameters") else { return };
    let report = section.report;
    for name in given.iter().filter(|it| !names.contains(&it.value)) {
        report.add(
            name.line,
            format!("«{}» è tra i parametri ma non nel testo", name.value),
            format!(
                "scrivi «{{{{{0}}}}}» nel testo, oppure togli «{0}» da «parameters»",
                name.value
            ),
        );
    }
    for name in names.iter().filter(|name| given.iter().all(|it| it.value != **name)) {
        report.add(
            body_line,
            format!("«{{{{{name}}}}}» è nel testo ma non tra i parametri"),
            format!("aggiungi «\"{name}\"» a «parameters», alla riga {line}"),
        );
    }
}

/// What parameters may say, for Meta's review: `examples = { data = "30 novembre" }`.
fn examples(section: &mut Section, names: &[String]) -> BTreeMap<String, String> {
    let report = section.report;
    let mut examples = BTreeMap::new();
    for (name, example) in section.section("examples").any_texts() {
        if !names.contains(&name.value) {
            report.add(
                name.line,
                format!("«{}» ha un esempio ma non è nel testo", name.value),
                format!("scrivi «{{{{{0}}}}}» nel testo, oppure togli l'esempio", name.value),
            );
        }
        examples.insert(name.value, example);
    }
    examples
}

fn add_all(report: &Report, line: usize, problems: Vec<TemplateProblem>) {
    for problem in problems {
        report.add(line, problem.to_string(), problem.remedy());
    }
}

/// The line's own wordings, and where they stand.
pub(super) fn texts(
    mut section: Section,
    words: &Keywords,
) -> (BTreeMap<String, String>, BTreeMap<String, usize>) {
    let mut texts = BTreeMap::new();
    let mut lines = BTreeMap::new();
    let report = section.report;
    for (name, text) in section.any_texts() {
        for problem in reply::check_text(&name.value, &text) {
            report.add(name.line, problem.what, nearest_text(&name.value, problem.remedy));
        }
        words.check(&text, name.line, report);
        lines.insert(name.value.clone(), name.line);
        texts.insert(name.value, text);
    }
    (texts, lines)
}

fn nearest_text(name: &str, remedy: String) -> String {
    let names: Vec<&str> = reply::text_names().collect();
    if names.contains(&name) {
        return remedy;
    }
    match super::document::nearest(name, &names) {
        Some(known) => format!("forse volevi scrivere «{known}»"),
        None => remedy,
    }
}

pub(super) fn hours(mut section: Section) -> (Option<Hours>, Option<PatronDay>) {
    let report = section.report;
    let open = section.text("open").and_then(|it| match Hours::parse(&it.value) {
        Ok(hours) => Some(hours),
        Err(problem) => {
            report.add(it.line, problem.what, problem.remedy);
            None
        }
    });
    let patron = section.text("patron_day").and_then(|it| match PatronDay::parse(&it.value) {
        Ok(day) => Some(day),
        Err(problem) => {
            report.add(it.line, problem.what, problem.remedy);
            None
        }
    });
    section.done();
    (open, patron)
}

pub(super) fn quiet_hours(mut section: Section) -> Option<QuietHours> {
    if !section.is_there() {
        return None;
    }
    let mut time = |key, example| {
        let found = section.needed_text(key, example);
        let time = Time::strptime("%H:%M", &found.value);
        if time.is_err() && !found.value.is_empty() {
            section.report.add(
                found.line,
                format!("«{}» non è un'ora", found.value),
                format!("scrivi ore e minuti: «{key} = \"{example}\"»"),
            );
        }
        time.ok()
    };
    let (from, to) = (time("from", "20:00"), time("to", "08:00"));
    let line = section.line;
    let report = section.report;
    section.done();
    let (from, to) = from.zip(to)?;
    if from == to {
        report.add(
            line,
            "le ore di silenzio cominciano quando finiscono",
            "scrivi due orari diversi, oppure togli la sezione",
        );
    }
    Some(QuietHours { from, to })
}

pub(super) fn office(mut section: Section) -> Office {
    let email = section.text("email");
    if let Some(it) = email.as_ref().filter(|it| !it.value.contains('@')) {
        section.report.add(
            it.line,
            format!("«{}» non è un indirizzo e-mail", it.value),
            "scrivi per esempio «email = \"urp@comune.esempio.it\"»",
        );
    }
    let office = Office {
        name: optional(section.text("name")).unwrap_or_else(|| "l'ufficio comunale".to_owned()),
        email: optional(email),
        phone: optional(section.text("phone")),
        desk: optional(section.text("desk")),
        dpo: optional(section.text("dpo")),
    };
    section.done();
    office
}

/// Images and documents up to 16 MB unless the file says otherwise.
pub(super) fn media(mut section: Section) -> MediaRules {
    const KINDS: [&str; 4] = ["image", "document", "audio", "video"];
    let accepted = section.texts("accepted");
    for kind in accepted.iter().flatten().filter(|it| !KINDS.contains(&it.value.as_str())) {
        section.report.add(
            kind.line,
            format!("«{}» non è un tipo di allegato", kind.value),
            format!("scegli tra: {}", KINDS.join(", ")),
        );
    }
    // Meta takes nothing larger. Source: Cloud API, media.
    let max_mb = section.number("max_mb", 1u32..=100).map_or(16, |it| it.value);
    section.done();
    MediaRules {
        accepted: accepted.map_or_else(|| vec!["image".into(), "document".into()], values),
        max_bytes: u64::from(max_mb) * 1024 * 1024,
    }
}

pub(super) fn portfolio(mut section: Section) -> Option<Portfolio> {
    if !section.is_there() {
        return None;
    }
    let id = section.needed_text("id", "1234567890").value;
    let limit = optional(section.number("limit", 1..=10_000_000));
    section.done();
    Some(Portfolio { id, limit })
}

pub(super) fn published(mut section: Section) -> Published {
    let date = section.date("date").unwrap_or(Date::ZERO);
    let url = section.needed_text("url", "https://www.comune.esempio.it/whatsapp");
    let host = url.value.strip_prefix("https://");
    let good = host.is_some_and(|it| it.contains('.') && !it.contains(char::is_whitespace));
    if !good && !url.value.is_empty() {
        section.report.add(
            url.line,
            format!("«{}» non è un indirizzo sicuro", url.value),
            "scrivi l'indirizzo completo della pagina, che comincia con «https://»",
        );
    }
    let sha256 = section.text("sha256");
    let hex = |it: &str| it.len() == 64 && it.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(it) = sha256.as_ref().filter(|it| !hex(&it.value)) {
        section.report.add(
            it.line,
            "«sha256» non è un'impronta SHA-256",
            "copia le 64 cifre esadecimali, oppure togli la riga",
        );
    }
    section.done();
    Published { date, url: url.value, sha256: optional(sha256) }
}

/// Those that hold for a task in the public interest unless the file says otherwise.
pub(super) fn rights(privacy: &mut Section) -> Vec<u8> {
    let Some(given) = privacy.integers("rights") else { return vec![15, 16, 17, 18, 21, 77] };
    let known: BTreeSet<u8> = reply::RIGHTS.iter().map(|(article, _)| *article).collect();
    let mut rights = Vec::new();
    for article in given {
        match u8::try_from(article.value).ok().filter(|it| known.contains(it)) {
            Some(it) => rights.push(it),
            None => privacy.report.add(
                article.line,
                format!("l'articolo {} del GDPR non è un diritto dell'interessato", article.value),
                format!(
                    "scegli tra: {}",
                    known.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
                ),
            ),
        }
    }
    rights
}

/// Within the limits of [`domain::retention`]; the data protection officer decides in between.
pub(super) fn retention(mut section: Section) -> Retention {
    let mut days =
        |rule: Rule| optional(section.number(rule.key, rule.floor..=rule.ceiling)).or(rule.default);
    let retention = Retention {
        inactivity_days: days(INACTIVITY),
        consent_days: days(CONSENT).unwrap_or_default(),
        chat_days: days(CHAT).unwrap_or_default(),
        media_days: days(MEDIA).unwrap_or_default(),
        delivery_days: days(DELIVERIES).unwrap_or_default(),
        audit_days: days(AUDIT).unwrap_or_default(),
    };
    section.done();
    retention
}

/// Reports a text that is too long.
pub(super) fn fits(report: &Report, line: usize, what: &str, text: &str, limit: usize) {
    let characters = length(text);
    if characters > limit {
        report.add(
            line,
            format!("«{what}» ha {characters} caratteri, il massimo è {limit}"),
            format!("accorcia di almeno {} caratteri", characters - limit),
        );
    }
}
