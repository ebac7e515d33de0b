// SPDX-License-Identifier: EUPL-1.2
//! A token is replaced while a function runs: Meta refuses the old one, Systems Manager has the new.

use domain::ids::AppId;
use platform::apps::Apps;
use platform::settings::Settings;

use super::*;

/// Systems Manager and Meta behind one address.
#[derive(Default)]
struct Place {
    /// What Systems Manager holds.
    kept: Mutex<&'static str>,
    /// What Meta takes.
    good: Mutex<&'static str>,
    asked: Mutex<Vec<&'static str>>,
}

impl Place {
    #[expect(clippy::unused_async, reason = "the shape that axum takes")]
    async fn handle(State(place): State<Arc<Self>>, request: Request) -> (StatusCode, String) {
        let header = |name| request.headers().get(name).and_then(|it| it.to_str().ok());
        if header("x-amz-target") == Some("AmazonSSM.GetParametersByPath") {
            place.asked.lock().unwrap().push("Systems Manager");
            let kept = place.kept.lock().unwrap();
            let value =
                format!("META_APP_SECRET=s\nMETA_VERIFY_TOKEN=v\nMETA_ACCESS_TOKEN={kept}\n");
            let name = "/filodiretto/x/secrets/apps/default";
            let parameter = json!({ "Name": name, "Value": value, "Type": "SecureString" });
            return (StatusCode::OK, json!({ "Parameters": [parameter] }).to_string());
        }
        place.asked.lock().unwrap().push("Meta");
        let good = format!("Bearer {}", place.good.lock().unwrap());
        if header("authorization") == Some(&good) {
            return (StatusCode::OK, json!({ "messages": [{ "id": WAMID }] }).to_string());
        }
        (StatusCode::UNAUTHORIZED, json!({ "error": { "code": 190 } }).to_string())
    }

    /// A process that started while `kept` was kept, and a server that ends with the test.
    async fn started_with(kept: &'static str) -> (Arc<Self>, AccessToken, Graph) {
        let place = Arc::new(Self::default());
        *place.kept.lock().unwrap() = kept;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(Self::handle).with_state(Arc::clone(&place));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let settings = Settings::given([
            ("AWS_REGION", "eu-south-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", &format!("http://{address}")),
        ]);
        let aws = settings.aws().unwrap();
        let settings = settings.with_secrets_under(&aws, "/filodiretto/x/secrets").await.unwrap();
        let token = Apps::of(&settings).unwrap().access_token(&AppId::new("default")).unwrap();
        assert_eq!(place.asked(), ["Systems Manager"], "one call at the start");
        (place, token, graph_at(address))
    }

    fn asked(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

async fn send(graph: &Graph, token: &AccessToken) -> Result<Accepted, Failure> {
    let message = Outgoing::Text("Avviso".to_owned());
    graph.send(token, &number(), To::Phone(&phone()), &message, CALLBACK).await
}

#[tokio::test]
async fn a_token_that_was_replaced_is_read_again_and_the_message_goes() {
    let (place, token, graph) = Place::started_with("old").await;
    *place.kept.lock().unwrap() = "new";
    *place.good.lock().unwrap() = "new";
    assert_eq!(send(&graph, &token).await, Ok(accepted(false)));
    assert_eq!(place.asked(), ["Meta", "Systems Manager", "Meta"]);
    // Who still holds the old one learns of the new without another read.
    assert_eq!(send(&graph, &token).await, Ok(accepted(false)));
    assert_eq!(place.asked(), ["Meta", "Meta"]);
}

#[tokio::test]
async fn a_token_that_nothing_replaces_is_refused_and_not_asked_for_at_every_message() {
    let (place, token, graph) = Place::started_with("old").await;
    *place.good.lock().unwrap() = "new";
    let refused = Err(Failure::Coded { code: 190, http: 401, transient: false });
    assert_eq!(send(&graph, &token).await, refused);
    assert_eq!(place.asked(), ["Meta", "Systems Manager"]);
    assert_eq!(send(&graph, &token).await, refused);
    assert_eq!(place.asked(), ["Meta"]);
}
