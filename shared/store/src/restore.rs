// SPDX-License-Identifier: EUPL-1.2
//! What a backup has and the tables have lost comes back, and nothing else.
//!
//! The tables stay the ones in use, and what stands in them wins: whoever left, chose other topics
//! or was sent something after the backup's instant is as they are now. Who is not there any more is
//! either lost or erased. The register of requests tells: it keeps every erasure under the person's
//! own random id, which leads to nobody. What the night took away goes by the night's own decisions.
//!
//! Items are put only where there are none, and a contact, with all that leads to it, comes last: who dies
//! in the middle begins again.
//!
//! The backup is read by scans: all of it must be looked at.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::broadcast::State;
use domain::contact::Contact;
use domain::hours::ROME;
use domain::ids::{ContactId, LineId};
use domain::line::Line;
use domain::retention::{self, Cutoffs, Fate};
use domain::rights::{Outcome, Right};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use crate::item::{Draft, Fields, Item, instant, key_of, text};
use crate::keys::{self, Key};
use crate::kinds::Kind;
use crate::people::{ids, read_contact, traces, write_contact};
use crate::table::{put, put_new};
use crate::{Result, Store, StoreError, failed, line_file, tables};

/// Items put at a time.
const AT_ONCE: usize = 8;

/// What became of a backup's items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// What came back, or would.
    pub back: BTreeMap<Kind, u64>,
    /// People who stay away.
    pub away: BTreeMap<Away, u64>,
    /// Broadcasts under way that come back as cancelled: nobody knows any more who got them.
    pub cancelled: u64,
    /// Lines whose ledger is another one than the backup's.
    pub other_ledgers: Vec<LineId>,
    /// Rows of registers and ledgers that the backup has and the tables have lost: there may have
    /// been erasures of which nothing is known here.
    pub witnesses_lost: u64,
    /// Lines of which the backup is older than proofs of consent are kept: of who left since then
    /// nothing may be left that says so.
    pub too_old: Vec<LineId>,
}

/// Why somebody of the backup does not come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Away {
    /// They were erased.
    Erased,
    /// The night would take them away.
    PastDate,
    /// They wrote again meanwhile: what they said then holds.
    CameAgain,
}

/// What is done for a contact of the backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fated {
    /// It stands in the tables.
    Stands,
    /// It was merged into another one meanwhile.
    Moved,
    Back,
    Away(Away),
}

/// A backup and the tables it may come back to.
struct Restore<'a> {
    to: &'a Store,
    from: &'a Store,
    now: Timestamp,
    /// Otherwise it is only counted.
    writes: bool,
    lines: HashMap<LineId, (Line, Cutoffs)>,
    /// By the line and any of the contact's ids.
    people: HashMap<(LineId, String), Fated>,
    /// Numbers and user ids of those who stay away.
    away: Vec<String>,
    /// By the broadcast: whether it ended so long ago that its deliveries go.
    broadcasts: HashMap<String, bool>,
    result: Restored,
}

impl Store {
    /// Brings back from `backup` what these tables have lost; only counts it unless it `writes`.
    ///
    /// `erased` are contacts that were erased although the register does not say so any more.
    pub async fn restore(
        &self,
        backup: &Store,
        erased: &BTreeSet<ContactId>,
        now: Timestamp,
        writes: bool,
    ) -> Result<Restored> {
        let mut restore = Restore {
            to: self,
            from: backup,
            now,
            writes,
            lines: HashMap::new(),
            people: HashMap::new(),
            away: Vec::new(),
            broadcasts: HashMap::new(),
            result: Restored::default(),
        };
        let people = restore.look_around(erased).await?;
        restore.put_rest().await?;
        restore.put_contacts(people).await?;
        Ok(restore.result)
    }

    /// As much of a whole table as one request gives, and where the next one begins.
    async fn scan(&self, table: &str, start: Option<Item>) -> Result<(Vec<Item>, Option<Item>)> {
        let request = self.client.scan().table_name(table).set_exclusive_start_key(start);
        let page = request.send().await.map_err(failed)?;
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
    }

