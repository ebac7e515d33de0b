// SPDX-License-Identifier: EUPL-1.2
//! Contacts, what identifies them, what they follow, what they agreed to.

mod items;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use domain::contact::{ConsentEvent, Contact, ToldBy, merge};
use domain::conversation::switch_marketing;
use domain::erasure::{Erased, SEEN_DAYS};
use domain::failure;
use domain::ids::{BroadcastId, ContactId, LineId, MeasureId, UserId};
use domain::line::Line;
use domain::media::File;
use domain::message::{MarketingChoice, Sender};
use domain::phone::Phone;
use domain::rights::{Request, RequestNumber};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use crate::appointments::Booking;
use crate::conversations::{NewEntry, put_entry};
use crate::desk::waits;
use crate::files::put_file;
use crate::item::{Draft, Fields, Item, expiry, instant, number, text};
use crate::keys::{self, Key};
use crate::table::{delete, put, put_new, put_version, unless_conflict};
use crate::{Once, Result, Store, StoreError, failed};

use items::asked_to_accept;
pub(crate) use items::{consent, read_consent, read_contact, write_contact};

/// Stands for a message of Meta's wherever its id must not: a keyed hash of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageKey(String);

impl MessageKey {
    /// Takes the hash, not the id.
    pub fn new(hash: impl Into<String>) -> Self {
        Self(hash.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A contact as it was read, with what is needed to write it back safely.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub contact: Contact,
    /// How often the item has been written; 0 if it is not there yet.
    version: i64,
    /// Another contact that the same message belongs to, to be merged into this one, so with a
    /// smaller id. It may have a twin in turn: number, user id and former user id can lead to three.
    pub twin: Option<Box<Loaded>>,
    /// Messages of a twin's conversation that the desk has not looked at.
    unread: i64,
    /// Whether one of them may be an emergency.
    urgent: bool,
    /// With a twin: since when the first of them followed each topic, by the topic's partition.
    joined: BTreeMap<String, Timestamp>,
    /// Others who were known by a number of the sender's before. Who has it now lets them go on
    /// without it.
    before: Vec<Loaded>,
}

impl Loaded {
    fn new(contact: Contact, version: i64) -> Self {
        let (joined, before) = (BTreeMap::new(), Vec::new());
        Self { contact, version, twin: None, unread: 0, urgent: false, joined, before }
    }

    /// The one contact that this and its twins are.
    pub fn merged(&self, now: Timestamp) -> Contact {
        self.twins().fold(self.contact.clone(), |kept, twin| merge(&kept, &twin.contact, now))
    }

    fn twins(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(self.twin.as_deref(), |it| it.twin.as_deref())
    }

    /// Those whose number is this contact's now.
    fn left_behind<'a>(&'a self, next: &'a Contact) -> impl Iterator<Item = &'a Self> {
        let taken = |it: &&Self| it.contact.phone.is_some() && it.contact.phone == next.phone;
        self.before.iter().filter(taken)
    }
}

/// Everything one message changes, saved together or not at all.
pub struct Turn<'a> {
    pub line: &'a LineId,
    pub loaded: &'a Loaded,
    pub message: &'a MessageKey,
    /// The contact after the message.
    pub contact: &'a Contact,
    pub event: Option<&'a ConsentEvent>,
    /// An appointment that is made or changed.
    pub appointment: Option<Booking<'a>>,
    /// The message, if the desk is to see it.
    pub inbound: Option<NewEntry>,
    /// The file that came with it, still to be fetched.
    pub file: Option<&'a File>,
    /// Whether somebody must look at the conversation.
    pub opens: bool,
    /// When to look whether somebody did; `None` if nobody is told.
    pub look_at: Option<Timestamp>,
    /// Rows of answers that were written before and are asked for now.
    pub drafts: Vec<String>,
    /// Whether it comes before all others.
    pub urgent: bool,
    /// The answer, still to be sent: its messages in the order of their rows.
    pub replies: Vec<NewEntry>,
    /// What the register of requests has to say of it.
    pub request: Option<&'a Request>,
    /// When a request that has ended goes: [`crate::register_until`].
    pub register_until: Timestamp,
    /// The measure of which they ask for a review.
    pub objection: Option<&'a MeasureId>,
    /// Of somebody who is erased by this message: how much will have gone.
    pub erases: Option<Erased>,
    /// Our clock: when the message was processed.
    pub now: Timestamp,
    /// Until when the id of a twin leads on to the contact: as long as its deliveries are kept.
    pub forwards_until: Timestamp,
}

/// Lost races for one contact before the caller is told.
const TRIES: u32 = 3;

impl Store {
    /// The contact a message comes from, or a new one under `fresh`.
    ///
    /// `before` is Meta's user id before a change, where the message reports one.
    pub async fn load(
        &self,
        line: &LineId,
        sender: &Sender,
        before: Option<&UserId>,
        fresh: ContactId,
    ) -> Result<Loaded> {
        let nobody = Sender { phone: None, user_id: None, name: None };
        self.load_moved(line, sender, before, &nobody, fresh).await
    }

