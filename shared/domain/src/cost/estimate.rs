// SPDX-License-Identifier: EUPL-1.2
//! What a broadcast will cost at most: whom it would reach, who can be answered for free, and
//! the rates of the day.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::broadcast::{self, Audience, Priority};
use crate::contact::Contact;
use crate::conversation::window_is_open;
use crate::cost::month::day_in_rome;
use crate::cost::{Category, Market, Rate, TenThousandths, rate};
use crate::ids::ContactId;
use crate::line;

/// Whom a broadcast would reach, counted person by person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Everybody who asked for it.
    pub audience: i64,
    /// Of those, who could be reached and was by another broadcast lately.
    pub lately: i64,
    by_market: BTreeMap<Market, People>,
    /// Who was merged from several contacts, so that an audience may name them more than once. Few
    /// are: memory does not grow with the audience.
    merged: BTreeSet<ContactId>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct People {
    /// Outside the service window: only a template reaches them.
    outside: i64,
    inside: i64,
}

impl Reach {
    /// Counts somebody in, once, as they would stand when it is sent `at`; `None` was erased
    /// meanwhile. Who was reached `lately` is left out.
    pub fn count(
        &mut self,
        contact: Option<&Contact>,
        audience: &Audience,
        category: line::Category,
        priority: Priority,
        (at, lately): (Timestamp, bool),
    ) {
        let merged = contact.filter(|it| !it.former_ids.is_empty());
        if merged.is_some_and(|it| !self.merged.insert(it.id.clone())) {
            return;
        }
        self.audience += 1;
        let may_reach =
            |it: &&Contact| broadcast::may_reach(it, audience, category, priority).is_ok();
        let Some(contact) = contact.filter(may_reach) else { return };
        if lately {
            self.lately += 1;
            return;
        }
        let people = self.by_market.entry(Market::of(contact)).or_default();
        if window_is_open(contact, at) {
            people.inside += 1;
        } else {
            people.outside += 1;
        }
    }

    /// How many it would reach.
    pub fn people(&self) -> i64 {
        self.by_market.values().map(|it| it.inside + it.outside).sum()
    }

    /// Of those, who wrote within the last 24 hours.
    pub fn in_window(&self) -> i64 {
        self.by_market.values().map(|it| it.inside).sum()
    }
}

/// What a broadcast costs if it arrives at everybody it would reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Sent as the template, all billed.
    pub templates: i64,
    /// Sent as a reply and billed, because the month's free ones are used up.
    pub service: i64,
    /// Sent as a reply, free.
    pub free_service: i64,
    pub cost: TenThousandths,
    /// Whether there are people in it whose rates we have no source for.
    pub is_estimate: bool,
}

impl Estimate {
    fn add(&mut self, messages: i64, rate: Rate) {
        self.cost += messages * rate.per_message;
        self.is_estimate |= rate.is_estimate && messages > 0;
    }
}

/// What a broadcast sent `at` costs at most.
///
/// With `free_form`, who is in the service window gets a reply instead of the template, of which
/// `free_left` are free this month. The free ones are taken to go where they save least.
pub fn estimate(
    reach: &Reach,
    template: line::Category,
    free_form: bool,
    free_left: i64,
    at: Timestamp,
) -> Estimate {
    let on = day_in_rome(at);
    let mut estimate = Estimate::default();
    let mut free_left = free_left.max(0);
    let mut markets: Vec<_> = reach
        .by_market
        .iter()
        .map(|(market, people)| (rate(Category::Service, *market, on), *market, people))
        .collect();
    markets.sort_by_key(|it| it.0.per_message);
    for (service, market, people) in markets {
        let replies = if free_form { people.inside } else { 0 };
        let templates = people.inside + people.outside - replies;
        let free = replies.min(free_left);
        free_left -= free;
        estimate.templates += templates;
        estimate.free_service += free;
        estimate.service += replies - free;
        estimate.add(templates, rate(template.into(), market, on));
        estimate.add(replies - free, service);
    }
    estimate
}

/// The most one message costs, if it arrives `at`: billed, however many free ones are left.
pub fn at_most_one(category: Category, market: Market, at: Timestamp) -> TenThousandths {
    rate(category, market, day_in_rome(at)).per_message
}

