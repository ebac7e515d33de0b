//! Sent, delivered, read, failed: what Meta reports of a send.
