// SPDX-License-Identifier: EUPL-1.2
//! One person's proof of consent: what they said, when, and where it stands in the ledger.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::contact::{
    AskedBy, ConsentChange, ConsentEvent, ConsentSource, Contact, Subscription, ToldBy,
};
use crate::hours::ROME;
use crate::ids::TopicId;
use crate::ledger::{Entry, Head};
use crate::line::Line;
use crate::phone::Phone;

/// Everything that a proof is made of.
pub struct Proof<'a> {
    pub line: &'a Line,
    pub contact: &'a Contact,
    /// Oldest first.
    pub events: Vec<(ConsentEvent, Standing)>,
    /// Where the line's ledger ends.
    pub head: Head,
    pub made_at: Timestamp,
}

/// Where an event stands in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The night will seal it, unless it is from before there was a ledger.
    Waiting,
    Sealed(Entry),
    /// This entry is not of the event, or is not there.
    Broken {
        number: u64,
    },
}

/// What Meta's id of a message would tell.
const NO_MESSAGE_ID: &str = "L'identificativo che WhatsApp dà a ogni messaggio è conservato con la \
                             dichiarazione e fa parte del sigillo. Qui non compare perché contiene \
                             il numero di telefono.";

const HOW_SEALED: &str = "Ogni notte le dichiarazioni nuove entrano nel registro dei consensi della \
                          linea. Ogni voce contiene l'impronta (SHA-256) di una dichiarazione e \
                          quella della voce precedente: chi cambia, toglie o sposta qualcosa rompe \
                          la catena. L'ufficio può verificare il registro intero in ogni momento.";

const STYLE: &str = "body{font-family:sans-serif;line-height:1.5;max-width:48rem;margin:2rem auto;\
                     padding:0 1rem;color:#17324d;background:#fff}section{border-top:1px solid \
                     #5b6f82;margin-top:1.5rem}dt{font-weight:bold;margin-top:.5rem}dd{margin:0;\
                     overflow-wrap:anywhere}";

/// The proof as a page that needs nothing else: to be kept, printed or handed over.
pub fn page(it: &Proof<'_>) -> String {
    let line = it.line;
    let mut page = format!(
        "<!doctype html>\n<html lang=\"it\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Prova del consenso</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>Prova del consenso</h1>\n<p>{}, {}</p>\n",
        escaped(&line.comune.name),
        escaped(&line.service),
    );
    let number = it.contact.phone.as_ref().map_or("non noto".to_owned(), Phone::masked);
    list(
        &mut page,
        &[
            ("Numero di telefono", number),
            ("Oggi", standing(it.contact, line)),
            ("Pagina fatta il", moment(it.made_at)),
        ],
    );
    page.push_str("<h2>Dichiarazioni</h2>\n");
    if it.events.is_empty() {
        page.push_str("<p>Nessuna dichiarazione è conservata.</p>\n");
    }
    for (event, stands) in &it.events {
        writeln!(page, "<section>\n<h3>{}: {}</h3>", moment(event.at), change(&event.change))
            .expect(WRITES);
        let mut rows = Vec::new();
        if let Some(topics) = event.change.topics() {
            rows.push(("Argomenti", names(topics, line)));
        }
        rows.extend(source(&event.source));
        rows.push(("Regole della chat in vigore", format!("versione del {}", day(event.policy))));
        rows.push(("Informativa in vigore", format!("versione del {}", day(event.privacy))));
        rows.extend(seal(stands));
        list(&mut page, &rows);
        page.push_str("</section>\n");
    }
    write!(
        page,
        "<h2>Come si verifica</h2>\n<p>{HOW_SEALED}</p>\n<p>Alla data di questa pagina il registro \
         ha {} voci; l'ultima impronta è {}.</p>\n<p>{NO_MESSAGE_ID}</p>\n</main>\n</body>\n\
         </html>\n",
        it.head.number, it.head.hash,
    )
    .expect(WRITES);
    page
}

const WRITES: &str = "writing to a string succeeds";

/// A list of names and values; what people wrote is kept from turning into markup, or from turning
/// the text around it.
fn list(page: &mut String, rows: &[(&str, String)]) {
    page.push_str("<dl>\n");
    for (name, value) in rows {
        writeln!(page, "<dt>{name}</dt><dd><bdi>{}</bdi></dd>", escaped(value)).expect(WRITES);
    }
    page.push_str("</dl>\n");
}

/// Text as it may stand in a page.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// `24/11/2026, 09:00:03`, in Rome.
pub(crate) fn moment(at: Timestamp) -> String {
    at.to_zoned(ROME.clone()).strftime("%d/%m/%Y, %H:%M:%S").to_string()
}

pub(crate) fn day(date: Date) -> String {
    date.strftime("%d/%m/%Y").to_string()
}

