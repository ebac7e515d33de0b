// SPDX-License-Identifier: EUPL-1.2
//! The month's budget: it warns at 80 % and stops bulk messages at 100 %, and nothing else.
//!
//! Emergencies, replies and goodbyes are never held back by it, but they count. What stands
//! against it is what bulk messages will cost at most, from the moment they are sent, and what
//! replies have cost.

use crate::broadcast::Priority;
use crate::cost::{EURO, Month, TenThousandths, euro};

/// From this part of the budget on the office is warned.
const WARN_PERCENT: i64 = 80;

/// How a month stands to its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    Fine,
    /// At least 80 % are spent; `percent` is rounded down, so never more than there is.
    Warn {
        percent: i64,
    },
    /// Nothing is left: bulk messages wait.
    Exhausted,
}

/// How `spent` stands to a budget of `budget_eur` euro.
pub fn budget(spent: TenThousandths, budget_eur: u32) -> Budget {
    let percent = percent_of_budget(spent, budget_eur);
    if percent >= 100 {
        Budget::Exhausted
    } else if percent >= WARN_PERCENT {
        Budget::Warn { percent }
    } else {
        Budget::Fine
    }
}

/// Whole percents of the budget, rounded down.
pub fn percent_of_budget(spent: TenThousandths, budget_eur: u32) -> i64 {
    100 * spent / budget_limit(budget_eur).max(1)
}

/// A budget in the unit of all amounts.
pub fn budget_limit(budget_eur: u32) -> TenThousandths {
    EURO * i64::from(budget_eur)
}

impl Budget {
    /// What to say to the office before a broadcast of `cost`, after which the month would stand
    /// at `self`; `None` where there is nothing to say. `spent` is what stands before it.
    pub fn before_sending(
        self,
        spent: TenThousandths,
        cost: TenThousandths,
        budget_eur: u32,
        priority: Priority,
    ) -> Option<String> {
        let left = (budget_limit(budget_eur) - spent).max(0);
        let after = (left - cost).max(0);
        Some(match self {
            Self::Fine => return None,
            Self::Warn { percent } => format!(
                "Con questo invio la spesa del mese arriva {} del budget ({} su {budget_eur}). \
                 Per gli altri avvisi restano {}: se non bastano, aumentare il budget mensile.",
                at_percent(percent),
                euro(spent + cost),
                euro(after),
            ),
            Self::Exhausted if cost <= left => format!(
                "Con questo invio il budget del mese finisce ({budget_eur} euro). Gli avvisi \
                 successivi si fermano; risposte, cancellazioni ed emergenze continuano. Per altri \
                 avvisi aumentare il budget mensile o aspettare il mese prossimo.",
            ),
            Self::Exhausted if priority == Priority::Emergency => format!(
                "Questo invio supera il budget del mese ({budget_eur} euro), ma un'emergenza parte \
                 lo stesso. Gli altri avvisi del mese si fermano: se servono, aumentare il budget \
                 mensile.",
            ),
            Self::Exhausted if left == 0 => format!(
                "Il budget del mese è finito ({budget_eur} euro): questo invio non partirebbe. \
                 Aumentare il budget mensile o aspettare il mese prossimo.",
            ),
            // To the cent against us, so that the two never look equal.
            Self::Exhausted => format!(
                "Il budget del mese non basta: restano {} e questo invio può costare fino a {}. \
                 Si fermerebbe a metà. Aumentare il budget mensile, scegliere meno destinatari o \
                 aspettare il mese prossimo.",
                euro(left / 100 * 100),
                euro((cost + 99) / 100 * 100),
            ),
        })
    }
}

/// Why a broadcast stopped when the budget of `month` had no room for the next people, and what
/// to do about it.
pub fn budget_ended(month: Month, budget_eur: u32) -> String {
    format!(
        "Il budget di {} è finito ({budget_eur} euro), perciò l'invio si è fermato. Risposte, \
         cancellazioni ed emergenze continuano. Aumentare il budget mensile e riprendere l'invio, \
         oppure riprenderlo a {}.",
        month.in_words(),
        month.next().in_words(),
    )
}

/// `all'85 %`, `al 92 %`: «ottanta» begins with a vowel.
fn at_percent(percent: i64) -> String {
    let article = if (80..90).contains(&percent) { "all'" } else { "al " };
    format!("{article}{percent} %")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_budget_warns_at_80_percent_and_ends_at_100() {
        for (spent, want) in [
            (0, Budget::Fine),
            (799_999, Budget::Fine),
            (800_000, Budget::Warn { percent: 80 }),
            (999_999, Budget::Warn { percent: 99 }),
            (1_000_000, Budget::Exhausted),
            (5_000_000, Budget::Exhausted),
        ] {
            assert_eq!(budget(spent, 100), want, "{spent}");
        }
        assert_eq!(budget(1, 0), Budget::Exhausted);
    }

    #[test]
    fn the_office_reads_what_happens_and_what_to_do() {
        let words = |spent: i64, cost: i64, priority| {
            let after = budget(spent + cost, 100);
            after.before_sending(spent, cost, 100, priority).unwrap_or_default()
        };
        let play = [
            words(0, 100_000, Priority::Normal),
            words(600_000, 250_000, Priority::Normal),
            words(600_000, 320_000, Priority::Emergency),
            words(600_000, 400_000, Priority::Normal),
            words(600_000, 400_001, Priority::Normal),
            words(1_200_000, 248, Priority::Normal),
            words(1_200_000, 248, Priority::Emergency),
            budget_ended("2026-12".parse().unwrap(), 100),
        ];
        insta::assert_snapshot!(play.join("\n"), @r"
        Con questo invio la spesa del mese arriva all'85 % del budget (85,00 euro su 100). Per gli altri avvisi restano 15,00 euro: se non bastano, aumentare il budget mensile.
        Con questo invio la spesa del mese arriva al 92 % del budget (92,00 euro su 100). Per gli altri avvisi restano 8,00 euro: se non bastano, aumentare il budget mensile.
        Con questo invio il budget del mese finisce (100 euro). Gli avvisi successivi si fermano; risposte, cancellazioni ed emergenze continuano. Per altri avvisi aumentare il budget mensile o aspettare il mese prossimo.
        Il budget del mese non basta: restano 40,00 euro e questo invio può costare fino a 40,01 euro. Si fermerebbe a metà. Aumentare il budget mensile, scegliere meno destinatari o aspettare il mese prossimo.
        Il budget del mese è finito (100 euro): questo invio non partirebbe. Aumentare il budget mensile o aspettare il mese prossimo.
        Questo invio supera il budget del mese (100 euro), ma un'emergenza parte lo stesso. Gli altri avvisi del mese si fermano: se servono, aumentare il budget mensile.
        Il budget di dicembre 2026 è finito (100 euro), perciò l'invio si è fermato. Risposte, cancellazioni ed emergenze continuano. Aumentare il budget mensile e riprendere l'invio, oppure riprenderlo a gennaio 2027.
        ");
    }

    proptest! {
        #[test]
        fn it_says_something_exactly_from_80_percent_on(
            spent in 0_i64..2_000_000,
            cost in 0_i64..2_000_000,
            budget_eur in 1_u32..200,
        ) {
            let after = budget(spent + cost, budget_eur);
            let words = after.before_sending(spent, cost, budget_eur, Priority::Normal);
            let full = budget_limit(budget_eur);
            prop_assert_eq!(words.is_some(), (spent + cost) * 100 >= full * 80);
            prop_assert_eq!(after == Budget::Exhausted, spent + cost >= full);
        }
    }
}
