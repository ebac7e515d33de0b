// SPDX-License-Identifier: EUPL-1.2
//! A delivery: one broadcast to one contact, from the claim to what Meta last said of it.
//!
//! Reports only move it forward, by rank. So doubled and reordered reports end in the same state
//! whatever way they come, and a report may come before the answer to our own request. The one way
//! back is a claim given up by whoever holds it, because the message was certainly not sent.

use std::collections::BTreeMap;

use crate::failure;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Tried, and certainly not sent: its turn comes again.
    Waiting,
    /// A sender has taken it on; the request may be on its way.
    Claimed,
    /// Sent or not, nobody knows: the answer was lost or the process died after the claim.
    Unresolved,
    /// Meta took it.
    Accepted,
    Sent,
    /// Meta or the phone refused it. Final unless a later report says it arrived after all.
    Failed,
    Delivered,
    Read,
    /// Not sent, for a reason that is written on it.
    Skipped,
    /// Not sent, because the broadcast was cancelled first.
    Cancelled,
}

impl State {
    pub const ALL: [Self; 10] = [
        Self::Waiting,
        Self::Claimed,
        Self::Unresolved,
        Self::Accepted,
        Self::Sent,
        Self::Failed,
        Self::Delivered,
        Self::Read,
        Self::Skipped,
        Self::Cancelled,
    ];

    /// The order in which states follow each other. A state is replaced by a higher one only.
    ///
    /// Gaps leave room: ranks are stored.
    pub fn rank(self) -> u8 {
        match self {
            Self::Waiting => 5,
            Self::Claimed => 10,
            Self::Unresolved => 20,
            Self::Accepted => 30,
            Self::Sent => 40,
            Self::Failed => 50,
            Self::Delivered => 60,
            Self::Read => 70,
            // Nothing was sent, so nothing can be reported: nothing follows these.
            Self::Skipped => 90,
            Self::Cancelled => 91,
        }
    }

    /// Those of which the person has the message, or may have it for all we know.
    pub const MAY_HAVE_REACHED: [Self; 6] =
        [Self::Claimed, Self::Unresolved, Self::Accepted, Self::Sent, Self::Delivered, Self::Read];

    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Claimed => "claimed",
            Self::Unresolved => "unresolved",
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// What is told of a delivery after its claim: by the answer, by its absence, or by a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Report {
    /// The answer was lost, or the process that held the claim died.
    Unresolved,
    Accepted,
    Sent,
    Failed,
    Delivered,
    Read,
}

impl Report {
    pub const ALL: [Self; 6] =
        [Self::Unresolved, Self::Accepted, Self::Sent, Self::Failed, Self::Delivered, Self::Read];

    /// The state it leads to, if it leads anywhere.
    pub fn state(self) -> State {
        match self {
            Self::Unresolved => State::Unresolved,
            Self::Accepted => State::Accepted,
            Self::Sent => State::Sent,
            Self::Failed => State::Failed,
            Self::Delivered => State::Delivered,
            Self::Read => State::Read,
        }
    }

    /// Whether the message is on the person's phone.
    pub fn arrived(self) -> bool {
        matches!(self, Self::Delivered | Self::Read)
    }

    /// What Meta's `statuses[].status` says; `None` for a word that moves nothing.
    ///
    /// Source: Cloud API, status webhooks. `played` is the first play of a voice note.
    pub fn from_status(status: &str) -> Option<Self> {
        match status {
            "sent" => Some(Self::Sent),
            "delivered" => Some(Self::Delivered),
            "read" | "played" => Some(Self::Read),
            "failed" => Some(Self::Failed),
            _ => None,
        }
    }
}

/// What can happen to a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A sender takes it on.
    Claim,
    /// A sender takes it on once more although it may have been sent: see [`crate::doubt`].
    ClaimAgain,
    /// Whoever holds the claim gives it up: the message was certainly not sent.
    PutBack,
    /// It will not be sent, for a reason of the person's.
    Skip,
    /// It will not be sent, because the broadcast was called off.
    Cancel,
    Report(Report),
}

