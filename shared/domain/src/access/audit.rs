// SPDX-License-Identifier: EUPL-1.2
//! The audit log: who did what to what, when, and how it ended. No text, no number, no body.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::report;

/// One act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Sorts by time.
    pub id: String,
    pub at: Timestamp,
    /// `root`, `key 0b9e…`, `person 4f…`.
    pub who: String,
    /// As they were called then: a key's name, a person's.
    pub name: String,
    /// `conversations.answer`
    pub operation: String,
    /// The ids in the path, by name.
    pub ids: BTreeMap<String, String>,
    /// The HTTP status; `None` if it is not known how it ended.
    pub status: Option<u16>,
}

/// Whether a request to this path is to be in the log: whatever changes something, and whatever
/// reads the data of a single person.
///
/// `path` has names for ids: `/v1/lines/{line}/contacts/{id}`.
pub fn is_logged(is_read: bool, path: &str) -> bool {
    const OF_A_PERSON: [&str; 4] = ["/contacts/{", "/conversations/{", "/media/{", "/deliveries"];
    !is_read || OF_A_PERSON.iter().any(|it| path.contains(it))
}

/// An id of a path as the log keeps it: who asks can write anything there, even a number.
pub fn id(text: &str) -> String {
    let is_id = (1..=80).contains(&text.len())
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_.#:".contains(&it));
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_number = (6..=15).contains(&digits) && !text.bytes().any(|it| it.is_ascii_alphabetic());
    if is_id && !is_number { text.to_owned() } else { "?".to_owned() }
}

/// The log as a table, for spreadsheets: what its columns are called.
pub const COLUMNS: [&str; 6] = ["quando", "chi", "nome", "operazione", "dati", "esito"];

impl Entry {
    /// One row of the log as a table.
    pub fn csv(&self) -> String {
        let ids: Vec<_> = self.ids.iter().map(|(name, id)| format!("{name} {id}")).collect();
        let status = self.status.map_or_else(|| "ignoto".to_owned(), |it| it.to_string());
        let (at, ids) = (report::time(self.at), ids.join(", "));
        report::row([&at, &self.who, &self.name, &self.operation, &ids, &status])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_changes_something_or_reads_one_person_is_logged() {
        for (is_read, path, want) in [
            (false, "/v1/lines/{line}/broadcasts", true),
            (true, "/v1/lines/{line}/broadcasts", false),
            (true, "/v1/lines/{line}/broadcasts/{id}/deliveries", true),
            (true, "/v1/lines/{line}/contacts/{id}", true),
            (true, "/v1/lines/{line}/contacts/{id}/export", true),
            (true, "/v1/lines/{line}/conversations", false),
            (true, "/v1/lines/{line}/conversations/{contact}/messages", true),
        ] {
            assert_eq!(is_logged(is_read, path), want, "{path}");
        }
    }

    #[test]
    fn a_number_in_the_place_of_an_id_is_not_kept() {
        for kept in ["0b9ef3a100000000000000000000007c", "261126-094203-7F3A", "pordenone_evento"] {
            assert_eq!(id(kept), kept);
        }
        for text in ["393330000001", "+39 333 000 0001", "333-000-0001", "", "Anna Rossi", "à"] {
            assert_eq!(id(text), "?", "{text}");
        }
    }
}