/// The most a template to so many people in Italy costs: all of them reached `at`.
pub fn at_most(template: line::Category, people: i64, at: Timestamp) -> TenThousandths {
    rate(template.into(), Market::ITALY, day_in_rome(at)).per_message * people.max(0)
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use proptest::prelude::*;

    use super::*;
    use crate::contact::Subscription;
    use crate::ids::TopicId;
    use crate::line::Category::{Marketing, Utility};
    use crate::phone::Phone;

    fn now() -> Timestamp {
        "2026-11-24T08:00:00Z".parse().unwrap()
    }

    fn subscriber(digits: &str, hours_ago: Option<i64>) -> Contact {
        let subscription =
            Subscription::Active { topics: [TopicId::new("eventi")].into(), since: now() };
        Contact {
            phone: Some(Phone::parse(digits).unwrap()),
            last_inbound_at: hours_ago.map(|it| now() - it.hours()),
            subscription,
            ..Contact::new(ContactId::new("c"))
        }
    }

    fn italians(outside: i64, inside: i64) -> Reach {
        let people = People { outside, inside };
        let by_market = [(Market::ITALY, people)].into();
        Reach { audience: outside + inside, by_market, ..Reach::default() }
    }

    #[test]
    fn five_thousand_people_cost_what_the_price_list_says() {
        for (category, want) in [(Utility, 1_240_000), (Marketing, 3_290_000)] {
            assert_eq!(at_most(category, 5000, now()), want);
            assert_eq!(estimate(&italians(5000, 0), category, true, 1000, now()).cost, want);
        }
        assert_eq!(at_most(Utility, -1, now()), 0);
    }

    #[test]
    fn people_are_counted_by_whether_and_how_they_can_be_reached() {
        let follower = |hours_ago| subscriber("393330000001", hours_ago);
        let former_ids = [ContactId::new("former")].into();
        let merged = Contact { former_ids, ..follower(None) };
        let mut reach = Reach::default();
        let mut count = |contact: Option<&Contact>| {
            reach.count(contact, &Audience::All, Utility, Priority::Normal, (now(), false));
            (reach.audience, reach.people(), reach.in_window())
        };
        for (who, contact, want) in [
            ("who never wrote", Some(follower(None)), (1, 1, 0)),
            ("who wrote this morning", Some(follower(Some(2))), (2, 2, 1)),
            ("who wrote the day before yesterday", Some(follower(Some(30))), (3, 3, 1)),
            (
                "who is blocked",
                Some(Contact {
                    blocked: Some(crate::moderation::tests::held()),
                    ..follower(Some(2))
                }),
                (4, 3, 1),
            ),
            ("who has no address", Some(Contact { phone: None, ..follower(Some(2)) }), (5, 3, 1)),
            ("who is erased", None, (6, 3, 1)),
            ("who is from elsewhere", Some(subscriber("40721000001", None)), (7, 4, 1)),
            ("who was two contacts", Some(merged.clone()), (8, 5, 1)),
            ("the same under the other id", Some(merged), (8, 5, 1)),
        ] {
            assert_eq!(count(contact.as_ref()), want, "{who}");
        }
        // Who had another message lately is left out, and said to be.
        let other = subscriber("393330000002", None);
        reach.count(Some(&other), &Audience::All, Utility, Priority::Normal, (now(), true));
        assert_eq!((reach.audience, reach.people(), reach.lately), (9, 5, 1));
        assert!(estimate(&reach, Utility, false, 0, now()).is_estimate);
        assert!(!estimate(&italians(3, 1), Utility, false, 0, now()).is_estimate);
    }

    #[test]
    fn replies_in_the_window_are_free_as_long_as_free_ones_are_left() {
        for (free_form, free_left, want) in [
            (false, 1000, (100, 0, 0, 65_800)),
            (true, 1000, (60, 0, 40, 39_480)),
            (true, 10, (60, 30, 10, 39_480 + 30 * 248)),
            (true, 0, (60, 40, 0, 39_480 + 40 * 248)),
            (true, -5, (60, 40, 0, 39_480 + 40 * 248)),
        ] {
            let got = estimate(&italians(60, 40), Marketing, free_form, free_left, now());
            let got = (got.templates, got.service, got.free_service, got.cost);
            assert_eq!(got, want, "{free_form} {free_left}");
        }
    }

    #[test]
    fn free_replies_go_where_they_save_least() {
        let inside = People { outside: 0, inside: 10 };
        let by_market = [(Market::ITALY, inside), (Market::ELSEWHERE, inside)].into();
        let reach = Reach { audience: 20, by_market, ..Reach::default() };
        let got = estimate(&reach, Marketing, true, 10, now());
        assert_eq!((got.free_service, got.service, got.cost), (10, 10, 4_560));
    }

    proptest! {
        #[test]
        fn nobody_is_left_out_and_no_reply_makes_it_dearer(
            here in (0_i64..3000, 0_i64..3000),
            there in (0_i64..50, 0_i64..50),
            free_left in 0_i64..1500,
        ) {
            let people = |(outside, inside)| People { outside, inside };
            let by_market =
                BTreeMap::from([(Market::ITALY, people(here)), (Market::ELSEWHERE, people(there))]);
            let reach = Reach { audience: 9999, by_market, ..Reach::default() };
            for category in [Utility, Marketing] {
                let plain = estimate(&reach, category, false, free_left, now());
                let free_form = estimate(&reach, category, true, free_left, now());
                prop_assert_eq!(plain.templates, reach.people());
                let sent = free_form.templates + free_form.service + free_form.free_service;
                prop_assert_eq!(sent, reach.people());
                prop_assert_eq!(free_form.free_service, reach.in_window().min(free_left));
                prop_assert!(free_form.cost <= plain.cost);
                prop_assert!(free_form.is_estimate <= plain.is_estimate);
            }
        }
    }
}
