import { beforeEach, describe, expect, it } from 'vitest';
import { type PinOptions, pin } from '../src/index.ts';
import { environmentFiles, image, releaseYaml, type Scenario, scenario } from './support/scenario.ts';

const COMPONENTS = ['operator', 'vault', 'router', 'connector', 'psp-simulator'];
const imagesOf = (n: number) => Object.fromEntries(COMPONENTS.map((name) => [name, image(name, n)]));

let s: Scenario;
beforeEach(async () => {
  s = await scenario();
});
const run = (options: Partial<PinOptions> = {}) =>
  pin(s.ports, s.config, {
    environment: 'dev',
    images: imagesOf(3),
    release: 'v0.3.0',
    dryRun: false,
    ...options,
  });

describe('pin', () => {
  it('opens one pull request with what was released and what is rendered from it', async () => {
    expect(await run()).toMatchObject({
      outcome: 'opened',
      branch: 'release/dev',
      pullRequest: { number: 1 },
    });
    const { world } = s;
    expect(world.text('release/dev', 'environments/dev/release.yaml')).toBe(releaseYaml(3));
    for (const [path, text] of Object.entries(environmentFiles('dev', 3)))
      expect([path, world.text('release/dev', path)]).toEqual([path, text]);
    expect(world.openPulls()).toMatchObject([
      {
        head: 'release/dev',
        base: 'main',
        labels: ['release', 'env/dev'],
        title: expect.stringContaining('v0.3.0'),
      },
    ]);
    expect(world.openPulls()[0]?.body).toContain('- [ ] The notes of the release were read');
    const head = world.branches.get('release/dev') ?? '';
    expect(world.said.get(head)).toMatchObject([{ context: 'cofferdam/promotion', state: 'success' }]);
  });

  it('changes nothing when it runs again, and brings a newer release into the same pull request', async () => {
    await run();
    const before = s.world.writes.length;
    expect(await run()).toMatchObject({ outcome: 'unchanged' });
    expect(s.world.writes.length).toBe(before);
    expect(await run({ images: imagesOf(4), release: 'v0.4.0' })).toMatchObject({
      outcome: 'updated',
      pullRequest: { number: 1 },
    });
    expect(s.world.text('release/dev', 'environments/dev/release.yaml')).toBe(releaseYaml(4));
  });

  it('says that there is nothing to do where the environment has these pins', async () => {
    expect(await run({ images: imagesOf(2) })).toMatchObject({ outcome: 'nothing', pins: [] });
    expect(s.world.writes).toEqual([]);
  });

  it('leaves the pins of components that were not released', async () => {
    const { pins } = await run({ images: { vault: image('vault', 3) } });
    expect(pins).toEqual([{ component: 'vault', before: image('vault', 2), after: image('vault', 3) }]);
  });

  it.each([
    [
      'an environment that releases are promoted to',
      { environment: 'prod' },
      'environment_unknown',
      '--from staging',
    ],
    ['an environment that is not there', { environment: 'qa' }, 'environment_unknown', 'qa'],
    ['a tag', { images: { vault: 'ghcr.io/cofferdam/vault:v3' } }, 'pin_invalid', 'vault'],
    ['a component that is not ours', { images: { nginx: image('nginx', 3) } }, 'pin_invalid', 'nginx'],
    ['a digest of zeros', { images: { vault: image('vault', 0) } }, 'unreleased', 'vault'],
  ])('refuses %s, and writes nothing', async (_, options, code, named) => {
    await expect(run(options)).rejects.toMatchObject({ code, message: expect.stringContaining(named) });
    expect(s.world.writes).toEqual([]);
  });

  it('refuses a work tree that is not clean', async () => {
    s.world.dirty = ['pins/vault'];
    await expect(run()).rejects.toMatchObject({ code: 'tree_dirty' });
  });
});
