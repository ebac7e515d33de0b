// SPDX-License-Identifier: EUPL-1.2
//! A deployment on AWS.

use local_stack::doctor::Seeing;
use platform::settings::Settings;
use serde_json::Value;

use super::aws::{Aws, STACK};
use super::town::*;

async fn looked_at(aws: &Aws, town: &Town, stack: &str) -> Found {
    let graph = format!("{}/graph", town.0.url());
    let seeing = seeing(Settings::given([("GRAPH_API_URL", &graph)]));
    Found(seeing.on_aws(&aws.config(), stack).await)
}

#[tokio::test]
async fn a_deployment_is_well() {
    let town = Town::new().await;
    let aws = Aws::with(&town).await;
    let found = looked_at(&aws, &town, STACK).await;
    found.assert_wrong(&[]);
    assert!(found.0.len() > 20, "{:?}", found.0);
}

#[tokio::test]
async fn dead_letters_a_full_queue_and_a_small_account_are_found() {
    let town = Town::new().await;
    let aws = Aws::with(&town).await;
    {
        let mut says = aws.says.lock().unwrap();
        says.queues = [("filodiretto-dead", 3), ("filodiretto-inbound.fifo", 101)].into();
        says.region = "DISABLED";
        says.concurrency = 10;
    }
    looked_at(&aws, &town, STACK).await.assert_wrong(&[
        "errore regione AWS (eu-south-1): non è attiva",
        "attenzione funzioni contemporanee (eu-south-1): l'account ne ammette 10",
        "attenzione coda (inbound.fifo): 101 messaggi aspettano",
        "errore messaggi non elaborati (filodiretto-dead): 3",
    ]);
}

#[tokio::test]
async fn what_aws_refuses_is_said_and_the_rest_is_looked_at() {
    let town = Town::new().await;
    let aws = Aws::with(&town).await;
    let all = [
        "/getRegionOptStatus",
        "/2016-08-19/account-settings",
        "AmazonSQS.GetQueueAttributes",
        "DynamoDB_20120810.Query",
        "AmazonSSM.GetParametersByPath",
    ];
    aws.says.lock().unwrap().denied = all.into();
    let found = looked_at(&aws, &town, STACK).await;
    let wrong = found.wrong();
    found.assert_discreet();
    for want in [
        "attenzione regione AWS (eu-south-1): non controllato: AccessDeniedException",
        "attenzione funzioni contemporanee (eu-south-1): non controllato: AccessDeniedException",
        "attenzione coda (sends): non controllato: AccessDeniedException",
        "attenzione messaggi non elaborati (filodiretto-dead): non controllato",
        "errore linee (tutte): non si leggono",
        "errore segreti (tutti): non si leggono",
    ] {
        assert!(wrong.iter().any(|it| it.starts_with(want)), "{want}: {wrong:#?}");
    }
}

#[tokio::test]
async fn a_line_whose_file_cannot_be_read_and_one_without_secrets_are_named() {
    let town = Town::new().await;
    let aws = Aws::with(&town).await;
    aws.apply("udine", "rate = \"fast\"").await;
    let file = include_str!("../../../lines/pordenone.toml");
    let file = file.replace("id = \"pordenone\"", "id = \"cordenons\"\napp = \"altra\"");
    aws.apply("cordenons", &file).await;
    let graph = format!("{}/graph", town.0.url());
    let seeing = Seeing { only: None, ..seeing(Settings::given([("GRAPH_API_URL", &graph)])) };
    Found(seeing.on_aws(&aws.config(), STACK).await).assert_wrong(&[
        "errore linea (udine): il file applicato non si legge",
        "errore segreti (cordenons): l'app «altra» della linea non ha segreti",
    ]);
}

#[tokio::test]
async fn without_the_deployment_only_the_account_is_looked_at() {
    let town = Town::new().await;
    let aws = Aws::with(&town).await;
    let found = looked_at(&aws, &town, "altra").await;
    found.assert_wrong(&["errore installazione (altra): nessuna installazione «altra»"]);
    assert_eq!(found.0.len(), 3);
}

#[tokio::test]
async fn the_command_ends_with_one_if_there_is_an_error() {
    let town = Town::new().await;
    let aws = Aws::with(&town).await;
    let (code, out, err) = aws.command(&town, &["doctor", "--stack", STACK]).await;
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.ends_with("\nErrori: 0. Avvisi: 0. A posto: 25.\n"), "{out}");

    town.meta().standing(|it| it.has_payment_method = false);
    let asked = ["doctor", "--stack", STACK, "--line", "pordenone", "--json"];
    let (code, out, err) = aws.command(&town, &asked).await;
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    let report: Value = serde_json::from_str(&out).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let wrong: Vec<_> = findings.iter().filter(|it| it["level"] == "errore").collect();
    assert_eq!(wrong.len(), 1, "{out}");
    assert_eq!(wrong[0]["check"], "metodo di pagamento");
    assert_eq!(wrong[0]["about"], "pordenone");
    assert!(wrong[0]["remedy"].as_str().unwrap().contains("WhatsApp Manager"), "{out}");
}
