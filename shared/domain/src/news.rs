// SPDX-License-Identifier: EUPL-1.2
//! The latest notices of a line, for whoever asks for them with NOVITÀ.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use crate::broadcast::{Audience, Broadcast, Priority, State};
use crate::hours::{ROME, day_words};
use crate::ids::BroadcastId;
use crate::line::{BODY_LIMIT, Line, Template};
use crate::reply::shorten;

/// Notices in one answer. With their dates they leave room for the line's words around them.
pub const MOST: usize = 3;

/// How many of a line's newest broadcasts to choose from: enough that those called off, unsent or
/// written long before do not hide the others.
pub const CANDIDATES: i32 = 50;

/// A notice that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The day in Rome.
    pub on: Date,
    /// The body as it was sent, without header and footer: those would be read three times.
    pub text: String,
}

/// The notices to show of a line's broadcasts, newest first.
///
/// What was sent, or given to the Channel, within 30 days. Not drills, not emergencies older than
/// a day, and not alerts that an all-clear has ended since: who reads them would take them for new.
pub fn latest(broadcasts: &[Broadcast], line: &Line, now: Timestamp) -> Vec<Notice> {
    let mut sent: Vec<_> = broadcasts.iter().filter_map(|it| Some((sent_at(it)?, it))).collect();
    sent.sort_by_key(|it| std::cmp::Reverse((it.0, it.1.id.clone())));
    let ended: BTreeSet<_> = sent.iter().filter_map(|it| ended_by(it.1)).collect();
    let shown = sent.iter().filter(|(at, it)| {
        let oldest_hours = if it.priority == Priority::Emergency { 24 } else { 30 * 24 };
        *at + oldest_hours.hours() > now && !it.drill && !ended.contains(&it.id)
    });
    let notices = shown.filter_map(|(at, it)| {
        let on = at.to_zoned(ROME.clone()).date();
        Some(Notice { on, text: body(it, line)? })
    });
    notices.take(MOST).collect()
}

/// The notices as the answer has them, each under its date, at most [`MOST`] times a body's limit.
pub(crate) fn listed(notices: &[Notice], now: Timestamp) -> String {
    let today = now.to_zoned(ROME.clone()).date();
    let listed = notices.iter().take(MOST).map(|it| {
        let text = shorten(it.text.trim(), BODY_LIMIT);
        let day = day_words(it.on, today);
        let (first, rest) = day.split_at(1);
        format!("*{}{rest}*\n{text}", first.to_uppercase())
    });
    listed.collect::<Vec<_>>().join("\n\n")
}

fn sent_at(broadcast: &Broadcast) -> Option<Timestamp> {
    broadcast.started_at.filter(|_| matches!(broadcast.state, State::Sending | State::Done))
}

fn ended_by(all_clear: &Broadcast) -> Option<&BroadcastId> {
    match &all_clear.audience {
        Audience::ReachedBy(alert) if !all_clear.drill => Some(alert),
        _ => None,
    }
}

