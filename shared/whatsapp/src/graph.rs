// SPDX-License-Identifier: EUPL-1.2
//! The client of Meta's Graph API: sends one message and says for certain what came of it, or
//! that nobody can say.
//!
//! Nothing is tried twice in here, not even by the HTTP client: the API has no idempotency key,
//! so who sends again is the domain's decision. One call was certainly not done and is made again:
//! Meta did not take the token (190), and there is a newer one.
//!
//! Source: Cloud API, reference/whatsapp-business-phone-number/message-api.

mod answer;
mod media;
mod request;
mod templates;

pub use media::{MediaAt, NotFetched};

use std::sync::OnceLock;
use std::time::Duration;

use domain::failure::Failure;
use domain::ids::{MessageId, PhoneNumberId, UserId};
use domain::message::Outgoing;
use domain::moderation::AtMeta;
use domain::phone::Phone;
use platform::apps::AccessToken;
use platform::http;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde_json::Value;
use tokio::time::timeout;

pub use templates::{NotTaken, Submitted};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const TIMEOUT: Duration = Duration::from_secs(10);
/// A connection that rested longer is not trusted: between two invocations Lambda freezes the
/// process, and a POST into a connection that Meta closed meanwhile is an answer lost.
const MAX_IDLE: Duration = Duration::from_secs(15);
/// Whether a person still wants the message was asked a moment ago, and must be true when it goes.
const RENEW_WITHIN: Duration = Duration::from_millis(500);

/// One Graph API. The HTTP client is made at the first call, so starting costs nothing.
#[derive(Debug)]
pub struct Graph {
    /// Without a slash at its end.
    base_url: String,
    version: String,
    timeout: Duration,
    http: OnceLock<reqwest::Client>,
}

/// Whom a message goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To<'a> {
    Phone(&'a Phone),
    UserId(&'a UserId),
}

/// Meta took a message. Whether it arrives, the statuses tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub message_id: MessageId,
    /// Meta keeps it back while it judges the template's quality (`message_status`); it goes out
    /// later or fails with 132015.
    pub held: bool,
}

