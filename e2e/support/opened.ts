import { xchacha20, xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { argon2id } from '@noble/hashes/argon2.js';
import { blake3 } from '@noble/hashes/blake3.js';
import { derived, derivedBytes } from './kept';

/** What is sealed is opened here by docs/format alone, without any code of the programs. */

const SLOT_TYPE = Buffer.from('iotabackup/slot/v1\0');
const SLOT_LIST_TYPE = Buffer.from('iotabackup/slot-list/v1\0');
const HEADER_TYPE = Buffer.from('iotabackup/header/v1\0');
const [SLOT_BYTES, SLOT_HEADER_BYTES] = [188, 108];
const [HEADER_BYTES, SIGNED_HEADER_BYTES] = [274, 338];
/** Before the payload of a chunk object, and behind it. */
const [CHUNK_HEAD, CHUNK_TAG] = [25, 16];
const SHORTEST_PAYLOAD = 4096;

/** `AEAD` and *sealed with a random nonce* of docs/format.md. */
export function openSealed(key: Buffer, sealed: Buffer, aad: Buffer): Buffer {
  if (sealed[0] !== 1) throw new Error('this is no envelope of version 1');
  return openAead(key, sealed.subarray(1, 25), sealed.subarray(25), aad);
}

function openAead(key: Buffer, nonce: Buffer, sealed: Buffer, aad: Buffer): Buffer {
  return Buffer.from(xchacha20poly1305(key, nonce, aad).decrypt(sealed));
}

/** A way to open the vault (docs/format/keys.md). */
export class Slot {
  constructor(private readonly blob: Buffer) {
    if (blob.length !== SLOT_BYTES || !blob.subarray(0, SLOT_TYPE.length).equals(SLOT_TYPE)) throw new Error('this is no slot');
  }

  get account(): Buffer {
    return this.blob.subarray(19, 35);
  }

  get kind(): number {
    return this.blob[55];
  }

  /** What Argon2id makes of a passphrase, with this slot's parameters. */
  keyOf(passphrase: string): Buffer {
    const [m, t, p] = [56, 60, 64].map((at) => this.blob.readUInt32LE(at));
    return Buffer.from(argon2id(Buffer.from(passphrase.normalize('NFKC')), this.blob.subarray(68, 84), { m, t, p, dkLen: 32 }));
  }

  /** The account master key. The commitment must be that of the key. */
  open(kek: Buffer): Buffer {
    const header = this.blob.subarray(0, SLOT_HEADER_BYTES);
    const okm = derivedBytes(64, 'slot wrap', kek, header);
    const [commitment, sealed] = [this.blob.subarray(SLOT_HEADER_BYTES, SLOT_HEADER_BYTES + 32), this.blob.subarray(SLOT_HEADER_BYTES + 32)];
    if (!commitment.equals(okm.subarray(0, 32))) throw new Error('this key does not open this slot');
    return openAead(okm.subarray(32), header.subarray(-24), sealed, header);
  }
}

/** The slots of a signed list. */
export function slotsOf(signed: Buffer): Slot[] {
  const list = signed.subarray(64);
  if (!list.subarray(0, SLOT_LIST_TYPE.length).equals(SLOT_LIST_TYPE)) throw new Error('this is no slot list');
  const slots = list.subarray(SLOT_LIST_TYPE.length + 16 + 4 + 1);
  return Array.from({ length: list[SLOT_LIST_TYPE.length + 20] }, (_, place) => new Slot(slots.subarray(place * SLOT_BYTES, (place + 1) * SLOT_BYTES)));
}

/** What derives from the account master key, for a set that one machine has written. */
export function keysOfAccount(master: Buffer, account: Buffer, set: Buffer) {
  const first = Buffer.from([1, 0, 0, 0]);
  const live = derived('live channel', master, account, set, first);
  const logRoot = derived('log root', master, account, set, first);
  return {
    master,
    identity: derived('identity', master, account, first),
    K_dedup: derived('dedup key', master, account, first),
    K_chunker: derived('chunker key', master, account, first),
    K_label: derived('label key', master, account, first),
    K_path: derived('path token', master, account),
    LK_0: logRoot,
    BK_0: derived('log ratchet body', logRoot),
    LK_1: derived('log ratchet next', logRoot),
    K_live: live,
    'isolated K_dedup': derived('isolated dedup key', live),
    'isolated K_chunker': derived('isolated chunker key', live),
  };
}

/** What Argon2id makes of the password before the login's secret is derived, and that secret, which the server is told. */
export function loginKeys(login: string, password: string, serverId: Buffer): { stretched: Buffer; authSecret: Buffer } {
  const name = Buffer.from(login.normalize('NFKC').toLowerCase().normalize('NFKC').trim());
  const salt = derived('login salt', name, serverId).subarray(0, 16);
  const stretched = Buffer.from(argon2id(Buffer.from(password.normalize('NFKC')), salt, { m: 65_536, t: 3, p: 1, dkLen: 32 }));
  return { stretched, authSecret: derived('login auth', stretched, name, serverId) };
}

/** A commit as a machine sends it (docs/format/log.md). */
export class Commit {
  private readonly header: Buffer;
  private readonly body: Buffer;

  constructor(frame: Buffer) {
    this.header = frame.subarray(0, HEADER_BYTES);
    if (!this.header.subarray(0, HEADER_TYPE.length).equals(HEADER_TYPE)) throw new Error('this is no commit');
    this.body = frame.subarray(SIGNED_HEADER_BYTES + 4, SIGNED_HEADER_BYTES + 4 + frame.readUInt32LE(SIGNED_HEADER_BYTES));
  }

  get set(): Buffer {
    return this.header.subarray(37, 53);
  }

  get seq(): bigint {
    return this.header.readBigUInt64LE(69);
  }

  /** What the body says, still packed. */
  open(bodyKey: Buffer): Buffer {
    const aad = Buffer.concat([Buffer.from('iotabackup/log/v1'), this.header.subarray(21, 110), this.header.subarray(266, 270)]);
    return openSealed(bodyKey, this.body, aad);
  }
}

/** A stretch of a content that was stored as one chunk, and its key. */
export type Chunk = { bytes: Buffer; key: Buffer };

/**
 * The chunks of a content among objects, in their order. Where one ends nobody says: it is the length by whose key an object opens. This finds
 * what does not compress, and throws when something is missing.
 */
export function chunksOf(content: Buffer, objects: Buffer[], dedup: Buffer): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 0; at < content.length; at += chunks[chunks.length - 1].bytes.length) {
    const rest = content.subarray(at);
    const found = objects.map((object) => beginOf(rest, object, dedup)).find((chunk) => chunk !== undefined);
    if (!found) throw new Error(`no object holds what begins at ${at}`);
    chunks.push(found);
  }
  return chunks;
}

