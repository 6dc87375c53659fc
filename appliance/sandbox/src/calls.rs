//! System call rules by seccomp, as data with reasons.
//!
//! A cell is held to an allow-list: any other call kills it. The other roles are held to a
//! deny-list in three steps: calls that only an attacker makes kill; calls that a library may try
//! are refused (EACCES) or are not there (ENOSYS), so that the library falls back.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

use crate::{Network, Process, SandboxError};

/// What happens at a call of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Allow,
    Kill,
    Refuse,
    Absent,
}

/// One condition: argument, comparison, value.
type Condition = (u8, SeccompCmpOp, u64);

/// One rule with its reason.
struct Rule {
    calls: &'static [i64],
    /// All must hold; none means always.
    conditions: Vec<Condition>,
    reason: &'static str,
}

fn rule(calls: &'static [i64], reason: &'static str) -> Rule {
    Rule { calls, conditions: Vec::new(), reason }
}

fn when(calls: &'static [i64], conditions: Vec<Condition>, reason: &'static str) -> Rule {
    Rule { calls, conditions, reason }
}

const EXECUTE: &[i64] = &[libc::SYS_execve, libc::SYS_execveat];

#[cfg(target_arch = "x86_64")]
const FORK: &[i64] = &[libc::SYS_fork, libc::SYS_vfork];
#[cfg(not(target_arch = "x86_64"))]
const FORK: &[i64] = &[];

/// What a cell may do. `own` is its process id.
fn cell(own: u64) -> Vec<Rule> {
    let not_executable = (2, SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64), 0);
    let private = (3, SeccompCmpOp::MaskedEq(libc::MAP_SHARED as u64), 0);
    let itself = (0, SeccompCmpOp::Eq, libc::RUSAGE_SELF as u64);
    vec![
        rule(&[libc::SYS_recvmsg, libc::SYS_sendmsg], "jobs and answers on its one channel"),
        rule(&[libc::SYS_pread64], "reads the body from the descriptor it was handed"),
        rule(&[libc::SYS_pwrite64], "writes the amended message into the file it was handed"),
        rule(&[libc::SYS_write], "the last words of an abort on the error stream"),
        rule(&[libc::SYS_close], "gives descriptors back"),
        when(
            &[libc::SYS_fcntl],
            vec![(1, SeccompCmpOp::Eq, libc::F_GETFD as u64)],
            "the standard library checks that a descriptor is open before it closes it (debug builds)",
        ),
        when(
            &[libc::SYS_fcntl],
            vec![(1, SeccompCmpOp::Eq, libc::F_GET_SEALS as u64)],
            "sees that the pattern pack it is handed is sealed, before it maps it",
        ),
        rule(&[libc::SYS_brk, libc::SYS_munmap, libc::SYS_madvise], "memory for the allocator"),
        when(
            &[libc::SYS_mmap],
            vec![not_executable.clone(), private],
            "memory and the pattern pack: never executable, and never shared with a writer, since \
             shared memory does not count against the memory limit",
        ),
        when(&[libc::SYS_mprotect], vec![not_executable], "guard pages, never executable"),
        rule(&[libc::SYS_mremap], "grows large buffers without copying"),
        rule(&[libc::SYS_futex, libc::SYS_sched_yield], "locks inside the standard library"),
        rule(&[libc::SYS_clock_gettime, libc::SYS_clock_getres], "time where the vDSO has none"),
        when(
            &[libc::SYS_getrusage],
            vec![itself],
            "its own memory and CPU time, to retire in time",
        ),
        rule(&[libc::SYS_getrandom], "seeds of hash maps"),
        rule(
            &[
                libc::SYS_rt_sigaction,
                libc::SYS_rt_sigprocmask,
                libc::SYS_rt_sigreturn,
                libc::SYS_sigaltstack,
                libc::SYS_restart_syscall,
            ],
            "signal frames, and the stack overflow handler at the end of the thread",
        ),
        rule(&[libc::SYS_getpid, libc::SYS_gettid], "abort asks whom to signal"),
        when(&[libc::SYS_tgkill], vec![(0, SeccompCmpOp::Eq, own)], "abort signals itself"),
        rule(&[libc::SYS_exit, libc::SYS_exit_group], "ends"),
    ]
}

