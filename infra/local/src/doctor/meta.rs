// SPDX-License-Identifier: EUPL-1.2
//! Asks Meta about an app, its lines' accounts and their numbers.

use std::sync::Arc;

use domain::failure::Failure;
use domain::line::Line;
use futures::future::join_all;
use futures::join;
use jiff::Timestamp;
use platform::apps::{AccessToken, MetaApp};
use serde_json::Value;
use whatsapp::graph::Graph;

use super::facts::{FromMeta, Number, Subscription, Template, Token, subscribed_apps};
use super::{Finding, judgement};

/// More pages of templates than an account can have: 6,000, a hundred a page.
const MOST_PAGES: usize = 60;

/// `ours` is the app's webhook.
pub(super) async fn findings(
    graph: &Graph,
    app: &MetaApp,
    lines: &[&Arc<Line>],
    ours: &str,
    now: Timestamp,
) -> Vec<Finding> {
    let about = app.id.as_str();
    // The token as it is kept: a newer one found on the way would hide that this one is refused.
    let access = AccessToken::fixed(app.access_token.expose());
    let input = [("input_token", access.expose())];
    let token = graph.read(&access, "debug_token", &input).await.map(|it| Token::read(&it));
    let mut findings = judgement::token(about, &token, now);
    let token = token.ok().filter(|it| it.is_valid);
    let subscription = match &token {
        Some(token) => Some(subscription(graph, app, &token.app_id).await),
        None => None,
    };
    findings.extend(judgement::subscription(about, subscription.as_ref(), ours));
    let each = lines.iter().map(|line| of_line(graph, &access, token.as_ref(), line, ours));
    findings.extend(join_all(each).await.into_iter().flatten());
    findings
}

/// The app asks about itself. During a rotation the newer of its two secrets may not be Meta's yet.
async fn subscription(
    graph: &Graph,
    app: &MetaApp,
    app_id: &str,
) -> FromMeta<Option<Subscription>> {
    let path = format!("{app_id}/subscriptions");
    let mut answer = Err(Failure::NotSent);
    for secret in &app.secrets {
        let itself = AccessToken::fixed(format!("{app_id}|{}", secret.expose()));
        answer = graph.read(&itself, &path, &[]).await.map(|it| Subscription::read(&it));
        if answer.is_ok() {
            break;
        }
    }
    answer
}

async fn of_line(
    graph: &Graph,
    access: &AccessToken,
    token: Option<&Token>,
    line: &Line,
    ours: &str,
) -> Vec<Finding> {
    let account = &line.messaging_account_id;
    let field = async |id: &str, fields: &str| graph.read(access, id, &[("fields", fields)]).await;
    let edge = format!("{account}/subscribed_apps");
    let (apps, verified, funding, number, templates) = join!(
        graph.read(access, &edge, &[]),
        // A field that Meta no longer knows fails its call: so each has its own.
        field(account, "business_verification_status"),
        field(account, "primary_funding_id"),
        field(line.phone_number_id.as_str(), Number::FIELDS),
        templates(graph, access, account),
    );
    let apps = apps.map(|it| subscribed_apps(&it));
    let verified = verified.map(|it| text(&it, "business_verification_status"));
    let has_method = funding.map(|it| !text(&it, "primary_funding_id").is_empty());
    let number = number.map(|it| Number::read(&it));
    let mut findings = vec![
        judgement::subscribed(line, token, &apps),
        judgement::business(line, &verified),
        judgement::payment(line, &has_method),
    ];
    findings.extend(judgement::number(line, &number, ours));
    findings.extend(judgement::templates(line, &templates));
    findings
}

fn text(node: &Value, field: &str) -> String {
    node[field].as_str().unwrap_or_default().to_owned()
}

async fn templates(graph: &Graph, access: &AccessToken, account: &str) -> FromMeta<Vec<Template>> {
    let edge = format!("{account}/message_templates");
    let (mut all, mut after) = (Vec::new(), None);
    for _ in 0..MOST_PAGES {
        let mut query = vec![("fields", Template::FIELDS), ("limit", "100")];
        query.extend(after.as_deref().map(|it| ("after", it)));
        let page = graph.read(access, &edge, &query).await?;
        let read = page["data"].as_array().into_iter().flatten().map(Template::read);
        all.extend(read);
        if page["paging"]["next"].is_null() {
            break;
        }
        after = page["paging"]["cursors"]["after"].as_str().map(str::to_owned);
    }
    Ok(all)
}
