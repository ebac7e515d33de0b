// SPDX-License-Identifier: EUPL-1.2
//! Everything that is held of a person, as they are handed it: to read, and for a program.
//!
//! It is their own, so the number is whole. Source of what belongs in it: GDPR, articles 15 and 20.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::appointment::Appointment;
use crate::contact::{AskedBy, ConsentChange, ConsentEvent, ConsentSource, Contact};
use crate::delivery::{self, SkipReason, State};
use crate::hours::{and, date_words, rfc3339};
use crate::ids::{AppId, BroadcastId, TopicId, UserId};
use crate::line::Line;
use crate::message::ProfileName;
use crate::moderation::{Act, Measure, Recipient};
use crate::phone::Phone;
use crate::proof::{change, day, moment, names, source, standing};
use crate::reply::RIGHTS;
use crate::rights::Request;

/// What is held of one person.
pub struct Held<'a> {
    pub line: &'a Line,
    pub contact: &'a Contact,
    /// Oldest first.
    pub consents: Vec<ConsentEvent>,
    /// The chat, oldest first.
    pub messages: Vec<Message>,
    /// The earliest first.
    pub appointments: Vec<Appointment>,
    /// Latest first.
    pub deliveries: Vec<Delivery>,
    /// What the office did about what they wrote, oldest first.
    pub measures: Vec<Measure>,
    /// Oldest first.
    pub requests: Vec<Request>,
    pub made_at: Timestamp,
}

/// One message of the chat.
pub struct Message {
    pub at: Timestamp,
    pub is_ours: bool,
    /// Meta's type.
    pub kind: String,
    pub text: String,
    pub file_name: Option<String>,
    /// Of a message of ours.
    pub state: Option<State>,
    /// Who at the desk wrote it.
    pub operator: Option<String>,
}

/// One broadcast that was meant for them.
pub struct Delivery {
    pub broadcast: BroadcastId,
    pub title: String,
    pub at: Timestamp,
    pub state: State,
    pub skipped: Option<SkipReason>,
    pub code: Option<i64>,
}

/// The two files of a copy. WhatsApp takes neither HTML nor JSON as such, plain text on every
/// phone. Source: Cloud API, supported media types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// To be read by a person.
    Page,
    /// To be read by a program: JSON.
    Data,
}

/// Meta's type of both files.
pub const MIME_TYPE: &str = "text/plain";

impl Form {
    pub const ALL: [Self; 2] = [Self::Page, Self::Data];

    /// As it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Data => "data",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// As the person sees it on their phone.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Page => "i-miei-dati.txt",
            Self::Data => "i-miei-dati.json.txt",
        }
    }

    pub fn file(self, held: &Held<'_>) -> String {
        match self {
            // Without the mark some phones take the text for Latin-1.
            Self::Page => format!("\u{feff}{}", page(held)),
            Self::Data => format!("{:#}", json(held)),
        }
    }
}

/// The kinds of data held of a contact, in words, for the message that brings the copy.
pub fn kinds(contact: &Contact, line: &Line) -> String {
    let known = [
        contact.phone.as_ref().map(|_| "il numero di telefono".to_owned()),
        contact.user_id.as_ref().map(|_| "l'identificativo di WhatsApp".to_owned()),
        contact.name.as_ref().map(|_| "il nome del profilo".to_owned()),
        Some(format!("l'iscrizione ({})", standing(contact, line))),
        Some("le dichiarazioni di consenso".to_owned()),
        Some("i messaggi di questa chat".to_owned()),
        Some("gli avvisi inviati e il loro esito".to_owned()),
    ];
    and(&known.into_iter().flatten().collect::<Vec<_>>())
}

