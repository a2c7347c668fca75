//! A server that lies: the vault says what it saw, and shows nothing of it.

use crate::support::{ACCOUNT, Rig, tree::MemoryTree};
use crate::tab::{Lie, Tab, about_sets, vault};
use futures::FutureExt;
use iota_agent::remote::Archive;
use iota_core::{
    api::{
        frames::Segment,
        json::{Bytes, SnapshotInfo, Vault},
    },
    certificate::SignedCertificate,
    commit::{Flags, SignedHeader},
    history::Certificates,
    id::{Cid, HeaderHash, SetId},
    vault::{ListMachines, ListSlots, OpenPoint, ProblemKind, RevokeMachine},
};
use iota_crypto::keys::SigningKey;
use iota_vault::{history::History, platform::Store};

/// Three commits.
fn rig() -> Rig {
    let (rig, mut tree) = (Rig::new(), MemoryTree::default());
    for content in ["one", "two", "three"] {
        tree.file("notes.txt", content.as_bytes().to_vec());
        rig.backup(&tree).unwrap();
    }
    rig
}

/// What the rig's server would have said after commit `seq`.
fn older(rig: &Rig, seq: usize) -> Lie {
    let header = rig.server.inner.lock().unwrap().commits[seq - 1].frame.header.clone();
    about_sets(move |sets| {
        let head = sets[0].head.as_mut().unwrap();
        (head.seq, head.hash, head.header) = (header.header.seq, header.header.hash(), Bytes(header.encode()));
    })
}

#[test]
fn an_older_head_is_noticed_by_who_was_here_before() {
    let rig = rig();
    let tab = Tab::unlocked(&rig);
    assert_eq!(tab.ask(ListMachines {}).unwrap()[0].alarm, None);
    let later = tab.reload();
    later.browser.0.lie.replace(Some(older(&rig, 2)));
    later.unlock().unwrap();
    let machine = later.ask(ListMachines {}).unwrap().remove(0);
    let alarm = machine.alarm.unwrap();
    assert_eq!(alarm.kind, ProblemKind::Altered);
    assert!(alarm.message.contains('3'), "{}", alarm.message);
    assert_eq!((machine.name.as_str(), machine.head), ("attic", None));
    assert_eq!(later.ask(OpenPoint { set: rig.set, at: None }).unwrap_err().kind, ProblemKind::Altered);
    // Saying nothing at all of the set's commits is no way around it.
    later.browser.0.lie.replace(Some(about_sets(|sets| sets[0].head = None)));
    assert_eq!(later.ask(OpenPoint { set: rig.set, at: None }).unwrap_err().kind, ProblemKind::Altered);
    // Who was never here cannot know, and says so.
    let first = Tab::unlocked(&rig);
    first.browser.0.lie.replace(Some(older(&rig, 2)));
    let point = first.ask(OpenPoint { set: rig.set, at: None }).unwrap();
    assert_eq!((point.seq, point.first_visit), (2, true));
}

#[test]
fn another_history_of_the_same_length_is_noticed() {
    let mine = rig();
    let tab = Tab::unlocked(&mine);
    tab.ask(ListMachines {}).unwrap();
    let other = rig();
    let fork = Tab::with_archive(Box::new(other.archive()));
    // The same browser, a server that forked.
    fork.browser.0.kept.replace(tab.browser.0.kept.borrow().clone());
    fork.unlock().unwrap();
    assert_eq!(fork.ask(ListMachines {}).unwrap()[0].alarm.as_ref().unwrap().kind, ProblemKind::Altered);
}

#[test]
fn a_path_from_another_branch_than_the_head_is_no_proof() {
    let (rig, mut tree) = (rig(), MemoryTree::default());
    let tab = Tab::unlocked(&rig);
    tab.ask(ListMachines {}).unwrap();
    for content in ["four", "five"] {
        tree.file("notes.txt", content.as_bytes().to_vec());
        rig.backup(&tree).unwrap();
    }
    // The thief of the machine's key forks below what the browser saw; the paths that the server shows are those of the old branch.
    for from in 1..=3 {
        let forged = rig.fork(from)[3].clone();
        let visit = tab.reload();
        visit.unlock().unwrap();
        let place = (forged.header.seq, forged.header.hash());
        visit.browser.0.lie.replace(Some(about_sets(move |sets| {
            let head = sets[0].head.as_mut().unwrap();
            ((head.seq, head.hash), head.header) = (place, Bytes(forged.encode()));
        })));
        let alarm = visit.ask(ListMachines {}).unwrap().remove(0).alarm;
        assert_eq!(alarm.map(|alarm| alarm.kind), Some(ProblemKind::Altered), "forked at {from}");
    }
    // A head above the seen one that is no longer the newest is an honest race.
    let visit = tab.reload();
    visit.unlock().unwrap();
    visit.browser.0.lie.replace(Some(older(&rig, 4)));
    assert_eq!(visit.ask(ListMachines {}).unwrap().remove(0).alarm, None);
    assert!(visit.browser.0.asked.borrow().iter().any(|(asked, _)| asked.ends_with("/path?from=4&to=3")));
}

