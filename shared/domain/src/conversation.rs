// SPDX-License-Identifier: EUPL-1.2
//! What one message means for one person: consent, desk, reply.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::appointment::{self, Agenda};
use crate::contact::{
    Answered, ConsentChange, ConsentEvent, ConsentSource, Contact, Joining, MarketingSwitch,
    Subscription, ToldBy,
};
use crate::desk;
use crate::ids::{MeasureId, TopicId};
use crate::line::{Category, Line};
use crate::media;
use crate::message::{Content, Inbound, MarketingChoice, Media};
use crate::moderation::{self, paced};
use crate::news::Notice;
use crate::policy;
use crate::reading::{self, Answer, Intent, Kind, Language, Reading, TopicChange};
use crate::reply::{self, Reply};
use crate::rights::Request;
use crate::zones;

mod appointments;
mod joining;
mod recorded;
mod rights;

pub use appointments::asks_for_appointment;
use joining::Confirmed;
pub use recorded::{NotRecorded, Wish, record};

/// What a person writes within so long of an answer is one burst.
const BURST: SignedDuration = SignedDuration::from_secs(10);

/// Who calls tries again, and has read once that nobody answers.
const BURST_OF_CALLS: SignedDuration = SignedDuration::from_hours(1);

/// Somebody who was told that no opening is in sight is not told again for so long.
const NO_OPENING_IN_SIGHT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What one message changes. Everything in it is saved together, and then the reply is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub contact: Contact,
    pub event: Option<ConsentEvent>,
    /// What the register of requests has to say of it.
    pub request: Option<Request>,
    /// Whether everything of this person goes now. The certificate follows, and nothing else.
    pub erases: bool,
    /// An appointment that is made or changed by it.
    pub appointment: Option<appointment::Change>,
    /// The measure of which a blocked person asks for a review.
    pub objection: Option<MeasureId>,
    pub desk: Desk,
    /// One confirmation, never three: each is paid.
    pub reply: Option<Reply>,
    /// What the message was read in: the words of the reply, where there are any in it.
    pub language: Language,
}

/// What the desk gets of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Desk {
    /// Nothing: a reaction, a change of number, a press on WhatsApp's own button.
    Nothing,
    /// A line in the history; nobody needs to answer.
    Recorded,
    /// A conversation somebody must look at.
    Opens,
    /// One that may be an emergency: to be looked at before all others.
    Urgent,
}

/// The service window: 24 hours from the citizen's last message, less a margin for our own queue.
///
/// Source: Cloud API, customer service window; margin of 5 minutes as advised there.
pub fn window_is_open(contact: &Contact, now: Timestamp) -> bool {
    contact.last_inbound_at.is_some_and(|at| now < at + (24 * 60 - 5).minutes())
}

/// Whether [`decide`] needs the line's latest notices for this.
pub fn wants_news(reading: Option<&Reading>) -> bool {
    reading.is_some_and(|it| it.intent == Intent::News)
}

