import { REASON } from '@cofferdam/crds';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ContainerStatus, ObservedJob, ObservedPod } from '../../src/cluster/observed.ts';
import { answer } from '../../src/why/answer.ts';
import { causeOf } from '../../src/why/cause.ts';
import type { Evidence, Subject, Workload } from '../../src/why/evidence.ts';
import { conditions, connector, deployment, FINE, NAMESPACE, vault } from '../support/resources.ts';

function evidence(subject: Subject, more: Partial<Evidence> = {}): Evidence {
  return {
    subject,
    workloads: [],
    pods: [],
    events: [],
    logs: new Map(),
    operatorSilentMs: 1_000,
    operatorNamespace: 'cofferdam-system',
    ...more,
  };
}

const aboutVault = (said: Record<string, string>, more: Partial<Evidence> = {}) =>
  evidence({ kind: 'PaymentVault', object: vault(said) }, more);
const aboutConnector = (said: Record<string, string>) =>
  evidence({ kind: 'PSPConnector', object: connector(said) });

function pod(container: Partial<ContainerStatus>, status: ObservedPod['status'] = {}): ObservedPod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'payments-vault-abc', namespace: NAMESPACE, uid: 'pod-uid' },
    status: { phase: 'Running', containerStatuses: [{ name: 'vault', ...container }], ...status },
  };
}

function job(said: Record<string, string>): ObservedJob {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'payments-vault-migrate-1', namespace: NAMESPACE, uid: 'job-uid' },
    status: { failed: 11, conditions: conditions(said) },
  };
}

const notReady = (pods: ObservedPod[]): Workload => ({
  kind: 'Deployment',
  object: deployment('vault', vault(), 0),
  pods,
});

describe('causeOf() a PaymentVault or PSPConnector', () => {
  it('finds nothing wrong with what is Ready', () => {
    expect(causeOf(aboutVault(FINE))).toBeUndefined();
    expect(
      causeOf(aboutConnector({ ...FINE, Reachable: 'Unknown NotReported not called yet' })),
    ).toBeUndefined();
  });

  it('takes Stalled before a condition that fails earlier in the list', () => {
    const found = causeOf(
      aboutVault({
        Ready: 'False KeyDisabled KeyBound: the key is disabled',
        Stalled: 'True KeyDisabled KeyBound: the key is disabled',
        TopicsReady: 'False BrokerUnreachable no broker answers',
      }),
    );
    expect(found).toMatchObject({
      check: 'stalled',
      cause: 'KeyDisabled: the key is disabled',
      next: 'aws kms enable-key --key-id arn:aws:kms:eu-central-1:000000000000:key/1 --region eu-central-1',
    });
  });

  it('takes the first False part before an Unknown one', () => {
    const found = causeOf(
      aboutConnector({
        Ready: 'False VaultNotReady VaultBound: waits',
        CredentialsPresent: 'Unknown NotReported not reported',
        VaultBound: 'False VaultNotReady it does not serve yet',
      }),
    );
    expect(found).toMatchObject({
      check: 'condition-false',
      cause: 'VaultNotReady: it does not serve yet',
      next: 'cofferdam why paymentvault/payments -n payments-dev',
    });
  });

  it('names the Secret of the account that lacks it, with the keys that its provider needs', () => {
    const seen = aboutConnector({
      Ready: 'False CredentialsMissing x',
      Stalled: 'True CredentialsMissing account acme: Secret is missing',
    });
    expect(causeOf(seen)?.next).toBe(
      "kubectl -n payments-dev create secret generic stripe-acme --from-literal=apiKey='<apiKey>' --dry-run=client -o yaml | kubectl apply -f -",
    );
  });

  it('says that the operator does not run, where a new generation is not acted on', () => {
    const object = vault();
    object.metadata.generation = 2;
    const found = causeOf(evidence({ kind: 'PaymentVault', object }, { operatorSilentMs: 600_000 }));
    expect(found?.check).toBe('not-observed');
    expect(found?.cause).toBe(
      'the operator does not run: its lease in cofferdam-system was last renewed 10m ago',
    );
  });

  it('doubts a status that nobody keeps up to date', () => {
    const seen = aboutVault({ Ready: 'False TopicMismatch x' }, { operatorSilentMs: 600_000 });
    expect(causeOf(seen)?.support.at(-1)).toMatch(/^the operator does not run.*may be old$/);
  });

  it('shows how to go on after a pause', () => {
    expect(causeOf(aboutVault({ Ready: 'Unknown Paused spec.paused is true' }))?.next).toBe(
      `kubectl -n payments-dev patch paymentvault payments --type=merge -p '{"spec":{"paused":null}}'`,
    );
  });

  it('says what a deletion waits for', () => {
    const object = vault();
    object.metadata.deletionTimestamp = '2026-01-01T00:01:00Z';
    object.metadata.finalizers = ['payments.cofferdam.dev/cleanup'];
    expect(causeOf(evidence({ kind: 'PaymentVault', object }))).toMatchObject({
      check: 'deleting',
      cause: 'it is being deleted since 2026-01-01T00:01:00Z, and waits for payments.cofferdam.dev/cleanup',
    });
  });

  it('always has a cause in one line and a next step for what is not Ready', () => {
    const said = fc.record({
      status: fc.constantFrom('False', 'Unknown'),
      reason: fc.constantFrom(...Object.values(REASON), 'OfANewerRelease'),
      message: fc.string(),
    });
    fc.assert(
      fc.property(said, fc.boolean(), ({ status, reason, message }, ofVault) => {
        const texts = {
          Ready: `${status} ${reason} ${message}`,
          Available: `${status} ${reason} ${message}`,
        };
        const seen = ofVault ? aboutVault(texts) : aboutConnector(texts);
        const found = causeOf(seen);
        const [first = ''] = answer(seen.subject, found, (text) => text).split('\n');
        expect(first).toContain(reason);
        expect(found?.next).toMatch(/^(kubectl|aws|cofferdam) /);
        expect(found?.next).not.toContain('undefined');
      }),
    );
  });
});

