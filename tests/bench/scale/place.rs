//! The two stores.

use harness::postgres::{Pooler, Server};
use harness::shared_site::ALONE;
use harness::site::Site;

use crate::fill;

/// So many accounts are written at once.
const PART: usize = 50_000;

pub enum Place {
    File,
    Database {
        /// Between the hosts and the server, where there is one.
        pooler: Option<Pooler>,
        server: Server,
        database: String,
    },
}

impl Place {
    pub fn file() -> Place {
        Place::File
    }

    /// A server as it comes, which syncs what it commits.
    pub fn database() -> Place {
        let server = Server::start(&["shared_buffers = 256MB", "max_wal_size = 4GB"]);
        let database = server.database();
        Place::Database {
            pooler: None,
            server,
            database,
        }
    }

    /// The same with a pooler in front of it.
    pub fn pooled(self) -> Place {
        match self {
            Place::File => Place::File,
            Place::Database {
                server, database, ..
            } => Place::Database {
                pooler: Some(Pooler::start(&server)),
                server,
                database,
            },
        }
    }

    pub fn url(&self) -> Option<String> {
        match self {
            Place::File => None,
            Place::Database {
                pooler,
                server,
                database,
            } => Some(match pooler {
                Some(pooler) => pooler.url(database),
                None => server.url(database),
            }),
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Place::File => "SQLite",
            Place::Database { pooler: None, .. } => "PostgreSQL",
            Place::Database { .. } => "PostgreSQL, PgBouncer",
        }
    }

    pub fn site(&self, configuration: &str) -> Site {
        match self.url() {
            None => Site::new(configuration),
            Some(url) => Site::of_database(&url, ALONE, configuration),
        }
    }

    /// A site with a store of its own in the same place.
    pub fn another(&self, configuration: &str) -> Site {
        match self {
            Place::File => Site::new(configuration),
            Place::Database { server, .. } => {
                Site::of_database(&server.url(&server.database()), ALONE, configuration)
            }
        }
    }

    /// Adds the accounts from the number `from` up to `to`.
    pub fn fill(&self, site: &Site, from: usize, to: usize) {
        // A part at a time: no statement of a test may run for long.
        for from in (from..to).step_by(PART) {
            self.fill_part(site, from, to.min(from + PART));
        }
    }

    fn fill_part(&self, site: &Site, from: usize, to: usize) {
        match self {
            Place::File => {
                site.write("fill.sql", fill::for_sqlite(from, to));
                site.shell("sqlite3 store/mailotp.db < fill.sql").done();
            }
            Place::Database {
                server, database, ..
            } => {
                server.sql(database, &fill::for_postgres(from, to));
            }
        }
    }

    /// How many bytes it takes.
    pub fn size(&self, site: &Site) -> u64 {
        match self {
            Place::File => {
                let path = site.path("store/mailotp.db");
                path.metadata().expect("the store is there").len()
            }
            Place::Database {
                server, database, ..
            } => {
                let size = server.sql(database, &format!("SELECT pg_database_size('{database}')"));
                size.parse().expect("a size")
            }
        }
    }
}
