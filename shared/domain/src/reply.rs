// SPDX-License-Identifier: EUPL-1.2
//! Every text a citizen can receive in answer, in one place.
//!
//! A line may reword any of them by name ([`Line::texts`]). Texts hold placeholders for the
//! line's own words, `{cancellazione}`, `{orari}`; a row whose placeholder has no value for the
//! line is left out. The five texts a foreigner needs are there in other languages, too.

mod appointments;
mod defaults;
mod placeholders;
mod translations;

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::appointment::Said;
use crate::erasure::{Certificate, Erased, how_to_verify};
use crate::export::Form;
use crate::hours::{ROME, and, date_words, dated_moment_words, opening_words};
use crate::ids::TopicId;
use crate::line::{Address, BODY_LIMIT, Line, Topic};
use crate::message::{Button, Outgoing, Row};
use crate::moderation;
use crate::news::{self, Notice};
use crate::reading::Language;
use crate::rights::{RequestNumber, Right};

pub(crate) use appointments::slot_words;
pub(crate) use placeholders::{LINE_PLACEHOLDERS, Piece, line_value, pieces, shorten};
pub use placeholders::{MY_DATA_WORD, RIGHTS, TOPICS_WORD, length};

/// Most characters of a free-form text. Source: Cloud API, text messages.
pub const TEXT_LIMIT: usize = 4_096;
/// Most characters above reply buttons. Source: Cloud API, interactive reply buttons messages.
pub const BUTTONS_BODY_LIMIT: usize = 1_024;
/// Most characters under a file. Source: Cloud API, document messages.
pub const CAPTION_LIMIT: usize = 1_024;
/// Most characters on a reply button.
pub const BUTTON_TITLE_LIMIT: usize = 20;
/// Most rows of a list. Source: Cloud API, interactive list messages.
pub const LIST_ROWS_LIMIT: usize = 10;
/// Most characters of a row's title.
pub const ROW_TITLE_LIMIT: usize = 24;
/// How much of a citizen's own words is quoted back to them.
const QUOTE_LIMIT: usize = 60;

/// Payloads of the buttons under [`Reply::Ask`], as they come back in a tap.
pub const PAYLOAD_SUBSCRIBE: &str = "subscribe";
pub const PAYLOAD_UNSUBSCRIBE: &str = "unsubscribe";
pub const PAYLOAD_QUESTION: &str = "question";
/// Payloads of the rows under [`Reply::Topics`]: these, and a topic's id.
pub const PAYLOAD_ADD: &str = "add:";
pub const PAYLOAD_REMOVE: &str = "remove:";
/// Payloads of the buttons under [`Reply::MyData`].
pub const PAYLOAD_COPY: &str = "data-copy";
pub const PAYLOAD_ERASE: &str = "data-erase";
/// Payloads of the buttons under [`Reply::EraseAsk`].
pub const PAYLOAD_ERASE_YES: &str = "erase-yes";
pub const PAYLOAD_ERASE_NO: &str = "erase-no";
/// Payload of the button under [`Reply::Blocked`].
pub const PAYLOAD_REVIEW: &str = "review";
/// What may be written instead of pressing it, as it is read.
pub const REVIEW_WORD: &str = "riesame";
/// Payload of the button under [`Reply::Confirm`].
pub const PAYLOAD_CONFIRM: &str = "confirm";
/// What may be written instead of pressing it, as it is read.
pub const CONFIRM_WORD: &str = "confermo";

#[derive(Clone, PartialEq, Eq)]
pub enum Reply {
    /// Subscribed now, to these topics.
    Welcome {
        topics: BTreeSet<TopicId>,
    },
    /// Wants these topics, and is asked once more where the line asks twice.
    Confirm {
        topics: BTreeSet<TopicId>,
    },
    AlreadySubscribed {
        topics: BTreeSet<TopicId>,
    },
    /// The last automatic message.
    Goodbye,
    /// Wanted to leave, was not in.
    NotSubscribed,
    Help,
    /// What there is to choose; `chosen` is empty for somebody not subscribed.
    Topics {
        chosen: BTreeSet<TopicId>,
    },
    TopicsSaved {
        topics: BTreeSet<TopicId>,
    },
    /// To a question from somebody not subscribed, where a chat needs a subscription.
    Invitation,
    /// The one question, with three buttons. `text` is what the citizen wrote.
    Ask {
        text: String,
    },
    /// How data are used and what may be asked, with a button each for a copy and for erasure.
    MyData,
    /// The copy of what is held, in two files; `held` says what that is.
    DataCopy {
        held: String,
    },
    /// A right that the office answers by the day `due`. `stopped` if the subscription ended by it.
    RequestTaken {
        right: Right,
        number: RequestNumber,
        due: Date,
        stopped: bool,
    },
    /// Whether everything should really go.
    EraseAsk,
    /// They thought better of it.
    EraseKept,
    /// Everything is gone. The last message.
    Erased {
        certificate: Certificate,
    },
    Emergency,
    /// The latest notices, newest first; there may be none.
    News {
        notices: Vec<Notice>,
    },
    /// Nobody is subscribed by somebody else.
    ThirdParty,
    /// To a call.
    NoCalls,
    /// The desk is closed; `None` where no opening is in sight.
    Closed {
        next_opening: Option<Timestamp>,
    },
    /// The office does not answer them until then, by this rule.
    Blocked {
        rule: String,
        until: Timestamp,
        news: moderation::News,
    },
    /// A person will look at their block again.
    ReviewTaken,
    /// `kind` is Meta's type: `audio`, `video` …
    MediaNotAccepted {
        kind: String,
    },
    Appointment(Said),
}

