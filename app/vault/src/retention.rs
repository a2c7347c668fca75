//! What is kept: every decision of the account is checked, and a new one is signed and follows the last.

use iota_core::api::json::Bytes;
use iota_core::api::retention::{Decide, Retention};
use iota_core::id::SetId;
use iota_core::retention::{Decision, Decisions, Deletion, Policy, UNDO_MS, What};
use iota_core::vault::{
    ClosingView, DecideRetention, DeletionView, LastingPolicy, Problem, ProblemKind, RetentionView, Wish,
};
use iota_crypto::retention::sign;

use crate::api;
use crate::keys::OpenVault;
use crate::machines;
use crate::platform::Platform;
use crate::problem::{Result, failed};
use crate::witness::Witness;

const PATH: &str = "/account/retention";

/// Everything that the account decided, checked, and no less than this browser saw before.
///
/// # Errors
/// [`ProblemKind::Altered`] when it is not what the account signed, or an older state.
pub async fn decisions(platform: &impl Platform, open: &OpenVault) -> Result<Decisions> {
    Ok(read(platform, open).await?.0)
}

/// [`decisions`], and what the server says beside them.
async fn read(platform: &impl Platform, open: &OpenVault) -> Result<(Decisions, Retention)> {
    let shown: Retention = api::get(platform, PATH).await?;
    let decisions = shown.verify(open.account, &open.identity);
    let decisions = decisions.map_err(|error| Problem::new(ProblemKind::Altered, error.to_string()))?;
    let mut witness = Witness::load(platform, open.account).await?;
    if witness.check_decisions(decisions.version())? {
        // A browser that keeps nothing notices nothing later; that is its honest answer.
        let _ = witness.save(platform, open.account).await;
    }
    Ok((decisions, shown))
}

/// Answers [`iota_core::vault::ReadRetention`].
///
/// # Errors
/// As [`decisions`].
pub async fn view(platform: &impl Platform, open: &OpenVault) -> Result<RetentionView> {
    let (decisions, shown) = read(platform, open).await?;
    let now_ms = platform.now_ms();
    let whole = |set: SetId, first: u64, last: u64| {
        let is_last = decisions.standing().all(|(_, other, _)| other.set != set || other.last <= last);
        shown.hidden.iter().find(|hidden| hidden.set == set && first == 1 && is_last)
    };
    // The server carries it out by its own clock, and later than decided when its database was rebuilt.
    let until_ms = |version: u64| shown.deletions.iter().find(|due| due.version == version).map(|due| due.due_ms);
    let deletions = decisions.standing().map(|(version, Deletion { set, first, last }, decided_ms)| DeletionView {
        version,
        set,
        first,
        last,
        undo_until_ms: until_ms(version).unwrap_or_else(|| decided_ms.saturating_add(UNDO_MS)),
        whole: whole(set, first, last).map(|hidden| machines::name(open, set, &hidden.label)),
    });
    let closing = decisions
        .closing()
        .map(|(version, decided_ms)| ClosingView { version, undo_until_ms: decided_ms.saturating_add(UNDO_MS) });
    let in_force = decisions.in_force(now_ms);
    let lasting = in_force.until_ms.map(|until_ms| LastingPolicy { policy: in_force.policy.to_string(), until_ms });
    Ok(RetentionView {
        policy: decisions.policy().to_string(),
        lasting,
        deletions: deletions.filter(|deletion| deletion.undo_until_ms > now_ms).collect(),
        closing,
    })
}

/// Answers [`DecideRetention`].
///
/// # Errors
/// The server's refusal; a policy that no account may have.
pub async fn decide(platform: &impl Platform, open: &OpenVault, question: &DecideRetention) -> Result<RetentionView> {
    let what = match &question.wish {
        Wish::Keep(policy) => What::Keep(policy.parse::<Policy>().map_err(failed)?),
        Wish::Delete { set, first, last } => What::Delete(Deletion { set: *set, first: *first, last: *last }),
        Wish::Undo(version) => What::Undo(*version),
        Wish::Close => What::Close,
    };
    let version = decisions(platform, open).await?.version() + 1;
    let decision = Decision { account: open.account, version, decided_ms: platform.now_ms(), what };
    let signed = sign(decision, &open.signing()?);
    let () = api::send(platform, "PUT", PATH, &Decide { decision: Bytes(signed.encode()) }).await?;
    view(platform, open).await
}
