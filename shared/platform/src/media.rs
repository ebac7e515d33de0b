// SPDX-License-Identifier: EUPL-1.2
//! Where the bytes of files are: what people send and what the office sends them.
//!
//! In the bucket they are encrypted by its default (SSE-S3, or the deployment's own key). In a
//! folder they are as they came, in files that only their owner may read: the tables beside them
//! hold the same people's words as they are, so a key lying next to both would protect nothing. Whoever
//! runs that machine encrypts its disk.
//!
//! Nobody but us can reach either. Who may see or bring a file is given an address that is good for a
//! minute or a quarter of an hour, signed; it holds ids of ours and nothing of a person.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use ring::hmac;
use uuid::Uuid;

use crate::aws::Fault;
use crate::bucket::Bucket;
use crate::settings::Secret;

/// Long enough for a page to load what it shows.
const SHOWN_FOR: Duration = Duration::from_mins(1);

/// Long enough for the largest file over a slow line.
const BROUGHT_WITHIN: Duration = Duration::from_mins(15);

/// Where a folder's files are served.
pub const LOCAL_PATH: &str = "/_media";

#[derive(Clone)]
pub enum Files {
    Bucket(Bucket),
    Folder(Folder),
}

#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    #[error("bucket ({0})")]
    Bucket(String),
    #[error("folder of files")]
    Folder(#[source] io::Error),
}

/// An address for somebody who may see a file, or bring one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub method: &'static str,
    pub url: String,
    /// They must go with the request.
    pub headers: Vec<(String, String)>,
    pub expires_at: Timestamp,
}

impl Files {
    /// Keeps a file under a name such as `media/pordenone/0b9e…/0001…`. When this returns, all of it
    /// is on disk.
    pub async fn keep(&self, name: &str, bytes: Vec<u8>) -> Result<(), FilesError> {
        match self {
            Self::Bucket(bucket) => bucket.put(name, bytes).await.map_err(FilesError::from),
            Self::Folder(folder) => folder.keep(name, bytes).await,
        }
    }

    /// All of a file; `None` if there is none under this name.
    pub async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, FilesError> {
        match self {
            Self::Bucket(bucket) => Ok(bucket.get(name, None).await?.map(|it| it.bytes)),
            Self::Folder(folder) => Ok(folder.read(name, u64::MAX).await?.map(|(bytes, _)| bytes)),
        }
    }

    /// The first bytes of a file and how many it has.
    pub async fn look(
        &self,
        name: &str,
        bytes: usize,
    ) -> Result<Option<(Vec<u8>, u64)>, FilesError> {
        match self {
            Self::Bucket(bucket) => {
                let got = bucket.get(name, Some(bytes)).await?;
                Ok(got.map(|it| (it.bytes, it.size)))
            }
            Self::Folder(folder) => folder.read(name, bytes as u64).await,
        }
    }

    /// Takes a file away. Nothing happens if there is none.
    pub async fn remove(&self, name: &str) -> Result<(), FilesError> {
        match self {
            Self::Bucket(bucket) => bucket.delete(name).await.map_err(FilesError::from),
            Self::Folder(folder) => {
                let path = folder.path(name);
                blocking(move || match fs::remove_file(path) {
                    Err(err) if err.kind() != io::ErrorKind::NotFound => Err(err),
                    _ => Ok(()),
                })
                .await
            }
        }
    }

    /// Puts a file under another name; false if there is none under this one.
    pub async fn rename(&self, from: &str, to: &str) -> Result<bool, FilesError> {
        match self {
            Self::Bucket(bucket) => {
                let is_there = bucket.copy(from, to).await?;
                if is_there {
                    bucket.delete(from).await?;
                }
                Ok(is_there)
            }
            Self::Folder(folder) => {
                let (from, to) = (folder.path(from), folder.path(to));
                blocking(move || match fs::rename(from, to) {
                    Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(false),
                    done => done.map(|()| true),
                })
                .await
            }
        }
    }

    /// An address that shows a file for a minute, with these headers in its answer.
    pub fn address(
        &self,
        name: &str,
        content_type: &str,
        disposition: &str,
        now: Timestamp,
    ) -> Address {
        let expires_at = now + SHOWN_FOR;
        match self {
            Self::Bucket(bucket) => {
                let url = bucket.address(name, content_type, disposition, (SHOWN_FOR, now));
                Address { method: "GET", url, headers: Vec::new(), expires_at }
            }
            Self::Folder(folder) => folder.sign("GET", name, content_type, disposition, expires_at),
        }
    }

