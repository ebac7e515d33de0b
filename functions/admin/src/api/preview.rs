// SPDX-License-Identifier: EUPL-1.2
//! What a broadcast would be if it were sent: to whom, in which words, at what cost, how long.

use std::collections::{BTreeMap, HashMap};

use axum::Json;
use axum::extract::{Path, State};
use domain::approval;
use domain::broadcast::{self, Audience, Broadcast};
use domain::channel;
use domain::cost::{self, Estimate, Month, Reach};
use domain::line::{Category, Line, Template};
use domain::lint;
use domain::portfolio::{self, Day, Reached};
use jiff::{Timestamp, ToSpan};
use serde::Serialize;
use store::Spending;
use utoipa::ToSchema;

use super::body::Body;
use super::broadcasts::{Ids, Nothing, find, parameter_error};
use super::caller::{COUNTS, needs};
use super::media;
use super::problem::Problem;
use super::routes::{Routes, routes};
use super::scope::OfLine;
use super::shape::{Eur, HeaderFormat, eur};
use super::templates::{Finding, finding};
use crate::App;

/// People looked at together, so that memory does not grow with the audience.
const PAGE: i32 = 500;

pub(crate) fn routes() -> Routes {
    needs(&COUNTS, routes!(preview))
}

/// Who would get a broadcast, how it reads, what it costs at most and how long it takes.
#[derive(Serialize, ToSchema)]
pub(crate) struct Preview {
    recipients: i64,
    reachable_now: Reachable,
    /// Who wrote in the last 24 hours.
    in_window: i64,
    /// As a citizen reads it.
    rendered: String,
    /// The same as a phone shows it, in each language that the line has the template in; the
    /// broadcast's own first.
    phones: Vec<Phone>,
    /// Of those who could be reached, who had another message lately and is left out.
    left_out_lately: i64,
    /// What is hard to read in it, and what to write instead.
    findings: Vec<Finding>,
    channel_text: Option<String>,
    /// Messages by the category they would be billed as.
    #[schema(example = json!({ "marketing": 60, "service": 30 }))]
    billable: BTreeMap<&'static str, i64>,
    free: Free,
    cost_eur: Eur,
    cost_is_estimate: bool,
    budget: Option<Budget>,
    duration_seconds: i64,
    /// How many the portfolio's limit makes it take.
    days: usize,
    split: Vec<OnDay>,
    warnings: Vec<String>,
}

/// One message on a phone.
#[derive(Serialize, ToSchema)]
struct Phone {
    language: String,
    /// Words on top, in bold.
    header: Option<String>,
    /// What kind of file is on top in place of words.
    header_media: Option<HeaderFormat>,
    body: String,
    /// Small, in grey.
    footer: Option<String>,
    buttons: Vec<String>,
}

/// Subscribers to it that can be reached, of how many.
#[derive(Serialize, ToSchema)]
struct Reachable {
    now: i64,
    of: i64,
}

/// Free replies that it would use, and how many the month has left.
#[derive(Serialize, ToSchema)]
struct Free {
    service: i64,
    service_left: i64,
}

/// How the month stands to its budget, before and after.
#[derive(Serialize, ToSchema)]
struct Budget {
    eur: u32,
    spent_eur: Eur,
    estimated_eur: Eur,
    percent_after: i64,
}

#[derive(Serialize, ToSchema)]
struct OnDay {
    #[schema(format = Date)]
    on: String,
    people: i64,
}

/// Who would get it, how it reads, what it costs at most and how long it takes.
///
/// Everything as of the moment it is to be sent, as far as it can be known now.
#[utoipa::path(post, path = "/broadcasts/{id}/preview", tag = "broadcasts",
    operation_id = "broadcasts.preview", request_body(content = Option<Nothing>),
    responses((status = 200, body = Preview)))]
pub(crate) async fn preview(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    _: Body<Option<Nothing>>,
) -> Result<Json<Preview>, Problem> {
    let it = find(&app, &line, &path).await?;
    let template = line.template(&it.message.name, &it.message.language);
    let template = template.ok_or_else(|| {
        Problem::conflict("Il modello di questo messaggio non è più tra quelli della linea.")
    })?;
    let rendered = template
        .fill(&it.message.parameters, &line)
        .map_err(|problems| Problem::invalid(problems.iter().map(parameter_error).collect()))?;
    let now = app.clock.now();
    let picture = media::check_header(&app, &line, &it.message, now).await?;
    let at = it.send_at.unwrap_or(now).max(now);
    let (account, name) = (&line.messaging_account_id, &template.name);
    let known = app.store.known(account, name, &template.language).await?;
    let category = known.billed_as(template.category);
    let reach = reach(&app, &line, &it, category, (at, now)).await?;
    let month = app.store.spending(&line.id, Month::of(at)).await?;
    let free_left = month.spent.free_service_left();
    let cost = cost::estimate(&reach, category, it.free_form_in_window, free_left, at);
    let split = split(&app, &line, &it, &reach, at).await?;
    let mut warnings = warnings(&it, &line, &reach, &cost, &month);
    warnings.extend(known.warnings(template.category, now));
    warnings.extend(approval::electoral_warning(&line, picture.is_some(), at));
    let findings = lint::message(template, &it.message.parameters, &line);
    warnings.extend(portfolio::takes_days(&split));
    let days = split.iter().map(|it| OnDay { on: it.on.to_string(), people: it.people });
    Ok(Json(Preview {
        recipients: reach.people(),
        reachable_now: Reachable { now: reach.people(), of: reach.audience },
        in_window: reach.in_window(),
        rendered,
        phones: phones(&it, &line),
        left_out_lately: reach.lately,
        findings: findings.into_iter().map(finding).collect(),
        channel_text: channel::text(&it, &line),
        billable: billable(category, &cost),
        free: Free { service: cost.free_service, service_left: free_left },
        cost_eur: eur(cost.cost),
        cost_is_estimate: cost.is_estimate,
        budget: line.monthly_budget_eur.map(|limit| budget(limit, &month, &cost)),
        duration_seconds: broadcast::duration_seconds(reach.people(), line.bulk_rate()),
        days: split.len().max(1),
        split: days.collect(),
        warnings,
    }))
}

