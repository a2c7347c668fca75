import { createHmac } from 'node:crypto';
import { fromBase32 } from './base32';

/** What an app shows for a secret in base32 now (RFC 6238, SHA-1, six digits, 30 seconds). */
export function totp(secret: string): string {
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const hash = createHmac('sha1', fromBase32(secret)).update(step).digest();
  const number = hash.readUInt32BE(hash[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}
