//! Meta's rules, held to through HTTP: what our software will meet.

mod people;
mod sending;
mod simulator;
// Always so here; said so that the lints know it.
#[cfg(test)]
mod support;
mod templates;
mod webhooks;
