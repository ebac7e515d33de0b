// SPDX-License-Identifier: EUPL-1.2
//! What Meta says of itself when asked: tokens, apps and their webhooks, accounts and numbers.
//!
//! Source: reference/whatsapp-cloud-api, sections 0 and 10; the fields of an account are those of
//! Meta's own SDK, `WhatsAppBusinessAccount`.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use serde_json::{Map, Value, json};

use super::errors::Refusal;
use super::graph::{Answer, bearer, called_account, calling_app};
use super::options::{App, Number};
use super::{Meta, lock};

type Asked = HashMap<String, String>;

/// What a number's page and its account's pages say. The default is that all is well.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Unix seconds; 0 is never.
    pub token_expires_at: i64,
    /// What tokens may do. Without `whatsapp_business_management` accounts are closed to them.
    pub scopes: Vec<String>,
    /// Whether who made the tokens is an administrator or developer of the app. Others upload nothing
    /// to it.
    pub develops_app: bool,
    /// Fields of the app's webhook.
    pub webhook_fields: Vec<String>,
    /// Whether the account sends its webhooks to the app.
    pub subscribed: bool,
    /// The account's own address for webhooks, in place of the app's.
    pub override_callback: Option<String>,
    pub has_payment_method: bool,
    /// `verified`, `not_verified`, `pending` …
    pub business_verification: String,
    /// `CONNECTED`, `PENDING`, `BANNED` …
    pub status: String,
    /// `APPROVED`, `PENDING_REVIEW`, `DECLINED` …
    pub name_status: String,
    /// `GREEN`, `YELLOW`, `RED`, `UNKNOWN`.
    pub quality: String,
    /// What is wrong by kind of entity (`PHONE_NUMBER`, `WABA`, `BUSINESS`, `APP`): code and words.
    pub unwell: Vec<(String, u32, String)>,
}

impl Default for Standing {
    fn default() -> Self {
        let owned = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect();
        Self {
            token_expires_at: 0,
            scopes: owned(&["whatsapp_business_management", "whatsapp_business_messaging"]),
            develops_app: true,
            webhook_fields: owned(&[
                "account_alerts",
                "account_review_update",
                "account_update",
                "business_capability_update",
                "message_template_quality_update",
                "message_template_status_update",
                "messages",
                "phone_number_name_update",
                "phone_number_quality_update",
                "security",
                "template_category_update",
                "user_preferences",
            ]),
            subscribed: true,
            override_callback: None,
            has_payment_method: true,
            business_verification: "verified".to_owned(),
            status: "CONNECTED".to_owned(),
            name_status: "APPROVED".to_owned(),
            quality: "GREEN".to_owned(),
            unwell: Vec::new(),
        }
    }
}

impl Standing {
    /// As on a number or an account: the worst of its entities counts.
    fn health(&self) -> Value {
        let entities = ["PHONE_NUMBER", "WABA", "BUSINESS", "APP"].map(|kind| {
            let mut entity =
                json!({"entity_type": kind, "id": "1", "can_send_message": "AVAILABLE"});
            if let Some((_, code, words)) = self.unwell.iter().find(|it| it.0 == kind) {
                entity["can_send_message"] = "BLOCKED".into();
                entity["errors"] = json!([{"error_code": code, "error_description": words,
                    "possible_solution": "See the documentation."}]);
            }
            entity
        });
        let worst = if self.unwell.is_empty() { "AVAILABLE" } else { "BLOCKED" };
        json!({"can_send_message": worst, "entities": entities})
    }
}

impl Meta {
    /// Changes what Meta says of everybody's tokens, accounts and numbers.
    pub fn standing(&self, change: impl FnOnce(&mut Standing)) {
        change(&mut lock(&self.0.standing));
    }

    pub(crate) fn token_has_expired(&self) -> bool {
        let at = lock(&self.0.standing).token_expires_at;
        at != 0 && at <= self.0.clock.now().as_second()
    }

    pub(crate) fn tokens_may_manage(&self) -> bool {
        lock(&self.0.standing).scopes.iter().any(|it| it == "whatsapp_business_management")
    }

    fn standing_now(&self) -> Standing {
        lock(&self.0.standing).clone()
    }

    fn accounts_of<'a>(&'a self, app: &'a App) -> impl Iterator<Item = &'a str> {
        let numbers = self.0.numbers.iter().filter(|it| it.app == app.id);
        numbers.map(|it| it.messaging_account_id.as_str())
    }
}

/// The app whose `APP_ID|APP_SECRET` this is. Only what concerns the app itself takes it.
fn called_by_app(meta: &Meta, headers: &HeaderMap) -> Option<App> {
    let (id, secret) = bearer(headers)?.split_once('|')?;
    let apps = lock(&meta.0.apps);
    apps.iter().find(|it| it.id == id && it.secret == secret).cloned()
}

