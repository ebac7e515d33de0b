// SPDX-License-Identifier: EUPL-1.2
//! A local stack.

use axum::http::StatusCode;
use fakes::meta::{Category, Template, TemplateState};
use platform::settings::Settings;
use std::path::Path;

use super::town::*;

#[tokio::test]
async fn a_fresh_stack_is_well() {
    let town = Town::new().await;
    let found = town.looked_at([]).await;
    found.assert_wrong(&[]);
    assert!(found.0.len() > 20, "{:?}", found.0);
}

#[tokio::test]
async fn a_token_that_has_expired_leaves_the_rest_to_be_looked_at() {
    let town = Town::new().await;
    town.meta().standing(|it| it.token_expires_at = 1);
    town.looked_at([]).await.assert_wrong(&[
        "errore token di Meta (default): non vale",
        "attenzione webhook presso Meta (default): non controllato",
        "attenzione iscrizione dell'account (pordenone): non controllato",
        "attenzione verifica dell'ente (pordenone): non controllato: Meta non accetta il token",
        "attenzione metodo di pagamento (pordenone): non controllato: Meta non accetta il token",
        "attenzione numero (pordenone): non controllato: Meta non accetta il token",
        "attenzione modelli (pordenone): non controllato: Meta non accetta il token",
    ]);
}

#[tokio::test]
async fn a_token_that_may_only_send_cannot_see_the_account() {
    let town = Town::new().await;
    town.meta().standing(|it| it.scopes.retain(|it| it == "whatsapp_business_messaging"));
    town.looked_at([]).await.assert_wrong(&[
        "errore token di Meta (default): manca il permesso whatsapp_business_management",
        "attenzione iscrizione dell'account (pordenone): non controllato: il token non ha",
        "attenzione verifica dell'ente (pordenone): non controllato: il token non ha",
        "attenzione metodo di pagamento (pordenone): non controllato: il token non ha",
        "attenzione modelli (pordenone): non controllato: il token non ha",
    ]);
}

#[tokio::test]
async fn what_meta_says_of_account_and_number_is_said_on() {
    let town = Town::new().await;
    town.meta().standing(|it| {
        it.subscribed = false;
        it.override_callback = Some("https://other.example.org/hook".to_owned());
        it.has_payment_method = false;
        it.business_verification = "not_verified".to_owned();
        it.status = "PENDING".to_owned();
        it.name_status = "DECLINED".to_owned();
        it.quality = "RED".to_owned();
        it.webhook_fields.retain(|it| it != "messages");
        it.unwell.push(("WABA".to_owned(), 141_006, "of +39 333 000 0000".to_owned()));
    });
    town.looked_at([]).await.assert_wrong(&[
        "errore webhook presso Meta (default): manca il campo messages",
        "errore iscrizione dell'account (pordenone): l'account non manda i suoi webhook",
        "attenzione verifica dell'ente (pordenone): Meta non ha verificato l'ente",
        "errore metodo di pagamento (pordenone): non risulta",
        "errore stato del numero (pordenone): non è collegato a WhatsApp (PENDING)",
        "errore nome visualizzato (pordenone): non è approvato (DECLINED)",
        "attenzione qualità del numero (pordenone): bassa",
        "errore invio secondo Meta (pordenone): impedito: account WhatsApp, errore 141006",
        "errore indirizzo dei messaggi (pordenone): Meta li manda altrove: https://other.example.org/hook",
    ]);
}

#[tokio::test]
async fn templates_that_meta_judged_are_named() {
    let town = Town::new().await;
    let meta = town.meta();
    let judged = |name, state| meta.set_template_state(ACCOUNT, name, state).unwrap();
    judged("pordenone_servizio", TemplateState::Rejected);
    judged("pordenone_scadenza", TemplateState::Pending);
    judged("pordenone_allerta", TemplateState::Paused);
    meta.set_template_category(ACCOUNT, "pordenone_utilita", Category::Marketing).unwrap();
    town.looked_at([]).await.assert_wrong(&[
        "errore modelli (pordenone): «pordenone_servizio» è stato respinto (INVALID_FORMAT)",
        "attenzione modelli (pordenone): «pordenone_scadenza» è in esame",
        "errore modelli (pordenone): «pordenone_allerta» è in pausa",
        "attenzione modelli (pordenone): «pordenone_utilita» per Meta è MARKETING",
    ]);
}

