// SPDX-License-Identifier: EUPL-1.2
//! Every text a citizen of the two lines can receive, as it reads.

use std::collections::{BTreeMap, BTreeSet};

use domain::erasure::{Certificate, Erased};
use domain::line::{Category, Line, SendBy};
use domain::message::{Outgoing, Row};
use domain::news::Notice;
use domain::reading::Language;
use domain::reply::{
    self, BUTTON_TITLE_LIMIT, BUTTONS_BODY_LIMIT, ROW_TITLE_LIMIT, Reply, TEXT_LIMIT, length,
};
use domain::rights::RequestNumber;
use jiff::Timestamp;
use jiff::civil::date;

const PORDENONE: &str = include_str!("../../../infra/lines/pordenone.toml");
const BARBERINO: &str = include_str!("../../../infra/lines/barberino-demografici.toml");

fn line(text: &str) -> Line {
    store::line_file::parse(text).unwrap_or_else(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", problems.join("\n"))
    })
}

/// Friday evening.
fn now() -> Timestamp {
    "2026-11-20T17:00:00Z".parse().expect("an instant")
}

/// A Monday at nine.
fn monday() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().expect("an instant")
}

/// As the phone shows it: the text, and the buttons below.
fn shown(reply: &Reply, line: &Line) -> String {
    match reply::render(reply, line, now()) {
        Outgoing::Text(text) => text,
        Outgoing::Buttons { body, buttons } => {
            let buttons: Vec<String> =
                buttons.iter().map(|it| format!("[{} -> {}]", it.title, it.payload)).collect();
            format!("{body}\n{}", buttons.join(" "))
        }
        Outgoing::List { body, button, rows } => {
            let row = |it: Row| {
                let description = it.description.unwrap_or_default();
                format!("  {} ({description}) -> {}", it.title, it.payload)
            };
            let rows: Vec<String> = rows.into_iter().map(row).collect();
            format!("{body}\n[{button}]\n{}", rows.join("\n"))
        }
        other => unreachable!("no reply is rendered as {other:?}"),
    }
}

/// Every reply, under its name.
fn all(line: &Line) -> String {
    let mut replies = Reply::samples(line, monday());
    // As it reads, not as long as it can get.
    let long = ["ask", "news", "data_copy", "erased"];
    replies.retain(|it| !long.contains(&it.name()) && !it.name().starts_with("appointment"));
    let held = "il numero di telefono, l'iscrizione e i messaggi di questa chat".to_owned();
    replies.push(Reply::DataCopy { held });
    let erased = Erased { identifiers: 2, consents: 2, messages: 7 };
    let number = RequestNumber::new("261126-094203-7F3A");
    let certificate = Certificate::new(number, erased, line, monday());
    replies.push(Reply::Erased { certificate });
    replies.push(Reply::Ask { text: "iscrizione".to_owned() });
    let notice = |on, text: &str| Notice { on, text: text.to_owned() };
    replies.push(Reply::News {
        notices: vec![
            notice(date(2026, 11, 20), "Domani via Roma è chiusa.\nSi passa da via Verdi."),
            notice(date(2026, 11, 8), "Entro il 16 dicembre si paga il saldo IMU."),
        ],
    });
    replies
        .iter()
        .map(|it| format!("# {}\n{}\n", it.name(), shown(it, line)))
        .collect::<Vec<_>>()
        .join("\n")
}

/// A template with its parameters' names for values.
fn filled(line: &Line) -> String {
    let fill = |template: &domain::line::Template| {
        let values: BTreeMap<String, String> =
            template.parameters.iter().map(|it| (it.clone(), it.to_uppercase())).collect();
        format!(
            "# {}\n{}\n",
            template.name,
            template.fill(&values, line).expect("every parameter has a value")
        )
    };
    line.templates.iter().map(fill).collect::<Vec<_>>().join("\n")
}

