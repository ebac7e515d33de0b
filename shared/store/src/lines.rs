// SPDX-License-Identifier: EUPL-1.2
//! Line files as applied, and the lines they say, remembered for a minute.

use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use domain::ids::{LineId, PhoneNumberId};
use domain::line::Line;
use jiff::Timestamp;
use tracing::error;

use crate::item::{Fields, instant, text};
use crate::{Result, Store, StoreError, failed, keys, line_file, templates};

/// How long a change of a line may take to be seen everywhere.
const FRESH: Duration = Duration::from_mins(1);

#[derive(Default)]
pub(crate) struct Cache(RwLock<Option<Known>>);

/// What the table said of lines, and when.
#[derive(Clone)]
struct Known {
    read_at: Instant,
    lines: AllLines,
    /// Lines whose file does not say what a line's must, as after a stricter release.
    unreadable: Arc<[LineId]>,
}

/// Shared, since every message asks for them.
pub type AllLines = Arc<[Arc<Line>]>;

/// A line file as it was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub text: String,
    pub applied_at: Timestamp,
}

impl Store {
    /// Makes a line file that was found right the line's settings. What was added beside the file
    /// stays.
    pub async fn apply_line(&self, line: &LineId, file: &str, now: Timestamp) -> Result<()> {
        self.client
            .update_item()
            .table_name(&self.tables.subscribers)
            .set_key(Some(keys::line(line).into_item()))
            .update_expression("SET #file = :file, applied_at = :at")
            .expression_attribute_names("#file", "file")
            .expression_attribute_values(":file", text(file))
            .expression_attribute_values(":at", instant(now))
            .send()
            .await
            .map_err(failed)?;
        self.forget_lines();
        Ok(())
    }

    /// Lets the next who asks read them anew.
    pub(crate) fn forget_lines(&self) {
        *self.lines.0.write().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
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

    /// Every line of this deployment, at most a minute old. One whose file cannot be read is left
    /// out, and the others are served.
    pub async fn lines(&self) -> Result<AllLines> {
        Ok(self.known_lines().await?.lines)
    }

    /// The lines that [`Store::lines`] leaves out.
    pub async fn unreadable_lines(&self) -> Result<Arc<[LineId]>> {
        Ok(self.known_lines().await?.unreadable)
    }

    /// `Corrupt` if the line is there and its file cannot be read: it is not to be taken for none.
    pub async fn line(&self, id: &LineId) -> Result<Option<Arc<Line>>> {
        let known = self.known_lines().await?;
        let found = known.lines.iter().find(|it| it.id == *id).cloned();
        if found.is_none() && known.unreadable.contains(id) {
            return Err(StoreError::Corrupt("file"));
        }
        Ok(found)
    }

    /// The line a business number belongs to. `Corrupt` if it may be one whose file cannot be read:
    /// what comes for it must wait, not be passed over.
    pub async fn line_of(&self, number: &PhoneNumberId) -> Result<Option<Arc<Line>>> {
        let known = self.known_lines().await?;
        let found = known.lines.iter().find(|it| it.phone_number_id == *number).cloned();
        if found.is_none() && !known.unreadable.is_empty() {
            return Err(StoreError::Corrupt("file"));
        }
        Ok(found)
    }

    async fn known_lines(&self) -> Result<Known> {
        let known = self.lines.0.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        if let Some(known) = &known
            && known.read_at.elapsed() < FRESH
        {
            return Ok(known.clone());
        }
        let before = known.map_or_else(Arc::default, |it| it.unreadable);
        let items = self.query_all(&self.tables.subscribers, keys::LINES.to_owned()).await?;
        let (mut lines, mut unreadable) = (Vec::new(), Vec::new());
        for item in &items {
            let id = LineId::new(item.text("sk")?);
            if let Some(Ok(mut line)) = item.find_text("file").map(line_file::parse) {
                for template in templates::added(item) {
                    // What the file says stands.
                    if line.template(&template.name, &template.language).is_none() {
                        line.templates.push(template);
                    }
                }
                lines.push(Arc::new(line));
                continue;
            }
            // Once, not every minute. What is wrong, `filodiretto line check` says.
            if !before.contains(&id) {
                error!(line.id = %id, "left out a line whose file cannot be read");
            }
            unreadable.push(id);
        }
        let (lines, unreadable) = (lines.into(), unreadable.into());
        let known = Known { read_at: Instant::now(), lines, unreadable };
        let mut cache = self.lines.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        *cache = Some(known.clone());
        Ok(known)
    }
}
