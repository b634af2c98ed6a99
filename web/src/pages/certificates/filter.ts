/* The list's filter lives in the address, so that a filtered list can be linked to and kept. */
import type { Params } from '../../api/client';
import type { CertificateFilter, Flag, Source, Validity } from '../../api/types';
import { flags, sources, statuses } from '../../api/types';
import { flagWords, isTicketStatus, sourceWords, statusWords, ticketStatusWords } from '../../parts/words';

export const textFields = ['owner', 'assignee', 'business_group', 'tag', 'issuer', 'resource', 'profile', 'stage', 'expires_after',
  'expires_before'] as const;

export type TextField = typeof textFields[number];

export const fieldWords: Record<TextField, string> = {
  owner: 'Owner', assignee: 'Assignee', business_group: 'Business group', tag: 'Tag', issuer: 'Issuer',
  resource: 'Resource', profile: 'Profile', stage: 'Stage', expires_after: 'Ends from', expires_before: 'Ends before',
};

function among<T extends string>(text: string | null, words: readonly T[]): T[] {
  return (text ?? '').split(',').filter((w): w is T => (words as readonly string[]).includes(w));
}

const isCustom = (name: string) => name.startsWith('field.');

export function filterOf(search: URLSearchParams): CertificateFilter {
  const filter: CertificateFilter = {};
  const status: Validity[] = among(search.get('status')?.replace('active', 'valid') ?? null, statuses);
  const source: Source[] = among(search.get('source'), sources);
  const flag = search.get('flag');
  if (status.length > 0) filter.status = status;
  if (source.length > 0) filter.source = source;
  if (flag === 'any' || (flags as string[]).includes(flag ?? '')) filter.flag = flag as Flag | 'any';
  if (search.get('seen') === 'never') filter.seen = 'never';
  if (search.get('unused') === 'true') filter.unused = true;
  const q = search.get('q');
  if (q) filter.q = q;
  for (const field of textFields) {
    const value = search.get(field);
    if (value) filter[field] = value;
  }
  for (const [name, value] of search) if (isCustom(name) && value) filter.fields = { ...filter.fields, [name.slice(6)]: value };
  return filter;
}

/* As parameters of a list: `fields` is one parameter for each. */
export function paramsOf({ fields, ...filter }: CertificateFilter): Params {
  const custom = Object.entries(fields ?? {}).map(([name, value]): [string, string] => [`field.${name}`, value]);
  return { ...filter, ...Object.fromEntries(custom) };
}

export interface Chip {
  key: string;
  words: string;
  remove: Record<string, string>;
}

/* Each condition in words, and what to change in the address to drop it. */
export function chipsOf(filter: CertificateFilter, labels: Record<string, string>): Chip[] {
  const chips: Chip[] = [];
  const status = (filter.status ?? []) as Validity[];
  for (const s of status)
    chips.push({ key: `status-${s}`, words: statusWords[s], remove: { status: status.filter((o) => o !== s).join(',') } });
  for (const s of filter.source ?? [])
    chips.push({ key: `source-${s}`, words: sourceWords[s], remove: { source: (filter.source ?? []).filter((o) => o !== s).join(',') } });
  if (filter.flag)
    chips.push({ key: 'flag', words: filter.flag === 'any' ? 'Any alert' : flagWords[filter.flag], remove: { flag: '' } });
  if (filter.seen) chips.push({ key: 'seen', words: 'Never seen', remove: { seen: '' } });
  if (filter.unused) chips.push({ key: 'unused', words: 'Unused', remove: { unused: '' } });
  for (const field of textFields) {
    const value = filter[field];
    if (value) chips.push({ key: field, words: `${fieldWords[field]}: ${value === '-' ? 'nobody' : isTicketStatus(value) ? ticketStatusWords[value] : value}`, remove: { [field]: '' } });
  }
  for (const [name, value] of Object.entries(filter.fields ?? {}))
    chips.push({ key: `field.${name}`, words: `${labels[name] ?? name}: ${value}`, remove: { [`field.${name}`]: '' } });
  return chips;
}

export const noFilter: Record<string, string> = Object.fromEntries(
  ['q', 'status', 'source', 'flag', 'seen', 'unused', 'view', ...textFields].map((name) => [name, '']),
);

/* Everything in the address that filters, set to nothing. */
export function withoutFilter(search: URLSearchParams): Record<string, string> {
  return { ...noFilter, ...Object.fromEntries([...search.keys()].filter(isCustom).map((name) => [name, ''])) };
}
