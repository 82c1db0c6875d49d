//! Hooks on a host that is a script: what it is asked for and told is written down, and each step
//! of the script must have been used by the end.

use std::collections::VecDeque;
use std::ffi::CString;
use std::path::Path;

use mailotp_core::admin::initialise;
use zeroize::Zeroizing;

use super::*;
use crate::bench::System;

#[path = "account_tests.rs"]
mod account_tests;

/// A host that answers from a script.
#[derive(Default)]
struct Script {
    service: Option<&'static str>,
    rhost: Option<&'static str>,
    user: Option<Vec<u8>>,
    authtok: Option<Vec<u8>>,
    answers: Answers,
    told: Vec<String>,
    standing: Option<Standing>,
}

impl Host for Script {
    fn service(&self) -> Option<Vec<u8>> {
        Some(self.service.unwrap_or("mailotp-imap").into())
    }
    fn user(&mut self) -> Result<Vec<u8>, Code> {
        Ok(self.user.clone().unwrap_or_else(|| b"alice".to_vec()))
    }
    fn rhost(&self) -> Option<Vec<u8>> {
        Some(self.rhost.unwrap_or("192.0.2.1").into())
    }
    fn tty(&self) -> Option<Vec<u8>> {
        None
    }
    fn authtok(&self) -> Option<Typed> {
        self.authtok.clone().map(Zeroizing::new)
    }
    fn set_authtok(&mut self, secret: &[u8]) -> Result<(), Code> {
        self.told
            .push(format!("authtok {}", String::from_utf8_lossy(secret)));
        Ok(())
    }
    fn set_user(&mut self, user: &str) -> Result<(), Code> {
        self.told.push(format!("user {user}"));
        Ok(())
    }
    fn ask(&mut self, prompt: &str) -> Result<Typed, Code> {
        self.told.push(format!("asked {prompt}"));
        let answer = self
            .answers
            .0
            .pop_front()
            .expect("the script has an answer");
        answer.map(|text| Zeroizing::new(text.as_bytes().to_vec()))
    }
    fn remember(&mut self, standing: Standing) -> Result<(), Code> {
        self.standing = Some(standing);
        Ok(())
    }
    fn standing(&self) -> Option<Standing> {
        self.standing
    }
}

/// Answers that must all be given.
#[derive(Default)]
struct Answers(VecDeque<Result<&'static str, Code>>);

impl<const N: usize> From<[Result<&'static str, Code>; N]> for Answers {
    fn from(answers: [Result<&'static str, Code>; N]) -> Answers {
        Answers(answers.into())
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.0.is_empty(), "the script was not used up");
        }
    }
}

/// A site whose rules accept the password beside codes.
fn site(extra: &str) -> (tempfile::TempDir, CString) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("mailotp.toml");
    let rules = "[[rule]]\nname = \"r\"\naccept = [\"password\", \"otp\"]\n";
    let store = "[store]\nurl = \"sqlite:store/m.db\"\nkey = \"m.key\"\n";
    std::fs::write(&config, format!("{extra}{store}{rules}")).unwrap();
    initialise(&config, &mut System).unwrap();
    let argument = argument(&config);
    (folder, argument)
}

fn argument(config: &Path) -> CString {
    CString::new(format!("config={}", config.display())).unwrap()
}

#[test]
fn what_the_rule_leaves_to_the_next_module_is_handed_on() {
    let (_folder, config) = site("");
    let mut host = Script {
        answers: [Ok("hunter2")].into(),
        ..Script::default()
    };
    assert_eq!(authenticate(&mut host, &[&config]), Code::PAM_IGNORE);
    assert_eq!(host.told.last().unwrap(), "authtok hunter2");
    assert_eq!(host.standing, Some(Standing::PassedOn));
    assert_eq!(account(&mut host, &[&config]), Code::PAM_SUCCESS);
    assert_eq!(setcred(&host), Code::PAM_IGNORE);
}