#[test]
fn a_point_on_another_branch_than_the_head_does_not_open() {
    let (rig, mut tree) = (rig(), MemoryTree::default());
    let tab = Tab::unlocked(&rig);
    tree.file("notes.txt", b"four".to_vec());
    rig.backup(&tree).unwrap();
    // The head is known and honest; a commit arrives, and the server shows a state of the other branch below it.
    assert_eq!(tab.ask(ListMachines {}).unwrap()[0].head.as_ref().unwrap().seq, 4);
    tree.file("notes.txt", b"five".to_vec());
    rig.backup(&tree).unwrap();
    let open = |tab: &Tab, at| tab.ask(OpenPoint { set: rig.set, at: Some(at) });
    let branch = rig.fork(2);
    let lie: Lie = Box::new(move |request, answer| {
        if !request.path.contains("/segment") {
            return answer;
        }
        let mut segment = Segment::decode(&answer).unwrap();
        let of = |signed: &SignedHeader| branch[signed.header.seq as usize - 1].clone();
        segment.path = segment.path.iter().map(of).collect();
        segment.commits.iter_mut().for_each(|commit| commit.header = of(&commit.header));
        segment.encode()
    });
    tab.browser.0.lie.replace(Some(lie));
    for at in 2..=4 {
        assert_eq!(open(&tab, at).unwrap_err().kind, ProblemKind::Altered, "{at}");
    }
    // Of the honest one, whose path begins above the head, everything opens.
    tab.browser.0.lie.replace(None);
    for at in 1..=4 {
        assert_eq!(open(&tab, at).unwrap().seq, at);
    }
}

#[test]
fn forged_heads_and_certificates_are_refused() {
    let rig = rig();
    let forge = |alter: fn(&mut SignedHeader)| -> Lie {
        about_sets(move |sets| {
            let head = sets[0].head.as_mut().unwrap();
            let mut signed = SignedHeader::decode(&head.header.0).unwrap();
            alter(&mut signed);
            head.header = Bytes(signed.encode());
        })
    };
    let lies: Vec<Lie> = vec![
        forge(|signed| signed.header.live_count += 1),
        forge(|signed| signed.signature.0[5] ^= 1),
        forge(|signed| {
            signed.header.live_count += 1;
            signed.signature = SigningKey::from_seed(&[1; 32]).sign(&signed.header.encode());
        }),
        about_sets(|sets| sets[0].certificates.clear()),
        about_sets(|sets| {
            let at = sets[0].certificates[0].0.len() - 20;
            sets[0].certificates[0].0[at] ^= 1;
        }),
        about_sets(|sets| sets[0].set = SetId([7; 16])),
        about_sets(|sets| sets[0].head.as_mut().unwrap().seq += 1),
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        let tab = Tab::unlocked(&rig);
        tab.browser.0.lie.replace(Some(lie));
        let alarm = tab.ask(ListMachines {}).unwrap().remove(0).alarm;
        assert!(alarm.is_some(), "{number}");
    }
}

#[test]
fn altered_commits_do_not_open() {
    let rig = rig();
    let lies: Vec<fn(&mut Segment)> = vec![
        |segment| segment.commits.last_mut().unwrap().body[200] ^= 1,
        |segment| drop(segment.commits.remove(1)),
        |segment| segment.commits.clear(),
        |segment| segment.path.clear(),
        |segment| segment.path[0].signature.0[0] ^= 1,
        |segment| segment.commits[1].header.header.prev = HeaderHash([1; 32]),
        |segment| segment.commits[2].header.header.body_cid = Cid([1; 32]),
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        let tab = Tab::unlocked(&rig);
        let lie: Lie = Box::new(move |request, answer| {
            if !request.path.contains("/segment") {
                return answer;
            }
            let mut segment = Segment::decode(&answer).unwrap();
            lie(&mut segment);
            segment.encode()
        });
        tab.browser.0.lie.replace(Some(lie));
        let problem = tab.ask(OpenPoint { set: rig.set, at: Some(3) }).unwrap_err();
        assert!(matches!(problem.kind, ProblemKind::Altered | ProblemKind::Failed), "{number}: {problem:?}");
    }
}

