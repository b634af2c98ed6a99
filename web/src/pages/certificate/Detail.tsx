/* One certificate: how it stands, and everything known of it. */
import { Alert, AlertActionCloseButton, Button, PageSection, Tab, Tabs, TabTitleText } from '@patternfly/react-core';
import { KeyIcon } from '@patternfly/react-icons';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Certificate } from '../../api/types';
import { navigate, usePathValue, useSearch } from '../../app/router';
import { daysLeft } from '../../parts/dates';
import { FlagLabel, StatusLabel, Tags, TicketStatusLabel } from '../../parts/Labels';
import { Kebab } from '../../parts/Menu';
import { Page } from '../../parts/Page';
import { Failed, Nothing, Waiting } from '../../parts/States';
import { Time } from '../../parts/Time';
import { useToasts } from '../../parts/Toasts';
import { isTicketStatus, sourceWords } from '../../parts/words';
import { UpdateResults } from '../certificates/UpdateResults';
import { TicketTable } from '../tickets/TicketTable';
import { AccessDialog } from './AccessDialog';
import { AccessTab } from './AccessTab';
import { Alerts } from './Alerts';
import { ChainTab } from './Decoded';
import { DeleteDialog } from './DeleteDialog';
import { DeploymentsTab } from './DeploymentsTab';
import { EditDialog } from './EditDialog';
import { EndpointsTab } from './EndpointsTab';
import { LogTab } from './LogTab';
import { Overview } from './Overview';
import { RenewDialog, RevokeDialog } from './Renewal';
import { ReplaceDialog } from './ReplaceDialog';
import { ResourcesTab } from './ResourcesTab';
import { VersionsTab } from './VersionsTab';

type DialogName = 'access' | 'delete' | 'edit' | 'renew' | 'replace' | 'revoke' | null;

const tabs: [key: string, title: string][] = [
  ['overview', 'Overview'], ['chain', 'Chain'], ['versions', 'Versions'], ['endpoints', 'Endpoints'], ['resources', 'Resources'], ['deployments', 'Deployments'],
  ['tickets', 'Tickets'], ['access', 'Access'], ['log', 'Log'],
];

function Lead({ c }: { c: Certificate }) {
  return (
    <span className="cd-meta">
      {c.expires_at && <span><Time at={c.expires_at} show="date" />{c.days_left !== null && `, ${daysLeft(c.days_left)}`}</span>}
      {c.certificate_id && <span>{c.certificate_id}</span>}
      <span>{sourceWords[c.source]}{c.profile && ` by ${c.profile}`}</span>
      {isTicketStatus(c.stage) && <TicketStatusLabel status={c.stage} />}
      {c.business_group && <span>{c.business_group}</span>}
      <span>Owner {c.owner}{c.assignee && `, assignee ${c.assignee}`}</span>
      {c.has_private_key && <span><KeyIcon aria-hidden /> Private key here</span>}
      {c.tags.length > 0 && <span className="cd-labels"><Tags tags={c.tags} /></span>}
    </span>
  );
}

function Tickets({ id }: { id: number }) {
  const query = useQuery({
    queryKey: ['tickets', 'of', id],
    queryFn: ({ signal }) => api.get('/tickets', { query: { certificate: id, limit: 100 }, signal }),
  });
  if (query.error && !query.data) return <Failed error={query.error} retry={() => void query.refetch()} />;
  if (query.data?.items.length === 0)
    return <Nothing title="No tickets">One is opened when a notification period before the end has come.</Nothing>;
  return <TicketTable items={query.data?.items} hidesCertificate />;
}

/* "?do=renew" opens that dialog at once, for whoever may: tickets and mails link to it. */
function asDialog(wanted: string | null, c: Certificate): DialogName {
  return c.may.includes('edit') && (wanted === 'renew' || wanted === 'replace') ? wanted : null;
}

/* Asked for, and nothing came of it yet: there is a ticket that must be moved on. */
function NotIssued({ c, show }: { c: Certificate; show: () => void }) {
  return (
    <Nothing title="Not issued yet" action={<Button variant="secondary" onClick={show}>Show its ticket</Button>}>
      It was asked for from the profile {c.profile}, and is issued when the ticket is enrolled.
    </Nothing>
  );
}

