//! What becomes of a path under the draft, and why.

use std::time::Duration;

use iota_core::rules::{Facts, PathKind, Reason, RuleFile, Rules, Size, Verdict};
use leptos::prelude::*;

use crate::components::field::TextField;
use crate::pages::rules_page::draft::Draft;

/// A path is typed, and the answer stands below.
#[component]
pub(super) fn Why(draft: Draft) -> impl IntoView {
    let (path, size) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let answer = Memo::new(move |_| {
        draft.file().with(|file| path.with(|path| size.with(|size| explain(file, path.trim(), size.trim()))))
    });
    let shown = move || match answer.get() {
        None => ().into_any(),
        Some(Err(wrong)) => view! { <p class="small ink-2">{wrong}</p> }.into_any(),
        Some(Ok((verdict, settings))) => {
            let row = |(name, value, source): (String, String, String)| {
                view! {
                    <div>
                        <dt>{name}</dt>
                        <dd>
                            <b>{value}</b>
                            <small>
                                <bdi>{source}</bdi>
                            </small>
                        </dd>
                    </div>
                }
            };
            let settings = (!settings.is_empty())
                .then(|| view! { <dl class="why">{settings.into_iter().map(row).collect::<Vec<_>>()}</dl> });
            view! {
                <p class="small">
                    <bdi>{verdict}</bdi>
                </p>
                {settings}
            }
            .into_any()
        }
    };
    view! {
        <section class="card card--flush" aria-labelledby="why">
            <div class="card__head">
                <h2 class="card__title" id="why">
                    "Why?"
                </h2>
            </div>
            <div class="rule-list__more">
                <TextField
                    id="why-path"
                    label="A file, or a folder with / at its end"
                    value=path
                    mono=true
                    hint="What becomes of it under these rules. On the machine, iota explain also looks at caches, disks and ages."
                />
                <TextField id="why-size" label="Its size, if that matters" value=size mono=true />
                <div role="status" class="stack">
                    {shown}
                </div>
            </div>
        </section>
    }
    .into_any()
}

/// The verdict, and each setting with its value and who sets it.
type Answer = (String, Vec<(String, String, String)>);

fn explain(file: &RuleFile, path: &str, size: &str) -> Option<Result<Answer, String>> {
    if path.is_empty() {
        return None;
    }
    if !path.starts_with('/') || path.split('/').any(|name| name == "." || name == "..") {
        return Some(Err("Write the full path, as in /home/ada/film.mkv".to_owned()));
    }
    let size = match size {
        "" => Ok(Size(0)),
        size => size.parse::<Size>(),
    };
    Some(size.and_then(|size| {
        let rules = Rules::compile(file).map_err(|error| error.to_string())?;
        let kind = if path.ends_with('/') { PathKind::Directory } else { PathKind::File };
        let facts = Facts { kind, size: size.0, age: Duration::ZERO };
        let verdict = rules.verdict(path.as_bytes(), &facts);
        let whole = path.trim_end_matches('/').as_bytes();
        let choices = if let Verdict::Kept { .. } = verdict { rules.explain(whole, &facts) } else { Vec::new() };
        let settings = choices.into_iter().filter(|choice| choice.setting != "exclude");
        let settings =
            settings.map(|choice| (choice.setting.replace('_', " "), choice.value, choice.source.describe()));
        Ok((verdict_words(&verdict), settings.collect()))
    }))
}

fn verdict_words(verdict: &Verdict) -> String {
    let name = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
    match verdict {
        Verdict::Kept { root } => format!("Backed up: it lies in {}", name(root)),
        Verdict::LeadsToRoot => "Kept without its content: it leads to a path that is backed up".to_owned(),
        Verdict::OutsideRoots => "Not backed up: it lies in none of the paths that are".to_owned(),
        Verdict::LeftOut { at, why: Reason::Pattern(pattern) } => {
            format!("Left out: the pattern {pattern} matches {}", name(at))
        }
        Verdict::LeftOut { why: Reason::TooLarge, .. } => "Left out: it is larger than the limit".to_owned(),
        Verdict::LeftOut { at, why: Reason::Trait(source) } => {
            format!("Left out: {}, by the {}", name(at), source.describe())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use iota_core::rules::RuleRoot;

    use super::*;

    #[test]
    fn a_path_is_explained_in_words() {
        let roots = vec![RuleRoot::new(Path::new("/home"))];
        let file = RuleFile { roots, exclude: vec!["*.tmp".into()], ..RuleFile::default() };
        assert_eq!(explain(&file, "", ""), None);
        assert!(explain(&file, "home", "").unwrap().is_err() && explain(&file, "/home/x", "large").unwrap().is_err());
        let (verdict, settings) = explain(&file, "/home/film.mkv", "30M").unwrap().unwrap();
        assert_eq!(verdict, "Backed up: it lies in /home");
        assert!(settings.contains(&("settle".into(), "2m".into(), "trait large, which is everywhere".into())));
        let (verdict, settings) = explain(&file, "/home/x.tmp", "").unwrap().unwrap();
        assert_eq!((&*verdict, settings.len()), ("Left out: the pattern *.tmp matches /home/x.tmp", 0));
    }
}
