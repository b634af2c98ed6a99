/* Fields of one's own on every certificate. */
import { Button, Checkbox, Content, Label, PageSection } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { CustomField, CustomFieldType } from '../../api/types';
import { Dialog } from '../../parts/Dialog';
import { AreaField, ChoiceField, TextField } from '../../parts/Fields';
import { Kebab } from '../../parts/Menu';
import { Page } from '../../parts/Page';
import { aboutField, Loaded, Nothing } from '../../parts/States';
import { count } from '../../parts/words';

const types: Record<CustomFieldType, string> = { text: 'Text', number: 'Number', date: 'Date', choice: 'One of a list' };

/* "Cost centre" as "cost_centre". */
const nameOf = (label: string) => label.trim().toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^[^a-z]+|_+$/g, '').slice(0, 40);

interface EditorProps {
  field?: CustomField;
  close: () => void;
  done: () => void;
}

function Editor({ field, close, done }: EditorProps) {
  const [label, setLabel] = useState(field?.label ?? '');
  const [name, setName] = useState(field?.name ?? '');
  const [type, setType] = useState<CustomFieldType>(field?.type ?? 'text');
  const [choices, setChoices] = useState(field?.choices.join('\n') ?? '');
  const [required, setRequired] = useState(field?.required ?? false);
  const [error, setError] = useState<unknown>(null);
  const list = [...new Set(choices.split('\n').map((c) => c.trim()).filter(Boolean))];
  const run = async () => {
    const body = { label: label.trim(), required, ...(type === 'choice' && { choices: list }) };
    try {
      if (field) await api.patch('/custom-fields/{name}', body, { path: { name: field.name }, etag: field.etag });
      else await api.post('/custom-fields', { ...body, name: name.trim() || nameOf(label), type });
      done();
    } catch (e) {
      setError(e);
      throw e;
    }
  };
  return (
    <Dialog
      title={field ? `Edit ${field.label}` : 'Add field'} action={field ? 'Save' : 'Add'} run={run} close={close} size="medium"
      isDisabled={label.trim() === '' || (type === 'choice' && list.length === 0)}
    >
      <TextField label="Label" value={label} onChange={setLabel} isRequired autoFocus maxLength={100} error={aboutField(error, 'label')} help="As people see it: Cost centre" />
      {!field && <TextField label="Name" value={name} onChange={setName} placeholder={nameOf(label)} maxLength={40} error={aboutField(error, 'name')} help="As programs and CSV files see it; it never changes" />}
      {!field && <ChoiceField label="Kind" value={type} onChange={setType} options={Object.entries(types) as [CustomFieldType, string][]} error={aboutField(error, 'type')} />}
      {type === 'choice' && <AreaField label="Choices" value={choices} onChange={setChoices} isRequired help="One a line" error={aboutField(error, 'choices')} />}
      <Checkbox id="cd-field-required" label="Every new certificate needs it" isChecked={required} onChange={(_, v) => setRequired(v)} />
    </Dialog>
  );
}

type Asking = { kind: 'new' } | { kind: 'edit' | 'delete'; field: CustomField } | null;

export default function CustomFields() {
  const client = useQueryClient();
  const [asking, setAsking] = useState<Asking>(null);
  const query = useQuery({ queryKey: ['custom-fields'], queryFn: ({ signal }) => api.get('/custom-fields', { signal }) });
  const close = () => setAsking(null);
  const done = () => {
    for (const key of ['custom-fields', 'certificates', 'certificate']) void client.invalidateQueries({ queryKey: [key] });
  };
  return (
    <Page title="Custom fields" lead="What your organisation wants to know of a certificate besides: shown, filtered by, exported." actions={<Button onClick={() => setAsking({ kind: 'new' })}>Add field</Button>}>
      <PageSection>
        <Loaded query={query}>
          {({ items }) => (items.length === 0 ? <Nothing title="No field yet">A cost centre, a contract number, the date of the next audit.</Nothing> : (
            <Table variant="compact" aria-label="Custom fields" className="cd-table">
              <Thead><Tr><Th>Label</Th><Th>Kind</Th><Th>Certificates with it</Th><Th screenReaderText="Actions" /></Tr></Thead>
              <Tbody>
                {items.map((f) => (
                  <Tr key={f.name}>
                    <Td dataLabel="Label"><span className="cd-two-lines"><span className="cd-labels">{f.label}{f.required && <Label isCompact color="blue">Needed</Label>}</span><code className="cd-quiet">{f.name}</code></span></Td>
                    <Td dataLabel="Kind"><span className="cd-two-lines"><span>{types[f.type]}</span>{f.type === 'choice' && <span className="cd-quiet cd-break">{f.choices.join(', ')}</span>}</span></Td>
                    <Td dataLabel="Certificates with it">{(f.certificates ?? 0).toLocaleString('en')}</Td>
                    <Td isActionCell>
                      <Kebab
                        label={`Actions for ${f.label}`}
                        actions={[
                          { title: 'Edit', run: () => setAsking({ kind: 'edit', field: f }) },
                          { title: 'Remove', run: () => setAsking({ kind: 'delete', field: f }), isDangerous: true },
                        ]}
                      />
                    </Td>
                  </Tr>
                ))}
              </Tbody>
            </Table>
          ))}
        </Loaded>
      </PageSection>
      {asking?.kind === 'new' && <Editor close={close} done={done} />}
      {asking?.kind === 'edit' && <Editor field={asking.field} close={close} done={done} />}
      {asking?.kind === 'delete' && (
        <Dialog
          title={`Remove the field ${asking.field.label}?`} action="Remove" isDangerous close={close}
          run={() => api.delete('/custom-fields/{name}', { path: { name: asking.field.name }, query: { discard: true } }).then(done)}
        >
          <Content component="p">{asking.field.certificates ? `What ${count(asking.field.certificates, 'certificate')} have in it is lost.` : 'No certificate that you may see has anything in it.'}</Content>
        </Dialog>
      )}
    </Page>
  );
}
