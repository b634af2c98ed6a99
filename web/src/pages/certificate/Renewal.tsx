/* When a certificate will renew, and why; and renewing or revoking it now. */
import { Alert, Card, CardBody, CardTitle, Checkbox, Content } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Certificate, Renewal, TicketInFull } from '../../api/types';
import { Link, navigate } from '../../app/router';
import { useMe } from '../../app/session';
import { Dialog } from '../../parts/Dialog';
import { Facts } from '../../parts/Facts';
import { nothingPasted, PasteField, type Pasted } from '../../parts/Files';
import { RevocationFields, useRevocation } from '../../parts/revocation';
import { aboutField, Loaded } from '../../parts/States';
import { Time } from '../../parts/Time';
import { useToasts } from '../../parts/Toasts';
import { count } from '../../parts/words';

const windowRefusal = "The certificate's profile does not allow renewal outside of the configured expiry window";

function useRenewal(id: number) {
  return useQuery({
    queryKey: ['certificate', id, 'renewal'],
    queryFn: ({ signal }) => api.get('/certificates/{id}/renewal', { path: { id }, signal }),
    refetchInterval: 60000,
  });
}

function Plan({ renewal: r }: { renewal: Renewal }) {
  if (!r.managed) return <p>{r.text}</p>;
  return (
    <>
      <p className="cd-below">{r.text}</p>
      {r.last_error && (
        <Alert isInline variant="danger" title={`${count(r.n_failures, 'try has', 'tries have')} failed`} className="cd-below">
          {r.last_error}{r.retry_at && <>. It is tried again <Time at={r.retry_at} show="ago" />.</>}
        </Alert>
      )}
      <Facts
        isNarrow
        facts={[
          ['Profile', <Link to={`/profiles/${encodeURIComponent(r.profile ?? '')}`}>{r.profile ?? '–'}</Link>],
          ['By itself', r.renews_itself ? 'Yes' : 'No: somebody must'],
          ['Next', r.renew_at ? <Time at={r.renew_at} /> : 'Not planned'],
          ['Window opens', <Time at={r.opens_at} />],
          ['By hand', r.may_now ? 'Possible now' : r.may_forced ? 'Not yet, but by force' : 'Not possible'],
        ]}
      />
    </>
  );
}

export function RenewalCard({ id }: { id: number }) {
  return (
    <Card>
      <CardTitle component="h2">When will this renew, and why</CardTitle>
      <CardBody><Loaded query={useRenewal(id)} lines={2}>{(renewal) => <Plan renewal={renewal} />}</Loaded></CardBody>
    </Card>
  );
}

/* What came of it is told by the ticket. */
function useTold(id: number) {
  const client = useQueryClient();
  const toasts = useToasts();
  return (ticket: TicketInFull) => {
    for (const key of ['certificate', 'certificates', 'ticket', 'tickets', 'dashboard', 'deployments']) void client.invalidateQueries({ queryKey: [key] });
    toasts.done(ticket.message ?? `${ticket.key} has been updated`);
    if (ticket.certificate?.id === id) navigate(`/tickets/${ticket.key}`);
  };
}

function Cannot({ certificate: c, renewal, close }: { certificate: Certificate; renewal: Renewal; close: () => void }) {
  return (
    <Dialog title={`Renew “${c.name}”`} action="Request it from a profile" run={async () => navigate(`/tickets/new?certificate=${c.id}`)} close={close}>
      <Content component="p">{renewal.text}</Content>
      <Content component="p">Renew it where it came from, and bring the new one here with <i>Update after renewal</i>; or let a profile issue it from now on.</Content>
    </Dialog>
  );
}

/* Why not now; an admin may insist where it is only too early. */
function NotNow({ renewal: r, isForced, force }: { renewal: Renewal; isForced: boolean; force: (on: boolean) => void }) {
  const isAdmin = useMe().role === 'admin';
  return (
    <>
      <Alert isInline variant="warning" title={r.blocked_by ? r.text : windowRefusal}>
        {!r.blocked_by && r.opens_at && <>The window opens <Time at={r.opens_at} />.</>}
      </Alert>
      {isAdmin && r.may_forced && <Checkbox id="cd-force-renewal" label="Renew it all the same" isChecked={isForced} onChange={(_, on) => force(on)} />}
    </>
  );
}

export function RenewDialog({ certificate: c, close }: { certificate: Certificate; close: () => void }) {
  const told = useTold(c.id);
  const renewal = useRenewal(c.id).data;
  const [isForced, setForced] = useState(false);
  const [csr, setCsr] = useState<Pasted>(nothingPasted);
  if (renewal && !renewal.managed) return <Cannot certificate={c} renewal={renewal} close={close} />;
  const run = async () => told(await api.post('/certificates/{id}/renew', { csr: csr.text.trim() || undefined, force: isForced || undefined }, { path: { id: c.id } }));
  return (
    <Dialog title={`Renew “${c.name}”`} action="Renew" run={run} close={close} size="medium" isDisabled={!renewal || (!renewal.may_now && !isForced)} hidesError={(error) => aboutField(error, 'csr') !== undefined}>
      {(error) => (
        <>
          <Content component="p">A new certificate takes its place, here and on every resource it belongs to. The one before stays in the history, and is not revoked.</Content>
          {renewal && !renewal.may_now && <NotNow renewal={renewal} isForced={isForced} force={setForced} />}
          <PasteField
            label="New CSR" value={csr} onChange={setCsr} rows={5} placeholder="-----BEGIN CERTIFICATE REQUEST-----" accept=".csr,.pem,.req,text/plain" error={aboutField(error, 'csr')}
            help="Left empty: the key is as the profile says"
          />
        </>
      )}
    </Dialog>
  );
}

export function RevokeDialog({ certificate: c, close }: { certificate: Certificate; close: () => void }) {
  const told = useTold(c.id);
  const revocation = useRevocation();
  const run = async () => {
    const { reason, comment } = revocation.body;
    told(await api.post('/certificates/{id}/revoke', { reason, comment: comment || undefined }, { path: { id: c.id } }));
  };
  return (
    <Dialog title={`Revoke “${c.name}”?`} action="Revoke" isDangerous run={run} close={close}>
      {(error) => <RevocationFields revocation={revocation} error={error} />}
    </Dialog>
  );
}
