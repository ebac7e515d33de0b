// SPDX-License-Identifier: EUPL-1.2
//! What a message about somebody's data wants: to know how they are used, or one of the rights.
//! Says nothing on whether a message is about data at all; the callers know.

use super::AboutData;
use super::normalise::{Text, Token};
use crate::rights::Right;

/// What a right is asked for with. Stems; the first list that a message has a word of wins, so
/// what names one right only comes first. To be forgotten comes before a copy: it is asked about
/// once more before anything happens.
const ASKED_WITH: &[(Right, &[&str])] = &[
    (Right::Recipients, &["attestazion", "attestat", "attesti"]),
    (Right::Portability, &["portabil", "json", "csv", "xml", "formato"]),
    (Right::Objection, &["oppong", "oppone", "opponi", "opporm", "opporre", "opposiz"]),
    (Right::Restriction, &["limitaz", "limitar", "limitat", "limiti", "congel"]),
    (Right::Erasure, ERASE),
    (Right::Rectification, RECTIFY),
    (Right::Access, &["copia", "copie", "esport", "scaric", "acced", "access"]),
];

const ERASE: &[&str] = &[
    "cancel", "cancell", "scancel", "canciell", "elimin", "rimuov", "rimoz", "rimoss", "togli",
    "tolg", "distru", "dimentic", "oblio", "sparire",
];

const RECTIFY: &[&str] = &[
    "rettific",
    "corregg",
    "correzion",
    "sbagliat",
    "errat",
    "inesatt",
    "modific",
    "aggiorn",
    "corrett",
    "giust",
    "esatt",
];

/// Of a question about what is done with data, whatever else is in it.
const USE: &[&str] = &[
    "chi",
    "informativa",
    "policy",
    "titolare",
    "responsabile",
    "garante",
    "dpo",
    "rpd",
    "diritti",
    "terzi",
    "giuridica",
    "legale",
];

/// The same, where nothing more exact is said.
const HOW: &[&str] = &[
    "come",
    "dove",
    "quanto",
    "quando",
    "perche",
    "diritto",
    "privacy",
    "gdpr",
    "fate",
    "usate",
    "usa",
    "fine",
    "sicuro",
    "sicuri",
    "vendete",
    "date",
    "tenete",
    "vanno",
    "va",
    "conservati",
    "conservate",
    "regola",
    "serve",
    "servono",
    "terze",
];

/// What the message, whose words are `words` with "," where a clause ends, wants of the data.
fn about<'a>(words: impl Iterator<Item = &'a str>) -> AboutData {
    let words: Vec<&str> = words.collect();
    if let Some(right) = right(&words) {
        return AboutData::Right(right);
    }
    if words.iter().any(|it| USE.contains(it)) {
        return AboutData::Notice;
    }
    if asks_what_is_held(&words) {
        return AboutData::Right(Right::Access);
    }
    if words.iter().any(|it| HOW.contains(it)) {
        return AboutData::Notice;
    }
    // "Avete cancellato i miei dati?" wants to know, and not another copy.
    let erased = words.iter().any(|word| ERASE.iter().any(|it| word.starts_with(it)));
    if !erased && has_own(&words) { AboutData::Right(Right::Access) } else { AboutData::Notice }
}

/// See [`about`].
pub(super) fn of_text(text: &Text) -> AboutData {
    about(text.tokens.iter().map(|it| match it {
        Token::Word(word) => word.as_str(),
        Token::Break | Token::Question => ",",
    }))
}

/// See [`about`].
pub(super) fn of_words(words: &str) -> AboutData {
    about(words.split(' '))
}

fn right(words: &[&str]) -> Option<Right> {
    let asked_with = |right: Right, at: usize, stems: &[&str]| {
        stems.iter().any(|it| words[at].starts_with(it))
            && match right {
                Right::Erasure => erases(words, at),
                Right::Rectification => is_wrong(&words[..at], words[at]),
                // "Chi accede ai miei dati?" asks how they are used.
                Right::Access => !words.contains(&"chi"),
                _ => true,
            }
    };
    let named = ASKED_WITH
        .iter()
        .find(|(right, stems)| (0..words.len()).any(|at| asked_with(*right, at, stems)))
        .map(|(right, _)| *right);
    named
        .or_else(|| refuses_the_use(words).then_some(Right::Objection))
        .or_else(|| article(words).filter(|_| !words.contains(&"chi")))
}

