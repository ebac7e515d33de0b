// SPDX-License-Identifier: EUPL-1.2
//! Conversations and their messages: what the desk sees, and what we still owe an answer.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use domain::contact::Contact;
use domain::cost::Priced;
use domain::delivery::{Callback, State};
use domain::export::Form;
use domain::ids::{ContactId, FileId, LineId};
use domain::line::HeaderFormat;
use domain::message::{Attached, Button, FilledTemplate, HeaderMedia, Media, Outgoing, Place, Row};
use jiff::Timestamp;

use crate::deliveries::Reported;
use crate::files::uploads_of;
use crate::item::{Draft, Fields, Item, expiry, instant, key_of, number, text};
use crate::keys;
use crate::once::Once;
use crate::people::ids;
use crate::table::put_new;
use crate::tables::INBOX;
use crate::{Result, Store, StoreError, failed};

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    In,
    Out,
}

/// A message to be written down.
#[derive(Clone)]
pub struct NewEntry {
    /// See [`keys::row`].
    pub row: String,
    pub at: Timestamp,
    pub content: EntryContent,
    /// When it goes by itself, as a net under the nightly clearing.
    pub expires_at: Timestamp,
    /// Who at the desk wrote it, if somebody did.
    pub operator: Option<String>,
}

#[derive(Clone)]
pub enum EntryContent {
    /// Meta's type, and the words it holds, if any.
    In {
        kind: String,
        text: String,
        media: Option<Media>,
    },
    Out(Outgoing),
    /// An answer that waits until its reader presses the button that asks for it.
    Draft(Outgoing),
    /// A file of what is held of the person, made and uploaded when it is sent.
    Copy {
        form: Form,
        caption: String,
    },
    /// A file of the office's, uploaded when it is sent: as what, or else as a document.
    File {
        file: FileId,
        file_name: String,
        sent_as: Option<Attached>,
        caption: String,
    },
}

/// A file of ours in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub file_name: String,
    /// Of a copy of somebody's data: which of its files.
    pub copy: Option<Form>,
    /// Of a file of the office's: which.
    pub file: Option<FileId>,
    /// Meta's id of it, once it was uploaded.
    pub media_id: Option<String>,
}

/// A message as the desk reads it.
#[derive(Clone)]
pub struct Entry {
    pub row: String,
    pub direction: Direction,
    pub at: Timestamp,
    /// Meta's type: `text`, `image` …
    pub kind: String,
    pub text: String,
    pub buttons: Vec<Button>,
    /// The button of a list, and the rows behind it.
    pub list: Option<(String, Vec<Row>)>,
    pub media: Option<Media>,
    pub document: Option<Document>,
    pub template: Option<FilledTemplate>,
    pub place: Option<Place>,
    /// Where an answer stands; `None` for a message that came in, or is still to be sent.
    pub state: Option<State>,
    pub operator: Option<String>,
    /// Whether it waits until its reader asks for it, and has not been sent.
    pub draft: bool,
    /// Of a message whose words were deleted: when, and the rule that was cited.
    pub deleted: Option<(Timestamp, String)>,
}

/// A contact's conversation with the desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    pub contact: ContactId,
    /// `open` (waits for us), `waiting` (waits for the citizen), `closed`.
    pub state: String,
    pub last_at: Timestamp,
    pub unread: i64,
    /// Whether something in it that nobody has answered may be an emergency.
    pub urgent: bool,
    /// Since when it has waited for us, while it is open.
    pub opened_at: Option<Timestamp>,
    /// When the office was told that nobody reads it, and when it last stood in the morning's list.
    pub noticed_at: Option<Timestamp>,
    pub listed_at: Option<Timestamp>,
    /// Who takes care of it.
    pub assigned_to: Option<String>,
    /// What it is about, in the desk's own word.
    pub topic: Option<String>,
    /// How often what the desk sees of it has changed.
    pub version: u64,
}

