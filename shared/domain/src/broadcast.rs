// SPDX-License-Identifier: EUPL-1.2
//! A broadcast: what it says, to whom, and where it stands.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan};

use crate::approval::Authorship;
use crate::contact::{Contact, Subscription};
use crate::cost::Spent;
use crate::delivery::{Counts, SkipReason};
use crate::ids::{BroadcastId, ContactId, LineId, TopicId};
use crate::line::Category;

#[derive(Clone, Debug, PartialEq)]
pub struct Broadcast {
    pub id: BroadcastId,
    pub line: LineId,
    /// For the office; citizens never see it.
    pub title: String,
    pub audience: Audience,
    pub message: TemplateMessage,
    pub priority: Priority,
    /// Whether it rehearses a warning: see [`crate::drill`].
    pub drill: bool,
    /// Whether who is in the service window gets the words as a reply instead of the template.
    pub free_form_in_window: bool,
    pub state: State,
    /// Why it is stopped, held or finished as it is, in plain Italian.
    pub reason: Option<String>,
    pub created_at: Timestamp,
    pub send_at: Option<Timestamp>,
    /// Not sent later than this.
    pub expires_at: Option<Timestamp>,
    /// When sending began. The audience is who had joined before.
    pub started_at: Option<Timestamp>,
    /// When the office last let it go on. What was known by then it has accepted.
    pub resumed_at: Option<Timestamp>,
    /// When the clock next does something about it: start, go on after a hold, expire.
    pub due_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// Grows with every resume; jobs of older runs are dropped.
    pub run: u32,
    pub plan: Plan,
    pub counts: Counts,
    /// When the counts were last taken from the deliveries themselves.
    pub counted_at: Option<Timestamp>,
    /// What Meta has billed so far.
    pub spent: Spent,
    /// Grows with every change that somebody makes.
    pub version: u64,
    pub authorship: Authorship,
    /// Who was reached by another broadcast within so many hours is left out.
    pub exclude_recent_hours: Option<u16>,
    /// Messages sent to the office's own phones to try it. In no other count.
    pub tests: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Every subscriber of the line.
    All,
    /// Whoever follows at least one of these, once.
    Topics(Vec<TopicId>),
    /// Whoever this broadcast of the line reached or may have reached: see [`crate::all_clear`].
    ReachedBy(BroadcastId),
}

/// Which template, with what in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateMessage {
    pub name: String,
    pub language: String,
    pub parameters: BTreeMap<String, String>,
    /// Our id of a header image, video or document.
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

/// How far the people to be sent to have been turned into chunks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub of: PlanOf,
    /// The last contact planned.
    pub cursor: Option<ContactId>,
    pub chunks: u32,
    /// Whether everybody has been planned.
    pub complete: bool,
}

/// Whom a plan goes through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlanOf {
    #[default]
    Audience,
    /// Deliveries that stayed unresolved, which the office wants sent once more.
    Unresolved,
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

/// What somebody, Meta or the clock wants done with a broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Schedule,
    Approve,
    /// What waits for approval is a draft again.
    Withdraw,
    Start,
    Pause,
    Resume,
    Cancel,
    /// Meta refused for everybody.
    Stop,
    /// It has to wait: for Meta, the portfolio's limit, the end of the quiet hours.
    Hold,
    /// What it waited for is over.
    Release,
    /// Its last useful moment is past: whoever is left is skipped.
    Expire,
    /// Nothing is open any more.
    Finish,
    /// The office wants those in doubt sent once more.
    ResendUnresolved,
}

impl Action {
    pub const ALL: [Self; 13] = [
        Self::Schedule,
        Self::Approve,
        Self::Withdraw,
        Self::Start,
        Self::Pause,
        Self::Resume,
        Self::Cancel,
        Self::Stop,
        Self::Hold,
        Self::Release,
        Self::Expire,
        Self::Finish,
        Self::ResendUnresolved,
    ];
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
        (Action::Withdraw, AwaitingApproval) => Draft,
        (Action::Start, Scheduled)
        | (Action::Resume | Action::Expire, Paused | Held | Stopped)
        | (Action::Release, Held)
        | (Action::ResendUnresolved, Done) => Sending,
        (Action::Pause, Sending | Held) => Paused,
        (
            Action::Cancel,
            Draft | AwaitingApproval | Scheduled | Sending | Paused | Held | Stopped,
        ) => Cancelled,
        // One that is scheduled has reached nobody yet: going on, it begins.
        (Action::Stop, Scheduled | Sending | Held) => Stopped,
        (Action::Hold, Scheduled | Sending) => Held,
        (Action::Finish, Sending) => Done,
        (action, state) => return Err(NotAllowed { state, action }),
    })
}

