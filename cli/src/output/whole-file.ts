import { rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { CliError } from '../errors.ts';

const CHUNK_CHARACTERS = 1 << 16;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Writes lines to a file that only its owner can read. It appears when it is whole: until then the lines stand beside
 * it, and after a failure or Ctrl-C what was there is as it was. A pipe or a device is written to as it is.
 *
 * @throws {CliError} `usage_invalid`: it cannot be written
 */
export async function writeWholeFile(path: string, lines: AsyncIterable<string>): Promise<void> {
  const refuse = (error: Error): never => {
    throw new CliError('usage_invalid', `${path} cannot be written: ${error.message}`, error);
  };
  if (await isSpecial(path)) return write(await open(path, 'w').catch(refuse), lines, refuse);
  // A link is to go on pointing to where it does.
  const target = await realpath(path).catch(() => path);
  const partial = `${target}.${process.pid}.partial`;
  // Made at once, and not before whoever removes it listens: there is no moment at which Ctrl-C would leave it.
  const ignoreSignals = removeAtSignal(partial);
  try {
    create(partial, refuse);
    await write(await open(partial, 'r+').catch(refuse), lines, refuse);
    await rename(partial, target).catch(refuse);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  } finally {
    ignoreSignals();
  }
}

async function isSpecial(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && !found.isFile();
}

function create(path: string, refuse: (error: Error) => never): void {
  try {
    writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    refuse(error as Error);
  }
}

async function write(
  handle: FileHandle,
  lines: AsyncIterable<string>,
  refuse: (error: Error) => never,
): Promise<void> {
  try {
    let chunk = '';
    for await (const line of lines) {
      chunk += `${line}\n`;
      if (chunk.length < CHUNK_CHARACTERS) continue;
      await handle.appendFile(chunk).catch(refuse);
      chunk = '';
    }
    await handle.appendFile(chunk).catch(refuse);
  } finally {
    await handle.close();
  }
}

/** The signal then does what it does without us: it ends the process. */
function removeAtSignal(path: string): () => void {
  const end = (signal: NodeJS.Signals) => {
    rmSync(path, { force: true });
    ignore();
    process.kill(process.pid, signal);
  };
  const ignore = () => {
    for (const signal of SIGNALS) process.off(signal, end);
  };
  for (const signal of SIGNALS) process.on(signal, end);
  return ignore;
}
