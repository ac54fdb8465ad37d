import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startKafka } from '../../../src/addons/index.ts';
import { ensureKafkaJars } from '../../../src/addons/kafka/jars.ts';
import { createSupervisor, type Supervisor } from '../../../src/process/index.ts';

let directory: string;
let supervisor: Supervisor;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'cofferdam-test-'));
  supervisor = await createSupervisor();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await supervisor.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Puts programs of ours before, or in place of, those of the machine. */
function programs(scripts: Record<string, string>, others = ''): void {
  const bin = join(directory, 'bin');
  mkdirSync(bin, { recursive: true });
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  vi.stubEnv('PATH', `${bin}${others}`);
}

describe('without what Kafka needs', () => {
  const start = () =>
    startKafka({
      ...{ host: '127.0.0.1', port: 1, supervisor },
      ...{ stateDirectory: join(directory, 'state'), cacheDirectory: join(directory, 'cache') },
    });
  const java = 'echo \'openjdk version "21.0.2"\' >&2';

  test.each([
    ['no Java', {}, 'Kafka needs Java and Maven, and there is no java here'],
    [
      'an old Java',
      { java: 'echo \'java version "11.0.2"\' >&2' },
      'Kafka needs Java 17 or newer, and this is Java 11',
    ],
    ['no Maven', { java }, 'Kafka needs Maven to be fetched (once), and there is no mvn here'],
  ])('startKafka() says in one line that there is %s', async (_what, scripts, absent) => {
    programs(scripts);
    expect(await start()).toEqual({ absent });
  });

  test('startKafka() says in one line that Maven cannot fetch it, and leaves no half of it', async () => {
    const mvn =
      'case "$*" in *-version*) ;; *) echo "[INFO] x"; echo "[ERROR] central is unreachable"; exit 1;; esac';
    programs({ java, mvn });
    expect(await start()).toEqual({ absent: 'Kafka could not be fetched: central is unreachable' });
    expect(readdirSync(join(directory, 'cache'))).toEqual([]);
  });
});

describe('ensureKafkaJars()', () => {
  test('fetches once, whoever asks at the same time, and tells about it', async () => {
    const mvn = `for a in "$@"; do case $a in -DoutputDirectory=*) out=\${a#*=};; esac; done
echo run >> ${directory}/runs; sleep 0.2; mkdir -p $out; echo jar > $out/kafka.jar`;
    programs({ mvn }, ':/usr/bin:/bin');
    const lines: string[] = [];
    const cacheDirectory = join(directory, 'cache');
    const ensure = () =>
      ensureKafkaJars({ supervisor, cacheDirectory, onProgress: (line) => lines.push(line) });
    const [one, two] = await Promise.all([ensure(), ensure()]);
    const later = await ensure();
    expect([one, two, later].map((jars) => ('absent' in jars ? jars : readdirSync(jars.directory)))).toEqual([
      ['kafka.jar'],
      ['kafka.jar'],
      ['kafka.jar'],
    ]);
    expect(readdirSync(cacheDirectory).length).toBe(1);
    expect(lines).toEqual([lines[0], lines[0]]);
    expect(lines[0]).toMatch(/^fetching Apache Kafka 4/);
  });

  test('needs no Maven once they are there, and tells on the way how much has come', async () => {
    const mvn = `for a in "$@"; do case $a in -DoutputDirectory=*) out=\${a#*=};; esac; done
echo "[INFO] Downloaded from central: https://repo/kafka.jar (12 MB at 3.4 MB/s)"
echo "[INFO] Downloaded from central: https://repo/zstd.jar (7.4 MB at 3.4 MB/s)"
[ -n "$out" ] && mkdir -p $out && echo jar > $out/kafka.jar; exit 0`;
    programs({ mvn }, ':/usr/bin:/bin');
    const lines: string[] = [];
    const cacheDirectory = join(directory, 'cache');
    const ensure = () =>
      ensureKafkaJars({ supervisor, cacheDirectory, onProgress: (line) => lines.push(line) });
    const first = await ensure();
    expect(lines.map((line) => line.split(': ')[1])).toEqual([undefined, '12 MB', '19 MB']);
    programs({ mvn: 'exit 1' });
    expect(await ensure()).toEqual(first);
  });
});
