// SPDX-License-Identifier: EUPL-1.2
//! Makes one text out of the many ways to type it: case, accents, apostrophes, emoji, stretched
//! and spaced letters, texting forms, punctuation that was dictated. Knows no keyword.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A message as words and marks.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) tokens: Vec<Token>,
    /// What the message says with symbols. They are not in `tokens`.
    pub(super) symbols: Vec<Symbol>,
    /// A word was written as a hashtag.
    pub(super) hashtag: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Lower-case letters and digits.
    Word(String),
    /// Where one clause ends: comma, full stop, new line.
    Break,
    Question,
}

/// What an emoji says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symbol {
    Stop,
    Sos,
    Question,
    Other,
}

impl Text {
    pub(super) fn parse(text: &str) -> Self {
        let mut parsed = Self::default();
        let characters: Vec<char> = fold(text).collect();
        let mut word = String::new();
        let mut negated = false;
        for (at, &character) in characters.iter().enumerate() {
            if character.is_alphanumeric() {
                word.push(character);
                continue;
            }
            negated |= matches!(word.as_str(), "non" | "nn" | "nun");
            parsed.close(&mut word);
            let next = characters.get(at + 1);
            match character {
                '?' | '؟' => parsed.mark(Token::Question),
                // `a.s.` and `comune.it` are one piece, `grazie. Vorrei` is two.
                '.' if next.is_some_and(|it| it.is_alphanumeric()) => {}
                ',' | ';' | ':' | '!' | '.' | '\n' | '、' | '。' | '،' | '¡' => {
                    parsed.mark(Token::Break);
                }
                '#' => parsed.hashtag |= next.is_some_and(|it| it.is_alphabetic()),
                // "non voglio + messaggi", but "Iscrivimi + nome".
                '+' if negated => parsed.tokens.push(Token::Word("piu".to_owned())),
                '&' => parsed.tokens.push(Token::Word("e".to_owned())),
                '\u{1F6D1}' | '⛔' | '\u{1F6AB}' | '✋' => {
                    parsed.symbols.push(Symbol::Stop);
                }
                '\u{1F198}' => parsed.symbols.push(Symbol::Sos),
                '❓' | '❔' => parsed.symbols.push(Symbol::Question),
                symbol if symbol > '\u{203B}' => parsed.symbols.push(Symbol::Other),
                _ => {}
            }
        }
        parsed.close(&mut word);
        parsed.join_spaced_letters();
        parsed.write_out();
        parsed.undo_dictation();
        parsed.trim();
        parsed
    }

    /// The text as the rules see it: `buongiorno, vorrei iscrivermi ?`. Parsing it again gives
    /// the same words and marks.
    pub(super) fn normalised(&self) -> String {
        let mut out = String::new();
        for token in &self.tokens {
            match token {
                Token::Break => out.push(','),
                Token::Question => out.push_str(" ?"),
                Token::Word(word) => {
                    if !out.is_empty() {
                        out.push(' ');
                    }
                    out.push_str(word);
                }
            }
        }
        out.trim_start().to_owned()
    }

    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().filter_map(|it| match it {
            Token::Word(word) => Some(word.as_str()),
            Token::Break | Token::Question => None,
        })
    }

    pub(super) fn asks(&self) -> bool {
        self.tokens.contains(&Token::Question)
    }

    fn close(&mut self, word: &mut String) {
        if word.is_empty() {
            return;
        }
        self.tokens.push(Token::Word(squeeze(word)));
        word.clear();
    }

    fn write_out(&mut self) {
        for token in &mut self.tokens {
            if let Token::Word(word) = token
                && let Some(full) = texting(word)
            {
                full.clone_into(word);
            }
        }
    }

    /// One mark where there are several; a question outweighs a pause.
    fn mark(&mut self, mark: Token) {
        match self.tokens.last_mut() {
            Some(last @ Token::Break) => *last = mark,
            Some(Token::Word(_)) => self.tokens.push(mark),
            None if mark == Token::Question => self.tokens.push(mark),
            None | Some(Token::Question) => {}
        }
    }

    /// `I S C R I V I M I`. Three letters could be anything, four in a row are a word.
    fn join_spaced_letters(&mut self) {
        let is_letter = |token: &Token| matches!(token, Token::Word(word) if word.len() == 1 && !word.starts_with(char::is_numeric));
        if self.tokens.iter().filter(|it| is_letter(it)).count() < 4 {
            return;
        }
        let mut joined = Vec::with_capacity(self.tokens.len());
        for run in self.tokens.chunk_by(|a, b| is_letter(a) && is_letter(b)) {
            if run.len() < 4 {
                joined.extend_from_slice(run);
                continue;
            }
            let letters: String = run
                .iter()
                .filter_map(|it| match it {
                    Token::Word(word) => Some(word.as_str()),
                    Token::Break | Token::Question => None,
                })
                .collect();
            joined.push(Token::Word(squeeze(&letters)));
        }
        self.tokens = joined;
    }

    /// `virgola`, `punto interrogativo`, `a capo` as a phone writes them down when dictated.
    fn undo_dictation(&mut self) {
        let dictated = ["virgola", "punto", "punti", "capo"];
        if !self.words().any(|it| dictated.contains(&it)) {
            return;
        }
        let tokens = std::mem::take(&mut self.tokens);
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let word = |ahead: usize| match tokens.get(at + ahead) {
                Some(Token::Word(word)) => word.as_str(),
                _ => "",
            };
            let before = match self.tokens.last() {
                Some(Token::Word(word)) => word.as_str(),
                _ => "",
            };
            let (mark, length) = match (word(0), word(1), word(2)) {
                ("punto", "e", "virgola") => (Token::Break, 3),
                ("punto", "di", "domanda") => (Token::Question, 3),
                ("punto", "interrogativo", _) => (Token::Question, 2),
                ("punto", "esclamativo", _) | ("due", "punti", _) | ("a", "capo", _) => {
                    (Token::Break, 2)
                }
                ("virgola", ..) => (Token::Break, 1),
                ("punto", after, _) if !is_a_place(before, after) => (Token::Break, 1),
                _ => {
                    self.tokens.push(token.clone());
                    at += 1;
                    continue;
                }
            };
            self.mark(mark);
            at += length;
        }
    }

    fn trim(&mut self) {
        while self.tokens.last() == Some(&Token::Break) {
            self.tokens.pop();
        }
    }
}

