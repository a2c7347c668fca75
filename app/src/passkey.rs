//! Passkeys: what an authenticator computes for this address (WebAuthn's PRF extension) opens a slot of the vault. The server takes
//! no part, and nobody signs in by it. A Worker cannot ask for a passkey, so the page does, and hands the vault what was computed.

pub use wire::*;

/// What stands in the way, and what the browser's refusals mean.
#[cfg(any(feature = "hydrate", test))]
mod obstacles {
    use std::net::Ipv4Addr;

    use iota_core::vault::{Problem, ProblemKind};

    /// Why there can be no passkey at an address; none where there can.
    pub(super) fn obstacle_at(host: &str, secure: bool, known: bool) -> Option<&'static str> {
        if !secure {
            return Some("Browsers make passkeys at secure addresses only, which begin with https.");
        }
        // Version 6 stands in brackets.
        if host.parse::<Ipv4Addr>().is_ok() || host.starts_with('[') {
            return Some("Browsers make passkeys for names only, and this server’s address is a number here.");
        }
        (!known).then_some("This browser knows no passkeys.")
    }

    /// What is asked of a passkey.
    #[derive(Clone, Copy)]
    pub(super) enum Wish {
        /// To be made.
        Make,
        /// To compute.
        Compute,
    }

    /// What the browser's exception means.
    pub(super) fn refusal(wish: Wish, name: &str, message: &str) -> Problem {
        match (wish, name) {
            (_, "AbortError") => Problem::new(ProblemKind::Cancelled, "the passkey is not wanted any more"),
            (Wish::Make, "NotAllowedError") => Problem::new(
                ProblemKind::Failed,
                "no passkey was made: the device or you said no, nobody answered in time, or the browser warns of this server’s certificate",
            ),
            (Wish::Compute, "NotAllowedError") => Problem::new(
                ProblemKind::Cancelled,
                "no passkey opened the vault: the device or you said no, or it has none for this address; try again, or take another way",
            ),
            _ => {
                Problem::new(ProblemKind::Failed, format!("the browser cannot use a passkey here ({name}: {message})"))
            }
        }
    }

    /// The authenticator computes nothing that could be a key.
    pub(super) fn holds_no_key(wish: Wish) -> Problem {
        Problem::new(
            ProblemKind::Failed,
            match wish {
                Wish::Make => {
                    "this passkey cannot hold a key, so nothing was added; delete it where your device keeps passkeys, and try another device or browser"
                }
                Wish::Compute => "this passkey cannot hold a key here; take another passkey, or another way",
            },
        )
    }
}

#[cfg(feature = "hydrate")]
mod wire {
    use std::cell::RefCell;

