// SPDX-License-Identifier: EUPL-1.2
//! Contacts and consent events as items: what is written is what is read.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::contact::{
    Answered, AskedBy, ConsentChange, ConsentEvent, ConsentSource, Contact, Joining,
    MarketingSwitch, Requested, Subscription, ToldBy,
};
use domain::ids::{AppId, BroadcastId, ContactId, LineId, MeasureId, MessageId, TopicId, UserId};
use domain::message::{MarketingChoice, ProfileName};
use domain::moderation::{Block, Pace};
use domain::phone::Phone;
use domain::rights::{RequestNumber, Right};
use jiff::civil::Date;

use super::MessageKey;
use crate::item::{Draft, Fields, Item, instant, number, text};
use crate::{Result, StoreError, keys};

pub(crate) fn write_contact(line: &LineId, contact: &Contact, version: i64) -> Item {
    let draft = Draft::at(keys::contact(line, &contact.id))
        .with("version", number(version))
        .with_some("phone", contact.phone.as_ref().map(|it| text(it.expose())))
        .with_some("user_id", contact.user_id.as_ref().map(|it| text(it.expose())))
        .with_some("user_id_scope", contact.user_id_scope.as_ref().map(text))
        .with_some("name", contact.name.as_ref().map(|it| text(it.expose())))
        .with_some("consent_at", contact.consent_at.map(instant))
        .with_some("last_inbound_at", contact.last_inbound_at.map(instant))
        .with_some("asked_at", contact.asked_at.map(instant))
        .with_some("joining_at", contact.joining.as_ref().map(|it| instant(it.at)))
        .with_set("joining", contact.joining.iter().flat_map(|it| &it.topics))
        .with_some("invited_at", contact.invited_at.map(instant))
        .with_some("accepted", contact.accepted.map(|it| text(it.to_string())))
        .with_some("unproven", contact.unproven.then_some(AttributeValue::Bool(true)))
        .with_set("asked_to_accept", contact.asked_to_accept.iter().map(asked_to_accept))
        .with_some("requested", contact.requested.as_ref().map(|it| text(it.right.name())))
        .with_some("requested_as", contact.requested.as_ref().map(|it| text(it.number.as_str())))
        .with_some("requested_at", contact.requested.as_ref().map(|it| instant(it.at)))
        .with_some("told_closed_until", contact.told_closed_until.map(instant))
        .with_some("answered", contact.answered.as_ref().map(|it| text(&it.name)))
        .with_some("answered_at", contact.answered.as_ref().map(|it| instant(it.at)))
        .with_some("blocked", contact.blocked.as_ref().map(|_| AttributeValue::Bool(true)))
        .with_some("block", contact.blocked.as_ref().map(write_block))
        .with_some("pace_since", contact.pace.map(|it| instant(it.since)))
        .with_some("pace", contact.pace.map(|it| number(it.messages)))
        .with_set("undeliverable", &contact.undeliverable)
        .with_some("marketing", contact.marketing.map(|it| text(it.choice.name())))
        .with_some("marketing_at", contact.marketing.map(|it| instant(it.at)))
        .with_set("former_ids", &contact.former_ids)
        .with_some("merged_at", contact.merged_at.map(instant));
    match &contact.subscription {
        Subscription::Never => draft,
        Subscription::Active { topics, since } => draft
            .with("subscription", text("active"))
            .with("since", instant(*since))
            .with_set("topics", topics),
        Subscription::Ended { at } => {
            draft.with("subscription", text("ended")).with("ended_at", instant(*at))
        }
    }
    .done()
}

fn read_answered(item: &Item) -> Option<Answered> {
    let (name, at) = (item.find_text("answered")?, item.find_instant("answered_at")?);
    Some(Answered { name: name.to_owned(), at })
}

/// `2026-11-01#0193…`
pub(super) fn asked_to_accept((policy, broadcast): &(Date, BroadcastId)) -> String {
    format!("{policy}#{broadcast}")
}

