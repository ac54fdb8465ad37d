import { expect, it } from 'vitest';
import { driftScreen, pinScreen, promoteScreen, rollbackScreen } from '../../src/promotion/screen.ts';

const nothing = { revision: 'a'.repeat(40), branch: '', pins: [], changes: [], outcome: 'nothing' as const };

it.each([
  [false, 'pull request 7 was closed: it is not wanted any more\n'],
  [true, 'pull request 7 would be closed: it is not wanted any more\n'],
])('every screen says which pull request it closed (dry run: %s)', (dryRun, line) => {
  const plain = (text: string) => text;
  const screens = (closed?: { closed: number }) => [
    promoteScreen({ ...nothing, ...closed, from: 'staging', to: 'prod', gates: [] }, dryRun, plain),
    rollbackScreen({ ...nothing, ...closed, environment: 'prod', to: 'b'.repeat(40) }, dryRun),
    pinScreen({ ...nothing, ...closed, environment: 'dev' }, dryRun),
  ];
  expect(screens({ closed: 7 })).toEqual(screens().map((screen) => screen + line));
});

it('drift says who says so', () => {
  const live = { between: 'live' as const, what: 'PaymentVault payments/payments', detail: 'is not there' };
  const drifts = (['argocd', 'cluster'] as const).map((source) => ({ ...live, source }));
  expect(driftScreen([{ environment: 'prod', revision: '', drifts }])).toBe(
    `ENVIRONMENT   BETWEEN        SAYS          WHAT                             DETAIL
prod          Git, cluster   Argo CD       PaymentVault payments/payments   is not there
prod          Git, cluster   the cluster   PaymentVault payments/payments   is not there
`,
  );
});
