// SPDX-License-Identifier: EUPL-1.2
//! Reading a message: what does the person want?
//!
//! Deterministic and explainable: every reading names the rule that made it. The pipeline of
//! [`Reader::read`], each step in a module of its own:
//!
//! 1. `normalise`: one text for the many ways to type it.
//! 2. `line_words`: the line's own phrases, as the whole message. They always win.
//! 3. `whole`: what means something only as the whole message ("info", "si").
//! 4. `languages`: the same for ten other languages.
//! 5. `lexicon`, `verbs`, `typos`, `sentence`: words become classes, the text becomes clauses.
//! 6. `guards`, `rules`: emergencies, the offices' work, other people, questions, negations; `data`:
//!    what is asked about one's data.
//! 7. `grammar`: what each clause says; here, what they say together.
//!
//! Of a long text only the two ends are read (`excerpt`), and a person decides.
//!
//! What is left is for a person at the desk. A wrong subscription is worse than a question, so
//! joining is read strictly; a missed goodbye is worse than a repaired one, so leaving is read
//! generously; neither when the text names something only an office can do.

mod answer;
mod data;
mod excerpt;
mod grammar;
mod guards;
mod languages;
mod lexicon;
mod line_words;
mod normalise;
mod rules;
mod sentence;
mod typos;
mod verbs;
mod whole;

use crate::ids::TopicId;
use crate::line::Line;
use crate::reply::{PAYLOAD_ADD, PAYLOAD_COPY, PAYLOAD_ERASE, PAYLOAD_REMOVE};
use crate::rights::Right;

pub use answer::{Answer, answer};

use grammar::{Says, Sense, What};
use guards::Concerns;
use lexicon::{Class, Classes};
use line_words::LineWords;
use normalise::{Symbol, Text};
use sentence::{Clause, Sentence};

/// What a text asks for, and why we think so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    pub intent: Intent,
    /// The rule that decided, a stable slug: `opt-in-phrase`, `municipal-object` …
    pub rule: &'static str,
    /// The text as the rules saw it: of a long one, its two ends.
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
    MyData(AboutData),
    /// For a person at the desk.
    Human(Kind),
    /// Unclear: one question with buttons.
    Ask,
}

/// What somebody wants to know of their data, or done with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AboutData {
    /// How they are used, by whom, where it is written; or what there is to ask.
    Notice,
    /// Whether they are subscribed.
    Status,
    /// Something they have a right to.
    Right(Right),
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

impl Language {
    pub const ALL: [Self; 11] = [
        Self::Italian,
        Self::English,
        Self::French,
        Self::German,
        Self::Spanish,
        Self::Romanian,
        Self::Albanian,
        Self::Arabic,
        Self::Chinese,
        Self::Ukrainian,
        Self::Slovenian,
    ];

    /// The ISO 639-1 code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Italian => "it",
            Self::English => "en",
            Self::French => "fr",
            Self::German => "de",
            Self::Spanish => "es",
            Self::Romanian => "ro",
            Self::Albanian => "sq",
            Self::Arabic => "ar",
            Self::Chinese => "zh",
            Self::Ukrainian => "uk",
            Self::Slovenian => "sl",
        }
    }

    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }
}

impl Reading {
    /// A tap on a button of ours says what it wants without being read. A button in another
    /// language has its code in the payload: `subscribe:ro`.
    pub fn of_tap(payload: &str) -> Option<Self> {
        let in_another =
            payload.split_once(':').and_then(|(name, code)| Some((name, Language::of_code(code)?)));
        let (name, language) = in_another.unwrap_or((payload, Language::default()));
        Some(Self {
            intent: Intent::of_tap(name)?,
            rule: "tap",
            normalised: payload.to_owned(),
            language,
        })
    }
}

impl Intent {
    /// The name in reports, logs and the `read` command.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Subscribe { .. } => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::Stop => "stop",
            Self::Topics { .. } => "topics",
            Self::News => "news",
            Self::Help => "help",
            Self::MyData(_) => "my-data",
            Self::Human(_) => "human",
            Self::Ask => "ask",
        }
    }

    /// What a tap on one of our buttons or list rows asks for, by the payload we gave it; `None`
    /// if it is not one of these. A tap is never read as text: its title is ours.
    pub fn of_tap(payload: &str) -> Option<Self> {
        Some(match payload {
            "subscribe" => Self::Subscribe { topics: Vec::new() },
            "unsubscribe" => Self::Unsubscribe,
            "stop" => Self::Stop,
            "topics" => Self::Topics { change: None },
            "help" => Self::Help,
            "my-data" => Self::MyData(AboutData::Notice),
            PAYLOAD_COPY => Self::MyData(AboutData::Right(Right::Access)),
            PAYLOAD_ERASE => Self::MyData(AboutData::Right(Right::Erasure)),
            "question" => Self::Human(Kind::Question),
            _ => return topic_of_tap(payload),
        })
    }
}