// Written by hand because a text is personal data.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({})", self.name())
    }
}

/// Words one reply for one line, in Italian. Always within WhatsApp's limits.
pub fn render(reply: &Reply, line: &Line, now: Timestamp) -> Outgoing {
    render_in(Language::Italian, reply, line, now)
}

/// The same in the language a message was read in, where there are words for it: welcome, goodbye,
/// help, ask, my data. A line's own texts are Italian, and so is every other reply.
pub fn render_in(language: Language, reply: &Reply, line: &Line, now: Timestamp) -> Outgoing {
    let text = |name: &str| filled(name, language, reply, line, now);
    let body = text(reply.name());
    if let Reply::Topics { chosen } = reply
        && let Some(rows) = topic_rows(chosen, line)
    {
        let button = placeholders::shorten(&text("topics_button"), BUTTON_TITLE_LIMIT);
        return Outgoing::List { body: placeholders::shorten(&body, TEXT_LIMIT), button, rows };
    }
    if let Reply::Appointment(said) = reply {
        return appointments::outgoing(said, &body, line);
    }
    let button = |payload: &str, name: &str| Button {
        payload: payload_in(language, payload),
        title: placeholders::shorten(&text(name), BUTTON_TITLE_LIMIT),
    };
    let buttons = match reply {
        Reply::Ask { .. } => vec![
            button(PAYLOAD_SUBSCRIBE, "ask_subscribe"),
            button(PAYLOAD_UNSUBSCRIBE, "ask_unsubscribe"),
            button(PAYLOAD_QUESTION, "ask_question"),
        ],
        // It is asked in Italian only.
        Reply::Confirm { .. } => vec![Button {
            payload: PAYLOAD_CONFIRM.to_owned(),
            ..button(PAYLOAD_CONFIRM, "confirm_button")
        }],
        Reply::Blocked { .. } => vec![Button {
            payload: PAYLOAD_REVIEW.to_owned(),
            ..button(PAYLOAD_REVIEW, "blocked_button")
        }],
        Reply::EraseAsk => {
            vec![button(PAYLOAD_ERASE_YES, "erase_yes"), button(PAYLOAD_ERASE_NO, "erase_no")]
        }
        Reply::MyData => {
            let offered = [
                (Right::Access, PAYLOAD_COPY, "my_data_copy"),
                (Right::Erasure, PAYLOAD_ERASE, "my_data_erase"),
            ];
            let granted = offered.into_iter().filter(|it| it.0.is_granted_by(line));
            granted.map(|(_, payload, name)| button(payload, name)).collect()
        }
        _ => Vec::new(),
    };
    if buttons.is_empty() {
        return Outgoing::Text(placeholders::shorten(&body, TEXT_LIMIT));
    }
    Outgoing::Buttons { body: placeholders::shorten(&body, BUTTONS_BODY_LIMIT), buttons }
}

/// One message of an answer, as it is written down before it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Message(Outgoing),
    /// A file of what is held of the person. It is made when it is sent: written down, it would be
    /// held once more.
    Copy {
        form: Form,
        caption: String,
    },
}

/// The messages of one reply: one, but for the copy of somebody's data.
pub fn parts(language: Language, reply: &Reply, line: &Line, now: Timestamp) -> Vec<Part> {
    let Reply::DataCopy { .. } = reply else {
        return vec![Part::Message(render_in(language, reply, line, now))];
    };
    let caption = |name: &str| {
        let words = filled(name, language, reply, line, now);
        placeholders::shorten(&words, CAPTION_LIMIT)
    };
    vec![
        Part::Copy { form: Form::Page, caption: caption("data_copy") },
        Part::Copy { form: Form::Data, caption: caption("data_copy_json") },
    ]
}

/// `subscribe`, `subscribe:ro`: so that a tap is answered in the language of its button.
fn payload_in(language: Language, payload: &str) -> String {
    match language {
        Language::Italian => payload.to_owned(),
        other => format!("{payload}:{}", other.code()),
    }
}

/// The buttons under [`Reply::Ask`] in every language it can be asked in, Italian first.
pub(crate) fn question_buttons(line: &Line, now: Timestamp) -> Vec<(Language, Vec<Button>)> {
    let reply = Reply::Ask { text: String::new() };
    let buttons = |language| match render_in(language, &reply, line, now) {
        Outgoing::Buttons { buttons, .. } => buttons,
        _ => Vec::new(),
    };
    Language::ALL.into_iter().map(|it| (it, buttons(it))).collect()
}

/// Titles of the buttons under [`Reply::EraseAsk`], yes and no, in every language.
pub(crate) fn erasure_buttons(line: &Line, now: Timestamp) -> Vec<Vec<String>> {
    let titles = |language| match render_in(language, &Reply::EraseAsk, line, now) {
        Outgoing::Buttons { buttons, .. } => buttons.into_iter().map(|it| it.title).collect(),
        _ => Vec::new(),
    };
    Language::ALL.into_iter().map(titles).collect()
}

