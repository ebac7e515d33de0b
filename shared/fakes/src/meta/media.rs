// SPDX-License-Identifier: EUPL-1.2
//! Files: what may be uploaded, ids and sums, and the upload's multipart body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use uuid::Uuid;

use super::errors::Refusal;

const KIB: usize = 1_024;
const MIB: usize = 1_024 * KIB;

/// The largest body of an upload: the largest file and some room for its frame.
pub(crate) const LARGEST_UPLOAD: usize = 101 * MIB;

/// Types that may be uploaded and how large. Source: DOC/business-phone-numbers/media.
const TYPES: &[(&str, usize)] = &[
    ("image/jpeg", 5 * MIB),
    ("image/png", 5 * MIB),
    ("video/mp4", 16 * MIB),
    ("video/3gpp", 16 * MIB),
    ("audio/aac", 16 * MIB),
    ("audio/amr", 16 * MIB),
    ("audio/mpeg", 16 * MIB),
    ("audio/mp4", 16 * MIB),
    ("audio/ogg", 16 * MIB),
    ("text/plain", 100 * MIB),
    ("application/pdf", 100 * MIB),
    ("application/msword", 100 * MIB),
    ("application/vnd.ms-excel", 100 * MIB),
    ("application/vnd.ms-powerpoint", 100 * MIB),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", 100 * MIB),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", 100 * MIB),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", 100 * MIB),
    ("image/webp", 500 * KIB),
];

/// Digits, like all of Meta's media ids.
pub(crate) fn new_id() -> String {
    (Uuid::new_v4().as_u128() % 10_u128.pow(16)).to_string()
}

/// As in webhooks.
pub(crate) fn sha256_base64(bytes: &[u8]) -> String {
    STANDARD.encode(digest(&SHA256, bytes))
}

/// As in the answer to a media id.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    let sum = digest(&SHA256, bytes);
    sum.as_ref().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

pub(crate) fn check(mime_type: &str, bytes: &[u8]) -> Result<(), Refusal> {
    let plain = mime_type.split(';').next().unwrap_or_default().trim();
    let Some((_, largest)) = TYPES.iter().find(|(it, _)| *it == plain) else {
        return Err(Refusal::new(100, "Param file must be a file with one of the known types."));
    };
    if bytes.len() > *largest {
        return Err(Refusal::new(131_053, "The file is larger than its type allows."));
    }
    Ok(())
}

/// One field of a form.
pub(crate) struct Part<'a> {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: &'a [u8],
}

/// Reads `multipart/form-data` (RFC 7578). `None`: it is not.
pub(crate) fn parts<'a>(content_type: &str, body: &'a [u8]) -> Option<Vec<Part<'a>>> {
    let boundary = content_type
        .split(';')
        .find_map(|it| it.trim().strip_prefix("boundary="))
        .map(|it| format!("--{}", it.trim_matches('"')))?;
    let mut parts = Vec::new();
    let mut rest = &body[find(body, boundary.as_bytes())? + boundary.len()..];
    while !rest.starts_with(b"--") {
        let start = find(rest, b"\r\n\r\n")?;
        let end = find(rest, format!("\r\n{boundary}").as_bytes())?;
        if start + 4 > end {
            return None;
        }
        let head = std::str::from_utf8(&rest[..start]).ok()?;
        parts.push(part(head, &rest[start + 4..end])?);
        rest = &rest[end + 2 + boundary.len()..];
    }
    Some(parts)
}

fn part<'a>(head: &str, bytes: &'a [u8]) -> Option<Part<'a>> {
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let disposition = header("content-disposition")?;
    let field = |name: &str| {
        disposition.split(';').find_map(|it| {
            let value = it.trim().strip_prefix(name)?.strip_prefix('=')?;
            Some(value.trim_matches('"').to_owned())
        })
    };
    Some(Part {
        name: field("name")?,
        file_name: field("filename"),
        content_type: header("content-type"),
        bytes,
    })
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|it| it == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_form() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\ntext/plain\r\n\
            --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
            Content-Type: text/plain\r\n\r\none\r\ntwo\r\n--x--\r\n";
        let parts = parts("multipart/form-data; boundary=x", body).unwrap();
        assert_eq!(parts.len(), 2);
        assert_eq!((parts[0].name.as_str(), parts[0].bytes), ("type", &b"text/plain"[..]));
        assert_eq!(parts[1].file_name.as_deref(), Some("a.txt"));
        assert_eq!(parts[1].content_type.as_deref(), Some("text/plain"));
        assert_eq!(parts[1].bytes, b"one\r\ntwo");
    }

    #[test]
    fn refuses_what_is_no_form() {
        for (content_type, body) in [
            ("application/json", "{}"),
            ("multipart/form-data; boundary=x", "--x\r\nname"),
            ("multipart/form-data; boundary=x", ""),
        ] {
            assert!(parts(content_type, body.as_bytes()).is_none(), "{body:?}");
        }
    }
}
