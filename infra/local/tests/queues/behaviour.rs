// SPDX-License-Identifier: EUPL-1.2
//! What every queue does, on any clock.

use std::time::Duration;

use platform::queue::{MAX_BYTES, QueueError};

use super::bench::*;

/// Each behaviour is a test on the broker and, with the feature, one on a second SQS.
macro_rules! behaviours {
    ($($name:ident)*) => {
        mod on_the_broker {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::Bench::on_the_broker()).await;
            })*
        }

        #[cfg(feature = "second-sqs")]
        mod on_a_second_sqs {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::Bench::on_a_second_sqs()).await;
            })*
        }
    };
}

behaviours! {
    a_message_is_received_as_it_was_sent
    what_is_received_is_hidden_from_others
    what_is_deleted_is_gone
    deleting_again_is_no_error
    what_is_shown_again_is_received_again
    what_is_given_back_is_received_again
    after_its_last_try_a_message_is_a_dead_letter
    a_delayed_message_is_not_received_yet
    any_number_is_sent_in_requests_of_ten
    any_size_is_sent_in_requests_of_a_mebibyte
    a_message_that_fits_nowhere_is_named_and_the_others_are_sent
    eleven_entries_are_refused_whole
    more_than_a_mebibyte_is_refused_whole
    an_invalid_entry_does_not_stop_the_others
    a_visibility_of_an_unknown_receipt_is_refused
    each_message_goes_to_one_of_many_receivers
    a_group_is_received_in_its_order
    a_group_waits_while_one_of_it_is_in_flight
    a_group_does_not_wait_for_another
    what_comes_back_comes_before_what_follows_in_its_group
    a_group_knows_its_messages_name
    a_duplicate_is_dropped_even_after_the_first_is_deleted
    a_fifo_message_without_a_group_is_refused
    a_fifo_message_with_a_delay_is_refused
}

