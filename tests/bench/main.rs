//! `mailotp-bench`: what one login of each kind costs, through libpam as a mail server drives it:
//! `pam_start`, `PAM_RHOST`, `pam_authenticate`, `pam_acct_mgmt`, `pam_end`.
//!
//! Every figure stands beside `pam_permit` of the same run, in turn with it: absolute times drift on
//! a machine that others share, ratios do not.

mod rules;

use harness::host::{Phase, Reply, Request};
use harness::site::Site;

/// Logins of each kind in a round, and rounds.
const LOGINS: usize = 40;
const ROUNDS: usize = 5;

const HERE: &str = "192.0.2.1";

/// One kind of login, and what it must come to.
struct Case {
    name: &'static str,
    verdict: &'static str,
    /// The requests of one round; nothing in them is used twice.
    requests: Vec<Vec<Request>>,
}

fn main() {
    let site =
        Site::new("[otp]\nsheet_accept = \"any\"\n[limits]\nnetwork = 1000\naccount = 1000\n");
    site.gate("imap-challenge", "service=imap");
    site.stack(
        "permit",
        &[
            "auth required pam_permit.so",
            "account required pam_permit.so",
        ],
    );
    eprintln!("Enrolling…");
    let cases = cases(&site);
    let mut times = vec![Vec::new(); cases.len()];
    for round in 0..ROUNDS {
        eprintln!("Round {} of {ROUNDS}", round + 1);
        for (case, times) in cases.iter().zip(&mut times) {
            for reply in site.ask_in_turn(case.requests[round].iter().cloned()) {
                check(case, &reply);
                times.push(reply.microseconds);
            }
        }
    }
    print(&cases, times);
    println!();
    if !rules::keep_the_limit() {
        eprintln!("A thousand rules cost more than mailotp.toml(5) says.");
        std::process::exit(1);
    }
}

fn login(service: &str, user: &str, from: &str, secret: &str) -> Request {
    Request::new(service, user)
        .from(from)
        .answer(secret)
        .phases(&[Phase::Authenticate, Phase::Account])
}

fn cases(site: &Site) -> Vec<Case> {
    let rounds = |request: &dyn Fn(usize) -> Request| -> Vec<Vec<Request>> {
        (0..ROUNDS)
            .map(|round| (0..LOGINS).map(|at| request(round * LOGINS + at)).collect())
            .collect()
    };
    let all = ROUNDS * LOGINS;
    let sheet = site.sheet_with("sheet", &["--count", &all.to_string()]);
    let window = site.sheet("window");
    assert_eq!(
        site.verdict("imap", "window", HERE, &window.codes[0]),
        "PAM_SUCCESS"
    );
    let password = site.app_password("phone", &[]).secret;
    // A step is accepted once for an account, so that each login has one of its own.
    let codes: Vec<String> = (0..all)
        .map(|at| site.totp(&format!("totp{at}")).code(0))
        .collect();
    let wrong = |at: usize| format!("wrzng-{at:05}");
    let case = |name, verdict, requests| Case {
        name,
        verdict,
        requests,
    };
    vec![
        case(
            "pam_permit: the floor of libpam",
            "PAM_SUCCESS",
            rounds(&|_| login("permit", "nobody", HERE, "")),
        ),
        case(
            "app password",
            "PAM_SUCCESS",
            rounds(&|_| login("imap", "phone", HERE, &password)),
        ),
        case(
            "TOTP code",
            "PAM_SUCCESS",
            rounds(&|at| login("imap", &format!("totp{at}"), HERE, &codes[at])),
        ),
        case(
            "sheet code",
            "PAM_SUCCESS",
            rounds(&|at| login("imap", "sheet", HERE, &sheet.codes[at])),
        ),
        case(
            "inside a window",
            "PAM_SUCCESS",
            rounds(&|_| login("imap", "window", HERE, &window.codes[0])),
        ),
        case(
            "wrong sheet code",
            "PAM_AUTH_ERR",
            rounds(&|at| login("imap", "sheet", HERE, &wrong(at))),
        ),
        case(
            "unknown account",
            "PAM_AUTH_ERR",
            rounds(&|at| login("imap", "nobody", HERE, &wrong(at))),
        ),
        case(
            "gate",
            "PAM_AUTH_ERR",
            rounds(&|_| login("imap-challenge", "sheet", HERE, "hunter2")),
        ),
    ]
}

fn check(case: &Case, reply: &Reply) {
    let verdict = reply.of(Phase::Authenticate);
    assert_eq!(verdict, case.verdict, "{}", case.name);
}

fn print(cases: &[Case], times: Vec<Vec<u64>>) {
    println!("| login | median µs | p99 µs | × pam_permit |");
    println!("|---|---:|---:|---:|");
    let mut floor = None;
    for (case, mut times) in cases.iter().zip(times) {
        times.sort_unstable();
        let median = times[times.len() / 2];
        let p99 = times[times.len() * 99 / 100];
        let floor = *floor.get_or_insert(median);
        println!(
            "| {} | {median} | {p99} | {:.1} |",
            case.name,
            median as f64 / floor as f64
        );
    }
}
