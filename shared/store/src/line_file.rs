// SPDX-License-Identifier: EUPL-1.2
//! The line file: settings of one line in TOML, read with every mistake named by its line.
//!
//! The office writes it, so problems are in plain Italian and say what to write instead. All of
//! them come at once; only where the TOML itself is broken do the others wait.

mod authoring;
mod desk;
mod document;
mod moderation;
mod parts;
mod services;

use domain::ids::{AppId, LineId, PhoneNumberId};
use domain::line::{Comune, HEADER_LIMIT, Line};
use domain::reply;
use toml::de::DeTable;

use document::{Found, Report, Section, syntax_words};
use parts::Placed;

/// One mistake in a line file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("riga {line}: {what} — {remedy}")]
pub struct Problem {
    /// The first line is 1. What is missing stands at its section's header, or at 1.
    pub line: usize,
    pub what: String,
    /// What to write instead.
    pub remedy: String,
}

/// Reads a line file.
///
/// A minimal one has `id`, `phone_number_id`, `opt_in`, `opt_out`, `[comune] name`, one
/// `[[topics]]`, and the `url` of `[policy]` and `[privacy]`; the rest has defaults.
pub fn parse(text: &str) -> Result<Line, Vec<Problem>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let report = Report::new(text);
    for error in &errors {
        let (what, remedy) = syntax_words(error.message());
        report.add(report.line_at(&error.span().unwrap_or_default()), what, remedy);
    }
    if !report.is_empty() {
        return Err(report.into_problems());
    }
    let (line, placed) = read(table.get_ref(), &report);
    if report.is_empty() {
        check_lengths(&line, &placed, &report);
    }
    if report.is_empty() { Ok(line) } else { Err(report.into_problems()) }
}

/// Reads what it can. The line is good only if the report stays empty.
fn read<'t>(table: &'t DeTable<'t>, report: &Report<'t>) -> (Line, Placed) {
    let mut top = Section::top(table, report);
    let id = slug(&mut top, "id", "pordenone");
    let app = if top.has("app") { slug(&mut top, "app", "default") } else { "default".to_owned() };
    let phone_number_id = digits(&mut top, "phone_number_id", true);
    let messaging_account_id = digits(&mut top, "messaging_account_id", false);
    let display_number = optional(top.text("display_number")).unwrap_or_default();
    let (rate, reserve) = rates(&mut top);
    let opt_in = phrases(&mut top, "opt_in", "ISCRIVIMI");
    let opt_out = phrases(&mut top, "opt_out", "CANCELLAMI");
    for phrase in opt_out.iter().filter(|it| contains(&opt_in, &it.value)) {
        report.add(
            phrase.line,
            format!("«{}» serve sia per iscriversi sia per cancellarsi", phrase.value),
            "lascia la parola in uno solo tra opt_in e opt_out",
        );
    }
    let chat_needs_subscription = top.boolean("chat_needs_subscription").unwrap_or(false);
    let double_opt_in = top.boolean("double_opt_in").unwrap_or(false);
    time_zone(&mut top);
    top.remember_as_top();

    let comune = comune(top.section("comune"));
    let (service, address) = parts::service(top.section("service"), &comune.name);
    let topics = parts::topics(&mut top);
    let words = parts::Keywords::new(&opt_in, &opt_out);
    let (mut templates, template_lines) = parts::templates(&mut top, &topics, &words);
    let (texts, text_lines) = parts::texts(top.section("texts"), &words);
    let (hours, patron_day) = parts::hours(top.section("hours"));
    let services = services::services(&mut top, hours.is_some(), &mut templates);
    let mut privacy = top.section("privacy");
    let rights = parts::rights(&mut privacy);
    let recipients = privacy.texts("recipients").unwrap_or_default();
    let mut policy = top.section("policy");
    let accept_again = policy.boolean("accept_again").unwrap_or(false);
    let declared_lists = policy.boolean("declared_lists").unwrap_or(false);
    let mut budget = top.section("budget");
    let monthly_budget_eur = optional(budget.number("monthly_eur", 1..=1_000_000));
    budget.done();
    let mut approval = top.section("approval");
    let needs_approval = approval.boolean("needed").unwrap_or(false);
    approval.done();
    let authoring = authoring::read(&mut top);
    let line = Line {
        id: LineId::new(id),
        comune,
        service,
        purposes: parts::purposes(&mut top),
        app: AppId::new(app),
        phone_number_id: PhoneNumberId::new(phone_number_id),
        messaging_account_id,
        portfolio: parts::portfolio(top.section("portfolio")),
        display_number,
        rate,
        reserve,
        opt_in: values(opt_in),
        opt_out: values(opt_out),
        chat_needs_subscription,
        double_opt_in,
        topics,
        templates,
        hours,
        patron_day,
        quiet_hours: parts::quiet_hours(top.section("quiet_hours")),
        address,
        office: parts::office(top.section("office")),
        services,
        texts,
        media: parts::media(top.section("media")),
        moderation: moderation::moderation(top.section("moderation")),
        policy: parts::published(policy),
        accept_again,
        declared_lists,
        privacy: parts::published(privacy),
        rights,
        recipients: values(recipients),
        retention: parts::retention(top.section("retention")),
        monthly_budget_eur,
        needs_approval,
        desk: desk::read(top.section("desk")),
        authoring,
    };
    top.done();
    (line, Placed { templates: template_lines, texts: text_lines })
}

