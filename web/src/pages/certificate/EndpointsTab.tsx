/* Where a certificate is served, with what was seen there last. */
import { Alert, Button, Card, CardBody, CardHeader, CardTitle, Content } from '@patternfly/react-core';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Certificate, Endpoint, Observation } from '../../api/types';
import { Link } from '../../app/router';
import { Dialog } from '../../parts/Dialog';
import { Kebab } from '../../parts/Menu';
import { Pager, usePaging } from '../../parts/Pager';
import { Loaded, Nothing } from '../../parts/States';
import { Time } from '../../parts/Time';
import { useToasts } from '../../parts/Toasts';
import { errorWords, hostPort, protocolWords } from '../../parts/words';
import { AddEndpointDialog } from './AddEndpointDialog';
import { ObservationTable, type ObservationActions } from './ObservationTable';

function State({ endpoint: e }: { endpoint: Endpoint }) {
  if (e.error) {
    return (
      <Alert isInline variant="danger" title={errorWords[e.error.class]} component="h3">
        {e.error.message}. Failing since <Time at={e.failing_since} otherwise="the first check" /> ({e.failures} in a row);
        last success: <Time at={e.last_success_at} otherwise="never" />.
      </Alert>
    );
  }
  return <p className="cd-quiet">Last check: <Time at={e.last_checked_at} show="ago" otherwise="not yet" /></p>;
}

interface EndpointCardProps {
  endpoint: Endpoint;
  certificate: Certificate;
  actions: ObservationActions;
  remove?: () => void;
}

function EndpointCard({ endpoint: e, certificate, actions, remove }: EndpointCardProps) {
  const others = e.certificates.filter((c) => c.id !== certificate.id);
  return (
    <Card>
      <CardHeader actions={remove && { actions: <Kebab label={`Actions for ${hostPort(e)}`} actions={[{ title: 'Stop watching here', run: remove, isDangerous: true }]} />, hasNoOffset: true }}>
        <CardTitle component="h2">
          <span className="cd-break">{hostPort(e)}</span>{' '}
          <span className="cd-quiet">{protocolWords[e.protocol]}{e.sni && e.sni !== e.host ? `, SNI ${e.sni}` : ''}</span>
        </CardTitle>
      </CardHeader>
      <CardBody>
        <State endpoint={e} />
        {e.observations.length > 0 && <div className="cd-scroll"><ObservationTable endpoint={e} actions={actions} /></div>}
        {others.length > 0 && (
          <p className="cd-quiet">
            Also of {others.map((c, i) => <span key={c.id}>{i > 0 && ', '}<Link to={`/certificates/${c.id}`}>{c.name}</Link></span>)}
          </p>
        )}
      </CardBody>
    </Card>
  );
}

type Asking = { kind: 'confirm'; observation: Observation } | { kind: 'dead'; endpoint: Endpoint; observation: Observation }
  | { kind: 'remove'; endpoint: Endpoint } | { kind: 'add' } | null;

function Question({ asking, certificate, close }: { asking: Asking; certificate: Certificate; close: () => void }) {
  const client = useQueryClient();
  const path = { id: certificate.id };
  const refresh = () => {
    for (const key of ['certificate', 'certificates', 'dashboard']) void client.invalidateQueries({ queryKey: [key] });
  };
  if (asking?.kind === 'add') return <AddEndpointDialog certificate={certificate} close={close} />;
  if (asking?.kind === 'confirm') {
    const version = asking.observation.version;
    const run = () => api.post('/certificates/{id}/confirm', { kind: 'current', fingerprint_sha256: version?.fingerprint_sha256 }, { path }).then(refresh);
    return (
      <Dialog title="Confirm this as the current certificate?" action="Confirm" run={run} close={close}>
        <Content component="p">
          “{version?.name}”, issued by {version?.issuer}, is served at {asking.observation.address}. It becomes the current
          version of “{certificate.name}”; the one before it stays in the history.
        </Content>
      </Dialog>
    );
  }
  if (asking?.kind === 'dead') {
    const { endpoint, observation } = asking;
    const run = () => api.post('/certificates/{id}/confirm', { kind: 'dead_address', endpoint_id: endpoint.id, address: observation.address }, { path }).then(refresh);
    return (
      <Dialog title="Is this address dead for good?" action="It is dead" run={run} close={close}>
        <Content component="p">
          {observation.address} of {hostPort(endpoint)} no longer counts: tickets can resolve without it. Should it answer
          again, it counts again.
        </Content>
      </Dialog>
    );
  }
  if (asking?.kind === 'remove') {
    const run = () => api.delete('/certificates/{id}/endpoints/{key}', { path: { ...path, key: asking.endpoint.id } }).then(refresh);
    return (
      <Dialog title={`Stop watching ${hostPort(asking.endpoint)}?`} action="Stop watching" isDangerous run={run} close={close}>
        <Content component="p">“{certificate.name}” is no longer looked for there. What was seen there is forgotten.</Content>
      </Dialog>
    );
  }
  return null;
}

export function EndpointsTab({ certificate, decode }: { certificate: Certificate; decode: (fingerprint: string) => void }) {
  const toasts = useToasts();
  const client = useQueryClient();
  const [asking, setAsking] = useState<Asking>(null);
  const paging = usePaging(String(certificate.id));
  const query = useQuery({
    queryKey: ['certificate', certificate.id, 'endpoints', paging.cursor, paging.limit],
    placeholderData: keepPreviousData,
    refetchInterval: 30000,
    queryFn: ({ signal }) => api.get('/certificates/{id}/endpoints', {
      path: { id: certificate.id }, query: { limit: paging.limit, cursor: paging.cursor }, signal,
    }),
  });
  const mayEdit = certificate.may.includes('edit');
  const revive = (endpoint: Endpoint, observation: Observation) => {
    api.post('/certificates/{id}/confirm', {
      kind: 'dead_address', endpoint_id: endpoint.id, address: observation.address, undo: true,
    }, { path: { id: certificate.id } })
      .then(() => client.invalidateQueries({ queryKey: ['certificate'] }))
      .catch((error: unknown) => toasts.failed('Could not change the address', error));
  };
  const actionsOf = (endpoint: Endpoint): ObservationActions => ({
    decode: (o) => o.version && decode(o.version.fingerprint_sha256),
    ...(mayEdit && {
      confirm: (observation: Observation) => setAsking({ kind: 'confirm', observation }),
      setDead: (observation: Observation, isDead: boolean) => (isDead ? setAsking({ kind: 'dead', endpoint, observation })
        : revive(endpoint, observation)),
    }),
  });
  const add = mayEdit && <Button variant="secondary" onClick={() => setAsking({ kind: 'add' })}>Add endpoint</Button>;

  return (
    <Loaded query={query} lines={6}>
      {(page) => (
        <>
          <div className="cd-actions cd-below">
            {page.items.length > 0 && add}
            {(page.next_cursor !== null || paging.index > 0) && <Pager paging={paging} page={page} what="Endpoints" />}
          </div>
          {page.items.length === 0 && (
            <Nothing title="No endpoint" action={add}>Nothing is probed for this certificate. Name a host that serves it.</Nothing>
          )}
          <div className="cd-stack">
            {page.items.map((endpoint) => (
              <EndpointCard
                key={endpoint.id}
                endpoint={endpoint}
                certificate={certificate}
                actions={actionsOf(endpoint)}
                remove={mayEdit ? () => setAsking({ kind: 'remove', endpoint }) : undefined}
              />
            ))}
          </div>
          <Question asking={asking} certificate={certificate} close={() => setAsking(null)} />
        </>
      )}
    </Loaded>
  );
}
