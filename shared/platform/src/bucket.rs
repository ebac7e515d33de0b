// SPDX-License-Identifier: EUPL-1.2
//! A bucket of S3, for the few things that we ask of one.
//!
//! Signed by rusty-s3: what the SDK brings along for S3, checksums of every kind above all, is an
//! eighth of a function.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderMap, RANGE};
use reqwest::{Client, RequestBuilder, StatusCode};
use rusty_s3::{Credentials, S3Action, UrlStyle};

use crate::aws::Fault;
use crate::http;

const CONNECT_WITHIN: Duration = Duration::from_secs(2);

/// The largest file there is takes a second or two within a region.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// S3 asks whoever hears 500 or 503 to try again. Everything here may be done twice.
const ATTEMPTS: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// How long a request of our own may be on its way.
const SIGNED_FOR: Duration = Duration::from_mins(5);

#[derive(Clone)]
pub struct Bucket(Arc<Shared>);

struct Shared {
    bucket: rusty_s3::Bucket,
    credentials: Credentials,
    /// Made at the first use: most starts of a function need none.
    http: OnceLock<Client>,
}

/// The answer to a GET of an object.
pub(crate) struct Got {
    pub(crate) bytes: Vec<u8>,
    /// Of all of the object, also where only its first bytes were asked for.
    pub(crate) size: u64,
}

impl Bucket {
    /// `endpoint`: of an emulator; otherwise it is AWS's own in this region. `None` if either name
    /// cannot be part of an address.
    pub(crate) fn new(
        name: &str,
        region: &str,
        endpoint: Option<&str>,
        credentials: Credentials,
    ) -> Option<Self> {
        let (endpoint, style) = match endpoint {
            // An emulator has no host name per bucket.
            Some(it) => (it.to_owned(), UrlStyle::Path),
            None => (format!("https://s3.{region}.{}", suffix(region)), UrlStyle::VirtualHost),
        };
        let endpoint = endpoint.parse().ok()?;
        let bucket = rusty_s3::Bucket::new(endpoint, style, name.to_owned(), region.to_owned());
        let shared = Shared { bucket: bucket.ok()?, credentials, http: OnceLock::new() };
        Some(Self(Arc::new(shared)))
    }

