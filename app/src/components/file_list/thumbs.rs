//! Small pictures of the files that are seen: taken out and decoded as for a look at one, once the list rests.

use std::collections::VecDeque;

use iota_core::id::Digest;
use leptos::html;
use leptos::prelude::*;

use crate::downloads::WantedFile;
use crate::look::{Picture, look_small};
use crate::vault::Vault;

/// Pictures that are fetched at once.
const AT_ONCE: usize = 2;
/// Pictures that are kept; more than rows are seen.
const KEPT: usize = 64;

/// Pictures by their content; none for what turned out to be no picture.
type Known = VecDeque<(Digest, Option<Picture>)>;

/// The small pictures of a folder view. They are gone when it is: when the vault locks, too. A copy is the same.
#[derive(Clone, Copy)]
pub struct Thumbs {
    vault: Vault,
    known: RwSignal<Known, LocalStorage>,
    wanted: StoredValue<VecDeque<(Digest, WantedFile)>>,
    running: StoredValue<usize>,
}

impl Thumbs {
    /// None yet.
    pub fn nothing(vault: Vault) -> Self {
        let known = RwSignal::new_local(Known::new());
        on_cleanup(move || {
            known.try_update_untracked(|known| {
                known.drain(..).filter_map(|(_, picture)| picture).for_each(|picture| picture.close());
            });
        });
        Self { vault, known, wanted: StoredValue::default(), running: StoredValue::new(0) }
    }

    /// Fetches what is not there of these, in place of what was wanted before.
    pub fn want(self, wanted: impl Iterator<Item = (Digest, WantedFile)>) {
        self.wanted.set_value(wanted.collect());
        while self.running.get_value() < AT_ONCE && self.wanted.with_value(|wanted| !wanted.is_empty()) {
            self.running.update_value(|running| *running += 1);
            leptos::task::spawn_local(async move {
                self.work().await;
                self.running.try_update_value(|running| *running -= 1);
            });
        }
    }

    /// Until nothing is wanted any more, or the view has gone.
    async fn work(self) {
        while let Some((content, file)) = self.wanted.try_update_value(VecDeque::pop_front).flatten() {
            let is_known = self.known.try_with_untracked(|known| known.iter().any(|(of, _)| *of == content));
            if is_known != Some(false) {
                continue;
            }
            // What is fetched already is not fetched by the other one.
            self.wanted.try_update_value(|wanted| wanted.retain(|(of, _)| *of != content));
            let picture = look_small(self.vault, &file).await;
            let late = self.known.try_update(|known| {
                while known.len() >= KEPT {
                    known.pop_front().and_then(|(_, picture)| picture).iter().for_each(Picture::close);
                }
                known.push_back((content, picture.clone()));
            });
            if let (None, Some(picture)) = (late, picture) {
                picture.close();
            }
        }
    }

    fn get(self, content: &Digest) -> Option<Picture> {
        self.known.with(|known| known.iter().find(|(of, _)| of == content)?.1.clone())
    }

    /// The picture of a file in the place of its icon, once it is there.
    pub fn draw(self, content: Digest, icon: impl Fn() -> AnyView + Send + 'static) -> AnyView {
        let is_there = Memo::new(move |_| self.get(&content).is_some());
        let shown = move || {
            if !is_there.get() {
                return icon();
            }
            let node = NodeRef::<html::Canvas>::new();
            Effect::new(move || {
                if let (Some(canvas), Some(picture)) = (node.get(), untrack(|| self.get(&content))) {
                    #[cfg(feature = "hydrate")]
                    picture.draw_again(&canvas);
                    #[cfg(not(feature = "hydrate"))]
                    let _ = (picture, canvas);
                }
            });
            view! { <canvas class="thumb" aria-hidden="true" node_ref=node></canvas> }.into_any()
        };
        shown.into_any()
    }
}