/// Decides what `message` means. `reading` is there for texts and taps we understand as commands;
/// everything else is for the desk. `notices` are the line's latest where they are wanted, `agenda`
/// is there where it [`asks_for_appointment`].
///
/// `None` if nothing is to be kept of it: a press on WhatsApp's own button, or a change of number, by
/// somebody the line does not know, or does not know any more.
pub fn decide(
    contact: &Contact,
    message: &Inbound,
    reading: Option<&Reading>,
    line: &Line,
    notices: &[Notice],
    agenda: Option<&Agenda>,
    now: Timestamp,
) -> Option<Decision> {
    let unknown = contact.phone.is_none() && contact.user_id.is_none();
    if unknown && matches!(message.content, Content::Marketing(_) | Content::Moved { .. }) {
        return None;
    }
    let contact = &moderation::unless_over(contact, now);
    let erasure = rights::answered(contact, message, reading, line, now);
    let answered = answer_to_our_question(contact, message, reading, line, now);
    let reading = answered.as_ref().or(reading);
    let contact = seen(contact, message, line);
    let decision = if let Some(erasure) = erasure {
        rights::decide_erasure(contact, erasure, message, line)
    } else {
        let booking = agenda.filter(|_| appointments::may_be_made(&contact, line, now));
        let decision = match booking {
            Some(agenda) => appointments::decide(contact.clone(), agenda, line, now),
            None => decide_for(contact.clone(), message, reading, line, notices, now),
        };
        told_of_block(calmed(decision, contact, reading, line), message)
    };
    // A message that came a day late changes what it changes, but its answer would be refused.
    let mut reply = decision.reply.clone().filter(|_| window_is_open(&decision.contact, now));
    let mut contact = decision.contact.clone();
    // Who goes from list to list is answered each time.
    let goes_on =
        matches!((&reply, &message.content), (Some(Reply::Appointment(_)), Content::Tap { .. }));
    let is_news = goes_on || decision.event.is_some() || decision.request.is_some();
    if !is_news && reply.as_ref().is_some_and(|it| was_just_said(&contact, it, now)) {
        reply = None;
    }
    if let (Some(Reply::Blocked { .. }), Some(block)) = (&reply, &mut contact.blocked) {
        block.told = true;
    }
    if let Some(reply) = &reply {
        contact.answered = Some(Answered { name: reply.name().to_owned(), at: now });
    }
    let language = reading.map_or(Language::Italian, |it| it.language);
    Some(Decision { contact, reply, language, ..decision })
}

/// What a flood leaves of a decision: what it changes, and the answer to what must always work.
/// The rest is kept for the desk without raising anything more.
fn calmed(decision: Decision, seen: Contact, reading: Option<&Reading>, line: &Line) -> Decision {
    if !moderation::floods(seen.pace, line) {
        return decision;
    }
    let books = decision.appointment.is_some();
    let changes = books || decision.event.is_some() || decision.request.is_some();
    let answered = books || changes && reading.is_some_and(|it| always_works(&it.intent));
    let desk = match decision.desk {
        Desk::Opens if !answered => Desk::Recorded,
        desk => desk,
    };
    // What was not said was not said: no question stands, nobody was invited.
    let contact = if changes {
        decision.contact
    } else {
        Contact { consent_at: decision.contact.consent_at, ..seen }
    };
    let reply = decision.reply.filter(|_| answered);
    Decision { contact, desk, reply, ..decision }
}

/// Who could not be told of their block when it was decided is told at their next message.
fn told_of_block(decision: Decision, message: &Inbound) -> Decision {
    let waits = decision.contact.blocked.as_ref().is_some_and(|it| !it.told);
    let writes = !matches!(
        message.content,
        Content::Marketing(_) | Content::Moved { .. } | Content::Reaction { .. }
    );
    if !waits || !writes || decision.reply.is_some() {
        return decision;
    }
    Decision { reply: moderation::notice(&decision.contact), ..decision }
}

/// Whether an answer would only say again what the person has just been told: who writes the same
/// in a burst gets one answer, and each is paid.
fn was_just_said(contact: &Contact, reply: &Reply, now: Timestamp) -> bool {
    let burst = if *reply == Reply::NoCalls { BURST_OF_CALLS } else { BURST };
    let Some(answered) = contact.answered.as_ref().filter(|it| now < it.at + burst) else {
        return false;
    };
    match (&*answered.name, reply) {
        ("welcome" | "topics_saved", Reply::AlreadySubscribed { .. })
        | ("goodbye", Reply::NotSubscribed) => true,
        (name, reply) => name == reply.name(),
    }
}

/// How far Meta's clock and ours may be apart: it has whole seconds, and ours has its own error.
const CLOCKS_APART_SECONDS: i64 = 5;

