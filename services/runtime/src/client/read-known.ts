import type { z } from 'zod';

/**
 * Parses what another of our services answered, passing over members that we do not know: during a roll-out the
 * other one may be newer, and a member more must not turn a charge into an unknown one. Requests stay strict.
 */
export function readKnown<S extends z.ZodType>(schema: S, json: unknown): z.ZodSafeParseResult<z.infer<S>> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed as z.ZodSafeParseResult<z.infer<S>>;
  const copy = structuredClone(json);
  for (const issue of parsed.error.issues) {
    if (issue.code !== 'unrecognized_keys') return parsed as z.ZodSafeParseResult<z.infer<S>>;
    const holder = issue.path.reduce<unknown>(
      (value, member) => (value as Record<PropertyKey, unknown>)[member],
      copy,
    );
    for (const key of issue.keys) delete (holder as Record<string, unknown>)[key];
  }
  return schema.safeParse(copy) as z.ZodSafeParseResult<z.infer<S>>;
}
