// SPDX-License-Identifier: EUPL-1.2
//! Is this request from Meta? Both checks take the same time for a near miss as for a wild guess.

use ring::hmac;

const PREFIX: &str = "sha256=";

/// Whether `header` (`X-Hub-Signature-256`) signs the raw bytes of `body` with one of the app's
/// secrets. During a rotation there are two.
///
/// The bytes must be as they came, after base64 where the gateway added it: Meta writes `\u00e8`
/// and `\/`, so JSON written again never matches. An empty secret signs nothing.
///
/// Source: Cloud API, webhooks/create-webhook-endpoint.
pub fn verify(secrets: &[&str], header: Option<&str>, body: &[u8]) -> bool {
    let Some(signature) = header.and_then(|it| it.strip_prefix(PREFIX)).and_then(from_hex) else {
        return false;
    };
    secrets.iter().filter(|it| !it.is_empty()).any(|secret| {
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), body, &signature)
            .is_ok()
    })
}

/// What Meta writes into `X-Hub-Signature-256` for this body.
pub fn sign(secret: &str, body: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), body);
    tag.as_ref().iter().fold(PREFIX.to_owned(), |mut text, byte| {
        text.extend(
            [byte >> 4, byte & 15].map(|it| char::from(b"0123456789abcdef"[usize::from(it)])),
        );
        text
    })
}

/// Whether `given` (`hub.verify_token`) is our verify token. An empty token of ours fits nothing.
pub fn verify_token(given: &str, ours: &str) -> bool {
    // Comparing digests hides where two tokens differ, and how long ours is.
    let key = hmac::Key::new(hmac::HMAC_SHA256, ours.as_bytes());
    let expected = hmac::sign(&key, ours.as_bytes());
    !ours.is_empty() && hmac::verify(&key, given.as_bytes(), expected.as_ref()).is_ok()
}

/// Reads 64 hexadecimal digits.
fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = from_hex_digit(pair[0])? << 4 | from_hex_digit(pair[1])?;
    }
    Some(bytes)
}

fn from_hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "test_app_secret";
    const BODY: &str = r#"{"object":"whatsapp_business_account","entry":[]}"#;
    const SIGNED: &str = "sha256=dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756";

    #[test]
    fn signs_as_meta_does() {
        assert_eq!(sign(SECRET, BODY.as_bytes()), SIGNED);
    }

    #[test]
    fn accepts_what_meta_signed() {
        for (secret, body, signature) in [
            (SECRET, BODY, SIGNED),
            (
                SECRET,
                r#"{"object": "whatsapp_business_account", "entry": []}"#,
                "sha256=56cbbaf4961c6cfdae48b7f116c047e5eb513d2c931baae63a2bc1afd26f803a",
            ),
            (
                "otro_secreto",
                BODY,
                "sha256=769b03d8c2ae6498f2d1e1f7299c0ba55448c69d741e7b0bb243d852d8a8d8c7",
            ),
            (
                SECRET,
                r#"{"object":"whatsapp_business_account","entry":[],"x":"\u00e8 \ud83d\udc4d"}"#,
                "sha256=de3a15cf403fcf9b8f3c9baba9718bca7425fef3c11d3d81f0365df2578107f2",
            ),
        ] {
            assert!(verify(&[secret], Some(signature), body.as_bytes()), "body {body}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        let digits = SIGNED.strip_prefix(PREFIX).unwrap();
        for (what, header) in [
            ("no header", None),
            ("empty", Some(String::new())),
            ("no prefix", Some(digits.to_owned())),
            ("another algorithm", Some(format!("sha1={digits}"))),
            ("one digit less", Some(SIGNED[..SIGNED.len() - 1].to_owned())),
            ("one digit more", Some(format!("{SIGNED}0"))),
            ("one digit wrong", Some(SIGNED.replace("dec6", "dec7"))),
            ("not hexadecimal", Some(SIGNED.replace("dec6", "dexx"))),
            ("letters of two bytes", Some(format!("{PREFIX}{}", "è".repeat(32)))),
            ("a space", Some(format!("{SIGNED} "))),
        ] {
            assert!(!verify(&[SECRET], header.as_deref(), BODY.as_bytes()), "{what}");
        }
        assert!(!verify(&[SECRET], Some(SIGNED), BODY.replace("[]", "[ ]").as_bytes()));
        assert!(!verify(&["otro_secreto"], Some(SIGNED), BODY.as_bytes()));
        assert!(!verify(&[], Some(SIGNED), BODY.as_bytes()));
    }

    #[test]
    fn takes_either_secret_during_a_rotation() {
        assert!(verify(&["new_secret", SECRET], Some(SIGNED), BODY.as_bytes()));
        assert!(verify(&[SECRET, "new_secret"], Some(SIGNED), BODY.as_bytes()));
    }

    #[test]
    fn an_empty_secret_or_token_lets_nobody_in() {
        let signed_with_nothing =
            "sha256=704eb71c28bbe7c091ca5b8f9446c2bceec023435f33ff17e7fb9634d46333bc";
        assert!(!verify(&[""], Some(signed_with_nothing), BODY.as_bytes()));
        assert!(!verify_token("", ""));
    }

    #[test]
    fn compares_verify_tokens() {
        assert!(verify_token("local-verify-token", "local-verify-token"));
        for given in ["", "local-verify-toke", "local-verify-token ", "LOCAL-VERIFY-TOKEN"] {
            assert!(!verify_token(given, "local-verify-token"), "given {given:?}");
        }
    }
}
