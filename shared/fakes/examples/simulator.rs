// SPDX-License-Identifier: EUPL-1.2
//! The page alone, with a line that answers by rote: to work on the page without the stack.
//!
//! `cargo run -p fakes --example simulator`, then <http://127.0.0.1:3999/simulator>.

use axum::Json;
use axum::extract::State;
use axum::routing::post;
use fakes::meta::{App, Category, Meta, MetaOptions, Number, Template, TemplateHeader, WriteBody};
use platform::clock::Clock;
use serde_json::{Value, json};

const ADDRESS: &str = "127.0.0.1:3999";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let meta = Meta::open(MetaOptions {
        clock: Clock::System,
        apps: vec![App {
            id: "default".to_owned(),
            secret: "secret".to_owned(),
            access_token: "token".to_owned(),
            webhook_url: Some(format!("http://{ADDRESS}/webhook")),
        }],
        numbers: vec![
            number("1", "pordenone", "Comune di Pordenone", &["ISCRIVIMI", "CANCELLAMI"]),
            number(
                "2",
                "barberino-demografici",
                "Barberino di Mugello · Servizi demografici",
                &["iscrizione", "cancellazione"],
            ),
        ],
        templates: vec![Template {
            messaging_account_id: "account".to_owned(),
            name: "viabilita".to_owned(),
            category: Category::Utility,
            header: Some(TemplateHeader::Text("Viabilità".to_owned())),
            body: "Domani *{{via}}* è chiusa al traffico dalle 8 alle 18 per lavori alla rete \
                   dell'acqua."
                .to_owned(),
            footer: Some("Per non ricevere più avvisi scrivi CANCELLAMI".to_owned()),
            parameters: vec!["via".to_owned()],
            ..Template::default()
        }],
        ..MetaOptions::default()
    })?;
    say_something(&meta)?;
    // After `open`, which chooses the TLS library that a client asks for.
    let http = reqwest::Client::builder().no_proxy().build()?;
    let app = meta
        .graph()
        .merge(meta.simulator())
        .merge(axum::Router::new().route("/webhook", post(answer)).with_state(http));
    let listener = tokio::net::TcpListener::bind(ADDRESS).await?;
    tokio::spawn(async move { meta.run(std::future::pending()).await });
    Ok(axum::serve(listener, app).await?)
}

fn number(id: &str, line: &str, name: &str, hints: &[&str]) -> Number {
    Number {
        phone_number_id: id.to_owned(),
        messaging_account_id: "account".to_owned(),
        display_number: format!("+39 333 000 999{id}"),
        name: name.to_owned(),
        line: line.to_owned(),
        hints: hints.iter().map(|it| (*it).to_owned()).collect(),
        ..Number::default()
    }
}

/// So that the page has something to show.
fn say_something(meta: &Meta) -> anyhow::Result<()> {
    meta.write(
        "393330000001",
        "pordenone",
        WriteBody::Media {
            kind: "document".to_owned(),
            mime_type: "application/pdf".to_owned(),
            bytes: b"%PDF".to_vec(),
            file_name: Some("domanda-residenza.pdf".to_owned()),
            caption: Some("Buongiorno, vi mando la domanda. È giusta così?".to_owned()),
        },
    )?;
    meta.write("393330000002", "pordenone", "<b>ciao</b>")?;
    Ok(())
}

/// Answers each text with buttons and a notice, each tap with a list.
async fn answer(State(http): State<reqwest::Client>, Json(body): Json<Value>) {
    let messages = body.pointer("/entry/0/changes/0/value/messages").and_then(Value::as_array);
    for message in messages.into_iter().flatten() {
        let Some(from) = message["from"].as_str() else { continue };
        let number = body.pointer("/entry/0/changes/0/value/metadata/phone_number_id");
        let number = number.and_then(Value::as_str).unwrap_or("1").to_owned();
        let (from, id) = (from.to_owned(), message["id"].clone());
        let is_tap = message["type"] == "interactive";
        let http = http.clone();
        tokio::spawn(async move {
            for send in answers(&from, &id, is_tap) {
                post_to_graph(&http, &number, &send).await;
            }
        });
    }
}

fn answers(to: &str, heard: &Value, is_tap: bool) -> Vec<Value> {
    let read = json!({"messaging_product": "whatsapp", "status": "read", "message_id": heard,
        "typing_indicator": {"type": "text"}});
    let interactive = |it: Value| {
        json!({"messaging_product": "whatsapp", "to": format!("+{to}"), "type": "interactive",
            "interactive": it})
    };
    if is_tap {
        let list =
            interactive(json!({"type": "list", "body": {"text": "Di che cosa ti scriviamo?"},
            "action": {"button": "Scegli", "sections": [{"title": "Argomenti", "rows": [
                {"id": "s", "title": "Scadenze", "description": "Tasse, bandi, iscrizioni"},
                {"id": "e", "title": "Eventi", "description": "Feste, mostre, concerti"}]}]}}));
        return vec![read, list];
    }
    let welcome = interactive(json!({"type": "button",
        "body": {"text": "Benvenuta! Da oggi ricevi le notizie del *Comune di Pordenone*.\n\nLa \
                 _policy_ è su https://www.comune.pordenone.it/whatsapp. Se non la accetti, \
                 scrivi CANCELLAMI."},
        "action": {"buttons": [
            {"type": "reply", "reply": {"id": "argomenti", "title": "Argomenti"}},
            {"type": "reply", "reply": {"id": "aiuto", "title": "Aiuto"}}]}}));
    let notice = json!({"messaging_product": "whatsapp", "to": format!("+{to}"),
        "type": "template", "template": {"name": "viabilita", "language": {"code": "it"},
            "components": [{"type": "body", "parameters": [
                {"type": "text", "parameter_name": "via", "text": "via Montereale"}]}]}});
    vec![read, welcome, notice]
}

async fn post_to_graph(http: &reqwest::Client, number: &str, body: &Value) {
    let sent = http
        .post(format!("http://{ADDRESS}/v26.0/{number}/messages"))
        .bearer_auth("token")
        .json(body)
        .send()
        .await;
    if let Err(err) = sent {
        tracing::warn!("answer not sent: {:#}", err.without_url());
    }
}
