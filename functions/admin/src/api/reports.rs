// SPDX-License-Identifier: EUPL-1.2
//! What was spent, month by month, and what a year like the last months comes to; how one
//! broadcast went, for a screen and for a spreadsheet.

use domain::access::Scope;
use std::collections::{BTreeMap, HashMap};

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use domain::chart;
use domain::contact::Contact;
use domain::cost::{self, Category, FREE_SERVICE_MESSAGES, Month, Priced};
use domain::delivery;
use domain::ids::{BroadcastId, ContactId, LineId};
use domain::line::Line;
use domain::phone::Phone;
use domain::policy::{Acceptance, acceptance};
use domain::report;
use domain::statistics::{self, By, Numbers};
use futures::{Stream, stream};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::keys::EVERYONE;
use store::{Delivery, Spending, Store, StoreError};
use tracing::error;
use utoipa::{IntoParams, ToSchema};

use super::broadcasts::{Ids, find};
use super::caller::{COUNTS, needs};
use super::problem::{FieldError, Problem};
use super::routes::{Routes, routes};
use super::scope::{OfLine, Params};
use super::shape::{self, Billed, Eur, by_category, eur};
use crate::App;

/// Rows of a spreadsheet read together, so that memory does not grow with the audience.
const PAGE: usize = 50;

/// Subscribers looked at together.
const SUBSCRIBERS: i32 = 100;

/// The most months in one answer.
const MONTHS: usize = 36;

pub(crate) fn routes() -> Routes {
    let line = routes!(costs, policy, subscribers, subscribers_csv, subscribers_svg);
    needs(&[Scope::Reports], line)
        .merge(needs(&COUNTS, routes!(broadcast)))
        .merge(needs(&[Scope::SubscribersRead], routes!(broadcast_csv)))
}

/// `?from=2026-01&to=2026-12`; without them this year so far.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    #[param(example = "2026-01", pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$")]
    from: Option<String>,
    #[param(example = "2026-12", pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$")]
    to: Option<String>,
    #[param(ignore)]
    #[serde(flatten)]
    unknown: serde_json::Map<String, Value>,
}

/// What was spent, month by month.
#[derive(Serialize, ToSchema)]
pub(crate) struct Costs {
    months: Vec<MonthCosts>,
    total: Sums,
    budget_eur: Option<u32>,
    /// Null before there is a full month.
    forecast: Option<Forecast>,
}

#[derive(Serialize, ToSchema)]
struct MonthCosts {
    #[schema(example = "2026-11")]
    month: String,
    #[serde(flatten)]
    sums: Sums,
    replies: Replies,
}

#[derive(Serialize, ToSchema)]
struct Sums {
    estimated_eur: Eur,
    actual_eur: Eur,
    by_category: BTreeMap<String, Billed>,
}

/// Answers of the desk: the month's free ones, and those beyond them.
#[derive(Serialize, ToSchema)]
struct Replies {
    free_used: i64,
    free_limit: i64,
    billed: i64,
}

/// A year like the last full months.
#[derive(Serialize, ToSchema)]
struct Forecast {
    low_eur: Eur,
    expected_eur: Eur,
    high_eur: Eur,
    /// The months it rests on.
    months: Vec<String>,
    text: String,
}

/// Estimated beside actual for every month asked for, their sum, and the forecast.
#[utoipa::path(get, path = "/reports/costs", tag = "reports", operation_id = "reports.costs",
    params(Asked), responses((status = 200, body = Costs)))]
pub(crate) async fn costs(
    State(app): State<App>,
    OfLine(line): OfLine,
    Params(asked): Params<Asked>,
) -> Result<Json<Costs>, Problem> {
    let now = app.clock.now();
    let (from, to) = asked_months(&asked, now)?;
    let known = app.store.spendings(&line.id, from, to).await?;
    let mut total = Spending::default();
    let mut months = Vec::new();
    for month in from.through(to) {
        let it = known.get(&month).copied().unwrap_or_default();
        total.spent += it.spent;
        total.estimated += it.estimated;
        months.push(MonthCosts {
            month: month.to_string(),
            sums: sums(&it),
            replies: Replies {
                free_used: it.spent.get(Priced::FreeService).messages,
                free_limit: FREE_SERVICE_MESSAGES,
                billed: it.spent.get(Priced::Billed(Category::Service)).messages,
            },
        });
    }
    Ok(Json(Costs {
        months,
        total: sums(&total),
        budget_eur: line.monthly_budget_eur,
        forecast: forecast(&app, &line, now).await?,
    }))
}

