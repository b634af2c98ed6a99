/* The fields that this installation has given its certificates besides those that all have. */
import { GridItem } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { api } from '../api/client';
import type { CustomField } from '../api/types';
import { ChoiceField, TextField } from './Fields';
import { aboutField } from './States';

export function useCustomFields(): CustomField[] {
  const query = useQuery({
    queryKey: ['custom-fields'], queryFn: ({ signal }) => api.get('/custom-fields', { signal }), staleTime: 60000,
  });
  return query.data?.items ?? [];
}

/* As the API wants it: a number is one, nothing is null. */
export function valueOf(field: CustomField, text: string | undefined): string | number | null {
  const value = text?.trim();
  if (!value) return null;
  return field.type === 'number' ? Number(value) : value;
}

interface CustomFieldsProps {
  fields: CustomField[];
  values: Record<string, string>;
  change: (values: Record<string, string>) => void;
  error: unknown;
}

export function CustomFieldInput({ field: f, value, onChange, error }: { field: CustomField; value: string; onChange: (value: string) => void; error?: string }) {
  if (f.type === 'choice') {
    const options = ['', ...f.choices].map((c): [string, string] => [c, c || '–']);
    return <ChoiceField label={f.label} value={value} onChange={onChange} options={options} error={error} isRequired={f.required} />;
  }
  return (
    <TextField
      label={f.label} value={value} onChange={onChange} error={error} isRequired={f.required} maxLength={1000}
      type={f.type === 'date' ? 'date' : f.type === 'number' ? 'number' : 'text'}
    />
  );
}

export function CustomFields({ fields, values, change, error }: CustomFieldsProps) {
  return (
    <>
      {fields.map((f) => (
        <GridItem key={f.name}>
          <CustomFieldInput
            field={f} value={values[f.name] ?? ''} error={aboutField(error, `fields.${f.name}`)}
            onChange={(value) => change({ ...values, [f.name]: value })}
          />
        </GridItem>
      ))}
    </>
  );
}