pub(crate) async fn debug_token(
    State(meta): State<Meta>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Answer {
    if called_by_app(&meta, &headers).is_none() {
        calling_app(&meta, &headers)?;
    }
    let input = asked.get("input_token");
    let input = input.ok_or_else(|| Refusal::new(100, "The parameter input_token is required."))?;
    let found = lock(&meta.0.apps).iter().find(|it| it.access_token == *input).cloned();
    let Some(app) = found else {
        let error = json!({"code": 190, "message": "Invalid OAuth access token."});
        return Ok(Json(json!({"data": {"error": error, "is_valid": false, "scopes": []}})));
    };
    let standing = meta.standing_now();
    let mut accounts: Vec<_> = meta.accounts_of(&app).collect();
    accounts.dedup();
    let granular = standing.scopes.iter().map(|it| json!({"scope": it, "target_ids": accounts}));
    Ok(Json(json!({"data": {
        "app_id": app.id,
        "application": app.id,
        "type": "SYSTEM_USER",
        "is_valid": !meta.token_has_expired(),
        "expires_at": standing.token_expires_at,
        "granular_scopes": granular.collect::<Vec<_>>(),
        "scopes": standing.scopes,
        "user_id": "1",
    }})))
}

/// Where the app's webhooks go. Only the app itself may ask.
pub(crate) async fn subscriptions(
    State(meta): State<Meta>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let app = called_by_app(&meta, &headers).filter(|it| it.id == id);
    let app = app.ok_or_else(|| Refusal::new(190, "Invalid OAuth access token signature."))?;
    let fields = meta.standing_now().webhook_fields;
    let fields: Vec<_> = fields.iter().map(|it| json!({"name": it, "version": "v25.0"})).collect();
    let data = app.webhook_url.iter().map(|url| {
        json!({"object": "whatsapp_business_account", "callback_url": url, "active": true,
            "fields": fields})
    });
    Ok(Json(json!({"data": data.collect::<Vec<_>>()})))
}

pub(crate) async fn subscribed_apps(
    State(meta): State<Meta>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    called_account(&meta, &headers, &id)?;
    let app = calling_app(&meta, &headers)?;
    let standing = meta.standing_now();
    let mut entry = json!({"whatsapp_business_api_data": {
        "id": app.id, "link": "https://www.facebook.com/games/?app_id=1", "name": app.id}});
    if let Some(url) = standing.override_callback {
        entry["override_callback_uri"] = url.into();
    }
    let data: Vec<_> = standing.subscribed.then_some(entry).into_iter().collect();
    Ok(Json(json!({"data": data})))
}

/// An account, with the fields that were asked for.
pub(crate) fn account(meta: &Meta, headers: &HeaderMap, id: &str, asked: &Asked) -> Answer {
    called_account(meta, headers, id)?;
    let standing = meta.standing_now();
    let name = meta.0.numbers.iter().find(|it| it.messaging_account_id == id).map(|it| &it.name);
    let mut node = json!({
        "id": id,
        "name": name,
        "timezone_id": "72",
        "currency": "EUR",
        "account_review_status": "APPROVED",
        "business_verification_status": standing.business_verification,
        "message_template_namespace": "0",
        "health_status": standing.health(),
    });
    if standing.has_payment_method {
        node["primary_funding_id"] = "1".into();
    }
    let by_default = ["name", "timezone_id", "message_template_namespace"];
    only(node, asked, &by_default, &["primary_funding_id"]).map(Json)
}

/// A number, with the fields that were asked for.
pub(crate) fn number(meta: &Meta, number: &Number, asked: &Asked) -> Answer {
    let standing = meta.standing_now();
    let tier = match number.portfolio_limit {
        None => "TIER_UNLIMITED",
        Some(..=250) => "TIER_250",
        Some(..=2_000) => "TIER_2K",
        Some(..=10_000) => "TIER_10K",
        Some(_) => "TIER_100K",
    };
    let level = if number.rate > 80 { "HIGH" } else { "STANDARD" };
    let apps = lock(&meta.0.apps);
    let url = apps.iter().find(|it| it.id == number.app).and_then(|it| it.webhook_url.as_deref());
    let mut webhook = json!({"application": url});
    drop(apps);
    if let Some(url) = &standing.override_callback {
        webhook["whatsapp_business_account"] = url.as_str().into();
    }
    let node = json!({
        "id": number.phone_number_id,
        "display_phone_number": number.display_number,
        "verified_name": number.name,
        "quality_rating": standing.quality,
        "code_verification_status": "VERIFIED",
        "name_status": standing.name_status,
        "status": standing.status,
        "throughput": {"level": level},
        "whatsapp_business_manager_messaging_limit": tier,
        "webhook_configuration": webhook,
        "health_status": standing.health(),
    });
    let by_default = [
        "display_phone_number",
        "verified_name",
        "quality_rating",
        "code_verification_status",
        "throughput",
        "webhook_configuration",
    ];
    only(node, asked, &by_default, &[]).map(Json)
}

/// `fields` of a node and its id; a field that may be absent is no error.
fn only(
    mut node: Value,
    asked: &Asked,
    by_default: &[&str],
    may_be_absent: &[&str],
) -> Result<Value, Refusal> {
    let fields: Vec<&str> = match asked.get("fields") {
        Some(fields) => fields.split(',').map(str::trim).collect(),
        None => by_default.to_vec(),
    };
    let mut answer = Map::from_iter([("id".to_owned(), node["id"].take())]);
    for field in fields {
        match node.get_mut(field) {
            Some(Value::Null) => {}
            Some(value) => drop(answer.insert(field.to_owned(), value.take())),
            None if may_be_absent.contains(&field) => {}
            None => {
                let details = format!("Tried accessing nonexisting field ({field})");
                return Err(Refusal::new(100, details));
            }
        }
    }
    Ok(answer.into())
}
