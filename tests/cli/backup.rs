//! `backup`: everything in one sealed file, and no part of it by itself is one.

use std::fs;

use harness::host::Request;
use harness::site::Site;
use harness::tool::tool;

use crate::HOME;

/// A pair of keys of age-keygen(1), for these tests alone.
const PUBLIC: &str = "age10v5u5tx7tfgd8xteftl4jt03myvgxnr7lcnakwv307uztvj0fu0sv8m45n";
const SECRET: &str = "AGE-SECRET-KEY-10T575GNDU2A93MMFLQQTEDYY7MCUHQ7V63FK849FCF3Y83EUA23Q5EFWM4\n";
const PHRASE: &str = "four words of a book\n";
const CHUNK: usize = (64 << 10) + 16;

/// A backup of a site, sealed for the key, as bytes.
pub fn backup(site: &Site) -> Vec<u8> {
    let path = site.path("backup");
    let _ = fs::remove_file(&path);
    site.cli(["backup", "backup", "--recipient", PUBLIC]).done();
    fs::read(&path).expect("it is there")
}

/// A folder with a backup and the key to it, and nothing else.
fn with_backup(backup: &[u8]) -> Site {
    let site = Site::bare();
    put(&site, backup);
    site
}

pub fn put(site: &Site, backup: &[u8]) {
    site.write("backup", backup);
    site.write("identity", SECRET);
}

pub const RESTORE: [&str; 4] = ["restore", "backup", "--identity", "identity"];

pub fn restored(backup: &[u8]) -> Site {
    let site = with_backup(backup);
    site.cli(RESTORE).done();
    site
}

pub fn login(site: &Site, user: &str, secret: &str) -> &'static str {
    match site.verdict("imap", user, HOME, secret).as_str() {
        "PAM_SUCCESS" => "in",
        "PAM_AUTH_ERR" => "refused",
        _ => "something else",
    }
}

#[test]
fn what_is_not_the_whole_backup_restores_nothing() {
    let site = Site::new("");
    site.sheet("alice");
    let whole = backup(&site);
    let new = with_backup(&whole);
    let files = || new.shell("find . | sort").done().stdout;
    let before = files();
    let fails = |content: &[u8], what: &str| {
        put(&new, content);
        let failed = new.cli(["--json"].into_iter().chain(RESTORE)).error(5);
        assert!(!failed.remedy.is_empty(), "{what}: {failed:?}");
        assert_eq!(files(), before, "{what}: nothing is left behind");
    };
    let mut cuts: Vec<usize> = (1..)
        .map(|chunks| whole.len() - chunks * CHUNK / 2)
        .take(2)
        .collect();
    cuts.extend([0, 1, 30, 150, 250, whole.len() - 1, whole.len() - 17]);
    for cut in cuts {
        fails(&whole[..cut], "cut off");
    }
    for at in [0, 40, 100, 200, 260, 1000, 70_000, whole.len() - 1] {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        put(&new, &altered);
        let failed = new.cli(RESTORE);
        assert!(matches!(failed.code, 1 | 5), "{at}: {failed:?}");
        assert_eq!(files(), before, "byte {at}");
    }
    fails(&[&whole[..], b"x"].concat(), "more");
    fails(b"", "empty");
    fails(
        &fs::read(site.path("store/mailotp.db")).expect("it is there"),
        "a store",
    );
    put(&new, &whole);
    new.cli(RESTORE).done();
}

#[test]
fn a_backup_opens_with_its_pass_phrase_alone() {
    let site = Site::new("");
    let sheet = site.sheet("alice");
    site.cli_reading("short\n", ["backup", "a"]).exits(1);
    assert!(!site.path("a").exists());
    site.cli_reading(PHRASE, ["backup", "a"]).done();
    assert_eq!(site.mode("a"), 0o600);
    let whole = fs::read(site.path("a")).expect("it is there");
    assert!(whole.starts_with(b"age-encryption.org/v1\n-> scrypt "));
    let left = site.shell("ls store").done().stdout;
    assert!(!left.contains(".backup"), "{left}");

    let new = with_backup(&whole);
    let restore = ["restore", "backup"];
    new.cli_reading("four words of a look\n", restore).exits(1);
    new.cli(RESTORE).exits(2);
    assert!(!new.path("store").exists() && !new.path("mailotp.key").exists());
    new.write("phrase", PHRASE);
    let said = new
        .cli(["restore", "backup", "--secret-file", "phrase"])
        .done();
    assert!(said.stdout.contains("SUSPENDED"), "{said:?}");
    new.cli(["--user", "alice", "confirm", &sheet.id]).done();
    assert_eq!(login(&new, "alice", &sheet.codes[0]), "in");
    // As by hand, a line in a pipe.
    new.cli_reading(PHRASE, ["restore", "backup", "--force"])
        .done();
}

