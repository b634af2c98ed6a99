/* Groups of users: to share certificates with. */
import { Button, Content, Label, LabelGroup } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Group } from '../../api/types';
import { useMe } from '../../app/session';
import { Collection, type EditorProps, type RemoverProps } from '../../parts/Collection';
import { Dialog } from '../../parts/Dialog';
import { Field, TextField } from '../../parts/Fields';
import { UserField } from '../../parts/people';
import { aboutField } from '../../parts/States';
import { count } from '../../parts/words';

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

function Editor({ item: group, close, done }: EditorProps<Group>) {
  const [name, setName] = useState(group?.name ?? '');
  const [description, setDescription] = useState(group?.description ?? '');
  const [members, setMembers] = useState(group?.members ?? []);
  const save = async () => {
    const body = { name: name.trim(), description: description.trim() };
    if (!group) return api.post('/groups', { ...body, users: members });
    const isSame = body.name === group.name && body.description === group.description;
    if (!isSame) await api.patch('/groups/{name}', body, { path: { name: group.name }, etag: group.etag });
    return api.put('/groups/{name}/members', { users: members }, { path: { name: body.name } });
  };
  return (
    <Dialog title={group ? `Edit ${group.name}` : 'Add group'} action={group ? 'Save' : 'Add'} run={() => save().then(done)} close={close} size="medium" isDisabled={name.trim() === ''}>
      {(error) => (
        <>
          <TextField label="Name" value={name} onChange={setName} isRequired autoFocus={!group} maxLength={100} error={aboutField(error, 'name')} />
          <TextField label="Description" value={description} onChange={setDescription} maxLength={1000} error={aboutField(error, 'description')} />
          <Members members={members} change={setMembers} />
        </>
      )}
    </Dialog>
  );
}

function Remover({ item: group, close, done }: RemoverProps<Group>) {
  return (
    <Dialog
      title={`Remove the group ${group.name}?`} action="Remove" isDangerous close={close}
      run={() => api.delete('/groups/{name}', { path: { name: group.name } }).then(done)}
    >
      <Content component="p">Its members stay users. What was shared with the group they see no more, unless they share it otherwise.</Content>
    </Dialog>
  );
}

function MembersCell({ group: g }: { group: Group }) {
  const members = g.members ?? [];
  return (
    <span className="cd-two-lines">
      <span>{count(g.n_members, 'member')}</span>
      <span className="cd-quiet cd-break">{members.slice(0, 8).join(', ')}{members.length > 8 && '…'}</span>
    </span>
  );
}

export default function Groups() {
  const query = useQuery({ queryKey: ['groups'], queryFn: ({ signal }) => api.get('/groups', { signal }), select: (page) => page.items });
  return (
    <Collection<Group>
      title="Groups" lead="Share a certificate with a group, and whoever is in it shares it." add="Add group" mayChange={useMe().role === 'admin'}
      query={query} stale={['groups', 'people', 'certificates']}
      empty={{ title: 'No group yet', text: 'Put users together who look after the same certificates.' }}
      columns={[
        { name: 'Name', cell: (g) => <span className="cd-break">{g.name}</span> },
        { name: 'Members', cell: (g) => <MembersCell group={g} /> },
        { name: 'Description', cell: (g) => <span className="cd-break">{g.description || '–'}</span> },
      ]}
      keyOf={(g) => g.name} nameOf={(g) => g.name} Editor={Editor} Remover={Remover}
    />
  );
}
