//! The folders and files that the rules of a machine include, as it said last.

use leptos::prelude::*;

use crate::components::icon::Icon;
use crate::components::right_now::Word;
use crate::words::count;

/// The list, or what will bring it.
#[component]
pub(super) fn Included(
    /// The machine's.
    word: Word,
) -> impl IntoView {
    let roots = Memo::new(move |_| word.roots());
    let missing = Memo::new(move |_| missing(word.listens()));
    move || match roots.get() {
        Some((roots, more)) if !roots.is_empty() => {
            let rows: Vec<_> = roots.into_iter().map(root).collect();
            let rest = (more > 0)
                .then(|| view! { <p class="small ink-3">{format!("And {} more, under Rules.", count(more))}</p> });
            view! {
                <ul class="machine__roots" aria-label="Backed up">
                    {rows}
                </ul>
                {rest}
            }
            .into_any()
        }
        Some(_) => view! {
            <p class="small ink-2">"Its rules include nothing yet, or its service has only just begun to read them."</p>
        }
        .into_any(),
        None => view! { <p class="small ink-2">{move || missing.get()}</p> }.into_any(),
    }
}

fn root(path: String) -> AnyView {
    view! {
        <li>
            <Icon name="folder" />
            <bdi class="mono machine__path">{path}</bdi>
        </li>
    }
    .into_any()
}

/// Why no folder is named, by whether orders reach the machine.
fn missing(listens: Option<bool>) -> &'static str {
    match listens {
        Some(true) => "Which folders these are, the machine says in a moment.",
        Some(false) => "Which folders these are, the machine says when it is online and its service runs.",
        None => "Which folders these are is not known now.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_will_bring_the_folders_is_said() {
        assert!(missing(Some(true)).contains("in a moment"));
        assert!(missing(Some(false)).contains("online"));
        assert!(missing(None).contains("not known"));
    }
}
