import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filesBelow, huntCardNumbers } from '../../src/testing/index.ts';

const NUMBER = '4242424242424242';
const AMEX = '378282246310005';
const around = (middle: Buffer | string) =>
  Buffer.concat([Buffer.from('level=info message '), Buffer.from(middle), Buffer.from(' end of line\n')]);
const hunt = (content: Buffer | string, numbers = [NUMBER, AMEX]) =>
  huntCardNumbers([{ name: 'log', content }], numbers);

describe('huntCardNumbers() finds a planted number', () => {
  const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16();
  const planted: Record<string, Buffer | string> = {
    plain: NUMBER,
    'with blanks': '4242 4242 4242 4242',
    'with hyphens': '4242-4242-4242-4242',
    'with dots and irregular groups': '42424.242424.24242',
    'as an array of digits': JSON.stringify([...NUMBER]),
    hex: Buffer.from(NUMBER).toString('hex'),
    'upper-case hex with colons': '34:32:34:32:34:32:34:32:34:32:34:32:34:32:34:32',
    'utf-16le': Buffer.from(NUMBER, 'utf16le'),
    'utf-16be': utf16be(NUMBER),
    'hex of utf-16le': Buffer.from(NUMBER, 'utf16le').toString('hex'),
    'base64 of utf-16be': utf16be(NUMBER).toString('base64'),
    'url-encoded': '%34%32'.repeat(8),
    'JSON escapes': '\\u0034\\u0032'.repeat(8),
    'packed decimal': Buffer.from(NUMBER, 'hex'),
    gzip: gzipSync(`{"number":"${NUMBER}"}`),
    zlib: deflateSync(`{"number":"${NUMBER}"}`),
    zstd: zstdCompressSync(`{"number":"${NUMBER}"}`),
    'base64 of gzip': gzipSync(`{"number":"${NUMBER}"}`).toString('base64'),
    'hex of gzip of base64': gzipSync(Buffer.from(`x${NUMBER}`).toString('base64')).toString('hex'),
    'another number of 15 digits': AMEX,
  };
  it.each(Object.entries(planted))('%s', (_name, bytes) => {
    expect(hunt(around(bytes))).not.toEqual([]);
  });

  it.each(Object.entries(planted))('%s, with nothing but zeros behind it', (_name, bytes) => {
    const content = Buffer.concat([Buffer.from('message '), Buffer.from(bytes), Buffer.alloc(200_001)]);
    expect(hunt(content)).not.toEqual([]);
  });

  it('raw deflate, when it is the whole source', () => {
    expect(hunt(deflateRawSync(`{"number":"${NUMBER}"}`))).not.toEqual([]);
  });

  it('a gzip stream that was cut off', () => {
    const cut = gzipSync(`${NUMBER}${'-'.repeat(5000)}`).subarray(0, 40);
    expect(hunt(Buffer.concat([Buffer.from('before '), cut]))).not.toEqual([]);
  });

  it('base64, wherever in the encoded text it begins', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }), (before, after) => {
        expect(hunt(Buffer.from(`${before}${NUMBER}${after}`).toString('base64'))).not.toEqual([]);
      }),
    );
  });
});

describe('huntCardNumbers()', () => {
  it('names the source, the encoding and the place, and of the number only the last four digits', () => {
    const findings = hunt(`abc ${NUMBER}`);
    expect(findings).toEqual([{ source: 'log', lastFour: '4242', encoding: 'plain', offset: 4 }]);
    expect(JSON.stringify(findings)).not.toContain(NUMBER);
  });

  it('finds nothing in what may be written: BIN and last four, other numbers, ciphertext', () => {
    const other = `{"bin":"42424242","lastFour":"4242","id":"4242424242424243"}${'7f'.repeat(500)}`;
    expect(hunt(other)).toEqual([]);
  });

  it('reads every file below a directory', () => {
    const directory = mkdtempSync(join(tmpdir(), 'pan-hunter-'));
    try {
      writeFileSync(join(directory, 'clean.log'), 'nothing here');
      writeFileSync(join(directory, 'planted.log'), `number ${NUMBER}`);
      const sources = huntCardNumbers(filesBelow(directory), [NUMBER]).map((finding) => finding.source);
      expect(sources).toEqual([join(directory, 'planted.log')]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('leaves out what is removed while it walks, and does not walk what is not there', () => {
    const directory = mkdtempSync(join(tmpdir(), 'cofferdam-pan-'));
    try {
      for (const name of ['one', 'other']) {
        mkdirSync(join(directory, name));
        writeFileSync(join(directory, name, 'log'), '');
      }
      const walk = filesBelow(directory);
      const first = walk.next().value?.name ?? '';
      for (const name of ['one', 'other'])
        if (!first.startsWith(join(directory, name))) rmSync(join(directory, name), { recursive: true });
      expect([...walk]).toEqual([]);
      expect(() => [...filesBelow(join(directory, 'nowhere'))]).toThrow('ENOENT');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
