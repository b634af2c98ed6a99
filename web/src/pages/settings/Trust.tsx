/* Private CAs that certdesk trusts beside the system's. */
import { Button, Content, PageSection } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { TrustBundle } from '../../api/types';
import { useMe } from '../../app/session';
import { Dialog } from '../../parts/Dialog';
import { AreaField, TextField } from '../../parts/Fields';
import { Page } from '../../parts/Page';
import { Loaded, Nothing } from '../../parts/States';
import { Time } from '../../parts/Time';
import { shortName } from '../../parts/words';

function AddDialog({ close, done }: { close: () => void; done: () => void }) {
  const [name, setName] = useState('');
  const [pem, setPem] = useState('');
  const run = () => api.post('/trust-bundles', { name: name.trim(), pem }).then(done);
  const read = (file: File | undefined) => void file?.text().then(setPem);
  return (
    <Dialog title="Add private CA" action="Add" run={run} close={close} size="medium" isDisabled={name.trim() === '' || pem.trim() === ''}>
      <TextField label="Name" value={name} onChange={setName} isRequired autoFocus maxLength={200} />
      <AreaField
        label="Certificates" value={pem} onChange={setPem} rows={8} isCode isRequired
        placeholder="-----BEGIN CERTIFICATE-----" help="One or more, as PEM"
      />
      <input type="file" accept=".pem,.crt,.cer" aria-label="Read from a file" onChange={(e) => read(e.target.files?.[0])} />
    </Dialog>
  );
}

function BundleRow({ bundle: b, remove }: { bundle: TrustBundle; remove?: () => void }) {
  return (
    <Tr>
      <Td dataLabel="Name">{b.name}</Td>
      <Td dataLabel="Certificates">
        <ul className="cd-names">
          {b.certificates.map((c) => (
            <li key={c.fingerprint_sha256} title={c.subject}>
              {shortName(c.subject)} <span className="cd-quiet">until <Time at={c.not_after} show="date" /></span>
            </li>
          ))}
        </ul>
      </Td>
      <Td dataLabel="Added"><Time at={b.created_at} show="date" /></Td>
      <Td dataLabel="Actions">{remove && <Button variant="link" isDanger isInline onClick={remove}>Remove</Button>}</Td>
    </Tr>
  );
}

export default function Trust() {
  const client = useQueryClient();
  const isAdmin = useMe().role === 'admin';
  const [isAdding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<TrustBundle | null>(null);
  const query = useQuery({ queryKey: ['trust'], queryFn: ({ signal }) => api.get('/trust-bundles', { signal }) });
  const done = () => void client.invalidateQueries({ queryKey: ['trust'] });
  const add = isAdmin && <Button onClick={() => setAdding(true)}>Add private CA</Button>;
  return (
    <Page
      title="Private CAs"
      lead="Chains that lead to these are trusted, beside those that the system trusts. It takes effect with the next check."
      actions={add}
    >
      <PageSection>
        <Loaded query={query}>
          {({ items }) => (items.length === 0 ? (
            <Nothing title="No private CA yet">Certificates of your own CA show as “Root is not trusted” until an admin adds it here.</Nothing>
          ) : (
            <Table variant="compact" aria-label="Private CAs" className="cd-table">
              <Thead><Tr><Th>Name</Th><Th>Certificates</Th><Th>Added</Th><Th screenReaderText="Actions" /></Tr></Thead>
              <Tbody>
                {items.map((b) => <BundleRow key={b.id} bundle={b} remove={isAdmin ? () => setRemoving(b) : undefined} />)}
              </Tbody>
            </Table>
          ))}
        </Loaded>
      </PageSection>
      {isAdding && <AddDialog close={() => setAdding(false)} done={done} />}
      {removing && (
        <Dialog
          title={`Remove ${removing.name}?`} action="Remove" isDangerous close={() => setRemoving(null)}
          run={() => api.delete('/trust-bundles/{id}', { path: { id: removing.id } }).then(done)}
        >
          <Content component="p">Chains that lead to it are no longer trusted from the next check on.</Content>
        </Dialog>
      )}
    </Page>
  );
}
