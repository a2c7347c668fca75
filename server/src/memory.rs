//! Memory for bodies of requests: a share for each account, and an end for all of them together.
//!
//! Answers do not count: who restores over a slow line would keep the rest of the same restore waiting.
//!
//! What is taken counts until the last byte that it was taken for is dropped, in whatever hands that is by then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::ApiError;

/// What is counted, bytes.
const PAGE_BYTES: u64 = 64 << 10;
/// Half a gibibyte for all.
const ALL_PAGES: u32 = 8192;
/// A quarter of it for one account: three of the longest bodies.
const SHARE_PAGES: u32 = ALL_PAGES / 4;
/// How long a request waits for memory.
const PATIENCE: Duration = Duration::from_secs(10);

/// See the module.
#[derive(Debug)]
pub struct Memory {
    all: Arc<Semaphore>,
    shares: Mutex<HashMap<i64, Arc<Semaphore>>>,
}

impl Default for Memory {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(ALL_PAGES as usize)), shares: Mutex::default() }
    }
}

/// Memory that was taken.
#[derive(Debug)]
pub struct Taken {
    _share: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Taken {
    /// The same bytes; the memory is given back with the last of them.
    pub fn hold(self, bytes: Bytes) -> Bytes {
        Bytes::from_owner(Held { bytes, _taken: self })
    }
}

struct Held {
    bytes: Bytes,
    _taken: Taken,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Memory {
    /// Takes memory for `bytes` of an account, at most its whole share; waits a while for others to give theirs back.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn take(&self, account_no: i64, bytes: u64) -> Result<Taken, ApiError> {
        let pages = u32::try_from(bytes.div_ceil(PAGE_BYTES)).unwrap_or(u32::MAX).clamp(1, SHARE_PAGES);
        let share = self.share_of(account_no);
        let taking = async {
            let share = share.acquire_many_owned(pages).await.ok()?;
            let all = self.all.clone().acquire_many_owned(pages).await.ok()?;
            Some(Taken { _share: share, _all: all })
        };
        timeout(PATIENCE, taking).await.ok().flatten().ok_or_else(ApiError::unavailable)
    }

    fn share_of(&self, account_no: i64) -> Arc<Semaphore> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        shares.retain(|_, share| Arc::strong_count(share) > 1);
        shares.entry(account_no).or_insert_with(|| Arc::new(Semaphore::new(SHARE_PAGES as usize))).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARE_BYTES: u64 = SHARE_PAGES as u64 * PAGE_BYTES;

    #[tokio::test(start_paused = true)]
    async fn an_account_has_its_share_and_no_more() {
        let memory = Memory::default();
        let half = memory.take(1, SHARE_BYTES / 2).await.unwrap();
        assert!(memory.take(1, SHARE_BYTES / 2 + 1).await.is_err());
        memory.take(2, SHARE_BYTES).await.unwrap();
        drop(half);
        memory.take(1, u64::MAX).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn all_together_have_an_end() {
        let memory = Memory::default();
        let mut taken = Vec::new();
        for account_no in 0..4 {
            taken.push(memory.take(account_no, SHARE_BYTES).await.unwrap());
        }
        assert!(memory.take(9, 1).await.is_err());
        taken.pop();
        memory.take(9, 1).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn it_counts_until_the_last_slice_is_gone() {
        let memory = Memory::default();
        let bytes = memory.take(1, SHARE_BYTES).await.unwrap().hold(Bytes::from_static(b"content"));
        let slice = bytes.slice(2..4);
        drop(bytes);
        assert!(memory.take(1, 1).await.is_err());
        assert_eq!(&slice[..], b"nt");
        drop(slice);
        memory.take(1, 1).await.unwrap();
    }
}
