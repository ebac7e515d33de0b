// SPDX-License-Identifier: EUPL-1.2
//! Ids: one type each, so that none is taken for another.
//!
//! Ours are opaque and may stand in logs, events and URLs. Meta's that contain or stand for a
//! phone number (`MessageId`, `UserId`) never do: their `Debug` says only that they are there.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Takes the id as it is written where it comes from.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

macro_rules! personal_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Takes the id as Meta wrote it.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The id itself, for keys of our tables and for Meta. Never for a log line.
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    };
}

id! {
    /// A line's slug, as in its file: `pordenone`.
    LineId
}
id! {
    /// A topic's slug within a line: `scadenze`.
    TopicId
}
id! {
    /// A Meta app: `default`, or the last part of its webhook path.
    AppId
}
id! {
    /// Meta's id of a business number. Source: Cloud API, `metadata.phone_number_id`.
    PhoneNumberId
}
id! {
    /// A person of one line. 32 hexadecimal digits, random: the last one spreads deliveries over
    /// partitions, so it must be as random as the others.
    ContactId
}
id! {
    /// A broadcast. 32 hexadecimal digits that sort by the time of creation.
    BroadcastId
}
id! {
    /// A key of the API. 32 hexadecimal digits, random.
    KeyId
}
id! {
    /// Somebody of the office. 32 hexadecimal digits, the same on every line.
    PersonId
}
id! {
    /// Something one makes an appointment for, as in the line file: `carta-identita`.
    ServiceId
}
id! {
    /// An appointment: the id of the contact who made it, a dash, and 8 random hexadecimal digits.
    AppointmentId
}
id! {
    /// One act of moderation, within the contact it is about.
    MeasureId
}
id! {
    /// A file: when it came, in milliseconds, and a part that nobody guesses.
    FileId
}
personal_id! {
    /// Meta's id of a message, `wamid.…`. It contains the phone number: personal data.
    MessageId
}
personal_id! {
    /// Meta's id of a person for one business portfolio (BSUID), `IT.…`: personal data.
    UserId
}
