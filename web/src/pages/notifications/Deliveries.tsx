/* What was sent to whom, and what came of it. */
import { Button, FormSelect, FormSelectOption, Label, PageSection, Toolbar, ToolbarContent, ToolbarGroup, ToolbarItem } from '@patternfly/react-core';
import { ExpandableRowContent, Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Delivery, DeliveryState } from '../../api/types';
import { Link, useSearch } from '../../app/router';
import { useMe } from '../../app/session';
import { Page } from '../../parts/Page';
import { Pager, usePaging } from '../../parts/Pager';
import { Loaded, Nothing } from '../../parts/States';
import { Time } from '../../parts/Time';
import { useToasts } from '../../parts/Toasts';
import { deliveryStateWords, plain } from '../../parts/words';

const colors: Record<DeliveryState, 'grey' | 'blue' | 'green' | 'red'> = { queued: 'grey', sending: 'blue', sent: 'green', failed: 'red' };
const channels: [string, string][] = [['', 'Every channel'], ['email', 'E-mail'], ['webhook', 'Webhooks']];
const states: [string, string][] = [['', 'Every state'], ...Object.entries(deliveryStateWords)];

function Body({ id }: { id: number }) {
  const query = useQuery({ queryKey: ['deliveries', id], queryFn: ({ signal }) => api.get('/deliveries/{id}', { path: { id }, signal }) });
  return (
    <Loaded query={query} lines={3}>
      {(d) => (
        <>
          {d.tickets.length > 0 && <p>About {[...new Set(d.tickets)].map((key, i) => <span key={key}>{i > 0 && ', '}<Link to={`/tickets/${key}`}>{key}</Link></span>)}</p>}
          {d.certificates.length > 0 && <p>About {d.certificates.map((c, i) => <span key={c.id}>{i > 0 && ', '}<Link to={`/certificates/${c.id}`}>{c.name}</Link></span>)}</p>}
          <pre className="cd-pem cd-said">{d.body}</pre>
        </>
      )}
    </Loaded>
  );
}

interface RowProps {
  delivery: Delivery;
  isOpen: boolean;
  toggle: () => void;
  retry?: () => void;
}

function Row({ delivery: d, isOpen, toggle, retry }: RowProps) {
  return (
    <Tbody isExpanded={isOpen}>
      <Tr>
        <Td dataLabel="When"><Time at={d.sent_at ?? d.created_at} /></Td>
        <Td dataLabel="To"><span className="cd-two-lines"><span className="cd-break">{d.recipient}</span><span className="cd-quiet">{d.channel === 'email' ? 'E-mail' : plain(d.channel)}</span></span></Td>
        <Td dataLabel="Subject"><span className="cd-break">{d.subject}</span></Td>
        <Td dataLabel="State">
          <span className="cd-two-lines">
            <Label isCompact color={colors[d.state]}>{deliveryStateWords[d.state]}</Label>
            {d.error && <span className="cd-bad cd-break">{d.error}</span>}
            {d.state === 'queued' && <span className="cd-quiet">{d.attempts > 0 && `${d.attempts} tried, `}next <Time at={d.due_at} show="ago" /></span>}
          </span>
        </Td>
        <Td dataLabel="Actions">
          <span className="cd-actions">
            <Button variant="link" isInline aria-expanded={isOpen} onClick={toggle} aria-label={`Text of ${d.subject} to ${d.recipient}`}>{isOpen ? 'Hide' : 'Text'}</Button>
            {retry && d.state === 'failed' && <Button variant="link" isInline onClick={retry} aria-label={`Send ${d.subject} to ${d.recipient} again`}>Send again</Button>}
          </span>
        </Td>
      </Tr>
      {isOpen && <Tr isExpanded><Td colSpan={5}><ExpandableRowContent><Body id={d.id} /></ExpandableRowContent></Td></Tr>}
    </Tbody>
  );
}

function Filters() {
  const [search, change] = useSearch();
  const select = (label: string, name: string, options: [string, string][]) => (
    <ToolbarItem>
      <FormSelect aria-label={label} value={search.get(name) ?? ''} onChange={(_, v) => change({ [name]: v })}>
        {options.map(([value, words]) => <FormSelectOption key={value} value={value} label={words} />)}
      </FormSelect>
    </ToolbarItem>
  );
  return <>{select('Channel', 'channel', channels)}{select('State', 'state', states)}</>;
}

export default function Deliveries() {
  const isAdmin = useMe().role === 'admin';
  const client = useQueryClient();
  const toasts = useToasts();
  const [search] = useSearch();
  const [open, setOpen] = useState(0);
  const filter = { channel: search.get('channel') ?? '', state: search.get('state') ?? '' };
  const paging = usePaging(JSON.stringify(filter));
  const query = useQuery({
    queryKey: ['deliveries', filter, paging.cursor, paging.limit],
    placeholderData: keepPreviousData,
    refetchInterval: 10000,
    queryFn: ({ signal }) => api.get('/deliveries', { query: { ...filter, limit: paging.limit, cursor: paging.cursor }, signal }),
  });
  const retry = (id: number) => {
    api.post('/deliveries/{id}/retry', undefined, { path: { id } })
      .then(() => client.invalidateQueries({ queryKey: ['deliveries'] })).catch((error: unknown) => toasts.failed('Could not send it again', error));
  };
  return (
    <Page title="Delivery log" parents={[{ to: '/settings/notifications', text: 'Notifications' }]} lead="Every mail and webhook: queued, sent once, tried again when it fails.">
      <PageSection>
        <Toolbar inset={{ default: 'insetNone' }}>
          <ToolbarContent>
            <Filters />
            <ToolbarGroup align={{ default: 'alignEnd' }}><ToolbarItem><Pager paging={paging} page={query.data} what="Deliveries" /></ToolbarItem></ToolbarGroup>
          </ToolbarContent>
        </Toolbar>
        <Loaded query={query}>
          {(page) => (page.items.length === 0 ? <Nothing title="Nothing was sent">Mails and webhooks appear here.</Nothing> : (
            <div className="cd-scroll">
              <Table variant="compact" aria-label="Deliveries" className="cd-table">
                <Thead><Tr><Th>When</Th><Th className="cd-col-to">To</Th><Th className="cd-col-name">Subject</Th><Th>State</Th><Th screenReaderText="Actions" /></Tr></Thead>
                {page.items.map((d) => (
                  <Row key={d.id} delivery={d} isOpen={open === d.id} toggle={() => setOpen(open === d.id ? 0 : d.id)} retry={isAdmin ? () => retry(d.id) : undefined} />
                ))}
              </Table>
            </div>
          ))}
        </Loaded>
      </PageSection>
    </Page>
  );
}
