// SPDX-License-Identifier: EUPL-1.2
//! What messages cost: Meta's rates, what a send will cost at most, what was billed, how that
//! stands to the month's budget, what a year like the last months comes to; and what a whole
//! deployment costs, AWS included.
//!
//! Source of the rules: whatsapp-cloud-api, section 9. Amounts are list rates in euro, VAT
//! excluded; volume tiers are far beyond one comune and left out.

mod budget;
mod estimate;
mod forecast;
mod month;
mod operations;
mod priced;
mod rates;
mod running;
mod spent;

pub use budget::{Budget, budget, budget_ended, budget_limit, percent_of_budget};
pub use estimate::{Estimate, Reach, at_most, at_most_one, estimate};
pub use forecast::{Forecast, forecast, full_months};
pub use month::{Month, NotAMonth};
pub use operations::{
    ANSWER, BROADCAST, CHAT_MESSAGE_BYTES, DELIVERY_BYTES, KEYWORD, MESSAGE, NIGHT,
    NIGHT_OF_CONTACT, Operations, QUESTION, Runs, SUBSCRIBER_BYTES, TICK,
};
pub use priced::{Noted, Priced, on_report, recategorised};
pub use rates::{Category, Market, Rate, rate};
pub use running::{
    ALARMS, Bill, Charge, FILES_PER_CENT, MESSAGES_PER_CHAT, MOVING_PER_CENT, Price, Prices, Unit,
    Use, What, bill,
};
pub use spent::{Spent, Tally, billed};

/// Ten-thousandths of a euro, so that sums are exact.
pub type TenThousandths = i64;

/// Ten-thousandths in one euro.
pub const EURO: TenThousandths = 10_000;

/// Service messages a business number has free in a month; what is left does not carry over.
///
/// Source: Meta's page on messages that are no templates, 2026-08-25.
pub const FREE_SERVICE_MESSAGES: i64 = 1_000;

/// An amount for the office: `124,00 euro`, `0,02 euro`. To the nearest cent.
pub fn euro(amount: TenThousandths) -> String {
    let cents = (amount.abs() + 50) / 100;
    let sign = if amount < 0 && cents > 0 { "-" } else { "" };
    format!("{sign}{},{:02} euro", thousands(cents / 100), cents % 100)
}

/// A whole number as Italians write it: `12.400`.
pub fn thousands(number: i64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            grouped.push('.');
        }
        grouped.push(digit);
    }
    grouped
}

/// The price of one message, exact: `0,0658 euro`.
pub fn euro_each(amount: TenThousandths) -> String {
    format!("{},{:04} euro", amount / 10_000, amount % 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_reads_as_on_a_bill() {
        for (amount, want) in [
            (0, "0,00 euro"),
            (248, "0,02 euro"),
            (250, "0,03 euro"),
            (1_240_000, "124,00 euro"),
            (12_400_000, "1.240,00 euro"),
            (12_345_678_900, "1.234.567,89 euro"),
            (-10_000, "-1,00 euro"),
            (-1, "0,00 euro"),
        ] {
            assert_eq!(euro(amount), want, "{amount}");
        }
    }
}
