// SPDX-License-Identifier: EUPL-1.2
//! Who asks, and what they may do.

use axum::Json;
use axum::extract::State;
use domain::access::{Role, Scope};
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::problem::Problem;
use super::routes::{Routes, routes};
use crate::App;

pub(crate) fn routes() -> Routes {
    routes!(show)
}

/// Who asks.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    /// `root`, `key …`, `person …`: as the audit log has it.
    #[schema(example = "person 4f0b9ef3a10000000000000000000001")]
    who: String,
    name: String,
    lines: Vec<OnLine>,
}

/// What they may do on one line.
#[derive(Serialize, ToSchema)]
struct OnLine {
    #[schema(example = "pordenone")]
    line: String,
    /// Null for a key.
    #[schema(example = "operator")]
    role: Option<&'static str>,
    #[schema(example = json!(["desk", "subscribers:read"]))]
    scopes: Vec<&'static str>,
}

/// Who you are and what you may do, line by line.
#[utoipa::path(get, path = "/v1/me", tag = "access", operation_id = "me.show",
    responses((status = 200, body = Me)))]
pub(crate) async fn show(State(app): State<App>, caller: Caller) -> Result<Json<Me>, Problem> {
    let lines = app.store.lines().await?;
    let known = lines.iter().filter(|it| caller.knows(&it.id)).map(|it| OnLine {
        line: it.id.as_str().to_owned(),
        role: caller.role(&it.id).map(Role::name),
        scopes: Scope::ALL
            .into_iter()
            .filter(|scope| caller.may(&it.id, *scope))
            .map(Scope::name)
            .collect(),
    });
    let (who, name) = (caller.who().to_owned(), caller.name().to_owned());
    Ok(Json(Me { who, name, lines: known.collect() }))
}
