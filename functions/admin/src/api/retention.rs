// SPDX-License-Identifier: EUPL-1.2
//! What the night will take away, in numbers: a dry run of the same decisions.

use axum::Json;
use axum::extract::State;
use domain::access::Scope;
use domain::hours::ROME;
use domain::retention::{RULES, cutoffs};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Mode, Night};
use utoipa::{IntoParams, ToSchema};

use super::caller::needs;
use super::problem::{FieldError, Problem};
use super::routes::{Routes, routes};
use super::scope::{OfLine, Params};
use super::shape;
use crate::App;

/// A function has 29 seconds to answer. What is not looked at by then is said to be so.
const PAGES: usize = 200;

pub(crate) fn routes() -> Routes {
    needs(&[Scope::Privacy], routes!(report))
}

/// `?on=2027-01-31`; without it, tonight.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    #[param(format = Date)]
    on: Option<String>,
    #[param(ignore)]
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct RetentionReport {
    #[schema(format = Date)]
    on: String,
    counted_at: shape::Time,
    /// False where there was too much to look at.
    complete: bool,
    would_go: WouldGo,
    /// How long each kind of data is kept.
    rules: Vec<Rule>,
}

#[derive(Serialize, ToSchema)]
struct WouldGo {
    contacts: i64,
    lapsed: i64,
    messages: i64,
    deliveries: i64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = RetentionRule)]
struct Rule {
    kind: &'static str,
    /// Null is never.
    days: Option<u16>,
    floor: u16,
    ceiling: u16,
    why: &'static str,
}

/// What will have gone by the end of a day, if nobody writes until then. Counts only; nothing is
/// changed. `complete` is false where there was too much to look at.
#[utoipa::path(get, path = "/reports/retention", tag = "reports",
    operation_id = "reports.retention", params(Asked),
    responses((status = 200, body = RetentionReport)))]
pub(crate) async fn report(
    State(app): State<App>,
    OfLine(line): OfLine,
    Params(asked): Params<Asked>,
) -> Result<Json<RetentionReport>, Problem> {
    let mut errors: Vec<_> = asked
        .unknown
        .keys()
        .map(|it| FieldError::new(format!("?{it}"), "Si può usare soltanto on."))
        .collect();
    let today = ROME.to_datetime(app.clock.now()).date();
    let on = match asked.on.as_deref().map(str::parse::<Date>) {
        None => today,
        Some(Ok(day)) if day >= today => day,
        Some(_) => {
            let detail = "Scrivere un giorno da oggi in poi, per esempio 2027-01-31.";
            errors.push(FieldError::new("?on", detail));
            today
        }
    };
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    // The night after it.
    let end = on.checked_add(1.day()).ok().and_then(|it| it.to_zoned(ROME.clone()).ok());
    let end = end.map_or(app.clock.now(), |it| it.timestamp());
    let (cutoffs, mut night) = (cutoffs(&line.retention, end), Night::default());
    for _ in 0..PAGES {
        if night.finished {
            break;
        }
        app.store.work_night(&line, &cutoffs, &mut night, end, Mode::Count).await?;
    }
    let counted = night.counted;
    let rules = RULES.iter().map(|it| Rule {
        kind: it.key,
        days: it.days(&line.retention),
        floor: it.floor,
        ceiling: it.ceiling,
        why: it.why,
    });
    Ok(Json(RetentionReport {
        on: on.to_string(),
        counted_at: shape::time(app.clock.now()),
        complete: night.finished,
        would_go: WouldGo {
            contacts: counted.contacts,
            lapsed: counted.lapsed,
            messages: counted.messages,
            deliveries: counted.deliveries,
        },
        rules: rules.collect(),
    }))
}
