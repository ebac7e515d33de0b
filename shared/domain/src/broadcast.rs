//! A broadcast: what it says, to whom, and where it stands.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::contact::{Contact, Subscription};
use crate::delivery::{Counts, SkipReason};
use crate::ids::{BroadcastId, ContactId, LineId, TopicId};

#[derive(Clone, Debug, PartialEq)]
pub struct Broadcast {
    pub id: BroadcastId,
    pub line: LineId,
    /// For the office; citizens never see it.
    pub title: String,
    pub audience: Audience,
    pub message: TemplateMessage,
    pub priority: Priority,
    pub state: State,
    /// Why it is stopped, held or finished as it is, in plain Italian.
    pub reason: Option<String>,
    pub created_at: Timestamp,
    pub send_at: Option<Timestamp>,
    /// Not sent later than this.
    pub expires_at: Option<Timestamp>,
    /// When sending began. The audience is who had joined before.
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// Grows with every resume; jobs of older runs are dropped.
    pub run: u32,
    pub plan: Plan,
    pub counts: Counts,
    /// When the counts were last taken from the deliveries themselves.
    pub counted_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Every subscriber of the line.
    All,
    /// Whoever follows at least one of these, once.
    Topics(Vec<TopicId>),
}

/// Which template, with what in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateMessage {
    pub name: String,
    pub language: String,
    pub parameters: BTreeMap<String, String>,
    /// Meta's media id of a header image, video or document.
    pub header_media_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    Normal,
    Emergency,
}

impl Priority {
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Emergency => "emergency",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Self::Normal, Self::Emergency].into_iter().find(|it| it.name() == name)
    }
}

/// How far the audience has been turned into chunks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The last contact planned, in the order of contact ids.
    pub cursor: Option<ContactId>,
    pub chunks: u32,
    /// Whether everybody has been planned.
    pub complete: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Draft,
    AwaitingApproval,
    Scheduled,
    Sending,
    Paused,
    /// Meta or the portfolio's limit makes it wait.
    Held,
    Done,
    Cancelled,
    /// Meta refused it for a reason that concerns everybody.
    Stopped,
}

impl State {
    pub const ALL: [Self; 9] = [
        Self::Draft,
        Self::AwaitingApproval,
        Self::Scheduled,
        Self::Sending,
        Self::Paused,
        Self::Held,
        Self::Done,
        Self::Cancelled,
        Self::Stopped,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Scheduled => "scheduled",
            Self::Sending => "sending",
            Self::Paused => "paused",
            Self::Held => "held",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Stopped => "stopped",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// For the office, after "il messaggio è".
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Draft => "in bozza",
            Self::AwaitingApproval => "in attesa di approvazione",
            Self::Scheduled => "programmato",
            Self::Sending => "in corso di invio",
            Self::Paused => "in pausa",
            Self::Held => "trattenuto",
            Self::Done => "concluso",
            Self::Cancelled => "annullato",
            Self::Stopped => "interrotto",
        }
    }
}

/// What somebody wants done with a broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Schedule,
    Approve,
    Start,
    Pause,
    Resume,
    Cancel,
    /// Meta refused for everybody.
    Stop,
    /// Nothing is open any more.
    Finish,
}

/// The state does not allow the action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{action:?} is not possible while the broadcast is {state:?}")]
pub struct NotAllowed {
    pub state: State,
    pub action: Action,
}

/// The state after an action.
///
/// `needs_approval` is the line's setting; it matters to `Schedule` only.
pub fn act(state: State, action: Action, needs_approval: bool) -> Result<State, NotAllowed> {
    use State::{
        AwaitingApproval, Cancelled, Done, Draft, Held, Paused, Scheduled, Sending, Stopped,
    };
    Ok(match (action, state) {
        (Action::Schedule, Draft) if needs_approval => AwaitingApproval,
        // Scheduling again moves the time.
        (Action::Schedule, Draft | Scheduled) | (Action::Approve, AwaitingApproval) => Scheduled,
        (Action::Start, Scheduled) | (Action::Resume, Paused | Held | Stopped) => Sending,
        (Action::Pause, Sending | Held) => Paused,
        (
            Action::Cancel,
            Draft | AwaitingApproval | Scheduled | Sending | Paused | Held | Stopped,
        ) => Cancelled,
        (Action::Stop, Sending) => Stopped,
        (Action::Finish, Sending) => Done,
        (action, state) => return Err(NotAllowed { state, action }),
    })
}

/// Whether this person is still to be sent to, asked at the last moment.
pub fn may_reach(contact: &Contact, audience: &Audience) -> Result<(), SkipReason> {
    if contact.blocked {
        return Err(SkipReason::Blocked);
    }
    let Subscription::Active { topics: followed, .. } = &contact.subscription else {
        return Err(SkipReason::Unsubscribed);
    };
    let follows = match audience {
        Audience::All => true,
        Audience::Topics(topics) => topics.iter().any(|it| followed.contains(it)),
    };
    if !follows {
        return Err(SkipReason::Unsubscribed);
    }
    if contact.phone.is_none() && contact.user_id.is_none() {
        return Err(SkipReason::Unreachable);
    }
    Ok(())
}

