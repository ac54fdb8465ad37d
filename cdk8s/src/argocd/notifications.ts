import { stringify } from 'yaml';
import type { ArgoCdConfig } from '../config/argocd-config.ts';

/** What a commit status says, and when. Each becomes a trigger and a template of its own. */
interface Report {
  readonly state: 'success' | 'pending' | 'failure';
  /** In the language of argocd-notifications (expr), over `app`. */
  readonly when: string;
  readonly message: string;
}

const SYNCED =
  "app.status.sync.status == 'Synced' and app.status.operationState?.phase in ['Succeeded'] and app.status.operationState?.syncResult?.revision != nil";
const FAILED = "app.status.operationState?.phase in ['Error', 'Failed']";
const BROKEN = "app.status.health.status in ['Degraded', 'Unknown']";

const REPORTS: Readonly<Record<string, Report>> = {
  'cofferdam-proven': {
    state: 'success',
    when: `${SYNCED} and app.status.health.status == 'Healthy'`,
    message: 'Synced and healthy',
  },
  'cofferdam-broken': {
    state: 'failure',
    when: `${FAILED} or ${BROKEN}`,
    message: '{{.app.status.sync.status}}, {{.app.status.health.status}}',
  },
  'cofferdam-waiting': {
    state: 'pending',
    // Also what is healthy and not what Git says: somebody changed it by hand, or a commit is not synced yet.
    when: `not (${FAILED}) and not (${BROKEN}) and (app.status.health.status in ['Progressing', 'Suspended', 'Missing'] or app.status.sync.status != 'Synced')`,
    message: '{{.app.status.sync.status}}, {{.app.status.health.status}}',
  },
};

/**
 * Said once for each revision, and again when the health has changed or another sync has ended in between: after every
 * relapse there is a new success, and a soak begins anew. The revision is that of the comparison, so that a commit
 * which changes nothing here is reported on as well.
 */
const ONCE_PER = [
  'app.status.sync.revision',
  'app.status.sync.status',
  "string(app.status.health.lastTransitionTime ?? '')",
  "string(app.status.operationState?.finishedAt ?? '')",
].join(" + '@' + ");

/** Annotations by which an Application has its state reported. */
export const SUBSCRIPTIONS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(REPORTS).map((name) => [`notifications.argoproj.io/subscribe.${name}.github`, '']),
);

/**
 * `data` of the ConfigMap `argocd-notifications-cm`: the state of each Application as a commit status
 * `argocd/cofferdam-<env>` of what it runs, by which a promotion knows that its source has proved itself.
 */
export function notificationsData({ github, url }: ArgoCdConfig): Record<string, string> {
  if (github === undefined) return {};
  const { appId, installationId } = github;
  return {
    'service.github': stringify({
      appID: appId,
      installationID: installationId,
      privateKey: '$github-privateKey',
    }),
    ...Object.fromEntries(Object.entries(REPORTS).flatMap(([name, report]) => entries(name, report, url))),
  };
}

function entries(name: string, { state, when, message }: Report, url: string): [string, string][] {
  // What was said once per something is never said again of the same, so that of a drift that went by itself nobody
  // would hear: the second condition is one that is said whenever it has become true.
  const trigger = [
    { when, oncePer: ONCE_PER, send: [name] },
    { when, send: [name] },
  ];
  const status = {
    state,
    label: 'argocd/{{.app.metadata.name}}',
    targetURL: `${url}/applications/{{.app.metadata.namespace}}/{{.app.metadata.name}}`,
  };
  const github = {
    repoURLPath: '{{.app.spec.source.repoURL}}',
    revisionPath: '{{.app.status.sync.revision}}',
    status,
  };
  return [
    [`trigger.${name}`, stringify(trigger, { lineWidth: 0 })],
    [`template.${name}`, stringify({ message, github }, { lineWidth: 0 })],
  ];
}
