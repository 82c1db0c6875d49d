//! How many clients are served at once, and how often one user may change something: so that nobody
//! takes all the room that there is, and nobody fills the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::unistd::Uid;

/// Connections at once, without root's: a connection has up to seven descriptors, of the 1024 that a
/// process has by default.
const MOST: usize = 128;
/// Of these, of one user: as many as a mail server has workers.
const MOST_OF_ONE_USER: usize = 32;
/// Commands at once, which may wait for somebody at a terminal. What is left is for logins.
const COMMANDS: usize = 64;
/// Of these, of one user.
const COMMANDS_OF_ONE_USER: usize = 8;
/// Changes that a user may make in a row, and how long it takes until there is one more.
const CHANGES: u32 = 60;
const ONE_CHANGE: Duration = Duration::from_secs(60);

/// Who is being served.
#[derive(Default)]
pub struct Guests(Mutex<HashMap<u32, Guest>>);

#[derive(Default)]
struct Guest {
    connections: usize,
    commands: usize,
    /// When all that was changed will be forgotten.
    even_at: Option<Instant>,
}

/// A place for a connection, until it is dropped.
pub struct Seat {
    guests: Arc<Guests>,
    uid: Uid,
}

/// A place for a command, until it is dropped.
pub struct Table<'a>(&'a Seat);

impl Guests {
    /// A place for one more connection of this user, if there is one. Root always gets one.
    pub fn seat(guests: &Arc<Guests>, uid: Uid) -> Option<Seat> {
        let mut taken = guests.taken();
        let all = sum(&taken, |guest| guest.connections);
        let own = taken.entry(uid.as_raw()).or_default();
        if !uid.is_root() && (all >= MOST || own.connections >= MOST_OF_ONE_USER) {
            return None;
        }
        own.connections += 1;
        Some(Seat {
            guests: Arc::clone(guests),
            uid,
        })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<u32, Guest>> {
        // Whoever panicked here had nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// A place for a command, if there is one.
    pub fn table(&self) -> Option<Table<'_>> {
        let mut taken = self.guests.taken();
        let all = sum(&taken, |guest| guest.commands);
        let own = taken.entry(self.uid.as_raw()).or_default();
        if !self.uid.is_root() && (all >= COMMANDS || own.commands >= COMMANDS_OF_ONE_USER) {
            return None;
        }
        own.commands += 1;
        Some(Table(self))
    }

    /// Whether the user may change something `now`: counts it, if so.
    pub fn may_change(&self, now: Instant) -> bool {
        let mut taken = self.guests.taken();
        let own = taken.entry(self.uid.as_raw()).or_default();
        let even_at = own.even_at.map_or(now, |at| at.max(now)) + ONE_CHANGE;
        let may = even_at <= now + ONE_CHANGE * CHANGES;
        if may {
            own.even_at = Some(even_at);
        }
        may
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.guests.taken();
        if let Some(own) = taken.get_mut(&self.uid.as_raw()) {
            own.connections -= 1;
        }
        let now = Instant::now();
        taken.retain(|_, guest| guest.connections > 0 || guest.even_at.is_some_and(|at| at > now));
    }
}

impl Drop for Table<'_> {
    fn drop(&mut self) {
        if let Some(own) = self.0.guests.taken().get_mut(&self.0.uid.as_raw()) {
            own.commands -= 1;
        }
    }
}

/// Over all users but root.
fn sum(taken: &HashMap<u32, Guest>, of: impl Fn(&Guest) -> usize) -> usize {
    let users = taken.iter().filter(|(uid, _)| **uid != 0);
    users.map(|(_, guest)| of(guest)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats(guests: &Arc<Guests>, uid: u32) -> Vec<Seat> {
        let uid = Uid::from_raw(uid);
        std::iter::from_fn(|| Guests::seat(guests, uid))
            .take(1000)
            .collect()
    }

    #[test]
    fn no_user_takes_all_places_and_root_always_has_one() {
        let guests = Arc::default();
        let first = seats(&guests, 1);
        assert_eq!(first.len(), MOST_OF_ONE_USER);
        assert_eq!(
            first.iter().filter_map(Seat::table).count(),
            first.len(),
            "one at a time"
        );
        let tables: Vec<Table<'_>> = first.iter().map_while(Seat::table).collect();
        assert_eq!(tables.len(), COMMANDS_OF_ONE_USER);
        let others: Vec<Seat> = (2..40).flat_map(|uid| seats(&guests, uid)).collect();
        assert_eq!(first.len() + others.len(), MOST);
        let root = Guests::seat(&guests, Uid::from_raw(0)).unwrap();
        assert!(root.table().is_some());
        drop(tables);
        drop((first, others));
        assert!(Guests::seat(&guests, Uid::from_raw(40)).is_some());
        assert_eq!(guests.taken().len(), 1, "only root's is kept");
    }

    #[test]
    fn commands_leave_room_for_logins() {
        let guests = Arc::default();
        let mut users: Vec<Vec<Seat>> = (1..=9)
            .map(|uid| seats(&guests, uid).split_off(24))
            .collect();
        let last = users.pop().unwrap();
        let tables: Vec<Table<'_>> = users.iter().flatten().map_while(Seat::table).collect();
        assert_eq!(tables.len(), COMMANDS);
        assert!(last[0].table().is_none(), "a login would still be judged");
    }

    #[test]
    fn changes_are_counted_and_forgotten_with_time() {
        let guests = Arc::default();
        let now = Instant::now();
        let change = |uid, now| {
            let seat = Guests::seat(&guests, Uid::from_raw(uid)).unwrap();
            seat.may_change(now)
        };
        assert_eq!(
            (0..100).filter(|_| change(1, now)).count(),
            CHANGES as usize
        );
        assert!(change(2, now), "somebody else");
        assert!(!change(1, now + ONE_CHANGE / 2));
        assert!(change(1, now + ONE_CHANGE));
        assert!(!change(1, now + ONE_CHANGE));
    }
}
