// SPDX-License-Identifier: EUPL-1.2
//! What Meta last said of messaging accounts and their templates. An older word never undoes a
//! newer one; the same word twice changes nothing.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use domain::account::{AccountState, Known, TemplateNews, TemplateState};
use domain::cost::Category;
use domain::ids::{BroadcastId, LineId};
use jiff::Timestamp;

use crate::item::{Fields, Item, instant, text};
use crate::keys::Key;
use crate::{Result, Store, StoreError, failed, keys};

/// Broadcasts whose template is remembered. A status has no other way to it.
const REMEMBERED: usize = 100;

/// Names and languages of templates by line and broadcast: these never change.
#[derive(Default)]
pub(crate) struct Cache(RwLock<HashMap<(LineId, BroadcastId), (String, String)>>);

impl Store {
    /// What is known of a template and of its account, as it stands at this moment.
    pub async fn known(&self, account: &str, name: &str, language: &str) -> Result<Known> {
        let keys = vec![keys::account(account), keys::template(account, name, language)];
        let items = self.get_many(&self.tables.broadcasts, keys).await?;
        let is_account = |it: &&Item| it.find_text("sk") == Some(keys::ACCOUNT);
        let of_account = items.iter().find(is_account);
        let of_template = items.iter().find(|it| !is_account(it));
        let state =
            |item: &Item| AccountState::parse(item.find_text("state")?, item.find_instant("until"));
        let mut known = of_template.map(read_template).unwrap_or_default();
        known.account = of_account.and_then(state);
        Ok(known)
    }

    /// Keeps what Meta said of a template at `at`; whether that is the newest.
    pub async fn note_template(
        &self,
        account: &str,
        name: &str,
        language: &str,
        news: TemplateNews,
        at: Timestamp,
    ) -> Result<bool> {
        let key = keys::template(account, name, language);
        let request = match news {
            TemplateNews::State(state) => {
                return self.note_state(key, state.name(), state.until(), at).await;
            }
            // The same category again does not make it any newer: who accepted its price has.
            TemplateNews::Category(category) => self
                .newer(key, "category_at", at)
                .update_expression("SET category = :it, category_at = :at REMOVE coming, coming_at")
                .condition_expression(
                    "(attribute_not_exists(category_at) OR category_at <= :at) \
                     AND (attribute_not_exists(category) OR category <> :it)",
                )
                .expression_attribute_values(":it", text(category.name())),
            TemplateNews::Coming(category) => self
                .newer(key, "coming_at", at)
                .update_expression("SET coming = :it, coming_at = :at")
                .condition_expression(
                    "(attribute_not_exists(coming_at) OR coming_at <= :at) \
                     AND (attribute_not_exists(category_at) OR category_at < :at)",
                )
                .expression_attribute_values(":it", text(category.name())),
        };
        written(request).await
    }

    /// Keeps what Meta said of an account at `at`; whether that is the newest.
    pub async fn note_account(
        &self,
        account: &str,
        state: AccountState,
        at: Timestamp,
    ) -> Result<bool> {
        self.note_state(keys::account(account), state.name(), state.until(), at).await
    }

    async fn note_state(
        &self,
        key: Key,
        state: &str,
        until: Option<Timestamp>,
        at: Timestamp,
    ) -> Result<bool> {
        let request = self.newer(key, "state_at", at);
        let request = match until {
            Some(until) => request
                .update_expression("SET #state = :state, state_at = :at, #until = :until")
                .expression_attribute_values(":until", instant(until)),
            None => request.update_expression("SET #state = :state, state_at = :at REMOVE #until"),
        };
        let request = request
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":state", text(state));
        written(request).await
    }

    /// An update that holds unless something newer was said.
    fn newer(&self, key: Key, said_at: &str, at: Timestamp) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(key.into_item()))
            .condition_expression(format!("attribute_not_exists({said_at}) OR {said_at} <= :at"))
            .expression_attribute_values(":at", instant(at))
    }

    /// Name and language of a broadcast's template; `None` if there is no such broadcast.
    ///
    /// Remembered, so that the statuses of a broadcast ask once.
    pub async fn template_of(
        &self,
        line: &LineId,
        id: &BroadcastId,
    ) -> Result<Option<(String, String)>> {
        let remembered = &self.templates.0;
        let key = (line.clone(), id.clone());
        let known = remembered.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let Some(found) = self.broadcast(line, id).await? else { return Ok(None) };
        let template = (found.message.name, found.message.language);
        let mut remembered = remembered.write().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(key, template.clone());
        Ok(Some(template))
    }
}

/// Whether the condition held.
async fn written(request: UpdateItemFluentBuilder) -> Result<bool> {
    match request.send().await.map_err(failed) {
        Ok(_) => Ok(true),
        Err(StoreError::Conflict) => Ok(false),
        Err(err) => Err(err),
    }
}

pub(crate) fn read_template(item: &Item) -> Known {
    let state = item.find_text("state");
    let category = item.find_text("category").map(Category::read);
    Known {
        account: None,
        template: state.and_then(|it| TemplateState::parse(it, item.find_instant("until"))),
        category: category.zip(item.find_instant("category_at")),
        coming: item.find_text("coming").map(Category::read),
    }
}
