//! What a person may ask about their data, and until when they are owed an answer.

/// A right of the GDPR that somebody can use by asking for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// A copy of what is held, and what is done with it (art. 15).
    Access,
    /// That something wrong is put right (art. 16).
    Rectification,
    /// That everything goes (art. 17).
    Erasure,
    /// That it is kept and not used (art. 18).
    Restriction,
    /// To whom it was passed on, and whether they were told of a change (art. 19): Pordenone's
    /// attestation.
    Recipients,
    /// A copy for a program to read (art. 20).
    Portability,
    /// That it is not used for this any more (art. 21).
    Objection,
}

impl Right {
    pub const ALL: [Self; 7] = [
        Self::Access,
        Self::Rectification,
        Self::Erasure,
        Self::Restriction,
        Self::Recipients,
        Self::Portability,
        Self::Objection,
    ];

    /// As a line file's list of rights has it.
    pub fn article(self) -> u8 {
        match self {
            Self::Access => 15,
            Self::Rectification => 16,
            Self::Erasure => 17,
            Self::Restriction => 18,
            Self::Recipients => 19,
            Self::Portability => 20,
            Self::Objection => 21,
        }
    }
}
