//! What a message about one's data asks for: how they are used, a copy, that they go …

use super::normalise::Text;
use super::{AboutData, Language};
use crate::rights::Right;

/// Beginnings of words that name a right, in the order in which they are looked for.
const STEMS: &[(Right, &[&str])] = &[
    (
        Right::Erasure,
        &[
            "cancell",
            "elimin",
            "rimuov",
            "rimoz",
            "dimentic",
            "oblio",
            "distru",
            "sparire",
            "delete",
            "deletion",
            "erase",
            "erasure",
            "remove",
            "forget",
            "forgotten",
            "supprim",
            "efface",
            "losch",
            "lösch",
            "borr",
            "suprim",
            "sterg",
            "șterg",
            "fshi",
            "izbris",
            "izbriš",
            "видал",
            "удал",
            "احذف",
            "حذف",
            "امسح",
            "删除",
            "刪除",
        ],
    ),
    (Right::Objection, &["oppong", "oppos", "oppors", "opporre", "opporm", "object", "widersp"]),
    (Right::Restriction, &["limita", "limiti", "restrict", "einschrank"]),
    (
        Right::Rectification,
        &["rettific", "corregg", "correzion", "sbagliat", "errat", "inesatt", "rectif", "bericht"],
    ),
    (Right::Recipients, &["attest"]),
    (Right::Portability, &["portabil", "json", "csv", "elettronic", "leggibil", "portabilit"]),
    (
        Right::Access,
        &[
            "copia", "copie", "esport", "scaric", "accesso", "accedere", "estratto", "export",
            "download", "copy", "auskunft",
        ],
    ),
];

/// Words of who asks how data are used, or where that is written.
const ABOUT_THEIR_USE: &[&str] = &[
    "privacy",
    "policy",
    "informativa",
    "dpo",
    "gdpr",
    "rgpd",
    "dsgvo",
    "cookie",
    "trattamento",
    "trattate",
    "usate",
    "utilizzate",
    "titolare",
    "responsabile",
    "garante",
    "autorizzato",
    "permesso",
    "diritto",
    "diritti",
    "numero",
    "perche",
    "chi",
    "dove",
    "come",
    "quanto",
    "finalita",
    "confidentialite",
    "datenschutz",
    "privacidad",
    "confidentialitate",
    "privatesia",
    "privatesi",
    "zasebnost",
    "varstvo",
    "protectia",
    "proteccion",
    "who",
    "where",
    "how",
    "number",
    "fine",
    "regolamento",
    "legge",
    "date",
    "danno",
    "cedete",
    "vendete",
    "passate",
    "comunicate",
    "condividete",
    "隐私",
    "隱私",
    "隐私政策",
    "الخصوصية",
    "خصوصية",
    "конфіденційність",
    "приватність",
    "qualcuno",
    "terzi",
];

/// How people ask to see what there is.
const SEE: &[&str] = &[
    "vedere",
    "visionare",
    "consultare",
    "mandatemi",
    "mandami",
    "mandate",
    "inviatemi",
    "inviami",
    "datemi",
    "dammi",
    "avere",
    "ricevere",
    "mostratemi",
    "mostrami",
    "conoscere",
    "sapete",
    "sai",
    "avete",
    "conservate",
    "tenete",
    "possedete",
    "registrati",
    "raccolto",
    "raccolti",
];

/// What a text that is about data asks for.
pub(super) fn about(text: &Text, language: Language) -> AboutData {
    let words: Vec<&str> = text.words().collect();
    let has = |it: &str| words.contains(&it);
    // "Non cancellate i miei dati": whatever it is, it is no order.
    if has("non") || has("senza") || has("not") {
        return AboutData::Notice;
    }
    if let Some(right) = article(&words) {
        return AboutData::Right(right);
    }
    let named = STEMS
        .iter()
        .find(|(_, stems)| words.iter().any(|word| stems.iter().any(|it| word.starts_with(it))));
    if let Some((right, _)) = named {
        // "Una copia dell'informativa" is no copy of anybody's data.
        let document = ["informativa", "policy", "cookie"].into_iter().any(has);
        if *right == Right::Erasure || !document {
            return AboutData::Right(*right);
        }
    }
    // "chi tratta i miei dati?" asks how, "che dati avete su di me?" asks for them.
    let how = words.iter().any(|it| ABOUT_THEIR_USE.contains(it));
    let see = words.iter().any(|it| SEE.contains(it));
    let whose =
        ["miei", "mie", "me", "mio", "my"].into_iter().any(has) || language != Language::Italian;
    let which = ["quali", "che", "cosa", "what", "informazioni"].into_iter().any(has);
    if !how && (whose || see && which) {
        return AboutData::Right(Right::Access);
    }
    AboutData::Notice
}

