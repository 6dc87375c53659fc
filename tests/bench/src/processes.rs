//! CPU time and memory of processes, from /proc.

use std::collections::HashMap;

/// Milliseconds per clock tick: /proc counts in hundredths of a second.
const TICK_MILLISECONDS: u64 = 10;

struct Stat {
    parent: i32,
    ticks: u64,
}

fn stat(pid: i32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; the fields after it do not.
    let fields: Vec<&str> = text.rsplit_once(") ")?.1.split(' ').collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    // utime, stime, and both of children that were waited for: fields 14 to 17 of proc(5).
    let ticks = (11..=14).filter_map(number).sum();
    Some(Stat { parent: fields.get(1)?.parse().ok()?, ticks })
}

/// All processes and their parents.
fn parents() -> HashMap<i32, i32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| Some((pid, stat(pid)?.parent))).collect()
}

/// A process and everything below it.
#[must_use]
pub fn tree(root: i32) -> Vec<i32> {
    let parents = parents();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(parents.iter().filter(|(_, of)| **of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found
}

/// CPU milliseconds used so far by a process, its children living and dead.
#[must_use]
pub fn cpu_milliseconds(root: i32) -> u64 {
    let ticks = tree(root).into_iter().filter_map(stat).map(|stat| stat.ticks).sum::<u64>();
    ticks * TICK_MILLISECONDS
}

/// Proportional set size of one process in kibibytes.
#[must_use]
pub fn pss_kibibytes(pid: i32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_is_its_own_root() {
        let me = std::process::id() as i32;
        assert!(tree(me).contains(&me));
        assert!(pss_kibibytes(me) > 100);
        assert!(stat(me).is_some());
    }
}
