//! What rules cost: the same login where ten of them are read, and where a thousand are.

use std::fmt::Write as _;

use harness::host::{Phase, Request};
use harness::site::Site;

use crate::{AT_HOME, login};

const FEW: usize = 10;
const MANY: usize = 1000;

/// The logins. Whoever is let in by mailotp is judged once; a main password is judged by the next module,
/// and by the rules in either phase.
const NAMES: [&str; 3] = ["app password", "inside a window", "main password"];

/// What a thousand rules may add to ten, in microseconds: what mailotp.toml(5) says. It says of rules that
/// are not written plainly what they cost, too: the last column, which has no limit.
const LIMIT: u64 = 1000;

/// Logins of each kind in a round, at either site in turn; and rounds.
const LOGINS: usize = 25;
const ROUNDS: usize = 8;

/// Prints what each login costs, and says whether all of them keep the limit.
///
/// The time of the processor counts: it is what rules are paid in, and a disk that is waited for does
/// not change it.
pub fn keep_the_limit() -> bool {
    println!("CPU µs at {FEW} rules, at {MANY}, and at {MANY} whose lines end as those of DOS:");
    println!();
    println!("| login | {FEW} | {MANY} | difference | {MANY}, not plain |");
    println!("|---|---:|---:|---:|---:|");
    let dos = configuration(MANY).replace('\n', "\r\n");
    let sites = [&configuration(FEW), &configuration(MANY), &dos].map(|text| ruled(text));
    let mut kept = true;
    for (at, name) in NAMES.into_iter().enumerate() {
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            for ((site, logins), times) in sites.iter().zip(&mut times) {
                let requests = vec![logins[at].clone(); LOGINS];
                for reply in site.ask_in_turn(requests) {
                    for phase in [Phase::Authenticate, Phase::Account] {
                        assert_eq!(reply.of(phase), "PAM_SUCCESS", "{name}");
                    }
                    times.push(reply.cpu_microseconds);
                }
            }
        }
        let [few, many, slow] = times.map(median);
        let more = many.saturating_sub(few);
        println!("| {name} | {few} | {many} | {more} | {slow} |");
        kept &= more < LIMIT;
    }
    kept
}

fn median(mut times: Vec<u64>) -> u64 {
    times.sort_unstable();
    times[times.len() / 2]
}

/// A site of rules of which the last one decides, and the logins of [`NAMES`] there.
fn ruled(text: &str) -> (Site, [Request; 3]) {
    let site = Site::new(text);
    site.stack(
        "next",
        &[
            "auth [success=done ignore=ignore default=die] MODULE",
            "auth required pam_permit.so",
            "account required MODULE",
        ],
    );
    let password = site.app_password("phone", &[]).secret;
    let sheet = site.sheet("window");
    let code = &sheet.codes[0];
    assert_eq!(site.verdict("imap", "window", AT_HOME, code), "PAM_SUCCESS");
    let logins = [
        ("imap", "phone", &*password),
        ("imap", "window", code),
        ("next", "phone", "correct horse"),
    ];
    let logins = logins.map(|(service, user, secret)| login(service, user, AT_HOME, secret));
    (site, logins)
}

/// `count` rules as sites have them: branches, each with networks and people of its own.
fn configuration(count: usize) -> String {
    let mut text = String::from("[groups]\n");
    for team in 0..20 {
        let members: Vec<String> = (0..20)
            .map(|member| format!("\"member{member}.{team}\""))
            .collect();
        let _ = writeln!(text, "team{team} = [{}]", members.join(", "));
    }
    for at in 1..count {
        let (third, second) = (at % 256, at / 256);
        let ipv6 = match at % 2 {
            0 => format!(", \"2001:db8:{at:x}::/48\""),
            _ => String::new(),
        };
        let _ = write!(
            text,
            "\n[[rule]]\nname     = \"branch {at}\"\nservices = [\"imap\", \"submission\"]\n\
             from     = [\"10.{second}.{third}.0/24\"{ipv6}]\n\
             users    = [\"manager{at}\", \"@team{}\"]\naccept   = [\"app-password\", \"otp\"]\n",
            at % 20,
        );
    }
    text + "\n[[rule]]\nname   = \"everywhere else\"\naccept = [\"app-password\", \"otp\", \"password\"]\n"
}
