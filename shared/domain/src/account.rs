// SPDX-License-Identifier: EUPL-1.2
//! What Meta says of an account and its templates, and what that means for broadcasts.
//!
//! An emergency is always tried: what we know may be out of date, and Meta's own answer stops it
//! within one chunk. Everything else waits or stops before money is spent for nothing.
//!
//! Source: Cloud API, webhooks/reference, and templates/{template-pausing,template-categorization}.

use jiff::{SignedDuration, Timestamp};

use crate::broadcast::{Broadcast, Priority, State};
use crate::cost::{self, Category, Market, TenThousandths};
use crate::halt::Halt;
use crate::line;

/// One thing Meta says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    Template {
        /// Meta's name: `pordenone_scadenza`.
        name: String,
        /// As in line files: `it`, `en_US`.
        language: String,
        news: TemplateNews,
    },
    Account(AccountState),
    /// Meta found something wrong and has done nothing about it yet.
    Warning,
    /// People the portfolio may reach in 24 hours; `None` is without limit.
    Limit(Option<u32>),
}

impl News {
    /// Whether somebody should look at it now, rather than when a broadcast stops over it.
    pub fn needs_a_person(&self, now: Timestamp) -> bool {
        match self {
            Self::Warning => true,
            Self::Limit(_) => false,
            Self::Account(state) => state.stops(now),
            Self::Template { news: TemplateNews::State(state), .. } => match state {
                TemplateState::Paused { until } => *until > now,
                TemplateState::Flagged => true,
                state => state.stops(),
            },
            Self::Template {
                news: TemplateNews::Category(it) | TemplateNews::Coming(it), ..
            } => !matches!(it, Category::Utility | Category::Authentication),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateNews {
    State(TemplateState),
    /// It is in this category now.
    Category(Category),
    /// It will soon be in this category.
    Coming(Category),
}

/// What may be done with a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateState {
    /// Approved, reinstated, taken back from the archive.
    Usable,
    /// Too many people are displeased: Meta may pause it.
    Flagged,
    /// Meta has not decided on it yet.
    Pending,
    /// Nobody gets it until then.
    Paused {
        until: Timestamp,
    },
    Rejected,
    Disabled,
    /// Deleted, or about to be.
    Deleted,
    /// Not used for long; deleted after 28 days.
    Archived,
    Locked,
}

/// Whether an account may write to people first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountState {
    InOrder,
    /// It may only answer; `until` where Meta says it.
    Restricted {
        until: Option<Timestamp>,
    },
    Disabled,
}

/// How long Meta pauses a template the first time, and the second. The third time disables it.
pub const PAUSES: [SignedDuration; 2] =
    [SignedDuration::from_hours(3), SignedDuration::from_hours(6)];

/// What Meta last said of a template and of its account; `None` where it said nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    pub account: Option<AccountState>,
    pub template: Option<TemplateState>,
    /// With the time since when.
    pub category: Option<(Category, Timestamp)>,
    pub coming: Option<Category>,
}

/// What is to be done about a broadcast that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consequence {
    Halt(Halt),
    /// What it was held for is over.
    GoOn,
}

impl Known {
    /// Why this broadcast may not be sent now, if so. `template` is the line's.
    ///
    /// A category that costs more stops it until the office resumes it: by then it knows.
    pub fn halt(
        &self,
        broadcast: &Broadcast,
        template: line::Category,
        now: Timestamp,
    ) -> Option<Halt> {
        if broadcast.priority == Priority::Emergency {
            return None;
        }
        if let Some(account) = self.account
            && account.stops(now)
        {
            return Some(Halt::account(account));
        }
        match self.template {
            Some(TemplateState::Paused { until }) if until > now => {
                return Some(Halt::template_paused(until));
            }
            Some(state) if state.stops() => return Some(Halt::template(state)),
            _ => {}
        }
        let (_, since) = self.category?;
        if broadcast.resumed_at.is_some_and(|at| at >= since) {
            return None;
        }
        let (before, after) = self.dearer(template, now)?;
        Some(Halt::recategorised(before, after))
    }