    /// As [`Store::load`], for somebody who is `next` from now on.
    ///
    /// Whom only a number leads to and whose user id is another is not this person: the number was
    /// given to somebody else.
    pub async fn load_moved(
        &self,
        line: &LineId,
        sender: &Sender,
        before: Option<&UserId>,
        next: &Sender,
        fresh: ContactId,
    ) -> Result<Loaded> {
        let settings = self.line(line).await?;
        let scope = settings.as_ref().map(|it| it.scope_of_user_ids());
        let mut found: BTreeMap<ContactId, Loaded> = BTreeMap::new();
        let mut others: BTreeMap<ContactId, Loaded> = BTreeMap::new();
        let users = [sender.user_id.as_ref(), before, next.user_id.as_ref()].into_iter().flatten();
        let users: Vec<&UserId> = users.collect();
        let phones = [sender.phone.as_ref(), next.phone.as_ref()].into_iter().flatten();
        let by_user = users.iter().map(|user| (keys::user(line, user), true));
        for (key, certain) in by_user.chain(phones.map(|it| (keys::phone(line, it), false))) {
            if let Some(item) = self.get(&self.tables.subscribers, key).await? {
                let id = ContactId::new(item.text("contact")?);
                if found.contains_key(&id) {
                    continue;
                }
                if let Some(loaded) = self.load_contact(line, &id).await? {
                    let theirs = certain || loaded.contact.may_have(&users, scope);
                    let these = if theirs { &mut found } else { &mut others };
                    these.insert(loaded.contact.id.clone(), loaded);
                }
            }
        }
        let joined = self.first_joined(line, &found).await?;
        let before = others.into_values().collect();
        let Some((_, mut kept)) = found.pop_last() else {
            return Ok(Loaded { before, ..Loaded::new(Contact::new(fresh), 0) });
        };
        (kept.joined, kept.before) = (joined, before);
        for (id, mut twin) in found {
            (twin.unread, twin.urgent) = self.unread(line, &id).await?;
            twin.twin = kept.twin.take();
            kept.twin = Some(Box::new(twin));
        }
        Ok(kept)
    }

    /// Since when the first of some contacts followed each topic; nothing of a lone one.
    async fn first_joined(
        &self,
        line: &LineId,
        found: &BTreeMap<ContactId, Loaded>,
    ) -> Result<BTreeMap<String, Timestamp>> {
        let mut joined = BTreeMap::new();
        if found.len() < 2 {
            return Ok(joined);
        }
        let keys = found.values().flat_map(|it| follower_keys(line, &it.contact)).collect();
        for row in self.get_many(&self.tables.subscribers, keys).await? {
            let at = row.instant("joined_at")?;
            let first = joined.entry(row.text("pk")?.to_owned()).or_insert(at);
            *first = at.min(*first);
        }
        Ok(joined)
    }

    /// Whether a message of Meta's was processed, and what it led to.
    pub async fn seen(&self, line: &LineId, message: &MessageKey) -> Result<Option<Seen>> {
        let item = self.get(&self.tables.messages, keys::seen(line, message)).await?;
        item.map(|item| {
            let contact = ContactId::new(item.text("contact")?);
            let erasing = item.find_text("erasing").map(|number| read_erasing(number, &item));
            // One row, before an answer could be two messages.
            let reply = item.find_text("reply").map(str::to_owned);
            let replies = reply.into_iter().chain(item.set("replies")).collect();
            Ok(Seen { contact, replies, erasing: erasing.transpose()? })
        })
        .transpose()
    }

