// SPDX-License-Identifier: EUPL-1.2
//! The provider with whom people sign in: any that speaks OpenID Connect.
//!
//! Authorization code with PKCE. Source: OpenID Connect Core 1.0 and Discovery 1.0, RFC 6749,
//! RFC 7636.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::access::sign_in::Claims;
use platform::http;
use platform::settings::{Oidc, Secret};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder, Url};
use ring::digest;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::token::{self, Keys};

const CONNECT_WITHIN: Duration = Duration::from_secs(3);
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A provider that moves tells long before.
const FRESH: Duration = Duration::from_hours(1);

/// What a sign-in is recognised by when it comes back. It waits in a cookie of the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
}

/// One provider. The HTTP client is made at the first sign-in, so starting costs nothing.
pub struct Provider {
    pub(crate) settings: Oidc,
    http: OnceLock<Client>,
    known: Mutex<Option<(Instant, Discovery)>>,
    keys: Mutex<Option<(Instant, Keys)>>,
}

#[derive(Clone, Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

impl Provider {
    pub fn new(settings: Oidc) -> Self {
        let (http, known, keys) = (OnceLock::new(), Mutex::default(), Mutex::default());
        Self { settings, http, known, keys }
    }

    /// Where somebody signs in, to come back to `back`.
    pub(crate) async fn sign_in_url(&self, entry: &Entry, back: &str) -> anyhow::Result<String> {
        let discovery = self.discovery().await?;
        let digest = digest::digest(&digest::SHA256, entry.verifier.as_bytes());
        let challenge = URL_SAFE_NO_PAD.encode(digest);
        let parameters = [
            ("response_type", "code"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", back),
            ("scope", "openid email profile"),
            ("state", &entry.state),
            ("nonce", &entry.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let url = Url::parse_with_params(&discovery.authorization_endpoint, parameters);
        Ok(url.context("read where to sign in")?.into())
    }

    /// Who came back with this code: the claims of a token whose signature is right.
    pub(crate) async fn claims(
        &self,
        code: &str,
        entry: &Entry,
        back: &str,
    ) -> anyhow::Result<Claims> {
        let discovery = self.discovery().await?;
        let token = self.exchange(&discovery, code, entry, back).await.context("redeem code")?;
        let known = self.keys(&discovery, FRESH).await?;
        let kid = token::key_id(&token)?;
        // A provider that has new keys signs with them at once.
        let keys = match kid.as_deref().filter(|it| !known.has(it)) {
            Some(_) => self.keys(&discovery, Duration::ZERO).await?,
            None => known,
        };
        keys.verify(&token).context("verify token")
    }

    async fn exchange(
        &self,
        discovery: &Discovery,
        code: &str,
        entry: &Entry,
        back: &str,
    ) -> anyhow::Result<String> {
        let Oidc { client_id, client_secret, .. } = &self.settings;
        let mut parameters = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", back),
            ("code_verifier", &entry.verifier),
        ];
        let ways = discovery.token_endpoint_auth_methods_supported.as_deref();
        let by_header = ways.is_none_or(|it| it.iter().any(|it| it == "client_secret_basic"));
        let mut request = self.http()?.post(&discovery.token_endpoint);
        match client_secret.as_ref().map(Secret::expose) {
            Some(secret) if by_header => {
                request = request.basic_auth(encoded(client_id), Some(encoded(secret)));
            }
            secret => {
                parameters.push(("client_id", client_id));
                parameters.extend(secret.map(|it| ("client_secret", it)));
            }
        }
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let tokens: Tokens = answer(request.body(form(&parameters))).await?;
        Ok(tokens.id_token)
    }

    async fn discovery(&self) -> anyhow::Result<Discovery> {
        if let Some(known) = fresh(&self.known, FRESH) {
            return Ok(known);
        }
        let issuer = &self.settings.issuer;
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let found: Discovery =
            answer(self.http()?.get(url)).await.context("ask the provider what it is")?;
        ensure!(found.issuer == *issuer, "the provider says that it is another");
        remember(&self.known, found.clone());
        Ok(found)
    }

    async fn keys(&self, discovery: &Discovery, age: Duration) -> anyhow::Result<Keys> {
        if let Some(known) = fresh(&self.keys, age) {
            return Ok(known);
        }
        let found: Keys =
            answer(self.http()?.get(&discovery.jwks_uri)).await.context("ask for its keys")?;
        remember(&self.keys, found.clone());
        Ok(found)
    }

    fn http(&self) -> anyhow::Result<&Client> {
        if let Some(client) = self.http.get() {
            return Ok(client);
        }
        let client = http::client()
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            .build()
            .map_err(|_| anyhow::anyhow!("no HTTP client"))?;
        Ok(self.http.get_or_init(|| client))
    }
}

/// An error of reqwest's quotes the address; one of serde's, what it choked on.
async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> anyhow::Result<T> {
    let sent = request.send().await;
    let response = sent.map_err(|err| {
        anyhow::anyhow!(if err.is_timeout() { "no answer in time" } else { "not reached" })
    })?;
    let status = response.status();
    ensure!(status.is_success(), "answered {}", status.as_u16());
    let body = response.bytes().await.map_err(|_| anyhow::anyhow!("answer broken off"))?;
    serde_json::from_slice(&body)
        .map_err(|err| anyhow::anyhow!("{:?} error at column {}", err.classify(), err.column()))
}

/// `a=1&b=2`
fn form(parameters: &[(&str, &str)]) -> String {
    let url = Url::parse_with_params("http://form.invalid/", parameters);
    url.ok().and_then(|it| it.query().map(str::to_owned)).unwrap_or_default()
}

/// As a form's value: RFC 6749, section 2.3.1, wants it even in the header.
fn encoded(text: &str) -> String {
    form(&[("", text)]).trim_start_matches('=').to_owned()
}

fn fresh<T: Clone>(known: &Mutex<Option<(Instant, T)>>, age: Duration) -> Option<T> {
    let known = known.lock().unwrap_or_else(PoisonError::into_inner);
    known.as_ref().filter(|(at, _)| at.elapsed() < age).map(|(_, it)| it.clone())
}

fn remember<T>(known: &Mutex<Option<(Instant, T)>>, it: T) {
    *known.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), it));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_form_is_encoded() {
        assert_eq!(form(&[("a", "1 2"), ("b", "à&=")]), "a=1+2&b=%C3%A0%26%3D");
        assert_eq!(encoded("=a:b"), "%3Da%3Ab");
    }
}
