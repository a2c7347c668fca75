// The end of the page's module. The asset build writes wasm-bindgen's glue and the constant PROGRAM before it: url and integrity, and `parts`, by
// function the files (url, integrity) that it needs.

// Trusted Types: the renderer parses its own static templates as HTML. They hold text and plain elements only; anything else is refused, so
// that a hole elsewhere cannot bring in a script, a frame or a handler.
const ELEMENT = [
  'a|abbr|aside|b|br|button|caption|circle|code|dd|details|dialog|div|dl|dt|em|fieldset|footer|form|g|h[1-6]|header|hr|i|input|kbd|label|legend',
  'li|line|main|nav|ol|option|output|p|path|pre|progress|rect|section|select|small|span|strong|summary|svg|table|tbody|td|textarea|tfoot|th',
  'thead|time|tr|ul|use',
].join('|');
const ATTRIBUTE = [
  'accept|aria-[a-z]+|autocapitalize|autocomplete|checked|class|colspan|cx|cy|d|data-[a-z-]+|datetime|dir|disabled|enterkeyhint|fill|for|height|hidden',
  'id|inert|inputmode|lang|max|maxlength|method|min|minlength|multiple|name|novalidate|open|pathLength|placeholder|preserveAspectRatio|r|readonly',
  'required|role|rows|rowspan|rx|ry|scope|selected|spellcheck|step|tabindex|title|type|value|viewBox|width|x|x1|x2|y|y1|y2',
].join('|');
const OWN_ADDRESS = 'href="(?:/(?!/)|#)[^"<>]*"';
const TEMPLATE = new RegExp(`^(?:[^<]|<!-*>|</(?:${ELEMENT})>|<(?:${ELEMENT})(?: (?:(?:${ATTRIBUTE})(?:="[^"<>]*")?|${OWN_ADDRESS}))* ?/?>)*$`);
// Programs beside this one: the vault's Worker and the service worker of downloads.
const PROGRAMS = [document.documentElement.dataset.vault, '/dl/sw.js'];
globalThis.trustedTypes?.createPolicy('default', {
  createHTML: (html) => (TEMPLATE.test(html) ? html : null),
  createScriptURL: (url) => (PROGRAMS.includes(url) ? url : null),
});

// A part is fetched until it comes: who opens a page without a connection stays where they were, as the notice of the connection says. Where it is
// gone, the server has become another, and the page with it.
const PAUSE_MS = 2000;
async function fetchPart({ url, integrity }) {
  for (;;) {
    try {
      const answer = await fetch(url, { integrity });
      if (answer.ok) return answer;
      if (answer.status === 404) location.reload();
    } catch {
      // No connection, or not what was built.
    }
    await new Promise((go) => setTimeout(go, PAUSE_MS));
  }
}

const parts = new Map();
function startPart(file, before) {
  if (!parts.has(file.url)) {
    const start = async (answer) => {
      await before;
      await WebAssembly.instantiateStreaming(answer, { __wasm_split: wasm });
    };
    parts.set(file.url, start(fetchPart(file)));
  }
  return parts.get(file.url);
}

const LOADERS = {};
for (const [name, files] of Object.entries(PROGRAM.parts)) {
  LOADERS[`__wasm_split_load_${name}`] = async (callback, data) => {
    await files.reduce((before, file) => startPart(file, before), undefined);
    wasm.__indirect_function_table.get(callback)(data, true);
  };
}

await __wbg_init({ module_or_path: fetch(PROGRAM.url, { integrity: PROGRAM.integrity }) });
hydrate();
