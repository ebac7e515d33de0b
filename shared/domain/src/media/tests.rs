// SPDX-License-Identifier: EUPL-1.2

use proptest::prelude::*;

use super::*;

const JPEG: &[u8] = &[0xFF, 0xD8, 0xFF, 0xE0, 0, 16, b'J', b'F', b'I', b'F', 0, 1];
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
const WEBP: &[u8] = b"RIFF\x24\0\0\0WEBPVP8 ";
const OGG: &[u8] = b"OggS\0\x02\0\0\0\0\0\0\0\0";
const MP4: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";
const PDF: &[u8] = b"%PDF-1.7\n";
const ZIPPED: &[u8] = b"PK\x03\x04\x14\0\0\0\x08\0\0\0!\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0a.txt";
const EXE: &[u8] = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0";
const ELF: &[u8] = b"\x7fELF\x02\x01\x01\0........................................................";
const HTML: &[u8] = b"<!DOCTYPE html><script>alert(1)</script>";

#[test]
fn a_browser_shows_only_pictures_that_are_pictures() {
    use Safety::{Download, Inline, Unsafe};
    for (mime, head, want) in [
        ("image/jpeg", JPEG, Ok(Inline)),
        ("IMAGE/JPEG; q=1", JPEG, Ok(Inline)),
        ("image/png", PNG, Ok(Inline)),
        ("image/webp", WEBP, Ok(Inline)),
        ("audio/ogg; codecs=opus", OGG, Ok(Download)),
        ("video/mp4", MP4, Ok(Download)),
        ("video/3gpp", MP4, Ok(Download)),
        ("application/pdf", PDF, Ok(Download)),
        ("text/plain", b"Buongiorno, \xe8 aperto?", Ok(Download)),
        ("text/plain", b"\xef\xbb\xbfPerch\xc3\xa9", Ok(Download)),
        (DOCX, ZIPPED, Ok(Download)),
        ("application/msword", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0", Ok(Download)),
        ("image/jpeg", PNG, Ok(Unsafe)),
        ("image/jpeg", HTML, Ok(Unsafe)),
        ("image/svg+xml", b"<svg onload='alert(1)'/>", Ok(Unsafe)),
        ("text/html", HTML, Ok(Unsafe)),
        ("text/plain", HTML, Ok(Unsafe)),
        ("application/zip", ZIPPED, Ok(Unsafe)),
        ("application/pdf", ZIPPED, Ok(Unsafe)),
        ("", JPEG, Ok(Unsafe)),
        ("image/jpeg", EXE, Err(Refusal::Program)),
        ("application/pdf", ELF, Err(Refusal::Program)),
        ("text/plain", b"#!/bin/sh\nrm -rf /\n", Err(Refusal::Program)),
        ("image/png", b"", Err(Refusal::Empty)),
    ] {
        assert_eq!(judge(mime, None, head), want, "{mime} {head:?}");
    }
}

#[test]
fn what_a_double_click_would_start_is_a_program_whatever_is_in_it() {
    for (name, want) in [
        ("fattura.pdf.exe", Err(Refusal::Program)),
        ("foto.SCR", Err(Refusal::Program)),
        ("foto.js .", Err(Refusal::Program)),
        ("exe", Ok(Safety::Download)),
        ("modulo.exe.pdf", Ok(Safety::Download)),
    ] {
        assert_eq!(judge("application/pdf", Some(name), PDF), want, "{name}");
    }
}

#[test]
fn the_office_sends_what_whatsapp_takes() {
    for (mime, size, head, want) in [
        ("image/jpeg", 5 * MIB, JPEG, Ok("image/jpeg")),
        ("image/jpeg", 5 * MIB + 1, JPEG, Err(Refusal::TooLarge(5 * MIB))),
        ("application/pdf", 100 * MIB, PDF, Ok("application/pdf")),
        ("application/pdf", 100 * MIB + 1, PDF, Err(Refusal::TooLarge(100 * MIB))),
        ("image/png", 9, JPEG, Err(Refusal::NotWhatItSays("image/png".into()))),
        ("image/heic", 9, JPEG, Err(Refusal::UnknownType("image/heic".into()))),
        ("image/png", 0, b"", Err(Refusal::Empty)),
    ] {
        assert_eq!(check_upload(mime, None, size, head).map(|it| it.mime), want, "{mime} {size}");
    }
}

#[test]
fn a_name_says_what_the_file_is_and_hides_nothing() {
    for (raw, kind, mime, want) in [
        (Some("carta d'identità.pdf"), Kind::Document, "application/pdf", "carta d'identità.pdf"),
        (Some("../../etc/passwd"), Kind::Document, "text/plain", "passwd.txt"),
        (Some("C:\\Users\\anna\\Foto.JPG"), Kind::Document, "image/jpeg", "Foto.JPG"),
        (Some("foto.jpeg"), Kind::Document, "image/jpeg", "foto.jpeg"),
        (Some("fattura\u{202e}gpj.exe"), Kind::Document, "image/jpeg", "fatturagpj.exe.jpg"),
        (Some("a\0b\n\tc<d>.pdf"), Kind::Document, "application/pdf", "abc_d_.pdf"),
        (Some("con.pdf"), Kind::Document, "application/pdf", "documento.pdf"),
        (Some("...."), Kind::Document, "application/pdf", "documento.pdf"),
        (Some(""), Kind::Document, "application/x-y", "documento.bin"),
        (Some("dati.zip"), Kind::Document, "application/zip", "dati.zip"),
        (None, Kind::Image, "image/jpeg", "immagine.jpg"),
        (None, Kind::Audio, "audio/ogg; codecs=opus", "audio.ogg"),
        (None, Kind::Sticker, "image/webp", "adesivo.webp"),
    ] {
        assert_eq!(file_name(raw, kind, mime), want, "{raw:?}");
    }
}

#[test]
fn an_address_says_nothing_of_the_file_but_its_type() {
    for (kind, mime, safety, want) in [
        (Kind::Image, "image/jpeg", Safety::Inline, "inline; filename=\"immagine.jpg\""),
        (
            Kind::Document,
            "application/pdf",
            Safety::Download,
            "attachment; filename=\"documento.pdf\"",
        ),
        (Kind::Image, "image/jpeg", Safety::Unsafe, "attachment; filename=\"immagine.bin\""),
        (Kind::Document, "text/html", Safety::Unsafe, "attachment; filename=\"documento.bin\""),
    ] {
        assert_eq!(disposition(kind, mime, safety), want);
    }
    assert_eq!(served_as("text/html", Safety::Unsafe), "application/octet-stream");
    assert_eq!(served_as("image/jpeg", Safety::Unsafe), "application/octet-stream");
    assert_eq!(served_as("audio/ogg; codecs=opus", Safety::Download), "audio/ogg");
}

#[test]
fn a_notice_speaks_to_who_cannot_see_its_picture() {
    for (text, want) in [
        ("", false),
        ("Vedi la locandina", false),
        ("Leggi le informazioni nell'immagine allegata, qui sopra: www.comune.esempio.it", false),
        ("🎉🎉🎉 https://www.comune.esempio.it/eventi/sagra-della-castagna-2026", false),
        ("Sagra della castagna", false),
        ("Guarda! Guarda! Sagra! Sagra! Sagra! Sagra!", false),
        ("Domani scuole chiuse per neve.", true),
        ("Eventi in città: Sagra della castagna, sabato alle 20, in piazza.", true),
    ] {
        assert_eq!(says_something(text), want, "{text:?}");
    }
}

#[test]
fn a_line_takes_the_kinds_it_names_up_to_its_size() {
    let rules =
        MediaRules { accepted: vec!["image".into(), "document".into()], max_bytes: 16 * MIB };
    for (kind, want) in [
        (Kind::Image, true),
        (Kind::Sticker, true),
        (Kind::Document, true),
        (Kind::Audio, false),
        (Kind::Video, false),
    ] {
        assert_eq!(kind.is_accepted(&rules), want, "{kind:?}");
        assert_eq!(Kind::parse(kind.name()), Some(kind));
        assert_eq!(kind.limit_inbound(&rules), 16 * MIB);
        let boundless = MediaRules { max_bytes: u64::MAX, ..rules.clone() };
        assert_eq!(kind.limit_inbound(&boundless), 100 * MIB);
    }
}

#[test]
fn every_refusal_is_found_again_by_its_slug_and_has_words() {
    let rules = MediaRules { accepted: Vec::new(), max_bytes: 3 * MIB };
    let all = [
        "kind",
        "too-large",
        "empty",
        "program",
        "not-what-it-says",
        "unknown-type",
        "damaged",
        "lost",
    ];
    let words = all.map(|slug| {
        let found = Refusal::parse(slug, Kind::Video, "video/mp4", &rules).unwrap();
        assert_eq!(found.slug(), slug);
        found.to_string()
    });
    insta::assert_snapshot!(words.join("\n"), @r"
    La linea non riceve file di questo tipo (video).
    Il file supera 3 MB.
    Il file è vuoto.
    È un programma: non lo conserviamo, perché potrebbe danneggiare i computer dell'ufficio.
    Il contenuto non corrisponde al tipo dichiarato (video/mp4).
    WhatsApp non prende file di questo tipo (video/mp4).
    Il file non è arrivato intero da WhatsApp.
    WhatsApp non ha più il file: lo tiene per 7 giorni.
    ");
    assert_eq!(Refusal::parse("other", Kind::Video, "video/mp4", &rules), None);
}

#[test]
fn meta_has_a_file_for_a_week_and_an_upload_for_a_month() {
    let at: Timestamp = "2026-11-24T08:00:00Z".parse().unwrap();
    let number = PhoneNumberId::new("1");
    let file = File {
        id: FileId::new("1-a"),
        contact: None,
        shared: false,
        at,
        kind: Kind::Image,
        mime: "image/jpeg".to_owned(),
        name: "immagine.jpg".to_owned(),
        state: State::Waiting,
        source: Some("77".to_owned()),
        uploads: [(number.clone(), Upload::of("88", at))].into(),
        expires_at: at,
        sealed_until: None,
    };
    assert!(file.can_be_fetched(at + (7 * 24 - 1).hours()));
    assert!(!file.can_be_fetched(at + (7 * 24).hours()));
    assert!(!File { source: None, ..file.clone() }.can_be_fetched(at));
    assert!(file.uploaded(&number, at + (29 * 24 - 1).hours()).is_some());
    assert!(file.uploaded(&number, at + (29 * 24).hours()).is_none());
    assert!(file.uploaded(&PhoneNumberId::new("2"), at).is_none());
}

proptest! {
    #[test]
    fn whatever_is_sent_is_judged_and_only_a_picture_is_shown(
        mime in "[a-z]{0,6}/?[a-z0-9.;= -]{0,12}|image/jpeg|text/plain|application/pdf",
        name in proptest::option::of(".{0,20}"),
        start in prop_oneof![Just(&b""[..]), Just(ZIPPED), Just(JPEG), Just(&b"PK\x03\x04"[..]), Just(MP4), Just(EXE)],
        rest in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let head = [start, &rest].concat();
        let safety = judge(&mime, name.as_deref(), &head);
        if safety == Ok(Safety::Inline) {
            prop_assert!(mime.starts_with("image/"));
        }
        let _ = check_upload(&mime, name.as_deref(), 1, &head);
        if head.starts_with(b"MZ") {
            prop_assert!(safety.is_err());
        }
    }

    #[test]
    fn a_name_stays_a_name(
        raw in ".{0,300}",
        kind in proptest::sample::select(Kind::ALL.to_vec()),
        mime in proptest::sample::select(vec!["image/jpeg", "application/pdf", "x/y", DOCX]),
    ) {
        let name = file_name(Some(&raw), kind, mime);
        prop_assert!((3..=100).contains(&name.chars().count()), "{name:?}");
        prop_assert!(!name.contains(['/', '\\', '"', '\n', '\r', '\0', '\u{202e}']), "{name:?}");
        prop_assert!(!name.starts_with('.') && !name.ends_with('.'), "{name:?}");
        prop_assert_eq!(file_name(Some(&name), kind, mime), name, "cleaning twice is cleaning once");
    }
}