/// What no role does.
fn killed(process: &Process) -> Vec<Rule> {
    let mut rules = vec![
        rule(
            &[
                libc::SYS_ptrace,
                libc::SYS_process_vm_readv,
                libc::SYS_process_vm_writev,
                libc::SYS_kcmp,
                libc::SYS_pidfd_getfd,
            ],
            "reaching into another process",
        ),
        rule(
            &[
                libc::SYS_mount,
                libc::SYS_umount2,
                libc::SYS_pivot_root,
                libc::SYS_chroot,
                libc::SYS_move_mount,
                libc::SYS_open_tree,
                libc::SYS_fsopen,
                libc::SYS_fsconfig,
                libc::SYS_fsmount,
                libc::SYS_fspick,
                libc::SYS_mount_setattr,
                libc::SYS_swapon,
                libc::SYS_swapoff,
                libc::SYS_quotactl,
            ],
            "changing the file system's shape",
        ),
        rule(
            &[libc::SYS_open_by_handle_at, libc::SYS_name_to_handle_at, libc::SYS_lookup_dcookie],
            "opening files around their folders",
        ),
        rule(
            &[
                libc::SYS_bpf,
                libc::SYS_perf_event_open,
                libc::SYS_userfaultfd,
                libc::SYS_kexec_load,
                libc::SYS_kexec_file_load,
                libc::SYS_init_module,
                libc::SYS_finit_module,
                libc::SYS_delete_module,
                libc::SYS_syslog,
            ],
            "reaching into the kernel",
        ),
        rule(&[libc::SYS_keyctl, libc::SYS_add_key, libc::SYS_request_key], "keys of others"),
        rule(
            &[
                libc::SYS_reboot,
                libc::SYS_sethostname,
                libc::SYS_setdomainname,
                libc::SYS_settimeofday,
                libc::SYS_clock_settime,
                libc::SYS_clock_adjtime,
                libc::SYS_adjtimex,
                libc::SYS_acct,
                libc::SYS_vhangup,
                libc::SYS_personality,
            ],
            "changing the system",
        ),
        rule(&[libc::SYS_setns, libc::SYS_unshare], "namespaces widen the kernel's surface"),
        rule(
            &[
                libc::SYS_setuid,
                libc::SYS_setgid,
                libc::SYS_setreuid,
                libc::SYS_setregid,
                libc::SYS_setresuid,
                libc::SYS_setresgid,
                libc::SYS_setgroups,
                libc::SYS_setfsuid,
                libc::SYS_setfsgid,
                libc::SYS_capset,
            ],
            "the user was chosen before the start",
        ),
    ];
    #[cfg(target_arch = "x86_64")]
    rules.push(rule(
        &[libc::SYS_iopl, libc::SYS_ioperm, libc::SYS_modify_ldt, libc::SYS_uselib],
        "reaching into the machine",
    ));
    for namespace in NAMESPACES {
        let flag = *namespace as u64;
        let condition = (0, SeccompCmpOp::MaskedEq(flag), flag);
        rules.push(when(&[libc::SYS_clone], vec![condition], "a process in new namespaces"));
    }
    if !process.starts {
        rules.push(rule(EXECUTE, "mail starts no program"));
    }
    rules
}

const NAMESPACES: &[libc::c_int] = &[
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
];

/// What a role is refused although a library may try it.
fn refused(process: &Process) -> Vec<Rule> {
    let families: &[libc::c_int] = match process.network {
        Network::None | Network::Accept => &[libc::AF_UNIX],
        // Name resolution lists the local addresses over netlink.
        Network::Connect => &[libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK],
    };
    let other = |family: &libc::c_int| (0, SeccompCmpOp::Ne, *family as u64);
    let mut rules = vec![when(
        &[libc::SYS_socket],
        families.iter().map(other).collect(),
        "sockets of the families its row names, and no others",
    )];
    if !process.starts {
        let thread = libc::CLONE_THREAD as u64;
        let condition = (0, SeccompCmpOp::MaskedEq(thread), 0);
        rules.push(when(&[libc::SYS_clone], vec![condition], "threads, but no processes"));
        rules.push(rule(FORK, "threads, but no processes"));
    }
    rules
}

/// Calls that are not there: their arguments cannot be looked at, and each has an older twin.
fn absent() -> Vec<Rule> {
    vec![
        rule(&[libc::SYS_clone3], "its flags lie in memory; clone is used instead"),
        rule(
            &[libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register],
            "it makes system calls that no rule here sees",
        ),
    ]
}

/// On x86-64 the kernel may take calls by x32 numbers too: the number with this bit.
#[cfg(target_arch = "x86_64")]
const OTHER_NUMBERS: Option<i64> = Some(0x4000_0000);
#[cfg(not(target_arch = "x86_64"))]
const OTHER_NUMBERS: Option<i64> = None;

/// Numbers that x32 has for itself (arch/x86/entry/syscalls/syscall_64.tbl): execve, ptrace,
/// process_vm_readv, process_vm_writev, execveat, kexec_load.
const X32_OWN: &[i64] = &[520, 521, 528, 539, 540, 545];

