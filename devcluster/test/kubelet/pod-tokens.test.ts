import type { KubeClient, KubeObject } from '@cofferdam/operator/engine';
import { describe, expect, it } from 'vitest';
import { createPodTokens } from '../../src/kubelet/pod-tokens.ts';
import { NOW, pod } from '../controllers/fixtures.ts';

describe('createPodTokens()', () => {
  it('binds a token to its pod, and replaces it after four fifths of its life', async () => {
    let now = NOW.getTime();
    const asked: unknown[] = [];
    const client = {
      create: async (_: unknown, body: KubeObject & { spec: { expirationSeconds: number } }) => {
        asked.push(body.spec);
        const expirationTimestamp = new Date(now + body.spec.expirationSeconds * 1000).toISOString();
        return { ...body, status: { token: `token-${asked.length}`, expirationTimestamp } };
      },
    } as unknown as KubeClient;
    const tokens = createPodTokens(client, pod('web-1'), () => new Date(now));
    const request = { audience: 'cofferdam', expirationSeconds: 600 };

    await tokens.ensure([request]);
    expect(asked).toEqual([
      {
        audiences: ['cofferdam'],
        expirationSeconds: 600,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'web-1', uid: 'uid-web-1' },
      },
    ]);
    expect(tokens.get(request)).toBe('token-1');
    expect(tokens.renewAtMs()).toBe(NOW.getTime() + 480_000);

    now += 479_000;
    await tokens.ensure([request]);
    expect(tokens.get(request)).toBe('token-1');
    now += 1_000;
    await tokens.ensure([request]);
    expect(tokens.get(request)).toBe('token-2');
  });

  it('keeps the old token when a new one cannot be had, so that a pod outlives an API server that is away', async () => {
    let up = true;
    const client = {
      create: async () => {
        if (!up) throw new Error('away');
        return {
          status: { token: 'first', expirationTimestamp: new Date(NOW.getTime() + 600_000).toISOString() },
        };
      },
    } as unknown as KubeClient;
    let now = NOW;
    const tokens = createPodTokens(client, pod('web-1'), () => now);
    const request = { audience: undefined, expirationSeconds: 600 };
    await tokens.ensure([request]);
    up = false;
    now = new Date(NOW.getTime() + 500_000);
    await expect(tokens.ensure([request])).rejects.toThrow('away');
    expect(tokens.get(request)).toBe('first');
  });
});
