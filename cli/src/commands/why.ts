import { Command } from 'commander';
import { type ClusterOptions, withCluster, withClusterOptions } from '../cluster/connect.ts';
import { painter, type Terminal } from '../output/terminal.ts';
import { answer } from '../why/answer.ts';
import { causeOf } from '../why/cause.ts';
import { gatherEvidence } from '../why/gather.ts';
import { parseSubject } from '../why/subject.ts';

type Options = ClusterOptions & { operatorNamespace: string };

/** `cofferdam why`: the cause and the next step, from all that a cluster has to say. */
export function whyCommand(terminal: Terminal): Command {
  const command = new Command('why')
    .description('Say why a resource is not ready: the cause, what supports it, the next step.')
    .argument('<kind/name>', 'paymentvault (pvault), pspconnector (pspc), deployment, job or pod')
    .option('--operator-namespace <name>', 'where the operator runs', 'cofferdam-system')
    .addHelpText('after', HELP)
    .action(async (text: string, options: Options) => {
      const subject = parseSubject(text);
      const { operatorNamespace } = options;
      const evidence = await withCluster(terminal, options, (cluster) =>
        gatherEvidence(cluster, subject, { operatorNamespace, now: terminal.now() }),
      );
      const cause = causeOf(evidence);
      terminal.stdout.write(answer(evidence.subject, cause, painter(terminal)));
      terminal.setExitStatus(cause === undefined ? 0 : 2);
    });
  return withClusterOptions(command);
}

const HELP = `
It looks at the conditions (Stalled first, then the first that fails), events, Deployments, Jobs, pods and the last
log lines of a container that crashed. It only reads, and reads no Secret.

Exit status: 0 nothing is wrong, 2 something is, 3 the cluster cannot be reached, 1 any other error.

Examples:
  cofferdam why pvault/payments -n payments-dev
  cofferdam why pspconnector/stripe
  cofferdam why job/payments-vault-migrate-1a2b3c4d
`;
