// SPDX-License-Identifier: EUPL-1.2
//! Keys of a line: made, shown once, put in the place of another, revoked.

use std::collections::{BTreeSet, HashMap};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::access::Scope;
use domain::access::key::{
    ApiKey, LIVES_AT_MOST_DAYS, LIVES_DAYS, OVERLAP_AT_MOST_HOURS, OVERLAP_HOURS, Standing, Token,
};
use domain::ids::KeyId;
use domain::line::Line;
use jiff::{Timestamp, ToSpan};
use platform::random;
use serde::{Deserialize, Serialize};
use store::StoreError;
use tracing::info;
use utoipa::ToSchema;

use super::body::Body;
use super::broadcasts::moment;
use super::caller::{Caller, needs};
use super::gate::digest_of;
use super::once::{self, Key};
use super::problem::{FieldError, Problem};
use super::requests::{one_of, words};
use super::routes::{Routes, routes};
use super::scope::{self, OfLine, PageOf};
use super::shape::{self, Page, Time};
use crate::App;

const NAME_LIMIT: usize = 100;

/// More keys than this on one line are a mistake.
const MOST: usize = 50;

pub(crate) fn routes() -> Routes {
    let routes = routes!(list, create, revoke, rotate);
    needs(&[Scope::Admin], routes)
}

/// A key, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
struct Shown {
    id: String,
    name: String,
    #[schema(example = json!(["broadcast:write", "reports"]))]
    scopes: Vec<&'static str>,
    /// `active`, `expired` or `revoked`.
    state: &'static str,
    created_at: Time,
    created_by: String,
    expires_at: Time,
    revoked_at: Option<Time>,
    /// To the hour.
    last_used_at: Option<Time>,
}

/// A key with its secret, which is shown this once and kept nowhere.
#[derive(Serialize, ToSchema)]
struct Made {
    /// What goes after `Bearer`. Null when the same request is repeated: make another key then.
    #[schema(example = "fd_pordenone_0b9e…_5f03…")]
    token: Option<String>,
    #[serde(flatten)]
    key: Shown,
}

/// The newest first; keys that have ended are shown for 90 days.
#[utoipa::path(get, path = "/keys", tag = "access", operation_id = "keys.list", params(PageOf),
    responses((status = 200, body = Page<Shown>)))]
async fn list(
    State(app): State<App>,
    OfLine(line): OfLine,
    page: PageOf,
) -> Result<Json<Page<Shown>>, Problem> {
    let mut all = app.store.api_keys(&line.id).await?;
    all.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    let (keys, cursor) = page.of(all, |it| it.id.as_str())?;
    let now = app.clock.now();
    Ok(Json(shape::page(keys.iter().map(|it| shown(it, now)), cursor)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewKey, example = json!({
    "name": "Gestionale dei tributi", "scopes": ["broadcast:write", "reports"],
}))]
struct Wanted {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Only those that who makes the key has.
    #[schema(min_items = 1)]
    scopes: Vec<String>,
    /// At most two years from now; a year if not said.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// Makes a key for this line. Its secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/keys", tag = "access", operation_id = "keys.create", params(Key),
    request_body = Wanted, responses((status = 201, body = Made)))]
async fn create(
    State(app): State<App>,
    OfLine(line): OfLine,
    caller: Caller,
    key: Key,
    body: Body<Wanted>,
) -> Result<Response, Problem> {
    if let Some(before) = key.answered(&app, &line, &body.bytes).await? {
        return Ok(before);
    }
    let (wanted, now) = (&body.value, app.clock.now());
    let mut errors = Vec::new();
    let name = words(&wanted.name, "/name", NAME_LIMIT, &mut errors);
    let mut scopes = BTreeSet::new();
    for (n, it) in wanted.scopes.iter().enumerate() {
        match one_of(it, &format!("/scopes/{n}"), Scope::ALL.map(Scope::name), Scope::parse) {
            Ok(scope) => _ = scopes.insert(scope),
            Err(err) => errors.push(err),
        }
    }
    if wanted.scopes.is_empty() {
        errors.push(FieldError::new("/scopes", "Indicare almeno un permesso."));
    }
    let asked = moment(wanted.expires_at.as_deref(), "/expires_at", &mut errors);
    let expires_at = asked.unwrap_or(now + (24 * LIVES_DAYS).hours());
    if expires_at <= now || expires_at > now + (24 * LIVES_AT_MOST_DAYS).hours() {
        let detail = "Scegliere un momento tra adesso e due anni da adesso.";
        errors.push(FieldError::new("/expires_at", detail));
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    may_give(&caller, &line, &scopes)?;
    let made = ApiKey {
        id: KeyId::new(random::key()),
        name,
        scopes,
        created_at: now,
        created_by: caller.who().to_owned(),
        expires_at,
        revoked_at: None,
        used_at: None,
    };
    let active = app.store.api_keys(&line.id).await?;
    if active.iter().filter(|it| it.standing(now) == Standing::Active).count() >= MOST {
        return Err(Problem::conflict(format!(
            "Questa linea ha già {MOST} chiavi: revocare quelle che non servono più."
        )));
    }
    let token = Token::new(line.id.clone(), made.id.clone(), random::secret());
    let answer = Made { token: None, key: shown(&made, now) };
    let once = once::once(&app, &body.bytes, StatusCode::CREATED, &answer);
    let with_key = key.hash().map(|hash| (hash, &once));
    let digest = digest_of(token.secret());
    match app.store.add_api_key(&line.id, &made, &digest, with_key, now).await {
        Ok(()) => {}
        Err(StoreError::Conflict) => {
            let before = key.answered(&app, &line, &body.bytes).await?;
            return before.ok_or_else(|| StoreError::Conflict.into());
        }
        Err(err) => return Err(err.into()),
    }
    info!(line.id = %line.id, key.id = %made.id, "made a key");
    Ok(first_answer(&token, answer))
}

/// Ends a key at once: within seconds it opens nothing.
#[utoipa::path(delete, path = "/keys/{id}", tag = "access", operation_id = "keys.revoke",
    responses((status = 204, description = "Revocata")))]
