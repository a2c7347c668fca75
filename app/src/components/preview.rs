//! The content of a small file: text as text, pictures as pixels. Anything else is not shown.

use leptos::html;
use leptos::prelude::*;

use crate::components::problem_notice::ProblemNotice;
use crate::components::skeleton::Skeleton;
use crate::downloads::WantedFile;
use crate::look::{Look, Picture, look};
use crate::vault::Vault;
use crate::words::bytes;
use iota_core::vault::Problem;

/// Most text that is put into the document, bytes.
const TEXT_BYTES: usize = 64 << 10;

/// Looks at a file as soon as it is there. When another one is wanted, the one before stays until that is there, paler.
#[component]
pub fn Preview(
    /// The file.
    #[prop(into)]
    file: Signal<WantedFile>,
) -> impl IntoView {
    let seen = RwSignal::new_local(None::<(String, Result<Look, Problem>)>);
    let stale = RwSignal::new(false);
    let vault = Vault::current();
    let again = Trigger::new();
    Effect::new(move || {
        again.track();
        let wanted = file.get();
        stale.set(true);
        leptos::task::spawn_local(async move {
            let answer = look(vault, &wanted).await;
            // Who looked may have gone, or look at another one.
            if file.try_get_untracked().as_ref() == Some(&wanted) {
                stale.set(false);
                seen.set(Some((wanted.name, answer)));
            }
        });
    });
    let shown = move || match seen.get() {
        None => view! { <Skeleton lines=3 /> }.into_any(),
        Some((_, Err(problem))) => {
            let retry = Callback::new(move |()| {
                seen.set(None);
                again.notify();
            });
            view! { <ProblemNotice problem retry /> }.into_any()
        }
        Some((_, Ok(Look::Text(text)))) => shown_text(&text),
        Some((name, Ok(Look::Picture(picture)))) => view! { <Pixels picture name /> }.into_any(),
        Some((_, Ok(Look::Other))) => ().into_any(),
    };
    view! {
        <div class="preview__look" class:preview__look--stale=stale>
            {shown}
        </div>
    }
    .into_any()
}

fn shown_text(text: &str) -> AnyView {
    let end = text.floor_char_boundary(TEXT_BYTES);
    let rest = (end < text.len()).then(|| {
        let words = format!("The first {} of {}.", bytes(end as u64), bytes(text.len() as u64));
        view! { <p class="tiny ink-3">{words}</p> }
    });
    view! {
        <pre class="preview__text" tabindex="0" dir="auto">
            {text[..end].to_owned()}
        </pre>
        {rest}
    }
    .into_any()
}

/// A picture, as large as its place.
#[component]
pub fn Pixels(
    /// The picture.
    picture: Picture,
    /// Name of its file.
    name: String,
) -> impl IntoView {
    let node = NodeRef::<html::Canvas>::new();
    let picture = StoredValue::new_local(picture);
    Effect::new(move || {
        if let Some(canvas) = node.get() {
            #[cfg(feature = "hydrate")]
            picture.with_value(|picture| picture.draw(&canvas));
            #[cfg(not(feature = "hydrate"))]
            let _ = (&picture, canvas);
        }
    });
    view! { <canvas class="preview__picture" role="img" aria-label=format!("Picture {name}") node_ref=node></canvas> }
        .into_any()
}