fn sums(it: &Spending) -> Sums {
    Sums {
        estimated_eur: eur(it.estimated),
        actual_eur: eur(it.spent.total().cost),
        by_category: by_category(&it.spent),
    }
}

async fn forecast(app: &App, line: &Line, now: Timestamp) -> Result<Option<Forecast>, Problem> {
    let first = app.store.first_spending(&line.id).await?;
    let months = cost::full_months(first, now);
    let [Some(from), Some(to)] = [months.first(), months.last()] else { return Ok(None) };
    let known = app.store.spendings(&line.id, *from, *to).await?;
    let spent = |it: &Month| known.get(it).map_or(0, |it| it.spent.total().cost);
    let amounts: Vec<_> = months.iter().map(spent).collect();
    Ok(cost::forecast(&amounts).map(|year| Forecast {
        low_eur: eur(year.low),
        expected_eur: eur(year.expected),
        high_eur: eur(year.high),
        months: months.iter().map(Month::to_string).collect(),
        text: year.in_words(),
    }))
}

/// The most days in one answer: three years.
const DAYS: i32 = 3 * 366;

/// `?from=2026-11-01&to=2026-11-30&by=day`; without them the last thirty days, by day.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AskedDays {
    #[param(format = Date, example = "2026-11-01")]
    from: Option<String>,
    #[param(format = Date, example = "2026-11-30")]
    to: Option<String>,
    /// `day` or `month`
    #[param(pattern = "^(day|month)$")]
    by: Option<String>,
    #[param(ignore)]
    #[serde(flatten)]
    unknown: serde_json::Map<String, Value>,
}

/// How the subscribers stand to the policy in force. Counts only.
#[derive(Serialize, ToSchema)]
pub(crate) struct PolicyReport {
    #[schema(format = Date)]
    policy: String,
    /// Whether those who accepted an older one are asked again.
    accept_again: bool,
    accepted: i64,
    /// Asked, and said nothing.
    silent: i64,
    /// The next broadcast will ask them.
    not_asked: i64,
}

/// How many subscribers have accepted the policy in force, how many were asked and said nothing,
/// and how many the next broadcast will ask.
#[utoipa::path(get, path = "/reports/policy", tag = "reports", operation_id = "reports.policy",
    responses((status = 200, body = PolicyReport)))]
pub(crate) async fn policy(
    State(app): State<App>,
    OfLine(line): OfLine,
) -> Result<Json<PolicyReport>, Problem> {
    let (mut accepted, mut silent, mut not_asked) = (0, 0, 0);
    let mut after = None;
    loop {
        let page = app.store.followers(&line.id, EVERYONE, after.as_ref(), SUBSCRIBERS).await?;
        let (rows, more) = page;
        let ids: Vec<_> = rows.into_iter().map(|(id, _)| id).collect();
        for contact in app.store.recipients(&line.id, &ids).await?.values() {
            match acceptance(contact, &line) {
                Acceptance::Accepted => accepted += 1,
                Acceptance::Silent => silent += 1,
                Acceptance::NotAsked => not_asked += 1,
            }
        }
        after = ids.last().cloned();
        if !more {
            break;
        }
    }
    Ok(Json(PolicyReport {
        policy: line.policy.date.to_string(),
        accept_again: line.accept_again,
        accepted,
        silent,
        not_asked,
    }))
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Subscribers {
    #[schema(format = Date)]
    from: String,
    #[schema(format = Date)]
    to: String,
    items: Vec<Span>,
}

/// A day or a month.
#[derive(Serialize, ToSchema)]
struct Span {
    #[schema(example = "2026-11-26")]
    period: String,
    /// At its end.
    total: i64,
    joined: i64,
    left: i64,
    topics: BTreeMap<String, i64>,
}

/// Subscribers day by day or month by month: counts only.
#[utoipa::path(get, path = "/reports/subscribers", tag = "reports",
    operation_id = "reports.subscribers", params(AskedDays),
    responses((status = 200, body = Subscribers)))]
pub(crate) async fn subscribers(
    State(app): State<App>,
    OfLine(line): OfLine,
    Params(asked): Params<AskedDays>,
) -> Result<Json<Subscribers>, Problem> {
    let (from, to, by) = asked_days(&asked, app.clock.now())?;
    let days = app.store.days(&line.id, from, to).await?;
    let items = statistics::put_together(days, by).into_iter().map(|it| Span {
        period: by.label(it.from),
        total: it.total,
        joined: it.joined,
        left: it.left,
        topics: it.topics.iter().map(|(id, n)| (id.as_str().to_owned(), *n)).collect(),
    });
    Ok(Json(Subscribers { from: from.to_string(), to: to.to_string(), items: items.collect() }))
}

