// SPDX-License-Identifier: EUPL-1.2
//! What is remembered of who may come in, so that not every request asks the table.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::access::key::ApiKey;

use crate::office::SignedIn;

/// How long a revocation may take to be noticed by another process.
const FRESH: Duration = Duration::from_secs(5);

/// More than ever come in within that time.
const MOST: usize = 1_000;

#[derive(Default)]
pub(crate) struct Access {
    pub(crate) keys: Remembered<ApiKey>,
    pub(crate) sessions: Remembered<SignedIn>,
}

/// What was true a moment ago.
pub(crate) struct Remembered<T>(Mutex<HashMap<String, (Instant, T)>>);

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Remembered<T> {
    pub(crate) fn get(&self, name: &str) -> Option<T> {
        let known = self.known();
        known.get(name).filter(|(at, _)| at.elapsed() < FRESH).map(|(_, it)| it.clone())
    }

    pub(crate) fn put(&self, name: String, it: T) {
        let mut known = self.known();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(name, (Instant::now(), it));
    }

    pub(crate) fn forget(&self) {
        self.known().clear();
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, (Instant, T)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
