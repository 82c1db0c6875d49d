//! What the feature brings into a module, and what it does not.

use std::collections::BTreeSet;
use std::path::Path;

use harness::products::{Build, MODULE, product_of};
use harness::tool::tool;

use crate::loading::{HOOKS, binutils};

/// What only the store of several machines needs.
const DRIVER: [&str; 5] = [
    "tokio",
    "tokio-postgres",
    "tokio-postgres-rustls",
    "rustls",
    "ring",
];

/// The names of all that a module is built from.
fn dependencies(options: &[&str]) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = folder.join("Cargo.toml").display().to_string();
    let words = [
        "tree",
        "--manifest-path",
        &folder,
        "--locked",
        "--offline",
        "--package",
    ];
    let rest = [
        "pam_mailotp",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let tree = tool(
        "cargo",
        env!("CARGO"),
        &[&words[..], &rest, options].concat(),
    )
    .done();
    let names = tree
        .stdout
        .lines()
        .filter_map(|line| line.split(' ').next());
    names.map(ToOwned::to_owned).collect()
}

#[test]
fn a_module_without_the_feature_has_nothing_of_a_database_driver_in_it() {
    let (plain, with) = (dependencies(&[]), dependencies(&["--features", "postgres"]));
    for name in DRIVER {
        assert!(!plain.contains(name), "{name}");
        assert!(with.contains(name), "{name}: {with:?}");
    }
    // Nobody else's TLS, thread pool or logger comes with it.
    for name in [
        "openssl",
        "openssl-sys",
        "native-tls",
        "aws-lc-rs",
        "num_cpus",
        "env_logger",
    ] {
        assert!(!with.contains(name), "{name}");
    }
    let size = |build| {
        std::fs::metadata(product_of(build, MODULE))
            .expect("it is there")
            .len()
    };
    assert!(size(Build::Plain) < size(Build::WithPostgres));
}

#[test]
fn with_the_feature_a_module_exports_the_same_and_stays_loaded() {
    let listing = binutils(Build::WithPostgres, "nm", &["--dynamic", "--defined-only"]);
    let exported: BTreeSet<&str> = (listing.lines())
        .filter_map(|line| line.split_whitespace().last())
        .collect();
    assert_eq!(exported, BTreeSet::from(HOOKS));
    let dynamic = binutils(Build::WithPostgres, "readelf", &["--dynamic", "--wide"]);
    assert!(
        dynamic.contains("NODELETE") && dynamic.contains("NOW"),
        "{dynamic}"
    );
    let segments = binutils(Build::WithPostgres, "readelf", &["--segments", "--wide"]);
    assert!(segments.contains("GNU_RELRO"), "{segments}");
}

#[test]
fn with_the_feature_every_symbol_that_a_module_needs_is_there_and_no_library_is_new() {
    let libraries = |build| {
        let path = product_of(build, MODULE).display().to_string();
        let said = tool("libc-bin", "ldd", &["-r", &path]).done();
        let said = said.stdout + &said.stderr;
        assert!(
            !said.contains("undefined") && !said.contains("not found"),
            "{said}"
        );
        let names = said
            .lines()
            .filter_map(|line| line.split_whitespace().next());
        names.map(ToOwned::to_owned).collect::<BTreeSet<_>>()
    };
    assert_eq!(libraries(Build::WithPostgres), libraries(Build::Plain));
}

#[test]
fn without_the_feature_such_a_url_is_an_error_that_says_what_to_install() {
    let site = harness::site::Site::bare();
    site.configure(
        "[store]\nurl = \"postgresql://mailotp@/mailotp?host=/run\"\nkey = \"mailotp.key\"\n",
    );
    let failure = site.cli(["--json", "init"]).error(5);
    assert!(failure.message.contains("mailotp.toml:2"), "{failure:?}");
    assert!(
        failure.remedy.contains("--features postgres"),
        "{failure:?}"
    );
    let verdict = site.verdict("imap", "alice", crate::HOME, "abcde-fghij");
    assert_eq!(verdict, "PAM_AUTHINFO_UNAVAIL");
}
