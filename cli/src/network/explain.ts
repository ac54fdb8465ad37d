import { canConnect, type Protocol, type Reason, type World } from '@cofferdam/operator/network';
import type { Paint } from '../output/terminal.ts';
import { type End, isSamePod } from './ends.ts';

/** The answer for one pair of ends. */
export interface Explained {
  from: string;
  to: string;
  port: number;
  protocol: Protocol;
  allowed: boolean;
  by: Reason[];
}

/** Every pair. A workload that is asked about itself stands for two of its pods. */
export function explain(
  ends: { from: readonly End[]; to: readonly End[] },
  at: { port: number; protocol: Protocol },
  world: World,
): Explained[] {
  return ends.from.flatMap((from) =>
    ends.to.map((to) => {
      const same = isSamePod(from.endpoint, to.endpoint);
      const endpoint = same ? { ...to.endpoint, name: ' another of its pods' } : to.endpoint;
      const verdict = canConnect({ from: from.endpoint, to: endpoint, ...at }, world);
      return { from: from.name, to: same ? `another of its pods` : to.name, ...at, ...verdict };
    }),
  );
}

export function explanation(answers: readonly Explained[], paint: Paint): string {
  return answers
    .flatMap(({ from, to, port, protocol, allowed, by }) => [
      `${allowed ? paint('yes', 'green') : paint('no', 'red')}: ${from} -> ${to} on ${port}/${protocol}`,
      ...by.map((reason) => `  ${reason.side.padEnd(7)}  ${because(reason)}`),
    ])
    .map((line) => `${line}\n`)
    .join('');
}

function because(reason: Reason): string {
  switch (reason.why) {
    case 'rule':
      return `allowed by ${reason.policy}, spec.${reason.side}[${reason.rule}]`;
    case 'notSelected':
      return 'allowed: no policy selects the pod for this direction';
    case 'outside':
      return 'not a pod: no policy speaks for it';
    case 'denied':
      return `denied: selected by ${reason.policies.join(', ')}, and no rule there allows it`;
  }
}
