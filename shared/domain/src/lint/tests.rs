// SPDX-License-Identifier: EUPL-1.2

use proptest::prelude::*;

use super::*;
use crate::line::{Address, HeaderFormat, sample};

fn template(body: &str) -> Template {
    let parameters = Template::names_in(body);
    Template {
        name: "strada_chiusa".to_owned(),
        language: "it".to_owned(),
        category: Category::Utility,
        topic: None,
        header: None,
        header_media: None,
        body: body.to_owned(),
        footer: Some("Per non ricevere più avvisi scrivi {cancellazione}".to_owned()),
        examples: parameters.iter().map(|it| (it.clone(), "qualcosa".to_owned())).collect(),
        parameters,
        valid_hours: None,
        quick_reply: None,
    }
}

const GOOD: &str = "Avviso {del_ente}: {{strada}} è chiusa. Quando: {{quando}}. Per saperne di più \
                    visita {{pagina}} oppure scrivici qui.";

fn rules(findings: &[Finding], level: Level) -> Vec<String> {
    let found = findings.iter().filter(|it| it.level == level);
    found.map(|it| format!("{} {}", it.at, it.rule)).collect()
}

fn errors(template: &Template) -> Vec<String> {
    rules(&super::template(template, &sample::line()), Level::Error)
}

/// Rules that a value of the good template breaks, without those about the whole.
fn of_value(value: &str, line: &Line) -> Vec<String> {
    let findings = plain::words(value, "", line);
    findings.iter().map(|it| it.rule.to_owned()).collect()
}

#[test]
fn a_good_template_has_nothing_to_change() {
    assert_eq!(super::template(&template(GOOD), &sample::line()), []);
}

#[test]
fn what_meta_refuses_is_an_error_with_its_place() {
    let long = format!("{GOOD} {}", "parola ".repeat(150));
    let with = |change: fn(&mut Template)| {
        let mut it = template(GOOD);
        change(&mut it);
        it
    };
    let number_after = "Da {{2}} a {{1}} la strada è chiusa per lavori in corso, scrivici qui.";
    for (what, it, want) in [
        ("no name", with(|it| it.name.clear()), "/name name"),
        ("capitals in the name", with(|it| it.name = "Strada".to_owned()), "/name name"),
        ("no such language", with(|it| it.language = "italiano".to_owned()), "/language language"),
        ("empty", template(""), "/body empty"),
        ("long body", template(&long), "/body too-long"),
        ("long header", with(|it| it.header = Some("x".repeat(61))), "/header too-long"),
        ("long footer", with(|it| it.footer = Some("x".repeat(61))), "/footer too-long"),
        (
            "header that changes",
            with(|it| it.header = Some("Da {{quando}}".to_owned())),
            "/header parameter-place",
        ),
        (
            "header in two rows",
            with(|it| it.header = Some("Strada\nchiusa".to_owned())),
            "/header line-break",
        ),
        ("bold header", with(|it| it.header = Some("*Ora*".to_owned())), "/header formatting"),
        (
            "picture in the footer",
            with(|it| it.footer = Some("Ciao 🚧".to_owned())),
            "/footer emoji",
        ),
        ("begins with a part", template(&format!("{{{{a}}}} {GOOD}")), "/body at-the-edge"),
        ("ends with a part", template(&format!("{GOOD} Da {{{{a}}}}")), "/body at-the-edge"),
        ("and a full stop", template(&format!("{GOOD} Da {{{{a}}}}.")), "/body at-the-edge"),
        ("two at once", template(&format!("Via {{{{a}}}} {{{{b}}}}. {GOOD}")), "/body adjacent"),
        ("capital", template(&GOOD.replace("quando", "Quando")), "/body parameter-name"),
        ("order", template(number_after), "/body parameter-order"),
        ("few words", template("Avviso: {{testo}}, grazie."), "/body few-words"),
        ("blank rows", template(&GOOD.replace(". Quando", ".\n\n\nQuando")), "/body blank-rows"),
        ("spaces", template(&GOOD.replace(". Q", ".     Q")), "/body spaces"),
        ("selling", template(&format!("{GOOD} Non perdere lo sconto!")), "/body selling"),
        ("short link", template(&format!("{GOOD} https://bit.ly/x")), "/body short-link"),
        ("unknown word", template(&format!("{GOOD} {{citta}}")), "/body placeholder"),
        ("no example", with(|it| it.examples.clear()), "/examples/quando example"),
        (
            "example of nothing",
            with(|it| drop(it.examples.insert("dove".to_owned(), "qui".to_owned()))),
            "/examples/dove example",
        ),
        ("long button", with(|it| it.quick_reply = Some("x".repeat(26))), "/quick_reply too-long"),
        ("button", with(|it| it.quick_reply = Some("Sì 👍".to_owned())), "/quick_reply button"),
    ] {
        assert!(errors(&it).contains(&want.to_owned()), "{what}: {:?}", errors(&it));
    }
    assert!(errors(&template(GOOD)).is_empty());
}

#[test]
fn on_top_are_words_or_a_file() {
    let pictured = Template { header_media: Some(HeaderFormat::Image), ..template(GOOD) };
    assert!(errors(&pictured).is_empty());
    let both = Template { header: Some("Avviso".to_owned()), ..pictured };
    assert_eq!(errors(&both), ["/header_media header-twice"]);
}

#[test]
fn an_invitation_may_be_marketing() {
    let it = template(&format!("{GOOD} Ti aspettiamo!"));
    assert_eq!(errors(&it), ["/body selling"]);
    assert!(errors(&Template { category: Category::Marketing, ..it }).is_empty());
}

