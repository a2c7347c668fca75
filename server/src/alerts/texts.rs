//! What mails say: little, since they travel and lie readable. A machine has its number, unless its owner chose a public name.

use std::time::{Duration, UNIX_EPOCH};

use super::AccountNews;
use crate::store::watch::Subject;

const HOUR_MS: u64 = 60 * 60 * 1000;
const DAY_MS: u64 = 24 * HOUR_MS;
const WHY: &str =
    "You asked for these mails on the page Settings of your IotaBackup server, where they can be switched off.";
const WHY_UNASKED: &str = "This comes to the address that you sign in with at your IotaBackup server, because nothing else is saved under \
     Alerts on its page Settings, where another address can be given, or mails switched off.";

/// Subject and text: a backup was missed.
pub fn missed(subject: &Subject, now_ms: u64) -> (String, String) {
    let (name, long) = (name(subject), span(now_ms.saturating_sub(subject.since_ms)));
    let since = match subject.complete_ms {
        Some(complete_ms) => format!("Its last complete backup arrived on {}.", time(complete_ms)),
        None => format!("It was let in on {}, and has completed none yet.", time(subject.since_ms)),
    };
    let body = format!(
        "{name} has completed no backup for {long}. {since}\n\nNothing that it stored before is at risk. Is it switched on and \
         online, and what does `iota status` say on it?\n\n{WHY}\n"
    );
    (format!("IotaBackup: {name} has completed no backup for {long}"), body)
}

/// Subject and text: backups arrive again.
pub fn over(subject: &Subject) -> (String, String) {
    let name = name(subject);
    let body = format!(
        "{name} is backed up again. Its newest complete backup arrived on {}.\n\n{WHY}\n",
        time(subject.complete_ms.unwrap_or(subject.since_ms))
    );
    (format!("IotaBackup: {name} is backed up again"), body)
}

/// Subject and text: snapshots were deleted. Whether mails were asked for changes why this one comes.
pub fn deleted(subject: &Subject, due_ms: u64, asked: bool) -> (String, String) {
    let (name, why) = (name(subject), why(asked));
    let body = format!(
        "Snapshots of {name} were deleted by somebody who has your password and your vault's key. Until {} this can be taken back with \
         `iota undelete`; after that they are gone.\n\nIf that was not you: take it back, and change both.\n\n{why}\n",
        time(due_ms)
    );
    (format!("IotaBackup: snapshots of {name} were deleted"), body)
}

/// Subject and text: something happened to the account itself. Whether mails were asked for changes why this one comes.
pub fn account(news: AccountNews, asked: bool) -> (String, String) {
    let why = why(asked);
    match news {
        AccountNews::Closing(at_ms) => {
            let body = format!(
                "Your account, with the backups of all of its machines, is to be deleted, by somebody who has your password and your \
                 vault's key. Until {} this can be taken back on the page Settings; after that all of it is gone.\n\nIf that was not you: \
                 take it back, and change both.\n\n{why}\n",
                time(at_ms)
            );
            ("IotaBackup: your account is to be deleted".into(), body)
        }
        AccountNews::KeepsLess(from_ms) => {
            let body = format!(
                "Your account is to keep less of the past of all of its machines, by somebody who has your password and your vault's key. \
                 Until {} nothing goes by that: decide to keep as much as before on the page Timeline of a machine, or with `iota retention \
                 set`, and nothing ever does.\n\nIf that was not you: do so, and change both.\n\n{why}\n",
                time(from_ms)
            );
            ("IotaBackup: your account is to keep less".into(), body)
        }
        AccountNews::Recovered(until_ms) => {
            let body = format!(
                "A new password was set for your account by somebody who has one of your vault's keys: the recovery words, the kit or a key \
                 file. All sessions have ended. Until {} nothing can be deleted, and nothing be kept for a shorter time.\n\nIf that was not \
                 you: set another password the same way, and replace your recovery kit on the page Keys.\n\n{why}\n",
                time(until_ms)
            );
            ("IotaBackup: a new password was set".into(), body)
        }
    }
}