async fn revoke(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Path<HashMap<String, String>>,
) -> Result<StatusCode, Problem> {
    let id = scope::id(&path, "id").map(KeyId::new).ok_or_else(missing)?;
    match app.store.revoke_api_key(&line.id, &id, app.clock.now()).await {
        Ok(()) => {}
        Err(StoreError::Conflict) => return Err(missing()),
        Err(err) => return Err(err.into()),
    }
    info!(line.id = %line.id, key.id = %id, "revoked a key");
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyRotation, example = json!({ "overlap_hours": 24 }))]
struct Rotation {
    /// How long the old secret still opens; a day if not said.
    #[schema(minimum = 0, maximum = 168)]
    overlap_hours: Option<i64>,
}

/// A new key that may do the same; the old one ends after a while, so that programs can change.
#[utoipa::path(post, path = "/keys/{id}/rotate", tag = "access", operation_id = "keys.rotate",
    params(Key), request_body(content = Option<Rotation>), responses((status = 201, body = Made)))]
async fn rotate(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Path<HashMap<String, String>>,
    caller: Caller,
    key: Key,
    body: Body<Rotation>,
) -> Result<Response, Problem> {
    if let Some(before) = key.answered(&app, &line, &body.bytes).await? {
        return Ok(before);
    }
    let hours = body.value.overlap_hours.unwrap_or(OVERLAP_HOURS);
    if !(0..=OVERLAP_AT_MOST_HOURS).contains(&hours) {
        let detail = format!("Usare un numero da 0 a {OVERLAP_AT_MOST_HOURS}.");
        return Err(Problem::invalid(vec![FieldError::new("/overlap_hours", detail)]));
    }
    let id = scope::id(&path, "id").ok_or_else(missing)?;
    let now = app.clock.now();
    let keys = app.store.api_keys(&line.id).await?;
    let old = keys.into_iter().find(|it| it.id.as_str() == id).ok_or_else(missing)?;
    if old.standing(now) != Standing::Active {
        return Err(Problem::conflict("Questa chiave non vale più: crearne una nuova."));
    }
    // Who gets the new secret can do what it may do.
    may_give(&caller, &line, &old.scopes)?;
    let rotation = old.rotated(KeyId::new(random::key()), caller.who(), hours, now);
    let token = Token::new(line.id.clone(), rotation.next.id.clone(), random::secret());
    let answer = Made { token: None, key: shown(&rotation.next, now) };
    let once = once::once(&app, &body.bytes, StatusCode::CREATED, &answer);
    let with_key = key.hash().map(|hash| (hash, &once));
    let digest = digest_of(token.secret());
    app.store.rotate_api_key(&line.id, &old.id, &rotation, &digest, with_key, now).await?;
    info!(line.id = %line.id, key.id = %old.id, "rotated a key");
    Ok(first_answer(&token, answer))
}

/// With the secret, which what is remembered of the answer does not have.
fn first_answer(token: &Token, answer: Made) -> Response {
    let whole = Made { token: Some(token.expose()), ..answer };
    let body = serde_json::to_string(&whole).expect("an answer is plain data with text keys");
    once::json(StatusCode::CREATED, body)
}

/// Nobody gives what they do not have.
fn may_give(caller: &Caller, line: &Line, scopes: &BTreeSet<Scope>) -> Result<(), Problem> {
    let lacks: Vec<_> = scopes.iter().copied().filter(|it| !caller.may(&line.id, *it)).collect();
    if lacks.is_empty() { Ok(()) } else { Err(Problem::forbidden(&lacks)) }
}

fn missing() -> Problem {
    Problem::not_found("Questa chiave non esiste su questa linea.")
}

fn shown(it: &ApiKey, now: Timestamp) -> Shown {
    Shown {
        id: it.id.as_str().to_owned(),
        name: it.name.clone(),
        scopes: it.scopes.iter().map(|it| it.name()).collect(),
        state: it.standing(now).name(),
        created_at: shape::time(it.created_at),
        created_by: it.created_by.clone(),
        expires_at: shape::time(it.expires_at),
        revoked_at: it.revoked_at.map(shape::time),
        last_used_at: it.used_at.map(shape::time),
    }
}
