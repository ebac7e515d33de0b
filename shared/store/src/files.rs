// SPDX-License-Identifier: EUPL-1.2
//! What is known of files, apart from their bytes: whose they are, whether they are here, until when.
//!
//! The bytes are kept elsewhere, under [`object`]. An item goes only after its bytes, so that there are
//! none of which nobody knows: what is to go is first put on a list, without anything personal.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem, Update};
use domain::contact::Contact;
use domain::ids::{ContactId, FileId, LineId, PhoneNumberId};
use domain::media::{File, Kind, Safety, State, Upload};
use jiff::{Timestamp, ToSpan};

use crate::item::{Draft, Fields, Item, expiry, instant, key_of, number, text};
use crate::keys;
use crate::once::Once;
use crate::people::ids;
use crate::table::{delete, put, put_new, unless_conflict};
use crate::{Result, Store, StoreError, failed};

/// So long after its date the table itself takes an item away, whose bytes the night took before.
const NET_DAYS: i64 = 14;

/// Where the bytes of a file are: `media/pordenone/0001749416383000-4f…`
pub fn object(line: &LineId, file: &FileId) -> String {
    format!("media/{line}/{file}")
}

/// Where the bytes of a file wait that the office brings, until somebody has looked at them.
pub fn incoming(line: &LineId, file: &FileId) -> String {
    format!("incoming/{line}/{file}")
}

impl Store {
    /// Writes a file down, together with the answer to the request for it if that had a key;
    /// `Conflict` if it is there.
    pub async fn add_file(
        &self,
        line: &LineId,
        file: &File,
        once: Option<(&str, &Once)>,
        now: Timestamp,
    ) -> Result<()> {
        let mut writes = vec![put_file(&self.tables.messages, line, file)];
        writes.extend(once.map(|(key_hash, once)| self.put_once(line, key_hash, once, now)));
        self.transact(writes).await
    }

    pub async fn file(&self, line: &LineId, file: &FileId) -> Result<Option<File>> {
        let item = self.get(&self.tables.messages, keys::file(line, file)).await?;
        item.as_ref().map(read_file).transpose()
    }

