import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TIMEOUT_MS = 20_000;

/** The oldest Java that a Kafka 4 broker runs on. */
const MINIMUM_JAVA = 17;

/** Why there is no Kafka: one line for a person to read. */
export interface Absent {
  absent: string;
}

/**
 * Whether this machine can run Kafka: there is no broker in npm, so it takes Java to run one and Maven to fetch it.
 *
 * @returns undefined when it can, otherwise what is missing
 */
export async function findJavaAndMaven(): Promise<Absent | undefined> {
  const java = await output('java', ['-version']);
  if (java === undefined) return { absent: 'Kafka needs Java and Maven, and there is no java here' };
  const version = Number(/version "(\d+)/.exec(java)?.[1] ?? 0);
  if (version < MINIMUM_JAVA)
    return { absent: `Kafka needs Java ${MINIMUM_JAVA} or newer, and this is Java ${version || 'unknown'}` };
  if ((await output('mvn', ['-version'])) === undefined)
    return { absent: 'Kafka needs Java and Maven, and there is no mvn here' };
  return undefined;
}

/** What a program prints; undefined when there is none or it fails. */
async function output(program: string, args: string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await run(program, args, { timeout: TIMEOUT_MS });
    return stdout + stderr;
  } catch {
    return undefined;
  }
}
