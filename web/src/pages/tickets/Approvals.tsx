/* Who agreed to a request, and whether that is enough. */
import { Button, Card, CardBody, CardTitle, Label } from '@patternfly/react-core';
import { CheckIcon, TimesIcon } from '@patternfly/react-icons';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { TicketInFull as Ticket } from '../../api/types';
import { Dialog } from '../../parts/Dialog';
import { AreaField } from '../../parts/Fields';
import { aboutField } from '../../parts/States';
import { Time } from '../../parts/Time';
import { count } from '../../parts/words';

function ApprovalDialog({ ticket, approved, close }: { ticket: Ticket; approved: boolean; close: () => void }) {
  const client = useQueryClient();
  const [comment, setComment] = useState('');
  /* What is agreed to is what stood there as the dialog opened. */
  const [etag] = useState(ticket.etag);
  const run = async () => {
    await api.post('/tickets/{key}/approval', { approved, comment: comment.trim() || undefined }, { path: { key: ticket.key }, etag });
    for (const key of ['ticket', 'tickets', 'dashboard']) void client.invalidateQueries({ queryKey: [key] });
  };
  return (
    <Dialog title={`${approved ? 'Approve' : 'Reject'} ${ticket.key}`} action={approved ? 'Approve' : 'Reject'} isDangerous={!approved} run={run} close={close}>
      {(error) => <AreaField label="Comment" value={comment} onChange={setComment} rows={3} maxLength={2000} error={aboutField(error, 'comment')} help={approved ? 'May be left empty' : 'Why not: whoever asked reads it'} />}
    </Dialog>
  );
}

const isRejected = (ticket: Ticket) => ticket.approvals.given.some((g) => !g.approved);
const nApproved = (ticket: Ticket) => ticket.approvals.given.filter((g) => g.approved).length;

/* Then nothing can come of it yet, whatever the next step will be. */
export const waitsForApproval = (ticket: Ticket) => isRejected(ticket) || nApproved(ticket) < ticket.approvals.needed;

export function ApprovalsCard({ ticket }: { ticket: Ticket }) {
  const [asking, setAsking] = useState<boolean | null>(null);
  const a = ticket.approvals;
  if (a.needed === 0 && a.given.length === 0) return null;
  const n = nApproved(ticket);
  return (
    <Card>
      <CardTitle component="h2">Approval</CardTitle>
      <CardBody>
        <p>{isRejected(ticket) ? 'It was rejected.' : n >= a.needed ? `Approved by ${count(n, 'person', 'people')}.` : `${n} of ${count(a.needed, 'approval')} given${a.group ? `; the group ${a.group} approves` : ''}.`}</p>
        {a.given.length > 0 && (
          <ul className="cd-rows" aria-label="Approvals">
            {a.given.map((g) => (
              <li key={g.account}>
                <span className="cd-row-main">
                  <Label isCompact color={g.approved ? 'green' : 'red'} icon={g.approved ? <CheckIcon /> : <TimesIcon />}>{g.approved ? 'Approved' : 'Rejected'}</Label>
                  {' '}{g.account}{g.comment && <span className="cd-said">: {g.comment}</span>}
                </span>
                <span className="cd-row-side cd-quiet"><Time at={g.at} /></span>
              </li>
            ))}
          </ul>
        )}
        {ticket.may.includes('approve') && (
          <div className="cd-actions cd-above">
            <Button variant="primary" onClick={() => setAsking(true)}>Approve</Button>
            <Button variant="secondary" isDanger onClick={() => setAsking(false)}>Reject</Button>
          </div>
        )}
      </CardBody>
      {asking !== null && <ApprovalDialog ticket={ticket} approved={asking} close={() => setAsking(null)} />}
    </Card>
  );
}
