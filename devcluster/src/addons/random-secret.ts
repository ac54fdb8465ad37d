import { randomBytes } from 'node:crypto';

/** 192 random bits, safe in URLs and shells. */
export function randomSecret(): string {
  return randomBytes(24).toString('base64url');
}
