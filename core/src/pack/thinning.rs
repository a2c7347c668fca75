//! What a server keeps of each time that it let snapshots go.

use crate::{
    id::SetId,
    wire::{Reader, Result, WireError, Writer},
};

const TYPE: &[u8] = b"iotabackup/thinning-record/v1\0";

/// Payload of a record of kind [`super::RecordKind::Thinning`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThinningRecord {
    /// The set.
    pub set: SetId,
    /// When, milliseconds since 1970.
    pub thinned_ms: u64,
    /// The commits that are snapshots no more, ascending.
    pub seqs: Vec<u64>,
}

impl ThinningRecord {
    /// Most commits of one record.
    pub const MAX_COMMITS: usize = 65_536;

    /// The payload: the numbers as distances from one to the next.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::typed(TYPE);
        writer.raw(&self.set.0).u64(self.thinned_ms).u32(self.seqs.len() as u32);
        let mut last = 0;
        for &seq in &self.seqs {
            writer.varint(seq - last);
            last = seq;
        }
        writer.finish()
    }

    /// Parses [`ThinningRecord::encode`].
    ///
    /// # Errors
    /// [`WireError`].
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::typed(bytes, TYPE)?;
        let (set, thinned_ms, count) = (SetId(reader.array()?), reader.u64()?, reader.u32()? as usize);
        if count > Self::MAX_COMMITS {
            return Err(WireError::TooLarge("thinned commits"));
        }
        let mut seqs = Vec::new();
        let mut last = 0u64;
        for _ in 0..count {
            let distance = reader.varint()?;
            let next = last.checked_add(distance).filter(|&seq| distance > 0 && seq <= i64::MAX as u64);
            last = next.ok_or(WireError::Invalid("thinned commit"))?;
            seqs.push(last);
        }
        reader.finish()?;
        if thinned_ms > i64::MAX as u64 {
            return Err(WireError::Invalid("time of thinning"));
        }
        Ok(Self { set, thinned_ms, seqs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_and_every_other_form_is_refused() {
        let record = ThinningRecord { set: SetId([3; 16]), thinned_ms: 5, seqs: vec![2, 3, 300, 1 << 40] };
        let bytes = record.encode();
        assert_eq!(ThinningRecord::decode(&bytes), Ok(record.clone()));
        assert!((0..bytes.len()).all(|end| ThinningRecord::decode(&bytes[..end]).is_err()));
        assert_eq!(ThinningRecord::decode(&[&bytes[..], &[0]].concat()), Err(WireError::Trailing));
        let mut repeated = ThinningRecord { seqs: vec![2, 3], ..record }.encode();
        *repeated.last_mut().unwrap() = 0;
        assert_eq!(ThinningRecord::decode(&repeated), Err(WireError::Invalid("thinned commit")));
    }
}
