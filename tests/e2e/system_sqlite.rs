//! The build without the feature `bundled-sqlite`, which uses the distribution's SQLite.

use std::fs;
use std::path::{Path, PathBuf};

use harness::host::{PamHost, Request};
use harness::products::{COMMAND, HOST, MODULE, product};
use harness::sandbox::Sandbox;
use harness::site::Site;
use harness::tool::tool;

const HOME: &str = "192.0.2.7";
const ELSEWHERE: &str = "198.51.100.9";

/// What `make products` has built.
fn built(name: &str) -> PathBuf {
    let folder = product(HOST).with_file_name("system-sqlite");
    let path = folder.join(name);
    assert!(
        path.exists(),
        "{} is missing: run `make products` first",
        path.display()
    );
    path
}

/// A copy that the owner of the site can reach.
fn copied(site: &Site, name: &str) -> PathBuf {
    let to = site.path(name);
    let _ = tool(
        "coreutils",
        "cp",
        &[
            &built(name).display().to_string(),
            &to.display().to_string(),
        ],
    )
    .done();
    to
}

/// A site whose service `imap` is guarded by that build.
fn guarded() -> Site {
    let site = Site::new("");
    site.guard("imap", "");
    let module = copied(&site, MODULE);
    let stack = fs::read_to_string(site.path("pam.d/imap")).expect("it was written");
    let bundled = site.product(MODULE).display().to_string();
    assert!(stack.contains(&bundled));
    site.write(
        "pam.d/imap",
        stack.replace(&bundled, &module.display().to_string()),
    );
    site
}

/// One login in a process that finds libraries in this folder first.
fn login(site: &Site, libraries: &Path, from: &str, secret: &str) -> String {
    let mut host = site.program(&site.product(HOST));
    host.env("LD_LIBRARY_PATH", libraries);
    let mut host = PamHost::start(host);
    host.ask(&site.here(Request::new("imap", "alice").from(from).answer(secret)));
    host.finish()[0].verdict().to_owned()
}

fn binutils(program: &str, arguments: &[&str]) -> String {
    let path = built(MODULE).display().to_string();
    tool("binutils", program, &[arguments, &[&path]].concat())
        .done()
        .stdout
}

#[test]
fn it_lets_people_in_once_and_its_command_keeps_the_same_store() {
    let site = guarded();
    let codes = site.sheet("alice").codes;
    for (from, secret, verdict) in [
        (HOME, &codes[0], "PAM_SUCCESS"),
        (HOME, &codes[0], "PAM_SUCCESS"),
        (ELSEWHERE, &codes[0], "PAM_AUTH_ERR"),
        (ELSEWHERE, &codes[1], "PAM_SUCCESS"),
    ] {
        assert_eq!(
            site.verdict("imap", "alice", from, secret),
            verdict,
            "{from} {secret}"
        );
    }
    let command = copied(&site, COMMAND);
    let mut show = site.program(&command);
    let output = show
        .args(site.config())
        .args(["--json", "--user", "alice", "show"])
        .output();
    let shown = String::from_utf8(output.expect("it runs").stdout).expect("text");
    assert!(shown.contains("\"left\":8"), "{shown}");
}

#[test]
fn it_links_the_library_finds_all_that_it_needs_and_exports_no_more_than_the_other() {
    let path = built(MODULE).display().to_string();
    let resolved = tool("libc-bin", "ldd", &["-r", &path]).done();
    let said = resolved.stdout + &resolved.stderr;
    assert!(said.contains("libsqlite3.so.0 =>"), "{said}");
    assert!(
        !said.contains("undefined") && !said.contains("not found"),
        "{said}"
    );
    let exported = binutils("nm", &["--dynamic", "--defined-only"]);
    assert!(
        exported.lines().all(|line| line.contains("pam_sm_")),
        "{exported}"
    );
}

/// A library that knows no more than what the module asks for, and says that it is of 3.36.0. What it does not
/// have, SQLite did not have then: the module must load all the same, or nobody is told why it does not.
#[test]
fn a_library_that_is_too_old_is_refused_with_a_message() {
    let needed = binutils("nm", &["--dynamic", "--undefined-only"]);
    let functions = needed
        .split_whitespace()
        .filter(|word| word.starts_with("sqlite3_"));
    let newer = [
        "sqlite3_changes64",
        "sqlite3_error_offset",
        "sqlite3_set_clientdata",
    ];
    let mut source = String::from("void abort(void);\n");
    for name in functions {
        assert!(!newer.contains(&name), "no SQLite of 3.36.0 has {name}");
        source += &match name {
            "sqlite3_libversion_number" => format!("int {name}(void) {{ return 3036000; }}\n"),
            _ => format!("void {name}(void) {{ abort(); }}\n"),
        };
    }
    assert!(
        source.contains("3036000") && source.contains("sqlite3_open_v2"),
        "{source}"
    );
    Sandbox::run(|sandbox| {
        let site = guarded();
        let codes = site.sheet("alice").codes;
        site.write("sqlite.c", &source);
        let compile = "mkdir old; gcc -shared -fPIC -w -fno-builtin -Wl,-soname,libsqlite3.so.0 -o old/libsqlite3.so.0 sqlite.c";
        site.shell(compile).done();
        let verdict = login(&site, &site.path("old"), HOME, &codes[0]);
        assert_eq!(verdict, "PAM_AUTHINFO_UNAVAIL");
        let message = "SQLite library of this system is 3.36.0, and mailotp needs 3.37.0 or later";
        let _ = sandbox.syslog().wait_for(&[message]);
        assert_eq!(
            login(&site, &site.path("none"), HOME, &codes[0]),
            "PAM_SUCCESS"
        );
    });
}
