//! How libpam goes through a stack: all that it can come to, given what each module can return.
//!
//! Written after `_pam_dispatch_aux` of Linux-PAM 1.5. A walk has an impression (nothing yet, good,
//! bad) and the code that it would return; each line's action changes them, ends the stack or jumps.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::code::{Action, Code};
use super::stack::{Asks, Handler};

/// What libpam returns where nobody has said anything, and for a line that it cannot use.
const MUST_FAIL: Code = Code::PERM_DENIED;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Impression {
    Nothing,
    Good,
    Bad,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    /// The line that comes next.
    at: usize,
    /// The depth of the line before.
    level: usize,
    impression: Impression,
    status: Code,
    /// What they were when each substack was entered: `reset` goes back to it.
    entered: BTreeMap<usize, (Impression, Code)>,
    /// mailotp was asked.
    asked: bool,
}

/// A state, and the step that led to it: the number of the state before, the line that was asked, and
/// what its module returned.
type Reached = (State, Option<(usize, usize, Code)>);

/// Something that a stack can come to.
#[derive(Debug)]
pub struct End {
    /// What it returns.
    pub status: Code,
    /// Whether mailotp was asked.
    pub asked: bool,
    /// The lines that were asked, and what their modules returned.
    pub steps: Vec<(usize, Code)>,
}

/// All that a stack can come to, each with a shortest way there. `returns` says what the module of a
/// line can return.
pub fn ends(stack: &[Handler], returns: &dyn Fn(&Handler) -> Vec<Code>) -> Vec<End> {
    let start = State {
        at: 0,
        level: 0,
        impression: Impression::Nothing,
        status: MUST_FAIL,
        entered: BTreeMap::new(),
        asked: false,
    };
    let mut seen = BTreeSet::from([start.clone()]);
    let mut states: Vec<Reached> = vec![(start, None)];
    let mut ends: Vec<End> = Vec::new();
    let mut next = 0;
    while let Some((state, _)) = states.get(next).cloned() {
        if state.at >= stack.len() {
            let status = verdict(&state);
            let known = |end: &End| (end.status, end.asked) == (status, state.asked);
            if !ends.iter().any(known) {
                ends.push(End {
                    status,
                    asked: state.asked,
                    steps: steps(&states, next),
                });
            }
        } else {
            let handler = &stack[state.at];
            for code in telling(handler, returns) {
                let after = step(stack, &state, code);
                if seen.insert(after.clone()) {
                    states.push((after, Some((next, state.at, code))));
                }
            }
        }
        next += 1;
    }
    ends
}

/// Of the codes that its module can return, one of each that differs in what comes of it.
fn telling(handler: &Handler, returns: &dyn Fn(&Handler) -> Vec<Code>) -> Vec<Code> {
    let mut seen = BTreeSet::new();
    let named = [Code::SUCCESS, Code::USER_UNKNOWN, Code::IGNORE];
    let difference = |code: &Code| {
        let named = named.iter().position(|one| one == code);
        (handler.control.action(*code), named)
    };
    let codes = match handler.asks {
        Asks::Module { .. } => returns(handler),
        // Of a substack nothing is asked; what cannot be used always fails.
        Asks::Substack | Asks::Nothing => vec![MUST_FAIL],
    };
    codes
        .into_iter()
        .filter(|code| seen.insert(difference(code)))
        .collect()
}

fn verdict(state: &State) -> Code {
    if state.status == Code::SUCCESS && state.impression != Impression::Good {
        MUST_FAIL
    } else {
        state.status
    }
}

fn steps(states: &[Reached], end: usize) -> Vec<(usize, Code)> {
    let mut steps = Vec::new();
    let mut at = end;
    while let Some((before, line, code)) = states[at].1 {
        steps.push((line, code));
        at = before;
    }
    steps.reverse();
    steps
}

/// What comes of a line whose module has returned `code`.
fn step(stack: &[Handler], before: &State, code: Code) -> State {
    let mut state = before.clone();
    let handler = &stack[state.at];
    let level = handler.level;
    if before.level < level {
        state
            .entered
            .insert(level, (state.impression, state.status));
    }
    state.level = level;
    state.at += 1;
    if matches!(handler.asks, Asks::Substack) {
        return state;
    }
    state.asked |= handler.is_mailotp();
    match handler.control.action(code) {
        Action::Ignore => {}
        Action::Reset => {
            let nothing = (Impression::Nothing, MUST_FAIL);
            let entered = state.entered.get(&level).copied().unwrap_or(nothing);
            (state.impression, state.status) = entered;
        }
        action @ (Action::Ok | Action::Done) => {
            let unspoilt = match state.impression {
                Impression::Nothing => true,
                Impression::Good => state.status == Code::SUCCESS,
                Impression::Bad => false,
            };
            if unspoilt {
                (state.impression, state.status) = (Impression::Good, code);
            }
            if action == Action::Done && state.impression == Impression::Good {
                state.at = end_of(stack, before.at);
            }
        }
        action @ (Action::Bad | Action::Die) => {
            if state.impression != Impression::Bad {
                let status = if code == Code::IGNORE {
                    MUST_FAIL
                } else {
                    code
                };
                (state.impression, state.status) = (Impression::Bad, status);
            }
            if action == Action::Die {
                state.at = end_of(stack, before.at);
            }
        }
        Action::Jump(lines) => {
            let (at, left) = jump(stack, before.at, lines);
            state.at = at;
            if left > 0 {
                (state.impression, state.status) = (Impression::Bad, MUST_FAIL);
            }
        }
    }
    // What was noted of a substack is of no use once it is left; without it more states are equal.
    let next = stack.get(state.at).map_or(0, |next| next.level.max(level));
    state.entered.retain(|entered, _| *entered <= next);
    state
}

/// The line behind the stack, or substack, that the line `at` is in.
fn end_of(stack: &[Handler], at: usize) -> usize {
    let level = stack[at].level;
    let behind = stack[at + 1..]
        .iter()
        .position(|handler| handler.level < level);
    behind.map_or(stack.len(), |lines| at + 1 + lines)
}

/// Where a jump over so many lines of its own depth leads, and how many there were too few. A
/// substack is one line.
fn jump(stack: &[Handler], at: usize, lines: usize) -> (usize, usize) {
    let level = stack[at].level;
    let depth = |at: usize| stack.get(at).map(|handler| handler.level);
    let (mut last, mut left) = (at, lines);
    while left > 0 && depth(last + 1).is_some_and(|next| next >= level) {
        last += 1;
        while depth(last + 1).is_some_and(|next| next > level) {
            last += 1;
        }
        left -= 1;
    }
    (last + 1, left)
}
