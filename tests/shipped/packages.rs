//! Packages of other distributions than Debian: what their own tools say of the recipes, as far as Debian
//! has those tools. `make rpm` builds the one that can be built here.

use std::fs;
use std::os::unix::fs::chown;

use harness::output::Output;
use harness::packaged::{pam_services, source, text_of};
use harness::tool::tool;

fn version() -> String {
    let cargo = text_of("Cargo.toml");
    let line = cargo
        .lines()
        .find_map(|line| line.strip_prefix("version = "));
    line.expect("the workspace has a version")
        .trim_matches('"')
        .to_owned()
}

#[test]
fn every_package_has_the_version_of_the_workspace() {
    let version = version();
    for (file, line) in [
        (
            "packaging/rpm/mailotp.spec",
            format!("Version:        {version}"),
        ),
        ("packaging/arch/PKGBUILD", format!("pkgver={version}")),
        ("packaging/alpine/APKBUILD", format!("pkgver={version}")),
        ("CHANGELOG.md", format!("## {version}")),
    ] {
        assert!(text_of(file).lines().any(|is| is == line), "{file}: {line}");
    }
}

#[test]
fn rpm_reads_the_specification_and_rpmlint_finds_nothing_that_is_ours() {
    let path = source("packaging/rpm/mailotp.spec").display().to_string();
    let said = tool(
        "rpm",
        "rpmspec",
        &["--query", "--queryformat", "%{name} ", &path],
    )
    .done();
    assert_eq!(
        said.stdout, "mailotp pam_mailotp mailotp-selinux ",
        "{said:?}"
    );
    let config = source("packaging/rpm/rpmlint.toml").display().to_string();
    let said = tool(
        "rpmlint",
        "rpmlint",
        &["--strict", "--config", &config, &path],
    );
    let end = "1 specfiles checked; 0 errors, 0 warnings";
    assert!(said.code == 0 && said.stdout.contains(end), "{said:?}");
}

/// makepkg refuses to be root.
fn makepkg(pkgbuild: &str) -> Output {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("PKGBUILD");
    fs::write(&path, pkgbuild).expect("it is ours");
    let place = folder.path().display().to_string();
    let mut words = vec!["--chdir", &place, "HOME=/nonexistent", "PACMAN=true"];
    if nix::unistd::geteuid().is_root() {
        for path in [folder.path(), &path] {
            chown(path, Some(65534), Some(65534)).expect("root may give it away");
        }
        words.extend([
            "setpriv",
            "--reuid",
            "65534",
            "--regid",
            "65534",
            "--clear-groups",
        ]);
    }
    words.extend(["makepkg", "--printsrcinfo"]);
    tool("makepkg", "env", &words)
}

#[test]
fn makepkg_reads_the_pkgbuild_and_every_pam_service_survives_an_upgrade_there() {
    let pkgbuild = text_of("packaging/arch/PKGBUILD");
    let said = makepkg(&pkgbuild).done();
    assert_eq!(said.stderr, "", "{said:?}");
    let mut kept: Vec<&str> = said
        .stdout
        .lines()
        .filter_map(|line| line.trim().strip_prefix("backup = "))
        .collect();
    kept.sort_unstable();
    let services: Vec<String> = pam_services()
        .into_iter()
        .map(|(path, _)| path[1..].to_owned())
        .collect();
    assert_eq!(kept, services);
    // It looks at what it is given.
    assert_ne!(makepkg(&pkgbuild.replace("pkgver=", "pkgver=-")).code, 0);
}

#[test]
fn the_shell_of_every_package_is_sound() {
    for (shell, files) in [
        ("bash", &["packaging/arch/PKGBUILD"][..]),
        ("ash", &["packaging/alpine/APKBUILD"]),
        (
            "sh",
            &[
                "packaging/alpine/mailotp-helper.initd",
                "packaging/alpine/mailotp-maintain.daily",
                "packaging/hooks/mail-owner",
            ],
        ),
    ] {
        for file in files {
            let path = source(file).display().to_string();
            // Others read the variables, and set theirs; makepkg ends where a `cd` fails.
            let words = ["--shell", shell, "--exclude", "SC2034,SC2154,SC2164", &path];
            let said = tool("shellcheck", "shellcheck", &words);
            assert_eq!(said.code, 0, "{file}: {said:?}");
        }
    }
}

/// What abuild asks of an APKBUILD (APKBUILD(5)); Debian has no abuild.
#[test]
fn the_apkbuild_has_what_abuild_asks_for_and_names_files_that_are_there() {
    let path = source("packaging/alpine/APKBUILD").display().to_string();
    let script = "CTARGET=x srcdir=x pkgdir=x; . \"$1\"
        for name in pkgname pkgver pkgrel pkgdesc url arch license source; do
            eval \"value=\\$$name\"
            [ -n \"$value\" ] || { echo \"$name is missing\" >&2; exit 1; }
        done
        for name in prepare build check package; do
            command -v $name >/dev/null || { echo \"$name() is missing\" >&2; exit 1; }
        done
        printf '%s\\n' $source";
    let said = tool("dash", "sh", &["-euc", script, "sh", &path]).done();
    let own: Vec<&str> = said
        .stdout
        .lines()
        .filter(|name| !name.ends_with(".tar.gz"))
        .collect();
    assert_eq!(own.len(), 2, "{own:?}");
    for name in own {
        assert!(source("packaging/alpine").join(name).exists(), "{name}");
    }
}

/// The two that are started say what the command has.
#[test]
fn the_service_and_the_timer_for_alpine_start_what_systemd_s_start() {
    let service = text_of("packaging/alpine/mailotp-helper.initd");
    let unit = text_of("packaging/systemd/mailotp-helper.service");
    assert!(unit.contains("ExecStart=/usr/bin/mailotp-cli helper\n"));
    assert!(service.contains("command=\"/usr/bin/mailotp-cli\"\ncommand_args=\"helper\"\n"));
    let daily = text_of("packaging/alpine/mailotp-maintain.daily");
    let unit = text_of("packaging/systemd/mailotp-maintain.service");
    assert!(unit.contains("ExecStart=/usr/bin/mailotp-cli maintain\n"));
    assert!(daily.contains("exec /usr/bin/mailotp-cli maintain\n"));
}