    use iota_core::id::{AccountId, Digest};
    use iota_core::slot::passkey_input;
    use iota_core::vault::{Problem, ProblemKind};
    use leptos::prelude::{location, window};
    use wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::JsFuture;
    use web_sys::AbortController;
    use web_sys::js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};

    use super::obstacles::{Wish, holds_no_key, obstacle_at, refusal};

    /// The algorithms of its signatures, which nobody asks for: EdDSA, ES256, RS256.
    const ALGORITHMS: [i32; 3] = [-8, -7, -257];

    thread_local! {
        /// Ends the last prompt; nothing happens to one that has an answer.
        static PROMPT: RefCell<Option<AbortController>> = const { RefCell::new(None) };
    }

    /// Ends the prompt that the browser shows, if it does. Whoever has it shown calls this when its page or dialog goes.
    pub fn cancel() {
        if let Some(prompt) = PROMPT.take() {
            prompt.abort();
        }
    }

    /// Why there can be no passkey here; none where there can.
    pub fn obstacle() -> Option<&'static str> {
        let known = !member(&window(), "PublicKeyCredential").is_undefined();
        obstacle_at(&host(), window().is_secure_context(), known)
    }

    /// A passkey that was just made.
    pub struct NewPasskey {
        /// What it computed: 32 bytes in hexadecimal.
        pub output: String,
        id: JsValue,
    }

    impl NewPasskey {
        /// Tells the browser that it opens nothing, so that it is not offered any more, where the browser can hear that.
        pub fn discard(&self) {
            let unknown = object(&[("rpId", &host().into()), ("credentialId", &self.id)]);
            let credentials = member(&window(), "PublicKeyCredential");
            leptos::task::spawn_local(async move {
                let _ = call(&credentials, "signalUnknownCredential", &unknown).await;
            });
        }
    }

    /// Has a passkey made, and lets it compute.
    ///
    /// # Errors
    /// When the device says no, or it can hold no key; then it opens nothing. [`ProblemKind::Cancelled`] after [`cancel`].
    pub async fn create(account: AccountId, login: &str) -> Result<NewPasskey, Problem> {
        let kind = JsValue::from("public-key");
        let algorithms: Array =
            ALGORITHMS.iter().map(|&algorithm| object(&[("type", &kind), ("alg", &algorithm.into())])).collect();
        // Another id for each: one that had the id of another would take its place.
        let user = object(&[("id", &random::<16>()?), ("name", &login.into()), ("displayName", &login.into())]);
        let required = JsValue::from("required");
        let selection = object(&[
            ("residentKey", &required),
            ("requireResidentKey", &true.into()),
            ("userVerification", &required),
        ]);
        let options = object(&[
            ("rp", &object(&[("id", &host().into()), ("name", &"IotaBackup".into())])),
            ("user", &user),
            ("challenge", &random::<32>()?),
            ("pubKeyCredParams", &algorithms),
            ("authenticatorSelection", &selection),
            ("attestation", &"none".into()),
            ("extensions", &prf(account)),
        ]);
        let made = ask(Wish::Make, "create", &options).await?;
        let mut passkey = NewPasskey { output: String::new(), id: member(&made, "id") };
        let output = match output(&made) {
            // Some authenticators compute when they are asked the next time only.
            None if is_able(&made) => compute(Wish::Make, account, Some(&member(&made, "rawId"))).await,
            output => output.ok_or_else(|| holds_no_key(Wish::Make)),
        };
        passkey.output = output.inspect_err(|_| passkey.discard())?;
        Ok(passkey)
    }

    /// Has whichever passkey of this address a person chooses compute: 32 bytes in hexadecimal.
    ///
    /// # Errors
    /// [`ProblemKind::Cancelled`] when there is none, the device says no, or after [`cancel`].
    pub async fn use_any(account: AccountId) -> Result<String, Problem> {
        compute(Wish::Compute, account, None).await
    }

    async fn compute(wish: Wish, account: AccountId, only: Option<&JsValue>) -> Result<String, Problem> {
        let allowed = only.map(|id| object(&[("type", &"public-key".into()), ("id", id)]));
        let options = object(&[
            ("rpId", &host().into()),
            ("challenge", &random::<32>()?),
            ("allowCredentials", &allowed.iter().collect::<Array>()),
            ("userVerification", &"required".into()),
            ("extensions", &prf(account)),
        ]);
        let used = ask(wish, "get", &options).await?;
        output(&used).ok_or_else(|| holds_no_key(wish))
    }

    async fn ask(wish: Wish, method: &str, options: &JsValue) -> Result<JsValue, Problem> {
        let refused = |error: JsValue| {
            let text = |name| member(&error, name).as_string().unwrap_or_default();
            refusal(wish, &text("name"), &text("message"))
        };
        // A browser shows one at a time.
        cancel();
        let prompt = AbortController::new().map_err(refused)?;
        let options = object(&[("publicKey", options), ("signal", &prompt.signal())]);
        PROMPT.set(Some(prompt));
        call(&member(&window().navigator(), "credentials"), method, &options).await.map_err(refused)
    }

    /// The extension that has it compute.
    fn prf(account: AccountId) -> JsValue {
        let input = Uint8Array::from(&passkey_input(account)[..]);
        object(&[("prf", &object(&[("eval", &object(&[("first", &input)]))]))])
    }

    fn prf_result(credential: &JsValue) -> JsValue {
        let results = member(credential, "getClientExtensionResults").dyn_into::<Function>();
        let results = results.and_then(|results| results.call0(credential)).unwrap_or_default();
        member(&results, "prf")
    }

    /// Whether a passkey that computed nothing when it was made will do so later.
    fn is_able(made: &JsValue) -> bool {
        member(&prf_result(made), "enabled").is_truthy()
    }

    /// What was computed, if it was; it is wiped where the browser put it.
    fn output(credential: &JsValue) -> Option<String> {
        let first = member(&member(&prf_result(credential), "results"), "first");
        if !first.is_object() {
            return None;
        }
        let bytes = Uint8Array::new(&first);
        let mut output = Digest([0; 32]);
        if bytes.length() != 32 {
            return None;
        }
        bytes.copy_to(&mut output.0);
        bytes.fill(0, 0, 32);
        let text = output.to_string();
        output.0.fill(0);
        Some(text)
    }

    fn random<const N: usize>() -> Result<JsValue, Problem> {
        let mut bytes = [0; N];
        let filled = window().crypto().and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes));
        filled.map_err(|_| Problem::new(ProblemKind::Failed, "the browser gives no randomness"))?;
        Ok(Uint8Array::from(&bytes[..]).into())
    }

    /// The name that passkeys are made for.
    fn host() -> String {
        location().hostname().unwrap_or_default()
    }

    fn object(members: &[(&str, &JsValue)]) -> JsValue {
        let object = Object::new();
        for (name, value) in members {
            // It takes every member.
            let _ = Reflect::set(&object, &(*name).into(), value);
        }
        object.into()
    }

    fn member(of: &JsValue, name: &str) -> JsValue {
        Reflect::get(of, &name.into()).unwrap_or_default()
    }

    async fn call(object: &JsValue, method: &str, argument: &JsValue) -> Result<JsValue, JsValue> {
        let method: Function = member(object, method).dyn_into()?;
        JsFuture::from(Promise::resolve(&method.call1(object, argument)?)).await
    }
}

