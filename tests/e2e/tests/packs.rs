//! Pattern packs in the running system: put in place, used at once, changed without a restart and
//! under load, and refused when they are no good.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;

use gatepost_test_e2e::{Client, Gateway, Load, Options, Sink, limits, mails, wait_for};
use serde_json::Value;

/// What the made signatures look for.
const MARKER: &str = "Gatepost-Pattern-Trial-1";

fn folder(gateway: &Gateway) -> PathBuf {
    gateway.state().join("patterns")
}

/// Compiles a pack that calls the marker by this name, and puts it in place.
fn put(gateway: &Gateway, name: &str) {
    let source = gateway.state().join("own.ndb");
    let hex: String = MARKER.bytes().map(|octet| format!("{octet:02x}")).collect();
    std::fs::write(&source, format!("{name}:0:*:{hex}\n")).unwrap();
    let new = folder(gateway).join("new.pack");
    let (new_text, source) = (new.to_str().unwrap(), source.to_str().unwrap());
    let said = gateway.command(&["patterns", "compile", new_text, source]);
    assert_eq!(said.exit, 0, "{said:?}");
    std::fs::rename(new, folder(gateway).join("active.pack")).unwrap();
}

fn health(gateway: &Gateway) -> Value {
    gateway.command(&["health", "--json"]).json_lines().remove(0)
}

fn swaps(gateway: &Gateway) -> u64 {
    health(gateway)["queue"]["patterns"]["outfit_swaps"].as_u64().unwrap_or(0)
}

/// Puts a pack in place and waits until the cells work with it.
fn use_pack(gateway: &Gateway, name: &str) {
    let before = swaps(gateway);
    put(gateway, name);
    wait_for("the pack to be taken over", limits::DELIVERY, || {
        (swaps(gateway) > before).then_some(())
    });
}

/// Sends the marker; waits until tracking names the signature.
fn is_found_as(gateway: &Gateway, name: &str) {
    let mail = mails::plain(&format!("about {name}"), MARKER);
    let mut client = Client::greeted(gateway.smtp()).unwrap();
    let reply = client.submit("ann@sender.test", &["bob@example.test"], &mail).unwrap();
    assert!(!reply.is_temporary(), "{reply:?}");
    wait_for(&format!("{name} to be tracked"), limits::DELIVERY, || {
        gateway.command(&["track", "bob@example.test"]).out.contains(name).then_some(())
    });
}

#[test]
fn a_pack_is_used_and_changed_without_a_restart() {
    let sink = Sink::start();
    let gateway = Gateway::start(Options::to(sink.port()));
    wait_for("a scanner without a pack", limits::DELIVERY, || {
        let said = gateway.command(&["health"]);
        (said.exit == 0 && said.out.contains("no pattern pack is in use")).then_some(())
    });
    let roles = ["queue", "inspect"].map(|role| gateway.role_pid(role));
    use_pack(&gateway, "Trial.First");
    let cells = gateway.cell_pids();
    is_found_as(&gateway, "Trial.First");
    use_pack(&gateway, "Trial.Second");
    is_found_as(&gateway, "Trial.Second");
    assert_eq!(roles, ["queue", "inspect"].map(|role| gateway.role_pid(role)));
    assert_eq!(cells, gateway.cell_pids(), "the cells are the same");
    let said = gateway.command(&["health"]);
    assert!(said.exit == 0 && said.out.contains("1 signatures"), "{said:?}");
    sink.expect(0);
}

#[test]
fn a_pack_that_is_no_good_is_told_of_and_the_one_before_stays() {
    let sink = Sink::start();
    let gateway = Gateway::start(Options::to(sink.port()));
    use_pack(&gateway, "Trial.Good");
    let active = folder(&gateway).join("active.pack");
    let mut damaged = std::fs::read(&active).unwrap();
    *damaged.last_mut().unwrap() ^= 0x40;
    for bad in [damaged, b"no pack".to_vec()] {
        std::fs::write(folder(&gateway).join("bad"), bad).unwrap();
        std::fs::rename(folder(&gateway).join("bad"), &active).unwrap();
        wait_for("the bad pack to be told of", limits::DELIVERY, || {
            let said = gateway.command(&["health"]);
            (said.exit == 1 && said.out.contains("gatepost patterns compile")).then_some(())
        });
        is_found_as(&gateway, "Trial.Good");
    }
    use_pack(&gateway, "Trial.Better");
    assert_eq!(gateway.command(&["health"]).exit, 0);
}

#[test]
fn packs_change_under_load_and_nothing_goes_unscanned() {
    let sink = Sink::start();
    let mut gateway = Gateway::start(Options::to(sink.port()));
    let load = Load::start(gateway.smtp(), 4, 7);
    for round in 0..5 {
        assert!(load.wait_for_more(100, limits::DELIVERY));
        use_pack(&gateway, &format!("Trial.{round}"));
        if round == 3 {
            gateway.kill_cell();
        }
    }
    assert!(load.wait_for_more(100, limits::DELIVERY));
    let tally = load.finish();
    assert_eq!(tally.postponed, 0, "no mail was refused");
    wait_for("all clean mail to arrive", limits::DELIVERY, || {
        let counts = sink.counts();
        tally.kept.iter().all(|number| counts.contains_key(number)).then_some(())
    });
    wait_for("all infected mail to be held", limits::DELIVERY, || {
        let held = gateway.command(&["quarantine", "list", "--json"]).json_lines();
        let unscanned = held.iter().any(|item| item.to_string().contains("not be scanned"));
        assert!(!unscanned, "{held:?}");
        (held.len() == tally.kept_infected.len()).then_some(())
    });
    let metrics = scrape(&gateway);
    for name in
        ["gatepost_scan_outfit_swaps", "gatepost_scan_time_seconds_count", "gatepost_scan_cells"]
    {
        assert!(metrics.contains(name), "{name} is not in {metrics}");
    }
}

fn scrape(gateway: &Gateway) -> String {
    let mut stream = TcpStream::connect(gateway.metrics()).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}
