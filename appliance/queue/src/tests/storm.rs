//! Everything dies, over and over, in an order that a seed gives: no mail is lost, none is
//! delivered unscanned, and none twice but where the outcome of an attempt was cut off.

use std::collections::{HashMap, HashSet};

use ipc::contracts::QueueToDeliver;
use mail::MessageId;
use serde_json::json;

use super::house::*;

/// Dice that fall the same for the same seed.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// True once in `sides`.
    fn falls(&mut self, sides: u64) -> bool {
        // Xorshift64* (Vigna 2014).
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).is_multiple_of(sides)
    }
}

/// Peers of one round; dropping one is its death.
struct Peers {
    keeper: Keeper,
    deliver: Deliver,
    vault: Vault,
}

async fn peers(house: &House, cells: u64) -> Peers {
    let keeper = Keeper::new(house).await;
    for cell in 0..cells {
        keeper.honest_cell(cell);
    }
    Peers { keeper, deliver: Deliver::new(house).await, vault: Vault::new(house).await }
}

/// What became of the mail, as the peers saw it.
#[derive(Default)]
struct Seen {
    /// Outcomes that were told for good.
    delivered: HashMap<MessageId, u32>,
    stored: HashSet<MessageId>,
}

/// Lets the peers work until one of them "dies" by the dice, or nothing happens for a while.
async fn work(house: &mut House, peers: &mut Peers, seen: &mut Seen, dice: &mut Dice) -> bool {
    loop {
        let deed = tokio::select! {
            order = peers.deliver.inlet.receive() => {
                let Ok(Some((order, descriptors))) = order else { return true };
                let QueueToDeliver::Consign(consignment) = order else { continue };
                assert!(!read(descriptors).contains("MALWARE"));
                if dice.falls(9) {
                    return false;
                }
                let before = house.attempts(consignment.id);
                let outcome = if dice.falls(3) { deferred() } else { delivered() };
                peers.deliver.end(&consignment, &outcome);
                (consignment.id, outcome, before)
            }
            asked = peers.vault.inlet.receive() => {
                let Ok(Some((asked, _))) = asked else { return true };
                let ipc::contracts::QueueToVault::Store { ticket, envelope, .. } = asked else {
                    continue;
                };
                if dice.falls(5) {
                    return false;
                }
                peers.vault.stored(ticket);
                seen.stored.insert(envelope.id);
                continue;
            }
            () = house.tick() => return true,
        };
        let (id, outcome, before) = deed;
        // Only what queue has heard counts as told.
        house.until_attempted(id, before + 1).await;
        if outcome == delivered() {
            *seen.delivered.entry(id).or_default() += 1;
        }
    }
}

async fn storm(seed: u64) {
    let mut dice = Dice::new(seed);
    // The clock leaps; no cell is to be blamed for that.
    let mut house = House::with(|wanted| {
        wanted.retry.waits_seconds = vec![300];
        wanted.retry.scan_wall_seconds = 600;
        wanted.retry.scan_patience_seconds = 86_400;
        wanted.retry.scan_backlog_seconds = 86_400;
    })
    .await;
    let mut all = Vec::new();
    let mut infected = HashSet::new();
    let mut seen = Seen::default();
    for round in 0..6 {
        let mut intake = Intake::new(&house).await;
        let mut peers = peers(&house, 1 + u64::from(dice.falls(2))).await;
        for _ in 0..5 {
            let bad = dice.falls(4);
            let body =
                if bad { "Subject: x\r\n\r\nMALWARE\r\n" } else { "Subject: y\r\n\r\nfine\r\n" };
            let mail = Mail { body: body.into(), ..to(&[ANN]) };
            let id =
                if dice.falls(3) { intake.seal(&mail).await.2 } else { intake.keep(&mail).await };
            all.push(id);
            if bad {
                infected.insert(id);
            }
        }
        if dice.falls(3) {
            // A cell that takes a mail and dies.
            drop(peers.keeper.cell(100 + round));
        }
        work(&mut house, &mut peers, &mut seen, &mut dice).await;
        if dice.falls(2) {
            house.stop().await;
            house.start();
        }
        house.pass(400);
    }
    // Calm: whatever is left is done now.
    let _intake = Intake::new(&house).await;
    let mut peers = peers(&house, 2).await;
    let mut calm = Dice::new(255);
    loop {
        house.pass(400);
        let quiet = work(&mut house, &mut peers, &mut seen, &mut calm).await;
        if !quiet {
            peers = self::peers(&house, 2).await;
        }
        if quiet && house.list(json!({})).await.is_empty() {
            break;
        }
    }
    for id in all {
        let malware = infected.contains(&id);
        assert_eq!(seen.stored.contains(&id), malware, "seed {seed}: {id} {:?}", house.told(id));
        let delivered = seen.delivered.get(&id).copied().unwrap_or_default();
        assert_eq!(delivered, u32::from(!malware), "seed {seed}: {id} {:?}", house.told(id));
    }
}

#[tokio::test]
async fn no_mail_is_lost_doubled_or_delivered_unscanned_whatever_dies() {
    for seed in 0..4 {
        storm(seed).await;
    }
}
