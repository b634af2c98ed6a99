/* A new key and its CSR: for the CA, now or later. */
import { Alert, Button, Form, Grid, GridItem } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ApiError, api } from '../../api/client';
import type { Csr } from '../../api/types';
import { navigate } from '../../app/router';
import { ChoiceField, TextField } from '../../parts/Fields';
import { keyOptions, keys, type KeyChoice } from '../../parts/keys';
import { namesOf } from '../../parts/names';
import { BusinessGroupField } from '../../parts/people';
import { aboutField, errorText } from '../../parts/States';
import { Steps } from '../../parts/Steps';
import { givenOf, NamesField, SubjectFields, type Subject } from '../../parts/subject';
import { CsrPem } from '../csrs/CsrPem';

const ownErrors = ['subject', 'sans', 'key', 'name', 'business_group'];

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
  const [subject, setSubject] = useState<Subject>({});
  const [names, setNames] = useState('');
  const [key, setKey] = useState<KeyChoice>('ec-p256');
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
      setMade(await api.post('/csrs', {
        name: name.trim() || common || sans[0]?.value || '', business_group: businessGroup.trim() || null,
        subject: givenOf({ ...subject, CN: common }), sans, key: keys[key][1],
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
          <NamesField text={names} change={setNames} error={aboutField(error, 'sans')} />
          <ChoiceField label="Key" value={key} onChange={setKey} error={aboutField(error, 'key')} options={keyOptions()} />
          <Grid hasGutter md={6}>
            <SubjectFields subject={subject} change={setSubject} error={error} />
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
