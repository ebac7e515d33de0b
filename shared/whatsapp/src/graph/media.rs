// SPDX-License-Identifier: EUPL-1.2
//! Files at Meta: where one is, and all of it.
//!
//! Source: Cloud API, business-phone-numbers/media.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::failure::Failure;
use domain::ids::PhoneNumberId;
use platform::apps::AccessToken;
use reqwest::Url;
use reqwest::header::{LOCATION, USER_AGENT};
use ring::digest::{Context, SHA256};
use serde_json::Value;

use super::{Graph, not_answered};

/// What a download may answer with before the file comes.
const REDIRECTS: usize = 3;

/// Meta's hosts answer 404 to who does not say what they are.
const NAME: &str = "filodiretto/1";

/// Where a file is, for five minutes.
#[derive(Clone, PartialEq, Eq)]
pub struct MediaAt {
    url: String,
    pub mime_type: String,
    sha256: String,
    /// As Meta says, which need not be true.
    pub bytes: Option<u64>,
}

/// Why a file did not come.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFetched {
    /// The address is older than five minutes, or the file than seven days.
    #[error("file is not there")]
    NotThere,
    #[error("file is larger than allowed")]
    TooLarge,
    /// Its hash is not the one that Meta named.
    #[error("file came damaged")]
    Damaged,
    /// Nothing changed by it, so it may be tried again.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl Graph {
    /// Where a file is that a citizen sent to this number. 404, or Meta's 100, once it is gone.
    pub async fn media(
        &self,
        token: &AccessToken,
        number: &PhoneNumberId,
        media_id: &str,
    ) -> Result<MediaAt, NotFetched> {
        let query = [("phone_number_id", number.as_str())];
        match self.read(token, media_id, &query).await {
            Ok(found) => at(&found).ok_or(NotFetched::Failed(Failure::AnswerLost)),
            Err(failure) if is_no_such_object(&failure) => Err(NotFetched::NotThere),
            Err(failure) => Err(failure.into()),
        }
    }

    /// All of a file, of at most `limit` bytes, within so much time.
    ///
    /// The token goes to the address that Meta named and not to where that may lead: another host
    /// would have it then.
    pub async fn download(
        &self,
        token: &AccessToken,
        at: &MediaAt,
        limit: u64,
        within: Duration,
    ) -> Result<Vec<u8>, NotFetched> {
        if at.bytes.is_some_and(|it| it > limit) {
            return Err(NotFetched::TooLarge);
        }
        let coming = self.follow(token, at, limit);
        tokio::time::timeout(within, coming)
            .await
            .unwrap_or(Err(NotFetched::Failed(Failure::AnswerLost)))
    }

    async fn follow(
        &self,
        token: &AccessToken,
        at: &MediaAt,
        limit: u64,
    ) -> Result<Vec<u8>, NotFetched> {
        let first = self.safe(&at.url).ok_or(Failure::NotSent)?;
        let mut next = first.clone();
        for _ in 0..=REDIRECTS {
            let mut request = self.http()?.get(next.clone()).header(USER_AGENT, NAME);
            if next.origin() == first.origin() {
                request = request.bearer_auth(token.expose());
            }
            let response = request.send().await.map_err(|it| not_answered(&it))?;
            let http = response.status().as_u16();
            match http {
                200..=299 => return whole(response, at, limit).await,
                300..=399 => {
                    let to = response.headers().get(LOCATION).and_then(|it| it.to_str().ok());
                    let to = to.and_then(|it| next.join(it).ok());
                    next = to.and_then(|it| self.safe(it.as_str())).ok_or(Failure::AnswerLost)?;
                }
                404 | 410 => return Err(NotFetched::NotThere),
                500.. => return Err(Failure::ServerError { http }.into()),
                _ => return Err(Failure::Refused { http }.into()),
            }
        }
        Err(NotFetched::Failed(Failure::AnswerLost))
    }

    /// An address as encrypted as the Graph API's own.
    fn safe(&self, url: &str) -> Option<Url> {
        let url = Url::parse(url).ok()?;
        let plain = self.base_url.starts_with("http://") && url.scheme() == "http";
        (url.scheme() == "https" || plain).then_some(url)
    }
}

/// Counted and hashed as it comes, whatever was said of its size.
async fn whole(
    mut response: reqwest::Response,
    at: &MediaAt,
    limit: u64,
) -> Result<Vec<u8>, NotFetched> {
    let mut hash = Context::new(&SHA256);
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Failure::AnswerLost)? {
        if (bytes.len() + chunk.len()) as u64 > limit {
            return Err(NotFetched::TooLarge);
        }
        hash.update(&chunk);
        bytes.extend_from_slice(&chunk);
    }
    let sum = hash.finish();
    if is_hash(&at.sha256, sum.as_ref()) { Ok(bytes) } else { Err(NotFetched::Damaged) }
}

/// Meta writes it in hexadecimal or in base64.
fn is_hash(text: &str, sum: &[u8]) -> bool {
    let hex = sum.iter().fold(String::new(), |text, it| text + &format!("{it:02x}"));
    text.eq_ignore_ascii_case(&hex) || text == STANDARD.encode(sum)
}

fn at(found: &Value) -> Option<MediaAt> {
    let text = |name: &str| found.get(name).and_then(Value::as_str).map(str::to_owned);
    let size = found.get("file_size");
    Some(MediaAt {
        url: text("url")?,
        mime_type: text("mime_type").unwrap_or_default(),
        sha256: text("sha256")?,
        bytes: size.and_then(|it| it.as_u64().or_else(|| it.as_str()?.parse().ok())),
    })
}

/// `(#100) Unsupported get request. Object … does not exist`, with 400 or 404.
fn is_no_such_object(failure: &Failure) -> bool {
    match failure {
        Failure::Coded { code, .. } => *code == 100,
        Failure::Refused { http } => matches!(http, 404 | 410),
        _ => false,
    }
}
