import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { sigstore } from '../../src/index.ts';
import { COSIGN, GH, type Recorded } from './recorded.ts';

describe('cosign and gh', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cofferdam-sigstore-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const program = (name: string, body: string) => {
    const path = join(directory, name);
    writeFileSync(path, `#!/bin/sh\necho "$@" >> ${directory}/asked\n${body}\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const image = `ghcr.io/cofferdam/vault@sha256:${'a'.repeat(64)}`;
  const evidence = (cosign: string, gh: string) =>
    sigstore({
      issuer: 'https://issuer',
      identity: '^https://us$',
      repository: 'acme/payments',
      programs: { cosign, gh },
    }).evidence([image]);
  const commit = 'c'.repeat(40);
  const provenance = JSON.stringify([
    {
      verificationResult: {
        statement: {
          predicate: {
            buildDefinition: { resolvedDependencies: [{ uri: 'git+x', digest: { gitCommit: commit } }] },
          },
        },
      },
    },
  ]);

  it('say that an image is signed and attested, and from which commit it was built', async () => {
    const [cosign, gh] = [program('cosign', 'echo []'), program('gh', `echo '${provenance}'`)];
    expect(await evidence(cosign, gh)).toEqual([
      { image, signed: true, attested: true, sourceRevision: commit },
    ]);
  });

  /** As cosign ends: twice the same, after a warning that is about something else. */
  const ends = ({ status, said }: Recorded) => {
    writeFileSync(
      join(directory, 'stderr'),
      `WARNING: dial tcp is not the error\nError: ${said}\nerror during command execution: ${said}\n`,
    );
    return `cat ${directory}/stderr >&2; exit ${status}`;
  };

  it.each(COSIGN)('cosign: $what is $means', async (recorded) => {
    const [cosign, gh] = [program('cosign', ends(recorded)), program('gh', 'echo "[]"')];
    const answer = evidence(cosign, gh);
    if (recorded.means === 'unsigned') {
      expect(await answer).toEqual([
        { image, signed: false, attested: true, problem: recorded.said.slice(0, 300) },
      ]);
      return;
    }
    await expect(answer).rejects.toMatchObject({
      code: 'verifier_unreachable',
      message: expect.stringContaining(recorded.said.slice(0, 300)),
    });
  });

  it.each(GH)('gh: $what is $means', async ({ status, said, means }) => {
    writeFileSync(join(directory, 'stderr'), `\nError: ${said}\n`);
    const answer = evidence(
      program('cosign', ':'),
      program('gh', `cat ${directory}/stderr >&2; exit ${status}`),
    );
    const problem = said.slice(0, 300);
    if (means === 'unattested') {
      expect(await answer).toEqual([{ image, signed: true, attested: false, problem }]);
      return;
    }
    const message = expect.stringContaining(problem);
    await expect(answer).rejects.toMatchObject({ code: 'verifier_unreachable', message });
  });

  it('are asked about several images: cosign never beside itself', async () => {
    const alone = `mkdir ${directory}/lock || exit 1; sleep 0.05; rmdir ${directory}/lock; case "$*" in *router*) echo "Error: no signatures found" >&2; exit 10;; esac`;
    const [cosign, gh] = [program('cosign', alone), program('gh', 'echo "[]"')];
    const images = ['operator', 'router', 'vault'].map((name) => image.replace('vault', name));
    const who = { issuer: 'https://issuer', identity: '^https://us$', repository: 'acme/payments' };
    const found = await sigstore({ ...who, programs: { cosign, gh } }).evidence(images);
    expect(found.map((one) => [one.image, one.signed, one.problem])).toEqual([
      [images[0], true, undefined],
      [images[1], false, 'no signatures found'],
      [images[2], true, undefined],
    ]);
  });

  it('have to be installed', async () => {
    await expect(evidence('/nowhere/cosign', '/nowhere/gh')).rejects.toMatchObject({
      code: 'verifier_missing',
    });
  });
});