#[tokio::test]
async fn a_template_on_the_second_page_is_found() {
    let town = Town::new().await;
    let late = Template {
        messaging_account_id: ACCOUNT.to_owned(),
        name: "pordenone_evento".to_owned(),
        state: TemplateState::Disabled,
        category: Category::Marketing,
        ..Template::default()
    };
    for n in 0..100 {
        town.meta().set_template(Template { name: format!("altro_{n}"), ..late.clone() });
    }
    town.meta().set_template(late);
    town.looked_at([]).await.assert_wrong(&[
        "errore modelli (pordenone): «pordenone_evento» non si può usare (DISABLED)",
        "errore modelli (pordenone): «pordenone_evento» presso Meta ha altri parametri",
    ]);
}

#[tokio::test]
async fn secrets_that_are_not_those_of_the_stack_are_found_out() {
    let town = Town::new().await;
    let settings = [("META_APP_SECRET", "another"), ("META_VERIFY_TOKEN", "another")];
    town.looked_at(settings).await.assert_wrong(&[
        "errore webhook: verifica (default): rifiuta il token di verifica",
        "errore webhook: firma (default): rifiuta la firma",
        "errore webhook presso Meta (default): META_APP_SECRET non è il segreto dell'app",
    ]);
}

#[tokio::test]
async fn a_webhook_that_fails_or_is_not_there_is_not_the_end() {
    let town = Town::new().await;
    let graph = format!("{}/graph", town.0.url());
    let seeing = seeing(Settings::given([("GRAPH_API_URL", &graph)]));
    let broken = somebody_who_answers(StatusCode::INTERNAL_SERVER_ERROR).await;
    let elsewhere = |mut found: Found| {
        // What Meta has is the stack's own address, and the queues are the stack's.
        found.0.retain(|it| !["webhook presso Meta", "indirizzo dei messaggi"].contains(&it.check));
        found.0.retain(|it| !["coda", "messaggi non elaborati"].contains(&it.check));
        found
    };
    let found = Found(seeing.on_this_machine(&broken, Path::new(LINES)).await);
    elsewhere(found).assert_wrong(&[
        "errore webhook: verifica (default): risponde con l'errore 500",
        "errore webhook: firma (default): risponde con l'errore 500",
    ]);
    let found = Found(seeing.on_this_machine("http://127.0.0.1:1", Path::new(LINES)).await);
    elsewhere(found).assert_wrong(&[
        "errore webhook: verifica (default): l'indirizzo non si raggiunge",
        "attenzione orologio (webhook): non controllato",
    ]);
}

#[tokio::test]
async fn a_clock_that_is_six_minutes_ahead_is_an_error() {
    let town = Town::new().await;
    let mut seeing = seeing(Settings::given([]));
    seeing.clock = ahead(6 * 60);
    let found = Found(seeing.on_this_machine(&town.0.url(), Path::new(LINES)).await);
    found.assert_wrong(&[
        "errore orologio (webhook): questa macchina è avanti di 6 minuti",
        "errore orologio (Meta): questa macchina è avanti di 6 minuti",
    ]);
}

#[tokio::test]
async fn a_line_that_is_not_there_is_named_with_those_that_are() {
    let town = Town::new().await;
    let mut seeing = seeing(Settings::given([]));
    seeing.only = Some("udine".to_owned());
    let found = Found(seeing.on_this_machine(&town.0.url(), Path::new(LINES)).await);
    found.assert_wrong(&[
        "errore linea (udine): non c'è; ci sono: barberino-demografici, pordenone",
    ]);
}
