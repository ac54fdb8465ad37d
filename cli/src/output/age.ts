/** A length of time as kubectl shows ages: `45s`, `3m20s`, `17m`, `5h10m`, `2d4h`, `91d`, `1y40d`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  if (days < 8) return two(days, 'd', hours % 24, 'h');
  if (days < 730) return `${days}d`;
  return two(Math.floor(days / 365), 'y', days % 365, 'd');
}

function two(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${unit}` : `${large}${unit}${small}${smallUnit}`;
}

/** The age of what was made at `timestamp`; `<unknown>` where that is not a time. */
export function ageOf(timestamp: string | undefined, now: number): string {
  const made = Date.parse(timestamp ?? '');
  return Number.isNaN(made) ? '<unknown>' : duration(now - made);
}
