// SPDX-License-Identifier: EUPL-1.2
//! What a whole message is, before its clauses are taken for commands: somebody else's affair, the
//! offices' work, thanks, news, a question.

use super::grammar::{self, Says, Sense, What};
use super::guards::Concerns;
use super::lexicon::{Class, Classes};
use super::normalise::{Symbol, Text};
use super::sentence::{Clause, Sentence};
use super::{AboutData, Intent, Kind, Verdict, data};
use crate::rights::Right;

/// Digits that make a number a telephone number. Italian ones have nine or ten.
const DIGITS_OF_A_PHONE: usize = 8;

/// What no command may pass.
pub(super) fn guard(
    text: &Text,
    sentence: &Sentence<'_>,
    senses: &[Sense],
    concerns: Concerns,
) -> Option<Verdict> {
    let classes = sentence.classes;
    if classes.has(Class::Gdpr) && !threatens_and_leaves(sentence, senses) {
        return Some((Intent::MyData(about_data(text, sentence)), "data-protection"));
    }
    let matters = |clause: &Clause<'_>, sense: &Sense| {
        clause.classes.has(Class::Municipal)
            || clause.classes.has(Class::OfficeTopic) && !matches!(sense, Sense::Says(_))
    };
    let office = sentence.clauses.iter().zip(senses).any(|(clause, sense)| matters(clause, sense));
    if names_another_subscriber(sentence) {
        return Some((Intent::Human(Kind::ThirdParty), "third-party"));
    }
    if office && !leaves_this_service(sentence, senses) {
        return Some((Intent::Human(concerns.kind()), "municipal-object"));
    }
    let commands = classes.any(grammar::COMMANDS.with(Classes::of(&[
        Class::Receive,
        Class::SendMe,
        Class::Add,
    ])));
    let other_number = sentence.digits >= DIGITS_OF_A_PHONE;
    let someone_else = classes.has(Class::ThirdParty) || other_number || names_someone(sentence);
    let wants_messages = classes.has(Class::Wish) && classes.has(Class::Content);
    let commands = commands || wants_messages;
    if someone_else && commands && is_about_another_object(sentence) {
        return Some((Intent::Human(concerns.kind()), "other-object"));
    }
    if someone_else && commands {
        return Some((Intent::Human(Kind::ThirdParty), "third-party"));
    }
    if classes.has(Class::Done) {
        let leaving = Classes::of(&[
            Class::Still,
            Class::Leave,
            Class::LeavePlease,
            Class::LeaveNoun,
            Class::LeaveWeak,
            Class::Stop,
        ]);
        if classes.any(leaving) && !asks_again(senses) {
            return Some((Intent::Human(Kind::Complaint), "opt-out-failed"));
        }
    }
    if speaks_of_their_data(text, sentence) {
        let about = about_data(text, sentence);
        if about != AboutData::Notice || !leaves_apart(sentence, senses) {
            return Some((Intent::MyData(about), "personal-data"));
        }
    }
    let doubts =
        |it: &Clause<'_>| it.classes.has(Class::Doubt) && it.classes.any(grammar::COMMANDS);
    if sentence.clauses.iter().any(doubts) {
        return Some((Intent::Ask, "supposition"));
    }
    if senses.contains(&Sense::Negated) && !leaves_what_was_not_wanted(sentence, senses) {
        return Some((Intent::Human(concerns.kind()), "negated"));
    }
    None
}

/// "Ho cambiato residenza. Cancellatemi dal servizio WhatsApp": the office's matter is in
/// another clause, and the one that leaves names this service beyond doubt.
fn leaves_this_service(sentence: &Sentence<'_>, senses: &[Sense]) -> bool {
    let plain =
        !sentence.asks && !sentence.classes.any(Classes::of(&[Class::Question, Class::Doubt]));
    plain
        && sentence.clauses.iter().zip(senses).any(|(clause, sense)| {
            matches!(
                sense,
                Sense::Says(Says {
                    what: What::Leave,
                    rule: "leave-verb" | "leave-with-reason",
                    ..
                })
            ) && clause.classes.has(Class::Channel)
        })
}

/// "Vi segnalo al garante, cancellatemi": not a question about the law.
fn threatens_and_leaves(sentence: &Sentence<'_>, senses: &[Sense]) -> bool {
    let words = sentence.clauses.iter().flat_map(|it| &it.words);
    let only_the_authority =
        words.filter(|it| it.class == Class::Gdpr).all(|it| it.text == "garante");
    let data = Classes::of(&[Class::Data, Class::WeakData]);
    only_the_authority && !sentence.classes.any(data) && asks_again(senses)
}

