//! kill -9 at random points under load: no acknowledged message is lost.
//!
//! `GATEPOST_CRASH_ROUNDS` sets the number of kills (20 without it). A kill falls after a random
//! number of further acknowledgements, so that it always meets mail in flight. At the end the sum
//! must come out: every acknowledged clean message at the next hop, every acknowledged infected
//! one in quarantine and never at the next hop. A message may arrive twice only where the next
//! hop's final reply was in flight, at most once per open delivery connection and kill.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::HashSet;

use gatepost_test_e2e::gateway::ROLES;
use gatepost_test_e2e::load::Tally;
use gatepost_test_e2e::sink::Keep;
use gatepost_test_e2e::{
    Gateway, Load, Options, Random, Sink, figure, limits, wait_for, wait_until,
};

/// Connections that deliver may hold open to one destination, by default settings.
const DELIVERY_CONNECTIONS: u64 = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Role(&'static str),
    Cell,
    Everything,
}

fn victims() -> Vec<Victim> {
    let roles = ROLES.iter().map(|role| Victim::Role(role));
    roles.chain([Victim::Cell, Victim::Everything]).collect()
}

#[test]
fn kill_nine_at_random_points_loses_no_acknowledged_message() {
    let rounds = std::env::var("GATEPOST_CRASH_ROUNDS").ok().and_then(|text| text.parse().ok());
    let rounds: u64 = rounds.unwrap_or(20);
    let mut random = Random::from_environment("crash");
    let sink = Sink::on(0, Keep::Numbers);
    // What a killed role left for a later attempt is tried again at once, not in five minutes.
    let options = Options::to(sink.port()).with("retry.waits_seconds", serde_json::json!([1]));
    let mut gateway = Gateway::start(options);
    let load = Load::start(gateway.smtp(), 8, random.number());
    for round in 0..rounds {
        let victims = victims();
        // Each victim in turn, then by chance: a short run still kills each.
        let victim = match victims.get(round as usize) {
            Some(victim) => *victim,
            None => *random.one_of(&victims),
        };
        let flowing = load.wait_for_more(1 + random.below(120), limits::DELIVERY);
        assert!(flowing, "round {round}: no mail is taken any more\n{}", gateway.log());
        match victim {
            Victim::Role(role) => gateway.kill_role(role),
            Victim::Cell => gateway.kill_cell(),
            Victim::Everything => {
                gateway.kill_all();
                gateway.launch();
            }
        }
    }
    assert!(load.wait_for_more(100, limits::DELIVERY), "mail flows again after the last kill");
    let tally = load.finish();
    account(&gateway, &sink, &tally, rounds);
}

fn account(gateway: &Gateway, sink: &Sink, tally: &Tally, rounds: u64) {
    let missing = |sink: &Sink| {
        let counts = sink.counts();
        tally.kept.iter().filter(|number| !counts.contains_key(number)).count()
    };
    // Retries back off: what a kill of the next step left behind may wait for its next attempt.
    let _ = wait_until(limits::DELIVERY * 3, || (missing(sink) == 0).then_some(()));
    let counts = sink.counts();
    let lost = missing(sink);
    let doubled: u64 = counts.values().map(|times| u64::from(*times) - 1).sum();
    let held = held_numbers(gateway, tally.kept_infected.len());
    let infected_lost = tally.kept_infected.iter().filter(|number| !held.contains(number)).count();
    let leaked = tally.kept_infected.iter().filter(|number| counts.contains_key(number)).count();
    figure(&format!(
        "{rounds} kills: {} clean messages acknowledged, {lost} lost, {doubled} doubled; \
         {} infected acknowledged, {infected_lost} lost, {leaked} leaked; \
         {} postponed, {} refused, {} without reply",
        tally.kept.len(),
        tally.kept_infected.len(),
        tally.postponed,
        tally.refused,
        tally.unknown
    ));
    assert_eq!(lost, 0, "acknowledged and lost");
    assert_eq!(infected_lost, 0, "acknowledged, infected, and not in quarantine");
    assert_eq!(leaked, 0, "infected and delivered");
    assert!(doubled <= rounds * DELIVERY_CONNECTIONS, "{doubled} doubled");
}

/// The numbers of the messages in quarantine, read from their subjects.
fn held_numbers(gateway: &Gateway, at_least: usize) -> HashSet<u64> {
    let read = || {
        let said = gateway.command(&["quarantine", "list", "--json", "--limit", "1000000"]);
        let subject = |item: serde_json::Value| item["subject"].as_str().map(str::to_owned);
        let number = |text: String| text.rsplit(' ').next().and_then(|word| word.parse().ok());
        said.json_lines().into_iter().filter_map(subject).filter_map(number).collect::<HashSet<_>>()
    };
    let enough = || Some(read()).filter(|numbers| numbers.len() >= at_least);
    wait_until(limits::DELIVERY, enough).unwrap_or_else(read)
}

#[test]
fn a_role_that_is_killed_comes_back_and_mail_goes_on() {
    let sink = Sink::start();
    let mut gateway = Gateway::start(Options::to(sink.port()));
    for (index, role) in ROLES.iter().enumerate() {
        gateway.kill_role(role);
        let mail = gatepost_test_e2e::mails::plain(role, "after a kill");
        wait_for("mail to be taken again", limits::DELIVERY, || {
            let mut client = gatepost_test_e2e::Client::greeted(gateway.smtp()).ok()?;
            let reply = client.submit("a@sender.test", &["bob@example.test"], &mail).ok()?;
            (reply.code == 250).then_some(())
        });
        sink.expect(index as u64 + 1);
    }
}
