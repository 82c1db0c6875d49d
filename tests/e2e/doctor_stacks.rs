//! What `doctor` says of stacks, against what libpam makes of them.

use std::collections::BTreeSet;
use std::fs;

use harness::host::{Answer, Request};
use harness::products::MODULE;
use harness::sandbox::Sandbox;
use harness::site::Site;
use serde_json::Value;

use crate::steps::stage::{run, text};

/// How many stacks are drawn.
const STACKS: usize = 150;

const PASSWORD_TOO: &str = "[[rule]]\naccept = [\"password\", \"otp\", \"app-password\"]\n";

/// Controls, of which each does something else with a yes, a no, or nothing.
const CONTROLS: [&str; 14] = [
    "required",
    "requisite",
    "sufficient",
    "optional",
    "[success=done ignore=ignore default=die]",
    "[success=ok ignore=ignore default=bad]",
    "[success=1 default=ignore]",
    "[success=2 ignore=ignore default=1]",
    "[default=1]",
    "[success=reset default=bad]",
    "[auth_err=reset success=ok default=die]",
    "[success=bad auth_err=done default=ok]",
    "[authinfo_unavail=ignore success=done default=die]",
    "[default=ignore]",
];

/// Modules that always say the same. Of what always says the same, all can be told.
const OTHERS: [&str; 3] = ["pam_permit.so", "pam_deny.so", "/nowhere/pam_broken.so"];

/// A site, and a login for which the module returns `code` there.
struct Case {
    code: &'static str,
    site: Site,
    login: Request,
}

/// Made before the sandbox: in it, the running test cannot tell where it was built.
fn cases() -> Vec<Case> {
    let case = |code, site, answer| {
        let login = Request::new("imap", "alice").from("192.0.2.7");
        let login = login.converse(answer);
        Case { code, site, login }
    };
    let typed = |text: &str| Answer::Text(text.into());
    let right = Site::new("");
    let secret = right.app_password("alice", &[]).secret;
    let broken = Site::new("");
    fs::remove_file(broken.path("mailotp.key")).expect("it is there");
    let denied = Site::new("[[rule]]\naccept = []\n");
    vec![
        case("PAM_SUCCESS", right, typed(&secret)),
        case("PAM_IGNORE", Site::new(PASSWORD_TOO), typed("horse")),
        case("PAM_AUTH_ERR", Site::new(""), typed("horse")),
        case("PAM_PERM_DENIED", denied, typed("horse")),
        case("PAM_AUTHINFO_UNAVAIL", broken, typed("horse")),
        case("PAM_CONV_ERR", Site::new(PASSWORD_TOO), Answer::Fails),
    ]
}

/// The same draw in every run (Knuth's MMIX generator).
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    /// Lines of others, and substacks.
    fn others(&mut self, most: usize) -> Vec<String> {
        (0..self.below(most + 1))
            .map(|_| match self.below(5) {
                0 => format!("auth substack sub{}", self.below(SUBSTACKS.len())),
                1 => format!("auth include sub{}", self.below(SUBSTACKS.len())),
                _ => format!("auth {} {}", self.of(&CONTROLS), self.of(&OTHERS)),
            })
            .collect()
    }

    fn stack(&mut self) -> Vec<String> {
        let mut lines = self.others(3);
        // Without its argument: the configuration is another for each case.
        lines.push(format!("auth {} MODULE", self.of(&CONTROLS)));
        lines.extend(self.others(4));
        lines
    }
}

/// What stacks include; libpam reads that in the system's folder alone.
const SUBSTACKS: [&str; 4] = [
    "auth sufficient pam_permit.so\nauth required pam_deny.so\n",
    "auth [success=1 default=ignore] pam_permit.so\nauth requisite pam_deny.so\nauth \
     required pam_permit.so\n",
    "auth requisite pam_deny.so\nauth required pam_permit.so\n",
    "auth [success=reset default=die] pam_permit.so\nauth [success=3 default=ignore] \
     pam_permit.so\n",
];

/// Which of these stacks let this login in.
fn opened(case: &Case, stacks: &[Vec<String>]) -> Vec<bool> {
    let logins = stacks.iter().enumerate().map(|(number, stack)| {
        let service = format!("stack{number}");
        let lines: Vec<&str> = stack.iter().map(String::as_str).collect();
        case.site.stack(&service, &lines);
        Request {
            service,
            ..case.login.clone()
        }
    });
    let replies = case.site.ask_in_turn(logins.collect::<Vec<_>>());
    let phase = harness::host::Phase::Authenticate;
    replies
        .iter()
        .map(|reply| reply.of(phase) == "PAM_SUCCESS")
        .collect()
}

/// What `doctor` finds in each service: name, code, and in which words.
fn found() -> BTreeSet<(String, String, String)> {
    let said = run(&["--json", "doctor"], "");
    let report: Value = serde_json::from_str(&said.stdout).expect("one JSON document");
    let all = report["findings"].as_array().expect("a list").iter();
    all.filter(|one| {
        one["code"]
            .as_str()
            .is_some_and(|code| code.starts_with("pam-"))
    })
    .flat_map(|one| {
        let message = text(&one["message"]);
        let (services, what) = message.split_once(": ").expect("it names services");
        let what = (text(&one["code"]), what.to_owned());
        let services: Vec<String> = services.split(", ").map(str::to_owned).collect();
        let each = services.into_iter();
        each.map(move |service| (service, what.0.clone(), what.1.clone()))
    })
    .collect()
}

#[test]
fn a_stack_is_open_where_it_says_so_and_nowhere_else() {
    let cases = cases();
    let module = cases[0].site.product(MODULE).display().to_string();
    Sandbox::run(|sandbox| {
        let _ = run(&["init"], "").done();
        for (number, text) in SUBSTACKS.iter().enumerate() {
            sandbox.write(&format!("/etc/pam.d/sub{number}"), 0o644, text);
        }
        let mut draw = Draw(2289);
        let stacks: Vec<_> = (0..STACKS).map(|_| draw.stack()).collect();
        for (number, stack) in stacks.iter().enumerate() {
            let text =
                stack.join("\n").replace("MODULE", &module) + "\naccount required pam_deny.so\n";
            sandbox.write(&format!("/etc/pam.d/stack{number}"), 0o644, &text);
        }
        let found = found();
        let says = |service: &str, code: &str, word: &str| {
            found
                .iter()
                .any(|(of, one, what)| of == service && one == code && what.contains(word))
        };
        let opened: Vec<_> = cases.iter().map(|case| opened(case, &stacks)).collect();
        let mut open = 0;
        for (number, stack) in stacks.iter().enumerate() {
            let service = format!("stack{number}");
            let passes = says(&service, "pam-bypass", "");
            for (case, opened) in cases.iter().zip(&opened) {
                let expected = match case.code {
                    "PAM_SUCCESS" => continue,
                    "PAM_IGNORE" => passes || says(&service, "pam-left-open", ""),
                    refusal => passes || says(&service, "pam-open", refusal),
                };
                assert_eq!(
                    opened[number], expected,
                    "{}: {stack:#?}\n{found:#?}",
                    case.code
                );
                open += usize::from(expected);
            }
            let shut = !opened[0][number] && !opened[1][number];
            assert_eq!(says(&service, "pam-shut", ""), shut, "{stack:#?}");
        }
        // Neither answer is the rule.
        assert!(open > STACKS / 2 && open < STACKS * 4, "{open}");
    });
}
