//! A delivery: one broadcast to one contact, from the claim to what Meta last said of it.
//!
//! States only move forward, by rank. So doubled and reordered reports end in the same state
//! whatever way they come, and a report may come before the answer to our own request.

use crate::failure;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
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
    pub const ALL: [Self; 9] = [
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

    pub fn name(self) -> &'static str {
        match self {
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

    /// What Meta's `statuses[].status` says; `None` for a word that moves nothing.
    ///
    /// Source: Cloud API, status webhooks. `played` is the first play of a voice note.
    pub fn from_report(status: &str) -> Option<Self> {
        match status {
            "sent" => Some(Self::Sent),
            "delivered" => Some(Self::Delivered),
            "read" | "played" => Some(Self::Read),
            "failed" => Some(Self::Failed),
            _ => None,
        }
    }
}

/// The state after a report: the higher of the two.
pub fn advance(current: State, reported: State) -> State {
    if reported.rank() > current.rank() { reported } else { current }
}

/// Why somebody of the audience was not sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

impl SkipReason {
    const ALL: [Self; 6] = [
        Self::Unsubscribed,
        Self::Blocked,
        Self::Unreachable,
        Self::Erased,
        Self::AlreadyReached,
        Self::Expired,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Unsubscribed => "unsubscribed",
            Self::Blocked => "blocked",
            Self::Unreachable => "unreachable",
            Self::Erased => "erased",
            Self::AlreadyReached => "already-reached",
            Self::Expired => "expired",
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
        State::Claimed | State::Accepted | State::Sent | State::Delivered | State::Read => None,
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
    /// Not yet decided: waiting for their turn, or claimed this very moment.
    pub fn pending(&self) -> i64 {
        let decided = self.skipped + self.cancelled + self.failed + self.unresolved + self.accepted;
        (self.audience - decided).max(0)
    }

    /// Counts one delivery in, or with `times = -1` out.
    pub fn add(&mut self, state: State, times: i64) {
        match state {
            State::Claimed => {}
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

/// Our id of a message, which Meta gives back with each status (`biz_opaque_callback_data`).
///
/// `b:{broadcast}:{contact}` for a delivery, `m:{contact}:{row}` for a message of a conversation.
/// Nothing personal in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callback {
    Delivery { broadcast: crate::ids::BroadcastId, contact: crate::ids::ContactId },
    Message { contact: crate::ids::ContactId, row: String },
}

impl Callback {
    pub fn encode(&self) -> String {
        match self {
            Self::Delivery { broadcast, contact } => format!("b:{broadcast}:{contact}"),
            Self::Message { contact, row } => format!("m:{contact}:{row}"),
        }
    }

    /// `None` for what is not ours, or not in the shape we write.
    pub fn decode(text: &str) -> Option<Self> {
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

    #[test]
    fn a_report_moves_a_delivery_forward_or_not_at_all() {
        use State::{Accepted, Claimed, Delivered, Failed, Read, Sent, Skipped, Unresolved};
        for (current, reported, want) in [
            (Claimed, Accepted, Accepted),
            (Claimed, Sent, Sent),
            (Unresolved, Delivered, Delivered),
            (Unresolved, Failed, Failed),
            (Sent, Accepted, Sent),
            (Read, Delivered, Read),
            (Delivered, Failed, Delivered),
            (Failed, Sent, Failed),
            (Failed, Delivered, Delivered),
            (Skipped, Sent, Skipped),
        ] {
            assert_eq!(advance(current, reported), want, "{current:?} then {reported:?}");
        }
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
    }

    #[test]
    fn callbacks_come_back() {
        let delivery =
            Callback::Delivery { broadcast: BroadcastId::new("b1"), contact: ContactId::new("c1") };
        let message = Callback::Message { contact: ContactId::new("c1"), row: "9:out".to_owned() };
        for callback in [delivery, message] {
            assert_eq!(Callback::decode(&callback.encode()), Some(callback));
        }
        for text in ["", "b", "b:x", "b::x", "x:a:b", "m:a:"] {
            assert_eq!(Callback::decode(text), None, "decoding {text:?}");
        }
    }

    fn reports() -> impl Strategy<Value = Vec<State>> {
        let any = prop::sample::select(vec![
            State::Unresolved,
            State::Accepted,
            State::Sent,
            State::Delivered,
            State::Read,
            State::Failed,
        ]);
        prop::collection::vec(any, 0..12)
    }

    proptest! {
        #[test]
        fn any_order_and_any_doubles_end_in_the_same_state(
            (reports, shuffled) in reports().prop_flat_map(|it| {
                let doubled = [it.clone(), it.clone()].concat();
                (Just(it), Just(doubled).prop_shuffle())
            })
        ) {
            let end = |list: &[State]| list.iter().fold(State::Claimed, |at, it| advance(at, *it));
            prop_assert_eq!(end(&reports), end(&shuffled));
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
                    let next = advance(at, report);
                    moved.moved(Some(at), next);
                    at = next;
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
