//! The tables, for people and for programs.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use harness::site::Site;
use harness::tool::tool;
use serde_json::{Value, json};

use super::Measured;
use super::contestant::Outcome;
use super::dovecot::Share;
use super::goals::{Goal, find, middle, ratios};
use super::limits::{Limit, Module};
use super::peers::{FLOOR, YARDSTICK};
use crate::statistics::{extremes, median};

/// Writes `bench.md` and `bench.json` there, and prints the first.
pub fn write(
    folder: &Path,
    site: &Site,
    measured: &[Measured],
    limits: &[Limit],
    module: &Module,
    share: &Share,
    goals: &[Goal],
) {
    let machine = machine(site);
    let mut text = String::from(
        "# mailotp beside its peers\n\n`make bench`. Ratios are of one run; absolute times are this machine's.\n\n",
    );
    for (what, value) in &machine {
        let _ = writeln!(text, "* {what}: {}", value.as_str().unwrap_or_default());
    }
    text += "\n| login | at once | logins/s | × google-authenticator: median (min to max) | × pam_permit's time | p50 µs | p99 µs | worst ms | not accepted |\n|---|---:|---:|---|---:|---:|---:|---:|---:|\n";
    let mut rows = Vec::new();
    for one in measured {
        let beside = if one.helped {
            ", beside the helper"
        } else {
            ""
        };
        let name = format!("{}{beside}", one.name);
        let other = |name: &str| find(measured, name, one.processes, one.helped);
        let rates = ratios(one, other(YARDSTICK), Outcome::rate);
        let (ratio, [least, most]) = (median(&rates), extremes(&rates));
        let floor = median(&ratios(one, other(FLOOR), middle));
        let rate = one.median(Outcome::rate);
        let [p50, p99] = [50, 99].map(|part| one.median(|round| round.at(part) as f64));
        let worst = one.worst();
        let all: usize = one.rounds.iter().map(|round| round.times.len()).sum();
        let refused = 100.0 * one.refused() as f64 / all as f64;
        let _ = writeln!(
            text,
            "| {name} | {} | {rate:.0} | {ratio:.2} ({least:.2} to {most:.2}) | {floor:.1} | {p50:.0} | {p99:.0} | {worst:.1} | {refused:.0} % |",
            one.processes
        );
        rows.push(
            json!({"login": name, "processes": one.processes, "logins_per_second": rate,
            "ratio_to_google_authenticator": {"median": ratio, "min": least, "max": most},
            "time_by_pam_permit": floor, "p50_us": p50, "p99_us": p99, "worst_ms": worst,
            "refused_percent": refused, "logins": all}),
        );
    }
    text += "\n| limit of the machine | µs: median (min to max) |\n|---|---|\n";
    for limit in limits {
        let [least, most] = extremes(&limit.rounds);
        let _ = writeln!(
            text,
            "| {} | {:.0} ({least:.0} to {most:.0}) |",
            limit.name,
            median(&limit.rounds)
        );
    }
    let _ = writeln!(
        text,
        "\nThrough Dovecot (IMAP LOGIN with an app password, auth worker): {:.0} µs, and {:.0} µs with pam_permit in the place of mailotp, whose share is {:.0} %.\n",
        share.mailotp,
        share.permit,
        share.percent()
    );
    text += "| goal | measured | limit | |\n|---|---:|---:|---|\n";
    for goal in goals {
        let sign = if goal.at_least { "at least" } else { "at most" };
        let reached = if goal.is_reached() {
            "reached"
        } else {
            "**missed**"
        };
        let _ = writeln!(
            text,
            "| {} | {:.2} | {sign} {} | {reached} |",
            goal.what, goal.measured, goal.limit
        );
    }
    print!("{text}");
    let limits: Vec<Value> = limits
        .iter()
        .map(|limit| json!({"limit": limit.name, "us": limit.rounds}))
        .collect();
    let goals: Vec<Value> = goals
        .iter()
        .map(|goal| {
            json!({"goal": goal.what, "measured": goal.measured,
        "limit": goal.limit, "at_least": goal.at_least, "reached": goal.is_reached()})
        })
        .collect();
    let document = json!({"machine": machine.iter().cloned().collect::<serde_json::Map<String, Value>>(), "logins": rows, "limits": limits,
        "module": {"bytes": module.size, "loading_us": module.loading, "calls_of_hotp_login": module.calls},
        "dovecot": {"mailotp_us": share.mailotp, "permit_us": share.permit, "share_percent": share.percent()},
        "goals": goals});
    fs::create_dir_all(folder).expect("the folder of the tables");
    fs::write(folder.join("bench.md"), text).expect("write the table");
    let document = serde_json::to_string_pretty(&document).expect("JSON") + "\n";
    fs::write(folder.join("bench.json"), document).expect("write the table");
}

fn machine(site: &Site) -> Vec<(String, Value)> {
    let said = |program: &str, words: &[&str]| {
        tool(program, program, words)
            .done()
            .stdout
            .trim()
            .to_owned()
    };
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let folder = site.folder().to_str().expect("UTF-8");
    let versions = [
        "libpam0g",
        "libpam-google-authenticator",
        "libpam-oath",
        "dovecot-core",
    ]
    .map(|package| {
        said(
            "dpkg-query",
            &["-W", "-f", "${Package} ${Version}", package],
        )
    });
    [
        ("processor", model.map_or("?", |(_, name)| name).to_owned()),
        ("processors", said("nproc", &[])),
        ("kernel", said("uname", &["-sr"])),
        ("file system", said("stat", &["-f", "-c", "%T", folder])),
        ("packages", versions.join(", ")),
    ]
    .map(|(what, value)| (what.to_owned(), Value::String(value)))
    .into()
}