/// An order to erase data, and not to leave: "cancellatemi" ends no more than the messages.
fn erases(words: &[&str], at: usize) -> bool {
    const WHAT: &[&str] =
        &["dato", "informazioni", "tutto", "me", "diritto", "gdpr", "rgpd", "2016", "cancellateli"];
    let named = |it: &&str| is_data(it) || WHAT.contains(it);
    let forgotten = ["dimentic", "oblio"].iter().any(|it| words[at].starts_with(it));
    let of_data = forgotten || words.iter().any(named) || article(words) == Some(Right::Erasure);
    // "cancellarmi tutti i dati".
    let between = ["i", "tutti", "anche", "miei", "me", "gli", "altri", "subito", "pure"];
    let rest = &words[at + 1..];
    let data_follow = rest.iter().find(|it| !between.contains(it)).is_some_and(|it| is_data(it));
    let person = ["mi", "me", "ci"].iter().any(|it| words[at].ends_with(it))
        || at > 0 && matches!(words[at - 1], "mi" | "ci");
    let leaves = !forgotten && person && !data_follow;
    of_data && !leaves && !is_no_order(&words[..at], words[at])
}

/// "sbagliato", "non giusto".
fn is_wrong(before: &[&str], word: &str) -> bool {
    let right = ["giust", "corrett", "esatt"].iter().any(|it| word.starts_with(it));
    !right || before.iter().rev().take(2).any(|it| *it == "non")
}

/// "non cancellate", "non voglio che cancelliate", "avete cancellato", "il telefono cancellato".
fn is_no_order(before: &[&str], verb: &str) -> bool {
    const BETWEEN: &[&str] = &["voglio", "vorrei", "che", "mi", "dovete", "potete", "vi", "li"];
    const ALREADY: &[&str] =
        &["avete", "hanno", "ha", "ho", "stati", "stato", "state", "sono", "aver", "avere"];
    const WISHED: &[&str] = &[
        "essere",
        "fossero",
        "fosse",
        "siano",
        "sia",
        "venissero",
        "venisse",
        "vengano",
        "venga",
        "venire",
        "vorrei",
        "voglio",
        "chiedo",
        "desidero",
    ];
    const DONE: &[&str] = &["ato", "ati", "ata", "osso", "ossi", "olto", "olti"];
    let done = DONE.iter().any(|it| verb.ends_with(it));
    done && !before.iter().any(|it| WISHED.contains(it))
        || before.last().is_some_and(|it| ALREADY.contains(it))
        || before.iter().rev().find(|it| !BETWEEN.contains(it)).is_some_and(|it| *it == "non")
}

/// "non autorizzo il trattamento", "revoco il consenso al trattamento dei dati".
fn refuses_the_use(words: &[&str]) -> bool {
    let refused = words.windows(2).any(|pair| {
        pair[0] == "non"
            && ["autorizz", "acconsent", "consent"].iter().any(|it| pair[1].starts_with(it))
            || pair[0].starts_with("revoc")
    });
    refused && words.iter().any(|it| it.starts_with("trattament"))
}

/// "art. 17", if it is the only one.
fn article(words: &[&str]) -> Option<Right> {
    let mut numbers = articles(words);
    let only = numbers.next()?;
    numbers.next().is_none().then_some(only)
}

/// Names an article of the GDPR with a right in it: not one of another law or regulation.
pub(super) fn names_an_article(text: &Text) -> bool {
    let words: Vec<&str> = text.words().collect();
    let of_another = words.windows(2).any(|pair| {
        let europe = ["ue", "europeo", "eu", "generale", "2016", "gdpr", "privacy"];
        matches!(pair[0], "regolamento" | "legge" | "decreto" | "statuto" | "codice")
            && !europe.contains(&pair[1])
    });
    !of_another && articles(&words).next().is_some()
}

