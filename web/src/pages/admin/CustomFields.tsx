/* Fields of one's own on every certificate. */
import { Checkbox, Content, Label } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { CustomField, CustomFieldType } from '../../api/types';
import { Collection, type EditorProps, type RemoverProps } from '../../parts/Collection';
import { Dialog } from '../../parts/Dialog';
import { AreaField, ChoiceField, TextField } from '../../parts/Fields';
import { aboutField } from '../../parts/States';
import { count } from '../../parts/words';

const types: Record<CustomFieldType, string> = { text: 'Text', number: 'Number', date: 'Date', choice: 'One of a list' };

/* "Cost centre" as "cost_centre". */
const nameOf = (label: string) => label.trim().toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^[^a-z]+|_+$/g, '').slice(0, 40);

function Editor({ item: field, close, done }: EditorProps<CustomField>) {
  const [label, setLabel] = useState(field?.label ?? '');
  const [name, setName] = useState(field?.name ?? '');
  const [type, setType] = useState<CustomFieldType>(field?.type ?? 'text');
  const [choices, setChoices] = useState(field?.choices.join('\n') ?? '');
  const [required, setRequired] = useState(field?.required ?? false);
  const list = [...new Set(choices.split('\n').map((c) => c.trim()).filter(Boolean))];
  const run = async () => {
    const body = { label: label.trim(), required, ...(type === 'choice' && { choices: list }) };
    if (field) await api.patch('/custom-fields/{name}', body, { path: { name: field.name }, etag: field.etag });
    else await api.post('/custom-fields', { ...body, name: name.trim() || nameOf(label), type });
    done();
  };
  return (
    <Dialog
      title={field ? `Edit ${field.label}` : 'Add field'} action={field ? 'Save' : 'Add'} run={run} close={close} size="medium"
      isDisabled={label.trim() === '' || (type === 'choice' && list.length === 0)}
    >
      {(error) => (
        <>
          <TextField label="Label" value={label} onChange={setLabel} isRequired autoFocus maxLength={100} error={aboutField(error, 'label')} help="As people see it: Cost centre" />
          {!field && <TextField label="Name" value={name} onChange={setName} placeholder={nameOf(label)} maxLength={40} error={aboutField(error, 'name')} help="As programs and CSV files see it; it never changes" />}
          {!field && <ChoiceField label="Kind" value={type} onChange={setType} options={Object.entries(types) as [CustomFieldType, string][]} error={aboutField(error, 'type')} />}
          {type === 'choice' && <AreaField label="Choices" value={choices} onChange={setChoices} isRequired help="One a line" error={aboutField(error, 'choices')} />}
          <Checkbox id="cd-field-required" label="Every new certificate needs it" isChecked={required} onChange={(_, v) => setRequired(v)} />
        </>
      )}
    </Dialog>
  );
}

function Remover({ item: field, close, done }: RemoverProps<CustomField>) {
  return (
    <Dialog
      title={`Remove the field ${field.label}?`} action="Remove" isDangerous close={close}
      run={() => api.delete('/custom-fields/{name}', { path: { name: field.name }, query: { discard: true } }).then(done)}
    >
      <Content component="p">{field.certificates ? `What ${count(field.certificates, 'certificate')} have in it is lost.` : 'No certificate that you may see has anything in it.'}</Content>
    </Dialog>
  );
}

function Called({ field: f }: { field: CustomField }) {
  return (
    <span className="cd-two-lines">
      <span className="cd-labels">{f.label}{f.required && <Label isCompact color="blue">Needed</Label>}</span>
      <code className="cd-quiet">{f.name}</code>
    </span>
  );
}

function Kind({ field: f }: { field: CustomField }) {
  return (
    <span className="cd-two-lines">
      <span>{types[f.type]}</span>
      {f.type === 'choice' && <span className="cd-quiet cd-break">{f.choices.join(', ')}</span>}
    </span>
  );
}

export default function CustomFields() {
  const query = useQuery({ queryKey: ['custom-fields'], queryFn: ({ signal }) => api.get('/custom-fields', { signal }), select: (page) => page.items });
  return (
    <Collection<CustomField>
      title="Custom fields" lead="What your organisation wants to know of a certificate besides: shown, filtered by, exported." add="Add field" mayChange
      query={query} stale={['custom-fields', 'certificates', 'certificate']}
      empty={{ title: 'No field yet', text: 'A cost centre, a contract number, the date of the next audit.' }}
      columns={[
        { name: 'Label', cell: (f) => <Called field={f} /> },
        { name: 'Kind', cell: (f) => <Kind field={f} /> },
        { name: 'Certificates with it', cell: (f) => (f.certificates ?? 0).toLocaleString('en') },
      ]}
      keyOf={(f) => f.name} nameOf={(f) => f.label} Editor={Editor} Remover={Remover}
    />
  );
}
