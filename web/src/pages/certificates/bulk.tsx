/* What can be done with many certificates at once: asking, then watching it happen. */
import { Alert, AlertActionCloseButton, AlertActionLink, Button, Checkbox, Content } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useState, type ReactNode } from 'react';
import { api } from '../../api/client';
import type { ActionResult, BulkAction, Certificate, CertificateFilter, Job } from '../../api/types';
import { Link } from '../../app/router';
import { Dialog } from '../../parts/Dialog';
import { ChoiceField, TextField } from '../../parts/Fields';
import { JobProgress, useJob } from '../../parts/jobs';
import { BusinessGroupField, splitWords, usePeople, UserField } from '../../parts/people';
import { useToasts } from '../../parts/Toasts';
import { count } from '../../parts/words';
import { undoOf } from './undo';

export type Target = { ids: number[] } | { filter: CertificateFilter };
export type Ask = 'assign' | 'share' | 'tag' | 'business_group' | 'delete';

interface BulkDialogProps {
  ask: Ask;
  target: Target;
  n: number;
  isAll: boolean;
  rows: Certificate[]; /* those on the page, as they are before */
  close: () => void;
  started: (started: Started) => void;
}

export interface Started {
  job: number;
  what: string;
  isDeleting: boolean; /* what is done has no page any more */
  undo: Undo; /* empty: it cannot be undone */
}

type Undo = ReturnType<typeof undoOf>;
type Body = Omit<Parameters<typeof api.post<'/certificates/actions'>>[1], 'ids' | 'filter'>;

interface FrameProps extends BulkDialogProps {
  title: string;
  action: string;
  body: Body;
  isReady: boolean;
  isDangerous?: boolean;
  children: ReactNode;
}

function Frame({ title, action, body, isReady, isDangerous, target, rows, close, started, children }: FrameProps) {
  const run = async () => {
    const answer = await api.post('/certificates/actions', { ...target, ...body });
    if (answer.job === null) return;
    const known = 'ids' in target ? rows.filter((c) => target.ids.includes(c.id)) : [];
    const isKnown = 'ids' in target && known.length === target.ids.length;
    started({ job: answer.job, what: title, isDeleting: body.action === 'delete', undo: isKnown ? undoOf(body, known) : [] });
  };
  return <Dialog title={title} action={action} run={run} close={close} isDisabled={!isReady} isDangerous={isDangerous}>{children}</Dialog>;
}

const several = (n: number) => count(n, 'certificate');

function Assign(props: BulkDialogProps) {
  const [what, setWhat] = useState<'assign' | 'set_owner'>('assign');
  const [user, setUser] = useState('');
  return (
    <Frame {...props} title={`Assign ${several(props.n)}`} action="Assign" body={{ action: what, user: user.trim() || null }} isReady={what === 'assign' || user.trim() !== ''}>
      <ChoiceField label="As" value={what} onChange={setWhat} options={[['assign', 'Assignee: gets the tickets'], ['set_owner', 'Owner: full control']]} />
      <UserField label="User" value={user} onChange={setUser} isRequired={what === 'set_owner'} help={what === 'assign' ? 'Left empty: nobody; the owner gets the tickets' : undefined} />
    </Frame>
  );
}

function Share(props: BulkDialogProps) {
  const groups = usePeople().data?.groups ?? [];
  const [what, setWhat] = useState<'share' | 'unshare'>('share');
  const [text, setText] = useState('');
  const [useKey, setUseKey] = useState(false);
  const names = splitWords(text);
  const isGroup = (name: string) => groups.some((g) => g.toLowerCase() === name);
  const body: Body = {
    action: what, users: names.filter((n) => !isGroup(n)), groups: groups.filter((g) => names.includes(g.toLowerCase())), ...(what === 'share' && { use_key: useKey }),
  };
  return (
    <Frame {...props} title={`${what === 'share' ? 'Share' : 'Stop sharing'} ${several(props.n)}`} action={what === 'share' ? 'Share' : 'Stop sharing'} body={body} isReady={names.length > 0}>
      <ChoiceField label="What" value={what} onChange={setWhat} options={[['share', 'Share with'], ['unshare', 'Stop sharing with']]} />
      <TextField label="Users or groups" value={text} onChange={setText} isRequired help="Separated by commas" />
      {what === 'share' && <Checkbox id="cd-bulk-key" label="They may use the key" isChecked={useKey} onChange={(_, v) => setUseKey(v)} />}
    </Frame>
  );
}

function Tag(props: BulkDialogProps) {
  const [what, setWhat] = useState<'tag' | 'untag'>('tag');
  const [text, setText] = useState('');
  const tags = splitWords(text);
  return (
    <Frame {...props} title={`${what === 'tag' ? 'Tag' : 'Take tags off'} ${several(props.n)}`} action={what === 'tag' ? 'Add tags' : 'Remove tags'} body={{ action: what, tags }} isReady={tags.length > 0}>
      <ChoiceField label="What" value={what} onChange={setWhat} options={[['tag', 'Add these tags'], ['untag', 'Remove these tags']]} />
      <TextField label="Tags" value={text} onChange={setText} isRequired help="Separated by commas" />
    </Frame>
  );
}

