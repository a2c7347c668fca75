//! A layer over the page: a native dialog, so the page behind it is inert and Escape closes it.

use leptos::html;
use leptos::prelude::*;

/// Shows its content while `open` says so, and tells `open` when a person closes it. The browser gives the focus back.
#[component]
pub fn Dialog(
    /// Whether it is there.
    open: RwSignal<bool>,
    /// Id of the heading inside.
    labelled: &'static str,
    /// The content, made anew each time.
    children: ChildrenFn,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let wanted = open.get();
        let Some(dialog) = node.get() else { return };
        if wanted && !dialog.open() {
            // It fails only for one that left the page.
            let _ = dialog.show_modal();
        } else if !wanted && dialog.open() {
            dialog.close();
        }
    });
    view! {
        <dialog class="dialog" node_ref=node aria-labelledby=labelled on:close=move |_| open.set(false)>
            {move || open.get().then(|| children())}
        </dialog>
    }
    .into_any()
}
