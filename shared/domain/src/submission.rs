// SPDX-License-Identifier: EUPL-1.2
//! Templates at Meta: what it has of ours, and what its refusals mean.
//!
//! Sources: Cloud API, templates/{template-management,template-review} and support/error-codes.

use jiff::Timestamp;

use crate::account::{PAUSES, TemplateState};
use crate::cost::Category;
use crate::line::Template;

/// A template as Meta's list has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub name: String,
    /// As in line files: `it`, `en_US`.
    pub language: String,
    /// Meta's word: `APPROVED`, `PENDING` …
    pub status: String,
    pub category: Category,
    /// `green`, `yellow`, `red`; `None` while Meta does not know.
    pub quality: Option<String>,
    /// Meta's word, of one that was rejected: `INVALID_FORMAT`.
    pub rejected_for: Option<String>,
    /// Words on top.
    pub header: Option<String>,
    /// Meta's word for what is on top in place of words: `image`, `video`, `document`, `location`.
    pub header_media: Option<String>,
    pub body: String,
    pub footer: Option<String>,
    pub buttons: Vec<String>,
}

/// Where our template and Meta's say different things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `body`, `header`, `header_media`, `footer`, `category`, `quick_reply`.
    pub field: &'static str,
    pub ours: Option<String>,
    pub theirs: Option<String>,
}

impl Listed {
    /// What may be done with it, as of `now`. How long a pause lasts the list does not say: at least
    /// the first one.
    pub fn state(&self, now: Timestamp) -> Option<TemplateState> {
        Some(match self.status.as_str() {
            "APPROVED" => TemplateState::Usable,
            "PENDING" | "IN_APPEAL" => TemplateState::Pending,
            "REJECTED" => TemplateState::Rejected,
            "PAUSED" => TemplateState::Paused { until: now + PAUSES[0] },
            "DISABLED" | "LIMIT_EXCEEDED" => TemplateState::Disabled,
            "PENDING_DELETION" | "DELETED" => TemplateState::Deleted,
            "ARCHIVED" => TemplateState::Archived,
            _ => return None,
        })
    }

    /// Where it is not what ours is. `ours` as Meta must have it: [`Template::for_meta`].
    pub fn differences(&self, ours: &Template) -> Vec<Difference> {
        let category = |it: Category| Some(it.name().to_owned());
        let media = ours.header_media.map(|it| it.name().to_owned());
        let fields = [
            ("header", ours.header.clone(), self.header.clone()),
            ("header_media", media, self.header_media.clone()),
            ("body", Some(ours.body.clone()), Some(self.body.clone())),
            ("footer", ours.footer.clone(), self.footer.clone()),
            ("quick_reply", ours.quick_reply.clone(), self.buttons.first().cloned()),
            ("category", category(ours.category.into()), category(self.category)),
        ];
        let same = |a: &Option<String>, b: &Option<String>| {
            // Meta trims what it is given.
            a.as_deref().map(str::trim) == b.as_deref().map(str::trim)
        };
        let differs = fields.into_iter().filter(|(_, ours, theirs)| !same(ours, theirs));
        differs.map(|(field, ours, theirs)| Difference { field, ours, theirs }).collect()
    }
}

/// Why Meta rejected a template, and what to do. `reason` is Meta's word.
pub fn rejection(reason: &str) -> &'static str {
    match reason {
        "INVALID_FORMAT" => {
            "Qualcosa nella forma non va: parti che cambiano all'inizio, alla fine o attaccate, spazi \
             doppi, parole sbagliate. Correggere il testo e mandarlo con un altro nome."
        }
        "TAG_CONTENT_MISMATCH" | "INCORRECT_CATEGORY" | "PROMOTIONAL" => {
            "Il testo sembra pubblicità e la categoria dice di no. Togliere inviti e promozioni, oppure \
             chiedere la categoria «marketing»."
        }
        "ABUSIVE_CONTENT" | "SCAM" => {
            "Il testo chiede dati o denaro, minaccia, o nasconde dove porta un indirizzo. Usare \
             l'indirizzo del sito del Comune per intero e non chiedere dati."
        }
        "CATEGORY_NOT_AVAILABLE" => {
            "L'account non può usare questa categoria. Chi gestisce il servizio deve guardare il \
             pannello di WhatsApp su Meta."
        }
        _ => {
            "Meta non dice il motivo. Rendere il testo più chiaro e mandarlo con un altro nome, oppure \
             chiedere una revisione su Meta."
        }
    }
}

