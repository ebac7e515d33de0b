// SPDX-License-Identifier: EUPL-1.2
//! The tables on a real engine: what is promised of people, broadcasts and conversations rests on
//! conditions and transactions, so that is where they are tested.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

mod access;
mod account;
mod appointments;
mod aside;
mod broadcasts;
mod clearing;
mod conversations;
mod deliveries;
mod desk;
mod erasure;
mod files;
mod ledger;
mod moderation;
mod people;
mod planning;
mod portfolios;
mod rates;
mod requests;
mod restore;
mod separation;
mod spending;
mod support;
mod tasks;
mod templates;