#[test]
fn what_does_not_follow_the_state_that_is_known_does_not_open() {
    let rig = rig();
    let lies: Vec<fn(&mut Segment)> = vec![
        |segment| drop(segment.commits.remove(0)),
        |segment| segment.commits.clear(),
        |segment| segment.commits[0].header.header.prev = HeaderHash([1; 32]),
        |segment| segment.commits[0].body[200] ^= 1,
        |segment| drop(segment.commits.pop()),
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        let tab = Tab::unlocked(&rig);
        let first = tab.ask(OpenPoint { set: rig.set, at: Some(1) }).unwrap();
        tab.browser.0.lie.replace(Some(Box::new(move |request, answer| {
            assert!(!request.path.contains("/segment") || request.path.contains("after=1"), "{}", request.path);
            if !request.path.contains("/segment") {
                return answer;
            }
            let mut segment = Segment::decode(&answer).unwrap();
            lie(&mut segment);
            segment.encode()
        })));
        let problem = tab.ask(OpenPoint { set: rig.set, at: Some(3) }).unwrap_err();
        assert!(matches!(problem.kind, ProblemKind::Altered | ProblemKind::Failed), "{number}: {problem:?}");
        tab.browser.0.lie.replace(None);
        assert_eq!(tab.ask(OpenPoint { set: rig.set, at: Some(1) }).unwrap(), first);
        tab.ask(OpenPoint { set: rig.set, at: Some(3) }).unwrap();
    }
}

#[test]
fn the_newest_complete_commit_is_one_below_the_head() {
    let rig = rig();
    let tab = Tab::unlocked(&rig);
    let identity = rig.master.identity(ACCOUNT).verifying_key();
    let certificates = rig.archive().sets().unwrap().remove(0).certificates;
    let certificates: Vec<_> = certificates.iter().map(|bytes| SignedCertificate::decode(&bytes.0).unwrap()).collect();
    let mut head = rig.server.inner.lock().unwrap().commits[2].frame.header.clone();
    head.header.flags = Flags::PARTIAL;
    let history = History {
        set: rig.set,
        certificates: Certificates::verify(ACCOUNT, rig.set, &identity, &certificates).unwrap(),
        head: Some(head),
        first_visit: false,
    };
    let newest = || history.newest_complete(&tab.browser).now_or_never().unwrap().unwrap();
    assert_eq!(newest(), 2);
    // What does not follow from the head is no commit, and an older one is not taken for the newest.
    let lies: [fn(&mut Vec<SnapshotInfo>); 3] = [
        |listed| listed.clear(),
        |listed| drop(listed.remove(0)),
        |listed| {
            let mut signed = SignedHeader::decode(&listed[0].header.0).unwrap();
            signed.header.device_time_ms += 1;
            listed[0].header = Bytes(signed.encode());
        },
    ];
    for lie in lies {
        let lie: Lie = Box::new(move |_, answer| {
            let mut listed = serde_json::from_slice(&answer).unwrap();
            lie(&mut listed);
            serde_json::to_vec(&listed).unwrap()
        });
        tab.browser.0.lie.replace(Some(lie));
        assert_eq!(newest(), 3);
    }
}

#[test]
fn a_lost_page_is_counted_and_the_rest_shown() {
    let (rig, mut tree) = (Rig::new(), MemoryTree::default());
    for number in 0..3000 {
        tree.file(&format!("file {number:04}"), vec![]);
    }
    rig.backup(&tree).unwrap();
    let pages: Vec<Cid> = rig.server.inner.lock().unwrap().objects.keys().copied().collect();
    let (mut partly, mut wholly) = (0, 0);
    for cid in pages {
        let tab = Tab::unlocked(&rig);
        tab.browser.0.lie.replace(Some(crate::tab::about_object(cid, |object| object[50] ^= 1)));
        let listing = tab.list(&rig, 1, None).unwrap();
        assert_eq!(u64::from(listing.count) + listing.lost, 3000);
        assert!(listing.exists);
        if listing.count == 0 {
            wholly += 1
        } else if listing.lost > 0 {
            partly += 1
        }
    }
    assert!(partly > 5 && wholly >= 1, "{partly} {wholly}");
}

