/* One import: what would happen, or what has; row by row. */
import { Alert, Button, PageSection, ToggleGroup, ToggleGroupItem } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api } from '../../api/client';
import type { Import, ImportAction, ImportResult, ImportRow } from '../../api/types';
import { Link, navigate, usePathValue, useSearch } from '../../app/router';
import { sizeWords } from '../../parts/Files';
import { isOver, JobProgress, useJob } from '../../parts/jobs';
import { Page } from '../../parts/Page';
import { Pager, usePaging } from '../../parts/Pager';
import { Loaded, Nothing } from '../../parts/States';
import { Time } from '../../parts/Time';
import { useToasts } from '../../parts/Toasts';
import { count } from '../../parts/words';

const trial: Record<ImportAction, string> = { created: 'Would be added', updated: 'Would change', unchanged: 'As it is', failed: 'Refused' };
const real: Record<ImportAction, string> = { created: 'Added', updated: 'Changed', unchanged: 'As it was', failed: 'Refused' };
const tabs: ImportAction[] = ['created', 'updated', 'unchanged', 'failed'];

function Changes({ row }: { row: ImportRow }) {
  if (row.errors.length > 0) {
    return (
      <ul className="cd-names">
        {row.errors.map((e) => <li key={`${e.line}/${e.column ?? ''}/${e.message}`} className="cd-bad cd-break">Line {e.line}{e.column && `, ${e.column}`}: {e.message}</li>)}
      </ul>
    );
  }
  if (row.changes.length === 0) return <>–</>;
  return (
    <ul className="cd-names">
      {row.changes.map((c) => (
        <li key={c.column} className="cd-break"><strong>{c.column}</strong>: {c.old && <><s>{c.old}</s> → </>}{c.new || <span className="cd-quiet">empty</span>}</li>
      ))}
    </ul>
  );
}

function lineWords(row: ImportRow): string {
  return row.lines.length > 1 ? row.lines.slice(0, 4).join(', ') + (row.lines.length > 4 ? '…' : '') : String(row.line);
}

function Rows({ id, isTrial, result }: { id: number; isTrial: boolean; result: ImportResult }) {
  const [search, change] = useSearch();
  const words = isTrial ? trial : real;
  const first = result.failed > 0 ? 'failed' : tabs.find((t) => result[t] > 0) ?? 'created';
  const action = tabs.find((t) => t === search.get('action')) ?? first;
  const paging = usePaging(action);
  const query = useQuery({
    queryKey: ['imports', id, 'rows', action, paging.cursor, paging.limit],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => api.get('/imports/{id}/rows', { path: { id }, query: { action, limit: paging.limit, cursor: paging.cursor }, signal }),
  });
  return (
    <>
      <div className="cd-selection">
        <ToggleGroup aria-label="Rows to show">
          {tabs.map((t) => (
            <ToggleGroupItem key={t} text={`${words[t]} (${result[t].toLocaleString('en')})`} isSelected={t === action} onChange={() => change({ action: t })} />
          ))}
        </ToggleGroup>
        <Pager paging={paging} page={query.data} what="Rows" />
      </div>
      <Loaded query={query}>
        {(page) => (page.items.length === 0 ? <Nothing title="No rows">There is none of this kind.</Nothing> : (
          <div className="cd-scroll">
            <Table variant="compact" aria-label="Rows" className="cd-table">
              <Thead><Tr><Th>Line</Th><Th className="cd-col-name">Certificate</Th><Th>{action === 'failed' ? 'Why' : 'What'}</Th></Tr></Thead>
              <Tbody>
                {page.items.map((row) => (
                  <Tr key={row.line}>
                    <Td dataLabel="Line">{lineWords(row)}</Td>
                    <Td dataLabel="Certificate">
                      <span className="cd-break">{row.certificate ? <Link to={`/certificates/${row.certificate.id}`}>{row.name || row.certificate.name}</Link> : row.name || '–'}</span>
                    </Td>
                    <Td dataLabel="What"><Changes row={row} /></Td>
                  </Tr>
                ))}
              </Tbody>
            </Table>
          </div>
        ))}
      </Loaded>
    </>
  );
}

