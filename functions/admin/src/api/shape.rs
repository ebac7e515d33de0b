// SPDX-License-Identifier: EUPL-1.2
//! What the API says of things: the JSON of answers, built in one place.

use std::collections::BTreeMap;

use domain::broadcast::{Audience, Priority as Urgency};
use domain::channel;
use domain::contact::Subscription;
use domain::cost::{self, Priced, Spent, TenThousandths};
use domain::delivery;
use domain::desk;
use domain::export;
use domain::ids::FileId;
use domain::line::{self, SendBy};
use domain::message::{Place, ProfileName};
use domain::phone::Phone;
use domain::proof::Standing;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Direction;
use utoipa::ToSchema;
use utoipa::openapi::Object;
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// RFC 3339 with the offset of Rome: `2026-11-27T09:30:00+01:00`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-11-27T09:30:00+01:00")]
pub(crate) struct Time(String);

pub(crate) fn time(at: Timestamp) -> Time {
    Time(domain::hours::rfc3339(at))
}

/// The schema of a text that is one of these.
pub(crate) fn names<const N: usize>(names: [&'static str; N]) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).build()
}

/// A page of a list. `next_cursor` is null on the last one.
#[derive(Serialize, ToSchema)]
pub(crate) struct Page<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

pub(crate) fn page<T>(items: impl IntoIterator<Item = T>, next_cursor: Option<String>) -> Page<T> {
    Page { items: items.into_iter().collect(), next_cursor }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Category {
    Utility,
    Marketing,
}

impl From<line::Category> for Category {
    fn from(it: line::Category) -> Self {
        match it {
            line::Category::Utility => Self::Utility,
            line::Category::Marketing => Self::Marketing,
        }
    }
}

/// A line in the list of lines.
#[derive(Serialize, ToSchema)]
pub(crate) struct LineSummary {
    #[schema(example = "pordenone")]
    id: String,
    #[schema(example = "Comune di Pordenone")]
    comune: String,
    service: String,
}

pub(crate) fn line_summary(it: &line::Line) -> LineSummary {
    LineSummary {
        id: it.id.as_str().to_owned(),
        comune: it.comune.name.clone(),
        service: it.service.clone(),
    }
}

/// The settings of a line that may be public.
#[derive(Serialize, ToSchema)]
pub(crate) struct Line {
    id: String,
    comune: Comune,
    service: String,
    display_number: String,
    /// The words that subscribe.
    opt_in: Vec<String>,
    /// The words that unsubscribe.
    opt_out: Vec<String>,
    chat_needs_subscription: bool,
    double_opt_in: bool,
    address: Address,
    policy: Published,
    privacy: Published,
    /// How many are subscribed.
    subscribers: i64,
    topics: Vec<Topic>,
    templates: Vec<Template>,
}

#[derive(Serialize, ToSchema)]
struct Comune {
    name: String,
    /// Code in the index of public administrations.
    ipa_code: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Address {
    Tu,
    Lei,
}

/// A public document: since when it holds, and where it is.
#[derive(Serialize, ToSchema)]
struct Published {
    #[schema(format = Date)]
    date: String,
    url: String,
}

#[derive(Serialize, ToSchema)]
struct Topic {
    id: String,
    name: String,
    description: Option<String>,
    category: Category,
    on_by_default: bool,
    send: Send,
    /// The topic of which this one is a zone.
    zone_of: Option<String>,
    subscribers: i64,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Send {
    Paid,
    Channel,
}

/// A file on top of a template's message, in place of words.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HeaderFormat {
    Image,
    Video,
    Document,
}

impl From<line::HeaderFormat> for HeaderFormat {
    fn from(it: line::HeaderFormat) -> Self {
        match it {
            line::HeaderFormat::Image => Self::Image,
            line::HeaderFormat::Video => Self::Video,
            line::HeaderFormat::Document => Self::Document,
        }
    }
}

impl From<HeaderFormat> for line::HeaderFormat {
    fn from(it: HeaderFormat) -> Self {
        match it {
            HeaderFormat::Image => Self::Image,
            HeaderFormat::Video => Self::Video,
            HeaderFormat::Document => Self::Document,
        }
    }
}

/// A template as Meta has it.
#[derive(Serialize, ToSchema)]
struct Template {
    name: String,
    language: String,
    category: Category,
    topic: Option<String>,
    header: Option<String>,
    /// The kind of file that each broadcast must bring.
    header_media: Option<HeaderFormat>,
    body: String,
    footer: Option<String>,
    quick_reply: Option<String>,
    /// Names of what a broadcast fills in.
    parameters: Vec<String>,
}

/// `followers` are in the order of the topics.
pub(crate) fn line(line: &line::Line, subscribers: i64, followers: &[i64]) -> Line {
    let topics = line.topics.iter().zip(followers).map(|(it, followers)| Topic {
        id: it.id.as_str().to_owned(),
        name: it.name.clone(),
        description: it.description.clone(),
        category: it.category.into(),
        on_by_default: it.on_by_default,
        send: match it.send {
            SendBy::Paid => Send::Paid,
            SendBy::Channel => Send::Channel,
        },
        zone_of: it.zone_of.as_ref().map(|it| it.as_str().to_owned()),
        subscribers: *followers,
    });
    let templates = line.templates_for_meta().into_iter().map(|it| Template {
        name: it.name,
        language: it.language,
        category: it.category.into(),
        topic: it.topic.map(|it| it.as_str().to_owned()),
        header: it.header,
        header_media: it.header_media.map(HeaderFormat::from),
        body: it.body,
        footer: it.footer,
        quick_reply: it.quick_reply,
        parameters: it.parameters,
    });
    let published =
        |it: &line::Published| Published { date: it.date.to_string(), url: it.url.clone() };
    Line {
        id: line.id.as_str().to_owned(),
        comune: Comune { name: line.comune.name.clone(), ipa_code: line.comune.ipa_code.clone() },
        service: line.service.clone(),
        display_number: line.display_number.clone(),
        opt_in: line.opt_in.clone(),
        opt_out: line.opt_out.clone(),
        chat_needs_subscription: line.chat_needs_subscription,
        double_opt_in: line.double_opt_in,
        address: match line.address {
            line::Address::Tu => Address::Tu,
            line::Address::Lei => Address::Lei,
        },
        policy: published(&line.policy),
        privacy: published(&line.privacy),
        subscribers,
        topics: topics.collect(),
        templates: templates.collect(),
    }
}

/// A message of the office to many people.
#[derive(Serialize, ToSchema)]
pub(crate) struct Broadcast {
    #[schema(example = "019ab3c2f0e47d0f8a1c5e7b9d2f4a6c")]
    id: String,
    title: String,
    audience: ToWhom,
    message: Message,
    /// The same news for the comune's WhatsApp Channel or website.
    channel_text: Option<String>,
    /// The same news to be posted beside the messages, on the Channel or the website.
    texts: Option<Texts>,
    priority: Priority,
    drill: bool,
    free_form_in_window: bool,
    /// Who was reached by another broadcast within so many hours is left out.
    exclude_recent_hours: Option<u16>,
    /// Who wrote it last: a person of the office or a key.
    author: Option<String>,
    approved_by: Option<String>,
    /// That it went without the second person, and why.
    bypass: Option<Bypass>,
    /// Sent to the office's own phones to try it; in no other count.
    tests: Tests,
    #[schema(example = "draft")]
    state: &'static str,
    counts: Counts,
    /// When the counts were taken; as long as it is under way, now.
    counted_at: Option<Time>,
    created_at: Time,
    scheduled_for: Option<Time>,
    expires_at: Option<Time>,
    started_at: Option<Time>,
    finished_at: Option<Time>,
    /// About how long it still takes.
    eta_seconds: Option<i64>,
    /// Why it waits, was stopped or could not be sent.
    reason: Option<String>,
    cost: Cost,
}

/// For where a person posts it.
#[derive(Serialize, ToSchema)]
struct Texts {
    channel: String,
    website: Website,
}

#[derive(Serialize, ToSchema)]
struct Website {
    title: String,
    text: String,
}

#[derive(Serialize, ToSchema)]
struct Bypass {
    by: Option<String>,
    reason: String,
    at: Time,
}

#[derive(Serialize, ToSchema)]
struct Tests {
    messages: i64,
    /// At most.
    cost_eur: Eur,
}

/// One of the three.
#[derive(Serialize, ToSchema)]
pub(crate) struct ToWhom {
    /// Everybody who is subscribed.
    #[serde(skip_serializing_if = "Option::is_none")]
    all: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topics: Option<Vec<String>>,
    /// The broadcast whose people are reached again.
    #[serde(skip_serializing_if = "Option::is_none")]
    reached_by: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Message {
    template: FilledTemplate,
}

#[derive(Serialize, ToSchema)]
struct FilledTemplate {
    name: String,
    language: String,
    parameters: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<HeaderMedia>,
}

#[derive(Serialize, ToSchema)]
struct HeaderMedia {
    media_id: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Priority {
    Normal,
    Emergency,
}

pub(crate) fn broadcast(
    it: &domain::broadcast::Broadcast,
    line: &line::Line,
    now: Timestamp,
) -> Broadcast {
    let nobody = ToWhom { all: None, topics: None, reached_by: None };
    let audience = match &it.audience {
        Audience::All => ToWhom { all: Some(true), ..nobody },
        Audience::Topics(topics) => {
            let topics = topics.iter().map(|it| it.as_str().to_owned()).collect();
            ToWhom { topics: Some(topics), ..nobody }
        }
        Audience::ReachedBy(alert) => {
            ToWhom { reached_by: Some(alert.as_str().to_owned()), ..nobody }
        }
    };
    let header = it.message.header_media_id.clone();
    let template = FilledTemplate {
        name: it.message.name.clone(),
        language: it.message.language.clone(),
        parameters: it.message.parameters.clone(),
        header: header.map(|media_id| HeaderMedia { media_id }),
    };
    let counted_at = if domain::broadcast::is_over(it.state) { it.counted_at } else { Some(now) };
    Broadcast {
        id: it.id.as_str().to_owned(),
        title: it.title.clone(),
        audience,
        message: Message { template },
        channel_text: channel::text(it, line),
        texts: channel::texts(it, line).map(|it| Texts {
            channel: it.channel,
            website: Website { title: it.page_title, text: it.page_text },
        }),
        exclude_recent_hours: it.exclude_recent_hours,
        author: it.authorship.author.clone(),
        approved_by: it.authorship.approved_by.clone(),
        bypass: it.authorship.bypass.as_ref().map(|it| Bypass {
            by: it.by.clone(),
            reason: it.reason.clone(),
            at: time(it.at),
        }),
        tests: Tests { messages: it.tests, cost_eur: trial_cost(it, line, now) },
        priority: match it.priority {
            Urgency::Normal => Priority::Normal,
            Urgency::Emergency => Priority::Emergency,
        },
        drill: it.drill,
        free_form_in_window: it.free_form_in_window,
        state: it.state.name(),
        counts: counts(&it.counts),
        counted_at: counted_at.map(time),
        created_at: time(it.created_at),
        scheduled_for: it.send_at.map(time),
        expires_at: it.expires_at.map(time),
        started_at: it.started_at.map(time),
        finished_at: it.finished_at.map(time),
        eta_seconds: domain::broadcast::eta_seconds(it, line.bulk_rate(), now),
        reason: it.reason.clone(),
        cost: cost(it, line),
    }
}

fn trial_cost(it: &domain::broadcast::Broadcast, line: &line::Line, now: Timestamp) -> Eur {
    let template = line.template(&it.message.name, &it.message.language);
    eur(template.map_or(0, |template| cost::at_most(template.category, it.tests, now)))
}

/// What a broadcast costs if it arrives at everybody, at Italian rates, once it is known to how
/// many it goes; beside it what was billed.
#[derive(Serialize, ToSchema)]
pub(crate) struct Cost {
    estimated_eur: Option<Eur>,
    actual_eur: Eur,
    by_category: BTreeMap<String, Billed>,
}

/// Euro to four decimals, exact.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(value_type = f64, example = 0.0248)]
pub(crate) struct Eur(f64);

/// Messages of one category, and what they cost.
#[derive(Serialize, ToSchema)]
pub(crate) struct Billed {
    messages: i64,
    eur: Eur,
}

pub(crate) fn cost(it: &domain::broadcast::Broadcast, line: &line::Line) -> Cost {
    let template = line.template(&it.message.name, &it.message.language);
    let people = it.counts.audience - it.counts.skipped - it.counts.cancelled;
    let estimated = template
        .zip(it.started_at)
        .map(|(template, at)| cost::at_most(template.category, people, at));
    Cost {
        estimated_eur: estimated.map(eur),
        actual_eur: eur(it.spent.total().cost),
        by_category: by_category(&it.spent),
    }
}

pub(crate) fn eur(amount: TenThousandths) -> Eur {
    #[expect(clippy::cast_precision_loss, reason = "exact up to hundreds of millions of euro")]
    let euro = amount as f64 / 10_000.0;
    Eur(euro)
}

/// `{"utility":{"messages":12,"eur":0.2976},"free_service":{"messages":3,"eur":0.0}}`
pub(crate) fn by_category(spent: &Spent) -> BTreeMap<String, Billed> {
    let kind = |(priced, it): (Priced, cost::Tally)| {
        (priced.name().to_owned(), Billed { messages: it.messages, eur: eur(it.cost) })
    };
    spent.kinds().map(kind).collect()
}

/// `audience = pending + skipped + cancelled + failed + unresolved + accepted`; within accepted,
/// sent, delivered and read each hold the next.
#[derive(Serialize, ToSchema)]
pub(crate) struct Counts {
    audience: i64,
    pending: i64,
    skipped: i64,
    cancelled: i64,
    failed: i64,
    unresolved: i64,
    accepted: i64,
    sent: i64,
    delivered: i64,
    read: i64,
}

pub(crate) fn counts(it: &delivery::Counts) -> Counts {
    Counts {
        audience: it.audience,
        pending: it.pending(),
        skipped: it.skipped,
        cancelled: it.cancelled,
        failed: it.failed,
        unresolved: it.unresolved,
        accepted: it.accepted,
        sent: it.sent,
        delivered: it.delivered,
        read: it.read,
    }
}

/// One broadcast to one person.
#[derive(Serialize, ToSchema)]
pub(crate) struct Delivery {
    contact: String,
    /// Masked; null once the person was erased.
    #[schema(example = "+39 333 *** 0001")]
    number: Option<String>,
    state: &'static str,
    at: Time,
    /// Meta's error code.
    code: Option<i64>,
    /// Why it did not arrive, in plain Italian.
    reason: Option<String>,
}

/// `contact` is `None` once they were erased.
pub(crate) fn delivery(
    it: &store::Delivery,
    contact: Option<&domain::contact::Contact>,
) -> Delivery {
    Delivery {
        contact: it.contact.as_str().to_owned(),
        number: contact.and_then(|it| it.phone.as_ref()).map(Phone::masked),
        state: it.state.name(),
        at: time(it.at),
        code: it.code,
        reason: delivery::reason(it.state, it.skipped, it.code),
    }
}

/// A person on WhatsApp, number masked.
#[derive(Serialize, ToSchema)]
pub(crate) struct Contact {
    id: String,
    #[schema(example = "+39 333 *** 0001")]
    number: Option<String>,
    /// The one its owner chose on WhatsApp.
    name: Option<String>,
    subscription: Subscribed,
    since: Option<Time>,
    /// Whether the subscription comes from a declared list, and the person has not said so yet.
    unproven: bool,
    topics: Vec<String>,
    blocked: bool,
    last_message_at: Option<Time>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Subscribed {
    Never,
    Active,
    Ended,
}

pub(crate) fn contact(it: &domain::contact::Contact) -> Contact {
    let (subscription, since) = match &it.subscription {
        Subscription::Never => (Subscribed::Never, None),
        Subscription::Active { since, .. } => (Subscribed::Active, Some(*since)),
        Subscription::Ended { at } => (Subscribed::Ended, Some(*at)),
    };
    Contact {
        id: it.id.as_str().to_owned(),
        number: it.phone.as_ref().map(Phone::masked),
        name: it.name.as_ref().map(|it| it.expose().to_owned()),
        subscription,
        since: since.map(time),
        unproven: it.unproven && it.is_subscribed(),
        topics: it.topics().iter().map(|it| it.as_str().to_owned()).collect(),
        blocked: it.blocked.is_some(),
        last_message_at: it.last_inbound_at.map(time),
    }
}

/// A person's proof of consent.
#[derive(Serialize, ToSchema)]
pub(crate) struct Proof {
    line: String,
    contact: Contact,
    made_at: Time,
    ledger: Ledger,
    /// Each as in an export, with `seal`: null for what is not in the ledger yet; in it, `matches`
    /// says whether event and ledger agree.
    #[schema(value_type = Vec<Object>)]
    events: Vec<Value>,
}

/// Where the ledger of consent ends.
#[derive(Serialize, ToSchema)]
struct Ledger {
    entries: u64,
    head: String,
}

#[derive(Serialize)]
struct Seal {
    number: u64,
    matches: bool,
    #[serde(flatten)]
    entry: Option<SealedEntry>,
}

#[derive(Serialize)]
struct SealedEntry {
    sealed_at: Time,
    commitment: String,
    person: String,
    previous: String,
    hash: String,
}

pub(crate) fn proof(it: &domain::proof::Proof<'_>) -> Proof {
    let events = it.events.iter().map(|(event, stands)| {
        let seal = match stands {
            Standing::Waiting => None,
            Standing::Broken { number } => {
                Some(Seal { number: *number, matches: false, entry: None })
            }
            Standing::Sealed(entry) => Some(Seal {
                number: entry.number,
                matches: true,
                entry: Some(SealedEntry {
                    sealed_at: time(entry.sealed_at),
                    commitment: entry.commitment.to_string(),
                    person: entry.person.clone(),
                    previous: entry.previous.to_string(),
                    hash: entry.hash.to_string(),
                }),
            }),
        };
        let mut value = export::consent(event);
        value["seal"] = serde_json::to_value(seal).unwrap_or_default();
        value
    });
    Proof {
        line: it.line.id.as_str().to_owned(),
        contact: contact(it.contact),
        made_at: time(it.made_at),
        ledger: Ledger { entries: it.head.number, head: it.head.hash.to_string() },
        events: events.collect(),
    }
}

/// A person's conversation with the desk.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is shown for itself")]
pub(crate) struct Conversation {
    contact: String,
    #[schema(example = "+39 333 *** 0001")]
    number: Option<String>,
    name: Option<String>,
    subscribed: bool,
    /// `open` waits for us, `waiting` for the citizen.
    #[schema(example = "open")]
    state: String,
    unread: i64,
    urgent: bool,
    last_at: Time,
    /// Since when it has waited for us, while it is open.
    opened_at: Option<Time>,
    /// By when an answer is due, in the office's own hours.
    due_at: Option<Time>,
    overdue: bool,
    assigned_to: Option<String>,
    /// What it is about, in the desk's own word.
    topic: Option<String>,
    /// Whether a free answer is possible now.
    window_open: bool,
    /// Until when a free answer is, or was, possible.
    window_ends_at: Option<Time>,
    /// That the window ends while nobody is at the desk, in plain Italian.
    warning: Option<String>,
}

pub(crate) fn conversation(
    it: &store::Conversation,
    contact: Option<&domain::contact::Contact>,
    line: &line::Line,
    now: Timestamp,
) -> Conversation {
    let due_at = it.opened_at.and_then(|at| desk::due_at(at, line));
    let ends_at = contact.and_then(desk::window_ends_at);
    let waits = it.state == "open";
    Conversation {
        contact: it.contact.as_str().to_owned(),
        number: contact.and_then(|it| it.phone.as_ref()).map(Phone::masked),
        name: contact.and_then(|it| it.name.as_ref()).map(|it| ProfileName::expose(it).to_owned()),
        subscribed: contact.is_some_and(domain::contact::Contact::is_subscribed),
        state: it.state.clone(),
        unread: it.unread,
        urgent: it.urgent,
        last_at: time(it.last_at),
        opened_at: it.opened_at.map(time),
        due_at: due_at.map(time),
        overdue: due_at.is_some_and(|it| it < now),
        assigned_to: it.assigned_to.clone(),
        topic: it.topic.clone(),
        window_open: contact.is_some_and(|it| domain::conversation::window_is_open(it, now)),
        window_ends_at: ends_at.map(time),
        warning: ends_at.filter(|_| waits).and_then(|it| desk::window_warning(it, line, now)),
    }
}

/// One message of a conversation.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChatMessage {
    id: String,
    direction: Side,
    at: Time,
    /// Meta's type of it.
    #[schema(example = "text")]
    kind: String,
    text: String,
    /// What its buttons say.
    buttons: Vec<String>,
    media: Option<Media>,
    /// A place on the map.
    location: Option<Location>,
    /// Where an answer stands; null for what came in. `draft` waits for the citizen to ask for it.
    state: Option<&'static str>,
    /// Who at the desk wrote it.
    operator: Option<String>,
    /// Of a message whose words the office deleted.
    deleted: Option<Deleted>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DeletedWords)]
struct Deleted {
    at: Time,
    /// The rule that was cited, in the policy's words.
    rule: String,
}

#[derive(Serialize, ToSchema)]
struct Location {
    latitude: f64,
    longitude: f64,
    name: String,
    address: Option<String>,
}

impl From<&Place> for Location {
    fn from(it: &Place) -> Self {
        let (name, address) = (it.name.clone(), it.address.clone());
        Self { latitude: it.latitude, longitude: it.longitude, name, address }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Side {
    In,
    Out,
}

#[derive(Serialize, ToSchema)]
struct Media {
    /// To open it: `GET /media/{id}`. Null of what is not kept, such as a copy of one's data.
    id: Option<String>,
    kind: String,
    mime_type: Option<String>,
    file_name: Option<String>,
}

pub(crate) fn message(it: &store::Entry) -> ChatMessage {
    let id = |file: &Option<FileId>| file.as_ref().map(|it| it.as_str().to_owned());
    let came = it.media.as_ref().map(|it| Media {
        id: id(&it.file),
        kind: it.kind.clone(),
        mime_type: it.mime_type.clone(),
        file_name: it.file_name.clone(),
    });
    let went = it.document.as_ref().map(|sent| Media {
        id: id(&sent.file),
        kind: it.kind.clone(),
        mime_type: None,
        file_name: Some(sent.file_name.clone()),
    });
    ChatMessage {
        id: it.row.clone(),
        direction: match it.direction {
            Direction::In => Side::In,
            Direction::Out => Side::Out,
        },
        at: time(it.at),
        kind: it.kind.clone(),
        text: it.text.clone(),
        buttons: it.buttons.iter().map(|it| it.title.clone()).collect(),
        media: came.or(went),
        location: it.place.as_ref().map(Location::from),
        state: it.state.map(delivery::State::name).or(it.draft.then_some("draft")),
        operator: it.operator.clone(),
        deleted: it
            .deleted
            .as_ref()
            .map(|(at, rule)| Deleted { at: time(*at), rule: rule.clone() }),
    }
}
