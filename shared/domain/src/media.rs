// SPDX-License-Identifier: EUPL-1.2
//! Files that people send us and the office sends them: which may come, how large, how they are
//! named, and which of them a browser may show.
//!
//! What somebody says a file is counts for nothing until its first bytes say the same.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan};

use crate::ids::{ContactId, FileId, PhoneNumberId};
use crate::line::{MediaRules, Retention};

mod name;
mod words;

pub use name::{ascii_name, disposition, file_name, name_in_disposition};
pub use words::says_something;

/// So much of a file's beginning is looked at.
pub const HEAD_BYTES: usize = 8 * 1024;

/// Meta keeps what a citizen sent for so long. Source: Cloud API, media (since 2025-10-09).
pub const AT_META_DAYS: i64 = 7;

/// Meta keeps what we uploaded for 30 days; the last of them is for what is still to be sent.
/// Source: Cloud API, media.
const UPLOADED_DAYS: i64 = 29;

const KIB: u64 = 1_024;
const MIB: u64 = 1_024 * KIB;

/// What kind of message a file comes in: Meta's `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Image,
    Video,
    Audio,
    Document,
    Sticker,
}

impl Kind {
    pub const ALL: [Self; 5] =
        [Self::Image, Self::Video, Self::Audio, Self::Document, Self::Sticker];

    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// In the words of the office.
    pub fn word(self) -> &'static str {
        match self {
            Self::Image => "immagine",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "documento",
            Self::Sticker => "adesivo",
        }
    }

    /// Whether a line takes it. A sticker is a small picture.
    pub fn is_accepted(self, rules: &MediaRules) -> bool {
        let asked = if self == Self::Sticker { Self::Image } else { self };
        rules.accepted.iter().any(|it| it == asked.name())
    }

    /// The largest that Meta lets through. Source: Cloud API, media.
    fn limit(self) -> u64 {
        match self {
            Self::Image => 5 * MIB,
            Self::Video | Self::Audio => 16 * MIB,
            Self::Document => 100 * MIB,
            Self::Sticker => 500 * KIB,
        }
    }

    /// The largest that a line takes of a citizen. What they send may be larger than what we may
    /// send: their phone makes it smaller, or not.
    pub fn limit_inbound(self, rules: &MediaRules) -> u64 {
        rules.max_bytes.min(100 * MIB)
    }
}

/// A type that WhatsApp knows.
#[derive(Debug)]
pub struct Type {
    /// `image/jpeg`
    pub mime: &'static str,
    pub kind: Kind,
    /// With it the name of a file ends.
    pub extension: &'static str,
    is: fn(&[u8]) -> bool,
}

const fn known(
    mime: &'static str,
    kind: Kind,
    extension: &'static str,
    is: fn(&[u8]) -> bool,
) -> Type {
    Type { mime, kind, extension, is }
}

/// Source: Cloud API, media.
const TYPES: [Type; 18] = [
    known("image/jpeg", Kind::Image, "jpg", |it| sniffed(it, &["image/jpeg"])),
    known("image/png", Kind::Image, "png", |it| sniffed(it, &["image/png"])),
    known("image/webp", Kind::Sticker, "webp", |it| sniffed(it, &["image/webp"])),
    known("video/mp4", Kind::Video, "mp4", is_iso_media),
    known("video/3gpp", Kind::Video, "3gp", is_iso_media),
    known("audio/aac", Kind::Audio, "aac", |it| sniffed(it, &["audio/aac"])),
    known("audio/amr", Kind::Audio, "amr", |it| sniffed(it, &["audio/amr"])),
    known("audio/mpeg", Kind::Audio, "mp3", |it| sniffed(it, &["audio/mpeg"])),
    known("audio/mp4", Kind::Audio, "m4a", is_iso_media),
    known("audio/ogg", Kind::Audio, "ogg", |it| sniffed(it, &["audio/ogg", "audio/opus"])),
    known("application/pdf", Kind::Document, "pdf", |it| sniffed(it, &["application/pdf"])),
    known("text/plain", Kind::Document, "txt", is_plain_text),
    known("application/msword", Kind::Document, "doc", is_old_office),
    known("application/vnd.ms-excel", Kind::Document, "xls", is_old_office),
    known("application/vnd.ms-powerpoint", Kind::Document, "ppt", is_old_office),
    known(DOCX, Kind::Document, "docx", |it| sniffed(it, &[DOCX, ZIP])),
    known(XLSX, Kind::Document, "xlsx", |it| sniffed(it, &[XLSX, ZIP])),
    known(PPTX, Kind::Document, "pptx", |it| sniffed(it, &[PPTX, ZIP])),
];

