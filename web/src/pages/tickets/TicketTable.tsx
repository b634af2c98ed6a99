/* Tickets as rows. */
import { Label, Skeleton } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import type { Ticket } from '../../api/types';
import { Link } from '../../app/router';
import { PriorityLabel, TicketStatusLabel } from '../../parts/Labels';
import { Time } from '../../parts/Time';
import { ticketTypeWords } from '../../parts/words';

export const isSnoozed = (t: Ticket): boolean => t.snoozed_until !== null && Date.parse(t.snoozed_until) > Date.now();

export function QuietLabel({ ticket }: { ticket: Ticket }) {
  if (ticket.resolved_at) return null;
  if (isSnoozed(ticket))
    return <Label isCompact variant="outline">Snoozed until <Time at={ticket.snoozed_until} show="date" /></Label>;
  return ticket.acknowledged_at ? <Label isCompact variant="outline">Acknowledged</Label> : null;
}

function Row({ t, hidesCertificate }: { t: Ticket; hidesCertificate?: boolean }) {
  return (
    <Tr>
      <Td dataLabel="Key"><Link to={`/tickets/${t.key}`} className="cd-nowrap">{t.key}</Link></Td>
      <Td dataLabel="Summary">
        <span className="cd-two-lines">
          <Link to={`/tickets/${t.key}`} className="cd-break">{t.summary}</Link>
          <span className="cd-quiet">{ticketTypeWords[t.type]}</span>
        </span>
      </Td>
      <Td dataLabel="Status"><span className="cd-labels"><TicketStatusLabel status={t.status} /><QuietLabel ticket={t} /></span></Td>
      <Td dataLabel="Priority"><PriorityLabel priority={t.priority} /></Td>
      {!hidesCertificate && (
        <Td dataLabel="Certificate">
          {t.certificate ? <Link to={`/certificates/${t.certificate.id}`} className="cd-break">{t.certificate.name}</Link> : '–'}
        </Td>
      )}
      <Td dataLabel="Assignee">{t.assignee ?? <span className="cd-quiet">nobody</span>}</Td>
      <Td dataLabel="Updated"><Time at={t.updated_at} show="ago" /></Td>
    </Tr>
  );
}

export function TicketTable({ items, hidesCertificate }: { items: Ticket[] | undefined; hidesCertificate?: boolean }) {
  const n = hidesCertificate ? 6 : 7;
  return (
    <Table variant="compact" aria-label="Tickets" className="cd-table">
      <Thead>
        <Tr>
          <Th>Key</Th><Th className="cd-col-name">Summary</Th><Th>Status</Th><Th>Priority</Th>
          {!hidesCertificate && <Th className="cd-col-certificate">Certificate</Th>}
          <Th modifier="nowrap">Assignee</Th><Th modifier="nowrap">Updated</Th>
        </Tr>
      </Thead>
      <Tbody>
        {!items && Array.from({ length: 6 }, (_, row) => (
          <Tr key={row}>{Array.from({ length: n }, (_, i) => <Td key={i}><Skeleton height="2.5rem" /></Td>)}</Tr>
        ))}
        {items?.map((t) => <Row key={t.key} t={t} hidesCertificate={hidesCertificate} />)}
      </Tbody>
    </Table>
  );
}
