//! `mailotp-scale ACCOUNTS`: whether a login costs the same with few accounts and with many, on both stores, by
//! one and by 64 processes at once; and how fast people are enrolled.
//!
//! Who logs in was enrolled by the command. The rest of the accounts, with five credentials each, are written
//! into the store in the same form and of the same size: nobody waits for the hashes of a million sheets.

mod fill;
mod place;

use std::time::Instant;

use harness::enrol::Hotp;
use harness::host::{Phase, Request};
use harness::shared_site::ALONE;
use harness::site::Site;
use place::Place;

/// As many processes log in at once, each for an account of its own, so often.
const WORKERS: usize = 64;
const LOGINS: usize = 10;
/// As many logins of one process.
const IN_TURN: usize = 200;
/// So much longer than among a few may a login take among all of them, and in so many turns that is measured.
const LIMIT: f64 = 1.1;
const ROUNDS: usize = 10;
/// As many accounts are enrolled to see how fast that is.
const BULK: usize = 1000;

const CONFIGURATION: &str = "mode = \"enforce\"\n[otp]\nlook_ahead = 5\n[[rule]]\nname = \"all\"\naccept = [\"otp\", \"app-password\"]\ngrace = \"off\"\n";

/// Somebody who logs in.
struct Worker {
    name: String,
    codes: std::vec::IntoIter<String>,
    app_password: String,
}

fn main() {
    let accounts = std::env::args()
        .nth(1)
        .map_or(Ok(1_000_000), |count| count.parse());
    let accounts: usize = accounts.expect("how many accounts");
    println!(
        "| store | accounts | login | at once | p50 ms | p99 ms | worst ms | logins/s | refused |"
    );
    println!("|---|---:|---|---:|---:|---:|---:|---:|---:|");
    let mut notes = Vec::new();
    let mut ratios = Vec::new();
    for place in [Place::file(), Place::database()] {
        let (site, mut workers) = (place.site(CONFIGURATION), Vec::new());
        for number in 0..WORKERS {
            workers.push(Worker::enrol(&site, number));
        }
        notes.push(bulk(&place, &site));
        let mut there = WORKERS + BULK;
        measure(&place, &site, &mut workers, there);
        for wanted in [accounts / 100, accounts] {
            if wanted > there {
                eprintln!("{}: {wanted} accounts…", place.name());
                place.fill(&site, there, wanted);
                there = wanted;
                measure(&place, &site, &mut workers, there);
            }
        }
        let few = place.another(CONFIGURATION);
        let worker = Worker::enrol(&few, 0);
        for (login, ratio) in beside_few(&few, worker, &site, &mut workers[0]) {
            ratios.push((format!("{}, {login}", place.name()), ratio));
        }
        let size = place.size(&site) >> 20;
        notes.push(format!(
            "{}: {there} accounts with {} credentials each take {size} MiB.",
            place.name(),
            fill::KINDS.len(),
        ));
        if place.url().is_some() {
            let place = place.pooled();
            site.configure_database(&place.url().expect("a URL"), ALONE, CONFIGURATION);
            measure(&place, &site, &mut workers, there);
        }
    }
    println!();
    for note in notes {
        println!("* {note}");
    }
    println!(
        "\n| login | median time among {accounts} accounts × among one | limit |\n|---|---:|---:|"
    );
    for (login, ratio) in &ratios {
        println!("| {login} | {ratio:.2} | {LIMIT} |");
    }
    if ratios.iter().any(|(_, ratio)| *ratio > LIMIT) {
        eprintln!("A login among many accounts takes longer than among few.");
        std::process::exit(1);
    }
}

