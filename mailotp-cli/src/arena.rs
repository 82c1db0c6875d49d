//! Memory for hashes, for a few at a time: so that however many clients the helper has, they wait for
//! each other instead of taking all that the machine has.

use std::sync::{Condvar, Mutex, PoisonError};

use mailotp_core::crypto::{Arena, Block, HashError, HeapArena};

/// Hashes at a time, of 19 MiB each. More would be no faster on most machines.
const AT_A_TIME: usize = 8;

static RUNNING: Mutex<usize> = Mutex::new(0);
static DONE: Condvar = Condvar::new();

/// An arena that waits for its turn.
pub struct InTurn;

struct Turn;

impl Turn {
    fn wait() -> Turn {
        let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        let free = DONE.wait_while(running, |running| *running >= AT_A_TIME);
        *free.unwrap_or_else(PoisonError::into_inner) += 1;
        Turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        DONE.notify_one();
    }
}

impl Arena for InTurn {
    fn lend(&mut self, blocks: usize, work: &mut dyn FnMut(&mut [Block])) -> Result<(), HashError> {
        let _turn = Turn::wait();
        HeapArena.lend(blocks, work)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn no_more_than_a_few_hashes_run_at_a_time_and_a_panic_gives_its_turn_back() {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for number in 0..40 {
                let (running, most) = (&running, &most);
                let hash = move || {
                    InTurn.lend(1, &mut |_| {
                        most.fetch_max(
                            running.fetch_add(1, Ordering::SeqCst) + 1,
                            Ordering::SeqCst,
                        );
                        std::thread::sleep(std::time::Duration::from_millis(5));
                        running.fetch_sub(1, Ordering::SeqCst);
                        assert!(number % 10 != 9, "this one fails on purpose");
                    })
                };
                scope.spawn(move || std::panic::catch_unwind(hash).is_ok());
            }
        });
        assert!(most.into_inner() <= AT_A_TIME);
        assert_eq!(*RUNNING.lock().unwrap(), 0);
    }
}
