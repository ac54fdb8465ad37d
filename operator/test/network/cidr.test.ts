import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inBlock, isAddress, isBlock, representatives } from '../../src/network/cidr.ts';

test.each([
  ['10.1.2.3', '10.0.0.0/8', true],
  ['11.1.2.3', '10.0.0.0/8', false],
  ['172.17.1.255', '172.17.1.0/24', true],
  ['172.17.2.0', '172.17.1.0/24', false],
  ['192.0.2.7', '192.0.2.7/32', true],
  ['192.0.2.8', '192.0.2.7/32', false],
  ['203.0.113.9', '0.0.0.0/0', true],
  ['255.255.255.255', '128.0.0.0/1', true],
  // Bits of the block's address beyond its prefix do not count.
  ['10.200.0.1', '10.1.2.3/8', true],
  ['2001:db8::1', '2001:db8::/32', true],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::/32', true],
  ['2001:db9::1', '2001:db8::/32', false],
  ['::1', '::/0', true],
  ['::ffff:192.0.2.1', '::ffff:c000:200/120', true],
  // A block of one family holds no address of the other.
  ['2001:db8::1', '0.0.0.0/0', false],
  ['192.0.2.1', '::/0', false],
])('%s in %s: %s', (address, cidr, expected) => {
  expect(inBlock(address, cidr)).toBe(expected);
});

test.each([
  '10.0.0.0',
  '10.0.0.0/33',
  '10.0.0.0/',
  '10.0.0/8',
  '010.0.0.0/8',
  '::/129',
  '1::2::3/64',
  'all/0',
])('%s is refused as a block', (cidr) => {
  expect(() => inBlock('10.0.0.1', cidr)).toThrow(RangeError);
  expect(isBlock(cidr)).toBe(false);
});

test.each(['', '1.2.3', '1.2.3.256', '1.2.3.4.5', ':::', '1:2:3:4:5:6:7:8:9', 'g::', '::1.2.3.400'])(
  '%j is no address',
  (text) => {
    expect(isAddress(text)).toBe(false);
    expect(() => inBlock(text, '::/0')).toThrow(RangeError);
  },
);

test('every address is in the block that any prefix length makes of it, and not once the last bit of the prefix is flipped', () => {
  const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
  fc.assert(
    fc.property(octets, fc.integer({ min: 1, max: 32 }), (parts, length) => {
      const flipped = parts.with(
        (length - 1) >> 3,
        (parts[(length - 1) >> 3] ?? 0) ^ (0x80 >> ((length - 1) & 7)),
      );
      expect(inBlock(parts.join('.'), `${parts.join('.')}/${length}`)).toBe(true);
      expect(inBlock(flipped.join('.'), `${parts.join('.')}/${length}`)).toBe(false);
    }),
  );
});

test('representatives() has an address of each part that other blocks cut out of a block', () => {
  expect(
    representatives('10.0.0.0/8', ['10.1.0.0/16', '10.1.2.0/24', '0.0.0.0/0', '11.0.0.0/8', '::/0']),
  ).toEqual(['10.0.0.0', '10.1.0.0', '10.1.2.0', '10.1.3.0', '10.2.0.0']);
  expect(representatives('2001:db8::/32', ['2001:db8:1::/48'])).toEqual([
    '2001:db8:0:0:0:0:0:0',
    '2001:db8:1:0:0:0:0:0',
    '2001:db8:2:0:0:0:0:0',
  ]);
});

test('whatever address of a block one takes, some representative is in exactly the same other blocks', () => {
  const block = fc
    .tuple(fc.nat(15), fc.integer({ min: 24, max: 32 }))
    .map(([low, length]) => `10.0.0.${low * 16}/${length}`);
  fc.assert(
    fc.property(fc.array(block, { maxLength: 4 }), fc.nat(255), (others, last) => {
      const signature = (address: string) => others.map((other) => inBlock(address, other)).join();
      expect(representatives('10.0.0.0/24', others).map(signature)).toContain(signature(`10.0.0.${last}`));
    }),
  );
});
