// SPDX-License-Identifier: EUPL-1.2
//! Replies that are ready, with fields for what changes from one person to the next.

use std::collections::BTreeMap;

use crate::line::{Address, Canned, Line};
use crate::reply::{self, LINE_PLACEHOLDERS, Piece, TEXT_LIMIT, length, line_value, pieces};

/// Id, title, words with tu and with Lei. A field stands in `{braces}`, as the line's own words do.
const READY: [(&str, &str, &str, &str); 12] = [
    (
        "presa-in-carico",
        "Ce ne occupiamo",
        "Abbiamo letto il tuo messaggio e ce ne occupiamo. Ti rispondiamo qui entro {quando}.",
        "Abbiamo letto il suo messaggio e ce ne occupiamo. Le rispondiamo qui entro {quando}.",
    ),
    (
        "piu-dettagli",
        "Servono altri dettagli",
        "Per risponderti ci serve sapere ancora: {che_cosa}.\nNon mandare qui documenti o dati sulla salute: non servono per questa risposta.",
        "Per risponderle ci serve sapere ancora: {che_cosa}.\nNon mandi qui documenti o dati sulla salute: non servono per questa risposta.",
    ),
    (
        "chi-sei",
        "Prima verifichiamo chi sei",
        "Per proteggere i tuoi dati, prima verifichiamo chi sei: in chat non possiamo parlare della tua pratica solo sulla base del numero.\nPuoi venire allo sportello con un documento ({sportello}), oppure entrare con SPID o CIE su {pagina}.",
        "Per proteggere i suoi dati, prima verifichiamo chi è: in chat non possiamo parlare della sua pratica solo sulla base del numero.\nPuò venire allo sportello con un documento ({sportello}), oppure entrare con SPID o CIE su {pagina}.",
    ),
    (
        "domanda-formale",
        "Le domande si presentano con PEC o portale",
        "Un messaggio WhatsApp non vale come domanda ufficiale e non fa partire i termini.\nPer presentarla usa il portale {pagina} con SPID o CIE, oppure scrivi alla PEC {pec}. Qui possiamo spiegarti come si fa.",
        "Un messaggio WhatsApp non vale come domanda ufficiale e non fa partire i termini.\nPer presentarla usi il portale {pagina} con SPID o CIE, oppure scriva alla PEC {pec}. Qui possiamo spiegarle come si fa.",
    ),
    (
        "minori",
        "Scrive un minore",
        "Questo servizio è per chi ha almeno 14 anni. Se ne hai meno, chiedi a un genitore o a chi si prende cura di te di scriverci.\nSe hai bisogno di aiuto puoi chiamare gratis il *114* (emergenza infanzia) o il *19696* (Telefono Azzurro); se c'è un pericolo, il *112*.",
        "Questo servizio è per chi ha almeno 14 anni. Chi ne ha meno può chiedere a un genitore, o a chi se ne prende cura, di scriverci.\nPer avere aiuto si può chiamare gratis il *114* (emergenza infanzia) o il *19696* (Telefono Azzurro); se c'è un pericolo, il *112*.",
    ),
    (
        "fuori-scopo",
        "Non riguarda questo servizio",
        "Questo è il numero di «{servizio}»: su questo non possiamo risponderti qui.\nPer {argomento} rivolgiti a {dove}.",
        "Questo è il numero di «{servizio}»: su questo non possiamo risponderle qui.\nPer {argomento} si rivolga a {dove}.",
    ),
    (
        "altro-ente",
        "Non è di competenza del Comune",
        "Di questo non si occupa il Comune ma {altro_ente}. Puoi contattarlo così: {contatti}.",
        "Di questo non si occupa il Comune ma {altro_ente}. Può contattarlo così: {contatti}.",
    ),
    (
        "altro-ufficio",
        "Lo segue un altro ufficio",
        "Di questo si occupa {altro_ufficio}. Puoi contattarlo così: {contatti}.",
        "Di questo si occupa {altro_ufficio}. Può contattarlo così: {contatti}.",
    ),
    (
        "emergenza",
        "Numeri per le emergenze",
        "Se c'è un pericolo chiama subito il *112*. Questa chat non è un servizio di emergenza e non è sempre presidiata.\nAltri numeri gratuiti: *1522* contro la violenza e lo stalking, *114* per i minori, *116117* dove è attivo per le cure non urgenti.",
        "Se c'è un pericolo chiami subito il *112*. Questa chat non è un servizio di emergenza e non è sempre presidiata.\nAltri numeri gratuiti: *1522* contro la violenza e lo stalking, *114* per i minori, *116117* dove è attivo per le cure non urgenti.",
    ),
    (
        "documenti",
        "Come mandare i documenti",
        "Per {pratica} servono: {documenti}.\nMandali a {dove}. In chat non inviare documenti di identità se non te li chiediamo.",
        "Per {pratica} servono: {documenti}.\nLi mandi a {dove}. In chat non invii documenti di identità se non glieli chiediamo.",
    ),
    (
        "niente-chiamate",
        "Non rispondiamo alle chiamate",
        "A questo numero rispondiamo solo in chat, non alle chiamate.\nPuoi telefonare a {telefono}.",
        "A questo numero rispondiamo solo in chat, non alle chiamate.\nPuò telefonare a {telefono}.",
    ),
    (
        "rispetto",
        "Richiamo alle regole",
        "Ti chiediamo di scrivere con rispetto: le regole del servizio sono qui: {link_policy}\nSe i messaggi continuano così possiamo cancellarli e sospendere la chat. Puoi sempre scrivere {cancellazione} o {parola_dati}.",
        "Le chiediamo di scrivere con rispetto: le regole del servizio sono qui: {link_policy}\nSe i messaggi continuano così possiamo cancellarli e sospendere la chat. Può sempre scrivere {cancellazione} o {parola_dati}.",
    ),
];