    /// Says what became of a file that was waited for; false if it is not there any more, so that
    /// its bytes must not be either. Once more changes nothing.
    pub async fn settle_file(&self, line: &LineId, file: &FileId, state: &State) -> Result<bool> {
        let (name, bytes, safety, why) = state_fields(state);
        let mut expression = "SET #state = :state".to_owned();
        let mut update = self
            .client
            .update_item()
            .table_name(&self.tables.messages)
            .set_key(Some(keys::file(line, file).into_item()))
            .condition_expression("#state = :waiting")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":waiting", text(WAITING))
            .expression_attribute_values(":state", text(name));
        if let Some((bytes, safety)) = bytes.zip(safety) {
            expression.push_str(", #bytes = :bytes, safety = :safety");
            update = update
                .expression_attribute_names("#bytes", "bytes")
                .expression_attribute_values(":bytes", number(bytes))
                .expression_attribute_values(":safety", text(safety.name()));
        }
        if let Some(why) = why {
            expression.push_str(", refused = :why");
            update = update.expression_attribute_values(":why", text(why));
        }
        match update.update_expression(expression).send().await.map_err(failed) {
            Ok(_) => Ok(true),
            // Settled before, or gone.
            Err(StoreError::Conflict) => Ok(self.file(line, file).await?.is_some()),
            Err(err) => Err(err),
        }
    }

    /// Notes where a file is at Meta, for messages of this business number.
    pub async fn note_file_upload(
        &self,
        line: &LineId,
        file: &FileId,
        number: &PhoneNumberId,
        upload: &Upload,
    ) -> Result<()> {
        let one = AttributeValue::M(Item::from([
            ("media_id".to_owned(), text(&upload.media_id)),
            ("until".to_owned(), instant(upload.until)),
        ]));
        let noted = self
            .client
            .update_item()
            .table_name(&self.tables.messages)
            .set_key(Some(keys::file(line, file).into_item()))
            .update_expression("SET uploads.#number = :upload")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#number", number.as_str())
            .expression_attribute_values(":upload", one)
            .send()
            .await
            .map_err(failed);
        unless_conflict(noted)
    }

    /// Notes that a file of the office's goes to this person: it is theirs and goes with them, unless
    /// it went to somebody else too.
    pub async fn give_file(&self, line: &LineId, file: &FileId, to: &ContactId) -> Result<()> {
        let update = || {
            self.client
                .update_item()
                .table_name(&self.tables.messages)
                .set_key(Some(keys::file(line, file).into_item()))
                .expression_attribute_values(":contact", text(to.as_str()))
        };
        let first = update()
            .update_expression("SET contact = :contact")
            .condition_expression(
                "attribute_exists(pk) AND \
                 (attribute_not_exists(contact) OR contact = :contact)",
            )
            .send()
            .await
            .map_err(failed);
        if !matches!(first, Err(StoreError::Conflict)) {
            return first.map(drop);
        }
        let shared = update()
            .update_expression("SET #shared = :yes")
            .condition_expression("attribute_exists(pk) AND contact <> :contact")
            .expression_attribute_names("#shared", "shared")
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .send()
            .await
            .map_err(failed);
        unless_conflict(shared)
    }

    /// The files in a person's chat, those of contacts merged into it among them.
    pub async fn files_of(&self, line: &LineId, contact: &Contact) -> Result<Vec<File>> {
        let mut wanted = BTreeSet::new();
        for id in ids(contact) {
            for item in self.query_all(&self.tables.messages, keys::chat(line, id)).await? {
                let maps = ["media", "document"].into_iter().filter_map(|it| item.get(it));
                let maps = maps.filter_map(|it| it.as_m().ok());
                wanted.extend(maps.filter_map(|it| it.find_text("file")).map(FileId::new));
            }
        }
        let wanted = wanted.iter().map(|it| keys::file(line, it)).collect();
        let items = self.get_many(&self.tables.messages, wanted).await?;
        items.iter().map(read_file).collect()
    }

    /// Puts a person's files on the list of what is to go. Those that others were sent too stay.
    pub(crate) async fn let_files_go(&self, line: &LineId, contact: &Contact) -> Result<()> {
        let files = self.files_of(line, contact).await?;
        let theirs = files.iter().filter(|it| is_of(it, contact));
        for file in theirs {
            self.let_file_go(line, &file.id).await?;
        }
        Ok(())
    }

    pub(crate) async fn let_file_go(&self, line: &LineId, file: &FileId) -> Result<()> {
        let table = &self.tables.messages;
        let gone = self.list_to_go(line, file);
        self.transact(vec![delete(table, keys::file(line, file)), gone]).await
    }

    fn list_to_go(&self, line: &LineId, file: &FileId) -> TransactWriteItem {
        put(&self.tables.messages, Draft::at(keys::file_gone(line, file)).done())
    }

    /// The file of a message that is deleted goes on the list; one that was reported stays for the
    /// report alone. `Conflict` if it was reported, or went, since it was read.
    pub(crate) fn take_file_away(
        &self,
        line: &LineId,
        file: &File,
        now: Timestamp,
    ) -> Vec<TransactWriteItem> {
        let key = keys::file(line, &file.id).into_item();
        if file.sealed_until.is_some_and(|it| it > now) {
            let hidden = Update::builder()
                .table_name(&self.tables.messages)
                .set_key(Some(key))
                .update_expression("SET #until = :now")
                .condition_expression("attribute_exists(pk)")
                .expression_attribute_names("#until", "until")
                .expression_attribute_values(":now", instant(now))
                .build()
                .expect("table, key and expression are given");
            return vec![TransactWriteItem::builder().update(hidden).build()];
        }
        let gone = Delete::builder()
            .table_name(&self.tables.messages)
            .set_key(Some(key))
            .condition_expression("attribute_not_exists(sealed) OR sealed <= :now")
            .expression_attribute_values(":now", instant(now))
            .build()
            .expect("table, key and condition are given");
        let gone = TransactWriteItem::builder().delete(gone).build();
        vec![gone, self.list_to_go(line, &file.id)]
    }

    /// Keeps the bytes of a file that is reported until then. `Conflict` if it went meanwhile.
    pub(crate) fn seal_file(
        &self,
        line: &LineId,
        file: &FileId,
        until: Timestamp,
    ) -> TransactWriteItem {
        let sealed = Update::builder()
            .table_name(&self.tables.messages)
            .set_key(Some(keys::file(line, file).into_item()))
            .update_expression("SET sealed = :until, expires = :expires")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":until", instant(until))
            .expression_attribute_values(":expires", expiry(until + (24 * NET_DAYS).hours()))
            .build()
            .expect("table, key and expression are given");
        TransactWriteItem::builder().update(sealed).build()
    }

    /// Puts the files that came before `before` on the list, but those that a report still keeps.
    pub async fn let_old_files_go(
        &self,
        line: &LineId,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        let end = format!("{:016}", before.as_millisecond().max(0));
        for item in self.file_rows(line, "0", &end).await? {
            if item.find_instant("sealed").is_none_or(|it| it <= now) {
                self.let_file_go(line, &FileId::new(key_of(&item)?.sk)).await?;
            }
        }
        Ok(())
    }

    /// The files on the list: their bytes are to go, under [`object`] and [`incoming`], and then
    /// [`Store::file_went`] is to be told.
    pub async fn files_to_go(&self, line: &LineId) -> Result<Vec<FileId>> {
        // `H` follows `G`.
        let rows = self.file_rows(line, keys::FILE_GONE, "H").await?;
        let id = |item: &Item| {
            let id = item.text("sk")?.strip_prefix(keys::FILE_GONE);
            id.map(FileId::new).ok_or(StoreError::Corrupt("sk"))
        };
        rows.iter().map(id).collect()
    }

    /// The bytes of a file are gone, and nothing is left of it.
    pub async fn file_went(&self, line: &LineId, file: &FileId) -> Result<()> {
        let key = keys::file_gone(line, file);
        self.transact(vec![delete(&self.tables.messages, key)]).await
    }

    /// Keys of a line's files from `first` to before `end`.
    async fn file_rows(&self, line: &LineId, first: &str, end: &str) -> Result<Vec<Item>> {
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.tables.messages)
                .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :end")
                .expression_attribute_values(":pk", text(keys::files(line)))
                .expression_attribute_values(":first", text(first))
                .expression_attribute_values(":end", text(end))
                .projection_expression("pk, sk, sealed")
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(failed)?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }
}

