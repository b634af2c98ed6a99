/* What one is asked when changing a ticket. */
import { Checkbox, Content } from '@patternfly/react-core';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Priority, TicketInFull as Ticket } from '../../api/types';
import { priorities } from '../../api/types';
import { useMe } from '../../app/session';
import { Dialog } from '../../parts/Dialog';
import { dateInput } from '../../parts/dates';
import { AreaField, ChoiceField, TextField } from '../../parts/Fields';
import { nothingPasted, PasteField, type Pasted } from '../../parts/Files';
import { UserField } from '../../parts/people';
import { RevocationFields, useRevocation } from '../../parts/revocation';
import { aboutField } from '../../parts/States';
import { useToasts } from '../../parts/Toasts';
import { priorityWords } from '../../parts/words';

interface TicketDialogProps {
  ticket: Ticket;
  close: () => void;
  changed: (ticket?: Ticket) => void;
}

export const priorityOptions = [...priorities].reverse().map((p): [Priority, string] => [p, priorityWords[p]]);

/* "a, b c" as ["a", "b", "c"]. */
export const labelsOf = (text: string): string[] => [...new Set(text.split(/[\s,]+/).filter(Boolean))];

export function EditTicketDialog({ ticket, close, changed }: TicketDialogProps) {
  const [summary, setSummary] = useState(ticket.summary);
  const [description, setDescription] = useState(ticket.description);
  const [assignee, setAssignee] = useState(ticket.assignee ?? '');
  const [priority, setPriority] = useState<Priority>(ticket.priority);
  const [labels, setLabels] = useState(ticket.labels.join(' '));
  const dueBefore = ticket.due_at?.slice(0, 10) ?? '';
  const [due, setDue] = useState(dueBefore);
  const [error, setError] = useState<unknown>(null);
  const run = async () => {
    try {
      await api.patch('/tickets/{key}', {
        summary: summary.trim(), description, assignee: assignee.trim() || null, priority, labels: labelsOf(labels),
        ...(due === dueBefore ? {} : { due_at: due ? `${due}T00:00:00Z` : null }),
      }, { path: { key: ticket.key }, etag: ticket.etag });
    } catch (e) {
      setError(e);
      throw e;
    }
    changed();
  };
  return (
    <Dialog title={`Edit ${ticket.key}`} action="Save" run={run} close={close} size="medium" isDisabled={summary.trim() === ''}>
      <TextField label="Summary" value={summary} onChange={setSummary} isRequired maxLength={250} error={aboutField(error, 'summary')} />
      <AreaField label="Description" value={description} onChange={setDescription} rows={4} maxLength={32000} error={aboutField(error, 'description')} />
      <UserField label="Assignee" value={assignee} onChange={setAssignee} error={aboutField(error, 'assignee')} />
      <ChoiceField label="Priority" value={priority} onChange={setPriority} options={priorityOptions} />
      <TextField label="Labels" value={labels} onChange={setLabels} help="Separated by blanks" error={aboutField(error, 'labels')} />
      <TextField label="Due" type="date" value={due} onChange={setDue} help="May be left empty" error={aboutField(error, 'due_at')} />
    </Dialog>
  );
}

export function SnoozeDialog({ ticket, close, changed }: TicketDialogProps) {
  const [until, setUntil] = useState(dateInput(new Date(Date.now() + 7 * 86400000)));
  const run = async () => {
    await api.patch('/tickets/{key}', { snoozed_until: `${until}T00:00:00Z` }, { path: { key: ticket.key } });
    changed();
  };
  return (
    <Dialog title={`Snooze ${ticket.key}`} action="Snooze" run={run} close={close} isDisabled={until === ''}>
      <TextField
        label="Until" type="date" value={until} onChange={setUntil} isRequired
        help="It stays open and visible, but nobody is reminded before that day."
      />
    </Dialog>
  );
}

interface TransitionDialogProps extends TicketDialogProps {
  transition: { transition: string; name: string };
}

const transitionMeanings: Record<string, string> = {
  enroll: 'The certificate is ordered from its CA, by the rules of its profile, and attached here when it is there.',
  renew: 'A new certificate takes the place of this one. The one before stays in the history, and is not revoked.',
  cancel: 'Nothing is ordered. The record that was made for it goes, too, unless something else hangs on it.',
};

export function TransitionDialog({ ticket, transition: tr, close, changed }: TransitionDialogProps) {
  const toasts = useToasts();
  const [comment, setComment] = useState('');
  const [csr, setCsr] = useState<Pasted>(nothingPasted);
  const [isForced, setForced] = useState(false);
  const revocation = useRevocation();
  const isAdmin = useMe().role === 'admin';
  const isRevoke = tr.transition === 'revoke';
  const isRenew = tr.transition === 'renew';
  const run = async () => {
    try {
      const answer = await api.post('/tickets/{key}/transitions', {
        transition: tr.transition,
        comment: (isRevoke ? revocation.body.comment : comment.trim()) || undefined,
        ...(isRevoke ? { reason: revocation.body.reason } : {}), ...(isForced ? { force: true } : {}), csr: (isRenew && csr.text.trim()) || undefined,
      }, { path: { key: ticket.key }, etag: ticket.etag });
      if (answer.message) toasts.done(answer.message);
      changed(answer);
    } catch (e) {
      changed(); /* perhaps it is not as it was shown any more */
      throw e;
    }
  };
  const isDangerous = isRevoke || tr.transition === 'cancel';
  return (
    <Dialog title={`${tr.name}: ${ticket.key}`} action={tr.name} isDangerous={isDangerous} run={run} close={close} size={isRenew ? 'medium' : 'small'} hidesError={(error) => aboutField(error, 'csr') !== undefined}>
      {(error) => (
        <>
          {transitionMeanings[tr.transition] && <Content component="p">{transitionMeanings[tr.transition]}</Content>}
          {isRevoke ? <RevocationFields revocation={revocation} error={error} /> : (
            <AreaField label="Comment" value={comment} onChange={setComment} rows={3} maxLength={32000} help="May be left empty" error={aboutField(error, 'comment')} />
          )}
          {isRenew && (
            <PasteField
              label="New CSR" value={csr} onChange={setCsr} rows={4} placeholder="-----BEGIN CERTIFICATE REQUEST-----" accept=".csr,.pem,.req,text/plain" error={aboutField(error, 'csr')}
              help="Left empty: the key is as the profile says"
            />
          )}
          {isRenew && isAdmin && (
            <Checkbox
              id="cd-force" label="Also outside of the profile's expiry window" isChecked={isForced} onChange={(_, on) => setForced(on)}
              description="Else it is refused while the window is not open"
            />
          )}
        </>
      )}
    </Dialog>
  );
}
