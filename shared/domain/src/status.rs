// SPDX-License-Identifier: EUPL-1.2
//! Statuses of Meta's that come together, joined so that each message is written once for all.
//!
//! Meta tells `sent` and `delivered` within a moment, and posts many at a time. Told one by one
//! in any order they leave a delivery where the furthest of them leads, billed once; so the
//! furthest alone is told, with what the others know of the price.

use jiff::Timestamp;

use crate::cost::{Market, Priced};
use crate::delivery::Report;

/// One status of one message, or several of them joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    pub report: Report,
    /// Meta's time of it.
    pub at: Timestamp,
    /// Meta's time of the first that says it arrived: the moment for which it is billed.
    pub arrived_at: Option<Timestamp>,
    /// Meta's error code, if it failed.
    pub code: Option<i64>,
    /// How it is billed; the first that says so holds.
    pub priced: Option<Priced>,
    pub market: Market,
}

impl Status {
    pub fn new(report: Report, at: Timestamp, market: Market) -> Self {
        let arrived_at = report.arrived().then_some(at);
        Self { report, at, arrived_at, code: None, priced: None, market }
    }

    /// The moment for which it is billed.
    pub fn billed_at(&self) -> Timestamp {
        self.arrived_at.unwrap_or(self.at)
    }

    fn join(&mut self, other: &Self) {
        if other.report.state().rank() > self.report.state().rank() {
            (self.report, self.at) = (other.report, other.at);
        }
        self.arrived_at = [self.arrived_at, other.arrived_at].into_iter().flatten().min();
        self.priced = self.priced.or(other.priced);
        self.code = self.code.or(other.code);
    }
}

/// The statuses of one message as at most two: how far it came, and that it failed. A failure
/// stays apart, since it says something of the person even if the message arrived after all.
pub fn joined(statuses: impl IntoIterator<Item = Status>) -> Vec<Status> {
    let mut joined: Vec<Status> = Vec::new();
    for status in statuses {
        let failed = status.report == Report::Failed;
        match joined.iter_mut().find(|it| (it.report == Report::Failed) == failed) {
            Some(known) => known.join(&status),
            None => joined.push(status),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cost::{Category, on_report};
    use crate::delivery::{Event, State, next};

    const UTILITY: Priced = Priced::Billed(Category::Utility);

    fn status(report: Report, second: i64) -> Status {
        let at = Timestamp::from_second(1_795_600_000 + second).unwrap();
        Status::new(report, at, Market::ITALY)
    }

    /// Where statuses lead from a state, what is billed, and how often.
    fn told(from: State, statuses: &[Status]) -> (State, Option<Priced>, Vec<Priced>) {
        let (mut state, mut on_row, mut bills) = (from, None, Vec::new());
        for it in statuses {
            let after = next(Some(state), Event::Report(it.report)).unwrap_or(state);
            let noted = on_report(state, after, on_row, it.priced);
            on_row = on_row.or(noted.keep);
            bills.extend(noted.bill);
            state = after;
        }
        (state, on_row, bills)
    }

    #[test]
    fn the_furthest_holds_and_is_billed_for_when_it_arrived() {
        let sent = Status { priced: Some(UTILITY), ..status(Report::Sent, 1) };
        let (delivered, read) = (status(Report::Delivered, 2), status(Report::Read, 90));
        for order in [[sent, delivered, read], [read, sent, delivered], [delivered, read, sent]] {
            let [one] = joined(order)[..] else { panic!("not one") };
            assert_eq!((one.report, one.at, one.priced), (Report::Read, read.at, Some(UTILITY)));
            assert_eq!(one.billed_at(), delivered.at);
        }
    }

    #[test]
    fn a_failure_stays_apart_with_its_code() {
        let failed = Status { code: Some(131_026), ..status(Report::Failed, 3) };
        let joined = joined([status(Report::Sent, 1), failed, status(Report::Sent, 1), failed]);
        assert_eq!(joined, [status(Report::Sent, 1), failed]);
    }

    proptest! {
        /// Joined or one by one, in any order and doubled: the same state, billed the same.
        #[test]
        fn joining_changes_nothing_but_the_number_of_writes(
            from in prop::sample::select(vec![State::Claimed, State::Unresolved, State::Accepted]),
            reports in prop::collection::vec(
                (
                    prop::sample::select(vec![
                        Report::Sent, Report::Failed, Report::Delivered, Report::Read,
                    ]),
                    any::<bool>(),
                    0_i64..100,
                ),
                0..12,
            ),
        ) {
            let statuses: Vec<_> = reports
                .into_iter()
                .map(|(report, says_price, second)| {
                    let priced = says_price.then_some(UTILITY);
                    Status { priced, ..status(report, second) }
                })
                .collect();
            let joined = joined(statuses.iter().copied());
            prop_assert!(joined.len() <= 2);
            prop_assert_eq!(told(from, &statuses), told(from, &joined));
            let turned: Vec<_> = joined.into_iter().rev().collect();
            prop_assert_eq!(told(from, &statuses), told(from, &turned));
        }
    }
}
