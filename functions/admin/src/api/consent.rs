// SPDX-License-Identifier: EUPL-1.2
//! Consent asked for off WhatsApp, recorded by an operator with its proof.

use domain::access::Scope;
use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::contact::{AskedBy, ConsentChange, ConsentSource};
use domain::conversation::{self, Wish};
use domain::ids::{ContactId, TopicId};
use domain::line::Line;
use jiff::Timestamp;
use platform::events::Event;
use platform::random;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{MessageKey, StoreError};
use tracing::{info, warn};
use utoipa::ToSchema;

use super::body::Body;
use super::broadcasts::moment;
use super::caller::needs;
use super::once::{self, Key};
use super::problem::{FieldError, Problem};
use super::routes::{Routes, routes};
use super::scope::{self, OfLine};
use super::shape;
use crate::App;

/// Times a wish is recorded anew because the person writes at the same time.
const TRIES: usize = 3;

/// A name or an office.
const OPERATOR_LIMIT: usize = 200;

/// Where the proof is kept, or what it says.
const PROOF_LIMIT: usize = 2000;

pub(crate) fn routes() -> Routes {
    needs(&[Scope::Desk, Scope::Privacy], routes!(record))
}

/// What somebody asked for off WhatsApp.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AskedConsent, example = json!({
    "action": "subscribe", "asked_at": "2026-11-20T10:00:00+01:00", "channel": "counter",
    "proof": "Modulo firmato, protocollo 1234/2026", "operator": "URP",
}))]
pub(crate) struct Request {
    action: Action,
    topics: Option<Vec<String>>,
    #[schema(format = DateTime)]
    asked_at: String,
    #[schema(schema_with = super::requests::channels)]
    channel: String,
    /// Where the proof is kept, or what it says.
    #[schema(min_length = 1, max_length = 2000)]
    proof: String,
    #[schema(min_length = 1, max_length = 200)]
    operator: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = ConsentAction)]
#[serde(rename_all = "lowercase")]
enum Action {
    Subscribe,
    Unsubscribe,
    Topics,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecordedConsent {
    contact: String,
    at: shape::Time,
    change: &'static str,
    /// False where the person has said something newer.
    applied: bool,
    topics: Vec<String>,
}

/// A request that can be recorded.
struct Checked {
    wish: Wish,
    asked_at: Timestamp,
    source: ConsentSource,
}

/// Records what somebody asked for on paper, at the counter, by e-mail or telephone, as of the
/// moment at which they asked. Nothing is sent to them.
///
/// Only for a contact that is there: who never wrote to the line has none.
#[utoipa::path(post, path = "/contacts/{id}/consent", tag = "contacts",
    operation_id = "contacts.consent", params(Key), request_body = Request,
    responses((status = 201, body = RecordedConsent)))]
pub(crate) async fn record(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Path<HashMap<String, String>>,
    key: Key,
    body: Body<Request>,
) -> Result<Response, Problem> {
    let missing = || {
        Problem::not_found(
            "Questo contatto non esiste. Si registra la richiesta di chi ha già scritto alla \
             linea almeno una volta: cercarlo con /contacts/search.",
        )
    };
    let id = scope::id(&path, "id").map(ContactId::new).ok_or_else(missing)?;
    if let Some(before) = key.answered(&app, &line, &body.bytes).await? {
        return Ok(before);
    }
    let now = app.clock.now();
    let asked = checked(&body.value, &line, now)?;
    // The request's key names the event too: the same one twice is one.
    let name = MessageKey::new(key.hash().map_or_else(random::key, str::to_owned));
    for _ in 0..TRIES {
        let loaded = app.store.load_contact(&line.id, &id).await?.ok_or_else(missing)?;
        let Checked { wish, asked_at, source } = &asked;
        let (contact, event) =
            conversation::record(&loaded.contact, wish, *asked_at, source, &line)
                .map_err(|why| Problem::conflict(why.to_string()))?;
        let applied = !matches!(event.change, ConsentChange::Outdated { .. });
        // It is remembered, so it says nothing that an erasure would have to find.
        let answer = RecordedConsent {
            contact: contact.id.as_str().to_owned(),
            at: shape::time(event.at),
            change: event.change.name(),
            applied,
            topics: contact.topics().iter().map(|it| it.as_str().to_owned()).collect(),
        };
        let said = once::once(&app, &body.bytes, StatusCode::CREATED, &answer);
        let once = key.hash().map(|_| &said);
        let change = (&contact, &event);
        match app.store.save_asked(&line.id, &loaded, change, &name, once, now).await {
            Ok(()) => {
                info!(line.id = %line.id, contact.id = %contact.id, applied, "recorded consent");
                tell(&app, &line, &event.change).await;
                return Ok(once::json(StatusCode::CREATED, said.answer));
            }
            // The same request at the same time was faster, or the person wrote.
            Err(StoreError::Conflict) => {
                if let Some(before) = key.answered(&app, &line, &body.bytes).await? {
                    return Ok(before);
                }
            }
            Err(err) => return Err(err.into()),
        }
    }
    Err(StoreError::Conflict.into())
}

