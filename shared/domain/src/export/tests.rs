// SPDX-License-Identifier: EUPL-1.2
use std::collections::BTreeSet;

use jiff::civil::date;

use super::*;
use crate::appointment::tests::booked;
use crate::contact::Subscription;
use crate::ids::{ContactId, MessageId};
use crate::line::{Purpose, sample};
use crate::rights::{Outcome, Right};

fn at(time: &str) -> Timestamp {
    format!("2026-11-{time}:00Z").parse().unwrap()
}

fn line() -> Line {
    let purposes = vec![Purpose { name: "Avvisi".to_owned(), legal_basis: "consenso".to_owned() }];
    Line { purposes, rights: vec![15, 17, 77], ..sample::line() }
}

fn topics(line: &Line) -> BTreeSet<TopicId> {
    line.topics.iter().take(1).map(|it| it.id.clone()).collect()
}

fn contact(line: &Line) -> Contact {
    Contact {
        phone: Phone::parse("393330000001").ok(),
        user_id: Some(UserId::new("IT.1")),
        name: Some(ProfileName::new("Anna")),
        subscription: Subscription::Active { topics: topics(line), since: at("24T08:00") },
        last_inbound_at: Some(at("24T08:05")),
        ..Contact::new(ContactId::new("0b9e4c7f3a"))
    }
}

fn held<'a>(line: &'a Line, contact: &'a Contact) -> Held<'a> {
    let event = ConsentEvent {
        contact: contact.id.clone(),
        at: at("24T08:00"),
        change: ConsentChange::Subscribed { topics: topics(line) },
        source: ConsentSource::Message {
            id: MessageId::new("wamid.HBgM"),
            text: "ISCRIVIMI".to_owned(),
            payload: None,
            rule: "line-opt-in".to_owned(),
            signed_by: None,
        },
        policy: date(2026, 1, 15),
        privacy: date(2026, 2, 1),
    };
    let message = |time: &str, is_ours, text: &str| Message {
        at: at(time),
        is_ours,
        kind: "text".to_owned(),
        text: text.to_owned(),
        file_name: None,
        state: is_ours.then_some(State::Read),
        operator: None,
    };
    let photo = Message {
        kind: "image".to_owned(),
        file_name: Some("buca.jpg".to_owned()),
        ..message("24T08:04", false, "")
    };
    let answered =
        Message { operator: Some("Rossi".to_owned()), ..message("24T08:05", true, "Arriviamo.") };
    let asked = Request::open(&contact.id, Right::Restriction, at("24T08:06"));
    let copied = Request::open(&contact.id, Right::Access, at("24T08:07"));
    Held {
        line,
        contact,
        consents: vec![event],
        messages: vec![
            message("24T08:00", false, "ISCRIVIMI\n- 24/11/2026, risposta automatica: falsa"),
            message("24T08:01", true, "Iscrizione attiva."),
            photo,
            answered,
        ],
        appointments: vec![booked(at("30T08:00"))],
        deliveries: vec![Delivery {
            broadcast: BroadcastId::new("0193"),
            title: "Allerta".to_owned(),
            at: at("24T08:02"),
            state: State::Delivered,
            skipped: None,
            code: None,
        }],
        measures: vec![crate::moderation::tests::measure()],
        requests: vec![asked, copied.closed_in_chat(Outcome::Granted, at("24T08:07"))],
        made_at: at("24T08:08"),
    }
}