const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";
/// Not every program writes the parts of such a file in the order that tells them apart.
const ZIP: &str = "application/zip";

fn sniffed(head: &[u8], as_one_of: &[&str]) -> bool {
    infer::get(head).is_some_and(|it| as_one_of.contains(&it.mime_type()))
}

/// MP4, 3GP and M4A are one container, whose brand every phone writes as it likes.
/// Source: ISO/IEC 14496-12, `ftyp`.
fn is_iso_media(head: &[u8]) -> bool {
    head.get(4..8) == Some(b"ftyp")
}

/// Word, Excel and `PowerPoint` until 2003. Source: MS-CFB, header signature.
fn is_old_office(head: &[u8]) -> bool {
    head.starts_with(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1])
}

/// In whatever encoding: no byte that no text has, and nothing a program would read as more.
fn is_plain_text(head: &[u8]) -> bool {
    let no_text = |it: &u8| matches!(it, 0..=8 | 0x0E..=0x1A | 0x1C..=0x1F);
    !head.iter().any(no_text) && infer::get(head).is_none()
}

/// A MIME type without its parameters: `audio/ogg; codecs=opus` is `audio/ogg`.
pub fn bare_mime(text: &str) -> String {
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

pub fn known_type(mime: &str) -> Option<&'static Type> {
    let mime = bare_mime(mime);
    TYPES.iter().find(|it| it.mime == mime)
}

/// Whether Meta's reviewers take a file of this type as an example of what a template has on top.
/// Source: Graph API, Resumable Upload API.
pub fn may_be_example(mime: &str) -> bool {
    matches!(mime, "application/pdf" | "image/jpeg" | "image/png" | "video/mp4")
}

/// What may be done with a file that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    /// A picture that a browser may show.
    Inline,
    /// It is what it says it is; to be saved and opened.
    Download,
    /// Nobody vouches for what it is: to be saved as bytes of no type, with a warning.
    Unsafe,
}

impl Safety {
    pub const ALL: [Self; 3] = [Self::Inline, Self::Download, Self::Unsafe];

    pub fn name(self) -> &'static str {
        match self {
            Self::Inline => "inline",
            Self::Download => "download",
            Self::Unsafe => "unsafe",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// What the office reads before it opens one.
    pub fn warning(self) -> Option<&'static str> {
        let warning = "Il contenuto non corrisponde al tipo dichiarato, oppure è di un tipo che \
                       non conosciamo. Aprirlo solo se si sa chi lo manda e perché, e mai su un \
                       computer senza antivirus.";
        (self == Self::Unsafe).then_some(warning)
    }
}

/// Why a file is not taken. Worded for the office; the slug is what is stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("La linea non riceve file di questo tipo ({}).", .0.word())]
    KindNotAccepted(Kind),
    #[error("Il file supera {} MB.", mb(*.0))]
    TooLarge(u64),
    #[error("Il file è vuoto.")]
    Empty,
    #[error(
        "È un programma: non lo conserviamo, perché potrebbe danneggiare i computer dell'ufficio."
    )]
    Program,
    #[error("Il contenuto non corrisponde al tipo dichiarato ({0}).")]
    NotWhatItSays(String),
    #[error("WhatsApp non prende file di questo tipo ({0}).")]
    UnknownType(String),
    #[error("Il file non è arrivato intero da WhatsApp.")]
    Damaged,
    #[error("WhatsApp non ha più il file: lo tiene per {AT_META_DAYS} giorni.")]
    Lost,
}

fn mb(bytes: u64) -> String {
    if bytes < MIB { "0,5".to_owned() } else { (bytes / MIB).to_string() }
}

impl Refusal {
    /// As it is stored of a file that a citizen sent.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::KindNotAccepted(_) => "kind",
            Self::TooLarge(_) => "too-large",
            Self::Empty => "empty",
            Self::Program => "program",
            Self::NotWhatItSays(_) => "not-what-it-says",
            Self::UnknownType(_) => "unknown-type",
            Self::Damaged => "damaged",
            Self::Lost => "lost",
        }
    }

    /// Of a file of this kind and declared type, on this line.
    pub fn parse(slug: &str, kind: Kind, mime: &str, rules: &MediaRules) -> Option<Self> {
        let all = [
            Self::KindNotAccepted(kind),
            Self::TooLarge(kind.limit_inbound(rules)),
            Self::Empty,
            Self::Program,
            Self::NotWhatItSays(mime.to_owned()),
            Self::UnknownType(mime.to_owned()),
            Self::Damaged,
            Self::Lost,
        ];
        all.into_iter().find(|it| it.slug() == slug)
    }
}