#[cfg(not(feature = "hydrate"))]
#[expect(missing_docs, reason = "the browser's part says what they do")]
mod wire {
    use iota_core::id::AccountId;
    use iota_core::vault::{Problem, ProblemKind};

    pub fn obstacle() -> Option<&'static str> {
        None
    }

    pub fn cancel() {}

    pub struct NewPasskey {
        pub output: String,
    }

    impl NewPasskey {
        pub fn discard(&self) {}
    }

    pub async fn create(_account: AccountId, _login: &str) -> Result<NewPasskey, Problem> {
        Err(in_no_browser())
    }

    pub async fn use_any(_account: AccountId) -> Result<String, Problem> {
        Err(in_no_browser())
    }

    fn in_no_browser() -> Problem {
        Problem::new(ProblemKind::Failed, "passkeys are asked for in a browser")
    }
}

#[cfg(test)]
mod tests {
    use iota_core::vault::ProblemKind;

    use super::obstacles::*;

    #[test]
    fn passkeys_are_for_names_at_secure_addresses() {
        for name in ["backup.example", "localhost", "nas", "192-168-1-4.local", "1.2.3.4.example"] {
            assert_eq!(obstacle_at(name, true, true), None, "{name}");
            assert!(obstacle_at(name, false, true).unwrap().contains("https"), "{name}");
            assert!(obstacle_at(name, true, false).unwrap().contains("knows no passkeys"), "{name}");
        }
        for number in ["127.0.0.1", "192.168.1.4", "[::1]", "[fd00::4]"] {
            assert!(obstacle_at(number, true, true).unwrap().contains("names only"), "{number}");
        }
        // Browsers hide it at insecure addresses: what can be done about that comes first.
        assert!(obstacle_at("nas", false, false).unwrap().contains("https"));
    }

    #[test]
    fn a_device_that_says_no_is_told_from_a_browser_that_cannot() {
        let no = refusal(Wish::Compute, "NotAllowedError", "timed out");
        assert_eq!(no.kind, ProblemKind::Cancelled);
        assert!(no.message.contains("another way") && !no.message.contains("timed out"));
        for wish in [Wish::Make, Wish::Compute] {
            assert_eq!(refusal(wish, "AbortError", "signal is aborted").kind, ProblemKind::Cancelled);
        }
        let unmade = refusal(Wish::Make, "NotAllowedError", "");
        assert!(unmade.kind == ProblemKind::Failed && unmade.message.contains("no passkey was made"));
        for wish in [Wish::Make, Wish::Compute] {
            let cannot = refusal(wish, "SecurityError", "not a valid domain");
            assert!(cannot.kind == ProblemKind::Failed && cannot.message.contains("not a valid domain"));
            assert!(holds_no_key(wish).message.starts_with("this passkey cannot hold a key"));
        }
    }
}