#[test]
#[expect(clippy::too_many_lines, reason = "every text as it reads")]
fn pordenone_speaks_as_its_page() {
    insta::assert_snapshot!(all(&line(PORDENONE)), @r"
    # welcome
    *Iscrizione confermata.* Da ora ricevi su WhatsApp le informazioni del Comune di Pordenone.
    Argomenti: Servizi comunali, Scadenze, Eventi in città e Pubblica utilità.

    Leggi la policy del servizio, che si intende così accettata: https://www.comune.pordenone.it/it/servizi/whatsapp
    Se non accetti la policy scrivi CANCELLAMI.
    Come usiamo i tuoi dati: https://www.comune.pordenone.it/it/servizi/whatsapp/privacy

    - Per cambiare argomenti scrivi ARGOMENTI
    - Per cancellarti, in qualunque momento, scrivi CANCELLAMI

    Salva questo numero in rubrica, per esempio come Comune PN WhatsApp. Per le emergenze chiama il 112.

    # confirm
    Vuoi iscriverti al servizio WhatsApp del Comune di Pordenone? Argomenti degli avvisi: Servizi comunali, Scadenze, Eventi in città e Pubblica utilità.

    Prima leggi la policy del servizio: https://www.comune.pordenone.it/it/servizi/whatsapp
    Come usiamo i tuoi dati: https://www.comune.pordenone.it/it/servizi/whatsapp/privacy

    Per iscriverti premi il pulsante o scrivi CONFERMO, entro 24 ore. Se non l'hai chiesto tu, non serve fare niente.
    [Confermo -> confirm]

    # already
    L'iscrizione è già attiva. Ricevi gli avvisi su: Servizi comunali, Scadenze, Eventi in città e Pubblica utilità.
    Per cambiarli scrivi ARGOMENTI.
    Per non riceverli più scrivi CANCELLAMI.

    # goodbye
    *Iscrizione cancellata.* Non ricevi più gli avvisi del Comune di Pordenone su WhatsApp, nemmeno le allerte.
    Puoi ancora scriverci per una domanda. Per tornare a ricevere gli avvisi scrivi ISCRIVIMI, per i tuoi dati scrivi I MIEI DATI.

    # not_subscribed
    Questo numero non è iscritto agli avvisi del Comune di Pordenone, quindi non c'è nulla da cancellare.
    Se volevi cancellare altro (una prenotazione, un servizio, la residenza) scrivi qui di che cosa si tratta.

    # help
    Questo è il servizio WhatsApp del Comune di Pordenone. Puoi scrivere:
    - ISCRIVIMI per ricevere gli avvisi
    - ARGOMENTI per scegliere quali
    - CANCELLAMI per non riceverli più
    - I MIEI DATI per la privacy

    Oppure scrivi la tua domanda: risponde l'Ufficio relazioni con il pubblico, nel più breve tempo possibile.
    Non rispondiamo alle chiamate. Per le emergenze chiama il 112.

    # topics
    Ora ricevi gli avvisi su: Servizi comunali, Scadenze, Eventi in città e Pubblica utilità.

    Puoi scegliere tra:
    - Servizi comunali: informazioni sui servizi comunali
    - Scadenze: principali scadenze
    - Eventi in città: principali eventi in programma
    - Pubblica utilità: informazioni di pubblica utilità

    Per esempio scrivi «solo scadenze», «aggiungi scadenze» oppure «togli scadenze».
    Per non ricevere più nulla scrivi CANCELLAMI.
    [Scegli gli argomenti]
      Servizi comunali (Attivo: tocca per toglierlo) -> remove:servizi
      Scadenze (Attivo: tocca per toglierlo) -> remove:scadenze
      Eventi in città (Attivo: tocca per toglierlo) -> remove:eventi
      Pubblica utilità (Attivo: tocca per toglierlo) -> remove:utilita

    # topics_none
    Ora non ricevi gli avvisi del Comune di Pordenone. Per riceverli scrivi ISCRIVIMI.

    Gli argomenti sono:
    - Servizi comunali: informazioni sui servizi comunali
    - Scadenze: principali scadenze
    - Eventi in città: principali eventi in programma
    - Pubblica utilità: informazioni di pubblica utilità

    Per averne solo uno scrivi per esempio «ISCRIVIMI scadenze».

    # topics_saved
    Fatto. Ora ricevi gli avvisi su: Servizi comunali, Scadenze, Eventi in città e Pubblica utilità.

    # invitation
    Abbiamo ricevuto il messaggio e l'ufficio lo vede. Per avere risposta in chat serve l'iscrizione: scrivi ISCRIVIMI.
    Prima leggi la policy del servizio: https://www.comune.pordenone.it/it/servizi/whatsapp
    Come usiamo i tuoi dati: https://www.comune.pordenone.it/it/servizi/whatsapp/privacy
    Risponde l'Ufficio relazioni con il pubblico, nel più breve tempo possibile. Per le emergenze chiama il 112.

    # my_data
    Come usiamo i tuoi dati: https://www.comune.pordenone.it/it/servizi/whatsapp/privacy
    Hai il diritto di vedere i dati e averne una copia, farli correggere o completare, farli cancellare, farne limitare l'uso, sapere che correzioni e cancellazioni sono state comunicate a chi ha ricevuto i dati, averli in formato elettronico, fare opposizione al trattamento, revocare il consenso e fare reclamo al Garante per la protezione dei dati personali.

    Per revocare il consenso scrivi CANCELLAMI da questo numero. Per ogni altra richiesta scrivi qui che cosa vuoi: una persona la legge e rispondiamo entro un mese.
    Puoi anche contattare il responsabile della protezione dei dati: SISTEMA SUSIO SRL, via Pontida 9, 20063 Cernusco sul Naviglio (MI), tel. 02 92345836, info@sistemasusio.it, PEC info@pec.sistemasusio.it
    [Ricevere una copia -> data-copy] [Cancellare tutto -> data-erase]

    # request_taken
    *Iscrizione cancellata.* Non ricevi più gli avvisi del Comune di Pordenone.
    Abbiamo ricevuto la tua richiesta sui dati personali (sapere a chi i dati sono stati comunicati), numero 261126-094203-7F3A. Una persona la legge e ti risponde entro il 23 novembre 2026. Se serve più tempo te lo scriviamo prima di quella data.

    # erase_ask
    Vuoi cancellare tutti i tuoi dati dal servizio WhatsApp del Comune di Pordenone? Cancelliamo numero, argomenti scelti, consensi e messaggi, anche le domande ancora senza risposta. Non ricevi più avvisi. Dopo non si torna indietro.
    Rispondi entro 24 ore con un pulsante.
    [Cancella tutto -> erase-yes] [No, lascia così -> erase-no]

    # erase_kept
    Va bene, non cancelliamo niente.

    # emergency
    Se c'è un pericolo chiama subito il *112*. Questa chat non è un servizio di emergenza e non è sempre presidiata.

    # news_none
    Per ora nessuna novità: negli ultimi 30 giorni non sono usciti avvisi del Comune di Pordenone.
    Puoi chiedere di nuovo quando vuoi.

    # third_party
    Possiamo iscrivere o cancellare solo il numero da cui ci scrivi. L'altra persona può scriverci dal suo telefono.

    # no_calls
    A questo numero non rispondiamo alle chiamate: scrivi qui la tua domanda. Risponde l'Ufficio relazioni con il pubblico, nel più breve tempo possibile.
    Per le emergenze chiama il 112.

    # closed
    Grazie, abbiamo ricevuto il messaggio. Ora l'ufficio è chiuso: rispondiamo da lunedì 23 novembre alle 9:00.
    Per le emergenze chiama il 112.

    # closed_without_date
    Grazie, abbiamo ricevuto il messaggio. Ora l'ufficio è chiuso: rispondiamo appena riapre.
    Per le emergenze chiama il 112.

    # blocked
    *Fino al 23 novembre 2026 alle 9:00 l'ufficio non risponde a questo numero.* Un tuo messaggio è contrario alle regole del servizio: attacchi personali di qualsiasi tipo o commenti offensivi rivolti a qualunque gruppo etnico, politico, religioso, filosofico o a specifiche minoranze.
    *Iscrizione cancellata.* Non ricevi più gli avvisi. Dopo quella data puoi iscriverti di nuovo: scrivi ISCRIVIMI.
    Non sei d'accordo? Chiedi il riesame con il pulsante qui sotto, oppure scrivi RIESAME: decide una persona.
    Puoi chiederlo anche a ufficiocomunicazione@comune.pordenone.it.
    Restano attivi CANCELLAMI, I MIEI DATI e AIUTO. Per le emergenze chiama il 112.
    [Chiedo il riesame -> review]

    # review_taken
    Abbiamo ricevuto la richiesta di riesame: la legge una persona dell'ufficio. Puoi scrivere qui le tue ragioni, o a ufficiocomunicazione@comune.pordenone.it.

    # media
    Qui non possiamo ricevere messaggi vocali. Scrivi la domanda in poche righe.
    Per inviare documenti: ufficiocomunicazione@comune.pordenone.it

    # data_copy
    Ecco la copia dei tuoi dati nel servizio WhatsApp del Comune di Pordenone. Conserviamo: il numero di telefono, l'iscrizione e i messaggi di questa chat.
    Come li usiamo: https://www.comune.pordenone.it/it/servizi/whatsapp/privacy
    Per correggerli scrivi qui che cosa è sbagliato. Per farli cancellare scrivi «cancellate i miei dati».

    # erased
    *Dati cancellati.* Abbiamo cancellato dal servizio WhatsApp del Comune di Pordenone: il numero, il nome, l'iscrizione, 2 dichiarazioni di consenso e 7 messaggi.
    Certificato numero 261126-094203-7F3A, 23 novembre 2026 alle 9:00.

    Resta solo questo, che non porta più a te:
    - Le impronte delle dichiarazioni nel registro dei consensi. Mostrano che il registro non è stato alterato. Il testo e il numero casuale da cui nascono sono cancellati: da sole non dicono niente di nessuno.
    - Gli esiti degli avvisi inviati, sotto un codice casuale, fino al 21 febbraio 2027. Servono ai conteggi di ogni invio. Il codice non porta più a nessuna persona.
    - La richiesta di cancellazione nel registro delle richieste, sotto lo stesso codice, fino al 22 novembre 2028. Mostra che è stata accolta, e quando.
    - I codici cifrati dei messaggi già letti, fino al 1º dicembre 2026. Impediscono che un messaggio vecchio, ripetuto da WhatsApp, sembri nuovo.
    - I numeri complessivi del servizio, giorno per giorno. Contano quante persone, non quali.

    Come si verifica. Chi chiede di nuovo i propri dati trova che non c'è più nulla. Il numero di questo certificato è nel registro delle richieste del Comune di Pordenone. Il registro dei consensi si verifica con «filodiretto consent verify --line pordenone».
    Questo è l'ultimo messaggio. Se ci scrivi ancora, si apre una nuova conversazione.

    # ask
    Hai scritto «iscrizione». Che cosa vuoi fare?
    [Ricevere gli avvisi -> subscribe] [Non riceverli più -> unsubscribe] [Ho una domanda -> question]

    # news
    Ecco gli ultimi avvisi del Comune di Pordenone.

    *Oggi*
    Domani via Roma è chiusa.
    Si passa da via Verdi.

    *Domenica 8 novembre*
    Entro il 16 dicembre si paga il saldo IMU.
    ");
}

#[test]
#[expect(clippy::too_many_lines, reason = "every text as it reads")]
fn barberino_speaks_as_its_page() {
    insta::assert_snapshot!(all(&line(BARBERINO)), @r"
    # welcome
    *Iscrizione attiva.* Ora può scrivere qui all'Ufficio Servizi Demografici del Comune di Barberino di Mugello: domande su anagrafe, stato civile ed elettorale, appuntamenti, come inviare i documenti. Riceve anche news e aggiornamenti dell'ufficio.

    Può scrivere in qualsiasi giorno e orario. Le risposte sono garantite dal lunedì al venerdì dalle 9 alle 13, esclusi i giorni festivi.

    La invitiamo a leggere la policy del servizio e l'informativa privacy, che si intendono così accettate.
    Policy: https://www.comune.barberino-di-mugello.fi.it/servizi-demografici-filo-diretto-su-whatsapp
    Informativa privacy: https://www.comune.barberino-di-mugello.fi.it/servizi-demografici-filo-diretto-su-whatsapp/privacy

    Per cancellarsi basta scrivere CANCELLAZIONE. Non sono prese in considerazione le richieste telefoniche. Per le emergenze chiami il 112.

    # confirm
    Vuole iscriversi al servizio WhatsApp del Comune di Barberino di Mugello? Argomenti degli avvisi: Novità dell'ufficio.

    Prima legga la policy del servizio: https://www.comune.barberino-di-mugello.fi.it/servizi-demografici-filo-diretto-su-whatsapp
    Come usiamo i suoi dati: https://www.comune.barberino-di-mugello.fi.it/servizi-demografici-filo-diretto-su-whatsapp/privacy

    Per iscriversi prema il pulsante o scriva CONFERMO, entro 24 ore. Se non l'ha chiesto lei, non serve fare niente.
    [Confermo -> confirm]

    # already
    L'iscrizione è già attiva: può scrivere qui le sue domande e riceve news e aggiornamenti dell'ufficio. Le risposte sono garantite dal lunedì al venerdì dalle 9 alle 13, esclusi i giorni festivi.
    Per cancellarsi scriva CANCELLAZIONE.

    # goodbye
    *Cancellazione avvenuta.* Non riceve più news e aggiornamenti dei Servizi Demografici del Comune di Barberino di Mugello, e la chat si chiude.
    Per tornare a usare la chat e ricevere le news scriva ISCRIZIONE, per i suoi dati scriva I MIEI DATI.

    # not_subscribed
    Questo numero non è iscritto al servizio WhatsApp del Comune di Barberino di Mugello, quindi non c'è nulla da cancellare.
    Se voleva cancellare altro (un appuntamento, una pratica, la residenza) serve l'iscrizione alla chat: scriva ISCRIZIONE.

    # help
    Questo è il filo diretto su WhatsApp dei Servizi Demografici del Comune di Barberino di Mugello. Può scrivere:
    - ISCRIZIONE per usare la chat e ricevere news e aggiornamenti
    - CANCELLAZIONE per chiudere la chat e non riceverli più
    - I MIEI DATI per la privacy

    Con l'iscrizione attiva scriva la sua domanda su anagrafe, stato civile o elettorale: le risposte sono garantite dal lunedì al venerdì dalle 9 alle 13, esclusi i giorni festivi.
    Non sono prese in considerazione le richieste telefoniche. Per le emergenze chiami il 112.

    # topics
    Questo servizio ha un solo elenco, le news e gli aggiornamenti dei Servizi Demografici, e lo riceve già.
    Per non riceverlo più scriva CANCELLAZIONE: si chiude anche la chat.

    # topics_none
    Questo servizio ha un solo elenco, le news e gli aggiornamenti dei Servizi Demografici.
    Per riceverlo e usare la chat scriva ISCRIZIONE.

    # topics_saved
    Fatto. Ora riceve gli avvisi su: Novità dell'ufficio.

    # invitation
    Abbiamo ricevuto il suo messaggio e l'ufficio lo vede. Per avere risposta in chat scriva ISCRIZIONE: autorizza così il Comune a comunicare in chat e riceve news e aggiornamenti.

    La invitiamo a leggere la policy del servizio e l'informativa privacy, che si intendono così accettate.
    Policy: https://www.comune.barberino-di-mugello.fi.it/servizi-demografici-filo-diretto-su-whatsapp
    Informativa privacy: https://www.comune.barberino-di-mugello.fi.it/servizi-demografici-filo-diretto-su-whatsapp/privacy

    Le risposte sono garantite dal lunedì al venerdì dalle 9 alle 13, esclusi i giorni festivi. Per le emergenze chiami il 112.

    # my_data
    Come usiamo i suoi dati: https://www.comune.barberino-di-mugello.fi.it/servizi-demografici-filo-diretto-su-whatsapp/privacy
    Ha il diritto di vedere i dati e averne una copia, farli correggere o completare, farli cancellare, farne limitare l'uso, averli in formato elettronico, fare opposizione al trattamento, non subire decisioni automatiche e fare reclamo al Garante per la protezione dei dati personali.

    Scriva qui che cosa vuole, oppure a anagrafe@comune.barberino-di-mugello.fi.it: una persona legge la richiesta e rispondiamo entro un mese. Per cancellarsi dal servizio basta scrivere CANCELLAZIONE.
    Responsabile della protezione dei dati: dott.ssa Galeotti Giulia, amministrativi@comune.barberino-di-mugello.fi.it
    [Ricevere una copia -> data-copy] [Cancellare tutto -> data-erase]

    # request_taken
    *Iscrizione cancellata.* Non riceve più gli avvisi del Comune di Barberino di Mugello.
    Abbiamo ricevuto la sua richiesta sui dati personali (sapere a chi i dati sono stati comunicati), numero 261126-094203-7F3A. Una persona la legge e le risponde entro il 23 novembre 2026. Se serve più tempo glielo scriviamo prima di quella data.

    # erase_ask
    Vuole cancellare tutti i suoi dati dal servizio WhatsApp del Comune di Barberino di Mugello? Cancelliamo numero, argomenti scelti, consensi e messaggi, anche le domande ancora senza risposta. Non riceve più avvisi. Dopo non si torna indietro.
    Risponda entro 24 ore con un pulsante.
    [Cancellate tutto -> erase-yes] [No, lasciate così -> erase-no]

    # erase_kept
    Va bene, non cancelliamo niente.

    # emergency
    Se c'è un pericolo chiami subito il *112*. Questa chat non è un servizio di emergenza e non è sempre presidiata.

    # news_none
    Per ora nessuna novità: negli ultimi 30 giorni non sono usciti avvisi del Comune di Barberino di Mugello.
    Può chiedere di nuovo quando vuole.

    # third_party
    Possiamo iscrivere o cancellare solo il numero da cui ci scrive. L'altra persona può scriverci dal suo telefono.
    Oppure può venire allo sportello: viale della Repubblica 24, Barberino di Mugello

    # no_calls
    A questo numero non rispondiamo alle chiamate: scriva qui la sua domanda. Risponde l'Ufficio Servizi Demografici, dal lunedì al venerdì dalle 9 alle 13, esclusi i giorni festivi.
    Per le emergenze chiami il 112.

    # closed
    Grazie, abbiamo ricevuto il messaggio. Ora l'ufficio è chiuso: rispondiamo da lunedì 23 novembre alle 9:00.
    Per le emergenze chiami il 112.

    # closed_without_date
    Grazie, abbiamo ricevuto il messaggio. Ora l'ufficio è chiuso: rispondiamo appena riapre.
    Per le emergenze chiami il 112.

    # blocked
    *Fino al 23 novembre 2026 alle 9:00 l'ufficio non risponde a questo numero.* Un suo messaggio è contrario alle regole del servizio: diffamazione o minaccia, attacchi personali di qualsiasi tipo agli addetti o offese rivolti al Comune o a qualunque gruppo etnico, politico o religioso o a minoranze.
    *Iscrizione cancellata.* Non riceve più gli avvisi. Dopo quella data può iscriversi di nuovo: scriva ISCRIZIONE.
    Non è d'accordo? Chieda il riesame con il pulsante qui sotto, oppure scriva RIESAME: decide una persona.
    Può chiederlo anche a anagrafe@comune.barberino-di-mugello.fi.it.
    Restano attivi CANCELLAZIONE, I MIEI DATI e AIUTO. Per le emergenze chiami il 112.
    [Chiedo il riesame -> review]

    # review_taken
    Abbiamo ricevuto la richiesta di riesame: la legge una persona dell'ufficio. Può scrivere qui le sue ragioni, o a anagrafe@comune.barberino-di-mugello.fi.it.

    # media
    Qui non possiamo ricevere messaggi vocali. Scriva la domanda in poche righe.
    Per inviare documenti: anagrafe@comune.barberino-di-mugello.fi.it

    # data_copy
    Ecco la copia dei suoi dati nel servizio WhatsApp del Comune di Barberino di Mugello. Conserviamo: il numero di telefono, l'iscrizione e i messaggi di questa chat.
    Come li usiamo: https://www.comune.barberino-di-mugello.fi.it/servizi-demografici-filo-diretto-su-whatsapp/privacy
    Per correggerli scriva qui che cosa è sbagliato. Per farli cancellare scriva «cancellate i miei dati».

    # erased
    *Dati cancellati.* Abbiamo cancellato dal servizio WhatsApp del Comune di Barberino di Mugello: il numero, il nome, l'iscrizione, 2 dichiarazioni di consenso e 7 messaggi.
    Certificato numero 261126-094203-7F3A, 23 novembre 2026 alle 9:00.

    Resta solo questo, che non porta più a lei:
    - Le impronte delle dichiarazioni nel registro dei consensi. Mostrano che il registro non è stato alterato. Il testo e il numero casuale da cui nascono sono cancellati: da sole non dicono niente di nessuno.
    - Gli esiti degli avvisi inviati, sotto un codice casuale, fino al 21 febbraio 2027. Servono ai conteggi di ogni invio. Il codice non porta più a nessuna persona.
    - La richiesta di cancellazione nel registro delle richieste, sotto lo stesso codice, fino al 22 novembre 2028. Mostra che è stata accolta, e quando.
    - I codici cifrati dei messaggi già letti, fino al 1º dicembre 2026. Impediscono che un messaggio vecchio, ripetuto da WhatsApp, sembri nuovo.
    - I numeri complessivi del servizio, giorno per giorno. Contano quante persone, non quali.

    Come si verifica. Chi chiede di nuovo i propri dati trova che non c'è più nulla. Il numero di questo certificato è nel registro delle richieste del Comune di Barberino di Mugello. Il registro dei consensi si verifica con «filodiretto consent verify --line barberino-demografici».
    Questo è l'ultimo messaggio. Se ci scrive ancora, si apre una nuova conversazione.

    # ask
    Ha scritto «iscrizione». Che cosa vuole fare?
    [Iscrivermi -> subscribe] [Cancellarmi -> unsubscribe] [Ho una domanda -> question]

    # news
    Ecco gli ultimi avvisi del Comune di Barberino di Mugello.

    *Oggi*
    Domani via Roma è chiusa.
    Si passa da via Verdi.

    *Domenica 8 novembre*
    Entro il 16 dicembre si paga il saldo IMU.
    ");
}

#[test]
fn pordenone_s_templates() {
    insta::assert_snapshot!(filled(&line(PORDENONE)), @r"
    # pordenone_servizio
    Avviso del Comune di Pordenone su un servizio: SERVIZIO.
    Che cosa cambia: NOVITA.
    Da quando: QUANDO.
    Per saperne di più visita il sito PAGINA oppure scrivici qui.

    Per non ricevere più avvisi scrivi CANCELLAMI

    # pordenone_scadenza
    Promemoria del Comune di Pordenone: entro il DATA puoi AZIONE.
    Come fare: COME.
    Trovi le istruzioni sul sito PAGINA oppure scrivici qui.

    Per non ricevere più avvisi scrivi CANCELLAMI

    # pordenone_evento
    Eventi in città: EVENTO, QUANDO, DOVE.
    Ingresso: INGRESSO.
    Il programma è sul sito PAGINA del Comune.

    Per non ricevere più avvisi scrivi CANCELLAMI

    # pordenone_utilita
    Informazione di pubblica utilità: AVVISO.
    Dove: DOVE.
    Quando: QUANDO.
    Che cosa fare: COSA_FARE.
    Aggiornamenti sul sito PAGINA del Comune.

    Per non ricevere più avvisi scrivi CANCELLAMI

    # pordenone_allerta
    Allerta

    Allerta COLORE per FENOMENO nella zona di ZONA, dalle INIZIO alle FINE.
    Che cosa fare: COSA_FARE.
    In caso di pericolo chiama il 112.

    Per non ricevere più avvisi scrivi CANCELLAMI
    ");
}

#[test]
fn barberino_s_templates() {
    insta::assert_snapshot!(filled(&line(BARBERINO)), @r"
    # barberino_novita
    Novità dai Servizi Demografici del Comune di Barberino di Mugello: NOVITA.
    Da quando: QUANDO.
    Che cosa fare: COSA_FARE.
    Per informazioni si può scrivere qui, in qualsiasi giorno e orario.

    Per non ricevere più avvisi scriva CANCELLAZIONE

    # barberino_promemoria
    Promemoria dei Servizi Demografici del Comune di Barberino di Mugello: PRESTAZIONE.
    Quando: QUANDO.
    Dove: LUOGO.
    Per confermare, spostare o disdire prema il pulsante.

    # barberino_orario
    I Servizi Demografici del Comune di Barberino di Mugello cambiano orario: ORARIO.
    Giorni interessati: GIORNI.
    Motivo: MOTIVO.
    Per informazioni si può scrivere qui, in qualsiasi giorno e orario.

    Per non ricevere più avvisi scriva CANCELLAZIONE
    ");
}

#[test]
fn barberino_speaks_of_appointments() {
    let line = line(BARBERINO);
    let mut seen = BTreeSet::new();
    let mut said = String::new();
    for reply in Reply::samples(&line, monday()) {
        if !reply.name().starts_with("appointment") || !seen.insert(reply.name()) {
            continue;
        }
        let (Outgoing::Buttons { body, .. } | Outgoing::List { body, .. } | Outgoing::Text(body)) =
            reply::render(&reply, &line, now())
        else {
            unreachable!("no reply is rendered as anything else");
        };
        said += &["# ", reply.name(), "\n", &body, "\n\n"].concat();
    }
    insta::assert_snapshot!(said, @r"
    # appointment_services
    Per che cosa vuole un appuntamento?

    # appointment_days
    *Carta d'identità*: in quale giorno?
    Dove: viale della Repubblica 24, Barberino di Mugello
    Al posto di: lunedì 23 novembre 2026 alle 9:00

    # appointment_taken
    Quell'orario non è più libero. *Carta d'identità*: in quale giorno?
    Dove: viale della Repubblica 24, Barberino di Mugello
    Al posto di: lunedì 23 novembre 2026 alle 9:00

    # appointment_hours
    *Carta d'identità*, lunedì 23 novembre: a che ora?
    Dove: viale della Repubblica 24, Barberino di Mugello
    Al posto di: lunedì 23 novembre 2026 alle 9:00

    # appointment_none_free
    Nei prossimi giorni non ci sono orari liberi per: Carta d'identità.
    Scriva qui che cosa le serve: risponde l'Ufficio Servizi Demografici, dal lunedì al venerdì dalle 9 alle 13, esclusi i giorni festivi.

    # appointment_check
    *Carta d'identità*
    lunedì 23 novembre 2026 alle 9:00
    Dove: viale della Repubblica 24, Barberino di Mugello
    Al posto di: lunedì 23 novembre 2026 alle 9:00

    Va bene?

    # appointment_booked
    *Appuntamento prenotato.*
    Carta d'identità, lunedì 23 novembre 2026 alle 9:00
    Dove: viale della Repubblica 24, Barberino di Mugello
    Da portare:
    - una fototessera recente
    - la carta d'identità precedente, oppure la denuncia di furto o smarrimento
    - la tessera sanitaria

    Per il calendario: 23/11/2026, 9:00–9:20, Carta d'identità, viale della Repubblica 24, Barberino di Mugello
    Può spostarlo o disdirlo qui fino a domenica 22 novembre alle 21:00.

    # appointment_moved
    *Appuntamento spostato.*
    Carta d'identità, lunedì 23 novembre 2026 alle 9:00
    Dove: viale della Repubblica 24, Barberino di Mugello
    Da portare:
    - una fototessera recente
    - la carta d'identità precedente, oppure la denuncia di furto o smarrimento
    - la tessera sanitaria

    Per il calendario: 23/11/2026, 9:00–9:20, Carta d'identità, viale della Repubblica 24, Barberino di Mugello
    Può spostarlo o disdirlo qui fino a domenica 22 novembre alle 21:00.

    # appointment_cancelled
    *Appuntamento disdetto*: Carta d'identità, lunedì 23 novembre 2026 alle 9:00.
    Per prenotarne un altro scriva APPUNTAMENTO.

    # appointment_called_off
    *Appuntamento annullato dall'ufficio*: Carta d'identità, lunedì 23 novembre 2026 alle 9:00. Ci scusiamo.
    Per prenotarne un altro scriva APPUNTAMENTO.

    # appointment_yours
    Ha un appuntamento.
    *Carta d'identità*, lunedì 23 novembre 2026 alle 9:00
    Dove: viale della Repubblica 24, Barberino di Mugello
    Da portare:
    - una fototessera recente
    - la carta d'identità precedente, oppure la denuncia di furto o smarrimento
    - la tessera sanitaria

    Può spostarlo o disdirlo qui fino a domenica 22 novembre alle 21:00.

    # appointment_yours_several
    Ha più appuntamenti. Quale vuole vedere?

    # appointment_reminder
    *Promemoria dell'appuntamento*
    Carta d'identità, lunedì 23 novembre 2026 alle 9:00
    Dove: viale della Repubblica 24, Barberino di Mugello
    Da portare:
    - una fototessera recente
    - la carta d'identità precedente, oppure la denuncia di furto o smarrimento
    - la tessera sanitaria

    Se non può venire, lo sposti o lo disdica: il posto va a un'altra persona.

    # appointment_too_late
    L'appuntamento è lunedì 23 novembre 2026 alle 9:00: da qui è tardi per spostarlo o disdirlo.
    Scriva qui che cosa succede: risponde l'Ufficio Servizi Demografici, dal lunedì al venerdì dalle 9 alle 13, esclusi i giorni festivi.

    # appointment_gone
    Questo appuntamento non c'è più.
    Per prenotarne un altro scriva APPUNTAMENTO.
    ");
}

#[test]
fn no_text_has_an_unresolved_placeholder_or_exceeds_a_limit() {
    for line in [line(PORDENONE), line(BARBERINO)] {
        let replies = Reply::samples(&line, monday());
        let in_all =
            replies.iter().flat_map(|reply| Language::ALL.map(|language| (reply, language)));
        for (reply, language) in in_all {
            let texts = match reply::render_in(language, reply, &line, now()) {
                Outgoing::Text(text) => vec![(text, TEXT_LIMIT)],
                Outgoing::Buttons { body, buttons } => {
                    let titles = buttons.into_iter().map(|it| (it.title, BUTTON_TITLE_LIMIT));
                    std::iter::once((body, BUTTONS_BODY_LIMIT)).chain(titles).collect()
                }
                Outgoing::List { body, button, rows } => {
                    let rows = rows.into_iter().flat_map(|it| {
                        let description = it.description.map(|it| (it, 72));
                        std::iter::once((it.title, ROW_TITLE_LIMIT)).chain(description)
                    });
                    [(body, TEXT_LIMIT), (button, BUTTON_TITLE_LIMIT)]
                        .into_iter()
                        .chain(rows)
                        .collect()
                }
                other => unreachable!("no reply is rendered as {other:?}"),
            };
            for (text, limit) in texts {
                assert!(!text.contains(['{', '}']), "{reply:?}: {text}");
                assert!(!text.is_empty() && length(&text) <= limit, "{reply:?}: {text}");
            }
        }
        for template in &line.templates {
            let meta = template.for_meta(&line);
            for text in [meta.header, meta.footer].into_iter().flatten() {
                assert!(!text.contains(['{', '}']) && length(&text) <= 60, "{text}");
            }
        }
    }
}

#[test]
fn a_line_says_its_own_keywords_and_no_other() {
    for (text, own, foreign) in [
        (PORDENONE, ["ISCRIVIMI", "CANCELLAMI"], ["ISCRIZIONE", "CANCELLAZIONE"]),
        (BARBERINO, ["ISCRIZIONE", "CANCELLAZIONE"], ["ISCRIVIMI", "CANCELLAMI"]),
    ] {
        let line = line(text);
        let said = all(&line) + &filled(&line);
        for word in own {
            assert!(said.contains(word), "{word} in {}", line.id);
        }
        for word in foreign {
            assert!(!said.contains(word), "{word} in {}", line.id);
        }
    }
}

#[test]
fn the_welcome_has_both_links_and_the_acceptance() {
    for (text, acceptance) in [
        (PORDENONE, "Leggi la policy del servizio, che si intende così accettata"),
        (PORDENONE, "Se non accetti la policy scrivi CANCELLAMI"),
        (BARBERINO, "policy del servizio e l'informativa privacy, che si intendono così accettate"),
        (BARBERINO, "dal lunedì al venerdì dalle 9 alle 13"),
    ] {
        let line = line(text);
        let topics: BTreeSet<_> = line.topics.iter().map(|it| it.id.clone()).collect();
        let welcome = shown(&Reply::Welcome { topics }, &line);
        for part in [acceptance, &line.policy.url, &line.privacy.url] {
            assert!(welcome.contains(part), "{part} in {welcome}");
        }
    }
}

#[test]
fn a_foreigner_is_welcomed_in_their_language_with_the_lines_links_and_keywords() {
    for text in [PORDENONE, BARBERINO] {
        let line = line(text);
        let topics = line.topics.iter().map(|it| it.id.clone()).collect();
        let welcome = Reply::Welcome { topics };
        let said = |language, reply: &Reply| match reply::render_in(language, reply, &line, now()) {
            Outgoing::Text(body) | Outgoing::Buttons { body, .. } => body,
            other => unreachable!("no text is rendered as {other:?}"),
        };
        for language in Language::ALL.into_iter().filter(|it| *it != Language::Italian) {
            let text = said(language, &welcome);
            assert_ne!(text, said(Language::Italian, &welcome), "{language:?}");
            let keyword = line.opt_out_word().to_uppercase();
            for part in [&line.policy.url, &line.privacy.url, &line.comune.name, &keyword] {
                assert!(text.contains(part), "{part} in {text}");
            }
            let rights = said(language, &Reply::MyData);
            assert!(rights.contains(&line.privacy.url), "{rights}");
            assert!(rights.contains(line.office.dpo.as_deref().expect("a dpo")), "{rights}");
            let goodbye = said(language, &Reply::Goodbye);
            assert!(goodbye.contains(&line.opt_in_word().to_uppercase()), "{goodbye}");
        }
    }
    insta::assert_snapshot!(
        match reply::render_in(Language::Romanian, &Reply::Help, &line(BARBERINO), now()) {
            Outgoing::Text(body) | Outgoing::Buttons { body, .. } => body,
            other => unreachable!("no text is rendered as {other:?}"),
        },
        @r"
    Acesta este serviciul WhatsApp al Comune di Barberino di Mugello. Puteți scrie:
    - ISCRIZIONE pentru a pune întrebări aici și a primi anunțurile
    - CANCELLAZIONE pentru a nu le mai primi
    - I MIEI DATI pentru datele dumneavoastră

    După abonare scrieți întrebarea: o citește o persoană.
    Nu răspundem la apeluri. În caz de urgență sunați la 112.
    "
    );
}

#[test]
fn the_two_lines_differ_where_their_pages_do() {
    let (pordenone, barberino) = (line(PORDENONE), line(BARBERINO));
    assert!(!pordenone.chat_needs_subscription && barberino.chat_needs_subscription);
    assert!(pordenone.hours.is_none() && barberino.hours.is_some());
    assert_eq!(pordenone.topics.len(), 4);
    assert_eq!(barberino.topics.len(), 1);
    assert_eq!(pordenone.moderation.rules.len(), 9);
    assert_eq!(barberino.moderation.rules.len(), 6);
    assert_ne!(pordenone.phone_number_id, barberino.phone_number_id);
    assert_ne!(pordenone.messaging_account_id, barberino.messaging_account_id);
    let events = pordenone.topics.iter().find(|it| it.id.as_str() == "eventi").unwrap();
    assert_eq!((events.category, events.send), (Category::Marketing, SendBy::Paid));
}

#[test]
fn the_yardstick_lines_have_nothing_that_holds_a_broadcast_back() {
    for line in [line(PORDENONE), line(BARBERINO)] {
        assert_eq!(line.quiet_hours, None);
        assert_eq!(line.portfolio, None);
        assert_eq!(line.monthly_budget_eur, None);
        assert!(!line.needs_approval);
        assert_eq!((line.rate, line.reserve, line.bulk_rate()), (80, 10, 70));
        assert_eq!(line.retention.inactivity_days, None);
        for topic in &line.topics {
            let has_template = line.templates.iter().any(|it| it.topic.as_ref() == Some(&topic.id));
            assert!(has_template && topic.on_by_default, "{}", topic.id);
        }
    }
}