/// Looks at a file that a citizen sent, by its first [`HEAD_BYTES`]: what may be done with it.
/// Programs are not kept.
pub fn judge(mime: &str, raw_name: Option<&str>, head: &[u8]) -> Result<Safety, Refusal> {
    if head.is_empty() {
        return Err(Refusal::Empty);
    }
    if is_program(raw_name, head) {
        return Err(Refusal::Program);
    }
    let Some(known) = known_type(mime).filter(|it| (it.is)(head)) else {
        return Ok(Safety::Unsafe);
    };
    Ok(safety_of(known))
}

/// What may be done with a file that is of this type for certain.
pub fn safety_of(known: &Type) -> Safety {
    let shown = matches!(known.mime, "image/jpeg" | "image/png" | "image/webp");
    if shown { Safety::Inline } else { Safety::Download }
}

/// Looks at a file that the office wants to send: its type, or why WhatsApp or we do not take it.
pub fn check_upload(
    mime: &str,
    raw_name: Option<&str>,
    size: u64,
    head: &[u8],
) -> Result<&'static Type, Refusal> {
    let known = check_announced(mime, size)?;
    if is_program(raw_name, head) {
        return Err(Refusal::Program);
    }
    if !(known.is)(head) {
        return Err(Refusal::NotWhatItSays(known.mime.to_owned()));
    }
    Ok(known)
}

/// As [`check_upload`], before anything of it has come.
pub fn check_announced(mime: &str, size: u64) -> Result<&'static Type, Refusal> {
    let known = known_type(mime).ok_or_else(|| Refusal::UnknownType(bare_mime(mime)))?;
    match size {
        0 => Err(Refusal::Empty),
        size if size > known.kind.limit() => Err(Refusal::TooLarge(known.kind.limit())),
        _ => Ok(known),
    }
}

fn is_program(raw_name: Option<&str>, head: &[u8]) -> bool {
    infer::get(head).is_some_and(|it| {
        it.matcher_type() == infer::MatcherType::App || it.mime_type() == "text/x-shellscript"
    }) || raw_name.is_some_and(name::starts_something)
}

/// Where a file stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Meta has it, or its bytes are still being uploaded to us.
    Waiting,
    Kept {
        bytes: u64,
        safety: Safety,
    },
    /// It is not here and will not be: [`Refusal::slug`].
    Refused(String),
}

/// A file, apart from its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub id: FileId,
    /// Whose it is: the sender, or who was the first to be sent it. `None` as long as the office
    /// has sent it to nobody.
    pub contact: Option<ContactId>,
    /// Whether it was sent to more than one person: then it is nobody's, and stays when one of them
    /// is erased.
    pub shared: bool,
    pub at: Timestamp,
    pub kind: Kind,
    /// As declared, without parameters.
    pub mime: String,
    /// Cleaned: [`file_name`].
    pub name: String,
    pub state: State,
    /// Meta's media id of what a citizen sent.
    pub source: Option<String>,
    /// By the business number: Meta's media id of what we uploaded, and until when it can be sent.
    pub uploads: BTreeMap<PhoneNumberId, Upload>,
    pub expires_at: Timestamp,
    /// Of what was reported: until when its bytes stay for the report, whatever else goes.
    pub sealed_until: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    pub media_id: String,
    pub until: Timestamp,
}

impl Upload {
    pub fn of(media_id: impl Into<String>, now: Timestamp) -> Self {
        Self { media_id: media_id.into(), until: now + (24 * UPLOADED_DAYS).hours() }
    }
}

impl File {
    /// Whether Meta may still have what a citizen sent.
    pub fn can_be_fetched(&self, now: Timestamp) -> bool {
        self.source.is_some()
            && self.state == State::Waiting
            && now < self.at + (24 * AT_META_DAYS).hours()
    }

    /// Whether it was meant for one person, so that nobody else may be shown it.
    pub fn is_personal(&self) -> bool {
        self.contact.is_some() && !self.shared
    }

    /// Meta's media id for messages of this number, if it will still be good at `when`.
    pub fn uploaded(&self, number: &PhoneNumberId, when: Timestamp) -> Option<&Upload> {
        self.uploads.get(number).filter(|it| when < it.until)
    }
}

/// Until when a file stays: never longer than the message that brought it.
pub fn expires_at(retention: &Retention, at: Timestamp) -> Timestamp {
    at + (24 * i64::from(retention.media_days.min(retention.chat_days))).hours()
}

/// The answer's `Content-Type` for a file that is served.
pub fn served_as(mime: &str, safety: Safety) -> &'static str {
    match (safety, known_type(mime)) {
        (Safety::Inline | Safety::Download, Some(known)) => known.mime,
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;
