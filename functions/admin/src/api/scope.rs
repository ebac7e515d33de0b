//! The line in the path, and pages of lists.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use domain::ids::LineId;
use domain::line::Line;
use serde::Deserialize;

use super::problem::{FieldError, Problem};
use crate::App;

/// The line of `/v1/lines/{line}/…`, or 404.
pub(crate) struct OfLine(pub(crate) Arc<Line>);

impl FromRequestParts<App> for OfLine {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, app).await;
        let id = path.ok().and_then(|mut it| it.remove("line")).unwrap_or_default();
        let line = app.store.line(&LineId::new(id)).await?;
        let missing = "Questa linea non esiste, o la chiave non la riguarda.";
        line.map(Self).ok_or_else(|| Problem::not_found(missing))
    }
}

/// `?limit=&cursor=&state=`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    limit: Option<String>,
    cursor: Option<String>,
    state: Option<String>,
}

/// Which page of a list is asked for.
pub(crate) struct PageOf {
    /// 1 to 100; 50 if not said.
    pub(crate) limit: i32,
    pub(crate) cursor: Option<String>,
    pub(crate) state: Option<String>,
}

impl FromRequestParts<App> for PageOf {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Query(asked) = Query::<Asked>::from_request_parts(parts, app).await.map_err(|_| {
            let detail = "Si possono usare soltanto limit, cursor e state.";
            Problem::invalid(vec![FieldError::new("?", detail)])
        })?;
        let limit = match asked.limit.as_deref() {
            None => Some(50),
            Some(text) => text.parse().ok().filter(|it| (1..=100).contains(it)),
        };
        let limit = limit.ok_or_else(|| {
            Problem::invalid(vec![FieldError::new("?limit", "Usare un numero da 1 a 100.")])
        })?;
        Ok(Self { limit, cursor: asked.cursor, state: asked.state })
    }
}