impl Entry {
    /// The message as it is sent; `None` as long as a file of it was not uploaded.
    pub fn outgoing(&self) -> Option<Outgoing> {
        Some(if let Some(document) = &self.document {
            let (media_id, caption) = (document.media_id.clone()?, self.text.clone());
            if let Some(kind) = Attached::parse(&self.kind) {
                Outgoing::Media { kind, media_id, caption }
            } else {
                let file_name = document.file_name.clone();
                Outgoing::Document { media_id, file_name, caption }
            }
        } else if let Some(template) = &self.template {
            Outgoing::Template(template.clone())
        } else if let Some(place) = &self.place {
            Outgoing::Location(place.clone())
        } else if let Some((button, rows)) = &self.list {
            let (body, button, rows) = (self.text.clone(), button.clone(), rows.clone());
            Outgoing::List { body, button, rows }
        } else if self.buttons.is_empty() {
            Outgoing::Text(self.text.clone())
        } else {
            Outgoing::Buttons { body: self.text.clone(), buttons: self.buttons.clone() }
        })
    }
}

impl Store {
    /// Marks a conversation as waiting for the desk, with so many more messages to look at. What was
    /// urgent stays so until somebody has looked at it.
    pub(crate) fn open_conversation(
        &self,
        line: &LineId,
        contact: &ContactId,
        unread: i64,
        urgent: bool,
        now: Timestamp,
    ) -> TransactWriteItem {
        let mut expression =
            "SET #state = :state, inbox = :inbox, last_at = :now, contact = :contact, \
             opened_at = if_not_exists(opened_at, :now)"
                .to_owned();
        let mut update = Update::builder()
            .table_name(&self.tables.messages)
            .set_key(Some(keys::conversation(line, contact).into_item()))
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", text("open"))
            .expression_attribute_values(":inbox", text(keys::inbox(line, "open")))
            .expression_attribute_values(":now", instant(now))
            .expression_attribute_values(":contact", text(contact.as_str()))
            .expression_attribute_values(":unread", number(unread))
            .expression_attribute_values(":one", number(1));
        if urgent {
            // Whoever was told of this wait is told of the emergency, too.
            expression.push_str(", urgent = :urgent REMOVE noticed_at");
            update = update.expression_attribute_values(":urgent", AttributeValue::Bool(true));
        }
        let update = update
            .update_expression(expression + " ADD unread :unread, version :one")
            .build()
            .expect("table, key and expression are given");
        TransactWriteItem::builder().update(update).build()
    }

    /// How many messages of an open conversation the desk has not looked at, and whether one of
    /// them is urgent.
    pub(crate) async fn unread(&self, line: &LineId, contact: &ContactId) -> Result<(i64, bool)> {
        let item = self.get(&self.tables.messages, keys::conversation(line, contact)).await?;
        let open = item.filter(|it| it.find_text("state") == Some("open"));
        open.map_or(Ok((0, false)), |it| Ok((it.number("unread")?, it.flag("urgent"))))
    }

    /// Moves a conversation that somebody looked at to `waiting` or `closed`; not if the citizen
    /// wrote after `now`, which nobody has looked at.
    pub async fn settle_conversation(
        &self,
        line: &LineId,
        contact: &ContactId,
        state: &str,
        now: Timestamp,
    ) -> Result<()> {
        let settled = self
            .client
            .update_item()
            .table_name(&self.tables.messages)
            .set_key(Some(keys::conversation(line, contact).into_item()))
            .update_expression(
                "SET #state = :state, inbox = :inbox, last_at = :now, unread = :none, \
                 contact = :contact REMOVE urgent, opened_at, noticed_at, listed_at \
                 ADD version :one",
            )
            .expression_attribute_values(":one", number(1))
            .condition_expression("attribute_not_exists(last_at) OR last_at <= :now")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", text(state))
            .expression_attribute_values(":inbox", text(keys::inbox(line, state)))
            .expression_attribute_values(":now", instant(now))
            .expression_attribute_values(":none", number(0))
            .expression_attribute_values(":contact", text(contact.as_str()))
            .send()
            .await
            .map_err(failed);
        match settled {
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(err) => Err(err),
        }
    }