pub fn json(it: &Held<'_>) -> Value {
    let (line, held_at) = (it.line, it.made_at);
    let time_or_null = |at: Option<Timestamp>| at.map_or(Value::Null, |at| rfc3339(at).into());
    let contact = it.contact;
    json!({
        "made_at": rfc3339(it.made_at),
        "line": { "id": line.id.as_str(), "comune": line.comune.name, "service": line.service },
        "contact": {
            "id": contact.id.as_str(),
            "number": contact.phone.as_ref().map(number),
            "user_id": contact.user_id.as_ref().map(UserId::expose),
            "name": contact.name.as_ref().map(ProfileName::expose),
            "subscription": standing(contact, line),
            "topics": contact.topics().iter().map(TopicId::as_str).collect::<Vec<_>>(),
            "blocked": contact.blocked.is_some(),
            "last_message_at": time_or_null(contact.last_inbound_at),
            "marketing_stopped_at": time_or_null(contact.marketing_stopped_at()),
        },
        "consents": it.consents.iter().map(consent).collect::<Vec<_>>(),
        "messages": it.messages.iter().map(message).collect::<Vec<_>>(),
        "appointments": it.appointments.iter().map(appointment).collect::<Vec<_>>(),
        "deliveries": it.deliveries.iter().map(delivery).collect::<Vec<_>>(),
        "measures": it.measures.iter().map(|it| measure(it, it.holds(held_at))).collect::<Vec<_>>(),
        "requests": it.requests.iter().map(request).collect::<Vec<_>>(),
        "use": {
            "purposes": line.purposes.iter().map(|it| json!({
                "name": it.name,
                "legal_basis": it.legal_basis,
            })).collect::<Vec<_>>(),
            "recipients": line.recipients,
            "retention_days": {
                "consents": line.retention.consent_days,
                "messages": line.retention.chat_days,
                "deliveries": line.retention.delivery_days,
            },
            "rights": line.rights,
            "privacy": line.privacy.url,
            "data_protection_officer": line.office.dpo,
        },
    })
}

/// A consent event. Meta's id of a message stays out: whoever is shown it reads the number in it.
pub fn consent(it: &ConsentEvent) -> Value {
    let source = match &it.source {
        ConsentSource::Message { text, payload, rule, signed_by, .. } => json!({
            "kind": "message",
            "text": text,
            "payload": payload,
            "rule": rule,
            "signed_by": signed_by.as_ref().map(AppId::as_str),
        }),
        ConsentSource::Operator { who, channel, proof } => json!({
            "kind": "operator",
            "operator": who,
            "channel": channel.map(AskedBy::name),
            "proof": proof,
        }),
        ConsentSource::Button { told_by } => {
            json!({ "kind": "whatsapp-button", "told_by": told_by.name() })
        }
    };
    let topics = it.change.topics().map(|it| it.iter().map(TopicId::as_str).collect::<Vec<_>>());
    let wanted = match &it.change {
        ConsentChange::Outdated { wanted } => Some(wanted),
        _ => None,
    };
    json!({
        "at": rfc3339(it.at),
        "change": it.change.name(),
        "topics": topics,
        "wanted": wanted,
        "source": source,
        "policy": it.policy.to_string(),
        "privacy": it.privacy.to_string(),
    })
}

/// One request of the register, as the person and the office see it.
pub fn request(it: &Request) -> Value {
    let closed = it.closed.as_ref();
    json!({
        "number": it.number.as_str(),
        "contact": it.contact.as_str(),
        "right": it.right.name(),
        "article": it.right.article(),
        "asked_at": rfc3339(it.asked_at),
        "asked_by": it.asked_by.map_or("chat", AskedBy::name),
        "due": it.due.to_string(),
        "state": if closed.is_some() { "closed" } else { "open" },
        "closed_at": closed.map(|it| rfc3339(it.at)),
        "outcome": closed.map(|it| it.outcome.name()),
        "operator": closed.and_then(|it| it.operator.as_deref()),
        "note": closed.and_then(|it| it.note.as_deref()),
        "told": it.told.iter().map(|it| json!({
            "recipient": it.recipient,
            "at": rfc3339(it.at),
            "operator": it.operator,
        })).collect::<Vec<_>>(),
    })
}

/// One act of moderation; `holds` is whether it is a block that holds now.
pub fn measure(it: &Measure, holds: bool) -> Value {
    let mut value = json!({
        "id": it.id.as_str(),
        "contact": it.contact.as_str(),
        "at": rfc3339(it.at),
        "act": it.act.name(),
        "rule": { "id": it.rule.id, "words": it.rule.words },
        "reason": it.reason,
        "operator": it.by,
    });
    match &it.act {
        Act::Block { level, until, meta, objected_at, lifted } => {
            value["block"] = json!({
                "level": level.name(),
                "until": rfc3339(*until),
                "holds": holds,
                "at_whatsapp": meta.map(|it| json!({ "state": it.name(), "detail": it.words() })),
                "objected_at": objected_at.map(rfc3339),
                "lifted_at": lifted.as_ref().map(|it| rfc3339(it.at)),
                "lifted_by": lifted.as_ref().map(|it| it.by.as_str()),
            });
        }
        Act::Deletion { message } => value["deletion"] = json!({ "message": message }),
        Act::Report { messages, recipient, sha256, expires_at } => {
            value["report"] = json!({
                "messages": messages,
                "recipient": recipient.name(),
                "sha256": sha256,
                "expires_at": rfc3339(*expires_at),
            });
        }
    }
    value
}

