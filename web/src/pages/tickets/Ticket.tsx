/* One ticket. */
import { Button, Card, CardBody, CardTitle, Grid, GridItem, Label, PageSection } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Ticket as TicketData } from '../../api/types';
import { Link, usePathValue } from '../../app/router';
import { Facts } from '../../parts/Facts';
import { PriorityLabel, TicketStatusLabel } from '../../parts/Labels';
import { Kebab } from '../../parts/Menu';
import { Page } from '../../parts/Page';
import { Failed, Waiting } from '../../parts/States';
import { Time } from '../../parts/Time';
import { useToasts } from '../../parts/Toasts';
import { ticketTypeWords } from '../../parts/words';
import { EditTicketDialog, SnoozeDialog, TransitionDialog } from './dialogs';
import { Talk } from './Talk';
import { isSnoozed, QuietLabel } from './TicketTable';

type Asking = 'edit' | 'snooze' | { transition: string; name: string } | null;

function Details({ t }: { t: TicketData }) {
  return (
    <Facts
      isNarrow
      facts={[
        ['Status', <TicketStatusLabel status={t.status} />],
        ['Type', ticketTypeWords[t.type]],
        ['Priority', <PriorityLabel priority={t.priority} />],
        ['Certificate', t.certificate ? <Link to={`/certificates/${t.certificate.id}`} className="cd-break">{t.certificate.name}</Link> : '–'],
        ['Assignee', t.assignee ?? 'Nobody'],
        ['Reporter', t.reporter ?? 'certdesk'],
        t.labels.length > 0 && ['Labels', <span className="cd-labels">{t.labels.map((l) => <Label key={l} isCompact variant="outline">{l}</Label>)}</span>],
        ['Due', <Time at={t.due_at} />],
        t.acknowledged_at !== null && ['Acknowledged', <><Time at={t.acknowledged_at} /> by {t.acknowledged_by ?? 'somebody'}</>],
        isSnoozed(t) && ['Snoozed until', <Time at={t.snoozed_until} />],
        ['Opened', <Time at={t.created_at} />],
        ['Updated', <Time at={t.updated_at} />],
        t.resolved_at !== null && ['Resolved', <><Time at={t.resolved_at} />{t.resolution && `: ${t.resolution}`}</>],
      ]}
    />
  );
}

function Filled({ t }: { t: TicketData }) {
  const client = useQueryClient();
  const toasts = useToasts();
  const [asking, setAsking] = useState<Asking>(null);
  const transitions = useQuery({
    queryKey: ['ticket', t.key, 'transitions', t.status],
    queryFn: ({ signal }) => api.get('/tickets/{key}/transitions', { path: { key: t.key }, signal }),
  });
  const changed = () => {
    for (const key of ['ticket', 'tickets', 'dashboard']) void client.invalidateQueries({ queryKey: [key] });
  };
  const patch = (body: { acknowledged?: boolean; snoozed_until?: null }) => {
    api.patch('/tickets/{key}', body, { path: { key: t.key } }).then(changed)
      .catch((error: unknown) => toasts.failed(`Could not change ${t.key}`, error));
  };
  const isOpen = t.resolved_at === null;
  const mayEdit = t.may.includes('edit');
  const mayComment = t.may.includes('comment');
  const close = () => setAsking(null);

  return (
    <Page
      title={`${t.key} ${t.summary}`}
      parents={[{ to: '/tickets', text: 'Tickets' }]}
      heading={<span className="cd-labels"><span>{t.key} {t.summary}</span><QuietLabel ticket={t} /></span>}
      actions={(
        <>
          {transitions.data?.items.map((tr, i) => (
            <Button key={tr.transition} variant={i === 0 ? 'primary' : 'secondary'} onClick={() => setAsking(tr)}>{tr.name}</Button>
          ))}
          {isOpen && mayComment && (
            <Button variant="secondary" onClick={() => patch({ acknowledged: t.acknowledged_at === null })}>
              {t.acknowledged_at === null ? 'Acknowledge' : 'Take back acknowledgement'}
            </Button>
          )}
          {mayEdit && (
            <Kebab
              label="More actions"
              actions={[
                { title: 'Assign, priority, labels', run: () => setAsking('edit') },
                ...(isOpen && !isSnoozed(t) ? [{ title: 'Snooze', run: () => setAsking('snooze') }] : []),
                ...(isOpen && isSnoozed(t) ? [{ title: 'Wake', run: () => patch({ snoozed_until: null }) }] : []),
              ]}
            />
          )}
        </>
      )}
    >
      <PageSection>
        <Grid hasGutter>
          <GridItem span={12} lg={7} xl={8}>
            {t.description && <Card className="cd-below"><CardBody><p className="cd-said">{t.description}</p></CardBody></Card>}
            <Card><CardBody><Talk ticket={t} /></CardBody></Card>
          </GridItem>
          <GridItem span={12} lg={5} xl={4}>
            <Card><CardTitle component="h2">Details</CardTitle><CardBody><Details t={t} /></CardBody></Card>
          </GridItem>
        </Grid>
      </PageSection>
      {asking === 'edit' && <EditTicketDialog ticket={t} close={close} changed={changed} />}
      {asking === 'snooze' && <SnoozeDialog ticket={t} close={close} changed={changed} />}
      {asking !== null && typeof asking === 'object' && <TransitionDialog ticket={t} transition={asking} close={close} changed={changed} />}
    </Page>
  );
}

export default function Ticket() {
  const key = usePathValue('key').toUpperCase();
  const query = useQuery({
    queryKey: ['ticket', key],
    queryFn: ({ signal }) => api.get('/tickets/{key}', { path: { key }, signal }),
    refetchInterval: 30000,
  });
  if (query.data) return <Filled t={query.data} />;
  return (
    <Page title={key} parents={[{ to: '/tickets', text: 'Tickets' }]}>
      <PageSection>
        {query.error ? <Failed error={query.error} retry={() => void query.refetch()} /> : <Waiting lines={8} />}
      </PageSection>
    </Page>
  );
}
