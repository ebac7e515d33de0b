// SPDX-License-Identifier: EUPL-1.2
//! Doubt: a message that may or may not have been sent, and when it is sent once more all the same.
//!
//! Meta's API has no idempotency key. So an answer that was lost leaves a delivery *unresolved*
//! until a status names it, and nothing is repeated while our own webhook may just be deaf.

use jiff::{SignedDuration, Timestamp};

use crate::broadcast::{Broadcast, Priority};
use crate::delivery::State;

/// An emergency repeats any doubt after this time: a missed alert is worse than a doubled one.
pub const EMERGENCY_SECONDS: u32 = 60;

/// Statuses take seconds; clocks differ by as much.
const GRACE: SignedDuration = SignedDuration::from_secs(5);

/// While a number sends without pause, its last statuses may be this old.
const FRESH: SignedDuration = SignedDuration::from_secs(30);

/// How long a repetition waits for the webhook to hear again before a person must decide.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);

/// A sender runs for at most a minute, so an older claim's sender is dead.
const CLAIM_DEAD_AFTER_SECONDS: i64 = 60;

/// How soon a deaf webhook is looked at again, in seconds.
const LOOK_AGAIN_SECONDS: i64 = 60;

/// When a delivery in doubt since `at` may be sent once more by itself; `None` is never.
///
/// `after_seconds` is what the failure allows ([`crate::failure::Verdict::OnceMore`]), `None` for
/// a lost answer. `repeated` is whether it was sent once more already.
pub fn once_more_at(
    after_seconds: Option<u32>,
    priority: Priority,
    repeated: bool,
    at: Timestamp,
) -> Option<Timestamp> {
    if repeated {
        return None;
    }
    let seconds = match priority {
        Priority::Emergency => EMERGENCY_SECONDS,
        Priority::Normal => after_seconds?,
    };
    Some(at + SignedDuration::from_secs(seconds.into()))
}

/// What a business number last said and heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hearing {
    /// Meta's time of the newest status that came in.
    pub heard_at: Option<Timestamp>,
    /// When the last message of a broadcast went out.
    pub sent_at: Option<Timestamp>,
}

impl Hearing {
    /// Whether statuses that should have come did not.
    pub fn is_deaf(&self, now: Timestamp) -> bool {
        let Some(sent_at) = self.sent_at else { return false };
        let expected = sent_at.min(now - FRESH);
        self.heard_at.is_none_or(|it| it + GRACE < expected)
    }

    /// Whether anything was heard after `at`. Meta's times are whole seconds.
    fn has_heard_since(&self, at: Timestamp) -> bool {
        self.heard_at.is_some_and(|it| it.as_second() >= at.as_second())
    }
}

/// Why those in doubt are not sent to once more although the office asks. Worded for the office.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoResend {
    #[error("Di nessuno resta il dubbio se l'ha ricevuto: non c'è niente da inviare di nuovo.")]
    NobodyInDoubt,
    #[error("Il messaggio è scaduto: non si invia più a nessuno.")]
    Expired,
    /// They may only look as if in doubt.
    #[error(
        "Da Meta non arrivano notizie dei messaggi inviati: forse li hanno ricevuti tutti. \
         Avvisare chi gestisce il servizio e riprovare quando le notizie arrivano."
    )]
    Deaf,
}

/// Whether the office may have those in doubt sent to once more.
pub fn may_resend(
    broadcast: &Broadcast,
    hearing: &Hearing,
    now: Timestamp,
) -> Result<(), NoResend> {
    if broadcast.counts.unresolved == 0 {
        return Err(NoResend::NobodyInDoubt);
    }
    if broadcast.expires_at.is_some_and(|it| it <= now) {
        return Err(NoResend::Expired);
    }
    if hearing.is_deaf(now) { Err(NoResend::Deaf) } else { Ok(()) }
}

/// What to do now with a delivery in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    Now,
    /// Not yet: look again after so many seconds.
    Wait {
        seconds: i64,
    },
    /// Only a person may decide to.
    Never,
}

