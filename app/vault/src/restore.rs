//! Restores that machines carry out: orders are sealed to the machine, grants are signed by the account.

use iota_core::api::json::{Bytes, NewRestore, RestoreInfo, RestoreOrder};
use iota_core::id::{Digest, RestoreId, SetId};
use iota_core::restore::{Ending, Grant, MAX_TOLD_PATHS, ObjectList, Opens, Ordered, Outcome, SignedGrant, Target};
use iota_core::vault::{
    CancelRestore, ListRestores, MAX_CHOSEN, OrderRestore, Problem, ProblemKind, RestoreView, Standing,
};
use iota_crypto::history::body_keys;
use iota_crypto::keys::LiveKey;
use iota_crypto::live::Place;
use iota_crypto::restore::{MAX_PATHS, Wish, open_note, open_outcome, seal_note, seal_order};
use iota_crypto::secret::{random_bytes, system_random};

use crate::api;
use crate::archive::chosen;
use crate::history::History;
use crate::keys::OpenVault;
use crate::machines;
use crate::needed::objects_of;
use crate::platform::Platform;
use crate::point::open_at;
use crate::problem::{Result, Tell, failed, missing};
use crate::show;

/// Of each path that a note names.
const MAX_TOLD_CHARS: usize = 1000;
const _: () = assert!(MAX_CHOSEN <= MAX_PATHS, "what can be chosen can be ordered");

/// Answers [`OrderRestore`].
///
/// # Errors
/// When the folder is none, or too much was chosen; what the server refuses.
pub async fn order(platform: &impl Platform, open: &OpenVault, question: &OrderRestore) -> Result<RestoreId> {
    question.target.check().map_err(failed)?;
    let paths = match chosen(open, &question.selection)? {
        (folder, chosen) if chosen.is_empty() => folder.into_iter().collect(),
        (_, chosen) => chosen,
    };
    let machine = machines::history(platform, open, question.machine).await?;
    let certificate = machine.certificates.newest();
    if certificate.is_revocation() {
        return Err(failed("the key of this machine was taken away: it takes no orders".to_owned()));
    }
    let source = machines::history(platform, open, question.set).await?;
    let segment = source.segment(platform, question.at).await?;
    let last = segment.commits().last().ok_or_else(|| missing("point in time"))?;
    let wish = Wish {
        header: last.0.header.header.hash(),
        body_keys: body_keys(&segment, &open.keys()?.master),
        paths,
        target: question.target.clone(),
        overwrite: question.overwrite,
        dry_run: question.dry_run,
    };
    let point = open_at(platform, open, question.set, question.at).await?;
    let objects = objects_of(platform, open, &point, &wish.paths).await?.map(|list: ObjectList| list.encode());
    let opens = objects.as_ref().map_or(Opens::Snapshot, |list| Opens::Files(Digest::of(list)));
    let listed = listed(platform, open, question.machine).await?;
    let newest_ms = listed.iter().map(|(signed, _)| signed.grant.ordered_ms).max().unwrap_or(0);
    // A machine takes each only when it is above the last, whoever gave it.
    let ordered_ms = platform.now_ms().max(newest_ms + 1);
    let grant = Grant {
        account: open.account,
        restore: RestoreId(random_bytes(&mut system_random())),
        machine: question.machine,
        device: certificate.device,
        source: question.set,
        seq: question.at,
        ordered_ms,
        until_ms: ordered_ms + opens.life_ms(),
        opens,
    };
    let live = open.keys()?.master.live_key(open.account, question.machine, certificate.key_epoch);
    let note = sealed_note(&live, &grant, &wish)?;
    let identity = open.signing()?;
    let sealed = seal_order(&grant, &wish, &certificate.agreement_key, &live, &identity, &mut system_random());
    let (signed, sealed) =
        sealed.map_err(|_| failed("too much was chosen for one order; order its folder".to_owned()))?;
    let order = RestoreOrder { grant: Bytes(signed.encode()), sealed: Bytes(sealed) };
    let body = NewRestore { order, objects: Bytes(objects.unwrap_or_default()), note: Bytes(note) };
    let () = api::send(platform, "POST", &format!("/sets/{}/restores", question.machine), &body).await?;
    Ok(grant.restore)
}

/// What is ordered, for whoever looks later.
fn sealed_note(live: &LiveKey, grant: &Grant, wish: &Wish) -> Result<Vec<u8>> {
    let told = wish.paths.iter().take(MAX_TOLD_PATHS);
    let ordered = Ordered {
        paths: told
            .map(|path| {
                format!(
                    "/{}",
                    String::from_utf8_lossy(path.as_bytes()).chars().take(MAX_TOLD_CHARS).collect::<String>()
                )
            })
            .collect(),
        path_count: wish.paths.len() as u64,
        target: wish.target.clone(),
        overwrite: wish.overwrite,
        dry_run: wish.dry_run,
    };
    let json = serde_json::to_string(&ordered).map_err(|error| failed(error.to_string()))?;
    let place = Place { account: grant.account, set: grant.machine };
    seal_note(live, &place, grant.restore, &json, &mut system_random()).tell()
}

