type Check = (value: string) => boolean;

const uuid: Check = (value) =>
  /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(value);
const ipv4: Check = (value) =>
  /^(\d{1,3})(\.\d{1,3}){3}$/.test(value) &&
  value.split('.').every((part) => Number(part) < 256 && !/^0\d/.test(part));
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;
const dateTime = /^\d{4}-(\d{2})-(\d{2})[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

/** The formats that Kubernetes checks; others are carried as documentation. */
const CHECKS: Readonly<Record<string, Check>> = {
  byte: (value) => /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value),
  'date-time': (value) => dateTime.test(value) && !Number.isNaN(Date.parse(value)),
  datetime: (value) => dateTime.test(value) && !Number.isNaN(Date.parse(value)),
  date: (value) =>
    /^\d{4}-\d{2}-\d{2}$/.test(value) && new Date(`${value}T00:00:00Z`).toJSON()?.slice(0, 10) === value,
  duration: (value) => /^-?(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$|^0$/.test(value),
  email: (value) => /^[^\s@]+@[^\s@]+$/.test(value),
  hostname: (value) => value.length <= 255 && value.split('.').every((part) => label.test(part)),
  ipv4,
  ipv6: (value) => isIpv6(value),
  cidr: (value) => isCidr(value),
  mac: (value) => /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(value),
  uri: (value) => URL.canParse(value),
  uuid,
  uuid3: (value) => uuid(value) && value.replaceAll('-', '').charAt(12) === '3',
  uuid4: (value) => uuid(value) && value.replaceAll('-', '').charAt(12) === '4',
  uuid5: (value) => uuid(value) && value.replaceAll('-', '').charAt(12) === '5',
  hexcolor: (value) => /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.test(value),
};

export function isCheckedFormat(format: string): boolean {
  return Object.hasOwn(CHECKS, format);
}

export function checkFormat(format: string, value: string): boolean {
  return CHECKS[format]?.(value) ?? true;
}

export function isIpv4(value: string): boolean {
  return ipv4(value);
}

export function isIpv6(value: string): boolean {
  return value.includes(':') && !value.includes('%') && URL.canParse(`http://[${value}]/`);
}

export function isCidr(value: string): boolean {
  const [address = '', bits = '', ...rest] = value.split('/');
  if (rest.length > 0 || !/^\d{1,3}$/.test(bits)) return false;
  return isIpv4(address) ? Number(bits) <= 32 : isIpv6(address) && Number(bits) <= 128;
}
