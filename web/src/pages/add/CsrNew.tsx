/* A new key and its CSR: for the CA, now or later. */
import { Alert, Button, Form, Grid, GridItem, Label, LabelGroup } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ApiError, api } from '../../api/client';
import type { Csr } from '../../api/types';
import { navigate } from '../../app/router';
import { AreaField, ChoiceField, TextField } from '../../parts/Fields';
import { namesOf } from '../../parts/names';
import { BusinessGroupField } from '../../parts/people';
import { aboutField, errorText } from '../../parts/States';
import { Steps } from '../../parts/Steps';
import { CsrPem } from '../csrs/CsrPem';

const keys = {
  'ec-P-256': ['EC P-256: small and fast, right for most', { algorithm: 'ec', curve: 'P-256' }],
  'ec-P-384': ['EC P-384', { algorithm: 'ec', curve: 'P-384' }],
  'ec-P-521': ['EC P-521', { algorithm: 'ec', curve: 'P-521' }],
  'rsa-2048': ['RSA, 2048 bits: for old clients', { algorithm: 'rsa', size: 2048 }],
  'rsa-3072': ['RSA, 3072 bits', { algorithm: 'rsa', size: 3072 }],
  'rsa-4096': ['RSA, 4096 bits', { algorithm: 'rsa', size: 4096 }],
  ed25519: ['Ed25519: few public CAs sign it', { algorithm: 'ed25519' }],
} as const;

type KeyChoice = keyof typeof keys;

const subjectFields = [
  ['CN', 'Common name', 64, 'The name that people read; the first DNS name where left empty'], ['O', 'Organisation', 64, ''],
  ['OU', 'Organisational unit', 64, ''], ['L', 'City', 128, ''], ['ST', 'State or province', 128, ''], ['C', 'Country', 2, 'Two letters, such as DE'],
] as const;

type SubjectField = typeof subjectFields[number][0];

const nameKinds = { dns: 'DNS', ip: 'IP', email: 'E-mail', uri: 'URI' };
const ownErrors = ['subject', 'sans', 'key', 'name', 'business_group'];

function Names({ text, change, error }: { text: string; change: (text: string) => void; error?: string }) {
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

function Made({ csr, again }: { csr: Csr; again: () => void }) {
  return (
    <div className="cd-stack">
      <Alert isInline variant="success" title={`The CSR “${csr.name}” is ready, and saved`}>
        Its private key is sealed in the vault. Hand the CSR to your CA; when it has signed, upload the certificate here.
      </Alert>
      <CsrPem csr={csr} />
      <div className="cd-actions">
        <Button onClick={() => navigate(`/certificates/add?how=saved&csr=${csr.id}`)}>Upload the signed certificate</Button>
        <Button variant="secondary" onClick={() => navigate('/csrs')}>Save for later</Button>
        <Button variant="link" onClick={again}>Generate another</Button>
      </div>
    </div>
  );
}

export function CsrNew({ leave }: { leave: () => void }) {
  const client = useQueryClient();
  const [subject, setSubject] = useState<Partial<Record<SubjectField, string>>>({});
  const [names, setNames] = useState('');
  const [key, setKey] = useState<KeyChoice>('ec-P-256');
  const [name, setName] = useState('');
  const [businessGroup, setBusinessGroup] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const [made, setMade] = useState<Csr | null>(null);
  const sans = namesOf(names);
  const common = (subject.CN ?? '').trim() || (sans.find((n) => n.type === 'dns')?.value ?? '');

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const given = Object.entries({ ...subject, CN: common }).map(([k, v]): [string, string] => [k, v.trim()]).filter(([, v]) => v !== '');
      setMade(await api.post('/csrs', {
        name: name.trim() || common || sans[0]?.value || '', business_group: businessGroup.trim() || null,
        subject: Object.fromEntries(given), sans, key: keys[key][1],
      }));
      void client.invalidateQueries({ queryKey: ['csrs'] });
    } catch (e) {
      setError(e);
    }
    setBusy(false);
  };

  const steps = [['how', 'Method'], ['what', 'Names and key'], ['sign', 'Have it signed']] as const;
  const isAtField = error instanceof ApiError && error.problem.errors.length > 0 && error.problem.errors.every((e) => ownErrors.some((f) => e.field.startsWith(f)));
  return (
    <>
      <Steps label="Steps" steps={steps} at={made ? 'sign' : 'what'} go={(to) => (to === 'how' ? leave() : setMade(null))} />
      {made ? <div className="cd-above"><Made csr={made} again={() => setMade(null)} /></div> : (
        <Form onSubmit={(e) => void submit(e)} className="cd-above">
          <Names text={names} change={setNames} error={aboutField(error, 'sans')} />
          <ChoiceField
            label="Key" value={key} onChange={setKey} error={aboutField(error, 'key')}
            options={Object.entries(keys).map(([k, [words]]): [KeyChoice, string] => [k as KeyChoice, words])}
          />
          <Grid hasGutter md={6}>
            {subjectFields.map(([field, label, length, help]) => (
              <GridItem key={field}>
                <TextField
                  label={label} value={subject[field] ?? ''} maxLength={length} help={help || undefined} error={aboutField(error, `subject.${field}`)}
                  onChange={(value) => setSubject({ ...subject, [field]: field === 'C' ? value.toUpperCase() : value })}
                />
              </GridItem>
            ))}
            <GridItem>
              <TextField label="Save it as" value={name} onChange={setName} maxLength={200} error={aboutField(error, 'name')} help="The common name where left empty" />
            </GridItem>
            <GridItem><BusinessGroupField label="Business group" value={businessGroup} onChange={setBusinessGroup} error={aboutField(error, 'business_group')} /></GridItem>
          </Grid>
          {error !== null && !isAtField && <Alert isInline variant="danger" title={errorText(error)} />}
          <div className="cd-actions">
            <Button type="submit" isLoading={isBusy} isDisabled={isBusy || common === ''}>Generate CSR</Button>
            <Button variant="link" onClick={leave}>Cancel</Button>
          </div>
        </Form>
      )}
    </>
  );
}
