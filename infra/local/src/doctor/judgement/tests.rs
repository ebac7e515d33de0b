// SPDX-License-Identifier: EUPL-1.2
use super::*;
use crate::doctor::facts::Reply;

const OURS: &str = "https://filo.example.org/webhook";

fn line() -> Line {
    store::line_file::parse(include_str!("../../../../lines/pordenone.toml")).unwrap()
}

/// `errore: …` of each finding.
fn said(findings: impl IntoIterator<Item = Finding>) -> Vec<String> {
    let one = |it: Finding| {
        assert_eq!(
            it.remedy.is_none(),
            it.level == Level::Ok,
            "a remedy for what is wrong: {it:?}"
        );
        format!("{}: {}", it.level.name(), it.what)
    };
    findings.into_iter().map(one).collect()
}

/// The findings say this, one each, in order, from their beginning.
fn assert_says(of: &str, findings: impl IntoIterator<Item = Finding>, want: &[&str]) {
    let said = said(findings);
    let fits = said.len() == want.len() && said.iter().zip(want).all(|(a, b)| a.starts_with(b));
    assert!(fits, "{of}: {said:#?}, wanted {want:#?}");
}

fn coded<T>(code: i64) -> FromMeta<T> {
    Err(Failure::Coded { code, http: 400, transient: false })
}

