import type { Container } from '../controllers/objects.ts';
import { runProbe } from './probe.ts';
import { startProbeLoop } from './probe-loop.ts';

export type ProbeEvents = {
  started(): void;
  ready(ready: boolean): void;
  /** The container has to be started again. */
  unhealthy(probe: 'Startup' | 'Liveness', message: string): void;
  failed(probe: 'Startup' | 'Liveness' | 'Readiness', message: string): void;
};

/** Runs the probes of one run of a container: the startup probe first, the others once it has succeeded. */
export function startContainerProbes(container: Container, podIp: string, events: ProbeEvents): () => void {
  const { startupProbe, readinessProbe, livenessProbe } = container;
  const stops: (() => void)[] = [];

  function afterStart(): void {
    events.started();
    if (readinessProbe === undefined) events.ready(true);
    else {
      const ask = () => runProbe(readinessProbe, container, podIp);
      stops.push(
        startProbeLoop(readinessProbe, ask, (verdict, message) => {
          if (verdict === 'failure') events.failed('Readiness', message);
          events.ready(verdict === 'success');
        }),
      );
    }
    if (livenessProbe !== undefined) watch('Liveness', livenessProbe, () => {});
  }

  function watch(
    name: 'Startup' | 'Liveness',
    probe: NonNullable<typeof livenessProbe>,
    passed: () => void,
  ): void {
    const stop = startProbeLoop(
      probe,
      () => runProbe(probe, container, podIp),
      (verdict, message) => {
        if (verdict === 'success') return passed();
        stop();
        events.failed(name, message);
        events.unhealthy(name, message);
      },
    );
    stops.push(stop);
  }

  if (startupProbe === undefined) afterStart();
  else {
    let once = false;
    watch('Startup', startupProbe, () => {
      if (once) return;
      once = true;
      for (const stop of stops.splice(0)) stop();
      afterStart();
    });
  }
  return () => {
    for (const stop of stops.splice(0)) stop();
  };
}
