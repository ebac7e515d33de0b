// SPDX-License-Identifier: EUPL-1.2
//! What each thing that happens asks of AWS: counted, and kept true by tests of `infra/bench` that
//! let it happen.

use std::ops::{Add, Mul, Sub};

/// Operations that AWS bills.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Operations {
    /// DynamoDB read request units.
    pub reads: f64,
    /// DynamoDB write request units.
    pub writes: f64,
    /// SQS requests on standard queues, without those that found nothing.
    pub standard: f64,
    /// The same on FIFO queues.
    pub fifo: f64,
    /// Events published on our bus.
    pub events: f64,
    pub runs: Runs,
    /// How long the functions run for it, in all. Generous: it is the only one not counted.
    pub seconds: f64,
}

/// Invocations by function.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Runs {
    pub webhook: f64,
    pub commands: f64,
    pub fanout: f64,
    pub sender: f64,
    pub statuses: f64,
    pub retention: f64,
    pub desk: f64,
    pub admin: f64,
}

/// A minute in which nothing is due, with any number of lines: of the fan-out and of the desk.
pub const TICK: Operations = Operations {
    reads: 1.0,
    runs: Runs { fanout: 1.0, desk: 1.0, ..NO_RUNS },
    seconds: 0.15,
    ..NOTHING
};

/// A line's night, besides what it does for each contact. All lines share one run.
pub const NIGHT: Operations = Operations { reads: 19.0, writes: 5.0, seconds: 1.0, ..NOTHING };

/// A contact whom the night looks at.
pub const NIGHT_OF_CONTACT: Operations =
    Operations { reads: 2.1, writes: 1.15, seconds: 0.02, ..NOTHING };

/// A broadcast, besides its messages: drafted, previewed, scheduled, looked at six times, planned,
/// closed, and counted again three times.
pub const BROADCAST: Operations = Operations {
    reads: 115.0,
    writes: 43.5,
    standard: 6.35,
    events: 3.0,
    runs: Runs { fanout: 2.0, sender: 1.0, statuses: 1.7, admin: 10.0, ..NO_RUNS },
    seconds: 5.0,
    ..NOTHING
};

/// A message of a broadcast: previewed, sent, read, with each status in a webhook of its own; and
/// the delivery's end after its days.
pub const MESSAGE: Operations = Operations {
    reads: 2.6,
    writes: 5.6,
    standard: 3.65,
    runs: Runs { webhook: 3.0, sender: 0.02, statuses: 0.305, ..NO_RUNS },
    seconds: 0.2,
    ..NOTHING
};

/// ISCRIVIMI from somebody new: the answer with its statuses, and the seal of the night.
pub const KEYWORD: Operations = Operations {
    reads: 9.0,
    writes: 45.0,
    standard: 7.0,
    fifo: 3.0,
    events: 1.0,
    runs: Runs { webhook: 4.0, commands: 1.0, statuses: 2.0, ..NO_RUNS },
    seconds: 1.5,
};

/// A citizen's message for the desk, until it is cleared.
pub const QUESTION: Operations = Operations {
    reads: 4.0,
    writes: 15.0,
    fifo: 3.0,
    runs: Runs { webhook: 1.0, commands: 1.0, ..NO_RUNS },
    seconds: 0.5,
    ..NOTHING
};

/// The desk's answer with its statuses, until it is cleared; before it, the desk has opened its
/// list and the chat.
pub const ANSWER: Operations = Operations {
    reads: 8.0,
    writes: 19.0,
    standard: 7.0,
    runs: Runs { webhook: 3.0, statuses: 2.0, admin: 3.0, ..NO_RUNS },
    seconds: 1.5,
    ..NOTHING
};

/// What a subscriber takes in the tables, with consent, its seal, and what leads to them.
pub const SUBSCRIBER_BYTES: f64 = 6_500.0;
pub const DELIVERY_BYTES: f64 = 700.0;
/// A message of a chat, with its part of the conversation's row.
pub const CHAT_MESSAGE_BYTES: f64 = 1_400.0;

const NO_RUNS: Runs = Runs {
    webhook: 0.0,
    commands: 0.0,
    fanout: 0.0,
    sender: 0.0,
    statuses: 0.0,
    retention: 0.0,
    desk: 0.0,
    admin: 0.0,
};

const NOTHING: Operations = Operations {
    reads: 0.0,
    writes: 0.0,
    standard: 0.0,
    fifo: 0.0,
    events: 0.0,
    runs: NO_RUNS,
    seconds: 0.0,
};

impl Runs {
    /// All of them.
    pub fn all(&self) -> f64 {
        let Self { webhook, commands, fanout, sender, statuses, retention, desk, admin } = self;
        webhook + commands + fanout + sender + statuses + retention + desk + admin
    }

    fn with(self, other: Self, both: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            webhook: both(self.webhook, other.webhook),
            commands: both(self.commands, other.commands),
            fanout: both(self.fanout, other.fanout),
            sender: both(self.sender, other.sender),
            statuses: both(self.statuses, other.statuses),
            retention: both(self.retention, other.retention),
            desk: both(self.desk, other.desk),
            admin: both(self.admin, other.admin),
        }
    }
}

impl Operations {
    fn with(self, other: Self, both: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            reads: both(self.reads, other.reads),
            writes: both(self.writes, other.writes),
            standard: both(self.standard, other.standard),
            fifo: both(self.fifo, other.fifo),
            events: both(self.events, other.events),
            runs: self.runs.with(other.runs, &both),
            seconds: both(self.seconds, other.seconds),
        }
    }
}

impl Add for Operations {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        self.with(more, |one, other| one + other)
    }
}

impl Sub for Operations {
    type Output = Self;

    fn sub(self, less: Self) -> Self {
        self.with(less, |one, other| one - other)
    }
}

impl Mul<f64> for Operations {
    type Output = Self;

    fn mul(self, times: f64) -> Self {
        self.with(self, |one, _| one * times)
    }
}

impl std::iter::Sum for Operations {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}
