//! Sites whose store is a database, which several of them share as mail hosts do.

use std::fs;

use crate::postgres::{LOGIN, OWNER, Server};
use crate::products::Build;
use crate::site::{OWNER as SITE_OWNER, Site};

/// What most of them say of a server that has no standby.
pub const ALONE: &str = "accept_loss = true\n";

impl Site {
    /// A site with this configuration and a database of its own at this server.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[must_use]
    pub fn of_server(server: &Server, toml: &str) -> Self {
        Self::of_database(&server.url(&server.database()), ALONE, toml)
    }

    /// A site with this configuration and the database at this URL, with these lines in `[store]`.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[must_use]
    pub fn of_database(url: &str, store: &str, toml: &str) -> Self {
        let site = Self::bare_with_postgres();
        site.configure_database(url, store, toml);
        site.cli(["init"]).done();
        site
    }

    /// The same, of root, as on a real machine: other users can enter its folder, and open neither key nor
    /// password.
    ///
    /// # Panics
    /// Where the tests do not run as root, or it cannot be made.
    #[must_use]
    pub fn of_root_and_database(url: &str, store: &str, toml: &str) -> Self {
        let site = Self::open_to_others(Build::WithPostgres);
        site.configure_database(url, store, toml);
        site.cli(["init"]).done();
        site
    }

    /// A folder with PAM services and nothing else, for the build that speaks PostgreSQL.
    #[must_use]
    pub fn bare_with_postgres() -> Self {
        Self::bare_of(SITE_OWNER, Build::WithPostgres)
    }

    /// Replaces the configuration by one that names the database at this URL.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn configure_database(&self, url: &str, store: &str, toml: &str) {
        let owner = if store.contains("owner") {
            String::new()
        } else {
            format!("owner = \"{OWNER}\"\n")
        };
        self.configure(&format!(
            "{toml}\n[store]\nurl = \"{url}\"\nkey = \"mailotp.key\"\n{owner}{store}\n\
             [helper]\nsocket = \"run/helper.sock\"\n"
        ));
    }

    /// Another mail host of the same store: the same configuration and key ring, and a memory of its own.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[must_use]
    pub fn another_host(&self) -> Self {
        let other = if self.is_of_root() {
            Self::open_to_others(Build::WithPostgres)
        } else {
            Self::bare_with_postgres()
        };
        let copy = |name| fs::read(self.path(name)).expect("the site has it");
        other.write("mailotp.toml", copy("mailotp.toml"));
        other.write("mailotp.key", copy("mailotp.key"));
        other.chmod("mailotp.key", 0o600);
        let known = self.accounts.lock().expect("no test panics in here");
        other
            .accounts
            .lock()
            .expect("no test panics in here")
            .clone_from(&known);
        other
    }
}

impl Server {
    /// What statements of the role of the logins are answered with, on this database: `Err` is what the
    /// server refuses them with.
    ///
    /// # Errors
    /// Where the server refuses them.
    pub fn as_login(&self, database: &str, statements: &str) -> Result<String, String> {
        let statements = format!("SET search_path = mailotp; {statements}");
        let output = self.sql_as(LOGIN, database, &statements);
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
        }
    }
}
