// SPDX-License-Identifier: EUPL-1.2
//! What the buttons and rows about appointments say to us besides their titles.

use std::fmt;

use jiff::Timestamp;

use crate::ids::{AppointmentId, ServiceId};

/// What a press on one of them asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Which appointments there are, or else as [`Ask::New`].
    Start,
    /// Another one: for what?
    New,
    /// One of the person's own.
    Show(AppointmentId),
    /// Days with free slots of a service, from an instant on.
    Days {
        service: ServiceId,
        from: Option<Timestamp>,
    },
    /// Free slots of a day, from an instant on.
    Hours {
        service: ServiceId,
        from: Timestamp,
    },
    /// A slot, to be asked once more.
    Pick {
        service: ServiceId,
        at: Timestamp,
    },
    /// That slot, for certain: booked, or the person's appointment moved to it.
    Take {
        service: ServiceId,
        at: Timestamp,
    },
    Move(AppointmentId),
    Cancel(AppointmentId),
    /// They will come.
    Confirm(AppointmentId),
}

/// What all of them begin with.
const PREFIX: &str = "appointment";

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        match self {
            Self::Start => Ok(()),
            Self::New => f.write_str(":new"),
            Self::Show(id) => write!(f, ":show:{id}"),
            Self::Days { service, from: None } => write!(f, ":days:{service}"),
            Self::Days { service, from: Some(at) } => {
                write!(f, ":days:{service}:{}", at.as_second())
            }
            Self::Hours { service, from } => write!(f, ":hours:{service}:{}", from.as_second()),
            Self::Pick { service, at } => write!(f, ":pick:{service}:{}", at.as_second()),
            Self::Take { service, at } => write!(f, ":take:{service}:{}", at.as_second()),
            Self::Move(id) => write!(f, ":move:{id}"),
            Self::Cancel(id) => write!(f, ":cancel:{id}"),
            Self::Confirm(id) => write!(f, ":confirm:{id}"),
        }
    }
}

impl Ask {
    /// `None` if it is not one of ours.
    pub fn parse(payload: &str) -> Option<Self> {
        let mut parts = payload.split(':');
        if parts.next() != Some(PREFIX) {
            return None;
        }
        let (what, of, at) = (parts.next(), parts.next(), parts.next());
        if parts.next().is_some() {
            return None;
        }
        let id = || of.map(AppointmentId::new);
        let service = || of.map(ServiceId::new);
        let at = || Timestamp::from_second(at?.parse().ok()?).ok();
        Some(match what {
            None => Self::Start,
            Some("new") => Self::New,
            Some("show") => Self::Show(id()?),
            Some("days") => Self::Days { service: service()?, from: at() },
            Some("hours") => Self::Hours { service: service()?, from: at()? },
            Some("pick") => Self::Pick { service: service()?, at: at()? },
            Some("take") => Self::Take { service: service()?, at: at()? },
            Some("move") => Self::Move(id()?),
            Some("cancel") => Self::Cancel(id()?),
            Some("confirm") => Self::Confirm(id()?),
            Some(_) => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read() {
        let (id, service) = (|| AppointmentId::new("0b9e-7f"), || ServiceId::new("carta"));
        let at = Timestamp::from_second(1_795_507_200).unwrap();
        for (ask, want) in [
            (Ask::Start, "appointment"),
            (Ask::New, "appointment:new"),
            (Ask::Show(id()), "appointment:show:0b9e-7f"),
            (Ask::Days { service: service(), from: None }, "appointment:days:carta"),
            (Ask::Days { service: service(), from: Some(at) }, "appointment:days:carta:1795507200"),
            (Ask::Hours { service: service(), from: at }, "appointment:hours:carta:1795507200"),
            (Ask::Pick { service: service(), at }, "appointment:pick:carta:1795507200"),
            (Ask::Take { service: service(), at }, "appointment:take:carta:1795507200"),
            (Ask::Move(id()), "appointment:move:0b9e-7f"),
            (Ask::Cancel(id()), "appointment:cancel:0b9e-7f"),
            (Ask::Confirm(id()), "appointment:confirm:0b9e-7f"),
        ] {
            assert_eq!(ask.to_string(), want);
            assert_eq!(Ask::parse(want), Some(ask));
        }
        for other in ["subscribe", "appointments", "appointment:", "appointment:take:carta:x"] {
            assert_eq!(Ask::parse(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn no_payload_panics(text in "(appointment)?(:(days|hours|take|move))?[:a-z0-9-]{0,40}") {
            if let Some(ask) = Ask::parse(&text) {
                let written = ask.to_string();
                prop_assert!(written.len() <= text.len() + 20);
                prop_assert_eq!(Ask::parse(&written), Some(ask));
            }
        }
    }
}
