import type { PodTemplate } from './objects.ts';

export const TEMPLATE_HASH_LABEL = 'pod-template-hash';

// Kubernetes' alphabet for generated names: no vowels, so that no word appears by chance.
const SAFE_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** A value's JSON with sorted keys, without members that are undefined: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${entries.join(',')}}`;
}

/** FNV-1a, 32 bits: what Kubernetes hashes templates with. */
export function fnv32a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    hash ^= byte;
    hash = Math.imul(hash, 0x01000193) >>> 0;
  }
  return hash;
}

/** The value of `pod-template-hash`. The collision count moves it on when another template has the same hash. */
export function templateHash(template: PodTemplate, collisionCount = 0): string {
  const hash = fnv32a(`${canonicalJson(withoutHash(template))}${collisionCount === 0 ? '' : collisionCount}`);
  return String(hash)
    .split('')
    .map((digit) => SAFE_ALPHABET[digit.charCodeAt(0) % SAFE_ALPHABET.length])
    .join('');
}

export const sameTemplate = (a: PodTemplate, b: PodTemplate): boolean =>
  canonicalJson(withoutHash(a)) === canonicalJson(withoutHash(b));

function withoutHash(template: PodTemplate): PodTemplate {
  const { [TEMPLATE_HASH_LABEL]: _, ...labels } = template.metadata?.labels ?? {};
  // An absent timestamp comes back from a server as null.
  const { creationTimestamp: __, ...metadata } = template.metadata ?? {};
  return { ...template, metadata: { ...metadata, labels } };
}
