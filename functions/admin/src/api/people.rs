// SPDX-License-Identifier: EUPL-1.2
//! People of the office: invited by e-mail, with one role on each line.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::access::person::{
    Email, LastAdmin, NAME_LIMIT, Person, Standing, invitation, may_become,
};
use domain::access::{Role, Scope};
use domain::ids::PersonId;
use domain::line::Line;
use jiff::Timestamp;
use platform::mail::Message;
use serde::{Deserialize, Serialize};
use store::StoreError;
use tracing::{error, info};
use utoipa::ToSchema;

use super::body::Body;
use super::caller::{Caller, needs};
use super::once::{self, Key};
use super::problem::{FieldError, Problem};
use super::requests::{one_of, words};
use super::routes::{Routes, routes};
use super::scope::{self, OfLine, PageOf};
use super::shape::{self, Page, Time};
use super::version::{IfMatch, tagged};
use crate::App;
use crate::sign_in;

/// More people than this on one line are a mistake.
const MOST: usize = 500;

pub(crate) fn routes() -> Routes {
    let routes = routes!(list, invite, show, change, remove, invite_again);
    needs(&[Scope::Admin], routes)
}

/// Somebody of the office.
#[derive(Serialize, ToSchema)]
#[schema(as = OfficePerson)]
struct Shown {
    id: String,
    #[schema(example = "anna.rossi@comune.example")]
    email: String,
    name: String,
    /// `admin`, `editor`, `approver`, `operator`, `dpo` or `supplier`.
    #[schema(example = "operator")]
    role: &'static str,
    scopes: Vec<&'static str>,
    /// `invited`, `expired`: they did not sign in within 14 days, `joined`.
    #[schema(example = "invited")]
    state: &'static str,
    /// The last time.
    invited_at: Time,
    /// Until when they can sign in for the first time.
    invited_until: Time,
    invited_by: String,
    /// Null until they have signed in.
    joined_at: Option<Time>,
    /// What goes into `If-Match`, between quotation marks.
    version: i64,
}

/// Somebody who was invited.
#[derive(Serialize, ToSchema)]
struct Invited {
    #[serde(flatten)]
    person: Shown,
    /// False where no mail could be sent: tell them to open `/sign-in`.
    mail_sent: bool,
}

/// In the order of their addresses.
#[utoipa::path(get, path = "/people", tag = "access", operation_id = "people.list",
    params(PageOf), responses((status = 200, body = Page<Shown>)))]
async fn list(
    State(app): State<App>,
    OfLine(line): OfLine,
    page: PageOf,
) -> Result<Json<Page<Shown>>, Problem> {
    let (mut all, now) = (app.store.people(&line.id).await?, app.clock.now());
    all.sort_by(|a, b| a.email.cmp(&b.email));
    let (people, cursor) = page.of(all, |it| it.id.as_str())?;
    Ok(Json(shape::page(people.iter().map(|it| shown(it, now)), cursor)))
}

#[utoipa::path(get, path = "/people/{id}", tag = "access", operation_id = "people.show",
    responses((status = 200, body = Shown)))]
async fn show(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Path<HashMap<String, String>>,
) -> Result<Response, Problem> {
    let person = find(&app, &line, &path).await?;
    Ok(tagged(version(&person), shown(&person, app.clock.now())))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPerson, example = json!({
    "email": "anna.rossi@comune.example", "name": "Anna Rossi", "role": "operator",
}))]
struct Wanted {
    #[schema(max_length = 254)]
    email: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    role: String,
}

/// Invites somebody by e-mail. They come in by signing in with an account of this address, within
/// 14 days.
#[utoipa::path(post, path = "/people", tag = "access", operation_id = "people.invite",
    params(Key), request_body = Wanted, responses((status = 201, body = Invited)))]
