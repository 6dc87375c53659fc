//! The systemd units: valid, and the same process table as the one in `sandbox`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};

use gatepost_test_e2e::{is_installed, skip, tool};
use sandbox::{Access, Network, PROCESSES, Process};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../appliance/units")
}

fn unit(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The roles that a supervisor starts.
fn started() -> impl Iterator<Item = &'static Process> {
    PROCESSES.iter().filter(|process| process.started_by.is_empty())
}

#[test]
fn units_are_valid() {
    if !is_installed("systemd-analyze") {
        return skip("units_are_valid", "systemd-analyze is not installed");
    }
    let work = tempfile::tempdir().unwrap();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder()).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !["service", "socket", "target"].iter().any(|kind| name.ends_with(kind)) {
            continue;
        }
        // The program is not installed where the units say: any program will do for the syntax.
        let text = unit(&name).replace("/usr/lib/gatepost/gatepost", "/bin/true");
        let copy = work.path().join(name);
        std::fs::write(&copy, text).unwrap();
        names.push(copy.to_string_lossy().into_owned());
    }
    let mut arguments = vec!["verify", "--man=no", "--recursive-errors=no"];
    arguments.extend(names.iter().map(String::as_str));
    let output = tool::run("systemd-analyze", &arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("gatepost")).collect();
    assert!(output.status.success() && ours.is_empty(), "{said}");
}

#[test]
fn each_role_has_a_unit_with_its_sockets_and_network() {
    for process in started() {
        let name = process.name;
        let service = unit(&format!("gatepost-{name}.service"));
        let has = |line: &str| service.lines().any(|found| found == line);
        assert!(has(&format!(
            "ExecStart=/usr/lib/gatepost/gatepost role {name} --state /var/lib/gatepost"
        )));
        assert!(has(&format!("User=gatepost-{name}")), "{name} has a user of its own");
        for line in
            ["Type=notify", "WatchdogSec=30", "NoNewPrivileges=true", "CapabilityBoundingSet="]
        {
            assert!(has(line), "{name}: {line}");
        }
        assert_eq!(has("PrivateNetwork=true"), process.network == Network::None, "{name}");
        for socket in process.sockets {
            let file = if *socket == "ipc" {
                format!("gatepost-{name}.socket")
            } else {
                format!("gatepost-{name}-{socket}.socket")
            };
            let text = unit(&file);
            assert!(text.contains(&format!("FileDescriptorName={socket}\n")), "{file}");
            assert!(service.contains(&file), "{name} is handed {file}");
        }
    }
}

#[test]
fn a_unit_may_write_where_the_table_says_and_nowhere_else() {
    for process in started() {
        let service = unit(&format!("gatepost-{}.service", process.name));
        let mut written: Vec<String> = service
            .lines()
            .filter_map(|line| line.strip_prefix("ReadWritePaths=/var/lib/gatepost/"))
            .map(str::to_owned)
            .collect();
        let mut allowed: Vec<String> = process
            .places
            .iter()
            .filter(|(_, access)| *access == Access::Write)
            .map(|(place, _)| format!("{place:?}").to_lowercase())
            .collect();
        written.sort();
        allowed.sort();
        assert_eq!(written, allowed, "{}", process.name);
        assert!(service.contains("ProtectSystem=strict"));
    }
}
