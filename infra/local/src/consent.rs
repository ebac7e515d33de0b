// SPDX-License-Identifier: EUPL-1.2
//! A line's ledger of consent, verified from the first entry to the last. Nothing changes by it.

use std::fmt;

use domain::ids::{ContactId, LineId};
use domain::ledger::{Broken, Entry, Head, Verifier, Why};
use store::{Recorded, Store};

use crate::place;

/// Entries or contacts read together.
const PAGE: i32 = 100;

/// What was verified. Its `Display` is for the office.
#[derive(Debug, PartialEq, Eq)]
pub struct Verified {
    line: LineId,
    head: Head,
    /// Events that are kept, each the one that was sealed.
    kept: u64,
    /// Events that wait for their night.
    waiting: i64,
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, head, kept, waiting } = self;
        writeln!(f, "{line}: il registro dei consensi è integro.")?;
        writeln!(f, "Voci verificate: {}.", head.number)?;
        writeln!(f, "Dichiarazioni conservate, uguali a quelle sigillate: {kept}.")?;
        let gone = head.number.saturating_sub(*kept);
        writeln!(f, "Voci la cui dichiarazione è stata cancellata: {gone}.")?;
        writeln!(f, "Dichiarazioni che aspettano il sigillo della notte: {waiting}.")?;
        write!(f, "Impronta finale: {}", head.hash)
    }
}

/// Verifies a line's ledger: the chain, and that every event that is kept is the one that was
/// sealed. The inner error is the first entry that is not as it was sealed.
pub async fn verify(store: &Store, line: &str) -> anyhow::Result<Result<Verified, Broken>> {
    let line = place::line(store, line).await?.id.clone();
    verify_in(store, line).await
}

async fn verify_in(store: &Store, line: LineId) -> anyhow::Result<Result<Verified, Broken>> {
    let head = store.ledger_head(&line).await?;
    let mut verifier = Verifier::new(&line);
    let mut after = 0;
    loop {
        let page = store.ledger(&line, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.number;
        if let Err(broken) = page.iter().try_for_each(|it| verifier.take(it)) {
            return Ok(Err(broken));
        }
    }
    if let Err(broken) = verifier.end(head) {
        return Ok(Err(broken));
    }
    let mut kept = 0;
    let mut first = None;
    let mut after: Option<ContactId> = None;
    loop {
        let page = store.contacts(&line, after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        for contact in &page {
            let events = store.recorded(&line, contact).await?;
            let numbers: Vec<_> =
                events.iter().filter_map(|it| it.seal.as_ref()).map(|it| it.number).collect();
            let entries = store.ledger_entries(&line, &numbers).await?;
            kept += numbers.len() as u64;
            let other = events.iter().filter_map(|it| other_than_sealed(&line, it, &entries)).min();
            first = first.into_iter().chain(other).min();
        }
    }
    if let Some(number) = first {
        return Ok(Err(Broken { number, why: Why::OtherEvent }));
    }
    let waiting = store.count_unsealed(&line).await?;
    Ok(Ok(Verified { line, head, kept, waiting }))
}

/// The number of the entry that is not of this event, although the event says so.
fn other_than_sealed(line: &LineId, it: &Recorded, entries: &[Entry]) -> Option<u64> {
    let seal = it.seal.as_ref()?;
    let entry = entries.iter().find(|entry| entry.number == seal.number);
    let is_sealed = entry.is_some_and(|entry| entry.is_of(line, &it.event, &seal.salt));
    (!is_sealed).then_some(seal.number)
}