impl Reply {
    /// The name of its text, as in `[texts]` of a line file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Welcome { .. } => "welcome",
            Self::Confirm { .. } => "confirm",
            Self::AlreadySubscribed { .. } => "already",
            Self::Goodbye => "goodbye",
            Self::NotSubscribed => "not_subscribed",
            Self::Help => "help",
            Self::Topics { chosen } if chosen.is_empty() => "topics_none",
            Self::Topics { .. } => "topics",
            Self::TopicsSaved { .. } => "topics_saved",
            Self::Invitation => "invitation",
            Self::Ask { .. } => "ask",
            Self::MyData => "my_data",
            Self::DataCopy { .. } => "data_copy",
            Self::RequestTaken { .. } => "request_taken",
            Self::EraseAsk => "erase_ask",
            Self::EraseKept => "erase_kept",
            Self::Erased { .. } => "erased",
            Self::Emergency => "emergency",
            Self::News { notices } if notices.is_empty() => "news_none",
            Self::News { .. } => "news",
            Self::ThirdParty => "third_party",
            Self::NoCalls => "no_calls",
            Self::Closed { next_opening: Some(_) } => "closed",
            Self::Closed { next_opening: None } => "closed_without_date",
            Self::Blocked { .. } => "blocked",
            Self::ReviewTaken => "review_taken",
            Self::MediaNotAccepted { .. } => "media",
            Self::Appointment(said) => appointments::name(said),
        }
    }

    /// One of each, as long as it can get for a line: what previews and checks go through.
    pub fn samples(line: &Line, now: Timestamp) -> Vec<Self> {
        let topics: BTreeSet<TopicId> = line.topics.iter().map(|it| it.id.clone()).collect();
        let appointments = line.services.iter().flat_map(|it| appointments::samples(it, now));
        let longest = Notice { on: ROME.to_datetime(now).date(), text: "x".repeat(BODY_LIMIT) };
        let others = vec![
            Self::Welcome { topics: topics.clone() },
            Self::Confirm { topics: topics.clone() },
            Self::AlreadySubscribed { topics: topics.clone() },
            Self::Goodbye,
            Self::NotSubscribed,
            Self::Help,
            Self::Topics { chosen: topics.clone() },
            Self::Topics { chosen: BTreeSet::new() },
            Self::TopicsSaved { topics },
            Self::Invitation,
            Self::Ask {
                text: "Vorrei sapere una cosa sul servizio, ma non so bene come dirla".into(),
            },
            Self::MyData,
            Self::DataCopy { held: "x".repeat(HELD_LIMIT) },
            Self::RequestTaken {
                right: Right::Recipients,
                number: RequestNumber::new("261126-094203-7F3A"),
                due: ROME.to_datetime(now).date(),
                stopped: true,
            },
            Self::EraseAsk,
            Self::EraseKept,
            Self::Erased { certificate: longest_certificate(line, now) },
            Self::Emergency,
            Self::News { notices: vec![longest; news::MOST] },
            Self::News { notices: Vec::new() },
            Self::ThirdParty,
            Self::NoCalls,
            Self::Closed { next_opening: Some(now) },
            Self::Closed { next_opening: None },
            Self::Blocked { rule: longest_rule(line), until: now, news: moderation::News::Ended },
            Self::ReviewTaken,
            Self::MediaNotAccepted { kind: "audio".into() },
        ];
        others.into_iter().chain(appointments.map(Self::Appointment)).collect()
    }
}

/// The longest list of what is held that is still said in full.
const HELD_LIMIT: usize = 400;

fn longest_rule(line: &Line) -> String {
    let words = line.moderation.rules.iter().map(|it| it.words.clone());
    words.max_by_key(|it| length(it)).unwrap_or_else(|| "linguaggio offensivo".to_owned())
}

fn longest_certificate(line: &Line, now: Timestamp) -> Certificate {
    let erased = Erased { identifiers: 2, consents: 1_000, messages: 100_000 };
    Certificate::new(RequestNumber::new("261126-094203-7F3A"), erased, line, now)
}

/// A text of the line, with the values of this reply put in.
fn filled(name: &str, language: Language, reply: &Reply, line: &Line, now: Timestamp) -> String {
    let value = |it: &str| own_value(it, reply, line, now).or_else(|| line_value(it, line));
    if let Some(words) = translations::text(name, line, language) {
        let rights = || translations::rights(line, language).filter(|it| !it.is_empty());
        return placeholders::fill(&words, |it| match it {
            "diritti" => rights(),
            other => value(other),
        });
    }
    let words = line.texts.get(name).map_or_else(|| defaults::text(name, line), String::as_str);
    placeholders::fill(words, value)
}