/// What is wrong with the fields of a canned reply. Worded for the office.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannedProblem {
    #[error("Scrivere che cosa mettere al posto di «{name}».")]
    Missing { name: String },
    #[error("Questa risposta non ha il campo «{name}»: toglierlo.")]
    Unknown { name: String },
    #[error("Il testo intero ha {characters} caratteri su {TEXT_LIMIT}: accorciare «{name}».")]
    TooLong { name: String, characters: usize },
}

impl CannedProblem {
    /// The field to change.
    pub fn name(&self) -> &str {
        match self {
            Self::Missing { name } | Self::Unknown { name } | Self::TooLong { name, .. } => name,
        }
    }
}

/// All replies that are ready on a line: its own, and those it has not replaced.
pub fn of_line(line: &Line) -> Vec<Canned> {
    let own = &line.desk.canned;
    let ready = READY.iter().filter(|it| own.iter().all(|own| own.id != it.0)).map(
        |(id, title, tu, lei)| Canned {
            id: (*id).to_owned(),
            title: (*title).to_owned(),
            text: match line.address {
                Address::Tu => (*tu).to_owned(),
                Address::Lei => (*lei).to_owned(),
            },
        },
    );
    own.iter().cloned().chain(ready).collect()
}

pub fn canned(line: &Line, id: &str) -> Option<Canned> {
    of_line(line).into_iter().find(|it| it.id == id)
}

impl Canned {
    /// Names of what the operator fills in, each once, in order. What the line has no word for is
    /// filled in, too.
    pub fn fields(&self, line: &Line) -> Vec<String> {
        let mut fields: Vec<String> = Vec::new();
        for piece in pieces(&self.text) {
            if let Piece::Placeholder(name) = piece
                && line_value(name, line).is_none()
                && !fields.iter().any(|it| it == name)
            {
                fields.push(name.to_owned());
            }
        }
        fields
    }

    /// The text with the line's own words put in and its fields left.
    pub fn words(&self, line: &Line) -> String {
        put_in(&self.text, |name| line_value(name, line).unwrap_or_else(|| format!("{{{name}}}")))
    }
}

/// The text as it is sent, or everything that is wrong.
pub fn fill_canned(
    canned: &Canned,
    fields: &BTreeMap<String, String>,
    line: &Line,
) -> Result<String, Vec<CannedProblem>> {
    let wanted = canned.fields(line);
    let given = |name: &str| fields.get(name).map(|it| it.trim()).filter(|it| !it.is_empty());
    let missing = wanted.iter().filter(|it| given(it).is_none());
    let mut problems: Vec<_> =
        missing.map(|it| CannedProblem::Missing { name: it.clone() }).collect();
    let unknown = fields.keys().filter(|it| !wanted.contains(it));
    problems.extend(unknown.map(|it| CannedProblem::Unknown { name: it.clone() }));
    let text = put_in(&canned.text, |name| {
        let own = line_value(name, line);
        own.unwrap_or_else(|| given(name).unwrap_or_default().to_owned())
    });
    let characters = length(&text);
    if problems.is_empty() && characters > TEXT_LIMIT {
        let longest = wanted.iter().max_by_key(|it| given(it).map_or(0, length));
        let name = longest.cloned().unwrap_or_default();
        problems.push(CannedProblem::TooLong { name, characters });
    }
    if problems.is_empty() { Ok(text) } else { Err(problems) }
}

/// What is wrong with the text of a reply in a line file: what it is, and what to write instead.
pub fn check_canned(text: &str) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Parameter(name) => problems.push((
                format!("«{{{{{name}}}}}» ha due graffe"),
                format!("in una risposta pronta scrivi «{{{name}}}»"),
            )),
            Piece::Brace(_) => problems.push((
                "c'è una parentesi graffa da sola".to_owned(),
                format!(
                    "scrivi «{{campo}}» per ciò che cambia, o uno di: {}",
                    LINE_PLACEHOLDERS.join(", ")
                ),
            )),
            Piece::Plain(_) | Piece::Placeholder(_) => {}
        }
    }
    if length(text) > TEXT_LIMIT {
        problems.push((
            format!("il testo ha {} caratteri, il massimo è {TEXT_LIMIT}", length(text)),
            "accorcialo".to_owned(),
        ));
    }
    problems
}

/// What is said as a conversation is closed.
pub fn courtesy(line: &Line) -> String {
    let text = line.desk.courtesy.as_deref().unwrap_or(match line.address {
        Address::Tu => {
            "Grazie per averci scritto. Per ora chiudiamo qui; se hai ancora bisogno scrivici di nuovo."
        }
        Address::Lei => {
            "Grazie per averci scritto. Per ora chiudiamo qui; se ha ancora bisogno ci scriva di nuovo."
        }
    });
    let words = put_in(text, |name| line_value(name, line).unwrap_or_default());
    reply::shorten(&words, TEXT_LIMIT)
}

fn put_in(text: &str, value: impl Fn(&str) -> String) -> String {
    let pieces = pieces(text).into_iter().map(|piece| match piece {
        Piece::Placeholder(name) => value(name),
        Piece::Parameter(name) => format!("{{{{{name}}}}}"),
        Piece::Plain(text) | Piece::Brace(text) => text.to_owned(),
    });
    pieces.collect()
}
