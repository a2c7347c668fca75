//! What pages need of the browser beside the document. On the server all of it does nothing: pages call it from effects and
//! handlers, which run in a browser only.

pub use wire::*;

/// Begins the name of everything that the pages keep in `localStorage`.
pub const STORE_PREFIX: &str = "iota-";

#[cfg(feature = "hydrate")]
mod wire {
    use iota_core::vault::{Problem, ProblemKind};
    use leptos::prelude::{document, location, window};
    use wasm_bindgen::JsCast;
    use wasm_bindgen_futures::JsFuture;
    use web_sys::js_sys::Array;
    use web_sys::{Blob, Element, FocusOptions, HtmlElement, HtmlInputElement, Storage};

    use super::STORE_PREFIX;
    use crate::theme::THEME;

    fn storage() -> Option<Storage> {
        // A browser that keeps nothing says so with an error; then the page forgets.
        window().local_storage().ok().flatten()
    }

    /// What was kept under a name, which begins with [`STORE_PREFIX`].
    pub fn stored(name: &str) -> Option<String> {
        storage()?.get_item(name).ok().flatten()
    }

    /// Keeps a text under a name, or forgets it.
    pub fn store(name: &str, text: Option<&str>) {
        if let Some(storage) = storage() {
            let _ = match text {
                Some(text) => storage.set_item(name, text),
                None => storage.remove_item(name),
            };
        }
    }

    /// Forgets everything that the pages kept. What the vault knows of the newest states is not among it.
    pub fn forget_stored() {
        let Some(storage) = storage() else { return };
        let names = (0..storage.length().unwrap_or(0)).filter_map(|index| storage.key(index).ok().flatten());
        let own: Vec<String> = names.filter(|name| name.starts_with(STORE_PREFIX)).collect();
        for name in own {
            let _ = storage.remove_item(&name);
        }
    }

    /// Asks the browser to keep what this site stores also when room runs short: what the vault saw at earlier visits is there.
    pub fn persist_storage() {
        // It decides; in an insecure context there is nothing to ask.
        let _ = window().navigator().storage().persist();
    }

    /// Whether a page came before this one in this tab's life.
    pub fn arrived() -> bool {
        thread_local!(static PAGES: std::cell::Cell<u32> = const { std::cell::Cell::new(0) });
        PAGES.replace(PAGES.get() + 1) > 0
    }

    /// Has the browser save a text.
    pub fn save_text(name: &str, text: &str) {
        if let Ok(blob) = Blob::new_with_str_sequence(&Array::of1(&text.into())) {
            crate::downloads::browser::save(&blob, name);
        }
    }

    /// Prints the page.
    pub fn print() {
        // Where nothing can be printed, the browser says so itself.
        let _ = window().print();
    }

    /// The texts of the files that were chosen in an input.
    pub async fn chosen_texts(input: HtmlInputElement) -> Result<Vec<String>, Problem> {
        let mut texts = Vec::new();
        let files = input.files();
        // Nobody has more of what is kept.
        for number in 0..files.as_ref().map_or(0, |files| files.length().min(64)) {
            if let Some(file) = files.as_ref().and_then(|files| files.get(number)) {
                texts.push(text_of(&file).await?);
            }
        }
        Ok(texts)
    }

