/* Manage Access: owner, assignee, and who shares the certificate. */
import { Button, Checkbox, Content } from '@patternfly/react-core';
import { TrashIcon } from '@patternfly/react-icons';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Access, Certificate } from '../../api/types';
import { Dialog } from '../../parts/Dialog';
import { Field, TextField } from '../../parts/Fields';
import { usePeople, UserField } from '../../parts/people';
import { Failed, Waiting } from '../../parts/States';
import { useToasts } from '../../parts/Toasts';

interface Entry {
  kind: 'users' | 'groups';
  name: string;
  useKey: boolean;
  notify: boolean;
}

function entriesOf(access: Access): Entry[] {
  return (['users', 'groups'] as const).flatMap((kind) => access.share[kind].map((name) => ({
    kind, name, useKey: access.use_key[kind].includes(name), notify: access.notify[kind].includes(name),
  })));
}

const namesOf = (entries: Entry[], test: (e: Entry) => boolean) => ({
  users: entries.filter((e) => e.kind === 'users' && test(e)).map((e) => e.name),
  groups: entries.filter((e) => e.kind === 'groups' && test(e)).map((e) => e.name),
});

interface RowProps {
  entry: Entry;
  change: (change: Partial<Entry>) => void;
  remove: () => void;
}

function Row({ entry, change, remove }: RowProps) {
  const id = `share-${entry.kind}-${entry.name}`;
  return (
    <li className="cd-share">
      <span className="cd-break">{entry.name}{entry.kind === 'groups' && <span className="cd-quiet"> (group)</span>}</span>
      <Checkbox id={`${id}-notify`} label="Notify" isChecked={entry.notify} onChange={(_, notify) => change({ notify })} />
      <Checkbox id={`${id}-key`} label="Use the key" isChecked={entry.useKey} onChange={(_, useKey) => change({ useKey })} />
      <Button variant="plain" icon={<TrashIcon />} aria-label={`Stop sharing with ${entry.name}`} onClick={remove} />
    </li>
  );
}

function AddShare({ add }: { add: (entry: Entry) => void }) {
  const people = usePeople().data;
  const [name, setName] = useState('');
  const submit = () => {
    const text = name.trim();
    if (text === '') return;
    const kind = people?.groups.includes(text) && !people.users.some((u) => u.name === text) ? 'groups' : 'users';
    add({ kind, name: text, useKey: false, notify: true });
    setName('');
  };
  return (
    <div className="cd-inline-field">
      <TextField label="Share with a user or group" value={name} onChange={setName} list="cd-share-names" autoComplete="off" />
      <datalist id="cd-share-names">
        {people?.users.map((u) => <option key={`u${u.name}`} value={u.name}>{u.display_name}</option>)}
        {people?.groups.map((g) => <option key={`g${g}`} value={g}>group</option>)}
      </datalist>
      <Button variant="secondary" onClick={submit} isDisabled={name.trim() === ''}>Share</Button>
    </div>
  );
}

function Editor({ certificate, access, close }: { certificate: Certificate; access: Access; close: () => void }) {
  const client = useQueryClient();
  const toasts = useToasts();
  const [owner, setOwner] = useState(access.owner);
  const [assignee, setAssignee] = useState(access.assignee ?? '');
  const [entries, setEntries] = useState(() => entriesOf(access));
  const mayShare = access.may.includes('share');
  const mayChangeOwner = access.may.includes('change_owner');

  const save = async () => {
    await api.put('/certificates/{id}/access', {
      owner: mayChangeOwner ? owner.trim() : undefined,
      assignee: assignee.trim() || null,
      share: namesOf(entries, () => true),
      use_key: namesOf(entries, (e) => e.useKey),
      notify: namesOf(entries, (e) => e.notify),
    }, { path: { id: certificate.id }, etag: access.etag });
    for (const key of ['certificates', 'certificate', 'access']) void client.invalidateQueries({ queryKey: [key] });
    toasts.done(`Access to “${certificate.name}” is changed`);
  };

  return (
    <Dialog title={`Access to ${certificate.name}`} action="Save" run={save} close={close} size="medium" isDisabled={!mayShare}>
      {!mayShare && <Content component="p">Only its owner, those it is shared with, and admins may change this.</Content>}
      {mayChangeOwner ? <UserField label="Owner" value={owner} onChange={setOwner} isRequired help="Full control" />
        : <Field label="Owner">{() => <span>{owner}</span>}</Field>}
      <UserField
        label="Assignee" value={assignee} onChange={setAssignee}
        help="Sees it, comments, and gets its tickets; nothing more"
      />
      <Field label="Shared with" help="Sharing is co-ownership: everything but changing the owner.">
        {() => (entries.length === 0 ? <p className="cd-quiet">Nobody.</p> : (
          <ul className="cd-shares">
            {entries.map((entry, i) => (
              <Row
                key={`${entry.kind}/${entry.name}`}
                entry={entry}
                change={(c) => setEntries(entries.map((e, j) => (j === i ? { ...e, ...c } : e)))}
                remove={() => setEntries(entries.filter((_, j) => j !== i))}
              />
            ))}
          </ul>
        ))}
      </Field>
      <AddShare add={(entry) => setEntries([...entries.filter((e) => e.name !== entry.name || e.kind !== entry.kind), entry])} />
    </Dialog>
  );
}

export function AccessDialog({ certificate, close }: { certificate: Certificate; close: () => void }) {
  const query = useQuery({
    queryKey: ['access', certificate.id],
    staleTime: 0,
    gcTime: 0,
    queryFn: ({ signal }) => api.get('/certificates/{id}/access', { path: { id: certificate.id }, signal }),
  });
  if (query.data) return <Editor certificate={certificate} access={query.data} close={close} />;
  return (
    <Dialog title={`Access to ${certificate.name}`} action="Save" run={() => Promise.resolve()} close={close} size="medium" isDisabled>
      {query.error ? <Failed error={query.error} retry={() => void query.refetch()} /> : <Waiting lines={4} />}
    </Dialog>
  );
}
