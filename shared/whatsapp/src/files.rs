// SPDX-License-Identifier: EUPL-1.2
//! Files on their way between Meta and where we keep them.

use std::time::Duration;

use domain::failure::Failure;
use domain::ids::PhoneNumberId;
use domain::line::MediaRules;
use domain::media::{self, File, HEAD_BYTES, Refusal, State, Upload, served_as};
use jiff::Timestamp;
use platform::apps::AccessToken;
use platform::media::{Files, FilesError};

use crate::graph::{Graph, NotFetched};

/// It stays as it was, and may be tried again.
#[derive(Debug, thiserror::Error)]
pub enum NotNow {
    #[error("Meta: {0}")]
    Meta(#[from] Failure),
    #[error("{0}")]
    Files(#[from] FilesError),
}

/// Why a file cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// Its bytes are not here, or never were.
    #[error("file is not there")]
    NotThere,
    #[error("{0}")]
    NotNow(#[from] NotNow),
}

/// Where files go to and come from, for one business number.
pub struct Way<'a> {
    pub graph: &'a Graph,
    pub token: &'a AccessToken,
    pub number: &'a PhoneNumberId,
    pub files: &'a Files,
}

impl Way<'_> {
    /// Fetches what a citizen sent and keeps it under `object`, if it may be kept: how it stands then.
    /// Twice is once.
    pub async fn fetch(
        &self,
        file: &File,
        object: &str,
        rules: &MediaRules,
        within: Duration,
    ) -> Result<State, NotNow> {
        match self.bytes_of(file, rules, within).await {
            Ok(bytes) => self.keep(file, object, bytes).await,
            Err(NotFetched::NotThere) => Ok(refused(&Refusal::Lost)),
            Err(NotFetched::TooLarge) => Ok(refused(&Refusal::TooLarge(0))),
            Err(NotFetched::Damaged) => Ok(refused(&Refusal::Damaged)),
            Err(NotFetched::Failed(failure)) => Err(failure.into()),
        }
    }

    async fn bytes_of(
        &self,
        file: &File,
        rules: &MediaRules,
        within: Duration,
    ) -> Result<Vec<u8>, NotFetched> {
        let media_id = file.source.as_deref().ok_or(NotFetched::NotThere)?;
        let limit = file.kind.limit_inbound(rules);
        let mut again = true;
        loop {
            let at = self.graph.media(self.token, self.number, media_id).await?;
            match self.graph.download(self.token, &at, limit, within).await {
                // The address was good for five minutes, or it came broken: a new one, once.
                Err(NotFetched::NotThere | NotFetched::Damaged) if again => again = false,
                done => return done,
            }
        }
    }

    async fn keep(&self, file: &File, object: &str, bytes: Vec<u8>) -> Result<State, NotNow> {
        let head = &bytes[..bytes.len().min(HEAD_BYTES)];
        match media::judge(&file.mime, Some(&file.name), head) {
            Ok(safety) => {
                let size = bytes.len() as u64;
                self.files.keep(object, bytes).await?;
                Ok(State::Kept { bytes: size, safety })
            }
            Err(why) => Ok(refused(&why)),
        }
    }

    /// Where a file is at Meta for messages of this number that go until `when`: as it was uploaded
    /// before, or now. The second says whether it is news.
    pub async fn upload(
        &self,
        file: &File,
        object: &str,
        when: Timestamp,
        now: Timestamp,
    ) -> Result<(Upload, bool), NotSent> {
        if let Some(known) = file.uploaded(self.number, when) {
            return Ok((known.clone(), false));
        }
        let State::Kept { safety, .. } = file.state else { return Err(NotSent::NotThere) };
        let bytes = self.files.read(object).await.map_err(NotNow::from)?;
        let bytes = bytes.ok_or(NotSent::NotThere)?;
        let mime = served_as(&file.mime, safety);
        // The person sees the name that the message gives it.
        let name = media::ascii_name(file.kind, &file.mime);
        let uploaded = self.graph.upload(self.token, self.number, &name, mime, &bytes).await;
        Ok((Upload::of(uploaded.map_err(NotNow::from)?, now), true))
    }

    /// Shows a file to Meta's reviewers: the handle that names it in a template.
    pub async fn show(&self, file: &File, object: &str) -> Result<String, NotSent> {
        let bytes = self.files.read(object).await.map_err(NotNow::from)?;
        let bytes = bytes.ok_or(NotSent::NotThere)?;
        let name = media::ascii_name(file.kind, &file.mime);
        let shown = self.graph.upload_example(self.token, &name, &file.mime, &bytes).await;
        Ok(shown.map_err(NotNow::from)?)
    }
}

fn refused(why: &Refusal) -> State {
    State::Refused(why.slug().to_owned())
}
