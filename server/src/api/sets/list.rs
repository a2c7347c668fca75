//! `GET /sets`.

use axum::extract::State;
use iota_core::api::json::{Bytes, SHOWN_DAYS, SetInfo};

use crate::app_state::AppState;
use crate::auth::Reader;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::log;
use crate::store::{backup_set, device, set_day, upload, watch};

/// The backup sets of the account, in the order in which they were made.
///
/// # Errors
/// `unavailable`.
pub async fn show(State(state): State<AppState>, reader: Reader) -> ApiResult<Json<Vec<SetInfo>>> {
    let sets = backup_set::list_of(&mut *state.pool().acquire().await?, reader.account_no).await?;
    let first_day = set_day::day_of(state.now_ms()).saturating_sub(SHOWN_DAYS as i32 - 1);
    let mut infos = Vec::with_capacity(sets.len());
    for set in sets {
        let certificates = device::certificates(&mut *state.pool().acquire().await?, set.set_no).await?;
        let Some(newest) = certificates.last() else { continue };
        infos.push(SetInfo {
            set: set.set,
            device: newest.certificate.device,
            label: Bytes(set.label),
            created_ms: set.created_ms,
            certificates: certificates.iter().map(|signed| Bytes(signed.encode())).collect(),
            head: log::head_info(&state, set.set_no).await?,
            contact_ms: set.contact_ms,
            live_bytes: set.live_bytes,
            upload: upload::active_of(&mut *state.pool().acquire().await?, set.set_no, state.now_ms()).await?,
            days: set_day::list_from(&mut *state.pool().acquire().await?, set.set_no, first_day).await?,
            watch: watch::find(&mut *state.pool().acquire().await?, set.set_no, state.now_ms()).await?,
        });
    }
    Ok(Json(infos))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use iota_core::api::json::{DayInfo, SnapshotInfo, UploadState};
    use iota_core::commit::Flags;
    use iota_core::id::Cid;

    use super::*;
    use crate::test_support::{TestAccount, TestLog, TestMachine, TestServer, object};

    async fn set_of(account: &TestAccount) -> SetInfo {
        account.browser.get("/sets").await.json::<Vec<SetInfo>>().remove(0)
    }

    async fn scene(server: &TestServer) -> (TestAccount, TestLog) {
        let ada = TestAccount::first(server).await;
        let machine = TestMachine::enrol(server, &ada).await;
        let log = TestLog::new(machine, ada.account, 0, BTreeSet::new());
        (ada, log)
    }

    #[tokio::test]
    async fn contact_is_noted_to_the_minute() {
        let server = TestServer::start().await;
        let (ada, log) = scene(&server).await;
        let minute = |at_ms: u64| Some(at_ms / 60_000 * 60_000);
        assert_eq!(set_of(&ada).await.contact_ms, minute(server.state.now_ms()));
        server.clock.advance_ms(5 * 60_000);
        log.machine.browser.get("/agent/head").await.ok();
        let noted = set_of(&ada).await.contact_ms;
        assert_eq!(noted, minute(server.state.now_ms()));
        sqlx::query("UPDATE device SET contact_ms = 7").execute(server.pool()).await.unwrap();
        log.machine.browser.get("/agent/head").await.ok();
        assert_eq!(set_of(&ada).await.contact_ms, Some(7), "not more often than once a minute");
    }

    #[tokio::test]
    async fn days_tell_of_commits_gaps_and_contact() {
        const DAY_MS: u64 = 86_400_000;
        let server = TestServer::start().await;
        let (ada, mut log) = scene(&server).await;
        let today = || server.state.now_ms() / DAY_MS;
        let first = today();
        let day = |day, commits| DayInfo { day, commits, gaps: false };
        log.base(&[object(1, 300)]).await;
        log.delta(&[object(2, 300)], &[]).await;
        assert_eq!(set_of(&ada).await.days, [day(first, 2)]);
        server.clock.advance_ms(2 * DAY_MS);
        log.machine.browser = log.machine.session(&server).await;
        ada.sign_in(&ada.browser).await.ok();
        assert_eq!(set_of(&ada).await.days, [day(first, 2), day(first + 2, 0)]);
        let upload = log.begin().await;
        let mut frame = log.changes(&[], &[]);
        frame.header.header.flags = Flags::GAPS;
        log.sign(&mut frame);
        log.commit(upload, &frame).await.ok();
        let with_gaps = DayInfo { gaps: true, ..day(first + 2, 1) };
        assert_eq!(set_of(&ada).await.days, [day(first, 2), with_gaps]);
        server.clock.advance_ms(28 * DAY_MS);
        ada.sign_in(&ada.browser).await.ok();
        assert_eq!(set_of(&ada).await.days, [with_gaps], "thirty days are shown");
    }

    #[tokio::test]
    async fn an_open_upload_shows_what_has_arrived() {
        let server = TestServer::start().await;
        let (ada, log) = scene(&server).await;
        assert_eq!(set_of(&ada).await.upload, None);
        let begun_ms = server.state.now_ms();
        let upload = log.begin().await;
        server.clock.advance_ms(10_000);
        for _ in 0..2 {
            log.put(upload, &[object(1, 300), object(2, 500)]).await.ok();
        }
        let shown = UploadState { begun_ms, active_ms: begun_ms + 10_000, received_bytes: 800 };
        assert_eq!(set_of(&ada).await.upload, Some(shown));
        server.clock.advance_ms(10_000);
        log.have(upload, &[Cid([1; 32])]).await;
        assert_eq!(set_of(&ada).await.upload, Some(UploadState { active_ms: begun_ms + 20_000, ..shown }));
        let newer = log.begin().await;
        assert_eq!(set_of(&ada).await.upload.map(|upload| upload.received_bytes), Some(0));
        for open in [newer, upload] {
            log.machine.browser.send(axum::http::Method::DELETE, &format!("/agent/uploads/{open}"), None, vec![]).await;
        }
        assert_eq!(set_of(&ada).await.upload, None);
    }

    #[tokio::test]
    async fn bytes_in_use_follow_each_commit() {
        let server = TestServer::start().await;
        let (ada, mut log) = scene(&server).await;
        let cid = |number, bytes| Cid::of(&object(number, bytes));
        let mut wanted = Vec::new();
        let shown = async |log: &TestLog| {
            let path = format!("/sets/{}/snapshots", log.machine.set);
            let snapshots: Vec<SnapshotInfo> = ada.browser.get(&path).await.json();
            (
                snapshots.iter().rev().map(|snapshot| snapshot.live_bytes).collect::<Vec<_>>(),
                set_of(&ada).await.live_bytes,
            )
        };
        log.base(&[object(1, 300), object(2, 500)]).await;
        wanted.push(800);
        assert_eq!(shown(&log).await, (wanted.clone(), 800));
        log.delta(&[object(3, 1000)], &[cid(1, 300)]).await;
        wanted.push(1500);
        assert_eq!(shown(&log).await, (wanted.clone(), 1500));
        log.delta(&[], &[cid(2, 500), cid(3, 1000)]).await;
        wanted.push(0);
        assert_eq!(shown(&log).await, (wanted.clone(), 0));
        log.base(&[object(2, 500), object(4, 40)]).await;
        wanted.push(540);
        assert_eq!(shown(&log).await, (wanted.clone(), 540));
    }
}
