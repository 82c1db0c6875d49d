use harness::postgres::{LOGIN, OWNER, Server as RealServer, shared};

use super::*;
use crate::account::Settled;
use crate::crypto::Tag;
use crate::request::Naming;
use crate::store::contract::{contract_of, fill_for_race, race_settlement};
use crate::store::{EventFilter, Persistent, Store};

const TIMEOUT: Duration = Duration::from_secs(20);
const RING: Tag = Tag([0; 16]);

/// A host: a folder where it remembers, and a store that it shares with others.
struct MailHost {
    folder: tempfile::TempDir,
    location: Location,
}

impl MailHost {
    /// Of a new store in a database of its own.
    fn of_a_new_store(server: &RealServer) -> MailHost {
        let location = Location {
            owner: Some(OWNER.into()),
            accept_loss: true,
            ..Location::parse(&server.url(&server.database())).unwrap()
        };
        Owner::connect(&location, TIMEOUT)
            .unwrap()
            .create(RING)
            .unwrap();
        MailHost::at(location)
    }

    fn at(location: Location) -> MailHost {
        MailHost {
            folder: tempfile::tempdir().unwrap(),
            location,
        }
    }

    fn another(&self) -> MailHost {
        MailHost::at(self.location.clone())
    }

    fn open_as(&self, role: Role) -> Result<PostgresStore, StoreError> {
        let trust = Trust {
            ring: RING,
            generation: 0,
            witness: Witness::new("x", &[self.folder.path()]),
        };
        PostgresStore::open(&self.location, role, trust, TIMEOUT, None)
    }

    fn open(&self) -> PostgresStore {
        self.open_as(Role::Login).unwrap()
    }

    fn owner(&self) -> PostgresStore {
        self.open_as(Role::Owner).unwrap()
    }
}

/// A store of the shared server.
struct Own {
    store: PostgresStore,
    _host: MailHost,
}

impl Own {
    fn new() -> Own {
        let host = MailHost::of_a_new_store(shared());
        Own {
            store: host.owner(),
            _host: host,
        }
    }

    fn store(&mut self) -> &mut dyn Store {
        &mut self.store
    }
}

contract_of!(postgres, super::Own::new());
