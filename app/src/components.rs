//! Pieces that pages are made of. Each has a stylesheet of the same name in `style/components/`.

pub mod app_shell;
pub mod brand;
pub mod busy_button;
pub mod code_block;
pub mod dialog;
pub mod field;
pub mod gate;
pub mod icon;
pub mod point;
pub mod problem_notice;
pub mod proof;
pub mod rings;
pub mod sealed;
pub mod secret_field;
pub mod shortcuts;
pub mod site_footer;
pub mod site_header;
pub mod skeleton;
pub mod skip_link;
pub mod state;
pub mod toast;
pub mod unlock_dialog;
pub mod vault_badge;