/// The same as a table for a spreadsheet. Fewer than five who came or went are not counted.
#[utoipa::path(get, path = "/reports/subscribers.csv", tag = "reports",
    operation_id = "reports.subscribers_csv", params(AskedDays),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn subscribers_csv(
    State(app): State<App>,
    OfLine(line): OfLine,
    Params(asked): Params<AskedDays>,
) -> Result<Response, Problem> {
    let (periods, by) = periods(&app, &line, &asked).await?;
    let file = format!("attachment; filename=\"iscritti-{}.csv\"", line.id);
    let headers =
        [(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, file)];
    Ok((headers, chart::csv(&periods, by)).into_response())
}

/// The same as a chart, with its description in words.
#[utoipa::path(get, path = "/reports/subscribers.svg", tag = "reports",
    operation_id = "reports.subscribers_svg", params(AskedDays),
    responses((status = 200, body = String, content_type = "image/svg+xml")))]
pub(crate) async fn subscribers_svg(
    State(app): State<App>,
    OfLine(line): OfLine,
    Params(asked): Params<AskedDays>,
) -> Result<Response, Problem> {
    let (periods, by) = periods(&app, &line, &asked).await?;
    let of = format!("{}, {}", line.comune.name, line.service);
    let chart = chart::svg(&periods, by, &of);
    Ok(([(CONTENT_TYPE, "image/svg+xml")], chart).into_response())
}

async fn periods(app: &App, line: &Line, asked: &AskedDays) -> Result<(Vec<Numbers>, By), Problem> {
    let (from, to, by) = asked_days(asked, app.clock.now())?;
    let days = app.store.days(&line.id, from, to).await?;
    Ok((statistics::put_together(days, by), by))
}

fn asked_days(asked: &AskedDays, now: Timestamp) -> Result<(Date, Date, By), Problem> {
    let mut errors = Vec::new();
    let mut read = |text: &Option<String>, name: &str| {
        let date = text.as_deref().map(str::parse::<Date>).transpose();
        if date.is_err() {
            errors.push(FieldError::new(name, "Scrivere la data così: 2026-11-25."));
        }
        date.ok().flatten()
    };
    let (from, to) = (read(&asked.from, "/from"), read(&asked.to, "/to"));
    let by = asked.by.as_deref().map_or(Some(By::Day), By::parse);
    if by.is_none() {
        errors.push(FieldError::new("/by", "Usare day oppure month."));
    }
    for name in asked.unknown.keys() {
        errors.push(FieldError::new(format!("/{name}"), "Questo campo non esiste."));
    }
    let to = to.unwrap_or_else(|| statistics::day_closed_at(now));
    let from = from.unwrap_or_else(|| to.checked_sub(29.days()).unwrap_or(to));
    let longest = from.checked_add(DAYS.days()).unwrap_or(Date::MAX);
    if errors.is_empty() && !(from..=longest).contains(&to) {
        let detail = "La fine viene dopo l'inizio, e non più di tre anni dopo.";
        errors.push(FieldError::new("/to", detail));
    }
    match by {
        Some(by) if errors.is_empty() => Ok((from, to, by)),
        _ => Err(Problem::invalid(errors)),
    }
}

fn asked_months(asked: &Asked, now: Timestamp) -> Result<(Month, Month), Problem> {
    let mut errors = Vec::new();
    let mut read = |text: &Option<String>, name: &str| {
        let month = text.as_deref().map(str::parse::<Month>).transpose();
        if month.is_err() {
            errors.push(FieldError::new(name, "Scrivere anno e mese così: 2026-11."));
        }
        month.ok().flatten()
    };
    let (from, to) = (read(&asked.from, "?from"), read(&asked.to, "?to"));
    for name in asked.unknown.keys() {
        errors.push(FieldError::new(format!("?{name}"), "Si possono usare soltanto from e to."));
    }
    let to = to.unwrap_or_else(|| Month::of(now).max(from.unwrap_or(Month::of(now))));
    let from = from.unwrap_or_else(|| to.january());
    if errors.is_empty() && !(1..=MONTHS).contains(&from.through(to).take(MONTHS + 1).count()) {
        let detail = format!("Chiedere da 1 a {MONTHS} mesi, dal primo all'ultimo.");
        errors.push(FieldError::new("?from", detail));
    }
    if errors.is_empty() { Ok((from, to)) } else { Err(Problem::invalid(errors)) }
}

/// How a broadcast went.
#[derive(Serialize, ToSchema)]
pub(crate) struct BroadcastReport {
    counts: shape::Counts,
    cost: shape::Cost,
    /// Why messages failed, most frequent first.
    failures: Vec<Failed>,
    /// Why people were passed over, most frequent first.
    skipped: Vec<Skipped>,
    unresolved: i64,
    counted_at: Option<shape::Time>,
    /// Whether the reasons are all there is.
    exact: bool,
}

