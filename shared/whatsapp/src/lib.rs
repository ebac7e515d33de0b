//! Meta: webhook payloads, signatures, the Graph API client, error codes.
