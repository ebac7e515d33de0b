// SPDX-License-Identifier: EUPL-1.2
//! The host: settings, telemetry, metrics, clock, queues and jobs, events.
//!
//! The only user of the environment, SQS, EventBridge, S3, SES and Systems Manager. It decides nothing.

pub mod apps;
pub mod aside;
pub mod batch;
pub mod bucket;
pub mod clock;
pub mod events;
pub mod http;
pub mod jobs;
pub mod mail;
pub mod media;
pub mod metrics;
pub mod pseudonym;
pub mod queue;
pub mod random;
pub mod secrets;
pub mod settings;
pub mod telemetry;

mod aws;
