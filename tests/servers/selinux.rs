//! The module for SELinux, linked with Debian's own policy, and asked who may read the keys.

use std::fs;
use std::path::Path;

use harness::output::Output;
use harness::packaged::source;
use harness::tool::tool;

/// Of Debian's policy, what our servers are in, and what those need.
const MODULES: [&str; 6] = ["base", "mta", "dovecot", "sasl", "ssh", "courier"];

/// Not in Debian 12: Fedora has the one, and OpenSSH from 9.8 on the other.
const NOT_THERE: [&str; 2] = ["unconfined_service_t", "sshd_session_t"];

#[test]
fn in_debian_s_policy_the_servers_may_read_the_keys_and_no_other_confined_domain_may() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = |name: &str| folder.path().join(name).display().to_string();
    let shell = |script: &str| -> Output {
        let words = ["-ec", script, "sh", &place("")];
        tool("dash", "sh", &words).done()
    };
    let _ =
        shell("cd \"$1\" && apt-get -q download selinux-policy-default && dpkg -x ./*.deb policy");
    let modules = MODULES.map(|name| place(&format!("{name}.pp")));
    for name in MODULES {
        let packed = format!("policy/usr/share/selinux/default/{name}.pp.bz2");
        let _ = shell(&format!("cd \"$1\" && bzcat {packed} >{name}.pp"));
    }
    let source = |name: &str| source("packaging/selinux").join(name).display().to_string();
    let [module, ours, linked, policy] = ["mailotp.mod", "mailotp.pp", "linked.pp", "policy"]
        .map(|name| place(&format!("made-{name}")));
    // Its name is the module's.
    let module = module.replace("made-", "");
    let te = source("mailotp.te");
    let _ = tool(
        "checkpolicy",
        "checkmodule",
        &["-M", "-m", "-o", &module, &te],
    )
    .done();
    let _ = tool(
        "semodule-utils",
        "semodule_package",
        &["-o", &ours, "-m", &module],
    )
    .done();
    let mut link = vec!["-v", "-o", &linked];
    link.extend(modules.iter().map(String::as_str));
    link.push(&ours);
    let said = tool("semodule-utils", "semodule_link", &link).done();
    let unmet = said
        .stderr
        .lines()
        .filter(|line| line.contains("debug_requirements: mailotp["));
    let unmet: Vec<&str> = unmet.filter_map(|line| line.rsplit(' ').next()).collect();
    assert_eq!(unmet, NOT_THERE, "every other type is one of Debian's");
    let _ = tool("semodule-utils", "semodule_expand", &[&linked, &policy]).done();
    assert!(fs::metadata(Path::new(&policy)).is_ok());

    let ask = |words: &[&str]| -> Vec<String> {
        let said = tool(
            "setools",
            "sesearch",
            &[&["-A"], words, &[policy.as_str()]].concat(),
        )
        .done();
        said.stdout
            .lines()
            .map(|line| line.split(' ').nth(1).unwrap_or("").to_owned())
            .collect()
    };
    for target in ["mailotp_key_t", "mailotp_var_lib_t"] {
        let mut readers = ask(&["-t", target, "-c", "file", "-p", "read"]);
        readers.retain(|domain| domain != "files_unconfined_type");
        assert_eq!(readers, ["mailotp_client"], "{target}");
        for domain in [
            "dovecot_auth_t",
            "saslauthd_t",
            "sshd_t",
            "courier_authdaemon_t",
        ] {
            assert!(
                !ask(&["-s", domain, "-t", target, "-c", "file", "-p", "read"]).is_empty(),
                "{domain}"
            );
        }
    }
    let writers = ask(&["-t", "mailotp_key_t", "-c", "file", "-p", "write"]);
    assert_eq!(
        writers,
        ["files_unconfined_type"],
        "no server changes the keys"
    );
}
