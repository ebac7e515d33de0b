// SPDX-License-Identifier: EUPL-1.2
//! Each file of `testdata/` is one situation; [`told`] says in words what we make of it.

use std::fmt::Write as _;
use std::fs;

use domain::ids::UserId;
use domain::message::{Content, Inbound};
use domain::phone::Phone;
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn testdata(name: &str) -> Vec<u8> {
    let path = format!("{}/testdata/{name}.json", env!("CARGO_MANIFEST_DIR"));
    fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// One line an update. It shows what must never be logged: these people do not exist.
fn told(name: &str) -> String {
    let updates = split(&testdata(name)).unwrap();
    updates.iter().map(|it| tell(it) + "\n").collect()
}

fn tell(update: &Update) -> String {
    match update {
        Update::Message { number, message, contact, sender_key, message_id } => {
            let read = read_message(message, contact.as_ref()).unwrap();
            assert_eq!(read.id, *message_id, "both steps see the same id");
            assert!(read.sender.user_id.is_some() || read.sender.phone.is_some());
            format!("to {number}, in order of {sender_key}: {}", tell_message(&read))
        }
        Update::Status(status) => format!("status {status:?}"),
        Update::Account { account, field, at, value } => {
            format!("{field} of {account} at {at:?}: {value}")
        }
        Update::Unreadable { what, .. } => format!("unreadable: {what}"),
        Update::Ignored { why } => format!("ignored: {why}"),
    }
}

fn tell_message(message: &Inbound) -> String {
    let mut line = String::new();
    let sender = &message.sender;
    let phone = sender.phone.as_ref().map_or("no phone", |it| it.expose());
    let user_id = sender.user_id.as_ref().map_or("no user id", |it| it.expose());
    let name = sender.name.as_ref().map_or("no name", |it| it.expose());
    write!(line, "{phone}, {user_id}, {name}, {} ", message.at).unwrap();
    match &message.content {
        Content::Text(text) => write!(line, "says {text:?}"),
        Content::Tap { payload, title } => write!(line, "taps {payload:?} ({title:?})"),
        Content::Media(it) => write!(
            line,
            "sends {} {} {:?} {:?} {:?}",
            it.kind, it.id, it.mime_type, it.file_name, it.caption
        ),
        Content::Other { kind } => write!(line, "sends something: {kind}"),
        Content::Reaction { emoji } => write!(line, "reacts {emoji:?}"),
        Content::Call => write!(line, "calls"),
        Content::Marketing(choice) => write!(line, "presses {} marketing", choice.name()),
        Content::Moved { phone, user_id, previous_user_id } => write!(
            line,
            "moves to {:?} {:?} from {:?}",
            phone.as_ref().map(Phone::expose),
            user_id.as_ref().map(UserId::expose),
            previous_user_id.as_ref().map(UserId::expose),
        ),
    }
    .unwrap();
    line
}

#[test]
fn reads_what_people_write() {
    let files = ["text", "text_accents_and_emoji", "text_quoting_a_forward", "milliseconds"];
    assert_snapshot!(files.map(told).concat(), @r#"
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z says "ISCRIVIMI"
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Niccolò 🌻, 2026-06-17T08:00:00Z says "Perché non c'è più? 👍\nGrazie"
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z says "È vero?"
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z says "STOP"
    "#);
}

#[test]
fn reads_that_somebody_called_and_nothing_of_the_call() {
    assert_snapshot!(told("calls"), @r"
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z calls
    ignored: call-event
    ");
}

#[test]
fn reads_taps() {
    let files = ["template_button", "button_reply", "list_reply", "flow_reply"];
    assert_snapshot!(files.map(told).concat(), @r#"
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z taps "topics" ("Cambia argomenti")
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z taps "ask:subscribe" ("Iscrivimi")
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z taps "topic:scadenze" ("Scadenze")
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z sends something: interactive
    "#);
}

#[test]
fn reads_files() {
    let files = [
        "image",
        "document",
        "voice_note",
        "voice_in_an_old_payload",
        "sticker",
        "image_that_meta_could_not_fetch",
    ];
    assert_snapshot!(files.map(told).concat(), @r#"
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z sends image 1003383421387256 Some("image/jpeg") None Some("Lampione spento in via Roma")
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z sends document 1003383421387257 Some("application/pdf") Some("modulo residenza.pdf") None
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z sends audio 1003383421387258 Some("audio/ogg; codecs=opus") None None
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z sends audio 1003383421387259 Some("audio/ogg; codecs=opus") None None
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z sends sticker 1003383421387260 Some("image/webp") None None
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z sends something: image
    "#);
}

#[test]
fn shows_the_desk_that_something_came() {
    let files = [
        "location",
        "contact_card",
        "unsupported_poll",
        "edit",
        "revoke",
        "unknown_type",
        "system_of_another_kind",
    ];
    assert_snapshot!(files.map(told).concat(), @r"
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z sends something: location
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z sends something: contacts
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z sends something: unsupported
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z sends something: edit
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z sends something: revoke
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z sends something: hologram
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, no name, 2026-06-17T08:00:00Z sends something: system
    ");
}

#[test]
fn reads_reactions() {
    let files = ["reaction", "reaction_removed"];
    assert_snapshot!(files.map(told).concat(), @r#"
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z reacts Some("👍")
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z reacts None
    "#);
}

#[test]
fn a_system_message_is_from_the_person_as_they_were() {
    let files = ["system_changed_number", "system_changed_user_id"];
    assert_snapshot!(files.map(told).concat(), @r#"
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, no name, 2026-06-17T08:00:00Z moves to Some("393330000009") Some("IT.2000000009") from Some("IT.1349120865")
    to 106500000000001, in order of IT.1349120865: no phone, IT.1349120865, no name, 2026-06-17T08:00:00Z moves to None Some("IT.2000000009") from Some("IT.1349120865")
    "#);
}

#[test]
fn knows_the_sender_by_what_there_is() {
    let files = [
        "bsuid_only",
        "bsuid_in_from",
        "phone_in_the_contact_only",
        "phone_only_in_an_old_payload",
        "contact_of_somebody_else",
        "no_sender",
        "no_id",
    ];
    assert_snapshot!(files.map(told).concat(), @r#"
    to 106500000000001, in order of IT.1349120865: no phone, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z says "Buongiorno"
    to 106500000000001, in order of IT.1349120865: no phone, IT.1349120865, no name, 2026-06-17T08:00:00Z says "Buongiorno"
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z says "Buongiorno"
    to 106500000000001, in order of 393330000001: 393330000001, no user id, Giulia Esempio, 2026-06-17T08:00:00Z says "Buongiorno"
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, no name, 2026-06-17T08:00:00Z says "Buongiorno"
    unreadable: sender
    unreadable: id
    "#);
}

#[test]
fn leaves_out_what_is_not_for_us() {
    let files =
        ["group_message", "request_welcome", "status_deleted", "status_of_a_group", "instagram"];
    assert_snapshot!(files.map(told).concat(), @r"
    ignored: group
    ignored: request-welcome
    ignored: unknown-status
    ignored: group
    ignored: other-product
    ");
}

#[test]
fn reads_statuses_without_the_recipient() {
    let files = [
        "status_sent",
        "status_delivered",
        "status_read_in_milliseconds",
        "status_of_a_legacy_version",
        "status_failed_131026",
    ];
    assert_snapshot!(files.map(told).concat(), @r#"
    status StatusUpdate { number: PhoneNumberId("106500000000001"), callback: Some("b:0190f1c2:000000000000000000000000000000a1"), state: Sent, at: 1781683260, code: None, pricing: Some(Pricing { kind: "regular", category: "utility" }), market: Market("IT") }
    status StatusUpdate { number: PhoneNumberId("106500000000001"), callback: Some("b:0190f1c2:000000000000000000000000000000a1"), state: Delivered, at: 1781683260, code: None, pricing: Some(Pricing { kind: "free_customer_service", category: "service" }), market: Market("IT") }
    status StatusUpdate { number: PhoneNumberId("106500000000001"), callback: Some("b:0190f1c2:000000000000000000000000000000a1"), state: Read, at: 1781683261, code: None, pricing: None, market: Market("IT") }
    status StatusUpdate { number: PhoneNumberId("106500000000001"), callback: None, state: Sent, at: 1781683260, code: None, pricing: None, market: Market("IT") }
    status StatusUpdate { number: PhoneNumberId("106500000000001"), callback: Some("b:0190f1c2:000000000000000000000000000000a1"), state: Failed, at: 1781683260, code: Some(131026), pricing: None, market: Market("IT") }
    "#);
}

#[test]
fn keeps_of_a_recipient_the_country_alone() {
    for (recipient, want) in [
        (json!({ "recipient_id": "393330000001" }), Market::ITALY),
        (json!({ "recipient_id": "40721000001" }), Market::ELSEWHERE),
        (json!({ "recipient_user_id": "IT.1349120865" }), Market::ITALY),
        (json!({ "recipient_user_id": "RO.1349120865" }), Market::ELSEWHERE),
        (json!({}), Market::ELSEWHERE),
    ] {
        let mut status = json!({ "status": "delivered", "timestamp": "1781683260" });
        status.as_object_mut().unwrap().extend(recipient.as_object().unwrap().clone());
        let value = json!({
            "metadata": { "phone_number_id": "106500000000001" },
            "statuses": [status],
        });
        let changes = json!([{ "field": "messages", "value": value }]);
        let body = json!({ "entry": [{ "id": "102290000000001", "changes": changes }] });
        let updates = split(body.to_string().as_bytes()).unwrap();
        let [Update::Status(status)] = &updates[..] else { panic!("{updates:?}") };
        assert_eq!(status.market, want, "{recipient}");
        assert!(!format!("{status:?}").contains("1349120865"));
    }
}

#[test]
fn passes_account_updates_on_as_they_came() {
    let files =
        ["template_status_update", "account_update", "errors_of_the_account", "unknown_field"];
    assert_snapshot!(files.map(told).concat(), @r#"
    message_template_status_update of 102290000000001 at Some(1781683200): {"event":"PAUSED","message_template_category":"UTILITY","message_template_id":1689556908129832,"message_template_language":"it","message_template_name":"avviso_scadenza","other_info":{"description":"Your WhatsApp message template has been paused for 3 hours.","title":"FIRST_PAUSE"},"reason":null}
    account_update of 102290000000001 at Some(1781683200): {"event":"ACCOUNT_RESTRICTION","restriction_info":[{"expiration":1781769600,"restriction_type":"RESTRICTED_BIZ_INITIATED_MESSAGING"}]}
    errors of 102290000000001 at None: {"errors":[{"code":130429,"error_data":{"details":"Message failed to send because there were too many messages sent from this phone number in a short period of time."},"message":"Rate limit hit","title":"Rate limit hit"}],"phone_number_id":"106500000000001"}
    something_new of 102290000000001 at Some(1781683200): {"event":"SOMETHING","nested":{"a":[1]}}
    "#);
}

#[test]
fn reads_what_people_told_whatsapp_itself_as_something_they_said() {
    let files = [
        "user_preferences_stop",
        "user_preferences_resume",
        "user_preferences_of_many",
        "user_preferences_without_a_number",
    ];
    assert_snapshot!(files.map(told).concat(), @r"
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z presses stop marketing
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:01:00Z presses resume marketing
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, no name, 2026-06-17T08:00:00Z presses stop marketing
    to 106500000000001, in order of IT.22: no phone, IT.22, no name, 2026-06-17T08:00:00Z presses stop marketing
    to 106500000000001, in order of 393330000003: 393330000003, no user id, no name, 2026-06-17T08:00:00Z presses stop marketing
    ignored: unknown-preference
    ignored: unknown-preference
    unreadable: sender
    unreadable: timestamp
    ignored: unknown-preference
    unreadable: phone_number_id
    ");
}

#[test]
fn a_preference_that_comes_again_is_the_same_and_every_other_is_another() {
    let preference = |number: &str, user: &str, value: &str, at: i64| {
        let item = json!({"user_id": user, "category": "marketing_messages", "value": value,
            "timestamp": at});
        let value = json!({"metadata": {"phone_number_id": number}, "user_preferences": [item]});
        let body = json!({"entry": [{"changes": [{"field": "user_preferences", "value": value}]}]});
        let updates = split(body.to_string().as_bytes()).unwrap();
        let [Update::Message { message_id, .. }] = &updates[..] else { panic!("{updates:?}") };
        message_id.clone()
    };
    let once = preference("1", "IT.1", "stop", 1_781_683_200);
    assert_eq!(once, preference("1", "IT.1", "stop", 1_781_683_200));
    for other in [
        preference("2", "IT.1", "stop", 1_781_683_200),
        preference("1", "IT.2", "stop", 1_781_683_200),
        preference("1", "IT.1", "resume", 1_781_683_200),
        preference("1", "IT.1", "stop", 1_781_683_201),
    ] {
        assert_ne!(once, other);
    }
}

#[test]
fn one_bad_item_does_not_harm_the_rest() {
    assert_snapshot!(told("mixed_batch"), @r#"
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z says "ISCRIVIMI"
    to 106500000000001, in order of IT.22: 393330000002, IT.22, Mario Esempio, 2026-06-17T08:00:00Z says "CANCELLAMI"
    unreadable: sender
    to 106500000000001, in order of IT.33: no phone, IT.33, Ugo Esempio, 2026-06-17T08:00:00Z sends something: hologram
    status StatusUpdate { number: PhoneNumberId("106500000000001"), callback: Some("b:0190f1c2:000000000000000000000000000000a1"), state: Read, at: 1781683260, code: None, pricing: None, market: Market("IT") }
    status StatusUpdate { number: PhoneNumberId("106500000000001"), callback: Some("b:0190f1c2:000000000000000000000000000000a1"), state: Failed, at: 1781683260, code: Some(131047), pricing: None, market: Market("IT") }
    message_template_quality_update of 102290000000001 at Some(1781683200): {"message_template_id":1,"message_template_language":"it","message_template_name":"avviso_scadenza","new_quality_score":"YELLOW","previous_quality_score":"GREEN"}
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z says "grazie"
    status StatusUpdate { number: PhoneNumberId("106500000000002"), callback: Some("b:0190f1c2:000000000000000000000000000000a1"), state: Delivered, at: 1781683260, code: None, pricing: None, market: Market("IT") }
    "#);
}

#[test]
fn passes_over_unknown_keys_and_sets_wrong_types_aside() {
    assert_snapshot!(["unknown_keys", "wrong_types"].map(told).concat(), @r#"
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, Giulia Esempio, 2026-06-17T08:00:00Z says "INFO"
    unreadable: entry
    unreadable: changes
    unreadable: change
    unreadable: field
    unreadable: value
    unreadable: phone_number_id
    unreadable: messages
    unreadable: status
    unreadable: status
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, no name, 2026-06-17T08:00:00Z sends something: text
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, no name, 2026-06-17T08:00:00Z sends something: text
    to 106500000000001, in order of IT.1349120865: 393330000001, IT.1349120865, no name, 2026-06-17T08:00:00Z taps "Sì" ("Sì")
    to 106500000000001, in order of 393330000003: 393330000003, no user id, no name, 2026-06-17T08:00:00Z says "ok"
    "#);
}

#[test]
fn a_message_that_no_parser_takes_costs_only_itself() {
    let good = r#"{"from":"393330000001","id":"wamid.A","timestamp":"1781683200","type":"text","text":{"body":"CANCELLAMI"}}"#;
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    for bad in [
        r#"{"id":"wamid.B","text":{"body":"half an emoji \ud83d"}}"#.to_owned(),
        r#"{"id":"wamid.B","timestamp":1e999}"#.to_owned(),
        format!(r#"{{"id":"wamid.B","text":{deep}}}"#),
    ] {
        let body = format!(
            r#"{{"entry":[{{"changes":[{{"field":"messages","value":{{"metadata":{{"phone_number_id":"1"}},"messages":[{bad},{good}]}}}}]}}]}}"#
        );
        let updates = split(body.as_bytes()).unwrap();
        let told: Vec<_> = updates.iter().map(tell).collect();
        assert_eq!(told[0], "unreadable: messages");
        assert!(told[1].ends_with(r#"says "CANCELLAMI""#), "{told:?}");
        let Update::Unreadable { value, .. } = &updates[0] else { unreachable!() };
        assert_eq!(*value, json!(bad), "kept as it came");
    }
}

#[test]
fn what_nests_too_deep_for_the_queues_is_set_aside_by_itself() {
    let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    let post = |field: &str, item: &str| {
        let value = format!(r#"{{"metadata":{{"phone_number_id":"1"}},"messages":[{item}]}}"#);
        let body =
            format!(r#"{{"entry":[{{"changes":[{{"field":"{field}","value":{value}}}]}}]}}"#);
        split(body.as_bytes()).unwrap().remove(0)
    };
    for n in 1..130 {
        let message = format!(
            r#"{{"from":"393330000001","id":"wamid.A","timestamp":"1781683200","x":{}}}"#,
            nested(n)
        );
        for field in ["messages", "security"] {
            let held = match post(field, &message) {
                Update::Message { message, .. } => message,
                Update::Account { value, .. } => value,
                Update::Unreadable { .. } if n > 50 => continue,
                other => panic!("{n} levels: {other:?}"),
            };
            // As it stands in a job: the readers of the queues take it too.
            let job = json!({"events": [{"value": held}]}).to_string();
            assert!(serde_json::from_str::<Value>(&job).is_ok(), "{n} levels in {field}");
        }
    }
}

#[test]
fn a_number_that_no_table_takes_is_set_aside() {
    let body = json!({"entry": [{"changes": [{"field": "messages", "value": {
        "metadata": {"phone_number_id": "1".repeat(65)}, "statuses": []}}]}]});
    assert_eq!(
        tell(&split(body.to_string().as_bytes()).unwrap()[0]),
        "unreadable: phone_number_id"
    );
}

#[test]
fn bytes_that_are_no_text_cost_one_character() {
    let mut body = testdata("text");
    let at = body.windows(9).position(|it| it == b"ISCRIVIMI").unwrap();
    body[at] = 0xff;
    assert!(tell(&split(&body).unwrap()[0]).ends_with("says \"\u{fffd}SCRIVIMI\""));
}

#[test]
fn a_body_without_an_envelope_is_refused_without_quoting_it() {
    for (body, want) in [
        ("", "end-of-input error at line 1 column 0"),
        ("{\"object\":\"393330000001\"", "end-of-input error at line 1 column 24"),
        ("\"393330000001\"", "shape error at line 1 column 14"),
        ("[]", "shape error at line 1 column 0"),
        ("<html>", "syntax error at line 1 column 1"),
        ("{}", "no usable `entry`"),
        ("{\"entry\":{}}", "no usable `entry`"),
        ("{\"entry\":null}", "no usable `entry`"),
    ] {
        let error = split(body.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), want, "reading {body:?}");
    }
}

#[test]
fn texts_are_cleaned_and_cut() {
    let long = "è".repeat(MAX_TEXT_BYTES);
    let cut = format!("{}…", "è".repeat(MAX_TEXT_BYTES / 2 - 2));
    for (body, want) in [
        ("ISCRI\0VIMI\u{202}\u{1b}", "ISCRIVIMI\u{202}"),
        ("uno\r\ndue", "uno\ndue"),
        (&"x".repeat(65_000), &"x".repeat(65_000)),
        (&long, &cut),
    ] {
        let message = json!({"id": "wamid.A", "from": "393330000001", "timestamp": "1781683200",
            "type": "text", "text": {"body": body}});
        let read = read_message(&message, None).unwrap();
        assert_eq!(read.content, Content::Text(want.to_owned()));
    }
}

#[test]
fn a_message_needs_id_time_and_sender() {
    let message = json!({"id": "wamid.A", "from": "393330000001", "timestamp": "1781683200"});
    assert!(read_message(&message, None).is_ok());
    for (key, bad, want) in [
        ("id", json!(null), "id"),
        ("id", json!(""), "id"),
        ("id", json!("x".repeat(1_025)), "id"),
        ("from", json!("nobody"), "sender"),
        ("from", json!("it.1234"), "sender"),
        ("from", json!("IT.12 34"), "sender"),
        ("timestamp", json!("yesterday"), "timestamp"),
        ("timestamp", json!(0), "timestamp"),
        ("timestamp", json!(-5), "timestamp"),
        ("timestamp", json!(i64::MAX), "timestamp"),
        ("timestamp", json!(1.5), "timestamp"),
    ] {
        let mut message = message.clone();
        message[key] = bad.clone();
        let read = read_message(&message, None);
        assert_eq!(read, Err(Unreadable::Missing(want)), "{key} is {bad}");
    }
}

#[test]
fn reads_a_thousand_updates_of_one_post() {
    let text = String::from_utf8(testdata("text")).unwrap();
    let mut body: Value = serde_json::from_str(&text).unwrap();
    let change = body["entry"][0]["changes"][0].clone();
    body["entry"][0]["changes"] = vec![change; 1_000].into();
    assert_eq!(split(body.to_string().as_bytes()).unwrap().len(), 1_000);
}

#[test]
fn debug_shows_nobody() {
    for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata")).unwrap() {
        let body = fs::read(file.unwrap().path()).unwrap();
        for update in split(&body).unwrap() {
            let mut shown = format!("{update:?}");
            if let Update::Message { message, contact, .. } = &update {
                write!(shown, "{:?}", read_message(message, contact.as_ref())).unwrap();
            }
            for personal in ["39333", "IT.", "wamid", "Esempio", "ISCRIVIMI", "CANCELLAMI"] {
                assert!(!shown.contains(personal), "{personal} in {shown}");
            }
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[0-9]{1,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(any_key(), inner, 0..5)
                .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

/// Keys that lead somewhere, and some that do not.
fn any_key() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "object",
        "entry",
        "changes",
        "field",
        "value",
        "metadata",
        "phone_number_id",
        "contacts",
        "messages",
        "statuses",
        "errors",
        "user_preferences",
        "category",
        "id",
        "from",
        "from_user_id",
        "wa_id",
        "user_id",
        "timestamp",
        "type",
        "text",
        "body",
        "system",
        "interactive",
        "status",
        "pricing",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => any::<String>()]
}

/// Puts `new` in the place of the `n`th value, counted depth first.
fn replace_nth(value: &mut Value, n: &mut usize, new: &Value) {
    if *n == 0 {
        *value = new.clone();
    }
    let Some(rest) = n.checked_sub(1) else { return };
    *n = rest;
    match value {
        Value::Array(items) => items.iter_mut().for_each(|it| replace_nth(it, n, new)),
        Value::Object(fields) => fields.values_mut().for_each(|it| replace_nth(it, n, new)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = split(&body);
    }

    #[test]
    fn no_json_panics(body in any_json(), contact in prop::option::of(any_json())) {
        let _ = split(body.to_string().as_bytes());
        let _ = read_message(&body, contact.as_ref());
    }

    #[test]
    fn whatever_stands_in_one_place_nothing_panics(n in 0_usize..220, new in any_json()) {
        let mut body: Value = serde_json::from_slice(&testdata("mixed_batch")).unwrap();
        replace_nth(&mut body, &mut n.clone(), &new);
        for update in split(body.to_string().as_bytes()).unwrap_or_default() {
            if let Update::Message { message, contact, .. } = update {
                prop_assert!(read_message(&message, contact.as_ref()).is_ok());
            }
        }
    }

    #[test]
    fn whatever_stands_beside_it_a_message_is_read(before in any_json(), after in any_json()) {
        let message = json!({"id": "wamid.A", "from": "393330000001",
            "timestamp": "1781683200", "type": "text", "text": {"body": "CANCELLAMI"}});
        let value = json!({"metadata": {"phone_number_id": "1"},
            "messages": [before, message, after]});
        let body = json!({"entry": [before, {"changes": [{"field": "messages", "value": value}]}]});
        let updates = split(body.to_string().as_bytes()).unwrap();
        let found = updates.iter().any(|it| {
            matches!(it, Update::Message { message: found, .. } if *found == message)
        });
        prop_assert!(found);
    }
}
