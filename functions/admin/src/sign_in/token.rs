// SPDX-License-Identifier: EUPL-1.2
//! ID tokens: signed by a key that the provider publishes. Source: RFC 7515, RFC 7517, RFC 7518.
//!
//! Two algorithms and no others: RS256, which every provider has to know, and ES256.

use anyhow::{Context, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::access::sign_in::Claims;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A token that is longer is none.
const MAX_BYTES: usize = 16 * 1024;

/// The keys that a provider publishes.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Keys {
    keys: Vec<Jwk>,
}

/// What we do not know of a key may be anything: other kinds of key stand beside ours.
#[derive(Clone, Debug, Deserialize)]
struct Jwk {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, rename = "use")]
    used_for: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood: we understand none.
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Said {
    iss: String,
    sub: String,
    aud: OneOrMany,
    azp: Option<String>,
    nonce: Option<String>,
    exp: i64,
    nbf: Option<i64>,
    iat: i64,
    email: Option<String>,
    /// Some say it as text.
    email_verified: Option<Value>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// Which key a token was signed with, if it says so.
pub(crate) fn key_id(token: &str) -> anyhow::Result<Option<String>> {
    Ok(header(token)?.kid)
}

impl Keys {
    pub(crate) fn has(&self, kid: &str) -> bool {
        self.keys.iter().any(|it| it.kid.as_deref() == Some(kid))
    }

    /// The claims of a token, once its signature is right.
    pub(crate) fn verify(&self, token: &str) -> anyhow::Result<Claims> {
        let header = header(token)?;
        ensure!(header.crit.is_none(), "a token that must be understood otherwise");
        let (signed, signature) = token.rsplit_once('.').context("no signature")?;
        let (_, payload) = signed.split_once('.').context("no payload")?;
        let signature = URL_SAFE_NO_PAD.decode(signature).context("read signature")?;
        let kty = match header.alg.as_str() {
            "RS256" => "RSA",
            "ES256" => "EC",
            _ => bail!("a signature of a kind that is not accepted"),
        };
        let mut fitting = self.keys.iter().filter(|it| {
            it.kty == kty
                && it.used_for.as_deref().is_none_or(|it| it == "sig")
                && (header.kid.is_none() || it.kid == header.kid)
        });
        let key = fitting.next().context("signed with a key that the provider does not have")?;
        ensure!(fitting.next().is_none(), "it does not say with which key it is signed");
        key.verify(signed.as_bytes(), &signature)?;
        claims(payload)
    }
}

impl Jwk {
    fn verify(&self, signed: &[u8], signature: &[u8]) -> anyhow::Result<()> {
        let part = |text: &str| URL_SAFE_NO_PAD.decode(text).context("read key");
        let verified = if self.kty == "RSA" {
            let key = RsaPublicKeyComponents { n: part(&self.n)?, e: part(&self.e)? };
            key.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
        } else {
            ensure!(self.crv.as_deref() == Some("P-256"), "a curve that is not accepted");
            let point = [vec![4], part(&self.x)?, part(&self.y)?].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature)
        };
        verified.ok().context("wrong signature")
    }
}

fn header(token: &str) -> anyhow::Result<Header> {
    ensure!(token.len() <= MAX_BYTES, "too long");
    ensure!(token.bytes().filter(|it| *it == b'.').count() == 2, "not three parts");
    read(token.split('.').next().unwrap_or_default()).context("read header")
}

fn claims(payload: &str) -> anyhow::Result<Claims> {
    let said: Said = read(payload).context("read claims")?;
    let is_true = |it: Value| it == Value::Bool(true) || it == "true";
    Ok(Claims {
        issuer: said.iss,
        subject: said.sub,
        audience: match said.aud {
            OneOrMany::One(it) => vec![it],
            OneOrMany::Many(all) => all,
        },
        authorized_party: said.azp,
        nonce: said.nonce,
        expires: said.exp,
        not_before: said.nbf,
        issued: said.iat,
        email: said.email,
        email_verified: said.email_verified.map(is_true),
        name: said.name,
    })
}

