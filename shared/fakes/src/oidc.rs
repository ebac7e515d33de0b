// SPDX-License-Identifier: EUPL-1.2
//! A provider of sign-in that speaks OpenID Connect, and can be made to lie.
//!
//! It keeps the rules: a code is good once, for the client, the address and the verifier that it
//! was asked for with. Source: OpenID Connect Core 1.0, RFC 6749, RFC 7636.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Query, State};
use axum::http::header::{AUTHORIZATION, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::Url;
use ring::digest;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;

/// Somebody who has an account there.
#[derive(Clone, Debug)]
pub struct Account {
    pub subject: String,
    pub email: String,
    /// `None` says nothing of it.
    pub email_verified: Option<bool>,
    pub name: String,
}

/// How it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    WrongNonce,
    Expired,
    WrongAudience,
    WrongIssuer,
    /// Signed with a key that it does not publish.
    ForeignKey,
    /// Signed, and changed afterwards.
    Touched,
    /// `"alg":"none"`
    NotSigned,
}

/// Serves until the runtime that it was started on ends.
#[derive(Clone)]
pub struct Provider {
    issuer: String,
    client: (String, String),
    state: Arc<Mutex<Town>>,
}

struct Town {
    now_seconds: i64,
    key: Key,
    account: Option<Account>,
    lie: Option<Lie>,
    codes: HashMap<String, HashMap<String, String>>,
}

struct Key {
    id: String,
    pair: EcdsaKeyPair,
}

impl Key {
    fn new() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("there is randomness");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random)
            .expect("a key that was just made");
        Self { id: Uuid::new_v4().simple().to_string(), pair }
    }

    fn published(&self) -> Value {
        // 4, then both coordinates.
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(32);
        let [x, y] = [x, y].map(|it| URL_SAFE_NO_PAD.encode(it));
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id,
            "x": x, "y": y })
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let parts = [header, claims].map(|it| URL_SAFE_NO_PAD.encode(it.to_string()));
        let signed = parts.join(".");
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = signature.expect("there is randomness");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl Provider {
    /// For one client with its secret. `now_seconds` is what its clock shows.
    pub async fn start(client: &str, secret: &str, now_seconds: i64) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let issuer = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(Mutex::new(Town {
            now_seconds,
            key: Key::new(),
            account: None,
            lie: None,
            codes: HashMap::new(),
        }));
        let provider = Self { issuer, client: (client.to_owned(), secret.to_owned()), state };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/keys", get(keys))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(provider)
    }

    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whoever comes to sign in from now on is this one.
    pub fn signs_in(&self, account: Account) {
        self.town().account = Some(account);
    }

    pub fn lies(&self, lie: Option<Lie>) {
        self.town().lie = lie;
    }

    /// Its clock goes on by so much.
    pub fn advances(&self, seconds: i64) {
        self.town().now_seconds += seconds;
    }

    /// From now on it signs with another key, and publishes only that one.
    pub fn rotates_keys(&self) {
        self.town().key = Key::new();
    }

    fn town(&self) -> MutexGuard<'_, Town> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn discovery(State(it): State<Provider>) -> Json<Value> {
    let issuer = &it.issuer;
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }))
}

async fn authorize(
    State(it): State<Provider>,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    let is = |name: &str, want: &str| asked.get(name).is_some_and(|it| it == want);
    let has = |name: &str| asked.get(name).is_some_and(|it| !it.is_empty());
    let is_good = is("response_type", "code")
        && is("client_id", &it.client.0)
        && is("code_challenge_method", "S256")
        && asked.get("scope").is_some_and(|it| it.split(' ').any(|it| it == "openid"))
        && ["redirect_uri", "state", "nonce", "code_challenge"].iter().all(|it| has(it));
    if !is_good {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let (code, state) = (Uuid::new_v4().simple().to_string(), asked["state"].clone());
    let back = [("code", code.as_str()), ("state", state.as_str())];
    let Ok(url) = Url::parse_with_params(&asked["redirect_uri"], back) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    it.town().codes.insert(code, asked);
    (StatusCode::SEE_OTHER, [(LOCATION, url.to_string())]).into_response()
}

async fn token(State(it): State<Provider>, headers: HeaderMap, body: String) -> Response {
    let refused =
        |why: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": why }))).into_response();
    let client = format!("{}:{}", it.client.0, it.client.1);
    let want = format!("Basic {}", STANDARD.encode(client));
    if headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok()) != Some(&want) {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_client" })))
            .into_response();
    }
    let form = Url::parse(&format!("http://form.invalid/?{body}"));
    let form: HashMap<String, String> =
        form.map(|it| it.query_pairs().into_owned().collect()).unwrap_or_default();
    let get = |name: &str| form.get(name).cloned().unwrap_or_default();
    let mut town = it.town();
    // Good once, whatever comes of it.
    let Some(asked) = town.codes.remove(&get("code")) else { return refused("invalid_grant") };
    let digest = digest::digest(&digest::SHA256, get("code_verifier").as_bytes());
    let is_good = get("grant_type") == "authorization_code"
        && get("redirect_uri") == asked["redirect_uri"]
        && URL_SAFE_NO_PAD.encode(digest) == asked["code_challenge"];
    let Some(account) = town.account.clone().filter(|_| is_good) else {
        return refused("invalid_grant");
    };
    let (lie, now) = (town.lie, town.now_seconds);
    let or = |when: Lie, lied: &str, truth: &str| {
        if lie == Some(when) { lied.to_owned() } else { truth.to_owned() }
    };
    let mut claims = json!({
        "iss": or(Lie::WrongIssuer, "https://elsewhere.example", &it.issuer),
        "aud": or(Lie::WrongAudience, "another-client", &it.client.0),
        "nonce": or(Lie::WrongNonce, "another-nonce", &asked["nonce"]),
        "sub": account.subject,
        "iat": now,
        "exp": if lie == Some(Lie::Expired) { now - 3_600 } else { now + 300 },
        "email": account.email,
        "name": account.name,
    });
    if let Some(verified) = account.email_verified {
        claims["email_verified"] = verified.into();
    }
    let header = json!({ "alg": "ES256", "typ": "JWT", "kid": town.key.id });
    let honest = town.key.sign(&header, &claims);
    let parts: Vec<_> = honest.split('.').collect();
    let token = match lie {
        Some(Lie::ForeignKey) => Key::new().sign(&header, &claims),
        Some(Lie::Touched) => {
            claims["email"] = "admin@comune.example".into();
            let touched = URL_SAFE_NO_PAD.encode(claims.to_string());
            format!("{}.{touched}.{}", parts[0], parts[2])
        }
        Some(Lie::NotSigned) => {
            let header = URL_SAFE_NO_PAD.encode(json!({ "alg": "none" }).to_string());
            format!("{header}.{}.", parts[1])
        }
        _ => honest,
    };
    Json(json!({
        "id_token": token, "access_token": "unused", "token_type": "Bearer", "expires_in": 300,
    }))
    .into_response()
}

async fn keys(State(it): State<Provider>) -> Json<Value> {
    Json(json!({ "keys": [it.town().key.published()] }))
}
