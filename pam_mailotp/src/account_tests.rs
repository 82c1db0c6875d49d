//! `account` on a handle on which `auth` has let somebody in.

use mailotp_core::admin::{Admin, Secrets, Wish};
use mailotp_core::site::{Access, Site};

use super::*;
use crate::ffi;

const RULES: &str = "[[rule]]\naccept = [\"app-password\"]\n";

/// A host on which alice has just logged in, at a site of these rules.
fn let_in() -> (tempfile::TempDir, CString, Script) {
    let (folder, argument) = site("");
    configure(&folder, RULES);
    let path = folder.path().join("mailotp.toml");
    let Ok(site) = Site::of(site::load_config(&path).unwrap()) else {
        panic!("no site");
    };
    let account = site.config.naming.account(b"alice").unwrap();
    let wish = Wish {
        new_account: true,
        live: true,
        ..Wish::new(&account)
    };
    let added = Admin {
        site: &site,
        store: &mut *site.open_store(Access::Command).unwrap(),
        random: &mut System,
        arena: &mut ffi::MappedArena,
        now: SystemTime::now().into(),
        actor: "root".into(),
        host: "host".into(),
        generation: None,
    }
    .add_app_password(&wish)
    .unwrap();
    let Secrets::AppPassword(password) = added.secrets else {
        panic!("no app password");
    };
    let password: &'static str = password.to_string().leak();
    let mut host = Script {
        answers: [Ok(password)].into(),
        ..Script::default()
    };
    assert_eq!(authenticate(&mut host, &[&argument]), Code::PAM_SUCCESS);
    assert!(matches!(host.standing, Some(Standing::Accepted(_))));
    (folder, argument, host)
}

fn configure(folder: &tempfile::TempDir, rules: &str) {
    let store = "[store]\nurl = \"sqlite:store/m.db\"\nkey = \"m.key\"\n";
    let path = folder.path().join("mailotp.toml");
    std::fs::write(path, format!("{store}{rules}")).unwrap();
}

#[test]
fn what_auth_has_judged_is_not_judged_again_by_the_same_words() {
    let (folder, config, mut host) = let_in();
    // Whoever judges needs it.
    std::fs::remove_file(folder.path().join("m.key")).unwrap();
    assert_eq!(account(&mut host, &[&config]), Code::PAM_SUCCESS);
    assert_eq!(
        account(&mut host, &[&config, c"nullok"]),
        Code::PAM_SUCCESS,
        "of no matter for whoever is let in"
    );
}

#[test]
fn other_words_of_the_configuration_are_judged_anew() {
    for (rules, code) in [
        (
            "[[rule]]\naccept = [\"app-password\"]\n# \n",
            Code::PAM_SUCCESS,
        ),
        ("[[rule]]\naccept = []\n", Code::PAM_PERM_DENIED),
        ("[[rule]]\n", Code::PAM_AUTHINFO_UNAVAIL),
        ("", Code::PAM_SUCCESS),
    ] {
        let (folder, config, mut host) = let_in();
        configure(&folder, rules);
        assert_eq!(account(&mut host, &[&config]), code, "{rules}");
    }
}

#[test]
fn a_configuration_that_is_no_longer_to_be_trusted_lets_nobody_in() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, config, mut host) = let_in();
    let path = folder.path().join("mailotp.toml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(
        account(&mut host, &[&config]),
        Code::PAM_AUTHINFO_UNAVAIL,
        "others can change it"
    );
    std::fs::remove_file(&path).unwrap();
    assert_eq!(account(&mut host, &[&config]), Code::PAM_AUTHINFO_UNAVAIL);
}

/// The rule denies everybody but alice, from her address, at one service.
#[test]
fn another_user_service_or_place_is_judged_anew() {
    const ALICES: &str = "[[rule]]\nusers = [\"alice\"]\nservices = [\"imap\"]\n\
                          from = [\"192.0.2.1\"]\naccept = [\"app-password\"]\n\
                          [[rule]]\naccept = []\n";
    let (folder, config, mut host) = let_in();
    configure(&folder, ALICES);
    let words = words_of(
        &host,
        &Args::parse(&[&config]).unwrap(),
        b"alice",
        Config::fingerprint_of(&site::config_text(&folder.path().join("mailotp.toml")).unwrap()),
    );
    host.standing = Some(Standing::Accepted(words));
    assert_eq!(account(&mut host, &[&config]), Code::PAM_SUCCESS);
    let denied = |change: &dyn Fn(&mut Script), arguments: &[&CStr]| {
        let mut host = Script {
            standing: Some(Standing::Accepted(words)),
            ..Script::default()
        };
        change(&mut host);
        let code = account(&mut host, arguments);
        assert_eq!(code, Code::PAM_PERM_DENIED);
    };
    denied(&|host| host.user = Some(b"bob".to_vec()), &[&config]);
    denied(&|host| host.service = Some("mailotp-pop3"), &[&config]);
    denied(&|host| host.rhost = Some("192.0.2.2"), &[&config]);
    denied(&|_| {}, &[&config, c"service=pop3"]);
}