    /// The ids under which somebody was erased, as the register has them.
    async fn erased_of(&self, line: &LineId) -> Result<HashSet<String>> {
        let rows = self.query_all(&self.tables.subscribers, keys::requests(line)).await?;
        let erased = rows.iter().filter(|it| {
            it.find_text("right") == Some(Right::Erasure.name())
                && it.find_text("outcome") == Some(Outcome::Granted.name())
        });
        Ok(erased
            .flat_map(|it| {
                it.find_text("contact").map(str::to_owned).into_iter().chain(it.set("former"))
            })
            .collect())
    }
}

impl Restore<'_> {
    /// Decides on every contact of the backup; those that come back or stand, by line and id.
    async fn look_around(
        &mut self,
        erased: &BTreeSet<ContactId>,
    ) -> Result<Vec<(LineId, ContactId)>> {
        let table = &self.from.tables.subscribers;
        let mut all_erased: HashMap<LineId, HashSet<String>> = HashMap::new();
        for row in self.from.query_all(table, keys::LINES.to_owned()).await? {
            let id = LineId::new(row.text("sk")?);
            let stands = self.to.line_document(&id).await?;
            let file = stands.map_or_else(|| row.text("file").map(str::to_owned), |it| Ok(it.text));
            let line = line_file::parse(&file?).map_err(|_| StoreError::Corrupt("file"))?;
            let mut known = self.to.erased_of(&id).await?;
            known.extend(erased.iter().map(|it| it.as_str().to_owned()));
            all_erased.insert(id.clone(), known);
            let cutoffs = retention::cutoffs(&line.retention, self.now);
            self.look_at_broadcasts(&id, &cutoffs).await?;
            self.look_at_ledger(&id).await?;
            self.look_at_age(&id, &cutoffs).await?;
            self.lines.insert(id, (line, cutoffs));
        }
        let moved = self.moved().await?;
        let (mut people, mut start) = (Vec::new(), None);
        loop {
            let (items, next) = self.from.scan(table, start).await?;
            self.look_for_witnesses(&items).await?;
            for (line, contact) in contacts_of(&items)? {
                let Some((_, cutoffs)) = self.lines.get(&line) else { continue };
                let erased = all_erased
                    .get(&line)
                    .is_some_and(|known| ids(&contact).any(|it| known.contains(it.as_str())));
                let fated = if moved.contains(&(line.clone(), contact.id.as_str().to_owned())) {
                    Fated::Moved
                } else {
                    self.fated(&line, &contact, erased, cutoffs).await?
                };
                match fated {
                    Fated::Back | Fated::Stands => {
                        people.push((line.clone(), contact.id.clone()));
                    }
                    Fated::Away(why) => {
                        *self.result.away.entry(why).or_default() += 1;
                        let phone = contact.phone.as_ref().map(|it| it.expose().to_owned());
                        let user = contact.user_id.as_ref().map(|it| it.expose().to_owned());
                        self.away.extend(phone.into_iter().chain(user));
                    }
                    Fated::Moved => {}
                }
                for id in ids(&contact) {
                    self.people.insert((line.clone(), id.as_str().to_owned()), fated);
                }
            }
            start = next;
            if start.is_none() {
                return Ok(people);
            }
        }
    }

    async fn fated(
        &self,
        line: &LineId,
        contact: &Contact,
        erased: bool,
        cutoffs: &Cutoffs,
    ) -> Result<Fated> {
        let table = &self.to.tables.subscribers;
        if let Some(stands) = self.to.get(table, keys::contact(line, &contact.id)).await? {
            if stands.contains_key("merged_into") {
                return Ok(Fated::Moved);
            }
            let known = stands.contains_key("phone") || stands.contains_key("user_id");
            // Of who is just being erased the bare ids are left.
            return Ok(if known { Fated::Stands } else { Fated::Away(Away::Erased) });
        }
        if erased {
            return Ok(Fated::Away(Away::Erased));
        }
        if retention::fate(contact, cutoffs) == Fate::Goes {
            return Ok(Fated::Away(Away::PastDate));
        }
        let addresses = contact.phone.as_ref().map(|it| keys::phone(line, it)).into_iter();
        let addresses = addresses.chain(contact.user_id.as_ref().map(|it| keys::user(line, it)));
        let taken = self.to.get_many(table, addresses.collect()).await?;
        let taken = taken.iter().any(|it| it.find_text("contact") != Some(contact.id.as_str()));
        Ok(if taken { Fated::Away(Away::CameAgain) } else { Fated::Back })
    }

    /// Ids of contacts that were merged into another one that stands.
    async fn moved(&self) -> Result<HashSet<(LineId, String)>> {
        let mut moved = HashSet::new();
        for line in self.lines.keys() {
            let mut after = None;
            loop {
                let page = self.to.contacts(line, after.as_ref(), 500).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.id.clone());
                let former = page.iter().flat_map(|it| &it.former_ids);
                moved.extend(former.map(|it| (line.clone(), it.as_str().to_owned())));
            }
        }
        Ok(moved)
    }

    async fn look_at_broadcasts(&mut self, line: &LineId, cutoffs: &Cutoffs) -> Result<()> {
        for store in [self.from, self.to] {
            let table = &store.tables.broadcasts;
            for row in store.query_all(table, keys::broadcasts(line)).await? {
                let over = row.find_instant("finished_at").is_some_and(|it| it < cutoffs.delivery);
                self.broadcasts.insert(row.text("sk")?.to_owned(), over);
            }
        }
        Ok(())
    }

    /// Whether the tables' ledger goes on from the backup's.
    async fn look_at_ledger(&mut self, line: &LineId) -> Result<()> {
        let (backup, stands) =
            (self.from.ledger_head(line).await?, self.to.ledger_head(line).await?);
        if stands.number < backup.number {
            self.result.witnesses_lost += backup.number - stands.number;
        }
        let same = if stands.number >= backup.number {
            let entries = self.to.ledger_entries(line, &[backup.number]).await?;
            // A lost entry is no other one.
            entries.first().is_none_or(|it| it.hash == backup.hash)
        } else {
            stands.number == 0
        };
        if !same {
            self.result.other_ledgers.push(line.clone());
        }
        Ok(())
    }

    /// The night counts every day, so the last day counted is the backup's.
    async fn look_at_age(&mut self, line: &LineId, cutoffs: &Cutoffs) -> Result<()> {
        let days = self.from.query_all(&self.from.tables.subscribers, keys::all_numbers(line));
        let oldest = ROME.to_datetime(cutoffs.consent).date().to_string();
        if days.await?.last().is_some_and(|it| it.find_text("sk") < Some(oldest.as_str())) {
            self.result.too_old.push(line.clone());
        }
        Ok(())
    }

    /// Counts the rows of the register that the tables have lost.
    async fn look_for_witnesses(&mut self, items: &[Item]) -> Result<()> {
        let mut wanted = Vec::new();
        for item in items {
            if kind_of(item)? == Kind::Request && !self.is_past(item) {
                wanted.push(key_of(item)?);
            }
        }
        let n = wanted.len();
        let found = self.to.get_many(&self.to.tables.subscribers, wanted).await?.len();
        self.result.witnesses_lost += (n - found) as u64;
        Ok(())
    }

    fn is_past(&self, item: &Item) -> bool {
        item.find_number(tables::EXPIRY).is_some_and(|it| it < self.now.as_second())
    }

    /// Everything but contacts and what leads to them.
    async fn put_rest(&mut self) -> Result<()> {
        let (from, to) = (&self.from.tables, &self.to.tables);
        for (from, to) in [
            (&from.messages, &to.messages),
            (&from.broadcasts, &to.broadcasts),
            (&from.subscribers, &to.subscribers),
        ] {
            let mut start = None;
            loop {
                let (items, next) = self.from.scan(from, start).await?;
                let mut wanted = BTreeMap::new();
                for item in items {
                    let kind = kind_of(&item)?;
                    if let Some(item) = self.comes_back(kind, item)? {
                        wanted.insert(key_of(&item)?, (kind, item));
                    }
                }
                self.put_lost(to, wanted).await?;
                start = next;
                if start.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Puts what is not there.
    async fn put_lost(
        &mut self,
        table: &str,
        mut wanted: BTreeMap<Key, (Kind, Item)>,
    ) -> Result<()> {
        for there in self.to.get_many(table, wanted.keys().cloned().collect()).await? {
            wanted.remove(&key_of(&there)?);
        }
        let (to, now, writes) = (self.to, self.now, self.writes);
        let lost = stream::iter(wanted.into_values().map(|(kind, item)| async move {
            let was_open = kind == Kind::Broadcast && is_open(&item);
            let mut puts = Vec::new();
            if kind == Kind::Consent && item.find_number("entry").is_none() {
                puts.push(put(table, waiting(&item, now)?));
            }
            puts.push(put_new(table, if was_open { cancelled(item, now) } else { item }));
            if !writes {
                return Ok(Some((kind, was_open)));
            }
            match to.transact(puts).await {
                Ok(()) => Ok(Some((kind, was_open))),
                // It has come meanwhile.
                Err(StoreError::Conflict) => Ok(None),
                Err(err) => Err(err),
            }
        }));
        let put: Vec<Option<(Kind, bool)>> = lost.buffer_unordered(AT_ONCE).try_collect().await?;
        for (kind, was_open) in put.into_iter().flatten() {
            *self.result.back.entry(kind).or_default() += 1;
            self.result.cancelled += u64::from(was_open);
        }
        Ok(())
    }

    /// An item of the backup that is to be there, if it is not: a decision for each kind.
    fn comes_back(&self, kind: Kind, item: Item) -> Result<Option<Item>> {
        let pk = item.text("pk")?.to_owned();
        let part = |n: usize| pk.split('#').nth(n).unwrap_or_default();
        let line = LineId::new(part(1));
        let cutoffs = self.lines.get(&line).map(|it| &it.1);
        let person = |id: &str| self.people.get(&(line.clone(), id.to_owned()));
        let is_recent = |at: &'static str| {
            cutoffs.is_some_and(|it| item.find_instant(at).is_some_and(|at| at >= it.chat))
        };
        let comes = match kind {
            _ if self.is_past(&item) => false,
            Kind::Contact => match item.find_text("merged_into").map(person) {
                Some(fated) => matches!(fated, Some(Fated::Back | Fated::Stands)),
                // It comes last, with what leads to it.
                None => false,
            },
            // These, too. An event that comes back waits for the night anew. Who is in a chunk was
            // perhaps sent to afterwards, and its broadcast does not go on. Who was shut out of the
            // office since then must not come back in. The rest is of use for a moment only.
            Kind::ApiKey
            | Kind::Person
            | Kind::Session
            | Kind::Phone
            | Kind::User
            | Kind::Follower
            | Kind::Unsealed
            | Kind::Chunk
            | Kind::Night
            | Kind::FileGone
            | Kind::Once
            | Kind::Presence
            | Kind::Task => false,
            Kind::Consent => {
                matches!(person(part(2)), Some(Fated::Back | Fated::Stands | Fated::Moved))
            }
            // Its place with it, and what finds it.
            Kind::Appointment | Kind::Ahead => {
                matches!(person(part(2)), Some(Fated::Back | Fated::Stands | Fated::Moved))
            }
            Kind::Message | Kind::Note => {
                is_recent("at")
                    && matches!(person(part(2)), Some(Fated::Back | Fated::Stands | Fated::Moved))
            }
            // Of bytes that are gone the office is told so.
            Kind::File => {
                let whose = item.find_text("contact").map(person);
                is_recent("at")
                    && matches!(
                        whose,
                        None | Some(Some(Fated::Back | Fated::Stands | Fated::Moved))
                    )
            }
            Kind::Conversation => {
                is_recent("last_at") && matches!(person(part(2)), Some(Fated::Back | Fated::Stands))
            }
            Kind::Measure | Kind::Pack => {
                let contact = item.text("contact")?;
                matches!(person(contact), Some(Fated::Back | Fated::Stands | Fated::Moved))
            }
            Kind::Aside => {
                let message = item.text("message")?;
                !self.away.iter().any(|it| message.contains(it.as_str()))
            }
            Kind::LedgerEntry | Kind::LedgerHead => !self.result.other_ledgers.contains(&line),
            // Under the id of somebody who was erased they lead to nobody.
            Kind::Delivery => self.broadcasts.get(part(1)) == Some(&false),
            Kind::Counts => self.broadcasts.contains_key(part(1)),
            Kind::Line
            | Kind::Slot
            | Kind::Agenda
            | Kind::Request
            | Kind::Numbers
            | Kind::Seen
            | Kind::Broadcast
            | Kind::Rate
            | Kind::Heard
            | Kind::Portfolio
            | Kind::Account
            | Kind::Template
            | Kind::Spending
            | Kind::Audit => true,
        };
        Ok(comes.then_some(item))
    }

    /// Contacts that are lost, as what they said since then makes them, each at once with its
    /// addresses and what it follows. Of those that stand, what is lost of the latter.
    async fn put_contacts(&mut self, people: Vec<(LineId, ContactId)>) -> Result<()> {
        let table = &self.to.tables.subscribers;
        for (line, id) in people {
            let mut writes = Vec::new();
            let contact = if let Some(stands) = self.to.contact(&line, &id).await? {
                stands
            } else {
                let lost = self.from.versioned(&line, &id).await?;
                let Some((contact, version)) = lost else { continue };
                let since = self.to.consents(&line, &contact).await?;
                let contact = contact.after(&since);
                let item = write_contact(&line, &contact, version);
                writes.push((Kind::Contact, put_new(table, item)));
                contact
            };
            let mut lost = traces(&line, &contact);
            for there in self.to.get_many(table, lost.clone()).await? {
                let there = key_of(&there)?;
                lost.retain(|it| *it != there);
            }
            let known = self.from.get_many(&self.from.tables.subscribers, lost.clone()).await?;
            for key in lost {
                let kind = Kind::of(&key.pk, &key.sk).ok_or(StoreError::Corrupt("pk"))?;
                let before = known.iter().find(|it| key_of(it).is_ok_and(|it| it == key));
                let joined_at = before.and_then(|it| it.find_instant("joined_at"));
                let joined_at = joined_at.or(contact.consent_at).unwrap_or(self.now);
                let item = match kind {
                    Kind::Follower => Draft::at(key).with("joined_at", instant(joined_at)),
                    _ => Draft::at(key).with("contact", text(contact.id.as_str())),
                };
                writes.push((kind, put_new(table, item.done())));
            }
            let (kinds, writes): (Vec<_>, Vec<_>) = writes.into_iter().unzip();
            if self.writes && !writes.is_empty() {
                match self.to.transact(writes).await {
                    Ok(()) => {}
                    Err(StoreError::Conflict) => {
                        *self.result.away.entry(Away::CameAgain).or_default() += 1;
                        continue;
                    }
                    Err(err) => return Err(err),
                }
            }
            for kind in kinds {
                *self.result.back.entry(kind).or_default() += 1;
            }
        }
        Ok(())
    }
}

fn kind_of(item: &Item) -> Result<Kind> {
    // A newer release's backup: better nothing than half of it.
    Kind::of(item.text("pk")?, item.text("sk")?).ok_or(StoreError::Corrupt("pk"))
}

/// The contacts among some items, with their lines.
fn contacts_of(items: &[Item]) -> Result<Vec<(LineId, Contact)>> {
    let mut contacts = Vec::new();
    for item in items {
        if kind_of(item)? == Kind::Contact && !item.contains_key("merged_into") {
            let line = item.text("pk")?.split('#').nth(1).unwrap_or_default();
            contacts.push((LineId::new(line), read_contact(item)?));
        }
    }
    Ok(contacts)
}

/// Puts an event that was not sealed among those that wait for the night.
fn waiting(event: &Item, now: Timestamp) -> Result<Item> {
    let Key { pk, sk } = key_of(event)?;
    let mut parts = pk.split('#').skip(1);
    let (line, contact) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let key =
        keys::unsealed(&LineId::new(line), now.as_millisecond(), &ContactId::new(contact), &sk);
    Ok(Draft::at(key).with("event_pk", text(pk)).with("event_sk", text(sk)).done())
}

fn is_open(broadcast: &Item) -> bool {
    let state = broadcast.find_text("state").and_then(State::parse);
    !matches!(state, Some(State::Draft | State::AwaitingApproval | State::Done | State::Cancelled))
}

fn cancelled(mut broadcast: Item, now: Timestamp) -> Item {
    for index in ["due", "due_at"] {
        broadcast.remove(index);
    }
    let reason = "Era in corso o in programma nella copia da cui i dati sono stati ripristinati: non \
                  si sa più chi l'ha ricevuto, e non può riprendere.";
    let set = [
        ("state", AttributeValue::S(State::Cancelled.name().to_owned())),
        ("reason", text(reason)),
        ("finished_at", instant(now)),
    ];
    broadcast.extend(set.map(|(name, value)| (name.to_owned(), value)));
    broadcast
}
