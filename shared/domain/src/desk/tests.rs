// SPDX-License-Identifier: EUPL-1.2

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use proptest::prelude::*;

use super::*;
use crate::ids::ContactId;
use crate::line::{Address, Canned, Desk, sample};

/// Open Monday to Friday from 9 to 13.
fn line() -> Line {
    sample::line()
}

fn rome(text: &str) -> Timestamp {
    let local: DateTime = format!("2026-11-{text}").parse().unwrap();
    local.to_zoned(ROME.clone()).unwrap().timestamp()
}

#[test]
fn an_answer_is_due_after_so_many_open_hours() {
    let line = |hours: i64| Line {
        desk: Desk { answer_within: SignedDuration::from_hours(hours), ..Desk::default() },
        ..line()
    };
    for (hours, since, want) in [
        (1, "24T09:30", "24T10:30"),
        (1, "24T12:30", "25T09:30"),
        (4, "24T09:00", "24T13:00"),
        (8, "24T08:00", "25T13:00"),
        (1, "27T12:59", "30T09:59"),
        (1, "28T12:00", "30T10:00"),
    ] {
        assert_eq!(due_at(rome(since), &line(hours)), Some(rome(want)), "{hours} h from {since}");
    }
}

#[test]
fn a_line_without_hours_has_those_of_an_office() {
    let line = Line { hours: None, ..line() };
    assert_eq!(due_at(rome("28T12:00"), &line), Some(rome("30T17:00")));
    let desk = Desk { open: Some(Hours::parse("Sa 10:00-20:00").unwrap()), ..Desk::default() };
    let line = Line { desk, ..line };
    assert_eq!(due_at(rome("28T09:00"), &line), Some(rome("28T18:00")));
}

#[test]
fn warns_of_a_window_that_ends_while_nobody_is_there() {
    let line = line();
    let warned = |wrote: &str, now: &str| {
        let contact =
            Contact { last_inbound_at: Some(rome(wrote)), ..Contact::new(ContactId::new("c")) };
        let ends = window_ends_at(&contact).unwrap();
        window_warning(ends, &line, rome(now))
    };
    // Written on Tuesday morning: there is Wednesday's opening.
    assert_eq!(warned("24T10:00", "24T10:05"), None);
    insta::assert_snapshot!(warned("24T08:30", "24T09:05").unwrap(), @"Rispondere prima della chiusura, oggi alle 13:00: poi la finestra di WhatsApp finisce, domani alle 8:25, prima che l'ufficio riapra.");
    insta::assert_snapshot!(warned("27T18:00", "27T19:00").unwrap(), @"La finestra di WhatsApp finisce domani alle 17:55, prima che l'ufficio riapra, lunedì 30 novembre alle 9:00.");
    assert_eq!(warned("24T08:30", "25T09:30"), None, "it has ended");
    assert_eq!(warned("26T18:00", "26T19:00"), None, "Friday morning is within it");
}

