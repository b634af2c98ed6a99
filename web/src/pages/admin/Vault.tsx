/* The vault: which master key seals the private keys, and turning to a new one. */
import { Alert, Button, Card, CardBody, CardTitle, Content, PageSection } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api } from '../../api/client';
import type { Vault as Data } from '../../api/types';
import { useMe } from '../../app/session';
import { Copyable } from '../../parts/Copyable';
import { Dialog } from '../../parts/Dialog';
import { Facts } from '../../parts/Facts';
import { isOver, JobProgress, useJob } from '../../parts/jobs';
import { Page } from '../../parts/Page';
import { Loaded } from '../../parts/States';
import { count } from '../../parts/words';

const sources: Record<Data['source'], string> = { file: 'A file in the data directory', passphrase: 'A passphrase given at the start', pkcs11: 'A PKCS#11 token' };

function Rotation({ job, isAdmin }: { job: number | null; isAdmin: boolean }) {
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const [own, setOwn] = useState<number | null>(null);
  const running = useJob(own ?? job).data;
  const over = isOver(running);
  useEffect(() => {
    if (over) void client.invalidateQueries({ queryKey: ['vault'] });
  }, [over, client]);
  const isBusy = (own ?? job) !== null && !over;
  const run = async () => setOwn((await api.post('/vault/rotate', undefined)).job);
  return (
    <Card>
      <CardTitle component="h2">Rotation</CardTitle>
      <CardBody className="cd-stack">
        <Content component="p">
          A new master key is made, and every private key is sealed with it, one after the other, while certdesk goes on serving.
          Keep a copy of the new master key apart from your backups of the database.
        </Content>
        {(own ?? job) !== null && running && running.state !== 'failed' && <div className="cd-progress"><JobProgress job={running} title="Sealing with the new key" /></div>}
        {running?.state === 'failed' && <Alert isInline variant="danger" title="The rotation failed">{running.error} The keys that were not yet sealed anew stay with the old one, and are usable.</Alert>}
        {isAdmin && <div className="cd-actions"><Button variant="secondary" isDisabled={isBusy} onClick={() => setAsking(true)}>Rotate the master key</Button></div>}
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
  const old = vault.keys.by_key.filter((k) => k.key_id !== vault.key_id);
  return (
    <div className="cd-stack">
      <Card>
        <CardTitle component="h2">Master key</CardTitle>
        <CardBody>
          <Facts
            facts={[
              ['Comes from', sources[vault.source]],
              ['Key id', <Copyable text={vault.key_id} />],
              vault.previous_key_id !== null && ['The one before', <Copyable text={vault.previous_key_id} />],
              ['Private keys', count(vault.keys.total, 'key')],
              old.length > 0 && ['Not yet with this key', old.map((k) => `${k.count.toLocaleString('en')} with ${k.key_id}`).join(', ')],
            ]}
          />
        </CardBody>
      </Card>
      <Rotation job={vault.rotation.job} isAdmin={isAdmin} />
      <Card>
        <CardTitle component="h2">Backup</CardTitle>
        <CardBody>
          <Content component="p">
            A backup is made on the host, while certdesk serves: <code>certdesk backup FILE --to RECOVERY.pub</code>. Private
            keys in it open with the recovery key only. <code>certdesk restore FILE</code> proves each key against its
            certificate, makes a new master key, and starts in standby: no mail, no orders, no deployments until an admin says so.
          </Content>
        </CardBody>
      </Card>
    </div>
  );
}

export default function Vault() {
  const isAdmin = useMe().role === 'admin';
  const query = useQuery({ queryKey: ['vault'], queryFn: ({ signal }) => api.get('/vault', { signal }) });
  return (
    <Page title="Keys and backup" lead="Private keys are sealed in the vault: nobody reads them, not even in a backup.">
      <PageSection><Loaded query={query} lines={6}>{(vault) => <Filled vault={vault} isAdmin={isAdmin} />}</Loaded></PageSection>
    </Page>
  );
}