/// "1", "la seconda", "no", a button's words typed out: right after our question, and only then,
/// they answer it. "si" alone does not say to which of the three, so a person reads it.
fn answer_to_our_question(
    contact: &Contact,
    message: &Inbound,
    reading: Option<&Reading>,
    line: &Line,
    now: Timestamp,
) -> Option<Reading> {
    let (Content::Text(text), Some(reading)) = (&message.content, reading) else { return None };
    let asked_at = contact.asked_at.filter(|it| recently(Some(*it), now))?;
    let written_since = message.at >= asked_at - CLOCKS_APART_SECONDS.seconds();
    // Anything said in between was the answer, or changed the subject.
    let nothing_between =
        contact.last_inbound_at.is_none_or(|it| it <= asked_at + CLOCKS_APART_SECONDS.seconds());
    if !written_since || !nothing_between {
        return None;
    }
    let as_answer = |intent, language| Reading {
        intent,
        rule: "answer-to-our-question",
        normalised: reading.normalised.clone(),
        language,
    };
    reply::question_buttons(line, now).into_iter().find_map(|(language, buttons)| {
        let titles: Vec<&str> = buttons.iter().map(|it| it.title.as_str()).collect();
        match reading::answer(text, &titles)? {
            Answer::Neither => Some(as_answer(Intent::Human(Kind::Courtesy), language)),
            Answer::Button(at) => {
                let tapped = Reading::of_tap(&buttons.get(at)?.payload)?;
                Some(as_answer(tapped.intent, language))
            }
        }
    })
}

impl Decision {
    fn quiet(contact: Contact, desk: Desk) -> Self {
        Self {
            contact,
            event: None,
            request: None,
            erases: false,
            appointment: None,
            objection: None,
            desk,
            reply: None,
            language: Language::Italian,
        }
    }
}

fn decide_for(
    contact: Contact,
    message: &Inbound,
    reading: Option<&Reading>,
    line: &Line,
    notices: &[Notice],
    now: Timestamp,
) -> Decision {
    let nothing = |contact, desk| Decision::quiet(contact, desk);
    if let Some(policy) = policy::accepted_by(&message.content) {
        return accept(contact, message, policy, line);
    }
    // The desk's own answer follows; nobody has to look at the press.
    if desk::ready_row(&message.content).is_some() {
        return nothing(contact, Desk::Recorded);
    }
    if contact.blocked.is_some() && moderation::objects(message, reading) {
        return object(contact, message);
    }
    let Some(reading) = reading else {
        return match message.content {
            Content::Marketing(choice) => {
                let switched =
                    switch_marketing(&contact, choice, message.at, ToldBy::Webhook, line);
                let (contact, event) = switched.map_or((contact, None), |it| (it.0, Some(it.1)));
                Decision { event, ..nothing(contact, Desk::Nothing) }
            }
            Content::Reaction { .. } | Content::Moved { .. } => nothing(contact, Desk::Nothing),
            _ if contact.blocked.is_some() => nothing(contact, Desk::Recorded),
            Content::Call => answer(contact, Reply::NoCalls),
            Content::Media(ref it) if !is_accepted(it, line) => {
                let reply = Reply::MediaNotAccepted { kind: it.kind.clone() };
                let decision = question(contact.clone(), line, now);
                // Who must subscribe first is told that, and no more.
                if decision.reply == Some(Reply::Invitation) {
                    return decision;
                }
                Decision { reply: Some(reply), ..nothing(contact, Desk::Opens) }
            }
            _ => question(contact, line, now),
        };
    };
    if contact.blocked.is_none()
        && let Some(wish) = joining::confirmed(&contact, message, reading)
    {
        return match wish {
            Confirmed::Wish(topics) => {
                let source = source(message, "double-opt-in", line);
                take_word(contact, &Intent::Subscribe { topics }, message.at, &source, line)
            }
            // Pressed too late, or once more: as if they wrote it anew.
            Confirmed::Nothing => {
                let reading =
                    Reading { intent: Intent::Subscribe { topics: Vec::new() }, ..reading.clone() };
                consent(contact, message, &reading, line)
            }
        };
    }
    match &reading.intent {
        Intent::Human(Kind::Courtesy) => nothing(contact, Desk::Recorded),
        // What else who is blocked writes, the desk may look at.
        _ if contact.blocked.is_some() && !always_works(&reading.intent) => {
            nothing(contact, Desk::Recorded)
        }
        Intent::Subscribe { .. }
        | Intent::Unsubscribe
        | Intent::Stop
        | Intent::Topics { change: Some(_) } => consent(contact, message, reading, line),
        Intent::Topics { change: None } => {
            let chosen = contact.topics();
            answer(contact, Reply::Topics { chosen })
        }
        Intent::Help => answer(contact, Reply::Help),
        Intent::News => answer(contact, Reply::News { notices: notices.to_vec() }),
        Intent::MyData(about) => rights::decide(contact, message, *about, line, now),
        Intent::Human(Kind::Emergency) => {
            Decision { desk: Desk::Urgent, ..answer(contact, Reply::Emergency) }
        }
        Intent::Human(Kind::ThirdParty) => {
            Decision { desk: Desk::Opens, ..answer(contact, Reply::ThirdParty) }
        }
        // Asked already, or too late to ask: then a person reads it.
        Intent::Ask if recently(contact.asked_at, now) || !window_is_open(&contact, now) => {
            question(contact, line, now)
        }
        Intent::Ask => {
            let text = text_of(&message.content);
            let contact = Contact { asked_at: Some(now), ..contact };
            answer(contact, Reply::Ask { text })
        }
        Intent::Human(_) => question(contact, line, now),
    }
}

