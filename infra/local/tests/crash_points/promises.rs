// SPDX-License-Identifier: EUPL-1.2
//! What may never happen, asked of a world in which everything has come to its end.

use std::collections::BTreeSet;

use anyhow::{Context, bail, ensure};
use domain::broadcast;
use domain::contact::Subscription;
use domain::delivery::{Counts, SkipReason, State};
use domain::ids::LineId;
use fakes::meta::{SentMessage, Status};
use jiff::{SignedDuration, Timestamp};
use store::Delivery;
use store::keys::EVERYONE;

use super::town::{TWICE, Town};
use super::world::{LINE, World};

/// What a story allows beside what is always allowed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Allowed {
    /// People who got nothing because nobody knows whether they did.
    pub(crate) unresolved: usize,
    /// People who got it twice, because a warning that is missed is worse.
    pub(crate) twice: usize,
    /// People who had everything erased, exactly.
    pub(crate) erased: usize,
    /// Of those, who got no certificate: it goes out at most once.
    pub(crate) uncertified: usize,
}

/// A sender that read a person before the merge was written may send for so long after it.
const IN_THE_AIR: SignedDuration = SignedDuration::from_millis(1300);

/// What came of one person.
struct Person<'a> {
    phone: &'a str,
    /// The notices that Meta took for them, oldest first.
    notices: Vec<&'a SentMessage>,
    goodbyes: Vec<&'a SentMessage>,
    /// One for each of their contacts that was in the audience.
    rows: Vec<&'a Delivery>,
    left: bool,
    /// Nothing is held of them.
    erased: bool,
    merged_at: Option<Timestamp>,
}

/// How one person turned out, if it is allowed to turn out so.
#[derive(PartialEq, Eq)]
enum Told {
    Fine,
    Twice,
    NobodyKnows,
}

/// Holds promises 1 to 5 against everything that is left behind.
pub(crate) async fn hold(world: &World, town: &Town, allowed: Allowed) -> anyhow::Result<()> {
    let line = LineId::new(LINE);
    let sent = world.meta.sent(LINE)?;
    let rows = world.store.deliveries(&town.broadcast, &[], None, 1000).await?.0;
    let (mut nobody_knows, mut twice) = (0, 0);
    let (mut erased, mut uncertified) = (0, 0);
    for phone in town.phones.values().collect::<BTreeSet<_>>() {
        let person = person(world, town, phone, &sent, &rows).await?;
        if person.erased {
            erased += 1;
            uncertified += usize::from(person.goodbyes.is_empty());
            world.has_nothing_of(phone)?;
        }
        match person.is_told_once().with_context(|| format!("...{}", &phone[8..]))? {
            Told::Fine => {}
            Told::Twice => twice += 1,
            Told::NobodyKnows => nobody_knows += 1,
        }
    }
    ensure!(nobody_knows <= allowed.unresolved, "promise 3: of {nobody_knows} nobody knows");
    ensure!(twice <= allowed.twice, "promise 2: {twice} got it twice");
    ensure!(erased == allowed.erased, "promise 8: {erased} people are erased");
    ensure!(uncertified <= allowed.uncertified, "promise 8: {uncertified} without a certificate");
    for (id, _) in world.store.followers(&line, EVERYONE, None, 1000).await?.0 {
        let has_row = rows.iter().any(|it| it.contact == id);
        ensure!(has_row, "promise 3: a subscriber of before has no row");
    }
    counts_are_right(world, town, &rows).await?;
    for (queue, left) in world.left_in_queues() {
        ensure!(left == 0, "promise 1: {left} left in {queue}");
    }
    let refusals = world.meta.refusals();
    for code in [130_429, 131_056, 131_048, 80_007] {
        ensure!(!refusals.contains_key(&code), "promise 5: Meta answered {code}");
    }
    Ok(())
}

async fn person<'a>(
    world: &World,
    town: &'a Town,
    phone: &'a str,
    sent: &'a [SentMessage],
    rows: &'a [Delivery],
) -> anyhow::Result<Person<'a>> {
    let theirs = || sent.iter().filter(move |it| it.phone == phone);
    let notices = theirs().filter(|it| it.template.is_some()).collect();
    let farewells = ["*Iscrizione cancellata", "non c'è nulla da cancellare", "*Dati cancellati"];
    let says_one = |it: &SentMessage| farewells.iter().any(|words| it.text.contains(words));
    let goodbye = |it: &&SentMessage| it.template.is_none() && says_one(it);
    let goodbyes = theirs().filter(goodbye).collect();
    let contacts = || town.phones.iter().filter(|it| it.1 == phone).map(|it| it.0);
    let rows = rows.iter().filter(|it| contacts().any(|id| *id == it.contact)).collect();
    let (mut left, mut merged_at) = (false, None);
    let mut erased = true;
    for id in contacts() {
        // Of two that were merged only one is there.
        if let Some(contact) = world.store.contact(&LineId::new(LINE), id).await? {
            erased = false;
            left |= !matches!(contact.subscription, Subscription::Active { .. });
            merged_at = merged_at.max(contact.merged_at);
        }
    }
    Ok(Person { phone, notices, goodbyes, rows, left: left || erased, erased, merged_at })
}

