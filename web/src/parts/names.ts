/* Alternative names as people type them, one a line: what kind each is shows in how it is written. */

export interface TypedName {
  type: 'dns' | 'ip' | 'email' | 'uri';
  value: string;
}

const ipv4 = /^\d{1,3}(\.\d{1,3}){3}$/;

export function typeOfName(value: string): TypedName['type'] {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return 'uri';
  if (value.includes('@')) return 'email';
  if (ipv4.test(value) || value.includes(':')) return 'ip';
  return 'dns';
}

export function namesOf(text: string): TypedName[] {
  const values = [...new Set(text.split(/[\s,;]+/).map((w) => w.trim()).filter(Boolean))];
  return values.map((value) => ({ type: typeOfName(value), value }));
}
