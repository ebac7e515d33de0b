// SPDX-License-Identifier: EUPL-1.2
//! What a line file may get wrong, and what the office is told.

use domain::line::{Address, Category, HeaderFormat, SendBy};
use jiff::civil::Date;
use proptest::prelude::*;
use store::line_file::{Problem, parse};

/// As little as a line needs. The tests below spoil it one row at a time.
const MINIMAL: &str = r#"id = "prova"
phone_number_id = "100"
opt_in = ["ISCRIVIMI"]
opt_out = ["CANCELLAMI"]

[comune]
name = "Comune di Prova"

[[topics]]
id = "avvisi"
name = "Avvisi"

[[templates]]
name = "avviso"
body = "Avviso del Comune: {{testo}}. Buona giornata."

[policy]
url = "https://www.comune.prova.it/policy"

[privacy]
url = "https://www.comune.prova.it/privacy"
"#;

fn problems(text: &str) -> Vec<Problem> {
    parse(text).err().unwrap_or_default()
}

fn shown(text: &str) -> String {
    problems(text).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_minimal_file_has_sensible_defaults() {
    let line = parse(MINIMAL).unwrap();
    assert_eq!((line.rate, line.reserve), (80, 10));
    assert_eq!(line.app.as_str(), "default");
    assert_eq!(line.comune.of_name, "del Comune di Prova");
    assert_eq!(line.service, "Comune di Prova su WhatsApp");
    assert_eq!(line.address, Address::Tu);
    assert!(!line.chat_needs_subscription && !line.double_opt_in && !line.needs_approval);
    assert!(line.hours.is_none() && line.quiet_hours.is_none() && line.portfolio.is_none());
    assert_eq!(line.retention.inactivity_days, None);
    assert_eq!(line.retention.consent_days, 730);
    assert_eq!(line.retention.chat_days, 180);
    assert_eq!(line.retention.media_days, 30);
    assert_eq!(line.retention.delivery_days, 90);
    assert_eq!(line.media.accepted, ["image", "document"]);
    assert_eq!(line.policy.date, Date::ZERO);
    let topic = &line.topics[0];
    assert_eq!((topic.category, topic.send), (Category::Utility, SendBy::Paid));
    assert!(topic.on_by_default);
    let template = &line.templates[0];
    assert_eq!(template.language, "it");
    assert_eq!(template.parameters, ["testo"]);
    assert_eq!(template.header_media, None);
    let pictured =
        MINIMAL.replace("name = \"avviso\"", "name = \"avviso\"\nheader_media = \"image\"");
    assert_eq!(parse(&pictured).unwrap().templates[0].header_media, Some(HeaderFormat::Image));
}

#[test]
fn events_go_to_the_free_channel_unless_the_office_pays() {
    let event = MINIMAL.replace("name = \"Avvisi\"", "name = \"Eventi\"\ncategory = \"marketing\"");
    let topic = parse(&event).unwrap().topics.remove(0);
    assert_eq!((topic.category, topic.send), (Category::Marketing, SendBy::Channel));
    let paid = event.replace("\"marketing\"", "\"marketing\"\nsend = \"paid\"");
    assert_eq!(parse(&paid).unwrap().topics[0].send, SendBy::Paid);
}

/// A service with everything.
const SERVICE: &str = r#"
[[services]]
id = "carta"
name = "Carta d'identità"
duration_minutes = 20
capacity = 2
open = "Mo-Fr 09:00-12:00; PH off"
notice_hours = 48
days_ahead = 15
change_until_hours = 12
bring = ["una fototessera"]
place = "piazza della Prova 1"
remind_hours_before = 24
reminder_template = "promemoria"

[[templates]]
name = "promemoria"
body = "Promemoria del Comune: {{prestazione}}, {{quando}}, da confermare."
"#;

#[test]
fn a_service_has_its_own_hours_or_the_offices() {
    let mut line = parse(&format!("{MINIMAL}{SERVICE}")).unwrap();
    let buttons: Vec<_> = line.templates.iter().map(|it| it.quick_reply.as_deref()).collect();
    assert_eq!(buttons, [None, Some("Conferma o cambia")], "what reminds asks");
    let service = line.services.remove(0);
    assert_eq!((service.id.as_str(), service.duration_minutes, service.capacity), ("carta", 20, 2));
    assert_eq!((service.notice_hours, service.days_ahead), (48, 15));
    assert_eq!((service.change_until_hours, service.remind_hours_before), (12, Some(24)));
    assert!(service.hours.is_some());
    let short = "\n[[services]]\nid = \"a\"\nname = \"A\"\nduration_minutes = 30\n";
    let office = format!("{MINIMAL}{short}[hours]\nopen = \"Mo 09:00-12:00\"\n");
    let service = parse(&office).unwrap().services.remove(0);
    assert!(service.hours.is_none() && service.capacity == 1);
    assert_eq!((service.notice_hours, service.days_ahead), (24, 30));
    assert_eq!((service.change_until_hours, service.remind_hours_before), (0, None));
    assert!(shown(&format!("{MINIMAL}{short}")).contains("manca «open»"), "nobody knows when");
}

#[test]
fn a_service_says_what_is_wrong_with_it() {
    for (row, instead, what, remedy) in [
        ("duration_minutes = 20", "", "manca «duration_minutes»", "= 20"),
        ("duration_minutes = 20", "duration_minutes = 1", "fuori dai limiti", "da 5 a 480"),
        ("capacity = 2", "capacity = 0", "fuori dai limiti", "da 1 a 100"),
        ("open = \"Mo-Fr 09:00-12:00; PH off\"", "open = \"lunedì\"", "lunedì", "scrivi"),
        ("id = \"carta\"", "id = \"Carta\"", "«Carta»", "minuscole"),
        (
            "name = \"Carta d'identità\"",
            "name = \"Carta d'identità elettronica\"",
            "24",
            "accorcia",
        ),
        ("remind_hours_before = 24", "", "quando mandarlo", "remind_hours_before"),
        ("= \"promemoria\"\n\n", "= \"altro\"\n\n", "non c'è un modello «altro»", "[[templates]]"),
        (
            "\nbody = \"Promemoria",
            "\nheader_media = \"document\"\nbody = \"Promemoria",
            "ha in testa un documento",
            "senza «header_media»",
        ),
        ("{{quando}}", "{{giorno}}", "«{{giorno}}»", "prestazione, quando, luogo"),
        ("bring", "porta", "la voce «porta»", "bring"),
    ] {
        let spoilt = SERVICE.replacen(row, instead, 1);
        assert_ne!(spoilt, SERVICE, "{row}");
        let said = shown(&format!("{MINIMAL}{spoilt}"));
        assert!(said.contains(what) && said.contains(remedy), "{row}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let twice = format!("{MINIMAL}{SERVICE}").replace("\n[[templates]]\nname = \"promemoria\"",
        "\n[[services]]\nid = \"carta\"\nname = \"B\"\nduration_minutes = 5\nopen = \"Mo 09:00-12:00\"\n\
         \n[[templates]]\nname = \"promemoria\"");
    assert!(shown(&twice).contains("c'è già una prestazione «carta»"), "{}", shown(&twice));
}

/// A row of the minimal file, what stands there instead (for an empty row: what follows at the
/// end, from line 23 on), the line of the one problem, what it says and what to write instead.
type Case<'t> = (&'t str, &'t str, usize, &'t str, &'t str);

fn expect(cases: &[Case]) {
    let mut wrong = Vec::new();
    for (row, instead, line, what, remedy) in cases.iter().copied() {
        let text = if row.is_empty() {
            format!("{MINIMAL}\n{instead}\n")
        } else {
            assert_eq!(MINIMAL.matches(row).count(), 1, "one place for {row:?}");
            MINIMAL.replace(row, instead)
        };
        let found = problems(&text);
        let right = found.len() == 1
            && found[0].line == line
            && found[0].what.contains(what)
            && found[0].remedy.contains(remedy);
        if !right {
            wrong
                .push(format!("{instead:?} should say on line {line} {what:?}:\n{}", shown(&text)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_key_that_is_missing_unknown_or_of_another_kind() {
    expect(&[
        ("id = \"prova\"\n", "", 1, "manca «id»", "aggiungi «id = \"pordenone\"» all'inizio"),
        ("id = \"prova\"", "id = \"Prova!\"", 1, "«Prova!» non va bene", "minuscole"),
        ("id = \"prova\"", "id = 7", 1, "«id» dev'essere un testo", "«id = \"…\"»"),
        ("id = \"prova\"", "id = \"\"", 1, "«id» è vuoto", "«id = \"pordenone\"»"),
        ("id = \"prova\"", "id = \"prova\"\nratee = 3", 2, "«ratee» non esiste", "«rate»"),
        ("id = \"prova\"", "id = \"prova\"\nzzz = 3", 2, "«zzz» non esiste", "togli la riga"),
        (
            "id = \"prova\"",
            "id = \"prova\"\napp = \"A B\"",
            2,
            "«A B» non va bene come «app»",
            "«app = \"default\"»",
        ),
        ("\"100\"", "100", 2, "«phone_number_id» dev'essere un testo", "phone_number_id = \"…\""),
        ("\"100\"", "\"+39 1\"", 2, "altro oltre alle cifre", "pannello di Meta"),
        (
            "[comune]",
            "messaging_account_id = \"x1\"\n[comune]",
            6,
            "«messaging_account_id» contiene altro",
            "cifre",
        ),
        ("phone_number_id = \"100\"\n", "", 1, "manca «phone_number_id»", "all'inizio del file"),
    ]);
}

#[test]
fn phrases_that_are_missing_or_shared() {
    expect(&[
        ("opt_in = [\"ISCRIVIMI\"]\n", "", 1, "manca «opt_in»", "opt_in = [\"ISCRIVIMI\"]"),
        ("opt_in = [\"ISCRIVIMI\"]", "opt_in = []", 3, "manca la parola", "almeno una parola"),
        ("opt_in = [\"ISCRIVIMI\"]", "opt_in = \"x\"", 3, "un elenco di testi", "[\"uno\""),
        ("[\"ISCRIVIMI\"]", "[\n  \"A\",\n  5]", 5, "un elenco di soli testi", "[\"uno\""),
        (
            "[\"CANCELLAMI\"]",
            "[\"stop\", \"Iscrivimi \"]",
            4,
            "«Iscrivimi » serve sia per iscriversi sia per cancellarsi",
            "uno solo",
        ),
    ]);
}

#[test]
fn numbers_and_choices_out_of_bounds() {
    expect(&[
        ("[comune]", "rate = 0\n[comune]", 6, "«rate» vale 0", "da 1 a 1000"),
        ("[comune]", "rate = 8.5\n[comune]", 6, "non un numero con la virgola", "«rate = 1»"),
        ("[comune]", "rate = 20\nreserve = 20\n[comune]", 7, "non lascia nulla", "minore di 20"),
        (
            "[comune]",
            "chat_needs_subscription = \"no\"\n[comune]",
            6,
            "dev'essere true oppure false",
            "chat_needs_subscription = true",
        ),
        (
            "[comune]",
            "double_opt_in = 1\n[comune]",
            6,
            "dev'essere true oppure false",
            "double_opt_in = true",
        ),
        (
            "[comune]",
            "time_zone = \"Europe/Berlin\"\n[comune]",
            6,
            "«Europe/Berlin» non è disponibile",
            "Europe/Rome",
        ),
    ]);
}

#[test]
fn sections_and_what_they_hold() {
    expect(&[
        ("name = \"Comune di Prova\"", "", 6, "manca «name» in [comune]", "sotto [comune]"),
        ("[comune]\nname = \"Comune di Prova\"", "", 1, "manca «name»", "nuova sezione [comune]"),
        ("\"Comune di Prova\"", "\"Magnifica Comunità\"", 6, "manca «of_name»", "sotto [comune]"),
        (
            "name = \"Comune di Prova\"",
            "name = \"Comune di Prova\"\nnane = 1",
            8,
            "«nane»",
            "«name»",
        ),
        (
            "name = \"Comune di Prova\"",
            "name = \"Comune di Prova\"\nrate = 80",
            8,
            "«rate» non esiste in [comune]",
            "all'inizio del file",
        ),
        ("[comune]", "[comunne]\nx = 1\n[comune]", 6, "sezione [comunne] non esiste", "«comune»"),
        ("", "[[argomenti]]\nid = \"x\"", 23, "[[argomenti]] non esiste", "possibili"),
        (
            "name = \"Avvisi\"",
            "name = \"Avvisi\"\nzones = [\"Torre\", \"torre\"]",
            12,
            "la zona «torre» è vuota o c'è due volte",
            "una volta sola",
        ),
        (
            "name = \"Avvisi\"",
            "name = \"Avvisi\"\nzones = [\"Una zona dal nome troppo lungo\"]",
            12,
            "30 caratteri, il massimo è 24",
            "accorcia",
        ),
        ("[privacy]\n", "[privacy]\nrights = [15, 99]\n", 21, "l'articolo 99", "scegli tra: 7, 15"),
        ("", "[service]\naddress = \"voi\"", 24, "non può essere «voi»", "«address = \"tu\"»"),
        ("", "[office]\nemail = \"urp\"", 24, "«urp» non è un indirizzo", "email ="),
        ("", "[media]\naccepted = [\"gif\"]", 24, "«gif» non è un tipo", "image, document"),
        (
            "",
            "[[purposes]]\nname = \"Notizie\"",
            23,
            "manca «legal_basis» in [[purposes]]",
            "art. 6",
        ),
        ("", "[quiet_hours]\nfrom = \"20\"\nto = \"08:00\"", 24, "«20» non è un'ora", "20:00"),
        ("", "[quiet_hours]\nfrom = \"20:00\"", 23, "manca «to»", "08:00"),
        ("", "[hours]\nopen = \"lun-ven 9-13\"", 24, "non capisco", "09:00-13:00"),
        ("", "[hours]\npatron_day = \"San Marco\"", 24, "festa patronale", "25 aprile"),
        ("", "[budget]\nmonthly_eur = 0", 24, "«monthly_eur» vale 0", "da 1 a"),
        ("", "[approval]\nneeded = 1", 24, "«needed» dev'essere true", "needed = true"),
        ("", "[desk]\nanswer_within_hours = 0", 24, "«answer_within_hours» vale 0", "da 1 a 200"),
        ("", "[desk]\nnotify = [\"urp\"]", 24, "«urp» non è un indirizzo", "notify ="),
        ("", "[desk]\nopen = \"lun-ven 9-13\"", 24, "non capisco", "09:00-13:00"),
        ("", "[desk]\nready_template = \"Pronta!\"", 24, "nome di un modello", "minuscole"),
        ("", "[desk]\ncourtesy = \"Ciao {\"", 24, "graffa da sola", "{campo}"),
        ("", "[desk]\nopens = \"\"", 24, "«opens» non esiste in [desk]", "«open»"),
        ("", "[[desk.canned]]\nid = \"a\"\ntext = \"A\"", 23, "manca «title»", "title ="),
        (
            "",
            "[[desk.canned]]\nid = \"a\"\ntitle = \"A\"\ntext = \"{{campo}}\"",
            26,
            "due graffe",
            "«{campo}»",
        ),
        (
            "",
            "[[desk.offices]]\nid = \"a\"\nname = \"A\"\nemail = \"a@b\"",
            26,
            "«a@b» non è un indirizzo",
            "email =",
        ),
        ("", "[portfolio]\nlimit = 250", 23, "manca «id» in [portfolio]", "sotto [portfolio]"),
        ("", "[retention]\nchat_days = 1000", 24, "«chat_days» vale 1000", "da 7 a 730"),
        ("", "[retention]\ndelivery_days = 7", 24, "«delivery_days» vale 7", "da 30 a 365"),
        ("", "[retention]\nconsent_days = 30", 24, "«consent_days» vale 30", "da 180"),
        ("", "[retention]\ninactivity_days = 30", 24, "«inactivity_days»", "da 180"),
        ("", "[retention]\nmedia_days = 365", 24, "«media_days»", "da 1 a 180"),
    ]);
}

#[test]
fn a_desk_has_replies_and_offices_of_its_own() {
    let desk = r#"
[desk]
answer_within_hours = 4
notify = ["urp@comune.prova.it"]

[[desk.canned]]
id = "ferie"
title = "Ad agosto"
text = "Ad agosto rispondiamo {quando}."

[[desk.offices]]
id = "tributi"
name = "Ufficio tributi"
email = "tributi@comune.prova.it"
"#;
    let line = parse(&format!("{MINIMAL}{desk}")).unwrap();
    assert_eq!(line.desk.answer_within, jiff::SignedDuration::from_hours(4));
    assert_eq!(line.desk.canned[0].id, "ferie");
    assert_eq!(line.desk.offices[0].email, "tributi@comune.prova.it");
    assert_eq!(line.desk.ready_template, None);
    let twice = desk.replace(
        "[[desk.offices]]",
        "[[desk.canned]]\nid = \"ferie\"\ntitle = \"B\"\ntext = \"B\"\n\n[[desk.offices]]",
    );
    assert!(shown(&format!("{MINIMAL}{twice}")).contains("c'è già «ferie»"));
}

#[test]
fn addresses_and_dates() {
    let policy = "url = \"https://www.comune.prova.it/policy\"";
    expect(&[
        (
            policy,
            "url = \"http://www.comune.prova.it\"",
            18,
            "non è un indirizzo sicuro",
            "https://",
        ),
        (policy, "url = \"https://\"", 18, "non è un indirizzo sicuro", "https://"),
        (policy, "", 17, "manca «url» in [policy]", "sotto [policy]"),
        ("[policy]", "[policy]\ndate = \"4 marzo\"", 18, "«date» non è una data", "2026-11-22"),
        ("[policy]", "[policy]\ndate = \"2026-02-30\"", 18, "«date» non è una data", "2026-11-22"),
        ("[policy]", "[policy]\nsha256 = \"abc\"", 18, "SHA-256", "64 cifre"),
    ]);
}

#[test]
fn topics() {
    let name = format!("name = \"{}\"", "x".repeat(25));
    let description = format!("name = \"Avvisi\"\ndescription = \"{}\"", "x".repeat(73));
    let topic = "id = \"avvisi\"\nname = \"Avvisi\"";
    expect(&[
        ("[[topics]]\nid = \"avvisi\"\nname = \"Avvisi\"", "", 1, "manca «topics»", "[[topics]]"),
        ("id = \"avvisi\"", "", 9, "manca «id» in [[topics]]", "sotto [[topics]]"),
        ("id = \"avvisi\"", "id = \"è un avviso\"", 10, "non va bene come «id»", "senza accenti"),
        ("name = \"Avvisi\"", &name, 11, "«name» ha 25 caratteri, il massimo è 24", "almeno 1"),
        ("name = \"Avvisi\"", &description, 12, "«description» ha 73", "almeno 1"),
        (
            topic,
            "id = \"avvisi\"\nname = \"Avvisi\"\n[[topics]]\nname = \"Altri\"\nid = \"avvisi\"",
            14,
            "c'è già un argomento «avvisi»",
            "un altro id",
        ),
        (
            "name = \"Avvisi\"",
            "name = \"Avvisi\"\nsend = \"sms\"",
            12,
            "non può essere «sms»",
            "paid",
        ),
    ]);
}

#[test]
fn templates_that_meta_would_refuse() {
    let body = format!("body = \"{}\"", "x".repeat(1_025));
    let header = format!("name = \"avviso\"\nheader = \"{}\"", "x".repeat(61));
    let footer = format!("name = \"avviso\"\nfooter = \"{}\"", "x".repeat(61));
    let row_body = "body = \"Avviso del Comune: {{testo}}. Buona giornata.\"";
    let template = "name = \"avviso\"";
    expect(&[
        (template, "name = \"Avviso-1\"", 14, "«Avviso-1» non va bene", "«avviso_scadenza»"),
        (template, "name = \"avviso\"\ntopic = \"eventi\"", 15, "un argomento «eventi»", "avvisi"),
        (row_body, &body, 15, "«body» ha 1025 caratteri", "almeno 1"),
        (template, &header, 15, "«header» ha 61 caratteri", "almeno 1"),
        (template, &footer, 15, "«footer» ha 61 caratteri", "almeno 1"),
        (template, "name = \"avviso\"\nheader = \"A {{b}} c\"", 15, "non può avere", "«body»"),
        (
            template,
            "name = \"avviso\"\nheader_media = \"foto\"",
            15,
            "«header_media» non può essere «foto»",
            "«header_media = \"image\"» oppure «header_media = \"video\"»",
        ),
        (
            template,
            "name = \"avviso\"\nheader = \"Avviso\"\nheader_media = \"image\"",
            16,
            "sia un titolo sia un'immagine",
            "togli «header» oppure «header_media»",
        ),
        (template, "name = \"avviso\"\nfooter = \"a\\nb\"", 15, "«footer» va a capo", "una riga"),
        (row_body, "body = \"{{testo}} e poi\"", 15, "comincia o finisce", "prima e dopo"),
        (row_body, "body = \"Ecco: {{testo}}\"", 15, "comincia o finisce", "prima e dopo"),
        (row_body, "body = \"Da {{a}} {{b}} in poi\"", 15, "sono attaccati", "una parola tra"),
        (row_body, "body = \"Da {{Data}} in poi\"", 15, "«{{Data}}» non è un nome", "minuscole"),
        (row_body, "body = \"Il {comune} avvisa\"", 15, "«{comune}» non è", "{del_ente}"),
        (
            template,
            "name = \"avviso\"\nparameters = [\"testo\", \"dove\"]",
            15,
            "«dove» è tra i parametri ma non nel testo",
            "«{{dove}}»",
        ),
        (
            template,
            "name = \"avviso\"\nexamples = { dove = \"in piazza\" }",
            15,
            "«dove» ha un esempio ma non è nel testo",
            "togli l'esempio",
        ),
        (
            template,
            "name = \"avviso\"\nparameters = []",
            16,
            "«{{testo}}» è nel testo ma non tra i parametri",
            "alla riga 15",
        ),
        (
            template,
            "name = \"avviso\"\nbody = \"Ecco, di nuovo.\"\n[[templates]]\nname = \"avviso\"",
            17,
            "c'è già un modello «avviso» in «it»",
            "un altro nome",
        ),
        (
            template,
            "name = \"avviso\"\nfooter = \"Per uscire scrivi CANCELLAMI\"",
            15,
            "la parola «CANCELLAMI» è scritta per esteso",
            "«{cancellazione}»",
        ),
    ]);
}

#[test]
fn rewordings() {
    let text = format!("[texts]\nemergency = \"{}\"", "x".repeat(4_097));
    expect(&[
        ("", "[texts]\nwelcom = \"Ciao\"", 24, "non c'è un testo «welcom»", "«welcome»"),
        ("", "[texts]\nemergency = 112", 24, "«emergency» dev'essere un testo", "emergency ="),
        ("", "[texts]\nemergency = \"{boh}\"", 24, "il segnaposto «{boh}»", "{del_ente}"),
        ("", &text, 24, "4097 caratteri", "almeno 1"),
        ("", "[texts]\nask_question = \"Vorrei fare una domanda\"", 24, "23 caratteri", "almeno 3"),
        ("", "[texts]\nalready = \"Fatto.\"", 24, "manca «{cancellazione}»", "aggiungi"),
        ("", "[texts]\nemergency = \"Scrivi ISCRIVIMI.\"", 24, "«ISCRIVIMI»", "«{iscrizione}»"),
    ]);
}

#[test]
fn texts_that_grow_too_long_with_the_line_s_own_words() {
    let template = "name = \"avviso\"";
    expect(&[
        (
            "",
            "[texts]\nask_question = \"{del_ente}, eccoci\"",
            24,
            "«ask_question» ha 27 caratteri",
            "almeno 7",
        ),
        (
            template,
            "name = \"avviso\"\nfooter = \"Avviso {ente}, {ente}, {ente} e {ente}\"",
            15,
            "«footer» ha 74 caratteri",
            "almeno 14",
        ),
    ]);
}

#[test]
fn broken_toml() {
    expect(&[
        ("id = \"prova\"", "id = prova", 1, "un testo non è scritto bene", "virgolette"),
        ("id = \"prova\"", "id = \"prova", 1, "un testo non è scritto bene", "virgolette"),
        ("id = \"prova\"", "id = \"a\"\nid = \"b\"", 2, "c'è già", "una sola"),
        ("[comune]", "[comune", 6, "il titolo di una sezione", "«[comune]»"),
        ("[\"ISCRIVIMI\"]", "[\"A\" \"B\"]", 3, "un elenco non è scritto bene", "una virgola"),
        ("id = \"prova\"", "id \"prova\"", 1, "", "nome = "),
    ]);
}

#[test]
fn names_all_mistakes_at_once_in_the_order_of_the_file() {
    let text = MINIMAL
        .replace("id = \"prova\"", "id = \"La prova\"\nrate = \"veloce\"")
        .replace("name = \"Avvisi\"", "nome = \"Avvisi\"")
        .replace("https://www.comune.prova.it/privacy", "www.comune.prova.it");
    insta::assert_snapshot!(shown(&text), @r#"
    riga 1: «La prova» non va bene come «id» — usa al massimo 40 tra lettere minuscole senza accenti, cifre e trattini, per esempio «id = "pordenone"»
    riga 2: «rate» dev'essere un numero intero senza virgolette, non un testo — scrivi «rate = 1»
    riga 10: manca «name» in [[topics]] — aggiungi «name = "Scadenze"» sotto [[topics]]
    riga 12: la voce «nome» non esiste in [[topics]] — forse volevi scrivere «name»
    riga 22: «www.comune.prova.it» non è un indirizzo sicuro — scrivi l'indirizzo completo della pagina, che comincia con «https://»
    "#);
}

#[test]
fn toml_broken_twice_is_named_twice() {
    let text = MINIMAL.replace("id = \"prova\"", "id = prova").replace("[policy]", "[policy");
    insta::assert_snapshot!(shown(&text), @r#"
    riga 1: un testo non è scritto bene — metti le virgolette all'inizio e alla fine: «nome = "testo"»; un testo su più righe comincia e finisce con tre virgolette
    riga 17: il titolo di una sezione non è scritto bene — scrivi il nome tra parentesi quadre, da solo sulla riga: «[comune]»
    "#);
}

proptest! {
    // A failure is shown whole; there is no source folder to keep it in.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in ".*") {
        let _ = parse(&text);
    }

    /// Pieces of a real file in any order, cut anywhere.
    #[test]
    fn no_piece_of_a_file_panics(
        order in prop::collection::vec(0usize..21, 0..40),
        cut in 0usize..400,
        stray in "[\\[\\]{}\"='#\n è0-9.-]{0,12}",
    ) {
        let rows: Vec<&str> = MINIMAL.lines().collect();
        let mut text = order.iter().map(|it| rows[*it]).collect::<Vec<_>>().join("\n");
        let cut = (0..=cut.min(text.len())).rev().find(|it| text.is_char_boundary(*it)).unwrap();
        text.insert_str(cut, &stray);
        if let Err(problems) = parse(&text) {
            prop_assert!(!problems.is_empty());
            let rows = text.lines().count() + 1;
            for problem in problems {
                prop_assert!(problem.line >= 1 && problem.line <= rows);
                prop_assert!(!problem.what.is_empty() && !problem.remedy.is_empty());
            }
        }
    }
}

#[test]
fn zones_are_topics_of_their_own() {
    let zones = "name = \"Avvisi\"\nzones = [\"Torre\", \"Borgo Medùna\"]";
    let line = parse(&MINIMAL.replace("name = \"Avvisi\"", zones)).unwrap();
    let ids: Vec<_> = line.topics.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["avvisi", "avvisi:torre", "avvisi:borgo-med-na"]);
    assert!(line.topics[0].on_by_default && !line.topics[1].on_by_default);
    assert_eq!(line.topics[2].zone_of.as_ref(), Some(&line.topics[0].id));
    let many: Vec<_> = (0..60).map(|it| format!("\"Zona {it}\"")).collect();
    let many = format!("name = \"Avvisi\"\nzones = [{}]", many.join(", "));
    assert!(shown(&MINIMAL.replace("name = \"Avvisi\"", &many)).contains("al massimo 60"));
}

#[test]
fn the_templates_of_both_lines_are_ready_for_meta() {
    for file in ["pordenone", "barberino-demografici"] {
        let path = format!("{}/../../infra/lines/{file}.toml", env!("CARGO_MANIFEST_DIR"));
        let line = parse(&std::fs::read_to_string(path).unwrap()).unwrap();
        for template in &line.templates {
            let findings = domain::lint::template(template, &line);
            let said: Vec<_> =
                findings.iter().map(|it| format!("{} {}", it.at, it.sentence())).collect();
            assert!(domain::lint::passes(&findings), "{}: {said:#?}", template.name);
        }
    }
}

#[test]
fn how_notices_are_let_go() {
    let with = |text: &str| format!("{MINIMAL}\n[authoring]\n{text}");
    let line = parse(&with(
        "test_numbers = [\"+39 333 000 0001\"]\n[[authoring.electoral_periods]]\nfrom = 2027-04-01\n\
         to = 2027-05-30",
    ))
    .unwrap();
    assert_eq!(line.authoring.test_numbers[0].expose(), "393330000001");
    assert_eq!(line.authoring.electoral_periods[0].to.to_string(), "2027-05-30");
    for (text, want) in [
        ("test_numbers = [\"chiama\"]", "non è un numero di telefono"),
        ("prova = true", "la voce «prova» non esiste in [authoring]"),
        ("[[authoring.electoral_periods]]\nfrom = 2027-04-01", "manca «to»"),
        (
            "[[authoring.electoral_periods]]\nfrom = 2027-05-30\nto = 2027-04-01",
            "finisce prima di cominciare",
        ),
    ] {
        let said = shown(&with(text));
        assert!(said.contains(want), "{said}");
    }
}
