//! What stands where a form would be that cannot work: the page came by plain HTTP from another machine.

use leptos::prelude::*;

use crate::components::code_block::CodeBlock;
use crate::components::document_link::DocumentLink;

/// Says why there is no form, and how to switch TLS on.
#[component]
pub fn TlsFirst() -> impl IntoView {
    view! {
        <div class="sign-in__inner">
            <div class="stack stack--tight">
                <h1>"This page needs TLS"</h1>
                <p class="ink-2">
                    "It came by plain HTTP from another machine. Anybody on the way could read and change it, and browsers keep back what makes and opens keys. So there is no form here."
                </p>
            </div>
            <div class="stack">
                <p>"Who runs this server switches TLS on with one of these, then opens the page by https:"</p>
                <dl class="tls-ways">
                    <dt>"A certificate of its own making, for a home network"</dt>
                    <dd>
                        <CodeBlock>"iota-server serve --tls self-signed …"</CodeBlock>
                    </dd>
                    <dt>"A certificate that you have"</dt>
                    <dd>
                        <CodeBlock>"iota-server serve \\\n  --tls-cert FILE --tls-key FILE …"</CodeBlock>
                    </dd>
                    <dt>"A proxy in front that does TLS"</dt>
                    <dd>
                        <CodeBlock>"iota-server serve --behind-proxy …"</CodeBlock>
                    </dd>
                </dl>
                <p class="small ink-2">
                    "On the machine itself the page works without, at http://localhost. " <DocumentLink href="/docs/operations">"Operations"</DocumentLink> " says more."
                </p>
            </div>
        </div>
    }
    .into_any()
}
