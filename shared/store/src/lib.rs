//! The tables: every key shape once; the only user of the DynamoDB client.

pub mod line_file;
