// SPDX-License-Identifier: EUPL-1.2
//! Keys of the API: what one may do, until when, and how it is written.

use std::collections::BTreeSet;
use std::fmt;

use jiff::{Timestamp, ToSpan};

use super::Scope;
use crate::ids::{KeyId, LineId};

/// A key lives no longer, and this long if nobody says how long.
pub const LIVES_AT_MOST_DAYS: i64 = 730;
pub const LIVES_DAYS: i64 = 365;

/// After a rotation the old secret still opens for so long, if nobody says how long.
pub const OVERLAP_HOURS: i64 = 24;
pub const OVERLAP_AT_MOST_HOURS: i64 = 168;

/// How exactly the last use is known, in minutes.
const USE_KNOWN_TO_MINUTES: i64 = 60;

/// 256 bits, in hexadecimal digits.
const SECRET_DIGITS: usize = 64;

/// A key of one line, without its secret, which nobody keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub id: KeyId,
    /// What it is for, in the office's words.
    pub name: String,
    pub scopes: BTreeSet<Scope>,
    pub created_at: Timestamp,
    /// Who made it, as the audit log names them.
    pub created_by: String,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    /// To the hour.
    pub used_at: Option<Timestamp>,
}

/// Where a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Active,
    Expired,
    Revoked,
}

impl Standing {
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl ApiKey {
    pub fn standing(&self, now: Timestamp) -> Standing {
        if self.revoked_at.is_some() {
            Standing::Revoked
        } else if now >= self.expires_at {
            Standing::Expired
        } else {
            Standing::Active
        }
    }

    /// Whether this use is to be written down: at most once an hour.
    pub fn is_new_use(&self, now: Timestamp) -> bool {
        self.used_at.is_none_or(|it| now.duration_since(it).as_mins() >= USE_KNOWN_TO_MINUTES)
    }

    /// The key that takes the place of this one, and when this one ends.
    #[must_use]
    pub fn rotated(&self, id: KeyId, by: &str, overlap_hours: i64, now: Timestamp) -> Rotation {
        let given = self.expires_at.duration_since(self.created_at).as_hours();
        let hours = given.clamp(1, 24 * LIVES_AT_MOST_DAYS);
        let next = Self {
            id,
            created_at: now,
            created_by: by.to_owned(),
            expires_at: now + hours.hours(),
            revoked_at: None,
            used_at: None,
            ..self.clone()
        };
        Rotation { next, old_ends_at: self.expires_at.min(now + overlap_hours.hours()) }
    }
}

/// A key in the place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    pub next: ApiKey,
    pub old_ends_at: Timestamp,
}

/// A key as it is shown, once, and sent with every request:
/// `fd_pordenone_0b9e…7_5f…c1`: line, id, secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    pub line: LineId,
    pub id: KeyId,
    secret: String,
}

impl Token {
    pub fn new(line: LineId, id: KeyId, secret: String) -> Self {
        Self { line, id, secret }
    }

    /// `None` is no token of ours. A line's id may have `_` in it, the others have none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("fd_")?.rsplitn(3, '_');
        let (secret, id, line) = (parts.next()?, parts.next()?, parts.next()?);
        let is_hex = |it: &str| it.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
        let is_ours = secret.len() == SECRET_DIGITS
            && is_hex(secret)
            && id.len() == 32
            && is_hex(id)
            && (1..=40).contains(&line.len())
            && line
                .bytes()
                .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || b"-_".contains(&it));
        is_ours.then(|| Self::new(LineId::new(line), KeyId::new(id), secret.to_owned()))
    }

    /// The whole of it, for who made the key. Never for a log line.
    pub fn expose(&self) -> String {
        format!("fd_{}_{}_{}", self.line, self.id, self.secret)
    }

    /// What is hashed.
    pub fn secret(&self) -> &str {
        &self.secret
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}, redacted)", self.id)
    }
}

/// Compares two digests in a time that tells nothing of where they differ.
pub fn same_digest(one: &str, other: &str) -> bool {
    let differs = one.bytes().zip(other.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
    one.len() == other.len() && std::hint::black_box(differs) == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-24T08:00:00Z".parse().unwrap()
    }

    fn key() -> ApiKey {
        ApiKey {
            id: KeyId::new("1"),
            name: "Gestionale".to_owned(),
            scopes: BTreeSet::from([Scope::Reports]),
            created_at: now(),
            created_by: "root".to_owned(),
            expires_at: now() + (24 * 30).hours(),
            revoked_at: None,
            used_at: None,
        }
    }

    fn token(line: &str) -> Token {
        Token::new(LineId::new(line), KeyId::new("0b".repeat(16)), "5f".repeat(32))
    }

    #[test]
    fn a_token_is_read_as_it_is_written_whatever_the_line_is_called() {
        for line in ["pordenone", "barberino-demografici", "a_b_c", "_"] {
            assert_eq!(Token::parse(&token(line).expose()), Some(token(line)));
        }
        assert!(!format!("{:?}", token("pordenone")).contains("5f5f"));
    }

    #[test]
    fn what_is_not_whole_is_no_token() {
        let whole = token("pordenone").expose();
        for wrong in [
            "",
            "local-key",
            "fd_",
            "fd___",
            &whole[1..],
            &whole[..whole.len() - 1],
            &whole.replace("pordenone", ""),
            &whole.replace("pordenone", "a#b"),
            &whole.to_uppercase(),
        ] {
            assert_eq!(Token::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_key_ends_on_its_day_or_when_it_is_revoked() {
        let ends = key().expires_at;
        assert_eq!(key().standing(ends - 1.millisecond()), Standing::Active);
        assert_eq!(key().standing(ends), Standing::Expired);
        let revoked = ApiKey { revoked_at: Some(now()), ..key() };
        assert_eq!(revoked.standing(now()), Standing::Revoked);
    }

    #[test]
    fn a_use_is_written_down_once_an_hour() {
        assert!(key().is_new_use(now()));
        let used = ApiKey { used_at: Some(now()), ..key() };
        assert!(!used.is_new_use(now() + 59.minutes()));
        assert!(used.is_new_use(now() + 60.minutes()));
    }

    #[test]
    fn a_rotated_key_may_do_the_same_for_as_long_again() {
        let later = now() + 48.hours();
        let Rotation { next, old_ends_at } = key().rotated(KeyId::new("2"), "root", 24, later);
        assert_eq!((next.scopes, next.name), (key().scopes, key().name));
        assert_eq!(next.expires_at, later + (24 * 30).hours());
        assert_eq!(old_ends_at, later + 24.hours());
        let almost_over = key().expires_at - 1.hour();
        let rotation = key().rotated(KeyId::new("2"), "root", 24, almost_over);
        assert_eq!(rotation.old_ends_at, key().expires_at, "a rotation never gives more time");
    }

    proptest! {
        #[test]
        fn digests_are_the_same_only_if_they_are(a in "[0-9a-f]{0,8}", b in "[0-9a-f]{0,8}") {
            prop_assert_eq!(same_digest(&a, &b), a == b);
        }

        #[test]
        fn no_text_panics(text in ".*") {
            Token::parse(&text);
        }
    }
}
