//! mailotp beside its peers and the limits of the machine, in one run.
//!
//! Each login is what a server does: `pam_start`, `PAM_RHOST`, `pam_authenticate`, `pam_acct_mgmt`, `pam_end`, in processes
//! that go on. Everybody has their turn in each round, and what is compared is compared within it: absolute times drift
//! by a factor of two on a machine that others share, ratios do not.

mod contestant;
mod dovecot;
mod goals;
mod limits;
mod ours;
mod peers;
mod report;

use harness::helper::{Helper, SOCKET};
use harness::sandbox::Sandbox;
use harness::site::Site;

use contestant::{Contestant, Outcome};
use goals::Goal;

use crate::statistics::median;

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Effort {
    /// Turns of everybody.
    pub rounds: usize,
    /// Logins of one process in a turn, where it is alone; beside others it makes fewer.
    pub logins: usize,
}

impl Effort {
    /// For who develops.
    pub const QUICK: Effort = Effort {
        rounds: 3,
        logins: 20,
    };
    /// For a table that is kept.
    pub const WHOLE: Effort = Effort {
        rounds: 5,
        logins: 60,
    };

    /// Logins of each of so many processes in a turn.
    fn of(self, processes: usize) -> usize {
        match processes {
            1 => self.logins,
            4 => self.logins / 2,
            _ => (self.logins / 16).max(2),
        }
    }

    /// Logins of the first process, and of the others.
    fn codes(self, processes: &[usize], worker: usize) -> usize {
        let turns = processes.iter().filter(|count| worker < **count);
        self.rounds * turns.map(|count| self.of(*count)).sum::<usize>()
    }
}

const CONFIGURATION: &str = r#"
[otp]
look_ahead = 5
sheet_accept = "any"
[helper]
socket = "run/helper.sock"
[limits]
network = 1000
account = 1000
[[rule]]
name = "at home"
from = ["192.0.2.0/24"]
accept = ["app-password", "otp"]
[[rule]]
name = "away"
accept = ["app-password", "otp"]
grace = "off"
"#;

/// What was measured of one contestant in so many processes: a value for each round.
pub struct Measured {
    name: String,
    processes: usize,
    /// Whether the helper kept the store open meanwhile.
    helped: bool,
    rounds: Vec<Outcome>,
}

impl Measured {
    fn median(&self, of: impl Fn(&Outcome) -> f64) -> f64 {
        median(&self.rounds.iter().map(of).collect::<Vec<_>>())
    }

    /// The longest of all, in milliseconds.
    fn worst(&self) -> f64 {
        let longest = self.rounds.iter().map(|round| round.at(100)).max();
        longest.unwrap_or_default() as f64 / 1000.0
    }

    fn refused(&self) -> usize {
        self.rounds.iter().map(|round| round.refused).sum()
    }
}

/// Measures, prints the table, writes it as Markdown and JSON into this folder, and says whether all goals are reached.
pub fn keeps_its_goals(effort: Effort, folder: &std::path::Path) -> bool {
    // With a reader at the socket of the log, and system accounts of its own.
    Sandbox::run(|sandbox| {
        let site = Site::of_root(CONFIGURATION);
        std::fs::create_dir_all(site.path(SOCKET).parent().expect("a folder")).expect("make it");
        let limits = limits::measure(&site, effort);
        let mut contestants = peers::all(sandbox, &site, effort);
        contestants.extend(ours::all(&site, effort, false));
        let mut measured = run(&site, &mut contestants, effort, false);
        {
            let _helper = Helper::start(&site);
            // The floor and the yardstick once more: they are compared with within a round.
            let mut contestants = peers::yardsticks(&site, effort);
            contestants.extend(ours::all(&site, effort, true));
            measured.extend(run(&site, &mut contestants, effort, true));
        }
        let module = limits::module(&site);
        let share = dovecot::share(sandbox, effort);
        let goals = goals::all(&measured, &limits, &module);
        report::write(folder, &site, &measured, &limits, &module, &share, &goals);
        goals.iter().all(Goal::is_reached)
    })
}

fn run(site: &Site, contestants: &mut [Contestant], effort: Effort, helped: bool) -> Vec<Measured> {
    let mut measured: Vec<Measured> = Vec::new();
    for processes in [1, 4, 64] {
        let first = measured.len();
        for round in 0..effort.rounds {
            eprintln!(
                "{processes} at once, round {} of {}",
                round + 1,
                effort.rounds
            );
            let those = contestants.iter_mut();
            let those = those.filter(|one| one.processes.contains(&processes));
            for (at, contestant) in those.enumerate() {
                let outcome = contestant.turn(site, processes, effort.of(processes));
                if round == 0 {
                    measured.push(Measured {
                        name: contestant.name.clone(),
                        processes,
                        helped,
                        rounds: Vec::new(),
                    });
                }
                measured[first + at].rounds.push(outcome);
            }
        }
    }
    measured
}