#[test]
fn says_what_can_be_done_outside_the_window() {
    insta::assert_snapshot!(outside_window(&line()), @"Sono passate 24 ore dall'ultimo messaggio del cittadino: WhatsApp non permette più una risposta libera. Si può: aspettare un suo messaggio; scrivere una nota interna; usare un altro canale, per esempio il telefono o la posta elettronica.");
    let desk = Desk { ready_template: Some("pronta".to_owned()), ..Desk::default() };
    insta::assert_snapshot!(outside_window(&Line { desk, ..line() }), @r#"Sono passate 24 ore dall'ultimo messaggio del cittadino: WhatsApp non permette più una risposta libera. Si può: ripetere la richiesta con "invite": true (il cittadino riceve, a pagamento, l'avviso che la risposta è pronta, e la legge quando preme il pulsante); aspettare un suo messaggio; scrivere una nota interna; usare un altro canale, per esempio il telefono o la posta elettronica."#);
}

#[test]
fn the_template_names_its_answer_and_nothing_else_does() {
    let tap = |payload: String| Content::Tap { payload, title: "Leggi la risposta".to_owned() };
    assert_eq!(ready_row(&tap(ready_payload("0001#a#out"))), Some("0001#a#out"));
    assert_eq!(ready_row(&tap("subscribe".to_owned())), None);
    assert_eq!(ready_row(&Content::Text("ready:0001#a#out".to_owned())), None);
    assert_eq!(line().ready_template(), None);
    let named = Desk { ready_template: Some("pronta".to_owned()), ..Desk::default() };
    for (address, want) in [(Address::Tu, "La tua domanda"), (Address::Lei, "La sua domanda")] {
        let line = Line { address, desk: named.clone(), ..line() };
        let template = line.templates_for_meta().pop().unwrap();
        assert!(template.body.starts_with(want), "{}", template.body);
        assert!(template.body.contains("del Comune di Prova"), "{}", template.body);
        assert!(template.quick_reply.is_some_and(|it| it.len() <= 20));
    }
}

fn wait(since: &str) -> Wait {
    Wait { since: rome(since), unread: true, urgent: false, noticed_at: None, listed_at: None }
}

#[test]
fn somebody_is_told_after_ten_open_minutes_and_every_morning() {
    let line = line();
    let told = |it: Wait| Wait { noticed_at: Some(it.since), ..it };
    let read = |it: Wait| Wait { unread: false, ..it };
    let listed = |it: Wait, at: &str| Wait { listed_at: Some(rome(at)), ..it };
    for (who, wait, now, notice, list, next) in [
        ("just wrote", wait("24T10:00"), "24T10:00", false, false, "24T10:10"),
        ("unread", wait("24T10:00"), "24T10:10", true, false, "25T09:00"),
        ("told", told(wait("24T10:00")), "24T10:11", false, false, "25T09:00"),
        ("read", read(wait("24T10:00")), "24T10:10", false, false, "25T09:00"),
        ("waits in the morning", told(wait("24T10:00")), "25T09:00", false, true, "26T09:00"),
        (
            "listed",
            listed(told(wait("24T10:00")), "25T09:00"),
            "25T09:01",
            false,
            false,
            "26T09:00",
        ),
        ("wrote at night", wait("24T22:00"), "24T22:00", false, false, "25T09:00"),
        ("wrote at night", wait("24T22:00"), "25T09:00", false, true, "25T09:10"),
        (
            "wrote at night",
            listed(wait("24T22:00"), "25T09:00"),
            "25T09:10",
            true,
            false,
            "26T09:00",
        ),
        ("wrote on Friday", wait("27T12:55"), "27T12:55", false, false, "30T09:00"),
        ("wrote on Friday", wait("27T12:55"), "30T09:05", true, true, "01T09:00"),
    ] {
        let next = next.strip_prefix("01").map_or_else(
            || rome(next),
            |it| rome(&format!("30{it}")) + SignedDuration::from_hours(24),
        );
        let want = Look { notice, list, next_at: Some(next) };
        assert_eq!(look(&wait, &line, rome(now)), want, "{who}, at {now}");
    }
}

#[test]
fn what_may_be_an_emergency_does_not_wait_for_the_office_to_open() {
    let wait = Wait { urgent: true, ..wait("24T22:00") };
    assert!(look(&wait, &line(), rome("24T22:00")).notice);
    let told = Wait { noticed_at: Some(rome("24T22:00")), ..wait };
    assert!(!look(&told, &line(), rome("24T22:01")).notice);
    assert!(!look(&Wait { unread: false, ..wait }, &line(), rome("24T22:00")).notice);
}

#[test]
fn a_text_is_found_in_capitals_and_without_accents() {
    for (text, wanted, found) in [
        ("Quando apre la BIBLIOTECA?", "biblioteca", true),
        ("Carta d’identità scaduta", "carta d'identita", true),
        ("Perché?", " PERCHÈ ", true),
        ("TARI", "imu", false),
    ] {
        assert_eq!(says(text, wanted), found, "{wanted} in {text}");
    }
}

proptest! {
    /// Whoever looks only when told to, tells each thing once and in time.
    #[test]
    fn a_wait_is_noticed_once_and_listed_once_a_day(
        since in 1_795_500_000i64..1_796_500_000, looks in 1usize..12,
    ) {
        let line = line();
        let since = Timestamp::from_second(since).unwrap();
        let mut wait = Wait { since, unread: true, urgent: false, noticed_at: None, listed_at: None };
        let (mut notices, mut days) = (0, Vec::new());
        let mut now = first_look(&line, since).unwrap();
        for _ in 0..looks {
            let seen = look(&wait, &line, now);
            prop_assert!(seen.notice || seen.list, "nothing to tell at {now}");
            if seen.notice {
                notices += 1;
                prop_assert!(now >= since + UNREAD);
                wait.noticed_at = Some(now);
            }
            if seen.list {
                days.push(ROME.to_datetime(now).date());
                wait.listed_at = Some(now);
            }
            let again = look(&wait, &line, now);
            prop_assert!(!again.notice && !again.list);
            let next = seen.next_at.unwrap();
            prop_assert!(next > now);
            prop_assert!(line.desk_hours().is_open(ROME.to_datetime(next), None)
                || line.desk_hours().is_open(ROME.to_datetime(next - 1.minute()), None));
            now = next;
        }
        prop_assert!(notices <= 1);
        let all = days.len();
        days.dedup();
        prop_assert_eq!(days.len(), all);
    }
}

#[test]
fn mails_say_how_much_waits_and_nothing_of_anybody() {
    let line = line();
    let show = |(subject, text): (String, String)| format!("{subject}\n\n{text}");
    insta::assert_snapshot!(show(notice_mail(&line, 1, false)), @r"
    Prova su WhatsApp: una conversazione non letta

    Una conversazione aspetta e nessuno l'ha ancora letta.
    Per leggere e rispondere aprire lo sportello di Filo Diretto. Questo avviso non contiene né numeri né messaggi.
    ");
    insta::assert_snapshot!(show(notice_mail(&line, 3, true)), @r"
    Prova su WhatsApp: 3 conversazioni non lette: forse un'emergenza

    Parole di un messaggio fanno pensare a un'emergenza: chi scrive ha già avuto l'indicazione di chiamare il 112. Leggere subito.
    3 conversazioni aspettano e nessuno le ha ancora lette.
    Per leggere e rispondere aprire lo sportello di Filo Diretto. Questo avviso non contiene né numeri né messaggi.
    ");
    let waits = [wait("20T10:00"), Wait { unread: false, ..wait("24T10:00") }];
    insta::assert_snapshot!(show(list_mail(&line, &waits, rome("25T09:00"))), @r"
    Prova su WhatsApp: che cosa aspetta oggi

    Conversazioni che aspettano una risposta: 2
    - non lette: 1
    - oltre il tempo di risposta: 1
    - la più vecchia è arrivata il 20 novembre alle 10:00
    Per leggere e rispondere aprire lo sportello di Filo Diretto. Questo avviso non contiene né numeri né messaggi.
    ");
}

fn fields(canned: &Canned, line: &Line) -> BTreeMap<String, String> {
    canned.fields(line).into_iter().map(|it| (it.clone(), format!("<{it}>"))).collect()
}

#[test]
fn what_is_ready_reads_well_with_tu_and_with_lei() {
    let all = |address| {
        let line = Line { address, ..line() };
        let texts = of_line(&line).into_iter().map(|it| {
            let text = fill_canned(&it, &fields(&it, &line), &line).unwrap();
            format!("# {} ({})\n{text}", it.title, it.id)
        });
        texts.collect::<Vec<_>>().join("\n\n")
    };
    insta::assert_snapshot!(all(Address::Tu), @r"
    # Ce ne occupiamo (presa-in-carico)
    Abbiamo letto il tuo messaggio e ce ne occupiamo. Ti rispondiamo qui entro <quando>.

    # Servono altri dettagli (piu-dettagli)
    Per risponderti ci serve sapere ancora: <che_cosa>.
    Non mandare qui documenti o dati sulla salute: non servono per questa risposta.

    # Prima verifichiamo chi sei (chi-sei)
    Per proteggere i tuoi dati, prima verifichiamo chi sei: in chat non possiamo parlare della tua pratica solo sulla base del numero.
    Puoi venire allo sportello con un documento (piazza della Prova 1), oppure entrare con SPID o CIE su <pagina>.

    # Le domande si presentano con PEC o portale (domanda-formale)
    Un messaggio WhatsApp non vale come domanda ufficiale e non fa partire i termini.
    Per presentarla usa il portale <pagina> con SPID o CIE, oppure scrivi alla PEC <pec>. Qui possiamo spiegarti come si fa.

    # Scrive un minore (minori)
    Questo servizio è per chi ha almeno 14 anni. Se ne hai meno, chiedi a un genitore o a chi si prende cura di te di scriverci.
    Se hai bisogno di aiuto puoi chiamare gratis il *114* (emergenza infanzia) o il *19696* (Telefono Azzurro); se c'è un pericolo, il *112*.

    # Non riguarda questo servizio (fuori-scopo)
    Questo è il numero di «Prova su WhatsApp»: su questo non possiamo risponderti qui.
    Per <argomento> rivolgiti a <dove>.

    # Non è di competenza del Comune (altro-ente)
    Di questo non si occupa il Comune ma <altro_ente>. Puoi contattarlo così: <contatti>.

    # Lo segue un altro ufficio (altro-ufficio)
    Di questo si occupa <altro_ufficio>. Puoi contattarlo così: <contatti>.

    # Numeri per le emergenze (emergenza)
    Se c'è un pericolo chiama subito il *112*. Questa chat non è un servizio di emergenza e non è sempre presidiata.
    Altri numeri gratuiti: *1522* contro la violenza e lo stalking, *114* per i minori, *116117* dove è attivo per le cure non urgenti.

    # Come mandare i documenti (documenti)
    Per <pratica> servono: <documenti>.
    Mandali a <dove>. In chat non inviare documenti di identità se non te li chiediamo.

    # Non rispondiamo alle chiamate (niente-chiamate)
    A questo numero rispondiamo solo in chat, non alle chiamate.
    Puoi telefonare a 0123 456789.

    # Richiamo alle regole (rispetto)
    Ti chiediamo di scrivere con rispetto: le regole del servizio sono qui: https://www.comune.prova.it/policy
    Se i messaggi continuano così possiamo cancellarli e sospendere la chat. Puoi sempre scrivere ESCO o I MIEI DATI.
    ");
    insta::assert_snapshot!(all(Address::Lei), @r"
    # Ce ne occupiamo (presa-in-carico)
    Abbiamo letto il suo messaggio e ce ne occupiamo. Le rispondiamo qui entro <quando>.

    # Servono altri dettagli (piu-dettagli)
    Per risponderle ci serve sapere ancora: <che_cosa>.
    Non mandi qui documenti o dati sulla salute: non servono per questa risposta.

    # Prima verifichiamo chi sei (chi-sei)
    Per proteggere i suoi dati, prima verifichiamo chi è: in chat non possiamo parlare della sua pratica solo sulla base del numero.
    Può venire allo sportello con un documento (piazza della Prova 1), oppure entrare con SPID o CIE su <pagina>.

    # Le domande si presentano con PEC o portale (domanda-formale)
    Un messaggio WhatsApp non vale come domanda ufficiale e non fa partire i termini.
    Per presentarla usi il portale <pagina> con SPID o CIE, oppure scriva alla PEC <pec>. Qui possiamo spiegarle come si fa.

    # Scrive un minore (minori)
    Questo servizio è per chi ha almeno 14 anni. Chi ne ha meno può chiedere a un genitore, o a chi se ne prende cura, di scriverci.
    Per avere aiuto si può chiamare gratis il *114* (emergenza infanzia) o il *19696* (Telefono Azzurro); se c'è un pericolo, il *112*.

    # Non riguarda questo servizio (fuori-scopo)
    Questo è il numero di «Prova su WhatsApp»: su questo non possiamo risponderle qui.
    Per <argomento> si rivolga a <dove>.

    # Non è di competenza del Comune (altro-ente)
    Di questo non si occupa il Comune ma <altro_ente>. Può contattarlo così: <contatti>.

    # Lo segue un altro ufficio (altro-ufficio)
    Di questo si occupa <altro_ufficio>. Può contattarlo così: <contatti>.

    # Numeri per le emergenze (emergenza)
    Se c'è un pericolo chiami subito il *112*. Questa chat non è un servizio di emergenza e non è sempre presidiata.
    Altri numeri gratuiti: *1522* contro la violenza e lo stalking, *114* per i minori, *116117* dove è attivo per le cure non urgenti.

    # Come mandare i documenti (documenti)
    Per <pratica> servono: <documenti>.
    Li mandi a <dove>. In chat non invii documenti di identità se non glieli chiediamo.

    # Non rispondiamo alle chiamate (niente-chiamate)
    A questo numero rispondiamo solo in chat, non alle chiamate.
    Può telefonare a 0123 456789.

    # Richiamo alle regole (rispetto)
    Le chiediamo di scrivere con rispetto: le regole del servizio sono qui: https://www.comune.prova.it/policy
    Se i messaggi continuano così possiamo cancellarli e sospendere la chat. Può sempre scrivere ESCO o I MIEI DATI.
    ");
}

#[test]
fn a_line_replaces_and_adds_replies() {
    let own = |id: &str, text: &str| Canned {
        id: id.to_owned(),
        title: "Nostra".to_owned(),
        text: text.to_owned(),
    };
    let canned_here = vec![own("minori", "Scrivi a {chi}."), own("nuova", "Ciao da {ente}.")];
    let line = Line { desk: Desk { canned: canned_here, ..Desk::default() }, ..line() };
    let ids: Vec<_> = of_line(&line).into_iter().map(|it| it.id).collect();
    assert_eq!(ids.iter().filter(|it| *it == "minori").count(), 1);
    let found = canned(&line, "minori").unwrap();
    assert_eq!(found.fields(&line), ["chi"]);
    let filled = canned(&line, "nuova").map(|it| fill_canned(&it, &BTreeMap::new(), &line));
    assert_eq!(filled, Some(Ok("Ciao da Comune di Prova.".to_owned())));
    assert_eq!(canned(&line, "boh"), None);
}

#[test]
fn says_what_is_wrong_with_fields() {
    let line = line();
    let reply = canned(&line, "altro-ente").unwrap();
    let given = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned()));
        fill_canned(&reply, &pairs.collect(), &line)
    };
    let missing = |name: &str| CannedProblem::Missing { name: name.to_owned() };
    assert_eq!(given(&[]), Err(vec![missing("altro_ente"), missing("contatti")]));
    assert_eq!(
        given(&[("altro_ente", " "), ("contatti", "x"), ("ente", "y")]),
        Err(vec![missing("altro_ente"), CannedProblem::Unknown { name: "ente".to_owned() }])
    );
    let long = "a".repeat(5_000);
    let too_long = given(&[("altro_ente", "l'INPS"), ("contatti", &long)]).unwrap_err();
    assert_eq!(too_long[0].name(), "contatti");
    // What is put in is not read again.
    let text = given(&[("altro_ente", "{contatti}"), ("contatti", "x")]).unwrap();
    assert!(text.contains("ma {contatti}."), "{text}");
}

#[test]
fn checks_a_text_of_the_line_file() {
    assert_eq!(check_canned("Ciao {nome} da {ente}"), []);
    assert_eq!(check_canned("Ciao {{nome}}").len(), 1);
    assert_eq!(check_canned("Ciao {nome").len(), 1);
    assert_eq!(check_canned(&"a".repeat(5_000)).len(), 1);
}

#[test]
fn the_courtesy_is_the_lines_or_the_usual_one() {
    insta::assert_snapshot!(courtesy(&line()), @"Grazie per averci scritto. Per ora chiudiamo qui; se hai ancora bisogno scrivici di nuovo.");
    insta::assert_snapshot!(courtesy(&Line { address: Address::Lei, ..line() }), @"Grazie per averci scritto. Per ora chiudiamo qui; se ha ancora bisogno ci scriva di nuovo.");
    let desk = Desk { courtesy: Some("A presto da {ente}.".to_owned()), ..Desk::default() };
    assert_eq!(courtesy(&Line { desk, ..line() }), "A presto da Comune di Prova.");
}
