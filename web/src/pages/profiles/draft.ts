/* A profile while it is edited: what people type, and how that becomes what the API wants. */
import type { Profile, ProfileBody, ProfileKeyAlgorithm } from '../../api/types';

export type SubjectRule = 'no' | 'allowed' | 'required' | 'fixed';
export type NameRule = 'no' | 'any' | 'some';

export interface Draft {
  name: string;
  description: string;
  ca: string;
  disabled: boolean;
  algorithms: ProfileKeyAlgorithm[];
  madeBy: Profile['key']['made_by'];
  domains: string;
  wildcards: boolean;
  ip: NameRule;
  networks: string;
  email: NameRule;
  emailDomains: string;
  uri: boolean;
  maxNames: string;
  subjectIsOpen: boolean;
  subject: Record<string, { rule: SubjectRule; value: string }>;
  usage: Profile['usage'];
  lifetime: string;
  windowBy: 'days' | 'percent';
  window: string;
  renewsItself: boolean;
  scan: string;
  renewalKey: Profile['renewal_key'];
  isForAll: boolean;
  users: string;
  groups: string;
  approvals: string;
  approvers: string;
}

export const newDraft: Draft = {
  name: '', description: '', ca: '', disabled: false, algorithms: ['ec-p256', 'rsa-2048'], madeBy: 'either', domains: '', wildcards: false, ip: 'no', networks: '', email: 'no',
  emailDomains: '', uri: false, maxNames: '100', subjectIsOpen: false, subject: {}, usage: 'server', lifetime: '90', windowBy: 'percent', window: '33', renewsItself: true, scan: '', renewalKey: 'new',
  isForAll: true, users: '', groups: '', approvals: '0', approvers: '',
};

const ruleOf = (value: boolean | string[]): NameRule => (Array.isArray(value) ? 'some' : value ? 'any' : 'no');
const linesOf = (value: boolean | string[]): string => (Array.isArray(value) ? value.join('\n') : '');

export function draftOf(p: Profile): Draft {
  const { required, allowed, fixed } = p.names.subject;
  const subject: Draft['subject'] = {};
  for (const field of allowed ?? []) subject[field] = { rule: 'allowed', value: '' };
  for (const field of required) subject[field] = { rule: 'required', value: '' };
  for (const [field, value] of Object.entries(fixed)) subject[field] = { rule: 'fixed', value };
  return {
    name: p.name, description: p.description, ca: p.ca, disabled: p.disabled, algorithms: p.key.algorithms, madeBy: p.key.made_by, domains: p.names.domains.join('\n'),
    wildcards: p.names.wildcards, ip: ruleOf(p.names.ip), networks: linesOf(p.names.ip), email: ruleOf(p.names.email), emailDomains: linesOf(p.names.email), uri: p.names.uri,
    maxNames: String(p.names.max_names), subjectIsOpen: allowed === null, subject, usage: p.usage, lifetime: String(p.lifetime_days), windowBy: p.window.days ? 'days' : 'percent',
    window: String(p.window.days ?? p.window.percent ?? ''), renewsItself: p.renews_itself, scan: p.scan_minutes === null ? '' : String(p.scan_minutes), renewalKey: p.renewal_key,
    isForAll: p.users?.everybody ?? false, users: p.users?.users.join(', ') ?? '', groups: p.users?.groups.join(', ') ?? '', approvals: String(p.approvals.needed ?? 0), approvers: p.approvals.group ?? '',
  };
}

const words = (text: string): string[] => [...new Set(text.split(/[\s,;]+/).filter(Boolean))];
const names = (text: string): string[] => [...new Set(text.split(/[\n,;]+/).map((w) => w.trim()).filter(Boolean))];
const numberOf = (text: string): number => (text.trim() === '' ? 0 : Number(text));
const allowedOf = (rule: NameRule, text: string): boolean | string[] => (rule === 'some' ? words(text) : rule === 'any');

export function bodyOf(d: Draft): ProfileBody {
  const by = (rule: SubjectRule) => Object.entries(d.subject).filter(([, s]) => s.rule === rule);
  const needed = numberOf(d.approvals);
  return {
    name: d.name.trim(), description: d.description.trim(), ca: d.ca, disabled: d.disabled, key: { algorithms: d.algorithms, made_by: d.madeBy },
    names: {
      domains: words(d.domains), wildcards: d.wildcards, ip: allowedOf(d.ip, d.networks), email: allowedOf(d.email, d.emailDomains), uri: d.uri, max_names: numberOf(d.maxNames),
      subject: { required: by('required').map(([f]) => f), allowed: d.subjectIsOpen ? null : by('allowed').map(([f]) => f), fixed: Object.fromEntries(by('fixed').map(([f, s]): [string, string] => [f, s.value.trim()])) },
    },
    usage: d.usage, lifetime_days: numberOf(d.lifetime), window: { [d.windowBy]: numberOf(d.window) }, renews_itself: d.renewsItself,
    scan_minutes: d.scan.trim() === '' ? null : Number(d.scan), renewal_key: d.renewalKey, users: d.isForAll ? { users: [], groups: [], everybody: true } : { users: names(d.users), groups: names(d.groups), everybody: false },
    approvals: { needed, group: needed > 0 ? d.approvers.trim() || null : null },
  };
}
