//! Numbers and lengths.

#![no_main]

use iota_core::wire::{Reader, Writer, padme};
use iota_fuzz::one_encoding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let written = |write: &dyn Fn(&mut Writer)| {
        let mut writer = Writer::new();
        write(&mut writer);
        writer.finish()
    };
    one_encoding(
        data,
        0,
        |data| {
            let mut reader = Reader::new(data);
            let value = reader.varint()?;
            reader.finish().map(|()| value)
        },
        |value| {
            let length = *value as usize >> 2;
            assert!(padme(length, 512) >= length);
            written(&|writer| {
                writer.varint(*value);
            })
        },
    );
    one_encoding(
        data,
        0,
        |data| {
            let mut reader = Reader::new(data);
            let value = (reader.signed()?, reader.bytes(1 << 20, "bytes")?);
            reader.finish().map(|()| value)
        },
        |(number, bytes)| {
            written(&|writer| {
                writer.signed(*number).bytes(bytes);
            })
        },
    );
});
