// SPDX-License-Identifier: EUPL-1.2
//! Who is asking: a key in the header, or somebody who has signed in with their browser.

use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::Response;
use domain::access::key::{Standing, Token};
use platform::random;
use ring::digest;
use tracing::warn;

use super::caller::Caller;
use super::problem::Problem;
use crate::{App, sign_in};

/// Nothing is looked at, not even the path, before it is known who asks.
pub(crate) async fn only_known(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let headers = request.headers();
    let caller = match (headers.get(AUTHORIZATION), sign_in::session(headers)) {
        (None, Some(session)) => {
            if !request.method().is_safe() && !sign_in::is_from_here(headers) {
                return Err(Problem::from_elsewhere());
            }
            by_session(&app, &session).await?
        }
        (given, _) => {
            let given = given.and_then(|it| it.to_str().ok()?.strip_prefix("Bearer "));
            by_key(&app, given.unwrap_or_default()).await?
        }
    };
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

/// Who is signed in, with the roles that they have by now.
async fn by_session(app: &App, digest: &str) -> Result<Caller, Problem> {
    let found = app.store.signed_in(digest, app.clock.now()).await?;
    let found = found.ok_or_else(Problem::unauthorized)?;
    let name = found.people.first().map(|(_, it)| it.name.clone()).unwrap_or_default();
    let roles = found.people.iter().map(|(line, it)| (line.clone(), it.role)).collect();
    Caller::person(&found.session.person, name, roles).ok_or_else(Problem::unauthorized)
}

/// SHA-256 in hexadecimal digits. Of a secret of 256 random bits nothing can be guessed from it.
pub(crate) fn digest_of(secret: &str) -> String {
    random::hexadecimal(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref())
}
