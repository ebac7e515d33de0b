//! rate.
