/* Changing and removing resources that are kept by hand. */
import { Content } from '@patternfly/react-core';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Resource } from '../../api/types';
import { Dialog } from '../../parts/Dialog';
import { AreaField, TextField } from '../../parts/Fields';
import { aboutField } from '../../parts/States';
import { useRefreshResources } from '../certificate/ResourcesTab';

export function ResourceDialog({ resource, close }: { resource: Resource; close: () => void }) {
  const refresh = useRefreshResources();
  const [name, setName] = useState(resource.name);
  const [description, setDescription] = useState(resource.description);
  const run = async () => {
    const body = { name: name.trim(), description: description.trim() };
    await api.patch('/resources/{id}', body, { path: { id: resource.id }, etag: resource.etag });
    refresh();
  };
  return (
    <Dialog title={`Edit ${resource.name}`} action="Save" run={run} close={close} isDisabled={name.trim() === ''}>
      {(error) => (
        <>
          <TextField label="Name" value={name} onChange={setName} isRequired autoFocus maxLength={200} error={aboutField(error, 'name')} help="As people call it: lb-1, www cluster" />
          <AreaField label="Description" value={description} onChange={setDescription} rows={2} maxLength={2000} error={aboutField(error, 'description')} />
        </>
      )}
    </Dialog>
  );
}

export function DeleteResourceDialog({ resource, close, done }: { resource: Resource; close: () => void; done?: () => void }) {
  const refresh = useRefreshResources();
  const run = async () => {
    await api.delete('/resources/{id}', { path: { id: resource.id } });
    refresh();
    done?.();
  };
  return (
    <Dialog title={`Remove ${resource.name}?`} action="Remove" isDangerous run={run} close={close}>
      <Content component="p">Certificates that belong there are no longer associated with it. They stay, and what is served there does not change.</Content>
    </Dialog>
  );
}
