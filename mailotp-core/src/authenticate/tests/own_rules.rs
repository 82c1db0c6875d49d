//! Rules that accounts make for themselves, and whether `explain` and `verify` tell the truth.

use proptest::prelude::*;

use super::*;
use crate::admin::Explanation;
use crate::rule::{Accept, Own};

const PASSWORD: (Answer, Reason) = (Answer::PassOn(Handover::Whole), Reason::Password);

fn own(services: &[&str], from: &[&str], accept: &[Means]) -> Own {
    let services: Vec<String> = services.iter().map(|name| (*name).to_owned()).collect();
    Own {
        services: (!services.is_empty()).then(|| services.into_iter().collect()),
        from: (!from.is_empty()).then(|| from.iter().map(|place| place.parse().unwrap()).collect()),
        accept: Accept(accept.iter().copied().collect()),
    }
}

impl World {
    fn add_rule(&mut self, user: &str, rule: Own) {
        let account = name(user);
        self.admin(|admin| {
            let known = admin.account(&account)?;
            admin.add_rule(&known, rule)
        });
    }

    fn explain(&mut self, user: &str, service: &str, from: &str) -> Explanation {
        let (account, service) = (name(user), Service::new(service).unwrap());
        let remote = Remote::parse(from).unwrap();
        self.admin(|admin| admin.explain(&account, &service, remote))
    }

    fn verify(&mut self, user: &str, service: &str, from: &str, typed: &str) -> Report {
        let request = self.request(user, service, from, typed);
        let now = Timestamp(self.now);
        self.door(|door| door.verify(request, "root", now))
    }
}

#[test]
fn an_own_rule_narrows_what_the_administrators_give_where_it_matches() {
    let mut world = World::new("");
    let device = world.app_password("alice", Scope::default());
    world.totp("alice");
    world.add_rule("alice", own(&["webmail"], &[], &[Means::Otp]));
    world.add_rule("alice", own(&[], &[ELSEWHERE], &[]));
    let mut at = |service: &str, from: &str| {
        let report = world.report("alice", service, from, &device);
        (report.answer, report.event.reason, report.event.rule)
    };
    assert_eq!(
        at("imap", HERE),
        (Answer::Accept, Reason::AppPassword, None)
    );
    let (answer, reason, rule) = at("webmail", HERE);
    assert_eq!((answer, reason), (Answer::Refuse, Reason::NotAccepted));
    assert!(rule.unwrap().starts_with("own "));
    assert_eq!(at("imap", ELSEWHERE).0, Answer::Deny, "it accepts nothing");
    let denied = world.visit("alice", false, |door, visitor, now| {
        let visitor = Visitor {
            remote: Remote::parse(ELSEWHERE).unwrap(),
            ..visitor
        };
        door.account(visitor, Earlier::Nothing, now)
            .map(|report| report.answer)
    });
    assert_eq!(denied, Some(Answer::Deny), "for ssh keys as well");
}

#[test]
fn an_own_rule_widens_nothing_unless_the_site_lets_users_exempt_addresses() {
    let rules = "[[rule]]\nname = \"r\"\nservices = [\"imap\"]\naccept = [\"password+otp\"]\n\
                 [[rule]]\nname = \"closed\"\naccept = []\n";
    for (users, at_home) in [
        ("", (Answer::Deny, Reason::Rule)),
        ("[users]\nmay_exempt = true\n", PASSWORD),
    ] {
        let mut world = World::new(&format!("{users}{rules}"));
        world.totp("alice");
        world.add_rule("alice", own(&[], &[HERE], &[Means::Password]));
        assert_eq!(world.login("alice", HERE, "main password"), at_home);
        assert_eq!(
            world.login("alice", ELSEWHERE, "main password"),
            (Answer::Refuse, Reason::Wrong)
        );
        let closed = world.report("alice", "sshd", HERE, "main password");
        assert_eq!(closed.answer, Answer::Deny, "what is denied stays so");
    }
}

#[test]
fn an_exemption_must_name_addresses() {
    let site = "[users]\nmay_exempt = true\n[[rule]]\nname = \"r\"\naccept = [\"otp\"]\n";
    for from in [&[][..], &["unknown"], &[HERE, "local"]] {
        let mut world = World::new(site);
        world.totp("alice");
        world.add_rule("alice", own(&[], from, &[Means::Password]));
        assert_ne!(
            world.login("alice", HERE, "main password"),
            PASSWORD,
            "{from:?}"
        );
    }
}

#[test]
fn verify_spends_nothing_opens_nothing_and_charges_what_is_wrong() {
    let mut world = World::new("");
    let codes = world.sheet("alice", 2, Scope::default());
    let phone = world.totp("alice");
    for _ in 0..2 {
        let report = world.verify("alice", "imap", HERE, &codes[0]);
        assert_eq!((report.answer, report.event.reason), ACCEPTED);
    }
    let events = world.store.events(&EventFilter::default()).unwrap();
    let last = events.last().unwrap();
    assert_eq!(
        (last.result, last.reason),
        (Verdict::Passed, Reason::Verified)
    );
    assert_eq!(last.actor.as_deref(), Some("root"));
    let snapshot = world.store.read(&name("alice"), None).unwrap();
    assert_eq!((snapshot.windows, snapshot.known), (vec![], vec![]));
    let _ = world.verify("alice", "imap", HERE, "000000");
    assert_eq!(world.guesses_left("alice"), 7);
    let _ = world.verify("alice", "imap", HERE, &code_at(&phone, NOW));
    assert_eq!(world.guesses_left("alice"), 7, "a right one is given back");
    assert_eq!(world.login("alice", HERE, &codes[0]), ACCEPTED);
}

