// SPDX-License-Identifier: EUPL-1.2
//! Meta's error codes with the HTTP status and words they come with.
//!
//! Source: Cloud API error codes, DOC/support/error-codes.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A request Meta does not accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: u32,
    pub(crate) subcode: Option<u32>,
    pub(crate) details: String,
    status: Option<u16>,
}

/// `(code, HTTP status, title)`.
const CODES: &[(u32, u16, &str)] = &[
    (0, 401, "AuthException"),
    (1, 400, "API Unknown"),
    (2, 503, "API Service"),
    (3, 500, "API Method"),
    (4, 400, "API Too Many Calls"),
    (10, 403, "Permission Denied"),
    (33, 400, "Parameter value is not valid"),
    (100, 400, "Invalid parameter"),
    (190, 401, "Invalid OAuth access token - Cannot parse access token"),
    (
        200,
        403,
        "You do not have the necessary permissions to send messages on behalf of this asset",
    ),
    (368, 403, "Temporarily blocked for policies violations"),
    (80007, 400, "Rate limit issues"),
    (80008, 400, "There have been too many calls to this WhatsApp Business account"),
    (130_403, 400, "Message failed to send because the user is blocked by this business"),
    (130_429, 400, "Rate limit hit"),
    (130_472, 400, "User's number is part of an experiment"),
    (130_497, 403, "Business account is restricted from messaging users in this country"),
    (131_000, 500, "Something went wrong"),
    (131_005, 403, "Access denied"),
    (131_008, 400, "Required parameter is missing"),
    (131_009, 400, "Parameter value is not valid"),
    (131_016, 500, "Service unavailable"),
    (131_021, 400, "Recipient cannot be sender"),
    (131_026, 400, "Message undeliverable"),
    (131_030, 400, "Recipient phone number not in allowed list"),
    (131_031, 403, "Account has been locked"),
    (131_037, 400, "Display name approval required"),
    (131_042, 400, "Business eligibility payment issue"),
    (131_045, 500, "Incorrect certificate"),
    (131_047, 400, "Re-engagement message"),
    (131_048, 400, "Spam rate limit hit"),
    (131_049, 400, "Meta chose not to deliver"),
    (131_050, 400, "User has stopped marketing messages from this business"),
    (131_051, 400, "Unsupported message type"),
    (131_052, 400, "Media download error"),
    (131_053, 400, "Media upload error"),
    (131_056, 400, "(Business Account, Consumer Account) pair rate limit hit"),
    (131_057, 500, "Account in maintenance mode"),
    (132_000, 400, "Number of parameters does not match the expected number of params"),
    (132_001, 404, "Template name does not exist in the translation"),
    (132_005, 400, "Template hydrated text too long"),
    (132_007, 400, "Template format character policy violated"),
    (132_012, 400, "Template parameter format mismatch"),
    (132_015, 400, "Template is paused"),
    (132_016, 400, "Template is disabled"),
    (132_018, 400, "Template parameter validation error"),
    (133_010, 400, "Phone number not registered"),
    (135_000, 400, "Generic user error"),
    (139_100, 400, "Failed to block or unblock some users"),
];

fn entry(code: u32) -> (u16, &'static str) {
    CODES
        .iter()
        .find(|(it, ..)| *it == code)
        .map_or((400, "Unknown error"), |(_, status, title)| (*status, title))
}

impl Refusal {
    pub(crate) fn new(code: u32, details: impl Into<String>) -> Self {
        Self { code, subcode: None, details: details.into(), status: None }
    }

    /// A node that is not there or not readable: Meta answers 400, code 100, subcode 33.
    pub(crate) fn no_such_object() -> Self {
        Self {
            subcode: Some(33),
            ..Self::new(100, "Unsupported request. Object does not exist or cannot be loaded.")
        }
    }

    /// What is wrong with a template: code 100, and the subcode that says it.
    pub(crate) fn of_template(subcode: u32, details: &str) -> Self {
        Self { subcode: Some(subcode), ..Self::new(100, details) }
    }

    /// An HTTP error that says nothing of what became of the message.
    pub(crate) fn server_error(status: u16) -> Self {
        let code = if status == 503 { 2 } else { 1 };
        Self { status: Some(status), ..Self::new(code, "Please retry your request later.") }
    }

    pub(crate) fn status(&self) -> u16 {
        self.status.unwrap_or(entry(self.code).0)
    }

    /// The body of the answer.
    pub(crate) fn body(&self) -> Value {
        let mut error = json!({
            "message": format!("(#{}) {}", self.code, entry(self.code).1),
            "type": "OAuthException",
            "code": self.code,
            "error_data": {"messaging_product": "whatsapp", "details": self.details},
            "fbtrace_id": "ASimulatedTraceId",
        });
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = subcode.into();
        }
        if self.status() >= 500 {
            error["is_transient"] = true.into();
        }
        json!({ "error": error })
    }

    /// The same as an element of `statuses[].errors[]`.
    pub(crate) fn in_status(code: u32) -> Value {
        let title = entry(code).1;
        json!({
            "code": code,
            "title": title,
            "message": title,
            "error_data": {"details": details_of(code)},
            "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
        })
    }
}

/// What `error_data.details` says where the request does not tell more.
pub(crate) fn details_of(code: u32) -> &'static str {
    match code {
        131_026 => "Message Undeliverable.",
        131_047 => {
            "Message failed to send because more than 24 hours have passed since the customer \
             last replied to this number."
        }
        131_050 => "The recipient has chosen to stop receiving marketing messages.",
        132_015 => "Template is paused or the message was cut by pacing.",
        _ => "See the error code.",
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(err: rusqlite::Error) -> Self {
        tracing::error!("simulator's store: {err:#}");
        Self::new(131_000, "The simulator could not use its store.")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self.body())).into_response()
    }
}
