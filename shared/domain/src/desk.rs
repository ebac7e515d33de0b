// SPDX-License-Identifier: EUPL-1.2
//! The desk: by when an answer is due, how long one may still be sent, who is told that somebody
//! waits, and replies that are ready.
//!
//! All times are counted in the hours at which somebody is there ([`Line::desk_hours`]).

mod canned;

use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::contact::Contact;
use crate::hours::{Hours, ROME, moment_words, opening_words};
use crate::line::Line;
use crate::message::Content;

pub use canned::{CannedProblem, canned, check_canned, courtesy, fill_canned, of_line};

/// So long nobody has read a message in opening hours, and somebody is told.
const UNREAD: SignedDuration = SignedDuration::from_mins(10);

/// Who has not said for so long that they are writing has stopped.
pub const WRITES_SECONDS: i64 = 45;

/// Most characters of a topic label, and of a colleague's name.
pub const LABEL_LIMIT: usize = 40;
pub const NAME_LIMIT: usize = 100;
/// Most characters of an internal note, and of a text that is looked for.
pub const NOTE_LIMIT: usize = 2_000;
pub const SEARCH_LIMIT: usize = 100;

/// What the button under [`Line::ready_template`] says to us: this, and the answer's row.
const READY: &str = "ready:";

/// Working hours of a line that tells citizens none.
const USUAL_HOURS: &str = "Mo-Fr 09:00-17:00; PH off";

impl Line {
    /// When somebody is at the desk: as the citizens are told, or else as the file says for the
    /// desk, or else the usual hours of an office.
    pub fn desk_hours(&self) -> Hours {
        let told = self.hours.as_ref().or(self.desk.open.as_ref());
        told.cloned().unwrap_or_else(|| Hours::parse(USUAL_HOURS).expect("these can be read"))
    }

    fn after_open(&self, from: Timestamp, time: SignedDuration) -> Option<Timestamp> {
        self.desk_hours().after_open(from, time, self.patron_day.as_ref())
    }
}

/// By when somebody who waits since then should be answered. `None` where no opening is in sight.
pub fn due_at(since: Timestamp, line: &Line) -> Option<Timestamp> {
    line.after_open(since, line.desk.answer_within)
}

/// Until when a free answer may be sent: the service window, less a margin for our own queue.
pub fn window_ends_at(contact: &Contact) -> Option<Timestamp> {
    contact.last_inbound_at.map(|at| at + (24 * 60 - 5).minutes())
}

/// What the operator should know of a window that ends while nobody is there. For the office.
pub fn window_warning(ends_at: Timestamp, line: &Line, now: Timestamp) -> Option<String> {
    if ends_at <= now {
        return None;
    }
    let (hours, patron) = (line.desk_hours(), line.patron_day.as_ref());
    let words = |at| opening_words(at, now);
    let Some(opens) = hours.next_opening(now, patron) else {
        return Some(format!(
            "La finestra di WhatsApp finisce {}, e prima non c'è un'apertura.",
            words(ends_at)
        ));
    };
    if opens > now {
        return (ends_at <= opens).then(|| {
            format!(
                "La finestra di WhatsApp finisce {}, prima che l'ufficio riapra, {}.",
                words(ends_at),
                words(opens)
            )
        });
    }
    let closes = hours.closing(now, patron).filter(|it| *it < ends_at)?;
    let reopens = hours.next_opening(closes, patron);
    reopens.is_none_or(|it| ends_at <= it).then(|| {
        format!(
            "Rispondere prima della chiusura, {}: poi la finestra di WhatsApp finisce, {}, \
             prima che l'ufficio riapra.",
            words(closes),
            words(ends_at)
        )
    })
}

/// Why nothing can be sent now, and what can be done instead. For the office.
pub fn outside_window(line: &Line) -> String {
    let mut ways = Vec::new();
    if line.desk.ready_template.is_some() {
        ways.push(
            "ripetere la richiesta con \"invite\": true (il cittadino riceve, a pagamento, \
             l'avviso che la risposta è pronta, e la legge quando preme il pulsante)",
        );
    }
    ways.push("aspettare un suo messaggio");
    ways.push("scrivere una nota interna");
    if !line.desk.offices.is_empty() {
        ways.push("inoltrare la conversazione a un altro ufficio");
    }
    ways.push("usare un altro canale, per esempio il telefono o la posta elettronica");
    format!(
        "Sono passate 24 ore dall'ultimo messaggio del cittadino: WhatsApp non permette più una \
         risposta libera. Si può: {}.",
        ways.join("; ")
    )
}

/// What the template's button says to us of the answer in this row.
pub fn ready_payload(row: &str) -> String {
    format!("{READY}{row}")
}

/// The row of the answer that a press on such a button asks for.
pub fn ready_row(content: &Content) -> Option<&str> {
    match content {
        Content::Tap { payload, .. } => payload.strip_prefix(READY),
        _ => None,
    }
}

/// Whether a text says what is looked for, in capitals or not, with accents or without.
pub fn says(text: &str, wanted: &str) -> bool {
    plain(text).contains(plain(wanted).trim())
}

fn plain(text: &str) -> String {
    let without = |it: char| match it {
        'à' | 'á' => 'a',
        'è' | 'é' => 'e',
        'ì' | 'í' => 'i',
        'ò' | 'ó' => 'o',
        'ù' | 'ú' => 'u',
        '’' => '\'',
        it => it,
    };
    text.to_lowercase().chars().map(without).collect()
}

