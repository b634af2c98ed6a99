/* Asking for a certificate by a profile: a CSR, or names and a key that the server makes. What comes of it is a ticket. */
import { Alert, Button, ExpandableSection, Form, Grid, GridItem, Radio } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ApiError, api } from '../../api/client';
import type { Certificate, Priority, Profile, TicketNew } from '../../api/types';
import { Link, navigate, useSearch } from '../../app/router';
import { useMe } from '../../app/session';
import { AreaField, ChoiceField, Field, TextField } from '../../parts/Fields';
import { nothingPasted, PasteField, type Pasted } from '../../parts/Files';
import { isKeyChoice, keyChoices, keyOptions, keys, type KeyChoice } from '../../parts/keys';
import { namesOf } from '../../parts/names';
import { BusinessGroupField, splitWords, usePeople, UserField } from '../../parts/people';
import { CheckResult, errorOfCheck, ProfileFacts, useProfileCheck, type Asked } from '../../parts/profiles';
import { aboutField, errorText, Loaded, Nothing } from '../../parts/States';
import { givenOf, NamesField, SubjectFields, subjectFields, type Subject } from '../../parts/subject';
import { useToasts } from '../../parts/Toasts';
import { labelsOf, priorityOptions } from './dialogs';
import { useProfiles, useProjects } from './Filters';

interface About {
  project: string;
  summary: string;
  description: string;
  assignee: string;
  priority: Priority;
  labels: string;
  due: string;
  name: string;
  businessGroup: string;
  share: string;
}

const nothingAbout: About = { project: '', summary: '', description: '', assignee: '', priority: 'medium', labels: '', due: '', name: '', businessGroup: '', share: '' };

/* As the API wants it. */
export function useAboutBody(about: About): Partial<TicketNew> {
  const groups = usePeople().data?.groups ?? [];
  const names = splitWords(about.share);
  const isGroup = (name: string) => groups.some((g) => g.toLowerCase() === name);
  return {
    project: about.project || undefined, summary: about.summary.trim() || undefined, description: about.description.trim() || undefined,
    assignee: about.assignee.trim() || undefined, priority: about.priority === 'medium' ? undefined : about.priority,
    labels: labelsOf(about.labels).length > 0 ? labelsOf(about.labels) : undefined, due_at: about.due ? `${about.due}T00:00:00Z` : undefined,
    name: about.name.trim() || undefined, business_group: about.businessGroup.trim() || undefined,
    share: names.length > 0 ? { users: names.filter((n) => !isGroup(n)), groups: names.filter(isGroup) } : undefined,
  };
}

interface AboutProps {
  about: About;
  change: (change: Partial<About>) => void;
  error: unknown;
  hasRecord: boolean; /* there is one already: its name and sharing stay as they are */
}

function AboutFields({ about, change, error, hasRecord }: AboutProps) {
  const projects = useProjects();
  return (
    <Grid hasGutter md={6}>
      {projects.length > 1 && (
        <GridItem>
          <ChoiceField label="Project" value={about.project} onChange={(project) => change({ project })} error={aboutField(error, 'project')} options={[['', 'Certificate Management'], ...projects.map((p): [string, string] => [p.key, `${p.name} (${p.key})`])]} />
        </GridItem>
      )}
      <GridItem><TextField label="Summary" value={about.summary} onChange={(summary) => change({ summary })} maxLength={250} error={aboutField(error, 'summary')} help="What the ticket is called until the certificate is enrolled" /></GridItem>
      <GridItem><UserField label="Assignee" value={about.assignee} onChange={(assignee) => change({ assignee })} error={aboutField(error, 'assignee')} help="Who looks after it" /></GridItem>
      <GridItem><ChoiceField label="Priority" value={about.priority} onChange={(priority) => change({ priority })} options={priorityOptions} error={aboutField(error, 'priority')} /></GridItem>
      <GridItem><TextField label="Due" type="date" value={about.due} onChange={(due) => change({ due })} error={aboutField(error, 'due_at')} /></GridItem>
      <GridItem><TextField label="Labels" value={about.labels} onChange={(labels) => change({ labels })} help="Separated by blanks" error={aboutField(error, 'labels')} /></GridItem>
      {!hasRecord && (
        <>
          <GridItem><TextField label="Certificate name" value={about.name} onChange={(name) => change({ name })} maxLength={200} error={aboutField(error, 'name')} help="In the inventory; the first name where left empty" /></GridItem>
          <GridItem><BusinessGroupField label="Business group" value={about.businessGroup} onChange={(businessGroup) => change({ businessGroup })} error={aboutField(error, 'business_group')} /></GridItem>
          <GridItem><TextField label="Share with" value={about.share} onChange={(share) => change({ share })} error={aboutField(error, 'share')} help="Users or groups, separated by commas" /></GridItem>
        </>
      )}
      <GridItem span={12} md={12}><AreaField label="Description" value={about.description} onChange={(description) => change({ description })} rows={3} maxLength={32000} error={aboutField(error, 'description')} /></GridItem>
    </Grid>
  );
}