async fn a_message_is_received_as_it_was_sent(bench: Bench) {
    let queue = bench.standard().await;
    send(&queue, &[r#"{"text":"è già 'sera' 🙂 \n <b>&amp;</b>"}"#]).await;
    let received = receive_one(&queue).await;
    assert_eq!(received.body, r#"{"text":"è già 'sera' 🙂 \n <b>&amp;</b>"}"#);
    assert_eq!((received.receive_count, received.group.as_deref()), (1, None));
    assert!(is_recent(received.sent_at), "sent at {}", received.sent_at);
}

async fn what_is_received_is_hidden_from_others(bench: Bench) {
    let queue = bench.standard().await;
    send(&queue, &["a"]).await;
    receive_one(&queue).await;
    expect_nothing(&queue).await;
}

async fn what_is_deleted_is_gone(bench: Bench) {
    let queue = bench.standard().await;
    send(&queue, &["a", "b"]).await;
    let received = receive_all(&queue).await;
    let (a, b): (Vec<_>, Vec<_>) = received.into_iter().partition(|it| it.body == "a");
    delete(&queue, &a).await;
    let gone = queue.change_visibility(a[0].receipt.clone(), Duration::ZERO).await;
    assert!(matches!(gone, Err(QueueError::Refused { .. })), "{gone:?}");
    show_again(&queue, &b[0]).await;
    assert_eq!(receive_one(&queue).await.body, "b");
}

async fn deleting_again_is_no_error(bench: Bench) {
    let queue = bench.standard().await;
    send(&queue, &["a"]).await;
    let received = receive(&queue).await;
    delete(&queue, &received).await;
    delete(&queue, &received).await;
    expect_nothing(&queue).await;
}

async fn what_is_shown_again_is_received_again(bench: Bench) {
    let queue = bench.standard().await;
    send(&queue, &["a"]).await;
    let first = receive_one(&queue).await;
    show_again(&queue, &first).await;
    let second = receive_one(&queue).await;
    assert_eq!((second.id, second.receive_count), (first.id, 2));
}

async fn what_is_given_back_is_received_again(bench: Bench) {
    let queue = bench.standard().await;
    send(&queue, &["a", "b"]).await;
    let received = receive_all(&queue).await;
    for it in &received {
        let delay = if it.body == "a" { Duration::ZERO } else { MINUTE };
        queue.give_back(it.receipt.clone(), delay).await.unwrap();
    }
    let again = receive_one(&queue).await;
    assert_eq!((again.body.as_str(), again.receive_count), ("a", 2));
}

async fn after_its_last_try_a_message_is_a_dead_letter(bench: Bench) {
    let (queue, dead_letters) = bench.with_dead_letters().await;
    send(&queue, &["a"]).await;
    for _ in 0..2 {
        expect_nothing(&dead_letters).await;
        show_again(&queue, &receive_one(&queue).await).await;
    }
    expect_nothing(&queue).await;
    assert_eq!(receive_one(&dead_letters).await.body, "a");
}

async fn a_delayed_message_is_not_received_yet(bench: Bench) {
    let queue = bench.standard().await;
    queue.send(vec![message("later").after(MINUTE), message("now")]).await.unwrap();
    assert_eq!(bodies(&receive_all(&queue).await), ["now"]);
}

async fn any_number_is_sent_in_requests_of_ten(bench: Bench) {
    let queue = bench.standard().await;
    let names: Vec<_> = (100..125).map(|it| it.to_string()).collect();
    send(&queue, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(sorted_bodies(&receive_all(&queue).await), names);
}

async fn any_size_is_sent_in_requests_of_a_mebibyte(bench: Bench) {
    let queue = bench.standard().await;
    let big = ["a", "b", "c"].map(|it| it.repeat(MAX_BYTES / 5 * 2));
    send(&queue, &big.each_ref().map(String::as_str)).await;
    let received = receive_all(&queue).await;
    assert!(sorted_bodies(&received) == big, "{} received", received.len());
}

async fn a_message_that_fits_nowhere_is_named_and_the_others_are_sent(bench: Bench) {
    let queue = bench.standard().await;
    let too_big = "x".repeat(MAX_BYTES + 1);
    let sent = queue.send(vec![message("a"), message(&too_big), message("b")]).await;
    let Err(QueueError::NotTaken { indices, retry_helps, code, .. }) = sent else {
        panic!("{sent:?}");
    };
    assert_eq!((indices, retry_helps), (vec![1], false));
    assert!(code.contains(&MAX_BYTES.to_string()), "{code}");
    assert_eq!(sorted_bodies(&receive_all(&queue).await), ["a", "b"]);
}

async fn eleven_entries_are_refused_whole(bench: Bench) {
    let queue = bench.standard().await;
    let sent = queue.send_batch(vec![message("a"); 11]).await;
    assert!(matches!(sent, Err(QueueError::Refused { .. })), "{sent:?}");
    expect_nothing(&queue).await;
}

async fn more_than_a_mebibyte_is_refused_whole(bench: Bench) {
    let queue = bench.standard().await;
    let (half, one_more) = ("x".repeat(MAX_BYTES / 2), "x".repeat(MAX_BYTES / 2 + 1));
    let sent = queue.send_batch(vec![message(&half), message(&one_more)]).await;
    assert_eq!(sent, Err(QueueError::TooLarge { bytes: MAX_BYTES + 1 }));
    assert!(sent.unwrap_err().to_string().contains("1048576"));
    expect_nothing(&queue).await;

    assert_eq!(queue.send_batch(vec![message(&half), message(&half)]).await, Ok(vec![]));
    assert_eq!(receive_all(&queue).await.len(), 2);
}

async fn an_invalid_entry_does_not_stop_the_others(bench: Bench) {
    let queue = bench.standard().await;
    let messages = ["a", "\u{ffff}", "b"].map(message).to_vec();
    let failed = queue.send_batch(messages).await.unwrap();
    let failed: Vec<_> = failed.iter().map(|it| (it.index, it.retry_helps)).collect();
    assert_eq!(failed, [(1, false)]);
    assert_eq!(sorted_bodies(&receive_all(&queue).await), ["a", "b"]);
}

async fn a_visibility_of_an_unknown_receipt_is_refused(bench: Bench) {
    let queue = bench.standard().await;
    let changed = queue.change_visibility("nobody's".to_owned(), MINUTE).await;
    assert!(matches!(changed, Err(QueueError::Refused { .. })), "{changed:?}");
}

async fn each_message_goes_to_one_of_many_receivers(bench: Bench) {
    let queue = bench.standard().await;
    let names: Vec<_> = (100..300).map(|it| it.to_string()).collect();
    send(&queue, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let receivers: Vec<_> = (0..10)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move { receive_all(&queue).await })
        })
        .collect();
    let mut all = Vec::new();
    for receiver in receivers {
        all.extend(receiver.await.unwrap());
    }
    assert_eq!(sorted_bodies(&all), names);
}

async fn a_group_is_received_in_its_order(bench: Bench) {
    let queue = bench.fifo().await;
    let names: Vec<_> = (100..115).map(|it| it.to_string()).collect();
    send_of(&queue, "g", &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let mut all = Vec::new();
    while all.len() < names.len() {
        let some = receive(&queue).await;
        assert!(!some.is_empty(), "the rest was expected");
        delete(&queue, &some).await;
        all.extend(some);
    }
    assert_eq!(bodies(&all), names);
}

async fn a_group_waits_while_one_of_it_is_in_flight(bench: Bench) {
    let queue = bench.fifo().await;
    send_of(&queue, "g", &["1"]).await;
    let first = receive(&queue).await;
    send_of(&queue, "g", &["2"]).await;
    expect_nothing(&queue).await;
    delete(&queue, &first).await;
    assert_eq!(receive_one(&queue).await.body, "2");
}

async fn a_group_does_not_wait_for_another(bench: Bench) {
    let queue = bench.fifo().await;
    send_of(&queue, "g", &["1"]).await;
    receive_one(&queue).await;
    send_of(&queue, "h", &["2"]).await;
    assert_eq!(receive_one(&queue).await.body, "2");
}

async fn what_comes_back_comes_before_what_follows_in_its_group(bench: Bench) {
    let queue = bench.fifo().await;
    send_of(&queue, "g", &["1", "2"]).await;
    let mut received = queue.receive(1, MINUTE).await.unwrap();
    let first = received.remove(0);
    assert_eq!(first.body, "1");
    show_again(&queue, &first).await;
    let again = receive(&queue).await;
    assert_eq!((again[0].body.as_str(), again[0].receive_count), ("1", 2));
}

async fn a_group_knows_its_messages_name(bench: Bench) {
    let queue = bench.fifo().await;
    send_of(&queue, "5bdcc146bf60754e", &["1"]).await;
    assert_eq!(receive_one(&queue).await.group.as_deref(), Some("5bdcc146bf60754e"));
}

async fn a_duplicate_is_dropped_even_after_the_first_is_deleted(bench: Bench) {
    let queue = bench.fifo().await;
    send_of(&queue, "g", &["1"]).await;
    send_of(&queue, "g", &["1"]).await;
    let received = receive(&queue).await;
    assert_eq!(bodies(&received), ["1"]);
    delete(&queue, &received).await;
    send_of(&queue, "g", &["1"]).await;
    expect_nothing(&queue).await;
}

async fn a_fifo_message_without_a_group_is_refused(bench: Bench) {
    let queue = bench.fifo().await;
    let sent = queue.send(vec![message("1")]).await;
    assert!(matches!(sent, Err(QueueError::NotTaken { retry_helps: false, .. })), "{sent:?}");
    expect_nothing(&queue).await;
}

async fn a_fifo_message_with_a_delay_is_refused(bench: Bench) {
    let queue = bench.fifo().await;
    let sent = queue.send(vec![of("g", "1").after(MINUTE)]).await;
    assert!(matches!(sent, Err(QueueError::NotTaken { retry_helps: false, .. })), "{sent:?}");
}