/// The state after an event; `None` if nothing happens. `current` is `None` before the first event.
///
/// The store's conditions are this table: its tests hold them to it, event by event.
pub fn next(current: Option<State>, event: Event) -> Option<State> {
    use State::{Cancelled, Claimed, Skipped, Unresolved, Waiting};
    match (current, event) {
        (None | Some(Waiting), Event::Claim) | (Some(Unresolved), Event::ClaimAgain) => {
            Some(Claimed)
        }
        (Some(Claimed), Event::PutBack) => Some(Waiting),
        (None | Some(Waiting), Event::Skip) => Some(Skipped),
        (None | Some(Waiting), Event::Cancel) => Some(Cancelled),
        // A report of something that is not there changes nothing: it may have been erased.
        (Some(current), Event::Report(report)) => {
            let reported = report.state();
            (reported.rank() > current.rank()).then_some(reported)
        }
        _ => None,
    }
}

/// Why somebody of the audience was not sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkipReason {
    /// Left, or left the broadcast's topics, after the audience was taken.
    Unsubscribed,
    Blocked,
    /// Neither number nor user id is known any more.
    Unreachable,
    /// Erased since.
    Erased,
    /// Reached already under a former id.
    AlreadyReached,
    /// The broadcast's last useful moment had passed.
    Expired,
    /// The last broadcasts could not be delivered, one after the other.
    Suspended,
    /// Pressed WhatsApp's own button against marketing messages.
    MarketingStopped,
    /// Reached by another broadcast lately, and the office wanted those left out.
    ReachedLately,
}

impl SkipReason {
    const ALL: [Self; 9] = [
        Self::Unsubscribed,
        Self::Blocked,
        Self::Unreachable,
        Self::Erased,
        Self::AlreadyReached,
        Self::Expired,
        Self::Suspended,
        Self::MarketingStopped,
        Self::ReachedLately,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Unsubscribed => "unsubscribed",
            Self::Blocked => "blocked",
            Self::Unreachable => "unreachable",
            Self::Erased => "erased",
            Self::AlreadyReached => "already-reached",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
            Self::MarketingStopped => "marketing-stopped",
            Self::ReachedLately => "reached-lately",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// For the office.
    fn in_words(self) -> &'static str {
        match self {
            Self::Unsubscribed => "Si è cancellato prima dell'invio, o non segue più l'argomento.",
            Self::Blocked => "È bloccato.",
            Self::Unreachable => "Non conosciamo più un numero a cui scrivere.",
            Self::Erased => "I suoi dati sono stati cancellati prima dell'invio.",
            Self::AlreadyReached => "Aveva già ricevuto questo avviso con il numero di prima.",
            Self::Expired => "L'avviso era scaduto prima dell'invio.",
            Self::Suspended => {
                "WhatsApp non consegna più i messaggi a questa persona da tre invii: riprendiamo \
                 quando ci scrive."
            }
            Self::MarketingStopped => {
                "Ha chiesto a WhatsApp di non ricevere messaggi promozionali da questo numero: \
                 riprendiamo quando li riattiva."
            }
            Self::ReachedLately => {
                "Aveva ricevuto da poco un altro messaggio, e chi ha scritto questo ha scelto di non \
                 disturbarlo di nuovo."
            }
        }
    }
}

/// Why a delivery stands where it stands, in plain Italian; `None` where nothing is amiss.
pub fn reason(state: State, skipped: Option<SkipReason>, code: Option<i64>) -> Option<String> {
    match state {
        State::Skipped => skipped.map(|it| it.in_words().to_owned()),
        State::Cancelled => Some("L'invio è stato annullato prima.".to_owned()),
        State::Failed => Some(failure::reason_it(code)),
        State::Unresolved => Some(
            "Non sappiamo se Meta l'ha inviato: la risposta si è persa. Non lo ripetiamo da soli, \
             per non scrivere due volte alla stessa persona."
                .to_owned(),
        ),
        State::Waiting
        | State::Claimed
        | State::Accepted
        | State::Sent
        | State::Delivered
        | State::Read => None,
    }
}

