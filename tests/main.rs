// SPDX-License-Identifier: EUPL-1.2
//! End to end, in people's words, through HTTP only. One file per story.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod support;

mod access;
mod account;
mod appointments;
mod authoring;
mod broadcast;
mod citizen;
mod consent;
mod cost;
mod desk;
mod doubt;
mod faults;
mod hostile;
mod identity;
mod import;
mod life;
mod media;
mod metrics;
mod moderation;
mod notices;
mod office;
mod openapi;
mod policy;
mod promises;
mod reports;
mod rights;
mod sign_in;
mod waiting;
mod webhook;
mod zones;
