// SPDX-License-Identifier: EUPL-1.2
//! Signing in with a browser: with the provider of the deployment, or, on a local stack only, as
//! one of the people of a demonstration.
//!
//! Who was invited comes in if the provider says that the address is theirs. From then on it is
//! who they are to the provider that counts, not the address.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Extension, Query, State};
use axum::http::header::{COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::access::Role;
use domain::access::audit::Entry as Act;
use domain::access::person::{Email, Identity, Person, SESSION_HOURS, Welcome, welcome};
use domain::access::sign_in::{Expected, Refused, Verified, stays_until, verify};
use domain::ids::{LineId, PersonId};
use jiff::{Timestamp, ToSpan};
use platform::random;
use platform::settings::{SettingError, Settings};
use serde::Deserialize;
use store::{Session, StoreError, audit_id};
use tracing::{error, info, warn};

use crate::App;
use crate::api::digest_of;

mod page;
mod provider;
mod token;

use provider::Entry;
pub use provider::Provider;

/// Somebody types a password and a code; nobody takes longer.
const ENTRY_SECONDS: i64 = 600;

/// How people sign in.
#[derive(Clone)]
pub enum SignIn {
    Provider(Arc<Provider>),
    /// The people of a demonstration, without a password, from this machine only.
    Local,
    /// Keys only.
    Off,
}

impl SignIn {
    /// With the provider that the settings name, if they do.
    pub fn of(settings: &Settings) -> Result<Self, SettingError> {
        let provider = settings.oidc()?.map(|it| Self::Provider(Arc::new(Provider::new(it))));
        Ok(provider.unwrap_or(Self::Off))
    }
}

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/sign-in", get(begin))
        .route("/sign-in/callback", get(come_back))
        .route("/sign-in/local", post(as_demonstration))
        .route("/sign-out", post(leave))
        .layer(DefaultBodyLimit::max(1024))
        .with_state(app)
}

/// Where a browser is talking to: `https://filodiretto.comune.example`. API Gateway takes requests
/// for no other host than its own.
pub(crate) fn origin(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(HOST)?.to_str().ok()?;
    let allowed = |it: u8| it.is_ascii_alphanumeric() || b".-:[]".contains(&it);
    let is_host = !host.is_empty() && host.bytes().all(allowed);
    let scheme = if is_loopback(host) { "http" } else { "https" };
    is_host.then(|| format!("{scheme}://{host}"))
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

/// Whether a browser asks this because of a page of ours: another page can send a form with the
/// cookie, but neither this header nor our origin.
pub(crate) fn is_from_here(headers: &HeaderMap) -> bool {
    let from = headers.get(ORIGIN).and_then(|it| it.to_str().ok());
    headers.contains_key("x-filo-diretto") || (from.is_some() && from == origin(headers).as_deref())
}

/// The digest of the cookie of somebody who is signed in.
pub(crate) fn session(headers: &HeaderMap) -> Option<String> {
    let value = cookie(headers, "filodiretto")?;
    (value.len() == 64 && value.bytes().all(|it| it.is_ascii_hexdigit())).then(|| digest_of(value))
}

/// An address, as an id: the same on every line.
pub(crate) fn person_id(app: &App, email: &Email) -> PersonId {
    PersonId::new(app.pseudonym.of(&format!("person {}", email.expose())))
}

fn is_secure(headers: &HeaderMap) -> bool {
    origin(headers).is_none_or(|it| it.starts_with("https:"))
}

/// No other host may set a cookie of this name.
fn cookie_name(headers: &HeaderMap, name: &str) -> String {
    if is_secure(headers) { format!("__Host-{name}") } else { name.to_owned() }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let name = cookie_name(headers, name);
    let all = headers.get_all(COOKIE).into_iter().filter_map(|it| it.to_str().ok());
    let mut pairs = all.flat_map(|it| it.split(';')).filter_map(|it| it.trim().split_once('='));
    pairs.find(|(it, _)| *it == name).map(|(_, value)| value)
}

fn set_cookie(headers: &HeaderMap, name: &str, value: &str, seconds: i64) -> String {
    let secure = if is_secure(headers) { "; Secure" } else { "" };
    let name = cookie_name(headers, name);
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
}

fn sent_to(url: &str, cookies: impl IntoIterator<Item = String>) -> Response {
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, url)]).into_response();
    for it in cookies {
        if let Ok(value) = it.parse() {
            response.headers_mut().append(SET_COOKIE, value);
        }
    }
    response
}

