// SPDX-License-Identifier: EUPL-1.2
//! Meta: webhook payloads, signatures, the Graph API client.
//!
//! What Meta's error codes mean is not here but in [`domain::failure`].

pub mod files;
pub mod graph;
pub mod payload;
pub mod signature;