/// Subject and text: mails about an account do not come to this address any more, but to another or to none. Which it is, is not said.
pub fn moved(to_another: bool, at_ms: u64) -> (String, String) {
    let (now, line) = if to_another {
        ("go to another address", "IotaBackup: mails go to another address now")
    } else {
        ("are switched off", "IotaBackup: mails were switched off")
    };
    let body = format!(
        "Since {} mails about your account {now}; this is the last one that comes here. It was decided on the page Settings of your \
         IotaBackup server, by somebody who has your password.\n\nIf that was not you: sign in, look at Alerts and at the open sessions on \
         that page, and set another password.\n",
        time(at_ms)
    );
    (line.into(), body)
}

/// Subject and text: the drill is due.
pub fn drill() -> (String, String) {
    let body = format!(
        "For half a year nobody has tried whether your vault still opens. It takes two minutes: on the page Keep your key of your IotaBackup \
         server, under \"Try your paper\", type the twelve words or choose the kit. Nobody can reset them for you.\n\nNo mail of ours asks \
         for the words, or has a link to a page that does.\n\n{WHY}\n"
    );
    ("IotaBackup: can you still open your vault?".into(), body)
}

/// Subject and text of a test.
pub fn test() -> (String, String) {
    let body = "This is the test that you asked for. Mails about missed backups come to this address.\n";
    ("IotaBackup: a test".into(), body.into())
}

fn why(asked: bool) -> &'static str {
    if asked { WHY } else { WHY_UNASKED }
}

fn name(subject: &Subject) -> String {
    if subject.public_name.is_empty() { format!("Machine {}", subject.number) } else { subject.public_name.clone() }
}

fn span(ms: u64) -> String {
    let words = |number: u64, one: &str| format!("{number} {one}{}", if number == 1 { "" } else { "s" });
    if ms >= 2 * DAY_MS { words(ms / DAY_MS, "day") } else { words(ms / HOUR_MS, "hour") }
}

fn time(at_ms: u64) -> String {
    // What lies beyond is the clock's fault, and no reason to fall.
    let at = UNIX_EPOCH.checked_add(Duration::from_millis(at_ms.min(250_000_000_000_000))).unwrap_or(UNIX_EPOCH);
    httpdate::fmt_http_date(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_790_000_000_000;

    fn subject(public_name: &str, complete_ms: Option<u64>) -> Subject {
        let since_ms = NOW_MS - 3 * DAY_MS - 1;
        Subject { account_no: 1, number: 2, public_name: public_name.into(), complete_ms, since_ms, asked: true }
    }

    #[test]
    fn a_machine_has_its_number_or_the_name_that_was_chosen() {
        let (line, body) = missed(&subject("", Some(NOW_MS - 3 * DAY_MS - 1)), NOW_MS);
        assert_eq!(line, "IotaBackup: Machine 2 has completed no backup for 3 days");
        assert!(body.starts_with("Machine 2 has completed no backup for 3 days. Its last complete backup arrived on "));
        assert!(body.contains("Fri, 18 Sep 2026 14:13:19 GMT"), "{body}");
        let (line, body) = missed(&subject("Attic", None), NOW_MS);
        assert!(line.starts_with("IotaBackup: Attic has") && !body.contains("Machine 2"));
        assert!(body.contains("has completed none yet"), "{body}");
        assert_eq!(over(&subject("Attic", None)).0, "IotaBackup: Attic is backed up again");
    }

    #[test]
    fn a_warning_says_why_it_comes() {
        let said = |asked| {
            [
                deleted(&subject("", None), NOW_MS, asked).1,
                account(AccountNews::Closing(NOW_MS), asked).1,
                account(AccountNews::KeepsLess(NOW_MS), asked).1,
                account(AccountNews::Recovered(NOW_MS), asked).1,
            ]
        };
        assert!(said(true).iter().all(|body| body.contains("You asked for these mails")));
        assert!(said(false).iter().all(|body| body.contains("you sign in with") && !body.contains("You asked")));
    }

    #[test]
    fn spans_are_in_words() {
        assert_eq!(span(HOUR_MS), "1 hour");
        assert_eq!(span(47 * HOUR_MS), "47 hours");
        assert_eq!(span(48 * HOUR_MS), "2 days");
        assert_eq!(time(u64::MAX).len(), time(0).len());
    }
}
