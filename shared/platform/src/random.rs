// SPDX-License-Identifier: EUPL-1.2
//! What must be new each time: ids.

use std::fmt::Write;

use domain::ids::{AppointmentId, BroadcastId, ContactId};
use jiff::Timestamp;
use ring::rand::{SystemRandom, generate};
use uuid::{NoContext, Uuid};

/// A new contact's id: random throughout.
pub fn contact_id() -> ContactId {
    ContactId::new(key())
}

/// A new broadcast's id: it sorts by `now`.
pub fn broadcast_id(now: Timestamp) -> BroadcastId {
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    let nanoseconds = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
    let time = uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds);
    BroadcastId::new(Uuid::new_v7(time).simple().to_string())
}

/// 64 random hexadecimal digits, for what must not be guessed.
pub fn secret() -> String {
    let bytes: [u8; 32] =
        generate(&SystemRandom::new()).expect("the system has random bytes").expose();
    hexadecimal(&bytes)
}

/// A new appointment's id: whose it is stands in it, so that it is found by it.
pub fn appointment_id(contact: &ContactId) -> AppointmentId {
    AppointmentId::new(format!("{contact}-{}", &key()[..8]))
}

/// Two digits for each byte.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a string succeeds");
    }
    text
}

/// 32 random hexadecimal digits.
pub fn key() -> String {
    Uuid::new_v4().simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_new_each_time() {
        let (one, other) = (secret(), secret());
        assert_eq!((one.len(), other.len()), (64, 64));
        assert_ne!(one, other);
    }

    #[test]
    fn ids_of_broadcasts_sort_by_time() {
        let at = |ms| broadcast_id(Timestamp::from_millisecond(ms).unwrap());
        assert!(at(1_749_416_383_000) < at(1_749_416_383_001));
        assert_eq!(at(0).as_str().len(), contact_id().as_str().len());
    }
}
