/* The resources that a certificate belongs on. */
import { Button, Content } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { api } from '../../api/client';
import type { Certificate, CertificateResource } from '../../api/types';
import { Link } from '../../app/router';
import { Dialog } from '../../parts/Dialog';
import { TextField } from '../../parts/Fields';
import { Kebab } from '../../parts/Menu';
import { Loaded, Nothing } from '../../parts/States';
import { Time } from '../../parts/Time';
import { resourceTypeWords } from '../../parts/words';
import { SwapDialog } from '../resources/SwapDialog';

export function useRefreshResources() {
  const client = useQueryClient();
  return () => {
    for (const key of ['certificate', 'certificates', 'resources']) void client.invalidateQueries({ queryKey: [key] });
  };
}

function AssociateDialog({ certificate, close }: { certificate: Certificate; close: () => void }) {
  const refresh = useRefreshResources();
  const listId = useId();
  const [name, setName] = useState('');
  const [slot, setSlot] = useState('');
  const query = useQuery({ queryKey: ['resources', 'names'], queryFn: ({ signal }) => api.get('/resources', { query: { limit: 500 }, signal }) });
  const found = query.data?.items.find((r) => r.name === name.trim());
  const run = () => api.post('/certificates/{id}/resources', { resource: found?.id ?? name.trim(), slot: slot.trim() || undefined }, { path: { id: certificate.id } }).then(refresh);
  return (
    <Dialog title={`Associate “${certificate.name}”`} action="Associate" run={run} close={close} isDisabled={name.trim() === ''}>
      <TextField label="Resource" value={name} onChange={setName} isRequired autoFocus list={listId} autoComplete="off" maxLength={200} />
      <datalist id={listId}>{query.data?.items.map((r) => <option key={r.id} value={r.name}>{r.description}</option>)}</datalist>
      <TextField label="Place" value={slot} onChange={setSlot} maxLength={200} help="Where on it, when it has several: a listener, a virtual host, a file" />
      {query.data?.items.length === 0 && <Content component="p">There is no resource yet; an admin makes them under <Link to="/resources">Resources</Link>.</Content>}
    </Dialog>
  );
}

function Row({ entry: e, actions }: { entry: CertificateResource; actions: { swap: () => void; remove: () => void } | null }) {
  return (
    <Tr>
      <Td dataLabel="Resource"><Link to={`/resources/${e.resource.id}`}>{e.resource.name}</Link></Td>
      <Td dataLabel="Type">{resourceTypeWords(e.resource.type)}</Td>
      <Td dataLabel="Place">{e.slot || '–'}</Td>
      <Td dataLabel="Since"><Time at={e.created_at} show="date" /></Td>
      <Td isActionCell>
        {actions && (
          <Kebab
            label={`Actions for ${e.resource.name}`}
            actions={[{ title: 'Swap for another certificate', run: actions.swap }, { title: 'Disassociate', run: actions.remove, isDangerous: true }]}
          />
        )}
      </Td>
    </Tr>
  );
}

type Asking = { kind: 'add' } | { kind: 'remove' | 'swap'; entry: CertificateResource } | null;

export function ResourcesTab({ certificate }: { certificate: Certificate }) {
  const refresh = useRefreshResources();
  const [asking, setAsking] = useState<Asking>(null);
  const close = () => setAsking(null);
  const mayEdit = certificate.may.includes('edit');
  const query = useQuery({
    queryKey: ['certificate', certificate.id, 'resources'],
    queryFn: ({ signal }) => api.get('/certificates/{id}/resources', { path: { id: certificate.id }, signal }),
  });
  const add = mayEdit && <Button variant="secondary" onClick={() => setAsking({ kind: 'add' })}>Associate with a resource</Button>;
  return (
    <>
      <Loaded query={query} lines={3}>
        {({ items }) => (items.length === 0 ? (
          <Nothing title="On no resource" action={add}>Say which load balancers, web servers and files this certificate belongs on.</Nothing>
        ) : (
          <>
            <div className="cd-actions cd-below">{add}</div>
            <div className="cd-scroll">
              <Table variant="compact" aria-label="Resources" className="cd-table">
                <Thead><Tr><Th>Resource</Th><Th>Type</Th><Th>Place</Th><Th>Since</Th><Th screenReaderText="Actions" /></Tr></Thead>
                <Tbody>
                  {items.map((entry) => (
                    <Row
                      key={entry.id} entry={entry}
                      actions={mayEdit ? { swap: () => setAsking({ kind: 'swap', entry }), remove: () => setAsking({ kind: 'remove', entry }) } : null}
                    />
                  ))}
                </Tbody>
              </Table>
            </div>
          </>
        ))}
      </Loaded>
      {asking?.kind === 'add' && <AssociateDialog certificate={certificate} close={close} />}
      {asking?.kind === 'swap' && <SwapDialog certificate={certificate} entry={asking.entry} close={close} />}
      {asking?.kind === 'remove' && (
        <Dialog
          title={`Take it off “${asking.entry.resource.name}”?`} action="Disassociate" isDangerous close={close}
          run={() => api.delete('/certificates/{id}/resources/{key}', { path: { id: certificate.id, key: asking.entry.id } }).then(refresh)}
        >
          <Content component="p">certdesk forgets that “{certificate.name}” belongs there. What is served there does not change.</Content>
        </Dialog>
      )}
    </>
  );
}
