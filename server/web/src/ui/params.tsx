// A rule's parameters as rows of name and value; a table of values is one row a key.

/** At most ROWS_MAX rows. */
const ROWS_MAX = 60;

export function paramRows(parameters: Readonly<Record<string, unknown>>): [string, string][] {
  const out: [string, string][] = [];
  for (const [name, value] of Object.entries(parameters)) {
    if (value && typeof value === 'object' && !Array.isArray(value)) for (const [key, inner] of Object.entries(value)) out.push([`${name} · ${key}`, plain(inner)]);
    else out.push([name, plain(value)]);
  }
  return out.slice(0, ROWS_MAX);
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.map(plain).join(', ');
  return typeof value === 'number' ? value.toLocaleString('en-US') : String(value);
}
