import { type Check, stalled, wrong } from './check.ts';
import { isRolledOut, type ObservedDeployment } from './observed-types.ts';
import type { PodTrouble } from './pod-trouble.ts';

/** One Deployment of ours and what is known of its pods. */
export type Workload = {
  name: string;
  deployment: ObservedDeployment | undefined;
  trouble: PodTrouble | undefined;
  /** It was given another pod template, which is not observed yet: what is observed is of before. */
  changing?: boolean;
};

/** At least one pod serves; older ones count. */
export const serves: Check<Workload> = ({ name, deployment, trouble }) => {
  if ((deployment?.status?.availableReplicas ?? 0) > 0) return undefined;
  if (trouble !== undefined) return wrong(trouble.reason, trouble.message);
  return deployment === undefined
    ? wrong('Waiting', `Deployment ${name} is not there yet`)
    : wrong('PodsNotReady', `Deployment ${name} has no ready pod yet`);
};

/** Every pod is of the wanted version and ready. */
export const rolledOut: Check<Workload> = ({ name, deployment, trouble, changing }) => {
  if (deployment === undefined) return wrong('Waiting', `Deployment ${name} is not there yet`);
  if (changing) return wrong('Progressing', `Deployment ${name} has just been changed`);
  if (isRolledOut(deployment)) return undefined;
  const { status, spec } = deployment;
  const wanted = spec?.replicas ?? 1;
  const { updatedReplicas = 0, availableReplicas = 0 } = status ?? {};
  const progress = status?.conditions?.find(({ type }) => type === 'Progressing');
  const isLate = progress?.status === 'False' && progress.reason === 'ProgressDeadlineExceeded';
  // Known or not: what has used up its time is no longer on its way. Argo CD would wait for it without an end, and
  // take up no newer commit meanwhile, such as the one that undoes this one.
  if (trouble !== undefined) return (isLate ? stalled : wrong)(trouble.reason, trouble.message);
  if (isLate) {
    return stalled(
      'RolloutStuck',
      `Deployment ${name} has not progressed in time: ${progress.message ?? ''}`,
    );
  }
  return wrong(
    'PodsNotReady',
    `Deployment ${name}: ${availableReplicas} of ${wanted} pods ready, ${updatedReplicas} of them new`,
  );
};
