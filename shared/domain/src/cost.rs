//! What Meta takes for messages to Italian numbers.
//!
//! Source: whatsapp-cloud-api, section 9.2: list rates in euro per delivered message, VAT
//! excluded, marketing since 2026-07-01, utility since 2025-07-01, read on 2026-10-02.

use crate::line::Category;

/// Ten-thousandths of a euro, so that sums are exact.
pub type TenThousandths = i64;

/// The rate of one delivered template message.
pub fn rate(category: Category) -> TenThousandths {
    match category {
        Category::Utility => 248,
        Category::Marketing => 658,
    }
}

/// The most a template to so many people costs: all of them delivered.
pub fn estimate(category: Category, people: i64) -> TenThousandths {
    rate(category) * people.max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_thousand_people_cost_what_the_price_list_says() {
        assert_eq!(estimate(Category::Utility, 5000), 1_240_000);
        assert_eq!(estimate(Category::Marketing, 5000), 3_290_000);
        assert_eq!(estimate(Category::Utility, 0), 0);
    }
}
