// SPDX-License-Identifier: EUPL-1.2
//! What one clause says to the service. Opting in is read strictly: every word of the clause
//! must belong to it. Opting out is read generously: a reason before it does no harm.

use super::lexicon::{Class, Classes};
use super::sentence::{Clause, Word};

/// What a clause says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sense {
    /// Greetings, thanks, a name, "si".
    Silent,
    Says(Says),
    /// "non cancellatemi".
    Negated,
    /// Speaks of the service, but does not say what to do, or to what.
    Vague,
    /// Only an object: "al servizio whatsapp", "eventi".
    Object,
    /// Has words that do not belong to the service.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Says {
    pub(super) what: What,
    /// The line's topics, one bit each.
    pub(super) topics: u64,
    /// It names the service, so nothing beside it can be meant.
    pub(super) sure: bool,
    pub(super) rule: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Join,
    Leave,
    Stop,
    ShowTopics,
    Add,
    Remove,
    Only,
}

use Class as C;

/// Says nothing in any clause.
pub(super) const HARMLESS: Classes =
    Classes::of(&[C::Greeting, C::Courtesy, C::Glue, C::Yes, C::No]);

/// A way of asking, or of saying who asks.
const MANNER: Classes =
    HARMLESS.with(Classes::of(&[C::Wish, C::Request, C::Name, C::NameIntro, C::Also]));

/// Names this service well enough to be the object of any verb.
pub(super) const OBJECT: Classes = Classes::of(&[C::Service, C::Channel, C::Content]);

const ABOUT: Classes = MANNER.with(OBJECT).with(Classes::of(&[C::Comune, C::Info]));

const TOPICS: Classes = Classes::of(&[C::Topic, C::OfficeTopic]);

const JOIN: Classes = Classes::of(&[C::Join, C::JoinPlease]);

const LEAVE: Classes = Classes::of(&[C::Leave, C::LeavePlease]);

/// Verbs and nouns of joining and leaving, for guards.
pub(super) const COMMANDS: Classes = JOIN.with(LEAVE).with(Classes::of(&[
    C::JoinWeak,
    C::JoinVague,
    C::Enrolment,
    C::Enrolled,
    C::LeaveNoun,
    C::LeaveWeak,
    C::Stop,
    C::Revoke,
]));

/// Everything that can be said about this service. A clause of only these never needs the desk.
pub(super) const KNOWN: Classes = ABOUT.with(COMMANDS).with(TOPICS).with(Classes::of(&[
    C::Perform,
    C::Consent,
    C::My,
    C::MyNumber,
    C::Enough,
    C::Cease,
    C::Not,
    C::More,
    C::Nothing,
    C::Receive,
    C::SendMe,
    C::Send,
    C::Interest,
    C::Without,
    C::TopicNoun,
    C::Add,
    C::Remove,
    C::Only,
    C::All,
    C::Change,
    C::On,
    C::Off,
    C::Question,
    C::What,
    C::News,
    C::Newsletter,
]));

/// Reads one clause. The order matters: what ends comes before what begins, and what names a
/// topic before what does not.
pub(super) fn sense(clause: &Clause<'_>) -> Sense {
    let classes = clause.classes;
    if classes.within(HARMLESS.with(Classes::of(&[C::Name, C::NameIntro]))) {
        return Sense::Silent;
    }
    let says = refusal(clause)
        .or_else(|| refusal_in_other_words(clause))
        .or_else(|| topics(clause))
        .or_else(|| leaving(clause))
        .or_else(|| stopping(clause))
        .or_else(|| joining(clause));
    if negates(classes) && says.is_none_or(|it| it.rule != "refusal") {
        return Sense::Negated;
    }
    if let Some(says) = says {
        return Sense::Says(says);
    }
    if let Some(says) = leaving_for_a_reason(clause) {
        return Sense::Says(says);
    }
    let object = ABOUT.with(TOPICS).with(Classes::of(&[C::My, C::News]));
    if classes.within(object) && !classes.has(C::Wish) {
        return Sense::Object;
    }
    if classes.within(KNOWN.with(Classes::of(&[C::Need]))) { Sense::Vague } else { Sense::Other }
}

