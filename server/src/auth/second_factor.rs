//! Codes of authenticator apps (RFC 6238: SHA-1, six digits, 30 seconds, one step of patience), and recovery codes in place
//! of them. No code works twice.

use data_encoding::BASE32_NOPAD;
use iota_core::api::json::code;
use iota_core::id::{AccountId, Digest};
use totp_rs::{Algorithm, Builder, Totp};
use zeroize::Zeroizing;

use super::attempts::begin_guess;
use crate::app_state::AppState;
use crate::error::{ApiError, ApiResult};
use crate::packs::RecordKind;
use crate::records::{SecondFactorRecord, Secret, open_secret};
use crate::store::account::Account;
use crate::store::attempt::{self, Counted};
use crate::store::second_factor;

/// Seconds for which a code is shown.
const STEP_S: u64 = 30;
/// Codes before and after the one of now that are taken.
const SKEW: u16 = 1;
const DIGITS: u8 = 6;
/// Random bytes of a recovery code.
pub const RECOVERY_BYTES: usize = 10;
const GROUP: usize = 4;

/// Checks the code of an account whose second factor is on, and uses it up. `counted` is the attempt that it belongs to: a code that is
/// missing is no guess. Wrong ones count for the account as well, from wherever they come.
///
/// # Errors
/// `second_factor`, `too_many_requests`.
pub async fn require_second(
    state: &AppState,
    account: &Account,
    given: Option<&str>,
    counted: Counted,
) -> ApiResult<Counted> {
    if second_factor::count(state.pool(), account.account_no).await?.is_none() {
        return Ok(counted);
    }
    let Some(given) = given.filter(|given| !given.trim().is_empty()) else {
        attempt::succeeded(state.pool(), counted).await?;
        return Err(missing());
    };
    let guess = match begin_guess(state, account.account).await? {
        Ok(guess) => guess,
        Err(wait_ms) => {
            attempt::succeeded(state.pool(), counted).await?;
            return Err(ApiError::too_many_attempts(wait_ms));
        }
    };
    if !is_right(state, account, given).await? {
        return Err(wrong_code());
    }
    attempt::succeeded(state.pool(), guess).await?;
    Ok(counted)
}

fn missing() -> ApiError {
    let message = "this account has a second factor: send a code of its authenticator app, or a recovery code, as well; \
                   `iota` opens the vault by recovery kit or key file (--kit, --key-file) in place of the password";
    ApiError::new(code::SECOND_FACTOR, message)
}

/// The answer to a code that does not do.
pub fn wrong_code() -> ApiError {
    ApiError::new(code::SECOND_FACTOR, "this code is wrong or was used already: wait for the next one, and try again")
}

/// Whether a code is right, and was not used before; it is from now on.
async fn is_right(state: &AppState, account: &Account, given: &str) -> ApiResult<bool> {
    let mut transaction = state.pool().begin().await?;
    let factor = second_factor::lock(&mut transaction, account.account_no, state.now_ms()).await?;
    let Some(sealed) = &factor.secret else { return Ok(true) };
    let secret = open_secret(state.host_key(), account.account, sealed)?;
    if let Some(step) = matching_step(&secret, given, factor.last_step, state.now_ms()) {
        second_factor::set_last_step(&mut transaction, account.account_no, step).await?;
        transaction.commit().await?;
        return Ok(true);
    }
    let Some(code) = recovery_hash(state, account.account, given) else { return Ok(false) };
    let version = factor.record_version + 1;
    if !second_factor::take_recovery_code(&mut transaction, account.account_no, &code, version).await? {
        return Ok(false);
    }
    let left = second_factor::recovery_codes(&mut transaction, account.account_no).await?;
    let record = SecondFactorRecord { account: account.account, version, factor: Some((secret, left)) };
    let decisions = vec![(RecordKind::SecondFactor, record.seal(state.host_key())?)];
    state.decide(transaction, account.account, decisions).await?;
    Ok(true)
}