/// Whether a delivery claimed at `claimed_at` is sent once more, which was to be at `again_at`.
///
/// Only if no status named it while others arrived: one that names it ends the doubt, and then
/// nobody asks.
pub fn repeat(
    claimed_at: Timestamp,
    again_at: Option<Timestamp>,
    hearing: &Hearing,
    now: Timestamp,
) -> Repeat {
    let Some(again_at) = again_at else { return Repeat::Never };
    if now < again_at {
        let left = again_at.as_second() - now.as_second();
        return Repeat::Wait { seconds: left.max(1) };
    }
    if hearing.has_heard_since(claimed_at) && !hearing.is_deaf(now) {
        return Repeat::Now;
    }
    if now < again_at + PATIENCE {
        return Repeat::Wait { seconds: LOOK_AGAIN_SECONDS };
    }
    Repeat::Never
}

/// What a sender knows of a delivery that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub state: State,
    pub claimed_at: Option<Timestamp>,
    pub again_at: Option<Timestamp>,
    /// The broadcast's run that last took it on.
    pub run: u32,
}

/// What a sender does with a delivery that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// To be sent: it certainly was not.
    Open,
    /// To be sent once more, although it may have been.
    Again,
    /// Nothing yet: look again after so many seconds.
    Wait {
        seconds: i64,
    },
    /// Whoever claimed it is dead: it is in doubt from now on.
    DeadClaim,
    Decided,
}

