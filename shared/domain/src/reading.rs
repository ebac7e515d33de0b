//! Reading a message: what does the person want?

use crate::ids::TopicId;

/// What a text asks for, and why we think so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    pub intent: Intent,
    /// The rule that decided, a stable slug: `opt-in-phrase`, `guard-municipal-object` …
    pub rule: &'static str,
    /// The text as the rules saw it.
    pub normalised: String,
    pub language: Language,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Join; with topics if the text names some of the line's.
    Subscribe {
        topics: Vec<TopicId>,
    },
    Unsubscribe,
    /// A universal stop word: everything proactive ends.
    Stop,
    /// See the topics, or change them.
    Topics {
        change: Option<TopicChange>,
    },
    /// The latest notices, please.
    News,
    Help,
    MyData,
    /// For a person at the desk.
    Human(Kind),
    /// Unclear: one question with buttons.
    Ask,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicChange {
    Add(Vec<TopicId>),
    Remove(Vec<TopicId>),
    Only(Vec<TopicId>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Question,
    Courtesy,
    Report,
    Emergency,
    ThirdParty,
    Complaint,
}

/// The language a text was read in, as an ISO 639-1 code says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    Italian,
    English,
    French,
    German,
    Spanish,
    Romanian,
    Albanian,
    Arabic,
    Chinese,
    Ukrainian,
    Slovenian,
}

impl Intent {
    pub fn name(&self) -> &'static str {
        "x"
    }
}
