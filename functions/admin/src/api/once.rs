// SPDX-License-Identifier: EUPL-1.2
//! `Idempotency-Key`: same key and body, the first answer again; same key, other body, 422.

use axum::extract::FromRequestParts;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::line::Line;
use serde::Serialize;
use store::{Once, StoreError};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::problem::Problem;
use crate::App;

/// The request's key, if it carries one, and what it is for.
pub(crate) struct Key(Option<String>);

impl IntoParams for Key {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[!-~]+$"));
        let means = "Ripetere la stessa richiesta con la stessa chiave, entro 24 ore, dà di nuovo \
                     la prima risposta e non fa nulla due volte.";
        let key = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .description(Some(means))
            .schema(Some(text.build()));
        vec![key.build()]
    }
}

impl FromRequestParts<App> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let given = parts.headers.get("idempotency-key").map(HeaderValue::to_str);
        // A key we cannot read protects nothing, and who sent it believes it does.
        let key = match given.transpose() {
            Ok(key) if key.is_none_or(is_plain) => key,
            _ => {
                let detail =
                    "Idempotency-Key deve contenere lettere, cifre o segni ASCII, senza spazi.";
                return Err(Problem::malformed(detail));
            }
        };
        // The same key for two addresses is two keys. Only a keyed hash of it is kept.
        Ok(Self(key.map(|key| app.pseudonym.of(&format!("{} {key}", parts.uri.path())))))
    }
}

fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|it| it.is_ascii_graphic())
}

impl Key {
    pub(crate) fn hash(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The answer this key got before, if the request is the same one.
    pub(crate) async fn answered(
        &self,
        app: &App,
        line: &Line,
        body: &[u8],
    ) -> Result<Option<Response>, Problem> {
        let once = self.remembered(app, line, body).await?;
        Ok(once.map(|it| {
            let status = StatusCode::from_u16(it.status).unwrap_or(StatusCode::OK);
            json(status, it.answer)
        }))
    }

    /// As [`Key::answered`], for who has to look into the answer.
    pub(crate) async fn remembered(
        &self,
        app: &App,
        line: &Line,
        body: &[u8],
    ) -> Result<Option<Once>, Problem> {
        let Some(hash) = self.hash() else { return Ok(None) };
        let Some(once) = app.store.answered(&line.id, hash, app.clock.now()).await? else {
            return Ok(None);
        };
        if once.body_hash != body_hash(app, body) {
            return Err(Problem::key_reused());
        }
        Ok(Some(once))
    }

    /// Answers, and remembers the answer under the key.
    pub(crate) async fn answer(
        &self,
        app: &App,
        line: &Line,
        body: &[u8],
        status: StatusCode,
        answer: &impl Serialize,
    ) -> Result<Response, Problem> {
        let once = once(app, body, status, answer);
        if let Some(hash) = self.hash() {
            match app.store.remember(&line.id, hash, &once, app.clock.now()).await {
                Ok(()) | Err(StoreError::Conflict) => {}
                Err(err) => return Err(err.into()),
            }
        }
        Ok(json(status, once.answer))
    }
}

/// An answer as it is remembered.
pub(crate) fn once(app: &App, body: &[u8], status: StatusCode, answer: &impl Serialize) -> Once {
    let answer = serde_json::to_string(answer).expect("an answer is plain data with text keys");
    Once { body_hash: body_hash(app, body), status: status.as_u16(), answer }
}

fn body_hash(app: &App, body: &[u8]) -> String {
    app.pseudonym.of(&String::from_utf8_lossy(body))
}

pub(crate) fn json(status: StatusCode, body: String) -> Response {
    let mut response = (status, body).into_response();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
