//! Meta's POST: verify the signature on raw bytes, queue, 200. Touches no table.
