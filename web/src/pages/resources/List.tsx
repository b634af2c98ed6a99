/* What serves certificates: load balancers, web servers, file sets. */
import { PageSection, SearchInput, Toolbar, ToolbarContent, ToolbarGroup, ToolbarItem } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Resource } from '../../api/types';
import { Link, navigate, useSearch } from '../../app/router';
import { useMe } from '../../app/session';
import { EditRemove } from '../../parts/Menu';
import { Page } from '../../parts/Page';
import { Pager, usePaging } from '../../parts/Pager';
import { Loaded, Nothing } from '../../parts/States';
import { resourceTypeWords } from '../../parts/words';
import { DeleteResourceDialog, ResourceDialog } from './dialogs';

type Asking = { kind: 'edit' | 'delete'; resource: Resource } | null;

export default function List() {
  const isAdmin = useMe().role === 'admin';
  const [search, change] = useSearch();
  const q = search.get('q') ?? '';
  const [asking, setAsking] = useState<Asking>(null);
  const close = () => setAsking(null);
  const paging = usePaging(q);
  const query = useQuery({
    queryKey: ['resources', q, paging.cursor, paging.limit],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => api.get('/resources', { query: { q, limit: paging.limit, cursor: paging.cursor }, signal }),
  });
  const add = isAdmin && <Link className="pf-v6-c-button pf-m-primary" to="/resources/new">Add resource</Link>;
  return (
    <Page title="Resources" lead="What serves certificates: load balancers, web servers, files. Each says which certificate belongs where." actions={add}>
      <PageSection>
        <Toolbar inset={{ default: 'insetNone' }}>
          <ToolbarContent>
            <ToolbarItem>
              <SearchInput className="cd-search" aria-label="Search resources" placeholder="Name" value={q} onChange={(_, v) => change({ q: v })} onClear={() => change({ q: '' })} />
            </ToolbarItem>
            <ToolbarGroup align={{ default: 'alignEnd' }}><ToolbarItem><Pager paging={paging} page={query.data} what="Resources" /></ToolbarItem></ToolbarGroup>
          </ToolbarContent>
        </Toolbar>
        <Loaded query={query}>
          {(page) => (page.items.length === 0 ? (
            <Nothing title={q ? 'No resource matches' : 'No resource yet'}>
              {q ? 'Nothing that you may see fits.' : isAdmin ? 'Add what serves your certificates, then say which certificate belongs there.' : 'An admin adds them.'}
            </Nothing>
          ) : (
            <Table variant="compact" aria-label="Resources" className="cd-table">
              <Thead><Tr><Th>Name</Th><Th>Type</Th><Th>Certificates</Th><Th>Description</Th><Th screenReaderText="Actions" /></Tr></Thead>
              <Tbody>
                {page.items.map((r) => (
                  <Tr key={r.id}>
                    <Td dataLabel="Name"><Link to={`/resources/${r.id}`} className="cd-break">{r.name}</Link></Td>
                    <Td dataLabel="Type">{resourceTypeWords(r.type)}</Td>
                    <Td dataLabel="Certificates">{r.associations}</Td>
                    <Td dataLabel="Description"><span className="cd-break">{r.description || '–'}</span></Td>
                    <Td isActionCell>
                      {isAdmin && (
                        <EditRemove
                          name={r.name} remove={() => setAsking({ kind: 'delete', resource: r })}
                          edit={() => (r.type === 'manual' ? setAsking({ kind: 'edit', resource: r }) : navigate(`/resources/${r.id}/edit`))}
                        />
                      )}
                    </Td>
                  </Tr>
                ))}
              </Tbody>
            </Table>
          ))}
        </Loaded>
      </PageSection>
      {asking?.kind === 'edit' && <ResourceDialog resource={asking.resource} close={close} />}
      {asking?.kind === 'delete' && <DeleteResourceDialog resource={asking.resource} close={close} />}
    </Page>
  );
}