    /// An address that takes so many bytes of this type, once or again, for a quarter of an hour.
    pub fn upload_address(
        &self,
        name: &str,
        content_type: &str,
        bytes: u64,
        now: Timestamp,
    ) -> Address {
        let expires_at = now + BROUGHT_WITHIN;
        match self {
            Self::Bucket(bucket) => {
                let good_for = (BROUGHT_WITHIN, now);
                let (url, headers) = bucket.upload_address(name, content_type, bytes, good_for);
                Address { method: "PUT", url, headers, expires_at }
            }
            Self::Folder(folder) => {
                let bytes = bytes.to_string();
                let mut address = folder.sign("PUT", name, content_type, &bytes, expires_at);
                address.headers.push(("content-type".to_owned(), content_type.to_owned()));
                address
            }
        }
    }
}

impl From<Fault> for FilesError {
    fn from(fault: Fault) -> Self {
        Self::Bucket(fault.to_string())
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, FilesError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|err| Err(io::Error::other(err))).map_err(FilesError::Folder)
}

/// Files in a folder, served by the stack under addresses that we sign.
#[derive(Clone)]
pub struct Folder {
    root: PathBuf,
    key: hmac::Key,
    /// `http://127.0.0.1:3000`, once it is known.
    base_url: Arc<OnceLock<String>>,
}

/// What a signed address asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub name: String,
    pub content_type: String,
    /// Of a GET.
    pub disposition: String,
    /// Of a PUT.
    pub bytes: u64,
}

impl Folder {
    /// `key` signs addresses.
    pub fn new(root: PathBuf, key: &Secret) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, format!("files {}", key.expose()).as_bytes());
        Self { root, key, base_url: Arc::default() }
    }

    /// Says where addresses begin; the first one counts.
    pub fn served_at(&self, base_url: &str) {
        let _ = self.base_url.set(base_url.to_owned());
    }

    /// What the rest of an address under [`LOCAL_PATH`] asks for; `None` if it is not signed by us
    /// for this method, or has expired.
    pub fn asked(&self, method: &str, rest: &str, now: Timestamp) -> Option<Asked> {
        let mut parts = rest.trim_start_matches('/').splitn(5, '/');
        let [until, signature, content_type, more, name] = [(); 5].map(|()| parts.next());
        let signed = format!("{method}/{}/{}/{}/{}", until?, content_type?, more?, name?);
        let tag = from_hex(signature?)?;
        hmac::verify(&self.key, signed.as_bytes(), &tag).ok()?;
        let until = Timestamp::from_second(until?.parse().ok()?).ok()?;
        let text = |hex: &str| String::from_utf8(from_hex(hex)?).ok();
        let more = text(more?)?;
        (now < until).then_some(())?;
        Some(Asked {
            name: name?.to_owned(),
            content_type: text(content_type?)?,
            bytes: more.parse().unwrap_or(0),
            disposition: more,
        })
    }

    fn sign(
        &self,
        method: &'static str,
        name: &str,
        content_type: &str,
        more: &str,
        expires_at: Timestamp,
    ) -> Address {
        let (content_type, more) = (hex(content_type.as_bytes()), hex(more.as_bytes()));
        let until = expires_at.as_second();
        let signed = format!("{method}/{until}/{content_type}/{more}/{name}");
        let tag = hex(hmac::sign(&self.key, signed.as_bytes()).as_ref());
        let base = self.base_url.get().map_or("", String::as_str);
        let url = format!("{base}{LOCAL_PATH}/{until}/{tag}/{content_type}/{more}/{name}");
        Address { method, url, headers: Vec::new(), expires_at }
    }

    /// As [`Files::keep`].
    pub async fn keep(&self, name: &str, bytes: Vec<u8>) -> Result<(), FilesError> {
        let path = self.path(name);
        blocking(move || write(&path, &bytes)).await
    }

    /// At most so many bytes of a file, and how many it has.
    pub async fn read(
        &self,
        name: &str,
        at_most: u64,
    ) -> Result<Option<(Vec<u8>, u64)>, FilesError> {
        let path = self.path(name);
        blocking(move || {
            let file = match File::open(path) {
                Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
                file => file?,
            };
            let size = file.metadata()?.len();
            let mut bytes = Vec::new();
            file.take(at_most).read_to_end(&mut bytes)?;
            Ok(Some((bytes, size)))
        })
        .await
    }

    /// One file for each name, in one folder, whatever is in the name.
    fn path(&self, name: &str) -> PathBuf {
        let flat = name.chars().map(|it| match it {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' => it.to_string(),
            '/' => "+".to_owned(),
            it => format!("_{:x}_", u32::from(it)),
        });
        self.root.join(flat.collect::<String>())
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pair = |it: &[u8]| u8::from_str_radix(std::str::from_utf8(it).ok()?, 16).ok();
    let is_hex = text.len().is_multiple_of(2) && text.bytes().all(|it| it.is_ascii_hexdigit());
    is_hex.then(|| text.as_bytes().chunks(2).map(pair).collect())?
}