    /// A line's conversations in a state, latest first, before `before`.
    ///
    /// The index may lag, so a page can be shorter than `limit`; and it can be longer, since all
    /// of one millisecond stand on the same page: the next begins before it.
    pub async fn conversations(
        &self,
        line: &LineId,
        state: &str,
        before: Option<Timestamp>,
        limit: i32,
    ) -> Result<Vec<Conversation>> {
        let before = instant(before.unwrap_or(Timestamp::MAX));
        let mut listed = self.inbox(line, state, "last_at < :at", before, Some(limit)).await?;
        if let Some(last) = listed.last().filter(|_| i32::try_from(listed.len()) == Ok(limit)) {
            let last = number(last.number("last_at")?);
            listed.extend(self.inbox(line, state, "last_at = :at", last, None).await?);
        }
        let keys = listed.iter().map(key_of).collect::<Result<_>>()?;
        let items = self.get_many(&self.tables.messages, keys).await?;
        let mut found = items.iter().map(read_conversation).collect::<Result<Vec<_>>>()?;
        found.retain(|it| it.state == state);
        found.sort_by_key(|it| std::cmp::Reverse(it.last_at));
        Ok(found)
    }

    /// Keys of conversations in a state, latest first.
    async fn inbox(
        &self,
        line: &LineId,
        state: &str,
        when: &str,
        at: AttributeValue,
        limit: Option<i32>,
    ) -> Result<Vec<Item>> {
        let page = self
            .client
            .query()
            .table_name(&self.tables.messages)
            .index_name(INBOX.name)
            .key_condition_expression(format!("inbox = :inbox AND {when}"))
            .expression_attribute_values(":inbox", text(keys::inbox(line, state)))
            .expression_attribute_values(":at", at)
            .scan_index_forward(false)
            .set_limit(limit)
            .send()
            .await
            .map_err(failed)?;
        Ok(page.items.unwrap_or_default())
    }

    /// A contact's messages, latest first, before the row `before`; those under the ids of
    /// contacts merged into it among them.
    pub async fn entries(
        &self,
        line: &LineId,
        contact: &Contact,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for id in ids(contact) {
            entries.extend(self.chat_page(line, id, before, limit).await?);
        }
        entries.sort_by(|a, b| b.row.cmp(&a.row));
        entries.truncate(limit);
        Ok(entries)
    }

