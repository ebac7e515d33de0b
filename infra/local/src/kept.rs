// SPDX-License-Identifier: EUPL-1.2
//! What a data folder keeps besides its databases: who uses it, and small files that a crash leaves
//! whole.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

/// Takes the folder for as long as the file is held; `None` if another process has it.
pub(crate) fn take(folder: &Path) -> io::Result<Option<File>> {
    let file =
        File::options().create(true).truncate(false).write(true).open(folder.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(err)) => Err(err),
    }
}

/// The file's text, or `None` if there is no such file.
pub(crate) fn read(file: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(err) => Err(err),
    }
}

/// Replaces the file at once: a process that is killed leaves the old text or the new one.
pub(crate) fn write(file: &Path, text: &str) -> io::Result<()> {
    let new = file.with_extension("new");
    fs::write(&new, text)?;
    fs::rename(&new, file)
}
