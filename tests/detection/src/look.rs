//! Messages seen as the product sees them.

use engines::{Context, Engines};
use spam::{Judge, Model, Said, Sight};

use crate::corpus::{Message, project};

/// A judge with the model as it lies in the project, so that one that was just made is measured
/// without building anything again.
#[must_use]
pub fn judge() -> Judge {
    let octets = std::fs::read(project().join("appliance/spam/model/spam.model")).ok();
    let model = octets.and_then(|octets| Model::open(std::sync::Arc::new(octets)).ok());
    Judge::new(model.unwrap_or_else(Model::built_in))
}

/// What `of` makes of each message as it is seen, in the order of the messages.
pub fn each<T: Send>(messages: &[Message], of: impl Fn(&Sight<'_>) -> T + Sync) -> Vec<T> {
    let hands = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let share = messages.len().div_ceil(hands).max(1);
    std::thread::scope(|scope| {
        let chunks = messages.chunks(share);
        let threads: Vec<_> = chunks.map(|chunk| scope.spawn(|| some(chunk, &of))).collect();
        let done = threads.into_iter().map(|thread| match thread.join() {
            Ok(some) => some,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        done.flatten().collect()
    })
}

fn some<T>(messages: &[Message], of: &impl Fn(&Sight<'_>) -> T) -> Vec<T> {
    let mut engines = Engines::default();
    messages.iter().map(|one| one_of(&mut engines, &one.raw, of)).collect()
}

fn one_of<T>(engines: &mut Engines, raw: &[u8], of: &impl Fn(&Sight<'_>) -> T) -> T {
    engines.sighted(&message::read(raw), &Context::default(), of)
}

/// What the signals say of each message.
#[must_use]
pub fn said(messages: &[Message], judge: &Judge) -> Vec<Vec<Said>> {
    each(messages, |sight| judge.said(sight))
}
