//! Keeps the store open while the helper runs: a login that finds it so takes half the time.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use mailotp_core::site::{Site, load_config};
use mailotp_core::store::sqlite::Keeper;

use crate::cli::Cli;

/// How often the log of writes is looked after.
const EVERY: Duration = Duration::from_secs(1);

/// How often the configuration is read: by then it may name another store.
const ANEW: Duration = Duration::from_secs(60);

/// Begins, in a thread of its own that ends with the process. Logins do without it as well, so that nobody is told
/// where it cannot: whatever is wrong with the store, they and `doctor` say.
pub fn start(cli: Arc<Cli>) {
    let _ = thread::Builder::new().spawn(move || {
        let mut kept = open(&cli);
        loop {
            let since = Instant::now();
            while since.elapsed() < ANEW && kept.as_mut().is_none_or(is_well) {
                thread::sleep(EVERY);
            }
            // The next one is open before this one is closed, or that would take the log away.
            kept = open(&cli);
        }
    });
}

fn open(cli: &Cli) -> Option<Keeper> {
    let site = Site::of(load_config(&cli.config).ok()?).ok()?;
    site.keep_store().ok()?
}

fn is_well(keeper: &mut Keeper) -> bool {
    keeper.tend().unwrap_or(false)
}
