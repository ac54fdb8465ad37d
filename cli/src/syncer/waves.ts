import { inOrder, type Manifest } from '../demo/manifests.ts';

const WAVE = 'argocd.argoproj.io/sync-wave';
const OPTIONS = 'argocd.argoproj.io/sync-options';

/** Objects by their sync wave, the first wave first; inside one, in the order of their kinds. */
export function wavesOf(manifests: readonly Manifest[]): Manifest[][] {
  const byWave = Map.groupBy(inOrder(manifests), waveOf);
  return [...byWave].sort(([a], [b]) => a - b).map(([, wave]) => wave);
}

function waveOf({ metadata }: Manifest): number {
  const wave = Number(metadata.annotations?.[WAVE] ?? 0);
  return Number.isInteger(wave) ? wave : 0;
}

/** Whether an object may be deleted because it is gone from Git. */
export function mayPrune({ metadata }: Manifest): boolean {
  const options = metadata.annotations?.[OPTIONS]?.split(',') ?? [];
  return !options.some((option) => option.trim() === 'Prune=false');
}

/** What is deleted when Git has `wanted` and no longer the rest of `applied`: in the reverse order of the waves. */
export function toPrune(applied: readonly Manifest[], wanted: readonly Manifest[]): Manifest[] {
  const kept = new Set(wanted.map(objectName));
  return wavesOf(applied.filter((manifest) => !kept.has(objectName(manifest)) && mayPrune(manifest)))
    .flat()
    .reverse();
}

/** `Deployment payments/payments-vault`. */
export function objectName({ kind, metadata: { namespace, name } }: Manifest): string {
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}
