//! What was spent, month by month, and what a year like the last months comes to.

use axum::Json;
use axum::extract::{Query, State};
use domain::cost::{self, Category, FREE_SERVICE_MESSAGES, Month, Priced};
use domain::line::Line;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use store::Spending;

use super::problem::{FieldError, Problem};
use super::scope::OfLine;
use super::shape::{by_category, eur};
use crate::App;

/// The most months in one answer.
const MONTHS: usize = 36;

/// `?from=2026-01&to=2026-12`; without them this year so far.
#[derive(Deserialize)]
pub(crate) struct Asked {
    from: Option<String>,
    to: Option<String>,
    #[serde(flatten)]
    unknown: serde_json::Map<String, Value>,
}

/// Estimated beside actual for every month asked for, their sum, and the forecast.
pub(crate) async fn costs(
    State(app): State<App>,
    OfLine(line): OfLine,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Problem> {
    let now = app.clock.now();
    let (from, to) = asked_months(&asked, now)?;
    let known = app.store.spendings(&line.id, from, to).await?;
    let mut total = Spending::default();
    let mut months = Vec::new();
    for month in from.through(to) {
        let it = known.get(&month).copied().unwrap_or_default();
        total.spent += it.spent;
        total.estimated += it.estimated;
        let mut item = sums(&it);
        item["month"] = month.to_string().into();
        item["replies"] = json!({
            "free_used": it.spent.get(Priced::FreeService).messages,
            "free_limit": FREE_SERVICE_MESSAGES,
            "billed": it.spent.get(Priced::Billed(Category::Service)).messages,
        });
        months.push(item);
    }
    Ok(Json(json!({
        "months": months,
        "total": sums(&total),
        "budget_eur": line.monthly_budget_eur,
        "forecast": forecast(&app, &line, now).await?,
    })))
}

fn sums(it: &Spending) -> Value {
    json!({
        "estimated_eur": eur(it.estimated),
        "actual_eur": eur(it.spent.total().cost),
        "by_category": by_category(&it.spent),
    })
}

/// A year like the last full months; null before there is one.
async fn forecast(app: &App, line: &Line, now: Timestamp) -> Result<Value, Problem> {
    let first = app.store.first_spending(&line.id).await?;
    let months = cost::full_months(first, now);
    let [Some(from), Some(to)] = [months.first(), months.last()] else { return Ok(Value::Null) };
    let known = app.store.spendings(&line.id, *from, *to).await?;
    let spent = |it: &Month| known.get(it).map_or(0, |it| it.spent.total().cost);
    let amounts: Vec<_> = months.iter().map(spent).collect();
    let Some(year) = cost::forecast(&amounts) else { return Ok(Value::Null) };
    Ok(json!({
        "low_eur": eur(year.low),
        "expected_eur": eur(year.expected),
        "high_eur": eur(year.high),
        "months": months.iter().map(Month::to_string).collect::<Vec<_>>(),
        "text": year.in_words(),
    }))
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
