// SPDX-License-Identifier: EUPL-1.2
//! What Meta says of accounts and templates, kept, and what follows from it for broadcasts.
//!
//! What makes a repetition harmless: what is known is asked anew each time, and a broadcast that
//! stands as it should is left alone.

use anyhow::Context;
use domain::account::{AccountState, Consequence, News, TemplateNews, TemplateState};
use domain::ids::BroadcastId;
use domain::line::Line;
use jiff::{Timestamp, ToSpan};
use platform::jobs;
use platform::metrics::{self, Metric};
use tracing::{info, warn};
use whatsapp::payload::read_account;

use super::{App, Recategorised, moment};

/// Lost races over one broadcast before the job comes again.
const TRIES: usize = 3;

/// Broadcasts that wait, wait for less.
const FAR_DAYS: i64 = 400;

impl App {
    pub(super) async fn account_event(&self, event: jobs::AccountEvent) -> anyhow::Result<()> {
        let jobs::AccountEvent { account, field, at, value } = event;
        // Its value can hold numbers, so only its name is logged.
        info!(account.id = account, field, "account event");
        let at = self.said_at(at);
        let Some(news) = read_account(&field, &value, at) else { return Ok(()) };
        let noted = self.note(&account, &news, at).await?;
        if noted && news.needs_a_person(self.clock.now()) {
            metrics::count(Metric::AccountOrBudget, 1);
        }
        match news {
            News::Warning => {
                warn!(account.id = account, field, "Meta found something wrong with an account");
                Ok(())
            }
            News::Limit(limit) => self.limit(&account, limit, at).await,
            News::Account(_) if !noted => Ok(()),
            News::Account(state) => {
                if state != AccountState::InOrder {
                    warn!(account.id = account, state = state.name(), "Meta restricts an account");
                }
                self.reconsider_all(&account, None).await
            }
            News::Template { name, language, news } => {
                if noted {
                    log_template(&name, news);
                }
                // Also if it was known: whoever noted it may have died before acting on it.
                self.reconsider_all(&account, Some((&name, &language))).await
            }
        }
    }

    /// Keeps what is to be known later; whether this is the newest.
    async fn note(&self, account: &str, news: &News, at: Timestamp) -> anyhow::Result<bool> {
        match news {
            News::Warning | News::Limit(_) => Ok(true),
            News::Account(state) => {
                self.store.note_account(account, *state, at).await.context("note account")
            }
            News::Template { name, language, news } => {
                let noted = self.store.note_template(account, name, language, *news, at).await;
                noted.context("note template")
            }
        }
    }

    /// Keeps the limit for the portfolios of the account's lines.
    async fn limit(&self, account: &str, limit: Option<u32>, at: Timestamp) -> anyhow::Result<()> {
        let lines = self.store.lines().await.context("load lines")?;
        let mut portfolios: Vec<_> = lines
            .iter()
            .filter(|it| it.messaging_account_id == account)
            .filter_map(|it| it.portfolio.as_ref())
            .map(|it| it.id.as_str())
            .collect();
        portfolios.sort_unstable();
        portfolios.dedup();
        for portfolio in portfolios {
            let kept = self.store.set_portfolio_limit(portfolio, limit, at).await;
            kept.context("keep limit")?;
            info!(portfolio.id = portfolio, limit, "Meta told a portfolio's limit");
        }
        Ok(())
    }

    /// Meta billed a template as something else than the line says.
    pub(super) async fn recategorised(&self, it: Recategorised) -> anyhow::Result<()> {
        let line = self.store.line(&it.line).await.context("load line")?;
        let template = self.store.template_of(&it.line, &it.broadcast).await;
        let template = template.context("load template of broadcast")?;
        let (Some(line), Some((name, language))) = (line, template) else { return Ok(()) };
        let (account, news) = (&line.messaging_account_id, TemplateNews::Category(it.category));
        let noted = self.store.note_template(account, &name, &language, news, it.at).await;
        if noted.context("note template")? {
            let category = it.category.name();
            warn!(template.name = name, category, "a template is billed in another category");
        }
        self.reconsider(&line, &it.broadcast, Some((&name, &language))).await
    }

    /// Halts what is under way from an account, or of one of its templates, or lets it go on.
    async fn reconsider_all(
        &self,
        account: &str,
        template: Option<(&str, &str)>,
    ) -> anyhow::Result<()> {
        let lines = self.store.lines().await.context("load lines")?;
        let far = self.clock.now() + (24 * FAR_DAYS).hours();
        for (line, id) in self.store.due(far).await.context("list broadcasts under way")? {
            let is_concerned =
                |it: &&std::sync::Arc<Line>| it.id == line && it.messaging_account_id == account;
            if let Some(line) = lines.iter().find(is_concerned) {
                self.reconsider(line, &id, template).await?;
            }
        }
        Ok(())
    }

    async fn reconsider(
        &self,
        line: &Line,
        id: &BroadcastId,
        template: Option<(&str, &str)>,
    ) -> anyhow::Result<()> {
        for _ in 0..TRIES {
            let found = self.store.broadcast(&line.id, id).await.context("load broadcast")?;
            let Some(broadcast) = found else { return Ok(()) };
            let (name, language) = (&*broadcast.message.name, &*broadcast.message.language);
            if template.is_some_and(|it| it != (name, language)) {
                return Ok(());
            }
            let Some(ours) = line.template(name, language) else { return Ok(()) };
            let known = self.store.known(&line.messaging_account_id, name, language).await;
            let known = known.context("read what is known of the template")?;
            match known.consequence(&broadcast, ours.category, self.clock.now()) {
                None => return Ok(()),
                Some(Consequence::GoOn) => return self.let_go(&broadcast).await,
                Some(Consequence::Halt(halt)) => {
                    if self.halt(&broadcast, &halt).await? {
                        return Ok(());
                    }
                }
            }
        }
        anyhow::bail!("broadcast kept changing")
    }

    /// Meta's time. What claims to be of the future is of now, or nothing would be newer.
    pub(super) fn said_at(&self, seconds: i64) -> Timestamp {
        moment(seconds).min(self.clock.now())
    }
}

fn log_template(name: &str, news: TemplateNews) {
    match news {
        TemplateNews::State(TemplateState::Usable) => {}
        TemplateNews::State(state) => {
            let state = state.name();
            warn!(template.name = name, state, "a template's state changed");
        }
        TemplateNews::Category(it) | TemplateNews::Coming(it) => {
            let category = it.name();
            warn!(template.name = name, category, "a template's category changes");
        }
    }
}