    /// As [`Store::entries`], of one id. A page of the table holds 1 MB, which long messages fill.
    async fn chat_page(
        &self,
        line: &LineId,
        contact: &ContactId,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Entry>> {
        // `N` follows `M`, so it stands after the last message.
        let before = before.map_or("N".to_owned(), |row| format!("M#{row}"));
        let mut entries = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.tables.messages)
                .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :before")
                .expression_attribute_values(":pk", text(keys::chat(line, contact)))
                .expression_attribute_values(":first", text("M#"))
                .expression_attribute_values(":before", text(&before))
                .scan_index_forward(false)
                .limit(i32::try_from(limit).unwrap_or(i32::MAX).saturating_add(1))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(failed)?;
            let older = page.items().iter().filter(|it| it.find_text("sk") != Some(&before));
            entries.extend(older.map(read_entry).collect::<Result<Vec<_>>>()?);
            start = page.last_evaluated_key;
            if start.is_none() || entries.len() >= limit {
                return Ok(entries);
            }
        }
    }

    /// Writes down a message the desk is about to send, together with the answer to its request
    /// if that had a key; `Conflict` if it was written before.
    pub async fn add_entry(
        &self,
        line: &LineId,
        contact: &ContactId,
        entry: NewEntry,
        once: Option<(&str, &Once)>,
        now: Timestamp,
    ) -> Result<()> {
        self.add_entries(line, contact, vec![entry], once, now).await
    }

    /// As [`Store::add_entry`], of several messages that belong together.
    pub async fn add_entries(
        &self,
        line: &LineId,
        contact: &ContactId,
        entries: Vec<NewEntry>,
        once: Option<(&str, &Once)>,
        now: Timestamp,
    ) -> Result<()> {
        let put = |it| put_entry(&self.tables.messages, line, contact, it);
        let mut writes: Vec<_> = entries.into_iter().map(put).collect();
        writes.extend(once.map(|(key_hash, once)| self.put_once(line, key_hash, once, now)));
        self.transact(writes).await
    }

    /// One message of a conversation.
    pub async fn entry(
        &self,
        line: &LineId,
        contact: &ContactId,
        row: &str,
    ) -> Result<Option<Entry>> {
        let item = self.get(&self.tables.messages, keys::entry(line, contact, row)).await?;
        item.as_ref().map(read_entry).transpose()
    }

    /// Takes an answer on to be sent: the entry, or `None` if somebody took it before.
    ///
    /// The last write before the request to Meta. Whoever gets it sends it; nobody else will.
    pub async fn claim_entry(
        &self,
        line: &LineId,
        contact: &ContactId,
        row: &str,
    ) -> Result<Option<Entry>> {
        let claimed = self
            .client
            .update_item()
            .table_name(&self.tables.messages)
            .set_key(Some(keys::entry(line, contact, row).into_item()))
            .update_expression("SET #state = :claimed, #rank = :rank")
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(#state)")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#rank", "rank")
            .expression_attribute_values(":claimed", text(State::Claimed.name()))
            .expression_attribute_values(":rank", number(State::Claimed.rank()))
            .return_values(aws_sdk_dynamodb::types::ReturnValue::AllNew)
            .send()
            .await
            .map_err(failed);
        match claimed {
            Ok(answer) => answer.attributes.as_ref().map(read_entry).transpose(),
            Err(StoreError::Conflict) => Ok(None),
            Err(err) => Err(err),
        }
    }

    /// Notes where a file of an answer is at Meta, so that it is uploaded once and can be taken away.
    pub async fn note_upload(
        &self,
        line: &LineId,
        contact: &ContactId,
        row: &str,
        media_id: &str,
    ) -> Result<()> {
        let noted = self
            .client
            .update_item()
            .table_name(&self.tables.messages)
            .set_key(Some(keys::entry(line, contact, row).into_item()))
            .update_expression("SET document.media_id = :media_id")
            .condition_expression("attribute_exists(document)")
            .expression_attribute_values(":media_id", text(media_id))
            .send()
            .await
            .map_err(failed);
        match noted {
            // Gone meanwhile: then there is nothing to send.
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(err) => Err(err),
        }
    }

    /// Meta's ids of the files that were uploaded for a contact, and for nobody else.
    pub async fn uploads(&self, line: &LineId, contact: &Contact) -> Result<Vec<String>> {
        let files = self.files_of(line, contact).await?;
        let mut uploads: Vec<_> = uploads_of(&files, contact).collect();
        for id in ids(contact) {
            let items = self.query_all(&self.tables.messages, keys::chat(line, id)).await?;
            let documents = items.iter().filter_map(|it| it.get("document")?.as_m().ok());
            let documents = documents.filter(|it| !it.contains_key("file"));
            uploads.extend(documents.filter_map(|it| it.find_text("media_id")).map(str::to_owned));
        }
        Ok(uploads)
    }

    /// Gives an answer back that certainly was not sent, so that it can be taken again.
    pub async fn release_entry(&self, line: &LineId, contact: &ContactId, row: &str) -> Result<()> {
        let released = self
            .client
            .update_item()
            .table_name(&self.tables.messages)
            .set_key(Some(keys::entry(line, contact, row).into_item()))
            .update_expression("REMOVE #state, #rank")
            .condition_expression("#state = :claimed")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#rank", "rank")
            .expression_attribute_values(":claimed", text(State::Claimed.name()))
            .send()
            .await
            .map_err(failed);
        match released {
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(err) => Err(err),
        }
    }

    /// Moves an answer forward. What is gone stays gone, and nothing moves back.
    pub async fn report_entry(
        &self,
        line: &LineId,
        contact: &ContactId,
        row: &str,
        state: State,
        code: Option<i64>,
    ) -> Result<()> {
        self.report_entry_priced(line, contact, row, state, code, None).await?;
        Ok(())
    }

    /// As [`Store::report_entry`], of a status that may say the price too.
    pub async fn report_entry_priced(
        &self,
        line: &LineId,
        contact: &ContactId,
        row: &str,
        state: State,
        code: Option<i64>,
        priced: Option<Priced>,
    ) -> Result<Reported> {
        let key = keys::entry(line, contact, row);
        self.move_forward(&self.tables.messages, key, state, code, priced).await
    }
}

