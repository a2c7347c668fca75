// The end of the Worker's module. The asset build writes wasm-bindgen's glue, that of the program that rates passphrases
// (`iota_strength`), and the constant PROGRAM (url, integrity, and those of strength) before it. Messages
// that come while the program is loading are kept for it.
const early = [];
self.onmessage = (event) => early.push(event.data);
self.loadStrength = async () => {
  const { url, integrity } = PROGRAM.strength;
  await iota_strength({ module_or_path: fetch(url, { integrity }) });
  return iota_strength;
};
try {
  await __wbg_init({ module_or_path: fetch(PROGRAM.url, { integrity: PROGRAM.integrity }) });
} catch (error) {
  // Thrown outside of a promise, it reaches the page in every browser.
  setTimeout(() => {
    throw error;
  });
  throw error;
}
start(early);
