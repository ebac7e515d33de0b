// SPDX-License-Identifier: EUPL-1.2
//! Edits of what others edit too: `ETag` on what is read, `If-Match` on what is changed.

use axum::Json;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::HeaderValue;
use axum::http::header::{ETAG, IF_MATCH};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::problem::Problem;

/// An answer with the version of what it shows.
pub(crate) fn tagged(version: u64, body: impl Serialize) -> Response {
    let mut response = Json(body).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// The version that an edit starts from. Missing: 428.
pub(crate) struct IfMatch(String);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let given = parts.headers.get(IF_MATCH).and_then(|it| it.to_str().ok());
        given.map(|it| Self(it.trim().to_owned())).ok_or_else(Problem::version_missing)
    }
}

/// For acts that may say what they start from, and need not.
impl<S: Send + Sync> OptionalFromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Problem> {
        if !parts.headers.contains_key(IF_MATCH) {
            return Ok(None);
        }
        <Self as FromRequestParts<S>>::from_request_parts(parts, state).await.map(Some)
    }
}

impl IfMatch {
    /// 412 unless what stands now is what the edit started from. The write has to ask once more.
    pub(crate) fn check(&self, version: u64) -> Result<(), Problem> {
        if self.0 == format!("\"{version}\"") { Ok(()) } else { Err(Problem::changed_meanwhile()) }
    }
}
