//! The modules of others, as the distribution has them: installed beside mailotp for its tests, and asked by services of
//! the bench alone.

use std::fmt::Write as _;

use harness::enrol::{Hotp, oathtool};
use harness::sandbox::Sandbox;
use harness::site::Site;
use harness::tool::tool;

use super::Effort;
use super::contestant::{Contestant, Typed, Worker};
use crate::AWAY;

const ALL: &[usize] = &[1, 4, 64];
pub const FLOOR: &str = "pam_permit";
pub const YARDSTICK: &str = "pam_google_authenticator, HOTP";

/// The floor of libpam, and what everybody is compared with.
pub fn yardsticks(site: &Site, effort: Effort) -> Vec<Contestant> {
    vec![permit(site), google_hotp(site, effort)]
}

/// Them and all others.
pub fn all(sandbox: &Sandbox, site: &Site, effort: Effort) -> Vec<Contestant> {
    let mut all = yardsticks(site, effort);
    all.push(google_totp(site, effort, true));
    all.push(google_totp(site, effort, false));
    for (users, service) in [(1, "oath-1"), (1000, "oath-1000"), (100_000, "oath-100000")] {
        all.push(oath(site, effort, users, service));
    }
    all.push(otpw(sandbox, site));
    all.push(unix(sandbox, site));
    all
}

fn stack(site: &Site, service: &str, module: &str) {
    let auth = format!("auth required {module}");
    site.stack(service, &[&auth, "account required pam_permit.so"]);
}

fn contestant(name: &str, service: &'static str, processes: &'static [usize]) -> Contestant {
    Contestant {
        name: name.to_owned(),
        service,
        from: AWAY,
        processes,
        verdict: "PAM_SUCCESS",
        loses: false,
        workers: Vec::new(),
        prepare: None,
    }
}

fn permit(site: &Site) -> Contestant {
    stack(site, "permit", "pam_permit.so");
    let workers = (0..64).map(|_| Worker {
        user: "nobody".into(),
        typed: Typed::Same(String::new()),
    });
    Contestant {
        workers: workers.collect(),
        ..contestant(FLOOR, "permit", ALL)
    }
}

/// A seed in base32, another for each number.
fn seed(number: usize) -> String {
    let letter = |shift: usize| char::from(b'A' + (number >> shift & 15) as u8);
    let first: String = [16, 12, 8, 4, 0].map(letter).into_iter().collect();
    first + "PEERSPEERSPEERSPEERSPEERSPE"
}

fn token(number: usize) -> Hotp {
    Hotp {
        id: String::new(),
        uri: format!("otpauth://hotp/x?secret={}&digits=6", seed(number)),
    }
}

/// Its files are root's, for users that the system does not know.
const GOOGLE: &str =
    "pam_google_authenticator.so secret=SITE/google/${USER} user=root no_strict_owner";

fn google_file(site: &Site, user: &str, text: &str) {
    let file = format!("google/{user}");
    site.write(&file, text);
    site.chmod(&file, 0o600);
}

fn google_stack(site: &Site) {
    std::fs::create_dir_all(site.path("google")).expect("the folder is ours");
    let module = GOOGLE.replace("SITE", &site.folder().display().to_string());
    stack(site, "google", &module);
}

fn google_hotp(site: &Site, effort: Effort) -> Contestant {
    google_stack(site);
    let worker = |at: usize| {
        let user = format!("hotp{at}");
        google_file(site, &user, &format!("{}\n\" HOTP_COUNTER 1\n", seed(at)));
        // It begins with the second code of all.
        let mut codes = token(at).codes(effort.codes(ALL, at) + 1);
        codes.remove(0);
        Worker {
            user,
            typed: Typed::InTurn(codes.into_iter()),
        }
    };
    Contestant {
        workers: (0..64).map(worker).collect(),
        ..contestant(YARDSTICK, "google", ALL)
    }
}

/// Where a code may be used again nothing is written; elsewhere each login has a file of its own.
fn google_totp(site: &Site, effort: Effort, again: bool) -> Contestant {
    let (name, prefix, option) = if again {
        ("pam_google_authenticator, TOTP, reuse allowed", "totp", "")
    } else {
        (
            "pam_google_authenticator, TOTP",
            "once",
            "\" DISALLOW_REUSE\n",
        )
    };
    let files = if again { 1 } else { effort.codes(&[1], 0) };
    for at in 0..files {
        let text = format!("{}\n{option}\" TOTP_AUTH\n", seed(at));
        google_file(site, &format!("{prefix}{at}"), &text);
    }
    let mut next = 0;
    Contestant {
        prepare: Some(Box::new(move |count| {
            let logins = (0..count).map(|_| {
                let at = if again { 0 } else { next };
                next += 1;
                let code = oathtool(&token(at).uri, &["--totp"]);
                (format!("{prefix}{at}"), code)
            });
            logins.collect()
        })),
        ..contestant(name, "google", &[1])
    }
}