/// A rule of the configuration, out of few words.
fn a_rule() -> impl Strategy<Value = String> {
    let accept = prop::sample::subsequence(
        vec!["password", "app-password", "otp", "password+otp"],
        0..=3,
    )
    .prop_filter("contradicts itself", |accept| {
        !(accept.contains(&"password") && accept.contains(&"password+otp"))
    });
    let services = prop::sample::subsequence(vec!["imap", "webmail", "sshd", "mail"], 1..=2);
    let from = prop::sample::subsequence(vec![HERE, "198.51.100.0/24", "unknown", "local"], 1..=2);
    let users = prop::sample::subsequence(vec!["alice", "bob"], 1..=1);
    (
        accept,
        prop::option::of(services),
        prop::option::of(from),
        prop::option::of(users),
        prop::sample::select(vec!["", "mode = \"observe\"\n"]),
    )
        .prop_map(|(accept, services, from, users, mode)| {
            let list = |key: &str, words: Option<Vec<&str>>| {
                words.map_or_else(String::new, |words| format!("{key} = {words:?}\n"))
            };
            format!(
                "accept = {accept:?}\n{}{}{}{mode}",
                list("services", services),
                list("from", from),
                list("users", users)
            )
        })
}

fn an_own_rule() -> impl Strategy<Value = Own> {
    (
        prop::sample::subsequence(Means::ALL.to_vec(), 0..=3),
        prop::sample::subsequence(vec!["imap", "webmail"], 0..=1),
        prop::sample::subsequence(vec![HERE, ELSEWHERE, "unknown"], 0..=2),
    )
        .prop_map(|(accept, services, from)| own(&services, &from, &accept))
}

fn a_site() -> impl Strategy<Value = (String, Vec<Own>)> {
    (
        prop::collection::vec(a_rule(), 0..=4),
        prop::collection::vec(an_own_rule(), 0..=2),
        prop::sample::select(vec!["", "enrolment = \"optional\"\n"]),
        prop::bool::ANY,
    )
        .prop_map(|(rules, own, enrolment, may_exempt)| {
            let rules: String = rules
                .iter()
                .enumerate()
                .map(|(at, rule)| format!("[[rule]]\nname = \"r{at}\"\n{rule}"))
                .collect();
            let users = format!("[users]\nmay_exempt = {may_exempt}\n{enrolment}");
            (format!("{users}{rules}"), own)
        })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// What `explain` calls usable lets in there and nothing else does; what `verify` says, a login
    /// then meets.
    #[test]
    fn explain_and_verify_tell_the_truth(
        (config, own) in a_site(),
        service in prop::sample::select(vec!["imap", "webmail", "sshd"]),
        from in prop::sample::select(vec![HERE, ELSEWHERE, "unknown", "local", "2001:db8::1"]),
        user in prop::sample::select(vec!["alice", "bob", "nobody"]),
        narrow in prop::bool::ANY,
        locked in prop::bool::weighted(0.1),
    ) {
        let mut world = World::new(&config);
        let scope = || if narrow {
            Scope {
                services: vec!["imap".into()],
                from: vec!["192.0.2.0/24".parse().unwrap()],
                ..Scope::default()
            }
        } else {
            Scope::default()
        };
        let device = world.app_password("alice", scope());
        let owner = world.sequence("alice", 100);
        let phone = world.totp("alice");
        let _ = world.app_password("bob", Scope::default());
        for rule in own {
            world.add_rule("alice", rule);
        }
        world.now += 60;
        if locked {
            world.admin(|admin| {
                let known = admin.account(&name("alice"))?;
                admin.lock(&known, true)
            });
        }
        let found = world.explain(user, service, from);
        let usable = |kind: &str| user == "alice"
            && found.usable.iter().any(|credential| credential.kind.as_str() == kind);
        let accepts = |means| found.judgement.accepts(means);
        let code = code_at(&phone, world.now);
        for (typed, means, kind) in [
            (device.clone(), Means::AppPassword, "app-password"),
            (owner.answer(99), Means::Otp, "sequence"),
            (format!("secret{}", owner.answer(99)), Means::PasswordOtp, "sequence"),
            (code.clone(), Means::Otp, "totp"),
            (format!("secret{code}"), Means::PasswordOtp, "totp"),
            ("zzzzz-zzzzy".to_owned(), Means::Otp, "none"),
            ("main password".to_owned(), Means::Password, "none"),
        ] {
            let verified = world.verify(user, service, from, &typed);
            let right = matches!(
                verified.event.reason,
                Reason::AppPassword | Reason::Code | Reason::CodeAndPassword
            );
            prop_assert_eq!(right, usable(kind) && accepts(means), "{} {:?}", typed, verified.event);
            let before = world.store.store.borrow().clone();
            let login = world.report(user, service, from, &typed);
            prop_assert_eq!(&login.answer, &verified.answer, "{}", &typed);
            prop_assert_eq!(login.event.reason, verified.event.reason, "{}", &typed);
            prop_assert_eq!(login.event.result, verified.event.result);
            prop_assert_eq!(&login.event.rule, &verified.event.rule);
            // Each is a login of its own: what it spent is unspent for the next one.
            *world.store.store.borrow_mut() = before;
        }
    }
}
