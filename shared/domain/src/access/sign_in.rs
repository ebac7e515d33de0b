// SPDX-License-Identifier: EUPL-1.2
//! What a provider says of somebody who signed in, and whether it is to be believed.
//!
//! Source: OpenID Connect Core 1.0, section 3.1.3.7. The signature is verified before.

use jiff::{Timestamp, ToSpan};

use super::person::{Email, Identity, NAME_LIMIT};

/// The clocks of provider and us differ by no more, in seconds.
const CLOCKS_DIFFER: i64 = 60;

/// Claims of an ID token whose signature is right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    pub issuer: String,
    pub subject: String,
    pub audience: Vec<String>,
    /// `azp`
    pub authorized_party: Option<String>,
    pub nonce: Option<String>,
    /// Seconds since 1970.
    pub expires: i64,
    pub not_before: Option<i64>,
    pub issued: i64,
    pub email: Option<String>,
    /// `None` if the provider says nothing of it.
    pub email_verified: Option<bool>,
    pub name: Option<String>,
}

/// What they must say.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub client: &'a str,
    pub nonce: &'a str,
    /// The provider is the comune's own, which gives out the addresses itself.
    pub trusts_addresses: bool,
}

/// Somebody whose address is theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub identity: Identity,
    pub email: Email,
    pub name: Option<String>,
}

/// Why the claims are not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("another issuer")]
    Issuer,
    #[error("for another client")]
    Audience,
    #[error("no answer to this sign-in")]
    Nonce,
    #[error("expired")]
    Expired,
    #[error("not valid yet")]
    NotYet,
    #[error("no subject")]
    Subject,
    #[error("no address")]
    NoEmail,
    #[error("address not verified")]
    NotVerified,
}

pub fn verify(
    claims: &Claims,
    expected: Expected<'_>,
    now: Timestamp,
) -> Result<Verified, Refused> {
    let seconds = now.as_second();
    let of_us = |it: &String| it == expected.client;
    if claims.issuer != expected.issuer {
        return Err(Refused::Issuer);
    }
    if !claims.audience.iter().any(of_us) || !claims.authorized_party.iter().all(of_us) {
        return Err(Refused::Audience);
    }
    if claims.nonce.as_deref() != Some(expected.nonce) {
        return Err(Refused::Nonce);
    }
    if claims.expires.saturating_add(CLOCKS_DIFFER) <= seconds {
        return Err(Refused::Expired);
    }
    let starts = claims.not_before.unwrap_or(claims.issued).max(claims.issued);
    if starts > seconds.saturating_add(CLOCKS_DIFFER) {
        return Err(Refused::NotYet);
    }
    if claims.subject.is_empty() || claims.subject.len() > 255 {
        return Err(Refused::Subject);
    }
    let email = claims.email.as_deref().and_then(Email::parse).ok_or(Refused::NoEmail)?;
    if !claims.email_verified.unwrap_or(expected.trusts_addresses) {
        return Err(Refused::NotVerified);
    }
    let name = claims.name.as_deref().map(str::trim).filter(|it| !it.is_empty());
    Ok(Verified {
        identity: Identity { issuer: claims.issuer.clone(), subject: claims.subject.clone() },
        email,
        name: name.map(|it| it.chars().take(NAME_LIMIT).collect()),
    })
}

/// Until when somebody who comes in now stays signed in.
pub fn stays_until(now: Timestamp) -> Timestamp {
    now + super::person::SESSION_HOURS.hours()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPECTED: Expected<'static> = Expected {
        issuer: "https://login.example",
        client: "filodiretto",
        nonce: "n",
        trusts_addresses: false,
    };

    fn now() -> Timestamp {
        "2026-11-24T08:00:00Z".parse().unwrap()
    }

    fn good() -> Claims {
        let seconds = now().as_second();
        Claims {
            issuer: "https://login.example".to_owned(),
            subject: "a".to_owned(),
            audience: vec!["filodiretto".to_owned()],
            authorized_party: None,
            nonce: Some("n".to_owned()),
            expires: seconds + 300,
            not_before: None,
            issued: seconds,
            email: Some("Anna@Comune.example".to_owned()),
            email_verified: Some(true),
            name: Some(" Anna ".to_owned()),
        }
    }

    #[test]
    fn somebody_with_a_verified_address_is_believed() {
        let verified = verify(&good(), EXPECTED, now()).unwrap();
        assert_eq!(verified.email.expose(), "anna@comune.example");
        assert_eq!(
            (verified.identity.subject.as_str(), verified.name.as_deref()),
            ("a", Some("Anna"))
        );
    }

    type Spoil<'a> = &'a dyn Fn(&mut Claims);

    #[test]
    fn whatever_is_not_as_it_must_be_is_refused() {
        let seconds = now().as_second();
        let some = |it: &str| Some(it.to_owned());
        let cases: [(Spoil, Refused); 15] = [
            (&|it| it.issuer.push('/'), Refused::Issuer),
            (&|it| it.audience = vec!["other".to_owned()], Refused::Audience),
            (&|it| it.audience.clear(), Refused::Audience),
            (&|it| it.authorized_party = some("other"), Refused::Audience),
            (&|it| it.nonce = some("m"), Refused::Nonce),
            (&|it| it.nonce = None, Refused::Nonce),
            (&|it| it.expires = seconds - 60, Refused::Expired),
            (&|it| it.expires = i64::MIN, Refused::Expired),
            (&|it| it.not_before = Some(seconds + 61), Refused::NotYet),
            (&|it| it.issued = seconds + 61, Refused::NotYet),
            (&|it| it.subject.clear(), Refused::Subject),
            (&|it| it.email = None, Refused::NoEmail),
            (&|it| it.email = some("anna"), Refused::NoEmail),
            (&|it| it.email_verified = Some(false), Refused::NotVerified),
            (&|it| it.email_verified = None, Refused::NotVerified),
        ];
        for (n, (spoil, why)) in cases.into_iter().enumerate() {
            let mut claims = good();
            spoil(&mut claims);
            assert_eq!(verify(&claims, EXPECTED, now()), Err(why), "{n}");
        }
    }

    #[test]
    fn a_comunes_own_provider_need_not_say_that_an_address_is_verified_but_may_deny_it() {
        let own = Expected { trusts_addresses: true, ..EXPECTED };
        let silent = Claims { email_verified: None, ..good() };
        assert!(verify(&silent, own, now()).is_ok());
        let denied = Claims { email_verified: Some(false), ..good() };
        assert_eq!(verify(&denied, own, now()), Err(Refused::NotVerified));
    }

    #[test]
    fn clocks_may_differ_by_a_minute() {
        let late = Claims { expires: now().as_second() - 59, ..good() };
        assert!(verify(&late, EXPECTED, now()).is_ok());
    }
}