/// The contact with what any message says of its sender.
///
/// Who moved is known by the new number and user id from then on, if the message says who that is;
/// if not, only the old number is not theirs any more. Meta tells us that, not the person: it opens
/// no service window, and neither does a press on WhatsApp's own button. But whatever comes shows
/// that they are there, so what could not be delivered before is forgotten.
fn seen(contact: &Contact, message: &Inbound, line: &Line) -> Contact {
    let mut contact = contact.clone();
    let sender = &message.sender;
    let (mut phone, mut user_id) = (sender.phone.as_ref(), sender.user_id.as_ref());
    match &message.content {
        Content::Moved { .. } if !message.says_who_moved() => {
            // Somebody must be left to be reached.
            phone = None;
            contact.phone = contact.phone.filter(|_| contact.user_id.is_none());
        }
        Content::Moved { phone: new_phone, user_id: new_user_id, .. } => {
            phone = new_phone.as_ref().or(phone);
            user_id = new_user_id.as_ref().or(user_id);
        }
        Content::Marketing(_) => {}
        Content::Reaction { .. } => {
            contact.last_inbound_at = contact.last_inbound_at.max(Some(message.at));
        }
        _ => {
            contact.pace = Some(paced(contact.pace, message.at));
            contact.last_inbound_at = contact.last_inbound_at.max(Some(message.at));
        }
    }
    contact.phone = phone.cloned().or(contact.phone);
    if user_id.is_some() {
        contact.user_id_scope = Some(line.scope_of_user_ids().to_owned());
    }
    contact.user_id = user_id.cloned().or(contact.user_id);
    contact.name = sender.name.clone().or(contact.name);
    contact.undeliverable.clear();
    contact
}

/// What works for who is blocked, too: leaving, one's data, help, and word of a danger.
fn always_works(intent: &Intent) -> bool {
    matches!(
        intent,
        Intent::Unsubscribe
            | Intent::Stop
            | Intent::MyData(_)
            | Intent::Help
            | Intent::Human(Kind::Emergency)
    )
}

fn recently(at: Option<Timestamp>, now: Timestamp) -> bool {
    at.is_some_and(|at| now < at + 24.hours())
}

fn answer(contact: Contact, reply: Reply) -> Decision {
    Decision { reply: Some(reply), ..Decision::quiet(contact, Desk::Recorded) }
}

/// Something for a person at the desk. Where chat needs a subscription, who has none is invited
/// once, if the invitation can still reach them; the question is kept all the same. Who may expect
/// an answer is told once that the desk is closed, each time that it is.
fn question(contact: Contact, line: &Line, now: Timestamp) -> Decision {
    let opens = |contact, reply| Decision { reply, ..Decision::quiet(contact, Desk::Opens) };
    if contact.blocked.is_some() || !window_is_open(&contact, now) {
        return opens(contact, None);
    }
    if line.chat_needs_subscription && !contact.is_subscribed() {
        if contact.invited_at.is_some() {
            return opens(contact, None);
        }
        return opens(Contact { invited_at: Some(now), ..contact }, Some(Reply::Invitation));
    }
    match closed_until(line, now) {
        Some((next_opening, until)) if contact.told_closed_until.is_none_or(|it| it <= now) => {
            let contact = Contact { told_closed_until: Some(until), ..contact };
            opens(contact, Some(Reply::Closed { next_opening }))
        }
        _ => opens(contact, None),
    }
}