/// Who is in already is told so; everybody else goes to the provider.
async fn begin(State(app): State<App>, headers: HeaderMap) -> Response {
    if let Some(inside) = inside(&app, &headers).await {
        return inside;
    }
    let provider = match &app.sign_in {
        SignIn::Provider(it) => it,
        SignIn::Local => return page::choice(),
        SignIn::Off => return page::off(),
    };
    let Some(origin) = origin(&headers) else { return strange() };
    let entry =
        Entry { state: random::secret(), nonce: random::secret(), verifier: random::secret() };
    match provider.sign_in_url(&entry, &format!("{origin}/sign-in/callback")).await {
        Ok(url) => {
            let value = format!("{}.{}.{}", entry.state, entry.nonce, entry.verifier);
            sent_to(&url, [set_cookie(&headers, "filodiretto-entry", &value, ENTRY_SECONDS)])
        }
        Err(err) => {
            error!("provider of sign-in not asked: {err:#}");
            page::refused(StatusCode::BAD_GATEWAY, "Il servizio di accesso non risponde. Riprova.")
        }
    }
}

async fn inside(app: &App, headers: &HeaderMap) -> Option<Response> {
    let found = app.store.signed_in(&session(headers)?, app.clock.now()).await.ok()??;
    let lines = app.store.lines().await.ok()?;
    let role = |line: &LineId| found.people.iter().find(|(it, _)| it == line).map(|it| it.1.role);
    let roles: Vec<_> = lines.iter().filter_map(|it| Some((it.as_ref(), role(&it.id)?))).collect();
    let (_, person) = found.people.first()?;
    Some(page::inside(&person.name, &roles))
}

#[derive(Deserialize)]
struct Back {
    state: Option<String>,
    code: Option<String>,
}

/// Somebody comes back from the provider.
async fn come_back(
    State(app): State<App>,
    headers: HeaderMap,
    back: Result<Query<Back>, QueryRejection>,
) -> Response {
    let SignIn::Provider(provider) = &app.sign_in else { return page::off() };
    let entry = cookie(&headers, "filodiretto-entry").and_then(entry);
    let (Some(origin), Some(entry), Ok(Query(back))) = (origin(&headers), entry, back) else {
        return strange();
    };
    // An answer to another browser's sign-in would let its owner work in our name.
    if back.state.as_deref() != Some(&entry.state) {
        return strange();
    }
    let Some(code) = back.code else {
        let why = "L'accesso è stato annullato, o il servizio di accesso non l'ha permesso.";
        return page::refused(StatusCode::FORBIDDEN, why);
    };
    let claims = provider.claims(&code, &entry, &format!("{origin}/sign-in/callback")).await;
    let claims = match claims {
        Ok(claims) => claims,
        Err(err) => {
            warn!("a sign-in was not believed: {err:#}");
            let why = "Il servizio di accesso ha dato una risposta che non va bene. Riprova.";
            return page::refused(StatusCode::FORBIDDEN, why);
        }
    };
    let expected = Expected {
        issuer: &provider.settings.issuer,
        client: &provider.settings.client_id,
        nonce: &entry.nonce,
        trusts_addresses: provider.settings.trusts_addresses,
    };
    match verify(&claims, expected, app.clock.now()) {
        Ok(verified) => enter(&app, &headers, &verified).await,
        Err(why) => {
            warn!("a sign-in was not believed: {why}");
            let words = match why {
                Refused::NoEmail => "Il tuo account non ha un indirizzo di posta.",
                Refused::NotVerified => {
                    "Il tuo indirizzo di posta non è ancora verificato: verificalo e riprova."
                }
                _ => "Il servizio di accesso ha dato una risposta che non va bene. Riprova.",
            };
            page::refused(StatusCode::FORBIDDEN, words)
        }
    }
}

