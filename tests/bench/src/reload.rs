//! A new pattern pack put in place while the gateway runs: how much memory and time the change costs,
//! and whether mail that comes meanwhile is taken and scanned.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use gatepost_test_e2e::{Client, Gateway, Options, Sink, limits, mails, wait_for};
use serde_json::Value;

use crate::scanning::{pss, watched};

/// Messages that are sent while the pack changes.
const MESSAGES: u32 = 200;

/// What a change of packs costs.
#[derive(Debug, Clone, Copy)]
pub struct Reload {
    /// Memory of all roles and workers with the first pack in use.
    pub steady_kibibytes: u64,
    /// The most while the second one comes into use.
    pub most_kibibytes: u64,
    /// From putting it in place until every worker uses it; the look for new packs comes every
    /// second.
    pub taken: Duration,
    /// Messages taken meanwhile.
    pub messages: u32,
    /// Messages refused, put off or not scanned to the end meanwhile.
    pub lost: u32,
}

/// Starts a gateway with the pack and puts the same signatures in place once more.
///
/// # Errors
/// When the gateway refuses the pack or does not answer.
pub fn measure(folder: &Path, pack: &Path) -> Result<Reload> {
    let state = folder.join("reload");
    let patterns = state.join("patterns");
    fs::create_dir_all(&patterns)?;
    let active = patterns.join("active.pack");
    fs::copy(pack, &active)?;
    let sink = Sink::start();
    let options = Options { state: Some(state), ..Options::to(sink.port()) };
    let mut gateway = Gateway::start(options);
    wait_for("the first pack", limits::DELIVERY, || (swaps(&gateway) > 0).then_some(()));
    let _warm = send(&gateway, MESSAGES)?;
    let steady_kibibytes = pss(gateway.supervisor_pid());
    let new = patterns.join("new.pack");
    fs::copy(pack, &new)?;
    let before = swaps(&gateway);
    let start = Instant::now();
    fs::rename(new, active)?;
    let (outcome, most_kibibytes) = watched(gateway.supervisor_pid(), || {
        let lost = send(&gateway, MESSAGES);
        wait_for("the second pack", limits::DELIVERY, || (swaps(&gateway) > before).then_some(()));
        (lost, start.elapsed())
    });
    let (lost, taken) = outcome;
    // What is not scanned to the end is held, so all of it must arrive.
    sink.expect(u64::from(2 * MESSAGES));
    gateway.stop();
    Ok(Reload { steady_kibibytes, most_kibibytes, taken, messages: MESSAGES, lost: lost? })
}

/// Sends messages; gives how many were not taken at once.
fn send(gateway: &Gateway, count: u32) -> Result<u32> {
    let mut lost = 0;
    let mut client = Client::greeted(gateway.smtp())?;
    for number in 0..count {
        let mail = mails::plain(&format!("number {number}"), "Nothing is in this message.");
        let reply = client.submit("ann@sender.test", &["bob@example.test"], &mail)?;
        lost += u32::from(!reply.is_positive());
    }
    Ok(lost)
}

fn health(gateway: &Gateway) -> Value {
    gateway.command(&["health", "--json"]).json_lines().into_iter().next().unwrap_or_default()
}

fn swaps(gateway: &Gateway) -> u64 {
    health(gateway)["queue"]["patterns"]["outfit_swaps"].as_u64().unwrap_or(0)
}
