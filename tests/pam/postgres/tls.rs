//! Lines that leave the machine: TLS, with verification, and SCRAM.

use std::fs;
use std::path::{Path, PathBuf};

use harness::postgres::{PASSWORD, Server};
use harness::sandbox::on_a_network_of_its_own;
use harness::site::Site;
use harness::tool::tool;

use crate::HOME;

/// A certificate authority in a folder, and certificates that it has signed.
struct Authority(tempfile::TempDir);

impl Authority {
    fn new() -> Self {
        let authority = Self(tempfile::tempdir().expect("a folder"));
        let (key, certificate) = (authority.path("ca.key"), authority.path("ca.pem"));
        openssl(
            &[
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
            ],
            &[
                "-subj",
                "/CN=Test CA",
                "-days",
                "2",
                "-keyout",
                &key,
                "-out",
                &certificate,
            ],
        );
        authority
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// A certificate for these names, and its key.
    fn sign(&self, names: &str) -> [PathBuf; 2] {
        let [key, request, certificate, extensions] =
            ["server.key", "server.csr", "server.pem", "server.ext"].map(|name| self.path(name));
        openssl(
            &[
                "req",
                "-new",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
            ],
            &["-subj", "/CN=a database", "-keyout", &key, "-out", &request],
        );
        fs::write(&extensions, format!("subjectAltName = {names}\n")).expect("it is ours");
        let (ca, ca_key) = (self.path("ca.pem"), self.path("ca.key"));
        openssl(
            &["x509", "-req", "-days", "2", "-CAcreateserial"],
            &[
                "-in",
                &request,
                "-CA",
                &ca,
                "-CAkey",
                &ca_key,
                "-extfile",
                &extensions,
                "-out",
                &certificate,
            ],
        );
        [certificate, key].map(PathBuf::from)
    }
}

#[track_caller]
fn openssl(words: &[&str], rest: &[&str]) {
    tool("openssl", "openssl", &[words, rest].concat()).done();
}

/// A server on the loopback of this network, that asks for passwords like this.
fn server(method: &str, certificate: Option<&[PathBuf; 2]>) -> Server {
    let encryption = match method {
        "md5" => "password_encryption = 'md5'",
        _ => "password_encryption = 'scram-sha-256'",
    };
    let server = Server::start(&["fsync = off", "listen_addresses = '127.0.0.1'", encryption]);
    let authentication = server.data().join("pg_hba.conf");
    let mut lines = fs::read_to_string(&authentication).expect("it is there");
    lines = lines.replace("127.0.0.1/32", "127.0.0.9/32");
    lines += &format!("host all all 127.0.0.1/32 {method}\n");
    fs::write(&authentication, lines).expect("root may write it");
    if let Some([certificate, key]) = certificate {
        server.own_file(certificate, "server.crt");
        server.own_file(key, "server.key");
        server.configure(&["ssl = on"]);
    }
    server.reload();
    server
}

/// A site of a database there.
fn configure(site: &Site, place: &str, database: &str, ca: Option<&Path>) {
    let url = format!("postgresql://mailotp@{place}/{database}");
    let url = match place.split_once('#') {
        Some((name, address)) => {
            format!("postgresql://mailotp@{name}/{database}?hostaddr={address}")
        }
        None => url,
    };
    let mut store = "password_file = \"password\"\nowner = \"mailotp_owner\"\n\
                     owner_password_file = \"password\"\naccept_loss = true\n"
        .to_owned();
    if let Some(ca) = ca {
        let text = fs::read(ca).expect("it is there");
        site.write("ca.pem", text);
        store += "ca_file = \"ca.pem\"\n";
    }
    site.write("password", PASSWORD);
    site.chmod("password", 0o600);
    site.configure_database(&url, &store, "");
}

#[test]
fn a_server_with_the_right_certificate_is_spoken_to_and_any_other_one_is_not() {
    on_a_network_of_its_own(|| {
        let (authority, another) = (Authority::new(), Authority::new());
        let certificate = authority.sign("DNS:db.example");
        let server = server("scram-sha-256", Some(&certificate));
        let database = server.database();
        let site = Site::bare_with_postgres();
        let ca = PathBuf::from(authority.path("ca.pem"));
        let right = "db.example#127.0.0.1";
        configure(&site, right, &database, Some(&ca));
        site.cli(["init"]).done();
        let sheet = site.sheet("alice");
        assert_eq!(
            site.verdict("imap", "alice", HOME, &sheet.codes[0]),
            "PAM_SUCCESS"
        );
        let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                         WHERE client_addr IS NOT NULL";
        assert_ne!(server.sql("postgres", encrypted), "f");

        let refused = |place: &str, ca: &Path, says: &[&str]| {
            configure(&site, place, &database, Some(ca));
            let failure = site.cli(["--json", "--user", "alice", "show"]).error(5);
            assert!(
                says.iter().any(|part| failure.message.contains(part)),
                "{failure:?}"
            );
            let verdict = site.verdict("imap", "alice", HOME, &sheet.codes[1]);
            assert_eq!(verdict, "PAM_AUTHINFO_UNAVAIL", "{place}");
        };
        let foreign = PathBuf::from(another.path("ca.pem"));
        refused(right, &foreign, &["UnknownIssuer", "certificate"]);
        refused(
            "other.example#127.0.0.1",
            &ca,
            &["NotValidForName", "not valid for name", "certificate"],
        );
        refused(
            "127.0.0.1",
            &ca,
            &["NotValidForName", "not valid for name", "certificate"],
        );
        // One that says it speaks no TLS, as somebody between could.
        server.configure(&["ssl = off"]);
        server.reload();
        refused(right, &ca, &["TLS"]);
        server.configure(&["ssl = on"]);
        server.reload();
        configure(&site, right, &database, Some(&ca));
        assert_eq!(
            site.verdict("imap", "alice", HOME, &sheet.codes[1]),
            "PAM_SUCCESS"
        );
        site.write("password", "wrong");
        site.chmod("password", 0o600);
        assert_eq!(
            site.verdict("imap", "alice", HOME, &sheet.codes[2]),
            "PAM_AUTHINFO_UNAVAIL"
        );
        site.write("password", PASSWORD);
        site.chmod("password", 0o644);
        let failure = site.cli(["--json", "--user", "alice", "show"]).error(5);
        assert!(
            failure.message.contains("chmod"),
            "others may read it: {failure:?}"
        );
    });
}

#[test]
fn the_password_goes_to_no_server_that_asks_for_it_in_another_way_than_by_scram() {
    for (method, says) in [("md5", "channel binding"), ("password", "channel binding")] {
        on_a_network_of_its_own(|| {
            let authority = Authority::new();
            let certificate = authority.sign("IP:127.0.0.1");
            let server = server(method, Some(&certificate));
            let database = server.database();
            let site = Site::bare_with_postgres();
            let ca = PathBuf::from(authority.path("ca.pem"));
            configure(&site, "127.0.0.1", &database, Some(&ca));
            let failure = site.cli(["--json", "init"]).error(5);
            assert!(failure.message.contains(says), "{method}: {failure:?}");
        });
    }
}

#[test]
fn on_this_machine_a_password_is_proven_by_scram_or_not_sent() {
    for (method, code) in [("scram-sha-256", 0), ("md5", 5), ("password", 5)] {
        on_a_network_of_its_own(|| {
            let server = server(method, None);
            let site = Site::bare_with_postgres();
            configure(&site, "127.0.0.1", &server.database(), None);
            let done = site.cli(["--json", "init"]);
            assert_eq!(done.code, code, "{method}: {done:?}");
            assert!(
                code == 0 || done.stderr.contains("SCRAM"),
                "{method}: {done:?}"
            );
        });
    }
}

#[test]
fn an_address_of_another_machine_without_a_certificate_is_an_error_of_the_configuration() {
    let site = Site::bare_with_postgres();
    for url in [
        "postgresql://mailotp@192.0.2.1/mailotp",
        "postgresql://mailotp@127.0.0.1,192.0.2.1/mailotp",
        "postgresql://mailotp@db.example/mailotp?hostaddr=2001:db8::1",
    ] {
        site.configure_database(url, "", "mode = \"enforce\"");
        let failure = site.cli(["--json", "init"]).error(5);
        assert!(failure.message.contains("mailotp.toml:3"), "{failure:?}");
        assert!(failure.remedy.contains("ca_file"), "{failure:?}");
        let verdict = site.verdict("imap", "alice", HOME, "abcde-fghij");
        assert_eq!(verdict, "PAM_AUTHINFO_UNAVAIL");
    }
    site.configure_database(
        "postgresql://mailotp@db.example/mailotp",
        "",
        "mode = \"enforce\"",
    );
    let failure = site.cli(["--json", "init"]).error(5);
    assert!(
        failure.message.contains("hostaddr"),
        "no name is looked up: {failure:?}"
    );
}
