/* The parts of a profile's form. */
import { Checkbox, Grid, GridItem } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useId, type ReactNode } from 'react';
import { api } from '../../api/client';
import type { ProfileKeyAlgorithm } from '../../api/types';
import { Link } from '../../app/router';
import { AreaField, ChoiceField, Field, TextField } from '../../parts/Fields';
import { usePeople } from '../../parts/people';
import { aboutField } from '../../parts/States';
import { subjectFields } from '../../parts/subject';
import { keyAlgorithms, keyAlgorithmWords, keyMadeByWords, renewalKeyWords, usageWords } from '../../parts/words';
import type { Draft, NameRule, SubjectRule } from './draft';

export interface SectionProps {
  draft: Draft;
  change: (change: Partial<Draft>) => void;
  error: unknown;
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="cd-fields">
      <h2 id={id} className="pf-v6-c-title pf-m-lg cd-editor-title">{title}</h2>
      {children}
    </section>
  );
}

const options = <T extends string>(words: Record<T, string>): [T, string][] => Object.entries(words) as [T, string][];

export function GeneralSection({ draft: d, change, error }: SectionProps) {
  const cas = useQuery({ queryKey: ['cas'], queryFn: ({ signal }) => api.get('/cas', { signal }), staleTime: 30000 });
  const found = cas.data?.items ?? [];
  const known = d.ca && !found.some((c) => c.name === d.ca) ? [d.ca] : [];
  const help = cas.data && found.length === 0 ? <>There is none yet: <Link to="/cas/new">make one first</Link>.</> : undefined;
  return (
    <Section title="What it is">
      <Grid hasGutter md={6}>
        <GridItem><TextField label="Name" value={d.name} onChange={(name) => change({ name })} isRequired maxLength={100} error={aboutField(error, 'name')} help="As people choose it: Internal web servers" /></GridItem>
        <GridItem>
          <ChoiceField
            label="CA" value={d.ca} onChange={(ca) => change({ ca })} isRequired error={aboutField(error, 'ca')} help={help}
            options={[['', 'Choose a CA'], ...known.map((n): [string, string] => [n, n]), ...found.map((c): [string, string] => [c.name, c.state === 'active' ? c.name : `${c.name} (not active)`])]}
          />
        </GridItem>
        <GridItem span={12} md={12}><TextField label="Description" value={d.description} onChange={(description) => change({ description })} maxLength={1000} error={aboutField(error, 'description')} /></GridItem>
      </Grid>
      <Checkbox id="cd-disabled" label="Disabled" description="Nothing is issued or renewed by it; what it has issued stays" isChecked={d.disabled} onChange={(_, disabled) => change({ disabled })} />
    </Section>
  );
}

export function KeySection({ draft: d, change, error }: SectionProps) {
  const toggle = (name: ProfileKeyAlgorithm, on: boolean) => change({ algorithms: on ? [...d.algorithms, name] : d.algorithms.filter((a) => a !== name) });
  return (
    <Section title="Keys">
      <Field label="Allowed keys" error={aboutField(error, 'key.algorithms')} isRequired>
        {(id) => (
          <div className="cd-switches" role="group" aria-label="Allowed keys">
            {keyAlgorithms.map((a) => <Checkbox key={a} id={`${id}-${a}`} label={keyAlgorithmWords(a)} isChecked={d.algorithms.includes(a)} onChange={(_, on) => toggle(a, on)} />)}
          </div>
        )}
      </Field>
      <ChoiceField label="Who makes the key" value={d.madeBy} onChange={(madeBy) => change({ madeBy })} options={options(keyMadeByWords)} error={aboutField(error, 'key.made_by')} />
    </Section>
  );
}

const nameRules: Record<NameRule, string> = { no: 'Not allowed', any: 'Any', some: 'Only these' };
const subjectRules: Record<SubjectRule, string> = { no: 'Not allowed', allowed: 'Allowed', required: 'Required', fixed: 'Always this' };

function SubjectRules({ draft: d, change, error }: SectionProps) {
  const set = (field: string, part: Partial<{ rule: SubjectRule; value: string }>) => {
    const now = d.subject[field] ?? { rule: 'no', value: '' };
    change({ subject: { ...d.subject, [field]: { ...now, ...part } } });
  };
  return (
    <Grid hasGutter sm={6} lg={4}>
      {subjectFields.filter(([f]) => f !== 'CN').map(([field, label, length]) => {
        const { rule, value } = d.subject[field] ?? { rule: 'no' as const, value: '' };
        return (
          <GridItem key={field}>
            <ChoiceField label={label} value={rule} onChange={(r) => set(field, { rule: r })} options={options(subjectRules)} />
            {rule === 'fixed' && (
              <TextField label={`${label}, always`} value={value} maxLength={length} onChange={(v) => set(field, { value: v })} isRequired error={aboutField(error, `names.subject.fixed.${field}`)} />
            )}
          </GridItem>
        );
      })}
    </Grid>
  );
}

