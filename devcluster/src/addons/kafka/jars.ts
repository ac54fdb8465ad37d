import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Supervisor } from '../../process/index.ts';
import { type Absent, missingMaven } from './java.ts';

/** The Apache Kafka that is run: the newest on Maven Central, on Java 17. */
export const KAFKA_VERSION = '4.4.0';

const FETCH_TIMEOUT_MS = 5 * 60_000;

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>dev.cofferdam</groupId>
  <artifactId>kafka</artifactId>
  <version>${KAFKA_VERSION}</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${KAFKA_VERSION}</version>
    </dependency>
  </dependencies>
  <build>
    <plugins>
      <plugin>
        <groupId>org.apache.maven.plugins</groupId>
        <artifactId>maven-dependency-plugin</artifactId>
        <version>3.8.1</version>
      </plugin>
    </plugins>
  </build>
</project>
`;

/**
 * The directory with Kafka's jars, fetched by Maven the first time. It appears whole or not at all, so that runs
 * side by side do not disturb each other: the first to finish wins, and the others throw theirs away.
 */
export async function ensureKafkaJars(options: {
  supervisor: Supervisor;
  cacheDirectory: string;
  onProgress: (line: string) => void;
}): Promise<{ directory: string } | Absent> {
  const { supervisor, cacheDirectory, onProgress } = options;
  const directory = join(cacheDirectory, `kafka-${KAFKA_VERSION}`);
  if (existsSync(directory)) return { directory };

  const missing = await missingMaven();
  if (missing !== undefined) return missing;

  const what = `fetching Apache Kafka ${KAFKA_VERSION} (45 MB, once)`;
  onProgress(what);
  mkdirSync(cacheDirectory, { recursive: true });
  const draft = mkdtempSync(join(cacheDirectory, 'fetching-'));
  supervisor.removeDirectoryAtEnd(draft);
  try {
    const complaint = await fetchJars(supervisor, draft, (megabytes) =>
      onProgress(`${what}: ${megabytes} MB`),
    );
    if (complaint !== undefined) return { absent: `Kafka could not be fetched: ${complaint}` };
    moveInto(join(draft, 'jars'), directory);
    return { directory };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Runs Maven, and answers what went wrong, if anything did. What it has fetched it keeps, for another try. */
async function fetchJars(
  supervisor: Supervisor,
  draft: string,
  onFetched: (megabytes: number) => void,
): Promise<string | undefined> {
  const pom = join(draft, 'pom.xml');
  writeFileSync(pom, POM);
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${draft}/jars`];
  const child = await supervisor.start('mvn', ['--batch-mode', '--file', pom, ...goal], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaint: string | undefined;
  let bytes = 0;
  const read = (line: string): void => {
    if (line.startsWith('[ERROR] ')) complaint ??= line.slice('[ERROR] '.length).trim();
    const fetched = fetchedBytes(line);
    if (fetched === 0) return;
    bytes += fetched;
    onFetched(Math.round(bytes / 1e6));
  };
  const streams = [child.process.stdout, child.process.stderr].filter((stream) => stream !== null);
  const ends = streams.map((stream) => readLines(stream, read));
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void child.stop({ graceMs: 1000 });
  }, FETCH_TIMEOUT_MS);
  const { code } = await child.exited;
  clearTimeout(timer);
  await Promise.all(ends);
  if (code === 0) return undefined;
  if (late)
    return `Maven took more than ${FETCH_TIMEOUT_MS / 60_000} minutes; the next start goes on from there`;
  return complaint ?? 'mvn failed';
}

function readLines(stream: Readable, read: (line: string) => void): Promise<void> {
  return new Promise((resolve) => createInterface({ input: stream }).on('line', read).once('close', resolve));
}

const UNITS: Record<string, number> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 };

/** `[INFO] Downloaded from central: https://... (1.2 MB at 3.4 MB/s)`; 0 for any other line. */
function fetchedBytes(line: string): number {
  const [, number, unit = ''] = /Downloaded from .* \(([\d.]+) (B|kB|MB|GB)\b/.exec(line) ?? [];
  return number === undefined ? 0 : Number(number) * (UNITS[unit] ?? 0);
}

function moveInto(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error; // otherwise another run was first
  }
}