#[test]
fn a_conversation_that_fails_is_an_error_and_a_refusal_for_what_follows() {
    let (_folder, config) = site("");
    let mut host = Script {
        answers: [Err(Code::PAM_CONV_ERR)].into(),
        ..Script::default()
    };
    assert_eq!(authenticate(&mut host, &[&config]), Code::PAM_CONV_ERR);
    assert_eq!(host.told.len(), 1, "nothing is handed on: {:?}", host.told);
    assert_eq!(account(&mut host, &[&config]), Code::PAM_AUTH_ERR);
    assert_eq!(setcred(&host), Code::PAM_IGNORE);
}

#[test]
fn an_earlier_success_on_the_handle_counts_no_more() {
    let (_folder, config) = site("");
    let mut host = Script {
        answers: [Ok("?")].into(),
        standing: Some(Standing::Accepted(Words(7))),
        ..Script::default()
    };
    assert_eq!(authenticate(&mut host, &[&config]), Code::PAM_AUTH_ERR);
    assert_eq!(setcred(&host), Code::PAM_IGNORE);
}

#[test]
fn the_first_password_is_used_and_nobody_is_asked() {
    let (_folder, config) = site("");
    for argument in [c"use_first_pass", c"try_first_pass"] {
        let mut host = Script {
            authtok: Some(b"hunter2".to_vec()),
            ..Script::default()
        };
        assert_eq!(
            authenticate(&mut host, &[&config, argument]),
            Code::PAM_IGNORE
        );
        assert_eq!(host.told, ["authtok hunter2"]);
    }
    let mut host = Script::default();
    assert_eq!(
        authenticate(&mut host, &[&config, c"use_first_pass"]),
        Code::PAM_AUTH_ERR
    );
    let mut host = Script {
        answers: [Ok("hunter2")].into(),
        ..Script::default()
    };
    assert_eq!(
        authenticate(&mut host, &[&config, c"try_first_pass"]),
        Code::PAM_IGNORE
    );
}

#[test]
fn as_a_second_step_nothing_is_asked_where_the_password_was_enough() {
    let (_folder, config) = site("");
    let mut host = Script {
        authtok: Some(b"hunter2".to_vec()),
        ..Script::default()
    };
    assert_eq!(
        authenticate(&mut host, &[&config, c"second_step"]),
        Code::PAM_IGNORE
    );
    assert!(
        host.told.is_empty(),
        "the password stays as it was: {:?}",
        host.told
    );
}

#[test]
fn what_cannot_be_trusted_is_unavailable_and_asks_for_nothing() {
    let (folder, config) = site("");
    let mut host = Script::default();
    assert_eq!(
        authenticate(&mut host, &[&config, c"nulok"]),
        Code::PAM_AUTHINFO_UNAVAIL
    );
    let missing = argument(&folder.path().join("none.toml"));
    assert_eq!(
        authenticate(&mut host, &[&missing]),
        Code::PAM_AUTHINFO_UNAVAIL
    );
    assert_eq!(
        account(&mut host, &[&missing]),
        Code::PAM_AUTH_ERR,
        "auth on this handle refused"
    );
    std::fs::remove_file(folder.path().join("m.key")).unwrap();
    assert_eq!(
        authenticate(&mut host, &[&config]),
        Code::PAM_AUTHINFO_UNAVAIL
    );
    let mut fresh = Script::default();
    assert_eq!(account(&mut fresh, &[&config]), Code::PAM_AUTHINFO_UNAVAIL);
    assert!(host.told.is_empty());
}

#[test]
fn without_a_key_ring_who_is_never_judged_goes_on_and_so_does_observe_mode() {
    for (extra, user) in [("", "root"), ("mode = \"observe\"\n", "alice")] {
        let (folder, config) = site(extra);
        std::fs::remove_file(folder.path().join("m.key")).unwrap();
        let mut host = Script {
            user: Some(user.into()),
            answers: [Ok("hunter2")].into(),
            ..Script::default()
        };
        assert_eq!(
            authenticate(&mut host, &[&config]),
            Code::PAM_IGNORE,
            "{user}"
        );
        assert_eq!(host.told, ["asked Password: ", "authtok hunter2"]);
        assert_eq!(account(&mut host, &[&config]), Code::PAM_SUCCESS);
    }
}

