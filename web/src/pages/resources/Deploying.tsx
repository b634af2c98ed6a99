/* Bringing certificates to a resource, and what came of it. */
import { Alert, Button, Card, CardBody, CardTitle, Label, Modal, ModalBody, ModalFooter, ModalHeader, Spinner } from '@patternfly/react-core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useId } from 'react';
import { api } from '../../api/client';
import type { Resource, ResourceTest } from '../../api/types';
import { deploymentsInterval, DeploymentList } from '../../parts/Deployments';
import { Facts } from '../../parts/Facts';
import { Pager, usePaging } from '../../parts/Pager';
import { errorText, Loaded, Nothing } from '../../parts/States';
import { useToasts } from '../../parts/Toasts';
import { count, hostPort } from '../../parts/words';

export function useDeploy(resource: Resource) {
  const client = useQueryClient();
  const toasts = useToasts();
  return useMutation({
    mutationFn: (slots?: string[]) => api.post('/resources/{id}/deploy', slots ? { slots } : {}, { path: { id: resource.id } }),
    onSuccess: ({ items }) => {
      toasts.done(`${count(items.length, 'deployment')} started`);
      void client.invalidateQueries({ queryKey: ['deployments'] });
    },
    onError: (error) => toasts.failed('Could not deploy', error),
  });
}

function Found({ test: t }: { test: ResourceTest }) {
  if (!t.ok) return <Alert isInline variant="danger" title="It could not be reached">{t.detail}</Alert>;
  return (
    <>
      <Alert isInline variant="success" title={`It answers: ${t.version ?? 'it does not say what it is'}`} className="cd-below" />
      <ul className="cd-rows" aria-label="Places">
        {t.slots.map((s) => (
          <li key={s.slot}>
            <span className="cd-row-main"><b>{s.slot}</b> {s.error ? <span className="cd-bad">{s.error}</span> : s.serves ?? 'nothing yet'}</span>
            <span className="cd-row-side"><Label isCompact variant="outline" status={s.ok ? 'success' : 'danger'}>{s.ok ? 'Fine' : 'Wrong'}</Label></span>
          </li>
        ))}
      </ul>
      <p className="cd-quiet cd-above">
        {t.found.length === 0 ? 'It has no certificates.' : `It has ${t.is_cut ? 'more than ' : ''}${count(t.found.length, 'certificate')}: ${t.found.slice(0, 20).map((f) => f.name).join(', ')}${t.found.length > 20 ? '…' : ''}`}
      </p>
    </>
  );
}

/* Connects at once: that is what the button was for. */
export function TestDialog({ resource, close }: { resource: Resource; close: () => void }) {
  const id = useId();
  const { mutate, data, error, isPending, isIdle } = useMutation({ mutationFn: () => api.post('/resources/{id}/test', undefined, { path: { id: resource.id } }) });
  useEffect(() => mutate(), [mutate]);
  const isBusy = isPending || isIdle;
  return (
    <Modal isOpen variant="medium" onClose={close} aria-labelledby={id}>
      <ModalHeader title={`Test of ${resource.name}`} labelId={id} />
      <ModalBody aria-live="polite">
        {isBusy && <Spinner aria-label="Being tested" />}
        {!isBusy && error && <Alert isInline variant="danger" title={errorText(error)} />}
        {!isBusy && data && <Found test={data} />}
      </ModalBody>
      <ModalFooter>
        <Button variant="secondary" isDisabled={isBusy} onClick={() => mutate()}>Test again</Button>
        <Button variant="link" onClick={close}>Close</Button>
      </ModalFooter>
    </Modal>
  );
}

export function SettingsCard({ resource: r }: { resource: Resource }) {
  if (!r.settings) return null;
  const people = [...(r.deployers?.users ?? []), ...(r.deployers?.groups ?? [])];
  return (
    <Card>
      <CardTitle component="h2">How it is reached</CardTitle>
      <CardBody>
        <Facts
          isNarrow
          facts={[
            ['Socket', <code className="cd-break">{r.settings.socket || r.settings.address || '–'}</code>],
            ['Endpoints', <span className="cd-break">{(r.endpoints ?? []).map((e) => hostPort({ host: e.host, port: e.port ?? 443 }) + (e.slot ? ` (${e.slot})` : '')).join(', ') || '–'}</span>],
            ['Served when', `seen ${count(r.proof?.rounds ?? 1, 'time')} in a row, within ${count(r.proof?.timeout_seconds ?? 0, 'second')}`],
            ['May deploy', people.join(', ') || 'Admins'],
          ]}
        />
      </CardBody>
    </Card>
  );
}

export function DeploymentsCard({ resource: r }: { resource: Resource }) {
  const paging = usePaging('deployments');
  const query = useQuery({
    queryKey: ['deployments', 'resource', r.id, paging.cursor, paging.limit],
    queryFn: ({ signal }) => api.get('/resources/{id}/deployments', { path: { id: r.id }, query: { limit: paging.limit, cursor: paging.cursor }, signal }),
    refetchInterval: ({ state }) => deploymentsInterval(state.data?.items),
  });
  return (
    <Card>
      <CardTitle component="h2">Deployments</CardTitle>
      <CardBody>
        <Loaded query={query}>
          {(page) => (page.items.length === 0 ? <Nothing title="Nothing deployed yet">A certificate is brought here when it is associated, issued or renewed.</Nothing> : (
            <>
              <DeploymentList items={page.items} show="certificate" mayRetry={r.may.includes('deploy')} />
              <Pager paging={paging} page={page} what="Deployments" />
            </>
          ))}
        </Loaded>
      </CardBody>
    </Card>
  );
}
