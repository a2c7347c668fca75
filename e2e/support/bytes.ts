import { createCipheriv } from 'node:crypto';

/** Bytes that look random and are the same each time. */
export function bytes(count: number, seed: number): Buffer {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16));
  return cipher.update(Buffer.alloc(count));
}
