/* Making, changing and removing a user. */
import { Checkbox, Content } from '@patternfly/react-core';
import { useState } from 'react';
import { api, ApiError } from '../../api/client';
import type { Role, User } from '../../api/types';
import { Dialog } from '../../parts/Dialog';
import { ChoiceField, TextField } from '../../parts/Fields';
import { UserField } from '../../parts/people';
import { aboutField } from '../../parts/States';
import { roleWords } from '../../parts/words';

const roles = Object.entries(roleWords) as [Role, string][];

interface UserDialogProps {
  close: () => void;
  done: () => void;
}

export function NewUserDialog({ close, done }: UserDialogProps) {
  const [name, setName] = useState('');
  const [displayName, setDisplayName] = useState('');
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('user');
  const [password, setPassword] = useState('');
  const run = () => api.post('/users', {
    name: name.trim().toLowerCase(), display_name: displayName.trim(), email: email.trim(), role, password,
  }).then(done);
  return (
    <Dialog title="Add user" action="Add" run={run} close={close} size="medium" isDisabled={name.trim() === '' || password.length < 10}>
      <TextField label="User name" value={name} onChange={setName} isRequired autoFocus maxLength={64} autoComplete="off" help="Letters, digits and . _ - @ +" />
      <TextField label="Full name" value={displayName} onChange={setDisplayName} maxLength={200} autoComplete="off" />
      <TextField label="E-mail" type="email" value={email} onChange={setEmail} maxLength={254} autoComplete="off" />
      <ChoiceField label="Role" value={role} onChange={setRole} options={roles} />
      <TextField label="Password" type="password" value={password} onChange={setPassword} isRequired autoComplete="new-password" help="At least 10 characters" />
    </Dialog>
  );
}

export function EditUserDialog({ user, close, done }: UserDialogProps & { user: User }) {
  const [displayName, setDisplayName] = useState(user.display_name);
  const [email, setEmail] = useState(user.email);
  const [role, setRole] = useState<Role>(user.role);
  const [isDisabled, setDisabled] = useState(user.disabled);
  const [password, setPassword] = useState('');
  const run = () => api.patch('/users/{name}', {
    display_name: displayName.trim(), email: email.trim(), role, disabled: isDisabled, password: password || undefined,
  }, { path: { name: user.name }, etag: user.etag }).then(done);
  return (
    <Dialog title={`Edit ${user.name}`} action="Save" run={run} close={close} size="medium" isDisabled={password !== '' && password.length < 10}>
      <TextField label="Full name" value={displayName} onChange={setDisplayName} maxLength={200} />
      <TextField label="E-mail" type="email" value={email} onChange={setEmail} maxLength={254} />
      <ChoiceField label="Role" value={role} onChange={setRole} options={roles} />
      <TextField label="New password" type="password" value={password} onChange={setPassword} autoComplete="new-password" help="Left empty: as it is. At least 10 characters." />
      <Checkbox id="cd-disabled" label="May not sign in" isChecked={isDisabled} onChange={(_, v) => setDisabled(v)} />
    </Dialog>
  );
}

export function DisableUserDialog({ user, close, done }: UserDialogProps & { user: User }) {
  const run = () => api.patch('/users/{name}', { disabled: !user.disabled }, { path: { name: user.name }, etag: user.etag }).then(done);
  return (
    <Dialog title={user.disabled ? `Let ${user.name} sign in again?` : `Disable ${user.name}?`} action={user.disabled ? 'Let sign in' : 'Disable'} isDangerous={!user.disabled} run={run} close={close}>
      <Content component="p">
        {user.disabled ? 'Password and tokens work as they did.'
          : 'They can no longer sign in, and their tokens open nothing. What they own stays theirs; to hand it over, remove them instead.'}
      </Content>
    </Dialog>
  );
}

/* What is wrong with the heir; where there is none, what they would get. */
function aboutHeir(error: unknown): string | undefined {
  const said = aboutField(error, 'hand_over_to');
  return said !== undefined && error instanceof ApiError && error.status === 409 ? error.message : said;
}

export function DeleteUserDialog({ user, close, done }: UserDialogProps & { user: User }) {
  const [heir, setHeir] = useState('');
  const run = () => api.delete('/users/{name}', { path: { name: user.name }, query: { hand_over_to: heir.trim() } }).then(done);
  return (
    <Dialog title={`Remove ${user.name}?`} action="Remove" isDangerous run={run} close={close} hidesError={(error) => aboutHeir(error) !== undefined}>
      {(error) => (
        <>
          <Content component="p">They can no longer sign in, and their tokens open nothing.</Content>
          <UserField
            label="Hand over to" value={heir} onChange={setHeir} error={aboutHeir(error)}
            help="Gets their certificates, open tickets and certificate requests. Needed where they have any."
          />
        </>
      )}
    </Dialog>
  );
}