    async fn text_of(file: &web_sys::File) -> Result<String, Problem> {
        // What a person keeps is a page of text.
        if file.size() > 65_536.0 {
            return Err(Problem::new(
                ProblemKind::WrongSecret,
                "that file is too large for a recovery kit, key file or sheet; choose another",
            ));
        }
        let text = JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string());
        text.ok_or_else(|| Problem::new(ProblemKind::Failed, "that file cannot be read; choose it again"))
    }

    /// Path, query and fragment of this page.
    pub fn address() -> String {
        let location = location();
        let part = |part: Result<String, _>| part.unwrap_or_default();
        part(location.pathname()) + &part(location.search()) + &part(location.hash())
    }

    /// The fragment of this page, without its sign.
    pub fn fragment() -> String {
        location().hash().unwrap_or_default().trim_start_matches('#').to_owned()
    }

    /// The server as this browser calls it, as in `https://backup.example`.
    pub fn origin() -> String {
        location().origin().unwrap_or_default()
    }

    /// The server's name and port, as in `backup.example`.
    pub fn host() -> String {
        location().host().unwrap_or_default()
    }

    /// Leaves for another page and forgets this one.
    pub fn leave_for(path: &str) {
        let _ = location().replace(path);
    }

    /// Takes secrets out of the address without a trace in the history.
    pub fn drop_fragment() {
        let Ok(history) = window().history() else { return };
        let bare = address();
        let bare = bare.split('#').next().unwrap_or("/");
        let state = history.state().unwrap_or_default();
        let _ = history.replace_state_with_url(&state, "", Some(bare));
    }

    /// Gives an element the focus.
    pub fn focus(id: &str) {
        if let Some(element) =
            document().get_element_by_id(id).and_then(|element| element.dyn_into::<HtmlElement>().ok())
        {
            let _ = element.focus();
        }
    }

    /// Likewise, and moves nothing on the page.
    pub fn focus_in_place(id: &str) {
        let options = FocusOptions::new();
        options.set_prevent_scroll(true);
        if let Some(element) =
            document().get_element_by_id(id).and_then(|element| element.dyn_into::<HtmlElement>().ok())
        {
            let _ = element.focus_with_options(&options);
        }
    }

    /// Whether the focus is in an element of the document.
    pub fn has_focus_within(id: &str) -> bool {
        let inside = document().active_element().zip(document().get_element_by_id(id));
        inside.is_some_and(|(active, element)| active != element && element.contains(Some(&active)))
    }

    /// Whether a dialog lies over the page.
    pub fn is_in_dialog() -> bool {
        document().query_selector("dialog[open]").ok().flatten().is_some()
    }

    /// Whether keys go into a field or dialog now, where a single letter must stay a letter.
    pub fn is_typing() -> bool {
        let field = |active: Element| {
            matches!(active.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
                || active.has_attribute("contenteditable")
        };
        is_in_dialog() || document().active_element().is_some_and(field)
    }

    /// The theme that was chosen: `light`, `dark`, or none for the system's. The server writes it into each page.
    pub fn theme() -> Option<String> {
        document().document_element()?.get_attribute("data-theme")
    }

    /// Chooses it, for this page and for those that follow.
    pub fn set_theme(theme: Option<&str>) {
        if let Some(root) = document().document_element() {
            let _ = match theme {
                Some(theme) => root.set_attribute("data-theme", theme),
                None => root.remove_attribute("data-theme"),
            };
        }
        let cookie = match theme {
            Some(theme) => format!("{THEME}={theme}; path=/; max-age=31536000; samesite=lax"),
            None => format!("{THEME}=; path=/; max-age=0; samesite=lax"),
        };
        // Where no cookies are kept, the choice ends with the page.
        let _ = document().unchecked_into::<web_sys::HtmlDocument>().set_cookie(&cookie);
    }

    /// Puts a text on the clipboard; whether it worked.
    pub async fn copy(text: &str) -> bool {
        let clipboard = web_sys::js_sys::Reflect::get(&window().navigator(), &"clipboard".into());
        let Ok(clipboard) = clipboard else { return false };
        // In an insecure context browsers have none.
        let write = web_sys::js_sys::Reflect::get(&clipboard, &"writeText".into()).unwrap_or_default();
        let Ok(write) = write.dyn_into::<web_sys::js_sys::Function>() else { return false };
        match write.call1(&clipboard, &text.into()).map(JsCast::dyn_into::<web_sys::js_sys::Promise>) {
            Ok(Ok(promise)) => JsFuture::from(promise).await.is_ok(),
            _ => false,
        }
    }
}

#[cfg(not(feature = "hydrate"))]
#[expect(missing_docs, reason = "the browser's part says what they do")]
mod wire {
    use iota_core::vault::Problem;
    use leptos::web_sys::HtmlInputElement;

    pub fn stored(_name: &str) -> Option<String> {
        None
    }

    pub fn store(_name: &str, _text: Option<&str>) {}

    pub fn forget_stored() {}

    pub fn persist_storage() {}

    pub fn arrived() -> bool {
        false
    }

    pub fn save_text(_name: &str, _text: &str) {}

    pub fn print() {}

    pub async fn chosen_texts(_input: HtmlInputElement) -> Result<Vec<String>, Problem> {
        Ok(Vec::new())
    }

    pub fn address() -> String {
        String::new()
    }

    pub fn fragment() -> String {
        String::new()
    }

    pub fn origin() -> String {
        String::new()
    }

    pub fn host() -> String {
        String::new()
    }

    pub fn leave_for(_path: &str) {}

    pub fn drop_fragment() {}

    pub fn focus(_id: &str) {}

    pub fn focus_in_place(_id: &str) {}

    pub fn has_focus_within(_id: &str) -> bool {
        false
    }

    pub fn is_in_dialog() -> bool {
        false
    }

    pub fn is_typing() -> bool {
        false
    }

    pub fn theme() -> Option<String> {
        None
    }

    pub fn set_theme(_theme: Option<&str>) {}

    pub async fn copy(_text: &str) -> bool {
        false
    }
}
