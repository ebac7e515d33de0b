// SPDX-License-Identifier: EUPL-1.2
//! A life with each of the two services, word for word: a question, joining, topics, news, another
//! number, one's data, and the end.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::{Person, World, notice};

const NUMBER: &str = "393330001091";
const NEXT_NUMBER: &str = "393330001092";

/// What was said on a phone, as it reads.
async fn transcript(world: &World, digits: &str) -> String {
    let url = format!("{}/simulator/phones/{digits}/messages", world.stack.url());
    let list: Value = world.http.get(url).send().await.unwrap().json().await.unwrap();
    let mut told = String::new();
    for it in list["items"].as_array().unwrap() {
        let who = if it["direction"] == "out" { "Anna" } else { "Comune" };
        let file = it["media"]["file_name"].as_str().map(|it| format!("[{it}] "));
        let text = it["text"].as_str().unwrap().replace('\n', "\n    ").replace("    \n", "\n");
        writeln!(told, "{who}: {}{text}", file.unwrap_or_default()).unwrap();
        for button in it["buttons"].as_array().unwrap() {
            writeln!(told, "    ({})", button["title"].as_str().unwrap()).unwrap();
        }
    }
    unnumbered(&told)
}

/// Numbers of requests end in something random, and a slow machine's clock goes on.
fn unnumbered(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("numero 2611") {
        let (before, after) = rest.split_at(at + "numero ".len());
        let end = after.find(|it: char| !it.is_ascii_alphanumeric() && it != '-');
        write!(shown, "{before}NNN").unwrap();
        rest = &after[end.unwrap_or(after.len())..];
    }
    let mut shown = shown + rest;
    while let Some(at) = shown.find("24/11/2026, 09:00:") {
        shown.replace_range(at..at + "24/11/2026, 09:00:00".len(), "GIORNO, ORA");
    }
    shown
}

async fn says(world: &World, anna: &Person<'_>, line: &str, text: &str) {
    anna.says(line, text).await;
    world.advance(30).await;
}

/// The second half of a life: another number, one's data, the end.
async fn moves_and_goes(world: &World, anna: &Person<'_>, line: &str) {
    world.meta().change_number(NUMBER, NEXT_NUMBER).unwrap();
    world.settled().await;
    says(world, anna, line, "sono ancora iscritta?").await;
    says(world, anna, line, "i miei dati").await;
    says(world, anna, line, "cancellate tutti i miei dati").await;
    anna.taps(line, "erase-yes", "Cancella tutto").await;
    world.advance(30).await;
    let office = world.office(line);
    assert_eq!(office.get("/subscribers/count").await.1["total"], 0);
    let found =
        office.post("/contacts/search", json!({ "phone": format!("+{NEXT_NUMBER}") })).await;
    assert_eq!(found.1["items"], json!([]));
}

