/* Where this certificate was put, and whether it was seen served there. */
import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { Certificate } from '../../api/types';
import { deploymentsInterval, DeploymentList } from '../../parts/Deployments';
import { Pager, usePaging } from '../../parts/Pager';
import { Loaded, Nothing } from '../../parts/States';

export function DeploymentsTab({ certificate: c }: { certificate: Certificate }) {
  const paging = usePaging('deployments');
  const query = useQuery({
    queryKey: ['deployments', 'certificate', c.id, paging.cursor, paging.limit],
    queryFn: ({ signal }) => api.get('/certificates/{id}/deployments', { path: { id: c.id }, query: { limit: paging.limit, cursor: paging.cursor }, signal }),
    refetchInterval: ({ state }) => deploymentsInterval(state.data?.items),
  });
  return (
    <Loaded query={query}>
      {(page) => (page.items.length === 0 ? (
        <Nothing title="Nothing deployed yet">A certificate is put on the resources it belongs to when it is issued, and then looked for there until every address serves it.</Nothing>
      ) : (
        <>
          <DeploymentList items={page.items} show="resource" mayRetry={c.may.includes('edit')} />
          <Pager paging={paging} page={page} what="Deployments" />
        </>
      ))}
    </Loaded>
  );
}
