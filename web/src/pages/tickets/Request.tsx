/* What a certificate ticket asks for, and what came of it. */
import { Alert, Button, Card, CardBody, CardTitle, ExpandableSection, Label, Spinner } from '@patternfly/react-core';
import { DownloadIcon } from '@patternfly/react-icons';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { api } from '../../api/client';
import type { TicketInFull as Ticket, TicketStatus } from '../../api/types';
import { Link } from '../../app/router';
import { CopyButton } from '../../parts/Copyable';
import { deploymentsInterval, DeploymentList } from '../../parts/Deployments';
import { Dialog } from '../../parts/Dialog';
import { Facts } from '../../parts/Facts';
import { nothingPasted, PasteField, type Pasted } from '../../parts/Files';
import { aboutField } from '../../parts/States';
import { Time } from '../../parts/Time';
import { count } from '../../parts/words';

const workingWords: Partial<Record<TicketStatus, string>> = {
  certificate_enrolling: 'The certificate is being enrolled', certificate_renew: 'The certificate is being renewed', certificate_revoking: 'The certificate is being revoked',
};

/* Does certdesk work on it? Then its page looks again and again. */
export const isWorking = (t: Ticket): boolean => t.status in workingWords;

/* What goes on, or what went wrong at last. */
export function Working({ ticket: t }: { ticket: Ticket }) {
  if (isWorking(t)) {
    return (
      <Alert isInline variant="info" customIcon={<Spinner size="md" aria-hidden />} title={workingWords[t.status]} className="cd-below">
        {t.order?.error ? <>The last try failed: {t.order.error}. {t.order.next_at && <>It is tried again <Time at={t.order.next_at} show="ago" />.</>}</>
          : 'This page shows it as soon as it is done.'}
      </Alert>
    );
  }
  if (t.wants_csr)
    return <Alert isInline variant="warning" title="A new CSR is needed before the next renewal" className="cd-below">Make one with a new key, and give it below.</Alert>;
  if (t.order?.state === 'failed' && t.order.error)
    return <Alert isInline variant="danger" title="The last order failed" className="cd-below">{t.order.error}</Alert>;
  return null;
}

function CsrDialog({ ticket, close }: { ticket: Ticket; close: () => void }) {
  const client = useQueryClient();
  const [csr, setCsr] = useState<Pasted>(nothingPasted);
  const run = async () => {
    await api.post('/tickets/{key}/csr', { csr: csr.text }, { path: { key: ticket.key } });
    void client.invalidateQueries({ queryKey: ['ticket', ticket.key] });
  };
  return (
    <Dialog title={`A new CSR for ${ticket.key}`} action="Save" run={run} close={close} size="medium" hidesError={(error) => aboutField(error, 'csr') !== undefined} isDisabled={csr.text.trim() === ''}>
      {(error) => <PasteField label="CSR" value={csr} onChange={setCsr} isRequired rows={8} placeholder="-----BEGIN CERTIFICATE REQUEST-----" accept=".csr,.pem,.req,text/plain" error={aboutField(error, 'csr')} />}
    </Dialog>
  );
}

function Csr({ ticket: t }: { ticket: Ticket }) {
  const [isAsking, setAsking] = useState(false);
  const mayChange = t.may.includes('edit') && t.type === 'certificate' && ['certificate_request', 'certificate_enrolled', 'certificate_renewed'].includes(t.status);
  return (
    <>
      {t.csr ? (
        <ExpandableSection toggleText="Certificate CSR text" className="cd-above">
          <pre className="cd-pem" tabIndex={0} aria-label="CSR">{t.csr}</pre>
          <CopyButton text={t.csr} words="Copy the CSR" />
        </ExpandableSection>
      ) : t.type === 'certificate' && <p className="cd-quiet cd-above">No CSR: certdesk makes the key, in the vault, when the certificate is enrolled.</p>}
      {mayChange && <p className="cd-more"><Button variant="link" isInline onClick={() => setAsking(true)}>Give a new CSR</Button></p>}
      {isAsking && <CsrDialog ticket={t} close={() => setAsking(false)} />}
    </>
  );
}