/// How many of a broadcast's audience stand where.
///
/// `audience = pending + skipped + cancelled + failed + unresolved + accepted`; within accepted,
/// `sent ⊇ delivered ⊇ read`. The numbers are signed because moves are added in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub audience: i64,
    pub skipped: i64,
    pub cancelled: i64,
    pub failed: i64,
    pub unresolved: i64,
    pub accepted: i64,
    pub sent: i64,
    pub delivered: i64,
    pub read: i64,
}

impl Counts {
    /// Not yet decided: their turn is to come, or they are claimed this very moment.
    pub fn pending(&self) -> i64 {
        let decided = self.skipped + self.cancelled + self.failed + self.unresolved + self.accepted;
        (self.audience - decided).max(0)
    }

    /// Counts one delivery in, or with `times = -1` out.
    pub fn add(&mut self, state: State, times: i64) {
        match state {
            State::Waiting | State::Claimed => {}
            State::Unresolved => self.unresolved += times,
            State::Failed => self.failed += times,
            State::Skipped => self.skipped += times,
            State::Cancelled => self.cancelled += times,
            State::Accepted => self.accepted += times,
            State::Sent => {
                self.accepted += times;
                self.sent += times;
            }
            State::Delivered => {
                self.add(State::Sent, times);
                self.delivered += times;
            }
            State::Read => {
                self.add(State::Delivered, times);
                self.read += times;
            }
        }
    }

    /// Counts a delivery's move from one state to another; `None` is "no row yet".
    pub fn moved(&mut self, from: Option<State>, to: State) {
        if let Some(from) = from {
            self.add(from, -1);
        }
        self.add(to, 1);
    }

    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

/// Why a message did not arrive, as reports group it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    Skipped(SkipReason),
    /// With Meta's code, if it gave one.
    Failed(Option<i64>),
}

impl Reason {
    /// `skipped:blocked`, `failed:131026`, `failed`
    pub fn key(self) -> String {
        match self {
            Self::Skipped(why) => format!("skipped:{}", why.name()),
            Self::Failed(Some(code)) => format!("failed:{code}"),
            Self::Failed(None) => "failed".to_owned(),
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        match key.split_once(':') {
            Some(("skipped", why)) => SkipReason::parse(why).map(Self::Skipped),
            Some(("failed", code)) => code.parse().ok().map(|it| Self::Failed(Some(it))),
            None if key == "failed" => Some(Self::Failed(None)),
            _ => None,
        }
    }

    /// For the office.
    pub fn in_words(self) -> String {
        match self {
            Self::Skipped(why) => why.in_words().to_owned(),
            Self::Failed(code) => failure::reason_it(code),
        }
    }
}

/// A broadcast's deliveries gone through one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub counts: Counts,
    pub reasons: BTreeMap<Reason, i64>,
}

impl Tally {
    /// Nobody yet, out of so many.
    pub fn of(audience: i64) -> Self {
        Self { counts: Counts { audience, ..Counts::default() }, ..Self::default() }
    }

    /// Takes one delivery in.
    pub fn add(&mut self, state: State, skipped: Option<SkipReason>, code: Option<i64>) {
        self.counts.add(state, 1);
        let reason = match state {
            State::Skipped => skipped.map(Reason::Skipped),
            State::Failed => Some(Reason::Failed(code)),
            _ => None,
        };
        if let Some(reason) = reason {
            *self.reasons.entry(reason).or_default() += 1;
        }
    }
}

