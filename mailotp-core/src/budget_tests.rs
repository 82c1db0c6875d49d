use super::*;

const LIMIT: Limit = Limit {
    burst: 3,
    refill: Duration::from_secs(60),
};

fn slot(slot: u16) -> Owner {
    Owner::Stranger {
        what: "network",
        slot,
        holder: 7,
    }
}

fn charge(tag: u16, at: i64) -> Charge {
    Charge {
        from: vec![(slot(0), LIMIT)],
        guess: Guess {
            tag,
            until: Timestamp(at + 86_400),
        },
        at: Timestamp(at),
    }
}

#[test]
fn guesses_come_back_one_by_one() {
    let mut bucket = [Bucket::default()];
    for tag in 0..3 {
        assert_eq!(charge(tag, 1000).take(&mut bucket), Charged::Taken);
    }
    assert_eq!(charge(3, 1000).take(&mut bucket), Charged::Exhausted);
    assert_eq!(charge(3, 1059).take(&mut bucket), Charged::Exhausted);
    assert_eq!(charge(3, 1060).take(&mut bucket), Charged::Taken);
    assert_eq!(charge(4, 1061).take(&mut bucket), Charged::Exhausted);
    assert_eq!(bucket[0].left(LIMIT, Timestamp(1_000_000)), 3);
}

#[test]
fn the_same_wrong_secret_is_charged_once() {
    let mut bucket = [Bucket::default()];
    assert_eq!(charge(7, 1000).take(&mut bucket), Charged::Taken);
    for _ in 0..100 {
        assert_eq!(charge(7, 1001).take(&mut bucket), Charged::Before);
    }
    assert_eq!(bucket[0].left(LIMIT, Timestamp(1001)), 2);
    assert_eq!(
        charge(7, 1000 + 86_400).take(&mut bucket),
        Charged::Taken,
        "a day is over"
    );
}

#[test]
fn four_secrets_are_remembered() {
    let limit = Limit {
        burst: 100,
        ..LIMIT
    };
    let charge = |tag| Charge {
        from: vec![(slot(0), limit)],
        ..charge(tag, 1000)
    };
    let mut bucket = [Bucket::default()];
    for tag in 0..5 {
        assert_eq!(charge(tag).take(&mut bucket), Charged::Taken);
    }
    assert_eq!(charge(1).take(&mut bucket), Charged::Before);
    assert_eq!(
        charge(0).take(&mut bucket),
        Charged::Taken,
        "the oldest was forgotten"
    );
}

#[test]
fn all_buckets_give_or_none_does() {
    let narrow = Limit { burst: 1, ..LIMIT };
    let both = |tag| Charge {
        from: vec![(slot(0), LIMIT), (slot(1), narrow)],
        ..charge(tag, 1000)
    };
    let mut buckets = [Bucket::default(), Bucket::default()];
    assert_eq!(both(1).take(&mut buckets), Charged::Taken);
    assert_eq!(both(2).take(&mut buckets), Charged::Exhausted);
    assert_eq!(buckets[0].left(LIMIT, Timestamp(1000)), 2);
}

#[test]
fn a_slot_is_full_again_for_whoever_comes_next() {
    let mut bucket = [Bucket::default()];
    for tag in 0..3 {
        assert_eq!(charge(tag, 1000).take(&mut bucket), Charged::Taken);
    }
    assert_eq!(charge(3, 1000).take(&mut bucket), Charged::Exhausted);
    let owner = Owner::Stranger {
        what: "network",
        slot: 0,
        holder: 8,
    };
    let next = Charge {
        from: vec![(owner, LIMIT)],
        ..charge(3, 1000)
    };
    assert_eq!(next.take(&mut bucket), Charged::Taken);
    assert_eq!(bucket[0].left(LIMIT, Timestamp(1000)), 2);
}

#[test]
fn a_refund_leaves_no_trace() {
    let mut bucket = [Bucket {
        full_at: Timestamp(1000),
        charged: Vec::new(),
        holder: 7,
    }];
    let before = bucket.clone();
    assert_eq!(charge(7, 1000).take(&mut bucket), Charged::Taken);
    charge(7, 1000).refund(&mut bucket);
    assert_eq!(bucket, before);
}

