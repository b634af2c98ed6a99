/* One's own password and API tokens. */
import { Alert, Button, Card, CardBody, CardHeader, CardTitle, Content, Form, Label, PageSection } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { api } from '../../api/client';
import type { Token } from '../../api/types';
import { useMe } from '../../app/session';
import { Dialog } from '../../parts/Dialog';
import { TextField } from '../../parts/Fields';
import { Page } from '../../parts/Page';
import { errorText, Loaded } from '../../parts/States';
import { Time } from '../../parts/Time';
import { useToasts } from '../../parts/Toasts';
import { roleWords } from '../../parts/words';
import { TokenDialog } from './TokenDialog';

function Password() {
  const toasts = useToasts();
  const [current, setCurrent] = useState('');
  const [fresh, setFresh] = useState('');
  const [error, setError] = useState<unknown>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setError(null);
    try {
      await api.post('/me/password', { current_password: current, new_password: fresh });
      setCurrent('');
      setFresh('');
      toasts.done('Your password is changed', 'Your other sessions have ended.');
    } catch (e) {
      setError(e);
    }
  };
  return (
    <Card>
      <CardTitle component="h2">Password</CardTitle>
      <CardBody>
        <Form onSubmit={(e) => void submit(e)} className="cd-narrow">
          <TextField label="Current password" type="password" value={current} onChange={setCurrent} isRequired autoComplete="current-password" />
          <TextField label="New password" type="password" value={fresh} onChange={setFresh} isRequired autoComplete="new-password" help="At least 10 characters" />
          {error !== null && <Alert isInline variant="danger" title={errorText(error)} />}
          <div className="cd-actions"><Button type="submit" variant="secondary" isDisabled={current === '' || fresh.length < 10}>Change password</Button></div>
        </Form>
      </CardBody>
    </Card>
  );
}

function TokenRow({ token: t, remove }: { token: Token; remove: () => void }) {
  const isEnded = t.expires_at !== null && Date.parse(t.expires_at) < Date.now();
  return (
    <Tr>
      <Td dataLabel="Name">{t.name} {isEnded && <Label isCompact color="red">Ended</Label>}</Td>
      <Td dataLabel="May">{t.scopes.join(', ')}</Td>
      <Td dataLabel="Made"><Time at={t.created_at} show="date" /></Td>
      <Td dataLabel="Valid until"><Time at={t.expires_at} show="date" otherwise="for ever" /></Td>
      <Td dataLabel="Last used"><Time at={t.used_at} show="ago" otherwise="never" /></Td>
      <Td dataLabel="Actions"><Button variant="link" isDanger isInline onClick={remove} aria-label={`Revoke ${t.name}`}>Revoke</Button></Td>
    </Tr>
  );
}

function Tokens() {
  const client = useQueryClient();
  const [isMaking, setMaking] = useState(false);
  const [removing, setRemoving] = useState<Token | null>(null);
  const query = useQuery({ queryKey: ['tokens'], queryFn: ({ signal }) => api.get('/tokens', { signal }) });
  const done = () => void client.invalidateQueries({ queryKey: ['tokens'] });
  return (
    <Card>
      <CardHeader actions={{ actions: <Button variant="secondary" onClick={() => setMaking(true)}>New token</Button>, hasNoOffset: true }}>
        <CardTitle component="h2">API tokens</CardTitle>
      </CardHeader>
      <CardBody>
        <Loaded query={query} lines={2}>
          {({ items }) => (items.length === 0 ? <p className="cd-quiet">None. Programs sign in with a token, never with your password.</p> : (
            <Table variant="compact" aria-label="API tokens" className="cd-table">
              <Thead><Tr><Th>Name</Th><Th>May</Th><Th>Made</Th><Th>Valid until</Th><Th>Last used</Th><Th screenReaderText="Actions" /></Tr></Thead>
              <Tbody>{items.map((t) => <TokenRow key={t.id} token={t} remove={() => setRemoving(t)} />)}</Tbody>
            </Table>
          ))}
        </Loaded>
      </CardBody>
      {isMaking && <TokenDialog close={() => setMaking(false)} done={done} />}
      {removing && (
        <Dialog
          title={`Revoke ${removing.name}?`} action="Revoke" isDangerous close={() => setRemoving(null)}
          run={() => api.delete('/tokens/{id}', { path: { id: removing.id } }).then(done)}
        >
          <Content component="p">Programs that use it are refused from now on.</Content>
        </Dialog>
      )}
    </Card>
  );
}

export default function Account() {
  const me = useMe();
  return (
    <Page title="My account" lead={`${me.display_name || me.name}${me.email ? `, ${me.email}` : ''}. ${roleWords[me.role]}.`}>
      <PageSection><div className="cd-stack"><Tokens /><Password /></div></PageSection>
    </Page>
  );
}
