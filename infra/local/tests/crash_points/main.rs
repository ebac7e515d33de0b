// SPDX-License-Identifier: EUPL-1.2
//! Every outside call of a broadcast, and for each: what if the process died there, or the answer
//! was lost, or somebody left just then?
//!
//! `cargo test -p local-stack --test crash_points -- --nocapture` says how many points were tried.

// Always so here; said so that the lints know it.
#[cfg(test)]
mod aws;
#[cfg(test)]
mod outside;
#[cfg(test)]
mod points;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod queues;
#[cfg(test)]
mod town;
#[cfg(test)]
mod world;

mod doubles;
#[cfg(test)]
mod doubt;
#[cfg(test)]
mod erasures;
#[cfg(test)]
mod every_call;
#[cfg(test)]
mod goodbyes;
#[cfg(test)]
mod office;
mod refusals;