async fn invite(
    State(app): State<App>,
    OfLine(line): OfLine,
    caller: Caller,
    headers: HeaderMap,
    key: Key,
    body: Body<Wanted>,
) -> Result<Response, Problem> {
    if let Some(before) = key.answered(&app, &line, &body.bytes).await? {
        return Ok(before);
    }
    let (wanted, now) = (&body.value, app.clock.now());
    let mut errors = Vec::new();
    let name = words(&wanted.name, "/name", NAME_LIMIT, &mut errors);
    let email = Email::parse(&wanted.email);
    if email.is_none() {
        errors.push(FieldError::new("/email", "Scrivere un indirizzo di posta: anna@comune.it."));
    }
    let role = role(&wanted.role, &mut errors);
    let (Some(email), Some(role), true) = (email, role, errors.is_empty()) else {
        return Err(Problem::invalid(errors));
    };
    may_give(&caller, &line, role)?;
    let id = sign_in::person_id(&app, &email);
    let people = app.store.people(&line.id).await?;
    if people.iter().any(|it| it.id == id) {
        return Err(Problem::conflict(
            "Questa persona è già stata invitata: cambiarne il ruolo, o ripetere l'invito.",
        ));
    }
    if people.len() >= MOST {
        return Err(Problem::conflict(format!("Questa linea ha già {MOST} persone.")));
    }
    let person = Person {
        id,
        email,
        name,
        role,
        invited_at: now,
        invited_by: caller.who().to_owned(),
        identity: None,
        joined_at: None,
        version: 1,
    };
    // Before they are written down: a mail twice harms nobody, none at all does.
    let mail_sent = mail(&app, &line, &person, &headers).await;
    let answer = Invited { person: shown(&person, now), mail_sent };
    let once = once::once(&app, &body.bytes, StatusCode::CREATED, &answer);
    let with_key = key.hash().map(|hash| (hash, &once));
    match app.store.add_person(&line.id, &person, with_key, now).await {
        Ok(()) => {}
        Err(StoreError::Conflict) => {
            let before = key.answered(&app, &line, &body.bytes).await?;
            return before.ok_or_else(|| StoreError::Conflict.into());
        }
        Err(err) => return Err(err.into()),
    }
    info!(line.id = %line.id, person = %person.id, role = role.name(), "invited somebody");
    Ok(once::json(StatusCode::CREATED, once.answer))
}

/// Invites somebody again who has not come in yet: another mail, and 14 days from now.
#[utoipa::path(post, path = "/people/{id}/invite", tag = "access",
    operation_id = "people.invite_again", params(Key),
    responses((status = 200, body = Invited)))]
async fn invite_again(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Path<HashMap<String, String>>,
    caller: Caller,
    headers: HeaderMap,
    key: Key,
) -> Result<Response, Problem> {
    let before = find(&app, &line, &path).await?;
    if let Some(answer) = key.answered(&app, &line, b"").await? {
        return Ok(answer);
    }
    let now = app.clock.now();
    if before.standing(now) == Standing::Joined {
        return Err(Problem::conflict("Questa persona è già entrata: non le serve un invito."));
    }
    may_give(&caller, &line, before.role)?;
    let person = Person {
        invited_at: now,
        invited_by: caller.who().to_owned(),
        version: before.version + 1,
        ..before
    };
    // As for the first one.
    let mail_sent = mail(&app, &line, &person, &headers).await;
    let answer = Invited { person: shown(&person, now), mail_sent };
    let once = once::once(&app, b"", StatusCode::OK, &answer);
    let with_key = key.hash().map(|hash| (hash, &once));
    match app.store.invite_again(&line.id, &person, with_key, now).await {
        Ok(()) => {}
        Err(StoreError::Conflict) => {
            let before = key.answered(&app, &line, b"").await?;
            return before.ok_or_else(|| StoreError::Conflict.into());
        }
        Err(err) => return Err(err.into()),
    }
    info!(line.id = %line.id, person = %person.id, "invited somebody again");
    Ok(once::json(StatusCode::OK, once.answer))
}

async fn mail(app: &App, line: &Line, person: &Person, headers: &HeaderMap) -> bool {
    let Some(origin) = sign_in::origin(headers) else { return false };
    let url = format!("{origin}/sign-in");
    let (subject, text) = invitation(&line.comune.name, &line.service, person.role, &url);
    let to = vec![person.email.expose().to_owned()];
    let message = Message { to, subject, text, attachments: Vec::new() };
    let sent = app.mail.send(&message).await;
    if let Err(err) = &sent {
        error!(line.id = %line.id, "invitation not sent: {err}");
    }
    sent.is_ok()
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PersonChange, example = json!({ "role": "editor" }))]
struct Change {
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    role: Option<String>,
}

/// Changes somebody's name or role. It holds for whoever is signed in within seconds.
#[utoipa::path(patch, path = "/people/{id}", tag = "access", operation_id = "people.change",
    params(("If-Match" = String, Header, description = "L'ETag ricevuto leggendo.")),
    request_body = Change,
    responses((status = 200, body = Shown),
        (status = 412, body = Problem, content_type = "application/problem+json"),
        (status = 428, body = Problem, content_type = "application/problem+json")))]
