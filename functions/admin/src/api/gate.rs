// SPDX-License-Identifier: EUPL-1.2
//! Who is asking: a key in the header, or somebody who has signed in with their browser.

use std::fmt::Write;

use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::Response;
use domain::access::key::{Standing, Token};
use ring::digest;
use tracing::warn;

use super::caller::Caller;
use super::problem::Problem;
use crate::App;

/// Nothing is looked at, not even the path, before it is known who asks.
pub(crate) async fn only_known(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let given = request.headers().get(AUTHORIZATION).and_then(|it| it.to_str().ok());
    let given = given.and_then(|it| it.strip_prefix("Bearer ")).unwrap_or_default();
    let caller = by_key(&app, given).await?;
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

/// A key that is wrong, that has expired or was revoked, and one that never was: all the same.
async fn by_key(app: &App, given: &str) -> Result<Caller, Problem> {
    if app.api_key.matches(given) {
        return Ok(Caller::root());
    }
    let token = Token::parse(given).ok_or_else(Problem::unauthorized)?;
    let (digest, now) = (digest_of(token.secret()), app.clock.now());
    let key = app.store.api_key(&token.line, &token.id, &digest).await?;
    let key = key.filter(|it| it.standing(now) == Standing::Active);
    let key = key.ok_or_else(Problem::unauthorized)?;
    if key.is_new_use(now)
        && let Err(err) = app.store.note_key_use(&token.line, &key, &digest, now).await
    {
        warn!(line.id = %token.line, "use of a key not noted: {err}");
    }
    Ok(Caller::key(token.line, &key))
}

/// SHA-256 in hexadecimal digits. Of a secret of 256 random bits nothing can be guessed from it.
pub(crate) fn digest_of(secret: &str) -> String {
    let digest = digest::digest(&digest::SHA256, secret.as_bytes());
    let mut text = String::with_capacity(64);
    for byte in digest.as_ref() {
        write!(text, "{byte:02x}").expect("writing to a string succeeds");
    }
    text
}