type MadeBy = 'requester' | 'server';

interface Wanted {
  madeBy: MadeBy;
  csr: Pasted;
  names: string;
  subject: Subject;
  key: KeyChoice;
}

/* What of the subject the profile leaves to whoever asks. */
function subjectLeft(p: Profile): string[] {
  const { required, allowed, fixed } = p.names.subject;
  const named = ['CN', ...required, ...(allowed ?? subjectFields.map(([field]) => field))];
  return subjectFields.map(([field]) => field).filter((f) => named.includes(f) && !(f in fixed));
}

function keysOf(p: Profile): KeyChoice[] {
  const known = p.key.algorithms.filter(isKeyChoice);
  return known.length > 0 ? known : keyChoices;
}

function askedOf(p: Profile, w: Wanted): Asked | null {
  if (madeByOf(p, w) === 'requester') return w.csr.text.trim() ? { csr: w.csr.text } : null;
  const sans = namesOf(w.names);
  const key = keysOf(p).includes(w.key) ? w.key : keysOf(p)[0] ?? 'ec-p256';
  const common = (w.subject.CN ?? '').trim() || (sans.find((n) => n.type === 'dns')?.value ?? '');
  const subject = givenOf({ ...w.subject, CN: common });
  return sans.length > 0 || Object.keys(subject).length > 0 ? { sans, subject, key: keys[key][1] } : null;
}

const madeByOf = (p: Profile, w: Wanted): MadeBy => (p.key.made_by === 'either' ? w.madeBy : p.key.made_by);

interface WantedProps {
  profile: Profile;
  wanted: Wanted;
  change: (change: Partial<Wanted>) => void;
  error: unknown;
}

function WantedFields({ profile: p, wanted: w, change, error }: WantedProps) {
  const choices = keysOf(p);
  const left = subjectLeft(p);
  const fixed = Object.entries(p.names.subject.fixed);
  return (
    <>
      {p.key.made_by === 'either' && (
        <Field label="Key">
          {(id) => (
            <div role="radiogroup" aria-label="Key" className="cd-choices">
              <Radio id={`${id}-csr`} name={id} label="I have a CSR" description="The private key stays where you made it" isChecked={w.madeBy === 'requester'} onChange={() => change({ madeBy: 'requester' })} />
              <Radio id={`${id}-server`} name={id} label="certdesk makes the key" description="It is sealed in the vault, and goes to resources only" isChecked={w.madeBy === 'server'} onChange={() => change({ madeBy: 'server' })} />
            </div>
          )}
        </Field>
      )}
      {madeByOf(p, w) === 'requester' ? (
        <PasteField
          label="Certificate CSR text" value={w.csr} onChange={(csr) => change({ csr })} isRequired rows={8} placeholder="-----BEGIN CERTIFICATE REQUEST-----"
          accept=".csr,.pem,.req,text/plain" error={w.csr.file ? 'this file is no PEM text' : aboutField(error, 'csr', 'sans', 'subject', 'key')}
        />
      ) : (
        <>
          <NamesField text={w.names} change={(names) => change({ names })} error={aboutField(error, 'sans')} />
          <ChoiceField label="Kind of key" value={choices.includes(w.key) ? w.key : choices[0] ?? 'ec-p256'} onChange={(key) => change({ key })} error={aboutField(error, 'key')} options={keyOptions(choices)} />
          {left.length > 0 && <Grid hasGutter md={6}><SubjectFields fields={left} required={p.names.subject.required} subject={w.subject} change={(subject) => change({ subject })} error={error} /></Grid>}
          {fixed.length > 0 && <p className="cd-quiet">The profile adds {fixed.map(([k, v]) => `${k}=${v}`).join(', ')}.</p>}
        </>
      )}
    </>
  );
}

const ownFields = ['csr', 'sans', 'subject', 'key', 'profile', 'project', 'summary', 'description', 'assignee', 'priority', 'labels', 'due_at', 'name', 'business_group', 'share'];
const isAtField = (error: unknown): boolean => error instanceof ApiError && error.problem.errors.length > 0
  && error.problem.errors.every((e) => ownFields.some((f) => e.field === f || e.field.startsWith(`${f}.`) || e.field.startsWith(`${f}[`)));

interface RequestFormProps {
  certificate?: number; /* the record that it is for; a new one is made where there is none */
  leave: () => void;
}

