/* The list of tickets. */
import {
  Button, FormSelect, FormSelectOption, PageSection, SearchInput, Toolbar, ToolbarContent, ToolbarGroup, ToolbarItem,
} from '@patternfly/react-core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, type Params } from '../../api/client';
import type { TicketType } from '../../api/types';
import { useSearch } from '../../app/router';
import { useMe } from '../../app/session';
import { Page } from '../../parts/Page';
import { Pager, usePaging } from '../../parts/Pager';
import { Failed, Nothing } from '../../parts/States';
import { ticketTypeWords } from '../../parts/words';
import { TicketTable } from './TicketTable';

/* "open" is what most people come for; "all" has to be asked for. */
function paramsOf(search: URLSearchParams): Params {
  const show = search.get('show') ?? 'open';
  const who = search.get('assignee');
  return {
    q: search.get('q'),
    type: search.get('type'),
    assignee: who,
    open: show === 'all' ? undefined : show !== 'resolved',
    snoozed: show === 'open' ? false : undefined,
  };
}

export default function List() {
  const me = useMe();
  const [search, change] = useSearch();
  const [text, setText] = useState(search.get('q') ?? '');
  const params = paramsOf(search);
  const key = JSON.stringify(params);
  const paging = usePaging(key);
  const query = useQuery({
    queryKey: ['tickets', key, paging.cursor, paging.limit],
    placeholderData: keepPreviousData,
    refetchInterval: 30000,
    queryFn: ({ signal }) => api.get('/tickets', { query: { ...params, limit: paging.limit, cursor: paging.cursor }, signal }),
  });
  const q = search.get('q') ?? '';
  useEffect(() => {
    if (text.trim() === q) return undefined;
    const timer = setTimeout(() => change({ q: text.trim() }), 300);
    return () => clearTimeout(timer);
  }, [text, q, change]);
  const isFiltered = Boolean(q || search.get('type') || search.get('assignee') || search.get('show'));

  return (
    <Page title="Tickets" lead="certdesk opens a ticket before a certificate ends, and resolves it when every address serves its successor.">
      <PageSection>
        <Toolbar inset={{ default: 'insetNone' }}>
          <ToolbarContent>
            <ToolbarItem>
              <SearchInput
                className="cd-search" aria-label="Search tickets" placeholder="Key or words" value={text}
                onChange={(_, v) => setText(v)} onSearch={() => change({ q: text.trim() })}
                onClear={() => {
                  setText('');
                  change({ q: '' });
                }}
              />
            </ToolbarItem>
            <ToolbarItem>
              <FormSelect aria-label="Show" value={search.get('show') ?? 'open'} onChange={(_, v) => change({ show: v === 'open' ? '' : v })}>
                <FormSelectOption value="open" label="Open" />
                <FormSelectOption value="snoozed" label="Open, also snoozed" />
                <FormSelectOption value="resolved" label="Resolved" />
                <FormSelectOption value="all" label="All" />
              </FormSelect>
            </ToolbarItem>
            <ToolbarItem>
              <FormSelect aria-label="Type" value={search.get('type') ?? ''} onChange={(_, v) => change({ type: v })}>
                <FormSelectOption value="" label="All types" />
                {(Object.keys(ticketTypeWords) as TicketType[]).map((t) => <FormSelectOption key={t} value={t} label={ticketTypeWords[t]} />)}
              </FormSelect>
            </ToolbarItem>
            <ToolbarItem>
              <FormSelect aria-label="Assignee" value={search.get('assignee') ?? ''} onChange={(_, v) => change({ assignee: v })}>
                <FormSelectOption value="" label="Anybody's" />
                <FormSelectOption value={me.name} label="Mine" />
                <FormSelectOption value="-" label="Nobody's" />
              </FormSelect>
            </ToolbarItem>
            <ToolbarGroup align={{ default: 'alignEnd' }}>
              <ToolbarItem><Pager paging={paging} page={query.data} what="Tickets" /></ToolbarItem>
            </ToolbarGroup>
          </ToolbarContent>
        </Toolbar>
        {query.error && !query.data ? <Failed error={query.error} retry={() => void query.refetch()} />
          : <div className="cd-scroll"><TicketTable items={query.data?.items} /></div>}
        {query.data?.items.length === 0 && (isFiltered ? (
          <Nothing title="No ticket matches" action={<Button variant="link" onClick={() => { setText(''); change({ q: '', type: '', assignee: '', show: '' }); }}>Show all open tickets</Button>}>
            Nothing that you may see fits.
          </Nothing>
        ) : (
          <Nothing title="No open tickets">Nothing needs doing. A ticket appears here when a certificate nears its end.</Nothing>
        ))}
      </PageSection>
    </Page>
  );
}
