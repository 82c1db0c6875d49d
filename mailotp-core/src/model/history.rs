//! A history: who logs in when, with what, and in which order the steps of those who are at it at once come. It is
//! played on a store, and held against the model step by step.

use super::play::{Opening, Play, Together};
use super::stage::{BORN, PHONE, SEQUENCE, SHEET, Stage};
use super::{Attempt, Binding, Model, PLACES, SERVICES, Time, Typed};
use crate::store::Store;

/// A part of a history.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// Somebody begins to log in, so much later or earlier than the last one.
    Begin(Wish, Time),
    /// One of those who are at it goes on.
    GoOn(usize),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub typed: Step,
    pub place: usize,
    pub service: usize,
    pub alice: bool,
}

/// What is typed, from where the history stands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    This(Typed),
    /// So many periods from now.
    Totp(Time),
    /// The counter, or the sequence integer, so far from the one that is next.
    Hotp(i64),
    Response(i64),
    /// What was typed a while ago.
    Again(usize),
}

/// How many are at it at once.
const WORKERS: usize = 4;

fn typed(wish: Wish, model: &Model, now: Time, before: &[Typed]) -> Typed {
    match wish.typed {
        Step::This(typed) => typed,
        Step::Totp(away) => Typed::Totp((now.div_euclid(30) + away) * 30),
        Step::Hotp(away) => Typed::Hotp((model.state.counter as i64 + away).max(0) as u64),
        Step::Response(away) => {
            let next = i64::from(model.state.sequence) - 1 + away;
            Typed::Response(next.clamp(1, i64::from(SEQUENCE) - 1) as u32)
        }
        Step::Again(back) if before.is_empty() => Typed::WrongDigits(back as u32),
        Step::Again(back) => before[before.len() - 1 - back % before.len()],
    }
}

fn run(stage: &Stage, open: Opening<'_>, model: Model, parts: &[Part]) {
    std::thread::scope(|scope| {
        let mut play = Play::new(stage, open, model);
        let (mut now, mut before) = (BORN + 60, Vec::new());
        for part in parts {
            match part {
                Part::Begin(wish, after) => {
                    now += after;
                    let attempt = Attempt {
                        alice: wish.alice,
                        typed: typed(*wish, play.model(), now, &before),
                        place: PLACES[wish.place],
                        service: SERVICES[wish.service],
                        now,
                    };
                    before.push(attempt.typed);
                    play.start(scope, attempt);
                    if play.busy() > WORKERS {
                        play.step(0);
                    }
                }
                Part::GoOn(which) if play.busy() > 0 => play.step(*which),
                Part::GoOn(_) => {}
            }
        }
        play.finish();
    });
}

/// Plays a history on an empty store. `terms`: what windows bind, and whether codes of a sheet come in any order.
pub(crate) fn play(
    store: &mut dyn Store,
    open: Opening<'_>,
    with_sheet: bool,
    terms: (Binding, bool),
    parts: &[Part],
) {
    let (binding, any_order) = terms;
    let mut stage = Stage::new(store, with_sheet);
    stage.under(binding, any_order);
    let sheet = if with_sheet { SHEET } else { 0 };
    let model = Model {
        binding,
        any_order,
        ..Model::new(BORN, sheet, SEQUENCE, PHONE)
    };
    run(&stage, open, model, parts);
}

/// Plays the history that the bytes are read as on a store in memory: the first one says the terms, and four
/// of the others are a part.
pub(crate) fn of_bytes(bytes: &[u8]) {
    let Some((terms, rest)) = bytes.split_first() else {
        return;
    };
    let binding = match terms >> 1 & 3 {
        0 | 1 => Binding::Address,
        2 => Binding::Secret,
        _ => Binding::Off,
    };
    let parts: Vec<Part> = rest.as_chunks().0.iter().take(400).map(part).collect();
    let mut store = Together::default();
    let other = store.clone();
    let open = move || -> Box<dyn Store> { Box::new(other.clone()) };
    play(&mut store, &open, false, (binding, terms & 1 == 1), &parts);
}

fn part(&[which, what, who, when]: &[u8; 4]) -> Part {
    if which % 11 >= 3 {
        return Part::GoOn(what.into());
    }
    let (kind, number) = (what % 16, i64::from(what / 16));
    let typed = match kind {
        0..=2 => Step::Totp(number % 5 - 2),
        3..=5 => Step::Hotp(number % 7 - 2),
        6 => Step::Hotp(5 + number * 3),
        7..=8 => Step::Response(number % 3 - 1),
        9 => Step::This(Typed::Phone),
        10 => Step::This(Typed::Question),
        11 => Step::This(Typed::WrongDigits(u32::from(what / 16))),
        12 => Step::This(Typed::WrongResponse(u32::from(what / 16))),
        _ => Step::Again(usize::from(what / 16) % 5),
    };
    let wish = Wish {
        typed,
        place: usize::from(who & 7).saturating_sub(3),
        service: usize::from(who >> 3 & 3) % SERVICES.len(),
        alice: who >> 5 != 7,
    };
    let when_by = i64::from(when);
    let after = match when {
        0..=159 => when_by % 40,
        160..=199 => 60 + (when_by - 160) * 6,
        200..=229 => 500 + (when_by - 200) * 13,
        230..=249 => 7000 + (when_by - 230) * 4000,
        _ => (250 - when_by) * 18,
    };
    Part::Begin(wish, after)
}
