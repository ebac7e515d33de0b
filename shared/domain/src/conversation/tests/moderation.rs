// SPDX-License-Identifier: EUPL-1.2
//! Blocks, objections and floods, played message by message.

use super::*;
use crate::moderation::Block;

/// Blocked until the 26th at nine; they do not know yet.
fn untold(line: &Line) -> Contact {
    let contact = said(line, &stranger(), "24T08:00 ISCRIVIMI");
    let block = Block::of(&MeasureId::new("m"), moment("26T09:00"), "spam");
    Contact { blocked: Some(block), ..contact }
}

#[test]
fn who_is_blocked_is_told_once_objects_once_and_is_heard_again_when_it_ends() {
    insta::assert_snapshot!(play(&free(), untold(&free()), &[
        "25T10:00 [reaction]",
        "25T10:01 Quando apre l'ufficio?",
        "25T10:02 Rispondete!",
        "25T10:03 [tap review]",
        "25T10:04 riesame",
        "25T10:05 Non ho scritto niente di male",
        "26T08:59 Buongiorno?",
        "26T09:00 Quando apre l'ufficio?",
    ]), @r"
    > 25T10:00 [reaction]
    > 25T10:01 Quando apre l'ufficio?
      desk: Recorded
      < blocked
    > 25T10:02 Rispondete!
      desk: Recorded
    > 25T10:03 [tap review]
      desk: Opens
      < review_taken
    > 25T10:04 riesame
      desk: Recorded
    > 25T10:05 Non ho scritto niente di male
      desk: Recorded
    > 26T08:59 Buongiorno?
      desk: Recorded
      < help
    > 26T09:00 Quando apre l'ufficio?
      desk: Opens
    ");
}

#[test]
fn a_command_that_works_is_answered_before_they_are_told() {
    insta::assert_snapshot!(play(&free(), untold(&free()), &[
        "24T10:00 aiuto",
        "24T10:01 CANCELLAMI",
        "24T10:02 ISCRIVIMI",
        "24T10:03 c'è un incendio in via Roma",
    ]), @r"
    > 24T10:00 aiuto
      desk: Recorded
      < help
    > 24T10:01 CANCELLAMI
      left
      desk: Recorded
      < goodbye
    > 24T10:02 ISCRIVIMI
      desk: Recorded
      < blocked
    > 24T10:03 c'è un incendio in via Roma
      desk: Urgent
      < emergency
    ");
}

#[test]
fn a_flood_is_kept_and_raises_nothing_more_but_leaving_works() {
    let mut line = free();
    line.moderation.messages_a_minute = 3;
    insta::assert_snapshot!(play(&line, said(&line, &stranger(), "24T08:00 ISCRIVIMI"), &[
        "24T09:00 Quando apre l'ufficio?",
        "24T09:00 Quando apre?",
        "24T09:00 aiuto",
        "24T09:00 Rispondete?",
        "24T09:00 novità",
        "24T09:00 ISCRIVIMI",
        "24T09:00 c'è un incendio in via Roma",
        "24T09:00 CANCELLAMI",
        "24T09:00 CANCELLAMI",
        "24T09:01 Quando apre l'ufficio?",
    ]), @r"
    > 24T09:00 Quando apre l'ufficio?
      desk: Opens
    > 24T09:00 Quando apre?
      desk: Opens
    > 24T09:00 aiuto
      desk: Recorded
      < help
    > 24T09:00 Rispondete?
      desk: Recorded
    > 24T09:00 novità
      desk: Recorded
    > 24T09:00 ISCRIVIMI
      desk: Recorded
    > 24T09:00 c'è un incendio in via Roma
      desk: Urgent
    > 24T09:00 CANCELLAMI
      left
      desk: Recorded
      < goodbye
    > 24T09:00 CANCELLAMI
      desk: Recorded
    > 24T09:01 Quando apre l'ufficio?
      desk: Opens
    ");
}

proptest! {
    /// However much somebody writes, the desk is called at most so often in any minute.
    #[test]
    fn a_minute_raises_at_most_what_the_line_allows(
        seconds in prop::collection::vec(0_i64..120, 1..60), allowed in 1_u32..10,
    ) {
        let mut line = free();
        line.moderation.messages_a_minute = allowed;
        let mut seconds = seconds;
        seconds.sort_unstable();
        let (start, mut contact, mut raised) = (moment("24T09:00").as_second(), stranger(), Vec::new());
        for second in seconds {
            let at = Timestamp::from_second(start + second).unwrap();
            let decision = hear(&line, &contact, &inbound(at, "Quando apre l'ufficio?"), at);
            if decision.desk == Desk::Opens {
                raised.push(second);
            }
            contact = decision.contact;
        }
        // A minute of the guard's may lie across two of the clock's.
        for first in &raised {
            let within = raised.iter().filter(|it| (*first..first + 60).contains(it)).count();
            prop_assert!(within <= 2 * allowed as usize);
        }
    }
}