/// serde's errors quote what they choked on.
fn read<T: DeserializeOwned>(part: &str) -> anyhow::Result<T> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok().context("not base64url")?;
    serde_json::from_slice(&bytes)
        .map_err(|err| anyhow::anyhow!("{:?} error at column {}", err.classify(), err.column()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Made with openssl; nobody has the private key any more.
    const MODULUS: &str = "qStBjatTPfAasGvAah2x5OKaja5JoncWAdxjamd3-sslGf_1ODQ3saxSRkS-HDKHBo6ecZBszOOJxPjh\
     vGD_lvC2RepTc3t6HF7Ce2WkgKDH8f9lEhtW4Qqdru-aU95Z10rU1qna5FbHb-LmWoJy8OQHzq8-_IZM\
     HBdpnfiJN8_ZLe1-3NW_7vpczp6nGHVZkWRiNrbtMrtyxGsC1TyBpoljVxjCiEmxzPbxdfAYZ8Jmb_Rq\
     aPiGKn9X5usJdiXZfoWi7DH9xlInwL8iByfqvKTJQw8D3FhXfWXz1E9yVPDziTj1guZ3Ku9yW4gpu-gi\
     Hi5NrkrK3aL45cRfXAgu9w";
    const TOKEN: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6InIifQ.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJzd\
     WIiOiJhIiwiYXVkIjoiZmlsb2RpcmV0dG8iLCJleHAiOjE3OTU1MDc1MDAsImlhdCI6MTc5NTUwNzIwM\
     CwiZW1haWxfdmVyaWZpZWQiOiJ0cnVlIn0.J48kPZuU0idFmvBGdLrFuB16pKx1-1D6xkyw7ZIkPyWgl\
     L0pEG_Zma8rgWI6j_koFEqR3TL1F008A_I1H8AatA__WlTrjsMsEzRK4gl5weLakki-0y-6Wl2jDY55m\
     doDIwq4sf1EB-K1J5k_ASEhuXLZj53GhXpyWeYTaIb7t8w7yYyH23i02VMSepaMCK4AlxYCzLpMkBNB3\
     WQwJ-cxOsSUeVruskKwiLRHjbdF7An2eky_lihzNsB1ZvXpx3JVeAld7MUwJ1EtjgIV87ci8Fhq6pMmG\
     HVNjZYvINz9e20IllcnTBWvSMSRwWdN-HyTORtbQn02DKr_Vz9ZDmHoww";

    fn keys(more: &Value) -> Keys {
        let rsa = json!({ "kty": "RSA", "kid": "r", "use": "sig", "n": MODULUS, "e": "AQAB" });
        serde_json::from_value(json!({ "keys": [rsa, more] })).unwrap()
    }

    fn part(value: &Value) -> String {
        URL_SAFE_NO_PAD.encode(value.to_string())
    }

    #[test]
    fn a_token_is_read_once_its_signature_is_right() {
        let claims = keys(&json!({ "kty": "OKP" })).verify(TOKEN).unwrap();
        assert_eq!((claims.subject.as_str(), claims.email_verified), ("a", Some(true)));
        assert_eq!(claims.audience, ["filodiretto"]);
        assert_eq!(key_id(TOKEN).unwrap().as_deref(), Some("r"));
    }

    #[test]
    fn a_token_that_was_touched_is_not() {
        let keys = keys(&json!({ "kty": "RSA", "kid": "s", "n": "AQAB", "e": "AQAB" }));
        let [header, payload, signature] = *TOKEN.split('.').collect::<Vec<_>>().as_slice() else {
            panic!("three parts")
        };
        let other =
            part(&json!({ "iss": "https://login.example", "sub": "b", "aud": "filodiretto",
            "exp": 1_795_507_500, "iat": 1_795_507_200 }));
        let with = |header: Value| format!("{}.{payload}.{signature}", part(&header));
        let shortened = &signature[..signature.len() - 4];
        for wrong in [
            format!("{header}.{other}.{signature}"),
            format!("{header}.{payload}."),
            format!("{header}.{payload}"),
            format!("{header}.{payload}.{signature}.{signature}"),
            format!("{header}.{payload}.{shortened}"),
            with(json!({ "alg": "none", "kid": "r" })),
            with(json!({ "alg": "HS256", "kid": "r" })),
            with(json!({ "alg": "ES256", "kid": "r" })),
            with(json!({ "alg": "RS256", "kid": "s" })),
            with(json!({ "alg": "RS256", "kid": "t" })),
            with(json!({ "alg": "RS256" })),
            with(json!({ "alg": "RS256", "kid": "r", "crit": ["b64"] })),
            String::new(),
            "..".to_owned(),
            "x".repeat(MAX_BYTES + 1),
        ] {
            assert!(keys.verify(&wrong).is_err(), "{wrong}");
        }
    }
}
