// SPDX-License-Identifier: EUPL-1.2
//! People of the office: invited, signed in with their provider, and out again.

use std::cell::RefCell;
use std::collections::BTreeMap;

use fakes::oidc::{Account, Lie, Provider};
use platform::settings::Settings;
use reqwest::redirect::Policy;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::{MORNING_SECONDS, Office, World, within};

/// A stack whose office signs in with this provider.
async fn town() -> (World, Provider) {
    let provider = Provider::start("filodiretto", "s3cret", MORNING_SECONDS).await.unwrap();
    let world = World::with(|it| {
        it.settings = Settings::given([
            ("OIDC_ISSUER", provider.issuer()),
            ("OIDC_CLIENT_ID", "filodiretto"),
            ("OIDC_CLIENT_SECRET", "s3cret"),
        ]);
    })
    .await;
    world.keeps_secret("@comune.example");
    (world, provider)
}

fn account(name: &str) -> Account {
    Account {
        subject: format!("subject-of-{name}"),
        email: format!("{name}@comune.example"),
        email_verified: Some(true),
        name: name.to_owned(),
    }
}

/// Invites somebody; their id and version.
async fn invites(office: &Office<'_>, name: &str, role: &str) -> String {
    let wanted = json!({ "email": format!("{name}@Comune.example"), "name": name, "role": role });
    let (status, made) = office.post("/people", wanted).await;
    assert_eq!((status, &made["mail_sent"]), (201, &json!(true)), "{made}");
    made["id"].as_str().unwrap().to_owned()
}

/// A browser: it keeps cookies, and follows nothing by itself.
struct Browser<'a> {
    world: &'a World,
    http: reqwest::Client,
    cookies: RefCell<BTreeMap<String, String>>,
}

impl<'a> Browser<'a> {
    fn new(world: &'a World) -> Self {
        let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        Self { world, http, cookies: RefCell::default() }
    }

