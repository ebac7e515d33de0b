//! Office hours: a subset of the OpenStreetMap `opening_hours` notation, read and put in words.

/// Weekly opening hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours;
