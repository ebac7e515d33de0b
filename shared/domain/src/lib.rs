// SPDX-License-Identifier: EUPL-1.2
//! What we decide. Pure functions over plain data: no I/O, not async, no clock, no randomness.
//!
//! Everything that varies arrives as an argument: `now`, the line's settings, the contact as it
//! stands. Whoever calls performs what comes back.

pub mod access;
pub mod account;
pub mod all_clear;
pub mod appointment;
pub mod approval;
pub mod broadcast;
pub mod channel;
pub mod chart;
pub mod contact;
pub mod conversation;
pub mod cost;
pub mod delivery;
pub mod desk;
pub mod doubt;
pub mod drill;
pub mod erasure;
pub mod export;
pub mod failure;
pub mod halt;
pub mod hours;
pub mod ids;
pub mod import;
pub mod ledger;
pub mod line;
pub mod lint;
pub mod media;
pub mod message;
pub mod moderation;
pub mod news;
pub mod pack;
pub mod phone;
pub mod policy;
pub mod portfolio;
pub mod poster;
pub mod proof;
pub mod quiet;
pub mod rate;
pub mod reading;
pub mod reply;
pub mod report;
pub mod retention;
pub mod rights;
pub mod statistics;
pub mod status;
pub mod submission;
pub mod zones;
