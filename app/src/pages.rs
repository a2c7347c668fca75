//! One file per screen.

pub mod add_machine_page;
pub mod browse_page;
pub mod compare_page;
pub mod docs_page;
pub mod download_page;
pub mod file_page;
pub mod forgot_page;
pub mod home_page;
pub mod keys_page;
pub mod machine_page;
pub mod machines_page;
pub mod not_found_page;
pub mod rules_page;
pub mod search_page;
pub mod settings_page;
pub mod sign_in_page;
pub mod sign_up_page;
pub mod timeline_page;
