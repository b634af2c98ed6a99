/* Form fields with their label, help and error, so that every form looks and reads alike. */
import {
  FormGroup, FormHelperText, FormSelect, FormSelectOption, HelperText, HelperTextItem, TextArea, TextInput,
} from '@patternfly/react-core';
import { useId, type ReactNode } from 'react';

interface FieldProps {
  label: string;
  help?: ReactNode;
  error?: string;
  isRequired?: boolean;
  children: (id: string, isBad: boolean) => ReactNode;
}

export function Field({ label, help, error, isRequired, children }: FieldProps) {
  const id = useId();
  return (
    <FormGroup label={label} fieldId={id} isRequired={isRequired}>
      {children(id, Boolean(error))}
      {(error ?? help) && (
        <FormHelperText>
          <HelperText>
            <HelperTextItem variant={error ? 'error' : 'default'}>{error ?? help}</HelperTextItem>
          </HelperText>
        </FormHelperText>
      )}
    </FormGroup>
  );
}

interface TextFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  help?: ReactNode;
  error?: string;
  isRequired?: boolean;
  autoFocus?: boolean;
  type?: 'text' | 'password' | 'number' | 'date' | 'email';
  placeholder?: string;
  maxLength?: number;
  autoComplete?: string;
  list?: string;
  min?: number;
  max?: number;
}

export function TextField({ label, help, error, isRequired, value, onChange, ...rest }: TextFieldProps) {
  return (
    <Field label={label} help={help} error={error} isRequired={isRequired}>
      {(id, isBad) => (
        <TextInput
          id={id}
          value={value}
          onChange={(_, v) => onChange(v)}
          isRequired={isRequired}
          validated={isBad ? 'error' : 'default'}
          {...rest}
        />
      )}
    </Field>
  );
}

interface AreaProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  help?: ReactNode;
  error?: string;
  rows?: number;
  maxLength?: number;
  isRequired?: boolean;
  placeholder?: string;
  isCode?: boolean;
}

export function AreaField({ label, value, onChange, help, error, rows = 4, isRequired, isCode, ...rest }: AreaProps) {
  return (
    <Field label={label} help={help} error={error} isRequired={isRequired}>
      {(id, isBad) => (
        <TextArea
          id={id}
          value={value}
          onChange={(_, v) => onChange(v)}
          rows={rows}
          resizeOrientation="vertical"
          validated={isBad ? 'error' : 'default'}
          isRequired={isRequired}
          className={isCode ? 'cd-mono' : undefined}
          {...rest}
        />
      )}
    </Field>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  isRequired?: boolean;
  value: T;
  onChange: (value: T) => void;
  options: readonly (readonly [T, string])[];
  help?: ReactNode;
  error?: string;
}

export function ChoiceField<T extends string>({ label, value, onChange, options, help, error, isRequired }: ChoiceProps<T>) {
  return (
    <Field label={label} help={help} error={error} isRequired={isRequired}>
      {(id, isBad) => (
        <FormSelect id={id} value={value} onChange={(_, v) => onChange(v as T)} validated={isBad ? 'error' : 'default'}>
          {options.map(([v, text]) => <FormSelectOption key={v} value={v} label={text} />)}
        </FormSelect>
      )}
    </Field>
  );
}