/// If the desk is closed: the next opening, where one is in sight, and until when nobody need be
/// told again. A line without hours promises none.
fn closed_until(line: &Line, now: Timestamp) -> Option<(Option<Timestamp>, Timestamp)> {
    let next = line.hours.as_ref()?.next_opening(now, line.patron_day.as_ref());
    match next {
        Some(at) if at <= now => None,
        Some(at) => Some((Some(at), at)),
        None => Some((None, now + NO_OPENING_IN_SIGHT)),
    }
}

/// A blocked person asks for a review of it: once a person must look, again nobody need be told.
fn object(mut contact: Contact, message: &Inbound) -> Decision {
    let first = contact.blocked.as_mut().filter(|it| it.objected_at.is_none());
    let Some(block) = first else { return Decision::quiet(contact, Desk::Recorded) };
    block.objected_at = Some(message.at);
    block.told = true;
    let objection = Some(block.measure.clone());
    Decision { objection, desk: Desk::Opens, ..answer(contact, Reply::ReviewTaken) }
}

/// A press on the button under a notice that asks to accept a newer policy. It needs no reply: the
/// person sees that they pressed it, and a reply is paid.
fn accept(contact: Contact, message: &Inbound, accepted: Date, line: &Line) -> Decision {
    let is_news = contact.is_subscribed() && contact.accepted.is_none_or(|it| it < accepted);
    if !is_news {
        return Decision::quiet(contact, Desk::Recorded);
    }
    let event = ConsentEvent {
        contact: contact.id.clone(),
        at: message.at,
        change: ConsentChange::PolicyAccepted,
        source: source(message, "policy-button", line),
        policy: accepted,
        privacy: line.privacy.date,
    };
    let contact = Contact { accepted: Some(accepted), ..contact };
    Decision { event: Some(event), ..Decision::quiet(contact, Desk::Recorded) }
}

/// A change of consent by a message.
fn consent(contact: Contact, message: &Inbound, reading: &Reading, line: &Line) -> Decision {
    match &reading.intent {
        Intent::Subscribe { topics } if joining::asks_first(&contact, message.at, line) => {
            let topics = zones::joined(topics, line);
            let joining = Joining { topics: topics.clone(), at: message.at };
            answer(Contact { joining: Some(joining), ..contact }, Reply::Confirm { topics })
        }
        intent => {
            let source = source(message, reading.rule, line);
            take_word(contact, intent, message.at, &source, line)
        }
    }
}

fn source(message: &Inbound, rule: &str, line: &Line) -> ConsentSource {
    ConsentSource::Message {
        id: message.id.clone(),
        text: text_of(&message.content),
        payload: payload_of(&message.content),
        rule: rule.to_owned(),
        // What another app signed is not decided on.
        signed_by: Some(line.app.clone()),
    }
}

/// Meta's clock has whole seconds and ours has not: within one, the order of the queue decides.
fn is_outdated(contact: &Contact, at: Timestamp) -> bool {
    contact.consent_at.is_some_and(|newest| at.as_second() < newest.as_second())
}