/// `again_from_run` is set if the office wants those in doubt sent once more: once, by this run or
/// a later one.
pub fn standing(
    known: &Known,
    again_from_run: Option<u32>,
    hearing: &Hearing,
    now: Timestamp,
) -> Standing {
    let claimed_at = known.claimed_at.unwrap_or(Timestamp::UNIX_EPOCH);
    match known.state {
        State::Waiting => match known.again_at {
            Some(at) if at > now => {
                Standing::Wait { seconds: (at.as_second() - now.as_second()).max(1) }
            }
            _ => Standing::Open,
        },
        State::Claimed => {
            let left = claimed_at.as_second() + CLAIM_DEAD_AFTER_SECONDS - now.as_second();
            if left > 0 { Standing::Wait { seconds: left + 1 } } else { Standing::DeadClaim }
        }
        State::Unresolved if again_from_run.is_some_and(|it| known.run < it) => Standing::Again,
        State::Unresolved => match repeat(claimed_at, known.again_at, hearing, now) {
            Repeat::Now => Standing::Again,
            Repeat::Wait { seconds } => Standing::Wait { seconds },
            Repeat::Never => Standing::Decided,
        },
        _ => Standing::Decided,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broadcast::sample;
    use crate::delivery::Counts;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    fn hearing(heard: Option<i64>, sent: Option<i64>) -> Hearing {
        Hearing { heard_at: heard.map(at), sent_at: sent.map(at) }
    }

    #[test]
    fn a_lost_answer_waits_for_a_person_and_a_5xx_or_an_emergency_for_the_clock() {
        use Priority::{Emergency, Normal};
        for (after, priority, repeated, want) in [
            (Some(600), Normal, false, Some(600)),
            (None, Normal, false, None),
            (Some(600), Emergency, false, Some(60)),
            (None, Emergency, false, Some(60)),
            (Some(600), Normal, true, None),
            (None, Emergency, true, None),
        ] {
            let got = once_more_at(after, priority, repeated, at(0));
            assert_eq!(got, want.map(at), "{after:?} {priority:?} {repeated}");
        }
    }

    #[test]
    fn a_webhook_is_deaf_when_what_was_sent_is_not_heard_of() {
        for (what, hearing, want) in [
            ("nothing sent, nothing heard", hearing(None, None), false),
            ("sent long ago, never heard", hearing(None, Some(-600)), true),
            ("sent a moment ago, never heard", hearing(None, Some(99)), true),
            ("heard after the last send", hearing(Some(-590), Some(-600)), false),
            ("heard within the clocks' difference", hearing(Some(-604), Some(-600)), false),
            ("silent since before the last send", hearing(Some(-700), Some(-600)), true),
            ("sending on, heard half a minute ago", hearing(Some(68), Some(100)), false),
            ("sending on, silent for a minute", hearing(Some(40), Some(100)), true),
        ] {
            assert_eq!(hearing.is_deaf(at(100)), want, "{what}");
        }
    }

    #[test]
    fn the_office_may_resend_to_somebody_in_doubt_of_what_is_still_of_use() {
        let hears = hearing(Some(100), Some(90));
        for (what, unresolved, expires_at, hearing, want) in [
            ("somebody in doubt", 1, None, hears, Ok(())),
            ("nobody", 0, None, hears, Err(NoResend::NobodyInDoubt)),
            ("expired", 1, Some(at(100)), hears, Err(NoResend::Expired)),
            ("to expire", 1, Some(at(101)), hears, Ok(())),
            ("deaf", 1, None, self::hearing(None, Some(0)), Err(NoResend::Deaf)),
        ] {
            let counts = Counts { unresolved, ..Counts::default() };
            let broadcast = Broadcast { expires_at, counts, ..sample::broadcast() };
            assert_eq!(may_resend(&broadcast, &hearing, at(100)), want, "{what}");
        }
    }

    #[test]
    fn a_doubt_is_repeated_after_its_time_and_only_if_others_were_heard() {
        use Repeat::{Never, Now, Wait};
        let hears = hearing(Some(10), Some(5));
        for (what, again_at, hearing, now, want) in [
            ("no date for it", None, hears, 700, Never),
            ("too early", Some(600), hears, 590, Wait { seconds: 10 }),
            ("its time", Some(600), hears, 600, Now),
            ("nothing heard since", Some(600), hearing(Some(-1), None), 600, Wait { seconds: 60 }),
            ("deaf", Some(600), hearing(Some(10), Some(100)), 600, Wait { seconds: 60 }),
            ("never heard", Some(600), hearing(None, Some(0)), 600, Wait { seconds: 60 }),
            ("deaf for an hour", Some(600), hearing(None, Some(0)), 4_200, Never),
            ("hears again", Some(600), hearing(Some(4_000), Some(0)), 4_200, Now),
        ] {
            assert_eq!(repeat(at(0), again_at.map(at), &hearing, at(now)), want, "{what}");
        }
    }

    #[test]
    fn a_known_delivery_is_open_waits_or_is_decided() {
        use State::{Accepted, Claimed, Failed, Skipped, Unresolved, Waiting};
        let known = |state, claimed: i64, again: Option<i64>, run| Known {
            state,
            claimed_at: Some(at(claimed)),
            again_at: again.map(at),
            run,
        };
        let hears = hearing(Some(1_000), Some(5));
        let wait = |seconds| Standing::Wait { seconds };
        for (what, known, again_from_run, want) in [
            ("put back", known(Waiting, 0, Some(99), 1), None, Standing::Open),
            ("put back for later", known(Waiting, 0, Some(104), 1), None, wait(4)),
            ("just claimed", known(Claimed, 90, None, 1), None, wait(51)),
            ("claimed long ago", known(Claimed, 40, None, 1), None, Standing::DeadClaim),
            ("in doubt", known(Unresolved, 0, None, 1), None, Standing::Decided),
            ("in doubt, its time to come", known(Unresolved, 0, Some(700), 1), None, wait(600)),
            ("in doubt, its time", known(Unresolved, 0, Some(100), 1), None, Standing::Again),
            ("in doubt, office asks", known(Unresolved, 0, None, 1), Some(2), Standing::Again),
            ("asked for and tried", known(Unresolved, 0, None, 2), Some(2), Standing::Decided),
            ("accepted", known(Accepted, 0, None, 1), Some(2), Standing::Decided),
            ("failed", known(Failed, 0, None, 1), Some(2), Standing::Decided),
            ("skipped", known(Skipped, 0, None, 0), Some(2), Standing::Decided),
        ] {
            assert_eq!(standing(&known, again_from_run, &hears, at(100)), want, "{what}");
        }
    }
}
