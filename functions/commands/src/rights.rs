// SPDX-License-Identifier: EUPL-1.2
//! Somebody's data as they asked for it in chat: handed over as files, or erased.

use anyhow::Context;
use domain::delivery::State;
use domain::erasure::Certificate;
use domain::export::{Form, MIME_TYPE};
use domain::failure::{self, Verdict};
use domain::ids::ContactId;
use domain::line::Line;
use domain::message::Inbound;
use domain::reply::{self, Reply};
use store::{Erasing, MessageKey};
use tracing::{info, warn};

use super::{App, Owed, Sent, address, code_of};

impl App {
    /// Makes a file of what is held and uploads it for the message that will bring it, unless that
    /// was done. False if Meta will never take it.
    ///
    /// Nothing reaches anybody by an upload, so it comes before the claim and may be repeated.
    pub(super) async fn upload(
        &self,
        line: &Line,
        owed: &Owed,
        row: &str,
        form: Form,
    ) -> anyhow::Result<bool> {
        let Owed { contact, chat, .. } = owed;
        let entry = self.store.entry(&line.id, chat, row).await.context("load answer")?;
        let Some(document) = entry.and_then(|it| it.document) else { return Ok(false) };
        if document.media_id.is_some() {
            return Ok(true);
        }
        let held = self.store.held(line, contact, self.clock.now()).await;
        let file = form.file(&held.context("gather what is held")?);
        let (token, number) = (self.token(line)?, &line.phone_number_id);
        let name = form.file_name();
        let uploaded = self.graph.upload(&token, number, name, MIME_TYPE, file.as_bytes()).await;
        match uploaded {
            Ok(media_id) => {
                let noted = self.store.note_upload(&line.id, chat, row, &media_id).await;
                noted.context("note upload")?;
                Ok(true)
            }
            Err(refused) if failure::verdict(&refused) == Verdict::Drop => {
                warn!(line.id = %line.id, "copy of data refused: {refused}");
                let (failed, code) = (State::Failed, code_of(&refused));
                let reported = self.store.report_entry(&line.id, chat, row, failed, code).await;
                reported.context("record answer")?;
                Ok(false)
            }
            Err(failure) => Err(failure).context("upload copy of data"),
        }
    }

    /// Takes everything of a person away, and then sends the certificate: at most once, since
    /// nothing is left that would tell whether it arrived.
    ///
    /// Whoever dies in the middle leaves a message that is read again, and what is gone is gone.
    pub(super) async fn erase(
        &self,
        line: &Line,
        message: &Inbound,
        key: &MessageKey,
        contact: &ContactId,
        erasing: &Erasing,
    ) -> anyhow::Result<()> {
        let found = self.store.contact(&line.id, contact).await.context("load person")?;
        if let Some(person) = found {
            let uploads = self.store.uploads(&line.id, &person).await.context("look for files")?;
            for media_id in uploads {
                // What stays goes by itself within 30 days.
                if let Err(failure) = self.graph.delete_media(&self.token(line)?, &media_id).await {
                    warn!(line.id = %line.id, "a copy of data stays at Meta: {failure}");
                }
            }
            let now = self.clock.now();
            let closed = self.store.close_requests_of(line, &person, now).await;
            closed.context("close requests")?;
            self.store.forget(&line.id, &person).await.context("forget")?;
            self.clear_files(line).await?;
            // A witness outside the tables, for who restores a backup from before this.
            info!(
                line.id = %line.id, request = %erasing.number, contact.ids = person.all_ids(),
                "erased a person"
            );
        }
        let sender = &message.sender;
        let Some(to) = address(sender.phone.as_ref(), sender.user_id.as_ref()) else {
            return Ok(());
        };
        self.let_the_air_clear(line).await?;
        self.debit(line, 1).await?;
        let claimed = self.store.claim_certificate(&line.id, key).await;
        if !claimed.context("claim certificate")? {
            return Ok(());
        }
        let now = self.clock.now();
        let certificate = Certificate::new(erasing.number.clone(), erasing.erased, line, now);
        let words = reply::render(&Reply::Erased { certificate }, line, now);
        match self.post(line, to, &words, &store::callback(contact, "certificate")).await? {
            Sent::NotNow(failure) => {
                let released = self.store.release_certificate(&line.id, key).await;
                released.context("release certificate")?;
                Err(failure).context("send certificate")
            }
            Sent::Accepted | Sent::Unresolved | Sent::Refused(_) => Ok(()),
        }
    }
}