/// In turn, since absolute times drift: what a login takes where there are many accounts, by what it takes where there is one.
fn beside_few(
    few: &Site,
    mut one: Worker,
    many: &Site,
    among_many: &mut Worker,
) -> [(&'static str, f64); 2] {
    let each = IN_TURN / ROUNDS;
    let time = |site: &Site, requests: Vec<Request>| {
        let replies = site.ask_in_turn(requests);
        let times = replies.iter().map(|reply| reply.microseconds as f64);
        median(times.collect())
    };
    let ratio =
        |requests: &dyn Fn(&mut Worker) -> Vec<Request>, one: &mut Worker, other: &mut Worker| {
            let rounds = (0..ROUNDS).map(|_| {
                let [one, other] = [requests(one), requests(other)];
                time(many, other) / time(few, one)
            });
            median(rounds.collect())
        };
    let phone = |worker: &mut Worker| vec![worker.login(&worker.app_password); each];
    let hotp = |worker: &mut Worker| worker.with_codes(each);
    [
        ("app password", ratio(&phone, &mut one, among_many)),
        ("HOTP", ratio(&hotp, &mut one, among_many)),
    ]
}

/// The one in the middle.
fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

impl Worker {
    fn enrol(site: &Site, number: usize) -> Worker {
        let name = format!("worker{number}");
        let app_password = site.app_password(&name, &[]).secret;
        let token = Hotp::of(&site.add(&name, &["hotp", "--no-confirm"]));
        // Each size takes a part of them, and so does the comparison: one process alone, and all at once.
        let count = 5 * (LOGINS + if number == 0 { IN_TURN } else { 0 });
        Worker {
            name,
            app_password,
            codes: token.codes(count).into_iter(),
        }
    }

    fn with_codes(&mut self, count: usize) -> Vec<Request> {
        let codes: Vec<String> = self.codes.by_ref().take(count).collect();
        codes.iter().map(|code| self.login(code)).collect()
    }

    fn login(&self, secret: &str) -> Request {
        Request::new("imap", &self.name)
            .from("192.0.2.1")
            .answer(secret)
            .phases(&[Phase::Authenticate, Phase::Account])
    }
}

fn measure(place: &Place, site: &Site, workers: &mut [Worker], accounts: usize) {
    let row = |what: &str, requests: Vec<Vec<Request>>| {
        let (at_once, start) = (requests.len(), Instant::now());
        let mut times = Vec::new();
        let mut refused = 0;
        let replies = std::thread::scope(|scope| {
            let hosts: Vec<_> = requests
                .into_iter()
                .map(|requests| scope.spawn(|| site.ask_in_turn(requests)))
                .collect();
            hosts
                .into_iter()
                .flat_map(|host| host.join().expect("a host"))
                .collect::<Vec<_>>()
        });
        let elapsed = start.elapsed();
        for reply in &replies {
            times.push(reply.microseconds);
            refused += usize::from(reply.of(Phase::Authenticate) != "PAM_SUCCESS");
        }
        times.sort_unstable();
        let at =
            |part: usize| times[(times.len() * part / 100).min(times.len() - 1)] as f64 / 1000.0;
        println!(
            "| {} | {accounts} | {what} | {at_once} | {:.1} | {:.1} | {:.1} | {:.0} | {refused} |",
            place.name(),
            at(50),
            at(99),
            at(100),
            replies.len() as f64 / elapsed.as_secs_f64()
        );
    };
    let phone = |worker: &Worker, count| vec![worker.login(&worker.app_password); count];
    row("app password", vec![phone(&workers[0], IN_TURN)]);
    row("HOTP", vec![workers[0].with_codes(IN_TURN)]);
    row(
        "app password",
        workers.iter().map(|worker| phone(worker, LOGINS)).collect(),
    );
    row(
        "HOTP",
        workers
            .iter_mut()
            .map(|worker| worker.with_codes(LOGINS))
            .collect(),
    );
}

/// Enrols people from a list of seeds, as a site that comes from another program does.
fn bulk(place: &Place, site: &Site) -> String {
    let seed = |number: usize| {
        let digits = format!("{number:08}");
        let letters = digits.bytes().map(|digit| char::from(digit - b'0' + b'A'));
        letters.collect::<String>() + "MAILOTPMAILOTPMAILOTPMAI"
    };
    let lines: String = (0..BULK)
        .map(|number| {
            format!(
                "otpauth://totp/bulk{number}?secret={}&digits=6&period=30\n",
                seed(number)
            )
        })
        .collect();
    site.write("bulk", lines);
    site.chmod("bulk", 0o600);
    let start = Instant::now();
    site.cli(["--new", "import", "otpauth", "bulk"]).done();
    let rate = BULK as f64 / start.elapsed().as_secs_f64();
    format!(
        "{}: {rate:.0} accounts a second are enrolled by `import`.",
        place.name()
    )
}
