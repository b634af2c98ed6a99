/* The certificates table with its filters, views, selection, and what can be done with many at once. */
import { Button, PageSection, ToolbarItem } from '@patternfly/react-core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { api, queryText } from '../../api/client';
import type { Certificate, CertificateFilter, View } from '../../api/types';
import { Link, navigate, useSearch } from '../../app/router';
import { Ticks } from '../../parts/Menu';
import { Page } from '../../parts/Page';
import { Pager, usePaging } from '../../parts/Pager';
import { Failed, Nothing } from '../../parts/States';
import { useToasts } from '../../parts/Toasts';
import { count } from '../../parts/words';
import { AccessDialog } from '../certificate/AccessDialog';
import { DeleteDialog } from '../certificate/DeleteDialog';
import { ReplaceDialog } from '../certificate/ReplaceDialog';
import { ActionResults, BulkDialog, type Ask, type Started, type Target } from './bulk';
import { CertificateTable } from './CertificateTable';
import { useColumns } from './columns';
import { filterOf, paramsOf, withoutFilter } from './filter';
import { Filters } from './Filters';
import { Selection } from './Selection';
import { UpdateResults } from './UpdateResults';
import { Views } from './Views';
import { searchOf, useViews } from './savedViews';

interface Running extends Started {
  isUpdate: boolean;
}

function useList(filter: CertificateFilter, sort: string) {
  const key = JSON.stringify([filter, sort]);
  const paging = usePaging(key);
  const query = useQuery({
    queryKey: ['certificates', key, paging.cursor, paging.limit],
    queryFn: ({ signal }) => api.get('/certificates', {
      query: { ...paramsOf(filter), sort, limit: paging.limit, cursor: paging.cursor }, signal,
    }),
    placeholderData: keepPreviousData,
    refetchInterval: 30000,
  });
  return { paging, query };
}

function useUpdate(start: (running: Running) => void) {
  const toasts = useToasts();
  return async (what: string, target: Target) => {
    try {
      const answer = await api.post('/certificates/update', target);
      if (answer.job !== null) start({ job: answer.job, what, isDeleting: false, undo: [], isUpdate: true });
      else toasts.info(answer.message ?? 'Nothing to probe');
    } catch (error) {
      toasts.failed('Could not update', error);
    }
  };
}

/* The view that is to be shown first is, when the list is opened without any wish of its own. */
function useDefaultView(views: View[] | undefined, show: (view: View) => void): void {
  const [isAsked, setAsked] = useState(() => window.location.search !== '');
  useEffect(() => {
    if (isAsked || !views) return;
    setAsked(true);
    const view = views.find((v) => v.default);
    if (view && window.location.search === '') show(view);
  }, [isAsked, views, show]);
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
      Name the hosts whose certificates you depend on, import their files, or bring the spreadsheet.
    </Nothing>
  );
}

type Dialog = { kind: 'access' | 'delete' | 'replace'; certificate: Certificate } | { kind: 'bulk'; ask: Ask } | null;