/// The value of a placeholder that only this reply has.
fn own_value(name: &str, reply: &Reply, line: &Line, now: Timestamp) -> Option<String> {
    match (name, reply) {
        (
            "argomenti",
            Reply::Welcome { topics }
            | Reply::Confirm { topics }
            | Reply::AlreadySubscribed { topics }
            | Reply::TopicsSaved { topics }
            | Reply::Topics { chosen: topics },
        ) => Some(topic_names(topics, line)),
        ("avvisi", Reply::News { notices }) => Some(news::listed(notices, now)),
        ("testo", Reply::Ask { text }) => Some(quote(text)),
        ("dati", Reply::DataCopy { held }) => Some(placeholders::shorten(held, HELD_LIMIT)),
        ("diritto", Reply::RequestTaken { right, .. }) => Some(right.words().to_owned()),
        ("richiesta", Reply::RequestTaken { number, .. }) => Some(number.as_str().to_owned()),
        ("scadenza", Reply::RequestTaken { due, .. }) => Some(date_words(*due)),
        ("effetto", Reply::RequestTaken { stopped: true, .. }) => Some(stopped_words(line)),
        ("richiesta", Reply::Erased { certificate }) => {
            Some(certificate.number.as_str().to_owned())
        }
        ("quando", Reply::Erased { certificate }) => Some(dated_moment_words(certificate.at)),
        ("cancellato", Reply::Erased { certificate }) => Some(certificate.erased.words()),
        ("resta", Reply::Erased { certificate }) => {
            let rows = certificate.kept.iter().flat_map(|it| ["\n- ".to_owned(), it.words()]);
            Some(rows.collect())
        }
        ("verifica", Reply::Erased { .. }) => Some(how_to_verify(line)),
        ("prossima_apertura", Reply::Closed { next_opening: Some(at) }) => {
            Some(opening_words(*at, now))
        }
        ("regola", Reply::Blocked { rule, .. }) => Some(rule.clone()),
        ("fine_blocco", Reply::Blocked { until, .. }) => Some(dated_moment_words(*until)),
        ("effetto", Reply::Blocked { news, .. }) => blocked_words(*news, line),
        (name, Reply::Appointment(said)) => appointments::value(name, said, line, now),
        ("tipo", Reply::MediaNotAccepted { kind }) => Some(media_words(kind).to_owned()),
        _ => None,
    }
}

/// The line's topics to tap: each adds itself or goes. `None` for who has none yet, where there is
/// nothing to choose, or more than a list holds: words do then.
fn topic_rows(chosen: &BTreeSet<TopicId>, line: &Line) -> Option<Vec<Row>> {
    let several = (2..=LIST_ROWS_LIMIT).contains(&line.topics.len());
    if !several || chosen.is_empty() {
        return None;
    }
    let row = |topic: &Topic| {
        let follows = chosen.contains(&topic.id);
        let description = match (follows, chosen.len(), line.address) {
            (false, _, Address::Tu) => "Tocca per aggiungerlo",
            (false, _, Address::Lei) => "Tocchi per aggiungerlo",
            (true, 1, Address::Tu) => "Attivo: se lo togli ti cancelli",
            (true, 1, Address::Lei) => "Attivo: se lo toglie si cancella",
            (true, _, Address::Tu) => "Attivo: tocca per toglierlo",
            (true, _, Address::Lei) => "Attivo: tocchi per toglierlo",
        };
        let does = if follows { PAYLOAD_REMOVE } else { PAYLOAD_ADD };
        Row {
            payload: format!("{does}{}", topic.id),
            title: placeholders::shorten(&topic.name, ROW_TITLE_LIMIT),
            description: Some(description.to_owned()),
        }
    };
    Some(line.topics.iter().map(row).collect())
}

fn blocked_words(news: moderation::News, line: &Line) -> Option<String> {
    let word = line.opt_in_word().to_uppercase();
    Some(match (news, line.address) {
        (moderation::News::Unaffected, _) => return None,
        (moderation::News::Rest, Address::Tu) => "Fino ad allora non ricevi gli avvisi.".to_owned(),
        (moderation::News::Rest, Address::Lei) => {
            "Fino ad allora non riceve gli avvisi.".to_owned()
        }
        (moderation::News::Ended, Address::Tu) => format!(
            "*Iscrizione cancellata.* Non ricevi più gli avvisi. Dopo quella data puoi iscriverti \
             di nuovo: scrivi {word}."
        ),
        (moderation::News::Ended, Address::Lei) => format!(
            "*Iscrizione cancellata.* Non riceve più gli avvisi. Dopo quella data può iscriversi \
             di nuovo: scriva {word}."
        ),
    })
}

fn stopped_words(line: &Line) -> String {
    let receive = match line.address {
        Address::Tu => "ricevi",
        Address::Lei => "riceve",
    };
    format!("*Iscrizione cancellata.* Non {receive} più gli avvisi {}.", line.comune.of_name)
}

/// In the order of the line, not of the alphabet.
fn topic_names(chosen: &BTreeSet<TopicId>, line: &Line) -> String {
    let names: Vec<String> =
        line.topics.iter().filter(|it| chosen.contains(&it.id)).map(|it| it.name.clone()).collect();
    if names.is_empty() { "nessun argomento".to_owned() } else { and(&names) }
}

/// The beginning of a citizen's text on one row, without what WhatsApp would take as formatting.
fn quote(text: &str) -> String {
    let plain: String = text.chars().filter(|it| !matches!(it, '*' | '_' | '~' | '`')).collect();
    let one_row = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let quoted = placeholders::shorten(&one_row, QUOTE_LIMIT);
    // Nothing left to quote: a row without a value would take the question with it.
    if quoted.is_empty() { "…".to_owned() } else { quoted }
}

