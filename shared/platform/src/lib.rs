//! The host: settings, telemetry, clock, queues and jobs, events.

pub mod clock;
