/* Saved views: a filter, an order and columns under a name. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { CertificateFilter, View } from '../../api/types';
import { noFilter } from './filter';

export type ViewQuery = CertificateFilter & { sort?: string };

export function useViews(): View[] | undefined {
  const query = useQuery({ queryKey: ['views'], queryFn: ({ signal }) => api.get('/views', { signal }), staleTime: 60000, retry: false });
  return query.data?.items ?? (query.error ? [] : undefined);
}

export function useRefreshViews() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: ['views'] });
}

function textOf(value: unknown): string {
  return Array.isArray(value) ? value.join(',') : value === null || value === undefined ? '' : String(value);
}

/* What to put into the address to show a view. */
export function searchOf(view: View): Record<string, string> {
  const search: Record<string, string> = { ...noFilter, sort: '', view: String(view.id) };
  for (const [name, value] of Object.entries(view.query)) {
    if (name === 'fields' && value !== null && typeof value === 'object')
      for (const [field, wanted] of Object.entries(value)) search[`field.${field}`] = textOf(wanted);
    else search[name] = textOf(value);
  }
  return search;
}

export function isSameView(view: View, query: ViewQuery, columns: string[]): boolean {
  const flat = (q: object) => JSON.stringify(Object.entries(q).filter(([, v]) => textOf(v) !== '').map(([k, v]) => [k, typeof v === 'object' ? JSON.stringify(v) : textOf(v)]).sort());
  return flat(view.query) === flat(query) && (view.columns.length === 0 || view.columns.join() === columns.join());
}
