import type { Protocol } from '@cofferdam/operator/network';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type ClusterOptions, withCluster, withClusterOptions } from '../cluster/connect.ts';
import { endsOf } from '../network/ends.ts';
import { explain, explanation } from '../network/explain.ts';
import type { NetworkView } from '../network/gather.ts';
import { OUTPUT_FORMATS, type OutputFormat, toJson, toYaml } from '../output/structured.ts';
import { painter, type Terminal } from '../output/terminal.ts';
import { type FactOptions, factsFrom, keyArnOf, withFactOptions } from '../render/facts.ts';

type Options = ClusterOptions &
  FactOptions & {
    from: string;
    to: string;
    port: number;
    protocol: Protocol;
    filename?: string[];
    output: OutputFormat;
  };

/** `cofferdam network explain`: who can reach whom on which port, and which policies say so. */
export function networkCommand(terminal: Terminal): Command {
  const command = new Command('explain')
    .description('Say whether the NetworkPolicies let a connection through, and which of them decide it.')
    .requiredOption('--from <end>', 'who connects: a pod, a workload, labels, an address or a CIDR block')
    .requiredOption('--to <end>', 'to whom, in the same words')
    .requiredOption('--port <number>', 'port of the pod, which a Service may call otherwise', port)
    .addOption(new Option('--protocol <name>', 'protocol').choices(['TCP', 'UDP', 'SCTP']).default('TCP'))
    .option('-f, --filename <path...>', 'file, directory or - for stdin, instead of a cluster')
    .addOption(new Option('-o, --output <format>', 'format').choices(OUTPUT_FORMATS).default('table'))
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const { view, namespace } = await look(terminal, options);
      const answers = explain(
        {
          from: endsOf(options.from, { ...view, namespace }),
          to: endsOf(options.to, { ...view, namespace }),
        },
        { port: options.port, protocol: options.protocol },
        view.world,
      );
      if (options.output === 'json') terminal.stdout.write(toJson(answers));
      else if (options.output === 'yaml') terminal.stdout.write(toYaml(answers));
      else terminal.stdout.write(explanation(answers, painter(terminal)));
      terminal.setExitStatus(answers.every(({ allowed }) => allowed) ? 0 : 2);
    });
  return new Command('network')
    .description('What the NetworkPolicies let through.')
    .addCommand(withFactOptions(withClusterOptions(command)));
}

async function look(terminal: Terminal, options: Options): Promise<{ view: NetworkView; namespace: string }> {
  const { networkOfCluster, networkOfFiles } = await import('../network/gather.ts');
  const { filename: paths } = options;
  if (paths === undefined) {
    return withCluster(terminal, options, async (cluster) => ({
      view: await networkOfCluster(cluster),
      namespace: cluster.namespace,
    }));
  }
  const namespace = options.namespace ?? 'default';
  const facts = {
    facts: factsFrom(options, '{"keys":[]}\n'),
    keyArn: (vault: Parameters<typeof keyArnOf>[0]) => keyArnOf(vault, options.keyArn),
  };
  return {
    view: await networkOfFiles({ paths, namespace, readStdin: terminal.readStdin, facts }),
    namespace,
  };
}

function port(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= 65_535) return number;
  throw new InvalidArgumentError('A port is a number from 1 to 65535.');
}

const HELP = `
An end is [namespace/]name of a pod or workload, [namespace/]key=value,... of pods, an IP address or a CIDR block.
With -f, PaymentVaults and PSPConnectors stand for what the operator makes of them, and no cluster is asked.
It answers for the policies alone: not for firewalls, routes, pods of the host's network, or a network plugin that
enforces none.

Exit status: 0 allowed, 2 not, or not for all that the ends mean, 3 the cluster cannot be reached, 1 any other error.

Examples:
  cofferdam network explain --from stripe-connector --to 203.0.113.0/24 --port 443 -n payments-dev
  cofferdam network explain --from default/app=shop --to payments-dev/payments-vault --port 8080
  cofferdam network explain -f environments/dev/rendered -n payments-dev --from stripe-connector --to adyen-connector --port 8080
`;
