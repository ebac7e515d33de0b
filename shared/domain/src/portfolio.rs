// SPDX-License-Identifier: EUPL-1.2
//! The portfolio's limit: how many people its numbers may reach outside the service window in any
//! 24 hours.
//!
//! Meta counts each person once. So do we, by the last message they got: who is written to again
//! moves to the newer time. Times are kept by the quarter of an hour, and a quarter counts until
//! all of it is past, so that we never count fewer than Meta does.
//!
//! Source: Cloud API, messaging-limits.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::broadcast::Priority;
use crate::hours::ROME;
use crate::rate::CHUNK;

/// Meta's 24 hours, and a margin for clocks and for messages that are under way.
pub const WINDOW: SignedDuration = SignedDuration::from_mins(24 * 60 + 5);

/// The share of the limit that only emergencies may use, in percent.
pub const EMERGENCY_SHARE_PERCENT: i64 = 10;

const QUARTER_SECONDS: i64 = 15 * 60;

/// A day's split never has more parts; a limit so small cannot carry the audience.
const MAX_PARTS: usize = 2000;

/// A quarter of an hour, counted since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quarter(pub i64);

impl Quarter {
    pub fn of(at: Timestamp) -> Self {
        Self(at.as_second().div_euclid(QUARTER_SECONDS))
    }

    /// When people last reached in this quarter do not count any more.
    pub fn forgotten_at(self) -> Timestamp {
        let end = Timestamp::from_second((self.0 + 1) * QUARTER_SECONDS);
        end.unwrap_or(Timestamp::MAX).saturating_add(WINDOW).unwrap_or(Timestamp::MAX)
    }
}

/// People by the quarter in which they were last reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached(pub BTreeMap<Quarter, i64>);

impl Reached {
    /// People who count at `now`.
    pub fn people(&self, now: Timestamp) -> i64 {
        self.counting(now).map(|(_, n)| n).sum()
    }

    fn counting(&self, now: Timestamp) -> impl Iterator<Item = (Quarter, i64)> {
        // A person may have been moved out of a quarter that never knew them: never below none.
        self.0.iter().map(|(it, n)| (*it, (*n).max(0))).filter(move |it| it.0.forgotten_at() > now)
    }

    /// Quarters that may be dropped.
    pub fn forgotten(&self, now: Timestamp) -> impl Iterator<Item = Quarter> {
        self.0.keys().copied().filter(move |it| it.forgotten_at() <= now)
    }

    fn add(&mut self, at: Timestamp, people: i64) {
        *self.0.entry(Quarter::of(at)).or_default() += people;
    }
}

/// How many more people may be reached at `now`.
///
/// Bulk leaves [`EMERGENCY_SHARE_PERCENT`] of the limit to emergencies.
pub fn room(limit: u32, reached: &Reached, priority: Priority, now: Timestamp) -> i64 {
    (share(limit, priority) - reached.people(now)).max(0)
}

fn share(limit: u32, priority: Priority) -> i64 {
    let limit = i64::from(limit);
    match priority {
        Priority::Emergency => limit,
        Priority::Normal => limit - (limit * EMERGENCY_SHARE_PERCENT + 99) / 100,
    }
}

/// When there is room for `wanted` more people, or for as many as the limit ever takes.
pub fn room_at(
    limit: u32,
    reached: &Reached,
    priority: Priority,
    wanted: i64,
    now: Timestamp,
) -> Timestamp {
    let wanted = wanted.min(share(limit, priority)).max(1);
    let mut room = share(limit, priority) - reached.people(now);
    let mut at = now;
    for (quarter, people) in reached.counting(now) {
        if room >= wanted {
            break;
        }
        room += people;
        at = quarter.forgotten_at();
    }
    at
}

/// The people of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// By Rome's calendar.
    pub on: Date,
    pub people: i64,
}

/// How a send to `people` who all count is split over days, if it began at `now`.
///
/// Without a limit it is one day. Empty for nobody.
pub fn split(
    limit: Option<u32>,
    reached: &Reached,
    priority: Priority,
    people: i64,
    now: Timestamp,
) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    let mut add = |at: Timestamp, people| {
        let on = at.to_zoned(ROME.clone()).date();
        match days.last_mut() {
            Some(last) if last.on == on => last.people += people,
            _ => days.push(Day { on, people }),
        }
    };
    let Some(limit) = limit else {
        if people > 0 {
            add(now, people);
        }
        return days;
    };
    let mut reached = reached.clone();
    let (mut at, mut left) = (now, people);
    let chunk = i64::try_from(CHUNK).unwrap_or(1);
    for _ in 0..MAX_PARTS {
        if left <= 0 {
            break;
        }
        let part = room(limit, &reached, priority, at).min(left);
        if part > 0 {
            add(at, part);
            reached.add(at, part);
            left -= part;
        }
        at = room_at(limit, &reached, priority, left.min(chunk), at);
    }
    days
}