#[test]
fn a_file_that_is_there_is_left_alone_and_standard_output_takes_one_too() {
    let site = Site::new("");
    site.write("there", "precious");
    site.cli(["backup", "there", "--recipient", PUBLIC])
        .exits(1);
    assert_eq!(
        fs::read(site.path("there")).expect("it is there"),
        b"precious"
    );
    for wrong in [
        &["--recipient", "age1x"][..],
        &["--recipient", "none"],
        &["--recipient", "there"],
    ] {
        let words = ["backup", "new"].iter().chain(wrong);
        let failed = site.cli(words.copied());
        assert!(matches!(failed.code, 1 | 2), "{failed:?}");
        assert!(!site.path("new").exists());
    }
    site.write("identity", SECRET);
    site.write("public", format!("# somebody\n{PUBLIC}\n"));
    site.shell(r#""$@" backup - --recipient public >piped && "$@" restore - --identity identity --force <piped"#)
        .done();
    let failed = site.shell(r#""$@" restore - <there"#).exits(5);
    assert!(!failed.stderr.contains("panicked"));
    site.shell(r#""$@" --json backup - --recipient public"#)
        .exits(2);
    let log = site.events();
    let reasons: Vec<_> = log
        .iter()
        .map(|event| event["reason"].as_str().unwrap_or(""))
        .collect();
    assert_eq!(
        reasons,
        ["restored"],
        "the backup was made before it was told of"
    );
    let document = site
        .cli(["--json", "backup", "new", "--recipient", PUBLIC])
        .json();
    assert_eq!(document["file"], "new");
    assert_eq!(document["key"], true);
}

#[test]
fn without_the_key_ring_a_backup_opens_beside_it_alone() {
    let site = Site::new("");
    let phone = site.app_password("alice", &[]);
    site.cli(["backup", "backup", "--recipient", PUBLIC, "--without-key"])
        .done();
    let backup = fs::read(site.path("backup")).expect("it is there");
    let new = with_backup(&backup);
    let failed = new.cli(["--json"].into_iter().chain(RESTORE)).error(5);
    assert!(failed.message.contains("key ring"), "{failed:?}");
    assert!(!new.path("store").exists());
    let other = Site::new("");
    new.write(
        "mailotp.key",
        fs::read(other.path("mailotp.key")).expect("it is there"),
    );
    new.chmod("mailotp.key", 0o600);
    new.cli(RESTORE).exits(5);
    assert!(!new.path("store").exists() && !new.path("mailotp.toml").exists());
    new.write(
        "mailotp.key",
        fs::read(site.path("mailotp.key")).expect("it is there"),
    );
    new.chmod("mailotp.key", 0o600);
    new.cli(RESTORE).done();
    new.cli(["confirm", "--all"]).done();
    assert_eq!(login(&new, "alice", &phone.secret), "in");
}

#[test]
fn a_backup_is_of_one_moment_while_logins_go_on() {
    let site = Site::new("");
    let phone = site.app_password("alice", &["--max-logins", "1000"]);
    let mut hosts: Vec<_> = (0..4).map(|_| site.host()).collect();
    for host in &mut hosts {
        for _ in 0..20 {
            let login = Request::new("imap", "alice").from(HOME);
            host.ask(&site.here(login.answer(&phone.secret)));
        }
    }
    let backups: Vec<Vec<u8>> = (0..3).map(|_| backup(&site)).collect();
    let replies: Vec<_> = hosts.into_iter().flat_map(|host| host.finish()).collect();
    assert!(replies.iter().all(|reply| reply.verdict() == "PAM_SUCCESS"));
    let mut left = Vec::new();
    for backup in &backups {
        let shown = restored(backup).json("alice", &["show"]);
        left.push(shown["credentials"][0]["left"].as_u64().expect("a number"));
    }
    assert!(left.is_sorted_by(|a, b| a >= b), "{left:?}");
    assert!(left[2] >= 920, "{left:?}");
}

/// Who seals for a public key need not be who made the store.
#[test]
fn the_tool_of_that_name_opens_a_backup_and_what_was_put_into_one_is_looked_at() {
    let site = Site::new("");
    site.sheet("alice");
    backup(&site);
    site.write("identity", SECRET);
    if tool("age", "age", &["--version"]).code != 0 {
        panic!("age is needed here: apt-get install age");
    }
    let seal = format!(
        "tar c mailotp.json mailotp.toml mailotp.key mailotp.db | age -r {PUBLIC} >../backup"
    );
    site.shell(&format!(
        "mkdir out && cd out && age -d -i ../identity ../backup | tar x && [ $(grep -cxFf mailotp.key ../mailotp.key) = 3 ] &&
         cmp mailotp.toml ../mailotp.toml && rm ../backup && {seal}"
    ))
    .done();
    let honest = fs::read(site.path("backup")).expect("it is there");
    restored(&honest);
    for put in [
        "sqlite3 mailotp.db 'CREATE TRIGGER t AFTER UPDATE ON credential BEGIN UPDATE credential SET state = \"live\"; END'",
        "sqlite3 mailotp.db 'UPDATE credential SET account = account + 1'",
        "sqlite3 mailotp.db 'PRAGMA user_version = 99'",
        "echo rubbish >mailotp.db",
        "head -c 20000 ../store/mailotp.db >mailotp.db",
        "echo rubbish >mailotp.key",
        "sed -i s/1/2/ mailotp.json",
    ] {
        site.shell(&format!(
            "cd out && cp ../store/mailotp.db ../mailotp.key . && {put} && {seal}"
        ))
        .done();
        let forged = fs::read(site.path("backup")).expect("it is there");
        let new = with_backup(&forged);
        let failed = new.cli(RESTORE);
        assert!(
            failed.code == 5 && failed.stdout.is_empty(),
            "{put}: {failed:?}"
        );
        assert!(
            !new.path("store").exists() && !new.path("mailotp.key").exists(),
            "{put}"
        );
        site.shell("cd out && sed -i s/:2/:1/ mailotp.json").done();
    }
}
