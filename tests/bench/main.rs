//! `mailotp-bench`: what one login of each kind costs, through libpam as a mail server drives it:
//! `pam_start`, `PAM_RHOST`, `pam_authenticate`, `pam_acct_mgmt`, `pam_end`.
//!
//! Every figure stands beside `pam_permit` of the same run, in turn with it: absolute times drift on
//! a machine that others share, ratios do not. An account with a hundred credentials stands beside one
//! with a single one, and beside a name that nobody has.
//!
//! `mailotp-bench beside FOLDER` compares with peers and goals (`quick`: in short), `mailotp-bench rules` prints the table
//! of rules alone, `mailotp-bench equal` whether the time tells who has an account.

mod beside;
mod equal;
mod people;
mod rules;
mod statistics;

use beside::Effort;
use harness::host::{Phase, Reply, Request};
use harness::site::Site;
use people::{KINDS, People, Person};

/// Logins of each kind in a round, and rounds.
const LOGINS: usize = 20;
const ROUNDS: usize = 5;

/// Where codes open windows, and where they do not: those of a hundred logins would be read with each.
const AT_HOME: &str = "192.0.2.1";
const AWAY: &str = "198.51.100.7";

/// Digit codes of eight digits: of six, one in thirty runs has a code that is right by chance for another
/// of a hundred authenticators as well.
const CONFIGURATION: &str = r#"
[otp]
sheet_accept = "any"
digits = 8
[limits]
network = 1000
account = 1000
[[rule]]
name = "at home"
from = ["192.0.2.0/24"]
accept = ["app-password", "otp", "password+otp"]
[[rule]]
name = "away"
accept = ["app-password", "otp", "password+otp"]
grace = "off"
"#;

/// One kind of login, and what it must come to.
struct Case {
    name: &'static str,
    /// What the account has.
    has: &'static str,
    verdict: &'static str,
    /// In turn; nothing in them is used twice.
    requests: Vec<Request>,
}

fn main() {
    let only = std::env::args().nth(1).unwrap_or_default();
    if only == "equal" {
        if !equal::is_kept_secret() {
            eprintln!("The time of a login tells who has an account, or what.");
            std::process::exit(1);
        }
        return;
    }
    if only == "beside" || only == "quick" {
        let effort = if only == "quick" {
            Effort::QUICK
        } else {
            Effort::WHOLE
        };
        let folder = std::env::args().nth(2).expect("a folder for the tables");
        if !beside::keeps_its_goals(effort, folder.as_ref()) {
            eprintln!("A goal is missed: the last table says which.");
            std::process::exit(1);
        }
        return;
    }
    if only != "rules" {
        kinds_of_login();
        println!();
    }
    if !rules::keep_the_limit() {
        eprintln!("A thousand rules cost more than mailotp.toml(5) says.");
        std::process::exit(1);
    }
}

fn kinds_of_login() {
    let site = Site::new(CONFIGURATION);
    site.gate("imap-challenge", "service=imap");
    site.stack(
        "permit",
        &[
            "auth required pam_permit.so",
            "account required pam_permit.so",
        ],
    );
    eprintln!("Enrolling…");
    let people = People::enrol(&site, LOGINS * ROUNDS);
    let cases = cases(&site, &people);
    let mut times = vec![Vec::new(); cases.len()];
    for round in 0..ROUNDS {
        eprintln!("Round {} of {ROUNDS}", round + 1);
        for (case, times) in cases.iter().zip(&mut times) {
            let each = case.requests.len() / ROUNDS;
            let requests = case.requests.iter().skip(round * each).take(each);
            for reply in site.ask_in_turn(requests.cloned()) {
                check(case, &reply);
                times.push(reply.microseconds);
            }
        }
    }
    print(&cases, times);
}

fn login(service: &str, user: &str, from: &str, secret: &str) -> Request {
    Request::new(service, user)
        .from(from)
        .answer(secret)
        .phases(&[Phase::Authenticate, Phase::Account])
}

fn again(request: &Request) -> Vec<Request> {
    vec![request.clone(); LOGINS * ROUNDS]
}

fn cases(site: &Site, people: &People) -> Vec<Case> {
    let mut cases = vec![Case {
        name: "pam_permit: the floor of libpam",
        has: "",
        verdict: "PAM_SUCCESS",
        requests: again(&login("permit", "nobody", AT_HOME, "")),
    }];
    right(people, &mut cases);
    inside_windows(site, people, &mut cases);
    wrong(people, &mut cases);
    cases.push(Case {
        name: "gate",
        has: "100 mixed",
        verdict: "PAM_AUTH_ERR",
        requests: again(&login("imap-challenge", "mixed", AT_HOME, "hunter2")),
    });
    cases
}

