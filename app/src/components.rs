//! Pieces that pages are made of. Each has a stylesheet of the same name in `style/components/`.

pub mod brand;
pub mod code_block;
pub mod icon;
pub mod point;
pub mod rings;
pub mod site_footer;
pub mod site_header;
pub mod skip_link;
