// SPDX-License-Identifier: EUPL-1.2
//! Lines to read messages for.

use std::collections::BTreeMap;

use domain::ids::{AppId, LineId, PhoneNumberId, TopicId};
use domain::line::{
    Address, Category, Comune, Line, MediaRules, Moderation, Office, Published, Retention, SendBy,
    Topic,
};
use jiff::civil::date;

fn line(comune: &str, service: &str, keywords: [&str; 2], topics: Vec<Topic>) -> Line {
    let published =
        Published { date: date(2024, 3, 1), url: "https://example.org".to_owned(), sha256: None };
    Line {
        id: LineId::new("line"),
        comune: Comune {
            name: format!("Comune di {comune}"),
            of_name: format!("del Comune di {comune}"),
            ipa_code: "c_x000".to_owned(),
        },
        service: service.to_owned(),
        purposes: Vec::new(),
        app: AppId::new("default"),
        phone_number_id: PhoneNumberId::new("100"),
        messaging_account_id: "200".to_owned(),
        portfolio: None,
        display_number: "+39 333 000 0000".to_owned(),
        rate: 80,
        reserve: 10,
        opt_in: vec![keywords[0].to_owned()],
        opt_out: vec![keywords[1].to_owned()],
        chat_needs_subscription: false,
        double_opt_in: false,
        topics,
        templates: Vec::new(),
        hours: None,
        patron_day: None,
        quiet_hours: None,
        address: Address::Tu,
        office: Office::default(),
        services: Vec::new(),
        texts: BTreeMap::new(),
        media: MediaRules::default(),
        moderation: Moderation::default(),
        policy: published.clone(),
        privacy: published,
        accept_again: false,
        declared_lists: false,
        rights: Vec::new(),
        recipients: Vec::new(),
        retention: Retention {
            inactivity_days: None,
            consent_days: 365,
            chat_days: 365,
            media_days: 30,
            delivery_days: 90,
            audit_days: 730,
        },
        monthly_budget_eur: None,
        needs_approval: false,
        desk: domain::line::Desk::default(),
        authoring: domain::line::Authoring::default(),
    }
}

fn topic(id: &str, name: &str, words: &[&str]) -> Topic {
    Topic {
        id: TopicId::new(id),
        name: name.to_owned(),
        description: None,
        category: Category::Utility,
        on_by_default: true,
        send: SendBy::Paid,
        zone_of: None,
        words: words.iter().map(|&it| it.to_owned()).collect(),
    }
}

/// With a topic of alerts.
pub(crate) fn pordenone() -> Line {
    let topics = vec![
        topic("servizi", "Servizi comunali", &[]),
        topic("scadenze", "Scadenze", &[]),
        topic("eventi", "Eventi in città", &["manifestazioni", "spettacoli"]),
        topic("utilita", "Pubblica utilità", &["avvisi"]),
        topic("allerte", "Allerte ed emergenze", &["meteo", "allerta", "protezione civile"]),
    ];
    line("Pordenone", "WhatsApp del Comune di Pordenone", ["ISCRIVIMI", "CANCELLAMI"], topics)
}

/// With its one topic called as the service is.
pub(crate) fn barberino() -> Line {
    line(
        "Barberino di Mugello",
        "Servizi demografici: filo diretto su WhatsApp",
        ["iscrizione", "cancellazione"],
        vec![topic("demografici", "Servizi demografici", &[])],
    )
}

/// The topics of `infra/lines/pordenone.toml`.
pub(crate) fn pordenone_as_filed() -> Line {
    let topics = vec![
        topic("servizi", "Servizi comunali", &["servizio", "uffici", "sportelli"]),
        topic("scadenze", "Scadenze", &["scadenza", "termini"]),
        topic("eventi", "Eventi in città", &["evento", "manifestazioni", "spettacoli"]),
        topic("utilita", "Pubblica utilità", &["utilità", "emergenze", "allerte", "viabilità"]),
    ];
    line("Pordenone", "WhatsApp del Comune di Pordenone", ["ISCRIVIMI", "CANCELLAMI"], topics)
}

/// The topic of `infra/lines/barberino-demografici.toml`.
pub(crate) fn barberino_as_filed() -> Line {
    let topics = vec![topic("novita", "Novità dell'ufficio", &["novità", "news", "aggiornamenti"])];
    Line {
        chat_needs_subscription: true,
        address: Address::Lei,
        ..line(
            "Barberino di Mugello",
            "Servizi Demografici: filo diretto su WhatsApp",
            ["iscrizione", "cancellazione"],
            topics,
        )
    }
}
