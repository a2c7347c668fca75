//! Real servers for tests: a free port, a fresh database, packs in a temporary folder, and a clock that the test moves.
//!
//! The database is made in the cluster that `IOTABACKUP_TEST_DATABASE_URL` names (`cargo run -p xtask -- with-database`
//! starts one), or else in one that this process starts and ends.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a panic is how tests fail")]

mod account;
mod browser;
mod cluster;
mod database;
mod drawn_out;
mod log;
mod machine;
mod post_office;
mod server;

pub use account::{TestAccount, authenticator_code, slot_list};
pub use browser::{Answer, Browser, EventStream};
pub use database::TestDatabase;
pub use drawn_out::DrawnOut;
pub use log::{TestLog, object, references};
pub use machine::{TestMachine, grant, revocation};
pub use post_office::{Counter, Letter, PostOffice};
pub use server::TestServer;
