/* The vault: which master key seals the private keys, and turning to a new one. */
import { Alert, Button, Card, CardBody, CardTitle, Content, Label, PageSection, Progress } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { MasterKey, Vault as Data } from '../../api/types';
import { useMe } from '../../app/session';
import { Copyable } from '../../parts/Copyable';
import { Dialog } from '../../parts/Dialog';
import { Page } from '../../parts/Page';
import { Loaded } from '../../parts/States';
import { Time } from '../../parts/Time';
import { count } from '../../parts/words';
import { BackupCard } from './Backup';

const sources = { file: 'A file in the data directory', passphrase: 'A passphrase given at the start', pkcs11: 'A PKCS#11 token' };
const states: Record<MasterKey['state'], string> = { pending: 'Being loaded', current: 'Seals now', retiring: 'Being replaced', retired: 'Retired' };
const colors: Record<MasterKey['state'], 'blue' | 'green' | 'grey'> = { pending: 'blue', current: 'green', retiring: 'blue', retired: 'grey' };

function Keys({ keys }: { keys: MasterKey[] }) {
  return (
    <div className="cd-scroll">
      <Table variant="compact" aria-label="Master keys" className="cd-table">
        <Thead><Tr><Th>Key id</Th><Th>State</Th><Th>Seals</Th><Th>Comes from</Th><Th>Made</Th></Tr></Thead>
        <Tbody>
          {keys.map((k) => (
            <Tr key={k.key_id}>
              <Td dataLabel="Key id"><Copyable text={k.key_id} /></Td>
              <Td dataLabel="State"><Label isCompact color={colors[k.state]}>{states[k.state]}</Label></Td>
              <Td dataLabel="Seals">{count(k.count, 'key or secret', 'keys and secrets')}</Td>
              <Td dataLabel="Comes from">{sources[k.source]}</Td>
              <Td dataLabel="Made"><Time at={k.created_at} show="date" /></Td>
            </Tr>
          ))}
        </Tbody>
      </Table>
    </div>
  );
}

function Under({ rotation: r }: { rotation: NonNullable<Data['rotation']> }) {
  const value = r.total > 0 ? Math.round((100 * r.done) / r.total) : 0;
  const behind = r.nodes.filter((n) => n.problem !== null);
  return (
    <>
      <div className="cd-progress"><Progress value={value} title="Sealing with the new key" label={`${r.done} of ${r.total}`} aria-label="Sealing with the new key" measureLocation="outside" /></div>
      {r.error && <Alert isInline variant="warning" title="The last try failed; it is tried again">{r.error}</Alert>}
      {behind.map((n) => <Alert key={n.name} isInline variant="warning" title={`${n.name} does not have the new key yet`}>{n.problem}</Alert>)}
    </>
  );
}

function Rotation({ rotation, isAdmin }: { rotation: Data['rotation']; isAdmin: boolean }) {
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const run = async () => {
    await api.post('/vault/rotate', undefined);
    await client.invalidateQueries({ queryKey: ['vault'] });
  };
  return (
    <Card>
      <CardTitle component="h2">Rotation</CardTitle>
      <CardBody className="cd-stack">
        <Content component="p">
          A new master key is made, and everything is sealed with it, one after the other, while certdesk goes on serving.
          Keep a copy of the new master key apart from your backups of the database.
        </Content>
        {rotation && <Under rotation={rotation} />}
        {isAdmin && <div className="cd-actions"><Button variant="secondary" isDisabled={rotation !== null} onClick={() => setAsking(true)}>Rotate the master key</Button></div>}
      </CardBody>
      {isAsking && (
        <Dialog title="Rotate the master key?" action="Rotate" run={run} close={() => setAsking(false)}>
          <Content component="p">Backups of the database made so far need the key that is in force now. Keep it as long as you keep them.</Content>
        </Dialog>
      )}
    </Card>
  );
}

function Filled({ vault, isAdmin }: { vault: Data; isAdmin: boolean }) {
  return (
    <div className="cd-stack">
      {!vault.ready && <Alert isInline variant="danger" title="The vault is not ready: no key can be used">{vault.problem}</Alert>}
      <Card>
        <CardTitle component="h2">Master keys</CardTitle>
        <CardBody>
          {vault.keys.by_key.length === 0 ? <p className="cd-quiet">Nothing is sealed yet.</p> : <Keys keys={vault.keys.by_key} />}
        </CardBody>
      </Card>
      <Rotation rotation={vault.rotation} isAdmin={isAdmin} />
      <BackupCard isAdmin={isAdmin} />
    </div>
  );
}

export default function Vault() {
  const isAdmin = useMe().role === 'admin';
  const query = useQuery({ queryKey: ['vault'], queryFn: ({ signal }) => api.get('/vault', { signal }), refetchInterval: ({ state }) => (state.data?.rotation ? 1000 : false) });
  return (
    <Page title="Keys and backup" lead="Private keys are sealed in the vault: nobody reads them, not even in a backup.">
      <PageSection><Loaded query={query} lines={6}>{(vault) => <Filled vault={vault} isAdmin={isAdmin} />}</Loaded></PageSection>
    </Page>
  );
}