/// Our id of a message, which Meta gives back with each status (`biz_opaque_callback_data`).
///
/// `b:{broadcast}:{contact}` for a delivery, `m:{contact}:{row}` for a message of a conversation.
/// Nothing personal in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callback {
    Delivery { broadcast: crate::ids::BroadcastId, contact: crate::ids::ContactId },
    Message { contact: crate::ids::ContactId, row: String },
}

/// Meta takes no longer ones, and a key of a table has its limits too.
const MAX_CALLBACK_BYTES: usize = 512;

impl Callback {
    pub fn encode(&self) -> String {
        match self {
            Self::Delivery { broadcast, contact } => format!("b:{broadcast}:{contact}"),
            Self::Message { contact, row } => format!("m:{contact}:{row}"),
        }
    }

    /// `None` for what is not ours, or not in the shape we write.
    pub fn decode(text: &str) -> Option<Self> {
        if text.len() > MAX_CALLBACK_BYTES {
            return None;
        }
        let mut parts = text.splitn(3, ':');
        match (parts.next()?, parts.next()?, parts.next()?) {
            (_, "", _) | (_, _, "") => None,
            ("b", broadcast, contact) => Some(Self::Delivery {
                broadcast: crate::ids::BroadcastId::new(broadcast),
                contact: crate::ids::ContactId::new(contact),
            }),
            ("m", contact, row) => Some(Self::Message {
                contact: crate::ids::ContactId::new(contact),
                row: row.to_owned(),
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ids::{BroadcastId, ContactId};

    /// What follows each state, event by event; whatever is not here changes nothing.
    #[test]
    fn only_these_moves_exist() {
        use State::{
            Accepted, Cancelled, Claimed, Delivered, Failed, Read, Sent, Skipped, Unresolved,
            Waiting,
        };
        let reported: &[(State, &[State])] = &[
            (Waiting, &[Unresolved, Accepted, Sent, Failed, Delivered, Read]),
            (Claimed, &[Unresolved, Accepted, Sent, Failed, Delivered, Read]),
            (Unresolved, &[Accepted, Sent, Failed, Delivered, Read]),
            (Accepted, &[Sent, Failed, Delivered, Read]),
            (Sent, &[Failed, Delivered, Read]),
            (Failed, &[Delivered, Read]),
            (Delivered, &[Read]),
        ];
        let others = [
            (None, Event::Claim, Claimed),
            (Some(Waiting), Event::Claim, Claimed),
            (Some(Unresolved), Event::ClaimAgain, Claimed),
            (Some(Claimed), Event::PutBack, Waiting),
            (None, Event::Skip, Skipped),
            (Some(Waiting), Event::Skip, Skipped),
            (None, Event::Cancel, Cancelled),
            (Some(Waiting), Event::Cancel, Cancelled),
        ];
        for current in std::iter::once(None).chain(State::ALL.map(Some)) {
            for report in Report::ALL {
                let row = reported.iter().find(|it| Some(it.0) == current);
                let want = row.and_then(|it| it.1.iter().find(|it| **it == report.state()));
                let got = next(current, Event::Report(report));
                assert_eq!(got, want.copied(), "{current:?} then {report:?}");
            }
            let events =
                [Event::Claim, Event::ClaimAgain, Event::PutBack, Event::Skip, Event::Cancel];
            for event in events {
                let want = others.iter().find(|it| it.0 == current && it.1 == event);
                assert_eq!(next(current, event), want.map(|it| it.2), "{current:?} then {event:?}");
            }
        }
    }

    fn end(start: State, reports: &[Report]) -> State {
        reports.iter().fold(start, |at, it| next(Some(at), Event::Report(*it)).unwrap_or(at))
    }

    /// Every order of every set of reports, each with each of them once more at every place.
    #[test]
    fn every_order_with_every_double_ends_in_the_same_state() {
        fn orders(left: &[Report], order: &mut Vec<Report>, all: &mut Vec<Vec<Report>>) {
            if left.is_empty() {
                all.push(order.clone());
            }
            for (n, report) in left.iter().enumerate() {
                let rest = [&left[..n], &left[n + 1..]].concat();
                order.push(*report);
                orders(&rest, order, all);
                order.pop();
            }
        }
        let mut tried = 0;
        for set in 0_u32..1 << Report::ALL.len() {
            let chosen = Report::ALL.iter().enumerate().filter(|(n, _)| set & (1 << n) != 0);
            let chosen: Vec<_> = chosen.map(|(_, it)| *it).collect();
            let want = end(State::Claimed, &chosen);
            let mut all = Vec::new();
            orders(&chosen, &mut Vec::new(), &mut all);
            for order in all {
                assert_eq!(end(State::Claimed, &order), want, "{order:?}");
                for double in &order {
                    for place in 0..=order.len() {
                        let mut doubled = order.clone();
                        doubled.insert(place, *double);
                        assert_eq!(end(State::Claimed, &doubled), want, "{doubled:?}");
                        tried += 1;
                    }
                }
            }
        }
        assert!(tried > 30_000, "{tried} orders");
    }

    #[test]
    fn names_come_back() {
        for state in State::ALL {
            assert_eq!(State::parse(state.name()), Some(state));
        }
        for reason in SkipReason::ALL {
            assert_eq!(SkipReason::parse(reason.name()), Some(reason));
        }
        assert_eq!(State::parse("lost"), None);
        let reasons = SkipReason::ALL.map(Reason::Skipped);
        for reason in reasons.into_iter().chain([Reason::Failed(None), Reason::Failed(Some(1))]) {
            assert_eq!(Reason::parse(&reason.key()), Some(reason));
        }
        assert_eq!(Reason::parse("failed:x"), None);
    }

    #[test]
    fn callbacks_come_back() {
        let delivery =
            Callback::Delivery { broadcast: BroadcastId::new("b1"), contact: ContactId::new("c1") };
        let message = Callback::Message { contact: ContactId::new("c1"), row: "9:out".to_owned() };
        for callback in [delivery, message] {
            assert_eq!(Callback::decode(&callback.encode()), Some(callback));
        }
        let long = format!("b:{}:1", "x".repeat(510));
        for text in ["", "b", "b:x", "b::x", "x:a:b", "m:a:", &long] {
            assert_eq!(Callback::decode(text), None, "decoding {text:?}");
        }
    }

    fn reports() -> impl Strategy<Value = Vec<Report>> {
        prop::collection::vec(prop::sample::select(Report::ALL.to_vec()), 0..12)
    }

    proptest! {
        #[test]
        fn any_order_and_any_doubles_end_in_the_same_state(
            (reports, shuffled) in reports().prop_flat_map(|it| {
                let doubled = [it.clone(), it.clone()].concat();
                (Just(it), Just(doubled).prop_shuffle())
            })
        ) {
            prop_assert_eq!(end(State::Claimed, &reports), end(State::Claimed, &shuffled));
        }

        #[test]
        fn counts_by_moves_are_the_counts_of_the_rows(reports in prop::collection::vec(reports(), 0..8)) {
            let audience = i64::try_from(reports.len()).unwrap();
            let mut moved = Counts { audience, ..Counts::default() };
            let mut counted = moved;
            for person in reports {
                let mut at = State::Claimed;
                moved.moved(None, at);
                for report in person {
                    let to = next(Some(at), Event::Report(report)).unwrap_or(at);
                    moved.moved(Some(at), to);
                    at = to;
                }
                counted.add(at, 1);
            }
            prop_assert_eq!(moved, counted);
            prop_assert!(counted.sent >= counted.delivered && counted.delivered >= counted.read);
            let decided = counted.skipped + counted.cancelled + counted.failed
                + counted.unresolved + counted.accepted;
            prop_assert_eq!(counted.audience, counted.pending() + decided);
        }
    }
}
