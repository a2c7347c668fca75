import { createCipheriv } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';

/** Bytes that look random and are the same each time. */
export function bytes(count: number, seed: number): Buffer {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16));
  return cipher.update(Buffer.alloc(count));
}

/** Writes a file of megabytes, of which so many differ and then come again: the store stays small. */
export function writeLarge(path: string, megabytes: number, different: number): void {
  const blocks = Array.from({ length: different }, (_, seed) => bytes(1 << 20, seed));
  const file = openSync(path, 'w');
  for (let number = 0; number < megabytes; number += 1) writeSync(file, blocks[number % blocks.length]);
  closeSync(file);
}