pub(crate) fn standing(contact: &Contact, line: &Line) -> String {
    match &contact.subscription {
        Subscription::Never => "non iscritto".to_owned(),
        Subscription::Active { topics, since } => {
            format!("iscritto dal {} a: {}", moment(*since), names(topics, line))
        }
        Subscription::Ended { at } => format!("cancellato dal {}", moment(*at)),
    }
}

pub(crate) fn names<'a>(topics: impl IntoIterator<Item = &'a TopicId>, line: &Line) -> String {
    let name = |it: &'a TopicId| line.topic(it).map_or(it.as_str(), |it| &it.name).to_owned();
    let names: Vec<_> = topics.into_iter().map(name).collect();
    if names.is_empty() { "nessuno".to_owned() } else { names.join(", ") }
}

pub(crate) fn change(it: &ConsentChange) -> &'static str {
    match it {
        ConsentChange::Subscribed { .. } => "iscrizione",
        ConsentChange::TopicsChosen { .. } => "scelta degli argomenti",
        ConsentChange::Unsubscribed => "cancellazione",
        ConsentChange::PolicyAccepted => "accettazione delle nuove regole",
        ConsentChange::MarketingStopped { .. } => "stop ai messaggi promozionali",
        ConsentChange::MarketingResumed => "ripresa dei messaggi promozionali",
        ConsentChange::Outdated { .. } => "richiesta superata da una più recente, senza effetto",
    }
}

pub(crate) fn source(it: &ConsentSource) -> Vec<(&'static str, String)> {
    match it {
        ConsentSource::Message { text, payload, rule, signed_by, .. } => {
            let mut rows = vec![("Messaggio ricevuto su WhatsApp", text.clone())];
            rows.extend(payload.clone().map(|it| ("Pulsante premuto", it)));
            rows.push(("Regola che lo ha letto", rule.clone()));
            let signature = match signed_by {
                Some(app) => format!("verificata alla ricezione (app {app})"),
                None => "non annotata".to_owned(),
            };
            rows.push(("Firma di Meta", signature));
            rows
        }
        ConsentSource::Operator { who, channel, proof } => {
            let mut rows = Vec::new();
            rows.extend(channel.map(|it| ("Chiesto", asked(it).to_owned())));
            rows.push(("Registrato da", who.clone()));
            rows.push(("Prova", proof.clone()));
            rows
        }
        ConsentSource::Button { told_by } => {
            let told = match told_by {
                ToldBy::Webhook => "pulsante di WhatsApp, comunicato da Meta",
                ToldBy::Refusal => "pulsante di WhatsApp, dedotto dal rifiuto di un messaggio",
            };
            vec![("Origine", told.to_owned())]
        }
    }
}

fn asked(by: AskedBy) -> &'static str {
    match by {
        AskedBy::Paper => "su carta",
        AskedBy::Counter => "allo sportello",
        AskedBy::Email => "per e-mail",
        AskedBy::Phone => "al telefono",
    }
}

