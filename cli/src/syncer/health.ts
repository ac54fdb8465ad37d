import { healthScript } from '@cofferdam/cdk8s';
import { PAYMENT_VAULT, PSP_CONNECTOR } from '@cofferdam/crds';
import type { KubeObject } from '@cofferdam/operator/engine';
import type { HealthStatus } from '@cofferdam/promotion';
import { Lua } from 'wasmoon-lua5.1';
import { z } from 'zod';

export interface Health {
  readonly status: HealthStatus;
  readonly message: string;
}

/** Health of one object of the cluster. */
export type HealthJudge = (object: KubeObject) => Health;

const HEALTHY: Health = { status: 'Healthy', message: '' };
const Said = z.tuple([z.enum(['Healthy', 'Progressing', 'Degraded', 'Suspended']), z.string()]);

/**
 * Judges as Argo CD does: our own kinds by the scripts that Argo CD is given (install/argocd), a Deployment by Argo CD's
 * rule for it. Any other kind is healthy when it is there.
 */
export async function healthJudge(): Promise<HealthJudge> {
  const lua = await Lua.create();
  const scripts = new Map<string, string>(
    [PAYMENT_VAULT, PSP_CONNECTOR].map((names) => [names.kind, healthScript(names)]),
  );
  return (object) => {
    const script = scripts.get(object.kind ?? '');
    if (script === undefined) return object.kind === 'Deployment' ? deploymentHealth(object) : HEALTHY;
    const said: unknown = lua.doStringSync(
      `obj = ${luaLiteral(object)}
      local function judge() ${script} end
      local found = judge()
      return found.status .. "|" .. found.message`,
    );
    const text = z.string().parse(said);
    const bar = text.indexOf('|');
    const [status, message] = Said.parse([text.slice(0, bar), text.slice(bar + 1)]);
    return { status, message };
  };
}

/** Exported for its test: strings go byte by byte, for Lua has no escape of JSON's `\u`. */
export function luaLiteral(value: unknown): string {
  if (value === null || value === undefined) return 'nil';
  if (typeof value === 'string') return luaString(value);
  if (Array.isArray(value)) return `{${value.map(luaLiteral).join(', ')}}`;
  if (typeof value !== 'object') return String(value);
  const members = Object.entries(value).map(
    ([name, member]) => `[${luaString(name)}] = ${luaLiteral(member)}`,
  );
  return `{${members.join(', ')}}`;
}

function luaString(text: string): string {
  const plain = (byte: number) => byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
  const bytes = [...Buffer.from(text)].map((byte) =>
    plain(byte) ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`,
  );
  return `"${bytes.join('')}"`;
}

interface Deployment extends KubeObject {
  spec?: { replicas?: number; paused?: boolean };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    availableReplicas?: number;
    conditions?: { type: string; reason?: string; message?: string }[];
  };
}

/** Argo CD's own rule: https://github.com/argoproj/gitops-engine/blob/master/pkg/health/health_deployment.go */
function deploymentHealth({ metadata, spec, status = {} }: Deployment): Health {
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = status;
  const progressing = (message: string): Health => ({ status: 'Progressing', message });
  if (spec?.paused) return { status: 'Suspended', message: 'it is paused' };
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0))
    return progressing('its controller has not looked at this generation yet');
  const late = status.conditions?.find(
    ({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded',
  );
  if (late !== undefined) return { status: 'Degraded', message: late.message ?? 'it makes no progress' };
  const wanted = spec?.replicas ?? 1;
  if (updatedReplicas < wanted) return progressing(`${updatedReplicas} of ${wanted} pods are updated`);
  if (replicas > updatedReplicas) return progressing(`${replicas - updatedReplicas} old pods are left`);
  if (availableReplicas < updatedReplicas)
    return progressing(`${availableReplicas} of ${updatedReplicas} updated pods are available`);
  return HEALTHY;
}

/** From the best to the worst, as Argo CD has them. */
const ORDER: readonly HealthStatus[] = [
  'Healthy',
  'Suspended',
  'Progressing',
  'Missing',
  'Degraded',
  'Unknown',
];

/** An Application is as healthy as the least healthy of its objects. */
export function worst(all: readonly Health[]): Health {
  return all.reduce(
    (found, one) => (ORDER.indexOf(one.status) > ORDER.indexOf(found.status) ? one : found),
    HEALTHY,
  );
}