/// A change of consent: taken unless a newer one was taken before, and written down either way.
fn take_word(
    contact: Contact,
    intent: &Intent,
    at: Timestamp,
    source: &ConsentSource,
    line: &Line,
) -> Decision {
    let id = contact.id.clone();
    let event = |change| ConsentEvent {
        contact: id.clone(),
        at,
        change,
        source: source.clone(),
        policy: line.policy.date,
        privacy: line.privacy.date,
    };
    if is_outdated(&contact, at) {
        let event = event(ConsentChange::Outdated { wanted: intent.name().to_owned() });
        return Decision { event: Some(event), ..Decision::quiet(contact, Desk::Recorded) };
    }
    let current = match &contact.subscription {
        Subscription::Active { topics, since } => Some((topics.clone(), *since)),
        _ => None,
    };
    let wanted = |topics| unless_stopped_since(topics, &contact, at, line);
    let (change, reply) = match (intent, &current) {
        (Intent::Subscribe { topics: named }, None) => {
            let topics = wanted(zones::joined(named, line));
            (Some(ConsentChange::Subscribed { topics: topics.clone() }), Reply::Welcome { topics })
        }
        (Intent::Subscribe { topics: named }, Some((topics, _))) => {
            let more = topics | &wanted(zones::meant(named, line));
            if more == *topics {
                // The word that was missing.
                let proves = is_proven_by(&contact, source);
                let chosen = ConsentChange::TopicsChosen { topics: more.clone() };
                (proves.then_some(chosen), Reply::AlreadySubscribed { topics: more })
            } else {
                (
                    Some(ConsentChange::TopicsChosen { topics: more.clone() }),
                    Reply::TopicsSaved { topics: more },
                )
            }
        }
        (Intent::Topics { change: Some(change) }, Some((topics, _))) => {
            let mut next = changed(topics, change, line);
            // An old list may offer what the line no longer has.
            next.retain(|it| topics.contains(it) || line.topic(it).is_some());
            // What the line no longer has cannot be what they stay for.
            if next.iter().any(|it| line.topic(it).is_some()) {
                let next = wanted(next);
                let chosen = ConsentChange::TopicsChosen { topics: next.clone() };
                ((next != *topics).then_some(chosen), Reply::TopicsSaved { topics: next })
            } else {
                (Some(ConsentChange::Unsubscribed), Reply::Goodbye)
            }
        }
        // Choosing is not joining: who has not opted in is told how.
        (Intent::Topics { .. }, None) => {
            return answer(contact, Reply::Topics { chosen: BTreeSet::new() });
        }
        (_, Some(_)) => (Some(ConsentChange::Unsubscribed), Reply::Goodbye),
        (_, None) => (None, Reply::NotSubscribed),
    };
    let event = change.clone().map(event);
    let mut contact = contact;
    // Even if it changes nothing: what they said before it must not come back by coming late.
    contact.consent_at = contact.consent_at.max(Some(at));
    contact.joining = None;
    if matches!(change, Some(ConsentChange::Subscribed { .. })) {
        contact.accepted = Some(line.policy.date);
    }
    contact.unproven &= change.is_none() || !is_proven_by(&contact, source);
    if let Some(change) = &change {
        contact.subscription = match change {
            ConsentChange::Unsubscribed => Subscription::Ended { at },
            ConsentChange::Subscribed { topics } | ConsentChange::TopicsChosen { topics } => {
                let since = current.map_or(at, |(_, since)| since);
                Subscription::Active { topics: topics.clone(), since }
            }
            ConsentChange::PolicyAccepted
            | ConsentChange::MarketingStopped { .. }
            | ConsentChange::MarketingResumed
            | ConsentChange::Outdated { .. } => contact.subscription,
        };
    }
    Decision { event, reply: Some(reply), ..Decision::quiet(contact, Desk::Recorded) }
}

/// Whether a subscription from somebody else's list now rests on the person's own word.
fn is_proven_by(contact: &Contact, source: &ConsentSource) -> bool {
    contact.unproven && matches!(source, ConsentSource::Message { .. })
}

