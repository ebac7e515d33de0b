// SPDX-License-Identifier: EUPL-1.2
//! Where a payload goes that Meta signed and we cannot read: kept aside for a person.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use uuid::Uuid;

use crate::bucket::Bucket;

#[derive(Clone)]
pub enum Aside {
    /// A bucket that only we read, encrypted, with an end to the life of its objects.
    Bucket(Bucket),
    Folder(PathBuf),
}

#[derive(Debug, thiserror::Error)]
pub enum AsideError {
    #[error("payload not kept in the bucket ({0})")]
    Bucket(String),
    #[error("payload not kept in the folder")]
    Folder(#[source] io::Error),
}

impl Aside {
    /// Keeps `bytes` under a name made of `now`, a random part and `why`, a slug:
    /// `20260102T080003Z-5c1d…-not-json`. When this returns, they are on disk.
    pub async fn keep(
        &self,
        bytes: &[u8],
        why: &'static str,
        now: Timestamp,
    ) -> Result<(), AsideError> {
        let name = format!("{}-{}-{why}", now.strftime("%Y%m%dT%H%M%SZ"), Uuid::new_v4().simple());
        match self {
            Self::Bucket(bucket) => {
                let kept = bucket.put(&format!("aside/{name}"), bytes.to_vec()).await;
                kept.map_err(|it| AsideError::Bucket(it.to_string()))
            }
            Self::Folder(folder) => {
                let (folder, bytes) = (folder.clone(), bytes.to_vec());
                tokio::task::spawn_blocking(move || write(&folder, &name, &bytes))
                    .await
                    .unwrap_or_else(|err| Err(io::Error::other(err)))
                    .map_err(AsideError::Folder)
            }
        }
    }
}

/// Under its name there is all of it or nothing, also after a power cut.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let unfinished = folder.join(format!("{name}.part"));
    let mut file = private(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, folder.join(name))?;
    File::open(folder)?.sync_all()
}

/// A new file that only its owner may read: a payload is personal data.
fn private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn now() -> Timestamp {
        "2026-01-02T08:00:03Z".parse().unwrap()
    }

    #[tokio::test]
    async fn a_payload_is_kept_whole_and_private_under_a_name_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let aside = Aside::Folder(folder.path().join("aside"));
        aside.keep(b"{\"entry\"", "not-json", now()).await.unwrap();
        aside.keep(b"[]", "not-json", now()).await.unwrap();

        let mut kept = Vec::new();
        for file in fs::read_dir(folder.path().join("aside")).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            assert!(name.starts_with("20260102T080003Z-"), "{name}");
            assert!(name.ends_with("-not-json"), "{name}");
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            kept.push(fs::read(file.path()).unwrap());
        }
        kept.sort();
        assert_eq!(kept, [b"[]".to_vec(), b"{\"entry\"".to_vec()]);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let aside = Aside::Folder(file.path().to_owned());
        assert!(aside.keep(b"[]", "not-json", now()).await.is_err());
    }
}
