// SPDX-License-Identifier: EUPL-1.2
//! What the desk notes of a conversation: who takes care of it, what it is about, notes of its own,
//! who is writing, who was told that it waits.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::contact::Contact;
use domain::desk::WRITES_SECONDS;
use domain::ids::{ContactId, LineId};
use jiff::{Timestamp, ToSpan};

use crate::conversations::read_conversation;
use crate::item::{Draft, Fields, Item, expiry, instant, number, text};
use crate::keys;
use crate::once::Once;
use crate::people::ids;
use crate::table::{put, put_new, unless_conflict};
use crate::tasks::Task;
use crate::{Conversation, Result, Store, failed};

/// The kind of a task that looks at somebody who waits.
pub const WAITS: &str = "waits";

/// Looks at this contact's conversation.
pub fn waits(line: &LineId, contact: &ContactId, due_at: Timestamp) -> Task {
    Task { line: line.clone(), name: format!("{WAITS}#{contact}"), due_at }
}

/// A note of the desk's own. It is never sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Note {
    /// Sorts by time.
    pub id: String,
    pub at: Timestamp,
    pub operator: String,
    pub text: String,
}

impl Store {
    pub async fn conversation(
        &self,
        line: &LineId,
        contact: &ContactId,
    ) -> Result<Option<Conversation>> {
        let item = self.get(&self.tables.messages, keys::conversation(line, contact)).await?;
        item.as_ref().map(read_conversation).transpose()
    }

    /// Changes who takes care of a conversation and what it is about; `None` takes it away.
    /// `Conflict` unless it has this version.
    pub async fn label_conversation(
        &self,
        before: &Conversation,
        line: &LineId,
        assigned_to: Option<&str>,
        topic: Option<&str>,
    ) -> Result<()> {
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        let mut update = self.changed(line, before);
        for (name, value) in [("assigned_to", assigned_to), ("topic", topic)] {
            if let Some(value) = value {
                set.push(format!("{name} = :{name}"));
                update = update.expression_attribute_values(format!(":{name}"), text(value));
            } else {
                remove.push(name);
            }
        }
        let clauses = [("SET", set.join(", ")), ("REMOVE", remove.join(", "))];
        let clauses = clauses.iter().filter(|it| !it.1.is_empty());
        let clauses = clauses.map(|(verb, what)| format!("{verb} {what}"));
        let expression: Vec<_> =
            std::iter::once("ADD version :one".to_owned()).chain(clauses).collect();
        let expression = expression.join(" ");
        update.update_expression(expression).send().await.map_err(failed)?;
        Ok(())
    }

    /// Notes that somebody has read all there was. What may be an emergency stays marked until it is
    /// answered. `Conflict` unless the conversation has this version.
    pub async fn read_all(&self, before: &Conversation, line: &LineId) -> Result<()> {
        let update = self.changed(line, before);
        let update = update.update_expression("SET unread = :none ADD version :one");
        update.expression_attribute_values(":none", number(0)).send().await.map_err(failed)?;
        Ok(())
    }

    /// Opens a conversation again, for the desk. `Conflict` unless it has this version.
    pub async fn reopen_conversation(
        &self,
        before: &Conversation,
        line: &LineId,
        now: Timestamp,
    ) -> Result<()> {
        let update = self.changed(line, before).update_expression(
            "SET #state = :state, inbox = :inbox, last_at = :now, opened_at = :now ADD version :one",
        );
        let update = update
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", text("open"))
            .expression_attribute_values(":inbox", text(keys::inbox(line, "open")))
            .expression_attribute_values(":now", instant(now.max(before.last_at)));
        update.send().await.map_err(failed)?;
        Ok(())
    }

    /// A change of what has not changed since it was read.
    fn changed(&self, line: &LineId, before: &Conversation) -> UpdateItemFluentBuilder {
        let update = self
            .client
            .update_item()
            .table_name(&self.tables.messages)
            .set_key(Some(keys::conversation(line, &before.contact).into_item()))
            .expression_attribute_values(":one", number(1));
        if before.version == 0 {
            return update
                .condition_expression("attribute_exists(pk) AND attribute_not_exists(version)");
        }
        update
            .condition_expression("version = :version")
            .expression_attribute_values(":version", number(before.version))
    }

