//! How each recipient stands while rules and exceptions go by, and the rulings in the end.

use mail::{Amendment, Fate, Ruling};

use crate::actions::refuse_with;
use crate::decide::DEFAULT_RULE;
use crate::exceptions::{Handling, Hit};

/// One recipient.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    pub(crate) amendments: Vec<Amendment>,
    /// Fate, rule and reason, once something ended its way.
    pub(crate) ended: Option<(Fate, String, String)>,
}

impl Standing {
    fn fate(&self) -> &Fate {
        self.ended.as_ref().map_or(&Fate::Deliver, |(fate, _, _)| fate)
    }

    /// An exception holds: the stricter of its fate and the present one stays.
    pub(crate) fn except(&mut self, hit: &Hit<'_>) {
        if hit.exception.action == Handling::Tag {
            let text = hit.exception.tag_text.clone();
            self.amendments.push(Amendment::TagSubject { text });
        }
        if let Some(fate) = fate_of(hit)
            && outweighs(&fate, self.fate())
        {
            self.ended = Some((fate, hit.name.to_owned(), hit.because.clone()));
        }
    }
}

fn fate_of(hit: &Hit<'_>) -> Option<Fate> {
    let exception = hit.exception;
    match exception.action {
        Handling::None | Handling::Tag => None,
        Handling::Refuse => Some(refuse_with(&exception.reply_text)),
        Handling::Quarantine => Some(Fate::Quarantine { area: exception.area.clone() }),
        Handling::Discard => Some(Fate::Discard),
    }
}

/// Whether the fate that an exception wants takes the place of the present one. What a rule keeps
/// back or refuses stays the rule's, unless the exception wants it gone: the rule knows more.
fn outweighs(wanted: &Fate, present: &Fate) -> bool {
    match present {
        Fate::Discard => false,
        Fate::Quarantine { .. } | Fate::Return { .. } => matches!(wanted, Fate::Discard),
        Fate::Deliver | Fate::HandOff { .. } | Fate::Postpone { .. } => true,
    }
}

/// The order of exceptions among themselves: discard, quarantine, refuse, then those that let the
/// message go on.
pub(crate) fn strictness(action: Handling) -> u8 {
    match action {
        Handling::Discard => 4,
        Handling::Quarantine => 3,
        Handling::Refuse => 2,
        Handling::Tag => 1,
        Handling::None => 0,
    }
}

/// Puts recipients with the same ending into one ruling, in order of first appearance.
pub(crate) fn gather(standings: Vec<Standing>) -> Vec<Ruling> {
    let mut rulings: Vec<Ruling> = Vec::new();
    for (index, standing) in standings.into_iter().enumerate() {
        let index = index as u32;
        let (fate, rule, because) = standing.ended.unwrap_or_else(|| {
            (Fate::Deliver, DEFAULT_RULE.to_owned(), "no rule ended its way".to_owned())
        });
        // What is not delivered is kept or refused as it came.
        let amendments = if fate == Fate::Deliver { standing.amendments } else { Vec::new() };
        let same = rulings.iter_mut().find(|ruling| {
            ruling.fate == fate && ruling.rule == rule && ruling.amendments == amendments
        });
        match same {
            Some(ruling) => ruling.recipients.push(index),
            None => {
                rulings.push(Ruling { recipients: vec![index], fate, rule, because, amendments })
            }
        }
    }
    rulings
}