/* Worth a word only where it was not what "CSV" says. */
function Between({ result }: { result: ImportResult }) {
  return result.delimiter === 'comma' ? null : <span>The columns are separated by {result.delimiter === 'tab' ? 'tabs' : 'semicolons'}.</span>;
}

function Verdict({ i, apply, isBusy }: { i: Import; apply: () => void; isBusy: boolean }) {
  const result = i.result;
  if (!result) return null;
  const n = result.created + result.updated;
  const errors = result.failed > 0 && <a href={`/api/v1/imports/${i.id}/errors.csv`}>Download the refused rows with their reasons</a>;
  if (!i.dry_run) {
    return (
      <Alert isInline variant={result.failed > 0 ? 'warning' : 'success'} title={`${count(result.created, 'certificate')} added, ${result.updated.toLocaleString('en')} changed, ${result.failed.toLocaleString('en')} refused`}>
        <div className="cd-stack"><Between result={result} />{errors}</div>
      </Alert>
    );
  }
  return (
    <Alert isInline variant={result.failed > 0 ? 'warning' : 'info'} title={n === 0 ? 'Nothing would change' : `${count(result.created, 'certificate')} would be added, ${result.updated.toLocaleString('en')} changed`}>
      <div className="cd-stack">
        <Between result={result} />
        {result.failed > 0 && <span>{count(result.failed, 'record')} would be refused; the others can come in without them. {errors}</span>}
        <div className="cd-actions">
          {n > 0 && i.can_apply && <Button onClick={apply} isLoading={isBusy} isDisabled={isBusy}>Import {count(n, 'certificate')}</Button>}
          <Button variant="link" onClick={() => navigate('/imports')}>{n > 0 ? 'Leave it' : 'Choose another file'}</Button>
        </div>
      </div>
    </Alert>
  );
}

function Filled({ i }: { i: Import }) {
  const client = useQueryClient();
  const toasts = useToasts();
  const [isBusy, setBusy] = useState(false);
  const job = useJob(i.result ? null : i.job);
  const over = isOver(job.data);
  useEffect(() => {
    if (over) void client.invalidateQueries({ queryKey: ['imports'] });
  }, [over, client]);
  const apply = async () => {
    setBusy(true);
    try {
      const { id } = await api.post('/imports/{id}/apply', undefined, { path: { id: i.id } });
      void client.invalidateQueries({ queryKey: ['imports'] });
      navigate(`/imports/${id}`);
    } catch (error) {
      toasts.failed('Could not import', error);
    }
    setBusy(false);
  };
  if (job.data?.state === 'failed') return <Alert isInline variant="danger" title="The file could not be imported">{job.data.error}</Alert>;
  if (!i.result) return <div className="cd-progress"><JobProgress job={job.data} title={i.dry_run ? 'Looking through the file' : 'Importing'} /></div>;
  return (
    <>
      <Verdict i={i} apply={() => void apply()} isBusy={isBusy} />
      <Rows id={i.id} isTrial={i.dry_run} result={i.result} />
    </>
  );
}

export default function One() {
  const id = Number(usePathValue('id'));
  const query = useQuery({ queryKey: ['imports', id], queryFn: ({ signal }) => api.get('/imports/{id}', { path: { id }, signal }) });
  const i = query.data;
  return (
    <Page
      title={i ? i.filename || `Import ${id}` : 'Import'}
      parents={[{ to: '/certificates', text: 'Certificates' }, { to: '/imports', text: 'CSV import' }]}
      lead={i && <>{i.dry_run ? 'A trial: nothing is changed yet. ' : ''}{sizeWords(i.size)}, by {i.by ?? 'certdesk'}, <Time at={i.created_at} show="ago" />.</>}
    >
      <PageSection><Loaded query={query}>{(data) => <Filled i={data} />}</Loaded></PageSection>
    </Page>
  );
}
