// SPDX-License-Identifier: EUPL-1.2
//! What Meta said a message was: billed or free, and as what.
//!
//! Meta bills on delivery and says the price on one or another of a message's statuses, in any
//! order and more than once. So what was said is kept with the message, and the message is
//! counted once: when it has arrived and its price is known, whichever comes last.

use crate::cost::Category;
use crate::delivery::State;
use crate::line;

/// How one message was billed, read from the `pricing` of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priced {
    Billed(Category),
    /// One of the month's free service messages.
    FreeService,
    /// Within three days of an advertisement or a button of a page.
    FreeEntryPoint,
    /// Free for a reason that a comune hardly meets: a group; until 2026-09-30 also a utility
    /// template inside the service window.
    FreeOther,
}

impl Priced {
    pub const ALL: [Self; 8] = [
        Self::Billed(Category::Marketing),
        Self::Billed(Category::Utility),
        Self::Billed(Category::Authentication),
        Self::Billed(Category::Service),
        Self::Billed(Category::Other),
        Self::FreeService,
        Self::FreeEntryPoint,
        Self::FreeOther,
    ];

    /// Its place in [`Self::ALL`].
    pub(super) fn index(self) -> usize {
        match self {
            Self::Billed(Category::Marketing) => 0,
            Self::Billed(Category::Utility) => 1,
            Self::Billed(Category::Authentication) => 2,
            Self::Billed(Category::Service) => 3,
            Self::Billed(Category::Other) => 4,
            Self::FreeService => 5,
            Self::FreeEntryPoint => 6,
            Self::FreeOther => 7,
        }
    }

    /// As it is stored with a message, and as the API calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Billed(category) => category.name(),
            Self::FreeService => "free_service",
            Self::FreeEntryPoint => "free_entry_point",
            Self::FreeOther => "free_other",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Reads `pricing.type` and `pricing.category`; `None` if a status has neither.
    ///
    /// Only what is said to be free is: a type that is missing or new counts as billed.
    /// Source: whatsapp-cloud-api, section 9.3.
    pub fn read(kind: Option<&str>, category: Option<&str>) -> Option<Self> {
        let billed = || Category::read(category.unwrap_or_default());
        Some(match (kind, category) {
            (None, None) => return None,
            (Some("free_customer_service"), None | Some("service")) => Self::FreeService,
            (Some("free_entry_point"), _) => Self::FreeEntryPoint,
            (Some(kind), _) if kind.starts_with("free_") => Self::FreeOther,
            _ => Self::Billed(billed()),
        })
    }
}

/// The category that a template was billed as, if it is not the one it was approved in: Meta has
/// changed it, and every further message costs that.
///
/// `template` is the line's; ask only for messages that went out as templates.
pub fn recategorised(template: line::Category, priced: Priced) -> Option<Category> {
    match priced {
        Priced::Billed(category) if category != Category::from(template) => Some(category),
        _ => None,
    }
}

/// What a status changes about a message's price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noted {
    /// To be written on the message's row, which has none yet.
    pub keep: Option<Priced>,
    /// To be counted now, and never again for this message.
    pub bill: Option<Priced>,
}

/// What is to be done about the price when a status moves a message from `before` to `after`,
/// which are the same where it moves nothing.
///
/// `on_row` is the price the row had before, `in_status` the one the status says. The first one
/// said holds (whatsapp-cloud-api, section 3). The row's state and price must be read and written
/// in one step, or two statuses at once could each take the other for the one that bills.
pub fn on_report(
    before: State,
    after: State,
    on_row: Option<Priced>,
    in_status: Option<Priced>,
) -> Noted {
    let counted_before = has_arrived(before) && on_row.is_some();
    let bill = on_row.or(in_status).filter(|_| has_arrived(after) && !counted_before);
    Noted { keep: in_status.filter(|_| on_row.is_none()), bill }
}

