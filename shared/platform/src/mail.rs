// SPDX-License-Identifier: EUPL-1.2
//! Mail to the office: that somebody waits, an invitation, an appointment. Never to citizens.
//!
//! A mail says nothing of a person: no number, no name, no message. The one exception is an
//! operator who forwards a conversation to another office.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{self, Body, Content, Destination, EmailContent};
use aws_types::SdkConfig;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::aws::Fault;

/// One mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Addresses of the office.
    pub to: Vec<String>,
    pub subject: String,
    /// Plain text.
    pub text: String,
    #[serde(default)]
    pub attachments: Vec<Attachment>,
}

/// A text file that goes with a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub file_name: String,
    /// `text/calendar; charset=utf-8`
    pub mime_type: String,
    pub text: String,
}

#[derive(Clone)]
pub enum Mail {
    /// Amazon SES. The sender's address or domain has to be verified there.
    Ses { client: Client, from: String },
    /// The local stack's: a file each, which `GET /_mail` shows.
    Folder(PathBuf),
    /// The deployment has no sender: nothing can be sent, and whoever tries is told.
    NoSender,
}

#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("no sender of mail is set up (MAIL_FROM)")]
    NoSender,
    #[error("mail not taken by SES ({0})")]
    Ses(String),
    #[error("mail not kept in the folder")]
    Folder(#[source] io::Error),
}

impl Mail {
    /// `from` is `MAIL_FROM`: `Filo Diretto <filodiretto@comune.example>`.
    pub fn ses(config: &SdkConfig, from: Option<&str>) -> Self {
        from.map_or(Self::NoSender, |from| Self::Ses {
            client: Client::new(config),
            from: from.to_owned(),
        })
    }

    /// Sends a mail. Whoever calls this twice sends twice.
    pub async fn send(&self, message: &Message) -> Result<(), MailError> {
        match self {
            Self::NoSender => Err(MailError::NoSender),
            Self::Folder(folder) => write(folder, message).map_err(MailError::Folder),
            Self::Ses { client, from } => {
                let destination =
                    Destination::builder().set_to_addresses(Some(message.to.clone())).build();
                let content = EmailContent::builder().simple(simple(message)).build();
                let request = client
                    .send_email()
                    .from_email_address(from)
                    .destination(destination)
                    .content(content);
                let answer = request.send().await;
                answer.map(drop).map_err(|err| MailError::Ses(Fault::of(&err).to_string()))
            }
        }
    }
}

fn simple(message: &Message) -> types::Message {
    let attachments = message.attachments.iter().map(|it| {
        types::Attachment::builder()
            .file_name(&it.file_name)
            .content_type(&it.mime_type)
            .raw_content(Blob::new(it.text.as_bytes()))
            .build()
            .expect("an attachment with name and content is complete")
    });
    types::Message::builder()
        .subject(content(&message.subject))
        .body(Body::builder().text(content(&message.text)).build())
        .set_attachments(Some(attachments.collect()))
        .build()
}

fn content(text: &str) -> Content {
    Content::builder()
        .data(text)
        .charset("UTF-8")
        .build()
        .expect("content with its text is complete")
}

/// Names sort by time.
fn write(folder: &Path, message: &Message) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{}.json", Uuid::now_v7().simple()));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    serde_json::to_writer(file, message).map_err(io::Error::from)
}

/// What is in the folder of a local stack, first sent first.
pub fn kept(folder: &Path) -> io::Result<Vec<Message>> {
    let mut paths = match fs::read_dir(folder) {
        Ok(files) => files.map(|it| Ok(it?.path())).collect::<io::Result<Vec<_>>>()?,
        Err(err) if err.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(err) => return Err(err),
    };
    paths.sort();
    paths.iter().map(|it| Ok(serde_json::from_slice(&fs::read(it)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(subject: &str) -> Message {
        let attachment = Attachment {
            file_name: "appuntamento.ics".to_owned(),
            mime_type: "text/calendar; charset=utf-8".to_owned(),
            text: "BEGIN:VCALENDAR\r\n".to_owned(),
        };
        Message {
            to: vec!["sportello@comune.example".to_owned()],
            subject: subject.to_owned(),
            text: "Una persona aspetta una risposta.".to_owned(),
            attachments: vec![attachment],
        }
    }

    #[tokio::test]
    async fn mails_are_kept_in_the_order_they_were_sent() {
        let folder = tempfile::tempdir().unwrap();
        let mail_folder = folder.path().join("mail");
        assert_eq!(kept(&mail_folder).unwrap(), []);
        let sender = Mail::Folder(mail_folder.clone());
        for subject in ["prima", "seconda", "terza"] {
            sender.send(&mail(subject)).await.unwrap();
        }
        let subjects: Vec<_> =
            kept(&mail_folder).unwrap().into_iter().map(|it| it.subject).collect();
        assert_eq!(subjects, ["prima", "seconda", "terza"]);
    }

    #[tokio::test]
    async fn without_a_sender_whoever_tries_is_told() {
        let sent = Mail::NoSender.send(&mail("prima")).await;
        assert!(matches!(sent, Err(MailError::NoSender)));
    }
}
