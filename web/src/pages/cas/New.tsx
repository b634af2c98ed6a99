/* The wizard that makes a CA: what it is, then what it may sign and where it is found. */
import { Alert, Button, Form, Grid, GridItem, PageSection, Radio } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ApiError, api } from '../../api/client';
import type { CaNew } from '../../api/types';
import { navigate } from '../../app/router';
import { AreaField, ChoiceField, Field, TextField } from '../../parts/Fields';
import { keyOptions, keys, type KeyChoice } from '../../parts/keys';
import { Page } from '../../parts/Page';
import { aboutField, errorText } from '../../parts/States';
import { Steps } from '../../parts/Steps';
import { givenOf, SubjectFields, type Subject } from '../../parts/subject';
import { useToasts } from '../../parts/Toasts';

type Storage = NonNullable<CaNew['storage']>;
type Step = 'what' | 'limits';
const steps = [['what', 'What it is'], ['limits', 'Address and limits']] as const;

interface Draft {
  kind: CaNew['kind'];
  name: string;
  description: string;
  subject: Subject;
  storage: Storage;
  tokenKey: string; // the label of one that is there; '' for a new one
  key: KeyChoice;
  years: string;
  url: string;
  permitted: string;
  excluded: string;
}

/* CA keys live long: nothing small is proposed. */
const caKeys: KeyChoice[] = ['ec-p384', 'ec-p256', 'rsa-4096', 'rsa-3072', 'ed25519'];
const tokenKeys: KeyChoice[] = ['ec-p384', 'ec-p256', 'rsa-4096', 'rsa-3072', 'rsa-2048'];
const firstStep = ['kind', 'name', 'description', 'subject', 'key', 'storage', 'token_key'];
const words = (text: string): string[] => text.split(/[\s,;]+/).filter(Boolean);
const slugOf = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 40);

interface PartProps {
  draft: Draft;
  change: (change: Partial<Draft>) => void;
  error: unknown;
}

/* Only where there is a choice: a token that the settings name. */
function Where({ draft: d, change, error }: PartProps) {
  const { data } = useQuery({ queryKey: ['cas'], queryFn: ({ signal }) => api.get('/cas', { signal }), staleTime: 30000 });
  if (!data?.storages.includes('pkcs11')) return null;
  const choices: (readonly [Storage, string, string, string])[] = [
    ['sealed', '', 'In the vault', 'Sealed in the database. Every backup has it.'],
    ['pkcs11', '', 'In the token', 'Made in the PKCS#11 token that the settings name, and never leaves it. No backup has it.'],
    ...(data.token_key === null ? [] : [['pkcs11', data.token_key, `In the token already: ${data.token_key}`, 'The key pair with this label. Choose its kind as the key.'] as const]),
  ];
  const take = (storage: Storage, tokenKey: string) =>
    change({ storage, tokenKey, key: (storage === 'pkcs11' ? tokenKeys : caKeys).includes(d.key) ? d.key : 'ec-p384' });
  return (
    <Field label="Where its key lies" error={aboutField(error, 'storage', 'token_key')}>
      {(id) => (
        <div role="radiogroup" aria-label="Where its key lies" className="cd-choices">
          {choices.map(([storage, tokenKey, label, description], i) => (
            <Radio
              key={label} id={`${id}-${i}`} name={id} label={label} description={description}
              isChecked={d.storage === storage && d.tokenKey === tokenKey} onChange={() => take(storage, tokenKey)}
            />
          ))}
        </div>
      )}
    </Field>
  );
}

function What({ draft: d, change, error }: PartProps) {
  return (
    <>
      <Field label="Kind">
        {(id) => (
          <div role="radiogroup" aria-label="Kind" className="cd-choices">
            <Radio id={`${id}-root`} name={id} label="Its own root" description="It signs itself. Give its certificate to whoever is to trust it." isChecked={d.kind === 'root'} onChange={() => change({ kind: 'root' })} />
            <Radio id={`${id}-intermediate`} name={id} label="An intermediate" description="You get a CSR, for a root elsewhere or offline to sign, and bring the certificate back." isChecked={d.kind === 'intermediate'} onChange={() => change({ kind: 'intermediate' })} />
          </div>
        )}
      </Field>
      <Where draft={d} change={change} error={error} />
      <Grid hasGutter md={6}>
        <SubjectFields
          fields={['CN', 'O', 'C']} required={['CN']} commonHelp="As people know it: Example Internal CA" subject={d.subject} error={error}
          change={(subject) => change({ subject, name: d.name === slugOf(d.subject.CN ?? '') ? slugOf(subject.CN ?? '') : d.name })}
        />
        <GridItem><TextField label="Name in addresses" value={d.name} onChange={(name) => change({ name })} isRequired maxLength={63} error={aboutField(error, 'name')} help="Lower-case letters, digits and hyphens" /></GridItem>
        <GridItem><ChoiceField label="Key" value={d.key} onChange={(key) => change({ key })} options={keyOptions(d.storage === 'pkcs11' ? tokenKeys : caKeys)} error={aboutField(error, 'key')} /></GridItem>
        <GridItem span={12} md={12}><TextField label="Description" value={d.description} onChange={(description) => change({ description })} maxLength={2000} error={aboutField(error, 'description')} /></GridItem>
      </Grid>
    </>
  );
}