fn articles<'a>(words: &'a [&'a str]) -> impl Iterator<Item = Right> + 'a {
    const LONGEST_LIST: usize = 12;
    let numbers = words.iter().enumerate().filter_map(|(at, word)| {
        let number = word.parse::<u8>().ok()?;
        let between = |it: &&&str| **it == "," || **it == "e" || it.parse::<u8>().is_ok();
        let named = words[..at].iter().rev().take(LONGEST_LIST).find(|it| !between(it))?;
        matches!(*named, "art" | "artt" | "articolo" | "articoli").then_some(number)
    });
    numbers.filter_map(|number| Right::ALL.into_iter().find(|it| it.article() == number))
}

/// "che dati avete", "cosa sapete di me", "i dati che mi riguardano", "mandatemi i miei dati".
fn asks_what_is_held(words: &[&str]) -> bool {
    const WHICH: &[&str] = &["che", "quali", "cosa", "qual"];
    const HOLD: &[&str] =
        &["avete", "conservate", "sapete", "memorizz", "registrat", "salvat", "trattate"];
    let which = words.iter().enumerate().filter(|(_, it)| WHICH.contains(it)).any(|(at, _)| {
        let near = &words[at + 1..words.len().min(at + 6)];
        near.iter().any(|it| HOLD.iter().any(|stem| it.starts_with(stem)))
    });
    let of_me = words.windows(2).any(|pair| {
        pair[1] == "me" && matches!(pair[0], "di" | "su") || pair == ["mi", "riguardano"]
    });
    let shown = words.iter().any(|it| {
        ["mandate", "mandami", "inviate", "inviami", "vedere", "mostra", "fornit", "avere"]
            .iter()
            .any(|stem| it.starts_with(stem))
    });
    which || of_me || shown && has_own(words)
}

/// "i miei dati", "dati miei".
fn has_own(words: &[&str]) -> bool {
    let own = |a: &str, b: &str| OWN.contains(&a) && is_data(b);
    words.windows(2).any(|pair| own(pair[0], pair[1]) || own(pair[1], pair[0]))
}

const OWN: &[&str] = &["miei", "mie", "me", "mi", "propri", "my"];

fn is_data(word: &str) -> bool {
    matches!(word, "dati" | "datti" | "data")
}

/// Somebody's own data, however it is spelt.
pub(super) fn names_own_data(text: &Text) -> bool {
    let words: Vec<&str> = text.words().collect();
    has_own(&words)
}

/// "esporta dati", "attestazione sui dati", "per quanto conservate i dati?".
pub(super) fn asks_about_data(text: &Text) -> bool {
    let words: Vec<&str> = text.words().collect();
    let used = |it: &&str| ["conserva", "trattat"].iter().any(|stem| it.starts_with(stem));
    words.iter().any(used) || right(&words).is_some()
}

/// "i dati di accesso", "i dati sulla qualità dell'aria".
pub(super) fn names_other_data(text: &Text) -> bool {
    let words: Vec<&str> = text.words().collect();
    words.windows(3).any(|it| {
        let access = matches!(it[1], "di" | "d" | "per") && it[2].starts_with("acce");
        is_data(it[0]) && (access || matches!(it[1], "sul" | "sulla" | "sulle" | "sui" | "sugli"))
    })
}

/// "non autorizzo il trattamento dei miei dati".
pub(super) fn refuses(text: &Text) -> bool {
    let words: Vec<&str> = text.words().collect();
    refuses_the_use(&words)
}

/// "rettifica", "sbagliato".
pub(super) fn wants_it_put_right(text: &Text) -> bool {
    text.words().any(|word| RECTIFY.iter().any(|it| word.starts_with(it)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_rights_apart() {
        use AboutData::Notice;
        let right = AboutData::Right;
        for (text, want) in [
            ("i miei dati", right(Right::Access)),
            ("cancellate i miei dati", right(Right::Erasure)),
            ("non cancellate i miei dati", Notice),
            ("non voglio che cancelliate i miei dati", Notice),
            ("avete cancellato i miei dati?", Notice),
            ("vorrei che i miei dati fossero cancellati", right(Right::Erasure)),
            ("copia dei miei dati, poi cancellateli", right(Right::Erasure)),
            ("a chi date i miei dati?", Notice),
            ("chi accede ai miei dati?", Notice),
            ("art. 17", right(Right::Erasure)),
            ("artt. 15, 17 e 21", Notice),
            ("privacy", Notice),
            ("cancellatemi, avete i miei dati senza permesso", Notice),
            ("potete cancellarmi tutti i miei dati", right(Right::Erasure)),
            ("cancellazione dal servizio, per privacy", Notice),
            ("è giusto che abbiate i miei dati", right(Right::Access)),
        ] {
            assert_eq!(of_text(&Text::parse(text)), want, "{text}");
        }
    }

    #[test]
    fn knows_the_article_of_another_law() {
        for (text, want) in [
            ("ai sensi dell'art. 15", true),
            ("articolo 17 del regolamento (UE) 2016/679", true),
            ("articolo 17 del regolamento edilizio", false),
            ("art. 3", false),
            ("15", false),
        ] {
            assert_eq!(names_an_article(&Text::parse(text)), want, "{text}");
        }
    }
}
