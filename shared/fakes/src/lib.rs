// SPDX-License-Identifier: EUPL-1.2
//! Stand-ins that keep the real rules: Meta's Graph API, the people who write to it.

pub mod meta;

pub use meta::{Meta, MetaOptions};
