//! What may never happen, asked of a world in which everything has come to its end.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use domain::broadcast;
use domain::contact::Subscription;
use domain::delivery::{Counts, State};
use domain::ids::{ContactId, LineId};
use fakes::meta::SentMessage;
use store::Delivery;

use super::town::Town;
use super::world::{LINE, World};

/// What a story allows beside what is always allowed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Allowed {
    /// People who got nothing because nobody knows whether they did.
    pub(crate) unresolved: usize,
    /// Whether `sent`, `delivered` and `read` may be behind the rows: who counted them died
    /// between a row and its count.
    pub(crate) ticks_behind: bool,
}

/// What came of one person.
struct Person<'a> {
    phone: &'a str,
    /// The notices Meta took for them, in Meta's order, with everything else it took.
    notices: Vec<&'a SentMessage>,
    goodbyes: Vec<&'a SentMessage>,
    row: &'a Delivery,
}

/// Holds promises 1 to 5 against everything that is left behind.
pub(crate) async fn hold(world: &World, town: &Town, allowed: Allowed) -> anyhow::Result<()> {
    let line = LineId::new(LINE);
    let sent = world.meta.sent(LINE)?;
    let rows = world.store.deliveries(&town.broadcast, None, None, 1000).await?.0;
    let rows: BTreeMap<ContactId, Delivery> =
        rows.into_iter().map(|it| (it.contact.clone(), it)).collect();
    let mut nobody_knows = 0;
    for (id, row) in &rows {
        let contact = world.store.contact(&line, id).await?.context("the contact is there")?;
        let phone = contact.phone.as_ref().context("the contact has a number")?.expose();
        let theirs = |it: &&SentMessage| it.phone == phone;
        let notices = sent.iter().filter(|it| it.template.is_some()).filter(theirs).collect();
        let goodbye = |it: &&SentMessage| it.template.is_none() && it.text.contains("cancell");
        let goodbyes = sent.iter().filter(goodbye).filter(theirs).collect();
        let person = Person { phone, notices, goodbyes, row };
        let left = !matches!(contact.subscription, Subscription::Active { .. });
        nobody_knows += usize::from(person.is_told_once(left)?);
    }
    ensure!(
        nobody_knows <= allowed.unresolved,
        "promise 3: of {nobody_knows} nobody knows, at most {} were in the air",
        allowed.unresolved
    );
    let followers = world.store.followers(&line, store::keys::EVERYONE, None, 1000).await?.0;
    for (id, _) in followers {
        ensure!(rows.contains_key(&id), "promise 3: a subscriber of before has no row");
    }
    counts_are_right(world, town, &rows, allowed).await?;
    for (queue, left) in world.left_in_queues() {
        ensure!(left == 0, "promise 1: {left} left in {queue}");
    }
    let refusals = world.meta.refusals();
    for code in [130_429, 131_056, 131_048, 80_007] {
        ensure!(!refusals.contains_key(&code), "promise 5: Meta answered {code}");
    }
    Ok(())
}

impl Person<'_> {
    /// Promises 1, 2 and 4, and 3 as far as one person goes. Whether nobody knows if they got it.
    fn is_told_once(&self, left: bool) -> anyhow::Result<bool> {
        let state = self.row.state;
        ensure!(self.notices.len() <= 1, "promise 2: {} notices to one", self.notices.len());
        if let (Some(notice), Some(goodbye)) = (self.notices.last(), self.goodbyes.first()) {
            ensure!(
                notice.at <= goodbye.at,
                "promise 4: the notice went out {} after the goodbye",
                notice.at.duration_since(goodbye.at)
            );
        }
        if left {
            ensure!(!self.goodbyes.is_empty(), "promise 1: a goodbye was never answered");
        }
        if let Some(notice) = self.notices.first() {
            let want = match notice.status {
                fakes::meta::Status::Read => State::Read,
                fakes::meta::Status::Failed => State::Failed,
                other => bail!("{} is still {other:?} at Meta", self.phone.len()),
            };
            ensure!(state == want, "promise 1: Meta posted {want:?}, the row says {state:?}");
            return Ok(false);
        }
        match state {
            State::Skipped => {
                let why = self.row.skipped.context("promise 3: skipped for no reason")?;
                ensure!(left, "promise 3: skipped ({why:?}) and never left");
                Ok(false)
            }
            State::Unresolved => Ok(true),
            other => bail!("promise 3: not sent, and the row says {other:?}"),
        }
    }
}

async fn counts_are_right(
    world: &World,
    town: &Town,
    rows: &BTreeMap<ContactId, Delivery>,
    allowed: Allowed,
) -> anyhow::Result<()> {
    let found = world.store.broadcast(&LineId::new(LINE), &town.broadcast).await?;
    let found = found.context("the broadcast is there")?;
    ensure!(found.state == broadcast::State::Done, "promise 3: the broadcast is {:?}", found.state);
    // Whoever left before it began was not in the audience.
    let audience = i64::try_from(rows.len())?;
    let mut want = Counts { audience, ..Counts::default() };
    for row in rows.values() {
        want.add(row.state, 1);
    }
    let mut got = found.counts;
    if allowed.ticks_behind {
        let Counts { sent, delivered, read, .. } = want;
        got = Counts { sent, delivered, read, ..got };
    }
    ensure!(got == want, "promise 3: counted {:?}, the rows say {want:?}", found.counts);
    ensure!(found.counts.pending() == 0, "promise 3: {} are pending", found.counts.pending());
    Ok(())
}
