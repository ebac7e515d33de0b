// SPDX-License-Identifier: EUPL-1.2
//! Webhooks as Meta writes them: grouped, escaped, signed.

use std::collections::BTreeMap;

use ring::hmac;
use serde_json::{Map, Value, json};

use super::book::Update;
use super::faults::next_random;
use super::options::Number;

/// `X-Hub-Signature-256` over the raw bytes: `sha256=` and 64 lower-case hexadecimal digits.
pub fn signature(app_secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, app_secret.as_bytes());
    let tag = hmac::sign(&key, body);
    tag.as_ref().iter().fold("sha256=".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

/// JSON as Meta writes it: keys in no order, `\uXXXX` for what is not ASCII, `\/` for `/`. No
/// parser may rely on more, and no signature on a JSON written again.
pub fn meta_json(value: &Value, seed: u64) -> String {
    let mut text = String::new();
    write(value, &mut { seed }, &mut text);
    text
}

fn write(value: &Value, seed: &mut u64, to: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<_> = map.iter().collect();
            for n in (1..keys.len()).rev() {
                let other = next_random(seed) % (n as u64 + 1);
                keys.swap(n, usize::try_from(other).unwrap_or_default());
            }
            to.push('{');
            for (n, (key, value)) in keys.into_iter().enumerate() {
                if n > 0 {
                    to.push(',');
                }
                write_text(key, to);
                to.push(':');
                write(value, seed, to);
            }
            to.push('}');
        }
        Value::Array(items) => {
            to.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    to.push(',');
                }
                write(item, seed, to);
            }
            to.push(']');
        }
        Value::String(text) => write_text(text, to),
        other => to.push_str(&other.to_string()),
    }
}

fn write_text(text: &str, to: &mut String) {
    let quoted = Value::from(text).to_string();
    for c in quoted.chars() {
        match c {
            '/' => to.push_str("\\/"),
            c if c.is_ascii() => to.push(c),
            c => {
                to.extend(c.encode_utf16(&mut [0; 2]).iter().map(|it| format!("\\u{it:04x}")));
            }
        }
    }
}

/// One POST's body from updates of one app: an entry for each account, in it a change for each
/// field, number and kind of item.
pub(crate) fn envelope(updates: &[Update], numbers: &[Number]) -> Value {
    let mut values: BTreeMap<(&str, &str, &str, &str), Vec<&Update>> = BTreeMap::new();
    let mut entries: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let mut account_level = Vec::new();
    for it in updates {
        match &it.number {
            Some(number) => {
                values.entry((&it.account, &it.field, &it.part, number)).or_default().push(it);
            }
            None => account_level.push(json!({
                "id": it.account,
                "time": it.first_due_ms / 1_000,
                "changes": [{"field": it.field, "value": parsed(&it.item)}],
            })),
        }
    }
    for ((account, field, part, number), updates) in values {
        let value = value_of(part, number, &updates, numbers);
        entries.entry(account).or_default().push(json!({"field": field, "value": value}));
    }
    let entries = entries.into_iter().map(|(id, changes)| json!({"id": id, "changes": changes}));
    let entries: Vec<Value> = entries.chain(account_level).collect();
    json!({"object": "whatsapp_business_account", "entry": entries})
}

fn value_of(part: &str, number: &str, updates: &[&Update], numbers: &[Number]) -> Value {
    let display = numbers.iter().find(|it| it.phone_number_id == number);
    let display: String = display
        .map(|it| it.display_number.chars().filter(char::is_ascii_digit).collect())
        .unwrap_or_default();
    let mut contacts: Vec<Value> = Vec::new();
    for contact in updates.iter().filter_map(|it| it.contact.as_deref()).map(parsed) {
        if !contacts.contains(&contact) {
            contacts.push(contact);
        }
    }
    let mut value = Map::new();
    value.insert("messaging_product".to_owned(), "whatsapp".into());
    value.insert(
        "metadata".to_owned(),
        json!({"display_phone_number": display, "phone_number_id": number}),
    );
    if !contacts.is_empty() {
        value.insert("contacts".to_owned(), contacts.into());
    }
    let items: Vec<Value> = updates.iter().map(|it| parsed(&it.item)).collect();
    value.insert(part.to_owned(), items.into());
    // Meta adds keys without notice; whoever reads this must pass over them.
    value.insert("simulator_unknown_key".to_owned(), json!({"to_be_ignored": true}));
    value.into()
}

/// Our own rows are JSON; one that is not would show as `null` rather than stop the rest.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reference vectors: whatsapp-cloud-api, section 1.2.
    #[test]
    fn signs_as_meta_does() {
        let plain = r#"{"object":"whatsapp_business_account","entry":[]}"#;
        let escaped =
            r#"{"object":"whatsapp_business_account","entry":[],"x":"\u00e8 \ud83d\udc4d"}"#;
        for (secret, body, want) in [
            (
                "test_app_secret",
                plain,
                "dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756",
            ),
            (
                "test_app_secret",
                r#"{"object": "whatsapp_business_account", "entry": []}"#,
                "56cbbaf4961c6cfdae48b7f116c047e5eb513d2c931baae63a2bc1afd26f803a",
            ),
            (
                "otro_secreto",
                plain,
                "769b03d8c2ae6498f2d1e1f7299c0ba55448c69d741e7b0bb243d852d8a8d8c7",
            ),
            (
                "test_app_secret",
                escaped,
                "de3a15cf403fcf9b8f3c9baba9718bca7425fef3c11d3d81f0365df2578107f2",
            ),
        ] {
            assert_eq!(signature(secret, body.as_bytes()), format!("sha256={want}"));
        }
    }

    #[test]
    fn writes_json_as_meta_does() {
        let text = meta_json(&json!({"x": "è 👍 http://a/b \"\n"}), 7);
        assert_eq!(text, r#"{"x":"\u00e8 \ud83d\udc4d http:\/\/a\/b \"\n"}"#);
    }

    #[test]
    fn keys_come_in_any_order_and_mean_the_same() {
        let value = json!({"a": 1, "b": [true, null, {"c": 1.5, "d": "x"}], "e": {}});
        let texts: std::collections::BTreeSet<_> = (0..20).map(|n| meta_json(&value, n)).collect();
        assert!(texts.len() > 1);
        for text in texts {
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }
}