#[test]
fn words_that_are_hard_to_read_have_easier_ones() {
    for (value, want) in [
        ("la strada è chiusa", ""),
        (
            "Si comunica che la strada è chiusa",
            "bureaucratic: toglilo, e di' subito che cosa cambia",
        ),
        ("entro e non oltre il 30 novembre", "bureaucratic: scrivi «entro il»"),
        ("presso il municipio", "bureaucratic: scrivi «al»"),
        ("Qualora piova", "bureaucratic: scrivi «se»"),
        ("per inoltrare l'istanza", "bureaucratic: scrivi «fare domanda»"),
        ("possono usufruirne tutti", "bureaucratic: scrivi «usare»"),
        ("la piazza chiusa al TRAFFICO", "capitals: scrivi «traffico»"),
        ("ufficio del RUP", "acronym: scrivila per esteso"),
        ("la rata della TARI e l'IMU", ""),
        ("scrivi ESCO o ARGOMENTI", ""),
        ("in piazza XX Settembre", ""),
        ("in p.zza Roma", "abbreviation: scrivi «piazza»"),
        ("chiuso nei gg. festivi", "abbreviation: scrivi «giorni»"),
        ("il 3/4/26 dalle 9.30", "digits: scrivi «3 aprile 2026»"),
        ("il 12.11.2026", "digits: scrivi «12 novembre 2026»"),
        ("dalle 9.30 alle 10:15", ""),
        (
            "domani la scuola è chiusa",
            "relative-day: scrivi il giorno e la data: «lunedì 30 novembre»",
        ),
        ("domani, sabato 28 novembre", ""),
        ("attenzione 🚧 lavori", "emoji: lasciane uno solo, alla fine di una riga, o nessuno"),
        ("lavori in corso 🚧", ""),
        ("chiami l'ufficio", "address: rivolgiti alle persone sempre con il tu"),
        ("un * solo", "asterisk: toglilo, o mettine due attorno alle parole"),
    ] {
        let findings = plain::words(value, "", &sample::line());
        let got: Vec<_> = findings.iter().map(|it| format!("{}: {}", it.rule, it.remedy)).collect();
        assert_eq!(got.join(" | "), want, "{value}");
    }
    let line = Line { address: Address::Lei, ..sample::line() };
    assert_eq!(of_value("scrivi all'ufficio", &line), ["address"]);
    assert_eq!(of_value("scriva all'ufficio", &line), [""; 0]);
}

#[test]
fn a_message_points_at_what_the_office_wrote() {
    let values: BTreeMap<String, String> = [
        ("strada", "via Roma, con decorrenza dal 2/12,"),
        ("quando", "fino a\nnuovo avviso"),
        ("pagina", "comune.prova.it"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let findings = message(&template(GOOD), &values, &sample::line());
    let all: Vec<_> = findings.iter().map(|it| format!("{} {}", it.at, it.sentence())).collect();
    insta::assert_snapshot!(all.join("\n"), @r"
    /message/template/parameters/quando «quando» va a capo o contiene una tabulazione: scrivi il testo su una riga sola.
    /message/template/parameters/strada «con decorrenza dal» è linguaggio d'ufficio: scrivi «dal».
    /message/template/parameters/strada «2/12» si legge in più modi: scrivi «2 dicembre».
    ");
}

#[test]
fn a_message_says_when_where_and_whom_to_ask() {
    let it = template("Avviso {del_ente}: {{che_cosa}}. Grazie per la collaborazione.");
    for (value, want) in [
        ("manca l'acqua in via Roma sabato 28 novembre, sito comune.prova.it", ""),
        ("manca l'acqua in via Roma, sito comune.prova.it", "no-date"),
        ("sabato 28 novembre manca l'acqua, chiama il numero 0123 456789", "no-place"),
        ("sabato 28 novembre manca l'acqua in via Roma", "no-contact"),
        ("manca l'acqua dalle 9:30 in piazza, chiama l'URP", ""),
    ] {
        let values = BTreeMap::from([("che_cosa".to_owned(), value.to_owned())]);
        let findings = message(&it, &values, &sample::line());
        let got: Vec<_> = findings.iter().map(|it| it.rule).collect();
        assert_eq!(got.join(" "), want, "{value}");
    }
}

#[test]
fn long_sentences_are_to_be_divided() {
    let value = "la strada è chiusa e il traffico passa da via Roma e da via Milano e da via \
                 Torino e da via Genova e da via Napoli fino a sabato 28 novembre alle 9";
    let values = BTreeMap::from([
        ("strada".to_owned(), value.to_owned()),
        ("quando".to_owned(), "sabato 28 novembre".to_owned()),
        ("pagina".to_owned(), "comune.prova.it".to_owned()),
    ]);
    let findings = message(&template(GOOD), &values, &sample::line());
    assert_eq!(rules(&findings, Level::Warning)[0], "/message/template long-sentence");
    // An address and an hour end no sentence.
    let split = plain::sentences("Vai su www.comune.prova.it alle 9.30. Grazie", "");
    assert_eq!(split, []);
}

#[test]
fn every_row_of_the_list_of_words_is_one() {
    for row in include_str!("bureaucratic.tsv").lines() {
        let (phrase, plain) = row.split_once('\t').unwrap_or_else(|| panic!("{row}"));
        assert!(!phrase.trim().is_empty() && !plain.trim().is_empty(), "{row}");
        let whole = phrase.trim_end_matches('*');
        assert!(plain::phrase_in(&format!("Qui {whole} qui"), phrase).is_some(), "{row}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(body in "\\PC{0,200}", value in "\\PC{0,80}", name in "[a-zA-Z_0-9 ]{0,5}") {
        let body = format!("{body} {{{{{name}}}}} {body}");
        let it = template(&body);
        super::template(&it, &sample::line());
        message(&it, &BTreeMap::from([(name, value)]), &sample::line());
    }
}