    async fn asks(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.world.stack.url())
        };
        let cookies: Vec<_> =
            self.cookies.borrow().iter().map(|(name, it)| format!("{name}={it}")).collect();
        let mut request = self.http.request(method, url).body(body.to_owned());
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = within(request.send()).await.unwrap();
        for it in answer.headers().get_all("set-cookie") {
            let it = it.to_str().unwrap();
            assert!(it.contains("; HttpOnly; SameSite=Lax"), "{it}");
            let (name, value) = it.split(';').next().unwrap().split_once('=').unwrap();
            if it.contains("Max-Age=0") {
                self.cookies.borrow_mut().remove(name);
            } else {
                self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    async fn gets(&self, path: &str) -> Response {
        self.asks(Method::GET, path, &[], "").await
    }

    /// The status of an answer of the API.
    async fn status(&self, path: &str) -> u16 {
        self.gets(&format!("/v1/lines/pordenone{path}")).await.status().as_u16()
    }

    /// Goes to the provider and comes back; the last answer.
    async fn signs_in(&self) -> Response {
        let back = self.comes_back_to().await;
        self.gets(&back).await
    }

    /// Goes to the provider; where that sends the browser.
    async fn comes_back_to(&self) -> String {
        let there = location(&self.gets("/sign-in").await);
        assert!(there.contains("/authorize?"), "{there}");
        let back = within(self.http.get(there).send()).await.unwrap();
        location(&back)
    }

    fn is_in(&self) -> bool {
        self.cookies.borrow().contains_key("filodiretto")
    }

    async fn me(&self) -> Value {
        within(self.gets("/v1/me").await.json()).await.unwrap()
    }
}

fn location(answer: &Response) -> String {
    assert_eq!(answer.status(), 303);
    answer.headers()["location"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn who_was_invited_signs_in_works_and_signs_out() {
    let (world, provider) = town().await;
    let office = world.office("pordenone");
    let id = invites(&office, "anna", "operator").await;
    let mail = within(world.http.get(format!("{}/_mail", world.stack.url())).send()).await.unwrap();
    let mail = within(mail.text()).await.unwrap();
    assert!(mail.contains("/sign-in") && mail.contains("sportello"), "{mail}");

    provider.signs_in(account("anna"));
    let anna = Browser::new(&world);
    assert_eq!(anna.status("/conversations").await, 401);
    assert_eq!(location(&anna.signs_in().await), "/sign-in");
    let page = within(anna.gets("/sign-in").await.text()).await.unwrap();
    assert!(page.contains("anna") && page.contains("sportello"), "{page}");
    let me = anna.me().await;
    assert_eq!(me["who"], format!("person {id}"));
    assert_eq!(
        me["lines"],
        json!([{
            "line": "pordenone", "role": "operator", "scopes": ["desk", "subscribers:read"],
        }])
    );
    assert_eq!(anna.status("/conversations").await, 200);
    assert_eq!(anna.status("/people").await, 403);
    let abroad = "/v1/lines/barberino-demografici/conversations";
    assert_eq!(anna.gets(abroad).await.status(), 404);

    // A form on another page sends the cookie, but cannot say that it is from here.
    let url = world.stack.url();
    let search = "/v1/lines/pordenone/contacts/search";
    let body = r#"{"phone":"+393330004001"}"#;
    for headers in [&[][..], &[("origin", "https://elsewhere.example")], &[("origin", "null")]] {
        let answer = anna.asks(Method::POST, search, headers, body).await;
        assert_eq!(answer.status(), 403);
        let out = anna.asks(Method::POST, "/sign-out", headers, "").await;
        assert_eq!(out.status(), 400);
    }
    for headers in [&[("x-filo-diretto", "1")], &[("origin", url.as_str())]] {
        let answer = anna.asks(Method::POST, search, headers, body).await;
        assert_eq!(answer.status(), 200);
    }

    let log = office.get("/audit").await.1;
    let first = log["items"].as_array().unwrap().iter().find(|it| it["operation"] == "sign-in");
    assert_eq!(first.unwrap()["who"], format!("person {id}"));
    assert!(!log.to_string().contains("comune.example"), "{log}");

    let kept = anna.cookies.borrow().clone();
    anna.asks(Method::POST, "/sign-out", &[("origin", &url)], "").await;
    assert!(!anna.is_in());
    *anna.cookies.borrow_mut() = kept;
    assert_eq!(anna.status("/conversations").await, 401, "the old cookie opens nothing");
    world.ends().await;
}

#[tokio::test]
async fn somebody_stays_for_a_working_day() {
    let (world, provider) = town().await;
    invites(&world.office("pordenone"), "anna", "operator").await;
    provider.signs_in(account("anna"));
    let anna = Browser::new(&world);
    anna.signs_in().await;
    world.advance(10 * 3_600 - 60).await;
    assert_eq!(anna.status("/conversations").await, 200);
    world.advance(60).await;
    assert_eq!(anna.status("/conversations").await, 401);
    world.ends().await;
}

#[tokio::test]
async fn an_invitation_ends_after_two_weeks_and_can_be_sent_again() {
    let (world, provider) = town().await;
    let office = world.office("pordenone");
    let id = invites(&office, "anna", "operator").await;
    let path = format!("/people/{id}");
    let fortnight = 14 * 86_400;
    world.advance(fortnight).await;
    provider.advances(i64::try_from(fortnight).unwrap());
    provider.signs_in(account("anna"));
    let anna = Browser::new(&world);
    assert_eq!(anna.signs_in().await.status(), 403);
    assert!(!anna.is_in());
    assert_eq!(office.get(&path).await.1["state"], "expired");

    let invite = format!("{path}/invite");
    assert_eq!(office.post_once(&invite, Value::Null, "k 1").await.0, 400);
    let (status, again) = office.post_once(&invite, Value::Null, "k1").await;
    assert_eq!(
        (status, &again["state"], &again["mail_sent"]),
        (200, &json!("invited"), &json!(true))
    );
    assert_eq!(office.post_once(&invite, Value::Null, "k1").await, (200, again));
    let mail = within(world.http.get(format!("{}/_mail", world.stack.url())).send()).await.unwrap();
    let mail: Value = within(mail.json()).await.unwrap();
    assert_eq!(mail.to_string().matches("/sign-in").count(), 2, "one invitation more: {mail}");

    anna.signs_in().await;
    assert!(anna.is_in());
    assert_eq!(office.get(&path).await.1["state"], "joined");
    assert_eq!(office.post(&invite, Value::Null).await.0, 409);
    assert_eq!(world.office("barberino-demografici").post(&invite, Value::Null).await.0, 404);
    world.advance(2 * fortnight).await;
    assert_eq!(office.get(&path).await.1["state"], "joined", "it was used");
    world.ends().await;
}

#[tokio::test]
async fn who_was_not_invited_or_has_an_address_of_somebody_else_stays_out() {
    let (world, provider) = town().await;
    invites(&world.office("pordenone"), "anna", "operator").await;
    let stays_out = async |account: Account| {
        provider.signs_in(account);
        let browser = Browser::new(&world);
        let answer = browser.signs_in().await;
        assert_eq!((answer.status().as_u16(), browser.is_in()), (403, false));
        within(answer.text()).await.unwrap()
    };
    let page = stays_out(account("bruno")).await;
    assert!(page.contains("non c&#39;è un invito") && !page.contains("bruno"), "{page}");
    stays_out(Account { email_verified: Some(false), ..account("anna") }).await;
    stays_out(Account { email_verified: None, ..account("anna") }).await;
    stays_out(Account { email: String::new(), ..account("anna") }).await;

    provider.signs_in(account("anna"));
    let anna = Browser::new(&world);
    anna.signs_in().await;
    assert!(anna.is_in());
    stays_out(Account { subject: "her-successor".to_owned(), ..account("anna") }).await;
    assert_eq!(anna.status("/conversations").await, 200);
    world.ends().await;
}

#[tokio::test]
async fn a_provider_that_lies_is_not_believed() {
    let (world, provider) = town().await;
    invites(&world.office("pordenone"), "anna", "admin").await;
    provider.signs_in(account("anna"));
    for lie in [
        Lie::WrongNonce,
        Lie::Expired,
        Lie::WrongAudience,
        Lie::WrongIssuer,
        Lie::ForeignKey,
        Lie::Touched,
        Lie::NotSigned,
    ] {
        provider.lies(Some(lie));
        let browser = Browser::new(&world);
        let answer = browser.signs_in().await;
        assert_eq!((answer.status().as_u16(), browser.is_in()), (403, false), "{lie:?}");
    }
    provider.lies(None);
    let browser = Browser::new(&world);
    browser.signs_in().await;
    assert!(browser.is_in());
    provider.rotates_keys();
    let later = Browser::new(&world);
    later.signs_in().await;
    assert!(later.is_in(), "new keys are asked for");
    world.ends().await;
}

#[tokio::test]
async fn an_answer_is_for_the_browser_that_asked_and_good_once() {
    let (world, provider) = town().await;
    invites(&world.office("pordenone"), "anna", "operator").await;
    provider.signs_in(account("anna"));
    let (anna, other) = (Browser::new(&world), Browser::new(&world));
    let back = anna.comes_back_to().await;
    // Another one follows the link: without a sign-in of its own, and with one.
    assert_eq!(other.gets(&back).await.status(), 400);
    other.comes_back_to().await;
    assert_eq!(other.gets(&back).await.status(), 400);
    let entry = anna.cookies.borrow().clone();
    assert_eq!(location(&anna.gets(&back).await), "/sign-in");
    *anna.cookies.borrow_mut() = entry;
    assert_eq!(anna.gets(&back).await.status(), 403, "the code was redeemed");
    for strange in ["/sign-in/callback", "/sign-in/callback?state=x&code=y"] {
        assert_eq!(other.gets(strange).await.status(), 400);
    }
    let denied = other.comes_back_to().await.replace("code=", "error=");
    assert_eq!(other.gets(&denied).await.status(), 403);
    assert!(!other.is_in());
    world.ends().await;
}

#[tokio::test]
async fn a_role_that_changes_or_goes_is_noticed_at_once() {
    let (world, provider) = town().await;
    let office = world.office("pordenone");
    let id = invites(&office, "anna", "operator").await;
    provider.signs_in(account("anna"));
    let anna = Browser::new(&world);
    anna.signs_in().await;
    assert_eq!(anna.status("/conversations").await, 200);
    let path = format!("/people/{id}");
    let (_, person) = office.get(&path).await;
    assert!(person["joined_at"].is_string());
    let tag = format!("\"{}\"", person["version"]);
    let supplier = json!({ "role": "supplier" });
    let (status, changed) = office.edit(Method::PATCH, &path, Some(supplier), Some(&tag)).await;
    assert_eq!((status, &changed["role"]), (200, &json!("supplier")));
    assert_eq!(anna.status("/conversations").await, 403);
    assert_eq!(anna.status("/subscribers").await, 403);
    assert_eq!(anna.status("/broadcasts").await, 200);
    let tag = format!("\"{}\"", changed["version"]);
    assert_eq!(office.edit(Method::DELETE, &path, None, Some(&tag)).await.0, 204);
    assert_eq!(anna.status("/broadcasts").await, 401);
    assert_eq!(office.get(&path).await.0, 404);
    world.ends().await;
}

#[tokio::test]
async fn two_who_edit_one_person_are_told_and_an_admin_stays() {
    let (world, _) = town().await;
    let office = world.office("pordenone");
    let (anna, bruno) =
        (invites(&office, "anna", "admin").await, invites(&office, "bruno", "operator").await);
    let [anna, bruno] = [anna, bruno].map(|it| format!("/people/{it}"));
    let change = |role: &str| Some(json!({ "role": role }));
    let (status, problem) = office.edit(Method::PATCH, &bruno, change("dpo"), None).await;
    assert_eq!((status, &problem["type"]), (428, &json!("version-missing")));
    assert_eq!(office.edit(Method::PATCH, &bruno, change("dpo"), Some("\"1\"")).await.0, 200);
    let (status, problem) =
        office.edit(Method::PATCH, &bruno, change("editor"), Some("\"1\"")).await;
    assert_eq!((status, &problem["type"]), (412, &json!("changed-meanwhile")));
    assert_eq!(office.edit(Method::DELETE, &bruno, None, Some("\"1\"")).await.0, 412);
    assert_eq!(office.get(&bruno).await.1["role"], "dpo");

    let last = office.edit(Method::PATCH, &anna, change("editor"), Some("\"1\"")).await;
    assert_eq!((last.0, &last.1["type"]), (409, &json!("state-not-allowed")));
    assert_eq!(office.edit(Method::DELETE, &anna, None, Some("\"1\"")).await.0, 409);
    assert_eq!(office.edit(Method::PATCH, &bruno, change("admin"), Some("\"2\"")).await.0, 200);
    assert_eq!(office.edit(Method::DELETE, &anna, None, Some("\"1\"")).await.0, 204);
    let (_, people) = office.get("/people").await;
    assert_eq!(people["items"].as_array().unwrap().len(), 1);
    world.ends().await;
}

#[tokio::test]
async fn an_invitation_is_checked_and_gives_no_more_than_its_maker_has() {
    let (world, _) = town().await;
    let office = world.office("pordenone");
    invites(&office, "anna", "admin").await;
    let person =
        |email: &str, name: &str, role: &str| json!({ "email": email, "name": name, "role": role });
    let again = office.post("/people", person("ANNA@comune.example", "Anna", "dpo")).await;
    assert_eq!((again.0, &again.1["type"]), (409, &json!("state-not-allowed")));
    for (body, pointer) in [
        (person("anna", "Anna", "dpo"), "/email"),
        (person("c@comune.example\nBcc: d@e.it", "C", "dpo"), "/email"),
        (person("c@comune.example", " ", "dpo"), "/name"),
        (person("c@comune.example", &"x".repeat(201), "dpo"), "/name"),
        (person("c@comune.example", "C", "boss"), "/role"),
        (json!({ "email": "c@comune.example", "name": "C" }), "/role"),
        (json!({ "email": "c@comune.example", "name": "C", "role": "dpo", "x": 1 }), "/x"),
    ] {
        let (status, problem) = office.post("/people", body).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)));
    }
    let keeper =
        json!({ "name": "Gestione persone", "scopes": ["admin", "desk", "subscribers:read"] });
    let (_, made) = office.post("/keys", keeper).await;
    let key = made["token"].as_str().unwrap().to_owned();
    let keeper = Office { key, ..world.office("pordenone") };
    let operator = person("c@comune.example", "C", "operator");
    let (status, first) = keeper.post_once("/people", operator.clone(), "once").await;
    assert_eq!(status, 201);
    assert_eq!(keeper.post_once("/people", operator, "once").await, (201, first.clone()));
    for role in ["admin", "dpo", "editor"] {
        assert_eq!(keeper.post("/people", person("d@comune.example", "D", role)).await.0, 403);
    }
    let path = format!("/people/{}", first["id"].as_str().unwrap());
    let rise = Some(json!({ "role": "admin" }));
    assert_eq!(keeper.edit(Method::PATCH, &path, rise, Some("\"1\"")).await.0, 403);
    let (_, people) = office.get("/people?limit=1").await;
    let next = people["next_cursor"].as_str().unwrap();
    let (_, rest) = office.get(&format!("/people?limit=1&cursor={next}")).await;
    assert_eq!(
        (rest["items"][0]["role"].as_str(), &rest["next_cursor"]),
        (Some("operator"), &Value::Null)
    );
    assert_eq!(world.office("barberino-demografici").get("/people").await.1["items"], json!([]));
    world.ends().await;
}

