/* Name, description and the like. */
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Certificate } from '../../api/types';
import { Dialog } from '../../parts/Dialog';
import { CustomFieldInput, useCustomFields, valueOf } from '../../parts/customFields';
import { AreaField, TextField } from '../../parts/Fields';
import { BusinessGroupField, splitWords } from '../../parts/people';
import { aboutField } from '../../parts/States';
import { useToasts } from '../../parts/Toasts';

function periodsOf(text: string): number[] | null {
  const numbers = text.split(/[,;\s]+/).filter(Boolean).map(Number);
  return numbers.length > 0 ? numbers : null;
}

export function EditDialog({ certificate, close }: { certificate: Certificate; close: () => void }) {
  const client = useQueryClient();
  const toasts = useToasts();
  const [name, setName] = useState(certificate.name);
  const [description, setDescription] = useState(certificate.description);
  const [group, setGroup] = useState(certificate.business_group ?? '');
  const [tags, setTags] = useState(certificate.tags.join(', '));
  const [names, setNames] = useState((certificate.required_names ?? []).join(', '));
  const [periods, setPeriods] = useState((certificate.notification_periods ?? []).join(', '));
  const custom = useCustomFields();
  const [fields, setFields] = useState<Record<string, string>>(() => Object.fromEntries(Object.entries(certificate.fields ?? {}).map(([name, value]) => [name, String(value)])));
  const parsed = periodsOf(periods);
  const periodsError = parsed?.some((n) => !Number.isInteger(n)) ? 'Whole numbers, separated by commas' : undefined;

  const run = async () => {
    const required = splitWords(names);
    await api.patch('/certificates/{id}', {
      name: name.trim(),
      description,
      business_group: group.trim() || null,
      tags: splitWords(tags),
      required_names: required.length > 0 ? required : null,
      notification_periods: parsed,
      ...(custom.length > 0 && { fields: Object.fromEntries(custom.map((f) => [f.name, valueOf(f, fields[f.name])])) }),
    }, { path: { id: certificate.id }, etag: certificate.etag });
    for (const key of ['certificates', 'certificate']) void client.invalidateQueries({ queryKey: [key] });
    toasts.done('Saved');
  };

  return (
    <Dialog title="Edit certificate" action="Save" run={run} close={close} size="medium" isDisabled={name.trim() === '' || Boolean(periodsError)}>
      {(error) => (
        <>
          <TextField label="Name" value={name} onChange={setName} isRequired maxLength={200} />
          <AreaField label="Description" value={description} onChange={setDescription} rows={3} maxLength={10000} />
          <BusinessGroupField label="Business group" value={group} onChange={setGroup} />
          <TextField label="Tags" value={tags} onChange={setTags} help="Separated by commas" />
          {custom.map((f) => (
            <CustomFieldInput
              key={f.name} field={f} value={fields[f.name] ?? ''} error={aboutField(error, `fields.${f.name}`)}
              onChange={(value) => setFields({ ...fields, [f.name]: value })}
            />
          ))}
          <TextField
            label="Required names" value={names} onChange={setNames}
            help="Names a successor must cover. Left empty: those of the endpoints, else of the certificate."
          />
          <TextField
            label="Notification periods" value={periods} onChange={setPeriods} error={periodsError}
            help="Days before the end (negative: after it), separated by commas. Left empty: as set for all."
          />
        </>
      )}
    </Dialog>
  );
}