/// What to do about a template that Meta does not take. Source of the subcodes: whatsapp-cloud-api,
/// section 8.
pub fn refusal(code: i64, subcode: Option<i64>) -> &'static str {
    match (code, subcode) {
        (_, Some(2_388_019)) => {
            "L'account ha già tutti i modelli che Meta permette. Eliminare quelli che non servono più."
        }
        (_, Some(2_388_023)) => {
            "Questo nome è stato eliminato da meno di 30 giorni e Meta lo tiene bloccato. Usare un \
             altro nome."
        }
        (_, Some(2_388_024)) => {
            "Meta ha già un modello con questo nome e un altro testo. Usare un altro nome."
        }
        (_, Some(2_388_039)) => {
            "Il modello è in esame, o è già stato cambiato oggi. Riprovare domani."
        }
        (_, Some(2_388_043)) => {
            "Manca un esempio, o il file di esempio non va bene. Indicarlo in header_examples."
        }
        (_, Some(2_388_040)) => "Una parte è troppo lunga. Accorciarla.",
        (_, Some(2_388_047)) => "Il titolo non va bene: solo parole, su una riga.",
        (_, Some(2_388_072)) => "Il testo ha righe vuote o spazi di troppo. Toglierli.",
        (_, Some(2_388_073)) => "Il piede non va bene: solo parole, su una riga.",
        (_, Some(2_388_293)) => {
            "Ci sono troppe parti che cambiano per così poche parole fisse. Aggiungere parole."
        }
        (_, Some(2_388_299)) => {
            "Una parte che cambia è all'inizio o alla fine del testo. Aggiungere parole attorno."
        }
        (_, Some(2_593_002)) => "Meta non ha un modello con questo nome.",
        (4 | 80_007 | 80_008, _) => {
            "Troppe richieste a Meta in un'ora: si possono mandare 100 modelli all'ora. Riprovare più \
             tardi."
        }
        (190, _) => {
            "Meta non accetta più la chiave di accesso del servizio. Chi lo gestisce deve rinnovarla."
        }
        (10 | 200..=299, _) => {
            "La chiave di accesso non può gestire i modelli. Chi gestisce il servizio deve darle il \
             permesso «whatsapp_business_management»."
        }
        (368 | 131_031, _) => {
            "Meta ha bloccato l'account. Chi gestisce il servizio deve guardare il pannello di \
             WhatsApp su Meta."
        }
        _ => "Meta non ha accettato il modello. Controllare il testo e riprovare.",
    }
}

/// What to do when Meta does not take the file that is to be the example in a template.
pub fn example_refusal(code: Option<i64>) -> &'static str {
    match code {
        Some(code @ (4 | 190 | 368)) => refusal(code, None),
        Some(10 | 100 | 200..=299 | 2_500) => {
            "Meta non ha accettato il file di esempio. Se con un altro succede lo stesso, chi gestisce il \
             servizio deve dare all'utente di sistema la app con controllo completo, o rifare la chiave \
             di accesso per la app."
        }
        Some(_) => "Meta non ha accettato il file di esempio. Indicarne un altro.",
        None => "Meta non risponde. Riprovare tra poco: non è stato mandato nulla.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::sample;
    use crate::pack::Notice;

    fn ours() -> Template {
        let line = sample::line();
        Notice::find("allerta_rossa").unwrap().template(&line).for_meta(&line)
    }

    fn listed() -> Listed {
        let ours = ours();
        Listed {
            name: ours.name,
            language: ours.language,
            status: "APPROVED".to_owned(),
            category: Category::Utility,
            quality: None,
            rejected_for: None,
            header: ours.header,
            header_media: None,
            body: format!("{}\n", ours.body),
            footer: ours.footer,
            buttons: Vec::new(),
        }
    }

    #[test]
    fn what_differs_is_named() {
        let fields = |it: Listed| {
            let found = it.differences(&ours());
            found.iter().map(|it| it.field).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(fields(listed()), "");
        for (it, want) in [
            (Listed { body: "Altro.".to_owned(), ..listed() }, "body"),
            (Listed { header: None, footer: Some("x".to_owned()), ..listed() }, "header footer"),
            (
                Listed { header: None, header_media: Some("image".to_owned()), ..listed() },
                "header header_media",
            ),
            (Listed { category: Category::Marketing, ..listed() }, "category"),
            (Listed { buttons: vec!["Sì".to_owned()], ..listed() }, "quick_reply"),
        ] {
            assert_eq!(fields(it), want);
        }
    }

    #[test]
    fn a_status_says_what_may_be_done() {
        let now = Timestamp::UNIX_EPOCH;
        for (status, want) in [
            ("APPROVED", Some("usable")),
            ("PENDING", Some("pending")),
            ("IN_APPEAL", Some("pending")),
            ("REJECTED", Some("rejected")),
            ("PAUSED", Some("paused")),
            ("DISABLED", Some("disabled")),
            ("PENDING_DELETION", Some("deleted")),
            ("ARCHIVED", Some("archived")),
            ("NEW_WORD", None),
        ] {
            let it = Listed { status: status.to_owned(), ..listed() };
            assert_eq!(it.state(now).map(TemplateState::name), want, "{status}");
        }
    }

    #[test]
    fn every_refusal_says_what_to_do() {
        for (code, subcode, words) in [
            (100, Some(2_388_023), "altro nome"),
            (100, Some(2_388_024), "altro nome"),
            (100, Some(2_388_293), "Aggiungere parole"),
            (80_008, None, "più tardi"),
            (200, None, "permesso"),
            (190, None, "rinnovarla"),
            (100, None, "riprovare"),
        ] {
            assert!(refusal(code, subcode).contains(words), "{code} {subcode:?}");
        }
        for (code, words) in [
            (Some(190), "rinnovarla"),
            (Some(2_500), "controllo completo"),
            (Some(1), "un altro"),
            (None, "poco"),
        ] {
            assert!(example_refusal(code).contains(words), "{code:?}");
        }
        for reason in ["INVALID_FORMAT", "SCAM", "PROMOTIONAL", "CATEGORY_NOT_AVAILABLE", "NONE"] {
            assert!(rejection(reason).contains('.'), "{reason}");
        }
    }
}
