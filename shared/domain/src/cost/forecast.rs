// SPDX-License-Identifier: EUPL-1.2
//! What a year like the last months comes to. No seasons are guessed at: a few months cannot
//! show them.

use jiff::Timestamp;

use crate::cost::{Month, TenThousandths, euro};

/// The months looked back on.
const MONTHS: usize = 3;

/// Twelve months like the cheapest, the mean and the dearest of the last ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    pub low: TenThousandths,
    pub expected: TenThousandths,
    pub high: TenThousandths,
    /// How many months it rests on.
    pub months: usize,
}

/// The last full months before `now`, oldest first: at most three, none from before `first`, the
/// month something was first spent in.
pub fn full_months(first: Option<Month>, now: Timestamp) -> Vec<Month> {
    let last = Month::of(now).before();
    let Some(first) = first else { return Vec::new() };
    let mut months: Vec<_> =
        std::iter::successors(Some(last), |it| Some(it.before())).take(MONTHS).collect();
    months.retain(|it| *it >= first);
    months.reverse();
    months
}

/// A year like these months, of which each is what it came to; `None` if there are none.
pub fn forecast(months: &[TenThousandths]) -> Option<Forecast> {
    let (low, high) = (months.iter().min()?, months.iter().max()?);
    let n = i64::try_from(months.len()).ok()?;
    let expected = 12 * months.iter().sum::<i64>() / n;
    Some(Forecast { low: 12 * low, expected, high: 12 * high, months: months.len() })
}

impl Forecast {
    /// For the office.
    pub fn in_words(&self) -> String {
        let Self { low, expected, high, months } = *self;
        let (like, caution) = match months {
            1 => ("l'ultimo mese intero".to_owned(), "Un mese solo dice poco"),
            n => (format!("gli ultimi {n} mesi interi"), "Non tiene conto delle stagioni"),
        };
        let between = if low == high {
            String::new()
        } else {
            format!(", tra {} e {}", euro(low), euro(high))
        };
        format!("Un anno come {like} costa circa {}{between}. {caution}.", euro(expected))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    #[test]
    fn looks_back_on_full_months_in_which_there_was_something_to_spend() {
        let now = "2026-02-10T09:00:00Z".parse().unwrap();
        for (first, want) in [
            (None, vec![]),
            (Some("2026-02"), vec![]),
            (Some("2026-01"), vec!["2026-01"]),
            (Some("2025-12"), vec!["2025-12", "2026-01"]),
            (Some("2025-11"), vec!["2025-11", "2025-12", "2026-01"]),
            (Some("2024-01"), vec!["2025-11", "2025-12", "2026-01"]),
        ] {
            let want: Vec<_> = want.into_iter().map(month).collect();
            assert_eq!(full_months(first.map(month), now), want, "{first:?}");
        }
    }

    #[test]
    fn a_year_is_twelve_months_like_the_last_ones() {
        let of = |low, expected, high, months| Some(Forecast { low, expected, high, months });
        for (months, want) in [
            (vec![], None),
            (vec![0], of(0, 0, 0, 1)),
            (vec![100], of(1200, 1200, 1200, 1)),
            (vec![100, 300], of(1200, 2400, 3600, 2)),
            (vec![0, 100, 101], of(0, 804, 1212, 3)),
        ] {
            assert_eq!(forecast(&months), want, "{months:?}");
        }
    }

    #[test]
    fn says_it_with_its_doubts() {
        let words = |months: &[i64]| forecast(months).unwrap().in_words();
        let play = [words(&[258_333]), words(&[200_000, 250_000, 333_333]), words(&[5, 5])];
        insta::assert_snapshot!(play.join("\n"), @r"
        Un anno come l'ultimo mese intero costa circa 310,00 euro. Un mese solo dice poco.
        Un anno come gli ultimi 3 mesi interi costa circa 313,33 euro, tra 240,00 euro e 400,00 euro. Non tiene conto delle stagioni.
        Un anno come gli ultimi 2 mesi interi costa circa 0,01 euro. Non tiene conto delle stagioni.
        ");
    }

    proptest! {
        #[test]
        fn what_is_expected_lies_between_low_and_high(
            months in prop::collection::vec(0_i64..10_000_000, 1..4)
        ) {
            let Forecast { low, expected, high, .. } = forecast(&months).unwrap();
            prop_assert!(low <= expected && expected <= high);
        }
    }
}
