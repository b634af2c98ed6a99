/* The certificates table with its filters, selection and bulk Update. */
import { Button, PageSection, ToolbarItem } from '@patternfly/react-core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { api } from '../../api/client';
import type { Certificate, CertificateFilter } from '../../api/types';
import { Link, navigate, useSearch } from '../../app/router';
import { Ticks } from '../../parts/Menu';
import { Page } from '../../parts/Page';
import { Pager, usePaging } from '../../parts/Pager';
import { Failed, Nothing } from '../../parts/States';
import { useToasts } from '../../parts/Toasts';
import { count } from '../../parts/words';
import { AccessDialog } from '../certificate/AccessDialog';
import { DeleteDialog } from '../certificate/DeleteDialog';
import { CertificateTable } from './CertificateTable';
import { columns as allColumns, useColumns } from './columns';
import { filterOf, noFilter } from './filter';
import { Filters } from './Filters';
import { UpdateResults } from './UpdateResults';

interface Running {
  job: number;
  what: string;
}

function useList(filter: CertificateFilter, sort: string) {
  const key = JSON.stringify([filter, sort]);
  const paging = usePaging(key);
  const query = useQuery({
    queryKey: ['certificates', key, paging.cursor, paging.limit],
    queryFn: ({ signal }) => api.get('/certificates', {
      query: { ...filter, sort, limit: paging.limit, cursor: paging.cursor }, signal,
    }),
    placeholderData: keepPreviousData,
    refetchInterval: 30000,
  });
  return { paging, query };
}

function useUpdate(start: (running: Running) => void) {
  const toasts = useToasts();
  return async (what: string, body: { ids: number[] } | { filter: CertificateFilter }) => {
    try {
      const answer = await api.post('/certificates/update', body);
      if (answer.job !== null) start({ job: answer.job, what });
      else toasts.info(answer.message ?? 'Nothing to probe');
    } catch (error) {
      toasts.failed('Could not update', error);
    }
  };
}

function NoneFound({ isFiltered, clear }: { isFiltered: boolean; clear: () => void }) {
  if (isFiltered) {
    return (
      <Nothing title="No certificate matches" action={<Button variant="link" onClick={clear}>Clear all filters</Button>}>
        Nothing that you may see fits these filters.
      </Nothing>
    );
  }
  return (
    <Nothing
      title="No certificate is watched yet"
      action={<Button onClick={() => navigate('/certificates/add')}>Add certificates</Button>}
    >
      Name the hosts whose certificates you depend on, one or a whole list.
    </Nothing>
  );
}

export default function List() {
  const [search, change] = useSearch();
  const filter = useMemo(() => filterOf(search), [search]);
  const sort = search.get('sort') ?? 'expires_at';
  const { paging, query } = useList(filter, sort);
  const [columns, columnIds, chooseColumns] = useColumns();
  const [selected, setSelected] = useState<Set<number>>(new Set());
  const [isAll, setAll] = useState(false);
  const [running, setRunning] = useState<Running | null>(null);
  const [sharing, setSharing] = useState<Certificate | null>(null);
  const [deleting, setDeleting] = useState<Certificate | null>(null);
  const update = useUpdate(setRunning);
  const page = query.data;
  const isFiltered = Object.keys(filter).length > 0;

  const clearSelection = () => {
    setSelected(new Set());
    setAll(false);
  };
  const updateSelected = () => {
    const n = isAll ? page?.total ?? 0 : selected.size;
    void update(`Update of ${count(n, 'certificate')}`, isAll ? { filter } : { ids: [...selected] });
    clearSelection();
  };
  const changeFilter = (changes: Record<string, string>) => {
    clearSelection();
    change(changes);
  };
  const rowActions = (c: Certificate) => [
    { title: 'Update', run: () => void update(`Update of ${c.name}`, { ids: [c.id] }), isDisabled: !c.may.includes('edit') },
    { title: 'Manage access', run: () => setSharing(c) },
    { title: 'Delete', run: () => setDeleting(c), isDangerous: true, isDisabled: !c.may.includes('delete') },
  ];

  return (
    <Page
      title="Certificates"
      actions={<Link className="pf-v6-c-button pf-m-primary" to="/certificates/add">Add certificates</Link>}
    >
      <PageSection>
        <Filters filter={filter} change={changeFilter}>
          <ToolbarItem>
            <Ticks
              label="Columns" ariaLabel="Columns to show" isCounted={false}
              options={allColumns.map((c): [string, string] => [c.id, c.title])} chosen={columnIds} onChange={chooseColumns}
            />
          </ToolbarItem>
        </Filters>
        {running && <UpdateResults key={running.job} jobId={running.job} what={running.what} close={() => setRunning(null)} />}
        <div className="cd-selection" aria-live="polite">
          <Button variant="secondary" isDisabled={!isAll && selected.size === 0} onClick={updateSelected}>Update</Button>
          <span>
            {isAll ? `All ${page?.total.toLocaleString('en') ?? ''} that match are selected.`
              : selected.size > 0 ? `${selected.size.toLocaleString('en')} selected.` : ''}
          </span>
          {page && page.total > 0 && !isAll && (
            <Button variant="link" isInline onClick={() => setAll(true)}>
              Select all {page.total_is_estimate ? '' : page.total.toLocaleString('en')} that match
            </Button>
          )}
          {(isAll || selected.size > 0) && <Button variant="link" isInline onClick={clearSelection}>Clear selection</Button>}
          <Pager paging={paging} page={page} what="Certificates" />
        </div>
        {query.error && !page ? <Failed error={query.error} retry={() => void query.refetch()} /> : (
          <div className="cd-scroll">
            <CertificateTable
              items={page?.items} columns={columns} sort={sort} setSort={(s) => change({ sort: s })}
              selected={selected} setSelected={setSelected} isAllSelected={isAll} actions={rowActions}
            />
          </div>
        )}
        {page?.items.length === 0 && <NoneFound isFiltered={isFiltered} clear={() => changeFilter(noFilter)} />}
      </PageSection>
      {sharing && <AccessDialog certificate={sharing} close={() => setSharing(null)} />}
      {deleting && <DeleteDialog certificate={deleting} close={() => setDeleting(null)} />}
    </Page>
  );
}
