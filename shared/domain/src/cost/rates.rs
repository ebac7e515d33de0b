// SPDX-License-Identifier: EUPL-1.2
//! Meta's list rates, from a data file: one row per country, category and stretch of time.

use std::sync::LazyLock;

use jiff::civil::Date;

use crate::contact::Contact;
use crate::cost::TenThousandths;
use crate::line;

/// What Meta tells apart when it bills. Its rarer words are told apart by what they are akin to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    Marketing,
    Utility,
    Authentication,
    /// What is no template, inside the service window.
    Service,
    /// A word of Meta's that we do not know: priced at the highest rate of its market.
    Other,
}

impl Category {
    pub const ALL: [Self; 5] =
        [Self::Marketing, Self::Utility, Self::Authentication, Self::Service, Self::Other];

    pub fn name(self) -> &'static str {
        match self {
            Self::Marketing => "marketing",
            Self::Utility => "utility",
            Self::Authentication => "authentication",
            Self::Service => "service",
            Self::Other => "other",
        }
    }

    /// Reads `pricing.category` of a status. Total: Meta adds words.
    ///
    /// Source: whatsapp-cloud-api, section 3.
    pub fn read(word: &str) -> Self {
        match word {
            "marketing" | "marketing_lite" | "group_marketing" => Self::Marketing,
            "utility" | "group_utility" => Self::Utility,
            "authentication" => Self::Authentication,
            "service" | "group_service" => Self::Service,
            _ => Self::Other,
        }
    }
}

impl From<line::Category> for Category {
    fn from(category: line::Category) -> Self {
        match category {
            line::Category::Utility => Self::Utility,
            line::Category::Marketing => Self::Marketing,
        }
    }
}

/// Where a recipient's number is from, as far as the rates tell countries apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Market(&'static str);

impl Market {
    pub const ITALY: Self = Self("IT");
    /// Countries whose rates we have no source for.
    pub const ELSEWHERE: Self = Self("*");

    /// By the number's prefix; without a number by Meta's user id, which begins with a country.
    pub fn of(contact: &Contact) -> Self {
        let digits = contact.phone.as_ref().map(crate::phone::Phone::expose);
        let user_id = contact.user_id.as_ref().map(crate::ids::UserId::expose);
        Self::of_address(digits, user_id)
    }

    /// As [`Self::of`], of what a status names its recipient by: digits with the country's
    /// prefix, Meta's user id.
    pub fn of_address(digits: Option<&str>, user_id: Option<&str>) -> Self {
        let country = user_id.and_then(|it| it.split_once('.')).map(|it| it.0);
        let row = RATES.rows.iter().find(|row| match digits {
            Some(digits) => !row.prefix.is_empty() && digits.starts_with(&row.prefix),
            None => country == Some(row.country.as_str()),
        });
        row.map_or(Self::ELSEWHERE, |row| Self(&row.country))
    }

    /// The country's two letters, or `*`: `IT`.
    pub fn name(self) -> &'static str {
        self.0
    }

    pub fn parse(name: &str) -> Option<Self> {
        RATES.rows.iter().find(|row| row.country == name).map(|row| Self(&row.country))
    }
}

/// What one delivered message costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub per_message: TenThousandths,
    /// Whether we have no source for exactly this, and took the highest we know instead. An
    /// amount made of such rates is said to be *stimato*.
    pub is_estimate: bool,
}

/// The rate of one delivered message on a day in Rome.
///
/// Always some rate: where the file has no row, the highest of the market that day, or the
/// highest there is. So an estimate is never too low without saying so.
pub fn rate(category: Category, market: Market, on: Date) -> Rate {
    RATES.rate(category, market.name(), on)
}

static RATES: LazyLock<Table> =
    LazyLock::new(|| Table::parse(include_str!("rates.csv")).expect("a test reads every row"));

#[derive(Clone, Debug)]
struct Table {
    rows: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq)]
struct Row {
    /// Two letters, or `*` for the rest of the world.
    country: String,
    /// Of its numbers; empty for `*`.
    prefix: String,
    category: Category,
    per_message: TenThousandths,
    /// First and last day.
    from: Date,
    until: Option<Date>,
    /// When the source was read, and what it is.
    read_on: Date,
    source: String,
}

