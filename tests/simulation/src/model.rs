//! What must be true of the spool, said without any of its code: who was promised what.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use mail::{Envelope, MessageId};

/// What the spool owes for one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Debt {
    /// Neither kept nor refused for certain: it may be there or not, and it may be spoilt.
    Open,
    /// It must be there.
    Owed,
    /// It was finished, but that is not durable: it may be there or not.
    Leaving,
    /// It must never be seen again.
    Settled,
}

/// One message that was ever handed in.
#[derive(Debug, Clone)]
pub struct Record {
    /// As handed in.
    pub envelope: Envelope,
    /// As handed in.
    pub body: Vec<u8>,
    /// What is owed now.
    pub debt: Debt,
    /// Whether it was committed without a receipt once: then its octets are nobody's promise.
    pub weak: bool,
    /// States that may be found: the durable one first, then those recorded since.
    pub states: Vec<Option<Vec<u8>>>,
    /// The queue of this life has it.
    pub held: bool,
    /// Taken in by queue itself, not through intake; owed after a sync only.
    pub inserted: bool,
}

/// Everything that was ever handed in.
#[derive(Debug, Default)]
pub struct Model {
    /// By id.
    pub records: BTreeMap<MessageId, Record>,
    /// Changes since the last sync that went well, in order.
    unsynced: Vec<(MessageId, Change)>,
}

#[derive(Debug, Clone)]
enum Change {
    Insert,
    State(Vec<u8>),
    Finish,
}

impl Model {
    /// A message is handed in.
    pub fn hand_in(&mut self, envelope: Envelope, body: Vec<u8>) {
        let record = Record {
            envelope: envelope.clone(),
            body,
            debt: Debt::Open,
            weak: false,
            states: vec![None],
            held: false,
            inserted: false,
        };
        self.records.insert(envelope.id, record);
    }

    fn get(&mut self, id: MessageId) -> &mut Record {
        self.records.get_mut(&id).expect("the model knows every message")
    }

    /// A receipt was given, or an error.
    pub fn answered(&mut self, id: MessageId, kept: bool) {
        let record = self.get(id);
        record.debt = if kept { Debt::Owed } else { Debt::Open };
        record.weak = !kept;
    }

    /// queue has it now.
    pub fn held(&mut self, id: MessageId) {
        self.get(id).held = true;
    }

    /// queue takes in one of its own.
    pub fn insert(&mut self, envelope: Envelope, body: Vec<u8>) {
        let id = envelope.id;
        self.hand_in(envelope, body);
        let record = self.get(id);
        record.held = true;
        record.inserted = true;
        self.unsynced.push((id, Change::Insert));
    }

    /// A state is recorded.
    pub fn state(&mut self, id: MessageId, state: Vec<u8>) {
        self.get(id).states.push(Some(state.clone()));
        self.unsynced.push((id, Change::State(state)));
    }

    /// A message is finished.
    pub fn finish(&mut self, id: MessageId) {
        let record = self.get(id);
        record.held = false;
        record.debt = Debt::Leaving;
        self.unsynced.push((id, Change::Finish));
    }

    /// A sync went well.
    pub fn synced(&mut self) {
        for (id, change) in std::mem::take(&mut self.unsynced) {
            let record = self.get(id);
            match change {
                Change::Insert => record.debt = record.debt.max(Debt::Owed),
                Change::State(state) => record.states = vec![Some(state)],
                Change::Finish => record.debt = Debt::Settled,
            }
        }
    }

    /// Messages that queue has, for the next deed.
    #[must_use]
    pub fn held_ids(&self) -> Vec<MessageId> {
        let held = self.records.iter().filter(|(_, record)| record.held);
        held.map(|(id, _)| *id).collect()
    }

    /// queue has started again and found these, with what it read of them. Everything is as it
    /// must be, or this says what is not.
    ///
    /// # Errors
    /// The promise that was broken.
    pub fn reopened(&mut self, found: &BTreeMap<MessageId, Found>) -> Result<()> {
        self.unsynced.clear();
        for id in found.keys() {
            ensure!(self.records.contains_key(id), "message {id} was invented");
        }
        for (id, record) in &mut self.records {
            let seen = found.get(id);
            record.check(seen).with_context(|| format!("message {id}, {:?}", record.debt))?;
            record.held = seen.is_some();
            record.debt = match (record.debt, seen) {
                (Debt::Settled, _) | (_, None) => Debt::Settled,
                (_, Some(_)) => Debt::Owed,
            };
            record.states = vec![seen.and_then(|seen| seen.state.clone())];
            if record.weak || (record.inserted && seen.is_none()) {
                // Seen once is no promise: the octets may never have reached the disk.
                record.debt = if seen.is_some() { Debt::Open } else { record.debt };
            }
        }
        Ok(())
    }
}

/// What was found of one message after a start.
#[derive(Debug)]
pub struct Found {
    /// The state, as recovered.
    pub state: Option<Vec<u8>>,
    /// Envelope and body, or why they could not be read.
    pub content: Result<(Envelope, Vec<u8>), String>,
}

impl Record {
    fn check(&self, seen: Option<&Found>) -> Result<()> {
        match (self.debt, seen) {
            (Debt::Owed, None) => bail!("acknowledged and lost"),
            (Debt::Settled, Some(_)) if !self.weak => bail!("finished and back again"),
            (_, None) => return Ok(()),
            _ => {}
        }
        let Some(seen) = seen else { return Ok(()) };
        ensure!(
            self.states.contains(&seen.state),
            "state {:?} is none of {:?}",
            seen.state,
            self.states
        );
        match &seen.content {
            Ok((envelope, body)) => {
                ensure!(*envelope == self.envelope, "its envelope has changed");
                ensure!(*body == self.body, "its body has changed");
            }
            Err(_) if self.weak => {}
            Err(error) => bail!("it does not read back: {error}"),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::envelope;

    fn found(state: Option<&[u8]>, body: &[u8]) -> BTreeMap<MessageId, Found> {
        let content = Ok((envelope(1, 1), body.to_vec()));
        BTreeMap::from([(MessageId(1), Found { state: state.map(Vec::from), content })])
    }

    fn owed() -> Model {
        let mut model = Model::default();
        model.hand_in(envelope(1, 1), b"x".to_vec());
        model.answered(MessageId(1), true);
        model
    }

    #[test]
    fn a_lost_message_is_noticed() {
        owed().reopened(&BTreeMap::new()).unwrap_err();
        owed().reopened(&found(None, b"x")).unwrap();
    }

    #[test]
    fn a_changed_body_and_an_invented_message_are_noticed() {
        owed().reopened(&found(None, b"y")).unwrap_err();
        Model::default().reopened(&found(None, b"x")).unwrap_err();
    }

    #[test]
    fn a_finished_message_that_comes_back_is_noticed() {
        let mut model = owed();
        model.held(MessageId(1));
        model.finish(MessageId(1));
        model.synced();
        model.reopened(&BTreeMap::new()).unwrap();
        model.reopened(&found(None, b"x")).unwrap_err();
    }

    #[test]
    fn a_state_older_than_the_durable_one_is_noticed() {
        let mut model = owed();
        model.state(MessageId(1), b"1".to_vec());
        model.state(MessageId(1), b"2".to_vec());
        model.synced();
        model.state(MessageId(1), b"3".to_vec());
        model.reopened(&found(Some(b"1"), b"x")).unwrap_err();
        let mut model = owed();
        model.state(MessageId(1), b"1".to_vec());
        model.synced();
        model.state(MessageId(1), b"3".to_vec());
        model.reopened(&found(Some(b"3"), b"x")).unwrap();
    }
}
