//! File and TCP rules by landlock: everything is refused but what the row names.

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
};

use crate::{Access, Confinement, Enforcement, Network, Report, SandboxError};

/// The newest rules we know how to state; an older kernel enforces those it has.
const STATED: ABI = ABI::V6;

fn rights(access: Access) -> BitFlags<AccessFs> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    match access {
        Access::Read => read,
        Access::Execute => read | AccessFs::Execute,
        Access::Write => {
            read | AccessFs::WriteFile
                | AccessFs::Truncate
                | AccessFs::MakeReg
                | AccessFs::MakeDir
                | AccessFs::RemoveFile
                | AccessFs::RemoveDir
                | AccessFs::Refer
        }
        Access::Sockets => AccessFs::MakeSock | AccessFs::RemoveFile,
    }
}

fn ports(network: Network) -> BitFlags<AccessNet> {
    match network {
        // A passed-in connection could else be turned around: disconnected, then connected out.
        Network::None | Network::Accept => AccessNet::BindTcp | AccessNet::ConnectTcp,
        Network::Connect => AccessNet::BindTcp.into(),
    }
}

/// Restricts the calling thread.
///
/// # Errors
/// The kernel's, when it has landlock but refuses a rule.
pub(crate) fn restrict(confinement: &Confinement) -> Result<Report, SandboxError> {
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(STATED))?
        .handle_access(ports(confinement.process.network))?
        // No signal to a process outside, no socket without a path in the file system.
        .scope(Scope::Signal | Scope::AbstractUnixSocket)?
        .create()?;
    let mut missing = Vec::new();
    for (path, access) in &confinement.folders {
        let Ok(place) = PathFd::new(path) else {
            missing.push(path.clone());
            continue;
        };
        let mut allowed = rights(*access);
        if !path.is_dir() {
            allowed &= AccessFs::from_file(STATED);
        }
        rules = rules.add_rule(PathBeneath::new(place, allowed))?;
    }
    let status = rules.restrict_self()?;
    let landlock = match status.ruleset {
        RulesetStatus::FullyEnforced => Enforcement::Full,
        RulesetStatus::PartiallyEnforced => Enforcement::Partial,
        RulesetStatus::NotEnforced => Enforcement::None,
    };
    Ok(Report { landlock, missing })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_gives_no_right_to_change_or_start_anything() {
        let read = rights(Access::Read);
        assert!(!read.contains(AccessFs::Execute));
        assert!((read & AccessFs::from_write(STATED)).is_empty());
    }

    #[test]
    fn writing_makes_no_devices_links_or_sockets() {
        let odd = AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::MakeSym | AccessFs::MakeSock;
        assert!((rights(Access::Write) & (odd | AccessFs::Execute)).is_empty());
    }

    #[test]
    fn a_socket_folder_opens_no_file() {
        let sockets = rights(Access::Sockets);
        assert!((sockets & (AccessFs::ReadFile | AccessFs::WriteFile)).is_empty());
    }

    #[test]
    fn only_a_connecting_role_may_connect() {
        assert!(ports(Network::Accept).contains(AccessNet::ConnectTcp));
        assert!(!ports(Network::Connect).contains(AccessNet::ConnectTcp));
        assert!(ports(Network::Connect).contains(AccessNet::BindTcp));
    }
}