/// One with a single credential of a kind, with a hundred of it, and with a hundred of all kinds.
fn three<'a>(people: &'a People, kind: &str) -> [(&'a Person, &'static str); 3] {
    let at = KINDS.iter().position(|one| *one == kind).expect("a kind");
    [
        (&people.one[at], "1"),
        (&people.many[at], "100"),
        (&people.mixed, "100 mixed"),
    ]
}

fn right(people: &People, cases: &mut Vec<Case>) {
    let in_turn = |person: &Person, codes: &[String]| -> Vec<Request> {
        let logins = codes.iter().take(LOGINS * ROUNDS);
        logins
            .map(|code| login("imap", &person.name, AWAY, code))
            .collect()
    };
    for (kind, name) in KINDS.into_iter().zip([
        "app password",
        "sheet code",
        "TOTP code",
        "HOTP code",
        "response of a sequence",
    ]) {
        for (person, has) in three(people, kind) {
            let requests = match kind {
                "app-password" => again(&login("imap", &person.name, AWAY, &person.app_password)),
                "sheet" => in_turn(person, &person.sheet),
                "totp" if has == "1" => {
                    let phones = people.phones.iter();
                    phones
                        .flat_map(|phone| in_turn(phone, &phone.totp_codes(1)))
                        .collect()
                }
                "totp" => in_turn(person, &person.totp_codes(LOGINS * ROUNDS)),
                "hotp" => in_turn(person, &person.hotp),
                _ => in_turn(person, &people.responses),
            };
            cases.push(Case {
                name,
                has,
                verdict: "PAM_SUCCESS",
                requests,
            });
        }
    }
}

fn inside_windows(site: &Site, people: &People, cases: &mut Vec<Case>) {
    for (person, has) in three(people, "sheet") {
        let code = &person.sheet[LOGINS * ROUNDS];
        let verdict = site.verdict("imap", &person.name, AT_HOME, code);
        assert_eq!(verdict, "PAM_SUCCESS");
        cases.push(Case {
            name: "inside a window",
            has,
            verdict: "PAM_SUCCESS",
            requests: again(&login("imap", &person.name, AT_HOME, code)),
        });
    }
}

fn wrong(people: &People, cases: &mut Vec<Case>) {
    for (kind, name) in [
        ("app-password", "wrong app password"),
        ("sheet", "wrong sheet code"),
        ("hotp", "wrong digit code"),
        ("sequence", "wrong response"),
        ("sequence", WORDS),
    ] {
        let persons = three(people, kind).map(|(person, has)| (&*person.name, has));
        for (person, has) in persons.into_iter().chain([("nobody", "unknown account")]) {
            let secret = |at: usize| match (kind, person) {
                ("app-password", "mixed") => people.one[0].app_password.clone(),
                ("app-password", _) => people.mixed.app_password.clone(),
                ("sheet", _) => format!("wrzng-{at:05}"),
                ("hotp", _) => format!("{:08}", 31 * at),
                _ if name == WORDS => {
                    let letter = |number: usize| char::from(b'a' + (number % 26) as u8);
                    let word = [letter(at), letter(at / 26)].map(String::from).concat();
                    format!("bepge bösso Dakpi Dugmö {word} fossö")
                }
                _ => format!("{at:015x}f"),
            };
            let requests = (0..LOGINS * ROUNDS).map(|at| login("imap", person, AWAY, &secret(at)));
            cases.push(Case {
                name,
                has,
                verdict: "PAM_AUTH_ERR",
                requests: requests.collect(),
            });
        }
    }
}

/// Of another dictionary (RFC 2289, appendix B): no sheet code can be read from their end, so that they
/// cost no hash.
const WORDS: &str = "six wrong words";

fn check(case: &Case, reply: &Reply) {
    let verdict = reply.of(Phase::Authenticate);
    assert_eq!(verdict, case.verdict, "{}, {}", case.name, case.has);
}

fn print(cases: &[Case], times: Vec<Vec<u64>>) {
    println!("| login | credentials | median µs | median × pam_permit | min × | max × |");
    println!("|---|---|---:|---:|---:|---:|");
    let mut floor = None;
    for (case, mut times) in cases.iter().zip(times) {
        times.sort_unstable();
        let median = times[times.len() / 2];
        let floor = *floor.get_or_insert(median) as f64;
        let [middle, least, most] =
            [median, times[0], times[times.len() - 1]].map(|time| time as f64 / floor);
        println!(
            "| {} | {} | {median} | {middle:.1} | {least:.1} | {most:.1} |",
            case.name, case.has,
        );
    }
}