/// "non cancellatemi", "non voglio iscrivermi".
fn negates(classes: Classes) -> bool {
    classes.has(C::Not)
        && classes.any(JOIN.with(LEAVE).with(Classes::of(&[
            C::JoinWeak,
            C::JoinVague,
            C::LeaveNoun,
            C::LeaveWeak,
            C::Enrolment,
            C::Stop,
        ])))
}

fn says(what: What, clause: &Clause<'_>, rule: &'static str) -> Says {
    let sure = clause.classes.any(OBJECT.with(Classes::of(&[C::Enrolment, C::MyNumber])));
    Says { what, topics: clause.topics, sure, rule }
}

/// "non voglio piu ricevere messaggi", "nun me mannate piu niente", "smettetela di scrivermi".
fn refusal(clause: &Clause<'_>) -> Option<Says> {
    let classes = clause.classes;
    let verbs = Classes::of(&[C::Wish, C::Receive, C::Send, C::SendMe, C::Interest, C::Enrolled]);
    let allowed = ABOUT.with(verbs).with(TOPICS).with(Classes::of(&[
        C::Not,
        C::More,
        C::Nothing,
        C::Enough,
        C::Cease,
        C::Stop,
        C::My,
        C::MyNumber,
        C::Need,
        C::All,
    ]));
    if !classes.within(allowed) || classes.has(C::Request) && !classes.has(C::Cease) {
        return None;
    }
    if !refuses(clause) {
        return None;
    }
    let what = if names_topics(clause) { What::Remove } else { What::Leave };
    Some(says(what, clause, "refusal"))
}

/// "Ho deciso: non voglio vedere più messaggi vostri". A few words we do not know do no harm where
/// the messages themselves are refused, and nothing of an office is named.
fn refusal_in_other_words(clause: &Clause<'_>) -> Option<Says> {
    const STRANGERS: usize = 2;
    let classes = clause.classes;
    let blocked = TOPICS.with(Classes::of(&[
        C::Municipal,
        C::ThirdParty,
        C::Doubt,
        C::Question,
        C::What,
        C::Request,
        C::Done,
        C::Still,
        C::News,
        C::Newsletter,
        C::Info,
    ]));
    let strange = |it: &&Word<'_>| matches!(it.class, C::Unknown | C::Ordinary);
    let wants = clause.words.iter().position(|it| it.class == C::Not)?;
    let after = &clause.words[wants + 1..];
    let wish = after.iter().position(|it| it.class == C::Wish)?;
    let refused = wish <= 2 && after[wish..].iter().any(|it| it.class == C::Content);
    let few = clause.words.iter().filter(strange).count() <= STRANGERS;
    (refused && few && !classes.any(blocked)).then(|| says(What::Leave, clause, "refusal"))
}

fn refuses(clause: &Clause<'_>) -> bool {
    let classes = clause.classes;
    let things = OBJECT.with(TOPICS);
    let sending = Classes::of(&[C::Send, C::SendMe, C::Receive]);
    if classes.has(C::Enough) || classes.has(C::Cease) && classes.any(OBJECT.with(sending)) {
        return true;
    }
    if !classes.has(C::Not) {
        // "niente messaggi".
        return classes.has(C::Nothing) && classes.any(things);
    }
    let no_more = classes.has(C::More) || classes.has(C::Nothing);
    let wanted = Classes::of(&[C::Wish, C::Interest, C::Enrolled]).with(sending).with(things);
    let unwanted = things.with(Classes::of(&[C::Receive, C::Enrolled]));
    no_more && classes.any(wanted)
        || classes.has(C::SendMe)
        || classes.has(C::Wish) && classes.any(unwanted)
        || classes.has(C::Interest) && classes.any(things)
        || clause.words.iter().any(|it| PROHIBITED.contains(&it.text))
}

/// "non mandare", said to one person, is an order; "non mandate" may be a reproach.
const PROHIBITED: &[&str] = &[
    "mandare",
    "inviare",
    "scrivere",
    "spammare",
    "contattare",
    "disturbare",
    "scrivetemi",
    "scriveteme",
    "scrivermi",
    "contattatemi",
    "contattarmi",
    "disturbatemi",
    "disturbarmi",
];

/// Names topics of the line, or ones lines commonly have.
fn names_topics(clause: &Clause<'_>) -> bool {
    clause.topics != 0 || clause.classes.has(C::Topic)
}