/// `state.nonce.verifier`
fn entry(cookie: &str) -> Option<Entry> {
    let mut parts = cookie.split('.').map(str::to_owned);
    let entry = Entry { state: parts.next()?, nonce: parts.next()?, verifier: parts.next()? };
    let is_ours = |it: &String| it.len() == 64 && it.bytes().all(|it| it.is_ascii_hexdigit());
    let all = [&entry.state, &entry.nonce, &entry.verifier];
    (all.into_iter().all(is_ours) && parts.next().is_none()).then_some(entry)
}

fn strange() -> Response {
    let why = "Questo accesso è scaduto, oppure è cominciato in un altro browser. Riprova.";
    page::refused(StatusCode::BAD_REQUEST, why)
}

/// Lets somebody in who was invited.
async fn enter(app: &App, headers: &HeaderMap, verified: &Verified) -> Response {
    match entered(app, verified).await {
        Ok(Some(secret)) => sent_to(
            "/sign-in",
            [
                set_cookie(headers, "filodiretto", &secret, SESSION_HOURS * 3_600),
                set_cookie(headers, "filodiretto-entry", "", 0),
            ],
        ),
        Ok(None) => {
            info!("somebody signed in who was not invited");
            let why = "Per il tuo indirizzo di posta non c'è un invito, o è scaduto. Chiedilo a chi \
                       amministra la linea.";
            page::refused(StatusCode::FORBIDDEN, why)
        }
        Err(err) => {
            error!("sign-in not served: {err}");
            let why = "Il servizio non è disponibile in questo momento. Riprova tra poco.";
            page::refused(StatusCode::SERVICE_UNAVAILABLE, why)
        }
    }
}

async fn entered(app: &App, verified: &Verified) -> Result<Option<String>, StoreError> {
    let (id, now) = (person_id(app, &verified.email), app.clock.now());
    let mut lines = Vec::new();
    for (line, person) in app.store.person_on(&id).await? {
        match welcome(&person, &verified.identity, now) {
            Welcome::Known => lines.push((line, person)),
            Welcome::Bind => {
                let bound = Person {
                    identity: Some(verified.identity.clone()),
                    joined_at: Some(now),
                    version: person.version + 1,
                    ..person
                };
                app.store.change_person(&line, &bound, None).await?;
                lines.push((line, bound));
            }
            Welcome::TooLate => info!(line.id = %line, "an invitation was used too late"),
            Welcome::Other => warn!(line.id = %line, "an address came back as somebody else"),
        }
    }
    if lines.is_empty() {
        return Ok(None);
    }
    for (line, person) in &lines {
        write_down(app, line, person, now).await?;
    }
    let secret = random::secret();
    let session =
        Session { person: id, identity: verified.identity.clone(), until: stays_until(now) };
    app.store.sign_in(&digest_of(&secret), &session).await?;
    Ok(Some(secret))
}

async fn write_down(
    app: &App,
    line: &LineId,
    person: &Person,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(settings) = app.store.line(line).await? else { return Ok(()) };
    let act = Act {
        id: audit_id(now, &random::key()),
        at: now,
        who: format!("person {}", person.id),
        name: person.name.clone(),
        operation: "sign-in".to_owned(),
        ids: [].into(),
        status: Some(StatusCode::OK.as_u16()),
    };
    let until = now + (24 * i64::from(settings.retention.audit_days)).hours();
    app.store.add_audit(line, &act, until).await
}

