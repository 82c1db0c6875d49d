//! The units of systemd: as tight as their work allows, and the socket that they hand over.

use std::path::{Path, PathBuf};

use harness::enrol::Sheet;
use harness::helper::{Helper, SOCKET};
use harness::output::Output;
use harness::site::Site;
use harness::tool::tool;

use super::labels;

/// What `systemd-analyze security` may find, in tenths; without these settings it finds 96.
const EXPOSURE: &str = "25";

const UNITS: [&str; 4] = [
    "mailotp-helper.socket",
    "mailotp-helper.service",
    "mailotp-maintain.service",
    "mailotp-maintain.timer",
];

fn units() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/systemd")
}

fn analyze(arguments: &[&str]) -> Output {
    tool("systemd", "systemd-analyze", arguments)
}

#[test]
fn the_units_leave_little_exposed() {
    for unit in UNITS.iter().filter(|unit| unit.ends_with(".service")) {
        let path = units().join(unit).display().to_string();
        let threshold = format!("--threshold={EXPOSURE}");
        let said = analyze(&[
            "security",
            "--offline=true",
            "--no-pager",
            &threshold,
            &path,
        ]);
        assert_eq!(said.code, 0, "{said:?}");
    }
}

#[test]
fn systemd_understands_every_line_of_the_units() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let command = harness::products::product("mailotp-cli")
        .display()
        .to_string();
    let mut arguments = vec!["verify".to_owned(), "--man=no".to_owned()];
    for unit in UNITS {
        let text = std::fs::read_to_string(units().join(unit)).expect("it is there");
        let path = folder.path().join(unit);
        std::fs::write(&path, text.replace("/usr/bin/mailotp-cli", &command)).expect("it is ours");
        arguments.push(path.display().to_string());
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let said = analyze(&arguments);
    let about_ours: Vec<&str> = said
        .stderr
        .lines()
        .filter(|line| line.contains("mailotp"))
        .collect();
    assert!(about_ours.is_empty(), "{said:?}");
}

#[test]
fn the_socket_of_the_unit_is_that_of_the_configuration() {
    let socket = std::fs::read_to_string(units().join(UNITS[0])).expect("it is there");
    for line in [
        "ListenStream=/run/mailotp/helper.sock",
        "SocketMode=0666",
        "DirectoryMode=0755",
    ] {
        assert!(socket.lines().any(|is| is == line), "{line}");
    }
}

fn site() -> Site {
    let site = Site::of_root("[helper]\nsocket = \"run/helper.sock\"\n");
    std::fs::create_dir_all(site.path("run")).expect("the folder is ours");
    site
}

/// `systemd-socket-activate` listens where everybody may connect, and starts the helper with the first who does.
fn activated(site: &Site) -> Helper {
    let mut command = site.program("systemd-socket-activate".as_ref());
    command
        .arg("--listen")
        .arg(site.path(SOCKET))
        .arg(site.product("mailotp-cli"))
        .args(site.config())
        .arg("helper");
    let helper = Helper::of(command, site.path(SOCKET));
    site.chmod(SOCKET, 0o666);
    helper
}

/// `systemd-socket-activate` listens, and starts the helper with the first who connects.
#[test]
fn a_socket_that_systemd_hands_over_is_served_and_stays() {
    let site = site();
    let helper = activated(&site);
    let daemon = site.user("daemon");
    daemon.cli(&["add", "app-password", "phone"]).done();
    assert_eq!(labels(&daemon), ["phone"]);
    let _ = helper.end();
    assert!(site.path(SOCKET).exists(), "it is systemd's");
}

/// A service that ends at once again and again ends its socket with it.
#[test]
fn a_site_that_cannot_be_used_is_said_to_each_client_and_works_once_it_can() {
    let site = site();
    std::fs::rename(site.path("store"), site.path("away")).expect("it is ours");
    let _helper = activated(&site);
    let daemon = site.user("daemon");
    for _ in 0..3 {
        let failure = daemon.cli(&["--json", "add", "app-password"]).error(5);
        assert!(failure.remedy.contains("init"), "{failure:?}");
    }
    std::fs::rename(site.path("away"), site.path("store")).expect("it is ours");
    daemon.cli(&["add", "app-password"]).done();
}

/// What was handed over and is none is an error, and no reason to listen elsewhere.
#[test]
fn what_is_handed_over_and_is_no_socket_is_an_error() {
    let site = site();
    let script = "LISTEN_FDS=1 LISTEN_PID=$$ exec \"$@\" --json helper 3</dev/null";
    let failure = site.shell(script).error(5);
    assert!(
        failure.remedy.contains("mailotp-helper.socket"),
        "{failure:?}"
    );
    assert!(!site.path(SOCKET).exists());
}

/// With the capabilities of the unit, and no new ones, root's helper does all of its work.
#[test]
fn the_helper_needs_no_more_rights_than_its_unit_leaves_it() {
    let unit = std::fs::read_to_string(units().join(UNITS[1])).expect("it is there");
    let line = unit
        .lines()
        .find_map(|line| line.strip_prefix("CapabilityBoundingSet=CAP_"));
    let left = line.expect("a line").to_lowercase().replace(" cap_", ",+");
    let site = site();
    std::fs::create_dir(site.path("hooks.d")).expect("the folder is ours");
    let heard = site.path("scratch/heard");
    site.write(
        "hooks.d/hook",
        format!("#!/bin/sh\ncat >>{}\n", heard.display()),
    );
    site.chmod("hooks.d/hook", 0o755);
    let mut command = site.program("setpriv".as_ref());
    let rights = format!("--bounding-set=-all,+{left}");
    command
        .args(["--no-new-privs", &rights, "--inh-caps=-all"])
        .arg(site.product("mailotp-cli"))
        .args(site.config())
        .arg("helper");
    let _helper = Helper::of(command, site.path(SOCKET));
    let daemon = site.user("daemon");
    let sheet = Sheet::of(&daemon.json(&["add", "sheet", "--count", "2"]));
    let typed = format!("{}\n", sheet.codes[0]);
    daemon.reading(&typed, &["add", "app-password"]).done();
    let told = std::fs::read_to_string(heard).expect("the hook ran");
    assert_eq!(told.lines().count(), 2, "{told}");
}