    /// Saves a turn in one transaction.
    ///
    /// `Conflict` if the message was processed or the contact written meanwhile: look again.
    pub async fn save(&self, turn: Turn<'_>) -> Result<()> {
        let mut writes = vec![self.put_seen(&turn)];
        writes.extend(self.put_person(turn.line, turn.loaded, turn.contact, turn.now));
        writes.extend(self.put_twins(&turn));
        writes.extend(self.put_conversation(
            turn.line,
            turn.loaded,
            &turn.contact.id,
            (turn.opens, turn.urgent),
            turn.now,
            turn.look_at,
        ));
        if let Some(event) = turn.event {
            writes.extend(self.put_consent(turn.line, event, turn.message, turn.now));
        }
        writes.extend(turn.appointment.into_iter().flat_map(|it| self.put_booking(it)));
        if let Some(entry) = turn.inbound {
            writes.push(put_entry(&self.tables.messages, turn.line, &turn.contact.id, entry));
        }
        writes.extend(turn.file.map(|it| put_file(&self.tables.messages, turn.line, it)));
        for entry in turn.replies {
            writes.push(put_entry(&self.tables.messages, turn.line, &turn.contact.id, entry));
        }
        if let Some(request) = turn.request {
            let former = turn.erases.map_or(&[][..], |_| &turn.contact.former_ids);
            writes.push(self.put_request(turn.line, request, turn.register_until, former));
        }
        writes.extend(
            turn.objection.map(|it| self.note_objection(turn.line, it, turn.contact, turn.now)),
        );
        self.transact(writes).await
    }

    /// Saves a change of consent that did not come by a message, and its proof. It is of one
    /// contact as [`Store::load_contact`] gives it, so there is nobody to be merged.
    pub async fn save_recorded(
        &self,
        line: &LineId,
        loaded: &Loaded,
        contact: &Contact,
        event: &ConsentEvent,
        key: &MessageKey,
        now: Timestamp,
    ) -> Result<()> {
        self.save_asked(line, loaded, (contact, event), key, None, now).await
    }

    /// As [`Store::save_recorded`], together with the answer to the request for it, remembered
    /// under the same key.
    pub async fn save_asked(
        &self,
        line: &LineId,
        loaded: &Loaded,
        (contact, event): (&Contact, &ConsentEvent),
        key: &MessageKey,
        once: Option<&Once>,
        now: Timestamp,
    ) -> Result<()> {
        let mut writes = self.put_person(line, loaded, contact, now);
        writes.extend(self.put_consent(line, event, key, now));
        writes.extend(once.map(|it| self.put_once(line, key.as_str(), it, now)));
        self.transact(writes).await
    }

    /// Ends the marketing topics of somebody of whom Meta says that they stopped marketing messages
    /// (131050), refused at `at`. Whether that was news; nothing happens to who is gone.
    ///
    /// `Conflict` if the contact was written again and again meanwhile: try later.
    pub async fn end_marketing(
        &self,
        line: &Line,
        contact: &ContactId,
        at: Timestamp,
    ) -> Result<bool> {
        let mut tries = 0;
        loop {
            let Some(loaded) = self.load_contact(&line.id, contact).await? else {
                return Ok(false);
            };
            let (before, told_by) = (&loaded.contact, ToldBy::Refusal);
            let switched = switch_marketing(before, MarketingChoice::Stop, at, told_by, line);
            let Some((next, event)) = switched.filter(|it| it.0 != *before) else {
                return Ok(false);
            };
            // Of one instant there is one refusal that is news.
            let key = MessageKey::new("refusal");
            let saved = self.save_recorded(&line.id, &loaded, &next, &event, &key, at).await;
            tries += 1;
            match saved {
                Err(StoreError::Conflict) if tries < TRIES => {}
                saved => return saved.map(|()| true),
            }
        }
    }

    fn put_seen(&self, turn: &Turn<'_>) -> TransactWriteItem {
        let seen = Draft::at(keys::seen(turn.line, turn.message))
            .with("contact", text(turn.contact.id.as_str()))
            .with_set("replies", turn.replies.iter().map(|it| &it.row).chain(&turn.drafts))
            .with("expires", expiry(turn.now + (24 * i64::from(SEEN_DAYS)).hours()));
        let seen = match turn.erases.zip(turn.request) {
            Some((erased, request)) => seen
                .with("erasing", text(request.number.as_str()))
                .with("identifiers", count(erased.identifiers))
                .with("consents", count(erased.consents))
                .with("messages", number(erased.messages)),
            None => seen,
        };
        put_new(&self.tables.messages, seen.done())
    }

