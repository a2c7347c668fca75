// The end of the page's module. The asset build writes wasm-bindgen's glue and the constant PROGRAM (url, integrity) before it.

// Trusted Types: the renderer parses its own static templates as HTML. They hold text and plain elements only; anything else is refused, so
// that a hole elsewhere cannot bring in a script, a frame or a handler.
const ELEMENT = 'a|abbr|b|br|circle|code|dd|div|dl|dt|em|g|h[1-6]|i|kbd|li|line|ol|p|path|pre|rect|section|small|span|strong|svg|time|ul|use';
const ATTRIBUTE = 'aria-[a-z]+|class|cx|cy|d|height|id|lang|r|role|rx|ry|tabindex|title|viewBox|width|x|x1|x2|y|y1|y2';
const OWN_ADDRESS = 'href="(?:/(?!/)|#)[^"<>]*"';
const TEMPLATE = new RegExp(`^(?:[^<]|<!-*>|</(?:${ELEMENT})>|<(?:${ELEMENT})(?: (?:(?:${ATTRIBUTE})="[^"<>]*"|${OWN_ADDRESS}))* ?/?>)*$`);
// Programs beside this one: the vault's Worker and the service worker of downloads.
const PROGRAMS = [document.documentElement.dataset.vault, '/dl/sw.js'];
globalThis.trustedTypes?.createPolicy('default', {
  createHTML: (html) => (TEMPLATE.test(html) ? html : null),
  createScriptURL: (url) => (PROGRAMS.includes(url) ? url : null),
});

await __wbg_init({ module_or_path: fetch(PROGRAM.url, { integrity: PROGRAM.integrity }) });
hydrate();
