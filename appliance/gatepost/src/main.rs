//! Gatepost: one program for every role of the process table and for the operator's command line.
//!
//! `gatepost run` starts the whole table in one folder; `gatepost role NAME` is one process of it
//! (what the systemd units call); every other verb talks to a running gateway over its sockets.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod certificate;
mod expressions;
mod face;
mod health;
mod learn;
mod metrics;
mod patterns;
mod quarantine;
mod queue_face;
mod role;
mod run;
mod scan;
mod send;
mod settings;
mod supervise;
mod track;
mod tree;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// Gatepost, a secure mail gateway.
#[derive(Debug, Parser)]
#[command(version, about, disable_help_subcommand = true)]
struct CommandLine {
    /// State folder of the gateway.
    #[arg(long, global = true, env = "GATEPOST_STATE", default_value = "state")]
    state: PathBuf,
    /// Answer in JSON, one object a line.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the whole gateway in the state folder, without privileges.
    Run(run::RunArguments),
    /// Run one role (what the supervisor and the systemd units call).
    Role(RoleArguments),
    /// Send a test message.
    Send(send::SendArguments),
    /// Scan messages with the workers and the policy, without sending anything.
    Scan(scan::ScanArguments),
    /// Show what happened to a message: by queue id, Message-ID, address, domain, IP, subject ...
    Track(track::TrackArguments),
    /// List and act on queued mail.
    #[command(subcommand)]
    Queue(queue_face::QueueCommand),
    /// List and act on quarantined mail.
    #[command(subcommand)]
    Quarantine(quarantine::QuarantineCommand),
    /// Read and change settings.
    #[command(subcommand)]
    Settings(settings::SettingsCommand),
    /// Make, show and try pattern packs.
    #[command(subcommand)]
    Patterns(patterns::PatternsCommand),
    /// Try expressions and keywords, and see the lists of them that ship.
    #[command(subcommand)]
    Expressions(expressions::ExpressionsCommand),
    /// Teach the gateway what mail is wanted and what is not, and take lessons back.
    Learn(learn::LearnArguments),
    /// Tell whether the gateway is well.
    Health,
    /// Print the reference manual of all settings (Markdown).
    Manual,
}

#[derive(Debug, Args)]
struct RoleArguments {
    /// The role.
    name: String,
    /// For control: settings applied at the first start.
    #[arg(long)]
    import: Option<PathBuf>,
}

fn main() -> ExitCode {
    // A cell must not have any thread, file or variable more than it needs.
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == "role") && words.next().is_some_and(|w| w == "cell")
    {
        return ExitCode::from(inspect::cell_main());
    }
    let line = CommandLine::parse();
    // The only provider that is compiled in; a second call could only say so.
    let _ = rustls::crypto::ring::default_provider().install_default();
    ExitCode::from(dispatch(line))
}

fn dispatch(line: CommandLine) -> u8 {
    let paths = ipc::Paths::new(&line.state);
    match line.verb {
        Verb::Role(arguments) => role::run(&arguments.name, paths, arguments.import.as_deref()),
        Verb::Run(arguments) => run::run(&paths, &arguments),
        Verb::Manual => {
            print!("{}", schema::manual(&tree::tree()));
            0
        }
        Verb::Patterns(command) => patterns::run(&command, line.json),
        Verb::Expressions(command) => expressions::run(&command, line.json),
        verb => on_runtime(ask(verb, paths, line.json)),
    }
}

async fn ask(verb: Verb, paths: ipc::Paths, json: bool) -> u8 {
    match verb {
        Verb::Send(arguments) => send::run(arguments, json).await,
        Verb::Scan(arguments) => scan::run(&paths, arguments, json).await,
        Verb::Track(arguments) => track::run(&paths, arguments, json).await,
        Verb::Queue(command) => queue_face::run(&paths, command, json).await,
        Verb::Quarantine(command) => quarantine::run(&paths, command, json).await,
        Verb::Settings(command) => settings::run(&paths, command, json).await,
        Verb::Learn(arguments) => learn::run(&paths, arguments, json).await,
        Verb::Health => health::run(&paths, json).await,
        Verb::Run(_) | Verb::Role(_) | Verb::Manual | Verb::Patterns(_) | Verb::Expressions(_) => 2,
    }
}

fn on_runtime(work: impl Future<Output = u8>) -> u8 {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => {
            eprintln!("gatepost: the system gives no event loop ({error}); nothing was done");
            3
        }
    }
}
