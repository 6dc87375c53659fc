//! System calls as an attacker would make them, for `tests/denials`. Only in builds with the feature
//! `probes`, which no shipped build has.
#![allow(unsafe_code)]

use nix::libc;

/// Calls that no role may make, by name: number and first two arguments.
pub const PROBES: &[(&str, i64, u64, u64)] = &[
    ("ptrace", libc::SYS_ptrace, libc::PTRACE_TRACEME as u64, 0),
    ("read-memory-of-others", libc::SYS_process_vm_readv, 1, 0),
    ("mount", libc::SYS_mount, 0, 0),
    ("new-root", libc::SYS_chroot, 0, 0),
    ("bpf", libc::SYS_bpf, 0, 0),
    ("keys", libc::SYS_keyctl, 0, 0),
    ("module", libc::SYS_init_module, 0, 0),
    ("kexec", libc::SYS_kexec_load, 0, 0),
    ("perf", libc::SYS_perf_event_open, 0, 0),
    ("page-faults", libc::SYS_userfaultfd, 0, 0),
    ("handle", libc::SYS_open_by_handle_at, 0, 0),
    ("namespace", libc::SYS_unshare, libc::CLONE_NEWUSER as u64, 0),
    ("clone-namespace", libc::SYS_clone, libc::CLONE_NEWUSER as u64, 0),
    ("user", libc::SYS_setuid, 0, 0),
    ("x32-ptrace", libc::SYS_ptrace | 0x4000_0000, 0, 0),
    ("x32-own-ptrace", 521 | 0x4000_0000, 0, 0),
];

/// Asks for memory in a way that cells are killed for: writable and executable at once or one after
/// the other, or shared.
fn map(name: &str) -> Option<libc::c_long> {
    let both = (libc::PROT_READ | libc::PROT_WRITE) as libc::c_long;
    let all = both | libc::PROT_EXEC as libc::c_long;
    let mapped = |access: libc::c_long, sharing: libc::c_int| {
        let flags = (sharing | libc::MAP_ANONYMOUS) as libc::c_long;
        // SAFETY: a new mapping of one page at an address of the kernel's choice changes no memory in
        // use, and is never read or written.
        unsafe { libc::syscall(libc::SYS_mmap, 0, PAGE, access, flags, -1, 0) }
    };
    Some(match name {
        "MapExecutable" => mapped(all, libc::MAP_PRIVATE),
        "MapShared" => mapped(both, libc::MAP_SHARED),
        "MakeExecutable" => match mapped(both, libc::MAP_PRIVATE) {
            -1 => -1,
            // SAFETY: the page was mapped above and nobody knows of it.
            page => unsafe { libc::syscall(libc::SYS_mprotect, page, PAGE, all) },
        },
        _ => return None,
    })
}

const PAGE: libc::c_long = 4096;

/// Makes one call of [`PROBES`], or `ring` (which is refused and not killed for), with zeroes for the other arguments. The error is errno.
///
/// # Errors
/// The kernel's errno; `EINVAL` for a name that is not in the list.
pub fn probe(name: &str) -> Result<(), i32> {
    if let Some(result) = map(name) {
        let error = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
        return if result == -1 { Err(error) } else { Ok(()) };
    }
    let ring = ("ring", libc::SYS_io_uring_setup, 1, 0);
    let found = PROBES.iter().chain([&ring]).find(|(known, ..)| *known == name);
    let Some((_, call, first, second)) = found else { return Err(libc::EINVAL) };
    // SAFETY: null pointers and zero sizes only: the kernel refuses them or changes this process's
    // own credentials or trace state; no memory of this process is read or written.
    let result = unsafe { libc::syscall(*call, *first, *second, 0, 0, 0, 0) };
    let error = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
    if name == "ring" && error == libc::EFAULT {
        // The call was taken, and stumbled over the null pointer only.
        return Ok(());
    }
    if result < 0 { Err(error) } else { Ok(()) }
}
