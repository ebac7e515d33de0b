// SPDX-License-Identifier: EUPL-1.2
//! Messages and money by kind: small counters that are added up.

use std::ops::AddAssign;

use jiff::Timestamp;

use crate::cost::month::day_in_rome;
use crate::cost::{FREE_SERVICE_MESSAGES, Market, Priced, TenThousandths, rate};

/// How many messages, and what they came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub messages: i64,
    pub cost: TenThousandths,
}

/// What was billed, by kind: of one broadcast, or of one month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent([Tally; Priced::ALL.len()]);

/// What one message that arrived `at` costs.
pub fn billed(priced: Priced, market: Market, at: Timestamp) -> TenThousandths {
    match priced {
        Priced::Billed(category) => rate(category, market, day_in_rome(at)).per_message,
        Priced::FreeService | Priced::FreeEntryPoint | Priced::FreeOther => 0,
    }
}

impl Spent {
    /// Counts in one message that arrived `at`.
    pub fn count(&mut self, priced: Priced, market: Market, at: Timestamp) {
        *self += Self::of(priced, Tally { messages: 1, cost: billed(priced, market, at) });
    }

    /// All of one kind.
    pub fn of(priced: Priced, tally: Tally) -> Self {
        let mut spent = Self::default();
        spent.0[priced.index()] = tally;
        spent
    }

    pub fn get(&self, priced: Priced) -> Tally {
        self.0[priced.index()]
    }

    /// The kinds of which there is something.
    pub fn kinds(&self) -> impl Iterator<Item = (Priced, Tally)> {
        Priced::ALL.into_iter().zip(self.0).filter(|it| it.1 != Tally::default())
    }

    /// Everything together.
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        for tally in self.0 {
            total += tally;
        }
        total
    }

    /// How many more service messages of the month of which this is are free.
    pub fn free_service_left(&self) -> i64 {
        (FREE_SERVICE_MESSAGES - self.get(Priced::FreeService).messages).max(0)
    }

    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.messages += more.messages;
        self.cost += more.cost;
    }
}

impl AddAssign for Spent {
    fn add_assign(&mut self, more: Self) {
        for (tally, more) in self.0.iter_mut().zip(more.0) {
            *tally += more;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cost::Category;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_message_costs_what_it_did_in_rome_on_the_day_it_arrived() {
        let (marketing, service) =
            (Priced::Billed(Category::Marketing), Priced::Billed(Category::Service));
        for (priced, market, when, want) in [
            (Priced::Billed(Category::Utility), Market::ITALY, "2026-11-24T08:00:00Z", 248),
            (Priced::Billed(Category::Utility), Market::ELSEWHERE, "2026-11-24T08:00:00Z", 456),
            (marketing, Market::ITALY, "2026-06-30T21:59:59Z", 572),
            (marketing, Market::ITALY, "2026-06-30T22:00:00Z", 658),
            (service, Market::ITALY, "2026-09-30T21:59:59Z", 0),
            (service, Market::ITALY, "2026-09-30T22:00:00Z", 248),
            (Priced::FreeService, Market::ITALY, "2026-11-24T08:00:00Z", 0),
            (Priced::FreeEntryPoint, Market::ELSEWHERE, "2026-11-24T08:00:00Z", 0),
            (Priced::FreeOther, Market::ITALY, "2026-11-24T08:00:00Z", 0),
        ] {
            assert_eq!(billed(priced, market, at(when)), want, "{priced:?} {when}");
        }
    }

    #[test]
    fn a_thousand_service_messages_a_month_are_free() {
        for (used, want) in [(0, 1_000), (1, 999), (1_000, 0), (1_001, 0)] {
            let mut month = Spent::of(Priced::FreeService, Tally { messages: used, cost: 0 });
            month += Spent::of(Priced::FreeEntryPoint, Tally { messages: 5, cost: 0 });
            assert_eq!(month.free_service_left(), want, "{used}");
        }
    }

    proptest! {
        #[test]
        fn what_is_counted_one_by_one_or_in_parts_comes_to_the_same(
            messages in prop::collection::vec(prop::sample::select(&Priced::ALL[..]), 0..60),
            cut in 0_usize..60,
        ) {
            let now = at("2026-11-24T08:00:00Z");
            let counted = |messages: &[Priced]| {
                let mut spent = Spent::default();
                for priced in messages {
                    spent.count(*priced, Market::ITALY, now);
                }
                spent
            };
            let all = counted(&messages);
            let (first, second) = messages.split_at(cut.min(messages.len()));
            let mut parts = counted(first);
            parts += counted(second);
            prop_assert_eq!(all, parts);
            prop_assert_eq!(all.is_zero(), messages.is_empty());
            let total = all.total();
            prop_assert_eq!(total.messages, i64::try_from(messages.len()).unwrap());
            let cost: i64 = messages.iter().map(|it| billed(*it, Market::ITALY, now)).sum();
            prop_assert_eq!(total.cost, cost);
            for (priced, tally) in all.kinds() {
                let of_kind = messages.iter().filter(|it| **it == priced).count();
                prop_assert_eq!(tally.messages, i64::try_from(of_kind).unwrap());
                prop_assert_eq!(all.get(priced), tally);
            }
        }
    }
}