#[derive(Serialize, ToSchema)]
struct Failed {
    /// Meta's error code.
    code: Option<i64>,
    reason: String,
    people: i64,
}

#[derive(Serialize, ToSchema)]
struct Skipped {
    reason_name: &'static str,
    reason: String,
    people: i64,
}

/// How a broadcast went: counts, cost, and why messages did not arrive, most frequent first.
///
/// Reasons are counted when it closes, and again as Meta's late reports come in.
#[utoipa::path(get, path = "/broadcasts/{id}/report", tag = "broadcasts",
    operation_id = "broadcasts.report", responses((status = 200, body = BroadcastReport)))]
pub(crate) async fn broadcast(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
) -> Result<Json<BroadcastReport>, Problem> {
    let it = find(&app, &line, &path).await?;
    let grouped = report::group(&app.store.reasons(&it.id).await?);
    let exact = report::is_exact(&it, &grouped);
    let failed = grouped.failed.into_iter().map(|it| Failed {
        code: it.code,
        reason: it.reason,
        people: it.people,
    });
    let skipped = grouped.skipped.into_iter().map(|it| Skipped {
        reason_name: it.why.name(),
        reason: it.reason,
        people: it.people,
    });
    Ok(Json(BroadcastReport {
        counts: shape::counts(&it.counts),
        cost: shape::cost(&it, &line),
        failures: failed.collect(),
        skipped: skipped.collect(),
        unresolved: it.counts.unresolved,
        counted_at: it.counted_at.map(shape::time),
        exact,
    }))
}

/// One row a contact that was worked on, as [`report`] writes them for Excel.
///
/// It goes out page by page. Behind API Gateway one answer holds 6 MB, some 50,000 people; beyond
/// that there are the deliveries' pages.
#[utoipa::path(get, path = "/broadcasts/{id}/report.csv", tag = "broadcasts",
    operation_id = "broadcasts.report_csv",
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn broadcast_csv(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
) -> Result<Response, Problem> {
    let it = find(&app, &line, &path).await?;
    let file = format!("attachment; filename=\"invio-{}.csv\"", it.id);
    let body = Body::from_stream(pages(app.store, line.id.clone(), it.id));
    let headers =
        [(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, file)];
    Ok((headers, body).into_response())
}

/// How far the rows have been written.
enum At {
    Beginning,
    After(ContactId),
    End,
}

fn pages(
    store: Store,
    line: LineId,
    id: BroadcastId,
) -> impl Stream<Item = Result<String, StoreError>> {
    stream::try_unfold(At::Beginning, move |at| {
        let (store, line, id) = (store.clone(), line.clone(), id.clone());
        async move {
            let (mut text, after) = match at {
                At::Beginning => {
                    (report::BYTE_ORDER_MARK.to_owned() + &report::row(report::COLUMNS), None)
                }
                At::After(it) => (String::new(), Some(it)),
                At::End => return Ok(None),
            };
            let next = page(&store, &line, &id, after.as_ref(), &mut text).await;
            let next = next.inspect_err(|err| {
                error!(line.id = %line, broadcast.id = %id, "report broken off: {err}");
            })?;
            Ok(Some((text, next.map_or(At::End, At::After))))
        }
    })
}

/// Writes the rows of one page, and gives the last contact if there are more.
async fn page(
    store: &Store,
    line: &LineId,
    id: &BroadcastId,
    after: Option<&ContactId>,
    to: &mut String,
) -> Result<Option<ContactId>, StoreError> {
    let (rows, cursor) = store.deliveries(id, &[], after, PAGE).await?;
    let ids: Vec<_> = rows.iter().map(|it| it.contact.clone()).collect();
    let known: HashMap<_, Contact> = store.recipients(line, &ids).await?;
    for it in &rows {
        to.push_str(&row(it, known.get(&it.contact)));
    }
    Ok(cursor)
}

/// `contact` is `None` once they were erased.
fn row(it: &Delivery, contact: Option<&Contact>) -> String {
    let number = contact.and_then(|it| it.phone.as_ref()).map(Phone::masked).unwrap_or_default();
    let code = it.code.map(|it| it.to_string()).unwrap_or_default();
    let reason = delivery::reason(it.state, it.skipped, it.code).unwrap_or_default();
    let (state, at) = (report::state(it.state), report::time(it.at));
    report::row([it.contact.as_str(), &number, state, &at, &code, &reason])
}
