//! The control role: owns the settings, hands them to the roles, and answers those who change them.
//!
//! Roles subscribe to sections and get them as one snapshot now and after each commit that changes
//! one of them; nothing else is pushed. The command line sends verbs, which stand in [`faces`]. The
//! store (`config`) is touched by one request at a time and never on the async threads, since a
//! commit waits for the disk. This role never sees mail and never opens a network socket.
//!
//! Start with [`run`].
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod desk;
pub mod faces;
pub mod limits;
mod serve;
#[cfg(test)]
mod tests;

use config::OpenError;
use ipc::{IpcError, RoleContext};
use schema::{Problem, Tree};

/// Why control cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The settings cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Its socket cannot be opened, or accepting failed for good.
    #[error(transparent)]
    Ipc(#[from] IpcError),
    /// The document of the first start does not fit. Nothing was imported.
    #[error("the settings to import have {} problems, and nothing was imported:{}", .0.len(), lines(.0))]
    Import(Vec<Problem>),
    /// The imported settings could not be committed.
    #[error("the imported settings could not be committed: {0}")]
    Commit(config::ChangeError),
    /// The thread that opened the store is gone.
    #[error("the settings could not be opened: the thread that opens them ended")]
    Thread,
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("\n  {problem}")).collect()
}

/// Serves until the context says stop. `import` is the text of an export document; it becomes
/// revision 1 when there is no revision yet, and is not looked at otherwise.
///
/// # Errors
/// [`ControlError`]; what can be said to a caller is said to that caller instead.
pub async fn run(
    context: RoleContext,
    tree: Tree,
    import: Option<String>,
) -> Result<(), ControlError> {
    let folder = context.paths.config();
    let now = context.clock.now();
    let opening = tokio::task::spawn_blocking(move || desk::Desk::open(&folder, tree, import, now));
    let desk = opening.await.map_err(|_| ControlError::Thread)??;
    serve::serve(context, desk).await
}
