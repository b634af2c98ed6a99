/* Groups of users: to share certificates with. */
import { Button, Content, Label, LabelGroup, PageSection } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Group } from '../../api/types';
import { useMe } from '../../app/session';
import { Dialog } from '../../parts/Dialog';
import { Field, TextField } from '../../parts/Fields';
import { Kebab } from '../../parts/Menu';
import { Page } from '../../parts/Page';
import { UserField } from '../../parts/people';
import { aboutField, Loaded, Nothing } from '../../parts/States';
import { count } from '../../parts/words';

interface EditorProps {
  group?: Group;
  close: () => void;
  done: () => void;
}

function Members({ members, change }: { members: string[]; change: (members: string[]) => void }) {
  const [name, setName] = useState('');
  const add = () => {
    const wanted = name.trim().toLowerCase();
    if (wanted && !members.includes(wanted)) change([...members, wanted]);
    setName('');
  };
  return (
    <>
      <Field label="Members">
        {() => (members.length === 0 ? <p className="cd-quiet">Nobody yet.</p> : (
          <LabelGroup numLabels={50} aria-label="Members">
            {members.map((m) => <Label key={m} onClose={() => change(members.filter((o) => o !== m))} closeBtnAriaLabel={`Remove ${m}`}>{m}</Label>)}
          </LabelGroup>
        ))}
      </Field>
      <div className="cd-inline-field">
        <UserField label="Add a user" value={name} onChange={setName} />
        <Button variant="secondary" onClick={add} isDisabled={name.trim() === ''}>Add</Button>
      </div>
    </>
  );
}

function Editor({ group, close, done }: EditorProps) {
  const [name, setName] = useState(group?.name ?? '');
  const [description, setDescription] = useState(group?.description ?? '');
  const [members, setMembers] = useState(group?.members ?? []);
  const [error, setError] = useState<unknown>(null);
  const save = async () => {
    const body = { name: name.trim(), description: description.trim() };
    if (!group) return api.post('/groups', { ...body, users: members });
    const isSame = body.name === group.name && body.description === group.description;
    if (!isSame) await api.patch('/groups/{name}', body, { path: { name: group.name }, etag: group.etag });
    return api.put('/groups/{name}/members', { users: members }, { path: { name: body.name } });
  };
  const run = () => save().then(done).catch((e: unknown) => {
    setError(e);
    throw e;
  });
  return (
    <Dialog title={group ? `Edit ${group.name}` : 'Add group'} action={group ? 'Save' : 'Add'} run={run} close={close} size="medium" isDisabled={name.trim() === ''}>
      <TextField label="Name" value={name} onChange={setName} isRequired autoFocus={!group} maxLength={100} error={aboutField(error, 'name')} />
      <TextField label="Description" value={description} onChange={setDescription} maxLength={1000} error={aboutField(error, 'description')} />
      <Members members={members} change={setMembers} />
    </Dialog>
  );
}

type Asking = { kind: 'new' } | { kind: 'edit' | 'delete'; group: Group } | null;

export default function Groups() {
  const isAdmin = useMe().role === 'admin';
  const client = useQueryClient();
  const [asking, setAsking] = useState<Asking>(null);
  const query = useQuery({ queryKey: ['groups'], queryFn: ({ signal }) => api.get('/groups', { signal }) });
  const close = () => setAsking(null);
  const done = () => {
    for (const key of ['groups', 'people', 'certificates']) void client.invalidateQueries({ queryKey: [key] });
  };
  return (
    <Page title="Groups" lead="Share a certificate with a group, and whoever is in it shares it." actions={isAdmin && <Button onClick={() => setAsking({ kind: 'new' })}>Add group</Button>}>
      <PageSection>
        <Loaded query={query}>
          {({ items }) => (items.length === 0 ? <Nothing title="No group yet">Put users together who look after the same certificates.</Nothing> : (
            <Table variant="compact" aria-label="Groups" className="cd-table">
              <Thead><Tr><Th>Name</Th><Th>Members</Th><Th>Description</Th><Th screenReaderText="Actions" /></Tr></Thead>
              <Tbody>
                {items.map((g) => (
                  <Tr key={g.name}>
                    <Td dataLabel="Name"><span className="cd-break">{g.name}</span></Td>
                    <Td dataLabel="Members"><span className="cd-two-lines"><span>{count(g.n_members, 'member')}</span><span className="cd-quiet cd-break">{(g.members ?? []).slice(0, 8).join(', ')}{(g.members ?? []).length > 8 && '…'}</span></span></Td>
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
      {asking?.kind === 'delete' && (
        <Dialog
          title={`Remove the group ${asking.group.name}?`} action="Remove" isDangerous close={close}
          run={() => api.delete('/groups/{name}', { path: { name: asking.group.name } }).then(done)}
        >
          <Content component="p">Its members stay users. What was shared with the group they see no more, unless they share it otherwise.</Content>
        </Dialog>
      )}
    </Page>
  );
}