fn media_words(kind: &str) -> &'static str {
    match kind {
        "audio" => "messaggi vocali",
        "video" => "video",
        "image" => "immagini",
        "document" => "documenti",
        "location" => "posizioni",
        "contacts" => "contatti",
        _ => "questo tipo di messaggio",
    }
}

/// What is wrong with a line's own wording of a text. Worded for the office.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextProblem {
    /// The text's name: `welcome`.
    pub name: String,
    pub what: String,
    /// What to write instead.
    pub remedy: String,
}

/// One text that a line may reword.
struct Text {
    name: &'static str,
    limit: usize,
    /// Placeholders of this text alone.
    own: &'static [&'static str],
    /// Placeholders it must not lose: the law, or the citizen, needs them.
    needed: &'static [&'static str],
}

const fn text(
    name: &'static str,
    own: &'static [&'static str],
    needed: &'static [&'static str],
) -> Text {
    Text { name, limit: TEXT_LIMIT, own, needed }
}

const TEXTS: [Text; 53] = [
    text("welcome", &["argomenti"], &["cancellazione", "link_policy", "link_informativa"]),
    Text {
        name: "confirm",
        limit: BUTTONS_BODY_LIMIT,
        own: &["argomenti"],
        needed: &["link_policy", "link_informativa"],
    },
    Text { name: "confirm_button", limit: BUTTON_TITLE_LIMIT, own: &[], needed: &[] },
    text("already", &["argomenti"], &["cancellazione"]),
    text("goodbye", &[], &["iscrizione"]),
    text("not_subscribed", &[], &[]),
    text("help", &[], &["iscrizione", "cancellazione"]),
    text("topics", &["argomenti"], &[]),
    Text { name: "topics_button", limit: BUTTON_TITLE_LIMIT, own: &[], needed: &[] },
    text("topics_none", &[], &["iscrizione"]),
    text("topics_saved", &["argomenti"], &["argomenti"]),
    text("invitation", &[], &["iscrizione"]),
    Text { name: "ask", limit: BUTTONS_BODY_LIMIT, own: &["testo"], needed: &[] },
    Text { name: "ask_subscribe", limit: BUTTON_TITLE_LIMIT, own: &[], needed: &[] },
    Text { name: "ask_unsubscribe", limit: BUTTON_TITLE_LIMIT, own: &[], needed: &[] },
    Text { name: "ask_question", limit: BUTTON_TITLE_LIMIT, own: &[], needed: &[] },
    Text { name: "my_data", limit: BUTTONS_BODY_LIMIT, own: &[], needed: &["link_informativa"] },
    Text { name: "my_data_copy", limit: BUTTON_TITLE_LIMIT, own: &[], needed: &[] },
    Text { name: "my_data_erase", limit: BUTTON_TITLE_LIMIT, own: &[], needed: &[] },
    Text { name: "data_copy", limit: CAPTION_LIMIT, own: &["dati"], needed: &[] },
    Text { name: "data_copy_json", limit: CAPTION_LIMIT, own: &["dati"], needed: &[] },
    text(
        "request_taken",
        &["diritto", "richiesta", "scadenza", "effetto"],
        &["richiesta", "scadenza", "effetto"],
    ),
    Text { name: "erase_ask", limit: BUTTONS_BODY_LIMIT, own: &[], needed: &[] },
    Text { name: "erase_yes", limit: BUTTON_TITLE_LIMIT, own: &[], needed: &[] },
    Text { name: "erase_no", limit: BUTTON_TITLE_LIMIT, own: &[], needed: &[] },
    text("erase_kept", &[], &[]),
    text(
        "erased",
        &["richiesta", "quando", "cancellato", "resta", "verifica"],
        &["richiesta", "cancellato", "resta"],
    ),
    text("emergency", &[], &[]),
    text("news", &["avvisi"], &["avvisi"]),
    text("news_none", &[], &[]),
    text("third_party", &[], &[]),
    text("no_calls", &[], &[]),
    text("closed", &["prossima_apertura"], &["prossima_apertura"]),
    text("closed_without_date", &[], &[]),
    Text {
        name: "blocked",
        limit: BUTTONS_BODY_LIMIT,
        own: &["regola", "fine_blocco", "effetto"],
        needed: &["regola", "fine_blocco", "effetto", "cancellazione"],
    },
    Text { name: "blocked_button", limit: BUTTON_TITLE_LIMIT, own: &[], needed: &[] },
    text("review_taken", &[], &[]),
    text("media", &["tipo"], &["tipo"]),
    text("appointment_services", &[], &[]),
    text("appointment_days", &["prestazione", "luogo", "prima"], &["prestazione"]),
    text("appointment_taken", &["prestazione", "luogo", "prima"], &["prestazione"]),
    text("appointment_hours", &["prestazione", "giorno", "luogo", "prima"], &["giorno"]),
    text("appointment_none_free", &["prestazione"], &["prestazione"]),
    Text {
        name: "appointment_check",
        limit: BUTTONS_BODY_LIMIT,
        own: &["prestazione", "quando", "luogo", "prima"],
        needed: &["quando"],
    },
    Text {
        name: "appointment_booked",
        limit: BUTTONS_BODY_LIMIT,
        own: &["prestazione", "quando", "luogo", "documenti", "calendario", "termine"],
        needed: &["quando"],
    },
    Text {
        name: "appointment_moved",
        limit: BUTTONS_BODY_LIMIT,
        own: &["prestazione", "quando", "luogo", "documenti", "calendario", "termine"],
        needed: &["quando"],
    },
    Text {
        name: "appointment_cancelled",
        limit: BUTTONS_BODY_LIMIT,
        own: &["prestazione", "quando"],
        needed: &["quando"],
    },
    Text {
        name: "appointment_called_off",
        limit: BUTTONS_BODY_LIMIT,
        own: &["prestazione", "quando"],
        needed: &["quando"],
    },
    Text {
        name: "appointment_yours",
        limit: BUTTONS_BODY_LIMIT,
        own: &["prestazione", "quando", "luogo", "documenti", "calendario", "termine"],
        needed: &["quando"],
    },
    text("appointment_yours_several", &[], &[]),
    Text {
        name: "appointment_reminder",
        limit: BUTTONS_BODY_LIMIT,
        own: &["prestazione", "quando", "luogo", "documenti"],
        needed: &["quando"],
    },
    text("appointment_too_late", &["prestazione", "quando"], &["quando"]),
    Text { name: "appointment_gone", limit: BUTTONS_BODY_LIMIT, own: &[], needed: &[] },
];

