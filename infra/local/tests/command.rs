// SPDX-License-Identifier: EUPL-1.2
//! The command as a person runs it: a process of its own that is killed, started again, and asked
//! for what cannot be.

#[cfg(test)]
mod command {
    pub(crate) mod process;
    pub(crate) mod town;

    mod consent;
    mod crashes;
    mod dlq;
    mod export;
    mod options;
    mod refusals;
    mod restore;
    mod time;
    mod words;
}