describe('causeOf() a workload', () => {
  it('gives the last error of a crashing container, not the last line', () => {
    const logs = [
      '{"level":"info","msg":"starting"}',
      '{"level":"fatal","msg":"DATABASE_DIR: no such directory"}',
      '{"level":"info","msg":"closed"}',
    ];
    const crashing = pod({
      restartCount: 4,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 1, reason: 'Error' } },
    });
    const seen = aboutVault(
      { Ready: 'False PodsCrashing x', Available: 'False PodsCrashing pod ends again and again' },
      { workloads: [notReady([crashing])], logs: new Map([['payments-vault-abc/vault', logs]]) },
    );
    expect(causeOf(seen)).toEqual({
      check: 'condition-false',
      cause:
        'container vault of pod payments-vault-abc ends with exit status 1: DATABASE_DIR: no such directory',
      support: [
        'condition Available=False PodsCrashing: pod ends again and again',
        'container vault: Error, exit status 1, 4 restarts',
        ...logs.map((line) => `log: ${line}`),
      ],
      next: 'kubectl -n payments-dev logs payments-vault-abc -c vault --previous',
    });
  });

  it('finds a missing Secret in the event of a pod that cannot mount it, and knows its keys', () => {
    const waiting = pod({ state: { waiting: { reason: 'ContainerCreating' } } }, { phase: 'Pending' });
    const seen = aboutVault(
      { Ready: 'False DatabaseSecretMissing x', Stalled: 'True DatabaseSecretMissing Secret not found' },
      {
        workloads: [{ kind: 'Job', object: job({}), pods: [waiting] }],
        events: [
          {
            apiVersion: 'v1',
            kind: 'Event',
            metadata: { name: 'e' },
            reason: 'FailedMount',
            message: 'MountVolume.SetUp failed for volume "database" : secret "cards-owner" not found',
            involvedObject: { kind: 'Pod', name: waiting.metadata.name, uid: 'pod-uid' },
          },
        ],
      },
    );
    const found = causeOf(seen);
    expect(found?.cause).toBe('Secret payments-dev/cards-owner does not exist');
    expect(found?.next).toContain(
      "create secret generic cards-owner --from-literal=host='<host>' --from-literal=port='<port>'",
    );
    expect(found?.support).toContain(
      'event FailedMount of pod/payments-vault-abc: MountVolume.SetUp failed for volume "database" : secret "cards-owner" not found',
    );
  });

  it('tells the workload that the reason is about from others that are wrong as well', () => {
    const crashed = pod({
      state: { terminated: { exitCode: 1, reason: 'Error', message: 'wrong database' } },
    });
    const waiting = pod({
      state: { waiting: { reason: 'CreateContainerConfigError', message: 'secret "cards-owner" not found' } },
    });
    const workload = (one: ObservedPod): Workload => ({ kind: 'Job', object: job({}), pods: [one] });
    const seen = aboutVault(
      { Ready: 'False DatabaseSecretMissing x', Stalled: 'True DatabaseSecretMissing Secret not found' },
      { workloads: [workload(crashed), workload(waiting)] },
    );
    expect(causeOf(seen)?.cause).toBe('Secret payments-dev/cards-owner does not exist');
    expect(causeOf(seen)?.support.at(-1)).toBe(
      'also: container vault of pod payments-vault-abc ends with exit status 1: wrong database',
    );
  });

  it.each<[string, ObservedPod, string]>([
    [
      'image-pull',
      pod({ state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } } }),
      'pod payments-vault-abc cannot pull the image of container vault: no such image',
    ],
    [
      'out-of-memory',
      pod({
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { reason: 'OOMKilled', exitCode: 137 } },
      }),
      'container vault of pod payments-vault-abc was killed: it needed more memory than its limit',
    ],
    [
      'pod-unschedulable',
      pod(
        {},
        {
          phase: 'Pending',
          conditions: conditions({ PodScheduled: 'False Unschedulable 0/1 nodes are available' }),
        },
      ),
      'no node takes pod payments-vault-abc: 0/1 nodes are available',
    ],
    [
      'container-start',
      pod({ state: { waiting: { reason: 'CreateContainerError', message: 'bad mount' } } }),
      'container vault of pod payments-vault-abc cannot start: bad mount',
    ],
    [
      'pod-not-ready',
      pod({ ready: false, state: { running: { startedAt: '2026-01-01T00:00:00Z' } } }),
      'container vault of pod payments-vault-abc runs and is not ready (running since 2026-01-01T00:00:00Z)',
    ],
    [
      'pod-not-started',
      pod({ state: { waiting: { reason: 'ContainerCreating' } } }, { phase: 'Pending' }),
      'pod payments-vault-abc is pending: no node has taken it yet',
    ],
  ])('%s', (check, object, cause) => {
    expect(causeOf(evidence({ kind: 'Pod', object }))).toMatchObject({ check, cause });
  });

  it('lets a container be that crashed once and is ready again', () => {
    const recovered = pod({
      ready: true,
      restartCount: 1,
      state: { running: {} },
      lastState: { terminated: { exitCode: 1 } },
    });
    expect(causeOf(evidence({ kind: 'Pod', object: recovered }))).toBeUndefined();
  });

  it('says that a quota refuses the pods', () => {
    const object = deployment('vault', vault(), 0);
    const said = conditions({ ReplicaFailure: 'True FailedCreate exceeded quota: pods=4' });
    object.status = { ...object.status, conditions: said };
    const seen = evidence(
      { kind: 'Deployment', object },
      { workloads: [{ kind: 'Deployment', object, pods: [] }] },
    );
    expect(causeOf(seen)).toMatchObject({
      check: 'pods-refused',
      cause: 'the pods of Deployment payments-vault are refused: exceeded quota: pods=4',
    });
  });

  it('finds nothing wrong with a Job that is complete, and says why one failed', () => {
    const complete = job({ Complete: 'True CompletionsReached ' });
    const failed = job({ Failed: 'True BackoffLimitExceeded Job has reached the specified backoff limit' });
    const ask = (object: ObservedJob) =>
      causeOf(evidence({ kind: 'Job', object }, { workloads: [{ kind: 'Job', object, pods: [] }] }));
    expect(ask(complete)).toBeUndefined();
    expect(ask(failed)?.cause).toBe(
      'Job payments-vault-migrate-1 failed: Job has reached the specified backoff limit',
    );
  });
});