/// Names of all texts, for `[texts]` of a line file.
pub fn text_names() -> impl Iterator<Item = &'static str> {
    TEXTS.iter().map(|it| it.name)
}

/// Everything wrong with one rewording, before the line is known. An unknown name is one problem.
pub fn check_text(name: &str, words: &str) -> Vec<TextProblem> {
    let problem =
        |what: String, remedy: String| TextProblem { name: name.to_owned(), what, remedy };
    let Some(text) = TEXTS.iter().find(|it| it.name == name) else {
        let known: Vec<&str> = text_names().collect();
        return vec![problem(
            format!("non c'è un testo «{name}»"),
            format!("i testi che puoi cambiare sono: {}", known.join(", ")),
        )];
    };
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    for piece in pieces(words) {
        match piece {
            Piece::Plain(_) => {}
            Piece::Placeholder(it) if is_line_placeholder(it) || text.own.contains(&it) => {
                used.insert(it);
            }
            Piece::Placeholder(it) => problems.push(problem(
                format!("nel testo «{name}» non conosco il segnaposto «{{{it}}}»"),
                known_placeholders(text.own),
            )),
            Piece::Parameter(it) => problems.push(problem(
                format!("nel testo «{name}» «{{{{{it}}}}}» ha due parentesi"),
                format!("scrivi una parentesi sola: «{{{it}}}»"),
            )),
            Piece::Brace(_) => problems.push(problem(
                format!("nel testo «{name}» c'è una parentesi graffa da sola"),
                "scrivi i segnaposto così: «{cancellazione}», oppure togli la parentesi".to_owned(),
            )),
        }
    }
    for needed in text.needed.iter().filter(|it| !used.contains(**it)) {
        problems.push(problem(
            format!("nel testo «{name}» manca «{{{needed}}}»"),
            format!("aggiungi «{{{needed}}}» dove serve"),
        ));
    }
    if words.trim().is_empty() {
        problems.push(problem(
            format!("il testo «{name}» è vuoto"),
            "scrivi il testo, oppure togli la riga: vale quello predefinito".to_owned(),
        ));
    }
    if length(words) > text.limit {
        problems.push(too_long(name, length(words), text.limit));
    }
    problems
}

/// Texts of a line that are too long once its own words are put in.
pub fn overlong(line: &Line) -> Vec<TextProblem> {
    // Any time does: only the length of a date counts, and they hardly differ.
    let now = Timestamp::UNIX_EPOCH;
    let mut problems = Vec::new();
    for reply in Reply::samples(line, now) {
        for text in TEXTS.iter().filter(|it| is_part(it.name, &reply)) {
            let characters = length(&filled(text.name, Language::Italian, &reply, line, now));
            if characters > text.limit {
                problems.push(too_long(text.name, characters, text.limit));
            }
        }
    }
    problems
}

fn is_part(name: &str, reply: &Reply) -> bool {
    name == reply.name()
        || (matches!(reply, Reply::Ask { .. }) && name.starts_with("ask"))
        || (matches!(reply, Reply::Blocked { .. }) && name.starts_with("blocked"))
        || (matches!(reply, Reply::Confirm { .. }) && name.starts_with("confirm"))
        || (matches!(reply, Reply::MyData) && name.starts_with("my_data_"))
        || (matches!(reply, Reply::DataCopy { .. }) && name.starts_with("data_copy"))
        || (matches!(reply, Reply::EraseAsk) && ["erase_yes", "erase_no"].contains(&name))
}

fn too_long(name: &str, characters: usize, limit: usize) -> TextProblem {
    TextProblem {
        name: name.to_owned(),
        what: format!("il testo «{name}» ha {characters} caratteri, WhatsApp ne accetta {limit}"),
        remedy: format!("accorcia di almeno {} caratteri", characters - limit),
    }
}

pub(crate) fn is_line_placeholder(name: &str) -> bool {
    LINE_PLACEHOLDERS.contains(&name)
}

