// SPDX-License-Identifier: EUPL-1.2
//! `filodiretto doctor` against a running stack, Meta's stand-in, and an AWS that answers from a
//! script: what is well, and each thing that can go wrong.

// Always so here; said so that the lints know it.
#[cfg(test)]
mod aws;
#[cfg(test)]
mod town;

mod abroad;
mod at_home;
