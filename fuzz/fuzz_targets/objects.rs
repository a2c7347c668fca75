//! Batches of objects, and answers about them.

#![no_main]

use iota_core::{
    api::{
        MAX_UPLOAD_OBJECTS,
        frames::{decode_bitmap, decode_objects, encode_bitmap},
    },
    wire::Writer,
};
use iota_fuzz::one_encoding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    one_encoding(
        data,
        8,
        |data| decode_objects(data, MAX_UPLOAD_OBJECTS),
        |frames| {
            assert!(frames.len() <= MAX_UPLOAD_OBJECTS);
            let mut writer = Writer::new();
            frames.iter().for_each(|frame| frame.write(&mut writer));
            writer.finish()
        },
    );
    if let Some((&beyond, data)) = data.split_first() {
        let count = (data.len() * 8).saturating_sub(usize::from(beyond % 8));
        one_encoding(data, 32, |data| decode_bitmap(data, count), |known| encode_bitmap(known));
    }
});