/// "Rispettate la mia privacy, cancellatemi": the order needs no notice.
fn leaves_apart(sentence: &Sentence<'_>, senses: &[Sense]) -> bool {
    let data = Classes::of(&[Class::Data, Class::WeakData]);
    let leaves = |(clause, sense): (&Clause<'_>, &Sense)| {
        matches!(sense, Sense::Says(Says { what: What::Leave | What::Stop, .. }))
            && !clause.classes.any(data)
    };
    !sentence.asks && sentence.clauses.iter().zip(senses).any(leaves)
}

/// "Non volevo iscrivermi, toglietemi": the refusal is of joining, the order is to leave.
fn leaves_what_was_not_wanted(sentence: &Sentence<'_>, senses: &[Sense]) -> bool {
    let leaving = Classes::of(&[
        Class::Leave,
        Class::LeavePlease,
        Class::LeaveNoun,
        Class::LeaveWeak,
        Class::Stop,
    ]);
    let negated = sentence.clauses.iter().zip(senses).filter(|(_, it)| **it == Sense::Negated);
    asks_again(senses) && negated.into_iter().all(|(clause, _)| !clause.classes.any(leaving))
}

/// "Cancellate mia nonna dal servizio, è morta": this service, and nothing of an office beside it.
fn names_another_subscriber(sentence: &Sentence<'_>) -> bool {
    let offices = Classes::of(&[Class::Municipal, Class::OfficeTopic]);
    let orders = grammar::COMMANDS.with(Classes::of(&[Class::Add, Class::Remove]));
    sentence.clauses.iter().any(|it| {
        it.classes.has(Class::ThirdParty)
            && it.classes.any(orders)
            && it.classes.any(grammar::OBJECT)
            && !it.classes.any(offices)
    })
}

/// "Iscrivere mio figlio al rugby": something we do not know, and not this service.
fn is_about_another_object(sentence: &Sentence<'_>) -> bool {
    const TO: &[&str] = &["al", "alla", "allo", "ai", "agli", "alle", "dal", "dalla", "dai", "all"];
    let strange = Classes::of(&[Class::Unknown, Class::Ordinary]);
    !sentence.classes.any(grammar::OBJECT)
        && sentence.clauses.iter().filter(|it| it.classes.has(Class::ThirdParty)).any(|it| {
            it.words.windows(2).any(|pair| TO.contains(&pair[0].text) && strange.has(pair[1].class))
        })
}

/// "iscrivi Mario Rossi"; "iscrivimi Mario Rossi" is the person who writes.
fn names_someone(sentence: &Sentence<'_>) -> bool {
    let vague = Classes::of(&[
        Class::JoinWeak,
        Class::JoinVague,
        Class::LeaveWeak,
        Class::Add,
        Class::Remove,
    ]);
    let this_person = Classes::of(&[Class::NameIntro, Class::Join, Class::Leave]);
    sentence.clauses.iter().any(|it| {
        it.classes.has(Class::Name) && it.classes.any(vague) && !it.classes.any(this_person)
    })
}

/// "Mi ero cancellato. Cancellatemi dalla lista": a whole new request.
fn asks_again(senses: &[Sense]) -> bool {
    let again = |it: &Sense| matches!(it, Sense::Says(Says { what: What::Leave | What::Stop, .. }));
    senses.iter().any(again)
}

fn speaks_of_their_data(text: &Text, sentence: &Sentence<'_>) -> bool {
    /// Beside which "dati" are still a person's.
    const STRANGERS: usize = 2;
    let classes = sentence.classes;
    let any_data = Classes::of(&[
        Class::LeaveWeak,
        Class::LeaveNoun,
        Class::Leave,
        Class::Change,
        Class::What,
    ]);
    let whence = classes.has(Class::MyNumber) && classes.has(Class::Question);
    let put_right = classes.has(Class::MyNumber) && data::wants_it_put_right(text);
    let words = sentence.clauses.iter().flat_map(|it| &it.words);
    let strangers = words.filter(|it| it.class == Class::Unknown).count();
    let personal = classes.has(Class::WeakData) && !data::names_other_data(text);
    classes.has(Class::Data)
        || personal && (classes.any(any_data) || data::names_own_data(text))
        || personal && strangers <= STRANGERS && data::asks_about_data(text)
        || whence && !classes.any(grammar::COMMANDS)
        || put_right
        || data::refuses(text)
        || data::names_an_article(text)
}

