// SPDX-License-Identifier: EUPL-1.2
//! What Meta's stand-in must know of our lines, and where it finds our webhook.

use std::path::PathBuf;

use domain::line::{Category, Line};
use fakes::meta::{self, App, Meta, MetaOptions, Number, Template, TemplateButton, TemplateHeader};
use platform::apps::MetaApp;
use platform::clock::Clock;

/// Opens the stand-in for these lines and apps.
pub fn open(
    store: Option<PathBuf>,
    clock: &Clock,
    apps: &[MetaApp],
    lines: &[&Line],
) -> anyhow::Result<Meta> {
    Meta::open(MetaOptions {
        store,
        clock: clock.clone(),
        apps: apps.iter().map(app).collect(),
        numbers: lines.iter().map(|it| number(it)).collect(),
        templates: lines.iter().flat_map(|it| templates(it)).collect(),
        ..MetaOptions::default()
    })
}

fn app(app: &MetaApp) -> App {
    App {
        id: app.id.as_str().to_owned(),
        secret: app.secrets.first().map_or("", |it| it.expose()).to_owned(),
        access_token: app.access_token.expose().to_owned(),
        // Not known before the stack listens.
        webhook_url: None,
    }
}

fn number(line: &Line) -> Number {
    let portfolio = line.portfolio.as_ref();
    let mut hints = vec![line.opt_in_word().to_uppercase(), line.opt_out_word().to_uppercase()];
    hints.push("AIUTO".to_owned());
    Number {
        phone_number_id: line.phone_number_id.as_str().to_owned(),
        messaging_account_id: line.messaging_account_id.clone(),
        display_number: line.display_number.clone(),
        name: line.comune.name.clone(),
        app: line.app.as_str().to_owned(),
        line: line.id.as_str().to_owned(),
        rate: line.rate,
        portfolio_id: portfolio.map_or_else(|| line.id.as_str().to_owned(), |it| it.id.clone()),
        portfolio_limit: portfolio.and_then(|it| it.limit),
        hints,
    }
}

fn templates(line: &Line) -> impl Iterator<Item = Template> {
    line.templates_for_meta().into_iter().map(|it| Template {
        messaging_account_id: line.messaging_account_id.clone(),
        name: it.name,
        language: it.language,
        category: match it.category {
            Category::Utility => meta::Category::Utility,
            Category::Marketing => meta::Category::Marketing,
        },
        header: match it.header_media {
            Some(media) => Some(TemplateHeader::Media(media.name().to_owned())),
            None => it.header.map(TemplateHeader::Text),
        },
        body: it.body,
        footer: it.footer,
        buttons: it.quick_reply.map(TemplateButton::QuickReply).into_iter().collect(),
        parameters: it.parameters,
        ..Template::default()
    })
}