    pub(crate) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), Fault> {
        let bytes = Bytes::from(bytes);
        let url = self.0.bucket.put_object(Some(&self.0.credentials), name).sign(SIGNED_FOR);
        self.ask(|http| http.put(url.clone()).body(bytes.clone())).await.map(drop)
    }

    /// All of an object, or its first bytes; `None` if there is none under this name.
    pub(crate) async fn get(&self, name: &str, first: Option<usize>) -> Result<Option<Got>, Fault> {
        let url = self.0.bucket.get_object(Some(&self.0.credentials), name).sign(SIGNED_FOR);
        let asked = self.ask(|http| match first {
            None => http.get(url.clone()),
            Some(it) => {
                http.get(url.clone()).header(RANGE, format!("bytes=0-{}", it.saturating_sub(1)))
            }
        });
        match asked.await {
            Ok((headers, bytes)) => Ok(Some(Got { size: size(&headers, &bytes), bytes })),
            Err(it) if it.code == "NoSuchKey" => Ok(None),
            Err(it) if it.code == "InvalidRange" => Ok(Some(Got { bytes: Vec::new(), size: 0 })),
            Err(it) => Err(it),
        }
    }

    /// Nothing happens if there is none.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), Fault> {
        let url = self.0.bucket.delete_object(Some(&self.0.credentials), name).sign(SIGNED_FOR);
        self.ask(|http| http.delete(url.clone())).await.map(drop)
    }

    /// False if there is none under this name.
    pub(crate) async fn copy(&self, from: &str, to: &str) -> Result<bool, Fault> {
        const SOURCE: &str = "x-amz-copy-source";
        let source = format!("{}/{from}", self.0.bucket.name());
        let mut put = self.0.bucket.put_object(Some(&self.0.credentials), to);
        put.headers_mut().insert(SOURCE, source.clone());
        let url = put.sign(SIGNED_FOR);
        match self.ask(|http| http.put(url.clone()).header(SOURCE, &source)).await {
            // S3 answers before it has copied: what fails then is an error in an answer of 200.
            Ok((headers, bytes)) => match code(&bytes) {
                Some(code) => Err(Fault { code, request_id: request_id(&headers) }),
                None => Ok(true),
            },
            Err(it) if it.code == "NoSuchKey" => Ok(false),
            Err(it) => Err(it),
        }
    }

    /// An address that shows an object, with these headers in its answer.
    pub(crate) fn address(
        &self,
        name: &str,
        content_type: &str,
        disposition: &str,
        (good_for, now): (Duration, Timestamp),
    ) -> String {
        let mut get = self.0.bucket.get_object(Some(&self.0.credentials), name);
        let query = get.query_mut();
        query.insert("response-content-type", content_type.to_owned());
        query.insert("response-content-disposition", disposition.to_owned());
        query.insert("response-cache-control", "no-store");
        get.sign_with_time(good_for, &now).to_string()
    }

    /// An address that takes an object of so many bytes, and the headers that must go with it.
    pub(crate) fn upload_address(
        &self,
        name: &str,
        content_type: &str,
        bytes: u64,
        (good_for, now): (Duration, Timestamp),
    ) -> (String, Vec<(String, String)>) {
        let headers = [
            (CONTENT_LENGTH.as_str(), bytes.to_string()),
            (CONTENT_TYPE.as_str(), content_type.to_owned()),
        ];
        let mut put = self.0.bucket.put_object(Some(&self.0.credentials), name);
        for (name, value) in headers.clone() {
            put.headers_mut().insert(name, value);
        }
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
        (put.sign_with_time(good_for, &now).to_string(), headers)
    }

    fn http(&self) -> Result<&Client, Fault> {
        if let Some(client) = self.0.http.get() {
            return Ok(client);
        }
        let client = http::client().connect_timeout(CONNECT_WITHIN).timeout(ANSWER_WITHIN).build();
        let client = client.map_err(|_| unanswered("request not built"))?;
        Ok(self.0.http.get_or_init(|| client))
    }

    async fn ask(
        &self,
        request: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<(HeaderMap, Vec<u8>), Fault> {
        let http = self.http()?;
        let mut wait = FIRST_WAIT;
        for _ in 1..ATTEMPTS {
            match answered(request(http)).await {
                Err((fault, true)) => tracing::warn!("bucket asked again: {fault}"),
                Err((fault, false)) => return Err(fault),
                Ok(answer) => return Ok(answer),
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        answered(request(http)).await.map_err(|(fault, _)| fault)
    }
}

/// What came back; or what failed, and whether it helps to ask again.
async fn answered(request: RequestBuilder) -> Result<(HeaderMap, Vec<u8>), (Fault, bool)> {
    let answer = request.send().await.map_err(|err| {
        let code = if err.is_timeout() { "timeout" } else { "not reached" };
        (unanswered(code), !err.is_builder())
    })?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let bytes = answer.bytes().await.map_err(|_| (unanswered("answer broke off"), true))?.to_vec();
    if status.is_success() {
        return Ok((headers, bytes));
    }
    let code = code(&bytes).unwrap_or_else(|| status.as_u16().to_string());
    let again = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    Err((Fault { code, request_id: request_id(&headers) }, again))
}

fn unanswered(code: &str) -> Fault {
    Fault { code: code.to_owned(), request_id: "none".to_owned() }
}

fn request_id(headers: &HeaderMap) -> String {
    let id = headers.get("x-amz-request-id").and_then(|it| it.to_str().ok());
    id.unwrap_or("none").to_owned()
}

/// `<Error><Code>NoSuchKey</Code>…`: nothing else of an error may be said.
fn code(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, error) = text.split_once("<Error>")?;
    let (_, code) = error.split_once("<Code>")?;
    let (code, _) = code.split_once("</Code>")?;
    code.bytes().all(|it| it.is_ascii_alphanumeric()).then(|| code.to_owned())
}

fn size(headers: &HeaderMap, bytes: &[u8]) -> u64 {
    let range = headers.get(CONTENT_RANGE).and_then(|it| it.to_str().ok());
    // `bytes 0-8191/303833`
    let of_all = range.and_then(|it| it.rsplit_once('/')?.1.parse().ok());
    of_all.unwrap_or(bytes.len() as u64)
}

/// Source: AWS General Reference, service endpoints.
fn suffix(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "amazonaws.com.cn",
        Some("eusc") => "amazonaws.eu",
        _ => "amazonaws.com",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    fn bucket(region: &str, endpoint: Option<&str>) -> Bucket {
        let credentials = Credentials::new_with_token("AKIDEXAMPLE", "secret", "token");
        Bucket::new("files", region, endpoint, credentials).unwrap()
    }

    /// Answers one request after the other with these, whatever is asked; gives what was asked.
    async fn answering(answers: &'static [&'static str]) -> (Bucket, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = asked.clone();
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut read = vec![0; 8192];
                let count = stream.read(&mut read).await.unwrap();
                kept.lock().unwrap().push(String::from_utf8_lossy(&read[..count]).into_owned());
                let (head, body) = answer.split_once("\n\n").unwrap_or((answer, ""));
                let head = head.replace('\n', "\r\n");
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        (bucket("eu-south-1", Some(&url)), asked)
    }

    #[test]
    fn an_address_is_of_its_region_and_says_how_the_file_is_shown() {
        let now = "2026-01-02T08:00:03Z".parse().unwrap();
        let minute = (Duration::from_mins(1), now);
        let shown = |region| bucket(region, None).address("media/a", "image/png", "inline", minute);
        let url = shown("eu-south-1");
        let start = "https://files.s3.eu-south-1.amazonaws.com/media/a?";
        assert!(url.starts_with(start), "{url}");
        for part in [
            "X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Feu-south-1%2Fs3%2Faws4_request",
            "X-Amz-Date=20260102T080003Z",
            "X-Amz-Expires=60",
            "X-Amz-Security-Token=token",
            "response-cache-control=no-store",
            "response-content-disposition=inline",
            "response-content-type=image%2Fpng",
        ] {
            assert!(url.contains(part), "{part} in {url}");
        }
        assert!(
            shown("eusc-de-east-1").starts_with("https://files.s3.eusc-de-east-1.amazonaws.eu/")
        );
        let emulated = bucket("eu-south-1", Some("http://127.0.0.1:9"));
        let (url, headers) = emulated.upload_address("media/a", "image/png", 12, minute);
        assert!(url.starts_with("http://127.0.0.1:9/files/media/a?"), "{url}");
        assert!(url.contains("X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost"), "{url}");
        assert_eq!(headers[0], ("content-length".to_owned(), "12".to_owned()));
    }

    const SLOW: &str =
        "503 Slow Down\nx-amz-request-id: R1\n\n<Error><Code>SlowDown</Code></Error>";

    #[tokio::test]
    async fn what_s3_cannot_do_now_is_asked_again() {
        let (bucket, asked) = answering(&[SLOW, SLOW, "200 OK"]).await;
        bucket.put("media/a", b"words".to_vec()).await.unwrap();
        let asked = asked.lock().unwrap().clone();
        assert_eq!(asked.len(), 3);
        assert!(asked.iter().all(|it| it.starts_with("PUT /files/media/a?")), "{asked:?}");

        let (bucket, _) = answering(&[SLOW, SLOW, SLOW]).await;
        let fault = bucket.delete("media/a").await.unwrap_err();
        assert_eq!(fault.to_string(), "SlowDown, request R1");

        let (bucket, asked) =
            answering(&["403 Forbidden\n\n<Error><Code>AccessDenied</Code>"]).await;
        assert_eq!(bucket.delete("media/a").await.unwrap_err().code, "AccessDenied");
        assert_eq!(asked.lock().unwrap().len(), 1, "asking again would not help");
    }

    #[tokio::test]
    async fn an_object_is_read_in_part_whole_or_not_at_all() {
        let (bucket, asked) = answering(&[
            "206 Partial Content\ncontent-range: bytes 0-3/10\n\n0123",
            "416 Range\n\n<Error><Code>InvalidRange</Code></Error>",
            "200 OK\n\n0123456789",
            "404 Not Found\n\n<Error><Code>NoSuchKey</Code></Error>",
        ])
        .await;
        let got = bucket.get("a", Some(4)).await.unwrap().unwrap();
        assert_eq!((got.bytes, got.size), (b"0123".to_vec(), 10));
        assert!(asked.lock().unwrap()[0].contains("range: bytes=0-3\r\n"));
        assert_eq!(bucket.get("a", Some(4)).await.unwrap().unwrap().size, 0);
        assert_eq!(bucket.get("a", None).await.unwrap().unwrap().size, 10);
        assert!(bucket.get("a", None).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_copy_may_fail_after_all() {
        let (bucket, asked) = answering(&[
            "200 OK\n\n<CopyObjectResult></CopyObjectResult>",
            "404 Not Found\n\n<Error><Code>NoSuchKey</Code></Error>",
            "200 OK\nx-amz-request-id: R2\n\n<Error><Code>InternalError</Code></Error>",
        ])
        .await;
        assert!(bucket.copy("a", "b").await.unwrap());
        assert!(asked.lock().unwrap()[0].contains("x-amz-copy-source: files/a\r\n"));
        assert!(!bucket.copy("a", "b").await.unwrap());
        assert_eq!(
            bucket.copy("a", "b").await.unwrap_err().to_string(),
            "InternalError, request R2"
        );
    }
}