    /// What this means for a broadcast that is to be sent by now, is being sent, or is held.
    pub fn consequence(
        &self,
        broadcast: &Broadcast,
        template: line::Category,
        now: Timestamp,
    ) -> Option<Consequence> {
        let held = broadcast.state == State::Held;
        let due = broadcast.state == State::Scheduled && broadcast.send_at <= Some(now);
        if !held && !due && broadcast.state != State::Sending {
            return None;
        }
        let nothing_left = broadcast.plan.complete && broadcast.counts.pending() == 0;
        match self.halt(broadcast, template, now) {
            // It is about to be closed.
            Some(_) if nothing_left => None,
            // It waits as long already.
            Some(Halt::Hold { until, .. }) if held && broadcast.due_at >= Some(until) => None,
            Some(halt) => Some(Consequence::Halt(halt)),
            None => {
                let usable = self.template == Some(TemplateState::Usable);
                let paused = Halt::is_template_paused(broadcast.reason.as_deref());
                (held && usable && paused).then_some(Consequence::GoOn)
            }
        }
    }

    /// The category a template is billed as, as far as a comune's templates go.
    pub fn billed_as(&self, template: line::Category) -> line::Category {
        match self.category {
            Some((Category::Marketing, _)) => line::Category::Marketing,
            Some((Category::Utility, _)) => line::Category::Utility,
            _ => template,
        }
    }

    /// What the office should know before it sends, in plain Italian.
    pub fn warnings(&self, template: line::Category, now: Timestamp) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(account) = self.account
            && account.stops(now)
        {
            warnings.push(Halt::account(account).reason().to_owned());
        }
        match self.template {
            Some(TemplateState::Paused { until }) if until > now => {
                warnings.push(Halt::template_paused(until).reason().to_owned());
            }
            Some(TemplateState::Flagged) => warnings.push(FLAGGED.to_owned()),
            Some(state) if state.stops() => {
                warnings.push(Halt::template(state).reason().to_owned());
            }
            _ => {}
        }
        let each = |category| cost::at_most_one(category, Market::ITALY, now);
        let ours = each(template.into());
        if let Some((category, _)) = self.category
            && each(category) != ours
        {
            warnings.push(format!(
                "Meta ha cambiato la categoria del modello: ogni messaggio costa {} invece di \
                 {}. Chi gestisce il servizio deve correggere la categoria nelle impostazioni.",
                cost::euro_each(each(category)),
                cost::euro_each(ours)
            ));
        }
        if let Some(coming) = self.coming
            && each(coming) > ours
        {
            warnings.push(format!(
                "Meta sta per cambiare la categoria del modello: ogni messaggio costerà {} \
                 invece di {}. Inviare prima, oppure scegliere un altro modello.",
                cost::euro_each(each(coming)),
                cost::euro_each(ours)
            ));
        }
        warnings
    }

    /// What one message cost and costs, if it costs more now.
    fn dearer(
        &self,
        template: line::Category,
        now: Timestamp,
    ) -> Option<(TenThousandths, TenThousandths)> {
        let each = |category| cost::at_most_one(category, Market::ITALY, now);
        let (before, after) = (each(template.into()), each(self.category?.0));
        (after > before).then_some((before, after))
    }
}

const FLAGGED: &str = "A molte persone non piacciono i messaggi di questo modello: Meta potrebbe \
                       metterlo in pausa. Inviare solo a chi li aspetta.";

impl TemplateState {
    /// Whether it stays so until somebody does something about it.
    fn stops(self) -> bool {
        match self {
            Self::Usable | Self::Flagged | Self::Paused { .. } => false,
            Self::Pending
            | Self::Rejected
            | Self::Disabled
            | Self::Deleted
            | Self::Archived
            | Self::Locked => true,
        }
    }

    /// As it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Usable => "usable",
            Self::Flagged => "flagged",
            Self::Pending => "pending",
            Self::Paused { .. } => "paused",
            Self::Rejected => "rejected",
            Self::Disabled => "disabled",
            Self::Deleted => "deleted",
            Self::Archived => "archived",
            Self::Locked => "locked",
        }
    }

    /// `until` is of a pause.
    pub fn parse(name: &str, until: Option<Timestamp>) -> Option<Self> {
        Some(match name {
            "usable" => Self::Usable,
            "flagged" => Self::Flagged,
            "pending" => Self::Pending,
            "paused" => Self::Paused { until: until? },
            "rejected" => Self::Rejected,
            "disabled" => Self::Disabled,
            "deleted" => Self::Deleted,
            "archived" => Self::Archived,
            "locked" => Self::Locked,
            _ => return None,
        })
    }

    pub fn until(self) -> Option<Timestamp> {
        match self {
            Self::Paused { until } => Some(until),
            _ => None,
        }
    }
}

