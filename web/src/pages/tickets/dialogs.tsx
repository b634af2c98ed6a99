/* What one is asked when changing a ticket. */
import { useState } from 'react';
import { api } from '../../api/client';
import type { Priority, Ticket } from '../../api/types';
import { priorities } from '../../api/types';
import { Dialog } from '../../parts/Dialog';
import { dateInput } from '../../parts/dates';
import { AreaField, ChoiceField, TextField } from '../../parts/Fields';
import { UserField } from '../../parts/people';
import { priorityWords } from '../../parts/words';

interface TicketDialogProps {
  ticket: Ticket;
  close: () => void;
  changed: () => void;
}

export function EditTicketDialog({ ticket, close, changed }: TicketDialogProps) {
  const [assignee, setAssignee] = useState(ticket.assignee ?? '');
  const [priority, setPriority] = useState<Priority>(ticket.priority);
  const [labels, setLabels] = useState(ticket.labels.join(' '));
  const run = async () => {
    await api.patch('/tickets/{key}', {
      assignee: assignee.trim() || null, priority, labels: labels.split(/[\s,]+/).filter(Boolean),
    }, { path: { key: ticket.key }, etag: ticket.etag });
    changed();
  };
  return (
    <Dialog title={`Edit ${ticket.key}`} action="Save" run={run} close={close}>
      <UserField label="Assignee" value={assignee} onChange={setAssignee} />
      <ChoiceField
        label="Priority" value={priority} onChange={setPriority}
        options={[...priorities].reverse().map((p): [Priority, string] => [p, priorityWords[p]])}
      />
      <TextField label="Labels" value={labels} onChange={setLabels} help="Separated by blanks" />
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

export function TransitionDialog({ ticket, transition, close, changed }: TransitionDialogProps) {
  const [comment, setComment] = useState('');
  const run = async () => {
    await api.post('/tickets/{key}/transitions', { transition: transition.transition, comment: comment.trim() || undefined },
      { path: { key: ticket.key }, etag: ticket.etag });
    changed();
  };
  return (
    <Dialog title={`${transition.name} ${ticket.key}`} action={transition.name} run={run} close={close}>
      <AreaField label="Comment" value={comment} onChange={setComment} rows={3} maxLength={32000} help="May be left empty" />
    </Dialog>
  );
}