/// The message in every language that the line has its template in and these words fit.
fn phones(it: &Broadcast, line: &Line) -> Vec<Phone> {
    let message = &it.message;
    let mut same: Vec<_> = line.templates.iter().filter(|it| it.name == message.name).collect();
    same.sort_by_key(|it| it.language != message.language);
    let phone = |template: &Template| {
        let body = Template { header: None, footer: None, ..template.clone() };
        let fixed = template.for_meta(line);
        Some(Phone {
            language: template.language.clone(),
            header: fixed.header,
            header_media: fixed.header_media.map(HeaderFormat::from),
            body: body.fill(&message.parameters, line).ok()?,
            footer: fixed.footer,
            buttons: fixed.quick_reply.into_iter().collect(),
        })
    };
    same.into_iter().filter_map(phone).collect()
}

/// Looks at everybody in the audience, each once, a page at a time.
async fn reach(
    app: &App,
    line: &Line,
    it: &Broadcast,
    category: Category,
    (at, now): (Timestamp, Timestamp),
) -> Result<Reach, Problem> {
    let audience = channel::messaged(&it.audience, line);
    let mut reach = Reach::default();
    let mut after = None;
    loop {
        let everyone = Timestamp::MAX;
        let page = app.store.audience_page(&line.id, &audience, after.as_ref(), everyone, PAGE);
        let (people, end) = page.await?;
        let known = app.store.recipients(&line.id, &people).await?;
        let lately = match it.exclude_recent_hours {
            Some(hours) => {
                let since = at.min(now) - i64::from(hours).hours();
                app.store.reached_since(&line.id, &people, since, Some(&it.id)).await?
            }
            None => HashMap::new(),
        };
        for id in &people {
            let when = (at, lately.contains_key(id));
            reach.count(known.get(id), &audience, category, it.priority, when);
        }
        if end.is_none() {
            return Ok(reach);
        }
        after = end;
    }
}

/// The days it takes under the portfolio's limit, by those whom Meta counts: who is outside the
/// service window.
async fn split(
    app: &App,
    line: &Line,
    it: &Broadcast,
    reach: &Reach,
    at: Timestamp,
) -> Result<Vec<Day>, Problem> {
    let (mut limit, mut reached) = (None, Reached::default());
    if let Some(portfolio) = &line.portfolio {
        limit = app.store.portfolio_limit(portfolio).await?;
        reached = app.store.people_reached(&portfolio.id).await?;
    }
    let people = reach.people() - reach.in_window();
    Ok(portfolio::split(limit, &reached, it.priority, people, at))
}

fn billable(category: Category, cost: &Estimate) -> BTreeMap<&'static str, i64> {
    let name = match category {
        Category::Utility => "utility",
        Category::Marketing => "marketing",
    };
    let mut billable = BTreeMap::from([(name, cost.templates)]);
    if cost.service > 0 {
        billable.insert("service", cost.service);
    }
    billable
}

fn budget(limit_eur: u32, month: &Spending, cost: &Estimate) -> Budget {
    Budget {
        eur: limit_eur,
        spent_eur: eur(month.committed),
        estimated_eur: eur(cost.cost),
        percent_after: cost::percent_of_budget(month.committed + cost.cost, limit_eur),
    }
}

fn warnings(
    it: &Broadcast,
    line: &Line,
    reach: &Reach,
    cost: &Estimate,
    month: &Spending,
) -> Vec<String> {
    let mut warnings = Vec::new();
    if it.drill {
        warnings.push("È un'esercitazione: il testo lo dice.".to_owned());
    }
    let unreachable = reach.audience - reach.people() - reach.lately;
    warnings.extend(channel::warning(&it.audience, line));
    if channel::is_only_posted(&it.audience, line) {
        // Nothing is sent, so there is nothing else to know.
        return warnings;
    }
    if reach.audience == 0 {
        let nobody = match it.audience {
            Audience::All | Audience::Topics(_) => {
                "Nessuno è iscritto agli argomenti scelti: il messaggio non partirebbe."
            }
            Audience::ReachedBy(_) => {
                "Non risulta più nessuno raggiunto dall'allerta: il messaggio non partirebbe."
            }
        };
        warnings.push(nobody.to_owned());
    } else if unreachable > 0 {
        warnings.push(format!(
            "Persone iscritte che ora non si possono raggiungere: {unreachable} su {}. Sono \
             bloccate o non hanno più un numero.",
            reach.audience
        ));
    }
    if let Some(limit_eur) = line.monthly_budget_eur {
        let spent = month.committed;
        let after = cost::budget(spent + cost.cost, limit_eur);
        warnings.extend(after.before_sending(spent, cost.cost, limit_eur, it.priority));
    }
    let free_left = month.spent.free_service_left();
    if cost.free_service > 0 && cost.free_service == free_left {
        warnings.push(format!(
            "Questo invio usa tutte le risposte gratuite che restano nel mese ({free_left}): dopo, \
             anche le risposte dello sportello si pagano.",
        ));
    }
    if cost.is_estimate {
        let estimated = "Il costo è stimato: per alcuni numeri esteri non abbiamo la tariffa \
                         esatta e abbiamo contato la più alta che conosciamo.";
        warnings.push(estimated.to_owned());
    }
    warnings
}