impl Person<'_> {
    /// Promises 1, 2 and 4, and 3 as far as one person goes.
    fn is_told_once(&self) -> anyhow::Result<Told> {
        self.left_in_peace()?;
        for notice in &self.notices {
            let want = match notice.status {
                Status::Read => State::Read,
                Status::Failed => State::Failed,
                other => bail!("a notice is still {other:?} at Meta"),
            };
            let told = self.rows.iter().any(|it| it.state == want);
            ensure!(told, "promise 1: Meta posted {want:?}, the rows say {:?}", self.states());
        }
        for row in &self.rows {
            match row.state {
                State::Read | State::Failed if !self.notices.is_empty() => {}
                State::Unresolved => {}
                State::Skipped => self.is_skipped_for_a_reason(row)?,
                other => bail!("promise 3: in the end a row says {other:?}"),
            }
        }
        if self.notices.len() > 1 && !self.were_two_people() {
            return Ok(Told::Twice);
        }
        let skipped = self.rows.iter().all(|it| it.state == State::Skipped);
        // Who has left meanwhile is not tried again, also where others are.
        if self.notices.is_empty() && !skipped && !self.left {
            return Ok(Told::NobodyKnows);
        }
        ensure!(
            !self.notices.is_empty() || self.left,
            "promise 3: skipped as {:?} and never told",
            self.rows.iter().map(|it| it.skipped).collect::<Vec<_>>()
        );
        Ok(Told::Fine)
    }

    /// Promises 1 and 4: a goodbye is answered, and nothing comes after it.
    fn left_in_peace(&self) -> anyhow::Result<()> {
        let answered = self.erased || !self.goodbyes.is_empty();
        ensure!(!self.left || answered, "promise 1: a goodbye without an answer");
        ensure!(!self.erased || self.goodbyes.len() <= 1, "promise 8: two certificates");
        let (Some(notice), Some(goodbye)) = (self.notices.last(), self.goodbyes.first()) else {
            return Ok(());
        };
        let late = notice.at.duration_since(goodbye.at);
        ensure!(late <= SignedDuration::ZERO, "promise 4: a notice {late} after the goodbye");
        Ok(())
    }

    fn is_skipped_for_a_reason(&self, row: &Delivery) -> anyhow::Result<()> {
        let why = row.skipped.context("promise 3: skipped for no reason")?;
        let right = match why {
            SkipReason::Unsubscribed => self.left,
            // The contact that was merged into the other one.
            SkipReason::Erased if self.erased => true,
            SkipReason::AlreadyReached | SkipReason::Erased => self.phone == TWICE,
            _ => false,
        };
        ensure!(right, "promise 3: skipped as {why:?}, which is not so");
        Ok(())
    }

    /// Whether nobody could know that two contacts are one person when each was sent to.
    fn were_two_people(&self) -> bool {
        let last = self.notices.last().map(|it| it.at);
        let known_at = self.merged_at.map(|it| it + IN_THE_AIR);
        self.phone == TWICE && self.notices.len() == 2 && known_at.is_none_or(|it| last <= Some(it))
    }

    fn states(&self) -> Vec<State> {
        self.rows.iter().map(|it| it.state).collect()
    }
}

/// Promise 3: the broadcast is closed, and its counts are those of the rows.
async fn counts_are_right(world: &World, town: &Town, rows: &[Delivery]) -> anyhow::Result<()> {
    let found = world.store.broadcast(&LineId::new(LINE), &town.broadcast).await?;
    let found = found.context("the broadcast is there")?;
    ensure!(found.state == broadcast::State::Done, "promise 3: the broadcast is {:?}", found.state);
    // Whoever left before it began was not in the audience.
    let audience = i64::try_from(rows.len())?;
    let mut want = Counts { audience, ..Counts::default() };
    for row in rows {
        want.add(row.state, 1);
    }
    ensure!(found.counts == want, "promise 3: counted {:?}, the rows say {want:?}", found.counts);
    ensure!(found.counts.pending() == 0, "promise 3: {} are pending", found.counts.pending());
    Ok(())
}
