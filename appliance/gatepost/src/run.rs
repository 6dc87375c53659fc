//! `gatepost run`: the whole process table in one folder, without privileges.

use std::fs::{DirBuilder, File};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use clap::Args;
use ipc::Paths;

use crate::supervise::{Supervisor, Wanted};
use crate::{certificate, role};

/// Arguments of `gatepost run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// Settings (the export format) applied at the first start in this folder.
    #[arg(long)]
    pub import: Option<PathBuf>,
    /// Added to every port.
    #[arg(long, default_value_t = 0)]
    pub listen_offset: u16,
    /// Address to listen on.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub listen_address: IpAddr,
}

/// Ports of `gatepost run` before the offset, by the name of the socket.
pub const PORTS: [(&str, u16); 4] =
    [("smtp", 2525), ("submissions", 4465), ("submission", 5587), ("metrics", 9145)];

/// Runs until told to stop; the exit code.
pub fn run(paths: &Paths, arguments: &RunArguments) -> u8 {
    match prepare(paths, arguments) {
        Ok((lock, wanted)) => {
            let code = crate::on_runtime(Supervisor::run(wanted, announce(paths, arguments)));
            drop(lock);
            code
        }
        Err(message) => {
            eprintln!("gatepost run: {message}");
            4
        }
    }
}

/// Everything that can go wrong before the first process starts.
fn prepare(paths: &Paths, arguments: &RunArguments) -> Result<(File, Wanted), String> {
    let state = paths.state().to_owned();
    make_folders(paths).map_err(|error| {
        format!(
            "the folders below {} cannot be made ({error}). Nothing was started. Name a folder of \
             yours with --state.",
            state.display()
        )
    })?;
    let paths = absolute(&state)?;
    let lock = lock(&paths)?;
    let _ = std::fs::remove_file(paths.run().join("ready"));
    certificate::ensure(&paths.tls(), "gatepost.example.test")
        .map_err(|error| format!("{error} in {}. Nothing was started.", paths.tls().display()))?;
    let import = arguments.import.as_deref().map(readable).transpose()?;
    let listeners = PORTS
        .iter()
        .map(|(name, port)| listen(name, arguments.listen_address, *port, arguments.listen_offset))
        .collect::<Result<Vec<_>, _>>()?;
    Ok((lock, Wanted { paths, listeners, import }))
}

fn make_folders(paths: &Paths) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(paths.state())?;
    role::folders(paths).iter().try_for_each(|folder| builder.create(folder))
}

/// Roles change into nothing, but a relative path would be of no use in messages.
fn absolute(state: &Path) -> Result<Paths, String> {
    let state = std::fs::canonicalize(state)
        .map_err(|error| format!("{} cannot be found ({error})", state.display()))?;
    let paths = Paths::new(&state);
    // sun_path of unix(7) has 108 octets, one of them the closing zero.
    let longest = paths.socket(ipc::Role::CommandLine).as_os_str().len();
    if longest > 107 {
        return Err(format!(
            "the path of {} is too long for sockets ({longest} octets, 107 at most). Nothing was \
             started. Choose a shorter folder with --state.",
            state.display()
        ));
    }
    Ok(paths)
}

fn lock(paths: &Paths) -> Result<File, String> {
    let path = paths.run().join("lock");
    let file = File::create(&path)
        .map_err(|error| format!("{} cannot be made ({error})", path.display()))?;
    let taken = rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive);
    taken.map_err(|_| {
        format!(
            "a gateway runs in {} already. Nothing was started. Stop it, or name another folder \
             with --state.",
            paths.state().display()
        )
    })?;
    Ok(file)
}

/// The settings to import must be in order before anything starts: control would refuse them over
/// and over.
fn readable(path: &Path) -> Result<PathBuf, String> {
    let failed = |error: io::Error| {
        format!("the settings {} cannot be read ({error}). Nothing was started.", path.display())
    };
    let text = std::fs::read_to_string(path).map_err(failed)?;
    let nothing = serde_json::Map::new();
    schema::import(&crate::tree::tree(), &text, schema::Manner::Replace, &nothing).map_err(
        |error| {
            let lines: Vec<String> =
                error.into_problems().iter().map(|problem| format!("\n  {problem}")).collect();
            format!("{} is not in order. Nothing was started.{}", path.display(), lines.concat())
        },
    )?;
    std::fs::canonicalize(path).map_err(failed)
}

fn listen(
    name: &str,
    address: IpAddr,
    port: u16,
    offset: u16,
) -> Result<(String, TcpListener), String> {
    let port = port.checked_add(offset).ok_or("the --listen-offset is too large")?;
    let address = SocketAddr::new(address, port);
    let listener = TcpListener::bind(address).map_err(|error| {
        format!(
            "{address} ({name}) cannot be listened on ({error}). Nothing was started. Stop what \
             uses the port, or move all ports with --listen-offset."
        )
    })?;
    Ok((name.to_owned(), listener))
}

/// What a person is told once everything serves.
fn announce(paths: &Paths, arguments: &RunArguments) -> String {
    let port = |name: &str| {
        let base = PORTS.iter().find(|(known, _)| *known == name).map_or(0, |(_, port)| *port);
        SocketAddr::new(arguments.listen_address, base.saturating_add(arguments.listen_offset))
    };
    let state = paths.state().display();
    format!(
        "Gatepost is running in {state}\n\
         \n\
         SMTP                {}   (STARTTLS offered, self-signed certificate)\n\
         Submission          {}   STARTTLS, {} TLS; permitted hosts only\n\
         Metrics             http://{}/metrics\n\
         Mail for example.test is delivered to {state}/delivered\n\
         \n\
         Send a first message:    gatepost send --server {} --to ann@example.test clean\n\
         And one with a virus:    gatepost send --server {} --to ann@example.test eicar\n\
         See what became of it:   gatepost --state {state} track ann@example.test\n\
         What is held:            gatepost --state {state} quarantine list\n\
         \n\
         ready",
        port("smtp"),
        port("submission"),
        port("submissions"),
        port("metrics"),
        port("smtp"),
        port("smtp"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(text: &str) -> Result<PathBuf, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        std::fs::write(&path, text).unwrap();
        readable(&path)
    }

    #[test]
    fn settings_that_are_out_of_order_stop_the_start_and_name_the_place() {
        let bad = r#"{"format":"gatepost settings 1","settings":{"retry":{"lifetime_seconds":1}}}"#;
        let message = import(bad).unwrap_err();
        assert!(message.contains("retry.lifetime_seconds"), "{message}");
        assert!(message.contains("Nothing was started"), "{message}");
        assert!(import("{").is_err());
    }

    #[test]
    fn settings_in_order_are_taken() {
        let good =
            r#"{"format":"gatepost settings 1","settings":{"retry":{"lifetime_seconds":60}}}"#;
        assert!(import(good).is_ok());
    }

    #[test]
    fn a_port_beyond_the_last_is_refused() {
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert!(listen("smtp", address, 65_000, 1000).unwrap_err().contains("listen-offset"));
    }
}