fn checked(asked: &Request, line: &Line, now: Timestamp) -> Result<Checked, Problem> {
    let mut errors = Vec::new();
    let asked_at = moment(Some(&asked.asked_at), "/asked_at", &mut errors).unwrap_or(now);
    let mut wrong = |at: &str, detail: String| errors.push(FieldError::new(at, detail));
    if asked_at > now {
        let detail = "Questo momento deve ancora venire: scrivere quando è stato chiesto.";
        wrong("/asked_at", detail.to_owned());
    }
    let channel = AskedBy::parse(&asked.channel);
    if channel.is_none() {
        let known = AskedBy::ALL.map(AskedBy::name).join(", ");
        wrong("/channel", format!("Usare uno di: {known}."));
    }
    for (at, text, limit) in
        [("/proof", &asked.proof, PROOF_LIMIT), ("/operator", &asked.operator, OPERATOR_LIMIT)]
    {
        if !(1..=limit).contains(&text.trim().chars().count()) {
            wrong(at, format!("Scrivere un testo da 1 a {limit} caratteri."));
        }
    }
    let topics: Vec<_> = asked.topics.iter().flatten().map(TopicId::new).collect();
    for (n, topic) in topics.iter().enumerate() {
        if line.topic(topic).is_none() {
            let known: Vec<_> = line.topics.iter().map(|it| it.id.as_str()).collect();
            wrong(&format!("/topics/{n}"), format!("Usare uno di: {}.", known.join(", ")));
        }
    }
    let detail = match asked.action {
        Action::Topics if topics.is_empty() => {
            "Indicare almeno un argomento. Chi non ne vuole più si cancella (unsubscribe)."
        }
        Action::Unsubscribe if asked.topics.is_some() => {
            "Chi si cancella lascia tutti gli argomenti: togliere questo campo."
        }
        _ => "",
    };
    if !detail.is_empty() {
        wrong("/topics", detail.to_owned());
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let wish = match asked.action {
        Action::Subscribe => Wish::Subscribe(topics),
        Action::Unsubscribe => Wish::Unsubscribe,
        Action::Topics => Wish::Topics(topics),
    };
    let source = ConsentSource::Operator {
        who: asked.operator.trim().to_owned(),
        channel,
        proof: asked.proof.trim().to_owned(),
    };
    Ok(Checked { wish, asked_at, source })
}

/// Lets the comune's other systems know, without saying who. Lost if the bus is away: the counts
/// are there to be asked for.
pub(super) async fn tell(app: &App, line: &Line, change: &ConsentChange) {
    let Some(detail_type) = change.announced_as() else { return };
    let detail = json!({ "line": line.id.as_str() });
    if let Err(err) = app.bus.publish(Event { detail_type, detail }).await {
        warn!(line.id = %line.id, "event {detail_type} lost: {err}");
    }
}
