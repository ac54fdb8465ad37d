import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { CliError } from '../errors.ts';
import { nameOf } from '../manifests/resource.ts';
import { toYaml } from '../output/structured.ts';
import type { Terminal } from '../output/terminal.ts';
import { type FactOptions, factsFrom, granteesOf, keyArnOf, withFactOptions } from '../render/facts.ts';

type Options = FactOptions & { filename: string[]; namespace: string; jwks?: string };

/** `cofferdam render`: what the operator would apply, without a cluster. */
export function renderCommand(terminal: Terminal): Command {
  const command = new Command('render')
    .description('Print what the operator would apply, as YAML, offline.')
    .requiredOption('-f, --filename <path...>', 'file, directory or - for stdin')
    .option('-n, --namespace <name>', 'of resources that name none', 'default')
    .option('--jwks <file>', "keys that sign the cluster's service-account tokens; default: none")
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const [{ loadResources }, { planResources }] = await Promise.all([
        import('../manifests/load.ts'),
        import('../render/plan.ts'),
      ]);
      const { filename: paths, namespace, jwks, keyArn } = options;
      const resources = await loadResources({ paths, namespace, readStdin: terminal.readStdin });
      const keys = jwks === undefined ? '{"keys":[]}\n' : await readJwks(jwks);
      const facts = factsFrom(options, keys, granteesOf(resources));
      const rendered = planResources(resources, { facts, keyArn: (vault) => keyArnOf(vault, keyArn) });
      const refused = rendered.filter((one) => one.refused !== undefined);
      if (refused.length > 0) {
        const reasons = refused.map((one) => `${nameOf(one.resource)}: ${one.refused}`);
        throw new CliError('manifest_invalid', reasons.join('\n'));
      }
      for (const { resource, manifests } of rendered)
        for (const { object } of manifests)
          terminal.stdout.write(`---\n# of ${nameOf(resource)}\n${toYaml(object)}`);
    });
  return withFactOptions(command);
}

function readJwks(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: Error) => {
    throw new CliError('usage_invalid', `--jwks ${file}: ${error.message}`, error);
  });
}

const HELP = `
It shows the state after every migration is complete and every key is bound, with kms.granteePrincipal on the
operator's allow-list. Owner references, which need the uid of
the resource, are left out; so are KMS keys and Kafka topics, which are no Kubernetes objects.
A PSPConnector is rendered together with its PaymentVault: give both. Same input, same bytes.

Exit status: 0 rendered, 1 a manifest is not valid or would be refused by the operator.

Examples:
  cofferdam render -f environments/dev/rendered
  cofferdam render -f vault.yaml -f stripe.yaml -n payments-dev --image-vault ghcr.io/cofferdam/vault@sha256:...
`;
