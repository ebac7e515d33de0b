// SPDX-License-Identifier: EUPL-1.2
//! Verbs of joining and leaving in any of their forms, where "mi" or its like says who: "mi canceli",
//! "mi dovreste togliere", "tolgimi". Which words are keywords by themselves is in `lexicon`.

use super::lexicon::Class;

/// Whatever their ending.
const LEAVE: &[&str] = &[
    "cancell",
    "cancel",
    "canciell",
    "scancel",
    "disiscri",
    "disinscri",
    "desiscri",
    "disabbon",
    "rimuov",
    "elimin",
    "togli",
    "tolg",
    "lev",
    "esclud",
    "depenn",
    "disattiv",
    "disabilit",
];
const JOIN: &[&str] = &["iscriv", "inscriv", "reiscriv"];
/// Said of other things, too.
const JOIN_WEAK: &[&str] =
    &["inser", "aggiung", "mett", "segn", "registr", "attiv", "riattiv", "abilit", "riscrivo"];

/// "mi VERB iscrivere": somebody else is asked to.
const ASKED: &[&str] = &[
    "potete",
    "puoi",
    "puo",
    "potreste",
    "potresti",
    "potrebbe",
    "potrebbero",
    "dovete",
    "deve",
    "devi",
    "dovreste",
    "dovresti",
    "dovrebbe",
    "volete",
    "vuole",
    "vuoi",
    "vogliate",
    "fate",
    "fa",
    "fai",
    "faccia",
    "sapete",
    "dovevate",
    "potevate",
];
/// The person wants to.
const WANTED: &[&str] =
    &["vorrei", "voglio", "volevo", "desidero", "vojo", "voio", "preferirei", "preferisco"];

/// The class of a phrase that begins with "mi", and its length in words.
pub(super) fn after_mi(words: &[&str]) -> Option<(Class, usize)> {
    let (&first, rest) = words.split_first()?;
    if !matches!(first, "mi" | "me" | "ci") {
        return None;
    }
    let modal = rest.first().filter(|it| ASKED.contains(it) || WANTED.contains(it));
    let verb = rest.get(usize::from(modal.is_some()))?;
    let wanted =
        modal.is_some_and(|it| WANTED.contains(it)) || modal.is_none() && verb.ends_with('o');
    let class = match class(verb)? {
        Class::Leave if !wanted => Class::LeavePlease,
        Class::Join if !wanted => Class::JoinPlease,
        other => other,
    };
    Some((class, 2 + usize::from(modal.is_some())))
}

/// "tolgimi", "scancellatemi".
pub(super) fn with_mi(word: &str) -> Option<Class> {
    let stem = ["mi", "me", "ci"].iter().find_map(|it| word.strip_suffix(it))?;
    class(stem).filter(|it| *it == Class::Leave)
}

fn class(verb: &str) -> Option<Class> {
    // "mi sono iscritto" is done.
    if ["ato", "ata", "itto", "itta", "olto", "olta", "osso", "ossa", "zione"]
        .iter()
        .any(|it| verb.ends_with(it))
    {
        return None;
    }
    let begins = |stems: &[&str]| {
        stems.iter().any(|it| verb.strip_prefix(it).is_some_and(|ending| ending.len() <= 7))
    };
    if begins(LEAVE) {
        Some(Class::Leave)
    } else if begins(JOIN) {
        Some(Class::Join)
    } else {
        begins(JOIN_WEAK).then_some(Class::JoinWeak)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_any_form_that_says_who() {
        for (text, want) in [
            ("mi canceli", Some((Class::LeavePlease, 2))),
            ("mi dovete cancellare", Some((Class::LeavePlease, 3))),
            ("mi vorrei togliere", Some((Class::Leave, 3))),
            ("mi levo", Some((Class::Leave, 2))),
            ("mi iscriverebbe", Some((Class::JoinPlease, 2))),
            ("mi metta", Some((Class::JoinWeak, 2))),
            ("mi cancellato", None),
            ("mi posso cancellare", None),
            ("mi scrivi", None),
            ("cancello", None),
        ] {
            let words: Vec<&str> = text.split(' ').collect();
            assert_eq!(after_mi(&words), want, "{text}");
        }
        assert_eq!(with_mi("tolgimi"), Some(Class::Leave));
        assert_eq!(with_mi("leggimi"), None);
    }
}
