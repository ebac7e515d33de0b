// SPDX-License-Identifier: EUPL-1.2
//! A broadcast sent to the office's own phones, to see it before the citizens do.
//!
//! What makes a repetition harmless: each number is claimed under the request's idempotency key before
//! the message goes.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::access::Scope;
use domain::broadcast::{Broadcast, State as Stands};
use domain::cost;
use domain::failure::{self, Failure, Verdict};
use domain::line::{Line, Template};
use domain::message::{FilledTemplate, HeaderMedia, Outgoing};
use domain::phone::Phone;
use domain::rate;
use platform::random;
use serde::{Deserialize, Serialize};
use store::StoreError;
use tracing::warn;
use utoipa::ToSchema;
use whatsapp::graph::To;

use super::body::Body;
use super::broadcasts::{Ids, find, parameter_error};
use super::caller::needs;
use super::media;
use super::once::{self, Key};
use super::problem::{FieldError, Problem};
use super::routes::{Routes, routes};
use super::scope::OfLine;
use super::shape::{Eur, eur};
use crate::App;

/// Numbers in one request.
const MOST: usize = 5;

pub(crate) fn routes() -> Routes {
    needs(&[Scope::BroadcastWrite], routes!(send))
}

/// Whom to send it to: numbers that the line has for this (`[authoring] test_numbers`).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTrial, example = json!({ "to": ["+39 333 000 0001"] }))]
pub(crate) struct Trial {
    #[schema(min_items = 1, max_items = 5)]
    to: Vec<String>,
}

/// How it went, and what it costs at most. It is in none of the broadcast's other counts.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tried {
    sent: i64,
    cost_eur: Eur,
    items: Vec<TriedOn>,
}

#[derive(Serialize, ToSchema)]
struct TriedOn {
    /// Masked.
    #[schema(example = "+39 333 ••• ••01")]
    number: String,
    /// `sent`, `refused`, `unresolved` if nobody knows, `already_sent` by the same request before.
    #[schema(example = "sent")]
    outcome: &'static str,
    reason: Option<String>,
}

/// Sends a broadcast to the office's own phones, whatever state it is in. Nobody else gets it.
#[utoipa::path(post, path = "/broadcasts/{id}/test", tag = "broadcasts",
    operation_id = "broadcasts.test", params(Key), request_body = Trial,
    responses((status = 200, body = Tried)))]
pub(crate) async fn send(
    State(app): State<App>,
    OfLine(line): OfLine,
    Path(path): Ids,
    key: Key,
    body: Body<Trial>,
) -> Result<Response, Problem> {
    if let Some(before) = key.answered(&app, &line, &body.bytes).await? {
        return Ok(before);
    }
    let now = app.clock.now();
    let it = find(&app, &line, &path).await?;
    if it.state == Stands::Cancelled {
        return Err(Problem::conflict("Il messaggio è annullato: non si può più provare."));
    }
    let phones = numbers(&body.value, &line)?;
    let template = line.template(&it.message.name, &it.message.language);
    let template = template.ok_or_else(|| {
        Problem::conflict("Il modello di questo messaggio non è più tra quelli della linea.")
    })?;
    template
        .fill(&it.message.parameters, &line)
        .map_err(|problems| Problem::invalid(problems.iter().map(parameter_error).collect()))?;
    let header = media::ready_header(&app, &line, &it.message, now, now).await?;
    let message = Outgoing::Template(filled(template, &it, header));
    let token = app.apps.access_token(&line.app);
    let token = token.ok_or_else(|| Problem::conflict("La linea non ha una chiave di Meta."))?;
    let request = key.hash().map_or_else(random::key, str::to_owned);
    let mut items = Vec::new();
    for phone in &phones {
        let claim = app.pseudonym.of(&format!("test {} {request} {}", it.id, phone.expose()));
        let claimed = once::once(&app, &body.bytes, StatusCode::OK, &());
        let (outcome, reason) = match app.store.remember(&line.id, &claim, &claimed, now).await {
            Err(StoreError::Conflict) => ("already_sent", None),
            Err(err) => return Err(err.into()),
            Ok(()) => {
                let (number, cost_ms) = (&line.phone_number_id, rate::cost_ms(1, line.rate));
                app.store.debit(number, app.clock.now().as_millisecond(), cost_ms).await?;
                let callback = format!("t:{}", it.id);
                let to = To::Phone(phone);
                outcome_of(app.graph.send(&token, number, to, &message, &callback).await.map(drop))
            }
        };
        items.push(TriedOn { number: phone.masked(), outcome, reason });
    }
    let sent = items.iter().filter(|it| matches!(it.outcome, "sent" | "unresolved"));
    let sent = i64::try_from(sent.count()).unwrap_or(0);
    if sent > 0 {
        app.store.count_tests(&it.id, sent).await?;
    }
    let cost_eur = eur(cost::at_most(template.category, sent, now));
    let answer = Tried { sent, cost_eur, items };
    key.answer(&app, &line, &body.bytes, StatusCode::OK, &answer).await
}

fn numbers(asked: &Trial, line: &Line) -> Result<Vec<Phone>, Problem> {
    let mut errors = Vec::new();
    if !(1..=MOST).contains(&asked.to.len()) {
        errors.push(FieldError::new("/to", format!("Indicare da 1 a {MOST} numeri.")));
    }
    let mut phones: Vec<Phone> = Vec::new();
    for (n, number) in asked.to.iter().enumerate() {
        let known = |it: &Phone| line.authoring.test_numbers.contains(it);
        match Phone::parse(number).ok().filter(known) {
            Some(phone) if phones.contains(&phone) => {}
            Some(phone) => phones.push(phone),
            None => errors.push(FieldError::new(
                format!("/to/{n}"),
                "Questo numero non è tra quelli di prova della linea. Chi gestisce il servizio li \
                 scrive nelle impostazioni.",
            )),
        }
    }
    if errors.is_empty() { Ok(phones) } else { Err(Problem::invalid(errors)) }
}

fn filled(template: &Template, it: &Broadcast, header: Option<HeaderMedia>) -> FilledTemplate {
    let wanted = &it.message;
    let value = |name: &String| wanted.parameters.get(name).map_or("", |it| it.trim()).to_owned();
    FilledTemplate {
        name: template.name.clone(),
        language: template.language.clone(),
        parameters: template.parameters.iter().map(|it| (it.clone(), value(it))).collect(),
        header,
        quick_reply: None,
    }
}

fn outcome_of(sent: Result<(), Failure>) -> (&'static str, Option<String>) {
    let Err(failure) = sent else { return ("sent", None) };
    warn!("a test message was not sent: {failure}");
    let code = match failure {
        Failure::Coded { code, .. } => Some(code),
        _ => None,
    };
    match failure::verdict(&failure) {
        Verdict::Unresolved | Verdict::OnceMore { .. } => (
            "unresolved",
            Some("Non sappiamo se Meta l'ha inviato: guardare sul telefono.".to_owned()),
        ),
        _ => ("refused", Some(failure::reason_it(code))),
    }
}
