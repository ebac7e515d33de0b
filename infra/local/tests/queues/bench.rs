// SPDX-License-Identifier: EUPL-1.2
//! Where the suite's queues come from, and its words for working with them.

use std::time::Duration;

use jiff::Timestamp;
use local_stack::broker::{Broker, QueueOptions};
use platform::clock::{Clock, Shifted};
use platform::queue::{Message, Queue, Received};

pub(crate) const MINUTE: Duration = Duration::from_mins(1);

/// Makes queues that behave alike, wherever they are.
pub(crate) enum Bench {
    Broker(Broker),
    #[cfg(feature = "second-sqs")]
    Sqs(Box<second_sqs::Account>),
}

/// The broker in memory, and the hand that moves its clock.
pub(crate) fn broker() -> (Broker, Shifted) {
    let hand = Shifted::default();
    let broker = Broker::open(None, Clock::Shifted(hand.clone())).unwrap();
    (broker, hand)
}

impl Bench {
    pub(crate) fn on_the_broker() -> Self {
        Self::Broker(broker().0)
    }

    /// A new queue. `name` must be its only one on this bench.
    pub(crate) async fn queue(&self, name: &str, options: QueueOptions) -> Queue {
        match self {
            Self::Broker(it) => it.create(name, options).await.unwrap(),
            #[cfg(feature = "second-sqs")]
            Self::Sqs(it) => it.create(name, options).await,
        }
    }

    pub(crate) async fn standard(&self) -> Queue {
        self.queue("standard", QueueOptions::default()).await
    }

    pub(crate) async fn fifo(&self) -> Queue {
        self.queue("fifo", QueueOptions { fifo: true, ..QueueOptions::default() }).await
    }

    /// A queue and its dead letters, where a message goes after two receives.
    pub(crate) async fn with_dead_letters(&self) -> (Queue, Queue) {
        let dead_letters = self.queue("dead-letters", QueueOptions::default()).await;
        let max_receives = Some((2, "dead-letters".to_owned()));
        let options = QueueOptions { max_receives, ..QueueOptions::default() };
        (self.queue("mortal", options).await, dead_letters)
    }
}

pub(crate) fn message(body: &str) -> Message {
    Message { body: body.to_owned(), delay: Duration::ZERO, group: None, deduplication: None }
}

/// A message of a group, that is its own deduplication id.
pub(crate) fn of(group: &str, body: &str) -> Message {
    message(body).in_group(group, body)
}

pub(crate) async fn send(queue: &Queue, bodies: &[&str]) {
    queue.send(bodies.iter().map(|it| message(it)).collect()).await.unwrap();
}

pub(crate) async fn send_of(queue: &Queue, group: &str, bodies: &[&str]) {
    queue.send(bodies.iter().map(|it| of(group, it)).collect()).await.unwrap();
}

/// What one receive takes, hidden for a minute.
pub(crate) async fn receive(queue: &Queue) -> Vec<Received> {
    queue.receive(10, MINUTE).await.unwrap()
}

/// The one message there is.
pub(crate) async fn receive_one(queue: &Queue) -> Received {
    let mut received = receive(queue).await;
    assert_eq!(received.len(), 1, "one message was expected");
    received.remove(0)
}

/// Receives until nothing comes. SQS may give fewer than there are.
pub(crate) async fn receive_all(queue: &Queue) -> Vec<Received> {
    let mut all = Vec::new();
    loop {
        let some = receive(queue).await;
        if some.is_empty() {
            return all;
        }
        all.extend(some);
    }
}

pub(crate) async fn delete(queue: &Queue, received: &[Received]) {
    queue.delete(received.iter().map(|it| it.receipt.clone()).collect()).await.unwrap();
}

pub(crate) async fn show_again(queue: &Queue, received: &Received) {
    queue.change_visibility(received.receipt.clone(), Duration::ZERO).await.unwrap();
}

pub(crate) fn bodies(received: &[Received]) -> Vec<&str> {
    received.iter().map(|it| it.body.as_str()).collect()
}

pub(crate) fn sorted_bodies(received: &[Received]) -> Vec<&str> {
    let mut bodies = bodies(received);
    bodies.sort_unstable();
    bodies
}

pub(crate) async fn expect_nothing(queue: &Queue) {
    let received = receive(queue).await;
    assert!(received.is_empty(), "nothing was expected, {} came", received.len());
}

/// No wait of a test is endless.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what).await.expect("in time")
}

pub(crate) fn is_recent(at: Timestamp) -> bool {
    Timestamp::now().duration_since(at).abs() < jiff::SignedDuration::from_mins(5)
}

#[cfg(feature = "second-sqs")]
pub(crate) mod second_sqs {
    //! Queues on the SQS at `SQS_ENDPOINT_URL`.

    use std::collections::HashMap;

    use aws_sdk_sqs::Client;
    use aws_sdk_sqs::types::QueueAttributeName::{
        self, FifoQueue, MessageRetentionPeriod, QueueArn, RedrivePolicy, VisibilityTimeout,
    };
    use local_stack::broker::QueueOptions;
    use platform::queue::{Queue, SqsQueue};
    use platform::settings::Settings;

    /// One test's queues: their names are its own.
    pub(crate) struct Account {
        config: aws_sdk_sqs::config::Builder,
        queue_of: Box<dyn Fn(String) -> SqsQueue + Send + Sync>,
        prefix: String,
    }

    impl super::Bench {
        pub(crate) fn on_a_second_sqs() -> Self {
            let endpoint = Settings::from_env().required("SQS_ENDPOINT_URL").unwrap().to_owned();
            let settings = Settings::given([
                ("AWS_ENDPOINT_URL", &endpoint),
                ("AWS_REGION", "eu-south-1"),
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "test"),
            ]);
            let config = settings.aws().unwrap();
            Self::Sqs(Box::new(Account {
                config: (&config).into(),
                queue_of: Box::new(move |url| SqsQueue::new(&config, url)),
                prefix: uuid::Uuid::new_v4().simple().to_string(),
            }))
        }
    }

    impl Account {
        pub(super) async fn create(&self, name: &str, options: QueueOptions) -> Queue {
            let client = Client::from_conf(self.config.clone().build());
            let ending = if options.fifo { ".fifo" } else { "" };
            let mut attributes = HashMap::from([
                (VisibilityTimeout, options.visibility.as_secs().to_string()),
                (MessageRetentionPeriod, options.retention.as_secs().to_string()),
            ]);
            if options.fifo {
                attributes.insert(FifoQueue, "true".to_owned());
            }
            if let Some((max, dead_letters)) = &options.max_receives {
                let arn = arn(&client, &format!("{}-{dead_letters}", self.prefix)).await;
                let policy = serde_json::json!({
                    "deadLetterTargetArn": arn, "maxReceiveCount": max,
                });
                attributes.insert(RedrivePolicy, policy.to_string());
            }
            let request = client.create_queue();
            let request = request.queue_name(format!("{}-{name}{ending}", self.prefix));
            let made = request.set_attributes(Some(attributes)).send().await.unwrap();
            Queue::Sqs((self.queue_of)(made.queue_url.unwrap()))
        }
    }

    async fn arn(client: &Client, name: &str) -> String {
        let url = client.get_queue_url().queue_name(name).send().await.unwrap().queue_url;
        let request = client.get_queue_attributes().set_queue_url(url);
        let answer = request.attribute_names(QueueAttributeName::QueueArn).send().await.unwrap();
        answer.attributes.unwrap()[&QueueArn].clone()
    }
}