/// Seeing and changing topics, without joining or leaving.
fn topics(clause: &Clause<'_>) -> Option<Says> {
    let classes = clause.classes;
    if classes.has(C::TopicNoun) {
        let allowed = ABOUT.with(Classes::of(&[
            C::TopicNoun,
            C::Change,
            C::Question,
            C::What,
            C::Receive,
            C::Send,
            C::Add,
            C::Remove,
            C::My,
            C::All,
            C::Only,
            C::Not,
            C::News,
            C::On,
        ]));
        return classes.within(allowed).then(|| says(What::ShowTopics, clause, "topic-list"));
    }
    if classes.has(C::What) && classes.any(Classes::of(&[C::Send, C::Receive])) {
        let allowed = ABOUT.with(Classes::of(&[
            C::What,
            C::Send,
            C::Receive,
            C::Change,
            C::SendMe,
            C::Question,
        ]));
        return classes.within(allowed).then(|| says(What::ShowTopics, clause, "topic-list"));
    }
    // "togli scuola" is a topic, "togliete i rifiuti" is not.
    let bare_office_topic = classes.has(C::OfficeTopic)
        && (classes.any(Classes::of(&[C::Add, C::Only]))
            || classes.has(C::Remove) && !classes.has(C::Glue));
    if !names_topics(clause) && !bare_office_topic {
        return None;
    }
    // "aggiungimi le scadenze"; "inseritemi nella lista eventi" joins.
    let adds_me = classes.has(C::JoinWeak) && !classes.any(OBJECT);
    let added = if adds_me { Classes::of(&[C::JoinWeak]) } else { Classes::default() };
    let changing = Classes::of(&[C::Add, C::Remove, C::Only, C::Also, C::Without, C::All]);
    let changing = changing.with(added);
    let allowed = ABOUT.with(TOPICS).with(changing).with(Classes::of(&[
        C::Receive,
        C::SendMe,
        C::My,
        C::Interest,
    ]));
    if !classes.within(allowed) {
        return None;
    }
    let what = if classes.has(C::Without) || classes.has(C::Remove) {
        What::Remove
    } else if classes.has(C::Only) {
        What::Only
    } else if classes.has(C::Add) || classes.has(C::Also) || adds_me {
        What::Add
    } else {
        return None;
    };
    Some(says(what, clause, "topic-change"))
}

fn leaving(clause: &Clause<'_>) -> Option<Says> {
    let classes = clause.classes;
    // "cancellatemi domenica".
    if clause.speaks_of_coming() {
        return None;
    }
    let allowed = ABOUT.with(Classes::of(&[C::Enrolment, C::My, C::MyNumber, C::Also, C::All]));
    let topic_allowed = allowed.with(TOPICS);
    let (verb, rule) = if classes.any(LEAVE) {
        (LEAVE.with(Classes::of(&[C::LeaveNoun, C::Stop])), "leave-verb")
    } else if classes.has(C::LeaveNoun) {
        (Classes::of(&[C::LeaveNoun, C::Perform]), "leave-noun")
    } else if classes.has(C::LeaveWeak) {
        (Classes::of(&[C::LeaveWeak]), "leave-service")
    } else if classes.has(C::Revoke) {
        let of_what = Classes::of(&[C::SendMe, C::Send, C::Receive]);
        (Classes::of(&[C::Revoke, C::Consent]).with(of_what), "revoked-consent")
    } else if classes.has(C::Off) {
        (Classes::of(&[C::Off]), "off")
    } else {
        return None;
    };
    if names_topics(clause) {
        let fits = classes.within(verb.with(topic_allowed)) && rule != "revoked-consent";
        return fits.then(|| says(What::Remove, clause, rule));
    }
    let has_object = match rule {
        "leave-service" => {
            classes.any(Classes::of(&[C::Channel, C::Enrolment, C::MyNumber, C::Service]))
                || clause.words.iter().any(|it| matches!(it.text, "news" | "notifiche" | "avvisi"))
        }
        "revoked-consent" => classes.any(Classes::of(&[C::Consent, C::Enrolment])),
        "off" => match clause.words.as_slice() {
            // "Jesi off".
            [name, _] if name.class == C::Unknown => return Some(says(What::Leave, clause, rule)),
            _ => !classes.within(HARMLESS.with(verb)),
        },
        _ => true,
    };
    (has_object && classes.within(verb.with(allowed))).then(|| says(What::Leave, clause, rule))
}