/// The id of an answer for Meta to give back.
pub fn callback(contact: &ContactId, row: &str) -> String {
    Callback::Message { contact: contact.clone(), row: row.to_owned() }.encode()
}

pub(crate) fn put_entry(
    table: &str,
    line: &LineId,
    contact: &ContactId,
    entry: NewEntry,
) -> TransactWriteItem {
    let is_draft = matches!(entry.content, EntryContent::Draft(_));
    let draft = Draft::at(keys::entry(line, contact, &entry.row))
        .with("at", instant(entry.at))
        .with("expires", expiry(entry.expires_at))
        .with_some("operator", entry.operator.map(text))
        .with_some("draft", is_draft.then_some(AttributeValue::Bool(true)));
    let draft = match entry.content {
        EntryContent::In { kind, text: words, media } => draft
            .with("direction", text("in"))
            .with("kind", text(kind))
            .with("text", text(words))
            .with_some("media", media.map(write_media)),
        EntryContent::Copy { form, caption } => draft
            .with("direction", text("out"))
            .with("kind", text("document"))
            .with("text", text(caption))
            .with("document", write_document(form.file_name(), Some(form), None, None)),
        EntryContent::File { file, file_name, sent_as, caption } => draft
            .with("direction", text("out"))
            .with("kind", text(sent_as.map_or("document", Attached::name)))
            .with("text", text(caption))
            .with("document", write_document(&file_name, None, Some(&file), None)),
        EntryContent::Out(message) | EntryContent::Draft(message) => {
            let (kind, words, more) = match message {
                Outgoing::Text(body) => ("text", body, None),
                Outgoing::Buttons { body, buttons } => {
                    ("buttons", body, Some(("buttons", write_buttons(&buttons))))
                }
                Outgoing::List { body, button, rows } => {
                    ("list", body, Some(("list", write_list(&button, &rows))))
                }
                Outgoing::Document { media_id, file_name, caption } => {
                    let document = write_document(&file_name, None, None, Some(&media_id));
                    ("document", caption, Some(("document", document)))
                }
                Outgoing::Location(place) => {
                    let words = place.name.clone();
                    ("location", words, Some(("location", write_place(&place))))
                }
                Outgoing::Media { kind, media_id, caption } => {
                    let document = write_document("", None, None, Some(&media_id));
                    (kind.name(), caption, Some(("document", document)))
                }
                Outgoing::Template(template) => {
                    let written = write_template(&template);
                    ("template", template.name, Some(("template", written)))
                }
            };
            let draft = draft
                .with("direction", text("out"))
                .with("kind", text(kind))
                .with("text", text(words));
            match more {
                Some((name, value)) => draft.with(name, value),
                None => draft,
            }
        }
    };
    put_new(table, draft.done())
}

fn write_document(
    file_name: &str,
    copy: Option<Form>,
    file: Option<&FileId>,
    media_id: Option<&str>,
) -> AttributeValue {
    let fields = [
        ("file_name", Some(file_name)),
        ("copy", copy.map(Form::name)),
        ("file", file.map(FileId::as_str)),
        ("media_id", media_id),
    ];
    let given = fields.into_iter().filter_map(|(name, it)| Some((name.to_owned(), text(it?))));
    AttributeValue::M(given.collect())
}

fn read_document(map: &Item) -> Result<Document> {
    let copy = map.find_text("copy");
    let known = |name| Form::parse(name).ok_or(StoreError::Corrupt("copy"));
    Ok(Document {
        file_name: map.text("file_name")?.to_owned(),
        copy: copy.map(known).transpose()?,
        file: map.find_text("file").map(FileId::new),
        media_id: map.find_text("media_id").map(str::to_owned),
    })
}