    /// Takes on the certificate of an erasure to be sent: whether nobody did before.
    ///
    /// By then nothing else is left of the person, so this is what keeps it from going out twice.
    pub async fn claim_certificate(&self, line: &LineId, message: &MessageKey) -> Result<bool> {
        let claimed = self
            .client
            .update_item()
            .table_name(&self.tables.messages)
            .set_key(Some(keys::seen(line, message).into_item()))
            .update_expression("SET certified = :yes")
            .condition_expression("attribute_exists(erasing) AND attribute_not_exists(certified)")
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .send()
            .await
            .map_err(failed);
        match claimed {
            Ok(_) => Ok(true),
            Err(StoreError::Conflict) => Ok(false),
            Err(err) => Err(err),
        }
    }

    /// Gives a certificate back that certainly was not sent.
    pub async fn release_certificate(&self, line: &LineId, message: &MessageKey) -> Result<()> {
        let released = self
            .client
            .update_item()
            .table_name(&self.tables.messages)
            .set_key(Some(keys::seen(line, message).into_item()))
            .update_expression("REMOVE certified")
            .condition_expression("attribute_exists(certified)")
            .send()
            .await
            .map_err(failed);
        unless_conflict(released)
    }

    /// The contact, what finds it, and what it follows: the same change in three places.
    pub(crate) fn put_person(
        &self,
        line: &LineId,
        loaded: &Loaded,
        next: &Contact,
        now: Timestamp,
    ) -> Vec<TransactWriteItem> {
        let table = &self.tables.subscribers;
        let mut writes = vec![put_contact(table, line, next, loaded.version)];
        for other in loaded.left_behind(next) {
            let contact = Contact { phone: None, ..other.contact.clone() };
            writes.push(put_contact(table, line, &contact, other.version));
        }
        let before = &loaded.contact;
        let (known, addresses) = (address_keys(line, before), address_keys(line, next));
        // With a twin, an address may still lead to the other contact.
        for key in addresses.iter().filter(|it| loaded.twin.is_some() || !known.contains(it)) {
            writes.push(put_address(table, key.clone(), loaded, next));
        }
        let twins = loaded.twins().flat_map(|it| address_keys(line, &it.contact));
        let all: BTreeSet<Key> = known.iter().cloned().chain(twins).collect();
        for key in all.into_iter().filter(|it| !addresses.contains(it)) {
            writes.push(delete(table, key));
        }
        let (follows, follows_next) = (followed(before), followed(next));
        // With a twin, the row may have to say an earlier time.
        for topic in
            follows_next.iter().filter(|it| loaded.twin.is_some() || !follows.contains(*it))
        {
            // Who was in the audience of a broadcast under way must not drop out of it by a merge.
            let joined_at = loaded.joined.get(&keys::followers(line, topic)).copied();
            let row = Draft::at(keys::follower(line, topic, &next.id))
                .with("joined_at", instant(joined_at.unwrap_or(now)));
            writes.push(put(table, row.done()));
        }
        for topic in follows.difference(&follows_next) {
            writes.push(delete(table, keys::follower(line, topic, &next.id)));
        }
        writes
    }

    /// Of a twin only the way to the contact it is now stays, without anything personal: a chunk of
    /// a broadcast may still name it, and a report its delivery.
    fn put_twins(&self, turn: &Turn<'_>) -> Vec<TransactWriteItem> {
        let (table, line) = (&self.tables.subscribers, turn.line);
        let mut writes = Vec::new();
        for twin in turn.loaded.twins() {
            let other = &twin.contact;
            writes.extend(follower_keys(line, other).map(|it| delete(table, it)));
            let forward = Draft::at(keys::contact(line, &other.id))
                .with("merged_into", text(turn.contact.id.as_str()))
                .with("expires", expiry(turn.forwards_until));
            writes.push(put_version(table, forward.done(), twin.version));
        }
        writes
    }