export function RequestCard({ ticket: t }: { ticket: Ticket }) {
  if (t.type === 'certificate_expiry') return null;
  return (
    <Card>
      <CardTitle component="h2">Certificate</CardTitle>
      <CardBody>
        <Facts
          isNarrow
          facts={[
            ['Profile', t.profile ?? '–'],
            ['Domain', <span className="cd-break">{t.domain || '–'}</span>],
            ['Certificate ID', t.certificate_id ?? 'Given when it is enrolled'],
            ['Record', t.certificate ? <Link to={`/certificates/${t.certificate.id}`} className="cd-break">{t.certificate.name}</Link> : '–'],
            ['Expiration date', <Time at={t.expires_at} />],
            t.certificate_link !== null && ['At the CA', <a href={t.certificate_link} rel="noreferrer" className="cd-break">{t.certificate_link}</a>],
          ]}
        />
        {t.certificate && t.expires_at && (
          <p className="cd-more"><a href={`/api/v1/certificates/${t.certificate.id}.pem`}><DownloadIcon aria-hidden /> Download certificate and chain</a></p>
        )}
        <Csr ticket={t} />
      </CardBody>
    </Card>
  );
}

/* Where the new certificate belongs by its names, and whether it is there. Nobody expects a revoked one anywhere: then only
   where it still is counts. */
export function ExpectedCard({ ticket: t }: { ticket: Ticket }) {
  const isRevoked = t.status === 'certificate_revoked';
  const places = isRevoked ? t.expected_at.filter((e) => e.seen) : t.expected_at;
  if (places.length === 0 || t.type === 'certificate_expiry') return null;
  const missing = places.filter((e) => !e.seen).length;
  const words = isRevoked ? `Revoked, and still served by ${count(places.length, 'endpoint', 'endpoints')}: replace it there.`
    : missing === 0 ? 'It is served everywhere.' : `Issued is not served: ${missing} of ${places.length} do not serve it yet.`;
  return (
    <Card>
      <CardTitle component="h2">{isRevoked ? 'Where it is still served' : 'Where it is expected'}</CardTitle>
      <CardBody>
        <p className="cd-quiet">{words}</p>
        <ul className="cd-rows" aria-label="Where it is expected">
          {places.map((e) => (
            <li key={e.endpoint}>
              <span className="cd-row-main">{e.endpoint}</span>
              <span className="cd-row-side"><Label isCompact variant="outline" status={e.seen && !isRevoked ? 'success' : 'warning'}>{e.seen ? 'Seen' : 'Not seen'}</Label></span>
            </li>
          ))}
        </ul>
      </CardBody>
    </Card>
  );
}

/* A deployment that has come further says so in the ticket, and may have resolved it. */
function useFreshTicket(t: Ticket, states: string): void {
  const client = useQueryClient();
  const last = useRef('');
  useEffect(() => {
    if (last.current && last.current !== states)
      for (const name of ['ticket', 'tickets', 'dashboard', 'certificate', 'certificates']) void client.invalidateQueries({ queryKey: [name] });
    last.current = states;
  }, [client, states, t.key]);
}

export function DeploymentsCard({ ticket: t }: { ticket: Ticket }) {
  const id = t.certificate?.id ?? null;
  const query = useQuery({
    queryKey: ['deployments', 'certificate', id],
    enabled: id !== null && t.type !== 'certificate_expiry',
    queryFn: ({ signal }) => api.get('/certificates/{id}/deployments', { path: { id: id ?? 0 }, query: { limit: 20 }, signal }),
    refetchInterval: ({ state }) => deploymentsInterval(state.data?.items),
  });
  const items = query.data?.items.filter((d) => d.ticket === t.key) ?? [];
  useFreshTicket(t, items.map((d) => `${d.id} ${d.state}`).join());
  if (items.length === 0) return null;
  return (
    <Card>
      <CardTitle component="h2">Deployments</CardTitle>
      <CardBody><DeploymentList items={items} show="resource" mayRetry={t.may.includes('edit')} /></CardBody>
    </Card>
  );
}