fn now() -> Timestamp {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

#[test]
fn a_webhook_lets_meta_in_and_nobody_else() {
    let status = |status| Ok(Reply { status, is_challenge: false });
    let echo = Ok(Reply { status: 200, is_challenge: true });
    let well = Webhook {
        right_token: echo,
        wrong_token: status(403),
        wrong_signature: status(401),
        signed: vec![status(200)],
    };
    for (of, seen, want) in [
        ("well", well.clone(), ["ok: risponde a Meta", "ok: accetta ciò che è firmato"].as_slice()),
        (
            "another service",
            Webhook { right_token: status(200), ..well.clone() },
            &["errore: risponde 200, ma non con", "ok"],
        ),
        (
            "another token",
            Webhook { right_token: status(403), ..well.clone() },
            &["errore: rifiuta il token di verifica", "ok"],
        ),
        (
            "an app it does not know",
            Webhook {
                right_token: status(404),
                wrong_token: status(404),
                wrong_signature: status(404),
                signed: vec![status(404)],
            },
            &["errore: non conosce questa app", "errore: non conosce questa app"],
        ),
        (
            "any token",
            Webhook { wrong_token: echo, ..well.clone() },
            &["errore: accetta anche un token", "ok"],
        ),
        (
            "any signature",
            Webhook { wrong_signature: status(200), ..well.clone() },
            &["ok", "errore: accetta anche ciò che non è firmato"],
        ),
        (
            "the newer secret is not known",
            Webhook { signed: vec![status(200), status(401)], ..well.clone() },
            &["ok", "errore: rifiuta la firma"],
        ),
        (
            "it cannot queue",
            Webhook { signed: vec![status(503)], ..well.clone() },
            &["ok", "errore: risponde con l'errore 503"],
        ),
        (
            "all broken",
            Webhook {
                right_token: status(500),
                wrong_token: status(500),
                wrong_signature: status(500),
                signed: vec![status(500)],
            },
            &["errore: risponde con l'errore 500", "errore: risponde con l'errore 500"],
        ),
        (
            "nobody there",
            Webhook { right_token: Err(Silence::NotReached), ..well.clone() },
            &["errore: l'indirizzo non si raggiunge"],
        ),
        (
            "too slow",
            Webhook { wrong_signature: Err(Silence::TooLate), ..well },
            &["errore: non risponde entro dieci secondi"],
        ),
    ] {
        assert_says(of, webhook("default", &seen), want);
    }
}

#[test]
fn a_token_is_to_last_and_to_be_allowed() {
    let scopes = ["whatsapp_business_messaging", "whatsapp_business_management"];
    let well = Token {
        kind: "SYSTEM_USER".to_owned(),
        is_valid: true,
        scopes: scopes.map(str::to_owned).into(),
        ..Token::default()
    };
    let in_ten_days = now().as_second() + 10 * 86_400;
    for (of, seen, want) in [
        ("well", Ok(well.clone()), ["ok: vale, non scade"].as_slice()),
        ("refused", coded(190), &["errore: non vale"]),
        ("invalid", Ok(Token { is_valid: false, ..well.clone() }), &["errore: non vale"]),
        (
            "may only send",
            Ok(Token { scopes: vec![scopes[0].to_owned()], ..well.clone() }),
            &["errore: manca il permesso whatsapp_business_management"],
        ),
        (
            "a person's, which ends",
            Ok(Token { kind: "USER".to_owned(), expires_at: in_ten_days, ..well }),
            &[
                "attenzione: è il token di una persona",
                "attenzione: scade il 2026-12-02, fra 10 giorni",
            ],
        ),
        ("not ours to see", coded(100), &["attenzione: non controllato"]),
        ("no network", Err(Failure::NotSent), &["attenzione: non controllato: Meta non risponde"]),
    ] {
        assert_says(of, token("default", &seen, now()), want);
    }
}

#[test]
fn an_app_posts_here_and_everything() {
    let fields = FIELDS.iter().copied().chain(["messages"]).map(str::to_owned).collect::<Vec<_>>();
    let well = Subscription { callback_url: format!("{OURS}/"), active: true, fields };
    let without = |field: &str| {
        let fields = well.fields.iter().filter(|it| *it != field).cloned().collect();
        Ok(Some(Subscription { fields, ..well.clone() }))
    };
    for (of, seen, want) in [
        ("well", Ok(Some(well.clone())), ["ok"].as_slice()),
        ("nothing set", Ok(None), &["errore: l'app non ha un indirizzo"]),
        ("another app's secret", coded(190), &["errore: META_APP_SECRET non è il segreto"]),
        ("no messages", without("messages"), &["errore: manca il campo messages"]),
        ("no security", without("security"), &["attenzione: mancano i campi security"]),
        (
            "elsewhere, asleep",
            Ok(Some(Subscription {
                callback_url: "https://a.example.org/x?token=secret".to_owned(),
                active: false,
                ..well.clone()
            })),
            &[
                "errore: l'iscrizione dell'app non è attiva",
                "attenzione: le notizie sull'account (modelli, limiti, avvisi) vanno a un altro \
                 indirizzo: https://a.example.org/x",
            ],
        ),
    ] {
        let findings = subscription("default", Some(&seen), OURS);
        assert!(!format!("{findings:?}").contains("secret\""), "{of}: {findings:?}");
        assert_says(of, findings, want);
    }
    assert_says("no token", subscription("default", None, OURS), &["attenzione: non controllato"]);
}

#[test]
fn an_account_sends_to_us_is_verified_and_pays() {
    let line = line();
    let account = line.messaging_account_id.clone();
    let ours = Token { app_id: "7".to_owned(), accounts: None, ..Token::default() };
    let given = |it: &str| Token { accounts: Some(vec![it.to_owned()]), ..ours.clone() };
    let apps = |ids: &[&str]| Ok(ids.iter().map(|it| (*it).to_owned()).collect());
    for (of, token, apps, want) in [
        ("well", Some(ours.clone()), apps(&["8", "7"]), "ok"),
        ("its own account", Some(given(&account)), apps(&["7"]), "ok"),
        ("another account", Some(given("1")), apps(&["7"]), "errore: il token non è stato dato"),
        ("another app", Some(ours.clone()), apps(&["8"]), "errore: l'account non manda"),
        ("nobody", Some(ours.clone()), apps(&[]), "errore: l'account non manda"),
        ("may not see", Some(ours), coded(200), "attenzione: non controllato: il token non ha"),
        ("no token", None, apps(&[]), "attenzione: non controllato"),
    ] {
        assert_says(of, [subscribed(&line, token.as_ref(), &apps)], &[want]);
    }
    for (status, want) in [
        ("verified", "ok"),
        ("VERIFIED", "ok"),
        ("pending_submission", "attenzione: la verifica è in corso"),
        ("not_verified", "attenzione: Meta non ha verificato"),
        ("", "attenzione: Meta non ha verificato"),
        ("rejected", "errore: la verifica non è riuscita"),
    ] {
        assert_says(status, [business(&line, &Ok(status.to_owned()))], &[want]);
    }
    for (of, seen, want) in [
        ("there", Ok(true), "ok"),
        ("none", Ok(false), "errore: non risulta"),
        ("too often", coded(80_007), "attenzione: non controllato: Meta ha ricevuto troppe"),
    ] {
        assert_says(of, [payment(&line, &seen)], &[want]);
    }
}

fn well(line: &Line) -> Number {
    Number {
        display_number: line.display_number.replace(' ', ""),
        status: "CONNECTED".to_owned(),
        name_status: "APPROVED".to_owned(),
        quality: "GREEN".to_owned(),
        throughput: "STANDARD".to_owned(),
        tier: "TIER_UNLIMITED".to_owned(),
        webhook: Some(OURS.to_owned()),
        can_send: "AVAILABLE".to_owned(),
        unwell: Vec::new(),
    }
}

/// What is not well, of the eight things a number is looked at for.
fn unwell(line: &Line, seen: &Number) -> Vec<String> {
    let mut said = said(number(line, &Ok(seen.clone()), OURS));
    assert_eq!(said.len(), 8);
    said.retain(|it| !it.starts_with("ok"));
    said
}

#[test]
fn a_number_is_ours_connected_and_well() {
    let line = line();
    let with = |change: &dyn Fn(&mut Number)| {
        let mut number = well(&line);
        change(&mut number);
        number
    };
    let other = "https://b.example.org/hook".to_owned();
    let account = Unwell { entity: "WABA".to_owned(), code: 141_006 };
    let business = Unwell { entity: "BUSINESS".to_owned(), code: 141_010 };
    for (want, seen) in [
        ("", with(&|_| {})),
        ("", with(&|it| it.quality = "UNKNOWN".to_owned())),
        (
            "attenzione: Meta ne ha un altro",
            with(&|it| it.display_number = "+39 333 000 9999".to_owned()),
        ),
        ("errore: non è collegato a WhatsApp (PENDING)", with(&|it| it.status = "PENDING".into())),
        ("errore: Meta lo ha sospeso (BANNED)", with(&|it| it.status = "BANNED".into())),
        ("attenzione: Meta lo tiene d'occhio", with(&|it| it.status = "FLAGGED".into())),
        ("attenzione: stato non conosciuto (NEW)", with(&|it| it.status = "NEW".into())),
        ("attenzione: stato non conosciuto (non detto)", with(&|it| it.status = String::new())),
        (
            "attenzione: Meta lo sta esaminando",
            with(&|it| it.name_status = "PENDING_REVIEW".into()),
        ),
        ("errore: non è approvato (DECLINED)", with(&|it| it.name_status = "DECLINED".into())),
        ("attenzione: media", with(&|it| it.quality = "YELLOW".into())),
        ("attenzione: bassa", with(&|it| it.quality = "RED".into())),
        (
            "errore: impedito: account WhatsApp, errore 141006; ente, errore 141010",
            with(&|it| {
                it.can_send = "BLOCKED".into();
                it.unwell = vec![account.clone(), business.clone()];
            }),
        ),
        ("attenzione: limitato: non detto", with(&|it| it.can_send = "LIMITED".into())),
        ("errore: Meta li manda altrove: https://b", with(&|it| it.webhook = Some(other.clone()))),
        ("errore: Meta non ne ha nessuno", with(&|it| it.webhook = None)),
    ] {
        let said = unwell(&line, &seen);
        match want {
            "" => assert!(said.is_empty(), "{said:?}"),
            want => assert!(said.len() == 1 && said[0].starts_with(want), "{want}: {said:?}"),
        }
    }
    let gone = coded(100);
    assert_says("gone", number(&line, &gone, OURS), &["errore: Meta non lo trova"]);
}

#[test]
fn the_line_file_promises_no_more_than_meta_allows() {
    let limited = |limit| {
        let portfolio = Some(domain::line::Portfolio { id: "9".to_owned(), limit });
        Line { portfolio, ..line() }
    };
    let tier = |tier: &str| Number { tier: tier.to_owned(), ..well(&line()) };
    for (line, seen, want) in [
        (limited(Some(2_000)), tier("TIER_UNLIMITED"), ""),
        (limited(Some(2_000)), tier("TIER_2K"), ""),
        (
            limited(None),
            tier("TIER_2K"),
            "attenzione: Meta ammette 2000 persone in 24 ore, il file",
        ),
        (limited(Some(10_000)), tier("TIER_2K"), "errore: Meta ammette 2000 persone in 24 ore"),
        (limited(Some(250)), tier("TIER_250"), "attenzione: 250 persone in 24 ore, il più basso"),
        (line(), tier("TIER_250"), "attenzione: Meta ammette 250"),
        (
            line(),
            tier("+39 333 000 9999"),
            "attenzione: Meta non lo dice (un valore non conosciuto)",
        ),
        (
            Line { rate: 1_000, ..line() },
            tier("TIER_UNLIMITED"),
            "errore: il file della linea dice 1000",
        ),
        (
            line(),
            Number { throughput: "NOT_APPLICABLE".to_owned(), ..well(&line()) },
            "attenzione: Meta non la dice (NOT_APPLICABLE)",
        ),
    ] {
        let said = unwell(&line, &seen);
        match want {
            "" => assert!(said.is_empty(), "{said:?}"),
            want => assert!(said.len() == 1 && said[0].starts_with(want), "{want}: {said:?}"),
        }
    }
}

/// Meta's side of the line's templates, all well.
fn at_meta(line: &Line) -> Vec<Template> {
    let all = line.templates_for_meta().into_iter().map(|it| Template {
        name: it.name,
        language: it.language,
        status: "APPROVED".to_owned(),
        category: format!("{:?}", it.category).to_uppercase(),
        rejected_reason: "NONE".to_owned(),
        header: it.header,
        header_media: it.header_media.map(|it| it.name().to_uppercase()),
        body: it.body,
        footer: it.footer,
        buttons: it.quick_reply.into_iter().collect(),
    });
    all.collect()
}

#[test]
fn templates_are_there_approved_and_as_in_the_line_file() {
    let line = Line { accept_again: true, ..line() };
    let find =
        |all: &mut Vec<Template>, name: &str| all.iter().position(|it| it.name == name).unwrap();
    let with = |change: &dyn Fn(&mut Template)| {
        let mut all = at_meta(&line);
        let n = find(&mut all, "pordenone_evento");
        change(&mut all[n]);
        all
    };
    let mut without_question = at_meta(&line);
    let n = find(&mut without_question, "pordenone_evento_policy");
    without_question.remove(n);
    let mut more = at_meta(&line);
    more.push(Template { name: "hello_world".to_owned(), ..Template::default() });
    for (of, seen, want) in [
        (
            "well, and one that is not ours",
            more,
            "ok: tutti approvati e come nel file della linea: 11",
        ),
        (
            "a picture on top",
            with(&|it| it.header_media = Some("IMAGE".to_owned())),
            "errore: «pordenone_evento» presso Meta ha in testa un altro tipo di file",
        ),
        ("no twin", without_question, "errore: «pordenone_evento_policy» (it) manca"),
        (
            "another language",
            with(&|it| it.language = "en".to_owned()),
            "errore: «pordenone_evento» (it) manca",
        ),
        (
            "in review",
            with(&|it| it.status = "PENDING".into()),
            "attenzione: «pordenone_evento» è in esame",
        ),
        (
            "rejected",
            with(&|it| {
                it.status = "REJECTED".into();
                it.rejected_reason = "PROMOTIONAL".into();
            }),
            "errore: «pordenone_evento» è stato respinto (PROMOTIONAL)",
        ),
        (
            "paused",
            with(&|it| it.status = "PAUSED".into()),
            "errore: «pordenone_evento» è in pausa",
        ),
        (
            "disabled",
            with(&|it| it.status = "DISABLED".into()),
            "errore: «pordenone_evento» non si può usare (DISABLED)",
        ),
        (
            "another category",
            with(&|it| it.category = "UTILITY".into()),
            "attenzione: «pordenone_evento» per Meta è UTILITY, per il file della linea MARKETING",
        ),
        (
            "other parameters",
            with(&|it| it.body = it.body.replace("{{dove}}", "{{luogo}}")),
            "errore: «pordenone_evento» presso Meta ha altri parametri",
        ),
        (
            "other words",
            with(&|it| it.body = it.body.replace("Comune", "comune")),
            "attenzione: «pordenone_evento» presso Meta ha un altro testo",
        ),
        (
            "no footer",
            with(&|it| it.footer = None),
            "attenzione: «pordenone_evento» presso Meta ha",
        ),
        (
            "a button more",
            with(&|it| it.buttons.push("Sì".to_owned())),
            "attenzione: «pordenone_evento» presso Meta ha un altro testo",
        ),
        ("words that end in a row", with(&|it| it.body.push('\n')), "ok"),
    ] {
        assert_says(of, templates(&line, &Ok(seen)), &[want]);
    }
    assert_says("may not see", templates(&line, &coded(10)), &["attenzione: non controllato"]);
}

#[test]
fn queues_are_worked_off_and_nothing_was_given_up() {
    let depth = |visible, delayed, in_flight| Ok(Depth { visible, delayed, in_flight });
    let denied = Err("AccessDenied".to_owned());
    for (seen, want, dead) in [
        (depth(0, 0, 0), "ok: 0 in attesa, 0 per più tardi, 0 in lavorazione", "ok: nessuno"),
        (depth(100, 9_999, 3), "ok: 100 in attesa", "errore: 10102"),
        (depth(101, 0, 0), "attenzione: 101 messaggi aspettano", "errore: 101"),
        (denied, "attenzione: non controllato: AccessDenied", "attenzione: non controllato"),
    ] {
        assert_says("queue", [queue("sends", &seen, 100)], &[want]);
        assert_says("dead letters", [dead_letters("dead", &seen)], &[dead]);
    }
}

#[test]
fn an_account_may_use_the_region_and_enough_of_it() {
    for (status, want) in [
        (Ok("ENABLED"), "ok"),
        (Ok("ENABLED_BY_DEFAULT"), "ok"),
        (Ok("ENABLING"), "attenzione: si sta attivando"),
        (Ok("DISABLED"), "errore: non è attiva per l'account"),
        (Err("AccessDeniedException"), "attenzione: non controllato: AccessDeniedException"),
    ] {
        let status = status.map(str::to_owned).map_err(str::to_owned);
        assert_says(want, [region("eu-south-1", &status)], &[want]);
    }
    for (quota, want) in [
        (Ok(1_000), "ok"),
        (Ok(10), "attenzione: l'account ne ammette 10"),
        (Err("lambda non risponde".to_owned()), "attenzione: non controllato"),
    ] {
        assert_says(want, [concurrency("eu-south-1", &quota)], &[want]);
    }
}

#[test]
fn a_clock_is_held_against_others() {
    for (seconds, want) in [
        (Some(0), "ok"),
        (Some(-29), "ok"),
        (Some(30), "attenzione: questa macchina è avanti di 30 secondi"),
        (Some(-299), "attenzione: questa macchina è indietro di 4 minuti"),
        (Some(360), "errore: questa macchina è avanti di 6 minuti: AWS rifiuta"),
        (Some(-300), "errore: questa macchina è indietro di 5 minuti: AWS rifiuta"),
        (None, "attenzione: non controllato"),
    ] {
        assert_says(want, [clock("Meta", seconds)], &[want]);
    }
}