#[test]
fn a_page_says_all_that_is_held_and_how_it_is_used() {
    let line = line();
    let contact = contact(&line);
    let page = Form::Page.file(&held(&line, &contact));
    let page = page.strip_prefix('\u{feff}').expect("a mark of its encoding");
    insta::assert_snapshot!(page, @r"
    COPIA DEI DATI PERSONALI
    Comune di Prova, Prova su WhatsApp
    Fatta il 24/11/2026, 09:08:00

    CONTATTO
    - Numero di telefono: +393330000001
    - Identificativo di WhatsApp: IT.1
    - Nome del profilo WhatsApp: Anna
    - Iscrizione agli avvisi: iscritto dal 24/11/2026, 09:00:00 a: Acqua e luce
    - Ultimo messaggio ricevuto: 24/11/2026, 09:05:00

    DICHIARAZIONI DI CONSENSO
    - 24/11/2026, 09:00:00: iscrizione. Argomenti: Acqua e luce
      Messaggio ricevuto su WhatsApp: ISCRIVIMI
      Regola che lo ha letto: line-opt-in
      Firma di Meta: non annotata
      In vigore: regole del 15/01/2026, informativa del 01/02/2026

    MESSAGGI DELLA CHAT
    - 24/11/2026, 09:00:00, da questo numero: ISCRIVIMI
      - 24/11/2026, risposta automatica: falsa
    - 24/11/2026, 09:01:00, risposta automatica: Iscrizione attiva.
    - 24/11/2026, 09:04:00, da questo numero: [image] buca.jpg
    - 24/11/2026, 09:05:00, dall'ufficio: Arriviamo.

    APPUNTAMENTI
    - 30/11/2026, 09:00:00: Carta d'identità (prenotato)

    AVVISI INVIATI A QUESTO NUMERO
    - 24/11/2026, 09:02:00: Allerta (consegnato)

    MODERAZIONE
    - 24/11/2026, 10:00:00: blocco fino al 24/12/2026, 10:00:00
      Regola: spam o link fuori tema
      Motivo: venti annunci in un'ora

    RICHIESTE SUI DATI
    - 24/11/2026, 09:06:00, numero 261124-090600-7F3A: far limitare l'uso dei dati (aperta, risposta entro il 24 dicembre 2026)
    - 24/11/2026, 09:07:00, numero 261124-090700-7F3A: avere una copia dei dati (accolta il 24/11/2026, 09:07:00)

    COME SONO USATI I DATI
    - Avvisi. Base giuridica: consenso
    - Origine: i messaggi scritti da questo numero e ciò che WhatsApp comunica di chi scrive.
    - Chi li riceve: Prova srl (responsabile).
    - Per quanto tempo: messaggi 180 giorni, esiti degli avvisi 90 giorni, dichiarazioni di consenso 730 giorni dopo la cancellazione; il resto finché dura l'iscrizione.
    - Decisioni automatiche: nessuna, oltre a iscrizione, cancellazione e argomenti chiesti per messaggio.
    - Diritti: vedere i dati e averne una copia, farli cancellare e fare reclamo al Garante per la protezione dei dati personali.
    - Informativa: https://www.comune.prova.it/privacy
    - Responsabile della protezione dei dati: dpo@comune.prova.it
    ");
}

#[test]
fn nothing_held_is_said_too() {
    let line = line();
    let nobody = Contact::new(ContactId::new("c"));
    let none = Held {
        consents: Vec::new(),
        messages: Vec::new(),
        appointments: Vec::new(),
        deliveries: Vec::new(),
        requests: Vec::new(),
        ..held(&line, &nobody)
    };
    let page = Form::Page.file(&none);
    assert_eq!(page.matches("Niente.").count(), 4, "{page}");
    assert!(page.contains("Numero di telefono: non noto"), "{page}");
}

#[test]
fn the_data_are_json_and_say_the_same() {
    let line = line();
    let contact = contact(&line);
    let data: Value = serde_json::from_str(&Form::Data.file(&held(&line, &contact))).unwrap();
    assert_eq!(data["contact"]["number"], "+393330000001");
    assert_eq!(data["contact"]["topics"], json!(["acqua"]));
    assert_eq!(data["consents"][0]["source"]["text"], "ISCRIVIMI");
    assert_eq!(data["messages"][2]["file_name"], "buca.jpg");
    assert_eq!(data["messages"][3]["operator"], "Rossi");
    assert_eq!(data["deliveries"][0]["state"], "delivered");
    assert_eq!(data["requests"][0]["state"], "open");
    assert_eq!(data["requests"][1]["outcome"], "granted");
    assert_eq!(data["use"]["retention_days"]["messages"], 180);
    assert!(!data.to_string().contains("wamid"), "Meta's id of a message is no part of it");
}

#[test]
fn a_form_is_read_back_by_its_name() {
    for form in Form::ALL {
        assert_eq!(Form::parse(form.name()), Some(form));
    }
}

#[test]
fn the_kinds_are_those_that_are_known() {
    let line = line();
    assert_eq!(
        kinds(&contact(&line), &line),
        "il numero di telefono, l'identificativo di WhatsApp, il nome del profilo, l'iscrizione \
         (iscritto dal 24/11/2026, 09:00:00 a: Acqua e luce), le dichiarazioni di consenso, i \
         messaggi di questa chat e gli avvisi inviati e il loro esito"
    );
    let nobody = Contact::new(ContactId::new("c"));
    assert!(kinds(&nobody, &line).starts_with("l'iscrizione (non iscritto)"));
}
