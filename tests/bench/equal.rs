//! Whether the time of a login tells who has an account, and what it has.
//!
//! For a secret of every form, the logins of somebody who has such a credential, of somebody who has another, and
//! of nobody come in turn, in one process. What is judged is the difference of the medians, with the interval in
//! which it lies with 95 % (bootstrap), and beside it how surprising the ranks are (Mann and Whitney): of the time
//! of the processor, which no disk and no neighbour changes, and of the time on the wall, which a stranger sees.

use harness::host::{Answer, Phase, Reply, Request};
use harness::site::Site;

use crate::statistics::median;

/// Triples of each form.
const SAMPLES: usize = 150;
/// How often they are drawn again.
const DRAWS: usize = 2000;
/// Beyond chance, and more than a page of a table that is there for one of them alone: microseconds.
const TOLERANCE: f64 = 25.0;

const CONFIGURATION: &str = r#"
[limits]
network = 1000
account = 1000
[[rule]]
accept = ["app-password", "otp"]
grace = "off"
"#;

/// What one measured of a login.
type Clock = fn(&Reply) -> u64;

/// Measures, prints, and says whether nothing is told.
pub fn is_kept_secret() -> bool {
    let site = Site::new(CONFIGURATION);
    site.stack("imap", &["auth required MODULE"]);
    for service in ["sheet", "totps", "appss", "seque"] {
        match service {
            "sheet" => drop(site.sheet(service)),
            "totps" => drop(site.totp(service)),
            "appss" => drop(site.app_password(service, &[])),
            _ => drop(site.sequence(service)),
        }
    }
    let others: Vec<String> = (0..8)
        .map(|_| site.app_password("other", &[]).secret)
        .collect();
    println!(
        "| secret | beside nobody | clock | median µs | difference µs, 95 % | Mann-Whitney z |"
    );
    println!("|---|---|---|---:|---:|---:|");
    let mut is_kept = true;
    for (form, having, another) in [
        ("the prompt alone", "sheet", "totps"),
        ("digit code", "totps", "appss"),
        ("sheet code", "sheet", "appss"),
        ("app password", "appss", "sheet"),
        ("response", "seque", "totps"),
    ] {
        let users = ["nobod", having, another];
        let answer = |at: usize| match form {
            "the prompt alone" => Answer::Fails,
            "digit code" => Answer::Text(format!("{:06}", 7 * at + 1).into()),
            "sheet code" => Answer::Text(format!("wrzng-{at:05}").into()),
            "app password" => Answer::Text(others[at % others.len()].clone().into()),
            _ => Answer::Text(format!("{at:015x}f").into()),
        };
        let requests = (0..SAMPLES * users.len()).map(|at| {
            // Who is first changes with every triple.
            let user = users[(at + at / users.len()) % users.len()];
            let triple = at / users.len();
            let from = format!("198.18.{}.{}", triple / 200, triple % 200 + 1);
            Request {
                answers: vec![answer(triple)],
                phases: vec![Phase::Authenticate],
                ..Request::new("imap", user).from(from)
            }
        });
        let requests: Vec<Request> = requests.collect();
        let mut host = site.host();
        let replies: Vec<Reply> = (requests.iter())
            .map(|request| {
                host.ask(&site.here(request.clone()));
                host.reply()
            })
            .collect();
        for (clock, name) in [
            ((|reply| reply.cpu_microseconds) as Clock, "processor"),
            (|reply| reply.microseconds, "wall"),
        ] {
            let of = |user: &str| -> Vec<f64> {
                let both = requests.iter().zip(&replies);
                both.filter(|(request, _)| request.user.as_deref() == Some(user.as_bytes()))
                    .map(|(_, reply)| clock(reply) as f64)
                    .collect()
            };
            let nobody = of(users[0]);
            for (user, has) in [
                (having, "one who has such"),
                (another, "one who has another"),
            ] {
                let known = of(user);
                let [low, high] = interval(&nobody, &known);
                let difference = median(&known) - median(&nobody);
                println!(
                    "| {form} | {has} | {name} | {:.0} | {difference:+.0} ({low:+.0} to {high:+.0}) | {:+.1} |",
                    median(&nobody),
                    surprise(&nobody, &known)
                );
                let tells = low > TOLERANCE || high < -TOLERANCE;
                is_kept &= !(tells && name == "processor");
            }
        }
    }
    is_kept
}

/// Where the difference of the medians lies with 95 %: as it comes out of samples drawn from the samples.
fn interval(one: &[f64], other: &[f64]) -> [f64; 2] {
    let mut random = Xorshift(0x9e37_79b9_7f4a_7c15);
    let mut differences: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let mut drawn = |of: &[f64]| -> f64 {
                let again: Vec<f64> = of.iter().map(|_| of[random.below(of.len())]).collect();
                median(&again)
            };
            drawn(other) - drawn(one)
        })
        .collect();
    differences.sort_by(f64::total_cmp);
    [DRAWS / 40, DRAWS - DRAWS / 40 - 1].map(|at| differences[at])
}

/// How many standard deviations the sum of the ranks of the second is from what chance makes of it.
fn surprise(one: &[f64], other: &[f64]) -> f64 {
    let (n, m) = (one.len() as f64, other.len() as f64);
    let above = other
        .iter()
        .flat_map(|value| one.iter().map(move |than| (value, than)));
    let u: f64 = above
        .map(|(value, than)| match value.total_cmp(than) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
        .sum();
    (u - n * m / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt()
}

/// Marsaglia, "Xorshift RNGs" (2003): the same draws every time.
struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}