/// Somebody who waits for the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    pub since: Timestamp,
    /// Whether nobody has read all of it.
    pub unread: bool,
    /// Whether something in it may be an emergency: then nobody waits for ten minutes, nor for the
    /// office to open.
    pub urgent: bool,
    /// When somebody was told that it is unread; once a wait.
    pub noticed_at: Option<Timestamp>,
    /// When it last stood in the list of a morning.
    pub listed_at: Option<Timestamp>,
}

/// What has to be told of a wait, and when to look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Unread for ten minutes in opening hours.
    pub notice: bool,
    /// In the list of what waits as the office opens.
    pub list: bool,
    /// `None` where no opening is in sight.
    pub next_at: Option<Timestamp>,
}

/// Looks at a wait. Before [`Look::next_at`] another look would say nothing new.
pub fn look(wait: &Wait, line: &Line, now: Timestamp) -> Look {
    let notice_at =
        if wait.urgent { Some(wait.since) } else { line.after_open(wait.since, UNREAD) };
    let to_notice = notice_at.filter(|_| wait.unread && wait.noticed_at.is_none());
    let opening = |at: Timestamp, days: i64| {
        let day = ROME.to_datetime(at).date().checked_add(days.days()).ok()?;
        let midnight = day.to_zoned(ROME.clone()).ok()?.timestamp();
        line.desk_hours().next_opening(midnight, line.patron_day.as_ref())
    };
    let today = opening(now, 0);
    let list = today.is_some_and(|it| {
        it <= now && wait.since < it && wait.listed_at.is_none_or(|listed| listed < it)
    });
    let morning = today.filter(|it| *it > now).or_else(|| opening(now, 1));
    let notice = to_notice.is_some_and(|it| it <= now);
    let next_notice = to_notice.filter(|it| *it > now);
    let next_at = [next_notice, morning].into_iter().flatten().min();
    Look { notice, list, next_at }
}

/// When a wait that begins now has to be looked at first.
pub fn first_look(line: &Line, now: Timestamp) -> Option<Timestamp> {
    let wait = Wait { since: now, unread: true, urgent: false, noticed_at: None, listed_at: None };
    look(&wait, line, now).next_at
}

/// A mail to the office: subject and text. It says nothing of anybody.
pub fn notice_mail(line: &Line, unread: usize, urgent: bool) -> (String, String) {
    let what = if unread == 1 {
        "una conversazione non letta".to_owned()
    } else {
        format!("{unread} conversazioni non lette")
    };
    let subject = if urgent { format!("{what}: forse un'emergenza") } else { what };
    let since = if unread == 1 {
        "Una conversazione aspetta e nessuno l'ha ancora letta.".to_owned()
    } else {
        format!("{unread} conversazioni aspettano e nessuno le ha ancora lette.")
    };
    let first = "Parole di un messaggio fanno pensare a un'emergenza: chi scrive ha già avuto \
                 l'indicazione di chiamare il 112. Leggere subito.";
    let rows = urgent.then_some(first).into_iter().chain([since.as_str(), WHERE]);
    (format!("{}: {subject}", line.service), rows.collect::<Vec<_>>().join("\n"))
}

const WHERE: &str = "Per leggere e rispondere aprire lo sportello di Filo Diretto. \
                     Questo avviso non contiene né numeri né messaggi.";

/// One message of a conversation that is forwarded: when, whether it is ours, what it says.
pub struct Forwarded {
    pub at: Timestamp,
    pub is_ours: bool,
    pub text: String,
}

/// The one mail that tells another office who wrote what, because an operator sends it.
pub fn forward_mail(
    line: &Line,
    contact: &Contact,
    (operator, comment): (&str, Option<&str>),
    messages: &[Forwarded],
) -> (String, String) {
    let mut rows = vec![format!("{operator} inoltra questa conversazione da «{}».", line.service)];
    rows.extend(comment.map(|it| format!("Nota: {it}")));
    let number = contact.phone.as_ref().map(|it| format!("+{}", it.expose()));
    let name = contact.name.as_ref().map(|it| it.expose().to_owned());
    let who: Vec<_> = name.into_iter().chain(number).collect();
    rows.push(format!("Chi scrive: {}", who.join(", ")));
    rows.push(String::new());
    for it in messages {
        let who = if it.is_ours { "ufficio" } else { "cittadino" };
        rows.push(format!("[{}] {who}: {}", moment_words(it.at), it.text));
    }
    rows.push(String::new());
    rows.push(
        "Contiene dati personali: usarli solo per rispondere, e cancellare questo messaggio dopo. \
         Si risponde dallo sportello di Filo Diretto."
            .to_owned(),
    );
    (format!("{}: conversazione inoltrata", line.service), rows.join("\n"))
}

/// What waits as the office opens; `since` are the beginnings of the waits.
pub fn list_mail(line: &Line, waits: &[Wait], now: Timestamp) -> (String, String) {
    let overdue =
        waits.iter().filter(|it| due_at(it.since, line).is_some_and(|due| due <= now)).count();
    let unread = waits.iter().filter(|it| it.unread).count();
    let oldest = waits.iter().map(|it| it.since).min();
    let mut rows = vec![format!("Conversazioni che aspettano una risposta: {}", waits.len())];
    rows.push(format!("- non lette: {unread}"));
    rows.push(format!("- oltre il tempo di risposta: {overdue}"));
    if let Some(at) = oldest {
        rows.push(format!("- la più vecchia è arrivata {}", moment_words(at)));
    }
    rows.push(WHERE.to_owned());
    (format!("{}: che cosa aspetta oggi", line.service), rows.join("\n"))
}

#[cfg(test)]
mod tests;