export default function List() {
  const [search, change] = useSearch();
  const filter = useMemo(() => filterOf(search), [search]);
  const sort = search.get('sort') ?? 'expires_at';
  const { paging, query } = useList(filter, sort);
  const columns = useColumns();
  const views = useViews();
  const [selected, setSelected] = useState<Set<number>>(new Set());
  const [isAll, setAll] = useState(false);
  const [running, setRunning] = useState<Running | null>(null);
  const [dialog, setDialog] = useState<Dialog>(null);
  const update = useUpdate(setRunning);
  const page = query.data;
  const target: Target = isAll ? { filter } : { ids: [...selected] };
  const n = isAll ? page?.total ?? 0 : selected.size;
  const close = () => setDialog(null);

  const clearSelection = () => {
    setSelected(new Set());
    setAll(false);
  };
  const changeFilter = (changes: Record<string, string>) => {
    clearSelection();
    change(changes);
  };
  const clear = () => changeFilter(withoutFilter(search));
  const show = (view: View) => {
    changeFilter({ ...withoutFilter(search), ...searchOf(view) });
    if (view.columns.length > 0) columns.choose(view.columns);
  };
  useDefaultView(views, show);

  const act = (what: Ask | 'update' | 'export') => {
    if (what === 'update') {
      void update(`Update of ${count(n, 'certificate')}`, target);
      clearSelection();
    } else if (what === 'export') {
      window.location.assign(`/api/v1/certificates.csv${queryText(isAll || selected.size === 0 ? paramsOf(filter) : { ids: [...selected].join(',') })}`);
    } else setDialog({ kind: 'bulk', ask: what });
  };
  const rowActions = (c: Certificate) => {
    const mayNot = !c.may.includes('edit');
    return [
      { title: 'Update', run: () => void update(`Update of ${c.name}`, { ids: [c.id] }), isDisabled: mayNot },
      { title: 'Manage access', run: () => setDialog({ kind: 'access', certificate: c }) },
      { title: 'Update after renewal', run: () => setDialog({ kind: 'replace', certificate: c }), isDisabled: mayNot },
      { title: 'Delete', run: () => setDialog({ kind: 'delete', certificate: c }), isDangerous: true, isDisabled: !c.may.includes('delete') },
    ];
  };

  return (
    <Page
      title="Certificates"
      actions={<Link className="pf-v6-c-button pf-m-primary" to="/certificates/add">Add certificates</Link>}
    >
      <PageSection>
        <Filters filter={filter} change={changeFilter} clear={clear}>
          <ToolbarItem>
            <Views
              views={views ?? []} current={views?.find((v) => String(v.id) === search.get('view'))} query={{ ...filter, sort }} columns={columns.ids}
              show={show} showAll={() => changeFilter({ ...withoutFilter(search), sort: '' })}
            />
          </ToolbarItem>
          <ToolbarItem>
            <Ticks
              label="Columns" ariaLabel="Columns to show" isCounted={false}
              options={columns.all.map((c): [string, string] => [c.id, c.title])} chosen={columns.ids} onChange={columns.choose}
            />
          </ToolbarItem>
        </Filters>
        {running?.isUpdate && <UpdateResults key={running.job} jobId={running.job} what={running.what} close={() => setRunning(null)} />}
        {running && !running.isUpdate && <ActionResults key={running.job} started={running} undone={(started) => setRunning({ ...started, isUpdate: false })} close={() => setRunning(null)} />}
        <Selection n={n} isAll={isAll} page={page} act={act} selectAll={() => setAll(true)} clear={clearSelection}>
          <Pager paging={paging} page={page} what="Certificates" />
        </Selection>
        {query.error && !page ? <Failed error={query.error} retry={() => void query.refetch()} /> : (
          <div className="cd-scroll">
            <CertificateTable
              items={page?.items} columns={columns.shown} sort={sort} setSort={(s) => change({ sort: s })}
              selected={selected} setSelected={setSelected} isAllSelected={isAll} actions={rowActions}
            />
          </div>
        )}
        {page?.items.length === 0 && <NoneFound isFiltered={Object.keys(filter).length > 0} clear={clear} />}
      </PageSection>
      {dialog?.kind === 'access' && <AccessDialog certificate={dialog.certificate} close={close} />}
      {dialog?.kind === 'replace' && <ReplaceDialog certificate={dialog.certificate} close={close} />}
      {dialog?.kind === 'delete' && <DeleteDialog certificate={dialog.certificate} close={close} />}
      {dialog?.kind === 'bulk' && (
        <BulkDialog
          ask={dialog.ask} target={target} n={n} isAll={isAll} rows={page?.items ?? []} close={close}
          started={(started) => {
            setRunning({ ...started, isUpdate: false });
            clearSelection();
          }}
        />
      )}
    </Page>
  );
}