/// On a local stack: somebody of the demonstration, made if they are not there yet.
async fn as_demonstration(
    State(app): State<App>,
    headers: HeaderMap,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    body: Bytes,
) -> Response {
    let is_near = peer.is_some_and(|Extension(ConnectInfo(it))| it.ip().is_loopback());
    let host = headers.get(HOST).and_then(|it| it.to_str().ok()).unwrap_or_default();
    // A page elsewhere could give its own name our address: it is the name that tells.
    if !matches!(app.sign_in, SignIn::Local) || !is_near || !is_loopback(host) {
        return page::off();
    }
    if !is_from_here(&headers) {
        return strange();
    }
    let role = str::from_utf8(&body).ok().and_then(|it| Role::parse(it.strip_prefix("role=")?));
    let Some(role) = role else { return strange() };
    let Some(email) = Email::parse(&format!("{}@filodiretto.example", role.name())) else {
        return strange();
    };
    if let Err(err) = invite(&app, &email, role).await {
        error!("demonstration not prepared: {err}");
        return strange();
    }
    let identity = Identity { issuer: "local".to_owned(), subject: role.name().to_owned() };
    enter(&app, &headers, &Verified { identity, email, name: None }).await
}

async fn invite(app: &App, email: &Email, role: Role) -> Result<(), StoreError> {
    let now = app.clock.now();
    let person = Person {
        id: person_id(app, email),
        email: email.clone(),
        name: format!("Prova ({})", role.in_words()),
        role,
        invited_at: now,
        invited_by: "local".to_owned(),
        identity: None,
        joined_at: None,
        version: 1,
    };
    for line in app.store.lines().await?.iter() {
        match app.store.add_person(&line.id, &person, None, now).await {
            Ok(()) | Err(StoreError::Conflict) => {}
            Err(err) => return Err(err),
        }
    }
    Ok(())
}

/// Signs out. Who is not in is out already.
async fn leave(State(app): State<App>, headers: HeaderMap) -> Response {
    let Some(digest) = session(&headers) else { return page::out() };
    if !is_from_here(&headers) {
        return strange();
    }
    if let Err(err) = app.store.sign_out(&digest).await {
        error!("sign-out not served: {err}");
        let why = "Non è stato possibile uscire. Riprova tra poco.";
        return page::refused(StatusCode::SERVICE_UNAVAILABLE, why);
    }
    let mut response = page::out();
    if let Ok(gone) = set_cookie(&headers, "filodiretto", "", 0).parse() {
        response.headers_mut().append(SET_COOKIE, gone);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers<const N: usize>(all: [(&'static str, &'static str); N]) -> HeaderMap {
        all.into_iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn only_this_machine_goes_without_encryption() {
        for (host, want) in [
            ("127.0.0.1:3000", Some("http://127.0.0.1:3000")),
            ("localhost", Some("http://localhost")),
            ("[::1]:80", Some("http://[::1]:80")),
            ("comune.example", Some("https://comune.example")),
            ("127.0.0.1.comune.example", Some("https://127.0.0.1.comune.example")),
            ("localhost:3000.comune.example", Some("https://localhost:3000.comune.example")),
            ("comune.example/x", None),
            ("a@b", None),
            ("", None),
        ] {
            assert_eq!(origin(&headers([("host", host)])).as_deref(), want, "{host}");
        }
        assert_eq!(origin(&headers([])), None);
    }

    #[test]
    fn another_page_cannot_ask_for_somebody() {
        let host = ("host", "comune.example");
        assert!(is_from_here(&headers([host, ("origin", "https://comune.example")])));
        assert!(is_from_here(&headers([host, ("x-filo-diretto", "1")])));
        for elsewhere in ["http://comune.example", "https://other.example", "null", ""] {
            assert!(!is_from_here(&headers([host, ("origin", elsewhere)])), "{elsewhere}");
        }
        assert!(!is_from_here(&headers([host])));
    }

    #[test]
    fn a_cookie_is_as_closed_as_its_host_allows() {
        let abroad = headers([("host", "comune.example")]);
        let want = "__Host-filodiretto=x; Path=/; HttpOnly; SameSite=Lax; Max-Age=9; Secure";
        assert_eq!(set_cookie(&abroad, "filodiretto", "x", 9), want);
        let here = headers([("host", "127.0.0.1:1")]);
        let want = "filodiretto=x; Path=/; HttpOnly; SameSite=Lax; Max-Age=9";
        assert_eq!(set_cookie(&here, "filodiretto", "x", 9), want);
        let open = headers([("host", "comune.example"), ("cookie", "filodiretto=x")]);
        assert_eq!(cookie(&open, "filodiretto"), None, "one that another host may have set");
    }
}
