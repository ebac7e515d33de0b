//! What a broadcast says, ready to send.

use domain::broadcast::Broadcast;
use domain::line::{Category, Line};
use domain::message::{FilledTemplate, HeaderMedia, Outgoing};

/// The broadcast's message with its parameters in the template's order, as the preview showed
/// them, and the template's category; `None` if the line has no such template any more, or one that asks for something else.
pub(crate) fn filled(line: &Line, broadcast: &Broadcast) -> Option<(Outgoing, Category)> {
    let wanted = &broadcast.message;
    let template = line.template(&wanted.name, &wanted.language)?;
    template.fill(&wanted.parameters, line).ok()?;
    let value = |name: &String| wanted.parameters.get(name).map_or("", |it| it.trim()).to_owned();
    let parameters = template.parameters.iter().map(|name| (name.clone(), value(name)));
    let header = wanted.header_media_id.as_ref();
    let filled = FilledTemplate {
        name: template.name.clone(),
        language: template.language.clone(),
        parameters: parameters.collect(),
        header: header.map(|id| HeaderMedia { kind: "image".to_owned(), media_id: id.clone() }),
    };
    Some((Outgoing::Template(filled), template.category))
}
