import { createWriteStream, mkdirSync, renameSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** As the kubelet's containerLogMaxSize. */
const MAX_BYTES = 10 * 1024 * 1024;

/** Where the output of one run of a container goes: `<logs>/<container>/<restart count>.log`. */
export const logFile = (podLogs: string, container: string, restart: number): string =>
  join(podLogs, container, `${restart}.log`);

export type ContainerLog = {
  follow(stream: Readable, name: 'stdout' | 'stderr'): void;
  close(): Promise<void>;
};

/** Writes lines in the format of the container runtime interface: time, stream, F or P, text. */
export function openContainerLog(podLogs: string, container: string, restart: number): ContainerLog {
  mkdirSync(join(podLogs, container), { recursive: true, mode: 0o700 });
  const path = logFile(podLogs, container, restart);
  const open = (): WriteStream =>
    // A full disk costs lines, not the node.
    createWriteStream(path, { flags: 'a', mode: 0o600 }).on('error', () => {});
  let file = open();
  let size = 0;

  function write(name: string, tag: 'F' | 'P', text: string): void {
    // The clock has milliseconds; the format wants nanoseconds.
    const line = `${new Date().toISOString().slice(0, 23)}000000Z ${name} ${tag} ${text}\n`;
    size += line.length;
    file.write(line);
    if (size < MAX_BYTES) return;
    size = 0;
    file.end();
    renameSync(path, `${path}.1`);
    file = open();
  }

  const endings: Promise<void>[] = [];
  return {
    follow(stream, name) {
      const decoder = new StringDecoder('utf8');
      let rest = '';
      stream.on('data', (chunk: Buffer) => {
        const lines = (rest + decoder.write(chunk)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) write(name, 'F', line);
        if (rest.length > 16_384) {
          write(name, 'P', rest);
          rest = '';
        }
      });
      endings.push(
        new Promise((resolve) => {
          stream.once('close', () => {
            if (rest !== '') write(name, 'F', rest);
            resolve();
          });
          stream.once('error', () => resolve());
        }),
      );
    },
    async close() {
      await Promise.all(endings);
      await new Promise<void>((resolve) => file.end(() => resolve()));
    },
  };
}
