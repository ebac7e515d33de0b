// SPDX-License-Identifier: EUPL-1.2
//! The end of a block at Meta, which knows no dates.

use anyhow::Context;
use domain::ids::MeasureId;
use domain::line::Line;
use domain::moderation::{Act, AtMeta};
use jiff::Timestamp;
use tracing::info;
use whatsapp::graph::To;

use super::App;

impl App {
    /// Unblocks at Meta whose block is over, if that was not done. Twice is once.
    pub(super) async fn end_block(
        &self,
        line: &Line,
        id: &MeasureId,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let measure = self.store.measure(&line.id, id).await.context("load measure")?;
        let Some(measure) = measure.filter(|it| !it.holds(now)) else { return Ok(()) };
        if !matches!(measure.act, Act::Block { meta: Some(AtMeta::Blocked), .. }) {
            return Ok(());
        }
        let person = self.store.contact(&line.id, &measure.contact).await.context("load person")?;
        let Some(person) = person else { return Ok(()) };
        let phone = person.phone.as_ref().map(To::Phone);
        let Some(to) = phone.or_else(|| person.user_id.as_ref().map(To::UserId)) else {
            return Ok(());
        };
        let token = self.apps.access_token(&line.app).context("find Meta app")?;
        let lifted = self.graph.unblock(&token, &line.phone_number_id, to).await;
        lifted.context("unblock")?;
        info!(line.id = %line.id, contact.id = %person.id, "block at Meta is over");
        self.store.note_at_meta(&line.id, id, AtMeta::Lifted).await.context("note end")
    }
}
