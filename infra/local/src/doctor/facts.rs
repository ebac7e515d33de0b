// SPDX-License-Identifier: EUPL-1.2
//! What can be seen of a deployment from outside, in the shapes that AWS and Meta give it.
//!
//! What could not be seen is an error that says how it failed, and the rest goes on without it.

use domain::failure::Failure;
use serde_json::Value;

/// What Meta answered, or how it did not.
pub type FromMeta<T> = Result<T, Failure>;

/// What AWS answered, or the code of its error.
pub type FromAws<T> = Result<T, String>;

/// How a webhook answered, or why it did not.
pub type Answered = Result<Reply, Silence>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    /// Whether the body was the challenge, byte for byte.
    pub is_challenge: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// No connection: a wrong name, a certificate nobody vouches for, a closed port.
    NotReached,
    TooLate,
}

/// How the webhook of an app answers what Meta sends, and what anybody could.
#[derive(Clone, Debug)]
pub struct Webhook {
    pub right_token: Answered,
    pub wrong_token: Answered,
    pub wrong_signature: Answered,
    /// A signed POST with nothing in it; one for each secret of the app.
    pub signed: Vec<Answered>,
}

/// `debug_token` of an app's access token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    pub app_id: String,
    /// `SYSTEM_USER`, `USER` …
    pub kind: String,
    pub is_valid: bool,
    /// Unix seconds; 0 is never.
    pub expires_at: i64,
    pub scopes: Vec<String>,
    /// The messaging accounts it may manage; `None` is all there are.
    pub accounts: Option<Vec<String>>,
}

/// Where an app's webhooks go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscription {
    pub callback_url: String,
    pub active: bool,
    pub fields: Vec<String>,
}

/// A business number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Number {
    pub display_number: String,
    pub status: String,
    pub name_status: String,
    pub quality: String,
    /// `STANDARD`, `HIGH` …
    pub throughput: String,
    /// `TIER_2K` …
    pub tier: String,
    /// Where what concerns this number is posted: its own address, its account's, or the app's.
    pub webhook: Option<String>,
    /// `AVAILABLE`, `LIMITED`, `BLOCKED`.
    pub can_send: String,
    pub unwell: Vec<Unwell>,
}

/// What keeps a number from sending, as Meta's `health_status` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwell {
    /// `PHONE_NUMBER`, `WABA`, `BUSINESS`, `APP`.
    pub entity: String,
    pub code: i64,
}

/// A template as Meta has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    pub name: String,
    pub language: String,
    pub status: String,
    pub category: String,
    pub rejected_reason: String,
    /// Words on top.
    pub header: Option<String>,
    /// What is on top in place of words: `IMAGE` …
    pub header_media: Option<String>,
    pub body: String,
    pub footer: Option<String>,
    pub buttons: Vec<String>,
}

/// How much waits in a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    pub visible: u64,
    pub delayed: u64,
    pub in_flight: u64,
}

fn text(of: &Value) -> String {
    of.as_str().unwrap_or_default().to_owned()
}

fn items(of: &Value) -> &[Value] {
    of.as_array().map_or(&[], Vec::as_slice)
}

fn texts(of: &Value) -> Vec<String> {
    items(of).iter().map(text).collect()
}

impl Token {
    /// Source: Graph API, `debug_token`.
    pub fn read(answer: &Value) -> Self {
        let data = &answer["data"];
        let management = items(&data["granular_scopes"])
            .iter()
            .find(|it| it["scope"] == "whatsapp_business_management");
        let accounts = management.map(|it| texts(&it["target_ids"])).filter(|it| !it.is_empty());
        Self {
            app_id: text(&data["app_id"]),
            kind: text(&data["type"]),
            is_valid: data["is_valid"] == true,
            expires_at: data["expires_at"].as_i64().unwrap_or_default(),
            scopes: texts(&data["scopes"]),
            accounts,
        }
    }
}

impl Subscription {
    /// The app's webhook for WhatsApp, if it has one. Source: Graph API, application/subscriptions.
    pub fn read(answer: &Value) -> Option<Self> {
        let mut all = items(&answer["data"]).iter();
        let ours = all.find(|it| it["object"] == "whatsapp_business_account")?;
        Some(Self {
            callback_url: text(&ours["callback_url"]),
            active: ours["active"] == true,
            fields: items(&ours["fields"]).iter().map(|it| text(&it["name"])).collect(),
        })
    }
}

impl Number {
    /// What [`Number::read`] reads.
    pub const FIELDS: &str = "display_phone_number,status,name_status,quality_rating,throughput,\
        whatsapp_business_manager_messaging_limit,webhook_configuration,health_status";

    /// Source: whatsapp-cloud-api, section 10.2.
    pub fn read(node: &Value) -> Self {
        let webhooks = &node["webhook_configuration"];
        let webhook = ["phone_number", "whatsapp_business_account", "application"]
            .map(|it| text(&webhooks[it]))
            .into_iter()
            .find(|it| !it.is_empty());
        let health = &node["health_status"];
        let unwell = items(&health["entities"]).iter().flat_map(|entity| {
            items(&entity["errors"]).iter().map(|error| Unwell {
                entity: text(&entity["entity_type"]),
                code: error["error_code"].as_i64().unwrap_or_default(),
            })
        });
        Self {
            display_number: text(&node["display_phone_number"]),
            status: text(&node["status"]),
            name_status: text(&node["name_status"]),
            quality: text(&node["quality_rating"]),
            throughput: text(&node["throughput"]["level"]),
            tier: text(&node["whatsapp_business_manager_messaging_limit"]),
            webhook,
            can_send: text(&health["can_send_message"]),
            unwell: unwell.collect(),
        }
    }
}

impl Template {
    /// What [`Template::read`] reads.
    pub const FIELDS: &str = "name,language,status,category,rejected_reason,components";

    /// Source: whatsapp-cloud-api, section 10.3.
    pub fn read(node: &Value) -> Self {
        let component = |kind: &str| {
            items(&node["components"])
                .iter()
                .find(|it| it["type"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(kind)))
        };
        let words = |kind: &str| component(kind).map(|it| text(&it["text"]));
        let media = component("HEADER").map(|it| text(&it["format"])).filter(|it| it != "TEXT");
        let buttons = component("BUTTONS").map(|it| items(&it["buttons"])).unwrap_or_default();
        Self {
            name: text(&node["name"]),
            language: text(&node["language"]).replace('-', "_"),
            status: text(&node["status"]),
            category: text(&node["category"]),
            rejected_reason: text(&node["rejected_reason"]),
            header: words("HEADER").filter(|_| media.is_none()),
            header_media: media,
            body: words("BODY").unwrap_or_default(),
            footer: words("FOOTER"),
            buttons: buttons.iter().map(|it| text(&it["text"])).collect(),
        }
    }
}

/// The ids of the apps that an account sends its webhooks to.
pub fn subscribed_apps(answer: &Value) -> Vec<String> {
    items(&answer["data"]).iter().map(|it| text(&it["whatsapp_business_api_data"]["id"])).collect()
}