/// What the clock asks of a broadcast at `now`, beside sending what is to be sent.
pub fn due(broadcast: &Broadcast, now: Timestamp) -> Option<Action> {
    let expired = broadcast.expires_at.is_some_and(|at| at <= now);
    match broadcast.state {
        State::Scheduled if broadcast.send_at.is_some_and(|at| at <= now) => Some(Action::Start),
        State::Paused | State::Held | State::Stopped if expired => Some(Action::Expire),
        State::Held if broadcast.due_at.is_some_and(|at| at <= now) => Some(Action::Release),
        _ => None,
    }
}

/// When the clock has to look at a broadcast that waits in this state; `None` is never.
///
/// `until` is when it may go on by itself.
pub fn wakes_at(
    state: State,
    until: Option<Timestamp>,
    expires_at: Option<Timestamp>,
) -> Option<Timestamp> {
    match state {
        State::Paused | State::Held | State::Stopped => match (until, expires_at) {
            (Some(until), Some(expires_at)) => Some(until.min(expires_at)),
            (until, expires_at) => until.or(expires_at),
        },
        _ => until,
    }
}

/// How long after a broadcast closed its counts are taken again, in seconds: what Meta reports
/// meanwhile is added up and may be off by what a crash in between took along.
const RECOUNTS: [i64; 3] = [120, 3_600, 86_400];

/// When the counts of a broadcast that closed at `finished_at` are next taken again.
pub fn recount_at(finished_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let mut times = RECOUNTS.iter().map(|it| finished_at + it.seconds());
    times.find(|it| *it > now)
}

