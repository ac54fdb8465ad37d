/** The entity tag (RFC 9110, 8.8.3) of a version. */
export function entityTag(version: number): string {
  return `"${version}"`;
}

/** The versions that a header If-Match accepts: any, these, or undefined when it is not a valid header. */
export function acceptedVersions(ifMatch: string): 'any' | readonly number[] | undefined {
  if (ifMatch.trim() === '*') return 'any';
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (!tags.every((tag) => /^(W\/)?"[\x21\x23-\x7e]*"$/.test(tag))) return undefined;
  // A weak tag never matches here (RFC 9110, 13.1.1), and neither does what is no version.
  return tags.filter((tag) => /^"[1-9][0-9]{0,9}"$/.test(tag)).map((tag) => Number(tag.slice(1, -1)));
}