/// Degrees as text: DynamoDB's numbers are decimal, ours are not.
fn write_place(place: &Place) -> AttributeValue {
    let fields = [
        ("latitude", Some(place.latitude.to_string())),
        ("longitude", Some(place.longitude.to_string())),
        ("name", Some(place.name.clone())),
        ("address", place.address.clone()),
    ];
    let given = fields.into_iter().filter_map(|(name, it)| Some((name.to_owned(), text(it?))));
    AttributeValue::M(given.collect())
}

fn read_place(map: &Item) -> Result<Place> {
    let degrees =
        |name| map.text(name)?.parse::<f64>().map_err(|_| StoreError::Corrupt("location"));
    Ok(Place {
        latitude: degrees("latitude")?,
        longitude: degrees("longitude")?,
        name: map.text("name")?.to_owned(),
        address: map.find_text("address").map(str::to_owned),
    })
}

fn write_list(button: &str, rows: &[Row]) -> AttributeValue {
    let row = |it: &Row| {
        let words = [
            ("payload", Some(&it.payload)),
            ("title", Some(&it.title)),
            ("description", it.description.as_ref()),
        ];
        let said = words.into_iter().filter_map(|(name, it)| Some((name.to_owned(), text(it?))));
        AttributeValue::M(said.collect())
    };
    let rows = AttributeValue::L(rows.iter().map(row).collect());
    AttributeValue::M([("button".to_owned(), text(button)), ("rows".to_owned(), rows)].into())
}

fn read_list(list: &Item) -> Result<(String, Vec<Row>)> {
    let rows = list.get("rows").and_then(|it| it.as_l().ok()).map_or(&[][..], Vec::as_slice);
    let rows = rows.iter().map(|it| {
        let map = it.as_m().map_err(|_| StoreError::Corrupt("list"))?;
        Ok(Row {
            payload: map.text("payload")?.to_owned(),
            title: map.text("title")?.to_owned(),
            description: map.find_text("description").map(str::to_owned),
        })
    });
    Ok((list.text("button")?.to_owned(), rows.collect::<Result<_>>()?))
}

fn write_buttons(buttons: &[Button]) -> AttributeValue {
    let one = |it: &Button| {
        AttributeValue::M(
            [("payload".to_owned(), text(&it.payload)), ("title".to_owned(), text(&it.title))]
                .into(),
        )
    };
    AttributeValue::L(buttons.iter().map(one).collect())
}

fn write_template(template: &FilledTemplate) -> AttributeValue {
    let one = |(name, value): &(String, String)| {
        AttributeValue::M(
            [("name".to_owned(), text(name)), ("value".to_owned(), text(value))].into(),
        )
    };
    let parameters = template.parameters.iter().map(one).collect();
    let mut map = Item::from([
        ("name".to_owned(), text(&template.name)),
        ("language".to_owned(), text(&template.language)),
        ("parameters".to_owned(), AttributeValue::L(parameters)),
    ]);
    if let Some(header) = &template.header {
        map.insert("header_kind".to_owned(), text(header.format.name()));
        map.insert("header_media_id".to_owned(), text(&header.media_id));
        let name = header.file_name.as_ref().map(|it| ("header_name".to_owned(), text(it)));
        map.extend(name);
    }
    if let Some(payload) = &template.quick_reply {
        map.insert("quick_reply".to_owned(), text(payload));
    }
    AttributeValue::M(map)
}

