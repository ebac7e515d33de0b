// SPDX-License-Identifier: EUPL-1.2
//! The border between the functions and everything outside of them: every call over it has a
//! number and a name, and any of them can go wrong.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use tokio::sync::oneshot;
use tokio::task::AbortHandle;

/// A process in which one invocation of a function runs at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Lane {
    Fanout(u8),
    Sender(u8),
    Statuses,
    Commands,
    Webhook,
    /// Requests of the office's that a story is about.
    Office,
    /// The office and the story itself: their calls are not counted and never go wrong.
    Story,
}

impl Lane {
    /// The function whose call this is. Of the story's own, what it publishes is the office's.
    pub(crate) fn function(self, target: &str) -> Option<&'static str> {
        match self {
            Self::Fanout(_) => Some("fanout"),
            Self::Sender(_) => Some("sender"),
            Self::Statuses => Some("statuses"),
            Self::Commands => Some("commands"),
            Self::Webhook => Some("webhook"),
            Self::Office => Some("admin"),
            Self::Story => target.starts_with("AWSEvents").then_some("admin"),
        }
    }
}

/// One call over the border.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) lane: Lane,
    /// `dynamodb UpdateItem`, `sqs SendMessageBatch`, `graph POST`.
    pub(crate) what: String,
}

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mishap {
    /// The process dies, and the far side never hears of it.
    DeadBefore,
    /// The far side does it, and the process dies without hearing of it.
    DeadAfter,
    /// The far side does it, the answer is lost, and the process goes on.
    AnswerLost,
    /// The far side does not do it and says so, in the way that is meant.
    Refused(Refusal),
}

/// Ways in which AWS says that it did not do something, or not all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Refusal {
    /// `ProvisionedThroughputExceededException` of a table; of others, their way of being away.
    Throttled,
    /// Another transaction has the item.
    Conflict,
    /// A batch of which only the first part is done.
    Partly,
}

/// What happens just before a call.
enum Hold {
    At(usize),
    /// The call is held, and goes on when this is sent.
    Held(oneshot::Sender<()>),
}

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    mishaps: HashMap<usize, Mishap>,
    hold: Option<Hold>,
    processes: HashMap<Lane, AbortHandle>,
    /// Calls that are being answered now.
    moving: usize,
    /// The call at which the story was, and what happened there.
    met: Option<(usize, String)>,
}

#[derive(Default)]
pub(crate) struct Outside(Mutex<State>);

impl Outside {
    /// The call with this number goes wrong. Numbers start at 1.
    pub(crate) fn goes_wrong(&self, number: usize, mishap: Mishap) {
        self.state().mishaps.insert(number, mishap);
    }

    /// The call with this number is held until [`Outside::release`].
    pub(crate) fn hold_at(&self, number: usize) {
        self.state().hold = Some(Hold::At(number));
    }

    /// Whether a call is held just now.
    pub(crate) fn holds(&self) -> bool {
        matches!(self.state().hold, Some(Hold::Held(_)))
    }

    pub(crate) fn release(&self) {
        let hold = self.state().hold.take();
        if let Some(Hold::Held(go_on)) = hold {
            // Whoever was held may have died meanwhile.
            go_on.send(()).ok();
        }
    }

    /// From now on this is the process of the lane.
    pub(crate) fn runs(&self, lane: Lane, process: AbortHandle) {
        self.state().processes.insert(lane, process);
    }

    /// Whether a call is on its way.
    pub(crate) fn is_moving(&self) -> bool {
        self.state().moving > 0
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.state().calls.len()
    }

    /// The call at which something happened: `k=37 DeadAfter in Sender(0): dynamodb UpdateItem`.
    pub(crate) fn point(&self) -> String {
        let state = self.state();
        match &state.met {
            Some((number, what_happened)) => {
                let Call { lane, what } = &state.calls[number - 1];
                format!("k={number} {what_happened} in {lane:?}: {what}")
            }
            None => "no call met".to_owned(),
        }
    }

    /// Makes one call. `Err` is how it went wrong for whoever lives to hear of it.
    pub(crate) async fn call<A>(
        &self,
        lane: Lane,
        what: impl FnOnce() -> String,
        perform: impl Future<Output = A>,
    ) -> Result<A, Mishap> {
        let moving = Moving::start(self);
        if lane == Lane::Story {
            return Ok(perform.await);
        }
        let (mishap, held) = self.begin(Call { lane, what: what() });
        if let Some(go_on) = held {
            drop(moving);
            go_on.await.ok();
            return self.proceed(lane, mishap, perform, Moving::start(self)).await;
        }
        self.proceed(lane, mishap, perform, moving).await
    }

    async fn proceed<A>(
        &self,
        lane: Lane,
        mishap: Option<Mishap>,
        perform: impl Future<Output = A>,
        moving: Moving<'_>,
    ) -> Result<A, Mishap> {
        match mishap {
            None => Ok(perform.await),
            Some(Mishap::DeadBefore) => self.die(lane, moving).await,
            Some(Mishap::DeadAfter) => {
                perform.await;
                self.die(lane, moving).await
            }
            Some(Mishap::AnswerLost) => {
                perform.await;
                Err(Mishap::AnswerLost)
            }
            Some(refused) => Err(refused),
        }
    }

    /// Numbers the call, and says what is to happen to it.
    fn begin(&self, call: Call) -> (Option<Mishap>, Option<oneshot::Receiver<()>>) {
        let mut state = self.state();
        state.calls.push(call);
        let number = state.calls.len();
        let mishap = state.mishaps.get(&number).copied();
        if let Some(mishap) = mishap {
            state.met = Some((number, format!("{mishap:?}")));
        }
        let held = matches!(state.hold, Some(Hold::At(at)) if at == number).then(|| {
            let (go_on, held) = oneshot::channel();
            state.hold = Some(Hold::Held(go_on));
            state.met = Some((number, "held".to_owned()));
            held
        });
        (mishap, held)
    }

    /// The process that makes the call is killed. Nothing of it runs again.
    async fn die<A>(&self, lane: Lane, moving: Moving<'_>) -> A {
        if let Some(process) = self.state().processes.remove(&lane) {
            process.abort();
        }
        drop(moving);
        std::future::pending().await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

/// A call on its way, also if whoever made it died.
struct Moving<'a>(&'a Outside);

impl<'a> Moving<'a> {
    fn start(outside: &'a Outside) -> Self {
        outside.state().moving += 1;
        Self(outside)
    }
}

impl Drop for Moving<'_> {
    fn drop(&mut self) {
        self.0.state().moving -= 1;
    }
}
