/* Business groups: a label and a filter; they grant nothing. */
import { Content } from '@patternfly/react-core';
import { useState } from 'react';
import { api } from '../../api/client';
import type { BusinessGroup } from '../../api/types';
import { Link } from '../../app/router';
import { useMe } from '../../app/session';
import { Collection, type EditorProps, type RemoverProps } from '../../parts/Collection';
import { Dialog } from '../../parts/Dialog';
import { TextField } from '../../parts/Fields';
import { BusinessGroupField, useBusinessGroupQuery } from '../../parts/people';
import { aboutField } from '../../parts/States';
import { count } from '../../parts/words';

function Editor({ item: group, close, done }: EditorProps<BusinessGroup>) {
  const [name, setName] = useState(group?.name ?? '');
  const [description, setDescription] = useState(group?.description ?? '');
  const run = async () => {
    const body = { name: name.trim(), description: description.trim() };
    if (group) await api.patch('/business-groups/{name}', body, { path: { name: group.name } });
    else await api.post('/business-groups', body);
    done();
  };
  return (
    <Dialog title={group ? `Edit ${group.name}` : 'Add business group'} action={group ? 'Save' : 'Add'} run={run} close={close} isDisabled={name.trim() === ''}>
      {(error) => (
        <>
          <TextField label="Name" value={name} onChange={setName} isRequired autoFocus maxLength={100} error={aboutField(error, 'name')} />
          <TextField label="Description" value={description} onChange={setDescription} maxLength={1000} error={aboutField(error, 'description')} />
        </>
      )}
    </Dialog>
  );
}

function Remover({ item: group, close, done }: RemoverProps<BusinessGroup>) {
  const [to, setTo] = useState('');
  const run = () => api.delete('/business-groups/{name}', { path: { name: group.name }, query: { reassign_to: to.trim() || '-' } }).then(done);
  const n = group.certificates ?? 0;
  return (
    <Dialog title={`Remove ${group.name}?`} action="Remove" isDangerous run={run} close={close}>
      <Content component="p">{n > 0 ? `${count(n, 'certificate')} carry it.` : 'No certificate that you may see carries it.'}</Content>
      <BusinessGroupField label="Give them instead" value={to} onChange={setTo} help="Left empty: none" />
    </Dialog>
  );
}

function Carrying({ group: g }: { group: BusinessGroup }) {
  const n = (g.certificates ?? 0).toLocaleString('en');
  return <Link to={`/certificates?business_group=${encodeURIComponent(g.name)}`} aria-label={`${n} certificates of ${g.name}`}>{n}</Link>;
}

export default function BusinessGroups() {
  return (
    <Collection<BusinessGroup>
      title="Business groups" lead="A label to filter by: the part of the organisation that a certificate serves. It gives nobody access."
      add="Add business group" mayChange={useMe().role === 'admin'} query={useBusinessGroupQuery()} stale={['business-groups', 'certificates', 'certificate']}
      empty={{ title: 'No business group yet', text: 'Retail, Logistics, Payroll: whatever your organisation is made of.' }}
      columns={[
        { name: 'Name', cell: (g) => <span className="cd-break">{g.name}</span> },
        { name: 'Certificates', cell: (g) => <Carrying group={g} /> },
        { name: 'Description', cell: (g) => <span className="cd-break">{g.description || '–'}</span> },
      ]}
      keyOf={(g) => g.name} nameOf={(g) => g.name} Editor={Editor} Remover={Remover}
    />
  );
}