/// What can only be measured once the line's own words are put in.
fn check_lengths(line: &Line, placed: &Placed, report: &Report) {
    for problem in reply::overlong(line) {
        let at = placed.texts.get(&problem.name).copied().unwrap_or(1);
        report.add(at, problem.what, problem.remedy);
    }
    // Of a template that asks, the one it is made of is where there is something to shorten.
    let lines = placed.templates.iter().cycle();
    for (whole, at) in line.templates_for_meta().iter().zip(lines) {
        for (part, text, limit) in [
            ("header", whole.header.as_deref(), HEADER_LIMIT),
            ("body", Some(whole.body.as_str()), domain::line::BODY_LIMIT),
            ("footer", whole.footer.as_deref(), HEADER_LIMIT),
        ] {
            parts::fits(report, at.of(part), part, text.unwrap_or_default(), limit);
        }
    }
}

fn slug(section: &mut Section, key: &'static str, example: &str) -> String {
    let found = section.needed_text(key, example);
    let allowed = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || "-_".contains(it);
    let good = found.value.len() <= 40 && found.value.chars().all(allowed);
    if !good {
        section.report.add(
            found.line,
            format!("«{}» non va bene come «{key}»", found.value),
            format!(
                "usa al massimo 40 tra lettere minuscole senza accenti, cifre e trattini, per \
                 esempio «{key} = \"{example}\"»"
            ),
        );
    }
    found.value
}

/// One of Meta's ids: opaque, but so far always digits.
fn digits(top: &mut Section, key: &'static str, needed: bool) -> String {
    if !needed && !top.has(key) {
        // Asked for all the same, so that it is a known key.
        return optional(top.text(key)).unwrap_or_default();
    }
    let found = top.needed_text(key, "331651133100001");
    if !found.value.bytes().all(|it| it.is_ascii_digit()) {
        top.report.add(
            found.line,
            format!("«{key}» contiene altro oltre alle cifre"),
            "copia il codice dal pannello di Meta: sono solo cifre, tra virgolette",
        );
    }
    found.value
}

/// Messages a second, and how many of them are kept for replies.
fn rates(top: &mut Section) -> (u32, u32) {
    let rate = top.number("rate", 1..=1_000).map_or(80, |it| it.value);
    let reserve = top.number("reserve", 0..=999);
    let line = reserve.as_ref().map_or(1, |it| it.line);
    // A slow number without a word on it keeps an eighth, as 10 is of 80.
    let reserve = reserve.map_or((rate / 8).min(10), |it| it.value);
    if reserve >= rate {
        top.report.add(
            line,
            format!("«reserve» ({reserve}) non lascia nulla agli invii: «rate» è {rate}"),
            format!("scrivi un numero minore di {rate}, per esempio «reserve = {}»", rate / 8),
        );
    }
    (rate, reserve)
}

fn phrases(top: &mut Section, key: &'static str, example: &str) -> Vec<Found<String>> {
    let example = format!("{key} = [\"{example}\"]");
    if !top.has(key) {
        top.texts(key);
        top.missing(key, &example);
        return Vec::new();
    }
    let line = top.line_of(key);
    let Some(phrases) = top.texts(key) else { return Vec::new() };
    if phrases.is_empty() || phrases.iter().any(|it| it.value.trim().is_empty()) {
        top.report.add(
            line,
            format!("in «{key}» manca la parola da scrivere"),
            format!("scrivi almeno una parola: «{example}»"),
        );
    }
    phrases
}

fn contains(phrases: &[Found<String>], phrase: &str) -> bool {
    let same = |it: &Found<String>| it.value.trim().to_lowercase() == phrase.trim().to_lowercase();
    phrases.iter().any(same)
}

fn time_zone(top: &mut Section) {
    if let Some(zone) = top.text("time_zone")
        && zone.value != "Europe/Rome"
    {
        top.report.add(
            zone.line,
            format!("il fuso orario «{}» non è disponibile", zone.value),
            "scrivi «time_zone = \"Europe/Rome\"», oppure togli la riga",
        );
    }
}

fn comune(mut section: Section) -> Comune {
    let name = section.needed_text("name", "Comune di Pordenone");
    let of_name = optional(section.text("of_name")).or_else(|| with_article(&name.value));
    if of_name.is_none() && !name.value.is_empty() {
        section.missing("of_name", &format!("of_name = \"del … {}\"", name.value));
    }
    let ipa_code = optional(section.text("ipa_code")).unwrap_or_default();
    section.done();
    Comune { name: name.value, of_name: of_name.unwrap_or_default(), ipa_code }
}

/// The name with its article, where there is no doubt about it.
fn with_article(name: &str) -> Option<String> {
    let article = match name.split_whitespace().next()? {
        "Comune" | "Municipio" => "del ",
        "Città" => "della ",
        "Unione" => "dell'",
        _ => return None,
    };
    Some(format!("{article}{name}"))
}

fn optional<T>(found: Option<Found<T>>) -> Option<T> {
    found.map(|it| it.value)
}

fn values(found: Vec<Found<String>>) -> Vec<String> {
    found.into_iter().map(|it| it.value).collect()
}
