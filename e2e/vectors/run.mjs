// Runs the golden vectors inside wasm, under Node.
//
//   node e2e/vectors/run.mjs FOLDER
//
// FOLDER holds what wasm-bindgen makes of the crate iota-vectors: iota_vectors.js and iota_vectors_bg.wasm, for the web
// or for Node. Prints "N passed, N failed"; the exit code is 1 when one failed or none was found.
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join, resolve } from 'node:path';

// What vector chunk_seal_known_answer_stored.txt says of this object, computed here from outside.
const KNOWN_BYTES = 200745;
const KNOWN_NONCE = '11376dd182a082cb62a5ca4f65d70be8ae051203d4101416';

const vectors = fileURLToPath(new URL('../../crypto/tests/vectors/', import.meta.url));

async function load(folder) {
  const program = await import(pathToFileURL(join(folder, 'iota_vectors.js')));
  if (typeof program.initSync === 'function') {
    program.initSync({ module: await readFile(join(folder, 'iota_vectors_bg.wasm')) });
  }
  return program.run_vector ? program : program.default;
}

function sealsTheSameBytes(program) {
  const plaintext = Uint8Array.from({ length: 200000 }, (_, i) => i % 251);
  const object = program.seal_stored(new Uint8Array(32).fill(0x11), plaintext);
  const nonce = Buffer.from(object.slice(1, 25)).toString('hex');
  return object.length === KNOWN_BYTES && nonce === KNOWN_NONCE ? '' : 'sealing with codec 0 gives other bytes';
}

const folder = process.argv[2];
if (!folder) {
  console.error('say where iota_vectors.js is: node e2e/vectors/run.mjs FOLDER');
  process.exit(2);
}
const program = await load(resolve(folder));
const names = (await readdir(vectors)).filter((name) => name.endsWith('.txt')).sort();
const checks = [['sealing', () => sealsTheSameBytes(program)]];
for (const name of names) {
  const text = await readFile(join(vectors, name), 'utf8');
  checks.push([name, () => program.run_vector(text)]);
}

let failed = 0;
for (const [name, check] of checks) {
  let message;
  try {
    message = check();
  } catch (error) {
    message = String(error);
  }
  if (message) {
    failed += 1;
    console.error(`${name}: ${message}`);
  }
}
console.log(`${checks.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 && names.length > 0 ? 0 : 1);
