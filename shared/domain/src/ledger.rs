// SPDX-License-Identifier: EUPL-1.2
//! The ledger of consent: a line's events, sealed into a chain of hashes.
//!
//! An entry holds a commitment to an event, a hash of it and of a random salt, and a name for the
//! person that only we can make. It says nothing by itself: once event and salt are erased, nobody
//! can tell what it was about or guess it, and the chain still verifies. As long as they are there,
//! they show that the event is the one that was sealed, where it stands and since when.

use std::fmt;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::contact::{AskedBy, ConsentChange, ConsentEvent, ConsentSource};
use crate::ids::{AppId, LineId};

/// A SHA-256, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash([u8; 32]);

impl Hash {
    /// What comes before the first entry.
    pub const NONE: Self = Self([0; 32]);

    pub fn parse(hex: &str) -> Option<Self> {
        if hex.len() != 64 || !hex.bytes().all(|it| it.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&hex[at..at + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What makes a commitment impossible to guess: random, and erased with its event.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt(String);

impl Salt {
    /// Takes 32 random hexadecimal digits.
    pub fn new(random: impl Into<String>) -> Self {
        Self(random.into())
    }

    /// The digits, for the event's own row.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(redacted)")
    }
}

/// One link of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// From 1, without gaps.
    pub number: u64,
    /// The hash of the entry before.
    pub previous: Hash,
    pub commitment: Hash,
    /// A keyed HMAC of the contact's id.
    pub person: String,
    pub sealed_at: Timestamp,
    pub hash: Hash,
}

/// Where a chain ends: kept apart from it, so that a missing end is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many entries there are.
    pub number: u64,
    pub hash: Hash,
}

impl Head {
    /// Of a chain without any entry.
    pub const START: Self = Self { number: 0, hash: Hash::NONE };
}

impl Entry {
    /// The entry that follows `head`.
    pub fn after(
        head: Head,
        line: &LineId,
        commitment: Hash,
        person: String,
        sealed_at: Timestamp,
    ) -> Self {
        let (number, previous) = (head.number + 1, head.hash);
        let entry = Self { number, previous, commitment, person, sealed_at, hash: Hash::NONE };
        Self { hash: entry.computed(line), ..entry }
    }

    pub fn head(&self) -> Head {
        Head { number: self.number, hash: self.hash }
    }

    /// Whether this is what was sealed of the event.
    pub fn is_of(&self, line: &LineId, event: &ConsentEvent, salt: &Salt) -> bool {
        self.commitment == commitment(line, event, salt)
    }

    fn computed(&self, line: &LineId) -> Hash {
        Fields::of("filodiretto consent entry 1")
            .with("line", line.as_str())
            .with("number", &self.number.to_string())
            .with("previous", &self.previous.to_string())
            .with("commitment", &self.commitment.to_string())
            .with("person", &self.person)
            .with("sealed_at_ms", &self.sealed_at.as_millisecond().to_string())
            .hash()
    }
}

/// Everything of an event, so that no two different ones have the same bytes.
pub fn canonical(line: &LineId, event: &ConsentEvent) -> Vec<u8> {
    let mut fields = Fields::of("filodiretto consent event 1")
        .with("line", line.as_str())
        .with("contact", event.contact.as_str())
        .with("at_ms", &event.at.as_millisecond().to_string())
        .with("policy", &event.policy.to_string())
        .with("privacy", &event.privacy.to_string())
        .with("change", event.change.name());
    for topic in event.change.topics().into_iter().flatten() {
        fields = fields.with("topic", topic.as_str());
    }
    if let ConsentChange::Outdated { wanted } = &event.change {
        fields = fields.with("wanted", wanted);
    }
    match &event.source {
        ConsentSource::Message { id, text, payload, rule, signed_by } => fields
            .with("message_id", id.expose())
            .with("text", text)
            .with_some("payload", payload.as_deref())
            .with("rule", rule)
            .with_some("signed_by", signed_by.as_ref().map(AppId::as_str)),
        ConsentSource::Operator { who, channel, proof } => fields
            .with("operator", who)
            .with_some("channel", channel.map(AskedBy::name))
            .with("proof", proof),
        ConsentSource::Button { told_by } => fields.with("told_by", told_by.name()),
    }
    .0
}

/// What stands for an event in the chain.
pub fn commitment(line: &LineId, event: &ConsentEvent, salt: &Salt) -> Hash {
    let mut fields = Fields::of("filodiretto consent commitment 1").with("salt", salt.expose());
    fields.0.extend(canonical(line, event));
    fields.hash()
}

/// Fields one after the other, each with its length, so that none can run into the next.
struct Fields(Vec<u8>);

impl Fields {
    fn of(what: &str) -> Self {
        Self(format!("{what}\n").into_bytes())
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.0.extend(format!("{name} {}\n{value}\n", value.len()).into_bytes());
        self
    }

    fn with_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    fn hash(&self) -> Hash {
        Hash(Sha256::digest(&self.0).into())
    }
}

/// The first place where a ledger is not as it was sealed. For the office, in Italian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("voce {number}: {why}")]
pub struct Broken {
    pub number: u64,
    pub why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    #[error("manca, o non è al suo posto")]
    Missing,
    #[error("il contenuto non corrisponde alla sua impronta: è stato cambiato")]
    Altered,
    #[error("non si lega alla voce precedente: una delle due è stata sostituita")]
    Unlinked,
    #[error("è oltre la fine annotata del registro")]
    Surplus,
    #[error("l'ultima impronta non è quella annotata: il registro è stato riscritto")]
    OtherEnd,
    #[error("la dichiarazione conservata non è quella che era stata sigillata")]
    OtherEvent,
}

/// Follows a chain entry by entry.
pub struct Verifier<'a> {
    line: &'a LineId,
    reached: Head,
}

impl<'a> Verifier<'a> {
    pub fn new(line: &'a LineId) -> Self {
        Self { line, reached: Head::START }
    }

    /// The next entry as it is stored.
    pub fn take(&mut self, entry: &Entry) -> Result<(), Broken> {
        let number = self.reached.number + 1;
        let broken = |why| Err(Broken { number, why });
        if entry.number != number {
            return broken(Why::Missing);
        }
        if entry.hash != entry.computed(self.line) {
            return broken(Why::Altered);
        }
        if entry.previous != self.reached.hash {
            return broken(Why::Unlinked);
        }
        self.reached = entry.head();
        Ok(())
    }

    /// That was the last: it must be where `head` says.
    pub fn end(self, head: Head) -> Result<(), Broken> {
        let reached = self.reached;
        let broken = |number, why| Err(Broken { number, why });
        match reached.number {
            it if it < head.number => broken(it + 1, Why::Missing),
            it if it > head.number => broken(head.number + 1, Why::Surplus),
            it if reached.hash != head.hash => broken(it, Why::OtherEnd),
            _ => Ok(()),
        }
    }
}

/// Verifies a whole chain. Longer ones are followed page by page with a [`Verifier`].
pub fn verify(line: &LineId, entries: &[Entry], head: Head) -> Result<(), Broken> {
    let mut verifier = Verifier::new(line);
    entries.iter().try_for_each(|it| verifier.take(it))?;
    verifier.end(head)
}

#[cfg(test)]
mod tests;