/// What is asked about the data of this service. What an office holds is the office's matter, and
/// to erase it is nothing we could do.
fn about_data(text: &Text, sentence: &Sentence<'_>) -> AboutData {
    let data = Classes::of(&[Class::Data, Class::WeakData, Class::Gdpr]);
    let an_office_s = |it: &Clause<'_>| {
        it.classes.any(data)
            && it.classes.any(Classes::of(&[
                Class::Municipal,
                Class::OfficeTopic,
                Class::ThirdParty,
            ]))
    };
    match data::of_text(text) {
        AboutData::Right(Right::Erasure) if sentence.clauses.iter().any(an_office_s) => {
            AboutData::Notice
        }
        other => other,
    }
}

/// "Grazie per le informazioni", "complimenti per il servizio".
fn thanks_for_something(sentence: &Sentence<'_>, senses: &[Sense]) -> bool {
    const FOR: &[&str] = &["per", "del", "della", "delle", "dei", "degli"];
    let quiet = senses.iter().all(|it| matches!(it, Sense::Silent | Sense::Object));
    // "buon anno a tutto il comune".
    let to_us = grammar::HARMLESS.with(Classes::of(&[Class::All, Class::Comune, Class::Name]));
    if sentence.classes.within(to_us) && sentence.classes.has(Class::Courtesy) {
        return !sentence.classes.has(Class::No) && !sentence.asks;
    }
    quiet
        && sentence
            .clauses
            .iter()
            .flat_map(|it| it.words.windows(2))
            .any(|pair| pair[0].class == Class::Courtesy && FOR.contains(&pair[1].text))
}

/// "Grazie per avermi risposto": thanks for whatever it is, and nothing else.
pub(super) fn thanks(sentence: &Sentence<'_>) -> bool {
    const FOR: &[&str] =
        &["per", "a", "al", "di", "del", "della", "delle", "dei", "degli", "dell", "dello"];
    const LONGEST: usize = 10;
    let wants = grammar::COMMANDS.with(Classes::of(&[
        Class::Wish,
        Class::Request,
        Class::Question,
        Class::What,
        Class::Not,
        Class::More,
        Class::Doubt,
        Class::SendMe,
        Class::Cease,
        Class::Enough,
        Class::Data,
        Class::Gdpr,
        Class::Digits,
    ]));
    if sentence.asks || sentence.classes.any(wants) {
        return false;
    }
    let mut thanked = false;
    sentence.clauses.iter().all(|it| {
        if it.classes.within(grammar::HARMLESS) {
            return true;
        }
        let at = it
            .words
            .windows(2)
            .position(|pair| pair[0].text.starts_with("graz") && FOR.contains(&pair[1].text));
        let polite =
            at.is_some_and(|at| it.words[..at].iter().all(|it| grammar::HARMLESS.has(it.class)));
        let first = !std::mem::replace(&mut thanked, true);
        polite && first && it.words.len() <= LONGEST
    }) && thanked
}

/// "Mostratemi gli ultimi avvisi", "novità dal comune?".
pub(super) fn news(sentence: &Sentence<'_>) -> Option<Verdict> {
    let allowed = grammar::HARMLESS.with(grammar::OBJECT).with(Classes::of(&[
        Class::News,
        Class::Topic,
        Class::Wish,
        Class::Request,
        Class::Change,
        Class::What,
        Class::Comune,
        Class::SendMe,
        Class::Send,
        Class::Also,
        Class::Still,
    ]));
    let mut words = sentence.clauses.iter().flat_map(|it| &it.words);
    let other_topic =
        |it: &Clause<'_>| it.words.iter().any(|it| it.class == Class::Topic && it.text != "novita");
    let asked_for = words.any(|it| {
        let latest = it.class == Class::News && it.text != "novita";
        let news = it.text == "novita" && !sentence.classes.has(Class::SendMe);
        latest || news && !sentence.classes.has(Class::Wish)
    });
    let fits = sentence.classes.within(allowed) && !sentence.clauses.iter().any(other_topic);
    (asked_for && fits).then_some((Intent::News, "latest-news"))
}