/// What the office should know of a send that takes more than one day, in plain Italian.
pub fn takes_days(split: &[Day]) -> Option<String> {
    let [first, .., last] = split else { return None };
    Some(format!(
        "Meta limita le persone a cui si può scrivere in 24 ore: questo invio dura {} giorni, fino \
         al {}. Il primo giorno arriva a {} persone.",
        split.len(),
        last.on.strftime("%d/%m/%Y"),
        first.people,
    ))
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn noon() -> Timestamp {
        at("2026-11-23T12:00:00+01:00")
    }

    fn reached(at: Timestamp, people: i64) -> Reached {
        Reached(BTreeMap::from([(Quarter::of(at), people)]))
    }

    #[test]
    fn bulk_leaves_a_share_to_emergencies() {
        for (limit, used, priority, want) in [
            (250, 0, Priority::Normal, 225),
            (250, 0, Priority::Emergency, 250),
            (250, 200, Priority::Normal, 25),
            (250, 230, Priority::Normal, 0),
            (250, 230, Priority::Emergency, 20),
            (250, 300, Priority::Emergency, 0),
            (2_000, 0, Priority::Normal, 1_800),
        ] {
            let got = room(limit, &reached(noon(), used), priority, noon());
            assert_eq!(got, want, "{limit} {used} {priority:?}");
        }
    }

    #[test]
    fn people_count_for_24_hours_and_a_margin() {
        let one = reached(noon(), 1);
        assert_eq!(one.people(noon() + 24.hours()), 1);
        assert_eq!(one.people(noon() + 24.hours() + 19.minutes()), 1);
        assert_eq!(one.people(noon() + 24.hours() + 20.minutes()), 0);
        assert_eq!(one.forgotten(noon() + 2.hours()).count(), 0);
        assert_eq!(one.forgotten(noon() + 25.hours()).count(), 1);
    }

    #[test]
    fn a_send_over_the_limit_is_split_over_days() {
        let day = |day, people| Day { on: date(2026, 11, day), people };
        for (limit, used, people, want) in [
            (None, 0, 5_000, vec![day(23, 5_000)]),
            (Some(2_000), 0, 1_800, vec![day(23, 1_800)]),
            (Some(250), 0, 500, vec![day(23, 225), day(24, 225), day(25, 50)]),
            (Some(250), 225, 300, vec![day(24, 225), day(25, 75)]),
            (Some(250), 0, 0, vec![]),
        ] {
            let got = split(limit, &reached(noon(), used), Priority::Normal, people, noon());
            assert_eq!(got, want, "{limit:?} {used} {people}");
        }
    }

    #[test]
    fn a_send_of_more_than_one_day_says_so() {
        let day = |day, people| Day { on: date(2026, 11, day), people };
        assert_eq!(takes_days(&[]), None);
        assert_eq!(takes_days(&[day(23, 225)]), None);
        assert_eq!(
            takes_days(&[day(23, 225), day(24, 225), day(25, 50)]).unwrap(),
            "Meta limita le persone a cui si può scrivere in 24 ore: questo invio dura 3 giorni, \
             fino al 25/11/2026. Il primo giorno arriva a 225 persone."
        );
    }

    proptest! {
        /// However sends come, no 24 hours hold more people than the limit.
        #[test]
        fn no_24_hours_hold_more_than_the_limit(
            asks in prop::collection::vec((0_i64..40_000, 1_i64..120), 1..60),
            limit in 10_u32..400,
        ) {
            let mut known = Reached::default();
            let mut now = noon();
            let mut sent: Vec<(Timestamp, i64)> = Vec::new();
            for (pause, wanted) in asks {
                now += pause.seconds();
                let n = room(limit, &known, Priority::Emergency, now).min(wanted);
                known.add(now, n);
                sent.push((now, n));
                let day: i64 = sent.iter().filter(|it| it.0 > now - 24.hours()).map(|it| it.1).sum();
                prop_assert!(day <= i64::from(limit), "{day} in 24 hours");
            }
        }

        #[test]
        fn a_split_reaches_everybody_once_and_there_is_room_when_it_says(
            people in 0_i64..3_000, used in 0_i64..300, limit in 250_u32..2_000,
        ) {
            let known = reached(noon(), used);
            let days = split(Some(limit), &known, Priority::Normal, people, noon());
            prop_assert_eq!(days.iter().map(|it| it.people).sum::<i64>(), people);
            let when = room_at(limit, &known, Priority::Normal, 50, noon());
            prop_assert!(room(limit, &known, Priority::Normal, when) >= 50);
        }
    }
}