/// Whether a broadcast has gone as far as it will by itself.
pub fn is_over(state: State) -> bool {
    matches!(state, State::Done | State::Cancelled)
}

/// Seconds that `people` messages take at `per_second`, rounded up.
pub fn duration_seconds(people: i64, per_second: u32) -> i64 {
    let per_second = i64::from(per_second.max(1));
    (people.max(0) + per_second - 1) / per_second
}

/// How long after the start chunk number `chunk` should be looked at, in whole seconds.
pub fn chunk_delay_seconds(chunk: u32, chunk_size: usize, per_second: u32) -> i64 {
    let before = i64::from(chunk) * i64::try_from(chunk_size).unwrap_or(0);
    before / i64::from(per_second.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::Phone;

    #[test]
    fn an_action_is_possible_in_its_states_only() {
        use Action::{Approve, Cancel, Finish, Pause, Resume, Schedule, Start, Stop};
        use State::{
            AwaitingApproval, Cancelled, Done, Draft, Held, Paused, Scheduled, Sending, Stopped,
        };
        let possible = [
            (Draft, Schedule, Scheduled),
            (Scheduled, Schedule, Scheduled),
            (AwaitingApproval, Approve, Scheduled),
            (Scheduled, Start, Sending),
            (Sending, Pause, Paused),
            (Held, Pause, Paused),
            (Paused, Resume, Sending),
            (Held, Resume, Sending),
            (Stopped, Resume, Sending),
            (Draft, Cancel, Cancelled),
            (AwaitingApproval, Cancel, Cancelled),
            (Scheduled, Cancel, Cancelled),
            (Sending, Cancel, Cancelled),
            (Paused, Cancel, Cancelled),
            (Held, Cancel, Cancelled),
            (Stopped, Cancel, Cancelled),
            (Sending, Stop, Stopped),
            (Sending, Finish, Done),
        ];
        for state in State::ALL {
            for action in [Schedule, Approve, Start, Pause, Resume, Cancel, Stop, Finish] {
                let want = possible.iter().find(|it| it.0 == state && it.1 == action);
                let want = want.map_or(Err(NotAllowed { state, action }), |it| Ok(it.2));
                assert_eq!(act(state, action, false), want, "{action:?} when {state:?}");
            }
        }
        assert_eq!(act(Draft, Schedule, true), Ok(AwaitingApproval));
        for over in [Done, Cancelled] {
            assert!(is_over(over));
        }
    }

    #[test]
    fn names_come_back() {
        for state in State::ALL {
            assert_eq!(State::parse(state.name()), Some(state));
        }
    }

    #[test]
    fn reaches_who_still_follows_and_nobody_else() {
        let eventi = || TopicId::new("eventi");
        let active = |topics: &[TopicId]| Contact {
            subscription: Subscription::Active {
                topics: topics.iter().cloned().collect(),
                since: Timestamp::UNIX_EPOCH,
            },
            phone: Some(Phone::parse("393330000001").unwrap()),
            ..Contact::new(ContactId::new("c"))
        };
        let follower = active(&[eventi()]);
        let topic = Audience::Topics(vec![eventi()]);
        let other = Audience::Topics(vec![TopicId::new("scadenze")]);
        let left = Contact {
            subscription: Subscription::Ended { at: Timestamp::UNIX_EPOCH },
            ..follower.clone()
        };
        let blocked = Contact { blocked: true, ..follower.clone() };
        let lost = Contact { phone: None, ..follower.clone() };
        for (who, contact, audience, want) in [
            ("a follower", &follower, &topic, Ok(())),
            ("any subscriber", &active(&[]), &Audience::All, Ok(())),
            ("of another topic", &follower, &other, Err(SkipReason::Unsubscribed)),
            ("who left", &left, &Audience::All, Err(SkipReason::Unsubscribed)),
            ("who is blocked", &blocked, &topic, Err(SkipReason::Blocked)),
            ("without an address", &lost, &topic, Err(SkipReason::Unreachable)),
        ] {
            assert_eq!(may_reach(contact, audience), want, "{who}");
        }
    }

    #[test]
    fn says_how_long_it_takes() {
        for (people, per_second, want) in [(0, 70, 0), (1, 70, 1), (70, 70, 1), (71, 70, 2)] {
            assert_eq!(duration_seconds(people, per_second), want);
        }
        assert_eq!(chunk_delay_seconds(0, 50, 70), 0);
        assert_eq!(chunk_delay_seconds(7, 50, 70), 5);
    }
}
