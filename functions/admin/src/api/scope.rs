// SPDX-License-Identifier: EUPL-1.2
//! The line in the path, and pages of lists.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use domain::ids::LineId;
use domain::line::Line;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::de::value::{Error as Wrong, StringDeserializer};
use utoipa::IntoParams;

use super::body::one_of;
use super::caller::Caller;
use super::problem::{FieldError, Problem};
use crate::App;

/// The line of `/v1/lines/{line}/…`, or 404.
pub(crate) struct OfLine(pub(crate) Arc<Line>);

impl FromRequestParts<App> for OfLine {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, app).await;
        let id = path.ok().and_then(|mut it| it.remove("line")).unwrap_or_default();
        let id = LineId::new(id);
        if !Caller::from_request_parts(parts, app).await?.knows(&id) {
            return Err(Problem::unknown_line());
        }
        let line = app.store.line(&id).await?;
        line.map(Self).ok_or_else(Problem::unknown_line)
    }
}

/// The longest id or cursor of ours is far shorter.
const MAX_ID_BYTES: usize = 200;

/// An id in the path; `None` if it cannot be one of ours, and so is nobody's.
pub(crate) fn id(path: &HashMap<String, String>, name: &str) -> Option<String> {
    path.get(name).filter(|it| is_id(it)).cloned()
}

pub(crate) fn is_id(text: &str) -> bool {
    (1..=MAX_ID_BYTES).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_graphic())
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
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageOf {
    /// How many at most; 50 if not said.
    #[param(minimum = 1, maximum = 100, required = false)]
    pub(crate) limit: i32,
    /// `next_cursor` of the page before; without it the first page.
    #[param(pattern = "^[!-~]*$", max_length = 200)]
    pub(crate) cursor: Option<String>,
}

/// Which page of a list is asked for, of those in a state.
pub(crate) struct PageIn<S> {
    pub(crate) page: PageOf,
    pub(crate) state: Option<S>,
}

/// A list that has no states.
#[derive(Deserialize)]
enum NoState {}

impl FromRequestParts<App> for PageOf {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let PageIn { page, .. } = PageIn::<NoState>::from_request_parts(parts, app).await?;
        Ok(page)
    }
}

impl<S: DeserializeOwned> FromRequestParts<App> for PageIn<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Params(asked) = Params::<Asked>::from_request_parts(parts, app).await?;
        let mut errors = Vec::new();
        let page = PageOf::asked(asked.limit.as_deref(), asked.cursor, &mut errors)?;
        let state = asked.state.map(|it| S::deserialize(StringDeserializer::<Wrong>::new(it)));
        let state = state.transpose().unwrap_or_else(|err| {
            errors.push(FieldError::new("?state", one_of(&err.to_string())));
            None
        });
        if errors.is_empty() { Ok(Self { page, state }) } else { Err(Problem::invalid(errors)) }
    }
}

impl PageOf {
    /// Where a list has parameters of its own.
    pub(crate) fn asked(
        limit: Option<&str>,
        cursor: Option<String>,
        errors: &mut Vec<FieldError>,
    ) -> Result<Self, Problem> {
        let limit = match limit {
            None => 50,
            Some(text) => text.parse().ok().filter(|it| (1..=100).contains(it)).unwrap_or(0),
        };
        if limit == 0 {
            errors.push(FieldError::new("?limit", "Usare un numero da 1 a 100."));
        }
        // An empty one asks for the first page.
        let cursor = cursor.filter(|it| !it.is_empty());
        if cursor.as_deref().is_some_and(|it| !is_id(it)) {
            return Err(wrong_cursor());
        }
        Ok(Self { limit, cursor })
    }

    /// The page of a list that is small by nature and was read whole.
    pub(crate) fn of<T>(
        &self,
        all: Vec<T>,
        id: impl Fn(&T) -> &str,
    ) -> Result<(Vec<T>, Option<String>), Problem> {
        let start = match &self.cursor {
            None => 0,
            Some(it) => 1 + all.iter().position(|row| id(row) == it).ok_or_else(wrong_cursor)?,
        };
        let (total, limit) = (all.len(), usize::try_from(self.limit).unwrap_or(0));
        let rows: Vec<T> = all.into_iter().skip(start).take(limit).collect();
        let more = start + rows.len() < total;
        let cursor = rows.last().filter(|_| more).map(|it| id(it).to_owned());
        Ok((rows, cursor))
    }
}

/// What stands after the `?`, read strictly.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Query::<T>::from_request_parts(parts, app).await.map(|Query(it)| Self(it)).map_err(|_| {
            let detail =
                "Usare soltanto i parametri che questo indirizzo prevede, ognuno una volta.";
            Problem::invalid(vec![FieldError::new("?", detail)])
        })
    }
}

pub(crate) fn wrong_cursor() -> Problem {
    let detail = "Usare il valore di next_cursor così com'è.";
    Problem::invalid(vec![FieldError::new("?cursor", detail)])
}