function Limits({ draft: d, change, error }: PartProps) {
  return (
    <>
      <TextField
        label="Public URL" value={d.url} onChange={(url) => change({ url })} isRequired maxLength={429} error={aboutField(error, 'public_url')}
        help={<>Where clients reach this server for the CRL and OCSP: <code>{`${d.url.replace(/\/+$/, '')}/pki/${d.name}.crl`}</code></>}
      />
      <Alert isInline variant="warning" title="The public URL stands in every certificate that it signs">
        It can be changed until the first certificate is issued, and never afterwards. Plain http is usual here: what is fetched is signed. Choose a name that
        will outlive this host.
      </Alert>
      {d.kind === 'root' && <TextField label="Lifetime in years" type="number" min={1} max={100} value={d.years} onChange={(years) => change({ years })} isRequired error={aboutField(error, 'lifetime_days')} />}
      <AreaField
        label="Only for these names" value={d.permitted} onChange={(permitted) => change({ permitted })} rows={3} isCode maxLength={10000} error={aboutField(error, 'name_constraints.permitted')}
        placeholder={'example.org\n10.0.0.0/8'} help="Domains and networks, one a line: it can sign nothing else, and whoever trusts it need fear nothing else. Left empty: any name."
      />
      <AreaField label="Never for these" value={d.excluded} onChange={(excluded) => change({ excluded })} rows={2} isCode maxLength={10000} error={aboutField(error, 'name_constraints.excluded')} />
    </>
  );
}

const bodyOf = (d: Draft): CaNew => ({
  name: d.name.trim(), type: 'local', kind: d.kind, subject: givenOf(d.subject), key: keys[d.key][1], storage: d.storage, token_key: d.tokenKey || undefined, lifetime_days: d.kind === 'root' ? Math.round(Number(d.years) * 365.25) : undefined,
  public_url: d.url.trim(), name_constraints: { permitted: words(d.permitted), excluded: words(d.excluded) }, description: d.description.trim(),
});

function useMake(back: (step: Step) => void) {
  const client = useQueryClient();
  const toasts = useToasts();
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const make = async (draft: Draft) => {
    setBusy(true);
    setError(null);
    try {
      const ca = await api.post('/cas', bodyOf(draft));
      toasts.done(ca.state === 'awaiting_certificate' ? 'The CSR is ready: have it signed' : `The CA ${ca.name} is ready`);
      for (const key of ['cas', 'certificates']) void client.invalidateQueries({ queryKey: [key] });
      navigate(`/cas/${encodeURIComponent(ca.name)}`);
    } catch (e) {
      setError(e);
      setBusy(false);
      if (aboutField(e, ...firstStep) !== undefined) back('what');
    }
  };
  return { error, isBusy, make };
}

export default function New() {
  const [step, setStep] = useState<Step>('what');
  const [draft, setDraft] = useState<Draft>({
    kind: 'root', name: '', description: '', subject: {}, storage: 'sealed', tokenKey: '', key: 'ec-p384', years: '10', url: window.location.origin, permitted: '', excluded: '',
  });
  const { error, isBusy, make } = useMake(setStep);
  const part = { draft, error, change: (c: Partial<Draft>) => setDraft((all) => ({ ...all, ...c })) };
  const isNamed = draft.name.trim() !== '' && (draft.subject.CN ?? '').trim() !== '';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (step === 'what') setStep('limits');
    else if (!isBusy) void make(draft);
  };
  const isAtField = error instanceof ApiError && error.problem.errors.length > 0;
  return (
    <Page title="Make a CA" parents={[{ to: '/cas', text: 'Certificate authorities' }]} lead="The built-in CA: its key never leaves where it is made.">
      <PageSection>
        <div className="cd-form">
          <Steps label="Steps" steps={steps} at={step} go={setStep} />
          <Form onSubmit={submit} className="cd-above">
            {step === 'what' ? <What {...part} /> : <Limits {...part} />}
            {error !== null && <Alert isInline variant="danger" title={isAtField ? 'Not made: see the marked fields' : errorText(error)}>{isAtField && errorText(error)}</Alert>}
            <div className="cd-actions">
              {step === 'limits' && <Button variant="secondary" onClick={() => setStep('what')}>Back</Button>}
              <Button type="submit" isLoading={isBusy} isDisabled={isBusy || !isNamed || (step === 'limits' && draft.url.trim() === '')}>
                {step === 'what' ? 'Next' : draft.kind === 'root' ? 'Make the root' : 'Make key and CSR'}
              </Button>
              <Button variant="link" onClick={() => navigate('/cas')}>Cancel</Button>
            </div>
          </Form>
        </div>
      </PageSection>
    </Page>
  );
}
