// SPDX-License-Identifier: EUPL-1.2
//! What is past its date goes, a page at a time; or it is only counted, by the same decisions.

use std::ops::AddAssign;

use domain::contact::{ConsentChange, ConsentEvent, ConsentSource, Contact, Subscription};
use domain::ids::{BroadcastId, ContactId};
use domain::line::Line;
use domain::retention::{self, Cutoffs, Fate};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use crate::night::{Counted, Night};
use crate::people::{MessageKey, ids};
use crate::{Loaded, Result, Store, StoreError};

/// Contacts and broadcasts looked at before the note is written.
const PAGE: i32 = 100;

/// Contacts looked at together where nothing is changed.
const AT_ONCE: usize = 16;

/// What a night does with what is past its date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Clear,
    /// Nothing goes; it is counted what would.
    Count,
}

impl AddAssign for Counted {
    fn add_assign(&mut self, more: Self) {
        self.contacts += more.contacts;
        self.lapsed += more.lapsed;
        self.messages += more.messages;
        self.deliveries += more.deliveries;
    }
}

impl Store {
    /// Works one page of a line's night off: contacts first, then broadcasts.
    pub async fn work_night(
        &self,
        line: &Line,
        cutoffs: &Cutoffs,
        night: &mut Night,
        now: Timestamp,
        mode: Mode,
    ) -> Result<()> {
        if night.contacts_done {
            self.work_broadcasts(line, cutoffs, night, mode).await
        } else {
            self.work_contacts(line, cutoffs, night, now, mode).await
        }
    }

    /// One page of contacts: each stays, lapses or goes, and what is old of its chat goes.
    async fn work_contacts(
        &self,
        line: &Line,
        cutoffs: &Cutoffs,
        night: &mut Night,
        now: Timestamp,
        mode: Mode,
    ) -> Result<()> {
        let after = night.cursor.as_ref().map(ContactId::new);
        let page = self.contacts(&line.id, after.as_ref(), PAGE).await?;
        let at_once = if mode == Mode::Count { AT_ONCE } else { 1 };
        night.cursor = page.last().map(|it| it.id.as_str().to_owned());
        night.contacts_done = page.is_empty();
        let each = stream::iter(page).map(|contact| async move {
            self.work_contact(line, &contact, cutoffs, now, mode).await
        });
        let counted: Vec<Counted> = each.buffered(at_once).try_collect().await?;
        for more in counted {
            night.counted += more;
        }
        Ok(())
    }

    async fn work_contact(
        &self,
        line: &Line,
        contact: &Contact,
        cutoffs: &Cutoffs,
        now: Timestamp,
        mode: Mode,
    ) -> Result<Counted> {
        let fate = retention::fate(contact, cutoffs);
        if mode == Mode::Count {
            let (gone, before) = match fate {
                Fate::Goes => (1, None),
                Fate::Lapses | Fate::Stays => (0, Some(cutoffs.chat)),
            };
            let lapsed = i64::from(fate == Fate::Lapses);
            let messages = self.count_chats(line, contact, before).await?;
            return Ok(Counted { contacts: gone, lapsed, messages, deliveries: 0 });
        }
        let over = contact.blocked.as_ref().is_some_and(|it| it.until <= now);
        if fate == Fate::Stays && !over {
            return self.clear_chats(line, contact, cutoffs).await;
        }
        // They may have written since the page was read.
        let Some(loaded) = self.load_contact(&line.id, &contact.id).await? else {
            return Ok(Counted::default());
        };
        let contact = &loaded.contact;
        let mut counted = Counted::default();
        match retention::fate(contact, cutoffs) {
            Fate::Goes => match self.forget(&line.id, contact).await {
                Ok(messages) => return Ok(Counted { contacts: 1, messages, ..counted }),
                // They wrote this very moment: another night decides.
                Err(StoreError::Conflict) => return Ok(counted),
                Err(err) => return Err(err),
            },
            Fate::Lapses => {
                self.lapse(line, &loaded, now).await?;
                counted.lapsed = 1;
            }
            Fate::Stays if over => self.end_block(&line.id, &loaded, now).await?,
            Fate::Stays => {}
        }
        counted += self.clear_chats(line, contact, cutoffs).await?;
        Ok(counted)
    }

    /// What is old of a contact's chat goes, appointments with it.
    async fn clear_chats(
        &self,
        line: &Line,
        contact: &Contact,
        cutoffs: &Cutoffs,
    ) -> Result<Counted> {
        let mut messages = 0;
        for id in ids(contact) {
            messages += self.clear_chat(&line.id, id, Some(cutoffs.chat)).await?;
            // Expiry would do it, where the table has one.
            if !line.services.is_empty() {
                self.clear_appointments(&line.id, id, cutoffs.chat).await?;
            }
        }
        Ok(Counted { messages, ..Counted::default() })
    }

    /// How many messages of a contact are older than `before`, or there at all.
    pub(crate) async fn count_chats(
        &self,
        line: &Line,
        contact: &Contact,
        before: Option<Timestamp>,
    ) -> Result<i64> {
        let mut messages = 0;
        for id in ids(contact) {
            messages += self.count_chat(&line.id, id, before).await?;
        }
        Ok(messages)
    }

    /// Ends a subscription without any sign of life, as the line's notice says.
    async fn lapse(&self, line: &Line, loaded: &Loaded, now: Timestamp) -> Result<()> {
        let next = Contact {
            subscription: Subscription::Ended { at: now },
            consent_at: Some(now),
            ..loaded.contact.clone()
        };
        let event = ConsentEvent {
            contact: next.id.clone(),
            at: now,
            change: ConsentChange::Unsubscribed,
            source: ConsentSource::Operator {
                who: "conservazione".to_owned(),
                channel: None,
                proof: "nessun segno di vita per il tempo scritto nell'informativa".to_owned(),
            },
            policy: line.policy.date,
            privacy: line.privacy.date,
        };
        // Of one instant there is one end.
        let key = MessageKey::new("lapse");
        match self.save_recorded(&line.id, loaded, &next, &event, &key, now).await {
            // They wrote this very moment: a sign of life.
            Ok(()) | Err(StoreError::Conflict) => Ok(()),
            Err(err) => Err(err),
        }
    }

    /// One page of broadcasts: the deliveries of those that ended long ago go, the counts stay.
    async fn work_broadcasts(
        &self,
        line: &Line,
        cutoffs: &Cutoffs,
        night: &mut Night,
        mode: Mode,
    ) -> Result<()> {
        let before = night.cursor.as_ref().map(BroadcastId::new);
        let page = self.broadcasts(&line.id, before.as_ref(), PAGE).await?;
        for broadcast in &page {
            // One that is not finished may be resumed: who was reached must still be known.
            if broadcast.finished_at.is_some_and(|it| it < cutoffs.delivery) {
                night.counted.deliveries += match mode {
                    Mode::Clear => self.clear_deliveries(&broadcast.id).await?,
                    Mode::Count => self.count_deliveries(&broadcast.id).await?,
                };
            }
        }
        night.cursor = page.last().map(|it| it.id.as_str().to_owned());
        night.finished = page.is_empty();
        Ok(())
    }
}