/// Only greetings, thanks or a name.
pub(super) fn silence(
    text: &Text,
    sentence: &Sentence<'_>,
    senses: &[Sense],
    concerns: Concerns,
) -> Option<Verdict> {
    if thanks_for_something(sentence, senses) {
        return Some((Intent::Human(Kind::Courtesy), "courtesy"));
    }
    if senses.iter().any(|it| *it != Sense::Silent) {
        return None;
    }
    let classes = sentence.classes;
    Some(if classes.has(Class::Courtesy) && !classes.has(Class::No) {
        (Intent::Human(Kind::Courtesy), "courtesy")
    } else if classes.has(Class::Name) {
        (Intent::Human(Kind::Question), "name-only")
    } else if classes.has(Class::Greeting) {
        (Intent::Help, "greeting")
    } else if text.symbols.contains(&Symbol::Stop) {
        (Intent::Ask, "unclear")
    } else if concerns.kind() == Kind::Complaint {
        (Intent::Human(Kind::Complaint), "not-a-command")
    } else {
        (Intent::Ask, "bare-answer")
    })
}

/// Questions about the service get help, others go to the desk. "mi potete iscrivere?" is no
/// question.
pub(super) fn question(
    sentence: &Sentence<'_>,
    senses: &[Sense],
    concerns: Concerns,
) -> Option<Verdict> {
    let shows_topics = |it: &Sense| matches!(it, Sense::Says(Says { what: What::ShowTopics, .. }));
    if senses.iter().any(shows_topics) && !senses.contains(&Sense::Other) {
        return None;
    }
    let classes = sentence.classes;
    let asks = Classes::of(&[Class::Question, Class::What]);
    if !classes.any(asks) && (!sentence.asks || is_polite(sentence)) {
        return None;
    }
    let about_us = grammar::KNOWN.with(Classes::of(&[Class::Done]));
    // "Chi siete? Toglietemi dalla lista": the order needs no answer.
    let order = |(clause, sense): (&Clause<'_>, &Sense)| {
        // Without a question mark, "chi ve l'ha chiesto" is no question.
        let leaves = matches!(sense, Sense::Says(it)
            if it.what == What::Leave && (it.sure || !sentence.asks));
        leaves && !clause.asks && !clause.classes.any(asks.with(Classes::of(&[Class::Doubt])))
    };
    if sentence.clauses.iter().zip(senses).any(order) {
        return None;
    }
    // "come faccio a non ricevere piu messaggi?" is about us too.
    let how_to_end = classes.has(Class::More) && classes.has(Class::Receive);
    if !classes.within(about_us) || classes.has(Class::Not) && !how_to_end {
        return Some((Intent::Human(concerns.kind()), "question"));
    }
    let unmistakable = sentence.clauses.iter().flat_map(|it| &it.words);
    let leaves = unmistakable
        .filter(|it| it.text.starts_with("disiscri") || it.text.starts_with("disinscri"))
        .count()
        > 0;
    let written = classes.has(Class::Question)
        && (classes.has(Class::Send) || sentence.core.split(' ').any(|it| it.starts_with("scriv")));
    // "mi spieghi come funziona", "che cos'è questo numero?".
    let works = sentence.core.split(' ').any(|it| it.starts_with("funziona"));
    let this_number = classes.has(Class::MyNumber) && classes.has(Class::What);
    let about_using = (works || this_number) && !classes.any(grammar::COMMANDS);
    if classes.any(grammar::OBJECT) || leaves || written || about_using {
        return Some((Intent::Help, "question-about-the-service"));
    }
    if classes.any(grammar::COMMANDS) || !classes.any(asks) {
        return Some((Intent::Ask, "question-about-a-command"));
    }
    Some((Intent::Human(Kind::Question), "question"))
}

/// "potete cancellarmi?", "mi iscrivete?", "toglietemi dalla lista?".
fn is_polite(sentence: &Sentence<'_>) -> bool {
    let orders = Classes::of(&[Class::Join, Class::Leave, Class::JoinWeak, Class::SendMe]);
    sentence.clauses.iter().any(|it| {
        it.classes.any(Classes::of(&[Class::JoinPlease, Class::LeavePlease]))
            || it.classes.has(Class::Request) && it.classes.any(orders)
            || it.classes.has(Class::Cease)
            || it.words.iter().any(|word| orders.has(word.class) && word.text.ends_with("temi"))
    })
}