/// Which placeholders there are, for somebody who wrote another.
pub(crate) fn known_placeholders(own: &[&str]) -> String {
    let all: Vec<String> =
        own.iter().chain(&LINE_PLACEHOLDERS).map(|it| format!("{{{it}}}")).collect();
    format!("i segnaposto sono: {}", all.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::{Address, sample};
    use proptest::prelude::*;

    fn now() -> Timestamp {
        "2026-11-20T17:00:00Z".parse().unwrap()
    }

    fn words(reply: &Reply, line: &Line) -> String {
        match render(reply, line, now()) {
            Outgoing::Text(text) => text,
            Outgoing::Buttons { body, .. } | Outgoing::List { body, .. } => body,
            other => unreachable!("no reply is rendered as {other:?}"),
        }
    }

    #[test]
    fn every_text_has_a_default_in_both_forms_that_passes_its_own_check() {
        for address in [Address::Tu, Address::Lei] {
            for chat_needs_subscription in [false, true] {
                let line = Line { chat_needs_subscription, address, ..sample::line() };
                for name in text_names() {
                    let problems = check_text(name, defaults::text(name, &line));
                    assert_eq!(problems, [], "{name} {address:?}");
                }
            }
        }
    }

    #[test]
    fn every_reply_reads_a_text_that_can_be_reworded() {
        for reply in Reply::samples(&sample::line(), now()) {
            assert!(text_names().any(|it| it == reply.name()), "{reply:?}");
        }
    }

    #[test]
    fn speaks_one_form_only() {
        let tu = ["tuo", "tua", "tuoi", "tue", "puoi", "scrivi", "chiama", "ricevi", "vuoi"];
        let lei = ["suo", "sua", "suoi", "sue", "può", "scriva", "chiami", "riceve", "vuole"];
        for (address, other) in [(Address::Tu, lei), (Address::Lei, tu)] {
            let line = Line { address, ..sample::line() };
            for name in text_names() {
                let text = defaults::text(name, &line).to_lowercase();
                let found =
                    text.split(|it: char| !it.is_alphabetic()).find(|word| other.contains(word));
                // The other person, in third_party, has a telephone too.
                assert!(found.is_none() || name == "third_party", "{name}: {found:?}");
            }
        }
    }

    #[test]
    fn a_line_may_reword_any_text() {
        let mut line = sample::line();
        line.texts.insert("goodbye".into(), "Ciao da {ente}. {iscrizione}".into());
        assert_eq!(words(&Reply::Goodbye, &line), "Ciao da Comune di Prova. ENTRO");
    }

    #[test]
    fn a_goodbye_invites_to_ask_only_where_a_chat_is_open() {
        let open = sample::line();
        let closed = Line { chat_needs_subscription: true, ..sample::line() };
        assert!(words(&Reply::Goodbye, &open).contains("Puoi ancora scriverci"));
        assert!(!words(&Reply::Goodbye, &closed).contains("Puoi ancora scriverci"));
    }

    #[test]
    fn asks_with_three_buttons() {
        let reply = Reply::Ask { text: "*iscrizione*\n  al {nido}".into() };
        let Outgoing::Buttons { body, buttons } = render(&reply, &sample::line(), now()) else {
            panic!("not buttons");
        };
        assert_eq!(body, "Hai scritto «iscrizione al {nido}». Che cosa vuoi fare?");
        let payloads: Vec<&str> = buttons.iter().map(|it| it.payload.as_str()).collect();
        assert_eq!(payloads, ["subscribe", "unsubscribe", "question"]);
    }

    /// Replies in every language, and the buttons and captions that belong to them.
    const TRANSLATED: [&str; 15] = [
        "welcome",
        "goodbye",
        "help",
        "ask",
        "ask_subscribe",
        "ask_unsubscribe",
        "ask_question",
        "my_data",
        "my_data_copy",
        "my_data_erase",
        "data_copy",
        "data_copy_json",
        "erase_ask",
        "erase_yes",
        "erase_no",
    ];

    #[test]
    fn says_what_a_foreigner_needs_in_every_language_with_what_the_italian_one_needs() {
        for chat_needs_subscription in [false, true] {
            let line = Line { chat_needs_subscription, ..sample::line() };
            for language in Language::ALL.into_iter().filter(|it| *it != Language::Italian) {
                for name in text_names() {
                    let words = translations::text(name, &line, language);
                    let translated = TRANSLATED.contains(&name);
                    assert_eq!(words.is_some(), translated, "{name} {language:?}");
                    let problems = check_text(name, &words.unwrap_or_default());
                    assert!(!translated || problems.is_empty(), "{language:?} {problems:?}");
                }
            }
        }
    }

    #[test]
    fn only_these_texts_leave_italian_and_a_lines_own_words_hold_for_italian_only() {
        let mut line = sample::line();
        for name in text_names() {
            line.texts.insert(name.to_owned(), "Parole del comune".to_owned());
        }
        for reply in Reply::samples(&line, now()) {
            let italian = render(&reply, &line, now());
            for language in Language::ALL {
                let same = render_in(language, &reply, &line, now()) == italian;
                let other = language != Language::Italian && TRANSLATED.contains(&reply.name());
                assert_eq!(same, !other, "{reply:?} {language:?}");
            }
        }
    }

    #[test]
    fn tells_a_foreigner_what_to_write() {
        let line = sample::line();
        let said = |language, reply: &Reply| match render_in(language, reply, &line, now()) {
            Outgoing::Text(text) => text,
            Outgoing::Buttons { body, buttons } => {
                let buttons: Vec<String> =
                    buttons.iter().map(|it| format!("[{} -> {}]", it.title, it.payload)).collect();
                format!("{body}\n{}", buttons.join(" "))
            }
            other => unreachable!("no reply is rendered as {other:?}"),
        };
        insta::assert_snapshot!(said(Language::English, &Reply::Help), @r"
        This is the WhatsApp service of Comune di Prova. You can write:
        - ENTRO to get the notices
        - ARGOMENTI to choose which ones
        - ESCO to get no more
        - I MIEI DATI about your data

        Or write your question: a person reads it.
        We do not take calls. In an emergency call 112.
        ");
        let ask = Reply::Ask { text: "regjistrim".into() };
        insta::assert_snapshot!(said(Language::Albanian, &ask), @r"
        Keni shkruar «regjistrim». Çfarë dëshironi të bëni?
        [Të marr njoftimet -> subscribe:sq] [Të mos i marr më -> unsubscribe:sq] [Kam një pyetje -> question:sq]
        ");
    }

    #[test]
    fn says_when_the_desk_opens() {
        let next_opening = Some("2026-11-23T08:00:00Z".parse().unwrap());
        let text = words(&Reply::Closed { next_opening }, &sample::line());
        assert!(text.contains("rispondiamo da lunedì 23 novembre alle 9:00."), "{text}");
        let text = words(&Reply::Closed { next_opening: None }, &sample::line());
        assert!(text.contains("appena riapre"), "{text}");
    }

    #[test]
    fn does_not_print_what_a_citizen_wrote() {
        assert_eq!(format!("{:?}", Reply::Ask { text: "segreto".into() }), "Reply(ask)");
    }

    #[test]
    fn says_what_is_wrong_with_a_rewording() {
        for (name, text, what, remedy) in [
            ("benvenuto", "Ciao", "non c'è un testo «benvenuto»", "welcome"),
            ("help", "{iscrizione} {cancellazione} {boh}", "«{boh}»", "{del_ente}"),
            ("help", "{iscrizione} {cancellazione} {testo}", "«{testo}»", "{del_ente}"),
            ("emergency", "Ciao {{ente}}", "due parentesi", "«{ente}»"),
            ("emergency", "Ciao {ente", "da sola", "{cancellazione}"),
            ("emergency", "  ", "vuoto", "predefinito"),
            ("already", "Ricevi già tutto", "manca «{cancellazione}»", "aggiungi"),
            ("ask_question", "Ho una domanda da farti", "23 caratteri", "almeno 3"),
        ] {
            let got = check_text(name, text);
            assert_eq!(got.len(), 1, "{name}: {got:?}");
            assert!(got[0].what.contains(what), "{}", got[0].what);
            assert!(got[0].remedy.contains(remedy), "{}", got[0].remedy);
        }
        assert_eq!(check_text("emergency", &"x".repeat(4_097)).len(), 1);
        assert_eq!(check_text("emergency", &"x".repeat(4_096)), []);
    }

    #[test]
    fn finds_a_text_that_grows_too_long() {
        let mut line = sample::line();
        assert_eq!(overlong(&line), []);
        line.comune.of_name = "x".repeat(4_000);
        let names: Vec<String> = overlong(&line).into_iter().map(|it| it.name).collect();
        assert!(names.contains(&"help".to_owned()), "{names:?}");
    }

    proptest! {
        #[test]
        fn no_answer_exceeds_a_limit(
            text in "(.|[*_{}\n]){0,200}",
            name in ".{0,5000}",
            language in prop::sample::select(&Language::ALL[..]),
        ) {
            let mut line = sample::line();
            line.comune.name.clone_from(&name);
            line.comune.of_name = name;
            let ask = Reply::Ask { text };
            for reply in Reply::samples(&line, now()).into_iter().chain([ask]) {
                match render_in(language, &reply, &line, now()) {
                    Outgoing::Text(text) => prop_assert!(length(&text) <= TEXT_LIMIT),
                    Outgoing::Buttons { body, buttons } => {
                        prop_assert!(!body.is_empty() && length(&body) <= BUTTONS_BODY_LIMIT);
                        for button in buttons {
                            prop_assert!(length(&button.title) <= BUTTON_TITLE_LIMIT);
                        }
                    }
                    Outgoing::List { body, button, rows } => {
                        prop_assert!(!body.is_empty() && length(&body) <= TEXT_LIMIT);
                        prop_assert!(length(&button) <= BUTTON_TITLE_LIMIT);
                        prop_assert!(rows.len() <= LIST_ROWS_LIMIT);
                        for row in rows {
                            prop_assert!(length(&row.title) <= ROW_TITLE_LIMIT);
                            prop_assert!(row.description.is_none_or(|it| length(&it) <= 72));
                        }
                    }
                    Outgoing::Document { .. }
                    | Outgoing::Location(_)
                    | Outgoing::Media { .. }
                    | Outgoing::Template(_) => {
                        prop_assert!(false);
                    }
                }
                for part in parts(language, &reply, &line, now()) {
                    if let Part::Copy { caption, .. } = part {
                        prop_assert!(!caption.is_empty() && length(&caption) <= CAPTION_LIMIT);
                    }
                }
            }
        }
    }
}