impl Graph {
    /// `base_url` as `https://graph.facebook.com`, `version` as `v25.0`.
    pub fn new(base_url: &str, version: impl Into<String>) -> Self {
        Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            version: version.into(),
            timeout: TIMEOUT,
            http: OnceLock::new(),
        }
    }

    /// Sends one message from a business number.
    ///
    /// `callback` comes back with every status of this message: our id of the send, at most 512
    /// characters and nothing personal. Takes at most 10 seconds.
    /// [`domain::failure::verdict`] says what a failure asks for.
    pub async fn send(
        &self,
        token: &AccessToken,
        from: &PhoneNumberId,
        to: To<'_>,
        message: &Outgoing,
        callback: &str,
    ) -> Result<Accepted, Failure> {
        let body = request::message(to, message, callback);
        let (http, answer) = self.post(token, from, &body).await?;
        answer::accepted(http, &answer)
    }

    /// Uploads a file that messages of this business number may bring: its media id, which lives
    /// for 30 days. `file_name` is ASCII without quotes; the type one of those that Meta takes.
    ///
    /// Nothing reaches anybody by it, so whatever the failure, it may be tried again.
    ///
    /// Source: Cloud API, business-phone-numbers/media.
    pub async fn upload(
        &self,
        token: &AccessToken,
        from: &PhoneNumberId,
        file_name: &str,
        mime_type: &str,
        bytes: &[u8],
    ) -> Result<String, Failure> {
        let url = format!("{}/{}/{from}/media", self.base_url, self.version);
        let (content_type, body) = request::upload(file_name, mime_type, bytes);
        let request = self.http()?.post(url).header(CONTENT_TYPE, content_type).body(body);
        let (http, answer) = self.answer_to(token, request).await?;
        answer::uploaded(http, &answer)
    }

    /// Uploads a file that shows Meta's reviewers what a template may have on top: the handle that
    /// names it in a submission. `file_name` is ASCII; the type one of
    /// [`domain::media::may_be_example`].
    ///
    /// It belongs to an app, and `app` is the one whose token this is, so that nobody has to know its
    /// id. Nothing reaches anybody by it, so whatever the failure, it may be tried again.
    ///
    /// Source: Graph API, Resumable Upload API; for `app`, Meta's own Cloud API collection.
    pub async fn upload_example(
        &self,
        token: &AccessToken,
        file_name: &str,
        mime_type: &str,
        bytes: &[u8],
    ) -> Result<String, Failure> {
        let length = bytes.len().to_string();
        let query = [("file_name", file_name), ("file_length", &length), ("file_type", mime_type)];
        let url = format!("{}/{}/app/uploads", self.base_url, self.version);
        let url = Url::parse_with_params(&url, query).map_err(|_| Failure::NotSent)?;
        let (http, answer) = self.answer_to(token, self.http()?.post(url)).await?;
        let session = answer::session(http, &answer)?;
        // It has a query of its own.
        let url = format!("{}/{}/{session}", self.base_url, self.version);
        let request = self.http()?.post(url).header("file_offset", "0");
        let request = request.header(CONTENT_TYPE, mime_type).body(bytes.to_vec());
        let (http, answer) = self.answer_as("OAuth", token, request).await?;
        answer::handle(http, &answer)
    }

    /// Takes an uploaded file away from Meta before its 30 days are over.
    pub async fn delete_media(&self, token: &AccessToken, media_id: &str) -> Result<(), Failure> {
        let url = format!("{}/{}/{media_id}", self.base_url, self.version);
        let (http, answer) = self.answer_to(token, self.http()?.delete(url)).await?;
        answer::done(http, &answer)
    }

    /// Blocks somebody for a business number: Meta takes no message of theirs for it any more. Only
    /// who wrote in the last 24 hours can be blocked. Twice is once.
    ///
    /// Source: Cloud API, block-users.
    pub async fn block(&self, token: &AccessToken, from: &PhoneNumberId, to: To<'_>) -> AtMeta {
        /// As for a message outside the service window.
        const TOO_LATE: i64 = 131_047;
        let Ok(http) = self.http() else { return AtMeta::Refused };
        let request = http.post(self.block_users(from)).json(&request::blocked(to));
        let Ok((http, body)) = self.answer_to(token, request).await else { return AtMeta::Refused };
        match answer::not_blocked(&body) {
            None if answer::done(http, &body).is_ok() => AtMeta::Blocked,
            Some(TOO_LATE) => AtMeta::TooLate,
            _ => AtMeta::Refused,
        }
    }

    /// Ends what [`Graph::block`] began. Twice is once.
    pub async fn unblock(
        &self,
        token: &AccessToken,
        from: &PhoneNumberId,
        to: To<'_>,
    ) -> Result<(), Failure> {
        let request = self.http()?.delete(self.block_users(from)).json(&request::blocked(to));
        let (http, answer) = self.answer_to(token, request).await?;
        answer::done(http, &answer)
    }

    fn block_users(&self, number: &PhoneNumberId) -> String {
        format!("{}/{}/{number}/block_users", self.base_url, self.version)
    }

    /// Reads a node or an edge of the Graph API: `path` as `{id}/message_templates`, with the
    /// parameters of its query. What comes back is Meta's own shape.
    ///
    /// Nothing changes by it, so whatever the failure, it may be tried again.
    pub async fn read(
        &self,
        token: &AccessToken,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Value, Failure> {
        let url = format!("{}/{}/{path}", self.base_url, self.version);
        let url = Url::parse_with_params(&url, query).map_err(|_| Failure::NotSent)?;
        let (http, answer) = self.answer_to(token, self.http()?.get(url)).await?;
        answer::read(http, &answer)
    }

    /// Shows the person that this message and those before it were read.
    ///
    /// With `typing` they also see that we are writing, until the answer or for 25 seconds: only
    /// if an answer follows.
    pub async fn mark_read(
        &self,
        token: &AccessToken,
        from: &PhoneNumberId,
        message_id: &MessageId,
        typing: bool,
    ) -> Result<(), Failure> {
        let (http, answer) = self.post(token, from, &request::read(message_id, typing)).await?;
        answer::done(http, &answer)
    }

    async fn post(
        &self,
        token: &AccessToken,
        from: &PhoneNumberId,
        body: &Value,
    ) -> Result<(u16, Vec<u8>), Failure> {
        let url = format!("{}/{}/{from}/messages", self.base_url, self.version);
        self.answer_to(token, self.http()?.post(url).json(body)).await
    }

    /// The status of the answer and its body, empty if it broke off: then the status is all we
    /// know.
    async fn answer_to(
        &self,
        token: &AccessToken,
        request: reqwest::RequestBuilder,
    ) -> Result<(u16, Vec<u8>), Failure> {
        self.answer_as("Bearer", token, request).await
    }

    /// As [`Self::answer_to`], for the one call whose token has another scheme.
    async fn answer_as(
        &self,
        scheme: &str,
        token: &AccessToken,
        request: reqwest::RequestBuilder,
    ) -> Result<(u16, Vec<u8>), Failure> {
        let request = request.timeout(self.timeout);
        let again = request.try_clone();
        let (http, body) = asked(request, scheme, token).await?;
        if answer::token_not_taken(http, &body)
            && let Some(again) = again
            && let Ok(Some(newer)) = timeout(RENEW_WITHIN, token.renewed()).await
        {
            return asked(again, scheme, &newer).await;
        }
        Ok((http, body))
    }

    fn http(&self) -> Result<&reqwest::Client, Failure> {
        if let Some(client) = self.http.get() {
            return Ok(client);
        }
        let client = http::client()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(MAX_IDLE)
            .build()
            .map_err(|_| Failure::NotSent)?;
        Ok(self.http.get_or_init(|| client))
    }
}

async fn asked(
    request: reqwest::RequestBuilder,
    scheme: &str,
    token: &AccessToken,
) -> Result<(u16, Vec<u8>), Failure> {
    let credentials = format!("{scheme} {}", token.expose());
    let mut credentials = HeaderValue::try_from(credentials).map_err(|_| Failure::NotSent)?;
    credentials.set_sensitive(true);
    let sent = request.header(AUTHORIZATION, credentials).send().await;
    let response = sent.map_err(|it| not_answered(&it))?;
    let http = response.status().as_u16();
    let body = response.bytes().await.map(Vec::from).unwrap_or_default();
    Ok((http, body))
}

/// No status line came. Only what failed before there was a connection is certainly not sent.
fn not_answered(error: &reqwest::Error) -> Failure {
    if error.is_connect() || error.is_builder() { Failure::NotSent } else { Failure::AnswerLost }
}

#[cfg(test)]
mod tests;
