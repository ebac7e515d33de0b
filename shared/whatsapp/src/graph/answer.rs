// SPDX-License-Identifier: EUPL-1.2
//! What the Graph API's answer means: taken, refused, or nobody can say.

use domain::failure::Failure;
use domain::ids::MessageId;
use serde_json::Value;
use tracing::debug;

use super::Accepted;

/// Reads the answer to a send.
pub(super) fn accepted(http: u16, body: &[u8]) -> Result<Accepted, Failure> {
    let answer = checked(http, body)?;
    let message = answer.pointer("/messages/0").ok_or(Failure::AnswerLost)?;
    let id = message.get("id").and_then(Value::as_str).filter(|it| !it.is_empty());
    let message_id = MessageId::new(id.ok_or(Failure::AnswerLost)?);
    let status = message.get("message_status").and_then(Value::as_str);
    let held = matches!(status, Some("held_for_quality_assessment" | "paused"));
    Ok(Accepted { message_id, held })
}

/// Reads the answer to an upload: Meta's media id.
pub(super) fn uploaded(http: u16, body: &[u8]) -> Result<String, Failure> {
    text(http, body, "id")
}

/// Reads the answer to the beginning of a resumable upload: `upload:…`, where it goes on.
pub(super) fn session(http: u16, body: &[u8]) -> Result<String, Failure> {
    let id = text(http, body, "id")?;
    if id.starts_with("upload:") { Ok(id) } else { Err(Failure::AnswerLost) }
}

/// Reads the answer to the end of a resumable upload: what names the file elsewhere.
pub(super) fn handle(http: u16, body: &[u8]) -> Result<String, Failure> {
    text(http, body, "h")
}

fn text(http: u16, body: &[u8], name: &str) -> Result<String, Failure> {
    let answer = checked(http, body)?;
    let text = answer.get(name).and_then(Value::as_str).filter(|it| !it.is_empty());
    text.map(str::to_owned).ok_or(Failure::AnswerLost)
}

/// Reads the answer to a call that brings nothing back: any success will do.
pub(super) fn done(http: u16, body: &[u8]) -> Result<(), Failure> {
    match checked(http, body) {
        Ok(_) | Err(Failure::AnswerLost) => Ok(()),
        Err(failure) => Err(failure),
    }
}

/// Why one user could not be blocked, where Meta says so: the code of the first.
pub(super) fn not_blocked(body: &[u8]) -> Option<i64> {
    let answer = serde_json::from_slice::<Value>(body).ok()?;
    answer.pointer("/block_users/failed_users/0/errors/0/code")?.as_i64()
}

/// Reads the answer to a question.
pub(super) fn read(http: u16, body: &[u8]) -> Result<Value, Failure> {
    checked(http, body)
}

/// What a refusal says beside its code.
pub(super) fn subcode(body: &[u8]) -> Option<i64> {
    serde_json::from_slice::<Value>(body).ok()?["error"]["error_subcode"].as_i64()
}

/// Meta did nothing, since it does not take the token: it expired, or was replaced.
pub(super) fn token_not_taken(http: u16, body: &[u8]) -> bool {
    matches!(checked(http, body), Err(Failure::Coded { code: 190, .. }))
}

/// The JSON of a success.
///
/// An error that Meta names counts as one whatever the status says. Without a name the status
/// decides, and a success that cannot be read may have sent the message.
fn checked(http: u16, body: &[u8]) -> Result<Value, Failure> {
    let answer = serde_json::from_slice::<Value>(body).ok();
    if let Some(failure) = answer.as_ref().and_then(|it| coded(http, it)) {
        return Err(failure);
    }
    match http {
        200..=299 => answer.ok_or(Failure::AnswerLost),
        500.. => Err(Failure::ServerError { http }),
        _ => Err(Failure::Refused { http }),
    }
}

fn coded(http: u16, answer: &Value) -> Option<Failure> {
    let error = answer.get("error")?;
    let code = match error.get("code")? {
        Value::String(digits) => digits.parse().ok()?,
        code => code.as_i64()?,
    };
    let transient = error.get("is_transient").and_then(Value::as_bool).unwrap_or_default();
    // Meta's support asks for this id. It says nothing of the person.
    let trace_id = error.get("fbtrace_id").and_then(Value::as_str).unwrap_or_default();
    debug!(meta.code = code, meta.trace_id = trace_id, http.status = http, "Meta refused a call");
    Some(Failure::Coded { code, http, transient })
}