    /// What becomes of conversations: the desk must look at the message, or at what it had not
    /// looked at of a twin. Twins have none of their own any more.
    fn put_conversation(
        &self,
        line: &LineId,
        loaded: &Loaded,
        contact: &ContactId,
        (opens, urgent): (bool, bool),
        now: Timestamp,
        look_at: Option<Timestamp>,
    ) -> Vec<TransactWriteItem> {
        let table = &self.tables.messages;
        let twins = loaded.twins().map(|it| keys::conversation(line, &it.contact.id));
        let mut writes: Vec<_> = twins.map(|it| delete(table, it)).collect();
        let unread = i64::from(opens) + loaded.twins().map(|it| it.unread).sum::<i64>();
        if unread > 0 {
            let urgent = urgent || loaded.twins().any(|it| it.urgent);
            writes.push(self.open_conversation(line, contact, unread, urgent, now));
            let task = look_at.map(|at| waits(line, contact, at));
            writes.extend(
                task.map(|it| if urgent { self.put_task(&it) } else { self.keep_task(&it) }),
            );
        }
        writes
    }

    /// One contact of a line, under its id or that of a contact that was merged into it: who holds
    /// an old id, an open page of the desk's or a job, means the same person.
    pub async fn contact(&self, line: &LineId, id: &ContactId) -> Result<Option<Contact>> {
        Ok(self.versioned(line, id).await?.map(|it| it.0))
    }

    /// As [`Store::contact`], to be changed.
    pub async fn load_contact(&self, line: &LineId, id: &ContactId) -> Result<Option<Loaded>> {
        let found = self.versioned(line, id).await?;
        Ok(found.map(|(contact, version)| Loaded::new(contact, version)))
    }

    pub(crate) async fn versioned(
        &self,
        line: &LineId,
        id: &ContactId,
    ) -> Result<Option<(Contact, i64)>> {
        let mut key = keys::contact(line, id);
        loop {
            let item = self.get(&self.tables.subscribers, key).await?;
            let Some(item) = item else { return Ok(None) };
            match item.find_text("merged_into") {
                // A larger id each time, so this ends.
                Some(next) => key = keys::contact(line, &ContactId::new(next)),
                None => return Ok(Some((read_contact(&item)?, item.number("version")?))),
            }
        }
    }

    /// The contacts as they stand at this very moment, by the ids they are asked for; those that
    /// exist.
    ///
    /// Each is a consistent read. Under the id of somebody who was merged into another contact there
    /// is that one, whose own id is another then: both may be in one audience.
    pub async fn recipients(
        &self,
        line: &LineId,
        ids: &[ContactId],
    ) -> Result<HashMap<ContactId, Contact>> {
        let mut contacts = HashMap::new();
        let mut forwards = HashMap::new();
        let mut wanted = ids.to_vec();
        while !wanted.is_empty() {
            let keys = wanted.iter().map(|id| keys::contact(line, id)).collect();
            wanted.clear();
            for item in self.get_many(&self.tables.subscribers, keys).await? {
                let id = ContactId::new(item.text("sk")?);
                if let Some(next) = item.find_text("merged_into").map(ContactId::new) {
                    wanted.push(next.clone());
                    forwards.insert(id, next);
                } else {
                    // Read again after the merge that led to it, it stands as it does now.
                    contacts.insert(id, read_contact(&item)?);
                }
            }
        }
        let mut found = HashMap::new();
        for id in ids {
            let mut end = id;
            while let Some(next) = forwards.get(end) {
                end = next;
            }
            if let Some(contact) = contacts.get(end) {
                found.insert(id.clone(), Contact::clone(contact));
            }
        }
        Ok(found)
    }

    /// Notes that a broadcast could not be delivered to a contact (131026), as one of those in a
    /// row. Twice is once, and what is gone stays gone.
    ///
    /// The contact's version stays: a message meanwhile is saved, and wins, since whoever writes is
    /// there. Of a contact that is suspended already nothing is written.
    pub async fn note_undeliverable(
        &self,
        line: &LineId,
        contact: &ContactId,
        broadcast: &BroadcastId,
    ) -> Result<()> {
        let contact = self.contact(line, contact).await?;
        let Some(contact) = contact.filter(|it| !it.is_suspended()) else { return Ok(()) };
        let noted = self
            .client
            .update_item()
            .table_name(&self.tables.subscribers)
            .set_key(Some(keys::contact(line, &contact.id).into_item()))
            .update_expression("ADD undeliverable :broadcast")
            .condition_expression("attribute_exists(version)")
            .expression_attribute_values(
                ":broadcast",
                AttributeValue::Ss(vec![broadcast.as_str().to_owned()]),
            )
            .send()
            .await
            .map_err(failed);
        unless_conflict(noted)
    }

