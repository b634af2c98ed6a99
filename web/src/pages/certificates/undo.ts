/*
 * What takes a bulk action back, as far as the rows on the page tell what was there before.
 *
 * Sharing, a change of the owner and deleting are not taken back: who may do what has changed meanwhile.
 */
import { api } from '../../api/client';
import type { Certificate } from '../../api/types';

type Request = Parameters<typeof api.post<'/certificates/actions'>>[1];

/* The rows by what `of` says of them. */
function by(rows: Certificate[], of: (c: Certificate) => string | null): [string | null, number[]][] {
  const groups = new Map<string | null, number[]>();
  for (const c of rows) groups.set(of(c), [...groups.get(of(c)) ?? [], c.id]);
  return [...groups];
}

/* Tags are kept in lower case. */
function ofTags(rows: Certificate[], tags: string[], action: 'tag' | 'untag'): Request[] {
  const had = action === 'tag'; /* a tag that is put back was there */
  return tags.map((t): Request => ({
    action, tags: [t], ids: rows.filter((c) => c.tags.some((own) => own.toLowerCase() === t.toLowerCase()) === had).map((c) => c.id),
  })).filter((r) => (r.ids ?? []).length > 0);
}

/* The requests that undo `done`; none: it cannot be undone, or changed nothing. */
export function undoOf(done: Omit<Request, 'ids' | 'filter'>, rows: Certificate[]): Request[] {
  if (done.action === 'tag') return ofTags(rows, done.tags ?? [], 'untag');
  if (done.action === 'untag') return ofTags(rows, done.tags ?? [], 'tag');
  if (done.action === 'assign') return by(rows, (c) => c.assignee).map(([user, ids]): Request => ({ action: 'assign', user, ids }));
  if (done.action === 'set_business_group') {
    return by(rows, (c) => c.business_group).map(([group, ids]): Request => ({ action: 'set_business_group', business_group: group, ids }));
  }
  return [];
}
