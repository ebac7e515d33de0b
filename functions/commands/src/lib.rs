//! One inbound message: a command, or a conversation for the desk. Replies.
