/* A backup of everything, as a file that only the recovery key opens. */
import { Alert, Button, Card, CardBody, CardTitle, Content } from '@patternfly/react-core';
import { DownloadIcon } from '@patternfly/react-icons';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ApiError } from '../../api/client';
import { dateInput } from '../../parts/dates';
import { sizeWords } from '../../parts/Files';
import { errorText } from '../../parts/States';

/* Hand a file to the browser, as if a link to it had been clicked. */
function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

type State = { kind: 'idle' } | { kind: 'running'; bytes: number } | { kind: 'done'; name: string; bytes: number } | { kind: 'failed'; error: unknown };

function Outcome({ state }: { state: State }) {
  if (state.kind === 'running') return <p className="cd-quiet">Being made: {sizeWords(state.bytes)} so far. Stay on this page.</p>;
  if (state.kind === 'done') return <Alert isInline variant="success" title={`${state.name}: ${sizeWords(state.bytes)}`}>Keep it apart from this server, and the recovery key apart from both.</Alert>;
  if (state.kind !== 'failed') return null;
  const hasNoKey = state.error instanceof ApiError && state.error.status === 409;
  if (!hasNoKey) return <Alert isInline variant="danger" title="No backup was made">{errorText(state.error)}</Alert>;
  return (
    <Alert isInline variant="warning" title={errorText(state.error)}>
      On a computer that is no server, run <code>certdesk key recovery FILE</code>. It keeps the private half in FILE, and prints the public half: the line that
      belongs into section <code>[backup]</code> of <code>certdesk.conf</code>. Then start certdesk anew.
    </Alert>
  );
}

/* What a restore needs besides the file. */
function InTokens() {
  const { data } = useQuery({ queryKey: ['cas'], queryFn: ({ signal }) => api.get('/cas', { signal }), staleTime: 30000 });
  const names = (data?.items ?? []).filter((ca) => ca.key_storage === 'pkcs11').map((ca) => ca.name);
  if (names.length === 0) return null;
  return (
    <Alert isInline variant="info" title={`Not in a backup: the ${names.length === 1 ? 'key of the CA' : 'keys of the CAs'} ${names.join(', ')}`}>
      They lie in a token, which has its own backup. A restore looks whether the token has them.
    </Alert>
  );
}

export function BackupCard({ isAdmin }: { isAdmin: boolean }) {
  const [state, setState] = useState<State>({ kind: 'idle' });
  const run = async () => {
    setState({ kind: 'running', bytes: 0 });
    try {
      const { name, blob } = await api.download('/backup', (bytes) => setState({ kind: 'running', bytes }));
      const file = name ?? `certdesk-${dateInput(new Date())}.backup`;
      save(blob, file);
      setState({ kind: 'done', name: file, bytes: blob.size });
    } catch (error) {
      setState({ kind: 'failed', error });
    }
  };
  return (
    <Card>
      <CardTitle component="h2">Backup</CardTitle>
      <CardBody className="cd-stack">
        <Content component="p">
          A backup holds everything, and is made while certdesk serves. It is encrypted to the <b>recovery key</b>, whose private half is on no server:
          a stolen backup is noise, and a lost server is not the end of its keys. Without the private half no backup can be restored, so keep that file, and
          try a restore now and then. <code>certdesk restore FILE</code> proves each key against its certificate, makes a new master key, and
          starts in standby: no mail, no orders, no deployments until an admin says so. On the host, <code>certdesk backup FILE</code> makes one, too.
        </Content>
        <InTokens />
        {isAdmin && (
          <div className="cd-actions">
            <Button variant="secondary" icon={<DownloadIcon />} isLoading={state.kind === 'running'} isDisabled={state.kind === 'running'} onClick={() => void run()}>Download a backup</Button>
          </div>
        )}
        <div aria-live="polite"><Outcome state={state} /></div>
      </CardBody>
    </Card>
  );
}
