//! Nightly: consent is sealed into the ledger, the day is written down in numbers, and then what is past its date goes, a page at a
//! time, with counts of what went.
//!
//! What makes a repetition harmless: an event is sealed in one transaction with its leaving those
//! that wait; deleting twice is deleting once, and the night's note says how far the run came, so
//! that the next one of the same night goes on from there.

use std::sync::Arc;

use anyhow::Context;
use domain::contact::{ConsentChange, ConsentEvent, ConsentSource, Contact, Subscription};
use domain::ids::{BroadcastId, ContactId};
use domain::ledger::Salt;
use domain::line::Line;
use domain::retention::{self, Cutoffs, Fate};
use domain::statistics;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use platform::jobs::Tick;
use platform::pseudonym::Pseudonym;
use platform::random;
use platform::settings::Settings;
use store::{Loaded, MessageKey, Night, Store, StoreError};
use tracing::{error, info};

/// Contacts and broadcasts looked at before the note is written.
const PAGE: i32 = 100;

#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub pseudonym: Pseudonym,
}

impl App {
    pub fn from_env() -> anyhow::Result<Self> {
        let settings = Settings::from_env();
        let aws = settings.aws()?;
        Ok(Self {
            store: Store::connect(&aws, settings.tables()?),
            pseudonym: Pseudonym::new(&settings.lookup_key()?),
        })
    }

    /// The function, as Lambda and the local stack both call it. Its now is the event's.
    pub async fn handle(&self, event: Tick) -> anyhow::Result<()> {
        let mut failed = 0;
        for line in self.store.lines().await.context("load lines")?.iter() {
            if let Err(err) = self.seal(line, event.at).await {
                error!(line.id = %line.id, "sealing not finished: {err:#}");
                failed += 1;
            }
            if let Err(err) = self.clear(line, event.at).await {
                error!(line.id = %line.id, "clearing not finished: {err:#}");
                failed += 1;
            }
        }
        anyhow::ensure!(failed == 0, "{failed} pieces of the night's work not finished");
        Ok(())
    }

    /// Seals the consent events recorded until now, and counts the day. The head in the log is a witness outside the
    /// tables: who rewrites a whole ledger cannot rewrite it there.
    async fn seal(&self, line: &Line, now: Timestamp) -> anyhow::Result<()> {
        // Of the contact's own id, which goes with an erasure: nobody can make it again then.
        let person = |id: &ContactId| self.pseudonym.of(&format!("consent {} {id}", line.id));
        let salt = || Salt::new(random::key());
        let mut sealed = 0;
        loop {
            let page = self.store.seal(&line.id, now, person, salt).await.context("seal")?;
            if page == 0 {
                break;
            }
            sealed += page;
        }
        let day = statistics::day_closed_at(now);
        self.store.count_day(&line.id, &line.topics, day).await.context("count the day")?;
        let head = self.store.ledger_head(&line.id).await.context("read ledger's head")?;
        info!(
            line.id = %line.id, events = sealed, ledger.entries = head.number,
            ledger.head = %head.hash, "sealed consent"
        );
        Ok(())
    }

    async fn clear(&self, line: &Arc<Line>, now: Timestamp) -> anyhow::Result<()> {
        let cutoffs = retention::cutoffs(&line.retention, now);
        let date = now.to_zoned(TimeZone::UTC).date().to_string();
        let mut night = self.store.night(&line.id, &date).await.context("read note")?;
        while !night.finished {
            if night.contacts_done {
                self.clear_broadcasts(line, &cutoffs, &mut night).await?;
            } else {
                self.clear_contacts(line, &cutoffs, &mut night, now).await?;
            }
            self.store.save_night(&line.id, &date, &night, now).await.context("write note")?;
        }
        info!(
            line.id = %line.id, contacts = night.counted.contacts, lapsed = night.counted.lapsed,
            messages = night.counted.messages, deliveries = night.counted.deliveries,
            "cleared what was past its date"
        );
        Ok(())
    }

    /// One page of contacts: each stays, lapses or goes, and what is old of its chat goes.
    async fn clear_contacts(
        &self,
        line: &Line,
        cutoffs: &Cutoffs,
        night: &mut Night,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let after = night.cursor.as_ref().map(ContactId::new);
        let page = self.store.contacts(&line.id, after.as_ref(), PAGE).await;
        let page = page.context("list contacts")?;
        for contact in &page {
            if retention::fate(contact, cutoffs) == Fate::Stays {
                self.clear_chats(line, contact, cutoffs, night).await?;
                continue;
            }
            // They may have written since the page was read.
            let loaded = self.store.load_contact(&line.id, &contact.id).await;
            let Some(loaded) = loaded.context("load person")? else { continue };
            let contact = &loaded.contact;
            match retention::fate(contact, cutoffs) {
                Fate::Goes => {
                    match self.store.forget(&line.id, contact).await {
                        Ok(gone) => {
                            night.counted.messages += gone;
                            night.counted.contacts += 1;
                        }
                        // They wrote this very moment: another night decides.
                        Err(StoreError::Conflict) => {}
                        Err(err) => return Err(err).context("forget"),
                    }
                    continue;
                }
                Fate::Lapses => {
                    self.lapse(line, &loaded, now).await?;
                    night.counted.lapsed += 1;
                }
                Fate::Stays => {}
            }
            self.clear_chats(line, contact, cutoffs, night).await?;
        }
        night.cursor = page.last().map(|it| it.id.as_str().to_owned());
        night.contacts_done = page.is_empty();
        Ok(())
    }

    /// What is old of a contact's chat goes.
    async fn clear_chats(
        &self,
        line: &Line,
        contact: &Contact,
        cutoffs: &Cutoffs,
        night: &mut Night,
    ) -> anyhow::Result<()> {
        for id in std::iter::once(&contact.id).chain(&contact.former_ids) {
            let gone = self.store.clear_chat(&line.id, id, Some(cutoffs.chat)).await;
            night.counted.messages += gone.context("clear chat")?;
        }
        Ok(())
    }

    /// Ends a subscription without any sign of life, as the line's notice says.
    async fn lapse(&self, line: &Line, loaded: &Loaded, now: Timestamp) -> anyhow::Result<()> {
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
        let key = MessageKey::new(random::key());
        match self.store.save_recorded(&line.id, loaded, &next, &event, &key, now).await {
            // They wrote this very moment: a sign of life.
            Ok(()) | Err(StoreError::Conflict) => Ok(()),
            Err(err) => Err(err).context("end subscription"),
        }
    }

    /// One page of broadcasts: the deliveries of those that ended long ago go, the counts stay.
    async fn clear_broadcasts(
        &self,
        line: &Line,
        cutoffs: &Cutoffs,
        night: &mut Night,
    ) -> anyhow::Result<()> {
        let before = night.cursor.as_ref().map(BroadcastId::new);
        let page = self.store.broadcasts(&line.id, before.as_ref(), PAGE).await;
        let page = page.context("list broadcasts")?;
        for broadcast in &page {
            // One that is not finished may be resumed: who was reached must still be known.
            if broadcast.finished_at.is_some_and(|it| it < cutoffs.delivery) {
                let gone = self.store.clear_deliveries(&broadcast.id).await;
                night.counted.deliveries += gone.context("clear deliveries")?;
            }
        }
        night.cursor = page.last().map(|it| it.id.as_str().to_owned());
        night.finished = page.is_empty();
        Ok(())
    }
}
