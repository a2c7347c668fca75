import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { blake3 } from '@noble/hashes/blake3.js';
import { fromBase32 } from './base32';

/** A key that derives under a name (docs/format.md). */
export function derived(name: string, ...material: Buffer[]): Buffer {
  return derivedBytes(32, name, ...material);
}

/** Likewise, of another length. */
export function derivedBytes(dkLen: number, name: string, ...material: Buffer[]): Buffer {
  const context = Buffer.from(`iotabackup 2026-11 v1 ${name}`);
  return Buffer.from(blake3(Buffer.concat(material), { context, dkLen }));
}

/** The bytes of a text that a person keeps: a code, or a line of a kit or key file (docs/format/keys.md). */
export function bytesOfText(prefix: string, text: string): Buffer {
  if (!text.startsWith(`${prefix}-`)) throw new Error(`this does not begin with ${prefix}`);
  const joined = fromBase32(text.slice(prefix.length));
  const [bytes, checksum] = [joined.subarray(0, -4), joined.subarray(-4)];
  const expected = derived('text checksum', Buffer.from(prefix), bytes).subarray(0, 4);
  if (!checksum.equals(expected)) throw new Error(`the checksum of ${prefix} is another one`);
  return bytes;
}

/** What an enrolment code is made of. The server knows the id, which names the relay, and nothing else of it. */
export function partsOfCode(code: string): { id: Buffer; secret: Buffer } {
  const bytes = bytesOfText('IOTA-ENROL-1', code);
  if (bytes.length !== 73 || bytes[0] !== 1) throw new Error('this is not an enrolment code of version 1');
  return { id: bytes.subarray(1, 9), secret: bytes.subarray(9, 41) };
}

/** The 16 bytes behind twelve recovery words (BIP-39, English). */
export function entropyOf(words: string[]): Buffer {
  const list = readFileSync(new URL('bip39-english.txt', import.meta.url), 'utf8').trim().split('\n');
  const bits = words.map((word) => list.indexOf(word).toString(2).padStart(11, '0')).join('');
  const entropy = Buffer.from((bits.slice(0, 128).match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const checksum = createHash('sha256').update(entropy).digest()[0] >> 4;
  if (words.length !== 12 || parseInt(bits.slice(128), 2) !== checksum) throw new Error('these are no recovery words');
  return entropy;
}

/** The keys at the end of a machine's identity (client-agent/src/identity.rs), and the public half of the first, to know that they are these. */
export function keysOfMachine(identity: Buffer): { keys: Record<string, Buffer>; signingKey: Buffer } {
  const begins = { 'signing seed': -165, 'agreement secret': -133, K_dedup: -97, K_chunker: -64, K_live: -32 };
  const keys = Object.fromEntries(Object.entries(begins).map(([name, at]) => [name, Buffer.from(identity.subarray(at, at + 32 || undefined))]));
  return { keys, signingKey: publicKeyOf(keys['signing seed']) };
}

/** The public half of the Ed25519 key of a seed. */
export function publicKeyOf(seed: Buffer): Buffer {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const spki = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })).export({ format: 'der', type: 'spki' });
  return spki.subarray(-32);
}
