// SPDX-License-Identifier: EUPL-1.2
//! What a test can make Meta do wrong, for one number or for all.

use std::collections::{HashMap, VecDeque};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Switches for a number. The default is a Meta that does nothing odd and keeps its limits.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, each named by its use")]
pub struct Faults {
    /// One for each of the next sends, in order; after them [`Faults::every_send`] applies.
    pub next_sends: VecDeque<SendFault>,
    pub every_send: SendFault,
    /// One for each of the next downloads of files, in order.
    pub next_downloads: VecDeque<DownloadFault>,
    /// Real time before each answer to a send, drawn evenly from the range by [`Faults::seed`].
    pub latency: Option<RangeInclusive<Duration>>,
    pub seed: u64,
    /// Every webhook update comes this many times more after its first 200.
    pub duplicates: u32,
    /// All statuses are posted before the answer to the send.
    pub statuses_before_answer: bool,
    pub read_before_delivered: bool,
    pub skip_delivered: bool,
    /// `pricing` stands on `delivered` only, not on `sent`.
    pub pricing_late: bool,
    /// Every call is answered 401 with code 190.
    pub token_invalid: bool,
    /// Templates are accepted and held. See [`Meta::release_held`](super::Meta::release_held).
    pub hold_templates: bool,
    /// What normally comes as a `failed` status (131026, 131047, 131050) is answered at once.
    pub failures_in_answer: bool,
    /// One update in each POST instead of all that are due.
    pub one_update_a_post: bool,
    /// Throughput, pair rate and portfolio limit.
    pub limits: bool,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            next_sends: VecDeque::new(),
            every_send: SendFault::None,
            next_downloads: VecDeque::new(),
            latency: None,
            seed: 1,
            duplicates: 0,
            statuses_before_answer: false,
            read_before_delivered: false,
            skip_delivered: false,
            pricing_late: false,
            token_invalid: false,
            hold_templates: false,
            failures_in_answer: false,
            one_update_a_post: false,
            limits: true,
        }
    }
}

impl Faults {
    /// The next `n` sends go wrong in this way.
    pub fn for_next(&mut self, n: usize, fault: SendFault) {
        self.next_sends.extend(std::iter::repeat_n(fault, n));
    }
}

/// What goes wrong with one send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SendFault {
    #[default]
    None,
    /// Accepted and delivered, but the connection closes without an answer.
    DropAnswer,
    /// Not accepted, and the connection closes without an answer.
    DropRequest,
    /// Accepted and delivered, but answered with this HTTP status (500, 503).
    ErrorAfterAccepting(u16),
    /// Not accepted, and answered with this HTTP status without a telling code.
    ErrorWithoutAccepting(u16),
    /// Not accepted, and answered with this error code of Meta's.
    Code(u32),
    /// Accepted; the only status is `failed` with this code.
    FailLater(u32),
}

/// The switches of all numbers.
#[derive(Default)]
pub(crate) struct Switchboard {
    everywhere: Faults,
    by_number: HashMap<String, Faults>,
}

impl Switchboard {
    /// A number's own switches; where it has none, those of all numbers.
    pub(crate) fn of(&mut self, phone_number_id: &str) -> &mut Faults {
        self.by_number.get_mut(phone_number_id).unwrap_or(&mut self.everywhere)
    }

    pub(crate) fn everywhere(&mut self) -> &mut Faults {
        &mut self.everywhere
    }

    /// A number's own switches, made from those of all numbers at first use.
    pub(crate) fn own(&mut self, phone_number_id: &str) -> &mut Faults {
        let start = self.everywhere.clone();
        self.by_number.entry(phone_number_id.to_owned()).or_insert(start)
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// What happens to the send now at hand, and how long its answer takes.
    pub(crate) fn draw(&mut self, phone_number_id: &str) -> (SendFault, Option<Duration>) {
        let faults = self.of(phone_number_id);
        let fault = faults.next_sends.pop_front().unwrap_or(faults.every_send);
        let latency = faults.latency.clone().map(|range| {
            let (from, to) = (range.start().as_millis(), range.end().as_millis());
            let width = u64::try_from(to.saturating_sub(from)).unwrap_or(u64::MAX - 1) + 1;
            *range.start() + Duration::from_millis(next_random(&mut faults.seed) % width)
        });
        (fault, latency)
    }
}

/// `SplitMix64`: small, even, and the same everywhere for the same seed.
pub(crate) fn next_random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What goes wrong when a file is downloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DownloadFault {
    /// The address is too old already.
    Expired,
    /// Some bytes are others.
    Damaged,
    /// 503.
    Away,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_latencies_within_the_range() {
        let range = Duration::from_millis(90)..=Duration::from_millis(220);
        let draw = || {
            let mut board = Switchboard::default();
            board.everywhere().latency = Some(range.clone());
            (0..50).map(|_| board.draw("1").1.unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(draw(), draw());
        assert!(draw().iter().all(|it| range.contains(it)));
        assert!(draw().windows(2).any(|it| it[0] != it[1]));
    }

    #[test]
    fn a_number_has_its_own_switches_once_they_are_touched() {
        let mut board = Switchboard::default();
        board.own("1").for_next(1, SendFault::DropAnswer);
        assert_eq!(board.draw("2").0, SendFault::None);
        assert_eq!(board.draw("1").0, SendFault::DropAnswer);
        assert_eq!(board.draw("1").0, SendFault::None);
    }
}
