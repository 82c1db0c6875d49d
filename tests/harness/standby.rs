//! Real standbys of a PostgreSQL, which follow it and take its place.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::postgres::{PORT, Server};

impl Server {
    /// A server that replicates this one, as it is from now on.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn standby(&self, name: &str) -> Server {
        let mut standby = Server::empty();
        standby.copy(self, name);
        standby.configure(&["synchronous_standby_names = ''"]);
        standby.reload();
        standby
    }

    /// Makes a server that was ended the standby of another one, in the place that it had.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn follow(&mut self, primary: &Server, name: &str) {
        self.kill();
        fs::remove_dir_all(self.data()).expect("the folder is ours");
        self.copy(primary, name);
    }

    fn copy(&mut self, primary: &Server, name: &str) {
        let connection = format!(
            "host={} port={PORT} user=postgres application_name={name}",
            primary.folder().display()
        );
        let words = [
            "--no-sync",
            "--checkpoint=fast",
            "-R",
            "-d",
            &connection,
            "-D",
        ];
        self.run("pg_basebackup", &words, Some(&self.data()));
        self.configure(&[]);
        self.resume();
    }

    /// Waits until a standby of this server has all that was committed here.
    ///
    /// # Panics
    /// Where it does not within ten seconds.
    pub fn wait_for(&self, standby: &Server) {
        let here = self.sql("postgres", "SELECT pg_current_wal_lsn()");
        let has = format!("SELECT pg_last_wal_replay_lsn() >= '{here}'");
        let start = Instant::now();
        while standby.sql("postgres", &has) != "t" {
            assert!(start.elapsed() < Duration::from_secs(10), "it is behind");
            sleep(Duration::from_millis(20));
        }
    }

    /// Cuts a standby off from its primary.
    ///
    /// # Panics
    /// Where it goes on receiving.
    pub fn cut_off(&self) {
        self.configure(&["primary_conninfo = ''"]);
        // What pg_basebackup has written there counts for more.
        let automatic = self.data().join("postgresql.auto.conf");
        fs::write(automatic, "").expect("the folder is ours");
        self.reload();
        let receives = "SELECT count(*) FROM pg_stat_wal_receiver";
        let start = Instant::now();
        while self.sql("postgres", receives) != "0" {
            assert!(start.elapsed() < Duration::from_secs(10), "it receives");
            sleep(Duration::from_millis(20));
        }
    }

    /// Makes a standby the primary.
    ///
    /// # Panics
    /// Where it stays a standby.
    pub fn promote(&self) {
        self.sql("postgres", "SELECT pg_promote(wait => true)");
    }
}