fn seal(stands: &Standing) -> Vec<(&'static str, String)> {
    match stands {
        Standing::Waiting => vec![("Sigillo", "non ancora nel registro".to_owned())],
        Standing::Sealed(entry) => vec![
            (
                "Sigillo",
                format!(
                    "voce {} del registro, sigillata il {}: la dichiarazione corrisponde",
                    entry.number,
                    moment(entry.sealed_at)
                ),
            ),
            ("Impronta della dichiarazione", entry.commitment.to_string()),
            ("Impronta della voce precedente", entry.previous.to_string()),
            ("Impronta della voce", entry.hash.to_string()),
        ],
        Standing::Broken { number } => vec![(
            "Sigillo",
            format!("ATTENZIONE: la dichiarazione non corrisponde alla voce {number} del registro"),
        )],
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::ids::{AppId, ContactId, LineId, MessageId};
    use crate::ledger::{Salt, commitment};
    use crate::line::sample;

    fn at(time: &str) -> Timestamp {
        format!("2026-11-{time}:00Z").parse().unwrap()
    }

    fn event(change: ConsentChange, source: ConsentSource) -> ConsentEvent {
        ConsentEvent {
            contact: ContactId::new("c"),
            at: at("24T08:00"),
            change,
            source,
            policy: date(2026, 1, 15),
            privacy: date(2026, 2, 1),
        }
    }

    fn message(text: &str, payload: Option<&str>) -> ConsentSource {
        ConsentSource::Message {
            id: MessageId::new("wamid.HBgM"),
            text: text.to_owned(),
            payload: payload.map(str::to_owned),
            rule: "line-opt-in".to_owned(),
            signed_by: Some(AppId::new("default")),
        }
    }

    fn on_paper() -> ConsentSource {
        ConsentSource::Operator {
            who: "Sportello URP".to_owned(),
            channel: Some(AskedBy::Paper),
            proof: "Modulo firmato, protocollo 1234".to_owned(),
        }
    }

    fn page_of(events: Vec<(ConsentEvent, Standing)>, head: Head) -> String {
        let line = sample::line();
        let contact = Contact {
            phone: Phone::parse("393330000001").ok(),
            subscription: Subscription::Ended { at: at("24T09:00") },
            ..Contact::new(ContactId::new("c"))
        };
        let made_at = at("25T08:00");
        page(&Proof { line: &line, contact: &contact, events, head, made_at })
    }

    /// The page as it is read, without its markup.
    fn read(page: &str) -> String {
        let body = page.split_once("<main>").unwrap().1;
        let body = body.replace("</dt><dd>", ": ");
        let mut text = String::new();
        let mut in_tag = false;
        for c in body.chars() {
            match c {
                '<' => in_tag = true,
                '>' => in_tag = false,
                c if !in_tag => text.push(c),
                _ => {}
            }
        }
        let lines = text.lines().filter(|it| !it.is_empty());
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_page_says_what_was_said_and_where_it_stands() {
        let topics = sample::line().topics.iter().map(|it| it.id.clone()).collect();
        let joined = event(ConsentChange::Subscribed { topics }, message("ISCRIVIMI", None));
        let line = LineId::new("x");
        let sealed = commitment(&line, &joined, &Salt::new("5a17"));
        let entry = Entry::after(Head::START, &line, sealed, "p".to_owned(), at("25T02:00"));
        let left = event(ConsentChange::Unsubscribed, on_paper());
        let head = entry.head();
        let events = vec![
            (joined, Standing::Sealed(entry)),
            (left, Standing::Waiting),
            (
                event(
                    ConsentChange::MarketingResumed,
                    ConsentSource::Button { told_by: ToldBy::Webhook },
                ),
                Standing::Broken { number: 3 },
            ),
        ];
        let page = page_of(events, head);
        insta::assert_snapshot!(read(&page), @r"
        Prova del consenso
        Comune di Prova, Prova su WhatsApp
        Numero di telefono: +39 333 ••• ••01
        Oggi: cancellato dal 24/11/2026, 10:00:00
        Pagina fatta il: 25/11/2026, 09:00:00
        Dichiarazioni
        24/11/2026, 09:00:00: iscrizione
        Argomenti: Acqua e luce, Eventi
        Messaggio ricevuto su WhatsApp: ISCRIVIMI
        Regola che lo ha letto: line-opt-in
        Firma di Meta: verificata alla ricezione (app default)
        Regole della chat in vigore: versione del 15/01/2026
        Informativa in vigore: versione del 01/02/2026
        Sigillo: voce 1 del registro, sigillata il 25/11/2026, 03:00:00: la dichiarazione corrisponde
        Impronta della dichiarazione: 4231e0b7241625be9ba1231537bb34d4c24e5957bf62ffa4f8db83a449905b20
        Impronta della voce precedente: 0000000000000000000000000000000000000000000000000000000000000000
        Impronta della voce: 7c40f2c12740a4451859ce1889a32cc19fe946867aa62768183269d89b68d2de
        24/11/2026, 09:00:00: cancellazione
        Chiesto: su carta
        Registrato da: Sportello URP
        Prova: Modulo firmato, protocollo 1234
        Regole della chat in vigore: versione del 15/01/2026
        Informativa in vigore: versione del 01/02/2026
        Sigillo: non ancora nel registro
        24/11/2026, 09:00:00: ripresa dei messaggi promozionali
        Origine: pulsante di WhatsApp, comunicato da Meta
        Regole della chat in vigore: versione del 15/01/2026
        Informativa in vigore: versione del 01/02/2026
        Sigillo: ATTENZIONE: la dichiarazione non corrisponde alla voce 3 del registro
        Come si verifica
        Ogni notte le dichiarazioni nuove entrano nel registro dei consensi della linea. Ogni voce contiene l'impronta (SHA-256) di una dichiarazione e quella della voce precedente: chi cambia, toglie o sposta qualcosa rompe la catena. L'ufficio può verificare il registro intero in ogni momento.
        Alla data di questa pagina il registro ha 1 voci; l'ultima impronta è 7c40f2c12740a4451859ce1889a32cc19fe946867aa62768183269d89b68d2de.
        L'identificativo che WhatsApp dà a ogni messaggio è conservato con la dichiarazione e fa parte del sigillo. Qui non compare perché contiene il numero di telefono.
        ");
        assert!(!page.contains("wamid"), "the number is in it");
        assert!(!page.contains("393330000001"));
    }

    #[test]
    fn what_a_person_wrote_is_text_and_nothing_else() {
        let hostile = "<script>alert('x')</script> & \"altro\" \u{202e}";
        let event = event(ConsentChange::Unsubscribed, message(hostile, Some("<b>")));
        let page = page_of(vec![(event, Standing::Waiting)], Head::START);
        assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
        let said = "<bdi>&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;altro&quot;";
        assert!(page.contains(said), "{page}");
    }

    #[test]
    fn a_page_without_any_declaration_says_so() {
        assert!(page_of(Vec::new(), Head::START).contains("Nessuna dichiarazione è conservata."));
    }
}
