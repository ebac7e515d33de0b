// SPDX-License-Identifier: EUPL-1.2
//! Statuses and account events in as few queue messages as fit.

use domain::cost::Market;
use platform::jobs;
use platform::queue::Message;
use whatsapp::payload::{State, StatusUpdate};

/// Well under SQS's limit of 1 MiB, so that the JSON around the items fits too.
const MAX_BYTES: usize = 900 * 1024;

/// A status without anything personal. `None` if it is not of a message of ours: then nothing of
/// ours moves.
pub(crate) fn update(status: StatusUpdate) -> Option<jobs::StatusUpdate> {
    let state = match status.state {
        State::Failed => "failed",
        State::Sent => "sent",
        State::Delivered => "delivered",
        State::Read => "read",
        State::Played => "played",
    };
    Some(jobs::StatusUpdate {
        number: status.number.as_str().to_owned(),
        callback: status.callback?,
        state: state.to_owned(),
        at: status.at,
        code: status.code,
        pricing: status
            .pricing
            .map(|it| jobs::Pricing { kind: Some(it.kind), category: Some(it.category) }),
        market: (status.market != Market::ITALY).then(|| status.market.name().to_owned()),
    })
}

/// One message, or as many as the queue's limit asks for.
pub(crate) fn jobs(
    updates: Vec<jobs::StatusUpdate>,
    events: Vec<jobs::AccountEvent>,
) -> Vec<Message> {
    let mut packed = Vec::new();
    let mut job = jobs::Statuses::default();
    let mut bytes = 0;
    for update in updates {
        // Five fields of ours and a callback of at most 512 characters: a fair upper bound.
        let more = update.callback.len() + update.number.len() + 200;
        if bytes + more > MAX_BYTES {
            packed.push(Message::of(&std::mem::take(&mut job)));
            bytes = 0;
        }
        bytes += more;
        job.updates.push(update);
    }
    for event in events {
        let more = event.value.to_string().len() + event.field.len() + event.account.len() + 100;
        if bytes + more > MAX_BYTES && bytes > 0 {
            packed.push(Message::of(&std::mem::take(&mut job)));
            bytes = 0;
        }
        bytes += more;
        job.events.push(event);
    }
    if bytes > 0 {
        packed.push(Message::of(&job));
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(callback: &str) -> jobs::StatusUpdate {
        jobs::StatusUpdate {
            number: "331651133100001".to_owned(),
            callback: callback.to_owned(),
            state: "sent".to_owned(),
            at: 1_749_416_383,
            code: None,
            pricing: None,
            market: None,
        }
    }

    #[test]
    fn a_country_is_said_where_it_is_not_italy() {
        for (market, want) in [(Market::ITALY, None), (Market::ELSEWHERE, Some("*"))] {
            let status = StatusUpdate {
                number: domain::ids::PhoneNumberId::new("331651133100001"),
                callback: Some("b:1:2".to_owned()),
                state: State::Sent,
                at: 1_749_416_383,
                code: None,
                pricing: None,
                market,
            };
            assert_eq!(update(status).unwrap().market.as_deref(), want);
        }
    }

    #[test]
    fn a_thousand_statuses_are_one_message() {
        let updates = (0..1000).map(|it| status(&format!("b:{it:032}:{it:032}"))).collect();
        assert_eq!(jobs(updates, Vec::new()).len(), 1);
        assert!(jobs(Vec::new(), Vec::new()).is_empty());
    }

    #[test]
    fn nothing_is_over_the_limit_and_nothing_is_left_out() {
        let updates = (0..5000).map(|_| status(&"x".repeat(512))).collect();
        let events = (0..4).map(|_| jobs::AccountEvent {
            account: "1".to_owned(),
            field: "security".to_owned(),
            at: 0,
            value: serde_json::Value::from("y".repeat(500_000)),
        });
        let packed = jobs(updates, events.collect());
        assert!(packed.iter().all(|it| it.body.len() <= platform::queue::MAX_BYTES));
        let jobs = packed.iter().map(|it| serde_json::from_str::<jobs::Statuses>(&it.body));
        let jobs: Vec<_> = jobs.map(Result::unwrap).collect();
        assert_eq!(jobs.iter().map(|it| it.updates.len()).sum::<usize>(), 5000);
        assert_eq!(jobs.iter().map(|it| it.events.len()).sum::<usize>(), 4);
    }
}