    /// Notes that the office was told of somebody who waits: that nobody reads it (`noticed_at`), or
    /// in the list of a morning (`listed_at`). Nothing happens to who does not wait any more.
    pub async fn note_notified(
        &self,
        line: &LineId,
        contact: &ContactId,
        (noticed, listed): (bool, bool),
        now: Timestamp,
    ) -> Result<()> {
        let names = [("noticed_at", noticed), ("listed_at", listed)];
        let set: Vec<_> =
            names.iter().filter(|it| it.1).map(|it| format!("{} = :now", it.0)).collect();
        if set.is_empty() {
            return Ok(());
        }
        let noted = self
            .client
            .update_item()
            .table_name(&self.tables.messages)
            .set_key(Some(keys::conversation(line, contact).into_item()))
            .update_expression(format!("SET {}", set.join(", ")))
            .condition_expression("attribute_exists(opened_at)")
            .expression_attribute_values(":now", instant(now))
            .send()
            .await
            .map_err(failed);
        unless_conflict(noted)
    }

    /// Writes a note down, together with the answer to its request if that had a key.
    pub async fn add_note(
        &self,
        line: &LineId,
        contact: &ContactId,
        note: &Note,
        expires_at: Timestamp,
        once: Option<(&str, &Once)>,
    ) -> Result<()> {
        let item = Draft::at(keys::note(line, contact, &note.id))
            .with("at", instant(note.at))
            .with("operator", text(&note.operator))
            .with("text", text(&note.text))
            .with("expires", expiry(expires_at));
        let mut writes = vec![put_new(&self.tables.messages, item.done())];
        writes.extend(once.map(|(key, once)| self.put_once(line, key, once, note.at)));
        self.transact(writes).await
    }

    /// Notes on a contact, latest first, before the note `before`; those under the ids of contacts
    /// merged into it among them.
    pub async fn notes(
        &self,
        line: &LineId,
        contact: &Contact,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Note>> {
        // `$` follows `#`, so it stands after the last note.
        let end = before.map_or("NOTE$".to_owned(), |id| format!("{}{id}", keys::NOTE));
        let mut notes = Vec::new();
        for id in ids(contact) {
            let page = self
                .client
                .query()
                .table_name(&self.tables.messages)
                .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :end")
                .expression_attribute_values(":pk", text(keys::chat(line, id)))
                .expression_attribute_values(":first", text(keys::NOTE))
                .expression_attribute_values(":end", text(&end))
                .scan_index_forward(false)
                .limit(i32::try_from(limit).unwrap_or(i32::MAX).saturating_add(1))
                .send()
                .await
                .map_err(failed)?;
            for item in page.items().iter().filter(|it| it.find_text("sk") != Some(&end)) {
                notes.push(read_note(item)?);
            }
        }
        notes.sort_by(|a, b| b.id.cmp(&a.id));
        notes.truncate(limit);
        Ok(notes)
    }

    /// Notes that an operator is writing to a contact, or not any more. `key` stands for who.
    pub async fn note_presence(
        &self,
        line: &LineId,
        contact: &ContactId,
        (key, operator): (&str, &str),
        writes: bool,
        now: Timestamp,
    ) -> Result<()> {
        let table = &self.tables.messages;
        let key = keys::presence(line, contact, key);
        if !writes {
            return self.transact(vec![crate::table::delete(table, key)]).await;
        }
        let item = Draft::at(key)
            .with("at", instant(now))
            .with("operator", text(operator))
            .with("expires", expiry(now + WRITES_SECONDS.seconds()));
        self.transact(vec![put(table, item.done())]).await
    }

    /// Who is writing to a contact: keys and names.
    pub async fn present(
        &self,
        line: &LineId,
        contact: &ContactId,
        now: Timestamp,
    ) -> Result<Vec<(String, String)>> {
        let page = self
            .client
            .query()
            .table_name(&self.tables.messages)
            .key_condition_expression("pk = :pk AND begins_with(sk, :writes)")
            .filter_expression("#at > :since")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":pk", AttributeValue::S(keys::chat(line, contact)))
            .expression_attribute_values(":writes", text(keys::WRITES))
            .expression_attribute_values(":since", instant(now - WRITES_SECONDS.seconds()))
            .consistent_read(true)
            .send()
            .await
            .map_err(failed)?;
        let read = |it: &Item| {
            let key = it.text("sk")?.trim_start_matches(keys::WRITES).to_owned();
            Ok((key, it.text("operator")?.to_owned()))
        };
        page.items().iter().map(read).collect()
    }
}

fn read_note(item: &Item) -> Result<Note> {
    Ok(Note {
        id: item.text("sk")?.trim_start_matches(keys::NOTE).to_owned(),
        at: item.instant("at")?,
        operator: item.text("operator")?.to_owned(),
        text: item.text("text")?.to_owned(),
    })
}
