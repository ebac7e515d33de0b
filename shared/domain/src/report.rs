// SPDX-License-Identifier: EUPL-1.2
//! What a broadcast's report says: failures grouped with their reasons, and its rows as CSV.
//!
//! The CSV is for Excel as Italian offices have it: UTF-8 with a byte order mark, semicolons
//! between cells, CRLF after rows. No cell is ever taken for a formula.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::broadcast::{self, Broadcast};
use crate::delivery::{Reason, SkipReason, State};
use crate::hours::ROME;

/// People whose messages failed for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    pub code: Option<i64>,
    /// In plain Italian.
    pub reason: String,
    pub people: i64,
}

/// People who were left out for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    pub why: SkipReason,
    /// In plain Italian.
    pub reason: String,
    pub people: i64,
}

/// Why messages did not arrive, most frequent first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grouped {
    pub failed: Vec<Failed>,
    pub skipped: Vec<Skipped>,
}

/// Groups what the last count found.
pub fn group(reasons: &BTreeMap<Reason, i64>) -> Grouped {
    let mut grouped = Grouped::default();
    for (it, people) in reasons {
        let (reason, people) = (it.in_words(), *people);
        match *it {
            Reason::Failed(code) => grouped.failed.push(Failed { code, reason, people }),
            Reason::Skipped(why) => grouped.skipped.push(Skipped { why, reason, people }),
        }
    }
    // Stable: reasons as frequent as each other stay in the order of codes and names.
    grouped.failed.sort_by_key(|it| -it.people);
    grouped.skipped.sort_by_key(|it| -it.people);
    grouped
}

/// Whether the reasons are those of every message that did not arrive: the broadcast is over, and
/// nothing was reported since they were counted.
pub fn is_exact(broadcast: &Broadcast, grouped: &Grouped) -> bool {
    let failed: i64 = grouped.failed.iter().map(|it| it.people).sum();
    let skipped: i64 = grouped.skipped.iter().map(|it| it.people).sum();
    broadcast::is_over(broadcast.state)
        && broadcast.counted_at.is_some()
        && (failed, skipped) == (broadcast.counts.failed, broadcast.counts.skipped)
}

/// What a file begins with, so that Excel reads it as UTF-8.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The names of the columns.
pub const COLUMNS: [&str; 6] = ["contatto", "numero", "stato", "ora", "codice", "motivo"];

/// One row, with its end.
pub fn row<const N: usize>(cells: [&str; N]) -> String {
    cells.map(cell).join(";") + "\r\n"
}

/// Quoted where it must be, and never a formula. Source: RFC 4180; OWASP, CSV Injection.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([';', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// `2026-11-24 09:00:03`, in Rome: spreadsheets take it for a time, and it sorts as text too.
pub fn time(at: Timestamp) -> String {
    at.to_zoned(ROME.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Where a delivery stands, for the office.
pub fn state(state: State) -> &'static str {
    match state {
        State::Waiting => "in attesa",
        State::Claimed => "in corso",
        State::Unresolved => "in dubbio",
        State::Accepted => "accettato da Meta",
        State::Sent => "inviato",
        State::Failed => "non riuscito",
        State::Delivered => "consegnato",
        State::Read => "letto",
        State::Skipped => "escluso",
        State::Cancelled => "annullato",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::broadcast::sample;
    use crate::delivery::Counts;

    fn reasons() -> BTreeMap<Reason, i64> {
        BTreeMap::from([
            (Reason::Failed(None), 1),
            (Reason::Failed(Some(131_026)), 12),
            (Reason::Failed(Some(131_049)), 1),
            (Reason::Skipped(SkipReason::Blocked), 2),
            (Reason::Skipped(SkipReason::Unsubscribed), 5),
        ])
    }

    #[test]
    fn reasons_come_most_frequent_first_and_in_words() {
        let grouped = group(&reasons());
        let failed: Vec<_> = grouped.failed.iter().map(|it| (it.code, it.people)).collect();
        assert_eq!(failed, [(Some(131_026), 12), (None, 1), (Some(131_049), 1)]);
        let skipped: Vec<_> = grouped.skipped.iter().map(|it| (it.why, it.people)).collect();
        assert_eq!(skipped, [(SkipReason::Unsubscribed, 5), (SkipReason::Blocked, 2)]);
        assert_eq!(grouped.skipped[1].reason, "È bloccato.");
        assert!(grouped.failed[0].reason.contains("131026"), "{}", grouped.failed[0].reason);
    }

    #[test]
    fn a_report_is_exact_when_it_is_over_and_its_reasons_are_all() {
        use crate::broadcast::State::{Cancelled, Done, Held, Sending};
        let grouped = group(&reasons());
        let counted = Some(Timestamp::UNIX_EPOCH);
        for (state, counted_at, failed, skipped, want) in [
            (Done, counted, 14, 7, true),
            (Cancelled, counted, 14, 7, true),
            (Sending, counted, 14, 7, false),
            (Held, counted, 14, 7, false),
            (Done, None, 14, 7, false),
            (Done, counted, 15, 7, false),
            (Done, counted, 14, 6, false),
        ] {
            let counts = Counts { skipped, failed, ..Counts::default() };
            let it = Broadcast { state, counts, counted_at, ..sample::broadcast() };
            assert_eq!(is_exact(&it, &grouped), want, "{state:?} {failed} {skipped}");
        }
    }

    #[test]
    fn cells_are_quoted_where_they_must_be_and_never_formulas() {
        for (text, want) in [
            ("letto", "letto"),
            ("", ""),
            ("a;b", "\"a;b\""),
            ("detto \"no\"", "\"detto \"\"no\"\"\""),
            ("a\nb", "\"a\nb\""),
            ("=1+1", "'=1+1"),
            ("+39 333 ••• ••01", "'+39 333 ••• ••01"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("=A1;\"x\"", "\"'=A1;\"\"x\"\"\""),
            ("1=1", "1=1"),
        ] {
            assert_eq!(row([text]), format!("{want}\r\n"), "{text:?}");
        }
        assert_eq!(row(["a", "", "c"]), "a;;c\r\n");
    }

    #[test]
    fn times_are_rome_s() {
        let at = |text: &str| time(text.parse().unwrap());
        assert_eq!(at("2026-11-24T08:00:03.9Z"), "2026-11-24 09:00:03");
        assert_eq!(at("2026-07-01T22:30:00Z"), "2026-07-02 00:30:00");
    }

    proptest! {
        /// Whoever reads CSV by the book gets back what was written, but for the mark.
        #[test]
        fn a_row_is_read_as_it_was_written(cells in prop::array::uniform3("[a-z;\"\n\r=+@ -]{0,8}")) {
            let text = row([&*cells[0], &*cells[1], &*cells[2]]);
            let mut read = vec![String::new()];
            let mut quoted = false;
            let body = text.strip_suffix("\r\n").unwrap();
            let mut rest = body.chars().peekable();
            while let Some(c) = rest.next() {
                match c {
                    '"' if quoted && rest.peek() == Some(&'"') => {
                        rest.next();
                        read.last_mut().unwrap().push('"');
                    }
                    '"' => quoted = !quoted,
                    ';' if !quoted => read.push(String::new()),
                    c => read.last_mut().unwrap().push(c),
                }
            }
            prop_assert_eq!(read.len(), 3);
            for (read, wrote) in read.iter().zip(&cells) {
                prop_assert!(!read.starts_with(['=', '+', '-', '@', '\r', '\n', '\t']));
                prop_assert_eq!(read.strip_prefix('\'').unwrap_or(read), wrote);
            }
        }
    }
}
