import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Supervisor } from '../../process/index.ts';
import type { Absent } from './java.ts';

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

  onProgress(`fetching Apache Kafka ${KAFKA_VERSION} (45 MB, once)`);
  mkdirSync(cacheDirectory, { recursive: true });
  const draft = mkdtempSync(join(cacheDirectory, 'fetching-'));
  supervisor.removeDirectoryAtEnd(draft);
  try {
    const complaint = await fetchJars(supervisor, draft);
    if (complaint !== undefined) return { absent: `Kafka could not be fetched: ${complaint}` };
    moveInto(join(draft, 'jars'), directory);
    return { directory };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Runs Maven, and answers what went wrong, if anything did. */
async function fetchJars(supervisor: Supervisor, draft: string): Promise<string | undefined> {
  const pom = join(draft, 'pom.xml');
  writeFileSync(pom, POM);
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${draft}/jars`];
  const child = await supervisor.start('mvn', ['--batch-mode', '--quiet', '--file', pom, ...goal], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.process.stdout, child.process.stderr])
    stream?.on('data', (chunk) => {
      text += String(chunk);
    });
  const timer = setTimeout(() => void child.stop({ graceMs: 1000 }), FETCH_TIMEOUT_MS);
  const { code } = await child.exited;
  clearTimeout(timer);
  if (code === 0) return undefined;
  const error = text.split('\n').find((line) => line.startsWith('[ERROR]'));
  return error?.slice('[ERROR] '.length).trim() ?? 'mvn failed';
}

function moveInto(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error; // otherwise another run was first
  }
}
