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

/** Whether this machine has a Java that runs Kafka: undefined when it has, otherwise what is missing. */
export async function missingJava(): Promise<Absent | undefined> {
  const java = await output('java', ['-version']);
  if (java === undefined) return { absent: 'Kafka needs Java and Maven, and there is no java here' };
  const version = Number(/version "(\d+)/.exec(java)?.[1] ?? 0);
  if (version < MINIMUM_JAVA)
    return { absent: `Kafka needs Java ${MINIMUM_JAVA} or newer, and this is Java ${version || 'unknown'}` };
  return undefined;
}

/** Whether this machine has Maven, which is needed once: there is no broker in npm. */
export async function missingMaven(): Promise<Absent | undefined> {
  if ((await output('mvn', ['-version'])) !== undefined) return undefined;
  return { absent: 'Kafka needs Maven to be fetched (once), and there is no mvn here' };
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