    /// Notes that a broadcast asked a contact to accept a policy. Twice is once; the contact's
    /// version stays, as with [`Store::note_undeliverable`].
    pub async fn note_asked_to_accept(
        &self,
        line: &LineId,
        contact: &ContactId,
        policy: Date,
        broadcast: &BroadcastId,
    ) -> Result<()> {
        let asked = asked_to_accept(&(policy, broadcast.clone()));
        let noted = self
            .client
            .update_item()
            .table_name(&self.tables.subscribers)
            .set_key(Some(keys::contact(line, contact).into_item()))
            .update_expression("ADD asked_to_accept :asked")
            .condition_expression("attribute_exists(version)")
            .expression_attribute_values(":asked", AttributeValue::Ss(vec![asked]))
            .send()
            .await
            .map_err(failed);
        unless_conflict(noted)
    }

    /// Notes what Meta's code says of the person a message was refused for, if it says anything:
    /// undeliverable, or stopped marketing messages.
    pub async fn note_refusal(
        &self,
        line: &Line,
        broadcast: &BroadcastId,
        contact: &ContactId,
        code: Option<i64>,
        at: Timestamp,
    ) -> Result<()> {
        match code {
            Some(failure::UNDELIVERABLE) => {
                self.note_undeliverable(&line.id, contact, broadcast).await
            }
            Some(failure::MARKETING_STOPPED) => {
                self.end_marketing(line, contact, at).await.map(|_| ())
            }
            _ => Ok(()),
        }
    }

    /// Notes that something reached a contact: what could not be delivered before is forgotten.
    ///
    /// One read where there is nothing to forget.
    pub async fn note_reachable(&self, line: &LineId, contact: &ContactId) -> Result<()> {
        let contact = self.contact(line, contact).await?;
        let Some(contact) = contact.filter(|it| !it.undeliverable.is_empty()) else {
            return Ok(());
        };
        let noted = self
            .client
            .update_item()
            .table_name(&self.tables.subscribers)
            .set_key(Some(keys::contact(line, &contact.id).into_item()))
            .update_expression("REMOVE undeliverable")
            .condition_expression("attribute_exists(undeliverable)")
            .send()
            .await
            .map_err(failed);
        unless_conflict(noted)
    }

    /// How many follow each topic, and how many are subscribed at all (`*`).
    pub async fn count_followers(&self, line: &LineId, topic: &str) -> Result<i64> {
        self.count(keys::followers(line, topic)).await
    }

    /// Who follows a topic (or `*`), in the order of ids, after `after`: id and joining time.
    /// Also whether there may be more: a page of the table can be shorter than asked for.
    pub async fn followers(
        &self,
        line: &LineId,
        topic: &str,
        after: Option<&ContactId>,
        limit: i32,
    ) -> Result<(Vec<(ContactId, Timestamp)>, bool)> {
        let mut query = self
            .client
            .query()
            .table_name(&self.tables.subscribers)
            .expression_attribute_values(":pk", text(keys::followers(line, topic)))
            .consistent_read(true)
            .limit(limit);
        query = match after {
            Some(after) => query
                .key_condition_expression("pk = :pk AND sk > :after")
                .expression_attribute_values(":after", text(after.as_str())),
            None => query.key_condition_expression("pk = :pk"),
        };
        let page = query.send().await.map_err(failed)?;
        let row = |it: &Item| Ok((ContactId::new(it.text("sk")?), it.instant("joined_at")?));
        let rows = page.items().iter().map(row).collect::<Result<_>>()?;
        Ok((rows, page.last_evaluated_key.is_some()))
    }

    /// The consent events of a contact and of those merged into it, oldest first.
    pub async fn consents(&self, line: &LineId, contact: &Contact) -> Result<Vec<ConsentEvent>> {
        let mut events = Vec::new();
        for id in ids(contact) {
            let items = self.query_all(&self.tables.subscribers, keys::consents(line, id)).await?;
            for item in &items {
                events.push(read_consent(id, item)?);
            }
        }
        events.sort_by_key(|it| it.at);
        Ok(events)
    }

