//! A chunk: is it still wanted, slots, consent, claim, Graph API, outcome.
