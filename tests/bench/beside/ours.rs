//! mailotp's logins.

use std::fmt::Write as _;

use harness::enrol::{Hotp, oathtool};
use harness::site::Site;

use super::Effort;
use super::contestant::{Contestant, Typed, Worker};
use crate::{AT_HOME, AWAY, people};

const ALL: &[usize] = &[1, 4, 64];

/// Each kind, with accounts of its own: others where the helper helps.
pub fn all(site: &Site, effort: Effort, helped: bool) -> Vec<Contestant> {
    let beside = if helped { "helped" } else { "alone" };
    eprintln!("Enrolling ({beside})…");
    let kind = |name: &str, from, processes, verdict, workers| Contestant {
        name: format!("mailotp: {name}"),
        service: "imap",
        from,
        processes,
        verdict,
        loses: false,
        workers,
        prepare: None,
    };
    let users = |name: &str, processes: &[usize]| -> Vec<String> {
        let count = processes.iter().max().expect("some");
        (0..*count)
            .map(|at| format!("{name}-{beside}-{at}"))
            .collect()
    };
    let each = |name: &str, processes: &[usize], make: &dyn Fn(usize, &str) -> Typed| {
        let users = users(name, processes).into_iter().enumerate();
        let worker = |(at, user): (usize, String)| Worker {
            typed: make(at, &user),
            user,
        };
        users.map(worker).collect::<Vec<_>>()
    };
    let hotp = each("hotp", ALL, &|at, user| {
        let token = Hotp::of(&site.add(user, &["hotp", "--no-confirm"]));
        Typed::InTurn(token.codes(effort.codes(ALL, at)).into_iter())
    });
    let phone = each("phone", ALL, &|_, user| {
        Typed::Same(site.app_password(user, &[]).secret)
    });
    let many = each("phones", &[1], &|_, user| {
        let phones = (0..100).map(|_| site.app_password(user, &[]).secret);
        Typed::Same(phones.last().expect("a hundred"))
    });
    let window = each("window", ALL, &|_, user| {
        let token = Hotp::of(&site.add(user, &["hotp", "--no-confirm"]));
        let code = token.code(0);
        assert_eq!(site.verdict("imap", user, AT_HOME, &code), "PAM_SUCCESS");
        Typed::Same(code)
    });
    let sheet = each("sheet", &[1], &|at, user| {
        let count = effort.codes(&[1], at).to_string();
        Typed::InTurn(
            site.sheet_with(user, &["--count", &count])
                .codes
                .into_iter(),
        )
    });
    let sequence = each("sequence", &[1], &|at, user| {
        people::add_sequence(site, user, 0);
        Typed::InTurn(people::responses(site, effort.codes(&[1], at)).into_iter())
    });
    let wrong = each("wrong", &[1], &|at, user| {
        site.add(user, &["hotp", "--no-confirm"]);
        Typed::InTurn(wrong_digits(effort.codes(&[1], at)).into_iter())
    });
    let nobody = vec![Worker {
        user: format!("nobody-{beside}"),
        typed: Typed::InTurn(wrong_digits(effort.codes(&[1], 0)).into_iter()),
    }];
    let gate = each("gate", ALL, &|_, user| {
        site.app_password(user, &[]);
        Typed::Same("hunter2".into())
    });
    // As short a stack as the others': what libpam loads counts for each.
    site.stack("imap", &["auth required MODULE", "account required MODULE"]);
    site.gate("imap-challenge", "service=imap");
    let mut all = vec![
        kind("HOTP", AWAY, ALL, "PAM_SUCCESS", hotp),
        kind("sequence", AWAY, &[1], "PAM_SUCCESS", sequence),
        kind("app password", AWAY, ALL, "PAM_SUCCESS", phone),
        kind("app password, one of 100", AWAY, &[1], "PAM_SUCCESS", many),
        kind("in a window", AT_HOME, ALL, "PAM_SUCCESS", window),
        kind("sheet code", AWAY, &[1], "PAM_SUCCESS", sheet),
        kind("wrong digit code", AWAY, &[1], "PAM_AUTH_ERR", wrong),
        kind("unknown account", AWAY, &[1], "PAM_AUTH_ERR", nobody),
    ];
    all.push(totp(site, effort, beside));
    all.push(Contestant {
        service: "imap-challenge",
        ..kind("gate", AT_HOME, ALL, "PAM_AUTH_ERR", gate)
    });
    all
}

/// Each step is accepted once, so that each login has an account of its own.
fn totp(site: &Site, effort: Effort, beside: &str) -> Contestant {
    let count = effort.codes(&[1], 0);
    let mut uris = String::new();
    for number in 0..count {
        let letter = |shift: usize| char::from(b'A' + (number >> shift & 15) as u8);
        // No two have the same: one that another account has is not taken over.
        let run = if beside == "alone" { 'A' } else { 'B' };
        let seed: String = [8, 4, 0].map(letter).into_iter().chain([run]).collect();
        let _ = writeln!(
            uris,
            "otpauth://totp/totp-{beside}-{number}?secret={seed}MAILOTPMAILOTPMAILOTPMAILOTP&digits=6&period=30"
        );
    }
    let file = format!("totp-{beside}");
    site.write(&file, &uris);
    site.chmod(&file, 0o600);
    site.cli(["--new", "import", "otpauth", &file]).done();
    let mut uris = uris
        .lines()
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .into_iter();
    let beside = beside.to_owned();
    let mut next = 0;
    Contestant {
        name: "mailotp: TOTP".to_owned(),
        service: "imap",
        from: AWAY,
        processes: &[1],
        verdict: "PAM_SUCCESS",
        loses: false,
        workers: Vec::new(),
        prepare: Some(Box::new(move |count| {
            let uris = uris.by_ref().take(count);
            let codes = uris.map(|uri| {
                next += 1;
                let user = format!("totp-{beside}-{}", next - 1);
                (user, oathtool(&uri, &["--totp"]))
            });
            codes.collect()
        })),
    }
}

fn wrong_digits(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("{:06}", 37 * at + 5)).collect()
}
