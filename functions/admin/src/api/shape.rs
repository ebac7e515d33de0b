// SPDX-License-Identifier: EUPL-1.2
//! What the API says of things: the JSON of answers, built in one place.

use domain::broadcast::{Audience, Broadcast};
use domain::channel;
use domain::contact::{Contact, Subscription};
use domain::cost::{self, Priced, Spent, Tally, TenThousandths};
use domain::delivery::{self, Counts};
use domain::export;
use domain::ids::TopicId;
use domain::line::{Address, Category, Line, SendBy};
use domain::proof::{Proof, Standing};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{Conversation, Delivery, Direction, Entry};

pub(crate) use domain::hours::rfc3339 as time;

pub(crate) fn time_or_null(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| Value::from(time(at)))
}

/// A page of a list.
#[expect(clippy::needless_pass_by_value, reason = "its callers have just made them")]
pub(crate) fn page(items: Vec<Value>, next_cursor: Option<String>) -> Value {
    json!({ "items": items, "next_cursor": next_cursor })
}

pub(crate) fn category(category: Category) -> &'static str {
    match category {
        Category::Utility => "utility",
        Category::Marketing => "marketing",
    }
}

/// The settings of a line that may be public. `followers` are in the order of the topics.
pub(crate) fn line(line: &Line, subscribers: i64, followers: &[i64]) -> Value {
    let topics = line.topics.iter().zip(followers).map(|(it, followers)| {
        json!({
            "id": it.id.as_str(),
            "name": it.name,
            "description": it.description,
            "category": category(it.category),
            "on_by_default": it.on_by_default,
            "send": match it.send { SendBy::Paid => "paid", SendBy::Channel => "channel" },
            "zone_of": it.zone_of.as_ref().map(TopicId::as_str),
            "subscribers": followers,
        })
    });
    let templates = line.templates_for_meta().into_iter().map(|it| {
        json!({
            "name": it.name,
            "language": it.language,
            "category": category(it.category),
            "topic": it.topic.as_ref().map(|it| it.as_str().to_owned()),
            "header": it.header,
            "body": it.body,
            "footer": it.footer,
            "quick_reply": it.quick_reply,
            "parameters": it.parameters,
        })
    });
    json!({
        "id": line.id.as_str(),
        "comune": { "name": line.comune.name, "ipa_code": line.comune.ipa_code },
        "service": line.service,
        "display_number": line.display_number,
        "opt_in": line.opt_in,
        "opt_out": line.opt_out,
        "chat_needs_subscription": line.chat_needs_subscription,
        "double_opt_in": line.double_opt_in,
        "address": match line.address { Address::Tu => "tu", Address::Lei => "lei" },
        "policy": { "date": line.policy.date.to_string(), "url": line.policy.url },
        "privacy": { "date": line.privacy.date.to_string(), "url": line.privacy.url },
        "subscribers": subscribers,
        "topics": topics.collect::<Vec<_>>(),
        "templates": templates.collect::<Vec<_>>(),
    })
}

pub(crate) fn broadcast(it: &Broadcast, line: &Line, now: Timestamp) -> Value {
    let audience = match &it.audience {
        Audience::All => json!({ "all": true }),
        Audience::Topics(topics) => {
            json!({ "topics": topics.iter().map(TopicId::as_str).collect::<Vec<_>>() })
        }
        Audience::ReachedBy(alert) => json!({ "reached_by": alert.as_str() }),
    };
    let mut template = json!({
        "name": it.message.name,
        "language": it.message.language,
        "parameters": it.message.parameters,
    });
    if let Some(media_id) = &it.message.header_media_id {
        template["header"] = json!({ "media_id": media_id });
    }
    let counted_at = if domain::broadcast::is_over(it.state) { it.counted_at } else { Some(now) };
    let eta_seconds = domain::broadcast::eta_seconds(it, line.bulk_rate(), now);
    json!({
        "id": it.id.as_str(),
        "title": it.title,
        "audience": audience,
        "message": { "template": template },
        "channel_text": channel::text(it, line),
        "priority": it.priority.name(),
        "drill": it.drill,
        "free_form_in_window": it.free_form_in_window,
        "state": it.state.name(),
        "counts": counts(&it.counts),
        "counted_at": time_or_null(counted_at),
        "created_at": time(it.created_at),
        "scheduled_for": time_or_null(it.send_at),
        "expires_at": time_or_null(it.expires_at),
        "started_at": time_or_null(it.started_at),
        "finished_at": time_or_null(it.finished_at),
        "eta_seconds": eta_seconds,
        "reason": it.reason,
        "cost": cost(it, line),
    })
}

/// What a broadcast costs if it arrives at everybody, at Italian rates, once it is known to how
/// many it goes; beside it what was billed.
pub(crate) fn cost(it: &Broadcast, line: &Line) -> Value {
    let template = line.template(&it.message.name, &it.message.language);
    let people = it.counts.audience - it.counts.skipped - it.counts.cancelled;
    let estimated = template
        .zip(it.started_at)
        .map(|(template, at)| cost::at_most(template.category, people, at));
    json!({
        "estimated_eur": estimated.map(eur),
        "actual_eur": eur(it.spent.total().cost),
        "by_category": by_category(&it.spent),
    })
}

