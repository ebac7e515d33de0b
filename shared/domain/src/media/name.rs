// SPDX-License-Identifier: EUPL-1.2
//! Names of files, which whoever sends one makes up.

use super::{Kind, Safety, known_type};

/// Longer ones some systems do not store.
const LIMIT: usize = 100;

/// What Windows starts when somebody opens it, or puts between itself and what it starts.
const STARTS: [&str; 34] = [
    "apk", "app", "appx", "bat", "chm", "cmd", "com", "cpl", "dll", "dmg", "exe", "hta", "img",
    "iso", "jar", "js", "jse", "lnk", "msi", "msix", "msp", "pif", "ps1", "reg", "scr", "sh",
    "url", "vb", "vbe", "vbs", "vhd", "ws", "wsf", "xll",
];

/// Names that Windows keeps for devices.
const DEVICES: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8",
    "com9", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// Whether opening a file of this name runs something.
pub(super) fn starts_something(name: &str) -> bool {
    // Windows passes over dots and spaces at the end.
    let name = name.trim_end_matches(['.', ' ']);
    let ending = name.rsplit_once('.').map(|it| it.1.trim().to_lowercase());
    ending.is_some_and(|it| STARTS.contains(&it.as_str()))
}

/// A name that every system stores as it is and that says what the file is: no folder, no sign
/// that hides or turns anything, at most 100 characters, and at its end what its type asks for.
pub fn file_name(raw: Option<&str>, kind: Kind, mime: &str) -> String {
    let raw = raw.unwrap_or_default();
    let last = raw.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept = last.chars().filter(|it| !is_hidden(*it)).map(|it| match it {
        '<' | '>' | ':' | '"' | '|' | '?' | '*' | '%' => '_',
        it if it.is_whitespace() => ' ',
        it => it,
    });
    let kept: String = kept.collect();
    let kept = kept.trim_matches(['.', ' ']);
    let known = known_type(mime);
    let (stem, ending) = match (known, kept.rsplit_once('.')) {
        (Some(known), Some((stem, ending))) if is_the_same(ending, known.extension) => {
            (stem, ending.to_owned())
        }
        (Some(known), _) => (kept, known.extension.to_owned()),
        (None, Some((stem, ending)))
            if (1..=8).contains(&ending.len())
                && ending.bytes().all(|it| it.is_ascii_alphanumeric()) =>
        {
            (stem, ending.to_owned())
        }
        (None, _) => (kept, "bin".to_owned()),
    };
    let stem: String = stem.trim().chars().take(LIMIT - ending.len() - 1).collect();
    let stem = stem.trim_matches(['.', ' ']);
    let is_device = DEVICES.contains(&stem.to_lowercase().as_str());
    let stem = if stem.is_empty() || is_device { kind.word() } else { stem };
    format!("{stem}.{ending}")
}

fn is_the_same(ending: &str, wanted: &str) -> bool {
    let ending = ending.to_lowercase();
    ending == wanted
        || (ending == "jpeg" && wanted == "jpg")
        || (ending == "oga" && wanted == "ogg")
}

/// The name in a `Content-Disposition`; `filename*` wins. Source: RFC 6266, RFC 8187.
pub fn name_in_disposition(header: &str) -> Option<String> {
    let value = |name: &str| {
        header.split(';').find_map(|it| {
            let (key, value) = it.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
        })
    };
    let encoded = value("filename*").and_then(|it| {
        let (charset, rest) = it.split_once('\'')?;
        let text = rest.split_once('\'')?.1;
        charset.eq_ignore_ascii_case("utf-8").then(|| percent_decoded(text))?
    });
    encoded.or_else(|| value("filename"))
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

/// Control characters, and those that turn the direction of what follows or have no width.
fn is_hidden(it: char) -> bool {
    it.is_control()
        || matches!(it, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A name without anything of a person in it: `documento.pdf`.
pub fn ascii_name(kind: Kind, mime: &str) -> String {
    format!("{}.{}", kind.word(), known_type(mime).map_or("bin", |it| it.extension))
}

/// The answer's `Content-Disposition`. Not with the file's own name, which can be a person's: on AWS
/// it stands in an address.
pub fn disposition(kind: Kind, mime: &str, safety: Safety) -> String {
    let how = if safety == Safety::Inline { "inline" } else { "attachment" };
    let ending = match safety {
        Safety::Unsafe => "bin",
        _ => known_type(mime).map_or("bin", |it| it.extension),
    };
    format!("{how}; filename=\"{}.{ending}\"", kind.word())
}