/// A row of the list of topics.
fn topic_of_tap(payload: &str) -> Option<Intent> {
    let of = |prefix| {
        let id: &str = payload.strip_prefix(prefix)?;
        Some(vec![TopicId::new(id)])
    };
    let added = of(PAYLOAD_ADD).map(TopicChange::Add);
    let change = added.or_else(|| of(PAYLOAD_REMOVE).map(TopicChange::Remove))?;
    Some(Intent::Topics { change: Some(change) })
}

impl Kind {
    /// The name in reports, logs and the `read` command.
    pub fn name(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Courtesy => "courtesy",
            Self::Report => "report",
            Self::Emergency => "emergency",
            Self::ThirdParty => "third-party",
            Self::Complaint => "complaint",
        }
    }
}

/// Reads messages to one line.
pub struct Reader {
    own: LineWords,
}

/// An intent with the rule that found it.
type Verdict = (Intent, &'static str);

impl Reader {
    pub fn new(line: &Line) -> Self {
        Self { own: LineWords::new(line) }
    }

    /// Reads one message. Total: every text is some intent. In bounded time, however long it is.
    pub fn read(&self, text: &str) -> Reading {
        let excerpt = excerpt::of(text);
        let text = Text::parse(excerpt.as_deref().unwrap_or(text));
        let (mut verdict, language) = self.judge(&text);
        if excerpt.is_some() {
            verdict = for_a_person(verdict);
        }
        Reading { intent: verdict.0, rule: verdict.1, normalised: text.normalised(), language }
    }

    fn judge(&self, text: &Text) -> (Verdict, Language) {
        let words = text.words().collect::<Vec<_>>().join(" ");
        if let Some(verdict) = self.own_phrase(&words, text.asks()) {
            return (verdict, Language::Italian);
        }
        if words.is_empty() {
            return (wordless(text), Language::Italian);
        }
        let sentence = Sentence::read(text, &self.own);
        let core = sentence.core.as_str();
        if let Some(verdict) = self.own_phrase(core, text.asks()) {
            return (verdict, Language::Italian);
        }
        if let Some(verdict) =
            whole::read(&words, text.asks()).or_else(|| whole::read(core, text.asks()))
        {
            // "ok perfetto grazie" wants no answer.
            let agrees = matches!(core, "ok" | "okay" | "certo") && !text.asks();
            if agrees && words != core && sentence.classes.has(Class::Courtesy) {
                return ((Intent::Human(Kind::Courtesy), "courtesy"), Language::Italian);
            }
            return (verdict, Language::Italian);
        }
        if is_menu_choice(&words) {
            return ((Intent::Ask, "bare-answer"), Language::Italian);
        }
        if let Some((intent, language)) = languages::read(text) {
            return ((intent, "other-language"), language);
        }
        let verdict = self.sentence(text, &sentence);
        let language = match verdict.0 {
            Intent::Human(_) => languages::guess(text, italian_words(&sentence)),
            _ => Language::Italian,
        };
        (verdict, language)
    }

    /// The line's keywords, as the whole message or beside a name. "iscrizione?" asks something.
    fn own_phrase(&self, words: &str, asks: bool) -> Option<Verdict> {
        if asks {
            return None;
        }
        if self.own.opts_out(words) {
            return Some((Intent::Unsubscribe, "opt-out-phrase"));
        }
        let named = || {
            self.own.beside_opt_in(words).is_some_and(|it| {
                let rest = Text::parse(it);
                Sentence::read(&rest, &self.own).classes.within(Classes::of(&[Class::Name]))
            })
        };
        (self.own.opts_in(words) || named())
            .then(|| (Intent::Subscribe { topics: Vec::new() }, "opt-in-phrase"))
    }

    fn sentence(&self, text: &Text, sentence: &Sentence<'_>) -> Verdict {
        let concerns = Concerns::of(text);
        let senses: Vec<Sense> = sentence.clauses.iter().map(grammar::sense).collect();
        if concerns.emergency() {
            return (Intent::Human(Kind::Emergency), "emergency");
        }
        if concerns.kind() == Kind::Question && rules::thanks(sentence) {
            return (Intent::Human(Kind::Courtesy), "courtesy");
        }
        if let [clause] = sentence.clauses.as_slice()
            && clause.topics != 0
            && !text.hashtag
            && !clause.asks
            && let [_] = clause.words.as_slice()
        {
            return (Intent::Ask, "topic-name");
        }
        rules::guard(text, sentence, &senses, concerns)
            .or_else(|| rules::silence(text, sentence, &senses, concerns))
            .or_else(|| rules::news(sentence))
            .or_else(|| rules::question(sentence, &senses, concerns))
            .or_else(|| self.command(text, sentence, &senses))
            .unwrap_or((Intent::Human(concerns.kind()), "not-a-command"))
    }

    /// What the clauses say together.
    fn command(&self, text: &Text, sentence: &Sentence<'_>, senses: &[Sense]) -> Option<Verdict> {
        let mut said: Vec<Says> = senses
            .iter()
            .filter_map(|it| match it {
                Sense::Says(says) => Some(*says),
                _ => None,
            })
            .collect();
        let elsewhere = senses.contains(&Sense::Other);
        if said.is_empty() {
            if elsewhere {
                return None;
            }
            if text.hashtag && sentence.clauses.iter().any(|it| it.classes.has(Class::Topic)) {
                return Some((Intent::Topics { change: None }, "topic-hashtag"));
            }
            return Some((Intent::Ask, "unclear"));
        }
        if elsewhere {
            // "Non vengo più domani, cancellatemi" is an appointment.
            let booked = sentence.clauses.iter().any(Clause::speaks_of_coming);
            let moved = sentence.classes.has(Class::Moved) || booked;
            let done = sentence.classes.has(Class::Done);
            said.retain(|it| match it.what {
                What::Join => it.sure && !done,
                What::Leave => it.sure || it.rule == "leave-verb" && !moved && !sentence.asks,
                What::Stop => !sentence.asks,
                _ => false,
            });
            if said.is_empty() {
                return Some((Intent::Ask, "command-among-other-words"));
            }
        }
        Some(self.together(&said, sentence))
    }

    fn together(&self, said: &[Says], sentence: &Sentence<'_>) -> Verdict {
        let says = |what: What| said.iter().find(|it| it.what == what);
        let rule = said.first().map_or("unclear", |it| it.rule);
        if let Some(join) = says(What::Join) {
            let leaves = said.iter().any(|it| matches!(it.what, What::Leave | What::Stop));
            if leaves || sentence.classes.has(Class::No) {
                return (Intent::Ask, "both-ways");
            }
            return (Intent::Subscribe { topics: self.joined_topics(said, sentence) }, join.rule);
        }
        // "Basta, cancellatemi" has said which.
        let leaving = says(What::Leave);
        let stopping = says(What::Stop);
        if let Some(leave) = leaving.filter(|it| stopping.is_none() || it.rule == "leave-verb") {
            return (Intent::Unsubscribe, leave.rule);
        }
        if let Some(stop) = stopping {
            return (Intent::Stop, stop.rule);
        }
        (Intent::Topics { change: self.change(said) }, rule)
    }

    fn joined_topics(&self, said: &[Says], sentence: &Sentence<'_>) -> Vec<TopicId> {
        let named = sentence.clauses.iter().fold(0, |all, it| all | it.topics);
        // "iscrivimi ma senza eventi".
        let unwanted =
            said.iter().filter(|it| it.what == What::Remove).fold(0, |all, it| all | it.topics);
        if unwanted != 0 {
            return self.own.ids(self.own.all_topics() & !unwanted);
        }
        let all = sentence.classes.has(Class::All) && named == 0;
        self.own.ids(if all { self.own.all_topics() } else { named })
    }

    /// `None` if the topics are not this line's, or the clauses want different things.
    fn change(&self, said: &[Says]) -> Option<TopicChange> {
        let what = said.first()?.what;
        if said.iter().any(|it| it.what != what) {
            return None;
        }
        let topics = self.own.ids(said.iter().fold(0, |all, it| all | it.topics));
        if topics.is_empty() {
            return None;
        }
        match what {
            What::Add => Some(TopicChange::Add(topics)),
            What::Remove => Some(TopicChange::Remove(topics)),
            What::Only => Some(TopicChange::Only(topics)),
            _ => None,
        }
    }
}

/// Of a text we read in part only: no command, and nothing that would keep the desk from it.
fn for_a_person((intent, rule): Verdict) -> Verdict {
    match intent {
        Intent::MyData(_) | Intent::Human(Kind::Emergency | Kind::Report | Kind::Complaint) => {
            (intent, rule)
        }
        _ => (Intent::Human(Kind::Question), "long-text"),
    }
}

/// "1": means something only after a question of ours.
fn is_menu_choice(words: &str) -> bool {
    words.len() <= 2 && words.bytes().all(|it| it.is_ascii_digit())
}

/// A message of symbols only.
fn wordless(text: &Text) -> Verdict {
    let shows = |symbol: Symbol| text.symbols.contains(&symbol);
    if shows(Symbol::Sos) {
        (Intent::Human(Kind::Emergency), "symbol-sos")
    } else if shows(Symbol::Stop) {
        (Intent::Stop, "symbol-stop")
    } else if text.asks() || shows(Symbol::Question) {
        (Intent::Help, "symbol-question")
    } else if shows(Symbol::Other) {
        (Intent::Human(Kind::Courtesy), "symbol-courtesy")
    } else {
        (Intent::Human(Kind::Question), "nothing-to-read")
    }
}

fn italian_words(sentence: &Sentence<'_>) -> usize {
    let unknown = |it: &&sentence::Word<'_>| it.class != Class::Unknown;
    sentence.clauses.iter().flat_map(|it| &it.words).filter(unknown).count()
}
