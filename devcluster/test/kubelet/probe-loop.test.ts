import { expect, it } from 'vitest';
import { runProbe } from '../../src/kubelet/probe.ts';
import { startProbeLoop } from '../../src/kubelet/probe-loop.ts';

it('a probe that cannot be asked at all fails as any other, and takes nothing down with it', async () => {
  const probe = { httpGet: { path: '//', port: 8080 }, periodSeconds: 0.06, failureThreshold: 1 };
  const verdict = await new Promise<string[]>((resolve) => {
    const stop = startProbeLoop(
      probe,
      () => runProbe(probe, { name: 'main' }, '127.0.0.1'),
      (...said) => {
        stop();
        resolve(said);
      },
    );
  });
  expect(verdict).toEqual(['failure', expect.stringContaining('Invalid URL')]);
});
