//! Nightly: what is past its date goes, a page at a time.