fn compile(rules: &[Rule], answer: Answer) -> Result<BpfProgram, SandboxError> {
    let mut map: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for rule in rules {
        for call in rule.calls {
            let twin = OTHER_NUMBERS.filter(|_| answer != Answer::Allow).map(|bit| call | bit);
            for number in [Some(*call), twin].into_iter().flatten() {
                let chain = map.entry(number).or_default();
                if !rule.conditions.is_empty() {
                    chain.push(conditions(&rule.conditions)?);
                }
            }
        }
    }
    if let (Some(bit), Answer::Kill) = (OTHER_NUMBERS, answer) {
        map.extend(X32_OWN.iter().map(|number| (number | bit, Vec::new())));
    }
    let (mismatch, matched) = match answer {
        Answer::Allow => (SeccompAction::KillProcess, SeccompAction::Allow),
        Answer::Kill => (SeccompAction::Allow, SeccompAction::KillProcess),
        Answer::Refuse => (SeccompAction::Allow, SeccompAction::Errno(libc::EACCES as u32)),
        Answer::Absent => (SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS as u32)),
    };
    let filter = SeccompFilter::new(map, mismatch, matched, architecture()?)?;
    Ok(BpfProgram::try_from(filter)?)
}

fn architecture() -> Result<TargetArch, BackendError> {
    std::env::consts::ARCH.try_into()
}

fn conditions(list: &[Condition]) -> Result<SeccompRule, BackendError> {
    let make = |(argument, comparison, value): &Condition| {
        SeccompCondition::new(*argument, SeccompCmpArgLen::Dword, comparison.clone(), *value)
    };
    SeccompRule::new(list.iter().map(make).collect::<Result<_, _>>()?)
}

/// Execute is looked at apart, since the keeper may; x32's own numbers are killed for it too,
/// which costs it nothing: the appliance has no x32 programs.
fn lists(process: &Process, own: u64) -> Vec<(Vec<Rule>, Answer)> {
    if process.allow_list {
        return vec![(cell(own), Answer::Allow)];
    }
    vec![
        (absent(), Answer::Absent),
        (refused(process), Answer::Refuse),
        (killed(process), Answer::Kill),
    ]
}

/// Restricts the calling thread and all it starts. `own` is the process id.
///
/// # Errors
/// The kernel's, or that a filter cannot be built for this machine.
pub(crate) fn restrict(process: &Process, own: u64) -> Result<(), SandboxError> {
    let programs = lists(process, own)
        .iter()
        .map(|(rules, answer)| compile(rules, *answer))
        .collect::<Result<Vec<_>, _>>()?;
    for program in &programs {
        seccompiler::apply_filter(program)?;
    }
    Ok(())
}

/// The rules of a role in words, for the papers: what happens, the number of calls, the reason.
#[must_use]
pub fn rules(process: &Process) -> Vec<String> {
    let lists = lists(process, 0);
    let lines = lists.iter().flat_map(|(rules, answer)| {
        let deed = match answer {
            Answer::Allow => "allowed",
            Answer::Kill => "kills",
            Answer::Refuse => "refused",
            Answer::Absent => "absent",
        };
        rules
            .iter()
            .map(move |rule| format!("{deed}: {} ({} calls)", rule.reason, rule.calls.len()))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PROCESSES;

    #[test]
    fn every_role_has_filters_the_kernel_can_take() {
        for process in PROCESSES {
            for (rules, answer) in lists(process, 1234) {
                let program = compile(&rules, answer).unwrap();
                assert!(program.len() < 4096, "{}: {} instructions", process.name, program.len());
            }
        }
    }

    #[test]
    fn a_cell_cannot_open_connect_or_start_anything() {
        let allowed: Vec<i64> = cell(1).iter().flat_map(|rule| rule.calls).copied().collect();
        let never = [
            libc::SYS_openat,
            libc::SYS_socket,
            libc::SYS_connect,
            libc::SYS_execve,
            libc::SYS_clone,
            libc::SYS_clone3,
            libc::SYS_ptrace,
            libc::SYS_prctl,
            libc::SYS_ioctl,
            libc::SYS_prlimit64,
            libc::SYS_kill,
            libc::SYS_statx,
            libc::SYS_memfd_create,
        ];
        assert!(never.iter().all(|call| !allowed.contains(call)));
    }

    #[test]
    fn every_rule_says_why() {
        for process in PROCESSES {
            assert!(rules(process).iter().all(|line| line.len() > 20), "{}", process.name);
        }
    }

    #[test]
    fn only_the_keeper_may_execute() {
        for process in PROCESSES.iter().filter(|process| !process.allow_list) {
            let forbids = killed(process).iter().any(|rule| rule.calls == EXECUTE);
            assert_eq!(forbids, !process.starts, "{}", process.name);
        }
    }
}
