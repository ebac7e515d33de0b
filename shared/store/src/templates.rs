// SPDX-License-Identifier: EUPL-1.2
//! Templates that a line has beside those of its file, and what Meta's list said of all of them.
//!
//! They stand on the line's own item, so that who reads the line has them too.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::account::{Known, TemplateNews, TemplateState};
use domain::ids::{LineId, TopicId};
use domain::line::{Category, HeaderFormat, Template};
use domain::submission::Listed;
use jiff::Timestamp;

use crate::account::read_template;
use crate::item::{Fields, Item, instant, number, text};
use crate::{Result, Store, StoreError, failed, keys};

/// Attributes of a line's item begin so: `template#it#pordenone_strada_chiusa`.
const PREFIX: &str = "template#";

/// What is known of a template at Meta.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AtMeta {
    /// By webhooks and by the list, whichever came last.
    pub known: Known,
    /// `green`, `yellow`, `red`.
    pub quality: Option<String>,
    /// Meta's word for why it was rejected.
    pub rejected_for: Option<String>,
    /// When Meta's list was last read.
    pub synced_at: Option<Timestamp>,
}

impl Store {
    /// Gives a line a template, or puts it in the place of the one it added by that name. `Conflict`
    /// if there is no such line.
    pub async fn add_template(&self, line: &LineId, template: &Template) -> Result<()> {
        let update = self
            .client
            .update_item()
            .update_expression("SET #template = :template")
            .expression_attribute_values(":template", write(template));
        self.change_template(update, line, &template.name, &template.language).await
    }

    /// Takes a template away that was added.
    pub async fn remove_template(&self, line: &LineId, name: &str, language: &str) -> Result<()> {
        let update = self.client.update_item().update_expression("REMOVE #template");
        self.change_template(update, line, name, language).await
    }

    async fn change_template(
        &self,
        update: aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder,
        line: &LineId,
        name: &str,
        language: &str,
    ) -> Result<()> {
        update
            .table_name(&self.tables.subscribers)
            .set_key(Some(keys::line(line).into_item()))
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#template", format!("{PREFIX}{language}#{name}"))
            .send()
            .await
            .map_err(failed)?;
        self.forget_lines();
        Ok(())
    }

    /// Keeps what Meta's list said of a template at `at`; `None` if it was not on it.
    pub async fn note_listed(
        &self,
        account: &str,
        (name, language): (&str, &str),
        listed: Option<&Listed>,
        at: Timestamp,
    ) -> Result<()> {
        // Webhooks have whole seconds: one of this very second must not seem older.
        let said_at = Timestamp::from_second(at.as_second()).unwrap_or(at);
        let state = if let Some(listed) = listed {
            listed.state(said_at)
        } else {
            // One that was never submitted is not deleted.
            let known = self.known(account, name, language).await?;
            known.template.map(|_| TemplateState::Deleted)
        };
        if let Some(state) = state {
            let news = TemplateNews::State(state);
            self.note_template(account, name, language, news, said_at).await?;
        }
        if let Some(listed) = listed {
            let news = TemplateNews::Category(listed.category);
            self.note_template(account, name, language, news, said_at).await?;
        }
        let mut sets = vec!["synced_at = :at"];
        let mut removes = Vec::new();
        let mut update = self
            .client
            .update_item()
            .table_name(&self.tables.broadcasts)
            .set_key(Some(keys::template(account, name, language).into_item()))
            .condition_expression("attribute_not_exists(synced_at) OR synced_at <= :at")
            .expression_attribute_values(":at", instant(at));
        match listed.and_then(|it| it.quality.as_ref()) {
            Some(quality) => {
                sets.push("quality = :quality");
                update = update.expression_attribute_values(":quality", text(quality));
            }
            None => removes.push("quality"),
        }
        match listed.and_then(|it| it.rejected_for.as_ref()) {
            Some(reason) => {
                sets.push("rejected_for = :reason");
                update = update.expression_attribute_values(":reason", text(reason));
            }
            None => removes.push("rejected_for"),
        }
        let mut expression = format!("SET {}", sets.join(", "));
        if !removes.is_empty() {
            expression = format!("{expression} REMOVE {}", removes.join(", "));
        }
        match update.update_expression(expression).send().await.map_err(failed) {
            // Somebody read the list later, and was faster.
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(err) => Err(err),
        }
    }

