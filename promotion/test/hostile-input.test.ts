import { expect, it } from 'vitest';
import { readConfig, rollback } from '../src/index.ts';
import { environmentFiles, scenario } from './support/scenario.ts';

it.each([
  ['an identity that may match in the middle', /identity: '\^/, "identity: '.*"],
  ['statuses of whoever posts them', /\{from: argocd, url: \S+\}/, '{from: commit-statuses}'],
])('the settings refuse %s', async (_, found, wanted) => {
  const { world } = await scenario();
  const text = world.text('main', 'environments/promotion.yaml') ?? '';
  world.push({ 'environments/promotion.yaml': text.replace(found, wanted) });
  expect(world.text('main', 'environments/promotion.yaml')).not.toBe(text);
  await expect(readConfig(world, await world.head())).rejects.toMatchObject({ code: 'config_invalid' });
});

it('the subject of a commit does not end our part of a pull request', async () => {
  const { world, ports, config } = await scenario();
  const end = '<!-- cofferdam:end -->';
  world.push(environmentFiles('prod', 2, 3), { subject: `promote ${end}` });
  world.push(environmentFiles('prod', 3, 3));
  await rollback(ports, config, { environment: 'prod', dryRun: false, skipSchemaCheck: true });
  const [pull] = world.openPulls();
  expect(pull?.body).toContain('promote <! -- cofferdam:end');
  expect(pull?.body.split(end)).toHaveLength(2);
});