fn read_asked(text: &str) -> Option<(Date, BroadcastId)> {
    let (policy, broadcast) = text.split_once('#')?;
    Some((policy.parse().ok()?, BroadcastId::new(broadcast)))
}

fn read_requested(item: &Item) -> Option<Requested> {
    let right = Right::parse(item.find_text("requested")?)?;
    let number = RequestNumber::new(item.find_text("requested_as")?);
    Some(Requested { right, number, at: item.find_instant("requested_at")? })
}

pub(crate) fn read_contact(item: &Item) -> Result<Contact> {
    let phone = item.find_text("phone").map(Phone::parse).transpose();
    Ok(Contact {
        id: ContactId::new(item.text("sk")?),
        phone: phone.map_err(|_| StoreError::Corrupt("phone"))?,
        user_id: item.find_text("user_id").map(UserId::new),
        user_id_scope: item.find_text("user_id_scope").map(str::to_owned),
        name: item.find_text("name").map(ProfileName::new),
        subscription: match item.find_text("subscription") {
            None => Subscription::Never,
            Some("active") => Subscription::Active {
                topics: item.set("topics").into_iter().map(TopicId::new).collect(),
                since: item.instant("since")?,
            },
            Some("ended") => Subscription::Ended { at: item.instant("ended_at")? },
            Some(_) => return Err(StoreError::Corrupt("subscription")),
        },
        consent_at: item.find_instant("consent_at"),
        last_inbound_at: item.find_instant("last_inbound_at"),
        asked_at: item.find_instant("asked_at"),
        joining: item.find_instant("joining_at").map(|at| {
            let topics = item.set("joining").into_iter().map(TopicId::new).collect();
            Joining { topics, at }
        }),
        invited_at: item.find_instant("invited_at"),
        accepted: item.find_text("accepted").and_then(|it| it.parse().ok()),
        unproven: item.flag("unproven"),
        asked_to_accept: item
            .set("asked_to_accept")
            .iter()
            .filter_map(|it| read_asked(it))
            .collect(),
        requested: read_requested(item),
        told_closed_until: item.find_instant("told_closed_until"),
        answered: read_answered(item),
        blocked: item.flag("blocked").then(|| read_block(item)).transpose()?,
        pace: read_pace(item),
        undeliverable: item.set("undeliverable").into_iter().map(BroadcastId::new).collect(),
        marketing: item.find_text("marketing").map(|name| read_switch(name, item)).transpose()?,
        former_ids: item.set("former_ids").into_iter().map(ContactId::new).collect(),
        merged_at: item.find_instant("merged_at"),
    })
}

fn write_block(it: &Block) -> AttributeValue {
    let mut block = Item::from([
        ("measure".to_owned(), text(it.measure.as_str())),
        ("until".to_owned(), instant(it.until)),
        ("rule".to_owned(), text(&it.rule)),
    ]);
    let flags = [("ended_subscription", it.ended_subscription), ("told", it.told)];
    let set = flags.into_iter().filter(|(_, it)| *it);
    block.extend(set.map(|(name, it)| (name.to_owned(), AttributeValue::Bool(it))));
    block.extend(it.objected_at.map(|at| ("objected_at".to_owned(), instant(at))));
    AttributeValue::M(block)
}

fn read_block(item: &Item) -> Result<Block> {
    let block = item.get("block").and_then(|it| it.as_m().ok());
    let block = block.ok_or(StoreError::Corrupt("block"))?;
    Ok(Block {
        measure: MeasureId::new(block.text("measure")?),
        until: block.instant("until")?,
        rule: block.text("rule")?.to_owned(),
        ended_subscription: block.flag("ended_subscription"),
        told: block.flag("told"),
        objected_at: block.find_instant("objected_at"),
    })
}

