//! The handlers: one endpoint, one file. What they are asked for stands in `docs/api.md`, and who may in their arguments.

pub mod accounts;
pub mod agent;
pub mod enrolments;
pub mod health;
pub mod invitations;
pub mod login;
pub mod logout;
pub mod objects;
pub mod owner;
pub mod server;
pub mod session;
pub mod sets;
pub mod vault;
