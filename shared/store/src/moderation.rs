// SPDX-License-Identifier: EUPL-1.2
//! Measures of moderation, report packs, and the messages that were deleted.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use domain::contact::{ConsentEvent, Contact};
use domain::ids::{ContactId, FileId, LineId, MeasureId};
use domain::line::Rule;
use domain::media::File;
use domain::moderation::{Act, AtMeta, Level, Lifted, Measure, Recipient};
use jiff::Timestamp;

use crate::conversations::{NewEntry, put_entry};
use crate::item::{Draft, Fields, Item, expiry, instant, key_of, number, text};
use crate::people::{Loaded, MessageKey, ids};
use crate::table::{put_new, unless_conflict};
use crate::{Once, Result, Store, StoreError, Task, failed, keys};

/// Measures read at a time.
const PAGE: i32 = 100;

/// A block to be written down: everything it changes, together or not at all.
pub struct Blocking<'a> {
    pub line: &'a LineId,
    pub loaded: &'a Loaded,
    pub contact: &'a Contact,
    pub measure: &'a Measure,
    /// The end of the subscription, under the key of the request.
    pub event: Option<(&'a ConsentEvent, &'a MessageKey)>,
    /// What the person is told, still to be sent.
    pub notice: Option<NewEntry>,
    pub now: Timestamp,
}

/// A message that is deleted: under whose id, and which row.
pub struct Deleting<'a> {
    pub line: &'a LineId,
    pub chat: &'a ContactId,
    pub row: &'a str,
    /// What it brought, if that is still known.
    pub file: Option<&'a File>,
    pub measure: &'a Measure,
}

/// A report to be kept, with what it says and the files that stay for it.
pub struct Reporting<'a> {
    pub line: &'a LineId,
    pub measure: &'a Measure,
    pub pack: &'a str,
    pub files: &'a [FileId],
    /// The answer to the request for it, if that had a key.
    pub once: Option<(&'a str, &'a Once)>,
    pub now: Timestamp,
}

/// A report pack as it was sealed.
#[derive(Debug, PartialEq, Eq)]
pub struct Pack {
    pub text: String,
    pub files: Vec<FileId>,
}

impl Blocking<'_> {
    /// The kind of the task that ends a block at Meta: `unblock#0001749416383000-4f…`.
    pub const TASK: &'static str = "unblock";

    /// Meta knows no dates, so somebody must look when the time has come.
    fn task(&self) -> Option<Task> {
        let Act::Block { level: Level::Meta, until, .. } = self.measure.act else { return None };
        let name = format!("{}#{}", Self::TASK, self.measure.id);
        Some(Task { line: self.line.clone(), name, due_at: until })
    }
}

impl Store {
    /// `Conflict` if the contact was written meanwhile: look again.
    pub async fn block(&self, it: Blocking<'_>) -> Result<()> {
        let table = &self.tables.subscribers;
        let mut writes = self.put_person(it.line, it.loaded, it.contact, it.now);
        writes.extend(it.task().map(|it| self.put_task(&it)));
        writes.push(put_new(table, write_measure(it.line, it.measure)));
        if let Some((event, key)) = it.event {
            writes.extend(self.put_consent(it.line, event, key, it.now));
        }
        if let Some(notice) = it.notice {
            let messages = &self.tables.messages;
            writes.push(put_entry(messages, it.line, &it.contact.id, notice));
        }
        self.transact(writes).await
    }

    /// Ends a block: the contact as it is without it, and by whom. `Conflict` if the contact was
    /// written meanwhile.
    pub async fn unblock(
        &self,
        line: &LineId,
        loaded: &Loaded,
        contact: &Contact,
        measure: &MeasureId,
        lifted: &Lifted,
    ) -> Result<()> {
        let mut writes = self.put_person(line, loaded, contact, lifted.at);
        let lift = Update::builder()
            .table_name(&self.tables.subscribers)
            .set_key(Some(keys::measure(line, measure).into_item()))
            .update_expression("SET lifted_at = :at, lifted_by = :by")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(lifted_at)")
            .expression_attribute_values(":at", instant(lifted.at))
            .expression_attribute_values(":by", text(&lifted.by))
            .build()
            .expect("table, key and expression are given");
        writes.push(TransactWriteItem::builder().update(lift).build());
        self.transact(writes).await
    }

    /// Takes the block from a contact whose time it is. What somebody wrote meanwhile stands.
    pub(crate) async fn end_block(
        &self,
        line: &LineId,
        loaded: &Loaded,
        now: Timestamp,
    ) -> Result<()> {
        let contact = Contact { blocked: None, ..loaded.contact.clone() };
        let writes = self.put_person(line, loaded, &contact, now);
        unless_conflict(self.transact(writes).await)
    }

