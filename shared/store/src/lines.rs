//! Line files as applied, and the lines they say, remembered for a minute.

use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use domain::ids::{LineId, PhoneNumberId};
use domain::line::Line;
use jiff::Timestamp;

use crate::item::{Draft, Fields, instant, text};
use crate::people::put;
use crate::{Result, Store, StoreError, keys, line_file};

/// How long a change of a line may take to be seen everywhere.
const FRESH: Duration = Duration::from_mins(1);

#[derive(Default)]
pub(crate) struct Cache(RwLock<Option<(Instant, AllLines)>>);

/// Shared, since every message asks for them.
pub type AllLines = Arc<[Arc<Line>]>;

/// A line file as it was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub text: String,
    pub applied_at: Timestamp,
}

impl Store {
    /// Makes a line file that was found right the line's settings.
    pub async fn apply_line(&self, line: &LineId, file: &str, now: Timestamp) -> Result<()> {
        let item = Draft::at(keys::line(line))
            .with("file", text(file))
            .with("applied_at", instant(now))
            .done();
        self.transact(vec![put(&self.tables.subscribers, item)]).await?;
        *self.lines.0.write().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
        Ok(())
    }

    /// The line file as it was applied last.
    pub async fn line_document(&self, line: &LineId) -> Result<Option<Document>> {
        let item = self.get(&self.tables.subscribers, keys::line(line)).await?;
        item.map(|item| {
            let applied_at = item.instant("applied_at")?;
            Ok(Document { text: item.text("file")?.to_owned(), applied_at })
        })
        .transpose()
    }

    /// Every line of this deployment, at most a minute old.
    pub async fn lines(&self) -> Result<AllLines> {
        let known = self.lines.0.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        if let Some((read_at, lines)) = known
            && read_at.elapsed() < FRESH
        {
            return Ok(lines);
        }
        let items = self.query_all(&self.tables.subscribers, keys::LINES.to_owned()).await?;
        let lines: AllLines = items
            .iter()
            .map(|item| {
                let line = line_file::parse(item.text("file")?);
                Ok(Arc::new(line.map_err(|_| StoreError::Corrupt("file"))?))
            })
            .collect::<Result<_>>()?;
        let mut cache = self.lines.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        *cache = Some((Instant::now(), lines.clone()));
        Ok(lines)
    }

    pub async fn line(&self, id: &LineId) -> Result<Option<Arc<Line>>> {
        Ok(self.lines().await?.iter().find(|it| it.id == *id).cloned())
    }

    /// The line a business number belongs to.
    pub async fn line_of(&self, number: &PhoneNumberId) -> Result<Option<Arc<Line>>> {
        Ok(self.lines().await?.iter().find(|it| it.phone_number_id == *number).cloned())
    }
}