/** The begin of a content that an object holds. Its size tells the length to within the padding. */
function beginOf(content: Buffer, object: Buffer, dedup: Buffer): Chunk | undefined {
  const payload = object.length - CHUNK_HEAD - CHUNK_TAG;
  const hash = blake3.create({ key: dedup });
  let hashed = 0;
  for (let length = shortestOf(payload); length <= Math.min(payload - 9, content.length); length += 1) {
    hash.update(content.subarray(hashed, length));
    hashed = length;
    const key = Buffer.from(hash.clone().digest());
    const bytes = content.subarray(0, length);
    if (holds(object, key, bytes)) return { bytes, key };
  }
  return undefined;
}

/** The shortest plaintext, not compressed, of a padded payload (`padme` of docs/format.md). */
function shortestOf(payload: number): number {
  if (payload <= SHORTEST_PAYLOAD) return 1;
  const exponent = Math.floor(Math.log2(payload - 1));
  return payload - 2 ** (exponent - Math.floor(Math.log2(exponent)) - 1) + 1 - 9;
}

/** Whether an object is the seal of these bytes under this key. Its first bytes tell it for nearly all that are not. */
function holds(object: Buffer, key: Buffer, bytes: Buffer): boolean {
  const [nonce, sealed] = [object.subarray(1, CHUNK_HEAD), object.subarray(CHUNK_HEAD)];
  const sealKey = derived('chunk enc', key);
  const head = Buffer.from(xchacha20(sealKey, nonce, sealed.subarray(0, 9), undefined, 1));
  if (head[0] !== 0 || head.readUInt32LE(1) !== bytes.length || head.readUInt32LE(5) !== bytes.length) return false;
  const payload = openAead(sealKey, nonce, sealed, Buffer.from('iotabackup/chunk/v1'));
  return payload.subarray(9, 9 + bytes.length).equals(bytes);
}