#[tokio::test]
async fn without_a_provider_only_this_machine_enters_as_somebody_of_a_demonstration() {
    let world = World::start().await;
    let url = world.stack.url();
    let browser = Browser::new(&world);
    let page = within(browser.gets("/sign-in").await.text()).await.unwrap();
    assert!(page.contains("sportello") && page.contains("fornitore"), "{page}");
    let enters = async |headers: &[(&str, &str)], body: &str| {
        browser.asks(Method::POST, "/sign-in/local", headers, body).await.status().as_u16()
    };
    // A page elsewhere, also one that gave its own name this address.
    assert_eq!(enters(&[("origin", "https://elsewhere.example")], "role=admin").await, 400);
    let rebound = [("host", "elsewhere.example"), ("origin", "https://elsewhere.example")];
    assert_eq!(enters(&rebound, "role=admin").await, 404);
    assert_eq!(enters(&[("origin", &url)], "role=boss").await, 400);
    assert!(!browser.is_in());
    assert_eq!(enters(&[("origin", &url)], "role=operator").await, 303);
    assert_eq!(browser.me().await["lines"].as_array().unwrap().len(), 2);
    assert_eq!(browser.status("/conversations").await, 200);
    assert_eq!(browser.status("/keys").await, 403);
    world.ends().await;

    let (world, _) = town().await;
    let browser = Browser::new(&world);
    let url = world.stack.url();
    let headers = [("origin", url.as_str())];
    let local = browser.asks(Method::POST, "/sign-in/local", &headers, "role=admin").await;
    assert_eq!(local.status(), 404, "where there is a provider, there is no other way in");
    world.ends().await;
}