fn message(it: &Message) -> Value {
    json!({
        "at": rfc3339(it.at),
        "from": if it.is_ours { "comune" } else { "person" },
        "kind": it.kind,
        "text": it.text,
        "file_name": it.file_name,
        "state": it.state.map(State::name),
        "operator": it.operator,
    })
}

fn appointment(it: &Appointment) -> Value {
    json!({
        "id": it.id.as_str(),
        "service": it.service.as_str(),
        "starts_at": rfc3339(it.slot.starts_at),
        "ends_at": rfc3339(it.slot.ends_at),
        "state": it.state.name(),
        "made_at": rfc3339(it.made_at),
        "confirmed_at": it.confirmed_at.map(rfc3339),
        "reminded_at": it.reminded_at.map(rfc3339),
    })
}

fn delivery(it: &Delivery) -> Value {
    json!({
        "broadcast": it.broadcast.as_str(),
        "title": it.title,
        "at": rfc3339(it.at),
        "state": it.state.name(),
        "reason": delivery::reason(it.state, it.skipped, it.code),
    })
}

/// `+393330000001`
fn number(phone: &Phone) -> String {
    format!("+{}", phone.expose())
}

const WRITES: &str = "writing to a string succeeds";

fn page(it: &Held<'_>) -> String {
    let (line, contact) = (it.line, it.contact);
    let mut page = format!(
        "COPIA DEI DATI PERSONALI\n{}, {}\nFatta il {}\n",
        line.comune.name,
        line.service,
        moment(it.made_at),
    );
    let or_none = |it: Option<String>| it.unwrap_or_else(|| "non noto".to_owned());
    let name = contact.name.as_ref().map(|it| it.expose().to_owned());
    let user_id = contact.user_id.as_ref().map(|it| it.expose().to_owned());
    let mut rows = vec![
        format!("Numero di telefono: {}", or_none(contact.phone.as_ref().map(number))),
        format!("Identificativo di WhatsApp: {}", or_none(user_id)),
        format!("Nome del profilo WhatsApp: {}", or_none(name)),
        format!("Iscrizione agli avvisi: {}", standing(contact, line)),
        format!("Ultimo messaggio ricevuto: {}", or_none(contact.last_inbound_at.map(moment))),
    ];
    rows.extend(contact.marketing_stopped_at().map(|it| {
        format!("Messaggi promozionali fermati con il pulsante di WhatsApp: {}", moment(it))
    }));
    rows.extend(contact.blocked.as_ref().map(|_| "Numero bloccato".to_owned()));
    section(&mut page, "CONTATTO", &rows);
    let rows: Vec<_> = it.consents.iter().map(|it| consent_row(it, line)).collect();
    section(&mut page, "DICHIARAZIONI DI CONSENSO", &rows);
    let rows: Vec<_> = it.messages.iter().map(message_row).collect();
    section(&mut page, "MESSAGGI DELLA CHAT", &rows);
    if !it.appointments.is_empty() {
        let rows: Vec<_> = it.appointments.iter().map(|it| appointment_row(it, line)).collect();
        section(&mut page, "APPUNTAMENTI", &rows);
    }
    let rows: Vec<_> = it.deliveries.iter().map(delivery_row).collect();
    section(&mut page, "AVVISI INVIATI A QUESTO NUMERO", &rows);
    let rows: Vec<_> = it.measures.iter().map(measure_row).collect();
    section(&mut page, "MODERAZIONE", &rows);
    let rows: Vec<_> = it.requests.iter().map(request_row).collect();
    section(&mut page, "RICHIESTE SUI DATI", &rows);
    section(&mut page, "COME SONO USATI I DATI", &uses(line));
    page
}

fn section(page: &mut String, title: &str, rows: &[String]) {
    writeln!(page, "\n{title}").expect(WRITES);
    if rows.is_empty() {
        page.push_str("Niente.\n");
    }
    for row in rows {
        // What somebody wrote on several rows must not look like rows of ours.
        writeln!(page, "- {}", row.trim_end().replace('\n', "\n  ")).expect(WRITES);
    }
}