export function NameSection(props: SectionProps) {
  const { draft: d, change, error } = props;
  const subjectError = aboutField(error, 'names.subject');
  return (
    <Section title="Names">
      <AreaField
        label="Domains" value={d.domains} onChange={(domains) => change({ domains })} rows={4} isCode maxLength={100000} error={aboutField(error, 'names.domains')}
        placeholder={'example.org\n*.example.org'} help={<>One a line: <code>example.org</code> is that name alone, <code>*.example.org</code> whatever is below it, <code>*</code> any name</>}
      />
      <div className="cd-switches">
        <Checkbox id="cd-wildcards" label="Wildcard certificates" isChecked={d.wildcards} onChange={(_, wildcards) => change({ wildcards })} />
        <Checkbox id="cd-uri" label="URIs" isChecked={d.uri} onChange={(_, uri) => change({ uri })} />
      </div>
      <Grid hasGutter md={6}>
        <GridItem>
          <ChoiceField label="IP addresses" value={d.ip} onChange={(ip) => change({ ip })} options={options(nameRules)} error={d.ip === 'some' ? undefined : aboutField(error, 'names.ip')} />
          {d.ip === 'some' && <AreaField label="Networks" value={d.networks} onChange={(networks) => change({ networks })} rows={2} isCode placeholder="10.0.0.0/8" isRequired error={aboutField(error, 'names.ip')} />}
        </GridItem>
        <GridItem>
          <ChoiceField label="E-mail addresses" value={d.email} onChange={(email) => change({ email })} options={options(nameRules)} error={d.email === 'some' ? undefined : aboutField(error, 'names.email')} />
          {d.email === 'some' && <AreaField label="E-mail domains" value={d.emailDomains} onChange={(emailDomains) => change({ emailDomains })} rows={2} isCode placeholder="example.org" isRequired error={aboutField(error, 'names.email')} />}
        </GridItem>
        <GridItem><TextField label="Names at most" type="number" min={1} value={d.maxNames} onChange={(maxNames) => change({ maxNames })} error={aboutField(error, 'names.max_names')} /></GridItem>
      </Grid>
      <SubjectRules {...props} />
      <Checkbox id="cd-subject-open" label="Any other field of the subject is allowed" isChecked={d.subjectIsOpen} onChange={(_, subjectIsOpen) => change({ subjectIsOpen })} />
      {subjectError && <p className="cd-bad" role="alert">{subjectError}</p>}
    </Section>
  );
}

export function LifeSection({ draft: d, change, error }: SectionProps) {
  return (
    <Section title="Use and renewal">
      <Grid hasGutter md={6}>
        <GridItem><ChoiceField label="For" value={d.usage} onChange={(usage) => change({ usage })} options={options(usageWords)} error={aboutField(error, 'usage')} /></GridItem>
        <GridItem><TextField label="Lifetime in days" type="number" min={1} value={d.lifetime} onChange={(lifetime) => change({ lifetime })} isRequired error={aboutField(error, 'lifetime_days')} /></GridItem>
        <GridItem>
          <ChoiceField label="Expiry window by" value={d.windowBy} onChange={(windowBy) => change({ windowBy })} options={[['percent', 'Part of the lifetime that is left'], ['days', 'Days before the end']]} />
        </GridItem>
        <GridItem>
          <TextField
            label={d.windowBy === 'days' ? 'Window in days' : 'Window in percent'} type="number" min={1} max={d.windowBy === 'percent' ? 66 : undefined} value={d.window} onChange={(window) => change({ window })} isRequired error={aboutField(error, 'window')}
            help="Before it, renewal is refused; from then on it may be renewed"
          />
        </GridItem>
        <GridItem><ChoiceField label="Key at renewal" value={d.renewalKey} onChange={(renewalKey) => change({ renewalKey })} options={options(renewalKeyWords)} error={aboutField(error, 'renewal_key')} /></GridItem>
        <GridItem><TextField label="Renew in rounds, every … minutes" type="number" min={1} value={d.scan} onChange={(scan) => change({ scan })} error={aboutField(error, 'scan_minutes')} help="Left empty: each certificate at an instant of its own." /></GridItem>
      </Grid>
      <Checkbox id="cd-renews" label="Renews by itself" description="Within the window, with nobody asked" isChecked={d.renewsItself} onChange={(_, renewsItself) => change({ renewsItself })} />
    </Section>
  );
}

export function PeopleSection({ draft: d, change, error }: SectionProps) {
  const listId = useId();
  const people = usePeople().data;
  const known = (wanted: string, among: string[] | undefined) => wanted.split(',').map((n) => n.trim()).filter((n) => n && among && !among.some((a) => a.toLowerCase() === n.toLowerCase()));
  const strangers = [...known(d.users, people?.users.map((u) => u.name)), ...known(d.groups, people?.groups)];
  return (
    <Section title="Who may use it">
      <Grid hasGutter md={6}>
        <GridItem span={12} md={12}>
          <ChoiceField
            label="Used by" value={d.isForAll ? 'all' : 'some'} onChange={(by) => change({ isForAll: by === 'all' })} error={d.isForAll ? aboutField(error, 'users') : undefined}
            options={[['all', 'Everybody'], ['some', 'Only these, and admins']]}
          />
        </GridItem>
        {!d.isForAll && (
          <>
            <GridItem><TextField label="Users" value={d.users} onChange={(users) => change({ users })} error={aboutField(error, 'users.users')} help="Separated by commas" /></GridItem>
            <GridItem><TextField label="Groups" value={d.groups} onChange={(groups) => change({ groups })} error={aboutField(error, 'users.groups')} help={strangers.length > 0 ? `Not known here: ${strangers.join(', ')}` : 'Separated by commas'} /></GridItem>
          </>
        )}
        <GridItem><TextField label="Approvals needed" type="number" min={0} max={20} value={d.approvals} onChange={(approvals) => change({ approvals })} error={aboutField(error, 'approvals.needed')} help="Before an enrolment; 0 is none" /></GridItem>
        {Number(d.approvals) > 0 && (
          <GridItem>
            <TextField label="Of the group" value={d.approvers} onChange={(approvers) => change({ approvers })} list={listId} autoComplete="off" isRequired error={aboutField(error, 'approvals.group')} />
            <datalist id={listId}>{people?.groups.map((g) => <option key={g} value={g} />)}</datalist>
          </GridItem>
        )}
      </Grid>
    </Section>
  );
}
