// The end of the Worker's module. The asset build writes wasm-bindgen's glue and the constant PROGRAM (url, integrity, strength) before it. Messages
// that come while the program is loading are kept for it.
const early = [];
self.onmessage = (event) => early.push(event.data);
self.loadStrength = () => import(PROGRAM.strength);
await __wbg_init({ module_or_path: fetch(PROGRAM.url, { integrity: PROGRAM.integrity }) });
start(early);