async fn change(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Path<HashMap<String, String>>,
    caller: Caller,
    from: IfMatch,
    body: Body<Change>,
) -> Result<Response, Problem> {
    let before = find(&app, &line, &path).await?;
    let (change, mut errors) = (&body.value, Vec::new());
    let name = change.name.as_ref().map(|it| words(it, "/name", NAME_LIMIT, &mut errors));
    let wanted = change.role.as_ref().and_then(|it| role(it, &mut errors));
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    from.check(version(&before))?;
    let role = wanted.unwrap_or(before.role);
    // Nobody takes away, either, what they do not have.
    for it in [role, before.role] {
        may_give(&caller, &line, it)?;
    }
    let other = other_admin(&app, &line, &before, Some(role)).await?;
    let after = Person {
        name: name.unwrap_or_else(|| before.name.clone()),
        role,
        version: before.version + 1,
        ..before
    };
    let changed = app.store.change_person(&line.id, &after, other.as_ref()).await;
    changed.map_err(changed_meanwhile)?;
    info!(line.id = %line.id, person = %after.id, role = role.name(), "changed somebody");
    Ok(tagged(version(&after), shown(&after, app.clock.now())))
}

/// Takes somebody's access to this line away, within seconds.
#[utoipa::path(delete, path = "/people/{id}", tag = "access", operation_id = "people.remove",
    params(("If-Match" = String, Header, description = "L'ETag ricevuto leggendo.")),
    responses((status = 204, description = "Tolta"),
        (status = 412, body = Problem, content_type = "application/problem+json"),
        (status = 428, body = Problem, content_type = "application/problem+json")))]
async fn remove(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Path<HashMap<String, String>>,
    caller: Caller,
    from: IfMatch,
) -> Result<StatusCode, Problem> {
    let person = find(&app, &line, &path).await?;
    from.check(version(&person))?;
    may_give(&caller, &line, person.role)?;
    let other = other_admin(&app, &line, &person, None).await?;
    let removed = app.store.remove_person(&line.id, &person, other.as_ref()).await;
    removed.map_err(changed_meanwhile)?;
    info!(line.id = %line.id, person = %person.id, "removed somebody");
    Ok(StatusCode::NO_CONTENT)
}

/// Who stays an admin if this one is none any more; the write asks for it again.
async fn other_admin(
    app: &App,
    line: &Line,
    person: &Person,
    role: Option<Role>,
) -> Result<Option<PersonId>, Problem> {
    if person.role != Role::Admin || role == Some(Role::Admin) {
        return Ok(None);
    }
    let (people, now) = (app.store.people(&line.id).await?, app.clock.now());
    may_become(&people, &person.id, role, now).map_err(|LastAdmin| {
        Problem::conflict("È l'unica persona che amministra la linea: nominarne prima un'altra.")
    })?;
    let other = people.into_iter().find(|it| it.is_admin(now) && it.id != person.id);
    Ok(other.map(|it| it.id))
}

fn changed_meanwhile(err: StoreError) -> Problem {
    match err {
        StoreError::Conflict => Problem::changed_meanwhile(),
        err => err.into(),
    }
}

/// Nobody gives what they do not have.
fn may_give(caller: &Caller, line: &Line, role: Role) -> Result<(), Problem> {
    let lacks: Vec<_> =
        role.scopes().iter().copied().filter(|it| !caller.may(&line.id, *it)).collect();
    if lacks.is_empty() { Ok(()) } else { Err(Problem::forbidden(&lacks)) }
}

fn role(given: &str, errors: &mut Vec<FieldError>) -> Option<Role> {
    let role = one_of(given, "/role", Role::ALL.map(Role::name), Role::parse);
    role.map_err(|err| errors.push(err)).ok()
}

async fn find(app: &App, line: &Line, path: &HashMap<String, String>) -> Result<Person, Problem> {
    let missing = || Problem::not_found("Questa persona non è tra quelle della linea.");
    let id = scope::id(path, "id").map(PersonId::new).ok_or_else(missing)?;
    app.store.person(&line.id, &id).await?.ok_or_else(missing)
}

fn version(person: &Person) -> u64 {
    u64::try_from(person.version).unwrap_or_default()
}

fn shown(it: &Person, now: Timestamp) -> Shown {
    Shown {
        id: it.id.as_str().to_owned(),
        email: it.email.expose().to_owned(),
        name: it.name.clone(),
        role: it.role.name(),
        scopes: it.role.scopes().iter().map(|it| it.name()).collect(),
        state: it.standing(now).name(),
        invited_at: shape::time(it.invited_at),
        invited_until: shape::time(it.invited_until()),
        invited_by: it.invited_by.clone(),
        joined_at: it.joined_at.map(shape::time),
        version: it.version,
    }
}
