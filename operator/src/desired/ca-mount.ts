import type { CaRef } from '@cofferdam/crds';
import type { Mount } from './component.ts';

/** The directory of a CaRef: a Secret, unless it says ConfigMap. */
export function caMount(volume: string, { kind = 'Secret', name }: CaRef, path: string): Mount {
  return kind === 'Secret'
    ? { kind: 'secret', name: volume, secret: name, path }
    : { kind: 'configMap', name: volume, configMap: name, path };
}
