// SPDX-License-Identifier: EUPL-1.2
//! The register of requests.

use domain::contact::{AskedBy, Contact};
use domain::ids::LineId;
use domain::line::Line;
use domain::rights::{Closed, Outcome, Request, Right, Told};
use jiff::Timestamp;
use store::{StoreError, line_file};

use crate::support::{Engine, contact_id, later, now, person};

fn request(n: u32, right: Right, at: Timestamp) -> Request {
    Request::open(&contact_id(n), right, at)
}

fn line_of_pordenone() -> Line {
    line_file::parse(include_str!("../../../../infra/lines/pordenone.toml")).unwrap()
}

fn told(recipient: &str) -> Told {
    Told { recipient: recipient.to_owned(), at: now(), operator: "Sportello".to_owned() }
}

fn closed(note: Option<&str>) -> Closed {
    Closed {
        at: later(60_000),
        outcome: Outcome::Refused,
        operator: Some("Sportello".to_owned()),
        note: note.map(str::to_owned),
    }
}

#[tokio::test]
async fn a_request_is_read_as_it_was_written() {
    let (engine, line) = (Engine::start().await, line_of_pordenone());
    for right in Right::ALL {
        let open = request(1, right, now());
        let ended = Request {
            closed: Some(closed(Some("Risposto per lettera."))),
            told: vec![told("Uno"), told("Due")],
            asked_by: Some(AskedBy::Paper),
            ..open.clone()
        };
        for it in [open, ended] {
            engine.add_request(&line, &it, now()).await.unwrap();
            assert_eq!(engine.request(&line.id, &it.number).await.unwrap(), Some(it));
        }
    }
    let other = LineId::new("altra");
    let number = request(1, Right::Access, now()).number;
    assert_eq!(engine.request(&other, &number).await.unwrap(), None);
}

#[tokio::test]
async fn a_request_ends_once() {
    let (engine, line) = (Engine::start().await, line_of_pordenone());
    let open = request(1, Right::Restriction, now());
    engine.add_request(&line, &open, now()).await.unwrap();
    engine.note_told(&line.id, &open.number, &told("Uno")).await.unwrap();
    engine.close_request(&line, &open.number, &closed(None)).await.unwrap();
    // Whoever is told of it is told after it has ended, as a rule.
    engine.note_told(&line.id, &open.number, &told("Due")).await.unwrap();
    let again = engine.close_request(&line, &open.number, &closed(Some("ancora"))).await;
    assert!(matches!(again, Err(StoreError::Conflict)));
    let ended = Request {
        closed: Some(closed(None)),
        told: vec![told("Uno"), told("Due")],
        ..open.clone()
    };
    assert_eq!(engine.request(&line.id, &open.number).await.unwrap(), Some(ended));

    let nobodys = request(2, Right::Access, now()).number;
    let missing = engine.close_request(&line, &nobodys, &closed(None)).await;
    assert!(matches!(missing, Err(StoreError::Conflict)));
    let missing = engine.note_told(&line.id, &nobodys, &told("Uno")).await;
    assert!(matches!(missing, Err(StoreError::Conflict)));
    assert_eq!(engine.request(&line.id, &nobodys).await.unwrap(), None, "nothing is made up");
}

#[tokio::test]
async fn pages_come_in_order_and_have_everything_once() {
    let (engine, line) = (Engine::start().await, line_of_pordenone());
    let mut open = Vec::new();
    let mut ended = Vec::new();
    for n in 0..7 {
        let it = request(n, Right::Objection, later(i64::from(n) * 1_000));
        engine.add_request(&line, &it, now()).await.unwrap();
        if n % 2 == 0 {
            engine.close_request(&line, &it.number, &closed(None)).await.unwrap();
            ended.push(it.number);
        } else {
            open.push(it.number);
        }
    }
    ended.reverse();
    for (is_open, want) in [(true, open), (false, ended)] {
        for limit in 1..=3 {
            let mut seen = Vec::new();
            loop {
                let page = engine.requests(&line.id, is_open, seen.last(), limit).await.unwrap();
                let n = page.len();
                seen.extend(page.into_iter().map(|it| it.number));
                if n < limit {
                    break;
                }
            }
            assert_eq!(seen, want, "{limit} at a time");
        }
    }
}

#[tokio::test]
async fn who_is_erased_leaves_nothing_open() {
    let (engine, line) = (Engine::start().await, line_of_pordenone());
    let merged = Contact { former_ids: vec![contact_id(2)], ..person(1) };
    let refused = Request { closed: Some(closed(None)), ..request(1, Right::Access, later(2_000)) };
    let theirs =
        [request(1, Right::Restriction, now()), request(2, Right::Objection, later(1_000))];
    let others = request(3, Right::Restriction, now());
    for it in theirs.iter().chain([&refused, &others]) {
        engine.add_request(&line, it, now()).await.unwrap();
    }
    assert_eq!(engine.requests_of(&line.id, &merged).await.unwrap().len(), 3);
    engine.close_requests_of(&line, &merged, later(9_000)).await.unwrap();
    let found = engine.requests_of(&line.id, &merged).await.unwrap();
    let outcomes: Vec<_> = found.iter().map(|it| it.closed.as_ref().map(|it| it.outcome)).collect();
    let (granted, refusal) = (Some(Outcome::Granted), Some(Outcome::Refused));
    assert_eq!(outcomes, [granted, granted, refusal]);
    assert_eq!(engine.request(&line.id, &others.number).await.unwrap(), Some(others));
}
