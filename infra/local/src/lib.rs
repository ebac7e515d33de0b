//! Everything in one process on embedded engines, and the command that runs it.

pub mod broker;
pub mod poller;