/// "art. 17", "articolo 15 del GDPR".
fn article(words: &[&str]) -> Option<Right> {
    let number = words.windows(2).find_map(|pair| {
        let is_article = ["art", "articolo", "article", "artikel"].contains(&pair[0]);
        is_article.then(|| pair[1].parse::<u8>().ok()).flatten()
    })?;
    Right::ALL.into_iter().find(|it| it.article() == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_is_asked_of_data() {
        use AboutData::Notice;
        let right = AboutData::Right;
        let mut wrong = Vec::new();
        for (want, texts) in [
            (
                right(Right::Access),
                "i miei dati|miei dati|vorrei vedere i miei dati|che dati avete su di me?|quali \
                 dati conservate?|cosa sapete di me|copia dei miei dati|esporta i miei dati|art. \
                 15 GDPR|diritto di accesso|mandatemi i miei dati|i miei dati per favore|my \
                 data|meine Daten|datele mele|我的数据|richiesta accesso ai dati personali|ai sensi \
                 dell'articolo 15 del regolamento chiedo copia dei miei dati|voglio sapere quali \
                 dati avete|export my data please",
            ),
            (
                right(Right::Erasure),
                "cancellate i miei dati|CANCELLATE TUTTI I MIEI DATI!!!|voglio essere \
                 dimenticato|diritto all'oblio|eliminate i miei dati personali|richiesta \
                 cancellazione dati|come faccio a cancellare i miei dati?|GDPR art 17|delete my \
                 data|supprimez mes données|meine Daten löschen|șterge datele mele|borren mis \
                 datos|видаліть мої дані|احذفوا بياناتي|删除数据|izbrišite moje podatke|fshini të \
                 dhënat e mia|cancellami e cancella tutti i miei dati",
            ),
            (
                right(Right::Rectification),
                "voglio rettificare i miei dati|correggete i miei dati|i miei dati sono \
                 sbagliati|diritto di rettifica|art. 16",
            ),
            (right(Right::Restriction), "limitazione del trattamento|limitate l'uso dei miei dati"),
            (
                right(Right::Recipients),
                "voglio l'attestazione che i miei dati sono stati comunicati|art 19 gdpr",
            ),
            (
                right(Right::Portability),
                "portabilità dei dati|i miei dati in formato elettronico|i miei dati in json",
            ),
            (
                right(Right::Objection),
                "mi oppongo al trattamento|mi oppongo al trattamento dei miei dati|opposizione al \
                 trattamento|articolo 21",
            ),
            (
                Notice,
                "privacy|dati|gdpr|informativa privacy|chi è il dpo?|come usate i miei dati?|a chi \
                 date i miei dati?|date i miei dati a qualcuno?|chi vi ha dato il mio numero|dove \
                 avete preso il mio numero|per quanto tempo conservate i miei dati?|che fine fanno \
                 i miei dati|chi vi ha autorizzato a usare i miei dati?|copia dell'informativa|non \
                 cancellate i miei dati|chi tratta i miei dati?|datenschutz|隐私",
            ),
        ] {
            for text in texts.split('|') {
                let read = Text::parse(text);
                let other = super::super::languages::read(&read).map(|it| it.1);
                let got = about(&read, other.unwrap_or_default());
                if got != want {
                    wrong.push(format!("{text}: {got:?}"));
                }
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
    }
}