/// Whether this person is still to be sent to, asked at the last moment.
///
/// `category` is the template's. Who stopped marketing messages is not tried even in an emergency:
/// Meta refuses them, and a warning is no marketing.
///
/// Who is suspended is tried all the same in an emergency: a warning that arrives against the odds
/// is worth one more message that does not, and Meta bills only what is delivered.
pub fn may_reach(
    contact: &Contact,
    audience: &Audience,
    category: Category,
    priority: Priority,
) -> Result<(), SkipReason> {
    if contact.blocked.is_some() {
        return Err(SkipReason::Blocked);
    }
    let Subscription::Active { topics: followed, .. } = &contact.subscription else {
        return Err(SkipReason::Unsubscribed);
    };
    // Before the topics, which went with it: this is the reason.
    if category == Category::Marketing && contact.marketing_stopped_at().is_some() {
        return Err(SkipReason::MarketingStopped);
    }
    let follows = match audience {
        // What reached somebody concerns them, whatever they follow by now.
        Audience::All | Audience::ReachedBy(_) => true,
        Audience::Topics(topics) => topics.iter().any(|it| followed.contains(it)),
    };
    if !follows {
        return Err(SkipReason::Unsubscribed);
    }
    if contact.phone.is_none() && contact.user_id.is_none() {
        return Err(SkipReason::Unreachable);
    }
    if contact.is_suspended() && priority != Priority::Emergency {
        return Err(SkipReason::Suspended);
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

/// Seconds until everybody whose turn is to come has had it, as it looks at `now`; `None` while
/// nobody can know: before it starts, and while it waits for a person.
///
/// Those in doubt do not count: they had their turn. An emergency of the same number that is under
/// way may make it longer.
pub fn eta_seconds(broadcast: &Broadcast, per_second: u32, now: Timestamp) -> Option<i64> {
    let until = |at: Timestamp| (at.as_millisecond() - now.as_millisecond() + 999).div_euclid(1000);
    let waits = match broadcast.state {
        State::Sending => 0,
        // Before it started, nobody has counted its audience.
        State::Held if broadcast.started_at.is_some() => until(broadcast.due_at?).max(0),
        _ => return None,
    };
    let seconds = waits + duration_seconds(broadcast.counts.pending(), per_second);
    // Whoever is left by then is not sent to.
    Some(broadcast.expires_at.map_or(seconds, |at| seconds.min(until(at).max(0))))
}

/// How long after the start chunk number `chunk` should be looked at, in whole seconds.
pub fn chunk_delay_seconds(chunk: u32, chunk_size: usize, per_second: u32) -> i64 {
    let before = i64::from(chunk) * i64::try_from(chunk_size).unwrap_or(0);
    before / i64::from(per_second.max(1))
}

#[cfg(test)]
pub(crate) mod sample {
    //! A draft to everybody, for tests.

    use super::*;

    pub(crate) fn broadcast() -> Broadcast {
        Broadcast {
            id: BroadcastId::new("b"),
            line: LineId::new("prova"),
            title: "Prova".to_owned(),
            audience: Audience::All,
            message: TemplateMessage {
                name: "avviso".to_owned(),
                language: "it".to_owned(),
                parameters: BTreeMap::new(),
                header_media_id: None,
            },
            priority: Priority::Normal,
            drill: false,
            state: State::Draft,
            reason: None,
            created_at: Timestamp::UNIX_EPOCH,
            send_at: None,
            expires_at: None,
            started_at: None,
            resumed_at: None,
            due_at: None,
            finished_at: None,
            run: 0,
            plan: Plan::default(),
            counts: Counts::default(),
            counted_at: None,
            spent: Spent::default(),
            free_form_in_window: false,
            version: 0,
            authorship: Authorship::default(),
            exclude_recent_hours: None,
            tests: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::contact::MarketingSwitch;
    use crate::message::MarketingChoice;
    use crate::phone::Phone;

    #[test]
    fn an_action_is_possible_in_its_states_only() {
        use Action::{
            Approve, Cancel, Expire, Finish, Hold, Pause, Release, ResendUnresolved, Resume,
            Schedule, Start, Stop, Withdraw,
        };
        use State::{
            AwaitingApproval, Cancelled, Done, Draft, Held, Paused, Scheduled, Sending, Stopped,
        };
        let possible = [
            (Draft, Schedule, Scheduled),
            (Scheduled, Schedule, Scheduled),
            (AwaitingApproval, Approve, Scheduled),
            (AwaitingApproval, Withdraw, Draft),
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
            (Scheduled, Stop, Stopped),
            (Sending, Stop, Stopped),
            (Held, Stop, Stopped),
            (Scheduled, Hold, Held),
            (Sending, Hold, Held),
            (Held, Release, Sending),
            (Paused, Expire, Sending),
            (Held, Expire, Sending),
            (Stopped, Expire, Sending),
            (Sending, Finish, Done),
            (Done, ResendUnresolved, Sending),
        ];
        for state in State::ALL {
            for action in Action::ALL {
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
    fn the_clock_starts_releases_and_expires() {
        use State::{Done, Held, Paused, Scheduled, Sending, Stopped};
        let at = |second| Timestamp::from_second(second).unwrap();
        let broadcast = |state, send: Option<i64>, due: Option<i64>, expires: Option<i64>| {
            let (send_at, due_at, expires_at) = (send.map(at), due.map(at), expires.map(at));
            Broadcast { state, send_at, expires_at, due_at, ..sample::broadcast() }
        };
        for (what, it, want) in [
            ("before its time", broadcast(Scheduled, Some(11), Some(11), None), None),
            ("at its time", broadcast(Scheduled, Some(10), Some(10), None), Some(Action::Start)),
            ("held on", broadcast(Held, None, Some(11), Some(20)), None),
            ("held long enough", broadcast(Held, None, Some(10), Some(20)), Some(Action::Release)),
            (
                "held until it expired",
                broadcast(Held, None, Some(10), Some(9)),
                Some(Action::Expire),
            ),
            ("held for Meta", broadcast(Held, None, None, None), None),
            ("paused", broadcast(Paused, None, None, None), None),
            (
                "paused until it expired",
                broadcast(Paused, None, None, Some(10)),
                Some(Action::Expire),
            ),
            (
                "stopped until it expired",
                broadcast(Stopped, None, None, Some(1)),
                Some(Action::Expire),
            ),
            ("being sent and expired", broadcast(Sending, None, None, Some(1)), None),
            ("done", broadcast(Done, Some(1), Some(1), Some(1)), None),
        ] {
            assert_eq!(due(&it, at(10)), want, "{what}");
        }
        assert_eq!(wakes_at(Held, Some(at(10)), Some(at(5))), Some(at(5)));
        assert_eq!(wakes_at(Paused, None, Some(at(5))), Some(at(5)));
        assert_eq!(wakes_at(Sending, Some(at(10)), Some(at(5))), Some(at(10)));
    }

    #[test]
    fn counts_are_taken_again_three_times_and_then_rest() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut times = Vec::new();
        let mut now = at(1000);
        while let Some(next) = recount_at(at(1000), now) {
            times.push(next.as_second() - 1000);
            now = next;
        }
        assert_eq!(times, [120, 3_600, 86_400]);
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
        let reached = Audience::ReachedBy(BroadcastId::new("alert"));
        let left = Contact {
            subscription: Subscription::Ended { at: Timestamp::UNIX_EPOCH },
            ..follower.clone()
        };
        let blocked =
            Contact { blocked: Some(crate::moderation::tests::held()), ..follower.clone() };
        let lost = Contact { phone: None, ..follower.clone() };
        for (who, contact, audience, want) in [
            ("a follower", &follower, &topic, Ok(())),
            ("any subscriber", &active(&[]), &Audience::All, Ok(())),
            ("whom the alert reached", &active(&[]), &reached, Ok(())),
            ("who left after the alert", &left, &reached, Err(SkipReason::Unsubscribed)),
            ("of another topic", &follower, &other, Err(SkipReason::Unsubscribed)),
            ("who left", &left, &Audience::All, Err(SkipReason::Unsubscribed)),
            ("who is blocked", &blocked, &topic, Err(SkipReason::Blocked)),
            ("without an address", &lost, &topic, Err(SkipReason::Unreachable)),
        ] {
            for category in [Category::Utility, Category::Marketing] {
                for priority in [Priority::Normal, Priority::Emergency] {
                    let got = may_reach(contact, audience, category, priority);
                    assert_eq!(got, want, "{who}, {category:?}, {priority:?}");
                }
            }
        }
    }

    #[test]
    fn sends_no_marketing_to_who_stopped_it_and_everything_else() {
        use Category::{Marketing, Utility};
        use MarketingChoice::{Resume, Stop};
        let eventi = TopicId::new("eventi");
        for (switch, follows, category, want) in [
            (Some(Stop), true, Marketing, Err(SkipReason::MarketingStopped)),
            (Some(Stop), false, Marketing, Err(SkipReason::MarketingStopped)),
            (Some(Stop), true, Utility, Ok(())),
            (Some(Resume), true, Marketing, Ok(())),
            (Some(Resume), false, Marketing, Err(SkipReason::Unsubscribed)),
            (None, true, Marketing, Ok(())),
        ] {
            let at = Timestamp::UNIX_EPOCH;
            let contact = Contact {
                marketing: switch.map(|choice| MarketingSwitch { choice, at }),
                subscription: Subscription::Active {
                    topics: follows.then(|| eventi.clone()).into_iter().collect(),
                    since: at,
                },
                phone: Some(Phone::parse("393330000001").unwrap()),
                ..Contact::new(ContactId::new("c"))
            };
            let audience = Audience::Topics(vec![eventi.clone()]);
            for priority in [Priority::Normal, Priority::Emergency] {
                let got = may_reach(&contact, &audience, category, priority);
                assert_eq!(got, want, "{switch:?}, {follows}, {category:?}, {priority:?}");
            }
        }
    }

    #[test]
    fn tries_who_was_not_delivered_to_three_times_in_emergencies_only() {
        use Priority::{Emergency, Normal};
        for (failed, priority, want) in [
            (0, Normal, Ok(())),
            (2, Normal, Ok(())),
            (3, Normal, Err(SkipReason::Suspended)),
            (3, Emergency, Ok(())),
        ] {
            let contact = Contact {
                undeliverable: (0..failed).map(|n| BroadcastId::new(format!("{n}"))).collect(),
                subscription: Subscription::Active {
                    topics: BTreeSet::new(),
                    since: Timestamp::UNIX_EPOCH,
                },
                phone: Some(Phone::parse("393330000001").unwrap()),
                ..Contact::new(ContactId::new("c"))
            };
            let got = may_reach(&contact, &Audience::All, Category::Utility, priority);
            assert_eq!(got, want, "{failed} in a row, {priority:?}");
        }
    }

    #[test]
    fn says_when_it_will_have_been_sent() {
        use State::{Cancelled, Done, Draft, Held, Paused, Scheduled, Sending, Stopped};
        let at = |second| Timestamp::from_second(second).unwrap();
        for (what, state, started, due, expires, want) in [
            ("a draft", Draft, false, None, None, None),
            ("to be sent later", Scheduled, false, Some(1_500), None, None),
            ("being sent", Sending, true, Some(1_000), None, Some(10)),
            ("being sent until it expires", Sending, true, None, Some(1_004), Some(4)),
            ("expiring later than it takes", Sending, true, None, Some(1_011), Some(10)),
            ("expired", Sending, true, None, Some(990), Some(0)),
            ("held until a time", Held, true, Some(1_060), None, Some(70)),
            ("held until now", Held, true, Some(990), None, Some(10)),
            ("held until it expires", Held, true, Some(1_030), Some(1_030), Some(30)),
            ("held for who knows how long", Held, true, None, None, None),
            ("held before it started", Held, false, Some(1_060), None, None),
            ("paused", Paused, true, None, None, None),
            ("stopped", Stopped, true, None, Some(1_030), None),
            ("done", Done, true, Some(1_060), None, None),
            ("cancelled", Cancelled, true, None, None, None),
        ] {
            let counts =
                Counts { audience: 1_000, unresolved: 200, accepted: 100, ..Counts::default() };
            let it = Broadcast {
                state,
                counts,
                started_at: started.then(|| at(900)),
                due_at: due.map(at),
                expires_at: expires.map(at),
                ..sample::broadcast()
            };
            assert_eq!(eta_seconds(&it, 70, at(1_000)), want, "{what}");
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