/// Whether Meta charges for a message that stands there.
fn has_arrived(state: State) -> bool {
    matches!(state, State::Delivered | State::Read)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::delivery::{Event, Report, next};

    const UTILITY: Priced = Priced::Billed(Category::Utility);

    #[test]
    fn reads_what_was_billed_and_what_was_free() {
        use Category::{Authentication, Marketing, Other, Service, Utility};
        for (kind, category, want) in [
            (Some("regular"), Some("utility"), Some(Priced::Billed(Utility))),
            (Some("regular"), Some("marketing"), Some(Priced::Billed(Marketing))),
            (Some("regular"), Some("authentication"), Some(Priced::Billed(Authentication))),
            (Some("regular"), Some("service"), Some(Priced::Billed(Service))),
            (Some("regular"), Some("never_heard_of"), Some(Priced::Billed(Other))),
            (Some("regular"), None, Some(Priced::Billed(Other))),
            (Some("free_customer_service"), Some("service"), Some(Priced::FreeService)),
            (Some("free_customer_service"), None, Some(Priced::FreeService)),
            (Some("free_customer_service"), Some("utility"), Some(Priced::FreeOther)),
            (Some("free_entry_point"), Some("referral_conversion"), Some(Priced::FreeEntryPoint)),
            (Some("free_entry_point"), Some("utility"), Some(Priced::FreeEntryPoint)),
            (Some("free_group_customer_service"), Some("service"), Some(Priced::FreeOther)),
            (Some("something_new"), Some("utility"), Some(Priced::Billed(Utility))),
            (None, Some("marketing"), Some(Priced::Billed(Marketing))),
            (None, None, None),
        ] {
            assert_eq!(Priced::read(kind, category), want, "{kind:?} {category:?}");
        }
    }

    #[test]
    fn names_come_back_and_each_has_its_place() {
        for (n, priced) in Priced::ALL.into_iter().enumerate() {
            assert_eq!(Priced::parse(priced.name()), Some(priced));
            assert_eq!(priced.index(), n);
        }
        assert_eq!(Priced::parse("regular"), None);
    }

    #[test]
    fn a_template_billed_as_something_else_was_recategorised() {
        let (utility, marketing) = (line::Category::Utility, line::Category::Marketing);
        for (template, priced, want) in [
            (utility, UTILITY, None),
            (utility, Priced::Billed(Category::Marketing), Some(Category::Marketing)),
            (marketing, UTILITY, Some(Category::Utility)),
            (marketing, Priced::Billed(Category::Other), Some(Category::Other)),
            (utility, Priced::FreeEntryPoint, None),
            (utility, Priced::FreeOther, None),
        ] {
            assert_eq!(recategorised(template, priced), want, "{template:?} {priced:?}");
        }
    }

    #[test]
    fn a_message_is_counted_when_it_has_arrived_and_its_price_is_known() {
        use State::{Accepted, Delivered, Failed, Read, Sent};
        let some = Some(UTILITY);
        for (before, after, on_row, in_status, keep, bill) in [
            (Accepted, Sent, None, some, some, None),
            (Sent, Delivered, some, None, None, some),
            (Sent, Delivered, some, some, None, some),
            (Sent, Read, some, None, None, some),
            (Sent, Delivered, None, some, some, some),
            (Sent, Delivered, None, None, None, None),
            (Delivered, Delivered, None, some, some, some),
            (Delivered, Delivered, some, some, None, None),
            (Delivered, Read, some, some, None, None),
            (Sent, Failed, some, None, None, None),
            (Failed, Delivered, some, None, None, some),
        ] {
            let got = on_report(before, after, on_row, in_status);
            assert_eq!(got, Noted { keep, bill }, "{before:?} to {after:?}, {on_row:?}");
        }
    }

    /// A row that reports move, and everything that was counted of it.
    fn play(reports: &[(Report, Option<Priced>)]) -> (State, Vec<Priced>) {
        let (mut at, mut on_row, mut counted) = (State::Claimed, None, Vec::new());
        for (reported, in_status) in reports {
            let after = next(Some(at), Event::Report(*reported)).unwrap_or(at);
            let noted = on_report(at, after, on_row, *in_status);
            (at, on_row) = (after, on_row.or(noted.keep));
            counted.extend(noted.bill);
        }
        (at, counted)
    }

    fn reports(prices: &'static [Priced]) -> impl Strategy<Value = Vec<(Report, Option<Priced>)>> {
        let report = prop::sample::select(Report::ALL.to_vec());
        let price = prop::option::of(prop::sample::select(prices));
        prop::collection::vec((report, price), 0..10)
    }

    proptest! {
        #[test]
        fn in_any_order_and_with_any_doubles_a_message_is_counted_once_or_not_at_all(
            (reports, shuffled) in reports(&[UTILITY]).prop_flat_map(|it| {
                let doubled = [it.clone(), it.clone()].concat();
                (Just(it), Just(doubled).prop_shuffle())
            })
        ) {
            let arrives = reports.iter().any(|it| has_arrived(it.0.state()));
            let priced = reports.iter().any(|it| it.1.is_some());
            let want = if arrives && priced { vec![UTILITY] } else { Vec::new() };
            prop_assert_eq!(play(&reports).1, want.clone());
            prop_assert_eq!(play(&shuffled).1, want);
        }

        #[test]
        fn of_two_prices_the_first_one_said_is_counted(reports in reports(&Priced::ALL)) {
            let (end, counted) = play(&reports);
            let first = reports.iter().find_map(|it| it.1).filter(|_| has_arrived(end));
            prop_assert_eq!(counted, Vec::from_iter(first));
        }
    }
}
