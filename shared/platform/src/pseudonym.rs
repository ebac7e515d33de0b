// SPDX-License-Identifier: EUPL-1.2
//! A name for a person that only we can make and nobody can turn back: for FIFO groups and for
//! finding the log lines of one sender.

use std::fmt::Write;
use std::sync::Arc;

use ring::hmac;

use crate::settings::Secret;

/// Half of the digest: 128 bits, enough that no two people ever share one.
const BYTES: usize = 16;

/// A plain hash of a phone number can be turned back by trying every number; with a key of ours
/// in it, it cannot.
#[derive(Clone)]
pub struct Pseudonym(Arc<hmac::Key>);

impl Pseudonym {
    pub fn new(key: &Secret) -> Self {
        Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes())))
    }

    /// The keyed HMAC-SHA256 of `text`, its first 32 hexadecimal digits.
    pub fn of(&self, text: &str) -> String {
        let digest = hmac::sign(&self.0, text.as_bytes());
        let mut name = String::with_capacity(2 * BYTES);
        for byte in &digest.as_ref()[..BYTES] {
            write!(name, "{byte:02x}").expect("writing to a string succeeds");
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: RFC 4231, test case 2.
    #[test]
    fn is_the_hmac_of_the_text() {
        let names = Pseudonym::new(&Secret::new("Jefe"));
        let got = names.of("what do ya want for nothing?");
        assert_eq!(got, "5bdcc146bf60754e6a042426089575c7");
    }

    #[test]
    fn another_key_gives_another_name() {
        let [one, other] =
            ["one", "other"].map(|key| Pseudonym::new(&Secret::new(key)).of("393330000001"));
        assert_ne!(one, other);
    }
}
