// The end of the module that the vault loads to rate passphrases. The asset build writes wasm-bindgen's glue and the constant PROGRAM (url,
// integrity) before it.
await __wbg_init({ module_or_path: fetch(PROGRAM.url, { integrity: PROGRAM.integrity }) });
