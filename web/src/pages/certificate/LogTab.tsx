/* What was done to a certificate. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api } from '../../api/client';
import { AuditTable } from '../../parts/AuditTable';
import { Pager, usePaging } from '../../parts/Pager';
import { Loaded, Nothing } from '../../parts/States';

export function LogTab({ id }: { id: number }) {
  const paging = usePaging(String(id));
  const query = useQuery({
    queryKey: ['certificate', id, 'log', paging.cursor, paging.limit],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => api.get('/certificates/{id}/log', {
      path: { id }, query: { limit: paging.limit, cursor: paging.cursor }, signal,
    }),
  });
  return (
    <Loaded query={query}>
      {(page) => (page.items.length === 0 ? <Nothing title="Nothing was done yet">Changes to this certificate appear here.</Nothing> : (
        <>
          <div className="cd-scroll"><AuditTable entries={page.items} withObject={false} /></div>
          <Pager paging={paging} page={page} what="Entries" />
        </>
      ))}
    </Loaded>
  );
}