    /// The contact with this number, if the line knows one.
    pub async fn find(&self, line: &LineId, phone: &Phone) -> Result<Option<Contact>> {
        let found = self.get(&self.tables.subscribers, keys::phone(line, phone)).await?;
        match found {
            Some(item) => self.contact(line, &ContactId::new(item.text("contact")?)).await,
            None => Ok(None),
        }
    }
}

/// What is remembered of a processed message.
#[derive(Clone, Debug)]
pub struct Seen {
    pub contact: ContactId,
    /// The rows of the answer in their order, sent or still to be sent.
    pub replies: Vec<String>,
    /// Of a message that erased who wrote it.
    pub erasing: Option<Erasing>,
}

/// An erasure that a message began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasing {
    /// The request's, and so the certificate's.
    pub number: RequestNumber,
    /// How much goes, counted before.
    pub erased: Erased,
}

fn count(n: usize) -> AttributeValue {
    number(i64::try_from(n).unwrap_or(i64::MAX))
}

fn read_erasing(number: &str, item: &Item) -> Result<Erasing> {
    let count = |name: &'static str| {
        usize::try_from(item.number(name)?).map_err(|_| StoreError::Corrupt(name))
    };
    let erased = Erased {
        identifiers: count("identifiers")?,
        consents: count("consents")?,
        messages: item.number("messages")?,
    };
    Ok(Erasing { number: RequestNumber::new(number), erased })
}

/// What a contact follows, everyone's topic included.
fn followed(contact: &Contact) -> BTreeSet<String> {
    let mut topics: BTreeSet<String> =
        contact.topics().iter().map(|it| it.as_str().to_owned()).collect();
    if contact.is_subscribed() {
        topics.insert(keys::EVERYONE.to_owned());
    }
    topics
}

fn follower_keys(line: &LineId, contact: &Contact) -> impl Iterator<Item = Key> {
    followed(contact).into_iter().map(|topic| keys::follower(line, &topic, &contact.id))
}

/// A contact's id and those of the contacts merged into it.
pub(crate) fn ids(contact: &Contact) -> impl Iterator<Item = &ContactId> {
    std::iter::once(&contact.id).chain(&contact.former_ids)
}

/// Everything that leads to a contact: its addresses, and what it follows.
pub(crate) fn traces(line: &LineId, contact: &Contact) -> Vec<Key> {
    address_keys(line, contact).into_iter().chain(follower_keys(line, contact)).collect()
}

fn address_keys(line: &LineId, contact: &Contact) -> Vec<Key> {
    let phone = contact.phone.as_ref().map(|it| keys::phone(line, it));
    let user = contact.user_id.as_ref().map(|it| keys::user(line, it));
    phone.into_iter().chain(user).collect()
}

/// Leads a number or user id to the loaded contact, unless it leads to somebody who was not
/// loaded with it.
fn put_address(table: &str, key: Key, loaded: &Loaded, next: &Contact) -> TransactWriteItem {
    let id = &loaded.contact.id;
    let mut put = Put::builder()
        .table_name(table)
        .set_item(Some(Draft::at(key).with("contact", text(id.as_str())).done()))
        .expression_attribute_values(":c0", text(id.as_str()));
    let mut known = vec![":c0".to_owned()];
    for (n, twin) in (1..).zip(loaded.twins().chain(loaded.left_behind(next))) {
        known.push(format!(":c{n}"));
        put = put.expression_attribute_values(&known[n], text(twin.contact.id.as_str()));
    }
    let known = known.join(", ");
    let put = put
        .condition_expression(format!("attribute_not_exists(pk) OR contact IN ({known})"))
        .build()
        .expect("table and item are given");
    TransactWriteItem::builder().put(put).build()
}

/// The version goes up by one, from 0 for a contact that is not there yet.
pub(crate) fn put_contact(
    table: &str,
    line: &LineId,
    contact: &Contact,
    version: i64,
) -> TransactWriteItem {
    let item = write_contact(line, contact, version + 1);
    if version == 0 { put_new(table, item) } else { put_version(table, item, version) }
}
