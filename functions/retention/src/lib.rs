// SPDX-License-Identifier: EUPL-1.2
//! Nightly: consent is sealed into the ledger, the day is written down in numbers, and then what is past its date goes, a page at a
//! time, with counts of what went.
//!
//! What makes a repetition harmless: an event is sealed in one transaction with its leaving those
//! that wait; deleting twice is deleting once, and the night's note says how far the run came, so
//! that the next one of the same night goes on from there.

use std::sync::Arc;

use anyhow::Context;
use domain::ids::ContactId;
use domain::ledger::Salt;
use domain::line::Line;
use domain::retention;
use domain::statistics;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use platform::jobs::Tick;
use platform::media::Files;
use platform::pseudonym::Pseudonym;
use platform::random;
use platform::settings::Settings;
use store::{Mode, Store, incoming, object};
use tracing::{error, info};

#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub pseudonym: Pseudonym,
    pub files: Files,
}

impl App {
    pub async fn connect() -> anyhow::Result<Self> {
        let settings = Settings::load().await?;
        let aws = settings.aws()?;
        Ok(Self {
            store: Store::connect(&aws, settings.tables()?),
            pseudonym: Pseudonym::new(&settings.lookup_key()?),
            files: Files::Bucket(settings.media_bucket()?),
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
            let (store, clear) = (&self.store, Mode::Clear);
            store.work_night(line, &cutoffs, &mut night, now, clear).await.context("clear")?;
            self.store.save_night(&line.id, &date, &night, now).await.context("write note")?;
        }
        let files = self.clear_files(line, cutoffs.media, now).await.context("clear files")?;
        info!(
            line.id = %line.id, contacts = night.counted.contacts, lapsed = night.counted.lapsed,
            messages = night.counted.messages, deliveries = night.counted.deliveries, files,
            "cleared what was past its date"
        );
        Ok(())
    }

    /// Files past their date go, bytes first; and those of who is gone. How many.
    async fn clear_files(
        &self,
        line: &Line,
        before: Timestamp,
        now: Timestamp,
    ) -> anyhow::Result<usize> {
        self.store.let_old_files_go(&line.id, before, now).await?;
        let files = self.store.files_to_go(&line.id).await?;
        for file in &files {
            for name in [object(&line.id, file), incoming(&line.id, file)] {
                self.files.remove(&name).await?;
            }
            self.store.file_went(&line.id, file).await?;
        }
        Ok(files.len())
    }
}
