//! Locks the calling process into its row of the table.
//!
//! Call it in `main`, before the first thread: landlock and seccomp bind the calling thread and
//! what it starts. Nothing can be undone afterwards. Order: rlimits, no_new_privs, landlock, seccomp.

use std::path::PathBuf;

use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::{Access, Limits, Process, calls, files, limits};

/// Why a process could not be locked in. It must not go on.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A resource limit was refused.
    #[error("the limit {limit} could not be set")]
    Limit {
        /// The kernel's name for it.
        limit: &'static str,
        /// The kernel's word.
        #[source]
        source: nix::Error,
    },
    /// no_new_privs or another process flag was refused.
    #[error("{flag} could not be set")]
    Flag {
        /// The kernel's name for it.
        flag: &'static str,
        /// The kernel's word.
        #[source]
        source: nix::Error,
    },
    /// Landlock is there but refused the rules.
    #[error("the file rules were refused")]
    Files(#[from] landlock::RulesetError),
    /// The list of system calls could not be built or was refused.
    #[error("the system call rules were refused")]
    Calls(#[from] seccompiler::Error),
    /// The list of system calls could not be translated.
    #[error("the system call rules cannot be translated")]
    Filter(#[from] seccompiler::BackendError),
    /// More than one thread runs; the others would stay free.
    #[error("the process has {0} threads; it must be locked in before it starts any")]
    Threads(usize),
}

/// A row of the table with its paths.
#[derive(Debug, Clone)]
pub struct Confinement {
    /// The row.
    pub process: &'static Process,
    /// What may be touched on disk; a path that does not exist is left out, and reported.
    pub folders: Vec<(PathBuf, Access)>,
    /// Rlimits; those of the row unless changed.
    pub limits: Limits,
}

/// How far the kernel enforces the file and network rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enforcement {
    /// All that was asked.
    Full,
    /// What this kernel knows of it (Linux 6.1: files, but no TCP rules and no scopes).
    Partial,
    /// Not at all: the kernel has no landlock.
    None,
}

/// What is in force now.
#[derive(Debug, Clone)]
pub struct Report {
    /// Landlock.
    pub landlock: Enforcement,
    /// Paths of the confinement that do not exist.
    pub missing: Vec<PathBuf>,
}

/// Locks the calling process in, for good.
///
/// # Errors
/// [`SandboxError`] when something the kernel has was refused, or when the process already has
/// several threads. A kernel without landlock is no error; the report says so.
pub fn confine(confinement: &Confinement) -> Result<Report, SandboxError> {
    refuse_threads()?;
    let own = u64::from(std::process::id());
    bound(&confinement.limits, confinement.process.allow_list)?;
    prctl::set_dumpable(false)
        .map_err(|source| SandboxError::Flag { flag: "PR_SET_DUMPABLE", source })?;
    prctl::set_no_new_privs()
        .map_err(|source| SandboxError::Flag { flag: "PR_SET_NO_NEW_PRIVS", source })?;
    let report = files::restrict(confinement)?;
    calls::restrict(confinement.process, own)?;
    Ok(report)
}

/// A process whose threads cannot be counted (no /proc, or none allowed) is let through: the cell
/// is such a one, started under the keeper's own rules.
fn refuse_threads() -> Result<(), SandboxError> {
    let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads > 1 { Err(SandboxError::Threads(threads)) } else { Ok(()) }
}

fn bound(wanted: &Limits, cell: bool) -> Result<(), SandboxError> {
    set("RLIMIT_CORE", Resource::RLIMIT_CORE, 0, 0)?;
    set("RLIMIT_NOFILE", Resource::RLIMIT_NOFILE, wanted.descriptors, wanted.descriptors)?;
    if let Some(memory) = wanted.memory_octets {
        let data = memory.saturating_add(limits::CELL_BASE_OCTETS);
        let space = data.saturating_add(limits::CELL_MAPPED_OCTETS);
        set("RLIMIT_DATA", Resource::RLIMIT_DATA, data, data)?;
        set("RLIMIT_AS", Resource::RLIMIT_AS, space, space)?;
    }
    if let Some(seconds) = wanted.cpu_seconds {
        let hard = seconds.saturating_add(limits::CPU_GRACE_SECONDS);
        set("RLIMIT_CPU", Resource::RLIMIT_CPU, seconds, hard)?;
    }
    if let Some(octets) = wanted.written_octets {
        set("RLIMIT_FSIZE", Resource::RLIMIT_FSIZE, octets, octets)?;
    }
    if cell {
        set("RLIMIT_NPROC", Resource::RLIMIT_NPROC, 0, 0)?;
    }
    Ok(())
}

/// Sets a limit, never above the hard limit that is there.
fn set(limit: &'static str, resource: Resource, soft: u64, hard: u64) -> Result<(), SandboxError> {
    let failed = |source| SandboxError::Limit { limit, source };
    let (_, ceiling) = getrlimit(resource).map_err(failed)?;
    setrlimit(resource, soft.min(ceiling), hard.min(ceiling)).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_threads_is_refused() {
        let (stop, wait) = std::sync::mpsc::channel::<()>();
        let other = std::thread::spawn(move || wait.recv());
        let row = crate::process("cell").unwrap();
        let refused = confine(&row.confinement(|_| None));
        assert!(matches!(refused, Err(SandboxError::Threads(count)) if count > 1));
        drop(stop);
        let _ = other.join();
    }
}