impl AccountState {
    fn stops(self, now: Timestamp) -> bool {
        match self {
            Self::InOrder => false,
            Self::Restricted { until } => until.is_none_or(|at| at > now),
            Self::Disabled => true,
        }
    }

    /// As it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::InOrder => "in-order",
            Self::Restricted { .. } => "restricted",
            Self::Disabled => "disabled",
        }
    }

    /// `until` is of a restriction.
    pub fn parse(name: &str, until: Option<Timestamp>) -> Option<Self> {
        Some(match name {
            "in-order" => Self::InOrder,
            "restricted" => Self::Restricted { until },
            "disabled" => Self::Disabled,
            _ => return None,
        })
    }

    pub fn until(self) -> Option<Timestamp> {
        match self {
            Self::Restricted { until } => until,
            Self::InOrder | Self::Disabled => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;
    use crate::broadcast::Plan;
    use crate::broadcast::sample;
    use crate::delivery::Counts;
    use crate::line::Category::{Marketing, Utility};

    fn now() -> Timestamp {
        "2026-11-24T08:00:00Z".parse().unwrap()
    }

    fn template(state: TemplateState) -> Known {
        Known { template: Some(state), ..Known::default() }
    }

    fn account(state: AccountState) -> Known {
        Known { account: Some(state), ..Known::default() }
    }

    fn category(category: Category) -> Known {
        Known { category: Some((category, now())), ..Known::default() }
    }

    fn paused_for(hours: i64) -> TemplateState {
        TemplateState::Paused { until: now() + hours.hours() }
    }

    /// `stop`, `hold`, `go on` or nothing.
    fn word(consequence: Option<&Consequence>) -> &'static str {
        match consequence {
            Some(Consequence::Halt(Halt::Stop { .. })) => "stop",
            Some(Consequence::Halt(Halt::Hold { .. })) => "hold",
            Some(Consequence::GoOn) => "go on",
            None => "",
        }
    }

    fn restricted_for(hours: Option<i64>) -> AccountState {
        AccountState::Restricted { until: hours.map(|it| now() + it.hours()) }
    }

    #[test]
    fn a_broadcast_under_way_waits_or_stops_by_what_is_known() {
        use TemplateState::{Archived, Deleted, Disabled, Flagged, Locked, Rejected, Usable};
        for (what, known, want) in [
            ("nothing", Known::default(), ""),
            ("an approved template", template(Usable), ""),
            ("a flagged one", template(Flagged), ""),
            ("a paused one", template(paused_for(3)), "hold"),
            ("one that was paused", template(paused_for(0)), ""),
            ("a rejected one", template(Rejected), "stop"),
            ("a disabled one", template(Disabled), "stop"),
            ("a deleted one", template(Deleted), "stop"),
            ("an archived one", template(Archived), "stop"),
            ("a locked one", template(Locked), "stop"),
            ("an account in order", account(AccountState::InOrder), ""),
            ("a restricted one", account(restricted_for(None)), "stop"),
            ("restricted for a day", account(restricted_for(Some(24))), "stop"),
            ("restricted until now", account(restricted_for(Some(0))), ""),
            ("a disabled account", account(AccountState::Disabled), "stop"),
            ("the same category", category(Category::Utility), ""),
            ("a dearer category", category(Category::Marketing), "stop"),
            ("an unknown one", category(Category::Other), "stop"),
            ("one that costs the same", category(Category::Authentication), ""),
        ] {
            let sending = Broadcast { state: State::Sending, ..sample::broadcast() };
            let got = known.consequence(&sending, Utility, now());
            assert_eq!(word(got.as_ref()), want, "{what}");
            let emergency = Broadcast { priority: Priority::Emergency, ..sending };
            assert_eq!(known.consequence(&emergency, Utility, now()), None, "{what}, emergency");
        }
        let sending = Broadcast { state: State::Sending, ..sample::broadcast() };
        let cheaper = category(Category::Utility);
        assert_eq!(cheaper.consequence(&sending, Marketing, now()), None);
    }

    #[test]
    fn news_that_needs_a_person_is_told_from_what_is_good_to_know() {
        use TemplateState::{Archived, Deleted, Disabled, Flagged, Locked, Rejected, Usable};
        let template = |news| News::Template { name: "a".into(), language: "it".into(), news };
        let state = |it| template(TemplateNews::State(it));
        for (news, want) in [
            (News::Warning, true),
            (News::Limit(Some(250)), false),
            (News::Account(AccountState::InOrder), false),
            (News::Account(AccountState::Disabled), true),
            (News::Account(restricted_for(None)), true),
            (News::Account(restricted_for(Some(24))), true),
            (News::Account(restricted_for(Some(0))), false),
            (state(Usable), false),
            (state(Flagged), true),
            (state(paused_for(3)), true),
            (state(paused_for(0)), false),
            (state(Rejected), true),
            (state(Disabled), true),
            (state(Deleted), true),
            (state(Archived), true),
            (state(Locked), true),
            (template(TemplateNews::Category(Category::Utility)), false),
            (template(TemplateNews::Category(Category::Marketing)), true),
            (template(TemplateNews::Coming(Category::Marketing)), true),
            (template(TemplateNews::Coming(Category::Authentication)), false),
        ] {
            assert_eq!(news.needs_a_person(now()), want, "{news:?}");
        }
    }

    #[test]
    fn only_what_is_or_should_be_under_way_is_touched() {
        let disabled = template(TemplateState::Disabled);
        for (state, send_in, want) in [
            (State::Draft, None, ""),
            (State::AwaitingApproval, Some(-1), ""),
            (State::Scheduled, Some(1), ""),
            (State::Scheduled, Some(0), "stop"),
            (State::Sending, Some(-1), "stop"),
            (State::Held, Some(-1), "stop"),
            (State::Paused, Some(-1), ""),
            (State::Stopped, Some(-1), ""),
            (State::Done, Some(-1), ""),
            (State::Cancelled, Some(-1), ""),
        ] {
            let send_at = send_in.map(|it: i64| now() + it.hours());
            let it = Broadcast { state, send_at, ..sample::broadcast() };
            let got = disabled.consequence(&it, Utility, now());
            assert_eq!(word(got.as_ref()), want, "{state:?}");
        }
        for (complete, accepted, want) in [(true, 3, ""), (true, 2, "stop"), (false, 3, "stop")] {
            let it = Broadcast {
                state: State::Sending,
                plan: Plan { complete, ..Plan::default() },
                counts: Counts { audience: 3, accepted, ..Counts::default() },
                ..sample::broadcast()
            };
            let got = disabled.consequence(&it, Utility, now());
            assert_eq!(word(got.as_ref()), want, "{accepted} of 3 sent, all planned: {complete}");
        }
    }

    #[test]
    fn who_is_held_for_the_template_goes_on_when_it_is_usable_again_and_nobody_else() {
        let held = |halt: Halt, hours: i64| Broadcast {
            state: State::Held,
            reason: Some(halt.reason().to_owned()),
            due_at: Some(now() + hours.hours()),
            ..sample::broadcast()
        };
        let for_template = held(Halt::template_paused(now()), 3);
        let for_portfolio = held(Halt::portfolio(now()), 3);
        for (what, it, state, want) in [
            ("approved", &for_template, TemplateState::Usable, "go on"),
            ("flagged", &for_template, TemplateState::Flagged, ""),
            ("paused already", &for_template, paused_for(3), ""),
            ("paused for longer", &for_template, paused_for(6), "hold"),
            ("approved, held for something else", &for_portfolio, TemplateState::Usable, ""),
            ("paused, held for longer", &for_portfolio, paused_for(2), ""),
        ] {
            let got = template(state).consequence(it, Utility, now());
            assert_eq!(word(got.as_ref()), want, "{what}");
        }
    }

    #[test]
    fn the_office_that_resumes_has_seen_the_price_until_it_changes_again() {
        let resumed = |seconds: i64| Broadcast {
            state: State::Sending,
            resumed_at: Some(now() + seconds.seconds()),
            ..sample::broadcast()
        };
        let dearer = category(Category::Marketing);
        assert_eq!(dearer.halt(&resumed(1), Utility, now()), None);
        assert!(dearer.halt(&resumed(-1), Utility, now()).is_some());
        let disabled = Known { template: Some(TemplateState::Disabled), ..dearer };
        assert!(disabled.halt(&resumed(1), Utility, now()).is_some(), "this is no price");
    }

    #[test]
    fn warns_in_plain_words_before_anything_is_sent() {
        let coming = |it| Known { coming: Some(it), ..Known::default() };
        let texts: Vec<_> = [
            template(TemplateState::Flagged),
            category(Category::Marketing),
            coming(Category::Marketing),
            account(restricted_for(Some(24))),
            account(AccountState::Disabled),
            template(TemplateState::Rejected),
            template(TemplateState::Disabled),
            template(TemplateState::Deleted),
            template(TemplateState::Archived),
            template(TemplateState::Locked),
        ]
        .iter()
        .flat_map(|it| it.warnings(Utility, now()))
        .chain([
            Halt::account(restricted_for(None)).reason().to_owned(),
            Halt::recategorised(248, 658).reason().to_owned(),
        ])
        .collect();
        insta::assert_snapshot!(texts.join("\n"), @r"
        A molte persone non piacciono i messaggi di questo modello: Meta potrebbe metterlo in pausa. Inviare solo a chi li aspetta.
        Meta ha cambiato la categoria del modello: ogni messaggio costa 0,0658 euro invece di 0,0248 euro. Chi gestisce il servizio deve correggere la categoria nelle impostazioni.
        Meta sta per cambiare la categoria del modello: ogni messaggio costerà 0,0658 euro invece di 0,0248 euro. Inviare prima, oppure scegliere un altro modello.
        Meta non lascia inviare avvisi a questo account: si può solo rispondere a chi scrive. La limitazione finisce il 25 novembre alle 9:00. Dopo, riprendere l'invio.
        Meta ha disattivato l'account WhatsApp del servizio. Chi gestisce il servizio deve chiedere una revisione su Meta. Poi riprendere l'invio.
        Meta ha rifiutato il modello di questo invio. Correggerlo su Meta. Poi riprendere l'invio, oppure annullarlo e scegliere un altro modello.
        Meta ha disattivato il modello di questo invio, perché molti lo hanno segnalato. Chiedere una revisione su Meta. Poi riprendere l'invio, oppure annullarlo e scegliere un altro modello.
        Il modello di questo invio è stato eliminato su Meta. Crearlo di nuovo. Poi riprendere l'invio, oppure annullarlo e scegliere un altro modello.
        Meta ha archiviato il modello di questo invio, perché non si usava da tempo. Toglierlo dall'archivio su Meta. Poi riprendere l'invio, oppure annullarlo e scegliere un altro modello.
        Meta ha bloccato il modello di questo invio. Aprire il pannello di WhatsApp su Meta e seguire le indicazioni. Poi riprendere l'invio, oppure annullarlo e scegliere un altro modello.
        Meta non lascia inviare avvisi a questo account: si può solo rispondere a chi scrive. Chi gestisce il servizio deve seguire le indicazioni su Meta. Poi riprendere l'invio.
        Meta ha cambiato la categoria del modello: ogni messaggio costa 0,0658 euro invece di 0,0248 euro. Controllare il costo nell'anteprima. Poi riprendere l'invio, oppure annullarlo.
        ");
        for quiet in [
            Known::default(),
            template(TemplateState::Usable),
            template(paused_for(0)),
            category(Category::Utility),
            coming(Category::Utility),
            account(AccountState::InOrder),
        ] {
            assert_eq!(quiet.warnings(Utility, now()), Vec::<String>::new(), "{quiet:?}");
        }
    }

    #[test]
    fn is_billed_as_what_meta_says() {
        for (known, want) in [
            (Known::default(), Utility),
            (category(Category::Marketing), Marketing),
            (category(Category::Utility), Utility),
            (category(Category::Other), Utility),
        ] {
            assert_eq!(known.billed_as(Utility), want, "{known:?}");
        }
    }

    #[test]
    fn names_come_back() {
        use TemplateState::{
            Archived, Deleted, Disabled, Flagged, Locked, Paused, Rejected, Usable,
        };
        let paused = Paused { until: now() };
        for it in [Usable, Flagged, paused, Rejected, Disabled, Deleted, Archived, Locked] {
            assert_eq!(TemplateState::parse(it.name(), it.until()), Some(it));
        }
        for it in [AccountState::InOrder, restricted_for(Some(1)), AccountState::Disabled] {
            assert_eq!(AccountState::parse(it.name(), it.until()), Some(it));
        }
        assert_eq!(TemplateState::parse("paused", None), None);
    }
}