function BusinessGroup(props: BulkDialogProps) {
  const [group, setGroup] = useState('');
  return (
    <Frame {...props} title={`Business group of ${several(props.n)}`} action="Set" body={{ action: 'set_business_group', business_group: group.trim() || null }} isReady>
      <BusinessGroupField label="Business group" value={group} onChange={setGroup} help="Left empty: none" />
    </Frame>
  );
}

function Delete(props: BulkDialogProps) {
  const [isSure, setSure] = useState(false);
  return (
    <Frame {...props} title={`Delete ${several(props.n)}`} action="Delete" isDangerous body={{ action: 'delete' }} isReady={isSure}>
      <Content component="p">
        They are no longer watched, and their versions, keys and endpoints go. Those that belong on a resource, or that you
        may not delete, stay and are listed.
      </Content>
      <Checkbox
        id="cd-bulk-sure" label={props.isAll ? `Delete all ${props.n.toLocaleString('en')} that match` : `Delete the ${props.n.toLocaleString('en')} that are selected`}
        isChecked={isSure} onChange={(_, v) => setSure(v)}
      />
    </Frame>
  );
}

export function BulkDialog(props: BulkDialogProps) {
  if (props.ask === 'assign') return <Assign {...props} />;
  if (props.ask === 'share') return <Share {...props} />;
  if (props.ask === 'tag') return <Tag {...props} />;
  if (props.ask === 'business_group') return <BusinessGroup {...props} />;
  return <Delete {...props} />;
}

function resultOf(job: Job | undefined): ActionResult | null {
  const result = job?.state === 'done' ? job.result as ActionResult | null : null;
  return result && Array.isArray(result.items) ? result : null;
}

const outcomes = { done: 'Done', skipped: 'Left alone', failed: 'Failed' };

function Items({ items, isDeleting }: { items: ActionResult['items']; isDeleting: boolean }) {
  const isGone = (i: ActionResult['items'][number]) => isDeleting && i.outcome === 'done';
  const [isLong, setLong] = useState(false);
  const shown = isLong ? items : items.slice(0, 8);
  return (
    <div className="cd-found">
      <Table variant="compact" aria-label="Result for each certificate">
        <Thead><Tr><Th>Certificate</Th><Th>Result</Th><Th>Why</Th></Tr></Thead>
        <Tbody>
          {shown.map((i) => (
            <Tr key={i.certificate.id}>
              <Td dataLabel="Certificate">{isGone(i) ? i.certificate.name : <Link to={`/certificates/${i.certificate.id}`}>{i.certificate.name}</Link>}</Td>
              <Td dataLabel="Result">{outcomes[i.outcome]}</Td>
              <Td dataLabel="Why"><span className="cd-break">{i.reason || '–'}</span></Td>
            </Tr>
          ))}
        </Tbody>
      </Table>
      {items.length > shown.length && <Button variant="link" isInline onClick={() => setLong(true)}>{count(items.length - shown.length, 'more row')}</Button>}
    </div>
  );
}

interface ResultsProps {
  started: Started;
  undone: (started: Started) => void;
  close: () => void;
}

/* One request after the other; the last one's job is the one that is watched. */
function UndoButton({ started: { what, undo }, undone }: Omit<ResultsProps, 'close'>) {
  const toasts = useToasts();
  const [isBusy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    try {
      let job = 0;
      for (const request of undo) job = (await api.post('/certificates/actions', request)).job ?? job;
      undone({ job, what: `Undo “${what}”`, isDeleting: false, undo: [] });
    } catch (error) {
      toasts.failed('Could not undo', error);
      setBusy(false);
    }
  };
  return <AlertActionLink onClick={() => void run()} isDisabled={isBusy}>Undo</AlertActionLink>;
}

export function ActionResults({ started, undone, close }: ResultsProps) {
  const { job: jobId, what } = started;
  const [isLong, setLong] = useState(false);
  const job = useJob(jobId).data;
  const result = resultOf(job);
  const closeButton = <AlertActionCloseButton onClose={close} />;
  if (job?.state === 'failed') return <Alert isInline className="cd-below" variant="danger" title={`${what}: failed`} actionClose={closeButton}>{job.error}</Alert>;
  if (job?.state !== 'done') return <div className="cd-progress"><JobProgress job={job} title={what} /></div>;
  if (!result) return <Alert isInline className="cd-below" variant="success" title={`${what}: done`} actionClose={closeButton} />;
  const parts = [`${result.done.toLocaleString('en')} done`, result.skipped > 0 && `${result.skipped.toLocaleString('en')} left alone`, result.failed > 0 && `${result.failed.toLocaleString('en')} failed`];
  const notDone = result.items.filter((i) => i.outcome !== 'done');
  const links = (
    <>
      {started.undo.length > 0 && <UndoButton started={started} undone={undone} />}
      {notDone.length === 0 && result.items.length > 0 && <AlertActionLink onClick={() => setLong(!isLong)}>{isLong ? 'Hide' : 'Show'} what came of each</AlertActionLink>}
    </>
  );
  return (
    <Alert isInline className="cd-below" variant={notDone.length > 0 ? 'warning' : 'success'} title={`${what}: ${parts.filter(Boolean).join(', ')}`} actionClose={closeButton} actionLinks={links}>
      {(isLong || notDone.length > 0) && <Items isDeleting={started.isDeleting} items={[...notDone, ...result.items.filter((i) => i.outcome === 'done')]} />}
    </Alert>
  );
}

export type { BulkAction };