/// `a che punto è`, `il punto di raccolta`: a word, not a full stop.
fn is_a_place(before: &str, after: &str) -> bool {
    const BEFORE: &[&str] =
        &["che", "il", "un", "al", "dal", "del", "nel", "ogni", "questo", "quel", "buon", "di"];
    const AFTER: &[&str] = &["di", "del", "della", "luce", "vendita", "informativo", "prelievi"];
    before.is_empty() || BEFORE.contains(&before) || AFTER.contains(&after)
}

/// Lower case, without accents, formatting characters and the many apostrophes.
fn fold(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .filter(|it| !is_invisible(*it))
        .map(|it| if is_apostrophe(it) { ' ' } else { it })
        .nfkd()
        .filter(|it| !is_combining_mark(*it))
        .flat_map(char::to_lowercase)
        .filter(|it| !is_combining_mark(*it))
        .map(|it| if it == 'ı' { 'i' } else { it })
}

/// All of them separate: `m'iscrivo`, `l’appuntamento`, `utilita'`, `'sta lista`.
fn is_apostrophe(character: char) -> bool {
    matches!(character, '\'' | '’' | '‘' | '´' | '`' | 'ʼ' | '′')
}

fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{640}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '*'
            | '~'
    )
}

/// `iscrivimiiiii` is `iscrivimi`: three or more of one letter are one. Digits stay.
fn squeeze(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let after = rest.trim_start_matches(first);
        let run = rest.strip_suffix(after).unwrap_or(rest);
        if first.is_numeric() || run.chars().nth(2).is_none() {
            out.push_str(run);
        } else {
            out.push(first);
        }
        rest = after;
    }
    out
}

/// Texting abbreviations, in full.
fn texting(word: &str) -> Option<&'static str> {
    Some(match word {
        "nn" | "nnn" => "non",
        "x" => "per",
        "xke" | "xche" | "perke" | "pke" | "pk" => "perche",
        "ke" => "che",
        "cmq" => "comunque",
        "msg" | "mess" | "mex" | "msgs" | "sms" => "messaggi",
        "grz" | "grazzie" | "thx" | "tks" => "grazie",
        "xfavore" | "xfav" | "pf" | "perfavore" | "pls" | "plz" => "please",
        "nnt" | "nulla" => "niente",
        "qnd" => "quando",
        "dv" => "dove",
        "cm" => "come",
        "sn" => "sono",
        "m" => "mi",
        "wapp" | "wa" | "wup" | "wazzap" | "uozzap" | "watsap" | "whatsap" | "watsapp"
        | "wathsapp" | "whatapp" | "whatsup" | "uatsap" | "vatsap" | "whattsapp" | "wzp" => {
            "whatsapp"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_one_text_for_many() {
        for (text, want) in [
            ("  ISCRIVIMI!!! ", "iscrivimi"),
            ("“Iscrivimi”", "iscrivimi"),
            ("*ISCRIVIMI* 🙏🏽", "iscrivimi"),
            ("ＩＳＣＲＩＶＩＭＩ", "iscrivimi"),
            ("I S C R I V I M I", "iscrivimi"),
            ("s.t.o.p.", "stop"),
            ("iscrivimiiiii", "iscrivimi"),
            ("m’iscrivo", "mi iscrivo"),
            ("pubblica utilita'", "pubblica utilita"),
            ("carta d'identità", "carta d identita"),
            ("nn voglio + mess", "non voglio piu messaggi"),
            ("Iscrivimi + nome + cognome", "iscrivimi nome cognome"),
            ("buongiorno virgola iscrivimi punto", "buongiorno, iscrivimi"),
            ("come funziona punto interrogativo", "come funziona ?"),
            ("a che punto è la pratica?", "a che punto e la pratica ?"),
            ("a.s. 2026/27", "a s, 2026 27"),
            ("Grazie.\n\nVorrei", "grazie, vorrei"),
            ("стоп", "стоп"),
            ("?!", "?"),
            ("…", ""),
        ] {
            assert_eq!(Text::parse(text).normalised(), want, "normalising {text:?}");
        }
    }

    #[test]
    fn keeps_what_symbols_say() {
        assert!(Text::parse("🛑").symbols.contains(&Symbol::Stop));
        assert!(Text::parse("👍🏻").symbols.contains(&Symbol::Other));
        assert!(Text::parse("#emergenze").hashtag);
        assert!(!Text::parse("# 3").hashtag);
    }
}