/// "Non abito piu li cancellatemi da questa maledetta lista": after the verb only the service
/// may follow, before it anything.
fn leaving_for_a_reason(clause: &Clause<'_>) -> Option<Says> {
    if !clause.classes.any(LEAVE)
        || clause.speaks_of_coming()
        || clause.classes.any(Classes::of(&[
            C::Municipal,
            C::OfficeTopic,
            C::Not,
            C::Doubt,
            C::Question,
            C::Done,
            C::ThirdParty,
        ]))
    {
        return None;
    }
    let verb = clause.words.iter().rposition(|it| matches!(it.class, C::Leave | C::LeavePlease))?;
    let (before, after) = (&clause.words[..verb], &clause.words[verb + 1..]);
    // "Ricevo troppi messaggi vorrei cancellarmi".
    let sent = Classes::of(&[C::Content, C::Channel]);
    let strangers = before.iter().filter(|it| it.class == C::Unknown).count();
    if after.iter().all(|it| HARMLESS.has(it.class))
        && before.iter().any(|it| sent.has(it.class))
        && strangers <= 1
    {
        return Some(says(What::Leave, clause, "leave-with-reason"));
    }
    let object = after.iter().position(|it| OBJECT.has(it.class))?;
    let qualified = after[..object].iter().filter(|it| !HARMLESS.has(it.class)).count();
    let ends_there = after[object..].iter().all(|it| ABOUT.has(it.class));
    (qualified <= 1 && ends_there).then(|| says(What::Leave, clause, "leave-with-reason"))
}

fn stopping(clause: &Clause<'_>) -> Option<Says> {
    let classes = clause.classes;
    let allowed = ABOUT.with(TOPICS).with(Classes::of(&[
        C::Stop,
        C::Send,
        C::SendMe,
        C::Receive,
        C::Enrolment,
        C::LeaveNoun,
        C::All,
        C::Nothing,
    ]));
    if !classes.has(C::Stop) || !classes.within(allowed) || classes.has(C::Request) {
        return None;
    }
    if names_topics(clause) {
        return Some(says(What::Remove, clause, "stop-topic"));
    }
    // "basta sapere il comune" is not this.
    (!classes.has(C::OfficeTopic)).then(|| says(What::Stop, clause, "stop-word"))
}

fn joining(clause: &Clause<'_>) -> Option<Says> {
    // "iscrizione no", "iscrivimi per domenica".
    if clause.classes.has(C::No) || clause.speaks_of_coming() {
        return None;
    }
    if clause.classes.any(JOIN) && joins_a_zone(clause) {
        return Some(Says { sure: false, ..says(What::Join, clause, "join-zone") });
    }
    if says_yes_to_a_brand(clause) {
        return Some(Says { sure: false, ..says(What::Join, clause, "brand-yes") });
    }
    let rule = joining_rule(clause)?;
    // "iscrivimi scuola" may be the topic; "iscrivetemi alla scuola" is the school.
    let is_the_office = clause.classes.has(C::OfficeTopic)
        && (clause.topics == 0 || !imperative_then_topic(clause));
    (!is_the_office).then(|| says(What::Join, clause, rule))
}