    /// Notes how a block stands at Meta.
    pub async fn note_at_meta(
        &self,
        line: &LineId,
        measure: &MeasureId,
        stands: AtMeta,
    ) -> Result<()> {
        let noted = self
            .client
            .update_item()
            .table_name(&self.tables.subscribers)
            .set_key(Some(keys::measure(line, measure).into_item()))
            .update_expression("SET meta = :stands")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":stands", text(stands.name()))
            .send()
            .await
            .map_err(failed);
        unless_conflict(noted)
    }

    /// A contact asked for a review, as part of a message's turn. Where the measure itself is gone,
    /// that keeps nobody from asking.
    pub(crate) fn note_objection(
        &self,
        line: &LineId,
        measure: &MeasureId,
        contact: &Contact,
        at: Timestamp,
    ) -> TransactWriteItem {
        let until = contact.blocked.as_ref().map_or(at, |it| it.until);
        let noted = Update::builder()
            .table_name(&self.tables.subscribers)
            .set_key(Some(keys::measure(line, measure).into_item()))
            .update_expression(
                "SET objected_at = if_not_exists(objected_at, :at), \
                 contact = if_not_exists(contact, :contact), \
                 expires = if_not_exists(expires, :until)",
            )
            .expression_attribute_values(":at", instant(at))
            .expression_attribute_values(":contact", text(contact.id.as_str()))
            .expression_attribute_values(":until", expiry(until))
            .build()
            .expect("table, key and expression are given");
        TransactWriteItem::builder().update(noted).build()
    }

    /// Takes the words and the file out of a citizen's message and says by which measure: when and
    /// whose it was stays. `Conflict` if that was done, or it is not there, or its file was reported
    /// meanwhile. The file's bytes are on the list of what is to go then.
    pub async fn delete_message(&self, it: Deleting<'_>) -> Result<()> {
        let emptied = Update::builder()
            .table_name(&self.tables.messages)
            .set_key(Some(keys::entry(it.line, it.chat, it.row).into_item()))
            .update_expression(
                "SET #text = :nothing, deleted_at = :at, deleted_for = :rule REMOVE media",
            )
            .condition_expression("direction = :in AND attribute_not_exists(deleted_at)")
            .expression_attribute_names("#text", "text")
            .expression_attribute_values(":nothing", text(""))
            .expression_attribute_values(":at", instant(it.measure.at))
            .expression_attribute_values(":rule", text(&it.measure.rule.words))
            .expression_attribute_values(":in", text("in"))
            .build()
            .expect("table, key and expression are given");
        let written = put_new(&self.tables.subscribers, write_measure(it.line, it.measure));
        let mut writes = vec![TransactWriteItem::builder().update(emptied).build(), written];
        let away = it.file.map(|file| self.take_file_away(it.line, file, it.measure.at));
        writes.extend(away.into_iter().flatten());
        self.transact(writes).await
    }

    /// Keeps a report pack, its measure and its files, with the answer to the request for it.
    /// `Conflict` if that is there, or one of the files went.
    pub async fn keep_report(&self, it: Reporting<'_>) -> Result<()> {
        let Act::Report { expires_at, .. } = it.measure.act else {
            return Err(StoreError::Corrupt("act"));
        };
        let files = it.files.iter().map(|it| text(it.as_str())).collect();
        let kept = Draft::at(keys::pack(it.line, &it.measure.id))
            .with("contact", text(it.measure.contact.as_str()))
            .with("pack", text(it.pack))
            .with("files", AttributeValue::L(files))
            .with("expires", expiry(expires_at))
            .done();
        let mut writes = vec![
            put_new(&self.tables.subscribers, write_measure(it.line, it.measure)),
            put_new(&self.tables.messages, kept),
        ];
        writes.extend(it.files.iter().map(|file| self.seal_file(it.line, file, expires_at)));
        writes.extend(it.once.map(|(key, once)| self.put_once(it.line, key, once, it.now)));
        self.transact(writes).await
    }

    /// A report pack; `None` once it is gone.
    pub async fn pack(
        &self,
        line: &LineId,
        measure: &MeasureId,
        now: Timestamp,
    ) -> Result<Option<Pack>> {
        let item = self.get(&self.tables.messages, keys::pack(line, measure)).await?;
        let fresh = |it: &Item| it.find_number("expires") > Some(now.as_second());
        item.filter(fresh)
            .map(|it| Ok(Pack { text: it.text("pack")?.to_owned(), files: files_in(&it) }))
            .transpose()
    }

    pub async fn measure(&self, line: &LineId, id: &MeasureId) -> Result<Option<Measure>> {
        let item = self.get(&self.tables.subscribers, keys::measure(line, id)).await?;
        // One that only notes an objection has outlived its measure.
        item.filter(|it| it.find_text("act").is_some()).as_ref().map(read_measure).transpose()
    }

    /// A page of a line's measures before `before`, the latest first; `holds` are the blocks that
    /// hold now. A page is full unless it is the last.
    pub async fn measures(
        &self,
        line: &LineId,
        holds: Option<bool>,
        before: Option<&MeasureId>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Measure>> {
        let mut found = Vec::new();
        let mut start = before.map(|it| keys::measure(line, it).into_item());
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.tables.subscribers)
                .key_condition_expression("pk = :pk")
                .filter_expression("attribute_exists(act)")
                .expression_attribute_values(":pk", text(keys::measures(line)))
                .scan_index_forward(false)
                .limit(PAGE)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(failed)?;
            for item in page.items() {
                let measure = read_measure(item)?;
                if holds.is_none_or(|it| it == measure.holds(now)) {
                    found.push(measure);
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() || found.len() >= limit {
                found.truncate(limit);
                return Ok(found);
            }
        }
    }

    /// What was done about a contact, oldest first. There is little of it by nature.
    pub async fn measures_of(&self, line: &LineId, contact: &Contact) -> Result<Vec<Measure>> {
        let items = self.measure_items(line, contact).await?;
        let whole = items.iter().filter(|it| it.find_text("act").is_some());
        whole.map(read_measure).collect()
    }

    async fn measure_items(&self, line: &LineId, contact: &Contact) -> Result<Vec<Item>> {
        let ids: Vec<&str> = ids(contact).map(ContactId::as_str).collect();
        let mut items = self.query_all(&self.tables.subscribers, keys::measures(line)).await?;
        items.retain(|it| it.find_text("contact").is_some_and(|it| ids.contains(&it)));
        Ok(items)
    }

    /// Measures and report packs of who is forgotten go with everything else.
    pub(crate) async fn forget_measures(&self, line: &LineId, contact: &Contact) -> Result<()> {
        let items = self.measure_items(line, contact).await?;
        let id = |it: &Item| Ok(MeasureId::new(it.text("sk")?));
        let ids = items.iter().map(id).collect::<Result<Vec<_>>>()?;
        let packs: Vec<_> = ids.iter().map(|it| keys::pack(line, it)).collect();
        for pack in self.get_many(&self.tables.messages, packs.clone()).await? {
            for file in files_in(&pack) {
                self.let_file_go(line, &file).await?;
            }
        }
        self.delete_many(&self.tables.messages, packs).await?;
        let rows = items.iter().map(key_of).collect::<Result<_>>()?;
        self.delete_many(&self.tables.subscribers, rows).await
    }
}