/// Under its name there is all of it or nothing, also after a power cut. Once more is the same.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    let folder = path.parent().unwrap_or(path);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let unfinished = folder.join(format!("{}.part", Uuid::new_v4().simple()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const NAME: &str = "media/pordenone/0b9e/0001-ab";

    fn now() -> Timestamp {
        "2026-01-02T08:00:03Z".parse().unwrap()
    }

    fn folder(root: &Path) -> Folder {
        let folder = Folder::new(root.join("media"), &Secret::new("a key"));
        folder.served_at("http://127.0.0.1:3000");
        folder
    }

    #[tokio::test]
    async fn a_file_is_kept_whole_and_private_until_it_is_taken_away() {
        let root = tempfile::tempdir().unwrap();
        let files = Files::Folder(folder(root.path()));
        assert_eq!(files.read(NAME).await.unwrap(), None);
        files.keep(NAME, b"old".to_vec()).await.unwrap();
        files.keep(NAME, b"0123456789".to_vec()).await.unwrap();
        files.keep("media/pordenone/0b9e/../../x", b"elsewhere".to_vec()).await.unwrap();
        assert_eq!(files.read(NAME).await.unwrap().unwrap(), b"0123456789");
        assert_eq!(files.look(NAME, 4).await.unwrap().unwrap(), (b"0123".to_vec(), 10));

        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let kept: Vec<_> = fs::read_dir(root.path().join("media")).unwrap().collect();
        assert_eq!(kept.len(), 2, "nothing leaves the folder");
        for file in kept {
            assert_eq!(mode(&file.unwrap().path()), 0o600);
        }
        assert_eq!(mode(&root.path().join("media")), 0o700);

        files.remove(NAME).await.unwrap();
        files.remove(NAME).await.unwrap();
        assert_eq!(files.read(NAME).await.unwrap(), None);
    }

    #[tokio::test]
    async fn an_address_is_good_for_its_file_its_method_and_its_minute() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(root.path());
        let files = Files::Folder(folder.clone());
        let shown = files.address(NAME, "image/png", "inline; filename=\"a.png\"", now());
        assert_eq!(shown.expires_at, now() + SHOWN_FOR);
        let start = "http://127.0.0.1:3000/_media";
        let rest = shown.url.strip_prefix(start).unwrap();
        let asked = folder.asked("GET", rest, now() + Duration::from_secs(56)).unwrap();
        assert_eq!((asked.name.as_str(), asked.content_type.as_str()), (NAME, "image/png"));
        assert_eq!(asked.disposition, "inline; filename=\"a.png\"");

        assert_eq!(folder.asked("GET", rest, now() + Duration::from_mins(1)), None);
        assert_eq!(folder.asked("PUT", rest, now()), None);
        assert_eq!(folder.asked("GET", &rest.replace("0001-ab", "0001-ac"), now()), None);
        let other = Folder::new(root.path().to_owned(), &Secret::new("another key"));
        assert_eq!(other.asked("GET", rest, now()), None);
        for wrong in ["", "/", "/a/b/c/d/e", "////////", "/é/é/é/é/é"] {
            assert_eq!(folder.asked("GET", wrong, now()), None, "{wrong}");
        }

        let brought = files.upload_address(NAME, "image/png", 10, now());
        assert_eq!(brought.headers, [("content-type".to_owned(), "image/png".to_owned())]);
        let asked = folder.asked("PUT", brought.url.strip_prefix(start).unwrap(), now()).unwrap();
        assert_eq!(asked.bytes, 10);
    }
}
