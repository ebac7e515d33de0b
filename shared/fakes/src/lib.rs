// SPDX-License-Identifier: EUPL-1.2
//! Stand-ins that keep the real rules: Meta's Graph API, the people who write to it, a provider with
//! whom the office signs in.

pub mod meta;
pub mod oidc;

pub use meta::{Meta, MetaOptions};