/// What WhatsApp's own switch for marketing messages, turned at `at`, means for a contact: the
/// contact after it and what is to be written down; `None` if we knew.
///
/// Stopped, the marketing topics go, unless a newer word of theirs chose what they follow. The
/// subscription stays even without any topic left: they stopped one kind of message, and everything
/// else still reaches them. Turned on again, nothing comes back by itself.
///
/// Who asks us for such a topic after a stop gets it, and the usual confirmation, since it is their
/// newer word. But Meta goes on refusing until they turn its own switch, so until then they are
/// passed over with that reason, and a refusal of Meta's tells nothing new.
///
/// The time of consent stays as it is: a goodbye from before the stop that comes after it is still
/// a goodbye.
pub fn switch_marketing(
    contact: &Contact,
    choice: MarketingChoice,
    at: Timestamp,
    told_by: ToldBy,
    line: &Line,
) -> Option<(Contact, ConsentEvent)> {
    let event = |change| ConsentEvent {
        contact: contact.id.clone(),
        at,
        change,
        source: ConsentSource::Button { told_by },
        policy: line.policy.date,
        privacy: line.privacy.date,
    };
    if told_by == ToldBy::Refusal && contact.marketing_stopped_at().is_some() {
        return None;
    }
    // As with consent, the order of the queue decides within one second of Meta's.
    let is_newer_than =
        |newest: Option<Timestamp>| newest.is_none_or(|it| at.as_second() >= it.as_second());
    if !is_newer_than(contact.marketing.map(|it| it.at)) {
        let wanted = format!("marketing-{}", choice.name());
        return Some((contact.clone(), event(ConsentChange::Outdated { wanted })));
    }
    let latest = contact.marketing.map_or(at, |it| it.at.max(at));
    let marketing = Some(MarketingSwitch { choice, at: latest });
    let mut next = Contact { marketing, ..contact.clone() };
    if let Subscription::Active { topics, .. } = &mut next.subscription
        && choice == MarketingChoice::Stop
        && is_newer_than(contact.consent_at)
    {
        topics.retain(|it| !is_marketing(it, line));
    }
    if next == *contact {
        return None;
    }
    let change = match (choice, &next.subscription) {
        (MarketingChoice::Resume, _) => ConsentChange::MarketingResumed,
        (MarketingChoice::Stop, Subscription::Active { topics, .. }) => {
            ConsentChange::MarketingStopped { topics: topics.clone() }
        }
        (MarketingChoice::Stop, _) => ConsentChange::MarketingStopped { topics: BTreeSet::new() },
    };
    Some((next, event(change)))
}

/// Topics asked for at `at`, without those that WhatsApp's own switch has ended since.
fn unless_stopped_since(
    topics: BTreeSet<TopicId>,
    contact: &Contact,
    at: Timestamp,
    line: &Line,
) -> BTreeSet<TopicId> {
    let stopped = contact.marketing_stopped_at();
    if stopped.is_none_or(|stopped| at.as_second() >= stopped.as_second()) {
        return topics;
    }
    topics.into_iter().filter(|it| !is_marketing(it, line)).collect()
}

fn is_marketing(topic: &TopicId, line: &Line) -> bool {
    line.topic(topic).is_some_and(|it| it.category == Category::Marketing)
}

/// The topics of who subscribes without choosing.
pub fn default_topics(line: &Line) -> BTreeSet<TopicId> {
    line.topics.iter().filter(|it| it.on_by_default).map(|it| it.id.clone()).collect()
}

fn changed(topics: &BTreeSet<TopicId>, change: &TopicChange, line: &Line) -> BTreeSet<TopicId> {
    match change {
        TopicChange::Add(more) => topics | &zones::meant(more, line),
        TopicChange::Remove(less) => zones::without(topics, less, line),
        TopicChange::Only(these) => zones::meant(these, line),
    }
}

/// Whether the line takes files of this kind. Of one that we do not know nobody said that it does not.
fn is_accepted(it: &Media, line: &Line) -> bool {
    media::Kind::parse(&it.kind).is_none_or(|kind| kind.is_accepted(&line.media))
}

/// The words a message holds, for the record and for "you wrote …".
pub fn text_of(content: &Content) -> String {
    match content {
        Content::Text(text) => text.clone(),
        Content::Tap { title, .. } => title.clone(),
        Content::Media(media) => media.caption.clone().unwrap_or_default(),
        Content::Reaction { emoji } => emoji.clone().unwrap_or_default(),
        Content::Other { .. } | Content::Moved { .. } | Content::Call | Content::Marketing(_) => {
            String::new()
        }
    }
}

/// What a button says to us besides its title.
fn payload_of(content: &Content) -> Option<String> {
    match content {
        Content::Tap { payload, .. } => Some(payload.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
