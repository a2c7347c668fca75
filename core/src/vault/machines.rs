//! Machines and enrolment.

use super::Problem;
use crate::{
    api::json::UploadState,
    id::{EnrolId, SetId},
};
use serde::{Deserialize, Serialize};

/// The account's machines with their names, each checked. Needs an open vault.
#[derive(Serialize, Deserialize)]
pub struct ListMachines {}

/// A machine, as far as its signed log says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineView {
    /// Its backup set.
    pub set: SetId,
    /// Its name, safe to show.
    pub name: String,
    /// The key that writes was taken away.
    pub revoked: bool,
    /// The newest commit.
    pub head: Option<HeadView>,
    /// When the machine last spoke with the server.
    pub contact_ms: Option<u64>,
    /// When it was enrolled.
    pub created_ms: u64,
    /// Sealed bytes that its newest state uses.
    pub live_bytes: u64,
    /// What it is sending.
    pub upload: Option<UploadState>,
    /// What was found wrong: an older state than was seen before, forged certificates or headers.
    pub alarm: Option<Problem>,
    /// This browser has not seen the set before, so it cannot tell whether the state is the newest.
    pub first_visit: bool,
}

/// The newest commit of a machine, signed by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadView {
    /// Its number.
    pub seq: u64,
    /// When the server received it.
    pub received_ms: u64,
    /// The machine's own clock.
    pub device_time_ms: u64,
    /// The first full backup has not finished.
    pub partial: bool,
    /// Something that the rules include is missing.
    pub gaps: bool,
}

/// Gives a machine another name.
#[derive(Serialize, Deserialize)]
pub struct Rename {
    /// Its set.
    pub set: SetId,
    /// The new name, at most 64 characters.
    pub name: String,
}

/// Takes a machine's key away at once; what it stored stays. Needs an open vault and a fresh proof of identity.
#[derive(Serialize, Deserialize)]
pub struct RevokeMachine {
    /// Its set.
    pub set: SetId,
}

/// Makes a one-time code for a machine. Needs an open vault and a fresh proof of identity.
#[derive(Serialize, Deserialize)]
pub struct BeginEnrolment {
    /// A set that the machine is to continue; none for a new one.
    pub set: Option<SetId>,
}

/// A one-time code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolmentView {
    /// Names it.
    pub enrol_id: EnrolId,
    /// What the machine is given.
    pub code: String,
    /// When it ends.
    pub expires_ms: u64,
}

/// Whether the machine has answered.
#[derive(Serialize, Deserialize)]
pub struct HearEnrolment {
    /// Which code.
    pub enrol_id: EnrolId,
}

/// What the machine says of itself; it has proved that it has the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloView {
    /// Name, safe to show.
    pub name: String,
    /// System, safe to show.
    pub system: String,
    /// Size of its disk.
    pub disk_bytes: u64,
    /// Four words that the machine shows as well.
    pub fingerprint: String,
}

/// Lets the machine in. Needs an open vault and a fresh proof of identity.
#[derive(Serialize, Deserialize)]
pub struct Admit {
    /// Which code.
    pub enrol_id: EnrolId,
    /// The name to give it; without, the one that it asks for, or that the set has.
    pub name: Option<String>,
}

/// Sends the machine away. The code is worthless then.
#[derive(Serialize, Deserialize)]
pub struct Refuse {
    /// Which code.
    pub enrol_id: EnrolId,
}