fn read_template(map: &Item) -> Result<FilledTemplate> {
    let parameters = map.get("parameters").and_then(|it| it.as_l().ok());
    let parameters = parameters.ok_or(StoreError::Corrupt("parameters"))?.iter().map(|it| {
        let map = it.as_m().map_err(|_| StoreError::Corrupt("parameters"))?;
        Ok((map.text("name")?.to_owned(), map.text("value")?.to_owned()))
    });
    let format = map.find_text("header_kind").and_then(HeaderFormat::parse);
    let header = format.zip(map.find_text("header_media_id"));
    Ok(FilledTemplate {
        name: map.text("name")?.to_owned(),
        language: map.text("language")?.to_owned(),
        parameters: parameters.collect::<Result<_>>()?,
        header: header.map(|(format, media_id)| HeaderMedia {
            format,
            media_id: media_id.to_owned(),
            file_name: map.find_text("header_name").map(str::to_owned),
        }),
        quick_reply: map.find_text("quick_reply").map(str::to_owned),
    })
}

fn write_media(media: Media) -> AttributeValue {
    let mut map =
        Item::from([("kind".to_owned(), text(media.kind)), ("id".to_owned(), text(media.id))]);
    let more = [
        ("mime_type", media.mime_type),
        ("file_name", media.file_name),
        ("caption", media.caption),
        ("file", media.file.map(|it| it.as_str().to_owned())),
    ];
    for (name, value) in more {
        if let Some(value) = value {
            map.insert(name.to_owned(), text(value));
        }
    }
    AttributeValue::M(map)
}

fn read_entry(item: &Item) -> Result<Entry> {
    let row = item.text("sk")?.strip_prefix("M#").ok_or(StoreError::Corrupt("sk"))?;
    let buttons = item.get("buttons").and_then(|it| it.as_l().ok()).map_or(&[][..], Vec::as_slice);
    let buttons = buttons.iter().map(|it| {
        let map = it.as_m().map_err(|_| StoreError::Corrupt("buttons"))?;
        Ok(Button {
            payload: map.text("payload")?.to_owned(),
            title: map.text("title")?.to_owned(),
        })
    });
    let media = item.get("media").and_then(|it| it.as_m().ok()).map(|map| {
        let some = |name| map.find_text(name).map(str::to_owned);
        Ok(Media {
            kind: map.text("kind")?.to_owned(),
            id: map.text("id")?.to_owned(),
            mime_type: some("mime_type"),
            file_name: some("file_name"),
            caption: some("caption"),
            file: some("file").map(FileId::new),
        })
    });
    let list = item.get("list").and_then(|it| it.as_m().ok()).map(read_list);
    let document = item.get("document").and_then(|it| it.as_m().ok()).map(read_document);
    let template = item.get("template").and_then(|it| it.as_m().ok()).map(read_template);
    let place = item.get("location").and_then(|it| it.as_m().ok()).map(read_place);
    let state = item.find_text("state").and_then(State::parse);
    Ok(Entry {
        row: row.to_owned(),
        direction: match item.text("direction")? {
            "in" => Direction::In,
            "out" => Direction::Out,
            _ => return Err(StoreError::Corrupt("direction")),
        },
        at: item.instant("at")?,
        kind: item.text("kind")?.to_owned(),
        text: item.text("text")?.to_owned(),
        buttons: buttons.collect::<Result<_>>()?,
        list: list.transpose()?,
        media: media.transpose()?,
        document: document.transpose()?,
        template: template.transpose()?,
        place: place.transpose()?,
        state,
        operator: item.find_text("operator").map(str::to_owned),
        draft: state.is_none() && item.flag("draft"),
        deleted: item
            .find_instant("deleted_at")
            .zip(item.find_text("deleted_for").map(str::to_owned)),
    })
}

pub(crate) fn read_conversation(item: &Item) -> Result<Conversation> {
    Ok(Conversation {
        contact: ContactId::new(item.text("contact")?),
        state: item.text("state")?.to_owned(),
        last_at: item.instant("last_at")?,
        unread: item.number("unread")?,
        urgent: item.flag("urgent"),
        opened_at: item.find_instant("opened_at"),
        noticed_at: item.find_instant("noticed_at"),
        listed_at: item.find_instant("listed_at"),
        assigned_to: item.find_text("assigned_to").map(str::to_owned),
        topic: item.find_text("topic").map(str::to_owned),
        // Written before there were any: none.
        version: item.find_number("version").and_then(|it| it.try_into().ok()).unwrap_or(0),
    })
}
