/* The names that a certificate is asked for: alternative names, and the parts of its subject. */
import { GridItem, Label, LabelGroup } from '@patternfly/react-core';
import { AreaField, TextField } from './Fields';
import { namesOf } from './names';
import { aboutField } from './States';

export const subjectFields = [
  ['CN', 'Common name', 64, 'The name that people read; the first DNS name where left empty'], ['O', 'Organisation', 64, ''],
  ['OU', 'Organisational unit', 64, ''], ['L', 'City', 128, ''], ['ST', 'State or province', 128, ''], ['C', 'Country', 2, 'Two letters, such as DE'],
] as const;

export type SubjectField = typeof subjectFields[number][0];
export type Subject = Partial<Record<SubjectField, string>>;

export const subjectWords = (field: string): string => subjectFields.find(([f]) => f === field)?.[1] ?? field;

/* What was filled in, without blanks. */
export const givenOf = (subject: Subject): Record<string, string> => Object.fromEntries(
  Object.entries(subject).map(([k, v]): [string, string] => [k, v.trim()]).filter(([, v]) => v !== ''),
);

const nameKinds = { dns: 'DNS', ip: 'IP', email: 'E-mail', uri: 'URI' };

export function NamesField({ text, change, error }: { text: string; change: (text: string) => void; error?: string }) {
  const names = namesOf(text);
  return (
    <>
      <AreaField
        label="Names" value={text} onChange={change} rows={4} isCode maxLength={100000} error={error}
        placeholder={'www.example.org\nexample.org\n192.0.2.1'} help="One a line: DNS names, IP addresses, e-mail addresses, URIs"
      />
      {names.length > 0 && (
        <LabelGroup numLabels={12} aria-label="Names as understood">
          {names.map((n) => <Label key={n.value} isCompact variant="outline">{nameKinds[n.type]}: {n.value}</Label>)}
        </LabelGroup>
      )}
    </>
  );
}

interface SubjectFieldsProps {
  fields?: readonly string[];
  required?: readonly string[];
  commonHelp?: string;
  subject: Subject;
  change: (subject: Subject) => void;
  error: unknown;
}

export function SubjectFields({ fields, required = [], commonHelp, subject, change, error }: SubjectFieldsProps) {
  return (
    <>
      {subjectFields.filter(([field]) => !fields || fields.includes(field)).map(([field, label, length, help]) => (
        <GridItem key={field}>
          <TextField
            label={label} value={subject[field] ?? ''} maxLength={length} help={(field === 'CN' && commonHelp) || help || undefined} error={aboutField(error, `subject.${field}`)} isRequired={required.includes(field)}
            onChange={(value) => change({ ...subject, [field]: field === 'C' ? value.toUpperCase() : value })}
          />
        </GridItem>
      ))}
    </>
  );
}
