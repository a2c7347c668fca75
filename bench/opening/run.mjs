// Measures in wasm: node bench/opening/run.mjs FOLDER FIXTURE
//
// FOLDER holds what wasm-bindgen makes of the crate iota-bench-opening for Node; FIXTURE is what its native program makes. Prints a report
// as one line of JSON.
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { join, resolve } from 'node:path';

const [folder, fixture] = process.argv.slice(2);
if (!fixture) {
  console.error('say where the program and the fixture are: node bench/opening/run.mjs FOLDER FIXTURE');
  process.exit(2);
}
const program = await import(pathToFileURL(join(resolve(folder), 'iota_bench_opening.js')));
console.log((program.measure ? program : program.default).measure(await readFile(fixture)));
