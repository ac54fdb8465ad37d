import { ageOf } from '../output/age.ts';
import { type Column, table } from '../output/table.ts';
import { type Paint, printable } from '../output/terminal.ts';
import type { Component, ConnectorStatus, StatusReport, Summary, VaultStatus } from './report.ts';

export interface ScreenOptions {
  paint: Paint;
  now: number;
  /** A column for the namespace. */
  allNamespaces: boolean;
}

/** The report for a person: a table a kind, then a sentence and a command for each resource that is not Ready. */
export function statusScreen(report: StatusReport, options: ScreenOptions): string {
  const connectors = [...report.vaults.flatMap((vault) => vault.connectors), ...report.unbound];
  const tables = [
    ...(report.vaults.length === 0 ? [] : [table(vaultColumns(options), report.vaults)]),
    ...(connectors.length === 0 ? [] : [table(connectorColumns(options), connectors)]),
  ];
  const troubles = [
    ...report.vaults.map((vault) => trouble('paymentvault', vault, options.paint)),
    ...connectors.map((connector) => trouble('pspconnector', connector, options.paint)),
  ].filter((text) => text !== '');
  return [...tables, ...troubles].join('\n');
}

function vaultColumns(options: ScreenOptions): Column<VaultStatus>[] {
  return [
    ...summaryColumns<VaultStatus>('PaymentVault', options),
    { title: 'Vault', text: ({ components }) => replicas(components, 'vault') },
    { title: 'Router', text: ({ components }) => replicas(components, 'router') },
    { title: 'Topics', text: ({ topics }) => String(topics.length) },
    { title: 'Age', text: ({ created }) => ageOf(created, options.now) },
    { title: 'Key', text: ({ key }) => (key === null ? '' : `${key.arn} (${key.origin})`) },
  ];
}

function connectorColumns(options: ScreenOptions): Column<ConnectorStatus>[] {
  return [
    ...summaryColumns<ConnectorStatus>('PSPConnector', options),
    { title: 'Vault', text: ({ vault }) => vault },
    { title: 'Provider', text: ({ provider }) => provider },
    { title: 'Pods', text: ({ components }) => replicas(components, 'connector') },
    { title: 'Age', text: ({ created }) => ageOf(created, options.now) },
    {
      title: 'Accounts',
      text: ({ accounts }) =>
        accounts.map((one) => `${one.name} (${one.credentials}, ${one.reachable})`).join(', '),
    },
  ];
}

function summaryColumns<R extends Summary>(title: string, options: ScreenOptions): Column<R>[] {
  const paint = (status: string) => options.paint(status, COLOURS[status] ?? 'yellow');
  return [
    ...(options.allNamespaces ? [{ title: 'Namespace', text: ({ namespace }: R) => namespace }] : []),
    { title, text: ({ name }) => name },
    { title: 'Ready', text: ({ ready }) => ready, paint },
    { title: 'Available', text: ({ available }) => available, paint },
    { title: 'Reason', text: ({ reason }) => reason },
  ];
}

const COLOURS: Record<string, 'green' | 'red'> = { True: 'green', False: 'red' };

function replicas(components: readonly Component[], role: string): string {
  const component = components.find((one) => one.role === role);
  return `${component?.ready ?? 0}/${component?.wanted ?? 0}`;
}

function trouble(kind: string, { namespace, name, ready, message }: Summary, paint: Paint): string {
  if (ready === 'True') return '';
  const command = `cofferdam why ${kind}/${name} -n ${namespace}`;
  return `${paint(`${kind}/${name}`, 'bold')}: ${printable(message)}\n  ${command}\n`;
}
