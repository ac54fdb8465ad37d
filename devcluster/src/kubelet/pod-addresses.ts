/** Gives out loopback addresses of a network such as `127.80.0.0/20`, the longest unused one first. */
export type PodAddressPool = { take(): string; release(address: string): void };

export function createPodAddressPool(cidr: string): PodAddressPool {
  const [base = '', bits = '32'] = cidr.split('/');
  const first = base.split('.').reduce((number, part) => number * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  const used = new Set<string>();
  let next = 1;
  return {
    take() {
      for (let tried = 0; tried < size - 2; tried += 1) {
        const address = format(first + next);
        // Round and round: an address that was just given up may still be in somebody's connection pool.
        next = (next % (size - 2)) + 1;
        if (used.has(address)) continue;
        used.add(address);
        return address;
      }
      throw new Error(`no address of ${cidr} is left for a pod`);
    },
    release: (address) => void used.delete(address),
  };
}

const format = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