/// In hexadecimal, another for each number.
fn oath_seed(number: usize) -> String {
    let byte = |at: usize| format!("{:02x}", (number >> (at % 4 * 8)) as u8);
    (0..20).map(byte).collect()
}

/// All users are in one file, which it writes anew for each login; at once it loses most of them.
fn oath(site: &Site, effort: Effort, users: usize, service: &'static str) -> Contestant {
    let processes: &[usize] = if users == 1000 { &[1, 4] } else { &[1] };
    let mut text = String::new();
    for number in 0..users {
        let _ = writeln!(text, "HOTP\tuser{number}\t-\t{}", oath_seed(number));
    }
    let file = format!("{service}.users");
    site.write(&file, &text);
    site.chmod(&file, 0o600);
    let path = site.path(&file);
    stack(
        site,
        service,
        &format!(
            "pam_oath.so usersfile={} window=20 digits=6",
            path.display()
        ),
    );
    let worker = |at: usize| {
        // In the middle of the file, where there is one.
        let number = (users / 2 + at).min(users - 1);
        let window = format!("--window={}", effort.codes(processes, at) - 1);
        let codes = tool(
            "oathtool",
            "oathtool",
            &["--hotp", &window, "--digits=6", &oath_seed(number)],
        )
        .done();
        Worker {
            user: format!("user{number}"),
            typed: Typed::InTurn(
                codes
                    .stdout
                    .lines()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
                    .into_iter(),
            ),
        }
    };
    let most = *processes.iter().max().expect("some");
    Contestant {
        workers: (0..most.min(users)).map(worker).collect(),
        loses: true,
        ..contestant(
            &format!("pam_oath, HOTP, {users} users"),
            service,
            processes,
        )
    }
}

/// Whose list lies in their home. It asks for the first line of the file that is not used up, and strikes it there; nothing
/// is synced.
fn otpw(sandbox: &Sandbox, site: &Site) -> Contestant {
    // Not where other modules are.
    stack(site, "otpw", "/lib/security/pam_otpw.so");
    let home = site.path("otpw");
    let (user, id) = ("otpw", 4242);
    std::fs::create_dir(&home).expect("the folder is ours");
    let passwd = std::fs::read_to_string("/etc/passwd").expect("the private /etc/passwd");
    let line = format!("{user}:x:{id}:{id}::{}:/bin/sh\n", home.display());
    sandbox.write("/etc/passwd", 0o644, &(passwd + &line));
    let file = home.join(".otpw");
    let make = format!(
        "printf 'prefix\\nprefix\\n' | otpw-gen -h 60 -w 79 -s 2 -f '{}' 2>/dev/null",
        file.display()
    );
    let list = site.shell(&make).done().stdout;
    for path in [&home, &file] {
        std::os::unix::fs::chown(path, Some(id), Some(id)).expect("chown");
    }
    // Five columns of a number and two halves.
    let words: Vec<&str> = list.split_whitespace().collect();
    let code = |number: &str| {
        let printed = words.windows(3).find(|three| three[0] == number);
        let [_, first, second] = printed.expect("it is printed") else {
            unreachable!("three")
        };
        format!("prefix{first}{second}")
    };
    let hashes = std::fs::read_to_string(&file).expect("it was just made");
    let codes: Vec<String> = (hashes.lines().skip(2))
        .map(|line| code(&line[..3]))
        .collect();
    Contestant {
        workers: vec![Worker {
            user: user.into(),
            typed: Typed::InTurn(codes.into_iter()),
        }],
        ..contestant("pam_otpw", "otpw", &[1])
    }
}

fn unix(sandbox: &Sandbox, site: &Site) -> Contestant {
    stack(site, "unix", "pam_unix.so");
    let hash = "import crypt; print(crypt.crypt('horse', '$y$j9T$mailotpbench01'))";
    let hash = tool("Python", "python3", &["-W", "ignore", "-c", hash])
        .done()
        .stdout;
    let shadow = std::fs::read_to_string("/etc/shadow").expect("the private /etc/shadow");
    let shadow: String = (shadow.lines())
        .map(|line| match line.strip_prefix("alice:") {
            Some(rest) => {
                let rest = rest.split_once(':').map_or("", |(_, rest)| rest);
                format!("alice:{}:{rest}\n", hash.trim())
            }
            None => format!("{line}\n"),
        })
        .collect();
    sandbox.write("/etc/shadow", 0o600, &shadow);
    Contestant {
        workers: vec![Worker {
            user: "alice".into(),
            typed: Typed::Same("horse".into()),
        }],
        ..contestant("pam_unix, yescrypt", "unix", &[1])
    }
}
