//! Everything in one process on embedded engines, and the command that runs it.
