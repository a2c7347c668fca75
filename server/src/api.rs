//! The handlers: one endpoint, one file. What they are asked for stands in `docs/api.md`, and who may in their arguments.

pub mod account;
pub mod accounts;
pub mod agent;
pub mod csp_report;
pub mod downloads;
pub mod enrolments;
pub mod events;
pub mod health;
pub mod invitations;
pub mod login;
pub mod logout;
pub mod objects;
pub mod owner;
pub mod recovery;
pub mod server;
pub mod session;
pub mod sessions;
pub mod sets;
pub mod vault;
