// SPDX-License-Identifier: EUPL-1.2
//! Meta's rules, held to through HTTP: what our software will meet.

// Always so here; said so that the lints know it.
#[cfg(test)]
mod management;
mod people;
mod sending;
mod simulator;
#[cfg(test)]
mod support;
mod templates;
mod webhooks;