fn files_in(pack: &Item) -> Vec<FileId> {
    let files = pack.get("files").and_then(|it| it.as_l().ok()).into_iter().flatten();
    files.filter_map(|it| it.as_s().ok()).map(FileId::new).collect()
}

fn write_measure(line: &LineId, measure: &Measure) -> Item {
    let draft = Draft::at(keys::measure(line, &measure.id))
        .with("contact", text(measure.contact.as_str()))
        .with("at", instant(measure.at))
        .with("act", text(measure.act.name()))
        .with("rule", text(&measure.rule.id))
        .with("rule_words", text(&measure.rule.words))
        .with("reason", text(&measure.reason))
        .with("operator", text(&measure.by))
        .with("expires", expiry(measure.expires_at()));
    match &measure.act {
        Act::Block { level, until, meta, objected_at, lifted } => draft
            .with("level", text(level.name()))
            .with("holds_until", instant(*until))
            .with_some("meta", meta.map(|it| text(it.name())))
            .with_some("objected_at", objected_at.map(instant))
            .with_some("lifted_at", lifted.as_ref().map(|it| instant(it.at)))
            .with_some("lifted_by", lifted.as_ref().map(|it| text(&it.by))),
        Act::Deletion { message } => draft.with("message", text(message)),
        Act::Report { messages, recipient, sha256, expires_at } => draft
            .with("messages", number(i64::try_from(*messages).unwrap_or(i64::MAX)))
            .with("recipient", text(recipient.name()))
            .with("sha256", text(sha256))
            .with("pack_expires_at", instant(*expires_at)),
    }
    .done()
}

fn read_measure(item: &Item) -> Result<Measure> {
    let named = |name: &'static str| item.text(name);
    let act = match named("act")? {
        "block" => Act::Block {
            level: Level::parse(named("level")?).ok_or(StoreError::Corrupt("level"))?,
            until: item.instant("holds_until")?,
            meta: item.find_text("meta").and_then(AtMeta::parse),
            objected_at: item.find_instant("objected_at"),
            lifted: item.find_instant("lifted_at").map(|at| Lifted {
                at,
                by: item.find_text("lifted_by").unwrap_or_default().to_owned(),
            }),
        },
        "deletion" => Act::Deletion { message: named("message")?.to_owned() },
        "report" => Act::Report {
            messages: usize::try_from(item.number("messages")?)
                .map_err(|_| StoreError::Corrupt("messages"))?,
            recipient: Recipient::parse(named("recipient")?)
                .ok_or(StoreError::Corrupt("recipient"))?,
            sha256: named("sha256")?.to_owned(),
            expires_at: item.instant("pack_expires_at")?,
        },
        _ => return Err(StoreError::Corrupt("act")),
    };
    Ok(Measure {
        id: MeasureId::new(named("sk")?),
        contact: ContactId::new(named("contact")?),
        at: item.instant("at")?,
        act,
        rule: Rule { id: named("rule")?.to_owned(), words: named("rule_words")?.to_owned() },
        reason: named("reason")?.to_owned(),
        by: named("operator")?.to_owned(),
    })
}
