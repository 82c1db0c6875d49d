//! What rules cost: the same login where ten of them are read, and where a thousand are.

use std::fmt::Write as _;

use harness::host::{Phase, Request};
use harness::site::Site;

use crate::{AT_HOME, login};

const FEW: usize = 10;
const MANY: usize = 1000;

const NAMES: [&str; 2] = ["app password", "inside a window"];

/// What a thousand rules may add to ten, in microseconds: what mailotp.toml(5) says.
const LIMIT: u64 = 1000;

/// Logins of each kind in a round, at either site in turn; and rounds.
const LOGINS: usize = 25;
const ROUNDS: usize = 8;

/// Prints what each login costs, and says whether all of them keep the limit.
///
/// The time of the processor counts: it is what rules are paid in, and a disk that is waited for does
/// not change it.
pub fn keep_the_limit() -> bool {
    println!("| login | {FEW} rules, CPU µs | {MANY} rules, CPU µs | difference |");
    println!("|---|---:|---:|---:|");
    let sites = [FEW, MANY].map(ruled);
    let mut kept = true;
    for (at, name) in NAMES.into_iter().enumerate() {
        let mut times = [Vec::new(), Vec::new()];
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
        let [few, many] = times.map(median);
        let more = many.saturating_sub(few);
        println!("| {name} | {few} | {many} | {more} |");
        kept &= more < LIMIT;
    }
    kept
}

fn median(mut times: Vec<u64>) -> u64 {
    times.sort_unstable();
    times[times.len() / 2]
}

/// A site of this many rules, of which the last one decides, and the logins of [`NAMES`] there.
fn ruled(count: usize) -> (Site, [Request; 2]) {
    let site = Site::new(&configuration(count));
    let password = site.app_password("phone", &[]).secret;
    let sheet = site.sheet("window");
    let code = &sheet.codes[0];
    assert_eq!(site.verdict("imap", "window", AT_HOME, code), "PAM_SUCCESS");
    let logins = [("phone", &password), ("window", code)];
    let logins = logins.map(|(user, secret)| login("imap", user, AT_HOME, secret));
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
    text + "\n[[rule]]\nname   = \"everywhere else\"\naccept = [\"app-password\", \"otp\"]\n"
}
