/* One ticket. */
import { Button, Card, CardBody, CardTitle, Grid, GridItem, Label, PageSection } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { api } from '../../api/client';
import type { TicketInFull as TicketData } from '../../api/types';
import { Link, navigate, usePathValue } from '../../app/router';
import { Facts } from '../../parts/Facts';
import { PriorityLabel, TicketStatusLabel } from '../../parts/Labels';
import { Kebab } from '../../parts/Menu';
import { Page } from '../../parts/Page';
import { Failed, Waiting } from '../../parts/States';
import { Time } from '../../parts/Time';
import { useToasts } from '../../parts/Toasts';
import { ticketTypeWords } from '../../parts/words';
import { ApprovalsCard, waitsForApproval } from './Approvals';
import { Attachments } from './Attachments';
import { EditTicketDialog, SnoozeDialog, TransitionDialog } from './dialogs';
import { DeploymentsCard, ExpectedCard, isWorking, RequestCard, Working } from './Request';
import { Talk } from './Talk';
import { isSnoozed, QuietLabel } from './TicketTable';
import { Watchers } from './Watchers';

type Asking = 'edit' | 'snooze' | { transition: string; name: string } | null;

function Details({ t }: { t: TicketData }) {
  return (
    <Facts
      isNarrow
      facts={[
        ['Status', <TicketStatusLabel status={t.status} />],
        ['Type', ticketTypeWords[t.type]],
        ['Priority', <PriorityLabel priority={t.priority} />],
        t.type === 'certificate_expiry' && ['Certificate', t.certificate ? <Link to={`/certificates/${t.certificate.id}`} className="cd-break">{t.certificate.name}</Link> : '–'],
        ['Assignee', t.assignee ?? 'Nobody'],
        ['Reporter', t.reporter ?? 'certdesk'],
        ['Project', t.project],
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

function useChanged(key: string) {
  const client = useQueryClient();
  return (answer?: TicketData) => {
    if (answer) client.setQueryData(['ticket', key], answer);
    for (const name of ['ticket', 'tickets', 'dashboard', 'certificate', 'certificates', 'deployments']) void client.invalidateQueries({ queryKey: [name] });
  };
}

/* Something happened: then there is something new to read. */
function useFreshTalk(t: TicketData): void {
  const client = useQueryClient();
  useEffect(() => {
    for (const part of ['comments', 'history', 'attachments']) void client.invalidateQueries({ queryKey: ['ticket', t.key, part] });
  }, [client, t.key, t.updated_at, t.status]);
}

/* The button that was pressed is gone in another status: then the keyboard goes on at the top of the page, and not outside. */
function useFocusKept(status: string, isThere: boolean): void {
  const last = useRef(status);
  useEffect(() => {
    if (last.current === status || !isThere) return;
    last.current = status;
    if (document.activeElement === document.body) document.getElementById('main')?.focus({ preventScroll: true });
  }, [status, isThere]);
}

/* A revoked certificate is not for a hurried click; neither is cancelling. */
function TransitionButtons({ t, isFirst, ask }: { t: TicketData; isFirst: boolean; ask: (transition: { transition: string; name: string }) => void }) {
  const query = useQuery({
    queryKey: ['ticket', t.key, 'transitions', t.status],
    queryFn: ({ signal }) => api.get('/tickets/{key}/transitions', { path: { key: t.key }, signal }),
  });
  useFocusKept(t.status, query.data !== undefined);
  return query.data?.items.map((tr, i) => {
    const isDangerous = tr.transition === 'revoke' || tr.transition === 'cancel';
    return (
      <Button key={tr.transition} variant={isFirst && i === 0 && !isDangerous ? 'primary' : 'secondary'} isDanger={isDangerous} onClick={() => ask(tr)}>{tr.name}</Button>
    );
  });
}

function Cards({ t }: { t: TicketData }) {
  return (
    <Grid hasGutter>
      <GridItem span={12} lg={7} xl={8}>
        <div className="cd-stack">
          {t.description && <Card><CardTitle component="h2">Description</CardTitle><CardBody><p className="cd-said">{t.description}</p></CardBody></Card>}
          <ApprovalsCard ticket={t} />
          <RequestCard ticket={t} />
          <DeploymentsCard ticket={t} />
          <ExpectedCard ticket={t} />
          <Attachments ticket={t} />
          <Card><CardBody><Talk ticket={t} /></CardBody></Card>
        </div>
      </GridItem>
      <GridItem span={12} lg={5} xl={4}>
        <div className="cd-stack">
          <Card><CardTitle component="h2">Details</CardTitle><CardBody><Details t={t} /></CardBody></Card>
          <Card><CardTitle component="h2">Watchers</CardTitle><CardBody><Watchers ticket={t} /></CardBody></Card>
        </div>
      </GridItem>
    </Grid>
  );
}

function Filled({ t }: { t: TicketData }) {
  const toasts = useToasts();
  const [asking, setAsking] = useState<Asking>(null);
  const changed = useChanged(t.key);
  const patch = (body: { acknowledged?: boolean; snoozed_until?: null }) => {
    api.patch('/tickets/{key}', body, { path: { key: t.key } }).then(() => changed())
      .catch((error: unknown) => toasts.failed(`Could not change ${t.key}`, error));
  };
  useFreshTalk(t);
  const isOpen = t.resolved_at === null;
  const mayEdit = t.may.includes('edit');
  const isExpiry = t.type === 'certificate_expiry';
  const record = isOpen && isExpiry && mayEdit ? t.certificate : null;
  const close = () => setAsking(null);

  return (
    <Page
      title={`${t.key} ${t.summary}`}
      parents={[{ to: '/tickets', text: 'Tickets' }]}
      heading={<span className="cd-labels"><span>{t.key} {t.summary}</span><TicketStatusLabel status={t.status} /><QuietLabel ticket={t} /></span>}
      actions={(
        <>
          {record && <Link className="pf-v6-c-button pf-m-primary" to={`/certificates/${record.id}?do=renew`}>Renew</Link>}
          <TransitionButtons t={t} isFirst={!record && !waitsForApproval(t)} ask={setAsking} />
          {isOpen && isExpiry && t.may.includes('comment') && (
            <Button variant="secondary" onClick={() => patch({ acknowledged: t.acknowledged_at === null })}>
              {t.acknowledged_at === null ? 'Acknowledge' : 'Take back acknowledgement'}
            </Button>
          )}
          {mayEdit && (
            <Kebab
              label="More actions"
              actions={[
                { title: 'Edit', run: () => setAsking('edit') },
                ...(record ? [{ title: 'Update after renewal', run: () => navigate(`/certificates/${record.id}?do=replace`) }] : []),
                ...(isOpen && !isSnoozed(t) ? [{ title: 'Snooze', run: () => setAsking('snooze') }] : []),
                ...(isOpen && isSnoozed(t) ? [{ title: 'Wake', run: () => patch({ snoozed_until: null }) }] : []),
              ]}
            />
          )}
        </>
      )}
    >
      <PageSection>
        <div role="status"><Working ticket={t} /></div>
        <Cards t={t} />
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
    refetchInterval: ({ state }) => (state.data && isWorking(state.data) ? 1000 : 30000),
  });
  if (query.data) return <Filled t={query.data} />;
  return (
    <Page title={key} parents={[{ to: '/tickets', text: 'Tickets' }]}>
      <PageSection>{query.error ? <Failed error={query.error} retry={() => void query.refetch()} /> : <Waiting lines={8} />}</PageSection>
    </Page>
  );
}
