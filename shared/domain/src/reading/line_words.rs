// SPDX-License-Identifier: EUPL-1.2
//! The words of one line: its keywords, its topics, its name.

use std::collections::HashMap;

use crate::ids::TopicId;
use crate::line::{Line, Topic};

use super::lexicon::{Class, Classes, LEXICON};
use super::normalise::Text;
use super::typos::Typos;

pub(super) struct LineWords {
    opt_in: Vec<String>,
    opt_out: Vec<String>,
    topics: Vec<TopicId>,
    /// Phrases that name topics, by first word, the longest first; with one bit per topic.
    topic_phrases: HashMap<String, Vec<(Vec<String>, u64)>>,
    service: Vec<String>,
    comune: Vec<String>,
    pub(super) typos: Typos,
}

/// Words of a topic's name that do not tell it from others, besides those the lexicon knows.
const COMMON: &[&str] =
    &["pubblica", "pubblici", "pubbliche", "pubblico", "principali", "varie", "altri", "altre"];

impl LineWords {
    pub(super) fn new(line: &Line) -> Self {
        let opt_in: Vec<_> = line.opt_in.iter().map(|it| plain(it)).collect();
        let opt_out: Vec<_> = line.opt_out.iter().map(|it| plain(it)).collect();
        let keywords = (opt_in.iter().map(|it| (it.clone(), Class::Join)))
            .chain(opt_out.iter().map(|it| (it.clone(), Class::Leave)))
            .filter(|(it, _)| !it.contains(' ') && LEXICON.word(it).is_none())
            .collect::<Vec<_>>();
        Self {
            topics: line.topics.iter().map(|it| it.id.clone()).collect(),
            topic_phrases: topic_phrases(&line.topics),
            service: distinct_words(&line.service),
            comune: places(line),
            typos: Typos::new(keywords.into_iter()),
            opt_in,
            opt_out,
        }
    }

    /// Whether this is, word for word, a phrase that subscribes.
    pub(super) fn opts_in(&self, words: &str) -> bool {
        self.opt_in.iter().any(|it| it == words)
    }

    pub(super) fn opts_out(&self, words: &str) -> bool {
        self.opt_out.iter().any(|it| it == words)
    }

    /// What stands before or after a phrase that subscribes: "Mario Rossi ATTIVA VALGRE".
    pub(super) fn beside_opt_in<'a>(&self, words: &'a str) -> Option<&'a str> {
        self.opt_in.iter().find_map(|phrase| {
            let before = words.strip_suffix(phrase.as_str()).filter(|it| it.ends_with(' '));
            let after = words.strip_prefix(phrase.as_str()).filter(|it| it.starts_with(' '));
            before.or(after).map(str::trim)
        })
    }

    /// The topics that the longest phrase here names, and its length in words.
    pub(super) fn topic(&self, words: &[&str]) -> Option<(u64, usize)> {
        let alternatives = self.topic_phrases.get(*words.first()?)?;
        alternatives
            .iter()
            .find(|(phrase, _)| {
                phrase.len() <= words.len() && phrase.iter().zip(words).all(|(a, b)| a == b)
            })
            .map(|(phrase, topics)| (*topics, phrase.len()))
    }

    /// `scadenza`, `evnti`: a topic's word with one letter wrong.
    pub(super) fn misspelt_topic(&self, word: &str) -> Option<u64> {
        if word.len() < 6 || !word.is_ascii() {
            return None;
        }
        self.topic_phrases
            .iter()
            .filter(|(topic, _)| topic.len() >= 6 && topic.is_ascii())
            .find(|(topic, _)| super::typos::one_apart(topic, word))
            .and_then(|(_, phrases)| phrases.iter().find(|(words, _)| words.len() == 1))
            .map(|(_, topics)| *topics)
    }

    pub(super) fn names_the_service(&self, word: &str) -> bool {
        self.service.iter().any(|it| it == word)
    }

    pub(super) fn names_the_comune(&self, word: &str) -> bool {
        self.comune.iter().any(|it| it == word)
    }

    /// The topics behind the bits of [`Self::topic`], in the line's order.
    pub(super) fn ids(&self, topics: u64) -> Vec<TopicId> {
        (0..64)
            .zip(&self.topics)
            .filter(|(bit, _)| topics & (1 << bit) != 0)
            .map(|(_, id)| id.clone())
            .collect()
    }

    pub(super) fn all_topics(&self) -> u64 {
        (0..64).zip(&self.topics).fold(0, |all, (bit, _)| all | 1 << bit)
    }
}

fn plain(text: &str) -> String {
    Text::parse(text).words().collect::<Vec<_>>().join(" ")
}

/// The comune and its zones: "iscrivimi Torre".
fn places(line: &Line) -> Vec<String> {
    let zones = line.topics.iter().filter(|it| it.zone_of.is_some()).map(|it| &it.name);
    zones.chain([&line.comune.name]).flat_map(|it| distinct_words(it)).collect()
}

/// Words that say of which service or comune we speak. A word the lexicon knows keeps its
/// meaning: a line called "Biblioteca" does not make "iscrizione biblioteca" a subscription.
fn distinct_words(name: &str) -> Vec<String> {
    Text::parse(name)
        .words()
        .filter(|it| it.len() > 2 && LEXICON.word(it).is_none())
        .map(str::to_owned)
        .collect()
}

fn topic_phrases(topics: &[Topic]) -> HashMap<String, Vec<(Vec<String>, u64)>> {
    let mut phrases: HashMap<Vec<String>, u64> = HashMap::new();
    for (bit, topic) in (0..64).zip(topics) {
        for text in [topic.id.as_str(), &topic.name]
            .into_iter()
            .chain(topic.words.iter().map(String::as_str))
        {
            let words: Vec<String> = Text::parse(text).words().map(str::to_owned).collect();
            let joined = words.concat();
            let telling = words.iter().filter(|it| it.len() >= 5 && tells_a_topic(it));
            for phrase in telling.map(|it| vec![it.clone()]).chain([words.clone(), vec![joined]]) {
                let generic = matches!(phrase.as_slice(), [word] if !tells_a_topic(word));
                if !phrase.concat().is_empty() && !generic {
                    *phrases.entry(phrase).or_default() |= 1 << bit;
                }
            }
        }
    }
    let mut by_first: HashMap<String, Vec<(Vec<String>, u64)>> = HashMap::new();
    for (phrase, topics) in phrases {
        by_first.entry(phrase[0].clone()).or_default().push((phrase, topics));
    }
    for alternatives in by_first.values_mut() {
        alternatives.sort_by_key(|(phrase, _)| std::cmp::Reverse(phrase.len()));
    }
    by_first
}

/// "avvisi", "comunali" or "news" are no topic's own.
fn tells_a_topic(word: &str) -> bool {
    let own = Classes::of(&[Class::Topic, Class::OfficeTopic, Class::Municipal, Class::Name]);
    !COMMON.contains(&word) && LEXICON.word(word).is_none_or(|class| own.has(class))
}
