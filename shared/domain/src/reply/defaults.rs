// SPDX-License-Identifier: EUPL-1.2
//! The words a line has when it does not say otherwise, with tu and with Lei.
//!
//! Source: italian-pa, section 5.3.

use crate::line::{Address, Line};

/// In which lines a text holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chat {
    Any,
    /// Everybody may ask.
    Open,
    /// A chat needs a subscription.
    Subscribers,
}

struct DefaultText {
    name: &'static str,
    chat: Chat,
    tu: &'static str,
    lei: &'static str,
}

/// The default text of that name; empty for a name that does not exist.
pub(super) fn text(name: &str, line: &Line) -> &'static str {
    let other = if line.chat_needs_subscription { Chat::Open } else { Chat::Subscribers };
    let found = DEFAULTS.iter().find(|it| it.name == name && it.chat != other);
    found.map_or("", |it| match line.address {
        Address::Tu => it.tu,
        Address::Lei => it.lei,
    })
}

const DEFAULTS: [DefaultText; 57] = [
    DefaultText {
        name: "welcome",
        chat: Chat::Open,
        tu: "\
*Iscrizione attiva.* Da ora ricevi su WhatsApp gli avvisi {del_ente}.
Argomenti: {argomenti}.

Leggi la policy del servizio, che si intende così accettata: {link_policy}
Se non la accetti scrivi {cancellazione}.
Come usiamo i tuoi dati: {link_informativa}

- Per cambiare argomenti scrivi {parola_argomenti}
- Per non ricevere più avvisi scrivi {cancellazione}

Salva questo numero in rubrica. Per le emergenze chiama il 112.",
        lei: "\
*Iscrizione attiva.* Da ora riceve su WhatsApp gli avvisi {del_ente}.
Argomenti: {argomenti}.

Legga la policy del servizio, che si intende così accettata: {link_policy}
Se non la accetta scriva {cancellazione}.
Come usiamo i suoi dati: {link_informativa}

- Per cambiare argomenti scriva {parola_argomenti}
- Per non ricevere più avvisi scriva {cancellazione}

Salvi questo numero in rubrica. Per le emergenze chiami il 112.",
    },
    DefaultText {
        name: "welcome",
        chat: Chat::Subscribers,
        tu: "\
*Iscrizione attiva.* Da ora puoi scrivere qui le tue domande e ricevi su WhatsApp gli avvisi {del_ente}.
Argomenti: {argomenti}.
Risponde {ufficio}, {orari}.

Leggi la policy del servizio, che si intende così accettata: {link_policy}
Se non la accetti scrivi {cancellazione}.
Come usiamo i tuoi dati: {link_informativa}

- Per cambiare argomenti scrivi {parola_argomenti}
- Per cancellarti scrivi {cancellazione}

Salva questo numero in rubrica. Per le emergenze chiama il 112.",
        lei: "\
*Iscrizione attiva.* Da ora può scrivere qui le sue domande e riceve su WhatsApp gli avvisi {del_ente}.
Argomenti: {argomenti}.
Risponde {ufficio}, {orari}.

Legga la policy del servizio, che si intende così accettata: {link_policy}
Se non la accetta scriva {cancellazione}.
Come usiamo i suoi dati: {link_informativa}

- Per cambiare argomenti scriva {parola_argomenti}
- Per cancellarsi scriva {cancellazione}

Salvi questo numero in rubrica. Per le emergenze chiami il 112.",
    },
    DefaultText {
        name: "confirm",
        chat: Chat::Any,
        tu: "\
Vuoi iscriverti al servizio WhatsApp {del_ente}? Argomenti degli avvisi: {argomenti}.

Prima leggi la policy del servizio: {link_policy}
Come usiamo i tuoi dati: {link_informativa}

Per iscriverti premi il pulsante o scrivi CONFERMO, entro 24 ore. Se non l'hai chiesto tu, non serve fare niente.",
        lei: "\
Vuole iscriversi al servizio WhatsApp {del_ente}? Argomenti degli avvisi: {argomenti}.

Prima legga la policy del servizio: {link_policy}
Come usiamo i suoi dati: {link_informativa}

Per iscriversi prema il pulsante o scriva CONFERMO, entro 24 ore. Se non l'ha chiesto lei, non serve fare niente.",
    },
    DefaultText { name: "confirm_button", chat: Chat::Any, tu: "Confermo", lei: "Confermo" },
    DefaultText {
        name: "already",
        chat: Chat::Any,
        tu: "\
L'iscrizione è già attiva. Ricevi gli avvisi su: {argomenti}.
Per cambiarli scrivi {parola_argomenti}.
Per non riceverli più scrivi {cancellazione}.",
        lei: "\
L'iscrizione è già attiva. Riceve gli avvisi su: {argomenti}.
Per cambiarli scriva {parola_argomenti}.
Per non riceverli più scriva {cancellazione}.",
    },
    DefaultText {
        name: "goodbye",
        chat: Chat::Open,
        tu: "\
*Iscrizione cancellata.* Non ricevi più gli avvisi {del_ente} su WhatsApp, nemmeno le allerte.
Puoi ancora scriverci per una domanda. Per tornare a ricevere gli avvisi scrivi {iscrizione}, per i tuoi dati scrivi {parola_dati}.",
        lei: "\
*Iscrizione cancellata.* Non riceve più gli avvisi {del_ente} su WhatsApp, nemmeno le allerte.
Può ancora scriverci per una domanda. Per tornare a ricevere gli avvisi scriva {iscrizione}, per i suoi dati scriva {parola_dati}.",
    },
    DefaultText {
        name: "goodbye",
        chat: Chat::Subscribers,
        tu: "\
*Iscrizione cancellata.* Su WhatsApp non ricevi più gli avvisi {del_ente}, nemmeno le allerte, e la chat si chiude.
Per tornare scrivi {iscrizione}, per i tuoi dati scrivi {parola_dati}.",
        lei: "\
*Iscrizione cancellata.* Su WhatsApp non riceve più gli avvisi {del_ente}, nemmeno le allerte, e la chat si chiude.
Per tornare scriva {iscrizione}, per i suoi dati scriva {parola_dati}.",
    },
    DefaultText {
        name: "not_subscribed",
        chat: Chat::Open,
        tu: "\
Questo numero non è iscritto agli avvisi {del_ente}, quindi non c'è nulla da cancellare.
Se volevi cancellare altro (una prenotazione, un servizio, la residenza) scrivi qui di che cosa si tratta.",
        lei: "\
Questo numero non è iscritto agli avvisi {del_ente}, quindi non c'è nulla da cancellare.
Se voleva cancellare altro (una prenotazione, un servizio, la residenza) scriva qui di che cosa si tratta.",
    },
    DefaultText {
        name: "not_subscribed",
        chat: Chat::Subscribers,
        tu: "\
Questo numero non è iscritto al servizio WhatsApp {del_ente}, quindi non c'è nulla da cancellare.
Se volevi cancellare altro (un appuntamento, una pratica, la residenza) serve l'iscrizione alla chat: scrivi {iscrizione}.",
        lei: "\
Questo numero non è iscritto al servizio WhatsApp {del_ente}, quindi non c'è nulla da cancellare.
Se voleva cancellare altro (un appuntamento, una pratica, la residenza) serve l'iscrizione alla chat: scriva {iscrizione}.",
    },
    DefaultText {
        name: "help",
        chat: Chat::Open,
        tu: "\
Questo è il servizio WhatsApp {del_ente}. Puoi scrivere:
- {iscrizione} per ricevere gli avvisi
- {parola_argomenti} per scegliere quali
- {cancellazione} per non riceverli più
- {parola_dati} per la privacy

Oppure scrivi la tua domanda: risponde {ufficio}, {orari}.
Non rispondiamo alle chiamate. Per le emergenze chiama il 112.",
        lei: "\
Questo è il servizio WhatsApp {del_ente}. Può scrivere:
- {iscrizione} per ricevere gli avvisi
- {parola_argomenti} per scegliere quali
- {cancellazione} per non riceverli più
- {parola_dati} per la privacy

Oppure scriva la sua domanda: risponde {ufficio}, {orari}.
Non rispondiamo alle chiamate. Per le emergenze chiami il 112.",
    },
    DefaultText {
        name: "help",
        chat: Chat::Subscribers,
        tu: "\
Questo è il servizio WhatsApp {del_ente}. Puoi scrivere:
- {iscrizione} per fare domande in chat e ricevere gli avvisi
- {parola_argomenti} per scegliere quali
- {cancellazione} per chiudere la chat e non riceverli più
- {parola_dati} per la privacy

Con l'iscrizione attiva scrivi pure la tua domanda: risponde {ufficio}, {orari}.
Non rispondiamo alle chiamate. Per le emergenze chiama il 112.",
        lei: "\
Questo è il servizio WhatsApp {del_ente}. Può scrivere:
- {iscrizione} per fare domande in chat e ricevere gli avvisi
- {parola_argomenti} per scegliere quali
- {cancellazione} per chiudere la chat e non riceverli più
- {parola_dati} per la privacy

Con l'iscrizione attiva scriva pure la sua domanda: risponde {ufficio}, {orari}.
Non rispondiamo alle chiamate. Per le emergenze chiami il 112.",
    },
    DefaultText {
        name: "topics",
        chat: Chat::Any,
        tu: "\
Ora ricevi gli avvisi su: {argomenti}.

Puoi scegliere tra:{elenco_argomenti}

Per esempio scrivi «solo {esempio_argomento}», «aggiungi {esempio_argomento}» oppure «togli {esempio_argomento}».
Per non ricevere più nulla scrivi {cancellazione}.",
        lei: "\
Ora riceve gli avvisi su: {argomenti}.

Può scegliere tra:{elenco_argomenti}

Per esempio scriva «solo {esempio_argomento}», «aggiungi {esempio_argomento}» oppure «togli {esempio_argomento}».
Per non ricevere più nulla scriva {cancellazione}.",
    },
    DefaultText {
        name: "topics_button",
        chat: Chat::Any,
        tu: "Scegli gli argomenti",
        lei: "Scelga gli argomenti",
    },
    DefaultText {
        name: "topics_none",
        chat: Chat::Any,
        tu: "\
Ora non ricevi gli avvisi {del_ente}. Per riceverli scrivi {iscrizione}.

Gli argomenti sono:{elenco_argomenti}

Per averne solo uno scrivi per esempio «{iscrizione} {esempio_argomento}».",
        lei: "\
Ora non riceve gli avvisi {del_ente}. Per riceverli scriva {iscrizione}.

Gli argomenti sono:{elenco_argomenti}

Per averne solo uno scriva per esempio «{iscrizione} {esempio_argomento}».",
    },
    DefaultText {
        name: "topics_saved",
        chat: Chat::Any,
        tu: "Fatto. Ora ricevi gli avvisi su: {argomenti}.",
        lei: "Fatto. Ora riceve gli avvisi su: {argomenti}.",
    },
    DefaultText {
        name: "invitation",
        chat: Chat::Any,
        tu: "\
Abbiamo ricevuto il messaggio e l'ufficio lo vede. Per avere risposta in chat serve l'iscrizione: scrivi {iscrizione}.
Prima leggi la policy del servizio: {link_policy}
Come usiamo i tuoi dati: {link_informativa}
Risponde {ufficio}, {orari}. Per le emergenze chiama il 112.",
        lei: "\
Abbiamo ricevuto il messaggio e l'ufficio lo vede. Per avere risposta in chat serve l'iscrizione: scriva {iscrizione}.
Prima legga la policy del servizio: {link_policy}
Come usiamo i suoi dati: {link_informativa}
Risponde {ufficio}, {orari}. Per le emergenze chiami il 112.",
    },
    DefaultText {
        name: "ask",
        chat: Chat::Any,
        tu: "Hai scritto «{testo}». Che cosa vuoi fare?",
        lei: "Ha scritto «{testo}». Che cosa vuole fare?",
    },
    DefaultText {
        name: "ask_subscribe",
        chat: Chat::Any,
        tu: "Ricevere gli avvisi",
        lei: "Ricevere gli avvisi",
    },
    DefaultText {
        name: "ask_unsubscribe",
        chat: Chat::Any,
        tu: "Non riceverli più",
        lei: "Non riceverli più",
    },
    DefaultText {
        name: "ask_question",
        chat: Chat::Any,
        tu: "Ho una domanda",
        lei: "Ho una domanda",
    },
    DefaultText {
        name: "my_data",
        chat: Chat::Any,
        tu: "\
Come usiamo i tuoi dati: {link_informativa}
Hai il diritto di {diritti}.

Scrivi qui che cosa vuoi: una persona legge la richiesta e rispondiamo entro un mese. Per non ricevere più avvisi basta scrivere {cancellazione}.
Responsabile della protezione dei dati: {contatto_dpo}",
        lei: "\
Come usiamo i suoi dati: {link_informativa}
Ha il diritto di {diritti}.

Scriva qui che cosa vuole: una persona legge la richiesta e rispondiamo entro un mese. Per non ricevere più avvisi basta scrivere {cancellazione}.
Responsabile della protezione dei dati: {contatto_dpo}",
    },
    DefaultText {
        name: "my_data_copy",
        chat: Chat::Any,
        tu: "Ricevere una copia",
        lei: "Ricevere una copia",
    },
    DefaultText {
        name: "my_data_erase",
        chat: Chat::Any,
        tu: "Cancellare tutto",
        lei: "Cancellare tutto",
    },
    DefaultText {
        name: "data_copy",
        chat: Chat::Any,
        tu: "\
Ecco la copia dei tuoi dati nel servizio WhatsApp {del_ente}. Conserviamo: {dati}.
Come li usiamo: {link_informativa}
Per correggerli scrivi qui che cosa è sbagliato. Per farli cancellare scrivi «cancellate i miei dati».",
        lei: "\
Ecco la copia dei suoi dati nel servizio WhatsApp {del_ente}. Conserviamo: {dati}.
Come li usiamo: {link_informativa}
Per correggerli scriva qui che cosa è sbagliato. Per farli cancellare scriva «cancellate i miei dati».",
    },
    DefaultText {
        name: "data_copy_json",
        chat: Chat::Any,
        tu: "Gli stessi dati in formato JSON, da usare con un programma.",
        lei: "Gli stessi dati in formato JSON, da usare con un programma.",
    },
    DefaultText {
        name: "request_taken",
        chat: Chat::Any,
        tu: "\
{effetto}
Abbiamo ricevuto la tua richiesta sui dati personali ({diritto}), numero {richiesta}. Una persona la legge e ti risponde entro il {scadenza}. Se serve più tempo te lo scriviamo prima di quella data.",
        lei: "\
{effetto}
Abbiamo ricevuto la sua richiesta sui dati personali ({diritto}), numero {richiesta}. Una persona la legge e le risponde entro il {scadenza}. Se serve più tempo glielo scriviamo prima di quella data.",
    },
    DefaultText {
        name: "erase_ask",
        chat: Chat::Any,
        tu: "\
Vuoi cancellare tutti i tuoi dati dal servizio WhatsApp {del_ente}? Cancelliamo numero, argomenti scelti, consensi e messaggi, anche le domande ancora senza risposta. Non ricevi più avvisi. Dopo non si torna indietro.
Rispondi entro 24 ore con un pulsante.",
        lei: "\
Vuole cancellare tutti i suoi dati dal servizio WhatsApp {del_ente}? Cancelliamo numero, argomenti scelti, consensi e messaggi, anche le domande ancora senza risposta. Non riceve più avvisi. Dopo non si torna indietro.
Risponda entro 24 ore con un pulsante.",
    },
    DefaultText {
        name: "erase_yes",
        chat: Chat::Any,
        tu: "Cancella tutto",
        lei: "Cancellate tutto",
    },
    DefaultText {
        name: "erase_no",
        chat: Chat::Any,
        tu: "No, lascia così",
        lei: "No, lasciate così",
    },
    DefaultText {
        name: "erase_kept",
        chat: Chat::Any,
        tu: "Va bene, non cancelliamo niente.",
        lei: "Va bene, non cancelliamo niente.",
    },
    DefaultText {
        name: "erased",
        chat: Chat::Any,
        tu: "\
*Dati cancellati.* Abbiamo cancellato dal servizio WhatsApp {del_ente}: {cancellato}.
Certificato numero {richiesta}, {quando}.

Resta solo questo, che non porta più a te:{resta}

Come si verifica. {verifica}
Questo è l'ultimo messaggio. Se ci scrivi ancora, si apre una nuova conversazione.",
        lei: "\
*Dati cancellati.* Abbiamo cancellato dal servizio WhatsApp {del_ente}: {cancellato}.
Certificato numero {richiesta}, {quando}.

Resta solo questo, che non porta più a lei:{resta}

Come si verifica. {verifica}
Questo è l'ultimo messaggio. Se ci scrive ancora, si apre una nuova conversazione.",
    },
    DefaultText {
        name: "emergency",
        chat: Chat::Any,
        tu: "Se c'è un pericolo chiama subito il *112*. Questa chat non è un servizio di emergenza e non è sempre presidiata.",
        lei: "Se c'è un pericolo chiami subito il *112*. Questa chat non è un servizio di emergenza e non è sempre presidiata.",
    },
    DefaultText {
        name: "news",
        chat: Chat::Any,
        tu: "Ecco gli ultimi avvisi {del_ente}.\n\n{avvisi}",
        lei: "Ecco gli ultimi avvisi {del_ente}.\n\n{avvisi}",
    },
    DefaultText {
        name: "news_none",
        chat: Chat::Any,
        tu: "\
Per ora nessuna novità: negli ultimi 30 giorni non sono usciti avvisi {del_ente}.
Puoi chiedere di nuovo quando vuoi.",
        lei: "\
Per ora nessuna novità: negli ultimi 30 giorni non sono usciti avvisi {del_ente}.
Può chiedere di nuovo quando vuole.",
    },
    DefaultText {
        name: "third_party",
        chat: Chat::Any,
        tu: "\
Possiamo iscrivere o cancellare solo il numero da cui ci scrivi. L'altra persona può scriverci dal suo telefono.
Oppure può venire allo sportello: {sportello}",
        lei: "\
Possiamo iscrivere o cancellare solo il numero da cui ci scrive. L'altra persona può scriverci dal suo telefono.
Oppure può venire allo sportello: {sportello}",
    },
    DefaultText {
        name: "no_calls",
        chat: Chat::Any,
        tu: "\
A questo numero non rispondiamo alle chiamate: scrivi qui la tua domanda. Risponde {ufficio}, {orari}.
Per le emergenze chiama il 112.",
        lei: "\
A questo numero non rispondiamo alle chiamate: scriva qui la sua domanda. Risponde {ufficio}, {orari}.
Per le emergenze chiami il 112.",
    },
    DefaultText {
        name: "closed",
        chat: Chat::Any,
        tu: "\
Grazie, abbiamo ricevuto il messaggio. Ora l'ufficio è chiuso: rispondiamo da {prossima_apertura}.
Per le emergenze chiama il 112.",
        lei: "\
Grazie, abbiamo ricevuto il messaggio. Ora l'ufficio è chiuso: rispondiamo da {prossima_apertura}.
Per le emergenze chiami il 112.",
    },
    DefaultText {
        name: "closed_without_date",
        chat: Chat::Any,
        tu: "\
Grazie, abbiamo ricevuto il messaggio. Ora l'ufficio è chiuso: rispondiamo appena riapre.
Per le emergenze chiama il 112.",
        lei: "\
Grazie, abbiamo ricevuto il messaggio. Ora l'ufficio è chiuso: rispondiamo appena riapre.
Per le emergenze chiami il 112.",
    },
    DefaultText {
        name: "blocked",
        chat: Chat::Any,
        tu: "\
*Fino al {fine_blocco} l'ufficio non risponde a questo numero.* Un tuo messaggio è contrario alle regole del servizio: {regola}.
{effetto}
Non sei d'accordo? Chiedi il riesame con il pulsante qui sotto, oppure scrivi RIESAME: decide una persona.
Puoi chiederlo anche a {email}.
Restano attivi {cancellazione}, {parola_dati} e AIUTO. Per le emergenze chiama il 112.",
        lei: "\
*Fino al {fine_blocco} l'ufficio non risponde a questo numero.* Un suo messaggio è contrario alle regole del servizio: {regola}.
{effetto}
Non è d'accordo? Chieda il riesame con il pulsante qui sotto, oppure scriva RIESAME: decide una persona.
Può chiederlo anche a {email}.
Restano attivi {cancellazione}, {parola_dati} e AIUTO. Per le emergenze chiami il 112.",
    },
    DefaultText {
        name: "blocked_button",
        chat: Chat::Any,
        tu: "Chiedo il riesame",
        lei: "Chiedo il riesame",
    },
    DefaultText {
        name: "review_taken",
        chat: Chat::Any,
        tu: "Abbiamo ricevuto la richiesta di riesame: la legge una persona dell'ufficio. Puoi scrivere qui le tue ragioni, o a {email}.",
        lei: "Abbiamo ricevuto la richiesta di riesame: la legge una persona dell'ufficio. Può scrivere qui le sue ragioni, o a {email}.",
    },
    DefaultText {
        name: "media",
        chat: Chat::Any,
        tu: "\
Qui non possiamo ricevere {tipo}. Scrivi la domanda in poche righe.
Per inviare documenti: {email}",
        lei: "\
Qui non possiamo ricevere {tipo}. Scriva la domanda in poche righe.
Per inviare documenti: {email}",
    },
    DefaultText {
        name: "appointment_services",
        chat: Chat::Any,
        tu: "Per che cosa vuoi un appuntamento?",
        lei: "Per che cosa vuole un appuntamento?",
    },
    DefaultText {
        name: "appointment_days",
        chat: Chat::Any,
        tu: "\
*{prestazione}*: in quale giorno?
Dove: {luogo}
Al posto di: {prima}",
        lei: "\
*{prestazione}*: in quale giorno?
Dove: {luogo}
Al posto di: {prima}",
    },
    DefaultText {
        name: "appointment_taken",
        chat: Chat::Any,
        tu: "\
Quell'orario non è più libero. *{prestazione}*: in quale giorno?
Dove: {luogo}
Al posto di: {prima}",
        lei: "\
Quell'orario non è più libero. *{prestazione}*: in quale giorno?
Dove: {luogo}
Al posto di: {prima}",
    },
    DefaultText {
        name: "appointment_hours",
        chat: Chat::Any,
        tu: "\
*{prestazione}*, {giorno}: a che ora?
Dove: {luogo}
Al posto di: {prima}",
        lei: "\
*{prestazione}*, {giorno}: a che ora?
Dove: {luogo}
Al posto di: {prima}",
    },
    DefaultText {
        name: "appointment_none_free",
        chat: Chat::Any,
        tu: "\
Nei prossimi giorni non ci sono orari liberi per: {prestazione}.
Scrivi qui che cosa ti serve: risponde {ufficio}, {orari}.",
        lei: "\
Nei prossimi giorni non ci sono orari liberi per: {prestazione}.
Scriva qui che cosa le serve: risponde {ufficio}, {orari}.",
    },
    DefaultText {
        name: "appointment_check",
        chat: Chat::Any,
        tu: "\
*{prestazione}*
{quando}
Dove: {luogo}
Al posto di: {prima}

Va bene?",
        lei: "\
*{prestazione}*
{quando}
Dove: {luogo}
Al posto di: {prima}

Va bene?",
    },
    DefaultText {
        name: "appointment_booked",
        chat: Chat::Any,
        tu: "\
*Appuntamento prenotato.*
{prestazione}, {quando}
Dove: {luogo}
Da portare:{documenti}

Per il calendario: {calendario}
Puoi spostarlo o disdirlo qui fino a {termine}.",
        lei: "\
*Appuntamento prenotato.*
{prestazione}, {quando}
Dove: {luogo}
Da portare:{documenti}

Per il calendario: {calendario}
Può spostarlo o disdirlo qui fino a {termine}.",
    },
    DefaultText {
        name: "appointment_moved",
        chat: Chat::Any,
        tu: "\
*Appuntamento spostato.*
{prestazione}, {quando}
Dove: {luogo}
Da portare:{documenti}

Per il calendario: {calendario}
Puoi spostarlo o disdirlo qui fino a {termine}.",
        lei: "\
*Appuntamento spostato.*
{prestazione}, {quando}
Dove: {luogo}
Da portare:{documenti}

Per il calendario: {calendario}
Può spostarlo o disdirlo qui fino a {termine}.",
    },
    DefaultText {
        name: "appointment_cancelled",
        chat: Chat::Any,
        tu: "\
*Appuntamento disdetto*: {prestazione}, {quando}.
Per prenotarne un altro scrivi APPUNTAMENTO.",
        lei: "\
*Appuntamento disdetto*: {prestazione}, {quando}.
Per prenotarne un altro scriva APPUNTAMENTO.",
    },
    DefaultText {
        name: "appointment_called_off",
        chat: Chat::Any,
        tu: "\
*Appuntamento annullato dall'ufficio*: {prestazione}, {quando}. Ci scusiamo.
Per prenotarne un altro scrivi APPUNTAMENTO.",
        lei: "\
*Appuntamento annullato dall'ufficio*: {prestazione}, {quando}. Ci scusiamo.
Per prenotarne un altro scriva APPUNTAMENTO.",
    },
    DefaultText {
        name: "appointment_yours",
        chat: Chat::Any,
        tu: "\
Hai un appuntamento.
*{prestazione}*, {quando}
Dove: {luogo}
Da portare:{documenti}

Puoi spostarlo o disdirlo qui fino a {termine}.",
        lei: "\
Ha un appuntamento.
*{prestazione}*, {quando}
Dove: {luogo}
Da portare:{documenti}

Può spostarlo o disdirlo qui fino a {termine}.",
    },
    DefaultText {
        name: "appointment_yours_several",
        chat: Chat::Any,
        tu: "Hai più appuntamenti. Quale vuoi vedere?",
        lei: "Ha più appuntamenti. Quale vuole vedere?",
    },
    DefaultText {
        name: "appointment_reminder",
        chat: Chat::Any,
        tu: "\
*Promemoria dell'appuntamento*
{prestazione}, {quando}
Dove: {luogo}
Da portare:{documenti}

Se non puoi venire, spostalo o disdici: il posto va a un'altra persona.",
        lei: "\
*Promemoria dell'appuntamento*
{prestazione}, {quando}
Dove: {luogo}
Da portare:{documenti}

Se non può venire, lo sposti o lo disdica: il posto va a un'altra persona.",
    },
    DefaultText {
        name: "appointment_too_late",
        chat: Chat::Any,
        tu: "\
L'appuntamento è {quando}: da qui è tardi per spostarlo o disdirlo.
Scrivi qui che cosa succede: risponde {ufficio}, {orari}.",
        lei: "\
L'appuntamento è {quando}: da qui è tardi per spostarlo o disdirlo.
Scriva qui che cosa succede: risponde {ufficio}, {orari}.",
    },
    DefaultText {
        name: "appointment_gone",
        chat: Chat::Any,
        tu: "\
Questo appuntamento non c'è più.
Per prenotarne un altro scrivi APPUNTAMENTO.",
        lei: "\
Questo appuntamento non c'è più.
Per prenotarne un altro scriva APPUNTAMENTO.",
    },
];
