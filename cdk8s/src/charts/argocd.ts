import { customResourceDefinitions, PAYMENT_VAULT, PSP_CONNECTOR } from '@cofferdam/crds';
import { ApiObject, Chart, JsonPatch } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { PROJECT, projectSpec } from '../argocd/app-project.ts';
import { applicationSetSpec } from '../argocd/application-set.ts';
import { healthKey, healthScript } from '../argocd/health.ts';
import { ignoredDifferences, ignoredKey } from '../argocd/ignored-differences.ts';
import { notificationsData } from '../argocd/notifications.ts';
import type { ArgoCdConfig } from '../config/argocd-config.ts';
import type { Manifest } from '../manifest-files.ts';

export interface ArgoCdProps {
  readonly config: ArgoCdConfig;
  /** Name -> objects. */
  readonly environments: ReadonlyMap<string, readonly Manifest[]>;
}

/** What Argo CD has to be told: who may bring what where, which Applications there are, and how our kinds are judged. */
export class ArgoCd extends Chart {
  constructor(scope: Construct, id: string, { config, environments }: ArgoCdProps) {
    super(scope, id);
    const { namespace } = config;
    const add = (kind: string, spec: object, finalizers: string[] = []) => {
      const metadata = { name: PROJECT, namespace, ...(finalizers.length === 0 ? {} : { finalizers }) };
      const props = { apiVersion: 'argoproj.io/v1alpha1', kind, metadata };
      new ApiObject(this, kind, props).addJsonPatch(JsonPatch.add('/spec', spec));
    };
    // The finalizer keeps the project while an Application refers to it.
    add('AppProject', projectSpec(config, environments), ['resources-finalizer.argocd.argoproj.io']);
    add('ApplicationSet', applicationSetSpec(config, environments));
    this.addSettings(namespace, 'argocd-cm', customizations());
    this.addSettings(namespace, 'argocd-notifications-cm', notificationsData(config));
  }

  /** A ConfigMap that is Argo CD's: applied on the server's side, ours are some of its keys. */
  private addSettings(namespace: string, name: string, data: Record<string, string>): void {
    if (Object.keys(data).length === 0) return;
    // Argo CD reads those only that have this label.
    const labels = { 'app.kubernetes.io/part-of': 'argocd' };
    new k8s.KubeConfigMap(this, name, { metadata: { name, namespace, labels }, data });
  }
}

function customizations(): Record<string, string> {
  return Object.fromEntries([
    ...[PAYMENT_VAULT, PSP_CONNECTOR].map((names) => [healthKey(names), healthScript(names)] as const),
    ...customResourceDefinitions().map(
      (definition) => [ignoredKey(definition), ignoredDifferences(definition)] as const,
    ),
  ]);
}
