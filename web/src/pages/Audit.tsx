/* The audit log: who did what to what, and whether the chain of entries is whole. */
import { Button, FormSelect, FormSelectOption, PageSection, Toolbar, ToolbarContent, ToolbarGroup, ToolbarItem } from '@patternfly/react-core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../api/client';
import { useSearch } from '../app/router';
import { AuditTable } from '../parts/AuditTable';
import { useSettled } from '../parts/CertificatePicker';
import { TextField } from '../parts/Fields';
import { Page } from '../parts/Page';
import { Pager, usePaging } from '../parts/Pager';
import { UserField } from '../parts/people';
import { errorText, Loaded, Nothing } from '../parts/States';
import { Time } from '../parts/Time';
import { count } from '../parts/words';

const objects: [string, string][] = [['', 'Everything'], ['certificate', 'Certificates'], ['ticket', 'Tickets'],
  ['user', 'Users'], ['group', 'Groups'], ['business_group', 'Business groups'], ['csr', 'CSRs'], ['key', 'Keys'], ['resource', 'Resources'],
  ['import', 'CSV imports'], ['webhook', 'Webhooks'], ['view', 'Views'], ['custom_field', 'Custom fields'], ['token', 'Tokens'], ['session', 'Sessions'],
  ['settings', 'Settings'], ['trust', 'Private CAs'], ['vault', 'Vault'], ['backup', 'Backups'], ['standby', 'Standby'], ['schedule', 'Schedules']];

/* Asked for when the page opens: whether every entry still follows from the one before. */
function ChainState() {
  const query = useQuery({
    queryKey: ['audit-chain'], queryFn: ({ signal }) => api.get('/audit/verify', { signal }), staleTime: 300000, retry: false,
  });
  const again = <Button variant="link" isInline isLoading={query.isFetching} onClick={() => void query.refetch()}>Verify again</Button>;
  if (query.isPending) return <span className="cd-quiet">Verifying the chain…</span>;
  if (query.error) return <span className="cd-warn">The chain could not be verified: {errorText(query.error)}. {again}</span>;
  const { intact, links, waiting, broken_at: at, reason, checkpoints } = query.data;
  if (!intact) return <span className="cd-bad">The log has been tampered with, from link {at} on: {reason}. {again}</span>;
  return (
    <span>
      {links === 0 ? 'No entry is chained yet' : `The chain is intact: verified up to link ${links.toLocaleString('en')}`}
      {checkpoints && checkpoints.count > 0 && <>, with {count(checkpoints.count, 'signed checkpoint')}, the last one <Time at={checkpoints.last_at} show="ago" /></>}
      {waiting > 0 && <>; {count(waiting, 'newer entry is', 'newer entries are')} linked next</>}. {again}
    </span>
  );
}

const fields = ['object_type', 'actor', 'action', 'from', 'to'] as const;

function Filters() {
  const [search, change] = useSearch();
  const [isMore, setMore] = useState(() => ['actor', 'action', 'from', 'to'].some((f) => search.get(f)));
  const isAny = fields.some((f) => search.get(f));
  return (
    <>
      <ToolbarItem>
        <FormSelect aria-label="About" value={search.get('object_type') ?? ''} onChange={(_, v) => change({ object_type: v })}>
          {objects.map(([value, label]) => <FormSelectOption key={value} value={value} label={label} />)}
        </FormSelect>
      </ToolbarItem>
      <ToolbarItem><Button variant="secondary" aria-expanded={isMore} onClick={() => setMore(!isMore)}>Who, what, when</Button></ToolbarItem>
      {isAny && <ToolbarItem><Button variant="link" onClick={() => change(Object.fromEntries(fields.map((f) => [f, ''])))}>Clear all</Button></ToolbarItem>}
      {isMore && (
        <ToolbarItem className="cd-whole">
          <div className="cd-more-filters cd-filter-row">
            <UserField label="Who" value={search.get('actor') ?? ''} onChange={(actor) => change({ actor })} />
            <TextField label="What" value={search.get('action') ?? ''} onChange={(action) => change({ action })} maxLength={64} placeholder="certificate.delete" help="An action, or how it begins" />
            <TextField label="From" type="date" value={search.get('from') ?? ''} onChange={(from) => change({ from })} />
            <TextField label="Until" type="date" value={search.get('to') ?? ''} onChange={(to) => change({ to })} />
          </div>
        </ToolbarItem>
      )}
    </>
  );
}

/* Days as the instants at which they begin; the last one is meant whole. */
const startOf = (date: string): string => (date ? `${date}T00:00:00Z` : '');
const endOf = (date: string): string => (date ? new Date(Date.parse(`${date}T00:00:00Z`) + 86400000).toISOString().replace('.000Z', 'Z') : '');

export default function Audit() {
  const [search] = useSearch();
  const given = Object.fromEntries(fields.map((f) => [f, search.get(f) ?? ''])) as Record<typeof fields[number], string>;
  const filter = useSettled(JSON.stringify({ ...given, from: startOf(given.from), to: endOf(given.to) }), 200);
  const wanted = Object.entries(JSON.parse(filter) as Record<string, string>).filter(([, value]) => value);
  const paging = usePaging(filter);
  const query = useQuery({
    queryKey: ['audit', filter, paging.cursor, paging.limit],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => api.get('/audit', { query: { ...JSON.parse(filter) as Record<string, string>, limit: paging.limit, cursor: paging.cursor }, signal }),
  });
  return (
    <Page title="Audit log" lead={<>Every change, in the order it was made. {!query.error && <ChainState />}</>}>
      <PageSection>
        <Toolbar inset={{ default: 'insetNone' }}>
          <ToolbarContent>
            <Filters />
            <ToolbarItem><a href={`/api/v1/audit.csv?${new URLSearchParams(wanted).toString()}`} download>Download as CSV</a></ToolbarItem>
            <ToolbarGroup align={{ default: 'alignEnd' }}>
              <ToolbarItem><Pager paging={paging} page={query.data} what="Entries" /></ToolbarItem>
            </ToolbarGroup>
          </ToolbarContent>
        </Toolbar>
        <Loaded query={query} lines={10}>
          {(page) => (page.items.length === 0 ? <Nothing title="No entries">Nothing of this kind was done.</Nothing>
            : <div className="cd-scroll"><AuditTable entries={page.items} withObject /></div>)}
        </Loaded>
      </PageSection>
    </Page>
  );
}
