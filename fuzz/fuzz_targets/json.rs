//! Messages of the API and of the live channel in JSON: what parses is written and parses to the same.

#![no_main]

use iota_core::{api::json, live};
use iota_fuzz::within;
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};

fuzz_target!(|data: &[u8]| {
    check::<json::ErrorBody>(data);
    check::<json::ServerInfo>(data);
    check::<json::CreateAccount>(data);
    check::<json::Login>(data);
    check::<json::Download>(data);
    check::<json::CheckCode>(data);
    check::<json::ProveAgain>(data);
    check::<json::WebSessionInfo>(data);
    check::<json::ChangePassword>(data);
    check::<json::RecoverySlots>(data);
    check::<json::Recover>(data);
    check::<json::SecondFactor>(data);
    check::<json::NewSecondFactor>(data);
    check::<json::SecondFactorCode>(data);
    check::<json::RecoveryCodes>(data);
    check::<json::ChangeLabel>(data);
    check::<json::Revoke>(data);
    check::<json::Event>(data);
    check::<json::Vault>(data);
    check::<json::OwnerSessionRequest>(data);
    check::<json::AgentSessionRequest>(data);
    check::<json::CreateEnrolment>(data);
    check::<json::EnrolHello>(data);
    check::<json::EnrolGrant>(data);
    check::<json::SetInfo>(data);
    check::<json::HeadInfo>(data);
    check::<json::SnapshotInfo>(data);
    check::<json::UploadInfo>(data);
    check::<json::UploadAnswer>(data);
    check::<json::CommitAnswer>(data);
    check::<json::LiveReport>(data);
    check::<json::LiveAnswer>(data);
    check::<json::LiveState>(data);
    check::<json::SendOrder>(data);
    check::<live::Status>(data);
    check::<live::Order>(data);
});

fn check<T: Serialize + DeserializeOwned>(data: &[u8]) {
    if let Ok(message) = within(64 * data.len(), || serde_json::from_slice::<T>(data)) {
        let written = serde_json::to_vec(&message).expect("a message can be written");
        let again: T = serde_json::from_slice(&written).expect("what was written parses");
        assert_eq!(serde_json::to_vec(&again).expect("a message can be written"), written, "a message does not settle");
    }
}
