/* A resource while it is edited: what people type, and how that becomes what the API wants. */
import type { Protocol, Resource, ResourceNew, ResourceType } from '../../api/types';

export interface SlotDraft {
  key: number;
  slot: string;
  certificate: string;
  file: string;
  crtList: string;
}

export interface EndpointDraft {
  key: number;
  host: string;
  port: string;
  sni: string;
  protocol: Protocol;
  slot: string; /* empty: whatever each place has */
}

export interface Draft {
  type: ResourceType;
  name: string;
  description: string;
  by: 'socket' | 'address';
  where: string;
  slots: SlotDraft[];
  endpoints: EndpointDraft[];
  rounds: string;
  timeout: string;
  users: string;
  groups: string;
}

let lastKey = 0;
const nextKey = (): number => {
  lastKey += 1;
  return lastKey;
};

export const newSlot = (): SlotDraft => ({ key: nextKey(), slot: '', certificate: '', file: '', crtList: '' });
export const newEndpoint = (): EndpointDraft => ({ key: nextKey(), host: '', port: '', sni: '', protocol: 'tls', slot: '' });

export const newDraft = (): Draft => ({
  type: 'haproxy', name: '', description: '', by: 'socket', where: '', slots: [newSlot()], endpoints: [newEndpoint()], rounds: '', timeout: '', users: '', groups: '',
});

export function draftOf(r: Resource): Draft {
  const text = (n: number | undefined) => (n === undefined ? '' : String(n));
  return {
    type: r.type, name: r.name, description: r.description, by: r.settings?.address ? 'address' : 'socket', where: r.settings?.address || r.settings?.socket || '',
    slots: (r.slots ?? []).map((s) => ({ key: nextKey(), slot: s.slot, certificate: s.certificate ?? '', file: s.file ?? '', crtList: s.crt_list ?? '' })),
    endpoints: (r.endpoints ?? []).map((e) => ({ key: nextKey(), host: e.host, port: text(e.port), sni: e.sni ?? '', protocol: (e.protocol ?? 'tls') as Protocol, slot: e.slot ?? '' })),
    rounds: text(r.proof?.rounds), timeout: text(r.proof?.timeout_seconds), users: r.deployers?.users?.join(', ') ?? '', groups: r.deployers?.groups?.join(', ') ?? '',
  };
}

const names = (text: string): string[] => [...new Set(text.split(/[\n,;]+/).map((w) => w.trim()).filter(Boolean))];
const given = (text: string): string | undefined => text.trim() || undefined;
const numberOf = (text: string): number | undefined => (text.trim() === '' ? undefined : Number(text));

/* Rows that were left empty are left out, so the server's "slots[1]" is the second of those that are not. */
export const filledSlots = (d: Draft): SlotDraft[] => d.slots.filter((s) => s.slot.trim() || s.certificate.trim() || s.file.trim());
export const filledEndpoints = (d: Draft): EndpointDraft[] => d.endpoints.filter((e) => e.host.trim());

export function bodyOf(d: Draft): ResourceNew {
  const body = { name: d.name.trim(), description: d.description.trim() };
  if (d.type === 'manual') return body;
  return {
    ...body, settings: { [d.by]: d.where.trim() },
    slots: filledSlots(d).map((s) => ({ slot: s.slot.trim(), certificate: given(s.certificate), file: given(s.file), crt_list: given(s.crtList) })),
    endpoints: filledEndpoints(d).map((e) => ({ host: e.host.trim(), port: numberOf(e.port), sni: given(e.sni), protocol: e.protocol, slot: given(e.slot) ?? null })),
    proof: { rounds: numberOf(d.rounds), timeout_seconds: numberOf(d.timeout) }, deployers: { users: names(d.users), groups: names(d.groups) },
  };
}
