//! Requests of the command line: a verb, a JSON argument, a stream of JSON lines back.

use tokio::net::UnixStream;

use crate::contracts::{Hello, Request, Response};
use crate::link::greet;
use crate::{Inlet, Outlet, Paths, Role};

/// Why a request got no answer, with the exit code for the shell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// 1 not found or finding, 2 usage, 3 not running, 4 refused.
    pub exit: u8,
    /// Cause, effect and remedy.
    pub message: String,
}

/// An answer that is coming, line by line.
pub struct Asking {
    inlet: Inlet<Response>,
    // Held so that the role sees when the asker goes.
    _outlet: Outlet<Request>,
    ended: bool,
    role: Role,
}

/// Asks a role of the gateway that runs in this state directory. `argument` is a JSON object.
///
/// # Errors
/// Exit 3 when no gateway runs there.
pub async fn ask(
    paths: &Paths,
    role: Role,
    verb: &str,
    argument: String,
) -> Result<Asking, Failure> {
    let path = paths.socket(role);
    let stream = UnixStream::connect(&path).await.map_err(|error| Failure {
        exit: 3,
        message: format!(
            "no gateway answers at {} ({error}). Nothing was done. Start one with `gatepost run`, \
             or name its folder with --state.",
            path.display()
        ),
    })?;
    let hello = Hello { role: Role::CommandLine, incarnation: u64::from(std::process::id()) };
    let (outlet, inlet) = greet::<Request, Response>(stream, &hello);
    let request = Request { verb: verb.to_owned(), argument, actor: actor() };
    let _ = outlet.send(&request, Vec::new());
    Ok(Asking { inlet, _outlet: outlet, ended: false, role })
}

/// The user who asks, for the records.
fn actor() -> String {
    let uid = nix::unistd::getuid();
    match nix::unistd::User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        _ => format!("uid {uid}"),
    }
}

impl Asking {
    /// The next JSON line; `None` when the answer is complete.
    pub async fn next(&mut self) -> Option<Result<String, Failure>> {
        if self.ended {
            return None;
        }
        match self.inlet.receive().await {
            Ok(Some((Response::Line(line), _))) => Some(Ok(line)),
            Ok(Some((Response::Done, _))) => {
                self.ended = true;
                None
            }
            Ok(Some((Response::Failed { exit, message }, _))) => {
                self.ended = true;
                Some(Err(Failure { exit, message }))
            }
            Ok(None) | Err(_) => {
                self.ended = true;
                let role = self.role.word();
                let message = format!(
                    "{role} ended before its answer was complete. What was shown may not be all. \
                     Ask again; `gatepost health` tells whether it runs."
                );
                Some(Err(Failure { exit: 3, message }))
            }
        }
    }
}
