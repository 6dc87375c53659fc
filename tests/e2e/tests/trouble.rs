//! A full disk, and next hops that are slow, refuse, or vanish: 4xx where it must be, recovery, and
//! nothing lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::PathBuf;

use gatepost_test_e2e::gateway::route;
use gatepost_test_e2e::sink::Keep;
use gatepost_test_e2e::{
    Client, Gateway, Options, Random, Reply, Sink, SmtpSink, figure, is_installed, is_root, limits,
    mails, skip, tool, wait_for,
};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use serde_json::json;

/// A small file system in memory, unmounted when dropped.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn new(mebibytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={mebibytes}m,mode=755");
        let source = Some("tmpfs");
        let done = mount(source, folder.path(), source, MsFlags::empty(), Some(options.as_str()));
        done.ok().map(|()| SmallDisk { folder })
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("state")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = umount2(self.folder.path(), MntFlags::MNT_DETACH);
    }
}

fn submit_numbered(target: std::net::SocketAddr, number: u64, size: usize) -> Option<Reply> {
    let mut client = Client::greeted(target).ok()?;
    let body = mails::numbered(number, size, &mut Random::new(number));
    client.submit("ann@sender.test", &["bob@example.test"], &body).ok()
}

/// Quick retries, so that recovery can be watched.
fn quick(port: u16) -> Options {
    Options::to(port).with("retry.waits_seconds", json!([1, 1, 2, 2, 5]))
}

#[test]
fn a_full_disk_says_4xx_and_recovers_with_nothing_lost() {
    if !is_root() {
        return skip("a_full_disk_says_4xx", "mounting a small tmpfs needs root");
    }
    let Some(disk) = SmallDisk::new(256) else {
        return skip("a_full_disk_says_4xx", "this machine does not allow mounting a tmpfs");
    };
    let port = tool::free_port();
    let options = Options { state: Some(disk.path()), ..quick(port) };
    let gateway = Gateway::start(options);
    let mut kept = Vec::new();
    let full = (1..2000).find_map(|number| {
        let reply = submit_numbered(gateway.smtp(), number, 1_000_000)?;
        match reply.code {
            250 => {
                kept.push(number);
                None
            }
            _ => Some(reply),
        }
    });
    let full = full.expect("the disk is full before 2,000 MB");
    assert!(full.is_temporary(), "{full:?}");
    assert!(kept.len() > 10, "some was taken before: {}", kept.len());
    let sink = Sink::on(port, Keep::Numbers);
    let all = sink.wait(limits::DELIVERY, |sink| {
        let counts = sink.counts();
        kept.iter().all(|number| counts.contains_key(number))
    });
    assert!(all, "{} of {} kept messages came out", sink.total(), kept.len());
    wait_for("mail to be taken again", limits::DELIVERY, || {
        submit_numbered(gateway.smtp(), 5000, 1_000_000).filter(|reply| reply.code == 250)
    });
    figure(&format!("full disk: {} kept, 0 lost, then {}", kept.len(), full.lines.join(" ")));
}

/// Sends through a bad smtp-sink, then puts a good sink in its place: all must come out once.
fn recovers_from(name: &str, flags: &[&str]) {
    if !is_installed("smtp-sink") {
        return skip(name, "postfix is not installed");
    }
    let port = tool::free_port();
    let bad = SmtpSink::start(port, flags);
    let gateway = Gateway::start(quick(port));
    for number in 1..=20 {
        let reply = submit_numbered(gateway.smtp(), number, 3000).expect("an answer");
        assert_eq!(reply.code, 250, "a bad next hop does not hinder taking mail");
    }
    wait_for("a first failed attempt", limits::DELIVERY, || {
        let said = gateway.command(&["queue", "list", "--json"]);
        said.out.contains("attempts").then_some(())
    });
    drop(bad);
    let good = Sink::on(port, Keep::Numbers);
    let all = good.wait(limits::DELIVERY, |sink| (1..=20).all(|n| sink.counts().contains_key(&n)));
    assert!(all, "{name}: {} of 20 came out after recovery", good.total());
    assert!(good.counts().values().all(|times| *times == 1), "{name}: each once");
}

#[test]
fn a_next_hop_that_refuses_recipients_for_now() {
    recovers_from("a_next_hop_that_refuses_recipients_for_now", &["-r", "RCPT"]);
}

#[test]
fn a_next_hop_that_refuses_data_for_now() {
    recovers_from("a_next_hop_that_refuses_data_for_now", &["-r", "DATA"]);
}

#[test]
fn a_next_hop_that_refuses_the_body_for_now() {
    recovers_from("a_next_hop_that_refuses_the_body_for_now", &["-r", "."]);
}

#[test]
fn a_next_hop_that_hangs_up_at_the_end_of_data() {
    recovers_from("a_next_hop_that_hangs_up_at_the_end_of_data", &["-q", "."]);
}

#[test]
fn a_next_hop_that_hangs_up_at_mail() {
    recovers_from("a_next_hop_that_hangs_up_at_mail", &["-q", "MAIL"]);
}

#[test]
fn a_next_hop_without_ehlo_and_pipelining_is_served() {
    if !is_installed("smtp-sink") {
        return skip("a_next_hop_without_ehlo", "postfix is not installed");
    }
    let plain = SmtpSink::start(tool::free_port(), &["-e", "-p"]);
    let gateway = Gateway::start(quick(plain.port()));
    for number in 1..=20 {
        assert_eq!(submit_numbered(gateway.smtp(), number, 3000).unwrap().code, 250);
    }
    assert!(plain.wait(20, limits::DELIVERY), "{} came", plain.total());
}

#[test]
fn a_slow_next_hop_gets_everything() {
    if !is_installed("smtp-sink") {
        return skip("a_slow_next_hop_gets_everything", "postfix is not installed");
    }
    let slow = SmtpSink::start(tool::free_port(), &["-w", "1"]);
    let gateway = Gateway::start(quick(slow.port()));
    for number in 1..=20 {
        assert_eq!(submit_numbered(gateway.smtp(), number, 3000).unwrap().code, 250);
    }
    assert!(slow.wait(20, limits::DELIVERY), "{} came", slow.total());
}

#[test]
fn a_next_hop_that_refuses_for_good_makes_the_sender_hear_of_it() {
    if !is_installed("smtp-sink") {
        return skip("a_next_hop_that_refuses_for_good", "postfix is not installed");
    }
    let hard = SmtpSink::start(tool::free_port(), &["-f", "RCPT"]);
    let home = Sink::start();
    let routes = json!([route("example.test", hard.port()), route("sender.test", home.port())]);
    let options = quick(hard.port()).with("routing.routes", routes);
    let gateway = Gateway::start(options);
    assert_eq!(submit_numbered(gateway.smtp(), 1, 3000).unwrap().code, 250);
    home.expect(1);
    let notice = home.messages().remove(0);
    let text = String::from_utf8_lossy(&notice.content).into_owned();
    assert_eq!(notice.sender, "", "a notice has the null sender");
    assert_eq!(notice.recipients, ["ann@sender.test"]);
    assert!(text.contains("multipart/report") && text.contains("Action: failed"), "{text}");
}
