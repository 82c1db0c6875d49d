//! The two stores.

use harness::postgres::Server;
use harness::site::Site;

use crate::fill;

pub enum Place {
    File,
    Database { server: Server, database: String },
}

impl Place {
    pub fn file() -> Place {
        Place::File
    }

    /// A server as it comes, which syncs what it commits.
    pub fn database() -> Place {
        let server = Server::start(&["shared_buffers = 256MB", "max_wal_size = 4GB"]);
        let database = server.database();
        Place::Database { server, database }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Place::File => "SQLite",
            Place::Database { .. } => "PostgreSQL",
        }
    }

    pub fn site(&self, configuration: &str) -> Site {
        match self {
            Place::File => Site::new(configuration),
            Place::Database { server, database } => {
                Site::of_database(&server.url(database), "accept_loss = true\n", configuration)
            }
        }
    }

    /// Adds the accounts from the number `from` up to `to`.
    pub fn fill(&self, site: &Site, from: usize, to: usize) {
        match self {
            Place::File => {
                site.write("fill.sql", fill::for_sqlite(from, to));
                site.shell("sqlite3 store/mailotp.db < fill.sql").done();
            }
            Place::Database { server, database } => {
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
            Place::Database { server, database } => {
                let size = server.sql(database, &format!("SELECT pg_database_size('{database}')"));
                size.parse().expect("a size")
            }
        }
    }
}
