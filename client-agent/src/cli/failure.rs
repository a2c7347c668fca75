//! How a failure is told: a sentence for people, a stable word for programs.

use super::{Coded, Usage, output::Output, output::clean_lines, output::write};
use iota_agent::{
    account::{AccountError, slots::SlotsError},
    backup::{BackupError, LogError},
    config::ConfigError,
    decide::DecideError,
    enrol::EnrolError,
    history::ReadError,
    identity::IdentityError,
    remote::RemoteError,
    restore::RestoreError,
    rules::RulesError,
    upload::UploadError,
    vault::VaultError,
};
use iota_core::{api::json::code, history::HistoryError};
use iota_crypto::error::CryptoError;
use serde_json::json;
use std::{io, process::ExitCode};

/// Tells a failure, and gives the exit code.
pub fn tell(output: Output, error: &anyhow::Error) -> ExitCode {
    print(output, code_of(error), &error.to_string());
    ExitCode::from(exit_code_of(error))
}

fn exit_code_of(error: &anyhow::Error) -> u8 {
    match code_of(error) {
        "usage" => 2,
        code::DEVICE_REPLACED => 4,
        _ => 1,
    }
}

/// Tells what clap found: help and version are results, all else is usage.
pub fn of_arguments(error: &clap::Error) -> ExitCode {
    let is_result = !error.use_stderr();
    let json = std::env::args_os().any(|argument| argument == "--json");
    if json && !is_result {
        print(Output { json, quiet: false }, "usage", error.to_string().trim());
    } else {
        // Standard output or error may be gone; the exit code still tells.
        let _ = error.print();
    }
    if is_result { ExitCode::SUCCESS } else { ExitCode::from(2) }
}

/// Prints a failure.
pub fn print(output: Output, code: &str, message: &str) {
    print_and(output, code, message, || ());
}

/// Prints a failure, and does `then` before another thread can print a result; with `--json`, neither when there was one.
pub fn print_and(output: Output, code: &str, message: &str, then: impl FnOnce()) {
    if output.json {
        output.object_and(&json!({"error": {"code": code, "message": message}}), then);
    } else {
        write(io::stderr(), &format!("iota: {}", clean_lines(message)));
        then();
    }
}

fn code_of(error: &anyhow::Error) -> &str {
    if error.is::<Usage>() {
        return "usage";
    }
    if let Some(coded) = error.downcast_ref::<Coded>() {
        return coded.code;
    }
    if let Some(remote) = remote_of(error) {
        return match remote {
            RemoteError::Refused(detail) => &detail.code,
            RemoteError::Unreachable { .. } => "unreachable",
            RemoteError::Malformed { .. } => "malformed_answer",
        };
    }
    if let Some(identity) = error.downcast_ref::<IdentityError>() {
        return match identity {
            IdentityError::NotEnrolled(_) => "not_enrolled",
            IdentityError::Exposed { .. } => "exposed",
            _ => "identity",
        };
    }
    match error.downcast_ref::<BackupError>() {
        Some(BackupError::Log(LogError::ForeignHead { .. })) => return "foreign_head",
        Some(_) => return "backup",
        None => {}
    }
    other_code(error)
}

fn other_code(error: &anyhow::Error) -> &'static str {
    if let Some(ConfigError::Busy { .. }) = error.downcast_ref() {
        "busy"
    } else if error.is::<RulesError>() {
        "rules"
    } else if let Some(error) = error.downcast_ref() {
        code_of_reading(error)
    } else if let Some(RestoreError::Read(error)) = error.downcast_ref() {
        code_of_reading(error)
    } else if error.is::<RestoreError>() {
        "restore"
    } else if error.is::<HistoryError>()
        || matches!(error.downcast_ref(), Some(EnrolError::History(_)))
        || matches!(error.downcast_ref(), Some(VaultError::OldSlots { .. }))
        || error.is::<DecideError>()
    {
        "history"
    } else if is_wrong_secret(error) {
        "wrong_secret"
    } else {
        "failed"
    }
}

fn is_wrong_secret(error: &anyhow::Error) -> bool {
    let vault = error.downcast_ref::<VaultError>();
    let crypto = error.downcast_ref::<CryptoError>().or_else(|| match vault? {
        VaultError::Crypto(crypto) => Some(crypto),
        _ => None,
    });
    matches!(crypto, Some(CryptoError::Slot))
}

/// Errors that pass a server's answer on show its code, not their own.
fn remote_of(error: &anyhow::Error) -> Option<&RemoteError> {
    error
        .downcast_ref::<RemoteError>()
        .or_else(|| match error.downcast_ref::<BackupError>()? {
            BackupError::Remote(remote)
            | BackupError::Upload(UploadError::Remote(remote))
            | BackupError::Log(LogError::Remote(remote)) => Some(remote),
            _ => None,
        })
        .or_else(|| match error.downcast_ref::<ReadError>()? {
            ReadError::Remote(remote) => Some(remote),
            _ => None,
        })
        .or_else(|| match error.downcast_ref::<RestoreError>()? {
            RestoreError::Read(ReadError::Remote(remote)) => Some(remote),
            _ => None,
        })
        .or_else(|| match error.downcast_ref::<VaultError>()? {
            VaultError::Remote(remote) => Some(remote),
            _ => None,
        })
        .or_else(|| match error.downcast_ref::<EnrolError>()? {
            EnrolError::Remote(remote) => Some(remote),
            _ => None,
        })
        .or_else(|| match error.downcast_ref::<AccountError>()? {
            AccountError::Remote(remote) | AccountError::Unsure { error: remote, .. } => Some(remote),
            _ => None,
        })
        .or_else(|| match error.downcast_ref::<DecideError>()? {
            DecideError::Remote(remote) => Some(remote),
            _ => None,
        })
        .or_else(|| match error.downcast_ref::<SlotsError>()? {
            SlotsError::Remote(remote) => Some(remote),
            _ => None,
        })
}

fn code_of_reading(error: &ReadError) -> &'static str {
    match error {
        ReadError::History(_) | ReadError::Decisions(_) => "history",
        ReadError::NoCommit | ReadError::NoPoint(_) => "no_snapshot",
        ReadError::NoSet { .. } | ReadError::WhichSet(_) => "no_set",
        ReadError::NoPath(_) | ReadError::NeverThere(_) => "no_path",
        _ => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iota_core::api::json::ErrorDetail;

    #[test]
    fn programs_see_the_servers_own_word() {
        let refused = || {
            let code = "device_replaced".to_owned();
            RemoteError::Refused(ErrorDetail { code, message: "m".into(), missing: vec![], retry_after_s: None })
        };
        let errors: [anyhow::Error; 4] = [
            refused().into(),
            BackupError::Log(LogError::Remote(refused())).into(),
            BackupError::Upload(UploadError::Remote(refused())).into(),
            VaultError::Remote(refused()).into(),
        ];
        for error in errors {
            assert_eq!((code_of(&error), exit_code_of(&error)), ("device_replaced", 4));
        }
        let foreign = BackupError::Log(LogError::ForeignHead { server_seq: 2, known_seq: 1 });
        assert_eq!(code_of(&foreign.into()), "foreign_head");
        let usage = Usage("x".into()).into();
        assert_eq!((code_of(&usage), exit_code_of(&usage)), ("usage", 2));
        assert_eq!(code_of(&VaultError::Crypto(CryptoError::Slot).into()), "wrong_secret");
    }
}
