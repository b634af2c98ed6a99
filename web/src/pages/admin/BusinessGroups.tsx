/* Business groups: a label and a filter; they grant nothing. */
import { Button, Content, PageSection } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { BusinessGroup } from '../../api/types';
import { Link } from '../../app/router';
import { useMe } from '../../app/session';
import { Dialog } from '../../parts/Dialog';
import { TextField } from '../../parts/Fields';
import { Kebab } from '../../parts/Menu';
import { Page } from '../../parts/Page';
import { BusinessGroupField, useBusinessGroupQuery } from '../../parts/people';
import { aboutField, Loaded, Nothing } from '../../parts/States';
import { count } from '../../parts/words';

interface DialogProps {
  group?: BusinessGroup;
  close: () => void;
  done: () => void;
}

function Editor({ group, close, done }: DialogProps) {
  const [name, setName] = useState(group?.name ?? '');
  const [description, setDescription] = useState(group?.description ?? '');
  const [error, setError] = useState<unknown>(null);
  const run = async () => {
    const body = { name: name.trim(), description: description.trim() };
    try {
      if (group) await api.patch('/business-groups/{name}', body, { path: { name: group.name } });
      else await api.post('/business-groups', body);
      done();
    } catch (e) {
      setError(e);
      throw e;
    }
  };
  return (
    <Dialog title={group ? `Edit ${group.name}` : 'Add business group'} action={group ? 'Save' : 'Add'} run={run} close={close} isDisabled={name.trim() === ''}>
      <TextField label="Name" value={name} onChange={setName} isRequired autoFocus maxLength={100} error={aboutField(error, 'name')} />
      <TextField label="Description" value={description} onChange={setDescription} maxLength={1000} error={aboutField(error, 'description')} />
    </Dialog>
  );
}

function Remover({ group, close, done }: DialogProps & { group: BusinessGroup }) {
  const [to, setTo] = useState('');
  const run = () => api.delete('/business-groups/{name}', { path: { name: group.name }, query: { reassign_to: to.trim() || '-' } }).then(done);
  const n = group.certificates ?? 0;
  return (
    <Dialog title={`Remove ${group.name}?`} action="Remove" isDangerous run={run} close={close}>
      <Content component="p">{n > 0 ? `${count(n, 'certificate')} carry it.` : 'No certificate that you may see carries it.'}</Content>
      <BusinessGroupField label="Give them instead" value={to} onChange={setTo} help="Left empty: none" />
    </Dialog>
  );
}

type Asking = { kind: 'new' } | { kind: 'edit' | 'delete'; group: BusinessGroup } | null;

export default function BusinessGroups() {
  const isAdmin = useMe().role === 'admin';
  const client = useQueryClient();
  const [asking, setAsking] = useState<Asking>(null);
  const query = useBusinessGroupQuery();
  const close = () => setAsking(null);
  const done = () => {
    for (const key of ['business-groups', 'certificates', 'certificate']) void client.invalidateQueries({ queryKey: [key] });
  };
  return (
    <Page
      title="Business groups" lead="A label to filter by: the part of the organisation that a certificate serves. It gives nobody access."
      actions={isAdmin && <Button onClick={() => setAsking({ kind: 'new' })}>Add business group</Button>}
    >
      <PageSection>
        <Loaded query={query}>
          {(items) => (items.length === 0 ? <Nothing title="No business group yet">Retail, Logistics, Payroll: whatever your organisation is made of.</Nothing> : (
            <Table variant="compact" aria-label="Business groups" className="cd-table">
              <Thead><Tr><Th>Name</Th><Th>Certificates</Th><Th>Description</Th><Th screenReaderText="Actions" /></Tr></Thead>
              <Tbody>
                {items.map((g) => (
                  <Tr key={g.name}>
                    <Td dataLabel="Name"><span className="cd-break">{g.name}</span></Td>
                    <Td dataLabel="Certificates"><Link to={`/certificates?business_group=${encodeURIComponent(g.name)}`} aria-label={`${(g.certificates ?? 0).toLocaleString('en')} certificates of ${g.name}`}>{(g.certificates ?? 0).toLocaleString('en')}</Link></Td>
                    <Td dataLabel="Description"><span className="cd-break">{g.description || '–'}</span></Td>
                    <Td isActionCell>
                      {isAdmin && (
                        <Kebab
                          label={`Actions for ${g.name}`}
                          actions={[
                            { title: 'Edit', run: () => setAsking({ kind: 'edit', group: g }) },
                            { title: 'Remove', run: () => setAsking({ kind: 'delete', group: g }), isDangerous: true },
                          ]}
                        />
                      )}
                    </Td>
                  </Tr>
                ))}
              </Tbody>
            </Table>
          ))}
        </Loaded>
      </PageSection>
      {asking?.kind === 'new' && <Editor close={close} done={done} />}
      {asking?.kind === 'edit' && <Editor group={asking.group} close={close} done={done} />}
      {asking?.kind === 'delete' && <Remover group={asking.group} close={close} done={done} />}
    </Page>
  );
}