/// CVE-2013-1775 sudo: the clock at its epoch brought a session back.
#[test]
fn cve_2013_1775_a_clock_set_back_gives_no_guesses() {
    let mut bucket = [Bucket::default()];
    for tag in 0..3 {
        assert_eq!(charge(tag, 1_000_000).take(&mut bucket), Charged::Taken);
    }
    assert_eq!(charge(4, 0).take(&mut bucket), Charged::Exhausted);
}

/// 16 bits are few: of all six-digit codes, fifteen share a tag. Sent once the guesses are used up,
/// each of them would be compared for nothing.
#[test]
fn a_tag_that_is_shared_by_chance_buys_nothing_once_the_accounts_guesses_are_used_up() {
    let id = AccountId(7);
    let network = crate::request::Remote::parse("192.0.2.1")
        .unwrap()
        .network();
    let narrow = Limit { burst: 1, ..LIMIT };
    let digits = |tag| Charge {
        from: vec![
            (Owner::Network(id, network.clone()), LIMIT),
            (Owner::Account(id), narrow),
        ],
        ..charge(tag, 1000)
    };
    let mut buckets = [Bucket::default(), Bucket::default()];
    assert_eq!(digits(1).take(&mut buckets), Charged::Taken);
    assert_eq!(digits(1).take(&mut buckets), Charged::Exhausted);
    let sheet = Charge {
        from: vec![(Owner::Network(id, network.clone()), LIMIT)],
        ..charge(1, 1000)
    };
    assert_eq!(
        sheet.take(&mut buckets[..1]),
        Charged::Before,
        "50 bits: chance does not find them"
    );
}

/// A digit code that was wrong in a period says nothing of it in an earlier one.
#[test]
fn a_clock_set_back_does_not_make_a_charged_code_free() {
    let until = |tag, at, until| Charge {
        guess: Guess {
            tag,
            until: Timestamp(until),
        },
        ..charge(tag, at)
    };
    let mut bucket = [Bucket::default()];
    assert_eq!(until(7, 1000, 1020).take(&mut bucket), Charged::Taken);
    assert_eq!(until(7, 1019, 1020).take(&mut bucket), Charged::Before);
    assert_eq!(until(7, 985, 990).take(&mut bucket), Charged::Taken);
}

#[test]
fn it_says_when_the_next_guess_comes_back() {
    let mut bucket = [Bucket::default()];
    let next = |bucket: &Bucket, at| bucket.next_at(LIMIT, Timestamp(at)).map(|at| at.0);
    assert_eq!(next(&bucket[0], 1000), None);
    for (tag, due) in [(0, 1060), (1, 1060), (2, 1060)] {
        assert_eq!(charge(tag, 1000).take(&mut bucket), Charged::Taken);
        assert_eq!(next(&bucket[0], 1000), Some(due));
    }
    assert_eq!(next(&bucket[0], 1060), Some(1120));
    assert_eq!(next(&bucket[0], 1179), Some(1180));
    assert_eq!(next(&bucket[0], 1180), None);
    // Others see more of the same bucket.
    let top = Limit { burst: 1, ..LIMIT };
    assert_eq!(bucket[0].left(top, Timestamp(1000)), 0);
    assert_eq!(
        bucket[0].next_at(top, Timestamp(1000)),
        Some(Timestamp(1180))
    );
}

#[test]
fn owners_are_read_back_from_their_keys() {
    let id = AccountId(-7);
    let network = || {
        crate::request::Remote::parse("2001:db8::1")
            .unwrap()
            .network()
    };
    for owner in [
        Owner::Network(id, network()),
        Owner::Account(id),
        Owner::Known(id, network()),
        Owner::Pin(id),
        Owner::Windows(id),
        Owner::WindowsAt(id, network()),
    ] {
        assert_eq!(Owner::of_key(&owner.key()), Some(owner));
    }
    assert_eq!(Owner::of_key(&slot(7).key()), None);
    assert_eq!(Owner::of_key("7/none"), None);
}