function Filled({ c }: { c: Certificate }) {
  const toasts = useToasts();
  const [search, change] = useSearch();
  const [dialog, setDialog] = useState<DialogName>(() => asDialog(search.get('do'), c));
  const jobId = Number(search.get('job')) || null;
  const asked = search.get('tab');
  const tab = tabs.some(([key]) => key === asked) ? String(asked) : c.current || c.endpoints_summary.total === 0 ? 'overview' : 'endpoints';
  const fingerprint = search.get('fingerprint') ?? undefined;
  const decode = (f: string) => change({ tab: 'overview', fingerprint: f === c.current?.fingerprint_sha256 ? '' : f });

  const update = async () => {
    try {
      const answer = await api.post('/certificates/{id}/update', undefined, { path: { id: c.id } });
      if (answer.job === null) toasts.info(answer.message ?? 'Nothing to probe');
      else change({ job: String(answer.job) });
    } catch (error) {
      toasts.failed('Could not update', error);
    }
  };

  const mayEdit = c.may.includes('edit');
  const isManaged = c.profile !== null;
  const none = isManaged ? <NotIssued c={c} show={() => change({ tab: 'tickets' })} />
    : <Nothing title="Nothing seen yet">No endpoint has shown a certificate so far.</Nothing>;
  const shut = () => {
    setDialog(null);
    change({ do: '' });
  };
  return (
    <Page
      title={c.name}
      parents={[{ to: '/certificates', text: 'Certificates' }]}
      heading={<span className="cd-labels">{c.name} <StatusLabel status={c.status} />{c.flags.map((f) => <FlagLabel key={f} flag={f} />)}</span>}
      lead={<Lead c={c} />}
      actions={(
        <>
          {mayEdit && <Button variant={isManaged ? 'secondary' : 'primary'} onClick={() => void update()}>Update</Button>}
          {mayEdit && isManaged && c.current && c.status !== 'revoked' && <Button onClick={() => setDialog('renew')}>Renew</Button>}
          {mayEdit && <Button variant="secondary" onClick={() => setDialog('edit')}>Edit</Button>}
          <Kebab
            label="More actions"
            actions={[
              { title: 'Manage access', run: () => setDialog('access') },
              { title: isManaged ? 'Enroll again' : 'Enroll from a profile', run: () => navigate(`/tickets/new?certificate=${c.id}`), isDisabled: !mayEdit },
              ...(isManaged ? [] : [{ title: 'Renew', run: () => setDialog('renew'), isDisabled: !mayEdit }]),
              { title: 'Update after renewal', run: () => setDialog('replace'), isDisabled: !mayEdit },
              { title: 'Download certificate and chain', run: () => window.location.assign(`/api/v1/certificates/${c.id}.pem`), isDisabled: !c.current },
              { title: 'Revoke', run: () => setDialog('revoke'), isDangerous: true, isDisabled: !mayEdit || !c.current || c.status === 'revoked' },
              { title: 'Delete', run: () => setDialog('delete'), isDangerous: true, isDisabled: !c.may.includes('delete') },
            ]}
          />
        </>
      )}
    >
      <PageSection>
        {c.description && <p className="cd-description">{c.description}</p>}
        {jobId !== null && <UpdateResults key={jobId} jobId={jobId} what={`Update of ${c.name}`} close={() => change({ job: '' })} />}
        <Alerts certificate={c} showEndpoints={() => change({ tab: 'endpoints' })} />
        <Tabs activeKey={tab} onSelect={(_, key) => change({ tab: String(key), fingerprint: key === 'overview' || key === 'chain' ? fingerprint ?? '' : '' })} aria-label="About this certificate">
          {tabs.map(([key, title]) => <Tab key={key} eventKey={key} tabContentId="about-certificate" title={<TabTitleText>{title}</TabTitleText>} />)}
        </Tabs>
        <div className="cd-tab" id="about-certificate" role="tabpanel" aria-label={tabs.find(([key]) => key === tab)?.[1]}>
          {(tab === 'overview' || tab === 'chain') && fingerprint && (
            <Alert
              isInline isPlain variant="info" title="This is not the current version"
              actionClose={<AlertActionCloseButton aria-label="Show the current version" onClose={() => change({ fingerprint: '' })} />}
            />
          )}
          {tab === 'overview' && <Overview certificate={c} fingerprint={fingerprint} none={none} show={(t) => change({ tab: t })} />}
          {tab === 'chain' && (c.current || fingerprint ? <ChainTab id={c.id} fingerprint={fingerprint} /> : none)}
          {tab === 'endpoints' && <EndpointsTab certificate={c} decode={decode} />}
          {tab === 'versions' && <VersionsTab id={c.id} decode={decode} />}
          {tab === 'resources' && <ResourcesTab certificate={c} />}
          {tab === 'deployments' && <DeploymentsTab certificate={c} />}
          {tab === 'tickets' && <Tickets id={c.id} />}
          {tab === 'access' && <AccessTab certificate={c} manage={() => setDialog('access')} />}
          {tab === 'log' && <LogTab id={c.id} />}
        </div>
      </PageSection>
      {dialog === 'access' && <AccessDialog certificate={c} close={() => setDialog(null)} />}
      {dialog === 'edit' && <EditDialog certificate={c} close={() => setDialog(null)} />}
      {dialog === 'replace' && <ReplaceDialog certificate={c} close={shut} />}
      {dialog === 'renew' && <RenewDialog certificate={c} close={shut} />}
      {dialog === 'revoke' && <RevokeDialog certificate={c} close={() => setDialog(null)} />}
      {dialog === 'delete' && <DeleteDialog certificate={c} close={() => setDialog(null)} done={() => navigate('/certificates')} />}
    </Page>
  );
}

export default function Detail() {
  const id = Number(usePathValue('id'));
  const query = useQuery({
    queryKey: ['certificate', id],
    queryFn: ({ signal }) => api.get('/certificates/{id}', { path: { id }, signal }),
    refetchInterval: 30000,
  });
  if (query.data) return <Filled c={query.data} />;
  return (
    <Page title="Certificate" parents={[{ to: '/certificates', text: 'Certificates' }]}>
      <PageSection>
        {query.error ? <Failed error={query.error} retry={() => void query.refetch()} /> : <Waiting lines={10} />}
      </PageSection>
    </Page>
  );
}
