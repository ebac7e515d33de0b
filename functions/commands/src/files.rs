// SPDX-License-Identifier: EUPL-1.2
//! What a message brought besides words: fetched at once, since Meta's address of it lives five
//! minutes and the file itself seven days.
//!
//! It is written down with the message and fetched after the answer, so a message is never lost or
//! late for its file. What cannot be fetched now stays written down as waiting: a redelivery fetches
//! it, and so does whoever opens it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use domain::ids::{ContactId, FileId};
use domain::line::Line;
use domain::media::{self, File, Kind, State};
use domain::message::{Content, Inbound, Media};
use store::{MessageKey, incoming, keys, object};
use tokio::sync::Semaphore;
use tracing::{info, warn};
use whatsapp::files::Way;

use super::App;

/// Within this a file comes, or is left for later: messages of the same person wait behind it.
const WITHIN: Duration = Duration::from_secs(8);

/// So long a file waits until others have come.
const TURN_WITHIN: Duration = Duration::from_secs(2);

/// One that takes longer says that Meta is slow.
const SLOW: Duration = Duration::from_secs(2);

/// While Meta is slow, files are left for later: ten of them, one after the other, would take longer
/// than the function has.
const LEFT_FOR: Duration = Duration::from_secs(20);

/// Files are held in memory while they come, so not many at a time.
const AT_ONCE: usize = 2;

/// How fetching goes in this process.
pub struct Fetching {
    turns: Semaphore,
    /// In milliseconds of our clock.
    slow_until: AtomicI64,
}

impl Default for Fetching {
    fn default() -> Self {
        Self { turns: Semaphore::new(AT_ONCE), slow_until: AtomicI64::new(0) }
    }
}

/// The id of what a message brought: the same whenever it is read, and nobody else's to make.
pub(super) fn id_of(message: &Inbound, key: &MessageKey) -> Option<FileId> {
    file_in(message).map(|_| keys::file_id(message.at.as_millisecond(), key.as_str()))
}

/// What a message brought, as it is written down.
pub(super) fn brought(
    line: &Line,
    message: &Inbound,
    key: &MessageKey,
    contact: &ContactId,
) -> Option<File> {
    let (kind, it) = file_in(message)?;
    let mime = media::bare_mime(it.mime_type.as_deref().unwrap_or_default());
    let state = if kind.is_accepted(&line.media) {
        State::Waiting
    } else {
        State::Refused(media::Refusal::KindNotAccepted(kind).slug().to_owned())
    };
    Some(File {
        id: id_of(message, key)?,
        contact: Some(contact.clone()),
        shared: false,
        at: message.at,
        kind,
        name: media::file_name(it.file_name.as_deref(), kind, &mime),
        mime,
        state,
        source: Some(it.id.clone()),
        uploads: [].into(),
        expires_at: media::expires_at(&line.retention, message.at),
        sealed_until: None,
    })
}

fn file_in(message: &Inbound) -> Option<(Kind, &Media)> {
    let Content::Media(it) = &message.content else { return None };
    Kind::parse(&it.kind).map(|kind| (kind, it))
}

impl App {
    /// The bytes of files that went with a person go, too.
    pub(super) async fn clear_files(&self, line: &Line) -> anyhow::Result<()> {
        for file in self.store.files_to_go(&line.id).await.context("list files")? {
            for name in [object(&line.id, &file), incoming(&line.id, &file)] {
                self.files.remove(&name).await.context("remove file")?;
            }
            self.store.file_went(&line.id, &file).await.context("note that a file went")?;
        }
        Ok(())
    }

    /// Fetches what a message brought, unless that was done. A message read again after a person was
    /// erased takes away what came meanwhile.
    pub(super) async fn fetch(
        &self,
        line: &Line,
        message: &Inbound,
        key: &MessageKey,
    ) -> anyhow::Result<()> {
        let Some(id) = id_of(message, key) else { return Ok(()) };
        let object = object(&line.id, &id);
        let Some(file) = self.store.file(&line.id, &id).await.context("load file")? else {
            return self.files.remove(&object).await.context("remove file");
        };
        let now = self.clock.now();
        let is_slow = now.as_millisecond() < self.fetching.slow_until.load(Ordering::Relaxed);
        if is_slow || !file.can_be_fetched(now) {
            return Ok(());
        }
        let turn = tokio::time::timeout(TURN_WITHIN, self.fetching.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else { return Ok(()) };
        let began = Instant::now();
        let token = self.token(line)?;
        let (graph, number, files) = (&*self.graph, &line.phone_number_id, &self.files);
        let way = Way { graph, token: &token, number, files };
        let fetched =
            tokio::time::timeout(WITHIN, way.fetch(&file, &object, &line.media, WITHIN)).await;
        if began.elapsed() > SLOW {
            let until = now + LEFT_FOR;
            self.fetching.slow_until.store(until.as_millisecond(), Ordering::Relaxed);
        }
        match fetched {
            Ok(Ok(state)) => {
                let is_there = self.store.settle_file(&line.id, &id, &state).await;
                if !is_there.context("note file")? {
                    self.files.remove(&object).await.context("remove file")?;
                }
                info!(line.id = %line.id, file.kind = file.kind.name(), "fetched a file");
            }
            Ok(Err(err)) => warn!(line.id = %line.id, "a file is left for later: {err}"),
            Err(_) => warn!(line.id = %line.id, "a file is left for later: Meta is slow"),
        }
        Ok(())
    }
}