#[test]
fn a_name_that_no_account_can_have_is_refused_and_in_observe_mode_handed_on() {
    for bad in [&b"a b"[..], b"a/b", b"a\n", b"\xff"] {
        let (_folder, config) = site("");
        let mut host = Script {
            user: Some(bad.to_vec()),
            ..Script::default()
        };
        assert_eq!(authenticate(&mut host, &[&config]), Code::PAM_AUTH_ERR);
        assert!(host.told.is_empty());
        let (_folder, config) = site("mode = \"observe\"\n");
        let answers = || [Ok("hunter2")].into();
        let mut host = Script {
            user: Some(bad.to_vec()),
            answers: answers(),
            ..Script::default()
        };
        assert_eq!(authenticate(&mut host, &[&config]), Code::PAM_IGNORE);
        assert_eq!(host.told.last().unwrap(), "authtok hunter2");
        assert_eq!(account(&mut host, &[&config]), Code::PAM_SUCCESS);
        let mut host = Script {
            user: Some(bad.to_vec()),
            answers: answers(),
            ..Script::default()
        };
        let gate = authenticate(&mut host, &[&config, c"challenge"]);
        assert_eq!(gate, Code::PAM_USER_UNKNOWN);
    }
}

#[test]
fn a_service_that_no_rule_can_name_is_unavailable_and_in_observe_mode_handed_on() {
    let long: &'static str = Box::leak("a".repeat(65).into_boxed_str());
    for bad in [long, "mailotp-", "a b"] {
        let host = |answers| Script {
            service: Some(bad),
            answers,
            ..Script::default()
        };
        let (_folder, config) = site("");
        let mut enforced = host(Answers::default());
        assert_eq!(
            authenticate(&mut enforced, &[&config]),
            Code::PAM_AUTHINFO_UNAVAIL
        );
        assert!(enforced.told.is_empty());
        let (_folder, config) = site("mode = \"observe\"\n");
        let mut observed = host([Ok("hunter2")].into());
        assert_eq!(authenticate(&mut observed, &[&config]), Code::PAM_IGNORE);
        assert_eq!(observed.told.last().unwrap(), "authtok hunter2");
        assert_eq!(account(&mut observed, &[&config]), Code::PAM_SUCCESS);
    }
}

#[test]
fn where_no_module_before_has_asked_observe_mode_goes_on_and_sets_no_password() {
    let (folder, config) = site("mode = \"observe\"\n");
    let goes_on = |user: &str| {
        let mut host = Script {
            user: Some(user.into()),
            ..Script::default()
        };
        let code = authenticate(&mut host, &[&config, c"use_first_pass"]);
        assert_eq!(code, Code::PAM_IGNORE, "{user}");
        assert!(host.told.is_empty(), "{user}: {:?}", host.told);
        assert_eq!(account(&mut host, &[&config]), Code::PAM_SUCCESS, "{user}");
    };
    for user in ["alice", "root", "a b"] {
        goes_on(user);
    }
    std::fs::remove_file(folder.path().join("m.key")).unwrap();
    goes_on("alice");
    let mut host = Script::default();
    let gate = authenticate(&mut host, &[&config, c"use_first_pass", c"challenge"]);
    assert_eq!(
        gate,
        Code::PAM_AUTH_ERR,
        "a gate that nobody asked anything"
    );
}

/// CVE-2010-1938 OPIE, CVE-2015-9542 pam_radius, CVE-2020-10595 pam-krb5: long names or answers.
#[test]
fn cve_2010_1938_long_names_and_answers_are_refused() {
    let (_folder, config) = site("");
    let mut host = Script {
        user: Some(vec![b'a'; 2048]),
        ..Script::default()
    };
    assert_eq!(authenticate(&mut host, &[&config]), Code::PAM_AUTH_ERR);
    let long: &'static str = Box::leak("a".repeat(1025).into_boxed_str());
    let mut host = Script {
        answers: [Ok(long)].into(),
        ..Script::default()
    };
    assert_eq!(authenticate(&mut host, &[&config]), Code::PAM_AUTH_ERR);
    assert_eq!(host.told.len(), 1, "nothing is handed on");
}

#[test]
fn a_bug_is_a_refusal_and_its_payload_is_never_dropped() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let code = crate::guarded(|| std::panic::panic_any(Bomb));
    assert_eq!(code, Code::PAM_SYSTEM_ERR);
}