function useSubmit(certificate: number | undefined) {
  const client = useQueryClient();
  const toasts = useToasts();
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (body: TicketNew) => {
    setBusy(true);
    setError(null);
    try {
      const { type, ...enrolment } = body;
      const ticket = certificate ? await api.post('/certificates/{id}/enroll', enrolment, { path: { id: certificate } }) : await api.post('/tickets', { type, ...enrolment });
      for (const key of ['tickets', 'certificates', 'certificate', 'dashboard']) void client.invalidateQueries({ queryKey: [key] });
      toasts.done(ticket.message ?? `${ticket.key}- ${ticket.summary} has been created`);
      navigate(`/tickets/${ticket.key}`);
    } catch (e) {
      setError(e);
      setBusy(false);
    }
  };
  return { error, isBusy, submit };
}

/* What a record that has a certificate is likely to want: the same names, and a key where the present one is. */
function wantedOf(record: Certificate | undefined): Wanted {
  const isServed = record !== undefined && (record.has_private_key || record.resources.length > 0);
  return { madeBy: isServed ? 'server' : 'requester', csr: nothingPasted, names: (record?.current?.sans ?? []).join('\n'), subject: {}, key: 'ec-p256' };
}

function Filled({ profiles, record, certificate, leave }: RequestFormProps & { profiles: Profile[]; record?: Certificate }) {
  const [search] = useSearch();
  const asked = search.get('profile');
  const [name, setName] = useState(profiles.find((p) => p.name === asked)?.name ?? (profiles.length === 1 ? profiles[0]?.name ?? '' : ''));
  const [wanted, setWanted] = useState(() => wantedOf(record));
  const [about, setAbout] = useState(nothingAbout);
  const aboutBody = useAboutBody(about);
  const { error, isBusy, submit } = useSubmit(certificate);
  const profile = profiles.find((p) => p.name === name);
  const wants = profile ? askedOf(profile, wanted) : null;
  const check = useProfileCheck(name, wants);
  const shown = error ?? errorOfCheck(check.data);

  const run = (event: FormEvent) => {
    event.preventDefault();
    if (profile && wants && !isBusy) void submit({ type: 'certificate', profile: profile.name, ...wants, ...aboutBody });
  };
  return (
    <Form onSubmit={run}>
      <ChoiceField
        label="Certificate profile" value={name} onChange={setName} isRequired error={aboutField(error, 'profile')}
        options={[['', 'Choose a profile'], ...profiles.map((p): [string, string] => [p.name, p.description ? `${p.name}: ${p.description.slice(0, 80)}` : p.name])]}
      />
      {profile && <ProfileFacts profile={profile} />}
      {profile && <WantedFields profile={profile} wanted={wanted} change={(c) => setWanted({ ...wanted, ...c })} error={shown} />}
      <div aria-live="polite"><CheckResult check={check} /></div>
      {profile && (
        <ExpandableSection toggleText="About the ticket and the certificate">
          <AboutFields about={about} change={(c) => setAbout({ ...about, ...c })} error={error} hasRecord={certificate !== undefined} />
        </ExpandableSection>
      )}
      {error !== null && !isAtField(error) && <Alert isInline variant="danger" title={errorText(error)} />}
      <div className="cd-actions">
        <Button type="submit" isLoading={isBusy} isDisabled={isBusy || !wants}>{certificate === undefined ? 'Create ticket' : 'Enroll certificate'}</Button>
        <Button variant="link" onClick={leave}>Cancel</Button>
      </div>
    </Form>
  );
}

function ForRecord({ profiles, certificate, leave }: RequestFormProps & { profiles: Profile[]; certificate: number }) {
  const query = useQuery({ queryKey: ['certificate', certificate], queryFn: ({ signal }) => api.get('/certificates/{id}', { path: { id: certificate }, signal }) });
  return <Loaded query={query} lines={4}>{(record) => <Filled profiles={profiles} record={record} certificate={certificate} leave={leave} />}</Loaded>;
}

export function RequestForm({ certificate, leave }: RequestFormProps) {
  const isAdmin = useMe().role === 'admin';
  const query = useProfiles();
  return (
    <Loaded query={query} lines={4}>
      {({ items }) => {
        const usable = items.filter((p) => !p.disabled);
        if (usable.length > 0 && certificate !== undefined) return <ForRecord profiles={usable} certificate={certificate} leave={leave} />;
        if (usable.length > 0) return <Filled profiles={usable} leave={leave} />;
        return (
          <Nothing title="No profile yet" action={isAdmin && <Link className="pf-v6-c-button pf-m-primary" to="/profiles/new">Add a profile</Link>}>
            A profile says which CA issues what, and to whom. {isAdmin ? 'Make one first; it needs a CA.' : 'There is none that you may use: an admin makes them.'}
          </Nothing>
        );
      }}
    </Loaded>
  );
}
