// SPDX-License-Identifier: EUPL-1.2
//! Everything in one process on embedded engines: the functions as libraries, queues of our own,
//! an embedded DynamoDB, and Meta's stand-in with its phones.

pub mod apply;
pub mod broker;
pub mod calls;
pub mod consent;
pub mod cost;
pub mod deployment;
pub mod dlq;
pub mod doctor;
mod engine;
pub mod export;
mod kept;
pub mod lines;
mod media;
pub mod meta;
pub mod place;
pub mod poller;
pub mod restore;
mod stack;
mod time;

pub use engine::tables;
pub use stack::{Options, Stack, StartError};

/// The tables' file in a data folder.
const TABLES: &str = "tables.sqlite";