fn read_pace(item: &Item) -> Option<Pace> {
    let messages = u32::try_from(item.find_number("pace")?).ok()?;
    Some(Pace { since: item.find_instant("pace_since")?, messages })
}

fn read_switch(name: &str, item: &Item) -> Result<MarketingSwitch> {
    let choice = MarketingChoice::parse(name).ok_or(StoreError::Corrupt("marketing"))?;
    Ok(MarketingSwitch { choice, at: item.instant("marketing_at")? })
}

pub(crate) fn consent(line: &LineId, event: &ConsentEvent, key: &MessageKey) -> Item {
    let draft = Draft::at(keys::consent(line, &event.contact, event.at.as_millisecond(), key))
        .with("at", instant(event.at))
        .with("policy", text(event.policy.to_string()))
        .with("privacy", text(event.privacy.to_string()));
    let wanted = match &event.change {
        ConsentChange::Outdated { wanted } => Some(text(wanted)),
        _ => None,
    };
    let draft = draft
        .with("change", text(event.change.name()))
        .with_set("topics", event.change.topics().into_iter().flatten())
        .with_some("wanted", wanted);
    match &event.source {
        ConsentSource::Message { id, text: words, payload, rule, signed_by } => draft
            .with("message_id", text(id.expose()))
            .with("text", text(words))
            .with_some("payload", payload.as_ref().map(text))
            .with("rule", text(rule))
            .with_some("signed_by", signed_by.as_ref().map(|it| text(it.as_str()))),
        ConsentSource::Operator { who, channel, proof } => draft
            .with("operator", text(who))
            .with_some("channel", channel.map(|it| text(it.name())))
            .with("proof", text(proof)),
        ConsentSource::Button { told_by } => draft.with("told_by", text(told_by.name())),
    }
    .done()
}

fn read_source(item: &Item) -> Result<ConsentSource> {
    if let Some(who) = item.find_text("operator") {
        let channel = item.find_text("channel");
        let known = |name| AskedBy::parse(name).ok_or(StoreError::Corrupt("channel"));
        return Ok(ConsentSource::Operator {
            who: who.to_owned(),
            channel: channel.map(known).transpose()?,
            proof: item.text("proof")?.to_owned(),
        });
    }
    if let Some(name) = item.find_text("told_by") {
        let told_by = ToldBy::parse(name).ok_or(StoreError::Corrupt("told_by"))?;
        return Ok(ConsentSource::Button { told_by });
    }
    Ok(ConsentSource::Message {
        id: MessageId::new(item.text("message_id")?),
        text: item.text("text")?.to_owned(),
        payload: item.find_text("payload").map(str::to_owned),
        rule: item.text("rule")?.to_owned(),
        signed_by: item.find_text("signed_by").map(AppId::new),
    })
}

pub(crate) fn read_consent(contact: &ContactId, item: &Item) -> Result<ConsentEvent> {
    let topics = || item.set("topics").into_iter().map(TopicId::new).collect();
    let date = |name: &'static str| item.text(name)?.parse().map_err(|_| StoreError::Corrupt(name));
    Ok(ConsentEvent {
        contact: contact.clone(),
        at: item.instant("at")?,
        change: match item.text("change")? {
            "subscribed" => ConsentChange::Subscribed { topics: topics() },
            "topics-chosen" => ConsentChange::TopicsChosen { topics: topics() },
            "unsubscribed" => ConsentChange::Unsubscribed,
            "policy-accepted" => ConsentChange::PolicyAccepted,
            "marketing-stopped" => ConsentChange::MarketingStopped { topics: topics() },
            "marketing-resumed" => ConsentChange::MarketingResumed,
            "outdated" => ConsentChange::Outdated { wanted: item.text("wanted")?.to_owned() },
            _ => return Err(StoreError::Corrupt("change")),
        },
        source: read_source(item)?,
        policy: date("policy")?,
        privacy: date("privacy")?,
    })
}
