//! What the packages of distributions are made of; the packages themselves are tried by `make test-deb`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::products::{COMMAND, product};
use harness::sandbox::Sandbox;
use harness::tool::tool;

fn sources(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(product(COMMAND));
    command.args(arguments);
    command
}

#[test]
fn the_version_stands_in_one_place_and_everything_else_agrees_with_it() {
    let manifest = read(sources("Cargo.toml"));
    let line = manifest.lines().find(|line| line.starts_with("version = "));
    let version = line
        .expect("of the workspace")
        .split('"')
        .nth(1)
        .expect("in quotes")
        .to_owned();
    for member in ["mailotp-core", "mailotp-cli", "pam_mailotp", "tests"] {
        let manifest = read(sources(member).join("Cargo.toml"));
        assert!(
            manifest.contains("\nversion.workspace = true\n"),
            "{member}"
        );
    }
    let said = command(&["--version"]).output().expect("it runs").stdout;
    assert_eq!(
        String::from_utf8_lossy(&said).trim(),
        format!("mailotp-cli {version}")
    );
    let changes = read(sources("CHANGELOG.md"));
    let newest = changes
        .lines()
        .find(|line| line.starts_with("## "))
        .expect("a version");
    assert_eq!(newest, format!("## {version}"));

    let folder = tempfile::tempdir().expect("a temporary folder");
    let made = command(&["man"]).arg(folder.path()).status();
    assert!(made.expect("it runs").success());
    for page in fs::read_dir(folder.path()).expect("it was made") {
        let page = page.expect("an entry").path();
        assert!(
            read(&page).contains(&format!("mailotp {version}")),
            "{}",
            page.display()
        );
    }
    // The other pages name none, and so do the files that the Debian packages are made from.
    for folder in ["packaging/man", "packaging/deb", "packaging/deb/debian"] {
        for file in fs::read_dir(sources(folder)).expect("it is there") {
            let file = file.expect("an entry").path();
            if file.is_file() {
                assert!(!read(&file).contains(&version), "{}", file.display());
            }
        }
    }
}

#[test]
fn the_pam_services_of_the_packages_are_those_that_setup_writes() {
    let said = command(&["--json", "setup", "dovecot"])
        .output()
        .expect("it runs");
    let said: serde_json::Value = serde_json::from_slice(&said.stdout).expect("JSON");
    let mut written = 0;
    for file in said["files"].as_array().expect("a list") {
        let path = file["path"].as_str().expect("a path");
        if let Some(name) = path.strip_prefix("/etc/pam.d/") {
            let packaged = read(sources("packaging/pam.d").join(name));
            assert_eq!(packaged, file["content"].as_str().expect("text"), "{name}");
            written += 1;
        }
    }
    let packaged = fs::read_dir(sources("packaging/pam.d"))
        .expect("it is there")
        .count();
    assert_eq!((written, packaged), (14, 14));
}

/// One of the scripts that dpkg runs, with what debhelper would put in left out.
fn maintainer_script(name: &str, arguments: &[&str]) -> harness::output::Output {
    let script = read(sources("packaging/deb/debian").join(name)).replace("#DEBHELPER#", "");
    let script = script.split_once('\n').expect("a first line").1;
    tool("dash", "sh", &[&["-c", script, name], arguments].concat())
}

#[test]
fn the_debian_module_is_not_removed_while_a_stack_names_it() {
    Sandbox::run(|sandbox| {
        let prerm = |arguments: &[&str]| maintainer_script("libpam-mailotp.prerm", arguments);
        for path in fs::read_dir(sources("packaging/pam.d")).expect("it is there") {
            let path = path.expect("an entry").path();
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            sandbox.write(&format!("/etc/pam.d/{name}"), 0o644, &read(&path));
        }
        sandbox.write(
            "/etc/pam.d/quiet",
            0o644,
            "# auth required pam_mailotp.so\nauth required pam_unix.so\n",
        );
        prerm(&["remove"]).done();
        for line in [
            "auth required pam_mailotp.so",
            "auth\t[success=done default=die]\tpam_mailotp.so nullok",
            "-auth required /usr/lib/security/pam_mailotp.so",
            "@include mailotp-sshd",
            "auth include mailotp-imap",
            "auth substack mailotp-imap",
        ] {
            sandbox.write(
                "/etc/pam.d/probe",
                0o644,
                &format!("auth required pam_env.so\n{line}\n"),
            );
            let refused = prerm(&["remove"]).exits(1);
            assert!(
                refused.stderr.contains("  /etc/pam.d/probe\n"),
                "{line}: {refused:?}"
            );
            assert!(
                !refused.stderr.contains("quiet") && !refused.stderr.contains("d/mailotp-"),
                "{refused:?}"
            );
            for other in [
                &["upgrade", "1.0"][..],
                &["remove", "in-favour", "libpam-mailotp-pgsql", "1.0"],
            ] {
                prerm(other).done();
            }
        }
        fs::remove_file("/etc/pam.d/probe").expect("it is there");
        prerm(&["remove"]).done();
    });
}
