import { createHash } from 'node:crypto';
import { blake3 } from '@noble/hashes/blake3.js';
import { fromBase32 } from './base32';

/** Bytes that are looked for: all of them, or of a long content any stretch of `WINDOW`. */
export type Secret = { what: string; bytes: Buffer; windows?: boolean };

/** Bytes in which is looked. */
export type Place = { where: string; bytes: Buffer };

/** What is no longer than this could be found by accident. */
const SHORTEST = 9;
/** This much of a content in a row is the content. */
const WINDOW = 32;
/** A stretch of `WINDOW` holds one whole block at least, wherever it begins. */
const BLOCK = WINDOW / 2;

/** A text in the ways that programs write one. */
export function text(what: string, value: string): Secret[] {
  const forms = [...new Set([value, value.normalize('NFC'), value.normalize('NFD')])];
  return forms.flatMap((form) => [
    { what, bytes: Buffer.from(form) },
    { what: `${what} (UTF-16)`, bytes: Buffer.from(form, 'utf16le') },
    { what: `${what} (UTF-16, high byte first)`, bytes: Buffer.from(form, 'utf16le').swap16() },
  ]);
}

/** A content and its hashes, by which whoever has it would know it again. */
export function content(what: string, bytes: Buffer): Secret[] {
  return [
    { what, bytes, windows: bytes.length > WINDOW },
    { what: `the SHA-256 of ${what}`, bytes: createHash('sha256').update(bytes).digest() },
    { what: `the BLAKE3 of ${what}`, bytes: Buffer.from(blake3(bytes)) },
  ];
}

/** Looks for secrets as they are, and behind base64, base32, hex, JSON's and an address's escapes, also behind two of them. */
export class Search {
  private readonly contents = new Contents();
  private readonly whole: Secret[] = [];

  constructor(secrets: Secret[]) {
    for (const secret of secrets) {
      if (secret.bytes.length < SHORTEST) throw new Error(`${secret.what} is too short to be looked for`);
      if (secret.windows) this.contents.add(secret);
      else this.whole.push(secret);
    }
  }

  /** What was found, how it was written, and where; each once. */
  in(places: Place[]): string[] {
    const found = new Set<string>();
    for (const { where, bytes } of places) {
      for (const view of views(bytes)) {
        const whole = this.whole.filter((secret) => view.bytes.includes(secret.bytes));
        for (const { what } of [...whole, ...this.contents.within(view.bytes)]) found.add(`${what}, ${view.how}, in ${where}`);
      }
    }
    return [...found];
  }
}

/** Long contents, of which every block is known. */
class Contents {
  private readonly blocks = new Map<string, { secret: Secret; at: number }>();
  /** Whether a block may begin with four bytes of this hash. */
  private readonly begins = new Uint8Array(1 << 24);

  add(secret: Secret): void {
    for (let at = 0; at + BLOCK <= secret.bytes.length; at += BLOCK) {
      this.blocks.set(secret.bytes.toString('latin1', at, at + BLOCK), { secret, at });
      this.begins[hash(secret.bytes.readUInt32LE(at))] = 1;
    }
  }

  within(bytes: Buffer): Set<Secret> {
    const found = new Set<Secret>();
    for (let at = 0; at + BLOCK <= bytes.length; at += 1) {
      if (!this.begins[hash(bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24))]) continue;
      const block = this.blocks.get(bytes.toString('latin1', at, at + BLOCK));
      if (block && common(bytes, at, block.secret.bytes, block.at) >= WINDOW) found.add(block.secret);
    }
    return found;
  }
}

function hash(four: number): number {
  return Math.imul(four, 2_654_435_761) >>> 8;
}

/** How long the stretch is that both have in common around these places. */
function common(one: Buffer, at: number, other: Buffer, there: number): number {
  let [before, after] = [0, 0];
  while (before < at && before < there && one[at - before - 1] === other[there - before - 1]) before += 1;
  while (at + after < one.length && there + after < other.length && one[at + after] === other[there + after]) after += 1;
  return before + after;
}

type View = { how: string; bytes: Buffer };

/** The bytes as they are, and what they say once they are decoded, up to twice. */
function views(bytes: Buffer): View[] {
  const once = decoded(bytes);
  const twice = once.flatMap(({ how, bytes }) => decoded(bytes).map((view) => ({ how: `${view.how} in ${how}`, bytes: view.bytes })));
  return [{ how: 'as it is', bytes }, ...once, ...twice];
}

/** How text is put into other text: the stretches that it could be in, and what one says. */
const WAYS: [string, RegExp, (run: string) => Buffer[]][] = [
  ['hex', /[0-9a-f]{16,}/gi, (run) => [0, 1].map((from) => Buffer.from(run.slice(from), 'hex'))],
  ['base64', /[\w+/-]{12,}/g, (run) => [0, 1, 2, 3].map((from) => Buffer.from(run.slice(from), 'base64'))],
  ['base32', /[a-z2-7]{14,}/gi, (run) => [0, 1, 2, 3, 4, 5, 6, 7].map((from) => fromBase32(run.slice(from)))],
  ['escaped for JSON', /[ -~\x80-\xff]{9,}/g, unescaped(/(?:\\u[0-9a-fA-F]{4})+|\\["\\/bfnrt]/g, fromJson)],
  ['escaped for an address', /[!-~\x80-\xff]{9,}/g, unescaped(/%[0-9a-f]{2}|\+/gi, fromAddress)],
];

/** What all those stretches say, without the rest of the place. */
function decoded(bytes: Buffer): View[] {
  const text = bytes.toString('latin1');
  return WAYS.flatMap(([how, runs, decode]) => {
    const pieces = [...text.matchAll(runs)].flatMap(([run]) => decode(run));
    // A line break is part of no way, so that neighbours stay apart.
    return pieces.length > 0 ? [{ how, bytes: Buffer.concat(pieces.flatMap((piece) => [piece, Buffer.from('\n')])) }] : [];
  });
}

/** Writes escapes out; a stretch without one has nothing more to say. */
function unescaped(escapes: RegExp, plain: (escape: string) => Buffer): (run: string) => Buffer[] {
  return (run) => {
    const written = run.replace(escapes, (escape) => plain(escape).toString('latin1'));
    return written === run ? [] : [Buffer.from(written, 'latin1')];
  };
}

function fromJson(escape: string): Buffer {
  return Buffer.from(JSON.parse(`"${escape}"`) as string);
}

function fromAddress(escape: string): Buffer {
  return escape === '+' ? Buffer.from(' ') : Buffer.from(escape.slice(1), 'hex');
}
