// SPDX-License-Identifier: EUPL-1.2
//! Everything that is held of one person, gathered to be handed over or counted.

use domain::contact::Contact;
use domain::erasure::Erased;
use domain::export::{self, Held};
use domain::ids::BroadcastId;
use domain::line::Line;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use crate::people::ids;
use crate::{Direction, Entry, Result, Store, StoreError};

/// Messages and broadcasts read at a time.
const PAGE: usize = 100;

/// Broadcasts looked into at a time.
const AT_ONCE: usize = 16;

impl Store {
    /// What is held of a contact.
    pub async fn held<'a>(
        &self,
        line: &'a Line,
        contact: &'a Contact,
        now: Timestamp,
    ) -> Result<Held<'a>> {
        Ok(Held {
            line,
            contact,
            consents: self.consents(&line.id, contact).await?,
            messages: self.whole_chat(line, contact).await?,
            appointments: self.appointments_of(&line.id, contact).await?,
            deliveries: self.deliveries_to(line, contact).await?,
            measures: self.measures_of(&line.id, contact).await?,
            requests: self.requests_of(&line.id, contact).await?,
            made_at: now,
        })
    }

    /// How much there is of it that an erasure would take away.
    pub async fn count_held(&self, line: &Line, contact: &Contact) -> Result<Erased> {
        let identifiers =
            usize::from(contact.phone.is_some()) + usize::from(contact.user_id.is_some());
        let consents = self.consents(&line.id, contact).await?.len();
        let messages = self.count_chats(line, contact, None).await?;
        Ok(Erased { identifiers, consents, messages })
    }

    /// The whole chat, oldest first.
    async fn whole_chat(&self, line: &Line, contact: &Contact) -> Result<Vec<export::Message>> {
        let (mut messages, mut before) = (Vec::new(), None::<String>);
        loop {
            let page = self.entries(&line.id, contact, before.as_deref(), PAGE).await?;
            before = page.last().filter(|_| page.len() == PAGE).map(|it| it.row.clone());
            messages.extend(page.into_iter().map(message));
            if before.is_none() {
                break;
            }
        }
        messages.reverse();
        Ok(messages)
    }

    /// What they were sent, broadcast by broadcast, latest first.
    async fn deliveries_to(&self, line: &Line, contact: &Contact) -> Result<Vec<export::Delivery>> {
        let ids: Vec<_> = ids(contact).cloned().collect();
        let (mut sent, mut before) = (Vec::new(), None::<BroadcastId>);
        loop {
            let limit = i32::try_from(PAGE).unwrap_or(i32::MAX);
            let page = self.broadcasts(&line.id, before.as_ref(), limit).await?;
            let Some(last) = page.last() else { return Ok(sent) };
            before = Some(last.id.clone());
            let found = stream::iter(page).map(|broadcast| {
                let ids = &ids;
                async move {
                    let rows = self.known_deliveries(&broadcast.id, ids).await?;
                    let rows = rows.into_iter().map(|it| export::Delivery {
                        broadcast: broadcast.id.clone(),
                        title: broadcast.title.clone(),
                        at: it.at,
                        state: it.state,
                        skipped: it.skipped,
                        code: it.code,
                    });
                    Ok::<_, StoreError>(rows.collect::<Vec<_>>())
                }
            });
            let found: Vec<Vec<export::Delivery>> = found.buffered(AT_ONCE).try_collect().await?;
            sent.extend(found.into_iter().flatten());
        }
    }
}

fn message(it: Entry) -> export::Message {
    let sent = it.document.map(|it| it.file_name);
    let file_name = sent.or_else(|| it.media.and_then(|it| it.file_name));
    export::Message {
        at: it.at,
        is_ours: it.direction == Direction::Out,
        kind: it.kind,
        text: match it.deleted {
            Some((_, rule)) => format!("[testo cancellato dall'ufficio, per la regola: {rule}]"),
            None => it.text,
        },
        file_name,
        state: it.state,
        operator: it.operator,
    }
}
