// SPDX-License-Identifier: EUPL-1.2
//! Reads misspelt keywords, and leaves alone the real words that look like them.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::lexicon::{Class, Classes, LEXICON};

/// Keywords worth repairing. Others are too near to too many words: `toglimi`, `levami`.
const KEYWORDS: &str = "iscrivimi inscrivimi iscrivermi iscrivetemi iscrizione cancellami cancellatemi cancellarmi \
    cancellazione disattiva disattivami disiscrivimi disiscrivermi disiscrizione \
    disattivazione rimuovimi eliminami toglietemi attiva attivami attivazione";

/// What a keyword is politely wrapped in.
const WRAPPING: &str = "buongiorno buonasera grazie servizio whatsapp messaggi notizie comunicazioni vorrei \
    desidero ricevere";

/// Real Italian words within reach of a keyword: never typos of it. `scrivimi` is "write to me".
/// Source: dictionary and conjugations of github.com/napolux/paroleitaliane (MIT), all words at
/// the distances below from a keyword, and object clitics ("iscrivilo") by hand.
const REAL_WORDS: &str = include_str!("real_words.txt");

const MAX_LENGTH: usize = 20;

/// The keywords as people can misspell them.
pub(super) struct Typos {
    own: Vec<Keyword>,
}

/// Every line's. Built once in a process.
static LISTED: LazyLock<Vec<Keyword>> = LazyLock::new(|| {
    let listed = KEYWORDS.split(' ').chain(WRAPPING.split(' '));
    keywords(listed.filter_map(|it| Some((it.to_owned(), LEXICON.word(it)?))))
});

static REAL: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| REAL_WORDS.split_whitespace().collect());

struct Keyword {
    text: String,
    letters: u32,
    class: Class,
}

impl Typos {
    /// `own`: the line's single-word keywords.
    pub(super) fn new(own: impl Iterator<Item = (String, Class)>) -> Self {
        Self { own: keywords(own) }
    }

    /// What an unknown word was meant to be.
    pub(super) fn repair(&self, word: &str) -> Option<Class> {
        if !word.is_ascii() {
            return None;
        }
        if word.bytes().any(|it| it.is_ascii_digit()) {
            return self.with_letters_for_digits(word);
        }
        Self::without_last_letter(word).or_else(|| self.nearest(word))
    }

    /// `st0p`, `iscr1v1mi`.
    fn with_letters_for_digits(&self, word: &str) -> Option<Class> {
        if !word.bytes().any(|it| it.is_ascii_alphabetic()) {
            return None;
        }
        let letters: String = word
            .chars()
            .map(|it| match it {
                '0' => 'o',
                '1' => 'i',
                '3' => 'e',
                '4' => 'a',
                '5' => 's',
                '7' => 't',
                other => other,
            })
            .collect();
        if letters.bytes().any(|it| it.is_ascii_digit()) {
            return None;
        }
        LEXICON.word(&letters).or_else(|| self.nearest(&letters))
    }

    /// `ciaoo`, `stopp`: stretched by one.
    fn without_last_letter(word: &str) -> Option<Class> {
        let [.., a, b] = word.as_bytes() else { return None };
        if a != b {
            return None;
        }
        LEXICON.word(&word[..word.len() - 1])
    }

    fn nearest(&self, word: &str) -> Option<Class> {
        if !(5..=MAX_LENGTH).contains(&word.len()) || REAL.contains(word) {
            return None;
        }
        let own_letters = letters(word);
        self.own
            .iter()
            .chain(LISTED.iter())
            .filter_map(|keyword| {
                let limit = limit(word, keyword);
                // An edit changes at most two letters of the set, so most keywords stop here.
                let apart = (own_letters ^ keyword.letters).count_ones() as usize;
                if apart > 2 * limit || word.len().abs_diff(keyword.text.len()) > limit {
                    return None;
                }
                let distance = distance(word.as_bytes(), keyword.text.as_bytes());
                (distance <= limit).then_some((distance, keyword.class))
            })
            .min_by_key(|(distance, class)| (*distance, *class as u8))
            .map(|(_, class)| class)
    }
}

fn keywords(words: impl Iterator<Item = (String, Class)>) -> Vec<Keyword> {
    words
        .filter(|(text, _)| (6..=MAX_LENGTH).contains(&text.len()))
        .map(|(text, class)| Keyword { letters: letters(&text), text, class })
        .collect()
}

/// Edits allowed. Source: italian-pa, section 1.4: one up to seven letters, then two; and only
/// one where a word does not command.
fn limit(word: &str, keyword: &Keyword) -> usize {
    let commands = Classes::of(&[Class::Join, Class::Leave, Class::LeaveNoun, Class::Enrolment]);
    if commands.has(keyword.class) && word.len() >= 8 && keyword.text.len() >= 8 { 2 } else { 1 }
}

/// Words to compare others with.
pub(super) struct Lookalikes(Vec<(&'static str, u32)>);

impl Lookalikes {
    pub(super) fn new(words: impl Iterator<Item = &'static str>) -> Self {
        Self(words.map(|it| (it, letters(it))).collect())
    }

    /// Whether one edit or none makes the word one of these.
    pub(super) fn resemble(&self, word: &str) -> bool {
        let own = letters(word);
        self.0.iter().any(|(it, letters)| (own ^ letters).count_ones() <= 2 && one_apart(it, word))
    }
}

/// Whether one edit makes one word of the other.
pub(super) fn one_apart(a: &str, b: &str) -> bool {
    a.len().max(b.len()) <= MAX_LENGTH
        && a.len().abs_diff(b.len()) <= 1
        && distance(a.as_bytes(), b.as_bytes()) <= 1
}

/// The letters of a word as a set of bits.
fn letters(word: &str) -> u32 {
    word.bytes().filter(u8::is_ascii_lowercase).fold(0, |set, it| set | 1 << (it - b'a'))
}

/// Damerau-Levenshtein distance (optimal string alignment) of two words of at most
/// `MAX_LENGTH` bytes.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut before_last = [0; MAX_LENGTH + 1];
    let mut last: [usize; MAX_LENGTH + 1] = std::array::from_fn(|it| it);
    for i in 1..=a.len() {
        let mut row = [0; MAX_LENGTH + 1];
        row[0] = i;
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if swapped {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        before_last = last;
        last = row;
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        for (a, b, want) in [
            ("iscrivimi", "iscrivimi", 0),
            ("iscirvimi", "iscrivimi", 1),
            ("iscrvimi", "iscrivimi", 1),
            ("cacelami", "cancellami", 2),
            ("", "abc", 3),
        ] {
            assert_eq!(distance(a.as_bytes(), b.as_bytes()), want, "{a} {b}");
        }
    }

    #[test]
    fn repairs_typos_and_leaves_real_words() {
        let typos = Typos::new(std::iter::empty());
        for word in ["iscirvimi", "iscrvimi", "1scrivimi", "iscrivimii", "iscrivimo"] {
            assert_eq!(typos.repair(word), Some(Class::Join), "{word}");
        }
        for word in ["cancelami", "cacelami", "canc3llami", "dissiscrivimi"] {
            assert_eq!(typos.repair(word), Some(Class::Leave), "{word}");
        }
        assert_eq!(typos.repair("st0p"), Some(Class::Stop));
        for word in ["scrivimi", "descrivimi", "attivita", "descrizione", "cancelleria", "stip"] {
            assert_eq!(typos.repair(word), None, "{word}");
        }
    }
}
