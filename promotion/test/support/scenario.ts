import { parse } from 'yaml';
import type { PromotePorts, PromotionConfig, Renderer } from '../../src/index.ts';
import { readConfig } from '../../src/index.ts';
import { Syncer, World } from './world.ts';

const COMPONENTS = ['operator', 'vault', 'router', 'connector', 'psp-simulator'];
const MINUTE = 60_000;

/** `release.yaml` of release `n`; 0 is before the first one. */
export function releaseYaml(n: number): string {
  const digit = n.toString(16);
  const lines = COMPONENTS.map((name) => `  ${name}: ${image(name, digit)}`);
  return `# Image pins.\nimages:\n${lines.join('\n')}\n`;
}

export function image(component: string, digit: string | number): string {
  return `ghcr.io/cofferdam/${component}@sha256:${String(digit).padStart(64, '0')}`;
}

export function releaseOf(text: string | undefined): number {
  const pins = parse(text ?? '') as { images: Record<string, string> };
  return Number.parseInt(pins.images['vault']?.slice(-4) ?? '', 16);
}

/** As cdk8s does, small: one object for each input. */
export const render: Renderer = ({ config, release }) => {
  const { replicas } = parse(config) as { replicas: number };
  const { images } = parse(release) as { images: Record<string, string> };
  const deployment = [
    'kind: Deployment',
    'metadata: {name: payments-vault, namespace: payments}',
    `spec: {replicas: ${replicas}, template: {spec: {containers: [{name: vault, image: "${images['vault']}"}]}}}`,
  ];
  return new Map([['70-deployment.yaml', `${deployment.join('\n')}\n`]]);
};

const CONFIG = `
repository: {owner: acme, name: payments, base: main}
health: {from: argocd, url: https://argocd.example.com}
prometheus: {dev: https://prometheus.dev.example.com, staging: https://prometheus.staging.example.com}
images: {issuer: https://token.actions.githubusercontent.com, identity: '^https://github.com/acme/', repository: acme/payments}
steps:
  - {from: dev, to: staging, soakMinutes: 15}
  - {from: staging, to: prod, soakMinutes: 60}
`;

export function environmentFiles(name: string, release: number, replicas = 1): Record<string, string> {
  const directory = `environments/${name}`;
  const [config, pins] = [`replicas: ${replicas}\n`, releaseYaml(release)];
  const files = render({ directory, config, release: pins });
  return {
    [`${directory}/config.yaml`]: config,
    [`${directory}/release.yaml`]: pins,
    ...Object.fromEntries([...files].map(([file, text]) => [`${directory}/rendered/${file}`, text])),
  };
}

export interface Scenario {
  readonly world: World;
  readonly syncer: Syncer;
  readonly ports: PromotePorts;
  readonly config: PromotionConfig;
  /** What the tool says of an image; a test may change it. */
  evidence: { signed: boolean; attested: boolean; problem?: string; sourceRevision?: string };
  slo: { measured: number; unevaluated: number; burning: { alert: string; summary?: string }[] };
}

/** staging runs release 2 and has been healthy for two hours; prod runs release 1. */
export async function scenario(): Promise<Scenario> {
  const world = new World({
    'environments/promotion.yaml': CONFIG,
    ...environmentFiles('dev', 2),
    ...environmentFiles('staging', 1, 2),
    ...environmentFiles('prod', 1, 3),
  });
  world.nowMs += MINUTE;
  const revision = world.push(environmentFiles('staging', 2, 2), { subject: 'promote(staging): dev (#7)' });
  const syncer = new Syncer();
  syncer.syncs('staging', revision, world.nowMs);
  world.nowMs += 120 * MINUTE;
  const made: Omit<Scenario, 'ports'> = {
    world,
    syncer,
    config: await readConfig(world, await world.head()),
    evidence: { signed: true, attested: true },
    slo: { measured: 4, unevaluated: 0, burning: [] },
  };
  const evidence = async (images: readonly string[]) =>
    images.map((one) => ({ image: one, ...made.evidence }));
  const ports: PromotePorts = {
    repository: world,
    host: world,
    render,
    health: syncer,
    images: { evidence, provenance: evidence },
    slo: { state: async () => made.slo },
    now: () => world.nowMs,
  };
  return Object.assign(made, { ports });
}
