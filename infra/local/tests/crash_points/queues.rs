// SPDX-License-Identifier: EUPL-1.2
//! The queues in this process: SQS's rules as far as our functions lean on them.
//!
//! The local broker keeps them all, on a thread of its own; here everything is on one thread, so
//! that a story goes the same way every time. Left out is what no function of ours could notice.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use platform::clock::Manual;
use platform::queue::{DEDUPLICATION_WINDOW, Message, Received};

/// After so many receives a message goes to the dead letters.
const MAX_RECEIVES: u32 = 5;

/// One queue with its dead letters. Clones are the same queue.
#[derive(Clone)]
pub(crate) struct Post {
    clock: Manual,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// By the order in which they came.
    messages: BTreeMap<u64, Kept>,
    next: u64,
    dead_letters: usize,
}

struct Kept {
    message: Message,
    sent_at: Timestamp,
    visible_at: Timestamp,
    receive_count: u32,
    /// Handled; it is only remembered so that no double is taken.
    gone: bool,
}

impl Post {
    pub(crate) fn new(clock: &Manual) -> Self {
        Self { clock: clock.clone(), state: Arc::default() }
    }

    pub(crate) fn send(&self, messages: impl IntoIterator<Item = Message>) {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap();
        for message in messages {
            let window = now - DEDUPLICATION_WINDOW;
            let double = |it: &Kept| {
                it.message.deduplication.is_some()
                    && it.message.deduplication == message.deduplication
                    && it.sent_at > window
            };
            if state.messages.values().any(double) {
                continue;
            }
            let visible_at = now + message.delay;
            let kept = Kept { message, sent_at: now, visible_at, receive_count: 0, gone: false };
            let sequence = state.next;
            state.next += 1;
            state.messages.insert(sequence, kept);
        }
    }

    /// The oldest that are visible; of one group none while an older one is in somebody's hands.
    pub(crate) fn receive(&self, max: usize, visibility: Duration) -> Vec<Received> {
        let now = self.clock.now();
        let hidden_until = now + visibility;
        let mut state = self.state.lock().unwrap();
        let State { messages, dead_letters, .. } = &mut *state;
        let mut blocked = Vec::new();
        let mut received = Vec::new();
        for (sequence, it) in messages.iter_mut().filter(|it| !it.1.gone) {
            let group = it.message.group.clone();
            if it.visible_at > now || group.as_ref().is_some_and(|it| blocked.contains(it)) {
                blocked.extend(group);
                continue;
            }
            if it.receive_count == MAX_RECEIVES {
                *dead_letters += 1;
                it.gone = true;
                continue;
            }
            if received.len() == max {
                break;
            }
            it.receive_count += 1;
            it.visible_at = hidden_until;
            received.push(Received {
                id: sequence.to_string(),
                receipt: sequence.to_string(),
                body: it.message.body.clone(),
                group: it.message.group.clone(),
                receive_count: it.receive_count,
                sent_at: it.sent_at,
            });
        }
        received
    }

    /// Everything that somebody has received and not yet handled is there once more.
    pub(crate) fn double(&self) {
        let now = self.clock.now();
        let state = self.state.lock().unwrap();
        let in_hand = |it: &&Kept| !it.gone && it.receive_count > 0 && it.visible_at > now;
        let doubles: Vec<_> = state.messages.values().filter(in_hand).map(again).collect();
        drop(state);
        self.send(doubles);
    }

    pub(crate) fn delete(&self, receipt: &str) {
        let mut state = self.state.lock().unwrap();
        let it = state.messages.get_mut(&receipt.parse().unwrap()).unwrap();
        it.gone = true;
    }

    /// Hands a message back, to be received again after `delay`.
    pub(crate) fn give_back(&self, receipt: &str, delay: Duration) {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap();
        let it = state.messages.get_mut(&receipt.parse().unwrap()).unwrap();
        it.visible_at = now + delay;
    }

    /// The next instant after now at which a message can be received, again or for the first time.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let now = self.clock.now();
        let state = self.state.lock().unwrap();
        let left = state.messages.values().filter(|it| !it.gone);
        left.map(|it| it.visible_at).filter(|it| *it > now).min()
    }

    /// Messages that nobody has handled, dead letters included.
    pub(crate) fn left(&self) -> usize {
        let state = self.state.lock().unwrap();
        state.dead_letters + state.messages.values().filter(|it| !it.gone).count()
    }
}

fn again(it: &Kept) -> Message {
    Message { delay: Duration::ZERO, ..it.message.clone() }
}