/// The rule by which a clause joins, if every word of it belongs there.
fn joining_rule(clause: &Clause<'_>) -> Option<&'static str> {
    let classes = clause.classes;
    let allowed =
        ABOUT.with(TOPICS).with(Classes::of(&[C::Enrolment, C::Only, C::All, C::News, C::Receive]));
    let made_of = |verbs: &[Class]| classes.within(allowed.with(Classes::of(verbs)));
    if classes.any(JOIN) {
        let verbs = [C::Join, C::JoinPlease, C::MyNumber];
        return made_of(&verbs).then_some("join-verb");
    }
    if classes.has(C::On) && switches_on(clause, allowed) {
        return Some("on");
    }
    if classes.has(C::JoinWeak) {
        let names_it = classes.any(OBJECT.with(Classes::of(&[C::Enrolment])));
        let fits =
            made_of(&[C::JoinWeak, C::Enrolled, C::MyNumber]) && names_it && !classes.has(C::Name);
        return fits.then_some("join-service");
    }
    if classes.has(C::Enrolled) && classes.has(C::Wish) {
        let is_clear = classes.any(OBJECT) || clause.words.iter().any(|it| it.text == "essere");
        return (made_of(&[C::Enrolled]) && is_clear).then_some("join-wish");
    }
    if classes.has(C::Enrolment) {
        // "la mia iscrizione" may be any; "confermo la mia iscrizione al servizio" is this one.
        let confirmed = clause.words.iter().any(|it| it.text.starts_with("conferm"));
        let mine = if confirmed { C::My } else { C::Perform };
        let fits = made_of(&[C::Perform, mine]) && enrols(clause);
        return fits.then_some("join-noun");
    }
    receives(clause).then_some("join-receive")
}

fn imperative_then_topic(clause: &Clause<'_>) -> bool {
    clause.words.windows(2).any(|pair| {
        matches!(pair[0].class, C::Join | C::On | C::Content | C::Info | C::Topic)
            && pair[1].class == C::OfficeTopic
    })
}

/// "Iscrivimi Postioma": one name we do not know, right after the keyword.
fn joins_a_zone(clause: &Clause<'_>) -> bool {
    let spoken: Vec<&Word<'_>> = clause
        .words
        .iter()
        .filter(|it| !matches!(it.class, C::Greeting | C::Courtesy | C::Yes))
        .collect();
    let [verb, zone] = spoken.as_slice() else { return false };
    verb.class == C::Join
        && ["iscriv", "inscriv", "isc"].iter().any(|it| verb.text.starts_with(it))
        && zone.class == C::Unknown
        && zone.text.len() > 3
        && zone.text.bytes().all(|it| it.is_ascii_lowercase())
        && !super::guards::resembles_an_ordinary_word(zone.text)
}

/// "INFOSILEA SI".
fn says_yes_to_a_brand(clause: &Clause<'_>) -> bool {
    matches!(clause.words.as_slice(), [brand, yes]
        if brand.class == C::Unknown && brand.text.starts_with("info") && brand.text.len() > 6
            && yes.class == C::Yes && matches!(yes.text, "si" | "yes"))
}

fn switches_on(clause: &Clause<'_>, allowed: Classes) -> bool {
    if let [name, _] = clause.words.as_slice()
        && name.class == C::Unknown
    {
        // "Jesi on".
        return name.text.len() > 3 && !super::guards::resembles_an_ordinary_word(name.text);
    }
    let allowed = allowed.with(Classes::of(&[C::On]));
    clause.classes.within(allowed) && !clause.classes.within(MANNER.with(Classes::of(&[C::On])))
}

/// "iscrizione", "chiedo l'iscrizione": not "la mia iscrizione", nor "fare l'iscrizione".
fn enrols(clause: &Clause<'_>) -> bool {
    let classes = clause.classes;
    if classes.has(C::Info) && !classes.has(C::Channel) || classes.has(C::Receive) {
        return false;
    }
    if classes.any(OBJECT) {
        return true;
    }
    // "iscrizione eventi" may want a seat at one.
    if names_topics(clause) {
        return false;
    }
    let registration =
        clause.words.iter().any(|it| matches!(it.text, "registrazione" | "sottoscrizione"));
    !registration && !classes.has(C::Perform)
}

/// "desidero ricevere le comunicazioni del comune", "mandatemi gli avvisi".
fn receives(clause: &Clause<'_>) -> bool {
    let classes = clause.classes;
    let allowed =
        ABOUT.with(TOPICS).with(Classes::of(&[C::Receive, C::SendMe, C::Send, C::All, C::News]));
    let wants = classes.has(C::SendMe) || classes.has(C::Wish) && classes.has(C::Receive);
    let what = classes.any(Classes::of(&[C::Content, C::Channel]))
        || clause.topics != 0
        || classes.has(C::SendMe) && classes.has(C::News) && classes.has(C::Comune);
    // "vorrei ricevere informazioni sugli eventi" is a question.
    let asks_about = classes.has(C::Info)
        && clause.words.iter().any(|it| it.text.starts_with("su") && it.class == C::Glue);
    wants && what && !asks_about && classes.within(allowed)
}