impl Row {
    fn holds(&self, on: Date) -> bool {
        self.from <= on && self.until.is_none_or(|until| on <= until)
    }
}

impl Table {
    /// Reads the file; the error is the first line that cannot be read.
    fn parse(text: &str) -> Result<Self, String> {
        let lines = text.lines().skip(1).filter(|it| !it.is_empty());
        let rows = lines.map(|line| row(line).ok_or_else(|| line.to_owned()));
        Ok(Self { rows: rows.collect::<Result<_, _>>()? })
    }

    fn rate(&self, category: Category, country: &str, on: Date) -> Rate {
        let of_day = |row: &&Row| row.holds(on);
        let of_country = |row: &&Row| row.country == country;
        let today = || self.rows.iter().filter(of_day);
        if let Some(row) = today().filter(of_country).find(|row| row.category == category) {
            let is_estimate = country == Market::ELSEWHERE.name();
            return Rate { per_message: row.per_message, is_estimate };
        }
        let highest = today().filter(of_country).map(|row| row.per_message).max();
        let highest = highest.or_else(|| self.rows.iter().map(|row| row.per_message).max());
        Rate { per_message: highest.unwrap_or(0), is_estimate: true }
    }
}

/// `IT,39,marketing,0.0572,2025-07-01,2026-06-30,2026-10-02,"where it is from"`
fn row(line: &str) -> Option<Row> {
    let mut fields = line.splitn(8, ',');
    let mut next = || fields.next();
    let (country, prefix, category) = (next()?.to_owned(), next()?.to_owned(), next()?);
    let category = Category::ALL.into_iter().find(|it| it.name() == category)?;
    let (euro, decimals) = next()?.split_once('.').filter(|it| it.1.len() == 4)?;
    let (euro, decimals): (i64, i64) = (euro.parse().ok()?, decimals.parse().ok()?);
    let from = next()?.parse().ok()?;
    let until = Some(next()?).filter(|it| !it.is_empty());
    let until = until.map(str::parse).transpose().ok()?;
    let read_on = next()?.parse().ok()?;
    let source = next()?.strip_prefix('"')?.strip_suffix('"')?.to_owned();
    let per_message = euro * super::EURO + decimals;
    Some(Row { country, prefix, category, per_message, from, until, read_on, source })
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::ids::{ContactId, UserId};
    use crate::phone::Phone;

    /// Prices are by message since this day; what was before concerns nobody any more.
    const FIRST: Date = date(2025, 7, 1);

    fn italy(category: Category, on: Date) -> Rate {
        rate(category, Market::ITALY, on)
    }

    #[test]
    fn the_rates_are_those_of_the_price_list() {
        use Category::{Authentication, Marketing, Other, Service, Utility};
        for (category, on, want) in [
            (Marketing, date(2025, 7, 1), 572),
            (Marketing, date(2026, 6, 30), 572),
            (Marketing, date(2026, 7, 1), 658),
            (Marketing, date(2030, 1, 1), 658),
            (Utility, date(2025, 7, 1), 248),
            (Utility, date(2026, 11, 24), 248),
            (Authentication, date(2026, 11, 24), 248),
            (Service, date(2026, 9, 30), 0),
            (Service, date(2026, 10, 1), 248),
        ] {
            let want = Rate { per_message: want, is_estimate: false };
            assert_eq!(italy(category, on), want, "{category:?} on {on}");
        }
        for (market, category, on, want) in [
            (Market::ELSEWHERE, Marketing, date(2026, 11, 24), 1322),
            (Market::ELSEWHERE, Utility, date(2026, 11, 24), 456),
            (Market::ELSEWHERE, Authentication, date(2026, 11, 24), 1126),
            (Market::ELSEWHERE, Service, date(2026, 9, 30), 0),
            (Market::ELSEWHERE, Service, date(2026, 10, 1), 456),
            (Market::ITALY, Other, date(2026, 11, 24), 658),
            (Market::ITALY, Utility, date(2025, 6, 30), 1322),
        ] {
            let want = Rate { per_message: want, is_estimate: true };
            assert_eq!(rate(category, market, on), want, "{category:?} in {market:?} on {on}");
        }
    }

    #[test]
    fn every_row_says_where_it_is_from() {
        for row in &RATES.rows {
            assert!(row.source.len() > 20, "{row:?}");
            assert!(row.from >= FIRST && row.until.is_none_or(|it| it >= row.from), "{row:?}");
            assert!(row.read_on >= date(2026, 10, 1), "{row:?}");
            assert_eq!(row.prefix.is_empty(), row.country == "*", "{row:?}");
        }
        let line = "IT,39,utility,0.0248,2025-07-01,,2026-10-02,\"a card\"";
        assert!(row(line).is_some());
        for wrong in ["0.0248", "39", "utility", "2025-07-01", "\"a card\""] {
            let line = line.replacen(wrong, "x", 1);
            let prefix = wrong == "39";
            assert_eq!(row(&line).is_some(), prefix, "{line}");
        }
    }

    #[test]
    fn a_number_belongs_to_the_market_of_its_prefix() {
        let nobody = || Contact::new(ContactId::new("c"));
        let phone = |digits| Contact { phone: Some(Phone::parse(digits).unwrap()), ..nobody() };
        let user = |id: &str| Contact { user_id: Some(UserId::new(id)), ..nobody() };
        let (italy, elsewhere) = (Market::ITALY, Market::ELSEWHERE);
        for (contact, want) in [
            (phone("393330000001"), italy),
            (phone("40721000001"), elsewhere),
            (phone("13930000001"), elsewhere),
            (user("IT.1349000000000001"), italy),
            (user("RO.1349000000000001"), elsewhere),
            (user("*"), elsewhere),
            (Contact { phone: phone("40721000001").phone, ..user("IT.1349") }, elsewhere),
            (nobody(), elsewhere),
        ] {
            assert_eq!(Market::of(&contact), want, "{:?}", contact.user_id.is_some());
        }
        for market in [italy, elsewhere] {
            assert_eq!(Market::parse(market.name()), Some(market));
        }
        assert_eq!(Market::parse("XX"), None);
    }

    #[test]
    fn words_of_meta_are_read_by_what_they_are_akin_to() {
        for category in Category::ALL {
            assert_eq!(Category::read(category.name()), category);
        }
        for (word, want) in [
            ("marketing_lite", Category::Marketing),
            ("group_utility", Category::Utility),
            ("group_service", Category::Service),
            ("authentication-international", Category::Other),
            ("general_purpose_ai", Category::Other),
            ("", Category::Other),
        ] {
            assert_eq!(Category::read(word), want, "{word}");
        }
    }

    #[test]
    fn every_day_has_exactly_one_rate() {
        for on in FIRST.series(1.day()).take(20 * 366) {
            for market in [Market::ITALY, Market::ELSEWHERE] {
                for category in Category::ALL.into_iter().filter(|it| *it != Category::Other) {
                    let rows = RATES.rows.iter().filter(|it| it.country == market.name());
                    let rows = rows.filter(|it| it.category == category && it.holds(on));
                    assert_eq!(rows.count(), 1, "{category:?} in {market:?} on {on}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_row_of_the_future_changes_nothing_before_it(
            days in 0_i32..2_000,
            ahead in 1_i32..2_000,
            which in 0_usize..5,
            per_message in 0_i64..9_999,
        ) {
            let today = FIRST.saturating_add(days.days());
            let from = today.saturating_add(ahead.days());
            let category = Category::ALL[which];
            let line = format!(
                "\nIT,39,{},0.{per_message:04},{from},,2026-11-22,\"a card to come\"\n",
                category.name(),
            );
            let text = [include_str!("rates.csv"), &line].concat();
            let table = Table::parse(&text).unwrap();
            prop_assert_eq!(table.rows.len(), RATES.rows.len() + 1);
            for category in Category::ALL {
                for market in [Market::ITALY, Market::ELSEWHERE] {
                    let now = table.rate(category, market.name(), today);
                    prop_assert_eq!(now, rate(category, market, today));
                }
            }
        }

        #[test]
        fn what_we_have_no_source_for_is_never_cheaper_than_what_we_have(days in 0_i32..20_000) {
            let on = FIRST.saturating_add(days.days());
            for category in Category::ALL {
                let here = italy(category, on);
                let there = rate(category, Market::ELSEWHERE, on);
                prop_assert!(there.per_message >= here.per_message && there.is_estimate);
            }
        }
    }
}
