// SPDX-License-Identifier: EUPL-1.2
//! Gives the words of a text their meaning, and parts them into clauses.

use super::lexicon::{Class, Classes, LEXICON};
use super::line_words::LineWords;
use super::normalise::{Text, Token};
use super::verbs;

/// One word or phrase with its meaning.
#[derive(Debug)]
pub(super) struct Word<'a> {
    /// The first word, if it is a phrase.
    pub(super) text: &'a str,
    pub(super) class: Class,
}

#[derive(Debug, Default)]
pub(super) struct Clause<'a> {
    pub(super) words: Vec<Word<'a>>,
    /// The classes of all its words.
    pub(super) classes: Classes,
    /// The line's topics it names, one bit each by position.
    pub(super) topics: u64,
    /// It ends in a question mark.
    pub(super) asks: bool,
}

#[derive(Debug, Default)]
pub(super) struct Sentence<'a> {
    pub(super) clauses: Vec<Clause<'a>>,
    pub(super) classes: Classes,
    /// A question mark stands somewhere.
    pub(super) asks: bool,
    /// Its words without greetings and thanks.
    pub(super) core: String,
    /// How many digits are in it: nine or more are a phone number.
    pub(super) digits: usize,
    /// Misspelt words are made out.
    repairs: bool,
}

/// In longer texts a misspelt word is no keyword, and making it out takes the most time of all.
const WORDS_WORTH_REPAIRING: usize = 30;

/// Words that begin a new clause unless they begin the message.
const CONNECTIVES: &[&str] = &["ma", "pero", "quindi", "perche", "poiche", "siccome", "bensi"];

impl Word<'_> {
    fn is_courtesy(&self) -> bool {
        matches!(self.class, Class::Greeting | Class::Courtesy)
    }
}

impl<'a> Sentence<'a> {
    pub(super) fn read(text: &'a Text, own: &LineWords) -> Self {
        let repairs = text.words().nth(WORDS_WORTH_REPAIRING).is_none();
        let mut sentence = Self { asks: text.asks(), repairs, ..Self::default() };
        for run in text.tokens.split_inclusive(|it| !matches!(it, Token::Word(_))) {
            let words: Vec<&str> = run
                .iter()
                .filter_map(|it| match it {
                    Token::Word(word) => Some(word.as_str()),
                    Token::Break | Token::Question => None,
                })
                .collect();
            let begun = sentence.clauses.len();
            sentence.add(&words, own);
            if run.last() == Some(&Token::Question)
                && let Some(last) = sentence.clauses[begun..].last_mut()
            {
                last.asks = true;
            }
        }
        sentence.digits = text.words().flat_map(str::chars).filter(char::is_ascii_digit).count();
        for clause in &mut sentence.clauses {
            clause.absorb_names();
            clause.words.iter().for_each(|it| clause.classes.insert(it.class));
            sentence.classes = sentence.classes.with(clause.classes);
        }
        sentence
    }

