// SPDX-License-Identifier: EUPL-1.2
//! How a queue behaves, in people's words: the local broker always, and a second SQS on request.
//!
//! `SQS_ENDPOINT_URL=http://127.0.0.1:4566 cargo test -p local-stack --test queues
//! --features second-sqs` runs what needs no movable clock against an emulator, through the same
//! client as on AWS. A difference is a bug of the broker.

#[cfg(test)]
mod queues {
    pub(crate) mod bench;

    mod behaviour;
    mod broker;
    mod durability;
    mod poller;
    mod timed_behaviour;
}
