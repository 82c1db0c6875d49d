//! What a process is like, and how large it is.

use std::fs;

use harness::host::Footprint;

/// What a module must leave as it found it.
pub fn surroundings() -> Vec<String> {
    let status = status();
    let mut lines: Vec<String> = status
        .lines()
        .filter(|line| {
            ["Umask:", "Threads:", "SigBlk:", "SigIgn:", "SigCgt:"]
                .iter()
                .any(|key| line.starts_with(key))
        })
        .map(ToOwned::to_owned)
        .collect();
    let mut descriptors: Vec<String> = fs::read_dir("/proc/self/fd")
        .expect("Linux has /proc")
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .map(|target| target.display().to_string())
        // The folder that is being read.
        .filter(|target| !target.starts_with("/proc/"))
        .collect();
    descriptors.sort();
    lines.push(format!("descriptors {descriptors:?}"));
    lines.push(format!("folder {:?}", std::env::current_dir().ok()));
    lines
}

/// What of it is no longer as it was.
pub fn difference(before: &[String], after: &[String]) -> Vec<String> {
    let changed = before.iter().zip(after).filter(|(old, new)| old != new);
    changed
        .map(|(before, after)| format!("{before} became {after}"))
        .collect()
}

/// How large this process is.
pub fn footprint() -> Footprint {
    let count = |folder: &str| fs::read_dir(folder).map_or(0, Iterator::count);
    let status = status();
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .expect("Linux counts it");
    Footprint {
        descriptors: count("/proc/self/fd"),
        threads: count("/proc/self/task"),
        mappings: fs::read_to_string("/proc/self/maps")
            .expect("Linux has /proc")
            .lines()
            .count(),
        resident: resident.trim().parse().expect("a number"),
    }
}

fn status() -> String {
    fs::read_to_string("/proc/self/status").expect("Linux has /proc")
}