/// `None` if the line has no such template any more.
fn body(broadcast: &Broadcast, line: &Line) -> Option<String> {
    let message = &broadcast.message;
    let template = line.template(&message.name, &message.language)?;
    let body = Template { header: None, footer: None, ..template.clone() };
    body.fill(&message.parameters, line).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::broadcast::sample::broadcast;
    use crate::line::{Category, sample};
    use crate::message::Outgoing;
    use crate::reply::{self, Reply, TEXT_LIMIT, length};

    fn line() -> Line {
        let template = Template {
            name: "avviso".to_owned(),
            language: "it".to_owned(),
            category: Category::Utility,
            topic: None,
            header: Some("Avviso".to_owned()),
            header_media: None,
            body: "Oggi {{che_cosa}} in piazza.".to_owned(),
            footer: Some("Per uscire scrivi {cancellazione}".to_owned()),
            parameters: vec!["che_cosa".to_owned()],
            examples: std::collections::BTreeMap::new(),
            valid_hours: None,
            quick_reply: None,
        };
        Line { templates: vec![template], ..sample::line() }
    }

    /// A Tuesday at noon in Rome.
    fn now() -> Timestamp {
        "2026-11-24T11:00:00Z".parse().unwrap()
    }

    /// A notice that was sent so many hours ago.
    fn sent(what: &str, hours_ago: i64) -> Broadcast {
        let mut it = Broadcast {
            id: BroadcastId::new(what),
            state: State::Done,
            started_at: Some(now() - hours_ago.hours()),
            ..broadcast()
        };
        it.message.parameters.insert("che_cosa".to_owned(), what.to_owned());
        it
    }

    /// What is shown of these, in order.
    fn shown(broadcasts: &[Broadcast]) -> Vec<String> {
        let what = |it: Notice| it.text.split(' ').nth(1).unwrap().to_owned();
        latest(broadcasts, &line(), now()).into_iter().map(what).collect()
    }

    #[test]
    fn only_what_was_sent_lately_and_still_holds_is_news() {
        let month = 30 * 24;
        let emergency =
            |hours| Broadcast { priority: Priority::Emergency, ..sent("allerta", hours) };
        for (what, it, want) in [
            ("done", sent("musica", 1), true),
            ("a month ago, nearly", sent("musica", month - 1), true),
            ("a month ago", sent("musica", month), false),
            ("being sent", Broadcast { state: State::Sending, ..sent("musica", 1) }, true),
            ("paused", Broadcast { state: State::Paused, ..sent("musica", 1) }, false),
            ("stopped", Broadcast { state: State::Stopped, ..sent("musica", 1) }, false),
            ("called off", Broadcast { state: State::Cancelled, ..sent("musica", 1) }, false),
            ("never sent", Broadcast { started_at: None, ..sent("musica", 1) }, false),
            ("a drill", Broadcast { drill: true, ..sent("musica", 1) }, false),
            ("today's emergency", emergency(23), true),
            ("yesterday's emergency", emergency(24), false),
        ] {
            assert_eq!(shown(&[it]).len(), usize::from(want), "{what}");
        }
        let gone = Line { templates: Vec::new(), ..line() };
        assert_eq!(latest(&[sent("musica", 1)], &gone, now()), []);
    }

    #[test]
    fn an_alert_that_an_all_clear_ended_is_no_news_and_the_all_clear_is() {
        let alert = || Broadcast { priority: Priority::Emergency, ..sent("allerta", 5) };
        let audience = Audience::ReachedBy(alert().id);
        let all_clear = Broadcast { audience, ..sent("sereno", 2) };
        assert_eq!(shown(&[all_clear.clone(), alert()]), ["sereno"]);
        let unsent = Broadcast { state: State::Scheduled, started_at: None, ..all_clear.clone() };
        assert_eq!(shown(&[unsent, alert()]), ["allerta"]);
        let rehearsed = Broadcast { drill: true, ..all_clear };
        assert_eq!(shown(&[rehearsed, alert()]), ["allerta"]);
    }

    #[test]
    fn reads_as_a_few_notices_each_under_its_day() {
        let broadcasts =
            [sent("musica", 400), sent("niente", 600), sent("mercato", 2), sent("teatro", 30)];
        let notices = latest(&broadcasts, &line(), now());
        let Outgoing::Text(text) = reply::render(&Reply::News { notices }, &line(), now()) else {
            panic!("not a text");
        };
        insta::assert_snapshot!(text, @r"
        Ecco gli ultimi avvisi del Comune di Prova.

        *Oggi*
        Oggi mercato in piazza.

        *Lunedì 23 novembre*
        Oggi teatro in piazza.

        *Sabato 7 novembre*
        Oggi musica in piazza.
        ");
    }

    proptest! {
        #[test]
        fn notices_are_few_new_and_in_order_however_they_come(
            hours in prop::collection::vec(0_i64..1_000, 0..12)
        ) {
            let broadcasts: Vec<_> =
                hours.iter().enumerate().map(|(n, it)| sent(&n.to_string(), *it)).collect();
            let got = latest(&broadcasts, &line(), now());
            let mut want: Vec<_> = hours.into_iter().filter(|it| *it < 30 * 24).collect();
            want.sort_unstable();
            want.truncate(MOST);
            let day = |hours: i64| (now() - hours.hours()).to_zoned(ROME.clone()).date();
            let want: Vec<_> = want.into_iter().map(day).collect();
            prop_assert_eq!(got.iter().map(|it| it.on).collect::<Vec<_>>(), want);
        }

        #[test]
        fn an_answer_with_notices_of_any_length_fits_and_loses_none(
            texts in prop::collection::vec("[a-zè🎄\n]{1,3000}", 1..4)
        ) {
            let on = jiff::civil::date(2025, 9, 24);
            let notices: Vec<_> = texts.into_iter().map(|text| Notice { on, text }).collect();
            let n = notices.len();
            let text = reply::render(&Reply::News { notices }, &line(), now());
            let Outgoing::Text(text) = text else { return Err(TestCaseError::fail("not a text")) };
            prop_assert!(length(&text) < TEXT_LIMIT);
            prop_assert_eq!(text.matches("24 settembre 2025*").count(), n);
        }
    }
}
