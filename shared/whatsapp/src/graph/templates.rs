// SPDX-License-Identifier: EUPL-1.2
//! Templates of an account: listed, submitted for review, deleted.
//!
//! Source: Cloud API, templates/template-management.

use domain::cost::Category;
use domain::failure::Failure;
use domain::line::{self, Template};
use domain::submission::Listed;
use platform::apps::AccessToken;
use serde_json::{Value, json};

use super::{Graph, answer};

const FIELDS: &str = "name,language,status,category,quality_score,rejected_reason,components";
/// Templates asked for at a time, and the most pages: an account may have 6,000.
const A_PAGE: &str = "200";
const MOST_PAGES: usize = 40;

/// Meta took a template for review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// Meta's word: `PENDING`, rarely `APPROVED` or `REJECTED` at once.
    pub status: String,
    /// Not always the one that was asked for.
    pub category: Category,
}

/// Meta did not take a call about a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotTaken {
    pub failure: Failure,
    /// What [`domain::submission::refusal`] knows more of than of the code.
    pub subcode: Option<i64>,
}

impl From<Failure> for NotTaken {
    fn from(failure: Failure) -> Self {
        Self { failure, subcode: None }
    }
}

impl Graph {
    /// Every template of an account.
    pub async fn templates(
        &self,
        token: &AccessToken,
        account: &str,
    ) -> Result<Vec<Listed>, Failure> {
        let path = format!("{account}/message_templates");
        let mut listed = Vec::new();
        let mut after = String::new();
        for _ in 0..MOST_PAGES {
            let mut query = vec![("fields", FIELDS), ("limit", A_PAGE)];
            if !after.is_empty() {
                query.push(("after", &after));
            }
            let page = self.read(token, &path, &query).await?;
            listed.extend(page["data"].as_array().into_iter().flatten().map(read));
            if page["paging"]["next"].is_null() {
                break;
            }
            page["paging"]["cursors"]["after"].as_str().unwrap_or_default().clone_into(&mut after);
        }
        Ok(listed)
    }

    /// Submits a template for review: as Meta must have it, with its examples. `handle` is the one of
    /// [`Self::upload_example`], of a file like the one that it has on top.
    ///
    /// Submitting it again is refused (2388024), so after a lost answer the list tells.
    pub async fn create_template(
        &self,
        token: &AccessToken,
        account: &str,
        template: &Template,
        handle: Option<&str>,
    ) -> Result<Submitted, NotTaken> {
        let url = format!("{}/{}/{account}/message_templates", self.base_url, self.version);
        let request = self.http()?.post(url).json(&submission(template, handle));
        let (http, body) = self.answer_to(token, request).await?;
        let answer = answer::read(http, &body)
            .map_err(|failure| NotTaken { failure, subcode: answer::subcode(&body) })?;
        Ok(Submitted {
            status: answer["status"].as_str().unwrap_or("PENDING").to_owned(),
            category: category(&answer["category"]),
        })
    }

    /// Deletes a template in all its languages. Its name is not free again for 30 days.
    pub async fn delete_template(
        &self,
        token: &AccessToken,
        account: &str,
        name: &str,
    ) -> Result<(), NotTaken> {
        let url = format!("{}/{}/{account}/message_templates", self.base_url, self.version);
        let url = reqwest::Url::parse_with_params(&url, [("name", name)]);
        let request = self.http()?.delete(url.map_err(|_| Failure::NotSent)?);
        let (http, body) = self.answer_to(token, request).await?;
        answer::done(http, &body)
            .map_err(|failure| NotTaken { failure, subcode: answer::subcode(&body) })
    }
}

fn submission(template: &Template, handle: Option<&str>) -> Value {
    let named = |it: &String| !it.bytes().all(|it| it.is_ascii_digit());
    let named = template.parameters.iter().any(named) || template.parameters.is_empty();
    let example = |name: &String| template.examples.get(name).map_or("", |it| it.trim());
    let mut body = json!({ "type": "BODY", "text": template.body.trim_end() });
    if !template.parameters.is_empty() {
        body["example"] = if named {
            let examples = template.parameters.iter();
            let examples = examples.map(|it| json!({ "param_name": it, "example": example(it) }));
            json!({ "body_text_named_params": examples.collect::<Vec<_>>() })
        } else {
            json!({ "body_text": [template.parameters.iter().map(example).collect::<Vec<_>>()] })
        };
    }
    let mut components = Vec::new();
    if let Some(header) = &template.header {
        components.push(json!({ "type": "HEADER", "format": "TEXT", "text": header }));
    }
    if let Some(media) = template.header_media {
        let example = json!({ "header_handle": Vec::from_iter(handle) });
        let format = media.name().to_uppercase();
        components.push(json!({ "type": "HEADER", "format": format, "example": example }));
    }
    components.push(body);
    if let Some(footer) = &template.footer {
        components.push(json!({ "type": "FOOTER", "text": footer }));
    }
    if let Some(reply) = &template.quick_reply {
        let buttons = json!([{ "type": "QUICK_REPLY", "text": reply }]);
        components.push(json!({ "type": "BUTTONS", "buttons": buttons }));
    }
    let mut submission = json!({
        "name": template.name,
        "language": template.language,
        "category": match template.category {
            line::Category::Utility => "UTILITY",
            line::Category::Marketing => "MARKETING",
        },
        "parameter_format": if named { "NAMED" } else { "POSITIONAL" },
        "components": components,
    });
    if let Some(hours) = template.valid_hours {
        submission["message_send_ttl_seconds"] = (u32::from(hours) * 3_600).into();
    }
    submission
}

/// Total: what is missing is empty.
fn read(node: &Value) -> Listed {
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let component = |kind: &str| {
        let mut all = node["components"].as_array().into_iter().flatten();
        all.find(|it| it["type"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(kind)))
    };
    let words = |kind: &str| component(kind).map(|it| text(&it["text"]));
    let format = component("HEADER").map(|it| text(&it["format"]).to_lowercase());
    let media = format.filter(|it| it != "text");
    let buttons = component("BUTTONS").and_then(|it| it["buttons"].as_array());
    let said = |it: &Value, nothing: &str| {
        it.as_str().filter(|it| *it != nothing && !it.is_empty()).map(str::to_owned)
    };
    Listed {
        name: text(&node["name"]),
        language: text(&node["language"]).replace('-', "_"),
        status: text(&node["status"]),
        category: category(&node["category"]),
        quality: said(&node["quality_score"]["score"], "UNKNOWN").map(|it| it.to_lowercase()),
        rejected_for: said(&node["rejected_reason"], "NONE"),
        header: words("HEADER").filter(|_| media.is_none()),
        header_media: media,
        body: words("BODY").unwrap_or_default(),
        footer: words("FOOTER"),
        buttons: buttons.into_iter().flatten().map(|it| text(&it["text"])).collect(),
    }
}

fn category(it: &Value) -> Category {
    Category::read(&it.as_str().unwrap_or_default().to_lowercase())
}
