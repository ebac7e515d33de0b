// SPDX-License-Identifier: EUPL-1.2
//! The three tables as they are made: for the local stack and tests. On AWS the template makes
//! them, and a check holds the two together.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};

use crate::{Result, StoreError, Tables, failed};

/// An index: its name, partition key (text), sort key and the sort key's kind.
pub struct Index {
    pub name: &'static str,
    pub partition: &'static str,
    pub sort: &'static str,
    pub sort_kind: ScalarAttributeType,
}

/// What the minute's tick must look at, soonest first. Keys only.
pub const DUE: Index =
    Index { name: "due", partition: "due", sort: "due_at", sort_kind: ScalarAttributeType::N };

/// The desk's conversations by state, latest last. Keys only.
pub const INBOX: Index =
    Index { name: "inbox", partition: "inbox", sort: "last_at", sort_kind: ScalarAttributeType::N };

/// The attribute by which DynamoDB drops items on its own, in epoch seconds.
pub const EXPIRY: &str = "expires";

/// Makes the tables that are not there yet.
pub async fn create(client: &Client, tables: &Tables) -> Result<()> {
    create_one(client, &tables.subscribers, None).await?;
    create_one(client, &tables.messages, Some(&INBOX)).await?;
    create_one(client, &tables.broadcasts, Some(&DUE)).await
}

async fn create_one(client: &Client, name: &str, index: Option<&Index>) -> Result<()> {
    let known = client.describe_table().table_name(name).send().await;
    match known {
        Ok(_) => return Ok(()),
        Err(err) => match failed(err) {
            StoreError::Unavailable { code, .. } if code == "ResourceNotFoundException" => {}
            other => return Err(other),
        },
    }
    let mut request = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("pk", ScalarAttributeType::S))
        .attribute_definitions(attribute("sk", ScalarAttributeType::S))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range));
    if let Some(index) = index {
        request = request
            .attribute_definitions(attribute(index.partition, ScalarAttributeType::S))
            .attribute_definitions(attribute(index.sort, index.sort_kind.clone()))
            .global_secondary_indexes(
                GlobalSecondaryIndex::builder()
                    .index_name(index.name)
                    .key_schema(key(index.partition, KeyType::Hash))
                    .key_schema(key(index.sort, KeyType::Range))
                    .projection(
                        Projection::builder().projection_type(ProjectionType::KeysOnly).build(),
                    )
                    .build()
                    .expect("an index with its name and keys is complete"),
            );
    }
    request.send().await.map_err(failed)?;
    client
        .update_time_to_live()
        .table_name(name)
        .time_to_live_specification(
            TimeToLiveSpecification::builder()
                .attribute_name(EXPIRY)
                .enabled(true)
                .build()
                .expect("a specification with name and switch is complete"),
        )
        .send()
        .await
        .map_err(failed)?;
    Ok(())
}

fn attribute(name: &str, kind: ScalarAttributeType) -> AttributeDefinition {
    AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(kind)
        .build()
        .expect("an attribute with name and kind is complete")
}

fn key(name: &str, kind: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder()
        .attribute_name(name)
        .key_type(kind)
        .build()
        .expect("a key with name and kind is complete")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = include_str!("../../../infra/aws/template.yaml");

    #[test]
    fn the_template_makes_the_same_tables() {
        let keys = "      KeySchema:
        - { AttributeName: pk, KeyType: HASH }
        - { AttributeName: sk, KeyType: RANGE }
";
        let expiry =
            format!("TimeToLiveSpecification: {{ AttributeName: {EXPIRY}, Enabled: true }}");
        for in_each in [keys, &expiry] {
            assert_eq!(TEMPLATE.matches(in_each).count(), 3, "{in_each}");
        }
        for Index { name, partition, sort, sort_kind } in [INBOX, DUE] {
            let attributes = format!(
                "        - {{ AttributeName: {partition}, AttributeType: S }}
        - {{ AttributeName: {sort}, AttributeType: {} }}
",
                sort_kind.as_str()
            );
            let index = format!(
                "        - IndexName: {name}
          KeySchema:
            - {{ AttributeName: {partition}, KeyType: HASH }}
            - {{ AttributeName: {sort}, KeyType: RANGE }}
          Projection: {{ ProjectionType: KEYS_ONLY }}
"
            );
            assert!(TEMPLATE.contains(&attributes), "{attributes}");
            assert!(TEMPLATE.contains(&index), "{index}");
        }
    }
}
