//! What the rules of a machine include and its newest state lacks, by reason.

use iota_core::commit::GapReason;
use iota_core::id::SetId;
use iota_core::vault::GapView;
use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::icon::Icon;
use crate::spot;
use crate::words::{count, many};

/// Gaps of one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    /// The vault's word for it.
    reason: String,
    paths: Vec<String>,
}

/// Each reason with its places and what can be done.
#[component]
pub(super) fn Gaps(set: SetId, gap_count: u64, gaps: Vec<GapView>) -> impl IntoView {
    if gap_count == 0 {
        return view! { <p class="small ink-2">"No gaps: all that its rules include was read."</p> }.into_any();
    }
    let more = gap_count.saturating_sub(gaps.len() as u64);
    let groups: Vec<_> = grouped(gaps).into_iter().map(|group| group_item(set, group, more == 0)).collect();
    let rest =
        (more > 0).then(|| view! { <p class="small ink-3 machine__rest">{format!("And {} more.", count(more))}</p> });
    view! {
        <details class="machine__gaps" open="">
            <summary>
                <span class="state state--warn">
                    <Icon name="shield-x" />
                    {many(gap_count, "gap", "gaps")}
                </span>
            </summary>
            <ul class="machine__reasons">{groups}</ul>
            {rest}
        </details>
    }
    .into_any()
}

/// Gaps by reason, in the order in which the reasons come first.
fn grouped(gaps: Vec<GapView>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for GapView { path, reason } in gaps {
        match groups.iter_mut().find(|group| group.reason == reason) {
            Some(group) => group.paths.push(path),
            None => groups.push(Group { reason, paths: vec![path] }),
        }
    }
    groups
}

/// How many there are of a reason is known when all are listed.
fn group_item(set: SetId, group: Group, all: bool) -> AnyView {
    let known = known(&group.reason);
    let title = known.map_or(group.reason, |known| title(known).to_owned());
    let number = all.then(|| view! { <span class="badge">{count(group.paths.len() as u64)}</span> });
    let action = known.map(|known| {
        let rules = helped_by_rules(known).then(|| view! { <A href=spot::rules(set)>"Rules"</A> });
        view! {
            <p class="small ink-2">
                <span>{action(known)}</span>
                " "
                {rules}
            </p>
        }
    });
    let places: Vec<_> = group.paths.into_iter().map(place).collect();
    view! {
        <li>
            <p>
                <b>{title}</b>
                " "
                {number}
            </p>
            {action}
            <ul class="machine__places">{places}</ul>
        </li>
    }
    .into_any()
}

fn place(path: String) -> AnyView {
    view! {
        <li>
            <bdi class="mono machine__path">{path}</bdi>
        </li>
    }
    .into_any()
}

fn known(reason: &str) -> Option<GapReason> {
    GapReason::ALL.into_iter().map(|(_, known)| known).find(|known| known.as_str() == reason)
}

fn title(reason: GapReason) -> &'static str {
    match reason {
        GapReason::Permission => "Not readable",
        GapReason::Io => "The disk or file system failed",
        GapReason::Vanished => "Vanished while it was read",
        GapReason::Torn => "Changed all the time while it was read",
        GapReason::Unsupported => "Too long, or of a kind that cannot be stored",
        GapReason::Unmounted => "Nothing is mounted there now",
    }
}

/// What can be done, in a sentence.
fn action(reason: GapReason) -> &'static str {
    match reason {
        GapReason::Permission => "Let the agent read it, or leave it out in its rules.",
        GapReason::Io => "Look after the disk: what was stored of it before is kept.",
        GapReason::Vanished => "Nothing to do: the next run looks again.",
        GapReason::Torn => "Give it a time at which it is at rest, or leave it out in its rules.",
        GapReason::Unsupported => "Shorten its name or its attributes, or leave it out in its rules.",
        GapReason::Unmounted => "Mount it again, or leave it out in its rules.",
    }
}

/// Whether the rules of the machine can make the gap go away.
fn helped_by_rules(reason: GapReason) -> bool {
    !matches!(reason, GapReason::Io | GapReason::Vanished)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_of_one_reason_are_together() {
        let gap = |path: &str, reason: &str| GapView { path: path.into(), reason: reason.into() };
        let groups = grouped(vec![gap("/a", "permission"), gap("/b", "torn"), gap("/c", "permission")]);
        let told: Vec<_> = groups.iter().map(|group| (group.reason.as_str(), group.paths.join(" "))).collect();
        assert_eq!(told, [("permission", "/a /c".to_owned()), ("torn", "/b".to_owned())]);
    }

    #[test]
    fn rules_are_named_where_they_help() {
        for (_, reason) in GapReason::ALL {
            assert_eq!(known(reason.as_str()), Some(reason));
            assert_eq!(action(reason).contains("rules"), helped_by_rules(reason), "{reason:?}");
        }
        assert_eq!(known("of a later program"), None);
    }
}