/// Answers [`ListRestores`].
///
/// # Errors
/// [`ProblemKind::Altered`] when the server shows an order that the account did not sign.
pub async fn list(platform: &impl Platform, open: &OpenVault, question: &ListRestores) -> Result<Vec<RestoreView>> {
    let history = match open.history(question.machine) {
        Some(history) => history,
        None => machines::history(platform, open, question.machine).await?,
    };
    let listed = listed(platform, open, question.machine).await?;
    let now_ms = platform.now_ms();
    listed.iter().map(|(signed, info)| view(open, &history, &signed.grant, info, now_ms)).collect()
}

/// Answers [`CancelRestore`].
///
/// # Errors
/// What the server refuses.
pub async fn cancel(platform: &impl Platform, question: &CancelRestore) -> Result<()> {
    api::order(platform, "DELETE", &format!("/sets/{}/restores/{}", question.machine, question.order)).await
}

/// What the server shows, each signed by the account for this machine.
async fn listed(platform: &impl Platform, open: &OpenVault, machine: SetId) -> Result<Vec<(SignedGrant, RestoreInfo)>> {
    let infos: Vec<RestoreInfo> = api::get(platform, &format!("/sets/{machine}/restores")).await?;
    let checked = infos.into_iter().map(|info| {
        let signed = SignedGrant::decode(&info.grant.0).tell()?;
        let ours = (signed.grant.account, signed.grant.machine) == (open.account, machine);
        if ours && signed.verify_signature(&open.identity).is_ok() {
            return Ok((signed, info));
        }
        let message = "the server shows an order to restore that this account did not give";
        Err(Problem::new(ProblemKind::Altered, message))
    });
    checked.collect()
}

fn view(open: &OpenVault, history: &History, grant: &Grant, info: &RestoreInfo, now_ms: u64) -> Result<RestoreView> {
    let replaced = history.certificates.newest().device != grant.device;
    let standing = match (&info.outcome, info.cancelled_ms) {
        (Some(outcome), _) => match opened(open, history, grant, &outcome.0)? {
            Some(outcome) => Standing::Ended(Box::new(safe(outcome))),
            None => Standing::Unreadable,
        },
        (None, Some(_)) => Standing::Cancelled,
        (None, None) if replaced || grant.until_ms <= now_ms => Standing::Expired,
        (None, None) => Standing::Open,
    };
    let Grant { restore, source, seq, ordered_ms, until_ms, .. } = *grant;
    let ordered = noted(open, history, grant, &info.note.0)?;
    Ok(RestoreView { order: restore, set: source, at: seq, ordered_ms, until_ms, ordered, standing })
}

/// What the machine said; `None` when it does not open under its key.
fn opened(open: &OpenVault, history: &History, grant: &Grant, sealed: &[u8]) -> Result<Option<Outcome>> {
    let Some((live, place)) = live(open, history, grant)? else { return Ok(None) };
    let json = open_outcome(&live, &place, grant.restore, sealed).ok();
    Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
}

/// What was ordered; `None` when there is no note, or it does not open. A machine that has the same key could write another.
fn noted(open: &OpenVault, history: &History, grant: &Grant, sealed: &[u8]) -> Result<Option<Ordered>> {
    let Some((live, place)) = live(open, history, grant)? else { return Ok(None) };
    let json = open_note(&live, &place, grant.restore, sealed).ok();
    let ordered: Option<Ordered> = json.and_then(|json| serde_json::from_str(&json).ok());
    Ok(ordered.map(|mut ordered| {
        safe_names(&mut ordered.paths, &mut ordered.target);
        ordered
    }))
}

/// What a machine and its owner seal to each other under.
fn live(open: &OpenVault, history: &History, grant: &Grant) -> Result<Option<(LiveKey, Place)>> {
    let Some(certificate) = history.certificates.of_device(grant.device) else { return Ok(None) };
    let live = open.keys()?.master.live_key(open.account, grant.machine, certificate.key_epoch);
    Ok(Some((live, Place { account: open.account, set: grant.machine })))
}

fn safe_names(paths: &mut [String], target: &mut Target) {
    let show = |name: &mut String| *name = show::text(name.as_bytes());
    paths.iter_mut().for_each(show);
    if let Target::Beside(folder) = target {
        show(folder);
    }
}

/// Names of files come from anywhere.
fn safe(mut outcome: Outcome) -> Outcome {
    safe_names(&mut outcome.paths, &mut outcome.target);
    let show = |name: &mut String| *name = show::text(name.as_bytes());
    match &mut outcome.ending {
        Ending::Done { losses, .. } => losses.iter_mut().for_each(|loss| {
            show(&mut loss.path);
            show(&mut loss.reason);
        }),
        Ending::Foretold(foretold) => foretold.in_the_way.iter_mut().for_each(show),
        Ending::Failed { message } | Ending::Refused { message } => show(message),
        Ending::Cancelled => {}
    }
    outcome
}
