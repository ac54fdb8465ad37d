import { beforeEach, describe, expect, it } from 'vitest';
import { history, PromotionError, type RollbackOptions, rollback } from '../src/index.ts';
import { environmentFiles, releaseYaml, type Scenario, scenario } from './support/scenario.ts';

let s: Scenario;
/** Commits that images were built from, by release. */
let sources: Map<number, string>;

const PROD = { environment: 'prod', dryRun: false, skipSchemaCheck: false };
const run = (options: Partial<RollbackOptions> = {}) => {
  const provenance = async (images: readonly string[]) =>
    images.map((image) => {
      const sourceRevision = sources.get(Number.parseInt(image.slice(-2), 16));
      return { image, ...s.evidence, ...(sourceRevision !== undefined && { sourceRevision }) };
    });
  return rollback({ ...s.ports, images: { provenance } }, s.config, { ...PROD, ...options });
};
/** A release: code with this newest migration, which leaves code older than `oldestCode` behind; then pinned in prod. */
const release = (n: number, { version, oldestCode }: { version: number; oldestCode: number }) => {
  const migration = `services/vault/migrations/000${version}-step.sql`;
  sources.set(n, s.world.push({ [migration]: `-- oldest code: ${oldestCode}\nSELECT 1;\n` }));
  s.world.nowMs += 60_000;
  return s.world.push(environmentFiles('prod', n, 3), { subject: `promote(prod): release ${n} (#${n})` });
};

beforeEach(async () => {
  s = await scenario();
  s.world.push({
    'services/vault/migrations/0002-tokens.sql': '-- oldest code: 2\n',
    'services/router/migrations/0002-payments.sql': '-- oldest code: 2\n',
  });
  sources = new Map([[1, await s.world.head()]]);
});

describe('rollback', () => {
  it('opens the reverse at once, whatever the health is', async () => {
    release(2, { version: 3, oldestCode: 2 });
    s.syncer.states.clear();
    s.slo = { measured: 0, unevaluated: 0, burning: [] };
    expect(await run()).toMatchObject({
      outcome: 'opened',
      branch: 'rollback/prod',
      pullRequest: { number: 1 },
    });
    const { world } = s;
    expect(world.text('rollback/prod', 'environments/prod/release.yaml')).toBe(releaseYaml(1));
    expect(world.openPulls()[0]).toMatchObject({ labels: ['rollback', 'env/prod'] });
    expect(await run()).toMatchObject({ outcome: 'unchanged' });
  });

  it('goes back to the release that --to names', async () => {
    const two = release(2, { version: 3, oldestCode: 2 });
    release(3, { version: 4, oldestCode: 2 });
    release(4, { version: 5, oldestCode: 3 });
    expect(await run({ to: two.slice(0, 10) })).toMatchObject({ outcome: 'opened', to: two });
    expect(s.world.text('rollback/prod', 'environments/prod/release.yaml')).toBe(releaseYaml(2));
  });

  it('keeps the configuration that prod has now', async () => {
    release(2, { version: 3, oldestCode: 2 });
    s.world.push(environmentFiles('prod', 2, 7));
    await run();
    expect(s.world.text('rollback/prod', 'environments/prod/rendered/70-deployment.yaml')).toContain(
      'replicas: 7',
    );
  });

  it('does not go forward to what was gone back from', async () => {
    release(2, { version: 3, oldestCode: 2 });
    release(3, { version: 3, oldestCode: 2 });
    const { pullRequest } = await run();
    s.world.merge(pullRequest?.number ?? 0);
    await run();
    expect(s.world.text('rollback/prod', 'environments/prod/release.yaml')).toBe(releaseYaml(1));
  });

  it('is a rollback in the history, with who merged what', async () => {
    release(2, { version: 3, oldestCode: 2 });
    const { pullRequest } = await run();
    s.world.merge(pullRequest?.number ?? 0);
    const { releases } = await history(s.world, { environment: 'prod', source: 'staging' });
    expect(releases.map(({ kind, author, pullRequest: pull }) => ({ kind, author, pull }))).toEqual([
      { kind: 'rollback', author: 'reviewer', pull: 1 },
      { kind: 'promotion', author: 'somebody', pull: 2 },
      { kind: 'first', author: 'first', pull: undefined },
    ]);
  });
});

describe('rollback refuses, and writes nothing,', () => {
  const refused = async (code: string, options: Partial<RollbackOptions> = {}) => {
    await expect(run(options)).rejects.toMatchObject({ code });
    expect(s.world.writes).toEqual([]);
  };

  it('code that the schema has left behind', async () => {
    release(2, { version: 3, oldestCode: 3 });
    await refused('schema_too_new');
  });

  it('code that a release in between has left behind, although the newest does not say so', async () => {
    release(2, { version: 3, oldestCode: 3 });
    const first = (await s.world.log(await s.world.head(), ['environments/prod/release.yaml'], 9)).at(-1);
    s.world.push({ 'services/vault/migrations/0003-step.sql': undefined });
    release(3, { version: 2, oldestCode: 2 });
    await refused('schema_too_new', { to: first?.revision ?? '' });
  });

  it('code that was left behind before it last ran, too', async () => {
    release(2, { version: 3, oldestCode: 3 });
    s.world.push(environmentFiles('prod', 1, 3));
    s.world.push({ 'services/vault/migrations/0003-step.sql': undefined });
    release(4, { version: 2, oldestCode: 2 });
    await refused('schema_too_new', {
      to: (await s.world.log(await s.world.head(), ['environments/prod/release.yaml'], 2))[1]?.revision ?? '',
    });
  });

  it('images whose provenance names no commit, unless somebody has looked', async () => {
    release(2, { version: 3, oldestCode: 2 });
    sources.delete(1);
    await refused('schema_unknown');
    expect(await run({ skipSchemaCheck: true })).toMatchObject({ outcome: 'opened' });
    expect(s.world.openPulls()[0]?.body).toContain('**The schema was not checked**');
  });

  it('images that were built from a commit that the clone does not have, and says how to get it', async () => {
    release(2, { version: 3, oldestCode: 2 });
    const lost = 'f'.repeat(40);
    sources.set(1, lost);
    await expect(run()).rejects.toMatchObject({
      code: 'schema_unknown',
      message: expect.stringContaining(`\`git fetch origin ${lost}\``),
    });
  });

  it('images that are not attested', async () => {
    release(2, { version: 3, oldestCode: 2 });
    s.evidence = { signed: true, attested: false };
    await refused('schema_unknown');
  });

  it('what no verifier can be asked about, and says how to go on without', async () => {
    release(2, { version: 3, oldestCode: 2 });
    const provenance = () => Promise.reject(new PromotionError('verifier_unreachable', 'gh could not tell'));
    const asked = rollback({ ...s.ports, images: { provenance } }, s.config, PROD);
    await expect(asked).rejects.toMatchObject({
      code: 'verifier_unreachable',
      message: expect.stringContaining('--skip-schema-check'),
    });
  });

  it('to go back before the first release', async () => {
    await refused('nothing_to_roll_back');
    release(2, { version: 3, oldestCode: 2 });
    await refused('nothing_to_roll_back', { to: 'feed' });
  });

  it('digests of zeros', async () => {
    s.world.push(environmentFiles('prod', 0, 3));
    release(2, { version: 3, oldestCode: 2 });
    await refused('unreleased');
  });
});
