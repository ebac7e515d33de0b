// SPDX-License-Identifier: EUPL-1.2
//! An all-clear: a broadcast to whom an alert reached, which tells them that it is over.

use crate::broadcast::{Broadcast, State};

/// Why a broadcast cannot go to whom an alert reached. Worded for the office.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAllClear {
    /// Of no use: refuse it for good.
    #[error("Questo messaggio non è mai partito, quindi non ha raggiunto nessuno.")]
    NeverSent,
    /// Not yet: who is reached later would never hear that it is over.
    #[error(
        "Prima concludere o annullare l'allerta: finché è aperta, chi la riceve più tardi non \
         saprebbe che è finita."
    )]
    UnderWay,
    /// Not yet, but in a moment.
    #[error("L'allerta si sta chiudendo. Riprovare tra qualche secondo.")]
    Closing,
}

/// Whether everybody whom `alert` will ever reach is known.
///
/// One that Meta stopped can be resumed, so it is not over. One that was cancelled is over when
/// nothing of it is in the air any more.
pub fn may_follow(alert: &Broadcast) -> Result<(), NoAllClear> {
    if alert.started_at.is_none() {
        return Err(NoAllClear::NeverSent);
    }
    match alert.state {
        State::Done => Ok(()),
        State::Cancelled if alert.finished_at.is_some() => Ok(()),
        State::Cancelled => Err(NoAllClear::Closing),
        _ => Err(NoAllClear::UnderWay),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::broadcast::sample::broadcast;

    #[test]
    fn an_all_clear_follows_an_alert_that_reaches_nobody_any_more() {
        use NoAllClear::{Closing, NeverSent, UnderWay};
        for (state, started, finished, want) in [
            (State::Draft, false, false, Err(NeverSent)),
            (State::AwaitingApproval, false, false, Err(NeverSent)),
            (State::Scheduled, false, false, Err(NeverSent)),
            (State::Cancelled, false, true, Err(NeverSent)),
            (State::Sending, true, false, Err(UnderWay)),
            // Those in doubt are sent to once more.
            (State::Sending, true, true, Err(UnderWay)),
            (State::Paused, true, false, Err(UnderWay)),
            (State::Held, true, false, Err(UnderWay)),
            (State::Stopped, true, false, Err(UnderWay)),
            (State::Cancelled, true, false, Err(Closing)),
            (State::Cancelled, true, true, Ok(())),
            (State::Done, true, true, Ok(())),
        ] {
            let at = |it: bool| it.then_some(Timestamp::UNIX_EPOCH);
            let (started_at, finished_at) = (at(started), at(finished));
            let alert = Broadcast { state, started_at, finished_at, ..broadcast() };
            assert_eq!(may_follow(&alert), want, "{state:?} {started} {finished}");
        }
    }

    #[test]
    fn says_what_to_do_first() {
        use NoAllClear::{Closing, NeverSent, UnderWay};
        let words = [NeverSent, UnderWay, Closing].map(|it| it.to_string());
        insta::assert_snapshot!(words.join("\n"), @r"
        Questo messaggio non è mai partito, quindi non ha raggiunto nessuno.
        Prima concludere o annullare l'allerta: finché è aperta, chi la riceve più tardi non saprebbe che è finita.
        L'allerta si sta chiudendo. Riprovare tra qualche secondo.
        ");
    }
}