#[test]
fn another_vault_or_an_older_list_of_slots_is_refused() {
    let rig = rig();
    let tab = Tab::new(&rig);
    let (newer, key_file) = vault(5);
    tab.browser.0.vault.replace(newer);
    let tab = Tab { key_file, ..tab };
    tab.unlock().unwrap();
    let (older, key_file) = vault(4);
    tab.browser.0.vault.replace(older.clone());
    let tab = Tab { key_file, ..tab.reload() };
    assert_eq!(tab.unlock().unwrap_err().kind, ProblemKind::Altered);
    // A list that the account did not sign.
    let Vault { account, identity, mut slot_list } = older;
    let end = slot_list.0.len() - 1;
    slot_list.0[end] ^= 1;
    tab.browser.0.vault.replace(Vault { account, identity, slot_list });
    assert_eq!(tab.unlock().unwrap_err().kind, ProblemKind::Altered);
    // An identity that this browser does not know.
    let other = SigningKey::from_seed(&[3; 32]).verifying_key();
    let (shown, key_file) = vault(6);
    tab.browser.0.vault.replace(Vault { identity: other, ..shown });
    let tab = Tab { key_file, ..tab };
    assert_eq!(tab.unlock().unwrap_err().kind, ProblemKind::Altered);
}

#[test]
fn notes_that_cannot_be_read_are_no_first_visit() {
    let rig = rig();
    let tab = Tab::unlocked(&rig);
    tab.ask(ListMachines {}).unwrap();
    for kept in tab.browser.0.kept.borrow_mut().iter_mut().filter(|((store, _), _)| *store == Store::Witness) {
        *kept.1 = b"{}".to_vec();
    }
    let later = tab.reload();
    assert_eq!(later.unlock().unwrap_err().kind, ProblemKind::Altered);
}

#[test]
fn notes_that_a_browser_cannot_get_at_are_no_first_visit() {
    let rig = rig();
    let tab = Tab::unlocked(&rig);
    tab.browser.0.cannot_read.set(true);
    assert_eq!(tab.ask(ListMachines {}).unwrap_err().kind, ProblemKind::Failed);
    assert_eq!(tab.reload().unlock().unwrap_err().kind, ProblemKind::Failed);
}

#[test]
fn a_server_that_has_the_browser_forget_is_noticed_in_the_same_visit() {
    let rig = rig();
    let tab = Tab::unlocked(&rig);
    tab.ask(ListMachines {}).unwrap();
    tab.browser.0.kept.borrow_mut().retain(|(store, _), _| *store != Store::Witness);
    tab.browser.0.lie.replace(Some(older(&rig, 2)));
    assert_eq!(tab.ask(ListMachines {}).unwrap()[0].alarm.as_ref().unwrap().kind, ProblemKind::Altered);
}

#[test]
fn a_machine_that_is_no_longer_listed_is_missed() {
    let rig = rig();
    let tab = Tab::unlocked(&rig);
    tab.ask(ListMachines {}).unwrap();
    tab.browser.0.lie.replace(Some(about_sets(|sets| sets.clear())));
    let machine = tab.ask(ListMachines {}).unwrap().remove(0);
    assert_eq!((machine.set, machine.alarm.unwrap().kind), (rig.set, ProblemKind::Altered));
    assert_eq!(tab.ask(OpenPoint { set: rig.set, at: None }).unwrap_err().kind, ProblemKind::Altered);
    let first = Tab::unlocked(&rig);
    first.browser.0.lie.replace(Some(about_sets(|sets| sets.clear())));
    assert!(first.ask(ListMachines {}).unwrap().is_empty());
}

#[test]
fn a_revocation_that_the_server_drops_is_noticed() {
    let rig = rig();
    let tab = Tab::unlocked(&rig);
    let route = ("PUT", format!("/sets/{}/certificate", rig.set));
    tab.browser.0.answers.borrow_mut().insert(route, Ok(b"null".to_vec()));
    tab.ask(RevokeMachine { set: rig.set }).unwrap();
    assert_eq!(tab.ask(ListMachines {}).unwrap()[0].alarm.as_ref().unwrap().kind, ProblemKind::Altered);
}

#[test]
fn an_older_list_of_ways_is_not_shown() {
    let rig = rig();
    let tab = Tab::unlocked(&rig);
    let (newer, key_file) = vault(2);
    tab.browser.0.vault.replace(newer);
    let tab = Tab { key_file, ..tab };
    tab.reload().unlock().unwrap();
    tab.browser.0.vault.replace(vault(1).0);
    assert_eq!(tab.reload().ask(ListSlots {}).unwrap_err().kind, ProblemKind::Altered);
}