/// Whether a file goes with a person.
fn is_of(file: &File, contact: &Contact) -> bool {
    let owner = file.contact.as_ref();
    !file.shared && owner.is_none_or(|owner| ids(contact).any(|it| it == owner))
}

/// Files that go with a person, and are uploaded to Meta.
pub(crate) fn uploads_of<'a>(
    files: &'a [File],
    contact: &'a Contact,
) -> impl Iterator<Item = String> + 'a {
    let theirs = files.iter().filter(|it| is_of(it, contact));
    theirs.flat_map(|it| it.uploads.values()).map(|it| it.media_id.clone())
}

const WAITING: &str = "waiting";
const KEPT: &str = "kept";
const REFUSED: &str = "refused";

/// Its name, and what goes with it: size and safety, or why it was refused.
fn state_fields(state: &State) -> (&'static str, Option<u64>, Option<Safety>, Option<&str>) {
    match state {
        State::Waiting => (WAITING, None, None, None),
        State::Kept { bytes, safety } => (KEPT, Some(*bytes), Some(*safety), None),
        State::Refused(why) => (REFUSED, None, None, Some(why)),
    }
}

pub(crate) fn put_file(table: &str, line: &LineId, file: &File) -> TransactWriteItem {
    let (state, bytes, safety, why) = state_fields(&file.state);
    let uploads = file.uploads.iter().map(|(number, it)| {
        let one =
            [("media_id".to_owned(), text(&it.media_id)), ("until".to_owned(), instant(it.until))];
        (number.as_str().to_owned(), AttributeValue::M(one.into()))
    });
    let item = Draft::at(keys::file(line, &file.id))
        .with_some("contact", file.contact.as_ref().map(|it| text(it.as_str())))
        .with_some("shared", file.shared.then_some(AttributeValue::Bool(true)))
        .with("at", instant(file.at))
        .with("kind", text(file.kind.name()))
        .with("mime", text(&file.mime))
        .with("name", text(&file.name))
        .with("state", text(state))
        .with_some("bytes", bytes.map(number))
        .with_some("safety", safety.map(|it| text(it.name())))
        .with_some("refused", why.map(text))
        .with_some("source", file.source.as_ref().map(text))
        .with("uploads", AttributeValue::M(uploads.collect()))
        .with("until", instant(file.expires_at))
        .with_some("sealed", file.sealed_until.map(instant))
        .with("expires", expiry(file.expires_at + (24 * NET_DAYS).hours()))
        .done();
    put_new(table, item)
}

fn read_file(item: &Item) -> Result<File> {
    let some = |name| item.find_text(name).map(str::to_owned);
    let state = match item.text("state")? {
        WAITING => State::Waiting,
        KEPT => State::Kept {
            bytes: u64::try_from(item.number("bytes")?).unwrap_or(0),
            safety: Safety::parse(item.text("safety")?).ok_or(StoreError::Corrupt("safety"))?,
        },
        REFUSED => State::Refused(item.text("refused")?.to_owned()),
        _ => return Err(StoreError::Corrupt("state")),
    };
    let uploads = item.get("uploads").and_then(|it| it.as_m().ok()).into_iter().flatten();
    let uploads = uploads.map(|(number, it)| {
        let it = it.as_m().map_err(|_| StoreError::Corrupt("uploads"))?;
        let (media_id, until) = (it.text("media_id")?.to_owned(), it.instant("until")?);
        Ok((PhoneNumberId::new(number), Upload { media_id, until }))
    });
    Ok(File {
        id: FileId::new(item.text("sk")?),
        contact: some("contact").map(ContactId::new),
        shared: item.flag("shared"),
        at: item.instant("at")?,
        kind: Kind::parse(item.text("kind")?).ok_or(StoreError::Corrupt("kind"))?,
        mime: item.text("mime")?.to_owned(),
        name: item.text("name")?.to_owned(),
        state,
        source: some("source"),
        uploads: uploads.collect::<Result<BTreeMap<_, _>>>()?,
        expires_at: item.instant("until")?,
        sealed_until: item.find_instant("sealed"),
    })
}
