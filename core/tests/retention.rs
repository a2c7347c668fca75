//! Retention against a slow reference that looks at every pair of commits, and what must be true of any history and any policy.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use ed25519_dalek::{Signer, SigningKey};
use iota_core::{
    id::{AccountId, SetId, Signature, VerifyingKey},
    retention::{
        Decision, Decisions, Deletion, Gap, InForce, MAX_SKEW_MS, MAX_VERSION, Point, Policy, Reason, Shown,
        SignedDecision, UNDO_MS, Unit, Verdict, What, evaluate, is_doubtful, unexplained,
    },
    wire::WireError,
};
use proptest::{collection::vec, prelude::*, sample::Index};
use std::collections::BTreeSet;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
const NOW_MS: u64 = 1_790_000_000_000;
const SET: SetId = SetId([2; 16]);

/// Pauses between commits, the newest last, and how far clocks are apart.
fn history() -> impl Strategy<Value = Vec<Point>> {
    let pause_ms = prop_oneof![
        6 => 0..HOUR_MS,
        3 => HOUR_MS..DAY_MS,
        2 => DAY_MS..20 * DAY_MS,
        1 => 20 * DAY_MS..200 * DAY_MS,
        2 => Just(HOUR_MS),
    ];
    let skew_ms = prop_oneof![
        8 => -1000..1000i64,
        1 => -10 * DAY_MS as i64..10 * DAY_MS as i64,
        1 => prop_oneof![Just(MAX_SKEW_MS as i64), Just(MAX_SKEW_MS as i64 + 1)],
    ];
    vec((pause_ms, skew_ms), 1..60).prop_map(|steps| {
        let total_ms: u64 = steps.iter().map(|(pause_ms, _)| pause_ms).sum();
        let mut received_ms = NOW_MS - total_ms;
        let point = |(seq, (pause_ms, skew_ms)): (u64, (u64, i64))| {
            received_ms += pause_ms;
            Point { seq, received_ms, device_ms: received_ms.checked_add_signed(skew_ms).unwrap() }
        };
        (1..).zip(steps).map(point).collect()
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    let span = || prop_oneof![2 => Just(0u32), 2 => 0..40u32, 1 => 0..400u32];
    (span(), span(), span(), proptest::option::of(span())).prop_map(|(every, hourly, daily, weekly)| {
        let every = 7 + every;
        let (hourly, daily) = (every + hourly, every + hourly + daily);
        Policy::new(every, hourly, daily, weekly.map(|weekly| daily + weekly)).unwrap()
    })
}

/// The bucket of a time, found by walking through all Mondays since the first.
fn bucket(unit: Unit, at_ms: u64) -> (u64, u64) {
    let length_ms = match unit {
        Unit::Hour => HOUR_MS,
        Unit::Day => DAY_MS,
        Unit::Week => {
            // Monday, 5 January 1970.
            let first_ms = 4 * DAY_MS;
            let start_ms =
                (first_ms..).step_by(7 * DAY_MS as usize).take_while(|&start_ms| start_ms <= at_ms).last().unwrap();
            return (start_ms, start_ms + 7 * DAY_MS);
        }
    };
    (at_ms - at_ms % length_ms, at_ms - at_ms % length_ms + length_ms)
}

/// The definition, pair by pair.
fn goes(policy: &Policy, points: &[Point], one: &Point, head: u64, now_ms: u64) -> bool {
    let over = |unit, days: u32| bucket(unit, one.received_ms).1 + u64::from(days) * DAY_MS <= now_ms;
    if one.seq == head || is_doubtful(one) || !over(Unit::Hour, policy.every_days()) {
        return false;
    }
    if policy.weekly_days().is_some_and(|days| over(Unit::Week, days)) {
        return true;
    }
    let unit = match (over(Unit::Week, policy.daily_days()), over(Unit::Day, policy.hourly_days())) {
        (true, _) => Unit::Week,
        (false, true) => Unit::Day,
        (false, false) => Unit::Hour,
    };
    let same = |other: &&Point| !is_doubtful(other) && bucket(unit, other.received_ms) == bucket(unit, one.received_ms);
    let before = points.iter().filter(same).any(|other| other.seq < one.seq);
    let after = points.iter().filter(same).any(|other| other.seq > one.seq);
    before && after
}

/// What stays of a history at a time.
fn kept(policy: &Policy, points: &[Point], now_ms: u64) -> Vec<Point> {
    let head = points.last().unwrap().seq;
    let verdicts = evaluate(policy, points, head, now_ms);
    points.iter().zip(verdicts).filter(|(_, verdict)| *verdict != Verdict::Goes).map(|(point, _)| *point).collect()
}

fn seqs(points: &[Point]) -> BTreeSet<u64> {
    points.iter().map(|point| point.seq).collect()
}

/// As a reader has it that was given every header that it asked for.
fn shown(whole: &[Point], kept: &[Point]) -> Vec<Shown> {
    let before =
        |point: &Point| whole.iter().find(|other| other.seq + 1 == point.seq).map_or(0, |other| other.received_ms);
    kept.iter().map(|&point| Shown { point, prev_received_ms: before(&point) }).collect()
}

fn decided_by(policies: &[(Policy, u64)]) -> Decisions {
    let key = SigningKey::from_bytes(&[1; 32]);
    let signed: Vec<_> =
        (1..).zip(policies).map(|(version, &(policy, at_ms))| sign(&key, version, policy, at_ms)).collect();
    Decisions::verify(AccountId([1; 16]), &VerifyingKey(key.verifying_key().to_bytes()), &signed).unwrap()
}

fn sign(key: &SigningKey, version: u64, policy: Policy, decided_ms: u64) -> SignedDecision {
    decide(key, version, What::Keep(policy), decided_ms)
}

fn decide(key: &SigningKey, version: u64, what: What, decided_ms: u64) -> SignedDecision {
    let decision = Decision { account: AccountId([1; 16]), version, decided_ms, what };
    SignedDecision { decision, signature: Signature(key.sign(&decision.encode()).to_bytes()) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_judges_as_the_definition_does(policy in policy(), points in history(), later_ms in 0..500 * DAY_MS) {
        let (now_ms, head) = (NOW_MS + later_ms, points.last().unwrap().seq);
        for (point, verdict) in points.iter().zip(evaluate(&policy, &points, head, now_ms)) {
            prop_assert_eq!(verdict == Verdict::Goes, goes(&policy, &points, point, head, now_ms), "{:?}", point);
            match verdict {
                Verdict::Kept(Reason::Head) => prop_assert_eq!(point.seq, head),
                Verdict::Kept(Reason::Doubtful) => prop_assert!(is_doubtful(point)),
                Verdict::Kept(Reason::Recent) => prop_assert!(point.received_ms >= policy.all_kept_from_ms(now_ms)),
                Verdict::Kept(Reason::First(_) | Reason::Last(_)) | Verdict::Goes => {
                    prop_assert!(point.received_ms < policy.all_kept_from_ms(now_ms));
                    prop_assert!(now_ms - point.received_ms > 7 * DAY_MS);
                }
            }
        }
    }

    #[test]
    fn time_only_takes_and_how_often_it_is_thinned_changes_nothing(
        policy in policy(),
        points in history(),
        rounds_ms in vec(0..400 * DAY_MS, 1..6),
    ) {
        let (mut now_ms, mut left) = (NOW_MS, points.clone());
        for pause_ms in rounds_ms {
            now_ms += pause_ms;
            let next = kept(&policy, &left, now_ms);
            prop_assert!(seqs(&next).is_subset(&seqs(&left)));
            prop_assert_eq!(&next, &kept(&policy, &points, now_ms));
            left = next;
        }
    }

    #[test]
    fn who_asks_for_more_keeps_more(one in policy(), other in policy(), points in history(), later_ms in 0..500 * DAY_MS) {
        let now_ms = NOW_MS + later_ms;
        if one.covers(&other) {
            prop_assert!(seqs(&kept(&other, &points, now_ms)).is_subset(&seqs(&kept(&one, &points, now_ms))));
        }
        prop_assert!(one.covers(&one));
    }

    #[test]
    fn a_stretch_alone_keeps_at_least_as_much(
        policy in policy(),
        points in history(),
        cut in any::<(Index, Index)>(),
        later_ms in 0..500 * DAY_MS,
    ) {
        let (now_ms, head) = (NOW_MS + later_ms, points.last().unwrap().seq);
        let (one, other) = (cut.0.index(points.len()), cut.1.index(points.len()));
        let stretch = &points[one.min(other)..=one.max(other)];
        let whole = kept(&policy, &points, now_ms);
        for (point, verdict) in stretch.iter().zip(evaluate(&policy, stretch, head, now_ms)) {
            prop_assert!(verdict != Verdict::Goes || !whole.contains(point));
        }
    }

    #[test]
    fn nothing_that_is_written_today_changes_what_is_kept_of_before(
        policy in policy(),
        points in history(),
        flood in vec((0..7 * DAY_MS, -10_000 * DAY_MS as i64..10_000 * DAY_MS as i64), 1..60),
    ) {
        let now_ms = NOW_MS + 7 * DAY_MS;
        let before = kept(&policy, &points, now_ms);
        let head = points.last().unwrap().seq;
        let mut times: Vec<_> = flood.into_iter().map(|(at_ms, skew_ms)| (NOW_MS + at_ms, skew_ms)).collect();
        times.sort_unstable();
        let written = (head + 1..).zip(times).map(|(seq, (received_ms, skew_ms))| {
            Point { seq, received_ms, device_ms: received_ms.checked_add_signed(skew_ms).unwrap() }
        });
        let flooded: Vec<Point> = points.iter().copied().chain(written).collect();
        let after = kept(&policy, &flooded, now_ms);
        prop_assert!(seqs(&flooded[points.len()..]).is_subset(&seqs(&after)), "all of it is young");
        let lost: Vec<_> = before.iter().filter(|point| !after.contains(point)).collect();
        // What was the newest is so no more, and goes where its week does.
        prop_assert!(lost.is_empty() || policy.weekly_days().is_some() && lost[0].seq == head && lost.len() == 1);
    }

    #[test]
    fn what_went_by_the_accounts_word_is_explained(
        first in policy(),
        rounds in vec((proptest::option::of(policy()), 0..300 * DAY_MS), 1..6),
        points in history(),
    ) {
        let (mut now_ms, mut policy, mut decisions) = (NOW_MS, first, vec![(first, 0)]);
        let mut left = points.clone();
        for (change, pause_ms) in rounds {
            now_ms += pause_ms;
            left = kept(&policy, &left, now_ms);
            prop_assert_eq!(unexplained(&decided_by(&decisions), SET, &shown(&points, &left), now_ms), []);
            if let Some(change) = change {
                policy = change;
                decisions.push((policy, now_ms));
            }
        }
    }

    #[test]
    fn what_a_server_takes_beyond_it_is_told(
        policy in policy(),
        points in history(),
        later_ms in 0..500 * DAY_MS,
        taken in any::<Index>(),
    ) {
        let (now_ms, head) = (NOW_MS + later_ms, points.last().unwrap().seq);
        let decisions = decided_by(&[(policy, 0)]);
        // Clocks of an hour apart are borne with: what goes within it is not missed yet.
        let safe = seqs(&kept(&policy, &points, now_ms + 2 * HOUR_MS));
        let left = kept(&policy, &points, now_ms);
        let taken = left[taken.index(left.len())];
        if safe.contains(&taken.seq) && !is_doubtful(&taken) && taken.seq != head {
            let rest: Vec<_> = left.iter().copied().filter(|point| *point != taken).collect();
            let gaps = unexplained(&decisions, SET, &shown(&points, &rest), now_ms);
            prop_assert!(gaps.iter().any(|gap| (gap.first..=gap.last).contains(&taken.seq)), "{:?} {:?}", taken, gaps);
        }
    }

    #[test]
    fn a_decision_reads_back_and_has_one_encoding(
        policy in policy(),
        version in 2..=MAX_VERSION,
        at_ms in 0..1u64 << 62,
        kind in 0..4usize,
    ) {
        let deletion = Deletion { set: SET, first: version - 1, last: at_ms + MAX_VERSION };
        let what = [What::Keep(policy), What::Delete(deletion), What::Undo(version - 1), What::Close][kind];
        let bytes = decide(&SigningKey::from_bytes(&[1; 32]), version, what, at_ms).encode();
        prop_assert_eq!(SignedDecision::decode(&bytes).unwrap().encode(), bytes.clone());
        prop_assert!((0..bytes.len()).all(|end| SignedDecision::decode(&bytes[..end]).is_err()));
        prop_assert_eq!(SignedDecision::decode(&[&bytes[..], &[0]].concat()), Err(WireError::Trailing));
        prop_assert_eq!(policy.to_string().parse::<Policy>(), Ok(policy));
    }
}

#[test]
fn by_default_a_year_of_minutes_becomes_few_and_a_week_stays() {
    let every_10_minutes = (0..2 * 366 * 144).map(|number| NOW_MS - number * 600_000).rev();
    let points: Vec<Point> =
        (1..).zip(every_10_minutes).map(|(seq, at_ms)| Point { seq, received_ms: at_ms, device_ms: at_ms }).collect();
    let verdicts = evaluate(&Policy::default(), &points, points.last().unwrap().seq, NOW_MS);
    let count = |wanted: &dyn Fn(&Reason) -> bool| {
        verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Kept(reason) if wanted(reason))).count()
    };
    let (hours, days, weeks) = (24 * 24, 335, 52);
    let near = |found: usize, wanted: usize| found.abs_diff(wanted) * 20 < wanted;
    assert!(near(count(&|reason| *reason == Reason::Recent), 7 * 144));
    for (unit, wanted) in [(Unit::Hour, hours), (Unit::Day, days), (Unit::Week, weeks)] {
        assert!(near(count(&|reason| *reason == Reason::First(unit)), wanted), "{unit:?}");
        assert!(near(count(&|reason| *reason == Reason::Last(unit)), wanted), "{unit:?}");
    }
}

#[test]
fn no_policy_keeps_less_than_a_week_of_everything() {
    for (every, hourly, daily, weekly) in [
        (6, 31, 366, None),
        (7, 6, 366, None),
        (7, 31, 30, None),
        (7, 31, 366, Some(365)),
        (7, 31, 36_601, None),
        (0, 0, 0, Some(0)),
    ] {
        assert!(Policy::new(every, hourly, daily, weekly).is_err(), "{every} {hourly} {daily} {weekly:?}");
    }
    assert!(Policy::new(7, 7, 7, Some(7)).is_ok() && Policy::new(36_600, 36_600, 36_600, None).is_ok());
    assert_eq!("7d,31d,366d,forever".parse(), Ok(Policy::default()));
    for bad in [
        "",
        "7d",
        "7d,31d,366d",
        "7d,31d,366d,never",
        "6d,31d,366d,forever",
        "7,31,366,forever",
        "7d,31d,366d,0d",
        "7d,31d,366d,365d",
    ] {
        assert!(bad.parse::<Policy>().is_err(), "{bad}");
    }
}

#[test]
fn a_shorter_policy_takes_hold_after_two_weeks_and_a_longer_one_at_once() {
    let policy = |text: &str| text.parse::<Policy>().unwrap();
    let (usual, short, long) = (Policy::default(), policy("7d,8d,9d,30d"), policy("30d,31d,400d,forever"));
    let in_force = |decided: &[(Policy, u64)], now_ms| {
        let decisions = decided_by(decided);
        let InForce { policy, until_ms } = decisions.in_force(now_ms);
        assert!(policy.covers(&decisions.policy()) && until_ms.is_some() == (policy != decisions.policy()));
        (policy, until_ms)
    };
    let at_ms = 100 * DAY_MS;
    assert_eq!(in_force(&[], 0), (usual, None));
    assert_eq!(in_force(&[(long, at_ms)], at_ms), (long, None));
    let end_ms = at_ms + UNDO_MS;
    for (now_ms, expected) in [(0, (usual, Some(end_ms))), (end_ms - 1, (usual, Some(end_ms))), (end_ms, (short, None))]
    {
        assert_eq!(in_force(&[(short, at_ms)], now_ms), expected, "{now_ms}");
    }
    // Taken back in time, and nothing was lost.
    assert_eq!(in_force(&[(short, at_ms), (usual, end_ms - 1)], end_ms - 1), (usual, None));
    // Both earlier ones count: the default for a while, the long one longer.
    let chain = [(long, at_ms), (short, at_ms + DAY_MS)];
    assert_eq!(in_force(&chain, end_ms - 1), (long, Some(end_ms + DAY_MS)));
    assert_eq!(in_force(&chain, end_ms + DAY_MS), (short, None));
    let crossed = [(policy("7d,60d,90d,forever"), at_ms)];
    assert_eq!(in_force(&crossed, at_ms), (policy("7d,60d,366d,forever"), Some(end_ms)));
}

#[test]
fn only_the_whole_list_of_what_the_account_signed_holds() {
    let (key, other) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
    let (account, identity) = (AccountId([1; 16]), VerifyingKey(key.verifying_key().to_bytes()));
    let strict = Policy::new(7, 7, 7, Some(7)).unwrap();
    let list = [sign(&key, 1, strict, 5), sign(&key, 2, Policy::default(), 5), sign(&key, 3, strict, 9)];
    let verify = |list: &[SignedDecision]| Decisions::verify(account, &identity, list).map_err(|error| error.0);
    let decisions = verify(&list).unwrap();
    assert_eq!((decisions.version(), decisions.policy()), (3, strict));
    assert_eq!((verify(&[]).unwrap().version(), verify(&[]).unwrap().policy()), (0, Policy::default()));
    assert_eq!(verify(&list[1..]).unwrap_err(), 1);
    assert_eq!(verify(&[list[0].clone(), list[2].clone()]).unwrap_err(), 2);
    assert_eq!(verify(&[list[0].clone(), sign(&other, 2, strict, 9)]).unwrap_err(), 2);
    assert_eq!(verify(&[list[0].clone(), sign(&key, 2, strict, 4)]).unwrap_err(), 2);
    assert_eq!(Decisions::verify(AccountId([2; 16]), &identity, &list).unwrap_err().0, 1);
    let mut forged = list[0].clone();
    forged.decision.what = What::Keep(Policy::default());
    assert_eq!(verify(&[forged]).unwrap_err(), 1);
}

#[test]
fn a_gap_is_named_with_its_ends() {
    let day_ms = NOW_MS / DAY_MS * DAY_MS - 100 * DAY_MS;
    let at = |hour: u64| day_ms + hour * HOUR_MS;
    let point = |seq, hour| Point { seq, received_ms: at(hour), device_ms: at(hour) };
    let shown = |seq, hour, before| Shown { point: point(seq, hour), prev_received_ms: at(before) };
    let decisions = Decisions::default();
    let find = |list: &[Shown]| unexplained(&decisions, SET, list, NOW_MS);
    // Of a day long ago the first and the last are there.
    assert_eq!(find(&[Shown { prev_received_ms: 0, ..shown(1, 1, 0) }, shown(5, 20, 19), shown(6, 30, 20)]), []);
    // Its last is not; nor is its first, nor what began the set.
    let gap = |first, last, hour| Gap { first, last, received_ms: at(hour) };
    assert_eq!(find(&[shown(1, 1, 0), shown(6, 30, 20)]), [gap(2, 5, 20)]);
    assert_eq!(find(&[shown(1, 1, 0), shown(4, 47, 46)]), [gap(2, 3, 46)]);
    assert_eq!(find(&[shown(3, 2, 1)]), [gap(1, 2, 1)]);
    // Nothing of the last week goes.
    let young = |seq, ago_ms: u64| Shown {
        point: Point { seq, received_ms: NOW_MS - ago_ms, device_ms: NOW_MS - ago_ms },
        prev_received_ms: NOW_MS - ago_ms - 1,
    };
    assert_eq!(find(&[young(1, 3), young(3, 1)]).len(), 1);
}

#[test]
fn a_deletion_explains_what_it_names_until_it_is_taken_back() {
    let key = SigningKey::from_bytes(&[1; 32]);
    let (account, identity) = (AccountId([1; 16]), VerifyingKey(key.verifying_key().to_bytes()));
    let delete = |set, first, last| What::Delete(Deletion { set, first, last });
    let verify = |whats: &[What]| {
        let signed: Vec<_> = (1..).zip(whats).map(|(version, &what)| decide(&key, version, what, 5)).collect();
        Decisions::verify(account, &identity, &signed).map_err(|error| error.0)
    };
    let young = |seq: u64| Shown {
        point: Point { seq, received_ms: NOW_MS - 9 + seq, device_ms: NOW_MS },
        prev_received_ms: NOW_MS - 10 + seq,
    };
    let gaps = |whats: &[What], seqs: &[u64]| {
        let shown: Vec<Shown> = seqs.iter().copied().map(young).collect();
        let gaps = unexplained(&verify(whats).unwrap(), SET, &shown, NOW_MS);
        gaps.iter().map(|gap| (gap.first, gap.last)).collect::<Vec<_>>()
    };
    assert_eq!(gaps(&[delete(SET, 3, 3)], &[1, 2, 3, 4]), []);
    assert_eq!(gaps(&[delete(SET, 2, 6)], &[1, 2, 6, 7]), []);
    assert_eq!(gaps(&[delete(SET, 2, 6)], &[1, 2, 6, 8]), [(7, 7)]);
    assert_eq!(gaps(&[delete(SetId([9; 16]), 2, 6)], &[1, 2, 6, 7]), [(3, 5)]);
    assert_eq!(gaps(&[delete(SET, 2, 6), What::Undo(1)], &[1, 7]), [(2, 6)]);
    assert!(verify(&[delete(SET, 1, 1), delete(SET, 1, 1), What::Undo(1), What::Undo(2)]).is_ok());
    assert_eq!(verify(&[What::Keep(Policy::default()), What::Undo(1)]).unwrap_err(), 2);
    assert!(verify(&[What::Close, What::Undo(1), What::Close, What::Undo(3)]).is_ok());
    assert_eq!(verify(&[What::Close, What::Close]).unwrap_err(), 2);
    assert_eq!(verify(&[What::Close, What::Undo(1), What::Undo(1)]).unwrap_err(), 3);
    assert_eq!(verify(&[delete(SET, 1, 1), What::Undo(1), What::Undo(1)]).unwrap_err(), 3);
    let bytes = |what, version| SignedDecision::decode(&decide(&key, version, what, 5).encode());
    for bad in
        [delete(SET, 0, 1), delete(SET, 2, 1), delete(SET, 1, 1 << 63), What::Undo(0), What::Undo(2), What::Undo(3)]
    {
        assert_eq!(bytes(bad, 2), Err(WireError::Invalid("decision")), "{bad:?}");
    }
}
