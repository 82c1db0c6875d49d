//! The module as the loader sees it.

use std::collections::BTreeSet;

use harness::products::{Build, MODULE, product, product_of};
use harness::tool::tool;

/// What libpam looks for in a module.
pub const HOOKS: [&str; 6] = [
    "pam_sm_acct_mgmt",
    "pam_sm_authenticate",
    "pam_sm_chauthtok",
    "pam_sm_close_session",
    "pam_sm_open_session",
    "pam_sm_setcred",
];

/// What a program of binutils says of the module of this build.
pub fn binutils(build: Build, program: &str, arguments: &[&str]) -> String {
    let path = product_of(build, MODULE).display().to_string();
    let arguments = [arguments, &[path.as_str()]].concat();
    tool("binutils", program, &arguments).done().stdout
}

#[test]
fn it_exports_the_hooks_of_pam_and_nothing_else() {
    let listing = binutils(Build::Plain, "nm", &["--dynamic", "--defined-only"]);
    let exported: BTreeSet<&str> = (listing.lines())
        .filter_map(|line| line.split_whitespace().last())
        .collect();
    assert_eq!(exported, BTreeSet::from(HOOKS));
}

#[test]
fn it_stays_loaded_and_is_bound_at_once() {
    // Without "nodelete" a threaded host crashes when a thread ends after pam_end: rust-lang/rust#91979.
    let dynamic = binutils(Build::Plain, "readelf", &["--dynamic", "--wide"]);
    assert!(dynamic.contains("NODELETE"), "{dynamic}");
    assert!(dynamic.contains("NOW"), "{dynamic}");
    let segments = binutils(Build::Plain, "readelf", &["--segments", "--wide"]);
    assert!(segments.contains("GNU_RELRO"), "{segments}");
}

#[test]
fn every_symbol_that_it_needs_is_there() {
    let path = product(MODULE).display().to_string();
    let resolved = tool("libc-bin", "ldd", &["-r", &path]).done();
    let said = resolved.stdout + &resolved.stderr;
    assert!(
        !said.contains("undefined") && !said.contains("not found"),
        "{said}"
    );
    for foreign in ["sqlite", "libssl", "libcurl", "libresolv"] {
        assert!(
            !said.contains(foreign),
            "the host may hold another copy of it: {said}"
        );
    }
}
