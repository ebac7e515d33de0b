// SPDX-License-Identifier: EUPL-1.2
//! What a decision about appointments has to know.

use domain::appointment::{Agenda, Ask, Who, bookable};
use domain::contact::Contact;
use domain::line::Line;
use jiff::Timestamp;
use platform::random;

use super::App;

impl App {
    /// A person's appointments that are ahead, and what is taken of the service they ask for.
    pub(super) async fn agenda(
        &self,
        line: &Line,
        contact: &Contact,
        ask: Ask,
        now: Timestamp,
    ) -> store::Result<Agenda> {
        let mut ahead = self.store.appointments_of(&line.id, contact).await?;
        ahead.retain(|it| it.is_ahead(now));
        let service = ask.service(line, &ahead).and_then(|it| line.service(it));
        let taken = match service {
            Some(it) => {
                let range = bookable(it, Who::Citizen, now);
                self.store.taken(&line.id, &it.id, range).await?
            }
            None => Vec::new(),
        };
        let fresh = random::appointment_id(&contact.id);
        Ok(Agenda { ask, ahead, taken, fresh })
    }
}
