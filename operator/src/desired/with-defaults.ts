type WithDefaults<D extends object, G extends object> = {
  [K in keyof D]: K extends keyof G ? Exclude<G[K], undefined> | D[K] : D[K];
} & { [K in Exclude<keyof G, keyof D>]?: Exclude<G[K], undefined> };

/** `given`, with `defaults` for what it leaves out. */
export function withDefaults<D extends object, G extends object>(
  defaults: D,
  given: G | undefined,
): WithDefaults<D, G> {
  const said = Object.entries(given ?? {}).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(said) } as WithDefaults<D, G>;
}
