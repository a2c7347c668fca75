//! Names of users and groups, asked once for each number.
//!
//! They come from the system's own look-up (crate `uzers`, over `getpwuid_r`), so that directory services count too and not only
//! `/etc/passwd`. A number without a name has an empty one.

use iota_core::entry::MAX_OWNER_BYTES;
use std::{collections::HashMap, ffi::OsStr, os::unix::ffi::OsStrExt};

/// More numbers than this are not remembered: nobody has so many users, but a hostile tree may.
const MAX_REMEMBERED: usize = 10_000;

#[derive(Default)]
pub(super) struct Owners {
    users: HashMap<u32, Box<[u8]>>,
    groups: HashMap<u32, Box<[u8]>>,
}

impl Owners {
    pub fn user(&mut self, uid: u32) -> Box<[u8]> {
        remember(&mut self.users, uid, |uid| uzers::get_user_by_uid(uid).map(|user| checked(user.name())))
    }

    pub fn group(&mut self, gid: u32) -> Box<[u8]> {
        remember(&mut self.groups, gid, |gid| uzers::get_group_by_gid(gid).map(|group| checked(group.name())))
    }
}

fn remember(names: &mut HashMap<u32, Box<[u8]>>, id: u32, ask: impl FnOnce(u32) -> Option<Box<[u8]>>) -> Box<[u8]> {
    if let Some(name) = names.get(&id) {
        return name.clone();
    }
    let name = ask(id).unwrap_or_default();
    if names.len() < MAX_REMEMBERED {
        names.insert(id, name.clone());
    }
    name
}

/// A name within the limits of the format, else none.
fn checked(name: &OsStr) -> Box<[u8]> {
    let name = name.as_bytes();
    if name.len() <= MAX_OWNER_BYTES { name.into() } else { Box::default() }
}