#[tokio::test]
async fn a_life_in_pordenone() {
    let world = World::start().await;
    let (anna, later) = (world.person(NUMBER), world.person(NEXT_NUMBER));
    let line = "pordenone";
    says(&world, &anna, line, "Buongiorno, a che ora apre l'anagrafe domani?").await;
    says(&world, &anna, line, "iscrivimi").await;
    says(&world, &anna, line, "togli eventi").await;
    let office = world.office(line);
    let (_, made) = office.post("/broadcasts", notice(&["scadenze"], "pagare il saldo IMU")).await;
    office.sends(made["id"].as_str().unwrap()).await;
    world.advance(30).await;
    says(&world, &anna, line, "grazie").await;
    moves_and_goes(&world, &later, line).await;
    // The chat moved along with the person.
    assert_eq!(transcript(&world, NUMBER).await, "");
    insta::assert_snapshot!(transcript(&world, NEXT_NUMBER).await, @r"
    Anna: Buongiorno, a che ora apre l'anagrafe domani?
    Anna: iscrivimi
    Comune: *Iscrizione confermata.* Da ora ricevi su WhatsApp le informazioni del Comune di Pordenone.
        Argomenti: Servizi comunali, Scadenze, Eventi in città e Pubblica utilità.

        Leggi la policy del servizio, che si intende così accettata: https://www.comune.pordenone.it/it/servizi/whatsapp
        Se non accetti la policy scrivi CANCELLAMI.
        Come usiamo i tuoi dati: https://www.comune.pordenone.it/it/servizi/whatsapp/privacy

        - Per cambiare argomenti scrivi ARGOMENTI
        - Per cancellarti, in qualunque momento, scrivi CANCELLAMI

        Salva questo numero in rubrica, per esempio come Comune PN WhatsApp. Per le emergenze chiama il 112.
    Anna: togli eventi
    Comune: Fatto. Ora ricevi gli avvisi su: Servizi comunali, Scadenze e Pubblica utilità.
    Comune: Promemoria del Comune di Pordenone: entro il 16 dicembre puoi pagare il saldo IMU.
        Come fare: con il modello F24.
        Trovi le istruzioni sul sito www.comune.pordenone.it oppure scrivici qui.

        Per non ricevere più avvisi scrivi CANCELLAMI
    Anna: grazie
    Anna: sono ancora iscritta?
    Comune: L'iscrizione è già attiva. Ricevi gli avvisi su: Servizi comunali, Scadenze e Pubblica utilità.
        Per cambiarli scrivi ARGOMENTI.
        Per non riceverli più scrivi CANCELLAMI.
    Anna: i miei dati
    Comune: [i-miei-dati.txt] Ecco la copia dei tuoi dati nel servizio WhatsApp del Comune di Pordenone. Conserviamo: il numero di telefono, l'identificativo di WhatsApp, il nome del profilo, l'iscrizione (iscritto dal GIORNO, ORA a: Scadenze, Servizi comunali, Pubblica utilità), le dichiarazioni di consenso, i messaggi di questa chat e gli avvisi inviati e il loro esito.
        Come li usiamo: https://www.comune.pordenone.it/it/servizi/whatsapp/privacy
        Per correggerli scrivi qui che cosa è sbagliato. Per farli cancellare scrivi «cancellate i miei dati».
    Comune: [i-miei-dati.json.txt] Gli stessi dati in formato JSON, da usare con un programma.
    Anna: cancellate tutti i miei dati
    Comune: Vuoi cancellare tutti i tuoi dati dal servizio WhatsApp del Comune di Pordenone? Cancelliamo numero, argomenti scelti, consensi e messaggi, anche le domande ancora senza risposta. Non ricevi più avvisi. Dopo non si torna indietro.
        Rispondi entro 24 ore con un pulsante.
        (Cancella tutto)
        (No, lascia così)
    Anna: Cancella tutto
    Comune: *Dati cancellati.* Abbiamo cancellato dal servizio WhatsApp del Comune di Pordenone: il numero, il nome, l'iscrizione, 2 dichiarazioni di consenso e 13 messaggi.
        Certificato numero NNN, 24 novembre 2026 alle 9:04.

        Resta solo questo, che non porta più a te:
        - Le impronte delle dichiarazioni nel registro dei consensi. Mostrano che il registro non è stato alterato. Il testo e il numero casuale da cui nascono sono cancellati: da sole non dicono niente di nessuno.
        - Gli esiti degli avvisi inviati, sotto un codice casuale, fino al 22 febbraio 2027. Servono ai conteggi di ogni invio. Il codice non porta più a nessuna persona.
        - La richiesta di cancellazione nel registro delle richieste, sotto lo stesso codice, fino al 23 novembre 2028. Mostra che è stata accolta, e quando.
        - I codici cifrati dei messaggi già letti, fino al 2 dicembre 2026. Impediscono che un messaggio vecchio, ripetuto da WhatsApp, sembri nuovo.
        - I numeri complessivi del servizio, giorno per giorno. Contano quante persone, non quali.

        Come si verifica. Chi chiede di nuovo i propri dati trova che non c'è più nulla. Il numero di questo certificato è nel registro delle richieste del Comune di Pordenone. Il registro dei consensi si verifica con «filodiretto consent verify --line pordenone».
        Questo è l'ultimo messaggio. Se ci scrivi ancora, si apre una nuova conversazione.
    ");
    world.ends().await;
}

#[tokio::test]
async fn a_life_in_barberino() {
    let world = World::start().await;
    let (anna, later) = (world.person(NUMBER), world.person(NEXT_NUMBER));
    let line = "barberino-demografici";
    says(&world, &anna, line, "Buongiorno, cosa serve per il cambio di residenza?").await;
    says(&world, &anna, line, "iscrizione").await;
    says(&world, &anna, line, "argomenti").await;
    let news = json!({
        "title": "Orario",
        "audience": { "all": true },
        "message": { "template": { "name": "barberino_orario", "language": "it", "parameters": {
            "orario": "9-12", "giorni": "dal 7 al 9 dicembre", "motivo": "lavori in ufficio",
        } } },
    });
    let office = world.office(line);
    let (status, made) = office.post("/broadcasts", news).await;
    assert_eq!(status, 201, "{made}");
    office.sends(made["id"].as_str().unwrap()).await;
    world.advance(30).await;
    says(&world, &anna, line, "grazie mille").await;
    moves_and_goes(&world, &later, line).await;
    // The chat moved along with the person.
    assert_eq!(transcript(&world, NUMBER).await, "");
    insta::assert_snapshot!(transcript(&world, NEXT_NUMBER).await, @r"
    Anna: Buongiorno, cosa serve per il cambio di residenza?
    Comune: Abbiamo ricevuto il suo messaggio e l'ufficio lo vede. Per avere risposta in chat scriva ISCRIZIONE: autorizza così il Comune a comunicare in chat e riceve news e aggiornamenti.

        La invitiamo a leggere la policy del servizio e l'informativa privacy, che si intendono così accettate.
        Policy: https://www.comune.barberino-di-mugello.fi.it/servizi-demografici-filo-diretto-su-whatsapp
        Informativa privacy: https://www.comune.barberino-di-mugello.fi.it/servizi-demografici-filo-diretto-su-whatsapp/privacy

        Le risposte sono garantite dal lunedì al venerdì dalle 9 alle 13, esclusi i giorni festivi. Per le emergenze chiami il 112.
    Anna: iscrizione
    Comune: *Iscrizione attiva.* Ora può scrivere qui all'Ufficio Servizi Demografici del Comune di Barberino di Mugello: domande su anagrafe, stato civile ed elettorale, appuntamenti, come inviare i documenti. Riceve anche news e aggiornamenti dell'ufficio.

        Può scrivere in qualsiasi giorno e orario. Le risposte sono garantite dal lunedì al venerdì dalle 9 alle 13, esclusi i giorni festivi.

        La invitiamo a leggere la policy del servizio e l'informativa privacy, che si intendono così accettate.
        Policy: https://www.comune.barberino-di-mugello.fi.it/servizi-demografici-filo-diretto-su-whatsapp
        Informativa privacy: https://www.comune.barberino-di-mugello.fi.it/servizi-demografici-filo-diretto-su-whatsapp/privacy

        Per cancellarsi basta scrivere CANCELLAZIONE. Non sono prese in considerazione le richieste telefoniche. Per le emergenze chiami il 112.
    Anna: argomenti
    Comune: Questo servizio ha un solo elenco, le news e gli aggiornamenti dei Servizi Demografici, e lo riceve già.
        Per non riceverlo più scriva CANCELLAZIONE: si chiude anche la chat.
    Comune: I Servizi Demografici del Comune di Barberino di Mugello cambiano orario: 9-12.
        Giorni interessati: dal 7 al 9 dicembre.
        Motivo: lavori in ufficio.
        Per informazioni si può scrivere qui, in qualsiasi giorno e orario.

        Per non ricevere più avvisi scriva CANCELLAZIONE
    Anna: grazie mille
    Anna: sono ancora iscritta?
    Comune: L'iscrizione è già attiva: può scrivere qui le sue domande e riceve news e aggiornamenti dell'ufficio. Le risposte sono garantite dal lunedì al venerdì dalle 9 alle 13, esclusi i giorni festivi.
        Per cancellarsi scriva CANCELLAZIONE.
    Anna: i miei dati
    Comune: [i-miei-dati.txt] Ecco la copia dei suoi dati nel servizio WhatsApp del Comune di Barberino di Mugello. Conserviamo: il numero di telefono, l'identificativo di WhatsApp, il nome del profilo, l'iscrizione (iscritto dal GIORNO, ORA a: Novità dell'ufficio), le dichiarazioni di consenso, i messaggi di questa chat e gli avvisi inviati e il loro esito.
        Come li usiamo: https://www.comune.barberino-di-mugello.fi.it/servizi-demografici-filo-diretto-su-whatsapp/privacy
        Per correggerli scriva qui che cosa è sbagliato. Per farli cancellare scriva «cancellate i miei dati».
    Comune: [i-miei-dati.json.txt] Gli stessi dati in formato JSON, da usare con un programma.
    Anna: cancellate tutti i miei dati
    Comune: Vuole cancellare tutti i suoi dati dal servizio WhatsApp del Comune di Barberino di Mugello? Cancelliamo numero, argomenti scelti, consensi e messaggi, anche le domande ancora senza risposta. Non riceve più avvisi. Dopo non si torna indietro.
        Risponda entro 24 ore con un pulsante.
        (Cancellate tutto)
        (No, lasciate così)
    Anna: Cancella tutto
    Comune: *Dati cancellati.* Abbiamo cancellato dal servizio WhatsApp del Comune di Barberino di Mugello: il numero, il nome, l'iscrizione, una dichiarazione di consenso e 14 messaggi.
        Certificato numero NNN, 24 novembre 2026 alle 9:04.

        Resta solo questo, che non porta più a lei:
        - Le impronte delle dichiarazioni nel registro dei consensi. Mostrano che il registro non è stato alterato. Il testo e il numero casuale da cui nascono sono cancellati: da sole non dicono niente di nessuno.
        - Gli esiti degli avvisi inviati, sotto un codice casuale, fino al 22 febbraio 2027. Servono ai conteggi di ogni invio. Il codice non porta più a nessuna persona.
        - La richiesta di cancellazione nel registro delle richieste, sotto lo stesso codice, fino al 23 novembre 2028. Mostra che è stata accolta, e quando.
        - I codici cifrati dei messaggi già letti, fino al 2 dicembre 2026. Impediscono che un messaggio vecchio, ripetuto da WhatsApp, sembri nuovo.
        - I numeri complessivi del servizio, giorno per giorno. Contano quante persone, non quali.

        Come si verifica. Chi chiede di nuovo i propri dati trova che non c'è più nulla. Il numero di questo certificato è nel registro delle richieste del Comune di Barberino di Mugello. Il registro dei consensi si verifica con «filodiretto consent verify --line barberino-demografici».
        Questo è l'ultimo messaggio. Se ci scrive ancora, si apre una nuova conversazione.
    ");
    world.ends().await;
}