    /// What is known of templates at Meta, by name and language.
    pub async fn at_meta(
        &self,
        account: &str,
        templates: &[(String, String)],
    ) -> Result<HashMap<(String, String), AtMeta>> {
        let key = |(name, language): &(String, String)| keys::template(account, name, language);
        let items =
            self.get_many(&self.tables.broadcasts, templates.iter().map(key).collect()).await?;
        let read = |item: &Item| {
            let (language, name) =
                item.find_text("sk")?.strip_prefix("TEMPLATE#")?.split_once('#')?;
            let at_meta = AtMeta {
                known: read_template(item),
                quality: item.find_text("quality").map(str::to_owned),
                rejected_for: item.find_text("rejected_for").map(str::to_owned),
                synced_at: item.find_instant("synced_at"),
            };
            Some(((name.to_owned(), language.to_owned()), at_meta))
        };
        Ok(items.iter().filter_map(read).collect())
    }
}

/// The templates that a line's item has beside its file.
pub(crate) fn added(item: &Item) -> Vec<Template> {
    let mut added: Vec<_> = item
        .iter()
        .filter_map(|(name, value)| {
            let (language, name) = name.strip_prefix(PREFIX)?.split_once('#')?;
            read(name, language, value.as_m().ok()?)
        })
        .collect();
    added.sort_by(|a, b| (&a.name, &a.language).cmp(&(&b.name, &b.language)));
    added
}

fn write(it: &Template) -> AttributeValue {
    let examples = it.examples.iter().map(|(name, it)| (name.clone(), text(it))).collect();
    let mut fields = Item::from([
        ("category".to_owned(), text(category(it.category))),
        ("body".to_owned(), text(&it.body)),
        ("examples".to_owned(), AttributeValue::M(examples)),
    ]);
    let topic = it.topic.as_ref().map(|it| it.as_str().to_owned());
    let media = it.header_media.map(|it| it.name().to_owned());
    for (name, value) in [
        ("topic", topic),
        ("header", it.header.clone()),
        ("header_media", media),
        ("footer", it.footer.clone()),
    ] {
        fields.extend(value.map(|it| (name.to_owned(), text(it))));
    }
    fields.extend(it.valid_hours.map(|it| ("valid_hours".to_owned(), number(it))));
    AttributeValue::M(fields)
}

fn read(name: &str, language: &str, fields: &Item) -> Option<Template> {
    let body = fields.find_text("body")?.to_owned();
    let examples = fields.get("examples").and_then(|it| it.as_m().ok());
    let examples: BTreeMap<String, String> = examples
        .into_iter()
        .flatten()
        .filter_map(|(name, it)| Some((name.clone(), it.as_s().ok()?.clone())))
        .collect();
    Some(Template {
        name: name.to_owned(),
        language: language.to_owned(),
        category: match fields.find_text("category")? {
            "marketing" => Category::Marketing,
            _ => Category::Utility,
        },
        topic: fields.find_text("topic").map(TopicId::new),
        header: fields.find_text("header").map(str::to_owned),
        header_media: fields.find_text("header_media").and_then(HeaderFormat::parse),
        parameters: Template::names_in(&body),
        body,
        footer: fields.find_text("footer").map(str::to_owned),
        examples,
        valid_hours: fields.find_number("valid_hours").and_then(|it| it.try_into().ok()),
        quick_reply: None,
    })
}

fn category(it: Category) -> &'static str {
    match it {
        Category::Utility => "utility",
        Category::Marketing => "marketing",
    }
}
