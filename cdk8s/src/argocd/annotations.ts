import { waveOf } from '../kind-order.ts';
import type { Manifest } from '../manifest-files.ts';
import { syncOptionsOf } from './protection.ts';

/** A manifest with what Argo CD has to know of it; other tools pass the annotations by. */
export function forArgoCd<M extends Manifest>(manifest: M): M {
  const syncOptions = syncOptionsOf(manifest.kind);
  const annotations = {
    ...manifest.metadata.annotations,
    'argocd.argoproj.io/sync-wave': String(waveOf(manifest.kind)),
    ...(syncOptions === undefined ? {} : { 'argocd.argoproj.io/sync-options': syncOptions }),
  };
  return { ...manifest, metadata: { ...manifest.metadata, annotations } };
}
