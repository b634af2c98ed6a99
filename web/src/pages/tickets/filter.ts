/* The ticket list's filter lives in the address, so that a filtered list can be linked to. */
import type { Params } from '../../api/client';
import type { TicketStatus } from '../../api/types';
import { ticketStatusWords } from '../../parts/words';

export const filterNames = ['q', 'type', 'assignee', 'label', 'project', 'profile', 'show', 'status'] as const;

/* "open" is what most people come for; the rest has to be asked for. One status alone says itself what is shown. */
export function paramsOf(search: URLSearchParams): Params {
  const show = search.get('show') ?? 'open';
  const status = search.get('status');
  return {
    q: search.get('q'), type: search.get('type'), assignee: search.get('assignee'), label: search.get('label'), project: search.get('project'), profile: search.get('profile'), status,
    open: status || show === 'all' ? undefined : show !== 'resolved',
    snoozed: !status && show === 'open' ? false : undefined,
  };
}

/* The board has a column for each stage: what is resolved has its place there, too. */
export function boardParamsOf(search: URLSearchParams): Params {
  const { q, type, assignee, label, project, profile } = paramsOf(search);
  return { q, type, assignee, label, project, profile };
}

export const isFiltered = (search: URLSearchParams): boolean => filterNames.some((name) => Boolean(search.get(name)));
export const noFilter: Record<string, string> = Object.fromEntries(filterNames.map((name) => [name, '']));

/* What the "Show" list stands at, and what choosing in it changes. */
export const shownOf = (search: URLSearchParams): string => (search.get('status') ? `status:${search.get('status')}` : search.get('show') ?? 'open');
export function show(chosen: string): Record<string, string> {
  if (chosen.startsWith('status:')) return { status: chosen.slice(7), show: '' };
  return { status: '', show: chosen === 'open' ? '' : chosen };
}

export const shownStatuses = (Object.keys(ticketStatusWords) as TicketStatus[]).filter((s) => s !== 'open' && s !== 'done');