/// The step whose code was given, if it is one of now and newer than the last that was used.
pub fn matching_step(secret: &Secret, given: &str, last_step: u64, now_ms: u64) -> Option<u64> {
    let digits: String = given.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() != usize::from(DIGITS) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let step = totp(secret).check(&digits, now_ms / 1000)?;
    // One that lies in the future was used while the clock was wrong.
    let used = last_step <= now_ms / 1000 / STEP_S + u64::from(SKEW);
    (!used || step > last_step).then_some(step)
}

/// The step of a time.
pub fn step_of(now_ms: u64) -> u64 {
    now_ms / 1000 / STEP_S
}

fn totp(secret: &Secret) -> Totp {
    let builder = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(DIGITS).with_skew(SKEW);
    builder.with_step_duration(STEP_S).with_secret(**secret).build().expect("20 bytes and six digits are allowed")
}

/// What an authenticator app reads from a QR code.
pub fn uri(secret: &Secret, login: &str) -> Zeroizing<String> {
    let login: String = login.bytes().map(percent).collect();
    let secret = Zeroizing::new(BASE32_NOPAD.encode(&secret[..]));
    let query = "issuer=IotaBackup&algorithm=SHA1&digits=6&period=30";
    Zeroizing::new(format!("otpauth://totp/IotaBackup:{login}?secret={}&{query}", *secret))
}

fn percent(byte: u8) -> String {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}

/// A recovery code as people see it: 80 random bits in base32, in four groups.
pub fn recovery_text(random: &[u8; RECOVERY_BYTES]) -> String {
    let text = BASE32_NOPAD.encode(random);
    let groups: Vec<&str> = (0..text.len()).step_by(GROUP).map(|at| &text[at..at + GROUP]).collect();
    groups.join("-")
}

/// What is kept of a recovery code as somebody typed it; `None` when it cannot be one.
fn recovery_hash(state: &AppState, account: AccountId, typed: &str) -> Option<Digest> {
    if typed.len() > 100 {
        return None;
    }
    let plain: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let bytes = BASE32_NOPAD.decode(plain.to_ascii_uppercase().as_bytes()).ok()?;
    Some(state.host_key().recovery_code(account, bytes.as_slice().try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: the last six of its eight digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = Zeroizing::new(*b"12345678901234567890");
        for (time_s, code, step) in
            [(59, "287082", 1), (1_111_111_109, "081804", 37_037_036), (1_234_567_890, "005924", 41_152_263)]
        {
            assert_eq!(matching_step(&secret, code, 0, time_s * 1000), Some(step));
            assert_eq!(
                matching_step(&secret, &format!(" {} {} ", &code[..3], &code[3..]), 0, time_s * 1000),
                Some(step)
            );
            for patient_s in [time_s - 30, time_s + 30] {
                assert_eq!(matching_step(&secret, code, 0, patient_s * 1000), Some(step));
            }
            assert_eq!(matching_step(&secret, code, 0, (time_s + 60) * 1000), None);
            assert_eq!(matching_step(&secret, code, step, time_s * 1000), None, "no code works twice");
            assert_eq!(matching_step(&secret, code, step + 100, time_s * 1000), Some(step), "the clock was wrong");
        }
        for wrong in ["", "28708", "2870820", "28708a", "２８７０８２"] {
            assert_eq!(matching_step(&secret, wrong, 0, 59_000), None, "{wrong}");
        }
    }

    #[test]
    fn an_app_reads_it() {
        let uri = uri(&Zeroizing::new([0; 20]), "ada+x@example.org");
        let wanted = "otpauth://totp/IotaBackup:ada%2Bx%40example.org?secret=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
                      &issuer=IotaBackup&algorithm=SHA1&digits=6&period=30";
        assert_eq!(*uri, wanted);
        assert_eq!(recovery_text(&[0xff; RECOVERY_BYTES]), "7777-7777-7777-7777");
    }
}