    fn add(&mut self, words: &[&'a str], own: &LineWords) {
        let mut clause = Clause::default();
        let mut rest = words;
        while let Some(&text) = rest.first() {
            if CONNECTIVES.contains(&text) && !clause.words.is_empty() {
                self.clauses.push(std::mem::take(&mut clause));
                if text == "perche" {
                    rest = &rest[1..];
                    continue;
                }
            }
            let (class, topics, length) = meaning(rest, own, self.repairs);
            let after_courtesy = clause.words.last().is_some_and(Word::is_courtesy);
            let joins_courtesies = after_courtesy && matches!(text, "e" | "ed");
            if !matches!(class, Class::Greeting | Class::Courtesy) && !joins_courtesies {
                self.keep(&rest[..length]);
            }
            clause.topics |= topics;
            clause.words.push(Word { text, class });
            rest = &rest[length..];
        }
        if !clause.words.is_empty() {
            self.clauses.push(clause);
        }
    }

    fn keep(&mut self, words: &[&str]) {
        for word in words {
            if !self.core.is_empty() {
                self.core.push(' ');
            }
            self.core.push_str(word);
        }
    }
}

/// The meaning of the longest phrase here: the line's own words before everyone's, unless
/// everyone's phrase is longer.
fn meaning(words: &[&str], own: &LineWords, repairs: bool) -> (Class, u64, usize) {
    let listed = LEXICON.longest(words);
    let length = listed.map_or(0, |(_, length)| length);
    if let Some((topics, own_length)) = own.topic(words).filter(|(_, own)| *own >= length) {
        let class = match listed {
            // A line of one office: its topic is its service.
            _ if own.names_the_service(words[own_length - 1]) => Class::Service,
            // "scuola" stays a matter of the school, too.
            Some((Class::OfficeTopic | Class::Municipal, 1)) if own_length == 1 => {
                Class::OfficeTopic
            }
            _ => Class::Topic,
        };
        return (class, topics, own_length);
    }
    if let Some((class, longer)) = verbs::after_mi(words).filter(|(_, it)| *it > length) {
        return (class, 0, longer);
    }
    if let Some((class, length)) = listed {
        // "allerta meteo" names what its words name.
        let topics = (class == Class::Topic)
            .then(|| (0..length).filter_map(|at| own.topic(&words[at..length])))
            .map_or(0, |named| named.fold(0, |all, (topics, _)| all | topics));
        return (class, topics, length);
    }
    let word = words[0];
    if own.names_the_service(word) {
        return (Class::Service, 0, 1);
    }
    if own.names_the_comune(word) {
        return (Class::Comune, 0, 1);
    }
    if word.bytes().all(|it| it.is_ascii_digit()) {
        return (Class::Digits, 0, 1);
    }
    if !repairs {
        return (Class::Unknown, 0, 1);
    }
    if let Some(topics) = own.misspelt_topic(word) {
        return (Class::Topic, topics, 1);
    }
    if let Some(class) = verbs::with_mi(word).or_else(|| own.typos.repair(word)) {
        return (class, 0, 1);
    }
    // "buon viaggio".
    if matches!(word, "buon" | "buona" | "buone" | "buoni" | "felice" | "sereno" | "serena")
        && words.get(1).is_some_and(|it| {
            matches!(LEXICON.word(it), None | Some(Class::Ordinary | Class::Name))
        })
    {
        return (Class::Courtesy, 0, 2);
    }
    // "iscri vimi".
    if let Some(next) = words.get(1)
        && LEXICON.word(next).is_none()
        && let Some(class @ (Class::Join | Class::Leave)) = LEXICON.word(&[word, next].concat())
    {
        return (class, 0, 2);
    }
    (Class::Unknown, 0, 1)
}

/// Days, and coming on them.
const COMING: &[&str] = &[
    "domani",
    "dopodomani",
    "stasera",
    "stamattina",
    "pomeriggio",
    "lunedi",
    "martedi",
    "mercoledi",
    "giovedi",
    "venerdi",
    "sabato",
    "domenica",
    "vengo",
    "venire",
    "veniamo",
    "viene",
    "verro",
    "partecipo",
    "partecipare",
    "presentarmi",
    "turno",
    "orario",
];

impl Clause<'_> {
    /// Of an appointment, it seems, and not of this service.
    pub(super) fn speaks_of_coming(&self) -> bool {
        let is_name = |at: Option<usize>| {
            at.and_then(|at| self.words.get(at)).is_some_and(|it| it.class == Class::Name)
        };
        // Domenica Rossi is a person.
        self.words.iter().enumerate().any(|(at, it)| {
            COMING.contains(&it.text)
                && !(it.text == "domenica" && (is_name(at.checked_sub(1)) || is_name(Some(at + 1))))
        })
    }

    /// Words we do not know beside a first name are a surname: "Brambilla Mario", "Anna De
    /// Luca", "mi chiamo Xhulia Hoxha".
    fn absorb_names(&mut self) {
        let starts: Vec<_> = (0..self.words.len())
            .filter(|&at| matches!(self.words[at].class, Class::Name | Class::NameIntro))
            .collect();
        for at in starts {
            if let Some(before) = at.checked_sub(1).and_then(|it| self.words.get_mut(it))
                && before.class == Class::Unknown
                && self.words[at].class == Class::Name
            {
                self.words[at - 1].class = Class::Name;
            }
            let mut surnames = 0;
            for word in self.words.iter_mut().skip(at + 1) {
                match word.class {
                    Class::Unknown if surnames < 2 => surnames += 1,
                    Class::Glue
                        if matches!(word.text, "de" | "di" | "del" | "della" | "lo" | "la") =>
                    {
                        continue;
                    }
                    _ => break,
                }
                word.class = Class::Name;
            }
        }
    }
}
