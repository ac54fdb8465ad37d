import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Lua } from 'wasmoon-lua5.1';
import { healthJudge, luaLiteral, worst } from '../../src/syncer/health.ts';

const vault = (generation: number, conditions: object[]) => ({
  apiVersion: 'payments.cofferdam.dev/v1alpha1',
  kind: 'PaymentVault',
  metadata: { name: 'payments', namespace: 'payments', generation },
  status: { observedGeneration: 2, conditions },
});
const condition = (type: string, status: string, message = 'a "word" | and – another') => ({
  type,
  status,
  reason: 'Some',
  message,
});

describe('healthJudge()', () => {
  it("judges our kinds by Argo CD's own scripts", async () => {
    const judge = await healthJudge();
    expect(judge(vault(2, [condition('Ready', 'True')])).status).toBe('Healthy');
    expect(judge(vault(3, [condition('Ready', 'True')])).status).toBe('Progressing');
    expect(judge(vault(2, [condition('Ready', 'False'), condition('Stalled', 'True')]))).toEqual({
      status: 'Degraded',
      message: 'Some: a "word" | and – another',
    });
  });

  it('takes a Deployment for healthy once its new pods are available and its old ones gone', async () => {
    const judge = await healthJudge();
    const deployment = (status: object) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'one', generation: 2 },
      spec: { replicas: 1 },
      status: { observedGeneration: 2, replicas: 1, updatedReplicas: 1, availableReplicas: 1, ...status },
    });
    expect(judge(deployment({})).status).toBe('Healthy');
    for (const status of [
      { observedGeneration: 1 },
      { updatedReplicas: 0 },
      { replicas: 2 },
      { availableReplicas: 0 },
    ])
      expect([status, judge(deployment(status)).status]).toEqual([status, 'Progressing']);
    const conditions = [{ type: 'Progressing', reason: 'ProgressDeadlineExceeded', message: 'too late' }];
    expect(judge(deployment({ updatedReplicas: 0, conditions }))).toEqual({
      status: 'Degraded',
      message: 'too late',
    });
  });
});

it('luaLiteral() gives Lua every string, byte by byte', async () => {
  const lua = await Lua.create();
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
      (text) => {
        const bytes = lua.doStringSync(`local s = ${luaLiteral({ s: [text] })}
        local found = ""
        for i = 1, #s.s[1] do found = found .. string.byte(s.s[1], i) .. "," end
        return found`);
        expect(bytes).toBe([...Buffer.from(text)].map((byte) => `${byte},`).join(''));
      },
    ),
    { numRuns: 50, examples: [['\\ " \n \r \0 \u007f é 💳']] },
  );
});

it('worst() is as healthy as the least healthy, and healthy when there is nothing', () => {
  const health = (status: 'Healthy' | 'Progressing' | 'Degraded') => ({ status, message: status });
  expect(worst([health('Progressing'), health('Degraded'), health('Healthy')]).status).toBe('Degraded');
  expect(worst([]).status).toBe('Healthy');
});
