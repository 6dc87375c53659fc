//! Floors: a crate may look down, never up; the lower three have neither I/O nor a clock.

use crate::tree::{Package, SourceFile};
use crate::{Fault, source};

/// The table of `appliance/docs/architecture.md`: folder and floor.
pub const FLOORS: [(&str, u8); 26] = [
    ("mail", 0),
    ("schema", 0),
    ("smtp", 1),
    ("message", 1),
    ("filetype", 1),
    ("unpack", 1),
    ("patterns", 2),
    ("spam", 2),
    ("expressions", 2),
    ("engines", 2),
    ("policy", 2),
    ("world", 3),
    ("ipc", 3),
    ("sandbox", 3),
    ("spool", 4),
    ("ledger", 4),
    ("vault", 4),
    ("config", 4),
    ("learning", 4),
    ("intake", 5),
    ("inspect", 5),
    ("queue", 5),
    ("deliver", 5),
    ("control", 5),
    ("gatepost", 6),
    ("test", 7),
];

/// Edges that stay on one floor, each with its reason.
const LEVEL_EDGES: [(&str, &str, &str); 10] = [
    ("schema", "mail", "a field may hold an address or a domain"),
    ("policy", "engines", "judgement reads what engines call their findings"),
    ("ipc", "world", "a role's context carries the clock"),
    ("ipc", "sandbox", "a role's context carries its sockets"),
    ("unpack", "filetype", "what opens a member is chosen by its true type"),
    ("unpack", "message", "a message inside an archive is read as one"),
    ("engines", "spam", "the message is taken apart once, for judges of unwanted mail too"),
    ("engines", "expressions", "lists look at texts while the message is taken apart"),
    ("engines", "patterns", "the virus engine scans with the pattern pack"),
    ("message", "smtp", "amended mail obeys the wire's line rules"),
];

/// Words that lower floors must not say, with what to do instead.
const IMPURE: [(&str, &str); 14] = [
    ("std::fs", "take the octets as a parameter"),
    ("std::env", "take the value as a parameter"),
    ("std::process", "processes belong to floor 3 and above"),
    ("std::thread", "threads belong to the shell around the machine"),
    ("TcpStream", "sockets belong to floor 5"),
    ("TcpListener", "sockets belong to floor 5"),
    ("UdpSocket", "sockets belong to floor 5"),
    ("UnixStream", "sockets belong to floor 3 and above"),
    ("SystemTime", "take mail::Timestamp as a parameter"),
    ("Instant", "take mail::Timestamp as a parameter"),
    ("sleep", "return when to be called again"),
    ("tokio", "return actions; the shell does them"),
    ("println", "return text"),
    ("eprintln", "return text"),
];

/// Crates from the registry that lower floors must not have.
const IMPURE_CRATES: [&str; 6] = ["tokio", "nix", "tracing", "reqwest", "sqlx", "sled"];

/// The floor of a package by its name.
#[must_use]
pub fn floor_of(package: &str) -> Option<u8> {
    // The program itself is called by the product's name alone.
    let noun = package.strip_prefix("gatepost-").unwrap_or(package);
    let noun = if noun.starts_with("test-") { "test" } else { noun };
    FLOORS.iter().find(|(name, _)| *name == noun).map(|(_, floor)| *floor)
}

/// Edges that go up, or along a floor without a reason, and packages that have no floor.
#[must_use]
pub fn edges(packages: &[Package]) -> Vec<Fault> {
    packages.iter().flat_map(faults_of).collect()
}

fn faults_of(package: &Package) -> Vec<Fault> {
    let Some(floor) = floor_of(&package.name) else {
        return vec![Fault::new(&package.name, "has no floor: add it to the table in tests/tidy")];
    };
    let up = package.edges.iter().filter(|edge| !may_look(&package.name, floor, edge));
    let mut faults: Vec<Fault> = up
        .map(|edge| {
            let text = format!("depends on {edge}, which is not below it; look down only");
            Fault::new(&package.name, text)
        })
        .collect();
    if floor <= 2 {
        let impure = package.registry.iter().filter(|name| IMPURE_CRATES.contains(&name.as_str()));
        faults.extend(impure.map(|name| {
            Fault::new(&package.name, format!("depends on {name}: floors 0-2 have no I/O"))
        }));
    }
    faults
}

fn may_look(from: &str, floor: u8, to: &str) -> bool {
    let noun = |name: &str| name.trim_start_matches("gatepost-").to_owned();
    let level = || {
        let (from, to) = (noun(from), noun(to));
        LEVEL_EDGES.iter().any(|(one, two, _)| *one == from && *two == to)
    };
    // Tests may build on each other: the harness is one of them.
    floor_of(to).is_some_and(|target| target < floor || floor == 7) || level()
}

/// I/O, clocks, threads and output in floors 0-2.
#[must_use]
pub fn purity(sources: &[SourceFile]) -> Vec<Fault> {
    let low = |file: &&SourceFile| {
        file.appliance_crate()
            .and_then(|name| floor_of(&format!("gatepost-{name}")))
            .is_some_and(|floor| floor <= 2)
    };
    let mut faults = Vec::new();
    for file in sources.iter().filter(low) {
        for (word, instead) in IMPURE {
            for line in source::lines_with(&file.product, word) {
                let place = format!("{}:{line}", file.path);
                faults
                    .push(Fault::new(place, format!("`{word}` on a floor without I/O: {instead}")));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, edges: &[&str]) -> Package {
        let edges = edges.iter().map(|edge| (*edge).to_owned()).collect();
        Package { name: name.to_owned(), edges, registry: Vec::new() }
    }

    #[test]
    fn an_edge_up_a_floor_is_a_fault() {
        assert_eq!(edges(&[package("gatepost-mail", &["gatepost-smtp"])]).len(), 1);
        assert_eq!(edges(&[package("gatepost-smtp", &["gatepost-mail"])]), []);
        assert_eq!(edges(&[package("gatepost-queue", &["gatepost-intake"])]).len(), 1);
    }

    #[test]
    fn a_package_without_a_floor_is_a_fault() {
        assert_eq!(edges(&[package("gatepost-utils", &[])]).len(), 1);
    }

    #[test]
    fn a_runtime_on_a_low_floor_is_a_fault() {
        let mut low = package("gatepost-policy", &[]);
        low.registry.push("tokio".to_owned());
        assert_eq!(edges(&[low]).len(), 1);
    }

    #[test]
    fn a_clock_on_a_low_floor_is_a_fault_but_not_in_its_tests() {
        let text = "use std::time::Instant;\n#[cfg(test)]\nmod tests { use std::fs; }\n";
        let faults = purity(&[SourceFile::new("appliance/smtp/src/lib.rs", text)]);
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].place, "appliance/smtp/src/lib.rs:1");
        assert_eq!(purity(&[SourceFile::new("appliance/queue/src/lib.rs", text)]), []);
    }
}