/// Euro to four decimals, exact: `0.0248`.
pub(crate) fn eur(amount: TenThousandths) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "exact up to hundreds of millions of euro")]
    let euro = amount as f64 / 10_000.0;
    Value::from(euro)
}

/// `{"utility":{"messages":12,"eur":0.2976},"free_service":{"messages":3,"eur":0.0}}`
pub(crate) fn by_category(spent: &Spent) -> Value {
    let kinds = spent.kinds();
    let kind = |(priced, it): (Priced, Tally)| {
        (priced.name().to_owned(), json!({ "messages": it.messages, "eur": eur(it.cost) }))
    };
    Value::Object(kinds.map(kind).collect())
}

pub(crate) fn counts(it: &Counts) -> Value {
    json!({
        "audience": it.audience,
        "pending": it.pending(),
        "skipped": it.skipped,
        "cancelled": it.cancelled,
        "failed": it.failed,
        "unresolved": it.unresolved,
        "accepted": it.accepted,
        "sent": it.sent,
        "delivered": it.delivered,
        "read": it.read,
    })
}

/// One person's delivery. `contact` is `None` once they were erased.
pub(crate) fn delivery(it: &Delivery, contact: Option<&Contact>) -> Value {
    json!({
        "contact": it.contact.as_str(),
        "number": contact.and_then(|it| it.phone.as_ref()).map(domain::phone::Phone::masked),
        "state": it.state.name(),
        "at": time(it.at),
        "code": it.code,
        "reason": delivery::reason(it.state, it.skipped, it.code),
    })
}

/// A contact, number masked. The name is the one its owner chose on WhatsApp.
pub(crate) fn contact(it: &Contact) -> Value {
    let (state, since) = match &it.subscription {
        Subscription::Never => ("never", None),
        Subscription::Active { since, .. } => ("active", Some(*since)),
        Subscription::Ended { at } => ("ended", Some(*at)),
    };
    let topics: Vec<_> = it.topics().iter().map(|it| it.as_str().to_owned()).collect();
    json!({
        "id": it.id.as_str(),
        "number": it.phone.as_ref().map(domain::phone::Phone::masked),
        "name": it.name.as_ref().map(domain::message::ProfileName::expose),
        "subscription": state,
        "since": time_or_null(since),
        "topics": topics,
        "blocked": it.blocked,
        "last_message_at": time_or_null(it.last_inbound_at),
    })
}

/// A person's proof of consent. `seal` is null for what is not in the ledger yet; in it, `matches`
/// says whether the event is the one that was sealed.
pub(crate) fn proof(it: &Proof<'_>) -> Value {
    let events = it.events.iter().map(|(event, stands)| {
        let mut value = export::consent(event);
        value["seal"] = match stands {
            Standing::Waiting => Value::Null,
            Standing::Broken { number } => json!({ "number": number, "matches": false }),
            Standing::Sealed(entry) => json!({
                "number": entry.number,
                "matches": true,
                "sealed_at": time(entry.sealed_at),
                "commitment": entry.commitment.to_string(),
                "person": entry.person,
                "previous": entry.previous.to_string(),
                "hash": entry.hash.to_string(),
            }),
        };
        value
    });
    json!({
        "line": it.line.id.as_str(),
        "contact": contact(it.contact),
        "made_at": time(it.made_at),
        "ledger": { "entries": it.head.number, "head": it.head.hash.to_string() },
        "events": events.collect::<Vec<_>>(),
    })
}

pub(crate) fn conversation(it: &Conversation, contact: Option<&Contact>, now: Timestamp) -> Value {
    let open = contact.is_some_and(|it| domain::conversation::window_is_open(it, now));
    json!({
        "contact": it.contact.as_str(),
        "number": contact.and_then(|it| it.phone.as_ref()).map(domain::phone::Phone::masked),
        "name": contact.and_then(|it| it.name.as_ref()).map(domain::message::ProfileName::expose),
        "subscribed": contact.is_some_and(Contact::is_subscribed),
        "state": it.state,
        "unread": it.unread,
        "urgent": it.urgent,
        "last_at": time(it.last_at),
        "window_open": open,
    })
}

pub(crate) fn message(it: &Entry) -> Value {
    let media = it
        .media
        .as_ref()
        .map(|it| json!({ "kind": it.kind, "mime_type": it.mime_type, "file_name": it.file_name }));
    let sent = it
        .document
        .as_ref()
        .map(|it| json!({ "kind": "document", "mime_type": null, "file_name": it.file_name }));
    json!({
        "id": it.row,
        "direction": match it.direction { Direction::In => "in", Direction::Out => "out" },
        "at": time(it.at),
        "kind": it.kind,
        "text": it.text,
        "buttons": it.buttons.iter().map(|it| it.title.clone()).collect::<Vec<_>>(),
        "media": media.or(sent),
        "state": it.state.map(delivery::State::name),
        "operator": it.operator,
    })
}
