// SPDX-License-Identifier: EUPL-1.2
//! Messages that mean something only when they are the whole message.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::lexicon::spelt_out;
use super::{AboutData, Intent, Kind, data};

/// An answer with its rule.
pub(super) type Whole = (Intent, &'static str);

#[derive(Clone, Copy)]
enum Meaning {
    Subscribe,
    Unsubscribe,
    Stop,
    Topics,
    News,
    Help,
    MyData,
    Desk,
    Status,
    Courtesy,
    Ask,
}

/// Italian, without greetings and thanks, as [`super::normalise`] leaves it. `/` parts words that
/// may stand in one place.
const WHOLE: &[(Meaning, &str)] = &[
    (
        Meaning::Subscribe,
        "news, start, iscrivi, aderisco, adesione, attivazione, info on, nome cognome iscrivimi",
    ),
    (
        Meaning::Unsubscribe,
        "cancella, disiscritto, disattivazione, stop news, end, quit, unsub, cancel me",
    ),
    (Meaning::Stop, "stop, stop a tutto, stop tutto, ferma tutto, fermatevi"),
    (
        Meaning::Topics,
        "argomenti, argomento, categoria, temi, canali, categorie, preferenze, interessi, topics, cosa posso \
         ricevere, che posso ricevere, cosa ricevo, cosa ricevero, cosa mandate, cosa inviate, \
         che cosa mandate, che cosa inviate, cosa si puo ricevere, che notizie mandate, che \
         messaggi mandate, che avvisi mandate, che messaggi ricevo, di cosa parlate, cosa \
         scegliere, cosa posso scegliere, a cosa posso iscrivermi, a cosa mi posso iscrivere, a \
         che cosa posso iscrivermi, a cosa sono iscritto, a cosa sono iscritta",
    ),
    (
        Meaning::News,
        "novita, notizie, ultime, le ultime, ultime notizie, cosa succede, che succede, che c e \
         di nuovo, cosa c e di nuovo, novita di oggi, ci sono novita, che novita ci sono, ci \
         sono notizie, ultim ora, ultimora, mandatemi le ultime notizie, quali sono le novita, \
         avete novita, qualche novita",
    ),
    (
        Meaning::Help,
        "aiuto, help, aiuto aiuto, aiuto comandi/menu, menu, menu principale, comandi, comando, info, informazioni, \
         istruzioni, guida, come funziona, come funzione, come si usa, cosa posso fare, che \
         cosa posso fare, cosa puoi fare, cosa sai fare, cosa fai, cosa fa questo servizio, chi \
         sei, chi siete, con chi parlo, a cosa serve, a cosa serve questo numero, che numero e \
         questo, di chi e questo numero, che servizio e, che servizio e questo, cos e questo, \
         cosa e, cos e, inizio, aiutami, aiutatemi, opzioni, faq, funziona, come faccio, lista \
         comandi, elenco comandi, quali comandi ci sono, che comandi ci sono, cosa devo \
         scrivere, cosa devo fare, cosa si puo fare, cosa/che posso/devo/dobbiamo/possiamo \
         fare/scrivere/scrivervi/chiedere/chiedervi, che cosa posso/devo/possiamo \
         fare/scrivere/scrivervi/chiedere/chiedervi, cosa/che si puo/deve \
         fare/scrivere/chiedere qui, che cosa si puo/deve fare/scrivere/chiedere, che cosa si \
         puo/deve fare/scrivere/chiedere qui, quali/che comandi posso usare/scrivere, quali/che comandi si possono usare, cosa faccio, \
         non capisco niente, quali sono i comandi, info servizio, non \
         capisco, non ho capito",
    ),
    (
        Meaning::MyData,
        "privacy, policy, la policy, informativa, dati, i miei dati, dati personali, miei dati, gdpr, dpo, cookie, \
         policy privacy, privacy policy, oblio, diritto all oblio, mia privacy, my data, chi vi \
         ha autorizzato, chi vi ha dato il permesso, cosa sapete di me, che sapete di me, che \
         cosa sapete di me, portabilita, art 15/16/17/18/19/20/21, articolo 15/16/17/18/19/20/21",
    ),
    (
        Meaning::Status,
        "stato, stato iscrizione, sono iscritto ?, sono iscritta ?, sono ancora iscritto ?, \
         sono ancora iscritta ?, sono gia iscritto ?, sono gia iscritta ?, risulto iscritto ?, \
         risulto iscritta ?, risulto iscritto, risulto iscritta, verifica iscrizione, controlla \
         iscrizione, sono registrato ?, sono registrata ?",
    ),
    (
        Meaning::Desk,
        "operatore, operatrice, un operatore, parlare con operatore, parla con operatore, \
         sportello, urp, ufficio, data, persona, umano, assistenza, ho una domanda, domanda, posso \
         fare una domanda, una domanda",
    ),
    (
        Meaning::Courtesy,
        "ok ok, ok perfetto, ok va bene, a posto, tutto a posto, tutto ok, ho letto, visto, \
         grande, grandi, piacere, buongiorno a voi, buon pomeriggio a voi, buongiorno anche a \
         voi, ahah, ahaha, haha, che bello, bella iniziativa, bellissima iniziativa, ottima \
         iniziativa, ottimo servizio, bel servizio, bello, molto utile, utile, utilissimo, ok \
         ricevuto, ok capito, non c e di che, non fa niente, siete bravissimi, bravi tutti, \
         amen",
    ),
    (
        Meaning::Ask,
        "si, no, ok, okay, accetto, confermo, conferma, certo, va, scrivimi, scrivetemi, \
         scriveme, riscrivimi, iscrizioni, iscritto, iscritta, sono iscritto, sono iscritta, \
         non sono iscritto, non sono iscritta, non mi sono mai iscritto, non mi sono mai \
         iscritta, non mi sono iscritto, non mi sono iscritta, non ho mai chiesto l iscrizione, \
         registrazione, registrami, registrarmi, disdetta, disdire, disdico, off, on, \
         cancellare, vorrei cancellare, annulla, annullare, vorrei annullare, annullamento, \
         revoca, rinuncia, rinuncio, attivo, attivare, disattivare, vorrei attivare, vorrei \
         disattivare, iscrivere, vorrei iscrivere, uscire, esci, esco, uscita, recesso, \
         abbonamento, newsletter, avvisi, messaggi, comunicazioni, aggiornamenti, notifiche, \
         servizio, whatsapp, comune, lista, cancella tutto, annulla tutto, elimina tutto, \
         elimina, rimuovi, togli, leva, cancelli, add whatsapp, del whatsapp, add, del, non mi \
         interessa, non interessa, mi interessa, interessato, interessata, non interessato, non \
         interessata, non sono interessato, non sono interessata, non voglio, non accetto, \
         rifiuto, a, b, c",
    ),
];

static TABLE: LazyLock<HashMap<String, Meaning>> = LazyLock::new(|| {
    WHOLE
        .iter()
        .flat_map(|&(meaning, list)| list.split(',').map(move |it| (it.trim(), meaning)))
        .flat_map(|(entry, meaning)| {
            spelt_out(entry).into_iter().map(move |it| (it.join(" "), meaning))
        })
        .collect()
});

/// Looks the whole message up. `words` are without greetings and thanks; `asked` says that it
/// ends in a question mark.
pub(super) fn read(words: &str, asked: bool) -> Option<Whole> {
    let found = if asked {
        TABLE.get(format!("{words} ?").as_str()).or_else(|| TABLE.get(words))
    } else {
        TABLE.get(words)
    }?;
    Some(match found {
        // "news?" wants to see some, "iscrizione?" wants to know.
        Meaning::Subscribe if asked && words == "news" => (Intent::News, "whole-news"),
        Meaning::Subscribe | Meaning::Unsubscribe | Meaning::Stop if asked => {
            (Intent::Ask, "asked-keyword")
        }
        Meaning::Subscribe => (Intent::Subscribe { topics: Vec::new() }, "whole-subscribe"),
        Meaning::Unsubscribe => (Intent::Unsubscribe, "whole-unsubscribe"),
        Meaning::Stop => (Intent::Stop, "whole-stop"),
        Meaning::Topics => (Intent::Topics { change: None }, "whole-topics"),
        Meaning::News => (Intent::News, "whole-news"),
        Meaning::Help => (Intent::Help, "whole-help"),
        Meaning::MyData => (Intent::MyData(data::of_words(words)), "whole-my-data"),
        Meaning::Status => (Intent::MyData(AboutData::Status), "whole-status"),
        Meaning::Desk => (Intent::Human(Kind::Question), "whole-desk"),
        Meaning::Courtesy => (Intent::Human(Kind::Courtesy), "whole-courtesy"),
        Meaning::Ask => (Intent::Ask, "whole-ambiguous"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::normalise::Text;

    #[test]
    fn is_written_as_messages_are_normalised() {
        for entry in WHOLE.iter().flat_map(|(_, list)| list.split(',')).map(str::trim) {
            for written in spelt_out(entry).iter().map(|it| it.join(" ")) {
                assert_eq!(Text::parse(&written).normalised(), written);
            }
        }
    }
}