fn consent_row(it: &ConsentEvent, line: &Line) -> String {
    let mut row = format!("{}: {}", moment(it.at), change(&it.change));
    if let Some(topics) = it.change.topics() {
        write!(row, ". Argomenti: {}", names(topics, line)).expect(WRITES);
    }
    for (name, value) in source(&it.source) {
        write!(row, "\n{name}: {value}").expect(WRITES);
    }
    let (policy, privacy) = (day(it.policy), day(it.privacy));
    write!(row, "\nIn vigore: regole del {policy}, informativa del {privacy}").expect(WRITES);
    row
}

fn message_row(it: &Message) -> String {
    let who = match (it.is_ours, &it.operator) {
        (false, _) => "da questo numero",
        (true, None) => "risposta automatica",
        (true, Some(_)) => "dall'ufficio",
    };
    let what = match (&it.file_name, it.text.is_empty()) {
        (Some(file), true) => format!("[{}] {file}", it.kind),
        (Some(file), false) => format!("[{}] {file}: {}", it.kind, it.text),
        (None, true) => format!("[{}]", it.kind),
        (None, false) => it.text.clone(),
    };
    format!("{}, {who}: {what}", moment(it.at))
}

fn appointment_row(it: &Appointment, line: &Line) -> String {
    let service = line.service(&it.service).map_or(it.service.as_str(), |it| &it.name);
    format!("{}: {service} ({})", moment(it.slot.starts_at), it.state.words())
}

fn delivery_row(it: &Delivery) -> String {
    let stands = match it.state {
        State::Read => "letto",
        State::Delivered => "consegnato",
        State::Accepted | State::Sent => "inviato",
        State::Waiting | State::Claimed => "in corso",
        State::Unresolved => "esito non noto",
        State::Failed | State::Skipped | State::Cancelled => "non inviato o non consegnato",
    };
    format!("{}: {} ({stands})", moment(it.at), it.title)
}

fn measure_row(it: &Measure) -> String {
    let what = match &it.act {
        Act::Block { until, lifted: None, .. } => format!("blocco fino al {}", moment(*until)),
        Act::Block { lifted: Some(lifted), .. } => {
            format!("blocco, tolto il {}", moment(lifted.at))
        }
        Act::Deletion { .. } => "testo di un messaggio cancellato".to_owned(),
        Act::Report { recipient: Recipient::Platform, .. } => "segnalazione a WhatsApp".to_owned(),
        Act::Report { recipient: Recipient::Authorities, .. } => {
            "segnalazione all'autorità giudiziaria".to_owned()
        }
    };
    format!("{}: {what}\nRegola: {}\nMotivo: {}", moment(it.at), it.rule.words, it.reason)
}

fn request_row(it: &Request) -> String {
    let stands = match &it.closed {
        Some(closed) => format!("{} il {}", closed.outcome.words(), moment(closed.at)),
        None => format!("aperta, risposta entro il {}", date_words(it.due)),
    };
    let (number, right) = (&it.number, it.right);
    format!("{}, numero {number}: {} ({stands})", moment(it.asked_at), right.words())
}

/// What the law wants told beside the data themselves. Source: GDPR, art. 15(1).
fn uses(line: &Line) -> Vec<String> {
    let mut rows: Vec<_> = line
        .purposes
        .iter()
        .map(|it| format!("{}. Base giuridica: {}", it.name, it.legal_basis))
        .collect();
    let recipients = if line.recipients.is_empty() {
        "solo gli addetti dell'ufficio; WhatsApp (Meta) trasporta i messaggi".to_owned()
    } else {
        line.recipients.join("; ")
    };
    let days = &line.retention;
    let granted = RIGHTS.iter().filter(|(article, _)| line.rights.contains(article));
    let granted: Vec<_> = granted.map(|(_, words)| (*words).to_owned()).collect();
    rows.extend([
        "Origine: i messaggi scritti da questo numero e ciò che WhatsApp comunica di chi scrive."
            .to_owned(),
        format!("Chi li riceve: {recipients}."),
        format!(
            "Per quanto tempo: messaggi {} giorni, esiti degli avvisi {} giorni, dichiarazioni di \
             consenso {} giorni dopo la cancellazione; il resto finché dura l'iscrizione.",
            days.chat_days, days.delivery_days, days.consent_days
        ),
        "Decisioni automatiche: nessuna, oltre a iscrizione, cancellazione e argomenti chiesti per \
         messaggio."
            .to_owned(),
        format!("Diritti: {}.", and(&granted)),
        format!("Informativa: {}", line.privacy.url),
    ]);
    rows.extend(
        line.office.dpo.as_ref().map(|it| format!("Responsabile della protezione dei dati: {it}")),
    );
    rows
}

#[cfg(test)]
mod tests;
