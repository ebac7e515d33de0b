// SPDX-License-Identifier: EUPL-1.2
//! Whether a notice says anything to who cannot see its picture.

use std::collections::BTreeSet;

/// Fewer words than these are a title at most.
const ENOUGH: usize = 4;

/// Words that only point at the picture, or hold a sentence together.
const POINTS: [&str; 64] = [
    "a",
    "al",
    "alla",
    "alle",
    "allegata",
    "allegato",
    "allegati",
    "apri",
    "aprire",
    "che",
    "clicca",
    "con",
    "cui",
    "da",
    "dal",
    "dalla",
    "dei",
    "del",
    "della",
    "di",
    "e",
    "ecco",
    "foto",
    "gli",
    "guarda",
    "guardare",
    "i",
    "il",
    "immagine",
    "immagini",
    "in",
    "informazioni",
    "l",
    "la",
    "le",
    "leggere",
    "leggi",
    "lo",
    "locandina",
    "manifesto",
    "maggiori",
    "nel",
    "nella",
    "nell",
    "per",
    "più",
    "puoi",
    "può",
    "qui",
    "questa",
    "questo",
    "scarica",
    "sopra",
    "sotto",
    "tutte",
    "tutti",
    "un",
    "una",
    "vedere",
    "vedi",
    "video",
    "visualizza",
    "visualizzare",
    "volantino",
];

/// Whether a text says something itself, beside the picture on top of it: at least four different
/// words that neither point at the picture nor are an address.
pub fn says_something(text: &str) -> bool {
    let words = text.split_whitespace().filter(|it| !is_address(it)).flat_map(|it| {
        it.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).filter(|it| {
            let has_letters = it.chars().filter(|c| c.is_alphabetic()).count() > 1;
            has_letters && !POINTS.contains(&it.as_str())
        })
    });
    words.collect::<BTreeSet<_>>().len() >= ENOUGH
}

fn is_address(word: &str) -> bool {
    let word = word.to_lowercase();
    word.contains("://") || word.starts_with("www.") || word.contains('@')
}
